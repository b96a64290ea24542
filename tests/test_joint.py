"""Joint: marginals, conditionals, counts, CSV, immutability; against dictionaries of Fractions."""

from __future__ import annotations

import copy
import csv
import decimal
import pickle
from collections import Counter
from fractions import Fraction

import numpy as np
import oracle
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.testing import joints

F = Fraction
EXACT = settings(derandomize=True, deadline=None, max_examples=examples(60))
ABC = ("A", "B", "C")


def as_dict(table):
    return {k: Fraction(v) for k, v in np.ndenumerate(table) if v}


@EXACT
@given(joints(ABC), st.permutations(ABC), st.integers(1, 3))
def test_marginal_in_the_order_asked_for(j, order, size):
    names = tuple(order[:size])
    expected = oracle.Table.of(j.table, ABC).marginal(names)
    m = j.marginal(*names)
    assert m.axes == names
    assert as_dict(m.table) == expected
    assert j.marginal(names) == m
    assert m.is_exact
    assert all(type(v) is Fraction for v in m.table.reshape(-1))
    # marginals of marginals, and the names in another order
    back = j.marginal(tuple(reversed(names))).marginal(names)
    assert back == m


@EXACT
@given(joints(ABC), st.permutations(ABC))
def test_float_marginals(j, order):
    f = j.to_float()
    assert not f.is_exact
    names = tuple(order[:2])
    exact = j.marginal(*names).table.astype(float)
    assert np.allclose(f.marginal(*names).table, exact, rtol=1e-14, atol=0)
    assert np.array_equal(f.table, j.table.astype(float))


@EXACT
@given(joints(ABC, positive=True), st.permutations(ABC), st.integers(1, 2))
def test_condition_against_the_definition(j, order, cut):
    given_names, what = tuple(order[:cut]), tuple(order[cut:])
    table = j.condition(what, given=given_names)
    slow = oracle.Table.of(j.table, ABC)
    both, alone = slow.marginal((*given_names, *what)), slow.marginal(given_names)
    for index, value in np.ndenumerate(table):
        assert value == both[index] / alone[index[:cut]]
    assert np.all(table.sum(axis=tuple(range(cut, 3))) == 1)
    floats = j.to_float().condition(what, given=given_names)
    assert np.allclose(floats, table.astype(float), rtol=1e-14, atol=0)


def test_a_table_of_exact_values():
    j = tx.Joint([[["1/2", 0], ["1/8", "1/8"]], [[0, "1/4"], [0, 0]]], ABC)
    assert j.shape == (2, 2, 2)
    assert j.marginal("A").table.tolist() == [F(3, 4), F(1, 4)]
    assert j.marginal("C", "A").table.tolist() == [[F(5, 8), 0], [F(1, 8), F(1, 4)]]
    assert j.condition("C", given="A").tolist() == [[F(5, 6), F(1, 6)], [0, 1]]
    assert j.condition(["B", "C"], "A").shape == (2, 2, 2)


@EXACT
@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=1, max_size=3))
def test_counts(counts):
    total = sum(map(sum, counts))
    if total == 0:
        with pytest.raises(ValueError, match="sum to 0"):
            tx.Joint.from_counts(counts, ("X", "Y"))
        return
    j = tx.Joint.from_counts(counts, ("X", "Y"))
    assert j.table.tolist() == [[F(c, total) for c in row] for row in counts]
    assert j == tx.Joint.from_counts(np.array(counts), ("X", "Y"))
    assert j == tx.Joint.from_counts([[7 * c for c in row] for row in counts], ("X", "Y"))
    assert j == tx.Joint([[F(c, total) for c in row] for row in counts], ("X", "Y"))
    for kind in (np.int8, np.uint16, np.int64, object):
        assert j == tx.Joint.from_counts(np.array(counts, dtype=kind), ("X", "Y"))


def test_counts_beyond_machine_integers():
    j = tx.Joint.from_counts([10**30, 2 * 10**30, 0], ("X",))
    assert j.table.tolist() == [F(1, 3), F(2, 3), 0]
    big = tx.Joint.from_counts(np.array([2**62, 2**62, 2**62], dtype=np.int64), ("X",))
    assert big.table.tolist() == [F(1, 3)] * 3
    assert tx.Joint.from_counts(np.array([200, 200], dtype=np.uint8), ("X",)).table[0] == F(1, 2)


