"""Lesson: the objectives of the literature as points of one certified surface. `therml demo objectives`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A zoo of objectives")

with app.setup:
    from fractions import Fraction
    from functools import cache
    from itertools import product

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together

    # Each objective: what it minimises, and its multipliers (rho, delta, gamma, sigma) for the slider's m.
    ZOO = {
        "supervised": ("C", lambda m: (0, 0, 1, 0)),
        "VIB": ("R + m C", lambda m: (1, 0, m, 0)),
        "IB of the weights": ("C + m S", lambda m: (0, 0, 1, m)),
        "Bayesian net": ("C + S", lambda m: (0, 0, 1, 1)),
        "autoencoder": ("D", lambda m: (0, 1, 0, 0)),
        "VAE (ELBO)": ("R + D", lambda m: (1, 1, 0, 0)),
        "β-VAE": ("R + m D", lambda m: (1, m, 0, 0)),
        "semi-supervised": ("R + D + m C", lambda m: (1, 1, m, 0)),
        "all four": ("R + D + 2 C + m S", lambda m: (1, 1, 2, m)),
    }
    STEPS = 60  # of the slider for m, each a tenth


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # A zoo of objectives on one surface

    Supervised learning, VIB, Bayesian nets, autoencoders, VAEs: each minimises a part of one Lagrangian (22),

    $$\min\; \rho R + \delta D + \gamma C + \sigma S ,$$

    so that all their optima lie on one surface of $(R, C, D, S)$. Here it is computed, with a proof for every point.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "name": mo.ui.dropdown(list(ZOO), value="VIB", label="objective"),
            "m": mo.ui.slider(0, STEPS / 10, 0.1, value=2, label="multiplier $m$", show_value=True),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def problem() -> tx.LearningRuleProblem:
    """Phi says whether Y is X or its opposite; N = 2; Theta picks one of nine noisy encoders of a bit."""
    labels = [[[Fraction(9, 10), Fraction(1, 10)], [Fraction(1, 10), Fraction(9, 10)]]]
    labels.append([row[::-1] for row in labels[0]])
    levels = [Fraction(k, 2) for k in range(3)]
    encoders = [[[1 - a, a], [1 - b, b]] for a, b in product(levels, repeat=2)]
    return tx.LearningRuleProblem([Fraction(3, 4), Fraction(1, 4)], [[Fraction(2, 3), Fraction(1, 3)]] * 2, labels, 2,
                                  encoders)  # fmt: skip


@app.function
@cache
def best(rho: float, delta: float, gamma: float, sigma: float):
    """The certified optimum of one objective."""
    return tx.minimize(problem(), rho=rho, delta=delta, gamma=gamma, sigma=sigma, tol=1e-5)


@app.function
def optimum(name: str, m: float):
    """The certified optimum of an objective of the zoo, m to the nearest tenth."""
    return best(*ZOO[name][1](round(m, 1)))


@app.function
@cache
def proved(first: str, second: str) -> tuple[tuple[float, float, float], ...]:
    """Lines a first + b second >= bound, proved, all around the shadow of the surface on two coordinates."""
    place = {"R": 0, "D": 1, "C": 2, "S": 3}
    lines = []
    for angle in np.linspace(0, 1, 13):
        weights = [0.0, 0.0, 0.0, 0.0]
        weights[place[first]], weights[place[second]] = round(angle, 6), round(1 - angle, 6)
        lines.append((weights[place[first]], weights[place[second]], best(*weights).lower_bound))
    return tuple(lines)


@app.function
def draw_view(ax, first: str, second: str, name: str, m: float) -> None:
    """The surface seen along two coordinates: what is impossible, the zoo, and the chosen objective's way."""
    ends = {"R": 1.55, "C": 1.5, "D": 1.45, "S": 1.75}
    x, y = np.meshgrid(np.linspace(-0.08, ends[first], 400), np.linspace(-0.08, ends[second], 400))
    below = np.any([a * x + b * y < bound for a, b, bound in proved(first, second)], axis=0)
    ax.contourf(x, y, below, levels=[0.5, 1.5], colors=["0.88"])
    way = [optimum(name, k / 10).point for k in range(0, STEPS + 1, 2)]
    ax.plot([p[first] for p in way], [p[second] for p in way], "o:", color=COLOURS["orange"], markersize=4, linewidth=1)
    here: dict[tuple[float, float], list[str]] = {}
    for k, other in enumerate(ZOO, 1):
        point = optimum(other, m).point
        key = (round(point[first], 2), round(point[second], 2))
        here.setdefault(key, []).append(str(k))
    ax.set_xlim(-0.08, ends[first])
    ax.set_ylim(-0.08, ends[second])
    taken = [(a, b, 0.05) for a, b in here]  # x, y and half the width of what letters keep away from
    for (a, b), numbers in here.items():
        ax.plot(a, b, "o", color=COLOURS["blue"], markersize=7)
        half = 0.05 * len(numbers)
        spots = [(a + dx * (0.09 + half), b + dy) for dy in (0.0, 0.1, -0.1, 0.2, -0.2) for dx in (1, -1, 0)]
        spots = [(x, y) for x, y in spots if x - half > -0.08 and x + half < ends[first] and y < ends[second] and
                 all(abs(x - u) > half + w or abs(y - v) > 0.085 for u, v, w in taken)] or spots  # fmt: skip
        taken.append((*spots[0], half))
        ax.text(*spots[0], " ".join(numbers), fontsize=12, ha="center", va="center", zorder=5)
    chosen = optimum(name, m).point
    ax.plot(chosen[first], chosen[second], "o", color=COLOURS["orange"], markersize=13, markeredgecolor="black")
    ax.set_xlabel(f"{first} (nats)")
    ax.set_ylabel(f"{second} (nats)")


