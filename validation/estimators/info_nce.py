"""InfoNCE: tell which of K letters x belongs to y (nats).

    E[(1/K) sum_i log exp(T(x_i, y_i)) / ((1/K) sum_j exp T(x_j, y_i))]  <=  min(I(X;Y), log K)

over batches of K pairs, for every T. The ceiling log K holds for every single batch, since i is one of the j. The best
T is the density ratio, or log p(y|x): a function of y alone cancels. Source: van den Oord et al. 2018; the proof is
that of Poole et al. 2019.
"""

from __future__ import annotations

import numpy as np

from validation.estimators.contingency import Counts, Samples, Table
from validation.estimators.critic import ascend


def in_batches(t: Table, x: Samples, y: Samples, k: int) -> float:
    """The mean over the whole batches of k successive pairs that the sample has (fewer pairs: one batch of all)."""
    k = min(k, len(x))
    batches = len(x) // k
    x, y = x[: batches * k], y[: batches * k]
    which = np.repeat(np.arange(batches), k)
    rows, columns = t.shape
    of_x = np.bincount(which * rows + x, minlength=batches * rows).reshape(batches, rows)
    of_y = np.bincount(which * columns + y, minlength=batches * columns).reshape(batches, columns)
    top = t.max()
    mean = np.log(of_x @ np.exp(t - top) / k) + top
    return float((t[x, y].sum() - (of_y * mean).sum()) / len(x))


def of_counts(t: Table, c: Counts) -> float:
    """One batch, whose counts are c."""
    top = t.max()
    mean = np.log(c.sum(axis=1) @ np.exp(t - top) / c.sum()) + top
    return float(((c * t).sum() - (c.sum(axis=0) * mean).sum()) / c.sum())


def fit(c: Counts) -> Table:
    """T climbing the objective of one batch, the counts c."""
    joint = c / c.sum()
    x, y = joint.sum(axis=1)[:, None], joint.sum(axis=0)[None, :]

    def gradient(t: Table, step: int) -> Table:
        tilted = x * np.exp(t)
        return np.asarray(joint - y * tilted / tilted.sum(axis=0))

    return ascend(gradient, c.shape)
