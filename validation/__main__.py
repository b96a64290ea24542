"""All the evidence in one page:  python -m validation [--full] [--out report.html] [--only PART ...]

Runs the parts in two processes, those that measure times last and alone, and writes one self-contained HTML file. The
quick mode takes some minutes, the full one longer. Each finished part is kept in a folder beside the report until the
report is written, so that an interrupted run goes on where it stopped; a change of the code, of a version or of the
mode starts it anew. Exit codes: 0, 1 where a check failed or a part ended with an error, or on an interruption, 2 for
bad arguments.
"""

from __future__ import annotations

import os
import signal
import sys

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # so that times mean the same everywhere; before NumPy starts its threads

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from therml_exact.files import check_writable, write_text
from validation.beside import beside
from validation.page import render
from validation.run import ALONE, PARTS, Journal


@click.command(help=__doc__)
@click.option("--full", is_flag=True, help="All worlds, seeds, sizes and benchmarks.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("therml-report.html"), show_default=True)
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Run this part only; may be repeated.")
@click.option("--fresh", is_flag=True, help="Forget what an interrupted run left.")
def main(full: bool, out: Path, only: tuple[str, ...], fresh: bool) -> None:
    """Run the parts, write the page."""
    try:
        check_writable(out)
        chosen = [name for name in PARTS if name in only or not only]
        journal = Journal.open(out.with_name(out.name + ".parts"), full, chosen, fresh)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # take the tests along that a part has started
    console = Console(stderr=True)
    if journal.sections:
        console.print(f"resuming: {len(journal.sections)} of {len(chosen)} parts are there")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            start = partial(_task, bar)
            with beside(journal, start) as wait:
                for name in chosen:
                    if name not in journal.sections and name not in ALONE and journal.claim(name):
                        journal.compute(name, start)
                wait()
            for name in chosen:  # what the other process has finished, what it could not, and what measures times
                journal.read(name)
                if name not in journal.sections and name not in journal.broken:
                    journal.compute(name, start)
    except KeyboardInterrupt:
        console.print(f"interrupted; {journal.folder} keeps {len(journal.sections)} parts: the same command goes on",
                      markup=False, soft_wrap=True)  # fmt: skip
        sys.exit(1)
    except (OSError, ValueError) as error:  # not of a part: the journal's folder is full, or gone
        console.print(f"cannot go on: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    run = journal.summary()
    page = render(run, {name: journal.sections[name] for name in chosen if name in journal.sections})
    try:
        write_text(page, out)
    except (OSError, ValueError) as error:
        console.print(f"{error}; {journal.folder} keeps the parts", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    journal.remove()
    console.print(f"wrote {out} ({out.stat().st_size / 2**20:.1f} MiB)", markup=False, highlight=False, soft_wrap=True)
    bad = [*run.broken, *(name for name, section in journal.sections.items() if section.failures)]
    if bad:
        console.print(f"failed: {', '.join(bad)}; the report says why")
    sys.exit(bool(bad))


def _task(bar: Progress, what: str, total: int | None) -> Callable[[], None]:
    """A progress bar; where nobody watches, a line."""
    if not bar.console.is_terminal:
        bar.console.print(f"{what} ...", markup=False, highlight=False)
    task = bar.add_task(what, total=total)
    return lambda: bar.advance(task)


if __name__ == "__main__":
    main()
