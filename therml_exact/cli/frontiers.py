"""therml frontier, verify, audit: certified frontiers, certificates, claims."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from therml_exact.cli.terminal import check_places, in_unit, open_console, say_written, unit_option

if TYPE_CHECKING:
    pass


def _table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where p(x, y) or p(x, theta, y) comes from: a CSV with named columns, a joint (JSON), or an example."""
    for option in (
        click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False)),
        click.option("--example", type=click.Choice(sorted(_EXAMPLES)), help="A built-in table instead of PATH."),
        click.option("--x", help="CSV: the column that is encoded."),
        click.option("--y", help="CSV: the column that the code should tell of."),
        click.option("--theta", help="CSV: a column that the encoder sees beside X, but need not reconstruct."),
        click.option("--count", help="CSV: the column of counts; without it each row is one sample."),
    ):
        command = option(command)
    return command


_EXAMPLES = {
    "appendix-h": "the paper's toy, 30 bins",
    "berkeley": "admissions to Berkeley: X = Dept, Theta = Gender, Y = Admit",
    "hair-eye": "592 students: X = Hair, Y = Eye",
}


def _encoder_problem(path: str | None, example: str | None, columns: dict[str, str | None], count: str | None) -> Any:
    """The EncoderProblem of the options, and what its letters stand for."""
    from therml_exact import examples
    from therml_exact.frontier.problems.encoder import EncoderProblem
    from therml_exact.io import load
    from therml_exact.joint import Joint

    if (path is None) == (example is None):
        raise click.UsageError(f"give a PATH or one --example ({', '.join(sorted(_EXAMPLES))})")
    given = [f"--{name}" for name, value in (*columns.items(), ("count", count)) if value is not None]
    if example is not None:
        if given:
            raise click.UsageError(f"{given[0]} belongs to CSV files; --example {example} has its columns")
        joint = {
            "appendix-h": examples.appendix_h,
            "berkeley": examples.berkeley,
            "hair-eye": lambda: examples.hair_eye().marginal(["Hair", "Eye"]),
        }[example]()
        if example == "berkeley":
            joint = joint.marginal(["Dept", "Gender", "Admit"])
        return EncoderProblem(joint), _EXAMPLES[example]
    assert path is not None
    if Path(path).suffix.lower() == ".csv":
        missing = [f"--{name}" for name in ("x", "y") if not columns[name]]
        if missing:
            raise click.UsageError(f"{path} is a CSV file: name its columns with {', '.join(missing)}")
        names = [columns[name] for name in ("x", "theta", "y") if columns[name]]
        if len(set(names)) < len(names):
            raise click.UsageError(
                f"--x, --theta and --y name {', '.join(map(str, names))}; each takes a column of its own"
            )
        joint = Joint.from_csv(path, [str(name) for name in names], count)
        roles = ", ".join(f"{role} = {columns[role.lower()]}" for role in ("X", "Theta", "Y") if columns[role.lower()])
        return EncoderProblem(joint), roles
    if given:
        raise click.UsageError(f"{given[0]} belongs to CSV files; {path} is read as a joint (JSON)")
    loaded = load(path)
    if not isinstance(loaded, Joint):
        raise click.UsageError(f"{path} holds a {type(loaded).__name__}; a frontier needs a joint p(x, y)")
    return EncoderProblem(loaded), ", ".join(loaded.axes)


