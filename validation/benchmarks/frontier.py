"""Certified curves against embo's uncertified ones: 100 points each, one process, one thread."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import therml_exact as tx
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.path import minimize_path
from validation.benchmarks.timing import Row, judge
from validation.peers.cpu import alternate as cpu_in_turn
from validation.peers.equal_work import curve as embo_curve
from validation.peers.equal_work import multipliers, without_pool

SHAPES = {(2, 2): None, (5, 3): 2, (3, 3): 2, (30, 2): 2, (4, 4): None}
POINTS = 100
TOL = 1e-9


def joint(shape: tuple[int, int]) -> NDArray[np.float64]:
    """A random joint whose codes pay early: rows concentrated by a diagonal, so that no curve is trivial."""
    rng = np.random.default_rng(sum(shape))
    p = rng.dirichlet(np.ones(shape[1]), size=shape[0]) + 2 * np.eye(shape[1])[np.arange(shape[0]) % shape[1]]
    return np.asarray(p / p.sum())


def curve(problem: tx.EncoderProblem, gammas: NDArray[np.float64]) -> list[tx.Optimum]:
    """The optima at these gammas, the gaps all certified."""
    optima = list(minimize_path(problem, [{"gamma": float(g)} for g in gammas], Budget(TOL, 2_000_000, 60.0)))
    if not all(o.status == "certified" for o in optima):
        raise RuntimeError("an optimum is open")
    return optima


def rows(short: bool = False) -> Iterator[Row]:
    """Embo at our multipliers (its beta times log 2), with its pool of processes and without; children are counted."""
    kernel, peer = "frontier, 100 certified points", "embo, 100 uncertified points"
    if short or importlib.util.find_spec("embo") is None:
        why = "the full mode times it" if short else "embo is not installed"
        yield Row(kernel, "", peer, 0, None, None, ">= 2", None, why)
        return
    import embo

    for shape, at_least in SHAPES.items():
        p = joint(shape)
        problem = tx.EncoderProblem(tx.Joint(p, ("X", "Y")))
        gammas = multipliers(problem, POINTS)
        size = f"{shape[0]}x{shape[1]}, gamma {gammas[0]:.3g} to {gammas[-1]:.3g}"
        ours = lambda problem=problem, gammas=gammas: curve(problem, gammas)  # noqa: E731
        theirs = lambda p=p, gammas=gammas: embo_curve(embo, p, gammas)  # noqa: E731
        mine, other = (1e-3 * ms for ms in cpu_in_turn(ours, theirs))
        yield judge(kernel, size, peer + ", its pool (CPU, children in)", mine, other, other / mine, ">=", None)
        with without_pool(embo):
            mine, other = (1e-3 * ms for ms in cpu_in_turn(ours, theirs))
        yield judge(kernel, size, peer + ", no pool (CPU)", mine, other, other / mine, ">=", at_least)
