"""Atoms of the I-measure and linear expressions of a distribution: exact values, laws, and the picture."""

import math
from fractions import Fraction
from itertools import combinations

import matplotlib as mpl
import pytest
import support
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import therml_exact as tx

PARITY = tx.Joint([[["1/4", 0], [0, "1/4"]], [[0, "1/4"], ["1/4", 0]]], ("X", "Y", "Z"))
COPIES = tx.Joint([[["1/2", 0], [0, 0]], [[0, 0], [0, "1/2"]]], ("X", "Y", "Z"))
BIT = tx.PrimeLog.log(2)
WEIGHTS = st.lists(st.integers(0, 3), min_size=8, max_size=8).filter(any)


def cube(weights, exact=True):
    total = sum(weights)
    cells = [Fraction(w, total) if exact else w / total for w in weights]
    return tx.Joint(
        [[[cells[4 * a + 2 * b + c] for c in range(2)] for b in range(2)] for a in range(2)], ("X", "Y", "Z")
    )


@pytest.mark.parametrize(
    ("text", "parity", "copies"),  # in bits
    [
        ("I(X;Y|Z) - I(X;Y)", 1, -1),
        ("I(X;Y;Z)", -1, 1),
        ("TC(X;Y;Z)", 1, 2),
        ("DTC(X;Y;Z)", 2, 1),
        ("O(X;Y;Z)", -1, 1),
        ("R(X;Y;Z)", 0, 0),
        ("R(X;Y)", 2, 0),
        ("TC(X;Y|Z)", 1, 0),
        ("1/2 H[X,Y] - log 2", 0, Fraction(-1, 2)),
        ("H(X,Y,Z)", 2, 1),
    ],
)
def test_values(text, parity, copies):
    assert tx.evaluate(text, PARITY) == BIT * parity
    assert tx.evaluate(text, COPIES) == BIT * copies


@given(WEIGHTS)
def test_atoms_add_up_to_every_entropy(weights):
    p = cube(weights)
    atoms = tx.information_diagram(p).atoms
    assert len(atoms) == 7
    for size in (1, 2, 3):
        for names in combinations("XYZ", size):
            inside = sum((a for atom, a in atoms.items() if atom & set(names)), start=tx.PrimeLog())
            assert inside == tx.entropy(p, names)
    assert atoms[frozenset("XYZ")] == tx.evaluate("I(X;Y;Z)", p)
    assert tx.evaluate("TC(X;Y;Z)", p) == tx.multi_information(p)
    assert tx.evaluate("O(X;Y;Z)", p) == atoms[frozenset("XYZ")]  # of three variables
    assert tx.evaluate("DTC(X;Y;Z) + R(X;Y;Z)", p) == tx.entropy(p, ["X", "Y", "Z"])


@given(WEIGHTS)
def test_floats_are_near(weights):
    exact, near = (tx.information_diagram(cube(weights, kind)).atoms for kind in (True, False))
    assert all(math.isclose(near[atom], float(exact[atom]), abs_tol=1e-14) for atom in exact)


def test_worlds_have_diagrams():
    (world,) = support.random_worlds(range(1), 1)
    diagram = tx.information_diagram(world, ["Phi", "X1", "Y1", "Z1"])
    assert len(diagram.atoms) == 15
    assert diagram.label(frozenset(["Phi", "Y1"])) == "I(Phi;Y1|X1,Z1)"
    assert sum(diagram.atoms.values(), start=tx.PrimeLog()) == tx.entropy(world, ["Phi", "X1", "Y1", "Z1"])


@pytest.mark.parametrize(
    ("names", "error", "why"),
    [
        ([], ValueError, "0 variables"),
        (["X", "W"], KeyError, "W"),
    ],
)
def test_bad_names(names, error, why):
    with pytest.raises(error, match=why):
        tx.information_diagram(PARITY, names)
    with pytest.raises(TypeError):
        tx.information_diagram([0.5, 0.5], ["X"])


def test_tables_and_pictures(tmp_path):
    diagram = tx.information_diagram(PARITY, ["X", "Y", "Z"])
    assert "I(X;Y;Z)   -0.693147 nats = -log 2" in str(diagram)
    assert repr(diagram) == "<InformationDiagram: information diagram of X, Y, Z: 7 atoms ...>"
    with mpl.rc_context({"backend": "Agg"}):
        for names, count in (("XY", 3 + 2), ("XYZ", 7 + 3)):
            ax = plt.figure().add_subplot()
            assert tx.information_diagram(PARITY, list(names)).plot(ax, unit="bits") is ax
            assert len(ax.texts) == count
            assert "bits" in ax.get_title()
        assert "−1.000" in [text.get_text() for text in ax.texts]
        with pytest.raises(ValueError, match="two to four"):
            tx.information_diagram(PARITY, ["X"]).plot()
        plt.close("all")


def test_every_atom_of_four_variables_has_its_region():
    fair = tx.Joint([[[["1/16"] * 2] * 2] * 2] * 2, ("A", "B", "C", "D"))
    with mpl.rc_context({"backend": "Agg"}):
        ax = plt.figure().add_subplot()
        tx.information_diagram(fair).plot(ax)
        spots = {text.get_position() for text in ax.texts}
        assert len(spots) == 15 + 4
        plt.close("all")
