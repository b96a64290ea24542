"""Bent: worlds a little off a code, for hypotheses that are all but tight.

    p = (1 - d) p_0 + d p_1,     d = 1/10, ..., 1e-9,     claim(p_0) <= 0 nearly, the hypotheses hold

H(A) <= H(B) given H(B) >= (1 - 1e-9) H(A): p_0 are two fair coins, and a bias d of B lowers H(B) by about 2 d^2. No
code of a reasonable size has such a ratio. p_0 are codes on the edge of the claim, p_1 random small weights.
Whatever is proposed is decided exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from time import monotonic

import numpy as np

from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array, freeze
from therml_exact.numbers.weights import Weights
from therml_exact.shannon import realise
from therml_exact.shannon.cone import Cone
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.setting import Setting

_MOST_CELLS = 256
_DRAWS = 8
_SMALLEST = 9  # d >= 10^-9


def search(
    setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float = inf
) -> Iterator[Joint]:
    """Distributions near codes on the edge of the claim."""
    rng = np.random.default_rng(4)
    for world in realise.edge(setting, space, claim, given, deadline):
        weights = world.weights(world.axes)
        if weights.array.size > _MOST_CELLS:
            continue
        for other in _others(weights.array, rng):
            for k in range(1, _SMALLEST + 1):
                if monotonic() > deadline:
                    return
                yield _mixed(setting, weights, other, Fraction(1, 10**k))


def _others(array: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Weights to mix in: one variable held at its first letter; random ones, in turn within the support of the code,
    where functions stay functions.
    """
    for axis in range(array.ndim):
        if array.shape[axis] > 1:
            held = 0 * array
            held[(slice(None),) * axis + (0,)] = array.sum(axis=axis)
            yield held
    for draw in range(_DRAWS):
        other = (rng.integers(0, 4, array.shape) * (array > 0 if draw % 2 else 1)).astype(object)
        if other.sum():
            yield other


def _mixed(setting: Setting, weights: Weights, other: Array, d: Fraction) -> Joint:
    total = int(other.sum())
    mixed = weights.array * ((d.denominator - d.numerator) * total) + other * (d.numerator * int(weights.total))
    return Joint.from_weights(Weights(freeze(mixed), int(weights.total) * d.denominator * total), setting.names)
