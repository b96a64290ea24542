"""Peers in environments of their own:  python -m validation.peers.environments

psitip and benchmark-mi cannot share an environment with all extras (benchmark-mi asks for old numpy and jax). For each
a virtual environment is made under peers-env/ with this package and the peer alone. The report finds it there, runs the
comparison in it and reads its tables back, so that every number of the page is computed by its run. An environment that
exists is used again. What pip cannot install is told, and the others go on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "peers-env"
INSIDE = "THERML_PEERS_INSIDE"  # one environment does not ask another
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "psitip": (("--no-deps", "psitip"), (str(ROOT), "ply", "networkx", "jinja2")),
    "benchmark-mi": (("benchmark-mi", "jax<0.4.34"), (str(ROOT), "jinja2")),
}
"""Of each peer, what pip is asked for, call after call."""


def interpreter(folder: Path) -> Path:
    """The environment's Python."""
    return folder / ("Scripts" if os.name == "nt" else "bin") / ("python.exe" if os.name == "nt" else "python")


def make(folder: Path, peer: str) -> str:
    """An environment with this peer; the reason why not, or an empty text."""
    if not interpreter(folder).exists():
        venv.create(folder, with_pip=True)
    for wanted in NEEDS[peer]:
        done = subprocess.run(
            [str(interpreter(folder)), "-m", "pip", "install", "--quiet", *wanted],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return f"pip cannot install {' '.join(wanted)}: {done.stderr.strip()[-300:]}"
    return ""


def computed(peer: str, full: bool, folder: Path) -> Path | None:
    """The file of the peer's tables, computed in its environment into `folder`; None where there is none."""
    python = interpreter(FOLDER / peer)
    if INSIDE in os.environ or not python.exists():
        return None
    command = [str(python), "-m", "validation.peers", "--folder", str(folder.resolve()), *(["--full"] if full else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), INSIDE: "1"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    found = sorted(folder.glob(f"{peer}_*_{'full' if full else 'quick'}.json"))
    return found[-1] if found else None


@click.command(help=__doc__)
def main() -> None:
    """Make them."""
    failed = False
    for peer in NEEDS:
        why = make(FOLDER / peer, peer)
        click.echo(f"{peer}: {why or 'ready'}", err=True)
        failed |= bool(why)
    sys.exit(failed)


if __name__ == "__main__":
    main()
