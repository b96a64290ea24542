"""What floats may have lost: the named margins between a float value and the exact value of its witness (nats).

A witness's value is a sum of terms computed in floats. Rounded up by ROUNDING times its size it is at least the exact
value, which a checker computes in balls; so a certificate claims the rounded value, and a status counts the margin.

Errors: none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ROUNDING = 2e-13  # relative to |value| + 1
PER_MULTIPLIER = 0.02  # of a nat for each unit of the multipliers: functionals of small value have errors of their own


def rounded_up_by(value: float, weight: float) -> float:
    """A float value of a witness, and what its rounding may have lost; weight is the sum of the multipliers."""
    return value + ROUNDING * (abs(value) + 1 + PER_MULTIPLIER * weight)


def rounded_up(value: float, multipliers: Mapping[str, Any]) -> float:
    """The same for multipliers by name; infinite ones do not count."""
    return rounded_up_by(value, math.fsum(float(m) for m in multipliers.values() if m != math.inf))


def status(value: float, lower_bound: float, tol: float, multipliers: Mapping[str, Any]) -> str:
    """Whether it is "certified" (the gap, rounding included, is within the tolerance) or "open"."""
    return "certified" if rounded_up(value, multipliers) - lower_bound <= tol else "open"
