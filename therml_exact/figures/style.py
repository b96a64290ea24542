"""What all figures share: colours, symbols, axes without a window, and files (matplotlib).

Every axis names its unit. Functions that draw take the axes `ax`, or make new ones, and return them. Values are given
in nats; `unit` is "nats" or "bits", the unit in which they are drawn.
Errors: ValueError for a file that ends in none of .png, .pdf, .svg; ImportError without matplotlib.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from therml_exact.files import check_writable, write_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREEK = {"Phi": r"$\Phi$", "Theta": r"$\Theta$"}
COLOURS = ("C0", "C1", "C2", "C3", "C4")  # of Matplotlib's cycle, which a style changes
IMPOSSIBLE = "0.92"  # grey stands for what is proved to be impossible, and for nothing else


def symbol(name: str) -> str:
    """A variable's name as it is set in mathematics: X1 as X with index 1, Phi as the Greek letter."""
    match = re.fullmatch(r"([A-Za-z]+?)(\d*)", name)
    if name in _GREEK or not match or len(match[1]) > 1:
        return _GREEK.get(name, name.replace("$", r"\$"))
    return f"${match[1]}_{{{match[2]}}}$" if match[2] else f"${match[1]}$"


def new_axes(width: float = 6.0, height: float = 4.0) -> Axes:
    """Axes of a figure of their own, without a window."""
    return panels(1, width, height)[1][0]


def shown_axes(projection: str | None = None) -> Axes:
    """Axes of a figure of pyplot's, which notebooks and `plt.show()` show: for the `plot` methods of results."""
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained", subplot_kw={"projection": projection})[1]


def panels(count: int, width: float = 6.0, height: float = 4.2) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), layout="constrained")
    axes = list(figure.subplots(1, count, squeeze=False)[0])
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def check_figure(path: str | os.PathLike[str]) -> None:
    """Refuse a figure's place or ending before anything is computed for it."""
    _ending(path)
    check_writable(path)


def _ending(path: str | os.PathLike[str]) -> str:
    """The ending of a figure's file, in small letters, without the dot."""
    ending = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    if ending not in ("png", "pdf", "svg"):
        raise ValueError(f"{os.fspath(path)}: figures are written as .png, .pdf or .svg")
    return ending


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure (png, pdf or svg, by the ending), whole or not at all."""
    ending = _ending(path)
    write_with(lambda temporary: figure.savefig(temporary, format=ending, dpi=150), path)
