"""The entropies of all 2^n marginals of a joint table.

    H(X_S) = log s - (1/s) sum_{x_S} q_S(x_S) log q_S(x_S),     S subset of {1..n},    s = sum p,

where q_S is the marginal of the table p on the axes S, and the value is that of p/s.

The lattice.  Every marginal is the sum over one axis of a marginal with one axis more, so that all of them together
cost sum_S |q_S| = prod_i (1 + k_i) cells instead of 2^n sweeps of the table.  The axes are decided from the last to the
first, depth-first: a node is a table of leading axes that are still open and trailing axes that are kept, and summing
an open axis adds a few long rows, but near the root.  The tables alive at one time are one chain of successive
marginals, in total no larger than p.

Small nodes by the block.  Where the marginals below a node have BLOCK cells or less together, they are computed as one
table with axes of 1 + k_i cells, the last cell of an axis holding the sum of the others (Yates).  One pass takes
q log q of every cell, and adding up the first k_i cells of each axis, leading axis first, leaves the 2^i sums.  A node
then costs no call, only its cells.

Entry `mask` of the result belongs to the axes k with bit k of mask set; entry 0 is 0.  Shape: a C-contiguous float64
table of n axes; result of 2^n float64.  Unit: nats.  Axes of one cell are permitted.  Absolute error below 1e-13; what
rounding leaves below zero is returned as 0.  No error is raised; cells must be finite and nonnegative, with a positive
sum.  The file is longer than most because the descent and the small nodes at its end are one algorithm.

Source: Yates's algorithm (1937); Gray et al., Data Cube, ICDE 1996, for the lattice of marginals.
"""

import numpy as np

from therml_exact.kernels.information.compensated import add, add_rows
from therml_exact.kernels.information.entropy import plogp_run, plogp_sum_kernel, sum_run, total_of
from therml_exact.kernels.information.logarithm import log, plogp
from therml_exact.kernels.kernel import kernel

RUN = 1024  # cells between two compensated additions
PADDING = 32  # cells a turn of the vector loop takes: tables are padded with zeros, which contribute nothing
DIRECT = 128  # cells from which a table without open axes is not stored
SHORT = 16  # cells below which a row is not worth a slice
WIDE = 64  # cells of an axis from which sums along it keep their rounding error
BLOCK = 8192  # cells of a subtree computed as one table


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy")
def _plogp_of_two(a, b):
    """Return sum q log q for q = a + b, in nats."""
    h = 0.0
    for j in range(a.size):
        h += plogp(a[j] + b[j])
    return h


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy")
def _plogp_of_three(a, b, c):
    """Return sum q log q for q = a + b + c, in nats."""
    h = 0.0
    for j in range(a.size):
        h += plogp(a[j] + b[j] + c[j])
    return h


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy")
def _plogp_of_four(a, b, c, d):
    """Return sum q log q for q = a + b + c + d, in nats."""
    h = 0.0
    for j in range(a.size):
        h += plogp((a[j] + b[j]) + (c[j] + d[j]))
    return h


@kernel(fastmath={"contract"}, error_model="numpy")
def _plogp_of_rows(parent, k, n):
    """Return sum q log q, in nats, for q = the sum of the k = 2, 3 or 4 rows of `parent`, of n cells each."""
    high = 0.0
    low = 0.0
    for j in range(0, n, RUN):
        e = min(j + RUN, n)
        if k == 2:
            h = _plogp_of_two(parent[j:e], parent[n + j : n + e])
        elif k == 3:
            h = _plogp_of_three(parent[j:e], parent[n + j : n + e], parent[2 * n + j : 2 * n + e])
        else:
            h = _plogp_of_four(
                parent[j:e], parent[n + j : n + e], parent[2 * n + j : 2 * n + e], parent[3 * n + j : 3 * n + e]
            )
        high, low = add(high, low, h)
    return high + low


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_slabs(source, at, step, k, target, to, n):
    """Set target[to + j] = sum_{i < k} source[at + i step + j] for j < n, where k >= 2.

    The offsets are unsigned, which spares the wraparound check.
    """
    if k == 2:
        for j in range(n):
            target[to + j] = source[at + j] + source[at + step + j]
    elif k == 3:
        for j in range(n):
            target[to + j] = source[at + j] + source[at + step + j] + source[at + step + step + j]
    else:
        two = step + step
        for j in range(n):
            target[to + j] = (source[at + j] + source[at + step + j]) + (
                source[at + two + j] + source[at + two + step + j]
            )
        for i in range(np.uintp(4), k):
            for j in range(n):
                target[to + j] += source[at + i * step + j]


