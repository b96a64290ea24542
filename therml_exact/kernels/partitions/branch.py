"""Branch and bound over blocks, bounded by the dual of the set-partition linear program (numba).

For weights alpha, beta >= 0 let c(S) = alpha a(S) + beta d(S).  Any u in R^n with u(S) = sum_{x in S} u_x <= c(S) for
every block S (a dual feasible point of  min sum_S c(S) y_S : sum_{S containing x} y_S = 1, y >= 0)  gives, for every
partition,

    alpha A + beta D = sum_x u_x + sum_blocks r(S),      r(S) = c(S) - u(S) >= 0,                         (*)

an identity with nonnegative terms.  A partition that no point of the present staircase P_0, P_1, ... (A up, D down)
dominates has, for some i, A <= A_{i+1} and D <= D_i: it lies in a corner.  With

    gap_i = alpha A_{i+1} + beta D_i - sum_x u_x

its blocks have sum r(S) <= gap_i.  So only blocks with r(S) <= gap are candidates at all, and a search for exact covers
by them, first uncovered symbol first, visits what is left.  It is cut where
- the reduced costs so far plus what the uncovered set is known to need (learned on the way) exceed the gap,
- no corner lies above (A so far + a(rest), D so far): the rest as one block is least in A, as singletons least in D,
- another choice of blocks for the covered set was surely better in both (it stays so, whatever covers the rest).

Nothing is assumed about the dual point but feasibility, checked over all 2^n blocks after it is found, so every cut
is a proof. In practice the relaxation is tight at the vertices of the hull: the gaps are those of the corners alone.

Directions (alpha, beta): the chords of the lower hull, found by bisection; the linear programs by primal simplex with
column generation (all blocks are priced, 2^n additions), warm from one chord to the next.  A right-hand side perturbed
to 1 + small distinct numbers keeps the simplex from stalling; dual feasibility does not depend on it.
"""

from typing import Any, NamedTuple

import numpy as np

from therml_exact.kernels.kernel import breathe, kernel
from therml_exact.kernels.partitions.front import first_at_least, offer, words_of_blocks
from therml_exact.kernels.vectors import assign

# Columns kept for pricing before all blocks are priced again.
POOL = 1024
# Partial partitions remembered for each uncovered set; a later one surely worse than one of them is cut: the completion
# that makes it a partition makes the other a better one.
LABELS = 4
# Steps of reduced cost in the order of blocks, and cells of each axis in the look-up of corners.
STEPS = 256
CELLS = 256
# Shares of the gap searched in turn; the corners shrink with every point found, so that the last search is short.
SHARES = (0.02, 0.06, 0.2, 0.5, 1.0)

Array = np.ndarray[Any, Any]


class Tables(NamedTuple):
    """What is searched, and how equalities are proved.

    n                      how many symbols there are
    a, d                   the tables [2^n] of a(S) and d(S), in their units; bit place[x] of S is symbol x
    place                  [n]
    band_a, band_d         twice the rounding bounds of sums of a and d, in the same units
    proof, weight, cells   as front.py takes them
    """

    n: int
    a: Array
    d: Array
    place: Array
    band_a: int
    band_d: int
    proof: int
    weight: Array
    cells: Array


class Lanes(NamedTuple):
    """Work space of pricing: S is (high bits, low bits), and the low bits are the lane.

    log           how many bits the low ones are
    low, high     u of the low and of the high bits, [lane] and [high]
    best, where   the least reduced cost of each lane, and its high bits
    """

    log: int
    low: Array
    high: Array
    best: Array
    where: Array


class Simplex(NamedTuple):
    """The state of the linear program, warm from one direction to the next.

    basis, cost, value   the blocks of the basis, their costs, and the values of their variables, [n]
    inverse              of the basis matrix, [n, n]
    column               work space, [n]
    pool                 blocks that are priced before all of them are, [POOL]
    u                    the dual point, [n]
    """

    basis: Array
    cost: Array
    value: Array
    inverse: Array
    column: Array
    pool: Array
    u: Array


