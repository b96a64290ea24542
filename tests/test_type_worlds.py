"""Worlds by types: equal to the dense worlds where both run, right at large N, refused kindly."""

import itertools
import math
import pickle
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import rational_rows

import therml_exact as tx
from therml_exact import histograms, supersample
from therml_exact.numbers.weights import Weights
from therml_exact.testing import variationals


def by_types(seed, n, sizes=(2, 2, 2, 2, 2), zeros=True):
    """A random exact world by types."""
    rng = np.random.default_rng(seed)
    phi, x, y, theta, z = sizes
    count = math.comb(n + x * y - 1, x * y - 1)
    shapes = [(phi,), (phi, x), (phi, x, y), (count, theta), (theta, x, z)]
    tables = [rational_rows(rng, shape, zeros=zeros) for shape in shapes]
    return tx.WorldP.exchangeable(*tables[:3], n, *tables[3:])


@st.composite
def type_worlds(draw, most=3):
    sizes = tuple(draw(st.integers(1, 3 if k == 3 else 2)) for k in range(5))
    return by_types(draw(st.integers(0, 10**6)), draw(st.integers(1, most)), sizes)


# ---- types


@pytest.mark.parametrize(("n", "k"), [(0, 1), (0, 3), (1, 1), (4, 1), (3, 2), (4, 3), (5, 4)])
def test_types_are_all_and_in_order(n, k):
    counts = tx.types(n, k)
    expected = sorted(t for t in itertools.product(range(n + 1), repeat=k) if sum(t) == n)
    assert [tuple(row) for row in counts.tolist()] == expected
    assert histograms.places(counts).tolist() == list(range(len(expected)))
    ways = [
        sum(1 for d in itertools.product(range(k), repeat=n) if tuple(map(d.count, range(k))) == t) for t in expected
    ]
    assert histograms.ways(counts).tolist() == ways


def test_types_have_the_shape_of_the_letters():
    assert tx.types(3, (2, 3)).shape == (56, 2, 3) and (tx.types(3, (2, 3)).reshape(56, 6) == tx.types(3, 6)).all()
    for n, shape, message in (
        (-1, 2, "n is -1"),
        (2, 0, "shape is 0"),
        (2, (2, -1), "shape is -1"),
        (10**4, 4, "types"),
    ):
        with pytest.raises(ValueError, match=message):
            tx.types(n, shape)


def test_the_law_of_types():
    letters = np.array([[F(1, 3), F(1, 6), F(1, 2), F(0)], [F(1, 4)] * 4], dtype=object)
    counts = tx.types(6, 4)
    top, bottom = histograms.exact_law(letters, counts)
    floats = histograms.float_law(letters, counts)
    assert (top.sum(axis=0) == bottom).all()
    for t, row in enumerate(counts.tolist()):
        for f in range(2):
            true = math.factorial(6) * math.prod(
                p**c / F(math.factorial(c)) for p, c in zip(letters[f], row, strict=True)
            )
            assert F(int(top[t, f]), bottom) == true
            assert abs(F(floats[t, f]) - true) <= true * 10 * F(2) ** -53


# ---- equal to the dense world


@given(type_worlds(), st.data())
@settings(max_examples=12, deadline=None, derandomize=True)
def test_every_quantity_is_that_of_the_dense_world(world, data):
    dense = world.dense()
    for name in ("multi_information", "desired_information", "mismatch"):
        assert getattr(world, name)() == getattr(dense, name)(), name
    assert world.mismatch(shared=True) == dense.mismatch(shared=True) == world.mismatch()
    q = tx.optimal_variational(world)
    assert q == tx.optimal_variational(dense)
    other = data.draw(variationals(dense, per_sample=data.draw(st.booleans())))
    for v in (q, other):
        assert tx.functionals(world, v) == tx.functionals(dense, v)
        mine = [row for row in tx.check_bounds(world, v) if not row.relation.dense]
        theirs = [row for row in tx.check_bounds(dense, v) if not row.relation.dense]
        assert [(r.label, r.lhs, r.rhs, r.verdict) for r in mine] == [
            (r.label, r.lhs, r.rhs, r.verdict) for r in theirs
        ]
    dataset = dense.data
    assert tx.mutual_information(world, "Theta", "T", "Phi") == tx.mutual_information(dense, "Theta", dataset, "Phi")
    assert tx.mutual_information(world, "T", "Phi") == tx.mutual_information(dense, dataset, "Phi")


