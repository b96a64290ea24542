"""trace: a whole frontier, each of its points a two-sided optimum (nats).

    encoder, Bayes, discriminative    between an inner and an outer polytope, no farther apart than tol: curve/sheets.py
    rate-distortion, capacity         betas: classical/tradeoff.py
    learning rules, joint             crossed lists of multipliers; the set is not convex in S: learning/trace.py

`executor` takes any concurrent.futures.Executor, and the result does not depend on it. With `checkpoint` every
finished piece of work is kept in a file (curve/journal.py), and a later call with the same arguments goes on from it.

Errors: TypeError for multipliers or arguments foreign to the problem, ValueError for bad ones, for max_points < 2, and
for a checkpoint that is damaged, about something else or in use.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from concurrent.futures import Executor
from importlib import import_module
from typing import Any, overload

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.classical.channel import CapacityProblem
from therml_exact.frontier.classical.reproduction import RateDistortionProblem
from therml_exact.frontier.classical.tradeoff import Tradeoff
from therml_exact.frontier.curve.frontier import Frontier
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning.frontier import RuleFrontier
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.rules.problem import LearningRuleProblem
from therml_exact.numbers.given import Number
from therml_exact.numbers.tables import whole

SECONDS = 60.0  # of one optimum
TRACERS = {
    "encoder": ("therml_exact.frontier.curve.sheets", "trace_mixture"),
    "bayes": ("therml_exact.frontier.curve.sheets", "trace_mixture"),
    "discriminative": ("therml_exact.frontier.curve.sheets", "trace_mixture"),
    "learning rule": ("therml_exact.frontier.rules.trace", "trace_rules"),
    "joint": ("therml_exact.frontier.joint.trace", "trace_free"),
    "rate distortion": ("therml_exact.frontier.classical.tradeoff", "trace_reproductions"),
    "capacity": ("therml_exact.frontier.classical.tradeoff", "trace_inputs"),
}


@overload
def trace(problem: Problem, gammas: Iterable[Number] | None = None, deltas: Iterable[Number] | None = None,
          sigmas: Iterable[Number] | None = None, betas: Iterable[Number] | None = None, tol: float = 1e-3,
          executor: Executor | None = None, progress: bool = True, checkpoint: str | os.PathLike[str] | None = None,
          volume: bool = False, max_points: int = 1000, max_cells: int = 2_000_000,
          time_limit: float | None = None) -> Frontier: ...  # fmt: skip


@overload
def trace(problem: RateDistortionProblem | CapacityProblem, gammas: None = None, deltas: None = None,
          sigmas: None = None, betas: Iterable[Number] | None = None, tol: float = 1e-3,
          executor: Executor | None = None, progress: bool = True, checkpoint: None = None, volume: bool = False,
          max_points: int = 1000, max_cells: int = 2_000_000,
          time_limit: float | None = None) -> Tradeoff: ...  # fmt: skip


@overload
def trace(problem: LearningRuleProblem | JointProblem, gammas: Iterable[Number] | None = None,
          deltas: Iterable[Number] | None = None, sigmas: Iterable[Number] | None = None, betas: None = None,
          tol: float = 1e-3, executor: Executor | None = None, progress: bool = True,
          checkpoint: str | os.PathLike[str] | None = None, volume: bool = False, max_points: int = 1000,
          max_cells: int = 2_000_000, time_limit: float | None = None) -> RuleFrontier: ...  # fmt: skip


def trace(
    problem: Any,
    gammas: Iterable[Number] | None = None,
    deltas: Iterable[Number] | None = None,
    sigmas: Iterable[Number] | None = None,
    betas: Iterable[Number] | None = None,
    tol: float = 1e-3,
    executor: Executor | None = None,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    volume: bool = False,
    max_points: int = 1000,
    max_cells: int = 2_000_000,
    time_limit: float | None = None,
) -> Any:
    """The frontier of a problem: optima at many multipliers, with bounds on all that lies between them.

    problem       an EncoderProblem, BayesProblem, DiscriminativeProblem, LearningRuleProblem or JointProblem; or a
                  RateDistortionProblem or CapacityProblem, which take betas alone
    gammas, deltas, sigmas, betas
                  lists of multipliers of C, D, S, U, no unit; every combination is solved; None: they are chosen
    tol           nats: the largest step between inner and outer polytope; each optimum is solved to at most 1e-9
                  (learning rules and joint problems: 1e-6)
    executor      who solves, any concurrent.futures.Executor; None: this process
    progress      whether a line on standard error counts the optima
    checkpoint    a file in which finished work is kept; the same call goes on from it
    volume        whether to trace (V, C), V = R + D - H(X), instead (encoders; Appendix A)
    max_points    how many optima are solved, at most
    max_cells     how many cells the search of one optimum may make; it also has a minute
    time_limit    seconds of the whole call; when they are over, what is known is returned; its gap says what is open

    Returns a Frontier, a RuleFrontier for learning rules and joint problems, or a Tradeoff for the classical two.
    Errors: TypeError for multipliers or arguments foreign to the problem; ValueError for bad ones, for max_points < 2,
    and for a checkpoint that is damaged, about something else or in use.
    Source: Alemi and Fischer, TherML (2018), section 3, (22), App. A-C.

    >>> import therml_exact as tx
    >>> f = trace(tx.EncoderProblem(tx.examples.binary_symmetric(0.1)), tol=0.05, progress=False)
    >>> f.complete, f.status
    (True, 'certified')
    """
    budget = Budget.read(tol, max_cells, SECONDS)
    limit = math.inf if time_limit is None else Budget.read(tol, max_cells, time_limit).seconds
    asked = Request(gammas, deltas, sigmas, betas, budget.tol, budget, limit, executor, progress,
                    checkpoint, bool(volume), whole("max_points", max_points, 2))  # fmt: skip
    kind = getattr(problem, "kind", None)
    if kind not in TRACERS:
        name = type(problem).__name__
        raise TypeError(f"problem is a {name}; give an EncoderProblem, BayesProblem or another problem")
    module, name = TRACERS[kind]
    return getattr(import_module(module), name)(problem, asked)
