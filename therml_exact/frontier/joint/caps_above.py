"""From above, with caps: rules and encoders that keep caps on some of R, C, D, S, or come near a point (nats).

With a finite dictionary of encoders, and the q's held fixed, R, C, D are linear in the rule and S is convex: a convex
program, solved by its dual (kernels/rules/duals.py); then the q's are refitted, which only lowers R, C, D. The encoders
come from the atoms of cuts, and from the best answer of all encoders to the multipliers and the place m of the best
tables so far. A local search, of which nothing is proved; values are recomputed from the tables.

Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.cuts import Cut, solve
from therml_exact.frontier.joint.functionals import exact_zeros
from therml_exact.frontier.joint.instance import Instance
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.rules.problem import NAMES
from therml_exact.numbers.tables import Array

SEED = 20180711
STARTS = 6  # places of m for each of the multipliers that are tried
TINY = 1e-300  # a multiplier of D that is not 0, so that m keeps its part p(z,x)
_ALIKE = 1e-9
_FEWEST = 1e-12  # weight of a theta, below which it is left out
_TOL = 1e-10  # nats: of the inner problems


class Above:
    """The best tables met.

    minimise   the functional that is minimised; None: the largest F_i - limit_i
    limits     the caps, or the point, by name
    value      the best value, inf if there is none; rule[t, theta] and encoders[theta, x, z] have it, lam led to them
    """

    def __init__(
        self, problem: JointProblem, inst: Instance, minimise: str | None, limits: Mapping[str, float], tol: float
    ) -> None:
        self.problem, self.inst, self.minimise, self.limits, self.tol = problem, inst, minimise, dict(limits), tol
        self.limit = np.array([limits.get(name, 0.0) for name in NAMES])
        self.free = np.array([name in limits for name in NAMES])
        self.inner = self.limit - (0.02 * tol if minimise else 0.0) * self.free  # a little inside the caps
        self.start = np.where(self.free, 1.0 / max(len(limits), 1), 0.0)
        if minimise:
            self.start[NAMES.index(minimise)] = 1.0
        self.value, self.lam = math.inf, self.start.copy()
        self.rule = np.zeros((len(inst.mass), 0))
        self.encoders = np.zeros((0, inst.nx, inst.nz))

    def score(self, rule: Array, encoders: Array) -> float:
        """The value of tables; inf where a cap is not kept."""
        found = alternation.functionals(self.problem, rule, encoders.transpose(1, 0, 2))
        point = dict(zip(("R", "D", "C", "S"), found.tolist(), strict=True))
        point |= dict.fromkeys(exact_zeros(self.problem, rule, encoders.transpose(1, 0, 2)), 0.0)
        over = {name: point[name] - limit for name, limit in self.limits.items()}
        if self.minimise is None:
            return max(over.values())
        kept = all(v <= (-2e-13 if point[name] else 0.0) for name, v in over.items())
        return float(point[self.minimise]) if kept else math.inf

    def consider(self, rule: Array, encoders: Array) -> bool:
        """Keep these tables if they are better."""
        used = self.inst.mass @ rule > _FEWEST
        if not used.all():
            rule, encoders = rule[:, used], encoders[used]
            rule = rule / rule.sum(axis=1, keepdims=True)
        value = self.score(rule, encoders)
        if value >= self.value:
            return False
        self.value, self.rule, self.encoders = value, rule, encoders
        return True

    def improve(self, rule: Array, encoders: Array, lam: Array) -> bool:
        """Improve rule and q's in turn over a dictionary; keep the result if it is better."""
        from therml_exact.kernels.rules import duals

        inst = self.inst
        n = inst.counts.reshape(-1, inst.nx, inst.ny) / inst.n
        blocks = (np.einsum("txy,axz->tazy", n, encoders), np.einsum("txy,axz->tazx", n, encoders),
                  np.einsum("txy,axz->taz", n, encoders))  # fmt: skip
        places = np.ascontiguousarray(np.concatenate([b.reshape(*b.shape[:2], -1) for b in blocks], axis=2))
        entropy = -(encoders * np.log(np.where(encoders > 0, encoders, 1.0))).sum(axis=2)
        noise = np.ascontiguousarray(np.einsum("txy,ax->ta", n, entropy))
        rule, lam, q = np.ascontiguousarray(rule), lam.copy(), np.full(len(encoders), 1 / len(encoders))
        m, point = np.empty(places.shape[2]), np.empty(4)
        duals.descend_capped(inst.mass, places, noise, float(inst.n), inst.nz, inst.ny, inst.nx, self.inner, lam,
                             self.free, self.minimise is None, 1e-2 * self.tol, q, rule, m, point, 40)  # fmt: skip
        if not self.consider(rule, encoders):
            return False
        self.lam = lam
        return True

    def take(self, cut: Cut, lam: Array) -> None:
        """Improve from the atoms of a cut, together with the best encoders so far."""
        if not len(cut.encoders):
            return
        encoders = distinct(np.concatenate([cut.encoders, self.encoders]))
        rule = np.zeros((len(cut.rule), len(encoders)))
        for a, e in enumerate(cut.encoders):
            rule[:, int(np.abs(encoders - e).max(axis=(1, 2)).argmin())] += cut.rule[:, a]
        if self.improve(rule, encoders, lam):
            self.polish()

    def polish(self, rounds: int = 4) -> None:
        """Let all encoders answer to the best tables and their multipliers."""
        for _ in range(rounds):
            inst = weighted(self.inst, self.lam)
            place = inst.place(inst.mass[:, None] * self.rule, self.encoders)
            cut = solve(inst, inst.gradient(place), self.encoders, _TOL)
            before, own = self.value, len(self.encoders)
            encoders = distinct(np.concatenate([self.encoders, cut.encoders]))
            rule = np.concatenate([self.rule, np.zeros((len(self.rule), len(encoders) - own))], axis=1)
            if not self.improve(rule, encoders, self.lam) or before - self.value < 0.05 * self.tol:
                return

    def plain(self) -> list[tuple[Array, Array]]:
        """A constant Theta with a constant Z, and with Z = X if there are letters enough."""
        inst, ones = self.inst, np.ones((len(self.inst.mass), 1))
        found = [(ones, np.eye(inst.nz)[np.zeros((1, inst.nx), dtype=int)])]
        if inst.nx <= inst.nz:
            found.append((ones, np.eye(inst.nz)[np.arange(inst.nx)][None]))
        return found

    def begin(self, points: Array) -> None:
        """Tables without information, those of every type by itself, and improvements from many places of m."""
        inst, types = self.inst, np.eye(len(self.inst.mass))
        for rule, encoders in self.plain():
            self.consider(rule, encoders)
        rng = np.random.default_rng(SEED)
        uniform = np.full((1, inst.nx, inst.nz), 1 / inst.nz)
        for factor in (1.0, 0.1, 0.0):
            lam = self.start.copy()
            lam[3] *= factor
            here = weighted(inst, lam)
            for shares in rng.dirichlet(np.full(len(points), 0.3), size=STARTS):
                cut = solve(here, here.gradient(shares @ points), uniform, _TOL)
                if factor == 0.0:
                    self.consider(types, cut.encoders)
                self.take(cut, self.start)


def weighted(inst: Instance, lam: Array) -> Instance:
    """The instance with the multipliers lam of R, C, D, S."""
    delta = max(float(lam[2]), TINY) if inst.delta else 0.0
    sigma = float(lam[3]) if lam[3] > 1e-9 * lam.max() else 0.0
    return replace(inst, rho=float(lam[0]), gamma=float(lam[1]), delta=delta, sigma=sigma)


def distinct(encoders: Array) -> Array:
    """The encoders without repetitions, in order."""
    kept: list[int] = []
    for a, e in enumerate(encoders):
        if not kept or np.abs(encoders[kept] - e).max(axis=(1, 2)).min() > _ALIKE:
            kept.append(a)
    return np.ascontiguousarray(encoders[kept])
