"""The bound of Nguyen, Wainwright and Jordan (nats).

    I(X;Y) = max over T of E_p(x,y)[T] - E_p(x)p(y)[exp(T - 1)],   at T = 1 + log p(x, y)/(p(x) p(y))

Linear in both expectations: on data that T has not seen the estimate's mean is the bound itself, never above I, and it
is I for the best T. Its price is variance. Source: Nguyen, Wainwright, Jordan 2010.
"""

from __future__ import annotations

import numpy as np

from validation.estimators.contingency import Counts, Table, other_pairs
from validation.estimators.critic import ascend


def held_out(t: Table, c: Counts) -> float:
    """The bound on data that T has not seen."""
    return float((c * t).sum() / c.sum() - (other_pairs(c) * np.exp(t - 1)).sum())


def fit(c: Counts) -> Table:
    """T climbing the bound of the frequencies of c."""
    joint = c / c.sum()
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return ascend(lambda t, step: joint - product * np.exp(t - 1), c.shape)
