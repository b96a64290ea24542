"""The two-sided optimum of a joint problem (nats).

value (of the witness's tables)  >=  min  >=  lower_bound
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.tables import write_table
from therml_exact.numbers.tables import Array


@dataclass(frozen=True, eq=False)
class JointOptimum:
    """A two-sided optimum in nats; `witness` are the tables that achieve `value`, `point` their R, D, C, S.

    bounds: all lower bounds found, by kind; lower_bound is the largest. reason: why it ended: "closed" (the gap is
    within tol), "cells" or "time" (raise max_cells or time_limit), "rounding" (tol is below what floats tell),
    "bounds" (no search was made). cells: how many cells of m were met.
    """

    problem: JointProblem
    multipliers: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    point: dict[str, float]
    rule: Array = field(repr=False)
    encoder: Array = field(repr=False)
    bounds: dict[str, float]
    reason: str
    cells: int
    _exact: Mapping[str, Fraction] = field(repr=False)
    _header: Mapping[str, Any] = field(repr=False)  # the certificate's format
    _proof: Callable[[], Mapping[str, Any]] = field(repr=False)  # what proves the lower bound

    @property
    def gap(self) -> float:
        """Value - lower_bound."""
        return self.value - self.lower_bound

    @property
    def status(self) -> str:
        """Whether it is "certified" (the gap is within the tolerance) or "open"."""
        return "certified" if Fraction(self.value) - Fraction(self.lower_bound) <= Fraction(self.tol) else "open"

    @cached_property
    def witness(self) -> dict[str, Array]:
        """The tables that achieve `value`, with their q's."""
        return alternation.witness(self.problem, self.rule, self.encoder)

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks, built when asked for."""
        content = {
            **self._header,
            "problem": self.problem.describe(),
            "multipliers": {name: str(m) for name, m in sorted(self._exact.items())},
            "value": self.value.hex(),
            "lower_bound": self.lower_bound.hex(),
            "tol": float(self.tol).hex(),
            "status": self.status,
            "rule": write_table(self.rule),
            "encoder": write_table(self.encoder),
            "bound": dict(self._proof()),
        }
        return {**content, "sha256": digest(content)}

    def __str__(self) -> str:
        amounts = ", ".join(f"{name} = {value:.6g}" for name, value in self.point.items())
        return f"{self.lower_bound:.9g} <= min <= {self.value:.9g} nats ({self.status}; {amounts})"
