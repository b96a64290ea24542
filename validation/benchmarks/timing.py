"""How a ratio is measured: the two calls alternate in one process, and the medians of many are divided.

Short calls are timed in bursts of at least BURST seconds: one call behind a longer one would be charged for the
caches that the other has emptied. A ratio moves far less than a time when the machine is busy or its clock changes.
First calls (compilation, caches) are left out here and reported apart (cold_start.py).
"""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

Call = Callable[[], Any]

BURST = 5e-4


@dataclass(frozen=True)
class Row:
    """One ratio: the other's time over ours where the target is a least speed, ours over the other's for a limit."""

    kernel: str
    size: str
    against: str
    seconds: float
    other_seconds: float | None
    ratio: float | None
    target: str
    met: bool | None
    note: str = ""


def alternate(first: Call, second: Call, seconds: float = 3.0, rounds: int = 2001) -> tuple[float, float]:
    """Medians of the two calls' times, taken in turn; at least three rounds of each."""
    bursts = [_burst(call) for call in (first, second)]
    times: tuple[list[float], list[float]] = ([], [])
    stop = time.perf_counter() + seconds
    while len(times[0]) < 3 or (len(times[0]) < rounds and time.perf_counter() < stop):
        for call, burst, record in zip((first, second), bursts, times, strict=True):
            start = time.perf_counter()
            for _ in range(burst):
                call()
            record.append((time.perf_counter() - start) / burst)
    return statistics.median(times[0]), statistics.median(times[1])


def _burst(call: Call) -> int:
    """How many calls make a burst; the first call, which may compile, is not counted."""
    call()
    start = time.perf_counter()
    call()
    return max(1, math.ceil(BURST / max(time.perf_counter() - start, 1e-9)))


def faster(kernel: str, size: str, against: str, ours: Call, other: Call, at_least: float | None, **kw: Any) -> Row:
    """How many times faster than `other`."""
    mine, theirs = alternate(ours, other, **kw)
    ratio = theirs / mine
    target = "" if at_least is None else f">= {at_least:g}"
    return Row(kernel, size, against, mine, theirs, ratio, target, None if at_least is None else ratio >= at_least)


def limit(kernel: str, size: str, against: str, ours: Call, other: Call, at_most: float | None, **kw: Any) -> Row:
    """How many times the limit `other`."""
    mine, theirs = alternate(ours, other, **kw)
    ratio = mine / theirs
    target = "" if at_most is None else f"<= {at_most:g}"
    return Row(kernel, size, against, mine, theirs, ratio, target, None if at_most is None else ratio <= at_most)


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    flags: set[str] = set()
    cpu = Path("/proc/cpuinfo")
    model = platform.processor()
    if cpu.exists():
        for line in cpu.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "flags":
                flags = set(value.split())
            elif name.strip() == "model name":
                model = value.strip()
    packages = ("numpy", "numba", "scipy", "dit", "embo")
    return {
        "processor": model,
        "avx512": "avx512f" in flags,
        "avx2": "avx2" in flags,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
