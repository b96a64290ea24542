"""therml, the command line: check a world or a table, trace its frontier, verify certificates, audit claims.

Bad input ends with exit code 2 and one message, a violated relation with 1. Heavy modules are imported by the commands
that need them: `therml --help` imports Click alone.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from therml_exact._version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from therml_exact.bounds.registry import BoundsReport
    from therml_exact.bounds.relation import BoundCheck
    from therml_exact.tour import Stop

_COLOURS = {"holds": "green", "tight": "cyan", "violated": "bold red", "undecided": "yellow", "infinite": "magenta"}
_WIDE = 150  # columns, where the output is no terminal
_SIDES = 110  # columns from which both sides of a relation are shown

unit_option = click.option(
    "--unit",
    type=click.Choice(["nats", "bits"]),
    default="nats",
    show_default=True,
    help="Unit of every printed number.",
)


class _Commands(click.Group):
    """A group whose commands refuse bad input with one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, KeyError, OSError, MemoryError) as error:
            text = str(error) if isinstance(error, OSError) or not error.args else str(error.args[0])
            raise click.UsageError(text) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="therml")
def main() -> None:
    """Exact thermodynamics of machine learning on small discrete worlds."""


@main.command()
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
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write every number and verdict here.")
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
    from therml_exact.files import check_writable
    from therml_exact.io import load
    from therml_exact.variational import Variational
    from therml_exact.worlds import World

    if output is not None:
        check_writable(output)
    options = {"--phi": phi, "--x": x, "--y": y, "--count": count, "--learner": learner, "--n": n}
    console = _console()
    world: World
    if Path(path).suffix.lower() == ".csv":
        missing = [name for name in ("--phi", "--x", "--y") if not options[name]]
        if missing:
            raise click.UsageError(f"{path} is a CSV file: name its columns with {', '.join(missing)}")
        world, note = _world_of_csv(path, str(phi), str(x), str(y), count, learner or "erm", n or 1)
        console.print(note, markup=False, highlight=False)
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
    console.print(repr(world), markup=False)
    _print_bounds(console, {"": report}, unit)
    for reason in report.skipped:
        console.print(f"left out: {reason}", style="dim", markup=False)
    if output is not None:
        report.save(output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
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


@main.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--x", required=True, help="The column to encode.")
@click.option("--y", required=True, help="The column that the code should tell of.")
@click.option("--count", help="The column of counts; without it each row is one sample.")
@click.option(
    "--method",
    type=click.Choice(["enumeration", "dynamic programming", "branch and bound"]),
    help="The algorithm; all give the same answer.  [default: by size]",
)
@click.option("--max-nodes", type=click.IntRange(min=1), help="Give up after so many nodes, and say so.")
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write the frontier here, in nats.")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw it here (.png, .pdf or .svg).")
@unit_option
def encoders(
    path: str,
    x: str,
    y: str,
    count: str | None,
    method: Any,
    max_nodes: int | None,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """Every Pareto-optimal hard encoder of column --x in the table PATH (CSV): least H(Z), most I(Y;Z)."""
    from rich.table import Table

    from therml_exact.frontier.hard import deterministic_frontier
    from therml_exact.joint import Joint

    console = _console()
    joint = Joint.from_csv(path, [x, y], count)
    with _progress(console) as progress:
        progress("searching (a first run compiles for some seconds)", None)
        frontier = deterministic_frontier(joint, method, max_nodes)
    table = Table(title=_plain(f"Hard encoders of {x}, telling of {y}"))
    for heading in (f"H(Z) ({unit})", f"I({y};Z) ({unit})"):
        table.add_column(_plain(heading), justify="right", no_wrap=True)
    table.add_column(_plain(f"blocks of {x}"), overflow="fold")
    for k, (h, i, _) in enumerate(frontier.points):
        blocks = " | ".join(", ".join(block) for block in frontier.blocks(k))
        table.add_row(_number(h, unit), _number(i, unit), _plain(blocks))
    console.print(table)
    console.print(str(frontier).partition("\n")[0], highlight=False)
    if output is not None:
        frontier.save(output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
    if figure is not None:
        from therml_exact import plots

        drawing, (ax,) = plots.panels(1)
        plots.draw_hard_frontier(frontier, unit, ax)
        plots.save_figure(drawing, figure)
        console.print(f"wrote {figure}", markup=False, highlight=False, soft_wrap=True)


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
    from therml_exact.frontier.problems import EncoderProblem
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
        joint = Joint.from_csv(path, [str(name) for name in names], count)
        roles = ", ".join(f"{role} = {columns[role.lower()]}" for role in ("X", "Theta", "Y") if columns[role.lower()])
        return EncoderProblem(joint), roles
    if given:
        raise click.UsageError(f"{given[0]} belongs to CSV files; {path} is read as a joint (JSON)")
    loaded = load(path)
    if not isinstance(loaded, Joint):
        raise click.UsageError(f"{path} holds a {type(loaded).__name__}; a frontier needs a joint p(x, y)")
    return EncoderProblem(loaded), ", ".join(loaded.axes)


@main.command()
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

    from therml_exact.files import check_writable
    from therml_exact.frontier.trace import trace

    for place in (output, figure, checkpoint):
        if place is not None:
            check_writable(place)
    console = _console()
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
        numbers = [_number(row[name], unit) for name in (*names, "value")]
        gap = _number(float(f"{row['gap']:.1e}"), unit)
        table.add_row(*(f"{row[m]:.6g}" for m in ("rho", "delta", "gamma")), *numbers, gap, row["status"])
    console.print(table)
    console.print(str(found), markup=False, highlight=False)
    if output is not None:
        found.save(output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
    if figure is not None:
        _draw_frontier(found, unit, figure)
        console.print(f"wrote {figure}", markup=False, highlight=False, soft_wrap=True)


def _draw_frontier(found: Any, unit: str, figure: str) -> None:
    from therml_exact import plots
    from therml_exact.frontier.figures import draw_frontier, draw_surface
    from therml_exact.frontier.hard import ENUMERATION_BELOW, deterministic_frontier
    from therml_exact.frontier.objectives import named_objectives

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
    drawing, (ax,) = plots.panels(1, 6.6, 4.8)
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


@main.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
def verify(path: str) -> None:
    """Recheck PATH, a certificate or a saved frontier, in ball arithmetic. Exit code 1 if a claim does not hold."""
    from therml_exact.frontier.verify import verify as check_claims

    found = check_claims(path)
    console = _console()
    if found.valid:
        bounds = ""
        if found.value is not None:
            bounds = f": {found.lower_bound!r} <= minimum <= {found.value!r} nats"
        console.print(f"valid{bounds} ({found.reason})", markup=False, highlight=False, soft_wrap=True)
        return
    console.print(f"not valid: {found.reason}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


@main.command()
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
    from therml_exact.files import check_writable, save_result

    if output is not None:
        check_writable(output)
    scale = math.log(2) if unit == "bits" else 1.0
    claim = {name: None if value is None else value * scale for name, value in (("R", R), ("C", C), ("D", D))}
    if all(value is None for value in claim.values()):
        raise click.UsageError("nothing is claimed: give some of -R, -C, -D")
    problem, about = _encoder_problem(path, example, {"x": x, "theta": theta, "y": y}, count)
    console = _console()
    console.print(about, markup=False, highlight=False)
    found = point(problem, R=claim["R"], C=claim["C"], D=claim["D"])
    low, high = found.suboptimal
    told = {
        "impossible": f"impossible: some coordinate must rise by at least {_number(found.by, unit)} {unit}",
        "feasible": f"feasible, suboptimal by [{_number(low, unit)}, {_number(high, unit)}] {unit} in every coordinate",
        "undecided": f"undecided: within {_number(max(map(abs, found.distance)), unit)} {unit} of the frontier",
    }
    console.print(told[found.verdict], markup=False, highlight=False)
    if output is not None:
        proof = getattr(found.evidence, "certificate", None)
        witness = None if found.evidence is None or proof is not None else vars(found.evidence)
        content = {"claimed": found.claimed, "verdict": found.verdict, "distance": found.distance}
        save_result("audit", {"units": "nats", **content, "certificate": proof, "witness": witness}, output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)


@main.command()
@click.argument("number", required=False, type=click.IntRange(1, 98))
@click.option("--status", help='Only those whose status or state contains this text ("corrected", "planned", ...).')
def equations(number: int | None, status: str | None) -> None:
    """List the paper's 98 equations with what is true of each, or show one in full."""
    from rich.table import Table

    from therml_exact.bounds.equations import EQUATIONS

    console = _console()
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
    table = Table(title="Equations of the paper (all quantities in nats)")
    for heading in ("eq", "kind", "status", "state", "what it says", "corrected"):
        table.add_column(heading, overflow="fold")
    for e in chosen:
        table.add_row(f"({e.number})", e.kind, e.status, e.state, _plain(e.statement), _plain(e.corrected or ""))
    console.print(table)


@main.command()
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
    from therml_exact.tour import TOUR_LEARNERS, Tour, run

    console = _console()
    data = examples.berkeley()
    out.mkdir(parents=True, exist_ok=True)
    samples = (1, 2)
    console.print(
        f"{data!r}: Phi = Dept, X = Gender, Y = Admit. Every equality is decided, none within a tolerance.",
        highlight=False,
    )
    stops = []
    with _progress(console) as progress:
        task = progress("worlds", len(samples) * len(TOUR_LEARNERS))
        for stop in run(data, samples):
            stops.append(stop)
            task()
    for n in samples:
        here = [stop for stop in stops if stop.n == n]
        _print_bounds(
            console, {stop.learner: stop.bounds for stop in here}, unit, f"N = {n}: all bounds, slack in {unit}"
        )
        _print_teaching(console, here, unit)
        for stop in here:
            if stop.learner == "gibbs":
                console.print(_rounding_note(stop.rounded).strip(), highlight=False)
    result = Tour(data.axes, tuple(stops))  # type: ignore[arg-type]
    result.save_figure(out / "tour.png", unit)
    result.save(out / "tour.json")
    console.print(f"wrote {out / 'tour.png'} and {out / 'tour.json'}", markup=False, highlight=False, soft_wrap=True)
    if any(stop.bounds.violated for stop in stops):
        sys.exit(1)


@main.command()
@click.argument("statement")
@click.option("--world", type=click.Choice(["P", "Q", "bayes", "discriminative"]), help="One of the paper's worlds.")
@click.option("--n", type=int, help="Its number N of samples.  [default: 1]")
@click.option(
    "--graph",
    "graph_path",
    type=click.Path(exists=True, dir_okay=False),
    help='Any graph instead: JSON, the parents of each variable, {"Y": ["X"], "Z": ["Y"]}.',
)
@click.option("--given", multiple=True, help="A statement to assume, as often as needed.")
@click.option("--explain", is_flag=True, help="Print the derivation, the tables, or the function that breaks it.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the certificate here (JSON).")
def prove(
    statement: str,
    world: str | None,
    n: int | None,
    graph_path: str | None,
    given: tuple[str, ...],
    explain: bool,
    out: str | None,
) -> None:
    """Prove or refute STATEMENT, such as "I(Z1;Phi) <= I(Z1;X1,Theta)", for all distributions.

    Linear in H(A,B|C) and I(A;B|C), with <=, >= or =; sum_i I(X_i;Y_i) runs over the samples, X^N is all of them.
    Without --world and --graph the variables are free. Exit code 0: proved; 1: refuted; 3: undecided; 2: bad input.
    """
    from therml_exact.files import check_writable, read_json
    from therml_exact.graph import Graph
    from therml_exact.shannon.prove import prove as decide

    if out is not None:
        check_writable(out)
    graph = None if graph_path is None else Graph(read_json(graph_path))
    result = decide(statement, world=world, n=n, graph=graph, given=given)
    click.echo(result.explain() if explain else str(result))
    if out is not None:
        result.save(out)
        click.echo(f"wrote {out}")
    sys.exit({"proved": 0, "refuted": 1, "undecided": 3}[result.verdict])


@main.command()
@click.option("--points", type=click.IntRange(1, 1000), default=1, show_default=True, help="Equilibria to measure at.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the points beyond the first."
)
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write every measurement here, in nats.")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw both sides up to a kink (.png, .pdf or .svg).")
@unit_option
def maxwell(points: int, seed: int, output: str | None, figure: str | None, unit: str) -> None:
    """Measure the 24 Maxwell relations on a family of equilibria, each as the two experiments that it equates."""
    from rich.table import Table

    from therml_exact.files import check_writable, save_result
    from therml_exact.thermo.branch import default_family, sample_states
    from therml_exact.thermo.figures import unit_power
    from therml_exact.thermo.maxwell import AGREEMENT, measure_maxwell, measure_misprints

    for path in (output, figure):
        if path is not None:
            check_writable(path)
    console = _console()
    family, middle = default_family()
    states = [middle, *sample_states(family, middle, points - 1, seed)]
    reports = []
    with _progress(console) as progress:
        task = progress("equilibria", len(states))
        for state in states:
            reports.append(measure_maxwell(state))
            task()
    console.print(f"equilibrium: {middle}", highlight=False, markup=False)
    table = Table(title=f"Maxwell relations there, functionals in {unit}")
    for heading in ("", "eq", "relation"):
        table.add_column(heading, overflow="fold")
    for heading in ("left", "right", "unit", f"largest difference, {points} point{'s' * (points > 1)}"):
        table.add_column(heading, justify="right")
    for k, row in enumerate(reports[0]):
        power = unit_power(row.relation.left)
        scale = (1 / math.log(2) if unit == "bits" else 1.0) ** power
        values = ["refused" if v is None else f"{v * scale:.9g}" for v in (row.left, row.right_redone)]
        gaps = [report.rows[k].difference for report in reports]
        worst = max((gap for gap in gaps if gap is not None), default=None)
        table.add_row(
            row.relation.potential,
            " ".join(f"({n})" for n in row.relation.printed),
            _plain(row.relation.statement),
            *values,
            {-1: f"1/{unit}", 0: "", 1: unit}[power],
            "" if worst is None else f"{worst:.1e}",
        )
    console.print(table)
    console.print(
        "left by implicit differentiation, right by re-solving at shifted values; the difference takes both of both"
    )
    for number, (left, right) in measure_misprints(middle).items():
        console.print(
            f"({number}) as printed is false: its sides are {left:.6g} and {right:.6g} (nats)", highlight=False
        )
    worst = max((report.worst for report in reports if report.worst is not None), default=math.inf)
    console.print(f"{len(reports)} x 24 relations agree within {worst:.1e}, relative", highlight=False)
    if output is not None:
        rows = [
            {
                "multipliers": dict(r.state.multipliers),
                "rows": [{**vars(row), "relation": str(row.relation)} for row in r],
            }
            for r in reports
        ]
        save_result("maxwell", {"units": "nats", "equilibria": rows}, output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
    if figure is not None:
        from therml_exact import plots
        from therml_exact.thermo import figures

        drawing, axes = plots.panels(3)
        figures.draw_maxwell(middle, reports[0].rows[5].relation, 3.0, unit, axes[:2])
        figures.draw_agreement(reports, axes[2])
        plots.save_figure(drawing, figure)
        console.print(f"wrote {figure}", markup=False, highlight=False, soft_wrap=True)
    if not worst <= AGREEMENT:
        sys.exit(1)


@main.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--q", "variational", type=click.Path(exists=True, dir_okay=False), help="Variational tables (JSON).")
@click.option("--sigma", help='Temperature > 0, "1", "1/2" or "0.3"; for a world P.  [default: 1]')
@click.option("--gamma", help="Multiplier of C >= 0; for a world P.  [default: 0]")
@click.option("--delta", help="Multiplier of D >= 0; for a world P.  [default: 0]")
@click.option("--beta", help="Multiplier of U >= 0; for a Bayes or discriminative world.  [default: 1]")
@click.option(
    "--steps",
    type=click.IntRange(1, 1000),
    default=12,
    show_default=True,
    help="Steps of each kernel; an exact world takes seconds for 300.",
)
@click.option("--json", "output", type=click.Path(dir_okay=False), help="Write J_t of every kernel here, in nats.")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw it here (.png, .pdf or .svg).")
@unit_option
def relax(
    path: str,
    variational: str | None,
    sigma: str | None,
    gamma: str | None,
    delta: str | None,
    beta: str | None,
    steps: int,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """The objective J_t while the learning rule of PATH, a world (JSON), relaxes from the prior to equilibrium.

    Four kernels, each checked to keep the Boltzmann rule. Without --q the q's are the world's optimal ones, shared by
    the samples. Exact where the Boltzmann rule is rational.
    """
    from rich.table import Table

    from therml_exact.files import check_writable, save_result
    from therml_exact.io import load
    from therml_exact.numbers.tables import read_table
    from therml_exact.thermo import markov
    from therml_exact.thermo.boltzmann import boltzmann, tempered_posterior
    from therml_exact.thermo.second_law import second_law
    from therml_exact.variational import Variational, optimal_variational
    from therml_exact.worlds import World, WorldP

    for target in (output, figure):
        if target is not None:
            check_writable(target)
    world = load(path)
    if not isinstance(world, World):
        raise click.UsageError(f"{path} holds a {type(world).__name__}; relax takes a world")
    v = optimal_variational(world, shared=True) if variational is None else load(variational)
    if not isinstance(v, Variational):
        raise click.UsageError(f"{variational} holds a {type(v).__name__}; --q takes variational tables")
    given = {"--sigma": sigma, "--gamma": gamma, "--delta": delta, "--beta": beta}
    foreign = ["--beta"] if isinstance(world, WorldP) else ["--sigma", "--gamma", "--delta"]
    for name in foreign:
        if given[name] is not None:
            raise click.UsageError(f"{name} has no meaning for a {type(world).__name__}")

    def number(name: str, default: str) -> Any:
        text = given[name]
        return read_table([default if text is None else text], name)[0]

    if isinstance(world, WorldP):
        target_rule = boltzmann(world, v, number("--sigma", "1"), number("--gamma", "0"), number("--delta", "0"))
    else:
        target_rule = tempered_posterior(world, v, number("--beta", "1"))  # type: ignore[arg-type]
    console = _console()
    kernels = {
        k.__name__.replace("_", " "): k for k in (markov.metropolis, markov.heat_bath, markov.sweep, markov.langevin)
    }
    runs = {}
    with _progress(console) as progress:
        task = progress("kernels", len(kernels))
        for name, kernel in kernels.items():
            runs[name] = second_law(target_rule, kernel, steps)
            task()
    console.print(repr(world), markup=False)
    kind = "exact, every comparison decided" if target_rule.is_exact else "float64"
    table = Table(title=f"J_t from the prior towards equilibrium, in {unit} ({kind})")
    table.add_column("t", justify="right")
    for name in runs:
        table.add_column(name, justify="right")
    shown = sorted({*range(min(steps, 6) + 1), steps})
    for t in shown:
        table.add_row(str(t), *(_number(r.J[t], unit) for r in runs.values()))
    table.add_row("∞", *(_number(r.limit, unit) for r in runs.values()))
    table.add_row("", *(r.verdict for r in runs.values()))
    console.print(table)
    rising = [name for name, r in runs.items() if r.refitted_verdict == "rises"]
    if rising:
        console.print(f"with q(theta) refitted at every step J rises under: {', '.join(rising)}", highlight=False)
    if output is not None:
        rows = {name: {"J": r.J, "refitted": r.refitted, "verdict": r.verdict} for name, r in runs.items()}
        save_result("relaxation", {"units": "nats", "limit": target_rule.value, "kernels": rows}, output)
        console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
    if figure is not None:
        from therml_exact import plots
        from therml_exact.thermo import figures

        drawing, axes = plots.panels(2)
        figures.draw_relaxation(runs, unit, axes)
        plots.save_figure(drawing, figure)
        console.print(f"wrote {figure}", markup=False, highlight=False, soft_wrap=True)
    if any(r.verdict == "rises" for r in runs.values()):
        console.print("J rises, against a theorem: please report it.", style="bold red")
        sys.exit(1)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(width=_WIDE)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int | None], Callable[[], None]]]:
    """A progress bar on standard error, so that it never mixes with results."""
    from rich.console import Console as AnyConsole
    from rich.progress import Progress

    with Progress(console=AnyConsole(stderr=True), transient=True, disable=not console.is_terminal) as bar:

        def start(what: str, total: int | None) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        yield start


def _print_bounds(console: Console, reports: dict[str, BoundsReport], unit: str, title: str = "") -> None:
    from rich.table import Table

    single = len(reports) == 1
    table = Table(title=title or f"Bounds, in {unit}")
    table.add_column("eq", no_wrap=True)
    table.add_column("relation", overflow="fold")
    sides = single and console.width >= _SIDES  # a narrow terminal shows what matters: slack and verdict
    if single:
        for heading in (*((f"left ({unit})", f"right ({unit})") if sides else ()), f"slack ({unit})", "verdict"):
            table.add_column(heading, justify="right", no_wrap=True)
    for name in reports if not single else ():
        table.add_column(name, no_wrap=True)
    for rows in zip(*reports.values(), strict=True):
        head = (rows[0].label, _plain(rows[0].statement))
        if single:
            row = rows[0]
            slack = "" if row.slack is None else _number(row.slack, unit)
            values = (_number(row.lhs, unit), _number(row.rhs, unit)) if sides else ()
            table.add_row(*head, *values, slack, _verdict(row))
        else:
            table.add_row(*head, *(_verdict(row, unit) for row in rows))
    console.print(table)
    for name, report in reports.items():
        summary = ", ".join(f"{number} {verdict}" for verdict, number in report.counts.items())
        console.print(f"{name + ': ' if name else ''}{len(report)} relations: {summary}", highlight=False)


def _print_teaching(console: Console, stops: list[Stop], unit: str) -> None:
    from rich.table import Table

    table = Table(title=f"N = {stops[0].n}: what the data could teach, in {unit}")
    table.add_column("learner")
    for heading in ("I(Θ;Φ) learnt", "I_pred could be", "I(Θ;X^N,Y^N) kept", "S paid", "H(T_N) all", "R", "C", "D"):
        table.add_column(heading, justify="right")
    for stop in stops:
        f = stop.functionals
        values = (stop.I_theta_phi, stop.I_pred, stop.I_theta_data, f.S, stop.H_data, f.R, f.C, f.D)
        table.add_row(stop.learner, *("" if value is None else _number(value, unit) for value in values))
    console.print(table)


def _number(value: Any, unit: str) -> str:
    number = float(value)
    return f"{number / math.log(2) if unit == 'bits' else number:.6g}"


def _verdict(row: BoundCheck, unit: str | None = None) -> str:
    slack = "" if unit is None or row.slack is None or row.verdict == "tight" else f" {_number(row.slack, unit)}"
    return f"[{_COLOURS[row.verdict]}]{row.verdict}[/]{slack}"


def _plain(text: str) -> str:
    """Brackets of formulas are no markup."""
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
