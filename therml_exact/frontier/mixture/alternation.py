"""Alternating minimisation for many codes: posteriors from codes, codes from posteriors (nats).

    r_zw = q_z prod t_z^a_w / m_w,     q_z <- sum_w p_w r_zw,     t_z <- the mean exponents of z, divided by their sum

L never rises (Blahut and Arimoto; it is the EM step of the mixture). Two steps are extrapolated in log q and log t
where that lowers L further. The steps are products of matrices, so that they are fast for hundreds of letters, where
Newton's method on weights and codes together (primal.py) is not; it has the last word on smaller ones.

No error is raised here.
Source: R. Blahut (1972); S. Arimoto (1972); R. Varadhan and C. Roland, Simple and globally convergent methods for
accelerating the convergence of any EM algorithm (2008).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture.primal import Primal, images

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.tables import Tables

CODES = 400  # the most codes to begin with
LOWEST = -690.0  # of a logarithm
IDLE = 1e-12  # a code with less weight is left out
ALIKE = 1e-7  # codes that differ by no more, in any coordinate, are one
EVERY = 8  # rounds between looks for codes to leave out
CLOSE = 1e-13  # rounds end where they gain no more, relative to |L| + 1

Array = np.ndarray[Any, Any]
Logs = tuple[Array, Array]
"""The logarithms of the weights [z] and of the codes [z, j]."""


def alternate(tables: Tables, deadline: float) -> Primal:
    """Return the measure that alternation from a code at each letter reaches by the deadline, or where it stops."""
    count = len(tables.p)
    picked = np.unique(np.linspace(0, count - 1, min(count, CODES)).astype(int))
    r = np.zeros((count, len(picked)))
    r[picked, np.arange(len(picked))] = 1.0
    here = _logs(tables.p[picked] / tables.p[picked].sum(), images(tables, r))
    before, rounds = math.inf, 0
    while True:
        value, first = _step(tables, here)
        middle, second = _step(tables, first)
        far = _beyond(tables, here, first, second)
        here = far if _step(tables, far)[0] < middle else second
        rounds += 1
        if rounds % EVERY == 0:
            here = _fewer(here)
            if before - value <= CLOSE * (abs(value) + 1):
                break
            before = value
        if now() > deadline:
            break
    q = np.exp(here[0])
    return Primal(q / q.sum(), np.exp(here[1]))


def _logs(q: Array, t: Array) -> Logs:
    """Return the logarithms of weights and codes, at least LOWEST."""
    return tuple(np.maximum(np.log(np.maximum(x, 1e-300)), LOWEST) for x in (q, t))  # type: ignore[return-value]


def _step(tables: Tables, here: Logs) -> tuple[float, Logs]:
    """Return L at weights and codes, and the next ones."""
    x = tables.full @ here[1].T + here[0]
    top = x.max(axis=1, keepdims=True)
    r = np.exp(x - top)
    total = r.sum(axis=1, keepdims=True)
    value = -float(tables.p @ (top + np.log(total))[:, 0])
    r *= tables.p[:, None] / total
    t = r.T @ tables.full
    for lo, hi in zip(tables.ends[:-1], tables.ends[1:], strict=True):
        t[:, lo:hi] /= np.maximum(t[:, lo:hi].sum(axis=1, keepdims=True), 1e-300)
    return value, _logs(r.sum(axis=0), t)


def _beyond(tables: Tables, here: Logs, first: Logs, second: Logs) -> Logs:
    """Return where two steps lead if they go on: squared extrapolation, in the metric of the weights and codes."""
    weights = np.exp(first[0]), np.exp(first[0])[:, None] * np.exp(first[1])
    moves = [b - a for a, b in zip(here, first, strict=True)]
    bends = [c - 2 * b + a for a, b, c in zip(here, first, second, strict=True)]
    length = sum(float((w * v * v).sum()) for w, v in zip(weights, moves, strict=True))
    bend = sum(float((w * v * v).sum()) for w, v in zip(weights, bends, strict=True))
    alpha = max(math.sqrt(length / bend), 1.0) if bend > 0 else 1.0
    q, t = (np.clip(a + 2 * alpha * v + alpha * alpha * u, LOWEST, 1.0)
            for a, v, u in zip(here, moves, bends, strict=True))  # fmt: skip
    q = np.exp(q)
    t = np.exp(t)
    for lo, hi in zip(tables.ends[:-1], tables.ends[1:], strict=True):
        t[:, lo:hi] /= t[:, lo:hi].sum(axis=1, keepdims=True)
    return _logs(q / q.sum(), t)


def _fewer(here: Logs) -> Logs:
    """Return the measure without idle codes, and with one code in place of several that are alike."""
    q, t = np.exp(here[0]), np.exp(here[1])
    order = np.argsort(-q, kind="stable")
    kept: list[int] = []
    for z in order[q[order] > IDLE]:
        distance = np.abs(t[kept] - t[z]).max(axis=1) if kept else np.ones(1)
        if distance.min() > ALIKE:
            kept.append(int(z))
        else:
            q[kept[int(distance.argmin())]] += q[z]
    return _logs(q[kept] / q[kept].sum(), t[kept])
