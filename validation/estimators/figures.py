"""Pictures of bias and spread by sample size, and of InfoNCE's ceiling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from therml_exact.figures.style import CYCLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours are told apart by all readers; markers say the same again.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

Cell = tuple[float, float]  # bias and standard deviation, nats


def bias_by_size(
    sizes: Sequence[int], curves: Mapping[str, Mapping[str, Sequence[Cell]]], truths: Mapping[str, float]
) -> Figure:
    """A panel a joint; curves[joint][estimator] by size. The axis shows what most of the curves need."""
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9.6), layout="constrained")
    panels = figure.subplots(2, 3).reshape(-1)
    for ax, (joint, lines) in zip(panels, curves.items(), strict=False):
        reach, low, high = [], [], []
        for k, (name, cells) in enumerate(lines.items()):
            shift = 10 ** (0.035 * (k - (len(lines) - 1) / 2))
            bias, spread = np.array(cells).T
            ax.errorbar(
                np.array(sizes) * shift,
                bias,
                spread,
                color=CYCLE[k],
                marker=MARKERS[k],
                markersize=7,
                linewidth=2,
                elinewidth=2,
                ecolor=to_rgba(CYCLE[k], 0.35),
                label=name,
            )
            reach.append(max(np.abs(bias).max(), (np.abs(bias) + spread)[1:].max()))
            low.append((bias - spread).min())
            high.append((bias + spread).max())
        ax.axhline(0, color="0.4", linewidth=0.9, zorder=0)
        # All biases, and from the second size on the bars, of all but the wildest estimator are in sight.
        limit = max(sorted(reach)[-2], 0.01)
        ax.set_ylim(1.1 * max(-limit, min(low) - 0.1 * limit), 1.1 * min(limit, max(high) + 0.1 * limit))
        ax.set_xscale("log")
        ax.set_xticks(sizes, [f"{n:,}" for n in sizes], fontsize=12)
        ax.minorticks_off()
        ax.set_title(f"{joint}:  I(X;Y) = {truths[joint]:.3f} nats", fontsize=13)
        ax.set_xlabel("samples n", fontsize=12)
        ax.set_ylabel("bias ± standard deviation (nats)", fontsize=12)
        ax.tick_params(labelsize=12)
        ax.spines[["top", "right"]].set_visible(False)
    panels[-1].set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    panels[-1].legend(handles, labels, loc="center", frameon=False, fontsize=14)
    return figure


def ceiling(ks: Sequence[int], means: Sequence[float], spreads: Sequence[float], truth: float) -> Figure:
    """The mean of InfoNCE with the best critic against the batch K, below log K and below I."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.4), layout="constrained")
    ax = figure.subplots()
    fine = np.geomspace(ks[0], ks[-1], 200)
    ax.plot(fine, np.log(fine), color=CYCLE[1], linewidth=2, label="log K")
    ax.axhline(truth, color="0.2", linestyle="--", linewidth=1.5, label=f"I(X;Y) = {truth:.3f}")
    ax.errorbar(
        ks, means, spreads, color=CYCLE[0], marker="o", linewidth=1.5, label="InfoNCE, best critic: mean ± s.d."
    )
    ax.set_xscale("log", base=2)
    ax.set_xticks(ks, [str(k) for k in ks])
    ax.minorticks_off()
    ax.set_ylim(0, 1.25 * max(truth, math.log(ks[-1]) * 0.8))
    ax.set_xlabel("batch size K (samples)", fontsize=13)
    ax.set_ylabel("mean of the estimate (nats)", fontsize=13)
    ax.tick_params(labelsize=12)
    ax.legend(frameon=False, loc="lower right", fontsize=11)
    ax.spines[["top", "right"]].set_visible(False)
    return figure
