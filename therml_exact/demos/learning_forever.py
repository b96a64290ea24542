"""Lesson: why learning data forever teaches so little, (3) and (4). `therml demo learning_forever`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Learning forever")

with app.setup:
    from functools import cache
    from itertools import count

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together

    SAMPLES = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000]
    MARKED = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]  # where the curves are computed
    TEMPERATURES = [0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100]
    BIASES = (np.arange(65) + 0.5) / 65
    PARAMETERS = (np.arange(129) + 0.5) / 129
    # p(phi) and p(x|phi): what is tossed.
    PROCESSES = {
        "two coins": (np.full(2, 1 / 2), np.array([[0.6, 0.4], [0.4, 0.6]])),
        "unknown bias": (np.full(65, 1 / 65), np.stack([1 - BIASES, BIASES], axis=1)),
        "no noise": (np.full(2, 1 / 2), np.eye(2)),
    }


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Why learning data forever teaches so little

    $N$ samples $\mathcal{T}_N$ of a process $\Phi$ hold the information $H(\mathcal{T}_N)$. What they tell of the
    process, and so of all samples to come, is the *predictive information*

    $$I_{\mathrm{pred}} = I(\mathcal{T}_N; \Phi) = \lim_{M\to\infty} I(\mathcal{T}_N; \mathcal{T}'_M) \tag{3}$$

    $$\frac{I_{\mathrm{pred}}(\mathcal{T}_N)}{H(\mathcal{T}_N)} \to 0 \tag{4}$$

    The data grow like $N$; what they teach is at most $H(\Phi)$, or grows like $\tfrac{k}{2} \log N$ where $k$ real
    numbers are to be learnt. Three learners see $N$ tosses of a coin: one keeps *all data*; one keeps the *counts*
    of heads; one keeps a parameter $\Theta$, one of 129 biases, drawn from the tempered posterior
    $p(\theta|x^N) \propto \prod_i q(x_i|\theta)^{1/\sigma}$, (50) with $\beta = 1/\sigma$. What share of its memory is
    worth keeping?
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "process": mo.ui.dropdown(
                {
                    "two coins: heads 0.4 or 0.6": "two coins",
                    "a coin of unknown bias, one of 65": "unknown bias",
                    "no noise: every toss shows Φ": "no noise",
                },
                value="two coins: heads 0.4 or 0.6",
                label=r"process $\Phi$",
            ),
            "n": mo.ui.slider(steps=SAMPLES, value=100, label="samples $N$", show_value=True, debounce=True),
            "sigma": mo.ui.slider(
                steps=TEMPERATURES, value=1, label=r"temperature $\sigma$ (no unit)", show_value=True, debounce=True
            ),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def told(process: str, n: int) -> tx.PredictiveInformation:
    """I_pred and H(T_N)."""
    return tx.predictive_information(*PROCESSES[process], None, n)


@app.function
@cache
def learnt(process: str, n: int, sigma: float) -> tx.LearnedInformation:
    """What the tempered posterior over the 129 biases keeps of the data, and of the process."""

    def rule(counts: np.ndarray) -> np.ndarray:
        logs = (counts[:, :1] * np.log(1 - PARAMETERS) + counts[:, 1:] * np.log(PARAMETERS)) / sigma
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    return tx.learned_information(*PROCESSES[process], None, n, rule)


@app.function
@cache
def counts(process: str, n: int) -> float:
    """H(number of heads): what a learner keeps that forgets the order; a float, error about 1e-12."""
    prior, letters = PROCESSES[process]
    heads, logs = np.arange(n + 1), np.log(np.maximum(letters, 1e-300))
    ways = np.append(0.0, np.cumsum(np.log(np.arange(n, 0, -1)) - np.log(np.arange(1, n + 1))))
    p = prior @ np.exp(ways + (n - heads) * logs[:, :1] + heads * logs[:, 1:])
    return float(tx.entropy(tx.Joint(p / p.sum(), ("Heads",)), "Heads"))


@app.function
def draw_lines(ax, lines, place: list[int], n: int) -> None:
    """Curves (label, values, style, colour) against N, with a mark where N stands; both axes logarithmic."""
    for label, values, style, name in lines:
        ax.plot(place, values, style, color=COLOURS[name], linewidth=3, label=label)
        ax.plot(n, values[place.index(n)], "o", color=COLOURS[name], markersize=9)
    ax.axvline(n, color="0.6", linewidth=1, zorder=0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.set_xlabel("samples $N$")
    ax.legend(frameon=False, fontsize=12, loc="upper left", borderaxespad=0)


@app.function
def draw_amounts(ax, process: str, n: int, sigma: float) -> None:
    """Information against N: all, memorised, predictive, useful."""
    place = sorted({*MARKED, n})
    data, kept = [told(process, m) for m in place], [learnt(process, m, sigma) for m in place]
    lines = (
        (r"all data: $H(\mathcal{T}_N)$", [float(d.H) for d in data], "-", "grey"),
        (r"counts: $H$(heads)", [counts(process, m) for m in place], "-", "purple"),
        (r"parameter: $S = I(\Theta;\mathcal{T}_N)$", [k.I_theta_data for k in kept], "-", "red"),
        (r"to be learnt: $I_{\mathrm{pred}}$", [float(d.I_pred) for d in data], "--", "blue"),
        (r"useful: $I(\Theta;\Phi)$", [k.I_theta_phi for k in kept], "-", "blue"),
    )
    draw_lines(ax, lines, place, n)
    ax.set_ylim(1e-3, 3e6)
    ax.set_yticks([1e-3, 1e-2, 1e-1, 1, 10, 100, 1000])
    ax.set_ylabel("information (nats)")


@app.function
def draw_shares(ax, process: str, n: int, sigma: float) -> None:
    """The useful share of each memory against N."""
    place = sorted({*MARKED, n})
    data, kept = [told(process, m) for m in place], [learnt(process, m, sigma) for m in place]
    tally = [float(d.I_pred) / counts(process, m) for d, m in zip(data, place, strict=True)]
    lines = (
        (r"parameter: $I(\Theta;\Phi)/S$", [k.I_theta_phi / k.I_theta_data for k in kept], "-", "red"),
        (r"counts: $I_{\mathrm{pred}}/H$(heads)", tally, "-", "purple"),
        (r"all data: $I_{\mathrm{pred}}/H(\mathcal{T}_N)$ (4)", [d.ratio for d in data], "-", "grey"),
    )
    draw_lines(ax, lines, place, n)
    ax.set_ylim(1e-4, 60)
    ax.set_yticks([1e-4, 1e-3, 1e-2, 1e-1, 1])
    ax.set_ylabel("useful share of the memory (no unit)")


@app.function
def panels() -> tuple[Panel, ...]:
    """Information against N: all, memorised, predictive, useful; and the useful shares."""
    return (
        Panel(
            draw_amounts,
            5.1,
            "Against N: what all data, the counts and the parameter hold, and what of it is useful.",
            4.8,
        ),
        Panel(draw_shares, 5.1, "Against N: which share of each memory is useful; all data's goes to zero.", 4.8),
    )


@app.function
def picture(process: str, n: int, sigma: float) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def numbers(process: str, n: int, sigma: float) -> str:
    """The numbers at the marks, in Markdown."""
    data, kept = told(process, n), learnt(process, n, sigma)
    more, noise = told(process, n + 1).I_pred - data.I_pred, kept.I_theta_data - kept.I_theta_phi
    return f"""
    N = {n}: the data hold **{data.H:.6g} nats**; **{data.I_pred:.4f} nats** of them tell of the process, a share of
    {data.ratio:.3g}. One more toss would teach {f"{more:.2g}" if more > 1e-12 else "less than 1e-12"} nats. The counts
    hold {counts(process, n):.4f} nats. The parameter at σ = {sigma} has memorised S = **{kept.I_theta_data:.4f} nats**:
    **{kept.I_theta_phi:.4f} nats** are useful, a share of {kept.I_theta_phi / kept.I_theta_data:.3f}, and {noise:.4f}
    are noise. Sums over all types; proven errors of I_pred, S, I(Θ;Φ) below {max(data.error, kept.error):.0e} nats.
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
    **What to see.** *Two coins*: there is one bit to learn, $\log 2$ nats, and a few hundred tosses tell it. Who keeps
    all data memorises $N h$ nats, who keeps the counts $\tfrac12\log N$ and more; the useful share of both goes to
    zero. A temperature stops that. The posterior is as wide as the noise of the counts times $\sqrt\sigma$, so that the
    noise in the memory stays at $\tfrac12\log(1 + 1/\sigma)$ nats, however long one learns. Heat it: more of what is
    kept is signal, but learning takes longer. *Unknown bias*: $k = 1$ number is to be learnt, and $I_{\mathrm{pred}}$
    grows by $\tfrac12\log 4$ nats when the data grow fourfold (until all 65 biases are told apart); still it is a
    vanishing share of the data. *No noise*: (4) is false as it stands; it holds iff $H(X|\Phi) > 0$.
    """)
    return


@app.cell(hide_code=True)
def _():
    def hottest() -> float:
        return max(sigma for sigma in TEMPERATURES if learnt("two coins", 1000, sigma).I_theta_phi >= 0.69)

    def enough() -> int:
        return next(n for n in count(10_000) if told("two coins", n).ratio < 1e-4)

    exercises = (
        Exercise(
            r"Two coins, $N = 1000$. The parameter is to know at least 0.69 nats of $\Phi$. Which temperature"
            r" of the slider does it with the least memory $S$?",
            hottest,
            0.1,
            "",
            "the hotter, the less is memorised; heat until I(Θ;Φ) would fall below 0.69 nats.",
        ),
        Exercise(
            r"Unknown bias: by how many nats does $I_{\mathrm{pred}}$ grow when 100 tosses become 400?"
            " (To within 0.02.)",
            lambda: told("unknown bias", 400).I_pred - told("unknown bias", 100).I_pred,
            0.02,
            "nats",
            "nearly k/2 log 4 with k = 1; or read I_pred below the picture at N = 100 and at N = 400.",
        ),
        Exercise(
            r"Two coins: how many tosses are needed until less than 1/10000 of $H(\mathcal{T}_N)$ tells of the process?"
            " (To within 100 tosses.)",
            enough,
            100,
            "",
            "beyond the slider I_pred = log 2 and H = N h + log 2, h the entropy of a coin with heads 0.4.",
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
