"""Figures of frontiers: the plane of two functionals, inner and outer curve, and the surface in (R, D, C).

Informations are in nats or bits, which their axes name; multipliers have no unit. Functions
draw on the axes `ax`, or on new ones, and return them; `unit` is "nats" or "bits".
Errors: ValueError for a surface where a plane is drawn, and the reverse; ImportError without matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from therml_exact.figures.style import IMPOSSIBLE, ink, new_axes, styled, symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Array = np.ndarray[Any, Any]
_MARKERS = "sD^vP*X"


class Sheet(Protocol):
    """A plane or space of a frontier, as frontier/curve/frontier.py makes it."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the coordinates are called."""

    @property
    def view(self) -> Sequence[Sequence[float]]:
        """Weights view[coordinate][functional]."""

    @property
    def fixed(self) -> Mapping[str, float]:
        """The multiplier inside a coordinate, by name."""

    @property
    def optima(self) -> Sequence[Any]:
        """The optima."""

    @property
    def supports(self) -> Sequence[Any]:
        """The half-space of each optimum."""

    @property
    def coordinates(self) -> Array:
        """The achieved points [optimum, coordinate], nats."""

    @property
    def facets(self) -> Sequence[Any]:
        """The lower facets of their convex hull."""

    @property
    def critical(self) -> Any:
        """The multiplier at which a first code pays for itself."""


class Frontier(Protocol):
    """A frontier, as `trace` returns it."""

    @property
    def problem(self) -> Any:
        """The problem."""

    @property
    def sheets(self) -> Sequence[Any]:
        """The planes, or the space, each a Sheet."""

    @property
    def points(self) -> Sequence[Any]:
        """All optima."""

    @property
    def constant(self) -> float:
        """H(X) in nats."""

    @property
    def gap(self) -> float:
        """The largest step between inner and outer polytope, nats."""


@styled
def draw_frontier(
    frontier: Frontier,
    unit: str = "nats",
    ax: Axes | None = None,
    hard: Any = None,
    objectives: Sequence[Any] = (),
) -> Axes:
    """The sheets of a frontier in their plane: what is achieved, what is proved to be impossible, and gamma_c.

    frontier     one or more planes
    unit         "nats" or "bits"
    ax           where to draw; None: new axes
    hard         hard encoders of the same p(x, y), drawn at (H(Z), H(Y) - I(Y;Z))
    objectives   named optima, drawn as marks; those at one place share a mark

    A line joins the optima, and whatever else is drawn that is achieved and lies lower: with the rule fixed, mixtures
    of encoders reach every point of it. Shaded is only what a proved half-plane excludes, or a negative coordinate.
    """
    if any(len(sheet.names) == 3 for sheet in frontier.sheets):
        raise ValueError("a frontier in (R, D, C) is a surface: draw_surface draws it")
    ax = new_axes(7.4, 6.6) if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    first, many = frontier.sheets[0], len(frontier.sheets) > 1
    codes = _hard_places(frontier, hard) * scale
    named = _named_places(frontier, objectives, scale)
    extra = np.concatenate([codes, *(place[None] for place, _ in named)])
    shown = [_places(frontier, sheet) * scale for sheet in frontier.sheets]
    (left, bottom), (right, top) = _limits(np.concatenate([*shown, extra]))
    for k, (sheet, points) in enumerate(zip(frontier.sheets, shown, strict=True)):
        fixed = ", ".join(f"{name} = {value:g}" for name, value in sheet.fixed.items())
        hull = _lower_hull(np.concatenate([points, extra[: 0 if many else None]]))
        label = f"achieved, {fixed}" if many else "achieved (inner polygon)"
        (line,) = ax.plot(
            points[:, 0], points[:, 1], ".", markersize=6, label="_optima" if many else "optima", zorder=3
        )
        colour = line.get_color()
        ax.plot(hull[:, 0], hull[:, 1], "-", color=colour, linewidth=2, label=label, zorder=3)
        outer = _outer(frontier, sheet, scale, left, right)
        bound = "bounds (dashed)" if many and k == 0 else "_bound" if many else "bound (outer polygon)"
        ax.plot(*outer.T, "--", color=colour, linewidth=1.6, alpha=0.8, label=bound)
        if not many:
            x = np.concatenate([[left, outer[0, 0]], outer[:, 0]])
            y = np.concatenate([[top, top], outer[:, 1]])
            ax.fill_between(x, y, min(bottom, y.min()), color=IMPOSSIBLE, zorder=0, linewidth=0, label="impossible")
    _draw_critical(ax, frontier, scale, bottom)
    if len(codes):
        ax.plot(*codes.T, "o", mfc="none", color=ink(3), markersize=7, label="hard encoders", zorder=4)
    for k, (place, here) in enumerate(named):
        label = "\n".join(f"{one.name}: min {one.formula}" for one in here)
        ax.plot(*place, _MARKERS[k % len(_MARKERS)], color="black", markersize=11, mfc="none", label=label, zorder=5)
    across, up = (_axis_name(frontier, sheet_name, many and k == 0) for k, sheet_name in enumerate(first.names))
    ax.set(xlabel=f"{across} ({unit})", ylabel=f"{up} ({unit})", xlim=(left, right), ylim=(bottom, top))
    ax.ticklabel_format(useOffset=False)
    ax.set_title(_title(frontier, unit))
    # Below the axes: nothing of the curve may hide behind it.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    return ax


