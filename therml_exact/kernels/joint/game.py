"""The best mixture of cuts on a cell: a matrix game (nats).

    max over weights w >= 0, sum w = 1, of   t = min over vertices v of sum_k w_k h[k, v]

Every weighted mean of cuts is a cut, so any w proves its t. A simplex method with one equation for each vertex,
sum_k w_k h_kv - s_v - t = 0, and sum w = 1; the dual u is a distribution over the vertices, the point of the cell where
the cuts are lowest. It stops after `steps` exchanges with what it has, which is a valid bound too.
"""

import math
from typing import NamedTuple

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import assign_matrix


class Pool(NamedTuple):
    """The first rows of these arrays are cuts: slopes[k, j], values[k], and kinds[k].

    kinds: 0 where a cut is below W, 1 where it is below W + N rho H(Z).
    """

    slopes: np.ndarray
    values: np.ndarray
    kinds: np.ndarray


@kernel(fastmath=False, error_model="numpy")
def bound(pool, count, scale, places, concave, cell, steps, w, u):
    """The bound of a cell of vertices `cell` by `count` cuts; w[k] and u[v] are filled in.

    h[k, v] = values_k + scale (concave[v, kind_k] - slopes_k . places_v).
    """
    h = np.empty((count, cell.size))
    for k in range(count):
        for v in range(cell.size):
            total = concave[cell[v], pool.kinds[k]]
            for j in range(places.shape[1]):
                total -= pool.slopes[k, j] * places[cell[v], j]
            h[k, v] = pool.values[k] + scale * total
    return play(h, steps, w, u)


@kernel(fastmath=False, error_model="numpy")
def _solve(a, b):
    """x with a x = b by elimination with pivots, in place; False where a is singular."""
    n = b.size
    for i in range(n):
        p = i
        for j in range(i + 1, n):
            if abs(a[j, i]) > abs(a[p, i]):
                p = j
        if not abs(a[p, i]) > 1e-14:
            return False
        if p != i:
            for k in range(n):
                a[i, k], a[p, k] = a[p, k], a[i, k]
            b[i], b[p] = b[p], b[i]
        for j in range(i + 1, n):
            f = a[j, i] / a[i, i]
            if f != 0.0:
                for k in range(i, n):
                    a[j, k] -= f * a[i, k]
                b[j] -= f * b[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
    return True


@kernel(fastmath=False, error_model="numpy")
def play(h, steps, w, u):
    """t, with the weights w[k] of the cuts and u[v] of the vertices filled in."""
    cuts, vertices = h.shape
    base, least = -math.inf, 0
    first = 0
    for k in range(cuts):
        low, at = math.inf, 0
        for v in range(vertices):
            if h[k, v] < low:
                low, at = h[k, v], v
        if low > base:
            base, first, least = low, k, at
    size = vertices + 1
    # Columns of the basis: -1 is t, k >= 0 a cut, -2 - v the slack of v. Heights are taken relative to the first t.
    basis = np.empty(size, dtype=np.int64)
    basis[0], basis[1] = -1, first
    i = 2
    for v in range(vertices):
        if v != least:
            basis[i] = -2 - v
            i += 1
    a, b = np.empty((size, size)), np.empty((size, size))
    x, y, d = np.empty(size), np.empty(size), np.empty(size)
    w[:] = 0.0
    u[:] = 0.0
    w[first], u[least] = 1.0, 1.0
    best = base
    scale = 0.0
    for v in range(vertices):
        scale = max(scale, abs(h[first, v] - base))
    scale = max(scale, 1e-300)
    for _ in range(steps):
        for i in range(size):
            _column(h, base, scale, basis[i], x)
            for r in range(size):
                a[r, i] = x[r]
        assign_matrix(b, a)
        x[:] = 0.0
        x[vertices] = 1.0
        if not _solve(b, x):
            break
        # Duals: y a = (1 for t, 0 otherwise).
        for i in range(size):
            for r in range(size):
                b[i, r] = a[r, i]
        y[:] = 0.0
        for i in range(size):
            if basis[i] == -1:
                y[i] = 1.0
        if not _solve(b, y):
            break
        # y_v = -u_v, y_last = t.
        t, total = math.inf, 0.0
        for i in range(size):
            if basis[i] >= 0:
                total += max(x[i], 0.0)
        for v in range(vertices):
            value = 0.0
            for i in range(size):
                if basis[i] >= 0:
                    value += max(x[i], 0.0) * h[basis[i], v]
            t = min(t, value / total)
        if t >= best:
            best = t
            w[:] = 0.0
            for i in range(size):
                if basis[i] >= 0:
                    w[basis[i]] = max(x[i], 0.0) / total
            for v in range(vertices):
                u[v] = max(-y[v], 0.0)
        enter, most = -1, 1e-12
        for k in range(cuts):
            gain = -y[vertices]
            for v in range(vertices):
                gain -= y[v] * (h[k, v] - base) / scale
            if gain > most:
                enter, most = k, gain
        for v in range(vertices):
            if y[v] > most:
                enter, most = -2 - v, y[v]
        if enter == -1:
            break
        _column(h, base, scale, enter, d)
        assign_matrix(b, a)
        if not _solve(b, d):
            break
        leave, ratio = -1, math.inf
        for i in range(size):
            if basis[i] != -1 and d[i] > 1e-12 and x[i] / d[i] < ratio:
                leave, ratio = i, x[i] / d[i]
        if leave < 0:
            break
        basis[leave] = enter
    total = u.sum()
    for v in range(vertices):
        u[v] /= total
    return best


@kernel(fastmath=False, error_model="numpy")
def _column(h, base, scale, which, out):
    """A column of the equations."""
    vertices = h.shape[1]
    out[:] = 0.0
    if which == -1:
        out[:vertices] = -1.0
    elif which >= 0:
        for v in range(vertices):
            out[v] = (h[which, v] - base) / scale
        out[vertices] = 1.0
    else:
        out[-2 - which] = -1.0
