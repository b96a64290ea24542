"""Lesson: two different experiments that give one number, and the second law and its exception. `therml demo laws`."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Laws of learning")

with app.setup:
    import math
    from functools import cache

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    import therml_exact as tx
    from therml_exact.demos.exercise import Exercise
    from therml_exact.demos.lecture import exercise_inputs, show_controls, show_exercises, show_numbers, show_pictures
    from therml_exact.demos.panel import COLOURS, Panel, together
    from therml_exact.figures.thermo import unit_power
    from therml_exact.thermo.bordered import NotSmoothError
    from therml_exact.thermo.branch import branch_end, default_family
    from therml_exact.thermo.family import State
    from therml_exact.thermo.maxwell import measure_misprints
    from therml_exact.thermo.potentials import MULTIPLIERS, Derivative

    RELATIONS = tx.maxwell_relations()
    FAMILY, MIDDLE = default_family()
    ALL_RULES = tx.LearningRuleProblem(FAMILY.phi, FAMILY.x_given_phi, FAMILY.y_given_x_phi, FAMILY.n, FAMILY.encoders)
    STEPS = 10


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Laws of learning: two experiments, one number

    The least rate is a function $R(D, C, S)$, and its slopes are minus the multipliers (28). So the **first law** (29)

    $$dR = -\delta\,dD - \gamma\,dC - \sigma\,dS .$$

    Mixed second derivatives do not depend on the order: hence pairs of *different experiments* that give *one number*,

    $$\left(\frac{\partial \gamma}{\partial \sigma}\right)_{\!C,D} =
    -\left(\frac{\partial S}{\partial C}\right)_{\!\sigma,D} \tag{80}$$

    for example. On the left: heat the learner, keep its error $C$ and distortion $D$, and watch the price $\gamma$ of
    errors. On the right: allow it more errors at constant temperature, and watch how much it forgets.
    """)
    return


@app.cell(hide_code=True)
def _():
    _labels = {
        f"{r.statement}" + "".join(f"  ({number})" for number in r.printed) + f"   from {r.potential}": k
        for k, r in enumerate(RELATIONS)
    }
    controls = mo.ui.dictionary(
        {
            "relation": mo.ui.dropdown(_labels, value=list(_labels)[5], label="Maxwell relation"),
            "sigma": mo.ui.slider(
                0.1, 0.95, 0.01, value=0.3, label=r"temperature $\sigma$ (no unit)", show_value=True, debounce=True
            ),
        }
    )
    _some = [k for k, r in enumerate(RELATIONS) if set(r.printed) & {80, 82, 83, 85, 86, 93, 94} or k in (0, 5)]
    show_controls(controls, {"relation": _some, "sigma": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95]})
    return (controls,)


@app.function
@cache
def equilibrium(sigma: float) -> State:
    """The branch at a temperature, delta = 0.5, gamma = 2.1."""
    return FAMILY.solve(MIDDLE, **(dict(MIDDLE.multipliers) | {"sigma": sigma}))


@app.function
@cache
def experiment(sigma: float, e: Derivative) -> tuple[float, np.ndarray, np.ndarray]:
    """The slope, and the changes of both variables where the equilibrium is solved again.

    As far from the branch as the response leaves its tangent by no more than half of its rise.
    """
    here = equilibrium(sigma)
    slope, tangent = here.derivative(e), here.tangent(e)
    rates = np.append(tangent[:-3], tangent[-3:] / list(here.multipliers.values()))
    reach = 0.5 / float(np.abs(rates).max())
    while True:
        x = reach * np.arange(-6, 7) / 6
        try:
            y = np.append(respond(here, e, x[5::-1])[::-1], [0.0, *respond(here, e, x[7:])])
        except NotSmoothError:
            reach /= 2
            continue
        if np.abs(y - slope * x).max() <= 0.5 * abs(slope) * reach:
            return slope, x, y
        reach /= 2


@app.function
def respond(here: State, e: Derivative, changes: np.ndarray) -> np.ndarray:
    """The change of e.of for changes of e.wrt that go away from 0, each solved from the one before."""
    base = {name: getattr(here, name) for name in (e.wrt, *e.held)}
    state, found = here, []
    for change in changes.tolist():
        state = FAMILY.solve(state, **(base | {e.wrt: base[e.wrt] + change}))
        found.append(getattr(state, e.of) - getattr(here, e.of))
    return np.array(found)


