"""Chao and Shen: a Horvitz-Thompson sum over the letters seen, with frequencies shrunk by the coverage (nats).

    C = 1 - f_1/n,   q_c = C c/n,   H = - sum_c q_c log q_c / (1 - (1 - q_c)^n)

f_1 is the number of letters seen once; if all were, one less (C = 0 would leave nothing), as is usual.
Source: Chao and Shen 2003.
"""

from __future__ import annotations

import numpy as np

from validation.estimators.contingency import Counts


def entropy(counts: Counts) -> float:
    c = counts[counts > 0]
    n = int(c.sum())
    once = int(np.count_nonzero(c == 1))
    q = (1 - (once - (once == n)) / n) * c / n
    # A letter that is certain contributes 0; for the others 1 - (1 - q)^n without cancellation.
    q = q[q < 1]
    return float(-(q * np.log(q) / -np.expm1(n * np.log1p(-q))).sum())
