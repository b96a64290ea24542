"""The core: the maximum-likelihood mixing measure of a finite table of exponents, from above and below (nats).

    minimise  L(q) = - sum_w p_w log m_w,     m_w = sum_z q_z prod_j t_z[j]^a[w, j]

convex in the mixing measure q. With G(t) = sum_w (p_w/m_w) prod_j t[j]^a[w, j], q is optimal iff G <= 1 everywhere, and
for any c_w > 0, with G made of the c_w instead of p_w/m_w,

    min L >= sum_w p_w log(c_w/p_w) - log max_t G(t)                        (weak duality)

Rows of X, of exponent delta < 1 on the group x_w, are eliminated from the search: with s = 1/(1 - delta) and B_x the
sum of (p_w/m_w) prod t^a over the w of group x, the best row is proportional to B_x^s and G = (sum_x B_x^s)^(1/s).

Primal: weights by constrained Newton (Wang, 2007), codes by ascent of G from many starts and from every point where
branch and bound sees G > 1, codes and weights together by Newton on their logarithms. Dual: kernels/cells.py, and
contacts.py around the codes.

Shapes: a[w, j] over the blocks' coordinates (and X's row, if any, last); codes t[z, j]; posterior r[w, z].
No error is raised here: a search that runs out says so by its bound.
Source: B. Lindsay (1983); Y. Wang, On fast computation of the NPMLE of a mixing distribution, JRSS B 69 (2007).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import nnls

from therml_exact.frontier.closed_form import RULES, evaluate
from therml_exact.frontier.contacts import Contacts, contacts
from therml_exact.frontier.problems import Mixture

FLOOR = 1e-300  # a code's entry is at least this: it stands for 0 at a cost of no digit
RARE = 1e-6  # letters below it get codes of their own in the multipliers
DEEPEST = 4000
CHUNK = 1 << 16
MARGIN = 1e-14  # rounding of log G in the kernel, relative to the largest |lam| plus 2
SLACK = 2e-14  # rounding of the dual's sums, relative to the sum of absolute values plus 1

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Solution:
    """Codes and weights, multipliers lam_w = log c_w, the largest bound of log G found, and the tree that proves it."""

    weights: Array
    codes: Array
    posterior: Array
    lam: Array
    value: float
    lower_bound: float
    tree: Array
    contacts: Contacts
    level: float
    rule: str  # "cells", or the closed form that gives the lower bound
    complete: bool

    @property
    def gap(self) -> float:
        """Value - lower_bound of the mixture."""
        return self.value - self.lower_bound


class Tables:
    """The floats of a mixture."""

    def __init__(self, mixture: Mixture) -> None:
        self.p = np.array([float(w) for w in mixture.weights])
        multiplier = float(mixture.multiplier)
        self.rows = [np.array(b.rows, dtype=float) for b in mixture.blocks]
        self.coordinates = [np.array(b.coordinates, dtype=float) for b in mixture.blocks]
        self.roots = [np.array(b.root, dtype=float) for b in mixture.blocks]
        self.a = np.ascontiguousarray(np.hstack(self.rows) * multiplier)
        self.a_root = np.ascontiguousarray(np.hstack(self.coordinates) * multiplier)
        self.multiplier = multiplier
        self.rare: Array | None = None
        self.delta = float(mixture.delta)
        self.closed = {name: terms for name, rule in RULES.items() if (terms := rule(mixture)) is not None}
        self.power = float(1 / (1 - mixture.delta))
        self.group = np.array(mixture.groups if self.delta else (0,) * len(self.p), dtype=np.int64)
        self.groups = int(self.group.max()) + 1
        sizes = [r.shape[1] for r in self.rows]
        self.jstart = np.cumsum([0, *sizes])
        self.kstart = np.cumsum([0, *(r.shape[0] for r in self.roots)])
        # The primal treats X's row as one more block.
        self.full, self.ends = self.a, list(self.jstart)
        if self.delta:
            self.full = np.hstack([self.a, self.delta * np.eye(self.groups)[self.group]])
            self.ends.append(self.ends[-1] + self.groups)
        self.spans = list(zip(self.ends[:-1], self.ends[1:], strict=True))
        self.sums = np.stack([self.full[:, lo:hi].sum(axis=1) for lo, hi in self.spans], axis=1)

    def log_terms(self, codes: Array) -> Array:
        """Log prod_j t_z[j]^a[w, j], [w, z]."""
        return np.asarray(self.full @ np.log(np.maximum(codes, FLOOR)).T)

    def gradient(self, lam: Array, t: Array) -> tuple[Array, Array, Array]:
        """Log G at rows of t (without X), posteriors r[w, t], and the best rows of X [t, x] (empty at delta = 0)."""
        x = lam[:, None] + self.a @ np.log(np.maximum(t, FLOOR)).T
        if not self.delta:
            top = x.max(axis=0)
            r = np.exp(x - top)
            total = r.sum(axis=0)
            return top + np.log(total), r / total, np.empty((len(t), 0))
        top = np.full((self.groups, len(t)), -np.inf)
        np.maximum.at(top, self.group, x)
        b = np.zeros_like(top)
        r = np.exp(x - top[self.group])
        np.add.at(b, self.group, r)
        r /= b[self.group]
        b = self.power * (top + np.log(b))
        peak = b.max(axis=0)
        b = np.exp(b - peak)
        total = b.sum(axis=0)
        b /= total
        return (peak + np.log(total)) / self.power, r * b[self.group], b.T

    def image(self, r: Array) -> Array:
        """The best rows for posteriors r[w, t]: [t, j], without X."""
        out = np.empty((r.shape[1], self.jstart[-1]))
        for rows, lo, hi in zip(self.rows, self.jstart[:-1], self.jstart[1:], strict=True):
            part = r.T @ rows
            total = part.sum(axis=1, keepdims=True)
            out[:, lo:hi] = np.where(total > 0, part / np.maximum(total, FLOOR), 1 / (hi - lo))
        return out


@dataclass
class _Primal:
    """A mixing measure under improvement."""

    q: Array
    codes: Array
    logs: Array = field(default_factory=lambda: np.empty(0))


def solve(tables: Tables, tol: float, max_cells: int, deadline: float) -> Solution:
    """The mixture's optimum within tol if the cells and the time suffice."""
    threshold = 0.8 * tol
    primal = _start(tables)
    if "processing" in tables.closed:
        primal.q, primal.codes, primal.logs = np.ones(1), primal.codes[:0], primal.logs[:, :0]
        _add(tables, primal, tables.p[:, None])
        primal.q = np.ones(1)
        return _closed(tables, primal, "processing")
    seeds = _seeds(tables)
    tree: Array = np.zeros(0, dtype=np.uint8)
    climbs = 0
    for step in range(40):
        _weights(tables, primal)
        # With many codes Newton slows down among near-equal ones; weights on the maxima of G then do the rest.
        if step < 6 or len(primal.q) <= 12:
            _polish(tables, primal, 30)
            _tidy(tables, primal)
        if "likelihood" in tables.closed and (by_likelihood := _closed(tables, primal, "likelihood")).gap <= threshold:
            return by_likelihood
        lam = _multipliers(tables, primal, 0.02 * tol)
        late = time.monotonic() > deadline
        if (
            step < 30
            and not late
            and _ascend(
                tables,
                primal,
                lam,
                np.vstack([seeds, primal.codes[:, : seeds.shape[1]]]),
                threshold,
                30 if step < 6 else 100,
            )
        ):
            continue
        near = contacts(tables, lam, primal.codes, threshold)
        code, bound, tree, point = _search(tables, lam, near, threshold, max_cells, deadline)
        if code != 1 or late or climbs > 12:
            break
        # A point with G > 1: climb from it, and go on.
        climbs += 1
        _ascend(tables, primal, lam, point[None, :], -math.inf, 100)
    complete = code == 0
    if complete:
        level = max(bound, float(near.bounds.max(initial=-math.inf)))
    else:
        level, near, tree = _coarser(tables, primal, lam, threshold, max_cells, deadline)
    level += MARGIN * (2 + float(np.abs(lam).max()))
    terms = tables.p * (lam - np.log(tables.p))
    dual = math.fsum(terms) - level - SLACK * (float(np.abs(terms).sum()) + abs(level) + 1)
    return _solution(tables, primal, lam, dual, tree, near, level, "cells", complete)


