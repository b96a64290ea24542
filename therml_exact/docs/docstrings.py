"""How docstrings become Markdown: what is aligned and what is an example stays as it is written.

Our docstrings are read in terminals: lists of parameters are aligned by spaces, formulas are indented, examples begin
with >>>. Paragraphs of prose become Markdown, with its special characters escaped; the others become blocks of text.
An extension of griffe, which reads the sources for mkdocstrings.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ALIGNED = re.compile(r"\S {2,}\S|^\s", re.MULTILINE)
SPECIAL = re.compile(r"([\\`*_{}<>|\[\]#])")


def markdown(text: str) -> str:
    r"""The Markdown of a docstring.

    >>> print(markdown("The sum of x_i.\n\nx    numbers\n\n>>> 1 + 1\n2"))
    The sum of x\_i.
    <BLANKLINE>
    ```text
    x    numbers
    ```
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    """
    return "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", text.strip("\n"))))


def _paragraph(text: str) -> str:
    """One paragraph: an example, an aligned block, or prose."""
    if text.lstrip().startswith(">>>"):
        return f"```pycon\n{text}\n```"
    if ALIGNED.search(text):
        return f"```text\n{text}\n```"
    return SPECIAL.sub(r"\\\1", text)


class PlainDocstrings(griffe.Extension):
    """Every docstring is turned into Markdown as its object is read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called by griffe for each object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)
