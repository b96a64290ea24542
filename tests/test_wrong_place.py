"""What is no distribution, world or problem is refused with a TypeError that says what is wanted; nothing is raw."""

import numpy as np
import pandas as pd
import pytest

import therml_exact as tx

J = tx.Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y"))
W = tx.examples.fair_label()
V = tx.optimal_variational(W)
P = tx.EncoderProblem(J)
RULES = tx.LearningRuleProblem(
    [1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1, tx.encoders.deterministic(2, 2)
)
FRONTIER = tx.trace(P, [1.0], progress=False)

WRONG = {
    "a list": [[0.5, 0.0], [0.25, 0.25]],
    "an ndarray": np.eye(2) / 2,
    "a DataFrame": pd.DataFrame(np.eye(2) / 2),
    "None": None,
    "a str": "X",
    "an int": 3,
    "a Variational": V,
    "an Optimum": tx.minimize(P, gamma=2),
    "a Joint": J,
    "a WorldP": W,
    "an EncoderProblem": P,
}
DISTRIBUTIONS, WORLDS, PROBLEMS = {"a Joint", "a WorldP"}, {"a WorldP"}, {"an EncoderProblem"}

# the call, the argument's name in the message, what it takes, the remedy
DOORS = {
    "entropy": (lambda b: tx.entropy(b, "X"), "p", DISTRIBUTIONS, "give a Joint or a world: a table becomes one"),
    "mutual_information": (lambda b: tx.mutual_information(b, "X", "Y"), "p", DISTRIBUTIONS, "tx.Joint(table, axes)"),
    "multi_information": (tx.multi_information, "p", DISTRIBUTIONS, "give a Joint or a world"),
    "entropy_vector": (tx.entropy_vector, "p", DISTRIBUTIONS, "give a Joint or a world"),
    "check_bounds": (tx.check_bounds, "world", WORLDS, "give a WorldP, a BayesWorld or a DiscriminativeWorld"),
    "functionals": (lambda b: tx.functionals(b, V), "world", WORLDS, "tx.WorldP.from_joint makes one of a joint"),
    "objective": (lambda b: tx.objective(b, V), "world", WORLDS, "give a WorldP"),
    "optimal_variational": (tx.optimal_variational, "world", WORLDS, "give a WorldP"),
    "mismatch": (lambda b: tx.mismatch(b, W.graph, W.graph_q), "joint", {"a Joint"}, "give a Joint"),
    "mismatch, graphs": (lambda b: tx.mismatch(W.joint(), b, W.graph_q), "graph_p", set(), "give a Graph, such as"),
    "data_tables": (tx.data_tables, "data", {"a Joint"}, "give a Joint"),
    "from_joint": (lambda b: tx.WorldP.from_joint(b, None, None), "data", {"a Joint"}, "give a Joint"),
    "audit.point": (
        lambda b: tx.audit.point(b, R=1),
        "problem",
        PROBLEMS | {"a Joint"},
        "tx.EncoderProblem(joint) makes one",
    ),
    "minimize": (lambda b: tx.minimize(b, gamma=1), "problem", PROBLEMS, "give an EncoderProblem"),
    "classify": (lambda b: FRONTIER.classify(R=b), "R", {"an int", "None"}, "give a number of nats"),
    "caps": (lambda b: tx.minimize_capped(RULES, "C", b), "caps", {"a DataFrame"}, "by the functional's letter"),
    "rule": (lambda b: tx.learned_information([1], [[1]], None, 1, b), "rule", set(), "give a function of counts"),
    "rename": (J.rename, "names", {"a DataFrame"}, "the new names by the old ones"),
    "Graph": (tx.Graph, "parents", {"a DataFrame"}, "the parents of each node by its name"),
    "random_world": (tx.random_world, "rng", {"an int", "None"}, "give a seed, which is a whole number"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("what", WRONG)
def test_the_message_names_the_argument_its_type_and_the_remedy(door, what):
    call, name, taken, remedy = DOORS[door]
    if what in taken:
        return  # it is what the door is for, or has a message of its own
    with pytest.raises(TypeError) as caught:
        call(WRONG[what])
    text = str(caught.value)
    assert text.startswith((f"{name} is {what}; ", f"{name} is a {what.split()[-1]}", f"{name} is a NoneType"))
    assert remedy in text and len(text) < 250


@pytest.mark.parametrize("phi", [3, 0.5, "1/2"])
def test_a_number_is_no_table(phi):
    with pytest.raises(ValueError, match=r"phi has shape \(\).*; it is \[phi\]"):
        tx.predictive_information(phi, [[1]], None, 2)
