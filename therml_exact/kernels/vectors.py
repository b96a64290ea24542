"""Small steps that many kernels take on vectors and matrices; each is compiled once, not at every place.

For x[:] = y numba writes a loop over strides, and an error with the shapes where they differ, at each place that says
so; for an expression of arrays it writes, and compiles, a function of its own.
"""

import numpy as np

from therml_exact.kernels.kernel import kernel


@kernel(fastmath=False, error_model="numpy")
def assign(to, x):
    """to[i] <- x[i]."""
    for i in range(x.size):
        to[i] = x[i]


@kernel(fastmath=False, error_model="numpy")
def assign_matrix(to, x):
    """to[i, j] <- x[i, j]; `to` may be larger."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            to[i, j] = x[i, j]


@kernel(fastmath=False, error_model="numpy")
def floored_logs(x, least):
    """Log max(x, least), of every entry."""
    return np.log(np.maximum(x, least))


@kernel(fastmath=False, error_model="numpy")
def largest(x):
    """The largest absolute value of an array that has entries."""
    return np.abs(x).max()


@kernel(fastmath=False, error_model="numpy")
def joined(x, y):
    """The rows of x, and then those of y."""
    return np.concatenate((x, y))
