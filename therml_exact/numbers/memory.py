"""Memory that this process may take, so that what cannot fit is refused before any work (bytes).

Three things limit it: the machine, the control group of a container, and the process's own limits (`ulimit -v`, `-d`).
Of the machine and the container a fifth is left to others. The compiled libraries need address space before the first
number is computed: OpenBLAS, with too little, neither works nor fails but tries for minutes, so `check_libraries`
comes before them.

Errors: MemoryError for too little room for the libraries; sizes of tables are refused by `tables.check_size`.
"""

from __future__ import annotations

import os
from pathlib import Path

LIBRARIES = 720 * 2**20
"""Address space of NumPy, SciPy, numba and python-flint while a frontier compiles; measured 706 MiB, Linux x86-64."""
THREAD = 84 * 2**20
"""Address space of each further thread of OpenBLAS; measured 80 MiB."""
_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def most() -> tuple[int, str]:
    """Bytes that a table may have, and in words what says so."""
    return min((*_shared(), *_own()), default=(2**33, "a machine of 8 GiB"))


def check_libraries() -> None:
    """Refuse to work where the compiled libraries cannot be loaded."""
    threads = _threads()
    needed = LIBRARIES + THREAD * (threads - 1)
    limit = _limit("RLIMIT_AS")
    if limit is not None and limit < needed:
        less = "" if threads == 1 else f"; with OPENBLAS_NUM_THREADS=1 to {LIBRARIES >> 10:,}"
        raise MemoryError(
            f"ulimit -v leaves {limit / 2**20:,.0f} MiB of addresses to this process; NumPy, SciPy and numba need "
            f"about {needed / 2**20:,.0f} MiB with {threads} thread{'s' * (threads > 1)}. "
            f"Raise it to {needed >> 10:,} KiB{less}"
        )


def _shared() -> list[tuple[int, str]]:
    """Four fifths of the machine's memory, and of that of the control group."""
    found = []
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        found.append((memory * 4 // 5, f"this machine's {memory / 2**30:,.1f} GiB"))
    for place in _GROUPS:
        try:
            text = Path(place).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdecimal() and int(text) < 2**60:  # version 1 writes a huge number where there is no limit
            found.append((int(text) * 4 // 5, f"this container's {int(text) / 2**30:,.1f} GiB"))
    return found


def _own() -> list[tuple[int, str]]:
    """What the limits of the process leave to it beside what it has."""
    found = []
    for name, option, column in (("RLIMIT_AS", "-v", 0), ("RLIMIT_DATA", "-d", 5)):
        limit = _limit(name)
        if limit is not None:
            left = max(limit - _taken(column), 0)
            found.append((left, f"the {left / 2**30:,.1f} GiB that ulimit {option} leaves"))
    return found


def _limit(name: str) -> int | None:
    """A limit of this process, bytes; None where there is none."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(getattr(resource, name))[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _taken(column: int) -> int:
    """A column of Linux's account of this process, in bytes; 0 elsewhere."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(pages[column]) * os.sysconf("SC_PAGE_SIZE")


def _threads() -> int:
    """How many threads OpenBLAS starts."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text) > 0:
            return min(int(text), 64)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 64)
