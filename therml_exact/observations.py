"""Observations: columns of letters, one row a sample, and the table of how often each combination occurs.

    counts[a, b, ...] = sum of the weights of the rows (a, b, ...),     a weight being 1, a count, or any number >= 0

Letters that are all numbers are in ascending order, others in the order of their first appearance, and the categories
of a categorical column in its own order, those that never occur included.
Errors: ValueError for columns of different lengths, missing values, and weights that are none, naming column and row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.containers import in_order
from therml_exact.letters import Letter, read_letter, read_sequence
from therml_exact.numbers.tables import Array, as_array, check_size, read_table
from therml_exact.numbers.text import listed, shown

Codes = tuple[Array, tuple[Letter, ...]]
"""The position of each row's letter, and the letters."""


def encode(column: Any, name: str) -> Codes:
    """The codes of a column of letters."""
    values = column if isinstance(column, (list, tuple, np.ma.MaskedArray)) else as_array(column, name)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise ValueError(f"the column {name!r} has shape {values.shape}; a column is 1-D, one letter a row")
        if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
            raise ValueError(f"row {int(np.ma.getmaskarray(values).argmax())} of {name!r} is masked; drop it")
        if values.dtype.kind in "iubf":
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                read_letter(values[~np.isfinite(values)][0], f"row {int((~np.isfinite(values)).argmax())} of {name!r}")
            distinct, codes = np.unique(values, return_inverse=True)
            return codes.reshape(-1), tuple(distinct.tolist())
        values = values.tolist()
    seen: dict[Any, int] = {}
    codes = np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.int64)
    read = [
        read_letter(value, f"row {int((codes == k).argmax())} of {name!r}") if not isinstance(value, str) else value
        for value, k in seen.items()
    ]
    for letter in read:
        read_letter(letter, f"a letter of {name!r}")
    letters = in_order(read)
    place = {letter: k for k, letter in enumerate(letters)}
    return np.array([place[letter] for letter in read], dtype=np.int64)[codes], tuple(letters)


def tabulate(columns: Mapping[str, Codes], weights: Array | None = None) -> tuple[Array, dict[str, tuple[Letter, ...]]]:
    """The table of the columns' combinations, and the letters of its axes.

    Without weights it holds counts (int64); with weights that are Python's integers or Fractions it is exact (object),
    with others it holds floats.
    """
    names = list(columns)
    rows = len(columns[names[0]][0])
    for name in names:
        if len(columns[name][0]) != rows:
            raise ValueError(f"the column {name!r} has {len(columns[name][0])} rows and {names[0]!r} has {rows}")
    if not rows:
        raise ValueError(f"there are no rows in {listed(names)}; at least one observation is needed")
    shape = tuple(len(letters) for _, letters in columns.values())
    exact = weights is None or weights.dtype == object
    check_size(math.prod(shape), len(shape), exact, f"the joint of {listed(names)}")
    at = np.ravel_multi_index([codes for codes, _ in columns.values()], shape)
    if weights is None:
        table = np.bincount(at, minlength=math.prod(shape))
    elif exact:
        table = np.zeros(math.prod(shape), dtype=object)
        np.add.at(table, at, weights)
    else:
        table = np.bincount(at, weights=weights, minlength=math.prod(shape))
    return table.reshape(shape), {name: letters for name, (_, letters) in columns.items()}


def read_counts(values: Iterable[Any], name: str) -> Array:
    """Counts of rows as Python's integers; floats are taken where they are whole."""
    cells = read_table(list(values), name)
    wrong = [k for k, value in enumerate(cells) if value != int(value)]
    if wrong:
        raise ValueError(f"{name}[{wrong[0]}] is {cells[wrong[0]]}; a count is an integer >= 0; for others use weight=")
    return np.array([int(value) for value in cells], dtype=object)