@kernel(fastmath={"contract"}, error_model="numpy")
def _sum_axis(parent, child, outer, k, inner):
    """Set child[o, j] = sum_{i < k} parent[o, i, j], flat.  Sums along a wide axis keep their rounding error."""
    if inner == 1:
        if k == 2:
            pairs = parent.reshape(outer, 2)
            for o in range(outer):
                child[o] = pairs[o, 0] + pairs[o, 1]
        elif k == 3:
            triples = parent.reshape(outer, 3)
            for o in range(outer):
                child[o] = triples[o, 0] + triples[o, 1] + triples[o, 2]
        else:
            for o in range(outer):
                child[o] = total_of(parent[o * k : (o + 1) * k])[0]
    elif k <= WIDE:
        step = np.uintp(inner)
        at = np.uintp(0)
        to = np.uintp(0)
        for _ in range(outer):
            _add_slabs(parent, at, step, np.uintp(k), child, to, step)
            at += step * np.uintp(k)
            to += step
    else:
        low = np.empty(inner)
        for o in range(outer):
            row = child[o * inner : (o + 1) * inner]
            row[:] = 0.0
            low[:] = 0.0
            for i in range(o * k, (o + 1) * k):
                add_rows(row, low, parent[i * inner : (i + 1) * inner])
            for j in range(inner):
                row[j] += low[j]


@kernel(fastmath={"contract"}, error_model="numpy")
def _descend(parent, child, outer, k, inner, leaf, sum_only):
    """Sum the axis of k cells out of `parent`; return sum q log q of the result q, or 0 if `sum_only`.

    q goes to the front of `child`, whose size is that of q rounded up to PADDING, unless it is a long leaf.
    """
    size = outer * inner
    if leaf and k <= 4 and inner >= DIRECT:
        return _plogp_of_rows(parent, k, inner)
    _sum_axis(parent, child, outer, k, inner)
    if sum_only:
        return 0.0
    child[size:] = 0.0
    if child.size <= RUN:
        return plogp_run(child)
    return plogp_sum_kernel(child)


@kernel(fastmath={"contract"}, error_model="numpy")
def _extend(table, axes, n_open, inner, block, stride, digit):
    """Lay out `table`, of the open axes and `inner` cells, in `block` with axes of 1 + k cells, sums last.

    The sums over axis 0 are left to `_logarithms`.  stride[axis] receives the distance of neighbours along an axis.
    """
    step = inner
    for axis in range(n_open - 1, -1, -1):
        stride[axis] = step
        step *= axes[axis] + 1
    if n_open == 1:
        block[: table.size] = table
    row = np.uintp(axes[n_open - 1] * inner)
    for axis in range(n_open - 1, 0, -1):
        k = np.uintp(axes[axis])
        length = np.uintp(stride[axis])
        outer = 1
        for before in range(axis):
            outer *= axes[before]
            digit[before] = 0
        place = 0
        source = np.uintp(0)
        for _ in range(outer):
            at = np.uintp(place)
            if axis == n_open - 1:
                for j in range(row):
                    block[at + j] = table[source + j]
                source += row
            _add_slabs(block, at, length, k, block, at + k * length, length)
            for before in range(axis - 1, -1, -1):  # the odometer of the axes before this one
                digit[before] += 1
                place += stride[before]
                if digit[before] < axes[before]:
                    break
                digit[before] = 0
                place -= axes[before] * stride[before]


@kernel(fastmath={"contract"}, error_model="numpy")
def _logarithms(block, k, n):
    """Take the logarithms of `block`, which has k slabs q_i of n cells each and room for one more, in place.

    Slab 0 becomes sum_i q_i log q_i, and slab k becomes q log q for q = sum_i q_i.
    """
    first = block[:n]
    last = block[k * n : (k + 1) * n]
    if k == 2:
        b = block[n : 2 * n]
        for j in range(n):
            x = first[j]
            y = b[j]
            first[j] = plogp(x) + plogp(y)
            last[j] = plogp(x + y)
    elif k == 3:
        b = block[n : 2 * n]
        c = block[2 * n : 3 * n]
        for j in range(n):
            x = first[j]
            y = b[j]
            z = c[j]
            first[j] = plogp(x) + plogp(y) + plogp(z)
            last[j] = plogp(x + y + z)
    else:
        last[:] = first
        for j in range(n):
            first[j] = plogp(first[j])
        for i in range(1, k):
            slab = block[i * n : (i + 1) * n]
            for j in range(n):
                last[j] += slab[j]
                first[j] += plogp(slab[j])
        for j in range(n):
            last[j] = plogp(last[j])


