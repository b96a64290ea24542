"""Cells of m for learning rules: affine minorants of R, C, D on a box, and the rate-distortion problem they leave (nats).

m holds p(z,y), then p(z,x), then p(z), z-major; a cell is a box lo <= m <= hi, tightened by the margins' equations. On it

    p(z) H(Y|z) >= sum_y m_zy (-log r_y - k),   k = max over the box's corners v of KL(v/|v| || r)       (any r)
    -p log p    >= its chord from lo to hi

with equality at the corners of two letters. (The first: H(v) = sum -v log r - |v| KL, and KL(. || r) is largest at a
corner.) Instead of k m_zy for each y, k hi_z once is as valid: the first form is exact at m = 0, the second does not
fall far from the box, which is what makes small boxes at m = 0 converge where H(Z) costs nothing. Both are tried. So R, C, D >= G_R, G_C, G_D, linear in the rule, and with multipliers what is left is

    min over rules of sum_t p_t sum_theta rule c[t, theta] + sigma S
        = min over q of -sigma sum_t p_t log sum_theta q_theta exp(-c/sigma)
        >= the same at any q,  less sigma log max_theta alpha_theta,     alpha = the gradient in q, negated, over sigma

Constrained Newton for q, as for a mixture. At sigma = 0 every type takes its least c.
"""

import math

import numpy as np
from numba import njit


@njit(cache=True, fastmath=False, error_model="numpy")
def tighten(lo, hi, nz, ny, nx, py, px, use_y, use_x):
    """Interval consequences of the margins, in place; False where the box is empty."""
    zy, zx = 0, nz * ny
    zp = zx + nz * nx
    for _ in range(2):
        for block in range(3):
            width = ny if block == 0 else (nx if block == 1 else 1)
            start = zy if block == 0 else (zx if block == 1 else zp)
            if (block == 0 and not use_y) or (block == 1 and not use_x):
                continue
            for j in range(width):
                total = py[j] if block == 0 else (px[j] if block == 1 else 1.0)
                low, high = 0.0, 0.0
                for z in range(nz):
                    low += lo[start + z * width + j]
                    high += hi[start + z * width + j]
                for z in range(nz):
                    k = start + z * width + j
                    new_hi = min(hi[k], total - (low - lo[k]))
                    new_lo = max(lo[k], total - (high - hi[k]))
                    low += new_lo - lo[k]
                    high += new_hi - hi[k]
                    lo[k], hi[k] = new_lo, new_hi
            if block == 2:
                continue
            for z in range(nz):
                low, high = 0.0, 0.0
                for j in range(width):
                    low += lo[start + z * width + j]
                    high += hi[start + z * width + j]
                lo[zp + z], hi[zp + z] = max(lo[zp + z], low), min(hi[zp + z], high)
                for j in range(width):
                    k = start + z * width + j
                    new_hi = min(hi[k], hi[zp + z] - (low - lo[k]))
                    new_lo = max(lo[k], lo[zp + z] - (high - hi[k]))
                    low += new_lo - lo[k]
                    high += new_hi - hi[k]
                    lo[k], hi[k] = new_lo, new_hi
    for k in range(lo.size):
        if lo[k] > hi[k]:
            if lo[k] > hi[k] + 1e-12:
                return False
            lo[k] = hi[k]
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def eta(p):
    return -p * math.log(p) if p > 0.0 else 0.0


@njit(cache=True, fastmath=False, error_model="numpy")
def reference(lo, hi, r):
    """A row r inside the box's conditionals: of two letters the one whose tangent is the chord, else the middle."""
    width = lo.size
    total = 0.0
    for j in range(width):
        total += lo[j] + hi[j]
    if total <= 0.0:
        r[:] = 1.0 / width
        return
    if width == 2:
        a = lo[0] / (lo[0] + hi[1]) if hi[1] > 0.0 else 1.0
        b = hi[0] / (hi[0] + lo[1]) if hi[0] > 0.0 else 0.0
        if b - a > 1e-7:
            slope = (eta(b) + eta(1.0 - b) - eta(a) - eta(1.0 - a)) / (b - a)
            r[0] = 1.0 / (1.0 + math.exp(slope))
        else:
            r[0] = min(max(0.5 * (a + b), 1e-12), 1.0 - 1e-12)
        r[1] = 1.0 - r[0]
        return
    for j in range(width):
        r[j] = max((lo[j] + hi[j]) / total, 1e-12)
    r /= r.sum()


