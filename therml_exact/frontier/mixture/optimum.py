"""A two-sided optimum: the witness's tables and their functionals, the lower bound, the certificate (nats).

    value >= min >= lower_bound,     certified: value - lower_bound <= tol

`value` is that of the witness, computed from its tables; `lower_bound` is Lindsay's (mixture.py), in floats with a
margin for their rounding, and `verify` proves it in ball arithmetic from the certificate.

At rho = 0 no code costs anything: Z = (X, Theta) is optimal, with value gamma H(Y|X,Theta). beta = inf is U alone:
every type has a Theta of its own.

Shapes: encoders z_given_x[x, z] or z_given_x_theta[x, theta, z]; z[z], x_given_z[z, x], y_given_z[z, y];
theta_given_type[type, theta], types[type, letter]. Rows of letters of probability 0 hold the marginal.
No error is raised here.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Reason
from therml_exact.frontier.mixture.certificate import build
from therml_exact.frontier.mixture.solve import Solution
from therml_exact.frontier.mixture.tables import SLACK
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.rounding import rounded_up, status
from therml_exact.numbers.tables import freeze

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Optimum:
    """A two-sided optimum in nats; `witness` are the tables that achieve `value`, `point` their functionals.

    encoder is p(z|x,theta)[x, theta, z] or p(theta|type)[type, theta], idle codes included.
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

    @property
    def gap(self) -> float:
        """Value - lower_bound, what rounding may have added to the value included."""
        return max(rounded_up(self.value, self._exact) - self.lower_bound, 0.0)

    @property
    def status(self) -> str:
        """Whether it is "certified" (the gap is within the tolerance) or "open"."""
        return status(self.value, self.lower_bound, self.tol, self._exact)

    @property
    def reason(self) -> Reason:
        """Why the search stopped: "closed" if certified; else "cells", "time", or "rounding" (take a larger tol)."""
        if self.status == "certified":
            return "closed"
        stopped = [s.stopped for s in self._solutions if s.stopped != "closed"]
        return stopped[0] if stopped else "rounding"

    @cached_property
    def witness(self) -> dict[str, Array]:
        """The tables that achieve `value`."""
        tables = self.problem.tables(self.encoder.copy())[1]
        return {name: freeze(np.array(table)) for name, table in tables.items()}

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks, built when asked for."""
        return build(self.problem, self._exact, self._solutions, self.value, self.lower_bound, self.tol)


def unsearched(problem: Problem, exact: dict[str, Any], tol: float) -> Optimum:
    """The optimum where it is known without a search: rho = 0, or beta = inf."""
    encoder = problem.unsearched_table(exact)
    point, _ = problem.tables(encoder.copy())
    floats = {name: float(m) for name, m in exact.items()}
    value = weighed(problem, floats, point)
    lower = value - SLACK * (abs(value) + 1 + problem.unsearched_size(exact))
    return Optimum(problem, floats, value, lower, tol, point, encoder, exact, ())


def weighed(problem: Problem, multipliers: dict[str, float], point: dict[str, float]) -> float:
    """The objective at a point."""
    weights = zip(problem.weights(multipliers), problem.functionals, strict=True)
    return math.fsum(w * point[name] for w, name in weights)
