"""Arrays of balls: every operation holds what it should hold, by exact rationals and by balls of 400 bits."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import arb

from therml_exact.numbers import ball_arrays
from therml_exact.numbers.ball_arrays import EPS, Balls, exact, from_arb, from_fractions, joined, phi_above, psi_between
from therml_exact.numbers.ball_arrays import stacked as stack
from therml_exact.numbers.balls import precision

RNG = np.random.default_rng(0)
SIZES = (0.0, 1e-17, 1e-9, 0.1)  # radii, relative to the middles


def some(n, relative, spread=3.0):
    """Balls of both signs and many sizes."""
    mid = RNG.normal(size=n) * np.exp(RNG.uniform(-spread, spread, size=n))
    return Balls(mid, relative * np.abs(mid))


def members(x):
    """The ends and the middles of balls, as lists of rationals."""
    pairs = [(Fraction(m), Fraction(r)) for m, r in zip(x.mid.ravel().tolist(), x.rad.ravel().tolist(), strict=True)]
    return [[m - r, m, m + r] for m, r in pairs]


def holds(ball, k, value):
    """Whether the k-th ball holds a rational."""
    return abs(Fraction(ball.mid.ravel()[k].item()) - value) <= Fraction(ball.rad.ravel()[k].item())


@pytest.mark.parametrize(("name", "true"), [
    ("plus", lambda a, b: a + b), ("minus", lambda a, b: a - b), ("times", lambda a, b: a * b),
    ("over", lambda a, b: a / b),
])  # fmt: skip
def test_four_operations_hold_all_members(name, true):
    for left, right in product(SIZES, SIZES):
        x, y = some(60, left), some(60, right)
        found = getattr(x, name)(y)
        for k, (of_x, of_y) in enumerate(zip(members(x), members(y), strict=True)):
            assert all(holds(found, k, true(a, b)) for a, b in product(of_x, of_y)), (name, left, right, k)
        assert (found.rad <= 3 * (left + right + EPS) * (np.abs(x.mid) + np.abs(y.mid) + np.abs(found.mid))).all()


@pytest.mark.parametrize("n", [1, 2, 20])
def test_sums_and_products_of_matrices(n):
    for left, right in product(SIZES, SIZES):
        a, b = some(3 * n, left), some(2 * n, right)
        a, b = Balls(*(v.reshape(3, n) for v in a)), Balls(*(v.reshape(n, 2) for v in b))
        found, sums = a.matmul(b), a.total(1)
        of_a, of_b = np.array(members(a), dtype=object).reshape(3, n, 3), np.array(members(b), dtype=object)
        of_b = of_b.reshape(n, 2, 3)
        for signs in ((0, 0), (2, 2), (0, 2), (2, 0), (1, 1)):
            for i, j in product(range(3), range(2)):
                # The worst member of a sum has each factor at the end that its partner's sign asks for.
                top = sum(max(x * y for x, y in product(of_a[i, k], of_b[k, j])) for k in range(n))
                low = sum(min(x * y for x, y in product(of_a[i, k], of_b[k, j])) for k in range(n))
                assert holds(found, 2 * i + j, top) and holds(found, 2 * i + j, low)
            for i in range(3):
                assert holds(sums, i, sum(of_a[i, k][signs[0]] for k in range(n)))


def test_the_radius_of_a_product_counts_all_its_terms():
    """In stacks of matrices too: n roundings of n terms of size 1, whatever the other axes are."""
    for shape in ((2, 3, 50), (3, 50)):
        found = exact(np.ones(shape)).matmul(exact(np.ones((50, 2))))
        assert (found.rad >= 50 * EPS * 50).all() and (found.rad < 60 * EPS * 50).all()


def test_sums_in_which_everything_cancels():
    """The radius follows the terms, not the sum."""
    big = exact([[1e16, 1.0, -1e16, 3.0]])
    assert holds(big.total(1), 0, 4)
    ones = exact(np.ones((4, 1)))
    assert holds(big.matmul(ones), 0, 4)
    assert big.matmul(ones).rad[0, 0] < 100


ENDS = (-700.0, -699.5, -20.0, -1.0, -1e-3, -1e-20, 0.0, 1e-300, 1e-9, 0.35, 0.5, 1.0, 30.0, 699.9, 700.0)


def test_exponentials_and_logarithms():
    """Within half of the error that is claimed, and with every member of a ball held."""
    with precision(400):
        x = np.concatenate([np.array(ENDS), RNG.uniform(-700, 700, 150), np.arange(-1000, 1000, 19) * math.log(2) / 2])
        for relative in (0.0, 1e-12, 1e-3):
            balls = Balls(x, relative * np.abs(np.minimum(x, 1)))
            found = balls.exp()
            for k, (m, r) in enumerate(zip(x.tolist(), balls.rad.tolist(), strict=True)):
                for end in (arb(m) - arb(r), arb(m), arb(m) + arb(r)):
                    assert abs(end.exp() - arb(found.mid[k])) <= arb(found.rad[k])
        assert ratio(ball_arrays._exp(x), x, arb.exp) < ball_arrays.ROUND / 2
        t = np.concatenate([np.exp(RNG.uniform(-600, 600, 150)), RNG.uniform(0.4, 2.5, 150), 1 + 1e-9 * x[:99],
                            [1.0, 0.5, 2.0, math.sqrt(0.5), math.sqrt(2), 1 - EPS / 2, 1 + EPS]])  # fmt: skip
        for relative in (0.0, 1e-12, 0.3):
            found = Balls(t, relative * t).log()
            for k, m in enumerate(t.tolist()):
                for end in (arb(m) - arb(relative * m), arb(m), arb(m) + arb(relative * m)):
                    assert abs(end.log() - arb(found.mid[k])) <= arb(found.rad[k])
        assert ratio(ball_arrays._log(t), t, arb.log) < ball_arrays.ROUND / 2


def ratio(found, x, true):
    """The largest relative error; an error where the truth is 0 counts as 1."""
    errors = [(arb(y) - true(arb(v)), true(arb(v))) for y, v in zip(found.tolist(), x.tolist(), strict=True)]
    return max(float(abs(d).upper() / abs(t).lower()) if t != 0 else float(d != 0) for d, t in errors)


def test_what_floats_do_not_hold_has_no_finite_radius():
    with np.errstate(all="ignore"):
        assert exact([701.0, math.inf, math.nan]).exp().rad.tolist() == [math.inf] * 3
        assert Balls(np.array([1.0]), np.array([1.5])).exp().rad[0] == math.inf
        assert exact([-701.0]).exp().upper[0] < 1e-289
        assert Balls(np.array([-701.0]), np.array([1.5])).exp().rad[0] == math.inf
        bad = Balls(np.array([1.0, -1.0, 0.0, math.nan, math.inf, 1e-300]), np.array([1.0, 0, 0, 0, 0, 0]))
        assert bad.log().rad.tolist() == [math.inf] * 6
        assert (exact([1.0, 1.0]).over(Balls(np.array([1.0, 0.0]), np.array([1.0, 0.0]))).rad == math.inf).all()
        assert not (exact([1e300]).times(exact([1e300])).upper <= 1).any()
        assert not (exact([math.inf]).minus(exact([math.inf])).upper <= 1).any()


def test_upper_and_lower_ends():
    x = some(200, 1e-17)
    for k, (low, _, high) in enumerate(members(x)):
        assert Fraction(x.upper[k].item()) >= high and Fraction(x.lower[k].item()) <= low
        assert x.upper[k] - x.lower[k] < 1e-15 * abs(x.mid[k])


def test_scales_shapes_and_signs():
    x = some(6, 1e-9)
    for k, of in enumerate(members(x)):
        assert all(holds(x.scaled(1 / 3), k, v * Fraction(1 / 3)) and holds(-x, k, -v) for v in of)
    assert (x.scaled(1 / 3).rad < 4e-10 * np.abs(x.mid)).all()
    both = stack([x, -x], 0)
    assert both.mid.shape == both.rad.shape == (2, 6) and (both.mid[1] == -x.mid).all()
    assert joined([x, -x], 0).rad.tolist() == [*x.rad, *x.rad]
    assert x.at(slice(2)).mid.tolist() == x.mid[:2].tolist()


def test_balls_of_flint_and_rationals_are_held():
    with precision(128):
        values = [arb(1) / 3, arb(2).log(), arb(5), arb(1, 0.25), -(arb(2) ** -1200) / 3, arb(10) ** 400]
        found = from_arb([values])
        for m, r, v in zip(found.mid[0].tolist(), found.rad[0].tolist(), values, strict=True):
            assert not r < math.inf or abs(v - arb(m)) <= arb(r)
        assert found.rad[0, 2] == 0 and found.rad[0, 3] >= 0.25 and not found.rad[0, 5] < math.inf
        assert (found.rad[0, :2] < 2 * EPS).all()
    rows = [[Fraction(1, 3), Fraction(0)], [Fraction(7), Fraction(10**400 + 1, 10**400)]]
    found = from_fractions(rows)
    assert all(holds(found, k, v) for k, v in enumerate([*rows[0], *rows[1]]))
    assert found.rad[0, 1] == 0 and (found.rad <= 2e-15).all()
    tiny = from_fractions([[Fraction(1, 10**260), Fraction(10**260), Fraction(10**400), Fraction(1, 10**400)]])
    assert (tiny.rad == math.inf).all()


def test_the_two_series_of_quadratics():
    """phi = 2 (exp z - 1 - z)/z^2 from above, psi = 2 (z - log(1 + z))/z^2 from both sides, closely."""
    z = np.concatenate([RNG.uniform(-1, 1, 300), [0.0, 1.0, -1.0, 1e-12, -1e-12], RNG.uniform(-30, 30, 100), [690.0]])
    w = np.concatenate([RNG.uniform(-0.25, 0.25, 300), [0.0, 0.25, -0.25, 1e-12], RNG.uniform(-0.999, 40, 100)])
    with precision(400):
        phi = phi_above(z)
        for at, found in zip(z.tolist(), phi.tolist(), strict=True):
            x = arb(at)
            true = 2 * (x.exp() - 1 - x) / (x * x) if at else arb(1)
            assert arb(found) >= true and arb(found) <= true * (1 + arb(1e-13))
        low, high = psi_between(w)
        for at, below, above in zip(w.tolist(), low.tolist(), high.tolist(), strict=True):
            x = arb(at)
            true = 2 * (x - (1 + x).log()) / (x * x) if at else arb(1)
            assert arb(below) <= true <= arb(above) and above - below <= 1e-13 * above
    with np.errstate(all="ignore"):
        assert not (phi_above(np.array([701.0, math.nan])) < math.inf).any()
        assert not (psi_between(np.array([-1.0, -2.0, math.nan]))[1] < math.inf).any()
