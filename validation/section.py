"""A section of the report as plain data: text, tables, pictures, and verdicts on claims of the paper.

A module of this folder that contributes has one function

    section(full, folder, start) -> Section

full: the full mode; the quick one shares five minutes on two cores with all others. folder: an empty folder of its
own, or what an interrupted run left in it. start(what, total) begins a progress bar and returns what advances it.
Numbers in tables are numbers, not text, and the heading names their unit; they are computed by this very call.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Start = Callable[[str, int | None], Callable[[], None]]
Part = Callable[[bool, Path, Start], "Section"]
Cell = str | int | float | bool | None

NOT_RUN = "not run in the quick mode"
MEANINGS = {
    "proved": "A certificate was found and rechecked: it holds for every distribution.",
    "corrected": "True after the correction that is stated.",
    "refuted": "False as printed, by an exact or certified counterexample.",
    "measured": "Borne out by every number of this run, exact or with a stated error. This is said of textbook facts "
    "too, where this run decides instances and makes no certificate for all distributions.",
    "undecided": "The numbers of this run do not bear it out, and do not refute it.",
    "not a claim": "A definition, or a number without a formula: there is nothing that could be false.",
    NOT_RUN: "The quick mode computes nothing for it; --full decides it.",
}
VERDICTS = tuple(MEANINGS)


@dataclass(frozen=True)
class Table:
    """Rows under headings, each heading with its unit; the note says what cannot be guessed."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} cells under {len(self.columns)} headings")


@dataclass(frozen=True)
class Picture:
    """A figure as SVG text, with a caption that says what to see."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Claim:
    """What the paper says (in our words), where, the verdict, and the numbers of this run that it rests on.

    Made by `validation.verdicts.Rule.claim`, which decides the verdict; `rule` is its name, `threshold` its words.
    """

    where: str
    says: str
    verdict: str
    evidence: str
    rule: str = ""
    threshold: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"the verdict on {self.where} is {self.verdict!r}; it is one of {', '.join(VERDICTS)}")


@dataclass(frozen=True)
class Section:
    """A chapter of the report; paragraphs of the text are separated by empty lines."""

    title: str
    text: str
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    claims: tuple[Claim, ...] = ()
    missing: tuple[str, ...] = ()  # what was left out, and why: a peer that is not installed, a mode
    failures: tuple[str, ...] = ()  # what contradicts what we say: the report shows it in red and the run exits with 1

    @staticmethod
    def of(content: Mapping[str, Any]) -> Section:
        """Back from JSON."""
        return Section(
            content["title"],
            content["text"],
            tuple(
                Table(t["title"], tuple(t["columns"]), tuple(map(tuple, t["rows"])), t["note"])
                for t in content["tables"]
            ),
            tuple(Picture(**p) for p in content["pictures"]),
            tuple(Claim(**c) for c in content["claims"]),
            tuple(content["missing"]),
            tuple(content["failures"]),
        )


def picture(title: str, figure: Figure, caption: str) -> Picture:
    """A matplotlib figure as SVG: letters as letters, no date, the same bytes for the same figure."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(title, re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL), caption)


def cell_text(cell: Cell) -> str:
    """A cell as people read it: whole numbers with their thousands apart, others to five digits."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.5g}" if isinstance(cell, float) else cell
