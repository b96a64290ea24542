"""A directed acyclic graph, drawn with parents above children (the paper's Figures 1-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from therml_exact.figures.style import new_axes, styled, symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@styled
def draw_graph(graph: Iterable[tuple[str, Sequence[str]]], ax: Axes | None = None) -> Axes:
    """The graph with parents above children; nodes of one depth side by side."""
    nodes_and_parents = list(graph)
    depth: dict[str, int] = {}
    for node, above in nodes_and_parents:
        depth[node] = 1 + max((depth[name] for name in above), default=-1)
    levels: dict[int, list[str]] = {}
    for node, level in depth.items():
        levels.setdefault(level, []).append(node)
    if ax is None:
        ax = new_axes(1.4 * max(map(len, levels.values())) + 1.2, 1.5 * len(levels) + 0.4)
    place: dict[str, tuple[float, float]] = {}
    for level, nodes in levels.items():
        # Every other level is wider, so that arrows over more than one level pass beside the nodes between.
        for k, node in enumerate(nodes):
            place[node] = ((k - (len(nodes) - 1) / 2) * (1.0 if level % 2 else 1.5), -float(level))
    for node, above in nodes_and_parents:
        for parent in above:
            # An arrow over more than one level would run through the nodes between: bend it.
            bend = 0.25 if depth[node] - depth[parent] > 1 else 0.0
            ax.annotate(
                "",
                place[node],
                place[parent],
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": "0.35",
                    "shrinkA": 15,
                    "shrinkB": 15,
                    "connectionstyle": f"arc3,rad={bend if place[node][0] >= place[parent][0] else -bend}",
                },
            )
    for node, (x, y) in place.items():
        ax.plot(x, y, "o", markersize=28, color="white", markeredgecolor="black", zorder=3)
        ax.text(x, y, symbol(node), ha="center", va="center", fontsize=14, zorder=4)
    across = [x for x, _ in place.values()]
    ax.set_xlim(min(across) - 0.6, max(across) + 0.6)
    ax.set_ylim(-max(levels) - 0.5, 0.5)
    ax.set_axis_off()
    return ax
