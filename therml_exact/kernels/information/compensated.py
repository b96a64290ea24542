"""Sums that carry their rounding error.

Knuth's two-sum splits a + b exactly,

    t = fl(a + b),   e = (a - (t - (t - a))) + (b - (t - a)),   a + b = t + e,

so that a running pair (t, e) accumulates n terms with an error of about n eps^2 instead of n eps.

Shapes: scalars, or vectors added cell by cell.  No error is raised.  `fastmath=False` is stated and not left open: a
caller that allows reassociation would turn e into 0.

Source: Knuth, The Art of Computer Programming 2, 4.2.2, Theorem B.
"""

import numpy as np

from therml_exact.kernels.kernel import kernel


@kernel(fastmath=False, error_model="numpy", forceinline=True)
def add(high: float, low: float, x: float) -> tuple[float, float]:
    """Return the pair (high, low) with x added to it: high is the rounded sum, low collects what the roundings lost."""
    t = high + x
    back = t - high
    return t, low + ((high - (t - back)) + (x - back))


@kernel(fastmath=False, error_model="numpy")
def add_rows(high: np.ndarray, low: np.ndarray, x: np.ndarray) -> None:
    """Add x[j] to the pairs (high[j], low[j]) in place, as `add` does; the three vectors have one length."""
    for j in range(high.size):
        t = high[j] + x[j]
        back = t - high[j]
        low[j] += (high[j] - (t - back)) + (x[j] - back)
        high[j] = t


@kernel(fastmath=False, error_model="numpy")
def flush_rows(high: np.ndarray, low: np.ndarray, x: np.ndarray) -> None:
    """Add x to the pairs (high, low) in place, as `add_rows` does, and set x to 0, ready for the next block."""
    for j in range(high.size):
        t = high[j] + x[j]
        back = t - high[j]
        low[j] += (high[j] - (t - back)) + (x[j] - back)
        high[j] = t
        x[j] = 0.0
