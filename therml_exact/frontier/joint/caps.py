"""The program (21) with everything free, by cells of m with multipliers of their own (nats).

learning/caps.py has the problem. Every cut is a linear inequality between S, L = N H(Z|X,Theta) and m,

    s_k S - r_k L + N b_k.m >= V_k          V_k proved at (rho, sigma) = (r_k, s_k) and slope b_k (cuts.py)

and R = N H(Z) - L. So for weights w, rho', sigma', lam_C, lam_D >= 0 and
lam_R = rho' + sum w r, lam_S = sigma' + sum w s

    lam_R R + lam_C C + lam_D D + lam_S S  >=  sum_k w_k [V_k - N b_k.m + r_k N H(Z)] + N [lam_C H(Y|Z) + lam_D H(X|Z)],

which is concave in m, hence on a simplex at least its least value h at a vertex. No tables with m in the simplex that
keep the caps have F_0 < (h - sum_i lam_i cap_i)/lam_0, and none with F_i - point_i < e for all i if
e <= (h - sum_i lam_i point_i)/sum_i lam_i. The best weights are a linear program. (Where R is not limited the cuts'
parts in L are dropped: L >= 0.)

The cell with the least bound comes first. A cut is made at the multipliers that promise most by the tables met so far
(Kelley's cutting planes), at the slope of the cell's chords, or at the slope that promises most; where no cut promises
enough, or several were in vain, the cell is halved at the edge on which chords lose most. No mean over m is taken
anywhere: what no Lagrangian sees is seen.

Certificates: {"format", "kind", "problem", "minimise" and "caps" | "point", "value", "lower_bound", "tol", "status",
"rule", "encoder", "bound", "sha256"}; value, rule and encoder are null where no tables are claimed. bound: {"cuts":
[{"rho", "sigma", "b", "lam", "tree"}], "tree", "leaves"}, a leaf being [rho', sigma', lam_C, lam_D, k, w, k, w, ...].

Errors: ValueError where theta_size is given.
Source: Alemi and Fischer, TherML (2018), (21), (23).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.caps_above import Above
from therml_exact.frontier.joint.cuts import Cut, prove
from therml_exact.frontier.joint.domain import Domain, Simplex, misplaced
from therml_exact.frontier.joint.functionals import exact_zeros
from therml_exact.frontier.joint.instance import Instance, domain_of, instance
from therml_exact.frontier.joint.optimum import point_of, reached
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning.caps import ROUNDING, CappedOptimum, Excess, rounded_down
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.tables import write_table
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.problem import NAMES
from therml_exact.numbers.tables import Array

FORMAT = "therml-joint-capped-1"
MARGIN = 4e-13  # rounding of a leaf's bound, relative to the sizes of its terms
LARGEST = 1e6  # a weight of a cell's linear program
_SMALL = 1e-7  # a multiplier of a cut, relative to the largest, below which it counts as 0
_SHARE = 0.2
_IN_VAIN = 4  # cuts that gain little, after which a cell is halved
_STEEP = 50.0  # how steep a slope may be, relative to 1 + the sum of multipliers
_OFTEN = 40  # cuts after which not every one is tried as a start


@dataclass
class Cell:
    """A node of the tree: its vertices, its bound and the numbers that prove it; the edge halved and its children."""

    vertices: Simplex
    bound: float = -math.inf
    leaf: list[float] = field(default_factory=list)  # rho', sigma', lam_C, lam_D
    weights: dict[int, float] = field(default_factory=dict)
    edge: int = -1
    children: tuple[int, int] = (-1, -1)
    empty: bool = False


class Cells:
    """One search.

    minimise   the functional that is minimised; None for the excess; limits: caps, or the point, by name
    """

    def __init__(self, problem: JointProblem, minimise: str | None, limits: Mapping[str, float], tol: float) -> None:
        self.problem, self.minimise, self.limits, self.tol = problem, minimise, dict(limits), tol
        self.names = set(limits) | ({minimise} if minimise else set())
        at = {"rho": Fraction(1), "gamma": Fraction(1), "delta": Fraction("D" in self.names), "sigma": Fraction(1)}
        self.inst: Instance = instance(problem, at)
        self.region: Domain = domain_of(problem, at)
        self.limit = np.array([limits.get(name, 0.0) for name in NAMES])
        self.above = Above(problem, self.inst, minimise, limits, tol)
        self.places: list[Array] = [np.array([float(v) for v in point]) for point in self.region.points]
        self.heights: list[Array] = [self._heights(m) for m in self.places]
        self.orders = list(self.region.orders)
        self._middles: dict[tuple[int, int], int] = {}
        self.cuts: list[Cut] = []
        self.rates: list[tuple[float, float]] = []  # (r_k, s_k)
        self.met: list[Array] = []  # S, N H(Z|X,Theta) and m of the tables of cuts
        self.nodes: list[Cell] = []
        self.roots: list[int] = []

    def _heights(self, m: Array) -> Array:
        """N H(Z), N H(Y|Z), N H(X|Z) at a place."""
        i = self.inst
        zero = replace(i, rho=0.0, gamma=0.0, delta=1e-300 if i.delta else 0.0)
        parts = [replace(zero, rho=1.0), replace(zero, gamma=1.0)]
        found = [float(part.concave(m)) for part in parts]
        return i.n * np.array([*found, float(replace(zero, delta=1.0).concave(m)) if i.delta else 0.0])

    def middle(self, i: int, j: int) -> int:
        """The vertex halfway between two."""
        key = (min(i, j), max(i, j))
        if key not in self._middles:
            self._middles[key] = len(self.places)
            self.places.append(0.5 * (self.places[i] + self.places[j]))
            self.heights.append(self._heights(self.places[-1]))
            self.orders.append(tuple((a + b) / 2 for a, b in zip(self.orders[i], self.orders[j], strict=True)))
        return self._middles[key]

    def bound(self, cell: Cell) -> None:
        """Set the bound of a cell by the best weights; without any it is what R, C, D, S >= 0 says."""
        from scipy.optimize import linprog

        if not cell.leaf:
            name = self.minimise or max(self.limits, key=lambda name: -self.limits[name])
            cell.leaf = [float(name == other) for other in ("R", "S", "C", "D")]
            cell.bound = -self.limits.get(name, 0.0) - MARGIN * (1 + abs(self.limits.get(name, 0.0)))

        ids, count = list(cell.vertices), len(self.cuts)
        places = np.array([self.places[v] for v in ids])
        heights = np.array([self.heights[v] for v in ids])
        on = np.array([name in self.names for name in NAMES], dtype=float)
        r, s = (np.array(column) for column in zip(*self.rates, strict=True)) if count else (np.zeros(0),) * 2
        # What each number adds to lam (of R, C, D, S), and to the height at the vertices.
        lam = np.zeros((4, 4 + count))
        lam[0, 0] = lam[3, 1] = lam[1, 2] = lam[2, 3] = 1.0
        lam[0, 4:], lam[3, 4:] = r * on[0], s
        height = np.zeros((len(ids), 4 + count))
        height[:, 2], height[:, 3] = heights[:, 1], heights[:, 2]
        if count:
            slopes = np.array([cut.slope for cut in self.cuts])
            values = np.array([cut.value for cut in self.cuts])
            height[:, 4:] = values - self.inst.n * places @ slopes.T + heights[:, :1] * (r * on[0])
        gain = height - self.limit @ lam
        target = on * 0.0
        if self.minimise:
            target[NAMES.index(self.minimise)] = 1.0
        norm = target @ lam if self.minimise else lam.sum(axis=0)
        most = np.where((lam > 0).T @ (1 - on) > 0, 0.0, LARGEST)
        found = linprog(
            np.append(np.zeros(4 + count), -1.0), np.hstack([-gain, np.ones((len(ids), 1))]), np.zeros(len(ids)),
            np.append(norm, 0.0)[None], [1.0], [*((0.0, m) for m in most.tolist()), (None, None)], method="highs",
        )  # fmt: skip
        if found.status != 0:
            return
        x = np.maximum(found.x[:-1], 0.0) * (most > 0)
        x[x < 1e-13 * x.max()] = 0.0
        scale = float(norm @ x)
        if scale > 0.5:
            size = float(np.abs(height) @ x @ np.ones(len(ids))) + float(np.abs(self.limit) @ (lam @ x)) + 1
            size += self.inst.n * float(
                sum(x[4 + k] * np.abs(self.cuts[k].slope).max() for k in range(count) if x[4 + k])
            )
            value = (float((gain @ x).min()) - MARGIN * size) / scale
            if value > cell.bound:
                cell.bound, cell.leaf = value, x[:4].tolist()
                cell.weights = {k: float(x[4 + k]) for k in range(count) if x[4 + k] > 0}

    def chords(self, cell: Cell) -> Array:
        """The affine functions that equal N H(Z), N H(Y|Z), N H(X|Z) at the vertices: [coordinate of (m, 1), which]."""
        ids = list(cell.vertices)
        matrix = np.concatenate([np.array([self.places[v] for v in ids]), np.ones((len(ids), 1))], axis=1)
        return np.asarray(np.linalg.lstsq(matrix, np.array([self.heights[v] for v in ids]), rcond=None)[0])

    def price(self, cell: Cell, free: bool) -> tuple[Array, Array, float]:
        """(lam, b, promise): multipliers and slope of the cut that promises most for a cell, by the tables met so far.

        The bound of a cut at (lam, b) is the least over all tables of lam_S S - lam_R L + N b.m, and the least at a
        vertex of N (Phi - b.m), less lam.limits. Over the tables met the first is no smaller. free: b is sought too;
        else it is that of the chords.
        """
        from scipy.optimize import linprog

        ids, n, met = list(cell.vertices), float(self.inst.n), np.array(self.met)
        width = self.inst.width
        places, heights = np.array([self.places[v] for v in ids]), np.array([self.heights[v] for v in ids])
        chords = self.chords(cell)[:-1]
        # Variables: lam of R, C, D, S; b times n; the two minima.
        zero, one = np.zeros((len(met), 1)), np.ones((len(met), 1))
        tables_rows = np.hstack([met[:, 1:2], zero, zero, -met[:, :1], -met[:, 2:], one, zero])
        zero, one = np.zeros((len(ids), 1)), np.ones((len(ids), 1))
        vertex_rows = np.hstack([-heights, zero, places, zero, one])
        on = np.array([name in self.names for name in NAMES], dtype=float)
        norm = np.array([float(name == self.minimise) for name in NAMES]) if self.minimise else np.ones(4)
        equal = [np.concatenate([norm, np.zeros(width + 2)])]
        rows, right = [tables_rows, vertex_rows], np.zeros(len(met) + len(ids))
        if free:
            steep = np.hstack([np.full((width, 4), -_STEEP * n), np.eye(width), np.zeros((width, 2))])
            other = np.hstack([np.full((width, 4), -_STEEP * n), -np.eye(width), np.zeros((width, 2))])
            rows, right = [*rows, steep, other], np.concatenate([right, np.full(2 * width, _STEEP * n)])
        else:
            equal += [np.concatenate([-chords[k, :3], [0.0], np.eye(width)[k], [0.0, 0.0]]) for k in range(width)]
        found = linprog(
            np.concatenate([self.limit, np.zeros(width), [-1.0, -1.0]]), np.vstack(rows), right, np.array(equal),
            np.concatenate([[1.0], np.zeros(len(equal) - 1)]),
            [*((0.0, m * LARGEST) for m in on.tolist()), *[(None, None)] * (width + 2)], method="highs",
        )  # fmt: skip
        if found.status != 0:
            return self.above.start.copy(), chords @ self.above.start[:3] / n, math.inf
        return np.maximum(found.x[:4], 0.0), found.x[4 : 4 + width] / n, -float(found.fun)

    def meet(self, rule: Array, encoders: Array) -> None:
        """Remember S, N H(Z|X,Theta) and m of tables."""
        i = self.inst
        weights = i.mass[:, None] * rule
        inner = np.einsum("ta,tk->ak", weights, i.counts).reshape(-1, i.nx, i.ny).sum(axis=2)
        entropy = -(encoders * np.log(np.where(encoders > 0, encoders, 1.0))).sum(axis=2)
        s = alternation.functionals(self.problem, rule, encoders.transpose(1, 0, 2))[3]
        self.met.append(np.array([max(float(s), 0.0), float((inner * entropy).sum()), *i.place(weights, encoders)]))

    def cut_at(self, lam: Array, b: Array, deadline: float) -> None:
        """A cut at these multipliers and this slope, scaled."""
        scale = max(float(lam.sum()), float(np.abs(b).max()) / _STEEP)
        lam, b = np.where(lam > _SMALL * scale, lam, 0.0) / scale, b / scale
        inst = replace(self.inst, rho=float(lam[0]), sigma=float(lam[3]))
        start, near = np.full((1, inst.nx, inst.nz), 1 / inst.nz), math.inf
        for cut, rates in zip(self.cuts, self.rates, strict=True):
            far = float(np.abs(cut.slope - b).sum()) + abs(rates[0] - lam[0]) + abs(rates[1] - lam[3])
            if far < near and len(cut.encoders):
                near, start = far, cut.encoders
        cut = prove(inst, np.ascontiguousarray(b), start, max(0.05 * self.tol, 1e-11), deadline)
        if cut.value > -math.inf:
            self.cuts.append(cut)
            self.rates.append((float(lam[0]), float(lam[3])))
            self.meet(cut.rule, cut.encoders)
            if len(self.cuts) < _OFTEN or len(self.cuts) % 8 == 0:
                self.above.take(cut, np.where(self.above.free, np.maximum(lam, 1e-9), self.above.start))

    def widest(self, cell: Cell, lam: Array) -> tuple[int, int, int]:
        """The edge on which chords lose most: its number and its ends.

        Every limited functional counts a little: where its chord keeps the cap, lam says nothing of it.
        """
        ids = list(cell.vertices)
        lam = lam / max(float(lam.sum()), 1e-300) + _SHARE * np.array([name in self.names for name in NAMES])
        heights = np.array([self.heights[v] for v in ids]) @ lam[:3]
        best = (-math.inf, 0, 0, 1)
        for k, (i, j) in enumerate(combinations(range(len(ids)), 2)):
            half = self._heights(0.5 * (self.places[ids[i]] + self.places[ids[j]])) @ lam[:3]
            gain = float(half - 0.5 * (heights[i] + heights[j]))
            # Where no chord loses anything the longest edge is halved.
            gain += 1e-12 * float(np.abs(self.places[ids[i]] - self.places[ids[j]]).sum())
            if gain > best[0]:
                best = (gain, k, i, j)
        return best[1:]


def search(state: Cells, max_cells: int, deadline: float, enough: float = -math.inf) -> str:
    """Best first until every cell is done; says why it ended: "closed", "cells" or "time".

    It also ends, as "closed", at tables of value `enough` or less.
    """
    heap: list[tuple[float, int, int]] = []

    def enter(vertices: Simplex) -> int:
        cell, index = Cell(vertices), len(state.nodes)
        state.nodes.append(cell)
        if misplaced([state.orders[v] for v in vertices]):
            cell.empty, cell.bound = True, math.inf
        else:
            state.bound(cell)
            heapq.heappush(heap, (cell.bound, index, 0))
        return index

    for tables_met in ((state.above.rule, state.above.encoders), *state.above.plain()):
        if len(tables_met[1]):
            state.meet(*tables_met)
    state.roots = [enter(vertices) for vertices in state.region.simplices]
    while heap:
        before, index, vain = heapq.heappop(heap)
        cell = state.nodes[index]
        state.bound(cell)
        target = state.above.value - 0.8 * state.tol
        if state.above.value <= enough or cell.bound >= target:
            if state.above.value <= enough:
                return "closed"
            continue
        if before < cell.bound and heap and heap[0][0] < cell.bound:
            heapq.heappush(heap, (cell.bound, index, vain))
            continue
        if len(state.nodes) >= max_cells or now() > deadline:
            return "cells" if len(state.nodes) >= max_cells else "time"
        # Where no tables are known that keep the caps, any bound that grows is welcome.
        goal = target if math.isfinite(target) else cell.bound + 1.0 + abs(cell.bound)
        if vain < _IN_VAIN:
            lam, b, promised = state.price(cell, vain > 0)
            if promised < goal and not vain:
                lam, b, promised = state.price(cell, True)
            if promised >= goal:
                state.cut_at(lam, b, deadline)
                was = cell.bound
                state.bound(cell)
                gained = cell.bound - was > 0.1 * (goal - was)
                heapq.heappush(heap, (cell.bound, index, 0 if gained else vain + 1))
                continue
        lam = state.price(cell, False)[0]
        edge, i, j = state.widest(cell, lam)
        middle = state.middle(cell.vertices[i], cell.vertices[j])
        cell.edge = edge
        cell.children = (
            enter(tuple(middle if k == j else v for k, v in enumerate(cell.vertices))),
            enter(tuple(middle if k == i else v for k, v in enumerate(cell.vertices))),
        )
    return "closed"


def leaves(state: Cells) -> list[Cell]:
    """The nodes in preorder."""
    stack, out = state.roots[::-1], []
    while stack:
        cell = state.nodes[stack.pop()]
        out.append(cell)
        if cell.edge >= 0:
            stack.extend(cell.children[::-1])
    return out


def proved(state: Cells) -> float:
    """The least bound of a leaf: inf where no cell is left that keeps the caps."""
    return min((c.bound for c in state.nodes if c.edge < 0), default=-math.inf)


def claim(state: Cells) -> dict[str, Any]:
    """What proves it, as plain data."""
    names: dict[int, int] = {}
    tree, out = [], []
    for cell in leaves(state):
        if cell.edge >= 0:
            tree.append(chr(48 + cell.edge))
        elif cell.empty:
            tree.append("-")
        else:
            tree.append(".")
            leaf: list[Any] = [v.hex() for v in cell.leaf]
            for k, w in cell.weights.items():
                leaf += [names.setdefault(k, len(names)), w.hex()]
            out.append(leaf)
    cuts = []
    for k in names:
        cut, (r, s) = state.cuts[k], state.rates[k]
        content: dict[str, Any] = {"rho": r.hex(), "sigma": s.hex(), "kind": "slope", "b": _text(cut.slope)}
        if cut.lam is not None:
            content |= {"lam": _text(cut.lam), "tree": "".join("." if c == 0 else chr(47 + c) for c in cut.tree)}
        cuts.append(content)
    return {"cuts": cuts, "tree": "".join(tree), "leaves": out}


def _text(values: Array) -> list[str]:
    return [float(v).hex() for v in values.reshape(-1).tolist()]


# ---- results


def minimize_capped_free(
    problem: JointProblem, minimise: str, exact: Mapping[str, Fraction], budget: Budget
) -> CappedOptimum:
    """The least of one functional over all tables that keep exact caps on others."""
    _refuse(problem)
    deadline, floats = budget.deadline, {name: rounded_down(v) for name, v in exact.items()}
    state = Cells(problem, minimise, floats, budget.tol)
    state.above.begin(np.array(state.places))
    if math.isinf(state.above.value) and exact:
        reach = _searched(problem, floats, budget.tol, budget.count, deadline, -budget.tol)
        if proved(reach[0]) > 0:
            least = _excess(reach[0], reach[1], problem, exact, floats, -budget.tol)
            return CappedOptimum(problem, minimise, floats, math.inf, math.inf, budget.tol, "infeasible", "closed", {},
                                 {}, least.cells, least.certificate)  # fmt: skip
        found = reach[0].above
        state.above.improve(found.rule, found.encoders, state.above.start)
        state.above.consider(found.rule, found.encoders)
    reason = search(state, budget.count, deadline)
    lower, above = proved(state), state.above
    given = {"minimise": minimise, "caps": {name: str(v) for name, v in sorted(exact.items())}}
    if math.isinf(above.value):
        lower = min(lower, 1e300)
        c = certificate(state, "capped", given, None, lower, "open", None)
        return CappedOptimum(problem, minimise, floats, math.inf, max(lower, 0.0), budget.tol, "open",
                             "rounding" if reason == "closed" else reason, {}, {}, len(state.nodes), c)  # fmt: skip
    pair = _tables(state)
    point = _point(problem, *pair)
    value = point[minimise]
    up = rounded_up_by(value, 1.0)
    lower = min(lower, value)
    status = "certified" if Fraction(up) - Fraction(lower) <= Fraction(budget.tol) else "open"
    reason = "closed" if status == "certified" else "rounding" if reason == "closed" else reason
    c = certificate(state, "capped", given, up, lower, status, pair)
    return CappedOptimum(problem, minimise, floats, value, max(lower, 0.0), budget.tol, status, reason, point,
                         alternation.witness(problem, *pair), len(state.nodes), c)  # fmt: skip


def excess_of_free(problem: JointProblem, exact: Mapping[str, Fraction], budget: Budget, enough: float) -> Excess:
    """The least over all tables of the largest F_i - point_i."""
    _refuse(problem)
    floats = {name: float(v) for name, v in exact.items()}
    state, reason = _searched(problem, floats, budget.tol, budget.count, budget.deadline, enough)
    return _excess(state, reason, problem, exact, floats, enough)


def _refuse(problem: JointProblem) -> None:
    if problem.theta_size is not None:
        raise ValueError(f"theta_size is {problem.theta_size}; caps are for theta_size=None, without a limit")


def _searched(
    problem: JointProblem, floats: Mapping[str, float], tol: float, cells: int, deadline: float, enough: float
) -> tuple[Cells, str]:
    state = Cells(problem, None, floats, tol)
    state.above.begin(np.array(state.places))
    return state, search(state, cells, deadline, enough)


def _excess(
    state: Cells, reason: str, problem: JointProblem, exact: Mapping[str, Fraction], floats: Mapping[str, float],
    enough: float,
) -> Excess:  # fmt: skip
    pair = _tables(state)
    point = _point(problem, *pair)
    value = max(point[name] - limit for name, limit in floats.items())
    up, lower = rounded_up_by(value, 1.0) + ROUNDING, min(proved(state), value)
    closed = Fraction(up) - Fraction(lower) <= Fraction(state.tol)
    told = "closed" if closed else "decided" if value <= enough else "rounding" if reason == "closed" else reason
    status = "infeasible" if lower > 0 else "certified" if closed else "open"

    def build() -> dict[str, Any]:
        given = {"point": {name: str(v) for name, v in sorted(exact.items())}}
        return certificate(state, "excess", given, up, lower, status, pair)

    least = max(lower, *(-limit for limit in floats.values()))
    return Excess(problem, dict(floats), value, least, state.tol, point, alternation.witness(problem, *pair),
                  len(state.nodes), told, lower, build)  # fmt: skip


def _tables(state: Cells) -> tuple[Array, Array]:
    """The rule and the encoder[x, theta, z] of the best tables."""
    a = state.above
    return a.rule, np.ascontiguousarray(a.encoders.transpose(1, 0, 2))


def _point(problem: JointProblem, rule: Array, encoder: Array) -> dict[str, float]:
    """R, C, D, S of tables; what supports make 0 is 0."""
    found = point_of(reached(problem, rule, encoder)) | dict.fromkeys(exact_zeros(problem, rule, encoder), 0.0)
    return {name: found[name] for name in NAMES}


def certificate(
    state: Cells, kind: str, given: Mapping[str, Any], value: float | None, lower: float, status: str,
    pair: tuple[Array, Array] | None,
) -> dict[str, Any]:  # fmt: skip
    """Plain data that `verify` checks."""
    content = {
        "format": FORMAT,
        "kind": kind,
        "problem": state.problem.describe(),
        **given,
        "value": None if value is None else value.hex(),
        "lower_bound": lower.hex(),
        "tol": float(state.tol).hex(),
        "status": status,
        "rule": None if pair is None else write_table(pair[0]),
        "encoder": None if pair is None else write_table(pair[1]),
        "bound": claim(state),
    }
    return {**content, "sha256": digest(content)}
