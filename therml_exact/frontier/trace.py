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

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, overload

import numpy as np

from therml_exact.frontier.critical import critical
from therml_exact.frontier.frontier import Frontier, Kink, Segment, Sheet
from therml_exact.frontier.hull import Facet, facets, least
from therml_exact.frontier.journal import Journal
from therml_exact.frontier.learning_rule import LearningRuleProblem
from therml_exact.frontier.optimum import Optimum
from therml_exact.frontier.path import check_limits
from therml_exact.frontier.problems import DiscriminativeProblem, EncoderProblem, Problem, read_multipliers
from therml_exact.frontier.rule_trace import RuleFrontier, trace_rules
from therml_exact.frontier.sharing import share
from therml_exact.frontier.support import Support, functionals, multipliers, solve_all
from therml_exact.numbers.tables import whole

Array = np.ndarray[Any, Any]

CHUNK = 8
STRAIGHT = 1e-8  # nats: a chord this close to its supporting line is one with it
LONG = 1e-2  # nats: the least length of a chord that is called straight
HARD = 1 - 1e-9  # p(z|w) of a hard code
SHARED = 9  # points that fill a straight part


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
        return trace_rules(problem, gammas, deltas, sigmas, tol, executor, max_points, max_cells, time_limit)
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
            sheets = tuple(
                _sheet(crew, names, view, fixed, grid, tol, max_points)
                for names, view, fixed, grid in _views(problem, lists, volume)
            )
    finally:
        if journal is not None:
            journal.close()
    return Frontier(problem, sheets, tol, volume, _input_entropy(problem) if volume else 0.0)


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


def _views(problem: Problem, lists: dict[str, list[float] | None], volume: bool) -> Iterator[Any]:
    """(names, view, fixed multipliers, grid of the last multiplier or None) of each sheet."""
    if not isinstance(problem, EncoderProblem):
        if volume:
            raise TypeError(f"volume is foreign to {type(problem).__name__}: V is a functional of encoders")
        yield ("S", "U"), ((1.0, 0.0), (0.0, 1.0)), {}, lists["beta"]
        return
    gammas, deltas = lists["gamma"], lists["delta"]
    if volume:
        if deltas is not None:
            raise ValueError("deltas and volume=True exclude each other: V + gamma C is delta = 1")
        yield ("V", "C"), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)), {}, gammas
        return
    if deltas is None and trivial(problem):
        deltas = [0.0]
    if deltas is not None:
        for delta in deltas:
            first = f"R + {delta:g} D" if delta else "R"
            yield (first, "C"), ((1.0, delta, 0.0), (0.0, 0.0, 1.0)), {"delta": delta}, gammas
    elif gammas is not None:
        for gamma in gammas:
            first = f"R + {gamma:g} C" if gamma else "R"
            yield (first, "D"), ((1.0, 0.0, gamma), (0.0, 1.0, 0.0)), {"gamma": gamma}, None
    else:
        yield ("R", "D", "C"), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), {}, None


def trivial(problem: EncoderProblem) -> bool:
    """Whether every x that occurs has one Theta."""
    return bool(((problem.cells.sum(axis=2) > 0).sum(axis=1) <= 1).all())


def _input_entropy(problem: Problem) -> float:
    assert isinstance(problem, EncoderProblem)
    p = problem.cells.sum(axis=(1, 2)).astype(float)
    return -math.fsum(x * math.log(x) for x in p.tolist() if x > 0)


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
            except BaseException:
                for future in futures:
                    future.cancel()
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


