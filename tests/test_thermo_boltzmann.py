"""Boltzmann rules and tempered posteriors: rational where they can be, and their identities decided."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.testing import rows
from therml_exact.thermo.boltzmann import boltzmann, objective, tempered_posterior, with_prior

HALF = Fraction(1, 2)
MAPS = tx.encoders.deterministic(2, 2)
PROCESS = (
    ["2/5", "3/5"],
    [["1/3", "2/3"], ["1/2", "1/2"]],
    [[["9/10", "1/10"], ["1/5", "4/5"]], [["1/5", "4/5"], ["4/5", "1/5"]]],
)
Q = tx.Variational(
    theta=["1/4"] * 4,
    z=["1/3", "2/3"],
    x_given_z=[["2/3", "1/3"], ["1/3", "2/3"]],
    y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]],
)


def world(n=2):
    return tx.WorldP(*PROCESS, tx.learners.erm(2, 2, n, MAPS), tx.encoders.table(MAPS))


def by_hand(sigma, gamma, delta, n):
    """(24) and (25) written out for deterministic maps, in floats."""
    rule, z = {}, {}
    for data in itertools.product(range(2), repeat=2 * n):
        weight = []
        for m in MAPS:
            energy = 0.0
            for x, y in zip(data[::2], data[1::2], strict=True):
                code = int(m[x, 1])
                energy += -math.log(float(Q.z[code])) - delta * math.log(float(Q.x_given_z[code, x]))
                energy -= gamma * math.log(float(Q.y_given_z[code, y]))
            weight.append(0.25 * math.exp(-energy / sigma))
        z[data] = sum(weight)
        rule[data] = [w / z[data] for w in weight]
    return rule, z


@pytest.mark.parametrize(("sigma", "gamma", "delta"), [(1, 2, 1), (HALF, 3, 0), (Fraction(1, 3), 0, Fraction(1, 3))])
def test_rule_and_partition_function_are_rational_and_those_of_the_definition(sigma, gamma, delta):
    e = boltzmann(world(), Q, sigma, gamma, delta)
    rule, z = by_hand(float(sigma), float(gamma), float(delta), 2)
    assert e.is_exact
    for data, row in rule.items():
        assert np.allclose(e.rule[data].astype(float), row, rtol=1e-13)
        assert math.isclose(float(e.z[data]), z[data], rel_tol=1e-13)
    assert np.allclose(tx.learners.gibbs(sigma, MAPS, Q, 2, 2, 2, gamma, delta), e.rule.astype(float), rtol=1e-13)


def test_irrational_weights_are_floats_near_the_exact_ones():
    exact, near = boltzmann(world(), Q, 1, 2, 1), boltzmann(world(), Q, 1 + 1e-13, 2, 1)
    assert not near.is_exact
    assert abs(near.value - float(exact.value)) < 1e-11
    assert not boltzmann(world(), Q, Fraction(2, 3), 2, 1).is_exact  # 1/sigma is no whole number
    soft = tx.encoders.table([[["1/2", "1/2"], [0, 1]]] * 2)
    w = tx.WorldP(*PROCESS, [[[HALF, HALF]] * 2] * 2, soft)
    q = tx.Variational(theta=[HALF, HALF], z=["1/3", "2/3"])
    assert boltzmann(w, q, HALF).is_exact  # every exponent e/sigma is whole
    assert not boltzmann(w, q, 1).is_exact
    assert abs(float(boltzmann(w, q, HALF).value) - boltzmann(w.to_float(), q.to_float(), 0.5).value) < 1e-14


def test_value_is_minus_sigma_mean_log_z_and_not_the_log_of_the_mean():
    """(33), (39): exactly; the printed reading with one Z is too small, by Jensen."""
    e = boltzmann(world(), Q, HALF, 2, 1)
    assert e.objective(e.rule) == e.value
    mean_z = (e.data * e.z).sum()
    assert -tx.PrimeLog.log(mean_z) * HALF < e.value


@settings(max_examples=examples(15), deadline=None)
@given(rows((2, 2, 4)), rows((4,), positive=True), st.sampled_from([1, HALF, Fraction(1, 3)]), st.integers(0, 3))
def test_divergence_to_equilibrium_is_the_excess_over_sigma(rule, prior, sigma, gamma):
    """(34), (35), decided for every rule; the printed one, with marginals over data sets, is only <=."""
    w = world(1)
    q = tx.Variational(**(Q.given() | {"theta": prior}))
    e = boltzmann(w, q, sigma, gamma * sigma, sigma)
    assert e.is_exact
    assert e.excess(rule) == e.divergence(rule) * Fraction(sigma)
    assert e.excess(rule) >= 0
    p, star = ((e.data[..., None] * r).reshape(-1, 4).sum(axis=0) for r in (rule, e.rule))
    assert tx.kl_divergence(p, star) * Fraction(sigma) <= e.excess(rule)


def test_printed_34_with_marginals_is_strictly_less():
    e = boltzmann(world(), Q, 1, 2, 0)
    rule = world().theta_given_data
    p, star = ((e.data[..., None] * r).reshape(-1, 4).sum(axis=0) for r in (rule, e.rule))
    assert tx.kl_divergence(p, star) < e.excess(rule)


def test_objective_is_the_sum_of_functionals():
    """(32), (36): J of any world and q's."""
    w = world()
    f = tx.functionals(w, Q)
    assert objective(w, Q, gamma=2, delta=HALF, sigma=3) == f.R + f.D * HALF + f.C * 2 + f.S * 3
    assert objective(w, Q) == f.R


