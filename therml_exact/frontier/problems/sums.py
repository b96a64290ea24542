"""The sums that functionals are made of, in floats and in balls (nats).

    rate      sum_w p_w sum_z e_wz log (e_wz/q_z)        of a channel e, q its marginal
    spread    - sum v log v

Errors: ValueError for rows that are no distributions of the letters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb

from therml_exact.numbers.balls import plogp
from therml_exact.numbers.tables import Array

NEAR_ONE = "1e-9"  # what the sum of a saved row may differ from 1; it is divided by it


def divergences(weight: Array, top: Array, bottom: Array) -> list[float]:
    """The terms weight log(top/bottom), and 0 where the weight is 0."""
    bottom = np.broadcast_to(bottom, top.shape)
    used = (weight > 0) & (top > 0)
    return list(weight[used] * (np.log(top[used]) - np.log(bottom[used])))


def spread_in_balls(values: list[arb]) -> arb:
    """- sum v log v."""
    return sum((plogp(v) for v in values), arb(0))


def rate_in_balls(masses: list[arb], table: Any, shape: tuple[int, ...]) -> tuple[list[list[arb]], list[arb], arb]:
    """The joint p_w e_wz, the marginal q and the rate of a channel [*shape, z]."""
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
    """The row divided by its sum."""
    total = sum((arb(v) for v in row), arb(0))
    if not abs(total - 1) < arb(NEAR_ONE):
        raise ValueError("a row of the encoder does not sum to 1")
    return [arb(v) / total for v in row]
