"""Worlds: joints, multi-informations and the mismatch against explicit sums over all outcomes."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import oracle
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from support import close, of_world, random_worlds, same

import therml_exact as tx
from therml_exact import PrimeLog
from therml_exact.testing import worlds

F = Fraction
log = PrimeLog.log
KINDS = ("P", "bayes", "discriminative")
CASES = [(kind, n, seed) for kind in KINDS for n, count in ((1, 12), (2, 8), (3, 2)) for seed in range(count)]


def one(kind, n, seed):
    top = 3 if n == 1 else 2
    return random_worlds(range(seed, seed + 1), n, kind, top)[0]


@pytest.mark.parametrize(("kind", "n", "seed"), CASES)
def test_joint_and_mismatch_against_the_oracle(kind, n, seed):
    w = one(kind, n, seed)
    slow = of_world(w)
    assert w.n == n == slow.n
    j = w.joint()
    assert j.axes == w.axes == slow.p.names
    assert {k: v for k, v in np.ndenumerate(j.table) if v} == slow.p.p
    graph_p, graph_q = dict(w.graph), dict(w.graph_q)
    assert same(w.multi_information(), slow.parents(graph_p))
    assert same(w.multi_information(), slow.p.multi_information())
    assert same(w.desired_information(), slow.parents(graph_q))
    assert same(w.mismatch(), slow.J())
    assert same(w.mismatch(shared=True), slow.J(shared=True))
    assert w.mismatch() == w.multi_information() - w.desired_information()
    assert w.mismatch(shared=True) == w.multi_information() - w.desired_information(shared=True)
    assert w.mismatch(shared=True) >= w.mismatch() >= 0


@pytest.mark.parametrize(("kind", "n", "seed"), CASES[::3])
def test_floats_against_the_oracle(kind, n, seed):
    w = one(kind, n, seed)
    slow, f = of_world(w), w.to_float()
    assert not f.is_exact
    assert close(f.multi_information(), slow.p.multi_information(), 1e-13)
    assert close(f.mismatch(), slow.J(), 2e-13)
    assert close(f.mismatch(shared=True), slow.J(shared=True), 3e-13)
    for name, value in np.ndenumerate(f.joint().table):
        assert value == pytest.approx(float(slow.p.p.get(name, 0)), rel=1e-13, abs=0)


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(st.sampled_from(KINDS).flatmap(lambda kind: worlds(n=None, kind=kind)))
def test_drawn_worlds_against_the_oracle(w):
    slow = of_world(w)
    assert same(w.mismatch(), slow.J())
    assert same(w.mismatch(shared=True), slow.J(shared=True))
    assert same(w.multi_information(), slow.p.multi_information())


@pytest.mark.parametrize("kind", KINDS)
def test_marginals_in_any_order(kind):
    w = one(kind, 2, 5)
    slow = of_world(w).p
    for names in itertools.islice(itertools.permutations(w.axes, 3), 0, None, 11):
        m = w.marginal(*names)
        assert m.axes == names
        assert {k: v for k, v in np.ndenumerate(m.table) if v} == slow.marginal(names)


# ---- values known in closed form


def test_the_excess_of_shared_tables():
    w = tx.examples.shared_excess()

    def h(p):
        return -(log(p) * p + log(1 - p) * (1 - p))

    excess = w.mismatch(shared=True) - w.mismatch()
    assert float(excess) == pytest.approx(0.21576, abs=5e-6)
    slow = of_world(w)
    # Z1 = X1: a fair bit. Z2 = X1 and X2: 1 in a quarter of the cases.
    assert slow.p.marginal("Z1")[(1,)] == F(1, 2)
    assert slow.p.marginal("Z2")[(1,)] == F(1, 4)
    of_z = 2 * h(F(3, 8)) - h(F(1, 2)) - h(F(1, 4))
    q = tx.optimal_variational(w, shared=True)
    assert list(q.z) == [F(5, 8), F(3, 8)]
    rates = tx.functionals(w, q).R - tx.functionals(w, tx.optimal_variational(w)).R
    assert rates == of_z
    # q(x|z): Z = 1 means X = 1. Z = 0 has weights 1/2 (X1 = 0) and 3/4 (X2 = 1 in a third of it): 1/4 of 5/4 is X = 1.
    x_one = F(1, 4) / F(5, 4)
    assert q.x_given_z.tolist() == [[1 - x_one, x_one], [0, 1]]
    of_x = F(5, 4) * h(x_one) - F(3, 4) * h(F(1, 3))
    assert excess == of_z + of_x
    assert same(excess, slow.J(shared=True) - slow.J())


def test_the_least_mismatch_of_a_copy():
    # Theta constant, Z = X: J = I(X,Y;Phi)
    w = tx.random_world(3, sizes=(2, 2, 2, 1, 2))
    copy = tx.WorldP(w.phi, w.x_given_phi, w.y_given_x_phi, w.theta_given_data, [[[1, 0]], [[0, 1]]])
    assert copy.mismatch() == tx.mutual_information(copy, ("X1", "Y1"), "Phi")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_identical_letters(n):
    w = tx.examples.identical(n)
    data = [f"{v}{i}" for i in range(1, n + 1) for v in "XY"]
    assert tx.entropy(w, data) == log(2) == tx.mutual_information(w, data, "Phi")
    # I_P: Phi to each X and Y, all of the data to Theta, X to Z; I_Q: Z to X and to Y
    assert w.multi_information() == (3 * n + 1) * log(2)
    assert w.mismatch() == (n + 1) * log(2)


@pytest.mark.parametrize("answer", [True, False])
def test_the_fair_label(answer):
    w = tx.examples.fair_label(answer)
    f = tx.functionals(w, tx.optimal_variational(w))
    assert ((log(2), 0, log(2)) if answer else (0, log(2), 0)) == (f.R, f.C, f.S)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_letter_alphabets(kind, n):
    ones = np.ones
    data = (1,) * (n if kind == "bayes" else 2 * n)
    for dtype in (int, float):
        theta = ones((*data, 1), dtype=dtype)
        w = {
            "P": lambda t=theta: tx.WorldP([1], [[1]], [[[1]]], t, [[[1]]]),
            "bayes": lambda t=theta: tx.BayesWorld([1], [[1]], t),
            "discriminative": lambda t=theta: tx.DiscriminativeWorld([1], [[1]], [[[1]]], t),
        }[kind]()
        assert w.is_exact is (dtype is int)
        assert w.n == n
        assert w.multi_information() == w.desired_information() == w.mismatch() == 0
        assert w.joint().table.reshape(-1).tolist() == [1]


# ---- laws


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(worlds(n=2), st.randoms(use_true_random=False))
def test_relabelling_changes_nothing(w, random):
    def turn(table, axis_order):
        for axis, order in axis_order:
            table = np.take(table, order, axis=axis)
        return table

    order = {
        v: random.sample(range(k), k) for v, k in w.network.sizes.items() if v in ("Phi", "X1", "Y1", "Theta", "Z1")
    }
    f, x, y, t, z = (order[v] for v in ("Phi", "X1", "Y1", "Theta", "Z1"))
    other = tx.WorldP(
        turn(w.phi, [(0, f)]),
        turn(w.x_given_phi, [(0, f), (1, x)]),
        turn(w.y_given_x_phi, [(0, f), (1, x), (2, y)]),
        turn(w.theta_given_data, [(0, x), (1, y), (2, x), (3, y), (4, t)]),
        turn(w.z_given_x_theta, [(0, x), (1, t), (2, z)]),
    )
    swapped = tx.WorldP(*[v if k != "theta_given_data" else v.transpose(2, 3, 0, 1, 4) for k, v in w.tables.items()])
    for same_world in (other, swapped):
        assert same_world.mismatch() == w.mismatch()
        assert same_world.mismatch(shared=True) == w.mismatch(shared=True)
        assert same_world.multi_information() == w.multi_information()


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(worlds(n=2, max_size=2))
def test_a_symmetric_rule_loses_nothing_by_sharing(w):
    rule = (w.theta_given_data + w.theta_given_data.transpose(2, 3, 0, 1, 4)) / 2
    v = tx.WorldP(w.phi, w.x_given_phi, w.y_given_x_phi, rule, w.z_given_x_theta)
    assert v.mismatch(shared=True) == v.mismatch()
    a, b = (tx.functionals(v, tx.optimal_variational(v, shared=s)) for s in (True, False))
    assert (a.R, a.C, a.D, a.S, a.V) == (b.R, b.C, b.D, b.S, b.V)
    assert a.R_i[0] == a.R_i[1]


# ---- kinds of number, immutability


def test_integers_are_neutral():
    half, theta = [0.5, 0.5], [[[1], [1]], [[1], [1]]]
    floats = tx.WorldP([1], [half], [[[1, 0], [0, 1]]], theta, [[[1, 0]], [[0, 1]]])
    assert not floats.is_exact
    assert floats.z_given_x_theta.dtype == np.float64
    exact = tx.WorldP([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], theta, [[[1, 0]], [[0, 1]]])
    assert exact.is_exact
    assert all(type(v) is Fraction for t in exact.tables.values() for v in t.reshape(-1))
    assert exact.to_float() == floats
    assert exact != floats
    with pytest.raises(ValueError, match="holds floats and"):
        tx.WorldP([1], [half], [[["1/2", "1/2"], [0, 1]]], theta, [[[1, 0]], [[0, 1]]])


def test_the_callers_arrays_are_neither_kept_nor_changed():
    for w in (tx.random_world(2, n=2), tx.random_world(2, n=2, exact=False)):
        mine = {name: np.array(table) for name, table in w.tables.items()}
        before = {name: table.copy() for name, table in mine.items()}
        v = type(w)(**mine)
        value = v.mismatch()
        for name, table in mine.items():
            assert table.flags.writeable
            assert np.array_equal(table, before[name])
            table[:] = 5
        assert v == w
        assert v.mismatch() == value == w.mismatch()
        assert type(w)(**v.tables).mismatch() == value
        for table in v.tables.values():
            assert not table.flags.writeable
        with pytest.raises(AttributeError):
            v.phi = before["phi"]


def test_random_worlds_are_reproducible():
    assert tx.random_world(7, n=2) == tx.random_world(np.random.default_rng(7), n=2)
    assert tx.random_world(7) != tx.random_world(8)
    w = tx.random_world(1, n=2, sizes={"x": 3, "theta": 1})
    assert w.network.sizes == {"Phi": 2, "X1": 3, "Y1": 2, "X2": 3, "Y2": 2, "Theta": 1, "Z1": 2, "Z2": 2}


def test_sizes_that_are_no_integers_are_refused():
    with pytest.raises(ValueError, match="sizes"):
        tx.random_world(1, sizes=(2.7, 2, 2, 2, 2))


def test_random_worlds_of_too_many_samples_are_refused():
    with pytest.raises(ValueError, match="smaller N"):
        tx.random_world(1, n=40)


def test_numpy_integers_are_sizes():
    assert tx.encoders.deterministic(np.int64(2), np.int64(2)).shape == (4, 2, 2)


def test_the_binary_symmetric_joint_of_a_short_float():
    j = tx.examples.binary_symmetric(np.float32(0.25))
    assert not j.is_exact
    assert j.table[0, 1] == 0.125


# ---- refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phi": ["1/2", "1/3"]}, "phi sums to"),
        ({"phi": [1]}, r"\|phi\| = 2"),
        ({"x_given_phi": [["1/2", "1/2"]]}, r"\|phi\| = 1"),
        ({"x_given_phi": ["1/2", "1/2"]}, r"it is x_given_phi\[phi, x\]"),
        ({"x_given_phi": [["1/2", "1/2"], ["1/2", "1/4"]]}, r"x_given_phi\[1\] sums to"),
        ({"theta_given_data": [1]}, "N >= 1"),
        ({"theta_given_data": [[1], [1]]}, r"x1, y1"),
        ({"theta_given_data": [[[1], [1], [1]], [[1], [1], [1]]]}, r"\|y\|"),
        ({"z_given_x_theta": [[[1, 0], [0, 1]]]}, r"\|x\| = 1"),
        ({"z_given_x_theta": [[[2, -1], [1, 0]], [[1, 0], [1, 0]]]}, r"z_given_x_theta\[0, 0, 1\] is -1"),
        ({"y_given_x_phi": [[[1, 0], [1]], [[1, 0], [1, 0]]]}, "ragged"),
    ],
)
def test_refusals(change, message):
    tables = {
        "phi": ["1/2", "1/2"],
        "x_given_phi": [["1/2", "1/2"], ["1/4", "3/4"]],
        "y_given_x_phi": [[[1, 0], [0, 1]], [[1, 0], [0, 1]]],
        "theta_given_data": [[[1, 0], [0, 1]], [[1, 0], [0, 1]]],
        "z_given_x_theta": [[[1, 0], [0, 1]], [[1, 0], [0, 1]]],
    }
    tx.WorldP(**tables)
    with pytest.raises(ValueError, match=message):
        tx.WorldP(**{**tables, **change})


def test_a_dense_joint_that_cannot_fit_is_refused():
    n = 8
    rule = np.ones((*(2, 2) * n, 1), dtype=float)
    w = tx.WorldP([1.0], [[0.5, 0.5]], [[[0.5, 0.5]] * 2], rule, [[[0.1] * 10]] * 2)
    with pytest.raises(ValueError, match="GiB"):
        w.joint()
    assert tx.mutual_information(w, "Z1", "X1") == pytest.approx(0, abs=1e-15)


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_data_tables_of_counts(counts):
    cells = np.array(counts).reshape(2, 2, 2)
    if not cells.sum(axis=(1, 2)).all():
        return
    for j in (tx.Joint.from_counts(cells, ("F", "X", "Y")), tx.Joint.from_counts(cells, ("F", "X", "Y")).to_float()):
        phi, x, y = tx.data_tables(j)
        back = phi[:, None, None] * x[..., None] * y
        if j.is_exact:
            assert np.array_equal(back, j.table)
        else:
            assert np.allclose(back, j.table, rtol=1e-14, atol=0)
        w = tx.WorldP.from_joint(j, np.ones((2, 2, 1), dtype=int), [[[1, 0]], [[0, 1]]])
        assert w.is_exact is j.is_exact
        assert np.array_equal(w.marginal("Phi", "X1", "Y1").table, j.table) or not j.is_exact


def test_real_tables_are_worlds():
    j = tx.examples.berkeley()
    w = tx.WorldP.from_joint(j, tx.learners.constant(2, 2, 1), [[[1, 0]], [[0, 1]]])
    slow = oracle.Table.of(j.table, j.axes)
    assert same(tx.mutual_information(w, ("X1", "Y1"), "Phi"), slow.I(("Gender", "Admit"), "Dept"))
    assert w.mismatch() == tx.mutual_information(j, ("Gender", "Admit"), "Dept")
