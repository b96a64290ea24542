"""The two sums that functionals are made of, in floats and in balls (nats).

    rate      sum_w p_w sum_z e_wz log (e_wz/q_z)        the information of a channel e[w, z] with marginal q_z
    spread    - sum v log v                              the entropy of values v >= 0 that need not sum to 1

Errors: ValueError for rows that are no distributions of the letters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb

from therml_exact.numbers.balls import plogp
from therml_exact.numbers.tables import Array

NEAR_ONE = "1e-9"  # a saved row's sum may differ from 1 by this much; the row is then divided by its sum


def divergences(weight: Array, top: Array, bottom: Array) -> list[float]:
    """Return the terms weight log(top/bottom), in nats, without those where weight or top is 0.

    The three arrays have one shape, or `bottom` one that broadcasts to it.

    >>> divergences(np.array([0.0, 0.5]), np.array([0.0, 1.0]), np.array([0.5, 1.0]))
    [np.float64(0.0)]
    """
    bottom = np.broadcast_to(bottom, top.shape)
    used = (weight > 0) & (top > 0)
    return list(weight[used] * (np.log(top[used]) - np.log(bottom[used])))


def spread_in_balls(values: list[arb]) -> arb:
    """Return - sum v log v, in nats, of balls v >= 0."""
    return sum((plogp(v) for v in values), arb(0))


def rate_in_balls(masses: list[arb], table: Any, shape: tuple[int, ...]) -> tuple[list[list[arb]], list[arb], arb]:
    """Return the joint p_w e_wz as a list over w, the marginal q over z, and the rate in nats, of a channel.

    masses    the p_w, as balls
    table     the channel [*shape, z], in floats; its rows are divided by their sums
    shape     the shape of the letters w, of len(masses) entries in all

    ValueError is raised for rows that are no distributions, or for another shape.
    """
    floats = np.asarray(table, dtype=float)
    fits = floats.shape[:-1] == shape and floats.size
    if not fits or not (np.isfinite(floats).all() and (floats >= 0).all()):
        raise ValueError(f"the encoder has shape {floats.shape}; its rows are distributions for the letters {shape}")
    rows = [_scaled(row) for row in floats.reshape(math.prod(shape), -1).tolist()]
    weighted = [[m * e for e in row] for m, row in zip(masses, rows, strict=True)]
    q = [sum((row[z] for row in weighted), arb(0)) for z in range(floats.shape[-1])]
    rate = spread_in_balls(q)
    for m, row in zip(masses, rows, strict=True):
        rate -= m * spread_in_balls(row)
    return weighted, q, rate


def _scaled(row: list[float]) -> list[arb]:
    """Return the row divided by its sum, as balls; the sum must be within NEAR_ONE of 1."""
    total = sum((arb(v) for v in row), arb(0))
    if not abs(total - 1) < arb(NEAR_ONE):
        raise ValueError("a row of the encoder does not sum to 1")
    return [arb(v) / total for v in row]
