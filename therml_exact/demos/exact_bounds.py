"""Lesson: inequalities of the paper decided exactly: true, tight, misprinted. `therml demo exact_bounds`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Exact bounds")

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

    MARKS = {"holds": ("o", "green"), "tight": ("s", "blue"), "violated": ("X", "red")}


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Bounds, decided and not estimated

    Where all probabilities are fractions, an entropy is a sum of logarithms of primes with rational coefficients, and
    those logarithms are independent over the rationals. So both sides of a relation of the paper are *compared*:

    $$\sum_k a_k \log p_k \;\gtreqless\; \sum_k b_k \log p_k , \qquad\text{equal if and only if } a_k = b_k
    \text{ for all primes } p_k.$$
    """)
    return


@app.function
def misprinted() -> dict[str, tx.Relation]:
    """Forms that the paper prints and that fail: (33), (52) in (54), and (5) read with one q for all samples."""

    def least_of_mean(t):
        """-log <Z>, from the partition functions of all data sets at gamma = sigma = 1."""
        balance = tx.boltzmann(t.world, t.q, 1, 1)
        return -tx.PrimeLog.log(sum((balance.data * balance.z).reshape(-1)))

    return {
        "(33) as printed:  least of R + C + S = −log⟨Z⟩": tx.Relation(
            33, "min (R + C + S) = -log <Z>", r"\min \mathcal{J} = -\sigma \log \mathcal{Z}", "=",
            lambda t: tx.boltzmann(t.world, t.q, 1, 1).value, least_of_mean,
        ),
        "(52), (54) as printed:  U + I(Θ;X^N) >= J + Σ_i [H(Y_i|X_i,Φ) − I(X_i;Φ)]": tx.Relation(
            54, "U + I(Θ;X^N) >= J + Σ_i [H(Y_i|X_i,Φ) - I(X_i;Φ)]", r"U + S \geq \mathcal{J}_d + \dots", ">=",
            lambda t: t.sum(t.U) + t.I("Theta", [f"X{i}" for i in t.world.samples]),
            lambda t: t.J + t.sum(lambda i: t.H(f"Y{i}", [f"X{i}", "Phi"]) - t.I(f"X{i}", "Phi")),
            worlds=("discriminative",),
        ),
        "(5) as printed, one q for all samples:  min KL[p;q] = I_P − I_Q": tx.Relation(
            5, "min KL[p;q] = I_P - I_Q", r"\min_q D_{\mathrm{KL}}[p;q] = I_P - I_Q", "=",
            lambda t: t.world.mismatch(shared=True), lambda t: t.I_P - t.I_Q,
        ),
    }  # fmt: skip


@app.function
@cache
def relations() -> dict[str, tx.Relation]:
    """The registry's relations about world P, the misprinted forms first."""
    registry = [r for r in tx.RELATIONS if "P" in r.worlds]
    numbers = [f"({r.equation}{r.part})" if isinstance(r.equation, int) else f"{r.equation}{r.part}" for r in registry]
    return misprinted() | {f"{number}  {r.statement}": r for number, r in zip(numbers, registry, strict=True)}


@app.function
@cache
def world(which: str, tenths: int, relation: str):
    """The world of the lesson two_worlds, N = 2, with one of its numbers moved; of the kind that the relation needs."""
    error = Fraction(tenths, 20) if which == "label error" else Fraction(1, 10)
    flip = Fraction(tenths, 20) if which == "encoder noise" else Fraction(1, 20)
    share = Fraction(tenths, 10) if which == "listening" else Fraction(4, 5)
    half = Fraction(1, 2)
    same = np.array([[1, 0], [0, 1]], dtype=object)
    labels = [(1 - error) * table + error * (1 - table) for table in (same, 1 - same)]
    rule = share * tx.learners.erm(2, 2, 2, np.array([same, 1 - same])) + (1 - share) * np.array([1, 0], dtype=object)
    process = ([half, half], [[half, half]] * 2, labels)
    if relation.startswith("(52)"):
        return tx.DiscriminativeWorld(*process, rule)
    if relation.startswith("(33)"):
        flip = Fraction(0)  # a map, so that Z is rational
    if relation.startswith("(5) as"):
        # Theta copies X1, or X2 with the rest of the probability.
        x1, x2 = (np.eye(2, dtype=int).reshape(shape) for shape in ((2, 1, 1, 1, 2), (1, 1, 2, 1, 2)))
        share = Fraction(tenths, 10)
        rule = np.broadcast_to(share * x1.astype(object) + (1 - share) * x2.astype(object), (2, 2, 2, 2, 2))
    encoders = [(1 - flip) * table + flip * (1 - table) for table in (same, 1 - same)]
    return tx.WorldP(*process, rule, tx.encoders.table(encoders))


@app.function
@cache
def decided(
    relation: str, which: str, tenths: int, off: int
) -> Any:  # a BoundCheck; its slack is a number, as no side is infinite here
    """Both sides and the verdict; the q's are the best ones, drawn to uniform by off tenths."""
    w, share = world(which, tenths, relation), Fraction(off, 10)
    q = tx.Variational(
        **{
            name: (1 - share) * table + share * Fraction(1, table.shape[-1])
            for name, table in tx.optimal_variational(w, shared=relation.startswith("(33)")).given().items()
        }
    )
    return relations()[relation].check(w, q)


