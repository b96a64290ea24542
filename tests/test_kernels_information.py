"""The kernels against slow oracles: exact marginals in rationals, logarithms with fifty digits, sums by math.fsum."""

import itertools
import math
import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from numba import njit

from therml_exact.kernels.information import lattice
from therml_exact.kernels.information.divergence import NEAR, divergence_run
from therml_exact.kernels.information.entropy import entropy_kernel, plogp_sum_kernel
from therml_exact.kernels.information.lattice import entropy_vector_kernel
from therml_exact.kernels.information.logarithm import log, plogp
from therml_exact.kernels.information.multi_information import multi_information_kernel
from therml_exact.kernels.information.mutual_information import mutual_information_kernel
from therml_exact.numbers.weights import _flat

EPS = 2.0**-52
MULTI_INFORMATION = 1e-14
ENTROPY_VECTOR = 1e-13
NEAR_INDEPENDENCE = 1e-12  # relative

SHAPES = [
    (1,), (5,), (1, 1), (1, 4), (2, 2), (3, 1, 2), (2, 3, 4), (7, 5), (1, 2, 1, 3, 1), (5, 1, 5, 2), (2,) * 7, (3,) * 5,
    (9, 8, 7), (17, 31), (4, 4, 4, 4), (2, 3, 2, 5, 3), (6,) * 4, (33, 9), (200, 3), (3, 200), (2, 600), (600, 2),
]  # fmt: skip


def flat(p):
    """The cells as the library hands them over: flat, and never frozen, so that each kernel is compiled once."""
    return _flat(p)


def plogp_sum(p):
    return plogp_sum_kernel(flat(p))


def entropy(p):
    return entropy_kernel(flat(p))


def multi_information(p):
    return multi_information_kernel(flat(p), np.array(p.shape, np.int64))[0]


def mutual_information(p):
    return mutual_information_kernel(flat(p), *p.shape, *(1,) * (3 - p.ndim))[0]


def entropy_vector(p):
    out = np.empty(1 << p.ndim)
    entropy_vector_kernel(flat(p), np.array(p.shape, np.int64), out)
    return out


# --- worlds -------------------------------------------------------------------------------------------------------


def world(kind, shape, seed=0):
    rng = np.random.default_rng([seed, *shape])
    size = math.prod(shape)
    match kind:
        case "dirichlet":
            p = rng.dirichlet(np.ones(size))
        case "spiky":
            p = rng.gamma(0.05, size=size) + 1e-300
            p /= p.sum()
        case "sparse":
            p = rng.dirichlet(np.ones(size)) * (rng.random(size) < 0.3)
            p[rng.integers(size)] += 0.5
            p /= p.sum()
        case "deterministic":
            p = np.zeros(size)
            p[rng.integers(size)] = 1.0
        case "uniform":
            p = np.full(size, 1.0 / size)
        case "unnormalised":
            p = rng.dirichlet(np.ones(size)) * (1.0 + 1e-13)
        case "subnormal":
            p = rng.dirichlet(np.ones(size))
            p[rng.random(size) < 0.5] = 5e-324 * rng.integers(1, 1000)
            p[0] = 1.0
            p /= p.sum()
        case "copy":
            p = np.zeros(shape)
            for i in range(min(shape)):
                p[(i,) * len(shape)] = rng.random() + 0.1
            p = p.reshape(-1) / p.sum()
    return np.ascontiguousarray(p.reshape(shape))


KINDS = ["dirichlet", "spiky", "sparse", "deterministic", "uniform", "unnormalised", "subnormal", "copy"]


def nearly_independent(shape, amplitude, seed=0):
    """A product of marginals times (1 + amplitude noise)."""
    rng = np.random.default_rng(seed)
    p = np.ones(shape)
    for axis, k in enumerate(shape):
        q = rng.dirichlet(5.0 * np.ones(k))
        p *= q.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return p * (1.0 + amplitude * rng.uniform(-1.0, 1.0, shape))


# --- oracles ------------------------------------------------------------------------------------------------------


def exact_marginal(p, axes):
    """{values of the axes: Fraction}."""
    table = {}
    for x in itertools.product(*map(range, p.shape)):
        key = tuple(x[a] for a in axes)
        table[key] = table.get(key, Fraction(0)) + Fraction(float(p[x]))
    return table


def mp_plogp(masses):
    with mpmath.workdps(50):
        terms = [mpmath.mpf(m.numerator) / m.denominator for m in masses if m > 0]
        return mpmath.fsum(t * mpmath.log(t) for t in terms)


