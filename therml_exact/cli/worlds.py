"""therml check, encoders, equations, tour: worlds and tables of counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from therml_exact.cli.tables import is_json, read_table, table_options
from therml_exact.cli.terminal import (
    check_places,
    in_unit,
    json_option,
    open_console,
    print_table,
    progress_bar,
    say_written,
    unit_option,
    written,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from therml_exact.bounds.registry import BoundsReport
    from therml_exact.bounds.relation import BoundCheck
    from therml_exact.tour import Stop

_COLOURS = {"holds": "green", "tight": "cyan", "violated": "bold red", "undecided": "yellow", "infinite": "magenta"}
_SIDES = 110  # columns from which both sides of a relation are shown


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--q", "variational", type=click.Path(exists=True, dir_okay=False), help="Variational tables (JSON).")
@click.option("--phi", help="CSV: the column that plays Phi, the process.")
@click.option("--x", help="CSV: the column that plays X, the input.")
@click.option("--y", help="CSV: the column that plays Y, the label.")
@click.option("--count", help="CSV: the column of counts; without it each row is one sample.")
@click.option(
    "--learner",
    type=click.Choice(["constant", "erm", "gibbs", "memorize", "posterior"]),
    help="CSV: the learning rule.  [default: erm]",
)
@click.option("--n", type=click.IntRange(min=1), help="CSV: the number N of samples it sees.  [default: 1]")
@json_option("every number and verdict")
@unit_option
def check(
    path: str,
    variational: str | None,
    phi: str | None,
    x: str | None,
    y: str | None,
    count: str | None,
    learner: str | None,
    n: int | None,
    output: str | None,
    unit: str,
) -> None:
    """Decide every bound of the paper on PATH, a world (JSON) or a table of samples or counts (CSV).

    Without --q the variational tables are the optimal ones, one for each sample.
    """
    from therml_exact.bounds.registry import check_bounds
    from therml_exact.io import load
    from therml_exact.variational import Variational
    from therml_exact.worlds import World

    check_places(output)
    options = {"--phi": phi, "--x": x, "--y": y, "--count": count, "--learner": learner, "--n": n}
    console = open_console(output)
    world: World
    note = None
    if not is_json(path):
        missing = [name for name in ("--phi", "--x", "--y") if not options[name]]
        if missing:
            raise click.UsageError(f"{path} is a CSV file: name its columns with {', '.join(missing)}")
        world, note = _world_of_csv(path, str(phi), str(x), str(y), count, learner or "erm", n or 1)
    else:
        given = [name for name, value in options.items() if value is not None]
        if given:
            raise click.UsageError(f"{given[0]} belongs to CSV files; {path} is read as a world (JSON)")
        loaded = load(path)
        if not isinstance(loaded, World):
            raise click.UsageError(f"{path} holds a {type(loaded).__name__}; check takes a world")
        world = loaded
    q = None
    if variational is not None:
        tables = load(variational)
        if not isinstance(tables, Variational):
            raise click.UsageError(f"{variational} holds a {type(tables).__name__}; --q takes variational tables")
        q = tables
    report = check_bounds(world, q)
    if output is not None:
        with written(output) as place:
            report.save(place)
    if note is not None:
        console.print(note, markup=False, highlight=False)
    console.print(world.summary(), markup=False, highlight=False)
    _print_bounds(console, {"": report}, unit)
    for reason in report.skipped:
        console.print(f"left out: {reason}", style="dim", markup=False)
    say_written(console, output)
    if report.violated:
        console.print("A theorem fails on this world: please report it.", style="bold red")
        sys.exit(1)


def _world_of_csv(path: str, phi: str, x: str, y: str, count: str | None, learner: str, n: int) -> tuple[Any, str]:
    from therml_exact.joint import Joint
    from therml_exact.tour import build

    data = Joint.from_csv(path, [phi, x, y], count)
    world, rounded = build(data, learner, n)
    rows = "each row one sample" if count is None else f"counts in {count}"
    note = f"Phi = {phi}, X = {x}, Y = {y}, {rows}; learner {learner}, N = {n}, all maps X -> Z with |Z| = |Y|"
    return world, note + (_rounding_note(rounded) if learner == "gibbs" else "")


def _rounding_note(rounded: float) -> str:
    from therml_exact.tour import CONFIDENCE, DELTA, DENOMINATOR, GAMMA, SIGMA

    return (
        f"\ngibbs: sigma = {SIGMA}, gamma = {GAMMA}, delta = {DELTA}, q(y|z) = {CONFIDENCE} for y = z; its rows are "
        f"irrational and were rounded to multiples of 1/{DENOMINATOR:,} (largest change {rounded:.2g}): "
        "every verdict is exact, for the rounded rule"
    )


@click.command()
@table_options(theta=False)
@click.option(
    "--method",
    type=click.Choice(["enumeration", "dynamic programming", "branch and bound"]),
    help="The algorithm; all give the same answer.  [default: by size]",
)
@click.option("--max-nodes", type=click.IntRange(min=1), help="Give up after so many nodes, and say so.")
@json_option("the frontier in nats")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw it here (.png, .pdf or .svg).")
@unit_option
def encoders(
    path: str | None,
    example: str | None,
    x: str | None,
    y: str | None,
    count: str | None,
    method: Any,
    max_nodes: int | None,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """Every Pareto-optimal hard encoder of X in a table p(x, y): least H(Z), most I(Y;Z)."""
    from therml_exact.frontier.hard import deterministic_frontier

    check_places(output, figure=figure)
    console = open_console(output)
    joint, _ = read_table(path, example, {"x": x, "y": y}, count)
    with progress_bar(console) as progress:
        progress("searching", None)
        frontier = deterministic_frontier(joint, method, max_nodes)
    if output is not None:
        with written(output) as place:
            frontier.save(place)
    if figure is not None:
        from therml_exact.figures import frontier as figures
        from therml_exact.figures import style as plots

        drawing, (ax,) = plots.panels(1)
        figures.draw_hard_frontier(frontier, unit, ax)
        plots.save_figure(drawing, figure)
    first, last = joint.axes
    rows = []
    for k, (h, i, _) in enumerate(frontier.points):
        blocks = " | ".join(", ".join(block) for block in frontier.blocks(k))
        rows.append([in_unit(h, unit), in_unit(i, unit), blocks])
    headings = (f"H(Z) ({unit})", f"I({last};Z) ({unit})", f"blocks of {first}")
    print_table(console, f"Hard encoders of {first}, telling of {last}", headings, rows, texts=[2])
    console.print(str(frontier).partition("\n")[0], highlight=False)
    say_written(console, output, figure)


@click.command()
@click.argument("number", required=False, type=click.IntRange(1, 98))
@click.option("--status", help='Only those whose status or state contains this text ("corrected", "planned", ...).')
def equations(number: int | None, status: str | None) -> None:
    """List the paper's 98 equations with what is true of each, or show one in full."""
    from therml_exact.bounds.equations import EQUATIONS

    console = open_console()
    if number is not None:
        shown = EQUATIONS[number - 1]
        for name, value in vars(shown).items():
            if value is not None:
                console.print(f"{name + ':':<11}{value}", highlight=False, markup=False)
        return
    chosen = [e for e in EQUATIONS if status is None or status in e.status or status in e.state]
    if not chosen:
        known = sorted({e.status for e in EQUATIONS} | {e.state for e in EQUATIONS})
        raise click.UsageError(f"--status {status!r} matches no equation; there are {', '.join(known)}")
    headings = ("eq", "kind", "status", "state", "what it says", "corrected")
    rows = [[f"({e.number})", e.kind, e.status, e.state, e.statement, e.corrected or ""] for e in chosen]
    print_table(console, "Equations of the paper (all quantities in nats)", headings, rows, texts=range(6), lead=5)


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("therml-tour"),
    show_default=True,
    help="Folder for the figure and the JSON result; made if it does not exist.",
)
@unit_option
def tour(out: Path, unit: str) -> None:
    """The main job on real data: admissions to Berkeley in 1973, by department, gender and decision."""
    from therml_exact import examples
    from therml_exact.tour import TOUR_LEARNERS, TYPE_LEARNERS, Tour, run, run_by_types

    console = open_console()
    data = examples.berkeley()
    out.mkdir(parents=True, exist_ok=True)
    samples, many = (1, 2), (10, 50)
    stops = []
    with progress_bar(console) as progress:
        task = progress("worlds", len(samples) * len(TOUR_LEARNERS) + len(many) * len(TYPE_LEARNERS))
        for stop in run(data, samples):
            stops.append(stop)
            task()
        more = []
        for stop in run_by_types(data, many):
            more.append(stop)
            task()
    result = Tour(data.axes, tuple(stops), tuple(more))  # type: ignore[arg-type]
    result.save_figure(out / "tour.png", unit)
    result.save(out / "tour.json")
    console.print(
        f"{data.summary()}: Phi = Dept, X = Gender, Y = Admit. Every equality is decided, none within a tolerance.",
        highlight=False,
    )
    for n in samples:
        here = [stop for stop in stops if stop.n == n]
        _print_bounds(
            console, {stop.learner: stop.bounds for stop in here}, unit, f"N = {n}: all bounds, slack in {unit}"
        )
        _print_teaching(console, here, unit)
        for stop in here:
            if stop.learner == "gibbs":
                console.print(_rounding_note(stop.rounded).strip(), highlight=False)
    for n in many:
        here = [stop for stop in more if stop.n == n]
        _print_teaching(console, here, unit)
        told = "; ".join(f"{stop.learner}: {stop.bounds.summary()}" for stop in here)
        note = f"N = {n}: by types, in floats with error bounds, so that equalities stay undecided. {told}"
        console.print(note, highlight=False)
    say_written(console, out / "tour.png", out / "tour.json")
    if any(stop.bounds.violated for stop in (*stops, *more)):
        sys.exit(1)


