"""Enclosed: a real number that balls of any precision enclose, such as the square root of an information.

Bounds of statistics are made of informations by operations that lead out of the rational combinations of logarithms:
products, square roots, inverse functions. Such a number is a function of the precision: `ball(bits)` is an enclosure
computed with that many bits. As a float it is the midpoint of the enclosure of 128 bits, within one unit of the last
place of the true value (of a number made of floats: within the error that they had).

`decide` compares two numbers of any kind. Rationals and PrimeLogs are compared exactly. Others are compared by balls of
growing precision, up to MOST_BITS bits: numbers that differ are told apart there unless they agree in more than 300
decimal digits, and numbers that are equal without being written alike stay "undecided".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.balls import ONE, ZERO, plogp, precision, settled
from therml_exact.numbers.primelog import PrimeLog

if TYPE_CHECKING:
    from flint import arb

MOST_BITS = 1024
_SHOWN_BITS = 128

Order = Literal["less", "equal", "more", "undecided"]


class Enclosed(float):
    """A float that remembers the enclosures of the real number that it stands for. It is immutable.

    enclose: a function of a number of bits that returns a ball (`flint.arb`) around the number, of any unit.
    A copy that is pickled is a float.

    >>> x = root(PrimeLog.log(2))
    >>> round(x, 6), x.ball(200).rel_accuracy_bits() > 150
    (0.832555, True)
    """

    __slots__ = ("_enclose", "_known")

    _enclose: Callable[[int], arb]
    _known: dict[int, arb]  # balls by their bits

    def __new__(cls, enclose: Callable[[int], arb]) -> Enclosed:
        """A number from the function that encloses it."""
        shown = _at(enclose, _SHOWN_BITS)
        made = super().__new__(cls, float(shown.mid()))
        made._enclose, made._known = enclose, {_SHOWN_BITS: shown}
        return made

    def ball(self, bits: int = _SHOWN_BITS) -> arb:
        """An enclosure of the number, computed with `bits` bits."""
        if bits not in self._known:
            self._known[bits] = _at(self._enclose, bits)
        return self._known[bits]

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


Real: TypeAlias = Fraction | PrimeLog | Approximate | Enclosed | float
"""A number that has an enclosure; the only float that is no Enclosed is infinity."""


def _at(enclose: Callable[[int], arb], bits: int) -> arb:
    with precision(bits):
        return settled(enclose, bits)


def enclosure(value: Real, bits: int) -> arb:
    """The ball of a number of any kind."""
    from flint import arb

    if isinstance(value, (PrimeLog, Enclosed)):
        return value.ball(bits) if value else ZERO
    if isinstance(value, Approximate):
        return arb(value.value, value.error)
    if isinstance(value, float):
        return arb(value)
    return _at(lambda _: arb(value.numerator) / value.denominator, bits)


def formula(function: Callable[..., arb], *values: Real) -> Enclosed:
    """The function of numbers that is computed in balls: function(ball, ball, ...).

    >>> formula(lambda x, y: x * y, Fraction(1, 2), PrimeLog.log(2)).ball(64).contains(0)
    False
    """
    return Enclosed(lambda bits: function(*(enclosure(value, bits) for value in values)))


def is_exact(value: Any) -> bool:
    """A rational or a PrimeLog: its comparisons are decided."""
    return isinstance(value, (int, Fraction, PrimeLog))


def times(a: Real, b: Real) -> Real:
    """The product: exact where a rational is one of the factors, else in balls; an exact 0 times infinity is 0."""
    for one, other in ((a, b), (b, a)):
        if is_exact(one) and one == 0:
            return Fraction(0)
        if isinstance(one, Fraction) and isinstance(other, (Fraction, PrimeLog)):
            return other * one
    return formula(lambda x, y: x * y, a, b)


def root(value: Real) -> Real:
    """The square root of a number >= 0; an exact 0 where the number is one."""
    if value == 0:
        return Fraction(0)
    return formula(_root, value)


def _root(x: arb) -> arb:
    part = nonnegative(x)
    return part.sqrt() if part >= 0 else part.upper().sqrt().union(ZERO)


def nonnegative(x: arb) -> arb:
    """The part of a ball that is >= 0, where the number is known to be."""
    if x >= 0:
        return x
    upper = x.upper()
    return ZERO.union(upper) if upper > 0 else ZERO


def plus(a: Real, b: Real) -> Real:
    """The sum: exact where both are of one exact kind, else in balls."""
    if isinstance(a, Approximate) and isinstance(b, Approximate):
        return a + b
    if is_exact(a) and is_exact(b) and (isinstance(a, PrimeLog) == isinstance(b, PrimeLog) or a == 0 or b == 0):
        return a + b
    return formula(lambda x, y: x + y, a, b)


def minus(a: Real, b: Real) -> Real:
    """The difference."""
    return plus(a, -b)


def size(value: Real) -> Real:
    """The absolute value: exact where the number is, else in balls."""
    if isinstance(value, (Fraction, PrimeLog)):
        return value if value >= 0 else -value
    return formula(abs, value)


def order(a: Real, b: Real) -> Order:
    """How two numbers compare: decided where both are exact, else by balls of growing precision.

    >>> order(Fraction(7, 10), PrimeLog.log(2)), order(root(PrimeLog.log(4)), root(PrimeLog.log(2)))
    ('more', 'more')
    """
    if is_exact(a) and is_exact(b):
        return "equal" if a == b else "less" if a < b else "more"  # type: ignore[operator]
    if isinstance(a, float) and isinstance(b, float) and math.isinf(a) and a == b:
        return "equal"
    bits = 64
    while bits <= MOST_BITS:
        with precision(bits):
            x, y = enclosure(a, bits), enclosure(b, bits)
            if x < y or x > y:
                return "less" if x < y else "more"
            if x == y:  # two balls of radius 0
                return "equal"
        bits *= 2
    return "undecided"


# ---- the relative entropy of two coins


def binary_divergence(p: Real, q: Real) -> Real:
    """kl(p || q) = p log(p/q) + (1 - p) log((1 - p)/(1 - q)) in nats, p and q in [0, 1]: a PrimeLog for rationals.

    It is math.inf where q is 0 or 1 and p is not.

    >>> print(binary_divergence(Fraction(0), Fraction(1, 4)))
    2 log 2 - log 3
    """
    if isinstance(p, Fraction) and isinstance(q, Fraction):
        if (q == 0 < p) or (q == 1 > p):
            return math.inf
        parts = [PrimeLog.log(a / b) * a for a, b in ((p, q), (1 - p, 1 - q)) if a]
        return sum(parts, PrimeLog())
    return formula(_binary_divergence, p, q)


def _binary_divergence(p: arb, q: arb) -> arb:
    """Balls of numbers in [0, 1]; what sticks out of it is rounding."""
    return _cross_entropy(p, q) - _entropy_term(p) - _entropy_term(1 - p)


def _cross_entropy(p: arb, q: arb) -> arb:
    """-p log q - (1 - p) log(1 - q), a term with an exact 0 before the logarithm left out."""
    return -sum((a * b.log() for a, b in ((p, q), (1 - p, 1 - q)) if not a.is_zero()), ZERO)


def _entropy_term(t: arb) -> arb:
    """-t log t of a ball of numbers >= 0; it grows up to 1/e, so that a ball around 0 has its values at the end."""
    if t == 0 or t > 0:
        return plogp(t)
    return plogp(t.upper()).upper().union(ZERO)


def farthest(p: Real, level: Real) -> Enclosed:
    """The largest q in [p, 1] with kl(p || q) <= level, p in [0, 1] and level >= 0 in nats: no unit.

    kl(p || .) increases on [p, 1]. The largest point that is proved to lie below the root and the smallest one that is
    proved to lie above it are found by bisection; they enclose it.

    >>> round(farthest(Fraction(0), PrimeLog.log(2)), 9)  # kl(0 || q) = -log(1 - q)
    0.5
    """
    return Enclosed(lambda bits: _farthest(enclosure(p, bits), enclosure(level, bits), bits))


def _farthest(p: arb, level: arb, bits: int) -> arb:
    most = level + _entropy_term(p) + _entropy_term(1 - p)

    def below(q: arb) -> bool:
        return bool(q < p) or bool(_cross_entropy(p, q) <= most)

    def beyond(q: arb) -> bool:
        return bool(_cross_entropy(p, q) > most) and not q < p

    low, _ = _bisected(below, bits)
    _, high = _bisected(lambda q: not beyond(q), bits)
    return low.union(high)


def _bisected(left: Callable[[arb], bool], bits: int) -> tuple[arb, arb]:
    """The ends of a short interval in [0, 1]: of the first `left` says that it lies to the left, of the last not."""
    low, high = ZERO, ONE
    for _ in range(bits):
        middle = ((low + high) / 2).mid()
        low, high = (middle, high) if left(middle) else (low, middle)
    return low, high
