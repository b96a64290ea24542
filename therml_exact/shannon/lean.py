"""Lean: a proof as text for Lean 4 with Mathlib, the counterpart of rocq.py. It is not compiled here, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from therml_exact.shannon.export import Fact, Part, Term, Theorem, linear, theorem, words

_HEAD = """import Mathlib.Tactic.Linarith
import Mathlib.Data.Real.Basic

/- This text was not compiled where it was written: no Lean was at hand. -/
"""

_POLYMATROID = """    (h : ℕ → ℝ) (empty : h 0 = 0)
    (monotone : ∀ S T : ℕ, h S ≤ h (S ||| T))
    (submodular : ∀ S T : ℕ, h (S ||| T) + h (S &&& T) ≤ h S + h T)"""


def to_lean(certificate: Mapping[str, Any]) -> str:
    """A text for Lean 4 that states and proves what the certificate of a proof says; not compiled."""
    found = theorem(certificate)
    parts = [part for _, own in found.statements for part in own]
    lines = [_HEAD, *(f"-- {line}" for line in words(found.title)), "-- Sets of variables are bit masks:"]
    lines += [f"--   {1 << k} is {v}" for k, v in enumerate(found.variables.values())]
    lines += ["theorem statement", _POLYMATROID]
    if found.constants:
        lines.append(f"    ({' '.join(found.constants.values())} : ℝ)")
    for fact in found.facts:
        (why,) = words([fact.why])
        lines += [f"    -- {why}", f"    ({fact.name} : {_sign(found, fact)})"]
    signs = {"<=": "≤", ">=": "≥", "=": "="}
    stated = [f"{_literal(found, s.form)} {signs[s.relation]} 0" for s, _ in found.statements]
    lines.append("    : " + " ∧\n      ".join(stated) + " := by")
    for part in parts:
        lines += _proof(found, part)
    own = ", ".join(part.name for part in parts)
    apart = f"refine ⟨{', '.join('?_' for _ in found.statements)}⟩ <;> " if len(found.statements) > 1 else ""
    lines.append(f"  {apart}linarith only [{own}]")
    return "\n".join(lines) + "\n"


def _proof(found: Theorem, part: Part) -> list[str]:
    lines = [f"  have {part.name} : 0 ≤ {_literal(found, part.claim)} := by"]
    own = ["empty"]
    for k, term in enumerate(part.terms, start=1):
        if term.fact is not None:
            own.append(term.fact.name)
            continue
        for j, step in enumerate(_steps(term)):
            lines.append(f"    have t{k}_{j} : {step}")
            own.append(f"t{k}_{j}")
    lines.append("    -- multipliers: " + ", ".join(f"{t.multiplier}" for t in part.terms))
    lines.append(f"    linarith only [{', '.join(dict.fromkeys(own))}]")
    return lines


def _steps(term: Term) -> list[str]:
    """The instances of monotonicity and submodularity that a term is."""
    a, b, c = term.sets
    if a == b:
        return [f"h {c} ≤ h {a | c} := monotone {c} {a}"]
    one, two, below = a | c, b | c, (a | c) & (b | c)
    steps = [f"h {one | two} + h {below} ≤ h {one} + h {two} := submodular {one} {two}"]
    return steps if below == c else [*steps, f"h {c} ≤ h {below} := monotone {c} {below}"]


def _sign(found: Theorem, fact: Fact) -> str:
    text = _literal(found, fact.form)
    return f"{text} = 0" if fact.zero else f"0 ≤ {text}"


def _literal(found: Theorem, form: Mapping[int, Fraction]) -> str:
    return linear(found, form, str)
