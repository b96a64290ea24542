"""The lower side: the largest log G over the posteriors, bounded by branch and bound over cells (nats).

`search` runs the kernel (kernels/mixture/cells.py) from the root simplices; `coarser` takes what a budget affords, from
thresholds of ten nats downwards, in a moment of its own when time is up.

No error is raised here.
Source: B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from therml_exact.frontier.mixture.ellipsoids import SAFE, Contacts, contacts
from therml_exact.frontier.mixture.primal import Primal
from therml_exact.frontier.mixture.tables import Tables

DEEPEST = 4000
GRACE = 0.1  # seconds that coarse thresholds may take beyond the deadline
PIECE = 0.03  # about how many seconds pass between looks at the clock

Array = np.ndarray[Any, Any]


def coarser(tables: Tables, primal: Primal, lam: Array, threshold: float, max_cells: int, deadline: float) -> Any:
    """The best bound of log G that the budget affords: thresholds from coarse to fine until one fails."""
    level, tree = _trivial(tables, lam), np.zeros(1, dtype=np.uint8)
    near = contacts(tables, lam, primal.codes[:0], threshold)
    exponent = 1.0
    while True:
        trial = 10.0**exponent
        if trial <= threshold or time.monotonic() > deadline + GRACE:
            return level, near, tree
        around = contacts(tables, lam, primal.codes, trial, deadline)
        code, bound, found, _ = search(tables, lam, around, trial, max_cells, deadline + GRACE)
        if code:
            return level, near, tree
        level, near, tree = max(bound, float(around.bounds.max(initial=-math.inf))), around, found
        exponent -= 0.5


def _trivial(tables: Tables, lam: Array) -> float:
    """The bound of log G on the root cell."""
    e = np.concatenate([_entropies(root) for root in tables.roots])
    from therml_exact.kernels.mixture.cells import log_gradient

    return float(log_gradient(lam, tables.a_root, tables.group, tables.power, e, np.empty(2 * tables.groups)))


def _entropies(rows: Array) -> Array:
    return -(rows * np.log(np.where(rows > 0, rows, 1.0))).sum(axis=1)


def search(tables: Tables, lam: Array, near: Contacts, threshold: float, max_cells: int, deadline: float) -> Any:
    """The kernel's code, the largest bound of a leaf, the tree, and where it saw G above the threshold."""
    from therml_exact.kernels.mixture.cells import cells

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
    pieces, nodes, chunk = [], 0, 256
    while True:
        begun = time.monotonic()
        state[2] = min(chunk, max_cells - nodes)
        tree = np.empty(int(state[2]) + 1, dtype=np.uint8)
        code = cells(stack, state, lam, tables.a_root, tables.a, tables.group, tables.power, tables.kstart,
                     tables.jstart, starts, scale, threshold, near.centre, near.form, near.radius * (1 - SAFE), tree,
                     point, best)  # fmt: skip
        pieces.append(tree[: state[1]])
        nodes += int(state[1])
        now = time.monotonic()
        if code != 2 or nodes >= max_cells or now > deadline:
            return int(code), float(best[0]), np.concatenate(pieces), point
        if now - begun < PIECE / 2:
            chunk *= 2
