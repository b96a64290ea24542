"""python -m validation.mutants [--files F ...] [--sample N] [--seed S] [--json FILE]: mutants of the trusted core.

Finished mutants are kept in --journal, so that an interrupted run goes on; a mutant is tried again where its file or
one of its tests has changed. Exit codes: 0, 1 where a target is missed or on an interruption, 2 for bad arguments.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from therml_exact.files import check_writable, write_text
from validation.alone import progress_bar, show
from validation.mutants import SEED, report
from validation.mutants.targets import TARGETS
from validation.mutants.trials import ROOT, Journal, Tree, equivalents, run


@click.command(help=__doc__)
@click.option("--files", multiple=True, help="A file of the core, or the end of its name; may be repeated.")
@click.option("--sample", type=click.IntRange(min=1), help="Try that many, chosen at random; all if left out.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of the choice.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write every outcome here.")
@click.option("--journal", type=click.Path(path_type=Path), default=Path("mutants.jsonl"), show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Workers; as many as there are cores if left out.")
def main(files: tuple[str, ...], sample: int | None, seed: int, out: Path | None, journal: Path,
         jobs: int | None) -> None:  # fmt: skip
    """Try them and print the chapter."""
    chosen = [file for file in TARGETS if not files or any(file.endswith(name) for name in files)]
    for name in files:
        if not any(file.endswith(name) for file in TARGETS):
            raise click.UsageError(f"{name} is no file of the trusted core, which are {', '.join(TARGETS)}")
    try:
        for place in (journal, *([out] if out else [])):
            check_writable(place)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # take the workers along
    console = Console(stderr=True)
    tree = Tree(ROOT, TARGETS)
    wanted = tree.chosen(chosen, sample, seed)
    try:
        with progress_bar(console) as start:
            outcomes = run(tree, wanted, Journal(journal), start("mutants", len(wanted)), jobs)
    except KeyboardInterrupt:
        console.print(f"interrupted; the same command goes on from {journal}", markup=False, soft_wrap=True)
        sys.exit(1)
    except ValueError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    reasons = equivalents()
    if out:
        content = [{**asdict(o), "verdict": report.verdict(o, reasons)} for o in outcomes]
        write_text(json.dumps(content, indent=1), out)
    section = report.section(outcomes, TARGETS, reasons)
    show(section, Console(width=None if Console().is_terminal else 180))
    sys.exit(bool(section.failures))


main()
