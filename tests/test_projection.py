"""(5) and (6) for any pair of graphs: the mismatch, its projection, and the refusal of joints that do not factorise."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import oracle
import pytest
from depth import examples, seeds
from hypothesis import given, settings
from support import close, random_worlds, rational_rows, same
from test_graph import random_graph, random_network

import therml_exact as tx
from therml_exact import PrimeLog, graph, projection
from therml_exact.network import Network
from therml_exact.testing import joints

F = Fraction
log = PrimeLog.log


def project(slow, g, shape):
    """The moment projection by loops: q*(x) = prod p(x_i|Pa), uniform where the parents' letters never occur."""
    rows, sizes = {v: slow.conditional(v, above) for v, above in g}, dict(zip(slow.names, shape, strict=True))
    q = {}
    for outcome in oracle.letters(*shape):
        at = dict(zip(slow.names, outcome, strict=True))
        value = Fraction(1)
        for v, above in g:
            occurs = not above or tuple(at[u] for u in above) in slow.marginal(above)
            value *= rows[v](at[v], *(at[u] for u in above)) if occurs else Fraction(1, sizes[v])
        q[outcome] = value
    return oracle.Table(slow.names, q)


def pairs(seed):
    rng = np.random.default_rng(seed)
    p, q = random_graph(rng, "ABCD", 0.6), random_graph(rng, "ABCD", 0.3)
    network, _ = random_network(rng, p, top=3, zeros=bool(seed % 3))
    joint = network.joint()
    return joint.marginal(*[joint.axes[k] for k in rng.permutation(4)]), p, q


@pytest.mark.parametrize("seed", seeds(40))
def test_random_pairs_of_graphs(seed):
    joint, p, q = pairs(seed)
    slow = oracle.Table.of(joint.table, joint.axes)
    j, best = tx.mismatch(joint, p, q)
    star = project(slow, q, joint.shape)
    assert best.axes == joint.axes
    assert {k: v for k, v in np.ndenumerate(best.table) if v} == star.p
    assert same(j, oracle.kl(slow, star))
    assert j == tx.kl_divergence(joint, best)
    assert j >= 0
    information = [sum((slow.I(v, above) for v, above in g if above), start=oracle.Logs()) for g in (p, q)]
    assert same(j, information[0] - information[1])
    near, close_by = tx.mismatch(joint.to_float(), p, q)
    assert close(near, oracle.kl(slow, star), 1e-13)
    assert np.allclose(close_by.table, best.table.astype(float), rtol=1e-12, atol=0)
    # the projection lies on graph Q: projecting again changes nothing
    zero, again = tx.mismatch(best, q, q)
    assert zero == 0
    assert again == best


@pytest.mark.parametrize("seed", seeds(20))
def test_no_other_distribution_of_the_graph_is_nearer(seed):
    joint, p, q = pairs(seed)
    j, best = tx.mismatch(joint, p, q)
    rng = np.random.default_rng(seed)
    sizes = dict(zip(joint.axes, joint.shape, strict=True))
    tables = {v: rational_rows(rng, (*(sizes[u] for u in above), sizes[v]), zeros=False) for v, above in q}
    other = Network(q, tables, {}).joint().marginal(*joint.axes)
    # Pythagoras: D(p||q) = D(p||q*) + D(q*-conditionals||q), and so at least J
    assert tx.kl_divergence(joint, other) >= j
    assert tx.kl_divergence(joint, other) == j + tx.kl_divergence(joint, other) - tx.kl_divergence(joint, best)


@settings(derandomize=True, deadline=None, max_examples=examples(50))
@given(joints(("A", "B", "C")))
def test_joints_that_do_not_factorise_are_refused(j):
    slow = oracle.Table.of(j.table, j.axes)
    full = tx.Graph({"A": [], "B": ["A"], "C": ["A", "B"]})
    empty = tx.Graph({"A": [], "B": [], "C": []})
    least, q = tx.mismatch(j, full, empty)
    assert same(least, slow.multi_information())
    for v in "ABC":
        rest = tuple(u for u in "ABC" if u != v)
        fork = tx.Graph({v: [], rest[0]: [v], rest[1]: [v]})
        if slow.independent(*rest, v):
            value, _ = tx.mismatch(j, fork, empty)
            assert value == least
        else:
            with pytest.raises(ValueError, match="does not factorise on graph_p"):
                tx.mismatch(j, fork, empty)
            with pytest.raises(ValueError, match="does not factorise on graph_p"):
                tx.mismatch(j.to_float(), fork, empty)
    assert tx.mismatch(q, empty, empty)[0] == 0


