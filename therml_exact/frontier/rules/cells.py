"""Branch and bound over m = (p(z,y), p(z,x), p(z)) for learning rules (nats).

    min over rules of F(rule) = concave function of m, less a linear one, + sigma S

The cells are boxes of m. On a box the concave part has an affine minorant (kernels/rules/cells.py), and

    F >= linear cost + sigma S >= a rate-distortion problem's dual value

for all rules whose m lies in the box. A rule's m need not be kept inside: as boxes shrink the minorant becomes the
tangent of a concave function, which is above it everywhere, so that the bound of a small box is at least the global
minimum less the second-order gap of the minorant. The box with the least bound is halved first, along the coordinate
whose piece has the largest gap. Upper bounds come from the rules that the lower bounds leave behind: rule and q's are
improved in turn, each optimal for the other (24), (26).

A child's minorant need not be above its parent's: outside its box it may lie lower, and the child's bound with it. But
a bound of a box holds for its parts. So a node counts with the largest of its own bound and those above it. The lower
bound returned is the least over the leaves, less a margin for rounding; the certificate's tree ends at the first nodes
whose own bound is as large. That tree is written as a string in preorder: "." is a leaf, "-" is a box that the margins
make empty, and symbol_of(k) (mixture/certificate.py) is a halving of coordinate k of `places`.

No error is raised: a search that runs out says so by its bound.
Source: Alemi and Fischer, TherML (2018), (22), (24); R. Horst and H. Tuy, Global Optimization (1996).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture.certificate import symbol_of
from therml_exact.frontier.rules.problem import LearningRuleProblem

Array = np.ndarray[Any, Any]
MARGIN = 2e-13  # rounding of a cell's bound, relative to 1 + sum of multipliers N log letters


@dataclass
class Node:
    """A box of the tree: what is proved of it alone, and how it is halved.

    bound: the box's own lower bound, in nats, less what rounding may have added; inf where the box is empty.
    lam, q: the multipliers (None where they are given) and the prior q(theta) that prove the bound.
    coordinate, children: the coordinate halved and the places of the halves among the nodes; -1 and none for a leaf.
    """

    bound: float
    lam: Array | None = None
    q: Array | None = None
    coordinate: int = -1
    children: tuple[int, int] = (-1, -1)


@dataclass
class Tree:
    """The boxes of a search.

    nodes    the root first, children after their parents
    reason   what ended the search: "closed" (the bounds are within the tolerance), "cells" (there were max_cells),
             "time", or "rounding" (the box with the least bound is too small to be halved)
    """

    nodes: list[Node] = field(default_factory=list)
    reason: str = "closed"

    @cached_property
    def lower(self) -> float:
        """The least over the leaves of the largest bound on the way to them, nats; inf where every leaf is empty."""
        least = [node.bound for node in self.nodes]
        # Children come after their parents.
        for index in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[index]
            if node.coordinate >= 0:
                least[index] = max(node.bound, min(least[child] for child in node.children))
        return least[0]

    def preorder(self) -> Iterator[tuple[Node, str]]:
        """The certificate's nodes with their symbols, in its order; a branch ends at a bound of `lower` or more."""
        stack = [0]
        while stack:
            node = self.nodes[stack.pop()]
            if node.bound == math.inf:
                yield node, "-"
            elif node.q is not None and node.bound >= self.lower:
                yield node, "."
            else:
                yield node, symbol_of(node.coordinate)
                stack.extend(node.children[::-1])

    def text(self) -> str:
        """The shape of the certificate's tree."""
        return "".join(symbol for _, symbol in self.preorder())

    def leaves(self) -> list[Node]:
        """The certificate's leaves that are not empty, in preorder."""
        return [node for node, symbol in self.preorder() if symbol == "."]


class Arrays:
    """A problem's tables as the kernels take them, and the root box.

    tables          (p[type], places[type, theta, k], noise[type, theta], N, and the numbers of letters of Z, Y, X)
    types, thetas   how many there are; width: how many coordinates m has
    py, px          the margins p(y) and p(x), no unit
    low, high       the root box of m, [k], no unit
    """

    def __init__(self, problem: LearningRuleProblem) -> None:
        x, y, self.thetas, z = problem.shape
        mass, n = problem.mass, problem.counts / problem.n
        self.tables = (mass, problem.places, problem.noise, float(problem.n), z, y, x)
        self.types, self.width = len(mass), problem.places.shape[2]
        self.py, self.px = np.einsum("t,txy->y", mass, n), np.einsum("t,txy->x", mass, n)
        self.low, self.high = (np.einsum("t,tk->k", mass, f(problem.places, axis=1)) for f in (np.min, np.max))

    def margin(self, weight: float) -> float:
        """What rounding may have added to a bound, nats; weight is the sum of the multipliers."""
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


