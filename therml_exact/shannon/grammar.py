"""Linear statements in entropies and informations, read by recursive descent.

    statement   expression (<= | >= | = | ==) expression
    expression  [+|-] term ((+|-) term)*
    term        factor ([*] factor | / factor)*            at most one factor is not a number
    factor      number | N | H(A | C) | I(A ; B | C) | (expression) | [expression] | sum_i term-without-division
    A, B, C     names separated by commas

    numbers     2, 1/2, 0.5, 1e-12: exact rationals; N is the number of samples
    names       the setting's; X_1 for X1, X_i below sum_i, X^N for X_1, ..., X_N, the Greek letters for Phi and Theta;
                with N = 1 also X for X1

    I(A;B|C) = H(A,C) + H(B,C) - H(A,B,C) - H(C),     H(A|C) = H(A,C) - H(C)

`sum_i` (or `sum_{i}`, `sum_{i=1}^N`) takes the product after it: `sum_i 2 I(X_i;Y_i)`; a sum of terms goes in brackets.
A form is {bit mask: rational}, the coefficients of joint entropies; nothing is evaluated.
Errors: ValueError that shows the text with a caret below the offending character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import NoReturn

from therml_exact.shannon.setting import Setting

Form = dict[int, Fraction]
"""Coefficients of joint entropies by bit mask."""

MOST_CHARACTERS = 20_000
_MOST_DEPTH = 40
_MOST_TERMS = 200_000  # entropies written out, sums included
_MOST_STEPS = 1_000_000  # looks at the text, every pass of a sum counted
_MOST_DIGITS = 400
_SHOWN = 100  # characters of the text in an error

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_SPACE = re.compile(r"\s*")
_RELATION = re.compile(r"<=|>=|==|=|≤|≥|[<>]")
_SUM = re.compile(r"(?:sum|Σ|∑)_(?:([A-Za-z])(?![A-Za-z0-9_])|\{\s*([A-Za-z])\s*(?:=\s*1\s*)?\}(?:\^(?:N|\{N\}))?)")
_NAME = re.compile(r"[^,;|()\[\]<>=]+")
_FREE = re.compile(r"[\w'′]+")
_INDEXED = re.compile(r"(.+?)_\{?(\w+)\}?$")
_ALL = re.compile(r"(.+?)\^(?:N|\{N\})$")
_GREEK = {"Φ": "Phi", "φ": "Phi", "ϕ": "Phi", "Θ": "Theta", "θ": "Theta", "phi": "Phi", "theta": "Theta"}
_SIGNS = {"+": 1, "-": -1, "−": -1}
_SAME = {"≤": "<=", "≥": ">=", "==": "="}


@dataclass(frozen=True)
class Statement:
    """left - right as a form, and the relation that it has to zero: "<=", ">=" or "="."""

    text: str
    relation: str
    form: Mapping[int, Fraction]

    @property
    def sides(self) -> tuple[Form, ...]:
        """The forms that are to be nonnegative: one, or two of opposite sign for an equality."""
        negative = {mask: -c for mask, c in self.form.items()}
        return {">=": (dict(self.form),), "<=": (negative,), "=": (dict(self.form), negative)}[self.relation]


def parse(text: str, setting: Setting, where: str = "statement") -> Statement:
    """Read a statement about the setting's variables."""
    if not isinstance(text, str):
        raise ValueError(f"{where} is {text!r}; give a text such as 'I(X1;Phi) <= H(X1)'")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{where} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read")
    return _Reader(text, setting, where).statement()


Leaf = tuple[int, int | None, int]
"""The sets A, B (None for an entropy) and C of H(A|C) or I(A;B|C)."""


def parse_expression(text: str, setting: Setting, where: str = "expression") -> dict[Leaf, Fraction]:
    """Read an expression, each H and I of it apart: their coefficients."""
    if not isinstance(text, str):
        raise TypeError(f"{where} is a {type(text).__name__}; give a text such as 'I(X;Y|Z) - I(X;Y)'")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{where} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read")
    reader = _Leaves(text, setting, where)
    form = reader.whole()
    return {leaf: form[number] for leaf, number in reader.leaves.items() if number in form}


