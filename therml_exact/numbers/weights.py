"""Weights: a nonnegative array and its total, and the sums of logarithms that information theory takes of it.

    p_i = w_i / W,     H = log W - (1/W) sum_i w_i log w_i        (nats)

Integer weights (dtype object) give a PrimeLog; float64 weights give an Approximate. Both kinds run through the same
formulas; only the last sum differs. Integer weights are kept over one common total, so that the logarithms of equal
marginals cancel term by term and most identities are decided before any arithmetic.

Errors of floats. Let e be the bound on the relative error of a cell (`rounding`), u = 2^-53. For terms p_i |log p_i|
of one sign, sum_i p_i (|log p_i| + 1) e bounds what the cells contribute, and the sum's own rounding is at most
(40 + log2 n) u relative (pairwise summation). For divergences sum p |log p/m| <= D + 2/e. Hence
    error <= 4 (e + (40 + log2 n) u) (|value| + 1).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from therml_exact.numbers.approximate import ROUND, Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array

Number = PrimeLog | Approximate | float
"""A quantity in nats; the only float is infinity."""

KERNEL_CELLS = 4096
"""Float tables from here on may go to compiled kernels; for smaller ones importing numba costs more than it saves.

A kernel that is not compiled yet is compiled once NumPy has taken as long (kernels/kernel.py).
"""

_SECONDS_A_MARGINAL = 5e-5
_SECONDS = 6e-8  # a cell takes NumPy about as long, for a logarithm and an exact sum

PIECE = 65536  # cells that are made Python's floats at a time
_TINY = 5e-324  # the least positive float
_NORMAL = 2.0**-1022  # the least one with all its digits
_SMALL = 1e-6  # below it the kernels' differences of logarithms have few digits; a sum of nonnegative terms has more
_SERIES_RADIUS = 1 / 32
# (1+r) log(1+r) - r = sum_{k>=2} (-r)^k / (k (k-1)); 10 terms reach 2e-17 relative inside the radius.
_SERIES = tuple((-1.0) ** k / (k * (k - 1)) for k in range(2, 12))


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """w[i, j, ...] >= 0 and its total W: integers (dtype object), or float64 whose relative error `rounding` bounds."""

    array: Array
    total: Any  # int, or float
    rounding: float = 0.0

    @property
    def exact(self) -> bool:
        """Integers, not floats."""
        return self.array.dtype == object

    def keep(self, axes: Sequence[int]) -> Weights:
        """The marginal on the axes, in the order given."""
        out = tuple(a for a in range(self.array.ndim) if a not in axes)
        array, rounding = self.array, self.rounding
        if out:
            array = np.asarray(array.sum(axis=out))
            if not self.exact:
                rounding += ROUND * (self.array.size / array.size)
        kept = sorted(axes)
        return Weights(array.transpose([kept.index(a) for a in axes]), self.total, rounding)

    def entropy(self) -> Number:
        """H = log W - (1/W) sum w log w."""
        if self.exact:
            terms: dict[int, int] = {n: -c * n for n, c in Counter(self.array.reshape(-1).tolist()).items() if n}
            terms[self.total] = terms.get(self.total, 0) + self.total
            return PrimeLog.from_terms(terms, self.total)
        if self.array.size >= KERNEL_CELLS:
            from therml_exact.kernels.information.entropy import entropy_kernel

            flat = _flat(self.array)
            value = float(entropy_kernel.either(lambda p: _entropy(p[p > 0]), flat.size * _SECONDS, flat))
        if self.array.size < KERNEL_CELLS or value < _SMALL:
            value = _entropy(self.array[self.array > 0])
        return Approximate(value, self._error(value))

    def cross_entropy(self, numerator: Array, denominator: Array | int) -> Number:
        """-(1/W) sum w log(numerator/denominator); infinite where the ratio is 0 and w is not."""
        numerator = np.broadcast_to(numerator, self.array.shape)
        support = self.array > 0
        w, a = self.array[support], numerator[support]
        if (a == 0).any():
            return math.inf
        b = np.broadcast_to(np.asarray(denominator, dtype=self.array.dtype), self.array.shape)[support]
        if self.exact:
            terms: Counter[int] = Counter()
            for weight, top, bottom in zip(w.tolist(), a.tolist(), b.tolist(), strict=True):
                terms[top] -= weight
                terms[bottom] += weight
            return PrimeLog.from_terms(terms, self.total)
        parts = w * (np.log(b) - np.log(a))
        value = float(parts.sum()) / self.total
        # With a measure the logarithms have both signs: the error is bounded by the sum of absolute values.
        return Approximate(value, self._error(float(np.abs(parts).sum()) / self.total))

    def conditional_entropy(self, given: Array) -> Number:
        """-(1/W) sum w log(w/g), with g the sum of w over the distributed variables; never negative."""
        support = self.array > 0
        w, g = self.array[support], np.broadcast_to(given, self.array.shape)[support]
        if self.exact:
            terms: Counter[int] = Counter()
            for weight, base in zip(w.tolist(), g.tolist(), strict=True):
                terms[weight] -= weight
                terms[base] += weight
            return PrimeLog.from_terms(terms, self.total)
        # Each term is >= 0, and their sum is not -0.0.
        value = float((w * (np.log(g) - np.log(w))).sum()) / self.total + 0.0
        return Approximate(value, self._error(value))

    def divergence_of_rows(self, numerator: Array, denominator: Array | int) -> Number:
        """The divergence of the rows p(last | others) from a table, averaged over the others."""
        return self.divergence(np.asarray(self.array.sum(axis=-1, keepdims=True)), numerator, denominator)

    def divergence(self, given: Array, numerator: Array, denominator: Array | int | float) -> Number:
        """(1/W) sum w log[(w/g) / (numerator/denominator)], with g the sum of w over the distributed variables."""
        g = np.broadcast_to(given, self.array.shape)
        numerator = np.broadcast_to(numerator, self.array.shape)
        support = self.array > 0
        if (numerator[support] == 0).any():
            return math.inf
        if self.exact:
            b = np.broadcast_to(np.asarray(denominator, dtype=object), self.array.shape)
            terms: Counter[int] = Counter()
            cells = (part[support].tolist() for part in (self.array, g, numerator, b))
            for weight, base, top, bottom in zip(*cells, strict=True):
                if weight * bottom != base * top:  # equal conditionals contribute exactly nothing
                    terms[weight] += weight
                    terms[base] -= weight
                    terms[top] -= weight
                    terms[bottom] += weight
            return PrimeLog.from_terms(terms, self.total)
        m = np.ascontiguousarray(g * (numerator / denominator))

        def log_m(at: Array) -> Array:
            return np.asarray(np.log(g[at]) + np.log(numerator[at]) - np.log(np.broadcast_to(denominator, m.shape)[at]))

        value = float(divergence_terms(np.ascontiguousarray(self.array), m, log_m).sum()) / self.total
        return Approximate(value, self._error(value) + self.rounding + ROUND * self.array.size)

    def information(self) -> Number:
        """I(A;B|C) of weights w[a, b, c] over their cells: floats have no cancellation, and are never negative."""
        if self.exact:
            ac, bc, c = self.array.sum(axis=1), self.array.sum(axis=0), self.array.sum(axis=(0, 1))
            terms: Counter[int] = Counter()
            for (i, j, k), weight in np.ndenumerate(self.array):
                if weight * c[k] != ac[i, k] * bc[j, k]:  # independent cells contribute exactly nothing
                    terms[weight] += weight
                    terms[c[k]] += weight
                    terms[ac[i, k]] -= weight
                    terms[bc[j, k]] -= weight
            terms.pop(0, None)  # log 0 has the weight 0
            return PrimeLog.from_terms(terms, self.total)
        error = 4 * ROUND * sum(self.array.shape)
        if self.array.size >= KERNEL_CELLS:
            from therml_exact.kernels.information.mutual_information import mutual_information_kernel as kernel

            seconds = 2 * self.array.size * _SECONDS
            value = float(kernel.either(self._information, seconds, _flat(self.array), *self.array.shape)[0])
        else:
            value = self._information()[0]
        return Approximate(value, self._error(value) + error * (value + 1))

    def _information(self, *_: Any) -> tuple[float, float]:
        """Return I(A;B|C) of floats, and W, as the kernel does."""
        w = np.ascontiguousarray(self.array)
        ac, bc = w.sum(axis=1), w.sum(axis=0)
        c = ac.sum(axis=0)
        product = ac[:, None, :] * np.divide(bc, c, out=np.zeros_like(bc), where=c > 0)

        def log_product(at: Array) -> Array:
            i, j, k = at.nonzero()
            return np.asarray(np.log(ac[i, k]) + np.log(bc[j, k]) - np.log(c[k]))

        return float(divergence_terms(w, product, log_product).sum()) / self.total, self.total

    def multi_information(self) -> Number:
        """sum_i H(X_i) - H(X_1, ..., X_n); for floats as a divergence from the product of the marginals."""
        n = self.array.ndim
        if self.exact:
            total: Number = -self.entropy()
            for axis in range(n):
                total = total + self.keep((axis,)).entropy()
            return total
        if self.array.size >= KERNEL_CELLS:
            from therml_exact.kernels.information.multi_information import multi_information_kernel as kernel

            shape = np.array(self.array.shape, np.int64)
            value = float(
                kernel.either(lambda *_: (0.0, 0.0), 2 * self.array.size * _SECONDS, _flat(self.array), shape)[0]
            )
            if value >= _SMALL:
                return Approximate(value, self._error(value + math.log(self.array.size)))
        product = np.asarray(self.total)
        marginals = [self.array.sum(axis=tuple(a for a in range(n) if a != axis)) / self.total for axis in range(n)]
        for marginal in marginals:
            product = product[..., None] * marginal

        def log_product(at: Array) -> Array:
            logs = (np.log(marginal[k]) for marginal, k in zip(marginals, at.nonzero(), strict=True))
            return np.asarray(sum(logs, start=math.log(self.total)))

        value = float(divergence_terms(np.ascontiguousarray(self.array), product, log_product).sum()) / self.total
        return Approximate(value, self._error(value) + 4 * ROUND * self.array.size * (value + 1))

    def entropy_vector(self) -> Array:
        """The joint entropies of all 2^n subsets of the axes: entry `mask` belongs to the axes k with bit k set."""
        n = self.array.ndim
        if self.exact or self.array.size < KERNEL_CELLS // 16:
            return self._entropies()
        from therml_exact.kernels.information.lattice import entropy_vector_kernel

        vector = np.zeros(2**n)

        def without_kernel(*_: Any) -> None:
            vector[:] = self._entropies()

        seconds = math.prod(1.0 + k for k in self.array.shape) * _SECONDS + 2**n * _SECONDS_A_MARGINAL
        shape = np.array(self.array.shape, np.int64)
        entropy_vector_kernel.either(without_kernel, seconds, _flat(self.array), shape, vector)
        return np.maximum(vector, 0.0)  # of one letter the kernel's two logarithms may differ by their rounding

    def _entropies(self) -> Array:
        """The same, marginal by marginal: each is summed out of one that has an axis more."""
        n = self.array.ndim
        vector = np.zeros(2**n, dtype=object if self.exact else np.float64)
        vector[0] = PrimeLog.from_terms({}, 1) if self.exact else 0.0

        def visit(w: Weights, mask: int, kept: tuple[int, ...], first: int) -> None:
            if mask:
                entropy: Any = w.entropy()
                vector[mask] = entropy if self.exact else float(entropy)
            # Axes are removed in increasing order, so that every subset is reached once.
            for axis in kept:
                if axis >= first and mask.bit_count() > 1:
                    rest = tuple(a for a in kept if a != axis)
                    visit(w.keep([kept.index(a) for a in rest]), mask & ~(1 << axis), rest, axis + 1)

        visit(self, 2**n - 1, tuple(range(n)), 0)
        return vector

    def _error(self, value: float) -> float:
        size = max(2, self.array.size)
        return 4 * (self.rounding + (40 + math.log2(size)) * ROUND) * (abs(value) + 1)


def exact_sum(table: Array) -> float:
    """The sum of a float table, correct to the last bit or next to it, without a copy of a large one."""
    if table.size < KERNEL_CELLS:
        return _fsum(table.reshape(-1))
    from therml_exact.kernels.information.entropy import total_of

    flat = _flat(table)
    return float(total_of.either(lambda p: (_fsum(p), 0.0), flat.size * _SECONDS / 2, flat)[0])


def _fsum(p: Array) -> float:
    """The sum of a flat float array, correct to the last bit, without a list of all of it."""
    return math.fsum(chain.from_iterable(p[i : i + PIECE].tolist() for i in range(0, p.size, PIECE)))


class _Lent:
    """Memory of an array, as NumPy's array interface describes it, said to be writable."""

    def __init__(self, array: Array) -> None:
        self.array = array  # keeps the memory
        self.__array_interface__ = {**array.__array_interface__, "data": (array.__array_interface__["data"][0], False)}


