"""Where a claimed point lies: impossible, feasible or undecided, and by how much (nats).

The signed distance of a point u is the least t such that u raised by t in each given coordinate is achievable; the
coordinates left out are free. It is enclosed from both sides:

    t <= max over given i of (sum_k mu_k v_k - u)_i          a mixture of achieved points v_k (time sharing of encoders)
    t >= [h(w) - w.u] / |w|_1                                 a supporting half-space, w >= 0 on the given coordinates

with h(w) the least w.v of all achievable v (half_spaces.py). The best mixture mu solves a linear program. The solution
of its dual is a direction w, whose optimum is solved next; this goes on until the two bounds meet. If the lower bound
of t is positive, the point is impossible, by that much. If the upper bound of t is at most 0, the point is feasible.
Time sharing: with probability mu_k use encoder k and tell which in Z; R, D and C (S and U) are the averages.

A witness counts as reaching the point when its coordinates exceed the given ones by at most RESOLUTION nats, which
allows for the rounding of its own functionals.

Errors: ValueError for coordinates that are not finite, foreign to the problem, or all left out.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from therml_exact.clock import now
from therml_exact.doors import PROBLEM, check_type
from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.check_claim import RESOLUTION, TABLES
from therml_exact.frontier.curve.exclusion import missing, rounded_down
from therml_exact.frontier.curve.half_spaces import Support, solve_all
from therml_exact.frontier.curve.time_sharing import share
from therml_exact.frontier.mixture.check import read_multiplier
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.results import result
from therml_exact.verification import finite

Array = np.ndarray[Any, Any]
TOL = 1e-9  # nats: of the optima that are solved


@result
@dataclass(frozen=True, eq=False, repr=False)
class Achieved:
    """A witness of a feasible point.

    point     its functionals by name, nats
    witness   its tables, by name: z_given_x[x, z] of an encoder, or theta_given_type[type, theta] and what goes with it
    """

    point: dict[str, float]
    witness: dict[str, Array]

    def __str__(self) -> str:
        """The point, and which tables achieve it."""
        return f"{answers.amounts(self.point)} (nats), achieved by {', '.join(self.witness)}"


@result
@dataclass(frozen=True, eq=False, repr=False)
class Classification:
    """A verdict on a claimed point of an encoder, Bayes or discriminative problem.

    verdict    "impossible", "feasible", or "undecided" where the time or the steps ended before the bounds decided
    by         nats: an impossible point stays impossible when all given coordinates are raised by less than this; 0 for
               other verdicts
    evidence   impossible: the Optimum whose lower bound excludes the point; feasible: an Achieved witness; else None
    distance   (low, high), nats: encloses the least rise of all given coordinates that makes the point achievable; it
               is negative where all of them could even be lowered
    claimed    the given coordinates by name, nats

    A RuleClassification has the same numbers; its evidence is plain data.
    Source: Alemi and Fischer, TherML (2018), section 3.

    >>> found = Classification("impossible", 0.02, None, (0.02, 0.03), {"R": 0.5, "C": 0.25})
    >>> print(found)
    R = 0.5, C = 0.25 (nats): impossible by at least 0.02 nats
    >>> Classification("feasible", 0.0, None, (-0.2, -0.1), {"R": 0.5}).suboptimal
    (0.1, 0.2)
    """

    verdict: Literal["impossible", "feasible", "undecided"]
    by: float
    evidence: Optimum | Achieved | None
    distance: tuple[float, float]
    claimed: dict[str, float]

    @property
    def suboptimal(self) -> tuple[float, float]:
        """Bounds (low, high), nats, of how far all given coordinates could be lowered at once; (0, 0) if impossible."""
        return max(0.0, -self.distance[1]), max(0.0, -self.distance[0])

    def content(self, problem: Problem) -> dict[str, Any]:
        """The verdict on a point of this problem as plain data, which `verify` checks (check_claim.py)."""
        by, proof, witness = None, None, None
        if isinstance(self.evidence, Achieved):
            tables = self.evidence.witness
            witness = {name: tables[name].tolist() for name in TABLES if name in tables}
        elif self.evidence is not None:
            proof = self.evidence.certificate
            multipliers = {name: read_multiplier(text) for name, text in proof["multipliers"].items()}
            t = missing(multipliers, finite(proof["lower_bound"]), self.claimed)
            by = None if t is None else rounded_down(t)
        return {"units": "nats", "claimed": self.claimed, "verdict": self.verdict, "by": by,
                "problem": problem.describe(), "certificate": proof, "witness": witness}  # fmt: skip

    def __str__(self) -> str:
        """One line: the point, the verdict and by how much."""
        return answers.verdict(self)


def read_claim(problem: Problem, claim: Mapping[str, float | None], names: Sequence[str]) -> dict[str, float]:
    """The coordinates that are not None as floats, nats; ValueError for foreign ones, or where none is given."""
    out = {}
    for name, value in claim.items():
        if value is None:
            continue
        if name not in names:
            raise ValueError(f"{name} is foreign to {type(problem).__name__}; its coordinates are {', '.join(names)}")
        check_type(value, numbers.Real, name, "a number of nats")
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{name} is {value!r}; a coordinate is a finite number of nats")
        out[name] = number
    if not out:
        raise ValueError(f"no coordinate is given; name some of {', '.join(names)}")
    return out


def locate(
    problem: Problem,
    claim: Mapping[str, float | None],
    known: Sequence[Optimum] = (),
    view: Mapping[str, Sequence[float]] | None = None,
    tol: float = 1e-9,
    max_steps: int = 60,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
    refining: int | None = None,
    show: Callable[[str], None] = lambda text: None,
) -> Classification:
    """Classify a point: the known optima are used first, then new ones are solved where they decide most.

    claim        the coordinates by name, nats; None is free
    known        optima of the same problem that are solved already
    view         coordinates that are sums of functionals, name -> weights, no two with a common functional; None: the
                 functionals themselves
    tol          nats: the search stops when `distance` is enclosed this tightly and the verdict is known
    max_steps    how many new optima are solved, at most; 0: none, unless nothing is known
    max_cells    how many cells the search of one optimum may make
    time_limit   seconds of the whole call; what is known then is returned
    refining     how many cells the search of one optimum may make once the verdict is known; None: max_cells. Then
                 the first one that is not closed ends the call, however wide `distance` still is
    show         is called with a text that says how far the work is, whenever an optimum is solved
    """
    check_type(problem, Problem, "problem", PROBLEM)
    budget = Budget.read(tol, max_cells, time_limit)
    names = problem.functionals
    if view is None:
        view = dict(zip(names, np.eye(len(names)).tolist(), strict=True))
    claimed = read_claim(problem, claim, list(view))
    u = np.array(list(claimed.values()))
    rows = np.array([view[name] for name in claimed])
    deadline = budget.deadline
    supports = [Support.of(o) for o in known]
    if max_steps or not supports:  # each coordinate alone first: closed forms, or nearly
        alone = [problem.direction(row) for row in rows]
        if len(rows) == 2:  # data processing: R + C >= H(Y), R + D >= H(X), S + U >= sum H(X_i)
            alone.append(problem.direction(rows.sum(axis=0)))
        for m in alone:
            supports += [Support.of(o) for o in solve_all(problem, [m], budget.within(TOL).until(deadline))]
            show(f"{len(supports)} optima")
    low, proof, high = -math.inf, None, math.inf
    mixture: tuple[Array, list[Support]] = (np.empty(0), [])
    asked: set[tuple[float, ...]] = set()
    step = -1
    while (step := step + 1) <= max_steps:
        for s in supports[-1:] if step else tuple(supports):
            a = _within(rows, np.array(s.weights))
            if a is not None:
                excess = (s.bound - math.fsum(a * u)) / math.fsum(a)
                if excess > low:
                    low, proof = excess, s.optimum
        points = np.array([s.point for s in supports]) @ rows.T
        # A coordinate claimed above all points is met by all: how far above says nothing, and spoils the program.
        mu, direction = _mix(points - np.minimum(u, points.max(axis=0) + 1.0))
        used = [(m, s) for m, s in zip(mu, supports, strict=True) if m > 0]
        reach = max(math.fsum(mu * points[:, i]) - u[i] for i in range(len(u)))
        if reach < high:
            high, mixture = reach, (np.array([m for m, _ in used]), [s for _, s in used])
        direction = np.where(direction < 1e-9, 0.0, direction)
        weights = (direction / direction.sum()) @ rows
        key = tuple(np.round(weights, 12).tolist())
        decided = low > 0 or high <= RESOLUTION
        over = step == max_steps or now() > deadline
        if high - low <= (tol if decided else RESOLUTION) or over or key in asked:
            break
        asked.add(key)
        here = replace(budget, cells=refining) if decided and refining is not None else budget
        (optimum,) = solve_all(problem, [problem.direction(weights)], here.within(TOL).until(deadline))
        supports.append(Support.of(optimum))
        show(f"{len(supports)} optima, distance within [{low:.3g}, {high:.3g}] nats")
        if here is not budget and optimum.status == "open":
            max_steps = step + 1
    if low > 0:
        return Classification("impossible", low, proof, (low, high), claimed)
    if high <= RESOLUTION:
        shared = share(problem, mixture[0], [s.optimum for s in mixture[1]])
        return Classification("feasible", 0.0, Achieved(*shared), (low, min(high, 0.0)), claimed)
    return Classification("undecided", 0.0, None, (low, high), claimed)


def _within(rows: Array, weights: Array) -> Array | None:
    """The direction a with a rows = weights, or None; no two rows share a functional."""
    first = np.argmax(rows > 0, axis=1)
    a = weights[first] / rows[np.arange(len(rows)), first]
    return a if a.any() and (a @ rows == weights).all() else None


def _mix(above: Array) -> tuple[Array, Array]:
    """Minimise max_i (mu.above)_i over mixtures mu: returns mu[point], and the dual direction[coordinate] of sum 1."""
    from scipy.optimize import linprog

    count, dim = above.shape
    single = int(np.argmin(above.max(axis=1)))
    found = linprog(
        np.append(np.zeros(count), 1.0),
        A_ub=np.hstack([above.T, -np.ones((dim, 1))]),
        b_ub=np.zeros(dim),
        A_eq=np.append(np.ones(count), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * count + [(None, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    alone = np.eye(count)[single]
    if found.x is None:
        return alone, np.full(dim, 1 / dim)
    mu = np.where(found.x[:-1] > 1e-12, found.x[:-1], 0.0)
    mu /= mu.sum()
    if (alone @ above).max() <= (mu @ above).max():
        mu = alone
    direction = np.maximum(-found.ineqlin.marginals, 0.0)
    return mu, direction / direction.sum()
