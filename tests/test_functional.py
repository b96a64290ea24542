"""R, C, D, S, V, U against means of logarithms over all outcomes; infinite ones; measures (footnote 8)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import oracle
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from support import close, of_world, random_variational, random_worlds, rational_rows, same

import therml_exact as tx
from therml_exact import PrimeLog
from therml_exact.testing import variationals, worlds

F = Fraction
log = PrimeLog.log
KINDS = ("P", "bayes", "discriminative")
LETTERS = {"P": "RCDV", "bayes": "U", "discriminative": "U"}


def agree(w, v):
    """All functionals of a world and its q's against the oracle."""
    f, slow = tx.functionals(w, v), of_world(w, v)
    assert same(f.S, slow.S())
    for letter in LETTERS[w.kind]:
        each = getattr(f, f"{letter}_i")
        assert len(each) == w.n
        expected = [getattr(slow, letter)(i) for i in w.samples]
        assert all(same(a, b) for a, b in zip(each, expected, strict=True))
        if not any(b.infinite for b in expected):
            assert same(getattr(f, letter), sum(expected, start=oracle.Logs()))
    for letter in set("RCDVU") - set(LETTERS[w.kind]):
        assert getattr(f, letter) is None
        assert getattr(f, f"{letter}_i") is None
    g = tx.functionals(w.to_float(), tx.Variational(**{k: t.astype(float) for k, t in v.given().items()}))
    assert close(g.S, slow.S(), 1e-13)
    for letter in LETTERS[w.kind]:
        for i, value in zip(w.samples, getattr(g, f"{letter}_i"), strict=True):
            assert close(value, getattr(slow, letter)(i), 1e-13)


@pytest.mark.parametrize("how", ["optimal", "shared", "arbitrary", "per sample", "zeros"])
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_against_the_oracle(kind, n, how):
    rng = np.random.default_rng([n, len(how)])
    for w in random_worlds(range(30, 30 + (4 if n < 3 else 1)), n, kind, 3 if n == 1 else 2):
        if how in ("optimal", "shared"):
            v = tx.optimal_variational(w, shared=how == "shared")
        else:
            v = random_variational(rng, w, per_sample=how == "per sample", zeros=how == "zeros")
        agree(w, v)


@settings(derandomize=True, deadline=None, max_examples=examples(30))
@given(st.data())
def test_drawn_worlds_against_the_oracle(data):
    w = data.draw(worlds(n=None, kind=data.draw(st.sampled_from(KINDS))))
    agree(w, data.draw(variationals(w, per_sample=data.draw(st.booleans()))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2])
def test_at_the_optimum_each_is_its_information(kind, n):
    for w in random_worlds(range(40, 46), n, kind, 2):
        f, i = tx.functionals(w, tx.optimal_variational(w)), tx.mutual_information
        data = [name for name in w.axes if name[0] in "XY"]
        assert i(w, "Theta", data) == f.S
        for k in range(n):
            x, y, z = (f"{v}{k + 1}" for v in "XYZ")
            if kind == "P":
                assert f.R_i[k] == i(w, z, [x, "Theta"])
                assert f.C_i[k] == tx.entropy(w, y, given=z)
                assert f.D_i[k] == tx.entropy(w, x, given=z)
                assert f.V_i[k] == i(w, z, "Theta", given=x)
            elif kind == "bayes":
                assert f.U_i[k] == tx.entropy(w, x, given="Theta")
            else:
                assert f.U_i[k] == tx.entropy(w, y, given=[x, "Theta"])


def test_a_table_of_values():
    # X a fair bit, Y = X, Theta = X, Z = X: with q's a quarter and three quarters
    w = tx.WorldP(
        [1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], [[[1, 0], [1, 0]], [[0, 1], [0, 1]]], [[[1, 0]] * 2, [[0, 1]] * 2]
    )
    q = ["1/4", "3/4"]
    f = tx.functionals(
        w, tx.Variational(theta=q, z=q, x_given_z=[q, q], y_given_z=[[1, 0], [0, 1]], z_given_x=[[1, 0], q])
    )
    cross = log(4) - log(3) / 2
    assert f.S == f.R == f.D == cross
    assert f.C == 0
    assert (log(4) - log(3)) / 2 == f.V
    assert f.U is None
    assert f.R_i == (cross,)
    assert str(f) == "R = 0.836988, C = 0, D = 0.836988, S = 0.836988, V = 0.143841 (nats)"


def test_what_is_not_given_is_none():
    w = tx.random_world(1, n=2)
    f = tx.functionals(w, tx.Variational(z=["1/2", "1/2"]))
    assert f.R is not None
    assert (f.C, f.D, f.S, f.V, f.U, f.C_i, f.U_i) == (None,) * 7
    assert tx.functionals(w, tx.Variational()) == tx.Functionals()


# ---- infinite

