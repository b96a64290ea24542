"""Ellipsoids around the codes inside which Lindsay's condition holds by concavity (nats).

Cells close slowly around an optimal code t0, where log G touches its bound. There the quadratic above log G of
kernels/mixture/quadratic.py is taken over an ellipsoid about t0 instead of over a cell. It is negative definite if the
code is a strict maximum of G, and then it is at most its own maximum, log G(t0) + slope (-form)^-1 slope / 2. The slope
at an optimal code is 0. The ellipsoid is round in Fisher's metric: with abar the mean exponents at t0 and J = dt/du,
its form is J^T diag(abar/t0^2) J.

A code is given by barycentric coordinates u of the root simplices, the last of each block left out, so that it lies in
the root exactly. No error is raised here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.clock import now

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.tables import Tables

MEMORY = 50_000_000  # bytes of ellipsoids
PIECE = 50_000  # the clock is looked at after so many codes times entries of the table
SAFE = 1e-9  # the solver uses a radius smaller by this share, so that ball arithmetic agrees

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Contacts:
    """Ellipsoids (u - centre)^T form (u - centre) <= radius, inside which log G is bounded.

    Let d be the number of free barycentric coordinates, over all blocks.

    centre    [ellipsoid, d], the codes
    form      [ellipsoid, d, d], positive definite
    radius    [ellipsoid], the squares of the radii
    bounds    [ellipsoid], in nats; log G is at most this inside
    """

    centre: Array
    form: Array
    radius: Array
    bounds: Array

    def none(self) -> Contacts:
        """Return arrays of the same shapes, with no ellipsoid in them."""
        return Contacts(self.centre[:0], self.form[:0], self.radius[:0], self.bounds[:0])


def contacts(tables: Tables, lam: Array, codes: Array, threshold: float, deadline: float = math.inf) -> Contacts:
    """Return the ellipsoids about the codes inside which log G <= threshold, as many as there is time for.

    lam          the dual variables log c_w, [w]
    codes        [z, j], over all blocks; a row over X, if there is one, is not read
    threshold    in nats
    deadline     on the monotonic clock, in seconds
    """
    from therml_exact.kernels.mixture.quadratic import all_about

    free = int(tables.kstart[-1]) - len(tables.roots)
    codes = codes[: MEMORY // (8 * (free + 1) ** 2)]
    roots = np.zeros((tables.kstart[-1], tables.jstart[-1]))
    for i, root in enumerate(tables.roots):
        roots[tables.kstart[i] : tables.kstart[i + 1], tables.jstart[i] : tables.jstart[i + 1]] = root
    centre, form = np.empty((len(codes), free)), np.empty((len(codes), free, free))
    radius, bounds = np.empty(len(codes)), np.full(len(codes), math.inf)
    codes = np.ascontiguousarray(codes[:, : tables.jstart[-1]])
    piece = max(int(PIECE / tables.a.size), 1)
    for at in range(0, len(codes), piece):
        if now() > deadline:
            break
        n = slice(at, at + piece)
        all_about(codes[n], lam, tables.a, tables.a_root, tables.group, tables.power, tables.groups,
                  roots, tables.kstart, tables.jstart, threshold, centre[n], form[n], radius[n], bounds[n])  # fmt: skip
    held = bounds <= threshold
    return Contacts(centre[held], form[held], radius[held], bounds[held])
