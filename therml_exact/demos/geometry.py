"""Lesson: where the paper's geometry fails: no polytope, no convexity, no smoothness. `therml demo geometry`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The geometry of learning")

with app.setup:
    import math
    from fractions import Fraction
    from functools import cache
    from itertools import pairwise

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together
    from therml_exact.frontier.mixture.critical import critical
    from therml_exact.frontier.rules.bent import least_excess

    L = math.log(2)
    PLACES = np.arange(101) / 100
    NOISY, FUNCTION = (tx.EncoderProblem(tx.examples.binary_symmetric(Fraction(e, 10))) for e in (1, 0))
    GAMMAS = np.arange(50, 351, 5) / 100
    # The example with two codes: p(x), p(y|x).
    X, Y_GIVEN_X = np.array([1, 4, 4]) / 9, np.array([[1, 0, 0], [0, 0.9, 0.1], [0, 0.1, 0.9]])


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Where the geometry fails

    The paper calls the optimal surface $R(C, D, S)$ a *convex polytope* (15), and *entire*, *smooth and convex*
    (section 4.1). All of this is false, and small examples show it. With encoders alone the frontier is

    $$F(\gamma) = \min\,(R + \gamma C), \qquad F'(\gamma) = C, \qquad
    R + \gamma C \ge F(\gamma)\ \text{ everywhere.} \tag{22}$$

    A polytope has finitely many corners, and $C$ would jump from one to the next. Multipliers can stand for
    functionals, as section 4.1 has it, where $C(\gamma)$ is a smooth function with an inverse: $C$ never jumps, and
    neither does its slope $F''$. On a convex surface every mixture of two achievable points would be achievable.
    """)
    return


@app.cell(hide_code=True)
def _():
    controls = mo.ui.dictionary(
        {
            "gamma": mo.ui.slider(
                0.5, 3.5, 0.01, value=2.0, label=r"$\gamma$ (no unit)", show_value=True, debounce=True
            ),
            "example": mo.ui.dropdown(
                {"S, any alphabets": "S", "two codes, |Z| = 2": "Z"}, value="S, any alphabets", label="not convex in"
            ),
            "t": mo.ui.slider(
                0.0, 1.0, 0.01, value=0.5, label="place $t$ on the segment", show_value=True, debounce=True
            ),
        }
    )
    show_controls(controls)
    return (controls,)


@app.function
@cache
def optimum(noisy: bool, gamma: float) -> tx.Optimum:
    """The certified optimum of R + gamma C: binary symmetric with crossover 1/10, or Y = X."""
    return tx.minimize(NOISY if noisy else FUNCTION, gamma=gamma)


@app.function
@cache
def bent_in_s() -> tuple[np.ndarray, np.ndarray]:
    """By how much each rule exceeds (R, C, S) = (t, 1 - t, t) log 2: proved for all, achieved by one; for each t.

    Achieved: the best learner on a grid of (a, b), and on finer ones around it.
    """

    def achieved(t: float) -> float:
        place, width, best = np.array([0.5, 0.5]), 0.5, math.inf
        while width > 1e-5:
            grid = place[:, None, None] + width * np.stack(np.meshgrid(*[np.linspace(-1, 1, 41)] * 2))
            a, b = np.clip(grid, 0, 1).reshape(2, -1)
            r, c, s = learner(a, b)
            excess = np.max([r - t * L, c - (1 - t) * L, s - t * L], axis=0)
            k = int(excess.argmin())
            place, width, best = np.array([a[k], b[k]]), width / 4, min(best, float(excess[k]))
        return best

    places = PLACES.tolist()
    return np.array([least_excess(t) for t in places]), np.array([achieved(t) for t in places])


