"""Request: what `trace` was asked for, read and checked once.

Errors: none of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from therml_exact.frontier.budget import Budget


@dataclass(frozen=True)
class Request:
    """The arguments of `trace`.

    gammas, deltas, sigmas, betas   multipliers to cross; None: chosen
    tol                             largest step between inner and outer polytope, nats
    budget                          of one optimum
    deadline                        of the whole call, on the monotonic clock
    executor, progress, checkpoint  who works, whether it is shown, where it is kept
    volume                          whether the plane is (V, C)
    max_points                      how many optima, at most
    """

    gammas: Iterable[Any] | None
    deltas: Iterable[Any] | None
    sigmas: Iterable[Any] | None
    betas: Iterable[Any] | None
    tol: float
    budget: Budget
    deadline: float
    executor: Executor | None
    progress: bool
    checkpoint: str | os.PathLike[str] | None
    volume: bool
    max_points: int

    def refuse(self, kind: str, names: tuple[str, ...]) -> None:
        """TypeError for arguments that a problem has no use for."""
        for name in names:
            if getattr(self, name) not in (None, False):
                raise TypeError(f"{name} is foreign to {kind}")
