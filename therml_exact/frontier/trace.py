"""trace: a frontier between an inner and an outer polytope, no farther apart than a tolerance (nats).

Achieved points span the inner polytope, their lower bounds cut the outer one (hull.py). Each round solves the
directions of all facets of the inner polytope that the outer one does not yet meet within the tolerance (the sandwich
algorithm), so that the multipliers are chosen where the frontier bends. Lists of multipliers are solved as they are.

    problem, lists given                 sheets (frontier.py)
    encoder, Theta trivial               (R, C), deltas = [0]: here D = H(X) - R, and delta only rescales gamma
    encoder, deltas                      (R + delta D, C) for each delta
    encoder, gammas and no deltas        Theta not trivial: (R + gamma C, D) for each gamma
    encoder, neither                     Theta not trivial: the surface in (R, D, C)
    encoder, volume=True                 (V, C), V = R + D - H(X): Appendix A for a fixed learning rule
    Bayes, discriminative                (S, U)
    learning rules                       no sheets: rule_trace.py

Work goes in pieces of at most CHUNK optima, in order of multipliers, each the same wherever it is done: `executor`
takes any concurrent.futures.Executor, and the result does not depend on it. With `checkpoint` every finished piece is
kept in a file (journal.py), and a later call with the same arguments goes on from it; one run at a time.

Errors: TypeError for multipliers foreign to the problem, ValueError for bad ones, for max_points < 2, and for a
checkpoint that is damaged, about something else or in use.
Source: G. Rote (1992) for the sandwich; N. Tishby, F. Pereira, W. Bialek (1999); the paper's section 3, App. A-C.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any, overload

import numpy as np

from therml_exact.frontier.frontier import Frontier, Sheet
from therml_exact.frontier.journal import Journal
from therml_exact.frontier.learning_rule import LearningRuleProblem
from therml_exact.frontier.optimum import Optimum
from therml_exact.frontier.path import check_limits
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.rule_trace import RuleFrontier, trace_rules
from therml_exact.frontier.sandwich import slope, steps
from therml_exact.frontier.support import Support, solve_all
from therml_exact.frontier.views import SAMPLES, SURFACE, VOLUME, Shape, distortion, plane
from therml_exact.numbers.tables import whole

Array = np.ndarray[Any, Any]

CHUNK = 8


@overload
def trace(problem: Problem, gammas: Iterable[float] | None = None, deltas: Iterable[float] | None = None,
          sigmas: Iterable[float] | None = None, betas: Iterable[float] | None = None, tol: float = 1e-3,
          executor: Executor | None = None, progress: bool = True, checkpoint: str | os.PathLike[str] | None = None,
          volume: bool = False, max_points: int = 1000, max_cells: int = 2_000_000,
          time_limit: float = 60.0) -> Frontier: ...  # fmt: skip


@overload
def trace(problem: LearningRuleProblem, gammas: Iterable[float] | None = None, deltas: Iterable[float] | None = None,
          sigmas: Iterable[float] | None = None, *, tol: float = 1e-3, executor: Executor | None = None,
          progress: bool = True, max_points: int = 1000, max_cells: int = 2_000_000,
          time_limit: float = 60.0) -> RuleFrontier: ...  # fmt: skip


def trace(
    problem: Problem | LearningRuleProblem,
    gammas: Iterable[float] | None = None,
    deltas: Iterable[float] | None = None,
    sigmas: Iterable[float] | None = None,
    betas: Iterable[float] | None = None,
    tol: float = 1e-3,
    executor: Executor | None = None,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    volume: bool = False,
    max_points: int = 1000,
    max_cells: int = 2_000_000,
    time_limit: float = 60.0,
) -> Frontier | RuleFrontier:
    """The frontier of a problem; lists of multipliers are crossed, what is left out is chosen adaptively.

    tol: largest step between inner and outer polytope, nats; each optimum is solved to min(tol, 1e-9).
    max_points, and max_cells and time_limit (seconds) of one optimum, bound the work; the result says what is open.
    """
    if isinstance(problem, LearningRuleProblem):
        for name, foreign in (("betas", betas), ("checkpoint", checkpoint), ("volume", volume or None)):
            if foreign is not None:
                raise TypeError(f"{name} is foreign to LearningRuleProblem")
        try:
            return trace_rules(problem, gammas, deltas, sigmas, tol, executor, max_points, max_cells, time_limit)
        except BrokenExecutor:
            raise WorkersLostError(_how_to_go_on(None)) from None
    if not isinstance(problem, Problem):
        raise TypeError(
            f"problem is a {type(problem).__name__}; give an EncoderProblem, BayesProblem or another problem"
        )
    check_limits(tol, max_cells, time_limit)
    whole("max_points", max_points, 2)
    lists = {
        name: None if given is None else _read(problem, name, given)
        for name, given in (("gamma", gammas), ("delta", deltas), ("sigma", sigmas), ("beta", betas))
    }
    settings = {
        **{name: None if given is None else [v.hex() for v in given] for name, given in lists.items()},
        "tol": float(tol).hex(),
        "volume": bool(volume),
    }
    limits = (float(max_cells), float(time_limit))
    journal = None if checkpoint is None else Journal(checkpoint, problem, settings, limits)
    try:
        with _bar(progress) as show:
            crew = _Crew(problem, min(tol, 1e-9), max_cells, time_limit, executor, journal, show)
            sheets = tuple(_sheet(crew, shape, grid, tol, max_points) for shape, grid in _views(problem, lists, volume))
    finally:
        if journal is not None:
            journal.close()
    return Frontier(problem, sheets, tol, volume)


def _read(problem: Problem, name: str, given: Iterable[float]) -> list[float]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ValueError(f"{name}s is {given!r}; give a list of multipliers")
    values = list(given)
    if not values:
        raise ValueError(f"{name}s is empty; leave it out to have them chosen")
    exact = [read_multipliers(problem, {name: value}) for value in values]
    if name not in problem.multipliers:
        raise TypeError(
            f"{name}s are foreign to {type(problem).__name__}, which takes {', '.join(problem.multipliers)}"
        )
    return sorted({float(e[name]) for e in exact})


def _views(
    problem: Problem, lists: dict[str, list[float] | None], volume: bool
) -> Iterator[tuple[Shape, list[float] | None]]:
    """The shape of each sheet, and the grid of its last multiplier, or None."""
    if not isinstance(problem, EncoderProblem):
        if volume:
            raise TypeError(f"volume is foreign to {type(problem).__name__}: V is a functional of encoders")
        yield SAMPLES, lists["beta"]
        return
    gammas, deltas = lists["gamma"], lists["delta"]
    if volume:
        if deltas is not None:
            raise ValueError("deltas and volume=True exclude each other: V + gamma C is delta = 1")
        yield VOLUME, gammas
        return
    if deltas is None and problem.trivial:
        deltas = [0.0]
    if deltas is not None:
        for delta in deltas:
            yield plane(delta), gammas
    elif gammas is not None:
        for gamma in gammas:
            yield distortion(gamma), None
    else:
        yield SURFACE, None


class WorkersLostError(BrokenExecutor):
    """The executor's workers died; the message says how to go on."""


