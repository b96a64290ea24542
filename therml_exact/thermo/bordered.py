"""The bordered system of an equilibrium: its Hessian, edged by the gradients of the functionals that are prescribed.

    [ H  F' ] [ u        ]   [ -J'                 ]        H = Hessian of J, F' = gradients of D, C, S,
    [ prescribed         ] [ d lambda ] = [ target - present ]

in coordinates dr = sqrt(r/p) u, u orthogonal to sqrt(r) in each row, in which the first part of S has the unit matrix
as its Hessian. Kernel of family.py: nothing is checked here. Nats.
Errors: NotSmoothError where the matrix is singular.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.thermo.potentials import MULTIPLIERS, PAIRS

ORDER = tuple(PAIRS)  # D, C, S


class NotSmoothError(ValueError):
    """There is no derivative to measure here; the message says why."""


class System:
    """The bordered system at a rule and multipliers."""

    def __init__(self, derivatives: tuple[Array, Array, Array], rule: Array, p: Array, lam: Array) -> None:
        self.values, gradients, hessians = derivatives
        self.lam = lam
        self.basis = orthonormal_moves(rule, p)
        weights = np.array([1.0, *lam])
        self.slopes = gradients @ self.basis
        self.gradient = weights @ self.slopes
        self.hessian = self.basis.T @ np.einsum("k,kab->ab", weights, hessians) @ self.basis

    def residual(self, goal: Mapping[str, float]) -> Array:
        """The gradient of J, and what the prescribed variables lack (D, C, S order)."""
        off = np.zeros(3)
        for name, value in goal.items():
            k = slot(name)
            off[k] = (self.lam[k] if name in MULTIPLIERS else self.values[1 + k]) - value
        return np.concatenate([self.gradient, off])

    def matrix(self, prescribed: Iterable[str]) -> Array:
        """The bordered matrix when these three variables are prescribed."""
        n = len(self.hessian)
        matrix = np.zeros((n + 3, n + 3))
        matrix[:n, :n] = self.hessian
        matrix[:n, n:] = self.slopes[1:].T
        for name in prescribed:
            k = slot(name)
            if name in MULTIPLIERS:
                matrix[n + k, n + k] = 1.0
            else:
                matrix[n + k, :n] = self.slopes[1 + k]
        return matrix

    def solve(self, goal: Mapping[str, float], right: Array) -> Array:
        """A move (u, d lambda) for a right side."""
        try:
            return np.linalg.solve(self.matrix(goal), right)
        except np.linalg.LinAlgError:
            raise NotSmoothError(
                "the bordered Hessian is singular on the way: a kink, or a variable that cannot vary"
            ) from None


def orthonormal_moves(rule: Array, p: Array) -> Array:
    """Columns dr = sqrt(r/p) u, u an orthonormal basis of the complement of sqrt(r), block by block."""
    rows, size = rule.shape
    basis = np.zeros((rows * size, rows * (size - 1)))
    for t, row in enumerate(rule):
        root = np.sqrt(row)
        turned = root.copy()
        turned[0] += 1.0  # Householder: maps sqrt(r) to the first axis
        u = (np.eye(size) - 2 * np.outer(turned, turned) / (turned @ turned))[:, 1:]
        basis[t * size : (t + 1) * size, t * (size - 1) : (t + 1) * (size - 1)] = root[:, None] * u / math.sqrt(p[t])
    return basis


def negentropy(m: Array, cells: Array) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian of sum c log c at cells c = m r."""
    log = np.log(cells)
    return float(cells @ log), m.T @ (log + 1), (m.T / cells) @ m


def slot(name: str) -> int:
    """The place of a functional or multiplier in the order D, C, S."""
    return ORDER.index(MULTIPLIERS.get(name, name))
