"""On how many random worlds can the Maxwell relations be measured? Each with its equilibrium, or the reason.

Random processes and soft encoders (rows uniform on the simplex): |Phi|, |X|, |Y|, |Z| 2 or 3, |Theta| 2 to 4, N 1 to 3.
An equilibrium is looked for on a small grid of multipliers (branch.find_state); all 24 relations are measured there. A
world counts as measurable where all 24 agree; "differs" is a failure anywhere, and so is an empty reason.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.branch import find_state
from therml_exact.thermo.family import EquilibriumFamily
from validation.alone import alone
from validation.section import Section, Start, Table
from validation.verdicts import check

WORLDS = {False: 10, True: 40}
LEAST = 0.75  # of the worlds are measurable
SECONDS = 10.0  # for a refusal


@check("random families: a refusal", f"a reason, within {2 * SECONDS:g} s", "the search is given half of it")
def refused_well(reason: str, seconds: float) -> bool:
    return bool(reason) and seconds <= 2 * SECONDS


@check("random families: a relation", "not one of 24 differs", "measure_maxwell has its own derived tolerance")
def none_differs(differing: int) -> bool:
    return differing == 0


@check("random families: how many", f"at least {LEAST:.0%} are measurable", "what the README's users can expect")
def enough(share: float) -> bool:
    return share >= LEAST


def draw_family(seed: int) -> EquilibriumFamily:
    """One random process with its encoders."""
    rng = np.random.default_rng(seed)
    phi, x, y, z = (int(k) for k in rng.integers(2, 4, size=4))
    theta, n = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    shapes = [(1, phi), (phi, x), (phi, x, y), (theta, x, z)]
    prior, xs, ys, encoders = (rng.dirichlet(np.ones(s[-1]), size=s[:-1]) for s in shapes)
    return EquilibriumFamily(prior[0], xs, ys, n, encoders)


def section(full: bool, folder: Path, start: Start) -> Section:
    """The Maxwell relations on random worlds: measured, or refused with the reason."""
    worlds = WORLDS[full]
    advance = start("random families", worlds)
    rows: list[tuple[Any, ...]] = []
    failures: list[str] = []
    measurable = 0
    for seed in range(worlds):
        family = draw_family(seed)
        sizes = f"{family.n}, {len(family.encoders)}, {family.encoders.shape[1]}, {family.encoders.shape[2]}"
        began = time.monotonic()
        try:
            state = find_state(family, SECONDS)
        except NotSmoothError as error:
            reason, spent = str(error), time.monotonic() - began
            told = f"world {seed}: refused after {spent:.0f} s: {reason or 'no reason'}"
            failures += refused_well.failures(told, reason=reason, seconds=spent)
            rows.append((seed, sizes, None, None, 0, None, reason))
            advance()
            continue
        report = tx.measure_maxwell(state)
        verdicts = [row.verdict for row in report]
        measurable += verdicts.count("agrees") == 24
        told = "; ".join(str(row) for row in report if row.verdict == "differs")
        failures += none_differs.failures(f"world {seed}: {told}", differing=verdicts.count("differs"))
        refused = next((row.refused for row in report if row.refused), "")
        rows.append((seed, sizes, state.gamma, state.sigma, verdicts.count("agrees"), report.worst, refused))
        advance()
    failures += enough.failures(f"{measurable} of {worlds} random worlds are measurable", share=measurable / worlds)
    return Section(
        "Maxwell relations on random worlds",
        f"{measurable} of {worlds} random worlds have a smooth equilibrium at which all 24 relations agree. The others "
        "say why.",
        (
            Table(
                "Random worlds",
                ("seed", "N, |Theta|, |X|, |Z|", "gamma", "sigma", "agree", "largest difference, relative", "reason"),
                tuple(rows),
            ),
        ),
        failures=tuple(failures),
    )


if __name__ == "__main__":
    alone(section)