def names_in(text: str) -> tuple[str, ...]:
    """The names between the parentheses of H and I, in order of appearance: the free variables of a text."""
    found = []
    if isinstance(text, str) and len(text) <= MOST_CHARACTERS:
        for inside in re.findall(r"[HI]\s*\(([^()\[\]<>=≤≥]*)", text):
            found += [name.strip() for name in re.split(r"[,;|]", inside)]
    return tuple(dict.fromkeys(name for name in found if name))


class _Reader:
    """One pass over a text. Values are (number, form): a number, or a form when number is None."""

    def __init__(self, text: str, setting: Setting, where: str) -> None:
        self.text, self.setting, self.where = text, setting, where
        self.at, self.depth, self.terms, self.steps = 0, 0, 0, 0
        self.number_end = -1  # where the last number read ends
        self.indices: dict[str, int] = {}

    # ---- the grammar

    def statement(self) -> Statement:
        left = self.side()
        self.skip()
        sign = _RELATION.match(self.text, self.at)
        if sign is None:
            self.fail("expected <=, >= or = here" if self.at < len(self.text) else "no relation: write <=, >= or =")
        if sign[0] in "<>":
            self.fail(f"{sign[0]} can never hold for all distributions (constants make both sides 0); write {sign[0]}=")
        self.at = sign.end()
        right = self.side()
        self.skip()
        if self.at < len(self.text):
            again = _RELATION.match(self.text, self.at)
            self.fail("a second relation; prove one at a time" if again else "unexpected character")
        return Statement(self.text, _SAME.get(sign[0], sign[0]), add(left, right, Fraction(-1)))

    def whole(self) -> Form:
        """An expression that is all of the text."""
        form = self.side()
        self.skip()
        if self.at < len(self.text):
            relation = _RELATION.match(self.text, self.at)
            self.fail("a relation; an expression has a value, a statement is for prove" if relation else "unexpected")
        return form

    def side(self) -> Form:
        self.skip()
        start = self.at
        number, form = self.expression()
        if number:
            self.fail("a constant other than 0: statements compare multiples of entropies and informations", start)
        return form

    def expression(self) -> tuple[Fraction | None, Form]:
        total: tuple[Fraction | None, Form] = (Fraction(0), {})
        while True:
            sign = Fraction(1)
            while (mark := self.peek()) in _SIGNS:
                sign *= _SIGNS[mark]
                self.at += 1
            begin = self.at
            total = self.plus(total, self.term(), sign, begin)
            if self.peek() not in _SIGNS:
                return total

    def plus(
        self, a: tuple[Fraction | None, Form], b: tuple[Fraction | None, Form], sign: Fraction, at: int
    ) -> tuple[Fraction | None, Form]:
        if a[0] is not None and b[0] is not None:
            return self.bounded(a[0] + sign * b[0]), {}
        if a[0] or b[0]:  # 0 is both a number and an empty form
            self.fail("a number is added to entropies; only multiples of entropies can be", at)
        return None, add(a[1], b[1], sign)

    def term(self, division: bool = True) -> tuple[Fraction | None, Form]:
        number, form = self.factor()
        while True:
            mark = self.peek()
            begin = self.at
            if mark == "*":
                self.at += 1
                other = self.factor()
            elif mark == "/" and (division or number is not None):
                self.at += 1
                self.skip()
                begin = self.at
                value, _ = self.factor()
                if value is None:
                    self.fail("division by entropies; only numbers divide", begin)
                if value == 0:
                    self.fail("division by zero", begin)
                other = (1 / value, {})
            elif mark and (mark in "([.NHIsΣ∑" or mark.isdigit()):
                if (mark.isdigit() or mark == ".") and len(self.text[: self.at].rstrip()) == self.number_end:
                    self.fail("a number after a number; write * between factors, and digits without spaces")
                other = self.factor()
            else:
                return number, form
            if number is None and other[0] is None:
                self.fail("a product of entropies; statements are linear", begin)
            scale, (kept, rest) = (other[0], (number, form)) if other[0] is not None else (number, other)
            assert scale is not None
            number = None if kept is None else self.bounded(kept * scale)
            form = {mask: self.bounded(c * scale) for mask, c in rest.items() if c * scale}

    def factor(self) -> tuple[Fraction | None, Form]:
        mark = self.peek()
        if mark in ("(", "["):
            with self.deeper():
                self.at += 1
                value = self.expression()
                self.expect(")" if mark == "(" else "]")
            return value
        found = _SUM.match(self.text, self.at)
        if found:
            return self.sum(found)
        number = _NUMBER.match(self.text, self.at)
        if number:
            return self.number(number), {}
        if mark == "N" and not self.text[self.at + 1 : self.at + 2].isalnum():
            if self.setting.n is None:
                self.fail("N is the number of samples of a world, and no world is given")
            self.at += 1
            return Fraction(self.setting.n), {}
        if mark in ("H", "I"):
            return None, self.measure(mark)
        return self.fail("expected a number, H(...), I(...), sum_i or brackets" if mark else "the text ends too early")

    def number(self, found: re.Match[str]) -> Fraction:
        if len(found[0]) > _MOST_DIGITS or (found[2] and abs(int(found[2])) > _MOST_DIGITS):
            self.fail(f"a number of more than {_MOST_DIGITS} digits")
        self.at = self.number_end = found.end()
        return Fraction(found[0])

    def sum(self, found: re.Match[str]) -> tuple[Fraction | None, Form]:
        index = found[1] or found[2]
        if self.setting.n is None:
            self.fail("sum over samples, but no world is given")
        if index in self.indices:
            self.fail(f"the index {index} is in use already; take another letter")
        begin = found.end()
        total: tuple[Fraction | None, Form] = (Fraction(0), {})
        with self.deeper():
            for i in range(1, self.setting.n + 1):
                self.at, self.indices[index] = begin, i
                total = self.plus(total, self.term(division=False), Fraction(1), begin)
            del self.indices[index]
        return total

    def measure(self, letter: str) -> Form:
        self.at += 1
        self.expect("(", f"after {letter}")
        parts = [self.names()]
        if letter == "I":
            self.expect(";", "between the two sides of I(A;B)")
            parts.append(self.names())
            if self.peek() == ";":
                self.fail("a second ';': the information of three variables can be negative; write I(A;B) - I(A;B|C)")
        elif self.peek() == ";":
            self.fail("';' belongs to I(A;B); write H(A,B) for a joint entropy")
        given = 0
        if self.peek() == "|":
            self.at += 1
            given = self.names()
        self.expect(")")
        return self.leaf(parts[0], None if letter == "H" else parts[-1], given)

    def leaf(self, a: int, b: int | None, given: int) -> Form:
        """H(A|C), where b is None, or I(A;B|C), as a form."""
        one = Fraction(1)
        if b is None:
            return self.counted(((a | given, one), (given, -one)))
        return self.counted(((a | given, one), (b | given, one), (a | b | given, -one), (given, -one)))

    def names(self) -> int:
        mask = self.name()
        while self.peek() == ",":
            self.at += 1
            mask |= self.name()
        return mask

    def name(self) -> int:
        self.skip()
        found = _NAME.match(self.text, self.at)
        if found is None:
            self.fail("expected the name of a variable")
        start, self.at = self.at, found.end()
        return self.resolve(found[0].strip(), start)

    # ---- names

    def resolve(self, name: str, start: int) -> int:
        known = self.setting.names
        if self.setting.graph is None and not _FREE.fullmatch(name):
            more = "; X^N is all samples of a world, give world= for it" if _ALL.match(name) else ""
            self.fail(
                f"{name[:40]!r} is no name: letters, digits, _ and '; two variables are written H(X,Y){more}", start
            )
        if name in known:
            return 1 << known.index(name)
        if self.setting.n is not None:
            for candidates in self.readings(name, start):
                if candidates and all(c in known for c in candidates):
                    return self.setting.mask(candidates)
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        if self.setting.n is not None and f"{name}1" in known:
            near = [f"{name}1", f"{name}^N"]
        hint = f"; did you mean {' or '.join(near)}?" if near else "."
        return self.fail(f"unknown variable {name[:40]!r}{hint} Known are {', '.join(known)}", start)

    def readings(self, name: str, start: int) -> Iterator[tuple[str, ...]]:
        """What a short form may stand for."""
        assert self.setting.n is not None
        samples = range(1, self.setting.n + 1)
        yield (_GREEK.get(name, name),)
        if found := _ALL.match(name):
            yield tuple(f"{found[1].strip()}{i}" for i in samples)
        if found := _INDEXED.match(name):
            if found[2] in self.indices:
                yield (f"{found[1]}{self.indices[found[2]]}",)
            elif found[2].isalpha() and f"{found[1]}1" in self.setting.names:
                self.fail(
                    f"the index {found[2]} of {name} belongs below sum_{found[2]}; write sum_{found[2]} before", start
                )
            yield (f"{found[1]}{found[2]}",)
        if self.setting.n == 1:
            yield (f"{name}1",)

    # ---- characters

    def skip(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def peek(self) -> str:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            self.fail("the sums, written out, have too many numbers and entropies")
        self.skip()
        return self.text[self.at : self.at + 1]

    def expect(self, mark: str, why: str = "") -> None:
        if self.peek() != mark:
            self.fail(f"expected '{mark}'{' ' + why if why else ''}")
        self.at += 1

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            self.fail(f"nested more than {_MOST_DEPTH} deep")
        yield
        self.depth -= 1

    def counted(self, terms: tuple[tuple[int, Fraction], ...]) -> Form:
        self.terms += len(terms)
        if self.terms > _MOST_TERMS:
            self.fail(f"more than {_MOST_TERMS:,} entropies")
        form: Form = {}
        for mask, c in terms:
            form = add(form, {mask: c}, Fraction(1))
        return form

    def bounded(self, value: Fraction) -> Fraction:
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > 8 * _MOST_DIGITS:
            self.fail("a coefficient grows beyond all bounds")
        return value

    def fail(self, why: str, at: int | None = None) -> NoReturn:
        """Raise, with a caret below the offending character."""
        at = self.at if at is None else at
        low = max(0, min(at - _SHOWN // 2, len(self.text) - _SHOWN))
        shown = "".join(c if c.isprintable() else " " for c in self.text[low : low + _SHOWN])
        raise ValueError(f"{self.where}, character {at + 1}: {why}\n  {shown}\n  {' ' * (at - low)}^") from None


class _Leaves(_Reader):
    """A reader that keeps each H and I apart: forms are coefficients by the number of the leaf, from 1 on."""

    def __init__(self, text: str, setting: Setting, where: str) -> None:
        super().__init__(text, setting, where)
        self.leaves: dict[Leaf, int] = {}

    def leaf(self, a: int, b: int | None, given: int) -> Form:
        number = self.leaves.setdefault((a, b, given), len(self.leaves) + 1)
        return self.counted(((number, Fraction(1)),))

    def resolve(self, name: str, start: int) -> int:
        # The names of a distribution are any texts; those of free variables are words.
        known = self.setting.names
        return 1 << known.index(name) if name in known else super().resolve(name, start)


def add(a: Mapping[int, Fraction], b: Mapping[int, Fraction], scale: Fraction) -> Form:
    """The sum a + scale b, without zeros; the empty set has entropy 0."""
    total = dict(a)
    for mask, c in b.items():
        total[mask] = total.get(mask, Fraction(0)) + scale * c
    return {mask: c for mask, c in total.items() if c and mask}