@njit(cache=True, fastmath=False, error_model="numpy")
def largest_divergence(lo, hi, r):
    """max over corners v of KL(v/|v| || r)."""
    width = lo.size
    worst = 0.0
    for corner in range(1, 1 << width):
        total, value = 0.0, 0.0
        for j in range(width):
            total += hi[j] if corner >> j & 1 else lo[j]
        if total > 0.0:
            for j in range(width):
                u = (hi[j] if corner >> j & 1 else lo[j]) / total
                if u > 0.0:
                    value += u * math.log(u / r[j])
            worst = max(worst, value)
    return worst


@njit(cache=True, fastmath=False, error_model="numpy")
def minorants(lo, hi, nz, ny, nx, use_y, use_x, lowered, coef, constant, gaps):
    """coef[0..2] . m + constant[0..2]: minorants of H(Z), H(Y|Z), H(X|Z); `lowered` takes the form k hi_z.

    gaps[0..2, z]: how far each piece may lie above its minorant.
    """
    coef[:] = 0.0
    constant[:] = 0.0
    gaps[:] = 0.0
    zp = nz * (ny + nx)
    r = np.empty(max(ny, nx))
    for z in range(nz):
        a, b = lo[zp + z], hi[zp + z]
        fa, fb = eta(a), eta(b)
        # The chord, or where it would lose its digits the tangent at the middle, lowered.
        if b > 2.0 * a or b - a > 2.0**-30:
            slope = (fb - fa) / (b - a)
        else:
            slope = -math.log(max(0.5 * (a + b), 2.0**-80)) - 1.0
        constant[0] += min(fa - slope * a, fb - slope * b)
        coef[0, zp + z] = slope
        top = math.exp(-slope - 1.0)
        gaps[0, z] = max(eta(top) - fa - slope * (top - a), 0.0) if a < top < b else 0.0
        for block in range(2):
            if (block == 0 and not use_y) or (block == 1 and not use_x):
                continue
            width = ny if block == 0 else nx
            start = z * ny if block == 0 else nz * ny + z * nx
            reference(lo[start : start + width], hi[start : start + width], r[:width])
            k = largest_divergence(lo[start : start + width], hi[start : start + width], r[:width])
            for j in range(width):
                coef[1 + block, start + j] = -math.log(r[j]) - (0.0 if lowered else k)
            if lowered:
                constant[1 + block] -= k * b
            gaps[1 + block, z] = k * b


@njit(cache=True, fastmath=False, error_model="numpy")
def tangents(m, nz, ny, nx, coef):
    """The same at a point: frozen q's, -log q(z), -log q(y|z), -log q(x|z)."""
    coef[:] = 0.0
    zp = nz * (ny + nx)
    for z in range(nz):
        p = max(m[zp + z], 1e-300)
        coef[0, zp + z] = -math.log(p)
        for y in range(ny):
            coef[1, z * ny + y] = -math.log(max(m[z * ny + y] / p, 1e-300))
        for x in range(nx):
            coef[2, nz * ny + z * nx + x] = -math.log(max(m[nz * ny + z * nx + x] / p, 1e-300))


@njit(cache=True, fastmath=False, error_model="numpy")
def costs(places, noise, n, coef, constant, weight, c):
    """c[t, theta] = N sum_i weight_i (coef_i . m + constant_i), less N l for R."""
    types, thetas, width = places.shape
    total = np.empty(width)
    fixed = n * (weight[0] * constant[0] + weight[1] * constant[1] + weight[2] * constant[2])
    for k in range(width):
        total[k] = n * (weight[0] * coef[0, k] + weight[1] * coef[1, k] + weight[2] * coef[2, k])
    for t in range(types):
        for a in range(thetas):
            value = fixed - n * weight[0] * noise[t, a]
            for k in range(width):
                value += total[k] * places[t, a, k]
            c[t, a] = value


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
    for iteration in range(100):
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
        for _ in range(300):
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


@njit(cache=True, fastmath=False, error_model="numpy")
def measure(p, places, noise, n, nz, ny, nx, rule, m, point):
    """m of a rule, and R, C, D, S with its optimal q's."""
    types, thetas, width = places.shape
    m[:] = 0.0
    theta = np.zeros(thetas)
    quiet = 0.0
    for t in range(types):
        for a in range(thetas):
            w = p[t] * rule[t, a]
            if w > 0.0:
                theta[a] += w
                quiet += w * noise[t, a]
                for k in range(width):
                    m[k] += w * places[t, a, k]
    s = 0.0
    for t in range(types):
        for a in range(thetas):
            if rule[t, a] > 0.0:
                s += p[t] * rule[t, a] * math.log(rule[t, a] / theta[a])
    zp = nz * (ny + nx)
    h, hy, hx = 0.0, 0.0, 0.0
    for z in range(nz):
        h += eta(m[zp + z])
        for y in range(ny):
            hy += eta(m[z * ny + y])
        for x in range(nx):
            hx += eta(m[nz * ny + z * nx + x])
    point[0], point[1], point[2], point[3] = n * (h - quiet), n * (hy - h), n * (hx - h), max(s, 0.0)


