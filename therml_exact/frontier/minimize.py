"""minimize: a certified optimum of rho R + delta D + gamma C, or of S + beta U (nats).

    value >= min >= lower_bound,     certified: value - lower_bound <= tol

`value` is that of the witness, computed from its tables; `lower_bound` is Lindsay's (mixture.py), in floats with a
margin for their rounding, and `verify` proves it in ball arithmetic from the certificate.

At rho = 0 no code costs anything: Z = (X, Theta) is optimal, with value gamma H(Y|X,Theta).

Shapes: encoders z_given_x[x, z] or z_given_x_theta[x, theta, z]; z[z], x_given_z[z, x], y_given_z[z, y];
theta_given_type[type, theta], types[type, letter]. Rows of letters of probability 0 hold the marginal.
Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
Source: Alemi and Fischer, TherML (2018), equation (22), App. B, C, H.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, overload

import numpy as np

from therml_exact.frontier.certificate import build, status
from therml_exact.frontier.learning_rule import LearningRuleProblem
from therml_exact.frontier.mixture import Tables
from therml_exact.frontier.problems import BayesProblem, EncoderProblem, Plan, Problem, read_multipliers
from therml_exact.frontier.rule_optimum import RuleOptimum, minimize_rule
from therml_exact.frontier.solve import SLACK, Solution, solve

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Optimum:
    """A two-sided optimum in nats; `witness` are the tables that achieve `value`, `point` their functionals."""

    problem: Problem
    multipliers: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    point: dict[str, float]
    witness: dict[str, Array]
    _exact: dict[str, Fraction] = field(repr=False)
    _solutions: tuple[Solution, ...] = field(repr=False)

    @property
    def gap(self) -> float:
        """Value - lower_bound, and 0 where rounding would make it negative."""
        return max(self.value - self.lower_bound, 0.0)

    @property
    def status(self) -> str:
        """Whether it is "certified" (the gap is within the tolerance) or "open"."""
        return status(self.value, self.lower_bound, self.tol, self._exact)

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify` checks, built when asked for."""
        return build(self.problem, self._exact, self._solutions, self.value, self.lower_bound, self.tol)


@overload
def minimize(problem: Problem, gamma: Any = 0, delta: Any = 0, sigma: Any = 0, beta: Any = 0, rho: Any = 1,
             tol: float = 1e-9, max_cells: int = 2_000_000, time_limit: float = 60.0) -> Optimum: ...  # fmt: skip


@overload
def minimize(problem: LearningRuleProblem, gamma: Any = 0, delta: Any = 0, sigma: Any = 0, beta: Any = 0, rho: Any = 1,
             tol: float = 1e-9, max_cells: int = 2_000_000, time_limit: float = 60.0) -> RuleOptimum: ...  # fmt: skip


def minimize(
    problem: Problem | LearningRuleProblem,
    gamma: Any = 0,
    delta: Any = 0,
    sigma: Any = 0,
    beta: Any = 0,
    rho: Any = 1,
    tol: float = 1e-9,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
) -> Optimum | RuleOptimum:
    """The least rho R + delta D + gamma C (+ sigma S for a LearningRuleProblem) or S + beta U, two-sided."""
    if not isinstance(problem, Problem | LearningRuleProblem):
        raise TypeError(
            f"problem is a {type(problem).__name__}; give an EncoderProblem, BayesProblem or another problem"
        )
    if not (tol > 0 and math.isfinite(tol)):
        raise ValueError(f"tol is {tol!r}; a tolerance is a positive number of nats")
    if max_cells < 1 or not time_limit > 0:
        raise ValueError(f"max_cells is {max_cells!r} and time_limit {time_limit!r}; both are positive")
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "beta": beta, "rho": rho}
    exact = read_multipliers(problem, given)
    if isinstance(problem, LearningRuleProblem):
        return minimize_rule(problem, exact, tol, max_cells, time_limit)
    floats = {name: float(value) for name, value in exact.items()}
    deadline = time.monotonic() + time_limit
    if isinstance(problem, EncoderProblem):
        if exact["rho"] == 0:
            return _hard(problem, exact, floats, tol)
        plan = problem.plan(**exact)
    else:
        plan = problem.plan(**exact)
    total = float(plan.scale * sum(part.share for part in plan.parts))
    solutions = [solve(Tables(part.mixture), min(tol / total, 1.0), max_cells, deadline) for part in plan.parts]
    lower, size = _bound(plan, [s.lower_bound for s in solutions])
    lower -= SLACK * size
    if isinstance(problem, EncoderProblem):
        point, witness = _encoder(problem, plan, solutions)
        value = math.fsum(floats[m] * point[f] for m, f in (("rho", "R"), ("delta", "D"), ("gamma", "C")))
    else:
        point, witness = _samples(problem, plan, solutions[0])
        value = point["S"] + floats["beta"] * point["U"]
    return Optimum(problem, floats, value, lower, tol, point, witness, exact, tuple(solutions))


