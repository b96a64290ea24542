"""therml demo: the lessons, reactive notebooks that marimo shows in a browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

from therml_exact.cli import terminal


@click.command()
@click.argument("name", required=False)
@click.option("--edit", is_flag=True, help="Copy the lesson to NAME.py in this directory, and open the copy to edit.")
@click.option("--slides", is_flag=True, help="Show it as slides; the arrow keys turn them.")
@click.option(
    "--export",
    type=click.Path(dir_okay=False),
    metavar="PAGE.html",
    help="Write one file that needs neither Python nor a network, with the picture for each position of the sliders.",
)
@click.option(
    "--states",
    type=click.IntRange(2, 10_000),
    help="--export: for how many combinations of its sliders a panel is drawn, at most.  [default: 100]",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Serve here.  [default: a free port]")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the address in a browser.")
def demo(
    name: str | None, edit: bool, slides: bool, export: str | None, states: int | None, port: int | None, browser: bool
) -> None:
    """Open the lesson NAME in the browser; without NAME, list the lessons.

    The page is served on 127.0.0.1 to whoever has the address with its token, and needs no network. Ctrl-C ends it.
    """
    from therml_exact.demos import LESSONS

    listing = "\n".join(f"  {lesson.name:<18}{lesson.shows}" for lesson in LESSONS)
    if name is None:
        click.echo(f"Lessons (therml demo NAME):\n{listing}")
        return
    if name not in {lesson.name for lesson in LESSONS}:
        raise click.UsageError(f"there is no lesson {name!r}. There are:\n{listing}")
    if find_spec("marimo") is None:
        raise click.UsageError("lessons need marimo: pip install 'therml_exact[demo]'")
    if states is not None and export is None:
        raise click.UsageError("--states belongs to --export PAGE.html")
    if export is not None:
        if edit or slides or port is not None:
            raise click.UsageError("--export writes a file and serves nothing: leave --edit, --slides and --port out")
        write(name, export, states)
        return
    if port is not None:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise click.UsageError(f"--port {port} cannot be used: {error.strerror}") from None
    import therml_exact.demos

    shipped = Path(therml_exact.demos.__file__).with_name(f"{name}.py")
    with tempfile.TemporaryDirectory() as folder:
        file = shipped
        if edit or slides:
            from therml_exact.demos.slides import with_slides

            text = shipped.read_text(encoding="utf-8")
            file = _copy(with_slides(text) if slides else text, (Path.cwd() if edit else Path(folder)) / shipped.name)
        if edit:
            click.echo(f"copied to {file}")
        sys.exit(serve(file, edit, port, browser))


def write(name: str, path: str, states: int | None) -> None:
    """The lesson as one page, with a bar on standard error while it is drawn."""
    if not path.lower().endswith((".html", ".htm")):
        raise click.UsageError(f"{path}: a page is written as .html")
    if find_spec("latex2mathml") is None:
        raise click.UsageError("pages need latex2mathml for their formulas: pip install 'therml_exact[demo]'")
    from therml_exact.demos import export

    with terminal.progress_bar(terminal.open_console()) as start:
        export.write(name, path, export.MOST if states is None else states, lambda total: start(name, total))
    click.echo(f"wrote {path} ({Path(path).stat().st_size / 1e6:.1f} MB)")


def _copy(text: str, copy: Path) -> Path:
    """The lesson where it may be changed; never over another file."""
    try:
        with copy.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{copy.name} exists here; open it with `marimo edit {copy.name}`, or move it") from None
    except OSError as error:
        raise click.UsageError(f"{copy} cannot be written: {error.strerror}; go to another folder") from None
    return copy


def serve(file: Path, edit: bool, port: int | None, browser: bool) -> int:
    """Run marimo's server until it ends or is interrupted; its exit code."""
    command = [sys.executable, "-m", "marimo", "--yes", "edit" if edit else "run", str(file)]
    command += ["--host", "127.0.0.1", "--token", "--no-sandbox"]
    command += [] if port is None else ["--port", str(port)]
    command += [] if browser else ["--headless"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # take the server along
    # A lesson asks nothing of the network, not even whether marimo has a newer version.
    server = subprocess.Popen(command, env=os.environ | {"MARIMO_SKIP_UPDATE_CHECK": "1"})  # noqa: S603
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(10)
            except (KeyboardInterrupt, subprocess.TimeoutExpired):
                server.kill()
                server.wait()
