"""The two-sided optimum of a joint problem (nats).

value (of the witness's tables)  >=  min  >=  lower_bound
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from therml_exact.frontier import answers
from therml_exact.frontier.budget import reason_of
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.functionals import functionals_in_balls, objective_of
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.tables import read_table, write_table
from therml_exact.numbers.balls import precision, rounded, settled
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact, read_hexadecimal
from therml_exact.predictive import LearnedInformation, learned_information
from therml_exact.results import result
from therml_exact.verification import BITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@result
@dataclass(frozen=True, eq=False, repr=False)
class JointOptimum:
    """A two-sided optimum of a joint problem: rule, encoder and q's all free. Informations are in nats.

    problem       the problem
    multipliers   those of R, C, D, S, by the names rho, gamma, delta, sigma; no unit
    value         what the witness achieves, rounded up: an upper bound of the minimum
    lower_bound   a proven lower bound of the minimum, the largest of `bounds`
    tol           the gap up to which the optimum counts as certified
    point         R, D, C, S of the witness by name
    rule          p(theta|type) of the witness, [type, theta], types in the problem's order
    encoder       p(z|x,theta) of the witness, [x, theta, z]
    bounds        all lower bounds that were found, by kind: "cells", or relaxations' where theta_size is given
    reason        "closed" where the gap is within tol; else what ended the search: "cells" (max_cells), "time"
                  (time_limit), "rounding" (tol is below what floats tell), or "bounds" (theta_size is given, and no
                  search closes what is left)
    cells         how many cells of m were met

    `witness` has these tables and their best q's by name; `certificate` is what `verify` checks.
    Source: Alemi and Fischer, TherML (2018), (21), (22).

    >>> import therml_exact as tx
    >>> p = tx.JointProblem([1], [[1]], [[["1/2", "1/2"]]], 1, z_size=1)  # one code says nothing
    >>> o = tx.minimize(p, gamma=2)
    >>> o.status, round(o.value, 4), o.rule.shape, o.encoder.shape
    ('certified', 1.3863, (2, 1), (1, 1, 1))
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
    def _proved(self) -> float:
        """What the certificate proves from below."""
        return self.lower_bound

    @property
    def _claim(self) -> float:
        """What it claims from above: the value is rounded up already."""
        return self.value

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
    def learned(self) -> LearnedInformation:
        """What the rule takes from the data: I(Theta;data), I(Theta;Phi) and I_pred(N), in nats."""
        p, rows = self.problem, {counts: k for k, (counts, _) in enumerate(self.problem.types)}

        def rule(counts: Array) -> Array:  # a type of probability 0 has any row
            return self.rule[[rows.get(tuple(row), 0) for row in counts.reshape(len(counts), -1).tolist()]]

        return learned_information(p.phi, p.x_given_phi, p.y_given_x_phi, p.n, rule)

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

    @classmethod
    def read(cls, problem: JointProblem, content: Mapping[str, Any], reason: Any = None) -> JointOptimum:
        """The optimum from its certificate, and why its search ended; nothing is verified here.

        `cells` is the number of nodes of the certificate's tree, and `bounds` has the bound that it proves.
        """
        names = ("rho", "gamma", "delta", "sigma")
        exact = {name: read_exact(content["multipliers"][name]) for name in names}
        rule, encoder = (np.asarray(read_table(content[name]), dtype=float) for name in ("rule", "encoder"))
        value, lower, tol = (read_hexadecimal(content[name]) for name in ("value", "lower_bound", "tol"))
        header = {name: content[name] for name in ("format", "version") if name in content}
        bound = content["bound"]
        return cls(
            problem, {name: float(m) for name, m in exact.items()}, value, lower, tol,
            point_of(reached(problem, rule, encoder)), rule, encoder, {str(bound["kind"]): lower},
            reason_of(content["status"], reason), len(bound.get("tree", "")), exact, header, lambda: bound,
        )  # fmt: skip

    def with_witness(self, other: JointOptimum) -> JointOptimum:
        """The same optimum with the tables of another one, whatever their value is."""
        value = value_at(reached(self.problem, other.rule, other.encoder), self._exact)
        lower = min(self.lower_bound, value)
        closed = Fraction(value) - Fraction(lower) <= Fraction(self.tol)
        return replace(self, value=value, lower_bound=lower, point=dict(other.point), rule=other.rule,
                       encoder=other.encoder, reason="closed" if closed else self.reason)  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rule p(theta|type), a row for each type, named by its counts of (x, y).

        ax: axes of Matplotlib; None: a new figure. Returns the axes. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes
        from therml_exact.figures.tables import draw_conditional

        rows = [" ".join(map(str, counts)) for counts, _ in self.problem.types]
        title = str(self).replace("; ", "\n")
        return draw_conditional(self.rule, rows, "theta", "type", title, shown_axes() if ax is None else ax)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy holds: the proof itself in place of the function that makes it."""
        return {**vars(self), "_proof": partial(dict, self._proof())}

    def __str__(self) -> str:
        """One line: the bounds, the point, and where it is open why, and what would help."""
        return answers.line(self)

    def _repr_html_(self) -> str:
        return answers.html(self, self.multipliers)


def reached(problem: JointProblem, rule: Array, encoder: Array) -> dict[str, arb]:
    """R, D, C, S of tables, in balls; they may use more thetas than theta_size."""
    free = JointProblem(problem.phi, problem.x_given_phi, problem.y_given_x_phi, problem.n, None, problem.z_size)
    free.__dict__["types"] = problem.types  # known already
    with precision(BITS):
        return settled(functionals_in_balls, free, rule, encoder)


def value_at(balls: Mapping[str, arb], at: Mapping[str, Fraction]) -> float:
    """The value of tables that reach these functionals, rounded up."""
    with precision(BITS):
        return rounded(objective_of(balls, at), up=True)


def point_of(balls: Mapping[str, arb]) -> dict[str, float]:
    """R, D, C, S as floats."""
    return {name: max(float(amount.mid()), 0.0) for name, amount in balls.items()}
