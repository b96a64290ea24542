"""What the commands share: refusals in one line, the console, tables of any width, results on standard output.

--json -        the result goes to standard output, and all that is told about it to standard error
narrow windows  a table that does not fit becomes a record a row: no number is ever shortened
numbers         six digits, gaps two, in the unit of --unit; what `verify` proved has ten, rounded outwards
"""

from __future__ import annotations

import errno
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from therml_exact.cli.encodings import speak_plainly, spell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


_WIDE = 150  # columns, where the output is no terminal
_READABLE = 28  # columns that a text of a table has at least, before the table becomes records
_LONGEST_INPUT = 256 * 2**20 + 1  # bytes of standard input; a file of more is refused
STANDARD = "-"

unit_option = click.option(
    "--unit",
    type=click.Choice(["nats", "bits"]),
    default="nats",
    show_default=True,
    help="Unit of every printed number.",
)


def json_option(what: str) -> Callable[[Any], Any]:
    """The option --json, whose place may be - for standard output."""
    return click.option(
        "--json",
        "output",
        type=click.Path(dir_okay=False, allow_dash=True),
        help=f"Write {what} here; - is standard output, and what is told goes to standard error.",
    )


class Commands(click.Group):
    """A group whose commands refuse bad input with one line and exit code 2, and print in any encoding."""

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run the command line; what encodings lack is spelled, and output that fails is told in a line."""
        speak_plainly()
        try:
            return super().main(*arguments, **settings)
        except OSError as error:
            if not _is_of_output(error):
                raise
            told = f"Error: standard output cannot be written: {error.strerror}; files that were asked for are there"
            click.echo(told, err=True)
            nowhere = os.open(os.devnull, os.O_WRONLY)  # Python flushes what is left once more at its end
            os.dup2(nowhere, 1)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what is bad input becomes a usage error."""
        from therml_exact.numbers.memory import check_libraries

        try:
            check_libraries()
            return super().invoke(ctx)
        except UnicodeEncodeError as error:  # a ValueError, and no fault of what was given
            told = f"{error.object[error.start : error.end]!a} cannot be written in {error.encoding}"
            raise click.ClickException(f"{told}; set PYTHONIOENCODING=utf-8, or PYTHONUTF8=1") from None
        except (ValueError, KeyError, OSError, MemoryError) as error:
            if isinstance(error, OSError) and _is_of_output(error):
                raise
            text = str(error) if isinstance(error, OSError) or not error.args else str(error.args[0])
            raise click.UsageError(text) from None
        except RuntimeError as error:
            from concurrent.futures import BrokenExecutor

            if isinstance(error, BrokenExecutor):  # the workers are gone; exit code 1, as after an interruption
                raise click.ClickException(str(error)) from None
            raise


