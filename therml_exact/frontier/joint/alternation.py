"""Upper bounds of a JointProblem: rules and encoders that achieve a value (nats).

Alternating minimisation over the five distributions, from many starts at once (axis s): with the best q's,

    p(z|x,theta) ~ q(z) q(x|z)^(delta/rho) exp(gamma/rho sum_y p(y|x,theta) log q(y|z)),
    p(theta|t)   ~ q(theta) exp(-cost(theta, t)/sigma),
    cost(theta, t) = sum_xy n_xy sum_z p(z|x,theta) [rho log p(z|x,theta)/q(z) - delta log q(x|z) - gamma log q(y|z)],

a step never raises the objective; at rho = 0 or sigma = 0 the minimum itself. It finds local minima only.
Enumeration of deterministic rules and encoders, one of each kind of relabelling: a rule is a partition of the types, an
encoder a partition of the pairs (theta, x).
Nothing is proved here: values are recomputed from the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.tables import Array

STARTS = 48
_STEPS = 400
_LAST_STEPS = 4000  # of the best start
_STILL = 1e-13  # relative change over _EVERY steps
_EVERY = 20
_LEAST = 1e-300  # below the logarithm of what never occurs
MOST_HARD = 200_000  # pairs of a rule and an encoder that are enumerated
_CHUNK = 2000
_CLUSTERINGS = 8

Multipliers = Mapping[str, float]
Tables = tuple[Array, Array]


def functionals(problem: JointProblem, rule: Array, encoder: Array) -> Array:
    """R, D, C, S with the best q's, along leading axes: rule[..., t, theta], encoder[..., x, theta, z]."""
    counts, p = problem.floats
    weighted = p[:, None] * rule
    share = np.einsum("...tk,txy->...kxy", weighted, counts)
    xk = np.swapaxes(share.sum(axis=-1), -1, -2)
    xz = np.einsum("...xk,...xkz->...xz", xk, encoder)
    yz = np.einsum("...kxy,...xkz->...yz", share, encoder)
    n = problem.n
    h_z = n * _entropy(xz.sum(axis=-2) / n, 1)
    rate = h_z - np.sum(xk * _entropy(encoder, 1), axis=(-2, -1))
    s = _entropy(weighted.sum(axis=-2), 1) - np.sum(p * _entropy(rule, 1), axis=-1) + 0 * rate
    return np.stack([rate, n * _entropy(xz / n, 2) - h_z, n * _entropy(yz / n, 2) - h_z, s], axis=-1)


def objective(problem: JointProblem, at: Multipliers, rule: Array, encoder: Array) -> Array:
    """The Lagrangian, along leading axes."""
    weights = np.array([at["rho"], at["delta"], at["gamma"], at["sigma"]])
    return np.asarray(functionals(problem, rule, encoder) @ weights)


def best_tables(problem: JointProblem, at: Multipliers, by_type: Sequence[Array], seed: int) -> Tables:
    """The tables of least value that enumeration finds, and alternation from random starts and encoders p(z|x,t)."""
    rng = np.random.default_rng(seed)
    rule, encoder = _random_starts(problem, rng)
    given = [start for table in by_type if (start := from_types(problem, table)) is not None]
    given += [_clustered(problem, table, rng) for table in by_type for _ in range(_CLUSTERINGS)]
    found = [*given, *([hard] if (hard := best_hard(problem, at)) is not None else [])]
    # A little noise opens the zeros that a step cannot leave.
    rule = np.concatenate([rule, *(0.99 * r[None] + 0.01 * rule[:1] for r, _ in given)])
    encoder = np.concatenate([encoder, *(0.99 * e[None] + 0.01 * encoder[:1] for _, e in given)])
    rule, encoder = alternate(problem, at, rule, encoder, _STEPS)
    order = np.argsort(objective(problem, at, rule, encoder), kind="stable")[:3]
    rule, encoder = alternate(problem, at, rule[order], encoder[order], _LAST_STEPS)
    for r, e in zip(rule, encoder, strict=True):
        found += [(r, e), (_hardened(r), _hardened(e))]
    values = [float(objective(problem, at, r, e)) for r, e in found]
    return found[int(np.argmin(values))]


def alternate(problem: JointProblem, at: Multipliers, rule: Array, encoder: Array, steps: int) -> Tables:
    """Steps of alternating minimisation, until nothing changes."""
    before = np.asarray(np.inf)
    for step in range(steps):
        if step % _EVERY == 0:
            value = objective(problem, at, rule, encoder)
            if np.all(before - value <= _STILL * (1 + np.abs(value))):
                break
            before = value
        rule, encoder = _step(problem, at, rule, encoder)
    return rule, encoder


