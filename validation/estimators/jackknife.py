"""The jackknifed plug-in entropy (nats).

    H = n H_n - (n - 1) mean_i H_(n-1) without sample i

which removes the bias of order 1/n whatever its coefficient. With f(c) = c log c the mean over the samples is closed:

    H_(n-1) without a sample of cell c = log(n - 1) - [sum f - f(c) + f(c - 1)]/(n - 1)

Source: Quenouille 1956, Zahl 1977.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from validation.estimators import plug_in
from validation.estimators.contingency import Counts


def entropy(counts: Counts) -> float:
    c = counts[counts > 0].astype(float)
    n = c.sum()
    if n == 1:
        return 0.0
    f = xlogy(c, c)
    drop = (c * (f - xlogy(c - 1, c - 1))).sum() / n
    left_out = np.log(n - 1) - (f.sum() - drop) / (n - 1)
    return float(n * plug_in.entropy(counts) - (n - 1) * left_out)
