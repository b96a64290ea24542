"""Arrays of balls in ordinary floats: a whole array at once, each entry with a proven radius.

    Balls(mid, rad)   stands for all arrays x with |x - mid| <= rad, entry by entry

An operation returns a ball that holds every result of it on members of its arguments. It is as trustworthy as the ball
arithmetic of FLINT, only less precise, for it rests on this alone:

    1. IEEE 754 binary64: NumPy's +, -, *, / and the sums of products in `matmul` are off by at most EPS = 2^-52 of each
       rounded result. Nearest rounding is off by 2^-53, any directed rounding by 2^-52, so that no mode that another
       library leaves behind does harm; a fused multiply-add only leaves a rounding out.
    2. A sum of n products, in whatever order, is off by at most n EPS/(1 - n EPS) times the sum of the moduli.
       Source: N. Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.
    3. An operation that underflows is off by at most 2^-1022 more, also where results are flushed to 0. TINY covers it.
    4. `frexp`, `ldexp`, `rint`, comparisons, the modulus, maxima and doubling make no error.

No library's exponential or logarithm is trusted: `exp` and `log` are made of these operations, with the errors that
their comments derive. Radii are sums of non-negative terms, themselves rounded: their factor 1 + 2^-44 covers 256
roundings, and `matmul` has its own. An overflow or an invalid operation makes the radius inf or nan, and then nothing
is proved: every question of this module and its callers has the form `upper <= bound`, which is False for nan.

No error is raised here; callers silence NumPy's warnings about overflow and invalid operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

EPS = 2.0**-52
TINY = 1e-290  # far above all underflow of the few operations behind a radius
GROW = 1.0 + 2.0**-44
ROUND = 16 * EPS  # the relative errors of `exp` and `log`, and of the power series below
FARTHEST = 700.0  # exponents beyond it are not raised

LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 33 bits: a product with a whole number below 2^20 is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # log 2 - LN2_HIGH within 2^-85


class Balls(NamedTuple):
    """An array of balls: the middles and the radii, two arrays of one shape."""

    mid: Array
    rad: Array

    @property
    def upper(self) -> Array:
        """Floats that are not below the balls."""
        total = self.mid + self.rad
        return np.asarray(total + (EPS * np.abs(total) + TINY))

    @property
    def lower(self) -> Array:
        """Floats that are not above the balls."""
        return np.asarray(-(-self).upper)

    def at(self, where: Any) -> Balls:
        """The balls at an index of NumPy's."""
        return Balls(self.mid[where], self.rad[where])

    def __neg__(self) -> Balls:
        return Balls(-self.mid, self.rad)

    def plus(self, other: Balls) -> Balls:
        """The sums."""
        mid = self.mid + other.mid
        return Balls(mid, GROW * (self.rad + other.rad + EPS * np.abs(mid) + TINY))

    def minus(self, other: Balls) -> Balls:
        """The differences."""
        return self.plus(-other)

    def times(self, other: Balls) -> Balls:
        """The products."""
        mid = self.mid * other.mid
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad)
        return Balls(mid, GROW * (rad + EPS * np.abs(mid) + TINY))

    def over(self, other: Balls) -> Balls:
        """The quotients; the radius is inf where a divisor may be 0."""
        # |a'/b' - a/b| = |(a' - a) b - a (b' - b)|/|b b'| <= (ra + |a/b| rb)/|b'|, and |b'| >= |b| - rb.
        least = np.abs(other.mid) * (1 - 4 * EPS) - other.rad
        mid = self.mid / other.mid
        rad = (self.rad + np.abs(mid) * GROW * other.rad) / (least * (1 - 4 * EPS))
        rad = np.where(least > 0, rad, math.inf)
        return Balls(mid, GROW * (rad + EPS * np.abs(mid) + TINY))

    def scaled(self, factor: float) -> Balls:
        """The products with a float that is exact."""
        mid = factor * self.mid
        return Balls(mid, GROW * (abs(factor) * self.rad + EPS * np.abs(mid) + TINY))

    def total(self, axis: int) -> Balls:
        """The sums along an axis."""
        n = self.mid.shape[axis]
        rad = self.rad.sum(axis) + n * EPS * np.abs(self.mid).sum(axis) + TINY
        return Balls(self.mid.sum(axis), growth(n) * rad)

    def matmul(self, other: Balls) -> Balls:
        """The matrix products of the last two axes."""
        n = self.mid.shape[-1]
        left, right = np.abs(self.mid), np.abs(other.mid)
        rad = left @ (other.rad + (n + 2) * EPS * right)
        if self.rad.any():
            rad = rad + self.rad @ (right + other.rad)
        return Balls(self.mid @ other.mid, growth(n) * (rad + n * TINY))

    def exp(self) -> Balls:
        """The exponentials; the radius is inf beyond exponents of FARTHEST."""
        fine = np.abs(self.mid) <= FARTHEST
        low = self.mid < -FARTHEST  # the exponential is below 1e-304 there
        value = _exp(np.where(fine, self.mid, 0.0))
        # exp(m + d) - exp(m) <= exp(m) (exp r - 1), and exp r - 1 <= r + r^2 for r <= 1.
        spread = np.where(self.rad <= 1, self.rad + self.rad * self.rad, math.inf)
        rad = GROW * (value * (spread + ROUND + ROUND * spread) + TINY)
        rad = np.where(fine, rad, np.where(low & (self.rad <= 1), TINY, math.inf))
        return Balls(np.where(low, 0.0, value), rad)

    def log(self) -> Balls:
        """The logarithms; the radius is inf where a number may be 0 or negative."""
        least = self.mid * (1 - 4 * EPS) - self.rad
        fine = (least > TINY) & (self.mid < math.inf)
        value = _log(np.where(fine, self.mid, 1.0))
        rad = GROW * (self.rad / (least * (1 - 4 * EPS)) + ROUND * np.abs(value) + TINY)
        return Balls(value, np.where(fine, rad, math.inf))