def _step(problem: JointProblem, at: Multipliers, rule: Array, encoder: Array) -> Tables:
    counts, p = problem.floats
    rho, delta, gamma, sigma = (at[name] for name in ("rho", "delta", "gamma", "sigma"))
    weighted = p[:, None] * rule
    share = np.einsum("stk,txy->sxky", weighted, counts)
    xk = share.sum(axis=-1)
    xz = np.einsum("sxk,sxkz->sxz", xk, encoder)
    yz = np.einsum("sxky,sxkz->syz", share, encoder)
    z = xz.sum(axis=1, keepdims=True)
    log_z = _log(z / problem.n)
    log_x, log_y = _log(xz) - _log(z), _log(yz) - _log(z)
    y_given = share / np.where(xk > 0, xk, 1.0)[..., None]
    codes = delta * log_x[:, :, None, :] + gamma * np.einsum("sxky,syz->sxkz", y_given, log_y)
    encoder = _gibbs(log_z[:, :, None, :] + 0 * codes, codes, rho)
    of_x = np.sum(encoder * (rho * (_log(encoder) - log_z[:, :, None, :]) - delta * log_x[:, :, None, :]), axis=-1)
    cost = of_x[..., None] - gamma * np.einsum("sxkz,syz->sxky", encoder, log_y)
    energy = np.einsum("txy,sxky->stk", counts, cost)
    log_theta = _log(weighted.sum(axis=1, keepdims=True))
    return _gibbs(log_theta + 0 * energy, -energy, sigma), encoder


def _gibbs(log_prior: Array, gain: Array, temperature: float) -> Array:
    """The maximiser of <gain> - temperature KL(.; prior), row by row."""
    if temperature == 0:
        return np.asarray(np.arange(gain.shape[-1]) == gain.argmax(axis=-1)[..., None], dtype=float)
    exponent = log_prior + gain / temperature
    weights = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _log(values: Array) -> Array:
    return np.asarray(np.log(np.maximum(values, _LEAST)))


def _entropy(p: Array, axes: int) -> Array:
    return -np.sum(p * _log(p), axis=tuple(range(-axes, 0)))


def _random_starts(problem: JointProblem, rng: np.random.Generator) -> Tables:
    (nx, _), letters = problem.shape, len(problem.types)
    spread = np.where(np.arange(STARTS) % 2, 0.2, 2.0)  # nearly hard, and soft
    rule = rng.gamma(spread[:, None, None], size=(STARTS, letters, problem.thetas)) + 1e-9
    encoder = rng.gamma(spread[:, None, None, None], size=(STARTS, nx, problem.thetas, problem.z_size)) + 1e-9
    return rule / rule.sum(axis=-1, keepdims=True), encoder / encoder.sum(axis=-1, keepdims=True)


def _hardened(table: Array) -> Array:
    return np.asarray(np.arange(table.shape[-1]) == table.argmax(axis=-1)[..., None], dtype=float)


# ---- deterministic


def best_hard(problem: JointProblem, at: Multipliers, most: int = MOST_HARD) -> Tables | None:
    """The best deterministic rule and encoder; None where there are more than `most` up to relabelling."""
    nx = problem.shape[0]
    if hard_count(len(problem.types), nx, problem.thetas, problem.z_size, most) > most:
        return None
    best, least = None, np.inf
    unit = np.eye(max(problem.thetas, problem.z_size))
    for partition in partitions(len(problem.types), problem.thetas):
        blocks = max(partition) + 1
        rule = unit[list(partition)][:, : problem.thetas]
        codes = partitions(blocks * nx, problem.z_size)
        while chunk := list(islice(codes, _CHUNK)):
            # Idle thetas copy the first.
            wide = np.array(chunk).reshape(len(chunk), nx, blocks)
            wide = np.concatenate([wide, *[wide[:, :, :1]] * (problem.thetas - blocks)], axis=2)
            encoder = unit[wide][..., : problem.z_size]
            values = objective(problem, at, rule[None], encoder)
            k = int(values.argmin())
            if values[k] < least:
                best, least = (rule, encoder[k]), float(values[k])
    return best


def partitions(size: int, most: int) -> Iterator[tuple[int, ...]]:
    """Partitions of `size` elements into at most `most` blocks, as restricted growth strings."""

    def extend(head: tuple[int, ...], blocks: int) -> Iterator[tuple[int, ...]]:
        if len(head) == size:
            yield head
            return
        for block in range(min(blocks + 1, most)):
            yield from extend((*head, block), max(blocks, block + 1))

    return extend((), 0)


