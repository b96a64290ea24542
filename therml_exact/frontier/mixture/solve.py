"""Between the two sides: better codes until the lower bound meets them, or cells or time run out (nats).

No error is raised here: a search that runs out says so by its bound.
Source: B. Lindsay (1983); Y. Wang (2007); mixture.py has the problem.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Reason
from therml_exact.frontier.mixture.dual import coarser, search
from therml_exact.frontier.mixture.ellipsoids import Contacts, contacts
from therml_exact.frontier.mixture.primal import (
    Primal,
    ascend,
    multipliers,
    one_each,
    relax,
    seeds,
    single,
    start,
    witness,
)
from therml_exact.frontier.mixture.tables import SLACK, Tables
from therml_exact.frontier.rounding import ROUNDING

FLAT = 0.5  # of the threshold: what climbs may leave for the cells, which cannot close without a margin
# Rounding of log G in the kernels, relative to |lam| + sum a + |level| + 2. A term exp(x_w), x_w = lam_w + a.log t, has
# sum a |log t| = lam_w - x_w, so that the error of a term that counts is relative to |lam| and the height of log G;
# t itself is off by its last digit, and log G with it by the exponents.
MARGIN = 2e-14

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
    stopped: Reason = "closed"  # what ended the search

    @property
    def gap(self) -> float:
        """Value - lower_bound of the mixture."""
        return self.value - self.lower_bound


def solve(tables: Tables, tol: float, max_cells: int, deadline: float, warm: Solution | None = None) -> Solution:
    """The mixture's optimum within tol if the cells and the time suffice; `warm` is that of a neighbour."""
    # A certificate's value is rounded up: large values leave less of the tolerance. L is about its letters' own terms.
    size = -float(tables.p @ (tables.full * tables.own).sum(axis=1))
    threshold = 0.8 * max(tol - 2 * ROUNDING * (size + 1), 0.1 * tol)
    if "processing" in tables.closed:
        return _closed(tables, single(tables), "processing")
    if tables.apart and (found := _closed(tables, one_each(tables), "supports")).gap <= threshold:
        return found
    primal, above = start(tables), True
    if warm is not None and warm.codes.shape[1] == tables.full.shape[1]:
        primal = Primal(warm.weights.copy(), warm.codes.copy())
        found, above = _prove(tables, primal, threshold, max_cells, deadline, 2)
        if above:
            primal = start(tables)
    if above:
        improve(tables, primal, FLAT * threshold, tol, deadline)
        found, _ = _prove(tables, primal, threshold, max_cells, deadline, 20)
    if found.complete:
        return found
    stopped: Reason = "time" if time.monotonic() > deadline else "cells"
    level, near, tree = coarser(tables, primal, found.lam, threshold, max_cells, deadline)
    return replace(_solution(tables, primal, found.lam, tree, near, level, False), stopped=stopped)


def improve(tables: Tables, primal: Primal, threshold: float, tol: float, deadline: float) -> None:
    """Codes from everywhere, until no climb ends above the threshold."""
    from_here = seeds(tables)
    for _ in range(100):
        relax(tables, primal, deadline)
        lam = multipliers(tables, primal, 0.02 * tol)
        around = np.vstack([from_here, primal.codes[:, : from_here.shape[1]]])
        if time.monotonic() > deadline or not ascend(tables, primal, lam, around, threshold, 15, 60, deadline):
            return


def _prove(tables: Tables, primal: Primal, threshold: float, max_cells: int, deadline: float,
           climbs: int) -> tuple[Solution, bool]:  # fmt: skip
    """What cells prove, after at most `climbs` new codes, each from a point where they saw G above the threshold; and
    whether they still see one.
    """
    for climb in range(climbs + 1):
        relax(tables, primal, deadline)
        if "likelihood" in tables.closed:
            value = -float(tables.p @ (tables.log_p - multipliers(tables, primal)))
            if value - tables.closed_bound("likelihood") <= threshold:
                return _closed(tables, primal, "likelihood"), False
        lam = multipliers(tables, primal, 0.025 * threshold)
        near = contacts(tables, lam, primal.codes, threshold, deadline)
        code, bound, tree, point = search(tables, lam, near, threshold, max_cells, deadline)
        if code != 1 or climb == climbs or time.monotonic() > deadline:
            break
        ascend(tables, primal, lam, point[None, :], -math.inf, 50, 1)
    level = max(bound, float(near.bounds.max(initial=-math.inf))) if code == 0 else math.inf
    return _solution(tables, primal, lam, tree, near, level, code == 0), code == 1


def _closed(tables: Tables, primal: Primal, rule: str) -> Solution:
    """The primal with a lower bound in closed form."""
    bound = tables.closed_bound(rule)
    lam = multipliers(tables, primal)
    near = contacts(tables, lam, primal.codes[:0], 0.0)
    return _solution(tables, primal, lam, np.zeros(0, dtype=np.uint8), near, 0.0, True, (rule, bound))


def _solution(tables: Tables, primal: Primal, lam: Array, tree: Array, near: Contacts, level: float, complete: bool,
              closed: tuple[str, float] | None = None) -> Solution:  # fmt: skip
    posterior, weights, codes, value = witness(tables, primal)
    if closed is None:
        height = abs(level) if math.isfinite(level) else 0.0
        level += MARGIN * (2 + float(np.abs(lam).max()) + tables.heaviest + height)
        terms = tables.p * (lam - tables.log_p)
        bound = math.fsum(terms) - level - SLACK * (float(np.abs(terms).sum()) + abs(level) + 1)
        closed = ("cells", bound)
        if not complete and (simple := tables.closed_bound("supports")) > bound:
            closed, near, tree = ("supports", simple), near.none(), tree[:0]
    rule, bound = closed
    return Solution(weights, codes, posterior, lam, value, bound, tree, near, level, rule, complete)
