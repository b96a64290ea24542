"""Lower bounds of a joint problem with few thetas: the encoder problems of relaxations.py, solved (nats).

At sigma = 0 a tree of them, over deterministic rules, is followed best first. Each bound carries what proves it, as
check_relaxations.py reads it.
Errors: none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.joint.check_relaxations import bound_in_balls
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.joint.relaxations import by_mass, decided_problem, decisions, independent, relaxation
from therml_exact.frontier.joint.shannon_bound import MOST_SAMPLES, shannon_bound
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.mixture.path import minimize_mixture
from therml_exact.numbers.balls import precision, rounded
from therml_exact.verification import BITS, Clock

_MOST_LEAVES = 400


@dataclass(frozen=True, eq=False)
class Bound:
    """A lower bound and what proves it: check_relaxations.py's kinds. `optimum` is that of an encoder problem."""

    kind: str
    lower_bound: float
    content: Mapping[str, Any] = field(repr=False)
    optimum: Optimum | None = field(repr=False, default=None)


def bounds(
    problem: JointProblem, at: Mapping[str, Fraction], tol: float, max_cells: int, time_limit: float
) -> Iterator[Bound]:
    """All lower bounds that apply."""
    yield Bound("zero", 0.0, {"kind": "zero"})
    kinds = ["types"]
    if problem.theta_size == 1:
        kinds = ["constant"]
    elif problem.n > 1 and at["sigma"] and independent(problem):
        kinds.append("samples")
    for kind in kinds:
        yield relaxed(problem, at, kind, tol, max_cells, time_limit)
    if problem.n <= MOST_SAMPLES:
        found = shannon_bound(problem, at, sized=True)
        yield Bound("shannon", found.lower_bound, {"kind": "shannon", "proof": found.proof})


def relaxed(
    problem: JointProblem, at: Mapping[str, Fraction], kind: str, tol: float, max_cells: int, time_limit: float
) -> Bound:
    """The bound by an encoder problem."""
    encoders, multipliers, scale, _ = relaxation(problem, at, kind)
    # The shares of the tolerance: a part of it is left for rounding and for the witness.
    optimum = minimize_mixture(encoders, multipliers, Budget(tol / (2 * float(scale)), max_cells, time_limit))
    content = {"kind": kind, "certificate": optimum.certificate}
    with precision(BITS):
        lower = rounded(bound_in_balls(problem, at, content, Clock(None)), up=False)
    return Bound(kind, lower, content, optimum)


def partitioned(
    problem: JointProblem, at: Mapping[str, Fraction], upper: float, tol: float, max_cells: int, time_limit: float
) -> tuple[Bound, Any]:
    """Best-first branch and bound over deterministic rules, for sigma = 0; with it p(z|x,t) of the best rule met.

    It stops at the first rule that is decided in full, within tol of `upper`, or at a limit, with what is proven then.
    """
    given = {name: at[name] for name in ("rho", "delta", "gamma")}
    deadline = now() + time_limit

    def solved(decided: tuple[int, ...]) -> tuple[float, tuple[int, ...], Optimum]:
        left = max(deadline - now(), 0.1)
        share = tol / (4 * problem.n)
        found = minimize_mixture(decided_problem(problem, decided), given, Budget(share, max_cells, left))
        return found.lower_bound, decided, found

    heap = [solved(())]
    letters = len(problem.types)
    while now() < deadline and len(heap) < _MOST_LEAVES:
        lower, decided, _ = heap[0]
        if len(decided) == letters or problem.n * lower >= upper - tol / 2:
            break
        heappop(heap)
        for child in decisions(problem, decided):
            heappush(heap, solved(child))
    _, decided, best = heap[0]
    blocks = max(decided, default=-1) + 1
    block = np.empty(letters, dtype=int)
    for k, t in enumerate(by_mass(problem)):
        block[t] = decided[k] if k < len(decided) else blocks + k - len(decided)
    leaves = [{"decided": list(decided), "certificate": found.certificate} for _, decided, found in heap]
    content = {"kind": "partitions", "leaves": leaves}
    with precision(BITS):
        lower = rounded(bound_in_balls(problem, at, content, Clock(None)), up=False)
    return Bound("partitions", lower, content), best.encoder[:, block]
