"""The 98 numbered equations: what is true of each, and what of it this run has proved, decided or measured.

The verdict comes from the registry, and stands only if this run bears it out; else it is "undecided", and a failure:
    proved      as printed, by certificates for every distribution (for the N that were tried), and for every q by the
                lemma of general.py where functionals stand on the greater side; or by a formal identity alone
    corrected   true after a hypothesis, a held variable or another equation's correction is added
    refuted     false as printed; the true form stands beside it
    measured    as printed: decided exactly on random rational worlds, or executed by the tests that are named
    not a claim a definition, or a number without a formula
What restates another equation (40, 67, 68) has its proof, and identities of any textbook (62-64) are put to the prover.
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
from validation.general import BOUNDS, FORMAL, FUNCTIONALS, cancels, left_over
from validation.inequalities import LARGEST, answers
from validation.random_worlds import count
from validation.section import Section, Start, Table
from validation.verdicts import check, rule

ROOT = Path(__file__).parents[1]
WORLDS = 300
TEXTBOOK = {
    62: "H(X1) - I(X1;Phi) = H(X1|Phi)",
    63: "H(Y1) - I(Y1;X1,Phi) = H(Y1|X1,Phi)",
    64: "H(Y1|X1,Phi) + H(X1|Phi) = H(X1,Y1|Phi)",
}
RESTATES = {40: 9, 67: 14, 68: 15}


@rule("equations: the verdict", "the registry's status, proved where all certificates hold, undecided if a check fails",
      "a status is a claim of ours, which this run must bear out")  # fmt: skip
def verdict(status: str, definition: bool, proved: bool, stands: bool) -> str:
    if not stands:
        return "undecided"
    if status == "empty" or (definition and status == "as printed"):
        return "not a claim"
    if status == "as printed":
        return "proved" if proved else "measured"
    return "refuted" if status == "false as printed" else "corrected"


@check(
    "equations: its tests", "all of the tests that the registry names pass, and one ran", "they execute the equation"
)
def pass_all(passed: int, ran: int) -> bool:
    return ran > 0 and passed == ran


@check("equations: its certificates", "every one was found and accepted", "the prover proves all that is listed")
def all_proved(proved: int, listed: int) -> bool:
    return proved == listed


@check("equations: its decisions", "no relation failed on the random worlds", "exact signs")
def none_failed(failed: int) -> bool:
    return failed == 0


def section(full: bool, folder: Path, start: Start) -> Section:
    """The 98 numbered equations, each with its verdict and the evidence of this run."""
    advance = start("the 98 equations", 3)
    outcomes = outcomes_of_tests(folder)
    advance()
    proofs: dict[int, list[bool]] = defaultdict(list)
    terms: dict[int, int] = defaultdict(int)
    for a in answers(LARGEST[full]):
        label = re.fullmatch(r"(\d+)[a-e]?", a.inequality.label)
        if label:  # "6 for Q" and the like are other statements than what is printed
            proofs[int(label[1])].append(a.verdict == "proved" and a.valid)
            terms[int(label[1])] += a.terms or 0
    for number, text in TEXTBOOK.items():  # of one sample; all samples share their tables
        proof = tx.prove(text, world="P", n=1)
        proofs[number].append(proof.verdict == "proved" and tx.verify(proof.certificate).valid)
    for number, same in RESTATES.items():
        proofs[number], terms[number] = proofs[same], terms[same]
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
    symbols = {name: left_over(f) for name, f in FUNCTIONALS.items()}
    for name, number in symbols.items():
        failures += cancels.failures(f"{name} is not its optimum and a divergence", symbols=number)
    for e in tx.EQUATIONS:
        passed, ran = outcomes.get(e.test or "", (0, 0))
        proved, wrong = proofs[e.number], none_failed.failures(f"({e.number})", failed=failed[e.number])
        evidence = [f"Read: {e.reading}."]
        evidence += [f"Instead: {e.corrected}."] if e.corrected else []
        evidence += [told] if (told := _proof(e.number, proved, terms[e.number], LARGEST[full])) else []
        if decisions[e.number]:
            what = "of the corrected form " if e.corrected else ""
            evidence.append(
                f"{decisions[e.number]:,} exact decisions {what}on random worlds, {failed[e.number] or 'no'} failures."
            )
        if e.test is not None:
            evidence.append(f"{passed} of {ran} tests pass ({e.test.split('::')[1]}).")
            wrong += pass_all.failures(
                f"({e.number}): {passed} of {ran} tests of {e.test} pass", passed=passed, ran=ran
            )
        wrong += all_proved.failures(f"({e.number}): not proved as the registry says", proved=sum(proved),
                                     listed=len(proved))  # fmt: skip
        formal = e.number in FORMAL and symbols[FORMAL[e.number]] == 0
        general = all(symbols[name] == 0 for name in BOUNDS.get(e.number, ()))
        failures += wrong
        claims.append(verdict.claim(
            f"({e.number})", e.statement, " ".join(evidence), status=e.status, definition=e.kind == "definition",
            proved=general and (formal or (bool(proved) and e.kind != "definition")), stands=not wrong,
        ))  # fmt: skip
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


def _proof(number: int, proved: list[bool], terms: int, largest: int) -> str:
    """What is proved, for which distributions, and for which q's."""
    told = []
    if proved:
        many = "" if number >= 70 or number in TEXTBOOK else f" for N up to {largest}"
        told.append(f"{sum(proved)} of {len(proved)} certificates, rechecked: for every distribution{many}")
    if number in BOUNDS or number in FORMAL:
        names = BOUNDS.get(number) or (FORMAL[number],)
        told.append("for every q: " + ", ".join(f"{n[0]} = {' + '.join(FUNCTIONALS[n].words)}" for n in names)
                    + ", and KL >= 0 (Gibbs)")  # fmt: skip
        if proved and not terms:
            told.append("at the optimal q's both sides are one expression: the divergences are all that it says")
    return "; ".join(told) + "." if told else ""


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