def _is_of_output(error: OSError) -> bool:
    """Whether standard output takes nothing more: a full disk, a closed pipe. Errors of files name their files."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EPIPE)
    return error.filename is None and error.errno in full


def open_console(output: str | None = None) -> Console:
    """Standard output, wide where it is no terminal; standard error where the result itself goes to the former."""
    from rich.console import Console

    console = Console(stderr=output == STANDARD)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(width=_WIDE, stderr=output == STANDARD)


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[str, int | None], Callable[[], None]]]:
    """A progress bar on standard error, so that it never mixes with results."""
    from rich.console import Console as AnyConsole
    from rich.progress import Progress

    with Progress(console=AnyConsole(stderr=True), transient=True, disable=not console.is_terminal) as bar:

        def start(what: str, total: int | None) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        yield start


def in_unit(value: Any, unit: str) -> str:
    """A number of nats, printed in nats or bits."""
    number = float(value)
    return f"{number / math.log(2) if unit == 'bits' else number:.6g}"


def gap_in_unit(value: float, unit: str) -> str:
    """A gap of so many nats, printed with two digits, which are not too small."""
    from decimal import ROUND_CEILING, Context

    number = value / math.log(2) if unit == "bits" else value
    return f"{Context(2, ROUND_CEILING).create_decimal(repr(float(number))).normalize():g}" if number else "0"


def outwards(low: float, high: float | None, unit: str) -> tuple[str, str]:
    """Proved bounds of so many nats with ten digits, the lower one rounded down and the upper one up."""
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

    wide = Context(60)
    scale = Decimal(2).ln(wide) if unit == "bits" else Decimal(1)
    ends = []
    for value, direction in ((low, ROUND_FLOOR), (high, ROUND_CEILING)):
        number = Decimal(0 if value is None else value)
        ends.append(f"{Context(10, direction).plus(wide.divide(number, scale)).normalize():g}")
    return ends[0], ends[1]


def print_table(
    console: Console,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    texts: Sequence[int] = (),
    lead: int = 0,
) -> None:
    """A table as wide as the window, or a record for each row where its numbers would not fit.

    headings   of the columns; they may wrap between words
    rows       the cells: plain texts, or such as have a style
    texts      which columns are texts, set to the left and wrapped where needed; the others are numbers, never wrapped
    lead       how many columns, at the left, need no heading in a record
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    code = console.encoding  # what it lacks is spelled before widths are measured
    title, headings = spell(title, code), [spell(heading, code) for heading in headings]
    cells = [[cell if isinstance(cell, Text) else Text(spell(cell, code)) for cell in row] for row in rows]
    heads = [Text(heading) for heading in headings]
    widths = [max((row[k].cell_len for row in cells), default=0) for k in range(len(heads))]
    words = [max((len(word) for word in heading.split()), default=0) for heading in headings]
    for style, between, narrow in ((box.HEAVY_HEAD, 3, False), (box.HEAVY_HEAD, 3, True), (box.SIMPLE_HEAD, 2, True)):
        least = []
        for k, width in enumerate(widths):
            own = words[k] if narrow else len(headings[k])
            least.append(max(min(width, _READABLE), own) if k in texts else max(width, own))
        spare = console.width - sum(least) - between * len(least) - 1
        if spare < 0:
            continue
        padding = (0, 1) if style is box.HEAVY_HEAD else (0, 1, 0, 0)
        table = Table(title=Text(title), box=style, padding=padding, show_edge=style is box.HEAVY_HEAD)
        for k in sorted(
            range(len(heads)), key=lambda k: k in texts
        ):  # what is spare goes to the numbers' headings first
            more = min(max(widths[k], len(headings[k])) - least[k], spare)
            least[k], spare = least[k] + max(more, 0), spare - max(more, 0)
        for k, head in enumerate(heads):
            justify: Any = "left" if k in texts else "right"
            table.add_column(head, justify=justify, width=least[k], overflow="fold")
        for row in cells:
            table.add_row(*row)
        console.print(table)
        return
    console.print(Text(title), style="italic")
    for row in cells:
        pieces = [
            Text.assemble("" if k < lead else f"{headings[k]} ", cell) for k, cell in enumerate(row) if cell.plain
        ]
        _print_record(console, pieces)


def _print_record(console: Console, pieces: Sequence[Text]) -> None:
    """Pieces one after the other, broken between them, the later lines indented."""
    from rich.padding import Padding
    from rich.text import Text

    line, indent = Text(), 0
    for piece in pieces:
        if line.cell_len and indent + line.cell_len + 2 + piece.cell_len > console.width:
            console.print(Padding(line, (0, 0, 0, indent), expand=False))
            line, indent = Text(), 4
        line = Text.assemble(line, "  ", piece) if line.cell_len else piece
    console.print(Padding(line, (0, 0, 0, indent), expand=False))


def check_places(*files: str | None, figure: str | None = None) -> None:
    """Refuse places that cannot be written to, before anything is computed for them."""
    from therml_exact.files import check_writable

    for place in files:
        if place is not None and place != STANDARD:
            check_writable(place)
    if figure is not None:
        from therml_exact.figures.style import check_figure

        check_figure(figure)


@contextmanager
def written(output: str) -> Iterator[str]:
    """A place to write a result to; what - stands for is a file that is copied to standard output.

    A result is written by the same code to a file and to a pipe, and before anything is told about it: a console
    that fails must not cost what was computed.
    """
    if output != STANDARD:
        yield output
        return
    with TemporaryDirectory() as folder:
        place = Path(folder) / "result.json"
        yield str(place)
        click.echo(place.read_text(encoding="utf-8"), nl=False)


@contextmanager
def input_file(path: str) -> Iterator[str]:
    """The path of what is read; standard input, which - stands for, is copied to a file first."""
    if path != STANDARD:
        yield path
        return
    with TemporaryDirectory() as folder:
        place = Path(folder) / "standard-input.json"
        place.write_bytes(sys.stdin.buffer.read(_LONGEST_INPUT))
        yield str(place)


def say_written(console: Console, *places: object) -> None:
    """Name the files that are there now; None and - are none."""
    files = [str(place) for place in places if place not in (None, STANDARD)]
    if files:
        console.print(f"wrote {' and '.join(files)}", markup=False, highlight=False, soft_wrap=True)
