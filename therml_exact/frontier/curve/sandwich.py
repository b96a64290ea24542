"""The step between the inner and the outer polytope of a sheet (nats).

The inner polytope holds the mixtures of the achieved points and all above them, the outer one what the lower bounds of
the optima do not exclude. A facet a.v >= c of the inner polytope, |a|_1 = 1, lies a step c - min a.v above the outer
one, the minimum over the outer one (polytopes.py). The largest step, in the max norm, is the gap of the sheet.

Shapes: view[coordinate, functional]; normals and points in the view's coordinates.
Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from therml_exact.frontier.curve.half_spaces import Support
from therml_exact.frontier.curve.outer import least
from therml_exact.frontier.curve.polytopes import Facet, facets

Array = np.ndarray[Any, Any]


def steps(view: Array, supports: Sequence[Support]) -> list[tuple[Facet, float]]:
    """The facets of the inner polytope, each with its step to the outer one, in nats."""
    a, b, found = _polytopes(view, supports)
    return [(f, f.offset - bound) for f, bound in zip(found, least(found, a, b).tolist(), strict=True)]


def open_steps(
    view: Array, supports: Sequence[Support], tol: float, done: set[tuple[int, ...]]
) -> list[tuple[Facet, float]]:
    """The facets of the inner polytope with a step of more than tol to the outer one, each with its step, in nats.

    done   the vertices of facets that need no more work; those that are found done are added. More optima only cut
           the outer polytope down, so that a facet which was once within tol stays there
    """
    a, b, found = _polytopes(view, supports)
    todo = [f for f in found if f.vertices not in done]
    above = [(f, f.offset - bound) for f, bound in zip(todo, least(todo, a, b, tol).tolist(), strict=True)]
    # Fewer vertices do not tell a facet from its neighbours.
    done.update(f.vertices for f, step in above if step <= tol and len(f.vertices) == len(view))
    return [(f, step) for f, step in above if step > tol]


def _polytopes(view: Array, supports: Sequence[Support]) -> tuple[Array, Array, list[Facet]]:
    """The half-spaces a.v >= b of the outer polytope, and the facets of the inner one."""
    points = np.array([view @ s.point for s in supports])
    a, b = np.array([coefficients(view, s) for s in supports]), np.array([s.bound for s in supports])
    return a, b, facets(points)


def largest_step(view: Array, supports: Sequence[Support]) -> float:
    """The gap of a sheet, nats: the largest step at a facet, or at the own point of an optimum."""
    if len(supports) == 1:
        return supports[0].optimum.gap
    own = [s.optimum.gap / max(1.0, float(np.sum(s.weights))) for s in supports]
    return max([*own, *(step for _, step in steps(view, supports))])


def coefficients(view: Array, s: Support) -> Array:
    """The direction a[coordinate] with a view = weights, no unit."""
    first = np.argmax(view > 0, axis=1)
    return np.asarray(np.array(s.weights)[first] / view[np.arange(len(view)), first])


def slope(view: Array, s: Support) -> float:
    """The multiplier of the second coordinate of a plane where the first has 1; infinite for the second alone."""
    a = coefficients(view, s)
    return float(a[1] / a[0]) if a[0] > 0 else math.inf
