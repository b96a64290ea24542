"""The sums over types against balls of 300 bits, brute force over data sets, and algebraic laws."""

import itertools
import math
import subprocess
import sys
from fractions import Fraction

import flint
import numpy as np
import pytest
from depth import seeds
from numba import njit

from therml_exact import exchangeable
from therml_exact.exchangeable import learned, predictive
from therml_exact.kernels.types import information as types_information
from therml_exact.kernels.types import walk as types_walk

RELATIVE = 1e-12

SPREAD = ([0.5, 0.3, 0.2], [[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])


def near(distance, k=4):
    base = np.array([0.4, 0.3, 0.2, 0.1, 0.15])[:k] / sum([0.4, 0.3, 0.2, 0.1, 0.15][:k])
    one = np.array([1, -1, 2, -2, 1.5])[:k]
    two = np.array([-1, -2, 1, 2, 0.25])[:k]
    rows = [base, base + distance * (one - one.mean()), base + distance * (two - two.mean())]
    return [0.5, 0.3, 0.2], [(row / row.sum()).tolist() for row in rows]


WORLDS = {
    "spread": SPREAD,
    "near 1e-2": near(1e-2),
    "near 1e-4": near(1e-4),
    "near 1e-7, two letters": near(1e-7, 2),
    "near 1e-9": near(1e-9, 3),
    "one far, two near": ([0.4, 0.3, 0.3], [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.1, 0.3 + 1e-9, 0.6 - 1e-9]]),
    "zeros": ([0.5, 0.25, 0.25], [[0.5, 0.5, 0, 0], [0, 0.5, 0.25, 0.25], [0.125, 0.375, 0.5, 0]]),
    "disjoint": ([0.25, 0.75], [[0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75]]),
    "letter nobody uses": ([0.5, 0.5], [[0.3, 0, 0.7], [0.6, 0, 0.4]]),
    "skewed prior": ([1 - 1e-6, 1e-6], [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]),
    "very skewed prior": ([1e-30, 1], [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]),
    "rare letters": ([0.5, 0.5], [[1e-20, 0.5, 0.5], [3e-12, 0.5, 0.5]]),
    "tiny letters": ([0.5, 0.5], [[1e-250, 0.5, 0.5], [1e-150, 0.4, 0.6]]),
    "one phi": ([1], [[0.2, 0.3, 0.5]]),
    "one letter": ([0.5, 0.5], [[1], [1]]),
    "two letters, four phi": ([0.1, 0.2, 0.3, 0.4], [[0.9, 0.1], [0.5, 0.5], [0.3, 0.7], [0.05, 0.95]]),
    "five letters": ([0.5, 0.25, 0.25], [[0.1, 0.2, 0.3, 0.2, 0.2], [0.2] * 5, [0.5, 0.2, 0.1, 0.1, 0.1]]),
    "rationals": (
        [Fraction(1, 3), Fraction(2, 3)],
        [
            [Fraction(1, 7), Fraction(6, 7)],
            [Fraction(1, 7) + Fraction(1, 10**12), Fraction(6, 7) - Fraction(1, 10**12)],
        ],
    ),
}


# --- oracles ------------------------------------------------------------------------------------------------------


def exact(row):
    row = [Fraction(value) for value in row]
    return [value / sum(row) for value in row]


def ball(x):
    return flint.arb(flint.fmpq(x.numerator, x.denominator))


