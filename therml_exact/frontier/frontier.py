"""Frontier: what `trace` found, as plain data (nats).

A sheet is the part of the frontier seen in one view (support.py): the plane of (R + delta D, C) at a delta, of
(S, U), of (V, C), or the space of (R, D, C). Its inner polytope are the mixtures of the achieved points, its outer one
the half-spaces of their lower bounds; `gap` is the largest step between them, in the max norm.

Errors: ValueError for a claim that is no point; ImportError for to_dataframe without pandas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.files import save_result
from therml_exact.frontier.certificate import describe, read_problem
from therml_exact.frontier.critical import Critical
from therml_exact.frontier.journal import from_json, to_json
from therml_exact.frontier.locate import Classification, locate
from therml_exact.frontier.optimum import Optimum
from therml_exact.frontier.problems import EncoderProblem, Problem

if TYPE_CHECKING:
    import pandas

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Segment:
    """Points between two optima that are optimal for one multiplier: time sharing reaches all of them."""

    multipliers: dict[str, float]
    start: dict[str, float]
    end: dict[str, float]
    shared: tuple[dict[str, float], ...]  # functionals of time-shared encoders between them


@dataclass(frozen=True)
class Kink:
    """One point that is optimal for the whole interval [low, high] of a multiplier: the slope jumps there."""

    name: str
    low: float
    high: float
    point: dict[str, float]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The optima seen in one view, in the order of their multipliers."""

    names: tuple[str, ...]
    view: tuple[tuple[float, ...], ...]
    fixed: dict[str, float]
    optima: tuple[Optimum, ...]
    gap: float
    critical: Critical | None = None
    segments: tuple[Segment, ...] = ()
    kinks: tuple[Kink, ...] = ()

    @cached_property
    def coordinates(self) -> Array:
        """The achieved points in this view, [optimum, coordinate]."""
        from therml_exact.frontier.support import Support

        return np.array([np.array(self.view) @ Support.of(o).point for o in self.optima])


