"""Nats: a float that is an information, so that it says itself what it is in bits.

    bits = nats / log 2

It is a float in every other way. Sums and differences of informations, and their multiples, are informations again.
Exact numbers answer to the same names (primelog.py), so that users need not ask which kind of number they have.
"""

from __future__ import annotations

import math


class Nats(float):
    """A float in nats.

    >>> x = Nats(1.0)
    >>> x.nats, round(x.bits, 6), (x + x).bits == 2 * x.bits, x == 1.0
    (1.0, 1.442695, True, True)
    """

    __slots__ = ()

    @property
    def nats(self) -> float:
        """The value in nats."""
        return float(self)

    @property
    def bits(self) -> float:
        """The value in bits."""
        return float(self) / math.log(2)

    def __add__(self, other: float) -> Nats:
        return _information(float.__add__(self, other))

    def __radd__(self, other: float) -> Nats:
        return _information(float.__radd__(self, other))

    def __sub__(self, other: float) -> Nats:
        return _information(float.__sub__(self, other))

    def __rsub__(self, other: float) -> Nats:
        return _information(float.__rsub__(self, other))

    def __mul__(self, factor: float) -> Nats:
        return _information(float.__mul__(self, factor))

    def __rmul__(self, factor: float) -> Nats:
        return _information(float.__rmul__(self, factor))

    def __neg__(self) -> Nats:
        return Nats(float.__neg__(self))

    def __abs__(self) -> Nats:
        return Nats(float.__abs__(self))


def _information(value: float) -> Nats:
    """A result of float's own arithmetic as Nats; NotImplemented stays what it is."""
    return Nats(value) if isinstance(value, float) else value
