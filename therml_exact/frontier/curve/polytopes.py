"""Inner and outer polytopes of a convex set that is closed upwards, and the largest step between them (nats).

The inner set holds all points above a convex combination of the achieved points v_k. The outer set holds all points
with a_k.v >= b_k, where a_k >= 0 for every k.
The distance from outer to inner is taken in the max norm: the least t such that every outer point raised by t in
every coordinate lies in the inner set. With the facets a.v >= c of the inner set, |a|_1 = 1,

    t = max over facets of [c - min over the outer set of a.v],

so a facet is done when its own direction, or the known half-spaces together, show that c - h(a) <= tol.

Shapes: points v[k, dim]; half-spaces a[k, dim], b[k]; dim is 2 (chords of a chain) or 3 (Qhull, on points' boxes).
Source: G. Rote, The convergence rate of the sandwich algorithm, Computing 48 (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SAME = 1e-11  # nats: points closer than this are one vertex
_FLAT = 1e-9  # of a determinant of rows of size 1: half-spaces that are hardly independent decide nothing


@dataclass(frozen=True)
class Facet:
    """A facet of the inner set: normal.v >= offset for all v of it, with equality at the vertices.

    normal     [coordinate], >= 0, of sum 1, no unit
    offset     nats
    vertices   which points it passes through, by their indices
    """

    normal: tuple[float, ...]
    offset: float
    vertices: tuple[int, ...]


def facets(points: Array) -> list[Facet]:
    """The facets of the inner set whose normals have two positive entries at least; points[k, coordinate] in nats."""
    return _chords(points) if points.shape[1] == 2 else _hull(points)


def least(normal: Array, a: Array, b: Array) -> float:
    """The least normal.v over all v with a v >= b, from a combination of the half-spaces: proved but for rounding."""
    from scipy.optimize import linprog

    # Dual: max b.y with y >= 0 and y a <= normal; any feasible y is a bound, so y is made feasible by scaling.
    found = linprog(-b, A_ub=a.T, b_ub=normal, bounds=(0, None), method="highs")
    if found.x is None:
        return -np.inf
    y = np.maximum(found.x, 0.0)
    over = float(np.max(np.divide(y @ a, normal, out=np.zeros_like(normal), where=normal > 0), initial=1.0))
    if np.any((y @ a > 0) & (normal <= 0)):
        y = np.where((a[:, normal <= 0] > 0).any(axis=1), 0.0, y)
    return float(b @ (y / max(over, 1.0)))


def own_bounds(found: Sequence[Facet], a: Array, b: Array) -> list[float]:
    """Lower bounds of normal.v over all v with a v >= b, for each facet, from the half-spaces at its own vertices.

    Half-space k is the one of point k. With as many vertices as coordinates, y solves sum_k y_k a_k = normal over the
    vertices; where y >= 0 it is feasible in the dual of `least`, so b.y is a bound once rounding is scaled away. Other
    facets have -inf.
    """
    bounds = np.full(len(found), -np.inf)
    dim = a.shape[1]
    here = [k for k, f in enumerate(found) if len(f.vertices) == dim and min(f.normal) > 0]
    if not here:
        return bounds.tolist()
    normals = np.array([found[k].normal for k in here])
    corners = np.array([found[k].vertices for k in here])
    rows = a[corners]  # [facet, vertex, coordinate]
    sizes = np.abs(rows).max(axis=2)
    regular = np.abs(np.linalg.det(rows / np.where(sizes > 0, sizes, 1.0)[:, :, None])) > _FLAT
    if not regular.any():
        return bounds.tolist()
    rows, normals, corners = rows[regular], normals[regular], corners[regular]
    y = np.linalg.solve(rows.transpose(0, 2, 1), normals[:, :, None])[:, :, 0]
    over = (np.einsum("fk,fkd->fd", y, rows) / normals).max(axis=1)
    proved = (b[corners] * y).sum(axis=1) / np.maximum(over, 1.0)
    bounds[np.array(here)[regular]] = np.where((y >= 0).all(axis=1), proved, -np.inf)
    return bounds.tolist()


def _chords(points: Array) -> list[Facet]:
    """The facets in two dimensions: the chords of the lower left convex chain of the points."""
    order = sorted(range(len(points)), key=lambda k: (points[k, 0], points[k, 1]))
    chain: list[int] = []
    for k in order:
        if chain and points[k, 1] >= points[chain[-1], 1] - SAME:
            continue
        while chain and points[k, 0] <= points[chain[-1], 0] + SAME:
            chain.pop()
        while len(chain) > 1:
            first, second = points[chain[-2]], points[chain[-1]]
            turn = (second[0] - first[0]) * (points[k, 1] - first[1]) - (second[1] - first[1]) * (
                points[k, 0] - first[0]
            )
            if turn > 0:
                break
            chain.pop()
        chain.append(k)
    out = []
    for i, j in pairwise(chain):
        normal = np.array([points[i, 1] - points[j, 1], points[j, 0] - points[i, 0]])
        normal /= normal.sum()
        out.append(Facet(tuple(normal.tolist()), float(normal @ points[i]), (i, j)))
    return out


def _hull(points: Array) -> list[Facet]:
    """The facets in three dimensions: of the hull of the points, each also raised to a bound above all of them."""
    from scipy.spatial import ConvexHull

    top = points.max(axis=0) + 1.0
    below = (points[:, None] <= points[None] + SAME).all(axis=2)  # [j, k]: point j is nowhere above point k
    below &= np.triu(np.ones_like(below), 1) | (points[:, None] < points[None] - SAME).any(axis=2)
    kept = np.flatnonzero(~below.any(axis=0)).tolist()
    raised, origin = [], []
    for k in kept:
        for up in product((False, True), repeat=points.shape[1]):
            raised.append(np.where(up, top, points[k]))
            origin.append(k if not any(up) else -1)
    hull = ConvexHull(np.array(raised))
    found: dict[tuple[float, ...], Facet] = {}
    for equation, simplex in zip(hull.equations, hull.simplices, strict=True):
        normal = -equation[:-1]  # inwards
        if normal.min() < -1e-9 or np.count_nonzero(normal > 1e-9) < 2:
            continue
        normal = np.maximum(normal, 0.0)
        normal[normal < 1e-9] = 0.0
        normal /= normal.sum()
        vertices = tuple(sorted({origin[s] for s in simplex} - {-1}))
        if vertices:
            key = tuple(np.round(normal, 9).tolist())
            offset = float(np.min(points[kept] @ normal))
            found.setdefault(key, Facet(tuple(normal.tolist()), offset, vertices))
    return list(found.values())
