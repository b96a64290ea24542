"""What learning rules from N exchangeable samples achieve: S and U, as sums over types (nats).

    S = I(Theta;data),     U = - sum over samples of log p(x|theta)   or   log p(y|x,theta)

A rule is p(theta|type). Let n_wj be the counts of type w and r[theta, j] = sum_w p_w p(theta|w) n_wj the counts that
theta meets on average. The best decoder is r divided by its sums over a block, where a block is all of X (Bayes), or
the Y of one x (discriminative). With it, U is the sum over theta and the letters j of r log(b / r), where b is the sum
of r over the block of j.

Shapes: rules [type, theta]; counts [type, letter]. The letters consist of `blocks` blocks of equal width.
Errors: ValueError for rows that are no distributions of the types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.problems.sums import divergences, rate_in_balls, spread_in_balls
from therml_exact.frontier.problems.types import Types
from therml_exact.numbers.balls import ball, plogp
from therml_exact.numbers.tables import Array


def weights(multipliers: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the weights (1, beta) of S and U; an infinite beta weighs U alone.

    >>> weights({"beta": 3}), weights({"beta": math.inf})
    ((1.0, 3), (0.0, 1.0))
    """
    return (0.0, 1.0) if math.isinf(multipliers["beta"]) else (1.0, multipliers["beta"])


def direction(of: Sequence[float] | Array) -> dict[str, float]:
    """Return beta, as `minimize` takes it, for two weights >= 0 of S and U.

    >>> direction([0.5, 2.0]), direction([0.0, 1.0])
    ({'beta': 4.0}, {'beta': inf})
    """
    first = float(of[0])
    return {"beta": float(of[1]) / first if first > 0 else math.inf}


def reached(floats: tuple[Array, Array], rule: Array) -> tuple[Array, Array, Array]:
    """Return the rule [type, theta] and p(theta), both without values of Theta of mass 0, and r[theta, letter].

    floats holds the types' counts [type, letter] and their probabilities.
    """
    counts, p = floats
    theta = np.einsum("w,wz->z", p, rule)
    rule, theta = rule[:, theta > 0], theta[theta > 0]
    return rule, theta, np.einsum("w,wz,wj->zj", p, rule, counts)


def point(floats: tuple[Array, Array], rule: Array, theta: Array, r: Array, rows: Array) -> dict[str, float]:
    """Return S and U, in nats, of a rule.

    floats     the types' counts [type, letter] and probabilities
    rule       p(theta|type) [type, theta]
    theta      its marginal p(theta), all > 0
    r          the average counts [theta, ...] of the module's docstring
    rows       the decoder, in the shape of r
    """
    p = floats[1]
    values = {
        "S": math.fsum(divergences(p[:, None] * rule, rule, theta)),
        "U": -math.fsum((r * np.log(np.where(r > 0, rows, 1.0))).ravel()),
    }
    return {name: value + 0.0 for name, value in values.items()}


def achieved(types: Types, blocks: int, rule: Any) -> dict[str, arb]:
    """Return S and U, in nats, of a rule [type, theta] as balls, with the best decoder.

    Rows are divided by their sums first. ValueError is raised for rows that are no distributions.
    """
    masses = [ball(p) for _, p in types]
    weighted, q, rate = rate_in_balls(masses, rule, (len(masses),))
    energy = arb(0)
    for z in range(len(q)):
        counts = [arb(0)] * len(types[0][0])
        for (n, _), row in zip(types, weighted, strict=True):
            counts = [c + k * row[z] if k else c for c, k in zip(counts, n, strict=True)]
        width = len(counts) // blocks
        for b in range(blocks):
            part = counts[b * width : (b + 1) * width]
            energy += spread_in_balls(part) - plogp(sum(part, arb(0)))
    return {"S": rate, "U": energy}


def least_energy(types: Types, blocks: int) -> arb:
    """Return U, in nats, as a ball, where every type has its own Theta.

    It is sum_w p_w sum_j n_wj log(b_wj / n_wj), where b_wj is the sum of the counts n_w over the block of j.
    """
    total = arb(0)
    for counts, p in types:
        width = len(counts) // blocks
        for k in range(blocks):
            part = [n for n in counts[k * width : (k + 1) * width] if n]
            total += ball(p) * sum((n * ball(Fraction(sum(part), n)).log() for n in part), arb(0))
    return total


def hard_values(rule: Array, most: float) -> Array | None:
    """Return which theta each type has, as booleans [type, theta].

    The result is None unless every type has one theta with probability >= most.

    >>> hard_values(np.array([[1.0, 0.0], [0.4, 0.6]]), 0.9) is None
    True
    """
    if (rule.max(axis=1) < most).any():
        return None
    return np.eye(rule.shape[1], dtype=bool)[rule.argmax(axis=1)]


def excluded(types: Types, values: Array, blocks: int) -> bool:
    """Return whether each type is excluded from every theta but its own.

    values[type, theta] says which theta each type has. A type is excluded from a theta where the decoder of that theta,
    which is the best for the types that it has, gives probability 0 to a letter of the type.
    """
    counts = np.array([c for c, _ in types]) > 0
    letters: Array = np.einsum("tz,tj->zj", values, counts)
    # Where a value has met no letter of a block, its decoder is free there and excludes nothing.
    met = letters.reshape(len(letters), blocks, -1).any(axis=2, keepdims=True)
    zero = ~letters & np.broadcast_to(met, (*met.shape[:2], letters.shape[1] // blocks)).reshape(letters.shape)
    out: Array = np.einsum("tj,zj->tz", counts, zero)
    return bool((out | values).all())
