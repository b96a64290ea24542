"""What a proved lower bound says of a claimed point: exact arithmetic (nats).

    w.v >= bound for every achievable v,  w >= 0          w from the multipliers of the certificate

A point u that is claimed in the coordinates where w > 0 lies below that half-space if w.u < bound. Raised by t in every
coordinate it reaches the half-space at

    t = (bound - w.u) / |w|_1,

so that no less than t > 0 is missing. Multipliers are rationals and coordinates floats, which are rationals too.

Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def weights(multipliers: Mapping[str, Any]) -> dict[str, Fraction]:
    """The w of the functionals; beta may be infinite, which is U alone."""
    if "beta" in multipliers:
        if multipliers["beta"] == math.inf:
            return {"S": Fraction(0), "U": Fraction(1)}
        return {"S": Fraction(1), "U": Fraction(multipliers["beta"])}
    return {name: Fraction(multipliers[m]) for name, m in (("R", "rho"), ("D", "delta"), ("C", "gamma"))}


def missing(multipliers: Mapping[str, Any], bound: float, claimed: Mapping[str, float]) -> Fraction | None:
    """T, or None where a functional that is weighed is not claimed, or none is weighed."""
    used = {name: w for name, w in weights(multipliers).items() if w}
    if not used or not used.keys() <= claimed.keys():
        return None
    reached = sum((w * Fraction(claimed[name]) for name, w in used.items()), Fraction(0))
    return (Fraction(bound) - reached) / sum(used.values(), Fraction(0))


def rounded_down(value: Fraction) -> float:
    """The largest float that is not above."""
    near = float(value)
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)
