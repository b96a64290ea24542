"""Joint: a distribution over named finite variables, p(x_1, ..., x_n), of floats or of exact rationals.

    sum_x p(x) = 1,     marginal p(x_A) = sum_{x_B} p(x_A, x_B),     conditional p(x_A | x_C) = p(x_A, x_C) / p(x_C)

Shapes: one axis a variable, its length the alphabet's size. Conditional tables have the conditioning axes first and
the distributed ones last. Exact tables hold Fractions. A joint takes 8 bytes a cell (floats) or about 160 (exact).
Errors: ValueError at the door (see numbers/tables.py), KeyError for an unknown variable.
"""

from __future__ import annotations

import csv
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from therml_exact import show
from therml_exact.files import save_result
from therml_exact.numbers.tables import (
    Array,
    check_rows,
    check_size,
    common_denominator,
    entry,
    freeze,
    parse_rational,
    read_table,
    to_fractions,
)
from therml_exact.numbers.text import has_control
from therml_exact.numbers.weights import Weights, exact_sum

Names = str | Sequence[str]

_CSV_BYTES = 256 * 2**20


class Joint:
    """A distribution p(x_1, ..., x_n) over named finite variables. It is immutable.

    table   p as an array with one axis for each variable; floats, or rationals (Fractions, texts "1/3", integers),
            which
            make the joint exact. It has no unit, and its cells sum to 1
    axes    the names of the variables, a tuple of texts, one for each axis
    labels  the letters' names by variable, a tuple for each variable that has them; may be left out

    Raises ValueError for cells that are negative or do not sum to 1 within 1e-12, and for names that repeat or do not
    fit.

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
    labels: Mapping[str, tuple[str, ...]]
    _weights: Weights
    _table: Array | None

    def __init__(self, table: Any, axes: Sequence[str], labels: Mapping[str, Sequence[str]] | None = None) -> None:
        cells = read_table(table, "table")
        names = check_axes(axes, cells.ndim)
        check_rows(cells, "table", cells.ndim)
        _check_labels(labels, names, cells.shape)
        if cells.dtype == object:
            numerators, denominator = common_denominator(cells)
            self._build(Weights(numerators, denominator), names, labels)
        else:
            self._build(Weights(freeze(cells), exact_sum(cells)), names, labels)

    def _build(
        self, weights: Weights, axes: tuple[str, ...], labels: Mapping[str, Sequence[str]] | None = None
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
        cls, weights: Weights, axes: Sequence[str], labels: Mapping[str, Sequence[str]] | None = None
    ) -> Joint:
        """A joint from weights that are known to be valid (no check); used inside the library."""
        joint = cls.__new__(cls)
        joint._build(weights, tuple(axes), labels)
        return joint

    @classmethod
    def from_counts(cls, counts: Any, axes: Sequence[str], labels: Mapping[str, Sequence[str]] | None = None) -> Joint:
        """The exact joint of a table of integer counts."""
        cells = read_table(counts, "counts")
        names = check_axes(axes, cells.ndim)
        if cells.dtype != object or any(type(value) is not int for value in cells.reshape(-1)):
            raise ValueError("counts must be integers; for probabilities use Joint(table, axes)")
        total = sum(cells.reshape(-1).tolist())
        if total == 0:
            raise ValueError("counts sum to 0; at least one observation is needed")
        _check_labels(labels, names, cells.shape)
        return cls.from_weights(_reduced(cells, total), names, labels)

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], columns: Sequence[str], count: str | None = None) -> Joint:
        """The exact joint of a CSV file: one sample a row, or one cell a row with its integer count.

        Letters are numbered in the order of their first appearance and kept in `labels`.
        """
        names = check_axes(columns, None)
        if count is not None and count in names:
            raise ValueError(f"count column {count!r} is also among the columns {list(names)}")
        observed = _read_csv(path, names, count)
        letters: list[dict[str, int]] = [{} for _ in names]
        for key in observed:
            for seen, letter in zip(letters, key, strict=True):
                seen.setdefault(letter, len(seen))
        shape = tuple(len(seen) for seen in letters)
        check_size(math.prod(shape), len(shape), True, f"the joint of {', '.join(names)}")
        counts = np.zeros(shape, dtype=object)
        for key, number in observed.items():
            counts[tuple(seen[letter] for seen, letter in zip(letters, key, strict=True))] += number
        if not counts.sum():
            raise ValueError(f"{os.fspath(path)}: the column {count!r} sums to 0; at least one observation is needed")
        return cls.from_counts(counts, names, {n: tuple(seen) for n, seen in zip(names, letters, strict=True)})

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

    def condition(self, names: Names, given: Names) -> Array:
        """The table p(names|given), conditioning axes first. A condition of probability 0 raises ValueError."""
        what, on = flatten_names((names,)), flatten_names((given,))
        if not what or not on or set(what) & set(on):
            raise ValueError(f"condition: names {what} and given {on} must be non-empty and share no variable")
        both = self.weights((*on, *what))
        lead = len(on)
        sums = np.asarray(both.array.sum(axis=tuple(range(lead, both.array.ndim)), keepdims=True))
        empty = np.argwhere(sums.reshape(sums.shape[:lead]) == 0)
        if len(empty):
            where = ", ".join(f"{name}={int(k)}" for name, k in zip(on, empty[0], strict=True))
            raise ValueError(
                f"p({where}) is 0, so the row of p({', '.join(what)}|{', '.join(on)}) is undefined; drop that letter"
            )
        if both.exact:
            return freeze(to_fractions(both.array) / sums)
        return freeze(np.asarray(both.array / sums))

    def to_float(self) -> Joint:
        """The same joint in float64."""
        if not self.is_exact:
            return self
        table = self.table.astype(np.float64)
        return Joint.from_weights(Weights(table, exact_sum(table), 2.0**-53), self.axes, self.labels)

    def rename(self, names: Mapping[str, str]) -> Joint:
        """The same joint with other names for some variables."""
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
        return (
            self.axes == other.axes
            and self.is_exact == other.is_exact
            and self.shape == other.shape
            and bool(np.all(self.table == other.table))
        )

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


def _check_labels(labels: Mapping[str, Sequence[str]] | None, axes: tuple[str, ...], shape: tuple[int, ...]) -> None:
    for name, letters in (labels or {}).items():
        size = shape[find_name(name, axes)]
        if len(letters) != size:
            raise ValueError(f"labels[{name!r}] has {len(letters)} entries; {name} has {size} letters")
        for k, letter in enumerate(letters):
            if isinstance(letter, str) and has_control(letter):
                raise ValueError(f"labels[{name!r}][{k}] is {letter!r}, which holds control characters; remove them")


def _reduced(counts: Array, total: int) -> Weights:
    common = math.gcd(*counts.reshape(-1).tolist())
    return Weights(freeze(counts // common), total // common)


def check_axes(axes: Sequence[str], ndim: int | None) -> tuple[str, ...]:
    """Names of axes: text, distinct, one for each axis."""
    if isinstance(axes, str):
        raise ValueError(f"axes is the text {axes!r}; give a sequence of names, such as ({axes!r},)")
    names = tuple(axes)
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


def find_name(name: str, known: Sequence[str]) -> int:
    """The position of a name; a KeyError suggests the nearest ones."""
    try:
        return known.index(name)
    except ValueError:
        near = get_close_matches(str(name), known, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise KeyError(f"unknown variable {name!r}{hint}; known are {', '.join(known)}") from None


def flatten_names(names: Iterable[Names]) -> tuple[str, ...]:
    """Names given as texts or sequences of texts, each kept once."""
    flat: list[str] = []
    for group in names:
        if isinstance(group, str):
            flat.append(group)
        elif isinstance(group, Iterable):
            flat.extend(group)
        else:
            raise TypeError(f"{group!r} ({type(group).__name__}) names no variable; give a text or a sequence of texts")
    return tuple(dict.fromkeys(flat))


def _read_csv(path: str | os.PathLike[str], columns: Sequence[str], count: str | None) -> Counter[tuple[str, ...]]:
    where = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device may have no end
        raise ValueError(f"{where} is no regular file; save what it gives to a file first, and name that")
    if os.path.getsize(path) > _CSV_BYTES:
        raise ValueError(f"{where} is larger than {_CSV_BYTES // 2**20} MiB; aggregate it to counts first")
    observed: Counter[tuple[str, ...]] = Counter()
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(rows, [])]
            wanted = [*columns, *([count] if count is not None else [])]
            positions = []
            for name in wanted:
                if header.count(name) != 1:
                    found = "twice" if name in header else "not"
                    raise ValueError(
                        f"{where}: column {name!r} is {found} in the header; it has {', '.join(header) or 'no columns'}"
                    )
                positions.append(header.index(name))
            for row in rows:
                if not row:
                    continue
                observed_at = f"{where}, line {rows.line_num}"
                if len(row) != len(header):
                    raise ValueError(f"{observed_at}: {len(row)} cells, but the header has {len(header)} columns")
                cells = [row[k].strip() for k in positions]
                for name, cell in zip(wanted, cells, strict=True):
                    if cell == "":
                        raise ValueError(
                            f"{observed_at}: the cell of column {name!r} is empty; fill it or drop the row"
                        )
                number = 1
                if count is not None:
                    number = _read_count(cells.pop(), f"{observed_at}: {count}")
                observed[tuple(cells)] += number
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{where}, line {rows.line_num}: not a readable CSV file ({error})") from None
    if not observed:
        raise ValueError(f"{where}: no data rows below the header")
    return observed


def _read_count(text: str, where: str) -> int:
    value = parse_rational(text, where)
    if value.denominator != 1 or value < 0:
        raise ValueError(f"{where} is {text!r}; a count is an integer >= 0")
    return value.numerator


__all__ = ["Joint", "Names", "check_axes", "entry", "find_name", "flatten_names"]
