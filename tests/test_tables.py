"""Tables at the door: what is read, as what; what is refused, and what the refusal says."""

import decimal
import math
from fractions import Fraction

import numpy as np
import pytest

from therml_exact.numbers.tables import (
    all_integers,
    check_rows,
    check_size,
    common_denominator,
    entry,
    freeze,
    normalize,
    parse_rational,
    read_table,
    to_fractions,
    unify,
    whole,
)

F = Fraction
ABOVE = math.nextafter(1e-12, 1)


def kinds(table):
    return [type(v) for v in table.reshape(-1).tolist()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", F(3)),
        (" 1/3 ", F(1, 3)),
        ("0.25", F(1, 4)),
        ("-2", F(-2)),
        ("+7/2", F(7, 2)),
        ("9" * 4000, F(10**4000 - 1)),
    ],
)
def test_text_is_read_as_a_rational(text, value):
    assert parse_rational(text, "p") == value


@pytest.mark.parametrize(
    "text", ["", "1e5", "1/2/3", ".5", "1.", "٣", "1_0", "nan", "x" * 39, "x" * 41, "9" * 2_000_001]
)
def test_other_text_is_refused_and_shown_in_forty_characters(text):
    with pytest.raises(ValueError) as refused:
        parse_rational(text, "p[0]")
    shown = text if len(text) <= 40 else text[:37] + "..."
    assert str(refused.value).startswith(f"p[0] is the text {shown!r}; write a rational")
    with pytest.raises(ValueError, match=r"x{40}'"):
        parse_rational("x" * 40, "p")


def test_division_by_zero_and_the_names_of_entries():
    with pytest.raises(ValueError, match=r"p is '1/0', which divides by zero"):
        parse_rational("1/0", "p")
    assert [entry("p", ()), entry("p", (2,)), entry("p", (1, 0))] == ["p", "p[2]", "p[1, 0]"]


