"""How every two-sided optimum reads: one line, and one table of HTML (nats).

    lower_bound <= min <= value nats, gap ... (certified); R = ..., C = ...

The line says why the search stopped, and what would help, where the gap is open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from therml_exact import show
from therml_exact.frontier.budget import REMEDIES


class Verdict(Protocol):
    """What a verdict on a claimed point says of itself."""

    @property
    def verdict(self) -> str:
        """Impossible, feasible or undecided."""

    @property
    def by(self) -> float:
        """Nats: by how much it is impossible."""

    @property
    def distance(self) -> tuple[float, float]:
        """Bounds of the least rise that makes it achievable, nats."""

    @property
    def claimed(self) -> Mapping[str, float]:
        """The given coordinates, nats."""

    @property
    def suboptimal(self) -> tuple[float, float]:
        """Bounds of how far all coordinates could be lowered, nats."""


class Stopped(Protocol):
    """What a search says of its end."""

    @property
    def status(self) -> str:
        """The word "certified", "open" or "infeasible"."""

    @property
    def reason(self) -> str:
        """Why the search stopped."""


class Answer(Protocol):
    """What is told of an optimum; informations are in nats."""

    @property
    def value(self) -> float:
        """What the witness achieves."""

    @property
    def lower_bound(self) -> float:
        """What no witness goes below."""

    @property
    def gap(self) -> float:
        """The difference of the two."""

    @property
    def status(self) -> str:
        """The word "certified", "open" or "infeasible"."""

    @property
    def reason(self) -> str:
        """Why the search stopped."""

    @property
    def point(self) -> Mapping[str, float]:
        """The functionals of the witness by name."""


def amounts(point: Mapping[str, float]) -> str:
    """The coordinates of a point: R = 0.25, C = 0.5.

    >>> amounts({"R": 0.25, "C": 0.5})
    'R = 0.25, C = 0.5'
    """
    return ", ".join(f"{name} = {value:.6g}" for name, value in point.items())


def told(answer: Stopped) -> str:
    """The status; where it is open also the reason, and what would help."""
    if answer.status != "open":
        return answer.status
    remedy = REMEDIES.get(answer.reason, "")
    return f"open: {answer.reason}" + (f"; {remedy}" if remedy else "")


def line(answer: Answer) -> str:
    """One line: the bounds, the gap, the status, the point."""
    if answer.status == "infeasible":
        return "infeasible: no rule keeps the caps"
    high = f" <= {answer.value:.9g}" if math.isfinite(answer.value) else ""
    point = f"; {amounts(answer.point)}" if answer.point else ""
    return f"{answer.lower_bound:.9g} <= min{high} nats, gap {answer.gap:.2g} ({told(answer)}){point}"


def html(answer: Answer, multipliers: Mapping[str, float]) -> str:
    """A table of two columns."""
    rows = [
        *((name, f"{value:.9g}") for name, value in multipliers.items()),
        ("value", f"{answer.value:.9g} nats"),
        ("lower bound", f"{answer.lower_bound:.9g} nats"),
        ("gap", f"{answer.gap:.2g} nats"),
        ("status", told(answer)),
        *((name, f"{value:.6g} nats") for name, value in answer.point.items()),
    ]
    return show.html_rows([(type(answer).__name__, ""), *rows])


def verdict(found: Verdict) -> str:
    """One line of a verdict on a point: the coordinates, the verdict, by how much (nats)."""
    low, high = found.suboptimal
    texts = {
        "impossible": f"impossible by at least {found.by:.3g} nats",
        "feasible": f"feasible, suboptimal by [{low:.3g}, {high:.3g}] nats",
        "undecided": f"undecided: within [{found.distance[0]:.3g}, {found.distance[1]:.3g}] nats of the frontier",
    }
    return f"{amounts(found.claimed)} (nats): {texts[found.verdict]}"
