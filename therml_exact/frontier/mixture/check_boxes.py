"""Is log G <= level on every leaf of a tree of boxes? In floats with proven radii; what they leave, in FLINT's balls.

box_tree.py says how a tree is written and what its leaves claim, kernels/mixture/boxes.py why a line below
f(x) = -x log x at both ends of an interval proves a bound. Here the line A + s x of an interval [lo, hi] has any float
as its slope s, and A is a float proved to be at most f(lo) - s lo and f(hi) - s hi. So nothing rests on how the slopes
were found, or on the rounding of cuts: the ends of boxes are floats, and the halves of a box cover it.

The radii are those of numbers/ball_arrays.py. What they prove is proved; a leaf that they leave open, within some 1e-13
of the level, is judged by the same formula in FLINT's balls.

Errors: RefusedError for a tree that is none, or with a leaf that cannot be proved; UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from therml_exact.frontier.mixture.box_tree import (
    BEYOND,
    CUTS,
    FIRST,
    FIRST_PLACE,
    FIRST_TURN,
    LAST,
    RULES,
    TURNS,
    root_box,
    takes,
)
from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient
from therml_exact.frontier.problems.mixture import Mixture
from therml_exact.numbers.ball_arrays import GROW, TINY, Balls, exact, from_arb, from_fractions
from therml_exact.numbers.balls import ZERO, plogp, settled
from therml_exact.verification import Clock, require

DEEPEST = 4_000  # the most cuts above a leaf, as in the search
SLOP = 1e-15  # the rounding of sums of ends, for each unit of the sum and each coordinate: far more than 2^-52
TOGETHER = 2**21  # numbers of boxes that are held in one array

Array = np.ndarray[Any, Any]


def check_boxes(
    m: Mixture, gradient: Gradient, near: Sequence[Ellipsoid], level: float, tree: Any, turns: Any, clock: Clock
) -> None:
    """Require that log G <= level on every leaf of the tree, whose leaves cover all codes that rows have as a mean.

    m           the likelihood problem
    gradient    its function G
    near        the ellipsoids that the certificate names
    level       in nats
    tree        the text of the tree
    turns       the text of the turns
    clock       the time that is left
    """
    require(takes(m), "the rule 'boxes' does not apply")
    width = len(m.blocks[0].rows[0])
    nodes = _read(tree, turns, width)
    lo, hi = (end[None, :].copy() for end in root_box(m))
    _tighten(lo, hi)
    with np.errstate(all="ignore"):  # what overflows has a radius of inf or nan, and is left to FLINT
        boxes = settled(_Rules, m, gradient, near, level)
        most = max(TOGETHER // (2 * width), 1)
        stack = [(np.zeros(1, dtype=np.int64), lo, hi, 0)]
        while stack:
            clock.tick()
            node, lo, hi, depth = stack.pop()
            leaf = nodes.cut[node] < 0
            boxes.require(nodes.rule[node[leaf]], lo[leaf], hi[leaf], nodes.turns(node[leaf]), clock)
            node, lo, hi = node[~leaf], lo[~leaf], hi[~leaf]
            require(not len(node) or depth < DEEPEST, f"the tree is deeper than {DEEPEST:,} cuts")
            children, lo, hi = _halves(nodes, node, lo, hi)
            for at in range(0, len(children), most):
                piece = slice(at, at + most)
                stack.append((children[piece], lo[piece], hi[piece], depth + 1))


class _Nodes(NamedTuple):
    """A tree whose nodes are numbered in preorder.

    rule     [node]: the code point of a leaf
    cut      [node]: the number of the cut, -1 for a leaf
    upper    [node]: the number of the upper half
    place    [node]: the place of a leaf with turns among those, else that of the row of zeros at their end
    codes    [leaf, j]: the codes of turns
    """

    rule: Array
    cut: Array
    upper: Array
    place: Array
    codes: Array

    def turns(self, node: Array) -> Array:
        """Return the turns [node, j] in units of 1/m; 0 where a node has none."""
        return np.asarray(TURNS[self.codes[self.place[node]]])


def _read(tree: Any, turns: Any, width: int) -> _Nodes:
    """Return the nodes that two texts name; RefusedError if they are no tree over so many coordinates."""
    require(isinstance(tree, str) and isinstance(turns, str), "the tree or its turns are no text")
    symbols, leaf, cut = _points(tree), np.zeros(len(tree), dtype=bool), np.full(len(tree), -1)
    for symbol in RULES:
        leaf |= symbols == ord(symbol)
    cut[~leaf] = symbols[~leaf] - np.where(symbols[~leaf] <= LAST, FIRST, BEYOND)
    bad = np.flatnonzero(~leaf & ((cut < 0) | (cut >= CUTS * width)))
    require(not bad.size, f"the tree has an unknown symbol {tree[bad[0]]!r}" if bad.size else "")
    upper = [0] * len(tree)
    ends: list[int] = []  # of the trees that begin behind a node, the nearest last
    for at, is_leaf in zip(range(len(tree) - 1, -1, -1), leaf[::-1].tolist(), strict=True):
        if is_leaf:
            ends.append(at + 1)
            continue
        require(len(ends) > 1, "the tree ends before its leaves cover everything")
        upper[at] = ends.pop()
    require(bool(ends), "the tree ends before its leaves cover everything")
    require(len(ends) == 1, "the tree goes on after its end")
    lines = np.flatnonzero(symbols == ord(RULES[1]))
    codes = _points(turns) - FIRST_TURN
    require(len(codes) == width * len(lines), "the turns are not as many as their leaves have coordinates")
    require(bool(((codes >= 0) & (codes < len(TURNS))).all()), "a turn is an unknown symbol")
    place = np.full(len(tree), len(lines))
    place[lines] = np.arange(len(lines))
    rows = np.vstack([codes.reshape(len(lines), width), np.zeros((1, width), dtype=np.int64)]).astype(np.uint8)
    return _Nodes(symbols, cut, np.array(upper), place, rows)


def _points(text: str) -> Array:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)


def _halves(nodes: _Nodes, node: Array, lo: Array, hi: Array) -> tuple[Array, Array, Array]:
    """Return the halves of some nodes with the ends of their boxes, all lower halves first."""
    rows = np.arange(len(node))
    j, eighths = nodes.cut[node] // CUTS, nodes.cut[node] % CUTS + FIRST_PLACE
    place = lo[rows, j] + 0.125 * eighths * (hi[rows, j] - lo[rows, j])
    low, high = np.concatenate([lo, lo]), np.concatenate([hi, hi])
    high[rows, j] = place
    low[len(node) + rows, j] = place
    _tighten(low, high)
    return np.concatenate([node + 1, nodes.upper[node]]), low, high


def _tighten(lo: Array, hi: Array) -> None:
    """Move the ends lo[box, j], hi[box, j] inwards as far as sum t = 1 allows, in place; leave empty boxes alone.

    The sums are those of the search, one term after another, so that the boxes are the same to the last digit.
    """
    least, most, slop = _sums(lo, hi)
    low = np.minimum(np.maximum(lo, 1.0 - (most - hi) - slop), hi)
    high = np.maximum(np.minimum(hi, 1.0 - (least - lo) + slop), low)
    empty = _empty(lo, hi)[:, None]
    lo[:], hi[:] = np.where(empty, lo, low), np.where(empty, hi, high)


def _sums(lo: Array, hi: Array) -> tuple[Array, Array, Array]:
    """Return the sums of the ends of each box, and more than their rounding, columns."""
    least, most = lo.cumsum(axis=1)[:, -1:], hi.cumsum(axis=1)[:, -1:]
    return least, most, SLOP * lo.shape[1] * (most + 1.0)


def _empty(lo: Array, hi: Array) -> Array:
    """Return whether no code in a box sums to 1, for each box."""
    least, most, slop = _sums(lo, hi)
    return np.asarray((least > 1.0 + slop) | (most < 1.0 - slop))[:, 0]


class _Rules:
    """The rules of leaves for one mixture: in floats with proven radii first, then in FLINT's balls."""

    def __init__(self, m: Mixture, gradient: Gradient, near: Sequence[Ellipsoid], level: float) -> None:
        self.gradient, self.level = gradient, level
        self.mass = float(m.multiplier)
        self.lam = exact([float(v.mid()) for v in gradient.lam.entries()])  # they were floats
        a = from_fractions([[m.multiplier * v for v in row] for row in m.blocks[0].rows])
        self.a = Balls(a.mid.T, a.rad.T)
        self.power = from_arb([gradient.power])
        self.near = [(from_arb(n.point), from_arb(n.weights), float(n.radius.mid())) for n in near if n.holds_any]

    def require(self, rule: Array, lo: Array, hi: Array, turns: Array, clock: Clock) -> None:
        """Require that log G <= level on boxes [leaf, j] by the rules that their symbols name."""
        plain, lines, ellipsoid, empty = (rule == ord(symbol) for symbol in RULES)
        require(bool(_empty(lo[empty], hi[empty]).all()), "a leaf is not empty")
        require(bool(self._in_ellipsoids(lo[ellipsoid], hi[ellipsoid]).all()), "a leaf lies in no ellipsoid")
        which = np.flatnonzero(plain | lines)
        if which.size:
            lo, hi, turns = lo[which], hi[which], turns[which]
            for at in np.flatnonzero(~self._below(lo, hi, _slopes(lo, hi, turns / self.mass))):
                clock.tick()
                slopes = _slopes(lo[[at]], hi[[at]], turns[[at]] / self.mass)[0]
                holds = settled(self._below_in_balls, lo[at].tolist(), hi[at].tolist(), slopes.tolist())
                require(holds, "a leaf has G above the level by its lines")

    def _in_ellipsoids(self, lo: Array, hi: Array) -> Array:
        """Return whether each box lies in one of the ellipsoids that are proved."""
        held = np.zeros(len(lo), dtype=bool)
        for point, weights, radius in self.near:
            ends = exact(lo).minus(point), exact(hi).minus(point)
            far = exact(np.maximum(*(np.maximum(np.abs(end.upper), np.abs(end.lower)) for end in ends)))
            held |= far.times(far).times(weights).total(1).upper <= radius
        return held

    def _below(self, lo: Array, hi: Array, slopes: Array) -> Array:
        """Return whether lines of these slopes prove log G <= level, for each box; False if floats tell too little."""
        slope = exact(slopes)
        starts = [_f(exact(end)).minus(slope.times(exact(end))).lower for end in (lo, hi)]
        total = exact(np.minimum(*starts)).total(1)
        b = slope.plus(Balls(total.mid[:, None], total.rad[:, None]))
        terms = self.lam.minus(exact(self.level)).minus(b.matmul(self.a)).exp()
        if len(self.gradient.members) == 1:
            return np.asarray(terms.total(1).upper <= 1)
        sums = np.zeros(len(lo))
        for of in self.gradient.members:
            some = exact(np.maximum(terms.at((slice(None), of)).total(1).upper, 4 * TINY))
            sums = (sums + some.log().times(self.power).exp().upper) * GROW
        return np.asarray(sums <= 1)

    def _below_in_balls(self, lo: list[float], hi: list[float], slopes: list[float]) -> bool:
        """Return whether lines with these slopes prove log G <= level on one box."""
        total = ZERO
        for low, high, slope in zip(lo, hi, slopes, strict=True):
            ends = [plogp(arb(t)) - arb(slope) * arb(t) for t in (low, high)]
            total += ends[0].min(ends[1])
        return self.gradient.below([-total - arb(s) for s in slopes], arb(self.level))


def _slopes(lo: Array, hi: Array, turns: Array) -> Array:
    """Return the slopes of the lines, chords plus turns [leaf, j]: any floats, whatever their rounding."""
    wide = hi > lo
    chords = (_f(exact(hi)).mid - _f(exact(lo)).mid) / np.where(wide, hi - lo, 1.0)
    return np.asarray(np.where(wide, chords, 0.0) + turns)


def _f(x: Balls) -> Balls:
    """Return -x log x of floats x >= 0 that are exact."""
    zero = x.mid == 0
    log = exact(np.where(zero, 1.0, x.mid)).log()
    return -x.times(log)