class Chords(NamedTuple):
    """The chords of the lower hull: dual point u[chord, x], (alpha, beta), and A at the two ends."""

    u: Array
    direction: Array
    end: Array


class Corners(NamedTuple):
    """The corners of the staircase, A up and D down: a, d, and the largest gap up to each (head), from it on (tail)."""

    a: Array
    d: Array
    head: Array
    tail: Array


class Columns(NamedTuple):
    """The candidate blocks, by lowest symbol x, then in steps of their reduced costs r: start[x] is the first of x."""

    start: Array
    block: Array
    r: Array


class Learned(NamedTuple):
    """What the search has learned of each uncovered set.

    need    [2^n]: reduced costs that any cover of it has, at least
    label   [2^n, 2 LABELS]: (A, D) of partial partitions that left it uncovered
    """

    need: Array
    label: Array


@kernel(fastmath=False, error_model="numpy")
def _subset_sums(u, out):
    """Fill in out[S] = u(S) for all sets S of symbols."""
    out[0] = 0.0
    for x in range(u.shape[0]):
        for s in range(1 << x):
            out[(1 << x) + s] = out[s] + u[x]


@kernel(fastmath=False, error_model="numpy")
def _price(tables, alpha, beta, u, lanes):
    """For every lane (low bits of S) the least reduced cost over the high bits, and its S."""
    a, d, lanes_log, low_sum, best, where = tables.a, tables.d, lanes.log, lanes.low, lanes.best, lanes.where
    width = 1 << lanes_log
    _subset_sums(u[:lanes_log], low_sum)
    _subset_sums(u[lanes_log:], lanes.high)
    best[:width] = 0.0
    where[:width] = 0
    for high in range(1 << (tables.n - lanes_log)):
        breathe()
        base = lanes.high[high]
        pa = a[high << lanes_log : (high + 1) << lanes_log]
        pd = d[high << lanes_log : (high + 1) << lanes_log]
        for lane in range(width):
            r = alpha * pa[lane] + beta * pd[lane] - (base + low_sum[lane])
            better = r < best[lane]
            best[lane] = r if better else best[lane]
            where[lane] = high if better else where[lane]


@kernel(fastmath=False, error_model="numpy")
def _enter(s, cost, simplex):
    """One simplex pivot: block s enters the basis, in place; False where no basic variable limits it."""
    n = simplex.basis.shape[0]
    inverse, value, column = simplex.inverse, simplex.value, simplex.column
    for i in range(n):
        t = 0.0
        for x in range(n):
            if (s >> x) & 1:
                t += inverse[i, x]
        column[i] = t
    leave = -1
    ratio = 1e300
    for i in range(n):
        if column[i] > 1e-7:
            q = value[i] / column[i]
            if q < ratio:
                ratio = q
                leave = i
    if leave < 0:
        return False
    pivot = 1.0 / column[leave]
    for x in range(n):
        inverse[leave, x] *= pivot
    value[leave] = ratio
    for i in range(n):
        if i != leave:
            t = column[i]
            if t != 0.0:
                for x in range(n):
                    inverse[i, x] -= t * inverse[leave, x]
                value[i] = max(0.0, value[i] - t * ratio)
    simplex.basis[leave] = s
    simplex.cost[leave] = cost
    return True


@kernel(fastmath=False, error_model="numpy")
def _pivot_on_pool(tables, alpha, beta, simplex, pool_count, lanes, tolerance, pivots):
    """Pivot until no block of the pool improves, leaving u behind; returns the number of pivots so far."""
    n, a, d, u = tables.n, tables.a, tables.d, simplex.u
    cost, inverse, pool = simplex.cost, simplex.inverse, simplex.pool
    width = 1 << lanes.log
    while True:
        for x in range(n):
            t = 0.0
            for i in range(n):
                t += cost[i] * inverse[i, x]
            u[x] = t
        worst = -tolerance
        at = -1
        if pool_count > 0:
            _subset_sums(u[: lanes.log], lanes.low)
            _subset_sums(u[lanes.log :], lanes.high)
        for k in range(pool_count):
            s = pool[k]
            t = alpha * a[s] + beta * d[s] - lanes.low[s & (width - 1)] - lanes.high[s >> lanes.log]
            if t < worst:
                worst = t
                at = k
        if at < 0 or pivots > 400 * n:
            break
        s = pool[at]
        if not _enter(s, alpha * a[s] + beta * d[s], simplex):
            break
        pivots += 1
    return pivots


