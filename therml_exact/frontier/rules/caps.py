"""The program (21) for learning rules over a dictionary of encoders, by cells of m (nats).

learning/caps.py has the problem. On a small enough cell of m R, C, D are almost linear in the rule and S is convex:
there duality holds, each cell with multipliers of its own:

    min over rules with m in the cell, F_i <= cap_i, of F_0  >=  max over lam >= 0 of
        min over rules of G_0 + sum_i lam_i (G_i - cap_i),               G the cell's minorants (cells.py)

and for the excess the same without F_0 and with sum_i lam_i = 1. Upper bounds come from rules that keep the caps: with
the q's held fixed, R, C and D are linear in the rule, and refitting the q's only lowers them, so that a rule that keeps
the caps with fixed q's keeps them. Rule and q's are improved in turn. No functional is negative; where the cells prove
less than follows from that, the lower bound is 0, and for the excess max_i -point_i.

Errors: none of its own.
Source: Alemi and Fischer, TherML (2018), (21), (23).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.learning.caps import ROUNDING, CappedOptimum, Excess, rounded_down
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.cells import Arrays, State, Tree, search, why
from therml_exact.frontier.rules.certificate import build, rationals
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem

Array = np.ndarray[Any, Any]


class _Caps:
    """One search: the tables and limits as the kernels take them, and the best rule found so far.

    minimise       the functional that is minimised; None for the excess
    limits         the caps, or the point, by name, nats; limit: the same as [R, C, D, S]
    inner          the limits that descents aim at, a little inside the caps
    free           which of R, C, D, S have a multiplier to be found; start: where the multipliers start
    value, rule    the best value (nats; inf if there is none) and its rule[type, theta]
    """

    def __init__(
        self, problem: LearningRuleProblem, minimise: str | None, limits: dict[str, float], tol: float
    ) -> None:
        self.arrays, self.tol, self.minimise, self.limits = Arrays(problem), tol, minimise, limits
        names = set(limits) | {minimise}
        # A little inside the caps, so that what the dual's rule lacks to them does not matter.
        inside = 0.02 * tol if minimise else 0.0
        self.limit = np.array([limits.get(name, 0.0) for name in NAMES])
        self.inner = self.limit - inside * np.array([name in limits for name in NAMES])
        self.free = np.array([name in limits for name in NAMES])
        self.start = np.where(self.free, 1.0 / max(len(limits), 1), 0.0)
        if minimise:
            self.start[NAMES.index(minimise)] = 1.0
        self.uses = "C" in names, "D" in names
        self.value, self.rule = math.inf, np.zeros((self.arrays.types, self.arrays.thetas))
        self._work = np.empty_like(self.rule), np.empty(self.arrays.width), np.empty(4)

    def score(self, point: Array) -> float:
        """The value of a rule with these R, C, D, S, nats: the functional, or inf outside the caps; or the excess."""
        over = max((point[NAMES.index(name)] - limit for name, limit in self.limits.items()), default=-math.inf)
        if self.minimise is None:
            return float(over)
        return float(point[NAMES.index(self.minimise)]) if over <= -2e-13 else math.inf

    def consider(self, problem: LearningRuleProblem, rule: Array) -> None:
        """Keep this rule if it is better; a functional that is exactly 0 keeps a cap of 0, which rounding may miss."""
        values, exact = problem.evaluate(rule)[0], problem.zeros(rule)
        kept = all(values[name] <= limit - 2e-13 * (name not in exact) for name, limit in self.limits.items())
        if self.minimise is not None and kept and values[self.minimise] < self.value:
            self.value, self.rule = values[self.minimise], rule

    def improve(self, start: Array, lam: Array, q: Array) -> None:
        """Improve rule and q's in turn from here, and keep the result if it is better."""
        from therml_exact.kernels.rules import duals as kernel

        _, m, point = self._work
        kernel.descend_capped(*self.arrays.tables, self.inner, lam, self.free, self.minimise is None,
                              1e-2 * self.tol, q, start, m, point, 40)  # fmt: skip
        value = self.score(point)
        if value < self.value:
            self.value, self.rule = value, start.copy()

    def begin(self) -> None:
        """Improve from many rules."""
        for start in islice(self.arrays.starts(), self.arrays.thetas + 8):
            self.improve(start, self.start.copy(), np.full(self.arrays.thetas, 1 / self.arrays.thetas))

    def run(self, max_cells: int, deadline: float, enough: float = -math.inf) -> Tree:
        """The tree that proves the lower bound; the search also stops when a rule has a value of at most `enough`."""
        from therml_exact.kernels.rules import duals as kernel

        arrays, count = self.arrays, 0
        rule, m, point = self._work
        close = max(0.9 * self.tol, 4 * arrays.margin(1.0 + float(self.start.sum())))

        def upper() -> float:
            """The best value known; -inf, which ends the search, where it is enough."""
            return self.value if self.value > enough else -math.inf

        def bound(low: Array, high: Array, state: State, parent: float) -> tuple[float, int, State]:
            """The bound of a box; the rule that it leaves behind is kept if it is better, now and then improved."""
            nonlocal count
            count += 1
            lam, q = state
            assert lam is not None
            value, coordinate = kernel.bound_capped(
                low, high, *arrays.tables, arrays.py, arrays.px, *self.uses, self.limit, lam, self.free,
                self.minimise is None, self.value - 0.9 * self.tol, 0.1 * self.tol, q, rule, m, point)  # fmt: skip
            if value < math.inf and self.score(point) < self.value:
                self.value, self.rule = self.score(point), rule.copy()
            if value < self.value - self.tol and (count < 40 or count % 16 == 0):
                self.improve(rule.copy(), lam.copy(), q.copy())
            # The multipliers can be large; so can the rounding.
            return value - arrays.margin(float(lam.sum())), coordinate, (lam, q)

        state = (self.start.copy(), np.full(arrays.thetas, 1 / arrays.thetas))
        return search(arrays, bound, state, upper, close, max_cells, deadline)


