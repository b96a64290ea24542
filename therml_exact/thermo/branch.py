"""A branch of equilibria: the default family, points on it, and where it stops being smooth. Nats.

A kink is where J's Hessian becomes singular along the branch: it ends (two equilibria meet and vanish) or splits.
Errors: ValueError for an unknown multiplier, NotSmoothError where the branch has no end.
"""

from __future__ import annotations

import numpy as np

from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.family import EquilibriumFamily, State
from therml_exact.thermo.potentials import MULTIPLIERS


def default_family() -> tuple[EquilibriumFamily, State]:
    """The family on which `therml maxwell` measures, and the equilibrium in its middle.

    N = 2 binary samples; a hidden bit turns the label round; three soft encoders copy x, flip it, or lean to one code.
    """
    family = EquilibriumFamily(
        [0.4, 0.6],
        [[0.4, 0.6], [0.45, 0.55]],
        [[[0.95, 0.05], [0.1, 0.9]], [[0.15, 0.85], [0.9, 0.1]]],
        2,
        [[[0.9, 0.1], [0.2, 0.8]], [[0.15, 0.85], [0.9, 0.1]], [[0.9, 0.1], [0.8, 0.2]]],
    )
    return family, family.solve(delta=0.5, gamma=2.1, sigma=0.3)


def branch_end(state: State, multiplier: str, toward: float, width: float = 1e-12) -> tuple[State, float]:
    """Where the branch stops being smooth as one multiplier goes `toward` a value: the last state, and a value beyond.

    Bisection on whether the branch can be followed with positive curvature, in steps of a fiftieth of the way or less:
    a split is stepped over where a smooth branch goes on behind it. The two multipliers are within `width`.
    """
    if multiplier not in MULTIPLIERS:
        raise ValueError(f"multiplier is {multiplier!r}; it is one of {', '.join(MULTIPLIERS)}")
    last, beyond = state, float(toward)
    step = (beyond - state.multipliers[multiplier]) / 50
    while abs(beyond - last.multipliers[multiplier]) > width:
        here = last.multipliers[multiplier]
        middle = here + step if abs(step) < abs(beyond - here) / 2 else (here + beyond) / 2
        try:
            found = last.family.newton(last.rule, last.multipliers, dict(last.multipliers) | {multiplier: middle})
            smooth = found.curvature > 0
        except NotSmoothError:
            smooth = False
        if smooth:
            last = found
        else:
            beyond = middle
        if middle == toward:
            break
    if beyond == toward:
        raise NotSmoothError(f"the branch stays smooth up to {multiplier} = {last.multipliers[multiplier]:.12g}")
    return last, beyond


def sample_states(
    family: EquilibriumFamily, middle: State, count: int, seed: int = 0, spread: float = 0.1
) -> list[State]:
    """Equilibria of one branch at `count` random multipliers, each within a factor 1 +- spread of the middle's."""
    rng = np.random.default_rng(seed)
    factors = 1 + spread * rng.uniform(-1, 1, size=(count, 3))
    return [
        family.solve(middle, **{m: middle.multipliers[m] * f for m, f in zip(MULTIPLIERS, row, strict=True)})
        for row in factors
    ]
