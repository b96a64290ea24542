"""Estimators of mutual information from samples against the truth, by `tx.audit.estimator` (nats).

    bias = E[estimate] - I(X;Y),   rmse^2 = bias^2 + variance,   verdict on the claimed bound: audit's, by five errors

Five joints whose informations are known exactly, samples of 10 to 3,000, the same samples for all estimators. A file
here is one estimator; roster.py lists them with the bounds that are claimed for their means, enumeration.py gives exact
means for small samples. `python -m validation.estimators [--full]` prints the tables.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import therml_exact as tx
from therml_exact.files import write_text
from validation.by_hand import information as by_hand
from validation.by_hand import of_table, same
from validation.estimators import donsker_varadhan, figures, info_nce, miller_madow, nwj, plug_in
from validation.estimators.critic import FLOOR, best
from validation.estimators.enumeration import expectation
from validation.estimators.roster import ESTIMATORS, OWN, Estimator, joints, sparse
from validation.section import Cell, Picture, Section, Start, Table, picture
from validation.verdicts import check

SIZES = (10, 30, 100, 300, 1000, 3000)
BATCHES = (2, 4, 8, 16, 32, 64)
SEED = 20
FAMILIES = {
    "counts": "Estimators from counts",
    "critic": "Variational bounds with the best critic",
    "tables": "Bounds with known tables: H(Y) - C from below, R and leave-one-out from above",
    "trained": "Variational bounds with a trained critic",
}

SIGMAS = 5.0  # standard errors


@check("estimators: the plug-in's bias", f"within {SIGMAS:g} standard errors of the exact one", "one in two million")
def as_exact(off: float) -> bool:
    return abs(off) <= SIGMAS


@check("estimators: NWJ is unbiased", "|E[NWJ] - I| <= 1e-9 nats, best critic", "exact means, a theorem")
def unbiased(difference: float) -> bool:
    return abs(difference) <= 1e-9


@check("estimators: DV exceeds I", "E[DV] - I > 1e-9 nats, best critic", "exact means; Jensen, strictly")
def exceeds(difference: float) -> bool:
    return difference > 1e-9


@check("estimators: InfoNCE stays below I", "E[InfoNCE] - I <= 1e-12 nats, best critic", "exact means, a theorem")
def below(difference: float) -> bool:
    return difference <= 1e-12


@check(
    "estimators: DV on its own sample", "0 to 0.03 nats below the plug-in", "its limit; ascent stops after 300 steps"
)
def near_plug_in(difference: float) -> bool:
    return -0.03 <= difference <= 1e-9


@check("estimators: InfoNCE's ceiling", "no estimate above log K, no mean above min(I, log K) by five standard errors",
       "log K bounds each estimate")  # fmt: skip
def under_ceiling(largest: float, ceiling: float, verdict: str) -> bool:
    return largest <= ceiling + 1e-12 and verdict != "broken"


@check(
    "estimators: a bound that is a theorem",
    "never broken, by five standard errors",
    "Barber-Agakov, leave-one-out, NWJ",
)
def kept(cases: int) -> bool:
    return cases == 0


THEOREMS = ("Barber-Agakov: H(Y) - C", "Barber-Agakov: R", "leave-one-out", "NWJ, best critic, all pairs",
            "InfoNCE, best critic, K = n", "NWJ", "InfoNCE")  # fmt: skip

Row = dict[str, float | str | None]
Found = dict[tuple[str, str, int], Row]  # by joint, estimator, n


def section(full: bool, folder: Path, start: Start) -> Section:
    worlds = joints()
    found = measure(worlds, full, folder, start)
    truths = {name: float(tx.mutual_information(joint, *joint.axes)) for name, joint in worlds.items()}
    ceiling, ceiling_table = ceilings(1000 if full else 200)
    exact, biases = theory(full), count_bias(found, worlds)
    tables = (
        broken(found, worlds, exact),
        verdicts(found),
        by_size(found, "bias", "bias (nats)", "Mean of the estimates minus I(X;Y)."),
        by_size(found, "sd", "standard deviation (nats)", "Of a single estimate."),
        by_size(found, "rmse", "root mean square error (nats)", "Of a single estimate."),
        biases,
        exact,
        ceiling_table,
    )
    pictures = (*(family_picture(family, found, truths) for family in FAMILIES), ceiling)
    failures = [
        text
        for name, joint in worlds.items()
        for by in [truths[name] - by_hand(*of_table(joint.to_float().table), ["X"], ["Y"])]
        for text in same.failures(f"I(X;Y) of {name} is off by {by:.2g} nats", difference=by)
    ]
    failures += failed(biases, exact, ceiling_table, found)
    return Section("Estimators from samples, against the truth", TEXT, tables, pictures, failures=tuple(failures))


def failed(biases: Table, exact: Table, ceiling: Table, found: Found) -> list[str]:
    """What contradicts a theorem about these estimators, by the numbers of the tables."""
    told: list[str] = []
    for name, n, *_, off, _ in biases.rows:
        told += as_exact.failures(f"the plug-in on {name}, n = {n}, is {off:.2g} standard errors off", off=off)
    of = {"E[NWJ]": unbiased, "E[DV]": exceeds, "E[InfoNCE]": below, "DV fitted": near_plug_in}
    for says, name, n, *_, difference in exact.rows:
        rule = next(rule for start, rule in of.items() if says.startswith(start))
        told += rule.failures(f"{says}: {name}, n = {n}: {difference:.3g} nats", difference=difference)
    for k, log_k, _, _, _, largest, verdict in ceiling.rows:
        told += under_ceiling.failures(f"InfoNCE at K = {k}: largest {largest:.6g}, mean {verdict}", largest=largest,
                                       ceiling=log_k, verdict=verdict)  # fmt: skip
    for name in THEOREMS:
        cases = sum(row["verdict"] == "broken" for (_, e, _), row in found.items() if e == name)
        told += kept.failures(f"{name} is broken in {cases} cases", cases=cases)
    return told


TEXT = """\
How well can information be told from samples? Here it is known exactly, so that bias, variance and broken bounds are \
seen without any reference estimator. All estimators see the same samples. Over finite alphabets a critic is a table \
T(x, y): the best one is known, and what is left with it is the method's own error, not that of training.

