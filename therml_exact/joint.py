"""Joint: a distribution over named finite variables, p(x_1, ..., x_n), of floats or of exact rationals.

    sum_x p(x) = 1,     marginal p(x_A) = sum_{x_B} p(x_A, x_B),     conditional p(x_A | x_C) = p(x_A, x_C) / p(x_C)

Shapes: one axis a variable, its length the alphabet's size. Conditional tables have the conditioning axes first and
the distributed ones last. Exact tables hold Fractions. A joint takes 8 bytes a cell (floats) or about 160 (exact).
Errors: ValueError at the door (see numbers/tables.py), KeyError for an unknown variable.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from therml_exact import containers, csv_file, observations, show
from therml_exact.doors import check_type
from therml_exact.files import save_result
from therml_exact.letters import (
    Given,
    Letter,
    Names,
    aligned,
    check_labels,
    find_letter,
    find_name,
    flatten_names,
    positions,
    read_given,
    read_sequence,
    restricted,
)
from therml_exact.numbers.tables import (
    Array,
    all_integers,
    check_rows,
    common_denominator,
    entry,
    freeze,
    normalized,
    read_table,
    to_fractions,
)
from therml_exact.numbers.text import has_control, shown
from therml_exact.numbers.weights import Weights, exact_sum

if TYPE_CHECKING:
    import pandas
    import xarray

_REMEDY = "Joint.from_counts, or normalize=True, which divides by the sum"


class Joint:
    """A distribution p(x_1, ..., x_n) over named finite variables. It is immutable.

    table      p as an array with one axis for each variable; floats, or rationals (Fractions, texts "1/3", integers),
               which make the joint exact. It has no unit, and its cells sum to 1. Also a pandas Series or DataFrame
               (its index and columns are axes and letters), an xarray DataArray, a scipy.sparse array, or a dict from
               outcomes to probabilities
    axes       the names of the variables, a tuple of texts, one for each axis; may be left out where the table has its
               own
    labels     the letters' names by variable, a tuple for each variable that has them; may be left out. Without them a
               variable's letters are its positions 0, 1, ...
    normalize  whether to divide the table by its sum, whatever that is

    `joint["blond", "blue"]` is the probability of an outcome. Raises ValueError for cells that are negative or do not
    sum to 1 within 1e-12, and for names that repeat or do not fit.

    >>> j = Joint([["1/2", 0], ["1/4", "1/4"]], axes=("X", "Y"))
    >>> j.is_exact, j.marginal("Y")
    (True, Joint(["3/4", "1/4"], axes=("Y",)))
    >>> print(j)
    X  Y=0  Y=1
    0  1/2    0
    1  1/4  1/4
    """

    __slots__ = ("_table", "_weights", "axes", "labels")

    axes: tuple[str, ...]
    labels: Mapping[str, tuple[Letter, ...]]
    _weights: Weights
    _table: Array | None

    def __init__(
        self,
        table: Any,
        axes: Sequence[str] | None = None,
        labels: Mapping[str, Sequence[Letter]] | None = None,
        *,
        normalize: bool = False,
    ) -> None:
        cells, names, letters = _read(table, axes, labels, "table")
        if normalize:
            cells = normalized(cells, "table", cells.ndim)
        check_rows(cells, "table", cells.ndim, _REMEDY)
        if cells.dtype == object:
            numerators, denominator = common_denominator(cells)
            self._build(Weights(numerators, denominator), names, letters)
        else:
            self._build(Weights(freeze(cells), exact_sum(cells)), names, letters)

    def _build(
        self, weights: Weights, axes: tuple[str, ...], labels: Mapping[str, Sequence[Letter]] | None = None
    ) -> None:
        kept = {name: tuple(letters) for name, letters in (labels or {}).items() if name in axes}
        for name, value in (
            ("_weights", weights),
            ("axes", axes),
            ("labels", MappingProxyType(kept)),
            ("_table", None),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Joint is immutable: {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return Joint.from_weights, (self._weights, self.axes, dict(self.labels))

    @classmethod
    def from_weights(
        cls, weights: Weights, axes: Sequence[str], labels: Mapping[str, Sequence[Letter]] | None = None
    ) -> Joint:
        """A joint from weights that are known to be valid (no check); used inside the library."""
        joint = cls.__new__(cls)
        joint._build(weights, tuple(axes), labels)
        return joint

    @classmethod
    def from_counts(
        cls, counts: Any, axes: Sequence[str] | None = None, labels: Mapping[str, Sequence[Letter]] | None = None
    ) -> Joint:
        """The exact joint of a table of integer counts, or of a Counter, a crosstab or value_counts of pandas.

        counts, axes and labels are as for `Joint`. Raises ValueError for counts that are no integers or sum to 0.

        >>> from collections import Counter
        >>> j = Joint.from_counts(Counter([("a", "x"), ("a", "y"), ("b", "y")]), ("U", "V"))
        >>> j.labels["U"], j["a", "y"], j["b", "x"]
        (('a', 'b'), Fraction(1, 3), Fraction(0, 1))
        """
        cells, names, letters = _read(counts, axes, labels, "counts")
        if cells.dtype != object and (cells == np.floor(cells)).all():
            raise ValueError(
                "counts must be integers, and these are floats, whole ones: counts.astype(int) gives the exact joint, "
                "Joint(counts, axes, normalize=True) one of floats"
            )
        if cells.dtype != object or not all_integers(cells):
            raise ValueError(
                "counts must be integers; for probabilities use Joint(table, axes), and for other weights "
                "Joint(weights, axes, normalize=True)"
            )
        return cls.from_weights(_reduced(cells, "counts"), names, letters)

    @classmethod
    def from_samples(cls, samples: Any, axes: Sequence[str] | None = None) -> Joint:
        """The exact joint of samples: an array [row, axis], a list of columns, or a dict of them by name.

        Letters that are numbers are in ascending order, others in that of their first appearance; `labels` has them.
        Raises ValueError for columns of different lengths, and for missing values.

        >>> Joint.from_samples([["sun", "rain", "sun"], [1, 0, 0]], ("sky", "beach"))["sun", 1]
        Fraction(1, 3)
        """
        cells, labels = observations.tabulate(observations.sample_columns(samples, axes))
        return cls.from_weights(_reduced(cells, "samples"), check_axes(tuple(labels), cells.ndim), labels)

    @classmethod
    def from_dataframe(
        cls, frame: Any, columns: Sequence[str] | None = None, count: str | None = None, weight: str | None = None
    ) -> Joint:
        """The joint of a data frame of pandas, polars or PyArrow: one sample a row, or one cell of the table a row.

        columns: the variables, by default all columns but the next two. count: the column of the rows' integer counts.
        weight: that of their weights or probabilities, which are divided by their sum; floats give a joint of floats.
        Missing values are refused. Categories that never occur are letters of probability 0. Needs narwhals (extra
        `dataframe`).
        """
        found, weights = observations.frame_columns(frame, columns, count, weight)
        return cls._tabulated(found, weights, weight or count or "samples")

    @classmethod
    def from_csv(
        cls,
        path: csv_file.Source,
        columns: Sequence[str],
        count: str | None = None,
        weight: str | None = None,
        sep: str = ",",
        encoding: str = "utf-8-sig",
        na_values: Collection[str] | None = None,
    ) -> Joint:
        """The exact joint of a CSV file: one sample a row, or one cell a row with its integer count or its weight.

        path: a path (unpacked if it ends in .gz), or an open file. columns: the variables. count: the column of the
        integer counts. weight: that of probabilities or weights, exact as written, which are divided by their sum; with
        another `sep` than a comma they may have decimal commas. na_values: texts that stand, without quotes, for a
        missing value and are refused; by default those of pandas (NA, NaN, null, ...).
        Letters are numbered in the order of their first appearance and kept in `labels`.
        """
        names = check_axes(columns, None)
        for kind, name in (("count", count), ("weight", weight)):
            if name is not None and name in names:
                raise ValueError(f"{kind} column {name!r} is also among the columns {list(names)}")
        observed = csv_file.read_rows(path, names, count, weight, sep, encoding, na_values)
        rows = list(zip(*observed, strict=True))
        found = {name: observations.encode(list(column), name) for name, column in zip(names, rows, strict=True)}
        return cls._tabulated(found, np.array(list(observed.values()), dtype=object), weight or count or "samples")

    @classmethod
    def _tabulated(cls, columns: Mapping[str, observations.Codes], weights: Array | None, what: str) -> Joint:
        names = check_axes(tuple(columns), None)
        cells, labels = observations.tabulate(columns, weights)
        if cells.dtype.kind == "f":
            return cls(cells, names, labels, normalize=True)
        return cls.from_weights(_reduced(cells, what), names, labels)

    # ---- what it is

    @property
    def table(self) -> Array:
        """p(x_1, ..., x_n): float64, or Fractions (dtype object). Read-only."""
        if self._table is None:
            w = self._weights
            if w.exact:
                cells = np.empty(w.array.shape, dtype=object)
                cells.reshape(-1)[:] = [Fraction(n, w.total) for n in w.array.reshape(-1)]
            else:
                cells = np.ascontiguousarray(w.array)
            object.__setattr__(self, "_table", freeze(cells))
        return cast(Array, self._table)

    @property
    def is_exact(self) -> bool:
        """Rationals, not floats."""
        return self._weights.exact

    @property
    def shape(self) -> tuple[int, ...]:
        """The alphabets' sizes, in the order of the axes."""
        return self._weights.array.shape

    def weights(self, names: Sequence[str]) -> Weights:
        """The weights of the marginal on the names, in their order: what the measures in information.py read."""
        if tuple(names) == self.axes:
            return self._weights
        return self._weights.keep([self.axis(name) for name in names])

    def axis(self, name: str) -> int:
        """The position of a variable."""
        return find_name(name, self.axes)

    def marginal(self, *names: Names) -> Joint:
        """The distribution p(names) of the named variables, in the order given; at least one name is needed."""
        kept = flatten_names(names)
        if not kept:
            raise ValueError(f"marginal: name at least one of {', '.join(self.axes)}")
        return Joint.from_weights(self.weights(kept), kept, self.labels)

    def __getitem__(self, outcome: Any) -> Any:
        """The probability of an outcome: a letter for each axis, in their order."""
        letters = outcome if isinstance(outcome, tuple) else (outcome,)
        if len(letters) != len(self.axes):
            raise KeyError(
                f"{shown(outcome)} has {len(letters)} letters; an outcome has one for each of {', '.join(self.axes)}"
            )
        at = tuple(
            find_letter(letter, name, self.labels.get(name), size)
            for letter, name, size in zip(letters, self.axes, self.shape, strict=True)
        )
        return self.table[at] if self.is_exact else float(self.table[at])

    __iter__ = None  # a distribution is no sequence

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The table as NumPy has it: floats, or Fractions (dtype object)."""
        return np.array(self.table, dtype=dtype, copy=copy)

    def on_event(self, event: Mapping[str, Any]) -> Joint:
        """The distribution given an event: each variable in it keeps the letters that the event allows.

        event: a letter, or a list of letters, by variable. Raises ValueError for an event of probability 0.

        >>> j = Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y"), labels={"X": ["a", "b"]})
        >>> j.on_event({"X": "b"}).table.tolist()
        [[Fraction(1, 2), Fraction(1, 2)]]
        """
        allowed = positions(event, dict(zip(self.axes, self.shape, strict=True)), self.labels)
        weights = restricted(self._weights, {self.axis(name): kept for name, kept in allowed.items()}, event)
        labels = dict(self.labels)
        for name, kept in allowed.items():
            known = self.labels.get(name) or range(self.shape[self.axis(name)])
            labels[name] = tuple(known[k] for k in kept)
        return Joint.from_weights(weights, self.axes, labels)

    def condition(self, names: Names, given: Given) -> Array:
        """The table p(names|given), conditioning axes first.

        given: a name or a list of names, whose letters are axes of the table; a dict is an event, which has none, such
        as given={"Hair": "Blond"} or given=["Sex", {"Hair": "Blond"}]. A condition of probability 0 raises ValueError.
        """
        on, event = read_given(given)
        if event:
            what = flatten_names((names,))
            if set(event) & {*what, *on}:
                raise ValueError(f"condition: {sorted(set(event) & {*what, *on})} is in the event and a name too")
            kept = self.marginal((*on, *what, *event)).on_event(event).marginal((*on, *what))
            return kept.condition(what, on) if on else kept.table
        what = flatten_names((names,))
        if not what or not on or set(what) & set(on):
            raise ValueError(f"condition: names {what} and given {on} must be non-empty and share no variable")
        both = self.weights((*on, *what))
        lead = len(on)
        sums = np.asarray(both.array.sum(axis=tuple(range(lead, both.array.ndim)), keepdims=True))
        empty = np.argwhere(sums.reshape(sums.shape[:lead]) == 0)
        if len(empty):
            letters = [(self.labels.get(name) or range(size)) for name, size in zip(on, sums.shape, strict=False)]
            where = ", ".join(f"{name}={axis[int(k)]}" for name, axis, k in zip(on, letters, empty[0], strict=True))
            raise ValueError(
                f"p({where}) is 0, so the row of p({', '.join(what)}|{', '.join(on)}) is undefined; drop that letter"
            )
        if both.exact:
            return freeze(to_fractions(both.array) / sums)
        return freeze(np.asarray(both.array / sums))

    def aligned(self, other: Joint) -> tuple[Weights, Weights]:
        """The weights of both joints over this one's axes and the letters of both, matched by letter.

        A letter that one side lacks has probability 0 there. Raises ValueError for other variables, for letters on one
        side only, and for one exact joint and one of floats.
        """
        if set(self.axes) != set(other.axes):
            raise ValueError(
                f"p is over {', '.join(self.axes)} and q over {', '.join(other.axes)}; give the same variables"
            )
        if self.is_exact != other.is_exact:
            raise ValueError("one joint is exact and the other holds floats; use .to_float() on the exact one")
        p, q = self._weights, other.weights(self.axes)
        left, right = aligned(p.array, q.array, self.axes, self.labels, other.labels)
        return Weights(left, p.total, p.rounding), Weights(right, q.total, q.rounding)

    def to_dataframe(self) -> pandas.DataFrame:
        """A pandas DataFrame with a row for each cell: its letters, and its `probability`; exact ones as Fractions.

        `Joint.from_dataframe(frame, weight="probability")` makes the joint again. Needs pandas (extra `dataframe`).
        """
        letters = [self.labels.get(name) or range(size) for name, size in zip(self.axes, self.shape, strict=True)]
        return containers.data_frame(self.table, self.axes, letters)

    def to_xarray(self) -> xarray.DataArray:
        """An xarray DataArray: axes are its dims, labels its coords. `Joint(array)` makes the joint again."""
        return containers.data_array(self.table, self.axes, self.labels)

    def to_float(self) -> Joint:
        """The same joint in float64."""
        if not self.is_exact:
            return self
        table = self.table.astype(np.float64)
        return Joint.from_weights(Weights(table, exact_sum(table), 2.0**-53), self.axes, self.labels)

    def rename(self, names: Mapping[str, str]) -> Joint:
        """The same joint with other names for some variables."""
        check_type(names, Mapping, "names", "the new names by the old ones, such as {'X': 'Input'}")
        for name in names:
            self.axis(name)
        axes = check_axes([names.get(name, name) for name in self.axes], len(self.axes))
        return Joint.from_weights(
            self._weights, axes, {names.get(name, name): letters for name, letters in self.labels.items()}
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the joint as JSON; `tx.load` reads it."""
        labels = {name: list(letters) for name, letters in self.labels.items()}
        save_result("joint", {"axes": list(self.axes), "labels": labels, "table": self.table}, path)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Joint):
            return NotImplemented
        if self.axes != other.axes or self.is_exact != other.is_exact:
            return False
        if self.shape == other.shape and self.labels == other.labels:
            return bool(np.all(self.table == other.table))
        try:
            left, right = self.aligned(other)
        except ValueError:
            return False  # letters on one side only, or another number of positions
        if self.is_exact:
            return bool(np.all(left.array * right.total == right.array * left.total))
        return bool(np.all(left.array == right.array))

    __hash__ = None  # type: ignore[assignment]

    def summary(self) -> str:
        """One line: the variables and their sizes, the kind of numbers, the number of cells."""
        sizes = ", ".join(f"{name}: {size}" for name, size in zip(self.axes, self.shape, strict=True))
        return f"Joint over {sizes}; {'exact' if self.is_exact else 'float64'}, {math.prod(self.shape):,} cells"

    def __repr__(self) -> str:
        """Python that makes the joint again; a large one is shown by its sizes, in angle brackets."""
        if math.prod(self.shape) > show.MOST_CELLS:
            return f"<{self.summary()}>"
        labels = [f"labels={show.source(dict(self.labels))}"] if self.labels else []
        return show.call("Joint", [show.source(self.table), f"axes={show.source(self.axes)}", *labels])

    def __str__(self) -> str:
        """The table: a row for each outcome of the leading variables, a column for each letter of the last one."""
        return show.text_table(self.table, self.axes, self.labels)

    def _repr_html_(self) -> str:
        return show.html_table(self.table, self.axes, self.labels, self.summary())


