"""What of the comparison with peers could be wrong on our side: checks of our own numbers in the tables.

The tables are found again by their headings, so that a table read back from an interrupted run is judged too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from validation.peers import agreement, bottleneck, of_bmi, of_infomeasure, of_psitip
from validation.section import Table
from validation.verdicts import check


@check("peers: our number", "|ours - truth| <= 1e-14 (1 + truth)", "floats beside exact sums of logarithms")
def right(off: float, truth: float) -> bool:
    return abs(off) <= 1e-14 * (1 + abs(truth))


@check("peers: our lower bound", "between 1e-9 nats below the closed form and rounding above", "it is proved")
def bound_holds(off: float, truth: float) -> bool:
    return -1e-9 <= off <= 1e-14 * (1 + abs(truth))


@check(
    "peers: a true channel's point", "not certified impossible", "a channel's (R, C) cannot be: else our bound is wrong"
)
def none_impossible(impossible: int) -> bool:
    return impossible == 0


@check(
    "peers: a formula", "what is said to be the peer's formula gives its answer within 1e-9", "else the reason is wrong"
)
def explains(difference: float) -> bool:
    return abs(difference) <= 1e-9


@check("peers: a proof", "we prove what psitip proves, and nothing that it cannot", "Shannon proofs of both")
def agrees(agree: bool) -> bool:
    return agree


@check("peers: a false statement", "refuted by us", "Y = X breaks it")
def seen_false(ours: str) -> bool:
    return ours == "refuted"


@check(
    "peers: cells of a continuous pair",
    "no more information than the pair has",
    "data processing; 1e-6 is its rounding",
)
def loses(gained: float) -> bool:
    return gained <= 1e-6


def failures_of(tables: Iterable[Table]) -> list[str]:
    """What in these tables contradicts what we say of ourselves."""
    told: list[str] = []
    for table in tables:
        for cells in table.rows:
            row: dict[str, Any] = dict(zip(table.columns, cells, strict=True))
            where = f"{table.title}: {', '.join(str(c) for c in cells[:2])}"
            if table.columns == agreement.COLUMNS:
                rule = bound_holds if "min" in row["quantity"] else right
                told += rule.failures(f"{where}: ours is off by {row['ours - truth (nats)']:.2g}",
                                      off=row["ours - truth (nats)"], truth=row["truth (nats)"])  # fmt: skip
            elif table.columns == bottleneck.COLUMNS and row["peer"] != "dit, as stated":
                told += none_impossible.failures(where, impossible=row["impossible"])
            elif table.columns == of_infomeasure.COLUMNS:
                by = row["its formula, by us - peer (nats)"]
                if by is not None and by == by:  # nan where both have no answer
                    told += explains.failures(where, difference=by)
            elif table.columns == of_psitip.COLUMNS:
                told += agrees.failures(where, agree=row["agree"])
            elif table.columns == of_psitip.LEAKS:
                told += seen_false.failures(where, ours=row["ours"])
            elif table.columns == of_bmi.TRUTHS:
                told += loses.failures(where, gained=cells[4])
    return told
