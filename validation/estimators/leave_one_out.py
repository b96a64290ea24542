"""The leave-one-out upper bound: the others' encoders stand for the marginal (nats), p(y|x) known.

    I(X;Y) <= E[log p(y_i|x_i) / ((1/(n-1)) sum over j != i of p(y_i|x_j))]

Infinite whenever some y_i is impossible under all other x_j; p(y|x) >= exp(-20) is kept, which hides the infinity and
leaves a number that is plainly absurd. Source: Poole et al. 2019.
"""

from __future__ import annotations

import numpy as np

from validation.estimators.contingency import Counts, Table
from validation.estimators.critic import FLOOR


def of_counts(y_given_x: Table, c: Counts) -> float:
    """The bound on the sample whose counts are c."""
    p = np.maximum(y_given_x, np.exp(-FLOOR))
    others = np.maximum((c.sum(axis=1) @ p - p), 0.0) / (c.sum() - 1)
    at = c > 0
    return float((c[at] * np.log(p[at] / others[at])).sum() / c.sum())
