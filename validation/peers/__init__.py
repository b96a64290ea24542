"""Other packages on the same inputs: do they agree, how far off are they, how long do they take?

    dit           entropies, informations, total correlation, rate-distortion and bottleneck by Blahut and Arimoto
    embo          the information bottleneck's frontier
    infomeasure   estimators from samples
    psitip        inequalities of entropies
    benchmark-mi  informations that its samplers state, and estimators

Each file compares one peer; a peer that cannot be imported here is named with the reason. Times are CPU milliseconds of
the two in turn in one run, first calls left out. Where both differ a row says why. A peer has a budget of CPU seconds;
rows that did not fit are counted among what is missing.
`python -m validation.peers [--full]` prints the tables.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from therml_exact.files import write_text
from validation.peers import agreement, bottleneck, environments, of_bmi, of_dit, of_infomeasure, of_psitip
from validation.peers.bottleneck import Points, quietly
from validation.peers.installed import PEERS, load
from validation.peers.judged import failures_of
from validation.section import Cell, Section, Start, Table

TEXT = """\
The same inputs go to other packages and to this one. A difference is believed on neither side before its reason is \
known; the reason stands beside it. Numbers are nats (bits converted), times CPU milliseconds of both in turn in one \
run, without first calls and with the processes that a peer starts: a ratio above 1 says that the peer takes longer. \
Where a peer's setting is arguable (restarts, a pool of processes), both numbers stand. The exact joints of dit's \
table, the certified frontier and the certificates are checked by this run; a peer that is not installed is made \
usable by `python -m validation.peers.environments`, which gives each its own environment."""

QUICK, FULL = 12.0, 120.0  # CPU seconds for a peer


def section(full: bool, folder: Path, start: Start) -> Section:
    tables: list[Table] = []
    missing: list[str] = []
    points: Points = {}
    failures: list[str] = []
    advance = start("peers", len(PEERS))
    for peer in PEERS:
        module, told = load(peer)
        file = environments.computed(peer.distribution, full, folder) if module is None else None
        if module is None and file is None:
            missing.append(told)
        else:
            # What an interrupted run has finished is read back.
            file = file or folder / f"{peer.distribution}_{told}_{'full' if full else 'quick'}.json"
            if module is not None and not file.exists():
                budget, drawn = Budget(f"{peer.distribution} {told}", FULL if full else QUICK), {}
                found = quietly(COMPARED[peer.distribution], module, budget, full, drawn)
                part = Section(peer.distribution, "", tuple(found), missing=tuple(budget.missing))
                write_text(json.dumps({"section": asdict(part), "points": drawn}), file)
            content = json.loads(file.read_text())
            part = Section.of(content["section"])
            tables += part.tables
            failures += failures_of(part.tables)
            missing += part.missing
            points |= content["points"]
        advance()
    shown = bottleneck.drawn(points)
    return Section("Peers on the same inputs", TEXT, tuple(tables), (shown,) if shown else (), missing=tuple(missing),
                   failures=tuple(failures))  # fmt: skip


class Budget:
    """CPU seconds for one peer, and the tables that are made of rows while they last."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        self.start = time.process_time()
        self.missing: list[str] = []

    def table(self, title: str, columns: Sequence[str], rows: Iterator[tuple[Cell, ...]], note: str = "") -> Table:
        """The rows that the budget allows, the first in any case."""
        found = []
        for row in rows:
            found.append(row)
            if time.process_time() - self.start > self.seconds:
                if next(rows, None) is not None:
                    told = f"{self.name}, {title}: what comes after row {len(found)}"
                    self.missing.append(f"{told}: its {self.seconds:g} CPU seconds were used up")
                break
        return Table(f"{self.name}: {title}", tuple(columns), tuple(found), note)


def _dit(dit: ModuleType, budget: Budget, full: bool, points: Points) -> list[Table]:
    note = "Random joints p(x, y), seeds by shape; three multipliers each; (R, C) against the certified frontier."
    return [
        budget.table("entropies and informations", agreement.COLUMNS, of_dit.entropies(dit)),
        budget.table("rate-distortion", agreement.COLUMNS, of_dit.rate_distortions()),
        budget.table("information bottleneck", bottleneck.COLUMNS, bottleneck.of_dit(points), note),
    ]


def _embo(embo: ModuleType, budget: Budget, full: bool, points: Points) -> list[Table]:
    note = (
        "The same random joints, both at the same gammas (its beta is gamma log 2), from just above gamma_c on. CPU "
        "times a point, children in, with its pool of processes and without: ours each with a proven bound."
    )
    rows = bottleneck.of_embo(embo, 100 if full else 40, points)
    return [budget.table("information bottleneck", bottleneck.COLUMNS, rows, note)]


def _infomeasure(infomeasure: ModuleType, budget: Budget, full: bool, points: Points) -> list[Table]:
    note = (
        "One sample for both. Truth: of the joint it was drawn from. Its formula, by us: what its source computes, "
        "written anew, minus its answer; zero shows that the reason given is the whole difference. nsb: both take the "
        "letters seen for the alphabet."
    )
    return [budget.table("estimators", of_infomeasure.COLUMNS, of_infomeasure.estimates(infomeasure), note)]


def _psitip(psitip: ModuleType, budget: Budget, full: bool, points: Points) -> list[Table]:
    note = (
        "Ours gives an exact certificate or a world that breaks the statement; psitip's True rests on floats and its "
        "False says that no Shannon proof was found. Refuted and not proved count as agreement. Our samples are "
        f"exchangeable, which psitip is not told; its solver here is {psitip.iutil.get_solver()}."
    )
    proofs = of_psitip.proofs(psitip, 3 if full else 2)
    leak = "H(X)(1 - e) >= I(X;Y) is false for every e > 0."
    return [
        budget.table("a false statement", of_psitip.LEAKS, of_psitip.leaks(psitip), leak),
        budget.table("the paper's inequalities", of_psitip.COLUMNS, proofs, note),
    ]


def _bmi(bmi: ModuleType, budget: Budget, full: bool, points: Points) -> list[Table]:
    note = (
        "By tx.audit.estimator, against the exact information. Its neural estimators, for continuous data, are not run."
    )
    return [
        budget.table("informations that its samplers state", of_bmi.TRUTHS, of_bmi.truths(bmi)),
        budget.table("its estimators on letters", of_bmi.ESTIMATES, of_bmi.estimates(bmi, 200 if full else 40), note),
    ]


COMPARED: dict[str, Callable[[ModuleType, Budget, bool, Points], list[Table]]] = {
    "dit": _dit,
    "embo": _embo,
    "infomeasure": _infomeasure,
    "psitip": _psitip,
    "benchmark-mi": _bmi,
}
