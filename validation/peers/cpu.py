"""CPU time of two calls in turn: seconds of the process, all threads, and of its children that have ended (embo works
in a pool of processes), whatever else the machine does.

The first call of each (compilation, caches) is not counted. Calls alternate in bursts until the budget is used, at
least twice each, and the least times are compared: what other threads and processes do only adds.
"""

from __future__ import annotations

import time
from types import ModuleType

from validation.benchmarks.timing import Call, in_turn

BURST = 2e-3
resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows: the pool's processes are not counted there
    resource = None


def clock() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    children = 0.0
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        children = used.ru_utime + used.ru_stime
    return time.process_time() + children


def alternate(ours: Call, theirs: Call, budget: float = 0.4, rounds: int = 25) -> tuple[float, float]:
    """Least times in milliseconds."""
    times = in_turn(ours, theirs, clock, BURST, budget, 2, rounds)
    return 1e3 * min(times[0]), 1e3 * min(times[1])
