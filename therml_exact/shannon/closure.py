"""Closure: the independences that hypotheses such as I(A;B|C) = 0 and H(Y|X) = 0 imply, each with its reason.

A sum of informations that is 0 has all its terms 0. From elemental ones, i, j, l single variables, follow others:
    I(i;j|K) + I(i;l|K,j) = I(i;l|K) + I(i;j|K,l)           (semigraphoid)      both of one side 0: both of the other
    H(s|K) = I(s;j|K) + H(s|K,j)                            (functions)         the left 0: both; both 0: the left
The cone (cone.py) eliminates a set for each such independence: ten variables of a Markov chain leave 19 unknowns of
1,023. A derivation uses -I(i;j|K) >= 0, and undoes each in the order found:
    -I(i;l|K) = -I(i;j|K) - I(i;l|K,j) + I(i;j|K,l)         down to       -I(i;j|K) = -hypothesis + informations
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.shannon.grammar import Form

Triple = tuple[int, int, int]
"""Masks (A, B, C) of I(A;B|C); (A, A, C) is H(A|C)."""

MOST_VARIABLES = 12
_MOST_FACTS = 200_000
_MOST_STEPS = 400  # of uncrossing


class Reason(NamedTuple):
    """-I(fact) = -sum I(facts) + sum m I(informations) + multiplier hypothesis, the facts found before."""

    facts: tuple[Triple, ...]
    informations: tuple[tuple[Triple, Fraction], ...]
    hypothesis: int | None = None
    multiplier: Fraction = Fraction(0)


@dataclass(frozen=True, eq=False)
class Closure:
    """All elemental informations that are 0, in the order found, and why. Masks are over the ground."""

    reasons: Mapping[Triple, Reason]

    def joined(self, m: int) -> Array:
        """joined[S, i]: the j in S not known to be independent of i given the rest of S."""
        sets = np.arange(2**m, dtype=np.int64)
        found = np.stack([sets & ~(1 << i) for i in range(m)], axis=1)
        for a, b, c in self.reasons:
            if a != b:
                found[a | b | c, a.bit_length() - 1] &= ~b
                found[a | b | c, b.bit_length() - 1] &= ~a
        return found

    def undone(self, used: Mapping[Triple, Fraction]) -> tuple[dict[Triple, Fraction], dict[int, Fraction]]:
        """The sum of m I(fact), m of any sign, as informations with multipliers > 0 and hypotheses."""
        left = dict(used)
        informations: dict[Triple, Fraction] = {}
        hypotheses: dict[int, Fraction] = {}
        for fact in reversed(list(self.reasons)):
            m = left.pop(fact, Fraction(0))
            if m >= 0:
                if m:
                    informations[fact] = informations.get(fact, Fraction(0)) + m
                continue
            reason = self.reasons[fact]
            for other in reason.facts:
                left[other] = left.get(other, Fraction(0)) + m
            for triple, c in reason.informations:
                informations[triple] = informations.get(triple, Fraction(0)) - m * c
            if reason.hypothesis is not None:
                k = reason.hypothesis
                hypotheses[k] = hypotheses.get(k, Fraction(0)) - m * reason.multiplier
        return informations, hypotheses


def closure(m: int, given: Sequence[tuple[Form, bool]]) -> Closure | None:
    """What hypotheses (form, equality?) over m variables imply; None where none of them is such a sum.

    Hypotheses that name constants (constants.py) say of no information that it is 0: they are left out.
    """
    if m > MOST_VARIABLES:
        return None
    search = _Search(m)
    for k, (form, equality) in enumerate(given):
        if any(mask < 0 for mask in form):
            continue
        for sign in (1, -1) if equality else (-1,):
            parts = informations_of({mask: sign * c for mask, c in form.items()})
            if parts:
                for part, c in parts.items():
                    others = tuple((p, d / c) for p, d in parts.items() if p != part)
                    for fact, more in _elementals(part, m):
                        search.found(fact, Reason((), (*others, *more), k, -sign / c))
                break
    return Closure(search.reasons) if search.run() else None


def informations_of(form: Form) -> dict[Triple, Fraction] | None:
    """A form as a sum of informations with positive multipliers, by uncrossing: H(P) + H(Q) >= H(P|Q) + H(P&Q)."""
    above = {mask: c for mask, c in form.items() if c > 0}
    below = {mask: -c for mask, c in form.items() if c < 0}
    found: dict[Triple, Fraction] = {}

    def note(a: int, b: int, c: int, m: Fraction) -> None:
        triple = (min(a, b), max(a, b), c)
        found[triple] = found.get(triple, Fraction(0)) + m

    def take(sets: dict[int, Fraction], mask: int, m: Fraction) -> None:
        sets[mask] -= m
        if not sets[mask]:
            del sets[mask]

    for _ in range(_MOST_STEPS):
        for mask in sorted(set(above) & set(below)):
            m = min(above[mask], below[mask])
            take(above, mask, m)
            take(below, mask, m)
        crossing = [(p, q) for p, q in combinations(sorted(above), 2) if p & q not in (p, q)]
        if not crossing:
            break
        p, q = max(crossing, key=lambda pair: (pair[0] | pair[1] in below) + (pair[0] & pair[1] in {0, *below}))
        m = min(above[p], above[q])
        note(p & ~q, q & ~p, p & q, m)
        take(above, p, m)
        take(above, q, m)
        for mask in (p | q, p & q):
            if mask:
                above[mask] = above.get(mask, Fraction(0)) + m
    else:
        return None
    for mask in sorted(below, key=lambda s: (-s.bit_count(), s)):
        while mask in below:
            larger = [p for p in sorted(above, key=lambda s: (s.bit_count(), s)) if p & mask == mask]
            if not larger:
                return None
            m = min(below[mask], above[larger[0]])
            note(larger[0] & ~mask, larger[0] & ~mask, mask, m)
            take(above, larger[0], m)
            take(below, mask, m)
    for mask, m in above.items():
        note(mask, mask, 0, m)
    return found


def _bits(mask: int) -> list[int]:
    return [1 << k for k in range(mask.bit_length()) if mask >> k & 1]


def _subsets(mask: int) -> Iterator[int]:
    sub = mask
    while True:
        yield sub
        if not sub:
            return
        sub = (sub - 1) & mask


def _elementals(part: Triple, m: int) -> Iterator[tuple[Triple, tuple[tuple[Triple, Fraction], ...]]]:
    """The elemental informations in I(A;B|C) or H(A|C), and what else that is the sum of."""
    a, b, c = part
    if a == b:
        for s in _bits(a):
            rest = a & ~s
            yield (s, s, c), _some((rest, rest, c | s))
        return
    for i in _bits(a):
        for before in _subsets(a & ~i):
            for j in _bits(b):
                for first in _subsets(b & ~j):
                    yield _named(i, j, c | before | first), _some(
                        (before, b, c), (a & ~i & ~before, b, c | before | i),
                        (i, first, c | before), (i, b & ~j & ~first, c | before | first | j),
                    )  # fmt: skip


def _some(*triples: Triple) -> tuple[tuple[Triple, Fraction], ...]:
    return tuple(((min(a, b), max(a, b), c), Fraction(1)) for a, b, c in triples if a and b)


def _named(i: int, j: int, k: int) -> Triple:
    return (i, j, k) if i <= j else (j, i, k)


class _Search:
    """Facts still to be combined with the others wait in a queue."""

    def __init__(self, m: int) -> None:
        self.all = 2**m - 1
        self.reasons: dict[Triple, Reason] = {}
        self.waiting: deque[Triple] = deque()

    def found(self, fact: Triple, reason: Reason) -> None:
        """Note a fact, the first reason for it."""
        if fact not in self.reasons:
            self.reasons[fact] = reason
            self.waiting.append(fact)

    def run(self) -> bool:
        """Combine all; whether there are any, and not too many."""
        while self.waiting:
            if len(self.reasons) > _MOST_FACTS:
                return False
            fact = self.waiting.popleft()
            if fact[0] == fact[1]:
                self._function(fact)
            else:
                self._independence(fact)
        return bool(self.reasons)

    def _function(self, fact: Triple) -> None:
        s, _, k = fact
        for j in _bits(self.all & ~(s | k)):
            pair, more = _named(s, j, k), (s, s, k | j)
            self.found(pair, Reason((fact,), ((more, Fraction(1)),)))
            self.found(more, Reason((fact,), ((pair, Fraction(1)),)))
        for j in _bits(k):
            self._without(s, j, k & ~j)

    def _without(self, s: int, j: int, k: int) -> None:
        """H(s|K) = I(s;j|K) + H(s|K,j)."""
        parts = _named(s, j, k), (s, s, k | j)
        if all(part in self.reasons for part in parts):
            self.found((s, s, k), Reason(parts, ()))

    def _independence(self, fact: Triple) -> None:
        i, j, k = fact
        for p, o in ((i, j), (j, i)):
            self._without(p, o, k)
            for v in _bits(self.all & ~(p | o | k)):
                # I(p;o|K) + I(p;v|K,o) = I(p;v|K) + I(p;o|K,v)
                self._exchange(fact, _named(p, v, k | o), _named(p, v, k), _named(p, o, k | v))
            for v in _bits(k):
                # I(p;v|K-v) + I(p;o|K) = I(p;o|K-v) + I(p;v|K-v,o)
                low = k & ~v
                self._exchange(fact, _named(p, v, low), _named(p, o, low), _named(p, v, low | o))

    def _exchange(self, fact: Triple, partner: Triple, one: Triple, two: Triple) -> None:
        if partner in self.reasons:
            self.found(one, Reason((fact, partner), ((two, Fraction(1)),)))
            self.found(two, Reason((fact, partner), ((one, Fraction(1)),)))
