"""Encoders: dictionaries of p(z|x), one for each parameter theta.

A dictionary is `encoders[theta, x, z]`; a world's encoder is `z_given_x_theta[x, theta, z]`. Rows sum to 1. No units.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import numpy.typing as npt

from therml_exact.numbers.tables import Array, check_rows, check_size, freeze, read_table, to_fractions, whole

__all__ = ["deterministic", "table"]


def deterministic(x: int, z: int) -> Array:
    """All z^x maps X -> Z as encoders[theta, x, z], exact, in lexicographic order of (f(0), f(1), ...).

    >>> deterministic(2, 2)[1].tolist()
    [[Fraction(1, 1), Fraction(0, 1)], [Fraction(0, 1), Fraction(1, 1)]]
    """
    x, z = whole("x", x), whole("z", z)
    check_size(z**x * x * z, 3, True, f"the dictionary of all {z}^{x} maps")
    cells = np.full((z**x, x, z), Fraction(0), dtype=object)
    for theta, letters in enumerate(product(range(z), repeat=x)):
        for k, letter in enumerate(letters):
            cells[theta, k, letter] = Fraction(1)
    return freeze(cells)


def table(encoders: npt.ArrayLike) -> Array:
    """The dictionary encoders[theta, x, z] as z_given_x_theta[x, theta, z]."""
    return freeze(np.ascontiguousarray(read_dictionary(encoders).transpose(1, 0, 2)))


def read_dictionary(encoders: npt.ArrayLike) -> Array:
    """encoders[theta, x, z], checked."""
    cells = read_table(encoders, "encoders")
    if cells.ndim != 3:
        raise ValueError(f"encoders has shape {cells.shape}; it is encoders[theta, x, z]")
    check_rows(cells, "encoders")
    return cells if cells.dtype != object else to_fractions(cells)
