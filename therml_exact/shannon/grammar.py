r"""Linear expressions of entropies and informations, read by recursive descent (statements.py reads relations).

    expression  [+|-] term ((+|-) term)*
    term        factor ([*] factor | / factor)*            at most one factor is not a number
    factor      number [bits | nats] | N | log n | H(A|C) | I(A;B|C) | TC(A;B;...|C) ... (measures.py)
                | (expression) | [expression] | sum_i term-without-division (sums.py) | min(expression, ...) | max(...)
    A, B, C     names separated by commas (names.py); ':' may stand for ';', brackets may be square

    numbers     2, 1/2, 0.5, 1e-12: exact rationals; N is the number of samples; * is also written x, ·, × and \cdot
    constants   nats: H(W) = 1, H(X) <= log 2, 2/3 log(5/3) + 1 bit; logarithms are natural, a bit is log 2

    I(A;B|C) = H(A,C) + H(B,C) - H(A,B,C) - H(C),     H(A|C) = H(A,C) - H(C)

`sum_i` takes the product after it: `sum_i 2 I(X_i;Y_i)`; a sum of terms goes in brackets.
A form is {key: rational}: a bit mask > 0 stands for a joint entropy, -1 for one nat, -p for log p.
Errors: ValueError that shows the text with a caret below the offending character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from therml_exact.shannon import names as readings
from therml_exact.shannon import sums
from therml_exact.shannon.measures import MEASURES, MOST_PARTS, Leaf
from therml_exact.shannon.setting import Setting

Form = dict[int, Fraction]
"""Coefficients of joint entropies by bit mask, of one nat by -1, and of log p by -p."""

MOST_CHARACTERS = 20_000
_MOST_DEPTH = 40
_MOST_TERMS = 50_000  # entropies written out, sums included
_MOST_STEPS = 100_000  # looks at the text, every pass of a sum counted
_MOST_DIGITS = 400
_MOST_LOG = 10**9  # integers below a logarithm are factored
_SHOWN = 100  # characters of the text in an error

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_SPACE = re.compile(r"\s*")
RELATION = re.compile(r"<=|>=|=<|==|=|≤|≥|⩽|⩾|≦|≧|≠|!=|\\leq?slant|\\geq?slant|\\leq?|\\geq?|\\neq?|[<>]")
SAME = {
    **dict.fromkeys(("<=", "=<", "≤", "⩽", "≦", "\\le", "\\leq", "\\leqslant", "\\leslant"), "<="),
    **dict.fromkeys((">=", "≥", "⩾", "≧", "\\ge", "\\geq", "\\geqslant", "\\geslant"), ">="),
    **dict.fromkeys(("=", "=="), "="),
}
_NAME = re.compile(r"(?:(?<=[_^])\{[^{}]*\}|[^,;:|∣()\[\]<>={}])+")
_MEASURE = re.compile(r"(" + "|".join(sorted(MEASURES, key=len, reverse=True)) + r")\s*[(\[]")
_UNIT = re.compile(r"(bit|nat)s?(?!\w)")
_LOG = re.compile(r"\\?(?:log|ln)(?![A-Za-z])")
_INTEGER = re.compile(r"[0-9]+")
_EXTREME = re.compile(r"\\?(min|max)\s*([({\[])")
_TIMES = re.compile(r"\*|·|⋅|∙|×|\\cdot|\\times|x(?!\w)")
_WORD = re.compile(r"[^\W\d]\w*")
_SIGNS = {"+": 1, "-": -1, "−": -1, "–": -1}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_GIVEN = ("|", "∣")


@dataclass(frozen=True)
class Bend:
    """The largest or the smallest of some forms."""

    largest: bool
    options: tuple[Form, ...]


@dataclass(frozen=True)
class Value:
    """What an expression is: a linear form, plus largest and smallest ones."""

    form: Form
    bends: tuple[Bend, ...] = ()

    @property
    def number(self) -> Fraction | None:
        """The value of an expression without entropies and logarithms."""
        return None if self.bends or self.form.keys() - {-1} else self.form.get(-1, Fraction(0))

    def scaled(self, by: Fraction) -> Value:
        """By times this; the largest of some becomes the smallest of their negatives."""
        if not by:
            return Value({})
        bends = (Bend(b.largest == (by > 0), tuple(_scaled(o, by) for o in b.options)) for b in self.bends)
        return Value(_scaled(self.form, by), tuple(bends))

    def plus(self, other: Value) -> Value:
        """The sum."""
        return Value(add(self.form, other.form, Fraction(1)), self.bends + other.bends)


@dataclass(frozen=True)
class Place:
    """Where a name was read first."""

    name: str
    where: str
    text: str
    at: int


class Reader:
    """One pass over a text, up to `end`. Without a setting every name is taken for a free variable and collected."""

    def __init__(self, text: str, setting: Setting | None, where: str, places: dict[str, Place] | None = None) -> None:
        if not isinstance(text, str):
            raise ValueError(f"{where} is {text!r}; give a text such as 'I(X1;Phi) <= H(X1)'")
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"{where} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read")
        self.source = self.text = text
        self.setting, self.where = setting, where
        self.n = None if setting is None else setting.n
        self.places: dict[str, Place] = {} if places is None else places
        self.at, self.depth, self.terms, self.steps = 0, 0, 0, 0
        self.number_end = -1  # where the last number read ends
        self.indices: dict[str, int] = {}
        self.silent = False  # within a sum without terms, whose names are nobody's

    @contextmanager
    def within(self, start: int, end: int) -> Iterator[None]:
        """Read a part of the text only; carets are counted in all of it."""
        whole, self.text, self.at = self.text, self.source[:end], start
        yield
        self.text, self.at = whole, end

    # ---- the grammar

    def whole(self) -> Form:
        """An expression that is all of the text."""
        value = self.expression()
        self.skip()
        if self.at < len(self.text):
            relation = RELATION.match(self.text, self.at)
            self.fail("a relation; an expression has a value, a statement is for prove" if relation else "unexpected")
        if value.bends:
            self.fail("min and max are not linear; they belong in the statements of prove", 0)
        return value.form

    def expression(self) -> Value:
        """Terms with signs."""
        total = Value({})
        while True:
            sign = Fraction(1)
            while (mark := self.peek()) in _SIGNS:
                sign *= _SIGNS[mark]
                self.at += 1
            total = self.bounded(total.plus(self.term().scaled(sign)))
            if self.peek() not in _SIGNS:
                return total

    def term(self, division: bool = True) -> Value:
        """Factors, one of them not a number."""
        value = self.factor()
        while True:
            mark = self.peek()
            begin = self.at
            times = _TIMES.match(self.text, self.at)
            if times:
                self.at = times.end()
                self.skip()
                begin = self.at
                other = self.factor()
            elif mark == "/" and (division or value.number is not None):
                self.at += 1
                self.skip()
                begin = self.at
                number = self.factor().number
                if number is None:
                    self.fail("division by entropies; only numbers divide", begin)
                if number == 0:
                    self.fail("division by zero", begin)
                other = Value(_constant(1 / number))
            elif mark and self.begins():
                if (mark.isdigit() or mark == ".") and len(self.text[: self.at].rstrip()) == self.number_end:
                    self.fail("a number after a number; write * between factors, and digits without spaces")
                other = self.factor()
            else:
                return value
            value = self.product(value, other, begin)

    def product(self, one: Value, two: Value, at: int) -> Value:
        """The product, of which one factor is a number."""
        scale, rest = (one.number, two) if one.number is not None else (two.number, one)
        if scale is None:
            self.fail("a product of entropies or logarithms; statements are linear", at)
        return self.bounded(rest.scaled(scale))

    def begins(self) -> bool:
        """Whether a factor begins here."""
        mark, at = self.text[self.at], self.at
        if mark.isdigit() or mark in "([.N":
            return True
        return any(p.match(self.text, at) for p in (_MEASURE, sums.SUM, _LOG, _EXTREME, _UNIT))

    def factor(self) -> Value:
        """A number, a measure, a logarithm, a sum, or brackets."""
        mark = self.peek()
        if mark in ("(", "["):
            with self.deeper():
                self.at += 1
                value = self.expression()
                self.expect(_CLOSING[mark])
            return value
        if found := sums.SUM.match(self.text, self.at):
            return self.sum(found)
        if found := _NUMBER.match(self.text, self.at):
            return Value(self.number(found))
        if mark == "N" and not self.text[self.at + 1 : self.at + 2].isalnum():
            if self.n is None:
                self.fail("N is the number of samples of a world, and no world is given")
            self.at += 1
            return Value(_constant(Fraction(self.n)))
        if found := _MEASURE.match(self.text, self.at):
            return Value(self.measure(found))
        if found := _LOG.match(self.text, self.at):
            return Value(self.logarithm(found))
        if found := _EXTREME.match(self.text, self.at):
            return self.extreme(found)
        if found := _UNIT.match(self.text, self.at):
            self.at = found.end()
            return Value({-2 if found[1] == "bit" else -1: Fraction(1)})
        return self.fail(self.expected(mark))

    def expected(self, mark: str) -> str:
        """What is wrong where no factor begins."""
        if not mark:
            return "the text ends too early"
        known = ", ".join(f"{name}(...)" for name in MEASURES)
        word = _WORD.match(self.text, self.at)
        if word is None:
            return f"expected a number, {known}, sum_i or brackets"
        if self.text[word.end() :].lstrip()[:1] in ("(", "["):
            return f"expected a number or a measure; {word[0][:40]} is none: known are {known}, min, max, log"
        return (
            f"expected a number or a measure; for the entropy of a variable write H({word[0][:40]}); hypotheses are "
            "also written X -> Y -> Z, X _||_ Y | Z and Y = f(X)"
        )

    def number(self, found: re.Match[str]) -> Form:
        """An exact number."""
        if len(found[0]) > _MOST_DIGITS or (found[2] and abs(int(found[2])) > _MOST_DIGITS):
            self.fail(f"a number of more than {_MOST_DIGITS} digits")
        self.at = self.number_end = found.end()
        return _constant(Fraction(found[0]))

    def logarithm(self, found: re.Match[str]) -> Form:
        """Log n in nats, by primes."""
        begin, self.at = self.at, found.end()
        remedy = "logarithms are natural and of numbers: log 2, 3/2 log 5, log(3/2); log 2 nats is 1 bit"
        mark = self.peek()
        if mark == "(":
            with self.deeper():
                self.at += 1
                value = self.expression().number
                self.expect(")")
        else:
            digits = _INTEGER.match(self.text, self.at)
            if digits is None or not self.text[found.end() :][:1].isspace():
                self.fail(remedy, begin)
            if re.match(r"\s*/\s*[0-9]", self.text[digits.end() :]):
                self.fail(f"log {digits[0][:20]}/...: write log(p/q), or 1/q log p", begin)
            value = None if len(digits[0]) > 10 else Fraction(digits[0])
            self.at = digits.end()
        if value is None or not value > 0 or max(value.numerator, value.denominator) > _MOST_LOG:
            self.fail(f"{remedy}; the numbers are from 1 to {_MOST_LOG:,}", begin)
        return add(_logarithm(value.numerator), _logarithm(value.denominator), Fraction(-1))

    def extreme(self, found: re.Match[str]) -> Value:
        """The largest or smallest of some expressions."""
        largest = found[1] == "max"
        begin, self.at = self.at, found.end()
        options: list[Form] = []
        with self.deeper():
            while True:
                value = self.expression()
                if any(bend.largest != largest for bend in value.bends):
                    self.fail("min within max; take them apart, one statement for each", begin)
                options += expanded(value)
                self.terms += sum(map(len, options))
                if self.terms > _MOST_TERMS:
                    self.fail(f"more than {_MOST_TERMS:,} entropies")
                if self.peek() not in (",", ";"):
                    break
                self.at += 1
            self.expect(_CLOSING[found[2]])
        return Value({}, (Bend(largest, tuple(options)),))

    def sum(self, found: re.Match[str]) -> Value:
        """The product after a sum sign, for each value of its letters."""
        try:
            values = sums.values(found, self.indices, self.n)
        except LookupError as error:
            self.fail(str(error.args[0]))
        total = Value({})
        outside = self.indices
        with self.deeper():
            if not values:  # The term is read all the same, to find its end.
                self.at, silent, self.silent = found.end(), self.silent, True
                self.term(division=False)
                self.silent = silent
            for chosen in values:
                self.at, self.indices = found.end(), {**outside, **chosen}
                total = self.bounded(total.plus(self.term(division=False)))
            self.indices = outside
        return total

    def measure(self, found: re.Match[str]) -> Form:
        """H(A|C), I(A;B|C) and their kin."""
        name, begin = found[1], self.at
        self.at = found.end()
        closing = _CLOSING[self.text[self.at - 1]]
        parts = [self.names()]
        least, leaves = MEASURES[name]
        while self.peek() in (";", ":"):
            if name == "H":
                self.fail("';' belongs to I(A;B); write H(A,B) for a joint entropy")
            self.at += 1
            parts.append(self.names())
            if len(parts) > MOST_PARTS:
                self.fail(f"more than {MOST_PARTS} variables in one {name}", begin)
        if len(parts) < least:
            self.expect(";", f"between the sides of {name}(A;B)")
        given = 0
        if self.peek() in _GIVEN:
            self.at += 1
            given = self.names()
            if self.peek() == ";":
                self.fail("';' after the condition; several conditions are written with commas, I(A;B|C,D)")
        self.expect(closing)
        total: Form = {}
        for sign, leaf in leaves(parts, given):
            total = add(total, self.leaf(leaf), Fraction(sign))
        return total

    def leaf(self, leaf: Leaf) -> Form:
        """H(A|C) or I(A;B|C) as a form."""
        (a, b, given), one = leaf, Fraction(1)
        if b is None:
            return self.counted(((a | given, one), (given, -one)))
        return self.counted(((a | given, one), (b | given, one), (a | b | given, -one), (given, -one)))

    def names(self) -> int:
        """A set of variables."""
        mask = self.name()
        while self.peek() == ",":
            self.at += 1
            mask |= self.name()
        return mask

    def name(self) -> int:
        """One name."""
        self.skip()
        start = self.at
        for known in sorted(self.setting.names if self.setting else (), key=len, reverse=True):
            # A name may hold any character; it ends where a name can end.
            if self.text.startswith(known, start) and self.text[start + len(known) :].lstrip()[:1] in ",;:|∣)]":
                self.at = start + len(known)
                return self.resolve(known, start)
        found = _NAME.match(self.text, self.at)
        if found is None or not found[0].strip():
            self.fail("expected the name of a variable")
        self.at = found.end()
        return self.resolve(found[0].strip(), start)

    def resolve(self, name: str, start: int) -> int:
        """The variables that a name stands for."""
        if self.silent:
            return 0
        try:
            if self.setting is not None:
                return readings.find(name, self.setting, self.indices)
            plain = re.search(r"_\{?\d", self.source) is None
            mask = 0
            for own in readings.word(name, self.indices, plain):
                self.places.setdefault(own, Place(own, self.where, self.source, start))
                mask |= 1 << list(self.places).index(own)
            return mask
        except LookupError as error:
            self.fail(str(error.args[0]), start)

    # ---- characters

    def skip(self) -> None:
        """Pass over spaces."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def peek(self) -> str:
        """The next character, or nothing at the end."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            self.fail("the sums, written out, have too many numbers and entropies")
        self.skip()
        return self.text[self.at : self.at + 1]

    def expect(self, mark: str, why: str = "") -> None:
        """Pass over a character that must stand here."""
        if self.peek() != mark:
            self.fail(f"expected '{mark}'{' ' + why if why else ''}")
        self.at += 1

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Within brackets."""
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            self.fail(f"nested more than {_MOST_DEPTH} deep")
        yield
        self.depth -= 1

    def counted(self, terms: tuple[tuple[int, Fraction], ...]) -> Form:
        """A form of some entropies, which are counted."""
        self.terms += len(terms)
        if self.terms > _MOST_TERMS:
            self.fail(f"more than {_MOST_TERMS:,} entropies")
        form: Form = {}
        for mask, c in terms:
            form = add(form, {mask: c}, Fraction(1))
        return form

    def bounded(self, value: Value) -> Value:
        """The same, unless its numbers are too long."""
        for form in (value.form, *(option for bend in value.bends for option in bend.options)):
            for c in form.values():
                if max(c.numerator.bit_length(), c.denominator.bit_length()) > 8 * _MOST_DIGITS:
                    self.fail("a coefficient grows beyond all bounds")
        return value

    def fail(self, why: str, at: int | None = None) -> NoReturn:
        """Raise, with a caret below the offending character."""
        raise located(self.source, self.where, self.at if at is None else at, why) from None