def types(n, k):
    for bars in itertools.combinations(range(n + k - 1), k - 1):
        ends = (-1, *bars, n + k - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def oracle(prior, letters, n, bits=400):
    """I_pred as the sum over all types, in ball arithmetic."""
    before, flint.ctx.prec = flint.ctx.prec, bits
    try:
        weights = exact(prior)
        keep = [f for f, w in enumerate(weights) if w]
        weights = [ball(weights[f]) for f in keep]
        rows = [[ball(p) for p in exact(letters[f])] for f in keep]
        k = len(rows[0])
        powers = [[[p**i / math.factorial(i) for i in range(n + 1)] for p in row] for row in rows]
        total = flint.arb(0)
        for t in types(n, k):
            each = []
            for power in powers:
                x = power[0][t[0]]
                for c in range(1, k):
                    x = x * power[c][t[c]]
                each.append(x)
            mean = sum((w * x for w, x in zip(weights, each, strict=True)), flint.arb(0))
            for w, x in zip(weights, each, strict=True):
                if x > 0:
                    total += w * x * (x / mean).log()
        total *= math.factorial(n)
        assert float(total.rad()) < 1e-40
        return total
    finally:
        flint.ctx.prec = before


def distance(value, truth):
    before, flint.ctx.prec = flint.ctx.prec, 400
    try:
        return abs(float((flint.arb(value) - truth).mid()))
    finally:
        flint.ctx.prec = before


def mutual(table):
    """I of a table of rationals, each logarithm from a ball."""
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    before, flint.ctx.prec = flint.ctx.prec, 300
    try:
        total = flint.arb(0)
        for row, r in zip(table, rows, strict=True):
            for p, c in zip(row, columns, strict=True):
                if p:
                    total += ball(p) * ball(p / (r * c)).log()
        return total
    finally:
        flint.ctx.prec = before


def data_sets(prior, letters, n):
    """p(phi) p(data|phi) for every data set, in rationals."""
    weights, rows = exact(prior), [exact(row) for row in letters]
    sets = list(itertools.product(range(len(rows[0])), repeat=n))
    both = zip(weights, rows, strict=True)
    return sets, [[w * math.prod((row[c] for c in data), start=Fraction(1)) for data in sets] for w, row in both]


def check(value, error, truth):
    assert distance(value, truth) <= error
    assert error <= RELATIVE * float(truth) or error < 1e-190 or float(truth) == 0
    assert distance(value, truth) <= RELATIVE * abs(float(truth)) or error < 1e-190


# --- predictive ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 10, 40])
@pytest.mark.parametrize("name", WORLDS)
def test_types_in_balls(name, n):
    prior, letters = WORLDS[name]
    n = min(n, 20) if name == "five letters" else n
    check(*predictive(prior, letters, n), oracle(prior, letters, n))


@pytest.mark.parametrize("name", ["spread", "near 1e-4", "near 1e-7, two letters", "near 1e-9", "one far, two near",
                                  "zeros", "skewed prior", "rare letters", "two letters, four phi",
                                  "rationals"])  # fmt: skip
def test_hundred_samples(name):
    prior, letters = WORLDS[name]
    check(*predictive(prior, letters, 100), oracle(prior, letters, 100, 250))


@pytest.mark.parametrize("seed", seeds(40))
def test_random_worlds_in_both_forms(seed):
    rng = np.random.default_rng(seed)
    k, width = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    n = int(rng.integers(1, [0, 0, 60, 30, 14, 9][k]))
    letters = rng.dirichlet(np.full(k, 0.5), width)
    letters[rng.random(letters.shape) < 0.2] = 0
    letters[:, 0] += 1e-3
    if seed % 3 == 0:
        letters = letters[:1] * (1 + 10.0 ** -rng.integers(1, 8) * rng.random(letters.shape))
    letters /= letters.sum(axis=1, keepdims=True)
    prior = rng.dirichlet(np.full(width, 0.4))
    truth = oracle(prior.tolist(), letters.tolist(), n)
    check(*predictive(prior, letters, n), truth)
    weights, rows = exchangeable._merge(*exchangeable._read(prior, letters))
    sums = exchangeable._Sums(weights, rows, n)
    entropy = float(exchangeable._entropy(weights))
    for value, error in (
        exchangeable._by_equivocation(sums, entropy),
        exchangeable._by_divergence(sums, entropy, exchangeable._letter_information(weights, rows)),
    ):
        assert distance(value, truth) <= error


@pytest.mark.parametrize("name", ["spread", "zeros", "rationals", "two letters, four phi", "disjoint"])
@pytest.mark.parametrize("n", [1, 3, 5])
def test_data_sets(name, n):
    prior, letters = WORLDS[name]
    _, joint = data_sets(prior, letters, n)
    check(*predictive(prior, letters, n), mutual(joint))


def test_exact_constants():
    assert predictive(*SPREAD, 0) == (0.0, 0.0)
    assert predictive(*WORLDS["one phi"], 1000) == (0.0, 0.0)
    assert predictive([0.5, 0.5], [[0.2, 0.8], [0.2, 0.8]], 50) == (0.0, 0.0)
    assert predictive([0.5, 0.5], [[1, 0], [0, 1]], 7)[0] == math.log(2)
    # A coin that is fair, or has two heads: all is open after n heads, p = (2^-n + 1)/2.
    n, p = 9, (2.0**-9 + 1) / 2
    open_ = -sum(x * math.log(x / p) for x in (2.0**-10, 0.5))
    assert predictive([0.5, 0.5], [[0.5, 0.5], [1, 0]], n)[0] == pytest.approx(math.log(2) - open_, rel=1e-14)


@pytest.mark.parametrize("name", WORLDS)
def test_laws(name):
    prior, letters = WORLDS[name]
    entropy = float(exchangeable._entropy(exchangeable._read(prior, letters)[0])) if len(prior) > 1 else 0.0
    values = [predictive(prior, letters, n) for n in range(14)]
    for (a, da), (b, db) in itertools.pairwise(values):
        assert b >= a - da - db
    for (a, da), (b, db), (c, dc) in zip(values, values[1:], values[2:], strict=False):
        assert 2 * b >= a + c - da - 2 * db - dc
    for n in (5, 60, 200):
        if len(letters[0]) < 5 or n < 200:
            value, error = predictive(prior, letters, n)
            assert -error <= value <= entropy * (1 + 1e-12) + error


def test_permutations():
    prior, letters = SPREAD
    value, error = predictive(prior, letters, 50)
    for order in itertools.permutations(range(4)):
        other, bound = predictive(prior, np.array(letters)[:, order], 50)
        assert abs(value - other) <= error + bound
    for order in itertools.permutations(range(3)):
        other, bound = predictive(np.array(prior)[list(order)], np.array(letters)[list(order)], 50)
        assert abs(value - other) <= error + bound


def raw(prior, letters, n):
    """Form (A) and form (B) without merging anything first."""
    weights, rows = exchangeable._read(prior, letters)
    sums = exchangeable._Sums(weights, rows, n)
    entropy = float(exchangeable._entropy(weights))
    yield exchangeable._by_equivocation(sums, entropy)
    yield exchangeable._by_divergence(sums, entropy, exchangeable._letter_information(weights, rows))


@pytest.mark.parametrize("n", [6, 60])
def test_a_split_changes_nothing(n):
    prior, letters = [0.5, 0.5], [[0.25, 0.75], [0.625, 0.375]]
    value, error = predictive(prior, letters, n)
    split = [[0.25, 0.25, 0.5], [0.625, 0.125, 0.25]]
    assert predictive(prior, [[0.25, 0.1875, 0.5625], [0.625, 0.09375, 0.28125]], n) == (value, error)
    for other, bound in (*raw(prior, split, n), *raw([0.5, 0.25, 0.25], [letters[0], letters[1], letters[1]], n)):
        # A phi that is split raises H(Phi) and not I.
        assert abs(other - value) <= error + bound


@pytest.mark.parametrize("delta", [1e-1, 1e-2, 1e-4, 1e-7])
@pytest.mark.parametrize("name", ["spread", "zeros", "two letters, four phi", "near 1e-2", "skewed prior"])
def test_skipping_is_on_the_proven_side(name, delta, monkeypatch):
    """With a delta large enough to see, (A) is above I_pred and (B) below, by no more than they say."""
    prior, letters = WORLDS[name]
    n = 30
    truth = float(oracle(prior, letters, n).mid())
    weights, rows = exchangeable._merge(*exchangeable._read(prior, letters))
    sums = exchangeable._Sums(weights, rows, n)
    entropy = float(exchangeable._entropy(weights))
    monkeypatch.setattr(exchangeable, "DELTA", delta)
    above, error = exchangeable._by_equivocation(sums, entropy)
    assert truth - 1e-12 <= above <= truth + error
    below, error = exchangeable._by_divergence(sums, entropy, entropy)
    assert truth - error <= below <= truth + 1e-12


@pytest.mark.parametrize("seed", seeds(12))
def test_forms_agree_where_no_oracle_reaches(seed):
    rng = np.random.default_rng([7, seed])
    k, width = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    base = rng.dirichlet(np.ones(k))
    letters = base * (1 + 0.1 ** (1 + seed % 2) * rng.random((width, k)))
    letters /= letters.sum(axis=1, keepdims=True)
    (a, da), (b, db) = raw(rng.dirichlet(np.ones(width)), letters, 700)
    assert abs(a - b) <= da + db
    assert db <= RELATIVE * b


def test_differences_below_every_float():
    tiny = Fraction(1, 10**170)
    letters = [[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 3) + tiny, Fraction(2, 3) - tiny]]
    value, error = predictive([Fraction(1, 2)] * 2, letters, 10)
    assert value == 0.0
    assert 0.0 < error < 1e-270


