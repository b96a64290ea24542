"""The program (21): the least of one functional under caps on others; can a point be reached? (nats)

    minimize_capped    min F_0  subject to  F_i <= cap_i                    F_0, F_i of R, C, D, S
    excess             min over rules of max_i (F_i - point_i)              > 0: impossible, by that much for every rule
    classify_rule      the sign of the excess, as a verdict with evidence

over the rules of a LearningRuleProblem, or the rules and encoders of a JointProblem: the kind of the problem chooses
the solver (rules/caps.py, joint/caps.py). The set of all (R, C, D, S) is not convex in S, so that no multipliers single
out some of its minimal points; cells of m do, each with multipliers of its own.

*The example* (rules/bent.py has the proof for all alphabets): |Phi| = |X| = 1, Y a fair bit, N = 1. (R, C, S) = log 2
times (0, 1, 0) and (1, 0, 1) are achieved, and no rule over any dictionary has R, C, S <= log(2)/2 + 1/80.

Errors: TypeError for letters other than R, C, D, S, ValueError for caps and points that are no finite numbers.
Source: Alemi and Fischer, TherML (2018), (21), (23).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.doors import check_type
from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.numbers.given import Number
from therml_exact.numbers.tables import parse_rational
from therml_exact.results import result

if TYPE_CHECKING:
    from therml_exact.frontier.joint.problem import JointProblem
    from therml_exact.frontier.rules.problem import LearningRuleProblem

Array = np.ndarray[Any, Any]
NAMES = ("R", "C", "D", "S")
ROUNDING = 1e-12  # a point's coordinates are floats: one that is met within this is met
SOLVERS = {
    "learning rule": ("therml_exact.frontier.rules.caps", "minimize_capped_rules", "excess_of_rules"),
    "joint": ("therml_exact.frontier.joint.caps", "minimize_capped_free", "excess_of_free"),
}


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
    witness       its tables by name, as of a RuleOptimum or JointOptimum; empty where value is inf
    cells         how many nodes the trees have
    certificate   plain data that `verify` checks

    `gap` is value - lower_bound with the value rounded up, and 0 where the caps are infeasible.
    Source: Alemi and Fischer, TherML (2018), (21).

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> c = minimize_capped(p, "C", {"R": -1})  # no rate is negative
    >>> c.status, c.value, c.gap, c.point
    ('infeasible', inf, 0.0, {})
    """

    problem: LearningRuleProblem | JointProblem
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
    witness       its tables by name, as of a RuleOptimum or JointOptimum
    cells         how many nodes the tree has
    reason        "closed" where the gap is within tol, rounding included; "decided" where the search ended earlier, at
                  a value that was enough; else what ended it: "cells", "time" or "rounding", as for CappedOptimum

    `gap` is value - lower_bound with the value rounded up.

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> e = excess(p, {"R": 0.2, "C": 0.2})
    >>> float(round(e.value, 3)), bool(e.gap <= e.tol), e.certificate["status"]
    (0.317, True, 'infeasible')
    """

    problem: LearningRuleProblem | JointProblem
    point: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    reached: dict[str, float]
    witness: dict[str, Array] = field(repr=False)
    cells: int
    reason: str
    _proved: float = field(repr=False)  # what the certificate proves: at most lower_bound
    _build: Callable[[], dict[str, Any]] = field(repr=False)  # makes the certificate

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
        return self._build()


@result
@dataclass(frozen=True, eq=False, repr=False)
class RuleClassification:
    """A verdict on a claimed point of learning rules; its numbers mean what those of a Classification mean.

    verdict    "impossible", "feasible", or "undecided" where the search ended before its bounds decided
    by         nats: an impossible point stays impossible when all given coordinates are raised by less than this, as
               every rule exceeds one of them by at least this; 0 for other verdicts
    evidence   impossible: the certificate that `verify` checks. feasible: the tables of a witness by name, and its
               R, C, D, S as "point". undecided: the bounds of the "excess" and the "reason"
    distance   (low, high), nats: encloses the least rise of all given coordinates that makes the point achievable; it
               is negative where all of them could even be lowered
    claimed    the given coordinates by name, nats

    The evidence is plain data, where a Classification's is an Optimum or an Achieved.
    Source: Alemi and Fischer, TherML (2018), (21), (23).

    >>> found = RuleClassification("feasible", 0.0, {}, (-0.25, -0.125), {"R": 0.5})
    >>> print(found)
    R = 0.5 (nats): feasible, suboptimal by [0.125, 0.25] nats
    """

    verdict: str
    by: float
    evidence: dict[str, Any] = field(repr=False)
    distance: tuple[float, float]
    claimed: dict[str, float]

    @property
    def suboptimal(self) -> tuple[float, float]:
        """Bounds (low, high), nats, of how far all given coordinates could be lowered at once; (0, 0) if impossible."""
        return max(0.0, -self.distance[1]), max(0.0, -self.distance[0])

    def __str__(self) -> str:
        """One line: the point, the verdict and by how much."""
        return answers.verdict(self)


def minimize_capped(
    problem: LearningRuleProblem | JointProblem,
    minimise: str,
    caps: Mapping[str, Number],
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
) -> CappedOptimum:
    """The least of one functional over the rules that keep caps on others, with a proved lower bound: the program (21).

    problem      a LearningRuleProblem or a JointProblem
    minimise     the functional: "R", "C", "D" or "S"
    caps         caps on others by name, nats; floats (their exact values) or rationals; may be empty
    tol          nats: the gap that counts as closed
    max_cells    how many cells each search may make
    time_limit   seconds of the search, compilation not counted

    Returns a CappedOptimum.
    Errors: TypeError for another problem, another letter, or a cap on the functional that is minimised; ValueError for
    a cap that is no finite number, and for a tol, max_cells or time_limit out of range.
    Source: Alemi and Fischer, TherML (2018), (21).

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> c = minimize_capped(p, "C", {"R": 0.3})
    >>> c.status, float(round(c.value, 3)), bool(c.gap <= c.tol), c.point["R"] <= 0.3
    ('certified', 0.627, True, True)
    """
    budget = Budget.read(tol, max_cells, time_limit)
    solve = _solver(problem, 1)
    if minimise not in NAMES:
        raise TypeError(f"minimise is {minimise!r}; it is one of R, C, D, S")
    exact = _read(caps, "caps")
    if minimise in exact:
        raise TypeError(f"caps has {minimise}, which is minimised; cap the others")
    found: CappedOptimum = solve(problem, minimise, exact, budget)
    return found


def excess(
    problem: LearningRuleProblem | JointProblem,
    point: Mapping[str, Number],
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
    enough: float = -math.inf,
) -> Excess:
    """The least over rules of the largest F_i - point_i: by how much every rule misses a point, or some rule beats it.

    problem      a LearningRuleProblem or a JointProblem
    point        coordinates by name (R, C, D, S), nats, one at least; those left out are free
    tol          nats: the gap that counts as closed
    max_cells    how many cells the search may make
    time_limit   seconds of the search, compilation not counted
    enough       nats: the search stops once a rule has an excess of at most this

    Returns an Excess.
    Errors: TypeError for another problem or another letter; ValueError for an empty point, a coordinate that is no
    finite number, and for a tol, max_cells or time_limit out of range.

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> e = excess(p, {"R": 0.7, "C": 0.7})
    >>> e.value < 0, e.reached["R"] < 0.7, e.reached["C"] < 0.7
    (True, True, True)
    """
    budget = Budget.read(tol, max_cells, time_limit)
    solve = _solver(problem, 2)
    exact = _read(point, "point")
    if not exact:
        raise ValueError("point is empty; give at least one of R, C, D, S")
    found: Excess = solve(problem, exact, budget, enough)
    return found


def classify_rule(
    problem: LearningRuleProblem | JointProblem,
    R: Number | None = None,
    C: Number | None = None,
    D: Number | None = None,
    S: Number | None = None,
    tol: float = 1e-5,
    max_cells: int = 200_000,
    time_limit: float = 60.0,
) -> RuleClassification:
    """Decide whether some rule has at most the given functionals, by the sign of the excess over the point.

    problem      a LearningRuleProblem or a JointProblem
    R, C, D, S   coordinates in nats, one at least; those left out are free
    tol          nats: how tightly the excess is bracketed before the search gives up
    max_cells    how many cells the search may make
    time_limit   seconds of the search, compilation not counted

    Returns a RuleClassification. The cells also decide points that no half-space decides, as the set of all
    (R, C, D, S) is not convex. A coordinate that is met within 1e-12 nats counts as met.
    Errors: those of `excess`.
    Source: Alemi and Fischer, TherML (2018), (21), (23).

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> found = classify_rule(p, R=0.2, C=0.2)
    >>> found.verdict, float(round(found.by, 3))
    ('impossible', 0.317)
    """
    point = {name: v for name, v in (("R", R), ("C", C), ("D", D), ("S", S)) if v is not None}
    found = excess(problem, point, tol, max_cells, time_limit, ROUNDING)
    distance = found.lower_bound, max(found.value, found.lower_bound)
    if found._proved > 0:
        return RuleClassification("impossible", found._proved, found.certificate, distance, found.point)
    if found.value <= ROUNDING:
        witness = {**found.witness, "point": found.reached}
        return RuleClassification("feasible", 0.0, witness, distance, found.point)
    evidence = {"excess": (found.lower_bound, found.value), "reason": found.reason}
    return RuleClassification("undecided", 0.0, evidence, distance, found.point)


def _solver(problem: Any, which: int) -> Any:
    """The solver for this kind of problem; TypeError for another one."""
    kind = getattr(problem, "kind", None)
    if kind not in SOLVERS:
        raise TypeError(f"problem is a {type(problem).__name__}; give a LearningRuleProblem or a JointProblem")
    return getattr(import_module(SOLVERS[kind][0]), SOLVERS[kind][which])


def rounded_down(cap: Fraction) -> float:
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
            plain = value.item() if isinstance(value, np.generic) else value
            exact[letter] = parse_rational(plain, letter) if isinstance(plain, str) else Fraction(plain)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{name}[{letter!r}] is {value!r}; it is a finite number of nats") from None
    return exact
