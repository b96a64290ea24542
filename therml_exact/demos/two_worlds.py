"""Lesson: worlds P and Q, the mismatch J, and the functionals that add up to it. `therml demo two_worlds`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Two worlds")

with app.setup:
    from fractions import Fraction
    from functools import cache
    from typing import Any

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together
    from therml_exact.figures.graph import draw_graph
    from therml_exact.functional import divergence


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Two worlds, and the mismatch between them

    Training is **world P**: a process $\Phi$ makes pairs $(X_i, Y_i)$, a learning rule turns them into parameters
    $\Theta$, an encoder turns $X_i$ and $\Theta$ into a representation $Z_i$. One would like **world Q**, where $Z_i$
    explains $X_i$ and $Y_i$. The mismatch $J$ between them (5), and what the functionals of training add up to (66):

    $$J = \min_{q \in Q} D_{\mathrm{KL}}[p;q] = I_P - I_Q , \qquad
    S + R + C + D = J + \sum_i H(X_i, Y_i \mid \Phi) + \mathrm{KL} .$$

    KL adds up how far each $q$ is from the best one (61). The paper writes it $D_{\mathrm{KL}}[p;q]$ too, but the
    divergence of the worlds in (5) is $J + \mathrm{KL}$.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "n": mo.ui.dropdown({"1": 1, "2": 2}, value="1", label="samples $N$"),
            "listens": mo.ui.slider(0, 10, value=8, label=r"$\Theta$ listens (/10)", show_value=True),
            "noise": mo.ui.slider(0, 10, value=1, label="noise of $Z$ (/20)", show_value=True),
            "off": mo.ui.slider(0, 10, value=0, label="$q$'s off (/10)", show_value=True),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def world(n: int, listens: int, noise: int) -> tx.WorldP:
    """Y is X or its opposite, as Phi says, and wrong once in ten; Theta says which of the two the encoder assumes."""
    same, opposite = np.array([[1, 0], [0, 1]], dtype=object), np.array([[0, 1], [1, 0]], dtype=object)
    half, error, flip, share = Fraction(1, 2), Fraction(1, 10), Fraction(noise, 20), Fraction(listens, 10)
    labels = [(1 - error) * table + error * (1 - table) for table in (same, opposite)]
    deaf = np.array([1, 0], dtype=object)  # whatever the data: "the same"
    rule = share * tx.learners.erm(2, 2, n, np.array([same, opposite])) + (1 - share) * deaf
    encoders = [(1 - flip) * table + flip * (1 - table) for table in (same, opposite)]
    return tx.WorldP([half, half], [[half, half]] * 2, labels, rule, tx.encoders.table(encoders))


@app.function
@cache
def terms(n: int, listens: int, noise: int, off: int) -> dict[str, Any]:
    """The terms of (5) and (66), exact and in nats; the optimal q's are mixed with uniform ones."""
    w = world(n, listens, noise)
    share = Fraction(off, 10)
    q = tx.Variational(
        **{
            name: (1 - share) * table + share * Fraction(1, table.shape[-1])
            for name, table in tx.optimal_variational(w).given().items()
            if name != "z_given_x"
        }
    )
    f = tx.functionals(w, q)
    found: dict[str, Any] = {name: getattr(f, name) for name in ("S", "R", "C", "D")}
    chance = sum(tx.entropy(w, [f"X{i}", f"Y{i}"], given="Phi") for i in w.samples)
    apart = sum(divergence(w, q, name, i) for name in ("z", "x_given_z", "y_given_z") for i in w.samples)
    found |= {"J": w.mismatch(), "ΣH(X,Y|Φ)": chance, "KL": divergence(w, q, "theta", 1) + apart}
    return found | {"I_P": w.multi_information(), "I_Q": w.desired_information()}


@app.function
def draw_p(ax, n: int) -> None:
    """The graph of world P, which no probability changes."""
    draw_graph(world(n, 8, 1).graph, ax).set_title("world P")


@app.function
def draw_q(ax, n: int) -> None:
    """The graph of world Q."""
    draw_graph(world(n, 8, 1).graph_q, ax).set_title("world Q")


@app.function
def draw_bars(ax, n: int, listens: int, noise: int, off: int) -> None:
    """The terms of (66) and (5) as bars laid end to end."""
    found = {name: float(value) for name, value in terms(n, listens, noise, off).items()}
    colours = dict(zip(("S", "R", "C", "D"), ("orange", "sky", "green", "yellow"), strict=True))
    colours |= {"J": "red", "ΣH(X,Y|Φ)": "grey", "KL": "purple", "I_P": "sky", "I_Q": "green"}
    rows = (("S", "R", "C", "D"), ("J", "ΣH(X,Y|Φ)", "KL"), (), ("I_P",), ("J", "I_Q"))
    for row, names in enumerate(rows):
        start, place = 0.0, -1.3 * row + 0.4 * (row > 2)
        for name in names:
            value, label = found[name], {"I_P": "$I_P$", "I_Q": "$I_Q$"}.get(name, name)
            ax.barh(place, value, 0.84, start, color=COLOURS[colours[name]], edgecolor="white")
            wide = value > (0.54 if len(name) > 4 else 0.26) * n
            text, below = (f"{label}\n{value:.3f}", 0.0) if wide else (label, -0.6)
            if value > 0.002:
                ax.text(start + value / 2, place + below, text, ha="center", va="center", fontsize=12)
            start += value
    ax.set_xlim(0, 2.95 * n)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("nats")
    ax.set_title("equal lengths: (66) above, (5) below")