def test_with_refitted_qs_the_rule_is_only_stationary():
    """Two stationary rules of one problem with different J: (24) does not say which is the minimum."""
    w = tx.WorldP([1], [[1]], [[[0.5, 0.5]]], [[[0.9, 0.1], [0.1, 0.9]]], [[[0.9, 0.1], [0.1, 0.9]]])
    values = []
    for start in (w, tx.WorldP([1], [[1]], [[[0.5, 0.5]]], [[[0.5, 0.5]] * 2], w.z_given_x_theta)):
        here = start
        for _ in range(300):
            here = boltzmann(here, tx.optimal_variational(here), 0.1, gamma=3.0).world
        q = tx.optimal_variational(here)
        again = boltzmann(here, q, 0.1, gamma=3.0)
        assert np.allclose(again.rule, here.theta_given_data, atol=1e-12)
        values.append(again.value)
    assert values[1] - values[0] > 0.1


BAYES = tx.BayesWorld(["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]], [[[HALF, HALF]] * 2] * 2)
LIKELIHOOD = tx.Variational(theta=["1/3", "2/3"], x_given_theta=[["1/4", "3/4"], ["1/2", "1/2"]])


@pytest.mark.parametrize("beta", [0, 1, 3])
def test_tempered_posterior_of_a_bayes_world(beta):
    """(47)-(50): the rule is q(theta) prod q(x|theta)^beta / Z, exactly, and minimises S + beta U."""
    e = tempered_posterior(BAYES, LIKELIHOOD, beta)
    for x in itertools.product(range(2), repeat=2):
        weight = [LIKELIHOOD.theta[t] * math.prod(LIKELIHOOD.x_given_theta[t, k] ** beta for k in x) for t in range(2)]
        assert e.z[x] == sum(weight)
        assert e.rule[x].tolist() == [w / sum(weight) for w in weight]
        if beta == 1:  # the ordinary posterior
            exact = tx.learners.posterior(["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]], None, 2)
            assert e.rule[x].tolist() == exact[x].tolist()
    f = tx.functionals(e.world, LIKELIHOOD)
    assert f.S + f.U * beta == e.value
    for t in range(2):
        other = np.zeros((2, 2, 2), dtype=int)
        other[..., t] = 1
        assert e.excess(other) == e.divergence(other) > 0


def test_tempered_posterior_of_a_discriminative_world():
    """(55), per-sample likelihoods included; a fractional beta in floats."""
    w = tx.DiscriminativeWorld(*PROCESS, [[[[[HALF, HALF]] * 2] * 2] * 2] * 2)
    table = [[["3/4", "1/4"], ["1/3", "2/3"]], [["1/5", "4/5"], ["1/2", "1/2"]]]  # [x, theta, y]
    other = [[["1/2", "1/2"], ["1/7", "6/7"]], [["1/4", "3/4"], ["2/3", "1/3"]]]
    q = tx.Variational(theta=["2/5", "3/5"], y_given_x_theta=[table, other])
    e = tempered_posterior(w, q, 2)
    for data in itertools.product(range(2), repeat=4):
        weight = [
            q.theta[t] * q.y_given_x_theta[0, data[0], t, data[1]] ** 2 * q.y_given_x_theta[1, data[2], t, data[3]] ** 2
            for t in range(2)
        ]
        assert e.rule[data].tolist() == [v / sum(weight) for v in weight]
    assert objective(e.world, q, beta=2) == e.value
    rough = tempered_posterior(w, q, Fraction(5, 2))
    assert not rough.is_exact
    assert math.isclose(objective(rough.world, rough.variational, beta=2.5), rough.value, rel_tol=1e-13)
    moved = with_prior(rough, np.array([0.5, 0.5]))
    assert moved.value > rough.value or moved.value < rough.value


def test_data_sets_of_probability_zero_and_impossible_ones():
    w = tx.BayesWorld([1], [[1, 0]], [[1, 0], [0, 1]])
    q = tx.Variational(theta=[HALF, HALF], x_given_theta=[[1, 0], [1, 0]])
    assert tempered_posterior(w, q, 1).rule.tolist() == [[HALF, HALF], [HALF, HALF]]
    impossible = tx.Variational(theta=[HALF, HALF], x_given_theta=[[0, 1], [0, 1]])
    for kind in (w, w.to_float()):
        with pytest.raises(ValueError, match="infinite cost for every theta"):
            tempered_posterior(kind, impossible if kind is w else impossible.to_float(), 1)


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="tempered_posterior the others"):
        boltzmann(BAYES, LIKELIHOOD, 1)
    with pytest.raises(TypeError, match="takes a Bayes or Discriminative world"):
        tempered_posterior(world(), Q, 1)
    with pytest.raises(ValueError, match="sigma is 0"):
        boltzmann(world(), Q, 0)
    with pytest.raises(ValueError, match="gamma is -1"):
        boltzmann(world(), Q, 1, gamma=-1)
    with pytest.raises(ValueError, match=r"variational\.y_given_z is None"):
        boltzmann(world(), tx.Variational(theta=["1/4"] * 4, z=[HALF, HALF]), 1, gamma=1)


@pytest.mark.parametrize("exact_rule", [True, False])
@pytest.mark.parametrize("sigma", [1, HALF])
def test_rules_and_equilibria_of_either_kind_meet(exact_rule, sigma):
    """An exact world's own rule was refused where Z is irrational: one table exact, the others floats."""
    for world_here in (tx.random_world(7, n=1), world(1)):
        v = tx.optimal_variational(world_here, shared=True)
        e = boltzmann(world_here, v, sigma)
        rule = world_here.theta_given_data
        found = [f(rule if exact_rule else rule.astype(float)) for f in (e.objective, e.excess, e.divergence)]
        value, excess, divergence = map(float, found)
        assert math.isclose(excess, float(sigma) * divergence, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(value, float(e.value) + excess, rel_tol=1e-9)
        assert math.isclose(value, float(objective(world_here, v, sigma=sigma)), rel_tol=1e-9)
        assert all(isinstance(x, tx.PrimeLog) == (exact_rule and e.is_exact) for x in found)
        run = tx.second_law(e, tx.markov.metropolis, 2, start=rule if exact_rule else rule.astype(float))
        assert run.verdict in ("falls", "never rises")
        assert float(run.J[0]) == value
