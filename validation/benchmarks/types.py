"""Sums over types: against a plain scalar loop over all types, and how far N goes in a second."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from therml_exact.exchangeable import predictive
from validation.benchmarks.timing import Row, alternate, faster

Table = NDArray[np.float64]

PRIOR = np.array([0.5, 0.3, 0.2])
SPREAD = np.array([[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])


def near(distance: float) -> Table:
    """Three processes that differ by little: I_pred is small against H(Phi)."""
    one, two = np.array([1, -1, 2, -2]), np.array([-1, -2, 1, 2])
    return np.array([SPREAD[0], SPREAD[0] + distance * one, SPREAD[0] + distance * two])


@njit(cache=True)
def scalar_loop(prior, letters, n, factorial):  # type: ignore[no-untyped-def]
    """All types of four letters, one after the other: log p(t|phi) from a table of log n!, then exp and log."""
    width = prior.size
    log_p, log_prior = np.log(letters), np.log(prior)
    x = np.empty(width)
    total = 0.0
    for a in range(n + 1):
        for b in range(n - a + 1):
            for c in range(n - a - b + 1):
                d = n - a - b - c
                ways = factorial[n] - factorial[a] - factorial[b] - factorial[c] - factorial[d]
                mean = 0.0
                for f in range(width):
                    x[f] = ways + a * log_p[f, 0] + b * log_p[f, 1] + c * log_p[f, 2] + d * log_p[f, 3]
                    mean += math.exp(log_prior[f] + x[f])
                if mean > 0.0:
                    log_mean = math.log(mean)
                    for f in range(width):
                        total += math.exp(log_prior[f] + x[f]) * (x[f] - log_mean)
    return total


def rows(short: bool = False) -> Iterator[Row]:
    factorial = np.array([math.lgamma(i + 1.0) for i in range(301)])
    for name, letters in (("spread", SPREAD), ("near, 0.02", near(0.02)), ("near, 0.001", near(1e-3))):
        yield faster(
            "predictive_information",
            f"k = 4, |Phi| = 3, N = 300, {name}",
            "a scalar numba loop over all types",
            lambda p=letters: predictive(PRIOR, p, 300),
            lambda p=letters: scalar_loop(PRIOR, p, 300, factorial),
            15,
            rounds=5 if short else 15,
        )
        if short:
            return
    for name, letters in (("spread", SPREAD), ("near, 0.02", near(0.02)), ("near, 0.001", near(1e-3))):
        for n, target in ((2000, 1.0), (5000, None)):
            seconds, _ = alternate(lambda p=letters, n=n: predictive(PRIOR, p, n), lambda: None, rounds=3)
            value, error = predictive(PRIOR, letters, n)
            size, note = f"k = 4, |Phi| = 3, N = {n}, {name}", f"proven relative error {error / value:.1g}"
            met = None if target is None else seconds < target
            yield Row(
                "predictive_information",
                size,
                "a second",
                seconds,
                None,
                None,
                "" if target is None else "< 1 s",
                met,
                note,
            )
