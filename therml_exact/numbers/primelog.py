"""PrimeLog, the exact number of information theory: a rational combination of logarithms of integers.

    x = (1/d) sum_k c_k log n_k,      n_k, d positive integers, c_k integers        (nats)

Every entropy of a rational distribution is one: with p_i = n_i/D,  H = log D - (1/D) sum_i n_i log n_i.

Equality is decided. Over a coprime base {b} of the n_k, x = sum_b r_b log b, and the log b are linearly independent
over the rationals (unique factorisation), so x = 0 iff every r_b is 0; nothing has to be factored for that.

The sign is certified. A nonzero x is not only nonzero but transcendental (Hermite-Lindemann: exp(d x) is algebraic),
so it differs from every rational, and ball arithmetic of growing precision separates it from zero, from any
rational and from any float after finitely many steps.

Errors: TypeError for exact arithmetic that leaves the class (adding a nonzero rational, multiplying two logarithms).
Sources: A. Baker, Transcendental Number Theory (1975), ch. 1; F. Johansson, Arb (2017), for the balls.
"""

from __future__ import annotations

import math
import numbers
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeGuard

from therml_exact.numbers.coprime import coprime_base, valuations

if TYPE_CHECKING:
    import flint
    import sympy

_SMALL_PRIMES = tuple(p for p in range(2, 1000) if all(p % q for q in range(2, math.isqrt(p) + 1)))
_PRIMORIAL = math.prod(_SMALL_PRIMES)
_FACTOR_BITS = 64  # integers up to here are factored in well under a millisecond
_FIRST_PRECISION = 64
_PRINTED_TERMS = 12
_PRINTED_DIGITS = 40


