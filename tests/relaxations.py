"""Relaxations to 60 digits, by the definition of each kernel: an oracle that imports nothing of ours."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from mpmath import mp, mpf


def real(value):
    exact = Fraction(value)
    return mpf(exact.numerator) / exact.denominator


def share(odds):
    """pi'/(pi + pi') of log pi'/pi."""
    return 1 / (1 + mp.exp(-odds))


def kernel(kind, logs):
    """K[theta][theta'] that keeps exp(logs)."""
    size = len(logs)
    if kind == "sweep":
        total = mp.eye(size)
        for k in range(size - 1):
            step = mp.eye(size)
            for row in (k, k + 1):
                step[row, k], step[row, k + 1] = share(logs[k] - logs[k + 1]), share(logs[k + 1] - logs[k])
            total = total * step
        return total
    move = {
        "metropolis": lambda a, b: mp.exp(min(logs[b] - logs[a], 0)) / size,
        "heat_bath": lambda a, b: share(logs[b] - logs[a]) / size,
        "langevin": lambda a, b: share(logs[b] - logs[a]) / 2 if abs(a - b) == 1 else mpf(0),
    }[kind]
    table = mp.matrix(size, size)
    for a in range(size):
        for b in range(size):
            if a != b:
                table[a, b] = move(a, b)
        table[a, a] = 1 - sum(table[a, b] for b in range(size))
    return table


def energies(world, q, gamma, delta, data):
    """R + delta D + gamma C of each theta for one data set x1, y1, ..., xN, yN."""
    found = []
    for theta in range(world.z_given_x_theta.shape[1]):
        energy = mpf(0)
        for x, y in zip(data[::2], data[1::2], strict=True):
            for z in range(world.z_given_x_theta.shape[2]):
                e = real(world.z_given_x_theta[x, theta, z])
                if e:
                    cost = mp.log(e) - mp.log(real(q.z[z]))
                    cost -= gamma * mp.log(real(q.y_given_z[z, y])) + delta * mp.log(real(q.x_given_z[z, x]))
                    energy += e * cost
        found.append(energy)
    return found


def relaxation(world, q, sigma, gamma, delta, kind, steps):
    """J_t and <KL(p_t; p*)> from the prior, t = 0, ..., steps."""
    with mp.workdps(60):
        prior = [real(v) for v in q.theta]
        law = world.marginal([name for name in world.axes if name[0] in "XY"]).table
        objective, divergence = [mpf(0)] * (steps + 1), [mpf(0)] * (steps + 1)
        for data in np.ndindex(*law.shape):
            energy = energies(world, q, gamma, delta, data)
            logs = [mp.log(p) - e / real(sigma) for p, e in zip(prior, energy, strict=True)]
            top = max(logs)
            log_z = top + mp.log(sum(mp.exp(v - top) for v in logs))
            table, p = kernel(kind, logs), mp.matrix([prior])
            for t in range(steps + 1):
                used = [k for k in range(len(prior)) if p[k]]
                s = sum(p[k] * mp.log(p[k] / prior[k]) for k in used)
                objective[t] += real(law[data]) * (sum(p[k] * energy[k] for k in used) + real(sigma) * s)
                # Floats of a prior need not sum to 1: p log(p/pi) - p + pi does not mind.
                d = sum(p[k] * (mp.log(p[k]) - logs[k] + log_z) for k in used)
                divergence[t] += real(law[data]) * (d + 1 - sum(p[k] for k in range(len(prior))))
                p = p * table
        return objective, divergence
