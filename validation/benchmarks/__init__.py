"""Speed as ratios: against what a user would run instead, and against the machine's own limit."""

from __future__ import annotations

from pathlib import Path

from validation.section import Section, Start, Table
from validation.verdicts import check


@check("benchmarks: a target", "met", "targets are set on what an expert would write, and on measured numbers")
def met(reached: bool | None) -> bool:
    """None: there is no target."""
    return reached is None or reached


def section(full: bool, folder: Path, start: Start) -> Section:
    """Ratios of times, taken alternately in one process; the quick mode takes a short form of each."""
    from validation.benchmarks.__main__ import PARTS
    from validation.benchmarks.timing import compiled

    advance = start("benchmarks", len(PARTS))
    rows, failures = [], []
    for part in PARTS.values():
        with compiled():
            found = list(part.rows(short=not full))
        for row in found:
            rows.append((row.kernel, row.size, row.against, row.seconds, row.ratio, row.target, row.met, row.note))
            told = f"{row.kernel}, {row.size}, against {row.against}: {row.ratio or row.seconds:.3g}, not {row.target}"
            failures += met.failures(told, reached=row.met)
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
                "Targets were set on a machine with AVX-512. A target that is missed is a failure of the report.",
            ),
        ),
        missing=()
        if full
        else ("most sizes, peers and first calls: the full mode, or python -m validation.benchmarks",),
        failures=tuple(failures),
    )
