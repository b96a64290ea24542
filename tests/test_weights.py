"""Weights: sums of logarithms against exact ones, and the stated errors of floats: as derived, and large enough."""

import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.weights import KERNEL_CELLS, Weights, divergence_terms, exact_sum

U = 2.0**-53
EXACT = settings(derandomize=True, deadline=None, max_examples=examples(60))
tables = st.lists(st.integers(0, 9), min_size=12, max_size=12).filter(any)


def exact(cells, shape=(2, 3, 2)):
    array = np.array(cells, dtype=object).reshape(shape)
    return Weights(array, sum(cells))


def floats(cells, shape=(2, 3, 2), scale=1.0, rounding=0.0):
    array = np.array(cells, dtype=float).reshape(shape) * scale
    return Weights(array, math.fsum(array.reshape(-1)), rounding)


def stated(value, size, rounding=0.0):
    """The bound of the module's header."""
    return 4 * (rounding + (40 + math.log2(size)) * U) * (abs(value) + 1)


def h(weights):
    """H by definition, of rationals."""
    total = sum(weights)
    return -sum((PrimeLog.log(Fraction(w, total)) * Fraction(w, total) for w in weights if w), start=PrimeLog())


def within(found, true):
    """A float's error covers what it lacks, but is no excuse."""
    assert isinstance(found, Approximate) and isinstance(true, PrimeLog)
    assert abs(found.value - float(true)) <= found.error + 1e-300
    assert found.error < 1e-12 * (abs(found.value) + 1)
    assert (true - PrimeLog()).sign() in (found.sign(), 0) or found.sign() is None


@EXACT
@given(tables)
def test_entropies_marginals_and_informations(cells):
    w, array = exact(cells), np.array(cells, dtype=object).reshape(2, 3, 2)
    assert w.exact and not floats(cells).exact
    assert w.entropy() == h(cells)
    marginals = {(0,): array.sum((1, 2)), (2, 1): array.sum(0).T, (0, 2): array.sum(1), (2,): array.sum((0, 1))}
    marginals[1, 2, 0] = array.transpose(1, 2, 0)
    for axes, expected in marginals.items():
        kept = w.keep(axes)
        assert (kept.array == expected).all() and kept.total == w.total and kept.rounding == 0.0
    hs = {axes: h(list(expected.reshape(-1))) for axes, expected in marginals.items()}
    h01, h1 = h(list(array.sum(2).reshape(-1))), h(list(array.sum((0, 2))))
    information = hs[0, 2] + hs[2, 1] - h(cells) - hs[2,]
    assert w.information() == information
    assert w.multi_information() == hs[0,] + h1 + hs[2,] - h(cells)
    given = np.asarray(array.sum(axis=1, keepdims=True))
    assert w.conditional_entropy(given) == h(cells) - hs[0, 2]
    f = floats(cells, scale=1 / 7)
    within(f.entropy(), h(cells))
    within(f.keep((0, 1)).entropy(), h01)
    within(f.information(), information)
    within(f.multi_information(), w.multi_information())
    within(f.conditional_entropy(f.array.sum(axis=1, keepdims=True)), w.conditional_entropy(given))
    assert math.copysign(1, f.conditional_entropy(f.array.sum(axis=1, keepdims=True)).value) == 1


@EXACT
@given(tables, st.lists(st.integers(1, 9), min_size=12, max_size=12))
def test_cross_entropies_and_divergences(cells, others):
    w, top = exact(cells), np.array(others, dtype=object).reshape(2, 3, 2)
    bottom = np.asarray(top.sum(axis=2, keepdims=True))
    below = np.broadcast_to(bottom, top.shape).reshape(-1).tolist()
    ratio = [Fraction(a, b) for a, b in zip(others, below, strict=True)]
    mean = sum((PrimeLog.log(r) * Fraction(n, sum(cells)) for n, r in zip(cells, ratio, strict=True)), start=PrimeLog())
    assert w.cross_entropy(top, bottom) == -mean
    given = np.asarray(w.array.sum(axis=2, keepdims=True))
    divergence = -w.conditional_entropy(given) - mean
    assert w.divergence(given, top, bottom) == divergence == w.divergence_of_rows(top, bottom)
    assert divergence.sign() >= 0
    f = floats(cells, scale=3.0)
    q = top.astype(float) / bottom.astype(float)
    within(f.cross_entropy(q, 1), -mean)
    within(f.cross_entropy(top.astype(float), bottom.astype(float)), -mean)
    within(f.divergence_of_rows(q, 1), divergence)
    within(f.divergence(f.array.sum(axis=2, keepdims=True), top.astype(float), bottom.astype(float)), divergence)


def test_impossible_letters_cost_infinity_and_only_where_they_occur():
    for w in (exact([1, 1, 0, 2], (2, 2)), floats([1, 1, 0, 2], (2, 2))):
        one = w.array.dtype.type(1) if not w.exact else 1
        q = np.array([[one, one * 0], [one * 0, one]], dtype=w.array.dtype)
        assert w.cross_entropy(q, 1) == math.inf == w.divergence_of_rows(q, 1)
        q = np.array([[one, one], [one * 0, one]], dtype=w.array.dtype)
        assert w.cross_entropy(q, 1) != math.inf != w.divergence_of_rows(q, 1)
        assert float(w.cross_entropy(q, 1)) == 0.0


