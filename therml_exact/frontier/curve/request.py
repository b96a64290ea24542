"""Request: what `trace` was asked for, read and checked once.

Errors: none of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.numbers.given import Number


@dataclass(frozen=True)
class Request:
    """The arguments of `trace`.

    gammas, deltas, sigmas, betas   lists of multipliers, every combination of which is solved; None: they are chosen
    tol                             the largest step between inner and outer polytope that is allowed, nats
    budget                          what one optimum may cost
    seconds                         what the whole call may take, once the kernels are compiled
    executor                        who works; None: this process
    progress                        whether a line on standard error counts the optima
    checkpoint                      the file in which finished work is kept; None: no file
    volume                          whether the plane is (V, C)
    max_points                      how many optima are solved, at most
    """

    gammas: Iterable[Number] | None
    deltas: Iterable[Number] | None
    sigmas: Iterable[Number] | None
    betas: Iterable[Number] | None
    tol: float
    budget: Budget
    seconds: float
    executor: Executor | None
    progress: bool
    checkpoint: str | os.PathLike[str] | None
    volume: bool
    max_points: int

    def starting_now(self) -> float:
        """When the whole call ends, on the monotonic clock, if it begins now."""
        return now() + self.seconds

    def refuse(self, kind: str, names: tuple[str, ...]) -> None:
        """Raise a TypeError if an argument of these names is given: this kind of problem has no use for it."""
        for name in names:
            if getattr(self, name) not in (None, False):
                raise TypeError(f"{name} is foreign to {kind}")
