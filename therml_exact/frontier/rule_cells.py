"""Branch and bound over m = (p(z,y), p(z,x), p(z)) for learning rules (nats).

    min over rules of F(rule) = concave function of m, less a linear one, + sigma S

The cells are boxes of m. On a box the concave part has an affine minorant (kernels/rule_cells.py), and

    F >= linear cost + sigma S >= a rate-distortion problem's dual value

for all rules whose m lies in the box. A rule's m need not be kept inside: as boxes shrink the minorant becomes the
tangent of a concave function, which is above it everywhere, so that the bound of a small box is at least the global
minimum less the second-order gap of the minorant. Best first; the coordinate whose piece has the largest gap is
halved. From above: the rules that the bounds leave behind, improved by rule and q's in turn (24), (26).

The lower bound returned is the least over the leaves, less a margin for rounding; the tree is a string in preorder,
"." a leaf, "-" a box that the margins make empty, chr(48 + k) a halving of coordinate k of `places`.

No error is raised: a search that runs out says so by its bound.
Source: Alemi and Fischer, TherML (2018), (22), (24); R. Horst and H. Tuy, Global Optimization (1996).
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from therml_exact.frontier.learning_rule import LearningRuleProblem

Array = np.ndarray[Any, Any]
MARGIN = 2e-13  # rounding of a cell's bound, relative to 1 + sum of multipliers N log letters


@dataclass
class Node:
    """A box's bound and the multipliers and prior that prove it; the coordinate halved, or -1 and no children."""

    bound: float
    lam: Array | None = None
    q: Array | None = None
    coordinate: int = -1
    children: tuple[int, int] = (-1, -1)


@dataclass
class Tree:
    """The nodes, the root first."""

    nodes: list[Node] = field(default_factory=list)

    def preorder(self) -> Iterator[Node]:
        """The nodes in the order of the certificate."""
        stack = [0]
        while stack:
            node = self.nodes[stack.pop()]
            yield node
            if node.coordinate >= 0:
                stack.extend(node.children[::-1])

    def text(self) -> str:
        """The shape of the tree."""
        return "".join(
            chr(48 + n.coordinate) if n.coordinate >= 0 else ("-" if n.bound == math.inf else ".")
            for n in self.preorder()
        )

    def leaves(self) -> list[Node]:
        """The leaves that are not empty, in preorder."""
        return [n for n in self.preorder() if n.coordinate < 0 and n.bound < math.inf]


class Arrays:
    """A problem's tables as the kernels take them, and the root box."""

    def __init__(self, problem: LearningRuleProblem) -> None:
        x, y, self.thetas, z = problem.shape
        mass, n = problem.mass, problem.counts / problem.n
        self.tables = (mass, problem.places, problem.noise, float(problem.n), z, y, x)
        self.types, self.width = len(mass), problem.places.shape[2]
        self.py, self.px = np.einsum("t,txy->y", mass, n), np.einsum("t,txy->x", mass, n)
        self.low, self.high = (np.einsum("t,tk->k", mass, f(problem.places, axis=1)) for f in (np.min, np.max))

    def margin(self, weight: float) -> float:
        """What rounding may have added to a bound, for multipliers of this sum."""
        _, _, _, n, z, y, x = self.tables
        return MARGIN * (1 + weight * (1 + n * math.log(max(z, y, x, 2))))

    def starts(self) -> Iterator[Array]:
        """Rules to improve: every theta alone, and the minimisers of pseudo-random linear functions."""
        places = self.tables[1]
        for theta in range(min(self.thetas, 32)):
            rule = np.zeros((self.types, self.thetas))
            rule[:, theta] = 1.0
            yield rule
        rng = np.random.default_rng(0)
        for _ in range(24):
            yield np.eye(self.thetas)[(places @ rng.normal(size=self.width)).argmin(axis=1)]


State = tuple[Array | None, Array]  # multipliers (None where they are given) and q(theta)
Bound = Callable[[Array, Array, State, float], tuple[float, int, State]]


def search(
    arrays: Arrays, bound: Bound, state: State, upper: Callable[[], float], tol: float, max_cells: int, deadline: float
) -> Tree:
    """Best first until the least bound is within tol of `upper()`, which may fall as `bound` finds better rules."""
    tree = Tree()
    low, high = arrays.low.copy(), arrays.high.copy()
    value, coordinate, state = bound(low, high, state, -math.inf)
    tree.nodes.append(Node(value, *state))
    heap: list[tuple[float, int, int, Array, Array]] = [(value, 0, coordinate, low, high)]
    while heap and heap[0][0] < upper() - tol and len(tree.nodes) < max_cells and time.monotonic() < deadline:
        value, index, coordinate, low, high = heap[0]
        if coordinate < 0:
            break  # a box without a gap: rounding is all that is left
        heapq.heappop(heap)
        node = tree.nodes[index]
        node.coordinate, node.children = coordinate, (len(tree.nodes), len(tree.nodes) + 1)
        assert node.q is not None
        middle = 0.5 * (low[coordinate] + high[coordinate])
        for side in (0, 1):
            child_low, child_high = low.copy(), high.copy()
            (child_high, child_low)[side][coordinate] = middle
            inherited = (None if node.lam is None else node.lam.copy(), node.q.copy())
            child, where, state = bound(child_low, child_high, inherited, value)
            tree.nodes.append(Node(child, *state))
            if child < math.inf:
                heapq.heappush(heap, (child, len(tree.nodes) - 1, where, child_low, child_high))
        node.lam = node.q = None
    return tree


def minimise(
    problem: LearningRuleProblem, weight: Array, tol: float, max_cells: int, deadline: float
) -> tuple[Array, float, Tree]:
    """A rule, the proven lower bound and its tree for weight . (R, C, D, S)."""
    from therml_exact.kernels import rule_cells as kernel

    arrays = Arrays(problem)
    best_rule, best = np.zeros((arrays.types, arrays.thetas)), math.inf
    rule, m, point = np.empty_like(best_rule), np.empty(arrays.width), np.empty(4)

    def improve(start: Array, q: Array) -> None:
        nonlocal best, best_rule
        value = kernel.descend(*arrays.tables, weight, q, start, m, point, 500)
        if value < best:
            best, best_rule = value, start.copy()

    for start in arrays.starts():
        improve(start, np.full(arrays.thetas, 1 / arrays.thetas))

    def bound(low: Array, high: Array, state: State, parent: float) -> tuple[float, int, State]:
        q = state[1]
        value, coordinate = kernel.bound_cell(
            low, high, *arrays.tables, arrays.py, arrays.px, weight, best - 0.9 * tol, q, rule, m, point
        )
        if value < math.inf and weight @ point < best - 0.01 * tol:
            improve(rule.copy(), q.copy())
        return value, coordinate, (None, q)

    uniform = np.full(arrays.thetas, 1 / arrays.thetas)
    margin = arrays.margin(float(weight.sum()))
    tree = search(arrays, bound, (None, uniform), lambda: best, 0.9 * max(tol - margin, 0.0), max_cells, deadline)
    lower = min((leaf.bound for leaf in tree.leaves()), default=best)
    return best_rule, lower - margin, tree
