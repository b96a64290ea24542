"""Is log G <= level on every leaf of a tree of cells? Floats with proven radii first, FLINT's balls for the rest.

A tree's text names its nodes in preorder: splits of an edge, and leaves with the rule by which they hold. It is
followed from the product of the root simplices; a split halves an edge, so that the leaves cover the product by
construction.

The first pass takes thousands of nodes at once (leaf_arrays.py). What it proves is proved. It leaves open the leaves of
which floats can say nothing: those within some 1e-14 of the level, series, and all below cells that floats do not hold.
The second pass walks down to these alone, one cell after another in the balls of leaf_rules.py, and there a rule that
cannot be proved refuses the certificate. If the first pass proved nothing, the second would be the whole check.

Errors: RefusedError for a tree that is none, or with a leaf that cannot be proved; UnfinishedError where the time or
the memory ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from therml_exact.frontier.mixture.certificate import BEYOND, FIRST
from therml_exact.frontier.mixture.leaf_arrays import Leaves, Split
from therml_exact.frontier.mixture.leaf_rules import Cell, Ellipsoid, Gradient, halve, root_cell
from therml_exact.frontier.problems.mixture import Mixture, pairs
from therml_exact.numbers.ball_arrays import Balls, exact, joined
from therml_exact.numbers.balls import settled
from therml_exact.verification import Clock, UnfinishedError, require

DEEPEST = 4_000  # the most splits above a leaf, as in the search (dual.py)
MOST_HELD = 200_000_000  # the most bytes of cells that wait
TOGETHER = 2**15  # nodes that the first pass takes at once, at most
PIECE = 2**18  # nodes whose ends are looked up at once
FEWEST = 32  # nodes below which the first pass does not pay

Array = np.ndarray[Any, Any]

RULES_OF_LEAVES = {
    ".": "has G above the level by its chord",
    "+": "lies in no ellipsoid",
    "-": "has G above the level by its quadratic",
    "~": "has G above the level by its series",
}


class Nodes(NamedTuple):
    """A tree whose nodes are numbered in preorder, so that those below a node follow it.

    edge    [node]: the number of the edge that is split, -1 for a leaf
    rule    [node]: the character of a leaf, by its number
    end     [node]: the number after the last node below
    """

    edge: Array
    rule: Array
    end: Array


def check_tree(m: Mixture, gradient: Gradient, near: list[Ellipsoid], level: float, tree: Any, clock: Clock) -> None:
    """Require that log G <= level on every leaf of the tree, whose leaves cover the product of the root simplices.

    m           the likelihood problem
    gradient    its function G
    near        the ellipsoids that the certificate names
    level       in nats
    tree        the text
    clock       the time that is left
    """
    require(isinstance(tree, str), "the tree is no text")
    edges = [(i, p, q) for i, b in enumerate(m.blocks) for p, q in pairs(len(b.root))]
    nodes = read_tree(tree, len(edges))
    left = np.ones(len(tree), dtype=bool)
    if len(tree) >= FEWEST:
        with np.errstate(all="ignore"):  # what overflows has a radius of inf or nan, and is left
            leaves = settled(Leaves, m, gradient, near, level)
            left = reaching(nodes, undecided(leaves, nodes, clock))
    _follow(m, gradient, near, arb(level), nodes, left, edges, clock)


def read_tree(tree: str, edges: int) -> Nodes:
    """The nodes that a text names; RefusedError if it is no tree over so many edges, or is deeper than DEEPEST.

    >>> read_tree("0.0..", 1).end.tolist()
    [5, 2, 5, 4, 5]
    """
    symbols = np.frombuffer(tree.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    leaf = np.isin(symbols, [ord(symbol) for symbol in RULES_OF_LEAVES])
    edge = np.where(leaf, -1, symbols.astype(np.int32) - np.where(symbols < BEYOND, np.int32(FIRST), np.int32(BEYOND)))
    bad = np.flatnonzero(~leaf & ((edge < 0) | (edge >= edges)))
    require(not bad.size, f"the tree has an unknown symbol {tree[bad[0]]!r}" if bad.size else "")
    # A split waits for two nodes instead of one. A node's end comes where for the first time fewer wait than at it.
    waiting = 1 + np.cumsum(np.where(leaf, np.int8(-1), np.int8(1)), dtype=np.int64)
    ended = np.flatnonzero(waiting == 0)
    require(ended.size > 0, "the tree ends before its leaves cover everything")
    size = len(tree)
    require(int(ended[0]) == size - 1, "the tree goes on after its end")
    order = waiting * size + np.arange(size)
    order.sort()
    end = np.empty(size, dtype=np.int64)
    for at in range(0, size, PIECE):  # some arrays less
        part = slice(at, at + PIECE)
        fewer = (waiting[part] - np.where(leaf[part], 0, 2)) * size
        end[part] = order[np.searchsorted(order, fewer + np.arange(at, at + len(fewer)))] - fewer + 1
    change = np.zeros(size + 1, dtype=np.int32)  # of the depth
    change[1:] += ~leaf
    np.subtract.at(change, end[~leaf], 1)
    require(int(np.cumsum(change).max()) <= DEEPEST, f"the tree is deeper than {DEEPEST:,} splits")
    return Nodes(edge, np.where(leaf, symbols, 0).astype(np.uint8), end)


# ---- the first pass


class Cells(NamedTuple):
    """Some nodes with their cells, as leaf_arrays.py has them: node [cell], numbers [cell, width], b [cell, k]."""

    node: Array
    numbers: Array
    b: Balls

    def at(self, where: Any) -> Cells:
        """Those at an index of NumPy's."""
        return Cells(self.node[where], self.numbers[where], self.b.at(where))