@app.function
def panels() -> tuple[Panel, ...]:
    """The two graphs, and the terms as bars laid end to end."""
    return (
        Panel(draw_p, 1.6, "The graph of world P: Phi makes X and Y, these make Theta; X and Theta make Z.", 4.1),
        Panel(draw_q, 1.9, "The graph of world Q: Z explains X and Y, and Theta stands alone.", 4.1),
        Panel(
            draw_bars,
            5.0,
            "Bars of equal length: S, R, C, D above J, the chance left and KL; I_P above J and I_Q.",
            4.1,
        ),
    )


@app.function
def picture(n: int, listens: int, noise: int, off: int) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.cell(hide_code=True)
def _(controls):
    show_pictures(panels(), controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What is shared.** Each region is what its variables share, given the others; the regions of a circle
    add up to its entropy. On the left neither $X_1$ nor $\Phi$ alone says anything about $Y_1$, both together
    do: what two share given the third, the third takes back with a minus sign. Such synergy is red. On the
    right the encoder does the same with $X_1$ and $\Theta$, once it listens.
    """)
    return


@app.function
def draw_process(ax, n: int) -> None:
    """What the first sample shares with the process."""
    tx.information_diagram(world(n, 8, 1), ["Phi", "X1", "Y1"]).plot(ax)


@app.function
def draw_learner(ax, n: int, listens: int, noise: int) -> None:
    """What the first sample shares with what is learnt."""
    tx.information_diagram(world(n, listens, noise), ["Theta", "X1", "Z1"]).plot(ax)


@app.function
def diagrams() -> tuple[Panel, ...]:
    """What the first sample shares with the process, and with what is learnt: atoms of information."""
    return (
        Panel(draw_process, 4.2, "Three circles of Phi, X1 and Y1 with the information in each region.", 3.9),
        Panel(draw_learner, 4.2, "Three circles of Theta, X1 and Z1 with the information in each region.", 3.9),
    )


@app.function
def shared(n: int, listens: int, noise: int, off: int) -> Figure:
    """Both diagrams as one figure."""
    return together(diagrams(), locals())


@app.cell(hide_code=True)
def _(controls):
    show_pictures(diagrams(), controls.value)
    return


@app.function
def numbers(n: int, listens: int, noise: int, off: int) -> str:
    """The terms as numbers, and whether both equalities hold, in Markdown."""
    found = terms(n, listens, noise, off)
    five = found["J"] == found["I_P"] - found["I_Q"]
    left, right = (sum(found[name] for name in names) for names in ("SRCD", ("J", "ΣH(X,Y|Φ)", "KL")))
    told = ", ".join(f"{name} = {float(value):.4f}" for name, value in found.items())
    return f"""
    In nats: {told}. Both equalities {"hold" if five and left == right else "**fail**"}, decided exactly, as
    sums of logarithms of primes: J = `{found["J"]}`.
    """


@app.cell(hide_code=True)
def _(controls):
    show_numbers([numbers], controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** $\Phi$ is a fair coin: it says whether $Y$ is $X$ or its opposite, and one label in ten is wrong.
    $\Theta$ says which of the two the encoder assumes; a learner that does not listen assumes "the same". The grey bar
    is what the process leaves to chance; no learner moves it. The red bar $J$ is what the learner can change: a rule
    that listens to the data pays for it with $S \geq I(\Theta; X^N, Y^N)$ (10), a sharp encoder with $R$ (11), to buy
    a smaller $C$ or $D$. With other $q$'s than the best ones the sum exceeds both bars by a divergence (61): hence
    *variational bound*.
    """)
    return


@app.cell(hide_code=True)
def _():
    def least() -> float:
        return min(float(world(1, listens, noise).mismatch()) for listens in range(11) for noise in range(11))

    exercises = (
        Exercise(
            r"For $N = 1$ the grey bar does not depend on the sliders. How many nats is $H(X_1, Y_1 \mid \Phi)$?",
            lambda: tx.entropy(world(1, 8, 1), ["X1", "Y1"], given="Phi"),
            0.002,
            "nats",
            "X is a fair bit whatever Φ is; given X and Φ, Y has an error of 1/10.",
        ),
        Exercise(
            r"$N = 1$: which sliders make the mismatch $J$ least? How many nats is $J$ there? What was learnt?",
            least,
            0.002,
            "nats",
            "move the first slider to its end, and see what the second does then; the best learner learns nothing.",
        ),
        Exercise(
            r"$N = 2$, $\Theta$ listens fully (10), no noise (0): by how many nats does $S+R+C+D$ grow when the $q$'s"
            " go from the best ones (0) to uniform ones (10)?",
            lambda: terms(2, 10, 0, 10)["KL"],
            0.002,
            "nats",
            "the purple bar; where it is too short for letters, read KL below the picture.",
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
