"""Figures of frontiers: the plane of two functionals, inner and outer curve, and the surface in (R, D, C).

Every axis names its unit. Functions draw on the axes `ax`, or on new ones, and return them; `unit` is "nats" or "bits".
Errors: ValueError for a surface where a plane is drawn, and the reverse; ImportError without matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.figures.style import COLOURS, new_axes, symbol
from therml_exact.frontier.curve.frontier import Frontier, Sheet
from therml_exact.frontier.curve.half_spaces import Support
from therml_exact.frontier.curve.objectives import Named
from therml_exact.frontier.curve.polytopes import facets
from therml_exact.frontier.problems.encoder import EncoderProblem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from therml_exact.frontier.hard import HardFrontier
    from therml_exact.frontier.rules.caps import CappedOptimum
    from therml_exact.frontier.rules.jump import Jump
    from therml_exact.frontier.rules.optimum import RuleOptimum

Array = np.ndarray[Any, Any]
_MARKERS = "sD^vP*X"


def draw_frontier(
    frontier: Frontier,
    unit: str = "nats",
    ax: Axes | None = None,
    hard: HardFrontier | None = None,
    objectives: Sequence[Named] = (),
) -> Axes:
    """The sheets of a frontier in their plane: achieved points, the outer polygon of the lower bounds, and gamma_c.

    frontier     one or more planes
    unit         "nats" or "bits"
    ax           where to draw; None: new axes
    hard         hard encoders of the same p(x, y), drawn at (H(Z), H(Y) - I(Y;Z))
    objectives   named optima, drawn as marks; those at one place share a mark
    """
    if any(len(sheet.names) == 3 for sheet in frontier.sheets):
        raise ValueError("a frontier in (R, D, C) is a surface: draw_surface draws it")
    ax = new_axes(6.6, 5.8) if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    many = len(frontier.sheets) > 1
    for k, sheet in enumerate(frontier.sheets):
        colour = COLOURS[k % len(COLOURS)]
        fixed = ", ".join(f"{name} = {value:g}" for name, value in sheet.fixed.items())
        points = sheet.coordinates * scale
        points = points[np.lexsort((-points[:, 1], points[:, 0]))]
        outer = _outer(sheet, points, scale)
        label = f"achieved, {fixed}" if many else "achieved (inner polygon)"
        ax.plot(points[:, 0], points[:, 1], ".-", color=colour, linewidth=1.2, markersize=4, label=label, zorder=3)
        ax.plot(
            *outer.T,
            "--",
            color=colour,
            linewidth=0.9,
            alpha=0.8,
            label="bounds (dashed)" if many and k == 0 else None if many else "bound (outer polygon)",
        )
        ax.autoscale_view()
        if not many:
            _shade(ax, outer)
    first = frontier.sheets[0]
    fixed_first = ", ".join(f"{name} = {value:g}" for name, value in first.fixed.items())
    (left, bottom), (right, top) = first.coordinates.min(axis=0) * scale, first.coordinates.max(axis=0) * scale
    if first.critical is not None and math.isfinite(first.critical.value) and first.critical.value > 0:
        name = r"$\beta_c$" if first.names[1] == "U" else r"$\gamma_c$"
        run = min(right - left, (top - bottom) * first.critical.value)
        ax.plot(
            [left, left + run],
            [top, top - run / first.critical.value],
            ":",
            color="0.4",
            linewidth=1,
            label=f"slope at the first code, {name} = {first.critical.value:.5g}"
            + (f" ({fixed_first})" if many else ""),
        )
    if hard is not None and isinstance(frontier.problem, EncoderProblem):
        y = np.asarray(frontier.problem.cells.sum(axis=(0, 1)), dtype=float)
        total = -float(np.sum(np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)), 0.0)))
        codes = np.array([(h, total - i) for h, i, _ in hard.points]) * scale
        ax.plot(
            codes[:, 0], codes[:, 1], "o", mfc="none", color=COLOURS[3], markersize=5, label="hard encoders", zorder=4
        )
    places: list[tuple[Array, list[Named]]] = []
    for named in objectives:  # those at one place share a mark
        place = np.array(first.view) @ Support.of(named.optimum).point * scale
        for known, here in places:
            if np.abs(known - place).max() < 1e-6:
                here.append(named)
                break
        else:
            places.append((place, [named]))
    for k, (place, here) in enumerate(places):
        label = "\n".join(f"{named.name}: min {named.formula}" for named in here)
        ax.plot(*place, _MARKERS[k % len(_MARKERS)], color="black", markersize=9, mfc="none", label=label, zorder=5)
    ax.set_xlabel(f"{first.names[0] if not many else first.names[0].split(' ')[0] + ' + δ D'} ({unit})")
    ax.set_ylabel(f"{first.names[1]} ({unit})")
    ax.set_ylim(bottom - 0.06 * (top - bottom + 1e-9), top + 0.06 * (top - bottom + 1e-9))
    if not many:
        ax.text(0.06, 0.03, "impossible", transform=ax.transAxes, color="0.5", fontsize=9)
    ax.set_title(f"{len(frontier.points)} {frontier.status} points, gap {frontier.gap * scale:.2g} {unit}", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    # Below the axes: nothing of the curve may hide behind it.
    ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    return ax


def _shade(ax: Axes, outer: Array) -> None:
    """Shade what no encoder reaches: left of the least first coordinate, and below the outer curve."""
    left, right = ax.get_xlim()
    x = np.concatenate([[left, outer[0, 0]], outer[:, 0], [right]])
    y = np.concatenate([[1e9, 1e9], outer[:, 1], [outer[-1, 1]]])
    ax.fill_between(x, y, -1e9, color="0.92", zorder=0, linewidth=0)
    ax.set_xlim(left, right)


def _outer(sheet: Sheet, points: Array, scale: float) -> Array:
    """The boundary of the half-planes of the lower bounds, [place, coordinate], over the range of the points."""
    lines = []
    view = np.array(sheet.view)
    for o in sheet.optima:
        s = Support.of(o)
        a = np.linalg.lstsq(view.T, np.array(s.weights), rcond=None)[0]
        if a[1] > 0:
            lines.append((a[0] / a[1], s.bound / a[1]))
    slopes, heights = np.array(lines).T
    x = np.unique(
        np.concatenate([points[:, 0] / scale, np.linspace(points[:, 0].min(), points[:, 0].max(), 400) / scale])
    )
    return np.stack([x, (heights - slopes * x[:, None]).max(axis=1)], axis=1) * scale


def draw_surface(frontier: Frontier, unit: str = "nats", ax: Any = None) -> Any:
    """The frontier in (R, D, C): the facets of the inner polytope, and the achieved points, in three dimensions."""
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    (sheet,) = frontier.sheets
    if len(sheet.names) != 3:
        raise ValueError("this frontier lies in a plane: draw_frontier draws it")
    if ax is None:
        ax = Figure(figsize=(7.0, 5.6), layout="constrained").add_subplot(projection="3d")
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    points = sheet.coordinates * scale
    triangles = [points[list(f.vertices)] for f in facets(sheet.coordinates) if len(f.vertices) == 3]
    mesh = Poly3DCollection(triangles, alpha=0.55, edgecolor="0.3", linewidth=0.4)
    mesh.set_array(np.array([t[:, 2].mean() for t in triangles]))
    mesh.set_cmap("viridis")
    ax.add_collection3d(mesh)
    ax.scatter(*points.T, color="black", s=6, depthshade=False)
    for axis, name in zip("xyz", sheet.names, strict=True):
        getattr(ax, f"set_{axis}label")(f"{name} ({unit})")
    ax.set_title(f"{len(sheet.optima)} {frontier.status} optima, gap {frontier.gap * scale:.2g} {unit}", fontsize=10)
    return ax


def draw_learning(
    optima: Sequence[RuleOptimum], jumps: Iterable[Jump] = (), unit: str = "nats", ax: Axes | None = None
) -> Axes:
    """S of certified optima against sigma, and where it jumps."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    place = sorted((o.multipliers["sigma"], o.point["S"] * scale) for o in optima)
    ax.plot(*zip(*place, strict=True), "o", color=COLOURS[0], markersize=4, label="certified optima")
    for jump in jumps:
        ends = [jump.before * scale, jump.after * scale]
        ax.plot([jump.sigma] * 2, ends, "-", color=COLOURS[3], label=f"jump at σ = {jump.sigma:.6g}")
    ax.set_xlabel("σ (multiplier of S)")
    ax.set_ylabel(f"S ({unit})")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax


def draw_unseen(
    capped: Sequence[CappedOptimum], optima: Sequence[RuleOptimum], unit: str = "nats", ax: Axes | None = None
) -> Axes:
    """The least of one functional under a common cap, against the cap, and the convex hull of what multipliers find.

    capped   optima of one functional, each with the same cap on all others that are capped
    optima   optima at any multipliers
    unit     "nats" or "bits"

    The optima of all multipliers lie on the convex hull of the set of all rules' (R, C, D, S), and a mixture of two of
    them is achieved by no rule in general. So what lies between the hull and the least value is seen by no Lagrangian.
    """
    from scipy.optimize import linprog

    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    capped = sorted((c for c in capped if math.isfinite(c.value)), key=lambda c: max(c.caps.values()))
    name, letters = capped[0].minimise, sorted(capped[0].caps)
    cap = np.array([max(c.caps.values()) for c in capped])
    heights = np.array([o.point[name] for o in optima])
    rows = np.array([[o.point[letter] for o in optima] for letter in letters])
    hull = np.array([
        linprog(heights, rows, np.full(len(letters), c + 1e-9), np.ones((1, len(heights))), [1]).fun
        if (rows.max(axis=0) <= c + 1e-9).any() else np.nan for c in cap
    ])  # fmt: skip
    value = np.array([c.value for c in capped])
    ax.fill_between(cap * scale, hull * scale, value * scale, where=~np.isnan(hull), color="0.88", linewidth=0,
                    label="what no Lagrangian sees")  # fmt: skip
    ax.plot(cap * scale, value * scale, ".-", color=COLOURS[0], linewidth=1.2, label=f"least {name}, achieved")
    below = np.array([c.lower_bound for c in capped])
    ax.plot(cap * scale, below * scale, ":", color=COLOURS[0], linewidth=1, label="proven lower bound")
    ax.plot(cap * scale, hull * scale, "--", color=COLOURS[1], linewidth=1, label="convex hull of the optima")
    seen = rows.max(axis=0)
    ax.plot(seen * scale, heights * scale, "D", color=COLOURS[3], markersize=6, label="found by multipliers", zorder=4)
    ax.set_xlabel(f"cap of {' and '.join(letters)} ({unit})")
    ax.set_ylabel(f"{name} ({unit})")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
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
