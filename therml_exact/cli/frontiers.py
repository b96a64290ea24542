"""therml frontier, verify, audit: certified frontiers, certificates, claims."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from therml_exact.cli.tables import read_table, table_options
from therml_exact.cli.terminal import (
    check_places,
    gap_in_unit,
    in_unit,
    input_file,
    json_option,
    open_console,
    outwards,
    print_table,
    say_written,
    unit_option,
    written,
)

REFINING = 20_000
"""Cells of a search that only tells more precisely how far a claim is from the frontier: a fraction of a second."""


@click.command()
@table_options(theta=True)
@click.option("--gamma", "gammas", multiple=True, type=click.FloatRange(min=0), help="Solve these; by default chosen.")
@click.option(
    "--delta", "deltas", multiple=True, type=click.FloatRange(min=0), help="Multipliers of D; a curve for each."
)
@click.option("--volume", is_flag=True, help="The plane (V, C) of Appendix A.")
@click.option("--tol", default=1e-4, show_default=True, help="Largest step between inner and outer curve, nats.")
@json_option("points and certificates")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw it here (.png, .pdf or .svg).")
@click.option("--checkpoint", type=click.Path(dir_okay=False), help="Keep finished work here, and go on from it.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds; beyond, what is known is told.  [default: none, but a minute for each optimum]",
)
@click.option("--workers", type=click.IntRange(min=1), help="Solve in this many processes.")
@click.option("--scheduler", help="Address of a Dask scheduler whose workers solve (extra `dask`).")
@unit_option
def frontier(
    path: str | None,
    example: str | None,
    x: str | None,
    y: str | None,
    theta: str | None,
    count: str | None,
    gammas: tuple[float, ...],
    deltas: tuple[float, ...],
    volume: bool,
    tol: float,
    output: str | None,
    figure: str | None,
    checkpoint: str | None,
    time_limit: float | None,
    workers: int | None,
    scheduler: str | None,
    unit: str,
) -> None:
    """The true frontier of R, C (and D) of a table, certified: what encoders of X can reach, and what none can."""
    from therml_exact.frontier.answers import told
    from therml_exact.frontier.problems.encoder import EncoderProblem
    from therml_exact.frontier.trace import trace

    check_places(output, checkpoint, figure=figure)
    console = open_console(output)
    joint, about = read_table(path, example, {"x": x, "theta": theta, "y": y}, count)
    if volume and len(joint.axes) == 2:
        raise click.UsageError("--volume needs --theta: without it V = R + D - H(X) is 0 for every encoder")
    with _executor(workers, scheduler) as executor:
        found = trace(
            EncoderProblem(joint),
            gammas or None,
            deltas or None,
            tol=tol,
            executor=executor,
            checkpoint=checkpoint,
            volume=volume,
            time_limit=time_limit,
        )
    if output is not None:
        with written(output) as place:
            found.save(place)
    if figure is not None:
        _draw_frontier(found, unit, figure)
    console.print(about, markup=False, highlight=False)
    names = [*(("V",) if volume else ()), "R", "D", "C", "value"]
    open_points = [o for o in found.points if o.status == "open"]
    rows = [
        [
            *(f"{row[m]:.6g}" for m in ("rho", "delta", "gamma")),
            *(in_unit(row[name], unit) for name in names),
            gap_in_unit(row["gap"], unit),
            row["status"],
        ]
        for row in found.rows()
    ]
    headings = ["rho", "delta", "gamma", *(f"{name} ({unit})" for name in (*names, "gap")), "status"]
    print_table(console, "Least rho R + delta D + gamma C", headings, rows, texts=[len(headings) - 1])
    for line in (found.summary(unit), *(f"  {sheet}" for sheet in found.sheets)):
        console.print(line, markup=False, highlight=False)
    for why in sorted({told(o) for o in open_points}):
        console.print(f"{sum(told(o) == why for o in open_points)} of {len(found)} are {why}", style="yellow")
    say_written(console, output, figure)


def _draw_frontier(found: Any, unit: str, figure: str) -> None:
    from therml_exact.figures import style as plots
    from therml_exact.figures.frontier import draw_frontier, draw_surface
    from therml_exact.frontier.curve.objectives import named_objectives
    from therml_exact.frontier.hard import ENUMERATION_BELOW, deterministic_frontier

    first = found.sheets[0]
    if len(first.names) == 3:
        plots.save_figure(draw_surface(found, unit).figure, figure)
        return
    hard, objectives = None, tuple[Any, ...]()
    if len(found.sheets) == 1 and first.names == ("R", "C"):
        joint = found.problem.p_xy
        if len(joint.axes) == 2 and joint.shape[0] <= 2 * ENUMERATION_BELOW:
            hard = deterministic_frontier(joint)
        critical = found.gamma_c
        objectives = named_objectives(found.problem, 2 * critical if critical and math.isfinite(critical) else 2.0)
    drawing, (ax,) = plots.panels(1, 6.6, 5.8)
    draw_frontier(found, unit, ax, hard, objectives)
    plots.save_figure(drawing, figure)


@contextmanager
def _executor(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """None, a pool of processes, or the executor of a Dask client."""
    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers and --scheduler exclude each other")
    if workers is not None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
    elif scheduler is not None:
        try:
            from distributed import Client
        except ImportError:
            raise click.UsageError("--scheduler needs Dask: pip install 'therml_exact[dask]'") from None
        import logging

        for name in list(logging.root.manager.loggerDict):  # a lost scheduler is told once, by us
            if name.startswith("distributed"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            told = f"no Dask scheduler answers at {scheduler} within 10 s ({error})"
            raise click.UsageError(f"{told}; start one with `dask scheduler`, or check the address") from None
        try:
            yield client.get_executor(retries=10)
        finally:
            client.close(timeout=5)
    else:
        yield None


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=600.0, show_default=True,
              help="Seconds; beyond, the verdict is `not checked`.")  # fmt: skip
@unit_option
def verify(path: str, time_limit: float, unit: str) -> None:
    """Recheck PATH: a certificate, a saved frontier, an audit or a proof, exactly. - is standard input.

    Prints the verdict, then the problem, multipliers or statement that were verified: compare them with what you meant.
    Exit code 1 if a claim does not hold or could not be checked.
    """
    from therml_exact.verification import verify as check_claims

    with input_file(path) as place:
        found = check_claims(place, time_limit=time_limit)
    console = open_console()
    if found.valid:
        bounds = ""
        if found.lower_bound is not None:
            low, high = outwards(found.lower_bound, found.value, unit)
            bounds = f": {low} {unit} <= minimum" if found.value is None else f": {low} <= minimum <= {high} {unit}"
        console.print(f"valid{bounds} ({found.reason})", markup=False, highlight=False, soft_wrap=True)
        console.print(found.claim, markup=False, highlight=False, soft_wrap=True)
        return
    text = found.reason if found.verdict == "not checked" else f"{found.verdict}: {found.reason}"
    console.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


@click.command()
@table_options(theta=True)
@click.option("-R", "--rate", "R", type=float, help="The claimed rate.")
@click.option("-C", "--error", "C", type=float, help="The claimed classification error.")
@click.option("-D", "--distortion", "D", type=float, help="The claimed distortion.")
@click.option(
    "--tol",
    type=click.FloatRange(min=0, min_open=True),
    help="Enclose the distance this tightly, nats.  [default: what a short search tells]",
)
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="Seconds; beyond, what is known is told.")  # fmt: skip
@json_option("the verdict in nats")
@unit_option
def audit(
    path: str | None,
    example: str | None,
    x: str | None,
    y: str | None,
    theta: str | None,
    count: str | None,
    R: float | None,
    C: float | None,
    D: float | None,
    tol: float | None,
    time_limit: float,
    output: str | None,
    unit: str,
) -> None:
    """Is a claimed (R, C, D) possible on a table, and how far is it from the best? Claims are in --unit.

    Exit code 0: feasible; 1: impossible; 3: undecided; 2: bad input.
    """
    from therml_exact.audit import point
    from therml_exact.files import save_result
    from therml_exact.frontier.problems.encoder import EncoderProblem

    check_places(output)
    scale = math.log(2) if unit == "bits" else 1.0
    claim = {name: None if value is None else value * scale for name, value in (("R", R), ("C", C), ("D", D))}
    if all(value is None for value in claim.values()):
        raise click.UsageError("nothing is claimed: give some of -R, -C, -D")
    joint, about = read_table(path, example, {"x": x, "theta": theta, "y": y}, count)
    problem = EncoderProblem(joint)
    found = point(
        problem,
        R=claim["R"],
        C=claim["C"],
        D=claim["D"],
        tol=tol or 1e-6,
        time_limit=time_limit,
        refining=None if tol else REFINING,
    )
    if output is not None:
        with written(output) as place:
            save_result("audit", found.content(problem), place, version=2)
    console = open_console(output)
    console.print(about, markup=False, highlight=False)
    low, high = found.suboptimal
    told = {
        "impossible": f"impossible: some coordinate must rise by at least {in_unit(found.by, unit)} {unit}",
        "feasible": f"feasible, suboptimal by [{in_unit(low, unit)}, {in_unit(high, unit)}] {unit} in every coordinate",
        "undecided": f"undecided: within {in_unit(max(map(abs, found.distance)), unit)} {unit} of the frontier",
    }
    console.print(told[found.verdict], markup=False, highlight=False)
    say_written(console, output)
    sys.exit({"feasible": 0, "impossible": 1, "undecided": 3}[found.verdict])
