"""Codes: linear variables over a small field whose entropies are a given function of sets.

    Let u be uniform on GF(q)^d, d = h(all). Each variable v is (b . u for b in B_v), a list B_v of vectors of GF(q)^d.
    H(S) = rank(B_v, v in S) log q           so that the task is: rank(S) = h(S) for every set S of variables.

Variables are placed one by one. Of the h(v|placed) dimensions that v adds, any may be taken: they are new coordinates.
The others lie in the span U of what is placed, and each next vector x of them must, for every placed set A,
    lie in span(A, v so far)          where its rank is that of h(A, v) already,
    lie outside of it                 where every further vector has to raise the rank.
Search with backtracking, so many vectors at most; spans are arrays over all q^d vectors.
GF(4) = {0, 1, a, a + 1} with a^2 = a + 1; its letters are written 0, 1, 2, 3. Failing means nothing.
Source: linear rank functions, e.g. A. Ingleton, Representation of matroids (1971).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from time import monotonic

import numpy as np

from therml_exact.numbers.tables import Array

FIELDS = (2, 3, 4, 5)
_MOST_VECTORS = 1024  # of GF(q)^d
_MOST_NODES = 400  # vectors tried
_MOST_CELLS = 2**25  # spans times vectors


@dataclass(frozen=True)
class Field:
    """GF(q)^d with vectors numbered 0, ..., q^d - 1 by their digits in base q."""

    q: int
    d: int

    @cached_property
    def digits(self) -> Array:
        """digits[x, k]: entry k of vector x."""
        return np.arange(self.q**self.d)[:, None] // self.q ** np.arange(self.d) % self.q

    @cached_property
    def add(self) -> Array:
        """The sum of two letters."""
        letters = np.arange(self.q)
        return letters[:, None] ^ letters if self.q == 4 else (letters[:, None] + letters) % self.q

    @cached_property
    def times(self) -> Array:
        """The product of two letters."""
        letters = np.arange(self.q)
        if self.q == 4:
            return np.array([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2]])
        return letters[:, None] * letters % self.q

    def shifts(self, vector: int) -> Array:
        """shifts[c, x]: the number of x + c vector."""
        weights = self.q ** np.arange(self.d)
        multiples = self.times[np.arange(self.q)[:, None], self.digits[vector]]
        return np.asarray((self.add[self.digits, multiples[:, None, :]] * weights).sum(axis=2))

    @cached_property
    def leading(self) -> Array:
        """Whether the last entry of a vector that is not 0 is 1: one of the q - 1 multiples."""
        last = np.zeros(len(self.digits), dtype=np.int64)
        for k in range(self.d):
            last = np.where(self.digits[:, k] > 0, self.digits[:, k], last)
        return last == 1

    def dot(self, vector: Array) -> Array:
        """The products vector . u, for all u."""
        total = np.zeros(len(self.digits), dtype=np.int64)
        for k, c in enumerate(vector):
            total = self.add[total, self.times[c, self.digits[:, k]]]
        return total


@lru_cache(maxsize=16)
def field(q: int, d: int) -> Field:
    """One of each, for its tables."""
    return Field(q, d)


Code = list[Array]
"""B_v of each variable, an array (rank, d)."""


def realise(h: Sequence[int], q: int, deadline: float = inf) -> Code | None:
    """Vectors over GF(q) whose ranks are h(S), a list over the bit masks of m variables; None if none was found."""
    m, d = len(h).bit_length() - 1, h[-1]
    if d < 1 or q**d > _MOST_VECTORS or 2**m * q**d > _MOST_CELLS:
        return None
    search = _Search(field(q, d), h, _order(h, m), deadline)
    found = search.place(0, np.eye(1, q**d, dtype=bool), 0)
    if found is None:
        return None
    by_variable = dict(zip(search.order, found, strict=True))
    return [search.field.digits[by_variable[v]].reshape(-1, d) for v in range(m)]


def _order(h: Sequence[int], m: int) -> list[int]:
    """Variables independent of those placed first, then those that add most."""
    order: list[int] = []
    placed = 0
    while len(order) < m:
        left = [v for v in range(m) if not placed >> v & 1]

        def rank(v: int, placed: int = placed) -> tuple[int, int]:
            new = h[placed | 1 << v] - h[placed]
            return h[1 << v] - new, -new

        order.append(min(left, key=rank))
        placed |= 1 << order[-1]
    return order


class _Search:
    def __init__(self, over: Field, h: Sequence[int], order: list[int], deadline: float) -> None:
        self.field, self.h, self.order, self.deadline = over, h, order, deadline
        self.nodes = 0

    def place(self, k: int, spans: Array, used: int) -> list[list[int]] | None:
        """Vectors of the variables from the k-th on; spans[A] are those of the sets of the first k."""
        if k == len(self.order):
            return []
        v = self.order[k]
        sets = [sum(1 << self.order[b] for b in range(k) if a >> b & 1) for a in range(2**k)]
        new = self.h[sets[-1] | 1 << v] - self.h[sets[-1]]
        ranks = np.array([self.h[s] for s in sets])
        goal = np.array([self.h[s | 1 << v] - new for s in sets])
        q = self.field.q
        fresh = [q ** (used + j) for j in range(new)]
        for inside, own in self._inside(spans, ranks, goal):
            joint = own
            for vector in fresh:
                joint = self._spanned(joint, vector)
            rest = self.place(k + 1, np.concatenate([spans, joint]), used + new)
            if rest is not None:
                return [[*inside, *fresh], *rest]
            if self.nodes > _MOST_NODES or monotonic() > self.deadline:
                return None
        return None

    def _inside(self, spans: Array, ranks: Array, goal: Array) -> Iterator[tuple[list[int], Array]]:
        """Vectors in the span of all that raise the ranks to the goal, and the spans with them."""
        missing = goal - ranks
        left = int(missing[0])
        if missing.min() < 0 or missing.max() > left:
            return
        if left == 0:
            yield [], spans
            return
        possible = spans[missing == 0].all(axis=0) & ~spans[missing == left].any(axis=0) & self.field.leading
        for x in np.flatnonzero(possible):
            self.nodes += 1
            if self.nodes > _MOST_NODES or monotonic() > self.deadline:
                return
            grown = self._spanned(spans, int(x))
            for others, own in self._inside(grown, ranks + ~spans[:, x], goal):
                yield [int(x), *others], own

    def _spanned(self, spans: Array, vector: int) -> Array:
        """The spans with a vector more."""
        grown = spans.copy()
        which = ~spans[:, vector]
        part = spans[which]
        total = part.copy()
        for shift in self.field.shifts(vector)[1:]:
            total |= part[:, shift]
        grown[which] = total
        return grown


def letters(code: Code, q: int) -> tuple[Array, tuple[int, ...]]:
    """The letter of each variable for every u, shape (q^d, variables), and the sizes of the alphabets."""
    d = code[0].shape[1]
    over = field(q, d)
    columns = []
    for vectors in code:
        column = np.zeros(q**d, dtype=np.int64)
        for vector in vectors:
            column = column * q + over.dot(vector)
        columns.append(column)
    return np.stack(columns, axis=1), tuple(q ** len(vectors) for vectors in code)
