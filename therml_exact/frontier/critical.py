"""The critical multiplier: where a code that says something first pays (multipliers; informations in nats).

For one mixture, with the divergences of a posterior r from the prior p (blocks of n_j(r) = sum_w r_w row[w, j]),

    m_c = inf over r of [KL(r||p) - delta KL(r_X||p_X)] / K(r),     K(r) = sum_j n_j(r) log (t_j(r)/t_j(p)),

since Z = constant is optimal at the multiplier m iff KL - delta KL_X - m K >= 0 for all r. As r -> p the ratio tends
to 1/lambda_max (at delta = 0 lambda_max is the squared maximal correlation); that is an upper bound, and so is
the ratio at any r (Dinkelbach's steps go down from it). From below: branch and bound proves Lindsay's condition of the
constant code at a multiplier slightly smaller. In the problem's own units

    encoder, Theta trivial  gamma_c = (1 - delta) m_c;  encoder  gamma_c = m_c;  Bayes  m_c / N;  discriminative  m_c

For the encoder at delta = 1 the numerator is 0 at r = r_X p(theta|x): gamma_c = 0 if I(X;Y) > 0, and the least of the
values of each x if not. Beyond delta = 1 Z = X always pays, and there is no gamma_c: None. inf: nothing ever pays.

Errors: none of its own.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.frontier.contacts import contacts
from therml_exact.frontier.dual import search
from therml_exact.frontier.mixture import FLOOR, Tables
from therml_exact.frontier.primal import seeds
from therml_exact.frontier.problems import EncoderProblem, Mixture, Problem

Array = np.ndarray[Any, Any]

MARGINS = (1e-4, 1e-3, 1e-2, 1e-1)  # how far below the estimate the proof is tried, relative
ZERO = 1e-13  # nats: log G of the constant code, rounding included


@dataclass(frozen=True)
class Critical:
    """The multiplier `value` above which codes pay; below `low` none does, proved by cells in floats (0: no proof)."""

    value: float
    low: float

    def __float__(self) -> float:
        return self.value


def critical(problem: Problem, delta: float = 0.0, time_limit: float = 10.0) -> Critical | None:
    """gamma_c of an encoder problem at a delta, beta_c of the others."""
    deadline = time.monotonic() + time_limit
    one = Fraction(1)
    if not isinstance(problem, EncoderProblem):
        plan = problem.plan(one)
    elif delta > 1:
        return None
    else:
        plan = problem.plan(one, Fraction(delta), one)
        if delta == 1 and _dependent(problem.cells.sum(axis=1)):
            return Critical(0.0, 0.0)
    found = [_mixture(part.mixture, deadline) for part in plan.parts]
    units = [float(part.mixture.multiplier) for part in plan.parts]
    return Critical(
        min(c.value / unit for c, unit in zip(found, units, strict=True)),
        min(c.low / unit for c, unit in zip(found, units, strict=True)),
    )


def _dependent(table: Array) -> bool:
    """Whether X and Y of an exact table are dependent."""
    product = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    return bool((table != product).any())


def _mixture(mixture: Mixture, deadline: float) -> Critical:
    tables = Tables(replace(mixture, multiplier=Fraction(1)))
    value = _nearby(tables)
    if math.isinf(value):  # all letters alike: nothing to tell
        return Critical(math.inf, math.inf)
    start = seeds(tables)
    for _ in range(20):
        value = _descend(tables, value, start)
        low, point = _proved(mixture, value, deadline)
        if point is None:
            return Critical(value, low)
        start = point[None, :]
    return Critical(value, 0.0)


def _nearby(tables: Tables) -> float:
    """The limit of the ratio as r -> p: 1/lambda_max of the covariance of rows against the Hessian of K."""
    rows = np.hstack(tables.rows)
    mean = tables.p @ rows
    centred = rows - mean
    cov = (centred.T * tables.p) @ centred
    if tables.delta:
        masses = np.bincount(tables.group, tables.p)
        means = np.stack([np.bincount(tables.group, tables.p * c) for c in centred.T], axis=1) / masses[:, None]
        cov += tables.delta / (1 - tables.delta) * (means.T * masses) @ means
    hessian = np.zeros_like(cov)
    for lo, hi in zip(tables.jstart[:-1], tables.jstart[1:], strict=True):
        part = mean[lo:hi]
        hessian[lo:hi, lo:hi] = np.diag(1 / part) - 1 / part.sum()
    # The Hessian is positive semidefinite, so its root makes the product symmetric.
    values, vectors = np.linalg.eigh(hessian)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    largest = float(np.linalg.eigvalsh(root @ cov @ root)[-1])
    return 1 / largest if largest > 1e-14 else math.inf


def _descend(tables: Tables, value: float, start: Array) -> float:
    """Dinkelbach: at the multiplier m climb log G of the constant code; the best ratio met is the next m."""
    t = start
    for _ in range(100):  # each round goes on climbing from where the last one ended
        lam = _constant(tables, value)
        # log G's ascent at the multiplier m, on tables made for the multiplier 1.
        scaled = _scaled(tables, value)
        for _ in range(300):
            _, r, _ = scaled.gradient(lam, t)
            t = scaled.image(r)
        _, r, _ = scaled.gradient(lam, t)
        best = min(_ratio(tables, column) for column in r.T)
        if not best < value * (1 - 1e-13):
            break
        value = best
    return value


def _scaled(tables: Tables, multiplier: float) -> Tables:
    out = object.__new__(Tables)
    out.__dict__.update(tables.__dict__)
    out.a = tables.a * multiplier
    out.a_root = tables.a_root * multiplier
    out.multiplier = multiplier
    return out


def _ratio(tables: Tables, r: Array) -> float:
    rows = np.hstack(tables.rows)
    n, n0 = r @ rows, tables.p @ rows
    below = 0.0
    for lo, hi in zip(tables.jstart[:-1], tables.jstart[1:], strict=True):
        part, base = n[lo:hi], n0[lo:hi]
        if part.sum() > 0:
            below += float(part.sum()) * _kl(part / part.sum(), base / base.sum())
    above = _kl(r, tables.p)
    if tables.delta:
        above -= tables.delta * _kl(np.bincount(tables.group, r), np.bincount(tables.group, tables.p))
    # Closer to p both are rounding; the limit is known there.
    return above / below if below > 1e-10 else math.inf


def _kl(p: Array, q: Array) -> float:
    """Sum p log(p/q) - p + q for rows of one sum, each term >= 0."""
    ratio = np.where(p > 0, p, 1.0) / q
    return math.fsum(np.where(p > 0, p * np.log(ratio), 0.0) - p + q)


def _constant(tables: Tables, multiplier: float) -> Array:
    """Log p_w/m_w of the constant code."""
    r = tables.p[:, None]
    t = np.maximum(tables.image(r)[0], FLOOR)
    lam = np.log(tables.p) - multiplier * (np.hstack(tables.rows) @ np.log(t))
    if tables.delta:
        lam -= tables.delta * np.log(np.bincount(tables.group, tables.p))[tables.group]
    return np.asarray(lam)


def _proved(mixture: Mixture, value: float, deadline: float) -> tuple[float, Array | None]:
    """The multiplier below which the constant code is proved optimal, or a point where G > 1 shows that it is not."""
    for margin in MARGINS:
        tables = Tables(replace(mixture, multiplier=Fraction(value * (1 - margin))))
        if "processing" in tables.closed:
            return value * (1 - margin), None
        lam = _constant(tables, tables.multiplier)
        code = tables.image(tables.p[:, None])
        near = contacts(tables, lam, code, ZERO)
        end, _, _, point = search(tables, lam, near, ZERO, 1_000_000, deadline)
        if end == 0:
            return value * (1 - margin), None
        if end == 1 and _ratio(Tables(replace(mixture, multiplier=Fraction(1))), _posterior(tables, lam, point)) < (
            value * (1 - margin / 2)
        ):
            return 0.0, point
    return 0.0, None


def _posterior(tables: Tables, lam: Array, point: Array) -> Array:
    return np.asarray(tables.gradient(lam, point[None, :])[1][:, 0])
