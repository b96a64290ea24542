"""Grassberger's estimator of 2003 (nats).

    H = log n - (1/n) sum_c c G(c),   G(c) = psi(c) + (-1)^c [psi((c + 1)/2) - psi(c/2)]/2

For Poisson counts of mean m, E[c G(c)] = m log m + m E1(2m), E1 the exponential integral: the bias falls
exponentially with the counts. Source: Grassberger 2003.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from validation.estimators.contingency import Counts


def entropy(counts: Counts) -> float:
    c = counts[counts > 0]
    n = int(c.sum())
    g = digamma(c) + np.where(c % 2, -0.5, 0.5) * (digamma((c + 1) / 2) - digamma(c / 2))
    return float(np.log(n) - (c * g).sum() / n)
