"""Estimators from samples: by hand, against slow independent formulas, and against sums over all samples."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import exp1
from scipy.stats import poisson

import therml_exact as tx
import validation.estimators as study
from validation.estimators import (
    barber_agakov,
    chao_shen,
    critic,
    donsker_varadhan,
    grassberger,
    info_nce,
    jackknife,
    leave_one_out,
    miller_madow,
    nsb,
    nwj,
    plug_in,
)
from validation.estimators.contingency import count, information, other_pairs
from validation.estimators.enumeration import expectation, tables
from validation.estimators.roster import ESTIMATORS, sparse
from validation.section import Section

LETTERS = st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any).map(np.array)
WEIGHTS = st.lists(st.integers(1, 5), min_size=4, max_size=4).map(lambda w: np.array(w).reshape(2, 2) / sum(w))
CRITICS = st.lists(st.floats(-4, 4), min_size=6, max_size=6).map(lambda t: np.array(t).reshape(2, 3))
SAMPLES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=2, max_size=12)
JOINT = tx.Joint([["1/2", "1/8"], ["1/8", "1/4"]], ("X", "Y"))


# ---- entropies


def test_by_hand():
    c = np.array([2, 1, 1, 0])
    assert plug_in.entropy(c) == pytest.approx(1.5 * math.log(2), abs=1e-15)
    assert miller_madow.entropy(c) == pytest.approx(1.5 * math.log(2) + 2 / 8, abs=1e-15)
    # Coverage 1 - 2/4, so frequencies 1/4, 1/8, 1/8.
    shares = [(1 / 4, 1 - (3 / 4) ** 4), (1 / 8, 1 - (7 / 8) ** 4), (1 / 8, 1 - (7 / 8) ** 4)]
    assert chao_shen.entropy(c) == pytest.approx(-sum(q * math.log(q) / seen for q, seen in shares), rel=1e-14)
    # All seen once: the coverage is 1/n, not 0. One letter only: certain.
    assert chao_shen.entropy(np.array([1, 1])) == pytest.approx(
        math.log(4) * (1 / 4) / (1 - (3 / 4) ** 2) * 2, rel=1e-14
    )
    assert [m.entropy(np.array([0, 5])) for m in (plug_in, miller_madow, chao_shen, jackknife)] == [0, 0, 0, 0]
    # G(1) = -gamma - log 2, G(2) = G(3) = 2 - gamma - log 2.
    g = -np.euler_gamma - math.log(2)
    assert grassberger.entropy(np.array([1, 2, 3])) == pytest.approx(math.log(6) - (g + 5 * (2 + g)) / 6, rel=1e-14)


@pytest.mark.parametrize("mean", [0.3, 1.0, 4.0])
def test_grassbergers_bias_for_poisson_counts(mean):
    c = np.arange(1, 80)
    # One letter: c G(c) = c log c - c H, with H of the lone count c.
    terms = [k * (math.log(k) - grassberger.entropy(np.array([k]))) for k in c]
    found = float((poisson.pmf(c, mean) * terms).sum()) - mean * math.log(mean)
    assert found == pytest.approx(mean * exp1(2 * mean), abs=1e-12)


@given(LETTERS)
def test_the_jackknife_leaves_out_each_sample(c):
    n = int(c.sum())
    if n == 1:
        assert jackknife.entropy(c) == 0
        return
    without = [plug_in.entropy(c - np.eye(len(c), dtype=int)[k]) for k in np.repeat(np.arange(len(c)), c)]
    assert jackknife.entropy(c) == pytest.approx(n * plug_in.entropy(c) - (n - 1) * sum(without) / n, abs=1e-12)


def by_quadrature(counts) -> float:
    """NSB's two integrals by mpmath, over u = log b, in 20 digits."""
    with mpmath.workdps(20):
        k, n = len(counts), sum(counts)

        def weight(u):
            b = mpmath.exp(u)
            rho = mpmath.gammaprod([k * b], [n + k * b]) * mpmath.fprod(mpmath.rf(b, c) for c in counts)
            return rho * (k * mpmath.psi(1, k * b + 1) - mpmath.psi(1, b + 1)) * b

        def mean(u):
            b = mpmath.exp(u)
            terms = [(c + b) / (n + k * b) * mpmath.psi(0, c + b + 1) for c in counts]
            return mpmath.psi(0, n + k * b + 1) - mpmath.fsum(terms)

        ends = list(range(-36, 37, 6))
        return float(mpmath.quad(lambda u: weight(u) * mean(u), ends) / mpmath.quad(weight, ends))


