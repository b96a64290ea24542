"""One run at a time: an advisory lock (flock) on a file, held while its handle is open.

It ends with the process, however that ends, and is not kept alive by workers that the process has forked. Where there
is no flock (Windows, some network file systems) nothing is locked, for a lock made of a file's existence would outlive
a killed process: there it is up to the user.

Errors: ValueError, in the caller's words, where another run holds the lock.
"""

from __future__ import annotations

import io
import os
from weakref import WeakSet

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from therml_exact.files import Path

_held: WeakSet[io.FileIO] = WeakSet()


def hold(path: Path, busy: str) -> io.FileIO:
    """A handle that holds the file's lock until it is closed; the file is made if there is none."""
    handle = io.FileIO(os.fspath(path), "a")
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise ValueError(busy) from None
    except OSError:  # a file system without locks
        pass
    _held.add(handle)
    return handle


def _forget() -> None:
    """In a forked worker: its copies of the handles would keep the locks of a process that has been killed."""
    for handle in list(_held):
        handle.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
