"""How a ratio is measured: the two calls alternate in one process, and the medians of many are divided.

Short calls are timed in bursts of at least BURST seconds: one call behind a longer one would be charged for the
caches that the other has emptied. A ratio moves far less than a time when the machine is busy or its clock changes.
First calls (compilation, caches) are left out here and reported apart (cold_start.py); so that no kernel is timed while
it is still interpreted, kernels are compiled before (`compiled`).
"""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from therml_exact.kernels.kernel import VARIABLE

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


@contextmanager
def compiled() -> Iterator[None]:
    """Every kernel is compiled at its first call, whatever that costs."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "compiled"
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def alternate(first: Call, second: Call, seconds: float = 3.0, rounds: int = 2001) -> tuple[float, float]:
    """Medians of the two calls' times, taken in turn; at least three rounds of each."""
    times = in_turn(first, second, time.perf_counter, BURST, seconds, 3, rounds)
    return statistics.median(times[0]), statistics.median(times[1])


def in_turn(
    first: Call, second: Call, clock: Callable[[], float], burst: float, seconds: float, least: int, most: int
) -> tuple[list[float], list[float]]:
    """Seconds of a call by this clock, from `least` to `most` rounds while `seconds` last."""
    bursts = [_burst(call, clock, burst) for call in (first, second)]
    times: tuple[list[float], list[float]] = ([], [])
    stop = clock() + seconds
    while len(times[0]) < least or (len(times[0]) < most and clock() < stop):
        for call, count, record in zip((first, second), bursts, times, strict=True):
            start = clock()
            for _ in range(count):
                call()
            record.append((clock() - start) / count)
    return times


def _burst(call: Call, clock: Callable[[], float], seconds: float) -> int:
    """How many calls make a burst; the first call, which may compile, is not counted."""
    call()
    start = clock()
    call()
    return max(1, math.ceil(seconds / max(clock() - start, 1e-7)))


def reaches(number: float, sense: str, target: float) -> bool:
    """Whether a number is at least (>=) or at most (<=) its target."""
    return number >= target if sense == ">=" else number <= target


def judge(
    kernel: str, size: str, against: str, ours: float, other: float | None, ratio: float, sense: str,
    target: float | None, note: str = "",
) -> Row:  # fmt: skip
    """A row whose number is held against its target, if it has one."""
    met = None if target is None else reaches(ratio, sense, target)
    return Row(kernel, size, against, ours, other, ratio, "" if target is None else f"{sense} {target:g}", met, note)


def faster(kernel: str, size: str, against: str, ours: Call, other: Call, at_least: float | None, **kw: Any) -> Row:
    """How many times faster than `other`."""
    mine, theirs = alternate(ours, other, **kw)
    return judge(kernel, size, against, mine, theirs, theirs / mine, ">=", at_least)


def limit(kernel: str, size: str, against: str, ours: Call, other: Call, at_most: float | None, **kw: Any) -> Row:
    """How many times the limit `other`."""
    mine, theirs = alternate(ours, other, **kw)
    return judge(kernel, size, against, mine, theirs, mine / theirs, "<=", at_most)


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
    return {
        "processor": model,
        "avx512": "avx512f" in flags,
        "avx2": "avx2" in flags,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def installed(packages: Iterable[str]) -> dict[str, str | None]:
    """The version of each package, None where it is not installed."""
    found: dict[str, str | None] = dict.fromkeys(packages)
    for name in found:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
