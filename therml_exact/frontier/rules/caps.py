"""The program (21) for learning rules: the least of one functional under caps on others; can a point be reached? (nats)

    minimize_capped    min F_0  subject to  F_i <= cap_i                    F_0, F_i of R, C, D, S
    excess             min over rules of max_i (F_i - point_i)              > 0: impossible, by that much for every rule
    classify_rule      the sign of the excess, as a verdict with evidence

The set of all (R, C, D, S) is not convex in S, so that no multipliers single out some of its minimal points. On a
small enough cell of m, however, R, C, D are almost linear in the rule and S is convex: there duality holds, each cell
with multipliers of its own:

    min over rules with m in the cell, F_i <= cap_i, of F_0  >=  max over lam >= 0 of
        min over rules of G_0 + sum_i lam_i (G_i - cap_i),               G the cell's minorants (cells.py)

and for the excess the same without F_0 and with sum_i lam_i = 1. Upper bounds come from rules that keep the caps: with
the q's held fixed, R, C and D are linear in the rule, and refitting the q's only lowers them, so that a rule that keeps
the caps with fixed q's keeps them. Rule and q's are improved in turn. No functional is negative; where the cells prove
less than follows from that, the lower bound is 0, and for the excess max_i -point_i.

*The example* (bent.py has the proof for all alphabets): |Phi| = |X| = 1, Y a fair bit, N = 1. (R, C, S) = log 2 times
(0, 1, 0) and (1, 0, 1) are achieved, and no rule over any dictionary has R, C, S <= log(2)/2 + 1/80.

Errors: TypeError for letters other than R, C, D, S, ValueError for caps and points that are no finite numbers.
Source: Alemi and Fischer, TherML (2018), (21), (23).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from itertools import islice
from typing import Any

import numpy as np

from therml_exact.doors import check_type
from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.cells import Arrays, State, Tree, search, why
from therml_exact.frontier.rules.certificate import build, rationals
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.results import result

Array = np.ndarray[Any, Any]
ROUNDING = 1e-12  # a point's coordinates are floats: one that is met within this is met


@result
@dataclass(frozen=True, eq=False, repr=False)
class CappedOptimum:
    """The least value of one functional under caps on others, two-sided.

    problem       the problem
    minimise      the functional that is minimised: "R", "C", "D" or "S"
    caps          the caps on others by name, nats, rounded down to floats
    value         nats: the functional at the witness; inf where no rule was found that keeps the caps
    lower_bound   nats: no rule that keeps the caps has less; at least 0; inf where none keeps them
    tol           nats: the gap that was asked for
    status        "certified" (the gap is within tol, rounding included), "infeasible" (no rule keeps the caps, which is
                  proved) or "open"
    reason        "closed" unless the status is "open"; then what ended the search: "cells" (max_cells were reached),
                  "time" (time_limit was), or "rounding" (float arithmetic tells no more; take a larger tol)
    point         R, C, D, S of the witness by name, nats; empty where value is inf
    witness       its tables by name, as of a RuleOptimum; empty where value is inf
    cells         how many nodes the trees have
    certificate   plain data that `verify` checks

    `gap` is value - lower_bound with the value rounded up, and 0 where the caps are infeasible.
    Source: Alemi and Fischer, TherML (2018), (21).

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> c = minimize_capped(p, "C", {"R": -1})  # no rate is negative
    >>> c.status, c.value, c.gap, c.point
    ('infeasible', inf, 0.0, {})
    """

    problem: LearningRuleProblem
    minimise: str
    caps: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    status: str
    reason: str
    point: dict[str, float]
    witness: dict[str, Array] = field(repr=False)
    cells: int
    certificate: dict[str, Any] = field(repr=False)

    @property
    def gap(self) -> float:
        """The difference value - lower_bound, nats, with the value rounded up; 0 where the caps are infeasible."""
        return 0.0 if self.status == "infeasible" else max(rounded_up_by(self.value, 1.0) - self.lower_bound, 0.0)

    def __str__(self) -> str:
        """One line: what is minimised under which caps, the bounds, the gap, the status, the point."""
        caps = ", ".join(f"{name} <= {value:.6g}" for name, value in self.caps.items())
        return f"{self.minimise} under {caps}: {answers.line(self)}"

    def _repr_html_(self) -> str:
        return answers.html(self, {f"cap of {name} (nats)": value for name, value in self.caps.items()})


@result
@dataclass(frozen=True, eq=False, repr=False)
class Excess:
    """The excess over a point, min over rules of max_i (F_i - point_i), two-sided.

    problem       the problem
    point         the given coordinates by name, nats
    value         nats: the largest F_i - point_i at the witness; at most 0 where the witness reaches the point
    lower_bound   nats: no rule has less; positive where the point is impossible
    tol           nats: the gap that was asked for
    reached       R, C, D, S of the witness by name, nats
    witness       its tables by name, as of a RuleOptimum
    cells         how many nodes the tree has
    reason        "closed" where the gap is within tol, rounding included; "decided" where the search ended earlier, at
                  a value that was enough; else what ended it: "cells", "time" or "rounding", as for CappedOptimum

    `gap` is value - lower_bound with the value rounded up.

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> e = excess(p, {"R": 0.2, "C": 0.2})
    >>> float(round(e.value, 3)), bool(e.gap <= e.tol), e.certificate["status"]
    (0.317, True, 'infeasible')
    """

    problem: LearningRuleProblem
    point: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    reached: dict[str, float]
    witness: dict[str, Array] = field(repr=False)
    cells: int
    reason: str
    _proved: float = field(repr=False)  # what the certificate proves: at most lower_bound
    _exact: dict[str, Fraction] = field(repr=False)
    _tree: Tree = field(repr=False)

    @property
    def gap(self) -> float:
        """The difference value - lower_bound, nats, with the value rounded up."""
        return max(rounded_up_by(self.value, 1.0) - self.lower_bound, 0.0)

    def __str__(self) -> str:
        """One line: by how much some coordinate exceeds the point at least, and by how much it need at most."""
        bounds = f"{self.lower_bound:.9g} <= excess <= {self.value:.9g} nats"
        return f"{bounds} over {answers.amounts(self.point)}, gap {self.gap:.2g} ({self.reason})"

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks; its status is "infeasible" where the lower bound is positive."""
        claim = rounded_up_by(self.value, 1.0) + ROUNDING
        status = "certified" if claim - self._proved <= self.tol else "open"
        status = "infeasible" if self._proved > 0 else status
        rows = self.witness["theta_given_type"]
        return build(self.problem, "excess", {"point": rationals(self._exact)}, claim, self._proved, self.tol,
                     status, "cells", rows, self._tree)  # fmt: skip


