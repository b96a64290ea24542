"""How objects and results look, and that copies of them are equal."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings

import therml_exact as tx
from therml_exact.testing import joints, variationals, worlds

TOY = tx.Joint([["1/2", 0], ["1/4", "1/4"]], axes=("X", "Y"))
PROCESS = ([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
MAPS = tx.encoders.deterministic(2, 2)
PROBLEM = tx.EncoderProblem(TOY)
RULES = tx.LearningRuleProblem(*PROCESS, 1, MAPS)
NAMES = {
    name: getattr(tx, name)
    for name in (
        "Joint",
        "WorldP",
        "BayesWorld",
        "DiscriminativeWorld",
        "Variational",
        "Graph",
        "EncoderProblem",
        "BayesProblem",
        "DiscriminativeProblem",
        "LearningRuleProblem",
    )
}


def again(text):
    """What Python makes of a text with our names alone."""
    return eval(text, {"__builtins__": {}}, dict(NAMES))


MADE_AGAIN = [
    (TOY, 'Joint([["1/2", 0], ["1/4", "1/4"]], axes=("X", "Y"))'),
    (tx.Joint([0.25, 0.75], ("X",)), 'Joint([0.25, 0.75], axes=("X",))'),
    (tx.Joint([1], ("X",), {"X": ["it's"]}), 'Joint([1], axes=("X",), labels={"X": ("it\'s",)})'),
    (tx.Joint([1], ("X",), {"X": ['"']}), 'Joint([1], axes=("X",), labels={"X": (\'"\',)})'),
    (tx.Joint([0.1, 0.2, 0.7], ("X",)), 'Joint([0.1, 0.2, 0.7], axes=("X",))'),
    (tx.Joint([1 / 3, 2 / 3], ("X",)), 'Joint([0.3333333333333333, 0.6666666666666666], axes=("X",))'),
    (tx.Variational(), "Variational()"),
    (tx.Variational(z=["1/2", "1/2"]), 'Variational(z=["1/2", "1/2"])'),
    (tx.BayesWorld([1], [[1]], [[1]]), "BayesWorld(phi=[1], x_given_phi=[[1]], theta_given_data=[[1]])"),
    (PROBLEM, 'EncoderProblem(p_xy=Joint([["1/2", 0], ["1/4", "1/4"]], axes=("X", "Y")))'),
    (tx.BayesProblem([1], [["1/2", "1/2"]], 3), 'BayesProblem(phi=[1], x_given_phi=[["1/2", "1/2"]], n=3)'),
    (tx.random_world(0, n=2), None),
    (tx.random_world(0, exact=False), None),
    (tx.examples.hair_eye(), None),
    (tx.examples.fair_label().graph, None),
    (RULES, None),
    (tx.DiscriminativeProblem(*PROCESS, 2), None),
]


@pytest.mark.parametrize(("thing", "text"), MADE_AGAIN)
def test_the_text_of_a_small_object_is_python_that_makes_it_again(thing, text):
    assert text is None or repr(thing) == text
    assert again(repr(thing)) == thing
    assert max(map(len, repr(thing).splitlines())) < 1500


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(joints(("X", "Y", "Z")))
def test_a_joint_is_made_again(j):
    assert again(repr(j)) == j
    assert again(repr(j.to_float())) == j.to_float()


@settings(derandomize=True, deadline=None, max_examples=examples(15))
@given(worlds(n=None).flatmap(lambda w: variationals(w).map(lambda q: (w, q))))
def test_a_world_and_its_tables_are_made_again(pair):
    assert tuple(again(repr(thing)) for thing in pair) == pair


def test_what_is_too_large_to_paste_says_what_it_is():
    flat = np.full((30, 30), 1 / 900)
    assert repr(tx.Joint(flat, ("X", "Y"))) == "<Joint over X: 30, Y: 30; float64, 900 cells>"
    world = tx.random_world(0, n=3, sizes=dict.fromkeys(("phi", "x", "y", "theta", "z"), 3))
    assert repr(world).startswith("<WorldP with N = 3, |Phi| = 3") and len(repr(world)) < 100
    assert repr(tx.LearningRuleProblem(*PROCESS, 1, tx.encoders.deterministic(2, 16))).startswith("<LearningRule")


def test_a_joint_prints_as_its_table():
    assert str(TOY) == "X  Y=0  Y=1\n0  1/2    0\n1  1/4  1/4"
    assert str(TOY.marginal("Y")) == "Y=0  Y=1\n3/4  1/4"
    eyes = tx.examples.hair_eye().marginal("Hair", "Eye")
    assert str(eyes).splitlines()[0].split() == ["Hair", "Eye=Brown", "Eye=Blue", "Eye=Hazel", "Eye=Green"]
    wide = tx.Joint(np.full((50, 30), 1 / 1500), ("X", "Y"))
    assert str(wide).endswith("\n... 10 more rows and 14 more columns")
    assert "…" not in str(wide)


def test_a_world_prints_its_sizes_and_its_tables():
    lines = str(tx.BayesWorld([1], [["1/3", "2/3"]], [[1, 0], [0, 1]])).splitlines()
    assert lines[0] == "BayesWorld with N = 1, |Phi| = 1, |X| = 2, |Theta| = 2; exact"
    assert lines[6:9] == ["x_given_phi", "phi  x=0  x=1", "0    1/3  2/3"]
    assert lines[10] == "theta_given_data" and lines[11] == "X1  Theta=0  Theta=1"


def test_notebooks_show_tables_and_escape_letters():
    j = tx.Joint(["1/2", "1/2"], ("X",), {"X": ["<b>", "a&b"]})
    assert j._repr_html_() == (
        "<table><caption>Joint over X: 2; exact, 2 cells</caption><tr><th>X=&lt;b&gt;</th><th>X=a&amp;b</th></tr>"
        "<tr><td>1/2</td><td>1/2</td></tr></table>"
    )
    world = tx.examples.fair_label()
    assert world._repr_html_().count("<table>") == 5
    report = tx.check_bounds(world)
    assert report._repr_html_().count("<tr>") == len(report) + 1
    assert "&gt;=" in report._repr_html_() and ">= I" not in report._repr_html_()
    assert report[5].relation._repr_latex_() == r"$S \geq I(\Theta;X^N,Y^N)$"


RESULTS = {
    "bounds": lambda: tx.check_bounds(tx.examples.fair_label()),
    "bound": lambda: tx.check_bounds(tx.examples.fair_label())[5],
    "functionals": lambda: tx.functionals(tx.examples.fair_label(), tx.optimal_variational(tx.examples.fair_label())),
    "hard encoders": lambda: tx.deterministic_frontier(TOY),
    "optimum": lambda: tx.minimize(PROBLEM, gamma=3),
    "unsearched optimum": lambda: tx.minimize(PROBLEM, rho=0, gamma=3),
    "open optimum": lambda: tx.minimize(
        tx.EncoderProblem(tx.examples.hair_eye().marginal("Hair", "Eye")), gamma=5, tol=1e-15
    ),
    "frontier": lambda: tx.trace(PROBLEM, [2.0, 4.0], progress=False),
    "sheet": lambda: tx.trace(PROBLEM, [2.0, 4.0], progress=False).sheets[0],
    "impossible": lambda: tx.audit.point(PROBLEM, R=0.01, C=0.01),
    "feasible": lambda: tx.audit.point(PROBLEM, R=0.6, C=0.6),
    "verification": lambda: tx.verify(tx.prove("I(X;Y) <= H(X)").certificate),
    "best rule": lambda: tx.minimize(RULES, gamma=2),
    "everything free": lambda: tx.minimize(
        tx.JointProblem([1], [[1]], [[["1/2", "1/2"]]], 1, z_size=1), gamma=2, sigma=0.5, tol=1e-3
    ),
    "rules": lambda: tx.trace(RULES, gammas=[0, 2], sigmas=[0], progress=False),
    "proof": lambda: tx.prove("I(X;Y) <= H(X)"),
    "refutation": lambda: tx.prove("H(X) <= H(Y)"),
    "model": lambda: tx.audit.model(TOY, {"z_given_x": [[1, 0], [0, 1]], "z": [0.5, 0.5]}),
    "equilibrium": lambda: tx.boltzmann(
        tx.examples.fair_label(), tx.optimal_variational(tx.examples.fair_label(), shared=True), 1
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_short_and_equal_to_their_copies(name):
    found = RESULTS[name]()
    assert found == pickle.loads(pickle.dumps(found)) == copy.deepcopy(found)
    assert hash(found) == hash(copy.deepcopy(found))
    assert len(repr(found)) < 400 and "\n" not in repr(found)
    assert str(found) and "object at 0x" not in str(found)


def test_different_results_are_unequal():
    one, other = tx.minimize(PROBLEM, gamma=3), tx.minimize(PROBLEM, gamma=2)
    assert one != other and one != "an optimum"
    assert one.problem == tx.EncoderProblem(TOY) != tx.EncoderProblem(TOY.to_float())
    flipped = tx.Joint([["1/4", "1/4"], ["1/2", 0]], ("X", "Y"))
    assert tx.EncoderProblem(flipped) != PROBLEM
    assert tx.prove("I(X;Y) <= H(X)") != tx.prove("I(X;Y) <= H(Y)")


def test_copies_of_problems_are_read_only_like_the_first():
    made = pickle.loads(pickle.dumps(RULES))
    assert made == RULES and not made.encoders.flags.writeable
    assert made.phi[0] == Fraction(1)


def test_an_optimum_says_value_gap_status_and_reason():
    certified, stopped = RESULTS["optimum"](), RESULTS["open optimum"]()
    for o in (certified, stopped):
        assert str(o).startswith(f"{o.lower_bound:.9g} <= min <= {o.value:.9g} nats, gap {o.gap:.2g} ({o.status}")
        assert f"<tr><td>gap</td><td>{o.gap:.2g} nats</td></tr>" in o._repr_html_()
    assert stopped.status == "open" and "open: rounding; take a larger tol" in str(stopped)
    assert repr(certified) == f"<Optimum: {certified}>"


@pytest.mark.parametrize(
    ("number", "latex"),
    [
        (tx.PrimeLog(), r"$0\ \mathrm{nats}$"),
        (tx.entropy(tx.Joint(["1/2", "1/2"], ("X",)), "X"), r"$\log 2\ \approx 0.693147\ \mathrm{nats}$"),
        (tx.entropy(tx.Joint(["1/4", "3/4"], ("X",)), "X"),
         r"$2 \log 2 - \frac{3}{4} \log 3\ \approx 0.562335\ \mathrm{nats}$"),
        (tx.random_world(1).mismatch(), None),
    ],
)  # fmt: skip
def test_an_exact_number_is_set_as_mathematics(number, latex):
    from matplotlib.mathtext import MathTextParser

    text = number._repr_latex_()
    assert latex is None or text == latex
    MathTextParser("path").parse(text)  # what is no mathematics raises
    assert "/" not in text


def test_a_copy_of_a_joint_optimum_proves_the_same():
    found = RESULTS["everything free"]()
    again = pickle.loads(pickle.dumps(found))
    assert again.certificate == found.certificate and tx.verify(again.certificate).valid
