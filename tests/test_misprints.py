"""Printed forms that are false: each has a smallest example that shows it. Exact where it is rational."""

import itertools
import math
from fractions import Fraction

import numpy as np

VARIABLES = ("D", "C", "S", "delta", "gamma", "sigma")


def derivative(hessian, of, wrt, held):
    """(d of / d wrt) with two variables held, on a quadratic R(D, C, S), gamma = -R_C ...; None where undefined."""
    rows = {name: [Fraction(int(i == k)) for i in range(3)] for k, name in enumerate("DCS")}
    rows |= {name: [-Fraction(v) for v in hessian[k]] for k, name in enumerate(("delta", "gamma", "sigma"))}

    def det(a, b, c):
        return sum(
            sign * a[i] * b[j] * c[k]
            for (i, j, k), sign in zip(itertools.permutations(range(3)), (1, -1, -1, 1, 1, -1), strict=True)
        )

    fixed = [rows[name] for name in held]
    below = det(rows[wrt], *fixed)
    return None if below == 0 else det(rows[of], *fixed) / below


def hessians():
    rng = np.random.default_rng(0)
    for _ in range(50):
        a = rng.integers(-4, 5, (3, 3))
        yield [[Fraction(int(v), 2) for v in row] for row in a + a.T]


def test_85_93_printed_maxwell_relations_fail():
    """(85): the left side must vary sigma, not S; (93): the left side must vary S, not sigma. Either third variable."""
    failed = {85: 0, 93: 0}
    for h in hessians():
        right_85 = derivative(h, "S", "D", ("sigma", "C"))
        if right_85 is not None:
            assert derivative(h, "delta", "sigma", ("D", "C")) == -right_85
            failed[85] += derivative(h, "delta", "S", ("D", "C")) != -right_85
        right_93 = derivative(h, "sigma", "delta", ("S", "C"))
        if right_93 is not None:
            assert derivative(h, "D", "S", ("delta", "C")) == -right_93
            printed = derivative(h, "D", "sigma", ("delta", "C"))
            failed[93] += printed is not None and printed != -right_93
    assert failed[85] > 30
    assert failed[93] > 30


def test_maxwell_relations_need_one_third_variable_on_both_sides():
    """(84) and (95) have one text: it holds with D held, and with delta held, and not with one on each side."""
    mixed = 0
    for h in hessians():
        for third in ("D", "delta"):
            right = derivative(h, "S", "C", ("sigma", third))
            left = derivative(h, "gamma", "sigma", ("C", third))
            if left is not None and right is not None:
                assert left == -right
                other = derivative(h, "S", "C", ("sigma", "delta" if third == "D" else "D"))
                mixed += other is not None and left != -other
    assert mixed > 30


def two_data_sets():
    """Two equally likely data sets, two parameters, costs E[data, theta], uniform prior, sigma = 1."""
    energy = np.array([[0.0, 2.0], [1.0, 0.0]])
    prior = np.array([0.5, 0.5])
    z = (prior * np.exp(-energy)).sum(axis=1)
    return energy, prior, z, prior * np.exp(-energy) / z[:, None]


def objective(rule, energy, prior):
    """<E> + sigma S at sigma = 1, averaged over two equally likely data sets."""
    return float((rule * (energy + np.log(rule / prior))).sum() / 2)


def test_33_34_value_and_distance_are_means_over_data_sets():
    """min J = -<log Z>, not -log <Z>; J - min J = <KL> per data set, and only an upper bound for the marginals."""
    energy, prior, z, best = two_data_sets()
    least = objective(best, energy, prior)
    assert math.isclose(least, -np.log(z).mean(), rel_tol=1e-14)
    assert -math.log(z.mean()) < least - 1e-3
    rule = np.array([[0.3, 0.7], [0.6, 0.4]])
    excess = objective(rule, energy, prior) - least
    per_set = float((rule * np.log(rule / best)).sum() / 2)
    p, q = rule.mean(axis=0), best.mean(axis=0)
    assert math.isclose(excess, per_set, rel_tol=1e-12)
    assert float((p * np.log(p / q)).sum()) < excess - 1e-3


def test_37_refitted_prior_lets_the_objective_rise():
    """Fair bit T, E = 1[theta != t], sigma = 1, prior (1/10, 9/10), start ~ exp(-E), lazy Metropolis for q exp(-E)."""
    energy, prior = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0.1, 0.9])
    rule = np.exp(-energy) / np.exp(-energy).sum(axis=1, keepdims=True)
    kernels = []
    for e in energy:
        target = prior * np.exp(-e)
        flip = [min(1.0, target[1 - t] / target[t]) / 2 for t in range(2)]  # proposes each state with probability 1/2
        kernels.append(np.array([[1 - flip[0], flip[0]], [flip[1], 1 - flip[1]]]))
    frozen, refitted = [], []
    for _ in range(200):
        frozen.append(objective(rule, energy, prior))
        refitted.append(objective(rule, energy, rule.mean(axis=0)))
        rule = np.stack([row @ kernel for row, kernel in zip(rule, kernels, strict=True)])
    assert [round(v, 4) for v in refitted[:2]] == [0.3799, 0.4139]
    assert round(refitted[-1], 5) == 0.44695
    assert all(a < b for a, b in itertools.pairwise(refitted[:20]))
    assert round(frozen[0], 4) == 0.8907
    assert round(frozen[-1], 5) == 0.45337
    assert all(a > b for a, b in itertools.pairwise(frozen[:20]))


def test_98_equal_temperatures_do_not_follow():
    """R_A = R_B and 2/sigma_C = 1/sigma_A + 1/sigma_B satisfy the scalar equation with three different temperatures."""
    a, b, c = Fraction(1), Fraction(1, 3), Fraction(1, 2)
    rate = Fraction(7, 5)
    assert -rate / a - rate / b == -2 * rate / c
    assert len({a, b, c}) == 3
