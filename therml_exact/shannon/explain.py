"""explain: the terms of a proof's certificate as steps with names.

    data processing                   I(A;B|D) - I(A;B'|D) = I(A;B|B',D) - I(A;B'|B,D) >= 0, the last one 0 by the graph
                                      or by a hypothesis
    submodularity                     I(A;B|C) = H(A|C) - H(A|B,C) >= 0: conditioning reduces entropy
    information is nonnegative        I(A;B) >= 0
    entropy is nonnegative            H(A|C) >= 0: more variables, more entropy
    Markov property                   I(A;B|C) = 0 by d-separation
    independence                      I(A;B) = 0 by d-separation
    exchangeable data                 H(S) = H(T), a permutation of the samples between them
    Markov chain, independence, function, hypothesis      as a hypothesis says
    number                            q log p + ... >= 0

The chain rule (every term written in joint entropies) is what adds them up: the sum is shown. Steps that differ by a
permutation of the samples are shown once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from therml_exact.shannon import constants
from therml_exact.shannon.certificate import claims, under
from therml_exact.shannon.copies import Copy
from therml_exact.shannon.known import hypotheses
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import Statement, parse_all

_SAMPLE = re.compile(r"\b([XYZ])(\d+)\b")
_MOST_STEPS = 60


@dataclass(frozen=True)
class Step:
    """multiplier times an amount whose sign is known, and why."""

    multiplier: Fraction
    name: str
    amount: str
    why: str


def explain(certificate: Mapping[str, Any], setting: str) -> str:
    """A derivation to be read, from a certificate of a proof."""
    lines = [f"{certificate['statement']}   holds in every distribution of {setting}{under(certificate['given'])}."]
    about = Setting.from_json(certificate)
    given = [Hypothesis(h, about) for h in hypotheses(certificate["given"], about)]
    sides = [side for statement in parse_all(certificate["statement"], about) for side in statement.sides]
    for part, side in zip(certificate["parts"], sides, strict=True):
        copies = [Copy.from_json(made) for made in part.get("copies", ())]
        lines += [_made(copy) for copy in copies]
        found = _grouped(list(steps(part["sum"], given, copies)), "world" in certificate)
        if not found:
            lines.append(f"{part['claim']} is 0 by the chain rule alone: both sides are the same joint entropies.")
            continue
        lines.append(f"{part['claim']} is the sum of")
        for step, times in found[:_MOST_STEPS]:
            scale = "" if step.multiplier == 1 else f"{step.multiplier} x "
            more = f"   [{times} of these, samples permuted]" if times > 1 else ""
            lines.append(f"  {scale}{step.amount}{more}\n      {step.name}: {step.why}")
        if len(found) > _MOST_STEPS:
            lines.append(f"  ... and {len(found) - _MOST_STEPS} more, all in the certificate")
        lines.append(f"which by the chain rule is, in joint entropies, {_written(side, about)}.")
    return "\n".join(lines)


def _made(copy: Copy) -> str:
    new, old, over = _list(copy.names), _list(copy.of), _list(copy.over)
    return (
        f"Make {new}, a copy of {old} over {over}: with {over} it has the law of {old}, and given {over} it is "
        "independent of all else."
    )


class Hypothesis:
    """A hypothesis, and the sets of the information or entropy that it says is 0, where it says no more than that."""

    def __init__(self, statement: Statement, setting: Setting) -> None:
        self.text = statement.text
        self.sets: tuple[list[str], list[str], list[str]] | None = None
        masks = sorted(statement.form, key=lambda mask: mask.bit_count())
        plus = [mask for mask in masks if statement.form[mask] == 1 and mask > 0]
        less = [mask for mask in masks if statement.form[mask] == -1 and mask > 0]
        if statement.relation != "=" or len(plus) + len(less) != len(masks):
            return
        if len(plus) == 1 and len(less) <= 1:  # H(A|C)
            c = less[0] if less else 0
            self._set(setting, plus[0] & ~c, plus[0] & ~c, c)
        elif len(plus) == 2 and len(less) in (1, 2):  # I(A;B|C)
            c = less[0] if len(less) == 2 else 0
            if plus[0] | plus[1] == less[-1] and plus[0] & plus[1] == c:
                self._set(setting, plus[0] & ~c, plus[1] & ~c, c)

    def _set(self, setting: Setting, *masks: int) -> None:
        a, b, c = (list(setting.members(mask)) for mask in masks)
        self.sets = a, b, c

    @property
    def name(self) -> str:
        """What kind of hypothesis it is."""
        if self.sets is None:
            return "hypothesis"
        a, b, c = self.sets
        if a == b:
            return "function"
        return "Markov chain" if c else "independence"


def _written(form: Mapping[int, Fraction], setting: Setting) -> str:
    """A form in joint entropies and constants."""
    terms = []
    for key, c in sorted(form.items(), key=lambda item: (item[0] < 0, item[0].bit_count(), item[0])):
        what = constants.name(key) if key < 0 else f"H({','.join(setting.members(key))})"
        scale = "" if abs(c) == 1 else f"{abs(c)} "
        terms.append(f"{'-' if c < 0 else '+'} {scale}{what}")
    return (" ".join(terms)).removeprefix("+ ") or "0"


def steps(terms: Sequence[Sequence[Any]], given: Sequence[Hypothesis], copies: Sequence[Copy] = ()) -> Iterator[Step]:
    """The terms of a sum as named steps; an information and an independence that belong together are one."""
    left = {k: Fraction(term[0]) for k, term in enumerate(terms)}
    for k, term in enumerate(terms):
        if term[1] != "information":
            continue
        for j, other in enumerate(terms):
            zero = _zero(other, given)
            if zero is None or left[j] >= 0 or left[k] <= 0:
                continue
            step = _processing(
                term, zero, min(left[k], -left[j]), given[other[2]] if other[1] == "hypothesis" else None
            )
            if step is not None:
                left[k] -= step.multiplier
                left[j] += step.multiplier
                yield step
    for k, term in enumerate(terms):
        if left[k]:
            yield _single(left[k], term, given, copies)


def _zero(term: Sequence[Any], given: Sequence[Hypothesis]) -> tuple[list[str], list[str], list[str]] | None:
    """The sets of an information that is 0, by the graph or by a hypothesis."""
    if term[1] == "independence":
        return term[2], term[3], term[4]
    if term[1] != "hypothesis":
        return None
    sets = given[term[2]].sets
    return sets if sets is not None and sets[0] != sets[1] else None


def _processing(
    term: Sequence[Any], zero: tuple[list[str], list[str], list[str]], m: Fraction, why: Hypothesis | None
) -> Step | None:
    """I(A;B|B',D) - I(A;B'|B,D), if the two terms have this form."""
    for a, b in ((term[2], term[3]), (term[3], term[2])):
        for same, far in ((zero[0], zero[1]), (zero[1], zero[0])):
            near, on = set(term[4]), set(zero[2])
            if set(same) == set(a) and set(far) <= near and on == (near - set(far)) | set(b):
                common = [name for name in term[4] if name not in far]
                return Step(
                    m,
                    "data processing",
                    f"[{_information(a, b, common)} - {_information(a, far, common)}]",
                    f"{_list(b)} separates {_list(a)} from {_list(far)}"
                    + (f" given {_list(common)}" if common else "")
                    + (f" ({why.text})" if why else "")
                    + f", so it is {_information(a, b, term[4])} >= 0",
                )
    return None


def _single(m: Fraction, term: Sequence[Any], given: Sequence[Hypothesis], copies: Sequence[Copy]) -> Step:
    kind = term[1]
    if kind == "copy":
        new, old = (_entropy(names, []) for names in (copies[term[2]].copied(term[3]), term[3]))
        return Step(m, "copy", f"[{new} - {old}]", "0: a copy has the law of what it copies")
    if kind == "apart":
        copy = copies[term[2]]
        return Step(
            m, "copy", f"I({_list(copy.names)};all before|{_list(copy.over)})", "0: a copy depends on nothing else"
        )
    if kind == "hypothesis":
        own = given[term[2]]
        if own.sets is None:
            return Step(m, own.name, f"({own.text})", "given, as a difference of its sides")
        a, b, c = own.sets
        return Step(m, own.name, _entropy(a, c) if a == b else _information(a, b, c), f"0: {own.text}")
    if kind == "number":
        return Step(m, "number", " + ".join(f"{q} {name}" for q, name in term[2]), ">= 0, decided exactly")
    if kind == "exchange":
        s, t = term[2], term[3]
        return Step(m, "exchangeable data", f"[H({_list(s)}) - H({_list(t)})]", "0: the samples have the same law")
    if kind == "entropy":
        a, c = term[2], term[3]
        return Step(
            m,
            "entropy is nonnegative",
            _entropy(a, c),
            f"{_entropy([*a, *c], [])} >= {_entropy(c, [])}" if c else ">= 0",
        )
    a, b, c = term[2], term[3], term[4]
    amount = _information(a, b, c)
    if kind == "independence":
        on = f"{_list(c)} separates" if c else "the graph separates"
        return Step(m, "Markov property" if c else "independence", amount, f"0: {on} {_list(a)} and {_list(b)}")
    if not c:
        return Step(m, "information is nonnegative", amount, ">= 0")
    return Step(
        m, "submodularity", amount, f"conditioning reduces entropy, {_entropy(a, c)} >= {_entropy(a, [*b, *c])}"
    )


def _grouped(found: Sequence[Step], samples: bool) -> list[tuple[Step, int]]:
    """Each step with the number of those that differ from it by a permutation of the samples."""
    groups: dict[Any, list[Step]] = {}
    for step in found:
        groups.setdefault((step.multiplier, step.name, _pattern(step.amount) if samples else step.amount), []).append(
            step
        )
    return [(group[0], len(group)) for group in groups.values()]


def _pattern(text: str) -> str:
    seen: dict[str, str] = {}
    return _SAMPLE.sub(lambda m: m[1] + "_" + seen.setdefault(m[2], chr(ord("a") + len(seen))), text)


def _list(names: Sequence[str]) -> str:
    return ",".join(names)


def _entropy(a: Sequence[str], c: Sequence[str]) -> str:
    return f"H({_list(a)}{'|' + _list(c) if c else ''})"


def _information(a: Sequence[str], b: Sequence[str], c: Sequence[str]) -> str:
    return f"I({_list(a)};{_list(b)}{'|' + _list(c) if c else ''})"


def violation(certificate: Mapping[str, Any], h: Mapping[tuple[str, ...], Fraction]) -> str:
    """An entropy-like function that breaks a statement: a table of the sets that statement and hypotheses name."""
    about = Setting.from_json(certificate)
    statements = parse_all(certificate["statement"], about)
    given = hypotheses(certificate["given"], about)
    ground = set(certificate["polymatroid"]["ground"])
    order = {frozenset(names): value for names, value in h.items()}

    def entropy(mask: int) -> Fraction:
        return order.get(frozenset(about.members(mask)) & ground, Fraction(0))  # what is left out is constant

    named = {mask for s in (*statements, *given) for mask in s.form}
    named |= {1 << k for k, name in enumerate(about.names) if any(mask >> k & 1 for mask in named)}
    rows = [
        (",".join(about.members(mask)), str(entropy(mask))) for mask in sorted(named, key=lambda m: (m.bit_count(), m))
    ]
    width = max(len(name) for name, _ in rows)
    sides = dict(zip(claims(statements), (side for s in statements for side in s.sides), strict=True))
    side = sides[certificate["side"]]
    slack = sum((c * entropy(mask) for mask, c in side.items()), start=Fraction(0))
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    return (
        "an entropy-like function that breaks it, every Shannon inequality holding:\n"
        f"  {'set':<{width}}  H\n"
        + "\n".join(lines)
        + f"\n{certificate['side']} = {slack}"
        + f"   ({len(h)} sets in all: .polymatroid)"
    )