def exact_entropy(p, axes):
    table = exact_marginal(p, axes)
    total = sum(table.values())
    with mpmath.workdps(50):
        return -mp_plogp(m / total for m in table.values())


def exact_multi_information(p):
    with mpmath.workdps(50):
        everything = exact_entropy(p, range(p.ndim))
        return mpmath.fsum(exact_entropy(p, [axis]) for axis in range(p.ndim)) - everything


def exact_mutual_information(p):
    p = p.reshape(*p.shape, 1) if p.ndim == 2 else p
    with mpmath.workdps(50):
        return exact_entropy(p, [0, 2]) + exact_entropy(p, [1, 2]) - exact_entropy(p, [2]) - exact_entropy(p, [0, 1, 2])


def fsum_entropy(p):
    """H(p/s) by correctly rounded sums of rounded terms, for tables too large for rationals."""
    cells = p.reshape(-1)
    cells = cells[cells > 0]
    total = math.fsum(cells)
    return math.log(total) - math.fsum(cells * np.log(cells)) / total


def fsum_marginal(p, kept):
    """The marginal on the kept axes, every cell by a correctly rounded sum."""
    order = [*kept, *(a for a in range(p.ndim) if a not in kept)]
    rows = p.transpose(order).reshape(math.prod(p.shape[a] for a in kept), -1)
    return np.array([math.fsum(row) for row in rows])


# --- logarithm ----------------------------------------------------------------------------------------------------


