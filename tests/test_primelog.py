"""PrimeLog and coprime bases: arithmetic laws, certified order, conversions, refusals."""

from __future__ import annotations

import decimal
import math
import random
import time
from fractions import Fraction
from itertools import combinations

import mpmath
import numpy as np
import oracle
import pytest
import sympy
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from therml_exact import PrimeLog
from therml_exact.numbers.coprime import coprime_base, valuations

log = PrimeLog.log
EXACT = settings(derandomize=True, deadline=None, max_examples=examples(80))

rationals = st.fractions(min_value=-5, max_value=5, max_denominator=30)
terms = st.dictionaries(st.integers(1, 200), rationals, max_size=5)
primelogs = terms.map(PrimeLog)


def mp_value(x: PrimeLog, digits: int = 60) -> mpmath.mpf:
    with mpmath.workdps(digits):
        parts = (mpmath.mpf(r.numerator) / r.denominator * mpmath.log(n) for n, r in x.coefficients().items())
        return mpmath.fsum(parts)


# ---- arithmetic


@EXACT
@given(primelogs, primelogs, primelogs, rationals, rationals)
def test_a_vector_space_over_the_rationals(x, y, z, r, s):
    assert x + y == y + x
    assert (x + y) + z == x + (y + z)
    assert x - x == 0 == x + (-x)
    assert +x == x
    assert r * (x + y) == r * x + r * y
    assert (r + s) * x == x * r + x * s
    assert (r * s) * x == r * (s * x)
    assert 1 * x == x
    assert 0 * x == 0
    assert abs(x) == abs(-x) >= 0
    if s:
        assert x / s * s == x
    assert x - y == -(y - x)


@EXACT
@given(st.fractions(min_value=Fraction(1, 1000), max_value=1000), st.fractions(min_value=Fraction(1, 9), max_value=99))
def test_logarithm_is_a_homomorphism(a, b):
    assert log(a * b) == log(a) + log(b)
    assert log(a / b) == log(a) - log(b)
    assert log(a**7) == 7 * log(a)
    assert (log(a) < log(b)) == (a < b)
    assert (log(a) == log(b)) == (a == b)


@EXACT
@given(terms)
def test_coefficients_are_the_trial_division_ones(items):
    expected = oracle.Logs(items).primes()
    x = PrimeLog(items)
    assert x.coefficients() == expected
    assert list(x.coefficients()) == sorted(expected)
    assert (x == 0) == (not expected)
    assert PrimeLog(x.coefficients()) == x


@EXACT
@given(terms, terms)
def test_order_and_hash_against_fifty_digits(left, right):
    x, y = PrimeLog(left), PrimeLog(right)
    a, b = oracle.Logs(left), oracle.Logs(right)
    equal = a.primes() == b.primes()
    assert (x == y) is equal
    assert (x != y) is not equal
    if equal:
        assert hash(x) == hash(y)
        assert x <= y <= x
        assert not x < y
        assert not x > y
    else:
        assert (x < y) is bool(a.mp() < b.mp())
        assert (x > y) is (y < x) is (not x <= y)
        assert x.sign() in (-1, 0, 1)
        assert (x - y).sign() == (1 if a.mp() > b.mp() else -1)
    assert bool(x) is (x != 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({4: 1}, {2: 2}),
        ({6: 1, 10: 1}, {15: 1, 2: 2}),
        ({12: Fraction(1, 2)}, {2: 1, 3: Fraction(1, 2)}),
        ({1: 7}, {}),
        ({8: Fraction(2, 3), 4: -1}, {}),
        ({2**521 - 1: 2}, {(2**521 - 1) ** 2: 1}),
        ({1009 * 1013: 1, 1013 * 1019: 1}, {1009 * 1019: 1, 1013: 2}),
        ({997 * 1009: 1}, {997: 1, 1009: 1}),
    ],
)
def test_one_number_written_in_two_ways(one, other):
    x, y = PrimeLog(one), PrimeLog(other)
    assert x == y
    assert hash(x) == hash(y)
    assert (x - y).sign() == 0
    assert float(x) == float(y)
    assert len({x, y}) == 1


def test_big_powers_and_hash():
    big = (10**40 + 1) * (10**45 + 7)
    assert hash(log(big**9 * 6**5)) == hash(9 * log(big) + 5 * log(6))
    assert {log(2): "a"}[log(4) / 2] == "a"
    assert hash(PrimeLog()) == hash(0) == hash(log(9) - 2 * log(3))


# ---- order against rationals, floats, infinities and nan


