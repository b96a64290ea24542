"""The best prior (26): fitted with a bound, and estimated from one data set."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.thermo.boltzmann import tempered_posterior, with_prior
from therml_exact.thermo.prior import bootstrap_prior, exact_prior, fit_prior, jackknife_prior, prior_excess

PHI, X = ["1/3", "2/3"], [["1/5", "4/5"], ["3/5", "2/5"]]
Q = tx.Variational(theta=["1/2", "1/2"], x_given_theta=X)


def bayes(n, beta=1):
    rule = np.full((2,) * n + (2,), Fraction(1, 2), dtype=object)
    return tempered_posterior(tx.BayesWorld(PHI, X, rule), Q, beta)


def test_marginal_is_the_best_prior_and_others_cost_their_divergence():
    """(26), (56), exactly: S(q) = I(Theta; X^N) + KL(p(theta); q)."""
    e = bayes(3)
    best = exact_prior(e.world)
    for prior in (best, Q.theta, np.array([Fraction(1, 5), Fraction(4, 5)])):
        v = tx.Variational(theta=prior, x_given_theta=X)
        s = tx.functionals(e.world, v).S
        assert s - tx.mutual_information(e.world, "Theta", ["X1", "X2", "X3"]) == prior_excess(e.world, prior)
    assert prior_excess(e.world, best) == 0


def test_fitted_prior_is_two_sided_and_stationary():
    """The alternation converges to the true process prior here: the likelihood is the process's own."""
    e = bayes(3)
    fit = fit_prior(e, tol=1e-9)
    assert 0 <= fit.gap <= 1e-9
    assert np.allclose(fit.prior, [1 / 3, 2 / 3], atol=1e-3)
    assert np.allclose(exact_prior(fit.equilibrium.world), fit.prior, atol=1e-6)
    assert abs(fit.equilibrium.value - fit.value) < 1e-13
    for share in np.linspace(0.05, 0.95, 19):
        assert with_prior(e, np.array([share, 1 - share])).value >= fit.lower_bound
    few = fit_prior(e, tol=1e-12, steps=3)
    assert few.steps == 3
    assert few.lower_bound <= fit.value <= few.value


def test_fitted_prior_drops_useless_parameters():
    q = tx.Variational(theta=["1/3"] * 3, x_given_theta=[*X, ["2/5", "3/5"]])
    rule = np.full((2, 2, 3), Fraction(1, 3), dtype=object)
    e = tempered_posterior(tx.BayesWorld(PHI, X, rule), q, 3)
    fit = fit_prior(e, tol=1e-9)
    assert fit.gap <= 1e-9
    assert fit.prior[2] < 1e-6


def test_bootstrap_is_the_mean_over_all_resampled_data_sets():
    e = bayes(3)
    samples = [0, 1, 1]
    expected = sum(e.rule[tuple(samples[i] for i in pick)] for pick in itertools.product(range(3), repeat=3)) / 27
    assert bootstrap_prior(e.rule, samples).tolist() == expected.tolist()
    labelled = tx.learners.erm(2, 2, 2, tx.encoders.deterministic(2, 2))
    pairs = [(0, 1), (1, 1)]
    expected = sum(labelled[a + b] for a in pairs for b in pairs) / 4
    assert bootstrap_prior(labelled, pairs).tolist() == expected.tolist()


def test_jackknife_is_the_mean_over_data_sets_with_one_left_out():
    smaller = bayes(2).rule
    assert jackknife_prior(smaller, [0, 1, 1]).tolist() == ((smaller[1, 1] + 2 * smaller[0, 1]) / 3).tolist()


