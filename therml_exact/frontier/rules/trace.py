"""trace of a LearningRuleProblem: every optimum is a piece of its own (nats).

Errors: those of learning/trace.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.learning.frontier import RuleFrontier
from therml_exact.frontier.learning.trace import At, Work, key, solve_crossed
from therml_exact.frontier.rules.optimum import RuleOptimum, minimize_rule
from therml_exact.frontier.rules.problem import LearningRuleProblem


def trace_rules(problem: LearningRuleProblem, asked: Request) -> RuleFrontier:
    """The optima for a checked request, each solved to min(tol, 1e-6)."""
    found, tol = solve_crossed(problem, asked, Work(key, _solve, _write, _read))
    return RuleFrontier(problem, tuple(found), tol)


def _solve(problem: LearningRuleProblem, piece: Sequence[At], budget: Budget, deadline: float) -> Iterator[RuleOptimum]:
    """The optima of a piece."""
    for at in piece:
        yield minimize_rule(problem, at, budget.until(deadline))


def _write(optimum: RuleOptimum) -> dict[str, Any]:
    """An optimum as plain data."""
    return {"reason": optimum.reason, "cells": optimum.cells, "certificate": optimum.certificate}


def _read(problem: LearningRuleProblem, content: Mapping[str, Any]) -> RuleOptimum:
    """The optimum from what `_write` wrote."""
    from dataclasses import replace

    found = RuleOptimum.read(problem, content["certificate"], content["reason"])
    certificate = found.certificate
    found = replace(found, cells=int(content["cells"]))
    found.__dict__["certificate"] = certificate
    return found