def _closed(tables: Tables, primal: _Primal, rule: str) -> Solution:
    """The primal with a lower bound in closed form."""
    terms = tables.closed[rule]
    bound = evaluate(terms)
    bound -= SLACK * (abs(bound) + sum(abs(float(c) * evaluate([(Fraction(1), r)])) for c, r in terms) + 1)
    lam = _multipliers(tables, primal)
    near = contacts(tables, lam, primal.codes[:0], 0.0)
    return _solution(tables, primal, lam, bound, np.zeros(0, dtype=np.uint8), near, 0.0, rule, True)


def _solution(tables: Tables, primal: _Primal, lam: Array, dual: float, tree: Array, near: Contacts, level: float,
              rule: str, complete: bool) -> Solution:  # fmt: skip
    used = primal.q > 0
    s = primal.logs[:, used] + np.log(primal.q[used])
    top = s.max(axis=1)
    posterior = np.exp(s - top[:, None])
    total = posterior.sum(axis=1)
    posterior /= total[:, None]
    value = -math.fsum(tables.p * (top + np.log(total)))
    # The decoders of this encoder: L at them is at most what the encoder achieves, polished or not.
    q = tables.p @ posterior
    posterior, q = posterior[:, q > 0], q[q > 0]
    after = _Primal(np.empty(0), np.empty((0, tables.ends[-1])))
    _add(tables, after, posterior * tables.p[:, None] / q)
    return Solution(q, after.codes, posterior, lam, value, dual, tree, near, level, rule, complete)


