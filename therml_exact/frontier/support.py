"""Supporting half-spaces of the set of achievable points, one optimum for each direction (nats).

    h(w) = min over encoders of w.u,        u = (R, D, C) or (S, U),  w >= 0, not 0

w.u >= h(w) holds for every achievable u, and an optimum's witness attains it within its gap. As `minimize` takes its
first multiplier as 1 or 0 (rho = 0, beta = inf), a direction is scaled to that.

A view is a matrix of weights >= 0: coordinates v = view u, each a sum of functionals. The (R, C) plane at a delta is
((1, delta, 0), (0, 0, 1)); the whole of u is the identity. Directions in a view are weights a of v: w = a view.

Errors: those of minimize.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.frontier.optimum import Optimum
from therml_exact.frontier.path import minimize_path
from therml_exact.frontier.problems import EncoderProblem, Problem

Array = np.ndarray[Any, Any]


def functionals(problem: Problem) -> tuple[str, ...]:
    """The names of u, in the order of the multipliers."""
    return ("R", "D", "C") if isinstance(problem, EncoderProblem) else ("S", "U")


def multipliers(problem: Problem, weights: Sequence[float] | Array) -> dict[str, float]:
    """What `minimize` takes for the direction w of u."""
    first = float(weights[0])
    rest = [float(w) / first if first > 0 else float(w) for w in weights[1:]]
    if isinstance(problem, EncoderProblem):
        return {"rho": float(first > 0), "delta": rest[0], "gamma": rest[1]}
    return {"beta": rest[0] if first > 0 else math.inf}


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
        given = optimum.multipliers
        if isinstance(optimum.problem, EncoderProblem):
            weights: tuple[float, ...] = (given["rho"], given["delta"], given["gamma"])
        else:
            weights = (0.0, 1.0) if math.isinf(given["beta"]) else (1.0, given["beta"])
        point = tuple(optimum.point[name] for name in functionals(optimum.problem))
        return Support(weights, optimum.lower_bound, point, optimum)


def solve_all(
    problem: Problem, path: Sequence[dict[str, float]], tol: float, max_cells: int, time_limit: float
) -> list[Optimum]:
    """The optima of a list of multipliers, in their order: one piece of work, the same wherever it is done."""
    return list(minimize_path(problem, path, tol, max_cells, time_limit))
