"""Laws by their logarithms: what keeps its digits at temperatures where exp(-E/sigma) has none (nats).

At sigma = 1/1000 a rule exp(-E/sigma) underflows to 0; at sigma = 10^6 it differs from the prior in the last digits.
So a law is kept as logarithms, and its sums are taken relative to the largest term:

    log Z = w + log sum_theta q exp(l - w) = w + log(1 + sum_theta q (exp(l - w) - 1)),        w = max l
    D(p, pi) = sum_theta p log(p/pi) - p + pi = sum_theta p f(log(pi/p)),      f(y) = exp(y) - 1 - y >= 0

The second form of log Z has no cancellation where all l are near each other (every term has one sign). The terms of D
are >= 0, so that nothing cancels between them; for laws of equal sum D is the divergence.
Shapes: [..., theta]. No error is raised here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array

_NEAR = 0.1  # |y| below which f is summed as a series; 12 terms of it are within 1e-17


class Law(np.ndarray[Any, Any]):
    """Probabilities [..., theta] that know their logarithms: an array like any other, `logs` beside it.

    Whatever is computed from it (a slice, a sum) knows none: `logs` is None there.
    """

    logs: Array | None

    def __array_finalize__(self, other: Any) -> None:
        """Forget the logarithms: they are those of one array."""
        self.logs = None


def law(logs: Array) -> Law:
    """The law with these natural logarithms, which are normalised already (-inf: probability 0)."""
    table = np.exp(logs)
    found = (table / table.sum(axis=-1, keepdims=True)).view(Law)
    found.logs = logs
    return found


def logs_of(table: Array) -> Array:
    """Natural logarithms of a table of floats: its own, where it knows them."""
    known = table.logs if isinstance(table, Law) else None
    if known is not None:
        return known
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.asarray(table)))


def log_mean(q: Array, logs: Array) -> Array:
    """Log of sum_theta q exp(logs), over the last axis; -inf where no term is positive. q sums to 1."""
    top = np.where(q > 0, logs, -np.inf).max(axis=-1, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        # Terms of weight 0 may be infinite; exp of the others is at most 1.
        apart = np.where(q > 0, logs - shift, -np.inf)
        near = (q * np.expm1(apart)).sum(axis=-1)
        far = np.log((q * np.exp(apart)).sum(axis=-1))
        total = np.where(near > -0.5, np.log1p(np.maximum(near, -0.5)), far)
    return np.asarray(np.where(np.isfinite(top[..., 0]), total + shift[..., 0], -np.inf))


def divergence_terms(p: Array, logs: Array) -> Array:
    """Terms p log(p/pi) - p + pi for each theta, from p and log pi: >= 0, and inf where pi is 0 and p is not."""
    used = p > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(used, logs - np.log(np.where(used, p, 1.0)), 0.0)
        far = np.exp(logs) - p - p * y
    series = np.zeros_like(y)
    small = np.where(abs(y) < _NEAR, y, 0.0)
    for k in range(14, 1, -1):  # y^2/2 (1 + y/3 (1 + y/4 (...)))
        series = small / k * (1 + series)
    near = p * small * series
    return np.asarray(np.where(used, np.where(abs(y) < _NEAR, near, far), np.exp(logs)))
