"""CSV files of samples, counts, weights or probabilities: one row a sample, or one cell of the table a row.

Numbers are "3", "0.25", ".5", "1e3", "1/3", and "0,5" where `sep` is not a comma; all are exact. A text without quotes
that stands for a missing value in other tools (NA, NaN, null, ...) is refused, as an empty cell is: it is no letter.
Files are hostile until parsed: regular, of bounded size also when unpacked, and read strictly.
Errors: ValueError naming file, line and column.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from therml_exact.numbers.tables import parse_rational
from therml_exact.numbers.text import has_control, listed, printable, shown

MISSING = frozenset(
    ("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA")
) | {"NULL", "NaN", "None", "n/a", "nan", "null"}
"""What pandas takes for a missing value."""

_BYTES = 256 * 2**20
_SCIENTIFIC = re.compile(r"[+-]?(?:[0-9]{1,4000}\.?[0-9]{0,4000}|\.[0-9]{1,4000})(?:[eE][+-]?[0-9]{1,3})?")

Source = str | os.PathLike[str] | io.IOBase | Any


def read_rows(
    source: Source,
    columns: Sequence[str],
    count: str | None,
    weight: str | None,
    sep: str,
    encoding: str,
    na_values: Collection[str] | None,
) -> dict[tuple[str, ...], int | Fraction]:
    """The weight of each combination of letters, in the order of their first appearance."""
    where = _name(source)
    if not isinstance(sep, str) or len(sep) != 1:
        raise ValueError(f"sep is {shown(sep)}; it is one character, such as ',', ';' or '\\t'")
    if count is not None and weight is not None:
        raise ValueError("count and weight are both given; a row has a count (an integer) or a weight")
    measure = count if count is not None else weight
    missing = MISSING if na_values is None else frozenset((na_values,) if isinstance(na_values, str) else na_values)
    observed: dict[tuple[str, ...], int | Fraction] = {}
    with _opened(source, where, encoding) as file:
        lines = _Lines(file)
        rows = csv.reader(lines, strict=True, delimiter=sep, skipinitialspace=True)
        try:
            header = [name.strip() for name in next(rows, [])]
            if "\0" in lines.first:
                raise ValueError(f"{where}: its text holds NUL bytes; name its encoding{_GUESS}")
            wanted = [*columns, *([measure] if measure is not None else [])]
            at = [_column(name, header, where, _other(lines.first, sep)) for name in wanted]
            lines.raw.clear()
            for row in rows:
                raw, lines.raw = lines.raw, []
                if not row:
                    continue
                line = f"{where}, line {rows.line_num}"
                if len(row) != len(header):
                    raise ValueError(f"{line}: {len(row)} cells, but the header has {len(header)} columns")
                cells = [row[k].strip() for k in at]
                for name, k, cell in zip(wanted, at, cells, strict=True):
                    _check_cell(cell, name, line, missing, lambda k=k, raw=raw: _is_quoted("".join(raw), k, sep))
                number: int | Fraction = 1
                if measure is not None:
                    number = _number(cells.pop(), f"{line}: {shown(measure)}", sep, whole=count is not None)
                key = tuple(cells)
                observed[key] = observed.get(key, 0) + number
        except UnicodeError as error:
            raise ValueError(f"{where}: not readable as {encoding} ({error}); name its encoding{_GUESS}") from None
        except csv.Error as error:
            hint = _other(lines.first, sep)
            raise ValueError(f"{where}, line {max(1, lines.number)}: not a readable CSV file ({error}){hint}") from None
    if not observed:
        raise ValueError(f"{where}: no data rows below the header")
    if not any(observed.values()):
        raise ValueError(f"{where}: the column {measure!r} sums to 0; at least one observation is needed")
    return observed


def _name(source: Source) -> str:
    if isinstance(source, (str, os.PathLike)):
        return printable(os.fspath(source))
    return printable(str(getattr(source, "name", type(source).__name__)))


class _Lines:
    """The lines of a file: those of the row that is being read are kept, and the bytes are bounded."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.raw: list[str] = []
        self.first = ""
        self.number = 0
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line: str = self.file.readline(_BYTES)
        if not line:
            raise StopIteration
        if not isinstance(line, str):
            raise TypeError("the file object gives bytes after text; open it in one mode")
        self.number += 1
        self.read += len(line)
        if self.read > _BYTES:
            raise ValueError(f"the file holds more than {_BYTES // 2**20} MiB; aggregate it to counts first")
        self.first = self.first or line
        self.raw.append(line)
        return line


