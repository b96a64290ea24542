"""RuleFrontier: certified optima of learning rules for crossed lists of multipliers (nats).

    min of rho R + delta D + gamma C + sigma S,     rho = 1, every (gamma, delta, sigma) of the lists

over the rules of a LearningRuleProblem, or over the rules and encoders of a JointProblem. The set of all (R, C, D, S)
is not convex in S, so that no list of multipliers, however fine, finds all of its minimal points. So there is no inner
polytope that could be refined, as for encoders (curve/sheets.py). `classify` decides by the points found, then by the
half-spaces of their lower bounds, and where neither decides by cells (caps.py).

A saved file has rows, their certificates, and jumps:

    {"format": "therml-exact/rule-frontier", "units": "nats", "rows": [...], "certificates": [...], "jumps": [...]}

A certificate names its problem and holds the tables of its witness, from which `read` makes the optimum again.

Errors: ValueError for a file without rows, of another kind, or malformed; ImportError for to_dataframe without pandas.
Source: Alemi and Fischer, TherML (2018), (21), (22).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

from therml_exact.files import data_frame, save_result
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning.caps import ROUNDING, RuleClassification, classify_rule
from therml_exact.frontier.learning.jump import Jump
from therml_exact.frontier.learning.slopes import jump_content
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.numbers.given import Number
from therml_exact.numbers.text import read_exact, read_hexadecimal, shown
from therml_exact.results import result

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from therml_exact.frontier.joint.optimum import JointOptimum
    from therml_exact.frontier.rules.optimum import RuleOptimum

PROBLEMS: dict[str, Any] = {kind.kind: kind for kind in (LearningRuleProblem, JointProblem)}
OPTIMA = {
    "learning rule": ("therml_exact.frontier.rules.optimum", "RuleOptimum"),
    "joint": ("therml_exact.frontier.joint.optimum", "JointOptimum"),
}
_WEIGHTS = (("R", "rho"), ("C", "gamma"), ("D", "delta"), ("S", "sigma"))


@result
@dataclass(frozen=True, eq=False, repr=False)
class RuleFrontier:
    """The optima of a LearningRuleProblem or a JointProblem, as `trace` returns them.

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

    problem: LearningRuleProblem | JointProblem
    points: tuple[RuleOptimum | JointOptimum, ...]
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

    def __iter__(self) -> Iterator[RuleOptimum | JointOptimum]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __str__(self) -> str:
        spans = (
            f"{name} {min(v):.6g} to {max(v):.6g}" for name in NAMES if (v := [o.point[name] for o in self.points])
        )
        count = f"{len(self)} optim{'um' if len(self) == 1 else 'a'}"
        free = " and free encoders" if self.problem.kind == "joint" else ""
        return f"{count} of learning rules{free}, {self.status}, gap {self.gap:.2g} nats; {', '.join(spans)}"

    def plot(self, ax: Axes | None = None, unit: str = "nats") -> Axes:
        """Draw S of the optima against sigma, with the jumps that are known.

        ax: axes of Matplotlib; None: a new figure. unit: "nats" or "bits". Returns the axes.
        """
        from therml_exact.figures.frontier import draw_learning
        from therml_exact.figures.style import shown_axes

        return draw_learning(self.points, self.jumps, unit, shown_axes() if ax is None else ax)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary an optimum: multipliers (no unit); R, C, D, S, value, bound, gap (nats); status, reason."""
        return [
            {**{m: o.multipliers[m] for m in ("rho", "gamma", "delta", "sigma")},
             **{name: o.point[name] for name in NAMES},
             "value": o.value, "lower_bound": o.lower_bound, "gap": o.gap, "status": o.status, "reason": o.reason}
            for o in self.points
        ]  # fmt: skip

    def to_dataframe(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame, informations in nats; ImportError without pandas (extra `dataframe`)."""
        return data_frame(self.rows())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows and their certificates as JSON, which `verify` checks and `tx.load` reads.

        A row claims only what its certificate proves, so that its lower bound can be below that of `rows`.
        """
        rows = [
            {**row, "lower_bound": o._proved, "gap": max(o.value - o._proved, 0.0)}
            for row, o in zip(self.rows(), self.points, strict=True)
        ]
        content = {"units": "nats", "rows": rows, "certificates": [o.certificate for o in self.points]}
        if self.jumps:
            content["jumps"] = [jump_content([o.certificate for o in jump.optima]) for jump in self.jumps]
        save_result("rule-frontier", content, path)

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> RuleFrontier:
        """The frontier from what `save` wrote, less its format and version; nothing is verified here.

        The tolerance is the largest of a certificate. A jump's points are those of the optima at its two ends.
        """
        foreign = set(content) - {"units", "rows", "certificates", "jumps"}
        if foreign or content["units"] != "nats":
            raise ValueError(f"the fields are {shown(sorted(content))}; a frontier of learning rules is in nats")
        rows, certificates = content["rows"], content["certificates"]
        if not (type(rows) is list and type(certificates) is list and len(rows) == len(certificates) > 0):
            raise ValueError("rows and certificates are no lists of one length, or are empty")
        kind = certificates[0]["problem"]["kind"]
        if not isinstance(kind, str) or kind not in OPTIMA:
            raise ValueError(f"the kind {shown(kind)} is unknown")
        module, name = OPTIMA[kind]
        made = getattr(import_module(module), name)
        stated = certificates[0]["problem"]
        problem = PROBLEMS[kind].read(stated)

        def optimum(c: Mapping[str, Any], reason: Any) -> Any:
            if c["problem"] != stated:
                raise ValueError("the certificates are about several problems")
            return made.read(problem, c, reason)

        points = tuple(optimum(c, row.get("reason")) for row, c in zip(rows, certificates, strict=True))
        tol = max(read_hexadecimal(c["tol"]) for c in certificates)
        jumps = []
        for jump in content.get("jumps", []):
            low, middle, high = (optimum(c, None) for c in jump["certificates"])
            at = [float(read_exact(c["multipliers"]["sigma"])) for c in jump["certificates"]]
            ends, proved = (low.point, high.point), (float(jump["before"]), float(jump["after"]))
            jumps.append(Jump(at[1], at[0], at[2], *proved, ends, (low, middle, high)))
        return cls(problem, points, tol, tuple(jumps))

    def classify(
        self,
        R: Number | None = None,
        C: Number | None = None,
        D: Number | None = None,
        S: Number | None = None,
        tol: float = 1e-5,
        max_cells: int = 200_000,
        time_limit: float = 60.0,
    ) -> RuleClassification:
        """Decide whether some rule (with free encoders: some rule and encoder) has at most the given functionals.

        R, C, D, S                 coordinates in nats; those left out are free
        tol, max_cells, time_limit of the search where the points do not decide, as for `classify_rule`

        Returns a RuleClassification. Its evidence for a feasible point is a witness; for an impossible one it is a
        certificate, of an optimum of this frontier or of the excess over the point.
        """
        point: dict[str, Any] = {name: v for name, v in zip(NAMES, (R, C, D, S), strict=True) if v is not None}
        if point and all(math.isfinite(float(v)) for v in point.values()):
            claimed = {name: float(v) for name, v in point.items()}
            for o in self.points:
                over = max(o.point[name] - float(v) for name, v in point.items())
                if over <= ROUNDING:
                    least = -min(claimed.values())  # no functional is negative
                    witness = {**o.witness, "point": o.point}
                    return RuleClassification("feasible", 0.0, witness, (min(least, over), over), claimed)
            best: tuple[float, RuleOptimum | JointOptimum] | None = None
            for o in self.points:
                weights = {name: o.multipliers[m] for name, m in _WEIGHTS if o.multipliers[m] > 0}
                if weights and weights.keys() <= point.keys():
                    claim = sum((Fraction(w) * Fraction(point[name]) for name, w in weights.items()), Fraction(0))
                    by = float((Fraction(o._proved) - claim) / sum(map(Fraction, weights.values())))
                    if by > ROUNDING and (best is None or by > best[0]):
                        best = by, o
            if best is not None:
                enough = min(max(o.point[name] - v for name, v in claimed.items()) for o in self.points)
                distance = best[0], max(enough, best[0])
                return RuleClassification("impossible", best[0], best[1].certificate, distance, claimed)
        return classify_rule(self.problem, R, C, D, S, tol, max_cells, time_limit)
