"""Cuts: affine functions below the convex part W of a joint problem (nats).

    W(m) >= V(b) - N b.m   for every m,      V(b) = min over rules and encoders of sigma S - rho N H(Z|X,Theta) + N b.m

sigma > 0: V(b) >= sum_t p_t lambda_t - sigma log G for any lambda, G the largest value of the gradient function over
all encoders: lambda comes from the atoms (kernels/joint/atoms.py), the bound of G from a tree of cells (boxes.py).
sigma = 0: every type has its own theta, and with the mean slope beta_xz = b_zx + sum_y n_xy/n_x b_zy

    V(b) = - rho sum_t p_t sum_x n_x log sum_z exp(-beta_xz/rho)          (rho = 0: sum_t p_t sum_x n_x min_z beta_xz).

The atoms of a cut are a rule and a dictionary that achieve V(b): their place m, and their value W(m) + N Phi(m), which
is a value of the problem, come with it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.joint.instance import Instance
from therml_exact.numbers.tables import Array

MARGIN = 4e-14  # rounding of V, relative to 1 + sum p |lambda| + sigma + N max |b|
ROUNDS = 40
_CORNERS = 0.02  # how far the encoders that a search starts from lie from hard ones
_SIDES = (0.003, 0.02, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 0.92, 0.98, 0.997)
_MOST_BOXES = 400_000
_TRIES = 30
_PATIENCE = 10  # tries before the level is raised
_FOUND = 64  # encoders above the level that one search collects
_LOOSER = 8.0  # factor on the level where boxes do not suffice


@dataclass(frozen=True, eq=False)
class Cut:
    """W(m) >= value - N slope.m, and what achieves it.

    slope: b. value: the proven V(b). lam[t], tree: the multipliers and the tree of cells of encoders that prove it
    (None, empty at sigma = 0). rule[t, a] and encoders[a, x, z]: the atoms; place: their m; reached: their value in
    the whole problem.
    """

    slope: Array
    value: float
    lam: Array | None = field(repr=False)
    tree: bytes = field(repr=False)
    q: Array = field(repr=False)
    rule: Array = field(repr=False)
    encoders: Array = field(repr=False)
    place: Array
    reached: float

    kind = 0  # of kernels/joint/game.py


def margin(inst: Instance, b: Array, lam: Array) -> float:
    """What rounding may have added to V."""
    return MARGIN * (1 + float(np.abs(lam) @ inst.mass) + inst.sigma + inst.n * (float(np.abs(b).max()) + inst.rho))


def corners(inst: Instance) -> Array:
    """Encoders from which local maxima of G are sought: a grid, or nearly hard ones and the middle; hard at rho = 0."""
    nz = inst.nz
    if nz == 2 and inst.rho > 0 and inst.nx <= 3:
        side = _SIDES if inst.nx <= 2 else _SIDES[::2]
        first = np.array(list(itertools.product(side, repeat=inst.nx)))
        return np.stack([first, 1 - first], axis=-1)
    maps = np.eye(nz)[np.array(list(itertools.product(range(nz), repeat=inst.nx)))]
    if inst.rho == 0:
        return maps
    return np.concatenate([(1 - _CORNERS) * maps + _CORNERS / nz, np.full((1, inst.nx, nz), 1.0 / nz)])


def cheap(inst: Instance, b: Array) -> Cut:
    """The cut at slope b for sigma = 0, in closed form: it holds for every sigma, since S >= 0."""
    return _hard(replace(inst, sigma=0.0), b)


def solve(inst: Instance, b: Array, start: Array, tol: float) -> Cut:
    """The rule and dictionary of least cost at slope b, with an unproven value V(b) of gap about tol."""
    if inst.sigma == 0:
        return _hard(inst, b)
    from therml_exact.kernels.joint.atoms import solve_atoms

    beta, lam = inst.beta(b), np.empty(len(inst.mass))
    starts = corners(inst)
    if inst.rho == 0:
        q, atoms = weighed(inst, beta, starts, lam)
    else:
        q, atoms, _, _ = solve_atoms(
            inst.counts, inst.mass, beta, inst.rho, inst.sigma, start, starts, tol, ROUNDS, lam
        )
    return _cut(inst, b, beta, lam, q, atoms, -math.inf, b"")


def prove(inst: Instance, b: Array, start: Array, tol: float, deadline: float = math.inf) -> Cut:
    """The same with a proven value, within about tol of V(b) where the boxes and the time suffice.

    Encoders at which G is too large join the atoms. Where that goes on for long, or boxes do not suffice, a larger
    level is proven.
    """
    if inst.sigma == 0:
        return _hard(inst, b)
    from therml_exact.kernels.joint.boxes import FOUND, MANY, Cost, cover

    beta, log_mass = inst.beta(b), np.log(inst.mass)
    symbols, above = np.empty(_MOST_BOXES, dtype=np.uint8), np.empty((_FOUND, inst.nx, inst.nz))
    corner = np.repeat(np.eye(inst.nz)[None], inst.nx, axis=0)
    level = tol / inst.sigma
    for turn in range(_TRIES):
        if turn >= _PATIENCE or now() > deadline:
            level *= _LOOSER
        cut = solve(inst, b, start, 0.1 * tol)
        assert cut.lam is not None
        logw = log_mass + cut.lam / inst.sigma
        cost = Cost(logw, beta, inst.rho, inst.sigma)
        status, used = cover(inst.rows, cost, corner, level, _MOST_BOXES, symbols, above)
        start = cut.encoders
        if status == FOUND:
            start = np.concatenate([start, above[:used]])
        elif status == MANY:
            level *= _LOOSER
        else:
            value = float(inst.mass @ cut.lam) - inst.sigma * level - margin(inst, b, cut.lam)
            return Cut(
                b, value, cut.lam, symbols[:used].tobytes(), cut.q, cut.rule, cut.encoders, cut.place, cut.reached
            )
    return cut  # its value -inf says nothing


def weighed(inst: Instance, beta: Array, atoms: Array, lam: Array) -> tuple[Array, Array]:
    """The best weights of given atoms; lam is filled in."""
    from therml_exact.kernels.joint.atoms import all_costs, multipliers
    from therml_exact.kernels.mixture.mixing import weigh

    costs = all_costs(inst.counts, beta, inst.rho, atoms)
    q = np.full(len(atoms), 1 / len(atoms))
    weigh(inst.mass, costs / -inst.sigma, q, 100)
    q = q / q.sum()
    multipliers(inst.mass, costs, q, inst.sigma, lam)
    return q[q > 0], atoms[q > 0]


def _cut(inst: Instance, b: Array, beta: Array, lam: Array, q: Array, atoms: Array, value: float, tree: bytes) -> Cut:
    """A cut with the rule of its atoms: p(theta|t) = q_theta exp((lambda_t - cost)/sigma)."""
    from therml_exact.kernels.joint.atoms import all_costs

    costs = all_costs(inst.counts, beta, inst.rho, atoms)
    rule = q * np.exp((lam[:, None] - costs) / inst.sigma)
    rule /= rule.sum(axis=1, keepdims=True)
    place = inst.place(inst.mass[:, None] * rule, atoms)
    reached = float(inst.mass @ lam) + inst.n * float(inst.concave(place) - b @ place)
    return Cut(b, value, lam, tree, q, rule, atoms, place, reached)


def _hard(inst: Instance, b: Array) -> Cut:
    """The cut at sigma = 0, in closed form."""
    beta = inst.beta(b)
    counts = inst.counts.reshape(-1, inst.nx, inst.ny)
    n_x = counts.sum(axis=2)
    total = np.einsum("txy,xyz->txz", counts, beta)
    least = total.min(axis=2, keepdims=True)
    if inst.rho:
        scale = np.where(n_x > 0, inst.rho * n_x, 1.0)[..., None]
        soft = np.exp((least - total) / scale)
        e = soft / soft.sum(axis=2, keepdims=True)
        cost = least[..., 0] - inst.rho * n_x * np.log(soft.sum(axis=2))
    else:
        e = np.eye(inst.nz)[total.argmin(axis=2)]
        cost = least[..., 0]
    cost = np.where(n_x > 0, cost, 0.0).sum(axis=1)
    value = float(inst.mass @ cost)
    rule = np.eye(len(inst.mass))
    place = inst.place(inst.mass[:, None] * rule, e)
    reached = value + inst.n * float(inst.concave(place) - b @ place)
    return Cut(b, value - margin(inst, b, cost), None, b"", inst.mass, rule, e, place, reached)
