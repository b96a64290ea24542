"""Statements: relations between expressions, and what people write instead of them.

    a <= b, a >= b, a = b       also a <= b <= c;  min on the larger side, max on the smaller: the convex ones
    X -> Y -> Z, X - Y - Z      a Markov chain: I(X;Z|Y) = 0; a longer one is several, X -> Y -> Z and X,Y -> Z -> W
    X _||_ Y | Z                independence: I(X;Y|Z) = 0; of three, X _||_ Y and X,Y _||_ Z
    Y = f(X,Z)                  a function of X and Z: H(Y|X,Z) = 0

A text may hold several, between ';', 'and', or lines; commas too where they cannot belong to a set of variables.
Each becomes one or several `Statement`s, all of which are meant.
Errors: ValueError that shows the text with a caret below the offending character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from therml_exact.shannon import names as readings
from therml_exact.shannon.grammar import RELATION, SAME, Form, Place, Reader, Value, add, expanded, located
from therml_exact.shannon.measures import MEASURES
from therml_exact.shannon.setting import Setting

_ARROW = re.compile(
    r"(?P<both><-->|<->|↔|⟷|\\leftrightarrow|-o-|⊸|--(?!>)|—|–)|(?P<left><--?|←|⟵|\\leftarrow)"
    r"|(?P<right>-{1,3}>|→|⟶|\\rightarrow|\\to(?![A-Za-z]))"
)
_DASH = re.compile(r"(?P<both>-)")
_APART = re.compile(r"_\|\|_|_\|_|⊥⊥|⫫|⊥|⟂|\|\||\\perp|\\indep")
_FUNCTION = re.compile(r"\s*\(?([^()=;|<>+*/]+?)\)?\s*:?=\s*([^\W\d]\w*)['′]*\s*\(([^()]*)\)\s*")
_VARIABLES = re.compile(r"\(?\s*(?!N\b)[^\W\d][\w'′^{}]*(?:\s*,\s*[^\W\d][\w'′^{}]*)*\s*\)?")
_BETWEEN = re.compile(r";|\n|&&?|∧|\band\b")
_MOST_CHOICES = 64  # of min and max


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

    @property
    def constants(self) -> frozenset[int]:
        """The keys of one nat and of logarithms."""
        return frozenset(key for key in self.form if key < 0)


def parse_all(text: str, setting: Setting, where: str = "statement") -> tuple[Statement, ...]:
    """Read all statements of a text about the setting's variables."""
    return _read(Reader(text, setting, where))


def parse(text: str, setting: Setting, where: str = "statement") -> Statement:
    """Read a text that is one statement."""
    found = parse_all(text, setting, where)
    if len(found) != 1:
        raise ValueError(f"{where} {text!r} holds {len(found)} statements; give one at a time here")
    return found[0]


