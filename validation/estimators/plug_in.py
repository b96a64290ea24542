"""The plug-in entropy: that of the observed frequencies (nats).

    H = log n - (1/n) sum_c c log c

Its mean lies below H(X), by (K - 1)/(2n) + O(n^-2) for K letters of positive probability. Hence an information from it
is off by (K_XY - K_X - K_Y + 1)/(2n): upwards by (K_X - 1)(K_Y - 1)/(2n) where every pair is possible, downwards where
the pairs are few (Y a function of X: K_XY = K_X). Source: Miller 1955, Basharin 1959.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy
from scipy.stats import binom

from validation.estimators.contingency import Counts, Table


def entropy(counts: Counts) -> float:
    c = counts[counts > 0].astype(float)
    n = c.sum()
    return float(np.log(n) - (c * np.log(c)).sum() / n)


def mean(p: Table, n: int) -> float:
    """E[H] exactly: every count is binomial, and H is a sum over counts."""
    c = np.arange(n + 1)
    return float(np.log(n) - (binom.pmf(c, n, p.reshape(-1, 1)) @ xlogy(c, c)).sum() / n)


def first_order_bias(p: Table, n: int) -> float:
    """(K_XY - K_X - K_Y + 1)/(2n) of a joint p[x, y]."""
    cells, rows, columns = np.count_nonzero(p), np.count_nonzero(p.sum(axis=1)), np.count_nonzero(p.sum(axis=0))
    return (cells - rows - columns + 1) / (2 * n)
