"""The 98 numbered equations: what is true of each, and what of it this run has proved, decided or measured.

The verdict comes from the registry, and stands only if this run bears it out; else it is "undecided", and a failure:
    proved      as printed, and the prover has certificates for all of its inequalities (for all N that were tried)
    corrected   true after a correction or with a hypothesis that the paper leaves out
    refuted     false as printed; the true form stands beside it
    measured    as printed: decided exactly on random rational worlds, or executed by the tests that are named
    not a claim a definition, or a number without a formula
The tests that the registry names run in a process of their own; one that fails or is missing makes a failure.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # reads what pytest has just written
from collections import Counter, defaultdict
from pathlib import Path

import therml_exact as tx
from validation.alone import alone
from validation.child import run_module
from validation.inequalities import LARGEST, answers
from validation.random_worlds import count
from validation.section import Claim, Section, Start, Table

ROOT = Path(__file__).parents[1]
WORLDS = 300


def section(full: bool, folder: Path, start: Start) -> Section:
    """The 98 numbered equations, each with its verdict and the evidence of this run."""
    advance = start("the 98 equations", 3)
    outcomes = outcomes_of_tests(folder)
    advance()
    proofs: dict[int, list[bool]] = defaultdict(list)
    for a in answers(LARGEST[full]):
        label = re.fullmatch(r"(\d+)[a-e]?", a.inequality.label)
        if label:  # "6 for Q" and the like are other statements than what is printed
            proofs[int(label[1])].append(a.verdict == "proved" and a.valid)
    advance()
    found = count(WORLDS, lambda: None)
    decisions: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for name, counts in found.verdicts.items():
        label = re.match(r"\d+", name)
        if label:
            decisions[int(label[0])] += counts.total()
            failed[int(label[0])] += found.failed[name]
    advance()
    claims, failures = [], list(found.failures[:5])
    for e in tx.EQUATIONS:
        passed, ran = outcomes.get(e.test or "", (0, 0))
        proved, stands = proofs[e.number], not failed[e.number]
        evidence = [f"Instead: {e.corrected}."] if e.corrected else []
        if proved:
            evidence.append(f"{sum(proved)} of {len(proved)} certificates, rechecked.")
        if decisions[e.number]:
            evidence.append(
                f"{decisions[e.number]:,} exact decisions on random worlds, {failed[e.number] or 'no'} failures."
            )
        if e.test is not None:
            evidence.append(f"{passed} of {ran} tests pass ({e.test.split('::')[1]}).")
            if not ran or passed < ran:
                stands = False
                failures.append(f"({e.number}): {passed} of {ran} tests of {e.test} pass")
        if proved and not all(proved):
            stands = False
            failures.append(f"({e.number}): not proved as the registry says")
        said = verdict(e, bool(proved)) if stands else "undecided"
        claims.append(Claim(f"({e.number})", e.statement, said, " ".join(evidence)))
    tally = Counter(claim.verdict for claim in claims)
    return Section(
        "The 98 numbered equations",
        "Every numbered equation of the paper, with what is true of it. A verdict stands on certificates, exact "
        f"decisions and tests of this run: {sum(ran for _, ran in outcomes.values()):,} tests were run for this "
        "chapter.",
        (Table("Verdicts on the numbered equations", ("verdict", "equations"), tuple(tally.most_common())),),
        claims=tuple(claims),
        failures=tuple(failures),
    )


def verdict(e: tx.Equation, proved: bool) -> str:
    if e.state == "empty" or (e.kind == "definition" and e.status == "as printed"):
        return "not a claim"
    if e.status == "as printed":
        return "proved" if proved else "measured"
    return "refuted" if e.status == "false as printed" else "corrected"


def outcomes_of_tests(folder: Path) -> dict[str, tuple[int, int]]:
    """Of each test that the registry names, how many cases passed and how many ran."""
    names = sorted({e.test for e in tx.EQUATIONS if e.test is not None})
    written = folder.resolve() / "tests.xml"  # the tests run in another directory
    written.unlink(missing_ok=True)  # an interrupted run's
    done = run_module(["pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={written}", *names], ROOT)
    cases: dict[str, list[bool]] = defaultdict(list)
    for case in ET.parse(written).iter("testcase") if written.exists() else ():
        file = case.get("classname", "").replace(".", "/") + ".py"
        name, passed = f"{file}::{case.get('name')}", len(case) == 0  # a child is a failure, an error or a skip
        for asked in {name, name.split("[")[0]}:  # a test by its name is all of its cases
            cases[asked].append(passed)
    if not cases:  # no pytest, no tests
        raise RuntimeError(f"the tests did not run: {(done.stderr or done.stdout).strip()[:300]}")
    return {name: (sum(cases[name]), len(cases[name])) for name in names if name in cases}


if __name__ == "__main__":
    alone(section)
