"""minimize for a JointProblem: everything free, two-sided (nats).

theta_size = None (no limit): at sigma = 0 and rho > 0 the encoder problem of (X, T, Y), which is convex, is tried
first: it is exact where its optimum has at most z_size codes. Otherwise, and everywhere else, cells of m (cells.py)
with a witness from alternation (above.py). theta_size given: the relaxations of limited.py, and where they
leave a gap and m has few coordinates the cells too: their bound holds for every theta_size, but the witness keeps to
it, so that a gap may stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.above import best_start
from therml_exact.frontier.joint.cells import Search, lower_bound, search
from therml_exact.frontier.joint.certificate import FORMAT, claim
from therml_exact.frontier.joint.cones import Cone
from therml_exact.frontier.joint.cuts import Cut
from therml_exact.frontier.joint.instance import Instance, domain_of, instance
from therml_exact.frontier.joint.optimum import JointOptimum, point_of, reached, value_at
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.numbers.tables import Array

SEED = 20180711
FEW = 3  # coordinates of m for which cells are tried beside the relaxations
_SHARE = 0.25  # of the time, for the relaxation at sigma = 0


def minimize_free(problem: JointProblem, given: Mapping[str, Any], budget: Budget) -> JointOptimum:
    """The optimum of a joint problem, from the caller's multipliers."""
    at = read_multipliers(problem, given)
    tol, max_cells, time_limit = budget.tol, budget.count, budget.seconds
    from therml_exact.frontier.joint.limited import minimize_joint, minimize_types

    if problem.theta_size is None:
        best = start(problem, at)
        if at["sigma"] == 0 and at["rho"] > 0 and problem.z_size > 1:
            found = minimize_types(problem, at, tables(problem, best), tol, max_cells, _SHARE * time_limit)
            if found.status == "certified":
                return found
            time_limit *= 1 - _SHARE
        return minimize_cells(problem, at, tol, max_cells, time_limit, best)
    found = minimize_joint(problem, at, tol, max_cells, time_limit)
    free = (problem.z_size - 1) * (problem.shape[1] + (problem.shape[0] - 1 if at["delta"] else 0))
    if found.status == "certified" or problem.theta_size == 1 or free > FEW:
        return found
    cells = minimize_cells(problem, at, tol, max_cells, time_limit, start(problem, at))
    return _joined(found, cells)


def _joined(found: JointOptimum, cells: JointOptimum) -> JointOptimum:
    """The better witness and the better bound of two optima of one problem."""
    bounds = {**found.bounds, **cells.bounds}
    best = cells if cells.lower_bound > found.lower_bound else found
    held = cells.problem.theta_size
    assert held is not None
    above = cells if cells.value < found.value and cells.rule.shape[1] <= held else found
    reason = "closed" if above.value - best.lower_bound <= found.tol else best.reason
    return replace(best, value=above.value, point=above.point, rule=above.rule, encoder=above.encoder, bounds=bounds,
                   reason=reason)  # fmt: skip


def start(problem: JointProblem, at: Mapping[str, Fraction]) -> Cut:
    """The best witness that alternation finds."""
    inst = instance(problem, at)
    if inst.nz == 1:
        return constant(inst)
    return best_start(inst, np.array([[float(v) for v in point] for point in domain_of(problem, at).points]), SEED)


def minimize_cells(
    problem: JointProblem,
    at: Mapping[str, Fraction],
    tol: float,
    max_cells: int,
    time_limit: float,
    best: Cut,
    cuts: Sequence[Cut | Cone] = (),
) -> JointOptimum:
    """The optimum by cells of m, from a witness.

    cuts: those of other multipliers with the same rho and sigma (and delta > 0, or not) hold here too.
    """
    return optimum_of(problem, at, *search_cells(problem, at, tol, max_cells, time_limit, best, cuts))


def search_cells(
    problem: JointProblem,
    at: Mapping[str, Fraction],
    tol: float,
    max_cells: int,
    time_limit: float,
    best: Cut,
    cuts: Sequence[Cut | Cone] = (),
) -> tuple[Search, str]:
    """The search of `minimize_cells`, and why it ended."""
    deadline = now() + time_limit
    state = Search(instance(problem, at), domain_of(problem, at), best, tol, [])
    for cut in cuts:
        state.enter(cut, cut.value, cut.kind)
    return state, search(state, max_cells, deadline)


def optimum_of(problem: JointProblem, at: Mapping[str, Fraction], state: Search, reason: str) -> JointOptimum:
    """What a search has found."""
    lower, tol = max(lower_bound(state), 0.0), state.tol
    rule, encoder = tables(problem, state.best)
    balls = reached(problem, rule, encoder)
    value = value_at(balls, at)
    if problem.theta_size is None or rule.shape[1] <= problem.theta_size:
        lower = min(lower, value)
    if reason == "closed" and value - lower > tol:
        reason = "rounding"
    floats = {name: float(m) for name, m in at.items()}
    return JointOptimum(
        problem, floats, value, lower, tol, point_of(balls), rule, encoder, {"cells": lower}, reason, len(state.nodes),
        dict(at), {"format": FORMAT}, lambda: claim(state),
    )  # fmt: skip


def constant(inst: Instance) -> Cut:
    """A constant Theta and a constant Z."""
    place = inst.place(inst.mass[:, None], np.ones((1, inst.nx, 1)))
    e, rule = np.ones((1, inst.nx, 1)), np.ones((len(inst.mass), 1))
    return Cut(
        np.zeros(inst.width), -math.inf, None, b"", np.ones(1), rule, e, place, inst.n * float(inst.concave(place))
    )


def tables(problem: JointProblem, cut: Cut) -> tuple[Array, Array]:
    """The rule[t, theta] and encoder[x, theta, z] of a cut's atoms, equal thetas merged and idle letters left out."""
    rule, encoders = cut.rule, cut.encoders
    if not len(encoders):
        raise ValueError("a cut without atoms")
    kept: list[int] = []
    of = np.empty(len(encoders), dtype=int)
    for a, e in enumerate(encoders):
        same = next((k for k, b in enumerate(kept) if np.abs(encoders[b] - e).max() < 1e-9), None)
        if same is None:
            same = len(kept)
            kept.append(a)
        of[a] = same
    merged = np.zeros((len(rule), len(kept)))
    for a, k in enumerate(of):
        merged[:, k] += rule[:, a]
    counts, mass = problem.floats
    return alternation.pruned(merged, np.ascontiguousarray(encoders[kept].transpose(1, 0, 2)), counts, mass)