def _title(frontier: Frontier, unit: str) -> str:
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    left = sum(o.status == "open" for o in frontier.points)
    state = f"{left} of them open" if left else "certified"
    return f"{len(frontier.points)} optima, {state}; gap {frontier.gap * scale:.2g} {unit}"


def _axis_name(frontier: Frontier, name: str, general: bool) -> str:
    """A coordinate by its name, with those of the variables where they are no X and Y; delta where it varies."""
    if general:
        return name.split(" ")[0] + " + δ D"
    if frontier.problem.kind == "encoder":
        axes = frontier.problem.p_xy.axes
        told = {"R": f"rate of {axes[0]}", "C": f"error of {axes[-1]}", "D": f"distortion of {axes[0]}"}
        if name in told and (axes[0], axes[-1]) != ("X", "Y"):
            return f"{name}, {told[name]}"
    return name


def _places(frontier: Frontier, sheet: Sheet) -> Array:
    """The achieved points of a sheet in its plane, [optimum, coordinate], nats; V without the constant H(X)."""
    return sheet.coordinates - _shift(frontier, sheet)


def _shift(frontier: Frontier, sheet: Sheet) -> Array:
    return np.array([frontier.constant if name == "V" else 0.0 for name in sheet.names])


def _limits(points: Array) -> tuple[Array, Array]:
    """The corners of the window: all that is drawn with a margin, at least a thousandth of a nat wide."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.maximum(0.06 * (high - low), 5e-4)
    return low - margin, high + margin


def _lower_hull(points: Array) -> Array:
    """The corners of the lower left boundary of the convex hull of points, from the left to the lowest."""
    hull: list[Array] = []
    for p in points[np.lexsort((points[:, 1], points[:, 0]))]:
        if hull and p[1] >= hull[-1][1]:
            continue
        while len(hull) > 1 and _turn(hull[-2], hull[-1], p) <= 0:
            hull.pop()
        hull.append(p)
    return np.array(hull)


def _turn(a: Array, b: Array, c: Array) -> float:
    """Positive where the way from a over b to c turns left, as a lower hull does."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _hard_places(frontier: Frontier, hard: Any) -> Array:
    """The hard encoders in the plane of (R, C), nats."""
    if hard is None or frontier.problem.kind != "encoder":
        return np.empty((0, 2))
    y = np.asarray(frontier.problem.cells.sum(axis=(0, 1)), dtype=float)
    total = -float(np.sum(np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)), 0.0)))
    return np.array([(h, total - i) for h, i, _ in hard.points])


def _named_places(frontier: Frontier, objectives: Sequence[Any], scale: float) -> list[tuple[Array, list[Any]]]:
    """The named optima in the first sheet's plane; those at one place together."""
    first, places = frontier.sheets[0], list[tuple[Array, list[Any]]]()
    for one in objectives:
        place = (
            np.array(first.view) @ [one.optimum.point[f] for f in frontier.problem.functionals]
            - _shift(frontier, first)
        ) * scale
        for known, here in places:
            if np.abs(known - place).max() < 1e-6:
                here.append(one)
                break
        else:
            places.append((place, [one]))
    return places


