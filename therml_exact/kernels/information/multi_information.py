"""The multi-information of a joint table.

    I(X_1; ...; X_n) = sum_i H(X_i) - H(X_1, ..., X_n)
                     = (1/s) sum p log p - log s - sum_i sum q_i log q_i,        s = sum p,

where q_i are the marginals of the table p, each divided by its sum; the value is that of p/s.

One pass.  The axes are cut into a leading and a trailing group, and the table is read as a matrix of R rows and C
columns.  One sweep over it, four rows at a time, yields sum p log p, the row sums and the column sums.  Both are small
tables; they are cut again and again in the same way, until each group is one axis.  The sums of p and of p log p are
kept for each column, with their rounding error across blocks of rows; the row sums keep theirs across runs of columns.
What is left is the rounding of the logarithms and of the result, below 1e-14 for tables of up to 2^24 cells of random
or sparse masses; up to 1.1e-14 was seen where all cells have one of two values, whose roundings do not average out.

Near independence the difference above has an absolute error of a few 1e-16 times sum_i H(X_i) and no correct digit once
I itself is of that size.  When it comes out below 2^-8 sum_i H(X_i), it is discarded, and a second sweep computes

    I = sum_x d(p(x), q(x)) / s,    d(p, q) = p log(p/q) - p + q,    q = s prod_i q_i,

from nonnegative terms (see `divergence`).  The value is then nonnegative; its relative error
is below 1e-12 at I = 5e-7 and grows like 1e-16/sqrt(I) below, through the rounding of q.

Shape: a C-contiguous float64 table of any number of axes.  Unit: nats.  No error is raised; cells must be finite and
nonnegative, with a positive sum.  The file is longer than most because the sweep, in four forms for speed, and the two
formulas that it feeds are one algorithm.

Source: Watanabe, Information theoretical analysis of multivariate correlation, IBM Journal 4 (1960).
"""

import numpy as np

from therml_exact.kernels.information.compensated import add, flush_rows
from therml_exact.kernels.information.divergence import RUN as DIVERGENCE_RUN
from therml_exact.kernels.information.divergence import divergence_run
from therml_exact.kernels.information.entropy import plogp_pair, plogp_sum_kernel, sum_run, total_of
from therml_exact.kernels.information.logarithm import log, plogp
from therml_exact.kernels.kernel import kernel

QUAD = 4  # rows that a sweep reads at a time
RUN = 1024  # columns between two compensated additions
BLOCK = 32  # rows between two compensated additions
SMALL = 64  # cells of a table too small for the vector unit
PADDING = 32  # cells a turn of the vector loop takes
FUSED = 256  # columns from which the logarithms join the sweep of the sums
NEAR_INDEPENDENCE = 2.0**-8  # below this share of sum H(X_i), the second formula is used


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy", forceinline=True)
def _sweep_four(p, at, n, columns, logs, start, stop):
    """Add a run of four rows to `columns`, and its p log p to `logs`, in place; return the sums of the four runs.

    The run is the columns start to stop - 1 of the four rows of n cells from p[at] on. The offsets are unsigned, which
    spares the wraparound check.
    """
    sum_a = 0.0
    sum_b = 0.0
    sum_c = 0.0
    sum_d = 0.0
    b = at + n
    c = b + n
    d = c + n
    for j in range(start, stop):
        w = p[at + j]
        x = p[b + j]
        y = p[c + j]
        z = p[d + j]
        sum_a += w
        sum_b += x
        sum_c += y
        sum_d += z
        logs[j] += (plogp(w) + plogp(x)) + (plogp(y) + plogp(z))
        columns[j] += (w + x) + (y + z)
    return sum_a, sum_b, sum_c, sum_d


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy", forceinline=True)
def _sum_four(p, at, n, columns, start, stop):
    """Add a run of four rows to `columns`, in place, and return the sums of the four runs, as `_sweep_four` does."""
    sum_a = 0.0
    sum_b = 0.0
    sum_c = 0.0
    sum_d = 0.0
    b = at + n
    c = b + n
    d = c + n
    for j in range(start, stop):
        w = p[at + j]
        x = p[b + j]
        y = p[c + j]
        z = p[d + j]
        sum_a += w
        sum_b += x
        sum_c += y
        sum_d += z
        columns[j] += (w + x) + (y + z)
    return sum_a, sum_b, sum_c, sum_d


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy", forceinline=True)
def _sum_one(a, columns):
    """Add a run of one row to `columns`, in place, and return its sum."""
    sum_a = 0.0
    for j in range(columns.size):
        sum_a += a[j]
        columns[j] += a[j]
    return sum_a


