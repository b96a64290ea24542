"""Chain: of the cone of free variables the few sets that chain rules speak of, for proofs where 2^m sets are many.

    F = the sets S of statement and hypotheses, the prefixes P_k = {1, ..., k}, and all S & P_k, S | P_k
    h(S) + h(T) >= h(S | T) + h(S & T)    for S, T of F whose union and intersection are in F    I(S - T; T - S | S & T)
    h(S) >= h(T)                          for T in S by one variable, or both named              H(S - T | T)

H(all) = sum_k H(k | P_(k-1)) and conditioning on less give the subset, Han and Shearer inequalities. All rows are sums
of elemental ones, so that a proof here is a proof; a point of this larger cone means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from therml_exact.numbers.tables import Array
from therml_exact.shannon.cone import Cone, members

MOST_SETS = 600


def chain_cone(ground: tuple[str, ...], named: Iterable[int]) -> Cone | None:
    """The cone on F, or None where F is large too."""
    m = len(ground)
    own = sorted({*named} - {0})
    prefixes = [2**k - 1 for k in range(1, m + 1)]
    family = {*own, *prefixes, *(f(s, p) for s in own for p in prefixes for f in (int.__and__, int.__or__))} - {0}
    if len(family) > MOST_SETS:
        return None
    sets = np.array(sorted(family), dtype=np.int64)
    one, two = (sets[k] for k in np.triu_indices(len(sets), 1))
    apart = ((one & two) != one) & ((one & two) != two)
    kept = apart & _among(sets, one | two) & (_among(sets, one & two) | (one & two == 0))
    one, two = one[kept], two[kept]
    above, below = (k.reshape(-1) for k in np.meshgrid(sets, sets))
    step = ((above & below) == below) & (above != below)
    step &= (members(above & ~below) == 1) | (np.isin(above, own) & np.isin(below, own))
    above, below = above[step], below[step]
    none = 0 * above
    signed = [(one, two, one | two, one & two), (above, none, below, none), (sets, 0 * sets, 0 * sets, 0 * sets)]
    rows = sparse.vstack([_rows(sets, *part) for part in signed], format="csr")
    row_sets = np.concatenate(
        [
            np.stack([one & ~two, two & ~one, one & two], axis=1),
            np.stack([above & ~below, above & ~below, below], axis=1),
            np.stack([sets, sets, 0 * sets], axis=1),
        ]
    )
    count = len(sets)
    normal = sparse.csr_matrix((np.ones(count, dtype=np.int64), (sets, np.arange(count))), shape=(2**m, count))
    split, canonical = np.full((2**m, 2), -1, dtype=np.int64), np.arange(2**m, dtype=np.int64)
    return Cone(
        ground, normal, rows, sparse.csr_matrix((0, count)), row_sets, np.zeros((0, 3), dtype=int), split, canonical
    )


def _among(sets: Array, masks: Array) -> Array:
    return np.asarray(np.isin(masks, sets))


def _rows(sets: Array, *terms: Array) -> sparse.csr_matrix:
    """h(A) + h(B) - h(C) - h(D) by position in `sets`, h of the empty set left out."""
    count = len(terms[0])
    total = sparse.csr_matrix((count, len(sets)))
    for masks, sign in zip(terms, (1.0, 1.0, -1.0, -1.0), strict=True):
        here = np.flatnonzero(masks)
        total = total + sparse.csr_matrix(
            (np.full(len(here), sign), (here, np.searchsorted(sets, masks[here]))), shape=(count, len(sets))
        )
    total.eliminate_zeros()
    return total
