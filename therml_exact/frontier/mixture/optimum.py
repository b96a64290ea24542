"""A two-sided optimum: the witness's tables and their functionals, the lower bound, the certificate (nats).

    value >= min >= lower_bound,     certified: value - lower_bound <= tol

`value` is the objective at the witness, computed from its tables. `lower_bound` is Lindsay's (tables.py), in floats
with a margin for their rounding; `verify` proves it in ball arithmetic from the certificate.

At rho = 0 no code costs anything: Z = (X, Theta) is optimal, with value gamma H(Y|X,Theta). At beta = inf only U
counts: every type has a Theta of its own.

Shapes: encoders z_given_x[x, z] or z_given_x_theta[x, theta, z]; z[z], x_given_z[z, x], y_given_z[z, y];
theta_given_type[type, theta], types[type, letter]. Rows of letters of probability 0 hold the marginal.
No error is raised here.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier import answers
from therml_exact.frontier.budget import Reason
from therml_exact.frontier.mixture.certificate import build
from therml_exact.frontier.mixture.solve import Solution
from therml_exact.frontier.mixture.tables import SLACK
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.rounding import rounded_up
from therml_exact.numbers.tables import freeze
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, Any]
WIDE = 1e-2  # nats: a tolerance that a user would want to see


@result
@dataclass(frozen=True, eq=False, repr=False)
class Optimum:
    """A two-sided optimum of an encoder, Bayes or discriminative problem; all informations are in nats.

    problem        the problem
    multipliers    its multipliers by name, as floats
    value          what the witness achieves: an upper bound of the minimum
    lower_bound    a proven lower bound of the minimum
    tol            the gap, in nats, up to which the optimum counts as certified: the larger of what was asked for and
                   of the share rtol of the value
    point          the functionals of the witness by name: R, C, D, or S, U
    encoder        p(z|x,theta) [x, theta, z], or p(theta|type) [type, theta], with codes of mass 0 included

    `witness` has the tables that achieve `value`, without codes of mass 0.

    >>> import therml_exact as tx
    >>> optimum = tx.minimize(tx.EncoderProblem(tx.Joint([["1/2", 0], [0, "1/2"]], ("X", "Y"))), rho=0, gamma=1)
    >>> optimum.status, optimum.value, sorted(optimum.witness)
    ('certified', 0.0, ['x_given_z', 'y_given_z', 'z', 'z_given_x'])
    """

    problem: Problem
    multipliers: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    point: dict[str, float]
    encoder: Array = field(repr=False)
    _exact: dict[str, Any] = field(repr=False)
    _solutions: tuple[Solution, ...] = field(repr=False)
    _proved: float | None = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        """The difference value - lower_bound in nats, at least 0, with the value rounded up."""
        return max(self._claim - self.lower_bound, 0.0)

    @property
    def _claim(self) -> float:
        """The value that the certificate claims: rounded up, unless balls have proved a lower one."""
        return rounded_up(self.value, self._exact) if self._proved is None else self._proved

    @property
    def status(self) -> str:
        """The text "certified" if the gap is within the tolerance, else "open"."""
        return "certified" if self._claim - self.lower_bound <= self.tol else "open"

    @cached_property
    def reason(self) -> Reason:
        """Why the search stopped, and with it the remedy if the status is "open".

        "closed" says that the gap is closed; "cells" and "time" that a larger max_cells or time_limit is needed;
        "rounding" that floats cannot do better, so that only a larger tol is certified.
        """
        if self.status == "certified":
            return "closed"
        stopped = [s.stopped for s in self._solutions if s.stopped != "closed"]
        return stopped[0] if stopped else "rounding"

    @property
    def bound_by(self) -> str:
        """Which bounds make up the lower bound: a search over cells or boxes, or what closed_form.py and coarse.py say.

        It is empty where nothing is searched.
        """
        return ", ".join(dict.fromkeys(s.bound_by for s in self._solutions))

    def __str__(self) -> str:
        """One line: the bounds, the point, and where it is open why, what would help, and which bound holds."""
        held = f"; lower bound by {self.bound_by}" if self.status == "open" and self.bound_by else ""
        wide = f"; the tolerance is {self.tol:.2g} nats" if self.tol > WIDE else ""
        return answers.line(self) + held + wide

    def _repr_html_(self) -> str:
        return answers.html(self, self.multipliers)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the table that achieves the value: p(z|x), p(z|x,theta) or p(theta|type), a row for each condition.

        ax: axes of Matplotlib; None: a new figure. Returns the axes. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes
        from therml_exact.figures.tables import draw_conditional

        kept = self.encoder.sum(axis=tuple(range(self.encoder.ndim - 1))) > 0
        table = self.encoder[..., kept].reshape(-1, int(kept.sum()))
        rows, across, down = self.problem.conditions()
        title = str(self).replace("; ", "\n")
        return draw_conditional(table, rows, across, down, title, shown_axes() if ax is None else ax)

    @cached_property
    def witness(self) -> dict[str, Array]:
        """The tables by name that achieve `value`, read-only, without codes of mass 0."""
        tables = self.problem.tables(self.encoder.copy())[1]
        return {name: freeze(np.array(table)) for name, table in tables.items()}

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """The certificate: plain data that `verify` checks, built when it is first asked for."""
        return build(self.problem, self._exact, self._solutions, self._claim, self.lower_bound, self.tol)

    def in_balls(self) -> Optimum:
        """Return the optimum with both bounds from ball arithmetic, which is for bounds in closed form.

        Where a multiplier is huge and the functional beside it is 0, floats must allow for more than the tolerance.
        """
        from therml_exact.frontier.mixture.check import enclosures
        from therml_exact.numbers.balls import precision, rounded
        from therml_exact.verification import BITS, Clock

        with precision(BITS):
            value, lower = enclosures(self.problem, self._exact, self.certificate["parts"], Clock(None))
            high, low = rounded(value, True), rounded(lower, False)
        return replace(self, lower_bound=max(low, self.lower_bound), _proved=min(high, self._claim))


def unsearched(problem: Problem, exact: dict[str, Any], tol: float) -> Optimum:
    """Return the optimum where it is known without a search, at rho = 0 or beta = inf; `exact` has the multipliers."""
    encoder = problem.unsearched_table(exact)
    point, _ = problem.tables(encoder.copy())
    floats = {name: float(m) for name, m in exact.items()}
    value = weighed(problem, floats, point)
    lower = value - SLACK * (abs(value) + 1 + problem.unsearched_size(exact))
    return Optimum(problem, floats, value, lower, tol, point, encoder, exact, ())


def weighed(problem: Problem, multipliers: dict[str, float], point: dict[str, float]) -> float:
    """Return the objective in nats at a point, the weighted sum of its functionals.

    >>> import therml_exact as tx
    >>> weighed(tx.BayesProblem([1], [["1/2", "1/2"]], 1), {"beta": 2.0}, {"S": 0.5, "U": 0.25})
    1.0
    """
    weights = zip(problem.weights(multipliers), problem.functionals, strict=True)
    return math.fsum(w * point[name] for w, name in weights)
