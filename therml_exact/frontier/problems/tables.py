"""Exact tables of a problem, and how they are written and read: the one serialiser of tables.

A float means its exact binary value, divided by the exact sum of its row (or of its table, for a joint). A written
table is {"shape": [...], "cells": [...]}; each cell is a rational "n/d" or a float in hexadecimal (numbers/text.py).

Errors: ValueError for content that is malformed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import is_hexadecimal, read_exact, read_hexadecimal


def distribution(array: Array) -> Array:
    """Return a joint table as Fractions, divided by its sum.

    >>> [str(v) for v in distribution(np.array([1, 3]))]
    ['1/4', '3/4']
    """
    cells = np.empty(array.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(v) for v in array.reshape(-1).tolist()]
    return np.asarray(cells / cells.sum())


def scaled_rows(table: Array) -> Array:
    """Return checked rows [..., letter] as Fractions, each row divided by its sum."""
    cells = np.empty(table.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(v) for v in table.reshape(-1).tolist()]
    return np.asarray(cells / np.asarray(cells.sum(axis=-1, keepdims=True)))


def write_cells(values: Any) -> list[str]:
    """Return the cells of a table, the last axis fastest, as texts: floats in hexadecimal, exact numbers as rationals.

    >>> write_cells([0.5, 0.25]), write_cells([Fraction(1, 3)])
    (['0x1.0000000000000p-1', '0x1.0000000000000p-2'], ['1/3'])
    """
    return [v.hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]


def write_table(values: Any) -> dict[str, Any]:
    """Return a table as plain data, which `read_table` understands."""
    return {"shape": list(np.asarray(values).shape), "cells": write_cells(values)}


def read_table(content: Mapping[str, Any]) -> Array:
    """Return the table that `write_table` wrote: float64 if all cells are floats, else Fractions.

    ValueError is raised for cells that are no numbers, or do not fill the shape.

    >>> read_table(write_table([[0.5, 0.5], [0.25, 0.75]])).tolist()
    [[0.5, 0.5], [0.25, 0.75]]
    """
    cells, shape = content["cells"], content["shape"]
    check_shape(cells, shape)
    if all(is_hexadecimal(text) for text in cells):
        return np.array([read_hexadecimal(text) for text in cells]).reshape(shape)
    return read_exact_table(content)


def read_exact_table(content: Mapping[str, Any]) -> Array:
    """Return the table with every cell as a Fraction; a float in hexadecimal is the exact value of its bits."""
    cells, shape = content["cells"], content["shape"]
    check_shape(cells, shape)
    values = np.empty(len(cells), dtype=object)
    values[:] = [read_exact(text) for text in cells]
    return values.reshape(shape)


def check_shape(cells: Any, shape: Any) -> None:
    """Raise a ValueError unless `shape` is a list of positive integers whose product is the number of cells."""
    whole = type(shape) is list and all(type(k) is int and k > 0 for k in shape)
    if not (whole and type(cells) is list and math.prod(shape) == len(cells)):
        raise ValueError("the cells do not fill the shape")


def check_fields(content: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raise a ValueError unless the fields of a written problem are "kind" and these names, no less and no more."""
    if set(content) != {"kind", *names}:
        raise ValueError(f"a problem of this kind has the fields {', '.join(names)}")
