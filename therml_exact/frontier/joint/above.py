"""From above: rules and dictionaries that achieve a value, by minimising all five distributions in turn (nats).

With m given, the tangent b of the concave part bounds it from above; the best rule and encoders at slope b, a convex
problem that is solved globally, have a value no larger than before:

    W(m') + N Phi(m') <= W(m') + N b.m' <= W(m) + N b.m = W(m) + N Phi(m),      m' = argmin of W + N b.

The value falls until m no longer changes: a local minimum, of which nothing is proved.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from therml_exact.frontier.joint.cuts import Cut, solve
from therml_exact.frontier.joint.instance import Instance

STEPS = 200
STILL = 1e-13  # gain of a step, relative to 1 + |value|, at which it ends
_TOL = 1e-10  # of the inner problems at the end
_ROUGH = 1e-5  # and at first
_SHARE = 0.01  # of the last gain, to which they are solved between
_STARTS = 24
_FEW = 40  # types up to which all starts are made


def descend(inst: Instance, cut: Cut, steps: int = STEPS) -> Cut:
    """The last of at most `steps` steps from a cut's place."""
    tol = _ROUGH
    for _ in range(steps):
        after = solve(inst, inst.gradient(cut.place), cut.encoders, tol)
        gain = cut.reached - after.reached
        if gain > 0:
            cut = after
        if gain <= STILL * (1 + abs(cut.reached)):
            if tol <= _TOL:
                break
            gain = 0.0
        tol = min(max(_SHARE * gain, _TOL), _ROUGH)
    return cut


def best_start(inst: Instance, points: np.ndarray, seed: int) -> Cut:
    """The best of descents from pseudo-random mixtures of the domain's vertices, and from the best place at sigma = 0.

    At sigma = 0 a step is in closed form. There are fewer starts where there are many types.
    """
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(len(points), 0.3), size=_STARTS)
    places = list(shares @ points)
    start = np.full((1, inst.nx, inst.nz), 1.0 / inst.nz)
    if inst.sigma:
        hard = replace(inst, sigma=0.0)
        places = [_best(hard, places, start, 30).place, *places[: max(_STARTS * _FEW // len(inst.mass), 2)]]
    steps = 30 if len(inst.mass) <= 4 * _FEW else 6
    return descend(inst, _best(inst, places, start, steps))


def _best(inst: Instance, places: list[np.ndarray], start: np.ndarray, steps: int) -> Cut:
    """The best of descents from these places."""
    best: Cut | None = None
    for m in places:
        cut = descend(inst, solve(inst, inst.gradient(m), start, _ROUGH), steps)
        if best is None or cut.reached < best.reached - 1e-13 * (1 + abs(best.reached)):
            best = cut
    assert best is not None
    return best