@kernel(fastmath=False, error_model="numpy")
def _dual(tables, alpha, beta, simplex, pool_count, lanes):
    """Solve the linear program; u becomes dual feasible. Returns the new number of blocks in the pool."""
    n, a, d = tables.n, tables.a, tables.d
    width = 1 << lanes.log
    size = 0.0
    for i in range(n):
        simplex.cost[i] = alpha * a[simplex.basis[i]] + beta * d[simplex.basis[i]]
        size = max(size, simplex.cost[i])
    tolerance = 1e-12 * max(size, 1e-300)
    lowest = 0.0
    rounds = 0
    pivots = 0
    while True:
        pivots = _pivot_on_pool(tables, alpha, beta, simplex, pool_count, lanes, tolerance, pivots)
        _price(tables, alpha, beta, simplex.u, lanes)
        rounds += 1
        lowest = 0.0
        for lane in range(width):
            lowest = min(lowest, lanes.best[lane])
        if lowest >= -tolerance or rounds > 60 or pivots > 400 * n:
            break
        for lane in range(width):
            if lanes.best[lane] < 0.1 * lowest:
                s = (lanes.where[lane] << lanes.log) | lane
                if pool_count < POOL:
                    simplex.pool[pool_count] = s
                    pool_count += 1
                else:
                    # Overwrite round robin: the basis keeps what matters.
                    simplex.pool[(s * 7919 + rounds) % POOL] = s
    # Blocks hold at least one symbol, so this lowering makes every reduced cost nonnegative.
    for x in range(n):
        simplex.u[x] += lowest - tolerance * 1e-2
    return pool_count


@kernel(fastmath=False, error_model="numpy")
def _blocks_of_basis(n, basis, value, blocks):
    """Fill in the blocks of a basic solution that is a partition; returns their number, 0 if it is none."""
    count = 0
    covered = 0
    for i in range(n):
        if value[i] > 0.5:
            if covered & basis[i]:
                return 0
            covered |= basis[i]
            blocks[count] = basis[i]
            count += 1
    return count if covered == (1 << n) - 1 else 0


@kernel(fastmath=False, error_model="numpy")
def _offer_blocks(tables, blocks, k, front, count):
    """Offer the partition into the first k blocks to the front; returns what `offer` does."""
    n, a, d, band_a, band_d = tables.n, tables.a, tables.d, tables.band_a, tables.band_d
    pa = np.int64(0)
    pd = np.int64(0)
    for b in range(k):
        pa += a[blocks[b]]
        pd += d[blocks[b]]
    sure = first_at_least(front, count, pa - band_a)
    if sure > 0 and front[sure - 1, 4] < pd - band_d:
        return -1 - count
    c0, c1 = words_of_blocks(blocks, k, n, tables.place)
    proof, weight, cells = tables.proof, tables.weight, tables.cells
    return offer(front, count, pa, pd, c0, c1, (1 << n) - 1, band_a, band_d, proof, weight, cells)


@kernel(fastmath=False, error_model="numpy")
def _neighbours(tables, blocks, k, front, count):
    """Offer what one merge, or one symbol moved, makes of a partition."""
    n = tables.n
    trial = np.zeros(n + 1, np.int64)
    for i in range(k):
        for j in range(i):
            t = 0
            for b in range(k):
                if b != i and b != j:
                    trial[t] = blocks[b]
                    t += 1
            trial[t] = blocks[i] | blocks[j]
            new = _offer_blocks(tables, trial, k - 1, front, count)
            if new >= 0:
                count = new
            elif new == -2 - count:
                return new
    for i in range(k):
        for x in range(n):
            bit = 1 << x
            if blocks[i] & bit and blocks[i] != bit:
                for j in range(k + 1):
                    if j != i:
                        for b in range(k):
                            trial[b] = blocks[b]
                        trial[k] = 0
                        trial[i] ^= bit
                        trial[j] |= bit
                        new = _offer_blocks(tables, trial, k if j < k else k + 1, front, count)
                        if new >= 0:
                            count = new
                        elif new == -2 - count:
                            return new
    return count


