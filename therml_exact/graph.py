"""Graph: a directed acyclic graphical model, p(x_1, ..., x_n) = prod_i p(x_i | Pa(x_i)).

The paper's worlds (Figures 1-4) as graphs, for N samples:
    P:  Phi -> X_i, (Phi, X_i) -> Y_i, (X^N, Y^N) -> Theta, (X_i, Theta) -> Z_i
    Q:  Z_i -> X_i, Z_i -> Y_i, Phi and Theta alone        (Appendix A: X_i -> Z_i -> Y_i, the same distributions)
Errors: ValueError for a cycle or a name that is not text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from therml_exact.doors import check_type
from therml_exact.letters import Names, find_name, name_set

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Graph:
    """A directed acyclic graph of variables, given by the parents of each node. It is immutable.

    parents: a mapping from a node's name to the list of its parents' names. A parent that has no entry is a root.
    `nodes` holds all names, parents before their children. Raises ValueError for a cycle, for a name that is no text,
    and for a parent that is named twice. The worlds of the paper's Figures 1-4 are such graphs.

    >>> print(Graph({"X": ["Phi"], "Y": ["X", "Phi"]}))
    Phi; X <- Phi; Y <- X, Phi
    """

    __slots__ = ("_parents", "nodes")

    nodes: tuple[str, ...]  # parents before children
    _parents: dict[str, tuple[str, ...]]

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        check_type(parents, Mapping, "parents", "the parents of each node by its name, such as {'Y': ['X']}")
        given: dict[str, tuple[str, ...]] = {}
        for node, above in parents.items():
            if isinstance(above, str):
                raise ValueError(f"parents[{node!r}] is the text {above!r}; give a list of names, such as [{above!r}]")
            if not isinstance(above, Sequence):
                raise ValueError(f"parents[{node!r}] is {above!r}; give a list of names")
            given[node] = tuple(above)
            for name in (node, *above):
                if not isinstance(name, str) or not name.strip():
                    raise ValueError(f"parents[{node!r}]: {name!r} is no name; nodes are non-empty texts")
            if len(set(above)) != len(above):
                raise ValueError(f"parents[{node!r}] is {list(above)}; name each parent once")
        sorter = TopologicalSorter(given)
        try:
            order = tuple(sorter.static_order())
        except CycleError as error:
            raise ValueError(f"parents has the cycle {' -> '.join(error.args[1])}; remove one of its arrows") from None
        # Kept in the caller's order where that is already from parents to children.
        names = tuple(dict.fromkeys([*(n for above in given.values() for n in above if n not in given), *given]))
        ordered = names if _respects(names, given) else order
        object.__setattr__(self, "_parents", {name: given.get(name, ()) for name in ordered})
        object.__setattr__(self, "nodes", tuple(ordered))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Graph is immutable: {name} cannot be set")

    def __reduce__(self) -> tuple[object, ...]:
        return Graph, (dict(self._parents),)

    def parents(self, node: str) -> tuple[str, ...]:
        """The parents of a node."""
        find_name(node, self.nodes)
        return self._parents[node]

    def ancestors(self, nodes: Names | Set[str]) -> set[str]:
        """The nodes and everything above them."""
        found: set[str] = set()
        stack = sorted(name_set(nodes))
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack.extend(self.parents(node))
        return found

    def separated(self, a: Names | Set[str], b: Names | Set[str], given: Names | Set[str] = ()) -> bool:
        """d-separation: whether a and b are independent given the names in every distribution on this graph.

        Decided on the moral graph of the ancestors (Lauritzen et al. 1990).
        """
        left, right, on = (name_set(names) for names in (a, b, given))
        relevant = self.ancestors(sorted(left | right | on))
        neighbours: dict[str, set[str]] = {node: set() for node in relevant}
        for node in relevant:
            family = (node, *self._parents[node])
            for k, one in enumerate(family):
                for other in family[:k]:
                    neighbours[one].add(other)
                    neighbours[other].add(one)
        reached, stack = set(left - on), list(left - on)
        while stack:
            for node in neighbours[stack.pop()] - on - reached:
                reached.add(node)
                stack.append(node)
        return not reached & (right - on)

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw the graph with matplotlib: parents above children."""
        from therml_exact.figures.graph import draw_graph

        return draw_graph(self, ax)

    def __iter__(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        return iter(self._parents.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        mine = {node: set(above) for node, above in self._parents.items()}
        return mine == {node: set(above) for node, above in other._parents.items()}

    def __hash__(self) -> int:
        return hash(frozenset((node, frozenset(above)) for node, above in self._parents.items()))

    def __str__(self) -> str:
        return "; ".join(f"{node} <- {', '.join(above)}" if above else node for node, above in self._parents.items())

    def __repr__(self) -> str:
        return f"Graph({ {node: list(above) for node, above in self._parents.items()} })"


def _respects(order: Sequence[str], parents: Mapping[str, Sequence[str]]) -> bool:
    place = {name: k for k, name in enumerate(order)}
    return all(place[above] < place[node] for node, names in parents.items() for above in names)


def _data(n: int, labels: bool = True) -> list[str]:
    return [name for i in range(1, n + 1) for name in ([f"X{i}", f"Y{i}"] if labels else [f"X{i}"])]


def world_p(n: int) -> Graph:
    """World P of Figure 1(a): what training is."""
    return Graph(
        {"Phi": []}
        | {name: above for i in range(1, n + 1) for name, above in ((f"X{i}", ["Phi"]), (f"Y{i}", ["Phi", f"X{i}"]))}
        | {"Theta": _data(n)}
        | {f"Z{i}": [f"X{i}", "Theta"] for i in range(1, n + 1)}
    )


def exchangeable_p(n: int) -> Graph:
    """World P with a permutation-invariant rule: the type T of the samples stands between the data and Theta."""
    return Graph(
        {"Phi": []}
        | {name: above for i in range(1, n + 1) for name, above in ((f"X{i}", ["Phi"]), (f"Y{i}", ["Phi", f"X{i}"]))}
        | {"T": _data(n), "Theta": ["T"]}
        | {f"Z{i}": [f"X{i}", "Theta"] for i in range(1, n + 1)}
    )


def world_q(n: int) -> Graph:
    """World Q of Figure 1(b): a latent Z_i explains X_i and Y_i."""
    return Graph(
        {"Phi": [], "Theta": []}
        | {f"Z{i}": [] for i in range(1, n + 1)}
        | {f"{v}{i}": [f"Z{i}"] for i in range(1, n + 1) for v in "XY"}
    )


def world_q_predictive(n: int) -> Graph:
    """World Q of Figure 2 (Appendix A): X_i -> Z_i -> Y_i."""
    return Graph(
        {"Phi": [], "Theta": []}
        | {f"X{i}": [] for i in range(1, n + 1)}
        | {name: above for i in range(1, n + 1) for name, above in ((f"Z{i}", [f"X{i}"]), (f"Y{i}", [f"Z{i}"]))}
    )


def bayes_p(n: int) -> Graph:
    """Figure 3(a): Phi -> X_i, X^N -> Theta."""
    return Graph({"Phi": []} | {f"X{i}": ["Phi"] for i in range(1, n + 1)} | {"Theta": _data(n, labels=False)})


def bayes_q(n: int) -> Graph:
    """Figure 3(b): Theta -> X_i, Phi alone."""
    return Graph({"Phi": [], "Theta": []} | {f"X{i}": ["Theta"] for i in range(1, n + 1)})


def discriminative_p(n: int) -> Graph:
    """Figure 4(a): Phi -> X_i, (Phi, X_i) -> Y_i, (X^N, Y^N) -> Theta."""
    return Graph(
        {"Phi": []}
        | {name: above for i in range(1, n + 1) for name, above in ((f"X{i}", ["Phi"]), (f"Y{i}", ["Phi", f"X{i}"]))}
        | {"Theta": _data(n)}
    )


def discriminative_q(n: int) -> Graph:
    """Figure 4(b): (X_i, Theta) -> Y_i, Phi and X_i alone."""
    return Graph(
        {"Phi": [], "Theta": []}
        | {f"X{i}": [] for i in range(1, n + 1)}
        | {f"Y{i}": [f"X{i}", "Theta"] for i in range(1, n + 1)}
    )