@pytest.mark.parametrize("counts", [(1, 0), (1, 1, 1, 1), (5, 4, 0, 0, 0, 1), (40, 2)])
def test_nsb_against_adaptive_quadrature(counts):
    assert nsb.entropy(np.array(counts)) == pytest.approx(by_quadrature(counts), abs=1e-10)


def test_nsb_of_many_samples_is_the_entropy():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(8))
    h = -(p * np.log(p)).sum()
    assert nsb.entropy(rng.multinomial(3000, p)) == pytest.approx(h, abs=0.05)
    assert nsb.entropy(np.array([4])) == 0


def test_nsbs_grid_is_fine_enough_for_large_samples(monkeypatch):
    """The narrower the posterior, the finer the grid must be: many letters, many samples."""
    counts = np.random.default_rng(1).multinomial(3000, np.full(576, 1 / 576))
    found = nsb.entropy(counts)

    def anew(step):
        monkeypatch.setattr(nsb, "B", np.exp(np.arange(-nsb.REACH, nsb.REACH + step / 2, step)))
        nsb._counts.cache_clear()
        nsb._totals.cache_clear()
        return nsb.entropy(counts)

    assert found == pytest.approx(anew(nsb.STEP / 2), abs=1e-11)
    assert abs(found - anew(20 * nsb.STEP)) > 1e-6
    nsb._counts.cache_clear()
    nsb._totals.cache_clear()


# ---- means


def all_samples(joint: tx.Joint, n: int):
    """Every sequence of n pairs with its exact probability."""
    cells = [(x, y, joint.table[x, y]) for x, y in np.ndindex(*joint.shape) if joint.table[x, y]]
    for sequence in itertools.product(cells, repeat=n):
        yield np.array([s[0] for s in sequence]), np.array([s[1] for s in sequence]), math.prod(s[2] for s in sequence)


@pytest.mark.parametrize("e", ESTIMATORS, ids=lambda e: e.name)
def test_the_audits_mean_is_the_sum_over_all_samples(e):
    fn = e.make(JOINT.to_float().table)
    found = [(fn(x, y), weight) for x, y, weight in all_samples(JOINT, 4)]
    assert sum(weight for _, weight in found) == Fraction(1)
    mean = math.fsum(value * weight for value, weight in found)
    variance = math.fsum((value - mean) ** 2 * weight for value, weight in found)
    trials = 400 if e.family == "trained" else 4000
    audit = tx.audit.estimator(fn, JOINT.to_float(), 4, trials, 1, e.claim)
    error = math.sqrt(variance / trials)
    assert abs(audit.mean - mean) <= 4 * error + 1e-13
    assert math.sqrt(audit.variance) == pytest.approx(math.sqrt(variance), rel=0.2, abs=1e-13)
    assert audit.exact == pytest.approx(float(tx.mutual_information(JOINT, "X", "Y")), abs=1e-15)


@pytest.mark.parametrize("n", [2, 5])
def test_means_by_tables_of_counts_and_by_binomials(n):
    p = JOINT.to_float().table
    for module in (plug_in, miller_madow):
        slow = math.fsum(module.entropy(count(x, y, (2, 2))) * w for x, y, w in all_samples(JOINT, n))
        assert expectation(module.entropy, p, n) == pytest.approx(slow, abs=1e-14)
        assert module.mean(p, n) == pytest.approx(slow, abs=1e-14)
    assert len(tables(n, 4)) == math.comb(n + 3, 3)
    with pytest.raises(ValueError, match="must sum to 1"):
        expectation(plug_in.entropy, p / 2, n)


def test_the_first_order_bias():
    """N^2 times what is left stays bounded: it is the 1/n term, and Miller and Madow remove it."""
    for p in (JOINT.to_float().table, np.array([[0.5, 0.0, 0.0], [0.0, 0.25, 0.25]])):
        margins = (p.sum(axis=1), p.sum(axis=0))
        h = [float(-sum(q * math.log(q) for q in table.reshape(-1) if q)) for table in (*margins, p)]
        truth = h[0] + h[1] - h[2]
        for n in (200, 800, 3200):
            plain, corrected = (
                sum(m.mean(q, n) for q in margins) - m.mean(p, n) - truth for m in (plug_in, miller_madow)
            )
            assert abs(plain - plug_in.first_order_bias(p, n)) < 2 / n**2
            assert abs(corrected) < 2 / n**2
    # Y a function of X: biased downwards, since H(X,Y) = H(X).
    assert plug_in.first_order_bias(np.eye(3) / 3, 10) == -2 / 20


# ---- bounds