def test_skipping_saves():
    weights, rows = exchangeable._read(*SPREAD)
    sums = exchangeable._Sums(weights, rows, 2000)
    walk, count = sums.walk(exchangeable.DELTA, 2, sums.constant)
    assert types_walk.count_types(walk, 10**12) <= count
    assert count < sums.types / 8


@pytest.mark.parametrize(
    "q", [Fraction(1, 2), Fraction(1, 10), Fraction(999, 1000), Fraction(1, 10**6), *map(Fraction, (0, 1))]
)
@pytest.mark.parametrize("budget", [2.0, 10.0, 40.0])
def test_intervals_hold_what_they_say(q, budget):
    size = 41
    low, high = (np.empty((1, 1, size), dtype=np.int64) for _ in range(2))
    types_walk.fill_intervals(np.array([[float(q)]]), np.array([[float(1 - q)]]), budget, low, high)
    for m in range(size):
        a, b = low[0, 0, m], high[0, 0, m]
        outside = sum(math.comb(m, x) * q**x * (1 - q) ** (m - x) for x in range(m + 1) if not a <= x <= b)
        assert 0 <= a <= b <= m
        assert outside <= 2 * math.exp(-budget)


def test_tables_are_rounded_once():
    prior, letters = SPREAD
    n = 120
    weights, rows = exchangeable._read(prior, letters)
    sums = exchangeable._Sums(weights, rows, n)
    flint.ctx.prec, before = 300, flint.ctx.prec
    try:
        for c, f in itertools.product(range(4), range(3)):
            mean = n * sums.rows[f][c]
            mode = int(float(mean))
            table = sums.table[c, f] if c < 3 else sums.table[c, f, ::-1]
            for x in range(n + 1):
                truth = ball(mean) ** (x - mode) * math.factorial(mode) / math.factorial(x)
                assert distance(table[x], truth) <= 2.0**-53 * float(truth.mid()) * (1 + 1e-9)
        for f in range(3):
            truth = math.factorial(n) / ball(Fraction(n)) ** n
            for p in sums.rows[f]:
                truth *= ball(n * p) ** int(float(n * p)) / math.factorial(int(float(n * p)))
            assert distance(sums.constant[f], truth) <= 2.0**-53 * float(truth.mid()) * (1 + 1e-9)
    finally:
        flint.ctx.prec = before


