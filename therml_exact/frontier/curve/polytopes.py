"""Inner and outer polytopes of a convex set that is closed upwards, and the largest step between them (nats).

The inner set holds all points above a convex combination of the achieved points v_k. The outer set holds all points
with a_k.v >= b_k, where a_k >= 0 for every k.
The distance from outer to inner is taken in the max norm: the least t such that every outer point raised by t in
every coordinate lies in the inner set. With the facets a.v >= c of the inner set, |a|_1 = 1,

    t = max over facets of [c - min over the outer set of a.v],

so a facet is done when its own direction, or the known half-spaces together (outer.py), show that c - h(a) <= tol.

Shapes: points v[k, dim]; dim is 2 (chords of a chain) or 3 (Qhull, on points' boxes).
Source: G. Rote, The convergence rate of the sandwich algorithm, Computing 48 (1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise, product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SAME = 1e-11  # nats: points closer than this are one vertex


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


def prepare(dim: int) -> None:
    """Load what `facets` needs in this many dimensions."""
    if dim > 2:
        import_module("scipy.spatial")


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
    kept = _lowest(points)
    corners, origin = [points[kept]], [kept]
    for raised in product((False, True), repeat=points.shape[1]):
        if any(raised):  # of points that are raised alike, those count that are lowest in the other coordinates
            up = np.array(raised)
            few = kept[_lowest(points[kept][:, ~up])]
            corners.append(np.where(up, top, points[few]))
            origin.append(np.full(len(few), -1))
    hull = ConvexHull(np.concatenate(corners))
    normals = -hull.equations[:, :-1]  # inwards
    few = np.flatnonzero((normals.min(axis=1) >= -1e-9) & ((normals > 1e-9).sum(axis=1) >= 2))
    normals = np.where(normals[few] < 1e-9, 0.0, normals[few])
    normals /= normals.sum(axis=1, keepdims=True)
    offsets = (normals @ points[kept].T).min(axis=1)
    simplices = np.concatenate(origin)[hull.simplices[few]]
    found: dict[tuple[float, ...], Facet] = {}
    for key, normal, offset, simplex in zip(
        np.round(normals, 9).tolist(), normals.tolist(), offsets.tolist(), simplices.tolist(), strict=True
    ):
        vertices = tuple(sorted(set(simplex) - {-1}))
        if vertices:
            found.setdefault(tuple(key), Facet(tuple(normal), offset, vertices))
    return list(found.values())


def _lowest(points: Array) -> Array:
    """The indices of the points that none is below in every coordinate; of those within SAME of each other, one."""
    order = np.argsort(points.sum(axis=1), kind="stable")
    above = np.triu(np.ones((len(points), len(points)), dtype=bool), 1)  # [j, k]: point k is nowhere below point j
    for x in points[order].T:
        above &= x[:, None] <= x + SAME
    return np.asarray(order[~above.any(axis=0)])