def undecided(leaves: Leaves, nodes: Nodes, clock: Clock) -> Array:
    """The nodes that floats do not decide; a split among them stands for all that lies below it."""
    bytes_each = 8 * (leaves.shapes.width + 1)
    most = min(max(MOST_HELD // (8 * bytes_each), 1), TOGETHER)
    found: list[Array] = []
    held = 0  # cells on the stack
    numbers, b = leaves.root()
    stack = [Cells(np.zeros(1, dtype=np.int64), numbers, b)]
    while stack:
        clock.tick()
        cells = stack.pop()
        held -= len(cells.node)
        # As many from the end as have at most so many nodes below them together, or the last one.
        below = np.cumsum((nodes.end[cells.node] - cells.node)[::-1])
        few = len(below) - max(int(np.searchsorted(below, most, "right")), 1)
        done, rest = _expand(leaves, nodes, cells.at(slice(few, None)), most)
        found.append(_not_held(leaves, nodes, done))
        for waits in (cells.at(slice(few)), rest):
            if (held + len(waits.node)) * bytes_each > MOST_HELD:
                found.append(waits.node)
            elif len(waits.node):
                stack.append(waits)
                held += len(waits.node)
    return np.concatenate(found)


def _expand(leaves: Leaves, nodes: Nodes, start: Cells, most: int) -> tuple[Cells, Cells]:
    """The leaves below some nodes; and the nodes at which it stopped, level by level, after more than `most` nodes.

    A tree has many levels, few nodes in each. So the numbers that are exact are found first, then the gaps of all
    edges at once, and the balls b last.
    """
    node, numbers, b = start
    levels = []  # nodes and numbers of each level, which of them are split, and how
    count = 0
    while count <= most and (splits := np.flatnonzero(nodes.edge[node] >= 0)).size:
        made = leaves.split(numbers[splits], nodes.edge[node[splits]])
        levels.append((node, numbers, splits, made))
        count += len(node)
        first = node[splits] + 1
        node, numbers = np.concatenate([first, nodes.end[first]]), made.numbers
    gap = _gaps(leaves, [made for _, _, _, made in levels])
    ended = []
    at = 0
    for its, row, splits, made in levels:
        ended.append(Cells(its, row, b).at(nodes.edge[its] < 0))
        b = leaves.moved(b.at(splits), made, gap.at(slice(at, at + len(splits))))
        at += len(splits)
    last = Cells(node, numbers, b)
    ended.append(last.at(nodes.edge[node] < 0))
    done = Cells(np.concatenate([c.node for c in ended]), np.concatenate([c.numbers for c in ended]),
                 joined([c.b for c in ended], 0))  # fmt: skip
    return done, last.at(nodes.edge[node] >= 0)


def _gaps(leaves: Leaves, levels: list[Split]) -> Balls:
    """The gaps of the edges of all splits, level by level."""
    starts = np.cumsum([0, *(len(made.fine) // 2 for made in levels)])
    gap = exact(np.zeros(starts[-1]))
    for i in range(len(leaves.shapes.sizes)):
        if levels:
            cells, one, two = (np.concatenate(parts) for parts in zip(*(made.ends[i] for made in levels), strict=True))
            counts = [len(made.ends[i][0]) for made in levels]
            cells = cells + np.repeat(starts[:-1], counts)
            if cells.size:
                gap.mid[cells], gap.rad[cells] = leaves.gaps(i, one, two)
    return gap


def _not_held(leaves: Leaves, nodes: Nodes, cells: Cells) -> Array:
    """The leaves among these that floats do not prove by their rules."""
    proved = np.zeros(len(cells.node), dtype=bool)
    of, sound = nodes.rule[cells.node], np.isfinite(cells.b.rad).all(axis=1)
    chords = np.flatnonzero(sound & (of == ord(".")))
    if chords.size:
        proved[chords] = leaves.chord(cells.b.at(chords))
    for symbol, rule in (("+", leaves.ellipsoid), ("-", leaves.quadratic)):
        here = np.flatnonzero(sound & (of == ord(symbol)))
        if here.size:
            proved[here] = rule(cells.numbers[here])
    return cells.node[~proved]


def reaching(nodes: Nodes, some: Array) -> Array:
    """Whether each node is one of these, above one, or below one."""
    total = len(nodes.end)
    if not len(some):
        return np.zeros(total, dtype=bool)
    below = np.zeros(total + 1, dtype=np.int32)
    np.add.at(below, some, 1)
    np.subtract.at(below, nodes.end[some], 1)
    count = np.zeros(total + 1, dtype=np.int32)
    count[1:] = np.cumsum(np.bincount(some, minlength=total))
    return np.asarray((np.cumsum(below[:-1]) > 0) | (count[nodes.end] > count[:-1]))


# ---- the second pass


def _follow(m: Mixture, gradient: Gradient, near: list[Ellipsoid], level: arb, nodes: Nodes, left: Array,
            edges: Sequence[tuple[int, int, int]], clock: Clock) -> None:  # fmt: skip
    """Require that log G <= level on every leaf that is left."""
    size = sum(8 * len(b.root) * (len(b.root) + 2 * len(b.root[0])) for b in m.blocks)  # bytes of a cell, about
    stack: list[tuple[Cell, int]] = [(settled(root_cell, m), 0)] if left[0] else []
    while stack:
        clock.tick()
        cell, node = stack.pop()
        if nodes.edge[node] < 0:
            symbol = chr(nodes.rule[node])
            holds = settled(_holds, symbol, cell, gradient, near, level)
            require(holds, f"a leaf {RULES_OF_LEAVES[symbol]}")
            continue
        if len(stack) * size > MOST_HELD:
            raise UnfinishedError("not checked: the tree is too deep for alphabets of this size")
        halves = zip(_children(cell, *edges[nodes.edge[node]]), (nodes.end[node + 1], node + 1), strict=True)
        stack += [(child, number) for child, number in halves if left[number]]


def _holds(symbol: str, cell: Cell, gradient: Gradient, near: list[Ellipsoid], level: arb) -> bool:
    """Return whether log G <= level on the cell by the rule that the symbol names."""
    if symbol == ".":
        return gradient.chord(cell, level)
    if symbol == "+":
        return any(n.holds(cell) for n in near)
    if symbol == "-":
        return gradient.quadratic(cell, level)
    return gradient.series(cell, level)


def _children(cell: Cell, which: int, first: int, second: int) -> Iterator[Cell]:
    """Yield the halves of a cell, split at the edge (first, second) of the block `which`.

    The half that keeps `first` comes first in preorder. It is therefore yielded last, onto the top of a stack.
    """
    for gone, kept in ((first, second), (second, first)):
        child = list(cell)
        child[which] = settled(halve, cell[which], gone, kept)
        yield child