def _coarser(tables: Tables, primal: _Primal, lam: Array, threshold: float, max_cells: int, deadline: float) -> Any:
    """The best bound of log G that the budget affords: thresholds from coarse to fine until one fails."""
    level, tree = _trivial(tables, lam), np.zeros(1, dtype=np.uint8)
    near = contacts(tables, lam, primal.codes[:0], threshold)
    exponent = 1.0
    while True:
        trial = 10.0**exponent
        if trial <= threshold or time.monotonic() > deadline + 1.0:
            return level, near, tree
        around = contacts(tables, lam, primal.codes, trial)
        code, bound, found, _ = _search(tables, lam, around, trial, max_cells, deadline + 1.0)
        if code:
            return level, near, tree
        level, near, tree = max(bound, float(around.bounds.max(initial=-math.inf))), around, found
        exponent -= 0.5


def _trivial(tables: Tables, lam: Array) -> float:
    """The bound of log G on the root cell."""
    e = np.concatenate([_entropies(root) for root in tables.roots])
    from therml_exact.kernels.cells import log_gradient

    return float(log_gradient(lam, tables.a_root, tables.group, tables.power, e, np.empty(2 * tables.groups)))


def _entropies(rows: Array) -> Array:
    return -(rows * np.log(np.where(rows > 0, rows, 1.0))).sum(axis=1)


def _search(tables: Tables, lam: Array, near: Contacts, threshold: float, max_cells: int, deadline: float) -> Any:
    from therml_exact.kernels.cells import cells

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
    pieces, nodes = [], 0
    while True:
        state[2] = min(CHUNK, max_cells - nodes)
        tree = np.empty(int(state[2]) + 1, dtype=np.uint8)
        code = cells(stack, state, lam, tables.a_root, tables.a, tables.group, tables.power, tables.kstart,
                     tables.jstart, starts, scale, threshold, near.centre, near.form, near.radius, tree, point,
                     best)  # fmt: skip
        pieces.append(tree[: state[1]])
        nodes += int(state[1])
        if code != 2 or nodes >= max_cells or time.monotonic() > deadline:
            return int(code), float(best[0]), np.concatenate(pieces), point


def _start(tables: Tables) -> _Primal:
    """Codes at the letters themselves (at most 64, spread over the list) and at their mean."""
    count = len(tables.p)
    picked = np.unique(np.linspace(0, count - 1, min(count, 64)).astype(int))
    r = np.zeros((count, len(picked)))
    r[picked, np.arange(len(picked))] = 1.0
    primal = _Primal(np.empty(0), np.empty((0, tables.ends[-1])))
    _add(tables, primal, np.hstack([r, tables.p[:, None]]))
    primal.q = np.append(tables.p[picked], tables.p.max())
    primal.q /= primal.q.sum()
    if len(picked) == count and count > 1:
        primal.q, primal.codes, primal.logs = primal.q[:-1], primal.codes[:-1], primal.logs[:, :-1]
        primal.q /= primal.q.sum()
    return primal


def _add(tables: Tables, primal: _Primal, r: Array) -> None:
    """Codes that are the images of posteriors r[w, new], with weight 0."""
    t = tables.image(r)
    if tables.delta:
        rows = np.zeros((r.shape[1], tables.groups))
        np.add.at(rows.T, tables.group, r)
        t = np.hstack([t, rows])
    t = np.maximum(t, FLOOR)
    primal.codes = np.vstack([primal.codes, t])
    primal.q = np.append(primal.q, np.zeros(len(t)))
    primal.logs = tables.log_terms(primal.codes)