def _sheet(crew: _Crew, names: tuple[str, ...], view: tuple[tuple[float, ...], ...], fixed: dict[str, float],
           grid: list[float] | None, tol: float, max_points: int) -> Sheet:  # fmt: skip
    matrix = np.array(view)
    if grid is not None:
        found = crew.solve([multipliers(crew.problem, np.array([1.0, value]) @ matrix) for value in grid])
        supports = [Support.of(o) for o in found]
        gap = _gap(matrix, supports) if len(supports) > 1 else supports[0].optimum.gap
    else:
        supports, gap = _sandwich(crew, matrix, tol, max_points)
    plane = len(names) == 2
    # What comes before the first code: gamma_c belongs to C against R (or V), beta_c to U against S.
    start = None
    if plane and names[1] != "D":
        delta = fixed.get("delta", float(names[0] == "V"))
        start = critical(crew.problem, delta)
    elif not plane:
        start = critical(crew.problem, 0.0)
    supports = sorted(supports, key=lambda s: _key(s.optimum.multipliers))
    if plane:  # rho = 0 (beta = inf) is the far end
        supports.sort(key=lambda s: _slope(matrix, s))
    segments = _segments(crew, matrix, supports) if plane else ()
    kinks = _kinks(crew, matrix, names, supports) if plane and grid is None else ()
    return Sheet(names, view, fixed, tuple(s.optimum for s in supports), gap, start, segments, kinks)


def _sandwich(crew: _Crew, view: Array, tol: float, max_points: int) -> tuple[list[Support], float]:
    """Optima until every facet of the inner polytope is within tol of the outer one; and what is left."""
    supports: list[Support] = []
    asked: set[tuple[float, ...]] = set()
    wanted = list(np.eye(len(view)))
    while True:
        fresh = [m for m in (multipliers(crew.problem, a @ view) for a in wanted) if _key(m) not in asked]
        fresh = list({_key(m): m for m in fresh}.values())[: max(0, max_points - len(supports))]
        asked.update(_key(m) for m in fresh)
        supports += [Support.of(o) for o in crew.solve(fresh)]
        wanted = [np.array(f.normal) for f, gap in _open(view, supports) if gap > tol]
        if not fresh or not wanted:
            return supports, _gap(view, supports)


def _open(view: Array, supports: Sequence[Support]) -> list[tuple[Facet, float]]:
    """The facets of the inner polytope, each with its distance to the outer one."""
    points = np.array([view @ s.point for s in supports])
    a, b = np.array([_coefficients(view, s) for s in supports]), np.array([s.bound for s in supports])
    found = facets(points)
    return [(f, f.offset - least(np.array(f.normal), a, b)) for f in found]


def _gap(view: Array, supports: Sequence[Support]) -> float:
    at_optima = max(s.optimum.gap / max(1.0, float(np.sum(s.weights))) for s in supports)
    return max([gap for _, gap in _open(view, supports)] + [at_optima])


def _coefficients(view: Array, s: Support) -> Array:
    """The a with a view = weights."""
    first = np.argmax(view > 0, axis=1)
    return np.asarray(np.array(s.weights)[first] / view[np.arange(len(view)), first])


def _slope(view: Array, s: Support) -> float:
    a = _coefficients(view, s)
    return float(a[1] / a[0]) if a[0] > 0 else math.inf


def _segments(crew: _Crew, view: Array, supports: Sequence[Support]) -> tuple[Segment, ...]:
    """Chords that lie on a supporting line."""
    out = []
    names = functionals(crew.problem)
    for facet, gap in _open(view, supports):
        i, j = facet.vertices
        ends = [supports[i], supports[j]]
        length = float(np.abs(view @ (np.array(ends[0].point) - ends[1].point)).max())
        if gap > STRAIGHT or length < LONG:
            continue
        filled = []
        for k in range(1, SHARED + 1):
            weight = k / (SHARED + 1)
            filled.append(share(crew.problem, [1 - weight, weight], [s.optimum for s in ends])[0])
        first, last = (dict(zip(names, s.point, strict=True)) for s in ends)
        out.append(Segment(multipliers(crew.problem, np.array(facet.normal) @ view), first, last, tuple(filled)))
    return tuple(out)


