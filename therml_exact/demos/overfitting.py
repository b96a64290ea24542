"""Lesson: what S is for: the generalisation gap and its bounds, exactly. `therml demo overfitting`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Overfitting")

with app.setup:
    from functools import cache

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact import type_rules
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together

    SAMPLES = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100]
    TEMPERATURES = [0.05, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
    MISS = [[[0.0, 1.0]], [[1.0, 0.0]]]  # loss[theta, x, y]: 1 where theta is not the toss


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # What $S$ is for: overfitting, exactly

    A coin shows heads with probability $1/2 + b$ or $1/2 - b$; which of the two is the process $\Phi$. A learner sees
    $N$ tosses $\mathcal{T}$ and keeps one bit $\Theta$, its guess of what this coin shows. It draws $\Theta$ from the
    Boltzmann rule (24) at temperature $\sigma$, with the number of wrong guesses for its cost. Its *generalisation gap*
    is what the guess costs on a fresh toss of the *same coin*, less what it costs on the tosses that were seen:

    $$\mathrm{gap} = \langle L_\Phi(\Theta) - \hat L_\mathcal{T}(\Theta) \rangle,
    \qquad |\mathrm{gap}| \leq \sqrt{\frac{I(\Theta;\mathcal{T}|\Phi)}{2N}} \quad \text{(Xu, Raginsky)}$$

    $$I(\Theta;\mathcal{T}|\Phi) = I(\Theta;\mathcal{T}) - I(\Theta;\Phi)$$

    The paper says that $S \geq I(\Theta;\mathcal{T})$ measures the risk of overfitting. Of what is kept, the part that
    is about the process cannot overfit; the rest can. For this rule the gap is known exactly, with the lautum
    information $L$ ("mutual" backwards): $\mathrm{gap} = \sigma\,(I + L)(\Theta;\mathcal{T}|\Phi)/N$.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "n": mo.ui.slider(steps=SAMPLES, value=10, label="samples $N$", show_value=True, debounce=True),
            "sigma": mo.ui.slider(
                steps=TEMPERATURES, value=1, label=r"temperature $\sigma$ (no unit)", show_value=True, debounce=True
            ),
            "bias": mo.ui.slider(
                steps=[0.0, 0.05, 0.1, 0.2, 0.3, 0.4], value=0.1, label="bias $b$", show_value=True, debounce=True
            ),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def told(n: int, sigma: float, bias: float) -> tx.Generalization:
    """The gap of the Boltzmann rule and what bounds it."""
    counts = tx.types(n, (1, 2))
    rule = type_rules.gibbs(counts.reshape(-1, 2), np.array(MISS).reshape(2, 2), np.array([0.5, 0.5]), sigma)
    coins = [[[0.5 + bias, 0.5 - bias]], [[0.5 - bias, 0.5 + bias]]]
    world = tx.WorldP.exchangeable([0.5, 0.5], [[1.0], [1.0]], coins, n, rule, [[[1.0]], [[1.0]]])
    return tx.generalization(world, MISS, prior=[0.5, 0.5])


@app.function
def draw_gap(ax, n: int, sigma: float, bias: float) -> None:
    """The gap and its bounds against N."""
    along = [told(m, sigma, bias) for m in SAMPLES]
    curves = (
        ("McAllester-Maurer, given prior", r"McAllester, $S$", "grey"),
        ("Catoni, given prior", r"Catoni, $S$", "orange"),
        ("Steinke-Zakynthinou", "Steinke-Zakynthinou", "sky"),
        ("Xu-Raginsky", "Xu-Raginsky", "purple"),
        ("Bu-Zou-Veeravalli", "Bu-Zou-Veeravalli", "green"),
    )
    here = SAMPLES.index(n)
    for name, label, colour in curves:
        values = [float(one[name].value) for one in along]
        ax.plot(SAMPLES, values, color=COLOURS[colour], linewidth=2, label=label)
        ax.plot(n, values[here], "o", color=COLOURS[colour], markersize=7)
    ax.plot(SAMPLES, [one.gap for one in along], color=COLOURS["red"], linewidth=4, label="gap, exactly")
    ax.plot(n, along[here].gap, "o", color=COLOURS["red"], markersize=9)
    ax.set(xscale="log", yscale="log", ylim=(1e-4, 1.5))
    ax.minorticks_off()
    ax.set_xlabel("samples $N$")
    ax.set_ylabel("wrong guesses, a fraction (no unit)")
    ax.legend(frameon=False, fontsize=12, loc="lower left", borderaxespad=0)


@app.function
def draw_kept(ax, n: int, sigma: float, bias: float) -> None:
    """What is kept, and what of it is about the process, against the temperature."""
    heat = [told(n, s, bias) for s in TEMPERATURES]
    parts = (
        (r"kept: $I(\Theta;\mathcal{T})$", [float(one.I_data) for one in heat], "-", "grey"),
        (r"of the process: $I(\Theta;\Phi)$", [float(one.I_process) for one in heat], "-", "blue"),
        (r"can overfit: $I(\Theta;\mathcal{T}|\Phi)$", [float(one.I_excess) for one in heat], "--", "red"),
    )
    for label, values, style, colour in parts:
        ax.plot(TEMPERATURES, values, style, color=COLOURS[colour], linewidth=3, label=label)
        ax.plot(sigma, values[TEMPERATURES.index(sigma)], "o", color=COLOURS[colour], markersize=9)
    ax.set(xscale="log", ylim=(-0.02, 0.95))
    ax.set_xlabel(r"temperature $\sigma$ (no unit)")
    ax.set_ylabel("information (nats)")
    ax.legend(frameon=False, fontsize=12, loc="upper right", borderaxespad=0)


@app.function
def panels() -> tuple[Panel, ...]:
    """The gap and its bounds against N; what is kept, and what of it is about the process, against the temperature."""
    return (
        Panel(draw_gap, 5.2, "Against N: the gap, and five bounds above it.", 4.8),
        Panel(
            draw_kept,
            4.9,
            "Against the temperature: what is kept, what of it tells of the process, what can overfit.",
            4.8,
        ),
    )


@app.function
def picture(n: int, sigma: float, bias: float) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers(n: int, sigma: float, bias: float) -> str:
    """The numbers at the marks, in Markdown."""
    one = told(n, sigma, bias)
    bound, identity = one["Xu-Raginsky"], next((row for row in one.bounds if row.name == "Gibbs identity"), None)
    exactly = (
        f"σ(I + L)/N = {float(identity.value):.3g}" if identity else "at this cold some chances are below all floats"
    )
    loose = f", {bound.factor:.2f} times the true one" if one.gap > 1e3 * one.error else ""
    return f"""
    N = {n}, σ = {sigma}, b = {bias}: the guess is wrong on **{one.training:.4f}** of the tosses seen and on
    **{one.population:.4f}** of fresh ones; gap **{one.gap:.3g}**, and {exactly}. Of {float(one.I_data):.4f} nats kept,
    {float(one.I_process):.4f} are of the process and **{float(one.I_excess):.4f}** can overfit: Xu and Raginsky allow a
    gap of {float(bound.value):.3g}{loose}. Proven error of the gap: {one.error:.0e}.
    """


@app.cell(hide_code=True)
def _(controls):
    show_pictures(panels(), controls.value)
    return


@app.cell(hide_code=True)
def _(controls):
    show_numbers([numbers], controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** No curve of the left panel ever crosses the red one: each bound is a theorem, and its hypotheses
    hold here (tosses independent *given the coin*, a guess that costs 0 or 1). Those with $S$ do not know the process
    and pay for what is useful too; with many tosses and a biased coin $S$ stays near $\log 2$ while the gap dies out.
    *A fair coin* ($b = 0$): there is nothing to learn, and all that is kept can overfit. *Heat*: what is kept falls,
    and what can overfit with it. The bound by single samples (Bu, Zou, Veeravalli) is the sharpest for one bit kept of
    many tosses. So $S$ bounds the risk of overfitting; it does not measure it.
    """)
    return


@app.cell(hide_code=True)
def _():
    exercises = (
        Exercise(
            r"A fair coin, $N = 1$, and a guess that is the toss itself ($\sigma \to 0$). How large is the gap?",
            lambda: tx.generalization(tx.examples.fair_label(), [[[0, 1]], [[1, 0]]]).gap,
            0.001,
            "",
            "the toss that was seen is never guessed wrong; a fresh one is a coin of its own.",
        ),
        Exercise(
            r"$N = 10$, $\sigma = 1$, $b = 0.1$: how many of the nats that are kept can overfit? (To within 0.002.)",
            lambda: told(10, 1, 0.1).I_excess,
            0.002,
            "nats",
            "what is kept less what is of the process; both stand below the picture.",
        ),
        Exercise(
            r"$N = 10$, $\sigma = 1$, $b = 0.1$: the lautum information $L(\Theta;\mathcal{T}|\Phi)$, from the gap and"
            " the identity. (To within 0.002.)",
            lambda: 10 * told(10, 1, 0.1).gap - told(10, 1, 0.1).I_excess,
            0.002,
            "nats",
            "gap N/σ is I + L, and I is the answer before.",
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
