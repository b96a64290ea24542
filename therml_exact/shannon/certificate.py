"""Certificates of proofs, refutations and open cases: plain data that verify.py rechecks alone.

    {"format": "therml-exact/proof", "version": 1, "verdict", "statement", "given": [texts],
     "world" and "n" | "graph" | "free": what the statement is about,
     "parts":  [{"claim": "left - right" | "right - left", "sum": [[multiplier, kind, ...], ...],
                 "copies": [{"of", "over", "names"}], where the copy lemma is used}]                    proved
     "tables": {name: cells} or "joint": {"axes", "table"}, "side"                                      refuted
     "polymatroid": {"ground": names, "entropies": [H(S) by bit mask]}, "side"                          undecided}

A proof has a part for "<=" and ">=", two for "="; where the statement is several, their parts are numbered from 1:
"right - left of statement 2". Terms of a sum, multipliers as text "p/q":
    [m, "information", A, B, C]    I(A;B|C) >= 0                       m >= 0
    [m, "entropy", A, C]           H(A|C) >= 0                         m >= 0
    [m, "independence", A, B, C]   I(A;B|C) = 0 by d-separation
    [m, "exchange", S, T]          H(S) - H(T) = 0, exchangeable data
    [m, "hypothesis", k]           left - right of the k-th statement of given (or right - left for "<=")
                                   m >= 0, or free for "="
    [m, "number", [[q, c], ...]]   sum q c >= 0, c one "nat" or "log p"
With copies (copies.py), the k-th from 0 on, terms may speak of their names too:
    [m, "copy", k, S]              H(S with copies) - H(S) = 0         S within of and over
    [m, "apart", k]                I(names; all before but over | over) = 0
A text of given may be a known inequality by its name (known.py).
Each information is a sum of elemental inequalities by the chain rule; A, B, C, S, T are lists of names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from therml_exact.shannon import constants
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import Statement

if TYPE_CHECKING:
    from therml_exact.shannon.derivation import Derivation

FORMAT = "therml-exact/proof"
VERSION = 1
LEFT, RIGHT = "left - right", "right - left"


def claims(statements: Sequence[Statement]) -> tuple[str, ...]:
    """What has to be nonnegative, in the order of the statements and their sides."""
    own = [{">=": (LEFT,), "<=": (RIGHT,), "=": (LEFT, RIGHT)}[s.relation] for s in statements]
    if len(own) == 1:
        return own[0]
    return tuple(f"{side} of statement {k}" for k, names in enumerate(own, start=1) for side in names)


def under(given: Sequence[str]) -> str:
    """What a verdict rests on besides its setting, in words."""
    text = "; ".join(given)
    if not text:
        return ""
    return f" under the hypothes{'es' if ';' in text else 'is'} {text}"


def header(setting: Setting, statement: str, given: Sequence[str], verdict: str) -> dict[str, Any]:
    """What every certificate begins with."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "verdict": verdict,
        "statement": statement,
        "given": list(given),
        **setting.to_json(),
    }


def terms(
    setting: Setting, derivation: Derivation, copied: Sequence[tuple[int, tuple[str, ...] | None]] = ()
) -> list[list[Any]]:
    """A derivation as plain data, large conditions last.

    copied: what the last hypotheses are where they are equations of copies: the copy's number, and the names in S.
    """
    return list(_terms(setting, derivation, copied))


def _terms(
    setting: Setting, derivation: Derivation, copied: Sequence[tuple[int, tuple[str, ...] | None]]
) -> Iterator[list[Any]]:
    def names(mask: int) -> list[str]:
        return list(setting.members(mask))

    for (a, b, c), m in sorted(derivation.informations.items(), key=lambda item: (item[0][2].bit_count(), item[0])):
        if a == b:
            yield [str(m), "entropy", names(a), names(c)]
        else:
            yield [str(m), "information", names(a), names(b), names(c)]
    for (a, b, c), m in sorted(derivation.independences.items(), key=lambda item: (item[0][2].bit_count(), item[0])):
        yield [str(m), "independence", names(a), names(b), names(c)]
    for (s, t), m in sorted(derivation.exchanges.items()):
        yield [str(m), "exchange", names(s), names(t)]
    for k, m in sorted(derivation.hypotheses.items()):
        yield [str(m), "hypothesis", k]
    for j, m in sorted(derivation.copied.items()):
        k, of = copied[j]
        yield [str(m), "apart", k] if of is None else [str(m), "copy", k, list(of)]
    if derivation.number:
        yield ["1", "number", [[str(c), constants.name(key)] for key, c in sorted(derivation.number.items())]]


def polymatroid(ground: Sequence[str], entropies: Sequence[Fraction]) -> dict[str, Any]:
    """An entropy-like function as plain data."""
    return {"ground": list(ground), "entropies": [str(h) for h in entropies]}
