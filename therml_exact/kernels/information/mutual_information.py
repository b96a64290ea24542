"""The mutual information of two axes of a table, given a third.

    I(A; B | C) = sum_{abc} d(p(a,b,c), q(a,b,c)) / s,      q(a,b,c) = p(a,c) p(b,c) / p(c),     s = sum p,
    d(p, q) = p log(p/q) - p + q >= 0,

for p/s, where s need not be 1.  For each c the tables p and q have equal sums, so that the terms -p + q cancel in the
sum; with them each cell is nonnegative, nothing cancels in floating point (see `divergence`), and the value is
nonnegative with a small relative error also next to independence.  A table of two axes is the case of one c.

Memory.  The marginals p(a,c) and p(b,c) may together exceed a fifth of the table when an axis is short.  Only one of
them is then kept whole, the one without the longer of the axes A and B; the other one is computed along that axis block
by block, right before its use.  When C is the long axis, everything is done for one block of C after the other.

Shape: a C-contiguous float64 table (A, B, C), or (A, B).  Unit: nats.  No error is raised; cells must be finite and
nonnegative, with a positive sum.
"""

import numpy as np

from therml_exact.kernels.information.compensated import add
from therml_exact.kernels.information.divergence import TINY, divergence_run
from therml_exact.kernels.information.entropy import total_of
from therml_exact.kernels.kernel import kernel

LONG = 1024  # cells of C from which C is cut into blocks
RUN = 2048  # cells of a block of B and C


@kernel(fastmath={"contract"}, error_model="numpy")
def _add_to(target, x):
    """Add x to `target`, cell by cell, in place."""
    for j in range(target.size):
        target[j] += x[j]


@kernel(fastmath={"contract"}, error_model="numpy")
def _add_rows_to(target, x):
    """Add the rows of target.size cells, of which x consists, to `target`."""
    n = target.size
    if n == 1:
        target[0] += total_of(x)[0]
        return
    for i in range(0, x.size, n):
        _add_to(target, x[i : i + n])


@kernel(fastmath={"contract"}, error_model="numpy")
def _repeat(target, x):
    """Fill `target` with copies of x."""
    if x.size == 1:
        target[:] = x[0]
        return
    for i in range(0, target.size, x.size):
        for j in range(x.size):
            target[i + j] = x[j]


@kernel(fastmath={"contract"}, error_model="numpy")
def _divide(x, y):
    """Divide x by y, cell by cell, in place; 0/0 is 0."""
    for j in range(x.size):
        x[j] /= y[j] + TINY


@kernel(fastmath={"contract"}, error_model="numpy")
def _along_c(p, a, b, c):
    """Return (sum of d, s) of the flat table p of shape (a, b, c), by blocks of a long axis C."""
    high = low = total = total_low = 0.0
    width = min(512, c // 8)
    p_ac = np.empty((a, width))
    p_bc = np.empty((b, width))
    p_c = np.empty(width)
    for start in range(0, c, width):
        n = min(width, c - start)
        p_ac[:] = 0.0
        p_bc[:] = 0.0
        p_c[:] = 0.0
        for i in range(a):
            for j in range(b):
                at = (i * b + j) * c + start
                run = p[at : at + n]
                _add_to(p_ac[i, :n], run)
                _add_to(p_bc[j, :n], run)
            _add_to(p_c, p_ac[i])
        total, total_low = add(total, total_low, total_of(p_c)[0])
        for i in range(a):
            _divide(p_ac[i], p_c)
            for j in range(b):
                at = (i * b + j) * c + start
                high, low = add(high, low, divergence_run(p[at : at + n], p_ac[i, :n], p_bc[j, :n]))
    return high + low, total + total_low


@kernel(fastmath={"contract"}, error_model="numpy")
def _along_b(p, a, b, c):
    """Return (sum of d, s) of the flat table p of shape (a, b, c), by blocks of the axis B, with p(a,c) kept whole."""
    high = low = 0.0
    p_ac = np.zeros((a, c))
    p_c = np.zeros(c)
    for i in range(a):
        _add_rows_to(p_ac[i], p[i * b * c : (i + 1) * b * c])
        _add_to(p_c, p_ac[i])
    for i in range(a):
        _divide(p_ac[i], p_c)
    width = min(b, max(1, RUN // c)) * c
    factor = np.empty(width)
    p_bc = np.empty(width)
    for start in range(0, b * c, width):
        n = min(width, b * c - start)
        p_bc[:] = 0.0
        for i in range(a):
            at = i * b * c + start
            _add_to(p_bc[:n], p[at : at + n])
        for i in range(a):
            at = i * b * c + start
            _repeat(factor[:n], p_ac[i])
            high, low = add(high, low, divergence_run(p[at : at + n], factor[:n], p_bc[:n]))
    return high + low, total_of(p_c)[0]


@kernel(fastmath={"contract"}, error_model="numpy")
def _along_a(p, a, b, c):
    """Return (sum of d, s) of the flat table p of shape (a, b, c), row by row along A, with p(b,c) kept whole."""
    high = low = 0.0
    p_bc = np.zeros(b * c)
    p_c = np.zeros(c)
    p_ac = np.empty(c)
    for i in range(a):
        _add_to(p_bc, p[i * b * c : (i + 1) * b * c])
    _add_rows_to(p_c, p_bc)
    width = min(b, max(1, RUN // c)) * c
    factor = np.empty(width)
    for i in range(a):
        row = p[i * b * c : (i + 1) * b * c]
        p_ac[:] = 0.0
        _add_rows_to(p_ac, row)
        _divide(p_ac, p_c)
        _repeat(factor, p_ac)
        for start in range(0, b * c, width):
            n = min(width, b * c - start)
            high, low = add(high, low, divergence_run(row[start : start + n], factor[:n], p_bc[start : start + n]))
    return high + low, total_of(p_c)[0]


@kernel(fastmath={"contract"}, error_model="numpy")
def mutual_information_kernel(p: np.ndarray, a: int, b: int, c: int) -> tuple[float, float]:
    """Return I(A; B | C), in nats, of the flat float64 table p of shape (a, b, c), and the sum s > 0 of p."""
    if a == 1 or b == 1:
        return 0.0, total_of(p)[0]
    if c >= LONG:
        value, total = _along_c(p, a, b, c)
    elif a <= b:
        value, total = _along_b(p, a, b, c)
    else:
        value, total = _along_a(p, a, b, c)
    return value / total, total
