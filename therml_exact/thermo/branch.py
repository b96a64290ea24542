"""A branch of equilibria: a family and a point on it, points nearby, and where it stops being smooth. Nats.

A kink is where J's Hessian becomes singular along the branch, which ends there (two equilibria meet and vanish) or
splits, or where an encoder gains or loses its share.
Errors: ValueError for an unknown multiplier, NotSmoothError where there is no smooth point, or the branch has no end.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from therml_exact.clock import now
from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.family import EquilibriumFamily, State
from therml_exact.thermo.potentials import MULTIPLIERS, Derivative
from therml_exact.worlds import WorldP

GAMMAS = (2.1, 5.0, 15.0)
SIGMAS = (0.3, 0.1, 0.03, 0.01, 0.003)
DELTA = 0.5
_CLEAR = 0.02  # curvature, and 1 - alpha of encoders left out, of a point that is clear of kinks


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


def family_of(world: WorldP) -> EquilibriumFamily:
    """The family of a world's process and encoders, whose entries are all > 0; the world's own rule plays no part."""
    if not isinstance(world, WorldP):
        raise TypeError(f"world is a {type(world).__name__}; a family is that of a WorldP")
    encoders = world.z_given_x_theta.astype(np.float64).transpose(1, 0, 2)
    return EquilibriumFamily(world.phi, world.x_given_phi, world.y_given_x_phi, world.n, encoders)


def find_state(family: EquilibriumFamily, time_limit: float = 10.0) -> State:
    """A smooth equilibrium on which D, C and S vary: the first clear of kinks of GAMMAS x SIGMAS at delta = DELTA.

    Where none is clear, the smooth one of largest curvature; NotSmoothError with the commonest reason where none is.
    """
    deadline = now() + time_limit
    found: list[State] = []
    reasons: list[str] = []
    for gamma, sigma in product(GAMMAS, SIGMAS):
        left = deadline - now()
        if left < 0:
            reasons.append(f"the time of {time_limit:g} s was up")
            break
        try:
            state = family.solve(time_limit=left, delta=DELTA, gamma=gamma, sigma=sigma)
            for name, held in (("D", ("C", "S")), ("C", ("D", "S")), ("S", ("D", "C"))):
                state.tangent(Derivative("R", name, held))  # each can vary with the others held
        except NotSmoothError as reason:
            reasons.append(str(reason))
            continue
        if state.curvature > _CLEAR and state.entering < -_CLEAR:
            return state
        found.append(state)
    if found:
        return max(found, key=lambda state: min(state.curvature, -state.entering))
    told = max(dict.fromkeys(reasons), key=reasons.count)
    raise NotSmoothError(f"at none of {len(reasons)} multipliers tried is there a smooth equilibrium: {told}")


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
        found = _next(last, multiplier, middle)
        if found is not None:
            last = found
        else:
            beyond = middle
        if middle in (here, toward):
            break
    if beyond == toward:
        raise NotSmoothError(f"the branch stays smooth up to {multiplier} = {last.multipliers[multiplier]:.12g}")
    return last, beyond


def _next(last: State, multiplier: str, value: float) -> State | None:
    """The branch's state at a value of the multiplier, if it is reached and is a strict minimum there."""
    try:
        found = last.family.newton(last.rule, last.multipliers, dict(last.multipliers) | {multiplier: value})
    except NotSmoothError:
        return None
    return found if found.curvature > 0 and found.entering < 0 else None


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