SURE = tx.WorldP([1], [["1/2", "1/2"]], [[["1/2", "1/2"]] * 2], [[[1], [1]]] * 2, [[["1/2", "1/2"]]] * 2)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("letter", "table"),
    [
        ("R", {"z": [1, 0]}),
        ("C", {"y_given_z": [[1, 0], [1, 0]]}),
        ("D", {"x_given_z": [[0, 1], [1, 0]]}),
        ("V", {"z_given_x": [[1, 0], [0, 1]]}),
    ],
)
def test_infinite_for_each_sample(exact, letter, table):
    w = SURE if exact else SURE.to_float()
    v = tx.Variational(**({k: np.array(t, dtype=object if exact else float) for k, t in table.items()}))
    assert getattr(tx.functionals(w, v), f"{letter}_i") == (math.inf,)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("letter", "table"),
    [
        ("R", {"z": [1, 0]}),
        ("C", {"y_given_z": [[1, 0], [1, 0]]}),
        ("D", {"x_given_z": [[0, 1], [1, 0]]}),
        ("V", {"z_given_x": [[1, 0], [0, 1]]}),
    ],
)
def test_infinite_sums(exact, letter, table):
    w = SURE if exact else SURE.to_float()
    v = tx.Variational(**({k: np.array(t, dtype=object if exact else float) for k, t in table.items()}))
    assert getattr(tx.functionals(w, v), letter) == math.inf


def test_infinite_energies():
    b = tx.BayesWorld([1], [["1/2", "1/2"]], [[1], [1]])
    d = tx.DiscriminativeWorld([1], [["1/2", "1/2"]], [[["1/2", "1/2"]] * 2], [[[1], [1]]] * 2)
    assert math.inf == tx.functionals(b, tx.Variational(x_given_theta=[[1, 0]])).U
    assert math.inf == tx.functionals(d, tx.Variational(y_given_x_theta=[[[1, 0]], [[0, 1]]])).U


def test_infinite_in_the_first_sample_only():
    w = tx.examples.shared_excess()
    f = tx.functionals(w, tx.Variational(z=[[1, 0], ["1/2", "1/2"]]))
    assert f.R_i[0] == math.inf
    assert math.inf == f.R


def test_infinite_in_the_second_sample_only():
    w = tx.examples.shared_excess()  # Z1 takes both letters, and so does Z2
    f = tx.functionals(w, tx.Variational(z=[["1/2", "1/2"], [1, 0]]))
    assert f.R_i[0] == log(2)
    assert f.R_i[1] == math.inf
    assert math.inf == f.R


def test_an_infinite_prior():
    w = tx.WorldP([1], [["1/2", "1/2"]], [[[1], [1]]], [[[1, 0]], [[0, 1]]], [[[1], [1]]] * 2)
    assert math.inf == tx.functionals(w, tx.Variational(theta=[1, 0])).S
    assert math.inf == tx.functionals(w.to_float(), tx.Variational(theta=[1.0, 0.0])).S
    assert log(2) == tx.functionals(w, tx.Variational(theta=["1/2", "1/2"])).S


def test_letters_that_never_occur_cost_nothing():
    w = tx.WorldP([1], [[1, 0]], [[[1, 0], [0, 1]]], [[[1, 0], [1, 0]]] * 2, [[[1, 0], [0, 1]]] * 2)
    v = tx.Variational(
        theta=[1, 0], z=[1, 0], x_given_z=[[1, 0], [0, 1]], y_given_z=[[1, 0], [0, 1]], z_given_x=[[1, 0], [0, 1]]
    )
    f = tx.functionals(w, v)
    assert (f.R, f.C, f.D, f.S, f.V) == (0, 0, 0, 0, 0)
    rows = tx.check_bounds(w, v)
    assert set(rows.counts) <= {"holds", "tight"}


# ---- measures


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("how", ["optimal", "arbitrary", "zeros"])
def test_measures(n, how):
    rng = np.random.default_rng(n)
    for w in random_worlds(range(50, 54), n, "P", 3 if n == 1 else 2):
        v = tx.optimal_variational(w) if how == "optimal" else random_variational(rng, w, zeros=how == "zeros")
        sizes = w.network.sizes
        m = {v: [F(int(c), int(d)) for c, d in rng.integers(1, 9, size=(sizes[f"{v}1"], 2))] for v in "XY"}
        f, plain, slow = tx.functionals(w, v, measure_x=m["X"], measure_y=m["Y"]), tx.functionals(w, v), of_world(w, v)
        for k, i in enumerate(w.samples):
            for letter, name, variable in (("D", "x_given_z", "X"), ("C", "y_given_z", "Y")):
                q = slow.row(name, i)
                expected = slow.p.mean_minus_log(
                    (f"Z{i}", f"{variable}{i}"), lambda z, a, q=q, m=m[variable]: q(z, a) / m[a]
                )
                assert same(getattr(f, f"{letter}_i")[k], expected)
        # the measures do not touch the others, and a constant one shifts by its logarithm
        assert (f.R_i, f.S, f.V_i) == (plain.R_i, plain.S, plain.V_i)
        shifted = tx.functionals(w, v, measure_x=[F(3)] * sizes["X1"])
        assert all(a == b + log(3) if b != math.inf else a == b for a, b in zip(shifted.D_i, plain.D_i, strict=True))
        assert shifted.C_i == plain.C_i