def _read(
    values: Any, axes: Sequence[str] | None, labels: Mapping[str, Sequence[Letter]] | None, name: str
) -> tuple[Array, tuple[str, ...], dict[str, tuple[Letter, ...]]]:
    """The cells, names and letters of a table as it is given, or as its container has them."""
    held = containers.contents(values, name)
    if held is None:
        cells = read_table(values, name)
        if axes is None:
            raise ValueError(f"axes is missing: {name} has shape {cells.shape} and no names of its own; name each axis")
        names = check_axes(axes, cells.ndim)
        return cells, names, check_labels(labels, names, cells.shape)
    cells = _read_cells(held.cells, values, name)
    own = held.axes(axes)
    if own is None:
        raise ValueError(f"axes is missing: {name} names not all of its {cells.ndim} axes; name each")
    names = check_axes(own, cells.ndim)
    order = held.order(names)
    cells = np.ascontiguousarray(cells.transpose(order))
    letters = {name: held.letters[k] for name, k in zip(names, order, strict=True) if held.letters[k] is not None}
    given = check_labels(labels, names, cells.shape)
    for variable, known in given.items():
        if letters.get(variable, known) != known:
            raise ValueError(f"labels[{variable!r}] differ from the letters of the table itself; leave them out")
    return cells, names, check_labels({**letters, **given}, names, cells.shape)  # type: ignore[dict-item]


