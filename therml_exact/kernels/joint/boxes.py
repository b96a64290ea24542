"""Is log G <= level for every encoder, or every tilt of a code? A search over cells (nats).

    G(e) = sum_t w_t exp(- sum_xy n_xy(t) c_xy(e_x)/sigma),     c_xy(e) = sum_z e_xz [rho log e_xz + beta_xyz]

A cell is a product over x of simplices: of rows e_x with nz vertices each, or, for tilts (nz = 1), of intervals of
any numbers e_x >= 0. By concavity

    sum_z e_xz log e_xz >= sum_z e_xz log a_xz   for any row a,    e log e >= e (log a + 1) - a   for any number a > 0;

with it the exponents are affine in e_x and G becomes a convex function, which is largest at the vertices of the cell.
That bound exceeds G by a factor of at most exp(rho/sigma sum_x n_x error_x): second order in the width. The a of an
interval has equal errors at both ends; of a larger simplex it is the middle. The simplex with the largest error, times
the mean count of its x, is halved at its longest edge.

*Cost.* Cells share simplices, and types share counts of a letter: prod_y exp(-n_xy c_xy/sigma) is computed once for
every simplex of x and every row (n_xy)_y that occurs. For two letters x the types are summed with those of the second
once for every simplex of it, and a cell costs one product for each vertex and row of the first letter. Sums are scaled
by their largest term; where that leaves nothing of a product it is done again with logarithms.

The tree in preorder: 0 a leaf, 1 + k a halving, k = x * pairs + edge with the edges (i, j), i < j, in lexicographic
order; the first child replaces vertex j by the middle, the second vertex i.
"""

import math
from typing import NamedTuple

import numpy as np

from therml_exact.kernels.joint.atoms import letter_costs, log_gradient
from therml_exact.kernels.kernel import kernel

DONE, FOUND, MANY = 0, 1, 2  # proven; an encoder above the level was met; more boxes than allowed
SMALL = 1e-200  # of a scaled sum, below which it is done again with logarithms


class Rows(NamedTuple):
    """The types by the rows of counts of each letter x.

    counts[t, x ny + y]; rows[x, k, y]: the rows of x that occur, the first sizes[x] of them; which[t, x]: the row of
    type t; mean[x]: the mean count of x.
    """

    counts: np.ndarray
    rows: np.ndarray
    sizes: np.ndarray
    which: np.ndarray
    mean: np.ndarray


class Cost(NamedTuple):
    """logw[t] = log w_t, beta[x, y, z], rho, sigma."""

    logw: np.ndarray
    beta: np.ndarray
    rho: float
    sigma: float


class Simplices(NamedTuple):
    """What is known of the simplices met, i.

    vertices[i, v, z]; child[i, 2 edge + side] (-1: none yet); error[i, v] and their largest, far[i]. logs[i, v, k]: of
    prod_y exp(-n_xy c_xy/sigma) for the rows k of x; for the second of two letters logs of the types' sum for the rows
    k of the first. scaled[i, v, k] = exp(logs - top[i, v]).
    """

    vertices: np.ndarray
    child: np.ndarray
    error: np.ndarray
    far: np.ndarray
    logs: np.ndarray
    scaled: np.ndarray
    top: np.ndarray


@kernel(fastmath=False, error_model="numpy")
def _eta(p):
    return -p * math.log(p) if p > 0.0 else 0.0


@kernel(fastmath=False, error_model="numpy")
def reference(simplex, a, error):
    """The row a of a simplex[vertex, z], or the number a of an interval; the errors at the vertices are filled in."""
    vertices, nz = simplex.shape
    if vertices == 1:  # one code: its row is known
        for z in range(nz):
            a[z] = simplex[0, z]
        error[0] = 0.0
        return
    if nz == 1:
        low, high = min(simplex[0, 0], simplex[1, 0]), max(simplex[0, 0], simplex[1, 0])
        a[0] = math.exp((_eta(low) - _eta(high)) / (high - low) - 1.0) if high - low > 1e-6 * high else (low + high) / 2
        for v in range(2):
            error[v] = a[0] - simplex[v, 0] - _eta(simplex[v, 0]) - simplex[v, 0] * math.log(a[0])
        return
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
            for v in range(vertices):
                a[z] += simplex[v, z] / vertices
            a[z] = max(a[z], 1e-300)
    for v in range(vertices):
        error[v] = 0.0
        for z in range(nz):
            if simplex[v, z] > 0.0:
                error[v] += simplex[v, z] * math.log(simplex[v, z] / a[z])


