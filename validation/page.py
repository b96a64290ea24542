"""The report as one HTML file without any other: style, pictures and tables are inside, nothing is fetched.

The text of sections is escaped; pictures are SVG in data addresses, so that no style leaks from one to another.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validation.section import MEANINGS, VERDICTS, Section, cell_text

PAGE = Path(__file__).with_name("page.html.jinja")
LONG = 30  # rows; a longer table is folded


@dataclass(frozen=True)
class Run:
    """What the reader must know of the run: mode, machine, versions, times, and how often it was resumed."""

    mode: str
    started: str
    seconds: float
    resumed: int
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    parts: Mapping[str, float]  # seconds of each
    broken: Mapping[str, str]  # parts that ended with an error


def render(run: Run, sections: Mapping[str, Section]) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cell"] = cell_text
    environment.filters["number"] = lambda cell: isinstance(cell, (int, float)) and not isinstance(cell, bool)
    environment.filters["paragraphs"] = lambda text: [p for p in text.split("\n\n") if p.strip()]
    environment.filters["image"] = lambda svg: "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    tally = Counter(claim.verdict for section in sections.values() for claim in section.claims)
    failures = {name: section.failures for name, section in sections.items() if section.failures}
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(
        run=run,
        sections=sections,
        tally=[(verdict, tally[verdict]) for verdict in VERDICTS if tally[verdict]],
        failures=failures,
        meanings=MEANINGS,
        missing=[text for section in sections.values() for text in section.missing],
        long=LONG,
    )
