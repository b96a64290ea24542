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
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.certificate import build, rounded_up, status
from therml_exact.frontier.mixture import SLACK
from therml_exact.frontier.problems import BayesProblem, DiscriminativeProblem, EncoderProblem, Problem
from therml_exact.frontier.solve import Solution
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

    @cached_property
    def witness(self) -> dict[str, Array]:
        """The tables that achieve `value`."""
        if isinstance(self.problem, EncoderProblem):
            tables = encoder_tables(self.problem, self.encoder.copy())[1]
        else:
            tables = sample_tables(self.problem, self.encoder)[1]
        return {name: freeze(np.array(table)) for name, table in tables.items()}

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks, built when asked for."""
        return build(self.problem, self._exact, self._solutions, self.value, self.lower_bound, self.tol)


def encoder_tables(problem: EncoderProblem, encoder: Array) -> tuple[dict[str, float], dict[str, Array]]:
    """R = I(Z;X,Theta), D = H(X|Z), C = H(Y|Z) of an encoder [x, theta, z], and its tables without idle codes."""
    cells = problem.floats
    p = cells.sum(axis=2)
    z = np.einsum("xt,xtz->z", p, encoder)
    encoder, z = encoder[:, :, z > 0], z[z > 0]
    encoder[p == 0] = z
    xz = np.einsum("xt,xtz->zx", p, encoder)
    yz = np.einsum("xty,xtz->zy", cells, encoder)
    point = {
        "R": math.fsum(_kl_terms(p[:, :, None] * encoder, encoder, z)),
        "C": -math.fsum(_kl_terms(yz, yz, z[:, None])),
        "D": -math.fsum(_kl_terms(xz, xz, z[:, None])),
    }
    witness = {"z": z, "x_given_z": xz / z[:, None], "y_given_z": yz / z[:, None]}
    if len(problem.p_xy.axes) == 2:
        witness = {"z_given_x": encoder[:, 0], **witness}
    else:
        witness = {"z_given_x_theta": encoder, **witness}
    return {name: value + 0.0 for name, value in point.items()}, witness


def sample_tables(problem: Problem, given: Array) -> tuple[dict[str, float], dict[str, Array]]:
    """S = I(Theta; data) and U of a rule given[type, theta], and its tables without idle values."""
    assert not isinstance(problem, EncoderProblem)
    counts, p = problem.floats
    theta = np.einsum("w,wz->z", p, given)
    given, theta = given[:, theta > 0], theta[theta > 0]
    reached = np.einsum("w,wz,wj->zj", p, given, counts)
    witness = {"theta": theta, "theta_given_type": given, "types": counts}
    if isinstance(problem, BayesProblem):
        rows = reached / reached.sum(axis=1, keepdims=True)
        witness["x_given_theta"] = rows
    else:
        reached = reached.reshape(len(theta), *problem.shape)
        sums = reached.sum(axis=2, keepdims=True)
        rows = np.where(sums > 0, reached / np.where(sums > 0, sums, 1.0), 1 / reached.shape[2])
        witness["y_given_x_theta"] = rows
    point = {
        "S": math.fsum(_kl_terms(p[:, None] * given, given, theta)),
        "U": -math.fsum((reached * np.log(np.where(reached > 0, rows, 1.0))).ravel()),
    }
    return {name: value + 0.0 for name, value in point.items()}, witness


def _kl_terms(weight: Array, top: Array, bottom: Array) -> list[float]:
    """Weight log(top/bottom), 0 where the weight is 0."""
    bottom = np.broadcast_to(bottom, top.shape)
    used = (weight > 0) & (top > 0)
    return list(weight[used] * (np.log(top[used]) - np.log(bottom[used])))


def hard(problem: Problem, exact: dict[str, Fraction], tol: float) -> Optimum:
    """The optimum at rho = 0."""
    assert isinstance(problem, EncoderProblem)
    nx, ntheta, _ = problem.cells.shape
    letters = np.eye(nx * ntheta)
    if exact["delta"] == 0:  # letters with equal rows need no codes of their own
        (part,) = problem.plan(Fraction(1), Fraction(0), Fraction(1)).parts
        for members in part.members:
            letters[list(members)] = letters[members[0]]
    encoder = letters.reshape(nx, ntheta, -1)
    point, _ = encoder_tables(problem, encoder.copy())
    value = float(exact["gamma"]) * point["C"] + float(exact["delta"]) * point["D"]
    floats = {name: float(m) for name, m in exact.items()}
    lower = value - SLACK * (abs(value) + 1 + floats["gamma"] + floats["delta"])
    return Optimum(problem, floats, value, lower, tol, point, encoder, exact, ())


def memorize(problem: BayesProblem | DiscriminativeProblem, tol: float) -> Optimum:
    """The optimum at beta = inf."""
    encoder = np.eye(len(problem.types))
    point, _ = sample_tables(problem, encoder)
    value = point["U"]
    lower = value - SLACK * (abs(value) + 1 + problem.n)
    return Optimum(problem, {"beta": math.inf}, value, lower, tol, point, encoder, {"beta": math.inf}, ())
