"""The sum of p log p, and the entropy.

    plogp_sum(p) = sum_x p(x) log p(x),        H(p/s) = log s - plogp_sum(p) / s,   s = sum_x p(x)

Runs of RUN cells are added by lanes, which the vector unit needs; the sums of the runs are added with their rounding
error kept.  The error is then that of the logarithm and of some RUN/32 additions, not that of p.size additions.

Shape: any C-contiguous float64 array, read flat.  Unit: nats.  Zeros contribute nothing.  No error is raised; cells
must be finite and nonnegative.
"""

import numpy as np

from therml_exact.kernels.information.compensated import add
from therml_exact.kernels.information.logarithm import log, plogp
from therml_exact.kernels.kernel import kernel

RUN = 512  # cells that are added by lanes before the sum's rounding error is kept


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy", forceinline=True)
def plogp_run(p: np.ndarray) -> float:
    """Return sum p log p over a short run, in nats; the compiler chooses the order of the additions."""
    h = 0.0
    for j in range(p.size):
        h += plogp(p[j])
    return h


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy")
def sum_run(p: np.ndarray) -> float:
    """Return sum p over a short run; the compiler chooses the order of the additions."""
    s = 0.0
    for j in range(p.size):
        s += p[j]
    return s


@kernel(fastmath={"contract"}, error_model="numpy")
def plogp_pair(p: np.ndarray) -> tuple[float, float]:
    """Return sum p log p of a flat float64 array, in nats, and what its rounding lost."""
    high = 0.0
    low = 0.0
    for start in range(0, p.size, RUN):
        high, low = add(high, low, plogp_run(p[start : start + RUN]))
    return high, low


@kernel(fastmath={"contract"}, error_model="numpy")
def plogp_sum_kernel(p: np.ndarray) -> float:
    """Return sum p log p of a flat float64 array, in nats."""
    high, low = plogp_pair(p)
    return high + low


@kernel(fastmath={"contract"}, error_model="numpy")
def total_of(p: np.ndarray) -> tuple[float, float]:
    """Return sum p of a flat float64 array, and what its rounding lost."""
    high = 0.0
    low = 0.0
    for start in range(0, p.size, RUN):
        high, low = add(high, low, sum_run(p[start : start + RUN]))
    total = high + low
    return total, low - (total - high)


@kernel(fastmath={"contract"}, error_model="numpy")
def entropy_kernel(p: np.ndarray) -> float:
    """Return H(p/s), in nats, of a flat float64 array with sum s > 0."""
    total = total_of(p)[0]
    return log(total) - plogp_sum_kernel(p) / total
