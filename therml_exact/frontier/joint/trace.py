"""trace of a JointProblem: optima of one sigma share their cuts, and all of them their witnesses (nats).

    W(m) >= V(b) - N b.m        holds for every gamma and delta, with the same rho and sigma

The part of a cut that costs time, V(b) with its proof, knows of delta only whether m has a part p(z,x). So gammas and
deltas of one sigma are solved in order, as many as make a piece: the cuts that a proof rests on enter the next search,
and the witness is one of its starts. All of a sigma in one piece would save up to a quarter of the time, and leave one
worker with the piece that is dearest.

R, D, C, S of any tables give their value at all multipliers. When all is solved every optimum takes the best tables
that any of them has, so that none is beaten at its own multipliers by a neighbour's.

Errors: those of learning/trace.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve.request import Request
from therml_exact.frontier.joint.above import descend
from therml_exact.frontier.joint.cells import Search, leaves
from therml_exact.frontier.joint.cones import Cone
from therml_exact.frontier.joint.cuts import Cut, solve
from therml_exact.frontier.joint.instance import instance
from therml_exact.frontier.joint.minimize import minimize_free, optimum_of, search_cells, start
from therml_exact.frontier.joint.optimum import JointOptimum, reached, value_at
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.learning.frontier import RuleFrontier
from therml_exact.frontier.learning.trace import At, Work, solve_crossed

NEAR = 1e-9  # relative to 1 + |value|: floats tell values apart that differ by more
_TOL = 1e-10  # nats: of the inner problem that takes a witness to new multipliers


def trace_free(problem: JointProblem, asked: Request) -> RuleFrontier:
    """The optima for a checked request, each solved to min(tol, 1e-6)."""
    found, tol = solve_crossed(problem, asked, Work(_run, _solve, _write, _read))
    return RuleFrontier(problem, tuple(exchanged(found)), tol)


def _run(at: At) -> Any:
    """What optima have in common that share cuts."""
    return at["sigma"], at["delta"] > 0


def _solve(problem: JointProblem, piece: Sequence[At], budget: Budget, deadline: float) -> Iterator[JointOptimum]:
    """The optima of a piece, each from the cuts and the witness of the one before it."""
    cuts: list[Cut | Cone] = []
    best: Cut | None = None
    for at in piece:
        own = budget.until(deadline)
        if problem.theta_size is not None or at["sigma"] == 0 or problem.z_size == 1:
            yield minimize_free(problem, at, own)
            continue
        begun = start(problem, at)
        if best is not None:
            inst = instance(problem, at)
            moved = descend(inst, solve(inst, inst.gradient(best.place), best.encoders, _TOL))
            begun = min(begun, moved, key=lambda cut: cut.reached)
        state, reason = search_cells(problem, at, own.tol, own.count, own.seconds, begun, cuts)
        cuts, best = used(state), state.best
        yield optimum_of(problem, at, state, reason)


def used(state: Search) -> list[Cut | Cone]:
    """The cuts that a proof rests on, R, S >= 0 apart, which every search has."""
    named = {k for node in leaves(state) if node.edge < 0 for k, w in node.weights.items() if w}
    return [state.cuts[k] for k in sorted(named) if k]


def exchanged(optima: Sequence[JointOptimum]) -> list[JointOptimum]:
    """The optima, each with the best of all their tables; of equal ones its own, then the first."""
    if not optima:
        return []
    names = (("rho", "R"), ("gamma", "C"), ("delta", "D"), ("sigma", "S"))
    weights = np.array([[o.multipliers[m] for m, _ in names] for o in optima])
    points = np.array([[o.point[name] for _, name in names] for o in optima])
    balls = [reached(o.problem, o.rule, o.encoder) for o in optima]
    out = []
    for o, row in zip(optima, weights @ points.T, strict=True):
        best, value = o, o.value
        for k in np.flatnonzero(row < o.value + NEAR * (1 + abs(o.value))).tolist():
            other = value_at(balls[k], o._exact)
            if other < value:
                best, value = optima[k], other
        out.append(o if best is o else o.with_witness(best))
    return out


def _write(optimum: JointOptimum) -> dict[str, Any]:
    """An optimum as plain data."""
    own = {"reason": optimum.reason, "cells": optimum.cells, "bounds": optimum.bounds}
    return {**own, "certificate": optimum.certificate}


def _read(problem: JointProblem, content: Mapping[str, Any]) -> JointOptimum:
    """The optimum from what `_write` wrote."""
    found = JointOptimum.read(problem, content["certificate"], content["reason"])
    bounds = {str(name): float(v) for name, v in content["bounds"].items()}
    return replace(found, cells=int(content["cells"]), bounds=bounds)
