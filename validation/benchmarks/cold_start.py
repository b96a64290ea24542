"""What a first call costs: compiling in an empty cache, and loading in a second process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from validation.benchmarks.timing import Row

CALLS = {
    "tx.entropy": "tx.entropy(j, j.axes)",
    "tx.mutual_information": "tx.mutual_information(j, 'V0', j.axes[1:])",
    "tx.multi_information": "tx.multi_information(j)",
    "tx.entropy_vector": "tx.entropy_vector(j)",
    "tx.deterministic_frontier": "tx.deterministic_frontier(j.marginal('V0', 'V1'), method='branch and bound')",
    "tx.predictive_information": "tx.predictive_information([.5, .5], [[.2, .3, .5], [.3, .3, .4]], None, 200)",
}
PROGRAM = """
import time
import numpy as np
import therml_exact as tx
import numba
j = tx.Joint(np.full((6,) * 5, 6.0**-5), [f"V{{k}}" for k in range(5)])
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""


def rows() -> Iterator[Row]:
    for name, call in CALLS.items():
        with tempfile.TemporaryDirectory() as cache:
            first, second = (_seconds(call, cache) for _ in range(2))
        yield Row(name, "first call", "in an empty cache (compiling)", first, None, None, "", None)
        yield Row(
            name,
            "first call",
            "in a second process (cached)",
            second,
            first,
            first / second,
            "cache hit",
            second < first / 3,
        )


def _seconds(call: str, cache: str) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    program = PROGRAM.format(call=call)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)
