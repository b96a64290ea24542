"""Local descents of all five distributions in turn, for the search of jumps (nats).

Errors: none.
Source: Alemi and Fischer, TherML (2018), (24), (26).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.above import descend
from therml_exact.frontier.joint.cuts import Cut, solve
from therml_exact.frontier.joint.instance import domain_of, instance
from therml_exact.frontier.joint.minimize import minimize_cells, start
from therml_exact.frontier.joint.optimum import JointOptimum
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning.jump import Known
from therml_exact.numbers.tables import Array

STARTS = 8  # pseudo-random places of m
SEED = 20180711
_TOL = 1e-12  # nats: of the inner problems

Start = tuple[Array, Array]  # a place m, and encoders[a, x, z] from which its dictionary is sought


class FreeDescents:
    """Descents from places of m; learning/jump.py says what each method is for."""

    inside = 1e-6

    def __init__(self, problem: JointProblem, at: Mapping[str, Fraction]) -> None:
        if problem.theta_size is not None:
            raise ValueError(f"theta_size is {problem.theta_size}; jumps are sought where it is None, without a limit")
        self.problem, self.inst = problem, instance(problem, at)
        self.points = np.array([[float(v) for v in point] for point in domain_of(problem, at).points])

    def gaps(self, fall: float, reach: float) -> tuple[float, float]:
        """At the ends only the value counts; in the middle a fiftieth of what S gains on the way."""
        return self.inside, min(max(0.02 * fall * reach, 1e-10), self.inside)

    def starts(self) -> Iterator[Start]:
        """Mixtures of the domain's vertices, and the middle, where Z tells nothing."""
        uniform = np.full((1, self.inst.nx, self.inst.nz), 1.0 / self.inst.nz)
        yield self.points.mean(axis=0), uniform
        rng = np.random.default_rng(SEED)
        for shares in rng.dirichlet(np.full(len(self.points), 0.3), size=STARTS):
            yield shares @ self.points, uniform

    def descend(self, sigma: float, start: Start) -> Known:
        """The local optimum that this place leads to."""
        cut = self._descended(sigma, start)
        found = alternation.functionals(self.problem, cut.rule, cut.encoders.transpose(1, 0, 2))
        point: dict[str, Any] = dict(zip(("R", "D", "C", "S"), found.tolist(), strict=True))
        return Known(sigma, cut.reached, point, (cut.place, cut.encoders))

    def _descended(self, sigma: float, start: Start) -> Cut:
        inst = replace(self.inst, sigma=sigma)
        place, encoders = start
        return descend(inst, solve(inst, inst.gradient(place), encoders, _TOL))

    def start_of(self, optimum: JointOptimum) -> Start:
        """The place of an optimum, and its encoders."""
        encoders = np.ascontiguousarray(optimum.encoder.transpose(1, 0, 2))
        wide = np.zeros((*encoders.shape[:2], self.inst.nz))
        wide[..., : encoders.shape[2]] = encoders
        return self.inst.place(self.inst.mass[:, None] * optimum.rule, wide), wide

    def optimum(self, at: Mapping[str, Fraction], budget: Budget, starts: list[Start]) -> JointOptimum:
        """The certified optimum, whose search starts from the best local one."""
        near = [self._descended(float(at["sigma"]), known) for known in starts]
        best = min([start(self.problem, at), *near], key=lambda cut: cut.reached)
        return minimize_cells(self.problem, at, budget.tol, budget.count, budget.seconds, best)
