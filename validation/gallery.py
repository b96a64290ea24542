"""The figures of the README:  python -m validation.gallery [--out validation/gallery]

Each is drawn from a computation of this run by the functions that users have; no figure is touched by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from matplotlib.figure import Figure

import therml_exact as tx
from therml_exact.figures import style as plots
from therml_exact.figures.frontier import draw_frontier, draw_learning, draw_surface, draw_unseen
from therml_exact.figures.information import draw_predictive
from therml_exact.figures.thermo import draw_agreement, draw_relaxation
from therml_exact.frontier.curve.objectives import named_objectives
from therml_exact.frontier.rules.bent import bent
from therml_exact.thermo import markov
from therml_exact.thermo.branch import default_family, sample_states

HERE = Path(__file__).parent / "gallery"


def frontier() -> Figure:
    """Hair and eye colour of 592 students: the certified frontier, every hard encoder, the objectives on it."""
    joint = tx.examples.hair_eye().marginal(["Hair", "Eye"])
    problem = tx.EncoderProblem(joint)
    found = tx.trace(problem, tol=1e-3)
    figure, (ax,) = plots.panels(1, 7.6, 6.8)
    critical = found.gamma_c
    assert critical is not None
    draw_frontier(found, "nats", ax, tx.deterministic_frontier(joint), named_objectives(problem, 2 * critical))
    return figure


def surface() -> Figure:
    """An encoder that is a coin of two kinds: the surface in (R, D, C), every point of it certified."""
    p = np.array([[[30, 2], [3, 15]], [[2, 20], [26, 2]]]) / 100
    found = tx.trace(tx.EncoderProblem(tx.Joint(p, ("X", "Theta", "Y"))), tol=5e-4, max_points=2000)
    ax = draw_surface(found)
    ax.view_init(elev=22, azim=35)
    return ax.figure


def teaching() -> Figure:
    """What N samples tell of the process that made them: a logarithm, then nothing more."""
    x = np.random.default_rng(0).dirichlet(np.full(4, 8.0), size=3)
    samples = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300)
    curves = {r"$|\Phi|$ = 3": [tx.predictive_information(np.full(3, 1 / 3), x, None, n) for n in samples]}
    figure, axes = plots.panels(2, 5.8)
    draw_predictive(curves, axes=axes)
    return figure


def jump() -> Figure:
    """The best learning rule forgets its data at once: S jumps where sigma passes a critical temperature."""
    process = (
        ["1/2", "1/2"],
        [["2/5", "3/5"], ["4/7", "3/7"]],
        [[["5/6", "1/6"], ["1/2", "1/2"]], [["2/7", "5/7"], ["3/5", "2/5"]]],
    )
    problem = tx.LearningRuleProblem(*process, 2, tx.encoders.deterministic(2, 2))
    found = tx.jump(problem, 0.02, 2.0, gamma=3)
    sigmas = np.linspace(0.05, 1.3 * found.largest.sigma, 26)
    optima = [tx.minimize(problem, gamma=3, sigma=float(sigma), tol=1e-6) for sigma in sigmas]
    figure, (ax,) = plots.panels(1, 7.2, 5.0)
    draw_learning(optima, found, "nats", ax)
    return figure


def maxwell() -> Figure:
    """All 24 Maxwell relations, each measured as two experiments, at 20 equilibria."""
    family, middle = default_family()
    figure, (ax,) = plots.panels(1, 10.0, 8.6)
    draw_agreement([tx.measure_maxwell(state) for state in sample_states(family, middle, 20)], ax)
    return figure


def second_law() -> Figure:
    """The objective falls at every step under three exact Markov kernels; dotted: with q(theta) refitted at each."""
    maps = tx.encoders.deterministic(2, 2)
    labels = [[["9/10", "1/10"], ["1/5", "4/5"]], [["1/5", "4/5"], ["4/5", "1/5"]]]
    process = ["2/5", "3/5"], [["1/3", "2/3"], ["1/2", "1/2"]], labels
    world = tx.WorldP(*process, tx.learners.erm(2, 2, 2, maps), tx.encoders.table(maps))
    prior = ["1/2", "1/6", "1/6", "1/6"]
    q = tx.Variational(theta=prior, z=["1/3", "2/3"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    equilibrium = tx.boltzmann(world, q, 1, gamma=2)
    kernels = {"Metropolis": markov.metropolis, "heat bath": markov.heat_bath, "Langevin": markov.langevin}
    figure, axes = plots.panels(2, 5.8)
    draw_relaxation({name: tx.second_law(equilibrium, kernel, 10) for name, kernel in kernels.items()}, axes=axes)
    return figure


def bent_frontier() -> Figure:
    """Not convex in S: between the corners no rule reaches the chord, and no Lagrangian sees what lies there."""
    problem = bent(5)
    caps = np.linspace(0.0, math.log(2), 7)
    capped = [tx.minimize_capped(problem, "C", {"R": float(c), "S": float(c)}, tol=2e-2) for c in caps]
    optima = [tx.minimize(problem, gamma=gamma, sigma=0.5, tol=1e-6) for gamma in (0.5, 1.0, 2.0, 4.0)]
    figure, (ax,) = plots.panels(1, 7.2, 5.2)
    draw_unseen(capped, optima, "nats", ax)
    return figure


def appendix_h() -> Figure:
    """Appendix H: every objective of the paper trained for 10,000 steps, beside the certified frontier."""
    from validation.appendix_h.experiment import run
    from validation.appendix_h.figures import overview

    with TemporaryDirectory() as folder:
        return overview(run(range(1), 4, Path(folder), lambda what, total: lambda: None))


FIGURES: dict[str, Callable[[], Figure]] = {
    f.__name__: f for f in (frontier, surface, teaching, jump, maxwell, second_law, bent_frontier, appendix_h)
}


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=HERE, show_default="validation/gallery")
@click.option("--only", multiple=True, type=click.Choice(list(FIGURES)))
def main(out: Path, only: tuple[str, ...]) -> None:
    """Draw them."""
    out.mkdir(parents=True, exist_ok=True)
    for name in only or FIGURES:
        plots.save_figure(FIGURES[name](), out / f"{name}.png")
        click.echo(f"wrote {out / name}.png", err=True)


if __name__ == "__main__":
    main()
