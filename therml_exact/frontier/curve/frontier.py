"""Frontier: what `trace` found, as plain data (nats).

A sheet is the part of the frontier that is seen in one set of coordinates (views.py): the plane of (R + delta D, C) at
one delta, of (S, U), of (V, C), or the space of (R, D, C). Its inner polytope holds the mixtures of the achieved points
and all that lies above them. Its outer polytope is cut out by the lower bounds of the optima, one half-space each. The
true frontier lies between the two, and `gap` is the largest step between them, in the max norm.

Errors: ValueError for a claim that is no point; ImportError for to_dataframe without pandas.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact import show
from therml_exact.files import data_frame, save_result
from therml_exact.frontier.curve.claim import Classification, locate
from therml_exact.frontier.curve.corners import Kink, Segment, kinks, straight_parts
from therml_exact.frontier.curve.half_spaces import Support
from therml_exact.frontier.curve.journal import from_json, to_json
from therml_exact.frontier.curve.polytopes import Facet, facets
from therml_exact.frontier.curve.sandwich import largest_step
from therml_exact.frontier.mixture.critical import Critical, critical
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem, read_problem
from therml_exact.results import result

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from therml_exact.frontier.hard import HardFrontier

Array = np.ndarray[Any, Any]

VERSION = 2  # of the saved file; version 1 also held what follows from the points


@result
@dataclass(frozen=True, eq=False, repr=False)
class Sheet:
    """The optima that are seen in one set of coordinates, in the order of their multipliers.

    names      what the coordinates are called, two or three of them, such as ("R", "C")
    view       weights view[coordinate][functional] >= 0, no unit; the functionals are (R, D, C) or (S, U)
    fixed      the multiplier inside a coordinate, by name, no unit: {"delta": 0.5} for R + 0.5 D; empty where none is
    optima     the optima, each with a value and a lower bound in nats
    adaptive   True where `trace` chose the multipliers, False where the caller gave them

    Everything else (gap, critical, segments, kinks) follows from these; it is computed on request and never stored.
    """

    names: tuple[str, ...]
    view: tuple[tuple[float, ...], ...]
    fixed: dict[str, float]
    optima: tuple[Optimum, ...]
    adaptive: bool = True

    def __repr__(self) -> str:
        return f"<Sheet: {len(self.optima)} points in ({', '.join(self.names)})>"

    def __str__(self) -> str:
        """One line: the number of points, the plane, the critical multiplier, corners and straight parts."""
        return self.line(True)

    def line(self, critical: bool) -> str:
        """The same; the critical multiplier, which may take seconds, only where that is wanted."""
        fixed = ", ".join(f"{name} = {value:g}" for name, value in self.fixed.items())
        told = [f"{len(self.optima)} points in ({', '.join(self.names)})" + (f" at {fixed}" if fixed else "")]
        if critical and self.critical is not None:
            told.append(f"{self.optima[0].problem.multipliers[-1]}_c {self.critical}")
        told += [f"corner for {k.name} in [{k.low:.6g}, {k.high:.6g}]" for k in self.kinks]
        told += [
            "straight at " + ", ".join(f"{n} = {v:.6g}" for n, v in s.multipliers.items() if n != "rho")
            for s in self.segments
        ]
        return "; ".join(told)

    @cached_property
    def supports(self) -> tuple[Support, ...]:
        """The half-space of each optimum."""
        return tuple(Support.of(o) for o in self.optima)

    @cached_property
    def coordinates(self) -> Array:
        """The achieved points in this view, [optimum, coordinate], nats."""
        return np.array([np.array(self.view) @ s.point for s in self.supports])

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """The lower facets of the convex hull of the achieved points."""
        return tuple(facets(self.coordinates))

    @cached_property
    def gap(self) -> float:
        """The largest step between the inner and the outer polytope, nats.

        A sheet that was cut short before each coordinate's own optimum was found is bounded there by 0 alone, below
        which no functional lies.
        """
        view = np.array(self.view)
        known = largest_step(view, self.supports)
        if not self.adaptive or len(self.optima) >= len(view):
            return known
        points = np.array([view @ s.point for s in self.supports])
        return max(known, float(points.min(axis=0).max()))

    @cached_property
    def critical(self) -> Critical | None:
        """The multiplier at which a code that says something first pays for itself, with bounds; no unit.

        It is gamma_c in the planes of C against R or V, and beta_c in the plane of U against S. None where the last
        coordinate is D.
        """
        if self.names[-1] == "D":
            return None
        delta = self.fixed.get("delta", float(self.names[0] == "V"))
        return critical(self.optima[0].problem, delta)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The straight parts of a plane (corners.py); none for a surface."""
        if len(self.names) != 2:
            return ()
        return straight_parts(self.optima[0].problem, np.array(self.view), self.supports)

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The corners of a plane (corners.py); none for a surface, or where the caller gave the multipliers."""
        if len(self.names) != 2 or not self.adaptive:
            return ()
        return kinks(self.optima[0].problem, np.array(self.view), self.names, self.supports)


@result
@dataclass(frozen=True, eq=False, repr=False)
class Frontier:
    """The frontier of an encoder, Bayes or discriminative problem, as `trace` returns it.

    problem   the problem
    sheets    the optima, one sheet for each plane, or one for the space of (R, D, C)
    tol       nats: the gap that was asked for; `complete` says whether it was reached
    volume    whether the plane is (V, C), V = R + D - H(X) (Appendix A)

    `len` and iteration go over the optima of all sheets. `gap` (nats) bounds how far the true frontier can lie from
    the mixtures of the achieved points, in the max norm; `status` is "certified" where every optimum is.

    Source: Alemi and Fischer, TherML (2018), sections 3 and 4, and (22).

    >>> import therml_exact as tx
    >>> f = tx.trace(tx.EncoderProblem(tx.examples.binary_symmetric(0.1)), tol=0.05, progress=False)
    >>> f.gap <= f.tol, len(f) == len(f.points), f.sheets[0].names
    (True, True, ('R', 'C'))
    >>> print(f.classify(R=0.1, C=0.1).verdict)
    impossible
    """

    problem: Problem
    sheets: tuple[Sheet, ...]
    tol: float
    volume: bool = False

    @cached_property
    def constant(self) -> float:
        """H(X) in nats, the constant in V = R + D - H(X)."""
        return self.problem.input_entropy()

    @property
    def points(self) -> tuple[Optimum, ...]:
        """All optima, sheet after sheet."""
        return tuple(o for sheet in self.sheets for o in sheet.optima)

    @property
    def gap(self) -> float:
        """The largest step between the inner and the outer polytope of a sheet, over all sheets, in nats."""
        return max(sheet.gap for sheet in self.sheets)

    @property
    def complete(self) -> bool:
        """Whether the gap is at most `tol`."""
        return self.gap <= self.tol

    @property
    def status(self) -> str:
        """The word "certified" where every optimum is certified, else "open"."""
        return "certified" if all(o.status == "certified" for o in self.points) else "open"

    @property
    def gamma_c(self) -> float | None:
        """The gamma at which a code first pays for itself, of the first sheet, no unit; None where there is none."""
        return self._critical() if "gamma" in self.problem.multipliers else None

    @property
    def beta_c(self) -> float | None:
        """The beta at which a Theta that depends on the data first pays for itself, no unit; None for encoders."""
        return self._critical() if "beta" in self.problem.multipliers else None

    def _critical(self) -> float | None:
        """The critical multiplier of the first sheet."""
        found = self.sheets[0].critical
        return None if found is None else found.value

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The straight parts of all planes; time sharing of their two ends reaches every point of them."""
        return tuple(s for sheet in self.sheets for s in sheet.segments)

    @property
    def kinks(self) -> tuple[Kink, ...]:
        """The corners of all planes: points that are optimal for a whole interval of the multiplier."""
        return tuple(k for sheet in self.sheets for k in sheet.kinks)

    def __iter__(self) -> Iterator[Optimum]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def classify(
        self,
        R: float | None = None,
        C: float | None = None,
        D: float | None = None,
        S: float | None = None,
        U: float | None = None,
        V: float | None = None,
        refine: bool = True,
        time_limit: float = 60.0,
    ) -> Classification:
        """Decide whether some encoder or learning rule has at most the given functionals.

        R, C, D, S, U, V   coordinates in nats; those left out are free; V only for frontiers traced with volume=True
        refine             whether new optima are solved where the known ones do not decide
        time_limit         seconds of the whole call

        Returns a Classification: "impossible", "feasible" or "undecided", with its evidence.
        ValueError: no coordinate is given, one is not finite or foreign to the problem, or V stands beside R or D.
        """
        steps = 60 if refine else 0
        claim = {"R": R, "C": C, "D": D, "S": S, "U": U}
        if V is None:
            return locate(self.problem, claim, self.points, max_steps=steps, time_limit=time_limit)
        if not self.volume:
            raise ValueError("V is a coordinate of frontiers traced with volume=True")
        foreign = [name for name, value in claim.items() if value is not None and name != "C"]
        if foreign:
            raise ValueError(f"V = R + D - H(X) is given: {foreign[0]} cannot stand beside it")
        view = {"V": (1.0, 1.0, 0.0), "C": (0.0, 0.0, 1.0)}
        found = locate(
            self.problem, {"V": V + self.constant, "C": C}, self.points, view, max_steps=steps, time_limit=time_limit
        )
        return replace(found, claimed={"V": V, **{n: v for n, v in found.claimed.items() if n != "V"}})

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary an optimum: multipliers (no unit); functionals, value, lower bound, gap (nats); status."""
        out = []
        for o in self.points:
            point = dict(o.point)
            if self.volume:
                point["V"] = point["R"] + point["D"] - self.constant
            out.append(
                {
                    **o.multipliers,
                    **point,
                    "value": o.value,
                    "lower_bound": o.lower_bound,
                    "gap": o.gap,
                    "status": o.status,
                }
            )
        return out

    def to_dataframe(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame, informations in nats; ImportError without pandas (extra `dataframe`)."""
        return data_frame(self.rows())

    def plot(self, ax: Axes | None = None, unit: str = "nats", hard: HardFrontier | None = None) -> Axes:
        """Draw the frontier: what is achieved, the bounds, and what is proved to be impossible.

        ax      where to draw: axes of Matplotlib, three-dimensional for a frontier in (R, D, C); None: a new figure
        unit    "nats" or "bits"
        hard    hard encoders of the same table, drawn beside it

        Returns the axes. ImportError without matplotlib.
        """
        from therml_exact.figures.frontier import draw_frontier, draw_surface
        from therml_exact.figures.style import shown_axes

        space = len(self.sheets[0].names) == 3
        ax = shown_axes("3d" if space else None) if ax is None else ax
        return draw_surface(self, unit, ax) if space else draw_frontier(self, unit, ax, hard)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the frontier and its certificates as JSON; `tx.load` reads the file and `tx.verify` checks it."""
        sheets = [
            {
                "names": sheet.names,
                "view": sheet.view,
                "fixed": sheet.fixed,
                "adaptive": sheet.adaptive,
                "points": [to_json(o) for o in sheet.optima],
            }
            for sheet in self.sheets
        ]
        content = {"units": "nats", "tol": self.tol, "volume": self.volume, "problem": self.problem.describe()}
        save_result("frontier", {**content, "sheets": sheets}, path, version=VERSION)

    @staticmethod
    def from_json(content: dict[str, Any]) -> Frontier:
        """The frontier from what `save` wrote, less its format and version; nothing is verified here."""
        problem = read_problem(content["problem"])
        sheets = tuple(
            Sheet(
                tuple(sheet["names"]),
                tuple(tuple(float(v) for v in row) for row in sheet["view"]),
                {str(name): float(v) for name, v in sheet["fixed"].items()},
                tuple(from_json(problem, o) for o in sheet["points"]),
                bool(sheet.get("adaptive", True)),
            )
            for sheet in content["sheets"]
        )
        return Frontier(problem, sheets, float(content["tol"]), bool(content["volume"]))

    def summary(self, unit: str = "nats") -> str:
        """One line: the problem, the number of points, how many are open, the gap in the unit, nats or bits."""
        scale = 1 / math.log(2) if unit == "bits" else 1.0
        asked = "complete" if self.complete else f"the tolerance was {self.tol * scale:g}"
        count = f"{len(self.points)} point{'s' * (len(self.points) > 1)}"
        left = sum(o.status == "open" for o in self.points)
        state = f"{left} of them open" if left else "certified"
        within = f"inner and outer within {self.gap * scale:.2g} {unit} ({asked})"
        return f"{type(self.problem).__name__}: {count}, {state}; {within}"

    def __repr__(self) -> str:
        return f"<Frontier of {self.summary()}>"

    def __str__(self) -> str:
        """The summary, then a line for each sheet, whose critical multipliers are computed for it.

        They are left out where points are open, or the gap is more than `tol` though no list of multipliers was given:
        a frontier that time cut short is printed at once.
        """
        given = not any(sheet.adaptive for sheet in self.sheets)
        critical = self.status == "certified" and (given or self.complete)
        return "\n".join([self.summary(), *(f"  {sheet.line(critical)}" for sheet in self.sheets)])

    def _repr_html_(self) -> str:
        rows = self.rows()
        head = [name if name in self.problem.multipliers or name == "status" else f"{name} (nats)" for name in rows[0]]
        body = [[show.number(value) for value in row.values()] for row in rows]
        return show.html_lines(str(self)) + show.html_rows([head, *body])