@click.command()
@_table_options
@click.option("--gamma", "gammas", multiple=True, type=click.FloatRange(min=0), help="Solve these; by default chosen.")
@click.option(
    "--delta", "deltas", multiple=True, type=click.FloatRange(min=0), help="Multipliers of D; a curve for each."
)
@click.option("--volume", is_flag=True, help="The plane (V, C) of Appendix A.")
@click.option("--tol", default=1e-4, show_default=True, help="Largest step between inner and outer curve, nats.")
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write points and certificates here.")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw it here (.png, .pdf or .svg).")
@click.option("--checkpoint", type=click.Path(dir_okay=False), help="Keep finished work here, and go on from it.")
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
    workers: int | None,
    scheduler: str | None,
    unit: str,
) -> None:
    """The true frontier of R, C (and D) of a table, certified: what encoders of X can reach, and what none can."""
    from rich.table import Table

    from therml_exact.frontier.trace import trace

    check_places(output, checkpoint, figure=figure)
    console = open_console()
    problem, about = _encoder_problem(path, example, {"x": x, "theta": theta, "y": y}, count)
    with _executor(workers, scheduler) as executor:
        found = trace(
            problem, gammas or None, deltas or None, tol=tol, executor=executor, checkpoint=checkpoint, volume=volume
        )
    console.print(about, markup=False, highlight=False)
    table = Table(title=f"Certified optima of rho R + delta D + gamma C (in {unit})")
    names = [*(("V",) if volume else ()), "R", "D", "C"]
    for heading in ("rho", "delta", "gamma"):
        table.add_column(heading, justify="right")
    for heading in (*names, "value", "gap"):
        table.add_column(f"{heading} ({unit})", justify="right", no_wrap=True)
    table.add_column("status")
    for row in found.rows():
        numbers = [in_unit(row[name], unit) for name in (*names, "value")]
        gap = in_unit(float(f"{row['gap']:.1e}"), unit)
        table.add_row(*(f"{row[m]:.6g}" for m in ("rho", "delta", "gamma")), *numbers, gap, row["status"])
    console.print(table)
    console.print(str(found), markup=False, highlight=False)
    if output is not None:
        found.save(output)
        say_written(console, output)
    if figure is not None:
        _draw_frontier(found, unit, figure)
        say_written(console, figure)


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
        with Client(scheduler, timeout="10s") as client:
            yield client.get_executor(retries=10)
    else:
        yield None


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=600.0, show_default=True,
              help="Seconds; beyond, the verdict is `not checked`.")  # fmt: skip
def verify(path: str, time_limit: float) -> None:
    """Recheck PATH: a certificate, a saved frontier, an audit or a proof, exactly.

    Prints the verdict, then the problem, multipliers or statement that were verified: compare them with what you meant.
    Exit code 1 if a claim does not hold or could not be checked.
    """
    from therml_exact.verification import verify as check_claims

    found = check_claims(path, time_limit=time_limit)
    console = open_console()
    if found.valid:
        bounds = ""
        if found.value is not None:
            bounds = f": {found.lower_bound!r} <= minimum <= {found.value!r} nats"
        elif found.lower_bound is not None:
            bounds = f": {found.lower_bound!r} nats <= minimum"
        console.print(f"valid{bounds} ({found.reason})", markup=False, highlight=False, soft_wrap=True)
        console.print(found.claim, markup=False, highlight=False, soft_wrap=True)
        return
    text = found.reason if found.verdict == "not checked" else f"{found.verdict}: {found.reason}"
    console.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


@click.command()
@_table_options
@click.option("-R", "--rate", "R", type=float, help="The claimed rate.")
@click.option("-C", "--error", "C", type=float, help="The claimed classification error.")
@click.option("-D", "--distortion", "D", type=float, help="The claimed distortion.")
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write the verdict here, in nats.")
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
    output: str | None,
    unit: str,
) -> None:
    """Is a claimed (R, C, D) possible on a table, and how far is it from the best? Claims are in --unit."""
    from therml_exact.audit import point
    from therml_exact.files import save_result

    check_places(output)
    scale = math.log(2) if unit == "bits" else 1.0
    claim = {name: None if value is None else value * scale for name, value in (("R", R), ("C", C), ("D", D))}
    if all(value is None for value in claim.values()):
        raise click.UsageError("nothing is claimed: give some of -R, -C, -D")
    problem, about = _encoder_problem(path, example, {"x": x, "theta": theta, "y": y}, count)
    console = open_console()
    console.print(about, markup=False, highlight=False)
    found = point(problem, R=claim["R"], C=claim["C"], D=claim["D"])
    low, high = found.suboptimal
    told = {
        "impossible": f"impossible: some coordinate must rise by at least {in_unit(found.by, unit)} {unit}",
        "feasible": f"feasible, suboptimal by [{in_unit(low, unit)}, {in_unit(high, unit)}] {unit} in every coordinate",
        "undecided": f"undecided: within {in_unit(max(map(abs, found.distance)), unit)} {unit} of the frontier",
    }
    console.print(told[found.verdict], markup=False, highlight=False)
    if output is not None:
        save_result("audit", found.content(problem), output, version=2)
        say_written(console, output)
