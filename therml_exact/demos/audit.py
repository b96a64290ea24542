"""Lesson: how good is a model, and can its report be true? On your own table too. `therml demo audit`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Audit a model")

with app.setup:
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

    NOISES = [k / 20 for k in range(21)]


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # How good is a model, and can its report be true?

    A model encodes $X$ in $Z$, to tell of $Y$. Its table $p(z|x)$ is all that one needs to know its rate and error
    exactly, with the best $q$'s:

    $$R = I(X;Z), \qquad C = H(Y|Z), \qquad \mathrm{excess} = R + \gamma C - \min\,(R + \gamma C) \ge 0 .$$

    The excess says how far the model is from the best encoder that exists. And who reports a point that lies below the
    proved frontier has measured it wrongly, whatever the model is.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "noise": mo.ui.slider(steps=NOISES, value=0.3, label="noise of the model (no unit)", show_value=True),
            "low": mo.ui.slider(0, 90, 5, value=20, label="reported $R$ too low by, per cent", show_value=True),
            "gamma": mo.ui.slider(1, 16, 1, value=6, label=r"$\gamma$ (no unit)", show_value=True),
        }
    )
    show_controls(controls)
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
@cache
def point(noise: float, table: Table) -> tuple[float, float]:
    """R and C of the model, nats: Z is X, or with probability `noise` any letter of X at random."""
    p = np.asarray(read(table).table, dtype=float)
    letters = len(p)
    encoder = (1 - noise) * np.eye(letters) + noise / letters
    y_z = tx.Joint(p.T @ encoder, ("Y", "Z"), normalize=True)
    x_z = tx.Joint(p.sum(axis=1)[:, None] * encoder, ("X", "Z"), normalize=True)
    return float(tx.mutual_information(x_z, "X", "Z")), float(tx.entropy(y_z, "Y", given="Z"))


@app.function
@cache
def best(gamma: float, table: Table) -> tx.Optimum:
    """The certified least R + gamma C of all encoders."""
    return tx.minimize(problem(table), gamma=gamma, time_limit=10)


@app.function
def excess(noise: float, gamma: float, table: Table) -> float:
    """How far the model's R + gamma C is above the best encoder's, nats."""
    rate, error = point(noise, table)
    return rate + gamma * error - best(gamma, table).value


@app.function
@cache
def verdict(noise: float, low: int, table: Table):
    """Where the reported point lies: the model's C, and its R less so many per cent."""
    rate, error = point(noise, table)
    return tx.audit.point(problem(table), R=rate * (1 - low / 100), C=error, refining=0, time_limit=5, progress=False)


@app.function
def draw_points(ax, noise: float, low: int, table: Table) -> None:
    """The frontier, the model, and what is reported of it."""
    draw_curve(ax, frontier(0.003, table), None)
    models = np.array([point(k, table) for k in NOISES])
    ax.plot(*models.T, "-", color=COLOURS["green"], linewidth=2, label="models, by noise")
    rate, error = point(noise, table)
    ax.plot(rate, error, "o", color=COLOURS["green"], markersize=12, markeredgecolor="black", label="this model")
    ax.plot(rate * (1 - low / 100), error, "X", color=COLOURS["orange"], markersize=13, markeredgecolor="black",
            label="as reported", zorder=5)  # fmt: skip
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    ax.set_xlim(left, max(right, 1.06 * models[:, 0].max()))
    ax.set_ylim(bottom, top + 0.55 * (top - bottom))
    ax.legend(frameon=False, fontsize=12, loc="upper right")


@app.function
def draw_excess(ax, noise: float, gamma: float, table: Table) -> None:
    """The excess of the models of all noises."""
    ax.plot(NOISES, [excess(k, gamma, table) for k in NOISES], color=COLOURS["blue"], linewidth=3)
    ax.plot(noise, excess(noise, gamma, table), "o", color=COLOURS["green"], markersize=12, markeredgecolor="black")
    ax.axhline(0, color="0.3", linestyle=":", linewidth=2.5)
    ax.annotate("the best encoder", (0.5, 0), (0, 5), textcoords="offset points", fontsize=12, ha="center")
    ax.set_xlabel("noise of the model (no unit)")
    ax.set_ylabel("excess (nats)")
    ax.set_title(rf"$\gamma$ = {gamma:g}")


@app.function
def panels() -> tuple[Panel, ...]:
    """The frontier with the model and what is reported of it; the excess against the noise."""
    return (
        Panel(draw_points, 5.4, "R and C: the proved frontier, the model above it, and the reported point.", 4.6),
        Panel(draw_excess, 4.6, "How far the model is from the best encoder, against its noise.", 4.6),
    )


@app.function
def picture(noise: float, low: int, gamma: float, table: Table = SHIPPED) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers_of_the_report(noise: float, low: int, table: Table) -> str:
    """The verdict on the report, in Markdown."""
    rate, error = point(noise, table)
    found = verdict(noise, low, table)
    told = {
        "impossible": f"**is impossible** by at least {found.by:.4f} nats: no encoder at all has it",
        "feasible": "**is possible** for some encoder, though it is not what this model does",
        "undecided": "**is undecided** within the time of this page",
    }[found.verdict]
    if low == 0:
        told = "is what this model does"
    return f"""
    The model has R = {rate:.4f} and C = {error:.4f} nats. The report, R = {rate * (1 - low / 100):.4f} and the same C,
    {told}.
    """


@app.function
def numbers_of_the_excess(noise: float, gamma: float, table: Table) -> str:
    """The excess, in Markdown."""
    found = best(gamma, table)
    return f"""
    At γ = {gamma:g} the best encoder has R + γC = {found.value:.5f} nats, certified within {found.gap:.0e}; the model
    exceeds it by **{excess(noise, gamma, table):.4f} nats**.
    """


@app.cell(hide_code=True)
def _(controls, table):
    with mo.status.spinner("Solving"):
        _shown = show_pictures(panels(), controls.value | {"table": table})
    _shown
    return


@app.cell(hide_code=True)
def _(controls, table):
    show_numbers([numbers_of_the_report, numbers_of_the_excess], controls.value | {"table": table})
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** The table is hair and eye colour of 592 students; bring one of yours. The model copies the letter
    of $X$, and errs at random with some probability: without noise $R = H(X)$, and with nothing but noise $R = 0$.
    Neither is good: for small $\gamma$ it is best to say nothing, and for large $\gamma$ a code that copies all of $X$
    wastes rate on what does not tell of $Y$. Noise is a bad way to save rate: the green line stays above the frontier.
    Estimators of $I(X;Z)$ from few samples often come out too low. As long as the cross lies above the grey the audit
    cannot object; below it, the report is refuted by a proof.
    """)
    return


@app.cell(hide_code=True)
def _():
    def refuted() -> int:
        return next(low for low in range(0, 95, 5) if verdict(0.3, low, SHIPPED).verdict == "impossible")

    exercises = (
        Exercise(
            r"Noise 0: how many nats is the rate $R$ of the model, the entropy of hair colour? (To within 0.001.)",
            lambda: point(0.0, SHIPPED)[0],
            0.001,
            "nats",
            "move the noise to its left end and read R below the picture.",
        ),
        Exercise(
            r"$\gamma = 6$: how many nats does the model without noise waste? (To within 0.01.)",
            lambda: excess(0.0, 6, SHIPPED),
            0.01,
            "nats",
            "the excess at noise 0, below the picture.",
        ),
        Exercise(
            r"Noise 0.3: from how many per cent on is a report of too low an $R$ refuted? (To within 5.)",
            refuted,
            5,
            "",
            "move the second slider until the cross is in the grey.",
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