def growth(n: int) -> float:
    """A factor that covers the roundings of a radius which is a sum of n products."""
    return GROW + 4 * n * EPS


def exact(values: Any) -> Balls:
    """The balls of floats that are exact."""
    mid = np.asarray(values, dtype=float)
    return Balls(mid, np.zeros(mid.shape))


def stacked(balls: Sequence[Balls], axis: int) -> Balls:
    """The balls of several arrays of one shape along a new axis."""
    return Balls(np.stack([b.mid for b in balls], axis), np.stack([b.rad for b in balls], axis))


def joined(balls: Sequence[Balls], axis: int) -> Balls:
    """The balls of several arrays along an axis that they have."""
    return Balls(np.concatenate([b.mid for b in balls], axis), np.concatenate([b.rad for b in balls], axis))


def from_arb(values: Sequence[Any]) -> Balls:
    """The balls that hold those of FLINT, a list of them or a list of lists; a float that is exact stays so.

    >>> from flint import arb
    >>> found = from_arb([arb(1) / 3, arb(2)])
    >>> found.mid.tolist(), found.rad.tolist()[1], bool(found.rad[0] < 1e-15)
    ([0.3333333333333333, 2.0], 0.0, True)
    """
    rows = np.array(values, dtype=object)
    flat = rows.ravel().tolist()
    mid = [float(v.mid()) for v in flat]
    rad = [0.0 if v == m else GROW * float((v - m).abs_upper()) + TINY for v, m in zip(flat, mid, strict=True)]
    return Balls(np.array(mid).reshape(rows.shape), np.array(rad).reshape(rows.shape))


def from_fractions(values: Sequence[Any]) -> Balls:
    """The balls of rationals, a list of lists; those that no float but 0 is near have an infinite radius."""
    mid = np.array([[_nearest(v) for v in row] for row in values], dtype=float)
    zero = np.array([[v == 0 for v in row] for row in values], dtype=bool)
    rad = np.where((np.abs(mid) > 1e-250) & (np.abs(mid) < 1e250), EPS * np.abs(mid), math.inf)
    return Balls(mid, np.where(zero, 0.0, rad))