@kernel(fastmath=False, error_model="numpy")
def _scale(logs, scaled, size):
    """The largest of logs[:size]; scaled = exp(logs - largest)."""
    top = -math.inf
    for k in range(size):
        top = max(top, logs[k])
    for k in range(size):
        scaled[k] = math.exp(logs[k] - top)
    return top


@kernel(fastmath=False, error_model="numpy")
def _enter(types, cost, known, i, x, c, a, table):
    """Fill in what is known of simplex i, of letter x, from its vertices."""
    nx, ny, nz = cost.beta.shape
    simplex = known.vertices[i]
    vertices = simplex.shape[0]
    known.child[i] = -1
    reference(simplex, a, known.error[i])
    known.far[i] = known.error[i].max()
    for v in range(vertices):
        for y in range(ny):
            value = -cost.rho * a[0] if nz == 1 else 0.0
            for z in range(nz):
                log = math.log(a[z]) + (1.0 if nz == 1 else 0.0)
                value += simplex[v, z] * (cost.rho * log + cost.beta[x, y, z])
            c[y] = value / cost.sigma
        out = table[v] if nx == 2 and x == 1 else known.logs[i, v]
        for k in range(types.sizes[x]):
            value = 0.0
            for y in range(ny):
                value -= types.rows[x, k, y] * c[y]
            out[k] = value
    if nx == 2 and x == 1:
        for v in range(vertices):
            _contract(types, cost, table, v, known.logs[i, v], a)
    first = 0 if nx == 2 and x == 1 else x
    for v in range(vertices):
        known.top[i, v] = _scale(known.logs[i, v], known.scaled[i, v], types.sizes[first])


@kernel(fastmath=False, error_model="numpy")
def _contract(types, cost, table, combination, out, a):
    """log of the types' sum for every row of the first letter; table[(x - 1) vertices + v, k]: logs of the others."""
    nx = cost.beta.shape[0]
    size, rest = types.sizes[0], nx - 1
    vertices = table.shape[0] // max(rest, 1)
    highest, total = np.full(size, -math.inf), np.zeros(size)
    for turn in range(2):
        for t in range(len(cost.logw)):
            value, digits = cost.logw[t], combination
            for x in range(rest):
                value += table[x * vertices + digits % vertices, types.which[t, x + 1]]
                digits //= vertices
            k = types.which[t, 0]
            if turn == 0:
                highest[k] = max(highest[k], value)
            else:
                total[k] += math.exp(value - highest[k])
    for k in range(size):
        out[k] = highest[k] + math.log(total[k])


@kernel(fastmath=False, error_model="numpy")
def _joined(logs, scaled, top, logs2, scaled2, top2, size):
    """log of the sum of products of two scaled rows."""
    total = 0.0
    for k in range(size):
        total += scaled[k] * scaled2[k]
    if total > SMALL:
        return top + top2 + math.log(total)
    highest = -math.inf
    for k in range(size):
        highest = max(highest, logs[k] + logs2[k])
    total = 0.0
    for k in range(size):
        total += math.exp(logs[k] + logs2[k] - highest)
    return highest + math.log(total)


@kernel(fastmath=False, error_model="numpy")
def _larger(known):
    """The same with room for twice as many."""
    more = known.far.size
    return Simplices(
        np.concatenate((known.vertices, np.empty_like(known.vertices))),
        np.concatenate((known.child, np.empty_like(known.child))),
        np.concatenate((known.error, np.empty_like(known.error))),
        np.concatenate((known.far, np.empty(more))),
        np.concatenate((known.logs, np.empty_like(known.logs))),
        np.concatenate((known.scaled, np.empty_like(known.scaled))),
        np.concatenate((known.top, np.empty_like(known.top))),
    )