@settings(deadline=None, max_examples=examples(30))
@given(WEIGHTS, st.integers(2, 5))
def test_the_linear_bound_has_the_mean_i_and_the_logarithmic_one_more(p, n):
    truth = float(tx.mutual_information(tx.Joint(p, ("X", "Y")), "X", "Y"))
    t = critic.best(p)
    assert expectation(lambda c: nwj.held_out(1 + t, c), p, n) == pytest.approx(truth, abs=1e-13)
    assert expectation(lambda c: donsker_varadhan.held_out(t, c), p, n) >= truth - 1e-13
    assert expectation(lambda c: info_nce.of_counts(t, c), p, n) <= min(truth, math.log(n)) + 1e-13


@given(CRITICS, SAMPLES, st.integers(1, 12))
def test_on_every_sample(t, pairs, k):
    """-log z >= 1 - z orders the two bounds; log K is a ceiling; other pairs are those of different samples."""
    x, y = np.array(pairs).T
    n, c = len(x), count(x, y, (2, 3))
    listed = [t[x[i], y[j]] for i in range(n) for j in range(n) if i != j]
    mean = t[x, y].mean()
    assert donsker_varadhan.held_out(t, c) == pytest.approx(mean - math.log(np.exp(listed).mean()), abs=1e-12)
    assert nwj.held_out(1 + t, c) == pytest.approx(mean + 1 - np.exp(listed).mean(), abs=1e-10)
    assert donsker_varadhan.held_out(t, c) >= nwj.held_out(1 + t, c) - 1e-12
    shuffled = np.exp([t[x[i], y[(i + 1) % n]] for i in range(n)]).mean()
    assert donsker_varadhan.one_shuffle(t, x, y) == pytest.approx(mean - math.log(shuffled), abs=1e-12)
    k = min(k, n)
    batches = [range(b * k, b * k + k) for b in range(n // k)]
    slow = [t[x[i], y[i]] - math.log(np.mean([math.exp(t[x[j], y[i]]) for j in b])) for b in batches for i in b]
    assert info_nce.in_batches(t, x, y, k) == pytest.approx(np.mean(slow), abs=1e-12)
    assert info_nce.in_batches(t, x, y, k) <= math.log(k) + 1e-12
    assert info_nce.of_counts(t, c) == pytest.approx(info_nce.in_batches(t, x, y, n), abs=1e-12)


def test_the_ceiling_is_reached():
    """Eight different letters and a sharp critic: every one is told from the others."""
    t = critic.best(sparse(8, Fraction(0)).to_float().table)
    x = np.arange(8)
    assert info_nce.in_batches(t, x, x, 8) == pytest.approx(math.log(8), abs=1e-7)
    assert info_nce.in_batches(t, x, x, 4) == pytest.approx(math.log(4), abs=1e-7)


@given(SAMPLES)
def test_on_its_own_frequencies_the_fitted_bound_is_the_plug_in(pairs):
    """At the critic of the frequencies; and ascent comes near from below."""
    x, y = np.array(pairs).T
    c = count(x, y, (2, 3))
    joint = c / c.sum()
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    fitted = np.log(np.where(c, joint, np.exp(-40.0)) / np.where(product, product, 1.0))
    plain = information(plug_in.entropy, c)
    assert donsker_varadhan.value(fitted, joint, product) == pytest.approx(plain, abs=1e-12)
    assert float((joint * fitted).sum() + 1 - (product * np.exp(fitted)).sum()) == pytest.approx(plain, abs=1e-12)
    assert info_nce.of_counts(fitted, c) == pytest.approx(plain, abs=1e-12)
    assert plain - 0.02 <= donsker_varadhan.own_sample(c) <= plain + 1e-12


def test_critics_find_the_density_ratio():
    p = JOINT.to_float().table
    c = (p * 80_000).astype(int)
    truth = float(tx.mutual_information(JOINT, "X", "Y"))
    product = np.outer(p.sum(axis=1), p.sum(axis=0))
    best = critic.best(p)
    assert np.exp(best) * product == pytest.approx(p)
    assert nwj.fit(c) - 1 == pytest.approx(best, abs=0.02)
    ratio = info_nce.fit(c) - best  # free up to a function of y
    assert ratio[0] == pytest.approx(ratio[1], abs=0.02)
    for keep in (0.0, 0.9):
        t = donsker_varadhan.mine(c, keep)
        assert truth - 0.1 < donsker_varadhan.value(t, p, product) < truth


@pytest.mark.parametrize("keep", [0.0, 0.9])
def test_mine_step_by_step(keep, monkeypatch):
    """The same draws, one pair at a time, Adam letter by letter."""
    monkeypatch.setattr(donsker_varadhan, "STEPS", 6)
    monkeypatch.setattr(donsker_varadhan, "ascend", lambda gradient, shape: critic.ascend(gradient, shape, 6))
    c = np.array([[5, 1, 0], [2, 2, 4]])
    letters = [(x, y) for x in range(2) for y in range(3) for _ in range(c[x, y])]
    rng = np.random.default_rng(0)
    pairs, others = rng.integers(0, 14, (6, 32)), rng.integers(0, 14, (2, 6, 32))
    t, mean, square, average = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3)), 1.0
    for step in range(6):
        joint, tilted = np.zeros((2, 3)), np.zeros((2, 3))
        for k in range(32):
            joint[letters[pairs[step, k]]] += 1 / 32
            cell = letters[others[0, step, k]][0], letters[others[1, step, k]][1]
            tilted[cell] += math.exp(t[cell]) / 32
        average = keep * average + (1 - keep) * tilted.sum()
        g = joint - tilted / average
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        corrected = np.sqrt(square / (1 - 0.999 ** (step + 1)))
        t = t + 0.1 * mean / (1 - 0.9 ** (step + 1)) / (corrected + 1e-8)
    assert donsker_varadhan.mine(c, keep) == pytest.approx(t, abs=1e-12)


