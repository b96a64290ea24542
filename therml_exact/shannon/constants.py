"""Constants of statements: nats and logarithms, as in H(W) = 1 and H(X) <= log 2.

    key -1 of a form is one nat, key -p is log p

The sign of a sum is decided: a rational combination of logarithms of primes and of 1 is 0 only if all its coefficients
are (Hermite-Lindemann).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Any

from therml_exact.numbers.primelog import PrimeLog


@dataclass(frozen=True)
class Shifted:
    """A rational combination of logarithms plus a rational number of nats, exact."""

    logarithms: PrimeLog
    shift: Fraction

    def sign(self) -> int:
        """-1, 0 or 1, decided."""
        if self.logarithms > -self.shift:
            return 1
        return 0 if self.logarithms == -self.shift else -1

    def __mul__(self, factor: Fraction) -> Shifted:
        return Shifted(self.logarithms * factor, self.shift * factor)

    def __float__(self) -> float:
        return float(self.logarithms) + float(self.shift)

    @property
    def nats(self) -> float:
        """The value in nats."""
        return float(self)

    @property
    def bits(self) -> float:
        """The value in bits."""
        return float(self) / log(2)

    def __str__(self) -> str:
        sign = "-" if self.shift < 0 else "+"
        return f"{self.logarithms} {sign} {abs(self.shift)} nats"


Amount = PrimeLog | Shifted


def keys(forms: Sequence[Mapping[int, Any]]) -> tuple[int, ...]:
    """The constants that some forms name, the smallest first."""
    return tuple(sorted({key for form in forms for key in form if key < 0}, key=size))


def size(key: int) -> float:
    """A constant in nats."""
    return 1.0 if key == -1 else log(-key)


def amount(form: Mapping[int, Fraction]) -> Amount:
    """The constants of a form, summed exactly."""
    logarithms = PrimeLog({-key: c for key, c in form.items() if key < -1})
    shift = form.get(-1, Fraction(0))
    return Shifted(logarithms, shift) if shift else logarithms


def total(entropies: PrimeLog, form: Mapping[int, Fraction]) -> Amount:
    """Entropies plus the constants of a form."""
    constant = amount(form)
    if isinstance(constant, Shifted):
        return Shifted(entropies + constant.logarithms, constant.shift)
    result: PrimeLog = entropies + constant
    return result


def name(key: int) -> str:
    """A constant as certificates write it."""
    return "nat" if key == -1 else f"log {-key}"
