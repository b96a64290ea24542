"""Measures: what H, I, TC, DTC, O and R of sets of variables are, as sums of H(A|C) and I(A;B|C).

    I(A1;...;Ak|C)    I(A1;...;Ak-1|C) - I(A1;...;Ak-1|Ak,C)             interaction (co-information), of either sign
    TC(A1;...;Ak|C)   sum_j H(Aj|C) - H(A1,...,Ak|C)                     total correlation, equation (6)
    DTC(A1;...;Ak|C)  H(A1,...,Ak|C) - sum_j H(Aj|all others,C)          dual total correlation
    O(A1;...;Ak|C)    TC - DTC                                           O-information: redundancy > 0 > synergy
    R(A1;...;Ak|C)    sum_j H(Aj|all others,C)                           residual entropy

For k = 2, I, TC and DTC are the mutual information. Informations come as chains, sum_j I(Aj;A1,...,Aj-1|C), so that
nothing is lost where floats evaluate them. A, B, C are bit masks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_

Leaf = tuple[int, int | None, int]
"""The sets A, B (None for an entropy) and C of H(A|C) or I(A;B|C)."""

Leaves = list[tuple[int, Leaf]]
MOST_PARTS = 12


def _joint(sets: Sequence[int]) -> int:
    return reduce(or_, sets, 0)


def _interaction(sets: Sequence[int], given: int) -> Leaves:
    if len(sets) == 2:
        return [(1, (sets[0], sets[1], given))]
    less = [(-sign, leaf) for sign, leaf in _interaction(sets[:-1], given | sets[-1])]
    return _interaction(sets[:-1], given) + less


def _total(sets: Sequence[int], given: int) -> Leaves:
    return [(1, (sets[j], _joint(sets[:j]), given)) for j in range(1, len(sets))]


def _dual(sets: Sequence[int], given: int) -> Leaves:
    return [(1, (sets[j], _joint(sets[:j]), given | _joint(sets[j + 1 :]))) for j in range(1, len(sets))]


def _organisation(sets: Sequence[int], given: int) -> Leaves:
    return _total(sets, given) + [(-sign, leaf) for sign, leaf in _dual(sets, given)]


def _residual(sets: Sequence[int], given: int) -> Leaves:
    rest = [_joint([*sets[:j], *sets[j + 1 :]]) for j in range(len(sets))]
    return [(1, (one, None, others | given)) for one, others in zip(sets, rest, strict=True)]


def _entropy(sets: Sequence[int], given: int) -> Leaves:
    return [(1, (sets[0], None, given))]


MEASURES: dict[str, tuple[int, Callable[[Sequence[int], int], Leaves]]] = {
    "H": (1, _entropy),
    "I": (2, _interaction),
    "TC": (2, _total),
    "DTC": (2, _dual),
    "O": (2, _organisation),
    "R": (2, _residual),
}
"""The least number of sets and the leaves of each measure."""