def test_stated_errors_are_those_of_the_header():
    """With the rounding of the cells, their number and the value; for terms of both signs with their sizes."""
    f = floats(range(1, 13), rounding=1e-10)
    entropy = f.entropy()
    assert entropy.error == pytest.approx(stated(entropy.value, 12, 1e-10), rel=1e-12, abs=0)
    assert floats(range(1, 13)).entropy().error == pytest.approx(stated(entropy.value, 12), rel=1e-12, abs=0)
    assert floats([1], (1,)).entropy().error == pytest.approx(stated(0.0, 2), rel=1e-12, abs=0)
    assert f.keep((0, 1)).rounding == 1e-10 + 2 * U
    assert f.keep((1,)).rounding == 1e-10 + 4 * U
    assert f.keep((2, 0, 1)).rounding == 1e-10
    q = np.array([4.0, 0.25])
    both = floats([1, 1], (2,)).cross_entropy(q, 1)
    assert both.value == 0.0 and both.error == pytest.approx(stated(math.log(4), 2), rel=1e-12, abs=0)
    scaled = floats([2, 2], (2,)).cross_entropy(q, 1)
    assert scaled == both
    conditional = f.conditional_entropy(f.array.sum(axis=2, keepdims=True))
    assert conditional.error == pytest.approx(stated(conditional.value, 12, 1e-10), rel=1e-12, abs=0)
    d = f.divergence_of_rows(np.full((2, 3, 2), 0.5), 1)
    assert d.error == pytest.approx(stated(d.value, 12, 1e-10) + 1e-10 + 12 * U, rel=1e-12, abs=0)
    i = f.information()
    assert i.error == pytest.approx(stated(i.value, 12, 1e-10) + 4 * U * 7 * (i.value + 1), rel=1e-12, abs=0)
    m = f.multi_information()
    assert m.error == pytest.approx(stated(m.value, 12, 1e-10) + 4 * U * 12 * (m.value + 1), rel=1e-12, abs=0)


@pytest.mark.parametrize("size", [KERNEL_CELLS - 1, KERNEL_CELLS])
def test_stated_errors_and_values_on_both_sides_of_the_kernels(size):
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 9, size)
    w, f = exact(cells.tolist(), (size,)), floats(cells, (size,))
    entropy = f.entropy()
    within(entropy, w.entropy())
    assert entropy.error == pytest.approx(stated(entropy.value, size), rel=1e-12, abs=0)
    assert exact_sum(f.array) == cells.sum()
    assert exact_sum(np.array([1e16, 1.0, -1e16])) == 1.0


def test_informations_of_large_tables():
    rng = np.random.default_rng(1)
    cells = rng.integers(1, 9, KERNEL_CELLS).tolist()
    w, f = exact(cells, (32, 64, 2)), floats(cells, (32, 64, 2), rounding=1e-15)
    i = f.information()
    within(i, w.information())
    assert i.error == pytest.approx(stated(i.value, KERNEL_CELLS, 1e-15) + 4 * U * 98 * (i.value + 1), rel=1e-12, abs=0)
    m = f.multi_information()
    within(m, w.multi_information())
    assert m.error == pytest.approx(stated(m.value + math.log(KERNEL_CELLS), KERNEL_CELLS, 1e-15), rel=1e-12, abs=0)
    assert f.multi_information().value > i.value > 0
    vector = f.entropy_vector()
    assert vector.shape == (8,) and vector[0] == 0
    for mask in range(1, 8):
        axes = tuple(k for k in range(3) if mask >> k & 1)
        assert vector[mask] == pytest.approx(float(w.keep(axes).entropy()), abs=1e-12)
    assert [v == w.keep(tuple(k for k in range(3) if mask >> k & 1)).entropy() for mask, v in
            list(enumerate(w.entropy_vector()))[1:]] == [True] * 7  # fmt: skip
    assert floats([1] * 255, (255,)).entropy_vector()[1] == pytest.approx(math.log(255))
    assert floats([1] * 256, (256,)).entropy_vector()[1] == pytest.approx(math.log(256))


def test_terms_of_divergences_against_forty_digits():
    """Far apart, near, and on both sides of the radius of the series; where p or m leave the range of floats."""
    import mpmath

    p, m = [], []
    for scale in (1.0, 1e-200, 3e5):
        for ratio in (0.5, 1 - 1 / 31, 1 - 1 / 33, 1 + 1 / 31, 1 + 1 / 33, 1 + 1e-3, 1 - 1e-9, 1.0, 1 + 2.0**-52, 7.0):
            p.append(scale * ratio)
            m.append(scale)
    p, m = [*p, 5e-324, 1e300], [*m, 1.0, 1e-300]
    found = divergence_terms(np.array(p), np.array(m))
    with mpmath.workdps(60):
        for a, b, value in zip(p, m, found, strict=True):
            true = mpmath.mpf(a) * mpmath.log(mpmath.mpf(a) / mpmath.mpf(b)) - mpmath.mpf(a) + mpmath.mpf(b)
            assert abs(mpmath.mpf(float(value)) - true) <= abs(true) * mpmath.mpf(3e-13) + mpmath.mpf(5e-324)
    assert divergence_terms(np.array([0.0, 0.0]), np.array([0.5, 0.0])).tolist() == [0.5, 0.0]
    assert np.isfinite(divergence_terms(np.array([1e-310, 1e-320]), np.array([0.0, 0.0]))).all()
