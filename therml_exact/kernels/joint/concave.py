"""The concave part of a joint problem at points and edges of cells of m (nats).

    Phi = rho H(Z) + Psi,      Psi = gamma H(Y|Z) + delta H(X|Z),      m = (p(z,y), then p(z,x) if delta > 0), z-major

Shapes: m[k], places[v, k], heights[v, (Phi, Psi)].
"""

import math
from typing import NamedTuple

import numpy as np

from therml_exact.kernels.kernel import kernel


class Form(NamedTuple):
    """What m is and what it costs: letters nz, ny, nx (nx = 0: no part p(z,x)), and the multipliers."""

    nz: int
    ny: int
    nx: int
    rho: float
    gamma: float
    delta: float


@kernel(fastmath=False, error_model="numpy")
def _part(m, start, width):
    """(sum_j -m_j log m_j, -s log s of the sum s) of a row of m."""
    total, value = 0.0, 0.0
    for j in range(width):
        p = m[start + j]
        if p > 0.0:
            value -= p * math.log(p)
            total += p
    return value, (-total * math.log(total) if total > 0.0 else 0.0)


@kernel(fastmath=False, error_model="numpy")
def fill_heights(form, m, out):
    """Phi and Psi at m, into out."""
    told, silent = 0.0, 0.0
    for z in range(form.nz):
        value, own = _part(m, z * form.ny, form.ny)
        silent += own
        told += form.gamma * (value - own)
        if form.nx > 0:
            value, own = _part(m, form.nz * form.ny + z * form.nx, form.nx)
            told += form.delta * (value - own)
    out[0] = told + form.rho * silent
    out[1] = told


@kernel(fastmath=False, error_model="numpy")
def losses(form, places, heights, u):
    """What the chords lose of (Psi, rho H(Z)) at the mean u of the vertices."""
    vertices, width = places.shape
    m, here = np.zeros(width), np.empty(2)
    whole, told = 0.0, 0.0
    for v in range(vertices):
        whole += u[v] * heights[v, 0]
        told += u[v] * heights[v, 1]
        for k in range(width):
            m[k] += u[v] * places[v, k]
    fill_heights(form, m, here)
    return here[1] - told, here[0] - whole - (here[1] - told)


@kernel(fastmath=False, error_model="numpy")
def widest(form, places, heights, share):
    """The edge (number, i, j) at whose middle the chords lose most, of Psi + share rho H(Z)."""
    vertices = places.shape[0]
    u = np.zeros(vertices)
    best, most, at, low, high = 0, -1.0, 0, 0, 1
    for i in range(vertices):
        for j in range(i + 1, vertices):
            u[i], u[j] = 0.5, 0.5
            told, silent = losses(form, places, heights, u)
            u[i], u[j] = 0.0, 0.0
            if told + share * silent > most:
                best, most, low, high = at, told + share * silent, i, j
            at += 1
    return best, low, high
