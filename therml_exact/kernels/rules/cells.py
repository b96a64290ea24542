"""Cells of m for learning rules: affine minorants of R, C, D on a box, and bounds with given multipliers (nats).

m holds p(z,y), then p(z,x), then p(z), z-major; a cell is a box lo <= m <= hi, tightened by what the margins imply.
For any row r, with k the largest KL(v/|v| || r) over the corners v of the box, every m in the box has

    p(z) H(Y|z) >= sum_y m_zy (-log r_y - k),    or    sum_y m_zy (-log r_y) - k hi_z
    -p log p    >= its chord from lo to hi

Proof of the first: H(v) = sum_y -v_y log r_y - |v| KL(v/|v| || r), and KL(. || r) is convex, so largest at a corner.
The first form is exact at m = 0. The second one stays close to the function outside the box too, and so makes small
boxes at m = 0 converge where H(Z) costs nothing. Both are tried. On the box R, C, D are then at least some functions
that are linear in the rule, and the least of these plus sigma S is a rate-distortion problem (rate_distortion.py).

Arguments, the same in all functions:
    p[type], places[type, theta, k], noise[type, theta]    p(type); m and l of a type and a theta (rules/problem.py)
    n, nz, ny, nx                                          N; how many letters Z, Y and X have
    py[y], px[x]                                           the margins
    use_y, use_x                                           whether C, and whether D enters the objective
    weight[4], point[4]                                    multipliers and values of R, C, D, S
    q[theta], rule[type, theta], m[k]                      a prior, a rule, and the m of the rule
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.rules.rate_distortion import rate_distortion
from therml_exact.kernels.vectors import assign, assign_matrix


@kernel(fastmath=False, error_model="numpy")
def tighten(lo, hi, nz, ny, nx, py, px, use_y, use_x):
    """Tighten a box in place by what the margins imply; False where it is empty."""
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


@kernel(fastmath=False, error_model="numpy")
def eta(p):
    """-p log p, 0 at p = 0."""
    return -p * math.log(p) if p > 0.0 else 0.0


@kernel(fastmath=False, error_model="numpy")
def reference(lo, hi, r):
    """Fill in a row r near the conditionals of a box: of two letters where tangent and chord agree, else the middle."""
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


@kernel(fastmath=False, error_model="numpy")
def largest_divergence(lo, hi, r):
    """The largest KL(v/|v| || r) over the corners v of a box."""
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


@kernel(fastmath=False, error_model="numpy")
def minorants(lo, hi, nz, ny, nx, use_y, use_x, lowered, coef, constant, gaps):
    """Fill in minorants coef[i] . m + constant[i] on a box, i = 0, 1, 2, of H(Z), H(Y|Z) and H(X|Z).

    `lowered` chooses the second form of the module, with -k hi_z. gaps[i, z] becomes a bound of how far the part of z
    may lie above its minorant.
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


@kernel(fastmath=False, error_model="numpy")
def tangents(m, nz, ny, nx, coef):
    """Fill in coef for fixed q's, those that are optimal at m: -log q(z), -log q(y|z), -log q(x|z)."""
    coef[:] = 0.0
    zp = nz * (ny + nx)
    for z in range(nz):
        p = max(m[zp + z], 1e-300)
        coef[0, zp + z] = -math.log(p)
        for y in range(ny):
            coef[1, z * ny + y] = -math.log(max(m[z * ny + y] / p, 1e-300))
        for x in range(nx):
            coef[2, nz * ny + z * nx + x] = -math.log(max(m[nz * ny + z * nx + x] / p, 1e-300))


@kernel(fastmath=False, error_model="numpy")
def costs(places, noise, n, coef, constant, weight, c):
    """Fill in c[t, theta] = N sum_i weight_i (coef_i . m + constant_i) - N weight_0 l, with m and l of t and theta."""
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


@kernel(fastmath=False, error_model="numpy")
def measure(p, places, noise, n, nz, ny, nx, rule, m, point):
    """Fill in the m of a rule, and its R, C, D, S with the q's that are optimal for it."""
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


@kernel(fastmath=False, error_model="numpy")
def descend(p, places, noise, n, nz, ny, nx, weight, q, rule, m, point, steps):
    """Improve rule and q's in turn until nothing is gained, in place; returns the value."""
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
        assign_matrix(rule, new)
        assign(m, new_m)
        assign(point, new_point)
        if gain < 1e-15 * (1.0 + abs(value)):
            break
    return value


@kernel(fastmath=False, error_model="numpy")
def widest(lo, hi, m, nz, ny, nx, weight, gaps):
    """The coordinate to halve: the widest, in proportion, of the part with the largest weighted gap; -1: none."""
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


@kernel(fastmath=False, error_model="numpy")
def bound_cell(lo, hi, p, places, noise, n, nz, ny, nx, py, px, weight, enough, q, rule, m, point):
    """Tighten a box in place and bound it: (lower bound, coordinate to halve).

    The second form of the minorants is tried where the first gives less than `enough`. q, rule, m and point become
    those of the better form.
    """
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
            assign(q, other_q)
            assign_matrix(rule, other)
    measure(p, places, noise, n, nz, ny, nx, rule, m, point)
    return lower, widest(lo, hi, m, nz, ny, nx, weight, gaps)