def sample_columns(samples: Any, axes: Sequence[str] | None) -> dict[str, Codes]:
    """The columns of an array [row, axis], of a dict of columns, or of a list of them, one for each axis."""
    if isinstance(samples, Mapping):
        names = tuple(samples) if axes is None else read_sequence(axes, "axes")
        missing = [name for name in names if name not in samples]
        if missing:
            raise ValueError(f"samples has no column {shown(missing[0])}; it has {listed(list(map(str, samples)))}")
        return {name: encode(samples[name], name) for name in names}
    if axes is None:
        raise ValueError("axes is missing; name the variables, one for each column")
    names = read_sequence(axes, "axes") if not isinstance(axes, str) else (axes,)
    if isinstance(samples, (list, tuple)):
        if any(isinstance(column, (tuple, str)) or not hasattr(column, "__len__") for column in samples):
            raise ValueError(
                "samples is a list of rows; give an array [row, axis], such as np.array(rows), or a list of columns"
            )
        columns: Sequence[Any] = samples
    else:
        table = as_array(samples, "samples")
        if isinstance(samples, np.ma.MaskedArray):
            table = samples
        if table.ndim not in (1, 2):
            raise ValueError(f"samples has shape {table.shape}; it is [row, axis]")
        columns = [table] if table.ndim == 1 else list(table.T)
    if len(columns) != len(names):
        raise ValueError(f"samples has {len(columns)} columns and axes has {len(names)} names; give one for each")
    return {name: encode(column, name) for name, column in zip(names, columns, strict=True)}


def frame_columns(
    frame: Any, columns: Sequence[str] | None, count: str | None, weight: str | None
) -> tuple[dict[str, Codes], Array | None]:
    """The columns of a data frame of pandas, polars or PyArrow, and the weights of its rows where a column has them."""
    try:
        import narwhals.stable.v2 as narwhals
    except ImportError:
        raise ImportError("from_dataframe needs narwhals: pip install 'therml_exact[dataframe]'") from None
    try:
        data = narwhals.from_native(frame, eager_only=True)
    except TypeError:
        raise TypeError(f"{type(frame).__name__} is no data frame; give one of pandas, polars or PyArrow") from None
    if count is not None and weight is not None:
        raise ValueError("count and weight are both given; a row has a count (an integer) or a weight")
    measure = count if count is not None else weight
    if columns is None:
        columns = [name for name in data.columns if name != measure]
    names = (columns,) if isinstance(columns, str) else read_sequence(columns, "columns")
    for name in (*names, *([measure] if measure is not None else [])):
        if not isinstance(name, str):
            raise ValueError(
                f"the column {shown(name)} has no text as its name; rename it: a variable's name is a text"
            )
        if name not in data.columns:
            raise ValueError(
                f"the data frame has no column {shown(name)}; it has {listed(list(map(str, data.columns)))}"
            )
    if measure in names:
        raise ValueError(f"the column {measure!r} is the {'count' if count else 'weight'} of a row and a variable too")
    found = {name: _series(data[name], name, narwhals) for name in names}
    if measure is None:
        return found, None
    values = data[measure]
    if values.is_null().any():
        raise ValueError(f"row {int(values.is_null().arg_max() or 0)} of {measure!r} is missing; drop it")
    if count is not None:
        return found, read_counts(values.to_list(), count)
    read = read_table(values.to_numpy() if values.dtype.is_numeric() else values.to_list(), measure)
    return found, np.array([Fraction(value) for value in read], dtype=object) if read.dtype == object else read


def _series(values: Any, name: str, narwhals: Any) -> Codes:
    if values.is_null().any():
        row = values.is_null().to_list().index(True)
        raise ValueError(
            f"row {row} of {name!r} is missing; drop such rows (dropna, drop_nulls), or name them a letter"
        )
    declared = values.implementation.is_pandas_like() and values.dtype == narwhals.Categorical
    if declared or values.dtype == narwhals.Enum:
        letters = tuple(values.cat.get_categories().to_list())
        place = {letter: k for k, letter in enumerate(letters)}
        read = tuple(read_letter(letter, f"a category of {name!r}") for letter in letters)
        return np.array([place[value] for value in values.to_list()], dtype=np.int64), read
    return encode(values.to_numpy() if values.dtype.is_numeric() else values.to_list(), name)
