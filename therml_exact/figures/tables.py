"""A conditional table as a picture: a row for each condition, a column for each letter, dark where it is likely.

Functions draw on the axes `ax` and return them. Probabilities have no unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.figures.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WRITTEN = 80  # tables of no more cells have their probabilities written into them


@styled
def draw_conditional(
    table: np.ndarray[Any, Any], rows: Sequence[str], across: str, down: str, title: str, ax: Axes
) -> Axes:
    """The table p(letter|condition) as [condition, letter].

    rows      the conditions' names
    across    what the letters are called; they are numbered
    down      what the conditions are called
    """
    image = ax.imshow(table, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    size = 12 if table.size <= 30 else 9  # points
    if table.size <= _WRITTEN:
        for (k, z), p in np.ndenumerate(table):
            if p >= 0.005:
                ax.text(
                    z, k, f"{p:.2f}", ha="center", va="center", fontsize=size, color="white" if p > 0.6 else "black"
                )
    ax.set_xticks(range(table.shape[1]))
    if len(rows) <= 60:
        ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel=across, ylabel=down)
    ax.set_title(title)
    ax.figure.colorbar(image, ax=ax, label=f"p({across}|{down}), no unit")
    return ax
