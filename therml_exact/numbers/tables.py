"""Tables at the door: reading, checking and normalising arrays of probabilities.

A table is a read-only ndarray, either of float64 or of `Fraction` (dtype object). Integers are neutral: they join the
other tables' side, and where there is no other they are exact. Text is read as "3", "1/3" or "0.25", nothing else;
it is never evaluated. A distribution's cells are >= 0 and its sum is 1: exactly, or within SUM_TOLERANCE for floats.

Errors: ValueError naming the argument, the entry, its value and the remedy. Nothing is clipped or renormalised.
"""

from __future__ import annotations

import decimal
import math
import numbers
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from therml_exact.numbers.memory import most
from therml_exact.numbers.text import shown

Array = npt.NDArray[Any]

SUM_TOLERANCE = 1e-12
SINGLE_PRECISION = 1e-5  # rows of single-precision softmaxes are off by less
HALF_PRECISION = 1e-2  # and those of half precision, of float16 or bfloat16
NORMALIZE = "normalize=True divides each row by its sum"
MOST_DIGITS = 1_000_000  # of a numerator or denominator
_TEXT = re.compile(r"[+-]?[0-9]+(?:/[0-9]+|\.[0-9]{1,4000})?")
_SHORT = 4_000  # digits that Python converts by itself
_EXACT_BYTES = 160  # a cell: pointer, int object and its digits
_MAX_AXES = 64  # NumPy's own limit


def parse_rational(text: str, where: str) -> Fraction:
    """A rational from text such as "3", "1/3" or "0.25"; anything else is refused, nothing is evaluated."""
    stripped = text.strip()
    if len(stripped) > 2 * MOST_DIGITS or not _TEXT.fullmatch(stripped):
        part = stripped if len(stripped) <= 40 else stripped[:37] + "..."
        raise ValueError(f'{where} is the text {part!r}; write a rational as "p/q", an integer or a decimal')
    try:
        if len(stripped) <= _SHORT or "." in stripped:
            return Fraction(stripped)
        import flint  # Python's own reader needs a time that is quadratic in the digits

        top, _, bottom = stripped.partition("/")
        return Fraction(*(int(flint.fmpz(part.lstrip("+") or "1")) for part in (top, bottom)))
    except ZeroDivisionError:
        raise ValueError(f"{where} is {shown(stripped)}, which divides by zero") from None