def _bound(plan: Plan, values: list[float]) -> tuple[float, float]:
    """Scale (kappa H + sum share L), and the sum of its terms' absolute values."""
    entropy = -math.fsum(float(m) * math.log(m) for m in plan.masses)
    terms = [float(plan.kappa) * entropy, *(float(p.share) * v for p, v in zip(plan.parts, values, strict=True))]
    scale = float(plan.scale)
    return scale * math.fsum(terms), scale * math.fsum(abs(t) for t in terms)


def _posteriors(plan: Plan, solutions: list[Solution], letters: int) -> Array:
    """p(z|letter) of the original letters, codes of all parts side by side; rows of letters that do not occur are 0."""
    encoder = np.zeros((letters, sum(len(s.weights) for s in solutions)))
    at = 0
    for part, solution in zip(plan.parts, solutions, strict=True):
        width = len(solution.weights)
        for w, members in enumerate(part.members):
            encoder[list(members), at : at + width] = solution.posterior[w]
        at += width
    return encoder


def _encoder(
    problem: EncoderProblem, plan: Plan, solutions: list[Solution]
) -> tuple[dict[str, float], dict[str, Array]]:
    cells = problem.cells.astype(float)
    nx, ntheta, _ = cells.shape
    return encoder_tables(problem, _posteriors(plan, solutions, nx * ntheta).reshape(nx, ntheta, -1))


def encoder_tables(problem: EncoderProblem, encoder: Array) -> tuple[dict[str, float], dict[str, Array]]:
    """R = I(Z;X,Theta), D = H(X|Z), C = H(Y|Z) of an encoder [x, theta, z], and its tables without idle codes."""
    cells = problem.cells.astype(float)
    p = cells.sum(axis=2)
    z = np.tensordot(p, encoder, axes=2)
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


def _samples(problem: Problem, plan: Plan, solution: Solution) -> tuple[dict[str, float], dict[str, Array]]:
    assert not isinstance(problem, EncoderProblem)
    counts = np.array([c for c, _ in problem.types])
    p = np.array([float(m) for _, m in problem.types])
    given = _posteriors(plan, [solution], len(p))
    theta = p @ given
    given, theta = given[:, theta > 0], theta[theta > 0]
    reached = (given * p[:, None]).T @ counts
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


def _hard(problem: EncoderProblem, exact: dict[str, Fraction], floats: dict[str, float], tol: float) -> Optimum:
    cells = problem.cells
    nx, ntheta, _ = cells.shape
    point, witness = encoder_tables(problem, np.eye(nx * ntheta).reshape(nx, ntheta, -1))
    value = floats["gamma"] * point["C"] + floats["delta"] * point["D"]
    return Optimum(problem, floats, value, value - SLACK * (abs(value) + 1), tol, point, witness, exact, ())
