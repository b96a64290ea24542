"""Free tables in place of the model's: is it the family that is far from the frontier, or the optimiser?

Every entry of q(z|x), q(z), q(x|z), q(y|z) is a parameter of its own, a logit; the objective, the optimiser and the
number of steps stay. What free tables reach and the model does not is the price of the family; what they do not reach
either, beside the certified optimum, is the optimiser's. No noise and no S.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from validation.appendix_h.model import CODES, Family, Parameters


def initial(restart: int, letters: int = 2) -> dict[str, np.ndarray]:
    """A start: random logits, and for every other restart more of them on the identity code."""
    rng = np.random.default_rng([900, restart])
    scale = (8.0, 0.0, 3.0, 0.0)[restart % 4]
    return {
        "free_encoder": scale * np.eye(CODES) + rng.standard_normal((CODES, CODES)),
        "free_marginal": np.zeros(CODES),
        "free_decoder": scale * np.eye(CODES) + rng.standard_normal((CODES, CODES)),
        "free_classifier": rng.standard_normal((CODES, letters)),
    }


def tables(parameters: Parameters, draws: Any) -> tuple[Any, Any, Any, Any]:
    """The logarithms of the four tables; as many copies of the encoder as there are draws."""
    names = ("free_encoder", "free_marginal", "free_decoder", "free_classifier")
    encoder, marginal, decoder, classifier = (jax.nn.log_softmax(parameters[name], axis=-1) for name in names)
    return jnp.broadcast_to(encoder, (len(draws), *encoder.shape)), marginal, decoder, classifier


def _nothing(parameters: Parameters) -> Any:
    return jnp.zeros(())


FREE = Family("free", tables, _nothing)
