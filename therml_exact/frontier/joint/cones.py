"""Cuts that hold for every distribution of codes at once, where codes are nearly alike (nats).

    sigma S + rho R + N c.m >= sum_z p(z) V_z   for every rule and encoder, and so
    F(m) >= N [Psi(m) - c.m] + sum_z p(z) V_z,

with Psi = gamma H(Y|Z) + delta H(X|Z) and F the least objective at m. Where Z tells nothing F is the same for every
p(z): a valley. Cuts at a slope b (cuts.py) are tangent at one p(z), and would follow it step by step.

Proof. Let u = p(z), eps_xz = e_xz/u_z, so that sum_z u_z eps_xz = 1. For any nu_xy the cost of (e, t) is

    sum_xy n_xy(t) sum_z u_z k_zxy(eps_xz),      k_zxy(eps) = rho eps log eps + eps (beta_xyz - nu_xy) + nu_xy,

a mean over z. For any l_zt, lambda_t = sum_z u_z l_zt, Hoelder's inequality gives

    log G(e) = log sum_t p_t prod_z exp(u_z (l_zt - sum n_xy k_zxy)/sigma) <= sum_z u_z H_z(eps_z),
    H_z(eps) = log sum_t p_t exp((l_zt - sum_xy n_xy(t) k_zxy(eps_x))/sigma),

hence V_z = sum_t p_t l_zt - sigma max H_z (kernels/joint/boxes.py). For given nu the best l_z is that of a mixture
whose atoms are tilts eps (kernels/joint/atoms.py); nu is that of the best constant Theta at the u of a point of the
cell,

    nu_xy = sum_z u_z beta_xyz + nu'_x,
    nu'_x = rho - rho log sum_z u_z exp(-sum_y p(y|x) (beta_xyz - sum_z' u_z' beta_xyz')/rho).

At sigma = 0 every type has an encoder and a nu'_x of its own, and V_z is the mean of the least costs, in closed form.
R, S >= 0 is the case c = 0, V = 0, which needs no proof.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from therml_exact.frontier.joint.cuts import MARGIN, ROUNDS
from therml_exact.frontier.joint.instance import Instance
from therml_exact.numbers.tables import Array

_MOST_BOXES = 20_000
_TRIES = 12
_PATIENCE = 4  # tries before the level is raised
_FOUND = 16  # tilts above the level that one search collects
_LOOSER = 8.0  # factor on the level where boxes do not suffice
_SIDES = (0.02, 0.08, 0.2, 0.3, 0.45, 0.6, 0.75, 0.88, 0.98)  # shares of the top that a search starts from
_LEAST = 1e-9  # of u_z


@dataclass(frozen=True, eq=False)
class Cone:
    """F(m) >= N [Psi(m) - slope.m]: slope is c less V_z/N on every code z.

    c: the slope that was proved at. u: the distribution of codes that gives nu. nu[x, y], lam[z, t] (l_zt less sum n
    nu), tops[z, x]: the numbers of the proof; trees[z]: the boxes; tilts[z][a, x]: the atoms of code z
    (None, empty at sigma = 0).
    """

    slope: Array
    c: Array = field(repr=False)
    u: Array = field(repr=False)
    nu: Array | None = field(repr=False)
    lam: Array | None = field(repr=False)
    tops: Array | None = field(repr=False)
    trees: tuple[bytes, ...] = field(repr=False)
    tilts: tuple[Array, ...] = field(repr=False, default=())

    kind = 1  # of kernels/joint/game.py
    value = 0.0


def zero(inst: Instance) -> Cone:
    """R, S >= 0."""
    nothing = np.zeros(inst.width)
    return Cone(nothing, nothing, np.full(inst.nz, 1 / inst.nz), None, None, None, ())


def lowered(inst: Instance, c: Array, values: Array) -> Array:
    """The slope c less V_z/N on every code z, since sum_y m_zy = p(z)."""
    slope = c.copy()
    slope[: inst.nz * inst.ny] -= np.repeat(values / inst.n, inst.ny)
    return slope


def prove_cone(inst: Instance, c: Array, u: Array, tol: float, near: Cone | None = None) -> Cone | None:
    """The cut at slope c, sharp near codes of shares u; None where the boxes do not suffice.

    tol: how far below the best it may be. near: a cut whose atoms are a start.
    """
    u = np.maximum(u, _LEAST)
    u /= u.sum()
    beta = inst.beta(c)
    if inst.sigma == 0:
        values = closed_values(inst, beta, u)
        size = 1 + inst.n * (float(np.abs(c).max()) + inst.rho)
        return Cone(lowered(inst, c, values - MARGIN * size), c, u, None, None, None, ())
    nu = best_nu(inst, beta, u)
    mean = (inst.mass @ inst.counts).reshape(inst.nx, inst.ny)  # N p(x, y)
    size = 1 + inst.sigma + inst.n * (float(np.abs(c).max()) + float(np.abs(nu).max()) + inst.rho)
    values, lams, trees, tilts = np.empty(inst.nz), [], [], []
    tops = np.empty((inst.nz, inst.nx))
    for z in range(inst.nz):
        d = np.ascontiguousarray(beta[:, :, z] - nu)
        tops[z] = np.exp(-1 - d.min(axis=1) / inst.rho) * (1 + 1e-12)
        found = _one_code(inst, d, tops[z], tol, near.tilts[z] if near is not None and near.tilts else None)
        if found is None:
            return None
        lam, tree, level, atoms = found
        tilts.append(atoms)
        lams.append(lam)
        trees.append(tree)
        rounding = MARGIN * (size + float(np.abs(lam) @ inst.mass))
        values[z] = float(inst.mass @ lam) + float((mean * nu).sum()) - inst.sigma * level - rounding
    return Cone(lowered(inst, c, values), c, u, nu, np.array(lams), tops, tuple(trees), tuple(tilts))


def best_nu(inst: Instance, beta: Array, u: Array) -> Array:
    """nu_xy of the best constant Theta with codes of shares u."""
    mean = (inst.mass @ inst.counts).reshape(inst.nx, inst.ny)
    n_x = mean.sum(axis=1)
    middle = beta @ u
    rows = mean / np.where(n_x > 0, n_x, 1.0)[:, None]
    tilt = np.einsum("xy,xyz->xz", rows, beta - middle[:, :, None])
    least = tilt.min(axis=1, keepdims=True)
    log_sum = np.log(np.exp(-(tilt - least) / inst.rho) @ u)
    return np.asarray(middle + (inst.rho * (1 - log_sum) + least[:, 0])[:, None])


def _one_code(
    inst: Instance, d: Array, top: Array, tol: float, near: Array | None
) -> tuple[Array, bytes, float, Array] | None:
    """(lam, tree, level, atoms): the best multipliers of one code, and the boxes that prove H <= level."""
    from therml_exact.kernels.joint.atoms import solve_atoms
    from therml_exact.kernels.joint.boxes import FOUND, MANY, Cost, cover

    beta = np.ascontiguousarray(d[:, :, None])
    sides = [[share * t for share in (_SIDES if inst.nx <= 2 else _SIDES[::3])] for t in top]
    starts = np.array(list(itertools.product(*sides)))[:, :, None]
    start = np.ones((1, inst.nx, 1)) if near is None else near[:, :, None]
    corner = np.stack([np.zeros_like(top), top], axis=1)[:, :, None]
    lam, above = np.empty(len(inst.mass)), np.empty((_FOUND, inst.nx, 1))
    symbols, level = np.empty(_MOST_BOXES, dtype=np.uint8), tol / inst.sigma
    for turn in range(_TRIES):
        if turn >= _PATIENCE:
            level *= _LOOSER
        _, start, _, _ = solve_atoms(
            inst.counts, inst.mass, beta, inst.rho, inst.sigma, start, starts, 0.1 * tol, ROUNDS, lam
        )
        cost = Cost(np.log(inst.mass) + lam / inst.sigma, beta, inst.rho, inst.sigma)
        status, used = cover(inst.rows, cost, corner, level, _MOST_BOXES, symbols, above)
        if status == FOUND:
            start = np.concatenate([start, np.maximum(above[:used], 1e-6)])
        elif status == MANY:
            level *= _LOOSER
        else:
            return lam, symbols[:used].tobytes(), level, start[:, :, 0]
    return None


def closed_values(inst: Instance, beta: Array, u: Array) -> Array:
    """V_z at sigma = 0."""
    counts = inst.counts.reshape(-1, inst.nx, inst.ny)
    n_x = counts.sum(axis=2)
    middle = beta @ u
    safe = np.where(n_x > 0, n_x, 1.0)
    tilt = np.einsum("txy,xyz->txz", counts, beta - middle[:, :, None]) / safe[..., None]
    least = tilt.min(axis=2, keepdims=True)
    soft = np.exp(-(tilt - least) / inst.rho)
    total = soft @ u
    eps = soft / total[..., None]
    own = inst.rho * (1 - np.log(total)) + least[..., 0]  # nu'_x of each type
    cost = n_x * own + np.einsum("txy,xy->tx", counts, middle)
    per_code = cost[..., None] - inst.rho * n_x[..., None] * eps
    return np.einsum("t,txz->z", inst.mass, per_code)
