"""The mismatch between two graphical models: the least divergence from a distribution to a graph (equations 5-7).

    I_G = sum_i I(g_i; Pa_G(g_i)),      J = min_{q on Q} D_KL[p; q] = I_P - I_Q      (nats)

for p that factorises on P. The minimiser is the moment projection q*(x) = prod_i p(x_i | Pa_Q(x_i)) (Friedman et al.
2001; Csiszar & Matus 2003). With tables that the N samples share, the minimum is over q's whose conditionals are those
of the mixture over samples, and J grows by

    sum_i D_KL[p_i(a|b); qbar(a|b)],       qbar the conditional of the mixture (1/N) sum_i p_i(a, b).

Errors: ValueError where p does not factorise on graph P, or the graphs name other variables.
"""

from __future__ import annotations

import numpy as np

from therml_exact.doors import JOINT, check_type
from therml_exact.graph import Graph
from therml_exact.information import Distribution, Information, information_number, plain, zero
from therml_exact.joint import Joint
from therml_exact.network import Network
from therml_exact.numbers.tables import SUM_TOLERANCE, Array
from therml_exact.numbers.weights import Number
from therml_exact.variational import Sampled, conditional, family, optimal_variational, ratio


def graph_information(p: Distribution, graph: Graph) -> Number:
    """I_G in p: the sum of node-parent informations (6)."""
    total = zero(p.is_exact)
    for node, parents in graph:
        if parents:
            total = total + information_number(p, [node], parents)
    return total


def shared_excess(world: Sampled) -> Number:
    """What J grows by when the samples share their q's: nothing where they are identically distributed."""
    total = zero(world.is_exact)
    if world.n == 1:
        return total
    q = optimal_variational(world, shared=True)
    for name in world.projection:
        for i in world.samples:
            table = q.table(name, i)
            assert table is not None  # the optimum has every table of the projection
            total = total + family(world, name, i).divergence_of_rows(*ratio(table))
    return total


def mismatch(joint: Joint, graph_p: Graph, graph_q: Graph) -> tuple[Information, Joint]:
    """The least D_KL[p; q] in nats over the distributions q on graph Q, and the q that attains it (5).

    joint: a Joint p over the nodes of both graphs, which factorises on graph_p. graph_p, graph_q: the two Graphs.
    Returns (J, q*): J = I_P - I_Q, a PrimeLog for an exact joint and else a float, and the moment projection q* as a
    Joint. Raises ValueError where p does not factorise on graph_p, or where a graph has other nodes than the joint.

    >>> j = Joint([["1/2", 0], [0, "1/2"]], ("X", "Y"))
    >>> J, q = mismatch(j, Graph({"Y": ["X"]}), Graph({"X": [], "Y": []}))
    >>> print(J, q.table[0, 0])
    log 2 1/4
    """
    check_type(joint, Joint, "joint", JOINT)
    for role, graph in (("graph_p", graph_p), ("graph_q", graph_q)):
        check_type(graph, Graph, role, "a Graph, such as tx.Graph({'Y': ['X']})")
    for role, graph in (("graph_p", graph_p), ("graph_q", graph_q)):
        if set(graph.nodes) != set(joint.axes):
            raise ValueError(
                f"{role} has the nodes {', '.join(graph.nodes)}; the joint is over {', '.join(joint.axes)}"
            )
    _check_factorises(joint, graph_p)
    # D_KL[p; q*] = sum_i H(g_i | Pa_Q) - H(all), and H(all) is the same sum over P.
    if joint.is_exact:
        least = graph_information(joint, graph_p) - graph_information(joint, graph_q)
    else:
        least = _divergence(joint, projection(joint, graph_q))
    return plain(least), projection(joint, graph_q)


def projection(joint: Joint, graph: Graph) -> Joint:
    """The moment projection q*(x) = prod_i p(x_i | Pa(x_i)) on a graph, over the joint's axes in their order."""
    tables = {node: conditional(joint.weights((*parents, node))) for node, parents in graph}
    network = Network(graph, tables, {})
    return Joint.from_weights(network.weights(joint.axes), joint.axes, joint.labels)


def _divergence(p: Joint, q: Joint) -> Number:
    w, v = p.weights(p.axes), q.weights(p.axes)
    return w.divergence(np.asarray(w.total), v.array, v.total)


def _check_factorises(joint: Joint, graph: Graph) -> None:
    """p(x) prod_i p(Pa_i) = prod_i p(x_i, Pa_i), cell by cell: exactly, or within the tolerance of the rows' sums."""
    implied = projection(joint, graph)
    off = _cells_off(joint, implied)
    if len(off):
        index = tuple(int(k) for k in off[0])
        where = ", ".join(f"{name}={k}" for name, k in zip(joint.axes, index, strict=True))
        raise ValueError(
            f"the joint does not factorise on graph_p: p({where}) is {joint.table[index]}, "
            f"but the graph implies {implied.table[index]}; add the missing arrow or give another graph"
        )


def _cells_off(joint: Joint, implied: Joint) -> Array:
    if joint.is_exact:
        return np.argwhere(joint.table != implied.table)
    return np.argwhere(np.abs(joint.table - implied.table) > SUM_TOLERANCE)
