"""What mutants say of the tests: outcomes by file, survivors as a line before and after, targets that are missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from validation.mutants.targets import CORE, VERIFIERS, Target
from validation.mutants.trials import Outcome
from validation.section import Section, Table
from validation.verdicts import check

GROUPS = {VERIFIERS: "verifiers and leaf rules", CORE: "the rest of the core"}
TEXT = (
    "A mutant is the source of the trusted core with one small edit: < for <=, a sign, any for all, a check left out. "
    "One that no test notices shows what the tests do not hold fast: in a verifier, a false claim that might be let "
    "through.\n\n"
    "Mutants of which nobody could tell the difference are equivalent; each is listed with its reason. One whose tests "
    "take more than three times as long as without it is timed out, and counts as killed."
)


@check("mutants: a group", "at least the listed share of those not equivalent is killed", "verifiers 95%, core 90%")
def enough_killed(percent: float, must: float) -> bool:
    return percent >= 100 * must


@check("mutants: equivalent", "no test kills what is listed as equivalent", "then something tells them apart")
def survives(outcome: str) -> bool:
    return outcome == "survived"


def section(outcomes: Sequence[Outcome], targets: Mapping[str, Target],
            reasons: Mapping[tuple[str, str, str], str]) -> Section:  # fmt: skip
    """The chapter."""
    files = list(dict.fromkeys(o.mutant.file for o in outcomes))
    judged = {o: verdict(o, reasons) for o in outcomes}
    rows = []
    for title, of in [
        *((file, [o for o in outcomes if o.mutant.file == file]) for file in files),
        *((name, group) for must, name in GROUPS.items() if (group := _group(outcomes, targets, must))),
    ]:
        counts = {name: sum(judged[o] == name for o in of) for name in ("killed", "timed out", "survived")}
        same = sum(judged[o] == "equivalent" for o in of)
        rows.append((title, len(of), *counts.values(), same, _percent(of, judged)))
    failures: list[str] = []
    for must, name in GROUPS.items():
        if group := _group(outcomes, targets, must):
            percent = _percent(group, judged)
            told = f"{name}: {percent:.1f}% of mutants that are not equivalent were killed, less than {must:.0%}"
            failures += enough_killed.failures(told, percent=percent, must=must)
    for o in outcomes:
        if _key(o) in reasons:
            told = f"{where(o)} is listed as equivalent, but {o.by or 'a test'} killed it"
            failures += survives.failures(told, outcome=o.outcome)
    columns = ("file", "mutants", "killed", "timed out", "survived", "equivalent", "killed of those not equivalent, %")
    lines = {name: [o for o in outcomes if judged[o] == name] for name in ("survived", "equivalent", "timed out")}
    tables = [Table("Mutants by file", columns, tuple(rows))]
    shown = ("where", "before", "after")
    if lines["survived"]:
        rows = [(where(o), o.before, o.after) for o in lines["survived"]]
        tables.append(Table("Survivors", shown, tuple(rows), "No test noticed them."))
    if lines["equivalent"]:
        rows = [(where(o), o.before, o.after, reasons[_key(o)]) for o in lines["equivalent"]]
        tables.append(Table("Equivalent mutants", (*shown, "why nothing can tell them apart"), tuple(rows)))
    if lines["timed out"]:
        tables.append(Table("Timed out", shown, tuple((where(o), o.before, o.after) for o in lines["timed out"])))
    return Section("Mutants of the trusted core", TEXT, tuple(tables), failures=tuple(failures))


def verdict(o: Outcome, reasons: Mapping[tuple[str, str, str], str]) -> str:
    """The outcome, or "equivalent" for a survivor with a reason."""
    return "equivalent" if o.outcome == "survived" and _key(o) in reasons else o.outcome


def where(o: Outcome) -> str:
    return f"{o.mutant.file}:{o.mutant.line}"


def _key(o: Outcome) -> tuple[str, str, str]:
    return o.mutant.file, o.before, o.after


def _group(outcomes: Sequence[Outcome], targets: Mapping[str, Target], must: float) -> list[Outcome]:
    return [o for o in outcomes if targets[o.mutant.file].must == must]


def _percent(outcomes: Sequence[Outcome], judged: Mapping[Outcome, str]) -> float:
    """100 where all mutants are equivalent."""
    alive = [judged[o] for o in outcomes if judged[o] != "equivalent"]
    return 100 * sum(v != "survived" for v in alive) / len(alive) if alive else 100.0
