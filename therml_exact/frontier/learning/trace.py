"""Crossed lists of multipliers, solved in pieces: for learning rules and for joint problems (nats).

    every (gamma, delta, sigma) of the lists, rho = 1

What optima have in common that are solved one from another, and how, the kind of the problem says (rules/trace.py,
joint/trace.py). A piece is at most LONGEST of them in order, and gives the same optima wherever and whenever it is
solved, so that the result does not depend on the executor. With a checkpoint every optimum that was finished in time is
kept in a file; a piece of which a part is missing there is solved again. After the deadline no new piece is begun, and
what is known is returned. A list that the caller leaves out is one of the grids below.

Errors: TypeError for arguments of trace that these problems have no use for; ValueError for empty lists, bad
multipliers, more than max_points optima, and a checkpoint that is damaged, about something else or in use;
those of workers.py for the executor's workers.
Source: Alemi and Fischer, TherML (2018), (21), (22).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from therml_exact._version import __version__
from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.crew import counter
from therml_exact.frontier.curve.journal import Journal
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.workers import at_version, check_workers, is_lost, lost

TOL = 1e-6  # nats: of an optimum, at most
GAMMAS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
DELTAS = (0.0,)
LONGEST = 2  # optima of a piece: half of what they save one another, and many pieces for many workers
SIGMAS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)

At = dict[str, Fraction]  # multipliers by name
Solve = Callable[[Any, Sequence[At], Budget, float], Iterator[Any]]


@dataclass(frozen=True)
class Work:
    """How the optima of a kind of problem are found.

    run_of     what the multipliers of optima have in common that are solved one from another
    solve      (problem, multipliers, budget, deadline) -> the optima of a piece, one after the other
    write      (optimum) -> plain data; read is its inverse, (problem, plain data) -> optimum
    """

    run_of: Callable[[At], Any]
    solve: Solve
    write: Callable[[Any], dict[str, Any]]
    read: Callable[[Any, Any], Any]


def crossed(problem: Any, asked: Request) -> list[At]:
    """Every combination of the lists, by gamma, then delta, then sigma."""
    lists = []
    for name, given, grid in (("gamma", asked.gammas, GAMMAS), ("delta", asked.deltas, DELTAS),
                              ("sigma", asked.sigmas, SIGMAS)):  # fmt: skip
        if isinstance(given, (str, bytes)) or not (given is None or isinstance(given, Iterable)):
            raise ValueError(f"{name}s is {given!r:.80}; give a list of multipliers")
        values = list(grid if given is None else given)
        if not values:
            raise ValueError(f"{name}s is empty; leave it out for {list(grid)}")
        lists.append(sorted({read_multipliers(problem, {name: v})[name] for v in values}))
    count = math.prod(map(len, lists))
    if count > asked.max_points:
        raise ValueError(f"gammas, deltas and sigmas give {count} optima; max_points is {asked.max_points}")
    return [
        read_multipliers(problem, {"rho": 1, "gamma": gamma, "delta": delta, "sigma": sigma})
        for gamma, delta, sigma in product(*lists)
    ]


def solve_crossed(problem: Any, asked: Request, work: Work) -> tuple[list[Any], float]:
    """The optima in order, at least one, and the tolerance of each."""
    asked.refuse(type(problem).__name__, ("betas", "volume"))
    wanted, budget = crossed(problem, asked), asked.budget.within(TOL)
    with ExitStack() as stack:
        journal = None
        if asked.checkpoint is not None:
            settings = {"tol": budget.tol.hex(), "wanted": [_text(at) for at in wanted]}
            limits = (float(budget.count), budget.seconds)
            opened = Journal(asked.checkpoint, problem, settings, limits, work.write, work.read)
            journal = stack.enter_context(closing(opened))
        show = stack.enter_context(counter(asked.progress))
        team = Team(problem, budget, asked.starting_now(), work, journal, show)
        todo = [piece for piece in pieces_of(wanted, work) if any(key(at) not in team.known for at in piece)]
        if asked.executor is None:
            team.alone(todo)
        else:
            team.share(asked.executor, todo)
    return [team.known[key(at)] for at in wanted if key(at) in team.known], budget.tol


def pieces_of(wanted: Sequence[At], work: Work) -> list[list[At]]:
    """The multipliers in pieces, by themselves alone."""
    runs: dict[Any, list[At]] = {}
    for at in wanted:
        runs.setdefault(work.run_of(at), []).append(at)
    return [run[k : k + LONGEST] for run in runs.values() for k in range(0, len(run), LONGEST)]


class Team:
    """Solves pieces of one problem and remembers every optimum by its multipliers."""

    def __init__(self, problem: Any, budget: Budget, deadline: float, work: Work, journal: Journal | None,
                 show: Callable[[str], None]) -> None:  # fmt: skip
        self.problem, self.budget, self.deadline, self.work = problem, budget, deadline, work
        self.journal, self.show = journal, show
        self.known = {key(o._exact): o for o in journal.optima} if journal else {}

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return now() > self.deadline

    def alone(self, pieces: Sequence[list[At]]) -> None:
        """Solve the pieces here."""
        for piece in pieces:
            if self.over and self.known:
                return
            before = len(self.known)
            count = lambda k, before=before: self.show(f"{before + k} optima")  # noqa: E731
            left = self.deadline - now()
            self._keep(piece, *solve_piece(self.work.solve, self.problem, piece, self.budget, left, count))

    def share(self, executor: Executor, pieces: Sequence[list[At]]) -> None:
        """Solve the pieces in the workers of an executor, and keep them in order."""
        futures: list[Future[tuple[list[dict[str, Any]], int]]] = []
        left = self.deadline - now()
        try:
            check_workers(executor)
            futures += [
                executor.submit(
                    at_version,
                    __version__,
                    solve_written,
                    self.work,
                    self.problem,
                    piece,
                    self.budget,
                    left,
                    time.time() + left,
                )
                for piece in pieces
            ]
            for piece, future in zip(pieces, futures, strict=True):
                if not (self.over and self.known and future.cancel()):
                    written, timely = future.result()
                    self._keep(piece, [self.work.read(self.problem, content) for content in written], timely)
        except BaseException as error:
            for future in futures:
                future.cancel()
            if is_lost(error):
                raise lost(len(self.known), self.journal.path if self.journal else None) from None
            raise

    def _keep(self, piece: list[At], optima: list[Any], timely: int) -> None:
        """Remember the optima of a piece, and write the first `timely` to the journal, which no deadline cut short."""
        fresh = {key(at): o for at, o in zip(piece, optima, strict=False) if key(at) not in self.known}
        if self.journal is not None:
            self.journal.add([fresh[key(at)] for at in piece[:timely] if key(at) in fresh])
        self.known.update(fresh)
        self.show(f"{len(self.known)} optima")


def solve_piece(
    solve: Solve, problem: Any, piece: Sequence[At], budget: Budget, seconds: float, show: Any = None
) -> tuple[list[Any], int]:
    """The optima of a piece, here or in a worker, and how many of them were finished within `seconds`.

    After `seconds` those that are there are returned, at least one.
    """
    found: list[Any] = []
    deadline = now() + seconds
    for optimum in solve(problem, piece, budget, deadline):
        found.append(optimum)
        if show is not None:
            show(len(found))
        if now() > deadline:
            return found, len(found) - 1
    return found, len(found)


def solve_written(
    work: Work, problem: Any, piece: Sequence[At], budget: Budget, seconds: float, moment: float = math.inf
) -> tuple[list[dict[str, Any]], int]:
    """The same as plain data, which every executor can carry; it ends at a moment of the calendar's clock too."""
    left = min(seconds, moment - time.time())  # the piece may have waited for its worker
    found, timely = solve_piece(work.solve, problem, piece, budget, left)
    return [work.write(optimum) for optimum in found], timely


def key(at: At) -> tuple[Fraction, ...]:
    """The multipliers in a fixed order."""
    return tuple(at[name] for name in ("rho", "gamma", "delta", "sigma"))


def _text(at: At) -> list[str]:
    """The multipliers in that order as text."""
    return [str(v) for v in key(at)]