def free_names(texts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The free variables of some texts, each with where it stands, in order; doubtful names are asked back."""
    places: dict[str, Place] = {}
    for text, where in texts:
        _read(Reader(text, None, where, places))
    doubt = readings.doubtful(list(places))
    if doubt is not None:
        name, question = doubt
        place = places[name]
        raise located(place.text, place.where, place.at, question)
    return tuple(places)


def _read(reader: Reader) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for start, end in _parts(reader):
        with reader.within(start, end):
            found += _single(reader, start, end)
    return tuple(found)


# ---- several in one text


def _parts(reader: Reader) -> list[tuple[int, int]]:
    """Where the statements of a text begin and end."""
    text = reader.source
    outside = _outside(text)
    ends: list[tuple[int, int]] = []
    start = 0
    for mark in _BETWEEN.finditer(text):
        if outside[mark.start()]:
            ends.append((start, mark.start()))
            start = mark.end()
    ends.append((start, len(text)))
    kept = [(a, b) for a, b in ends if text[a:b].strip()]
    return [part for a, b in kept for part in _by_commas(reader, a, b, outside)] or [(0, len(text))]


def _by_commas(reader: Reader, start: int, end: int, outside: Sequence[bool]) -> list[tuple[int, int]]:
    """Apart at commas between relations; a comma between variables belongs to their set."""
    text = reader.source
    commas = [k for k in range(start, end) if text[k] == "," and outside[k]]
    found = [start, *(k for k in commas)]
    chunks = [(a + (a != start), b) for a, b in zip(found, [*found[1:], end], strict=True)]
    joined: list[list[int]] = []
    kinds: list[str] = []
    for a, b in chunks:
        kind = _kind(text[a:b])
        if joined and (kind == "names" or kinds[-1] == "names" or {kind, kinds[-1]} in ({"arrow"}, {"arrow", "sets"})):
            joined[-1][1], kinds[-1] = b, kinds[-1] if kind == "names" else kind
        elif joined and kind == "sets" == kinds[-1]:
            reader.fail("is this ',' between two variables or two statements? Write (A,B) for a set, and ';' between "
                        "statements", a - 1)  # fmt: skip
        else:
            joined.append([a, b])
            kinds.append(kind)
    return [(a, b) for a, b in joined]


def _kind(text: str) -> str:
    """A relation between expressions, one between sets of variables, a chain's beginning or end, or names alone."""
    if _APART.search(text) or len(_ARROW.findall(text)) > 1:
        return "sets"
    if _ARROW.search(text):
        return "arrow"
    names = all(_VARIABLES.fullmatch(part.strip()) for part in re.split(r"[|∣]", text))
    return "names" if names and not RELATION.search(text) else "relation"


def _outside(text: str) -> list[bool]:
    """Which characters stand outside of brackets."""
    depth, found = 0, []
    for c in text:
        depth = max(0, depth + (c in "([{") - (c in ")]}"))
        found.append(depth == 0 and c not in ")]}")
    return found


# ---- one of them


def _single(reader: Reader, start: int, end: int) -> list[Statement]:
    text = reader.source[start:end]
    outside = _outside(reader.source)

    def marks(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return [m for m in pattern.finditer(reader.source, start, end) if outside[m.start()]]

    if apart := marks(_APART):
        return _independence(reader, apart, start, end)
    arrows = marks(_ARROW)
    dashes = [] if RELATION.search(text) or "(" in re.sub(r"\([\w\s,'′^{}]*\)", "", text) else marks(_DASH)
    if dashes and not arrows and _VARIABLES.fullmatch(reader.source[start : dashes[0].start()].strip()):
        arrows = dashes
    if arrows and _VARIABLES.fullmatch(reader.source[start : arrows[0].start()].strip()):
        return _chain(reader, arrows, start, end)
    function = _FUNCTION.fullmatch(text)
    if function and _VARIABLES.fullmatch(function[1]) and function[2] not in (*MEASURES, "log", "ln", "min", "max"):
        function_of, on = (_set(reader, start + function.start(k), start + function.end(k)) for k in (1, 3))
        return [Statement(text.strip(), "=", _entropy(reader, function_of, on))]
    equals = text.split("=")
    if len(equals) == 2 and _VARIABLES.fullmatch(equals[0].strip().rstrip(":").rstrip()):
        of = equals[0].strip().rstrip(":").strip("() ")
        words = re.findall(r"[^\W\d]\w*", equals[1])
        if words and not any(f"{m}(" in re.sub(r"\s", "", equals[1]) for m in MEASURES):
            more = f"; {words[0]} = g({of})" if _VARIABLES.fullmatch(equals[1].strip()) else ""
            reader.fail(
                f"between variables only 'is a function of' is known: write {of} = f({','.join(dict.fromkeys(words))})"
                + more,
                start + len(equals[0]),
            )
    return _relations(reader, start, end)


def _relations(reader: Reader, start: int, end: int) -> list[Statement]:
    """Expressions with relations between them."""
    sides, signs, ends = [reader.expression()], [], [start]
    while True:
        reader.skip()
        sign = RELATION.match(reader.text, reader.at)
        if sign is None:
            break
        if sign[0] in "<>":
            reader.fail(
                f"{sign[0]} can never hold for all distributions (constants make both sides 0); write {sign[0]}="
            )
        if sign[0] not in SAME:
            reader.fail("unequal is no linear relation; write <=, >= or =")
        ends.append(reader.at)
        reader.at = sign.end()
        signs.append(SAME[sign[0]])
        sides.append(reader.expression())
        ends.append(reader.at)
    if reader.at < len(reader.text):
        reader.fail("unexpected character" if signs else "expected <=, >= or = here")
    if not signs:
        reader.fail("no relation: write <=, >= or =")
    found = []
    cuts = [start, *(ends[2 * k] for k in range(1, len(signs))), end]
    begins = [start, *(_after(reader, ends[2 * k - 1]) for k in range(1, len(signs)))]
    for k, sign_ in enumerate(signs):
        whole = reader.source[begins[k] : cuts[k + 1] if k + 1 == len(signs) else ends[2 * k + 2]].strip()
        found += _compared(reader, sides[k], sign_, sides[k + 1], whole, start)
    return found


def _after(reader: Reader, at: int) -> int:
    sign = RELATION.match(reader.source, at)
    return at if sign is None else sign.end()


def _compared(reader: Reader, left: Value, sign: str, right: Value, text: str, at: int) -> list[Statement]:
    """The statements left sign right, for each choice of what min and max may be."""
    one = Fraction(1 if sign == ">=" else -1)
    larger = left.scaled(one).plus(right.scaled(-one))  # is to be nonnegative
    if larger.bends and sign == "=":
        reader.fail("min and max in an equality; write two inequalities", at)
    if any(bend.largest for bend in larger.bends):
        reader.fail(
            "min on the smaller side, or max on the larger one, means 'or'; a proof needs 'and': min belongs on the "
            "larger side, max on the smaller", at,
        )  # fmt: skip
    choices = 1
    for bend in larger.bends:
        choices *= len(bend.options)
    if choices > _MOST_CHOICES:
        reader.fail(f"{choices:,} choices of min and max; at most {_MOST_CHOICES} are tried", at)
    return [Statement(text, sign, {key: c * one for key, c in form.items()}) for form in expanded(larger)]


# ---- relations between sets


def _chain(reader: Reader, arrows: Sequence[re.Match[str]], start: int, end: int) -> list[Statement]:
    """A Markov chain: what is before is independent of what comes next, given what is between."""
    directions = [m.lastgroup for m in arrows]
    if "right" in directions and "left" in directions[directions.index("right") :]:
        reader.fail(
            "arrows that meet are no chain; write X _||_ Y for independent causes, or give graph=", arrows[0].start()
        )
    sets, texts = _sets(reader, arrows, start, end)
    if len(sets) < 3:
        reader.fail(
            f"a Markov chain has three variables or more, X -> Y -> Z; for a function write {texts[1]} = "
            f"f({texts[0]})", arrows[0].start(),
        )  # fmt: skip
    for k, later in enumerate(sets):
        for j in range(k):
            if later & sets[j]:
                reader.fail(f"{texts[j]} and {texts[k]} of the chain share a variable; write ';' between two chains, "
                            f"and f(...) for functions", arrows[0].start())  # fmt: skip
    found = []
    for k in range(2, len(sets)):
        before = _joint(sets[: k - 1])
        text = f"{','.join(texts[: k - 1])} -> {texts[k - 1]} -> {texts[k]}"
        form = _information(reader, before, sets[k], sets[k - 1])
        found.append(Statement(reader.source[start:end].strip() if len(sets) == 3 else text, "=", form))
    return found


def _independence(reader: Reader, apart: Sequence[re.Match[str]], start: int, end: int) -> list[Statement]:
    bar = re.compile(r"[|∣]").search(reader.source, apart[-1].end(), end)
    stop = end if bar is None else bar.start()
    given = 0 if bar is None else _set(reader, bar.end(), end)
    sets, texts = _sets(reader, apart, start, stop)
    on = "" if bar is None else f" | {reader.source[bar.end() : end].strip()}"
    found = []
    for k in range(1, len(sets)):
        form = _information(reader, _joint(sets[:k]), sets[k], given)
        text = f"{','.join(texts[:k])} _||_ {texts[k]}{on}"
        found.append(Statement(reader.source[start:end].strip() if len(sets) == 2 else text, "=", form))
    return found


def _sets(reader: Reader, marks: Sequence[re.Match[str]], start: int, end: int) -> tuple[list[int], list[str]]:
    begins, ends = [start, *(m.end() for m in marks)], [*(m.start() for m in marks), end]
    sets = [_set(reader, a, b) for a, b in zip(begins, ends, strict=True)]
    return sets, [reader.source[a:b].strip().strip("()").strip() for a, b in zip(begins, ends, strict=True)]


def _set(reader: Reader, start: int, end: int) -> int:
    """The variables of X, (X,Y) or X,Y."""
    text = reader.source
    while end > start and text[end - 1].isspace():
        end -= 1
    with reader.within(start, end):
        bracket = reader.peek() == "(" and text[end - 1] == ")"
        if bracket:
            reader.at += 1
            reader.text = text[: end - 1]
        mask = reader.names()
        reader.skip()
        if reader.at < len(reader.text):
            reader.fail("expected names of variables, separated by commas")
    return mask


def _joint(sets: Sequence[int]) -> int:
    total = 0
    for one in sets:
        total |= one
    return total


def _entropy(reader: Reader, of: int, given: int) -> Form:
    return reader.leaf((of, None, given))


def _information(reader: Reader, a: int, b: int, given: int) -> Form:
    return add({}, reader.leaf((a, b, given)), Fraction(1))
