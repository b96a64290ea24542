"""Figures in the layout of the paper's: data space, latent space, three matrices, a panel for each model.

    (i)   p(x);  g(x) = sum_z q(z) q(x|z);  d(x) = sum_x' p(x') sum_z q(z|x') q(x|z)
    (ii)  q(z);  e(z) = sum_x p(x) q(z|x);  e(z_0), e(z_1) = sum_x p(x|bit) q(z|x)
    (iii) q(z|x)    (iv) q(x|z)    (v) q(x'|x) = sum_z q(z|x) q(x'|z)

Codes are sorted by the mean x that they stand for, unused ones last. A star marks a functional, and its table, that the
objective does not train: it is computed from the encoder and the true p(x, y).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from validation.appendix_h.assessment import Assessed, Tables, functionals
from validation.appendix_h.experiment import Results
from validation.appendix_h.handcrafted import optimum
from validation.appendix_h.objectives import OBJECTIVES
from validation.section import Picture, picture

GREY, BLUE, ORANGE, PURPLE, YELLOW = "0.75", "#0072b2", "#d55e00", "#762a83", "#e6ab02"
MARKS = {6: ("o", BLUE), 7: ("s", ORANGE), 8: ("^", "#009e73"), 9: ("D", PURPLE), 10: ("*", "#cc0033")}
FAINT = 0.35
WINDOW = 345.0, 415.0  # points: about the size of an axes of the overview, which its labels are placed by
NAMES = {6: "Supervised learning", 7: "VIB", 8: "Autoencoders", 9: "VAE", 10: "The full objective"}


ACROSS = 2  # panels of a picture side by side, so that their matrices can be read


def pictures(results: Results) -> tuple[Picture, ...]:
    """Figures 5 to 10, and all models on the frontier."""
    hollow = "; hollow (grey numbers), on 50 examples" if results.samples else ""
    every = picture(
        "All trained models and the certified frontier",
        overview(results),
        f"Values on the true p(x, y): filled, trained on the infinite data{hollow}. Grey is impossible. A value above "
        "the axis is drawn at its upper edge, with an arrow. Faint: the objective does not train this C or D, which is "
        "computed from the encoder and the true p(x, y).",
    )
    out = [every, _five(results)]
    for number in sorted({o.figure for o in OBJECTIVES}):
        group = [k for k, o in enumerate(OBJECTIVES) if o.figure == number]
        for first in range(0, len(group), ACROSS):
            part = group[first : first + ACROSS]
            both = "Above: infinite data; below: 50 examples" if results.samples else "Infinite data"
            shown = [[models[k] for k in part] for models in results.models[:2]]
            letter = f" ({'abcdef'[first // ACROSS]})" if len(group) > ACROSS else ""
            names = ", ".join(OBJECTIVES[k].name for k in part)
            out.append(
                picture(
                    f"Figure {number}{letter}: {NAMES[number]}",
                    _grid(shown, results),
                    f"{names}. {both}. A panel has data space, latent space and the "
                    "matrices q(z|x), q(x|z), q(x'|x), dark for 0. Values on the true p(x, y), in nats; * computed, "
                    "not trained; last, the certified excess of the objective without S over the best encoder.",
                )
            )
    return tuple(out)


def _five(results: Results) -> Picture:
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    found = optimum(results.truth)
    f = functionals(found, results.truth, None)
    q = found.fitted(results.truth, None)
    _panel(figure, found, q, results.truth, None, f"R {f['R']:.3f}, D {f['D']:.3f}, C {f['C']:.3f} nats")
    return picture(
        "Figure 5: Hand-crafted optimum",
        figure,
        "Two codes, the latent bit inferred from x: R = I(x; bit), and R + D = H(X). Values in nats.",
    )


def _grid(rows: Sequence[Sequence[Assessed]], results: Results) -> Figure:
    figure = Figure(figsize=(4.3 * len(rows[0]) + 0.2, 4.7 * len(rows)), layout="constrained")
    panels = figure.subfigures(len(rows), len(rows[0]), squeeze=False, wspace=0.03, hspace=0.03)
    for d, row in enumerate(rows):
        for panel, a in zip(panels[d], row, strict=True):
            stars = ["" if w > 0 else "*" for w in a.objective.weights]
            values = ", ".join(f"{n} {a.true[n]:.2f}{s}" for n, s in zip("RDC", stars, strict=False))
            excess = f"{max(a.excess[1], 0.001):.3f}" if a.excess[1] < 0.0995 else f"{a.excess[1]:.3g}"
            sign = "<" if a.excess[1] < 0.001 else "+"
            title = f"{a.objective.name}, {a.data}\n{values}, S {a.true['S']:.0f}, {sign}{excess} nats"
            sample = None if d == 0 else results.samples[d - 1]
            _panel(panel, a.tables, a.tables.fitted(results.truth, a.objective), results.truth, sample, title)
    return figure


def _panel(
    panel: Figure | SubFigure,
    found: Tables,
    q: dict[str, np.ndarray],
    truth: np.ndarray,
    sample: np.ndarray | None,
    title: str,
) -> None:
    p, y = truth.sum(axis=1), truth.sum(axis=0)
    encoder = found.encoder.mean(axis=0)
    induced = p @ encoder
    mean = (np.arange(len(p)) * p) @ encoder / np.where(induced > 0, induced, 1.0)
    order = np.argsort(np.where(induced > 1e-3, mean, np.inf), kind="stable")
    encoder, induced, z, decoder = encoder[:, order], induced[order], q["z"][order], q["x_given_z"][order]
    panel.suptitle(title, fontsize=8)
    grid = panel.add_gridspec(3, 3, height_ratios=(1, 1, 1.1))
    top, middle = panel.add_subplot(grid[0, :]), panel.add_subplot(grid[1, :])

    edges = np.arange(len(p) + 1) + 0.5
    top.stairs(p, edges, fill=True, color=GREY, label="p(x)")
    if sample is not None:
        top.plot(edges[:-1] + 0.5, sample.sum(axis=1), ".", color="black", markersize=3, label="the 50")
    top.stairs(z @ decoder, edges, color=BLUE, linewidth=1.2, label="g(x)")
    top.stairs(p @ encoder @ decoder, edges, color=ORANGE, linewidth=1.2, ls="--", label="d(x)")
    middle.stairs(induced, edges, fill=True, color=GREY, label="e(z)")
    middle.stairs(z, edges, color=BLUE, linewidth=1.2, label="q(z)")
    for bit, colour in ((0, PURPLE), (1, YELLOW)):
        e = truth[:, bit] / y[bit] @ encoder
        middle.stairs(e, edges, color=colour, linewidth=1.2, label=f"$e(z_{bit})$")
    for ax, name in ((top, "x"), (middle, "code z, sorted")):
        ax.set_xlim(0.4, len(p) + 0.6)
        ax.set_ylim(bottom=0)
        ax.set_xlabel(name, fontsize=7, labelpad=1)
        ax.tick_params(labelsize=6.5, pad=1.5)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(fontsize=6, frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1.0, 0.93), borderpad=0,
                  handlelength=1.2, columnspacing=0.8)  # fmt: skip
        ax.locator_params(axis="y", nbins=3)
    matrices = (("q(z|x)", "x", "z", encoder.T), ("q(x|z)", "z", "x", decoder.T), ("q(x'|x)", "x", "x'",
                (encoder @ decoder).T))  # fmt: skip
    for k, (name, across, up, matrix) in enumerate(matrices):
        ax = panel.add_subplot(grid[2, k])
        ax.imshow(matrix, origin="lower", cmap="viridis", vmin=0, vmax=max(matrix.max(), 1e-9), interpolation="nearest")
        ax.set_title(f"{name}, to {matrix.max():.2g}", fontsize=7, pad=2)
        ax.set_xlabel(across, fontsize=7, labelpad=1)
        ax.set_ylabel(up, fontsize=7, labelpad=1)
        ticks = [0, len(matrix) // 2 - 1, len(matrix) - 1]
        ax.set_xticks(ticks, [str(k + 1) for k in ticks], fontsize=6)
        ax.set_yticks(ticks, [str(k + 1) for k in ticks], fontsize=6)


def overview(results: Results) -> Figure:
    """All models in the planes of (R, C) and (R, D), beside the certified frontier."""
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = sorted((o.point["R"], o.point["C"]) for o in results.frontier.points)
    h_x = max(p["R"] + p["D"] for p in (o.point for o in results.frontier.points))
    end = max(3.5, *(a.true["R"] for models in results.models[:2] for a in models)) + 0.15
    points.append((end, points[-1][1]))
    left.plot(*zip(*points, strict=True), color="black", linewidth=1, label="certified frontier")
    right.plot([0, h_x], [h_x, 0], color="black", linewidth=1, label="certified frontier, R + D = H(X)")
    top = {"C": 0.75, "D": 4.0}
    for ax, name in ((left, "C"), (right, "D")):
        ax.fill_between(*((zip(*points, strict=True)) if name == "C" else ([0, h_x], [h_x, 0])), color="0.93")
        marks: list[tuple[float, float, str, str]] = []
        for d, models in enumerate(results.models[:2]):
            for k, a in enumerate(models):
                marker, colour = MARKS[a.objective.figure]
                x, y = a.true["R"], min(a.true[name], top[name])
                size, fill = 9 if marker == "*" else 6, colour if d == 0 else "white"
                # What is computed from the true p(x, y) is no result of training: it is drawn faint.
                faint = FAINT if (a.objective.gamma if name == "C" else a.objective.delta) == 0 else 1.0
                ax.plot(x, y, marker, color=colour, mfc=fill, markersize=size, clip_on=False, zorder=3, alpha=faint)
                if a.true[name] > top[name]:
                    ax.annotate("", (x, y * 1.045), (x, y), zorder=4, annotation_clip=False,
                                arrowprops={"arrowstyle": "->", "color": colour})  # fmt: skip
                marks.append((x, y, str(k + 1), "black" if d == 0 else "0.4"))
        ax.set_xlabel("rate R (nats)")
        ax.set_ylabel({"C": "classification error C (nats)", "D": "distortion D (nats)"}[name])
        ax.set_xlim(-0.15, end)
        ax.set_ylim(0, top[name])
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=8, loc="lower left" if name == "D" else "upper right")
        _label(ax, marks)
    told = [("0.3", "filled: infinite data"), ("white", "hollow: 50 examples")]
    for fill, text in told[: len(results.models)]:
        left.plot([], [], "o", color="0.3", mfc=fill, label=text)
    left.plot([], [], "o", color="0.3", alpha=FAINT, label="faint: computed from the true p, not trained")
    left.plot([], [], "^", color="0.3", mfc="none", label="arrow: beyond the axis, at its edge")
    for k, o in enumerate(OBJECTIVES):
        marker, colour = MARKS[o.figure]
        left.plot([], [], marker, color=colour, label=f"{k + 1}  {o.name}")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles[1:], labels[1:], loc="outside right center", frameon=False, fontsize=8, title="objective")
    return figure


def _label(ax: Axes, marks: Sequence[tuple[float, float, str, str]]) -> None:
    """Write a text beside each mark (x, y, text, colour) where it meets no other; those at one place share theirs.

    Each takes the first free place around its mark, then farther away with a thin line to it.
    """
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    wide, high = WINDOW
    joined: dict[tuple[int, int, str], list[tuple[float, float, str]]] = {}
    for x, y, text, colour in marks:
        px, py = wide * (x - left) / (right - left), high * (y - bottom) / (top - bottom)
        joined.setdefault((round(px / 4), round(py / 4), colour), []).append((px, py, text))
    taken = [(px - 4, py - 4, px + 4, py + 4) for group in joined.values() for px, py, _ in group]
    for (_, _, colour), group in joined.items():
        px, py, _ = group[0]
        text = ",".join(text for _, _, text in group)
        w = 4.2 * len(text) + 1
        for far in (6.0, 13.0, 21.0, 30.0, 42.0):
            found = None
            for side in range(8):
                dx, dy = far * np.cos(side * np.pi / 4 + 0.6), far * np.sin(side * np.pi / 4 + 0.6)
                x0, y0 = px + dx - (w if dx < 0 else 0), py + dy - 3.5
                box = (x0, y0, x0 + w, y0 + 7)
                inside = box[0] > -20 and box[1] > 2 and box[2] < wide + 15 and box[3] < high + 8
                if inside and not any(_meet(box, other) for other in taken):
                    found = (dx, dy, box)
                    break
            if found is not None:
                break
        dx, dy, box = found if found is not None else (6.0, 6.0, (px, py, px, py))
        taken.append(box)
        x, y = left + px / wide * (right - left), bottom + py / high * (top - bottom)
        line = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3} if far > 6 else None
        ax.annotate(text, (x, y), (dx, dy), textcoords="offset points", fontsize=7, color=colour,
                    ha="right" if dx < 0 else "left", va="center", arrowprops=line)  # fmt: skip


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
