"""Graph: order, cycles, d-separation against brute-force independence."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import oracle
import pytest
from depth import seeds
from support import rational_rows

import therml_exact as tx
from therml_exact import graph
from therml_exact.network import Network


def random_graph(rng, nodes, density=0.4):
    order = [nodes[k] for k in rng.permutation(len(nodes))]
    return tx.Graph({v: [u for u in order[:k] if rng.random() < density] for k, v in enumerate(order)})


def random_network(rng, g, top=3, zeros=True):
    sizes = {v: int(rng.integers(1, top + 1)) for v in g.nodes}
    tables = {v: rational_rows(rng, (*(sizes[u] for u in above), sizes[v]), zeros=zeros) for v, above in g}
    return Network(g, tables, {}), tables


def triples(nodes):
    for a, b in combinations(nodes, 2):
        rest = [v for v in nodes if v not in (a, b)]
        for size in range(len(rest) + 1):
            for on in combinations(rest, size):
                yield a, b, on


def reachable(g, a, on):
    """The nodes that a trail from a reaches, active given `on`: the Bayes ball, a second algorithm for d-separation."""
    children = {v: [u for u in g.nodes if v in g.parents(u)] for v in g.nodes}
    above = g.ancestors(on)
    found, seen, stack = set(), set(), [(a, "up")]
    while stack:
        v, way = stack.pop()
        if (v, way) in seen:
            continue
        seen.add((v, way))
        if v not in on:
            found.add(v)
        if way == "up" and v not in on:
            stack += [(u, "up") for u in g.parents(v)] + [(u, "down") for u in children[v]]
        elif way == "down":
            stack += [(u, "down") for u in children[v]] if v not in on else []
            stack += [(u, "up") for u in g.parents(v)] if v in above else []
    return found


@pytest.mark.parametrize("seed", seeds(40))
def test_parents_come_first(seed):
    rng = np.random.default_rng(seed)
    g = random_graph(rng, "ABCDEF", 0.5)
    place = {v: k for k, v in enumerate(g.nodes)}
    assert sorted(g.nodes) == list("ABCDEF")
    assert all(place[u] < place[v] for v, above in g for u in above)
    # any order of the dictionary gives the same graph
    items = [(v, list(above)[::-1]) for v, above in g]
    again = tx.Graph(dict(items[::-1]))
    assert again == g
    assert hash(again) == hash(g)
    place = {v: k for k, v in enumerate(again.nodes)}
    assert all(place[u] < place[v] for v, above in again for u in above)


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ({"X": ["X"]}, "cycle"),
        ({"X": ["Y"], "Y": ["X"]}, "cycle"),
        ({"A": ["C"], "B": ["A"], "C": ["B"], "D": []}, "cycle"),
        ({"X": "Phi"}, "give a list"),
        ({"X": ["Y", "Y"]}, "once"),
        ({"X": [3]}, "no name"),
        ({"": []}, "no name"),
    ],
)
def test_refusals(parents, message):
    with pytest.raises(ValueError, match=message):
        tx.Graph(parents)


def test_unknown_nodes():
    g = tx.Graph({"X": ["Phi"]})
    for attempt in (lambda: g.parents("Z"), lambda: g.separated("X", "Z"), lambda: g.ancestors(["Z"])):
        with pytest.raises(KeyError, match="unknown variable 'Z'"):
            attempt()


def test_the_callers_lists_are_copied():
    above = ["Phi"]
    g = tx.Graph({"X": above})
    above.append("Y")
    assert g.parents("X") == ("Phi",)
    assert g.nodes == ("Phi", "X")
    assert str(g) == "Phi; X <- Phi"


def test_separation_of_three_nodes():
    chain = tx.Graph({"B": ["A"], "C": ["B"]})
    fork = tx.Graph({"A": ["B"], "C": ["B"]})
    collider = tx.Graph({"B": ["A", "C"], "D": ["B"]})
    for g in (chain, fork):
        assert not g.separated("A", "C")
        assert g.separated("A", "C", "B")
    assert collider.separated("A", "C")
    assert not collider.separated("A", "C", "B")
    assert not collider.separated("A", "C", "D")
    assert collider.separated("A", "D", ["B", "C"])
    assert not chain.separated("A", "A")
    assert chain.separated("A", "A", "A")
    assert chain.separated([], "A")


@pytest.mark.parametrize("seed", seeds(40))
def test_separation_against_the_bayes_ball(seed):
    rng = np.random.default_rng(seed)
    g = random_graph(rng, "ABCDEF", float(rng.uniform(0.2, 0.7)))
    for a, b, on in triples(g.nodes):
        assert g.separated(a, b, on) is (b not in reachable(g, a, set(on)))
        assert g.separated(a, b, on) is g.separated(b, a, on)


@pytest.mark.parametrize("seed", seeds(12))
def test_separated_means_independent(seed):
    rng = np.random.default_rng(seed)
    g = random_graph(rng, "ABCDE")
    network, _ = random_network(rng, g, top=3 if seed % 2 else 2, zeros=bool(seed % 3))
    joint = network.joint()
    slow = oracle.Table.of(joint.table, joint.axes)
    for a, b, on in triples(g.nodes):
        independent = slow.independent(a, b, on)
        assert (tx.mutual_information(joint, a, b, given=on) == 0) is independent
        if g.separated(a, b, on):
            assert independent


def test_separation_is_complete_on_a_generic_distribution():
    # with positive generic tables only the separated pairs are independent
    rng = np.random.default_rng(8)
    g = tx.Graph({"B": ["A"], "C": ["A"], "D": ["B", "C"], "E": ["D"]})
    tables = {v: rational_rows(rng, (*([2] * len(above)), 2), high=60, zeros=False) for v, above in g}
    joint = Network(g, tables, {}).joint()
    for a, b, on in triples(g.nodes):
        assert g.separated(a, b, on) is (tx.mutual_information(joint, a, b, given=on) == 0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_papers_graphs(n):
    p, q = graph.world_p(n), graph.world_q(n)
    assert p.nodes == (
        "Phi",
        *(f"{v}{i}" for i in range(1, n + 1) for v in "XY"),
        "Theta",
        *(f"Z{i}" for i in range(1, n + 1)),
    )
    assert p.parents("Theta") == tuple(f"{v}{i}" for i in range(1, n + 1) for v in "XY")
    assert set(q.parents("X1")) == {"Z1"} == set(q.parents("Y1"))
    assert p.separated("Z1", "Phi", ["X1", "Y1", "Theta"])
    assert p.separated("Z1", "Y1", ["X1", "Theta"])
    assert not p.separated("Z1", "Phi")
    assert q.separated("X1", "Y1", "Z1")
    assert q.separated(["Phi", "Theta"], ["X1", "Y1", "Z1"])
    if n > 1:
        assert p.separated(["X1", "Y1"], ["X2", "Y2"], "Phi")
        assert not p.separated("X1", "X2", ["Phi", "Theta"])
    assert graph.bayes_q(n).parents("X1") == ("Theta",)
    assert set(graph.discriminative_q(n).parents("Y1")) == {"X1", "Theta"}
    assert graph.world_q_predictive(n).separated("X1", "Y1", "Z1")
