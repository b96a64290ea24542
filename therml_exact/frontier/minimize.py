"""minimize: a certified optimum of rho R + delta D + gamma C, or of S + beta U (nats).

The solver is solve.py along a path (path.py) of one point; the result is optimum.py's. A JointProblem, with rule and
encoder free, is joint_minimize.py's.

Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from therml_exact.frontier.joint_problem import JointProblem
from therml_exact.frontier.optimum import Optimum as Optimum
from therml_exact.frontier.path import minimize_path
from therml_exact.frontier.problems import Problem, read_multipliers

if TYPE_CHECKING:
    from therml_exact.frontier.joint_minimize import JointOptimum


@overload
def minimize(problem: Problem, *multipliers: Any, **options: Any) -> Optimum: ...


@overload
def minimize(problem: JointProblem, *multipliers: Any, **options: Any) -> JointOptimum: ...


def minimize(
    problem: Problem | JointProblem,
    gamma: Any = 0,
    delta: Any = 0,
    sigma: Any = 0,
    beta: Any = 0,
    rho: Any = 1,
    tol: float = 1e-9,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
) -> Optimum | JointOptimum:
    """The least rho R + delta D + gamma C (EncoderProblem) or S + beta U (the others; beta = inf: U), two-sided."""
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "beta": beta, "rho": rho}
    if isinstance(problem, JointProblem):
        from therml_exact.frontier.joint_minimize import minimize_joint

        return minimize_joint(problem, read_multipliers(problem, given), tol, max_cells, time_limit)
    (optimum,) = minimize_path(problem, [given], tol, max_cells, time_limit)
    return optimum
