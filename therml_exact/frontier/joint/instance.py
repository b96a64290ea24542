"""A joint problem with its multipliers as arrays, and the concave part of its objective (nats).

    objective = W(m) + N Phi(m),     Phi(m) = rho H(Z) + gamma H(Y|Z) + delta H(X|Z)

m = (p(z,y), then p(z,x) if delta > 0), z-major, of a sample drawn uniformly; W, the least sigma S - rho N H(Z|X,Theta)
with that m, is convex, since m, S and H(Z|X,Theta) are means over theta. Phi is concave and homogeneous: Phi(m) = b.m
with its own gradient b_zy = -rho log p(z) - gamma log p(y|z), b_zx = -delta log p(x|z).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from therml_exact.frontier.joint.domain import Domain, domain
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.tables import Array

if TYPE_CHECKING:
    from therml_exact.kernels.joint.boxes import Rows

_LEAST = 1e-15  # below the logarithm of what never occurs


@dataclass(frozen=True, eq=False)
class Instance:
    """The arrays of one minimisation.

    counts[t, x ny + y] and mass[t] of the types; n samples; nx, ny, nz letters; mean[x] = N p(x); rho, gamma, delta,
    sigma.
    """

    counts: Array
    mass: Array
    n: int
    nx: int
    ny: int
    nz: int
    mean: Array
    rho: float
    gamma: float
    delta: float
    sigma: float

    @property
    def width(self) -> int:
        """How many coordinates m has."""
        return self.nz * (self.ny + (self.nx if self.delta else 0))

    @cached_property
    def rows(self) -> Rows:
        """The types by the rows of counts of each x."""
        from therml_exact.kernels.joint.boxes import Rows

        counts = self.counts.reshape(-1, self.nx, self.ny)
        found = [np.unique(counts[:, x], axis=0, return_inverse=True) for x in range(self.nx)]
        sizes = np.array([len(rows) for rows, _ in found])
        rows = np.zeros((self.nx, sizes.max(), self.ny))
        for x, (own, _) in enumerate(found):
            rows[x, : len(own)] = own
        which = np.stack([index.reshape(-1) for _, index in found], axis=1)
        return Rows(self.counts, rows, sizes, np.ascontiguousarray(which), self.mean)

    def concave(self, m: Array) -> Array:
        """Phi along the last axis of m."""
        z = m[..., : self.nz * self.ny].reshape(*m.shape[:-1], self.nz, self.ny).sum(axis=-1)
        return np.asarray(self.told(m) + self.rho * _eta(z).sum(axis=-1))

    def told(self, m: Array) -> Array:
        """Psi = gamma H(Y|Z) + delta H(X|Z) along the last axis of m."""
        zy = m[..., : self.nz * self.ny].reshape(*m.shape[:-1], self.nz, self.ny)
        total = self.gamma * (_eta(zy).sum(axis=(-2, -1)) - _eta(zy.sum(axis=-1)).sum(axis=-1))
        if self.delta:
            zx = m[..., self.nz * self.ny :].reshape(*m.shape[:-1], self.nz, self.nx)
            total = total + self.delta * (_eta(zx).sum(axis=(-2, -1)) - _eta(zx.sum(axis=-1)).sum(axis=-1))
        return np.asarray(total)

    def gradient(self, m: Array) -> Array:
        """The gradient b of Phi, for which Phi(m) = b.m."""
        zy = m[: self.nz * self.ny].reshape(self.nz, self.ny)
        z = zy.sum(axis=1)
        b = -self.rho * _log(z)[:, None] - self.gamma * (_log(zy) - _log(z)[:, None])
        if not self.delta:
            return b.reshape(-1)
        zx = m[self.nz * self.ny :].reshape(self.nz, self.nx)
        return np.concatenate([b.reshape(-1), -self.delta * (_log(zx) - _log(zx.sum(axis=1))[:, None]).reshape(-1)])

    def beta(self, b: Array) -> Array:
        """beta[x, y, z] = b_zx + b_zy."""
        by = b[: self.nz * self.ny].reshape(self.nz, self.ny).T
        bx = b[self.nz * self.ny :].reshape(self.nz, self.nx).T if self.delta else np.zeros((self.nx, self.nz))
        return np.ascontiguousarray(bx[:, None, :] + by[None, :, :])

    def place(self, weights: Array, encoders: Array) -> Array:
        """The m of encoders[a, x, z] with the shares weights[t, a] = p(t, theta)."""
        share = np.einsum("ta,tk->ak", weights, self.counts).reshape(-1, self.nx, self.ny) / self.n
        zy = np.einsum("axy,axz->zy", share, encoders).reshape(-1)
        return np.concatenate([zy, np.einsum("axy,axz->zx", share, encoders).reshape(-1)]) if self.delta else zy


def instance(problem: JointProblem, at: Mapping[str, Fraction]) -> Instance:
    """The arrays of a problem."""
    counts, mass = problem.floats
    nx, ny = problem.shape
    mean = problem.n * problem.pairs.sum(axis=1).astype(float)
    rho, gamma, delta, sigma = (float(at[name]) for name in ("rho", "gamma", "delta", "sigma"))
    flat = np.ascontiguousarray(counts.reshape(len(mass), -1))
    return Instance(flat, mass, problem.n, nx, ny, problem.z_size, mean, rho, gamma, delta, sigma)


def domain_of(problem: JointProblem, at: Mapping[str, Fraction]) -> Domain:
    """Where m can lie."""
    pairs = problem.pairs
    p_x = pairs.sum(axis=1).tolist() if at["delta"] else None
    return domain(pairs.sum(axis=0).tolist(), p_x, problem.z_size)


def _eta(p: Array) -> Array:
    return np.asarray(-p * np.log(np.where(p > 0, p, 1.0)))


def _log(p: Array) -> Array:
    return np.asarray(np.log(np.maximum(p, _LEAST)))
