"""Corners and straight parts of a plane frontier: where the slope jumps, and where one slope has many points (nats).

A straight part is a chord between two achieved points that lies on a supporting line all along. All of its points are
optimal for one multiplier, and time sharing of the two codes reaches them.
A corner is the point of a deterministic code that is optimal for a whole interval of the multiplier. The ends of the
interval are found by bisection with new optima, to 1e-6 relative. Where an optimum stays open, or after SECONDS, what
is known of the interval is returned: the corner is optimal in all of it, and it may be longer.

Shapes: view[coordinate, functional]; points in the view's coordinates.
Errors: none of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.half_spaces import Support, solve_all
from therml_exact.frontier.curve.sandwich import slope, steps
from therml_exact.frontier.curve.time_sharing import share
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem

Array = np.ndarray[Any, Any]

STRAIGHT = 1e-8  # nats: a chord this close to its supporting line is one with it
LONG = 1e-2  # nats: the least length of a chord that is called straight
HARD = 1 - 1e-9  # p(z|w) of a hard code
SHARED = 9  # points that fill a straight part
BUDGET = Budget(1e-9, 2_000_000, 60.0)  # of an optimum of the bisection
SECONDS = 5.0  # that the corners of a plane may take


@dataclass(frozen=True)
class Segment:
    """A straight part: the points between two optima, all optimal for one multiplier and reached by time sharing.

    multipliers   the multipliers for which they are optimal, no unit
    start, end    the functionals of the two optima by name, nats
    shared        the functionals of SHARED time-shared encoders between them, nats
    """

    multipliers: dict[str, float]
    start: dict[str, float]
    end: dict[str, float]
    shared: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Kink:
    """A corner: one point that is optimal for a whole interval of a multiplier, so that the slope jumps there.

    name        the multiplier: "gamma", "delta" or "beta"
    low, high   the ends of the interval, no unit; high may be infinite
    point       the coordinates of the point in its view, by name, nats
    """

    name: str
    low: float
    high: float
    point: dict[str, float]


def straight_parts(problem: Problem, view: Array, supports: Sequence[Support]) -> tuple[Segment, ...]:
    """The chords of the inner polygon that lie on a supporting line, each with time-shared encoders along it."""
    out = []
    names = problem.functionals
    for facet, gap in steps(view, supports):
        i, j = facet.vertices
        ends = [supports[i], supports[j]]
        length = float(np.abs(view @ (np.array(ends[0].point) - ends[1].point)).max())
        if gap > STRAIGHT or length < LONG:
            continue
        filled = []
        for k in range(1, SHARED + 1):
            weight = k / (SHARED + 1)
            filled.append(share(problem, [1 - weight, weight], [s.optimum for s in ends])[0])
        first, last = (dict(zip(names, s.point, strict=True)) for s in ends)
        out.append(Segment(problem.direction(np.array(facet.normal) @ view), first, last, tuple(filled)))
    return tuple(out)


def kinks(problem: Problem, view: Array, names: tuple[str, ...], supports: Sequence[Support]) -> tuple[Kink, ...]:
    """The corners: points of deterministic codes that stay optimal over an interval of the multiplier."""
    name = "beta" if names[1] == "U" else "delta" if names[1] == "D" else "gamma"
    known = {slope(view, s): s for s in supports}
    deadline = now() + SECONDS

    def at(value: float) -> Support:
        """The half-space at this multiplier, solved if it is not known."""
        if value not in known:
            (optimum,) = solve_all(problem, [problem.direction(np.array([1.0, value]) @ view)], BUDGET.until(deadline))
            known[value] = Support.of(optimum)
        return known[value]

    def end(inside: float, outside: float, point: Array) -> float:
        """The multiplier between `inside` and `outside` where the point stops being optimal, to 1e-6 relative."""
        while abs(outside - inside) > 1e-6 * max(inside, outside):
            middle = 0.5 * (inside + outside) if math.isfinite(outside) else 2 * inside + 1
            if now() > deadline or at(middle).optimum.status == "open":
                return inside
            if _same(view, at(middle), point):
                inside = middle
            else:
                outside = middle
            if middle > 1e9:
                return math.inf
        return inside

    out = []
    done: list[Array] = []
    for s in supports:
        point = view @ s.point
        if not _corner(s.optimum) or any(np.abs(point - p).max() < 1e-6 for p in done):
            continue
        done.append(point)
        slopes = sorted(known)
        same = [g for g in slopes if _same(view, known[g], point)]
        if same == [math.inf]:
            top = max([g for g in slopes if math.isfinite(g)])
            probe = 4 * top + 4
            if not _same(view, at(probe), point):
                continue
            same = [probe, math.inf]
        low, high = same[0], same[-1]
        before = [g for g in slopes if g < low]
        after = [g for g in slopes if g > high]
        low = end(low, before[-1], point) if before else low
        high = end(high, after[0], point) if after and math.isfinite(high) else high
        if high - low > 1e-5 * max(1.0, low):
            out.append(Kink(name, low, high, dict(zip(names, point.tolist(), strict=True))))
    return tuple(out)


def _same(view: Array, s: Support, point: Array) -> bool:
    """Whether this optimum's witness lies at the point, within 1e-6 nats in each coordinate."""
    return bool(np.abs(view @ s.point - point).max() < 1e-6)


def _corner(optimum: Optimum) -> bool:
    """Whether the witness is a deterministic code that stays optimal while the multiplier moves a little.

    At a finite multiplier p(z|w) is positive for every code z of positive weight, unless z's decoder gives something
    that occurs with the letter w the probability 0. So the code stays deterministic exactly where each letter is
    excluded in this way by every code but its own.
    """
    problem = optimum.problem
    table = problem.arranged(np.asarray(problem.witness_table(optimum.witness)).reshape(problem.letters, -1))
    codes = problem.hard_codes(table, HARD)
    return codes is not None and problem.excluded(codes, optimum.multipliers)
