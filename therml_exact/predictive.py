"""Predictive information: what N samples teach about the process that makes them, and what a rule takes of it (nats).

    I_pred(T_N) = I(X^N, Y^N; Phi) = lim_M I(T_N; T'_M)                          (3)
    I_pred(T_N) / H(T_N) -> 0   as N grows, iff H(X, Y | Phi) > 0                 (4)

The samples are exchangeable, so everything depends on a data set through its type (how often each of the k = |X||Y|
letters occurs), and the sums run over the C(N+k-1, k-1) types instead of k^N data sets:

    I = sum_phi p(phi) sum_t p(t|phi) log p(t|phi)/p(t),      H(T_N) = N H(X,Y|Phi) + I,
    I(T_N; T'_M) = I_pred(T_N) + I_pred(T_M) - I_pred(T_{N+M}),      I(Theta; X^N, Y^N) = I(Theta; T_N)

for a permutation-invariant rule p(theta|t). Exact tables give exact values, for small N; float tables go to thousands
of samples, with a proven bound of the error (exchangeable.py).

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y]. Memory: exact |Phi| numbers a type; floats 5 k |Phi| N.
Source: W. Bialek, I. Nemenman, N. Tishby, Predictability, complexity, and learning (2001).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact import exchangeable
from therml_exact.doors import check_type
from therml_exact.files import save_result
from therml_exact.histograms import exact_law, number, types
from therml_exact.information import Information, entropy
from therml_exact.joint import Joint
from therml_exact.numbers.approximate import ROUND
from therml_exact.numbers.nats import Nats
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, check_size, common_denominator, whole
from therml_exact.numbers.weights import Weights
from therml_exact.process import read_letters


@dataclass(frozen=True)
class PredictiveInformation:
    """What N samples tell of the process, and how much entropy they have. The numbers are PrimeLogs or floats, in nats.

    n       the number of samples N
    m       the number of further samples of which is told; None where it is the process itself
    I_pred  I(X^N, Y^N; Phi) (3), or I(T_N; T'_m) where m is given
    H       H(T_N), the entropy of the samples
    ratio   I_pred/H (4), without unit; nan where H is 0
    error   a bound of the error of I_pred and of H, nats; 0 where they are exact

    >>> import therml_exact as tx
    >>> told = tx.predictive_information(["1/2", "1/2"], [[1, 0], [0, 1]], None, n=3)
    >>> print(told.I_pred, told.H, told.ratio, told.error)
    log 2 log 2 1.0 0.0
    """

    n: int
    m: int | None
    I_pred: Information
    H: Information
    ratio: float
    error: float

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the values as JSON, in nats."""
        save_result("predictive_information", {"units": "nats", **vars(self)}, path)

    def __str__(self) -> str:
        what = "I_pred" if self.m is None else f"I(T_{self.n};T'_{self.m})"
        values = f"{what} = {float(self.I_pred):.6g} nats, H(T_N) = {float(self.H):.6g} nats"
        return f"N = {self.n}: {values}, ratio {self.ratio:.6g}"


@dataclass(frozen=True)
class LearnedInformation:
    """What a learning rule takes from N samples: floats, in nats.

    n             the number of samples N
    I_theta_data  I(Theta; X^N, Y^N), all that the rule takes
    I_theta_phi   I(Theta; Phi), what of it is about the process: at most I_pred
    I_pred        I(X^N, Y^N; Phi), what the samples tell of the process
    H_theta       H(Theta)
    error         a bound of the error of each of these numbers

    >>> import numpy as np
    >>> import therml_exact as tx
    >>> heads = lambda counts: np.eye(3)[counts[:, 1]]
    >>> told = tx.learned_information([0.5, 0.5], [[0.2, 0.8], [0.6, 0.4]], None, 2, heads)
    >>> abs(told.I_theta_phi - told.I_pred) <= 2 * told.error, abs(told.I_theta_data - told.H_theta) <= 2 * told.error
    (True, True)
    """

    n: int
    I_theta_data: float  # I(Theta; X^N, Y^N)
    I_theta_phi: float  # I(Theta; Phi), at most I_pred
    I_pred: float
    H_theta: float
    error: float

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the values as JSON, in nats."""
        save_result("learned_information", {"units": "nats", **vars(self)}, path)


def predictive_information(
    phi: Any, x_given_phi: Any, y_given_x_phi: Any = None, n: int = 1, m: int | None = None
) -> PredictiveInformation:
    """What N samples tell of the process (3), or of m further samples, with H(T_N) and the ratio of the two (4).

    phi: p(phi) as [phi]. x_given_phi: p(x|phi) as [phi, x]. y_given_x_phi: p(y|x,phi) as [phi, x, y]; None for data
    without labels. n: the number of samples N >= 0. m: the number of further samples; None for phi itself.
    Returns a PredictiveInformation in nats: exact for exact tables (small N only), else floats with a bound of their
    error. Raises ValueError for tables that are no distributions, and for sums over too many types.

    >>> result = predictive_information([0.5, 0.5], [[0.2, 0.8], [0.6, 0.4]], None, n=1000)
    >>> round(result.I_pred, 6), result.error < 1e-12
    (0.693147, True)
    """
    prior, letters, _, exact = read_letters(phi, x_given_phi, y_given_x_phi)
    n, m = whole("n", n, least=0), None if m is None else whole("m", m, least=0)

    def information(samples: int) -> tuple[Information, float]:
        if exact:
            return _exact(prior, letters, samples), 0.0
        value, error = exchangeable.predictive(prior, letters, samples)
        return Nats(value), error

    value, error = information(n)
    each = entropy(Joint(prior[:, None] * letters, ("Phi", "T")), "T", given="Phi")
    total = each * n + value
    if m is not None:
        (one, e1), (both, e2) = information(m), information(n + m)
        value, error = value + one - both, error + e1 + e2
    if not exact:
        error += 4 * ROUND * (float(total) + 1)
    bottom = float(total)
    return PredictiveInformation(n, m, value, total, float(value) / bottom if bottom else math.nan, error)


def learned_information(
    phi: Any, x_given_phi: Any, y_given_x_phi: Any, n: int, rule: Callable[[Array], Array]
) -> LearnedInformation:
    """What a permutation-invariant rule takes from N samples: I(Theta; X^N, Y^N), I(Theta; Phi), I_pred, H(Theta).

    phi: p(phi) as [phi]. x_given_phi: p(x|phi) as [phi, x]. y_given_x_phi: p(y|x,phi) as [phi, x, y]; None for data
    without labels. n: the number of samples N >= 0.
    rule: a function of counts[T, x, y] ([T, x] without labels), how often each pair occurs in each of a block of T
    types; it returns p(theta|type) as [T, theta]. Returns a LearnedInformation of floats in nats. Raises ValueError for
    tables that are no distributions, for a rule whose rows are none, and for sums over too many types.

    >>> def majority(counts):
    ...     return np.eye(2)[(counts[:, 1] > counts[:, 0]).astype(int)]
    >>> told = learned_information([0.5, 0.5], [[0.2, 0.8], [0.6, 0.4]], None, 9, majority)
    >>> told.I_theta_phi < told.I_pred < told.I_theta_data < told.H_theta + told.error
    True
    """
    check_type(rule, Callable, "rule", "a function of counts[T, x, y] that returns p(theta|type) as [T, theta]")
    prior, letters, shape, _ = read_letters(phi, x_given_phi, y_given_x_phi)
    told = exchangeable.learned(prior, letters, whole("n", n, least=0), lambda counts: rule(counts.reshape(-1, *shape)))
    return LearnedInformation(n, told.theta_type, told.theta_phi, told.type_phi, told.theta, told.error)


def _exact(prior: Array, letters: Array, n: int) -> PrimeLog:
    """I(T_N; Phi) over types, exactly."""
    letters = letters[:, [any(column) for column in letters.T]]
    k = letters.shape[1]
    count = number(n, k)
    what = f"the exact table of {count:,} types of {n} samples over {k} letters"
    check_size(count * (len(prior) + k), 2, True, what + " (float tables need none)")
    weights, bottom = common_denominator(prior)
    joint = np.empty((count, len(prior), 1), dtype=object)
    joint[:, :, 0], denominator = exact_law(letters, types(n, k))
    joint *= weights[:, None]
    information = Weights(joint, bottom * denominator).information()
    assert isinstance(information, PrimeLog)  # integer weights
    return information