@app.function
def draw_rate(ax, name: str, m: float) -> None:
    """Seen along R and C."""
    draw_view(ax, "R", "C", name, m)


@app.function
def draw_distortion(ax, name: str, m: float) -> None:
    """Seen along R and D."""
    draw_view(ax, "R", "D", name, m)


@app.function
def draw_entropy(ax, name: str, m: float) -> None:
    """Seen along S and C."""
    draw_view(ax, "S", "C", name, m)


@app.function
def draw_names(ax, name: str) -> None:
    """The list of the zoo."""
    ax.set_axis_off()
    for k, (other, (formula, _)) in enumerate(ZOO.items(), 1):
        weight = "bold" if other == name else "normal"
        ax.text(0.0, 1.02 - 0.115 * k, f"{k}  {other}\n     {formula}", fontsize=11, weight=weight, va="bottom")


@app.function
def panels() -> tuple[Panel, ...]:
    """The surface from three sides, and the list of the zoo."""
    return (
        Panel(
            draw_rate,
            2.9,
            "R and C: grey is impossible, a numbered dot for each objective, orange the chosen one.",
            3.9,
        ),
        Panel(draw_distortion, 2.9, "The same for R and D.", 3.9),
        Panel(draw_entropy, 2.9, "The same for S and C.", 3.9),
        Panel(draw_names, 2.1, "The nine objectives by number, the chosen one in bold.", 3.9),
    )


@app.function
def picture(name: str, m: float) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers(name: str, m: float) -> str:
    """The optimum of the chosen objective, in Markdown."""
    found = optimum(name, m)
    point = ", ".join(f"{letter} = {value:.4f}" for letter, value in found.point.items())
    return f"""
    In nats, sums over N = 2 samples. **{name}**, min {ZOO[name][0]} with m = {m:g}: {point};
    least value {found.value:.5f}, proved within {found.gap:.0e} ({found.status}).
    """


@app.cell(hide_code=True)
def _(controls):
    with mo.status.spinner("Solving"):
        _shown = show_pictures(panels(), controls.value)
    _shown
    return


@app.cell(hide_code=True)
def _(controls):
    show_numbers([numbers], controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** No learner enters the grey: those are half-planes, each proved by one optimum. Objectives that keep
    $R$ and $C$ alone touch the first boundary, $R$ and $D$ the second, $C$ and $S$ the third; orange is the way of the
    chosen one as $m$ grows. Supervised learning (1) and the autoencoder (5) ask nothing of $R$ or $S$. The ELBO (6) is
    flat: $R + D \geq \sum_i H(X_i)$ (16), and a $\beta$-VAE falls from one end of that line to the other at
    $\delta = 1$. A Bayesian net (4) pays for what $\Theta$ keeps of the data, and stops short of (1). The world: $\Phi$
    says whether $Y$ is $X$ or its opposite, $\Theta$ picks one of nine encoders of a bit.
    """)
    return


@app.cell(hide_code=True)
def _():
    def onset(name: str) -> float:
        return next(k / 10 for k in range(STEPS + 1) if optimum(name, k / 10).point["R"] > 1e-3)

    exercises = (
        Exercise(
            r"VIB, $R + m C$: from which $m$ on does the encoder say anything, $R > 0$? (to a tenth)",
            lambda: onset("VIB"),
            0.101,
            "",
            "choose VIB, move m until the orange point leaves R = 0.",
        ),
        Exercise(
            r"$\beta$-VAE, $R + m D$: at which $m$ does $R$ go from $0$ to all of $H(X_1) + H(X_2)$?",
            lambda: onset("β-VAE"),
            0.05,
            "",
            "R + D is at least the entropy of X: which m weighs both alike?",
        ),
        Exercise(
            r"How many nats more of $C$ does the Bayesian net accept than supervised learning? What does it save?",
            lambda: optimum("Bayesian net", 0).point["C"] - optimum("supervised", 0).point["C"],
            0.003,
            "nats",
            "choose each objective, and read C below the picture.",
        ),
    )
    inputs = exercise_inputs(exercises)
    return exercises, inputs


@app.cell(hide_code=True)
def _(exercises, inputs):
    show_exercises(exercises, inputs)
    return


if __name__ == "__main__":
    app.run()
