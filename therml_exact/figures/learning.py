"""The phase diagram of learning: what the best rule keeps of the data, over (gamma, sigma).

    min of rho R + delta D + gamma C + sigma S,     S, R, C of the optima as colours

Concavity of the minimum in sigma bounds the S of every optimal rule between certified optima of one gamma (slopes.py):
where it is more than NOTHING Theta is learnt, which is marked by a dot; where it is less at all larger sigmas Theta is
constant as far as `NOTHING` tells, which is marked by a cross. Where neither is proved there is no mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.figures.style import panels, styled
from therml_exact.frontier.learning.slopes import bounds_of_s

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from therml_exact.frontier.learning.frontier import RuleFrontier
    from therml_exact.frontier.learning.jump import Jump

NOTHING = 1e-3  # nats


@styled
def draw_phase_diagram(
    frontier: RuleFrontier, jumps: Mapping[float, Sequence[Jump]] | None = None, unit: str = "nats",
    axes: Sequence[Axes] | None = None,
) -> Sequence[Axes]:  # fmt: skip
    """S, R and C of a frontier's optima over (gamma, sigma), and where S falls.

    frontier   optima for crossed lists of gamma and sigma, at one delta, two of each at least
    jumps      certified falls of S by gamma
    axes       three axes, one for each functional; None: new ones

    ValueError is raised for optima that fill no grid.
    """
    axes = panels(3, 5.2, 4.8)[1] if axes is None else axes
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    known = {(o.multipliers["gamma"], o.multipliers["sigma"]): o for o in frontier}
    gammas, sigmas = (sorted({at[k] for at in known}) for k in (0, 1))
    whole = len(known) == len(frontier) == len(gammas) * len(sigmas)
    if not whole or min(len(gammas), len(sigmas)) < 2:
        raise ValueError("a phase diagram needs a grid: two gammas and two sigmas at least, all at one delta")
    for ax, name in zip(axes, ("S", "R", "C"), strict=True):
        table = np.array([[known[g, s].point[name] * scale for g in gammas] for s in sigmas])
        mesh = ax.pcolormesh(_edges(gammas), _edges(sigmas), table, cmap="viridis", vmin=0.0)
        ax.figure.colorbar(mesh, ax=ax, label=f"{name} ({unit})")
        ax.set_xlabel("γ, the multiplier of C (no unit)")
        ax.set_ylabel("σ, the multiplier of S (no unit)")
        ax.set_title(f"{name} of the best rule")
    _mark(axes[0], known, gammas, sigmas)
    for ax in axes:
        falls = [(gamma, jump.sigma) for gamma, found in sorted((jumps or {}).items()) for jump in found]
        for colour, size, width in (("white", 16, 3.0), ("#d55e00", 15, 1.8)) if falls else ():
            ax.plot(*zip(*falls, strict=True), "_", color=colour, markersize=size, markeredgewidth=width, zorder=4,
                    label="S falls at once, certified" if width < 2 else None)  # fmt: skip
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        axes[0].figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=True, facecolor="0.75",
                              edgecolor="none")  # fmt: skip
    return axes


def _mark(ax: Axes, known: Mapping[tuple[float, float], Any], gammas: list[float], sigmas: list[float]) -> None:
    """Dots where it is proved that Theta is learnt, crosses where it is proved that S is next to nothing."""
    learnt, constant = [], []
    for gamma in gammas:
        for sigma, (least, most) in zip(sigmas, bounds_of_s([known[gamma, s] for s in sigmas]), strict=True):
            if least > NOTHING:
                learnt.append((gamma, sigma))
            elif most < NOTHING:
                constant.append((gamma, sigma))
    dot: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": "black", "markeredgewidth": 0.6}
    for places, marker, style, label in (
        (learnt, "o", dot, f"learnt: S > {NOTHING:g} nats, proved"),
        (constant, "x", {"color": "white"}, f"constant: S < {NOTHING:g} nats, proved"),
    ):
        if places:
            ax.plot(*zip(*places, strict=True), marker, markersize=7, linestyle="none", label=label, **style)


def _edges(values: Sequence[float]) -> np.ndarray[Any, Any]:
    """The borders of cells around values: halfway between neighbours, and as far beyond the ends; none below 0."""
    v = np.array(values)
    middle = 0.5 * (v[1:] + v[:-1])
    ends = v[0] - (middle[0] - v[0]), v[-1] + (v[-1] - middle[-1])
    edges = np.concatenate([[ends[0]], middle, [ends[1]]])
    return np.maximum(edges, 0.0) if v[0] > 0 else edges
