"""Derivation: a proof written out over the names, from multipliers over the reduced cone.

    claim = sum m I(A;B|C) + sum m H(A|C) [m >= 0] + sum m I(A;B|C) [= 0 by the graph] + sum m (H(S) - H(gS)) [exchange]
            + sum m hypothesis + a number >= 0,          an identity between joint entropies

A row of the symmetrised cone stands for the average of its images; what is left over after the rows is a combination
of the equations that the cone was reduced by, undone here from large sets to small ones. Rows that the chain rule
joins, I(A;B|C) + I(A;B'|B,C) = I(A;B,B'|C), are joined where their multipliers allow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import permutations, product
from typing import Any

from therml_exact.numbers.tables import Array
from therml_exact.shannon import constants
from therml_exact.shannon.closure import Closure
from therml_exact.shannon.cone import Cone
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import Answer
from therml_exact.shannon.setting import Setting

Triple = tuple[int, int, int]
"""Masks (A, B, C) of I(A;B|C); (A, A, C) is H(A|C)."""

Pair = tuple[int, int]
Classes = tuple[tuple[int, ...], ...]

_MOST_JOINED = 1500  # rows; beyond, a proof stays as it is found


@dataclass(frozen=True)
class Derivation:
    """What a claim is the sum of; masks over all names of the setting."""

    informations: Mapping[Triple, Fraction]  # nonnegative for every distribution
    independences: Mapping[Triple, Fraction]  # zero by the graph
    exchanges: Mapping[Pair, Fraction]  # H(S) - H(S') = 0: exchangeable data
    hypotheses: Mapping[int, Fraction]
    number: Mapping[int, Fraction] = field(default_factory=dict)  # constants by their keys, >= 0 in sum
    copied: Mapping[int, Fraction] = field(default_factory=dict)  # equations of copies, by their place among them

    @property
    def size(self) -> int:
        """How many terms it has."""
        kinds: tuple[Mapping[Any, Fraction], ...] = (
            self.informations,
            self.independences,
            self.exchanges,
            self.hypotheses,
            self.copied,
        )
        return sum(len(kind) for kind in kinds) + bool(self.number)

    def apart(self, given: int) -> Derivation:
        """The hypotheses from the number `given` on as equations of copies."""
        own = {k: m for k, m in self.hypotheses.items() if k < given}
        return replace(self, hypotheses=own, copied={k - given: m for k, m in self.hypotheses.items() if k >= given})


def derive(
    setting: Setting,
    cone: Cone,
    classes: Classes,
    claim: Form,
    given: Sequence[Form],
    answer: Answer,
    facts: Closure | None = None,
) -> Derivation:
    """Write a proof out. Forms are over the setting's names; the cone and the answer speak of its ground."""
    if answer.rows is None or answer.equations is None or answer.hypotheses is None:
        raise ValueError("the answer holds no multipliers: nothing is derived from it")
    place = [setting.names.index(name) for name in cone.ground]
    images = list(relabellings(setting, classes))
    share = Fraction(1, len(images))
    informations = _images(answer.rows, cone.row_sets, place, images)
    independences = _images(answer.equations, cone.equation_sets, place, images)
    keys = [tuple(sorted(form.items())) for form in given]
    hypotheses: dict[int, Fraction] = {}
    for h, m in answer.hypotheses.items():
        for image in images:
            same = keys.index(tuple(sorted((moved(mask, image), c) for mask, c in given[h].items())))
            hypotheses[same] = hypotheses.get(same, Fraction(0)) + m * share
    return complete(setting, cone, claim, given, informations, independences, hypotheses, facts)


def complete(
    setting: Setting,
    cone: Cone,
    claim: Form,
    given: Sequence[Form],
    informations: dict[Triple, Fraction],
    independences: dict[Triple, Fraction],
    hypotheses: dict[int, Fraction],
    facts: Closure | None = None,
) -> Derivation:
    """What the claim still lacks are equations of the cone: by the graph, or `facts` that hypotheses imply."""
    rest = dict(claim)
    for triple, m in (*informations.items(), *independences.items()):
        _subtract(rest, form_of(triple), m)
    for h, m in hypotheses.items():
        _subtract(rest, given[h], m)
    place = [setting.names.index(name) for name in cone.ground]
    number = {key: rest.pop(key) for key in sorted(rest) if key < 0}
    if number and constants.amount(number).sign() < 0:  # never; but a proof that is none must not leave this place
        raise ArithmeticError("the constants of the proof are negative in sum; please report the statement")
    exchanges = _undo(cone, place, rest, independences)
    if facts is not None:
        more, used = facts.undone(independences)
        for triple, m in more.items():
            _add(informations, triple, m)
        for h, m in used.items():
            hypotheses[h] = hypotheses.get(h, Fraction(0)) + m
        return Derivation(joined(informations), {}, exchanges, {h: m for h, m in hypotheses.items() if m}, number)
    return Derivation(joined(informations), joined(independences), exchanges, hypotheses, number)


def _images(
    chosen: Mapping[int, Fraction], sets: Array, place: Sequence[int], images: Sequence[Sequence[int]]
) -> dict[Triple, Fraction]:
    """The average of the images of some rows of the cone."""
    found: dict[Triple, Fraction] = {}
    for row, m in chosen.items():
        a, b, c = (widened(int(mask), place) for mask in sets[row])
        if not a | b:
            continue  # a row about constants alone: they are summed again at the end
        for image in images:
            _add(found, ordered(moved(a, image), moved(b, image), moved(c, image)), m / len(images))
    return found


