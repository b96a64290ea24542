"""Is the certificate of an optimum with everything free true? Balls; no solver and no numba is imported (nats).

    value        rho R + delta D + gamma C + sigma S of the witness's tables, bounded from above
    lower bound  the least bound of a leaf of the tree of cells of m (cells.py has the statement)

The domain of m is cut into simplices again (domain.py), the tree is walked and must cover it; at every leaf the mean
of its cuts is evaluated at the vertices, where a concave function is least. The cuts are proved by codes.py's trees.
A Verification never raises: whatever is malformed or false is not valid, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.certificate import digest, read_number
from therml_exact.frontier.joint.check_cuts import Process, prove_cut
from therml_exact.frontier.joint.domain import Point, domain, misplaced
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.joint_verify import functionals_in_balls, objective_of
from therml_exact.frontier.leaves import ball, plogp
from therml_exact.verification import Verification, finite, judge, read, require

FORMAT = "therml-joint-2"


def verify_free(certificate: Any, problem: JointProblem | None = None) -> Verification:
    """Check a certificate (a mapping, or the path of a JSON file), and that it is about `problem` if given."""
    return judge(lambda: (*_verify(read(certificate), problem), "every claim holds"))


def _verify(c: Mapping[str, Any], problem: JointProblem | None) -> tuple[float, float]:
    require(c["format"] == FORMAT, f"the format is not {FORMAT}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(
        problem is None or (isinstance(problem, JointProblem) and problem.describe() == c["problem"]),
        "the certificate is about another problem",
    )
    about = JointProblem.read(c["problem"])
    multipliers = {name: read_number(text) for name, text in c["multipliers"].items()}
    require(set(multipliers) == set(JointProblem.multipliers), "multipliers are missing or foreign")
    require(min(multipliers.values()) >= 0, "a multiplier is negative")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    tables = [np.array([finite(v) for v in c[name]["cells"]]).reshape(c[name]["shape"]) for name in ("rule", "encoder")]
    value = objective_of(functionals_in_balls(about, *tables), multipliers)
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    lower = bound_of_cells(about, multipliers, c["bound"])
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    require(c["status"] in ("certified", "open"), f"the status {c['status']!r} is unknown")
    if c["status"] == "certified":
        require(arb(claimed) - arb(bound) <= arb(tol), "certified, but the gap exceeds the tolerance")
    return claimed, bound


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
            self.places.append([(a + b) / 2 for a, b in zip(self.places[i], self.places[j], strict=True)])
            self.orders.append(tuple((a + b) / 2 for a, b in zip(self.orders[i], self.orders[j], strict=True)))
        return self._middles[key]

    def heights(self, v: int) -> tuple[arb, arb]:
        """(Phi, Psi) at a vertex."""
        if v not in self.concave:
            m, count = self.places[v], self.nz * self.ny
            told, silent = arb(0), arb(0)
            for z in range(self.nz):
                row = m[z * self.ny : (z + 1) * self.ny]
                own = plogp(sum(row, arb(0)))
                silent += own
                told += self.gamma * (sum((plogp(x) for x in row), arb(0)) - own)
                if len(m) > count:
                    row = m[count + z * self.nx : count + (z + 1) * self.nx]
                    told += self.delta * (sum((plogp(x) for x in row), arb(0)) - plogp(sum(row, arb(0))))
            self.concave[v] = (told + self.rho * silent, told)
        return self.concave[v]


class Bounds:
    """The cuts of a claim, proved when they are first used, and their heights at vertices."""

    def __init__(self, problem: JointProblem, multipliers: Mapping[str, Fraction], cuts: Any) -> None:
        self.process = Process.of(problem, multipliers)
        self.places = Places(problem, multipliers)
        self.cuts = [prove_cut(self.process, cut) for cut in cuts]
        self._heights: dict[tuple[int, int], arb] = {}

    def height(self, k: int, v: int) -> arb:
        """The height of cut k at vertex v: value + N (concave - slope.m)."""
        if (k, v) not in self._heights:
            cut, m = self.cuts[k], self.places.places[v]
            total = self.places.heights(v)[1 if cut.homogeneous else 0]
            for a, b in zip(cut.slope, m, strict=True):
                total = total - a * b
            self._heights[k, v] = cut.value + self.process.n * total
        return self._heights[k, v]

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
        total = sum((w for _, w in weights), arb(0))
        require(bool(total > 0), "the weights of a leaf are 0")
        least = None
        for v in vertices:
            value = sum((w * self.height(k, v) for k, w in weights), arb(0)) / total
            least = value if least is None else least.min(value)
        assert least is not None
        return least


def bound_of_cells(problem: JointProblem, multipliers: Mapping[str, Fraction], claim: Mapping[str, Any]) -> arb:
    """The lower bound that a tree of cells proves."""
    require(claim["kind"] == "cells", f"the bound {claim['kind']!r} is unknown")
    bounds = Bounds(problem, multipliers, claim["cuts"])
    places = bounds.places
    symbols, leaves = iter(claim["tree"]), iter(claim["leaves"])
    size = len(places.domain.simplices[0])
    edges = list(combinations(range(size), 2))
    waiting = list(places.domain.simplices[::-1])
    least = None
    while waiting:
        vertices = waiting.pop()
        symbol = next(symbols, None)
        require(symbol is not None, "the tree ends before its cells cover everything")
        if symbol == "-":
            require(misplaced([places.orders[v] for v in vertices]), "a cell said to be superfluous is not")
        elif symbol == ".":
            parts = next(leaves, None)
            require(isinstance(parts, list), "a leaf has no cuts")
            value = bounds.leaf(vertices, parts)
            least = value if least is None else least.min(value)
        else:
            k = ord(str(symbol)) - 48
            require(0 <= k < len(edges), f"the tree has an unknown symbol {symbol!r}")
            i, j = edges[k]
            middle = places.middle(vertices[i], vertices[j])
            waiting.append((*vertices[:i], middle, *vertices[i + 1 :]))
            waiting.append((*vertices[:j], middle, *vertices[j + 1 :]))
    require(next(symbols, None) is None and next(leaves, None) is None, "the tree goes on after its end")
    require(least is not None, "the tree has no leaf")
    assert least is not None
    return least


def _index(k: Any, count: int) -> int:
    require(type(k) is int and 0 <= k < count, f"there is no cut {k!r}")
    return int(k)