class PrimeLog:
    """An exact number sum_k r_k log n_k in nats. It is immutable, hashable and totally ordered.

    coefficients: a mapping from positive integers n_k to rationals r_k (int or Fraction); None for 0.
    Every comparison is decided, never guessed. `float(x)` and `x.nats` give the nearest float, `x.bits` that in bits,
    `x.ball(bits)` an enclosure. It is a `numbers.Real`: with a float the result is a float, and `round`,
    `math.isclose`, `np.allclose` and `pytest.approx` take it. Adding a nonzero rational, or multiplying two logarithms,
    raises TypeError: the result would be no such number.

    >>> x = PrimeLog({2: Fraction(1, 2), 12: 1})
    >>> print(x)
    5/2 log 2 + log 3
    >>> x == PrimeLog.log(2) * Fraction(5, 2) + PrimeLog.log(3)
    True
    >>> x > 0, x < Fraction(284, 100), round(float(x), 6)
    (True, True, 2.83148)
    """

    __slots__ = ("_canonical", "_denominator", "_sign", "_terms")

    _terms: dict[int, int]
    _denominator: int
    _sign: int | None
    _canonical: tuple[tuple[int, Fraction], ...] | None

    def __init__(self, coefficients: Mapping[int, int | Fraction] | None = None) -> None:
        items = {} if coefficients is None else dict(coefficients)
        for n, r in items.items():
            if isinstance(n, bool) or not isinstance(n, int) or n < 1:
                raise ValueError(f"PrimeLog: logarithms are of positive integers, got log of {n!r}")
            if not isinstance(r, numbers.Rational):
                raise TypeError(f"PrimeLog: the coefficient of log {n} must be an int or Fraction, got {r!r}")
        d = math.lcm(*(int(r.denominator) for r in items.values()))
        self._set({n: int(r.numerator) * (d // int(r.denominator)) for n, r in items.items()}, d)

    def _set(self, terms: dict[int, int], denominator: int) -> None:
        self._terms = {n: c for n, c in terms.items() if c and n != 1}
        self._denominator = denominator
        self._sign = None
        self._canonical = None

    @classmethod
    def from_terms(cls, terms: Mapping[int, int], denominator: int = 1) -> PrimeLog:
        """(1/denominator) sum_n terms[n] log n; the fast constructor: integers throughout, nothing checked."""
        x = cls.__new__(cls)
        x._set(dict(terms), denominator)
        return x

    @classmethod
    def log(cls, value: int | Fraction) -> PrimeLog:
        """The logarithm of a positive rational."""
        if isinstance(value, bool) or not isinstance(value, numbers.Rational):
            raise TypeError(f"PrimeLog.log takes an int or a Fraction, got {value!r}")
        if value <= 0:
            raise ValueError(f"PrimeLog.log: the argument must be positive, got {value}")
        return cls.from_terms({int(value.numerator): 1}) - cls.from_terms({int(value.denominator): 1})

    # ---- arithmetic

    def __add__(self, other: object) -> Any:
        if isinstance(other, PrimeLog):
            return self._combine(other, 1)
        return self._absorb(other, "+")

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        if isinstance(other, PrimeLog):
            return self._combine(other, -1)
        return self._absorb(-other if isinstance(other, numbers.Real) else other, "-")

    def __rsub__(self, other: object) -> Any:
        return (-self).__add__(other)

    def _combine(self, other: PrimeLog, sign: int) -> PrimeLog:
        d = math.lcm(self._denominator, other._denominator)
        mine, theirs = d // self._denominator, sign * (d // other._denominator)
        terms = dict(self._terms) if mine == 1 else {n: c * mine for n, c in self._terms.items()}
        get = terms.get
        for n, c in other._terms.items():
            terms[n] = get(n, 0) + c * theirs
        return PrimeLog.from_terms(terms, d)

    def _absorb(self, other: object, sign: str) -> Any:
        """Zero leaves x alone (so that sum() works), a float makes a float; nothing else can be added."""
        if isinstance(other, numbers.Real) and other == 0:
            return self
        if _is_float(other):
            return float(other) if math.isinf(other) else float(self) + float(other)
        if isinstance(other, (numbers.Real, str)):
            raise TypeError(
                f"PrimeLog {sign} {other!r}: the sum is not a rational combination of logarithms; "
                "use float(x) for a float result"
            )
        return NotImplemented

    def __neg__(self) -> PrimeLog:
        return PrimeLog.from_terms({n: -c for n, c in self._terms.items()}, self._denominator)

    def __pos__(self) -> PrimeLog:
        return self

    def __abs__(self) -> PrimeLog:
        return -self if self.sign() < 0 else self

    def __mul__(self, factor: object) -> Any:
        if not isinstance(factor, numbers.Rational):
            return float(self) * float(factor) if _is_float(factor) else NotImplemented
        a, b = int(factor.numerator), int(factor.denominator)
        return PrimeLog.from_terms({n: c * a for n, c in self._terms.items()}, self._denominator * b)

    __rmul__ = __mul__

    def __truediv__(self, divisor: object) -> Any:
        if not isinstance(divisor, numbers.Rational):
            if isinstance(divisor, PrimeLog):
                raise TypeError("the quotient of two PrimeLogs is none; use float(x) / float(y)")
            return float(self) / float(divisor) if _is_float(divisor) else NotImplemented
        return self * Fraction(int(divisor.denominator), int(divisor.numerator))

    # ---- decisions

    def sign(self) -> int:
        """-1, 0 or +1, certified."""
        if self._sign is None:
            self._sign = self._decide()
        return self._sign

    def _decide(self) -> int:
        if not self._terms:
            return 0
        ball = self.ball(_FIRST_PRECISION)
        if ball.contains(0) and self._is_zero():
            return 0
        return self._separate(Fraction(0))

    def _is_zero(self) -> bool:
        """Exact: every coefficient over a coprime base vanishes."""
        return not self._over_coprime_base()

    def _over_coprime_base(self) -> dict[int, int]:
        """The nonzero coefficients (over the common denominator) on a coprime base."""
        totals: Counter[int] = Counter()
        rest: Counter[int] = Counter()
        for n, c in self._terms.items():
            cofactor, small = _remove_small_primes(n)
            for p, v in small.items():
                totals[p] += c * v
            if cofactor > 1:
                rest[cofactor] += c
        rest = Counter({n: c for n, c in rest.items() if c})
        if rest:
            arguments = list(rest)
            base = coprime_base(arguments)
            for n, exponents in zip(arguments, valuations(arguments, base), strict=True):
                for b, v in exponents.items():
                    totals[b] += rest[n] * v
        return {b: c for b, c in totals.items() if c}

    def _separate(self, value: Fraction) -> int:
        """The sign of x - value for a value known to differ from x."""
        import flint

        from therml_exact.numbers.balls import precision, settled

        bits = _FIRST_PRECISION
        point = flint.fmpq(value.numerator, value.denominator)
        while True:
            with precision(bits + 32):
                ball = settled(lambda at: self.ball(at) - flint.arb(point), bits)
            if ball > 0:
                return 1
            if ball < 0:
                return -1
            bits *= 2

    def _compare(self, other: object) -> int | None:
        """The sign of x - other; None where other is no number to compare with."""
        if isinstance(other, PrimeLog):
            return (self - other).sign()
        if not isinstance(other, numbers.Real):
            return None
        if not isinstance(other, numbers.Rational):
            other = float(other)  # of any width; a float is the dyadic rational that it is
            if math.isnan(other):
                return None
            if math.isinf(other):
                return -1 if other > 0 else 1
        value = Fraction(other)
        if value == 0 or self.sign() == 0:
            return self.sign() if value == 0 else (-1 if value > 0 else 1)
        return self._separate(value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PrimeLog):
            if self._terms == other._terms and self._denominator == other._denominator:
                return True
            return (self - other).sign() == 0
        if isinstance(other, numbers.Real):
            return other == 0 and self.sign() == 0
        return NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._ordered(other, (-1,))

    def __le__(self, other: object) -> bool:
        return self._ordered(other, (-1, 0))

    def __gt__(self, other: object) -> bool:
        return self._ordered(other, (1,))

    def __ge__(self, other: object) -> bool:
        return self._ordered(other, (0, 1))

    def _ordered(self, other: object, signs: tuple[int, ...]) -> bool:
        if not isinstance(other, (PrimeLog, numbers.Real)):
            return NotImplemented
        return self._compare(other) in signs

    def __bool__(self) -> bool:
        return self.sign() != 0

    def __hash__(self) -> int:
        # Valuations at fixed primes are the same for every way of writing one number.
        two = sum(c * ((n & -n).bit_length() - 1) for n, c in self._terms.items())
        three = sum(c * _remove_prime(n, 3)[1] for n, c in self._terms.items())
        if two == three == 0:
            return hash(0)
        return hash((Fraction(two, self._denominator), Fraction(three, self._denominator)))

    # ---- conversions

    def ball(self, bits: int = 128) -> flint.arb:
        """An enclosure of x, computed with working precision `bits` (in bits) at every term."""
        from therml_exact.numbers.balls import precision, settled

        with precision(max(2, bits)):
            return settled(self._enclosed)

    def _enclosed(self) -> flint.arb:
        """The enclosure at the precision in force."""
        import flint

        total = flint.arb(0)
        for n, c in self._terms.items():
            total += flint.arb(c) * flint.arb(n).log()
        return total / flint.arb(self._denominator)

    def __float__(self) -> float:
        if not self._terms or self.sign() == 0:
            return 0.0
        return _nearest(self.ball)

    def __floor__(self) -> int:
        from therml_exact.numbers.balls import precision, settled

        if self.sign() == 0:
            return 0
        bits = _FIRST_PRECISION
        while True:  # no nonzero x is an integer
            with precision(bits + 32):
                below = settled(lambda at: self.ball(at).floor().unique_fmpz(), bits)
            if below is not None:
                return int(below)
            bits *= 2

    def __ceil__(self) -> int:
        return -math.floor(-self)

    def __trunc__(self) -> int:
        return math.floor(self) if self.sign() >= 0 else math.ceil(self)

    def __round__(self, digits: int | None = None) -> Any:
        if digits is not None:
            return round(float(self), digits)
        below = math.floor(self)
        return below + 1 if self > Fraction(2 * below + 1, 2) else below

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Functions of NumPy (`np.allclose`, `np.round`) take an exact number as the float nearest to it."""
        floats = [float(value) if isinstance(value, PrimeLog) else value for value in args]
        named = {name: float(value) if isinstance(value, PrimeLog) else value for name, value in kwargs.items()}
        return function(*floats, **named)

    @property
    def real(self) -> PrimeLog:
        """The number itself: Python's rationals ask for it before they compare."""
        return self

    @property
    def imag(self) -> int:
        """No imaginary part."""
        return 0

    def conjugate(self) -> PrimeLog:
        """The number itself."""
        return self

    @property
    def nats(self) -> float:
        """The nearest float, in nats."""
        return float(self)

    @property
    def bits(self) -> float:
        """The value in bits, as a float."""
        import flint

        def ball(bits: int) -> flint.arb:
            return self.ball(bits) / flint.arb(2).log()

        return _nearest(ball) if self.sign() else 0.0

    def coefficients(self) -> dict[int, Fraction]:
        """{b: r_b} with x = sum_b r_b log b: b sorted, prime, or a coprime part too big to factor."""
        if self._canonical is None:
            self._canonical = tuple(sorted(self._factored().items()))
        return dict(self._canonical)

    def _factored(self) -> dict[int, Fraction]:
        import flint

        found: Counter[int] = Counter()
        for b, c in self._over_coprime_base().items():
            if b.bit_length() <= _FACTOR_BITS:
                for p, v in flint.fmpz(b).factor():
                    found[int(p)] += c * int(v)
            else:
                found[b] += c
        return {b: Fraction(c, self._denominator) for b, c in found.items() if c}

    def to_sympy(self) -> sympy.Expr:
        """The same number as a SymPy expression."""
        import sympy

        terms = (sympy.Rational(r.numerator, r.denominator) * sympy.log(n) for n, r in self.coefficients().items())
        return sympy.Add(*terms)

    def to_json(self) -> dict[str, Any]:
        """Plain data: {"primelog": [["n", "r"], ...]} with integers and rationals as text."""
        return {"primelog": [[integer_text(n), rational_text(r)] for n, r in self.coefficients().items()]}

    def __str__(self) -> str:
        items = list(self.coefficients().items())
        if not items:
            return "0"
        pieces: list[str] = []
        for n, r in items[:_PRINTED_TERMS]:
            sign = ("-" if r < 0 else "") if not pieces else (" - " if r < 0 else " + ")
            size = abs(r)
            pieces.append(f"{sign}{'' if size == 1 else f'{_short(size)} '}log {_short(Fraction(n))}")
        hidden = len(items) - _PRINTED_TERMS
        return "".join(pieces) + (f" + ... ({hidden} more terms)" if hidden > 0 else "")

    def __repr__(self) -> str:
        try:
            value = f"{float(self):.12g}"
        except OverflowError:
            value = "more than 1e308" if self > 0 else "less than -1e308"
        return f"PrimeLog({self}; {value} nats)"

    def _repr_latex_(self) -> str:
        """The number as a notebook sets it, with its value in nats."""
        import re

        told, more, _ = str(self).partition(" + ... (")
        text = re.sub(r"(\d+)/(\d+)", r"\\frac{\1}{\2}", told).replace("log ", r"\log ") + (
            r" + \cdots" if more else ""
        )
        try:
            value = rf"\ \approx {float(self):.6g}" if self else ""
        except OverflowError:
            value = ""
        return rf"${text}{value}\ \mathrm{{nats}}$"

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)


numbers.Real.register(PrimeLog)


def _is_float(value: object) -> TypeGuard[float]:
    """A float of any width: a real number that is neither rational nor one of ours."""
    return isinstance(value, numbers.Real) and not isinstance(value, (numbers.Rational, PrimeLog))


def integer_text(n: int) -> str:
    """The decimal digits of an integer of any size (str of Python's own refuses beyond 4,300)."""
    if n.bit_length() < 13_000:  # below 10^4000
        return str(n)
    import flint

    return str(flint.fmpz(n).str())


def rational_text(r: Fraction) -> str:
    """A rational as "p/q", or "p" where q = 1, of any size."""
    top = integer_text(r.numerator)
    return top if r.denominator == 1 else f"{top}/{integer_text(r.denominator)}"


def _short(r: Fraction) -> str:
    """A rational for people: long integers by their first digits and their number."""

    def digits(n: int) -> str:
        if n < 10**_PRINTED_DIGITS:
            return str(n)
        text = integer_text(n)
        return f"{text[:10]}...({len(text)} digits)"

    return digits(r.numerator) if r.denominator == 1 else f"{digits(r.numerator)}/{digits(r.denominator)}"


def _nearest(ball: Callable[[int], flint.arb]) -> float:
    """The float nearest to a nonzero number, from enclosures of growing precision."""
    from therml_exact.numbers.balls import precision, settled

    def ends(at: int) -> tuple[flint.arb, float, float]:
        enclosure = ball(at)
        return enclosure, _round(enclosure.lower()), _round(enclosure.upper())

    bits = _FIRST_PRECISION
    while True:
        with precision(bits + 32):  # the endpoints are rounded to the precision in force
            enclosure, low, high = settled(ends, bits)
        if low == high:
            if math.isinf(low):
                raise OverflowError(f"about {enclosure.mid().str(5, radius=False)}: beyond the range of floats")
            return low
        bits *= 2


def _round(endpoint: flint.arb) -> float:
    """The float nearest to an exact ball (float(arb) is not always correctly rounded); infinite beyond floats."""
    mantissa, exponent = (int(part) for part in endpoint.mid().man_exp())
    top = mantissa.bit_length() + exponent
    if mantissa == 0 or top < -1100:
        return 0.0
    if top > 1100:
        return math.copysign(math.inf, mantissa)
    try:
        return float(Fraction(mantissa) * Fraction(2) ** exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


def _remove_prime(n: int, p: int) -> tuple[int, int]:
    if p == 2:
        count = (n & -n).bit_length() - 1
        return n >> count, count
    # Powers p, p^2, p^4, ... first, so that a high power costs few divisions of a big integer.
    powers = [p]
    while n % (square := powers[-1] ** 2) == 0:
        powers.append(square)
    count = 0
    for k in reversed(range(len(powers))):
        while n % powers[k] == 0:
            n //= powers[k]
            count += 2**k
    return n, count


def _remove_small_primes(n: int) -> tuple[int, dict[int, int]]:
    """What is left of n without its prime factors below 1000, and those factors with their exponents."""
    shared = math.gcd(n, _PRIMORIAL)
    found: dict[int, int] = {}
    for p in _primes_of(shared):
        n, found[p] = _remove_prime(n, p)
    return n, found


def _primes_of(squarefree: int) -> Iterable[int]:
    """The primes of a product of distinct small primes."""
    for p in _SMALL_PRIMES:
        if squarefree == 1:
            return
        if squarefree % p == 0:
            squarefree //= p
            yield p
