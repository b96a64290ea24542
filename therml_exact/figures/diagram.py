"""Information diagrams of two to four variables as circles or ellipses, an amount in each region (nats or bits).

A region is blue where its atom is positive, red where it is negative, the stronger the larger it is. Areas mean
nothing. The amount stands where the region is widest. Values are given in nats; `unit` is the one that is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from therml_exact.figures.style import styled, symbol
from therml_exact.numbers.tables import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Centre x, y, half axes, and angle in degrees of each variable's ellipse; and where its name stands.
_SHAPES: dict[int, list[tuple[float, float, float, float, float]]] = {
    2: [(-0.6, 0, 1, 1, 0), (0.6, 0, 1, 1, 0)],
    3: [(-0.58, 0.34, 1, 1, 0), (0.58, 0.34, 1, 1, 0), (0, -0.66, 1, 1, 0)],
    4: [
        (-0.75, -0.3, 1.8, 1.1, -45),
        (-0.25, 0.2, 1.8, 1.1, -45),
        (0.25, 0.2, 1.8, 1.1, 45),
        (0.75, -0.3, 1.8, 1.1, 45),
    ],
}
_NAMES: dict[int, list[tuple[float, float]]] = {
    2: [(-1.3, 0.95), (1.3, 0.95)],
    3: [(-1.35, 1.2), (1.35, 1.2), (1.05, -1.3)],
    4: [(-2.2, 1.05), (-1.6, 1.85), (1.6, 1.85), (2.2, 1.05)],
}
_POSITIVE, _NEGATIVE = np.array([0.20, 0.45, 0.80]), np.array([0.85, 0.25, 0.20])
_CELLS = 400


@styled
def draw_diagram(names: Sequence[str], atoms: Mapping[frozenset[str], float], unit: str, ax: Axes) -> Axes:
    """The atoms of a diagram, in nats, in their regions."""
    from matplotlib.patches import Ellipse

    shapes, (end, line, region, widest) = _SHAPES[len(names)], _regions(len(names))
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    amounts = {atom: float(amount) * scale for atom, amount in atoms.items()}
    largest = max(map(abs, amounts.values())) or 1.0
    image = np.ones((*region.shape, 3))
    for atom, amount in amounts.items():
        mask = sum(1 << k for k, name in enumerate(names) if name in atom)
        strength = 0.65 * abs(amount) / largest
        image[region == mask] = 1 - strength * (1 - (_POSITIVE if amount > 0 else _NEGATIVE))
        row, column = widest[mask]
        size = 12 if len(shapes) < 4 else 11
        ax.text(line[column], line[row], _number(amount), ha="center", va="center", fontsize=size)
    ax.imshow(image, origin="lower", extent=(-end, end, -end, end), interpolation="bilinear", zorder=0)
    for (a, b, u, v, angle), name, place in zip(shapes, names, _NAMES[len(shapes)], strict=True):
        ax.add_patch(Ellipse((a, b), 2 * u, 2 * v, angle=angle, fill=False, linewidth=1.6, edgecolor="0.2"))
        ax.text(*place, symbol(name), ha="center", va="center", fontsize=15)
    ax.set_aspect("equal")
    if len(shapes) == 2:
        ax.set_ylim(-1.2, 1.2)
    ax.set_axis_off()
    ax.set_title(f"atoms of information ({unit})")
    return ax


@cache
def _regions(count: int) -> tuple[float, Array, Array, dict[int, tuple[int, int]]]:
    """Half the window's side, its coordinates, the sets of variables whose ellipses hold each cell, as bits.

    And for each set of variables the cell of its region that is farthest from the border.
    """
    from scipy.ndimage import distance_transform_edt

    end = 2.35 if count == 4 else 1.8
    line = np.linspace(-end, end, _CELLS)
    x, y = np.meshgrid(line, line)
    region = np.zeros(x.shape, dtype=int)
    for k, shape in enumerate(_SHAPES[count]):
        region |= _inside(x, y, *shape).astype(int) << k
    widest = {}
    for mask in range(1, 1 << count):
        wide = distance_transform_edt(region == mask)
        row, column = np.unravel_index(np.argmax(wide), wide.shape)
        widest[mask] = int(row), int(column)
    return end, line, region, widest


def _number(amount: float) -> str:
    if amount == 0:
        return "0"
    text = f"{abs(amount):.3f}" if abs(amount) >= 5e-4 else f"{abs(amount):.0e}"
    return ("−" if amount < 0 else "") + text


def _inside(x: Array, y: Array, a: float, b: float, u: float, v: float, angle: float) -> Array:
    turn = math.radians(angle)
    along = (x - a) * math.cos(turn) + (y - b) * math.sin(turn)
    across = -(x - a) * math.sin(turn) + (y - b) * math.cos(turn)
    return np.asarray((along / u) ** 2 + (across / v) ** 2 <= 1)