@app.function
def learner(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """R, C, S where y = 0 gives theta = A, y = 1 gives A with probability a, else B; z = 1 with probability b at B."""
    at_b = (1 - a) / 2
    z = b * at_b
    return h(z) - at_b * h(b), L - h(z) + h(2 * z) / 2, h(at_b) - h(a) / 2


@app.function
def h(p: np.ndarray) -> np.ndarray:
    """The entropy of a bit, nats."""
    q = np.clip(p, 1e-300, 1.0)
    return -p * np.log(q) - (1 - p) * np.log(np.clip(1 - p, 1e-300, 1.0))


@app.function
@cache
def bent_in_z(tol: float = 1.5e-3) -> tuple[np.ndarray, np.ndarray]:
    """The same for (R, D, C) and encoders with two codes, between the codes 1[x = 1] and 1[x = 3].

    Boxes of encoders p(z=1|x) are halved until each is excluded or within tol of the best point; on a box every term
    of R = h(z) - sum p h(e), D = H(X) - R and C = sum p(y) h(z|y) + H(Y) - h(z) is bounded by its ends.
    """
    y = X @ Y_GIVEN_X
    h_y = float(-(y * np.log(y)).sum())

    def informations(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z, x, both = (span(low @ w, high @ w) for w in (X, np.eye(3), X[:, None] * Y_GIVEN_X / y))
        return z[0] - x[1] @ X, z[1] - x[0] @ X, both[0] @ y + h_y - z[1]

    ends = np.array([[1.0, 0, 0], [0, 0, 1.0]])
    r, _, c = ((1 - PLACES) * v[0] + PLACES * v[1] for v in informations(ends, ends))

    def excess(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        least, most, error = (v[:, None] for v in informations(low, high))
        return np.max([least - r, r - most, error - c], axis=0)

    low, high = np.zeros((1, 3)), np.ones((1, 3))
    proved, achieved = np.full(len(PLACES), np.inf), np.full(len(PLACES), np.inf)
    while len(low):
        middle = (low + high) / 2
        achieved = np.minimum(achieved, np.min(excess(middle, middle), axis=0))
        bound = excess(low, high)
        small = (bound >= achieved - tol).all(axis=1)
        proved = np.min([proved, *bound[small]], axis=0)
        low, high, middle = low[~small], high[~small], middle[~small]
        wide, rows = (high - low).argmax(axis=1), np.arange(len(low))
        left, right = high.copy(), low.copy()
        left[rows, wide] = right[rows, wide] = middle[rows, wide]
        low, high = np.concatenate([low, right]), np.concatenate([left, high])
    return proved - 1e-12, np.minimum(achieved, np.min(excess(ends, ends), axis=0))


@app.function
def span(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest h(p) for low <= p <= high."""
    a, b = h(low), h(high)
    return np.minimum(a, b), np.where((low <= 0.5) & (high >= 0.5), L, np.maximum(a, b))


@app.function
def gammas(gamma: float) -> list[float]:
    """Where the curves are computed: a grid, both corners, and where the slider stands."""
    return sorted({*GAMMAS.tolist(), 1 + 1e-6, gamma_c(), gamma})


@app.function
def draw_curve(ax, gamma: float) -> None:
    """The frontier with a supporting line."""
    noisy, here = [optimum(True, g).point for g in gammas(gamma)], optimum(True, gamma)
    ax.plot([p["R"] for p in noisy], [p["C"] for p in noisy], color=COLOURS["blue"], linewidth=3, label="frontier")
    top, bottom = L, float(tx.entropy(NOISY.p_xy, "Y", given="X"))
    ax.plot([0, top - bottom, L], [top, bottom, bottom], ":", color="0.3", linewidth=2.5, label="outer polytope")
    r = np.array([-0.05, 0.75])
    ax.plot(r, (here.lower_bound - r) / gamma, "--", color=COLOURS["red"], linewidth=2, label=r"$R+\gamma C = F$")
    ax.plot(here.point["R"], here.point["C"], "o", color=COLOURS["red"], markersize=11, zorder=5)
    ax.set_xlim(-0.03, 0.72)
    ax.set_ylim(0.25, 0.95)
    ax.set_xlabel("$R$ (nats)")
    ax.set_ylabel("$C$ (nats)")
    ax.set_title("no polytope: it is curved")
    ax.legend(frameon=False, fontsize=12, loc="upper right", handlelength=1.6)


@app.function
def draw_slopes(ax, gamma: float) -> None:
    """C against gamma with its kink and its jump."""
    place = gammas(gamma)
    for is_noisy, name, label in ((True, "blue", "$Y$ is noisy"), (False, "purple", "$Y = X$")):
        errors = [optimum(is_noisy, g).point["C"] for g in place]
        ax.plot(place, errors, color=COLOURS[name], linewidth=3, label=label)
    for is_noisy, name in ((False, "purple"), (True, "red")):
        ax.plot(gamma, optimum(is_noisy, gamma).point["C"], "o", color=COLOURS[name], markersize=11, zorder=5)
    ax.axvline(gamma_c(), color="0.6", linewidth=1, zorder=0)
    ax.annotate(r"$\gamma_c$", (gamma_c(), 0.8), (-20, 0), textcoords="offset points", fontsize=15)
    ax.set_ylim(-0.03, 0.95)
    ax.set_xlabel(r"$\gamma$ (no unit)")
    ax.set_ylabel(r"$C = F'(\gamma)$ (nats)")
    ax.set_title("not smooth: kink, jump")
    ax.legend(frameon=False, fontsize=12, loc="upper right", handlelength=1.6)


@app.function
def draw_segment(ax, example: str, t: float) -> None:
    """The excess over a segment that convexity would put into the surface."""
    proved, achieved = bent_in_s() if example == "S" else bent_in_z()
    ax.fill_between(PLACES, 0, 1000 * proved, color=COLOURS["sky"], alpha=0.35, linewidth=0)
    ax.plot(PLACES, 1000 * achieved, color=COLOURS["green"], linewidth=3, label="achieved by one")
    ax.plot(PLACES, 1000 * proved, color=COLOURS["blue"], linewidth=3, label="proved for all")
    place = round(100 * t)
    for values, name in ((achieved, "green"), (proved, "blue")):
        ax.plot(t, 1000 * values[place], "o", color=COLOURS[name], markersize=11, zorder=5)
    ax.axhline(0, color="0.3", linestyle=":", linewidth=2.5)
    ax.annotate(
        "where convexity would put it", (0.5, 0), (0, -17), textcoords="offset points", fontsize=12, ha="center"
    )
    ax.set_ylim(-9, 95)
    ax.set_xlabel("place $t$ on the segment (no unit)")
    ax.set_ylabel("least excess (1/1000 nats)", labelpad=0)
    ax.set_title("not convex in $S$" if example == "S" else "not convex, $|Z| = 2$")
    ax.legend(frameon=False, fontsize=12, loc="upper right", handlelength=1.6)


@app.function
def panels() -> tuple[Panel, ...]:
    """The frontier with a supporting line, C against gamma with its kink and its jump, and the excess on a segment."""
    return (
        Panel(draw_curve, 3.5, "R and C: the curved frontier, a line that touches it, and the polytope below it.", 4.5),
        Panel(draw_slopes, 3.4, "C against gamma: it bends at gamma c where Y is noisy, and jumps where Y is X.", 4.5),
        Panel(draw_segment, 3.4, "Along a segment: how far all stay above it, as proved, and how near one comes.", 4.5),
    )


@app.function
def picture(gamma: float, example: str, t: float) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
@cache
def gamma_c() -> float:
    """Where the first code pays, crossover 1/10."""
    return float(critical(NOISY) or math.inf)


@app.function
def numbers_of_the_curve(gamma: float) -> str:
    """The numbers of the left and middle panel, in Markdown."""
    here = optimum(True, gamma)
    return f"""
    Frontier: at γ = {gamma:.2f} the best code has R = {here.point["R"]:.5f} and C = **{here.point["C"]:.5f} nats**,
    certified within {here.gap:.0e} nats; γ_c = {gamma_c():.4f}.
    """


@app.function
def numbers_of_the_segment(example: str, t: float) -> str:
    """The numbers of the right panel, in Markdown."""
    proved, achieved = (values[round(100 * t)] for values in (bent_in_s() if example == "S" else bent_in_z()))
    claim, who = (
        (f"(R, C, S) = ({t * L:.4f}, {(1 - t) * L:.4f}, {t * L:.4f})", "All encoders and rules")
        if example == "S"
        else (f"the point at t = {t:.2f} of the segment", "All encoders with two codes")
    )
    verdict = "**is impossible**" if proved > 0 else "is achieved" if achieved <= 1e-12 else "is undecided"
    return f"""
    Segment: {claim} {verdict}. {who} exceed it in some coordinate by **{max(proved, 0.0):.5f} nats** at least; one
    exceeds it by {achieved:.5f} nats.
    """


@app.cell(hide_code=True)
def _(controls):
    show_pictures(panels(), controls.value)
    return


@app.cell(hide_code=True)
def _(controls):
    show_numbers([numbers_of_the_curve, numbers_of_the_segment], controls.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **What to see.** *No polytope.* $X$ is a fair bit, $Y$ is $X$ with an error of $\varepsilon = 1/10$. Move $\gamma$:
    the line touches the frontier in one point, which moves on without stopping; infinitely many are extreme. The
    polytope ($C \ge H(Y) - R$ and $C \ge H(Y|X)$) is only an outer bound.

    *Not smooth.* With $k = (1 - 2\varepsilon)^2$ no code pays below $\gamma_c = 1/k$. There $F'$ has a kink: $F''$
    jumps from 0 to $-\tfrac32 k^2/(1-k)$. Where $Y$ is a function of $X$, $F'$ itself jumps at $\gamma = 1$, from
    $H(Y)$ to 0: a whole segment of codes is optimal there.

    *Not convex.* With a given learning rule and as many codes as one likes $(R, D, C)$ is convex: toss a coin for which
    encoder to use, and tell the outcome in $Z$. With $|Z| = 2$ there is no room to tell it: $p(x) = (1, 4, 4)/9$,
    $Y = X$ but for errors of 1/10 between 2 and 3, the codes $1[x{=}1]$ ($t = 0$) and $1[x{=}3]$ ($t = 1$). With $S$
    it is not convex for any alphabets: a coin that chooses the *rule* is part of $\Theta$, and to tell it in $Z$ costs
    rate. $Y$ is a fair bit, there is nothing to see ($|X| = 1$), $N = 1$. $(R, C, S)/\log 2 = (0, 1, 0)$ is achieved by
    learning nothing, $(1, 0, 1)$ by $Z = \Theta = Y$; all that lies between is impossible (proof in
    `therml_exact.frontier.rules.bent`). No multipliers find the frontier there.
    """)
    return


@app.cell(hide_code=True)
def _():
    exercises = (
        Exercise(
            r"Two codes: by how many nats do all encoders miss the midpoint ($t = 0.5$) of the segment, at least?"
            " (To within 0.002.)",
            lambda: bent_in_z()[0][50],
            0.002,
            "nats",
            "choose the example |Z| = 2 and t = 0.5; the proved number is below the picture.",
        ),
        Exercise(
            r"At which $\gamma$ does the first code pay if $Y$ is $X$ with an error of 1/4? (To within 0.01.)",
            lambda: float(critical(tx.EncoderProblem(tx.examples.binary_symmetric(Fraction(1, 4)))) or math.inf),
            0.01,
            "",
            "γ_c = 1/k, with k = (1 - 2/4)².",
        ),
        Exercise(
            r"Error 1/10: how many nats is $F''$ just above $\gamma_c$? Compare it with the slope of the blue curve,"
            r" from $C = \log 2$ at $\gamma_c$ to $C$ at $\gamma = 1.57$. (To within 0.01.)",
            second_derivative,
            0.01,
            "nats",
            "-3/2 k²/(1 - k); the slope that the slider shows is a little flatter.",
        ),
    )
    inputs = exercise_inputs(exercises)
    return exercises, inputs


@app.function
def second_derivative() -> float:
    """F'' just above gamma_c: differences of C at four steps, extrapolated to none."""
    steps = 0.01 / 2.0 ** np.arange(4)
    slopes = [(tx.minimize(NOISY, gamma=gamma_c() + s, tol=1e-12).point["C"] - L) / s for s in steps.tolist()]
    while len(slopes) > 1:
        power = 2.0 ** (5 - len(slopes))
        slopes = [(power * b - a) / (power - 1) for a, b in pairwise(slopes)]
    return slopes[0]


@app.cell(hide_code=True)
def _(exercises, inputs):
    show_exercises(exercises, inputs)
    return


if __name__ == "__main__":
    app.run()
