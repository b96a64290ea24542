"""All bounds of a binary world, decided: exact for N = 2 (256 cells) and N = 3 (2,048), and in floats.

Seconds depend on the machine and on what else it does, a ratio hardly: the limit is a number of plain loops of
Fractions, timed between the worlds. It is twice what was measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from fractions import Fraction

import therml_exact as tx
from validation.benchmarks.timing import Row, judge

LIMITS = {(2, True): 24.0, (3, True): 44.0, (2, False): 11.0}  # loops


def loop() -> Fraction:
    """What a loop is: 500 sums and products of small Fractions."""
    total = Fraction(0)
    for k in range(500):
        total = total + Fraction(k % 5, 12) * Fraction(k % 7, 11)
    return total


def rows(short: bool = False) -> Iterator[Row]:
    for (n, exact), at_most in LIMITS.items():
        times, loops = [], []
        for seed in range(7 if short else 15):
            tables = tx.random_world(seed, n, exact=exact).tables
            start = time.process_time()
            # The world is made anew: nothing is left from an earlier call.
            report = tx.check_bounds(tx.WorldP(**tables))
            times.append(time.process_time() - start)
            start = time.process_time()
            loop()
            loops.append(time.process_time() - start)
            if report.violated:
                raise RuntimeError(f"a relation is violated: {report.violated[0]}")
        seconds, base = statistics.median(times), statistics.median(loops)
        kind = f"N = {n}, {'exact' if exact else 'float'}"
        ratio = seconds / base
        yield judge("check_bounds", kind, "a loop of 500 Fractions", seconds, base, ratio, "<=", at_most)