def _flat(array: Array) -> Array:
    """The cells as the kernels take them: contiguous and flat, and of one type, so that each is compiled once.

    A frozen table is lent as if it were writable: numba would compile every kernel a second time for it, and again all
    that they call. These kernels only read it.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat if flat.flags.writeable else np.asarray(_Lent(flat))


def _entropy(w: Array) -> float:
    """H of positive weights, as a sum of nonnegative terms w log(T/w); one letter has exactly 0.

    At most one cell is more than half of the total T. The others are summed apart for it: T - w would cancel.
    """
    k = int(w.argmax())
    rest = _fsum(np.delete(w, k))
    total = rest + float(w[k])
    logs = math.log(total) - np.log(w)
    logs[k] = math.log1p(rest / float(w[k]))
    return float((w * logs).sum()) / total


def divergence_terms(p: Array, m: Array, log_m: Callable[[Array], Array] | None = None) -> Array:
    """The terms p log(p/m) - p + m, cell by cell and >= 0, with a series near p = m where the formula would cancel.

    Cells with p = 0 give m. Where p > 0, m > 0 but for underflow. log_m: the logarithms of m where a mask says so, from
    the factors of m; it is asked where m itself is too small a float to have all its digits.
    """
    difference = p - m
    positive = p > 0
    with np.errstate(over="ignore", divide="ignore"):
        quotient = np.divide(p, m, out=np.ones_like(p), where=positive)
    logs = np.log(quotient)
    beyond = np.isinf(logs) | (positive & (m < _NORMAL))
    if beyond.any():
        # p/m leaves the range of floats, or m does.
        small = np.log(np.maximum(m[beyond], _TINY)) if log_m is None else log_m(beyond)
        logs[beyond] = np.log(p[beyond]) - small
    terms = p * logs - difference
    near = (np.abs(difference) < _SERIES_RADIUS * m).reshape(-1).nonzero()[0]
    if near.size:
        scale = m.reshape(-1)[near]
        ratio = difference.reshape(-1)[near] / scale
        series = np.full_like(ratio, _SERIES[-1])
        for coefficient in _SERIES[-2::-1]:
            series *= ratio
            series += coefficient
        terms.reshape(-1)[near] = scale * ratio * ratio * series
    return terms