@EXACT
@given(primelogs, st.fractions(min_value=-20, max_value=20, max_denominator=1000))
@example(PrimeLog({2: 1}), Fraction(0))
@example(PrimeLog(), Fraction(0))
def test_order_against_rationals_and_floats(x, r):
    value = oracle.Logs(x.coefficients()).mp()
    for other in (r, float(r)):
        if x == 0:
            assert (x < other, x > other, x == other) == (other > 0, other < 0, other == 0)
        else:
            with mpmath.workdps(50):
                below = bool(value < mpmath.mpf(Fraction(other).numerator) / Fraction(other).denominator)
            assert (x < other) is below is (other > x) is (x <= other)
            assert (x > other) is (not below)
            assert x != other


def test_order_against_the_nearest_float():
    # A logarithm is never a float; the float just rounded from it lies strictly on one side.
    for n in (2, 3, 10, 997, 10**30 + 57):
        near = float(log(n))
        assert log(n) != near
        assert (log(n) < near) is (not log(n) > near)
        assert math.nextafter(near, 0) < log(n) < math.nextafter(near, math.inf)


def test_infinities_and_nan():
    for x in (PrimeLog(), log(2), -log(2), 10**50 * log(3)):
        assert x < math.inf
        assert x > -math.inf
        assert x != math.inf
        assert not x == math.nan  # noqa: SIM201
        assert not any((x < math.nan, x <= math.nan, x > math.nan, x >= math.nan))
        assert x + math.inf == math.inf == math.inf - x == math.inf + x
        assert x - math.inf == -math.inf == -math.inf + x


def test_numpy_numbers():
    x = log(2)
    assert x < np.float64(1)
    assert np.float64(0.5) < x
    assert np.int64(3) * x == x * np.int64(3) == log(8)
    assert x / np.int64(2) == PrimeLog({2: Fraction(1, 2)})
    assert log(np.int64(6)) == log(6)
    assert x > np.int64(0)
    assert (np.array([1, 2]) * x)[1] == log(4)
    assert x + np.int64(0) == x


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_comparison_with_short_numpy_floats(kind):
    assert log(2) < kind(1)
    assert log(2) > kind(0.5)


# ---- tiny differences


@pytest.mark.parametrize("exponent", [1, 30, 100, 200])
def test_signs_of_tiny_differences(exponent):
    n = 10**exponent
    assert (log(n + 1) - log(n)).sign() == 1
    assert (log(n) - log(n + 1)).sign() == -1
    assert (2 * log(n) - log(n * n - 1)).sign() == 1
    assert (2 * log(n) - log(n * n)).sign() == 0
    assert (log(n - 1) + log(n + 1) - 2 * log(n)).sign() == -1
    # log(1 + 1/n) lies strictly between 1/(n+1) and 1/n.
    assert Fraction(1, n + 1) < log(n + 1) - log(n) < Fraction(1, n)
    x = log(n + 1) - log(n)
    with mpmath.workdps(exponent + 40):
        assert float(x) == float(mpmath.log1p(mpmath.mpf(1) / n))


def test_sign_of_a_fourth_difference_with_a_hundred_digits():
    n = 10**100
    x = log(n) - 4 * log(n + 1) + 6 * log(n + 2) - 4 * log(n + 3) + log(n + 4)
    assert x.sign() == -1
    assert -6.1e-400 * 1 <= float(x) <= 0.0
    y = x * n**4  # -6 to within 1e-99
    assert -6 < y < Fraction(-599, 100)


def test_float_of_a_moderate_number_with_huge_coefficients():
    n = 10**330
    assert float((log(n + 1) - log(n)) * n) == 1.0


def test_near_rational_relations():
    # continued fractions of log 3/log 2: a log 2 - b log 3 is small and its sign alternates
    signs = [(a * log(2) - b * log(3)).sign() for a, b in ((2, 1), (3, 2), (8, 5), (19, 12), (65, 41), (84, 53))]
    assert signs == [1, -1, 1, -1, 1, -1]


# ---- size


def test_three_hundred_digits_in_bounded_time():
    rng = random.Random(1)
    p, q = (int(sympy.nextprime(rng.getrandbits(1000))) for _ in range(2))
    start = time.process_time()
    x = log(p * q) - log(p) - log(q)
    assert x == 0
    assert hash(log(p * q)) == hash(log(p) + log(q))
    a, b, c = (rng.getrandbits(1000) | 1 for _ in range(3))
    assert log(a * b) + log(b * c) == log(a * b * c) + log(b)
    assert log(a * b) + log(b * c) != log(a * b * c) + log(b + 2)
    assert str(log(p)).startswith("log ")
    assert log(p).coefficients() == {p: 1}
    assert time.process_time() - start < 5


