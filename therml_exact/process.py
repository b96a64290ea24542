"""The process that makes the data, p(phi) p(x|phi) p(y|x,phi), read at the door for those who need no world.

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y] or None (data without labels). Rows sum to 1. No units.
Errors: ValueError naming the table, its shape or row, and the remedy.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.containers import unlabelled
from therml_exact.numbers.tables import Array, check_rows, read_table, unify

_SHAPES = {"phi": "[phi]", "x_given_phi": "[phi, x]", "y_given_x_phi": "[phi, x, y]"}


def read_process(phi: Any, x_given_phi: Any, y_given_x_phi: Any = None) -> tuple[Array, Array, Array | None]:
    """The three tables, checked, all of one kind of number."""
    given = {"phi": phi, "x_given_phi": x_given_phi, "y_given_x_phi": y_given_x_phi}
    tables = unify(
        {name: read_table(unlabelled(value, name), name) for name, value in given.items() if value is not None}
    )
    for name, value in tables.items():
        if not value.ndim:
            raise ValueError(f"{name} has shape {value.shape}; it is {_SHAPES[name]}")
        check_rows(value, name)
    prior, x, y = tables["phi"], tables["x_given_phi"], tables.get("y_given_x_phi")
    if prior.ndim != 1 or x.ndim != 2 or len(x) != len(prior):
        raise ValueError(f"x_given_phi has shape {x.shape} and phi {prior.shape}; they are [phi, x] and [phi]")
    if y is not None and (y.ndim != 3 or y.shape[:2] != x.shape):
        raise ValueError(f"y_given_x_phi has shape {y.shape}; it is [phi, x, y] with [phi, x] = {x.shape}")
    return prior, x, y


def read_letters(phi: Any, x_given_phi: Any, y_given_x_phi: Any) -> tuple[Array, Array, tuple[int, ...], bool]:
    """p(phi), p(letter|phi) over the k = |X||Y| letters, as exact rationals; (|X|, |Y|); whether they were given so.

    A float stands for the rational that it is, each row divided by its exact sum: so the products are exact too.
    """
    tables = read_process(phi, x_given_phi, y_given_x_phi)
    exact = tables[0].dtype == object
    prior, x, y = (table if exact or table is None else _rational(table) for table in tables)
    assert prior is not None
    assert x is not None
    if y is None:
        return prior, x, x.shape[1:], exact
    return prior, (x[..., None] * y).reshape(len(prior), -1), y.shape[1:], exact


def _rational(table: Array) -> Array:
    cells = np.empty(table.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(value) for value in table.reshape(-1).tolist()]
    return cells / np.asarray(cells.sum(axis=-1))[..., None]
