"""Supporting half-spaces of the set of achievable points, one optimum for each direction (nats).

    h(w) = min over encoders of w.u,        u = (R, D, C) or (S, U),  w >= 0, not 0

w.u >= h(w) holds for every achievable u, and the witness of the optimum attains it within the optimum's gap. The
multiplier of the first functional is 1 or 0 in `minimize` (rho = 0, beta = inf), so a direction w is scaled to that.

A view is a matrix of weights >= 0: coordinates v = view u, each a sum of functionals. For the plane of (R + delta D, C)
it is ((1, delta, 0), (0, 0, 1)); for all of u it is the identity. A direction a of v is the direction w = a view of u.

Errors: those of minimize.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.mixture.path import minimize_path
from therml_exact.frontier.problems.kinds import Problem


@dataclass(frozen=True)
class Support:
    """A supporting half-space: weights.u >= bound for every achievable u.

    weights   the direction w[functional], no unit
    bound     the lower bound of the optimum, nats
    point     the functionals u[functional] of its witness, nats
    optimum   the optimum itself
    """

    weights: tuple[float, ...]
    bound: float
    point: tuple[float, ...]
    optimum: Optimum

    @staticmethod
    def of(optimum: Optimum) -> Support:
        """The half-space of an optimum."""
        weights = optimum.problem.weights(optimum.multipliers)
        point = tuple(optimum.point[name] for name in optimum.problem.functionals)
        return Support(weights, optimum.lower_bound, point, optimum)


def solve_each(
    problem: Problem, path: Sequence[dict[str, float]], budget: Budget, seconds: float = math.inf
) -> Iterator[Optimum]:
    """The optima of a list of multipliers, in their order, as they are found; after `seconds` no more, but the first.

    They are one piece of work, the same wherever it is done, since each starts from the one before.
    """
    end = now() + seconds
    for optimum in minimize_path(problem, path, budget, end):
        yield optimum
        if now() > end:
            return


def solve_all(
    problem: Problem, path: Sequence[dict[str, float]], budget: Budget, seconds: float = math.inf
) -> list[Optimum]:
    """The same as a list."""
    return list(solve_each(problem, path, budget, seconds))


def solve_pieces(
    problem: Problem, pieces: Sequence[Sequence[dict[str, float]]], budget: Budget, seconds: float = math.inf,
    moment: float = math.inf,
) -> tuple[list[list[Optimum]], float]:  # fmt: skip
    """The optima of several lists, as a worker sends them, and the CPU seconds that they took.

    They end after `seconds`, but for the first optimum, and at a moment of the calendar's clock too: a task may wait
    for its worker, so that the seconds alone would begin too late. Lists that are not begun by then are left out.
    """
    begun = time.thread_time()
    end = now() + min(seconds, moment - time.time())
    found: list[list[Optimum]] = []
    for piece in pieces:
        if found and now() > end:
            break
        found.append(solve_all(problem, piece, budget, end - now()))
    return found, time.thread_time() - begun
