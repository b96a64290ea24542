"""minimize for a LearningRuleProblem: the least rho R + delta D + gamma C + sigma S, two-sided (nats).

Where sigma = 0 and every encoder is a map (or rho = 0), a deterministic rule is optimal, and the candidates are
enumerated exactly (vertices.py), if they are few enough. Otherwise branch and bound over m brackets it (cells.py).
The value is that of the witness's own tables. No functional or multiplier is negative, and so the minimum is not: where
the cells prove less than 0, the lower bound is 0.

Shapes: theta_given_type[type, theta], types[type, letter], theta[theta], z[z], x_given_z[z, x], y_given_z[z, y].
Source: Alemi and Fischer, TherML (2018), (22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget, reason_of
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.cells import MARGIN, Tree, minimise, why
from therml_exact.frontier.rules.certificate import build, rationals
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.frontier.rules.vertices import rules
from therml_exact.numbers.text import read_exact, read_hexadecimal, shown
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, Any]


@result
@dataclass(frozen=True, eq=False, repr=False)
class RuleOptimum:
    """A two-sided optimum: the best learning rule that was found, and a proved lower bound of all of them.

    problem       the problem
    multipliers   those of R, C, D, S, by the names rho, gamma, delta, sigma; no unit
    value         nats: the sum at the witness, as float arithmetic finds it
    lower_bound   nats: no rule has less; at least 0
    tol           nats: the gap that was asked for
    point         R, C, D, S of the witness by name, nats
    witness       its tables by name, shapes as the module says
    cells         how many nodes the tree has, or candidates the enumeration
    reason        "closed" where the status is "certified"; else what ended the search: "cells" (max_cells were
                  reached), "time" (time_limit was), or "rounding" (float arithmetic tells no more; take a larger tol)

    `gap` is value - lower_bound with the value rounded up, as an Optimum's.
    Source: Alemi and Fischer, TherML (2018), (22).

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> budget = Budget.read(1e-9, 1000, 60)
    >>> o = minimize_rules(p, {"rho": 1, "gamma": 2, "delta": 0, "sigma": 0}, budget)
    >>> o.status, o.reason, bool(o.gap <= 1e-9), {name: round(v, 4) for name, v in o.point.items()}
    ('certified', 'closed', True, {'R': 0.6931, 'C': 0.0, 'D': 0.0, 'S': 0.6931})
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
        """The difference value - lower_bound, nats, at least 0, with the value rounded up."""
        return max(self._claim - self.lower_bound, 0.0)

    @property
    def _claim(self) -> float:
        """The value rounded up, which the certificate claims: the witness surely has no more."""
        return rounded_up_by(self.value, float(sum(self._exact.values())))

    @property
    def status(self) -> str:
        """The word "certified" where the certificate proves a gap within tol, rounding included; else "open"."""
        return "certified" if self.reason == "closed" else "open"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rule p(theta|type), a row for each type, named by its counts of (x, y).

        ax: axes of Matplotlib; None: a new figure. Returns the axes. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes
        from therml_exact.figures.tables import draw_conditional

        rows = [" ".join(map(str, counts)) for counts, _ in self.problem.types]
        title = str(self).replace("; ", "\n")
        return draw_conditional(
            self.witness["theta_given_type"], rows, "theta", "type", title, shown_axes() if ax is None else ax
        )

    def __str__(self) -> str:
        """One line: the bounds, the point, and where it is open why, and what would help."""
        return answers.line(self)

    def _repr_html_(self) -> str:
        return answers.html(self, self.multipliers)

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks; they are built on request."""
        given = {"multipliers": rationals(self._exact)}
        how = "cells" if self._tree else "vertices"
        rows = self.witness["theta_given_type"]
        return build(self.problem, "lagrangian", given, self._claim, self._proved, self.tol, self.status, how, rows,
                     self._tree)  # fmt: skip

    @classmethod
    def read(cls, problem: LearningRuleProblem, content: Mapping[str, Any], reason: Any = None) -> RuleOptimum:
        """The optimum from its certificate, and why its search ended; nothing is verified here.

        `cells` is the number of nodes of the certificate's tree.
        """
        if content["kind"] != "lagrangian":
            raise ValueError(f"a certificate of the kind {shown(content['kind'])} is of no sum with multipliers")
        exact = {name: read_exact(content["multipliers"][name]) for name in ("rho", "gamma", "delta", "sigma")}
        rule = np.array([[read_hexadecimal(v) for v in row] for row in content["witness"]])
        if rule.shape != (len(problem.types), problem.shape[2]):
            raise ValueError(f"the witness has shape {rule.shape}, which is not [type, theta]")
        point, witness = problem.evaluate(rule)
        value = float(sum(float(exact[m]) * point[name] for m, name in zip(exact, NAMES, strict=True)))
        proved, tol = read_hexadecimal(content["lower_bound"]), read_hexadecimal(content["tol"])
        told = reason_of(content["status"], reason)
        floats = {name: float(v) for name, v in exact.items()}
        cells = len(content["tree"])
        found = cls(problem, floats, value, max(proved, 0.0), tol, point, witness, cells, told, proved, exact, None)
        found.__dict__["certificate"] = dict(content)  # what it was made from is not there any more
        return found


def minimize_rules(problem: LearningRuleProblem, given: Mapping[str, Any], budget: Budget) -> RuleOptimum:
    """The optimum at the multipliers that the caller gave, by name, which are read and checked here."""
    return minimize_rule(problem, read_multipliers(problem, given), budget)


def minimize_rule(problem: LearningRuleProblem, exact: Mapping[str, Fraction], budget: Budget) -> RuleOptimum:
    """The optimum of rho R + delta D + gamma C + sigma S at exact multipliers that have been checked."""
    multipliers = dict(exact)
    floats = {name: float(v) for name, v in multipliers.items()}
    weight = np.array([floats[m] for m in ("rho", "gamma", "delta", "sigma")])
    started = now()
    chosen = rules(problem, multipliers)
    spent = now() - started
    if chosen is not None:
        rule, lower, cells = _best_vertex(problem, weight, chosen)
        tree = None
    else:
        rule, tree = minimise(problem, weight, budget.tol, budget.count, budget.deadline - spent)
        lower, cells = tree.lower, len(tree.nodes)
    point, witness = problem.evaluate(rule)
    value = float(sum(w * point[name] for w, name in zip(weight, NAMES, strict=True)))
    closed = rounded_up_by(value, float(sum(multipliers.values()))) - lower <= budget.tol
    reason = why(closed, tree)
    return RuleOptimum(
        problem, floats, value, max(lower, 0.0), budget.tol, point, witness, cells, reason, lower, multipliers, tree
    )


def _best_vertex(problem: LearningRuleProblem, weight: Array, chosen: Array) -> tuple[Array, float, int]:
    """The best of the deterministic rules chosen[candidate, type]: its table, a lower bound (nats), their number."""
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
