"""Exact multipliers of a Shannon program: a proof of its bound, whatever ties the program has (nats).

    max b.lambda   over lambda >= 0,  A' lambda = c      (columns of A': the cone's rows, and caps on entropies)

HiGHS solves the dual of it, min c.h over A h >= b, in floats; lambda is then solved for over the rationals on the
support that its marginals propose. Near a tie (delta + gamma = 1 - 1e-17, say) that support is wrong: the tie is
decided by digits of c that floats do not see. Iterative refinement shows them: with lambda >= 0 and r = c - A' lambda,
eps = max |r|,

    c = A' (lambda - eps k) + eps c',     c' = A' k + r/eps,     k = min(lambda/eps, CAP) >= 0,

and c' goes to HiGHS over the same A h >= b; what decides is of order 1 there.
Errors: none of its own.
Source: A. Gleixner, D. Steffy, K. Wolter, Iterative refinement for linear programming (2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.shannon.program import solve_exactly

Sparse = dict[int, Fraction]

LEVELS = 8
_CAP = 1000
_NOTHING = 1e-9  # what a float program cannot tell from 0
_FINE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


@dataclass(frozen=True, eq=False)
class Program:
    """Columns of A' as exact forms over the entropies that are not known, with the right hand sides b in floats."""

    columns: Sequence[Sparse]
    matrix: Any  # csr, the same in floats
    right: np.ndarray[Any, Any]


def exact_multipliers(program: Program, target: Mapping[int, Fraction]) -> Sparse | None:
    """The lambda >= 0 with A' lambda = target, exactly, optimal as far as floats tell; None if no level was enough."""
    eps, kept = max(map(abs, target.values()), default=Fraction(1)), Sparse()
    current = {column: c / eps for column, c in target.items()}
    for _ in range(LEVELS):
        proposed = _proposed(program, current)
        if proposed is None:
            return None
        near = {k: kept.get(k, Fraction(0)) + eps * proposed.get(k, Fraction(0)) for k in {*kept, *proposed}}
        found = _on_support(program, near, target)
        if found is not None:
            return found
        rest = dict(target)
        for k, m in near.items():
            add(rest, program.columns[k], -m)
        eps = max(map(abs, rest.values()), default=Fraction(0))
        if not eps:
            return None
        kept = {k: m - min(m, eps * _CAP) for k, m in near.items()}
        current = {column: c / eps for column, c in rest.items()}
        for k, m in near.items():
            add(current, program.columns[k], (m - kept[k]) / eps)
    return None


def _proposed(program: Program, target: Sparse) -> Sparse | None:
    """HiGHS's multipliers."""
    from scipy.optimize import linprog

    cost = np.zeros(program.matrix.shape[1])
    for column, c in target.items():
        cost[column] = float(c)
    for method in ("highs-ds", "highs-ipm"):
        found = linprog(
            cost, A_ub=-program.matrix, b_ub=-program.right, bounds=(None, None), method=method, options=_FINE
        )
        if found.status == 0:
            values = -found.ineqlin.marginals
            return {int(k): Fraction(float(values[k])) for k in np.flatnonzero(values > _NOTHING)}
    return None


def _on_support(program: Program, near: Sparse, target: Mapping[int, Fraction]) -> Sparse | None:
    """Nonnegative multipliers of the rows in `near` that add up to the target exactly."""
    chosen = [k for k, m in near.items() if m > 0]
    columns = [program.columns[k] for k in chosen]
    need = sorted({c for column in columns for c in column} | set(target))
    solved = solve_exactly(
        [[column.get(c, Fraction(0)) for column in columns] for c in need],
        [target.get(c, Fraction(0)) for c in need],
        [near[k] for k in chosen],
    )
    if solved is None or any(v < 0 for v in solved):
        return None
    return {k: v for k, v in zip(chosen, solved, strict=True) if v}


def add(total: Sparse, form: Mapping[int, Fraction], scale: Fraction) -> None:
    """Add scale times a form to a total, without zeros."""
    for key, c in form.items():
        value = total.get(key, Fraction(0)) + scale * c
        if value:
            total[key] = value
        else:
            total.pop(key, None)