@dataclass(frozen=True, eq=False)
class Frontier:
    """A certified frontier: `points` are two-sided optima, `gap` the largest step between inner and outer polytope."""

    problem: Problem
    sheets: tuple[Sheet, ...]
    tol: float
    volume: bool = False
    constant: float = field(default=0.0, repr=False)  # H(X), which V = R + D - H(X) needs

    @property
    def points(self) -> tuple[Optimum, ...]:
        """All optima, sheet after sheet."""
        return tuple(o for sheet in self.sheets for o in sheet.optima)

    @property
    def gap(self) -> float:
        """How far the outer polytope of a sheet lies from the inner one, at most."""
        return max(sheet.gap for sheet in self.sheets)

    @property
    def complete(self) -> bool:
        """Whether the gap is within the tolerance."""
        return self.gap <= self.tol

    @property
    def status(self) -> str:
        """Whether it is "certified": all optima are; else "open"."""
        return "certified" if all(o.status == "certified" for o in self.points) else "open"

    @property
    def gamma_c(self) -> float | None:
        """The gamma at which the first code pays, of the first sheet; None where there is none."""
        return self._critical() if isinstance(self.problem, EncoderProblem) else None

    @property
    def beta_c(self) -> float | None:
        """The beta at which the first value of Theta pays; None for encoders."""
        return None if isinstance(self.problem, EncoderProblem) else self._critical()

    def _critical(self) -> float | None:
        found = self.sheets[0].critical
        return None if found is None else found.value

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Straight parts, filled by time sharing."""
        return tuple(s for sheet in self.sheets for s in sheet.segments)

    @property
    def kinks(self) -> tuple[Kink, ...]:
        """Corners."""
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
    ) -> Classification:
        """Is a point impossible, feasible, or undecided? Coordinates that are left out are free.

        With refine, new optima are solved where the known ones do not decide.
        """
        steps = 60 if refine else 0
        claim = {"R": R, "C": C, "D": D, "S": S, "U": U}
        if V is None:
            return locate(self.problem, claim, self.points, max_steps=steps)
        if not self.volume:
            raise ValueError("V is a coordinate of frontiers traced with volume=True")
        foreign = [name for name, value in claim.items() if value is not None and name != "C"]
        if foreign:
            raise ValueError(f"V = R + D - H(X) is given: {foreign[0]} cannot stand beside it")
        view = {"V": (1.0, 1.0, 0.0), "C": (0.0, 0.0, 1.0)}
        found = locate(self.problem, {"V": V + self.constant, "C": C}, self.points, view, max_steps=steps)
        return replace(found, claimed={"V": V, **{n: v for n, v in found.claimed.items() if n != "V"}})

    def rows(self) -> list[dict[str, Any]]:
        """A plain row for each optimum: multipliers, functionals, value, lower bound, gap (nats), status."""
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
        """The rows as a pandas DataFrame (extra `dataframe`), all informations in nats."""
        try:
            import pandas
        except ImportError:
            raise ImportError("to_dataframe needs pandas: pip install 'therml_exact[dataframe]'") from None
        frame = pandas.DataFrame(self.rows())
        frame.attrs["units"] = "nats"
        return frame

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything as JSON, certificates included: `verify` takes the file."""
        sheets = [
            {
                "names": sheet.names,
                "view": sheet.view,
                "fixed": sheet.fixed,
                "gap": sheet.gap,
                "critical": None if sheet.critical is None else vars(sheet.critical),
                "segments": [vars(s) for s in sheet.segments],
                "kinks": [vars(k) for k in sheet.kinks],
                "points": [to_json(o) for o in sheet.optima],
            }
            for sheet in self.sheets
        ]
        content = {
            "units": "nats",
            "tol": self.tol,
            "gap": self.gap,
            "status": self.status,
            "volume": self.volume,
            "constant": self.constant,
        }
        save_result("frontier", {**content, "problem": describe(self.problem), "sheets": sheets}, path)

    @staticmethod
    def from_json(content: dict[str, Any]) -> Frontier:
        """What `save` wrote, without its format and version; nothing is verified here."""
        problem = read_problem(content["problem"])
        sheets = tuple(
            Sheet(
                tuple(sheet["names"]),
                tuple(tuple(float(v) for v in row) for row in sheet["view"]),
                {str(name): float(v) for name, v in sheet["fixed"].items()},
                tuple(from_json(problem, o) for o in sheet["points"]),
                float(sheet["gap"]),
                None if sheet["critical"] is None else Critical(**{n: float(v) for n, v in sheet["critical"].items()}),
                tuple(Segment(s["multipliers"], s["start"], s["end"], tuple(s["shared"])) for s in sheet["segments"]),
                tuple(Kink(k["name"], float(k["low"]), float(k["high"]), k["point"]) for k in sheet["kinks"]),
            )
            for sheet in content["sheets"]
        )
        return Frontier(problem, sheets, float(content["tol"]), bool(content["volume"]), float(content["constant"]))

    def __str__(self) -> str:
        gap = f"{self.gap:.2g} nats ({'complete' if self.complete else f'the tolerance was {self.tol:g}'})"
        lines = [
            f"{type(self.problem).__name__}: {len(self.points)} {self.status} points, inner and outer within {gap}"
        ]
        for sheet in self.sheets:
            fixed = ", ".join(f"{name} = {value:g}" for name, value in sheet.fixed.items())
            told = [f"{len(sheet.optima)} points in ({', '.join(sheet.names)})" + (f" at {fixed}" if fixed else "")]
            if sheet.critical is not None:
                name = "gamma_c" if isinstance(self.problem, EncoderProblem) else "beta_c"
                told.append(f"{name} = {sheet.critical.value:.9g}")
            told += [f"corner for {k.name} in [{k.low:.6g}, {k.high:.6g}]" for k in sheet.kinks]
            told += [
                "straight at " + ", ".join(f"{n} = {v:.6g}" for n, v in s.multipliers.items() if n != "rho")
                for s in sheet.segments
            ]
            lines.append("  " + "; ".join(told))
        return "\n".join(lines)