def _read_cells(cells: Any, values: Any, name: str) -> Array:
    try:
        return read_table(cells, name)
    except ValueError as error:
        if not hasattr(values, "columns"):
            raise
        raise ValueError(f"{error}. A DataFrame of samples, one a row, goes to Joint.from_dataframe") from None


def _reduced(counts: Array, what: str) -> Weights:
    """Exact counts or weights as integers in lowest terms."""
    if counts.dtype == object and not all_integers(counts):
        counts, _ = common_denominator(counts)
    flat = counts.reshape(-1)
    total = sum(flat.tolist())
    if total == 0:
        raise ValueError(f"{what} sum to 0; at least one observation is needed")
    common = math.gcd(*flat.tolist()) if counts.dtype == object else int(np.gcd.reduce(flat))
    return Weights(freeze((counts if common == 1 else counts // common).astype(object)), total // common)


def check_axes(axes: Sequence[str], ndim: int | None) -> tuple[str, ...]:
    """Names of axes: text, distinct, one for each axis."""
    if isinstance(axes, str):
        raise ValueError(f"axes is the text {axes!r}; give a sequence of names, such as ({axes!r},)")
    names = read_sequence(axes, "axes")
    for k, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"axes[{k}] is {name!r}; a variable's name is a non-empty text")
        if has_control(name):
            raise ValueError(f"axes[{k}] is {name!r}, which holds control characters; remove them")
        if name in names[:k]:
            raise ValueError(f"axes[{k}] is {name!r}, which is axes[{names.index(name)}] too; names must be distinct")
    if ndim is not None and len(names) != ndim:
        raise ValueError(f"axes has {len(names)} names {list(names)} but the table has {ndim} axes; give one for each")
    if not names:
        raise ValueError("axes is empty; a joint has at least one variable")
    return names


__all__ = ["Joint", "check_axes", "entry"]
