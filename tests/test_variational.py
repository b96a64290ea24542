"""The q's: optimal ones against conditionals by hand, shapes, kinds, and a direct numerical minimisation of (5)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from support import of_world, random_variational, random_worlds, same

import therml_exact as tx
from therml_exact.testing import variationals, worlds

F = Fraction
KINDS = ("P", "bayes", "discriminative")


def positive_letters(slow, name, i, shared):
    """Conditioning letters that occur."""
    samples = range(1, slow.n + 1) if shared and name != "theta" else (i,)
    return {k[:-1] for s in samples for k in slow.p.marginal(slow.axes(name, s))}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_optimal_tables_are_the_conditionals(kind, n, shared):
    for w in random_worlds(range(4), n, kind, 3 if n == 1 else 2):
        slow, v = of_world(w), tx.optimal_variational(w, shared=shared)
        f = tx.optimal_variational(w.to_float(), shared=shared)
        assert set(v.given()) == set(w.families)
        for name in w.families:
            assert v.per_sample(name) is (name != "theta" and not shared)
            for i in w.samples:
                table, known = v.table(name, i), positive_letters(slow, name, i, shared)
                best = slow.optimal(name, i, shared)
                for index, value in np.ndenumerate(table):
                    expected = best(*index) if index[:-1] in known else F(1, table.shape[-1])
                    assert value == expected
                assert np.allclose(f.table(name, i), table.astype(float), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2])
def test_no_other_table_is_better(kind, n):
    rng = np.random.default_rng(11)
    for w in random_worlds(range(6), n, kind, 2):
        for shared in (False, True):
            best = tx.functionals(w, tx.optimal_variational(w, shared=shared))
            for _ in range(3):
                other = tx.functionals(w, random_variational(rng, w, per_sample=not shared))
                for name in "RCDSVU":
                    a, b = getattr(best, name), getattr(other, name)
                    assert (a is None) == (b is None)
                    assert a is None or a <= b


def rows_of(parameters, shapes):
    """Softmax rows: log-tables of the given shapes."""
    found, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        logits = parameters[at : at + size].reshape(shape)
        top = logits.max(axis=-1, keepdims=True)
        found.append(logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True)))
        at += size
    return found


def least_divergence(w, shared, rng):
    """min over q of sum_outcomes p log p/q, by BFGS over softmax parameters; gradients are p-weighted residuals."""
    slow = of_world(w)
    names = slow.p.names
    outcomes = np.array(list(slow.p.p))
    p = np.array([float(v) for v in slow.p.p.values()])
    sizes = {name.rstrip("123"): size for name, size in w.network.sizes.items()}
    # every factor of world Q: q(phi), q(theta), and for each sample those of its family
    factors = [("Phi", ()), ("Theta", ())]
    for i in w.samples:
        if w.kind == "P":
            factors += [(f"Z{i}", ()), (f"X{i}", (f"Z{i}",)), (f"Y{i}", (f"Z{i}",))]
        elif w.kind == "bayes":
            factors += [(f"X{i}", ("Theta",))]
        else:
            factors += [(f"X{i}", ()), (f"Y{i}", (f"X{i}", "Theta"))]
    tables: dict[str, tuple[int, tuple[int, ...]]] = {}
    shapes, use = [], []
    for what, given_names in factors:
        # X_i of the discriminative world is identically distributed: it may be shared too
        key = what.rstrip("123") if shared else what
        if key not in tables:
            shape = tuple(sizes[v.rstrip("123")] for v in (*given_names, what))
            tables[key] = (len(shapes), shape)
            shapes.append(shape)
        columns = tuple(outcomes[:, names.index(v)] for v in (*given_names, what))
        use.append((tables[key][0], columns))
    weights = []
    for k, shape in enumerate(shapes):
        total = np.zeros(shape)
        for at, columns in use:
            if at == k:
                np.add.at(total, columns, p)
        weights.append(total)
    entropy = float((p * np.log(p)).sum())

    def objective(parameters):
        logs = rows_of(parameters, shapes)
        value = entropy - sum(float((m * q).sum()) for m, q in zip(weights, logs, strict=True))
        slope = [m.sum(axis=-1, keepdims=True) * np.exp(q) - m for m, q in zip(weights, logs, strict=True)]
        return value, np.concatenate([g.reshape(-1) for g in slope])

    start = rng.normal(size=sum(int(np.prod(shape)) for shape in shapes))
    return minimize(
        objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 3000, "ftol": 0, "gtol": 1e-10}
    ).fun


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_equation_5_by_direct_minimisation(kind, n, shared):
    rng = np.random.default_rng(n)
    for w in random_worlds(range(20, 23), n, kind, 2):
        found = least_divergence(w, shared, rng)
        j = float(w.mismatch(shared=shared))
        assert found >= j - 1e-12 * (1 + j)
        assert found <= j + 1e-6


def test_the_shared_excess_by_direct_minimisation():
    w = tx.examples.shared_excess()
    gap = least_divergence(w, True, np.random.default_rng(0)) - least_divergence(w, False, np.random.default_rng(1))
    assert gap == pytest.approx(0.21576, abs=1e-5)


@settings(derandomize=True, deadline=None, max_examples=examples(30))
@given(st.data())
def test_divergence_to_any_table_of_world_q(data):
    # p || q for arbitrary q's is J plus the divergences of the q's (q(phi) and q(theta) being those of p)
    w = data.draw(worlds(n=None))
    v = data.draw(variationals(w, per_sample=data.draw(st.booleans())))
    slow = of_world(w, v)
    total = oracle.Logs()
    names = slow.p.names
    phi = slow.p.conditional("Phi", ())
    rows = {(name, i): slow.row(name, i) for i in w.samples for name in ("z", "x_given_z", "y_given_z")}
    prior = slow.row("theta", 1)
    for outcome, value in slow.p.p.items():
        at = dict(zip(names, outcome, strict=True))
        q = phi(at["Phi"]) * prior(at["Theta"])
        for (name, i), row in rows.items():
            q *= row(*(at[a] for a in slow.axes(name, i)))
        total = total + oracle.Logs.log(value / q, value)
    assert same(w.mismatch(), slow.J())
    assert same(w.mismatch() + tx.PrimeLog(slow.KL_sum().terms), total)


# ---- the object


def test_shared_or_per_sample():
    v = tx.Variational(theta=[1], z=[["1/2", "1/2"], [1, 0]], x_given_z=[[1, 0], [0, 1]])
    assert v.per_sample("z")
    assert not v.per_sample("x_given_z")
    assert v.table("z", 2).tolist() == [1, 0]
    assert v.table("x_given_z", 2).tolist() == [[1, 0], [0, 1]]
    assert v.table("y_given_z", 1) is None
    assert v.is_exact
    assert not tx.Variational(z=[0.5, 0.5], theta=[1]).is_exact
    assert tx.Variational().given() == {}


def test_a_table_given_once_or_for_each_sample_is_the_same():
    w = tx.random_world(3, n=2)
    v = random_variational(np.random.default_rng(1), w)
    twice = tx.Variational(**{k: t if k == "theta" else np.stack([t, t]) for k, t in v.given().items()})
    assert tx.functionals(w, v) == tx.functionals(w, twice)


def test_the_callers_arrays_are_neither_kept_nor_changed():
    for cells in (np.array([0.5, 0.5]), np.array([F(1, 2), F(1, 2)], dtype=object)):
        before = cells.copy()
        v = tx.Variational(z=cells)
        cells[0] = 9
        assert np.array_equal(v.z, before)
        assert not v.z.flags.writeable
        assert cells.flags.writeable
        with pytest.raises(AttributeError):
            v.z = before


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda w: tx.Variational(z=["1/2", "1/3"]), "z sums to"),
        (lambda w: tx.Variational(z=[[["1/2", "1/2"]]]), "z has 3 axes"),
        (lambda w: tx.Variational(theta=[[1], [1]]), "theta has 2 axes"),
        (lambda w: tx.Variational(z=["1/2", "1/2"], theta=[0.5, 0.5]), "holds floats"),
        (lambda w: tx.Variational(x_given_z=[[1, 0], ["1/2", "1/3"]]), r"x_given_z\[1\] sums to"),
        (lambda w: tx.functionals(w, tx.Variational(z=[0.5, 0.5])), "float64 and the world is exact"),
        (lambda w: tx.functionals(w.to_float(), tx.Variational(z=["1/2", "1/2"])), "exact and the world is float64"),
        (lambda w: tx.functionals(w, tx.Variational(z=["1/3", "1/3", "1/3"])), "needs"),
        (lambda w: tx.functionals(w, tx.Variational(x_given_z=[[1, 0]])), r"\[z, x\] needs"),
        (lambda w: tx.functionals(w, tx.Variational(z=[["1/2", "1/2"]])), "N = 2 samples"),
        (lambda w: tx.functionals(w, tx.Variational(x_given_theta=[[1, 0], [1, 0]])), "no meaning in WorldP"),
        (lambda w: tx.check_bounds(w, tx.Variational(y_given_x_theta=[[[1, 0]] * 2] * 2)), "no meaning in WorldP"),
    ],
)
def test_refusals(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt(tx.random_world(0, n=2))


def test_integer_tables_join_a_float_world():
    w = tx.random_world(0, exact=False, sizes=(2, 2, 2, 1, 1))
    assert pytest.approx(0, abs=1e-15) == tx.functionals(w, tx.Variational(theta=[1], z=[1])).S
