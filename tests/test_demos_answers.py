"""What the lessons laws, learning, learning_forever and geometry claim, against exact worlds and other algorithms."""

import math

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.rules.bent import least_excess

pytest.importorskip("marimo", reason="the lessons need marimo: pip install 'therml_exact[demo]'")

from therml_exact.demos import geometry, laws, learning, learning_forever

L = math.log(2)


def functionals(rule, encoder):
    """R, C, S of p(theta|y), p(z|theta) for a fair bit Y, |X| = 1, N = 1, with the best q's."""
    world = tx.WorldP([1.0], [[1.0]], [[[0.5, 0.5]]], [rule], [encoder])
    f = tx.functionals(world, tx.optimal_variational(world))
    return np.array([f.R, f.C, f.S])


# geometry


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 4), st.floats(0, 1))
@settings(max_examples=examples(60), deadline=None)
def test_all_rules_keep_away_from_the_segment(seed, thetas, codes, t):
    rng = np.random.default_rng(seed)
    rule, encoder = rng.dirichlet(np.full(thetas, 0.3), size=2), rng.dirichlet(np.full(codes, 0.3), size=thetas)
    over = functionals(rule, encoder) - L * np.array([t, 1 - t, t])
    assert over.max() >= least_excess(t)


def test_the_least_excess_is_the_root_of_the_proof():
    """Steps 5 to 7 of the proof at e: a contradiction just below it, none just above."""
    assert least_excess(0) == least_excess(1) == 0 and least_excess(0.5) > 1 / 80
    for t in (0.01, 0.3, 0.5, 0.8, 0.99):
        for factor, contradiction in ((1 - 1e-5, True), (1 + 1e-5, False)):
            e = factor * least_excess(t)
            low, high = 0.0, 0.5
            for _ in range(60):
                u = (low + high) / 2
                low, high = (u, high) if float(geometry.h(np.array(u))) < (1 - t) * L - e else (low, u)
            assert (math.acos(math.sqrt(1 - t + e / L)) ** 2 * low * (1 - low) > 4 * e) == contradiction
    with pytest.raises(ValueError, match=r"t is 1\.5"):
        least_excess(1.5)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (0.21, 0.8), (0.5, 0.5), (1.0, 0.3)])
def test_the_learner_that_comes_near_is_a_world(a, b):
    told = np.array([float(v) for v in geometry.learner(np.array(a), np.array(b))])
    assert told == pytest.approx(functionals([[1, 0], [a, 1 - a]], [[1.0, 0.0], [1 - b, b]]), abs=1e-14)
    proved, achieved = geometry.bent_in_s()
    assert (proved <= achieved).all() and achieved[[0, -1]] == pytest.approx(0, abs=1e-12)
    assert (achieved[1:-1] < 0.067).all()


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
@settings(max_examples=examples(100), deadline=None)
def test_encoders_with_two_codes_keep_away_from_their_segment(encoder):
    def point(e):
        joint = tx.Joint(
            np.einsum("x,xy,xz->xyz", geometry.X, geometry.Y_GIVEN_X, np.stack([1 - e, e], 1)), tuple("XYZ")
        )
        given_z = (tx.entropy(joint, name, given="Z") for name in "XY")
        return np.array([tx.mutual_information(joint, "X", "Z"), *given_z])

    here, start, end = (point(np.array(e, dtype=float)) for e in (encoder, (1, 0, 0), (0, 0, 1)))
    proved, achieved = geometry.bent_in_z()
    for k in (0, 10, 18, 50, 90, 100):
        t = geometry.PLACES[k]
        assert (here - (1 - t) * start - t * end).max() >= proved[k] - 1e-12
    assert (achieved - proved <= 2e-3 + 1e-12).all() and (achieved >= proved).all() and proved[50] > 0.025
    assert achieved[[0, -1]] == pytest.approx(0, abs=1e-12)


def test_the_kink_has_its_closed_form():
    k = 0.8**2
    assert geometry.gamma_c() == pytest.approx(1 / k, rel=1e-9)
    assert geometry.second_derivative() == pytest.approx(-1.5 * k**2 / (1 - k), abs=1e-5)


# laws


def test_the_relaxation_has_the_quoted_numbers():
    run, constant = laws.fair_bit(1.0)
    assert [round(j - constant, 4) for j in run.refitted[:2]] == [0.3799, 0.4139]
    assert round(run.J[0] - constant, 4) == 0.8907
    assert run.limit - constant == pytest.approx(-(math.log(0.1 + 0.9 / math.e) + math.log(0.9 + 0.1 / math.e)) / 2)


@pytest.mark.parametrize("sigma", [0.1, 0.45, 0.95])
def test_what_is_drawn_is_what_the_relation_says(sigma):
    for relation in laws.RELATIONS:
        (left, x, y), (right, *_) = (laws.experiment(sigma, e) for e in (relation.left, relation.right))
        assert left == pytest.approx(relation.sign * right, rel=1e-6)
        assert x[6] == y[6] == 0 and (y[7] - y[5]) / (x[7] - x[5]) == pytest.approx(left, rel=0.02)
    run, _ = laws.fair_bit(sigma)
    assert (run.verdict, run.refitted_verdict) == ("falls", "rises")


# learning forever


@pytest.mark.parametrize("sigma", [0.2, 1, 3])
def test_the_noise_that_a_temperature_keeps(sigma):
    told = learning_forever.learnt("two coins", 2000, sigma)
    assert told.I_theta_data - told.I_theta_phi == pytest.approx(math.log(1 + 1 / sigma) / 2, abs=1e-3)


@pytest.mark.parametrize("process", list(learning_forever.PROCESSES))
@pytest.mark.parametrize("n", [1, 7, 60])
def test_the_counts_are_a_rule_of_their_own(process, n):
    told = tx.learned_information(
        *learning_forever.PROCESSES[process], None, n, lambda counts: np.eye(n + 1)[counts[:, 1].astype(int)]
    )
    assert learning_forever.counts(process, n) == pytest.approx(told.I_theta_data, abs=1e-10)
    assert told.I_theta_phi == pytest.approx(told.I_pred, abs=1e-10)


def test_learning_ends_where_memory_costs_what_it_saves():
    """N = 1: memory has R = S = log 2 and C = 0, and no memory C = log 2, so that it ends at sigma = gamma - 1."""
    lesson = learning
    for gamma in (2.0, 4.0, 7.0):
        assert lesson.end_of_learning(gamma) == pytest.approx(gamma - 1, abs=2e-3)
    n, found = 2, lesson.best(4.0, 1.0, 2)
    process = lesson.problem(n)
    known = float(tx.predictive_information(process.phi, process.x_given_phi, process.y_given_x_phi, n).I_pred)
    assert 0 < lesson.about(4.0, 1.0, n) <= known < found.point["S"]
    kept = lesson.diagram(1)
    assert kept[0, 0] == pytest.approx(0, abs=1e-6) and kept[0, -1] == pytest.approx(np.log(2), abs=1e-3)
