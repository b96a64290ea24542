"""Network: marginals by variable elimination against the dense joint and against dictionaries."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle
import pytest
from depth import seeds
from test_graph import random_graph, random_network

import therml_exact as tx
from therml_exact import network as module
from therml_exact.network import Network


def dictionary(g, tables):
    sizes = {v: tables[v].shape[-1] for v in g.nodes}
    p = {}
    for outcome in oracle.letters(*sizes.values()):
        at = dict(zip(g.nodes, outcome, strict=True))
        value = Fraction(1)
        for v, above in g:
            value *= tables[v][(*(at[u] for u in above), at[v])]
        p[outcome] = value
    return oracle.Table(g.nodes, p)


def queries(rng, nodes, count):
    for _ in range(count):
        size = int(rng.integers(1, len(nodes) + 1))
        yield tuple(nodes[k] for k in rng.permutation(len(nodes))[:size])


@pytest.mark.parametrize("dense", [0, 2**15])
@pytest.mark.parametrize("seed", seeds(15))
def test_marginals_exactly(monkeypatch, seed, dense):
    monkeypatch.setattr(module, "_DENSE_CELLS", dense)
    rng = np.random.default_rng(seed)
    g = random_graph(rng, "ABCDEF", 0.35)
    network, tables = random_network(rng, g)
    slow = dictionary(g, tables)
    for names in queries(rng, g.nodes, 8):
        # a fresh network each time: nothing is remembered
        for candidate in (network, Network(g, tables, {})):
            w = candidate.weights(names)
            assert w.exact
            assert w.array.sum() == w.total
            found = {k: Fraction(v, w.total) for k, v in np.ndenumerate(w.array) if v}
            assert found == slow.marginal(names)


@pytest.mark.parametrize("dense", [0, 2**15])
@pytest.mark.parametrize("seed", seeds(15))
def test_marginals_of_floats(monkeypatch, seed, dense):
    monkeypatch.setattr(module, "_DENSE_CELLS", dense)
    rng = np.random.default_rng(seed)
    g = random_graph(rng, "ABCDEF", 0.35)
    _, tables = random_network(rng, g)
    slow = dictionary(g, tables)
    network = Network(g, {v: t.astype(float) for v, t in tables.items()}, {})
    for names in queries(rng, g.nodes, 8):
        w = network.weights(names)
        expected = np.zeros(w.array.shape)
        for k, v in slow.marginal(names).items():
            expected[k] = v
        assert np.all(np.abs(w.array / w.total - expected) <= 2 * (w.rounding + 2.0**-52) * expected)
        assert 0 < w.rounding < 1e-12


@pytest.mark.parametrize("exact", [True, False])
def test_a_long_chain_is_never_dense(exact):
    # 40 variables of 3 letters: 3^40 cells
    nodes = [f"V{k:02d}" for k in range(40)]
    g = tx.Graph({v: nodes[k - 1 : k] if k else [] for k, v in enumerate(nodes)})
    step = np.array([["1/2", "1/4", "1/4"], ["1/3", "1/3", "1/3"], ["0", "1/2", "1/2"]])
    step = np.array([[Fraction(v) for v in row] for row in step], dtype=object)
    first = np.array([Fraction(1), Fraction(0), Fraction(0)], dtype=object)
    tables = {v: step if k else first for k, v in enumerate(nodes)}
    if not exact:
        tables = {v: t.astype(float) for v, t in tables.items()}
    network = Network(g, tables, {})
    row = first
    for _ in range(39):
        row = row @ step
    w = network.weights([nodes[39]])
    if exact:
        assert [Fraction(v, w.total) for v in w.array] == list(row)
    else:
        assert np.allclose(w.array / w.total, row.astype(float), rtol=w.rounding, atol=0)
    far = tx.mutual_information(network, "V00", "V39")
    assert far == 0
    pair = tx.mutual_information(network, "V20", "V22", given="V21")
    assert pair == 0 if exact else 0 <= pair < 1e-15
    with pytest.raises(ValueError, match="dense joint"):
        network.joint()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exact", [True, False])
def test_worlds_by_elimination_equal_dense_ones(monkeypatch, seed, exact):
    n = 1 + seed % 2
    w = tx.random_world(seed, n=n, sizes=(2, 2, 3, 2, 2), exact=exact)
    dense = w.multi_information(), w.desired_information(), w.mismatch(), w.mismatch(shared=True)
    monkeypatch.setattr(module, "_DENSE_CELLS", 0)
    again = tx.WorldP(**w.tables)
    sparse = again.multi_information(), again.desired_information(), again.mismatch(), again.mismatch(shared=True)
    if exact:
        assert dense == sparse
        assert tx.functionals(w, tx.optimal_variational(w)) == tx.functionals(again, tx.optimal_variational(again))
    else:
        assert np.allclose(dense, sparse, rtol=0, atol=1e-13)
    for names in queries(np.random.default_rng(seed), w.axes, 5):
        assert np.allclose(
            w.marginal(*names).table.astype(float), again.marginal(*names).table.astype(float), rtol=1e-13, atol=0
        )


def test_twelve_samples_are_measured():
    # N = 12 with trivial labels: the dense joint would have 2^26 exact cells
    n = 12
    half = Fraction(1, 2)
    theta = np.ones((*(2, 1) * n, 1), dtype=int)
    w = tx.WorldP([half, half], [["1/4", "3/4"], ["3/4", "1/4"]], [[[1], [1]]] * 2, theta, [[[1, 0]], [[0, 1]]])
    small = tx.WorldP(
        [half, half], [["1/4", "3/4"], ["3/4", "1/4"]], [[[1], [1]]] * 2, [[[1]], [[1]]], w.z_given_x_theta
    )
    assert tx.mutual_information(w, "X12", "Phi") == tx.mutual_information(small, "X1", "Phi")
    assert tx.mutual_information(w, "Z3", "Phi") == tx.mutual_information(small, "Z1", "Phi")
    assert tx.mutual_information(w, "X3", "X7", given="Phi") == 0
    assert tx.mutual_information(w, "X3", "X7") > 0


def test_unknown_names():
    g = tx.Graph({"B": ["A"]})
    network, _ = random_network(np.random.default_rng(0), g)
    with pytest.raises(KeyError, match="unknown variable 'C'"):
        network.weights(["C"])
