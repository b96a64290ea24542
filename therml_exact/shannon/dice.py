"""Dice: free variables some of which show the same fair die of k faces, against claims about constants.

    H(S) = log k if S holds one that shows the die, else 0

H(X) <= 2 falls to a die of 8 faces. Tables are as witness.skeleton says: the die is the seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import ceil, exp

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.shannon.constants import size
from therml_exact.shannon.witness import SEED

_SMALL = range(2, 17)
_MOST_FACES = 200
_MOST_NAMES = 6


def proposals(names: Sequence[str], forms: Sequence[Mapping[int, Fraction]]) -> Iterator[dict[str, Array]]:
    """Tables of dice, few names and faces first; the number of faces is about what a constant of the forms needs."""
    needed = set(_SMALL)
    for form in forms:
        constant = sum(float(c) * size(key) for key, c in form.items() if key < 0)
        for c in (abs(float(c)) for key, c in form.items() if key > 0):
            if abs(constant) / c < 7:
                needed.update((int(exp(abs(constant) / c)), ceil(exp(abs(constant) / c)) + 1))
    for k in sorted(needed):
        if not 2 <= k <= _MOST_FACES:
            continue
        same = np.array([[Fraction(int(a == b)) for b in range(k)] for a in range(k)], dtype=object)
        constant_table = np.full((k, 1), Fraction(1), dtype=object)
        seed = np.full(k, Fraction(1, k), dtype=object)
        for count in range(1, min(len(names), _MOST_NAMES) + 1):
            for showing in combinations(names, count):
                yield {SEED: seed} | {name: same if name in showing else constant_table for name in names}


def value(names: Sequence[str], tables: Mapping[str, Array], form: Mapping[int, Fraction]) -> float:
    """The form in such a world, in floats."""
    k = len(tables[SEED])
    showing = sum(1 << j for j, name in enumerate(names) if tables[name].shape[-1] > 1)
    return sum(float(c) * (size(key) if key < 0 else size(-k) * bool(key & showing)) for key, c in form.items())
