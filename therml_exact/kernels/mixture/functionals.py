"""R = I(Z;X,Theta), D = H(X|Z) and C = H(Y|Z) of an encoder, in nats, sums compensated.

Shapes: cells p(x, theta, y), encoder p(z|x, theta); rows of letters that do not occur are not read.
"""

import math

import numpy as np
from numba import njit

from therml_exact.kernels.information.compensated import add


@njit(cache=True, fastmath=False, error_model="numpy")
def encoder_functionals(cells, encoder):
    """(R, D, C)."""
    nx, ntheta, ny = cells.shape
    nz = encoder.shape[2]
    z, xz, yz = np.zeros(nz), np.zeros((nx, nz)), np.zeros((ny, nz))
    for x in range(nx):
        for theta in range(ntheta):
            for k in range(nz):
                for y in range(ny):
                    mass = cells[x, theta, y] * encoder[x, theta, k]
                    xz[x, k] += mass
                    yz[y, k] += mass
        z += xz[x]
    r, r_low = 0.0, 0.0
    for x in range(nx):
        for theta in range(ntheta):
            p = cells[x, theta].sum()
            for k in range(nz):
                if p * encoder[x, theta, k] > 0.0:
                    r, r_low = add(
                        r, r_low, p * encoder[x, theta, k] * (math.log(encoder[x, theta, k]) - math.log(z[k]))
                    )
    return r + r_low, _conditional(xz, z), _conditional(yz, z)


@njit(cache=True, fastmath=False, error_model="numpy")
def _conditional(joint, z):
    """H(row|column)."""
    high, low = 0.0, 0.0
    for i in range(joint.shape[0]):
        for k in range(z.size):
            if joint[i, k] > 0.0:
                high, low = add(high, low, -joint[i, k] * (math.log(joint[i, k]) - math.log(z[k])))
    return high + low
