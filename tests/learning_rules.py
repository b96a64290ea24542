"""Slow, independent ways to learning rules: enumeration, alternating minimisation, exact worlds."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

import therml_exact as tx

MULTIPLIERS = (("R", "rho"), ("C", "gamma"), ("D", "delta"), ("S", "sigma"))


def random_problem(seed, n=2, phi=2, x=2, y=2, z=2, dictionary=None):
    rng = np.random.default_rng(seed)

    def rows(*shape):
        counts = rng.integers(1, 7, size=shape)
        return [
            [Fraction(int(c), int(r.sum())) for c in r]
            for r in counts.reshape(-1, shape[-1])
        ]  # fmt: skip

    y_rows = np.array(rows(phi, x, y), dtype=object).reshape(phi, x, y)
    encoders = tx.encoders.deterministic(x, z) if dictionary is None else dictionary
    return tx.LearningRuleProblem(rows(1, phi)[0], rows(phi, x), y_rows, n, encoders)


def functionals(problem, rule, n=None):
    """R, C, D, S of a rule from the joint p(t, theta, x, y, z), by definition."""
    n = problem.n
    e = np.array(problem.dictionary, dtype=float)
    p = np.array([float(m) for _, m in problem.types])
    x, y, _, _ = problem.shape
    counts = np.array([c for c, _ in problem.types]).reshape(-1, x, y) / n
    joint = np.einsum("t,ta,txy,axz->taxyz", p, rule, counts, e)

    def h(axes):
        q = joint.sum(axis=tuple(k for k in range(5) if k not in axes)).ravel()
        q = q[q > 0]
        return -float((q * np.log(q)).sum())

    return {
        "R": n * (h((4,)) + h((1, 2)) - h((1, 2, 4))),
        "C": n * (h((3, 4)) - h((4,))),
        "D": n * (h((2, 4)) - h((4,))),
        "S": h((0,)) + h((1,)) - h((0, 1)),
    }


def value(problem, rule, **multipliers):
    f = functionals(problem, rule)
    return sum(float(multipliers.get(m, 1 if m == "rho" else 0)) * f[name] for name, m in MULTIPLIERS)


def enumerate_halves(problem, rho=1, gamma=0, delta=0):
    """The least value over all |Theta|^types deterministic rules (maps as encoders): two halves of the types, added."""
    e = np.array(problem.dictionary, dtype=float)
    p = np.array([float(m) for _, m in problem.types])
    x, y, thetas, z = problem.shape
    counts = np.array([c for c, _ in problem.types]).reshape(-1, x, y) / problem.n
    terms = np.einsum("t,txy,axz->taxyz", p, counts, e)
    cells = np.concatenate(
        [terms.sum(axis=2).reshape(len(p), thetas, -1), terms.sum(axis=3).reshape(len(p), thetas, -1)], axis=2
    )
    half = len(p) // 2
    sums = []
    for part in (range(half), range(half, len(p))):
        rules = np.array(list(itertools.product(range(thetas), repeat=len(part))), dtype=int).reshape(-1, len(part))
        sums.append(sum((cells[t, rules[:, k]] for k, t in enumerate(part)), np.zeros((len(rules), cells.shape[2]))))

    def eta(v):
        return -v * np.log(np.where(v > 0, v, 1.0))

    best, number = np.inf, 0
    for row in sums[0]:
        m = row + sums[1]
        zy, zx = m[:, : y * z], m[:, y * z :]
        hz = eta(zy.reshape(-1, y, z).sum(axis=1)).sum(axis=1)
        total = (rho - gamma - delta) * hz + gamma * eta(zy).sum(axis=1) + delta * eta(zx).sum(axis=1)
        best, number = min(best, problem.n * float(total.min())), number + len(m)
    return best, number


def alternate(problem, rng, steps=300, rho=1.0, gamma=0.0, delta=0.0, sigma=1.0):
    """The textbook iteration from a random rule: (24) with the q's, then the q's from the rule; its last value."""
    e = np.array(problem.dictionary, dtype=float)
    p = np.array([float(m) for _, m in problem.types])
    x, y, thetas, _ = problem.shape
    counts = np.array([c for c, _ in problem.types]).reshape(-1, x, y)
    log_e = np.log(np.where(e > 0, e, 1.0))
    rule = rng.dirichlet(np.full(thetas, 0.3), size=len(p)) + 1e-12
    rule /= rule.sum(axis=1, keepdims=True)
    for _ in range(steps):
        w = np.einsum("t,ta,txy,axz->xyz", p, rule, counts / problem.n, e)
        z = w.sum(axis=(0, 1)) + 1e-300
        qy, qx = np.log(w.sum(axis=0) / z + 1e-300), np.log(w.sum(axis=1) / z + 1e-300)
        cost = rho * np.einsum("txy,axz->ta", counts, e * (log_e - np.log(z)))
        cost -= gamma * np.einsum("txy,axz,yz->ta", counts, e, qy) + delta * np.einsum("txy,axz,xz->ta", counts, e, qx)
        log = np.log(p @ rule + 1e-300) - cost / sigma
        log -= log.max(axis=1, keepdims=True)
        rule = np.exp(log)
        rule /= rule.sum(axis=1, keepdims=True)
    return value(problem, rule, rho=rho, gamma=gamma, delta=delta, sigma=sigma)


def spread(problem, rule):
    """The rule on data sets, [x1, y1, ..., xN, yN, theta], of a rule on types; unseen data sets get the first theta."""
    x, y, thetas, _ = problem.shape
    types = {c: row for (c, _), row in zip(problem.types, rule, strict=True)}
    out = np.zeros((*(x, y) * problem.n, thetas))
    for index in np.ndindex(*(x, y) * problem.n):
        counts = [0] * (x * y)
        for k in range(problem.n):
            counts[index[2 * k] * y + index[2 * k + 1]] += 1
        out[index] = types.get(tuple(counts), np.eye(thetas)[0])
    return out


def bisect(problem, low, high, gamma, width, tol):
    """Where S falls most, by the textbook bisection: always the half with the larger fall. Its ends and their S."""

    def s(sigma):
        return tx.minimize(problem, gamma=gamma, sigma=sigma, tol=tol).point["S"]

    left, right = s(low), s(high)
    while high - low > width:
        middle = 0.5 * (low + high)
        here = s(middle)
        if left - here > here - right:
            high, right = middle, here
        else:
            low, left = middle, here
    return low, high, left, right
