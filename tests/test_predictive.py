"""Predictive information by types, against sums over all data sets, and its laws."""

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

HALF = Fraction(1, 2)
CI = settings(derandomize=True, deadline=None, max_examples=examples(25))


def by_data_sets(phi, letters, n):
    """I(T_N; Phi) and H(T_N) over all k^N data sets, as a joint."""
    k = len(letters[0])
    table = [
        [
            phi[f] * math.prod((letters[f][c] for c in data), start=Fraction(1))
            for data in itertools.product(range(k), repeat=n)
        ]
        for f in range(len(phi))
    ]
    return tx.Joint(table, ("Phi", "T"))


@CI
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
def test_types_agree_with_data_sets_exactly(data, f, k, n):
    phi, letters = data.draw(rows((f,))), data.draw(rows((f, k)))
    j = by_data_sets(phi, letters, n)
    result = tx.predictive_information(phi, letters, None, n)
    assert result.I_pred == tx.mutual_information(j, "T", "Phi")
    assert tx.entropy(j, "T") == result.H
    assert result.error == 0


@CI
@given(st.data(), st.integers(1, 3), st.integers(0, 2))
def test_train_and_test_information_agrees_with_data_sets(data, n, m):
    phi, letters = data.draw(rows((2,))), data.draw(rows((2, 2)))
    axes = ["Phi", *(f"T{i}" for i in range(n + m))]
    graph = {axis: ["Phi"] for axis in axes[1:]}
    network = tx.Joint(_product(phi, letters, n + m), axes)
    assert tx.Graph(graph).nodes == tuple(axes)
    train, test = axes[1 : 1 + n], axes[1 + n :]
    expected = tx.mutual_information(network, train, test) if m else 0
    assert tx.predictive_information(phi, letters, None, n, m).I_pred == expected


def _product(phi, letters, n):
    table = np.asarray(phi, dtype=object)
    for _ in range(n):
        table = table[..., None] * np.asarray(letters, dtype=object).reshape(len(phi), *(1,) * (table.ndim - 1), -1)
    return table


@pytest.mark.parametrize("n", [1, 5, 40])
def test_floats_agree_with_exact_values_within_the_stated_error(n):
    rng = np.random.default_rng(n)
    phi = tx.examples.random_rows(rng, (3,), exact=True)
    x = tx.examples.random_rows(rng, (3, 2), exact=True)
    y = tx.examples.random_rows(rng, (3, 2, 2), exact=True)
    exact = tx.predictive_information(phi, x, y, n)
    floats = tx.predictive_information(*(t.astype(float) for t in (phi, x, y)), n)
    assert abs(floats.I_pred - float(exact.I_pred)) <= floats.error < 1e-9
    assert abs(floats.H - float(exact.H)) <= floats.error
    assert math.isclose(floats.I_pred, float(exact.I_pred), rel_tol=1e-12)


def test_one_sample_is_the_mutual_information_of_the_world():
    w = tx.random_world(3, n=1, sizes=(3, 2, 2, 1, 1))
    result = tx.predictive_information(w.phi, w.x_given_phi, w.y_given_x_phi, 1)
    assert result.I_pred == tx.mutual_information(w, ["X1", "Y1"], "Phi")
    assert tx.entropy(w, ["X1", "Y1"]) == result.H


def test_information_grows_with_samples_and_stays_below_the_entropy_of_phi():
    phi, x = [HALF, HALF], [["1/4", "3/4"], ["2/3", "1/3"]]
    values = [tx.predictive_information(phi, x, None, n).I_pred for n in range(8)]
    assert values[0] == 0
    assert all(a < b for a, b in itertools.pairwise(values))
    steps = [b - a for a, b in itertools.pairwise(values)]
    assert all(a > b for a, b in itertools.pairwise(steps))  # each sample teaches less than the one before
    assert values[-1] < tx.PrimeLog.log(2)


def test_degenerate_processes():
    assert tx.predictive_information([1], [[1]], None, 5).I_pred == 0
    assert tx.predictive_information([1, 0], [[1, 0], [0, 1]], None, 5).H == 0
    assert tx.predictive_information([HALF, HALF], [[1, 0], [0, 1]], None, 1).I_pred == tx.PrimeLog.log(2)
    with pytest.raises(ValueError, match="n is -1"):
        tx.predictive_information([1], [[1]], None, -1)
    with pytest.raises(ValueError, match=r"the exact table of .* types of 1000 samples over 30 letters"):
        tx.predictive_information(["1/2", "1/2"], tx.normalize(np.arange(1, 61).reshape(2, 30)), None, 1000)
    with pytest.raises(ValueError, match="types or more; at most"):
        tx.predictive_information([0.5, 0.5], np.arange(1, 61).reshape(2, 30) / [[465], [1365]], None, 1000)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_a_rule_learns_agrees_with_the_world_of_its_data_sets(n):
    """A draw from the posterior depends on the type alone: the world over all data sets has the same informations."""
    rng = np.random.default_rng(n)
    phi, x, y = (tx.examples.random_rows(rng, shape, exact=True) for shape in ((2,), (2, 2), (2, 2, 2)))
    w = tx.WorldP(
        phi, x, y, tx.learners.posterior(phi, x, y, n), tx.encoders.table(tx.encoders.deterministic(2, 2)[:2])
    )
    data = [name for name in w.axes if name[0] in "XY"]
    letters = (x[..., None] * y).astype(float)

    def rule(counts):
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(counts[:, None] > 0, counts[:, None] * np.log(letters), 0.0).sum(axis=(2, 3))
        weights = np.exp(logs) * phi.astype(float)
        return weights / weights.sum(axis=1, keepdims=True)

    told = tx.learned_information(*(t.astype(float) for t in (phi, x, y)), n, rule)
    assert abs(told.I_theta_data - float(tx.mutual_information(w, "Theta", data))) <= told.error < 1e-9
    assert abs(told.I_theta_phi - float(tx.mutual_information(w, "Theta", "Phi"))) <= told.error
    assert abs(told.I_pred - float(tx.mutual_information(w, "Phi", data))) <= told.error
    assert abs(told.H_theta - float(tx.entropy(w, "Theta"))) <= told.error


def test_thousands_of_samples_tell_all_but_nothing_more():
    x = np.array([[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])
    result = tx.predictive_information([0.5, 0.3, 0.2], x, None, 2000)
    entropy = tx.entropy(tx.Joint([0.5, 0.3, 0.2], ("Phi",)), "Phi")
    assert result.I_pred <= entropy + result.error
    assert result.I_pred > entropy - 1e-9
    assert result.ratio < 1e-3


def test_it_says_what_it_is():
    text = str(tx.predictive_information([HALF, HALF], [["1/4", "3/4"], ["2/3", "1/3"]], None, 2, m=1))
    assert "I(T_2;T'_1)" in text
    assert "nats" in text


def test_many_letters_need_no_deep_recursion():
    assert tx.predictive_information([1], [[Fraction(1, 1500)] * 1500], None, 1).I_pred == 0
