"""minimize: a certified optimum of rho R + delta D + gamma C, or of S + beta U (nats).

The kind of a problem chooses its solver:

    encoder, Bayes, discriminative    a mixture's likelihood: mixture/path.py, a path of one point
    learning rule                     rules/optimum.py
    joint                             joint/minimize.py
    rate distortion                   classical/reproduction.py

Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

from therml_exact.frontier.budget import Budget
from therml_exact.numbers.given import Number

if TYPE_CHECKING:
    from therml_exact.frontier.classical.reproduction import RateDistortion, RateDistortionProblem
    from therml_exact.frontier.joint.optimum import JointOptimum
    from therml_exact.frontier.joint.problem import JointProblem
    from therml_exact.frontier.mixture.optimum import Optimum
    from therml_exact.frontier.problems.kinds import Problem
    from therml_exact.frontier.rules.optimum import RuleOptimum
    from therml_exact.frontier.rules.problem import LearningRuleProblem

SOLVERS = {
    "encoder": ("therml_exact.frontier.mixture.path", "minimize_mixture"),
    "bayes": ("therml_exact.frontier.mixture.path", "minimize_mixture"),
    "discriminative": ("therml_exact.frontier.mixture.path", "minimize_mixture"),
    "learning rule": ("therml_exact.frontier.rules.optimum", "minimize_rules"),
    "joint": ("therml_exact.frontier.joint.minimize", "minimize_free"),
    "rate distortion": ("therml_exact.frontier.classical.reproduction", "minimize_rate_distortion"),
}


@overload
def minimize(problem: Problem, gamma: Number = 0, delta: Number = 0, sigma: Number = 0, beta: Number = 0,
             rho: Number = 1, tol: float = 1e-9, max_cells: int | None = None,
             time_limit: float = 60.0, rtol: float = 0.0) -> Optimum: ...  # fmt: skip


@overload
def minimize(problem: RateDistortionProblem, gamma: Number = 0, delta: Number = 0, sigma: Number = 0, beta: Number = 0,
             rho: Number = 1, tol: float = 1e-9, max_cells: int = 2_000_000,
             time_limit: float = 60.0) -> RateDistortion: ...  # fmt: skip


@overload
def minimize(problem: LearningRuleProblem, gamma: Number = 0, delta: Number = 0, sigma: Number = 0, beta: Number = 0,
             rho: Number = 1, tol: float = 1e-9, max_cells: int | None = None,
             time_limit: float = 60.0, rtol: float = 0.0) -> RuleOptimum: ...  # fmt: skip


@overload
def minimize(problem: JointProblem, gamma: Number = 0, delta: Number = 0, sigma: Number = 0, beta: Number = 0,
             rho: Number = 1, tol: float = 1e-9, max_cells: int | None = None,
             time_limit: float = 60.0, rtol: float = 0.0) -> JointOptimum: ...  # fmt: skip


def minimize(
    problem: Any,
    gamma: Number = 0,
    delta: Number = 0,
    sigma: Number = 0,
    beta: Number = 0,
    rho: Number = 1,
    tol: float = 1e-9,
    max_cells: int | None = None,
    time_limit: float = 60.0,
    rtol: float = 0.0,
) -> Any:
    """The least rho R + delta D + gamma C (+ sigma S), or S + beta U, with a lower bound that is proved.

    problem      an EncoderProblem, BayesProblem, DiscriminativeProblem, LearningRuleProblem, JointProblem or
                 RateDistortionProblem
    gamma, delta, sigma, beta, rho
                 multipliers of C, D, S, U, R, no unit; floats (their exact values) or rationals, >= 0; one that is
                 foreign to the problem stays at its default; rho = 0 and beta = inf are allowed
    tol          nats: the optimum is "certified" when its gap is at most this, or at most rtol times its value
    max_cells    how many cells the search may make; None: time and memory decide (a tree takes at most 200 MB), for
                 learning rules and joint problems 2,000,000
    time_limit   seconds of the whole call; the time in which the first call of a process compiles or loads kernels does
                 not count
    rtol         see tol; large multipliers make values of which floats do not hold a billionth of a nat. It is for
                 encoder, Bayes and discriminative problems

    Returns an optimum: value >= minimum >= lower_bound in nats, gap, status ("certified" or "open"), reason (why the
    search stopped), point (the functionals), witness (the tables that achieve value), certificate (for `verify`).
    Errors: TypeError for another problem or a multiplier foreign to it; ValueError for a multiplier that is negative or
    not finite, and for a tol, rtol, max_cells or time_limit out of range.
    Source: Alemi and Fischer, TherML (2018), (22), App. B, C, H.

    >>> import therml_exact as tx
    >>> best = minimize(tx.EncoderProblem(tx.examples.binary_symmetric(0.1)), gamma=3)
    >>> best.status, best.gap <= 1e-9, tx.verify(best.certificate).valid
    ('certified', True, True)
    """
    budget = Budget.read(tol, max_cells, time_limit, rtol)
    kind = getattr(problem, "kind", None)
    if kind not in SOLVERS:
        name = type(problem).__name__
        raise TypeError(f"problem is a {name}; give an EncoderProblem, BayesProblem or another problem")
    module, name = SOLVERS[kind]
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "beta": beta, "rho": rho}
    return getattr(import_module(module), name)(problem, given, budget)
