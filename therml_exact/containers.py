"""Containers of other libraries that hold a table: its cells, the names of its axes, and their letters.

    pandas Series, DataFrame      index and columns are the axes: `value_counts`, `crosstab`, `pivot_table`
    xarray DataArray              dims are the axes, coords the letters
    scipy.sparse                  cells only
    dict, Counter                 {outcome: number}, an outcome being a letter, or a tuple with one for each axis

They are known by what they answer to, so that none of these libraries is imported to read its objects.
Errors: ValueError for letters that repeat or are missing, and for a crosstab with its margins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.letters import Letter, check_distinct, read_letter, read_sequence
from therml_exact.numbers.tables import Array, check_size
from therml_exact.numbers.text import listed, shown


@dataclass(frozen=True)
class Contents:
    """What a container holds.

    cells    the table, as `read_table` takes it
    names    the name of each axis; None where the container gives none
    letters  the letters of each axis; None where its positions are its letters
    """

    cells: Any
    names: tuple[str | None, ...]
    letters: tuple[tuple[Letter, ...] | None, ...]

    @property
    def is_labelled(self) -> bool:
        """Whether an axis has letters of its own."""
        return any(letters is not None for letters in self.letters)

    def axes(self, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The names to use: the container's own, in the order asked for, or those that are asked for where it has none.

        None where there are neither.
        """
        own = [name for name in self.names if name is not None]
        if asked is None:
            return tuple(own) if own and len(own) == len(self.names) else None
        asked = read_sequence(asked, "axes") if not isinstance(asked, str) else asked
        if not own or tuple(asked) == self.names:
            return tuple(asked)
        if len(own) == len(self.names) and set(asked) == set(own):
            return tuple(asked)
        if len(asked) == len(self.names) and all(a == b for a, b in zip(asked, self.names, strict=True) if b):
            return tuple(asked)
        raise ValueError(
            f"axes is {listed(asked)}, but the table's own axes are {listed([str(name) for name in self.names])}; "
            "leave axes out, or rename those of the table"
        )

    def order(self, axes: Sequence[str]) -> tuple[int, ...]:
        """The position in the container of each axis."""
        if set(axes) == set(self.names):
            return tuple(self.names.index(name) for name in axes)
        return tuple(range(len(axes)))


def unlabelled(values: Any, name: str) -> Any:
    """A table for a place that has positions only: letters and names that it brings would be dropped, so it is refused.

    Arrays and lists come back as they are.
    """
    if isinstance(values, (np.ndarray, Mapping)):
        return values
    held = contents(values, name)
    if held is None:
        return values
    if held.is_labelled:
        letters = next(known for known in held.letters if known is not None)
        raise ValueError(
            f"{name} is a {type(values).__name__} with the letters {listed([shown(k) for k in letters])}, and letters "
            "have no names here, only positions; put its rows in order, and pass .to_numpy()"
        )
    return held.cells


def contents(values: Any, name: str) -> Contents | None:
    """What a container holds; None for arrays, lists, and whatever else has neither names nor letters."""
    if isinstance(values, Mapping):
        return _outcomes([(key if isinstance(key, tuple) else (key,)) for key in values], list(values.values()), name)
    if hasattr(values, "nnz") and hasattr(values, "toarray"):
        check_size(math.prod(values.shape), len(values.shape), False, name)
        return Contents(values.toarray(), (None,) * len(values.shape), (None,) * len(values.shape))
    if hasattr(values, "dims") and hasattr(values, "coords"):
        return _data_array(values, name)
    if hasattr(values, "index") and hasattr(values, "to_numpy"):
        return _frame(values, name)
    return None


def _data_array(values: Any, name: str) -> Contents:
    if not hasattr(values, "values") or isinstance(values.dims, Mapping):
        raise TypeError(f"{name} is a {type(values).__name__}; give one of its DataArrays")
    letters = tuple(
        _distinct(values.coords[dim].values.tolist(), f"{name}.coords[{dim!r}]") if dim in values.coords else None
        for dim in values.dims
    )
    dims = tuple(str(dim) for dim in values.dims)
    unnamed = all(dim == f"dim_{k}" for k, dim in enumerate(dims))
    return Contents(values.values, (None,) * len(dims) if unnamed else dims, letters)


def _frame(values: Any, name: str) -> Contents:
    """A Series or a DataFrame of pandas; levels of an index are axes of their own."""
    sides = [values.index, *([values.columns] if hasattr(values, "columns") else [])]
    cells = values.to_numpy()
    if any(side.nlevels > 1 for side in sides):
        keys = [[key if side.nlevels > 1 else (key,) for key in side.tolist()] for side in sides]
        outcomes = [a + b for a in keys[0] for b in keys[1]] if len(keys) > 1 else keys[0]
        names = tuple(label for side in sides for label in side.names)
        found = _outcomes(outcomes, cells.reshape(-1).tolist(), name)
        return Contents(found.cells, _names(names), found.letters)
    letters = tuple(
        None if _is_default(side) else _distinct(side.tolist(), f"{name}.{attribute}")
        for side, attribute in zip(sides, ("index", "columns"), strict=False)
    )
    _check_margins(cells, letters, name)
    return Contents(cells, _names(tuple(side.name for side in sides)), letters)


