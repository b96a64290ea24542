"""Ellipsoids around the codes inside which Lindsay's condition holds by concavity (nats).

Near a code t0 the quadratic of kernels/mixture/quadratic.py, taken over an ellipsoid instead of a cell, is negative
definite if the code is a strict maximum of G; then it never exceeds its own maximum,
log G(t0) + slope (-form)^-1 slope / 2, and the slope at an optimal code is 0. The ellipsoid is round in Fisher's
metric: form = J^T diag(abar/t0^2) J with abar
the mean exponents, J = dt/du.

A code is given by barycentric coordinates u of the roots, the last of each block left out, so that it lies in the root
exactly. No error is raised here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.tables import Tables

PIECE = 50_000  # codes times entries of the table between looks at the clock
SAFE = 1e-9  # how much less of a radius the solver uses, so that ball arithmetic agrees

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Contacts:
    """Ellipsoids (u - centre)^T form (u - centre) <= radius, each with its bound of log G inside."""

    centre: Array
    form: Array
    radius: Array
    bounds: Array

    def none(self) -> Contacts:
        """No ellipsoid, of these shapes."""
        return Contacts(self.centre[:0], self.form[:0], self.radius[:0], self.bounds[:0])


def contacts(tables: Tables, lam: Array, codes: Array, threshold: float, deadline: float = math.inf) -> Contacts:
    """The ellipsoids that hold with bounds of at most `threshold`, as many as there is time for."""
    from therml_exact.kernels.mixture.quadratic import all_about

    free = int(tables.kstart[-1]) - len(tables.roots)
    roots = np.zeros((tables.kstart[-1], tables.jstart[-1]))
    for i, root in enumerate(tables.roots):
        roots[tables.kstart[i] : tables.kstart[i + 1], tables.jstart[i] : tables.jstart[i + 1]] = root
    centre, form = np.empty((len(codes), free)), np.empty((len(codes), free, free))
    radius, bounds = np.empty(len(codes)), np.full(len(codes), math.inf)
    codes = np.ascontiguousarray(codes[:, : tables.jstart[-1]])
    piece = max(int(PIECE / tables.a.size), 1)
    for at in range(0, len(codes), piece):
        if time.monotonic() > deadline:
            break
        n = slice(at, at + piece)
        all_about(codes[n], lam, tables.a, tables.a_root, tables.group, tables.power, tables.groups,
                  roots, tables.kstart, tables.jstart, threshold, centre[n], form[n], radius[n], bounds[n])  # fmt: skip
    held = bounds <= threshold
    return Contacts(centre[held], form[held], radius[held], bounds[held])
