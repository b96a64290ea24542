"""Floats with an error: the bounds of sums and multiples are those that are derived, and contain what they must."""

import math
from fractions import Fraction

import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from therml_exact.numbers.approximate import ROUND, Approximate

numbers = st.builds(Approximate, st.floats(-1e6, 1e6), st.floats(0, 1e-3))
EXACT = settings(derandomize=True, deadline=None, max_examples=examples(100))


def test_the_unit_of_rounding_is_that_of_double_precision():
    assert ROUND == 2.0**-53
    assert 1 + ROUND == 1 < 1 + 2 * ROUND


def test_values_and_errors_by_hand():
    a, b, u = Approximate(3.0, 0.25), Approximate(-1.0, 0.5), ROUND
    assert a + b == Approximate(2.0, 0.75 + 2 * u)
    assert a - b == Approximate(4.0, 0.75 + 4 * u)
    assert -a == Approximate(-3.0, 0.25) and float(a) == 3.0
    assert a * Fraction(-1, 4) == Fraction(-1, 4) * a == Approximate(-0.75, 0.0625 + 1.5 * u)
    assert b * 2 == Approximate(-2.0, 1.0 + 4 * u)
    assert a * 0 == Approximate(0.0, 0.0)


@EXACT
@given(numbers, numbers, st.fractions(-9, 9))
def test_errors_contain_every_true_value(a, b, r):
    """Whatever the true values are within their bounds, those of a sum and of a multiple are within theirs."""
    for s in (-1, 0, 1):
        for t in (-1, 0, 1):
            x, y = Fraction(a.value) + s * Fraction(a.error), Fraction(b.value) + t * Fraction(b.error)
            little = Fraction(1, 10**13)
            for found, true in ((a + b, x + y), (a - b, x - y), (a * r, x * r)):
                assert abs(true - Fraction(found.value)) <= Fraction(found.error) * (1 + little)


def test_zero_and_infinity():
    a = Approximate(3.0, 0.25)
    assert a + 0 is a and 0 + a is a and a - 0 is a and a + Fraction(0) is a
    assert 0 - a == -a
    assert sum([a, a], start=0) == a + a
    for infinite in (math.inf, -math.inf):
        assert a + infinite == infinite == infinite + a
        assert a - infinite == -infinite and infinite - a == infinite
    for other in (1, 1.0, Fraction(1, 2), "0"):
        with pytest.raises(TypeError):
            a + other


def test_a_sign_is_told_outside_the_error_only():
    signs = {(3.0, 0.25): 1, (-3.0, 0.25): -1, (0.25, 0.25): None, (-0.25, 0.25): None, (0.0, 0.0): None}
    signs |= {(0.1, 0.25): None, (-0.1, 0.25): None}
    assert {n: Approximate(*n).sign() for n in signs} == signs