def _multipliers(tables: Tables, primal: _Primal, share: float = 0.0) -> Array:
    """Log p_w/m_w. Where rare letters leave m_w undetermined, a `share` of the mass goes to codes at the letters: it
    costs the bound no more than that, and caps G at what no code explains.
    """
    s = primal.logs + np.log(np.maximum(primal.q, FLOOR))
    if share and tables.p.min() < RARE:
        if tables.rare is None:
            letters = _Primal(np.empty(0), np.empty((0, tables.ends[-1])))
            _add(tables, letters, np.eye(len(tables.p)))
            tables.rare = np.logaddexp.reduce(letters.logs, axis=1) - math.log(len(tables.p))
        s = np.hstack([s, tables.rare[:, None] + math.log(share)])
    top = s.max(axis=1)
    return np.asarray(np.log(tables.p) - top - np.log(np.exp(s - top[:, None]).sum(axis=1)))


def _weights(tables: Tables, primal: _Primal) -> None:
    """Constrained Newton: min ||sqrt(p) (L q'/m - 2)|| over the simplex: nonnegative least squares and line search."""
    top = primal.logs.max(axis=1, keepdims=True)
    kernel = np.exp(primal.logs - top)
    root = np.sqrt(tables.p)
    q = primal.q
    m = kernel @ q
    value = -float(tables.p @ np.log(m))
    for _ in range(30):
        s = kernel / m[:, None]
        slope = tables.p @ s
        try:
            new, _ = nnls(
                np.vstack([s * root[:, None], np.full(len(q), 1e3)]), np.append(2 * root, 1e3), maxiter=50 * len(q)
            )
        except RuntimeError:
            new = q * slope
        if not new.sum() > 0:
            new = q * slope
        direction = new / new.sum() - q
        # The first-order decrease; below it nothing is left to win.
        gain = float(slope @ direction)
        if gain < 1e-20:
            break
        length = 1.0
        while length > 1e-12:
            trial = q + length * direction
            with np.errstate(divide="ignore", invalid="ignore"):
                reached = -float(tables.p @ np.log(kernel @ trial))
            if reached <= value - 0.1 * length * gain + 2e-16 * (1 + abs(value)):
                break
            length *= 0.5
        else:
            break
        q, m, value = np.maximum(trial, 0.0), kernel @ trial, reached
    keep = q > 1e-13
    primal.q = q[keep] / q[keep].sum()
    primal.codes, primal.logs = primal.codes[keep], primal.logs[:, keep]


def _polish(tables: Tables, primal: _Primal, steps: int) -> None:
    """Newton on log q and log t together; eigenvalues enter by absolute value, so that saddles are left downhill."""
    p, spans = tables.p, tables.spans
    count, size = len(primal.q), primal.codes.shape[1]
    if count * (1 + size) > 400:
        return
    alpha, eta = np.log(primal.q), np.log(primal.codes)
    value = math.inf
    logs = primal.logs
    for _ in range(steps):
        s = logs + alpha
        top = s.max(axis=1)
        r = np.exp(s - top[:, None])
        total = r.sum(axis=1)
        if value == math.inf:
            value = -float(p @ (top + np.log(total)))
        r /= total[:, None]
        t, q = np.exp(eta), np.exp(alpha)
        slope = np.empty((len(p), count, 1 + size))
        slope[:, :, 0] = 1.0
        for i, (lo, hi) in enumerate(spans):
            slope[:, :, 1 + lo : 1 + hi] = tables.full[:, None, lo:hi] - tables.sums[:, i, None, None] * t[:, lo:hi]
        mixed = r[:, :, None] * slope
        weighted = p[:, None, None] * mixed
        gradient = -weighted.sum(axis=0)
        gradient[:, 0] += q
        flat = mixed.reshape(len(p), -1)
        hessian = (flat.T * p) @ flat
        block = -np.matmul(weighted.transpose(1, 2, 0), slope.transpose(1, 0, 2))
        masses = (p[:, None] * r).T @ tables.sums
        for i, (lo, hi) in enumerate(spans):
            part = t[:, lo:hi]
            block[:, 1 + lo : 1 + hi, 1 + lo : 1 + hi] += masses[:, i, None, None] * (
                part[:, :, None] * np.eye(hi - lo) - part[:, :, None] * part[:, None, :]
            )
        h = hessian.reshape(count, 1 + size, count, 1 + size)
        at = np.arange(count)
        h[at, :, at, :] += block
        h[:, 0, :, 0] += np.diag(q) - np.outer(q, q)
        values, vectors = np.linalg.eigh(hessian)
        along = vectors.T @ gradient.ravel()
        strong = np.abs(values)
        move = np.where(strong > 1e-14, along / np.maximum(strong, 1e-14), 0.0)
        decrement = float(along @ move)
        if not decrement > 1e-22:
            break
        step = -(vectors @ move).reshape(count, 1 + size)
        step *= min(1.0, 2.0 / np.abs(step).max())
        length = 1.0
        while length > 1e-6:
            a = alpha + length * step[:, 0]
            a -= a.max()
            a -= math.log(np.exp(a).sum())
            e = eta + length * step[:, 1:]
            for lo, hi in spans:
                peak = e[:, lo:hi].max(axis=1, keepdims=True)
                e[:, lo:hi] -= peak + np.log(np.exp(e[:, lo:hi] - peak).sum(axis=1, keepdims=True))
            np.maximum(e, -690.0, out=e)
            trial = np.asarray(tables.full @ e.T)
            s = trial + a
            top = s.max(axis=1)
            reached = -float(p @ (top + np.log(np.exp(s - top[:, None]).sum(axis=1))))
            if reached <= value - 1e-4 * length * decrement + 2e-16 * (1 + abs(value)):
                break
            length *= 0.4
        else:
            break
        alpha, eta, logs, value = a, e, trial, reached
    primal.q, primal.codes, primal.logs = np.exp(alpha), np.exp(eta), logs


