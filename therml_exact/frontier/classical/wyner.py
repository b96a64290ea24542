r"""Wyner's common information: the least I(X,Y;W) over W that make X and Y independent given W (nats).

    C = H(X,Y) - max { sum_w q_w (H(s_w) + H(t_w)) :  sum_w q_w s_w (x) t_w = p },    s_w in Delta_X, t_w in Delta_Y

Upper bound: a mixture of products that is exactly p. Lower bound: for any table lam, if

    H(s) + H(t) <= sum_xy lam_xy s_x t_y    for all s, t,                                                    (*)

then C >= H(X,Y) - sum_xy p_xy lam_xy. For a fixed t the worst s is a Gibbs distribution, so that (*) is a condition on
t alone, the larger alphabet being summed out:

    phi(t) = -log sum_x exp(-(lam t)_x) - H(t) >= 0    for all t in Delta_Y.

The first term is concave, the second convex. On a cell (a simplex with vertices v_k) the first is at least its chord,
and -H(t) >= sum_y t_y log c_y for any distribution c; so phi >= min_k [phi_1(v_k) + sum_y v_ky log c_y], where c is the
cell's centre. Cells where that is below -level are halved at their longest edge.

lam and the mixture come from a linear program over the products found so far; products with phi < 0 are added until
there are none. The mixture that the program returns is made exact: its weights are lowered a little, and what is left
of p goes to pairs of letters, whose entropies are 0.

Shapes: p_xy[x, y], w[w], x_given_w[w, x], y_given_w[w, y]. Units: nats.
Errors: ValueError for a table that has not two axes or too many letters (the smaller alphabet at most MOST_LETTERS).
Source: Wyner, IEEE Trans. Inf. Theory 21 (1975) 163.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.special import logsumexp, xlogy

from therml_exact.clock import now
from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget, Reason
from therml_exact.frontier.classical.check_wyner import FORMAT, achieved, described
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.encoder import as_joint
from therml_exact.frontier.problems.tables import distribution, write_cells, write_table
from therml_exact.joint import Joint
from therml_exact.numbers.balls import ball, plogp, precision, rounded
from therml_exact.numbers.tables import Array, freeze
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BITS = 128
MOST_LETTERS = 4  # of the smaller alphabet: cells of more dimensions are too many
LARGEST = 60.0  # nats: lam where p(x,y) = 0, where no mixture may have mass
ROUNDS = 200
MOST_NEW, MOST_KEPT = 40, 400  # products that join in a round, and that stay after it
FINE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
MARGIN = 1e-12  # nats: what the floats of a cell's bound may have lost


@result
@dataclass(frozen=True, eq=False, repr=False)
class WynerInformation:
    """A two-sided value of Wyner's common information.

    p_xy          the joint distribution
    value         I(X,Y;W) of the witness, nats: an upper bound
    lower_bound   a lower bound, nats
    tol           nats: the gap up to which the value counts as certified
    reason        why the search stopped: "closed", "cells", "time" or "rounding"
    witness       {"w": p(w), "x_given_w": [w, x], "y_given_w": [w, y]}, read-only floats

    >>> import therml_exact as tx
    >>> c = tx.wyner_information(tx.examples.binary_symmetric(0.1))
    >>> c.status, round(c.value, 5)
    ('certified', 0.60495)
    """

    p_xy: Joint
    value: float
    lower_bound: float
    tol: float
    reason: Reason
    witness: dict[str, Array] = field(repr=False)
    _proof: _Proof = field(repr=False)

    @property
    def gap(self) -> float:
        """The difference value - lower_bound in nats."""
        return max(self.value - self.lower_bound, 0.0)

    @property
    def status(self) -> str:
        """The text "certified" if the gap is within the tolerance, else "open"."""
        return "certified" if self.gap <= self.tol else "open"

    @property
    def point(self) -> dict[str, float]:
        """Nothing: the value has no coordinates."""
        return {}

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """The certificate: plain data that `verify` checks."""
        proof = self._proof
        content = {
            "format": FORMAT,
            "problem": described(self.p_xy),
            "value": self.value.hex(),
            "lower_bound": self.lower_bound.hex(),
            "tol": self.tol.hex(),
            "status": self.status,
            "weights": write_cells(proof.weights),
            "s": write_table(proof.s),
            "t": write_table(proof.t),
            "lam": write_table(proof.lam),
            "level": proof.level.hex(),
            "tree": proof.tree,
        }
        return {**content, "sha256": digest(content)}

    def __str__(self) -> str:
        """One line: the bounds, and where it is open why, and what would help."""
        return answers.line(self)

    def _repr_html_(self) -> str:
        return answers.html(self, {})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distributions of X given W, a row for each w; returns the axes.

        ax: axes of Matplotlib; None: a new figure. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes
        from therml_exact.figures.tables import draw_conditional

        rows = [f"{k}" for k in range(len(self.witness["w"]))]
        return draw_conditional(self.witness["x_given_w"], rows, "x", "w", str(self).replace("; ", "\n"),
                                shown_axes() if ax is None else ax)  # fmt: skip


class _Proof(NamedTuple):
    """What the certificate holds: the mixture before it is made exact, lam, the level, and the tree of cells.

    s belongs to the larger alphabet, t to the smaller one (to Y where they are equal).
    """

    weights: Array
    s: Array
    t: Array
    lam: Array
    level: float
    tree: str


def wyner_information(
    p_xy: Any, *, tol: float = 1e-6, max_cells: int = 2_000_000, time_limit: float = 60.0
) -> WynerInformation:
    """Wyner's common information of X and Y, with a lower bound that is proved.

    p_xy          a Joint over two variables, or its table [x, y]; the smaller alphabet has at most 4 letters
    tol           nats: the value is "certified" when its gap is at most this
    max_cells     how many cells the proof of the lower bound may have
    time_limit    seconds of the search

    Returns a WynerInformation: value >= C >= lower_bound in nats, gap, status, reason, witness, certificate.
    Errors: ValueError for a joint of other than two variables, or of too many letters.
    Source: Wyner (1975).

    >>> import therml_exact as tx
    >>> c = tx.wyner_information([["1/4", 0], [0, "3/4"]])  # X = Y: the entropy
    >>> c.status, round(c.value - float(tx.entropy(c.p_xy, "X")), 5), tx.verify(c.certificate).valid
    ('certified', 0.0, True)
    """
    budget = Budget.read(tol, max_cells, time_limit)
    joint = as_joint(p_xy)
    if len(joint.axes) != 2:
        raise ValueError(f"p_xy has axes {joint.axes}; give a Joint over two variables, as joint.marginal does")
    if min(joint.shape) > MOST_LETTERS:
        raise ValueError(f"p_xy is {joint.shape[0]} x {joint.shape[1]}; the smaller alphabet may have "
                         f"{MOST_LETTERS} letters, for cells of more dimensions are too many")  # fmt: skip
    deadline = budget.deadline
    exact = distribution(joint.weights(joint.axes).array)
    turned = exact.shape[0] < exact.shape[1]
    table = exact.T if turned else exact
    p = table.astype(float)
    mixture = _Mixture(p)
    reason = mixture.improve(budget.tol / 20, deadline)
    level, tree, stopped = _prove(mixture.lam, budget.tol / 2, budget.count, deadline)
    proof = _Proof(mixture.weights, mixture.s, mixture.t, mixture.lam, level, tree)
    with precision(BITS):
        weights, s, t = _exact(proof)
        high = achieved(table, weights, s, t)
        price = sum((ball(v) * ball(Fraction(m)) for v, m in zip(table.reshape(-1), proof.lam.reshape(-1).tolist(),
                                                               strict=True) if v), ball(Fraction(level)))  # fmt: skip
        low = sum((plogp(ball(v)) for v in table.reshape(-1)), ball(Fraction(0))) - price
        value, lower = rounded(high.value, True), max(rounded(low, False), 0.0)
    found: Reason = "closed" if value - lower <= budget.tol else stopped if stopped != "closed" else reason
    if found == "closed" and value - lower > budget.tol:
        found = "rounding"
    names = ("y_given_w", "x_given_w") if turned else ("x_given_w", "y_given_w")
    witness = {"w": freeze(high.weights), names[0]: freeze(high.s), names[1]: freeze(high.t)}
    return WynerInformation(joint, value, lower, budget.tol, found, dict(sorted(witness.items())), proof)


def _exact(proof: _Proof) -> tuple[list[Fraction], list[list[Fraction]], list[list[Fraction]]]:
    """The mixture's numbers as Fractions."""
    return ([Fraction(v) for v in proof.weights.tolist()],
            [[Fraction(v) for v in row] for row in proof.s.tolist()],
            [[Fraction(v) for v in row] for row in proof.t.tolist()])  # fmt: skip


