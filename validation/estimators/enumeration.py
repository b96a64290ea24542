"""The exact mean of an estimator: a sum over all tables of counts that n samples can give.

    E[f] = sum over c with sum c = n of n!/(prod c!) prod p^c f(c)

C(n + k - 1, k - 1) tables for k cells: 286 for n = 10 and 2 x 2, 5,456 for n = 30. Multinomial weights are floats,
divided by their sum, which is 1 within 1e-12.

A sum over letters needs the binomial law of each count only, for any n (plug_in.mean, miller_madow.mean).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, xlogy

from validation.estimators.contingency import Counts, Table


def tables(n: int, cells: int) -> Counts:
    """All nonnegative integer vectors of `cells` entries that sum to n, as rows."""
    if cells == 1:
        return np.array([[n]])
    rows = []
    for first in range(n + 1):
        rest = tables(n - first, cells - 1)
        rows.append(np.column_stack([np.full(len(rest), first), rest]))
    return np.concatenate(rows)


def expectation(f: Callable[[Counts], float], p: Table, n: int) -> float:
    """E[f(c)] for the counts c of n samples of p."""
    found = tables(n, p.size)
    flat = p.reshape(-1)
    weight = np.exp(math.lgamma(n + 1) - gammaln(found + 1).sum(axis=1) + xlogy(found, flat).sum(axis=1))
    possible = weight > 0
    total = math.fsum(weight)
    if abs(total - 1) > 1e-12:
        raise ValueError(f"the weights of {len(found)} tables sum to {total}; p must sum to 1")
    values = [w * f(c.reshape(p.shape)) for w, c in zip(weight[possible], found[possible], strict=True)]
    return math.fsum(values) / total
