"""First-order transitions of the learning rule: where S jumps as sigma grows (nats).

    F(sigma) = min over rules of rho R + delta D + gamma C + sigma S

is concave, being a minimum of linear functions of sigma, and an optimal rule's S is a slope of it (28). Two locally
optimal rules exchange at the sigma where their values are equal; there S jumps down. Newton on the difference of the
values, whose derivative is the difference of the two S, finds it; a third rule that is better there replaces one of
the two.

*Certified.* With lo < s < hi, concavity gives for every optimal rule

    S >= (F(s) - F(lo)) / (s - lo)   at sigma <= lo,        S <= (F(hi) - F(s)) / (hi - s)   at sigma >= hi,

and certified bounds of F at the three points bound both sides. The width of [lo, hi] is `tol`; a drop that took place
smoothly inside it would be told apart by no computation.

Errors: ValueError where the interval is empty, or no drop of S is certified in it (S changes smoothly, or not at all).
Source: Alemi and Fischer, TherML (2018), section 6 and (28).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from therml_exact.frontier.learning_rule import LearningRuleProblem
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.rule_cells import Arrays
from therml_exact.frontier.rule_optimum import RuleOptimum, minimize_rule

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Jump:
    """S is at least `before` up to low and at most `after` from high on; the branches cross at sigma."""

    sigma: float
    low: float
    high: float
    before: float
    after: float
    points: tuple[dict[str, float], dict[str, float]]  # R, C, D, S of the two rules at the crossing
    optima: tuple[RuleOptimum, RuleOptimum, RuleOptimum] = field(repr=False)  # at low, sigma, high

    @property
    def drop(self) -> float:
        """The certified fall of S."""
        return self.before - self.after


def jump(
    problem: LearningRuleProblem,
    low: float,
    high: float,
    gamma: Any = 0,
    delta: Any = 0,
    rho: Any = 1,
    tol: float = 1e-6,
    time_limit: float = 60.0,
) -> Jump:
    """The sigma between low and high at which S falls most, certified within tol."""
    if not isinstance(problem, LearningRuleProblem):
        raise TypeError(f"problem is a {type(problem).__name__}; give a LearningRuleProblem")
    if not (0 < low < high < math.inf):
        raise ValueError(f"low is {low!r} and high {high!r}; give 0 < low < high")
    if not 1e-8 <= tol <= high - low:
        raise ValueError(f"tol is {tol!r}; it is at least 1e-8 and at most high - low")
    given = {"gamma": gamma, "delta": delta, "rho": rho}

    def optimum(sigma: float, gap: float) -> RuleOptimum:
        exact = read_multipliers(problem, {**given, "sigma": sigma})
        return minimize_rule(problem, exact, gap, 2_000_000, time_limit)

    arrays = Arrays(problem)
    first, last = optimum(low, 1e-8), optimum(high, 1e-8)
    left, right = first.witness["theta_given_type"], last.witness["theta_given_type"]
    weight = np.array([first.multipliers[m] for m in ("rho", "gamma", "delta", "sigma")])
    sigma = 0.5 * (low + high)
    for _ in range(20):
        sigma = _crossing(arrays, weight, left, right, low, high)
        middle = optimum(sigma, 1e-10)
        a, b = (_local(arrays, weight, sigma, rule) for rule in (left, right))
        if middle.value > min(a[0], b[0]) - 1e-9:
            break
        # A third rule: of the two changes take the larger.
        if a[1]["S"] - middle.point["S"] > middle.point["S"] - b[1]["S"]:
            right = middle.witness["theta_given_type"]
        else:
            left = middle.witness["theta_given_type"]
    lo, hi = sigma - 0.5 * tol, sigma + 0.5 * tol
    sides = optimum(lo, 1e-10), optimum(hi, 1e-10)
    before = (middle.lower_bound - sides[0]._claim) / (sigma - lo)
    after = (sides[1]._claim - middle.lower_bound) / (hi - sigma)
    if not (before > after and low <= lo and hi <= high):
        raise ValueError(
            f"no jump of S is certified between sigma = {low!r} and {high!r}: S goes from {first.point['S']:.6g} to "
            f"{last.point['S']:.6g} nats, near sigma = {sigma:.6g} by less than the certified bounds tell"
        )
    return Jump(sigma, lo, hi, before, after, (a[1], b[1]), (sides[0], middle, sides[1]))


def _local(arrays: Arrays, weight: Array, sigma: float, rule: Array) -> tuple[float, dict[str, float]]:
    """The value and R, C, D, S of the locally optimal rule that this one leads to."""
    from therml_exact.kernels import rule_cells as kernel

    start, m, point = rule.copy(), np.empty(arrays.width), np.empty(4)
    weight = np.array([*weight[:3], sigma])
    value = kernel.descend(*arrays.tables, weight, start.sum(axis=0) / len(start), start, m, point, 2000)
    return value, dict(zip(("R", "C", "D", "S"), point.tolist(), strict=True))


def _crossing(arrays: Arrays, weight: Array, left: Array, right: Array, low: float, high: float) -> float:
    """Where the two branches have one value; Newton inside the bracket, halving it where Newton leaves it."""
    sigma = 0.5 * (low + high)
    for _ in range(100):
        (a, left_point), (b, right_point) = (_local(arrays, weight, sigma, rule) for rule in (left, right))
        if a <= b:
            low = sigma
        else:
            high = sigma
        slope = left_point["S"] - right_point["S"]
        new = sigma - (a - b) / slope if slope > 0 else low
        new = new if low < new < high else 0.5 * (low + high)
        if abs(new - sigma) < 1e-13 * high:
            break
        sigma = new
    return sigma
