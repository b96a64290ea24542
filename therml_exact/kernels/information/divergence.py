"""The divergence of a table from a product, cell by cell, without cancellation.

    D(p, q) = sum_x d(p(x), q(x)),      d(p, q) = p log(p/q) - p + q >= 0

For tables of equal sum this is the relative entropy.  Every term is nonnegative, so that nothing cancels between cells;
what is left is to compute one term well.  With s = (p - q)/(p + q) and R(z) = 2 artanh(s)/s - 2, z = s^2,

    d(p, q) = s (p - q + p R(s^2)),

a form whose relative error is that of p - q.  It serves while p/q lies between sqrt(1/2) and sqrt(2), the range of the
polynomial for R; outside, d is at least 0.05 max(p, q) and p log(p/q) - (p - q) loses less than four bits.  Both are
computed and one is selected, which vectorises.

Here q(x) = u(x) v(x) comes as two factors, and p - u v is one fused operation.  At first order an error of q that
depends on one marginal only drops out, because sum (q - p) e(x_i) = 0 when p and q share that marginal.

Shapes: equal vectors p, u, v.  Unit: nats.  Cells with p = q = 0 contribute 0.  No error is raised.  The logarithm of
p/q divides by one factor after the other: u v may underflow where neither factor does.
"""

import numpy as np

from therml_exact.kernels.information.logarithm import log, log_series
from therml_exact.kernels.kernel import kernel

TINY = 2.2250738585072014e-308  # the smallest normal number: moves 0/0 to 0 and no normal quotient
NEAR = 0.0294372515228594  # (3 - 2 sqrt 2)^2, where p/q reaches sqrt(2)
RUN = 512  # callers cut their vectors into runs of this many cells


@kernel(fastmath={"contract", "reassoc"}, error_model="numpy")
def divergence_run(p: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """Return the sum of d(p[j], u[j] v[j]) over a short run, in nats.

    The vectors have one length, of at most some RUN cells, since the compiler chooses the order of the additions.
    """
    total = 0.0
    for j in range(p.size):
        total += _term(p[j], u[j], v[j])
    return total


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _term(p: float, u: float, v: float) -> float:
    """Return d(p, u v) of one cell, in nats."""
    q = u * v
    difference = p - u * v
    s = difference / (p + q + TINY)
    z = s * s
    near = s * (difference + p * log_series(z))
    far = p * log(p / (u + TINY) / (v + TINY)) - difference  # u v may be below all floats where u and v are not
    return near if z < NEAR else far
