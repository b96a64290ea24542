"""Three of the four leaf rules for thousands of cells at once, in balls of ordinary floats (nats).

The rules and their formulas are those of leaf_rules.py: `chord`, `ellipsoid` and `quadratic`. The arithmetic is that of
numbers/ball_arrays.py, whose radii are proven, so that a rule that holds here holds. Where floats tell too little, a
rule is not decided, and the caller asks leaf_rules.py; nothing is refused here.

A cell has, in each block,

    u[p, k]       the vertices p in barycentric coordinates of the root's vertices k
    beta[k, p]    the value at the root's vertex k of the cell's p-th barycentric coordinate
    b[k]          the value at the root's vertex k of the linear function that interpolates entropy, a ball

u and beta are exact: u are multiples of a power of 2 and beta are whole numbers, so small that sums and differences of
a few of them are exact too. Where that ends, b has an infinite radius, in all cells below too, and nothing is proved.
The vertices as distributions are t = u root, sums of non-negative terms, so that their relative errors are those of one
sum however small the cell is; differences of vertices are differences of u, times the root.

A split at the edge from p to q moves one end to the middle. b changes by 2 beta times the gap

    h((p + q)/2) - (h(p) + h(q))/2 = sum_j m F(d/m),     m = (p + q)/2, d = (p - q)/2,
    F(x) = ((1+x) log(1+x) + (1-x) log(1-x))/2 = sum_{i >= 1} x^2i/(2i (2i - 1)),

which is small of second order, and has a small relative error by its series.

No error is raised here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, islice, pairwise, product
from typing import Any, NamedTuple

import numpy as np

from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient, root_cell
from therml_exact.frontier.problems.mixture import Mixture, pairs
from therml_exact.numbers.ball_arrays import (
    EPS,
    GROW,
    ROUND,
    TINY,
    Balls,
    exact,
    from_arb,
    from_fractions,
    growth,
    joined,
    phi_above,
    psi_between,
    stacked,
)

LARGEST = 2.0**50  # of beta
PIECE = 2**18  # the most entries of one array of `quadratic`, about
MOST_PAIRS = 2**16  # of vertices of a cell that `quadratic` looks at; more are left to leaf_rules.py

Array = np.ndarray[Any, Any]


class Shapes:
    """Where the parts of a cell lie, and its edges.

    sizes     the number of vertices of each block
    starts    the first vertex of each block, and the end of the last
    places    for each block, the slices of u and of beta in a row of exact numbers
    width     the length of such a row
    edge      [number, 3]: block, first and second vertex of each edge, as certificates number them
    digits    for each block, the largest power of 2 whose inverse u may be a multiple of
    """

    def __init__(self, m: Mixture) -> None:
        self.sizes = [len(block.root) for block in m.blocks]
        self.starts = [0, *accumulate(self.sizes)]
        ends = [0, *accumulate(k * k for k in self.sizes for _ in range(2))]
        self.places = [(slice(*ends[2 * i : 2 * i + 2]), slice(*ends[2 * i + 1 : 2 * i + 3]))
                       for i in range(len(self.sizes))]  # fmt: skip
        self.width = ends[-1]
        self.edge = np.array([(i, p, q) for i, k in enumerate(self.sizes) for p, q in pairs(k)]).reshape(-1, 3)
        # Sums of k of them, and k times one, fit into 53 bits.
        self.digits = [2.0 ** (51 - 2 * math.ceil(math.log2(k))) if k > 1 else 1.0 for k in self.sizes]

    def u(self, numbers: Array, i: int) -> Array:
        """The view u[cell, p, k] of the block i."""
        return numbers[:, self.places[i][0]].reshape(len(numbers), self.sizes[i], self.sizes[i])

    def beta(self, numbers: Array, i: int) -> Array:
        """The view beta[cell, k, p] of the block i."""
        return numbers[:, self.places[i][1]].reshape(len(numbers), self.sizes[i], self.sizes[i])


class Split(NamedTuple):
    """Cells that are split, and their children: the first of each, then the second of each.

    numbers    [child, width]: the exact numbers of the children
    lost       [child, k]: half the change of b at each vertex of the roots, in units of the edge's gap
    fine       [child]: whether its numbers are still exact
    ends       for each block, which cells are split in it, and the ends of their edges: (cells, one, two)
    """

    numbers: Array
    lost: Array
    fine: Array
    ends: list[tuple[Array, Array, Array]]


class Leaves:
    """Cells of one mixture, many at once: how they are split, and the rules.

    A cell is a row of exact numbers, and a row of the balls b. `m` is the mixture, `gradient` its function G in FLINT's
    balls, from which everything here is rounded, `near` the ellipsoids, and `level` the claimed bound of log G in nats.
    """

    def __init__(self, m: Mixture, gradient: Gradient, near: Sequence[Ellipsoid], level: float) -> None:
        self.shapes = Shapes(m)
        self.level = level
        self.members = gradient.members
        self.power = from_arb([gradient.power])
        self.lam = from_arb(gradient.lam.entries())
        self.a, self.a_root = from_arb(gradient.a.tolist()), from_arb(gradient.a_root.tolist())
        self.roots = [from_fractions(block.root) for block in m.blocks]
        self.near = [
            (from_arb(n.form), from_arb(n.centre), float(n.radius.lower()) * (1 - 2 * EPS)) for n in near if n.holds_any
        ]
        self.entropies = joined([from_arb(block[3]) for block in root_cell(m)], 0)
        combined = islice(product(*(range(k) for k in self.shapes.sizes)), MOST_PAIRS + 1)
        self.vertices = np.array(list(combined))  # [vertex of the product, block]

    def root(self) -> tuple[Array, Balls]:
        """The product of the root simplices, one cell."""
        unit = [np.eye(k).ravel() for k in self.shapes.sizes for _ in range(2)]
        return np.concatenate(unit)[None, :], Balls(self.entropies.mid[None, :], self.entropies.rad[None, :])

    # ---- splits

    def split(self, numbers: Array, edges: Array) -> Split:
        """Split each cell at its edge; the first child keeps the edge's first vertex, as in preorder."""
        n, shapes = len(numbers), self.shapes
        children = np.concatenate([numbers, numbers])
        lost, fine = np.zeros((2 * n, shapes.starts[-1])), np.ones(2 * n, dtype=bool)
        block, first, second = shapes.edge[edges].T
        ends = []
        for i in range(len(shapes.sizes)):
            cells = np.flatnonzero(block == i)
            p, q = first[cells], second[cells]
            u = shapes.u(numbers, i)
            one, two = u[cells, p], u[cells, q]
            ends.append((cells, one, two))
            if not cells.size:
                continue
            # The first child has the vertex q at the middle, the second p.
            rows, gone, kept = np.concatenate([cells, n + cells]), np.concatenate([q, p]), np.concatenate([p, q])
            middle = 0.5 * (one + two)
            shapes.u(children, i)[rows, gone] = np.concatenate([middle, middle])
            beta = shapes.beta(children, i)
            of_gone = beta[rows, :, gone]
            of_kept = beta[rows, :, kept] - of_gone
            beta[rows, :, kept] = of_kept
            beta[rows, :, gone] = 2.0 * of_gone
            lost[rows, shapes.starts[i] : shapes.starts[i + 1]] = of_gone
            scaled = middle * shapes.digits[i]
            whole = (scaled == np.rint(scaled)).all(axis=1)
            small = np.maximum(np.abs(of_gone), np.abs(of_kept)).max(axis=1) < LARGEST
            fine[rows] = small & np.concatenate([whole, whole])
        return Split(children, lost, fine, ends)

    def moved(self, b: Balls, at: Split, gap: Balls) -> Balls:
        """The b of the children, from those of the cells that were split and the gaps of their edges."""
        both = Balls(*(np.concatenate([part, part])[:, None] for part in gap))
        step = exact(2.0 * at.lost).times(both)
        b = Balls(*(np.concatenate([part, part]) for part in b)).plus(step)
        return Balls(b.mid, np.where(at.fine[:, None], b.rad, math.inf))

    def gaps(self, i: int, one: Array, two: Array) -> Balls:
        """The gaps of entropy in the middle of the edges from one[edge, k] to two[edge, k] of the block i."""
        piece = max(PIECE // max(self.roots[i].mid.size, 1), 1)
        pieces = [self._gaps(i, one[at : at + piece], two[at : at + piece]) for at in range(0, len(one), piece)]
        return joined(pieces, 0)

    def _gaps(self, i: int, one: Array, two: Array) -> Balls:
        """The same for so few edges that all arrays fit."""
        root = self.roots[i]
        m = exact(0.5 * (one + two)).matmul(root)
        x = exact(0.5 * (one - two)).matmul(root).over(m)
        absent = m.mid == 0  # a sum of non-negative terms: all are 0
        small = np.abs(x.mid) + x.rad <= 0.25
        z = x.times(x).at(small)
        f = np.full(z.mid.shape, 1 / (28 * 27))
        for n in range(13, 0, -1):
            f *= z.mid
            f += 1 / (2 * n * (2 * n - 1))
        f *= z.mid
        # F/z has a slope below 0.6 in z; every step of Horner's rule adds less than 3 EPS, of which 1/16 is kept. The
        # terms left out, from the 15th on, are below z^15/800 < 1e-19 z.
        term = Balls(f, GROW * (0.6 * z.rad + ROUND * f + TINY)).times(m.at(small))
        total = Balls(np.zeros(m.mid.shape), np.zeros(m.mid.shape))
        total.mid[small], total.rad[small] = term
        large = ~small & ~absent
        if large.any():
            term = _plogp_of(exact(one).matmul(root).at(large), m.at(large)).plus(
                _plogp_of(exact(two).matmul(root).at(large), m.at(large))
            )
            total.mid[large], total.rad[large] = term.scaled(0.5)
        return total.total(1)

    # ---- rules

    def chord(self, b: Balls) -> Array:
        """Whether the interpolation of entropy proves log G <= level, for each cell."""
        piece = max(PIECE // self.a_root.mid.size, 1)
        return np.concatenate([self._chord(b.at(slice(at, at + piece))) for at in range(0, len(b.mid), piece)])

    def _chord(self, b: Balls) -> Array:
        """The same for so few cells that all arrays fit."""
        a = Balls(self.a_root.mid.T, self.a_root.rad.T)
        terms = self.lam.minus(exact(self.level)).minus(b.matmul(a)).exp()
        if len(self.members) == 1:
            return np.asarray(terms.total(1).upper <= 1)
        total = np.zeros(len(b.mid))
        for of in self.members:
            some = exact(np.maximum(terms.at((slice(None), of)).total(1).upper, TINY * 4))
            total = (total + some.log().times(self.power).exp().upper) * GROW
        return np.asarray(total <= 1)

    def ellipsoid(self, numbers: Array) -> Array:
        """Whether some proved ellipsoid holds all vertices of a cell, and so all of it, for each cell."""
        held = np.zeros(len(numbers), dtype=bool)
        if len(self.vertices) > MOST_PAIRS or not self.near:
            return held
        piece = max(PIECE // (len(self.vertices) * sum(self.shapes.sizes)), 1)
        return np.concatenate([self._ellipsoid(numbers[at : at + piece]) for at in range(0, len(numbers), piece)])

    def _ellipsoid(self, numbers: Array) -> Array:
        """The same for so few cells that all arrays fit."""
        held = np.zeros(len(numbers), dtype=bool)
        sides = [self.shapes.u(numbers, i)[:, self.vertices[:, i], :-1] for i in range(len(self.roots))]
        u = exact(np.concatenate(sides, axis=2))
        for form, centre, radius in self.near:
            rows = np.flatnonzero(~held)
            if not rows.size:
                break
            x = u.at(rows).minus(centre)
            held[rows] = (x.matmul(form).times(x).total(2).upper <= radius).all(axis=1)
        return held

    def quadratic(self, numbers: Array) -> Array:
        """Whether the quadratic about the middle of a cell proves log G <= level on it, for each cell."""
        many = len(self.vertices)
        if many * many > MOST_PAIRS:
            return np.zeros(len(numbers), dtype=bool)
        size = max(self.a.mid.size, len(self.lam.mid) * sum(self.shapes.sizes), many * many)
        piece = max(PIECE // size, 1)
        return np.concatenate([self._quadratic(numbers[at : at + piece]) for at in range(0, len(numbers), piece)])

    def _quadratic(self, numbers: Array) -> Array:
        """The same for so few cells that all arrays fit."""
        x, log0, lo, hi = self._steps(numbers)
        height, r, share, mean, means = self._posterior(log0)
        form = self._form(r, share, mean, means, x, lo, hi)
        slope = x.matmul(_column(mean)).at((..., 0))
        room = exact(np.full(len(numbers), self.level)).minus(height)
        starts = np.array(self.shapes.starts)
        chosen = self.vertices + starts[:-1]  # [vertex of the product, block]: rows of x
        slopes = slope.at((slice(None), chosen)).total(2)
        ones = np.zeros((len(chosen), starts[-1]))
        ones[np.arange(len(chosen))[:, None], chosen] = 1.0
        forms = exact(ones).matmul(form).matmul(exact(ones.T))
        best = slopes.at((slice(None), slice(None), None)).plus(slopes.at((slice(None), None, slice(None)))).plus(forms)
        proved = best.upper.max(axis=(1, 2)) <= 2.0 * room.lower
        rest = np.flatnonzero(~proved)
        free = [p for i, k in enumerate(self.shapes.sizes) for p in range(starts[i], starts[i] + k - 1)]
        last = [starts[i + 1] - 1 for i, k in enumerate(self.shapes.sizes) for _ in range(k - 1)]
        if rest.size and free:
            form = form.at(rest)
            rows = form.at((slice(None), free)).minus(form.at((slice(None), last)))
            inner = rows.at((..., free)).minus(rows.at((..., last)))
            slope = slope.at(rest)
            edges = slope.at((slice(None), free)).minus(slope.at((slice(None), last)))
            proved[rest] = below_summit(edges, inner, room.at(rest))
        return np.asarray(proved)

    def _steps(self, numbers: Array) -> tuple[Balls, Balls, Array, Array]:
        """The vertices x[cell, p, j] as relative steps about the middle, its logarithm [cell, j], least and most x."""
        n, blocks = len(numbers), []
        width, at = self.a.mid.shape[1], 0
        log0, lo, hi = [], [], []
        for i, (k, root) in enumerate(zip(self.shapes.sizes, self.roots, strict=True)):
            u = self.shapes.u(numbers, i)
            total = u.sum(axis=1)  # exact, as are the differences
            t, middle = exact(u).matmul(root), exact(total).matmul(root)
            frozen = (t.mid == 0).any(axis=1)
            step = exact(k * u - total[:, None, :]).matmul(root).over(Balls(middle.mid[:, None], middle.rad[:, None]))
            step = Balls(*(np.where(frozen[:, None], 0.0, part) for part in step))
            largest = Balls(t.mid.max(axis=1), t.rad.max(axis=1))
            centre = middle.over(exact(float(k)))
            log0.append(Balls(*(np.where(frozen, p, q) for p, q in zip(largest, centre, strict=True))).log())
            lo.append(np.minimum(np.where(frozen, 0.0, step.lower.min(axis=1)), 0.0))
            hi.append(np.maximum(np.where(frozen, 0.0, step.upper.max(axis=1)), 0.0))
            wide = Balls(np.zeros((n, k, width)), np.zeros((n, k, width)))
            for part, values in zip(wide, step, strict=True):
                part[:, :, at : at + root.mid.shape[1]] = values
            blocks.append(wide)
            at += root.mid.shape[1]
        return joined(blocks, 1), joined(log0, 1), np.concatenate(lo, axis=1), np.concatenate(hi, axis=1)

    def _posterior(self, log0: Balls) -> tuple[Balls, list[Balls], Balls, Balls, list[Balls]]:
        """Log G, r_{w|x} and R_x, abar and abar_x at the points log t = log0[cell, j], as Gradient.posterior has them.

        r and the means are lists over the groups; share[cell, x].
        """
        z = log0.matmul(Balls(self.a.mid.T, self.a.rad.T)).plus(self.lam)
        r, means, logs = [], [], []
        for of in self.members:
            some = z.at((slice(None), of))
            top = exact(some.mid.max(axis=1, keepdims=True))
            terms = some.minus(top).exp()
            total = terms.total(1)
            r.append(terms.over(_column(total)))
            means.append(r[-1].matmul(self.a.at(of)))
            logs.append(total.log().plus(top.at((..., 0))))
        if len(logs) == 1:
            ones = exact(np.ones((len(z.mid), 1)))
            return logs[0], r, ones, means[0], means
        powers = stacked(logs, 1).times(self.power)
        top = exact(powers.mid.max(axis=1, keepdims=True))
        terms = powers.minus(top).exp()
        total = terms.total(1)
        share = terms.over(_column(total))
        mean = stacked(means, 1).times(_column(share)).total(1)
        return total.log().plus(top.at((..., 0))).over(self.power), r, share, mean, means

    def _form(self, r: list[Balls], share: Balls, mean: Balls, means: list[Balls], x: Balls, lo: Array,
              hi: Array) -> Balls:  # fmt: skip
        """The matrix form[cell, p, q] of the quadratic above log G, as Gradient.model has it.

        Wherever kernels/mixture/quadratic.py asks for a number that is at least or at most something, or for any eps, a
        float is taken. Every weight of a square may be too large.
        """
        _, high_lo = psi_between(lo)
        low_hi, high_hi = psi_between(hi)
        ymax = np.maximum(high_lo * (lo * lo), high_hi * (hi * hi)) * (0.5 * GROW) + TINY
        half = 0.5 * high_lo
        eps = np.maximum((half * np.maximum(-lo, hi)).max(axis=1), 1e-150)
        columns = Balls(x.mid.transpose(0, 2, 1), x.rad.transpose(0, 2, 1))
        bounds = self.shapes.starts
        form = lost = exact(0.0)

        def spread(c: Balls) -> tuple[Balls, Array, Array, Array]:
            """Return c.x, and upper bounds of |c|, |c|.ymax and c.v, for rows c[cell, row, j]."""
            row, size = c.matmul(columns), np.abs(c.mid) + c.rad
            above = row.upper
            ends = [above[:, :, p:q].max(axis=2) for p, q in pairwise(bounds)]
            most = exact(np.stack(ends, axis=2)).total(2)
            wide = growth(size.shape[2])
            sizes = (size @ ymax[:, :, None])[:, :, 0] * wide
            fall = (np.maximum(c.rad - c.mid, 0.0) @ ymax[:, :, None])[:, :, 0] * wide
            return row, size * GROW, sizes, most.plus(exact(fall)).upper

        def squares(of: tuple[Balls, Array, Array, Array], weights: Array) -> tuple[Balls, Balls]:
            """The sums over rows of weights (c.x)^2, and of weights |c|.ymax |c|."""
            row, size, sizes, _ = of
            scaled = row.times(exact(weights[:, :, None]))
            swapped = Balls(row.mid.transpose(0, 2, 1), row.rad.transpose(0, 2, 1))
            diagonal = exact((weights * sizes * GROW)[:, None, :]).matmul(exact(size)).upper[:, 0]
            return swapped.matmul(scaled), exact(diagonal)

        several = len(r) > 1
        if several:
            between = spread(stacked(means, 1).minus(_row(mean)))
            exponent = exact(between[3]).times(self.power)
            weights = share.times(self.power).upper * phi_above(exponent.upper) * GROW
            form, lost = squares(between, weights)
        for g, of in enumerate(self.members):
            a = self.a.at(of)
            within = spread(Balls(a.mid[None], a.rad[None]).minus(_row(means[g])))
            factor = share.at((slice(None), [g]))
            if several:
                grown = r[g].times(exact(within[3]).exp()).total(1)
                grown = exact(grown.upper).log().times(self.power).plus(exponent.at((slice(None), g))).exp()
                factor = factor.times(_column(grown))
            weights = r[g].times(factor).upper * phi_above(within[3]) * GROW
            more = squares(within, weights)
            form, lost = form.plus(more[0]), lost.plus(more[1])
        grow = (1 + 1 / eps) * GROW
        diagonal = exact(grow[:, None] * half * lost.upper * GROW).minus(mean.times(exact(low_hi)))
        scaled = x.times(_row(diagonal))
        return form.times(exact(((1 + eps) * GROW)[:, None, None])).plus(scaled.matmul(columns))


def below_summit(slope: Balls, form: Balls, room: Balls) -> Array:
    """Whether slope.c + c.form.c/2 <= room for all c, for each cell, by eliminating one coordinate after another."""
    minus, twice = -form, exact(np.zeros(len(slope.mid)))
    proved = np.ones(len(slope.mid), dtype=bool)
    while slope.mid.shape[1]:
        pivot, first = minus.at((slice(None), 0, slice(0, 1))), slope.at((slice(None), slice(0, 1)))
        proved &= pivot.lower[:, 0] > 0
        row = minus.at((slice(None), 0, slice(1, None)))
        factor = row.over(pivot)
        twice = twice.plus(first.times(first).over(pivot).at((..., 0)))
        slope = slope.at((slice(None), slice(1, None))).minus(factor.times(first))
        minus = minus.at((slice(None), slice(1, None), slice(1, None))).minus(_column(factor).times(_row(row)))
    return np.asarray(proved & (twice.upper <= 2.0 * room.lower))


def _column(x: Balls) -> Balls:
    """The balls with one more axis at the end."""
    return Balls(x.mid[..., None], x.rad[..., None])


def _row(x: Balls) -> Balls:
    """The balls with one more axis before the last."""
    return Balls(x.mid[..., None, :], x.rad[..., None, :])


def _plogp_of(p: Balls, m: Balls) -> Balls:
    """P log (p/m), and 0 where p is 0."""
    zero = p.mid == 0
    log = Balls(np.where(zero, 1.0, p.mid), np.where(zero, 0.0, p.rad)).over(m).log()
    return p.times(Balls(np.where(zero, 0.0, log.mid), np.where(zero, 0.0, log.rad)))
