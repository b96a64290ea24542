"""The grammar: what is read, what is refused and where the caret stands."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.shannon.setting import free, of_world
from therml_exact.shannon.statements import free_names, parse, parse_all

ABC = free("ABC")
A, B, C = 1, 2, 4


def read(*texts):
    """The setting of the free variables of some texts."""
    return free(free_names([(text, "statement") for text in texts]))


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
        parse(text, read(text))
    assert f"character {at + 1}:" in str(caught.value)
    assert why in str(caught.value)


def test_free_names_may_be_greek_and_primed():
    assert dict(parse("H(θ',X_1) >= 0", free(["θ'", "X_1"])).form) == {3: 1}


EQUIVALENT = [
    ("I(A:B) >= 0", "I(A;B) >= 0"),
    ("H[A|B] ⩽ 2·H[A]", "H(A|B) <= 2 H(A)"),
    ("3×I(A;B∣C) \\leq 1/2 \\cdot H(B)", "3 I(A;B|C) <= 1/2 H(B)"),
    ("I(A;B;C) >= 0", "I(A;B) - I(A;B|C) >= 0"),
    ("TC(A;B;C) >= 0", "H(A) + H(B) + H(C) - H(A,B,C) >= 0"),
    ("DTC(A;B;C) >= 0", "H(A,B,C) - H(A|B,C) - H(B|A,C) - H(C|A,B) >= 0"),
    ("O(A;B;C) >= 0", "TC(A;B;C) - DTC(A;B;C) >= 0"),
    ("O(A;B;C) >= 0", "I(A;B;C) >= 0"),
    ("R(A;B) >= 0", "H(A|B) + H(B|A) >= 0"),
    ("A -> B -> C", "I(A;C|B) = 0"),
    ("A - B - C", "I(A;C|B) = 0"),
    ("A <- B → C", "I(A;C|B) = 0"),
    ("A _||_ B | C", "I(A;B|C) = 0"),
    ("A ⊥ B,C", "I(A;B,C) = 0"),
    ("C = f(A, B)", "H(C|A,B) = 0"),
    ("(A,B) := g'(C)", "H(A,B|C) = 0"),
]


@pytest.mark.parametrize(("written", "plain"), EQUIVALENT)
def test_notations(written, plain):
    assert parse(written, ABC).form == parse(plain, ABC).form


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("H(A) <= H(A,B) <= H(A) + H(B)", ["H(A) <= H(A,B)", "H(A,B) <= H(A) + H(B)"]),
        ("I(A;B) <= min(H(A), H(B))", ["I(A;B) <= H(A)", "I(A;B) <= H(B)"]),
        ("2 H(A,B) - max(H(A), H(B)) >= 0", ["2 H(A,B) - H(A) >= 0", "2 H(A,B) - H(B) >= 0"]),
        ("H(A) = 0, H(B) = 0 and H(C) = 0", ["H(A) = 0", "H(B) = 0", "H(C) = 0"]),
        ("A -> B -> C; C = f(A)\nA _||_ B", ["I(A;C|B) = 0", "H(C|A) = 0", "I(A;B) = 0"]),
        ("A _||_ B _||_ C", ["I(A;B) = 0", "I(A,B;C) = 0"]),
        ("A -> B -> C -> B,A", None),
    ],
)
def test_texts_of_several_statements(text, parts):
    if parts is None:
        with pytest.raises(ValueError, match="share a variable"):
            parse_all(text, ABC)
        return
    assert sorted(map(repr, (dict(s.form) for s in parse_all(text, ABC)))) == sorted(
        repr(dict(parse(part, ABC).form)) for part in parts
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("H(A) = 1", {A: 1, -1: -1}),
        ("H(A) <= log 12", {A: 1, -2: -2, -3: -1}),
        ("H(A) <= 1/3 log(3/2) + 1 bit", {A: 1, -2: Fraction(-2, 3), -3: Fraction(-1, 3)}),
        ("H(A) <= ln 1", {A: 1}),
    ],
)
def test_constants(text, form):
    assert dict(parse(text, ABC).form) == form


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("H(XY) <= H(X) + H(Y)", "is XY one variable, or X and Y"),
        ("H(XY) + H(YZ) >= H(XYZ)", "commas, H(X,Y)"),
        ("H(X1Y1) <= 2 H(X1)", "X1 and Y1"),
        ("H(xy) <= H(x) + H(y)", "x and y"),
        ("H(xy) + H(yz) >= H(xyz)", "xyz"),
        ("H(Θ) <= H(Theta)", "are Θ and Theta the same"),
        ("H(X_1) <= H(X1)", "are X_1 and X1 the same"),
        ("H(X_{1}) <= H(X₁)", "are X_1 and X₁ the same"),
        ("H(theta) <= H(Theta)", "are theta and Theta the same"),
    ],
)
def test_doubtful_names_are_asked_back(text, why):
    with pytest.raises(ValueError, match="character") as caught:
        tx.prove(text)
    assert why in str(caught.value)


def test_names_of_the_hypotheses_are_asked_back_too():
    with pytest.raises(ValueError, match=r"given\[1\], character 3: are X_1 and X1 the same"):
        tx.prove("H(X_1) >= 0", given=["H(X_1) = 0", "H(X1) = 0"])


@pytest.mark.parametrize(
    "text", ["H(sun) <= H(fun)", "H(x) <= H(X)", "H(X') <= H(X)", "H(XY) <= H(ZW)", "H(X_1) <= H(X_2)"]
)
def test_names_beyond_doubt(text):
    assert tx.prove(text).verdict == "refuted"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("sum_{i<j} I(X_i;X_j) >= 0", "I(X1;X2) + I(X1;X3) + I(X2;X3) >= 0"),
        ("sum_{1<=i<j<=N} I(X_i;X_j) >= 0", "I(X1;X2) + I(X1;X3) + I(X2;X3) >= 0"),
        ("\\sum_{i=2}^N I(X_i;X_{i-1}) >= 0", "I(X2;X1) + I(X3;X2) >= 0"),
        ("∑_{i=1}^{N-1} H(X_{i+1}|X^{i}) >= 0", "H(X2|X1) + H(X3|X1,X2) >= 0"),
        ("sum_{i!=j} H(X_i|Y_j) >= 0", "H(X1|Y2) + H(X1|Y3) + H(X2|Y1) + H(X2|Y3) + H(X3|Y1) + H(X3|Y2) >= 0"),
        ("sum_i H(X_i|X_{!=i}) >= 0", "R(X1;X2;X3) >= 0"),
        ("H(X_{2:3}) >= H(X₁,X^2)", "H(X2,X3) >= H(X1,X2)"),
        ("sum_{i=4}^N H(X_{i+1}) >= H(X_{N})", "0 >= H(X3)"),
    ],
)
def test_sums_and_ranges(short, long):
    world = of_world("P", 3)
    assert parse(short, world).form == parse(long, world).form


def test_sums_over_free_variables_have_bounds_that_are_numbers():
    assert tx.prove("sum_{i=1}^3 H(X_i) >= H(X_1,X_2,X_3)").verdict == "proved"
    assert tx.prove("sum_{i=1}^3 H(X_i|X^{i-1}) = H(X1,X2,X3)").verdict == "proved"


def test_one_sample_needs_no_index():
    assert parse("I(X;Y) <= H(Z)", of_world("P", 1)).form == parse("I(X1;Y1) <= H(Z1)", of_world("P", 1)).form


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("H(A) >= H(D)", 10, "unknown variable 'D'"),
        ("H(A;B) >= 0", 3, "belongs to I(A;B)"),
        ("I(A) >= 0", 3, "expected ';'"),
        ("H(A)", 4, "no relation"),
        ("H(A) > 0", 5, "can never hold"),
        ("H(A) H(B) >= 0", 5, "linear"),
        ("H(A)/H(B) >= 0", 5, "only numbers divide"),
        ("H(A)/0 >= 0", 5, "division by zero"),
        ("H(A) != 0", 5, "unequal"),
        ("h(A) >= 0", 0, "h is none: known are H(...)"),
        ("A >= 0", 0, "write H(A)"),
        ("H(A) <= log2(3)", 8, "natural"),
        ("H(A) <= log 2/3", 8, "log(p/q)"),
        ("H(A) <= log(0)", 8, "from 1 to"),
        ("H(A) log 2 >= 0", 5, "product of entropies or logarithms"),
        ("H(A) <= max(H(B),H(C))", 0, "means 'or'"),
        ("max(H(A),min(H(B),H(C))) <= 0", 0, "min within max"),
        ("H(A) = min(H(B),H(C))", 0, "two inequalities"),
        ("I(A;B|C;A) >= 0", 7, "commas"),
        ("TC(A) >= 0", 4, "expected ';' between the sides of TC"),
        ("A -> B", 2, "write B = f(A)"),
        ("A -> B <- C", 2, "arrows that meet"),
        ("A -> B -> A", 2, "share a variable"),
        ("A -> B -> C, C -> A -> B", 11, "(A,B) for a set"),
        ("A = B", 2, "write A = f(B); B = g(A)"),
        ("A = B + C", 2, "write A = f(B,C)"),
        ("H(A >= 0", 4, "expected ')'"),
        ("H(A)) >= 0", 4, "expected <="),
        ("H() >= 0", 2, "expected the name"),
        ("sum_i H(A) >= 0", 0, "no world"),
        ("sum_{i=2} H(A) >= 0", 0, "here does the sum end"),
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


@pytest.mark.deep
def test_nested_sums_of_entropies_end():
    with pytest.raises(ValueError, match="entropies"):
        parse("sum_a sum_b sum_c sum_d sum_e sum_f sum_g sum_h H(X_a) >= 0", of_world("P", 6))


def test_nested_sums_of_numbers_end():
    """6^12 passes, none of which names an entropy."""
    with pytest.raises(ValueError, match="written out"):
        parse(" ".join("sum_" + c for c in "abcdefghijkl") + " 0 <= 0", of_world("P", 6))


@given(st.text(alphabet="HITC(A,B;C|)[]<>=+-*/0123.e sum_i N^{}Σ≤\n→⊥:log", max_size=60))
def test_whatever_is_typed_is_read_or_refused(text):
    for setting in (ABC, of_world("P", 2)):
        why = ""
        try:
            parse(text, setting)
        except ValueError as error:
            why = str(error)
        assert not why or why.startswith("statement, character")
