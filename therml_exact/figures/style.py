"""Figures, drawn with matplotlib: graphs as in the paper's Figures 1-4, and what the data could teach.

Every axis names its unit. Functions draw on the axes `ax`, or on new ones, and return them. Values are given in nats;
`unit` is "nats" or "bits", the unit in which they are drawn.
Errors: ValueError for a file that ends in none of .png, .pdf, .svg; ImportError without matplotlib.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from therml_exact.files import check_writable, write_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from therml_exact.frontier.hard import HardFrontier
    from therml_exact.predictive import PredictiveInformation

_GREEK = {"Phi": r"$\Phi$", "Theta": r"$\Theta$"}
COLOURS = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3")


def symbol(name: str) -> str:
    """A variable's name as it is set in mathematics: X1 as X with index 1, Phi as the Greek letter."""
    match = re.fullmatch(r"([A-Za-z]+?)(\d*)", name)
    if name in _GREEK or not match or len(match[1]) > 1:
        return _GREEK.get(name, name.replace("$", r"\$"))
    return f"${match[1]}_{{{match[2]}}}$" if match[2] else f"${match[1]}$"


def new_axes(width: float = 6.0, height: float = 4.0) -> Axes:
    """Axes of a figure of their own, without a window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def draw_teaching(groups: Mapping[str, Mapping[str, float]], unit: str = "nats", ax: Axes | None = None) -> Axes:
    """Bars of information, a group for each learning rule and a bar for each quantity, values in nats."""
    ax = new_axes(1.5 * len(groups) + 2.5, 4.2) if ax is None else ax
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    width = 0.8 / max(1, len(names))
    for k, name in enumerate(names):
        places = [g + (k - (len(names) - 1) / 2) * width for g in range(len(groups))]
        heights = [bars.get(name, math.nan) * scale for bars in groups.values()]
        ax.bar(places, heights, width, label=name, color=COLOURS[k % len(COLOURS)])
        for x, height in zip(places, heights, strict=True):
            ax.annotate(f"{height:.3f}", (x, height), (0, 2), textcoords="offset points", ha="center", fontsize=6)
    ax.set_xticks(range(len(groups)), list(groups))
    ax.set_ylabel(f"information ({unit})")
    ax.set_ylim(0, 1.35 * max(1e-300, ax.get_ylim()[1]))  # room for the legend above the bars
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    return ax


def draw_hard_frontier(frontier: HardFrontier, unit: str = "nats", ax: Axes | None = None) -> Axes:
    """The hard encoders as a staircase: the most I(Y;Z) that H(Z) or less can buy."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    h, i = [point[0] * scale for point in frontier.points], [point[1] * scale for point in frontier.points]
    x, y = (symbol(name) for name in frontier.joint.axes)
    ax.step(h, i, where="post", color=COLOURS[0], linewidth=1)
    ax.plot(h, i, "o", color=COLOURS[0], markersize=4)
    ax.set_xlabel(f"H(Z) ({unit})")
    ax.set_ylabel(f"I({y};Z) ({unit})")
    note = "" if frontier.complete else ", incomplete"
    ax.set_title(f"{len(h)} Pareto-optimal hard encoders of {x}{note}", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def draw_predictive(
    curves: Mapping[str, Sequence[PredictiveInformation]], unit: str = "nats", axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """I_pred against N, a curve for each process, and beside it the ratio of (4), I_pred/H(T_N)."""
    left, right = panels(2)[1] if axes is None else axes
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    for k, (name, points) in enumerate(curves.items()):
        n = [point.n for point in points]
        colour = COLOURS[k % len(COLOURS)]
        left.plot(n, [float(point.I_pred) * scale for point in points], ".-", color=colour, label=name)
        right.plot(n, [point.ratio for point in points], ".-", color=colour, label=name)
    left.set_ylabel(rf"$I_{{\mathrm{{pred}}}}$ ({unit})")
    right.set_ylabel(r"$I_{\mathrm{pred}}(\mathcal{T}_N)\,/\,H(\mathcal{T}_N)$")
    right.set_yscale("log")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xlabel("training samples N")
        ax.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=8)
    return left, right


def draw_test_information(
    curves: Mapping[str, Sequence[PredictiveInformation]], unit: str = "nats", ax: Axes | None = None
) -> Axes:
    """I(T_N; T'_M) against M, a curve for each N, rising to I_pred (the last point's dashed line is its limit)."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    for k, (name, points) in enumerate(curves.items()):
        tested = [(point.m, float(point.I_pred) * scale) for point in points if point.m is not None]
        (limit,) = [float(point.I_pred) * scale for point in points if point.m is None]
        colour = COLOURS[k % len(COLOURS)]
        ax.plot(*zip(*tested, strict=True), ".-", color=colour, label=name)
        ax.axhline(limit, color=colour, linestyle="--", linewidth=1)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("test samples M")
    ax.set_ylabel(rf"$I(\mathcal{{T}}_N;\mathcal{{T}}'_M)$ ({unit}); dashed: $I_{{\mathrm{{pred}}}}$")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax


def panels(count: int, width: float = 6.0, height: float = 4.2) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


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
