"""therml warmup: the kernels compiled in advance."""

from __future__ import annotations

import time

import click

from therml_exact.cli.terminal import open_console, progress_bar


@click.command()
def warmup() -> None:
    """Compile all kernels, once for this machine and version.

    Without it each kernel is interpreted until compiling it pays. Control-C ends it at once; what is compiled stays.
    """
    from therml_exact.warmup import STEPS, warm_up

    console = open_console()
    begun = time.monotonic()
    with progress_bar(console) as progress:
        task = progress("kernels", len(STEPS))
        for name in warm_up():
            task()
            if not console.is_terminal:
                console.print(name, highlight=False, markup=False)
    console.print(f"compiled: {time.monotonic() - begun:.0f} s; every later process finds the kernels", highlight=False)