def _nearest(value: Any) -> float:
    """The float nearest to a rational, or inf: a division of whole numbers is rounded correctly by Python."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _exp(x: Array) -> Array:
    """Exp x for |x| <= FARTHEST, with a relative error below ROUND.

    With k = rint(x/log 2), r = x - k log 2 has |r| < 0.35. In units of EPS: k LN2_HIGH is exact and its difference to x
    below 0.35, rounded by 0.35; k LN2_LOW is below 1e-6, and its difference is rounded by 0.35; log 2 itself is off by
    1010 2^-85. So r is off by less than 0.8. Horner's rule: the last step 1 + r q rounds a sum below 1.42 and a product
    below 0.42; q = (exp r - 1)/r < 1.2 is made in the same way with its own such errors, below 3, of which r takes
    0.35. That is 0.8 + 1.9 + 1.1 in all, relative to exp r > 0.7 less than 6. The series that is left out is
    0.35^14/14! < 1e-17.
    """
    k = np.rint(x * 1.4426950408889634)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    total = np.full(x.shape, 1.0)
    for i in range(13, 0, -1):
        total *= r
        total *= 1.0 / i
        total += 1.0
    return np.ldexp(total, k.astype(np.int32))


def _log(t: Array) -> Array:
    """Log t for normal floats t > 0, with a relative error below ROUND.

    Let t = m 2^e with m in [sqrt(1/2), sqrt 2) up to rounding, and z = (m - 1)/(m + 1), |z| < 0.1717. m - 1 is exact.
    log m = 2 z (1 + z^2/3 + z^4/5 + ...). In units of EPS: z is off by 2 of itself, the bracket (below 1.011, its sum
    after the 1 below 0.011) by less than 1.1, the product by 1: log m is off by less than 5 of itself. For e = 0 that
    is all. For other e, |log t| >= log 2 - 0.347 = 0.346 and |log m| <= 0.347: e LN2_HIGH is exact, e LN2_LOW + log m
    is rounded by 1 of 0.348 and the last sum by 1 of itself, so that the error is less than 8 of |log t|. What the
    series leaves out is z^22/23 < 1e-18 of log m.
    """
    m, e = np.frexp(t)
    small = m < math.sqrt(0.5)
    m = np.where(small, 2.0 * m, m)
    e = (e - small).astype(float)
    z = (m - 1.0) / (m + 1.0)
    y = z * z
    total = np.full(t.shape, 1.0 / 21)
    for i in range(19, 0, -2):
        total *= y
        total += 1.0 / i
    return np.asarray(e * LN2_HIGH + (e * LN2_LOW + 2.0 * z * total))


def phi_above(z: Array) -> Array:
    """Floats not below 2 (exp z - 1 - z)/z^2, for floats z that are exact; inf or nan where no float is.

    For |z| <= 1 by 1 + z/3 (1 + z/4 (1 + ...)): every partial sum lies between 0.7 and 1.5, and each step, which takes
    at most 1/3 of the error before, adds less than 3 EPS. The terms left out are below 2/20! < 1e-18.
    """
    near = np.abs(z) <= 1
    y = np.where(near, z, 0.0)
    total = np.full(z.shape, 1.0)
    for i in range(20, 2, -1):
        total *= y
        total *= 1.0 / i
        total += 1.0
    far = np.where(near, 2.0, z)
    power = exact(far).exp().minus(exact(1.0)).minus(exact(far))
    away = power.over(exact(far).times(exact(far))).upper
    return np.where(near, total * (1 + ROUND), 2.0 * away)


def psi_between(z: Array) -> tuple[Array, Array]:
    """Floats not above and not below 2 (z - log(1 + z))/z^2, for floats z > -1 that are exact; nan for others.

    For |z| <= 1/4 by 2 sum (-z)^k/(k + 2): partial sums lie below 1.4, each of the steps, which takes at most 1/4 of
    the error before, adds less than 3 EPS, and the value is above 0.85. The terms left out are below 1e-18.
    """
    near = np.abs(z) <= 0.25
    y = np.where(near, z, 0.0)
    total = np.zeros(z.shape)
    for k in range(27, -1, -1):
        total *= -y
        total += 2.0 / (k + 2)
    far = exact(np.where(near, 1.0, z))
    away = far.minus(far.plus(exact(1.0)).log()).over(far.times(far))
    low = np.where(near, total * (1 - ROUND), 2.0 * away.lower)
    return low, np.where(near, total * (1 + ROUND), 2.0 * away.upper)
