"""The sheets of a frontier, by the sandwich algorithm or for given multipliers (nats).

The achieved points span the inner polytope, and the lower bounds of their optima cut out the outer one (polytopes.py).
Each round looks for the facets of the inner polytope that lie farther than the tolerance above the outer one, and
solves an optimum in the direction of each. So the multipliers are chosen where the frontier bends. Lists of multipliers
that the caller gives are solved as they are.

    problem, lists given                 sheets (frontier.py)
    encoder, Theta trivial               (R, C), deltas = [0]: here D = H(X) - R, and delta only rescales gamma
    encoder, deltas                      (R + delta D, C) for each delta
    encoder, gammas and no deltas        Theta not trivial: (R + gamma C, D) for each gamma
    encoder, neither                     Theta not trivial: the surface in (R, D, C)
    encoder, volume=True                 (V, C), V = R + D - H(X): Appendix A for a fixed learning rule
    Bayes, discriminative                (S, U)

Errors: those of `trace`.
Source: G. Rote (1992) for the sandwich; N. Tishby, F. Pereira, W. Bialek (1999); the paper's section 3, App. A-C.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from therml_exact.frontier.curve.crew import Crew, counter, key
from therml_exact.frontier.curve.frontier import Frontier, Sheet
from therml_exact.frontier.curve.half_spaces import Support
from therml_exact.frontier.curve.journal import Journal
from therml_exact.frontier.curve.polytopes import prepare
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.curve.sandwich import open_steps, slope
from therml_exact.frontier.curve.views import SAMPLES, SURFACE, VOLUME, Shape, distortion, plane
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.numbers.given import Number

Array = np.ndarray[Any, Any]
TOL = 1e-9  # nats: of an optimum, at most


def trace_mixture(problem: Problem, asked: Request) -> Frontier:
    """The frontier of an encoder, Bayes or discriminative problem, for a checked request."""
    lists = {
        name: None if given is None else _read(problem, name, given)
        for name, given in (("gamma", asked.gammas), ("delta", asked.deltas), ("sigma", asked.sigmas),
                            ("beta", asked.betas))
    }  # fmt: skip
    settings = {
        **{name: None if given is None else [v.hex() for v in given] for name, given in lists.items()},
        "tol": asked.tol.hex(),
        "volume": asked.volume,
    }
    limits = (float(asked.budget.count), asked.budget.seconds)
    journal = None if asked.checkpoint is None else Journal(asked.checkpoint, problem, settings, limits)
    try:
        with counter(asked.progress) as show:
            deadline = asked.starting_now()
            crew = Crew(problem, asked.budget.within(TOL), deadline, asked.executor, journal, show)
            sheets = tuple(
                _sheet(crew, shape, grid, asked.tol, asked.max_points)
                for shape, grid in _views(problem, lists, asked.volume)
            )
    finally:
        if journal is not None:
            journal.close()
    return Frontier(problem, sheets, asked.tol, asked.volume)


def _read(problem: Problem, name: str, given: Iterable[Number]) -> list[float]:
    """A list of multipliers, checked, sorted and without repetitions."""
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
    """The coordinates of each sheet, with the given values of its last multiplier, or None where they are chosen."""
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


def _sheet(crew: Crew, shape: Shape, grid: list[float] | None, tol: float, max_points: int) -> Sheet:
    """One sheet: the optima at the given multipliers, or those that the sandwich algorithm chooses."""
    matrix = np.array(shape.view)
    if grid is not None:
        found = crew.solve([crew.problem.direction(np.array([1.0, value]) @ matrix) for value in grid])
        supports = [Support.of(o) for o in found]
    else:
        supports = _sandwich(crew, matrix, tol, max_points)
    supports = sorted(supports, key=lambda s: key(s.optimum.multipliers))
    if len(shape.names) == 2:  # rho = 0 (beta = inf) is the far end
        supports.sort(key=lambda s: slope(matrix, s))
    optima = tuple(s.optimum for s in supports)
    return Sheet(shape.names, shape.view, dict(shape.fixed), optima, adaptive=grid is None)


def _sandwich(crew: Crew, view: Array, tol: float, max_points: int) -> list[Support]:
    """Optima until every facet of the inner polytope is within tol of the outer one, or there are max_points."""
    supports: list[Support] = []
    asked: set[tuple[float, ...]] = set()
    done: set[tuple[int, ...]] = set()
    wanted = list(np.eye(len(view)))
    while True:
        fresh = [m for m in (crew.problem.direction(a @ view) for a in wanted) if key(m) not in asked]
        fresh = list({key(m): m for m in fresh}.values())[: max(0, max_points - len(supports))]
        asked.update(key(m) for m in fresh)
        supports += [Support.of(o) for o in crew.solve(fresh, partial(prepare, len(view)))]
        found = open_steps(view, supports, tol, done)
        wanted = [np.array(f.normal) for f, _ in found]
        crew.told = f", inner and outer within {max([tol, *(step for _, step in found)]):.2g} nats"
        if not fresh or not wanted or crew.over:
            return supports
