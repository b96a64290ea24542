"""Export: what a proof's certificate says, as the theorem that another kernel is to check.

    h : sets -> reals,  sets are bit masks of the variables
    0 <= scale claim = sum m term,     m and scale integers;  each term is >= 0, or 0, for a reason of its own:
        information, entropy           h is a polymatroid: h(0) = 0, monotone, submodular
        independence, exchange         hypotheses of the theorem, as the world's graph says
        hypothesis, number             hypotheses of the theorem

rocq.py and lean.py write it down. Nothing is decided here: a certificate that is false becomes a file that fails.
Errors: ValueError for a certificate that is no proof, or with terms of a kind that the theorem does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from therml_exact.shannon import constants
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.known import hypotheses
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import Statement, parse_all

_GREEK = {"Θ": "Theta", "θ": "theta", "Φ": "Phi", "φ": "phi", "ϕ": "phi"}
KNOWN = ("information", "entropy", "independence", "exchange", "hypothesis", "number")


@dataclass(frozen=True)
class Fact:
    """A hypothesis of the theorem: a form that is 0 or >= 0, with a name and what it says in words."""

    name: str
    form: Form
    zero: bool
    why: str


@dataclass(frozen=True)
class Term:
    """A multiple of something of known sign: a fact, or the information or entropy of some sets."""

    multiplier: int
    fact: Fact | None
    sets: tuple[int, int, int]  # of I(A;B|C), B = A for an entropy; unused beside a fact
    form: Form


@dataclass(frozen=True)
class Part:
    """scale claim = sum of the terms."""

    name: str
    scale: int
    claim: Form
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Theorem:
    """All that a file states and proves."""

    title: tuple[str, ...]
    variables: Mapping[str, str]  # identifiers by name
    names: tuple[str, ...]
    constants: Mapping[int, str]  # identifiers by key
    facts: tuple[Fact, ...]
    statements: tuple[tuple[Statement, tuple[Part, ...]], ...]


def theorem(certificate: Mapping[str, Any]) -> Theorem:
    """The theorem of a certificate of a proof."""
    if certificate.get("verdict") != "proved":
        raise ValueError(f"the certificate's verdict is {certificate.get('verdict')!r}; only proofs are exported")
    setting = Setting.from_json(certificate)
    unknown = {str(term[1]) for part in certificate["parts"] for term in part["sum"]} - set(KNOWN)
    if unknown or "copies" in certificate or any("copies" in part for part in certificate["parts"]):
        raise ValueError(
            f"the proof uses {', '.join(sorted(unknown)) or 'copy'}: copies of variables, which are not exported; "
            "`tx.verify` rechecks it, and without copies= a Shannon proof may be found"
        )
    statements = parse_all(certificate["statement"], setting)
    given = hypotheses(certificate["given"], setting)
    facts: dict[Any, Fact] = {}
    parts = []
    sides = [side for statement in statements for side in statement.sides]
    for k, (part, side) in enumerate(zip(certificate["parts"], sides, strict=True), start=1):
        terms = [_term(setting, given, term, facts) for term in part["sum"]]
        scale = lcm(*(m.denominator for m, _ in terms), *(c.denominator for c in side.values()))
        whole = tuple(Term(int(m * scale), t.fact, t.sets, t.form) for m, t in terms if m)
        parts.append(Part(f"part_{k}", scale, {key: c * scale for key, c in side.items()}, whole))
    own = iter(parts)
    grouped = tuple((s, tuple(next(own) for _ in s.sides)) for s in statements)
    title = [f"{certificate['statement']}", f"in every distribution of {setting}"]
    title += [f"given {text}" for text in certificate["given"]]
    return Theorem(
        tuple(title),
        identifiers(setting.names),
        setting.names,
        {key: _constant(key) for key in constants.keys([*sides, *(f.form for f in facts.values())])},
        tuple(facts.values()),
        grouped,
    )


def _term(
    setting: Setting, given: Sequence[Statement], term: Sequence[Any], facts: dict[Any, Fact]
) -> tuple[Fraction, Term]:
    m, kind, rest = Fraction(term[0]), term[1], term[2:]
    if kind in ("information", "entropy"):
        masks = [setting.mask(names) for names in rest]
        a, b, c = masks if kind == "information" else (masks[0], masks[0], masks[1])
        return m, Term(0, None, (a, b, c), information(a, b, c))
    key = repr(rest)
    if (kind, key) not in facts:
        facts[kind, key] = _fact(setting, given, kind, rest, sum(f.name.startswith(kind) for f in facts.values()) + 1)
    fact = facts[kind, key]
    return m, Term(0, fact, (0, 0, 0), fact.form)


def _fact(setting: Setting, given: Sequence[Statement], kind: str, rest: Sequence[Any], count: int) -> Fact:
    name = f"{kind}_{count}"
    if kind == "hypothesis":
        hypothesis = given[rest[0]]
        return Fact(name, hypothesis.sides[0], hypothesis.relation == "=", hypothesis.text)
    if kind == "number":
        form = {-1 if c == "nat" else -int(c.removeprefix("log ")): Fraction(q) for q, c in rest[0]}
        shown = " + ".join(f"{q} {c}" for q, c in rest[0])
        return Fact(name, form, False, f"{shown} >= 0, decided in ball arithmetic before this was written")
    one = Fraction(1)
    if kind == "exchange":
        s, t = (setting.mask(names) for names in rest)
        return Fact(name, _sum((s, one), (t, -one)), True, "the samples have the same law")
    a, b, c = (setting.mask(names) for names in rest)
    on = f" given {','.join(rest[2])}" if rest[2] else ""
    why = f"{','.join(rest[0])} and {','.join(rest[1])} are d-separated{on}"
    return Fact(name, information(a, b, c), True, why)


def information(a: int, b: int, c: int) -> Form:
    """I(A;B|C) in joint entropies."""
    one = Fraction(1)
    return _sum((a | c, one), (b | c, one), (a | b | c, -one), (c, -one))


def _sum(*terms: tuple[int, Fraction]) -> Form:
    form: Form = {}
    for mask, c in terms:
        form[mask] = form.get(mask, Fraction(0)) + c
    return {mask: c for mask, c in form.items() if c and mask}


def _constant(key: int) -> str:
    return "nat" if key == -1 else f"log{-key}"


def identifiers(names: Sequence[str]) -> dict[str, str]:
    """An identifier for each name: v_ and its letters, digits and underscores, numbered where two would be the same."""
    found: dict[str, str] = {}
    for k, name in enumerate(names, start=1):
        text = "".join(_GREEK.get(c, c) for c in name).replace("'", "_prime").replace("′", "_prime")
        plain = "v_" + re.sub(r"[^A-Za-z0-9_]", "", text)
        found[name] = plain if plain not in (*found.values(), "v_") else f"{plain}_nr{k}"
    return found


def words(lines: Sequence[str]) -> list[str]:
    """Lines for a comment: nothing that could end it or begin another, on one line each."""
    shown = ("".join(c if c.isprintable() else " " for c in line) for line in lines)
    marks = {"(*": "( *", "*)": "* )", '"': "'", "/-": "/ -", "-/": "- /"}
    found = []
    for line in shown:
        for mark, apart in marks.items():
            while mark in line:
                line = line.replace(mark, apart)
        found.append(line)
    return found


def linear(found: Theorem, form: Mapping[int, Fraction], name: Callable[[int], str]) -> str:
    """A form as text; `name` writes a set."""
    terms = []
    for key, c in form.items():
        what = found.constants[key] if key < 0 else f"h {name(key)}"
        terms.append(f"{'-' if c < 0 else '+'} {_number(abs(c))}{what}")
    text = " ".join(terms)
    return text.removeprefix("+ ") if text else "0"


def _number(c: Fraction) -> str:
    if c == 1:
        return ""
    return f"{c} * " if c.denominator == 1 else f"({c.numerator} / {c.denominator}) * "
