"""The upper side: a mixing measure of codes, made better until no code would add anything (nats).

Weights by constrained Newton (Wang, 2007), codes by ascent of G from many starts and from every point where branch
and bound sees G > 1, codes and weights together by Newton on their logarithms.

Shapes: weights q[z], codes t[z, j] over all blocks (X's row last, if it takes part), logs[w, z] = log prod t^a.
No error is raised here.
Source: Y. Wang, On fast computation of the non-parametric maximum likelihood estimate of a mixing distribution,
JRSS B 69 (2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import nnls

from therml_exact.frontier.mixture import FLOOR, Tables

RARE = 1e-6  # letters below it get codes of their own in the multipliers

Array = np.ndarray[Any, Any]


@dataclass
class Primal:
    """A mixing measure under improvement."""

    q: Array
    codes: Array
    logs: Array = field(default_factory=lambda: np.empty(0))


def start(tables: Tables) -> Primal:
    """Codes at the letters themselves (at most 64, spread over the list) and at their mean."""
    count = len(tables.p)
    picked = np.unique(np.linspace(0, count - 1, min(count, 64)).astype(int))
    r = np.zeros((count, len(picked)))
    r[picked, np.arange(len(picked))] = 1.0
    primal = Primal(np.empty(0), np.empty((0, tables.ends[-1])))
    add(tables, primal, np.hstack([r, tables.p[:, None]]))
    primal.q = np.append(tables.p[picked], tables.p.max())
    primal.q /= primal.q.sum()
    if len(picked) == count and count > 1:
        primal.q, primal.codes, primal.logs = primal.q[:-1], primal.codes[:-1], primal.logs[:, :-1]
        primal.q /= primal.q.sum()
    return primal


def add(tables: Tables, primal: Primal, r: Array) -> None:
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


def multipliers(tables: Tables, primal: Primal, share: float = 0.0) -> Array:
    """Log p_w/m_w. Where rare letters leave m_w undetermined, a `share` of the mass goes to codes at the letters: it
    costs the bound no more than that, and caps G at what no code explains.
    """
    s = primal.logs + np.log(np.maximum(primal.q, FLOOR))
    if share and tables.p.min() < RARE:
        if tables.rare is None:
            letters = Primal(np.empty(0), np.empty((0, tables.ends[-1])))
            add(tables, letters, np.eye(len(tables.p)))
            tables.rare = np.logaddexp.reduce(letters.logs, axis=1) - math.log(len(tables.p))
        s = np.hstack([s, tables.rare[:, None] + math.log(share)])
    top = s.max(axis=1)
    return np.asarray(np.log(tables.p) - top - np.log(np.exp(s - top[:, None]).sum(axis=1)))


def weights(tables: Tables, primal: Primal) -> None:
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


def polish(tables: Tables, primal: Primal, steps: int) -> None:
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


def tidy(tables: Tables, primal: Primal) -> None:
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
    merged = Primal(q, codes / q[:, None])
    merged.logs = tables.log_terms(merged.codes)
    polish(tables, merged, 10)
    if likelihood(tables, merged) <= likelihood(tables, primal) + 1e-15:
        primal.q, primal.codes, primal.logs = merged.q, merged.codes, merged.logs


def likelihood(tables: Tables, primal: Primal) -> float:
    """L at the primal's weights and codes."""
    s = primal.logs + np.log(np.maximum(primal.q, FLOOR))
    top = s.max(axis=1)
    return -float(tables.p @ (top + np.log(np.exp(s - top[:, None]).sum(axis=1))))


def seeds(tables: Tables) -> Array:
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


def ascend(tables: Tables, primal: Primal, lam: Array, seeds: Array, threshold: float, steps: int) -> int:
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
        add(tables, primal, r[:, chosen])
    return len(chosen)