@kernel(fastmath=False, error_model="numpy")
def cover(types, cost, corner, level, most, symbols, above):
    """(status, number of symbols): the tree that proves log G <= level, written into `symbols`.

    corner[x, v, z]: the cell that is searched. FOUND: there are encoders with log G > level; as many as were met before
    `above` was full are left in above[k, x, z], and their number is returned. MANY: `most` symbols did not suffice.
    """
    nx, ny, nz = cost.beta.shape
    vertices = corner.shape[1]
    pairs = vertices * (vertices - 1) // 2
    sample = types.counts[0].sum()  # the number of samples, the same for all types
    width, room = types.rows.shape[1], 64
    known = Simplices(
        np.empty((room, vertices, nz)),
        np.empty((room, 2 * pairs), dtype=np.int64),
        np.empty((room, vertices)),
        np.empty(room),
        np.empty((room, vertices, width)),
        np.empty((room, vertices, width)),
        np.empty((room, vertices)),
    )
    c, a, table = np.empty(nx * ny), np.empty(nz), np.empty((max(nx - 1, 1) * vertices, width))
    for x in range(nx):
        known.vertices[x] = corner[x]
        _enter(types, cost, known, x, x, c, a, table)
    count = nx
    stack = np.empty((512, nx), dtype=np.int64)
    for x in range(nx):
        stack[0, x] = x
    depth, used, found = 1, 0, 0
    e, r, cell = np.empty((nx, nz)), np.empty(len(cost.logw)), np.empty(nx, dtype=np.int64)
    combinations = vertices ** max(nx - 1, 0)
    logs, scaled, top = np.empty((combinations, width)), np.empty((combinations, width)), np.empty(combinations)
    if nx == 1:
        _contract(types, cost, table, 0, logs[0], a)
        top[0] = _scale(logs[0], scaled[0], types.sizes[0])
    while depth > 0:
        depth -= 1
        cell[:] = stack[depth]
        if used == most or depth + 2 > stack.shape[0]:
            return (FOUND, found) if found else (MANY, used)
        if nx == 2:
            logs, scaled, top = known.logs[cell[1]], known.scaled[cell[1]], known.top[cell[1]]
        elif nx > 2:
            for x in range(1, nx):
                for v in range(vertices):
                    table[(x - 1) * vertices + v] = known.logs[cell[x], v]
            for k in range(combinations):
                _contract(types, cost, table, k, logs[k], a)
                top[k] = _scale(logs[k], scaled[k], types.sizes[0])
        value, chosen = -math.inf, 0
        first = cell[0]
        for v in range(vertices):
            for k in range(combinations):
                now = _joined(
                    known.logs[first, v], known.scaled[first, v], known.top[first, v], logs[k], scaled[k], top[k],
                    types.sizes[0],
                )  # fmt: skip
                if now > value:
                    value, chosen = now, k * vertices + v
        if value <= level:
            symbols[used] = 0
            used += 1
            continue
        # At the largest vertex G is smaller by a factor of at least exp(-rho/sigma N least error).
        least, digits = math.inf, chosen
        for x in range(nx):
            e[x] = known.vertices[cell[x], digits % vertices]
            least = min(least, known.error[cell[x], digits % vertices])
            digits //= vertices
        if value - cost.rho / cost.sigma * sample * least > level:
            letter_costs(e, cost.beta, cost.rho, c)
            if log_gradient(types.counts, cost.logw, c, cost.sigma, r) > level:
                above[found] = e
                found += 1
                if found == above.shape[0]:
                    return FOUND, found
                continue
        at, most_far = 0, -1.0
        for x in range(nx):
            if known.far[cell[x]] * types.mean[x] > most_far:
                at, most_far = x, known.far[cell[x]] * types.mean[x]
        parent = cell[at]
        edge, low, high = _longest(known.vertices[parent])
        if edge < 0:
            return (FOUND, found) if found else (MANY, used)
        symbols[used] = 1 + at * pairs + edge
        used += 1
        if known.child[parent, 2 * edge] < 0:
            if count + 2 > known.far.size:
                known = _larger(known)
            for side in range(2):
                known.vertices[count] = known.vertices[parent]
                for z in range(nz):
                    middle = 0.5 * (known.vertices[parent, low, z] + known.vertices[parent, high, z])
                    known.vertices[count, high if side == 0 else low, z] = middle
                _enter(types, cost, known, count, at, c, a, table)
                known.child[parent, 2 * edge + side] = count
                count += 1
        stack[depth] = cell
        stack[depth + 1] = cell
        stack[depth + 1, at] = known.child[parent, 2 * edge]
        stack[depth, at] = known.child[parent, 2 * edge + 1]
        depth += 2
    return (FOUND, found) if found else (DONE, used)


@kernel(fastmath=False, error_model="numpy")
def _longest(simplex):
    """The edge with the most different ends: its number (-1: all are equal to rounding) and its ends."""
    vertices, nz = simplex.shape
    best, longest, low, high, k = -1, 0.0, 0, 1, 0
    for i in range(vertices):
        for j in range(i + 1, vertices):
            length, inside = 0.0, False
            for z in range(nz):
                both = simplex[i, z] + simplex[j, z]
                if both > 0.0:
                    length += (simplex[i, z] - simplex[j, z]) ** 2 / both
                inside = inside or (0.5 * both != simplex[i, z] and 0.5 * both != simplex[j, z])
            if inside and length > longest:
                best, longest, low, high = k, length, i, j
            k += 1
    return best, low, high
