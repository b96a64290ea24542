"""The linear system of an equilibrium: how its cells answer to multipliers and to prescribed functionals.

An equilibrium's rule is the softmax of what its cells m = (m_z, m_xz, m_yz, P) say (family.py), and its cells are those
of the rule: a fixed point m = B r(m) in as many unknowns as there are cells, however many data sets there are and
however small the rule's entries. With W the covariance, over theta given the type, of the features b of the cells,
dm = m d log m, c = m times J's second derivative in the cells (each a constant), G the gradients of D and C in m,

    d log m + (1/(m sigma)) [W_bb (c d log m + G_D d delta + G_C d gamma) + W_bs d sigma] = m'/m - 1,    m' = B r(m)

where s = log r - log P is S's feature: the rule's logarithms answer to d sigma by -s/sigma. Three rows more prescribe
one of each of (D, delta), (C, gamma), (S, sigma):

    [ A    L ] [ d log m  ]   [ m'/m - 1            ]
    [ prescribed          ] [ d lambda ] = [ target - present  ]

I + (1/sigma) W diag(c/m) has the eigenvalues of J's Hessian over sigma in the metric in which S is round (beside ones):
it is singular where the Hessian is, and its least eigenvalue is the curvature.

Kernel of family.py: nothing is checked here. Nats.
Errors: NotSmoothError where the matrix is singular.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.thermo.potentials import MULTIPLIERS, PAIRS

ORDER = tuple(PAIRS)  # D, C, S


class NotSmoothError(ValueError):
    """There is no derivative to measure here; the message says why."""


@dataclass(frozen=True, eq=False)
class Features:
    """What a rule's entries add to the cells, and to R.

    b: [type, theta, cell], cells in the order z, xz, yz, theta; linear: [type, theta], R's linear part; p: [type];
    n: samples; sizes: how many cells there are of each of the four kinds.
    """

    b: Array
    linear: Array
    p: Array
    n: int
    sizes: tuple[int, int, int, int]

    def of(self, kept: Array) -> Features:
        """Those of some encoders only."""
        z, xz, yz, _ = self.sizes
        cells = np.concatenate([np.ones(z + xz + yz, dtype=bool), kept])
        return Features(
            np.ascontiguousarray(self.b[:, kept][..., cells]), self.linear[:, kept], self.p, self.n,
            (z, xz, yz, int(kept.sum())),
        )  # fmt: skip

    @cached_property
    def signs(self) -> Array:
        """How often h(m) = sum m log m of each cell stands in R, D, C, S: [functional, cell], entries -1, 0, 1."""
        rows = [(-1, 0, 0, 0), (1, -1, 0, 0), (1, 0, -1, 0), (0, 0, 0, -1)]
        return np.array([np.repeat(np.array(row, dtype=np.float64), self.sizes) for row in rows])

    def cells(self, rule: Array) -> Array:
        """The cells m of a rule."""
        return np.asarray((self.p[:, None] * rule).reshape(-1) @ self.b.reshape(rule.size, -1))

    def costs(self, m: Array, lam: Array) -> Array:
        """R + delta D + gamma C of each theta for each type, up to a constant of the type; lam is (delta, gamma, .)."""
        weights = self.signs[0] + lam[0] * self.signs[1] + lam[1] * self.signs[2]
        codes = sum(self.sizes[:3])
        parts = np.where(weights != 0, weights * np.log(m), 0.0)[:codes]
        return np.asarray(self.linear + self.b[..., :codes] @ parts)

    def log_rule(self, m: Array, lam: Array) -> Array:
        """Log r of Boltzmann's rule (24) for the q's that the cells give."""
        logs = np.log(m[-self.sizes[3] :]) - self.costs(m, lam) / lam[2]
        top = logs.max(axis=1, keepdims=True)
        return np.asarray(logs - top - np.log(np.exp(logs - top).sum(axis=1, keepdims=True)))


class System:
    """The linear system at cells m and multipliers lam."""

    def __init__(self, features: Features, m: Array, lam: Array) -> None:
        self.features, self.m, self.lam = features, m, lam
        self.log_rule = features.log_rule(m, lam)
        self.rule = np.exp(self.log_rule)
        self.own = features.cells(self.rule)
        self.constants = features.signs.T @ np.array([1.0, *lam])  # c
        theta = features.sizes[3]
        if not self.own.min() > 0:
            raise NotSmoothError("on the way an encoder lost more of its share than floats hold")
        entropy = self.log_rule - np.log(self.own[-theta:])
        lines = np.concatenate([features.b, entropy[..., None], features.linear[..., None]], axis=2)
        mass = features.p[:, None] * self.rule
        centred = lines - np.matmul(self.rule[:, None], lines)
        flat = (np.sqrt(mass)[..., None] * centred).reshape(-1, lines.shape[2])
        self.covariance = flat.T @ flat
        terms = features.signs * (m * np.log(m))
        self.values = np.array(
            [
                float((mass * features.linear).sum()) + features.n * math.log(features.n) + float(terms[0].sum()),
                float(terms[1].sum()),
                float(terms[2].sum()),
                float((mass * entropy).sum()),
            ]
        )

    @cached_property
    def curvature(self) -> float:
        """The least eigenvalue of J's Hessian over sigma, in the metric in which S is round."""
        k, root = len(self.m), np.sqrt(self.m)
        scaled = self.covariance[:k, :k] / root / root[:, None]
        values, vectors = np.linalg.eigh(scaled)
        half = vectors * np.sqrt(np.maximum(values, 0.0))
        return min(1.0, 1.0 + float(np.linalg.eigvalsh((half.T * self.constants) @ half)[0]) / float(self.lam[2]))

    def residual(self, goal: Mapping[str, float]) -> Array:
        """How far the cells' costs are from those of the rule's own cells, and what is prescribed is off."""
        off = np.zeros(3)
        for name, value in goal.items():
            k = slot(name)
            off[k] = (self.lam[k] if name in MULTIPLIERS else self.values[1 + k]) - value
        return np.concatenate([self.constants * np.log(self.own / self.m), off])

    def response(self, name: str) -> Array:
        """The row that takes (d log m, d lambda) to the change of a functional or multiplier."""
        k = len(self.m)
        row = np.zeros(k + 3)
        if name in MULTIPLIERS:
            row[k + slot(name)] = 1.0
        elif name in ("D", "C"):
            row[:k] = self.slope(name)
        else:
            row = self._answer(k if name == "S" else k + 1)
            if name == "R":
                row[:k] += self.features.signs[0] * self.m * (np.log(self.m) + 1)
        return row

    def slope(self, name: str) -> Array:
        """The gradient of R's nonlinear part, D or C in log m."""
        return np.asarray(self.features.signs[1 + slot(name)] * self.m * (np.log(self.m) + 1))

    def _answer(self, which: int | slice) -> Array:
        """The changes of the means of features, as rows for (d log m, d lambda)."""
        k = len(self.m)
        lines = self.covariance[which]
        moved = lines[..., :k] @ self._gradients
        return -np.concatenate([lines[..., :k] * self.constants, moved, lines[..., k : k + 1]], axis=-1) / self.lam[2]

    @cached_property
    def _gradients(self) -> Array:
        """Gradients of D and C in m, [cell, 2]."""
        return np.asarray((self.features.signs[1:3] * (np.log(self.m) + 1)).T)

    def matrix(self, prescribed: Iterable[str]) -> Array:
        """The matrix when these three variables are prescribed."""
        k = len(self.m)
        matrix = np.zeros((k + 3, k + 3))
        matrix[:k] = -self._answer(slice(0, k)) / self.m[:, None]
        matrix[:k, :k] += np.eye(k)
        for name in prescribed:
            matrix[k + slot(name)] = self.response(name)
        return matrix

    def solve(self, goal: Mapping[str, float]) -> Array:
        """Newton's move (d log m, d lambda) towards the goal."""
        off = self.residual(goal)[-3:]
        try:
            return np.linalg.solve(self.matrix(goal), np.concatenate([self.own / self.m - 1, -off]))
        except np.linalg.LinAlgError:
            raise NotSmoothError(
                "the bordered Hessian is singular on the way: a kink, or a variable that cannot vary"
            ) from None


def negentropy(m: Array, cells: Array) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian of sum c log c at cells c = m r."""
    log = np.log(cells)
    return float(cells @ log), m.T @ (log + 1), (m.T / cells) @ m


def slot(name: str) -> int:
    """The place of a functional or multiplier in the order D, C, S."""
    return ORDER.index(MULTIPLIERS.get(name, name))
