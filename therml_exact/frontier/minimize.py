"""minimize: a certified optimum of rho R + delta D + gamma C, or of S + beta U (nats).

The solver is solve.py along a path (path.py) of one point; the result is optimum.py's.

Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

from typing import Any

from therml_exact.frontier.optimum import Optimum as Optimum
from therml_exact.frontier.path import minimize_path
from therml_exact.frontier.problems import Problem


def minimize(
    problem: Problem,
    gamma: Any = 0,
    delta: Any = 0,
    sigma: Any = 0,
    beta: Any = 0,
    rho: Any = 1,
    tol: float = 1e-9,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
) -> Optimum:
    """The least rho R + delta D + gamma C (EncoderProblem) or S + beta U (the others; beta = inf: U), two-sided."""
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "beta": beta, "rho": rho}
    (optimum,) = minimize_path(problem, [given], tol, max_cells, time_limit)
    return optimum
