"""Every kernel that a public call uses, compiled in advance by calls on small worlds (`therml warmup`).

Kernels compile by themselves once that pays (kernels/kernel.py). Compiled in advance, they are in numba's cache on
disk, where every later process finds them. A call names what it compiles; results are not used.

Steps that share kernels make one chain, and each chain is a process of its own, as many at a time as there are
processors: numba compiles one kernel at a time in a process.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.kernels.kernel import VARIABLE, mode, numba_is_there


def _table(rows: int, columns: int) -> tx.Joint:
    """A positive joint without a closed form."""
    cells = 1 + np.arange(rows * columns, dtype=float).reshape(rows, columns) ** 2 % 7
    return tx.Joint(cells / cells.sum(), ("X", "Y"))


def _large() -> tx.Joint:
    """A float joint that is large enough for the kernels of informations."""
    return tx.Joint(np.full((2,) * 12, 2.0**-12), [f"X{i}" for i in range(12)])


def _rule_problem() -> tx.LearningRuleProblem:
    y = [["1/4", "3/4"], ["2/3", "1/3"]]
    return tx.LearningRuleProblem([1], [["1/2", "1/2"]], [y], 1, tx.encoders.deterministic(2, 2))


def _free_problem() -> tx.JointProblem:
    return tx.JointProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1)


def _informations() -> None:
    joint = _large()
    tx.entropy(joint, joint.axes)
    tx.mutual_information(joint, "X0", joint.axes[1:])
    tx.multi_information(joint)
    tx.entropy_vector(joint)


def _hard_encoders() -> None:
    for method in ("enumeration", "dynamic programming", "branch and bound"):
        tx.deterministic_frontier(_table(4, 3), method=method)


def _predictions() -> None:
    far, near = [[0.2, 0.3, 0.5], [0.3, 0.3, 0.4]], [[0.2, 0.3, 0.5], [0.2000001, 0.2999999, 0.5]]
    tx.predictive_information([0.5, 0.5], far, None, 40)
    tx.predictive_information([0.5, 0.5], near, None, 40)
    tx.learned_information([0.5, 0.5], far, None, 40, lambda counts: np.full((len(counts), 2), 0.5))


def _encoders() -> None:
    tx.minimize(tx.EncoderProblem(_table(3, 3)), gamma=4.0)
    tx.minimize(tx.EncoderProblem(_table(5, 4)), gamma=4.0, max_cells=1)


def _boxes() -> None:
    counts = [[5, 1, 1, 1, 1], [1, 4, 1, 1, 2], [1, 1, 6, 2, 1], [2, 1, 1, 5, 1], [1, 2, 1, 1, 7]]
    tx.minimize(tx.EncoderProblem(tx.Joint.from_counts(counts, ("X", "Y"))), gamma=9, tol=1e-3, max_cells=1000)


def _rules_and_encoders() -> None:
    tx.minimize(_free_problem(), gamma=4.0, sigma=1, tol=1e-1, max_cells=3)
    tx.minimize(_free_problem(), gamma=4.0, sigma=1, rho=0, tol=1e-2, max_cells=9)


def _priors() -> None:
    q = tx.Variational(theta=["1/4", "3/4"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    tx.fit_prior(tx.boltzmann(tx.examples.fair_label(), q, sigma=1, gamma=2))


CHAINS: tuple[dict[str, Callable[[], Any]], ...] = (
    {
        "learning rules": lambda: tx.minimize(_rule_problem(), gamma=4.0, sigma=0.2, tol=1e-3, max_cells=3),
        "learning rules under caps": lambda: tx.minimize_capped(
            _rule_problem(), "C", {"R": 0.3}, tol=1e-1, max_cells=3
        ),
        "rules and encoders": _rules_and_encoders,
        "rules and encoders under caps": lambda: tx.minimize_capped(
            _free_problem(), "C", {"R": 0.3}, tol=2e-1, max_cells=3
        ),
    },
    {"encoders": _encoders, "encoders of many letters": _boxes},
    {"hard encoders": _hard_encoders},
    {"informations of large tables": _informations, "predictive information": _predictions, "priors": _priors},
)
"""The steps by the kernels that they share; the longest chain first."""
STEPS = {name: step for chain in CHAINS for name, step in chain.items()}


def warm_up() -> Iterator[str]:
    """Compile everything, and yield the name of each step after it; ValueError where nothing can be compiled."""
    if mode() == "interpreted":
        raise ValueError(f"{VARIABLE} is 'interpreted': nothing is compiled; unset it to compile kernels in advance")
    if not numba_is_there():
        raise ValueError("numba is not installed: kernels are interpreted, which is slow; `pip install numba` helps")
    waiting = list(CHAINS)
    running: list[subprocess.Popen[str]] = []
    told: queue.SimpleQueue[str | subprocess.Popen[str]] = queue.SimpleQueue()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                running.append(_begin(waiting.pop(0), told))
            news = told.get()
            if isinstance(news, str):
                yield news
            else:
                running.remove(news)
                if news.wait():
                    raise RuntimeError(f"a process that compiles kernels ended with exit code {news.returncode}")
    finally:
        for process in running:  # a Control-C, or a failure: what is compiled stays, for numba writes whole files
            process.kill()
            process.wait()


def _begin(chain: Iterable[str], told: queue.SimpleQueue[str | subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """Start the process of a chain; it tells the names of its steps, and at last itself."""
    root = str(Path(tx.__file__).parents[1])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, VARIABLE: "compiled", "PYTHONPATH": paths}
    command = [sys.executable, "-m", "therml_exact.warmup", *chain]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                told.put(line.strip())
        told.put(process)

    threading.Thread(target=listen, daemon=True).start()
    return process


def main(chain: list[str]) -> None:
    """Do the steps of a chain one after another, and print the name of each after it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the first process ends this one
    for name in chain:
        STEPS[name]()
        print(name, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
