"""Branch and bound over m: a convex function plus a concave one (nats).

    min over m of W(m) + N Phi(m),      W(m) >= V_k - N b_k.m for every cut k

On a simplex of m the function V + N (Phi(m) - b.m) of a mean of cuts is concave, so that it is least at a vertex: the
bound of a cell is the best mean of cuts (kernels/joint/game.py), the largest t with

    sum_k w_k [V_k + N (Phi(v) - b_k.v)] >= t   at all vertices v.

The cell with the least bound comes first. Where the chords of Phi lose more than half of what is missing the cell is
halved at the edge that loses most; otherwise a new cut is made at the slope at which the chords of the cell are
affine, then at the mean slope of the best cuts. As cells shrink, that slope becomes a tangent of Phi: a cell's bound
is the global minimum less a term of second order at worst.

A cut is proved to within a share of what its cell misses: far from the optimum a rough proof does. Where codes are
nearly alike a cone (cones.py) is tried first, since a cut at a slope serves one p(z) only.

Where there are many types a proof is dear. There the search runs first to what is reached at sigma = 0, with cuts in
closed form (S >= 0), and makes dear cuts only for the cells that these leave.

The tree in preorder: chr(48 + k) halves edge k of the cell's vertices (pairs i < j in lexicographic order; first j,
then i is replaced by the middle), "-" is a cell whose codes are in the wrong order (domain.py), "." a leaf with the
weights of its cuts.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field, replace

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.joint.above import best_start, descend
from therml_exact.frontier.joint.cones import Cone, prove_cone, zero
from therml_exact.frontier.joint.cuts import Cut, cheap, prove
from therml_exact.frontier.joint.domain import Domain, Simplex, misplaced
from therml_exact.frontier.joint.instance import Instance
from therml_exact.numbers.tables import Array

MARGIN = 4e-14  # rounding of a cell's bound, relative to 1 + N (sum of multipliers) log letters + |V|
_CUTS_A_CELL = 3
_EXCHANGES = 60
_MANY = 100  # types
_SLACK = 0.05
_ALIKE = 0.5  # share below which a dear cone is worth its price
_COARSE = 0.03  # share of what a cell misses, to which its cut is proved
_DIFFERENT = 8.0  # codes that tell an eighth of what there is to tell are different


@dataclass
class Node:
    """A cell: its vertices, its bound and the weights that prove it; the edge halved (-1: none) and its children."""

    vertices: Simplex
    bound: float = -math.inf
    weights: dict[int, float] = field(default_factory=dict)
    edge: int = -1
    children: tuple[int, int] = (-1, -1)
    empty: bool = False


class Vertices:
    """All vertices met: places[v] (m in floats), heights[v] = (Phi, Psi), and what orders the codes, exactly."""

    def __init__(self, inst: Instance, region: Domain) -> None:
        from therml_exact.kernels.joint.concave import Form, fill_heights

        self.form = Form(inst.nz, inst.ny, inst.nx if inst.delta else 0, inst.rho, inst.gamma, inst.delta)
        self._fill = fill_heights
        self.places = np.array([[float(v) for v in point] for point in region.points])
        self.heights = np.empty((len(self.places), 2))
        for m, out in zip(self.places, self.heights, strict=True):
            fill_heights(self.form, m, out)
        self.orders = list(region.orders)
        self._middles: dict[tuple[int, int], int] = {}

    def middle(self, i: int, j: int) -> int:
        """The vertex halfway between two."""
        key = (min(i, j), max(i, j))
        found = self._middles.get(key)
        if found is None:
            found = self._middles[key] = len(self.orders)
            if found == len(self.places):
                self.places = np.concatenate([self.places, np.empty_like(self.places)])
                self.heights = np.concatenate([self.heights, np.empty_like(self.heights)])
            self.places[found] = 0.5 * (self.places[i] + self.places[j])
            self._fill(self.form, self.places[found], self.heights[found])
            self.orders.append(tuple((a + b) / 2 for a, b in zip(self.orders[i], self.orders[j], strict=True)))
        return found


class Search:
    """The state of one search: cells, cuts and the best value met."""

    def __init__(self, inst: Instance, region: Domain, best: Cut, tol: float, cuts: list[Cut]) -> None:
        from therml_exact.kernels.joint.game import Pool

        self.inst, self.region, self.tol = inst, region, tol
        self.vertices = Vertices(inst, region)
        self.best = best
        self.cuts: list[Cut | Cone] = []
        self.with_atoms: tuple[list[int], list[int]] = ([], [])  # of each kind
        self.pool = Pool(np.empty((64, inst.width)), np.empty(64), np.empty(64, dtype=np.int64))
        # What Psi is where Z tells nothing.
        centre = np.mean([[float(v) for v in point] for point in region.points], axis=0)
        zy = centre[: inst.nz * inst.ny].reshape(inst.nz, inst.ny).sum(axis=0)
        alone = np.zeros_like(centre)
        alone[: inst.ny] = zy
        if inst.delta:
            alone[inst.nz * inst.ny :][: inst.nx] = inst.mean / inst.n
        self.silent = float(inst.told(alone))
        self.nodes: list[Node] = []
        self.roots: list[int] = []
        self.inner_tol, self.deadline = 0.1 * tol, math.inf
        # Where a proof is dear, cuts in closed form come first.
        self.many = inst.sigma > 0 and inst.rho > 0 and len(inst.mass) >= _MANY
        self.slack = 0.0
        if self.many:
            self.slack = max(best.reached - self._least_without_s(), 0.0) + 0.02 * abs(best.reached) * _SLACK
        self.enter(zero(inst), 0.0, 1)
        for cut in cuts:
            self.add(cut)

    def _least_without_s(self) -> float:
        """What alternation finds at sigma = 0: cuts in closed form reach as far, and no further."""
        points = np.array([[float(v) for v in point] for point in self.region.points])
        return best_start(replace(self.inst, sigma=0.0), points, 0).reached

    def enter(self, cut: Cut | Cone, value: float, kind: int) -> None:
        """A cut enters the pool."""
        from therml_exact.kernels.joint.game import Pool

        k = len(self.cuts)
        if k == len(self.pool.values):
            self.pool = Pool(*(np.concatenate([a, np.empty_like(a)]) for a in self.pool))
        self.pool.slopes[k], self.pool.values[k], self.pool.kinds[k] = cut.slope, value, kind
        self.cuts.append(cut)
        if cut.lam is not None or (kind == 0 and not self.inst.sigma):
            self.with_atoms[kind].append(k)

    def add(self, cut: Cut) -> None:
        """A cut enters the pool; its atoms may be a better witness."""
        if cut.value > -math.inf:
            self.enter(cut, cut.value, 0)
        if cut.reached < self.best.reached - 1e-3 * self.tol:
            self.best = descend(self.inst, cut)

    @property
    def target(self) -> float:
        """The bound at which a cell is done."""
        return self.best.reached - 0.8 * self.tol - self.slack

    def margin(self) -> float:
        """What rounding may have added to a cell's bound."""
        i = self.inst
        weight = (i.rho + i.gamma + i.delta) * math.log(max(i.nx, i.ny, i.nz, 2))
        steep = float(np.abs(self.pool.slopes[: len(self.cuts)]).max(initial=0.0))
        return MARGIN * (
            1 + i.n * (weight + steep) + float(np.abs(self.pool.values[: len(self.cuts)]).max(initial=0.0))
        )

    def bound(self, node: Node) -> Array:
        """Set the bound of a cell by the pool; u of the game."""
        from therml_exact.kernels.joint.game import bound

        count, ids = len(self.cuts), np.array(node.vertices)
        w, u = np.empty(count), np.empty(len(ids))
        v = self.vertices
        node.bound = bound(self.pool, count, float(self.inst.n), v.places, v.heights, ids, _EXCHANGES, w, u)
        used = w.nonzero()[0]
        node.weights = dict(zip(used.tolist(), w[used].tolist(), strict=True))
        return u

    def done(self, node: Node) -> bool:
        """Whether the cuts that are there do for this cell."""
        self.bound(node)
        return node.bound >= self.target

    def cut_at(self, b: Array, tol: float) -> None:
        """Prove a new cut at slope b, to within tol; its atoms start from those of the nearest one."""
        near = self.nearest(b, 0)
        start = near.encoders if isinstance(near, Cut) else self.best.encoders
        self.add(prove(self.inst, b, start, tol, self.deadline))

    def cheap_at(self, b: Array) -> None:
        """A cut in closed form, for which S counts as 0; it says nothing about a witness."""
        cut = cheap(self.inst, b)
        self.enter(cut, cut.value, 0)

    def cone_at(self, node: Node, c: Array, u: Array, tol: float) -> bool:
        """Prove a new cut for all distributions of codes, to within tol; whether it succeeded."""
        if self.many:
            free = prove_cone(replace(self.inst, sigma=0.0), c, u, self.inner_tol)
            assert free is not None
            self.enter(free, 0.0, 1)
        if self.slack or self.done(node):
            return True
        near = self.nearest(c, 1)
        found = prove_cone(self.inst, c, u, tol, near if isinstance(near, Cone) else None)
        if found is not None:
            self.enter(found, 0.0, 1)
        return found is not None

    def nearest(self, b: Array, kind: int) -> Cut | Cone | None:
        """The cut with atoms, of this kind, whose slope is nearest."""
        known = self.with_atoms[kind]
        if not known:
            return None
        return self.cuts[known[int(np.abs(self.pool.slopes[known] - b).sum(axis=1).argmin())]]

    def chord_slope(self, vertices: Simplex, which: int) -> Array:
        """The b of the affine function that equals Phi (which = 0) or Psi (1) at the vertices."""
        places = self.vertices.places[list(vertices)]
        matrix = np.concatenate([places, np.ones((len(vertices), 1))], axis=1)
        found = np.linalg.lstsq(matrix, self.vertices.heights[list(vertices), which], rcond=None)[0]
        return np.asarray(found[:-1])

    def alike(self, vertices: Simplex) -> float:
        """How much of the chord's loss in H(Z) counts: 1 where codes differ, little where they are nearly alike."""
        if not (self.inst.rho and self.silent > 0):
            return 1.0
        told = self.silent - float(self.vertices.heights[list(vertices), 1].min())
        return min(1.0, _DIFFERENT * told / self.silent)

    def loss(self, vertices: Simplex, u: Array, share: float) -> float:
        """N (concave function - its interpolation) at the mean u of the vertices."""
        from therml_exact.kernels.joint.concave import losses

        ids = list(vertices)
        told, silent = losses(self.vertices.form, self.vertices.places[ids], self.vertices.heights[ids], u)
        return float(self.inst.n * (told + share * silent))

    def widest(self, vertices: Simplex, share: float) -> tuple[int, int, int]:
        """The edge on which the chord loses most: its number and its ends."""
        from therml_exact.kernels.joint.concave import widest

        ids = list(vertices)
        edge, i, j = widest(self.vertices.form, self.vertices.places[ids], self.vertices.heights[ids], share)
        return int(edge), int(i), int(j)


