"""Crew: solves the optima of a frontier, in this process or in the workers of an executor (no units).

The optima are solved in pieces of at most CHUNK, in the order of their multipliers. A piece gives the same result
wherever it is solved. Every optimum is written to the journal, if there is one, as soon as it is known here, unless the
deadline cut it short: a later call has more time for it. After the deadline no optimum is begun, and what is known is
returned.

Errors: WorkersLostError where the executor's workers die.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.half_spaces import solve_all, solve_each
from therml_exact.frontier.curve.journal import Journal
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem

CHUNK = 8
Multipliers = dict[str, float]


class WorkersLostError(BrokenExecutor):
    """The executor's workers died; the message says how to go on."""


def lost(journal: Journal | None) -> WorkersLostError:
    """The error to raise where the workers died; its message says how to go on."""
    told = "a worker process was killed (by a signal, or for want of memory)"
    if journal is None:
        return WorkersLostError(f"{told}, and the work with it; with a checkpoint the finished part is kept")
    kept = f"{len(journal.optima)} finished optima are kept in {journal.path}"
    return WorkersLostError(f"{told}; {kept}: the same call goes on from them")


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

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return now() > self.deadline

    def solve(self, wanted: Sequence[Multipliers]) -> list[Optimum]:
        """The optima at these multipliers, in the order of `wanted`; after the deadline those that are known."""
        path = sorted({key(m): m for m in wanted}.values(), key=key)
        pieces = [path[k : k + CHUNK] for k in range(0, len(path), CHUNK)]
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
            futures += [executor.submit(solve_all, self.problem, piece, self.budget, left, time.time() + left)
                        for piece in pieces]  # fmt: skip
            for piece, future in zip(pieces, futures, strict=True):
                if not (self.over and self.known and future.cancel()):
                    self._keep(piece, future.result())
        except BaseException as error:
            for future in futures:
                future.cancel()
            if isinstance(error, BrokenExecutor):
                raise lost(self.journal) from None
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