@pytest.mark.parametrize(
    ("values", "expected", "types"),
    [
        ([1, 0], [1, 0], {int}), ([True, np.int8(1)], [1, 1], {int}), ([1, "1/3"], [1, F(1, 3)], {F}),
        ([F(1, 2), 0], [F(1, 2), 0], {F}), ([decimal.Decimal("0.1")], [F(1, 10)], {F}), ([1, 0.5], [1.0, 0.5], {float}),
        ([np.float32(0.5)], [0.5], {float}), (np.array([0.5, 1]), [0.5, 1.0], {float}),
        (np.array([1, 2], dtype=np.uint8), [1, 2], {int}), (((1, 2), (3, 4)), [[1, 2], [3, 4]], {int}), (3, 3, {int}),
        (0.5, 0.5, {float}), (np.array([0.5], dtype=np.float16), [0.5], {float}),
    ],
)  # fmt: skip
def test_kinds_of_numbers(values, expected, types):
    table = read_table(values, "p")
    assert table.tolist() == expected and set(kinds(table)) == types
    assert (table.dtype == object) == (types != {float})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "p has shape (0,): an alphabet needs"), ([[], []], "p has shape (2, 0)"),
        (np.zeros((0, 2)), "p has shape (0, 2): an alphabet needs"),
        ([0.5, "1/2"], "p mixes floats and exact numbers: p[0] is 0.5 and p[1] is '1/2'"),
        ([[0, 1], [F(1, 2), 0.5]], "p[1, 1] is 0.5 and p[1, 0] is Fraction(1, 2)"),
        ([0.5, -0.5], "p[1] is -0.5; probabilities are finite and >= 0"), ([1, -1], "p[1] is -1; probabilities"),
        ([F(1), F(-1, 2)], "p[1] is -1/2; prob"), ([[0.5, math.nan]], "p[0, 1] is nan; remove or fill the missing"),
        ([math.inf], "p[0] is inf; probabilities are finite"), (np.array([1.0, math.inf]), "p[1] is inf; prob"),
        (np.array([0.0, -1.0]), "p[1] is -1.0; prob"),
        (np.array([[1.0, math.nan], [0.0, -1.0]]), "p[0, 1] is nan; remove or fill"), (-1, "p is -1; prob"),
        ([[1, 2], [3]], "p[1] has shape (1,) but p[0] has (2,): the lists are ragged"),
        ([1, [2]], "p[1] has shape (1,) but p[0] has ()"), ([[1], None], "p[1] is None; a table is an array"),
        ([{"a": 1}], "p[0] is {'a': 1}; a table"), ([1 + 2j], "p[0] is (1+2j) (complex); give an int"),
        ([decimal.Decimal("NaN")], "p[0] is Decimal('NaN') (Decimal)"), (["x"], "p[0] is the text 'x'"),
        (np.ma.array([[1.0, 2.0]], mask=[[False, True]]), "p[0, 1] is masked; remove or fill"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(values, message):
    with pytest.raises(ValueError) as refused:
        read_table(values, "p")
    assert message in str(refused.value)


def test_what_is_nearly_refused():
    assert read_table(np.ma.array([1.0, 2.0], mask=[False, False]), "p").tolist() == [1.0, 2.0]
    nested = 1
    for _ in range(64):
        nested = [nested]
    assert read_table(nested, "p").ndim == 64
    with pytest.raises(ValueError, match="p is nested deeper than 64 lists"):
        read_table([[nested]], "p")
    given = np.array([0.5, 0.5])
    assert read_table(given, "p") is not given
    assert read_table(np.asfortranarray(np.ones((2, 3))), "p").flags.c_contiguous


def test_sizes_that_do_not_fit_are_refused_before_anything_is_made():
    check_size(1, 64, True, "p")
    with pytest.raises(ValueError, match="p would have 65 axes; an array has at most 64"):
        check_size(1, 65, False, "p")
    with pytest.raises(ValueError, match=r"p would have 10\^30 cells, about 10\^21 GiB, more than"):
        check_size(2**100, 1, False, "p")
    with pytest.raises(ValueError, match=r"p would have 100,000,000,000,000 cells, about 745,058 GiB"):
        check_size(10**14, 1, False, "p")
    with pytest.raises(ValueError, match=r"10\^15 cells"):
        check_size(2**50, 1, False, "p")


def test_sizes_are_bytes_of_this_machine(monkeypatch):
    from therml_exact.numbers import memory

    monkeypatch.setattr(memory, "_GROUPS", ())
    monkeypatch.setattr(memory, "_own", list)
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 200}.get)
    check_size(20_000, 1, False, "p")  # 160,000 bytes of 200,000
    check_size(1000, 1, True, "p")
    for cells, exact in ((20_001, False), (1001, True)):
        with pytest.raises(ValueError, match="more than this machine"):
            check_size(cells, 1, exact, "p")
    with pytest.raises(ValueError, match=r"machine's 0\.0 GiB"):
        check_size(20_001, 1, False, "p")
    monkeypatch.delattr(memory.os, "sysconf")
    check_size(2**30, 1, False, "p")
    with pytest.raises(ValueError, match="more than a machine of 8 GiB"):
        check_size(2**30 + 1, 1, False, "p")


def test_rows_sum_to_one():
    exact = to_fractions(read_table([["1/2", "1/2"], ["1/3", "2/3"]], "p"))
    assert check_rows(exact, "p") == 0.0
    assert check_rows(exact / 2, "p", 2) == 0.0
    off = np.array([[0.5, 0.5], [0.5, 0.5 + 2.0**-41]])
    assert check_rows(off, "p") == 2.0**-41
    assert check_rows(off / 2, "p", 2) == 2.0**-42
    assert check_rows(np.array([0.5, 0.5]), "p") == 0.0
    with pytest.raises(ValueError, match=r"^p\[1\] sums to 5/6; rows must sum to 1 exactly, or pass counts"):
        check_rows(to_fractions(read_table([["1/2", "1/2"], ["1/3", "1/2"], [1, 1]], "p")), "p")
    with pytest.raises(ValueError, match=r"^p sums to 2; a distribution must sum to 1 exactly"):
        check_rows(exact, "p", 2)
    with pytest.raises(ValueError, match=r"^p\[1\] sums to 0.75; rows must sum to 1 within 1e-12"):
        check_rows(np.array([[0.5, 0.51], [0.5, 0.25], [0.5, 0.5]]), "p")
    with pytest.raises(ValueError, match=r"^p sums to 1.5; a distribution must sum"):
        check_rows(np.array([0.5, 1.0]), "p")


