"""Uniform proofs: what is proved for three samples, for more of them, without the cone of all variables.

    claim symmetric in the samples;   a proof for N = 3 has rows I(A;B|C)
    a sample's role in a row: which of its variables stand in A, B and C
    candidates for N: every row in which each sample has one of the roles of a row for N = 3
    min sum lambda,   claim = sum lambda_k row_k + sum mu_k independence_k,   h(S) = h(gS) for permutations g of samples

A chain rule over the samples has the same roles for every N: before, now, after. Rows of 17 or 20 variables need no
table of all sets here. What is found is an average over the permutations, written out and exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, permutations
from math import inf
from typing import Any

import numpy as np

from therml_exact.shannon.derivation import Derivation, Triple, form_of, ordered
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import solve_exactly
from therml_exact.shannon.setting import Setting

MODEL = 3  # samples of the proof that is followed
_MOST_ROWS = 20_000
_NOTHING = 1e-9

Role = tuple[int, ...]
"""Of each variable of a sample: 1, 2, 4 where it stands in A, B, C, added up."""


def follow(
    setting: Setting, claim: Form, model: Setting, found: Derivation, time_left: float = inf
) -> Derivation | None:
    """A proof for the setting's N along one for the model's; None if there is none of this kind."""
    if not _symmetric(setting, claim):
        return None
    informations = list(dict.fromkeys(t for row in found.informations for t in _kin(row, model, setting)))
    independences = list(
        dict.fromkeys(t for row in found.independences for t in _kin(row, model, setting) if _separated(setting, t))
    )
    rows = [*informations, *independences]
    if not rows or len(rows) > _MOST_ROWS:
        return None
    canonical: dict[int, int] = {}

    def averaged(form: Mapping[int, Fraction]) -> Form:
        total: Form = {}
        for mask, c in form.items():
            if mask not in canonical:
                canonical[mask] = _least(setting, mask)
            key = canonical[mask]
            total[key] = total.get(key, Fraction(0)) + c
        return {mask: c for mask, c in total.items() if c}

    columns = [averaged(form_of(row)) for row in rows]
    multipliers = _multipliers(columns, len(informations), averaged(claim), time_left)
    if multipliers is None:
        return None
    spread: tuple[dict[Triple, Fraction], dict[Triple, Fraction]] = ({}, {})
    for k, m in multipliers.items():
        images = _images(setting, rows[k])
        kind = spread[k >= len(informations)]
        for image in images:
            kind[image] = kind.get(image, Fraction(0)) + m / len(images)
    return Derivation(*spread, {}, {})


def _multipliers(columns: Sequence[Form], signed: int, claim: Form, time_left: float) -> dict[int, Fraction] | None:
    """Of least sum, exact; the first `signed` are nonnegative."""
    from scipy.optimize import linprog
    from scipy.sparse import csc_matrix, hstack

    masks = sorted({mask for form in (claim, *columns) for mask in form})
    place = {mask: k for k, mask in enumerate(masks)}
    entries = [(float(c), place[mask], k) for k, form in enumerate(columns) for mask, c in form.items()]
    values, rows, cols = (np.array(v) for v in zip(*entries, strict=True))
    matrix = csc_matrix((values, (rows, cols)), shape=(len(masks), len(columns)))
    right = np.array([float(claim.get(mask, 0)) for mask in masks])
    whole = hstack([matrix, -matrix[:, signed:]], format="csc")
    options: dict[str, Any] = {} if time_left == inf else {"time_limit": max(0.0, time_left)}
    best = linprog(
        np.ones(whole.shape[1]), A_eq=whole, b_eq=right, bounds=(0, None), method="highs-ds", options=options
    )
    if best.status != 0:
        return None
    x = best.x[: len(columns)].copy()
    x[signed:] -= best.x[len(columns) :]
    chosen = [int(k) for k in np.flatnonzero(abs(x) > _NOTHING)]
    solved = solve_exactly(
        [[columns[k].get(mask, Fraction(0)) for k in chosen] for mask in masks],
        [claim.get(mask, Fraction(0)) for mask in masks],
        [Fraction(0)] * len(chosen),
    )
    if solved is None or any(m < 0 for k, m in zip(chosen, solved, strict=True) if k < signed):
        return None
    return {k: m for k, m in zip(chosen, solved, strict=True) if m}


def _roles(setting: Setting, row: Triple) -> tuple[list[Role], dict[str, int]]:
    """The role of each sample, and of the variables of none."""
    of = {name: sum(w for w, part in zip((1, 2, 4), row, strict=True) if part >> k & 1)
          for k, name in enumerate(setting.names)}  # fmt: skip
    samples = [tuple(of[name] for name in own) for own in setting.samples]
    inside = {name for own in setting.samples for name in own}
    return samples, {name: w for name, w in of.items() if name not in inside}


def _kin(row: Triple, model: Setting, setting: Setting) -> Iterator[Triple]:
    """The rows for more samples with the roles of a row of the model."""
    samples, others = _roles(model, row)
    for roles in combinations_with_replacement(sorted(set(samples)), len(setting.samples)):
        triple = _row(setting, roles, others)
        if triple[0] and triple[1]:
            yield triple


def _row(setting: Setting, roles: Sequence[Role], others: Mapping[str, int]) -> Triple:
    of = dict(others)
    for own, role in zip(setting.samples, roles, strict=True):
        of |= dict(zip(own, role, strict=True))
    a, b, c = (setting.mask([name for name, w in of.items() if w & part]) for part in (1, 2, 4))
    return ordered(a, b, c)


def _images(setting: Setting, row: Triple) -> list[Triple]:
    """A row after every permutation of the samples, each image once."""
    samples, others = _roles(setting, row)
    return sorted({_row(setting, roles, others) for roles in set(permutations(samples))})


def _least(setting: Setting, mask: int) -> int:
    """The set with its samples in order: one for all permutations."""
    samples, others = _roles(setting, (mask, 0, 0))
    return max(_row(setting, sorted(samples), others))


def _symmetric(setting: Setting, claim: Form) -> bool:
    """Whether a form stays the same when two samples next to each other change places."""
    for one, two in zip(setting.samples, setting.samples[1:], strict=False):
        swap = dict(zip((*one, *two), (*two, *one), strict=True))
        moved = {setting.mask([swap.get(v, v) for v in setting.members(mask)]): c for mask, c in claim.items()}
        if moved != claim:
            return False
    return True


def _separated(setting: Setting, row: Triple) -> bool:
    a, b, c = (setting.members(part) for part in row)
    return setting.graph is not None and not row[0] & row[1] and setting.graph.separated(a, b, c)
