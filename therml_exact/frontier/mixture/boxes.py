"""The lower side where letters are many: the largest log G over all codes, by a best-first search over boxes (nats).

kernels/mixture/boxes.py has the search and its bound; box_tree.py says how its tree is written. The leaf of the largest
bound is cut next, so that the bound that is proved falls all the time: whenever the search ends, the largest bound of a
leaf holds for every code. The nodes of the tree take at most MEMORY bytes.

No error is raised here.
Source: J. Falk and R. Soland (1969); B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture import box_tree

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.ellipsoids import Contacts
    from therml_exact.frontier.mixture.tables import Tables

MEMORY = 200_000_000  # bytes of a tree
FEWEST = 5  # vertices of the root simplex; for fewer, simplices and their quadratics close sooner
# Where the vertices are the letters' rows, fewer than there are coordinates, simplices are in the smaller space.
FEWEST_ROWS = 8
FIRST = 4096  # nodes for which there is room at first
PIECE = 0.03  # seconds that pass, about, between looks at the clock
SAFE = 1e-9  # ellipsoids are taken smaller by this share, so that ball arithmetic agrees

Array = np.ndarray[Any, Any]


class Found(NamedTuple):
    """What the search found.

    end        CLOSED, ABOVE, MORE (time or nodes ran out) or FULL, as the kernel has them
    bound      of log G over all codes outside of the ellipsoids, in nats
    tree       the code points of the tree's text
    turns      the code points of the turns [leaf, j]
    point      a code [j] where log G is above the threshold, if `end` says so
    memory     whether MEMORY ended the search
    """

    end: int
    bound: float
    tree: Array
    turns: Array
    point: Array
    memory: bool


def apply(tables: Tables) -> bool:
    """Return whether the search is over boxes: one block with rows of sum 1, and enough vertices of the root."""
    vertices, width = tables.roots[0].shape
    return vertices >= (FEWEST if vertices == width else FEWEST_ROWS) and box_tree.takes(tables.mixture)


def search(tables: Tables, lam: Array, near: Contacts, threshold: float, most: int | None, deadline: float) -> Found:
    """Return what the search finds about log G <= threshold in the box of the letters' rows.

    lam          the dual variables log c_w, [w]
    near         ellipsoids inside which log G <= threshold is known
    threshold    nats
    most         the most nodes of the tree; None: as many as MEMORY holds
    deadline     on the monotonic clock, in seconds
    """
    from therml_exact.kernels.mixture import boxes

    width = tables.a.shape[1]
    lo, hi = box_tree.root_box(tables.mixture)
    g = boxes.G(lam, tables.a, tables.group, tables.power, tables.groups, tables.multiplier)
    held = MEMORY // (27 + width)
    size = max(held if most is None else min(most, held), 3)
    nodes = _room(boxes, None, min(size, FIRST), width)
    ends = lo.copy(), hi.copy()
    boxes.tighten(*ends)
    nodes.bound[0] = boxes.bound_on(g, *ends, nodes.codes[0], threshold, boxes.work_of(g))
    around, point, pieces = _near(tables, lam, near), np.zeros(width), 1
    end = boxes.CLOSED if nodes.bound[0] <= threshold else boxes.MORE
    while end == boxes.MORE and now() <= deadline:
        begun = now()
        end = boxes.grow(g, around, nodes, *ends, threshold, pieces, point)
        if now() - begun < PIECE / 2:
            pieces *= 2
        if end == boxes.FULL and int(nodes.state[0]) + 2 > len(nodes.parent) < size:
            nodes, end = _room(boxes, nodes, min(4 * len(nodes.parent), size), width), boxes.MORE
    leaves = (nodes.child == 0)[: nodes.state[0]]
    bound = float(nodes.bound[: nodes.state[0]].max(where=leaves, initial=-math.inf))
    full = end == boxes.FULL and int(nodes.state[0]) + 2 > held
    return Found(end, bound, *_written(boxes, nodes, width), point, full)


def _room(boxes: Any, nodes: Any, size: int, width: int) -> Any:
    """Return arrays for so many nodes, with those of `nodes` in them, or the root alone."""
    kinds = (np.int32, np.int32, np.int16, np.uint8, np.float64)
    new = boxes.Nodes(*(np.zeros(size, dtype=kind) for kind in kinds), np.zeros((size, width), dtype=np.uint8),
                      np.zeros(size, dtype=np.int32), np.array([1, 1]))  # fmt: skip
    for mine, other in zip(new, nodes or (), strict=False):
        mine[: len(other)] = other
    return new


def _near(tables: Tables, lam: Array, near: Contacts) -> Any:
    """Return the ellipsoids for boxes: about centre[c, j], with the weights abar_j/t_j^2 of Fisher's metric."""
    from therml_exact.kernels.mixture.boxes import Near

    root = tables.roots[0]
    u = np.hstack([near.centre, 1 - near.centre.sum(axis=1, keepdims=True)])
    centre = u @ root if len(u) else np.empty((0, root.shape[1]))
    posterior = tables.gradient(lam, centre)[1] if len(u) else np.empty((len(lam), 0))
    weight = np.einsum("wc,wj->cj", posterior, tables.a) / np.maximum(centre, 1e-300) ** 2
    return Near(centre, weight, near.radius * (1 - SAFE))


def _written(boxes: Any, nodes: Any, width: int) -> tuple[Array, Array]:
    """Return the code points of the tree's text, and those of the turns of its leaves [leaf, j]."""
    count = int(nodes.state[0])
    leaves = (nodes.child == 0)[:count] & (nodes.codes[:count].max(axis=1) > 0) & (nodes.kind[:count] == boxes.LINES)
    tree, turns = np.empty(count, dtype=np.uint32), np.empty((int(leaves.sum()), width), dtype=np.uint8)
    rules = np.array([ord(symbol) for symbol in box_tree.RULES])
    boxes.written(nodes, rules, box_tree.turn_symbols(), box_tree.cut_symbols(width), tree, turns)
    return tree, turns