def test_resampled_priors_against_the_exact_one():
    """Averaged over data sets: resampled priors cost less than the posterior as prior, more than the uniform prior.

    One data set has seen one phi: its resamples cannot know the mean over phi that (26) asks for.
    """
    e, smaller = bayes(4), bayes(3).rule
    cost = {"bootstrap": 0.0, "jackknife": 0.0, "posterior": 0.0, "uniform": 0.0}
    for data in itertools.product(range(2), repeat=4):
        p = float(e.data[data])
        estimates = {
            "bootstrap": bootstrap_prior(e.rule, data),
            "jackknife": jackknife_prior(smaller, data),
            "posterior": e.rule[data],
            "uniform": Q.theta,
        }
        for name, prior in estimates.items():
            cost[name] += p * float(prior_excess(e.world, prior))
    assert 0 < cost["uniform"] < cost["jackknife"] < cost["bootstrap"] < cost["posterior"]
    assert round(cost["bootstrap"], 5) == 0.34578
    assert round(cost["jackknife"], 5) == 0.24365


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="give the rule of 2"):
        jackknife_prior(bayes(3).rule, [0, 1, 1])
    with pytest.raises(ValueError, match=r"samples\[1\] is \(2,\)"):
        bootstrap_prior(bayes(2).rule, [0, 2])
    hard = tempered_posterior(bayes(1).world, tx.Variational(theta=[1, 0], x_given_theta=X), 1)
    with pytest.raises(ValueError, match="cannot leave 0"):
        fit_prior(hard)


EQUILIBRIUM = tx.boltzmann(tx.random_world(7, n=1), tx.optimal_variational(tx.random_world(7, n=1)), 1)
RULE = [["1/2", "1/2"], ["1/3", "2/3"]]


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [
        (lambda: tx.fit_prior(tx.random_world(7, n=1)), TypeError, "equilibrium is a WorldP"),
        (lambda: tx.fit_prior(EQUILIBRIUM, steps=-1), ValueError, "steps is -1"),
        (lambda: tx.fit_prior(EQUILIBRIUM, steps=2.5), ValueError, "steps is 2.5"),
        (lambda: tx.fit_prior(EQUILIBRIUM, tol=float("nan")), ValueError, "tol is nan"),
        (lambda: tx.bootstrap_prior(RULE, [2]), ValueError, r"samples\[0\] is \(2,\)"),
        (lambda: tx.bootstrap_prior(RULE, [0.5]), ValueError, r"samples\[0\] is \(0.5,\)"),
        (lambda: tx.bootstrap_prior(RULE, ["a"]), ValueError, r"samples\[0\]"),
        (lambda: tx.bootstrap_prior(RULE, None), TypeError, "samples is a NoneType"),
        (lambda: tx.jackknife_prior(RULE, [0, 7]), ValueError, r"samples\[1\] is \(7,\)"),
        (lambda: tx.second_law(5, tx.markov.sweep, 1), TypeError, "equilibrium is a int"),
        (lambda: tx.second_law(EQUILIBRIUM, 5, 1), TypeError, "kernel is a int"),
        (lambda: tx.second_law(EQUILIBRIUM, tx.markov.sweep, 2.5), ValueError, "steps is 2.5"),
        (lambda: tx.couple(tx.random_world(7, n=1), 5), TypeError, "b is a int"),
        (lambda: tx.contact(5, 6, 1, 2), TypeError, "a is a int"),
    ],
)
def test_bad_arguments_are_named(call, error, why):
    with pytest.raises(error, match=why):
        call()


@pytest.mark.parametrize("sigma", [1e-6, 1e-3, 0.1, 10.0, 1e3, 1e6])
def test_fitted_prior_takes_few_steps_at_any_temperature(sigma):
    """Alternating took 100,000 steps at sigma = 1,000."""
    w = tx.random_world(4, n=1, sizes=(2, 2, 2, 5, 2)).to_float()
    q = tx.Variational(**(tx.optimal_variational(w, shared=True).given() | {"theta": np.full(5, 0.2)}))
    e = tx.boltzmann(w, q, sigma, gamma=2.0, delta=0.5)
    fit = fit_prior(e)
    assert fit.gap <= 1e-10 and fit.steps <= 20
    rng = np.random.default_rng(0)
    assert all(with_prior(e, rng.dirichlet(np.ones(5))).value >= fit.lower_bound - 1e-14 for _ in range(20))