def _print_bounds(console: Console, reports: dict[str, BoundsReport], unit: str, title: str = "Bounds") -> None:
    """A relation a row: its slack and verdict, with both sides where there is room; or a column for each report."""
    single = len(reports) == 1
    sides = single and console.width >= _SIDES  # a narrow terminal shows what matters: slack and verdict
    values = [*(("left", "right") if sides else ()), "slack"] if single else []
    headings = ["eq", "relation", *(f"{name} ({unit})" for name in values)]
    headings += ["verdict"] if single else list(reports)
    rows = []
    for checks in zip(*reports.values(), strict=True):
        first = checks[0]
        row: list[str | Text] = [first.label, first.statement]
        if single:
            row += [in_unit(first.lhs, unit), in_unit(first.rhs, unit)] if sides else []
            row += ["" if first.slack is None else in_unit(first.slack, unit), _verdict(first)]
        else:
            row += [_verdict(check, unit) for check in checks]
        rows.append(row)
    print_table(console, title, headings, rows, texts=[1, *range(2 + len(values), len(headings))], lead=2)
    for name, report in reports.items():
        console.print(f"{name + ': ' if name else ''}{report.summary()}", highlight=False)


def _print_teaching(console: Console, stops: list[Stop], unit: str) -> None:
    headings = ["learner", "I(Θ;Φ) learnt", "I_pred could be", "I(Θ;X^N,Y^N) kept", "S paid", "H(T_N) all", *"RCD"]
    rows = []
    for stop in stops:
        f = stop.functionals
        values = (stop.I_theta_phi, stop.I_pred, stop.I_theta_data, f.S, stop.H_data, f.R, f.C, f.D)
        rows.append([stop.learner, *("" if value is None else in_unit(value, unit) for value in values)])
    title = f"N = {stops[0].n}: what the data could teach, in {unit}"
    print_table(console, title, headings, rows, texts=[0], lead=1)


def _verdict(row: BoundCheck, unit: str | None = None) -> Text:
    from rich.text import Text

    slack = "" if unit is None or row.slack is None or row.verdict == "tight" else f" {in_unit(row.slack, unit)}"
    return Text.assemble((row.verdict, _COLOURS[row.verdict]), slack)
