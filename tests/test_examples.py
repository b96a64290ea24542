"""The bundled examples are what their sources say, and random worlds are what was asked for."""

from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import Phase, find, given, settings

import therml_exact as tx
from therml_exact.testing import joints, variationals, worlds


def test_admissions_to_berkeley():
    j = tx.examples.berkeley()
    assert j.shape == (6, 2, 2)
    assert j.labels == {"Dept": tuple("ABCDEF"), "Gender": ("Male", "Female"), "Admit": ("Admitted", "Rejected")}
    assert j.table[0, 0, 0] == Fraction(512, 4526)
    admitted = j.marginal("Gender", "Admit").table
    # Over all departments men are admitted more often; in A, where most apply, women are.
    assert admitted[0, 0] / sum(admitted[0]) > admitted[1, 0] / sum(admitted[1])
    assert j.table[0, 0, 0] / sum(j.table[0, 0]) < j.table[0, 1, 0] / sum(j.table[0, 1])


def test_hair_and_eyes():
    j = tx.examples.hair_eye()
    assert j.shape == (2, 4, 4)
    assert j.table[0, 0, 0] == Fraction(32, 592)


def test_the_papers_toy_has_half_a_nat():
    j = tx.examples.appendix_h()
    assert j.shape == (30, 2)
    assert abs(tx.mutual_information(j, "X", "Y") - 0.5) < 1e-12
    np.testing.assert_allclose(j.marginal("Y").table, [0.3, 0.7], rtol=1e-12)


def test_binary_symmetric_has_its_closed_form():
    j = tx.examples.binary_symmetric(Fraction(1, 10))
    log = tx.PrimeLog.log
    capacity = log(2) + Fraction(1, 10) * log(Fraction(1, 10)) + Fraction(9, 10) * log(Fraction(9, 10))
    assert tx.mutual_information(j, "X", "Y") == capacity
    assert not tx.examples.binary_symmetric(0.1).is_exact
    assert tx.mutual_information(tx.examples.binary_symmetric(0), "X", "Y") == log(2)


def test_random_worlds_are_reproducible_and_sized():
    one, two = (tx.random_world(np.random.default_rng(7), n=2, sizes={"x": 3, "z": 1}) for _ in range(2))
    assert one == two
    assert one.joint().shape == (2, 3, 2, 3, 2, 2, 1, 1)
    assert one.is_exact
    assert not tx.random_world(7, exact=False).is_exact
    with pytest.raises(ValueError, match="sizes has 'w'"):
        tx.random_world(0, sizes={"w": 2})
    with pytest.raises(ValueError, match="five alphabets"):
        tx.random_world(0, sizes=(2, 2))


@settings(derandomize=True, deadline=None, max_examples=examples(50))
@given(joints(("X", "Y", "Z")))
def test_a_property_test_takes_five_lines(j):
    assert tx.entropy(j, "X", given=("Y", "Z")) <= tx.entropy(j, "X", given="Y")


def test_a_functional_infinite_for_one_sample_is_infinite_in_sum():
    """The smallest world with U_1 infinite and U_2 not: the sum started from 0 times infinity."""
    one = [[Fraction(1)]]
    w = tx.BayesWorld([1], [["1/2", "1/2"]], np.array([[one[0]] * 2] * 2, dtype=object))
    f = tx.functionals(w, tx.Variational(x_given_theta=[[[1, 0]], [["1/2", "1/2"]]]))
    assert f.U_i == (np.inf, tx.PrimeLog.log(2))
    assert np.inf == f.U


def test_strategies_shrink_to_readable_worlds():
    """The smallest world in which the parameters know the data is small, and its fractions are simple."""
    w = find(
        worlds(max_size=3),
        lambda w: tx.mutual_information(w, "Theta", ["X1", "Y1"]) > 0,
        settings=settings(derandomize=True),
    )
    assert w.network.cells <= 8
    assert all(p.denominator <= 3 for table in w.tables.values() for p in table.reshape(-1))


@pytest.mark.parametrize("kind", ["P", "bayes", "discriminative"])
def test_strategies_reach_zeros_determinism_and_one_letter(kind):
    quick = settings(derandomize=True, phases=[Phase.generate])  # nothing is shrunk: existence is the question
    find(worlds(kind=kind), lambda w: w.network.sizes["X1"] == 1, settings=quick)
    find(
        worlds(kind=kind), lambda w: len(w.theta_given_data.reshape(-1)) > 2 and 0 in w.theta_given_data, settings=quick
    )
    find(worlds(n=None, kind=kind), lambda w: w.n == 2 and 1 in w.x_given_phi and 0 in w.x_given_phi, settings=quick)


@settings(derandomize=True, deadline=None, max_examples=examples(20))
@given(worlds(n=2).flatmap(lambda w: variationals(w, per_sample=True).map(lambda q: (w, q))))
def test_variationals_fit_their_world_and_are_positive(pair):
    w, q = pair
    f = tx.functionals(w, q)
    assert all(len(values) == 2 for values in (f.R_i, f.C_i, f.D_i, f.V_i))
    assert f.R >= 0
    assert f.S >= 0
