"""All inequalities of the paper, proved for N = 1, 2, 3 (and 4 in the full mode) or refuted.

A proof is an exact sum of elemental inequalities and independences of the world, a refutation a rational world with its
slack; every certificate is verified again, and for N up to 3 compiled by Rocq's `coqc` where that is installed. Times
are CPU milliseconds of a second call.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from therml_exact.shannon.inequalities import INEQUALITIES, Inequality, arguments
from therml_exact.shannon.prove import prove
from therml_exact.shannon.rocq import HEAD, module
from therml_exact.shannon.verify import verify_proof
from validation.alone import alone
from validation.general import BOUNDS, FUNCTIONALS, left_over
from validation.section import Section, Start, Table
from validation.verdicts import check

LARGEST = {False: 3, True: 4}  # N
EXPORTED = 3


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    value = call()
    return value, 1e3 * (time.process_time() - start)


@check("inequalities: a certificate", "the verdict that is listed, and a certificate that its verifier accepts",
       "both are exact")  # fmt: skip
def certified(verdict: str, listed: str, valid: bool) -> bool:
    return valid and verdict == listed


@check("inequalities: Coq", "coqc accepts the exported proofs, where it is installed", "an independent kernel")
def compiles(good: bool | None) -> bool:
    return good is not False


@dataclass(frozen=True)
class Answer:
    """One statement at one N: the verdict, whether the certificate survived its recheck, and what it cost."""

    inequality: Inequality
    n: int
    verdict: str
    valid: bool
    terms: int | None
    slack: float | None
    proving: float
    verifying: float
    certificate: Mapping[str, Any]


def answer(inequality: Inequality, n: int) -> Answer:
    more = arguments(inequality, n)
    prove(inequality.text, **more)
    result, proving = timed(lambda: prove(inequality.text, **more))
    check, verifying = timed(lambda: verify_proof(result.certificate))
    refuted = result.verdict == "refuted"
    terms = len(result.certificate["parts"][0]["sum"]) if result.verdict == "proved" else None
    slack = float(result.slack) if refuted else None
    return Answer(inequality, n, result.verdict, check.valid, terms, slack, proving, verifying, result.certificate)


@cache
def answers(largest: int) -> tuple[Answer, ...]:
    """Every statement of the paper for N up to `largest`."""
    return tuple(
        answer(inequality, n)
        for inequality in INEQUALITIES
        for n in (range(inequality.least_n, largest + 1) if inequality.world else (1,))
    )


@dataclass(frozen=True)
class Compiled:
    """What coqc says of the exported proofs: None where there is no coqc."""

    good: bool | None
    said: str


def compiled(found: Sequence[Answer]) -> Compiled:
    """All proofs for N up to 3 in one file, through coqc."""
    proofs = [a.certificate for a in found if a.verdict == "proved" and a.n <= EXPORTED]
    program = shutil.which("coqc")
    if program is None:
        return Compiled(None, f"The {len(proofs)} proofs for N up to {EXPORTED} were not compiled: no coqc here.")
    text = HEAD + "".join(module(proof, f"M{k}") for k, proof in enumerate(proofs))
    with TemporaryDirectory() as folder:
        (Path(folder) / "proofs.v").write_text(text, encoding="utf-8")
        version = subprocess.run(
            [program, "--print-version"], capture_output=True, text=True, check=True
        ).stdout.split()
        start = time.perf_counter()
        done = subprocess.run([program, "-q", "proofs.v"], cwd=folder, capture_output=True, text=True, check=False)
        taken = time.perf_counter() - start
    if done.returncode:
        return Compiled(False, f"coqc {version[0]} refused the exported proofs: {done.stderr[-500:]}")
    return Compiled(
        True,
        f"The {len(proofs)} proofs for N up to {EXPORTED}, exported as theorems about every monotone submodular "
        f"function, were compiled by coqc {version[0]} in {taken:.0f} s.",
    )


def section(full: bool, folder: Path, start: Start) -> Section:
    """The paper's inequalities, proved or refuted with certificates."""
    largest = LARGEST[full]
    advance = start("inequalities", 1)
    found = answers(largest)
    kernel = compiled(found)
    advance()
    rows = tuple(
        (
            a.inequality.label,
            a.inequality.text,
            "coupled models" if a.inequality.coupled else a.inequality.world or "free variables",
            a.n,
            a.verdict,
            a.terms,
            a.slack,
            a.proving,
            a.verifying,
        )
        for a in found
    )
    return Section(
        "The inequalities, proved or refuted",
        "Each statement is put to the prover with the world's independences. `proved` means: an exact rational sum "
        "of elemental inequalities and independences was found, and rechecked without the solver; it holds for "
        "every distribution. `refuted` means: a rational world breaks it, and its slack was recomputed exactly. "
        "Variational functionals stand with their optimal q's; what this proves for arbitrary ones is said below. "
        f"{kernel.said}",
        (
            Table(
                f"{len(rows)} proofs and refutations",
                (
                    "equation",
                    "statement",
                    "world",
                    "N",
                    "verdict",
                    "terms of the proof",
                    "slack, nats",
                    "prove, CPU ms",
                    "verify, CPU ms",
                ),
                rows,
                "CPU times of a second call; building of the cone is left out.",
            ),
            Table(
                "From optimal q's to arbitrary ones",
                ("functional", "its optimum", "plus", "symbols left over"),
                tuple((name, *f.words, left_over(f)) for name, f in FUNCTIONALS.items()),
                "An identity of formal sums of <log p> and <log q>; KL >= 0 (Gibbs): sum p log(p/q) >= sum over "
                "p > 0 of (p - q) >= 0. A bound with these functionals on its greater side holds for every q: "
                f"{', '.join(f'({number})' for number in BOUNDS)}.",
            ),
        ),
        failures=tuple(
            text
            for a in found
            for text in certified.failures(
                f"({a.inequality.label}) at N = {a.n}: {a.verdict}, certificate {'valid' if a.valid else 'refused'}",
                verdict=a.verdict,
                listed=a.inequality.verdict,
                valid=a.valid,
            )
        )
        + compiles.failures(kernel.said, good=kernel.good),
    )


if __name__ == "__main__":
    alone(section)
