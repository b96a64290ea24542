"""From above: rules and dictionaries that achieve a value, by minimising all five distributions in turn (nats).

With m given, the tangent b of the concave part bounds it from above; the best rule and encoders at slope b, a convex
problem that is solved globally, have a value no larger than before:

    W(m') + N Phi(m') <= W(m') + N b.m' <= W(m) + N b.m = W(m) + N Phi(m),      m' = argmin of W + N b.

The value falls until m no longer changes: a local minimum, of which nothing is proved.
"""

from __future__ import annotations

import numpy as np

from therml_exact.frontier.joint.cuts import Cut, solve
from therml_exact.frontier.joint.instance import Instance

STEPS = 200
STILL = 1e-13  # gain of a step, relative to 1 + |value|, at which it ends
_TOL = 1e-10  # of the inner problems
_STARTS = 24


def descend(inst: Instance, cut: Cut, steps: int = STEPS) -> Cut:
    """The last of at most `steps` steps from a cut's place."""
    for _ in range(steps):
        after = solve(inst, inst.gradient(cut.place), cut.encoders, _TOL)
        gain = cut.reached - after.reached
        if gain > 0:
            cut = after
        if gain <= STILL * (1 + abs(cut.reached)):
            break
    return cut


def best_start(inst: Instance, points: np.ndarray, seed: int) -> Cut:
    """The best of descents from pseudo-random mixtures of the domain's vertices."""
    rng = np.random.default_rng(seed)
    best: Cut | None = None
    start = np.full((1, inst.nx, inst.nz), 1.0 / inst.nz)
    for _ in range(_STARTS):
        share = rng.dirichlet(np.full(len(points), 0.3))
        cut = solve(inst, inst.gradient(share @ points), start, _TOL)
        cut = descend(inst, cut, 30)
        if best is None or cut.reached < best.reached - 1e-13 * (1 + abs(best.reached)):
            best = cut
    assert best is not None
    return descend(inst, best)
