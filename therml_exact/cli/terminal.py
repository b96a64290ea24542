"""What the commands share: refusals in one line, the console, a progress bar on standard error, numbers in a unit."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


_WIDE = 150  # columns, where the output is no terminal

unit_option = click.option(
    "--unit",
    type=click.Choice(["nats", "bits"]),
    default="nats",
    show_default=True,
    help="Unit of every printed number.",
)


class Commands(click.Group):
    """A group whose commands refuse bad input with one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what is bad input becomes a usage error."""
        try:
            return super().invoke(ctx)
        except (ValueError, KeyError, OSError, MemoryError) as error:
            text = str(error) if isinstance(error, OSError) or not error.args else str(error.args[0])
            raise click.UsageError(text) from None
        except RuntimeError as error:
            from concurrent.futures import BrokenExecutor

            if isinstance(error, BrokenExecutor):  # the workers are gone; exit code 1, as after an interruption
                raise click.ClickException(str(error)) from None
            raise


def open_console() -> Console:
    """Standard output, wide where it is no terminal."""
    from rich.console import Console

    console = Console()
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(width=_WIDE)


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


def plain(text: str) -> str:
    """Brackets of formulas are no markup."""
    from rich.markup import escape

    return escape(text)


def check_places(*files: str | None, figure: str | None = None) -> None:
    """Refuse places that cannot be written to, before anything is computed for them."""
    from therml_exact.files import check_writable

    for place in files:
        if place is not None:
            check_writable(place)
    if figure is not None:
        from therml_exact.figures.style import check_figure

        check_figure(figure)


def say_written(console: Console, *places: object) -> None:
    """Name the files that are there now."""
    console.print(f"wrote {' and '.join(map(str, places))}", markup=False, highlight=False, soft_wrap=True)