class _Leaves(Reader):
    """A reader that keeps each H and I apart: forms are coefficients by the number of the leaf, from 1 on."""

    def __init__(self, text: str, setting: Setting, where: str) -> None:
        super().__init__(text, setting, where)
        self.leaves: dict[Leaf, int] = {}

    def leaf(self, leaf: Leaf) -> Form:
        number = self.leaves.setdefault(leaf, len(self.leaves) + 1)
        return self.counted(((number, Fraction(1)),))


def located(text: str, where: str, at: int, why: str) -> ValueError:
    """An error that shows the text with a caret below a character."""
    low = max(0, min(at - _SHOWN // 2, len(text) - _SHOWN))
    shown = "".join(c if c.isprintable() else " " for c in text[low : low + _SHOWN])
    return ValueError(f"{where}, character {at + 1}: {why}\n  {shown}\n  {' ' * (at - low)}^")


def parse_expression(text: str, setting: Setting, where: str = "expression") -> tuple[dict[Leaf, Fraction], Form]:
    """Read an expression, each H and I of it apart: their coefficients, and the constants."""
    if not isinstance(text, str):
        raise TypeError(f"{where} is a {type(text).__name__}; give a text such as 'I(X;Y|Z) - I(X;Y)'")
    reader = _Leaves(text, setting, where)
    form = reader.whole()
    leaves = {leaf: form[number] for leaf, number in reader.leaves.items() if number in form}
    return leaves, {key: c for key, c in form.items() if key < 0}


def add(a: Mapping[int, Fraction], b: Mapping[int, Fraction], scale: Fraction) -> Form:
    """The sum a + scale b, without zeros; the empty set has entropy 0."""
    total = dict(a)
    for mask, c in b.items():
        total[mask] = total.get(mask, Fraction(0)) + scale * c
    return {mask: c for mask, c in total.items() if c and mask}


def expanded(value: Value) -> list[Form]:
    """The forms of which an expression is the largest, or the smallest."""
    forms = [value.form]
    for bend in value.bends:
        forms = [add(form, option, Fraction(1)) for form in forms for option in bend.options]
    return forms


def _scaled(form: Mapping[int, Fraction], by: Fraction) -> Form:
    return {key: c * by for key, c in form.items()}


def _constant(number: Fraction) -> Form:
    return {-1: number} if number else {}


def _logarithm(n: int) -> Form:
    """Log n by primes, n up to _MOST_LOG."""
    form: Form = {}
    p = 2
    while n > 1:
        if p * p > n:
            p = n
        while n % p == 0:
            n //= p
            form[-p] = form.get(-p, Fraction(0)) + 1
        p += 1
    return form
