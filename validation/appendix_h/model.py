"""The model of Appendix H: 184 parameters, four tables (nats).

    q(z_i|x_j) ~ exp -(w_i x_j - b_i)^2        encoder      60    u = log w, v = log b
    q(x_j|z_i) ~ exp -(w_i x_j - b_i)^2        decoder      60    or by letter, exp -(w_j z_i - b_j)^2
    q(y_j|z_i) ~ exp -(w_j z_i - b_j)^2        classifier    4
    q(z_i)     ~ exp pi_i                      marginal     30
    w_i, b_i times log N(-a_i/2, a_i)          noise        30    log a

The paper prints q ~ -exp[(w x - b)^2], which is negative, and exp[(w x - b)^2] would prefer what is farthest away: read
exp[-(w x - b)^2]. It indexes the weights of all three by the code i. That gives the encoder and the decoder the 60 + 60
that it counts, the decoder being a discretised normal for each code; `AS_PRINTED`. But a classifier with two weights
for each code has 60 as well, not 4: its 4 are there only if its weights are indexed by the letter that comes out and
its input is the position of the code. The same rule for the decoder, weights indexed by the x_j that comes out, also
has 60; `BY_LETTER`. Both are trained, so that what depends on the reading can be told: by letter the decoder can give
any one code any distribution of x, even the one of the training sample, and it overfits where the printed one cannot.

Positions are x_j = z_j = j/15, j = 1 .. 30: letters by their number, mean about 1. A log-normal weight is positive: the
encoder's weights are kept as logarithms. (The sign of w is a gauge, as (w, b) and (-w, -b) agree; b > 0 puts the
centres b/w of the codes right of the origin, where the x_j are.) The noise of a code multiplies its w and its b by
factors of their own, of one a_i, so that every parameter of the encoder is noisy: noise.py says why.

Shapes: encoder[m, x, z] for m draws of the noise, marginal[z], decoder[z, x], classifier[z, y], all logarithms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from validation.appendix_h.noise import entropy

CODES = 30
QUIET = -18.0  # log a at the start: a relative noise of exp(-9), about 0.0001
# How sharp codes and decoder are at the start (w, in units of 1/x), and whether the codes are shuffled.
STARTS = ((8, False), (45, False), (1.5, False), (15, True), (4, False), (30, True), (15, False), (45, True))
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """Tables as functions of parameters, tables(parameters, draws), and S(parameters) in nats."""

    name: str
    tables: Callable[[Parameters, Any], tuple[Any, Any, Any, Any]]
    entropy: Callable[[Parameters], Any]


def initial(restart: int) -> dict[str, np.ndarray]:
    """A start: codes centred on the x_j, in order or shuffled, a decoder that inverts them, a random classifier."""
    rng = np.random.default_rng([184, restart])
    sharp, shuffled = STARTS[restart % len(STARTS)]
    centres = rng.permutation(_positions()) if shuffled else _positions()
    jitter = np.exp(rng.standard_normal((4, CODES)) / sharp / 10)
    weights = np.full(CODES, sharp)
    return {
        "encoder": np.log(np.stack([weights, weights * centres]) * jitter[:2]),
        "decoder": np.stack([weights, weights * _positions()[np.argsort(centres)]]) * jitter[2:],
        "classifier": rng.standard_normal((2, 2)),
        "marginal": np.zeros(CODES),
        "noise": np.full(CODES, QUIET),
    }


def count(parameters: Parameters) -> int:
    """How many numbers a model has."""
    return sum(np.asarray(value).size for value in parameters.values())


def as_printed(parameters: Parameters, draws: Any) -> tuple[Any, Any, Any, Any]:
    """The logarithms of the four tables, for standard normal draws[m, 2, z]."""
    encoder, marginal = _encoder(parameters, draws)
    w, b = parameters["decoder"]
    decoder = jax.nn.log_softmax(-((w[:, None] * _positions() - b[:, None]) ** 2), axis=-1)
    return encoder, marginal, decoder, _classifier(parameters)


def by_letter(parameters: Parameters, draws: Any) -> tuple[Any, Any, Any, Any]:
    """The same with the decoder's weights indexed by the letter that comes out."""
    encoder, marginal = _encoder(parameters, draws)
    decoder = _squared(parameters["decoder"][0], parameters["decoder"][1], _positions())
    return encoder, marginal, decoder, _classifier(parameters)


def _encoder(parameters: Parameters, draws: Any) -> tuple[Any, Any]:
    a = jnp.exp(parameters["noise"])
    noisy = jnp.exp(parameters["encoder"] - a / 2 + jnp.sqrt(a) * draws)
    encoder = _squared(noisy[:, 0, None, :], noisy[:, 1, None, :], _positions())
    return encoder, jax.nn.log_softmax(parameters["marginal"])


def _classifier(parameters: Parameters) -> Any:
    return _squared(parameters["classifier"][0], parameters["classifier"][1], _positions())


def _squared(w: Any, b: Any, positions: np.ndarray) -> Any:
    """The rows of exp -(w_out position - b_out)^2, normalised over what comes out."""
    return jax.nn.log_softmax(-((w * positions[:, None] - b) ** 2), axis=-1)


def _positions() -> np.ndarray:
    return np.arange(1, CODES + 1) / 15


AS_PRINTED = Family("as printed", as_printed, entropy)
BY_LETTER = Family("by letter", by_letter, entropy)
