"""Local descents of learning rules, rule and q's in turn, for the search of jumps (nats).

Errors: none.
Source: Alemi and Fischer, TherML (2018), (24), (26).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.learning.jump import Known
from therml_exact.frontier.rules.cells import Arrays
from therml_exact.frontier.rules.optimum import RuleOptimum, minimize_rule
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem

Array = np.ndarray[Any, Any]


class RuleDescents:
    """Descents from rules[type, theta]; learning/jump.py says what each method is for."""

    inside = 1e-8

    def __init__(self, problem: LearningRuleProblem, at: Mapping[str, Fraction]) -> None:
        self.problem, self.arrays = problem, Arrays(problem)
        self.weight = [float(at[m]) for m in ("rho", "gamma", "delta")]

    def gaps(self, fall: float, reach: float) -> tuple[float, float]:
        """All three as small as floats allow."""
        return 1e-10, 1e-10

    def starts(self) -> Iterator[Array]:
        """Rules to improve."""
        return self.arrays.starts()

    def descend(self, sigma: float, start: Array) -> Known:
        """The locally optimal rule that this one leads to."""
        from therml_exact.kernels.rules import cells as kernel

        rule, m, point = start.copy(), np.empty(self.arrays.width), np.empty(4)
        weight = np.array([*self.weight, sigma])
        value = kernel.descend(*self.arrays.tables, weight, rule.mean(axis=0), rule, m, point, 2000)
        return Known(sigma, value, dict(zip(NAMES, point.tolist(), strict=True)), rule)

    def start_of(self, optimum: RuleOptimum) -> Array:
        """The rule of an optimum."""
        return optimum.witness["theta_given_type"]

    def optimum(self, at: Mapping[str, Fraction], budget: Budget, starts: list[Array]) -> RuleOptimum:
        """The certified optimum; its search needs no start."""
        return minimize_rule(self.problem, at, budget)
