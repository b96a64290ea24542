"""therml maxwell, relax, learn: the laws of learning."""

from __future__ import annotations

import math
import os
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from therml_exact.cli.terminal import (
    check_places,
    gap_in_unit,
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
    from therml_exact.frontier.learning.jump import Jump, Piece
    from therml_exact.thermo.family import State

_TYPES = 40  # rows of an optimal rule that are printed
_SMALL = Fraction(1, 10**300)


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--delta", help="Multiplier of D > 0, for PATH; the three together.  [default: chosen]")
@click.option("--gamma", help="Multiplier of C > 0, for PATH.  [default: chosen]")
@click.option("--sigma", help="Temperature > 0, for PATH.  [default: chosen]")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds for each equilibrium; relations left over are refused.",
)
@click.option("--points", type=click.IntRange(1, 1000), default=1, show_default=True, help="Equilibria to measure at.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the points beyond the first."
)
@json_option("every measurement in nats")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw both sides up to a kink (.png, .pdf or .svg).")
@unit_option
def maxwell(
    path: str | None,
    delta: str | None,
    gamma: str | None,
    sigma: str | None,
    time_limit: float,
    points: int,
    seed: int,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """Measure the 24 Maxwell relations on a family of equilibria, each as the two experiments that it equates.

    The family is that of the process and the soft encoders of PATH, a world P (JSON), or a built-in one. Without
    multipliers a smooth equilibrium is looked for on a small grid of them.
    """
    from therml_exact.figures.thermo import POTENTIALS, unit_power
    from therml_exact.files import save_result
    from therml_exact.thermo.bordered import NotSmoothError
    from therml_exact.thermo.branch import default_family, sample_states
    from therml_exact.thermo.maxwell import AGREEMENT, MaxwellReport, measure_maxwell, measure_misprints
    from therml_exact.thermo.potentials import MISPRINTS

    check_places(output, figure=figure)
    console = open_console(output)
    given = {"delta": delta, "gamma": gamma, "sigma": sigma}
    family, middle = default_family() if path is None and not any(given.values()) else _family(path, given)
    states = [middle, *sample_states(family, middle, points - 1, seed)]
    reports: list[MaxwellReport] = []
    with progress_bar(console) as progress:
        task = progress("relations", 24 * len(states))
        reports += [measure_maxwell(state, time_limit=time_limit, advance=task) for state in states]
    if output is not None:
        content = [
            {
                "multipliers": dict(r.state.multipliers),
                "rows": [{**vars(row), "relation": str(row.relation)} for row in r],
            }
            for r in reports
        ]
        with written(output) as place:
            save_result("maxwell", {"units": "nats", "equilibria": content}, place)
    if figure is not None:
        from therml_exact.figures import style as plots
        from therml_exact.figures import thermo as figures

        drawing, axes = plots.panels(3)
        figures.draw_maxwell(middle, reports[0].rows[5].relation, 10 * middle.sigma, unit, axes[:2])
        figures.draw_agreement(reports, axes[2])
        plots.save_figure(drawing, figure)
    console.print(f"equilibrium: {_in_words(middle, unit)}", highlight=False, markup=False)
    rows = []
    for k, row in enumerate(reports[0]):
        power = unit_power(row.relation.left)
        scale = (1 / math.log(2) if unit == "bits" else 1.0) ** power
        gaps = [report.rows[k].difference for report in reports]
        worst = max((gap for gap in gaps if gap is not None), default=None)
        rows.append([
            row.relation.potential,
            " ".join(f"({n})" for n in row.relation.printed),
            row.relation.statement,
            *("refused" if v is None else f"{v * scale:.6g}" for v in (row.left, row.right_redone)),
            {-1: f"1/{unit}", 0: "", 1: unit}[power],
            "" if worst is None else f"{worst:.1e}",
        ])  # fmt: skip
    far = f"largest difference, {points} point{'s' * (points > 1)}"
    headings = ("of", "eq", "relation", "left", "right", "unit", far)
    print_table(console, "Maxwell relations there", headings, rows, texts=[0, 1, 2, 5], lead=3)
    console.print(f"of the potentials {POTENTIALS}", highlight=False)
    console.print(
        "left by implicit differentiation, right by re-solving at shifted values; the difference takes both of both"
    )
    try:
        misprints = measure_misprints(middle)
    except NotSmoothError:  # a variable of theirs cannot vary on this family
        misprints = {}
    refused = {row.refused for report in reports for row in report if row.refused}
    for reason in sorted(refused)[:3]:
        console.print(f"refused: {reason}", markup=False, highlight=False)
    for number, (left, right) in misprints.items():
        power = unit_power(MISPRINTS[number])
        scale = (1 / math.log(2) if unit == "bits" else 1.0) ** power
        told = {-1: f" 1/{unit}", 0: "", 1: f" {unit}"}[power]
        sides = f"{left * scale:.6g} and {right * scale:.6g}{told}"
        console.print(f"({number}) as printed is false: its sides are {sides}", highlight=False)
    worst = max((report.worst for report in reports if report.worst is not None), default=math.inf)
    console.print(f"{len(reports)} x 24 relations agree within {worst:.1e}, relative", highlight=False)
    say_written(console, output, figure)
    if not worst <= AGREEMENT:
        sys.exit(1)


def _in_words(state: State, unit: str) -> str:
    """An equilibrium: its multipliers, its functionals in the unit, and how well it is solved."""
    given = [f"{name} = {value:.6g}" for name, value in state.multipliers.items()]
    given += [f"{name} = {in_unit(getattr(state, name), unit)} {unit}" for name in ("R", "D", "C", "S")]
    return f"{', '.join(given)}; residual {state.residual:.1e}, curvature {state.curvature:.3g} sigma"


def _family(path: str | None, given: dict[str, str | None]) -> Any:
    """The family of a world's file, and an equilibrium: at the multipliers given, or one that is found."""
    from therml_exact.io import load
    from therml_exact.thermo.branch import family_of, find_state
    from therml_exact.worlds import WorldP

    if path is None:
        raise click.UsageError("--delta, --gamma and --sigma belong to a PATH; the built-in family has its own")
    world = load(path)
    if not isinstance(world, WorldP):
        raise click.UsageError(f"{path} holds a {type(world).__name__}; maxwell takes a world P")
    family = family_of(world)
    if not any(given.values()):
        return family, find_state(family)
    if not all(given.values()):
        raise click.UsageError("give --delta, --gamma and --sigma together, or none of them")
    values = {name: _multiplier(f"--{name}", text, positive=True) for name, text in given.items()}
    return family, family.solve(**values)


@click.command()
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
@click.option("--floats", is_flag=True, help="Compute in float64, where exact numbers would have too many digits.")
@json_option("J_t of every kernel in nats")
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
    floats: bool,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """The objective J_t while the learning rule of PATH, a world (JSON), relaxes from the prior to equilibrium.

    Four kernels, each checked to keep the Boltzmann rule. Without --q the q's are the world's optimal ones, shared by
    the samples. Exact where the Boltzmann rule is rational; at small sigma its numbers are too long: --floats.
    """
    from therml_exact.files import save_result
    from therml_exact.io import load
    from therml_exact.thermo import markov
    from therml_exact.thermo.boltzmann import boltzmann, tempered_posterior
    from therml_exact.thermo.second_law import second_law
    from therml_exact.variational import Variational, optimal_variational
    from therml_exact.worlds import World, WorldP

    check_places(output, figure=figure)
    world = load(path)
    if not isinstance(world, World):
        raise click.UsageError(f"{path} holds a {type(world).__name__}; relax takes a world")
    v = optimal_variational(world, shared=True) if variational is None else load(variational)
    if not isinstance(v, Variational):
        raise click.UsageError(f"{variational} holds a {type(v).__name__}; --q takes variational tables")
    if floats:
        world, v = world.to_float(), v.to_float()
    given = {"--sigma": sigma, "--gamma": gamma, "--delta": delta, "--beta": beta}
    foreign = ["--beta"] if isinstance(world, WorldP) else ["--sigma", "--gamma", "--delta"]
    for name in foreign:
        if given[name] is not None:
            raise click.UsageError(f"{name} has no meaning for a {type(world).__name__}")

    if isinstance(world, WorldP):
        temperature = _multiplier("--sigma", sigma, "1", positive=True)
        target_rule = boltzmann(world, v, temperature, _multiplier("--gamma", gamma), _multiplier("--delta", delta))
    else:
        target_rule = tempered_posterior(world, v, _multiplier("--beta", beta, "1"))  # type: ignore[arg-type]
    console = open_console(output)
    kernels = {
        k.__name__.replace("_", " "): k for k in (markov.metropolis, markov.heat_bath, markov.sweep, markov.langevin)
    }
    runs = {}
    with progress_bar(console) as progress:
        task = progress("kernels", len(kernels))
        for name, kernel in kernels.items():
            runs[name] = second_law(target_rule, kernel, steps)
            task()
    if output is not None:
        found = {
            name: {"J": r.J, "refitted": r.refitted, "verdict": r.verdict, "slack": r.slack} for name, r in runs.items()
        }
        with written(output) as place:
            save_result("relaxation", {"units": "nats", "limit": target_rule.value, "kernels": found}, place)
    if figure is not None:
        from therml_exact.figures import style as plots
        from therml_exact.figures import thermo as figures

        drawing, axes = plots.panels(2)
        figures.draw_relaxation(runs, unit, axes)
        plots.save_figure(drawing, figure)
    console.print(world.summary(), markup=False, highlight=False)
    kind = "exact, every comparison decided" if target_rule.is_exact else "float64"
    shown = sorted({*range(min(steps, 6) + 1), steps})
    rows = [[str(t), *(in_unit(r.J[t], unit) for r in runs.values())] for t in shown]
    rows += [["∞", *(in_unit(r.limit, unit) for r in runs.values())], ["", *(r.verdict for r in runs.values())]]
    title = f"J_t from the prior towards equilibrium, in {unit} ({kind})"
    print_table(console, title, ("t", *runs), rows)
    rising = [name for name, r in runs.items() if r.refitted_verdict == "rises"]
    if rising:
        console.print(f"with q(theta) refitted at every step J rises under: {', '.join(rising)}", highlight=False)
    say_written(console, output, figure)
    if any(r.verdict == "rises" for r in runs.values()):
        console.print("J rises, against a theorem: please report it.", style="bold red")
        sys.exit(1)


def _multiplier(option: str, text: str | None, default: str = "0", positive: bool = False) -> Any:
    """The exact value of an option, within what floats hold."""
    from therml_exact.numbers.tables import parse_rational

    text = default if text is None else text
    value = parse_rational(text, option)
    if value < 0 or (positive and not value) or (value and not _SMALL <= value <= 1 / _SMALL):
        raise click.UsageError(f"{option} is {text:.40}; it is a number {'> 0' if positive else '>= 0'} of usual size")
    return value


def _dictionary(text: str, z: int | None, world: Any) -> Any:
    """The encoders[theta, x, z] of --encoders: all maps, those of a world's file, or those of an encoders' file."""
    from therml_exact.encoders import deterministic, read_dictionary
    from therml_exact.files import VERSION, read_json
    from therml_exact.io import load
    from therml_exact.worlds import WorldP

    letters = world.x_given_phi.shape[1]
    if not os.path.isfile(text):
        return deterministic(letters, _letters(text, z, world.z_given_x_theta.shape[2]))
    if z is not None:
        raise click.UsageError("--z belongs to --encoders deterministic; a file has its own letters")
    content = read_json(text)
    if content.get("format") == "therml-exact/world":
        other = load(text)
        if not isinstance(other, WorldP):
            raise click.UsageError(f"{text} holds a {type(other).__name__}, which has no encoders; give a world P")
        dictionary = other.z_given_x_theta.transpose(1, 0, 2)
    else:
        expected = {"format": "therml-exact/encoders", "version": VERSION}
        wrong = next((k for k, v in expected.items() if content.get(k) != v), None)
        if wrong is not None or set(content) != {*expected, "encoders"}:
            raise click.UsageError(
                f'{text} is no file of encoders: write {{"format": "therml-exact/encoders", "version": {VERSION}, '
                f'"encoders": [theta][x][z]}}, or give a world P'
            )
        dictionary = read_dictionary(content["encoders"])
    if dictionary.shape[1] != letters:
        raise click.UsageError(
            f"the encoders of {text} read {dictionary.shape[1]} letters of x; the world has {letters}"
        )
    return dictionary


def _letters(text: str, z: int | None, own: int) -> int:
    """|Z| of the dictionary "deterministic" or "deterministic:K"."""
    kind, colon, number = text.partition(":")
    if kind != "deterministic" or (colon and not (number.isdecimal() and int(number) > 0)):
        raise click.UsageError(
            f"--encoders is {text!r}; give deterministic, deterministic:K for maps to K letters, or a file"
        )
    if colon and z is not None and int(number) != z:
        raise click.UsageError(f"--encoders {text} and --z {z} contradict each other")
    return int(number) if colon else own if z is None else z


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--free", is_flag=True, help="Encoders are free too: the phase diagram for several --gamma and --sigma.")
@click.option("--gamma", "gammas", multiple=True, help="Multiplier of C >= 0; several with --free.  [default: 1]")
@click.option("--delta", default="0", show_default=True, help="Multiplier of D >= 0.")
@click.option("--sigma", "sigmas", multiple=True, help="Multiplier of S >= 0; several: S(sigma).  [default: 0]")
@click.option("--rho", default="1", show_default=True, help="Multiplier of R >= 0.")
@click.option(
    "--encoders",
    default="deterministic",
    show_default=True,
    help="The dictionary: deterministic (all maps), deterministic:K (K codes), a file of encoders, or a world's file.",
)
@click.option("--z", type=click.IntRange(min=1), help="Letters of Z.  [default: the world's]")
@click.option("--falls", is_flag=True, help="With --free: certify where S falls, for each --gamma (minutes).")
@json_option("optima and certificates in nats")
@click.option(
    "--figure",
    type=click.Path(dir_okay=False),
    help="Draw S(sigma), or with --free the phase diagram, here (.png, .pdf or .svg).",
)
@unit_option
def learn(
    path: str,
    free: bool,
    gammas: tuple[str, ...],
    delta: str,
    sigmas: tuple[str, ...],
    rho: str,
    encoders: str,
    z: int | None,
    falls: bool,
    output: str | None,
    figure: str | None,
    unit: str,
) -> None:
    """The best learning rules for the data of PATH, a world P (JSON), over given encoders, and how far its own is.

    With --free the encoders are free too. What --json writes is a frontier of learning rules, which `therml verify`
    reads.
    """
    from therml_exact.frontier.learning.caps import excess
    from therml_exact.frontier.learning.frontier import RuleFrontier
    from therml_exact.frontier.learning.jump import jump
    from therml_exact.frontier.minimize import minimize
    from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
    from therml_exact.functional import functionals
    from therml_exact.io import load
    from therml_exact.variational import optimal_variational
    from therml_exact.worlds import WorldP

    check_places(output, figure=figure)
    world = load(path)
    if not isinstance(world, WorldP):
        raise click.UsageError(f"{path} holds a {type(world).__name__}; learn takes a world P")
    temperatures = sorted({_multiplier("--sigma", text) for text in sigmas or ("0",)})
    wanted = sorted({_multiplier("--gamma", text) for text in gammas or ("1",)})
    if free:
        if encoders != "deterministic" or rho != "1":
            raise click.UsageError("--encoders and --rho have no meaning with --free: all encoders are, and rho = 1")
        if figure is not None and min(len(wanted), len(temperatures)) < 2:
            raise click.UsageError("--figure draws a phase diagram: give several --gamma and several --sigma")
        from therml_exact.cli.free import learn_free

        codes = world.z_given_x_theta.shape[2] if z is None else z
        learn_free(world, wanted, _multiplier("--delta", delta), temperatures, codes, falls, output, figure, unit)
        return
    if len(wanted) > 1 or falls:
        raise click.UsageError("several --gamma, and --falls, are for --free")
    given = {"rho": _multiplier("--rho", rho), "gamma": wanted[0], "delta": _multiplier("--delta", delta)}
    if figure is not None and len(temperatures) < 2:
        raise click.UsageError("--figure draws S(sigma): give several --sigma")
    maps = _dictionary(encoders, z, world)
    problem = LearningRuleProblem(world.phi, world.x_given_phi, world.y_given_x_phi, world.n, maps)
    console = open_console(output)
    optima = []
    with progress_bar(console) as progress:
        task = progress("optima", len(temperatures))
        for sigma in temperatures:
            optima.append(minimize(problem, **given, sigma=sigma, tol=1e-6))
            task()
    found: tuple[Jump, ...] = ()
    pieces: tuple[Piece, ...] = ()
    positive = [float(s) for s in temperatures if s > 0]
    if len(positive) > 1:
        search = jump(problem, positive[0], positive[-1], **given)
        found, pieces = search.jumps, search.pieces
    if output is not None:
        with written(output) as place:
            RuleFrontier(problem, tuple(optima), 1e-6, found).save(place)
    if figure is not None:
        from therml_exact.figures import style as plots
        from therml_exact.figures.frontier import draw_learning

        drawing, (ax,) = plots.panels(1)
        draw_learning(optima, found, unit, ax)
        plots.save_figure(drawing, figure)
    f = functionals(world, optimal_variational(world, shared=True))
    own = {name: float(getattr(f, name)) for name in NAMES}
    console.print(world.summary(), markup=False, highlight=False)
    kind = "maps X -> Z" if problem.deterministic else "encoders"
    console.print(f"{len(maps)} {kind}, {len(problem.types)} types of data sets", highlight=False)
    headings = ["sigma", *(f"{name} ({unit})" for name in (*NAMES, "value", "lower bound", "gap"))]
    headings += ["status", f"the world's own value ({unit})"]
    rows = []
    for o in optima:
        value = sum(o.multipliers[m] * own[n] for m, n in zip(("rho", "gamma", "delta", "sigma"), NAMES, strict=True))
        numbers = [in_unit(v, unit) for v in (*(o.point[name] for name in NAMES), o.value, o.lower_bound)]
        status = o.status if o.status == "certified" else f"{o.status} ({o.reason})"
        gap = gap_in_unit(o.gap, unit)
        rows.append([f"{o.multipliers['sigma']:.6g}", *numbers, gap, status, in_unit(value, unit)])
    title = "Least rho R + delta D + gamma C + sigma S over learning rules"
    print_table(console, title, headings, rows, texts=[len(headings) - 2])
    told = ", ".join(f"{name} = {in_unit(own[name], unit)}" for name in NAMES)
    console.print(f"the world's own rule and encoder, shared q's: {told} ({unit})", highlight=False)
    far = excess(problem, own, tol=1e-5)
    low, high = in_unit(-far.value, unit), in_unit(-far.lower_bound, unit)
    console.print(f"some rule is lower in each of R, C, D, S by [{low}, {high}] {unit} (negative: none is lower)",
                  highlight=False, markup=False)  # fmt: skip
    if len(optima) == 1:
        letter = "map" if problem.deterministic else "encoder's number"
        names = list(map(str, range(len(maps))))
        if problem.deterministic:
            names = ["".join(str(int(k)) for k in row) for row in maps.astype(float).argmax(axis=2)]
        witness = optima[0].witness
        chosen = list(zip(witness["types"], witness["theta_given_type"], strict=True))
        rows = [[" ".join(map(str, counts)), *(f"{p:.6g}" for p in row)] for counts, row in chosen[:_TYPES]]
        title = f"The optimal rule p(theta|type); theta: the {letter}, type: counts of (x, y)"
        print_table(console, title, ("type", *names), rows, texts=[0])
        if len(chosen) > _TYPES:
            console.print(f"... {len(chosen) - _TYPES:,} more types", highlight=False)
    for j in found:
        console.print(
            f"S jumps at sigma = {j.sigma:.7g}, in [{j.low:.7g}, {j.high:.7g}], from at least "
            f"{in_unit(j.before, unit)} to at most {in_unit(j.after, unit)} {unit}",
            highlight=False,
            markup=False,
        )
    for piece in pieces:
        console.print(
            f"from sigma = {piece.low:.7g} to {piece.high:.7g} S falls by {in_unit(piece.fall, unit)} {unit}, "
            + ("smoothly" if piece.status == "smooth" else f"and a jump may be lost: {piece.reason}"),
            highlight=False,
            markup=False,
        )
    say_written(console, output, figure)
