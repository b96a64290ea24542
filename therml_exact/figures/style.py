"""What all figures share: one style, symbols, axes without a window, and files (matplotlib).

Letters are large enough for the last row of a lecture hall, and colours are told apart by the colour-blind (Okabe
and Ito). A style that the user has set is followed: only what is as matplotlib ships it is changed, while drawing.

An axis names its unit: nats or bits for informations, "no unit" for ratios, probabilities and the multipliers, and what
is counted for N, M, |Z|, steps and codes. Functions that draw take the axes `ax`, or make new ones, and return them.
Values are given in nats; `unit` is "nats" or "bits", the unit in which they are drawn.
Errors: ValueError for a file that ends in none of .png, .pdf, .svg; ImportError without matplotlib.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from therml_exact.files import check_writable, write_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREEK = {"Phi": r"$\Phi$", "Theta": r"$\Theta$"}
COLOURS: Mapping[str, str] = {
    "blue": "#0072b2",
    "red": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "orange": "#e69f00",
    "sky": "#56b4e9",
    "yellow": "#f0e442",
    "grey": "#7f7f7f",
}
"""The colours of Okabe and Ito, and a grey, by name."""
CYCLE = (*(COLOURS[name] for name in ("blue", "red", "green", "purple", "orange", "sky")), "#000000")
IMPOSSIBLE = "0.92"  # grey stands for what is proved to be impossible, and for nothing else
STYLE: dict[str, Any] = {
    "font.size": 12.0,  # points, at the sizes of `panels` and `shown_axes`
    "axes.titlesize": 12.0,
    "axes.labelsize": 13.0,
    "xtick.labelsize": 12.0,
    "ytick.labelsize": 12.0,
    "legend.fontsize": 11.0,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 7.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": [7.0, 5.2],  # inches
}

_P = ParamSpec("_P")
_R = TypeVar("_R")


@contextmanager
def style() -> Iterator[None]:
    """The style of all figures, where the user has set no other."""
    import matplotlib as mpl
    from cycler import cycler

    ours = STYLE | {"axes.prop_cycle": cycler(color=CYCLE)}
    now: Any = mpl.rcParams
    shipped: Any = mpl.rcParamsDefault
    chosen: Any = {key: value for key, value in ours.items() if now[key] == shipped[key]}
    with mpl.rc_context(chosen):
        yield


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function that draws, with the style of all figures."""

    @functools.wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with style():
            return draw(*args, **kwargs)

    return drawn


def ink(k: int) -> str:
    """The k-th colour of the style, from 0; of the user's own cycle where there is one."""
    import matplotlib as mpl

    with style():
        colours = mpl.rcParams["axes.prop_cycle"].by_key().get("color", list(CYCLE))
    return str(colours[k % len(colours)])


def symbol(name: str) -> str:
    """A variable's name as it is set in mathematics: X1 as X with index 1, Phi as the Greek letter."""
    match = re.fullmatch(r"([A-Za-z]+?)(\d*)", name)
    if name in _GREEK or not match or len(match[1]) > 1:
        return _GREEK.get(name, name.replace("$", r"\$"))
    return f"${match[1]}_{{{match[2]}}}$" if match[2] else f"${match[1]}$"


def new_axes(width: float = 7.0, height: float = 4.8) -> Axes:
    """Axes of a figure of their own, without a window."""
    return panels(1, width, height)[1][0]


def shown_axes(projection: str | None = None) -> Axes:
    """Axes of a figure of pyplot's, which notebooks and `plt.show()` show: for the `plot` methods of results."""
    import matplotlib.pyplot as plt

    with style():
        ax = plt.subplots(layout="constrained", subplot_kw={"projection": projection})[1]
        _keep_letters(ax)
    return ax


def panels(count: int, width: float = 6.0, height: float = 4.6) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(width * count, height), layout="constrained")
        axes = list(figure.subplots(1, count, squeeze=False)[0])
        for ax in axes:
            _keep_letters(ax)
    return figure, axes


def _keep_letters(ax: Axes) -> None:
    """The size of the numbers at the ticks, which are made when the figure is written, after the style has ended."""
    import matplotlib as mpl

    ax.tick_params(axis="x", labelsize=mpl.rcParams["xtick.labelsize"])
    ax.tick_params(axis="y", labelsize=mpl.rcParams["ytick.labelsize"])


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