def test_the_refusal_names_a_cell():
    j = tx.Joint([["1/2", 0], [0, "1/2"]], ("X", "Y"))
    with pytest.raises(ValueError, match=r"p\(X=0, Y=0\) is 1/2, but the graph implies 1/4"):
        tx.mismatch(j, tx.Graph({"X": [], "Y": []}), tx.Graph({"Y": ["X"]}))
    f = j.to_float()
    with pytest.raises(ValueError, match=r"p\(X=0, Y=0\) is 0.5"):
        tx.mismatch(f, tx.Graph({"X": [], "Y": []}), tx.Graph({"Y": ["X"]}))


def test_a_joint_off_by_little_is_refused_exactly():
    e = F(1, 10**30)
    j = tx.Joint([[F(1, 4) + e, F(1, 4) - e], [F(1, 4) - e, F(1, 4) + e]], ("X", "Y"))
    with pytest.raises(ValueError, match="does not factorise"):
        tx.mismatch(j, tx.Graph({"X": [], "Y": []}), tx.Graph({"Y": ["X"]}))


@pytest.mark.parametrize("nodes", [{"X": []}, {"X": [], "Y": [], "Z": []}, {"X": ["Z"], "Y": []}])
def test_graphs_over_other_variables(nodes):
    j = tx.Joint([["1/2", 0], [0, "1/2"]], ("X", "Y"))
    full = tx.Graph({"Y": ["X"]})
    with pytest.raises(ValueError, match="graph_p has the nodes"):
        tx.mismatch(j, tx.Graph(nodes), full)
    with pytest.raises(ValueError, match="graph_q has the nodes"):
        tx.mismatch(j, full, tx.Graph(nodes))


@pytest.mark.parametrize("kind", ["P", "bayes", "discriminative"])
@pytest.mark.parametrize("n", [1, 2])
def test_worlds_are_a_pair_of_graphs(kind, n):
    for w in random_worlds(range(60, 63), n, kind, 2):
        j, q = tx.mismatch(w.joint(), w.graph, w.graph_q)
        assert j == w.mismatch() == tx.kl_divergence(w.joint(), q)
        assert same(projection.shared_excess(w), oracle_excess(w))


def oracle_excess(w):
    slow = oracle.World(w.kind, list(w.tables.values()))
    return slow.J(shared=True) - slow.J()


def test_markov_equivalent_graphs_have_the_same_mismatch():
    for seed in range(10):
        joint, p, _ = pairs(seed)
        a, b, c, d = joint.axes
        chains = [
            tx.Graph({a: [], b: [a], c: [b], d: [c]}),
            tx.Graph({d: [], c: [d], b: [c], a: [b]}),
            tx.Graph({b: [], a: [b], c: [b], d: [c]}),
        ]
        values = [tx.mismatch(joint, p, g) for g in chains]
        assert all(one[0] == two[0] and one[1] == two[1] for one, two in combinations(values, 2))


def test_appendix_a_has_the_same_least_divergence():
    # X -> Z -> Y is Markov equivalent to X <- Z -> Y
    for w in random_worlds(range(70, 74), 1, "P", 2):
        j, q = tx.mismatch(w.joint(), w.graph, graph.world_q_predictive(1))
        assert j == w.mismatch()
        assert q == tx.mismatch(w.joint(), w.graph, w.graph_q)[1]


def test_a_value_by_hand():
    j = tx.Joint([["3/8", "1/8"], ["1/8", "3/8"]], ("X", "Y"))
    value, q = tx.mismatch(j, tx.Graph({"Y": ["X"]}), tx.Graph({"X": [], "Y": []}))
    assert value == log(3) * F(3, 4) - log(2)
    assert q.table.tolist() == [[F(1, 4)] * 2] * 2
