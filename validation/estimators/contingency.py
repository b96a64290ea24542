"""Samples as counts: c[x, y] of the pairs, and the sum of pairs that stands for the product of the marginals.

    I = H(X) + H(Y) - H(X,Y)     for an estimator of entropies, applied to c's margins and to c

The product p(x) p(y) is seen through the n (n - 1) pairs (x_i, y_j), i != j:  c[x] c[y] - c[x, y] of them at (x, y).
Each such pair is a fair draw from the product, so averages over them are unbiased.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Table = NDArray[np.float64]
Samples = NDArray[np.int64]
Estimate = Callable[[Samples, Samples], float]


def count(x: Samples, y: Samples, shape: tuple[int, int]) -> Counts:
    """c[x, y], letters that were never seen included."""
    return np.bincount(x * shape[1] + y, minlength=shape[0] * shape[1]).reshape(shape)


def other_pairs(c: Counts) -> Table:
    """Frequencies of the pairs (x_i, y_j), i != j."""
    n = int(c.sum())
    pairs = np.outer(c.sum(axis=1), c.sum(axis=0)) - c
    return np.asarray(pairs / (n * (n - 1)))


def information(entropy: Callable[[Counts], float], c: Counts) -> float:
    """I(X;Y) from an estimator of entropies."""
    return entropy(c.sum(axis=1)) + entropy(c.sum(axis=0)) - entropy(c)


def halves(x: Samples, y: Samples, shape: tuple[int, int]) -> tuple[Counts, Counts]:
    """Counts of the training half (the first n // 2 pairs) and of the test half."""
    middle = len(x) // 2
    return count(x[:middle], y[:middle], shape), count(x[middle:], y[middle:], shape)
