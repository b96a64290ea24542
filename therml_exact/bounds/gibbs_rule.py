"""Gibbs rules: whether a learning rule is one for a given loss, at which inverse temperature, and lautum information.

    p(theta|data) = pi(theta) exp(-beta sum_i loss(theta, w_i))/Z(data)        on the data sets that occur

holds for some pi and beta iff all rows have the same support and, with a reference parameter 0 and data set 0,

    log r = -beta d,   r = p(theta|d) p(0|0)/(p(0|d) p(theta|0)),   d the same double difference of the summed losses.

*The identity* (Aminian, Bu, Toni, Rodrigues, Wornell 2021), for each process phi. Let I = I(Theta; T) and L the lautum
information KL(p(theta) p(t) || p(theta, t)), both in p(.|phi). In I + L the marginals p(theta|phi) cancel:

    I + L = (E_joint - E_product) log p(theta|t) = (E_product - E_joint) beta sum_i loss(theta, w_i) = beta N gap,

as log pi(theta) and log Z(t) have the same mean in both laws. Averaging over phi, with one beta and pi for all of them,

    gap = (I(Theta; T|Phi) + L(Theta; T|Phi))/(beta N).

A rule of floats is no Gibbs rule exactly. With e the largest |log r + beta d|, log p(theta|t) differs from a Gibbs
rule's by at most e after its marginals are removed, which moves I + L by at most 2 e: that is added to its error.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.information import entropy_number
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.enclosed import Real
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, common_denominator, to_fractions
from therml_exact.numbers.weights import Number, Weights
from therml_exact.world import World

_NEAR = 1e-8  # relative: rows of floats that are farther from every Gibbs rule are called none
_NONE = "the rule is no Gibbs rule of this loss"


@dataclass(frozen=True)
class GibbsRule:
    """The inverse temperature beta on the summed loss (nats per unit of the loss), and the largest |log r + beta d|."""

    beta: Real
    off: float


def fit(world: World, loss: Array) -> GibbsRule | str:
    """The inverse temperature of a rule, or in words why it has none. loss: [theta, letter]."""
    rule, total = _of_data(world, loss)
    here = rule > 0
    if (here != here[0]).any():
        return f"{_NONE}: its rows have different supports"
    rule, total = rule[:, here[0]], total[:, here[0]]
    d = total[1:, 1:] - total[1:, :1] - total[0, 1:] + total[0, 0]
    if not world.is_exact:
        logs = np.log(rule)  # of each alone: a product of two small probabilities may be 0
        return _fit_floats(logs[1:, 1:] + logs[0, 0] - logs[1:, :1] - logs[0, 1:], d)
    r = rule[1:, 1:] * rule[0, 0] / (rule[1:, :1] * rule[0, 1:])
    pairs = list(dict.fromkeys(zip(r.reshape(-1), d.reshape(-1), strict=True)))
    first = next(((ratio, step) for ratio, step in pairs if step), None)
    if first is None or first[0] == 1:
        return f"{_NONE} at any inverse temperature but 0"
    beta = _inverse_temperature(*first)
    if beta is None or any(_residual(ratio, step, beta) for ratio, step in pairs):
        return f"{_NONE} at any inverse temperature"
    return GibbsRule(beta, 0.0)


def _of_data(world: World, loss: Array) -> tuple[Array, Array]:
    """The rule's rows, and the summed losses, of the data sets (or types) that occur: both [data set, theta]."""
    shape = tuple(world.network.sizes[name] for name in world.axes[1 : 3 if world.kind != "bayes" else 2])
    table = np.ascontiguousarray(loss.T).reshape(*shape, -1)
    total = world.over_data([table] * world.n, operator.add, operator.mul)
    occurs = world.weights(world.data).array.reshape(-1) > 0
    thetas = loss.shape[0]
    return world.rule.reshape(-1, thetas)[occurs], total.reshape(-1, thetas)[occurs]


def _inverse_temperature(ratio: Fraction, step: Any) -> Real | None:
    """The beta with log ratio = -beta step, where that is a PrimeLog or a rational."""
    log = PrimeLog.log(ratio)
    if isinstance(step, Fraction):
        return -log / step
    above, below = log.coefficients(), step.coefficients()
    prime = next(iter(below))
    return -above[prime] / below[prime] if prime in above else None


def _residual(ratio: Fraction, step: Any, beta: Any) -> PrimeLog:
    """What is left of log ratio + beta step: 0 for a Gibbs rule."""
    return PrimeLog.log(ratio) + (beta * step if step else PrimeLog())


def _fit_floats(logs: Array, d: Array) -> GibbsRule | str:
    if not d.size or not np.abs(d).max() or not np.abs(logs).max():
        return f"{_NONE} at any inverse temperature but 0"
    k = int(np.abs(d).argmax())
    beta = -float(logs.reshape(-1)[k] / d.reshape(-1)[k])
    off = float(np.abs(logs + beta * d).max())
    if beta == 0 or off > _NEAR * float(np.abs(logs).max()):
        return f"{_NONE} at any inverse temperature"
    return GibbsRule(Approximate(beta, 0.0), off)


def lautum(world: World) -> Number:
    """L(Theta; T|Phi) = sum_phi p(phi) KL(p(theta|phi) p(t|phi) || p(theta,t|phi)) in nats; infinite where it is."""
    data, theta = world.weights(("Phi", *world.data)), world.weights(("Phi", "Theta"))
    t, joint = data.array.reshape(len(data.array), -1), theta.array
    rule = world.rule.reshape(-1, joint.shape[1])
    if not world.is_exact:
        prior = joint.sum(axis=1)
        product = t[:, :, None] / data.total * joint[:, None, :] / np.where(prior > 0, prior, 1.0)[:, None, None]
        weights = Weights(product, float(product.sum()), data.rounding + 2 * theta.rounding)
        return weights.cross_entropy(rule[None], 1) - entropy_number(world, ["Theta"], ["Phi"])
    t, joint = to_fractions(t) / data.total, to_fractions(joint) / theta.total
    prior = joint.sum(axis=1)
    product = t[:, :, None] * joint[:, None, :] / np.where(prior == 0, 1, prior)[:, None, None]
    tops, bottom = common_denominator(to_fractions(rule))
    cells, total = common_denominator(product)
    given_phi = Weights(cells, total).cross_entropy(tops[None], bottom)
    return given_phi - entropy_number(world, ["Theta"], ["Phi"])