@app.function
@cache
def fair_bit(sigma: float) -> tuple[tx.Relaxation, float]:
    """A fair bit t = Y, Z = theta, -log q(y|z) = 1[y != z] + log(1 + 1/e): its relaxation, and the constant of J."""
    right, odds = 1 / (1 + math.exp(-1)), math.exp(-1 / sigma)
    world = tx.WorldP([1.0], [[1.0]], [[[0.5, 0.5]]], [[[0.5, 0.5]] * 2], [[[1.0, 0.0], [0.0, 1.0]]])
    q = tx.Variational(theta=[0.1, 0.9], z=[0.5, 0.5], y_given_z=[[right, 1 - right], [1 - right, right]])
    start = np.array([[[1, odds], [odds, 1]]]) / (1 + odds)
    return tx.second_law(tx.boltzmann(world, q, sigma, gamma=1), tx.markov.metropolis, STEPS, start), math.log(
        2 / right
    )


@app.function
def draw_experiment(ax, sigma: float, e: Derivative, sign: int) -> None:
    """One experiment: how one variable answers another, and the tangent."""
    slope, x, y = experiment(sigma, e)
    reach = x[-1]
    ax.plot([-reach, reach], [-slope * reach, slope * reach], "--", color=COLOURS["red"], linewidth=2, label="tangent")
    ax.plot(x, y, color=COLOURS["blue"], linewidth=3, label="solved again")
    ax.plot(0, 0, "ko", markersize=9, zorder=5)
    # Height and width of both panels in one ratio, so that equal slopes look equally steep.
    ax.set_xlim(-1.1 * reach, 1.1 * reach)
    ax.set_ylim(-1.9 * abs(slope) * reach, 1.9 * abs(slope) * reach)
    minus = "-" if sign < 0 else ""
    ax.set_title(f"${minus}{e.latex}$ = {sign * slope:.5g}".replace("= -", "= −"), fontsize=17, pad=22)
    ax.set_xlabel(change(e.wrt))
    ax.set_ylabel(change(e.of), labelpad=2)
    ax.ticklabel_format(style="sci", scilimits=(-2, 3), useMathText=True)
    ax.locator_params(nbins=4)
    ax.legend(frameon=False, fontsize=12, loc="upper center", ncols=2, columnspacing=1, handlelength=1.5)


@app.function
def draw_left(ax, relation: int, sigma: float) -> None:
    """The experiment on the left side of the relation."""
    draw_experiment(ax, sigma, RELATIONS[relation].left, 1)


@app.function
def draw_right(ax, relation: int, sigma: float) -> None:
    """The experiment on its right side."""
    draw_experiment(ax, sigma, RELATIONS[relation].right, RELATIONS[relation].sign)


@app.function
def draw_law(ax, sigma: float) -> None:
    """J_t of a relaxation with frozen and with refitted q's."""
    run, constant = fair_bit(sigma)
    for values, verdict, name, style, colour in (
        (run.J, run.verdict, "$q$ frozen", "o-", "blue"),
        (run.refitted, run.refitted_verdict, r"$q(\theta)$ refitted", "s-", "red"),
    ):
        above = [j - constant for j in values]
        ax.plot(above, style, color=COLOURS[colour], linewidth=2.5, label=f"{name}: {verdict}")
    ax.axhline(run.limit - constant, color="0.3", linestyle=":", linewidth=2.5, label=r"$-\sigma\langle\log Z\rangle$")
    ax.set_ylim(0, 1.6 * max(j - constant for j in run.J))
    ax.set_title("second law (37)", fontsize=17, pad=22)
    ax.set_xlabel("Metropolis step $t$")
    ax.set_ylabel("$J_t$ (nats)")
    ax.set_xticks(range(0, STEPS + 1, 2))
    ax.locator_params(axis="y", nbins=6)
    ax.legend(frameon=False, fontsize=12, loc="upper right", handlelength=1.5)


@app.function
def panels() -> tuple[Panel, ...]:
    """The two experiments of a relation with their tangents, and J_t of a relaxation with frozen and refitted q's."""
    return (
        Panel(
            draw_left, 3.5, "The first experiment: its response through the equilibrium, and the tangent there.", 4.4
        ),
        Panel(draw_right, 3.5, "The second experiment, whose tangent has the same slope.", 4.4),
        Panel(
            draw_law,
            3.3,
            "J at each step: it falls to its limit where q is frozen, and rises where q is refitted.",
            4.4,
        ),
    )


@app.function
def picture(relation: int, sigma: float) -> Figure:
    """The whole picture as one figure."""
    return together(panels(), locals())


@app.function
def change(name: str) -> str:
    """An axis: the change of a variable, with its unit."""
    return f"change of $\\{name}$ (no unit)" if name in MULTIPLIERS else f"change of ${name}$ (nats)"


