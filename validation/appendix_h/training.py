"""Gradient descent on all objectives, data sets and restarts at once, in pieces that can be resumed.

    rho R + delta D + gamma C + sigma S / N

The objectives' weights and the data are arrays with one row for each model, so that one compiled program (a scan over
steps of a map over models) trains all. Adam with a cosine schedule; each step draws DRAWS fresh noises of the encoder
in antithetic pairs, the same for all models. Every piece ends with a file in `folder`: its state, whole or not at all,
under a fingerprint of the sources and the settings. What an interrupted run left is continued, and as the noise of a
step depends on its number only, the result is the same bit for bit.

estimates: what the training loop itself saw of R, D, C, S, the mean over the steps of each piece.
Errors: ValueError if the steps do not divide into the pieces. A file that cannot be read is no state to continue from.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from therml_exact.files import write_with
from validation.appendix_h.data import EXAMPLES
from validation.appendix_h.model import Family

STEPS = 10_000
PIECES = 20
DRAWS = 2
RATE = {"encoder": 0.003}  # of logarithms; a greater one throws sharp codes out of their places
OTHERS = 0.03
_SOURCES = tuple(f"validation.appendix_h.{name}" for name in ("training", "noise"))


@dataclass(frozen=True, eq=False)
class Trained:
    """The parameters of all models, [model, ...] each, and estimates[piece, model] of (R, D, C, S) in nats."""

    parameters: dict[str, np.ndarray]
    estimates: np.ndarray


def functionals(family: Family, parameters: Any, p: Any, draws: Any) -> Any:
    """(R, D, C, S) of one model on the data p[x, y]: means over the draws, and S in closed form."""
    encoder, marginal, decoder, classifier = family.tables(parameters, draws)
    given = jnp.exp(encoder)
    rate = jnp.einsum("x,mxz->", p.sum(axis=1), given * (encoder - marginal)) / len(draws)
    xz = p.sum(axis=1)[:, None] * given.mean(axis=0)
    yz = p.T @ given.mean(axis=0)
    return jnp.stack([rate, -(xz.T * decoder).sum(), -(yz.T * classifier).sum(), family.entropy(parameters)])


def train(
    family: Family,
    start: dict[str, np.ndarray],
    data: np.ndarray,
    weights: np.ndarray,
    place: Path | None = None,
    steps: int = STEPS,
    advance: Callable[[], None] = lambda: None,
) -> Trained:
    """Train models k = 0, 1, ... from start[name][k] on data[k, x, y] with weights[k] of (R, D, C, S)."""
    if steps < PIECES or steps % PIECES:
        raise ValueError(f"steps is {steps}; give a multiple of {PIECES}, the pieces that a run is saved in")
    with jax.enable_x64(True):
        each = jax.vmap(lambda q, p, draws: functionals(family, q, p, draws), (0, 0, None))
        optimiser = optax.adam(optax.cosine_decay_schedule(1.0, steps))
        p, cost = jnp.asarray(data), jnp.asarray(weights) * jnp.array([1, 1, 1, 1 / EXAMPLES])

        def objective(parameters: Any, draws: Any) -> Any:
            found = each(parameters, p, draws)
            return (cost * found).sum(), found

        def step(state: Any, number: Any) -> Any:
            parameters, moments = state
            half = jax.random.normal(jax.random.fold_in(jax.random.key(0), number), (DRAWS // 2, 2, 30))
            grad, found = jax.grad(objective, has_aux=True)(parameters, jnp.concatenate([half, -half]))
            change, moments = optimiser.update(grad, moments)
            change = {name: RATE.get(name, OTHERS) * by for name, by in change.items()}
            return (optax.apply_updates(parameters, change), moments), found

        @jax.jit
        def piece(state: Any, first: Any) -> Any:
            state, found = jax.lax.scan(step, state, first + jnp.arange(steps // PIECES))
            return state, found.mean(axis=0)

        parameters = jax.tree.map(jnp.asarray, start)
        state, estimates = (parameters, optimiser.init(parameters)), []
        mark = _fingerprint(family, start, data, weights, steps)
        saved = None if place is None else _load(place, mark)
        if saved is not None:
            leaves = [jnp.asarray(saved[f"leaf{k}"]) for k in range(len(saved) - 2)]
            state = jax.tree.unflatten(jax.tree.structure(state), leaves)
            estimates = list(saved["estimates"])
        for done in range(PIECES):
            if done >= len(estimates):
                state, found = piece(state, done * (steps // PIECES))
                estimates.append(np.asarray(found))
                if place is not None:
                    _save(place, mark, jax.tree.leaves(state), estimates)
            advance()
        return Trained({name: np.asarray(value) for name, value in state[0].items()}, np.array(estimates))


def _fingerprint(
    family: Family, start: dict[str, np.ndarray], data: np.ndarray, weights: np.ndarray, steps: int
) -> str:
    """Of all that the result depends on: the sources, the versions, the data, the settings."""
    text = "".join(inspect.getsource(sys.modules[name]) for name in (*_SOURCES, family.tables.__module__))
    digest = hashlib.sha256(f"{text}{family.name}{jax.__version__}{optax.__version__}{steps}".encode())
    for array in (*start.values(), data, weights):
        digest.update(np.ascontiguousarray(array, dtype=float).tobytes())
    return digest.hexdigest()


def _save(place: Path, mark: str, leaves: list[Any], estimates: list[np.ndarray]) -> None:
    arrays = {f"leaf{k}": np.asarray(leaf) for k, leaf in enumerate(leaves)}

    def write(temporary: str) -> None:
        with open(temporary, "wb") as file:
            np.savez(file, mark=np.array(mark), estimates=np.array(estimates), **arrays)

    write_with(write, place)


def _load(place: Path, mark: str) -> dict[str, np.ndarray] | None:
    """What an earlier run of the very same settings left."""
    if not place.is_file():
        return None
    try:
        with open(place, "rb") as file:
            saved = dict(np.load(file, allow_pickle=False))
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    return saved if str(saved.get("mark")) == mark else None
