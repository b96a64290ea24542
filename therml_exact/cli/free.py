"""therml learn --free: rule and encoder both free, over crossed lists of gamma and sigma."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from therml_exact.cli.terminal import (
    gap_in_unit,
    in_unit,
    open_console,
    print_table,
    progress_bar,
    say_written,
    written,
)

if TYPE_CHECKING:
    from therml_exact.frontier.learning.jump import Jumps

SECONDS = 60.0  # of one optimum that certifies a fall


def learn_free(
    world: Any,
    gammas: Sequence[Fraction],
    delta: Fraction,
    sigmas: Sequence[Fraction],
    z: int,
    falls: bool,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """Trace the optima for the data of a world, print them, find where S falls, and write and draw what is asked for.

    falls   whether falls of S are looked for between the least and the largest sigma > 0, for each gamma
    """
    from therml_exact.frontier.joint.problem import JointProblem
    from therml_exact.frontier.learning.frontier import RuleFrontier
    from therml_exact.frontier.learning.jump import jump
    from therml_exact.frontier.rules.problem import NAMES
    from therml_exact.frontier.trace import trace

    problem = JointProblem(world.phi, world.x_given_phi, world.y_given_x_phi, world.n, None, z)
    console = open_console(output)
    found = trace(problem, gammas=gammas, deltas=[delta], sigmas=sigmas)
    searches: dict[float, Jumps] = {}
    positive = [float(s) for s in sigmas if s > 0]
    if falls and len(positive) > 1:
        with progress_bar(console) as progress:
            task = progress("falls of S", len(gammas))
            for gamma in gammas:
                searches[float(gamma)] = jump(
                    problem, positive[0], positive[-1], gamma=gamma, delta=delta, time_limit=SECONDS
                )
                task()
    jumps = {gamma: search.jumps for gamma, search in searches.items()}
    if output is not None:
        every = tuple(j for found_here in jumps.values() for j in found_here)
        with written(output) as place:
            RuleFrontier(found.problem, found.points, found.tol, every).save(place)
    if figure is not None:
        from therml_exact.figures import style as plots
        from therml_exact.figures.learning import draw_phase_diagram

        drawing, axes = plots.panels(3, 4.6, 4.2)
        draw_phase_diagram(found, jumps, unit, axes)
        plots.save_figure(drawing, figure)
    console.print(world.summary(), markup=False, highlight=False)
    console.print(f"{z} codes z, any number of thetas, {len(problem.types)} types of data sets", highlight=False)
    headings = ["gamma", "sigma", *(f"{name} ({unit})" for name in (*NAMES, "value", "lower bound", "gap")), "status"]
    rows = []
    for o in found:
        numbers = [in_unit(v, unit) for v in (*(o.point[name] for name in NAMES), o.value, o.lower_bound)]
        status = o.status if o.status == "certified" else f"{o.status} ({o.reason})"
        multipliers = [f"{o.multipliers[name]:.6g}" for name in ("gamma", "sigma")]
        rows.append([*multipliers, *numbers, gap_in_unit(o.gap, unit), status])
    title = "Least R + delta D + gamma C + sigma S over learning rules and encoders"
    print_table(console, title, headings, rows, texts=[len(headings) - 1])
    for multiplier, search in searches.items():
        console.print(f"gamma = {multiplier:.6g}: {search}", highlight=False, markup=False)
    say_written(console, output, figure)