def search(state: Search, max_cells: int, deadline: float) -> str:
    """Best first until every cell is done; says why it ended: "closed", "cells" or "time"."""
    heap: list[tuple[float, int, int]] = []
    later: list[tuple[float, int, int]] = []

    def enter(vertices: Simplex, tried: int) -> int:
        node, index = Node(vertices), len(state.nodes)
        state.nodes.append(node)
        if misplaced([state.vertices.orders[v] for v in vertices]):
            node.empty, node.bound = True, math.inf
        else:
            state.bound(node)
            heapq.heappush(heap, (node.bound, index, tried))
        return index

    state.deadline = deadline
    if len(state.cuts) == 1 and not state.slack:
        state.cut_at(state.inst.gradient(state.best.place), state.inner_tol)
    state.roots = [enter(vertices, 0) for vertices in state.region.simplices]
    while heap:
        before, index, tried = heapq.heappop(heap)
        node = state.nodes[index]
        u = state.bound(node)
        if node.bound >= state.target:
            if state.slack:
                later.append((node.bound, index, 0))
                if not heap:  # what is left needs cuts that know S
                    state.slack, heap = 0.0, later
                    heapq.heapify(heap)
            continue
        if before < node.bound and heap and heap[0][0] < node.bound:
            heapq.heappush(heap, (node.bound, index, tried))
            continue
        if len(state.nodes) >= max_cells or now() > deadline:
            return "cells" if len(state.nodes) >= max_cells else "time"
        missing = state.target - node.bound
        share = state.alike(node.vertices)
        if tried < _CUTS_A_CELL and state.loss(node.vertices, u, share) < 0.5 * missing:
            _improve(state, node, u, tried, share, max(state.inner_tol, _COARSE * missing))
            state.bound(node)
            heapq.heappush(heap, (node.bound, index, tried + 1))
            continue
        node.edge, i, j = state.widest(node.vertices, share)
        middle = state.vertices.middle(node.vertices[i], node.vertices[j])
        first = tuple(middle if k == j else v for k, v in enumerate(node.vertices))
        second = tuple(middle if k == i else v for k, v in enumerate(node.vertices))
        node.children = enter(first, 0), enter(second, 0)
        node.weights = {}
    return "closed"