@njit(fastmath=False, error_model="numpy")
def strict_caller(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


@njit(fastmath=True, error_model="numpy")
def fast_caller(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


@njit(fastmath=True, error_model="numpy")
def fast_plogp(x, out):
    for i in range(x.size):
        out[i] = plogp(x[i])


def log_arguments():
    rng = np.random.default_rng(1)
    return np.concatenate([
        rng.random(4000),
        10.0 ** rng.uniform(-307.6, 0.0, 4000),
        10.0 ** rng.uniform(0.0, 308.2, 1000),
        1.0 + rng.normal(size=2000) * 10.0 ** rng.uniform(-16.0, -1.0, 2000),
        rng.uniform(0.6, 1.5, 4000),
        np.nextafter(math.sqrt(0.5) * np.ones(2), [0.0, 1.0]),
        np.nextafter(math.sqrt(2.0) * np.ones(2), [0.0, 2.0]),
        [1.0, np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0), 2.0**-1022, 0.5, 2.0],
    ])  # fmt: skip


@pytest.mark.parametrize("caller", [strict_caller, fast_caller])
def test_log_is_within_one_ulp_in_callers_of_any_fastmath(caller):
    x = log_arguments()
    out = np.empty_like(x)
    caller(x, out)
    with mpmath.workdps(50):
        for value, got in zip(x.tolist(), out.tolist(), strict=True):
            exact = mpmath.log(value)
            assert abs(got - exact) <= math.ulp(float(exact)), value


def test_plogp_is_within_two_ulp():
    x = log_arguments()
    x = x[x < 1e300]
    out = np.empty_like(x)
    fast_plogp(x, out)
    with mpmath.workdps(50):
        for value, got in zip(x.tolist(), out.tolist(), strict=True):
            exact = value * mpmath.log(value)
            assert abs(got - exact) <= 2 * math.ulp(float(exact)), value


def test_zero_subnormal_and_invalid_arguments_stay_finite():
    x = np.array([0.0, 5e-324, 1e-310, np.nextafter(2.0**-1022, 0.0), -0.0, np.inf, np.nan, -1.0, 1.7e308])
    for caller in (strict_caller, fast_caller):
        out = np.empty_like(x)
        caller(x, out)
        assert np.isfinite(out).all()
        assert np.all(out[:4] >= -1023.0001 * math.log(2.0))
        assert np.all(out[:4] <= -1021.9999 * math.log(2.0))
    fast_plogp(x[:5].copy(), out[:5])
    assert out[0] == 0.0 and np.all(np.abs(out[:5]) < 1e-304)


def test_log_is_monotone_at_the_seam_of_the_reduction():
    seam = math.sqrt(0.5)
    x = seam + np.arange(-200, 200) * math.ulp(seam)
    out = np.empty_like(x)
    strict_caller(x, out)
    assert np.all(np.diff(out) >= -math.ulp(0.35))


# --- entropy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_plogp_sum_and_entropy(kind, shape):
    p = world(kind, shape)
    masses = [Fraction(float(x)) for x in p.reshape(-1)]
    assert abs(plogp_sum(p) - mp_plogp(masses)) <= 1e-15 * (1.0 + abs(plogp_sum(p)))
    assert abs(entropy(p) - exact_entropy(p, range(p.ndim))) <= 2e-15 * (1.0 + entropy(p))


@pytest.mark.parametrize("size", [65536, 1000003])
def test_long_sums_keep_their_digits(size):
    for p in (np.full(size, 1.0 / size), np.random.default_rng(2).dirichlet(np.ones(size))):
        exact = p.size * (p[0] * mpmath.log(p[0])) if p[0] == p[1] else math.fsum(p * np.log(p))
        # A run of 512 cells is added in lanes: 32 additions each with four vectors of four (AVX2), fewer where wider.
        assert abs(plogp_sum(p) - exact) <= MULTI_INFORMATION + 32 * 2.0**-53 * abs(exact)


# --- multi-information --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_multi_information(kind, shape):
    p = world(kind, shape)
    got = multi_information(p)
    assert got >= 0.0
    assert abs(got - exact_multi_information(p)) <= MULTI_INFORMATION


@pytest.mark.parametrize(
    "shape", [(6,) * 5, (2,) * 16, (4,) * 9, (3,) * 10, (7, 11, 13, 5), (1000, 100), (50, 3, 7, 64)]
)
@pytest.mark.parametrize("kind", ["dirichlet", "sparse", "uniform", "spiky", "subnormal"])
def test_multi_information_of_large_tables(kind, shape):
    p = world(kind, shape)
    exact = math.fsum([fsum_entropy(fsum_marginal(p, [axis])) for axis in range(p.ndim)] + [-fsum_entropy(p)])
    assert abs(multi_information(p) - exact) <= MULTI_INFORMATION + 4 * EPS * abs(math.log(p.size))


def test_multi_information_returns_the_sum_and_accepts_read_only_tables():
    p = 3.0 * world("dirichlet", (4, 5, 6))
    p.flags.writeable = False
    value, total = multi_information_kernel(flat(p), np.array(p.shape))
    assert total == pytest.approx(3.0, rel=4 * EPS)
    assert abs(value - exact_multi_information(p)) <= MULTI_INFORMATION


@pytest.mark.parametrize("amplitude", [0.1, 3e-3, 1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("shape", [(2, 2), (6, 6, 6), (2,) * 9, (30, 17), (3, 5, 7, 2), (5, 1, 9)], ids=str)
def test_multi_information_near_independence(shape, amplitude):
    p = nearly_independent(shape, amplitude)
    exact = exact_multi_information(p)
    got = multi_information(p)
    # the rounding of q is of the order of one ulp, that is EPS / amplitude of p - q
    relative = max(NEAR_INDEPENDENCE, 8 * EPS / amplitude)
    assert abs(got - exact) <= relative * exact


def test_relative_error_at_half_a_millionth():
    for seed in range(10):
        p = nearly_independent((6, 6, 6, 6), 1.8e-3, seed)
        exact = exact_multi_information(p)
        assert 2e-7 < exact < 1e-6
        assert abs(multi_information(p) - exact) <= NEAR_INDEPENDENCE * exact


def test_product_tables_have_next_to_no_information():
    for shape in [(5, 7), (4,) * 5, (2,) * 12]:
        assert 0.0 <= multi_information(nearly_independent(shape, 0.0)) <= 1e-30


# --- mutual information -------------------------------------------------------------------------------------------

TRIPLES = [
    (2, 2), (5, 7), (7, 5), (2, 300), (300, 2), (1, 6), (6, 1), (2, 2, 2), (3, 4, 5), (5, 4, 3), (2, 40, 7), (40, 2, 7),
    (2, 3, 1100), (3, 2, 1100), (1, 3, 4), (2, 3, 1), (2, 900, 2), (900, 2, 2),
]  # fmt: skip


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "copy"])
@pytest.mark.parametrize("shape", TRIPLES, ids=str)
def test_mutual_information(kind, shape):
    p = world(kind, shape)
    got = mutual_information(p)
    assert got >= 0.0
    assert abs(got - exact_mutual_information(p)) <= MULTI_INFORMATION


@pytest.mark.parametrize("amplitude", [1e-1, 1e-3, 1e-5])
@pytest.mark.parametrize("shape", [(2, 2, 2), (6, 5, 4), (2, 300), (300, 2), (2, 3, 1100), (3, 100, 3)], ids=str)
def test_mutual_information_near_independence(shape, amplitude):
    p = nearly_independent(shape, amplitude)
    exact = exact_mutual_information(p)
    relative = max(NEAR_INDEPENDENCE, 8 * EPS / amplitude)
    assert abs(mutual_information(p) - exact) <= relative * exact


def test_of_two_axes_it_is_the_multi_information():
    for shape in [(3, 8), (100, 90), (2, 5000), (5000, 2)]:
        p = world("dirichlet", shape)
        assert mutual_information(p) == pytest.approx(multi_information(p), abs=MULTI_INFORMATION)


@njit(error_model="numpy")
def one_term(p, u, v):
    return divergence_run(np.array([p]), np.array([u]), np.array([v]))


def test_the_divergence_term_across_the_seam():
    with mpmath.workdps(50):
        for ratio in [0.0, 1e-300, 0.1, 0.7, 0.7072, 0.9, 1 - 1e-9, 1.0, 1 + 1e-5, 1.3, 1.4141, 1.4143, 2.0, 1e10]:
            p, q = 0.3 * ratio, 0.3
            exact = (p * mpmath.log(mpmath.mpf(p) / q) if p else 0) - mpmath.mpf(p) + q
            assert abs(one_term(p, q, 1.0) - exact) <= 1e-14 * exact
    assert pytest.approx((3 - 2 * math.sqrt(2)) ** 2, rel=1e-12) == NEAR
    assert one_term(0.0, 0.0, 1.0) == 0.0
    assert 0.0 <= one_term(1e-300, 1e-300, 1e-300) < 1e-296


# --- lattice ------------------------------------------------------------------------------------------------------


def exact_vector(p):
    return [exact_entropy(p, [a for a in range(p.ndim) if mask >> a & 1]) for mask in range(1 << p.ndim)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) < 7], ids=str)