A bound on an expectation is not a bound on its estimate. Minus the logarithm of a mean lies above minus the \
logarithm of the expectation, so that the estimate of Donsker and Varadhan's bound exceeds I in the mean even with the \
best critic, held out (see the exact means), while the linear bound of Nguyen, Wainwright and Jordan has the mean I. \
A critic evaluated on its own sample bounds nothing: over tables the fitted value is the plug-in information, biased \
upwards wherever most pairs of letters are possible. And InfoNCE never exceeds log K: no critic helps where I is larger.

The verdict is that of tx.audit.estimator: "broken" or "holds" if the mean is on that side of I(X;Y) by more than five \
standard errors, else "undecided", which is what an unbiased estimator must get."""


def trials(estimator: Estimator, full: bool) -> int:
    return (400 if full else 20) if estimator.family == "trained" else (4000 if full else 120)


def measure(worlds: dict[str, tx.Joint], full: bool, folder: Path, start: Start) -> Found:
    """Every audit; a joint that an interrupted run has finished is read back."""
    found: Found = {}
    advance = start("estimators", len(worlds) * len(ESTIMATORS))
    for place, (name, joint) in enumerate(worlds.items()):
        file = folder / f"joint_{place}_{'full' if full else 'quick'}.json"
        if file.exists():
            rows = json.loads(file.read_text())
            for _ in ESTIMATORS:
                advance()
        else:
            rows = []
            p, truth = joint.to_float(), float(tx.mutual_information(joint, *joint.axes))
            for e in ESTIMATORS:
                fn = e.make(p.table)
                for n in SIZES:
                    a = tx.audit.estimator(fn, p, n, trials(e, full), SEED, e.claim, truth)
                    row = {"bias": a.bias, "sd": math.sqrt(a.variance), "rmse": a.rmse, "error": a.standard_error}
                    row |= {"largest": float(a.estimates.max()), "claim": e.claim, "verdict": a.verdict}
                    rows.append([name, e.name, n, row])
                advance()
            write_text(json.dumps(rows), file)
        found |= {(joint_name, estimator, n): row for joint_name, estimator, n, row in rows}
    return found


def verdicts(found: Found) -> Table:
    """What became of each claimed bound."""
    rows = []
    for e in ESTIMATORS:
        for joint in dict.fromkeys(key[0] for key in found):
            if e.claim is None:
                continue
            cells = []
            for n in SIZES:
                row = found[joint, e.name, n]
                by = f" by {abs(row['bias']):.2g}" if row["verdict"] == "broken" else ""
                cells.append(f"{row['verdict']}{by}")
            rows.append((e.name, e.claim, joint, *cells))
    return Table(
        "Claimed bounds on the mean, and the audit's verdicts",
        ("estimator", "claimed bound", "joint", *(f"n = {n}" for n in SIZES)),
        tuple(rows),
        "Broken: the mean lies beyond I(X;Y) by more than five standard errors; by how much, in nats. Estimators "
        "that claim no bound are in the tables below. In the sparse joint most pairs of letters are impossible: the "
        "best critic is -inf there, and without its floor of -20 the means of DV and of leave-one-out would be +inf.",
    )


def broken(found: Found, worlds: dict[str, tx.Joint], exact: Table) -> Table:
    """The claims that do not stand, a row each; those that only an exact mean breaks are named below."""
    rows: list[tuple[Cell, ...]] = []
    for e in ESTIMATORS:
        at = [
            (joint, n, row) for (joint, name, n), row in found.items() if name == e.name and row["verdict"] == "broken"
        ]
        if at:
            joint, n, row = max(at, key=lambda found: abs(found[2]["bias"]))
            floor = e.family == "critic" or e.name == "leave-one-out"
            floored = floor and bool((worlds[joint].table == 0).any())
            rows.append((e.name, e.claim, len(at), joint, n, row["bias"], abs(row["bias"]) / row["error"],
                         f"yes: log 0 is taken as {-FLOOR:g}" if floored else "no"))  # fmt: skip
    standing = [e.name for e in ESTIMATORS if e.claim and not any(row[0] == e.name for row in rows)]
    by_exact = sorted({str(row[0]) for row in exact.rows if str(row[0]).startswith("E[DV]") and float(row[-1]) > 1e-9})  # type: ignore[arg-type]
    more = f" Broken by an exact mean whatever samples show: {'; '.join(by_exact)} ({exact.title})." if by_exact else ""
    return Table(
        "Claimed bounds that are broken",
        (
            "estimator",
            "claims a bound from",
            "cases",
            "worst on",
            "at n",
            "by, nats",
            "standard errors",
            "rests on a floor",
        ),
        tuple((name, "below" if claim == "lower" else "above", *rest) for name, claim, *rest in rows),
        f"A case is a joint and a size. By five standard errors not broken in this run: {'; '.join(standing)}.{more}",
    )


def by_size(found: Found, what: str, title: str, note: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for joint in dict.fromkeys(key[0] for key in found):
        for e in ESTIMATORS:
            rows.append((joint, e.name, e.claim or "none", *(found[joint, e.name, n][what] for n in SIZES)))  # noqa: PERF401
    return Table(
        title[0].upper() + title[1:],
        ("joint", "estimator", "claimed bound", *(f"n = {n}" for n in SIZES)),
        tuple(rows),
        note,
    )


def count_bias(found: Found, worlds: dict[str, tx.Joint]) -> Table:
    """The first-order bias, the exact one, the measured one; and what Miller and Madow leave of it."""
    rows: list[tuple[Cell, ...]] = []
    for name, joint in worlds.items():
        p, truth = joint.to_float().table, float(tx.mutual_information(joint, *joint.axes))
        margins = (p.sum(axis=1), p.sum(axis=0))
        for n in SIZES:
            exact = [sum(m.mean(q, n) for q in margins) - m.mean(p, n) - truth for m in (plug_in, miller_madow)]
            row = found[name, "plug-in", n]
            off = (row["bias"] - exact[0]) / row["error"]
            rows.append((name, n, plug_in.first_order_bias(p, n), exact[0], row["bias"], off, exact[1]))
    return Table(
        "The plug-in information's bias, and what Miller and Madow leave of it",
        (
            "joint",
            "n",
            "first order (nats)",
            "exact (nats)",
            "measured (nats)",
            "measured - exact (standard errors)",
            "Miller-Madow, exact (nats)",
        ),
        tuple(rows),
        "First order: (K_XY - K_X - K_Y + 1)/(2n), which is (|X|-1)(|Y|-1)/(2n) if all pairs are possible. Exact: "
        "sums over binomial counts. The first order rules once n p(x, y) is large in every possible cell, and not "
        "before.",
    )


def theory(full: bool) -> Table:
    """Theorems about these estimators, held against exact means and against each other."""
    rows: list[tuple[Cell, ...]] = []
    name = "binary symmetric, 1/10"
    joint = joints()[name]
    p, truth = joint.to_float().table, float(tx.mutual_information(joint, "X", "Y"))
    t = best(p)
    for n in (10, 30, 60) if full else (10, 30):
        for says, value in (
            ("E[NWJ], best critic, all pairs, is I", lambda c: nwj.held_out(1 + t, c)),
            ("E[DV], best critic, all pairs, exceeds I", lambda c: donsker_varadhan.held_out(t, c)),
            ("E[InfoNCE], best critic, K = n, is below I", lambda c: info_nce.of_counts(t, c)),
        ):
            mean = expectation(value, p, n)
            rows.append((says, name, n, "exact", truth, mean, mean - truth))
    for name, joint in joints().items():
        p = joint.to_float()
        own, plain = (next(e for e in ESTIMATORS if e.name == which) for which in (OWN, "plug-in"))
        a, b = (tx.audit.estimator(e.make(p.table), p, 100, trials(own, full), SEED) for e in (plain, own))
        says = "DV fitted to its own sample is the plug-in"
        rows.append((says, name, 100, "same samples", a.mean, b.mean, b.mean - a.mean))
    return Table(
        "Theory, checked",
        ("statement", "joint", "n", "means are", "I, or the plug-in's mean (nats)", "mean (nats)", "difference (nats)"),
        tuple(rows),
        "Exact: summed over all tables of counts. Ascent with 300 steps stops a little below the plug-in, its limit.",
    )


def ceilings(trials: int) -> tuple[Picture, Table]:
    """InfoNCE with the best critic, one batch of K, where I is large."""
    joint = sparse().to_float()
    truth = float(tx.mutual_information(sparse(), "X", "Y"))
    t = best(joint.table)
    audits = []
    for k in BATCHES:
        audits.append(  # noqa: PERF401
            tx.audit.estimator(
                lambda x, y, k=k: info_nce.in_batches(t, x, y, k),
                joint,
                k,
                trials,
                SEED,
                "lower",
                min(truth, math.log(k)),
            )
        )
    rows = tuple(
        (k, math.log(k), min(math.log(k), truth), a.mean, a.standard_error, float(a.estimates.max()), a.verdict)
        for k, a in zip(BATCHES, audits, strict=True)
    )
    table = Table(
        "InfoNCE's ceiling",
        (
            "K",
            "log K (nats)",
            "min(I, log K) (nats)",
            "mean (nats)",
            "standard error (nats)",
            "largest (nats)",
            "mean <= min(I, log K)",
        ),
        rows,
        f"Sparse, 24 x 24, I(X;Y) = {truth:.6f} nats, the best critic, {trials} batches of K. "
        "log K bounds each single estimate.",
    )
    figure = figures.ceiling(BATCHES, [a.mean for a in audits], [math.sqrt(a.variance) for a in audits], truth)
    caption = f"The sparse joint has {truth:.2f} nats. Batches of K cannot show more than log K, whatever the critic."
    return picture("InfoNCE cannot see more than log K", figure, caption), table


def family_picture(family: str, found: Found, truths: dict[str, float]) -> Picture:
    names = [e.name for e in ESTIMATORS if e.family == family]
    curves = {
        joint: {name: [(found[joint, name, n]["bias"], found[joint, name, n]["sd"]) for n in SIZES] for name in names}
        for joint in truths
    }
    caption = (
        "Bias with one standard deviation of a single estimate, by the number of samples; points are set side by side."
    )
    return picture(FAMILIES[family], figures.bias_by_size(SIZES, curves, truths), caption)
