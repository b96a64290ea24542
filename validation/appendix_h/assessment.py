"""A trained model against the truth: what its loop said, exact R, C, D, S, and the certified distance (nats).

    excess = rho R + delta D + gamma C - min over all encoders,     [value of tx.minimize's witness, its lower bound]
    distance: by how much the coordinates that the objective trains can be lowered at once (tx.Frontier.classify)

R, C and D are those of the model's tables on the true p(x, y), by tx.audit.model: sums without sampling. A model with
noise (by tx.functionals of its world: Theta is independent of x and y, so that the frontier is that of p(x, y)) is
evaluated as the finite rule of noise.py, Theta uniform on DRAWS encoders: exact for that rule, and `error` is
the standard deviation over SCRAMBLES independent rules, the standard error of each as an estimate of the limit. A model
whose objective has no S (sigma = 0) is evaluated without its noise; `effect` says what the noise would change.

A functional without a multiplier trains no table. As the paper computes p(z), p(x|z) and p(y|z), such a table is the
conditional that the encoder induces on the data at hand: the least R, D or C that this encoder can have. Tables are
given as floats: probabilities below e^-700 are taken as e^-700.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

import therml_exact as tx
from therml_exact.audit import ModelAudit
from validation.appendix_h.data import EXAMPLES
from validation.appendix_h.model import Family
from validation.appendix_h.noise import finite_rule
from validation.appendix_h.objectives import Objective

DRAWS, SCRAMBLES = 32, 8
NAMES = ("R", "D", "C")


@dataclass(frozen=True, eq=False)
class Tables:
    """A model's probabilities: encoder[m, x, z], marginal[z], decoder[z, x], classifier[z, y]; and its S."""

    encoder: np.ndarray
    marginal: np.ndarray
    decoder: np.ndarray
    classifier: np.ndarray
    S: float

    def fitted(self, p: np.ndarray, objective: Objective | None) -> dict[str, np.ndarray]:
        """The q's, those that the objective does not train induced on p (all of them if it is None)."""
        z_given_x = self.encoder.mean(axis=0)
        joint = p.sum(axis=1)[:, None] * z_given_x
        z = joint.sum(axis=0)
        used = np.where(z > 0, z, 1.0)[:, None]
        q = {
            "z": z / z.sum(),
            "x_given_z": np.where(z[:, None] > 0, joint.T / used, 1 / len(p)),
            "y_given_z": np.where(z[:, None] > 0, (z_given_x.T @ p) / used, 1 / p.shape[1]),
        }
        if objective is not None:
            trained = {"z": self.marginal, "x_given_z": self.decoder, "y_given_z": self.classifier}
            q |= {name: trained[name] for name, cost in zip(trained, objective.weights, strict=False) if cost > 0}
        return {name: table / table.sum(axis=-1, keepdims=True) for name, table in q.items()}


@dataclass(frozen=True, eq=False)
class Assessed:
    """A model's numbers in nats; `loop`, `true`, `train` and `error` hold R, D, C and S."""

    objective: Objective
    data: str
    loop: dict[str, float]
    true: dict[str, float]
    train: dict[str, float]
    error: dict[str, float]
    audit: ModelAudit | None  # of a model without noise
    location: tx.Classification  # of what it trains
    whole: tx.Classification  # of R, D and C
    excess: tuple[float, float]
    train_excess: tuple[float, float]
    blur: float  # H(Z|X, Theta)
    drift: float  # what the last quarter of the steps gained, per unit of multipliers
    tables: Tables

    @property
    def possible(self) -> bool:
        """Not certified to lie below the frontier: not in its own coordinates, nor in all three, nor in its cost."""
        return all(c.verdict != "impossible" for c in (self.location, self.whole)) and self.excess[1] >= 0


def world(p: np.ndarray, encoder: np.ndarray) -> tx.WorldP:
    """One process p(x, y), Theta uniform on the encoders[m, x, z] whatever the data."""
    x = p.sum(axis=1)
    y_given_x = np.where(x[:, None] > 0, p / np.where(x > 0, x, 1.0)[:, None], 1 / p.shape[1])
    rule = np.full((*p.shape, len(encoder)), 1 / len(encoder))
    rows = y_given_x / y_given_x.sum(axis=1, keepdims=True)
    return tx.WorldP([1.0], x[None] / x.sum(), rows[None], rule, np.ascontiguousarray(encoder.transpose(1, 0, 2)))