@njit(fastmath=True, error_model="numpy")
def reckless_expm1(x, out):
    for j in range(x.size):
        out[j] = types_information._expm1(x[j])


def test_expm1_inside_a_reckless_caller():
    x = np.concatenate([np.linspace(-0.5, 0.5, 20001), 10.0 ** -np.arange(1, 300), -(10.0 ** -np.arange(1, 300))])
    out = np.empty_like(x)
    reckless_expm1(x, out)
    np.testing.assert_allclose(out, np.expm1(x), rtol=8 * 2.0**-53, atol=0)


# --- learned ------------------------------------------------------------------------------------------------------


def posterior(prior, letters):
    weights, rows = np.array(prior, float), np.array(letters, float)

    def rule(counts):
        joint = weights * np.prod(rows[None] ** counts[:, None, :], axis=2)
        return joint / joint.sum(axis=1, keepdims=True)

    return rule


@pytest.mark.parametrize("name", ["spread", "zeros", "two letters, four phi", "five letters", "letter nobody uses"])
@pytest.mark.parametrize(("n", "block"), [(1, 1), (4, 3), (5, 1000)])
def test_learned_over_data_sets(name, n, block):
    prior, letters = WORLDS[name]
    rule = posterior(prior, letters)
    sets, joint = data_sets(prior, letters, n)
    counts = np.array([[data.count(c) for c in range(len(letters[0]))] for data in sets])
    p = np.array([[float(x) for x in row] for row in joint])
    kept = p.sum(axis=0) > 0
    p, answer = p[:, kept], rule(counts[kept])

    def information(table):
        outer = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
        return math.fsum(x * math.log(x / y) for x, y in zip(table.flat, outer.flat, strict=True) if x > 0)

    result = learned(prior, letters, n, rule, block=block)
    assert result.theta_type == pytest.approx(information(p.sum(axis=0)[:, None] * answer), abs=result.error + 1e-14)
    assert result.theta_phi == pytest.approx(information(p @ answer), abs=result.error + 1e-14)
    assert result.type_phi == pytest.approx(float(mutual(joint).mid()), abs=result.error)
    theta = (p @ answer).sum(axis=0)
    assert result.theta == pytest.approx(-sum(x * math.log(x) for x in theta if x > 0), abs=result.error + 1e-14)
    assert result.error < 1e-12


