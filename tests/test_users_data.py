"""What users bring: numbers of any size, letters, names, tables, files. Each row is an input and what comes of it."""

from __future__ import annotations

import math
from fractions import Fraction

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
    if size == 2:
        assert tx.multi_information(j) == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
        assert tx.entropy(j, "X") == pytest.approx(true, rel=2 * p + 1e-13, abs=0)
    independent = tx.Joint(np.outer(j.marginal("X").table, j.marginal("X").table), ("X", "Y"))
    if p > 1e-150:
        assert tx.kl_divergence(j, independent) == pytest.approx(true, rel=1e-7, abs=0)


# ---- letters: two distributions meet by label, never by position

P = tx.Joint([["1/2", "1/8"], ["1/8", "1/4"]], ("X", "Y"), {"X": ["a", "b"], "Y": ["u", "v"]})
TURNED = tx.Joint([["1/4", "1/8"], ["1/8", "1/2"]], ("X", "Y"), {"X": ["b", "a"], "Y": ["v", "u"]})
PLAIN = tx.Joint(P.table, ("X", "Y"))


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
    from collections import Counter

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
    import sys

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