@result
@dataclass(frozen=True, eq=False, repr=False)
class RuleClassification:
    """A verdict on a claimed point of learning rules.

    verdict    "impossible", "feasible", or "undecided" where the search ended before its bounds decided
    by         nats. impossible: the point stays impossible when all given coordinates are raised by less than this, as
               every rule exceeds one of them by at least this. feasible: the witness is at least this far below every
               given coordinate. undecided: None
    evidence   impossible: the certificate that `verify` checks. feasible: the tables of a witness by name, and its
               R, C, D, S as "point". undecided: the bounds of the "excess" and the "reason"

    A Classification, the verdict for encoders, differs: there `by` is 0 where the point is not impossible, and the
    evidence is an Optimum, an Achieved or None.
    Source: Alemi and Fischer, TherML (2018), (21), (23).

    >>> RuleClassification("impossible", 0.25, {}).by
    0.25
    """

    verdict: str
    by: float | None
    evidence: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        """One line: the verdict and by how much."""
        if self.by is None:
            return f"undecided: {self.evidence.get('reason', 'the search ended')}"
        return f"{self.verdict} by at least {self.by:.6g} nats in every given coordinate"


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


@cache
def compile_capped() -> None:
    """Solve a problem of one letter, so that the kernels are compiled before a time limit starts to run."""
    one = LearningRuleProblem([1], [[1]], [[[1]]], 1, [[[1]]])
    for caps in (_Caps(one, "C", {"R": 1.0}, 1.0), _Caps(one, None, {"R": 1.0}, 1.0)):
        caps.begin()
        caps.run(1, math.inf)


def minimize_capped(
    problem: LearningRuleProblem,
    minimise: str,
    caps: Mapping[str, Any],
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
) -> CappedOptimum:
    """The least of one functional over the rules that keep caps on others, with a proved lower bound: the program (21).

    problem      a LearningRuleProblem
    minimise     the functional: "R", "C", "D" or "S"
    caps         caps on others by name, nats; floats (their exact values) or rationals; may be empty
    tol          nats: the gap that counts as closed
    max_cells    how many cells each search may make
    time_limit   seconds of the search, compilation not counted

    Returns a CappedOptimum.
    Errors: TypeError for another problem, another letter, or a cap on the functional that is minimised; ValueError for
    a cap that is no finite number, and for a tol, max_cells or time_limit out of range.
    Source: Alemi and Fischer, TherML (2018), (21).

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> c = minimize_capped(p, "C", {"R": 0.3})
    >>> c.status, float(round(c.value, 3)), bool(c.gap <= c.tol), c.point["R"] <= 0.3
    ('certified', 0.627, True, True)
    """
    _check(problem, tol, max_cells, time_limit)
    if minimise not in NAMES:
        raise TypeError(f"minimise is {minimise!r}; it is one of R, C, D, S")
    exact = _read(caps, "caps")
    if minimise in exact:
        raise TypeError(f"caps has {minimise}, which is minimised; cap the others")
    compile_capped()
    deadline = time.monotonic() + time_limit
    floats = {name: _rounded_down(v) for name, v in exact.items()}
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


