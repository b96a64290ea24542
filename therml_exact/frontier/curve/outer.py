"""The least of linear functions over the outer polytope of a sheet, for many functions at once (nats).

    least n.v over all v >= 0 with a_k.v >= b_k for all k,       n >= 0, a_k >= 0

is a linear program of two or three variables. Its dual is max b.y over y >= 0 with y a <= n, so that every such y is a
lower bound. The dual simplex method (C. Lemke, 1954) goes from one set of as many half-spaces as there are coordinates
to a better one: the half-space that their corner v misses by most enters, and the one whose y first reaches 0 leaves.
The bound never falls, and it is the least where v misses none. A step is a few products of matrices for all functions
together. The functions are the normals of the inner polytope's facets (polytopes.py); half-space k is that of point k,
so that those at a facet's own vertices are where the steps begin, if their y >= 0, and v >= 0 otherwise.

Shapes: normals n[facet, coordinate], no unit; half-spaces a[k, coordinate], no unit, b[k] in nats.
Errors: none. Where the steps stop early (nearly parallel half-spaces) the bound holds, and may be below the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from therml_exact.frontier.curve.polytopes import Facet

Array = np.ndarray[Any, Any]

STEPS = 60  # of a function; ten are usual
_BLOCK = 1 << 22  # products n.a at a time
_NEAR = 1e-13  # nats: a half-space that a corner misses by less, relative to 1 + |b|, is kept
_FLAT = 1e-9  # of a determinant of rows of sum 1: half-spaces that are hardly independent have no corner


def least(found: Sequence[Facet], a: Array, b: Array, enough: float = np.inf) -> Array:
    """Lower bounds of normal.v over the outer polytope, one for each facet: proved but for rounding.

    They are the least values; with `enough` given, the steps also end where the bound is at least offset - enough.
    """
    # v >= 0 are the last half-spaces.
    size = a.sum(axis=1)
    rows = np.vstack([a / size[:, None], np.eye(a.shape[1])])
    sides = np.concatenate([b / size, np.zeros(a.shape[1])])
    bounds = np.empty(len(found))
    block = max(1, _BLOCK // len(rows))
    for first in range(0, len(found), block):
        part = found[first : first + block]
        normals = np.array([f.normal for f in part])
        wanted = np.array([f.offset for f in part]) - enough if np.isfinite(enough) else np.full(len(part), np.inf)
        bounds[first : first + block] = _least(normals, rows, sides, _own(part, normals, rows), wanted)
    return bounds


def _own(found: Sequence[Facet], normals: Array, rows: Array) -> Array:
    """The half-spaces with which the steps begin [facet, place]: those of a facet's vertices, or v >= 0."""
    dim = rows.shape[1]
    basis = np.tile(np.arange(len(rows) - dim, len(rows)), (len(found), 1))
    full = [k for k, f in enumerate(found) if len(f.vertices) == dim]
    if full:
        corners = np.array([found[k].vertices for k in full])
        regular = np.abs(np.linalg.det(rows[corners])) > _FLAT
        full, corners = np.array(full)[regular], corners[regular]
        y = np.einsum("fd,fdp->fp", normals[full], np.linalg.inv(rows[corners]))
        fit = (y >= 0).all(axis=1)
        basis[full[fit]] = corners[fit]
    return basis


def _least(normals: Array, rows: Array, sides: Array, basis: Array, wanted: Array) -> Array:
    """The bounds, from a start for each function, until they are the least or as large as wanted."""
    bounds = np.full(len(normals), -np.inf)
    near = _NEAR * (1 + np.abs(sides))
    left = np.arange(len(normals))
    for _ in range(STEPS):
        left = left[np.abs(np.linalg.det(rows[basis[left]])) > 1e-3 * _FLAT]
        inverse = np.linalg.inv(rows[basis[left]])  # [function, coordinate, place]
        y = np.maximum(np.einsum("fd,fdp->fp", normals[left], inverse), 0.0)
        bounds[left] = np.maximum(bounds[left], _proved(normals[left], rows[basis[left]], sides[basis[left]], y))
        on = bounds[left] < wanted[left]
        left, inverse, y = left[on], inverse[on], y[on]
        if not len(left):
            break
        corner = np.einsum("fdp,fp->fd", inverse, sides[basis[left]])
        missed = sides - near - corner @ rows.T
        enters = missed.argmax(axis=1)
        share = np.einsum("fd,fdp->fp", rows[enters], inverse)  # of the row that enters, in the rows at hand
        ratio = np.divide(y, share, out=np.full(y.shape, np.inf), where=share > _FLAT)
        leaves = ratio.argmin(axis=1)
        every = np.arange(len(left))
        on = (missed[every, enters] > 0) & np.isfinite(ratio[every, leaves])
        basis[left[on], leaves[on]] = enters[on]
        left = left[on]
    return bounds


def _proved(normals: Array, rows: Array, sides: Array, y: Array) -> Array:
    """The bounds b.y, where rounding is scaled away: rows[function, place, coordinate], sides and y[function, place].

    A half-space that weighs a coordinate which the function does not has y = 0.
    """
    free = normals <= 0
    y = np.where((rows * free[:, None, :] > 0).any(axis=2), 0.0, y)
    total = np.einsum("fp,fpd->fd", y, rows)
    over = np.divide(total, normals, out=np.zeros_like(total), where=~free).max(axis=1)
    proved: Array = (sides * y).sum(axis=1) / np.maximum(over, 1.0)
    return proved
