"""minimize for a LearningRuleProblem: the least rho R + delta D + gamma C + sigma S, two-sided (nats).

sigma = 0 with maps as encoders (or rho = 0): the vertices, exact (vertices.py), where they are few enough.
Otherwise branch and bound over m (cells.py). The value is that of the witness's own tables. The functionals and
their multipliers are never negative, so that neither is the minimum: where the cells prove less, 0 is the lower bound.

Shapes: theta_given_type[type, theta], types[type, letter], theta[theta], z[z], x_given_z[z, x], y_given_z[z, y].
Source: Alemi and Fischer, TherML (2018), (22).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.cells import MARGIN, Tree, minimise, why
from therml_exact.frontier.rules.certificate import build, rationals
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.frontier.rules.vertices import rules

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class RuleOptimum:
    """A two-sided optimum: the best learning rule that was found, and a proven lower bound of all of them.

    multipliers: those of R, C, D, S, by the names rho, gamma, delta, sigma.
    value: the sum at the witness, nats. lower_bound: no rule has less, nats; at least 0.
    point: R, C, D, S of the witness, nats. witness: its tables, as the module says.
    cells: nodes of the tree, or candidates of the enumeration.
    reason: "closed" where the gap is within tol; else what ended the search: "cells" (max_cells were reached), "time"
    (time_limit was), or "rounding" (float arithmetic tells no more; ask for a larger tol).
    """

    problem: LearningRuleProblem
    multipliers: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    point: dict[str, float]
    witness: dict[str, Array] = field(repr=False)
    cells: int
    reason: str
    _proved: float = field(repr=False)  # what the certificate proves: at most lower_bound
    _exact: dict[str, Fraction] = field(repr=False)
    _tree: Tree | None = field(repr=False)

    @property
    def gap(self) -> float:
        """Value - lower_bound, and 0 where rounding would make it negative."""
        return max(self.value - self.lower_bound, 0.0)

    @property
    def _claim(self) -> float:
        return rounded_up_by(self.value, float(sum(self._exact.values())))

    @property
    def status(self) -> str:
        """Whether it is "certified" (what the certificate proves leaves a gap within tol) or "open"."""
        return "certified" if self.reason == "closed" else "open"

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks, built when asked for."""
        given = {"multipliers": rationals(self._exact)}
        how = "cells" if self._tree else "vertices"
        rows = self.witness["theta_given_type"]
        return build(self.problem, "lagrangian", given, self._claim, self._proved, self.tol, self.status, how, rows,
                     self._tree)  # fmt: skip


@cache
def compile_cells() -> None:
    """Have the kernels compiled, by a problem of one letter: no time limit is for that."""
    minimise(LearningRuleProblem([1], [[1]], [[[1]]], 1, [[[1]]]), np.ones(4), 1.0, 1, math.inf)


def minimize_rules(problem: LearningRuleProblem, given: Mapping[str, Any], budget: Budget) -> RuleOptimum:
    """One optimum, from the caller's multipliers."""
    return minimize_rule(problem, read_multipliers(problem, given), budget)


def minimize_rule(problem: LearningRuleProblem, exact: Mapping[str, Fraction], budget: Budget) -> RuleOptimum:
    """The least rho R + delta D + gamma C + sigma S; the exact multipliers are read and checked by minimize."""
    multipliers = dict(exact)
    floats = {name: float(v) for name, v in multipliers.items()}
    weight = np.array([floats[m] for m in ("rho", "gamma", "delta", "sigma")])
    started = time.monotonic()
    chosen = rules(problem, multipliers)
    spent = time.monotonic() - started
    if chosen is not None:
        rule, lower, cells = _best_vertex(problem, weight, chosen)
        tree = None
    else:
        compile_cells()
        rule, tree = minimise(problem, weight, budget.tol, budget.cells, budget.deadline - spent)
        lower, cells = tree.lower, len(tree.nodes)
    point, witness = problem.evaluate(rule)
    value = float(sum(w * point[name] for w, name in zip(weight, NAMES, strict=True)))
    closed = rounded_up_by(value, float(sum(multipliers.values()))) - lower <= budget.tol
    reason = why(closed, tree)
    return RuleOptimum(
        problem, floats, value, max(lower, 0.0), budget.tol, point, witness, cells, reason, lower, multipliers, tree
    )


def _best_vertex(problem: LearningRuleProblem, weight: Array, chosen: Array) -> tuple[Array, float, int]:
    x, y, thetas, z = problem.shape
    scaled = problem.mass[:, None, None] * problem.places
    index = np.arange(len(scaled))
    values = np.empty(len(chosen))
    for start in range(0, len(chosen), 64):
        m = scaled[index, chosen[start : start + 64]].sum(axis=1)
        eta = -m * np.log(np.where(m > 0, m, 1.0))
        hy, hx, h = (part.sum(axis=1) for part in np.split(eta, (z * y, z * (y + x)), axis=1))
        values[start : start + 64] = problem.n * (weight[0] * h + weight[1] * (hy - h) + weight[2] * (hx - h))
    best = int(values.argmin())
    margin = MARGIN * (1 + abs(values[best]) + problem.n * weight.sum())
    return np.eye(thetas)[chosen[best]], float(values[best]) - margin, len(chosen)
