"""The gap of a learning rule beside its bounds, as bars in the unit of the loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from therml_exact.figures.style import shown_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@styled
def draw_gap(told: Any, ax: Axes | None = None) -> Axes:
    """A bar for each finite bound of a Generalization, and a line at its |gap|; returns the axes."""
    ax = shown_axes() if ax is None else ax
    rows = [row for row in told.bounds if math.isfinite(row.value)]
    ax.barh(range(len(rows)), [float(row.value) for row in rows])
    ax.axvline(abs(float(told.gap)), color="black", linestyle="--", label=f"|gap| = {abs(float(told.gap)):.4g}")
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    ax.invert_yaxis()
    ax.set_xlabel("bound on |gap| (unit of the loss)")
    ax.set_title(f"N = {told.n}: what bounds the generalisation gap")
    ax.legend()
    return ax