@given(type_worlds(3))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_floats_hold_within_their_errors(world):
    exact, floats = tx.check_bounds(world), tx.check_bounds(world.to_float())
    for one, other in zip(exact, floats, strict=True):
        assert one.label == other.label
        if one.slack is not None and other.slack is not None:
            assert abs(float(one.slack) - float(other.slack)) <= other.error < 1e-11
        assert other.verdict in (one.verdict, "undecided")


@pytest.mark.parametrize(
    "names", [("X1",), ("X3", "Y1"), ("Z2", "X2"), ("Y2", "Theta", "X2"), ("X3", "X1", "Z3", "Phi")]
)
def test_any_samples_have_their_marginal(names):
    world = by_types(3, 3, (2, 2, 2, 3, 2))
    assert (world.marginal(*names).table == world.dense().marginal(*names).table).all()
    near = world.to_float().marginal(*names).table - world.marginal(*names).table.astype(float)
    assert abs(near).max() < 1e-15


def test_a_world_survives_text_files_and_copies(tmp_path):
    world = by_types(5, 2)
    assert eval(repr(world), {"ExchangeableWorld": tx.ExchangeableWorld}) == world
    assert pickle.loads(pickle.dumps(world)) == world
    world.save(tmp_path / "w.json")
    assert tx.load(tmp_path / "w.json") == world != by_types(6, 2)
    assert world != world.dense() and by_types(5, 2, (2, 2, 1, 2, 2)) != by_types(5, 1, (2, 3, 1, 2, 2))
    assert "3 types" in by_types(5, 2, (2, 2, 1, 2, 2)).summary() and "theta_given_type" in str(world)


