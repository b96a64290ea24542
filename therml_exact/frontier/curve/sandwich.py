"""The step between the inner and the outer polytope of a sheet (nats).

Inner: mixtures of the achieved points. Outer: what the lower bounds of the optima leave. A facet of the inner polytope
lies a step c - h(a) above the outer one (polytopes.py); the largest step, in the max norm, is the gap of the sheet.

Shapes: view[coordinate, functional]; normals and points in the view's coordinates.
Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from therml_exact.frontier.curve.half_spaces import Support
from therml_exact.frontier.curve.polytopes import Facet, facets, least

Array = np.ndarray[Any, Any]


def steps(view: Array, supports: Sequence[Support]) -> list[tuple[Facet, float]]:
    """The facets of the inner polytope, each with its distance to the outer one."""
    points = np.array([view @ s.point for s in supports])
    a, b = np.array([coefficients(view, s) for s in supports]), np.array([s.bound for s in supports])
    return [(f, f.offset - least(np.array(f.normal), a, b)) for f in facets(points)]


def largest_step(view: Array, supports: Sequence[Support]) -> float:
    """The gap: the largest step at a facet, or at an optimum's own point."""
    if len(supports) == 1:
        return supports[0].optimum.gap
    at_optima = max(s.optimum.gap / max(1.0, float(np.sum(s.weights))) for s in supports)
    return max([step for _, step in steps(view, supports)] + [at_optima])


def coefficients(view: Array, s: Support) -> Array:
    """The direction a in the view with a view = weights."""
    first = np.argmax(view > 0, axis=1)
    return np.asarray(np.array(s.weights)[first] / view[np.arange(len(view)), first])


def slope(view: Array, s: Support) -> float:
    """The multiplier of the second coordinate of a plane, the first having 1; infinite for the second alone."""
    a = coefficients(view, s)
    return float(a[1] / a[0]) if a[0] > 0 else math.inf