# ---- the mixture and lam


class _Mixture:
    """The products found so far, their weights in the best mixture, and the dual table lam."""

    def __init__(self, p: Array) -> None:
        self.p = p
        nx, ny = p.shape
        x, y = np.nonzero(p)
        self.s, self.t = np.eye(nx)[x], np.eye(ny)[y]
        self.lam = np.zeros(p.shape)
        self.weights = p[x, y]

    def improve(self, tol: float, deadline: float) -> Reason:
        """Add products with phi < 0 until none is below -tol."""
        rng = np.random.default_rng(0)
        ny = self.p.shape[1]
        grid = np.vstack([rng.dirichlet(np.ones(ny), size=64), rng.dirichlet(np.full(ny, 0.2), size=32)])
        for _ in range(ROUNDS):
            self._solve()
            s, t, phi = _lowest(self.lam, np.vstack([grid, self.t]))
            if not phi.min() < -tol:
                return "closed"
            new = _apart(t, phi, -tol)
            if now() > deadline:
                return "time"
            self.s, self.t = np.vstack([self.s, s[new]]), np.vstack([self.t, t[new]])
            self._distinct()
        return "rounding"

    def _distinct(self) -> None:
        """Leave out products that are there already."""
        rows = np.round(np.hstack([self.s, self.t]), 9)
        _, first = np.unique(rows, axis=0, return_index=True)
        kept = np.sort(first)
        self.s, self.t = self.s[kept], self.t[kept]

    def _solve(self) -> None:
        """The best mixture of the products, and lam, by a linear program."""
        self._clean()
        gains = -xlogy(self.s, self.s).sum(axis=1) - xlogy(self.t, self.t).sum(axis=1)
        cells = np.einsum("kx,ky->kxy", self.s, self.t).reshape(len(self.s), -1)
        seen = self.p.reshape(-1) > 0
        done = linprog(-gains, A_eq=cells.T[seen], b_eq=self.p.reshape(-1)[seen], method="highs", options=FINE)
        if done.x is None:
            return
        self.weights = _polished(cells.T[seen], self.p.reshape(-1)[seen], np.maximum(done.x, 0.0))
        lam = np.full(self.p.size, LARGEST)
        lam[seen] = -done.eqlin.marginals
        self.lam = lam.reshape(self.p.shape)
        slack = cells @ lam - gains
        slack[self.weights > 0] = 0.0
        kept = np.sort(np.argsort(slack, kind="stable")[:MOST_KEPT])
        self.s, self.t, self.weights = self.s[kept], self.t[kept], self.weights[kept]

    def _clean(self) -> None:
        """No product has mass where p has none: the smaller of the two factors becomes 0."""
        for x, y in zip(*np.nonzero(self.p == 0), strict=True):
            both = (self.s[:, x] > 0) & (self.t[:, y] > 0)
            first = both & (self.s[:, x] <= self.t[:, y])
            self.s[first, x] = 0.0
            self.t[both & ~first, y] = 0.0
        alive = (self.s.sum(axis=1) > 0) & (self.t.sum(axis=1) > 0)
        self.s = self.s[alive] / self.s[alive].sum(axis=1, keepdims=True)
        self.t = self.t[alive] / self.t[alive].sum(axis=1, keepdims=True)