@kernel(fastmath=False, error_model="numpy")
def _corners(tables, front, count, lo, hi, alpha, beta, total, corners):
    """Fill in the corners between the points of the front with lo <= A <= hi; returns their number.

    head[i] and tail[i] become the largest gap of the corners up to i, and from i on.
    """
    band_a, band_d = tables.band_a, tables.band_d
    corner_a, corner_d, head, tail = corners.a, corners.d, corners.head, corners.tail
    first = first_at_least(front, count, lo - band_a)
    last = first_at_least(front, count, hi + band_a + 1) - 1
    m = 0
    for i in range(first, max(last, first + 1)):
        # The very end: only ties with the last point are left beyond it.
        j = min(i + 1, count - 1)
        corner_a[m] = max(front[j, 0], front[i, 0]) + band_a
        corner_d[m] = front[i, 4] + band_d
        head[m] = alpha * corner_a[m] + beta * corner_d[m] - total
        tail[m] = head[m]
        m += 1
    for i in range(1, m):
        head[i] = max(head[i], head[i - 1])
    for i in range(m - 2, -1, -1):
        tail[i] = max(tail[i], tail[i + 1])
    return m


@kernel(fastmath=False, error_model="numpy")
def _lookup(corners, m):
    """Where to start looking for a corner, on CELLS cells of each axis: (first by A, last by D, and their scales)."""
    corner_a, corner_d = corners.a, corners.d
    origin_a = corner_a[0]
    origin_d = corner_d[m - 1]
    shift_a = 0
    while (corner_a[m - 1] - origin_a) >> shift_a >= CELLS:
        shift_a += 1
    shift_d = 0
    while (corner_d[0] - origin_d) >> shift_d >= CELLS:
        shift_d += 1
    from_a = np.empty(CELLS, np.int64)
    from_d = np.empty(CELLS, np.int64)
    i = 0
    for key in range(CELLS):
        while i < m and corner_a[i] < origin_a + (np.int64(key) << shift_a):
            i += 1
        from_a[key] = i
    i = m - 1
    for key in range(CELLS):
        # The last corner that a D of this cell may still lie under.
        while i > 0 and corner_d[i] < origin_d + (np.int64(key) << shift_d):
            i -= 1
        from_d[key] = i
    return from_a, from_d, origin_a, origin_d, shift_a, shift_d


