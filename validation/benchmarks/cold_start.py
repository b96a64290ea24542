"""What starting costs: imports and help against their limits; first calls, compiling and from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from validation.benchmarks.timing import Row, limit

TABLE = "p = tx.EncoderProblem(tx.examples.hair_eye().marginal(['Hair', 'Eye']))\n"
LARGE = "j = tx.Joint(np.full((6,) * 5, 6.0**-5), [f'V{k}' for k in range(5)])\n"
RULE = (
    "l = tx.LearningRuleProblem([1], [['1/2', '1/2']], [[['1/4', '3/4'], ['2/3', '1/3']]], 2,"
    " tx.encoders.deterministic(2, 2))\n"
)
CALLS = {
    "tx.entropy": LARGE + "tx.entropy(j, j.axes)",
    "tx.mutual_information": LARGE + "tx.mutual_information(j, 'V0', j.axes[1:])",
    "tx.multi_information": LARGE + "tx.multi_information(j)",
    "tx.entropy_vector": LARGE + "tx.entropy_vector(j)",
    "tx.deterministic_frontier": LARGE + "tx.deterministic_frontier(j.marginal('V0', 'V1'), method='branch and bound')",
    "tx.predictive_information": "tx.predictive_information([.5, .5], [[.2, .3, .5], [.3, .3, .4]], None, 200)",
    "tx.minimize": TABLE + "tx.minimize(p, gamma=8)",
    "tx.trace, tol=1e-3": TABLE + "tx.trace(p, tol=1e-3)",
    "tx.minimize, a learning rule": RULE + "tx.minimize(l, gamma=4, sigma=0.2, tol=1e-6)",
    "tx.minimize_capped, a learning rule": RULE + "tx.minimize_capped(l, 'C', {'R': 0.3}, tol=1e-3)",
    "tx.audit.point": "tx.audit.point(tx.examples.hair_eye().marginal(['Hair', 'Eye']), R=0.3, C=0.9)",
    "tx.prove": "tx.prove('I(Z1;Phi) <= I(Z1;X1,Theta)', world='P', n=2)",
    "therml tour": "import tempfile, therml_exact.cli as c\n"
    "c.main(['tour', '--out', tempfile.mkdtemp()], standalone_mode=False)",
    "a lesson's first picture": "import therml_exact.demos.objectives as d\nd.app.run()",
}
"""What is called first, after `import therml_exact`, in a new process; its CPU seconds are those of the process."""

PROGRAM = """
import sys, time
import numpy as np
import therml_exact as tx
out, sys.stdout = sys.stdout, sys.stderr
{call}
print(time.process_time(), file=out)
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
        yield Row(name, "first call", "CPU seconds with imports, empty cache", first, None, None, "", None)
        yield Row(
            name,
            "first call",
            "in a second process",
            second,
            first,
            first / second,
            "",
            None,
        )


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)


def _seconds(call: str, cache: str) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    environment.pop("THERML_KERNELS", None)
    program = PROGRAM.format(call=call)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)
