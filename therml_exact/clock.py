"""The clock of time limits: seconds since some moment, without those in which kernels were compiled or loaded.

A limit is for the search, and compiling happens once on a machine. kernels/kernel.py tells what it took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_stopped = 0.0


def now() -> float:
    """Return the time, in seconds."""
    return time.monotonic() - _stopped


@contextmanager
def stop() -> Iterator[None]:
    """Stop the clock, for all threads."""
    global _stopped  # one number of the process, as the compiler's lock is
    begun = time.monotonic()
    try:
        yield
    finally:
        _stopped += time.monotonic() - begun