def _improve(state: Search, node: Node, u: Array, tried: int, share: float, tol: float) -> None:
    """A new cut for this cell, to within tol."""
    if share < _ALIKE and tried == 0:
        m = u @ state.vertices.places[list(node.vertices)]
        z = m[: state.inst.nz * state.inst.ny].reshape(state.inst.nz, -1).sum(axis=1)
        if state.cone_at(node, state.chord_slope(node.vertices, 1), z, tol):
            return
    linear = {k: w for k, w in node.weights.items() if not state.pool.kinds[k]}
    b = state.chord_slope(node.vertices, 0)
    if tried > 1 and linear:
        total = sum(linear.values())
        b = np.asarray(sum(w / total * state.pool.slopes[k] for k, w in linear.items()))
    if state.slack:
        state.cheap_at(b)
    else:
        state.cut_at(b, tol)


def leaves(state: Search) -> list[Node]:
    """The nodes in preorder."""
    stack, out = state.roots[::-1], []
    while stack:
        node = state.nodes[stack.pop()]
        out.append(node)
        if node.edge >= 0:
            stack.extend(node.children[::-1])
    return out


def lower_bound(state: Search) -> float:
    """The least bound of a leaf, less what rounding may have added."""
    least = min((n.bound for n in state.nodes if n.edge < 0), default=-math.inf)
    return least - state.margin()
