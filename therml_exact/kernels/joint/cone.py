"""Is H <= level for every tilt of a code? A search over boxes (nats).

    H(eps) = log sum_t p_t exp((l_t - sum_xy n_xy(t) k_xy(eps_x))/sigma),   k_xy(eps) = rho eps log eps + d_xy eps +
    nu_xy,  eps >= 0

By concavity -eps log eps <= -eps log a - eps + a for any a > 0: with it the exponents are affine, and their sum is
largest at the vertices of a box. Beyond top_x, where rho (log top_x + 1) + d_xy >= 0 for all y, every exponent falls:
the boxes need to cover eps_x in [0, top_x] only. The a of an interval is at equal distance from both of its ends.

The tree in preorder: 0 a leaf, 1 + x a halving of eps_x, the lower half first.
Shapes: counts[t, x ny + y], logw[t] = log p_t + (l_t - sum n nu)/sigma, d[x, y], top[x], mean[x].
"""

import math

import numpy as np
from numba import njit

from therml_exact.kernels.joint.boxes import DONE, FOUND, MANY


@njit(cache=True, fastmath=False, error_model="numpy")
def tangent(low, high):
    """The a with equal error at both ends of [low, high]; 0 < high."""
    if high - low > 1e-6 * high:
        start = low * math.log(low) if low > 0.0 else 0.0
        return math.exp((high * math.log(high) - start) / (high - low) - 1.0)
    return 0.5 * (low + high)


@njit(cache=True, fastmath=False, error_model="numpy")
def cover_tilts(counts, logw, d, rho, sigma, mean, top, level, most, symbols, eps):
    """(status, number of symbols): the tree that proves H <= level, written into `symbols`; as in boxes.py."""
    nx, ny = d.shape
    types = counts.shape[0]
    stack = np.zeros((256, nx, 2))
    stack[0, :, 1] = top
    depth, used = 1, 0
    box, far, parts = np.empty((nx, 2)), np.empty(nx), np.empty((nx, 2, types))
    exponents, c = np.empty(types), np.empty(ny)
    while depth > 0:
        depth -= 1
        box[:] = stack[depth]
        if used == most or depth + 2 > stack.shape[0]:
            return MANY, used
        for x in range(nx):
            a = tangent(box[x, 0], box[x, 1])
            far[x] = a - box[x, 0] + (box[x, 0] * math.log(box[x, 0] / a) if box[x, 0] > 0.0 else 0.0)
            for v in range(2):
                for y in range(ny):
                    c[y] = (box[x, v] * (rho * (math.log(a) + 1.0) + d[x, y]) - rho * a) / sigma
                for t in range(types):
                    value = 0.0
                    for y in range(ny):
                        value += counts[t, x * ny + y] * c[y]
                    parts[x, v, t] = value
        worst, chosen = -math.inf, 0
        for combination in range(1 << nx):
            highest = -math.inf
            for t in range(types):
                value = logw[t]
                for x in range(nx):
                    value -= parts[x, combination >> x & 1, t]
                exponents[t] = value
                highest = max(highest, value)
            total = 0.0
            for t in range(types):
                total += math.exp(exponents[t] - highest)
            if highest + math.log(total) > worst:
                worst, chosen = highest + math.log(total), combination
        if worst <= level:
            symbols[used] = 0
            used += 1
            continue
        highest, total = -math.inf, 0.0
        for x in range(nx):
            eps[x] = box[x, chosen >> x & 1]
        for t in range(types):
            value = logw[t]
            for x in range(nx):
                own = rho * eps[x] * math.log(eps[x]) if eps[x] > 0.0 else 0.0
                for y in range(ny):
                    value -= counts[t, x * ny + y] * (own + eps[x] * d[x, y]) / sigma
            exponents[t] = value
            highest = max(highest, value)
        for t in range(types):
            total += math.exp(exponents[t] - highest)
        if highest + math.log(total) > level:
            return FOUND, used
        at = 0
        for x in range(nx):
            if far[x] * mean[x] > far[at] * mean[at]:
                at = x
        middle = 0.5 * (box[at, 0] + box[at, 1])
        if not far[at] * mean[at] > 0.0 or middle == box[at, 0] or middle == box[at, 1]:
            return MANY, used
        symbols[used] = 1 + at
        used += 1
        stack[depth] = box
        stack[depth + 1] = box
        stack[depth, at, 0] = middle
        stack[depth + 1, at, 1] = middle
        depth += 2
    return DONE, used