@njit(cache=True, fastmath=False, error_model="numpy")
def descend(p, places, noise, n, nz, ny, nx, weight, q, rule, m, point, steps):
    """Rule and q's in turn until nothing is gained; returns the value."""
    types, thetas, width = places.shape
    coef, c = np.empty((3, width)), np.empty((types, thetas))
    new, new_m, new_point, nothing = np.empty((types, thetas)), np.empty(width), np.empty(4), np.zeros(3)
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    value = weight[0] * point[0] + weight[1] * point[1] + weight[2] * point[2] + weight[3] * point[3]
    for _ in range(steps):
        tangents(m, nz, ny, nx, coef)
        costs(places, noise, n, coef, nothing, weight, c)
        rate_distortion(p, c, weight[3], q, new)
        measure(p, places, noise, n, nz, ny, nx, new, new_m, new_point)
        now = weight[0] * new_point[0] + weight[1] * new_point[1] + weight[2] * new_point[2] + weight[3] * new_point[3]
        if not now < value:
            break
        gain = value - now
        value = now
        rule[:], m[:], point[:] = new, new_m, new_point
        if gain < 1e-15 * (1.0 + abs(value)):
            break
    return value


@njit(cache=True, fastmath=False, error_model="numpy")
def widest(lo, hi, m, nz, ny, nx, weight, gaps):
    """The coordinate to halve: inside the piece with the largest weighted gap the one that moves it most; -1: none."""
    chosen, kind, row = 0.0, -1, 0
    for i in range(3):
        for z in range(nz):
            if weight[i] * gaps[i, z] > chosen:
                chosen, kind, row = weight[i] * gaps[i, z], i, z
    if kind < 0:
        return -1
    if kind == 0:
        return nz * (ny + nx) + row
    width = ny if kind == 1 else nx
    start = row * ny if kind == 1 else nz * ny + row * nx
    best, at = 0.0, -1
    for j in range(width):
        k = start + j
        size = (hi[k] - lo[k]) ** 2 / (hi[k] + lo[k]) if hi[k] > 0.0 else 0.0
        if size > best:
            best, at = size, k
    return at


@njit(cache=True, fastmath=False, error_model="numpy")
def bound_cell(lo, hi, p, places, noise, n, nz, ny, nx, py, px, weight, enough, q, rule, m, point):
    """Tighten the box in place; (lower bound, coordinate to halve). q, the rule, its m and point are left behind."""
    types, thetas, width = places.shape
    use_y, use_x = weight[1] > 0.0, weight[2] > 0.0
    if not tighten(lo, hi, nz, ny, nx, py, px, use_y, use_x):
        return math.inf, -1
    coef, constant, gaps, c = np.empty((3, width)), np.empty(3), np.empty((3, nz)), np.empty((types, thetas))
    minorants(lo, hi, nz, ny, nx, use_y, use_x, False, coef, constant, gaps)
    costs(places, noise, n, coef, constant, weight, c)
    lower = rate_distortion(p, c, weight[3], q, rule)
    if lower < enough:
        other_q, other = q.copy(), np.empty((types, thetas))
        minorants(lo, hi, nz, ny, nx, use_y, use_x, True, coef, constant, gaps)
        costs(places, noise, n, coef, constant, weight, c)
        value = rate_distortion(p, c, weight[3], other_q, other)
        if value > lower:
            lower = value
            q[:], rule[:] = other_q, other
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    return lower, widest(lo, hi, m, nz, ny, nx, weight, gaps)


@njit(cache=True, fastmath=False, error_model="numpy")
def linear_costs(places, noise, n, coef, constant, g):
    """g[i, t, theta], i = R, C, D: the linear functions alone."""
    unit = np.zeros(3)
    for i in range(3):
        unit[:] = 0.0
        unit[i] = 1.0
        costs(places, noise, n, coef, constant, unit, g[i])


@njit(cache=True, fastmath=False, error_model="numpy")
def dual(p, g, limit, lam, q, rule, c, slope):
    """min over rules of sum_i lam_i (F_i - limit_i), i = R, C, D, S, from below, and its gradient in lam."""
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


