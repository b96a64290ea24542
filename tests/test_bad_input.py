"""Bad input is refused at the door: the message names the argument, the entry, its value and the remedy."""

import re
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx

HALF = Fraction(1, 2)
ONE = tx.Variational(theta=[1], z=[1])
GOOD = {
    "phi": [HALF, HALF],
    "x_given_phi": [["1/3", "2/3"], [1, 0]],
    "y_given_x_phi": [[[1, 0], [0, 1]], [[HALF, HALF], [1, 0]]],
    "theta_given_data": [[[1, 0], [0, 1]], [[HALF, HALF], [1, 0]]],
    "z_given_x_theta": [[[1, 0], [0, 1]], [[HALF, HALF], [1, 0]]],
}
FLOATS = {name: np.asarray(tx.WorldP(**GOOD).tables[name], dtype=float) for name in GOOD}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("phi", [0.5, float("nan")], r"phi\[1\] is nan; remove or fill"),
        ("phi", [1.5, -0.5], r"phi\[1\] is -0.5; probabilities are finite and >= 0"),
        ("phi", [float("inf"), 0.0], r"phi\[0\] is inf"),
        (
            "x_given_phi",
            [[0.5, 0.5], [0.5, 0.499]],
            r"x_given_phi\[1\] sums to 0.999; rows must sum to 1 within 1e-12, or",
        ),
        ("x_given_phi", [[0.5, 0.5], [0.5]], r"x_given_phi\[1\] has shape \(1,\).*ragged"),
        ("x_given_phi", [0.5, 0.5], r"x_given_phi has shape \(2,\); it is x_given_phi\[phi, x\]"),
        ("x_given_phi", [[0.2, 0.3, 0.5]] * 2, r"\|x\| = 2.*x_given_phi has \|x\| = 3"),
        ("x_given_phi", [["0.5", 0.5], [1, 0]], r"x_given_phi mixes floats and exact numbers"),
        ("x_given_phi", [["1/2", "1/2"], [1, 0]], r"phi holds floats and x_given_phi holds exact numbers"),
        ("phi", ["__import__('os').system('true')", 0], r"phi\[0\] is the text .*write a rational"),
        ("phi", ["9**9**9", 0], r"phi\[0\] is the text"),
        ("phi", ["1e999999999", 0], r"phi\[0\] is the text"),
        ("phi", ["1/0", 1], r"divides by zero"),
        ("phi", [None, 1], r"phi\[0\] is None"),
        ("phi", [1j, 0], r"phi\[0\] is 1j"),
        ("phi", [], r"phi has shape \(0,\): an alphabet needs at least one letter"),
        ("phi", {"a": 1}, r"phi is \{'a': 1\} \(dict\)"),
        ("theta_given_data", np.full((2, 2, 2, 2), 0.5), r"theta_given_data has 4 axes, shape .*\[x1, y1"),
        (
            "z_given_x_theta",
            np.full((2, 3, 2), 0.5),
            r"z_given_x_theta.*\|theta\| = 3.*theta_given_data has \|theta\| = 2",
        ),
    ],
)
def test_worlds_refuse(field, value, says):
    with pytest.raises(ValueError, match=says):
        tx.WorldP(**(FLOATS | {field: value}))


def test_exact_rows_must_sum_to_exactly_one():
    with pytest.raises(ValueError, match=r"phi sums to 999999999999/1000000000000; .* sum to 1 exactly"):
        tx.WorldP(**(GOOD | {"phi": ["499999999999/1000000000000", HALF]}))


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        (("X", "X"), r"axes\[1\] is 'X', which is axes\[0\] too"),
        (("X",), "axes has 1 names"),
        ("XY", "give a sequence of names"),
        (("X", ""), r"axes\[1\] is ''"),
        (("X", 3), r"axes\[1\] is 3"),
    ],
)
def test_joints_refuse_wrong_axes(axes, says):
    with pytest.raises(ValueError, match=says):
        tx.Joint([[HALF, 0], [0, HALF]], axes)


