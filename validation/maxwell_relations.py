"""Do all 24 Maxwell relations hold as measurements? At many equilibria, both sides, implicit and re-solved.

For each relation the largest relative difference of its two sides by implicit differentiation, by re-solving at shifted
values, and of all four numbers; the printed forms that are misprints beside them; and where the branch ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.thermo.branch import branch_end, default_family, sample_states
from therml_exact.thermo.maxwell import measure_misprints
from validation.alone import alone
from validation.section import Section, Start, Table
from validation.verdicts import check

POINTS = {False: 20, True: 100}


SIDES, APART = 1e-5, 1e-3  # relative


@check("Maxwell: a relation", f"relative difference <= {SIDES:g}", "re-solving differences have about six digits")
def agrees(difference: float) -> bool:
    return difference <= SIDES


@check("Maxwell: a misprint", f"relative difference > {APART:g}", "a hundred times what true relations show")
def differs(difference: float) -> bool:
    return difference > APART


@check("Maxwell: the branch's end", "refused with a reason", "no derivative exists there")
def refuses(reason: str) -> bool:
    return bool(reason)


def gap(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b))


def section(full: bool, folder: Path, start: Start) -> Section:
    """The 24 Maxwell relations, each measured as the two experiments that it equates."""
    family, middle = default_family()
    states = sample_states(family, middle, POINTS[full])
    advance = start("Maxwell relations", len(states))
    reports = []
    for state in states:
        reports.append(tx.measure_maxwell(state))
        advance()
    rows: list[tuple[Any, ...]] = []
    failures: list[str] = []
    for measured in zip(*reports, strict=True):
        worst = float(np.max([row.difference for row in measured]))
        rows.append(
            (
                str(measured[0].relation),
                max(gap(row.left, row.right) for row in measured),
                max(gap(row.left_redone, row.right_redone) for row in measured),
                worst,
            )
        )
        failures += agrees.failures(f"{measured[0].relation}: its sides differ by {worst:.1g}", difference=worst)
    misprints = []
    for number in (85, 93):
        pairs = [measure_misprints(state)[number] for state in states]
        least = float(np.min([gap(*pair) for pair in pairs]))
        misprints.append((f"({number}) as printed", least))
        failures += differs.failures(f"({number}) as printed: its sides differ by {least:.1g} only", difference=least)
    end, beyond = branch_end(middle, "sigma", 3.0)
    refused = tx.measure_maxwell(end).rows[0].refused
    failures += refuses.failures(f"not refused at the branch's end, sigma = {end.sigma:.9f}", reason=refused)
    residual = max(state.residual for state in states)
    return Section(
        "Two experiments, one number: the Maxwell relations",
        f"The mixed derivatives of R(D, C, S) measured at {len(states)} equilibria of a smooth family of learning "
        f"rules (frozen encoders, a strict local branch; residual at most {residual:.1g}). Each side is taken by "
        "implicit differentiation and by solving again at shifted values. The branch ends between sigma = "
        f"{end.sigma:.9f} and {beyond:.9f}, where the relations are refused: "
        f"{refused}.",
        (
            Table(
                f"Largest relative difference of the two sides over {len(states)} equilibria",
                ("relation", "implicit", "re-solved", "all four numbers"),
                tuple(rows),
            ),
            Table(
                "The two misprints: least relative difference of the printed sides",
                ("relation", "difference"),
                tuple(misprints),
            ),
        ),
        failures=tuple(failures),
    )


if __name__ == "__main__":
    alone(section)
