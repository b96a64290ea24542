"""Crew: solves the optima of a frontier, in this process or in the workers of an executor (no units).

The optima are solved in pieces of at most CHUNK, in the order of their multipliers; what fits in one piece is shared
out among SHARES. A piece gives the same result wherever it is solved, and what the pieces are does not depend on the
workers. Every optimum is written to the journal, if there is one, as soon as it is known here, unless the deadline cut
it short: a later call has more time for it. After the deadline no optimum is begun, and what is known is returned.

Errors: those of workers.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from therml_exact._version import __version__
from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.half_spaces import solve_all, solve_each
from therml_exact.frontier.curve.journal import Journal
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.workers import at_version, check_workers, is_lost, lost

CHUNK = 8
SHARES = 4
Multipliers = dict[str, float]


class Crew:
    """Solves lists of multipliers of one problem, and remembers every optimum.

    problem    the problem
    budget     what one optimum may cost
    deadline   when the work on all optima ends, seconds of the monotonic clock
    executor   who works; None: this process
    journal    the file of finished optima; None: no file
    show       is called with a text whenever there are more
    told       what the text says behind the number of optima
    known      the optima by their multipliers (`key`)
    """

    def __init__(self, problem: Problem, budget: Budget, deadline: float, executor: Executor | None,
                 journal: Journal | None, show: Callable[[str], None]) -> None:  # fmt: skip
        self.told = ""
        self.problem, self.budget, self.deadline = problem, budget, deadline
        self.executor, self.journal, self.show = executor, journal, show
        self.known = {key(o.multipliers): o for o in journal.optima} if journal else {}
        if executor is not None:
            check_workers(executor)

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return now() > self.deadline

    def solve(self, wanted: Sequence[Multipliers]) -> list[Optimum]:
        """The optima at these multipliers, in the order of `wanted`; after the deadline those that are known."""
        path = sorted({key(m): m for m in wanted}.values(), key=key)
        size = CHUNK if len(path) > CHUNK else max(1, -(-len(path) // SHARES))  # by the number of points alone
        pieces = [path[k : k + size] for k in range(0, len(path), size)]
        # A piece that is only half known is done again: what it gives depends on all of it.
        pieces = [piece for piece in pieces if any(key(m) not in self.known for m in piece)]
        if self.executor is None:
            for piece in pieces:
                if self.over and self.known:
                    break
                left = self.deadline - now()
                for m, optimum in zip(piece, solve_each(self.problem, piece, self.budget, left), strict=False):
                    self._keep([m], [optimum])
        else:
            self._share(self.executor, pieces)
        return [self.known[key(m)] for m in wanted if key(m) in self.known]

    def _share(self, executor: Executor, pieces: Sequence[Sequence[Multipliers]]) -> None:
        """Solve the pieces in the workers of an executor and keep them in order."""
        futures: list[Future[list[Optimum]]] = []
        left = self.deadline - now()
        try:
            futures += [
                executor.submit(
                    at_version, __version__, solve_all, self.problem, piece, self.budget, left, time.time() + left
                )
                for piece in pieces
            ]
            for piece, future in zip(pieces, futures, strict=True):
                if not (self.over and self.known and future.cancel()):
                    self._keep(piece, future.result())
        except BaseException as error:
            for future in futures:
                future.cancel()
            if is_lost(error):
                raise lost(len(self.known), self.journal.path if self.journal else None) from None
            raise

    def _keep(self, piece: Sequence[Multipliers], optima: Sequence[Optimum]) -> None:
        """Remember the optima of a piece that are new, and write them to the journal."""
        fresh = [(key(m), o) for m, o in zip(piece, optima, strict=False) if key(m) not in self.known]
        if self.journal is not None:
            self.journal.add([o for _, o in fresh if not cut_short(o, self.over)])
        self.known.update(fresh)
        self.show(f"{len(self.known)} optima{self.told}")


def key(given: Multipliers) -> tuple[float, ...]:
    """The values of the multipliers in a fixed order: rho or beta, then delta, then gamma."""
    return tuple(given[name] for name in sorted(given, key=("rho", "beta", "delta", "gamma").index))


def cut_short(optimum: Any, over: bool) -> bool:
    """Whether the end of the whole call, which is over, may have ended the search of this optimum before its own time.

    >>> from types import SimpleNamespace as Some
    >>> cut_short(Some(status="open", reason="time"), True), cut_short(Some(status="open", reason="cells"), True)
    (True, False)
    """
    return bool(over and optimum.status == "open" and optimum.reason == "time")


@contextmanager
def counter(progress: bool, what: str = "frontier") -> Iterator[Callable[[str], None]]:
    """A line on standard error that tells how far the work is, from its first moment, if progress is asked for."""
    if not progress:
        yield lambda text: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{what}: the first optimum", total=None)
        yield lambda text: bar.update(task, description=f"{what}: {text}")
