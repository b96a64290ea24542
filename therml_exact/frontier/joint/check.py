"""Is the certificate of an optimum with everything free true? Balls; no solver and no numba is imported (nats).

    value        rho R + delta D + gamma C + sigma S of the witness's tables, bounded from above
    lower bound  the least bound of a leaf of the tree of cells of m (cells.py has the statement)

The domain of m is cut into simplices again (domain.py), the tree is walked and must cover it; at every leaf the mean
of its cuts is evaluated at the vertices, where a concave function is least. The cuts are proved by codes.py's trees.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.joint.check_cuts import Process, prove_cut
from therml_exact.frontier.joint.domain import Point, domain, misplaced
from therml_exact.frontier.joint.functionals import functionals_in_balls, objective_of
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.check import described
from therml_exact.frontier.problems.tables import check_shape
from therml_exact.numbers.balls import ball, plogp, settled
from therml_exact.numbers.text import read_exact, shown
from therml_exact.verification import Clock, Proven, RefusedError, bracketed, finite, require, told

FORMAT = "therml-joint-2"


FIELDS = {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "rule", "encoder", "bound",
          "sha256"}  # fmt: skip
LARGE = 10**18  # of a multiplier; `minimize` takes 1e12
DEEPEST = 4_000  # halvings above a leaf


def check_free(c: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Every claim of one certificate."""
    require(set(c) == FIELDS, f"the fields are {shown(sorted(c))}; they are {', '.join(sorted(FIELDS))}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(problem is None or described(problem) == c["problem"], "the certificate is about another problem")
    require(c["status"] in ("certified", "open"), f"the status {shown(c['status'])} is unknown")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    bracketed(claimed, bound, c["status"], tol)
    about = JointProblem.read(c["problem"])
    multipliers = {name: read_exact(text) for name, text in c["multipliers"].items()}
    require(set(multipliers) == set(JointProblem.multipliers), "multipliers are missing or foreign")
    require(all(m == 0 or 1 / LARGE <= m <= LARGE for m in multipliers.values()), "a multiplier is out of range")
    rule, encoder = (table(c[name]) for name in ("rule", "encoder"))
    value = settled(lambda: objective_of(functionals_in_balls(about, rule, encoder), multipliers))
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    lower = bound_of_cells(about, multipliers, c["bound"], clock)
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    what = "every claim holds" + ("" if c["status"] == "certified" else "; the certificate itself says 'open'")
    return Proven(claimed, bound, what, told(c["problem"], {"multipliers": c["multipliers"]}))


def table(content: Mapping[str, Any]) -> Any:
    """A table of floats in hexadecimal, which fill its shape."""
    check_shape(content["cells"], content["shape"])
    return np.array([finite(v) for v in content["cells"]]).reshape(content["shape"])


class Places:
    """The vertices of cells: m, Phi and Psi in balls, and what orders the codes, exactly."""

    def __init__(self, problem: JointProblem, multipliers: Mapping[str, Fraction]) -> None:
        pairs = problem.pairs
        self.nz, (self.nx, self.ny) = problem.z_size, problem.shape
        p_x = pairs.sum(axis=1).tolist() if multipliers["delta"] else None
        self.domain = domain(pairs.sum(axis=0).tolist(), p_x, self.nz)
        self.rho, self.gamma, self.delta = (ball(multipliers[name]) for name in ("rho", "gamma", "delta"))
        self.places: list[list[arb]] = [[ball(v) for v in point] for point in self.domain.points]
        self.orders: list[Point] = list(self.domain.orders)
        self.concave: dict[int, tuple[arb, arb]] = {}
        self._middles: dict[tuple[int, int], int] = {}

    def middle(self, i: int, j: int) -> int:
        """The vertex halfway between two."""
        key = (min(i, j), max(i, j))
        if key not in self._middles:
            self._middles[key] = len(self.places)
            self.places.append(settled(_halfway, self.places[i], self.places[j]))
            self.orders.append(tuple((a + b) / 2 for a, b in zip(self.orders[i], self.orders[j], strict=True)))
        return self._middles[key]

    def heights(self, v: int) -> tuple[arb, arb]:
        """(Phi, Psi) at a vertex."""
        if v not in self.concave:
            self.concave[v] = settled(self._heights_at, v)
        return self.concave[v]

    def _heights_at(self, v: int) -> tuple[arb, arb]:
        silent, of_y, of_x = self.entropies(v)
        told = self.gamma * of_y + self.delta * of_x
        return told + self.rho * silent, told

    def entropies(self, v: int) -> tuple[arb, arb, arb]:
        """H(Z), H(Y|Z), H(X|Z) at a vertex; the last is 0 where m has no part p(z,x)."""
        m, count = self.places[v], self.nz * self.ny
        silent, of_y, of_x = arb(0), arb(0), arb(0)
        for z in range(self.nz):
            row = m[z * self.ny : (z + 1) * self.ny]
            own = plogp(sum(row, arb(0)))
            silent += own
            of_y += sum((plogp(x) for x in row), arb(0)) - own
            if len(m) > count:
                row = m[count + z * self.nx : count + (z + 1) * self.nx]
                of_x += sum((plogp(x) for x in row), arb(0)) - plogp(sum(row, arb(0)))
        return silent, of_y, of_x


class Bounds:
    """The cuts of a claim, proved when they are first used, and their heights at vertices."""

    def __init__(self, problem: JointProblem, multipliers: Mapping[str, Fraction], cuts: Any, clock: Clock) -> None:
        self.process = settled(Process.of, problem, multipliers)
        self.places = settled(Places, problem, multipliers)
        self.cuts = []
        for cut in cuts:
            clock.tick()
            self.cuts.append(settled(prove_cut, self.process, cut, clock))
        self._heights: dict[tuple[int, int], arb] = {}

    def height(self, k: int, v: int) -> arb:
        """The height of cut k at vertex v: value + N (concave - slope.m)."""
        if (k, v) not in self._heights:
            self._heights[k, v] = settled(self._height, k, v)
        return self._heights[k, v]

    def _height(self, k: int, v: int) -> arb:
        cut, m = self.cuts[k], self.places.places[v]
        total = self.places.heights(v)[1 if cut.homogeneous else 0]
        for a, b in zip(cut.slope, m, strict=True):
            total = total - a * b
        return cut.value + self.process.n * total

    def leaf(self, vertices: tuple[int, ...], parts: Any) -> arb:
        """The bound of a cell by its mean of cuts."""
        if len(parts) == 1:
            weights = [(_index(parts[0], len(self.cuts)), arb(1))]
        else:
            require(len(parts) % 2 == 0 and len(parts) > 0, "a leaf has no weights")
            weights = [
                (_index(k, len(self.cuts)), arb(finite(w))) for k, w in zip(parts[::2], parts[1::2], strict=True)
            ]
        require(all(w >= 0 for _, w in weights), "a weight is negative")
        require(any(w > 0 for _, w in weights), "the weights of a leaf are 0")
        heights = [[self.height(k, v) for k, _ in weights] for v in vertices]
        return settled(_least_mean, heights, [w for _, w in weights])


def _least_mean(heights: list[list[arb]], weights: list[arb]) -> arb:
    """The least over vertices of the mean height of the cuts."""
    total = sum(weights, arb(0))
    least = arb("inf")
    for row in heights:
        least = least.min(sum((w * h for w, h in zip(weights, row, strict=True)), arb(0)) / total)
    return least


def _halfway(one: list[arb], two: list[arb]) -> list[arb]:
    return [(a + b) / 2 for a, b in zip(one, two, strict=True)]


def bound_of_cells(
    problem: JointProblem, multipliers: Mapping[str, Fraction], claim: Mapping[str, Any], clock: Clock
) -> arb:
    """The lower bound that a tree of cells proves."""
    require(claim["kind"] == "cells", f"the bound {shown(claim['kind'])} is unknown")
    require(set(claim) == {"kind", "cuts", "tree", "leaves"}, "the bound has other fields")
    require(type(claim["tree"]) is str and type(claim["cuts"]) is list, "the tree is no text, or the cuts no list")
    bounds = Bounds(problem, multipliers, claim["cuts"], clock)
    return least_of_leaves(bounds.places, claim["tree"], claim["leaves"], bounds.leaf, clock)


def least_of_leaves(
    places: Places, tree: str, parts_of: Any, leaf: Callable[[tuple[int, ...], Any], arb], clock: Clock
) -> arb:
    """The least bound of a leaf; the tree must cover the domain of m."""
    symbols, leaves = iter(tree), iter(parts_of)
    size = len(places.domain.simplices[0])
    edges = list(combinations(range(size), 2))
    waiting = [(simplex, 0) for simplex in places.domain.simplices[::-1]]
    least = None
    while waiting:
        clock.tick()
        vertices, depth = waiting.pop()
        symbol = next(symbols, None)
        require(symbol is not None, "the tree ends before its cells cover everything")
        if symbol == "-":
            require(misplaced([places.orders[v] for v in vertices]), "a cell said to be superfluous is not")
        elif symbol == ".":
            parts = next(leaves, None)
            require(isinstance(parts, list), "a leaf has no cuts")
            value = leaf(vertices, parts)
            least = value if least is None else settled(least.min, value)
        else:
            k = ord(str(symbol)) - 48
            require(0 <= k < len(edges), f"the tree has an unknown symbol {symbol!r}")
            require(depth < DEEPEST, f"the tree is deeper than {DEEPEST:,} splits")
            i, j = edges[k]
            middle = places.middle(vertices[i], vertices[j])
            waiting.append(((*vertices[:i], middle, *vertices[i + 1 :]), depth + 1))
            waiting.append(((*vertices[:j], middle, *vertices[j + 1 :]), depth + 1))
    require(next(symbols, None) is None and next(leaves, None) is None, "the tree goes on after its end")
    if least is None:
        raise RefusedError("the tree has no leaf")
    return least


def _index(k: Any, count: int) -> int:
    require(type(k) is int and 0 <= k < count, f"there is no cut {k!r}")
    return int(k)
