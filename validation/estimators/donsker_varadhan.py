"""Donsker and Varadhan's bound, and MINE, which climbs it (nats).

    I(X;Y) = max over T of E_p(x,y)[T] - log E_p(x)p(y)[exp T]

For a fixed T both expectations are estimated without bias, but minus the logarithm of a mean lies above minus the
logarithm of the expectation (Jensen): even with T chosen on other data the mean of the estimate can exceed I. Fitted on
its own sample, against the product of its own frequencies, the maximum over tables is the plug-in information.

MINE climbs with minibatches: joint pairs, and products of independent draws. The gradient's denominator E[exp T] is
that of the batch (biased), or an exponential moving average over the batches so far. Source: Belghazi et al. 2018.
"""

from __future__ import annotations

import numpy as np

from validation.estimators.contingency import Counts, Samples, Table, count, other_pairs
from validation.estimators.critic import STEPS, ascend

BATCH = 32


def value(t: Table, joint: Table, product: Table) -> float:
    """The bound at T for frequencies of the joint and of the product."""
    top = t.max()
    return float((joint * t).sum() - top - np.log((product * np.exp(t - top)).sum()))


def held_out(t: Table, c: Counts) -> float:
    """The bound on data that T has not seen, the product seen through all pairs (x_i, y_j), i != j."""
    return value(t, c / c.sum(), other_pairs(c))


def own_sample(c: Counts) -> float:
    """T fitted and evaluated on the same frequencies, all at once."""
    joint = c / c.sum()
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))

    def gradient(t: Table, step: int) -> Table:
        tilted = product * np.exp(t)
        return np.asarray(joint - tilted / tilted.sum())

    return value(ascend(gradient, c.shape, 3 * STEPS), joint, product)


def one_shuffle(t: Table, x: Samples, y: Samples) -> float:
    """The bound on data that T has not seen, the product seen through the pairs (x_i, y_(i+1)) only, as is usual."""
    return value(t, count(x, y, t.shape) / len(x), count(x, np.roll(y, -1), t.shape) / len(x))


def mine(c: Counts, keep: float, seed: int = 0) -> Table:
    """The critic after minibatch ascent on the counts c; keep: how much of the average of E[exp T] a step keeps."""
    rng = np.random.default_rng(seed)
    cells, (rows, columns) = c.size, c.shape
    letters = np.repeat(np.arange(cells), c.reshape(-1))
    pairs = letters[rng.integers(0, len(letters), (STEPS, BATCH))]
    others = letters[rng.integers(0, len(letters), (2, STEPS, BATCH))]
    at = np.arange(STEPS)[:, None] * cells

    def frequencies(drawn: Counts) -> Table:
        found = np.bincount((at + drawn).reshape(-1), minlength=STEPS * cells)
        return np.asarray(found.reshape(STEPS, rows, columns) / BATCH)

    joint = frequencies(pairs)
    product = frequencies(others[0] // columns * columns + others[1] % columns)
    average = 1.0

    def gradient(t: Table, step: int) -> Table:
        nonlocal average
        tilted = product[step] * np.exp(t)
        average = keep * average + (1 - keep) * tilted.sum()
        return np.asarray(joint[step] - tilted / average)

    return ascend(gradient, c.shape)
