"""Figures of the thermodynamics: Maxwell relations along a branch, relaxations, and two models in contact.

Informations are in nats or bits, which their axes name; sigma and relative differences have no unit. Functions
draw on the axes given, or on new ones, and return them; `unit` is "nats" or "bits". matplotlib is imported on use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from therml_exact.figures.style import ink, new_axes, panels, styled
from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.branch import branch_end
from therml_exact.thermo.family import State
from therml_exact.thermo.maxwell import AGREEMENT, MaxwellReport
from therml_exact.thermo.potentials import PAIRS, Derivative, MaxwellRelation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from therml_exact.thermo.second_law import Relaxation
    from therml_exact.thermo.zeroth_law import Contact


POTENTIALS = "R, F = R + σS, H = R + γC, G = H + σS, A = R + δD, B = A + σS, E = A + γC, J = E + σS"
"""What the letters of the eight potentials stand for (78)-(94)."""


def unit_power(derivative: Derivative) -> int:
    """The power of the unit of information in a derivative: functionals carry it, multipliers do not."""
    functionals = ("R", *PAIRS)
    return (derivative.of in functionals) - (derivative.wrt in functionals)


@styled
def draw_maxwell(
    state: State, relation: MaxwellRelation, toward: float, unit: str = "nats", axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """The two experiments of a relation along the branch in sigma, to its kink or `toward`; how nearly they agree."""
    left, right = panels(2)[1] if axes is None else axes
    beyond = None
    try:
        end, beyond = branch_end(state, "sigma", toward)
    except NotSmoothError:  # smooth all the way
        end = state.family.solve(state, **(dict(state.multipliers) | {"sigma": toward}))
    low = state.sigma
    # Denser towards the end, where the derivatives diverge like an inverse root.
    sigmas = [end.sigma - (end.sigma - low) * (1 - k / 40) ** 3 for k in range(40)]
    here, rows = state, []
    for sigma in sigmas:
        here = here.family.solve(here, **(dict(state.multipliers) | {"sigma": sigma}))
        try:
            rows.append((sigma, here.derivative(relation.left), relation.sign * here.redone(relation.right)))
        except NotSmoothError:
            break
    x, one, other = zip(*rows, strict=True)
    power = unit_power(relation.left)
    scale = (1 / math.log(2) if unit == "bits" else 1.0) ** power
    text = {-1: f"1/{unit}", 0: "no unit", 1: unit}[power]
    sign = "-" if relation.sign < 0 else ""
    left.plot(x, [v * scale for v in one], color=ink(0), linewidth=2, label=f"${relation.left.latex}$, implicit")
    left.plot(
        x,
        [v * scale for v in other],
        "o",
        color=ink(1),
        markersize=5,
        label=f"${sign}{relation.right.latex}$, re-solved",
    )
    if beyond is not None:
        left.axvline(beyond, color="0.6", linestyle="--", linewidth=1.6)
        left.annotate(
            "kink: refused", (beyond, left.get_ylim()[1]), (-4, -4), textcoords="offset points", ha="right", va="top"
        )
    left.set_ylabel(f"both sides ({text})")
    left.legend(loc="lower left")
    gaps = [abs(a - b) / max(abs(a), abs(b)) for a, b in zip(one, other, strict=True)]
    right.plot(x, gaps, ".-", color=ink(2), linewidth=1.6)
    right.axhline(AGREEMENT, color="0.6", linestyle="--", linewidth=1.6)
    right.set_yscale("log")
    right.set_ylabel("relative difference of the sides (no unit)")
    for ax in (left, right):
        ax.set_xlabel(r"temperature $\sigma$ (no unit)")
    return left, right


@styled
def draw_agreement(reports: Sequence[MaxwellReport], ax: Axes | None = None) -> Axes:
    """The relative difference of each of the 24 relations at every equilibrium measured."""
    ax = new_axes(7.5, 5.0) if ax is None else ax
    relations = [row.relation for row in reports[0]]
    for k in range(len(relations)):
        found = [row.difference for report in reports for row in [report.rows[k]] if row.difference is not None]
        ax.plot(found, [k] * len(found), "|", color=ink(0 if relations[k].printed else 1), markersize=7)
    labels = [f"{r.potential}:  ${r.statement}$" + "".join(f"  ({n})" for n in r.printed) for r in relations]
    ax.set_yticks(range(len(relations)), labels)
    ax.invert_yaxis()
    ax.axvline(AGREEMENT, color="0.6", linestyle="--", linewidth=1.6, label=f"they agree up to {AGREEMENT:g}")
    ax.set_xscale("log")
    ax.set_xlabel("largest relative difference (no unit)")
    number = "1 equilibrium" if len(reports) == 1 else f"{len(reports)} equilibria"
    for colour, told in ((ink(0), "in the paper"), (ink(1), "not in the paper")):
        ax.plot([], [], "|", color=colour, markersize=7, label=told)
    ax.legend(loc="upper right", bbox_to_anchor=(0.94, 1.0))
    potentials = POTENTIALS.replace(", A =", ",\nA =")
    ax.set_title(f"24 Maxwell relations, {number}; of the potentials\n{potentials}")
    return ax


@styled
def draw_relaxation(
    relaxations: Mapping[str, Relaxation], unit: str = "nats", axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """J_t for each kernel, falling to -sigma <log Z>; beside it J_t above that limit, on a logarithmic scale."""
    from matplotlib.ticker import MaxNLocator

    left, right = panels(2)[1] if axes is None else axes
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    most_infinite = 0
    for k, (name, r) in enumerate(relaxations.items()):
        colour = ink(k)
        values = [float(j) * scale for j in r.J]
        left.plot(range(len(values)), values, ".-", color=colour, linewidth=1.6, label=name)
        left.plot(range(len(values)), [float(j) * scale for j in r.refitted], ":", color=colour, linewidth=1.6)
        # Exact values are subtracted exactly, so that small excesses keep their digits.
        excess = [float(j - r.limit) * scale for j in r.J]
        above = [(t, e) for t, e in enumerate(excess) if 1e-13 < e < math.inf]
        most_infinite = max(most_infinite, excess.count(math.inf))
        if above:
            right.plot(*zip(*above, strict=True), ".-", color=colour, linewidth=1.6, label=name)
    limit = float(next(iter(relaxations.values())).limit) * scale
    left.axhline(limit, color="0.6", linestyle="--", linewidth=1.6, label=r"$-\sigma\langle\log Z\rangle$")
    left.plot([], [], ":", color="0.3", label=r"$q(\theta)$ refitted")
    left.set_ylabel(f"objective $J_t$ ({unit})")
    right.set_ylabel(f"$J_t - J_\\infty$ ({unit})")
    right.set_yscale("log")
    for ax in (left, right):
        if most_infinite:
            steps = "at t = 0" if most_infinite == 1 else f"up to t = {most_infinite - 1}"
            ax.set_title(f"infinite {steps}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("step t")
    left.legend()
    return left, right


@styled
def draw_contact(
    contact: Contact,
    rates: Mapping[str, Sequence[tuple[float, float]]],
    unit: str = "nats",
    ax: Axes | None = None,
) -> Axes:
    """Mean rate against temperature of models A and B, points (sigma, R), and where contact moves each of them."""
    ax = new_axes() if ax is None else ax
    scale = 1 / math.log(2) if unit == "bits" else 1.0
    ends = {"A": (contact.sigma_a, 0), "B": (contact.sigma_b, 1)}
    for k, (name, points) in enumerate(rates.items()):
        sigma, k_end = ends[name]
        ax.plot(
            [s for s, _ in points], [r * scale for _, r in points], color=ink(k), linewidth=1.6, label=f"model {name}"
        )
        start, stop = contact.before[k_end] * scale, contact.after[k_end] * scale
        ax.plot(sigma, start, "o", color=ink(k))
        ax.annotate(
            "",
            (contact.sigma, stop),
            (sigma, start),
            arrowprops={"arrowstyle": "-|>", "color": ink(k), "alpha": 0.6},
        )
    common = rf"common $\sigma$ = {contact.sigma:.3g}"
    ax.axvline(contact.sigma, color="0.6", linestyle="--", linewidth=1.6, label=common)
    ax.set_xscale("log")
    ax.set_xlabel(r"temperature $\sigma$ (no unit)")
    ax.set_ylabel(f"mean rate R ({unit})")
    ax.legend()
    return ax
