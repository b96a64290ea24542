"""minimize_joint: a two-sided optimum of a JointProblem with few thetas, by relaxations (nats).

    value (of the witness's tables)  >=  min  >=  lower_bound (the best of below.py's and Shannon's)

The gap is closed at sigma = 0 where z_size suffices (by branch and bound over rules where theta_size is small), at
theta_size = 1, where sigma is so large that a constant Theta is best, and where Shannon's bound is achieved. Between it
may stay open, and the status says so; the minimum is concave in sigma, so that chords between bounds help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from flint import arb

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.below import Bound, bounds, partitioned, relaxed
from therml_exact.frontier.joint.check_relaxations import FORMAT, VERSION, bound_in_balls
from therml_exact.frontier.joint.functionals import functionals_in_balls, objective_of
from therml_exact.frontier.joint.optimum import JointOptimum
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.joint.relaxations import relaxation
from therml_exact.frontier.mixture.path import minimize_mixture
from therml_exact.numbers.balls import precision, rounded, settled
from therml_exact.numbers.tables import Array
from therml_exact.verification import BITS, Clock

SEED = 20180711
_OTHERS = tuple(Fraction(2) ** k for k in (-2, -1, 1, 2, 3))  # sigmas near one whose gap is open


def minimize_joint(
    problem: JointProblem, at: Mapping[str, Fraction], tol: float, max_cells: int, time_limit: float
) -> JointOptimum:
    """The optimum between what alternation finds and the best lower bound; time_limit is that of each relaxation."""
    if not (tol > 0 and math.isfinite(tol)):
        raise ValueError(f"tol is {tol!r}; a tolerance is a positive number of nats")
    found = {bound.kind: bound for bound in bounds(problem, at, tol, max_cells, time_limit)}
    best = max(found.values(), key=lambda bound: bound.lower_bound)
    starts = _encoders(problem, at, found, tol, max_cells, time_limit)
    rule, encoder, balls, value = _above(problem, at, starts)
    if at["sigma"] == 0 and 1 < problem.thetas < len(problem.types) and value - best.lower_bound > tol:
        bound, by_type = partitioned(problem, at, value, tol, max_cells, time_limit)
        found[bound.kind] = bound
        best = max(best, bound, key=lambda bound: bound.lower_bound)
        rule, encoder, balls, value = _above(problem, at, [*starts, by_type])
    if at["sigma"] and value - best.lower_bound > tol:
        bound = _chord(problem, at, best, tol, max_cells, time_limit)
        found[bound.kind] = bound
        best = max(best, bound, key=lambda bound: bound.lower_bound)
    lowers = {kind: bound.lower_bound for kind, bound in found.items()}
    return _optimum(problem, at, tol, (rule, encoder, balls, value), lowers, best)


def minimize_types(
    problem: JointProblem, at: Mapping[str, Fraction], given: tuple[Array, Array], tol: float, max_cells: int,
    time_limit: float,
) -> JointOptimum:  # fmt: skip
    """The optimum between the encoder problem of (X, T, Y) and its own encoder, or the given tables."""
    bound = relaxed(problem, at, "types", tol, max_cells, time_limit)
    if bound.optimum is None:
        raise ValueError("the relaxation by types has no optimum")
    own = bound.optimum.encoder
    found = [given]
    if own.shape[-1] <= problem.z_size:
        found.append(alternation.pruned(np.eye(len(problem.types)), own, *problem.floats))
    floats = {name: float(m) for name, m in at.items()}
    rule, encoder = min(found, key=lambda pair: float(alternation.objective(problem, floats, *pair)))
    with precision(BITS):
        balls = functionals_in_balls(problem, rule, encoder)
        value = rounded(objective_of(balls, at), up=True)
    return _optimum(problem, at, tol, (rule, encoder, balls, value), {"types": bound.lower_bound}, bound)


def _optimum(
    problem: JointProblem,
    at: Mapping[str, Fraction],
    tol: float,
    above: tuple[Array, Array, dict[str, arb], float],
    lowers: dict[str, float],
    best: Bound,
) -> JointOptimum:
    rule, encoder, balls, value = above
    floats = {name: float(m) for name, m in at.items()}
    point = {name: max(float(amount.mid()), 0.0) for name, amount in balls.items()}
    reason = "closed" if value - best.lower_bound <= tol else "bounds"
    header = {"format": FORMAT, "version": VERSION}
    return JointOptimum(
        problem, floats, value, best.lower_bound, tol, point, rule, encoder, lowers, reason, 0, dict(at), header,
        lambda: best.content,
    )  # fmt: skip


def _chord(
    problem: JointProblem, at: Mapping[str, Fraction], here: Bound, tol: float, max_cells: int, time_limit: float
) -> Bound:
    """The best bound at sigma of a chord between bounds at smaller and at larger ones."""
    sigma = at["sigma"]
    without = minimize_joint(problem, {**at, "sigma": Fraction(0)}, tol, max_cells, time_limit)
    known = {sigma: here, Fraction(0): Bound("", without.lower_bound, without._proof())}
    for k in _OTHERS:
        other = bounds(problem, {**at, "sigma": sigma * k}, tol, max_cells, time_limit)
        known[sigma * k] = max(other, key=lambda bound: bound.lower_bound)

    def weight(low: Fraction, high: Fraction) -> Fraction:
        return (sigma - low) / (high - low)

    def height(pair: tuple[Fraction, Fraction]) -> float:
        w = float(weight(*pair))
        return (1 - w) * known[pair[0]].lower_bound + w * known[pair[1]].lower_bound

    pairs = [(low, high) for low in known for high in known if low < sigma <= high]
    low, high = max(pairs, key=height)
    w = weight(low, high)
    content = {
        "kind": "chord",
        "parts": [
            {"weight": str(v), "sigma": str(s), "bound": dict(known[s].content)} for v, s in ((1 - w, low), (w, high))
        ],
    }
    with precision(BITS):
        return Bound("chord", rounded(bound_in_balls(problem, at, content, Clock(None)), up=False), content)


def _above(
    problem: JointProblem, at: Mapping[str, Fraction], starts: list[Array]
) -> tuple[Array, Array, dict[str, arb], float]:
    """The best tables, their functionals and value in balls, rounded up."""
    floats = {name: float(m) for name, m in at.items()}
    rule, encoder = alternation.pruned(*alternation.best_tables(problem, floats, starts, SEED), *problem.floats)
    with precision(BITS):
        balls = settled(lambda: functionals_in_balls(problem, rule, encoder))
        return rule, encoder, balls, rounded(objective_of(balls, at), up=True)


def _encoders(
    problem: JointProblem,
    at: Mapping[str, Fraction],
    found: Mapping[str, Bound],
    tol: float,
    max_cells: int,
    time_limit: float,
) -> list[Array]:
    """Encoders p(z|x,t) to start from: Z = X, a constant Z, the relaxation's, and the best with a constant Theta."""
    letters, (nx, _) = len(problem.types), problem.shape
    tables = [np.eye(nx)[:, None, :].repeat(letters, axis=1), np.ones((nx, letters, 1))]
    if "types" in found and (optimum := found["types"].optimum) is not None:
        tables.append(optimum.encoder)
    single = JointProblem(problem.phi, problem.x_given_phi, problem.y_given_x_phi, problem.n, 1, problem.z_size)
    relaxed, multipliers, _, _ = relaxation(single, at, "constant")
    optimum = minimize_mixture(relaxed, multipliers, Budget(tol, max_cells, time_limit))
    tables.append(optimum.encoder.reshape(nx, 1, -1).repeat(letters, axis=1))
    return tables
