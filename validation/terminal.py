"""A section of the report in the terminal: its tables by rich, its pictures as files."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from validation.section import Part


def show(section: Part, says: str) -> None:
    """Run one section alone."""
    parser = argparse.ArgumentParser(description=says)
    parser.add_argument("--full", action="store_true", help="the full mode")
    parser.add_argument("--pictures", type=Path, default=None, help="write the pictures into this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:

        def start(what: str, total: int | None) -> Callable[[], None]:
            task = progress.add_task(what, total=total)
            return lambda: progress.advance(task)

        found = section(arguments.full, Path(folder), start)
    console = Console(width=170)
    console.print(f"{found.title}\n\n{found.text}\n", markup=False, highlight=False)
    for content in found.tables:
        table = Table(title=escape(content.title), caption=escape(content.note))
        for heading in content.columns:
            table.add_column(escape(heading), overflow="fold")
        for row in content.rows:
            table.add_row(*(f"{v:.4g}" if isinstance(v, float) else "" if v is None else escape(str(v)) for v in row))
        console.print(table)
    for claim in found.claims:
        console.print(f"{claim.where}: {claim.says} - {claim.verdict}: {claim.evidence}", markup=False)
    for line in found.missing:
        console.print(f"left out: {line}", markup=False)
    if arguments.pictures is not None:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        for k, drawn in enumerate(found.pictures):
            (arguments.pictures / f"{k}.svg").write_text(drawn.svg)
