"""One part by itself: `python -m validation.NAME [--full] [--folder F] [--pictures F]` prints its section."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Printed

from therml_exact.cli.terminal import progress_bar
from therml_exact.files import write_text
from validation.section import Part, Section, cell_text


def alone(part: Part) -> None:
    """Compute one section and print it."""

    @click.command(help=(part.__doc__ or "").strip())
    @click.option("--full", is_flag=True, help="The full mode: more worlds, more points.")
    @click.option("--pictures", type=click.Path(path_type=Path), help="Write the pictures into this folder, as SVG.")
    @click.option("--folder", type=click.Path(path_type=Path), help="Keep finished steps here, and go on from them.")
    def main(full: bool, pictures: Path | None, folder: Path | None) -> None:
        console = Console(width=None if Console().is_terminal else 150)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary, progress_bar(Console()) as start:
            section = part(full, folder or Path(temporary), start)
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
    console.print(escape(section.text))
    for table in section.tables:
        printed = Printed(title=escape(table.title), caption=escape(table.note))
        for heading in table.columns:
            printed.add_column(escape(heading), overflow="fold")
        for row in table.rows:
            printed.add_row(*(escape(cell_text(cell)) for cell in row))
        console.print(printed)
    for claim in section.claims:
        console.print(escape(f"{claim.verdict}: {claim.where}: {claim.says}: {claim.evidence} [{claim.threshold}]"))
    for text in section.missing:
        console.print(escape(f"left out: {text}"))
    for text in section.failures:
        console.print(escape(f"FAILED: {text}"), style="bold red")