_GUESS = ', such as encoding="latin-1" or, for a file of Excel\'s "Unicode text", encoding="utf-16"'


def _other(header: str, sep: str) -> str:
    found = [other for other in (";", "\t", "|", ",") if other != sep and other in header]
    return f". Its first line has {found[0]!r}: sep={found[0]!r}?" if found else ""


@contextmanager
def _opened(source: Source, where: str, encoding: str) -> Iterator[Any]:
    """The source as a text file, unpacked where its name ends in .gz; a file object stays open."""
    if not isinstance(source, (str, os.PathLike)):
        if not hasattr(source, "read"):
            raise TypeError(f"{type(source).__name__} is no file; give a path, or an open file")
        content = source.read(_BYTES + 1)
        if len(content) > _BYTES:
            raise ValueError(f"{where} is larger than {_BYTES // 2**20} MiB; aggregate it to counts first")
        yield io.StringIO(content, newline="") if isinstance(content, str) else _text(io.BytesIO(content), encoding)
        return
    if os.path.exists(source) and not os.path.isfile(source):  # a pipe or a device may have no end
        raise ValueError(f"{where} is no regular file; save what it gives to a file first, and name that")
    if os.path.getsize(source) > _BYTES:
        raise ValueError(f"{where} is larger than {_BYTES // 2**20} MiB; aggregate it to counts first")
    packed = os.fspath(source).endswith(".gz")
    try:
        with gzip.open(source, "rb") if packed else open(source, "rb") as file:
            yield _text(file, encoding)
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{where}: not a readable gzip file ({error})") from None


def _text(file: Any, encoding: str) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(file, encoding=encoding, newline="")
    except LookupError:
        raise ValueError(
            f"encoding is {shown(encoding)}, which Python does not know; such as 'utf-8', 'latin-1'"
        ) from None


def _column(name: str, header: Sequence[str], where: str, hint: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    found = "twice" if name in header else "not"
    known = listed(header) or "no columns"
    raise ValueError(f"{where}: column {shown(name)} is {found} in the header; it has {known}{hint}")


def _check_cell(cell: str, name: str, line: str, missing: Collection[str], is_quoted: Any) -> None:
    if cell == "":
        raise ValueError(f"{line}: the cell of column {shown(name)} is empty; fill it or drop the row")
    if cell in missing and not is_quoted():
        raise ValueError(
            f"{line}: the cell of column {shown(name)} is {cell}, a missing value; drop the row, or, if {cell} is a "
            "letter, quote it or give na_values=()"
        )
    if has_control(cell):
        raise ValueError(f"{line}: the cell of column {shown(name)} is {shown(cell)}, which holds control characters")


def _is_quoted(raw: str, column: int, sep: str) -> bool:
    """Whether a cell of a row stands in quotes; the csv module does not tell."""
    cells = re.findall(rf'\s*("(?:[^"]|"")*"|[^{re.escape(sep)}]*)(?:{re.escape(sep)}|$)', raw.rstrip("\r\n"))
    return column < len(cells) and cells[column].startswith('"')


def _number(text: str, where: str, sep: str, whole: bool) -> int | Fraction:
    plain = text.replace(",", ".") if sep != "," and text.count(",") == 1 else text
    value = Fraction(plain) if _SCIENTIFIC.fullmatch(plain) and len(plain) < 4000 else parse_rational(plain, where)
    if value < 0 or (whole and value.denominator != 1):
        kind = "a count is an integer >= 0; for other numbers use weight=" if whole else "a weight is a number >= 0"
        raise ValueError(f"{where} is {shown(text)}; {kind}")
    return value.numerator if value.denominator == 1 else value
