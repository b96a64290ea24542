"""How docstrings become Markdown: what is aligned and what is an example stays as it is written.

Our docstrings are read in terminals: lists of parameters are aligned by spaces, formulas are indented, examples begin
with >>>. Prose becomes Markdown, with its special characters escaped but in `code`; aligned lists of names and meanings
become lists; what else is aligned becomes blocks of text.
An extension of griffe, which reads the sources for mkdocstrings.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ALIGNED = re.compile(r"\S {2,}\S|^\s", re.MULTILINE)
ENTRY = re.compile(r"(\S+(?: \S+)*) {2,}(\S.*)")
CODE = re.compile(r"(`[^`\n]+`)")
SPECIAL = re.compile(r"([\\`*_{}<>|\[\]#])")


def markdown(text: str) -> str:
    r"""The Markdown of a docstring.

    >>> print(markdown("The sum of x_i.\n\nx, y    numbers\n        of `y`"))
    The sum of x\_i.
    <BLANKLINE>
    - `x, y`: numbers of `y`
    """
    return "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", text.strip("\n"))))


def _paragraph(text: str) -> str:
    """One paragraph: an example, an aligned block, or prose."""
    if text.lstrip().startswith(">>>"):
        return f"```pycon\n{text}\n```"
    if ALIGNED.search(text):
        return _list(text) or f"```text\n{text}\n```"
    return _escaped(text)


def _list(text: str) -> str | None:
    """The lines `name  meaning`, with what goes on below, as a list; None if there is another line or column."""
    lines = text.splitlines()
    entries: list[list[str]] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if (found := ENTRY.fullmatch(line)) and "  " not in found[2]:
            entries.append([found[1], found[2]])
        elif "  " in line.strip() or not (line.startswith("  ") or after.startswith("  ")):
            return None
        elif line.startswith("  "):
            if not entries:
                return None
            entries[-1][1] += f" {line.strip()}"
        else:  # a long name, whose meaning is below
            entries.append([line, ""])
    return "\n".join(f"- `{name}`: {_escaped(meaning.strip())}" for name, meaning in entries)


def _escaped(text: str) -> str:
    """Without Markdown's meaning of special characters, but for `code`."""
    return "".join(part if part[:1] == "`" else SPECIAL.sub(r"\\\1", part) for part in CODE.split(text))


class PlainDocstrings(griffe.Extension):
    """Every docstring is turned into Markdown as its object is read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called by griffe for each object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)
