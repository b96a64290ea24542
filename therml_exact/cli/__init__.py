"""therml, the command line: a file for each group of commands.

Exit codes: 0; 1 for what is false or not there (a violated relation, an invalid certificate, an impossible claim, a
refuted statement, lost workers, an interruption); 2 for bad input; 3 for undecided. Heavy modules are imported by the
commands that need them: `therml --help` imports Click alone.
"""

from __future__ import annotations

import click

from therml_exact._version import __version__
from therml_exact.cli import frontiers, kernels, laws, lessons, proofs, worlds
from therml_exact.cli.terminal import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="therml")
def main() -> None:
    """Exact thermodynamics of machine learning on small discrete worlds.

    Completion of commands and options: put `eval "$(_THERML_COMPLETE=bash_source therml)"` into ~/.bashrc (zsh_source
    into ~/.zshrc; for fish, `_THERML_COMPLETE=fish_source therml | source`).
    """


for _command in (
    worlds.tour,
    worlds.check,
    worlds.encoders,
    worlds.equations,
    frontiers.frontier,
    frontiers.verify,
    frontiers.audit,
    proofs.prove,
    laws.maxwell,
    laws.relax,
    laws.learn,
    lessons.demo,
    kernels.warmup,
):
    main.add_command(_command)
