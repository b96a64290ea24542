"""Predictive information: what N samples teach about the process that makes them (nats).

    I_pred(T_N) = I(X^N, Y^N; Phi) = lim_M I(T_N; T'_M)                          (3)
    I_pred(T_N) / H(T_N) -> 0   as N grows, iff H(X, Y | Phi) > 0                 (4)

The samples are exchangeable, so everything depends on a data set through its type (how often each of the k = |X||Y|
letters occurs), and the sums run over the C(N+k-1, k-1) types instead of k^N data sets:

    I = sum_phi p(phi) sum_t p(t|phi) log p(t|phi)/p(t),      H(T_N) = N H(X,Y|Phi) + I,
    I(T_N; T'_M) = I_pred(T_N) + I_pred(T_M) - I_pred(T_{N+M}).

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y]. Exact tables give exact values.
Memory: |Phi| numbers a type.
Source: W. Bialek, I. Nemenman, N. Tishby, Predictability, complexity, and learning (2001).
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.information import entropy_number, plain
from therml_exact.joint import Joint
from therml_exact.numbers.approximate import ROUND, Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, check_rows, check_size, common_denominator, read_table, unify, whole
from therml_exact.numbers.weights import Number, Weights


@dataclass(frozen=True)
class PredictiveInformation:
    """I_pred (with m: I(T_N; T'_m)) and H(T_N) in nats, their ratio, and the bound on their errors (0 if exact)."""

    n: int
    m: int | None
    I_pred: PrimeLog | float
    H: PrimeLog | float
    ratio: float
    error: float

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the values as JSON, in nats."""
        from therml_exact.io import save_result

        save_result("predictive_information", {"units": "nats", **vars(self)}, path)

    def __str__(self) -> str:
        what = "I_pred" if self.m is None else f"I(T_{self.n};T'_{self.m})"
        values = f"{what} = {float(self.I_pred):.6g} nats, H(T_N) = {float(self.H):.6g} nats"
        return f"N = {self.n}: {values}, ratio {self.ratio:.6g}"


def predictive_information(
    phi: Any, x_given_phi: Any, y_given_x_phi: Any = None, n: int = 1, m: int | None = None
) -> PredictiveInformation:
    """What N samples tell of phi (3), or of m further samples; with H(T_N) and the ratio of (4) (nan where H is 0).

    y_given_x_phi may be None: data without labels.
    """
    prior, letters = _letters(phi, x_given_phi, y_given_x_phi)
    n, m = whole("n", n, least=0), None if m is None else whole("m", m, least=0)
    information = _information(prior, letters, n)
    each = entropy_number(_pair(prior, letters), ["T"], ["Phi"])
    total = each * n + information
    if m is not None:
        information = information + _information(prior, letters, m) - _information(prior, letters, n + m)
    error = max(number.error if isinstance(number, Approximate) else 0.0 for number in (information, total))
    bottom = float(total)
    ratio = float(information) / bottom if bottom else math.nan
    return PredictiveInformation(n, m, plain(information), plain(total), ratio, error)


def _letters(phi: Any, x_given_phi: Any, y_given_x_phi: Any) -> tuple[Array, Array]:
    """p(phi), and p(letter|phi) over the k = |X||Y| letters."""
    given = {"phi": phi, "x_given_phi": x_given_phi, "y_given_x_phi": y_given_x_phi}
    tables = unify({name: read_table(value, name) for name, value in given.items() if value is not None})
    for name, value in tables.items():
        check_rows(value, name)
    prior, x = tables["phi"], tables["x_given_phi"]
    if prior.ndim != 1 or x.ndim != 2 or len(x) != len(prior):
        raise ValueError(f"phi has shape {prior.shape} and x_given_phi {x.shape}; they are [phi] and [phi, x]")
    if y_given_x_phi is None:
        return prior, x
    y = tables["y_given_x_phi"]
    if y.ndim != 3 or y.shape[:2] != x.shape:
        raise ValueError(f"y_given_x_phi has shape {y.shape}; it is [phi, x, y] with [phi, x] = {x.shape}")
    return prior, (x[..., None] * y).reshape(len(prior), -1)


def _pair(prior: Array, letters: Array) -> Joint:
    table = prior[:, None] * letters
    if table.dtype == object:
        return Joint(table, ("Phi", "T"))
    return Joint.from_weights(Weights(table, float(table.sum()), 4 * ROUND), ("Phi", "T"))


def _information(prior: Array, letters: Array, n: int) -> Number:
    """I(T_N; Phi) over types."""
    used = np.asarray([any(value > 0 for value in column) for column in letters.T])
    letters = letters[:, used]
    k = letters.shape[1]
    types = math.comb(n + k - 1, k - 1)
    check_size(
        types * (len(prior) + k),
        2,
        prior.dtype == object,
        f"the table of {types:,} types of {n} samples over {k} letters",
    )
    counts = _types(n, k)
    if prior.dtype == object:
        return _exact_joint(prior, letters, counts, n).information()
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    multiplicity = log_factorial[n] - log_factorial[counts].sum(axis=1)
    joint = np.zeros((len(counts), len(prior)))
    for f, row in enumerate(letters):
        # A type that has a letter of probability 0 does not occur.
        occurs = (counts[:, row == 0] == 0).all(axis=1)
        exponent = counts[occurs][:, row > 0] @ np.log(row[row > 0])
        joint[occurs, f] = prior[f] * np.exp(multiplicity[occurs] + exponent)
    # An exponential carries the absolute error of its argument, of size N log N.
    rounding = ROUND * 8 * (n + 1) * (math.log(n + 2) + k)
    return Weights(joint[:, :, None], float(joint.sum()), rounding).information()


def _exact_joint(prior: Array, letters: Array, counts: Array, n: int) -> Weights:
    weights, bottom = common_denominator(prior)
    tops, denominator = common_denominator(letters)
    joint = np.empty((len(counts), len(prior), 1), dtype=object)
    for t, row in enumerate(counts.tolist()):
        ways = math.factorial(n) // math.prod(math.factorial(c) for c in row)
        for f in range(len(prior)):
            joint[t, f, 0] = ways * weights[f] * math.prod(p**c for p, c in zip(tops[f], row, strict=True))
    return Weights(joint, bottom * denominator**n)


def _types(n: int, k: int) -> Array:
    """All compositions of n into k parts, [type, letter]."""
    if k == 1:
        return np.full((1, 1), n)
    parts = []
    for first in range(n + 1):
        rest = _types(n - first, k - 1)
        parts.append(np.column_stack([np.full(len(rest), first), rest]))
    return np.concatenate(parts)