@kernel(fastmath={"contract"}, error_model="numpy")
def _sweep_block(p, rows, columns, logs):
    """Write the row sums of the block p; add its column sums to `columns`, those of p log p to `logs`.

    The rows beyond a multiple of QUAD are left out of p log p.
    """
    n = columns.size
    four = rows.size - rows.size % QUAD
    for i in range(0, four, QUAD):
        at = np.uintp(i * n)
        sum_a = sum_b = sum_c = sum_d = 0.0
        low_a = low_b = low_c = low_d = 0.0
        for j in range(0, n, RUN):
            stop = min(j + RUN, n)
            ra, rb, rc, rd = _sweep_four(p, at, np.uintp(n), columns, logs, np.uintp(j), np.uintp(stop))
            sum_a, low_a = add(sum_a, low_a, ra)
            sum_b, low_b = add(sum_b, low_b, rb)
            sum_c, low_c = add(sum_c, low_c, rc)
            sum_d, low_d = add(sum_d, low_d, rd)
        rows[i] = sum_a + low_a
        rows[i + 1] = sum_b + low_b
        rows[i + 2] = sum_c + low_c
        rows[i + 3] = sum_d + low_d
    if four < rows.size:
        _sum_block(p[four * n :], rows[four:], columns)


@kernel(fastmath={"contract"}, error_model="numpy")
def _sum_block(p, rows, columns):
    """Write the row sums of the block p to `rows` and add its column sums to `columns`."""
    n = columns.size
    four = rows.size - rows.size % QUAD
    for i in range(0, four, QUAD):
        at = np.uintp(i * n)
        sum_a = sum_b = sum_c = sum_d = 0.0
        for j in range(0, n, RUN):
            stop = min(j + RUN, n)
            ra, rb, rc, rd = _sum_four(p, at, np.uintp(n), columns, np.uintp(j), np.uintp(stop))
            sum_a += ra
            sum_b += rb
            sum_c += rc
            sum_d += rd
        rows[i] = sum_a
        rows[i + 1] = sum_b
        rows[i + 2] = sum_c
        rows[i + 3] = sum_d
    for i in range(four, rows.size):
        row = p[i * n : (i + 1) * n]
        s = 0.0
        for j in range(0, n, RUN):
            s += _sum_one(row[j : j + RUN], columns[j : j + RUN])
        rows[i] = s


