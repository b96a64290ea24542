"""The section of the report: tables, figures and claims of Appendix H."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import therml_exact as tx
from validation.appendix_h import rules
from validation.appendix_h.rules import MARGIN, NEAR
from validation.by_hand import entropy, information, of_table, same
from validation.section import Section, Start, Table

if TYPE_CHECKING:
    from validation.appendix_h.assessment import Assessed
    from validation.appendix_h.claims import Overfit
    from validation.appendix_h.experiment import Results

TITLE = "Appendix H: the paper's objectives, trained, against the certified frontier"


def section(full: bool, folder: Path, start: Start) -> Section:
    """Train and judge: on the infinite data alone from 4 starts, or with 5 samples of 50 from 8 starts."""
    absent = [name for name in ("jax", "optax") if importlib.util.find_spec(name) is None]
    if absent:
        return Section(
            TITLE, "", missing=(f"{' and '.join(absent)} not installed: pip install 'therml_exact[validation]'",)
        )
    from validation.appendix_h.experiment import run

    return report(run(range(5 if full else 0), 8 if full else 4, folder, start, longer=full), full)


def report(results: Results, full: bool) -> Section:
    """A run as a section."""
    from validation.appendix_h.claims import claims, overfits
    from validation.appendix_h.figures import pictures

    rows = overfits(results)
    missing = () if full else ("Appendix H on samples of 50, four more restarts, and twice the steps: the full mode",)
    return Section(
        TITLE,
        _text(results),
        (
            _data(results),
            *(_loop(models) for models in results.models[:2]),
            *(_distance(models) for models in results.models[:2]),
            _with_s(results),
            _reasons(results),
            *([_overfitting(rows, len(results.samples))] if rows else []),
        ),
        pictures(results),
        claims(results, rows),
        missing,
        failures(results),
    )


def failures(results: Results) -> tuple[str, ...]:
    """Models below the certified frontier, and VIBs and beta-VAEs on infinite data that are far above it."""
    found: list[str] = []
    for a in (a for models in results.models for a in models):
        told = f"{a.objective.name} on {a.data} data lies below the certified frontier"
        impossible = "impossible" in (a.location.verdict, a.whole.verdict)
        found += rules.possible.failures(told, impossible=impossible, excess=a.excess[1])
    for a in results.models[0]:
        rho, delta, gamma = a.objective.weights[:3]
        if rho == 1 and a.objective.sigma == 0 and (delta == 0 or gamma == 0):
            told = f"{a.objective.name} on infinite data is {a.excess[1]:.3g} nats above the certified minimum"
            found += rules.trained_well.failures(told, excess=a.excess[1])
    joint, p = results.frontier.problem.p_xy, of_table(results.truth)
    for name, ours, by_hand in (
        ("H(x)", tx.entropy(joint, "X"), entropy(*p, ["X"])),
        ("H(bit)", tx.entropy(joint, "Y"), entropy(*p, ["Y"])),
        ("I(x; bit)", tx.mutual_information(joint, "X", "Y"), information(*p, ["X"], ["Y"])),
    ):
        found += same.failures(f"{name} = {float(ours)!r}, by hand {by_hand!r}", difference=float(ours) - by_hand)
    return tuple(found)


def _text(results: Results) -> str:
    from validation.appendix_h.data import EXAMPLES

    return (
        "A bit, a normal variable that depends on it, 30 bins; a model of 184 parameters with 30 codes. Each objective "
        f"rho R + delta D + gamma C + sigma S/N, N = {EXAMPLES}, is trained for {results.steps:,} steps of Adam from "
        f"{results.restarts} starts, on the true p(x, y) and on {len(results.samples)} samples of {EXAMPLES}; the one "
        "that ends lowest on its own training data is kept.\n\n"
        "R, C and D are exact values of the trained tables on the true p(x, y), per sample. The excess is the "
        "objective without its S term above the certified minimum over all encoders, from both sides; for an objective "
        "with S that is the price of S too, and a table of its own bounds the whole of it. The distance is how far all "
        "trained coordinates could be lowered at once.\n\n"
        "S is the divergence of the encoder's 60 log-normal weights from independent log N(-1/2, 1), in closed form; "
        "the paper names no prior, and the log-uniform one of its source has no integral. R, C and D of a noisy "
        "encoder are those of a finite rule, Theta uniform on 32 encoders; the column of errors says how far the "
        "limit may be.\n\n"
        "What is our choice, since the paper leaves it open: the multipliers of Figures 6 to 9 (only Figure 10's are "
        "printed); positions x_j = z_j = j/15 where the paper says one-hot, of which its formula with one w and b for "
        "each code can make nothing; weights of the classifier by label; a decoder by code or by letter, both trained; "
        "means, widths and bins of the data; the hand-crafted model of Figure 5, whose tables the paper does not give; "
        "the prior of S; the optimiser, its rates and starts. Trained numbers are measured under these choices, and "
        "refute nothing; what is certified is said to be."
    )


def _data(results: Results) -> Table:
    from validation.appendix_h.data import information

    joint = results.frontier.problem.p_xy
    middle, radius = information(results.truth)
    h_x, h_y, i = (tx.entropy(joint, "X"), tx.entropy(joint, "Y"), tx.mutual_information(joint, "X", "Y"))
    return Table(
        "The toy data (nats)",
        ("quantity", "value"),
        (
            ("I(x; bit)", i),
            ("I(x; bit) - 0.5, middle of the ball", middle),
            ("its radius", radius),
            ("H(x)", h_x),
            ("H(bit)", h_y),
            ("H(bit|x)", tx.entropy(joint, "Y", given="X")),
            ("gamma_c: below it no code pays (a ratio)", results.frontier.gamma_c),
            *(
                (f"I(x; bit) of sample {k}", tx.mutual_information(tx.Joint(p, ("X", "Y")), "X", "Y"))
                for k, p in enumerate(results.samples)
            ),
        ),
        "Normals of width 1 at -m and +m, m solved for; 30 bins of [-4, 4], the outer two with the tails.",
    )


def _loop(models: Sequence[Assessed]) -> Table:
    where = models[0].data
    exact = "exact on the true p(x, y)"
    rows = []
    for a in models:
        trained = [w > 0 for w in a.objective.weights[:3]]
        said = [a.loop[n] if t else None for n, t in zip("RDC", trained, strict=True)]
        on_train = [a.train[n] if t else None for n, t in zip("RDC", trained, strict=True)]
        star = "".join(n for n, t in zip("RDC", trained, strict=True) if not t)
        rows.append((a.objective.figure, a.objective.name, *said, a.loop["S"], *on_train, *(a.true[n] for n in "RDC"),
                     a.true["S"], max(a.error.values()), a.blur, star))  # fmt: skip
    return Table(
        f"What the training loop said, and what is so: {where} data (nats)",
        ("figure", "objective", *(f"loop {n}" for n in "RDCS"), *(f"train {n}" for n in "RDC"),
         *(f"true {n}" for n in "RDC"), "S", "error of R, D, C", "H(Z|X)", "computed, not trained"),
        tuple(rows),
        f"loop: mean of the last twentieth of the steps; train: exact on the training data; true: {exact}; error: the "
        "standard error of the finite rule of the noise.",
    )  # fmt: skip


def _distance(models: Sequence[Assessed]) -> Table:
    rows = []
    for a in models:
        norm = sum(a.objective.weights[:3])
        rows.append((a.objective.figure, a.objective.name, a.location.verdict, *a.location.suboptimal,
                     a.whole.verdict, *a.excess, a.excess[1] / norm,
                     a.train_excess[1]))  # fmt: skip
    return Table(
        f"Certified distance to the frontier: {models[0].data} data (nats)",
        ("figure", "objective", "trained coordinates", "distance from", "to", "(R, D, C)", "excess from", "to",
         "excess/(rho + delta + gamma)", "excess on the training data"),
        tuple(rows),
        "distance: max norm, of the coordinates that are trained; excess: of rho R + delta D + gamma C over its "
        "certified minimum on the true p(x, y), and on the training data.",
    )  # fmt: skip


def _with_s(results: Results) -> Table:
    from validation.appendix_h.assessment import cost
    from validation.appendix_h.bounds import between
    from validation.appendix_h.data import EXAMPLES

    rows = []
    for k, o in enumerate(o for o in results.models[0] if o.objective.sigma):
        found = between(results.truth, o.objective)
        values = []
        for models in results.models[:2]:
            a = [a for a in models if a.objective.sigma][k]
            values.append(cost(o.objective, a.true) + o.objective.sigma * a.true["S"] / EXAMPLES)
        values += [None] * (2 - len(values))
        pays = rules.decides(low=found.low, high=found.high)
        rows.append((o.objective.figure, o.objective.name, found.low, found.high, *values, pays))
    return Table(
        "The objectives with their S: at least this, at most that (nats per sample)",
        (
            "figure",
            "objective",
            "at least",
            "at most",
            "trained on infinite data",
            "trained on 50",
            "what this decides",
        ),
        tuple(rows),
        "at least: proved for every learning rule, any N and any encoder (bounds.py); at most: the best encoder "
        "without learning. The trained models' own values are on the true p(x, y), S in.",
    )


def _reasons(results: Results) -> Table:
    from validation.appendix_h.assessment import excess_over, functionals

    rows = []
    near = {a.objective.weights[:3] for a in results.models[0] if a.objective.sigma == 0 and a.excess[1] <= NEAR}
    for a in results.models[0]:
        o = a.objective
        free = results.free[o.weights[:3]][1]
        letter = None
        if o.name in results.by_letter:
            values = functionals(results.by_letter[o.name][0], results.truth, o)
            letter = excess_over(results.frontier.problem, o, values)[1]
        reason = rules.why(excess=a.excess[1], free=free, letter=letter, sigma=o.sigma, plain=o.weights[:3] in near)
        rows.append((o.name, a.excess[1], letter, free, float(max(results.spread[o.name])), reason))
    return Table(
        "Why a model is where it is: infinite data, excess over the certified minimum (nats)",
        ("objective", "decoder as printed", "decoder by letter", "free tables", "worst restart above best", "reason"),
        tuple(rows),
        f"Free tables: every entry a parameter, the same optimiser and steps, no S. Within {NEAR} nats is near.",
    )


def _overfitting(rows: Sequence[Overfit], samples: int) -> Table:
    return Table(
        f"Who overfits: means over {samples} sample{'s' * (samples > 1)} of 50 (nats)",
        ("objective", "decoder", "functional", "on the sample", "true", "overfits by", "standard error", "verdict"),
        tuple(
            (r.objective.name, r.decoder, r.name, r.train, r.true, r.by, r.error if samples > 1 else None, r.verdict)
            for r in rows
        ),
        "overfits by: the gap between truth and sample, less that of the model trained on the infinite data; overfits "
        f"if above {MARGIN:.2g} nats by two standard errors (claims.py says why).",
    )
