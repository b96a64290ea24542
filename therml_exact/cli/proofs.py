"""therml prove: inequalities of entropies."""

from __future__ import annotations

import sys

import click

from therml_exact.cli.terminal import check_places, json_option, open_console, say_written, unit_option, written


@click.command(context_settings={"ignore_unknown_options": True})  # a statement may begin with a minus
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
@click.option(
    "--copies",
    type=click.IntRange(0, 3),
    default=0,
    show_default=True,
    help="Steps of the copy lemma that a proof may take, for non-Shannon inequalities.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds after which the search stops, undecided.",
)
@click.option("--explain", is_flag=True, help="Print the derivation, the tables, or the function that breaks it.")
@json_option("the certificate")
@click.option("--rocq", type=click.Path(dir_okay=False), help="Write the proof as a file for coqc.")
@click.option("--lean", type=click.Path(dir_okay=False), help="The same as text for Lean 4, not compiled.")
@click.option("--out", type=click.Path(dir_okay=False), help="The same as --json.")
@unit_option
def prove(
    statement: str,
    world: str | None,
    n: int | None,
    graph_path: str | None,
    given: tuple[str, ...],
    copies: int,
    time_limit: float,
    explain: bool,
    rocq: str | None,
    lean: str | None,
    output: str | None,
    out: str | None,
    unit: str,
) -> None:
    """Prove or refute STATEMENT, such as "I(Z1;Phi) <= I(Z1;X1,Theta)", for all distributions.

    Linear in H(A,B|C) and I(A;B|C), with <=, >= or =; sum_i I(X_i;Y_i) runs over the samples, X^N is all of them.
    Without --world and --graph the variables are free. Exit code 0: proved; 1: refuted; 3: undecided; 2: bad input.
    """
    from therml_exact.files import read_json, write_text
    from therml_exact.graph import Graph
    from therml_exact.shannon.prove import prove as decide
    from therml_exact.shannon.results import Proved

    if out is not None and output is not None:
        raise click.UsageError("--out is the same as --json: give one of them")
    output = out if output is None else output
    check_places(output)
    for place in (rocq, lean):
        check_places(place)
    graph = None if graph_path is None else Graph(read_json(graph_path))
    result = decide(statement, world=world, n=n, graph=graph, given=given, copies=copies, time_limit=time_limit)
    if output is not None:
        with written(output) as place:
            result.save(place)
    if isinstance(result, Proved):
        for place, export in ((rocq, result.to_rocq), (lean, result.to_lean)):
            if place is not None:
                with written(place) as path:
                    write_text(export().rstrip("\n"), path)
    console = open_console(output)
    text = result.explain(unit) if explain else result.text(unit)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    say_written(console, output, *(place if isinstance(result, Proved) else None for place in (rocq, lean)))
    for place in (rocq, lean):
        if place is not None and not isinstance(result, Proved):
            console.print(f"{place} is not written: only proofs are exported", markup=False, highlight=False)
    sys.exit({"proved": 0, "refuted": 1, "undecided": 3}[result.verdict])
