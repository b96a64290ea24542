"""Is log G <= level for every encoder? A search over cells of encoders (nats).

    G(e) = sum_t p_t exp((lambda_t - sum_xy n_xy(t) c_xy(e))/sigma),     c_xy(e) = sum_z e_xz [rho log e_xz + beta_xyz]

A cell is a product over x of simplices with nz vertices each. By Gibbs's inequality sum_z e_xz log e_xz >= sum_z e_xz
log a_xz for any row a: with it the exponents are affine in e_x and G becomes a convex function, which is largest at
the vertices of the cell. That bound exceeds G by a factor of at most exp(rho/sigma sum_x n_x KL(v_x || a_x)) at
vertices v: second order in the width. The row a has equal divergence from both ends of an interval, and is the middle
of a larger simplex. The simplex with the largest divergence, times the mean count of its x, is halved at its longest
edge.

The tree in preorder: 0 a leaf, 1 + k a halving, k = x * pairs + edge with the edges (i, j), i < j, in lexicographic
order; the first child replaces vertex j by the middle, the second vertex i.
"""

import math

import numpy as np
from numba import njit

from therml_exact.kernels.joint.atoms import letter_costs, log_gradient

DONE, FOUND, MANY = 0, 1, 2  # proven; an encoder above the level was met; more boxes than allowed


@njit(cache=True, fastmath=False, error_model="numpy")
def _eta(p):
    return -p * math.log(p) if p > 0.0 else 0.0


@njit(cache=True, fastmath=False, error_model="numpy")
def reference(simplex, a):
    """The row a of a simplex[vertex, z]; returns the largest KL(vertex || a)."""
    nz = simplex.shape[0]
    if nz == 2:
        low, high = min(simplex[0, 0], simplex[1, 0]), max(simplex[0, 0], simplex[1, 0])
        if high - low > 1e-7 * high:
            slope = (_eta(high) + _eta(1.0 - high) - _eta(low) - _eta(1.0 - low)) / (high - low)
            a[0] = 1.0 / (1.0 + math.exp(slope))
        else:
            a[0] = 0.5 * (low + high)
        a[0] = min(max(a[0], 1e-300), 1.0 - 2.0**-53)
        a[1] = 1.0 - a[0]
    else:
        for z in range(nz):
            a[z] = 0.0
            for v in range(nz):
                a[z] += simplex[v, z] / nz
            a[z] = max(a[z], 1e-300)
    worst = 0.0
    for v in range(nz):
        value = 0.0
        for z in range(nz):
            if simplex[v, z] > 0.0:
                value += simplex[v, z] * math.log(simplex[v, z] / a[z])
        worst = max(worst, value)
    return worst


@njit(cache=True, fastmath=False, error_model="numpy")
def _bound(counts, logw, beta, rho, sigma, cell, parts, a, far, chosen):
    """The largest log of the majorant over the cell's vertices, which are left in `chosen`; divergences in `far`."""
    nx, ny, nz = beta.shape
    types = counts.shape[0]
    c = np.empty(ny)
    for x in range(nx):
        far[x] = reference(cell[x], a)
        for v in range(nz):
            for y in range(ny):
                value = 0.0
                for z in range(nz):
                    value += cell[x, v, z] * (rho * math.log(a[z]) + beta[x, y, z])
                c[y] = value / sigma
            for t in range(types):
                value = 0.0
                for y in range(ny):
                    value += counts[t, x * ny + y] * c[y]
                parts[x, v, t] = value
    best = -math.inf
    for combination in range(nz**nx):
        top = -math.inf
        for t in range(types):
            value, rest = logw[t], combination
            for x in range(nx):
                value -= parts[x, rest % nz, t]
                rest //= nz
            parts[nx, 0, t] = value
            top = max(top, value)
        total = 0.0
        for t in range(types):
            total += math.exp(parts[nx, 0, t] - top)
        value = top + math.log(total)
        if value > best:
            best = value
            chosen[0] = combination
    return best


@njit(cache=True, fastmath=False, error_model="numpy")
def cover(counts, logw, beta, rho, sigma, mean, level, most, symbols, above):
    """(status, number of symbols): the tree that proves log G <= level, written into `symbols`.

    mean[x]: mean counts of x. FOUND: there are encoders with log G > level; as many as were met before `above` was full
    are left in above[k, x, z], and their number is returned. MANY: `most` symbols did not suffice.
    """
    nx, ny, nz = beta.shape
    pairs = nz * (nz - 1) // 2
    stack = np.zeros((512, nx, nz, nz))
    for x in range(nx):
        for z in range(nz):
            stack[0, x, z, z] = 1.0
    depth, used, found = 1, 0, 0
    e = np.empty((nx, nz))
    cell, a, far = np.empty((nx, nz, nz)), np.empty(nz), np.empty(nx)
    parts, c, r = np.empty((nx + 1, nz, counts.shape[0])), np.empty(nx * ny), np.empty(counts.shape[0])
    chosen = np.zeros(1, dtype=np.int64)
    while depth > 0:
        depth -= 1
        cell[:] = stack[depth]
        if used == most or depth + 2 > stack.shape[0]:
            return (FOUND, found) if found else (MANY, used)
        value = _bound(counts, logw, beta, rho, sigma, cell, parts, a, far, chosen)
        if value <= level:
            symbols[used] = 0
            used += 1
            continue
        rest = chosen[0]
        for x in range(nx):
            e[x] = cell[x, rest % nz]
            rest //= nz
        letter_costs(e, beta, rho, c)
        if log_gradient(counts, logw, c, sigma, r) > level:
            above[found] = e
            found += 1
            if found == above.shape[0]:
                return FOUND, found
            continue
        at, most_far = 0, -1.0
        for x in range(nx):
            if far[x] * mean[x] > most_far:
                at, most_far = x, far[x] * mean[x]
        edge, longest, low, high, k = 0, -1.0, 0, 1, 0
        for i in range(nz):
            for j in range(i + 1, nz):
                length = 0.0
                for z in range(nz):
                    both = cell[at, i, z] + cell[at, j, z]
                    if both > 0.0:
                        length += (cell[at, i, z] - cell[at, j, z]) ** 2 / both
                if length > longest:
                    edge, longest, low, high = k, length, i, j
                k += 1
        if not longest > 0.0:
            return (FOUND, found) if found else (MANY, used)
        symbols[used] = 1 + at * pairs + edge
        used += 1
        stack[depth] = cell
        stack[depth + 1] = cell
        for z in range(nz):
            middle = 0.5 * (cell[at, low, z] + cell[at, high, z])
            stack[depth + 1, at, high, z] = middle
            stack[depth, at, low, z] = middle
        depth += 2
    return (FOUND, found) if found else (DONE, used)
