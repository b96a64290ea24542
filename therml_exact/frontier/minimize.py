"""minimize: a certified optimum of rho R + delta D + gamma C, or of S + beta U (nats).

The solver is solve.py along a path (path.py) of one point; the result is optimum.py's.

Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning_rule import LearningRuleProblem
from therml_exact.frontier.optimum import Optimum as Optimum
from therml_exact.frontier.path import check_limits, minimize_path
from therml_exact.frontier.problems import Problem, read_multipliers
from therml_exact.frontier.rule_optimum import RuleOptimum, minimize_rule

if TYPE_CHECKING:
    from therml_exact.frontier.joint.optimum import JointOptimum


@overload
def minimize(problem: Problem, gamma: Any = 0, delta: Any = 0, sigma: Any = 0, beta: Any = 0, rho: Any = 1,
             tol: float = 1e-9, max_cells: int = 2_000_000, time_limit: float = 60.0) -> Optimum: ...  # fmt: skip


@overload
def minimize(problem: LearningRuleProblem, gamma: Any = 0, delta: Any = 0, sigma: Any = 0, beta: Any = 0, rho: Any = 1,
             tol: float = 1e-9, max_cells: int = 2_000_000, time_limit: float = 60.0) -> RuleOptimum: ...  # fmt: skip


@overload
def minimize(problem: JointProblem, gamma: Any = 0, delta: Any = 0, sigma: Any = 0, beta: Any = 0, rho: Any = 1,
             tol: float = 1e-9, max_cells: int = 2_000_000, time_limit: float = 60.0) -> JointOptimum: ...  # fmt: skip


def minimize(
    problem: Problem | LearningRuleProblem | JointProblem,
    gamma: Any = 0,
    delta: Any = 0,
    sigma: Any = 0,
    beta: Any = 0,
    rho: Any = 1,
    tol: float = 1e-9,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
) -> Optimum | RuleOptimum | JointOptimum:
    """The least rho R + delta D + gamma C (+ sigma S: free rules), or S + beta U (beta = inf: U), two-sided."""
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "beta": beta, "rho": rho}
    if isinstance(problem, LearningRuleProblem):
        check_limits(tol, max_cells, time_limit)
        return minimize_rule(problem, read_multipliers(problem, given), tol, max_cells, time_limit)
    if isinstance(problem, JointProblem):
        from therml_exact.frontier.joint.minimize import minimize_free

        check_limits(tol, max_cells, time_limit)
        return minimize_free(problem, read_multipliers(problem, given), tol, max_cells, time_limit)
    (optimum,) = minimize_path(problem, [given], tol, max_cells, time_limit)
    return optimum