def entry(name: str, index: tuple[int, ...]) -> str:
    """How an entry is named in an error: phi[2], x_given_phi[1, 0]."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def check_size(cells: int, axes: int, exact: bool, what: str) -> None:
    """Refuse, before allocating, an array that cannot fit."""
    size = cells * (_EXACT_BYTES if exact else 8)
    memory, told = most()
    if axes > _MAX_AXES:
        raise ValueError(f"{what} would have {axes} axes; an array has at most {_MAX_AXES}. Take a smaller N.")
    if size > memory:
        raise ValueError(
            f"{what} would have {_large(cells)} cells, about {_large(size >> 30)} GiB, more than {told}. "
            "Take smaller alphabets or a smaller N."
        )


def _large(n: int) -> str:
    return f"{n:,}" if n < 10**15 else f"10^{int((n.bit_length() - 1) * math.log10(2))}"


def read_table(values: Any, name: str) -> Array:
    """A table of nonnegative numbers as float64, as `Fraction` (object), or as int (object) where all are integers."""
    values = _nested(values, name)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fV" and values.dtype.fields is None:
        # Kind V: bfloat16 and other narrow floats that NumPy knows by their registration only.
        table = np.array(values, dtype=np.float64, order="C")
        _check_cells(table, name)
        return table
    if isinstance(values, np.ndarray) and values.dtype.kind in "iub":
        values = values if values.dtype.kind != "b" else values.astype(np.uint8)
        cells = np.array(values.astype(object), order="C")
        _check_cells(cells, name)
        return cells
    cells = np.array(values, dtype=object, order="C")
    flat = cells.reshape(-1)
    if flat.size == 0:
        raise ValueError(f"{name} has shape {cells.shape}: an alphabet needs at least one letter")
    kinds: dict[str, tuple[str, Any]] = {}
    for k, value in enumerate(flat):
        where = entry(name, _index(k, cells.shape))
        flat[k], kind = _read_cell(value, where)
        kinds.setdefault(kind, (where, value))
    if "float" in kinds and "exact" in kinds:
        (a, x), (b, y) = kinds["float"], kinds["exact"]
        raise ValueError(
            f"{name} mixes floats and exact numbers: {a} is {x!r} and {b} is {y!r}. Make every entry a Fraction, "
            'an int or text "p/q", or every entry a float.'
        )
    if "float" in kinds:
        cells = cells.astype(np.float64)
    elif "exact" in kinds:
        for k, value in enumerate(flat):
            flat[k] = Fraction(value)
    _check_cells(cells, name)
    return cells


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape)) if shape else ()


def _nested(values: Any, name: str) -> Any:
    """An array, or nested lists. Ragged ones are refused before NumPy hides them in an array of lists."""

    def shape(part: Any, index: tuple[int, ...]) -> tuple[int, ...]:
        if isinstance(part, np.ndarray):
            _check_unmasked(part, name, index)
            return part.shape
        if not isinstance(part, (list, tuple)):
            if isinstance(part, (Mapping, set, frozenset)) or part is None:
                raise ValueError(f"{entry(name, index)} is {part!r}; a table is an array or nested lists of numbers")
            return ()
        if len(index) > _MAX_AXES:
            raise ValueError(f"{name} is nested deeper than {_MAX_AXES} lists")
        shapes = [shape(child, (*index, k)) for k, child in enumerate(part)]
        for k, child in enumerate(shapes):
            if child != shapes[0]:
                raise ValueError(
                    f"{entry(name, (*index, k))} has shape {child} but {entry(name, (*index, 0))} has {shapes[0]}: "
                    "the lists are ragged; give every row the same length"
                )
        return (len(part), *(shapes[0] if shapes else ()))

    if not isinstance(values, (np.ndarray, list, tuple)):
        values = as_array(values, name)
    shape(values, ())
    return values


def as_array(values: Any, name: str) -> Array:
    """What NumPy makes of a tensor of torch or jax, a data frame, or anything else that it can read."""
    try:
        for step in ("detach", "cpu", "numpy"):  # tensors of torch, and whatever calls itself alike
            if not isinstance(values, np.ndarray) and hasattr(values, step):
                values = getattr(values, step)()
        return np.asarray(values)
    except Exception as error:  # what a foreign library raises is not ours to know
        raise ValueError(f"{name} is a {type(values).__name__} that NumPy cannot read ({error}); convert it") from None


def _check_unmasked(part: Array, name: str, index: tuple[int, ...]) -> None:
    if isinstance(part, np.ma.MaskedArray) and np.ma.getmaskarray(part).any():
        inside = tuple(int(k) for k in np.argwhere(np.ma.getmaskarray(part))[0])
        raise ValueError(f"{entry(name, (*index, *inside))} is masked; remove or fill the missing entry")


def _read_cell(value: Any, where: str) -> tuple[Any, str]:
    """The cell as int, Fraction or float, and its kind."""
    if isinstance(value, (bool, np.bool_, numbers.Integral)):
        return int(value), "int"
    if isinstance(value, str):
        return parse_rational(value, where), "exact"
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator)), "exact"
    if isinstance(value, (float, np.floating)):
        return float(value), "float"
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return Fraction(value), "exact"
    raise ValueError(f'{where} is {value!r} ({type(value).__name__}); give an int, a float, a Fraction or text "p/q"')


def _check_cells(table: Array, name: str) -> None:
    if table.size == 0:
        raise ValueError(f"{name} has shape {table.shape}: an alphabet needs at least one letter")
    if table.dtype == object:
        bad = [k for k, value in enumerate(table.reshape(-1)) if value < 0]
    else:
        # NaN fails both comparisons; only a table that is refused pays for finding the entry.
        fine = bool(table.min() >= 0 and table.max() < np.inf)
        bad = [] if fine else list(np.flatnonzero(~(np.isfinite(table) & (table >= 0)).reshape(-1))[:1])
    if bad:
        index = _index(int(bad[0]), table.shape)
        remedy = (
            "remove or fill the missing entry" if table[index] != table[index] else "probabilities are finite and >= 0"
        )
        raise ValueError(f"{entry(name, index)} is {table[index]}; {remedy}{_logits(table, name)}")


def _logits(table: Array, name: str) -> str:
    """What a table of floats with negative ones may be instead."""
    if table.dtype == object or np.isnan(table).any() or table.max() == np.inf:
        return ""
    with np.errstate(over="ignore"):
        sums = np.exp(table).sum(axis=-1)
    if np.abs(sums - 1).max() <= HALF_PRECISION or abs(float(np.exp(table).sum()) - 1) <= HALF_PRECISION:
        return f". These are logarithms of probabilities: pass np.exp({name})"
    return f". Logits? Apply the softmax over the last axis first: scipy.special.softmax({name}, axis=-1)"


def check_rows(table: Array, name: str, distributed: int = 1, remedy: str = "tx.normalize divides rows") -> float:
    """Check that the sum over the last `distributed` axes is 1; the largest deviation (0 for exact tables).

    remedy: the call of the caller's that takes rows of another sum, as its message says it.
    """
    axes = tuple(range(table.ndim - distributed, table.ndim))
    if table.dtype != object:
        sums = np.asarray(table.sum(axis=axes))
        off = np.abs(sums - 1)
        worst = float(off.max())
        if worst <= SUM_TOLERANCE:
            return worst
        index = _index(int(off.argmax()), sums.shape)
        within = f" within {SUM_TOLERANCE:g}"
    else:
        sums = np.asarray(table.sum(axis=axes))
        wrong = [k for k, total in enumerate(sums.reshape(-1)) if total != 1]
        if not wrong:
            return 0.0
        index, within = _index(wrong[0], sums.shape), " exactly"
    where, total = entry(name, index), sums[index]
    what = "rows must sum" if index else "a distribution must sum"
    hint = _off(table, sums, distributed)
    raise ValueError(f"{where} sums to {_value(total)}; {what} to 1{within}, or pass counts ({remedy}){hint}")


def _value(number: Any) -> str:
    """A number in a message; a Fraction may be longer than Python writes."""
    long = isinstance(number, (int, Fraction)) and max(number.numerator, number.denominator).bit_length() > 400
    return "a number of many digits" if long else str(number)


def _off(table: Array, sums: Array, distributed: int) -> str:
    """What may have gone wrong with a table whose rows do not sum to 1."""
    if is_transposed(table, distributed):
        return ". Its columns sum to 1: transposed? Conditioning axes come first, the distributed one last"
    if table.dtype == object:
        return ""
    off = float(np.abs(sums - 1).max())
    if off <= SINGLE_PRECISION:
        return f". It is off by {off:.1g}, as rows of single precision are"
    if off <= HALF_PRECISION:
        return f". It is off by {off:.1g}, as rows of half precision (float16, bfloat16) are: compute them in float32"
    if (table == np.floor(table)).all():
        return ". All its entries are whole numbers: as integers (astype(int)) they are exact counts"
    return ""


def is_transposed(table: Array, distributed: int) -> bool:
    """Whether the rows do not sum to 1, and the columns do."""
    if distributed != 1 or table.ndim < 2:
        return False
    rows, columns = (np.abs(np.asarray(table.sum(axis=axis) - 1, dtype=float)).max() for axis in (-1, -2))
    return bool(rows > HALF_PRECISION and columns <= SINGLE_PRECISION)


def normalized(table: Array, name: str, distributed: int) -> Array:
    """A table divided by its sums over the last `distributed` axes: integers and rationals exactly, floats in floats.

    A table whose columns sum to 1 is refused, unless it holds counts: it is transposed.
    """
    axes = tuple(range(table.ndim - distributed, table.ndim))
    with np.errstate(over="ignore"):
        sums = np.asarray(table.sum(axis=axes))
    if sums.dtype != object and not np.isfinite(sums).all():
        raise ValueError(f"{name} sums to more than a float can hold; give smaller weights")
    empty = [k for k, total in enumerate(sums.reshape(-1)) if total == 0]
    if empty:
        raise ValueError(f"{entry(name, _index(empty[0], sums.shape))} sums to 0: that row has no distribution")
    if is_transposed(table, distributed) and any(value != int(value) for value in table.reshape(-1)):
        raise ValueError(f"{name}: its columns sum to 1, its rows do not: transposed? The distributed axis comes last")
    if table.dtype == object:
        table = to_fractions(table)
    return table / sums.reshape(*sums.shape, *(1,) * distributed)


def unify(tables: Mapping[str, Array]) -> dict[str, Array]:
    """Bring tables to one kind: floats if one is float, else Fractions; floats beside Fractions are refused."""
    floats = [name for name, table in tables.items() if table.dtype != object]
    exact = [name for name, table in tables.items() if table.dtype == object and not all_integers(table)]
    if floats and exact:
        raise ValueError(
            f"{floats[0]} holds floats and {exact[0]} holds exact numbers; make all tables exact "
            '(Fractions, text "p/q") or all floats (world.to_float(), np.asarray(table, dtype=float))'
        )
    return {name: _to_floats(table) if floats else to_fractions(table) for name, table in tables.items()}


def all_integers(table: Array) -> bool:
    """Every entry is an integer, so that the table joins floats and exact numbers alike."""
    return set(map(type, table.reshape(-1).tolist())) <= {int}


def _to_floats(table: Array) -> Array:
    return table if table.dtype != object else table.astype(np.float64)


def to_fractions(table: Array) -> Array:
    """The same exact table with every cell a Fraction."""
    cells = np.empty(table.shape, dtype=object)
    cells.reshape(-1)[:] = [value if type(value) is Fraction else Fraction(value) for value in table.reshape(-1)]
    return cells


def freeze(table: Array) -> Array:
    """The same array, read-only."""
    table.flags.writeable = False
    return table


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number from the caller, at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} is {value!r}; it is a whole number, at least {least}")
    return int(value)


def normalize(counts: Any) -> Array:
    """Rows of counts or weights divided by their sums: integers and rationals exactly, floats in floats.

    The last axis is the distributed one. Nothing is normalised but on request: here, and by `normalize=True`.

    >>> normalize([[1, 3], [2, 2]]).tolist()
    [[Fraction(1, 4), Fraction(3, 4)], [Fraction(1, 2), Fraction(1, 2)]]
    """
    table = read_table(counts, "counts")
    if table.ndim == 0:
        raise ValueError("counts must have at least one axis")
    return normalized(table, "counts", 1)


def common_denominator(table: Array) -> tuple[Array, int]:
    """Integer numerators (object) over one denominator."""
    flat = list(table.reshape(-1))
    denominator = math.lcm(*(value.denominator for value in flat))
    cells = np.empty(table.shape, dtype=object)
    cells.reshape(-1)[:] = [value.numerator * (denominator // value.denominator) for value in flat]
    return cells, denominator
