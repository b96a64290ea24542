"""The rate-distortion problem of a learning rule, by Newton (nats).

    min over rules of sum_t p_t sum_theta rule[t, theta] c[t, theta] + sigma I(Theta; T)
        = min over q of -sigma sum_t p_t log sum_theta q_theta exp(-c[t, theta]/sigma)
        >= the same at any q, less sigma log max_theta alpha_theta,
    alpha_theta = sum_t p_t exp(-c[t, theta]/sigma) / sum_theta' q_theta' exp(-c[t, theta']/sigma)

The minimum over q is the likelihood of a mixture with finitely many atoms: Newton on the thetas in use and the one
with the largest alpha. At sigma = 0 every type takes its least c.
Source: R. Blahut (1972); Y. Wang (2007).
"""

import math

import numpy as np
from numba import njit


@njit(cache=True, fastmath=False, error_model="numpy")
def rate_distortion(p, c, sigma, q, rule):
    """q and the rule in place; returns the proven lower bound of min <c> + sigma S."""
    types, thetas = c.shape
    base = 0.0
    for t in range(types):
        least = c[t, 0]
        for a in range(thetas):
            least = min(least, c[t, a])
        base += p[t] * least
        for a in range(thetas):
            # At sigma = 0 the first of the least is taken.
            rule[t, a] = math.exp((least - c[t, a]) / sigma) if sigma > 0.0 else (1.0 if c[t, a] == least else 0.0)
    if sigma == 0.0:
        q[:] = 0.0
        for t in range(types):
            found = False
            for a in range(thetas):
                if rule[t, a] > 0.0 and not found:
                    found = True
                    q[a] += p[t]
                else:
                    rule[t, a] = 0.0
        return base
    alpha, trial, step = np.empty(thetas), np.empty(thetas), np.empty(thetas)
    slope, work = np.empty(thetas), np.empty(thetas, np.int64)
    hess = np.empty((thetas, thetas))
    likely = np.empty(types)
    best, best_q = -math.inf, q.copy()
    last, stalled = math.inf, 0
    for _ in range(100):
        value = 0.0
        alpha[:] = 0.0
        for t in range(types):
            m = 0.0
            for a in range(thetas):
                m += q[a] * rule[t, a]
            if m < 1e-200:
                # A type that q leaves without a theta.
                for a in range(thetas):
                    q[a] = 0.5 * q[a] + 0.5 / thetas
                m = 0.0
                value = math.inf
            likely[t] = m
            if value < math.inf:
                value -= p[t] * math.log(m)
        if value == math.inf:
            continue
        for t in range(types):
            w = p[t] / likely[t]
            for a in range(thetas):
                alpha[a] += w * rule[t, a]
        most = alpha.argmax()
        bound = value - math.log(alpha[most])
        if bound > best:
            best = bound
            best_q[:] = q
        if alpha[most] - 1.0 < 1e-13:
            break
        stalled = stalled + 1 if value > last - 1e-15 * (1.0 + abs(value)) else 0
        if stalled > 2:
            break
        last = value
        # Newton on those in use and the one that q lacks most:
        # min 1/2 s'Hs + (1 - alpha).s over q + s >= 0, coordinate by coordinate.
        used = 0
        for a in range(thetas):
            if q[a] > 0.0 or a == most:
                work[used] = a
                used += 1
        hess[:used, :used] = 0.0
        for t in range(types):
            w = p[t] / (likely[t] * likely[t])
            for i in range(used):
                v = w * rule[t, work[i]]
                for j in range(i + 1):
                    hess[i, j] += v * rule[t, work[j]]
        for i in range(used):
            for j in range(i):
                hess[j, i] = hess[i, j]
            slope[i] = 1.0 - alpha[work[i]]
            step[i] = 0.0
        for _sweep in range(300):
            moved = 0.0
            for i in range(used):
                change = max(-slope[i] / (hess[i, i] + 1e-13), -q[work[i]] - step[i])
                if change != 0.0:
                    step[i] += change
                    for j in range(used):
                        slope[j] += hess[i, j] * change
                    moved = max(moved, abs(change))
            if moved < 1e-14:
                break
        length = 1.0
        while True:
            total, now = 0.0, 0.0
            trial[:] = 0.0
            for i in range(used):
                trial[work[i]] = max(q[work[i]] + length * step[i], 0.0)
                total += trial[work[i]]
            for t in range(types):
                m = 0.0
                for i in range(used):
                    m += trial[work[i]] * rule[t, work[i]]
                if m <= 0.0:
                    now = math.inf
                    break
                now -= p[t] * math.log(m / total)
            if now <= value or length < 1e-6:
                break
            length *= 0.5
        for a in range(thetas):
            q[a] = trial[a] / total if now <= value else q[a] * alpha[a]
    q[:] = best_q
    for t in range(types):
        m = 0.0
        for a in range(thetas):
            rule[t, a] *= q[a]
            m += rule[t, a]
        for a in range(thetas):
            rule[t, a] /= m
    return base + sigma * best