def test_learned_everything_and_nothing():
    prior, letters = [0.5, 0.5], [[0.3, 0.7], [0.6, 0.4]]
    n = 25
    everything = learned(prior, letters, n, lambda counts: np.eye(n + 1)[counts[:, 0]])
    assert everything.theta_phi == pytest.approx(predictive(prior, letters, n)[0], abs=everything.error)
    assert everything.theta_type == pytest.approx(everything.theta, abs=everything.error)
    nothing = learned(prior, letters, n, lambda counts: np.full((len(counts), 3), 1 / 3))
    assert nothing.theta_type == pytest.approx(0, abs=nothing.error)
    assert nothing.theta_phi == pytest.approx(0, abs=nothing.error)
    assert nothing.theta == pytest.approx(math.log(3), abs=nothing.error)


@pytest.mark.parametrize("n", [0, 1, 30, 120])
def test_learned_processes_data(n):
    prior, letters = SPREAD
    result = learned(prior, letters, n, posterior(prior, letters))
    assert result.theta_phi <= result.type_phi + 2 * result.error
    assert result.theta_phi <= result.theta_type + 2 * result.error
    assert result.theta_type <= result.theta + 2 * result.error
    small = learned(prior, letters, n, posterior(prior, letters), block=777)
    assert small.theta_type == pytest.approx(result.theta_type, abs=result.error)


# --- the door -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "letters", "n", "message"),
    [
        ([0.5, 0.5], [[1.0]], 3, "shape"),
        ([0.5, 0.5], [[0.5, 0.5], [0.5, 0.4]], 3, "distribution"),
        ([0.5, 0.5], [[0.5, 0.5], [1.5, -0.5]], 3, "distribution"),
        ([math.nan, 0.5], [[0.5, 0.5], [0.5, 0.5]], 3, "finite"),
        ([math.inf, 0.5], [[0.5, 0.5], [0.5, 0.5]], 3, "finite"),
        (*SPREAD, 10**9, "tables"),
        (*near(1e-3, 5), 20_000, "types"),
    ],
)
def test_refusals(prior, letters, n, message):
    with pytest.raises(ValueError, match=message):
        predictive(prior, letters, n)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda counts: np.ones(len(counts)), "shape"),
        (lambda counts: np.ones((len(counts), 2)), "distributions"),
        (lambda counts: np.full((len(counts), 2), math.nan), "distributions"),
        (lambda counts: np.ones((1, 1)), "shape"),
    ],
)
def test_rules_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        learned(*SPREAD, 5, rule)


def test_numba_waits_until_it_is_needed():
    code = "import sys; import therml_exact.exchangeable; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
