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
    """All z^x maps from X to Z as a dictionary of encoders.

    x, z: the sizes of the alphabets. Returns encoders[theta, x, z], exact, without unit, in lexicographic order of
    (f(0), f(1), ...). Raises ValueError where they are too many to hold.

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
    """A dictionary of encoders in the order of axes that a world takes.

    encoders: p(z|x) for each theta as encoders[theta, x, z]. Returns z_given_x_theta[x, theta, z], without unit.
    Raises ValueError for a table of another number of axes, or with a row that does not sum to 1.

    >>> import therml_exact as tx
    >>> tx.encoders.table([[[1, 0], [0, 1]], [[1, 0], [1, 0]]]).shape
    (2, 2, 2)
    >>> [str(p) for p in tx.encoders.table([[[1, 0], [0, 1]], [[1, 0], [1, 0]]])[1, 0]]
    ['0', '1']
    """
    return freeze(np.ascontiguousarray(read_dictionary(encoders).transpose(1, 0, 2)))


def read_dictionary(encoders: npt.ArrayLike) -> Array:
    """A dictionary encoders[theta, x, z], read and checked: rationals as Fractions, floats as float64.

    Raises ValueError for a table of another number of axes, or with a row that does not sum to 1.

    >>> read_dictionary([[["1/2", "1/2"], [0, 1]]]).shape
    (1, 2, 2)
    """
    cells = read_table(encoders, "encoders")
    if cells.ndim != 3:
        raise ValueError(f"encoders has shape {cells.shape}; it is encoders[theta, x, z]")
    check_rows(cells, "encoders")
    return cells if cells.dtype != object else to_fractions(cells)
