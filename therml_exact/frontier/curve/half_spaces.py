"""Supporting half-spaces of the set of achievable points, one optimum for each direction (nats).

    h(w) = min over encoders of w.u,        u = (R, D, C) or (S, U),  w >= 0, not 0

w.u >= h(w) holds for every achievable u, and an optimum's witness attains it within its gap. As `minimize` takes its
first multiplier as 1 or 0 (rho = 0, beta = inf), a direction is scaled to that.

A view is a matrix of weights >= 0: coordinates v = view u, each a sum of functionals. The (R, C) plane at a delta is
((1, delta, 0), (0, 0, 1)); the whole of u is the identity. Directions in a view are weights a of v: w = a view.

Errors: those of minimize.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.mixture.path import minimize_path
from therml_exact.frontier.problems.kinds import Problem


@dataclass(frozen=True)
class Support:
    """w.u >= bound for every achievable u; `point` is the u of the optimum's witness."""

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


def solve_all(problem: Problem, path: Sequence[dict[str, float]], budget: Budget) -> list[Optimum]:
    """The optima of a list of multipliers, in their order: one piece of work, the same wherever it is done."""
    return list(minimize_path(problem, path, budget))