def test_what_does_not_fit_is_refused_with_a_remedy():
    process = ([1], [["1/2", "1/2"]], [[[1], [1]]])
    rule, maps = [[1, 0], [0, 1], [1, 0]], [[[1], [1]], [[1], [1]]]
    tx.WorldP.exchangeable(*process, 2, rule, maps)
    for changes, message in (
        ((*process, 3, rule, maps), r"has 3 rows; 3 samples of 2 x 1 letters have 4 types.*tx.types\(3, \(2, 1\)\)"),
        ((*process, 2, rule, [[1], [1]]), r"encoders has shape \(2, 1\)"),
        ((*process, 2, rule, [*maps, maps[0]]), r"\|theta\| = 3"),
        ((*process, 2, [[1, 1]] * 3, maps), r"theta_given_type\[0\] sums to 2"),
        ((*process, 0, rule, maps), "n is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            tx.WorldP.exchangeable(*changes)
    world = tx.WorldP.exchangeable(*process, 2, rule, maps)
    for names, message in ((("T", "X1"), "T is the type of all samples"), (("X9",), "X9")):
        with pytest.raises((ValueError, KeyError), match=message):
            world.marginal(*names)
    with pytest.raises(ValueError, match=r"world.dense\(\)"):
        world.joint()


# ---- large N


def test_many_samples_have_the_informations_that_other_algorithms_find():
    """I(T;Phi) and I(Theta;T) against `predictive_information` and `learned_information`, which sum otherwise."""
    n = 30
    process = ([0.3, 0.7], [[0.5, 0.5], [0.2, 0.8]], [[[0.9, 0.1], [0.4, 0.6]], [[0.3, 0.7], [0.5, 0.5]]])
    counts = tx.types(n, (2, 2))

    def rule(seen):
        share = (seen[:, 0, 1] + seen[:, 1, 0] + 1) / (n + 2)
        return np.stack([share, 1 - share], axis=1)

    world = tx.WorldP.exchangeable(*process, n, rule(counts), [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    told = tx.learned_information(*process, n, rule)
    assert float(tx.mutual_information(world, "T", "Phi")) == pytest.approx(told.I_pred, abs=1e-12)
    assert float(tx.mutual_information(world, "Theta", "T")) == pytest.approx(told.I_theta_data, abs=1e-12)
    assert float(tx.mutual_information(world, "Theta", "Phi")) == pytest.approx(told.I_theta_phi, abs=1e-12)
    report = tx.check_bounds(world)
    assert not report.violated and len(report) > 500


def test_a_hundred_samples_of_binary_letters():
    rng = np.random.default_rng(0)
    shapes = [(2,), (2, 2), (2, 2, 2), (176_851, 4), (4, 2, 2)]
    phi, x, y, rule, maps = (rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]) for shape in shapes)
    world = tx.WorldP.exchangeable(phi, x, y, 100, rule, maps)
    f = tx.functionals(world, tx.optimal_variational(world))
    assert float(f.S) == pytest.approx(float(tx.mutual_information(world, "Theta", "T")), abs=1e-11)
    assert world.mismatch() > 0 and tx.mutual_information(world, "Theta", "Phi") <= f.S
    told = tx.generalization(world, np.array([[[0.0, 1.0], [1.0, 0.0]]] * 2 + [[[1.0, 0.0], [0.0, 1.0]]] * 2))
    assert not told.violated and "supersamples need" in told.skipped[0]


# ---- supersamples


def conditional(weights):
    return weights.conditional_entropy(np.asarray(weights.array.sum(axis=1, keepdims=True)))


@pytest.mark.parametrize(("n", "k", "thetas"), [(1, 2, 2), (2, 2, 2), (3, 2, 3), (1, 4, 2), (2, 3, 2)])
def test_supersamples_by_type_by_table_and_one_by_one(n, k, thetas):
    rng = np.random.default_rng(n + 10 * k)
    phi, letters = rational_rows(rng, (2,)), rational_rows(rng, (2, k))
    rule = rational_rows(rng, (math.comb(n + k - 1, k - 1), thetas))
    law = phi[:, None] * letters
    top = math.lcm(*(value.denominator for value in law.reshape(-1)))
    weights = Weights(np.array([[int(v * top) for v in row] for row in law], dtype=object), top)
    counts = [tuple(row) for row in tx.types(n, k).tolist()]
    dense = np.empty((*(k,) * n, thetas), dtype=object)
    for data in itertools.product(range(k), repeat=n):
        dense[data] = rule[counts.index(tuple(map(data.count, range(k))))]
    slow = tx.PrimeLog()
    for pairs in itertools.product(itertools.product(range(k), repeat=2), repeat=n):
        p = sum(phi[f] * math.prod(letters[f][a] * letters[f][b] for a, b in pairs) for f in range(2))
        coins = itertools.product((0, 1), repeat=n)
        chosen = [dense[tuple(pair[c] for pair, c in zip(pairs, u, strict=True))] for u in coins]
        mean = sum(chosen) / F(2**n)
        slow = slow - sum((tx.PrimeLog.log(m) * (p * m) for m in mean if p * m), tx.PrimeLog())
    assert (
        conditional(supersample.of_tables(weights, dense, n))
        == slow
        == conditional(supersample.of_types(weights, rule, n))
    )
    floats = Weights(law.astype(float), 1.0, 1e-15)
    for found in (
        supersample.of_tables(floats, dense.astype(float), n), supersample.of_types(floats, rule.astype(float), n)
    ):  # fmt: skip
        value = conditional(found)
        assert abs(value.value - float(slow)) <= value.error < 1e-11


# ---- the second law


def test_the_second_law_by_types_is_that_of_the_dense_world():
    world = by_types(1, 2, (2, 2, 2, 2, 2), zeros=False)
    process = (world.phi, world.x_given_phi, world.y_given_x_phi)
    maps = tx.encoders.deterministic(2, 2)[1:3]
    deterministic = tx.WorldP.exchangeable(*process, 2, world.rule, maps)
    q = tx.Variational(theta=["1/3", "2/3"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/3", "2/3"]])
    mine, theirs = (tx.boltzmann(w, q, sigma=1, gamma=2) for w in (deterministic, deterministic.dense()))
    assert mine.is_exact and mine.value == theirs.value
    assert (mine.world.dense().rule == theirs.rule).all()
    one, other = (tx.second_law(e, tx.markov.metropolis, steps=3) for e in (mine, theirs))
    assert one.J == other.J and one.verdict == other.verdict == "falls" and one.divergence == other.divergence
    per_sample = tx.Variational(theta=q.theta, z=q.z, y_given_z=[q.y_given_z, q.y_given_z[::-1]])
    with pytest.raises(ValueError, match="share their q's"):
        tx.boltzmann(deterministic, per_sample, sigma=1, gamma=2)


def test_the_second_law_at_fifty_samples():
    process = ([0.5, 0.5], [[0.5, 0.5]] * 2, [[[0.9, 0.1], [0.2, 0.8]], [[0.2, 0.8], [0.9, 0.1]]])
    maps = tx.encoders.deterministic(2, 2)  # whole numbers, which join floats
    rule = np.full((len(tx.types(50, 4)), 4), 0.25)
    world = tx.WorldP.exchangeable(*process, 50, rule, maps)
    q = tx.Variational(theta=[0.25] * 4, z=[0.5, 0.5], y_given_z=[[0.8, 0.2], [0.2, 0.8]])
    path = tx.second_law(tx.boltzmann(world, q, sigma=20, gamma=2), tx.markov.metropolis, steps=5)
    assert path.verdict == "falls" and path.J[-1] >= path.limit
