"""Kernels that keep a law, and the objective along them."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from relaxations import relaxation

import therml_exact as tx
from therml_exact.testing import rows
from therml_exact.thermo import markov
from therml_exact.thermo.boltzmann import boltzmann, tempered_posterior
from therml_exact.thermo.second_law import divergences, second_law, trend

HALF = Fraction(1, 2)
KERNELS = [markov.metropolis, markov.heat_bath, markov.sweep, markov.langevin]
MAPS = tx.encoders.deterministic(2, 2)
WORLD = tx.WorldP(
    ["2/5", "3/5"],
    [["1/3", "2/3"], ["1/2", "1/2"]],
    [[["9/10", "1/10"], ["1/5", "4/5"]], [["1/5", "4/5"], ["4/5", "1/5"]]],
    tx.learners.erm(2, 2, 2, MAPS),
    tx.encoders.table(MAPS),
)
Q = tx.Variational(theta=["1/2", "1/6", "1/6", "1/6"], z=["1/3", "2/3"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
EQUILIBRIUM = boltzmann(WORLD, Q, 1, gamma=2)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(1, 4).flatmap(lambda k: rows((2, k))))
def test_kernels_keep_their_law_exactly(pi):
    """Zeros of the law included; reversibility as claimed."""
    for kernel in KERNELS:
        table = kernel(pi)
        assert all(total == 1 for total in table.sum(axis=-1).reshape(-1))
        assert (table >= 0).all()
        markov.check_preserves(table, pi)
        if kernel is not markov.sweep or pi.shape[-1] <= 2:
            assert markov.is_reversible(table, pi)
        floats = kernel(pi.astype(float))
        assert np.allclose(floats, table.astype(float), atol=1e-14)


def test_sweep_is_not_reversible_and_euler_keeps_another_law():
    pi = np.array([Fraction(k, 10) for k in (1, 2, 3, 4)])
    assert not markov.is_reversible(markov.sweep(pi), pi)
    with pytest.raises(ValueError, match="does not keep the law"):
        markov.check_preserves(markov.euler(-np.log(pi.astype(float))), pi.astype(float))
    with pytest.raises(ValueError, match="tau is 1/2"):
        markov.langevin(pi, HALF)
    with pytest.raises(ValueError, match="one is exact and the other float64"):
        markov.check_preserves(markov.metropolis(pi.astype(float)), pi)
    markov.check_preserves(markov.langevin(pi, 0.1), pi)
    with pytest.raises(ValueError, match="kernel has shape"):
        markov.check_preserves([[1]], pi)


def test_langevin_has_the_drift_and_noise_of_langevins_equation():
    """pi ~ exp(-U): for a fine grid the mean step is -tau U' and the mean square 2 tau, in units of the grid."""
    x = np.arange(400)
    u = (x - 200.0) ** 2 / 2 / 40.0**2
    pi = np.exp(-u) / np.exp(-u).sum()
    kernel = markov.langevin(pi, 0.2)
    step = x[None, :] - x[:, None]
    mean, square = (kernel * step).sum(axis=1), (kernel * step**2).sum(axis=1)
    inside = slice(100, 300)
    assert np.allclose(mean[inside], -0.2 * ((x - 200) / 1600)[inside], atol=1e-4)
    assert np.allclose(square[inside], 0.4, atol=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_objective_falls_at_every_step_exactly(kernel):
    """(36)-(39) in rationals: from J_0 = <R + gamma C>_q with S = 0, above -sigma <log Z>, strictly down."""
    r = second_law(EQUILIBRIUM, kernel, 6)
    f = tx.functionals(EQUILIBRIUM.alike(np.broadcast_to(Q.theta, EQUILIBRIUM.rule.shape))[1], Q)
    assert f.S == 0
    assert r.J[0] == f.R + f.C * 2
    assert r.verdict == "falls"
    assert all(a > b > r.limit for a, b in itertools.pairwise(r.J))
    for j, kl in zip(r.J, r.divergence, strict=True):
        assert j - r.limit == kl  # (34) at sigma = 1
    assert "falls" in str(r)


@settings(max_examples=examples(10), deadline=None)
@given(rows((2, 2, 4)), rows((4,), positive=True), rows((2,), positive=True), st.sampled_from(KERNELS))
def test_objective_never_rises_from_any_rule(start, prior, z, kernel):
    """(37) for any start, prior and q(z), decided: N = 1, all maps, sigma = 1/2."""
    w = tx.WorldP(WORLD.phi, WORLD.x_given_phi, WORLD.y_given_x_phi, start, WORLD.z_given_x_theta)
    e = boltzmann(w, tx.Variational(theta=prior, z=z, y_given_z=Q.y_given_z), HALF, gamma=1)
    assert e.is_exact
    r = second_law(e, kernel, 3, start)
    assert r.verdict in ("falls", "never rises")
    assert r.J[0] == e.objective(start)
    assert all(j >= e.value for j in r.J)


@pytest.mark.parametrize("kernel", KERNELS)
def test_long_relaxations_reach_equilibrium(kernel):
    e = boltzmann(WORLD.to_float(), Q.to_float(), 0.7, gamma=1.3)
    r = second_law(e, kernel, 500)
    assert r.verdict in ("falls", "never rises")
    # Between neighbours on a line the barriers between good maps make it slow; the others can jump.
    assert abs(r.J[-1] - e.value) < (1e-1 if kernel in (markov.sweep, markov.langevin) else 1e-6)
    assert r.J[0] > r.J[10] > r.J[100]


def fair_bit(likelihood, prior):
    """Fair bit T = Y, cost -log q(y|theta) with q(y|theta) largest at theta = y."""
    w = tx.DiscriminativeWorld([1], [[1]], [[[HALF, HALF]]], [[[HALF, HALF], [HALF, HALF]]])
    w = w if isinstance(prior[0], Fraction) else w.to_float()
    q = tx.Variational(theta=prior, y_given_x_theta=[[[likelihood, 1 - likelihood], [1 - likelihood, likelihood]]])
    return tempered_posterior(w, q, 1)


def test_37_refitted_prior_rises_with_the_quoted_numbers():
    """E = 1[theta != t], prior (1/10, 9/10), start ~ exp(-E), lazy Metropolis: 0.3799, 0.4139, ... 0.44695."""
    right = 1 / (1 + np.exp(-1.0))
    e = fair_bit(right, [0.1, 0.9])
    start = [[[right, 1 - right], [1 - right, right]]]
    r = second_law(e, markov.metropolis, 200, start)
    shift = -np.log(right)  # E is -log q(y|theta) less this
    assert [round(j - shift, 4) for j in r.refitted[:2]] == [0.3799, 0.4139]
    assert round(r.refitted[-1] - shift, 5) == 0.44695
    assert round(r.J[0] - shift, 4) == 0.8907
    assert round(r.J[-1] - shift, 5) == 0.45337
    assert r.refitted_verdict == "rises"
    assert r.verdict in ("falls", "never rises")


def test_37_refitted_prior_rises_exactly():
    """The same with a cost of log 3, in rationals: decided."""
    e = fair_bit(Fraction(3, 4), [Fraction(1, 10), Fraction(9, 10)])
    start = [[["3/4", "1/4"], ["1/4", "3/4"]]]
    for kernel in (markov.metropolis, markov.heat_bath):
        r = second_law(e, kernel, 6, start)
        assert r.verdict == "falls"
        assert all(a < b for a, b in itertools.pairwise(r.refitted))


def test_a_kernel_that_keeps_another_law_is_refused():
    with pytest.raises(ValueError, match="does not keep the law"):
        second_law(EQUILIBRIUM, markov.metropolis(EQUILIBRIUM.rule[::-1]), 1)


@settings(max_examples=examples(25), deadline=None)
@given(rows((3,)), rows((3,), positive=True), rows((3, 3)))
def test_divergence_of_two_chains_contracts(p, q, kernel):
    """Any two laws under any kernel, decided."""
    found = divergences(kernel, p, q, 4)
    assert all(a >= b for a, b in itertools.pairwise(found))


@settings(max_examples=examples(25), deadline=None)
@given(rows((3,)), st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_a_uniform_stationary_law_lets_entropy_never_fall(p, shares):
    """Footnote 14: doubly stochastic kernels; strictly rising is false, for a permutation keeps the entropy."""
    permutations = [np.eye(3, dtype=int)[list(order)].astype(object) for order in itertools.permutations(range(3))]
    shares = shares if any(shares) else [1] * 6
    kernel = sum((Fraction(s, sum(shares)) * m for s, m in zip(shares, permutations, strict=True)))
    markov.check_preserves(kernel, [Fraction(1, 3)] * 3)
    law, entropies = p, []
    for _ in range(4):
        entropies.append(tx.entropy(tx.Joint(law, ("T",)), "T"))
        law = markov.advance(law, kernel)
    assert all(a <= b for a, b in itertools.pairwise(entropies))
    turned = markov.advance(p, permutations[3])
    assert tx.entropy(tx.Joint(turned, ("T",)), "T") == entropies[0]


def test_trend_is_decided_or_beyond_rounding():
    log = tx.PrimeLog.log
    assert trend((log(3), log(2), log(1))) == "falls"
    assert trend((log(3), log(3))) == "never rises"
    assert trend((log(2), log(3))) == "rises"
    assert trend((1.0, 1.0 + 1e-15)) == "never rises"
    assert trend((1.0, 1.0 + 1e-9)) == "rises"


def test_37_refitted_prior_can_rise_from_the_prior_too():
    """Starting from q(theta) is no remedy: a Bayes world at beta = 2 under Metropolis, decided."""
    process = (["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]])
    w = tx.BayesWorld(*process, [[[HALF, HALF]] * 2] * 2)
    e = tempered_posterior(w, tx.Variational(theta=process[0], x_given_theta=process[1]), 2)
    r = second_law(e, markov.metropolis, 12)
    assert r.verdict == "falls"
    assert r.refitted_verdict == "rises"


def test_infinite_objectives_are_said_in_the_figure():
    """With a q of 0 where the prior is not, J_0 is infinite: the panel began at t = 1 without a word."""
    from types import SimpleNamespace

    from therml_exact.figures.thermo import draw_relaxation

    run = SimpleNamespace(J=(math.inf, 2.0, 1.5), refitted=(math.inf, 1.0, 0.5), limit=1.0)
    left, right = draw_relaxation({"sweep": run})
    assert left.get_title() == right.get_title() == "infinite at t = 0"
    assert all(tick == int(tick) for ax in (left, right) for tick in ax.get_xticks())
    assert list(right.get_lines()[0].get_xdata()) == [1, 2]


@pytest.mark.parametrize("sigma", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("kernel", KERNELS)
def test_relaxation_at_any_temperature_is_that_of_60_digits(kernel, sigma):
    """At sigma <= 1e-3 the divergence was inf and Metropolis rose; at 1e5 an alarm was raised by rounding."""
    w = tx.random_world(1, n=1, sizes=(2, 2, 2, 4, 2)).to_float()
    q = tx.optimal_variational(w, shared=True)
    r = second_law(boltzmann(w, q, sigma, gamma=2.0, delta=0.5), kernel, 5)
    objective, divergence = relaxation(w, q, sigma, 2, Fraction(1, 2), kernel.__name__, 5)
    size = max(map(abs, objective))
    assert max(abs(a - b) for a, b in zip(r.J, objective, strict=True)) < 1e-14 * size
    # p log(p/pi) - p + pi is of second order in log(p/pi), whose rounding is 1e-15: so D loses 1e-15 of its root.
    for a, b in zip(r.divergence, divergence, strict=True):
        assert abs(a - b) < 1e-13 * b + 1e-14 * mp.sqrt(b)
    assert r.verdict in ("falls", "never rises")
    assert max(r.slack) < 1e-13 * float(size)


def test_an_alarm_is_raised_beyond_rounding_and_only_there():
    """A rise by 100 times the slack is told at any temperature; one within it is not."""
    w = tx.random_world(1, n=1, sizes=(2, 2, 2, 4, 2)).to_float()
    q = tx.optimal_variational(w, shared=True)
    for sigma in (1e-6, 1.0, 1e6):
        r = second_law(boltzmann(w, q, sigma, gamma=2.0, delta=0.5), markov.heat_bath, 3)
        at_rest = [r.J[-1]] * 4
        assert trend([*at_rest[:3], r.J[-1] + 0.9 * r.slack[-1]], r.slack) == "never rises"
        assert trend([*at_rest[:3], r.J[-1] + 100 * r.slack[-1]], r.slack) == "rises"


def test_a_table_made_where_the_rule_underflows_is_refused():
    """Between two parameters that floats hold as 0 such a table moves freely: it keeps another law."""
    w = tx.random_world(1, n=1, sizes=(2, 2, 2, 4, 2)).to_float()
    e = boltzmann(w, tx.optimal_variational(w, shared=True), 1e-4, gamma=2.0, delta=0.5)
    assert (e.rule == 0).any()
    with pytest.raises(ValueError, match="ratios that floats do not hold"):
        second_law(e, markov.metropolis(e.rule), 2)
    assert second_law(e, markov.metropolis, 2).verdict == "falls"


def test_infinite_values_are_not_taken_for_never_rising():
    inf = math.inf
    assert trend((inf, 1.0, 2.0)) == "rises"
    assert trend((1.0, inf)) == "rises"
    assert trend((inf, 2.0, 1.0)) == "falls"
    assert trend((inf, inf, 1.0)) == trend((inf, math.nan)) == "stays infinite"


def test_exact_relaxations_of_too_many_digits_say_so():
    """At sigma = 1/1000 it hung without a word."""
    cold = boltzmann(WORLD, Q, Fraction(1, 1000), gamma=2)
    with pytest.raises(ValueError, match=r"digits after 12 steps.*world\.to_float\(\)"):
        second_law(cold, markov.metropolis, 12)
    with pytest.raises(ValueError, match=r"digits, and up to 20,000.*world\.to_float\(\)"):
        boltzmann(WORLD, Q, Fraction(1, 10**6), gamma=2)
    assert second_law(cold, markov.metropolis, 12, start=WORLD.theta_given_data.astype(float)).verdict == "falls"
