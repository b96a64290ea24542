"""Approximate: a float and a bound on its error, so that a comparison of floats can say "undecided".

    |true value - value| <= error        (nats)

Sums and rational multiples add up their errors; the bounds themselves are derived where a value is first computed
(weights.py). The true value is the one that belongs to tables divided by their exact sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

ROUND = 2.0**-53


@dataclass(frozen=True, slots=True)
class Approximate:
    """value +- error, in nats."""

    value: float
    error: float

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Approximate):
            value = self.value + other.value
            return Approximate(value, self.error + other.error + ROUND * abs(value))
        if isinstance(other, float) and math.isinf(other):
            return other
        return self if other == 0 else NotImplemented

    __radd__ = __add__

    def __neg__(self) -> Approximate:
        return Approximate(-self.value, self.error)

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other

    def __mul__(self, factor: int | Fraction) -> Approximate:
        scale = float(factor)
        value = self.value * scale
        return Approximate(value, abs(scale) * self.error + 2 * ROUND * abs(value))

    __rmul__ = __mul__

    def __float__(self) -> float:
        return self.value

    def sign(self) -> int | None:
        """-1 or +1 outside the error bound; None inside it: not even zero can be told."""
        if self.value > self.error:
            return 1
        if self.value < -self.error:
            return -1
        return None
