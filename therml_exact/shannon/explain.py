"""explain: the terms of a proof's certificate as steps with names.

    data processing                   I(A;B|D) - I(A;B'|D) = I(A;B|B',D) - I(A;B'|B,D) >= 0, the last one 0 by the graph
    conditioning reduces entropy      I(A;B|C) = H(A|C) - H(A|B,C) >= 0
    information is nonnegative        I(A;B) >= 0
    entropy is nonnegative            H(A|C) >= 0
    independence                      I(A;B|C) = 0 by d-separation
    exchangeable data                 H(S) = H(T), a permutation of the samples between them
    hypothesis

The chain rule (every term written in joint entropies) is what adds them up. Steps that differ by a permutation of the
samples are shown once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from therml_exact.shannon.certificate import under
from therml_exact.shannon.copies import Copy

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
    for part in certificate["parts"]:
        copies = [Copy.from_json(made) for made in part.get("copies", ())]
        lines += [_made(copy) for copy in copies]
        found = _grouped(list(steps(part["sum"], certificate["given"], copies)), "world" in certificate)
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
        lines.append("which is seen by writing every term in joint entropies (chain rule).")
    return "\n".join(lines)


def _made(copy: Copy) -> str:
    new, old, over = _list(copy.names), _list(copy.of), _list(copy.over)
    return (
        f"Make {new}, a copy of {old} over {over}: with {over} it has the law of {old}, and given {over} it is "
        "independent of all else."
    )


def steps(terms: Sequence[Sequence[Any]], given: Sequence[str], copies: Sequence[Copy] = ()) -> Iterator[Step]:
    """The terms of a sum as named steps; an information and an independence that belong together are one."""
    left = {k: Fraction(term[0]) for k, term in enumerate(terms)}
    for k, term in enumerate(terms):
        if term[1] != "information":
            continue
        for j, other in enumerate(terms):
            if other[1] != "independence" or left[j] >= 0 or left[k] <= 0:
                continue
            step = _processing(term, other, min(left[k], -left[j]))
            if step is not None:
                left[k] -= step.multiplier
                left[j] += step.multiplier
                yield step
    for k, term in enumerate(terms):
        if left[k]:
            yield _single(left[k], term, given, copies)


def _processing(term: Sequence[Any], other: Sequence[Any], m: Fraction) -> Step | None:
    """I(A;B|B',D) - I(A;B'|B,D), if the two terms have this form."""
    for a, b in ((term[2], term[3]), (term[3], term[2])):
        for same, far in ((other[2], other[3]), (other[3], other[2])):
            near, on = set(term[4]), set(other[4])
            if set(same) == set(a) and set(far) <= near and on == (near - set(far)) | set(b):
                common = [name for name in term[4] if name not in far]
                return Step(
                    m,
                    "data processing",
                    f"[{_information(a, b, common)} - {_information(a, far, common)}]",
                    f"{_list(b)} separates {_list(a)} from {_list(far)}"
                    + (f" given {_list(common)}" if common else "")
                    + f", so it is {_information(a, b, term[4])} >= 0",
                )
    return None


def _single(m: Fraction, term: Sequence[Any], given: Sequence[str], copies: Sequence[Copy]) -> Step:
    kind = term[1]
    if kind == "copy":
        new, old = (_entropy(names, []) for names in (copies[term[2]].copied(term[3]), term[3]))
        return Step(m, "copy", f"[{new} - {old}]", "0: a copy has the law of what it copies")
    if kind == "apart":
        own = copies[term[2]]
        return Step(
            m, "copy", f"I({_list(own.names)};all before|{_list(own.over)})", "0: a copy depends on nothing else"
        )
    if kind == "hypothesis":
        return Step(m, "hypothesis", f"({given[term[2]]})", "given, as a difference of its sides")
    if kind == "exchange":
        s, t = term[2], term[3]
        return Step(m, "exchangeable data", f"[H({_list(s)}) - H({_list(t)})]", "0: the samples have the same law")
    if kind == "entropy":
        a, c = term[2], term[3]
        return Step(m, "entropy is nonnegative", _entropy(a, c), ">= 0")
    a, b, c = term[2], term[3], term[4]
    amount = _information(a, b, c)
    if kind == "independence":
        on = f"{_list(c)} separates" if c else "the graph separates"
        return Step(m, "independence", amount, f"0: {on} {_list(a)} and {_list(b)}")
    if not c:
        return Step(m, "information is nonnegative", amount, ">= 0")
    return Step(m, "conditioning reduces entropy", amount, f"{_entropy(a, c)} >= {_entropy(a, [*b, *c])}")


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
