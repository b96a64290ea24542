"""CPU time of two calls in turn: seconds of the process, all threads, whatever else the machine does.

The first call of each (compilation, caches) is not counted. Calls alternate in bursts until the budget is used, at
least twice each, and the least times are compared: what other threads and processes do only adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]
BURST = 2e-3


def alternate(ours: Call, theirs: Call, budget: float = 0.4, rounds: int = 25) -> tuple[float, float]:
    """Least times in milliseconds."""
    bursts = [_burst(call) for call in (ours, theirs)]
    times: tuple[list[float], list[float]] = ([], [])
    stop = time.process_time() + budget
    while len(times[0]) < 2 or (len(times[0]) < rounds and time.process_time() < stop):
        for call, burst, found in zip((ours, theirs), bursts, times, strict=True):
            start = time.process_time()
            for _ in range(burst):
                call()
            found.append(1e3 * (time.process_time() - start) / burst)
    return min(times[0]), min(times[1])


def _burst(call: Call) -> int:
    """How many calls make a burst, by the second call."""
    call()
    start = time.process_time()
    call()
    return max(1, round(BURST / max(time.process_time() - start, 1e-7)))
