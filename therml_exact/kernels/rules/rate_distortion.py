"""The rate-distortion problem of a learning rule, by Newton (nats).

    min over rules of sum_t p_t sum_theta rule[t, theta] c[t, theta] + sigma I(Theta; T)
        = min over q of -sigma sum_t p_t log sum_theta q_theta exp(-c[t, theta]/sigma)
        >= the same at any q, less sigma log max_theta alpha_theta,
    alpha_theta = sum_t p_t exp(-c[t, theta]/sigma) / sum_theta' q_theta' exp(-c[t, theta']/sigma)

The minimum over q is the likelihood of a mixture with finitely many atoms: it is convex, so that any start leads to it.
Each step minimises the second-order model over q >= 0, on the thetas in use and the one with the largest alpha, by an
active set (the model's minimum on a line is followed to where a theta reaches 0, which then leaves). A start that
leaves some type hardly explained is mixed with the rule of sigma = 0, where every type takes its least c: then no alpha
exceeds twice the number of types, and the second derivatives, which grow as the square of alpha, stay finite.
Source: R. Blahut (1972); Y. Wang (2007); C. Lawson and R. Hanson (1974), chapter 23.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import assign

POOR = 1e3  # of an alpha: from there on the start explains some type too badly
FAR = 10.0  # of an alpha: from there on the second-order model says little, and a step to that one theta is better
RIDGE = 1e-13  # added to the diagonal, relative: equal thetas make the second derivatives singular


@kernel(fastmath=False, error_model="numpy")
def rate_distortion(p, c, sigma, q, rule):
    """Solve from q, in place; returns a proved lower bound of min <c> + sigma S, and fills in the rule."""
    types, thetas = c.shape
    base = 0.0
    first = np.empty(types, np.int64)  # the first theta with the least c
    for t in range(types):
        first[t] = c[t].argmin()
        least = c[t, first[t]]
        base += p[t] * least
        for a in range(thetas):
            rule[t, a] = math.exp((least - c[t, a]) / sigma) if sigma > 0.0 else 0.0
    if sigma == 0.0:
        q[:] = 0.0
        for t in range(types):
            rule[t, first[t]] = 1.0
            q[first[t]] += p[t]
        return base
    alpha, trial, likely = np.empty(thetas), np.empty(thetas), np.empty(types)
    work, x = np.empty(thetas, np.int64), np.empty(thetas)
    hess, lower, goal = np.empty((thetas, thetas)), np.empty((thetas, thetas)), np.empty(thetas)
    value = likelihood(p, rule, q, likely)
    ascent(p, rule, likely, alpha)
    if not (value < math.inf and alpha.max() < POOR):
        for a in range(thetas):
            q[a] *= 0.5
        for t in range(types):
            q[first[t]] += 0.5 * p[t]
        total = q.sum()
        for a in range(thetas):
            q[a] /= total
        value = likelihood(p, rule, q, likely)
        ascent(p, rule, likely, alpha)
    best, best_q, before = -math.inf, q.copy(), np.empty(types)
    stalled, slack = 0, 0.0
    for _ in range(200):
        most = alpha.argmax()
        bound = value - math.log(alpha[most])
        if bound > best:
            stalled = stalled if bound <= best + slack else 0
            best = bound
            assign(best_q, q)
        if alpha[most] - 1.0 < 1e-13 or stalled > 3:
            break
        used = 0
        for a in range(thetas):
            if q[a] > 0.0 or a == most:
                work[used] = a
                x[used] = q[a]
                used += 1
        # Near the end the value no longer tells better from worse, but the bound does.
        now, length, slack = math.inf, 1.0, 2e-15 * (1.0 + abs(value))
        assign(before, likely)
        if alpha[most] < FAR:
            newton(p, rule, likely, alpha, work, used, x, hess, lower, goal)
        else:
            length = 0.0
        while length > 1e-4:
            trial[:] = 0.0
            total = 0.0
            for i in range(used):
                trial[work[i]] = q[work[i]] + length * (x[i] - q[work[i]])
                total += trial[work[i]]
            if total > 0.0:
                for a in range(thetas):
                    trial[a] /= total
                now = likelihood(p, rule, trial, likely)
                # No type may lose nearly all: a rare one would cost little and leave alpha huge.
                kept = True
                for t in range(types):
                    kept = kept and likely[t] > 0.01 * before[t]
                if now <= value + slack and kept:
                    break
                now = math.inf
            length *= 0.5
        if not now <= value + slack:
            # All that is missing may be mass on the one theta: exactly as much as the derivative asks for.
            amount = share(p, rule[:, most], before)
            for a in range(thetas):
                trial[a] = (1.0 - amount) * q[a]
            trial[most] += amount
            now = likelihood(p, rule, trial, likely)
        stalled = stalled + 1 if not now < value - slack else 0
        if now <= value + slack:
            assign(q, trial)
            value = now
        else:
            assign(likely, before)
            stalled = 4
        ascent(p, rule, likely, alpha)
    # The rule is that of the least value; the best bound may have been an earlier q's.
    for t in range(types):
        for a in range(thetas):
            rule[t, a] *= q[a] / likely[t]
    assign(q, best_q)
    return base + sigma * best


@kernel(fastmath=False, error_model="numpy")
def likelihood(p, atoms, q, likely):
    """-sum_t p_t log likely_t, likely_t = sum_theta q_theta atoms[t, theta]; infinite where one is 0."""
    value = 0.0
    for t in range(p.size):
        m = 0.0
        for a in range(q.size):
            m += q[a] * atoms[t, a]
        likely[t] = m
        value -= p[t] * math.log(m) if m > 0.0 else -math.inf
    return value


@kernel(fastmath=False, error_model="numpy")
def ascent(p, atoms, likely, alpha):
    """alpha_theta = sum_t p_t atoms[t, theta] / likely_t."""
    alpha[:] = 0.0
    for t in range(p.size):
        if likely[t] > 0.0:
            w = p[t] / likely[t]
            for a in range(alpha.size):
                alpha[a] += w * atoms[t, a]
        else:
            for a in range(alpha.size):
                alpha[a] += math.inf if atoms[t, a] > 0.0 else 0.0


@kernel(fastmath=False, error_model="numpy")
def newton(p, atoms, likely, alpha, work, used, x, hess, lower, goal):
    """The least second-order model of sum q - sum_t p_t log likely_t over q >= 0, from x = q[work[:used]], in place.

    With H the second derivatives, H q = alpha, so that the model is x.H x/2 - (2 alpha - 1).x. Thetas that reach 0
    leave `work` for this step.
    """
    hess[:used, :used] = 0.0
    for t in range(p.size):
        w = p[t] / (likely[t] * likely[t])
        for i in range(used):
            v = w * atoms[t, work[i]]
            for j in range(i + 1):
                hess[i, j] += v * atoms[t, work[j]]
    for i in range(used):
        for j in range(i):
            hess[j, i] = hess[i, j]
    live = np.ones(used, np.bool_)
    place = np.empty(used, np.int64)
    for _ in range(used):
        count = 0
        for i in range(used):
            if live[i]:
                place[count] = i
                count += 1
        # Cholesky, H + ridge = L L^T; the step s solves (H + ridge) s = 2 alpha - 1 - H x.
        for i in range(count):
            k = place[i]
            goal[i] = 2.0 * alpha[work[k]] - 1.0
            for j in range(count):
                goal[i] -= hess[k, place[j]] * x[place[j]]
            for j in range(i + 1):
                v = hess[k, place[j]]
                if i == j:
                    v += RIDGE * hess[k, k] + 1e-300
                for m in range(j):
                    v -= lower[i, m] * lower[j, m]
                if i == j:
                    lower[i, i] = math.sqrt(max(v, 0.5 * RIDGE * hess[k, k] + 1e-300))
                else:
                    lower[i, j] = v / lower[j, j]
        for i in range(count):
            for m in range(i):
                goal[i] -= lower[i, m] * goal[m]
            goal[i] /= lower[i, i]
        for i in range(count - 1, -1, -1):
            for m in range(i + 1, count):
                goal[i] -= lower[m, i] * goal[m]
            goal[i] /= lower[i, i]
        # As far as every x stays >= 0.
        length, at = 1.0, -1
        for i in range(count):
            k = place[i]
            if x[k] + length * goal[i] < 0.0:
                length, at = min(x[k] / -goal[i], 1.0), i
        for i in range(count):
            k = place[i]
            x[k] = max(x[k] + length * goal[i], 0.0)
        if at < 0:
            return
        x[place[at]] = 0.0
        live[place[at]] = False


@kernel(fastmath=False, error_model="numpy")
def share(p, atom, likely):
    """The a in [0, 1] with the least -sum_t p_t log((1 - a) likely_t + a atom_t), by bisection of its derivative."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        slope = 0.0
        for t in range(p.size):
            slope -= p[t] * (atom[t] - likely[t]) / ((1.0 - middle) * likely[t] + middle * atom[t])
        if slope < 0.0:
            low = middle
        else:
            high = middle
    return low
