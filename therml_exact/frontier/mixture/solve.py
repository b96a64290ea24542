"""Both sides in turn: better codes until the lower bound meets their value, or cells or time run out (nats).

No error is raised here. A search that runs out still has a valid bound, and says why it stopped.
Source: B. Lindsay (1983); Y. Wang (2007); tables.py has the problem.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Reason
from therml_exact.frontier.mixture import boxes
from therml_exact.frontier.mixture.alternation import alternate
from therml_exact.frontier.mixture.closed_form import evaluate
from therml_exact.frontier.mixture.coarse import SIZES, Grouping, exchanged, merged
from therml_exact.frontier.mixture.dual import End, coarser, search
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
from therml_exact.frontier.problems.chain_rule import chain
from therml_exact.frontier.rounding import ROUNDING

NAMES = {
    "cells": "cells",
    "boxes": "boxes",
    "processing": "data processing",
    "likelihood": "the likelihood of the true model",
    "supports": "disjoint supports",
    "contraction": "contraction",
}
FLAT = 0.5  # climbs stop at this share of the threshold; the rest is a margin, without which cells cannot close
# MARGIN bounds the rounding of log G in the kernels, relative to |lam| + sum a + |level| + 2. A term exp(x_w), where
# x_w = lam_w + a.log t, has sum a |log t| = lam_w - x_w, so that the error of a term that counts is relative to |lam|
# and to the height of log G. The entries of t are off by their last digit, which changes log G by that share of the
# exponents.
MARGIN = 2e-14
# Entries of codes, from which on the search from above begins with alternation: Newton's steps leave codes alone there.
ALTERNATE = 400
PATIENCE = 600.0  # seconds that alternation may take
FINE = 0.2  # share of the time for a search over all letters, where coarse ones are tried after it
TRIAL = 0.25  # share of what is left for each number of coarse letters
CHOICE = 0.5  # share of a trial in which letters are exchanged
COARSE = 0.05  # share of a gap that the searches of the pieces of a bound by coarse letters may leave


Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Solution:
    """Both sides of one mixture's optimum, with what proves the lower one; w are letters, z codes, j coordinates.

    weights        p(z) [z] of the witness
    codes          [z, j]: its codes, X's row last if delta > 0
    posterior      p(z|w) [w, z]
    lam            the dual variables log c_w, [w]
    value          L at the witness or slightly above, in nats
    lower_bound    of L, in nats
    tree           the nodes of the tree in preorder, as `dual.Search` has them; empty without cells and boxes
    contacts       the ellipsoids about codes inside which log G is bounded
    level          the largest bound of log G found, in nats, inf if the cells were not finished
    rule           "cells", "boxes", "coarse", or the closed form (closed_form.py) that gives the lower bound
    complete       whether the tree is finished at the threshold that was asked for
    turns          for boxes the code points of their turns [leaf, j]
    coarse         for "coarse", the pieces of the bound
    stopped        what ended the search
    """

    weights: Array
    codes: Array
    posterior: Array
    lam: Array
    value: float
    lower_bound: float
    tree: Array
    contacts: Contacts
    level: float
    rule: str
    complete: bool
    turns: Array | None = None
    stopped: Reason = "closed"
    coarse: Coarse | None = None

    @property
    def gap(self) -> float:
        """The difference value - lower_bound, in nats."""
        return self.value - self.lower_bound

    @property
    def bound_by(self) -> str:
        """The rule of the lower bound, in words."""
        if self.coarse is None:
            return NAMES[self.rule]
        of, part = self.coarse.of, self.coarse.part
        within = ", ".join(dict.fromkeys(NAMES[s.rule] for s in self.coarse.within))
        return f"{NAMES[part.rule]} over {max(of) + 1} coarse letters of {len(of)}, {within} within them"


class Coarse(NamedTuple):
    """The pieces of a bound by coarse letters Y' (problems/chain_rule.py).

    of        the letter Y' of each letter of Y
    share     the share s of R + delta D that is left with Y'
    part      the solution of the mixture of Y'
    within    the solutions within the letters y' that stand for more than one letter of Y
    left      how much larger the bound would be with the pieces' values instead of their lower bounds, in nats
    """

    of: tuple[int, ...]
    share: Fraction
    part: Solution
    within: tuple[Solution, ...]
    left: float


def solve(tables: Tables, tol: float, max_cells: int | None, deadline: float, warm: Solution | None = None) -> Solution:
    """Return the mixture's optimum, within tol if the cells and the time suffice.

    Where letters are many, the search over all of them has a share FINE of the time, and searches over coarse letters
    have what is left; the largest bound counts.

    tol          the gap that is asked for, in nats
    max_cells    the most nodes of a tree; None: as many as the memory of a tree holds
    deadline     on the monotonic clock, in seconds
    warm         the solution at a neighbouring multiplier, whose codes are the start
    """
    apart = deadline - now()
    if not (boxes.apply(tables) and tables.a.shape[1] > min(SIZES) and apart < math.inf):
        return _solve(tables, tol, max_cells, deadline, warm)
    if warm is None and _many(tables):  # what is found from above counts however little is proved
        primal = alternate(tables, now() + min(0.5 * apart, PATIENCE))
        apart = deadline - now()
    else:
        primal = None
    found = _solve(tables, tol, max_cells, deadline - (1 - FINE) * apart, warm, primal)
    return found if found.complete else _coarsely(tables, found, tol, max_cells, deadline)


def _coarsely(tables: Tables, fine: Solution, tol: float, max_cells: int | None, deadline: float) -> Solution:
    """Return the solution with the largest bound of coarse letters, if that is larger than its own.

    Every number of letters has a TRIAL of the time, from the coarsest on while they help. What is left goes to the
    best, or to the search over all letters once more if no other is better.
    """
    best = fine
    tried: list[tuple[float, Grouping, Solution]] = []
    for of in merged(tables, fine.posterior, now() + 0.5 * (deadline - now())):
        trial = TRIAL * (deadline - now())
        if trial <= 0:
            return best
        until = now() + trial
        grouping = exchanged(tables, fine.posterior, of, now() + CHOICE * trial)
        found = _of_coarse(tables, fine, grouping, max(tol, COARSE * best.gap), max_cells, until)
        best = max(best, found, key=lambda s: s.lower_bound)
        # What the searches have left open may be halved by more time; what the grouping loses stays.
        left = found.coarse.left if found.coarse else 0.0
        tried.append((found.gap - 0.5 * left, grouping, found))
        if left > found.gap - left and best is not found:
            break
    if not tried or now() > deadline:
        return best
    promised, grouping, found = min(tried, key=lambda t: t[0])
    if promised >= best.gap and best.coarse is None:
        found = _solve(tables, tol, max_cells, deadline, fine)
        return found if found.lower_bound >= best.lower_bound else replace(best, stopped=found.stopped)
    found = _of_coarse(tables, fine, grouping, max(tol, 0.1 * COARSE * best.gap), max_cells, deadline, found.coarse)
    return max(best, found, key=lambda s: s.lower_bound)


def _of_coarse(tables: Tables, fine: Solution, grouping: Grouping, tol: float, max_cells: int | None, deadline: float,
               warm: Coarse | None = None) -> Solution:  # fmt: skip
    """Return the solution `fine` with the bound of coarse letters instead of its own; `warm` has their codes."""
    pieces = chain(tables.mixture, grouping.of, grouping.share)
    share, shares = float(grouping.share), [float(v) for v in pieces.shares]
    within: list[Solution] = []
    for k, mixture in enumerate(pieces.within):
        until = now() + 0.5 * (deadline - now()) / (len(shares) - k)
        known = None if warm is None else warm.within[k]
        within.append(_solve(Tables(mixture), 0.5 * tol / (1 - share), max_cells, until, known))
    known = None if warm is None else warm.part
    part = _solve(Tables(pieces.coarse), 0.5 * tol / share, max_cells, deadline, known)
    solved = list(zip((share, *shares), (part, *within), strict=True))
    bounds = [c * s.lower_bound for c, s in solved] + [evaluate(pieces.terms)]
    bound = math.fsum(bounds) - SLACK * (math.fsum(abs(v) for v in bounds) + tables.heaviest + 1)
    left = math.fsum(c * s.gap for c, s in solved)
    coarse = Coarse(grouping.of, grouping.share, part, tuple(within), left)
    return replace(fine, lower_bound=bound, rule="coarse", coarse=coarse, turns=None, tree=fine.tree[:0],
                   contacts=fine.contacts.none(), level=0.0)  # fmt: skip


def _solve(tables: Tables, tol: float, max_cells: int | None, deadline: float,
           warm: Solution | None = None, begun: Primal | None = None) -> Solution:  # fmt: skip
    """Return the optimum that a search over all letters finds, within tol if the cells and the time suffice.

    The arguments are those of `solve`; `begun` is the measure with which the search from above begins, if there is one.
    """
    # A certificate's value is rounded up: large values leave less of the tolerance. L is about its letters' own terms.
    size = -float(tables.p @ (tables.full * tables.own).sum(axis=1))
    threshold = 0.8 * max(tol - 2 * ROUNDING * (size + 1), 0.1 * tol)
    if "processing" in tables.closed:
        return _closed(tables, single(tables), "processing")
    # Where a closed form is exact, all of its gap is what rounding may have done; balls tell (`Optimum.in_balls`).
    exact = threshold + 4 * SLACK * (tables.heaviest + 1)
    if tables.contracts and (found := _closed(tables, single(tables), "contraction")).gap <= exact:
        return found
    if tables.apart and (found := _closed(tables, one_each(tables), "supports")).gap <= exact:
        return found
    above = True
    if warm is not None and warm.codes.shape[1] == tables.full.shape[1]:
        primal = Primal(warm.weights.copy(), warm.codes.copy())
        found, above = _prove(tables, primal, threshold, max_cells, deadline, 2)
    if above:
        primal = _begun(tables, deadline) if begun is None else begun
        improve(tables, primal, FLAT * threshold, tol, deadline)
        found, _ = _prove(tables, primal, threshold, max_cells, deadline, 20)
    if found.complete or boxes.apply(tables):
        return found
    level, near, tree = coarser(tables, primal, found.lam, threshold, max_cells, deadline)
    return replace(_solution(tables, primal, found.lam, tree, near, level, False), stopped=found.stopped)


def _many(tables: Tables) -> bool:
    """Return whether the codes are too many for Newton's steps."""
    return min(len(tables.p), 64) * tables.full.shape[1] > ALTERNATE