def _tidy(tables: Tables, primal: _Primal) -> None:
    """Merge codes that have run together and drop those without weight, unless that costs more than rounding."""
    order = np.argsort(-primal.q)
    kept: list[int] = []
    target = np.zeros(len(order), dtype=int)
    for z in order:
        for place, other in enumerate(kept):
            if np.abs(primal.codes[z] - primal.codes[other]).max() < 1e-5:
                target[z] = place
                break
        else:
            target[z] = len(kept)
            kept.append(z)
    if len(kept) == len(order):
        return
    q = np.bincount(target, weights=primal.q)
    codes = np.zeros((len(kept), primal.codes.shape[1]))
    np.add.at(codes, target, primal.q[:, None] * primal.codes)
    merged = _Primal(q, codes / q[:, None])
    merged.logs = tables.log_terms(merged.codes)
    _polish(tables, merged, 10)
    if _value(tables, merged) <= _value(tables, primal) + 1e-15:
        primal.q, primal.codes, primal.logs = merged.q, merged.codes, merged.logs


def _value(tables: Tables, primal: _Primal) -> float:
    s = primal.logs + np.log(np.maximum(primal.q, FLOOR))
    top = s.max(axis=1)
    return -float(tables.p @ (top + np.log(np.exp(s - top[:, None]).sum(axis=1))))


def _seeds(tables: Tables) -> Array:
    """Points to climb from: a fine grid for one binary block, else letters and their mixtures."""
    rng = np.random.default_rng(0)
    count = len(tables.p)
    if len(tables.rows) == 1 and tables.jstart[-1] == 2 and len(tables.roots[0]) == 2:
        u = (0.5 - 0.5 * np.cos(np.pi * np.arange(65) / 64))[:, None]
        return u * tables.roots[0][0] + (1 - u) * tables.roots[0][1]
    picked = np.unique(np.linspace(0, count - 1, min(count, 20)).astype(int))
    r = [np.eye(count)[picked]]
    r += [0.5 * (np.eye(count)[i] + np.eye(count)[picked]) for i in picked[: min(len(picked), 8)]]
    sparse = rng.dirichlet(np.full(count, 0.2), size=40) if count < 500 else np.eye(count)[rng.integers(count, size=40)]
    return tables.image(np.vstack([*r, sparse]).T)


def _ascend(tables: Tables, primal: _Primal, lam: Array, seeds: Array, threshold: float, steps: int) -> int:
    """Climb G by t <- image of the posterior (it never falls); add the ends above the threshold that are apart."""
    t = seeds
    for _ in range(steps):
        height, r, _ = tables.gradient(lam, t)
        t = tables.image(r)
    height, r, _ = tables.gradient(lam, t)
    chosen: list[int] = []
    for i in np.argsort(-height):
        if height[i] <= threshold or len(chosen) >= 12:
            break
        if all(np.abs(t[i] - t[j]).max() > 1e-3 for j in chosen):
            chosen.append(int(i))
    if chosen:
        _add(tables, primal, r[:, chosen])
    return len(chosen)
