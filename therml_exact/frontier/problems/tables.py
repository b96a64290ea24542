"""Exact tables of a problem, and how they are written and read: the one serialiser of tables.

A float means its exact binary value, divided by the exact sum of its row (or of its table, for a joint). On paper a
table is {"shape": [...], "cells": [...]}, a cell a rational "n/d" or a float in hexadecimal (numbers/text.py).

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
    """A joint table as Fractions of sum 1."""
    cells = np.empty(array.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(v) for v in array.reshape(-1).tolist()]
    return np.asarray(cells / cells.sum())


def scaled_rows(table: Array) -> Array:
    """Checked rows as Fractions of sum 1."""
    cells = np.empty(table.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(v) for v in table.reshape(-1).tolist()]
    return np.asarray(cells / np.asarray(cells.sum(axis=-1, keepdims=True)))


def write_cells(values: Any) -> list[str]:
    """The cells of a table as texts: floats in hexadecimal, exact numbers as rationals."""
    return [v.hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]


def write_table(values: Any) -> dict[str, Any]:
    """A table as plain data."""
    return {"shape": list(np.asarray(values).shape), "cells": write_cells(values)}


def read_table(content: Mapping[str, Any]) -> Array:
    """What `write_table` wrote: float64 where all cells are floats, else Fractions."""
    cells, shape = content["cells"], content["shape"]
    check_shape(cells, shape)
    if all(is_hexadecimal(text) for text in cells):
        return np.array([read_hexadecimal(text) for text in cells]).reshape(shape)
    return read_exact_table(content)


def read_exact_table(content: Mapping[str, Any]) -> Array:
    """The cells as the exact numbers that they are."""
    cells, shape = content["cells"], content["shape"]
    check_shape(cells, shape)
    values = np.empty(len(cells), dtype=object)
    values[:] = [read_exact(text) for text in cells]
    return values.reshape(shape)


def check_shape(cells: Any, shape: Any) -> None:
    """Refuse cells that do not fill the shape."""
    whole = type(shape) is list and all(type(k) is int and k > 0 for k in shape)
    if not (whole and type(cells) is list and math.prod(shape) == len(cells)):
        raise ValueError("the cells do not fill the shape")


def check_fields(content: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Refuse a problem that lacks a field, or has one more."""
    if set(content) != {"kind", *names}:
        raise ValueError(f"a problem of this kind has the fields {', '.join(names)}")
