"""Lesson: the certified frontier, and where learning begins: gamma, delta, sigma. `therml demo phase_transition`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Where learning begins")

with app.setup:
    import math
    from fractions import Fraction
    from functools import cache

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import (
        exercise_inputs,
        show_controls,
        show_exercises,
        show_numbers,
        show_own,
        show_pictures,
    )
    from therml_exact.demos.own_table import (
        SHIPPED,
        Table,
        draw_curve,
        frontier,
        problem,
        read,
        show_table,
        show_upload,
    )
    from therml_exact.demos.panel import COLOURS, Panel, together

    GAMMA_OF_RULES = 4  # the multiplier of C in the right panel


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Where learning begins

    No encoder reaches below the frontier of rate $R$ and error $C$, and the library proves it: an encoder found *and*
    a lower bound for all encoders (22). Where $\gamma$ is small nothing is worth saying; learning begins at a critical
    value, and a learning rule's $S$ can even jump.

    $$\min\; R + \delta D + \gamma C + \sigma S, \qquad
    \gamma_c = (1-\delta)\, \inf_{r}\, \frac{D_{\mathrm{KL}}[r_X; p_X]}{D_{\mathrm{KL}}[r_Y; p_Y]} .$$
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "gamma": mo.ui.slider(1, 16, 0.1, value=6, label=r"$\gamma$", show_value=True),
            "delta": mo.ui.slider(0, 1, 0.05, value=0, label=r"$\delta$", show_value=True),
            "sigma": mo.ui.slider(0.1, 6, 0.1, value=3, label=r"$\sigma$", show_value=True),
            "tol": mo.ui.dropdown({"0.01": 0.01, "0.003": 0.003, "0.001": 0.001}, value="0.01", label="gap, nats"),
        }
    )
    show_controls(controls, {"delta": [0, 0.5, 0.9], "tol": [0.01]})
    return (controls,)


@app.cell(hide_code=True)
def _():
    own = show_upload()
    show_own(own)
    return (own,)


@app.cell(hide_code=True)
def _(own):
    table, _said = show_table(own)
    _said
    return (table,)


@app.function
def students() -> tx.EncoderProblem:
    """Hair X and eye colour Y of 592 students."""
    return problem(SHIPPED)


@app.function
@cache
def optimum(gamma: float, delta: float, table: Table) -> tx.Optimum:
    """The certified optimum over encoders."""
    return tx.minimize(problem(table), gamma=gamma, delta=delta, time_limit=10)


@app.function
def critical(table: Table = SHIPPED) -> float:
    """gamma_c at delta = 0."""
    found = frontier(0.01, table).gamma_c
    return math.inf if found is None else found


@app.function
@cache
def learner() -> tx.LearningRuleProblem:
    """The process of the first lesson, N = 2, and all four maps X -> Z: which of them for which data?"""
    half, right, wrong = Fraction(1, 2), Fraction(9, 10), Fraction(1, 10)
    labels = [[[right, wrong], [wrong, right]], [[wrong, right], [right, wrong]]]
    maps = tx.encoders.deterministic(2, 2)
    return tx.LearningRuleProblem([half, half], [[half, half]] * 2, labels, 2, maps)


@app.function
@cache
def best_rule(sigma: float):
    """The certified optimum over learning rules."""
    return tx.minimize(learner(), gamma=GAMMA_OF_RULES, sigma=sigma, tol=1e-5)


@app.function
@cache
def jump() -> tx.Jump:
    """Where S falls at once."""
    return tx.jump(learner(), 2, 5, gamma=GAMMA_OF_RULES).largest


@app.function
def draw_plane(ax, gamma: float, delta: float, tol: float, table: Table) -> None:
    """Inner and outer polygon, what is impossible, and the supporting line at the optimum."""
    rate = draw_curve(ax, frontier(tol, table), critical(table))
    best = optimum(gamma, delta, table)
    line = best.point["C"] - (1 - delta) / gamma * (rate - best.point["R"])
    ax.plot(rate, line, color=COLOURS["orange"], linewidth=2.5, label=r"slope $-(1-\delta)/\gamma$")
    ax.plot(best.point["R"], best.point["C"], "o", color=COLOURS["orange"], markersize=13, markeredgecolor="black")
    ax.legend(frameon=False, fontsize=11, loc="upper right")


@app.function
def draw_encoder(ax, gamma: float, delta: float, table: Table) -> None:
    """The optimal encoder p(z|x), the heaviest code first."""
    best, joint = optimum(gamma, delta, table), read(table)
    weights = np.asarray(best.witness["z"], dtype=float)
    order = np.argsort(-weights, kind="stable")
    p_z = np.asarray(best.witness["z_given_x"], dtype=float)[:, order]
    ax.imshow(p_z, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (x, z), p in np.ndenumerate(p_z):
        if p_z.size <= 40:
            ax.text(z, x, f"{p:.2f}", ha="center", va="center", fontsize=12, color="white" if p > 0.55 else "black")
    x = joint.axes[0]
    if len(p_z) <= 24:
        ax.set_yticks(range(len(p_z)), [str(letter)[:12].replace("$", r"\$") for letter in joint.labels[x]])
    ax.set_xticks(range(len(order)), [f"{k}" for k in range(1, len(order) + 1)])
    ax.set_xlabel("code z")
    ax.set_title(f"best p(z | {x[:12]})".replace("$", r"\$"))
    ax.spines[["left", "bottom"]].set_visible(False)


@app.function
def draw_learning(ax, sigma: float) -> None:
    """S of the best learning rule against sigma, its jump, and where sigma stands."""
    change = jump()
    optima = [best_rule(round(0.1 * k, 1)) for k in range(1, 61)]
    for side, name in ((True, "S of the best rule"), (False, None)):
        points = [(o.multipliers["sigma"], o.point["S"]) for o in optima
                  if (o.multipliers["sigma"] < change.sigma) == side]  # fmt: skip
        points = [*points, (change.sigma, change.before)] if side else [(change.sigma, change.after), *points]
        ax.plot(*np.transpose(points), color=COLOURS["blue"], linewidth=2.5, label=name)
    ax.plot([change.sigma] * 2, [change.before, change.after], ":", color=COLOURS["red"], linewidth=2.5,
            label=rf"jump at $\sigma$ = {change.sigma:.3f}")  # fmt: skip
    here = best_rule(sigma)
    ax.plot(sigma, here.point["S"], "o", color=COLOURS["orange"], markersize=13, markeredgecolor="black")
    ax.set_ylim(-0.05, 1.25)
    ax.set_xlabel(r"$\sigma$ (no unit)")
    ax.set_ylabel("S (nats)")
    ax.legend(frameon=False, fontsize=11, loc="upper right")


@app.function
def panels() -> tuple[Panel, ...]:
    """The frontier with its supporting line, the optimal encoder there, and the learning rule's S."""
    return (
        Panel(
            draw_plane, 4.2, "R and C: the frontier from both sides, grey below it, and a line that touches it.", 4.3
        ),
        Panel(draw_encoder, 2.8, "The best encoder as a table: a row for each x, a column for each code.", 4.3),
        Panel(draw_learning, 3.5, "S of the best learning rule against sigma; it falls at once where it jumps.", 4.3),
    )