def _draw_critical(ax: Axes, frontier: Frontier, scale: float, bottom: float) -> None:
    """The slope at which the first code pays for itself, from where nothing is said: the code that is constant."""
    first, problem = frontier.sheets[0], frontier.problem
    if first.critical is None or not math.isfinite(first.critical.value) or first.critical.value <= 0:
        return
    silent = problem.tables(np.ones((*first.optima[0].encoder.shape[:-1], 1)))[0]
    start = np.array(first.view) @ [silent[name] for name in problem.functionals] - _shift(frontier, first)
    fall = start[1] * scale - bottom
    name = r"$\beta_c$" if first.names[1] == "U" else r"$\gamma_c$"
    fixed = ", ".join(f"{name} = {value:g}" for name, value in first.fixed.items())
    told = f"slope at the first code, {name} {first.critical}" + (f" ({fixed})" if len(frontier.sheets) > 1 else "")
    x, y = start * scale
    ax.plot([x, x + fall * first.critical.value], [y, bottom], ":", color="0.4", linewidth=1.6, label=told)


def _outer(frontier: Frontier, sheet: Sheet, scale: float, left: float, right: float) -> Array:
    """The boundary of what the lower bounds exclude, [place, coordinate], from its vertical part to the right.

    No functional is negative, which is used too; the places are those of the window between `left` and `right`.
    """
    start, lines = 0.0, [(0.0, 0.0)]
    view, shift = np.array(sheet.view), _shift(frontier, sheet)
    for s in sheet.supports:
        a = np.linalg.lstsq(view.T, np.array(s.weights), rcond=None)[0]
        bound = s.bound - a @ shift
        if a[1] > 0:
            lines.append((a[0] / a[1], bound / a[1]))
        elif a[0] > 0:
            start = max(start, bound / a[0])
    slopes, heights = np.array(lines).T
    corners = [
        (h - g) / (a - b)
        for k, (a, h) in enumerate(lines)
        for b, g in lines[:k]
        if a != b
    ]  # fmt: skip
    inside = [x for x in corners if start < x < right / scale]
    x = np.unique(np.array([start, *inside, max(right / scale, start)]))
    return np.stack([x, (heights - slopes * x[:, None]).max(axis=1)], axis=1) * scale


@styled
def draw_surface(frontier: Frontier, unit: str = "nats", ax: Any = None) -> Any:
    """The frontier in (R, D, C): the facets of the inner polytope, and the achieved points, in three dimensions."""
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    (sheet,) = frontier.sheets
    if len(sheet.names) != 3:
        raise ValueError("this frontier lies in a plane: draw_frontier draws it")
    if ax is None:
        ax = Figure(figsize=(7.8, 6.4), layout="constrained").add_subplot(projection="3d")
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    points = sheet.coordinates * scale
    triangles = [points[list(f.vertices)] for f in sheet.facets if len(f.vertices) == 3]
    ax.view_init(*_facing(points, triangles))
    mesh = Poly3DCollection(triangles, alpha=0.55, edgecolor="0.3", linewidth=0.6)
    mesh.set_array(np.array([t[:, 2].mean() for t in triangles]))
    mesh.set_cmap("viridis")
    ax.add_collection3d(mesh)
    ax.scatter(*points.T, color="black", s=10, depthshade=False)
    ax.locator_params(nbins=6)
    for axis, name in zip("xyz", sheet.names, strict=True):
        getattr(ax, f"set_{axis}label")(f"{name} ({unit})", labelpad=18)
    ax.set_title(_title(frontier, unit))
    return ax


def _facing(points: Array, triangles: Sequence[Array]) -> tuple[float, float]:
    """The elevation and azimuth, in degrees, from which a surface is seen as broad as it is; a nearly flat one too."""
    wide = np.ptp(points, axis=0)
    scaled = [t / np.where(wide > 0, wide, 1.0) for t in triangles]
    normal = sum((np.abs(np.cross(t[1] - t[0], t[2] - t[0])) for t in scaled), np.full(3, 1e-9))
    elevation = math.degrees(math.asin(normal[2] / np.linalg.norm(normal)))
    return min(max(elevation, 15.0), 50.0), math.degrees(math.atan2(normal[1], normal[0]))


