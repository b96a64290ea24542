"""The lower side: the largest log G over all codes, bounded by branch and bound (nats).

`search` chooses between two. Where letters are many, boxes are searched best first (boxes.py), with a bound at any
time. Otherwise the kernel kernels/mixture/cells.py goes through simplices from the product of the roots, depth first at
one threshold. `coarser` is for a budget that did not suffice there: it proves a coarse threshold of ten nats, then
finer ones, until one fails or the time is up. It has a moment of its own beyond the deadline.

No error is raised here.
Source: B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture import boxes
from therml_exact.frontier.mixture.ellipsoids import SAFE, Contacts, contacts
from therml_exact.frontier.mixture.primal import Primal
from therml_exact.frontier.mixture.tables import Tables

DEEPEST = 4000  # the most splits above a leaf
GRACE = 0.1  # seconds that coarse thresholds may take beyond the deadline
PIECE = 0.03  # seconds that pass, about, between looks at the clock
BYTES = 16  # a node's, about, while its tree is written
STEPS = 2**25  # in the first piece, before its time is known

Array = np.ndarray[Any, Any]


class End(IntEnum):
    """How a search ended, in the kernel's numbers."""

    PROVED = 0  # every leaf has log G at most at the threshold
    ABOVE = 1  # log G is above the threshold at `point`
    BUDGET = 2  # cells or time ran out
    DEEP = 3  # a cell was split as often as is allowed


class Search(NamedTuple):
    """What branch and bound found.

    end      how it ended
    bound    the largest bound of log G of a leaf that holds by its chord, quadratic or series, in nats; -inf if none
    does tree     the nodes in preorder [node]: 0 to 3 for a leaf by its chord, an ellipsoid, its quadratic, its series;
             4 + e for a split at edge e
    point    the middle of the last cell [j], where log G is above the threshold if `end` says so
    turns    for boxes the code points of their turns [leaf, j], and then `tree` has those of its text, and `bound`
             holds however the search ended; None for cells
    memory   whether the memory ended the search
    """

    end: End
    bound: float
    tree: Array
    point: Array
    turns: Array | None = None
    memory: bool = False


class Level(NamedTuple):
    """A bound of log G over all codes, in nats, with the ellipsoids and the tree [node] that prove it."""

    level: float
    near: Contacts
    tree: Array


def coarser(tables: Tables, primal: Primal, lam: Array, threshold: float, max_cells: int | None,
            deadline: float) -> Level:  # fmt: skip
    """Return the best bound of log G that the budget affords, from thresholds coarser than `threshold`.

    lam          the dual variables log c_w, [w]
    threshold    nats; thresholds from ten nats down to this one are tried
    max_cells    the most nodes of one tree; None: as many as the memory of a tree holds
    deadline     on the monotonic clock, in seconds; GRACE more may be taken
    """
    none = contacts(tables, lam, primal.codes[:0], threshold)
    proved = Level(_trivial(tables, lam), none, np.zeros(1, dtype=np.uint8))
    exponent = 1.0
    while True:
        trial = 10.0**exponent
        if trial <= threshold or now() > deadline + GRACE:
            return proved
        around = contacts(tables, lam, primal.codes, trial, deadline)
        found = search(tables, lam, around, trial, max_cells, deadline + GRACE)
        if found.end is not End.PROVED:
            return proved
        proved = Level(max(found.bound, float(around.bounds.max(initial=-math.inf))), around, found.tree)
        exponent -= 0.5


def _trivial(tables: Tables, lam: Array) -> float:
    """Return the bound of log G on the root cell by its chord, in nats."""
    e = np.concatenate([_entropies(root) for root in tables.roots])
    from therml_exact.kernels.mixture.cells import log_gradient

    return float(log_gradient(lam, tables.a_root, tables.group, tables.power, e, np.empty(2 * tables.groups)))


def _entropies(rows: Array) -> Array:
    """Return the entropy of each row, in nats."""
    return -(rows * np.log(np.where(rows > 0, rows, 1.0))).sum(axis=1)


def search(tables: Tables, lam: Array, near: Contacts, threshold: float, max_cells: int | None,
           deadline: float) -> Search:  # fmt: skip
    """Return what branch and bound finds about log G <= threshold over all codes.

    lam          the dual variables log c_w, [w]
    near         ellipsoids inside which log G <= threshold is known
    threshold    nats
    max_cells    the most nodes of the tree; None: as many as the memory of a tree holds
    deadline     on the monotonic clock, in seconds
    """
    if boxes.apply(tables):
        found = boxes.search(tables, lam, near, threshold, max_cells, deadline)
        return Search(End(found.end), found.bound, found.tree, found.point, found.turns, found.memory)
    from therml_exact.kernels.mixture.cells import cells

    held = boxes.MEMORY // BYTES
    most = held if max_cells is None else min(max_cells, held)
    blocks = len(tables.roots)
    shapes = [(len(r), r.shape[1]) for r in tables.roots]
    starts = np.cumsum([0, *(2 * k * k + k * n + k for k, n in shapes)])
    stack = np.empty((DEEPEST if starts[-1] < 500 else 1000, starts[-1]))
    stack[0] = np.concatenate(
        [np.concatenate([np.eye(k).ravel(), root.ravel(), np.eye(k).ravel(), _entropies(root)])
         for root, (k, _) in zip(tables.roots, shapes, strict=True)]
    )  # fmt: skip
    scale = np.array([float(tables.p @ tables.sums[:, i]) for i in range(blocks)])
    scale = np.maximum(scale, 1e-9 * (scale.max() + 1e-300))
    point, best = np.zeros(tables.jstart[-1]), np.array([-math.inf])
    state = np.array([0, 0, 0], dtype=np.int64)
    # To look at all edges of a cell costs k^2 n: the clock is looked at after about so many steps.
    pieces, nodes = [], 0
    chunk = max(min(256, STEPS // (sum(k * k * n for k, n in shapes) + tables.a.size)), 1)
    while True:
        begun = now()
        state[2] = min(chunk, most - nodes)
        tree = np.empty(int(state[2]) + 1, dtype=np.uint8)
        code = cells(stack, state, lam, tables.a_root, tables.a, tables.group, tables.power, tables.kstart,
                     tables.jstart, starts, scale, threshold, near.centre, near.form, near.radius * (1 - SAFE), tree,
                     point, best)  # fmt: skip
        pieces.append(tree[: state[1]])
        nodes += int(state[1])
        ended = now()
        if code != 2 or nodes >= most or ended > deadline:
            return Search(End(code), float(best[0]), np.concatenate(pieces), point, memory=nodes >= held)
        if ended - begun < PIECE / 2:
            chunk *= 2
