"""The first law, the multipliers as slopes, and the susceptibilities of an equilibrium (nats).

First law (29): along equilibria dR = -gamma dC - delta dD - sigma dS. Between two neighbours the trapezoid rule gives
Delta R + <gamma> Delta C + <delta> Delta D + <sigma> Delta S = O(distance^3).

Multipliers (28): gamma = -(dR/dC)_{D,S}, and so on: the slopes of R among neighbours are minus the multipliers. (The
text below (22) loses the sign.)

Mixed second derivatives (30): with D, C and S prescribed the family tabulates R(D,C,S) itself. Its second differences
are d2R/dCdD = -(d delta/dC)_{D,S} = -(d gamma/dD)_{C,S}.

Susceptibility (31): K = (dR/d sigma) with two more variables held, each D or delta, C or gamma. With D and C held
dR = -sigma dS, so that K_{D,C} = -sigma (dS/d sigma)_{D,C} = sigma/R_SS, R_SS the second derivative: its sign is that
of R's curvature in S. The paper's K_D does not say whether C or gamma is held; the four numbers differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.thermo.family import State
from therml_exact.thermo.potentials import PAIRS, Derivative


@dataclass(frozen=True)
class FirstLaw:
    """The first law (29) between two equilibria, in nats.

    change  Delta R
    work    -<gamma> Delta C - <delta> Delta D - <sigma> Delta S, with the multipliers averaged over the two
    defect  change less work: third order in the distance of the two
    """

    change: float
    work: float

    @property
    def defect(self) -> float:
        """The change less the work: third order in the distance."""
        return self.change - self.work

    def __str__(self) -> str:
        return f"dR = {self.change:.9g}, -γ dC - δ dD - σ dS = {self.work:.9g} (nats), defect {self.defect:.2g}"


def first_law(a: State, b: State) -> FirstLaw:
    """The first law dR = -gamma dC - delta dD - sigma dS (29) between two neighbouring equilibria.

    a, b: two states of one EquilibriumFamily. The multipliers are averaged over the two.
    Returns a FirstLaw in nats, whose defect is third order in their distance.
    Raises TypeError for what is no state; ValueError for states of different families.

    >>> import therml_exact as tx
    >>> x, y = [[0.7, 0.3], [0.2, 0.8]], [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.1, 0.9]]]
    >>> encoders = [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]], [[0.15, 0.85], [0.7, 0.3]]]
    >>> family = tx.EquilibriumFamily([0.4, 0.6], x, y, 2, encoders)
    >>> a = family.solve(delta=0.5, gamma=4, sigma=0.3)
    >>> law = tx.first_law(a, family.solve(a, delta=0.5, gamma=4.01, sigma=0.3))
    >>> round(law.change, 7), round(law.work, 7), abs(law.defect) < 1e-8
    (-9.99e-05, -9.99e-05, True)
    """
    for name, state in (("a", a), ("b", b)):
        if not isinstance(state, State):
            raise TypeError(f"{name} is a {type(state).__name__}; give what EquilibriumFamily.solve returns")
    if not a.family.same_as(b.family):
        raise ValueError("a and b are states of different families; the first law compares neighbours on one branch")
    work = -sum(
        (a.multipliers[m] + b.multipliers[m]) / 2 * (getattr(b, name) - getattr(a, name)) for name, m in PAIRS.items()
    )
    return FirstLaw(b.R - a.R, work)


def slopes(state: State, reach: float = 1e-3) -> dict[str, float]:
    """The delta, gamma, sigma (28) from neighbours alone: minus the slopes of R in D, C, S; error O(reach^2)."""
    state.check_smooth()
    rows, changes = [], []
    for name in PAIRS.values():
        ends = []
        for sign in (1, -1):
            target = dict(state.multipliers) | {name: state.multipliers[name] * (1 + sign * reach)}
            ends.append(state.family.solve(state, **target))
        rows.append([getattr(ends[0], f) - getattr(ends[1], f) for f in PAIRS])
        changes.append(ends[0].R - ends[1].R)
    found = -np.linalg.solve(np.array(rows), np.array(changes))
    return dict(zip(PAIRS.values(), found.tolist(), strict=True))


def rate_hessian(state: State) -> Array:
    """Second derivatives of R(D, C, S), rows and columns in this order, by implicit differentiation."""
    rows = [[-state.derivative(Derivative(PAIRS[a], b, _others(b))) for b in PAIRS] for a in PAIRS]
    return np.array(rows)


def mixed_difference(state: State, a: str, b: str, reach: float = 0.02) -> float:
    """The second derivative of R in two functionals, from values of R alone, re-solved with D, C, S prescribed (30).

    Four values at each of two steps, extrapolated: error O(reach^4).
    """
    hessian = rate_hessian(state)
    # A step that changes the multipliers by the share `reach`.
    size = {f: reach * state.sigma / max(abs(hessian[:, k])) for k, f in enumerate(PAIRS)}
    here = {name: getattr(state, name) for name in PAIRS}

    def rate(i: float, j: float) -> float:
        shifted = dict(here)
        shifted[a] += i * size[a]
        shifted[b] += j * size[b]
        return state.family.solve(state, **shifted).R

    def second(h: float) -> float:
        if a == b:
            return (rate(h, 0) - 2 * state.R + rate(-h, 0)) / (h * size[a]) ** 2
        signs = product((1, -1), repeat=2)
        return sum(i * j * rate(i * h, j * h) for i, j in signs) / (4 * h * h * size[a] * size[b])

    return (4 * second(0.5) - second(1.0)) / 3


@dataclass(frozen=True)
class Susceptibilities:
    """The four readings of the susceptibility K_D (31), in nats.

    values                dR/d sigma by the pair of variables held: one of "D", "delta" and one of "C", "gamma"
    sigma_over_curvature  sigma/R_SS, R_SS the second derivative of R in S: equal to the value with D and C held
    """

    values: Mapping[tuple[str, str], float]
    sigma_over_curvature: float

    def __str__(self) -> str:
        rows = [f"K_{{{a},{b}}} = {value:.6g}" for (a, b), value in self.values.items()]
        return f"{', '.join(rows)}, σ/R_SS = {self.sigma_over_curvature:.6g} (nats)"


def susceptibilities(state: State) -> Susceptibilities:
    """The susceptibility dR/d sigma with two more variables held (31), in all four readings.

    state: a state of an EquilibriumFamily. Returns Susceptibilities in nats, found by implicit differentiation.
    Raises TypeError for what is no state; NotSmoothError at a kink, and where a variable cannot vary.

    >>> import therml_exact as tx
    >>> x, y = [[0.7, 0.3], [0.2, 0.8]], [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.1, 0.9]]]
    >>> encoders = [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]], [[0.15, 0.85], [0.7, 0.3]]]
    >>> family = tx.EquilibriumFamily([0.4, 0.6], x, y, 2, encoders)
    >>> told = tx.susceptibilities(family.solve(delta=0.5, gamma=4, sigma=0.3))
    >>> round(told.values["delta", "gamma"], 5), round(told.values["D", "gamma"], 5)
    (0.0794, 0.01803)
    """
    if not isinstance(state, State):
        raise TypeError(f"state is a {type(state).__name__}; give what EquilibriumFamily.solve returns")
    values = {
        held: state.derivative(Derivative("R", "sigma", held)) for held in product(("D", "delta"), ("C", "gamma"))
    }
    curvature = -state.derivative(Derivative("sigma", "S", ("D", "C")))
    return Susceptibilities(values, state.sigma / curvature)


def _others(name: str) -> tuple[str, str]:
    a, b = (f for f in PAIRS if f != name)
    return a, b