@pytest.mark.parametrize("count", [1000, pytest.param(5000, marks=pytest.mark.deep)])
def test_thousands_of_integers_of_128_bits(count):
    rng = random.Random(2)
    numbers = sorted({rng.getrandbits(128) | 1 for _ in range(count)})
    start = time.process_time()
    x = PrimeLog(dict.fromkeys(numbers, 1))
    # neighbours multiplied: the same sum in half the terms
    pairs = [a * b for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    y = PrimeLog(dict.fromkeys(pairs, 1))
    assert x == y
    assert hash(x) == hash(y)
    assert float(x) == float(y)
    assert x != y + log(numbers[0] + 2) - log(numbers[0])
    assert time.process_time() - start < count * 0.02


def test_five_thousand_integers_of_128_bits_have_a_sum():
    rng = random.Random(3)
    numbers = [rng.getrandbits(128) | 1 for _ in range(5000)]
    start = time.process_time()
    x = PrimeLog(dict.fromkeys(numbers, 1))
    rng.shuffle(numbers)
    y = sum((PrimeLog(dict.fromkeys(numbers[k::10], 1)) for k in range(10)), start=PrimeLog())
    assert x == y
    assert hash(x) == hash(y)
    assert x < y + log(2)
    assert y - log(Fraction(10**60 + 1, 10**60)) < x
    with mpmath.workdps(40):
        assert float(x) == float(mpmath.fsum(mpmath.log(n) for n in numbers))
    assert time.process_time() - start < 20


# ---- conversions


@EXACT
@given(primelogs)
@example(log(10**300 + 1) - log(10**300))
@example(PrimeLog({2: Fraction(1, 10**320)}))
@example(PrimeLog({2: 10**300, 3: -1}))
def test_float_is_correctly_rounded(x):
    with mpmath.workdps(420):
        value = mpmath.fsum(
            mpmath.mpf(r.numerator) / r.denominator * mpmath.log(n) for n, r in x.coefficients().items()
        )
        near = float(x)
        gaps = [
            abs(mpmath.mpf(v) - value) for v in (math.nextafter(near, -math.inf), near, math.nextafter(near, math.inf))
        ]
        assert gaps[1] == min(gaps)
    assert x.nats == near
    assert math.isclose(x.bits, near / math.log(2), rel_tol=1e-15)


def test_float_of_nothing_is_positive_zero():
    assert math.copysign(1, float(log(4) - 2 * log(2))) == 1.0
    assert math.copysign(1, float(-PrimeLog())) == 1.0


def test_float_beyond_the_range_is_refused():
    with pytest.raises(OverflowError):
        float(log(2) * 10**400)


def test_float_far_beyond_the_range_is_refused_too():
    with pytest.raises(OverflowError):
        float(log(2) * 10**40000)


@EXACT
@given(primelogs, st.sampled_from([2, 10, 53, 128, 500]))
def test_ball_contains_the_value(x, bits):
    ball = x.ball(bits)
    with mpmath.workdps(250):
        value = mp_value(x, 250)
        low, high = (mpmath.mpf(end.str(200, radius=False)) for end in (ball.lower(), ball.upper()))
        assert low - mpmath.mpf(10) ** -180 <= value <= high + mpmath.mpf(10) ** -180


def test_ball_narrows():
    x = log(3) - log(2)
    widths = [float(x.ball(bits).rad()) for bits in (20, 60, 200)]
    assert widths[0] > widths[1] > widths[2] > 0


@EXACT
@given(primelogs)
def test_sympy(x):
    expression = x.to_sympy()
    assert abs(float(expression.evalf(40)) - float(x)) <= 1e-14 * (1 + abs(float(x)))


def test_sympy_is_exact():
    assert log(Fraction(9, 8)).to_sympy() == 2 * sympy.log(3) - 3 * sympy.log(2)
    assert (log(2) / 3).to_sympy() == sympy.log(2) / 3
    assert PrimeLog().to_sympy() == 0


def test_text():
    assert str(PrimeLog()) == "0"
    assert str(log(Fraction(4, 3))) == "2 log 2 - log 3"
    assert str(-log(2) / 2) == "-1/2 log 2"
    assert "nats" in repr(log(2))
    assert f"{log(2):.3f}" == "0.693"
    many = PrimeLog(dict.fromkeys([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41], 1))
    assert str(many).endswith("(1 more terms)")


# ---- refusals


@pytest.mark.parametrize("other", [1, Fraction(1, 2), "1", True])
def test_sums_that_leave_the_class(other):
    for attempt in (
        lambda: log(2) + other,
        lambda: other + log(2),
        lambda: log(2) - other,
        lambda: other - log(2),
    ):
        with pytest.raises(TypeError):
            attempt()


def test_sums_with_zero():
    assert sum([log(2), log(3)]) == log(6)
    assert log(2) + 0 == 0 + log(2) == log(2) - 0 == log(2)
    assert 0 - log(2) == -log(2)
    assert log(2) + Fraction(0) == log(2)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: log(2) * log(3),
        lambda: log(2) / log(3),
        lambda: 1 / log(2),
        lambda: log(2) ** 2,
        lambda: log(2) // 2,
        lambda: log(0.5),
        lambda: log(True),
        lambda: log("2"),
        lambda: PrimeLog({2: 0.5}),
        lambda: PrimeLog({2: "1/2"}),
        lambda: log(2) < "1",
        lambda: log(2) < decimal.Decimal(1),
        lambda: log(2) < 1j,
    ],
)
def test_type_errors(attempt):
    with pytest.raises(TypeError):
        attempt()


