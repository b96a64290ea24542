"""Learning rules as tables by type, [type, theta]: what `learners` has over data sets, for any number of samples.

    erm        the parameters of least summed risk, ties shared equally
    gibbs      prior(theta) exp(-summed cost/sigma)/Z, (24) for given q's
    posterior  p(phi|type), a draw of phi

All take counts[type, letter] (`tx.types`, its letters as one axis). No units but those of the risk and the cost.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from therml_exact.numbers.tables import Array

Counts = npt.NDArray[np.int64]


def erm(counts: Counts, risk: Array) -> Array:
    """The rule of least empirical risk, as Fractions; risk[theta, letter] in exact numbers, so that ties are exact.

    >>> erm(np.array([[0, 2], [1, 1]]), np.array([[0, 1], [1, 0]], dtype=object)).tolist()
    [[Fraction(0, 1), Fraction(1, 1)], [Fraction(1, 2), Fraction(1, 2)]]
    """
    exact = [Fraction(value) for value in np.asarray(risk, dtype=object).flat]
    unit = math.lcm(*(value.denominator for value in exact))
    whole = np.array([int(value * unit) for value in exact], dtype=object).reshape(np.shape(risk))
    largest = max(map(abs, whole.flat), default=0) * int(counts.sum(axis=1).max(initial=0))
    kind = np.int64 if largest < 2**62 else object  # sums of machine integers, where none can overflow
    total = counts.astype(kind) @ whole.astype(kind).T
    best = total == total.min(axis=1, keepdims=True)
    share = np.array([Fraction(0), *(Fraction(1, ties) for ties in range(1, best.shape[1] + 1))], dtype=object)
    return np.asarray(share[np.where(best, best.sum(axis=1, keepdims=True), 0)])


def gibbs(counts: Counts, cost: Array, prior: Array, sigma: float) -> Array:
    """The Boltzmann rule for a cost [theta, letter] and a prior [theta], in floats.

    >>> gibbs(np.array([[0, 1]]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0.5, 0.5]), 1.0).round(3).tolist()
    [[0.269, 0.731]]
    """
    logs = np.log(prior) - counts @ np.asarray(cost, dtype=float).T / sigma
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def posterior(counts: Counts, phi: Array, letters: Array) -> Array:
    """The posterior of phi in floats; letters[phi, letter] > 0.

    >>> posterior(np.array([[0, 1]]), np.array([0.5, 0.5]), np.array([[0.5, 0.5], [0.25, 0.75]])).round(3).tolist()
    [[0.4, 0.6]]
    """
    with np.errstate(divide="ignore"):
        return gibbs(counts, -np.log(np.asarray(letters, dtype=float)), np.asarray(phi, dtype=float), 1.0)