@app.function
@cache
def numbers(relation: int, sigma: float) -> str:
    """What the picture says, in Markdown: both sides by two methods, the branch against all rules, the first law."""
    here, chosen = equilibrium(sigma), RELATIONS[relation]
    (row,) = tx.measure_maxwell(here, [chosen])
    best = tx.minimize(ALL_RULES, gamma=here.gamma, delta=here.delta, sigma=sigma, tol=1e-4)
    law = tx.first_law(here, equilibrium(sigma + 0.005))
    above = here.J - best.value
    unit = {-1: "1/nats", 0: "no unit", 1: "nats"}[unit_power(chosen.left)]
    place = (
        f"no rule over these encoders is better by more than {best.gap:.0e}"
        if above < 1e-9
        else f"**it is not the best rule**: another is better by {above:.4f}"
    )
    return f"""
    $\\displaystyle {chosen.latex}$ : **{row.left:.8g}** and **{row.right:.8g}** ({unit}) by implicit differentiation;
    {row.left_redone:.8g} and {row.right_redone:.8g} by solving again. Relative differences up to {row.difference:.0e}.
    {f"**Misprint:** {chosen.note}." if chosen.note else ""}

    The dot is a local minimum with J = {here.J:.5f} nats; {place} (certified, nats). First law from σ to σ + 0.005:
    ΔR = {law.change:.5e}, −δ ΔD − γ ΔC − σ ΔS = {law.work:.5e} nats.
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
    _end, _ = branch_end(MIDDLE, "sigma", 3.0)
    mo.md(rf"""
    **What to see.** $R$ and the seven potentials that trade a functional for its multiplier have three pairs each: 24
    relations. The paper prints 12; (85) and (93) are misprinted, and none says which third variable is held. The two
    slopes are computed without each other, and the symmetry that makes them equal is not used. The equilibria (two
    samples, three soft encoders, $\delta = 0.5$, $\gamma = 2.1$) are one *local* branch. It ends in a kink at
    $\sigma = {_end.sigma:.4f}$, where no derivative exists; long before, another rule becomes better (exercise 1). The
    surface is not "entire", as section 4.1 has it.

    **Second law**, right panel. A fair bit $t$, parameters $\theta \in \{{0, 1\}}$, cost $E = 1$ nat if
    $\theta \neq t$, else 0, prior $q(\theta) = (\tfrac1{{10}}, \tfrac9{{10}})$. Start at $p_0 \propto e^{{-E/\sigma}}$
    and take Metropolis steps that keep $p^* = q\,e^{{-E/\sigma}}/Z$. With frozen $q$, $J_t = \langle E \rangle +
    \sigma S_t$ falls to $-\sigma\langle \log Z\rangle$, a mean over data sets $t$, which (39) leaves out. With
    $q(\theta)$ refitted at each step it rises: (37) needs frozen $q$'s.

    **Zeroth law.** Two models in contact share their rate. (98), $R_A/\sigma_A + R_B/\sigma_B = (R_A + R_B)/\sigma_C$,
    is said to make all temperatures equal. It does not: $R_A = R_B$ and $2/\sigma_C = 1/\sigma_A + 1/\sigma_B$ solve
    it. What is true: both models stay as they are iff their Boltzmann factors stay the same *as functions of* $\theta$;
    where neither rate is constant over $\theta$, the temperatures are equal.
    """)
    return


@app.cell(hide_code=True)
def _():
    def mean_first() -> float:
        run, constant = fair_bit(0.5)
        here = run.equilibrium
        z = (np.exp(here.log_weight) * here.variational.theta).sum(axis=-1)
        return -0.5 * math.log(float((here.data * z).sum())) - constant

    exercises = (
        Exercise(
            r"Heat the learner. Above which temperature $\sigma$ is the branch no longer the best rule?"
            " (To within 0.01.)",
            lambda: tx.jump(ALL_RULES, 0.3, 0.9, gamma=MIDDLE.gamma, delta=MIDDLE.delta).largest.sigma,
            0.01,
            "",
            "the lines below the picture compare the dot with the certified best of all rules.",
        ),
        Exercise(
            r"(85) prints $(\partial\delta/\partial S)_{D,C}$ in the place of $(\partial\delta/\partial\sigma)_{D,C}$,"
            r" which is $-0.161$ at $\sigma = 0.3$. How large is what is printed? (In 1/nats, to within 0.01.)",
            lambda: measure_misprints(equilibrium(0.3))[85][0],
            0.01,
            "1/nats",
            "it is one side of another relation in the list, (82).",
        ),
        Exercise(
            r"Second law at $\sigma = 0.5$: how many nats is $-\sigma\log\langle Z\rangle$, the mean taken before the"
            r" logarithm? Compare it with the dotted line, $-\sigma\langle\log Z\rangle$. (To within 0.001.)",
            mean_first,
            0.001,
            "nats",
            "Z of each t is a sum of two terms, q(θ) times 1 or exp(-2); average the two Z, then take the logarithm.",
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