def hard_count(letters: int, nx: int, thetas: int, codes: int, most: int) -> int:
    """How many pairs there are; a number above `most` where they are more."""
    total = 0
    for blocks in range(1, min(letters, thetas) + 1):
        encoders = sum(stirling(blocks * nx, k) for k in range(1, min(codes, blocks * nx) + 1))
        total += stirling(letters, blocks) * encoders
        if total > most:
            break
    return total


def stirling(size: int, blocks: int) -> int:
    """Partitions of a set into exactly so many blocks."""
    row = [1] + [0] * blocks
    for _ in range(size):
        row = [0] + [k * row[k] + row[k - 1] for k in range(1, blocks + 1)]
    return row[blocks]


def from_types(problem: JointProblem, by_type: Array) -> Tables | None:
    """A rule and an encoder from p(z|x,t): types whose rows agree where they matter share a theta.

    by_type[x, t, z] may leave z idle. None where the alphabets are too small.
    """
    counts, _ = problem.floats
    seen = counts.sum(axis=2) > 0  # [t, x]
    by_type = np.where(seen.T[..., None], by_type, 0.0)
    used = np.flatnonzero(by_type.max(axis=(0, 1)) > 1e-12)
    if len(used) > problem.z_size:
        return None
    codes = np.zeros((*by_type.shape[:2], problem.z_size))
    codes[..., : len(used)] = np.where(seen.T[..., None], by_type[..., used], 1.0)
    codes /= codes.sum(axis=-1, keepdims=True)
    kept: list[tuple[Array, Array]] = []  # rows [x, z] of each theta, and which of them are settled
    of = []
    for t in range(len(problem.types)):
        rows = codes[:, t]
        for k, (mine, settled) in enumerate(kept):
            both = settled & seen[t]
            if np.all(np.abs(mine[both] - rows[both]) < 1e-12):
                mine[seen[t]] = rows[seen[t]]
                settled |= seen[t]
                of.append(k)
                break
        else:
            if len(kept) == problem.thetas:
                return None
            of.append(len(kept))
            kept.append((rows.copy(), seen[t].copy()))
    encoder = np.repeat(kept[0][0][:, None, :], problem.thetas, axis=1)
    for k, (mine, _) in enumerate(kept):
        encoder[:, k] = mine
    return np.eye(problem.thetas)[of], encoder


def _clustered(problem: JointProblem, by_type: Array, rng: np.random.Generator) -> Tables:
    """The encoders of some random types, each type with the nearest; the heaviest codes where there are too many."""
    counts, p = problem.floats
    n_x = counts.sum(axis=2)
    weight = np.einsum("t,tx,xtz->z", p, n_x, by_type)
    kept = by_type[..., np.argsort(-weight, kind="stable")[: problem.z_size]]
    codes = np.full((*by_type.shape[:2], problem.z_size), 1e-9)
    codes[..., : kept.shape[-1]] += kept
    codes /= codes.sum(axis=-1, keepdims=True)
    centres = rng.choice(len(p), size=problem.thetas, p=p / p.sum())
    encoder = codes[:, centres]
    far = np.einsum("tx,xtkz->tk", n_x, np.abs(codes[:, :, None, :] - encoder[:, None, :, :]))
    return np.eye(problem.thetas)[far.argmin(axis=1)], encoder


def pruned(rule: Array, encoder: Array, counts: Array, p: Array) -> Tables:
    """The same tables without the values of theta and z that never occur."""
    thetas = np.flatnonzero(p @ rule > 0)
    rule, encoder = rule[:, thetas], encoder[:, thetas]
    xk = np.einsum("t,tk,txy->xk", p, rule, counts)
    z = np.einsum("xk,xkz->z", xk, encoder)
    encoder = encoder[..., z > 0]
    z = z[z > 0] / z.sum()
    idle = encoder.sum(axis=-1, keepdims=True) <= 0.5
    encoder = np.where(idle | (xk == 0)[..., None], z, encoder)
    return rule, encoder / encoder.sum(axis=-1, keepdims=True)


def witness(problem: JointProblem, rule: Array, encoder: Array) -> dict[str, Any]:
    """The tables with their q's."""
    counts, p = problem.floats
    share = np.einsum("t,tk,txy->kxy", p, rule, counts) / problem.n
    xz = np.einsum("kxy,xkz->zx", share, encoder)
    yz = np.einsum("kxy,xkz->zy", share, encoder)
    z = xz.sum(axis=1, keepdims=True)
    return {
        "theta_given_type": rule,
        "types": counts.astype(int),
        "z_given_x_theta": encoder,
        "theta": p @ rule,
        "z": z[:, 0],
        "x_given_z": np.where(z > 0, xz / np.where(z > 0, z, 1.0), xz.sum(axis=0)),
        "y_given_z": np.where(z > 0, yz / np.where(z > 0, z, 1.0), yz.sum(axis=0)),
    }