@app.function
def picture(gamma: float, delta: float, sigma: float, tol: float, table: Table = SHIPPED) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers_of_the_encoder(gamma: float, delta: float, table: Table) -> str:
    """The best encoder in numbers, in Markdown."""
    best = optimum(gamma, delta, table)
    point = ", ".join(f"{name} = {best.point[name]:.4f}" for name in "RCD")
    return rf"""
    In nats. Encoder at $\gamma = {gamma:g}$, $\delta = {delta:g}$: {point}; value {best.value:.6f}, {best.status}
    within {best.gap:.0e}; {len(best.witness["z"])} code(s).
    """


@app.function
def numbers_of_the_curve(tol: float, table: Table) -> str:
    """How near both polygons are, in Markdown."""
    curve = frontier(tol, table)
    return f"The curve: {len(curve)} optima, inner and outer within {curve.gap:.4f} nats."


@app.function
def numbers_of_the_rule(sigma: float) -> str:
    """The best learning rule in numbers, in Markdown."""
    rule = best_rule(sigma)
    learnt = ", ".join(f"{name} = {rule.point[name]:.4f}" for name in "RCDS")
    return rf"Rule at $\sigma = {sigma:g}$: {learnt}; proved within {rule.gap:.0e}."


@app.cell(hide_code=True)
def _(controls, table):
    with mo.status.spinner("Solving"):
        _shown = show_pictures(panels(), controls.value | {"table": table})
    _shown
    return


@app.cell(hide_code=True)
def _(controls, table):
    show_numbers([numbers_of_the_encoder, numbers_of_the_curve, numbers_of_the_rule], controls.value | {"table": table})
    return


@app.cell(hide_code=True)
def _():
    mo.md(rf"""
    **What to see.** Left: hair colour $X$ is encoded to tell of eye colour $Y$ (592 students). The line $(1-\delta)
    R + \gamma C$ touches the frontier at the best encoder; steeper than the dotted line it touches at $R = 0$:
    below $\gamma_c$ no code pays. With $\Theta$ trivial $R + D = H(X)$, so $\delta$ only tilts the line, as if
    $\gamma$ were $\gamma/(1-\delta)$. Middle: codes are born one by one (raise $\delta$ too). Right: the process of
    the lesson `two_worlds`, $N = 2$, $\gamma = {GAMMA_OF_RULES}$; what the rule keeps of its data costs $\sigma S$.
    At the jump a rule that listens and one that does not are equally good: a transition of first order, as water to
    steam.
    """)
    return


@app.cell(hide_code=True)
def _():
    exercises = (
        Exercise(
            r"At $\delta = 0$, from which $\gamma$ on has the best encoder more than one code? (to a tenth)",
            critical,
            0.1,
            "",
            "move γ until a second column appears in the middle.",
        ),
        Exercise(
            r"And at $\delta = 0.5$? (to a tenth)",
            lambda: critical() * (1 - 0.5),
            0.1,
            "",
            "δ acts like γ/(1 − δ); or move the sliders.",
        ),
        Exercise(
            r"By how many nats does the rule's $S$ fall at the jump? (to a twentieth)",
            lambda: jump().drop,
            0.05,
            "nats",
            "read S below the picture on both sides of the jump.",
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
