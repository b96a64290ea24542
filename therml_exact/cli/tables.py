"""Where the table p(x, y) or p(x, theta, y) of a command comes from: columns of a text table, a joint, an example.

A file is a joint (JSON) if its text begins with a brace; else it is a table of samples or counts, whatever its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from therml_exact.joint import Joint

COLUMNS = {"appendix-h": ["X", "Y"], "berkeley": ["Dept", "Gender", "Admit"], "hair-eye": ["Hair", "Eye"]}
EXAMPLES = {
    "appendix-h": "the paper's toy, 30 bins",
    "berkeley": "admissions to Berkeley: X = Dept, Theta = Gender, Y = Admit",
    "hair-eye": "592 students: X = Hair, Y = Eye",
}


def table_options(theta: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that say which table is meant; `theta` says whether the encoder may see another column."""
    options = [
        click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False)),
        click.option("--example", type=click.Choice(sorted(EXAMPLES)), help="A built-in table instead of PATH."),
        click.option("--x", help="CSV: the column that is encoded."),
        click.option("--y", help="CSV: the column that the code should tell of."),
        click.option("--count", help="CSV: the column of counts; without it each row is one sample."),
    ]
    if theta:
        seen = "CSV: a column that the encoder sees beside X, but need not reconstruct."
        options.append(click.option("--theta", help=seen))

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in options:
            command = option(command)
        return command

    return decorate


def is_json(path: str) -> bool:
    """Whether a file holds a JSON object rather than a table of text."""
    with open(path, "rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_table(
    path: str | None, example: str | None, columns: dict[str, str | None], count: str | None
) -> tuple[Joint, str]:
    """The joint that the options mean, and in words what its variables stand for.

    path, example   one of the two is given
    columns         the columns by the names of their options, "x", "theta" and "y", in this order
    count           the column of counts
    """
    from therml_exact import examples
    from therml_exact.io import load
    from therml_exact.joint import Joint

    if (path is None) == (example is None):
        raise click.UsageError(f"give a PATH or one --example ({', '.join(sorted(EXAMPLES))})")
    given = [f"--{name}" for name, value in (*columns.items(), ("count", count)) if value is not None]
    if example is not None:
        if given:
            raise click.UsageError(f"{given[0]} belongs to CSV files; --example {example} has its columns")
        names = {"appendix-h": ["X", "Y"], "berkeley": ["Dept", "Gender", "Admit"], "hair-eye": ["Hair", "Eye"]}[
            example
        ]
        joint: Joint = getattr(examples, example.replace("-", "_"))().marginal(names)
        if "theta" not in columns and len(names) == 3:
            return joint.marginal([names[0], names[2]]), EXAMPLES[example].replace("Theta = Gender, ", "")
        return joint, EXAMPLES[example]
    assert path is not None
    if not is_json(path):
        missing = [f"--{name}" for name in ("x", "y") if not columns[name]]
        if missing:
            raise click.UsageError(f"{path} is a CSV file: name its columns with {', '.join(missing)}")
        used = {role: name for role, name in columns.items() if name}
        if len(set(used.values())) < len(used):
            options = ", ".join(f"--{role}" for role in columns)
            raise click.UsageError(f"{options} name {', '.join(used.values())}; each takes a column of its own")
        roles = ", ".join(f"{role.capitalize()} = {name}" for role, name in used.items())
        return Joint.from_csv(path, list(used.values()), count), roles
    if given:
        raise click.UsageError(f"{given[0]} belongs to CSV files; {path} is read as a joint (JSON)")
    loaded = load(path)
    if not isinstance(loaded, Joint):
        raise click.UsageError(f"{path} holds a {type(loaded).__name__}; give a joint p(x, y)")
    return loaded, ", ".join(loaded.axes)