def _lowest(lam: Array, t: Array) -> tuple[Array, Array, Array]:
    """Products at local minima of lam(s, t) - H(s) - H(t), and their values, from starts t; factors in turn."""
    for _ in range(200):
        s = _gibbs(t @ lam.T)
        new = _gibbs(s @ lam)
        moved = float(np.abs(new - t).max())
        t = new
        if moved < 1e-13:
            break
    s = _gibbs(t @ lam.T)
    phi = -logsumexp(-(t @ lam.T), axis=1) + xlogy(t, t).sum(axis=1)
    return s, t, np.asarray(phi)


def _apart(t: Array, phi: Array, below: float) -> Array:
    """The places of products with phi < below, the lowest first; one for each neighbourhood of t, at most MOST_NEW."""
    order = np.argsort(phi, kind="stable")
    order = order[phi[order] < below]
    _, first = np.unique(np.round(t[order], 3), axis=0, return_index=True)
    return order[np.sort(first)][:MOST_NEW]


def _polished(products: Array, p: Array, weights: Array) -> Array:
    """The weights of the used products solved again from products w = p, where that leaves them nonnegative."""
    used = weights > 1e-12
    solved = np.linalg.lstsq(products[:, used], p, rcond=None)[0]
    if solved.min() < 0:
        return weights
    better = np.zeros(len(weights))
    better[used] = solved
    return better


