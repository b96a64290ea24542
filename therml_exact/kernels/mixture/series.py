"""A power series of G on an interval, for one binary block (nats).

A binary code is (t, 1 - t). The interval is described by z, with logit t = logit t0 + z, about a point t0. All letters
have exponents of one sum m; a_w is the exponent of the first coordinate. Let r be the posterior at t0, abar the mean of
a_w under it, d_w = a_w - abar, v = t0 (1 - t0) and e(z) = 1 + t0 (exp z - 1). Then

    G(z)/G(0) = sum_w r_w exp(d_w z) * exp(abar z) e(z)^-m = sum_k g_k z^k.

For complex |z| <= rho the first factor is at most sum r_w exp(|d_w| rho). With phi(x) = 2 (exp x - 1 - x)/x^2,
|exp(-t0 z) e(z) - 1| is at most v rho^2 phi(rho)/2, since it is the mean of exp(u) - 1 - u over u = z (1 - t0), which
has the probability t0, and u = -z t0. So Cauchy's estimate gives

    sum_{k >= n} |g_k| h^k <= M (h/rho)^n/(1 - h/rho),
    M = sum r_w exp(|d_w| rho) exp(|abar - m t0| rho) (1 - v rho^2 phi(rho)/2)^-m.

The polynomial that is left is bounded by bisection. On a piece of half-width b about the middle c, let p_k be the
coefficients of its expansion there; it is at most p_0 + max over |y| <= b of (p_1 y + p_2 y^2) + sum_{k >= 3} |p_k|
b^k. No error is raised here.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.mixture.quadratic import phi
from therml_exact.kernels.vectors import assign

ORDER = 32  # the number of coefficients
REACH = 4.0  # rho in standard deviations (m v)^(-1/2)
WIDEST = 1.3  # the largest half-width h that is tried, in the same unit
FARTHEST = 1.2  # the largest rho
DEEPEST = 40  # the most bisections in a row
ROUND = 4e-15  # the rounding of the coefficients, relative to their sum


@kernel(error_model="numpy", fastmath=False)
def on_interval(low, high, lam, a, threshold):
    """Return whether log G <= threshold, in nats, is proven for low <= t <= high; lam[w] and a[w, 2] are those of G."""
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
    # `logistic` has the coefficients of t(z), `exponent` those of abar z - m log e(z), `factor` of its exponential.
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


@kernel(error_model="numpy", fastmath=False)
def below(g, most):
    """Return whether the polynomial sum_k g[k] z^k is proven to be at most `most` on [-1, 1]."""
    stack = np.empty((DEEPEST + 2, 2))
    stack[0] = (0.0, 1.0)
    top, steps = 0, 0
    p = np.empty(g.size)
    while top >= 0:
        c, b = stack[top]
        assign(p, g)
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
