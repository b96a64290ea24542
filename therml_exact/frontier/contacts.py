"""Ellipsoids around the codes inside which Lindsay's condition holds by concavity (nats).

Take a code t0, its posterior r0, the image t1 = sum_w r0_w p(.|w) (t0 itself, up to rounding) and g = gamma/(1 -
delta). For every posterior r with image t,

    F(r) - lambda.r + log G(t0) = KL(r||r0) - delta KL(r_X||r0_X) - gamma KL(t||t0)
                               >= (1 - delta) [K(t) - g KL(t||t0)],      K(t) = min over r of image t of KL(r||r0).

K is the Legendre dual of the tilts r0 exp(eta.p(.|w)); its Hessian is the inverse of their covariance. With S the
covariance of p(.|w) under r0 and m = max_w |p(.|w) - t1| in the norm of S^-1: for |eta|_S <= k the tilt changes a
weight by at most exp(m k) upwards and exp(-2 m k) downwards, so its covariance is at most exp(m k) S and its mean
covers the ellipsoid (t - t1)^T S^-1 (t - t1) <= rho^2, rho = k exp(-2 m k). There t >= t1 (1 - e), e = rho max_y
sqrt(S_yy)/t1_y. So K - g KL(.||t0) is convex on the ellipsoid if

    exp(m k)/(1 - e) * mu <= 1,     mu = the largest eigenvalue of S H,  H the Hessian of g KL(.||t1) at t1,

and lies above its tangent at t1, where K = 0 and K' = 0: on the ellipsoid

    log G <= log G(t0) + gamma [KL(t1||t0) + rho sqrt(v^T S v)],     v = log(t1/t0).

Everything is in the first k - 1 barycentric coordinates u of the root (t = u root). For one block whose rows sum to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from therml_exact.frontier.mixture import Tables

SAFE = 1e-6  # margin, relative, so that ball arithmetic agrees

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Contacts:
    """Ellipsoids (u - centre)^T form (u - centre) <= radius, each with its k, code t0 and bound of log G inside."""

    centre: Array
    form: Array
    radius: Array
    tilt: Array
    code: Array
    bounds: Array


def contacts(tables: Tables, lam: Array, codes: Array, threshold: float) -> Contacts:
    """The ellipsoids that hold with bounds of at most `threshold`."""
    d = len(tables.roots[0]) - 1
    found = []
    if len(tables.roots) == 1 and d > 0:
        with np.errstate(all="ignore"):
            for code in codes[:, : tables.jstart[-1]]:
                one = _contact(tables, lam, code)
                if one is not None and one[-1] <= threshold:
                    found.append(one)
    columns: list[Any] = list(zip(*found, strict=True)) if found else [[], [], [], [], [], []]
    return Contacts(
        np.array(columns[0], dtype=float).reshape(len(found), d),
        np.array(columns[1], dtype=float).reshape(len(found), d, d),
        np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=float),
        np.array(columns[4], dtype=float).reshape(len(found), tables.jstart[-1]),
        np.array(columns[5], dtype=float),
    )


def _contact(tables: Tables, lam: Array, t0: Array) -> Any:
    height, posterior, _ = tables.gradient(lam, t0[None, :])
    r = posterior[:, 0]
    coordinates, root = tables.coordinates[0], tables.roots[0]
    u = r @ coordinates
    t1 = u @ root
    if t1.min() < 1e-12:
        return None
    d = len(root) - 1
    centred = (coordinates - u)[:, :d]
    cov = (centred.T * r) @ centred
    jacobian = root[:d] - root[d]
    try:
        lower = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        return None
    if np.diag(lower).min() < 1e-7:
        return None
    g = tables.multiplier * tables.power
    hessian = g * (jacobian / t1) @ jacobian.T
    mu = float(np.linalg.eigvalsh(lower.T @ hessian @ lower)[-1])
    if not mu < 1 - 1e-5:
        return None
    inverse = np.linalg.inv(lower)
    m = float(np.sqrt(((centred @ inverse.T) ** 2).sum(axis=1).max()))
    spread = float((np.sqrt(np.einsum("iy,ij,jy->y", jacobian, cov, jacobian)) / t1).max())
    low, high = 0.0, 0.5 / m
    for _ in range(60):
        k = 0.5 * (low + high)
        e = k * math.exp(-2 * m * k) * spread
        if e < 1 and math.exp(m * k) / (1 - e) * mu <= 1 - SAFE:
            low = k
        else:
            high = k
    rho = low * math.exp(-2 * m * low)
    v = np.log(t1 / t0)
    tangent = float(np.sqrt(max((jacobian @ v) @ cov @ (jacobian @ v), 0.0)))
    divergence = float((t1 * v).sum() - t1.sum() + t0.sum())
    bound = float(height[0]) + tables.multiplier * (max(divergence, 0.0) + rho * tangent) + 1e-15
    return u[:d], inverse.T @ inverse, rho * rho * (1 - SAFE), low, t0, bound
