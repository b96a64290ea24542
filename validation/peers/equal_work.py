"""embo at our multipliers: the same points of the same curve for both, with its pool of processes and without.

embo takes equally spaced betas; its beta is gamma log 2, since bits sit inside its exponential (bottleneck.py). The
gammas start a little above gamma_c, below which no code pays and every point is the trivial one. embo always computes
in a pool of processes, one by default; its children are counted (cpu.py). A stand-in for the pool calls at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any

import numpy as np

import therml_exact as tx

LN2 = math.log(2)
LOW, HIGH = 1.05, 8.0  # of gamma, in units of gamma_c


def multipliers(problem: tx.EncoderProblem, count: int) -> np.ndarray:
    """Equally spaced gammas, from a little above gamma_c on."""
    critical = tx.trace(problem, tol=1e-2, progress=False).gamma_c
    if critical is None:
        raise ValueError("no code pays on this joint; choose one whose letters depend on each other")
    return np.linspace(LOW * critical, HIGH * critical, count)


def curve(embo: ModuleType, p: np.ndarray, gammas: np.ndarray, **more: Any) -> tuple[np.ndarray, ...]:
    """Embo's points at these gammas."""
    np.random.seed(0)  # noqa: NPY002 (embo draws from the global state)
    low, high = float(gammas[0]) * LN2, float(gammas[-1]) * LN2
    found = embo.InformationBottleneck(pxy=p.copy(), minbeta=low, maxbeta=high, numbeta=len(gammas), **more)
    return found.get_bottleneck()  # type: ignore[no-any-return]


class _Here:
    """What embo asks of a pool, done at once in this process."""

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def apply_async(self, function: Callable[..., Any], args: tuple[Any, ...] = ()) -> SimpleNamespace:
        value = function(*args)
        return SimpleNamespace(get=lambda: value)


@contextmanager
def without_pool(embo: ModuleType) -> Iterator[None]:
    """Embo computing in this process."""
    core = embo.core
    before, core.mp = core.mp, SimpleNamespace(Pool=_Here)
    try:
        yield
    finally:
        core.mp = before