def test_unknown_names_suggest_the_nearest():
    w = tx.WorldP(**GOOD)
    with pytest.raises(KeyError, match=r"unknown variable 'Thta' \(did you mean 'Theta'\?\)"):
        tx.entropy(w, "Thta")
    with pytest.raises(KeyError, match="unknown variable 'W'"):
        tx.mutual_information(w.joint(), "X1", "W")


def test_counts_must_be_whole_and_present():
    with pytest.raises(ValueError, match="counts must be integers"):
        tx.Joint.from_counts([[1.5, 2.0]], ("X", "Y"))
    with pytest.raises(ValueError, match="counts sum to 0"):
        tx.Joint.from_counts([[0, 0]], ("X", "Y"))
    with pytest.raises(ValueError, match=r"counts\[1\] sums to 0"):
        tx.normalize([[1, 2], [0, 0]])


def test_sizes_beyond_memory_are_refused_with_the_size():
    rule = np.full((40, 1, 40, 1, 40, 1, 1), 1.0)
    w = tx.WorldP([1.0], np.full((1, 40), 1 / 40), np.full((1, 40, 1), 1.0), rule, np.full((40, 1, 40), 1 / 40))
    assert w.mismatch() >= 0  # needs no dense joint
    with pytest.raises(ValueError, match=r"the dense joint would have 4,096,000,000 cells, about .* GiB"):
        w.joint()
    with pytest.raises(ValueError, match="axes; an array has at most 64"):
        tx.learners.constant(1, 1, 40)
    with pytest.raises(ValueError, match="cells, about"):
        tx.encoders.deterministic(30, 4)
    with pytest.raises(ValueError, match="theta_given_data for N = 12 would have"):
        tx.learners.memorize(3, 3, 12)


def test_undefined_conditionals_are_refused():
    j = tx.Joint([[HALF, HALF], [0, 0]], ("X", "Y"))
    with pytest.raises(ValueError, match=r"p\(X=1\) is 0"):
        j.condition("Y", given="X")


@pytest.mark.parametrize(
    ("q", "says"),
    [
        ({"z": [HALF, HALF, 0]}, r"z has shape \(3,\); the world's \[z\] needs \(2,\)"),
        ({"z": [0.5, 0.5]}, "the variational tables are float64 and the world is exact"),
        ({"z": [[HALF, HALF]] * 2}, r"z has 2 entries on its leading axis; the world has N = 1"),
        ({"x_given_theta": [[1, 0], [0, 1]]}, "x_given_theta has no meaning in WorldP"),
        ({"x_given_z": [HALF, HALF]}, "x_given_z has 1 axes; it has 2"),
    ],
)
def test_variational_tables_must_fit(q, says):
    with pytest.raises(ValueError, match=says):
        tx.functionals(tx.WorldP(**GOOD), tx.Variational(**q))


def test_measures_must_be_positive_and_fit():
    w = tx.WorldP(**GOOD)
    q = tx.optimal_variational(w)
    for measure, says in (([1, 0], r"measure_x\[1\] is 0"), ([1, 1, 1], "one positive weight"), ([0.5, 1.0], "floats")):
        with pytest.raises(ValueError, match=says):
            tx.functionals(w, q, measure_x=measure)


def test_the_callers_arrays_are_left_alone():
    tables = {name: value.copy() for name, value in FLOATS.items()}
    w = tx.WorldP(**tables)
    tables["phi"][0] = 7
    assert w.phi[0] == 0.5
    assert tables["x_given_phi"].flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        w.phi[0] = 1


def test_messages_show_no_more_than_they_must():
    with pytest.raises(ValueError, match="text") as caught:
        tx.Joint(["x" * 100_000, 0], ("X",))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("learner", ["erm", "gibbs", "posterior"])
