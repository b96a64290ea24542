"""Between the two sides: better codes until the lower bound meets them, or cells or time run out (nats).

No error is raised here: a search that runs out says so by its bound.
Source: B. Lindsay (1983); Y. Wang (2007); mixture.py has the problem.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.frontier.closed_form import evaluate
from therml_exact.frontier.contacts import Contacts, contacts
from therml_exact.frontier.dual import coarser, search
from therml_exact.frontier.mixture import Tables
from therml_exact.frontier.primal import Primal, add, ascend, multipliers, polish, seeds, start, tidy, weights

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


def solve(tables: Tables, tol: float, max_cells: int, deadline: float) -> Solution:
    """The mixture's optimum within tol if the cells and the time suffice."""
    threshold = 0.8 * tol
    primal = start(tables)
    if "processing" in tables.closed:
        primal.q, primal.codes, primal.logs = np.ones(1), primal.codes[:0], primal.logs[:, :0]
        add(tables, primal, tables.p[:, None])
        primal.q = np.ones(1)
        return _closed(tables, primal, "processing")
    from_here = seeds(tables)
    tree: Array = np.zeros(0, dtype=np.uint8)
    climbs = 0
    for step in range(40):
        weights(tables, primal)
        # With many codes Newton slows down among near-equal ones; weights on the maxima of G then do the rest.
        if step < 6 or len(primal.q) <= 12:
            polish(tables, primal, 30)
            tidy(tables, primal)
        if "likelihood" in tables.closed and (by_likelihood := _closed(tables, primal, "likelihood")).gap <= threshold:
            return by_likelihood
        lam = multipliers(tables, primal, 0.02 * tol)
        late = time.monotonic() > deadline
        if (
            step < 30
            and not late
            and ascend(
                tables,
                primal,
                lam,
                np.vstack([from_here, primal.codes[:, : from_here.shape[1]]]),
                threshold,
                30 if step < 6 else 100,
            )
        ):
            continue
        near = contacts(tables, lam, primal.codes, threshold)
        code, bound, tree, point = search(tables, lam, near, threshold, max_cells, deadline)
        if code != 1 or late or climbs > 12:
            break
        # A point with G > 1: climb from it, and go on.
        climbs += 1
        ascend(tables, primal, lam, point[None, :], -math.inf, 100)
    complete = code == 0
    if complete:
        level = max(bound, float(near.bounds.max(initial=-math.inf)))
    else:
        level, near, tree = coarser(tables, primal, lam, threshold, max_cells, deadline)
    level += MARGIN * (2 + float(np.abs(lam).max()))
    terms = tables.p * (lam - np.log(tables.p))
    dual = math.fsum(terms) - level - SLACK * (float(np.abs(terms).sum()) + abs(level) + 1)
    return _solution(tables, primal, lam, dual, tree, near, level, "cells", complete)


def _closed(tables: Tables, primal: Primal, rule: str) -> Solution:
    """The primal with a lower bound in closed form."""
    terms = tables.closed[rule]
    bound = evaluate(terms)
    bound -= SLACK * (abs(bound) + sum(abs(float(c) * evaluate([(Fraction(1), r)])) for c, r in terms) + 1)
    lam = multipliers(tables, primal)
    near = contacts(tables, lam, primal.codes[:0], 0.0)
    return _solution(tables, primal, lam, bound, np.zeros(0, dtype=np.uint8), near, 0.0, rule, True)


def _solution(tables: Tables, primal: Primal, lam: Array, dual: float, tree: Array, near: Contacts, level: float,
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
    after = Primal(np.empty(0), np.empty((0, tables.ends[-1])))
    add(tables, after, posterior * tables.p[:, None] / q)
    return Solution(q, after.codes, posterior, lam, value, dual, tree, near, level, rule, complete)
