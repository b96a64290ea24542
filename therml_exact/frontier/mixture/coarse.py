"""Coarse letters: which letters of Y to put together for the bound of problems/chain_rule.py (nats).

The bound loses what the Z of least J, which is one for all of its pieces, has above the least value of each piece.
Three steps make it small.

Merging. Columns are merged greedily, two at a time, by the least growth of I(Y;W|Y') - I(Y;Z|Y') for the Z that the
search from above has found: g times that is the loss at a share of 1. What a merger adds to I(Y;W|Y') is (P + Q) times
the Jensen-Shannon divergence of p(w|y) and p(w|y'), where P and Q are the masses of y and y'; for Z likewise.

Exchange. A letter of Y moves to another letter of Y' where that raises an estimate of the bound, sweep after sweep: the
values that ROUNDS steps of alternating minimisation reach from that Z in each piece, instead of the least ones.

The share. The bound is concave in it, and its estimate is climbed in steps that end at 1/64.

Estimates only choose; what is claimed is proved by the searches of the pieces.

No error is raised here.
Source: N. Slonim and N. Tishby, Agglomerative information bottleneck (1999); N. Slonim, N. Friedman and N. Tishby,
Unsupervised document classification using sequential information maximization (2002).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture.tables import plogp

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.tables import Tables

SIZES = (5, 7, 9, 12, 16, 22, 30)  # how many letters Y' are tried
MOST = 9  # letters of Y that exchange puts into one letter, if it had fewer before
CODES = 64  # codes of an estimate, the heaviest
OWN = 0.3  # weight of codes at single letters in the Z with which an estimate begins, beside 1 of the best Z
ROUNDS = 20  # of alternating minimisation in an estimate
SWEEPS = 30  # of exchange, at most
GAIN = 1e-6  # nats: a smaller gain of an estimate is none
PARTS = 64  # a share is a whole number of so many parts

Array = np.ndarray[Any, Any]


class Grouping(NamedTuple):
    """A choice for the bound: the letter Y' = of[j] of each letter of Y, the share s, and the bound's estimate."""

    of: tuple[int, ...]
    share: Fraction
    estimate: float


def merged(tables: Tables, posterior: Array, deadline: float) -> list[tuple[int, ...]]:
    """Return maps from the columns of the block to Y' = 0, 1, ..., the coarsest first; posterior[w, z] is p(z|w).

    There is none after the deadline.
    """
    joint = tables.p[:, None] * tables.rows[0]
    width = joint.shape[1]
    members = [[j] for j in range(width)]
    columns = [joint.T.copy(), np.einsum("wy,wz->yz", joint, posterior)]
    cost = np.full((width, width), np.inf)

    def losses(i: int, others: Array) -> Array:
        """Return the growth of I(Y;W|Y') - I(Y;Z|Y') where i is merged with each of the others."""
        return _losses(columns[0][i], columns[0][others]) - _losses(columns[1][i], columns[1][others])

    for i in range(width):
        if now() > deadline:
            return []
        cost[i, i + 1 :] = losses(i, np.arange(i + 1, width))
    alive = np.ones(width, dtype=bool)
    found = []
    for left in range(width, 1, -1):
        if now() > deadline:
            return []
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
    return plogp(columns).sum(axis=-1) - plogp(columns.sum(axis=-1))


def _map(groups: list[list[int]], width: int) -> tuple[int, ...]:
    """Return the number of each column's group."""
    of = [0] * width
    for k, group in enumerate(groups):
        for j in group:
            of[j] = k
    return tuple(of)