def test_learners_name_what_is_wrong(learner):
    encoders = tx.encoders.deterministic(2, 2)
    q = tx.Variational(theta=["1/4"] * 4, z=[HALF, HALF])
    calls = {
        "erm": [
            (lambda: tx.learners.erm(3, 2, 1, encoders), "encoders has 2 letters of x"),
            (lambda: tx.learners.erm(2, 3, 1, encoders), r"\|Z\| = 2 and \|Y\| = 3; give loss"),
            (lambda: tx.learners.erm(2, 2, 0, encoders), "n is 0"),
            (lambda: tx.learners.erm(2, 2, 1, encoders, loss=[[1]]), r"loss has shape \(1, 1\)"),
            (lambda: tx.learners.erm(2, 2, 1, [[1, 0]]), "encoders has shape"),
        ],
        "gibbs": [
            (lambda: tx.learners.gibbs(0, encoders, q, 2, 2, 1), "sigma is 0.*use erm"),
            (lambda: tx.learners.gibbs(1, encoders, q, 2, 2, 1, gamma=-1), "gamma is -1"),
            (lambda: tx.learners.gibbs(1, encoders, q, 2, 2, 1, gamma=1), "y_given_z is None; gibbs needs it"),
            (
                lambda: tx.learners.gibbs(1, encoders, ONE, 2, 2, 1),
                r"theta has shape \(1,\); it is \(4,\)",
            ),
            (lambda: tx.learners.gibbs(1, encoders, q, 2, 2, 1, rationalize=0), "denominator is 0"),
        ],
        "posterior": [
            (lambda: tx.learners.posterior([1], [["1/2", "1/3"]], None, 1), r"x_given_phi\[0\] sums to 5/6"),
            (lambda: tx.learners.posterior([1], [1], None, 1), "x_given_phi has shape"),
        ],
    }
    for call, says in calls[learner]:
        with pytest.raises(ValueError, match=says):
            call()


def test_no_message_has_an_unfilled_brace():
    """A forgotten f before a string shows as braces in a message."""
    with pytest.raises(ValueError, match="phi") as caught:
        tx.WorldP(**(GOOD | {"phi": ["2/3", "2/3"]}))
    assert not re.search(r"\{\w+\}", str(caught.value))


@pytest.mark.parametrize(
    ("q", "gamma", "delta", "says"),
    [
        ({"z": [1]}, 0, 0, r"variational.z has shape \(1,\); it is \(2,\)"),
        ({"z": [HALF, HALF], "y_given_z": [[1], [1]]}, 1, 0, r"variational.y_given_z has shape \(2, 1\)"),
        ({"z": [HALF, HALF], "x_given_z": [[1], [1]]}, 0, 1, r"variational.x_given_z has shape \(2, 1\)"),
        ({"z": [[HALF, HALF]] * 3}, 0, 0, r"variational.z has shape \(3, 2\)"),
    ],
)
def test_gibbs_does_not_broadcast_tables_of_a_wrong_shape(q, gamma, delta, says):
    maps = tx.encoders.deterministic(2, 2)
    with pytest.raises(ValueError, match=says):
        tx.learners.gibbs(1, maps, tx.Variational(theta=["1/4"] * 4, **q), 2, 2, 2, gamma, delta)


def test_relations_are_asked_only_where_they_apply():
    w = tx.WorldP(**GOOD)
    q = tx.optimal_variational(w)
    by_number = {(r.equation, r.part): r for r in tx.RELATIONS}
    with pytest.raises(ValueError, match="sample is 0; the world has samples 1 to 1"):
        by_number[12, ""].check(w, q, 0)
    with pytest.raises(ValueError, match="equation 43 is about worlds of kind bayes"):
        by_number[43, ""].lhs(w, q)
    with pytest.raises(ValueError, match=r"equation 10 needs variational.theta, which is None"):
        by_number[10, ""].check(w, tx.Variational())


def test_sizes_of_thousands_of_digits_are_refused_in_words():
    with pytest.raises(ValueError, match=r"would have 10\^\d+ cells, about 10\^\d+ GiB"):
        tx.encoders.deterministic(4000, 200)


def test_weights_beyond_floats_are_refused():
    with pytest.raises(ValueError, match="more than a float can hold"):
        tx.normalize([1e308, 1e308])


def test_what_leaves_a_world_is_read_only():
    w = tx.random_world(0, exact=False)
    with pytest.raises(ValueError, match="read-only"):
        w.weights(["Phi"]).array[0] = 5
    with pytest.raises(AttributeError, match="immutable"):
        w.graph.nodes = ()