def _begun(tables: Tables, deadline: float) -> Primal:
    """Return the measure with which the search from above begins."""
    if not _many(tables):
        return start(tables)
    begun = now()
    return alternate(tables, begun + min(0.5 * (deadline - begun), PATIENCE))


def improve(tables: Tables, primal: Primal, threshold: float, tol: float, deadline: float) -> None:
    """Add codes to the primal from climbs that start everywhere, until none ends above the threshold or time runs out.

    threshold    of log G, in nats
    tol          the gap of the mixture, in nats, of which a share goes to rare letters (`primal.multipliers`)
    """
    from_here = seeds(tables)
    for _ in range(100):
        relax(tables, primal, deadline)
        lam = multipliers(tables, primal, 0.02 * tol)
        around = np.vstack([from_here, primal.codes[:, : from_here.shape[1]]])
        if now() > deadline or not ascend(tables, primal, lam, around, threshold, 15, 60, deadline):
            return


def _prove(tables: Tables, primal: Primal, threshold: float, max_cells: int | None, deadline: float,
           climbs: int) -> tuple[Solution, bool]:  # fmt: skip
    """Return what cells prove, and whether they still see a point where log G is above the threshold.

    Such a point is the start of a climb to a new code, after which the cells are tried again, at most `climbs` times.
    """
    for climb in range(climbs + 1):
        relax(tables, primal, deadline)
        if "likelihood" in tables.closed:
            value = -float(tables.p @ (tables.log_p - multipliers(tables, primal)))
            if value - tables.closed_bound("likelihood") <= threshold:
                return _closed(tables, primal, "likelihood"), False
        lam = multipliers(tables, primal, 0.025 * threshold)
        near = contacts(tables, lam, primal.codes, threshold, deadline)
        found = search(tables, lam, near, threshold, max_cells, deadline)
        if found.end is not End.ABOVE or climb == climbs or now() > deadline:
            break
        ascend(tables, primal, lam, found.point[None, :], -math.inf, 50, 1)
    proved = found.end is End.PROVED
    level = max(found.bound, float(near.bounds.max(initial=-math.inf)))
    if not proved and found.turns is None:
        level = math.inf
    solution = _solution(tables, primal, lam, found.tree, near, level, proved, turns=found.turns)
    if not proved:
        why: Reason = "time" if now() > deadline else "memory" if found.memory else "cells"
        solution = replace(solution, stopped=why)
    return solution, found.end is End.ABOVE


