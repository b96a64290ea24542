"""Enclosures of real numbers: roots, products, relative entropies of coins and their inverse, and how they compare."""

import math
import pickle
from fractions import Fraction as F

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.enclosed import (
    Enclosed,
    binary_divergence,
    enclosure,
    farthest,
    formula,
    minus,
    order,
    plus,
    root,
    size,
    times,
)

LOG2 = tx.PrimeLog.log(2)
rationals = st.fractions(0, 1, max_denominator=12)


def holds(ball, value):
    """Whether a ball holds a number of mpmath's."""
    middle, radius = (mpmath.mpf(float(part)) for part in (ball.mid(), ball.rad()))
    return abs(middle - value) <= radius + abs(value) * 1e-15 + 1e-30


def test_a_rational_and_a_primelog_are_compared_by_python_too():
    """Fraction.__eq__ asks a real number for its imaginary part: this raised AttributeError."""
    assert (F(1, 2) == LOG2) is False and (F(0) == LOG2 - LOG2) is True and F(1, 2) < LOG2 < F(7, 10)
    assert LOG2.real is LOG2 and LOG2.imag == 0 and LOG2.conjugate() is LOG2


def test_products_and_sums_are_exact_where_they_can_be():
    assert times(F(1, 2), LOG2) == LOG2 * F(1, 2) and times(F(2), F(1, 3)) == F(2, 3)
    assert times(F(0), Approximate(1.0, 1e-9)) == 0 and plus(F(0), LOG2) == LOG2
    assert plus(F(1), F(2)) == 3 and minus(LOG2, LOG2) == 0 and size(-LOG2) == LOG2
    assert isinstance(times(LOG2, LOG2), Enclosed) and isinstance(plus(F(1), LOG2), Enclosed)
    assert float(plus(F(1), LOG2)) == pytest.approx(1 + math.log(2), rel=1e-15)


def test_the_root_of_an_exact_nought_is_one():
    assert root(LOG2 * 2 - tx.PrimeLog.log(4)) == 0 and root(F(0)) == 0
    assert not root(Approximate(0.0, 1e-12)).ball(64) < 0
    assert float(root(F(2))) == math.sqrt(2)


@given(st.fractions(0, 9, max_denominator=30))
def test_roots_are_enclosed_at_any_precision(value):
    if value:
        ball = root(value).ball(300)
        assert (ball * ball).contains(enclosure(value, 400)) and ball.rel_accuracy_bits() > 280


def test_orders_are_decided_or_undecided():
    assert order(F(7, 10), LOG2) == "more" and order(LOG2, LOG2) == "equal" and order(F(1, 2), F(1, 2)) == "equal"
    assert order(root(F(2)), F(3, 2)) == "less" and order(root(F(2)), root(F(2))) == "undecided"
    near = formula(lambda x: x + enclosure(F(1, 10**200), 1024), F(2))
    assert order(root(near), root(F(2))) == "more"  # they differ in the 200th digit
    assert order(Approximate(0.5, 1e-3), F(1, 2)) == "undecided" and order(Approximate(0.5, 1e-3), F(2)) == "less"
    assert order(math.inf, math.inf) == "equal" and order(F(1), math.inf) == "less"


@given(rationals, rationals)
def test_the_relative_entropy_of_coins(p, q):
    found = binary_divergence(p, q)
    with mpmath.workdps(30):
        parts = [(mpmath.mpf(a.numerator) / a.denominator, b) for a, b in ((p, q), (1 - p, 1 - q)) if a]
        expected = (
            mpmath.inf
            if any(b == 0 for _, b in parts)
            else mpmath.fsum(a * mpmath.log(a * b.denominator / b.numerator) for a, b in parts)
        )
    assert float(found) == pytest.approx(float(expected), rel=1e-14, abs=1e-15)
    if 0 < q < 1:
        ball = binary_divergence(formula(lambda x: x, p), q).ball(100)
        assert (ball - enclosure(found, 100)).contains(0)


@given(rationals, st.fractions(0, 2, max_denominator=20))
def test_the_farthest_coin_is_the_root(p, level):
    far = farthest(p, level)
    assert F(0) <= p <= F(float(far)) + F(1, 10**15)
    if p < 1 and level:
        with mpmath.workdps(40):
            q = mpmath.mpf(str(far.ball(120).mid().str(35, radius=False)))
            x = mpmath.mpf(p.numerator) / p.denominator
            kl = (x * mpmath.log(x / q) if x else 0) + (1 - x) * mpmath.log((1 - x) / (1 - q))
            assert abs(kl - mpmath.mpf(level.numerator) / level.denominator) < mpmath.mpf(10) ** -15


def test_the_farthest_coin_of_floats_covers_their_errors():
    ball = farthest(Approximate(0.25, 1e-6), Approximate(0.1, 1e-6)).ball(64)
    for p in (0.25 - 1e-6, 0.25 + 1e-6):
        for level in (0.1 - 1e-6, 0.1 + 1e-6):
            assert ball.contains(farthest(F(p), F(level)).ball(100).mid())
    assert float(ball.rad()) < 1e-4


def test_a_copy_is_a_float():
    assert pickle.loads(pickle.dumps(root(F(2)))) == math.sqrt(2)