def test_the_tolerance_of_sums(monkeypatch):
    from therml_exact.numbers import tables

    assert tables.SUM_TOLERANCE == 1e-12
    monkeypatch.setattr(tables, "SUM_TOLERANCE", 2.0**-40)
    assert check_rows(np.array([0.5, 0.5 + 2.0**-40]), "p") == 2.0**-40
    with pytest.raises(ValueError, match="sums to"):
        check_rows(np.array([0.5, 0.5 + 2.0**-40 + 2.0**-52]), "p")


def test_integers_join_either_side_and_only_integers_do():
    integers, mixed, exact = (read_table(v, "p") for v in ([1, 0], [1, "1/2"], ["1/2", "1/2"]))
    floats = read_table([0.5, 0.5], "p")
    assert all_integers(integers)
    half = np.array([1, F(1, 2)], dtype=object)  # one integer is not enough
    assert not all_integers(half) and not all_integers(mixed) and not all_integers(exact)
    together = unify({"a": integers, "b": exact})
    assert set(kinds(together["a"])) == set(kinds(together["b"])) == {F}
    together = unify({"a": integers, "b": floats})
    assert together["a"].dtype == together["b"].dtype == np.float64 and together["b"] is floats
    assert set(kinds(unify({"a": integers})["a"])) == {F}
    for other in (exact, mixed, half):
        with pytest.raises(ValueError, match=r"^b holds floats and a holds exact numbers; make all tables exact"):
            unify({"a": other, "b": floats})


def test_fractions_numerators_and_frozen_tables():
    table = to_fractions(np.array([[1, F(1, 2)]], dtype=object))
    assert table.shape == (1, 2) and set(kinds(table)) == {F}
    cells, denominator = common_denominator(np.array([[F(1, 4), F(1, 6)], [F(0), F(7, 12)]], dtype=object))
    assert denominator == 12 and cells.tolist() == [[3, 2], [0, 7]]
    frozen = freeze(np.array([1.0]))
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 2


@pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, "1", None, 0, -1, math.nan])
def test_whole_numbers(value):
    assert whole("n", 1) == whole("n", np.int64(1)) == 1 and type(whole("n", np.int64(3))) is int
    assert whole("n", 0, least=0) == 0
    with pytest.raises(ValueError) as refused:
        whole("n", value)
    assert str(refused.value) == f"n is {value!r}; it is a whole number, at least 1"


def test_counts_are_normalised_by_rows():
    assert normalize([[1, 3], [2, 2]]).tolist() == [[F(1, 4), F(3, 4)], [F(1, 2), F(1, 2)]]
    assert set(kinds(normalize([1, 3]))) == {F}
    assert normalize([1.0, 3.0]).tolist() == [0.25, 0.75]
    assert normalize(["1/2", 1]).tolist() == [F(1, 3), F(2, 3)]
    for counts, message in (
        (3, "at least one axis"),
        ([[1, 1], [0, 0]], r"counts\[1\] sums to 0"), ([[1.0, 1.0], [0.0, 0.0]], r"1\] sums to 0"),
        ([1e308, 1e308], "more than a float can hold"), ([[0, 0], [0, 0]], r"counts\[0\] sums to 0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            normalize(counts)
    assert ABOVE > 1e-12