@kernel(fastmath={"contract"}, error_model="numpy")
def _fold(block, axes, bits, n_open, stride, at, mask):
    """Add up the cells of each marginal in `block`; marginal t then starts at at[t] and belongs to mask[t]."""
    at[0] = 0
    at[1] = axes[0] * stride[0]
    mask[1] = mask[0] ^ bits[0]
    count = 2
    for axis in range(1, n_open):
        k = np.uintp(axes[axis])
        step = np.uintp(stride[axis])
        for t in range(count):
            first = np.uintp(at[t])
            _add_slabs(block, first, step, k, block, first, step)
            at[count + t] = at[t] + axes[axis] * stride[axis]
            mask[count + t] = mask[t] ^ bits[axis]
        count *= 2
    return count


@kernel(fastmath={"contract"}, error_model="numpy")
def _subtree(table, axes, bits, n_open, inner, block, stride, digit, at, mask, log_total, total, out):
    """Write the entropies of `table` and of all marginals over its open axes; mask[0] is the mask of the table."""
    _extend(table, axes, n_open, inner, block, stride, digit)
    _logarithms(block, axes[0], stride[0])
    count = _fold(block, axes, bits, n_open, stride, at, mask)
    for t in range(count):
        if inner < SHORT:
            h = 0.0
            for j in range(inner):
                h += block[at[t] + j]
        else:
            h = sum_run(block[at[t] : at[t] + inner])
        out[mask[t]] = max(0.0, log_total - h / total)


@kernel(fastmath={"contract"}, error_model="numpy")
def _chain(axes):
    """Return the largest total size of a chain of successive marginals, as a fraction of the table; it is at most 1."""
    best = 0.0
    for k in axes:
        best = max(best, (1.0 + best) / k)
    return best


@kernel(fastmath={"contract"}, error_model="numpy")
def entropy_vector_kernel(p: np.ndarray, shape: np.ndarray, out: np.ndarray) -> None:
    """Write the 2^n entropies of the flat float64 table p of the given shape (int64) to `out`, in nats.

    The descent is one loop over a stack of tables, and longer than a screen because its arrays are made here, once.
    """
    axes = np.empty(shape.size, np.int64)
    bits = np.empty(shape.size, np.int64)
    cells = np.ones(shape.size + 1, np.int64)  # of the first axes
    extended = np.ones(shape.size + 1, np.int64)  # of all marginals of the first axes, no more than fits
    n = 0
    everything = 0
    for axis in range(shape.size):
        if shape[axis] > 1:
            axes[n] = shape[axis]
            bits[n] = 1 << axis
            cells[n + 1] = cells[n] * shape[axis]
            extended[n + 1] = min(extended[n] * (shape[axis] + 1), 2 * BLOCK) if shape[axis] <= WIDE else 2 * BLOCK
            everything |= bits[n]
            n += 1
    total = total_of(p)[0]
    log_total = log(total)

    space = np.empty(int(_chain(axes[:n]) * p.size) + 2 * PADDING * (n + 1))
    start = np.zeros(n + 2, np.int64)
    size = np.empty(n + 1, np.int64)
    next_axis = np.empty(n + 1, np.int64)
    masks = np.empty(n + 1, np.int64)
    block = np.empty(BLOCK)
    stride = np.empty(n, np.int64)
    digit = np.empty(n, np.int64)
    at = np.empty(BLOCK, np.int64)
    block_masks = np.empty(BLOCK, np.int64)

    if 0 < n and extended[n] <= BLOCK:
        block_masks[0] = everything
        _subtree(p, axes, bits, n, 1, block[: extended[n]], stride, digit, at, block_masks, log_total, total, out)
        depth = -1
    else:
        out[everything] = max(0.0, log_total - plogp_sum_kernel(p) / total)
        size[0] = p.size
        next_axis[0] = n
        masks[0] = everything
        depth = 0
    while depth >= 0:
        next_axis[depth] -= 1
        axis = next_axis[depth]
        if axis < 0:
            depth -= 1
            continue
        k = axes[axis]
        outer = cells[axis]
        child_size = size[depth] // k
        inner = child_size // outer
        first = start[depth + 1]
        child = space[first : first + child_size + -child_size % PADDING]
        small = axis > 0 and extended[axis] * inner <= BLOCK
        if depth == 0:
            h = _descend(p, child, outer, k, inner, axis == 0, small)
        else:
            h = _descend(space[start[depth] : start[depth] + size[depth]], child, outer, k, inner, axis == 0, small)
        kept = masks[depth] ^ bits[axis]
        if small:
            block_masks[0] = kept
            _subtree(
                child[:child_size], axes, bits, axis, inner, block[: extended[axis] * inner],
                stride, digit, at, block_masks, log_total, total, out,
            )  # fmt: skip
            continue
        out[kept] = max(0.0, log_total - h / total)
        if axis > 0:
            depth += 1
            size[depth] = child_size
            next_axis[depth] = axis
            masks[depth] = kept
            start[depth + 1] = first + child.size
    out[0] = 0.0
    if n < shape.size:
        for subset in range(out.size):
            out[subset] = out[subset & everything]
