"""Mutation testing of the trusted core: edits of the verifiers and of exact arithmetic that tests ought to notice.

    operators.py  the edits           targets.py       the files and the tests that concern them
    worker.py     one mutant tried    trials.py        copies, workers, the journal
    report.py     the tables          equivalent.json  mutants that nothing can tell from the original, with the reason

A short script of our own, because kept tools (mutmut, cosmic-ray) run one command for all files, and have no place for
the reason why a mutant is equivalent.
"""

from __future__ import annotations

from pathlib import Path

from validation.mutants import report
from validation.mutants.operators import mutants
from validation.mutants.targets import TARGETS
from validation.mutants.trials import ROOT, Journal, Tree, equivalents, run
from validation.section import Section, Start, Table

SAMPLE, SEED = 400, 0


def section(full: bool, folder: Path, start: Start) -> Section:
    """A sample of 400 mutants in the full mode, which takes an hour or two; the quick one only counts them."""
    tree = Tree(ROOT, TARGETS)
    if full:
        chosen = tree.chosen(list(TARGETS), SAMPLE, SEED)
        outcomes = run(tree, chosen, Journal(folder / "mutants.jsonl"), start("mutants", len(chosen)))
        return report.section(outcomes, TARGETS, equivalents())
    rows = tuple((file, len(mutants(file, tree.source(file)))) for file in TARGETS)
    return Section(
        "Mutants of the trusted core",
        report.TEXT,
        (Table("Mutants that can be tried", ("file", "mutants"), rows),),
        missing=(f"trying {SAMPLE} mutants: in the full mode, or python -m validation.mutants",),
    )
