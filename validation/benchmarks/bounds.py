"""All bounds of a binary world, decided: exact for N = 2 (256 cells) and N = 3 (2,048), and in floats."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import therml_exact as tx
from validation.benchmarks.timing import Row


def rows() -> Iterator[Row]:
    for n, exact, target in ((2, True, 0.3), (3, True, 3.0), (2, False, 0.005)):
        times = []
        for seed in range(15):
            tables = tx.random_world(seed, n, exact=exact).tables
            start = time.perf_counter()
            # The world is made anew: nothing is left from an earlier call.
            report = tx.check_bounds(tx.WorldP(**tables))
            times.append(time.perf_counter() - start)
            assert not report.violated
        seconds = statistics.median(times)
        kind = f"N = {n}, {'exact' if exact else 'float'}"
        yield Row(
            "check_bounds", kind, "a world from its tables", seconds, None, None, f"< {target:g} s", seconds < target
        )
