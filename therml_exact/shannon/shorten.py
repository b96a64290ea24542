"""Shorten: a proof that is an average over the samples' permutations, as one with few terms.

Of the images of the rows that the average uses, those of a vertex of
    min sum lambda,   sum lambda_k A_k = claim modulo the cone's equations,   lambda >= 0
suffice: no more than there are independent ones, and no fractions from the average. The rows are many copies of a few,
so the program is small. Exact as all proofs: what does not add up over the rationals is left as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from therml_exact.shannon.cone import Cone
from therml_exact.shannon.derivation import Derivation, Triple, complete, form_of, joined, narrowed
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import solve_exactly
from therml_exact.shannon.setting import Setting

_MOST_ROWS = 2000
_MOST_MASKS = 3000
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


def with_hypotheses(claim: Form, given: Sequence[tuple[Form, bool]], found: Derivation) -> Derivation | None:
    """A derivation of least sum from the informations of another and all hypotheses, if it has fewer terms."""
    from scipy.optimize import linprog
    from scipy.sparse import csc_matrix, hstack

    triples = list(found.informations)
    loose = [k for k, (_, equality) in enumerate(given) if not equality]
    tight = [k for k, (_, equality) in enumerate(given) if equality]
    order = [*loose, *tight]
    columns = [*(form_of(triple) for triple in triples), *(given[k][0] for k in order)]
    masks = sorted({mask for column in (claim, *columns) for mask in column})
    if len(triples) > _MOST_ROWS or len(masks) > _MOST_MASKS or not columns:
        return None
    place = {mask: k for k, mask in enumerate(masks)}
    entries = [(float(c), place[mask], k) for k, column in enumerate(columns) for mask, c in column.items()]
    values, rows, cols = (np.array(v) for v in zip(*entries, strict=True))
    matrix = csc_matrix((values, (rows, cols)), shape=(len(masks), len(columns)))
    right = np.array([float(claim.get(mask, 0)) for mask in masks])
    # Equations have multipliers of both signs: their columns come twice.
    both = csc_matrix(matrix[:, len(columns) - len(tight) :])
    whole = hstack([matrix, -both], format="csc")
    best = linprog(np.ones(whole.shape[1]), A_eq=whole, b_eq=right, bounds=(0, None), method="highs-ds")
    if best.status != 0:
        return None
    multipliers = best.x[: len(columns)].copy()
    multipliers[len(columns) - len(tight) :] -= best.x[len(columns) :]
    chosen = list(np.flatnonzero(abs(multipliers) > _NOTHING))
    solved = solve_exactly(
        [[columns[k].get(mask, Fraction(0)) for k in chosen] for mask in masks],
        [claim.get(mask, Fraction(0)) for mask in masks],
        [Fraction(0)] * len(chosen),
    )
    signed = len(columns) - len(tight)
    if solved is None or any(m < 0 for k, m in zip(chosen, solved, strict=True) if k < signed):
        return None
    informations = {triples[k]: m for k, m in zip(chosen, solved, strict=True) if k < len(triples) and m}
    hypotheses = {order[k - len(triples)]: m for k, m in zip(chosen, solved, strict=True) if k >= len(triples) and m}
    short = Derivation(joined(informations), {}, {}, hypotheses)
    return short if short.size < found.size else None
