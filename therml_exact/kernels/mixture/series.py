"""A power series of G on an interval, for one binary block (nats).

For t = t0 at z = 0 and logit t = logit t0 + z, all letters with exponents of one sum m, r the posterior at t0, abar
the mean exponent of the first coordinate, d_w = a_w - abar, v = t0 (1 - t0) and e(z) = 1 + t0 (exp z - 1):

    G(z)/G(0) = sum_w r_w exp(d_w z) * exp(abar z) e(z)^-m = sum_k g_k z^k.

On |z| <= rho the first factor is at most sum r_w exp(|d_w| rho); and |exp(-t0 z) e(z) - 1| <= v rho^2 phi(rho)/2, the
mean of exp(u) - 1 - u over u = z (1 - t0) and -z t0, with phi(x) = 2 (exp x - 1 - x)/x^2. So by Cauchy's estimate

    sum_{k >= n} |g_k| h^k <= M (h/rho)^n/(1 - h/rho),
    M = sum r_w exp(|d_w| rho) exp(|abar - m t0| rho) (1 - v rho^2 phi(rho)/2)^-m.

The polynomial that is left is bounded by bisection: about the middle c of a piece of half-width b, with p_k the
coefficients of its expansion there, by p_0 + max (p_1 y + p_2 y^2) + sum_{k >= 3} |p_k| b^k over |y| <= b.
"""

import math

import numpy as np
from numba import njit

from therml_exact.kernels.mixture.quadratic import phi

ORDER = 32
REACH = 4.0  # rho in standard deviations (m v)^(-1/2)
WIDEST = 1.3  # the h that are tried, likewise
FARTHEST = 1.2  # rho at most
DEEPEST = 40  # bisections of the polynomial
ROUND = 4e-15


@njit(cache=True, error_model="numpy", fastmath=False)
def on_interval(low, high, lam, a, threshold):
    """Whether log G is proven to be at most the threshold for low <= t <= high."""
    if not (low > 0.0 and high < 1.0):
        return False
    m = a[0, 0] + a[0, 1]
    left, right = math.log(low / (1.0 - low)), math.log(high / (1.0 - high))
    middle, h = 0.5 * (left + right), 0.5 * (right - left)
    t0 = 1.0 / (1.0 + math.exp(-middle))
    v = t0 / (1.0 + math.exp(middle))
    deviation = math.sqrt(m * v)
    rho = min(REACH / deviation, FARTHEST)
    if not (h * deviation < WIDEST and h < 0.5 * rho):
        return False
    count = lam.size
    r = np.empty(count)
    top, first, second = -math.inf, math.log(t0), math.log1p(-t0)
    for w in range(count):
        r[w] = lam[w] + a[w, 0] * first + a[w, 1] * second
        top = max(top, r[w])
    total, mean = 0.0, 0.0
    for w in range(count):
        r[w] = math.exp(r[w] - top)
        total += r[w]
        mean += r[w] * a[w, 0]
    mean /= total
    height = top + math.log(total)
    if height > threshold:
        return False
    grown = 0.0
    e = np.zeros(ORDER)
    for w in range(count):
        r[w] /= total
        d = a[w, 0] - mean
        grown += r[w] * math.exp(abs(d) * rho)
        term = r[w]
        for k in range(ORDER):
            e[k] += term
            term *= d * h / (k + 1)
    base = 1.0 - 0.5 * v * rho * rho * phi(rho)
    if not base > 0.0:
        return False
    grown *= math.exp(abs(mean - m * t0) * rho - m * math.log(base))
    rest = grown * (h / rho) ** ORDER / (1.0 - h / rho)
    # The logistic function's coefficients, then those of abar z - m log e(z), then of its exponential.
    logistic, exponent, factor = np.zeros(ORDER), np.zeros(ORDER), np.zeros(ORDER)
    logistic[0] = t0
    for k in range(ORDER - 1):
        total = logistic[k]
        for i in range(k + 1):
            total -= logistic[i] * logistic[k - i]
        logistic[k + 1] = total * h / (k + 1)
    for k in range(1, ORDER):
        exponent[k] = -m * h * logistic[k - 1] / k
    exponent[1] += mean * h
    factor[0] = 1.0
    for k in range(1, ORDER):
        for i in range(1, k + 1):
            factor[k] += i * exponent[i] * factor[k - i] / k
    g = np.zeros(ORDER)
    size = 0.0
    for k in range(ORDER):
        for i in range(k + 1):
            g[k] += e[i] * factor[k - i]
        size += abs(g[k])
    wide = abs(height) + mean * abs(first) + (m - mean) * abs(second)
    most = math.expm1(threshold - height) - rest - ROUND * (size + 0.2 * wide)
    g[0] -= 1.0
    return below(g, most)


@njit(cache=True, error_model="numpy", fastmath=False)
def below(g, most):
    """Whether the polynomial is at most `most` on [-1, 1]."""
    stack = np.empty((DEEPEST + 2, 2))
    stack[0] = (0.0, 1.0)
    top, steps = 0, 0
    p = np.empty(g.size)
    while top >= 0:
        c, b = stack[top]
        p[:] = g
        for i in range(g.size - 1):
            for k in range(g.size - 2, i - 1, -1):
                p[k] += c * p[k + 1]
        if p[0] > most:
            return False
        p1, p2 = abs(p[1]) * b, p[2] * b * b
        bound = p[0] + (p1 * p1 / (-4.0 * p2) if p1 < -2.0 * p2 else p1 + p2)
        power = b * b
        for k in range(3, g.size):
            power *= b
            bound += abs(p[k]) * power
        if bound <= most:
            top -= 1
            continue
        steps += 1
        if top > DEEPEST or steps > 400:
            return False
        stack[top] = (c + 0.5 * b, 0.5 * b)
        top += 1
        stack[top] = (c - 0.5 * b, 0.5 * b)
    return True