def exchanged(tables: Tables, posterior: Array, of: tuple[int, ...], deadline: float) -> Grouping:
    """Return the grouping to which exchange leads from the map `of`, as far as the time goes; posterior[w, z]."""
    estimates = Estimates(tables, posterior)
    labels = np.array(of)
    share, estimate = _climbed(estimates, labels, PARTS // 2, deadline)
    for _ in range(SWEEPS):
        moved = _sweep(estimates, labels, share / PARTS, deadline)
        share, estimate = _climbed(estimates, labels, share, deadline)
        if not moved or now() > deadline:
            break
    return Grouping(tuple(labels.tolist()), Fraction(share, PARTS), estimate)


def _climbed(estimates: Estimates, labels: Array, begin: int, deadline: float) -> tuple[int, float]:
    """Return the number of parts of the best share near `begin`, and the estimate there."""
    best, step = (estimates.bound(labels, begin / PARTS), -begin), PARTS // 4
    while step and now() <= deadline:
        near = [-best[1] + d for d in (-step, step) if 0 < -best[1] + d < PARTS]
        tried = max((estimates.bound(labels, n / PARTS), -n) for n in near)
        if tried[0] > best[0] + GAIN:
            best = tried
        else:
            step //= 2
    return -best[1], best[0]


def _sweep(estimates: Estimates, labels: Array, share: float, deadline: float) -> bool:
    """Move each letter of Y, in turn, to the letter of Y' where the estimate is largest; return whether one moved.

    labels[j] are changed in place.
    """
    count, moved = int(labels.max()) + 1, False
    values = estimates.within(labels == np.arange(count)[:, None], share)
    sizes = np.bincount(labels)
    most = max(MOST, int(sizes.max()))
    for j in range(len(labels)):
        here = int(labels[j])
        if sizes[here] == 1:
            continue
        if now() > deadline:
            break
        there = np.array([here, *(k for k in range(count) if k != here and sizes[k] < most)])
        maps = np.repeat(labels[None], len(there), axis=0)
        maps[:, j] = there
        masks = maps == there[:, None]
        masks[0, j] = False  # the group that j leaves, without it
        new = estimates.within(masks, share)
        gain = estimates.coarse(maps, share)
        gain = gain - gain[0]
        gain[1:] += new[1:] - values[there[1:]] + new[0] - values[here]
        k = int(gain.argmax())
        if gain[k] > GAIN:
            values[here], values[there[k]] = new[0], new[k]
            sizes[here] -= 1
            sizes[there[k]] += 1
            labels[j], moved = there[k], True
    return moved


class Estimates:
    """Estimates of the pieces of the bound, from a few rounds of alternating minimisation that begin with one Z."""

    def __init__(self, tables: Tables, posterior: Array) -> None:
        heaviest = np.argsort(-(tables.p @ posterior), kind="stable")[:CODES]
        # A piece may need codes that Z has not: some begin at letters of their own.
        picked = np.unique(np.linspace(0, len(tables.p) - 1, min(len(tables.p), CODES)).astype(int))
        r = np.hstack([posterior[:, heaviest] + 1e-12, OWN * np.eye(len(tables.p))[:, picked]])
        self.r = r / r.sum(axis=1, keepdims=True)
        self.joint = tables.p[:, None] * tables.rows[0]
        self.g, self.delta = tables.multiplier, tables.delta
        self.hot = np.eye(tables.groups)[tables.group]

    def bound(self, labels: Array, share: float) -> float:
        """Return the estimate of the bound for Y' = labels[j]."""
        groups = labels == np.arange(int(labels.max()) + 1)[:, None]
        return float(self.coarse(labels[None], share)[0] + self.within(groups, share).sum())

    def coarse(self, maps: Array, share: float) -> Array:
        """Return s J' + e [(1 - delta) H(Y') + delta I(X;Y')] for each of maps[b, j]."""
        e = 1 - share
        hot = (maps[:, :, None] == np.arange(int(maps.max()) + 1)).astype(float)
        joint = self.joint @ hot
        y, x = plogp(joint.sum(axis=1)).sum(axis=1), 0.0
        if self.delta:
            both = np.einsum("wx,bwk->bxk", self.hot, joint)
            x = plogp(both.sum(axis=2)).sum(axis=1) - plogp(both).sum(axis=(1, 2))
        reached = self._reached(joint, (self.g - e * (1 - self.delta)) / share)
        return np.asarray(share * reached + e * (y + self.delta * x))

    def within(self, masks: Array, share: float) -> Array:
        """Return e p(y') J_y' for the letters y' that stand for the letters masks[b, j] of Y."""
        size = max(int(masks.sum(axis=1).max()), 1)
        at = np.argsort(~masks, axis=1, kind="stable")[:, :size]
        joint = self.joint[:, at].transpose(1, 0, 2) * np.take_along_axis(masks, at, axis=1)[:, None, :]
        mass = joint.sum(axis=(1, 2))
        given = joint / np.where(mass > 0, mass, 1.0)[:, None, None]
        return np.asarray((1 - share) * mass * self._reached(given, self.g / (1 - share)))

    def _reached(self, joint: Array, g: float) -> Array:
        """Return R + delta D + g C, a little above the least values, for each of joint[b, w, y]."""
        p = joint.sum(axis=2)
        rows = joint / np.where(p > 0, p, 1.0)[:, :, None]
        r = np.broadcast_to(self.r, (len(p), *self.r.shape))
        value = np.zeros(len(p))
        for _ in range(ROUNDS):
            r = r * p[:, :, None]
            q = r.sum(axis=1)
            scale = 1 / np.maximum(q, 1e-300)[:, :, None]
            back = r.transpose(0, 2, 1)
            x = g * rows @ _log(back @ rows * scale).transpose(0, 2, 1) + _log(q)[:, None, :]
            if self.delta:
                x += self.delta * self.hot @ _log(back @ self.hot * scale).transpose(0, 2, 1)
            top = x.max(axis=2, keepdims=True)
            r = np.exp(x - top)
            total = r.sum(axis=2, keepdims=True)
            r /= total
            value = -(p * (top + np.log(total))[:, :, 0]).sum(axis=1)
        return value


def _log(x: Array) -> Array:
    """Return the logarithm, of 1e-300 where it is less."""
    return np.asarray(np.log(np.maximum(x, 1e-300)))
