"""Shorten: a proof that is an average over the samples' permutations, as one with few terms.

Of the images of the rows that the average uses, those of a vertex of
    min sum lambda,   sum lambda_k A_k = claim modulo the cone's equations,   lambda >= 0
suffice: no more than there are independent ones, and no fractions from the average. The rows are many copies of a few,
so the program is small. Exact as all proofs: what does not add up over the rationals is left as it was.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from therml_exact.shannon.cone import Cone
from therml_exact.shannon.derivation import Derivation, Triple, complete, form_of, narrowed
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import solve_exactly
from therml_exact.shannon.setting import Setting

_MOST_ROWS = 2000
_NOTHING = 1e-9


def shortened(setting: Setting, space: Cone, claim: Form, found: dict[Triple, Fraction]) -> Derivation | None:
    """A derivation of the claim from some of the informations found; `space` is the cone without symmetrisation."""
    from scipy.optimize import linprog
    from scipy.sparse import csc_matrix

    triples = list(found)
    if not triples or len(triples) > _MOST_ROWS:
        return None
    place = [setting.names.index(name) for name in space.ground]
    target = space.reduce(narrowed(claim, place))
    columns = [space.reduce(narrowed(form_of(triple), place)) for triple in triples]
    used = sorted({u for column in columns for u in column})
    position = {u: k for k, u in enumerate(used)}
    if not target.keys() <= position.keys():
        return None
    entries = [(float(c), position[u], k) for k, column in enumerate(columns) for u, c in column.items()]
    values, rows, cols = (np.array(v) for v in zip(*entries, strict=True))
    right = np.zeros(len(used))
    for u, c in target.items():
        right[position[u]] = float(c)
    matrix = csc_matrix((values, (rows, cols)), shape=(len(used), len(triples)))
    best = linprog(np.ones(len(triples)), A_eq=matrix, b_eq=right, bounds=(0, None), method="highs-ds")
    if best.status != 0:
        return None
    chosen = list(np.flatnonzero(best.x > _NOTHING))
    solved = solve_exactly(
        [[columns[k].get(u, Fraction(0)) for k in chosen] for u in used],
        [target.get(u, Fraction(0)) for u in used],
        [Fraction(0)] * len(chosen),
    )
    if solved is None or min(solved, default=Fraction(0)) < 0:
        return None
    return complete(
        setting, space, claim, (), {triples[k]: m for k, m in zip(chosen, solved, strict=True) if m}, {}, {}
    )
