"""One part by itself: `python -m validation.NAME [--full] [--pictures FOLDER]` prints its tables and verdicts."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Printed

from therml_exact.cli.terminal import plain, progress_bar
from therml_exact.files import write_text
from validation.section import Cell, Part, Section


def alone(part: Part) -> None:
    """Compute one section and print it."""

    @click.command(help=(part.__doc__ or "").strip())
    @click.option("--full", is_flag=True, help="The full mode: more worlds, more points.")
    @click.option("--pictures", type=click.Path(path_type=Path), help="Write the pictures into this folder, as SVG.")
    def main(full: bool, pictures: Path | None) -> None:
        console = Console(width=None if Console().is_terminal else 150)
        with tempfile.TemporaryDirectory() as folder, progress_bar(Console()) as start:
            section = part(full, Path(folder), start)
        show(section, console)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            for drawn in section.pictures:
                write_text(drawn.svg, pictures / f"{re.sub(r'[^a-z0-9]+', '_', drawn.title.lower())}.svg")
        raise SystemExit(bool(section.failures))

    main()


def show(section: Section, console: Console) -> None:
    """The section as text."""
    console.rule(section.title)
    console.print(plain(section.text))
    for table in section.tables:
        printed = Printed(title=plain(table.title), caption=plain(table.note))
        for heading in table.columns:
            printed.add_column(plain(heading), overflow="fold")
        for row in table.rows:
            printed.add_row(*(plain(cell_text(cell)) for cell in row))
        console.print(printed)
    for claim in section.claims:
        console.print(plain(f"{claim.verdict}: {claim.where}: {claim.says}: {claim.evidence}"))
    for text in section.missing:
        console.print(plain(f"left out: {text}"))
    for text in section.failures:
        console.print(plain(f"FAILED: {text}"), style="bold red")


def cell_text(cell: Cell) -> str:
    """A cell as people read it: whole numbers with their thousands apart, others to five digits."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.5g}" if isinstance(cell, float) else cell
