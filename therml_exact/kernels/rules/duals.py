"""Cells of m for learning rules with multipliers to be found: caps, and the excess over a point (nats).

    bound = max over lam of min over rules of sum_i lam_i (G_i - limit_i),    i = R, C, D, S,   G_S = S,

G the minorants of a cell (cells.py, which also explains the arguments). The dual is concave in lam, with kinks where
two rules are equally good, as always where S has no multiplier. So it is maximised by a proximal bundle method. The
mixture of rules with which the method ends keeps the limits and is nearly optimal. Every lam gives a valid bound.
Source: K. Kiwiel, Proximity control in bundle methods (1990).
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.rules.cells import costs, measure, minorants, tangents, tighten, widest
from therml_exact.kernels.rules.rate_distortion import rate_distortion
from therml_exact.kernels.vectors import assign, assign_matrix


@kernel(fastmath=False, error_model="numpy")
def linear_costs(places, noise, n, coef, constant, g):
    """Fill in g[i, t, theta], i = 0, 1, 2: what theta for the type t adds to the linear minorants of R, C and D."""
    unit = np.zeros(3)
    for i in range(3):
        unit[:] = 0.0
        unit[i] = 1.0
        costs(places, noise, n, coef, constant, unit, g[i])


@kernel(fastmath=False, error_model="numpy")
def dual(p, g, limit, lam, q, rule, c, slope):
    """A lower bound of min over rules of sum_i lam_i (G_i - limit_i), i = R, C, D, S; slope is set to its gradient."""
    types, thetas = c.shape
    c[:] = 0.0
    for i in range(3):
        if lam[i] > 0.0:
            for t in range(types):
                for a in range(thetas):
                    c[t, a] += lam[i] * g[i, t, a]
    value = rate_distortion(p, c, lam[3], q, rule)
    slope[:] = 0.0
    theta = np.zeros(thetas)
    for t in range(types):
        for a in range(thetas):
            w = p[t] * rule[t, a]
            if w > 0.0:
                theta[a] += w
                for i in range(3):
                    slope[i] += w * g[i, t, a]
    for t in range(types):
        for a in range(thetas):
            if rule[t, a] > 0.0:
                slope[3] += p[t] * rule[t, a] * math.log(rule[t, a] / theta[a])
    for i in range(4):
        if lam[i] > 0.0:
            value -= lam[i] * limit[i]
        slope[i] -= limit[i]
    return value


CUTS = 20
LARGEST = 1e8  # of a multiplier found: larger ones (a box that no cap allows) would drown every bound in rounding


@kernel(fastmath=False, error_model="numpy")
def proximal_step(count, cuts, errors, room, free, simplex, mu, w, nu, step):
    """max over d of min_j (errors_j + cuts_j . d) - mu/2 |d|^2, d >= -room, sum d = 0 on the simplex; by its dual

        min over w of sum 1, nu >= 0 of |P(sum w_j cuts_j + nu)|^2 / (2 mu) + w.errors + nu.room,   d = P(...)/mu

    by an active set: the minimum over the positive ones of w and nu, as far as none becomes negative; then the one of
    the others that lowers the sum most joins them. w and nu in place, where they start; d goes to `step`. Returns the
    model's rise, min_j (errors_j + cuts_j . d).
    """
    number = 0.0
    for i in range(4):
        number += 1.0 if free[i] else 0.0
    size = count + 4
    rows, linear, u = np.zeros((size, 4)), np.empty(size), np.zeros(size)
    inside = np.zeros(size, np.bool_)
    for j in range(size):
        for i in range(4):
            if free[i]:
                rows[j, i] = cuts[j, i] if j < count else (1.0 if j - count == i else 0.0)
        if simplex:
            mean = (rows[j, 0] + rows[j, 1] + rows[j, 2] + rows[j, 3]) / number
            for i in range(4):
                rows[j, i] = rows[j, i] - mean if free[i] else 0.0
        linear[j] = errors[j] if j < count else room[j - count]
        if j < count or free[j - count]:
            u[j] = w[j] if j < count else nu[j - count]
            inside[j] = u[j] > 0.0
    largest = 0.0
    for j in range(size):
        largest = max(largest, rows[j, 0] ** 2 + rows[j, 1] ** 2 + rows[j, 2] ** 2 + rows[j, 3] ** 2)
    largest /= mu
    place = np.empty(size, np.int64)
    lower, one, two, slope = np.empty((size, size)), np.empty(size), np.empty(size), np.empty(size)
    least = 0.0
    for _ in range(10 * size):
        step[:] = 0.0
        for j in range(size):
            if inside[j]:
                for i in range(4):
                    step[i] += u[j] * rows[j, i] / mu
        for j in range(size):
            slope[j] = linear[j]
            for i in range(4):
                slope[j] += rows[j, i] * step[i]
        held = 0
        for j in range(size):
            if inside[j]:
                place[held] = j
                held += 1
        # Second derivatives with a ridge, L L^T; two right-hand sides: the slopes, and the sum of w.
        for r in range(held):
            j = place[r]
            for s in range(r + 1):
                v = 0.0
                for i in range(4):
                    v += rows[j, i] * rows[place[s], i]
                v /= mu
                if r == s:
                    v += 1e-12 * largest + 1e-13 * (1.0 + abs(linear[j]))
                for k in range(s):
                    v -= lower[r, k] * lower[s, k]
                lower[r, s] = math.sqrt(max(v, 1e-14 * largest + 1e-15)) if r == s else v / lower[s, s]
            one[r], two[r] = -slope[j], 1.0 if j < count else 0.0
            for k in range(r):
                one[r] -= lower[r, k] * one[k]
                two[r] -= lower[r, k] * two[k]
            one[r] /= lower[r, r]
            two[r] /= lower[r, r]
        for r in range(held - 1, -1, -1):
            for k in range(r + 1, held):
                one[r] -= lower[k, r] * one[k]
                two[r] -= lower[k, r] * two[k]
            one[r] /= lower[r, r]
            two[r] /= lower[r, r]
        above, below = 0.0, 0.0
        for r in range(held):
            if place[r] < count:
                above += one[r]
                below += two[r]
        level = above / below  # the common slope of w in the minimum
        length, at = 1.0, -1
        for r in range(held):
            one[r] -= level * two[r]
            if u[place[r]] + length * one[r] < 0.0:
                length, at = min(u[place[r]] / -one[r], 1.0), place[r]
        for r in range(held):
            u[place[r]] = max(u[place[r]] + length * one[r], 0.0)
        if at >= 0:
            u[at] = 0.0
            inside[at] = False
            continue
        step[:] = 0.0
        for j in range(size):
            if inside[j]:
                for i in range(4):
                    step[i] += u[j] * rows[j, i] / mu
        least, joins, gain, uneven = math.inf, -1, 0.0, 0.0
        for j in range(size):
            value = linear[j]
            for i in range(4):
                value += rows[j, i] * step[i]
            if j < count:
                least = min(least, value)
            elif not free[j - count]:
                continue
            lack = -level - value if j < count else -value
            if inside[j]:
                uneven = max(uneven, abs(lack))
            elif lack > gain:
                joins, gain = j, lack
        # What the ridge has left uneven among the positive ones is evened out by going on.
        close = 1e-12 * (1.0 + abs(least))
        if max(gain, uneven) < close:
            break
        if gain > close:
            inside[joins] = True
    total = u[:count].sum()
    for j in range(count):
        w[j] = u[j] / total
    for i in range(4):
        nu[i] = u[count + i]
    return least


@kernel(fastmath=False, error_model="numpy")
def raise_dual(p, g, limit, lam, free, simplex, enough, tol, q, rule):
    """A proximal bundle method for the multipliers: those marked free, >= 0, of sum 1 if `simplex`.

    The dual has kinks where rules tie. lam and q in place; returns the bound, which any lam and q make valid, and stops
    when it is `enough` or what it can still gain is small beside what is missing. `rule` is the mixture of rules that
    the bundle ends with: it keeps the limits, and is optimal, as nearly as the bundle has converged.
    """
    types, thetas = rule.shape
    c = np.empty((types, thetas))
    cuts, errors, w = np.zeros((CUTS, 4)), np.zeros(CUTS), np.zeros(CUTS)
    rules = np.zeros((CUTS, types, thetas))
    nu, step, room, trial, slope = np.zeros(4), np.zeros(4), np.zeros(4), np.empty(4), np.empty(4)
    trial_q = q.copy()
    value = dual(p, g, limit, lam, q, rules[0], c, slope)
    assign(cuts[0], slope)
    w[0] = 1.0
    count = 1
    size = 0.0
    for i in range(4):
        if free[i]:
            size = max(size, abs(slope[i]))
    mu = max(size, 1e-6) / 0.3
    for _ in range(120):
        if value > enough:
            break
        for i in range(4):
            room[i] = lam[i]
        rise = proximal_step(count, cuts, errors, room, free, simplex, mu, w, nu, step)
        missing = enough - value if enough < math.inf else 0.0
        # With d = step, the gain left is at most rise - mu |d|^2 + mu |d| times the distance to go.
        # Where the caps are slightly out of reach that distance is long.
        far, length = 1.0, 0.0
        for i in range(4):
            if free[i]:
                far += lam[i]
                length += step[i] * step[i]
        far *= 1.0 if simplex else 30.0
        if rise - mu * length + mu * math.sqrt(length) * far < max(0.02 * tol, 0.1 * missing):
            break
        total = 0.0
        for i in range(4):
            trial[i] = min(max(lam[i] + step[i], 0.0), 10.0 * lam[i] + 10.0, LARGEST) if free[i] else lam[i]
            total += trial[i] if free[i] else 0.0
        if simplex:
            for i in range(4):
                if free[i]:
                    trial[i] /= total
        assign(trial_q, q)
        slot = count
        if count == CUTS:
            slot = 0
            for j in range(count):
                if w[j] < w[slot] or (w[j] == w[slot] and errors[j] > errors[slot]):
                    slot = j
            if w[slot] > 0.0:
                rest = 1.0 - w[slot]
                for j in range(count):
                    w[j] /= rest
        else:
            count += 1
        w[slot] = 0.0
        now = dual(p, g, limit, trial, trial_q, rules[slot], c, slope)
        assign(cuts[slot], slope)
        if now > value + 0.1 * rise:
            for j in range(count):
                if j != slot:
                    for i in range(4):
                        if free[i]:
                            errors[j] += cuts[j, i] * (trial[i] - lam[i])
                    errors[j] = max(errors[j] - (now - value), 0.0)
            errors[slot] = 0.0
            if now > value + 0.5 * rise:
                mu *= 0.3
            assign(lam, trial)
            assign(q, trial_q)
            value = now
        else:
            errors[slot] = now - value
            for i in range(4):
                if free[i]:
                    errors[slot] += slope[i] * (lam[i] - trial[i])
            errors[slot] = max(errors[slot], 0.0)
            mu *= 1.2
    rule[:] = 0.0
    for j in range(count):
        if w[j] > 0.0:
            for t in range(types):
                for a in range(thetas):
                    rule[t, a] += w[j] * rules[j, t, a]
    return value


@kernel(fastmath=False, error_model="numpy")
def bound_capped(lo, hi, p, places, noise, n, nz, ny, nx, py, px, use_y, use_x, limit, lam, free, simplex,
                 enough, tol, q, rule, m, point):  # fmt: skip
    """As bound_cell (cells.py), but the multipliers lam are maximised over, in place."""
    types, thetas, width = places.shape
    if not tighten(lo, hi, nz, ny, nx, py, px, use_y, use_x):
        return math.inf, -1
    coef, constant, gaps, g = np.empty((3, width)), np.empty(3), np.empty((3, nz)), np.empty((3, types, thetas))
    other_lam, other_q, other = lam.copy(), q.copy(), np.empty((types, thetas))
    minorants(lo, hi, nz, ny, nx, use_y, use_x, False, coef, constant, gaps)
    linear_costs(places, noise, n, coef, constant, g)
    lower = raise_dual(p, g, limit, lam, free, simplex, enough, tol, q, rule)
    if lower < enough:
        minorants(lo, hi, nz, ny, nx, use_y, use_x, True, coef, constant, gaps)
        linear_costs(places, noise, n, coef, constant, g)
        value = raise_dual(p, g, limit, other_lam, free, simplex, enough, tol, other_q, other)
        if value > lower:
            lower = value
            assign(lam, other_lam)
            assign(q, other_q)
            assign_matrix(rule, other)
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    # A minorant can keep a limit, with the multiplier 0, where the functional itself exceeds it. By the multipliers
    # alone the boxes would then shrink for the objective only, for ever: what exceeds a limit counts too.
    level = lower if simplex else 0.0
    for i in range(3):
        over = max(point[i] - limit[i] - level, 0.0) if free[i] else 0.0
        for z in range(nz):
            gaps[i, z] = (lam[i] + 1e-3 * free[i]) * gaps[i, z] + min(over, gaps[i, z])
    return lower, widest(lo, hi, m, nz, ny, nx, np.ones(3), gaps)


@kernel(fastmath=False, error_model="numpy")
def descend_capped(p, places, noise, n, nz, ny, nx, limit, lam, free, simplex, tol, q, rule, m, point, steps):
    """Improve rule and q's in turn, in place; m and point become those of the rule.

    With fixed q's R, C and D are never less than with the optimal ones: a rule that keeps the limits with fixed q's
    keeps them.
    """
    types, thetas, width = places.shape
    coef, g, nothing = np.empty((3, width)), np.empty((3, types, thetas)), np.zeros(3)
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    last = math.inf
    for _ in range(steps):
        tangents(m, nz, ny, nx, coef)
        linear_costs(places, noise, n, coef, nothing, g)
        value = raise_dual(p, g, limit, lam, free, simplex, math.inf, tol, q, rule)
        measure(p, places, noise, n, nz, ny, nx, rule, m, point)
        if last - value < 0.01 * tol:
            break
        last = value