def _how_to_go_on(journal: Journal | None) -> str:
    lost = "a worker process was killed (by a signal, or for want of memory)"
    if journal is None:
        return f"{lost}, and the work with it; with a checkpoint the finished part is kept and gone on from"
    return f"{lost}; {len(journal.optima)} finished optima are kept in {journal.path}: the same call goes on from them"


class _Crew:
    """Solves lists of multipliers: here or through an executor, remembering all, keeping the journal."""

    def __init__(self, problem: Problem, tol: float, max_cells: int, time_limit: float, executor: Executor | None,
                 journal: Journal | None, show: Callable[[int], None]) -> None:  # fmt: skip
        self.problem, self.executor, self.journal, self.show = problem, executor, journal, show
        self.limits = (tol, max_cells, time_limit)
        self.known = {_key(o.multipliers): o for o in journal.optima} if journal else {}

    def solve(self, wanted: Sequence[dict[str, float]]) -> list[Optimum]:
        """Their optima, in the order of `wanted`."""
        path = sorted({_key(m): m for m in wanted}.values(), key=_key)
        pieces = [path[k : k + CHUNK] for k in range(0, len(path), CHUNK)]
        # A piece that is only half known is done again: what it gives depends on all of it.
        pieces = [piece for piece in pieces if any(_key(m) not in self.known for m in piece)]
        if self.executor is None:
            for piece in pieces:
                self._keep(piece, solve_all(self.problem, piece, *self.limits))
        else:
            futures: list[Future[list[Optimum]]] = []
            try:
                futures += [self.executor.submit(solve_all, self.problem, piece, *self.limits) for piece in pieces]
                for piece, future in zip(pieces, futures, strict=True):
                    self._keep(piece, future.result())
            except BaseException as error:
                for future in futures:
                    future.cancel()
                if isinstance(error, BrokenExecutor):
                    raise WorkersLostError(_how_to_go_on(self.journal)) from None
                raise
        return [self.known[_key(m)] for m in wanted]

    def _keep(self, piece: Sequence[dict[str, float]], optima: Sequence[Optimum]) -> None:
        fresh = [(_key(m), o) for m, o in zip(piece, optima, strict=True) if _key(m) not in self.known]
        if self.journal is not None:
            self.journal.add([o for _, o in fresh])
        self.known.update(fresh)
        self.show(len(self.known))


def _key(given: dict[str, float]) -> tuple[float, ...]:
    return tuple(given[name] for name in sorted(given, key=("rho", "beta", "delta", "gamma").index))


def _sheet(crew: _Crew, shape: Shape, grid: list[float] | None, tol: float, max_points: int) -> Sheet:
    matrix = np.array(shape.view)
    if grid is not None:
        found = crew.solve([crew.problem.direction(np.array([1.0, value]) @ matrix) for value in grid])
        supports = [Support.of(o) for o in found]
    else:
        supports = _sandwich(crew, matrix, tol, max_points)
    supports = sorted(supports, key=lambda s: _key(s.optimum.multipliers))
    if len(shape.names) == 2:  # rho = 0 (beta = inf) is the far end
        supports.sort(key=lambda s: slope(matrix, s))
    optima = tuple(s.optimum for s in supports)
    return Sheet(shape.names, shape.view, dict(shape.fixed), optima, adaptive=grid is None)


def _sandwich(crew: _Crew, view: Array, tol: float, max_points: int) -> list[Support]:
    """Optima until every facet of the inner polytope is within tol of the outer one, or there are max_points."""
    supports: list[Support] = []
    asked: set[tuple[float, ...]] = set()
    wanted = list(np.eye(len(view)))
    while True:
        fresh = [m for m in (crew.problem.direction(a @ view) for a in wanted) if _key(m) not in asked]
        fresh = list({_key(m): m for m in fresh}.values())[: max(0, max_points - len(supports))]
        asked.update(_key(m) for m in fresh)
        supports += [Support.of(o) for o in crew.solve(fresh)]
        wanted = [np.array(f.normal) for f, step in steps(view, supports) if step > tol]
        if not fresh or not wanted:
            return supports


@contextmanager
def _bar(progress: bool) -> Iterator[Callable[[int], None]]:
    """A line on standard error that counts the optima."""
    if not progress:
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("frontier", total=None)
        yield lambda count: bar.update(task, description=f"frontier: {count} optima")
