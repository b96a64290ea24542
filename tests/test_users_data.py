"""What users bring: numbers of any size, letters, names, tables, files. Each row is an input and what comes of it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx

F = Fraction

# ---- floats: informations are never negative, and have their digits


def test_the_functionals_of_constant_rows_are_zero_not_less():
    """R, S, V of a float world whose encoder and rule ignore their input, for 100 such worlds."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        z, theta, x, y = (rng.dirichlet(np.ones(3)) for _ in range(4))
        rule, encoder = np.broadcast_to(theta, (3, 3, 3)), np.broadcast_to(z, (3, 3, 3))
        world = tx.WorldP([1.0], [x], [np.broadcast_to(y, (3, 3))], rule, encoder)
        q = tx.optimal_variational(world)
        found = tx.functionals(world, q)
        for value in (found.R, found.S, found.V):
            assert 0 <= float(value) < 1e-30


@pytest.mark.parametrize("k", [10, 20, 30, 40])
def test_functionals_near_independence_have_their_digits(k):
    """p(z|x) = 1/2 +- 2^-k: I is about 2^(1-2k), and R, S, V of the floats are those of the exact world."""
    e = F(1, 2**k)
    rows = [[F(1, 2) + e, F(1, 2) - e], [F(1, 2) - e, F(1, 2) + e]]
    half = [F(1, 2), F(1, 2)]
    encoder = [[row] * 2 for row in rows]
    exact = tx.WorldP([1], [half], [[half, half]], [[row] * 2 for row in rows], encoder)
    q = {"theta": half, "z": half, "z_given_x": [half, half]}
    true = tx.functionals(exact, tx.Variational(**q))
    found = tx.functionals(exact.to_float(), tx.Variational(**q).to_float())
    for name in "RSV":
        assert getattr(found, name) == pytest.approx(float(getattr(true, name)), rel=2.0 ** (k - 50))
    assert float(true.R) == pytest.approx(2 * float(e) ** 2, rel=1e-4)


def test_one_letter_has_no_entropy():
    for seed in range(100):
        p = np.random.default_rng(seed).dirichlet(np.ones(7))[:, None]
        j = tx.Joint(p, ("X", "Y"))
        assert tx.entropy(j, "Y") == 0 == tx.entropy_vector(j)[2]
        assert tx.entropy(tx.Joint([[float(p.sum()), 0.0]], ("X", "Y")), "Y") == 0
    large = np.zeros((80, 80))
    large[3] = np.random.default_rng(0).dirichlet(np.ones(80))
    j = tx.Joint(large, ("X", "Y"))
    assert 0 <= tx.entropy(j, "X") < 1e-15 and 0 <= tx.entropy_vector(j)[1] < 1e-15


@pytest.mark.parametrize("size", [2, 70])
@pytest.mark.parametrize("p", [1e-9, 1e-100, 1e-170, 1e-280])
def test_tiny_probabilities_by_both_paths(size, p):
    """X = Y = 1 with probability p: I = H = p log(1/p) + p and terms of order p^2; two sizes, two algorithms."""
    table = np.zeros((size, size))
    table[0, 0], table[1, 1] = 1 - p, p
    j = tx.Joint(table, ("X", "Y"))
    true = p * math.log(1 / p) + p
    assert tx.mutual_information(j, "X", "Y") == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    if size == 2:
        assert tx.multi_information(j) == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
        assert tx.entropy(j, "X") == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    independent = tx.Joint(np.outer(j.marginal("X").table, j.marginal("X").table), ("X", "Y"))
    if p > 1e-150:
        assert tx.kl_divergence(j, independent) == pytest.approx(true, rel=1e-7, abs=0)