@app.cell(hide_code=True)
def _():
    _first = next(name for name in relations() if name.startswith("(19a)"))
    controls = mo.ui.dictionary(
        {
            "relation": mo.ui.dropdown(list(relations()), value=_first, label="relation", full_width=False),
            "which": mo.ui.dropdown(["label error", "encoder noise", "listening"], value="label error", label="vary"),
            "tenths": mo.ui.slider(0, 10, value=3, label="how far (/10)", show_value=True),
            "off": mo.ui.slider(0, 10, value=0, label="$q$'s off (/10)", show_value=True),
        }
    )
    _some = [name for name in relations() if name.startswith(("(33)", "(52)", "(5) as", "(14)", "(19a)", "(20b)"))]
    show_controls(controls, {"relation": _some, "tenths": [0, 3, 5, 10], "off": [0, 5]})
    return (controls,)


@app.function
def family(relation: str, which: str) -> tuple[str, list[float]]:
    """What varies along the horizontal axis, and its values."""
    ends = {"label error": 0.5, "encoder noise": 0.5, "listening": 1.0}
    name, end = which, ends[which]
    if relation.startswith("(5) as"):
        name, end = "share of data where Θ copies X1", 1.0
    return f"{name} (no unit)", [end * k / 10 for k in range(11)]


@app.function
def draw_sides(ax, relation: str, which: str, tenths: int, off: int) -> None:
    """Both sides along the family of worlds."""
    rows = [decided(relation, which, k, off) for k in range(11)]
    name, x = family(relation, which)
    ax.plot(x, [float(row.lhs) for row in rows], "-", color=COLOURS["orange"], linewidth=3.5, label="left side")
    ax.plot(x, [float(row.rhs) for row in rows], "--", color=COLOURS["blue"], linewidth=2.5, label="right side")
    for side in ("lhs", "rhs"):
        ax.plot(x[tenths], float(getattr(rows[tenths], side)), "o", color="black", markersize=9, zorder=4)
    ax.set_xlabel(name)
    ax.set_ylabel("both sides (nats)")
    ax.legend(frameon=False, fontsize=12)


@app.function
def draw_slack(ax, relation: str, which: str, tenths: int, off: int) -> None:
    """The slack with its verdicts."""
    rows = [decided(relation, which, k, off) for k in range(11)]
    name, x = family(relation, which)
    ax.axhline(0, color="black", linewidth=1)
    gaps = [float(row.slack) for row in rows]
    ax.plot(x, gaps, "-", color="0.6", zorder=1)
    for verdict, (mark, colour) in MARKS.items():
        places = [k for k, row in enumerate(rows) if row.verdict == verdict]
        if places:
            ax.plot([x[k] for k in places], [gaps[k] for k in places], mark, color=COLOURS[colour], markersize=10,
                    label=verdict)  # fmt: skip
    ax.plot(x[tenths], gaps[tenths], "o", mfc="none", color="black", markersize=19, markeredgewidth=2)
    room = 0.15 * (max(gaps) - min(gaps)) + 0.01
    ax.set_ylim(min(*gaps, 0) - room, max(*gaps, 0) + room)
    ax.set_xlabel(name)
    ax.set_ylabel("slack (nats)")
    ax.set_title(rows[tenths].verdict)
    ax.legend(frameon=False, fontsize=12)


@app.function
def panels() -> tuple[Panel, ...]:
    """Both sides along the family of worlds, and the slack with its verdicts."""
    return (
        Panel(draw_sides, 5.1, "The left and the right side of the relation against the number that varies.", 3.9),
        Panel(draw_slack, 5.1, "The slack of the relation, marked where it holds, is tight, or is violated.", 3.9),
    )


@app.function
def picture(relation: str, which: str, tenths: int, off: int) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.cell(hide_code=True)
def _(controls):
    show_pictures(panels(), controls.value)
    return


@app.function
def numbers(relation: str, which: str, tenths: int, off: int) -> str:
    """Both sides and the verdict, in Markdown."""
    row = decided(relation, which, tenths, off)
    parts = (("left", row.lhs), ("right", row.rhs), ("slack", row.slack))
    lines = [f"- {name}: {float(value):.6f} nats = `{str(value)[:150]}`" for name, value in parts]
    return "\n".join([f"${row.relation.latex}$: **{row.verdict}**, decided exactly.", "", *lines])


@app.cell(hide_code=True)
def _(controls):
    show_numbers([numbers], controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** The world is that of the lesson `two_worlds` with $N = 2$; one of its probabilities varies. *Tight*
    means equal, not close: (19a) is tight where the labels have no error, since then $\Theta$ knows of the data just
    what it knows of $\Phi$. With the best $q$'s the functionals equal informations (56-59), so (14) is tight; draw
    them to uniform and slack appears. The first three relations are refuted as the paper prints them: (33) averages
    inside the logarithm, (52) forgets the labels, (5) does not say that each sample needs $q$'s of its own.
    """)
    return


@app.cell(hide_code=True)
def _():
    def row(start: str, which: str, tenths: int, off: int = 0) -> Any:
        return decided(next(name for name in relations() if name.startswith(start)), which, tenths, off)

    def tight(start: str, which: str) -> list[int]:
        return [k for k in range(11) if row(start, which, k).verdict == "tight"]

    exercises = (
        Exercise(
            r"(20b): $I(X^N,Y^N;\Phi) \leq \sum_i I(X_i,Y_i;\Phi)$. At which label error is it tight?",
            lambda: tight("(20b)", "label error")[0] / 20,
            0.001,
            "",
            "the slider goes in tenths of the way from 0 to 1/2.",
        ),
        Exercise(
            r"(5) with one $q$ for all samples is false where they differ. For which share is it true all the same?",
            lambda: tight("(5) as", "listening")[0] / 10,
            0.001,
            "",
            "choose the third relation; for which rule are both samples alike?",
        ),
        Exercise(
            r"(54) with $S$ as printed in (52): how far is it violated, in nats, where the learner listens fully?",
            lambda: -float(row("(52)", "listening", 10).slack),
            0.002,
            "nats",
            "vary listening, tenths 10, best q's (0); the slack is negative.",
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
