"""How objects look: as Python that makes them again, as a table of text, as a table of HTML.

    repr(joint)   Joint([["1/2", 0], ["1/4", "1/4"]], axes=("X", "Y"))      up to MOST_CELLS numbers
    print(joint)  one row for each outcome of the leading variables, one column for each letter of the last one
    notebooks     the same in HTML; exact numbers in LaTeX

Exact numbers are written as integers and texts "p/q", floats with all their digits: what is pasted back is equal.
What cannot be made from its text is shown in angle brackets, as is Python's custom. No number is ever cut: a table that
is too large ends with a line that says how much of it is left out. Nothing is raised here.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array

MOST_CELLS = 512
"""Tables of more numbers together are shown by their sizes."""
_WIDTH = 100  # characters, beyond which each argument has a line of its own
_ROWS, _COLUMNS = 40, 16  # of a printed table


def source(value: Any) -> str:
    """Python that makes a table, or any value of Python's own types.

    >>> source(np.array([[Fraction(1, 2), Fraction(0)], [Fraction(1, 4), Fraction(1, 4)]]))
    '[["1/2", 0], ["1/4", "1/4"]]'
    >>> source(np.array([0.25, 0.75])), source(("X", "Y"))
    ('[0.25, 0.75]', '("X", "Y")')
    """
    if isinstance(value, np.ndarray):
        return source(value.tolist())
    if isinstance(value, list):
        return f"[{', '.join(map(source, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(source, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{source(k)}: {source(v)}' for k, v in value.items())}}}"
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else f'"{value}"'
    if isinstance(value, str) and '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'
    return repr(value)


def call(name: str, arguments: Iterable[str]) -> str:
    """The call of a constructor; a long one has a line for each argument."""
    given = list(arguments)
    line = f"{name}({', '.join(given)})"
    if len(line) <= _WIDTH or len(given) < 2:
        return line
    return f"{name}(\n    " + ",\n    ".join(given) + ",\n)"


def number(value: Any) -> str:
    """A cell as people read it: a rational as it is, a float with six digits.

    >>> number(Fraction(1, 3)), number(1 / 3), number(0.0)
    ('1/3', '0.333333', '0')
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def letters(axes: Sequence[str], shape: Sequence[int], labels: Mapping[str, Sequence[Any]]) -> list[tuple[str, ...]]:
    """The letters of each axis as texts: their labels, or their numbers where they have none."""
    return [tuple(map(str, labels.get(name, range(size)))) for name, size in zip(axes, shape, strict=True)]


def _laid_out(table: Array, axes: Sequence[str], alphabet: Sequence[Sequence[str]]) -> tuple[list[list[str]], str]:
    """The rows of a table as texts, the headings first, and what is left out of it."""
    lead, columns = alphabet[:-1], alphabet[-1][:_COLUMNS]
    flat = table.reshape(-1, table.shape[-1])
    head = [*axes[:-1], *(f"{axes[-1]}={letter}" for letter in columns)]
    rows = [
        [*names, *(number(v) for v in row[: len(columns)])]
        for names, row in itertools.islice(zip(itertools.product(*lead), flat.tolist(), strict=True), _ROWS)
    ]
    left = []
    if len(flat) > _ROWS:
        left.append(f"{len(flat) - _ROWS:,} more rows")
    if len(alphabet[-1]) > _COLUMNS:
        left.append(f"{len(alphabet[-1]) - _COLUMNS:,} more columns")
    return [head, *rows], f"... {' and '.join(left)}" if left else ""


def text_rows(rows: Sequence[Sequence[str]], lead: int) -> str:
    """Rows of texts as aligned columns: the first `lead` of them to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if k < lead else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def text_table(table: Array, axes: Sequence[str], labels: Mapping[str, Sequence[Any]]) -> str:
    """A table over named variables as text.

    >>> print(text_table(np.array([[0.5, 0.0], [0.25, 0.25]]), ("X", "Y"), {"Y": ("no", "yes")}))
    X  Y=no  Y=yes
    0   0.5      0
    1  0.25   0.25
    """
    rows, left = _laid_out(table, axes, letters(axes, table.shape, labels))
    return text_rows(rows, len(axes) - 1) + (f"\n{left}" if left else "")


def html_rows(rows: Iterable[Sequence[str]], caption: str = "", note: str = "") -> str:
    """Rows of texts, the headings first, as a table of HTML; everything in them is escaped."""
    head, *body = rows
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>" if caption else ""]
    lines.append(f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>")
    lines += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in body]
    return "".join([*lines, "</table>", f"<p>{html.escape(note)}</p>" if note else ""])


def html_table(table: Array, axes: Sequence[str], labels: Mapping[str, Sequence[Any]], caption: str = "") -> str:
    """A table over named variables as HTML."""
    rows, left = _laid_out(table, axes, letters(axes, table.shape, labels))
    return html_rows(rows, caption, left)


def html_lines(text: str) -> str:
    """Lines of text as they are, in HTML."""
    return f"<pre>{html.escape(text)}</pre>"
