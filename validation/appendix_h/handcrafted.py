"""The hand-crafted optimum of Figure 5, as tables.

    q(z|x) = p(bit = z|x),   q(z) = p(bit),   q(x|z) = p(x|bit = z),   q(y|z) = p(y|z)

two of the 30 codes, the others idle: the latent bit is inferred as well as x allows. Then R = I(x; bit) = 0.5 nats, the
ideal rate, and D = H(X) - 0.5 lies on the frontier R + D = H(X). It is the optimum of no objective in C: z is a noisy
copy of the bit, and C = H(Y|Z) is more than the least at R = 0.5.
"""

from __future__ import annotations

import numpy as np

from validation.appendix_h.assessment import Tables
from validation.appendix_h.model import CODES


def optimum(p: np.ndarray) -> Tables:
    """The tables for p[x, y]; idle codes tell nothing."""
    x, y = p.sum(axis=1), p.sum(axis=0)
    encoder = np.zeros((1, len(x), CODES))
    encoder[0, :, : len(y)] = p / x[:, None]
    marginal = np.zeros(CODES)
    marginal[: len(y)] = y
    decoder = np.tile(x, (CODES, 1))
    decoder[: len(y)] = (p / y).T
    classifier = np.tile(y, (CODES, 1))
    classifier[: len(y)] = (p / x[:, None]).T @ p / y[:, None]
    return Tables(encoder, marginal, decoder, classifier, 0.0)


def blank(p: np.ndarray) -> Tables:
    """No code: one code for every x, which tells nothing."""
    return _of_encoder(p, np.eye(CODES)[np.zeros(len(p), dtype=int)])


def copy(p: np.ndarray) -> Tables:
    """A copy of x: a code for each."""
    return _of_encoder(p, np.eye(CODES)[: len(p)])


def _of_encoder(p: np.ndarray, z_given_x: np.ndarray) -> Tables:
    """An encoder; its marginal, decoder and classifier are those that it induces (`Tables.fitted`)."""
    x, y = p.sum(axis=1), p.sum(axis=0)
    even = np.full(CODES, 1 / CODES)
    return Tables(z_given_x[None], even, np.tile(x, (CODES, 1)), np.tile(y, (CODES, 1)), 0.0)
