"""minimize_joint: a two-sided optimum of a JointProblem (nats).

    value (of the witness's tables)  >=  min  >=  lower_bound (the best of joint_below.py's)

The gap is closed at sigma = 0 where z_size suffices (by branch and bound over rules where theta_size is small), at
theta_size = 1, where sigma is so large that a constant Theta is best, and where Shannon's bound is achieved. Between it
may stay open, and the status says so; the minimum is concave in sigma, so that chords between bounds help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, ctx

from therml_exact.frontier import joint_above
from therml_exact.frontier.certificate import digest
from therml_exact.frontier.joint_below import Bound, bounds, partitioned
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.joint_verify import (
    FORMAT,
    VERSION,
    bound_in_balls,
    functionals_in_balls,
    objective_of,
    relaxation,
    rounded,
)
from therml_exact.frontier.minimize import minimize
from therml_exact.numbers.tables import Array
from therml_exact.verification import BITS

SEED = 20180711
_OTHERS = tuple(Fraction(2) ** k for k in (-2, -1, 1, 2, 3))  # sigmas near one whose gap is open


@dataclass(frozen=True, eq=False)
class JointOptimum:
    """A two-sided optimum in nats; `witness` are the tables that achieve `value`, `point` their R, D, C, S.

    bounds are all lower bounds found, by kind (joint_verify.py); lower_bound is the largest.
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
    _exact: dict[str, Fraction] = field(repr=False)
    _bound: Bound = field(repr=False)

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
        return joint_above.witness(self.problem, self.rule, self.encoder)

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data that `verify_joint` checks."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "problem": self.problem.describe(),
            "multipliers": {name: str(m) for name, m in sorted(self._exact.items())},
            "value": self.value.hex(),
            "lower_bound": self.lower_bound.hex(),
            "tol": float(self.tol).hex(),
            "status": self.status,
            "rule": _plain(self.rule),
            "encoder": _plain(self.encoder),
            "bound": dict(self._bound.content),
        }
        return {**content, "sha256": digest(content)}

    def __str__(self) -> str:
        amounts = ", ".join(f"{name} = {value:.6g}" for name, value in self.point.items())
        return f"{self.lower_bound:.9g} <= min <= {self.value:.9g} nats ({self.status}; {amounts})"


def minimize_joint(
    problem: JointProblem, at: Mapping[str, Fraction], tol: float, max_cells: int, time_limit: float
) -> JointOptimum:
    """The optimum between what alternation finds and the best lower bound; time_limit is that of each relaxation."""
    if not (tol > 0 and math.isfinite(tol)):
        raise ValueError(f"tol is {tol!r}; a tolerance is a positive number of nats")
    floats = {name: float(m) for name, m in at.items()}
    found = {bound.kind: bound for bound in bounds(problem, at, tol, max_cells, time_limit)}
    best = max(found.values(), key=lambda bound: bound.lower_bound)
    starts = _encoders(problem, at, found, tol, max_cells, time_limit)
    rule, encoder, balls, value = _above(problem, at, starts)
    if at["sigma"] == 0 and 1 < problem.theta_size < len(problem.types) and value - best.lower_bound > tol:
        bound, by_type = partitioned(problem, at, value, tol, max_cells, time_limit)
        found[bound.kind] = bound
        best = max(best, bound, key=lambda bound: bound.lower_bound)
        rule, encoder, balls, value = _above(problem, at, [*starts, by_type])
    if at["sigma"] and value - best.lower_bound > tol:
        bound = _chord(problem, at, best, tol, max_cells, time_limit)
        found[bound.kind] = bound
        best = max(best, bound, key=lambda bound: bound.lower_bound)
    point = {name: max(float(amount.mid()), 0.0) for name, amount in balls.items()}
    lowers = {kind: bound.lower_bound for kind, bound in found.items()}
    return JointOptimum(problem, floats, value, best.lower_bound, tol, point, rule, encoder, lowers, dict(at), best)


def _chord(
    problem: JointProblem, at: Mapping[str, Fraction], here: Bound, tol: float, max_cells: int, time_limit: float
) -> Bound:
    """The best bound at sigma of a chord between bounds at smaller and at larger ones."""
    sigma = at["sigma"]
    without = minimize_joint(problem, {**at, "sigma": Fraction(0)}, tol, max_cells, time_limit)
    known = {sigma: here, Fraction(0): without._bound}
    for k in _OTHERS:
        other = bounds(problem, {**at, "sigma": sigma * k}, tol, max_cells, time_limit)
        known[sigma * k] = max(other, key=lambda bound: bound.lower_bound)

    def weight(low: Fraction, high: Fraction) -> Fraction:
        return (sigma - low) / (high - low)

    def height(pair: tuple[Fraction, Fraction]) -> float:
        w = float(weight(*pair))
        return (1 - w) * known[pair[0]].lower_bound + w * known[pair[1]].lower_bound

    pairs = [(low, high) for low in known for high in known if low < sigma <= high]
    low, high = max(pairs, key=height)
    w = weight(low, high)
    content = {
        "kind": "chord",
        "parts": [
            {"weight": str(v), "sigma": str(s), "bound": dict(known[s].content)} for v, s in ((1 - w, low), (w, high))
        ],
    }
    before, ctx.prec = ctx.prec, BITS
    try:
        return Bound("chord", rounded(bound_in_balls(problem, at, content), up=False), content)
    finally:
        ctx.prec = before


def _above(
    problem: JointProblem, at: Mapping[str, Fraction], starts: list[Array]
) -> tuple[Array, Array, dict[str, arb], float]:
    """The best tables, their functionals and value in balls, rounded up."""
    floats = {name: float(m) for name, m in at.items()}
    rule, encoder = joint_above.pruned(*joint_above.best_tables(problem, floats, starts, SEED), *problem.floats)
    before, ctx.prec = ctx.prec, BITS
    try:
        balls = functionals_in_balls(problem, rule, encoder)
        return rule, encoder, balls, rounded(objective_of(balls, at), up=True)
    finally:
        ctx.prec = before


def _encoders(
    problem: JointProblem,
    at: Mapping[str, Fraction],
    found: Mapping[str, Bound],
    tol: float,
    max_cells: int,
    time_limit: float,
) -> list[Array]:
    """Encoders p(z|x,t) to start from: Z = X, a constant Z, the relaxation's, and the best with a constant Theta."""
    letters, (nx, _) = len(problem.types), problem.shape
    tables = [np.eye(nx)[:, None, :].repeat(letters, axis=1), np.ones((nx, letters, 1))]
    if "types" in found and (optimum := found["types"].optimum) is not None:
        tables.append(optimum.encoder)
    single = JointProblem(problem.phi, problem.x_given_phi, problem.y_given_x_phi, problem.n, 1, problem.z_size)
    relaxed, multipliers, _, _ = relaxation(single, at, "constant")
    optimum = minimize(relaxed, **multipliers, tol=tol, max_cells=max_cells, time_limit=time_limit)
    tables.append(optimum.encoder.reshape(nx, 1, -1).repeat(letters, axis=1))
    return tables


def _plain(table: Array) -> dict[str, Any]:
    return {"shape": list(table.shape), "cells": [float(v).hex() for v in table.reshape(-1).tolist()]}
