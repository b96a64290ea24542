"""Lesson: the certified frontier, and where learning begins: gamma, delta, sigma. `therml demo phase_transition`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Where learning begins")

with app.setup:
    from fractions import Fraction
    from functools import cache

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import COLOURS, exercise_inputs, lecture_figure, show_exercises

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
    mo.hstack(list(controls.elements.values()), justify="start", wrap=True, gap=1.5)
    return (controls,)


@app.function
@cache
def students() -> tx.EncoderProblem:
    """Hair X and eye colour Y of 592 students."""
    return tx.EncoderProblem(tx.examples.hair_eye().marginal(["Hair", "Eye"]))


@app.function
@cache
def frontier(tol: float) -> tx.Frontier:
    """The curve of all optima, inner and outer polygon within tol nats."""
    return tx.trace(students(), tol=tol, progress=False)


@app.function
def critical() -> float:
    """gamma_c at delta = 0."""
    found = frontier(0.01).gamma_c
    assert found is not None  # hair tells of eyes
    return found


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
def draw_plane(ax, gamma: float, delta: float, tol: float) -> None:
    """Inner and outer polygon, what is impossible, and the supporting line at the optimum."""
    curve = frontier(tol)
    inner = np.array([[o.point["R"], o.point["C"]] for o in curve])
    inner = inner[np.lexsort((-inner[:, 1], inner[:, 0]))]
    top, bottom, right = inner[0, 1], inner[-1, 1], inner[-1, 0]
    margin = 0.06 * (top - bottom)
    rate = np.linspace(0, 1.08 * right, 800)
    outer = np.max([(o.lower_bound - o.multipliers["rho"] * rate) / o.multipliers["gamma"]
                    for o in curve if o.multipliers["gamma"] > 0], axis=0)  # fmt: skip
    ax.fill_between(rate, outer, bottom - 9, color="0.9", linewidth=0)
    ax.plot(rate, outer, "--", color=COLOURS["red"], linewidth=1.5, label="outer: proved")
    ax.plot(*inner.T, ".-", color=COLOURS["blue"], linewidth=1.5, markersize=8, label="inner: achieved")
    ax.plot(
        rate, top - rate / critical(), ":", color="black", label=rf"slope $-1/\gamma_c$, $\gamma_c$ = {critical():.3f}"
    )
    best = tx.minimize(students(), gamma=gamma, delta=delta)
    line = best.point["C"] - (1 - delta) / gamma * (rate - best.point["R"])
    ax.plot(rate, line, color=COLOURS["orange"], linewidth=2.5, label=r"slope $-(1-\delta)/\gamma$")
    ax.plot(best.point["R"], best.point["C"], "o", color=COLOURS["orange"], markersize=13, markeredgecolor="black")
    page = {"facecolor": "0.9", "edgecolor": "none", "pad": 1.0}
    ax.text(0.04, 0.05, "impossible", transform=ax.transAxes, fontsize=13, color="0.3", bbox=page, zorder=4)
    ax.set_xlim(-0.03 * right, 1.08 * right)
    ax.set_ylim(bottom - 3 * margin, top + margin)
    ax.set_xlabel("R (nats)")
    ax.set_ylabel("C (nats)")
    ax.legend(frameon=False, fontsize=11, loc="upper right")


@app.function
def draw_encoder(ax, gamma: float, delta: float) -> None:
    """The optimal encoder p(z|x), the heaviest code first."""
    best = tx.minimize(students(), gamma=gamma, delta=delta)
    weights = np.asarray(best.witness["z"], dtype=float)
    order = np.argsort(-weights, kind="stable")
    table = np.asarray(best.witness["z_given_x"], dtype=float)[:, order]
    ax.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (x, z), p in np.ndenumerate(table):
        ax.text(z, x, f"{p:.2f}", ha="center", va="center", fontsize=12, color="white" if p > 0.55 else "black")
    ax.set_yticks(range(len(table)), tx.examples.hair_eye().marginal(["Hair"]).labels["Hair"])
    ax.set_xticks(range(len(order)), [f"{k}" for k in range(1, len(order) + 1)])
    ax.set_xlabel("code z")
    ax.set_title("best p(z | hair)")
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
    ax.set_xlabel(r"$\sigma$")
    ax.set_ylabel("S (nats)")
    ax.legend(frameon=False, fontsize=11, loc="upper right")


@app.function
def picture(gamma: float, delta: float, sigma: float, tol: float) -> Figure:
    """The frontier with its supporting line, the optimal encoder there, and the learning rule's S."""
    figure, (plane, encoder, rules) = lecture_figure([1.5, 0.8, 1.1], 4.3)
    draw_plane(plane, gamma, delta, tol)
    draw_encoder(encoder, gamma, delta)
    draw_learning(rules, sigma)
    return figure


@app.cell(hide_code=True)
def _(controls):
    with mo.status.spinner("Solving"):
        _shown = picture(**controls.value)
    _shown
    return


@app.cell(hide_code=True)
def _(controls):
    def _told() -> str:
        gamma, delta, sigma, tol = (controls.value[name] for name in ("gamma", "delta", "sigma", "tol"))
        best, rule, curve = tx.minimize(students(), gamma=gamma, delta=delta), best_rule(sigma), frontier(tol)
        point = ", ".join(f"{name} = {best.point[name]:.4f}" for name in "RCD")
        learnt = ", ".join(f"{name} = {rule.point[name]:.4f}" for name in "RCDS")
        return rf"""
        In nats. Encoder at $\gamma = {gamma:g}$, $\delta = {delta:g}$: {point}; value {best.value:.6f}, proved within
        {best.gap:.0e}; {len(best.witness["z"])} code(s). The curve: {len(curve)} optima, inner and outer within
        {curve.gap:.4f}. Rule at $\sigma = {sigma:g}$: {learnt}; proved within {rule.gap:.0e}.
        """

    mo.md(_told())
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
