"""How far a proved lower bound puts a claimed point from every achievable one: exact arithmetic (nats).

    w.v >= bound for every achievable v,  w >= 0          w from the multipliers of the certificate

Let u be claimed in every coordinate where w > 0. If w.u < bound, u lies outside the half-space and is not achievable.
Raised by t in every coordinate it reaches the half-space at

    t = (bound - w.u) / |w|_1,

so that its coordinates must rise by at least t. Multipliers are rationals; coordinates are floats, so rationals too.

Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def weights(multipliers: Mapping[str, Any]) -> dict[str, Fraction]:
    """The weights w of the functionals, no unit; beta = inf stands for U alone."""
    if "beta" in multipliers:
        if multipliers["beta"] == math.inf:
            return {"S": Fraction(0), "U": Fraction(1)}
        return {"S": Fraction(1), "U": Fraction(multipliers["beta"])}
    return {name: Fraction(multipliers[m]) for name, m in (("R", "rho"), ("D", "delta"), ("C", "gamma"))}


def missing(multipliers: Mapping[str, Any], bound: float, claimed: Mapping[str, float]) -> Fraction | None:
    """The t above, nats; None where a functional with w > 0 is not claimed, or where w = 0."""
    used = {name: w for name, w in weights(multipliers).items() if w}
    if not used or not used.keys() <= claimed.keys():
        return None
    reached = sum((w * Fraction(claimed[name]) for name, w in used.items()), Fraction(0))
    return (Fraction(bound) - reached) / sum(used.values(), Fraction(0))


def rounded_down(value: Fraction) -> float:
    """The largest float that is at most `value`."""
    near = float(value)
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)
