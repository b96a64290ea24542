"""The planes and the space in which a frontier is seen: coordinates that are sums of functionals (nats).

    problem                       coordinates              fixed
    encoder                       (R + delta D, C)         delta
    encoder                       (R + gamma C, D)         gamma
    encoder                       (R, D, C)
    encoder, volume               (V, C)                             V = R + D - H(X), Appendix A
    Bayes, discriminative         (S, U)

A view is a matrix [coordinate, functional] of weights >= 0 whose rows share no functional; the functionals are
(R, D, C) or (S, U). A direction a >= 0 of the coordinates is the direction w = a view of the functionals, and w gives
the multipliers of `minimize`.

Errors: none of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from therml_exact.frontier.problems.kinds import Problem


@dataclass(frozen=True)
class Shape:
    """The coordinates of a sheet.

    names   what the coordinates are called, such as ("R + 0.5 D", "C")
    view    the weights view[coordinate][functional], no unit
    fixed   the multiplier inside a coordinate, by name, no unit: {"delta": 0.5}; empty where there is none
    """

    names: tuple[str, ...]
    view: tuple[tuple[float, ...], ...]
    fixed: Mapping[str, float]

    def holds(self, multipliers: Mapping[str, float]) -> bool:
        """Whether the direction of these multipliers lies in the span of the coordinates."""
        if "beta" in multipliers:
            return True
        w = (multipliers["rho"], multipliers["delta"], multipliers["gamma"])
        if any(w[k] and not any(row[k] for row in self.view) for k in range(3)):
            return False
        for row in self.view:
            lead = next(k for k, v in enumerate(row) if v)
            if any(not math.isclose(v * w[lead], w[k] * row[lead], rel_tol=1e-12) for k, v in enumerate(row) if v):
                return False
        return True


def plane(delta: float) -> Shape:
    """The plane of (R + delta D, C)."""
    first = f"R + {delta:g} D" if delta else "R"
    return Shape((first, "C"), ((1.0, delta, 0.0), (0.0, 0.0, 1.0)), {"delta": delta})


def distortion(gamma: float) -> Shape:
    """The plane of (R + gamma C, D)."""
    first = f"R + {gamma:g} C" if gamma else "R"
    return Shape((first, "D"), ((1.0, 0.0, gamma), (0.0, 1.0, 0.0)), {"gamma": gamma})


SURFACE = Shape(("R", "D", "C"), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), {})
VOLUME = Shape(("V", "C"), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)), {})
SAMPLES = Shape(("S", "U"), ((1.0, 0.0), (0.0, 1.0)), {})


def shapes(problem: Problem, fixed: Mapping[str, float], volume: bool) -> tuple[Shape, ...]:
    """The coordinates that a sheet of the problem can have with these multipliers fixed; empty if there are none."""
    if problem.functionals == SAMPLES.names:
        return (SAMPLES,) if not fixed else ()
    if volume:
        return (VOLUME,) if not fixed else ()
    if set(fixed) == {"delta"}:
        return (plane(fixed["delta"]),)
    if set(fixed) == {"gamma"}:
        return (distortion(fixed["gamma"]),)
    return (SURFACE,) if not fixed else ()