@styled
def draw_learning(optima: Sequence[Any], jumps: Iterable[Any] = (), unit: str = "nats", ax: Axes | None = None) -> Axes:
    """S of optima against sigma, and where it jumps; of Jumps also the pieces in which one may be lost."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    for status, fill in (("certified", "full"), ("open", "none")):
        place = sorted((o.multipliers["sigma"], o.point["S"] * scale) for o in optima if o.status == status)
        if place:
            ax.plot(
                *zip(*place, strict=True), "o", color=ink(0), fillstyle=fill, markersize=6, label=f"{status} optima"
            )
    for jump in jumps:
        ends = [jump.before * scale, jump.after * scale]
        label = f"jump by {jump.drop * scale:.3g} {unit} at σ = {jump.sigma:.6g}"
        ax.plot([jump.sigma] * 2, ends, "-", color=ink(3), label=label)
    for piece in getattr(jumps, "pieces", ()):
        if piece.status == "lost":
            told = f"a jump may be lost in σ = {piece.low:.4g} to {piece.high:.4g}"
            ax.axvspan(piece.low, piece.high, color=ink(1), alpha=0.15, linewidth=0, label=told)
    ax.set_xlabel("σ, the multiplier of S (no unit)")
    ax.set_ylabel(f"S ({unit})")
    ax.legend()
    return ax


@styled
def draw_unseen(capped: Sequence[Any], optima: Sequence[Any], unit: str = "nats", ax: Axes | None = None) -> Axes:
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
    ax.fill_between(cap * scale, hull * scale, value * scale, where=~np.isnan(hull), facecolor="none",
                    edgecolor=ink(1), hatch="//", linewidth=0, label="what no Lagrangian sees")  # fmt: skip
    ax.plot(cap * scale, value * scale, ".-", color=ink(0), linewidth=2, label=f"least {name}, achieved")
    below = np.array([max(c.lower_bound, _by_multipliers(optima, name, c.caps)) for c in capped])
    ax.plot(cap * scale, below * scale, ":", color=ink(0), linewidth=1.6, label="proven lower bound")
    ax.plot(cap * scale, hull * scale, "--", color=ink(1), linewidth=1.6, label="convex hull of the optima")
    seen = rows.max(axis=0)
    ax.plot(seen * scale, heights * scale, "D", color=ink(3), markersize=9, label="found by multipliers", zorder=4)
    ax.set_xlabel(f"cap of {' and '.join(letters)} ({unit})")
    ax.set_ylabel(f"{name} ({unit})")
    ax.legend()
    return ax


def _by_multipliers(optima: Sequence[Any], name: str, caps: Mapping[str, float]) -> float:
    """What the optima prove of a functional under caps: weights @ (R, C, D, S) >= lower bound at their multipliers."""
    weight = {"R": "rho", "C": "gamma", "D": "delta", "S": "sigma"}
    proved = [0.0]
    for o in optima:
        w = {f: o.multipliers[m] for f, m in weight.items()}
        if w[name] > 0 and all(f in caps or f == name for f, value in w.items() if value > 0):
            proved.append((o.lower_bound - sum(w[f] * cap for f, cap in caps.items())) / w[name])
    return max(proved)


@styled
def draw_hard_frontier(frontier: Any, unit: str = "nats", ax: Axes | None = None) -> Axes:
    """The hard encoders as a staircase: the most I(Y;Z) that H(Z) or less can buy."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    h, i = [point[0] * scale for point in frontier.points], [point[1] * scale for point in frontier.points]
    x, y = (symbol(name) for name in frontier.joint.axes)
    ax.step(h, i, where="post", color=ink(0), linewidth=1.6)
    ax.plot(h, i, "o", color=ink(0), markersize=6)
    ax.set_xlabel(f"H(Z) ({unit})")
    ax.set_ylabel(f"I({y};Z) ({unit})")
    note = "" if frontier.complete else ", incomplete"
    ax.set_title(f"{len(h)} Pareto-optimal hard encoders of {x}{note}")
    return ax
