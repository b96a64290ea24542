"""Types: how often each letter occurs in N samples, in one fixed order, and the law of the type of N samples.

    t = (n_1, ..., n_k),  sum_c n_c = N,         p(t|phi) = N!/(n_1! ... n_k!) prod_c p(c|phi)^n_c

The C(N+k-1, k-1) types are ordered by n_1, then by n_2, and so on, in increasing order: the first is (0, ..., 0, N).
The place of a type in that order is counted: sum over c < k of the types that agree before c and have less at c.

Floats: p(t|phi) = (N!/N^N e^N) prod_c Poisson(n_c; N p(c|phi)), each factor computed to 40 digits and rounded once, so
that the relative error is at most (2k + 2) 2^-53; below 1e-290 the factors lose digits, and are as good as 0.
Exact: integers over one denominator. No units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import chain, combinations

import numpy as np
import numpy.typing as npt

from therml_exact.numbers.tables import Array, check_size, common_denominator, whole

_TYPES = 20_000_000  # a table of them is refused beyond


def types(n: int, shape: int | Sequence[int]) -> npt.NDArray[np.int64]:
    """All types of N samples: how often each letter occurs, in the order in which rules by type list them.

    n: the number of samples N >= 0. shape: the sizes of the alphabets of one sample, such as (|X|, |Y|), or |X| alone.
    Returns counts[type, x, y] ([type, x] for one alphabet), whole numbers whose sum is n for each type. The order is
    that of the counts, letter by letter (x first): the first type has all samples at the last letter. Raises ValueError
    where the types are too many to list.

    >>> types(2, 2).tolist()
    [[0, 2], [1, 1], [2, 0]]
    >>> types(1, (2, 2)).tolist()
    [[[0, 0], [0, 1]], [[0, 0], [1, 0]], [[0, 1], [0, 0]], [[1, 0], [0, 0]]]
    """
    n = whole("n", n, least=0)
    sizes = tuple(whole("shape", size) for size in np.atleast_1d(np.asarray(shape, dtype=object)).tolist())
    k = math.prod(sizes)
    count = number(n, k)
    if count > _TYPES:
        raise ValueError(f"{n} samples of {k} letters have {count:,} types; at most {_TYPES:,} are listed")
    check_size(count * k, 1 + len(sizes), False, f"the types of {n} samples of {k} letters")
    bars = np.fromiter(
        chain.from_iterable(combinations(range(n + k - 1), k - 1)), dtype=np.int64, count=count * (k - 1)
    )
    ends = np.concatenate([np.full((count, 1), -1), bars.reshape(count, k - 1), np.full((count, 1), n + k - 1)], axis=1)
    return np.ascontiguousarray((np.diff(ends, axis=1) - 1).reshape(count, *sizes))


def number(n: int, k: int) -> int:
    """How many types N samples of k letters have."""
    return math.comb(n + k - 1, k - 1)


def places(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The places of types in the order of `types`: counts[..., letter], all of one sum N.

    Before a type come, for each letter c, those that agree before c and have j < n_c at c. With m samples and r letters
    left from c on, these are sum_{j < n_c} number(m - j, r - 1) = number(m, r) - number(m - n_c, r) of them.
    """
    k = counts.shape[-1]
    left = counts.sum(axis=-1)
    table = np.array([[number(m, r) if r else int(m == 0) for m in range(int(left.max()) + 1)] for r in range(k + 1)])
    place = np.zeros(left.shape, dtype=np.int64)
    for c in range(k - 1):
        after = left - counts[..., c]
        place += table[k - c][left] - table[k - c][after]
        left = after
    return place


def ways(counts: npt.NDArray[np.int64]) -> Array:
    """N!/(n_1! ... n_k!), how many data sets have each type; integers (object) of counts[type, letter]."""
    n = int(counts[0].sum())
    factorial = np.array([math.factorial(j) for j in range(n + 1)], dtype=object)
    return factorial[n] // np.multiply.reduce(factorial[counts], axis=-1)


def exact_law(letters: Array, counts: npt.NDArray[np.int64]) -> tuple[Array, int]:
    """p(t|phi) as integers [type, phi] over one denominator; letters[phi, letter] are Fractions."""
    n = int(counts[0].sum())
    tops, bottom = common_denominator(letters)
    powers = np.array([[[top**j for j in range(n + 1)] for top in row] for row in tops.tolist()], dtype=object)
    each = [np.multiply.reduce([powers[f, c][counts[:, c]] for c in range(len(row))]) for f, row in enumerate(tops)]
    return ways(counts)[:, None] * np.stack(each, axis=1), bottom**n


def float_law(letters: Array, counts: npt.NDArray[np.int64]) -> Array:
    """p(t|phi) as floats [type, phi]; letters[phi, letter] are Fractions."""
    n = int(counts[0].sum())
    law = np.empty((len(counts), len(letters)))
    with localcontext() as context:
        context.prec = 40
        # N!/N^N e^N, the inverse of Poisson(N; N).
        scale = float(Decimal(math.factorial(n)) / Decimal(n or 1) ** n * Decimal(n).exp())
        for f, row in enumerate(letters):
            law[:, f] = scale
            for c, p in enumerate(row):
                law[:, f] *= np.array(_poisson(Decimal(p.numerator) * n / Decimal(p.denominator), n))[counts[:, c]]
    return law


def _poisson(mean: Decimal, n: int) -> list[float]:
    """Poisson(j; mean) for j = 0, ..., n."""
    term, found = (-mean).exp(), []
    for j in range(n + 1):
        found.append(float(term))
        term = term * mean / (j + 1)
    return found