def test_measures_of_a_float_world():
    w = tx.random_world(1, sizes=(2, 3, 2, 2, 2))
    v = tx.optimal_variational(w)
    exact = tx.functionals(w, v, measure_x=[1, 2, 3], measure_y=["1/2", 5])
    near = tx.functionals(
        w.to_float(),
        tx.Variational(**{k: t.astype(float) for k, t in v.given().items()}),
        measure_x=[1.0, 2.0, 3.0],
        measure_y=[0.5, 5.0],
    )
    assert pytest.approx(float(exact.D), rel=1e-13) == near.D
    assert pytest.approx(float(exact.C), rel=1e-13) == near.C


def test_unit_measures_change_nothing():
    w = tx.random_world(1)
    v = tx.optimal_variational(w)
    assert tx.functionals(w, v, measure_x=[1, 1], measure_y=[1, 1]) == tx.functionals(w, v)
    # the measure p(x) itself turns D into minus an information
    x = w.marginal("X1").table
    assert -tx.mutual_information(w, "X1", "Z1") == tx.functionals(w, v, measure_x=x).D


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        ({"measure_x": [1, 0]}, r"measure_x\[1\] is 0"),
        ({"measure_x": [1, -1]}, r"measure_x\[1\] is -1"),
        ({"measure_y": [1]}, "one positive weight for each letter"),
        ({"measure_y": [[1, 1]]}, "one positive weight for each letter"),
        ({"measure_x": [0.5, 0.5]}, "measure_x holds floats"),
        ({"measure_x": ["1/2", 0.5]}, "mixes floats"),
    ],
)
def test_measures_that_are_none(measures, message):
    w = tx.random_world(1)
    with pytest.raises(ValueError, match=message):
        tx.functionals(w, tx.optimal_variational(w), **measures)


def test_kinds_of_numbers_are_not_mixed():
    """Exact q's of a float world, floats of an exact one; integers go with either."""
    w = tx.random_world(1)
    v = tx.optimal_variational(w)
    floats = v.to_float()
    with pytest.raises(ValueError, match=r"variational tables are float64 and the world is exact; use .to_float\(\)"):
        tx.functionals(w, floats)
    with pytest.raises(ValueError, match=r"variational tables are exact and the world is float64; use .to_float\(\)"):
        tx.functionals(w.to_float(), v)
    assert pytest.approx(float(tx.functionals(w, v).R), abs=1e-13) == tx.functionals(w.to_float(), floats).R
    sure = tx.Variational(theta=[1] + [0] * (len(v.theta) - 1))
    assert tx.functionals(w, sure).S == tx.functionals(w.to_float(), sure).S == math.inf
    with pytest.raises(ValueError, match="measure_x holds floats and the world is exact"):
        tx.functionals(w, v, measure_x=[1.0, 2.0])
    with pytest.raises(TypeError, match="the q's are a dict"):
        tx.functionals(w, {"theta": [1]})
    exact = tx.functionals(w.to_float(), floats, measure_x=["1/2", 3]).D
    assert exact == tx.functionals(w.to_float(), floats, measure_x=[0.5, 3.0]).D


def test_errors_of_floats_cover_what_rows_lack_to_one():
    """The q's rows may miss 1 by their tolerance; twice that is added to the error."""
    from therml_exact import functional

    w = tx.random_world(1).to_float()
    v = tx.optimal_variational(w)
    z = np.array(v.z)
    z.reshape(-1)[0] += 2.0**-42
    near = tx.Variational(z=z)
    off = near.deviations["z"]
    assert 2.0**-43 < off < 2.0**-41
    for of in (functional.cross, functional.divergence):
        wide, narrow = of(w, near, "z", 1), of(w, tx.Variational(z=v.z), "z", 1)
        more = off - tx.Variational(z=v.z).deviations["z"]
        assert wide.error - narrow.error == pytest.approx(2 * more, rel=1e-3, abs=0)


def test_measures_belong_to_world_p():
    for w in (tx.BayesWorld([1], [[1]], [[1]]), tx.DiscriminativeWorld([1], [[1]], [[[1]]], [[[1]]])):
        with pytest.raises(ValueError, match="belongs to D and C"):
            tx.functionals(w, tx.optimal_variational(w), measure_x=[1])


# ---- a rate has its floor


@settings(derandomize=True, deadline=None, max_examples=examples(40))
@given(st.data())
def test_functionals_exceed_their_informations_by_the_divergences(data):
    w = data.draw(worlds(n=2))
    v = data.draw(variationals(w, per_sample=data.draw(st.booleans())))
    best, f, slow = tx.functionals(w, tx.optimal_variational(w)), tx.functionals(w, v), of_world(w, v)
    assert same(f.S - best.S, slow.KL("theta"))
    for letter, name in (("R", "z"), ("C", "y_given_z"), ("D", "x_given_z"), ("V", "z_given_x")):
        gain = getattr(f, letter) - getattr(best, letter)
        assert gain >= 0
        assert same(gain, slow.sum(lambda i, name=name: slow.KL(name, i)))


def test_rational_rows_are_rows():
    rows = rational_rows(np.random.default_rng(0), (3, 2, 4))
    assert (rows.sum(axis=-1) == 1).all()
