"""CPU time of two calls in turn: seconds of the process, all threads, whatever else the machine does.

The first call of each (compilation, caches) is not counted. Calls alternate in bursts until the budget is used, at
least twice each, and the least times are compared: what other threads and processes do only adds.
"""

from __future__ import annotations

import time

from validation.benchmarks.timing import Call, in_turn

BURST = 2e-3


def alternate(ours: Call, theirs: Call, budget: float = 0.4, rounds: int = 25) -> tuple[float, float]:
    """Least times in milliseconds."""
    times = in_turn(ours, theirs, time.process_time, BURST, budget, 2, rounds)
    return 1e3 * min(times[0]), 1e3 * min(times[1])
