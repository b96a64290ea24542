"""Crew: solves the optima of a frontier, in this process or in the workers of an executor (no units).

A piece is a run of multipliers of which each is solved from the codes of the one before (path.py); what the pieces are
depends on the multipliers alone, and a piece gives the same result wherever and whenever it is solved. Pieces go to the
workers in tasks, whose sizes follow the measured seconds (`tasks`), so that the clock decides who solves what and
never what is found.

Every optimum is written to the journal, if there is one, as soon as it is known here, unless the deadline cut
it short: a later call has more time for it. After the deadline no optimum is begun, and what is known is returned.

Errors: those of workers.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from therml_exact._version import __version__
from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.half_spaces import solve_each, solve_pieces
from therml_exact.frontier.curve.journal import Journal
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.mixture.path import stretch
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.workers import at_version, check_workers, is_lost, lost

CHUNK = 8  # multipliers of a piece, at most
FEW = 4  # pieces, where a list of no more than CHUNK multipliers is shared out
TASK = 0.1  # CPU seconds of a task, about
LEAST = 0.03  # seconds; less is not worth the journey
SHARES = 8  # of what is left to do, a task is one share at most: the workers end at nearly the same time
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
    pace       CPU seconds of an optimum in the tasks that were last shared out; 0: not known yet
    """

    def __init__(self, problem: Problem, budget: Budget, deadline: float, executor: Executor | None,
                 journal: Journal | None, show: Callable[[str], None]) -> None:  # fmt: skip
        self.told = ""
        self.problem, self.budget, self.deadline = problem, budget, deadline
        self.executor, self.journal, self.show = executor, journal, show
        self.pace = 0.0
        self.known = {key(o.multipliers): o for o in journal.optima} if journal else {}
        if executor is not None:
            check_workers(executor)

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return now() > self.deadline

    def solve(self, wanted: Sequence[Multipliers], meanwhile: Callable[[], None] = lambda: None) -> list[Optimum]:
        """The optima at these multipliers, in the order of `wanted`; after the deadline those that are known.

        meanwhile   is called once workers have their tasks: what this process needs next is loaded while they start
        """
        # A piece that is only half known is done again: what it gives depends on all of it.
        pieces = [piece for piece in pieces_of(wanted) if any(key(m) not in self.known for m in piece)]
        if self.executor is None:
            for piece in pieces:
                if self.over and self.known:
                    break
                left = self.deadline - now()
                for m, optimum in zip(piece, solve_each(self.problem, piece, self.budget, left), strict=False):
                    self._keep([m], [optimum])
        else:
            self._share(self.executor, pieces, meanwhile)
        return [self.known[key(m)] for m in wanted if key(m) in self.known]

    def _share(self, executor: Executor, pieces: Sequence[list[Multipliers]], meanwhile: Callable[[], None]) -> None:
        """Solve the pieces in the workers of an executor and keep them in order."""
        futures: list[Future[tuple[list[list[Optimum]], float]]] = []
        given = tasks(pieces, self.pace)
        left = self.deadline - now()
        seconds, count = 0.0, 0
        try:
            futures += [
                executor.submit(
                    at_version, __version__, solve_pieces, self.problem, task, self.budget, left, time.time() + left
                )
                for task in given
            ]
            meanwhile()
            for task, future in zip(given, futures, strict=True):
                if not (self.over and self.known and future.cancel()):
                    found, took = future.result()
                    seconds, count = seconds + took, count + sum(map(len, found))
                    for piece, optima in zip(task, found, strict=False):
                        self._keep(piece, optima)
        except BaseException as error:
            for future in futures:
                future.cancel()
            if is_lost(error):
                raise lost(len(self.known), self.journal.path if self.journal else None) from None
            raise
        self.pace = seconds / count if count else self.pace

    def _keep(self, piece: Sequence[Multipliers], optima: Sequence[Optimum]) -> None:
        """Remember the optima of a piece that are new, and write them to the journal."""
        fresh = [(key(m), o) for m, o in zip(piece, optima, strict=False) if key(m) not in self.known]
        if self.journal is not None:
            self.journal.add([o for _, o in fresh if not cut_short(o, self.over)])
        self.known.update(fresh)
        self.show(f"{len(self.known)} optima{self.told}")


def pieces_of(wanted: Sequence[Multipliers]) -> list[list[Multipliers]]:
    """The multipliers in order, in pieces that depend on nothing else.

    >>> surface = [{"rho": 1.0, "delta": d, "gamma": 2.0} for d in (0.5, 0.25)]
    >>> [len(piece) for piece in pieces_of(surface)]
    [1, 1]
    >>> line = [{"rho": 1.0, "delta": 0.0, "gamma": g} for g in range(20)]
    >>> [len(piece) for piece in pieces_of(line)]
    [8, 8, 4]
    """
    path = sorted({key(m): m for m in wanted}.values(), key=key)
    size = CHUNK if len(path) > CHUNK else max(1, -(-len(path) // FEW))
    runs = [list(run) for _, run in groupby(path, stretch)]
    return [run[k : k + size] for run in runs for k in range(0, len(run), size)]


def tasks(pieces: Sequence[list[Multipliers]], pace: float) -> list[list[list[Multipliers]]]:
    """Consecutive pieces in tasks of about TASK, where an optimum takes `pace` (CPU seconds); 0: a task for each.

    Towards the end tasks are smaller.

    >>> [len(task) for task in tasks([[{"beta": float(k)}] for k in range(60)], 0.0125)]
    [7, 6, 5, 5, 4, 4, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]
    """
    out: list[list[list[Multipliers]]] = []
    left, room = pace * sum(map(len, pieces)), 0.0
    for piece in pieces:
        seconds = pace * len(piece)
        if pace and out and seconds <= room:
            out[-1].append(piece)
            room -= seconds
        else:
            out.append([piece])
            room = max(LEAST, min(TASK, left / SHARES)) - seconds
        left -= seconds
    return out


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
