"""Speed as ratios: against what a user would run instead, and against the machine's own limit."""

from __future__ import annotations

from pathlib import Path

from validation.section import Section, Start, Table


def section(full: bool, folder: Path, start: Start) -> Section:
    """Ratios of times, taken alternately in one process; minutes long, so in the full mode only."""
    from validation.benchmarks.__main__ import PARTS

    advance = start("benchmarks", len(PARTS))
    rows = []
    for part in PARTS.values():
        rows += [
            (row.kernel, row.size, row.against, row.seconds, row.ratio, row.target, row.met, row.note)
            for row in part.rows()
        ]
        advance()
    return Section(
        "Speed, as ratios",
        "Each pair of calls alternates in one process on one thread; medians of many. Against a peer or a plain "
        "loop the ratio says how many times faster we are, against a limit how many times slower.",
        (
            Table(
                "Ratios",
                ("what", "size", "against", "ours, s", "ratio", "target", "met", "note"),
                tuple(rows),
                "Targets were set on a machine with AVX-512.",
            ),
        ),
    )
