"""therml demo: the lessons, reactive notebooks that marimo shows in a browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click


@click.command()
@click.argument("name", required=False)
@click.option("--edit", is_flag=True, help="Copy the lesson to NAME.py in this directory, and open the copy to edit.")
@click.option("--port", type=click.IntRange(1, 65535), help="Serve here.  [default: a free port]")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the address in a browser.")
def demo(name: str | None, edit: bool, port: int | None, browser: bool) -> None:
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
    if port is not None:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise click.UsageError(f"--port {port} cannot be used: {error.strerror}") from None
    import therml_exact.demos

    shipped = Path(therml_exact.demos.__file__).with_name(f"{name}.py")
    sys.exit(serve(_copy(shipped) if edit else shipped, edit, port, browser))


def _copy(shipped: Path) -> Path:
    """The lesson in the current directory, where it may be changed; never over another file."""
    copy = Path.cwd() / shipped.name
    try:
        with copy.open("x", encoding="utf-8") as file:
            file.write(shipped.read_text(encoding="utf-8"))
    except FileExistsError:
        raise click.UsageError(f"{copy.name} exists here; open it with `marimo edit {copy.name}`, or move it") from None
    except OSError as error:
        raise click.UsageError(f"{copy} cannot be written: {error.strerror}; go to another folder") from None
    click.echo(f"copied to {copy}")
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
