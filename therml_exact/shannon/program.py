"""The linear program: multipliers of a proof, or a polymatroid that breaks the claim. Both exact.

    claim c.h >= 0 on the cone {A h >= 0, E h = 0}:    either c = A^T lambda + E^T mu, lambda >= 0    (Farkas)
                                                       or some h of the cone has c.h < 0

HiGHS minimises c.h over the cone cut by 0 <= h <= 1: the simplex method with rows added as they are violated, and
interior points on all rows where it stalls. Its floats only propose:
multipliers are solved for over the rationals on their support and must add up exactly, points are rounded to
fractions and must satisfy every row exactly.

Near a tie (c off by 1e-12, say) floats see nothing. Then iterative refinement (Gleixner, Steffy & Wolter 2016): with
lambda >= 0 rational and r = c - A^T lambda - E^T mu, eps = max |r|,
    c = A^T (lambda - eps k) + eps c',   c' = A^T k + r/eps,   k = min(lambda/eps, CAP) >= 0,
and c' goes to HiGHS: what decides is now of order 1. A proof of c' is one of c; a point of c' is checked against c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, lcm
from time import monotonic
from typing import Any

import numpy as np
from scipy import sparse

from therml_exact.numbers.tables import Array
from therml_exact.shannon.cone import Cone

_FIRST = 200  # rows of the first program
_NOTHING = 1e-9  # what a float program cannot tell from 0
_MOST_STEPS = 2000  # of the simplex method
_MANY = 60  # multipliers for which a shorter proof is sought
_MOST_SUPPORT = 400  # multipliers solved for exactly
_CLEAR = 1e-6  # what floats cannot take for 0
_INWARD = 1e-3
_LEVELS = 8
_CAP = 1000
_MOST_UNKNOWNS = 130  # of a corner solved for exactly
_MOST_ACTIVE = 2000  # rows that hold with equality there
_TIGHT = 1e-8
_MOST_STEPWISE = 40  # of a corner found row by row
_DENOMINATORS = (1, 60, 2520, 10**5)

Sparse = dict[int, Fraction]


@dataclass(frozen=True)
class Answer:
    """Multipliers of rows, equations and hypotheses, or a point of the cone; neither if exactness was not reached."""

    rows: Sparse | None = None
    equations: Sparse | None = None
    hypotheses: Sparse | None = None
    point: tuple[Fraction, ...] | None = None


def decide(cone: Cone, claim: Sparse, hypotheses: Sequence[tuple[Sparse, bool]] = (), deadline: float = inf) -> Answer:
    """Prove claim >= 0 on the cone where the hypotheses (form, equality?) hold, or find a point that breaks it.

    Neither is tried after `deadline`, a time of time.monotonic.
    """
    program = _Program(cone, hypotheses, deadline)
    current, eps, kept = claim, Fraction(1), Sparse()
    for _ in range(_LEVELS):
        proposed, point = program.solve(current)
        if monotonic() > deadline:
            break
        exact = program.exact_point(point, claim) or program.corner(point, claim)
        if exact is None and current is claim and program.value(claim, point) < -_CLEAR:
            exact = program.exact_point(program.inward(point), claim, (2**30,))
            if exact is None:
                return Answer()
        if exact is not None:
            return Answer(point=exact)
        multipliers = {k: kept.get(k, Fraction(0)) + eps * proposed.get(k, Fraction(0)) for k in {*kept, *proposed}}
        found = program.exact_multipliers(multipliers, claim)
        if found is not None:
            return program.answer(found)
        current, eps, kept = program.refined(multipliers, claim)
        if not current:
            break
    return Answer()


class _Program:
    """Rows below m are inequalities (the cone's, then hypotheses), the others equations, in the same order."""

    def __init__(self, cone: Cone, hypotheses: Sequence[tuple[Sparse, bool]], deadline: float) -> None:
        self.cone = cone
        self.deadline = deadline
        self.unknowns = cone.rows.shape[1]
        self.given = hypotheses
        self.loose = [k for k, (_, equality) in enumerate(hypotheses) if not equality]
        self.tight = [k for k, (_, equality) in enumerate(hypotheses) if equality]
        self.inequalities = sparse.vstack([cone.rows, self._matrix(self.loose)], format="csr")
        self.equations = sparse.vstack([cone.equations, self._matrix(self.tight)], format="csr")
        self.m = self.inequalities.shape[0]

    def _matrix(self, chosen: Sequence[int]) -> Any:
        matrix = sparse.lil_matrix((len(chosen), self.unknowns))
        for row, k in enumerate(chosen):
            for column, c in self.given[k][0].items():
                matrix[row, column] = float(c)
        return matrix.tocsr()

    # ---- floats

    def solve(self, claim: Sparse) -> tuple[Sparse, Array]:
        """HiGHS's multipliers (as fractions) and its point, rows added as they are violated."""
        from scipy.optimize import linprog

        top = max((abs(c) for c in claim.values()), default=Fraction(1))
        cost = np.zeros(self.unknowns)
        for column, c in claim.items():
            cost[column] = float(c / top)
        active = self._first(cost)
        inner = self.cone.rows.shape[0]
        equal = {"A_eq": self.equations, "b_eq": np.zeros(self.equations.shape[0])} if self.equations.shape[0] else {}
        while True:
            chosen = np.flatnonzero(active)
            part = self.inequalities[chosen]
            right = np.zeros(len(chosen))
            most = {"maxiter": _MOST_STEPS} | self.time_left()
            found = linprog(cost, A_ub=-part, b_ub=right, bounds=(0, 1), method="highs-ds", options=most, **equal)
            if found.status == 1 and not active.all():
                # The simplex method stalls at degenerate corners; interior points do not, and take all rows at once.
                active[:] = True
                chosen = np.arange(self.m)
                part, right = self.inequalities, np.zeros(self.m)
                found = linprog(cost, A_ub=-part, b_ub=right, bounds=(0, 1), method="highs-ipm",
                                options=self.time_left(), **equal)  # fmt: skip
            if found.status != 0:
                return {}, np.zeros(self.unknowns)
            slack = self.inequalities @ found.x
            broken = np.flatnonzero((slack < -_NOTHING) & ~active)
            if found.fun > -_NOTHING or not len(broken):
                break
            more = max(_FIRST, len(chosen) // 2)
            active[broken[np.argsort(slack[broken], kind="stable")[:more]]] = True
        values = -found.ineqlin.marginals
        multipliers = {int(chosen[k]): _near(values[k]) * top for k in np.flatnonzero(values > _NOTHING)}
        values = found.lower.marginals  # of h(S) >= 0, the cone's last rows
        multipliers |= {
            inner - self.unknowns + int(k): _near(values[k]) * top for k in np.flatnonzero(values > _NOTHING)
        }
        if equal:
            values = found.eqlin.marginals
            multipliers |= {self.m + int(k): _near(values[k]) * top for k in np.flatnonzero(abs(values) > _NOTHING)}
        if len(multipliers) > _MANY and found.fun > -_NOTHING:
            multipliers = self.least(cost, top) or multipliers
        return multipliers, found.x

    def least(self, cost: Array, top: Fraction) -> Sparse:
        """A proof of least sum, over all rows: few multipliers where a corner has hundreds."""
        from scipy.optimize import linprog

        matrix = sparse.vstack([self.inequalities, self.equations, -self.equations], format="csr").T
        found = linprog(np.ones(matrix.shape[1]), A_eq=matrix, b_eq=cost, bounds=(0, None), method="highs-ds",
                        options=self.time_left())  # fmt: skip
        if found.status != 0:
            return {}
        values, extra = found.x[: matrix.shape[1] - self.equations.shape[0]].copy(), found.x[self.m :]
        values[self.m :] -= extra[self.equations.shape[0] :]
        return {int(k): _near(values[k]) * top for k in np.flatnonzero(abs(values) > _NOTHING)}

    def time_left(self) -> dict[str, float]:
        """HiGHS's option."""
        return {} if self.deadline == inf else {"time_limit": max(0.0, self.deadline - monotonic())}

    def _first(self, cost: Array) -> Array:
        """The rows that share most with the claim, and all hypotheses."""
        active = np.zeros(self.m, dtype=bool)
        inner = self.cone.rows.shape[0]
        pattern = self.cone.rows[:, np.flatnonzero(cost)]
        share = np.diff(pattern.indptr) / np.diff(self.cone.rows.indptr)
        active[np.argsort(-share[: inner - self.unknowns], kind="stable")[:_FIRST]] = True
        active[inner:] = True
        return active

    # ---- exact

    def row(self, k: int) -> Sparse:
        """A row or equation, exactly."""
        if k < self.m:
            matrix, inside, chosen = self.cone.rows, k, self.loose
        else:
            matrix, inside, chosen = self.cone.equations, k - self.m, self.tight
        if inside >= matrix.shape[0]:
            return self.given[chosen[inside - matrix.shape[0]]][0]
        low, high = matrix.indptr[inside], matrix.indptr[inside + 1]
        return {int(c): Fraction(int(v)) for c, v in zip(matrix.indices[low:high], matrix.data[low:high], strict=True)}

    def rest(self, multipliers: Sparse, claim: Sparse) -> Sparse:
        """The claim less the sum of multiples."""
        total = dict(claim)
        for k, m in multipliers.items():
            for column, c in self.row(k).items():
                total[column] = total.get(column, Fraction(0)) - m * c
        return {column: c for column, c in total.items() if c}

    def signed(self, multipliers: Sparse) -> bool:
        """Whether those of inequalities are nonnegative."""
        return all(m >= 0 for k, m in multipliers.items() if k < self.m)

    def exact_multipliers(self, proposed: Sparse, claim: Sparse) -> Sparse | None:
        """Multipliers near the proposed ones that add up to the claim exactly and have the right signs."""
        simple = {k: v.limit_denominator(1000) for k, v in proposed.items()}
        if not self.rest(simple, claim):
            return simple if self.signed(simple) else None
        if len(proposed) > _MOST_SUPPORT:
            return None
        order = sorted(proposed, key=lambda k: -abs(proposed[k]))
        rows = {k: self.row(k) for k in order}
        columns = sorted({c for row in rows.values() for c in row})
        if any(c not in columns for c in claim):
            return None
        solved = solve_exactly([[rows[k].get(c, Fraction(0)) for k in order] for c in columns],
                        [claim.get(c, Fraction(0)) for c in columns], [proposed[k] for k in order])  # fmt: skip
        if solved is None:
            return None
        found = {k: v for k, v in zip(order, solved, strict=True) if v}
        return found if self.signed(found) and not self.rest(found, claim) else None

    def value(self, claim: Sparse, point: Array) -> float:
        """The claim at a point, its largest coefficient taken as 1."""
        top = max((abs(c) for c in claim.values()), default=Fraction(1))
        return sum(float(c / top) * float(point[column]) for column, c in claim.items())

    def inward(self, point: Array) -> Array:
        """A point moved a little to where every inequality is strict, so that it may be rounded to any fractions."""
        from scipy.optimize import linprog

        cost = np.zeros(self.unknowns + 1)
        cost[-1] = -1
        matrix = sparse.hstack([-self.inequalities, np.ones((self.m, 1))], format="csr")
        inner = linprog(cost, A_ub=matrix, b_ub=np.zeros(self.m), bounds=(0, 1), method="highs-ipm",
                        options=self.time_left())  # fmt: skip
        return point if inner.status else point + _INWARD * (inner.x[:-1] - point)

    def exact_point(
        self, point: Array, claim: Sparse, denominators: Sequence[int] = _DENOMINATORS
    ) -> tuple[Fraction, ...] | None:
        """A rational point near the float one that lies in the cone and has claim < 0."""
        if not point.any():
            return None
        for denominator in denominators:
            rounded = [_simple(float(v), denominator) for v in point]
            if lcm(*(v.denominator for v in rounded)) > 2**40:
                return None
            if self._breaks(rounded, claim):
                return tuple(rounded)
        return None

    def corner(self, point: Array, claim: Sparse) -> tuple[Fraction, ...] | None:
        """The rational point that satisfies with equality what the float one nearly does."""
        tight = np.flatnonzero(self.inequalities @ point < _TIGHT)
        if not point.any() or self.unknowns > _MOST_UNKNOWNS or len(tight) > _MOST_ACTIVE:
            return None
        full = np.flatnonzero(point > 1 - _TIGHT).tolist()
        rows = [self.row(int(k)) for k in (*tight, *range(self.m, self.m + self.equations.shape[0]))]
        rows += [{k: Fraction(1)} for k in full]
        right = [Fraction(0)] * (len(rows) - len(full)) + [Fraction(1)] * len(full)
        matrix = [[row.get(k, Fraction(0)) for k in range(self.unknowns)] for row in rows]
        near = [_simple(float(v), 2520) for v in point]
        solved = solve_exactly(matrix, right, near)
        if solved is None and self.unknowns <= _MOST_STEPWISE:
            # Where a hypothesis is nearly tight, rows that floats cannot tell from tight contradict each other.
            slack = self.inequalities @ point
            first = sorted(range(len(rows)), key=lambda k: self._late(k, tight, slack))
            solved = solve_stepwise([rows[k] for k in first], [right[k] for k in first], near)
        return tuple(solved) if solved is not None and self._breaks(solved, claim) else None

    def _late(self, k: int, tight: Array, slack: Array) -> tuple[int, float]:
        """Equations, full sets and hypotheses first, then rows by their slack."""
        if k >= len(tight) or tight[k] >= self.cone.rows.shape[0]:
            return 0, 0.0
        return 1, float(slack[tight[k]])

    def _breaks(self, point: Sequence[Fraction], claim: Sparse) -> bool:
        """Whether a rational point lies in the cone, keeps the hypotheses and has claim < 0."""
        common = lcm(*(v.denominator for v in point))
        kind = np.int64 if common <= 2**40 and max(point) <= 2 else object
        values = np.array([int(v * common) for v in point], dtype=kind)
        return (
            sum((c * point[column] for column, c in claim.items()), start=Fraction(0)) < 0
            and all(v >= 0 for v in _times(self.cone.rows, values))
            and not any(_times(self.cone.equations, values))
            and all(self._holds(k, point) for k in range(len(self.given)))
        )

    def _holds(self, k: int, point: Sequence[Fraction]) -> bool:
        form, equality = self.given[k]
        value = sum((c * point[column] for column, c in form.items()), start=Fraction(0))
        return value == 0 if equality else value >= 0

    # ---- refinement

    def refined(self, multipliers: Sparse, claim: Sparse) -> tuple[Sparse, Fraction, Sparse]:
        """c', eps, and lambda - eps k: the part of the multipliers that is not sent to HiGHS again."""
        rest = self.rest(multipliers, claim)
        eps = max((abs(c) for c in rest.values()), default=Fraction(0))
        if not eps:
            return {}, eps, {}
        kept = {k: m if k >= self.m else m - min(m, eps * _CAP) for k, m in multipliers.items()}
        total = {column: c / eps for column, c in rest.items()}
        for k, m in multipliers.items():
            for column, c in self.row(k).items():
                total[column] = total.get(column, Fraction(0)) + (m - kept[k]) / eps * c
        return {column: c for column, c in total.items() if c}, eps, kept

    def answer(self, multipliers: Sparse) -> Answer:
        """Multipliers told apart by what they multiply."""
        rows, equations, hypotheses = {}, {}, {}
        inner, outer = self.cone.rows.shape[0], self.cone.equations.shape[0]
        for k, m in multipliers.items():
            if not m:
                continue
            if k < inner:
                rows[k] = m
            elif k < self.m:
                hypotheses[self.loose[k - inner]] = m
            elif k < self.m + outer:
                equations[k - self.m] = m
            else:
                hypotheses[self.tight[k - self.m - outer]] = m
        return Answer(rows, equations, hypotheses)


def _times(matrix: Any, values: Array) -> Array:
    """An integer matrix without empty rows times integers of any size."""
    whole = matrix.data.astype(np.int64).astype(values.dtype)
    if not matrix.shape[0]:
        return values[:0]
    return np.asarray(np.add.reduceat(whole * values[matrix.indices], matrix.indptr[:-1]))


def _near(value: float) -> Fraction:
    """A float as a fraction; a simple one where it is as near as floats can tell."""
    exact = Fraction(float(value))
    simple = exact.limit_denominator(5040)
    return simple if abs(simple - exact) < Fraction(1, 10**10) else exact


def _simple(value: float, denominator: int) -> Fraction:
    """The nearest fraction of a denominator up to the one given; for powers of two, of exactly that one."""
    if denominator & (denominator - 1) == 0:
        return Fraction(round(value * denominator), denominator)
    return Fraction(value).limit_denominator(denominator)


def solve_exactly(matrix: list[list[Fraction]], right: list[Fraction], near: list[Fraction]) -> list[Fraction] | None:
    """A solution of matrix x = right over the rationals; free unknowns take their values from `near`."""
    from flint import fmpq, fmpq_mat

    width = len(near)
    entries = [fmpq(v.numerator, v.denominator) for row, b in zip(matrix, right, strict=True) for v in (*row, b)]
    reduced, rank = fmpq_mat(len(matrix), width + 1, entries).rref()
    pivots = []
    for r in range(rank):
        pivot = next(c for c in range(width + 1) if reduced[r, c] != 0)
        if pivot == width:
            return None
        pivots.append(pivot)
    solution = list(near)
    free = [c for c in range(width) if c not in pivots]
    for r, pivot in enumerate(pivots):
        value = _fraction(reduced[r, width])
        for c in free:
            if reduced[r, c] != 0:
                value -= _fraction(reduced[r, c]) * solution[c]
        solution[pivot] = value
    return solution


def solve_stepwise(rows: Sequence[Sparse], right: Sequence[Fraction], near: list[Fraction]) -> list[Fraction]:
    """A solution of the rows in their order, without those that contradict rows before them."""
    pivots: dict[int, tuple[Sparse, Fraction]] = {}
    for row, value in zip(rows, right, strict=True):
        left, rest = dict(row), value
        for pivot, (known, known_value) in pivots.items():
            if c := left.get(pivot):
                rest -= c * known_value
                for column, d in known.items():
                    left[column] = left.get(column, Fraction(0)) - c * d
        left = {column: c for column, c in left.items() if c}
        if left:
            pivot = min(left)
            scale = left[pivot]
            pivots[pivot] = {column: c / scale for column, c in left.items()}, rest / scale
    solution = list(near)
    for pivot, (row, value) in reversed(pivots.items()):
        solution[pivot] = value - sum(
            (c * solution[column] for column, c in row.items() if column != pivot), start=Fraction(0)
        )
    return solution


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))
