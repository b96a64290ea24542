"""Figures of information: what rules teach, and what data could teach (nats or bits).

Functions draw on the axes given, or on new ones, and return them. Values are given in nats; `unit` is "nats" or
"bits", the unit in which they are drawn.
Errors: ImportError without matplotlib.
Source: Alemi and Fischer, TherML (2018), (3), (4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from therml_exact.figures.style import ink, new_axes, panels, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from therml_exact.predictive import PredictiveInformation


@styled
def draw_teaching(groups: Mapping[str, Mapping[str, float]], unit: str = "nats", ax: Axes | None = None) -> Axes:
    """Bars of information, a group for each learning rule and a bar for each quantity, values in nats."""
    ax = new_axes(1.5 * len(groups) + 2.5, 4.2) if ax is None else ax
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    width = 0.8 / max(1, len(names))
    for k, name in enumerate(names):
        places = [g + (k - (len(names) - 1) / 2) * width for g in range(len(groups))]
        heights = [bars.get(name, math.nan) * scale for bars in groups.values()]
        ax.bar(places, heights, width, label=name, color=ink(k))
        for x, height in zip(places, heights, strict=True):
            ax.annotate(f"{height:.3f}", (x, height), (1, 4), textcoords="offset points", ha="center", rotation=90,
                        fontsize=11)  # fmt: skip
    ax.set_xticks(range(len(groups)), list(groups))
    ax.set_ylabel(f"information ({unit})")
    ax.set_ylim(0, 1.7 * max(1e-300, ax.get_ylim()[1]))  # room for the legend above the bars
    ax.legend(ncols=2, loc="upper left")
    return ax


@styled
def draw_predictive(
    curves: Mapping[str, Sequence[PredictiveInformation]], unit: str = "nats", axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """I_pred against N, a curve for each process, and beside it the ratio of (4), I_pred/H(T_N)."""
    left, right = panels(2)[1] if axes is None else axes
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    for k, (name, points) in enumerate(curves.items()):
        n = [point.n for point in points]
        colour = ink(k)
        left.plot(n, [float(point.I_pred) * scale for point in points], ".-", color=colour, label=name)
        right.plot(n, [point.ratio for point in points], ".-", color=colour, label=name)
    left.set_ylabel(rf"$I_{{\mathrm{{pred}}}}$ ({unit})")
    right.set_ylabel(r"$I_{\mathrm{pred}}(\mathcal{T}_N)\,/\,H(\mathcal{T}_N)$ (no unit)")
    right.set_yscale("log")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xlabel("number of training samples N")
    left.legend()
    return left, right


@styled
def draw_test_information(
    curves: Mapping[str, Sequence[PredictiveInformation]], unit: str = "nats", ax: Axes | None = None
) -> Axes:
    """I(T_N; T'_M) against M, a curve for each N, rising to I_pred (the last point's dashed line is its limit)."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    for k, (name, points) in enumerate(curves.items()):
        tested = [(point.m, float(point.I_pred) * scale) for point in points if point.m is not None]
        (limit,) = [float(point.I_pred) * scale for point in points if point.m is None]
        colour = ink(k)
        ax.plot(*zip(*tested, strict=True), ".-", color=colour, label=name)
        ax.axhline(limit, color=colour, linestyle="--", linewidth=1.6)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("number of test samples M")
    ax.set_ylabel(rf"$I(\mathcal{{T}}_N;\mathcal{{T}}'_M)$ ({unit}); dashed: $I_{{\mathrm{{pred}}}}$")
    ax.legend()
    return ax