def minimize_capped_rules(
    problem: LearningRuleProblem, minimise: str, exact: Mapping[str, Fraction], budget: Budget
) -> CappedOptimum:
    """The least of one functional over the rules that keep exact caps on others."""
    tol, max_cells = budget.tol, budget.count
    deadline = budget.deadline
    floats = {name: rounded_down(v) for name, v in exact.items()}
    caps_only = _Caps(problem, minimise, floats, tol)
    caps_only.begin()
    for theta in range(caps_only.arrays.thetas):
        caps_only.consider(problem, np.eye(caps_only.arrays.thetas)[[theta] * caps_only.arrays.types])
    if math.isinf(caps_only.value) and exact:
        reach = _Caps(problem, None, floats, tol)
        reach.begin()
        if reach.value > -tol:
            evidence = _excess(reach, problem, exact, reach.run(max_cells, deadline, -tol))
            if evidence._proved > 0:
                return CappedOptimum(problem, minimise, floats, math.inf, math.inf, tol, "infeasible", "closed", {}, {},
                                     evidence.cells, evidence.certificate)  # fmt: skip
        caps_only.improve(
            reach.rule, caps_only.start.copy(), np.full(caps_only.arrays.thetas, 1 / caps_only.arrays.thetas)
        )
    tree = caps_only.run(max_cells, deadline)
    lower = tree.lower
    found = caps_only.value < math.inf
    point, witness = problem.evaluate(caps_only.rule) if found else ({}, {})
    value = point[minimise] if found else math.inf
    claim = rounded_up_by(value, 1.0)
    status = "certified" if claim - lower <= tol else "open"
    given = {"minimise": minimise, "caps": rationals(exact)}
    certificate = build(problem, "capped", given, claim if found else None, lower, tol, status, "cells",
                        witness.get("theta_given_type"), tree)  # fmt: skip
    reason = why(status == "certified", tree)
    return CappedOptimum(problem, minimise, floats, value, max(lower, 0.0), tol, status, reason, point, witness,
                         len(tree.nodes), certificate)  # fmt: skip


def excess_of_rules(
    problem: LearningRuleProblem, exact: Mapping[str, Fraction], budget: Budget, enough: float
) -> Excess:
    """The least over rules of the largest F_i - point_i."""
    floats = {name: float(v) for name, v in exact.items()}
    deadline = budget.deadline
    caps = _Caps(problem, None, floats, budget.tol)
    caps.begin()
    return _excess(caps, problem, exact, caps.run(budget.count, deadline, enough), enough)


def _excess(
    caps: _Caps, problem: LearningRuleProblem, exact: Mapping[str, Fraction], tree: Tree, enough: float = -math.inf
) -> Excess:
    """The result of a search for the excess over the exact point."""
    reached, witness = problem.evaluate(caps.rule)
    point = caps.limits
    value = max(reached[name] - point[name] for name in point)
    proved = tree.lower
    least = max(proved, *(-limit for limit in point.values()))
    reason = why(rounded_up_by(value, 1.0) + ROUNDING - proved <= caps.tol, tree)
    reason = "decided" if reason == "rounding" and value <= enough else reason
    claim = rounded_up_by(value, 1.0) + ROUNDING

    def certificate() -> dict[str, Any]:
        """Plain data; the status is "infeasible" where the lower bound is positive."""
        status = "certified" if claim - proved <= caps.tol else "open"
        status = "infeasible" if proved > 0 else status
        rows = witness["theta_given_type"]
        given = {"point": rationals(exact)}
        return build(problem, "excess", given, claim, proved, caps.tol, status, "cells", rows, tree)

    return Excess(
        problem, point, value, least, caps.tol, reached, witness, len(tree.nodes), reason, proved, certificate
    )