@njit(cache=True, fastmath=False, error_model="numpy")
def proximal_step(count, cuts, errors, room, free, simplex, mu, w, nu, step):
    """max over d of min_j (errors_j + cuts_j . d) - mu/2 |d|^2, d >= -room, sum d = 0 on the simplex; by its dual

        min over w of sum 1, nu >= 0 of |P(sum w_j cuts_j + nu)|^2 / (2 mu) + w.errors + nu.room,   d = P(...)/mu

    pair by pair in w and coordinate by coordinate in nu. Returns the model's rise, min_j (errors_j + cuts_j . d).
    """
    number = 0.0
    for i in range(4):
        number += 1.0 if free[i] else 0.0
    for _ in range(200):
        for i in range(4):
            step[i] = nu[i] if free[i] else 0.0
        for j in range(count):
            for i in range(4):
                if free[i]:
                    step[i] += w[j] * cuts[j, i]
        if simplex:
            mean = (step[0] + step[1] + step[2] + step[3]) / number
            for i in range(4):
                step[i] = step[i] - mean if free[i] else 0.0
        for i in range(4):
            step[i] /= mu
        # Steepest pair: the largest and the least of errors_j + cuts_j . d.
        low, high, least, most = 0, -1, math.inf, -math.inf
        for j in range(count):
            value = errors[j]
            for i in range(4):
                value += cuts[j, i] * step[i] if free[i] else 0.0
            if value < least:
                least, low = value, j
            if w[j] > 0.0 and value > most:
                most, high = value, j
        # And the coordinate that most leaves its room.
        where, gain = -1, 0.0
        for i in range(4):
            if free[i]:
                lack = -(room[i] + step[i])
                if nu[i] > 0.0 or lack > 0.0:
                    if abs(lack) > gain:
                        where, gain = i, abs(lack)
        if high >= 0 and most - least > 1e-12 * (1.0 + abs(least)):
            square, mean = 0.0, 0.0
            for i in range(4):
                if free[i]:
                    mean += (cuts[high, i] - cuts[low, i]) / number
            for i in range(4):
                if free[i]:
                    square += (cuts[high, i] - cuts[low, i] - (mean if simplex else 0.0)) ** 2
            amount = min(w[high], (most - least) * mu / square) if square > 0.0 else w[high]
            w[high] -= amount
            w[low] += amount
        elif gain < 1e-12:
            break
        if where >= 0:
            weight = (1.0 - 1.0 / number) if simplex else 1.0
            if weight > 0.0:
                nu[where] = max(nu[where] - (room[where] + step[where]) * mu / weight, 0.0)
    return least


@njit(cache=True, fastmath=False, error_model="numpy")
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
    cuts[0] = slope
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
        if rise < max(0.02 * tol, 0.02 * missing) and rise * mu < 1e3 * (0.02 * tol + 0.02 * missing):
            break
        total = 0.0
        for i in range(4):
            trial[i] = max(lam[i] + step[i], 0.0) if free[i] else lam[i]
            total += trial[i] if free[i] else 0.0
        if simplex:
            for i in range(4):
                if free[i]:
                    trial[i] /= total
        trial_q[:] = q
        slot = count
        if count == CUTS:
            slot = 0
            for j in range(count):
                if w[j] < w[slot] or (w[j] == w[slot] and errors[j] > errors[slot]):
                    slot = j
            if w[slot] > 0.0:
                w /= 1.0 - w[slot]
        else:
            count += 1
        w[slot] = 0.0
        now = dual(p, g, limit, trial, trial_q, rules[slot], c, slope)
        cuts[slot] = slope
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
            lam[:], q[:] = trial, trial_q
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
            rule += w[j] * rules[j]
    return value


@njit(cache=True, fastmath=False, error_model="numpy")
def bound_capped(lo, hi, p, places, noise, n, nz, ny, nx, py, px, use_y, use_x, limit, lam, free, simplex,
                 enough, tol, q, rule, m, point):  # fmt: skip
    """As bound_cell, with the multipliers raised."""
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
            lam[:], q[:], rule[:] = other_lam, other_q, other
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    # A multiplier that is 0 here need not be 0 in a smaller box.
    return lower, widest(lo, hi, m, nz, ny, nx, lam + 1e-9, gaps)


@njit(cache=True, fastmath=False, error_model="numpy")
def descend_capped(p, places, noise, n, nz, ny, nx, limit, lam, free, simplex, tol, q, rule, m, point, steps):
    """Rule and q's in turn. Frozen q's bound R, C, D from above, so that a rule that keeps the limits for them keeps
    them; m and point are the rule's own. The rule is that of the last step."""
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
