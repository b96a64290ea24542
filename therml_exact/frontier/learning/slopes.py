"""What three certificates prove of S: slopes of the concave minimum (nats).

    F(sigma) = min of rho R + delta D + gamma C + sigma S

is concave in sigma, with S as its slope. For sigma_1 < sigma_2 < sigma_3 every optimum at sigma <= sigma_1 has
S >= (F_2 - F_1)/(sigma_2 - sigma_1), and at sigma >= sigma_3 S <= (F_3 - F_2)/(sigma_3 - sigma_2). F_2 is at least its
lower bound, F_1 and F_3 are at most their values.

Errors: those of the readers of numbers.
Source: Alemi and Fischer, TherML (2018), (28).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from therml_exact.frontier.curve.exclusion import rounded_down
from therml_exact.numbers.text import read_exact, read_hexadecimal


def proved_slopes(certificates: Sequence[Mapping[str, Any]]) -> tuple[Fraction, Fraction]:
    """What certificates at three sigmas, in order, prove of S: (at least before, at most after), nats."""
    at = [read_exact(c["multipliers"]["sigma"]) for c in certificates]
    first, bound, last = (
        Fraction(read_hexadecimal(c[name]))
        for c, name in zip(certificates, ("value", "lower_bound", "value"), strict=True)
    )
    return (bound - first) / (at[1] - at[0]), (last - bound) / (at[2] - at[1])


def jump_content(certificates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A jump of S as plain data: S is at least `before` up to the first sigma, at most `after` from the last on."""
    before, after = proved_slopes(certificates)
    return {"before": rounded_down(before), "after": -rounded_down(-after), "certificates": list(certificates)}


def bounds_of_s(optima: Sequence[Any]) -> list[tuple[float, float]]:
    """What optima at increasing sigmas, all else alike, prove of every optimal rule's S: (at least, at most), nats.

    At a sigma S is at most the slope from any smaller one, and at least that to any larger one; at most inf at the
    first, at least 0 everywhere. Each optimum has its `lower_bound` and `value` (nats) and its multipliers.
    """
    at = [(o.multipliers["sigma"], o.lower_bound, o.value) for o in optima]
    out = []
    for k, (sigma, _, value) in enumerate(at):
        most = min(((value - below) / (sigma - other) for other, below, _ in at[:k]), default=math.inf)
        least = max(((below - value) / (other - sigma) for other, below, _ in at[k + 1 :]), default=0.0)
        out.append((max(least, 0.0), max(most, 0.0)))
    return out