def _kinks(crew: _Crew, view: Array, names: tuple[str, ...], supports: Sequence[Support]) -> tuple[Kink, ...]:
    """Corners: one deterministic code that stays optimal while the multiplier moves, and between which values."""
    name = "beta" if names[1] == "U" else "delta" if names[1] == "D" else "gamma"
    known = {_slope(view, s): s for s in supports}

    def at(slope: float) -> Support:
        if slope not in known:
            known[slope] = Support.of(crew.solve([multipliers(crew.problem, np.array([1.0, slope]) @ view)])[0])
        return known[slope]

    def end(inside: float, outside: float, point: Array) -> float:
        """Where the point stops being optimal, to 1e-6 relative."""
        while abs(outside - inside) > 1e-6 * max(inside, outside):
            middle = 0.5 * (inside + outside) if math.isfinite(outside) else 2 * inside + 1
            if _same(view, at(middle), point):
                inside = middle
            else:
                outside = middle
            if middle > 1e9:
                return math.inf
        return inside

    out = []
    done: list[Array] = []
    for s in supports:
        point = view @ s.point
        if not _corner(s.optimum) or any(np.abs(point - p).max() < 1e-6 for p in done):
            continue
        done.append(point)
        slopes = sorted(known)
        same = [g for g in slopes if _same(view, known[g], point)]
        if same == [math.inf]:
            top = max([g for g in slopes if math.isfinite(g)])
            probe = 4 * top + 4
            if not _same(view, at(probe), point):
                continue
            same = [probe, math.inf]
        low, high = same[0], same[-1]
        before = [g for g in slopes if g < low]
        after = [g for g in slopes if g > high]
        low = end(low, before[-1], point) if before else low
        high = end(high, after[0], point) if after and math.isfinite(high) else high
        if high - low > 1e-5 * max(1.0, low):
            out.append(Kink(name, low, high, dict(zip(names, point.tolist(), strict=True))))
    return tuple(out)


def _same(view: Array, s: Support, point: Array) -> bool:
    return bool(np.abs(view @ s.point - point).max() < 1e-6)


def _corner(optimum: Optimum) -> bool:
    """Whether the witness is a hard code that stays one while multipliers move.

    Codes of positive weight take part in p(z|w) of every letter w that they do not exclude by a decoder's 0, at any
    finite multiplier; so each letter must be excluded by every code but its own.
    """
    witness = optimum.witness
    if isinstance(optimum.problem, EncoderProblem):
        used = np.asarray(optimum.problem.cells, dtype=float) > 0
        name = "z_given_x" if "z_given_x" in witness else "z_given_x_theta"
        encoder = witness[name].reshape(*used.shape[:2], -1)
        met = np.asarray(used.any(axis=2))
        if (encoder.max(axis=2)[met] < HARD).any():
            return False
        codes = np.eye(encoder.shape[2], dtype=bool)[encoder.argmax(axis=2)] & met[:, :, None]  # [x, theta, z]
        y_of_z: Array = np.einsum("xtz,xty->zy", codes, used)
        excluded: Array = np.einsum("xty,zy->xtz", used, ~y_of_z)
        if optimum.multipliers["delta"] > 0:
            excluded |= ~codes.any(axis=1)[:, None, :]
        return bool((excluded | codes | ~met[:, :, None]).all())
    given = witness["theta_given_type"]
    if (given.max(axis=1) < HARD).any():
        return False
    counts = np.array([c for c, _ in optimum.problem.types]) > 0
    codes = np.eye(given.shape[1], dtype=bool)[given.argmax(axis=1)]
    letters: Array = np.einsum("tz,tj->zj", codes, counts)
    zero = ~letters
    if isinstance(optimum.problem, DiscriminativeProblem):  # where a code has met no x, q(y|x) excludes nothing
        shape = (len(letters), *optimum.problem.shape)
        zero &= np.broadcast_to(letters.reshape(shape).any(axis=2, keepdims=True), shape).reshape(len(letters), -1)
    excluded = np.einsum("tj,zj->tz", counts, zero)
    return bool((excluded | codes).all())


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