def test_decoder_and_marginal_by_hand():
    train, test = np.array([[2, 0, 1], [0, 0, 0]]), np.array([[1, 0, 0], [0, 2, 1]])
    # Half a count more: rows (5, 1, 3)/9 and (1, 1, 1)/3, the marginal (5, 1, 3)/9.
    p_y = np.array([1 / 2, 1 / 4, 1 / 4])
    lower = 1.5 * math.log(2) + (math.log(5 / 9) + 3 * math.log(1 / 3)) / 4
    assert barber_agakov.lower(p_y, train, test) == pytest.approx(lower, abs=1e-15)
    first = math.log(9 / 5)
    second = (math.log(1 / 2 * 9 / 1) + math.log(1 / 2 * 9 / 3)) / 2
    encoder = np.array([[1, 0, 0], [0, 1 / 2, 1 / 2]])
    assert barber_agakov.upper(encoder, train, test) == pytest.approx((first + 3 * second) / 4, abs=1e-15)


@settings(deadline=None, max_examples=examples(20))
@given(WEIGHTS)
def test_held_out_tables_bound_from_both_sides(p):
    """Sums over all training and test halves of two samples each."""
    truth = float(tx.mutual_information(tx.Joint(p, ("X", "Y")), "X", "Y"))
    conditional = p / p.sum(axis=1, keepdims=True)
    for train in tables(2, 4).reshape(-1, 2, 2):
        lower = expectation(lambda c, a=train: barber_agakov.lower(p.sum(axis=0), a, c), p, 2)
        upper = expectation(lambda c, a=train: barber_agakov.upper(conditional, a, c), p, 2)
        assert lower <= truth + 1e-12 and upper >= truth - 1e-12
    assert expectation(lambda c: leave_one_out.of_counts(conditional, c), p, 4) >= truth - 1e-12


def test_leave_one_out_by_its_sum():
    p, x, y = JOINT.to_float().table, np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])
    q = p / p.sum(axis=1, keepdims=True)
    slow = [math.log(q[x[i], y[i]] / np.mean([q[x[j], y[i]] for j in range(4) if j != i])) for i in range(4)]
    assert leave_one_out.of_counts(q, count(x, y, (2, 2))) == pytest.approx(np.mean(slow), abs=1e-14)


def test_other_pairs_are_a_distribution():
    pairs = other_pairs(np.array([[2, 0], [1, 1]]))
    assert pairs * 12 == pytest.approx(np.array([[4, 2], [5, 1]]))


# ---- the section


def test_the_section_goes_through_json_and_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "SIZES", (4, 6))
    monkeypatch.setattr(study, "BATCHES", (2, 4))
    monkeypatch.setattr(study, "trials", lambda e, full: 5)
    monkeypatch.setattr(study, "family_picture", lambda family, found, truths: None)
    monkeypatch.setattr(study, "theory", lambda full: study.Table("", (), ()))
    steps = []

    def start(what, total):
        assert total == 5 * len(ESTIMATORS)
        return lambda: steps.append(what)

    first = study.section(False, tmp_path, start)
    audit = tx.audit.estimator
    # What is left to do, one batch each of the ceiling, has n <= 4.
    monkeypatch.setattr(tx.audit, "estimator", lambda *a: pytest.fail("audited again") if a[2] > 4 else audit(*a))
    assert len(steps) == 5 * len(ESTIMATORS)
    again = study.section(False, tmp_path, start)
    assert again == first
    monkeypatch.undo()
    whole = Section(first.title, first.text, first.tables)
    assert Section.of(json.loads(json.dumps(asdict(whole), allow_nan=False))) == whole