def excess(
    problem: LearningRuleProblem,
    point: Mapping[str, Any],
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
    enough: float = -math.inf,
) -> Excess:
    """The least over rules of the largest F_i - point_i: by how much every rule misses a point, or some rule beats it.

    problem      a LearningRuleProblem
    point        coordinates by name (R, C, D, S), nats, one at least; those left out are free
    tol          nats: the gap that counts as closed
    max_cells    how many cells the search may make
    time_limit   seconds of the search, compilation not counted
    enough       nats: the search stops once a rule has an excess of at most this

    Returns an Excess.
    Errors: TypeError for another problem or another letter; ValueError for an empty point, a coordinate that is no
    finite number, and for a tol, max_cells or time_limit out of range.

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> e = excess(p, {"R": 0.7, "C": 0.7})
    >>> e.value < 0, e.reached["R"] < 0.7, e.reached["C"] < 0.7
    (True, True, True)
    """
    _check(problem, tol, max_cells, time_limit)
    exact = _read(point, "point")
    if not exact:
        raise ValueError("point is empty; give at least one of R, C, D, S")
    floats = {name: float(v) for name, v in exact.items()}
    compile_capped()
    deadline = time.monotonic() + time_limit
    caps = _Caps(problem, None, floats, tol)
    caps.begin()
    return _excess(caps, problem, exact, caps.run(max_cells, deadline, enough), enough)


def _excess(
    caps: _Caps, problem: LearningRuleProblem, exact: dict[str, Fraction], tree: Tree, enough: float = -math.inf
) -> Excess:
    """The result of a search for the excess over the exact point."""
    reached, witness = problem.evaluate(caps.rule)
    point = caps.limits
    value = max(reached[name] - point[name] for name in point)
    proved = tree.lower
    least = max(proved, *(-limit for limit in point.values()))
    reason = why(rounded_up_by(value, 1.0) + ROUNDING - proved <= caps.tol, tree)
    reason = "decided" if reason == "rounding" and value <= enough else reason
    return Excess(
        problem, point, value, least, caps.tol, reached, witness, len(tree.nodes), reason, proved, exact, tree
    )


def classify_rule(
    problem: LearningRuleProblem,
    R: Any = None,
    C: Any = None,
    D: Any = None,
    S: Any = None,
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
) -> RuleClassification:
    """Decide whether some rule has at most the given functionals, by the sign of the excess over the point.

    problem      a LearningRuleProblem
    R, C, D, S   coordinates in nats, one at least; those left out are free
    tol          nats: how tightly the excess is bracketed before the search gives up
    max_cells    how many cells the search may make
    time_limit   seconds of the search, compilation not counted

    Returns a RuleClassification. The cells also decide points that no half-space decides, as the set of all
    (R, C, D, S) is not convex. A coordinate that is met within 1e-12 nats counts as met.
    Errors: those of `excess`.
    Source: Alemi and Fischer, TherML (2018), (21), (23).

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> found = classify_rule(p, R=0.2, C=0.2)
    >>> found.verdict, float(round(found.by, 3))
    ('impossible', 0.317)
    """
    point = {name: v for name, v in (("R", R), ("C", C), ("D", D), ("S", S)) if v is not None}
    found = excess(problem, point, tol, max_cells, time_limit, ROUNDING)
    if found._proved > 0:
        return RuleClassification("impossible", found._proved, found.certificate)
    if found.value <= ROUNDING:
        return RuleClassification("feasible", max(-found.value, 0.0), {**found.witness, "point": found.reached})
    return RuleClassification("undecided", None, {"excess": (found.lower_bound, found.value), "reason": found.reason})


def _check(problem: Any, tol: Any, max_cells: Any, time_limit: Any) -> Budget:
    """The checked budget; TypeError for another problem."""
    if getattr(problem, "kind", None) != LearningRuleProblem.kind:
        raise TypeError(f"problem is a {type(problem).__name__}; give a LearningRuleProblem")
    return Budget.read(tol, max_cells, time_limit)


def _rounded_down(cap: Fraction) -> float:
    """The largest float that is at most the cap, so that a cap below 0 stays below 0."""
    near = float(cap)
    return near if near <= cap else math.nextafter(near, -math.inf)


def _read(values: Mapping[str, Any], name: str) -> dict[str, Fraction]:
    """Caps or coordinates as exact numbers, by name."""
    check_type(values, Mapping, name, "numbers of nats by the functional's letter, such as {'R': 0.2}")
    exact = {}
    for letter, value in values.items():
        if letter not in NAMES:
            raise TypeError(f"{name} has {letter!r}; the functionals are R, C, D, S")
        try:
            exact[letter] = Fraction(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{name}[{letter!r}] is {value!r}; it is a finite number of nats") from None
    return exact
