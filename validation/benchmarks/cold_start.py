"""What starting costs: imports and help against their limits; first calls, compiling and from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from validation.benchmarks.timing import Row, limit

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


START_UP = (
    ("import therml_exact", "import numpy", ["-c", "import therml_exact"], ["-c", "import numpy"], 1.3),
    ("therml --help", "import click", ["-m", "therml_exact.cli", "--help"], ["-c", "import click"], 2.0),
)


def rows(short: bool = False) -> Iterator[Row]:
    for kernel, against, ours, other, at_most in START_UP:
        yield limit(
            kernel,
            "a process",
            against,
            lambda o=ours: _run(o),
            lambda o=other: _run(o),
            at_most,
            rounds=5 if short else 21,
        )
    for name, call in CALLS.items():
        if short:
            return
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


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)


def _seconds(call: str, cache: str) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    program = PROGRAM.format(call=call)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)