def _names(names: tuple[Any, ...]) -> tuple[str | None, ...]:
    return tuple(label if isinstance(label, str) else None for label in names)


def _is_default(index: Any) -> bool:
    """Whether a pandas Index is the one that nobody chose."""
    return type(index).__name__ == "RangeIndex" and index.name is None and (index.start, index.step) == (0, 1)


def _distinct(values: Iterable[Any], where: str) -> tuple[Letter, ...]:
    letters = tuple(read_letter(value, f"{where}[{k}]") for k, value in enumerate(values))
    check_distinct(letters, where)
    return letters


def _check_margins(cells: Array, letters: tuple[tuple[Letter, ...] | None, ...], name: str) -> None:
    """Refuse a crosstab whose last row and column, under one letter, are the sums of the others."""
    if len(letters) != 2 or letters[0] is None or letters[1] is None or min(cells.shape) < 2:
        return
    last = letters[0][-1]
    if last != letters[1][-1] or (max(cells.shape) < 3 and last != "All") or cells.dtype.kind not in "iuf":
        return
    rows, columns = cells[:-1].sum(axis=0), cells[:, :-1].sum(axis=1)
    if np.allclose(rows, cells[-1], rtol=1e-9) and np.allclose(columns, cells[:, -1], rtol=1e-9):
        raise ValueError(
            f"{name}: the row and the column {shown(last)} are the sums of the others, not letters; leave the margins "
            "out (margins=False, or table.iloc[:-1, :-1])"
        )


def in_order(seen: Iterable[Letter]) -> list[Letter]:
    """Letters as they are numbered: numbers ascending, others in the order of their first appearance."""
    letters = list(dict.fromkeys(seen))
    numeric = all(isinstance(letter, (int, float)) for letter in letters)
    return sorted(letters, key=lambda letter: float(letter)) if numeric else letters


def _outcomes(keys: Sequence[tuple[Any, ...]], values: Sequence[Any], name: str) -> Contents:
    """The table of a dict from outcomes to numbers; outcomes that are left out have probability 0."""
    if not keys:
        raise ValueError(f"{name} is empty; a distribution has at least one outcome")
    size = len(keys[0])
    for key in keys:
        if len(key) != size:
            raise ValueError(f"{name}: the outcome {shown(key)} has {len(key)} letters and {shown(keys[0])} {size}")
    read = [tuple(read_letter(letter, f"{name}: a letter of {shown(key)}") for letter in key) for key in keys]
    if len(set(read)) < len(read):
        again = next(key for k, key in enumerate(read) if key in read[:k])
        raise ValueError(f"{name} has the outcome {shown(again)} twice; add its numbers up first")
    letters = [in_order(key[axis] for key in read) for axis in range(size)]
    shape = tuple(map(len, letters))
    check_size(math.prod(shape), size, True, name)
    places = [{letter: k for k, letter in enumerate(axis)} for axis in letters]
    cells = np.zeros(shape, dtype=object)
    for key, value in zip(read, values, strict=True):
        cells[tuple(place[letter] for place, letter in zip(places, key, strict=True))] = value
    return Contents(cells, (None,) * size, tuple(map(tuple, letters)))


def data_frame(table: Array, axes: Sequence[str], letters: Sequence[Sequence[Letter]]) -> Any:
    """A pandas DataFrame with a row for each cell: a column for each axis, and `probability`."""
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas: pip install 'therml_exact[dataframe]'") from None
    if "probability" in axes:
        raise ValueError('an axis is named "probability", as the column of probabilities is; rename it first')
    index = np.indices(table.shape).reshape(len(axes), -1)
    columns: dict[str, Any] = {
        name: [axis[k] for k in where] for name, axis, where in zip(axes, letters, index.tolist(), strict=True)
    }
    return pandas.DataFrame({**columns, "probability": table.reshape(-1)})


def data_array(table: Array, axes: Sequence[str], labels: Mapping[str, Sequence[Letter]]) -> Any:
    """An xarray DataArray with the axes as dims and the labels as coords."""
    try:
        import xarray
    except ImportError:
        raise ImportError("to_xarray needs xarray: pip install 'therml_exact[dataframe]'") from None
    coords = {name: list(letters) for name, letters in labels.items()}
    return xarray.DataArray(table, dims=list(axes), coords=coords, name="probability")
