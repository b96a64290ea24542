"""sigma = 0: the vertices of a Minkowski sum, in exact arithmetic (nats).

    min over rules of f(m),   f concave,   m = sum_t p(t) sum_theta p(theta|t) m[t, theta]

The set of all m is the Minkowski sum over types of the polytopes p(t) conv_theta m[t, theta]. A concave function is
least at one of its vertices, and a vertex is the unique minimiser of w.m for an open set of directions w: the rule is
theta(t) = argmin w.m[t, theta], deterministic. Which w give the same rule is decided by the signs of w.d, d the
differences of two points of one type, so that one direction from each cell of the arrangement {w.d = 0} is enough:

    two coordinates   between neighbours of the normals of the differences, sorted by angle
    more              every vertex lies on an edge, parallel to some d. Project along d; for each direction w' found for
                      the projected points (orthogonal to d) a vertex is the one end or the other: w' times a large
                      number, plus or minus a coordinate that d moves

p(t) does not enter: the directions depend on counts and encoders only, so that there are polynomially many,
O(K^(dim - 1)) for K distinct differences, against |Theta|^types rules. The points are integers after scaling, so that
equality and order are exact. The objective must be a function of m alone, without the noise l (problem.py): every
encoder is a map, so that l = 0, or rho = 0, so that l has no weight.

Errors: none; None where the directions would be more than MOST.
Source: P. Gritzmann and B. Sturmfels, Minkowski addition of polytopes (1993).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import numpy as np

from therml_exact.frontier.rules.problem import LearningRuleProblem

Array = np.ndarray[Any, Any]
Vector = tuple[int, ...]
MOST = 300_000


def points(problem: LearningRuleProblem, use_y: bool, use_x: bool) -> Array:
    """The coordinates that f depends on, N times m and scaled to integers: [type, theta, coordinate] of Python ints.

    The last code, and the last letter of X beside Y's, follow from the others.
    """
    e = problem.dictionary[:, :, :-1]
    counts = problem.counts.astype(object)
    scale = math.lcm(*(v.denominator for v in e.reshape(-1).tolist())) if e.size else 1
    whole = np.empty(e.shape, dtype=object)
    whole.reshape(-1)[:] = [int(v * scale) for v in e.reshape(-1).tolist()]
    types, thetas = len(counts), len(e)
    parts = []
    if use_y:
        parts.append(np.tensordot(counts, whole, axes=([1], [1])).transpose(0, 2, 3, 1).reshape(types, thetas, -1))
    if use_x or not use_y:
        letters = np.tensordot(counts.sum(axis=2)[:, :, None] * np.eye(counts.shape[1], dtype=int).astype(object),
                               whole, axes=([1], [1])).transpose(0, 2, 3, 1)  # fmt: skip
        if not use_x:
            letters = letters.sum(axis=3, keepdims=True)
        elif use_y:
            letters = letters[..., :-1]
        parts.append(letters.reshape(types, thetas, -1))
    return np.concatenate(parts, axis=2)


def directions(cells: Array) -> list[Vector] | None:
    """Integer directions w such that every vertex of the sum is the unique minimiser of one of them."""
    varying = [k for k in range(cells.shape[2]) if any((cells[:, :, k] != cells[:, :1, k]).reshape(-1))]
    found = _directions(_distinct(cells[:, :, varying]), len(varying))
    if found is None:
        return None
    back = np.zeros((len(found), cells.shape[2]), dtype=object)
    back[:, varying] = np.array(found, dtype=object).reshape(len(found), len(varying))
    return [tuple(row) for row in back.tolist()]


def choices(cells: Array, found: list[Vector]) -> Array:
    """The distinct rows theta[rule, type] = argmin w.m, one or more directions w each; the first of equal points."""
    w = np.array(found, dtype=object)
    size = max((abs(v) for row in found for v in row), default=0) * max(
        (abs(v) for v in cells.reshape(-1).tolist()), default=0
    )
    if size * cells.shape[2] < 2**62:
        w, cells = w.astype(np.int64), cells.astype(np.int64)
    out = np.empty((len(w), len(cells)), dtype=np.int64)
    for start in range(0, len(w), 256):
        scores = np.tensordot(w[start : start + 256], cells, axes=([1], [2]))
        out[start : start + 256] = scores.argmin(axis=2)
    return np.unique(out, axis=0)


def _distinct(cells: Array) -> list[list[Vector]]:
    """The distinct points of each type, without the types that have one point only."""
    sets = {tuple(sorted({tuple(point) for point in rows})) for rows in cells.tolist()}
    return [list(rows) for rows in sorted(sets) if len(rows) > 1]


def _primitive(vector: Vector) -> Vector:
    """The vector divided by the greatest common divisor of its entries, its first nonzero entry made positive."""
    common = math.gcd(*vector)
    sign = next(1 if v > 0 else -1 for v in vector if v)
    return tuple(sign * v // common for v in vector)


def _differences(sets: list[list[Vector]]) -> list[Vector]:
    """The directions of all differences of two points of one type, each once."""
    seen: set[Vector] = set()
    for rows in sets:
        for i, p in enumerate(rows):
            seen.update(_primitive(tuple(a - b for a, b in zip(p, q, strict=True))) for q in rows[:i])
    return sorted(seen)


def _directions(sets: list[list[Vector]], dim: int) -> list[Vector] | None:
    """One direction for every vertex of the sum of the sets, at least; None if there would be more than MOST."""
    if not sets:
        return [(0,) * dim]
    if dim == 1:
        return [(1,), (-1,)]
    edges = _differences(sets)
    if dim == 2:
        return _between(edges)
    if len(edges) ** (dim - 1) > 20 * MOST:
        return None
    found: list[Vector] = []
    for done, d in enumerate(edges, 1):
        j = next(k for k in range(dim) if d[k])
        rest = [k for k in range(dim) if k != j]
        # x -> (x_k d_j - x_j d_k)_k forgets multiples of d.
        flat = [sorted({tuple(x[k] * d[j] - x[j] * d[k] for k in rest) for x in rows}) for rows in sets]
        below = _directions([rows for rows in flat if len(rows) > 1], dim - 1)
        # So many directions already, or likely so in the end.
        if below is None or (len(found) + 2 * len(below)) * max(len(edges) / (2 * done), 1) > MOST:
            return None
        large = 1 + max(x[j] for rows in sets for x in rows) - min(x[j] for rows in sets for x in rows)
        for w in below:
            lifted = [large * v * d[j] for v in w]
            lifted.insert(j, -large * sum(v * d[k] for v, k in zip(w, rest, strict=True)))
            found.extend(tuple(v + sign * (k == j) for k, v in enumerate(lifted)) for sign in (1, -1))
    return list(dict.fromkeys(found))


def _between(edges: list[Vector]) -> list[Vector]:
    """One direction inside each cell of the arrangement of lines orthogonal to the edges."""
    normals = [(s * -b, s * a) for a, b in edges for s in (1, -1)]
    normals.sort(key=cmp_to_key(_by_angle))
    if len(normals) == 2:
        return [edges[0], (-edges[0][0], -edges[0][1])]
    return [(p[0] + q[0], p[1] + q[1]) for p, q in zip(normals, normals[1:] + normals[:1], strict=True)]


def _by_angle(p: Vector, q: Vector) -> int:
    """Compare two vectors of the plane by their angles: negative where p comes first."""
    upper_p, upper_q = (p[1], p[0]) > (0, 0), (q[1], q[0]) > (0, 0)
    if upper_p != upper_q:
        return -1 if upper_p else 1
    cross = p[0] * q[1] - p[1] * q[0]
    return -1 if cross > 0 else int(cross < 0)


def rules(problem: LearningRuleProblem, multipliers: dict[str, Fraction]) -> Array | None:
    """The rules theta[candidate, type] of which one is optimal; None if sigma > 0, l matters, or they are too many."""
    if multipliers["sigma"] != 0 or (multipliers["rho"] != 0 and not problem.deterministic):
        return None
    cells = points(problem, multipliers["gamma"] > 0, multipliers["delta"] > 0)
    found = directions(cells)
    return None if found is None else choices(cells, found)