@pytest.mark.parametrize("counts", [[1.0, 2.0], ["1", "2"], [F(1, 2), 1], [1, -1], [[1, 2], [3]], []])
def test_counts_that_are_none(counts):
    with pytest.raises(ValueError, match="counts"):
        tx.Joint.from_counts(counts, ("X",))


def test_csv_of_samples_and_of_counts(tmp_path):
    rng = np.random.default_rng(4)
    middle = ["x y", 'q"uote', "ü,"]
    rows = [("abc"[rng.integers(3)], middle[rng.integers(3)], str(rng.integers(2))) for _ in range(60)]
    quoted = [",".join('"' + v.replace('"', '""') + '"' for v in row) for row in rows]
    samples = tmp_path / "samples.csv"
    samples.write_text("\n".join(["U,V,W", *quoted]) + "\n", encoding="utf-8-sig")
    j = tx.Joint.from_csv(samples, columns=["W", "U"])
    observed = Counter((row[2], row[0]) for row in rows)
    for (a, b), value in np.ndenumerate(j.table):
        assert value == F(observed[j.labels["W"][a], j.labels["U"][b]], 60)
    # first appearance numbers the letters
    assert j.labels["U"] == tuple(dict.fromkeys(row[0] for row in rows))

    counted = tmp_path / "counts.csv"
    cells = Counter(quoted)
    counted.write_text("\n".join(["U,V,W,n", *(f"{row},{count}" for row, count in cells.items())]), encoding="utf-8")
    again = tx.Joint.from_csv(counted, columns=["U", "V", "W"], count="n")
    assert again == tx.Joint.from_csv(samples, columns=["U", "V", "W"])
    assert again.labels == tx.Joint.from_csv(samples, columns=["U", "V", "W"]).labels
    assert again.marginal("V").labels == {"V": again.labels["V"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X,Y\n", "no data rows"),
        ("", "not in the header"),
        ("X,X\n1,2\n", "twice"),
        ("X,Z\n1,2\n", "'Y' is not in the header"),
        ("X,Y\n1\n", "line 2: 1 cells"),
        ("X,Y\n1,\n", "empty"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        tx.Joint.from_csv(path, columns=["X", "Y"])


@pytest.mark.parametrize(
    ("count", "message"), [("-1", "integer >= 0"), ("0.5", "integer >= 0"), ("x", "rational"), ("0", "sums to 0")]
)
def test_csv_counts_that_are_none(tmp_path, count, message):
    path = tmp_path / "bad.csv"
    path.write_text(f"X,n\na,{count}\n")
    with pytest.raises(ValueError, match=message):
        tx.Joint.from_csv(path, columns=["X"], count="n")


def test_reading_a_csv_leaves_the_csv_module_as_it_was(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("X\na\n")
    before = csv.field_size_limit(131072)
    try:
        tx.Joint.from_csv(path, columns=["X"])
        assert csv.field_size_limit() == 131072
    finally:
        csv.field_size_limit(before)


# ---- kinds of number


@pytest.mark.parametrize(
    "table",
    [
        [1, 0],
        np.array([1, 0]),
        np.array([True, False]),
        ["1/2", F(1, 2)],
        ["0.25", "3/4"],
        [decimal.Decimal("0.1"), decimal.Decimal("0.9")],
        np.array(["1/3", "2/3"]),
        np.array([F(1, 3), F(2, 3)], dtype=object),
        (F(1, 2), np.int64(0), "1/2"),
        [[["1"]]],
        np.array([1, 0], dtype=np.uint8),
    ],
)
def test_what_is_exact(table):
    ndim = np.ndim(np.array(table, dtype=object))
    j = tx.Joint(table, tuple("XYZ"[:ndim]))
    assert j.is_exact
    assert all(type(v) is Fraction for v in j.table.reshape(-1))
    assert sum(j.table.reshape(-1)) == 1


@pytest.mark.parametrize(
    "table",
    [
        [0.5, 0.5],
        np.array([0.5, 0.5]),
        np.array([0.25, 0.75], dtype=np.float32),
        np.array([0.25, 0.75], dtype=np.float16),
        np.array([0.25, 0.75], dtype=np.longdouble),
        [1.0, 0],
        [np.float32(0.5), 0.5],
        np.asfortranarray([[0.25, 0.25], [0.5, 0.0]]),
        np.array([[0.25, 0.25], [0.5, 0.0]])[::-1],
        np.array([0.5, 0.5]).astype(">f8"),
    ],
)
def test_what_is_float(table):
    j = tx.Joint(table, tuple("XYZ"[: np.ndim(table)]))
    assert not j.is_exact
    assert j.table.dtype == np.float64
    assert j.table.tolist() == np.asarray(table, dtype=float).tolist()


@pytest.mark.parametrize("table", [[0.5, "1/2"], [0.5, F(1, 2)], [F(1, 4), 0.25, "1/2"], [decimal.Decimal("0.5"), 0.5]])
def test_mixed_kinds_are_refused(table):
    with pytest.raises(ValueError, match="mixes floats and exact"):
        tx.Joint(table, ("X",))


def test_masked_cells_are_refused():
    with pytest.raises(ValueError, match="mask"):
        tx.Joint(np.ma.masked_array([0.5, 0.5], mask=[False, True]), ("X",))


# ---- immutability


@pytest.mark.parametrize("values", [[[0.25, 0.25], [0.5, 0.0]], [[F(1, 4), F(1, 4)], [F(1, 2), F(0)]]])
def test_the_callers_array_is_neither_kept_nor_changed(values):
    kind = float if isinstance(values[0][0], float) else object
    mine = np.array(values, dtype=kind)
    before = mine.copy()
    j = tx.Joint(mine, ("X", "Y"))
    h = tx.entropy(j, "X")
    assert mine.flags.writeable
    mine[:] = 7
    assert np.array_equal(j.table, before)
    assert tx.entropy(j, "X") == h
    assert tx.entropy(j, ("X", "Y")) == tx.entropy(tx.Joint(before, ("X", "Y")), ("X", "Y"))


@pytest.mark.parametrize("exact", [True, False])
def test_returned_arrays_are_read_only(exact):
    j = tx.Joint([["1/4", "1/4"], ["1/2", 0]], ("X", "Y"))
    j = j if exact else j.to_float()
    for table in (
        j.table,
        j.marginal("X").table,
        j.marginal("Y", "X").table,
        j.condition("Y", "X"),
        j.to_float().table,
    ):
        assert not table.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            table[(0,) * table.ndim] = 9


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda j: pickle.loads(pickle.dumps(j))])
def test_copies_are_equal(again):
    for j in (tx.examples.berkeley(), tx.examples.binary_symmetric(0.1)):
        assert again(j) == j
        assert again(j).labels == j.labels


def test_axes_cannot_be_assigned():
    j = tx.Joint([["1/4", "1/4"], ["1/2", 0]], ("X", "Y"))
    with pytest.raises(AttributeError):
        j.axes = ("A", "B")


def test_labels_cannot_be_changed():
    j = tx.Joint([["1/4", "1/4"], ["1/2", 0]], ("X", "Y"), labels={"X": ("a", "b")})
    with pytest.raises(TypeError):
        j.labels["X"] = ("only one letter",)


def test_the_callers_labels_are_copied():
    mine = {"X": ["a", "b"]}
    j = tx.Joint(["1/2", "1/2"], ("X",), labels=mine)
    mine["X"].append("c")
    mine.clear()
    assert j.labels == {"X": ("a", "b")}


# ---- equality, renaming, degenerate alphabets


def test_equality():
    j = tx.Joint(["1/2", "1/2"], ("X",))
    assert j == tx.Joint([F(2, 4), F(1, 2)], ("X",))
    assert j != tx.Joint(["1/2", "1/2"], ("Y",))
    assert j != tx.Joint([0.5, 0.5], ("X",))
    assert j != tx.Joint(["1/2", "1/2", 0], ("X",))
    assert j != "Joint"
    with pytest.raises(TypeError):
        hash(j)


@EXACT
@given(joints(ABC))
def test_renaming(j):
    k = j.rename({"A": "C", "C": "A"})
    assert k.axes == ("C", "B", "A")
    assert k.table.tolist() == j.table.tolist()
    assert tx.mutual_information(k, "C", "B") == tx.mutual_information(j, "A", "B")
    assert j.axes == ABC


def test_one_letter_and_many_axes():
    j = tx.Joint(np.ones((1,) * 20, dtype=int), [f"V{k}" for k in range(20)])
    assert j.marginal("V3", "V1").table.tolist() == [[1]]
    assert tx.multi_information(j) == 0
    assert tx.entropy(j, "V7") == 0


def test_a_big_alphabet():
    n = 3000
    j = tx.Joint.from_counts(np.arange(1, n + 1), ("X",))
    assert j.table[-1] == F(2, n + 1)
    f = j.to_float()
    assert tx.entropy(f, "X") == pytest.approx(float(tx.entropy(j, "X")), rel=1e-14)


# ---- refusals


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda j: j.marginal(), ValueError, "name at least one"),
        (lambda j: j.marginal("x"), KeyError, "unknown variable 'x'"),
        (lambda j: j.marginal("Yy"), KeyError, "did you mean 'Y'"),
        (lambda j: j.condition("X", given="X"), ValueError, "share no variable"),
        (lambda j: j.condition("X", given=()), ValueError, "non-empty"),
        (lambda j: j.condition("Y", given="Z"), KeyError, "unknown variable"),
        (lambda j: j.condition("X", given="Y"), ValueError, r"p\(Y=1\) is 0"),
        (lambda j: j.rename({"Q": "R"}), KeyError, "unknown variable"),
        (lambda j: j.rename({"X": "Y"}), ValueError, "distinct"),
        (lambda j: tx.Joint([1], "X"), ValueError, "sequence of names"),
        (lambda j: tx.Joint([1], ("X", "Y")), ValueError, "axes has 2 names"),
        (lambda j: tx.Joint([[1]], ("X", "X")), ValueError, "distinct"),
        (lambda j: tx.Joint([1], ("",)), ValueError, "non-empty"),
        (lambda j: tx.Joint([1], (3,)), ValueError, "non-empty"),
        (lambda j: tx.Joint(1, ()), ValueError, "axes is empty"),
        (lambda j: tx.Joint([1], ("X",), labels={"X": ("a", "b")}), ValueError, "labels"),
        (lambda j: tx.Joint(["1/2", "1/3"], ("X",)), ValueError, r"sums to (5/6|Fraction\(5, 6\))"),
        (lambda j: tx.Joint([0.5, 0.5 + 1e-11], ("X",)), ValueError, "within 1e-12"),
        (lambda j: tx.Joint([1.5, -0.5], ("X",)), ValueError, r"table\[1\] is -0.5"),
        (lambda j: tx.Joint([F(3, 2), F(-1, 2)], ("X",)), ValueError, r"table\[1\] is -1/2"),
        (lambda j: tx.Joint([np.nan, 1.0], ("X",)), ValueError, r"table\[0\] is nan"),
        (lambda j: tx.Joint([np.inf, 1.0], ("X",)), ValueError, r"table\[0\] is inf"),
        (lambda j: tx.Joint([1j, 1.0], ("X",)), ValueError, r"table\[0\]"),
        (lambda j: tx.Joint([None, 1.0], ("X",)), ValueError, r"table\[0\] is None"),
        (lambda j: tx.Joint(["1/0", 1], ("X",)), ValueError, "divides by zero"),
        (lambda j: tx.Joint(["1e-1", 1], ("X",)), ValueError, "is the text"),
        (lambda j: tx.Joint([], ("X",)), ValueError, "at least one letter"),
        (lambda j: tx.Joint([[], []], ("X", "Y")), ValueError, "at least one letter"),
    ],
)
def test_refusals(attempt, error, message):
    j = tx.Joint([["1/2", 0], ["1/2", 0]], ("X", "Y"))
    with pytest.raises(error, match=message):
        attempt(j)


def test_sums_within_the_tolerance_are_kept_as_given():
    table = np.array([0.5, 0.5 + 9e-13])
    j = tx.Joint(table, ("X",))
    assert j.table.tolist() == table.tolist()
    # quantities are those of the table divided by its sum
    assert tx.entropy(j, "X") == pytest.approx(np.log(2), abs=1e-15)


def test_labels_of_unknown_variables_are_refused():
    with pytest.raises((KeyError, ValueError), match="Sex"):
        tx.Joint(["1/2", "1/2"], ("X",), labels={"Sex": ("f", "m")})
