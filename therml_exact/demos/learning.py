"""Lesson: the phase diagram of learning, with everything free: gamma, sigma, N. `therml demo learning`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="When is it worth learning?")

with app.setup:
    from functools import cache

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together

    GAMMAS = (1.0, 1.5, 2.0, 3.0, 4.5, 7.0, 10.0)
    SIGMAS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0)
    TOL = 0.01  # nats: of an optimum of the diagram


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # When is it worth learning?

    Here everything is free: the rule $p(\theta|\mathrm{data})$, the encoder $p(z|x,\theta)$ and the $q$'s. That is the
    paper's own problem (22), and the library brackets its minimum over *all* of them:

    $$\min_{p(\theta|x^N,y^N),\; p(z|x,\theta),\; q}\; R + \gamma C + \sigma S .$$

    What the rule keeps of its data costs $\sigma S$. Where that is dear, the best $\Theta$ is constant: nothing is
    learnt. Cheaper, and $\Theta$ becomes a memory of the data, at once: a transition of first order.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "gamma": mo.ui.slider(1, 10, 0.5, value=4, label=r"$\gamma$", show_value=True),
            "sigma": mo.ui.slider(0.25, 4, 0.25, value=1, label=r"$\sigma$", show_value=True),
            "n": mo.ui.dropdown({"1": 1, "2": 2, "3": 3}, value="1", label=r"$N$"),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def problem(n: int) -> tx.JointProblem:
    """Two equally likely processes: Y is X in nine of ten cases, or it is the other letter in nine of ten."""
    right, wrong = "9/10", "1/10"
    same, other = [[right, wrong], [wrong, right]], [[wrong, right], [right, wrong]]
    return tx.JointProblem(["1/2", "1/2"], [["1/2", "1/2"]] * 2, [same, other], n)


@app.function
@cache
def best(gamma: float, sigma: float, n: int, tol: float = 1e-4):
    """The optimum over everything, from both sides."""
    return tx.minimize(problem(n), gamma=gamma, sigma=sigma, tol=tol, time_limit=20)


@app.function
@cache
def diagram(n: int) -> np.ndarray:
    """S of the best rule, [sigma, gamma]."""
    return np.array([[best(gamma, sigma, n, TOL).point["S"] for gamma in GAMMAS] for sigma in SIGMAS])


@app.function
def end_of_learning(gamma: float) -> float:
    """The sigma at which, for N = 1, the best rule that learns and the best constant one are equally good."""
    learnt, constant = best(gamma, 0.25, 1), best(gamma, 100.0, 1)
    return (constant.value - (learnt.value - 0.25 * learnt.point["S"])) / learnt.point["S"]


@app.function
def about(gamma: float, sigma: float, n: int) -> float:
    """I(Theta;Phi) of the best rule, nats: what it keeps that is about the process."""
    return best(gamma, sigma, n).learned.I_theta_phi


@app.function
def edges(centres) -> np.ndarray:
    """Where cells about these centres meet, halfway on a logarithmic scale."""
    log = np.log(np.asarray(centres))
    middle = 0.5 * (log[1:] + log[:-1])
    return np.exp(np.concatenate([[2 * log[0] - middle[0]], middle, [2 * log[-1] - middle[-1]]]))


@app.function
def draw_diagram(ax, gamma: float, sigma: float, n: int) -> None:
    """S of the best rule over (gamma, sigma), and where the sliders stand."""
    kept = diagram(n)
    shown = ax.pcolormesh(edges(GAMMAS), edges(SIGMAS), kept, cmap="Blues", vmin=0, vmax=1.1)
    bar = ax.figure.colorbar(shown, ax=ax, pad=0.02)
    bar.set_label("S of the best rule (nats)", fontsize=12)
    ax.plot(gamma, sigma, "o", color=COLOURS["orange"], markersize=13, markeredgecolor="black")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks([1, 2, 4, 10], ["1", "2", "4", "10"], minor=False)
    ax.set_yticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"], minor=False)
    ax.minorticks_off()
    place = {"transform": ax.transAxes, "fontsize": 13, "color": "0.25"}
    ax.text(0.04, 0.9, "constant", **place)
    ax.text(0.62, 0.06, "learnt", **(place | {"color": "white"}))
    ax.set_xlabel(r"$\gamma$")
    ax.set_ylabel(r"$\sigma$")
    ax.set_title(f"N = {n}")


@app.function
def draw_rule(ax, gamma: float, sigma: float, n: int) -> None:
    """The best p(theta|data): a row for each type, named by how often each pair (x, y) is in it."""
    rule = np.asarray(best(gamma, sigma, n).rule)
    ax.imshow(rule, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    names = ["".join(map(str, counts)) for counts, _ in problem(n).types]
    ax.set_yticks(range(len(names)), names, fontsize=12 if n < 3 else 8)
    ax.set_xticks(range(rule.shape[1]), [str(k + 1) for k in range(rule.shape[1])])
    ax.set_xlabel(r"$\theta$")
    ax.set_ylabel("how often 00, 01, 10, 11")
    ax.set_title(r"best $p(\theta|$data$)$")
    ax.spines[["left", "bottom"]].set_visible(False)


@app.function
def draw_encoders(ax, gamma: float, sigma: float, n: int) -> None:
    """The best p(z = 1|x, theta): a column for each theta."""
    table = np.asarray(best(gamma, sigma, n).encoder)[:, :, 0]
    ax.imshow(table, cmap="Oranges", vmin=0, vmax=1, aspect="auto")
    for (x, theta), p in np.ndenumerate(table):
        ax.text(theta, x, f"{p:.2f}", ha="center", va="center", fontsize=12, color="white" if p > 0.6 else "black")
    ax.set_yticks([0, 1], ["x = 0", "x = 1"])
    ax.set_xticks(range(table.shape[1]), [str(k + 1) for k in range(table.shape[1])])
    ax.set_xlabel(r"$\theta$")
    ax.set_title(r"best $p(z_1|x,\theta)$")
    ax.spines[["left", "bottom"]].set_visible(False)


@app.function
def panels() -> tuple[Panel, ...]:
    """The phase diagram, the best rule, and the encoder that each theta stands for."""
    return (
        Panel(
            draw_diagram,
            4.6,
            "Over gamma and sigma, how much the best rule keeps of its data; a dot where you are.",
            4.3,
        ),
        Panel(draw_rule, 3.1, "The best learning rule: a row for each type of data, a column for each theta.", 4.3),
        Panel(draw_encoders, 2.9, "The best encoder: a row for each x, a column for each theta.", 4.3),
    )


@app.function
def picture(gamma: float, sigma: float, n: int) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers(gamma: float, sigma: float, n: int) -> str:
    """The optimum in numbers, in Markdown."""
    found, process = best(gamma, sigma, n), problem(n)
    point = ", ".join(f"{name} = {found.point[name]:.4f}" for name in "RCS")
    known = float(tx.predictive_information(process.phi, process.x_given_phi, process.y_given_x_phi, n).I_pred)
    return rf"""
    In nats, at $\gamma = {gamma:g}$, $\sigma = {sigma:g}$, $N = {n}$: {point}; the minimum lies in
    [{found.lower_bound:.5f}, {found.value:.5f}] ({found.status}). Of the S nats that the rule keeps,
    $I(\Theta;\Phi)$ = {about(gamma, sigma, n):.4f} are about the process; all that the data can tell of it is
    $I_{{\mathrm{{pred}}}}$ = {known:.4f}.
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
    **What to see.** Left: one certified optimum a cell. The border between white and blue is where learning ends; it
    rises with $\gamma$, as telling $Y$ gets dearer. Middle: the rule sorts data sets into thetas; a row is a type of
    data. Right: what each $\theta$ makes of $x$. At $N = 1$ the rule remembers the answer itself: $\theta$ says which
    $z$ to give, and S is far more than the data tell of the process. That is memory, and here it pays, since the
    samples that are coded are those that were learnt from.
    """)
    return


@app.cell(hide_code=True)
def _():
    exercises = (
        Exercise(
            r"$N = 1$, $\gamma = 4$: at which $\sigma$ does learning end? (to a tenth)",
            lambda: end_of_learning(4.0),
            0.1,
            "",
            "there R + γC + σS of the rule that learns is what the constant one has; read R, C, S at two places.",
        ),
        Exercise(
            r"$N = 2$, $\gamma = 4$, $\sigma = 1$: how many nats does the best rule keep? (to a fiftieth)",
            lambda: best(4.0, 1.0, 2).point["S"],
            0.02,
            "nats",
            "set N to 2 and read S below the picture.",
        ),
        Exercise(
            r"How many of these are about the process? (to a fiftieth)",
            lambda: about(4.0, 1.0, 2),
            0.02,
            "nats",
            "it is I(Θ;Φ), below the picture; it is never more than the predictive information.",
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