def _closed(tables: Tables, primal: Primal, rule: str) -> Solution:
    """Return the primal's solution with the lower bound of a rule in closed form."""
    bound = tables.closed_bound(rule)
    lam = multipliers(tables, primal)
    near = contacts(tables, lam, primal.codes[:0], 0.0)
    return _solution(tables, primal, lam, np.zeros(0, dtype=np.uint8), near, 0.0, True, (rule, bound))


def _solution(tables: Tables, primal: Primal, lam: Array, tree: Array, near: Contacts, level: float, complete: bool,
              closed: tuple[str, float] | None = None, turns: Array | None = None) -> Solution:  # fmt: skip
    """Return the primal's solution with its lower bound, less what rounding may have added to it.

    `closed` is a rule in closed form with its bound; without it the bound is that of the cells, log G <= level. Where
    the cells were not finished and the bound by supports is larger, that one is taken.
    """
    posterior, weights, codes, value = witness(tables, primal)
    if closed is None:
        height = abs(level) if math.isfinite(level) else 0.0
        level += MARGIN * (2 + float(np.abs(lam).max()) + tables.heaviest + height)
        terms = tables.p * (lam - tables.log_p)
        bound = math.fsum(terms) - level - SLACK * (float(np.abs(terms).sum()) + abs(level) + 1)
        closed = ("cells" if turns is None else "boxes", bound)
        if not complete:
            for name in ("supports", *(["contraction"] if tables.contracts else [])):
                if (simple := tables.closed_bound(name)) > closed[1]:
                    closed, near, tree, turns = (name, simple), near.none(), tree[:0], None
    rule, bound = closed
    return Solution(weights, codes, posterior, lam, value, bound, tree, near, level, rule, complete, turns)