@pytest.mark.parametrize(
    "attempt", [lambda: log(0), lambda: log(-2), lambda: log(Fraction(-1, 2)), lambda: PrimeLog({0: 1}),
                lambda: PrimeLog({-3: 1}), lambda: PrimeLog({1.5: 1}), lambda: PrimeLog({True: 1})]
)  # fmt: skip
def test_value_errors(attempt):
    with pytest.raises(ValueError, match="positive"):
        attempt()


def test_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        log(2) / 0


def test_equality_with_what_is_no_number():
    assert log(2) != "log 2"
    assert log(2) is not None
    assert log(2) != 1
    assert PrimeLog() == 0 == PrimeLog()
    assert PrimeLog() == 0.0
    assert PrimeLog({2: 1}) not in [None, "x", 0]


def test_the_callers_mapping_is_not_kept():
    items = {2: 1}
    x = PrimeLog(items)
    items[3] = 5
    x.coefficients()[7] = Fraction(1)
    assert x == log(2)
    assert x.coefficients() == {2: 1}


# ---- coprime bases


def check_base(numbers, base):
    assert all(b > 1 for b in base)
    assert list(base) == sorted(base)
    assert all(math.gcd(a, b) == 1 for a, b in combinations(base, 2))
    for n, exponents in zip(numbers, valuations(numbers, base), strict=True):
        assert math.prod(b**v for b, v in exponents.items()) == n
        assert all(v > 0 for v in exponents.values())


@settings(derandomize=True, deadline=None, max_examples=examples(200))
@given(st.lists(st.integers(1, 10**4), max_size=8))
@example([4, 8])
@example([12, 18, 6])
@example([36, 6, 216])
@example([1, 1])
@example([])
def test_coprime_base(numbers):
    check_base(numbers, coprime_base(numbers))


@settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=7))
def test_coprime_base_of_products_of_four_big_primes(exponents):
    primes = (2**61 - 1, 2**89 - 1, 2**107 - 1, 2**127 - 1)
    numbers = [math.prod(p**e for p, e in zip(primes, row, strict=True)) for row in exponents]
    base = coprime_base(numbers)
    check_base(numbers, base)
    # every element is a product of those primes
    assert all(math.prod(primes) ** 40 % b == 0 for b in base)


@settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=5),
    st.lists(st.integers(-3, 3), min_size=5, max_size=5),
)
def test_equality_over_hidden_primes(exponents, coefficients):
    # the answer is known from the exponents; the library sees the products only
    primes = (2**61 - 1, 2**89 - 1, 2**107 - 1)
    numbers = [math.prod(p**e for p, e in zip(primes, row, strict=True)) for row in exponents]
    x = sum((c * log(n) for c, n in zip(coefficients, numbers, strict=False)), start=PrimeLog())
    totals = [sum(c * row[k] for c, row in zip(coefficients, exponents, strict=False)) for k in range(3)]
    assert (x == 0) is (totals == [0, 0, 0])
    assert x == PrimeLog(dict(zip(primes, totals, strict=True)))
    assert hash(x) == hash(PrimeLog(dict(zip(primes, totals, strict=True))))


def test_coprime_base_refuses_what_is_not_positive():
    for bad in ([0], [-4, 2]):
        with pytest.raises(ValueError, match="positive"):
            coprime_base(bad)


def test_valuations_refuse_a_base_that_does_not_generate():
    with pytest.raises(ValueError, match="generate"):
        valuations([6], [2])


def test_bits_of_powers_of_two_are_whole():
    assert all(log(2**k).bits == k for k in range(1, 200))


def test_zero_of_any_kind_can_be_added():
    assert log(2) + 0.0 == log(2)
    assert np.float64(0) + log(2) == log(2)


def test_high_powers_in_big_integers_are_taken_out_quickly():
    """Rationals made of tiny floats have thousands of factors 2; dividing them out one by one took a minute."""
    n = 3**9 * 2**30_000 * 7**5_000
    assert log(n) == 9 * log(3) + 30_000 * log(2) + 5_000 * log(7)
