"""gamma_c: closed forms, brute force over posteriors, and what optima do on both sides of it."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from depth import examples
from hypothesis import example, given, settings
from scipy.optimize import minimize_scalar

import therml_exact as tx
from therml_exact.frontier.mixture.critical import critical
from therml_exact.testing import joints


def kl(p, q):
    return float(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0))


@pytest.mark.parametrize("crossover", [Fraction(1, 100), Fraction(1, 10), Fraction(1, 4), Fraction(49, 100)])
def test_binary_symmetric(crossover):
    found = critical(tx.EncoderProblem(tx.examples.binary_symmetric(crossover)))
    expected = 1 / (1 - 2 * float(crossover)) ** 2
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert expected * (1 - 2e-4) <= found.low <= expected
    for delta in (0.25, 0.9):
        again = critical(tx.EncoderProblem(tx.examples.binary_symmetric(crossover)), delta)
        assert again.value == pytest.approx((1 - delta) * expected, rel=1e-9)


def test_functions_independence_and_delta_beyond_one():
    function = tx.EncoderProblem(tx.Joint([["1/4", 0], ["1/4", 0], [0, "1/2"]], ("X", "Y")))
    assert critical(function).value == pytest.approx(1, abs=1e-12)
    independent = tx.EncoderProblem(tx.Joint([["1/6", "1/3"], ["1/6", "1/3"]], ("X", "Y")))
    assert critical(independent).value == math.inf
    assert critical(independent, 1.0).value == math.inf
    assert critical(function, 1.0).value == 0
    assert critical(function, 1.5) is None


def test_the_maximal_correlation_is_only_an_upper_bound():
    # An uneven binary channel: the best posterior is far from the prior.
    p = np.array([[0.94, 0.01], [0.001, 0.049]])
    problem = tx.EncoderProblem(tx.Joint(p / p.sum(), ("X", "Y")))
    cells = problem.cells[:, 0].astype(float)
    root = cells / np.sqrt(np.outer(cells.sum(axis=1), cells.sum(axis=0)))
    local = 1 / np.linalg.svd(root)[1][1] ** 2
    found = critical(problem)
    assert found.value < local * (1 - 1e-3)
    assert tx.minimize(problem, gamma=0.5 * (found.value + local)).point["R"] > 0.01


@settings(max_examples=examples(30), deadline=None)
@given(joints(max_size=3))
@example(tx.Joint([["3/17", "3/17", "2/17"], ["2/17", "4/17", "3/17"]], ("X", "Y")))
def test_against_all_posteriors_on_a_grid(joint):
    problem = tx.EncoderProblem(joint)
    cells = problem.cells[:, 0].astype(float)
    cells = cells[cells.sum(axis=1) > 0]
    px, py = cells.sum(axis=1), cells.sum(axis=0)
    found = critical(problem)
    best = math.inf
    for weights in np.ndindex(*(21,) * len(px)):
        if sum(weights) == 20:
            r = np.array(weights) / 20
            below = kl(r @ (cells / px[:, None]), py)
            if below > 1e-9:
                best = min(best, kl(r, px) / below)
    assert found.value <= best * (1 + 1e-9)
    assert found.low <= found.value
    if math.isfinite(found.value):
        assert found.low >= found.value * 0.98
        under, over = (tx.minimize(problem, gamma=found.value * k) for k in (0.99, 1.05))
        assert under.point["R"] <= 1e-7
        trivial = over.multipliers["gamma"] * -math.fsum(v * math.log(v) for v in py if v > 0)
        assert over.value < trivial - 1e-9 or found.value <= 1 + 1e-9


def exact(weights):
    total = sum(map(sum, weights))
    return tx.EncoderProblem(tx.Joint([[Fraction(v, total) for v in row] for row in weights], ("X", "Y")))


@pytest.mark.parametrize("delta", [0.0, 0.4])
@pytest.mark.parametrize(
    "weights",
    [
        [[3, 3, 2], [2, 4, 3]],  # the least ratio is 1e-4 below the limit at p, and 0.012 away from it
        [[10, 19], [2, 4]],  # nearly independent: gamma_c = 8148
        [[5, 6], [7, 8]],
        [[1, 2, 3], [3, 2, 1]],  # symmetric: the limit itself
        [[3, 1], [1, 20]],
    ],
)
def test_the_least_ratio_of_two_letters_on_a_fine_line(weights, delta):
    """With Theta trivial it is (1 - delta) times that of delta = 0; all posteriors are (s, 1 - s)."""
    rows = [[Fraction(v, sum(row)) for v in row] for row in weights]
    p = [Fraction(sum(row), sum(map(sum, weights))) for row in weights]
    y = [p[0] * a + p[1] * b for a, b in zip(*rows, strict=True)]

    def excess(base, more):  # sum p' log(p'/p) - p' + p at p' = base + more
        pairs = [(mpmath.mpf(q.numerator) / q.denominator, d) for q, d in zip(base, more, strict=True)]
        return sum((q + d) * mpmath.log((q + d) / q) - d if q + d else q for q, d in pairs)

    def ratio(s):
        with mpmath.workdps(50):
            d = mpmath.mpf(float(s)) - mpmath.mpf(p[0].numerator) / p[0].denominator
            d = mpmath.mpf(10) ** -20 if abs(d) < 1e-15 else d
            tells = [mpmath.mpf((a - b).numerator) / (a - b).denominator for a, b in zip(*rows, strict=True)]
            d = max(d, -mpmath.mpf(p[0].numerator) / p[0].denominator)
            d = min(d, mpmath.mpf(p[1].numerator) / p[1].denominator)
            return float(excess(p, [d, -d]) / excess(y, [d * v for v in tells]))

    at = float(p[0])
    line = np.concatenate([np.linspace(0, 1, 301), at + np.linspace(-0.05, 0.05, 102)])
    line = line[(line >= 0) & (line <= 1)]
    values = [ratio(s) for s in line]
    near = float(line[np.argmin(values)])
    least = minimize_scalar(ratio, bounds=(max(near - 1e-2, 0), min(near + 1e-2, 1)), method="bounded",
                            options={"xatol": 1e-9}).fun  # fmt: skip
    found = critical(exact(weights), delta)
    assert found.value == pytest.approx((1 - delta) * min(least, *values), rel=1e-8)
    assert found.value * (1 - 1.01e-4) <= found.low <= found.value


@pytest.mark.parametrize("delta", [0.0, 0.3, 0.7])
def test_with_theta_against_posteriors_at_random(delta):
    rng = np.random.default_rng(5)
    cells = rng.dirichlet(np.full(12, 0.5)).reshape(3, 2, 2)
    problem = tx.EncoderProblem(tx.Joint(cells, ("X", "Theta", "Y")))
    found = critical(problem, delta)
    p = cells.sum(axis=2)
    for r in rng.dirichlet(np.full(6, 0.3), size=4000).reshape(-1, 3, 2):
        y = np.einsum("xt,xty->y", r / p, cells)
        ratio = kl(r.ravel(), p.ravel()) - delta * kl(r.sum(axis=1), p.sum(axis=1))
        assert ratio >= found.value * kl(y, cells.sum(axis=(0, 1))) - 1e-12
    assert tx.minimize(problem, gamma=found.low, delta=delta).point["R"] <= 1e-6
    assert tx.minimize(problem, gamma=found.value * 1.05, delta=delta).point["R"] > 1e-3


def test_bayes_and_discriminative():
    bayes = tx.BayesProblem([0.3, 0.7], [[0.2, 0.8], [0.6, 0.4]], 6)
    other = tx.DiscriminativeProblem([0.3, 0.7], [[0.2, 0.8], [0.6, 0.4]], [[[0.2, 0.8], [0.6, 0.4]]] * 2, 2)
    for problem in (bayes, other):
        found = critical(problem)
        assert 0.999 * found.value <= found.low <= found.value
        assert tx.minimize(problem, beta=found.low).point["S"] <= 1e-6
        assert tx.minimize(problem, beta=found.value * 1.05).point["S"] > 1e-4
