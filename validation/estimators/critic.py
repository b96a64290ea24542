"""Critics T[x, y]: over finite alphabets a critic is a table, the best one is known, training has no architecture.

    best     T = log p(x, y)/(p(x) p(y)), the density ratio, bounded below by -FLOOR
    trained  gradient ascent of an objective, Adam with constant steps, T = 0 at first

The floor: where p(x, y) = 0 the best critic says -inf, and the logarithm of a mean of exp(T) over pairs may then be
log 0. -20 instead moves true bounds by less than exp(-20) and keeps such estimates finite, if absurd.
Source of Adam: Kingma and Ba 2015, its usual constants.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from validation.estimators.contingency import Table

FLOOR = 20.0
STEPS, RATE = 100, 0.1


def best(p: Table) -> Table:
    """The density ratio's logarithm for a joint p[x, y] whose letters all occur."""
    product = np.outer(p.sum(axis=1), p.sum(axis=0))
    return np.asarray(np.log(np.maximum(p / product, np.exp(-FLOOR))))


def ascend(gradient: Callable[[Table, int], Table], shape: tuple[int, int], steps: int = STEPS) -> Table:
    """The critic after `steps` steps along gradient(T, step)."""
    t, mean, square = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for step in range(steps):
        g = gradient(t, step)
        mean += 0.1 * (g - mean)
        square += 0.001 * (g * g - square)
        unbiased = mean / (1 - 0.9 ** (step + 1))
        t += RATE * unbiased / (np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8)
    return t
