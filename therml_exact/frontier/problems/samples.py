"""What learning rules from N exchangeable samples achieve: S and U, over types (nats).

    S = I(Theta;data),     U = - sum over samples of log p(x|theta)   or   log p(y|x,theta)

A rule is p(theta|type). With n_wj the counts of type w and r_theta,j = sum_w p_w p(theta|w) n_wj, the best decoder is
r divided by its sums over a block: all of X (Bayes), or the Y of each x (discriminative). U is then the sum over
blocks and theta of r log (sum r / r).

Shapes: rules [type, theta]; counts [type, letter]; `blocks` of equal width make up the letters.
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
    """The weights of S and U; an infinite beta is U alone."""
    return (0.0, 1.0) if math.isinf(multipliers["beta"]) else (1.0, multipliers["beta"])


def direction(of: Sequence[float] | Array) -> dict[str, float]:
    """What `minimize` takes for weights of S and U."""
    first = float(of[0])
    return {"beta": float(of[1]) / first if first > 0 else math.inf}


def reached(floats: tuple[Array, Array], rule: Array) -> tuple[Array, Array, Array]:
    """The rule and p(theta) without idle values, and r[theta, letter]."""
    counts, p = floats
    theta = np.einsum("w,wz->z", p, rule)
    rule, theta = rule[:, theta > 0], theta[theta > 0]
    return rule, theta, np.einsum("w,wz,wj->zj", p, rule, counts)


def point(floats: tuple[Array, Array], rule: Array, theta: Array, r: Array, rows: Array) -> dict[str, float]:
    """S and U of a rule and its decoder rows, in the shape of r."""
    p = floats[1]
    values = {
        "S": math.fsum(divergences(p[:, None] * rule, rule, theta)),
        "U": -math.fsum((r * np.log(np.where(r > 0, rows, 1.0))).ravel()),
    }
    return {name: value + 0.0 for name, value in values.items()}


def achieved(types: Types, blocks: int, rule: Any) -> dict[str, arb]:
    """S and U of a rule as balls; its rows are divided by their sums."""
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
    """U where every type has its own Theta: sum p sum over blocks of n log(sum n / n)."""
    total = arb(0)
    for counts, p in types:
        width = len(counts) // blocks
        for k in range(blocks):
            part = [n for n in counts[k * width : (k + 1) * width] if n]
            total += ball(p) * sum((n * ball(Fraction(sum(part), n)).log() for n in part), arb(0))
    return total


def hard_values(rule: Array, most: float) -> Array | None:
    """The value of Theta of each type [type, theta], if each type has one with probability >= most."""
    if (rule.max(axis=1) < most).any():
        return None
    return np.eye(rule.shape[1], dtype=bool)[rule.argmax(axis=1)]


def excluded(types: Types, values: Array, blocks: int) -> bool:
    """Whether each type is excluded by a decoder's 0 from every value of Theta but its own."""
    counts = np.array([c for c, _ in types]) > 0
    letters: Array = np.einsum("tz,tj->zj", values, counts)
    # Where a value has met no letter of a block, its decoder is free there and excludes nothing.
    met = letters.reshape(len(letters), blocks, -1).any(axis=2, keepdims=True)
    zero = ~letters & np.broadcast_to(met, (*met.shape[:2], letters.shape[1] // blocks)).reshape(letters.shape)
    out: Array = np.einsum("tj,zj->tz", counts, zero)
    return bool((out | values).all())
