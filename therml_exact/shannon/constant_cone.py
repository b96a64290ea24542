"""The constants of a statement (constants.py) as unknowns of the linear program.

    lo base <= c <= hi base      for every constant c but the smallest, base

with lo and hi the neighbours of c/base among the fractions of denominators up to 5000: what the program knows of their
sizes. Whatever constants its multipliers leave over is summed again, and its sign decided exactly (derivation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy import sparse

from therml_exact.shannon.cone import Cone
from therml_exact.shannon.constants import amount, name, size

_DENOMINATOR = 5000


def with_constants(space: Cone, found: Sequence[int]) -> Cone:
    """The cone with an unknown for each constant, and what is known of their sizes."""
    if not found:
        return space
    unknowns, count = space.rows.shape[1], len(found)
    base, ratios = found[0], []
    for k, key in enumerate(found[1:], start=1):
        low, high = neighbours(size(key) / size(base))
        for fraction, sign in ((low, 1), (high, -1)):
            row = {key: Fraction(sign * fraction.denominator), base: Fraction(-sign * fraction.numerator)}
            if amount(row).sign() <= 0:  # never: floats tell these fractions from the ratio
                raise ArithmeticError(f"{name(key)} is not where floats see it")
            ratios.append((k, sign * fraction.denominator, -sign * fraction.numerator))
    extra = sparse.lil_matrix((len(ratios), unknowns + count))
    for row_, (k, own, of_base) in enumerate(ratios):
        extra[row_, unknowns + k], extra[row_, unknowns] = own, of_base
    inner = space.rows.shape[0] - unknowns
    wide = sparse.hstack([space.rows[:inner], sparse.csr_matrix((inner, count))])
    nothing = np.zeros((len(ratios), 3), dtype=space.row_sets.dtype)
    last = np.zeros((count, 3), dtype=space.row_sets.dtype)
    equations = sparse.csr_matrix((space.equations.shape[0], count))
    return replace(
        space,
        rows=sparse.vstack([wide, extra, sparse.identity(unknowns + count)], format="csr"),
        row_sets=np.concatenate([space.row_sets[:inner], nothing, space.row_sets[inner:], last]),
        equations=sparse.hstack([space.equations, equations], format="csr"),
        constants={key: unknowns + k for k, key in enumerate(found)},
    )


def neighbours(ratio: float) -> tuple[Fraction, Fraction]:
    """The fractions next below and above a number among those with small denominators (Stern and Brocot)."""
    low, high = Fraction(int(ratio)), Fraction(int(ratio) + 1)
    while low.denominator + high.denominator <= _DENOMINATOR:
        middle = Fraction(low.numerator + high.numerator, low.denominator + high.denominator)
        low, high = (middle, high) if middle < Fraction(ratio) else (low, middle)
    return low, high
