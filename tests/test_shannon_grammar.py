"""The grammar: what is read, what is refused and where the caret stands."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from therml_exact.shannon.grammar import names_in, parse
from therml_exact.shannon.setting import free, of_world

ABC = free("ABC")
A, B, C = 1, 2, 4


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("H(A) >= 0", {A: 1}),
        ("H(A,B|C) >= 0", {A | B | C: 1, C: -1}),
        ("I(A;B) >= 0", {A: 1, B: 1, A | B: -1}),
        ("I(A;B|C)>=0", {A | C: 1, B | C: 1, A | B | C: -1, C: -1}),
        ("I(A;A) >= 0", {A: 1}),
        ("H(A|A) >= 0", {}),
        ("2*I(A;B) - 1/2 H(A) >= 0.25H(B)", {A: Fraction(3, 2), B: Fraction(7, 4), A | B: -2}),
        ("-H(A) + - -H(B) == 0", {A: -1, B: 1}),
        ("-(H(A) - [H(B) - H(C)]) = 0", {A: -1, B: 1, C: -1}),
        ("(1 - 1e-12) H(A) >= H(A)", {A: Fraction(-1, 10**12)}),
        ("H(A)*(3 - 1)/4 >= 0", {A: Fraction(1, 2)}),
        ("0 <= H(A)", {A: -1}),
        ("1/3 (H(A) + 2 H(B)) ≥ .5 H(C)", {A: Fraction(1, 3), B: Fraction(2, 3), C: Fraction(-1, 2)}),
    ],
)
def test_forms(text, form):
    assert dict(parse(text, ABC).form) == form


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("sum_i I(X_i;Y_i) >= 0", "I(X1;Y1) + I(X2;Y2) >= 0"),
        ("sum_{i=1}^N 2 H(X_i|Y_i) >= H(Φ)", "2 H(X1|Y1) + 2 H(X2|Y2) >= H(Phi)"),
        ("Σ_i [H(X_i) - H(Z_{i})] >= 0", "H(X1) - H(Z1) + H(X2) - H(Z2) >= 0"),
        ("sum_i sum_j I(X_i;Y_j) >= 0", "I(X1;Y1) + I(X1;Y2) + I(X2;Y1) + I(X2;Y2) >= 0"),
        ("I(X^N,Y^N;Θ) >= 0", "I(X1,X2,Y1,Y2;Theta) >= 0"),
        ("H(X_2) >= N H(Z^{N})", "H(X2) >= 2 H(Z1,Z2)"),
    ],
)
def test_short_forms(short, long):
    world = of_world("P", 2)
    assert parse(short, world).form == parse(long, world).form


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("H(X Y) <= H(X)", 2, "two variables are written H(X,Y)"),
        ("H(X+Y) <= H(X)", 2, "two variables are written H(X,Y)"),
        ("H(X^N) <= H(X)", 2, "give world="),
        ("H(X <= H(Y)", 4, "expected ')'"),  # was: unknown variable X
    ],
)
def test_free_names_are_words(text, at, why):
    with pytest.raises(ValueError, match="character") as caught:
        parse(text, free(names_in(text)))
    assert f"character {at + 1}:" in str(caught.value)
    assert why in str(caught.value)


def test_free_names_may_be_greek_and_primed():
    assert dict(parse("H(θ',X_1) >= 0", free(["θ'", "X_1"])).form) == {3: 1}


def test_one_sample_needs_no_index():
    assert parse("I(X;Y) <= H(Z)", of_world("P", 1)).form == parse("I(X1;Y1) <= H(Z1)", of_world("P", 1)).form


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("H(A) >= H(D)", 10, "unknown variable 'D'"),
        ("I(A;B;C) >= 0", 5, "second ';'"),
        ("H(A;B) >= 0", 3, "belongs to I(A;B)"),
        ("I(A) >= 0", 3, "expected ';'"),
        ("H(A)", 4, "no relation"),
        ("H(A) > 0", 5, "can never hold"),
        ("H(A) >= 0 >= 0", 10, "second relation"),
        ("H(A) >= 1", 8, "constant other than 0"),
        ("H(A) H(B) >= 0", 5, "linear"),
        ("H(A)/H(B) >= 0", 5, "only numbers divide"),
        ("H(A)/0 >= 0", 5, "division by zero"),
        ("H(A) + 1 >= 0", 7, "added to entropies"),
        ("H(A >= 0", 4, "expected ')'"),
        ("H(A)) >= 0", 4, "expected <="),
        ("H() >= 0", 2, "expected the name"),
        ("sum_i H(A) >= 0", 0, "no world"),
        ("H(A) >= 1e99999 H(B)", 8, "digits"),
        ("__import__('os') >= 0", 0, "expected a number"),
        ("H(A) >=", 7, "ends too early"),
        ("(" * 50 + "H(A)" + ")" * 50 + ">= 0", 40, "deep"),
        ("10000000000 * " * 200 + "H(A) >= 0", None, "beyond all bounds"),
        ("1e000000000999999999 H(A) >= 0", 0, "digits"),  # the guard read nine characters of the exponent
        ("1 000 H(A) <= 0", 2, "a number after a number"),  # was 1 * 0
        ("0.5.5 H(A) <= 0", 3, "a number after a number"),
        ("1/2 3 H(A) <= 0", 4, "a number after a number"),
    ],
)
def test_errors_point_at_the_character(text, at, why):
    with pytest.raises(ValueError, match="character") as caught:
        parse(text, ABC)
    message, shown, caret = str(caught.value).split("\n")
    assert why in message
    if at is not None:
        assert f"character {at + 1}:" in message
        assert text[at : at + 1] == shown[len(caret) - 1 : len(caret)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("H(X) >= 0", "did you mean X1 or X\\^N"),
        ("H(X_i) >= 0", "belongs below sum_i"),
        ("H(Tetha) >= 0", "did you mean Theta"),
        ("sum_i sum_i H(X_i) >= 0", "in use already"),
        ("H(X3) >= 0", "unknown variable"),
    ],
)
def test_names_of_worlds(text, why):
    with pytest.raises(ValueError, match=why):
        parse(text, of_world("P", 2))


def test_long_texts_are_refused():
    with pytest.raises(ValueError, match="characters"):
        parse("H(A) + " * 10_000 + "H(A) >= 0", ABC)
    with pytest.raises(ValueError, match="entropies"):
        parse("sum_a " * 1 + "sum_b sum_c sum_d sum_e sum_f sum_g sum_h H(X_a) >= 0", of_world("P", 6))


def test_nested_sums_of_numbers_end():
    """6^12 passes, none of which names an entropy."""
    with pytest.raises(ValueError, match="written out"):
        parse(" ".join("sum_" + c for c in "abcdefghijkl") + " 0 <= 0", of_world("P", 6))


@given(st.text(alphabet="HI(A,B;C|)[]<>=+-*/0123.e sum_i N^{}Σ≤\n", max_size=60))
def test_whatever_is_typed_is_read_or_refused(text):
    for setting in (ABC, of_world("P", 2)):
        why = ""
        try:
            parse(text, setting)
        except ValueError as error:
            why = str(error)
        assert not why or why.startswith("statement, character")
