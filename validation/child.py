"""A child process that does not outlive its parent, however that one ends.

The child starts with a thread that waits on its standard input, a pipe that only the parent can write to. The pipe
closes when the parent ends, by SIGKILL too, and the child then kills its own process group: the tests that it runs and
whatever these have started.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_START = """
import os, runpy, signal, sys, threading
def wait():
    os.read(0, 1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
threading.Thread(target=wait, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def command(module: str, *arguments: str) -> list[str]:
    """The command of a child that ends where its standard input does."""
    return [sys.executable, "-c", _START, module, *arguments]


def run_module(arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """`python -m arguments...` in a session of its own; what it wrote, as text."""
    # Not on Windows, where sessions are unknown and the thread ends the child alone.
    started = command(*arguments)
    with subprocess.Popen(
        started,
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=hasattr(os, "setsid"),
    ) as child:
        # communicate() would close the pipe that tells the child that we live.
        held, child.stdin = child.stdin, None
        try:
            out, err = child.communicate()
        finally:
            if held is not None:
                held.close()
        return subprocess.CompletedProcess(started, child.returncode, out, err)
