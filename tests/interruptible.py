"""Children that a test interrupts: SIGINT reaches them although the tests may run where it is ignored.

A shell lets its background jobs ignore SIGINT, and every child inherits that. So the child's first words give the
signal back its usual meaning; that happens in the child itself, for `preexec_fn` would fork beside threads.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_START = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
_MODULE = """import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def running(code: str) -> list[str]:
    """The command that runs Python source in a child that can be interrupted."""
    return [sys.executable, "-c", _START + code]


def running_module(arguments: Sequence[str]) -> list[str]:
    """The command `python -m arguments...` in a child that can be interrupted."""
    return [sys.executable, "-c", _START + _MODULE, *arguments]


@contextmanager
def child(command: Sequence[str], **settings: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that is gone afterwards, whatever the test found: it must not disturb the next one."""
    with subprocess.Popen(command, **settings) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
