"""Coarse letters: the bound of a mixture by one with fewer letters Y' = f(Y) (nats).

    min R + delta D + g H(Y|Z)  >=  min [R + delta D + g H(Y'|Z)] + g H(Y|W,Y'),

since H(Y|Z) = H(Y'|Z) + H(Y|Z,Y') and Z depends on Y through the letter W alone. The mixture of Y' has the same letters
W with merged columns, and is searched as any other; its certificate is part of this one's.

At the best Z the two sides differ by g (I(Y;W|Y') - I(Y;Z|Y')), or more where another Z is better for Y'. So columns
are merged greedily, two at a time, by the least growth of that difference for the Z that the search from above has
found. What a merger adds to I(Y;W|Y') is (P + Q) times the Jensen-Shannon divergence of p(w|y) and p(w|y'), where P and
Q are the masses of y and y'; for Z likewise.

No error is raised here.
Source: N. Slonim and N. Tishby, Agglomerative information bottleneck (1999).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.problems.mixture import Mixture

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.tables import Tables

SIZES = (5, 7, 9, 12, 16, 22, 30)  # how many letters Y' are tried

Array = np.ndarray[Any, Any]


def groupings(tables: Tables, posterior: Array) -> list[tuple[int, ...]]:
    """Return maps from the columns of the block to Y' = 0, 1, ..., the coarsest first; posterior[w, z] is p(z|w)."""
    joint = tables.p[:, None] * tables.rows[0]
    width = joint.shape[1]
    members = [[j] for j in range(width)]
    columns = [joint.T.copy(), np.einsum("wy,wz->yz", joint, posterior)]
    cost = np.full((width, width), np.inf)

    def losses(i: int, others: Array) -> Array:
        """Return the growth of I(Y;W|Y') - I(Y;Z|Y') where i is merged with each of the others."""
        return _losses(columns[0][i], columns[0][others]) - _losses(columns[1][i], columns[1][others])

    for i in range(width):
        cost[i, i + 1 :] = losses(i, np.arange(i + 1, width))
    alive = np.ones(width, dtype=bool)
    found = []
    for left in range(width, 1, -1):
        if left in SIZES and left < width:
            found.append(_map([of for of, kept in zip(members, alive, strict=True) if kept], width))
        i, j = divmod(int(np.argmin(cost)), width)
        for table in columns:
            table[i] += table[j]
        members[i] += members[j]
        alive[j] = False
        cost[j], cost[:, j] = np.inf, np.inf
        others = np.flatnonzero(alive & (np.arange(width) != i))
        cost[np.minimum(i, others), np.maximum(i, others)] = losses(i, others)
    return found[::-1]


def _losses(one: Array, others: Array) -> Array:
    """Return the loss of information about Y where the column one[x] is merged with each of others[y, x]."""
    both = one + others
    return _spread(both) - _spread(one) - _spread(others)


def _spread(columns: Array) -> Array:
    """Return sum_w f(x_w) - f(sum_w x_w) of columns x[..., w], f(x) = -x log x."""
    total = columns.sum(axis=-1)
    inner = columns * np.log(np.where(columns > 0, columns, 1.0))
    return np.asarray(total * np.log(np.where(total > 0, total, 1.0)) - inner.sum(axis=-1))


def _map(groups: list[list[int]], width: int) -> tuple[int, ...]:
    """Return the number of each column's group."""
    of = [0] * width
    for k, group in enumerate(groups):
        for j in group:
            of[j] = k
    return tuple(of)


def rest(fine: Mixture, coarse: Mixture) -> float:
    """Return g H(Y|W,Y') = g H(Y|W) - g H(Y'|W), in nats."""
    return float(fine.multiplier) * (_within(fine) - _within(coarse))


def _within(m: Mixture) -> float:
    """Return H(Y|W)."""
    return math.fsum(-float(p) * float(v) * math.log(v)
                     for p, row in zip(m.weights, m.blocks[0].rows, strict=True) for v in row if v)  # fmt: skip
