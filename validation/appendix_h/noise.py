"""S of the noisy encoder, and draws of its noise (nats).

    p(w|data) = log N(log w^ - a/2, a),     q(w) = log N(-1/2, 1)
    S = sum over w of KL = sum 1/2 [ a + (log w^ - a/2 + 1/2)^2 - 1 - log a ]

The trained weight is w^ times a log-normal factor of mean 1 (Achille & Soatto 2017), for both weights of each code; the
logarithms are normal and KL does not care, so S is a sum of divergences of normals, in closed form. The prior is the
noise itself at a = 1 around w^ = 1.

What the paper leaves undefined. S = <log p(theta|data)/q(theta)> (10) needs a q(theta) of integral 1, and names none.
Achille & Soatto's is log-uniform, which has no integral: S is then defined up to a constant, falls without bound as
a grows (-1/2 log a), and bounds no information. And S is infinite for every coordinate that is a function of the data
without noise, whatever density q(theta) is; with 30 a's for 60 weights the paper does not say which are noisy. Here all
60 are, each pair with the a of its code, and S is the whole S of the encoder: S >= I(Theta; data). (The decoder, the
classifier and the marginal are no part of Theta: they are the variational q's.)

R, D and C are means over the noise. `finite_rule` takes M scrambled Sobol points, mapped to normals: the encoder with
Theta uniform on these M is a model whose R, D, C are exact, and independent scrambles give the standard error of it as
an estimate of the limit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def entropy(parameters: Any) -> Any:
    """S of one model in closed form."""
    import jax.numpy as jnp

    log_a, log_w = parameters["noise"], parameters["encoder"]
    a = jnp.exp(log_a)
    return ((a + (log_w - a / 2 + 0.5) ** 2 - 1 - log_a) / 2).sum()


def entropy_by_quadrature(log_w: float, a: float, points: int = 200) -> float:
    """The term of one weight as an integral over w itself, <log p(w)/q(w)>, by Gauss-Legendre on +-12 deviations.

    Densities in w, not in log w, and no KL formula: an independent check of the closed form. The mass left out is below
    1e-31; the integrand is analytic, so that the rule's error is below rounding (doubling the points shows it).
    """
    nodes, weights = np.polynomial.legendre.leggauss(points)
    mean, deviation = log_w - a / 2, math.sqrt(a)
    lower, upper = mean - 12 * deviation, mean + 12 * deviation
    w = np.exp(lower + (upper - lower) * (nodes + 1) / 2)
    measure = weights * (upper - lower) / 2 * w  # dw

    def log_density(mu: float, variance: float) -> np.ndarray:
        return -((np.log(w) - mu) ** 2) / (2 * variance) - np.log(w) - math.log(2 * math.pi * variance) / 2

    p = log_density(mean, a)
    return math.fsum(measure * np.exp(p) * (p - log_density(-0.5, 1.0)))


def finite_rule(size: int, seed: int) -> np.ndarray:
    """Draws[size, 2, 30], standard normal: scrambled Sobol points; size a power of two."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Sobol(60, scramble=True, seed=np.random.default_rng([58, seed])).random(size)
    return np.asarray(ndtri(np.clip(points, 1e-12, 1 - 1e-12))).reshape(size, 2, 30)