@kernel(fastmath={"contract"}, error_model="numpy")
def _sweep(p, rows, columns, work, logarithms):
    """Fill the row sums and column sums of the matrix p (flat, rows.size by columns.size).

    With `logarithms`, return sum p log p and what its rounding lost, else zeros.  `work` has twice the columns' size,
    five times with logarithms.  `rows` may be the front of p: row i is read before rows[i] is written.
    """
    n = columns.size
    columns[:] = 0.0
    fused = logarithms and n >= FUSED
    if rows.size <= 2 * BLOCK and not fused:
        _sum_block(p, rows, columns)
        return plogp_pair(p) if logarithms else (0.0, 0.0)
    partial = work[:n]
    low_columns = work[n : 2 * n]
    low_columns[:] = 0.0
    partial[:] = 0.0
    high = 0.0
    low = 0.0
    if fused:
        logs = work[2 * n : 3 * n]
        high_logs = work[3 * n : 4 * n]
        low_logs = work[4 * n : 5 * n]
        logs[:] = 0.0
        high_logs[:] = 0.0
        low_logs[:] = 0.0
    for start in range(0, rows.size, BLOCK):
        stop = min(start + BLOCK, rows.size)
        block = p[start * n : stop * n]
        if fused:
            _sweep_block(block, rows[start:stop], partial, logs)
            flush_rows(high_logs, low_logs, logs)
            separate = block[(stop - start) // QUAD * QUAD * n :]
        else:
            _sum_block(block, rows[start:stop], partial)
            separate = block
        if logarithms:
            h, lost = plogp_pair(separate)
            high, low = add(high, low + lost, h)
        flush_rows(columns, low_columns, partial)
    for j in range(n):
        columns[j] += low_columns[j]
    if fused:
        low += sum_run(low_logs)
        high, low = add(high, low, _halving(high_logs))
    return high, low


@kernel(fastmath={"contract"}, error_model="numpy")
def _halving(x):
    """Return the sum of x, by adding its halves to each other again and again; this overwrites x.

    Unlike a sum by lanes, it has no bias on cells of equal value.
    """
    n = x.size
    while n > 1:
        half = (n + 1) // 2
        a = x[: n - half]
        b = x[half:n]
        for j in range(a.size):
            a[j] += b[j]
        n = half
    return x[0]


@kernel(fastmath={"contract"}, error_model="numpy")
def _cut(axes, size):
    """Return the number of leading axes that make up the rows, with the least cost.

    The cost, in cells, is that of the sweep's runs and of the small tables that remain.
    """
    best = 1
    best_cost = np.inf
    n_rows = 1
    for axis in range(axes.size - 1):
        n_rows *= axes[axis]
        n_columns = size // n_rows
        quads = n_rows // QUAD + n_rows % QUAD
        cost = 50.0 * quads * ((n_columns + RUN - 1) // RUN) + 2.0 * (n_rows + n_columns)
        if n_columns > 2 * FUSED or n_columns < FUSED:
            cost += 0.03 * size  # the sums leave the nearest cache, or the table is read twice
        if cost < best_cost:
            best_cost = cost
            best = axis + 1
    return best


@kernel(fastmath={"contract"}, error_model="numpy")
def _peel(work, axes, first, last, marginals, offset, sums_work, stack):
    """Write the marginals of the axes first..last-1 to marginals[offset[i]:offset[i+1]]; their joint starts `work`.

    The joint is halved in place: row sums overwrite its front, column sums follow it.  All axes have two cells or
    more, so the column sums need at most half of the space again.  Tables of SMALL cells lose one axis after another.
    """
    stack[0] = first
    stack[1] = last
    stack[2] = 0
    depth = 1
    while depth > 0:
        depth -= 1
        lo = stack[3 * depth]
        hi = stack[3 * depth + 1]
        at = stack[3 * depth + 2]
        middle = (lo + hi) // 2
        n_rows = 1
        n_columns = 1
        for axis in range(lo, middle):
            n_rows *= axes[axis]
        for axis in range(middle, hi):
            n_columns *= axes[axis]
        size = n_rows * n_columns
        table = work[at : at + size]
        if hi - lo == 1:
            marginals[offset[lo] : offset[hi]] = table
        elif size <= SMALL:
            for axis in range(hi - 1, lo - 1, -1):
                k = axes[axis]
                size //= k
                marginal = marginals[offset[axis] : offset[axis + 1]]
                marginal[:] = 0.0
                for i in range(size):
                    s = 0.0
                    for j in range(k):
                        x = table[i * k + j]
                        s += x
                        marginal[j] += x
                    table[i] = s
        else:
            _sweep(table, table[:n_rows], work[at + size : at + size + n_columns], sums_work, False)
            stack[3 * depth + 1] = middle
            stack[3 * depth + 3] = middle
            stack[3 * depth + 4] = hi
            stack[3 * depth + 5] = at + size
            depth += 2


@kernel(fastmath={"contract"}, error_model="numpy")
def _normalise(q):
    """Divide q by its sum, and return the sum."""
    if q.size <= SMALL:
        total = 0.0
        for j in range(q.size):
            total += q[j]
    else:
        total = total_of(q)[0]
    inverse = 1.0 / total
    for j in range(q.size):
        q[j] *= inverse
    return total


@kernel(fastmath={"contract"}, error_model="numpy")
def _product(marginals, offset, first, last, scale, out):
    """Write `scale` times the outer product of the marginals of the axes first..last-1 to `out`."""
    out[0] = scale
    size = 1
    for axis in range(first, last):
        k = offset[axis + 1] - offset[axis]
        for i in range(size - 1, -1, -1):
            factor = out[i]
            for j in range(k):
                out[i * k + j] = factor * marginals[offset[axis] + j]
        size *= k


@kernel(fastmath={"contract"}, error_model="numpy")
def _divergence(p, u, v):
    """Return the sum of d(p, u v), in nats, over the matrix p, flat, with row factors u and column factors v."""
    high = 0.0
    low = 0.0
    factor = np.empty(min(DIVERGENCE_RUN, v.size))
    for i in range(u.size):
        factor[:] = u[i]
        row = p[i * v.size : (i + 1) * v.size]
        for j in range(0, v.size, DIVERGENCE_RUN):
            width = min(DIVERGENCE_RUN, v.size - j)
            high, low = add(high, low, divergence_run(row[j : j + width], factor[:width], v[j : j + width]))
    return high + low


@kernel(fastmath={"contract"}, error_model="numpy")
def multi_information_kernel(p: np.ndarray, shape: np.ndarray) -> tuple[float, float]:
    """Return the multi-information, in nats, of the flat float64 table p of the given shape (int64), and sum p."""
    integers = np.empty(5 * shape.size + 4, np.int64)
    axes = integers[: shape.size]
    offset = integers[shape.size : 2 * shape.size + 1]
    stack = integers[2 * shape.size + 1 :]
    n = 0
    offset[0] = 0
    for k in shape:
        if k > 1:  # an axis of one cell has no entropy
            axes[n] = k
            offset[n + 1] = offset[n] + k
            n += 1
    if n < 2:
        return 0.0, total_of(p)[0]
    axes = axes[:n]
    cut = _cut(axes, p.size)
    n_rows = 1
    for axis in range(cut):
        n_rows *= axes[axis]
    n_columns = p.size // n_rows
    padded = offset[n] + -offset[n] % PADDING

    space = np.empty(padded + 3 * n_rows + 7 * n_columns)
    marginals = space[:padded]
    marginals[offset[n] :] = 0.0
    rows = space[padded : padded + 2 * n_rows]  # the second half is room for _peel
    columns = space[padded + 2 * n_rows : padded + 2 * n_rows + 2 * n_columns]
    work = space[padded + 2 * n_rows + 2 * n_columns :]
    high, low = _sweep(p, rows[:n_rows], columns[:n_columns], work, True)
    _peel(rows, axes, 0, cut, marginals, offset, work, stack)
    _peel(columns, axes, cut, n, marginals, offset, work, stack)
    total = 0.0
    for axis in range(n):  # each by its own sum: then an error of a sum drops out at first order
        total = _normalise(marginals[offset[axis] : offset[axis + 1]])

    entropies = -plogp_sum_kernel(marginals)
    value = entropies + ((high + low) / total - log(total))
    if value > NEAR_INDEPENDENCE * entropies:
        return value, total
    _product(marginals, offset, 0, cut, total, rows)
    _product(marginals, offset, cut, n, 1.0, columns)
    return _divergence(p, rows[:n_rows], columns[:n_columns]) / total, total