def _gibbs(costs: Array) -> Array:
    """Rows proportional to exp(-costs)."""
    e = np.exp(costs.min(axis=1, keepdims=True) - costs)
    return np.asarray(e / e.sum(axis=1, keepdims=True))


# ---- the proof


def _prove(lam: Array, level: float, most: int, deadline: float) -> tuple[float, str, Reason]:
    """The level L with phi >= -L on the simplex, the tree of cells that proves it, and why the search stopped.

    Cells are halved, all open ones at once, until each is proved at the level that was asked for; where cells or time
    run out, the level is what the open ones prove.
    """
    ny = lam.shape[1]
    pairs = [(i, j) for i in range(ny) for j in range(i + 1, ny)]
    cells = np.eye(ny)[None]
    rounds: list[Array] = []  # the edge at which each cell is halved, -1 for a leaf
    made, stopped, worst = 1, "closed", level
    while True:
        bound = _bounds(lam, cells) - MARGIN
        open_ = bound < -level
        if not open_.any() or not pairs:
            rounds.append(np.full(len(cells), -1))
            worst = max(worst, float(-bound.min()))
            break
        made += 2 * int(open_.sum())
        if made > most or now() > deadline:
            stopped = "cells" if made > most else "time"
            rounds.append(np.full(len(cells), -1))
            worst = float(-bound.min())
            break
        lengths = np.stack([((cells[:, i] - cells[:, j]) ** 2).sum(axis=1) for i, j in pairs], axis=1)
        edge = np.where(open_, lengths.argmax(axis=1), -1)
        rounds.append(edge)
        parents, edges = cells[open_], edge[open_]
        i, j = np.array(pairs)[edges].T
        middle = (parents[np.arange(len(parents)), i] + parents[np.arange(len(parents)), j]) / 2
        first, second = parents.copy(), parents.copy()
        first[np.arange(len(parents)), j] = middle
        second[np.arange(len(parents)), i] = middle
        cells = np.stack([first, second], axis=1).reshape(-1, ny, ny)
    return worst, _preorder(rounds), stopped  # type: ignore[return-value]


def _bounds(lam: Array, cells: Array) -> Array:
    """A lower bound of phi on each cell [cell, vertex, letter]."""
    concave = -logsumexp(-(cells @ lam.T), axis=2)
    centre = cells.mean(axis=1)
    return np.asarray((concave + np.einsum("kvy,ky->kv", cells, np.log(centre))).min(axis=1))


def _preorder(rounds: Sequence[Array]) -> str:
    """The tree as text: "." is a leaf, a digit the edge that is halved; the first half follows, then the second."""
    below: list[str] = []
    for edges in reversed(rounds):
        children = iter(below)
        below = ["." if edge < 0 else f"{edge}{next(children)}{next(children)}" for edge in edges.tolist()]
    (root,) = below
    return root
