"""python -m validation.appendix_h [--full] [--folder FOLDER]: trains, and prints the tables and the claims."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from validation.appendix_h import section


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="five samples, eight restarts")
    parser.add_argument("--folder", type=Path, default=None, help="keeps states (to resume) and figures here")
    arguments = parser.parse_args()
    console = Console(width=200)
    with tempfile.TemporaryDirectory() as temporary, Progress(console=Console(stderr=True)) as progress:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)

        def start(what: str, total: int | None) -> Callable[[], None]:
            task = progress.add_task(what, total=total)
            return lambda: progress.advance(task)

        found = section(arguments.full, folder, start)
        for picture in found.pictures if arguments.folder else ():
            (folder / f"{picture.title.split(':')[0].replace(' ', '_')}.svg").write_text(picture.svg)
    for content in found.tables:
        table = Table(title=content.title, caption=content.note)
        for heading in content.columns:
            table.add_column(heading, overflow="fold")
        for row in content.rows:
            table.add_row(*("" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row))
        console.print(table)
    for claim in found.claims:
        console.print(
            f"[bold]{claim.verdict}[/bold] {claim.where}: {claim.says}\n    {claim.evidence}", highlight=False
        )
    for text in found.missing:
        console.print(f"left out: {text}")


if __name__ == "__main__":
    main()