@kernel(fastmath=False, error_model="numpy")
def _search(tables, budget, margin, m, corners, columns, width, learned, blocks, front, count, nodes, max_nodes):
    """All covers of sum r <= budget that reach a corner: (count, nodes, outcome), 0 done, 1 nodes, 2 front full.

    It is one loop, longer than a screen: a depth-first search on a stack of its own, whose cuts share what they read.
    """
    n, a, d, band_a, band_d = tables.n, tables.a, tables.d, tables.band_a, tables.band_d
    corner_a, corner_d, head, tail = corners.a, corners.d, corners.head, corners.tail
    start, col, col_r = columns.start, columns.block, columns.r
    need, label = learned.need, learned.label
    full = (1 << n) - 1
    from_a, from_d, origin_a, origin_d, shift_a, shift_d = _lookup(corners, m)
    rest = np.zeros(n + 1, np.int64)
    at = np.zeros(n + 1, np.int64)
    end = np.zeros(n + 1, np.int64)
    limit = np.zeros(n + 1)
    low = np.zeros(n + 1)
    step = np.zeros(n + 1)
    sum_a = np.zeros(n + 1, np.int64)
    sum_d = np.zeros(n + 1, np.int64)
    sum_r = np.zeros(n + 1)
    rest[0] = full
    at[0] = start[0]
    end[0] = start[1]
    limit[0] = budget
    low[0] = budget
    depth = 0
    while True:
        breathe()
        r0 = rest[depth]
        k = at[depth]
        stop = end[depth]
        spent = sum_r[depth]
        room = limit[depth] - spent
        descended = False
        while k < stop:
            r = col_r[k]
            if r > room:
                # Blocks are in order of r up to `width`: whatever is left needs at least r - width.
                low[depth] = min(low[depth], r - width)
                if r - width > room:
                    break
                k += 1
                continue
            s = col[k]
            k += 1
            if s & ~r0:
                continue
            left = r0 ^ s
            total = r + need[left]
            if total > room:
                low[depth] = min(low[depth], total)
                continue
            pa = sum_a[depth] + a[s]
            pd = sum_d[depth] + d[s]
            nodes += 1
            # Corners i with corner_a >= A and corner_d >= D: lo <= i <= hi.
            bound_a = pa + a[left]
            key = max(bound_a - origin_a, 0) >> shift_a
            if key >= CELLS:
                low[depth] = min(low[depth], total)
                continue
            lo = from_a[key]
            while lo < m and corner_a[lo] < bound_a:
                lo += 1
            if lo == m or corner_d[lo] < pd:
                low[depth] = min(low[depth], total)
                continue
            if left == 0:
                low[depth] = min(low[depth], total)
                blocks[depth] = s
                new = _offer_blocks(tables, blocks, depth + 1, front, count)
                if new >= 0:
                    count = new
                elif new == -2 - count:
                    return count, nodes, 2
                continue
            hi = from_d[min(max(pd - origin_d, 0) >> shift_d, CELLS - 1)]
            while corner_d[hi] < pd:
                hi -= 1
            here = min(limit[depth], min(tail[lo], head[hi]) + margin)
            if spent + total > here:
                low[depth] = min(low[depth], total)
                continue
            beaten = False
            held = label[left]
            for i in range(0, 2 * LABELS, 2):
                if held[i] < pa - band_a and held[i + 1] < pd - band_d:
                    beaten = True
                    break
            if beaten:
                low[depth] = min(low[depth], total)
                continue
            i = 2 * (nodes % LABELS)
            held[i] = pa
            held[i + 1] = pd
            blocks[depth] = s
            at[depth] = k
            step[depth] = r
            depth += 1
            rest[depth] = left
            limit[depth] = here
            sum_a[depth] = pa
            sum_d[depth] = pd
            sum_r[depth] = spent + r
            x = 0
            while not (left >> x) & 1:
                x += 1
            at[depth] = start[x]
            end[depth] = start[x + 1]
            # Columns beyond the list need more than the budget it was made for.
            low[depth] = budget
            descended = True
            break
        if descended:
            if nodes >= max_nodes:
                return count, nodes, 1
            continue
        if low[depth] > need[r0]:
            need[r0] = low[depth]
        depth -= 1
        if depth < 0:
            return count, nodes, 0
        # The child's lesson, as seen from the block that led to it.
        low[depth] = min(low[depth], step[depth] + need[r0])


@kernel(fastmath=False, error_model="numpy")
def _begin(tables):
    """The simplex at the basis of the singletons, with a right-hand side perturbed to 1 + small distinct numbers."""
    n = tables.n
    basis = np.zeros(n, np.int64)
    inverse = np.zeros((n, n))
    value = np.zeros(n)
    seed = 12345
    for x in range(n):
        basis[x] = 1 << x
        inverse[x, x] = 1.0
        seed = (seed * 1103515245 + 12345) % 2147483648
        value[x] = 1.0 + 1e-5 * (1.0 + seed / 2147483648.0)
    return Simplex(basis, np.zeros(n), value, inverse, np.zeros(n), np.zeros(POOL, np.int64), np.zeros(n))


