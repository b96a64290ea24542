"""Certified curves against embo's uncertified ones: 100 points each, one process, one thread."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import therml_exact as tx
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.path import minimize_path
from validation.benchmarks.timing import Row, faster

SHAPES = {(2, 2): 3, (5, 3): 3, (3, 3): 3, (30, 2): 3, (4, 4): None}
POINTS = 100
TOL = 1e-9


def joint(shape: tuple[int, int]) -> NDArray[np.float64]:
    p = np.random.default_rng(sum(shape)).dirichlet(np.ones(shape[0] * shape[1])).reshape(shape)
    return p / p.sum()


def curve(problem: tx.EncoderProblem) -> list[tx.Optimum]:
    """Gammas from 1.05 to 30, the gaps all certified."""
    path = [{"gamma": float(gamma)} for gamma in np.geomspace(1.05, 30, POINTS)]
    optima = list(minimize_path(problem, path, Budget(TOL, 2_000_000, 60.0)))
    assert all(o.status == "certified" for o in optima)
    return optima


def rows() -> Iterator[Row]:
    kernel, peer = "frontier, 100 certified points", "embo, 100 uncertified points"
    if importlib.util.find_spec("embo") is None:
        yield Row(kernel, "", peer, 0, None, None, ">= 3", None, "embo is not installed")
        return
    import embo

    for shape, at_least in SHAPES.items():
        p = joint(shape)
        problem = tx.EncoderProblem(tx.Joint(p, ("X", "Y")))

        def theirs(p: NDArray[np.float64] = p) -> Any:
            return embo.InformationBottleneck(pxy=p.copy(), numbeta=POINTS).get_bottleneck()

        size = f"{shape[0]}x{shape[1]}"
        yield faster(kernel, size, peer, lambda problem=problem: curve(problem), theirs, at_least)
