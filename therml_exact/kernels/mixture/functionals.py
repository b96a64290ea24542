"""R = I(Z;X,Theta), D = H(X|Z) and C = H(Y|Z) of an encoder, in nats, by sums that carry their rounding error.

Shapes: cells[x, theta, y] = p(x, theta, y), encoder[x, theta, z] = p(z|x, theta). Rows of pairs (x, theta) that do not
occur have no influence. No error is raised here.
Source: Alemi and Fischer, TherML (2018), section 2.
"""

import math

import numpy as np

from therml_exact.kernels.information.compensated import add
from therml_exact.kernels.kernel import breathe, kernel


@kernel(fastmath=False, error_model="numpy")
def encoder_functionals(cells, encoder):
    """Return (R, D, C), in nats, for cells[x, theta, y] of sum 1 and encoder[x, theta, z]."""
    nx, ntheta, ny = cells.shape
    nz = encoder.shape[2]
    z, xz, yz = np.zeros(nz), np.zeros((nx, nz)), np.zeros((ny, nz))
    for x in range(nx):
        for theta in range(ntheta):
            breathe()
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


@kernel(fastmath=False, error_model="numpy")
def _conditional(joint, z):
    """Return H(row|column), in nats, of joint[row, column] whose column sums are z[column]."""
    high, low = 0.0, 0.0
    for i in range(joint.shape[0]):
        for k in range(z.size):
            if joint[i, k] > 0.0:
                high, low = add(high, low, -joint[i, k] * (math.log(joint[i, k]) - math.log(z[k])))
    return high + low