@kernel(fastmath=False, error_model="numpy")
def _hull(tables, simplex, lanes, chords, blocks, top_a, front, count):
    """The chords of the lower hull by bisection: (their number, count); -1 where the front is full.

    A finished chord keeps its direction and dual point. Partitions that are met, and their neighbours, are offered.
    """
    n, a, d, band_a, band_d = tables.n, tables.a, tables.d, tables.band_a, tables.band_d
    cap = chords.end.shape[0]
    stack = np.zeros((cap, 4), np.int64)
    stack[0, 0] = 0
    stack[0, 1] = d[(1 << n) - 1]
    stack[0, 2] = top_a
    stack[0, 3] = 0
    depth = 1
    made = 0
    pool_count = 0
    while depth > 0:
        depth -= 1
        la = stack[depth, 0]
        ld = stack[depth, 1]
        ra = stack[depth, 2]
        rd = stack[depth, 3]
        wa = max(float(ld - rd), 0.0)
        wd = max(float(ra - la), 0.0)
        if wa + wd <= 0.0:
            wa = 1.0
            wd = 1.0
        alpha = wa / (wa + wd)
        beta = wd / (wa + wd)
        pool_count = _dual(tables, alpha, beta, simplex, pool_count, lanes)
        k = _blocks_of_basis(n, simplex.basis, simplex.value, blocks)
        split = False
        if k > 0:
            pa = np.int64(0)
            pd = np.int64(0)
            for b in range(k):
                pa += a[blocks[b]]
                pd += d[blocks[b]]
            new = _offer_blocks(tables, blocks, k, front, count)
            if new >= 0:
                count = new
            elif new == -2 - count:
                return -1, count
            new = _neighbours(tables, blocks, k, front, count)
            if new < 0:
                return -1, count
            count = new
            drop = wa * float(la - pa) + wd * float(ld - pd)
            inside = pa > la + band_a and pa < ra - band_a and pd < ld - band_d and pd > rd - band_d
            if inside and drop > 4.0 * (wa * band_a + wd * band_d) and depth + 2 < cap and made + depth + 2 < cap:
                split = True
                stack[depth, 0] = pa
                stack[depth, 1] = pd
                stack[depth, 2] = ra
                stack[depth, 3] = rd
                depth += 1
                stack[depth, 0] = la
                stack[depth, 1] = ld
                stack[depth, 2] = pa
                stack[depth, 3] = pd
                depth += 1
        if not split:
            assign(chords.u[made], simplex.u)
            chords.direction[made, 0] = alpha
            chords.direction[made, 1] = beta
            chords.end[made, 0] = la
            chords.end[made, 1] = ra
            made += 1
    return made, count


@kernel(fastmath=False, error_model="numpy")
def _candidates(tables, alpha, beta, u, gap, lanes, columns, fill, found, found_r, found_key):
    """Fill in the blocks with r <= gap, by lowest symbol, then by reduced cost in STEPS steps; returns the step."""
    n, a, d, lanes_log = tables.n, tables.a, tables.d, lanes.log
    size = 1 << n
    low_sum = lanes.low
    start, col, col_r = columns.start, columns.block, columns.r
    _subset_sums(u[:lanes_log], low_sum)
    _subset_sums(u[lanes_log:], lanes.high)
    many = 0
    for high in range(1 << (n - lanes_log)):
        breathe()
        base = lanes.high[high]
        pa = a[high << lanes_log : (high + 1) << lanes_log]
        pd = d[high << lanes_log : (high + 1) << lanes_log]
        for lane in range(1 << lanes_log):
            r = alpha * pa[lane] + beta * pd[lane] - (base + low_sum[lane])
            found[many] = (high << lanes_log) | lane
            found_r[many] = r
            many += 1 if r <= gap else 0
            if many == size:
                many -= 1
    width = gap / (STEPS - 1)
    fill[:] = 0
    start[:] = 0
    inverse_width = 1.0 / width if width > 0.0 else 0.0
    for i in range(many):
        breathe()
        s = found[i]
        if s == 0:
            found_key[i] = -1
            continue
        x = 0
        while not (s >> x) & 1:
            x += 1
        found_r[i] = max(found_r[i], 0.0)
        key = x * STEPS + min(STEPS - 1, int(found_r[i] * inverse_width))
        found_key[i] = key
        fill[key + 1] += 1
    for key in range(n * STEPS):
        fill[key + 1] += fill[key]
    for x in range(n + 1):
        start[x] = fill[x * STEPS]
    for i in range(many):
        key = found_key[i]
        if key >= 0:
            col[fill[key]] = found[i]
            col_r[fill[key]] = found_r[i]
            fill[key] += 1
    return width


