"""Types of exchangeable samples: histograms n of N letters, and their exact probabilities.

    P(n) = N!/prod n_j! sum_phi p(phi) prod_j p(j|phi)^n_j

Errors: ValueError for more types, or more bits of exact arithmetic, than are enumerated; UnfinishedError for a problem
from a file whose check would be too much work.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from flint import fmpz

from therml_exact.numbers.tables import Array
from therml_exact.verification import UnfinishedError

LARGEST = 20_000  # the most types that are enumerated
LONGEST = 100_000  # the most samples of a problem that is read from a file
MOST_BITS = 2_000_000_000  # the most bits of all types' probabilities together
MOST_WORK = 1_000_000_000  # the same in a problem that is read from a file: some seconds

Types = tuple[tuple[tuple[int, ...], Fraction], ...]
"""The counts of each type that occurs, letter by letter, and its probability."""


def floats_of(types: Types) -> tuple[Array, Array]:
    """Return the counts [type, letter], as integers, and the probabilities [type], as floats."""
    return np.array([counts for counts, _ in types]), np.array([float(mass) for _, mass in types])


def enumerate_types(prior: np.ndarray, rows: list[np.ndarray], n: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Yield the counts and the exact probability of each type of n letters that occurs.

    prior[phi]    Fractions that sum to 1
    rows[phi]     for each phi the probabilities of the letters, Fractions that sum to 1

    Given phi, the letters are independent and identically distributed. ValueError is raised, before the first type, for
    more than LARGEST types or MOST_BITS bits.

    >>> half = np.array([Fraction(1, 2)] * 2)
    >>> [(counts, str(p)) for counts, p in enumerate_types(np.array([Fraction(1)]), [half], 2)]
    [((0, 2), '1/4'), ((1, 1), '1/2'), ((2, 0), '1/4')]
    """
    width = len(rows[0])
    if math.comb(n + width - 1, width - 1) > LARGEST:
        raise ValueError(f"n = {n} over {width} letters has {math.comb(n + width - 1, width - 1):,} types; "
                         f"at most {LARGEST:,}")  # fmt: skip
    bits = max(v.denominator.bit_length() for row in (prior, *rows) for v in row.tolist())
    if math.comb(n + width - 1, width - 1) * n * bits > MOST_BITS:
        raise ValueError(f"n = {n} with denominators of {bits} bits needs more than {MOST_BITS:,} bits of exact "
                         "arithmetic; take fewer samples or simpler tables")  # fmt: skip
    # Powers once for each count; integers over one denominator keep the sums of large rationals cheap.
    common = math.lcm(*(v.denominator for row in rows for v in row.tolist()))
    prior_common = math.lcm(*(v.denominator for v in prior.tolist()))
    powers = [[_powers(int(v * common), n) for v in row.tolist()] for row in rows]
    total, base = prior_common * fmpz(common) ** n, prior_common * fmpz(common)
    factorials = [fmpz(math.factorial(c)) for c in range(n + 1)]
    for counts in _compositions(n, width):
        many = factorials[n] // math.prod((factorials[c] for c in counts), start=fmpz(1))
        mass = fmpz(0)
        for f, table in zip(prior.tolist(), powers, strict=True):
            term = fmpz(int(f * prior_common))
            for power, c in zip(table, counts, strict=True):
                term *= power[c]
            mass += term
        if mass:
            yield counts, Fraction(_Reduced(many * mass, total, base))  # type: ignore[call-overload]


class _Reduced:
    """A numerator and a denominator in lowest terms, which `Fraction` takes as they are.

    All primes of the denominator divide `base`. Common divisors are therefore found with powers of `base`, by short
    divisions; Euclid's algorithm on numbers of 10^5 digits would take milliseconds for each type.
    """

    def __init__(self, numerator: fmpz, denominator: fmpz, base: fmpz) -> None:
        power = base
        while (divisor := numerator.gcd(power).gcd(denominator)) != 1:
            numerator, denominator, power = numerator // divisor, denominator // divisor, power * power
        self.numerator, self.denominator = int(numerator), int(denominator)


numbers.Rational.register(_Reduced)


def _powers(base: int, n: int) -> list[fmpz]:
    """Return base^0, ..., base^n."""
    out = [fmpz(1)]
    for _ in range(n):
        out.append(out[-1] * base)
    return out


def _compositions(n: int, width: int) -> Iterator[tuple[int, ...]]:
    """Yield the histograms of n letters over `width` >= 1 values, in lexicographical order."""
    if width == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _compositions(n - first, width - 1):
            yield (first, *rest)


def check_types(n: int, tables: Sequence[Array]) -> None:
    """Raise an UnfinishedError, before any type is enumerated, if their probabilities are more work than MOST_WORK.

    tables: phi[phi], x_given_phi[phi, x] and possibly y_given_x_phi[phi, x, y]. A type is a histogram of n letters. Its
    probability is a sum over phi of numbers with about n times the bits of the tables' common denominators, times a
    multinomial coefficient made of factorials of some n log n bits.
    """
    letters = math.prod(tables[-1].shape[1:])
    bits = sum(53 if table.dtype != object else _bits_of(table) for table in tables[1:])
    work = math.comb(n + letters - 1, letters - 1) * n * (bits * len(tables[0]) + 4 * n.bit_length())
    if work > MOST_WORK:
        raise UnfinishedError(
            f"not checked: too long, n = {n} over {letters} letters asks for about {float(work):.1g} bits of exact "
            f"probabilities; at most {MOST_WORK:.1g} are computed"
        )


def _bits_of(table: Array) -> int:
    """Return the number of bits of an exact table's common denominator."""
    return max(math.lcm(*(v.denominator for v in table.reshape(-1).tolist())).bit_length(), 1)


def read_count(n: object) -> int:
    """Return the number of samples of a problem that is read from a file; ValueError unless it is 1 to LONGEST."""
    if type(n) is not int or not 1 <= n <= LONGEST:
        raise ValueError(f"n is no integer from 1 to {LONGEST:,}")
    return n