def tables(family: Family, parameters: dict[str, np.ndarray], draws: np.ndarray) -> Tables:
    """A model's tables in NumPy."""
    with jax.enable_x64(True):
        logs = family.tables({name: jax.numpy.asarray(value) for name, value in parameters.items()}, draws)
        s = float(family.entropy(parameters))
    rows = [np.exp(np.maximum(np.asarray(log), -700.0)) for log in logs]
    encoder, marginal, decoder, classifier = (row / row.sum(axis=-1, keepdims=True) for row in rows)
    return Tables(encoder, marginal, decoder, classifier, s)


def functionals(found: Tables, p: np.ndarray, objective: Objective | None) -> dict[str, float]:
    """Exact R, D, C of the tables on p, and S."""
    f = tx.functionals(world(p, found.encoder), tx.Variational(**found.fitted(p, objective)))
    return {name: float(getattr(f, name)) for name in NAMES} | {"S": found.S}


def cost(objective: Objective, values: dict[str, float]) -> float:
    """Rho R + delta D + gamma C."""
    return float(sum(w * values[name] for w, name in zip(objective.weights, NAMES, strict=False) if w > 0))


def excess_over(problem: tx.EncoderProblem, objective: Objective, values: dict[str, float]) -> tuple[float, float]:
    """The cost above the certified minimum, from both sides."""
    best = tx.minimize(problem, rho=objective.rho, delta=objective.delta, gamma=objective.gamma)
    here = cost(objective, values)
    return here - best.value, here - best.lower_bound


def assess(
    family: Family,
    parameters: dict[str, np.ndarray],
    objective: Objective,
    name: str,
    train: np.ndarray,
    truth: np.ndarray,
    frontier: tx.Frontier,
    history: np.ndarray,
) -> Assessed:
    """All numbers of one model; history[piece] holds its loop's own (R, D, C, S)."""
    quiet = np.zeros((1, 2, truth.shape[0]))
    rules = [finite_rule(DRAWS, k) for k in range(SCRAMBLES)] if objective.sigma else [quiet]
    models = [tables(family, parameters, rule) for rule in rules]
    each = [functionals(model, truth, objective) for model in models]
    found = models[0]
    loop = dict(zip((*NAMES, "S"), history[-1].tolist(), strict=True))
    trained = [n for n, w in zip(NAMES, objective.weights, strict=False) if w > 0]
    audit = None
    if not objective.sigma:
        q = {"z_given_x": found.encoder[0], **found.fitted(truth, objective)}
        audit = tx.audit.model(frontier.problem.p_xy, q, {n: loop[n] for n in trained})
    on_train = functionals(found, train, objective)
    entropies = -np.sum(found.encoder * np.log(np.where(found.encoder > 0, found.encoder, 1.0)), axis=2)
    path = history @ (np.array(objective.weights) * [1, 1, 1, 1 / EXAMPLES])
    return Assessed(
        objective,
        name,
        loop,
        each[0],
        on_train,
        {n: float(np.std([v[n] for v in each], ddof=1)) if objective.sigma else 0.0 for n in NAMES},
        audit,
        frontier.classify(**{n: each[0][n] for n in trained}),
        audit.location if audit and audit.location else frontier.classify(**{n: each[0][n] for n in NAMES}),
        excess_over(frontier.problem, objective, each[0]),
        excess_over(tx.EncoderProblem(tx.Joint(train, ("X", "Y"))), objective, on_train),
        float(truth.sum(axis=1) @ entropies.mean(axis=0)),
        float(path[-len(path) // 4] - path[-1]) / sum(objective.weights[:3]),
        found,
    )


def effect(family: Family, parameters: dict[str, Any], objective: Objective, truth: np.ndarray) -> float:
    """What the noise of the encoder adds to the cost of a model."""
    noisy = functionals(tables(family, parameters, finite_rule(DRAWS, 0)), truth, objective)
    still = functionals(tables(family, parameters, np.zeros((1, 2, truth.shape[0]))), truth, objective)
    return cost(objective, noisy) - cost(objective, still)
