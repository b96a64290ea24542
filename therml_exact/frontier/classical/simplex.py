"""The least value of a smooth convex function on the probability simplex, by Newton steps with an active set.

    min f(q),   q_z >= 0,  sum_z q_z = 1

A step minimises the quadratic model of f at q over the simplex: the letters with q_z > 0 are free, a free letter that
meets 0 is fixed there, and a fixed letter whose derivative is below the multiplier of the sum is freed. The step is
then halved until f falls. Near the optimum the steps converge quadratically, where alternating minimisation (Arimoto
1972; Blahut 1972) needs a number of steps that grows like the inverse of the gap.

The optimum is judged by the caller, whose `gap` is a proved bound of f(q) - min f.

Errors: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Reason
from therml_exact.numbers.tables import Array

MOST_STEPS = 500
RIDGE = 1e-14  # relative to each letter's own curvature; letters that are alike make the model flat
NOISE = 2e-15  # relative: what rounding does to the value
PATIENCE = 5  # steps in which the gap has not fallen
SUFFICIENT = 1e-4  # of the fall that the slope promises (Armijo)


class Local(NamedTuple):
    """What is known of f at a point: its value, its derivatives by letter, and its curvature (a matrix)."""

    value: float
    slopes: Array
    curvature: Array


def minimize_on_simplex(
    look: Callable[[Array], Local],
    value: Callable[[Array], float],
    gap: Callable[[Array, Local], float],
    q: Array,
    tol: float,
    deadline: float,
) -> tuple[Array, Reason]:
    """The best point that was found, and why the search stopped.

    look       value, slopes and curvature at a point of the simplex
    value      the value alone
    gap        a bound of value - minimum at a point, in the units of the value
    q          where to begin, a point of the simplex
    tol        the gap at which the search stops
    deadline   when it stops at the latest, seconds of the monotonic clock

    >>> target = np.array([0.25, 0.75, -0.5])  # its projection on the simplex is (1/4, 3/4, 0)
    >>> f = lambda q: 0.5 * float(((q - target) ** 2).sum())
    >>> look = lambda q: Local(f(q), q - target, np.eye(3))
    >>> flat = lambda q, at: float(at.slopes @ q - at.slopes.min())
    >>> best, reason = minimize_on_simplex(look, f, flat, np.full(3, 1 / 3), 1e-12, float("inf"))
    >>> best.round(6).tolist(), reason
    ([0.25, 0.75, 0.0], 'closed')
    """
    best, least, since = q, np.inf, 0
    for _ in range(MOST_STEPS):
        at = look(q)
        open_ = gap(q, at)
        best, least, since = (q, open_, 0) if open_ < least else (best, least, since + 1)
        if least <= tol:
            return best, "closed"
        if now() > deadline:
            return best, "time"
        towards = _model_minimum(q, at)
        fall = float(at.slopes @ (towards - q))
        noise = NOISE * (1 + abs(at.value))  # letters of tiny probability move the gap, and not the value
        step = 1.0
        while value(q + step * (towards - q)) > at.value + SUFFICIENT * step * fall + noise and step > 1e-12:
            step /= 2
        there = np.maximum(q + step * (towards - q), 0.0)
        if since >= PATIENCE or np.array_equal(there, q):
            break
        q = there / there.sum()
    return best, "rounding"


def _model_minimum(q: Array, at: Local) -> Array:
    """The least point of the quadratic model at q on the simplex."""
    own = np.diag(at.curvature)
    curvature = at.curvature + RIDGE * np.diag(np.maximum(own, 1e-30 * own.max() + 1e-300))
    y, free = q.copy(), q > 0
    free[int(np.argmin(at.slopes))] = True
    for _ in range(4 * len(q) + 10):
        slopes = at.slopes + curvature @ (y - q)
        index = np.flatnonzero(free)
        step, level = _free_step(curvature[np.ix_(index, index)], slopes[index])
        falling = step < 0
        reach = np.full(len(index), np.inf)
        reach[falling] = -y[index][falling] / step[falling]
        first = int(np.argmin(reach))
        if reach[first] < 1:
            y[index] = np.maximum(y[index] + reach[first] * step, 0.0)
            y[index[first]] = 0.0
            free[index[first]] = False
            continue
        y[index] = np.maximum(y[index] + step, 0.0)
        slopes = at.slopes + curvature @ (y - q)
        slopes[free] = np.inf
        least = int(np.argmin(slopes))
        if not slopes[least] < level - 1e-14 * (1 + abs(level)):
            break
        free[least] = True
    return np.asarray(y / y.sum())


def _free_step(curvature: Array, slopes: Array) -> tuple[Array, float]:
    """The step of the free letters to the least point of the model with their sum kept, and the multiplier there."""
    both = np.linalg.solve(curvature, np.column_stack([slopes, np.ones(len(slopes))]))
    level = float(both[:, 0].sum() / both[:, 1].sum())
    return level * both[:, 1] - both[:, 0], level