def why(closed: bool, tree: Tree | None) -> str:
    """The `reason` of an optimum: "closed", or what ended the search; "rounding" where that had come to its end."""
    if closed:
        return "closed"
    return "rounding" if tree is None or tree.reason == "closed" else tree.reason


State = tuple[Array | None, Array]  # multipliers (None where they are given) and q(theta)
Bound = Callable[[Array, Array, State, float], tuple[float, int, State]]


def search(
    arrays: Arrays, bound: Bound, state: State, upper: Callable[[], float], tol: float, max_cells: int, deadline: float
) -> Tree:
    """Halve the box with the least bound until that is within tol of `upper()`; returns the tree.

    bound        (low, high, state, parent's bound) -> (the box's bound in nats, coordinate to halve, state); it may
                 tighten the box in place, and find better rules
    state        the multipliers and the prior that the root starts from
    upper        the best value known, nats
    max_cells    how many nodes there are, at most
    deadline     seconds of the monotonic clock
    """
    tree = Tree()
    low, high = arrays.low.copy(), arrays.high.copy()
    value, coordinate, state = bound(low, high, state, -math.inf)
    tree.nodes.append(Node(value, *state))
    heap: list[tuple[float, int, int, Array, Array]] = [(value, 0, coordinate, low, high)]
    while heap and heap[0][0] < upper() - tol:
        if len(tree.nodes) >= max_cells:
            tree.reason = "cells"
            break
        if now() >= deadline:
            tree.reason = "time"
            break
        value, index, coordinate, low, high = heap[0]
        if coordinate < 0:
            tree.reason = "rounding"
            break
        heapq.heappop(heap)
        node = tree.nodes[index]
        node.coordinate, node.children = coordinate, (len(tree.nodes), len(tree.nodes) + 1)
        assert node.q is not None
        middle = 0.5 * (low[coordinate] + high[coordinate])
        inherited_by = []
        for side in (0, 1):
            child_low, child_high = low.copy(), high.copy()
            (child_high, child_low)[side][coordinate] = middle
            inherited = (None if node.lam is None else node.lam.copy(), node.q.copy())
            child, where, state = bound(child_low, child_high, inherited, value)
            tree.nodes.append(Node(child, *state))
            inherited_by.append(child < value)
            if child < math.inf:
                heapq.heappush(heap, (max(child, value), len(tree.nodes) - 1, where, child_low, child_high))
        if not any(inherited_by):
            node.lam = node.q = None  # no leaf below rests on this bound
    return tree


def minimise(
    problem: LearningRuleProblem, weight: Array, tol: float, max_cells: int, deadline: float
) -> tuple[Array, Tree]:
    """A rule[type, theta] of nearly the least weight . (R, C, D, S), and the tree that proves a lower bound of it."""
    from therml_exact.kernels.rules import cells as kernel

    arrays = Arrays(problem)
    best_rule, best = np.zeros((arrays.types, arrays.thetas)), math.inf
    rule, m, point = np.empty_like(best_rule), np.empty(arrays.width), np.empty(4)

    def improve(start: Array, q: Array) -> None:
        """Descend from this rule, and keep the result if it is the best."""
        nonlocal best, best_rule
        value = kernel.descend(*arrays.tables, weight, q, start, m, point, 500)
        if value < best:
            best, best_rule = value, start.copy()

    for start in arrays.starts():
        improve(start, np.full(arrays.thetas, 1 / arrays.thetas))

    margin = arrays.margin(float(weight.sum()))
    enough = max(0.9 * tol, 4 * margin)

    def bound(low: Array, high: Array, state: State, parent: float) -> tuple[float, int, State]:
        """The bound of a box; the rule that it leaves behind is improved where it promises something."""
        q = state[1]
        value, coordinate = kernel.bound_cell(
            low, high, *arrays.tables, arrays.py, arrays.px, weight, best - enough + margin, q, rule, m, point
        )
        if value < math.inf and weight @ point < best - 0.01 * tol:
            improve(rule.copy(), q.copy())
        return value - margin, coordinate, (None, q)

    uniform = np.full(arrays.thetas, 1 / arrays.thetas)
    tree = search(arrays, bound, (None, uniform), lambda: best, enough, max_cells, deadline)
    return best_rule, tree
