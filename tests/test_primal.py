"""The upper side against slow independent ones: EM, SciPy's least squares, Lindsay's condition on a fine grid."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

import therml_exact as tx
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.path import minimize_path
from therml_exact.frontier.mixture.primal import Primal, multipliers, start
from therml_exact.frontier.mixture.solve import improve
from therml_exact.frontier.mixture.tables import Tables
from therml_exact.frontier.problems.bayes import BayesProblem
from therml_exact.frontier.problems.discriminative import DiscriminativeProblem
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.kernels.mixture import mixing
from therml_exact.kernels.mixture.ascent import apart, climb
from therml_exact.kernels.mixture.functionals import encoder_functionals

TOL = 1e-9
COIN = ([0.5, 0.5], [[0.3, 0.7], [0.8, 0.2]])
DIE = ([0.3, 0.3, 0.4], [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
PAIRS = ([0.4, 0.6], [[0.5, 0.5], [0.3, 0.7]], [[[0.1, 0.9], [0.6, 0.4]], [[0.7, 0.3], [0.2, 0.8]]])


def tables_of(problem, **multipliers):
    return Tables(problem.plan(**{name: Fraction(m) for name, m in multipliers.items()}).parts[0].mixture)


def random_joint(*shape, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(math.prod(shape))).reshape(shape)


def encoder_problem(cells):
    return EncoderProblem(tx.Joint(cells, ("X", "Y") if np.ndim(cells) == 2 else ("X", "Theta", "Y")))


def solved(tables, tol=TOL):
    primal = start(tables)
    improve(tables, primal, 0.8 * tol, tol, time.monotonic() + 60)
    return primal


def value(tables, primal):
    return -float(tables.p @ np.logaddexp.reduce(np.log(primal.q) + tables.full @ np.log(primal.codes).T, axis=1))


def expectation_maximisation(tables, rng, codes, steps):
    """Weights and codes by the textbook iteration; its value is above the least."""
    p, a, ends = tables.p, tables.full, tables.ends
    r = rng.dirichlet(np.ones(codes), size=len(p))
    for _ in range(steps):
        mass = p[:, None] * r
        q = mass.sum(axis=0)
        t = mass.T @ a
        for lo, hi in pairwise(ends):
            t[:, lo:hi] /= np.maximum(t[:, lo:hi].sum(axis=1, keepdims=True), 1e-300)
        s = np.log(np.maximum(q, 1e-300)) + a @ np.log(np.maximum(t, 1e-300)).T
        log_m = np.logaddexp.reduce(s, axis=1)
        r = np.exp(s - log_m[:, None])
    return -float(p @ log_m)


PROBLEMS = {
    "5x3": (encoder_problem(random_joint(5, 3)), {"rho": 1, "delta": 0, "gamma": 6}),
    "theta": (encoder_problem(random_joint(4, 2, 3)), {"rho": 1, "delta": "2/5", "gamma": 5}),
    "coin": (BayesProblem(*COIN, 8), {"beta": 2}),
    "die": (BayesProblem(*DIE, 5), {"beta": "3/2"}),
    "pairs": (DiscriminativeProblem(*PAIRS, 3), {"beta": 2}),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_no_iteration_gets_lower_and_one_gets_as_low(name):
    problem, at = PROBLEMS[name]
    tables = tables_of(problem, **at)
    ours = value(tables, solved(tables))
    rng = np.random.default_rng(0)
    theirs = min(expectation_maximisation(tables, rng, len(tables.p), 1500) for _ in range(3))
    assert ours <= theirs + TOL
    assert theirs <= ours + 5e-3  # EM crawls


HARD = {
    **{f"coin 50, beta {b}": (BayesProblem(*COIN, 50), {"beta": b}) for b in ("3/10", 1, 2, 4)},
    **{f"die 10, beta {b}": (BayesProblem(*DIE, 10), {"beta": b}) for b in ("1/2", 1, 2, 4)},
    **{f"pairs 10, beta {b}": (DiscriminativeProblem(*PAIRS, 10), {"beta": b}) for b in ("9/10", "3/2", 4)},
}


@pytest.mark.parametrize("name", HARD)
def test_lindsay_on_a_grid(name):
    """No code on a grid finer than the solver's, and no letter's own code, would add anything."""
    problem, at = HARD[name]
    tables = tables_of(problem, **at)
    lam = multipliers(tables, solved(tables), 0.02 * TOL)
    line = np.linspace(0, 1, 20_001 if len(tables.roots) == 1 else 151)
    if len(tables.roots) == 2:
        i, j = np.meshgrid(line, line)
        grid = np.stack([i, 1 - i, j, 1 - j], axis=-1).reshape(-1, 4)
    elif tables.jstart[-1] == 2:
        grid = np.stack([line, 1 - line], axis=-1)
    else:
        i, j = np.meshgrid(np.arange(121), np.arange(121))
        grid = np.stack([i, j, 120 - i - j], axis=-1)[i + j <= 120] / 120
    heights, _, _ = tables.gradient(lam, np.vstack([grid, tables.image(np.eye(len(tables.p)))]))
    assert heights.max() <= TOL


@given(st.integers(1, 4), st.integers(1, 3), st.data())
@settings(max_examples=examples(40), deadline=None)
def test_warm_is_cold(nx, ny, data):
    counts = data.draw(st.lists(st.integers(0, 5), min_size=nx * ny, max_size=nx * ny).filter(any))
    gammas = data.draw(st.lists(st.sampled_from([0, 0.5, 1, 1.1, 1.5, 2, 3, 8, 40]), min_size=2, max_size=5))
    delta = data.draw(st.sampled_from([0, 0.3, 1]))
    problem = EncoderProblem(tx.Joint.from_counts(np.array(counts).reshape(nx, ny), ("X", "Y")))
    warm = list(minimize_path(problem, [{"gamma": g, "delta": delta} for g in gammas]))
    for gamma, one in zip(gammas, warm, strict=True):
        cold = tx.minimize(problem, gamma=gamma, delta=delta)
        assert one.status == cold.status == "certified"
        assert one.multipliers == cold.multipliers
        assert one.lower_bound <= cold.value and cold.lower_bound <= one.value


@pytest.mark.parametrize("delta", [0, 0.4, 1.5])
def test_a_path_with_theta_up_and_down(delta):
    problem = encoder_problem(random_joint(4, 2, 2, seed=2))
    gammas = [0, 0.6, 1.3, 2, 2.1, 7, 30, 29, 3, 1.2, 0, 5]
    for gamma, one in zip(gammas, minimize_path(problem, [{"gamma": g, "delta": delta} for g in gammas]), strict=True):
        cold = tx.minimize(problem, gamma=gamma, delta=delta)
        assert one.status == "certified" and one.lower_bound <= cold.value and cold.lower_bound <= one.value
        assert tx.verify(one.certificate, problem).valid


def test_a_path_may_move_every_multiplier():
    problem = encoder_problem(random_joint(3, 3, seed=1))
    path = [{"gamma": 3}, {"gamma": 3, "rho": 0}, {"gamma": 4, "rho": 2}, {"gamma": 4, "delta": 0.5}, {"delta": 2}]
    for given_, one in zip(path, minimize_path(problem, path), strict=True):
        assert one.value == pytest.approx(tx.minimize(problem, **given_).value, abs=TOL)
    bayes = BayesProblem(*COIN, 6)
    for beta, one in zip((0, 1, 2, 3), minimize_path(bayes, [{"beta": b} for b in range(4)]), strict=True):
        assert one.value == pytest.approx(tx.minimize(bayes, beta=beta).value, abs=TOL)


def test_path_is_validated_at_the_door():
    problem = encoder_problem(random_joint(2, 2))
    with pytest.raises(ValueError, match="tol is 0"):
        Budget.read(0, 1, 1)
    with pytest.raises(TypeError, match="foreign"):
        list(minimize_path(problem, [{"beta": 1}]))
    assert list(minimize_path(problem, [])) == []


def test_the_same_twice():
    problem = encoder_problem(random_joint(6, 3, seed=4))
    first, again = (list(minimize_path(problem, [{"gamma": g} for g in (2, 2.2, 9)])) for _ in range(2))
    assert [o.value for o in first] == [o.value for o in again]
    assert [o.certificate for o in first] == [o.certificate for o in again]


@pytest.mark.parametrize("name", ["5x3", "theta", "die", "pairs"])
def test_floats_of_another_multiplier(name):
    problem, at = PROBLEMS[name]
    other = {**at, ("gamma" if "gamma" in at else "beta"): 3}
    moved, made = (
        tables_of(problem, **at).at(tables_of(problem, **other).mixture.multiplier),
        tables_of(problem, **other),
    )
    for field in ("a", "a_root", "full", "sums", "power", "closed"):
        assert np.array_equal(getattr(moved, field), getattr(made, field)), field


# ---- kernels


@given(st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=examples(60), deadline=None)
@example(3, 0)
def test_active_set_against_least_squares(size, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(size + 3, size)), rng.normal(size=size + 3)
    x = np.where(rng.random(size) < 0.5, rng.random(size), 0.0)
    assert mixing.nonnegative(a.T @ a, a.T @ b, x, 3 * len(x) + 20)
    _, distance = nnls(a, b)
    assert (x >= 0).all()
    assert float(np.linalg.norm(a @ x - b)) == pytest.approx(distance, abs=1e-9)


def test_a_code_that_explains_nothing_ends_the_active_set():
    """Its row of h is 0 and its c is -1: no ridge makes a pivot of it, and its weight goes to 0."""
    h, c, x = np.diag([1.0, 0.0]), np.array([1.0, -1.0]), np.array([0.5, 0.5])
    assert mixing.nonnegative(h, c, x, 20)
    assert x[0] == pytest.approx(1.0, rel=1e-12) and x[1] == 0.0
    assert not mixing.nonnegative(np.full((2, 2), np.nan), c, np.array([0.5, 0.5]), 20)


def test_a_large_multiplier_on_rows_that_agree_up_to_rounding_ends():
    p, rng = tx.examples.appendix_h(30).table, np.random.default_rng(0)
    t = np.repeat(p[:, None, :] / 4, 4, axis=1) * (1 + 2.0**-52 * rng.integers(0, 3, size=(30, 4, 2)))
    problem = EncoderProblem(tx.Joint(t / t.sum(), ("X", "Theta", "Y")))
    best = tx.minimize(problem, gamma=32548, time_limit=2)
    assert best.gap < 1e-5 and tx.verify(best.certificate).valid


def test_weights_meet_their_conditions():
    """G <= 1 at every code, and G = 1 at those with weight; equal codes, and one that explains nothing, included."""
    tables = tables_of(BayesProblem(*COIN, 20), beta=2)
    u = np.sort(np.append(np.linspace(0.01, 0.99, 30), [0.5, 0.5, 1e-9]))
    codes = np.stack([u, 1 - u], axis=1)
    q = np.full(len(u), 1 / len(u))
    mixing.weigh(tables.p, mixing.log_terms(tables.full, tables.own, codes), q, 50)
    heights, _, _ = tables.gradient(multipliers(tables, Primal(q, codes)), codes)
    assert abs(q.sum() - 1) < 1e-12 and heights.max() < 1e-9
    assert np.abs(heights[q > 1e-12]).max() < 1e-9


def test_newton_never_rises_and_ends_stationary():
    tables = tables_of(encoder_problem(random_joint(6, 4, seed=3)), rho=1, delta=0, gamma=8)
    rng = np.random.default_rng(2)
    q, t = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4), size=4)
    last = math.inf
    for _ in range(40):
        reached = mixing.newton(tables.p, tables.full, tables.own, tables.sums, tables.ends, q, t, 1)
        assert reached <= last + 1e-14
        last = reached
    primal = Primal(q, t)
    constant = float(tables.p @ (tables.full * tables.own).sum(axis=1))
    assert last - constant == pytest.approx(value(tables, primal), abs=1e-13)
    heights, r, _ = tables.gradient(multipliers(tables, primal), t)
    assert np.abs(heights[q > 1e-6]).max() < 1e-9
    assert np.abs(tables.image(r) - t)[q > 1e-6].max() < 1e-9


def test_merging_keeps_mass_and_mean():
    t = np.array([[0.2, 0.8], [0.2 + 1e-8, 0.8 - 1e-8], [0.7, 0.3], [0.2, 0.8]])
    q = np.array([0.1, 0.4, 0.3, 0.2])
    merged, codes = mixing.merge(q.copy(), t.copy())
    assert len(merged) == 2 and merged.sum() == pytest.approx(1, abs=1e-15)
    assert np.allclose(merged @ codes, q @ t, atol=1e-15)


@pytest.mark.parametrize("name", ["5x3", "theta", "pairs"])
def test_climbs_end_at_maxima(name):
    problem, at = PROBLEMS[name]
    tables = tables_of(problem, **at)
    lam = multipliers(tables, start(tables))
    seeds = tables.image(np.random.default_rng(0).dirichlet(np.ones(len(tables.p)), size=30).T)
    before, _, _ = tables.gradient(lam, seeds)
    ends, height = climb(lam, tables.a, tables.group, tables.groups, tables.power, tables.jstart, seeds, 200)
    found = apart(ends, height, tables.a.shape[1], -1e300, 30)
    ends = np.ascontiguousarray(found[:, : tables.jstart[-1]])
    after, r, _ = tables.gradient(lam, ends)
    assert after[0] == pytest.approx(after.max(), abs=1e-12) and after.max() >= before.max()
    assert np.abs(tables.image(r) - ends).max() < 1e-4


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=examples(40), deadline=None)
def test_functionals_are_the_information_functions(nx, ntheta, ny, nz, seed):
    rng = np.random.default_rng(seed)
    cells = random_joint(nx, ntheta, ny, seed=seed)
    encoder = rng.dirichlet(np.full(nz, 0.5), size=(nx, ntheta))
    joint = tx.Joint(cells[..., None] * encoder[:, :, None, :], ("X", "Theta", "Y", "Z"))
    wanted = (
        tx.mutual_information(joint, "Z", ["X", "Theta"]),
        tx.entropy(joint, "X", given="Z"),
        tx.entropy(joint, "Y", given="Z"),
    )
    assert encoder_functionals(cells, encoder) == pytest.approx(wanted, abs=1e-12)