def test_entropy_vector(kind, shape):
    p = world(kind, shape)
    got = entropy_vector(p)
    assert got[0] == 0.0 and got.min() >= 0.0
    assert max(abs(a - b) for a, b in zip(got.tolist(), exact_vector(p), strict=True)) <= ENTROPY_VECTOR


@pytest.mark.parametrize(
    "shape",
    [(2,) * 12, (3,) * 8, (4,) * 7, (2, 3, 4, 5, 2, 3, 4), (30, 40, 50), (5, 1, 6, 7, 1, 8), (300, 2, 100),
     (2, 5000, 3), (6,) * 6, (100, 3, 3, 3, 3), (3, 3, 3, 3, 100), (17, 18, 19), (70000, 2)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["dirichlet", "sparse", "uniform"])
def test_entropy_vector_of_large_tables(kind, shape):
    p = world(kind, shape)
    got = entropy_vector(p)
    rng = np.random.default_rng(3)
    masks = range(1 << p.ndim) if p.ndim < 8 else rng.choice(1 << p.ndim, 60, replace=False)
    for mask in masks:
        kept = [a for a in range(p.ndim) if mask >> a & 1]
        assert abs(got[mask] - fsum_entropy(fsum_marginal(p, kept))) <= ENTROPY_VECTOR, kept


def test_entropy_vector_against_reductions_where_blocks_and_chains_meet(monkeypatch):
    p = world("dirichlet", (2,) * 16)
    got = entropy_vector(p)
    assert got[-1] == pytest.approx(fsum_entropy(p), abs=ENTROPY_VECTOR)
    rng = np.random.default_rng(4)
    for mask in rng.choice(1 << 16, 150, replace=False):
        lost = tuple(a for a in range(16) if not mask >> a & 1)
        assert abs(got[mask] - fsum_entropy(p.sum(axis=lost))) <= ENTROPY_VECTOR


def test_the_table_is_left_alone():
    p = world("dirichlet", (3,) * 9)
    before = p.copy()
    entropy_vector(p)
    multi_information(p)
    assert np.array_equal(p, before)


def test_the_chain_of_tables_fits_the_work_space():
    for axes in [(2,) * 10, (2, 3, 5), (5, 3, 2), (7,), (2, 9, 2, 9, 2)]:
        chains = [
            sum(1.0 / math.prod(removed[-i:]) for i in range(1, r + 1))
            for r in range(len(axes) + 1)
            for removed in itertools.combinations(axes, r)
        ]
        assert lattice._chain(np.array(axes)) == pytest.approx(max(chains), rel=1e-12)
        assert max(chains) <= 1.0


# --- compiled code ------------------------------------------------------------------------------------------------


def test_the_cache_serves_a_second_process():
    multi_information(world("dirichlet", (2, 3)))
    code = (
        "import numpy as np\n"
        "from therml_exact.kernels.information.multi_information import multi_information_kernel\n"
        "cells = np.full(6, 1 / 6)\n"
        "multi_information_kernel(cells, np.array([2, 3]))\n"
        "stats = multi_information_kernel.machine.stats\n"
        "assert sum(stats.cache_hits.values()) == 1 and not stats.cache_misses, stats\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