@kernel(fastmath=False, error_model="numpy")
def _between_chords(tables, chords, made, lanes, blocks, top_a, front, count, max_nodes):
    """Search what may lie above each chord, for growing shares of its gap: (count, nodes, outcome)."""
    n = tables.n
    size = 1 << n
    capacity = front.shape[0]
    learned = Learned(np.zeros(size), np.full((size, 2 * LABELS), np.int64(1) << 62, np.int64))
    corners = Corners(
        np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity), np.zeros(capacity)
    )
    columns = Columns(np.zeros(n + 1, np.int64), np.zeros(size, np.int64), np.zeros(size))
    fill = np.zeros(n * STEPS + 1, np.int64)
    found = np.zeros(size, np.int64)
    found_r = np.zeros(size)
    found_key = np.zeros(size, np.int32)
    nodes = np.int64(0)
    for q in range(made):
        alpha = chords.direction[q, 0]
        beta = chords.direction[q, 1]
        u = chords.u[q]
        total = 0.0
        magnitude = alpha * top_a + beta * tables.d[size - 1]
        for x in range(n):
            total += u[x]
            magnitude = max(magnitude, abs(u[x]))
        margin = 64.0 * n * n * 2.3e-16 * magnitude
        learned.need[:] = 0.0
        width = 0.0
        most = 0.0
        for stage in range(len(SHARES)):
            m = _corners(tables, front, count, chords.end[q, 0], chords.end[q, 1], alpha, beta, total, corners)
            gap = corners.tail[0] + margin
            if stage == 0:
                if gap < 0.0:
                    break
                # The candidate blocks once, for the largest gap. Rounding of the step, and the shared last step, are
                # inside twice the width.
                width = 2.0 * _candidates(tables, alpha, beta, u, gap, lanes, columns, fill, found, found_r, found_key)
                most = gap
            budget = min(gap, most)
            budget *= SHARES[stage]
            if budget < 0.0:
                break
            count, nodes, outcome = _search(
                tables, budget, margin, m, corners, columns, width, learned, blocks, front, count, nodes, max_nodes
            )
            if outcome != 0:
                return count, nodes, outcome
    return count, nodes, 0


@kernel(fastmath=False, error_model="numpy")
def branch_and_bound(n, a, d, front, band_a, band_d, proof, weight, cells, max_nodes, place):
    """Fills `front`; returns (count, nodes, outcome): 0 done, 1 out of nodes, 2 front full.

    Bit place[x] of the tables is symbol x.
    """
    tables = Tables(n, a, d, place, band_a, band_d, proof, weight, cells)
    blocks = np.zeros(n + 1, np.int64)
    blocks[0] = (1 << n) - 1
    count = _offer_blocks(tables, blocks, 1, front, 0)
    top_a = np.int64(0)
    for x in range(n):
        blocks[x] = 1 << x
        top_a += a[1 << x]
    new = _offer_blocks(tables, blocks, n, front, count)
    if new >= 0:
        count = new
    log = min(n, max(3, n // 2))
    width, cap = 1 << log, 8 * n + 64
    lanes = Lanes(log, np.zeros(width), np.zeros(1 << (n - log)), np.zeros(width), np.zeros(width, np.int64))
    chords = Chords(np.zeros((cap, n)), np.zeros((cap, 2)), np.zeros((cap, 2), np.int64))
    made, count = _hull(tables, _begin(tables), lanes, chords, blocks, top_a, front, count)
    if made < 0:
        return count, np.int64(0), 2
    return _between_chords(tables, chords, made, lanes, blocks, top_a, front, count, max_nodes)
