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


def told(answer: Answer) -> str:
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
