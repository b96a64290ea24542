"""Rocq: a proof as a file that `coqc` checks (8.16), from nothing but the standard library's reals.

The file states the theorem for every monotone submodular h with h(0) = 0, independences and hypotheses in sight, and
proves it by adding up the certificate's integer multiples: `lra`, left without any hypothesis, sees that they are the
claim, so that a certificate with a false multiplier does not compile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from therml_exact.shannon.export import Fact, Part, Term, Theorem, linear, theorem, words

HEAD = """From Coq Require Import NArith Btauto Reals Lra.
Open Scope R_scope.
Infix "∪" := N.lor (at level 50, left associativity).
"""

_POLYMATROID = """
(* Sets of variables are bit masks. *)
Variable h : N -> R.
Hypothesis empty : h 0%N = 0.
Hypothesis monotone : forall S T, h S <= h (S ∪ T).
Hypothesis submodular : forall S T, h (S ∪ T) + h (N.land S T) <= h S + h T.

Lemma entropy A C : 0 <= h (A ∪ C) - h C.
Proof. pose proof (monotone C A) as m. rewrite N.lor_comm in m. lra. Qed.

Lemma information A B C : 0 <= h (A ∪ C) + h (B ∪ C) - h (A ∪ B ∪ C) - h C.
Proof.
  pose proof (submodular (A ∪ C) (B ∪ C)) as s.
  pose proof (monotone C (N.land A B)) as m.
  replace ((A ∪ C) ∪ (B ∪ C)) with (A ∪ B ∪ C) in s
    by (apply N.bits_inj; intro; rewrite !N.lor_spec; btauto).
  replace (N.land (A ∪ C) (B ∪ C)) with (C ∪ N.land A B) in s
    by (apply N.bits_inj; intro; rewrite ?N.lor_spec, ?N.land_spec, ?N.lor_spec; btauto).
  lra.
Qed.

Lemma less (x : R) : 0 <= x - h 0%N -> 0 <= x.
Proof. rewrite empty. lra. Qed.

Lemma positive (m t : R) : 0 <= m -> 0 <= t -> 0 <= m * t.
Proof. apply Rmult_le_pos. Qed.

Lemma zero (m t : R) : t = 0 -> 0 <= m * t.
Proof. intro e. rewrite e. lra. Qed.
"""


def to_rocq(certificate: Mapping[str, Any]) -> str:
    """A file for coqc that states and proves what the certificate of a proof says."""
    return f"{HEAD}\n{module(certificate, 'Proof')}\nPrint Assumptions Proof.statement.\n"


def module(certificate: Mapping[str, Any], name: str) -> str:
    """The same as a module of a file that begins with HEAD."""
    found = theorem(certificate)
    lines = [f"(* {line} *)" for line in words(found.title)]
    lines += [f"Module {name}.", "Section Polymatroid."]
    lines += [f"Definition {v} : N := {1 << k}%N." for k, v in enumerate(found.variables.values())]
    lines += [_POLYMATROID]
    lines += [f"Variable {v} : R." for v in found.constants.values()]
    for fact in found.facts:
        (why,) = words([fact.why])
        lines += [f"(* {why} *)", f"Hypothesis {fact.name} : {_sign(fact, _expression(found, fact.form))}."]
    parts = [part for _, own in found.statements for part in own]
    for part in parts:
        lines += [
            "",
            f"Lemma {part.name} : 0 <= {_expression(found, part.claim)}.",
            "Proof.",
            *_proof(found, part),
            "Qed.",
        ]
    lines += [
        "",
        "Theorem statement :",
        "  " + "\n  /\\ ".join(_stated(found, s.form, s.relation) for s, _ in found.statements) + ".",
    ]
    lines += [
        "Proof.",
        *(f"  pose proof {part.name}." for part in parts),
        f"  {'repeat split; ' if len(found.statements) > 1 else ''}lra.",
        "Qed.",
    ]
    lines += ["End Polymatroid.", f"End {name}.", ""]
    return "\n".join(lines)


def _proof(found: Theorem, part: Part) -> list[str]:
    """The sum of the terms is the claim; each of them is nonnegative."""
    if not part.terms:
        return ["  lra."]
    shown = [f"({t.multiplier}) * ({_literal(found, t.form)})" for t in part.terms]
    lines = []
    for k, (t, text) in enumerate(zip(part.terms, shown, strict=True), start=1):
        lines.append(f"  assert (t{k} : 0 <= {text}) by {_reason(t)}.")
    total = "\n    + ".join(shown)
    lines += [
        f"  replace ({_expression(found, part.claim)}) with\n    ({total})",
        f"    by ({_unfold(found)}clear; lra).",
    ]
    lines.append("  " + "".join("apply Rplus_le_le_0_compat; [| assumption]. " for _ in part.terms[1:]) + "assumption.")
    return lines


def _unfold(found: Theorem) -> str:
    names = ", ".join(found.variables.values())
    return f"unfold {names}; cbn [N.lor Pos.lor]; "


def _reason(term: Term) -> str:
    """Why a term is nonnegative."""
    if term.fact is not None and term.fact.zero:
        return f"exact (zero _ _ {term.fact.name})"
    m = term.multiplier
    sign = f"(IZR_le 0 ({m}) ltac:(discriminate))"
    if term.fact is not None:
        return f"exact (positive _ _ {sign} {term.fact.name})"
    a, b, c = term.sets
    why = f"(entropy {a} {c})" if a == b else f"(information {a} {b} {c})"
    return f"exact (positive _ _ {sign} {why if c else f'(less _ {why})'})"


def _sign(fact: Fact, text: str) -> str:
    return f"{text} = 0" if fact.zero else f"0 <= {text}"


def _stated(found: Theorem, form: Mapping[int, Fraction], relation: str) -> str:
    text = _expression(found, form)
    return f"{text} {'=' if relation == '=' else relation} 0"


def _expression(found: Theorem, form: Mapping[int, Fraction]) -> str:
    """A form with sets by the names of their variables."""
    return linear(found, form, lambda mask: _set(found, mask))


def _literal(found: Theorem, form: Mapping[int, Fraction]) -> str:
    """A form with sets as numbers."""
    return linear(found, form, lambda mask: f"{mask}%N")


def _set(found: Theorem, mask: int) -> str:
    own: Sequence[str] = [found.variables[v] for k, v in enumerate(found.names) if mask >> k & 1]
    return own[0] if len(own) == 1 else f"({' ∪ '.join(own)})"