def _undo(cone: Cone, place: Sequence[int], rest: Form, independences: dict[Triple, Fraction]) -> dict[Pair, Fraction]:
    """Reduce what is left over to nothing, from large sets to small ones, noting the equations used."""
    back = {p: k for k, p in enumerate(place)}

    def narrow(mask: int) -> int:
        return sum(1 << k for p, k in back.items() if mask >> p & 1)

    queue = [(-mask.bit_count(), mask) for mask in rest]
    heapify(queue)
    while queue:
        _, mask = heappop(queue)
        i, j = cone.split[narrow(mask)]
        if mask not in rest or i < 0:
            continue
        m, a, b = rest[mask], 1 << place[i], 1 << place[j]
        triple = ordered(a, b, mask & ~(a | b))
        _add(independences, triple, -m)
        _subtract(rest, form_of(triple), -m)
        for smaller in (mask & ~a, mask & ~b, mask & ~(a | b)):
            heappush(queue, (-smaller.bit_count(), smaller))
    exchanges: dict[Pair, Fraction] = {}
    for mask, m in sorted(rest.items()):
        same = widened(int(cone.canonical[narrow(mask)]), place)
        if same != mask:
            exchanges[mask, same] = m
            _subtract(rest, {mask: Fraction(1), same: Fraction(-1)}, m)
    if rest:  # never; but a proof that is none must not leave this place
        raise ArithmeticError("the multipliers do not add up to the claim; please report the statement")
    return exchanges


def narrowed(form: Mapping[int, Fraction], place: Sequence[int]) -> Form:
    """A form over all names as one over the ground."""
    back = {p: k for k, p in enumerate(place)}
    return {
        mask if mask < 0 else sum(1 << back[p] for p in range(mask.bit_length()) if mask >> p & 1): c
        for mask, c in form.items()
    }


def widened(mask: int, place: Sequence[int]) -> int:
    """A set of the ground as a set of all names."""
    return sum(1 << p for k, p in enumerate(place) if mask >> k & 1)


def relabellings(setting: Setting, classes: Classes) -> Iterator[tuple[int, ...]]:
    """Where each bit goes, for every permutation of the samples of each class."""
    moving = [c for c in classes if len(c) > 1]
    for choice in product(*(permutations(c) for c in moving)):
        image = list(range(len(setting.names)))
        for members, targets in zip(moving, choice, strict=True):
            for s, t in zip(members, targets, strict=True):
                for v, w in zip(setting.samples[s - 1], setting.samples[t - 1], strict=True):
                    image[setting.names.index(v)] = setting.names.index(w)
        yield tuple(image)


def moved(mask: int, image: Sequence[int]) -> int:
    """A set after a relabelling; a constant stays."""
    return mask if mask < 0 else sum(1 << image[k] for k in range(mask.bit_length()) if mask >> k & 1)


def ordered(a: int, b: int, c: int) -> Triple:
    """I(A;B|C) = I(B;A|C) under one name."""
    return (a, b, c) if a <= b else (b, a, c)


def form_of(triple: Triple) -> Form:
    """I(A;B|C) in joint entropies."""
    a, b, c = triple
    form: Form = {}
    for mask, sign in ((a | c, 1), (b | c, 1), (a | b | c, -1), (c, -1)):
        if mask:
            form[mask] = form.get(mask, Fraction(0)) + sign
    return {mask: v for mask, v in form.items() if v}


def _subtract(total: Form, form: Mapping[int, Fraction], scale: Fraction) -> None:
    for mask, c in form.items():
        value = total.get(mask, Fraction(0)) - scale * c
        if value:
            total[mask] = value
        else:
            total.pop(mask, None)


def _add(found: dict[Triple, Fraction], triple: Triple, m: Fraction) -> None:
    value = found.get(triple, Fraction(0)) + m
    if value:
        found[triple] = value
    else:
        found.pop(triple, None)


def joined(rows: Mapping[Triple, Fraction]) -> dict[Triple, Fraction]:
    """The same sum with I(A;B|C) + I(A;B'|B,C) written as I(A;B,B'|C), over and over."""
    left = dict(rows)
    if len(left) > _MOST_JOINED:
        return left
    again = True
    while again:
        again = False
        # Each row under (A, C) for the first part of a join, and under (A, B + C) for what would follow it.
        follows: dict[tuple[int, int], list[Triple]] = {}
        for triple in left:
            a, b, c = triple
            for side in {a, b} if a != b else ():
                follows.setdefault((side, c), []).append(triple)
        for triple in sorted(left, key=_size):
            for other, joint in _joins(triple, follows):
                if triple not in left or other not in left or triple == other:
                    continue
                m, n = left[triple], left[other]
                if m * n < 0:
                    continue
                both = m if abs(m) <= abs(n) else n
                _add(left, triple, -both)
                _add(left, other, -both)
                _add(left, joint, both)
                again = True
    return left


def _joins(triple: Triple, follows: Mapping[tuple[int, int], list[Triple]]) -> Iterable[tuple[Triple, Triple]]:
    a, b, c = triple
    if a == b:
        return
    for side, other in ((a, b), (b, a)):
        for second in follows.get((side, c | other), ()):
            third = second[1] if second[0] == side else second[0]
            if not third & (side | other | c):
                yield second, ordered(side, other | third, c)


def _size(triple: Triple) -> tuple[int, Triple]:
    return triple[2].bit_count(), triple
