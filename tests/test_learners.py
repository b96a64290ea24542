"""Learning rules and encoder dictionaries against their definitions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx

HALF = Fraction(1, 2)
MAPS = tx.encoders.deterministic(2, 2)
PHI, X, Y = ["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]], [[[1, 0], ["1/5", "4/5"]], [["1/2", "1/2"], [0, 1]]]


def rows_sum_to_one(rule):
    sums = np.asarray(rule.sum(axis=-1))
    return all(total == 1 for total in sums.reshape(-1))


def test_deterministic_lists_every_map_once():
    maps = tx.encoders.deterministic(3, 2)
    assert maps.shape == (8, 3, 2)
    assert len({tuple(row.argmax(axis=1)) for row in maps}) == 8
    assert maps[0].tolist() == [[1, 0]] * 3
    assert tx.encoders.table(maps).shape == (3, 8, 2)
    assert tx.encoders.deterministic(1, 1).tolist() == [[[1]]]


def test_constant_learns_nothing_and_memorize_everything():
    constant = tx.WorldP(PHI, X, Y, tx.learners.constant(2, 2, 2), tx.encoders.table(MAPS[:1]))
    assert tx.mutual_information(constant, "Theta", constant.axes[1:5]) == 0
    rule = tx.learners.memorize(2, 2, 2)
    memory = tx.WorldP(PHI, X, Y, rule, tx.encoders.table([MAPS[1]] * 16))
    data = ["X1", "Y1", "X2", "Y2"]
    assert tx.mutual_information(memory, "Theta", data) == tx.entropy(memory, data)
    assert rule[1, 0, 1, 1].tolist().index(1) == np.ravel_multi_index((1, 0, 1, 1), (2, 2, 2, 2))


@pytest.mark.parametrize("loss", [None, [[0, 1], [2, 0]], lambda z, y: Fraction(z + y, 3)])
def test_erm_takes_the_least_empirical_risk_and_shares_ties(loss):
    rule = tx.learners.erm(2, 2, 2, MAPS, loss)
    cost = loss if callable(loss) else (lambda z, y: (loss or [[0, 1], [1, 0]])[z][y])
    assert rows_sum_to_one(rule)
    for data in itertools.product(range(2), repeat=4):
        pairs = ((data[0], data[1]), (data[2], data[3]))
        risk = [sum(cost(int(m[x].argmax()), y) for x, y in pairs) for m in MAPS]
        best = [k for k, r in enumerate(risk) if r == min(risk)]
        assert [k for k, p in enumerate(rule[data]) if p] == best
        assert all(rule[data][k] == Fraction(1, len(best)) for k in best)


def test_erm_with_risks_of_its_own_and_floats_that_tie():
    risks = np.array([[[0.1, 0.2], [0.3, 0.1]], [[0.3, 0.1], [0.1, 0.2]]])
    rule = tx.learners.erm(2, 2, 2, MAPS[:2], risks)
    assert np.array_equal(rule, rule.transpose(2, 3, 0, 1, 4))  # permuted data sets tie alike, in floats too


def test_posterior_is_bayes_rule():
    rule = tx.learners.posterior(PHI, X, Y, 2)
    w = tx.WorldP(PHI, X, Y, rule, tx.encoders.table([MAPS[1]] * 2))
    data = w.marginal(["X1", "Y1", "X2", "Y2", "Phi"]).table
    for index in itertools.product(range(2), repeat=4):
        evidence = sum(data[index])
        expected = [p / evidence for p in data[index]] if evidence else [Fraction(p) for p in PHI]
        assert rule[index].tolist() == expected
    bayes = tx.BayesWorld(PHI, X, tx.learners.posterior(PHI, X, None, 3))
    assert tx.mutual_information(bayes, "Theta", "Phi") < tx.mutual_information(bayes, "Phi", ["X1", "X2", "X3"])


def boltzmann(sigma, encoders, q, n, gamma, delta):
    """(24) by its definition, one data set and one parameter at a time."""
    rule = np.empty((2, 2) * n + (len(encoders),))
    for data in itertools.product(range(2), repeat=2 * n):
        for k, encoder in enumerate(encoders):
            cost = 0.0
            for x, y in zip(data[::2], data[1::2], strict=True):
                for z in range(2):
                    p = float(encoder[x][z])
                    if p:
                        cost += p * math.log(p / float(q.z[z]))
                        cost -= gamma * p * math.log(float(q.y_given_z[z][y]))
                        cost -= delta * p * math.log(float(q.x_given_z[z][x]))
            rule[(*data, k)] = float(q.theta[k]) * math.exp(-cost / sigma)
    return rule / rule.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(("sigma", "gamma", "delta"), [(1, 0, 0), (0.5, 2, 0), (2, 1, 0.5), (Fraction(1, 3), 1, 1)])
def test_gibbs_is_the_boltzmann_rule(sigma, gamma, delta):
    q = tx.Variational(
        theta=["1/10", "2/10", "3/10", "4/10"],
        z=["1/3", "2/3"],
        y_given_z=[["1/4", "3/4"], ["2/3", "1/3"]],
        x_given_z=[["1/5", "4/5"], ["1/2", "1/2"]],
    )
    soft = np.array([[["1/2", "1/2"], ["1/3", "2/3"]], [[1, 0], [0, 1]], [["1/5", "4/5"], [1, 0]], [[0, 1], [0, 1]]])
    for encoders in (MAPS, soft):
        rule = tx.learners.gibbs(sigma, encoders, q, 2, 2, 2, gamma, delta)
        as_fractions = [[[Fraction(v) for v in row] for row in encoder] for encoder in encoders]
        np.testing.assert_allclose(rule, boltzmann(float(sigma), as_fractions, q, 2, gamma, float(delta)), rtol=1e-12)


def test_gibbs_rows_rationalise_to_nearby_exact_rows():
    q = tx.Variational(theta=["1/4"] * 4, z=["1/2"] * 2, y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    floats = tx.learners.gibbs(1, MAPS, q, 2, 2, 1, gamma=2)
    exact = tx.learners.gibbs(1, MAPS, q, 2, 2, 1, gamma=2, rationalize=10**6)
    assert rows_sum_to_one(exact)
    assert all(10**6 % p.denominator == 0 for p in exact.reshape(-1))
    assert np.abs(exact.astype(float) - floats).max() < 1e-6


def test_gibbs_gives_no_weight_to_infinite_cost():
    q = tx.Variational(theta=["1/4"] * 4, z=["1/2"] * 2, y_given_z=[[1, 0], [0, 1]])
    rule = tx.learners.gibbs(1, MAPS, q, 2, 2, 1, gamma=1)
    assert rule[0, 0].tolist() == [0.5, 0.5, 0, 0]
    impossible = tx.Variational(theta=[1, 0, 0, 0], z=["1/2"] * 2, y_given_z=[[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=r"data set \(0, 1\) has infinite cost for every theta"):
        tx.learners.gibbs(1, MAPS, impossible, 2, 2, 1, gamma=1)


def test_rules_for_random_worlds_are_permutation_invariant():
    for rule in (tx.learners.erm(2, 2, 2, MAPS), tx.learners.posterior(PHI, X, Y, 2), tx.learners.constant(2, 2, 2)):
        assert np.array_equal(rule, rule.transpose(2, 3, 0, 1, 4))
        theta = rule.shape[-1]
        encoder = tx.encoders.table([MAPS[k % 4] for k in range(theta)])
        w = tx.WorldP(PHI, X, Y, rule, encoder)
        assert w.mismatch(shared=True) == w.mismatch()


def test_posterior_of_rare_letters_does_not_fall_back_to_the_prior():
    """p(x|phi)^2 underflows; the ratio of the two phi is 1/4 all the same."""
    rule = tx.learners.posterior([0.5, 0.5], [[1e-200, 1.0], [2e-200, 1.0]], None, 2)
    np.testing.assert_allclose(rule[0, 0], [0.2, 0.8], rtol=1e-12)
