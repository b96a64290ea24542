"""RuleFrontier: certified optima of learning rules for crossed lists of multipliers (nats).

    min over rules of rho R + delta D + gamma C + sigma S,     rho = 1, every (gamma, delta, sigma) of the lists

The set of all (R, C, D, S) is not convex in S, so that no list of multipliers, however fine, finds all of its minimal
points. So there is no inner polytope that could be refined, as for encoders (curve/sheets.py). A list that the caller
leaves out is one of the grids below. `classify` decides by the points found, then by the half-spaces of their lower
bounds, and where neither decides by cells (caps.py).

Errors: TypeError for arguments of trace that learning rules have no use for; ValueError for empty lists, bad
multipliers, and more than max_points optima; ImportError for to_dataframe without pandas.
Source: Alemi and Fischer, TherML (2018), (21), (22).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from therml_exact.files import data_frame, save_result
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.crew import lost
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.rules.caps import ROUNDING, RuleClassification, classify_rule
from therml_exact.frontier.rules.certificate import jump_content
from therml_exact.frontier.rules.jump import Jump
from therml_exact.frontier.rules.optimum import RuleOptimum, compile_cells, minimize_rule
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.results import result

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

TOL = 1e-6  # nats: of an optimum, at most
GAMMAS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
DELTAS = (0.0,)
SIGMAS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
_WEIGHTS = (("R", "rho"), ("C", "gamma"), ("D", "delta"), ("S", "sigma"))


@result
@dataclass(frozen=True, eq=False, repr=False)
class RuleFrontier:
    """The optima of a LearningRuleProblem, as `trace` returns them.

    problem   the problem
    points    the optima, in the order of gamma, then delta, then sigma
    tol       nats: the gap that each optimum was asked for
    jumps     jumps of S, if the caller put them there: they are saved with the points

    `len` and iteration go over the points. `gap` (nats) is the largest of an optimum, `status` is "certified" where
    every optimum is. Unlike a Frontier's, the gap says nothing about the rules between the points.
    Source: Alemi and Fischer, TherML (2018), (21), (22).

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])
    >>> f = tx.trace(p, gammas=[0, 2], sigmas=[0], progress=False)
    >>> [(round(o.point["R"], 4), round(o.point["C"], 4)) for o in f], f.status
    ([(0.0, 0.6931), (0.6931, 0.0)], 'certified')
    >>> f.classify(R=0.1, C=0.1).verdict, f.classify(R=0.7, C=0.1).verdict
    ('impossible', 'feasible')
    """

    problem: LearningRuleProblem
    points: tuple[RuleOptimum, ...]
    tol: float
    jumps: tuple[Jump, ...] = ()

    @property
    def gap(self) -> float:
        """The largest gap of an optimum, nats."""
        return max(o.gap for o in self.points)

    @property
    def status(self) -> str:
        """The word "certified" where every optimum is certified, else "open"."""
        return "certified" if all(o.status == "certified" for o in self.points) else "open"

    def __iter__(self) -> Iterator[RuleOptimum]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __str__(self) -> str:
        spans = (
            f"{name} {min(v):.6g} to {max(v):.6g}" for name in NAMES if (v := [o.point[name] for o in self.points])
        )
        count = f"{len(self)} optim{'um' if len(self) == 1 else 'a'}"
        return f"{count} of learning rules, {self.status}, gap {self.gap:.2g} nats; {', '.join(spans)}"

    def plot(self, ax: Axes | None = None, unit: str = "nats") -> Axes:
        """Draw S of the optima against sigma, with the jumps that are known.

        ax: axes of Matplotlib; None: a new figure. unit: "nats" or "bits". Returns the axes.
        """
        from therml_exact.figures.frontier import draw_learning
        from therml_exact.figures.style import shown_axes

        return draw_learning(self.points, self.jumps, unit, shown_axes() if ax is None else ax)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary an optimum: multipliers (no unit); R, C, D, S, value, lower bound, gap (nats); status."""
        return [
            {**o.multipliers, **o.point, "value": o.value, "lower_bound": o.lower_bound, "gap": o.gap,
             "status": o.status}
            for o in self.points
        ]  # fmt: skip

    def to_dataframe(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame, informations in nats; ImportError without pandas (extra `dataframe`)."""
        return data_frame(self.rows())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows and their certificates as JSON, which `verify` checks; rows claim only what is proved."""
        rows = [
            {**row, "lower_bound": o._proved, "gap": max(o.value - o._proved, 0.0)}
            for row, o in zip(self.rows(), self.points, strict=True)
        ]
        content = {"units": "nats", "rows": rows, "certificates": [o.certificate for o in self.points]}
        if self.jumps:
            content["jumps"] = [jump_content([o.certificate for o in jump.optima]) for jump in self.jumps]
        save_result("rule-frontier", content, path)

    def classify(
        self,
        R: Any = None,
        C: Any = None,
        D: Any = None,
        S: Any = None,
        tol: float = 1e-5,
        max_cells: int = 200_000,
        time_limit: float = 60.0,
    ) -> RuleClassification:
        """Decide whether some rule has at most the given functionals.

        R, C, D, S                 coordinates in nats; those left out are free
        tol, max_cells, time_limit of the search where the points do not decide, as for `classify_rule`

        Returns a RuleClassification. Its evidence for a feasible point is a witness; for an impossible one it is a
        certificate, of an optimum of this frontier or of the excess over the point.
        """
        point = {name: v for name, v in zip(NAMES, (R, C, D, S), strict=True) if v is not None}
        if point and all(math.isfinite(float(v)) for v in point.values()):
            for o in self.points:
                over = max(o.point[name] - float(v) for name, v in point.items())
                if over <= ROUNDING:
                    return RuleClassification("feasible", max(-over, 0.0), {**o.witness, "point": o.point})
            best: tuple[float, RuleOptimum] | None = None
            for o in self.points:
                weights = {name: o.multipliers[m] for name, m in _WEIGHTS if o.multipliers[m] > 0}
                if weights and weights.keys() <= point.keys():
                    claim = sum((Fraction(w) * Fraction(point[name]) for name, w in weights.items()), Fraction(0))
                    by = float((Fraction(o._proved) - claim) / sum(map(Fraction, weights.values())))
                    if by > ROUNDING and (best is None or by > best[0]):
                        best = by, o
            if best is not None:
                return RuleClassification("impossible", best[0], best[1].certificate)
        return classify_rule(self.problem, R, C, D, S, tol, max_cells, time_limit)


def trace_rules(problem: LearningRuleProblem, asked: Request) -> RuleFrontier:
    """The optima for a checked request, each solved to min(tol, 1e-6); lists left out are GAMMAS, DELTAS, SIGMAS."""
    asked.refuse("LearningRuleProblem", ("betas", "checkpoint", "volume"))
    budget = asked.budget.within(TOL)
    lists = []
    for name, given, grid in (("gamma", asked.gammas, GAMMAS), ("delta", asked.deltas, DELTAS),
                              ("sigma", asked.sigmas, SIGMAS)):  # fmt: skip
        values = list(grid if given is None else given)
        if not values:
            raise ValueError(f"{name}s is empty; leave it out for {list(grid)}")
        lists.append(sorted({read_multipliers(problem, {name: v})[name] for v in values}))
    count = math.prod(map(len, lists))
    if count > asked.max_points:
        raise ValueError(f"gammas, deltas and sigmas give {count} optima; max_points is {asked.max_points}")
    wanted = [
        read_multipliers(problem, {"rho": 1, "gamma": gamma, "delta": delta, "sigma": sigma})
        for gamma, delta, sigma in product(*lists)
    ]
    if asked.executor is None:
        compile_cells()
    deadline = asked.starting_now()
    solve = partial(_solve, problem, budget.until(deadline))
    try:
        found = _until(deadline, map(solve, wanted) if asked.executor is None else asked.executor.map(solve, wanted))
    except BrokenExecutor:
        raise lost(None) from None
    return RuleFrontier(problem, found, budget.tol)


def _until(deadline: float, optima: Iterable[RuleOptimum]) -> tuple[RuleOptimum, ...]:
    """The optima that are there when the deadline has passed, at least one."""
    found = []
    for optimum in optima:
        found.append(optimum)
        if time.monotonic() > deadline:
            break
    return tuple(found)


def _solve(problem: LearningRuleProblem, budget: Budget, exact: dict[str, Fraction]) -> RuleOptimum:
    """One optimum, in a worker or here."""
    return minimize_rule(problem, exact, budget)
