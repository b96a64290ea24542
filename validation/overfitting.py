"""Does S measure the risk of overfitting? The generalisation gap beside every bound, decided.

Random exact worlds of all kinds with random losses and priors: no bound whose hypotheses hold may be violated, with
tolerance zero. Each hypothesis is shown to be needed (necessity.py). Then the gap and its bounds along N, by types, and
along sigma for the paper's own Boltzmann rule (24), whose gap is sigma (I(Theta;T|Phi) + L(Theta;T|Phi))/N. A pair of
worlds in which the one with the smaller S has the larger gap tells what S is not. Informations in nats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact import type_rules
from therml_exact.examples import random_rows
from therml_exact.figures import style as plots
from validation.alone import alone
from validation.necessity import EXAMPLES, MISS
from validation.section import Section, Start, Table, picture
from validation.verdicts import check, rule

WORLDS = {False: 300, True: 10_000}
SEED = 0
SAMPLES = {False: (1, 2, 5, 10, 20), True: (1, 2, 5, 10, 20, 50, 100)}
SIGMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
VERDICTS = ("tight", "holds", "infinite", "undecided", "violated")
# Two processes that label a fair bit x by opposite maps, with noise.
PHI, X = [0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]]
Y = [[[0.9, 0.1], [0.2, 0.8]], [[0.2, 0.8], [0.9, 0.1]]]


def random_case(rng: np.random.Generator) -> tuple[tx.World, Any, Any]:
    """A random exact world with N = 1, 2 or 3, a loss of rationals or of logarithms, and a prior."""
    n = int(rng.integers(1, 4))
    kind = str(rng.choice(["P", "bayes", "discriminative"]))
    top = 4 if n == 1 else 3
    phi, x, y = (int(rng.choice(range(1, top), p=None if top == 3 else [0.2, 0.4, 0.4])) for _ in range(3))
    theta = int(rng.integers(2, 4))
    letters = (x,) if kind == "bayes" else (x, y)
    shapes = [(phi,), (phi, x), (phi, x, y), (*letters * n, theta), (x, theta, 2)]
    if kind == "bayes":
        shapes.pop(2)
    if kind != "P":
        shapes.pop()
    make = {"P": tx.WorldP, "bayes": tx.BayesWorld, "discriminative": tx.DiscriminativeWorld}[kind]
    world = make(*(random_rows(rng, shape, exact=True) for shape in shapes))
    size = (theta, *letters)
    cells = rng.integers(-9, 10, size=size)
    what = int(rng.integers(3))
    loss: Any = (cells > 0).astype(int)
    if what:
        loss = np.empty(size, dtype=object)
        for at in np.ndindex(*size):
            loss[at] = Fraction(int(cells[at]), 7) if what == 1 else tx.PrimeLog.log(int(abs(cells[at])) + 1)
    return world, loss, random_rows(rng, (theta,), exact=True)


@dataclass(frozen=True)
class Count:
    """How often each verdict was given to each bound, the factors of those that hold, and every failure in words."""

    worlds: int
    verdicts: dict[str, Counter[str]]
    factors: dict[str, list[float]]
    failures: tuple[str, ...]


def count(worlds: int, advance: Callable[[], None]) -> Count:
    """The verdicts on random worlds; a bound fails where it is violated, or where it is left undecided."""
    rng = np.random.default_rng(SEED)
    verdicts: dict[str, Counter[str]] = {bound.name: Counter() for bound in tx.GAP_BOUNDS}
    factors: dict[str, list[float]] = {bound.name: [] for bound in tx.GAP_BOUNDS}
    failures: list[str] = []
    for k in range(worlds):
        told = tx.generalization(*random_case(rng))
        for row in told.bounds:
            verdicts[row.name][row.verdict] += 1
            if told.gap and row.verdict in ("holds", "tight"):
                factors[row.name].append(row.factor)
            failures += bound_stands.failures(f"world {k}: {row}", verdict=row.verdict)
        advance()
    return Count(worlds, verdicts, factors, tuple(failures))


def reversed_pair() -> tuple[tx.Generalization, tx.PrimeLog, tx.Generalization, tx.PrimeLog]:
    """A rule that remembers the useless bit X, and one that remembers Y with noise 1/4: gap and S of both."""
    half = Fraction(1, 2)
    process = [1], [[half, half]], [[[half, half], [half, half]]]
    keeps_x = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    keeps_y = [[["3/4", "1/4"], ["1/4", "3/4"]]] * 2
    loss = [[[0, 1], [0, 1]], [[1, 0], [1, 0]]]
    found: list[Any] = []
    for learnt in (keeps_x, keeps_y):
        world = tx.DiscriminativeWorld(*process, learnt)
        found += [
            tx.generalization(world, loss, [half, half]),
            tx.functionals(world, tx.Variational(theta=[half, half])).S,
        ]
    return tuple(found)  # type: ignore[return-value]


def by_types(learner: str, n: int, sigma: float = 1.0) -> tx.Generalization:
    """The gap of a learner over the four maps X -> Y, with the 0-1 loss, by types."""
    maps = tx.encoders.deterministic(2, 2)
    errors = (1 - maps).astype(int)
    counts = tx.types(n, 4)
    flat = errors.reshape(4, 4)
    uniform = np.full(4, 0.25)
    rule = {
        "erm": lambda: type_rules.erm(counts, flat).astype(float),
        "gibbs": lambda: type_rules.gibbs(counts, flat, uniform, sigma),
    }[learner]()
    world = tx.WorldP.exchangeable(PHI, X, Y, n, rule, maps.astype(float))
    return tx.generalization(world, errors, uniform)


@rule(
    "overfitting: the risk",
    "corrected if no bound that takes S fails on 100 worlds or more, and a pair has the smaller S and a larger gap, by "
    "more than 1e-3",
    "both differences are exact numbers, far above that: S bounds the gap and does not order it",
)
def verdict_on_risk(violated: int, worlds: int, smaller_s: float, larger_gap: float) -> str:
    known = worlds >= 100 and violated == 0
    return "corrected" if known and smaller_s > 1e-3 and larger_gap > 1e-3 else "undecided"


@rule(
    "overfitting: what is kept",
    "corrected if I(T;Theta) - I(Theta;Phi) is I(Theta;T|Phi) within 1e-9 nats, and more than a tenth is about Phi",
    "1e-9 is the rounding of floats; what is about the process cannot overfit, and is what learning is for",
)
def verdict_on_information(off: float, share: float) -> str:
    return "corrected" if off <= 1e-9 and share > 0.1 else "undecided"


@check("overfitting: a bound", "holds or is tight where its hypotheses hold", "the numbers are exact: no tolerance")
def bound_stands(verdict: str) -> bool:
    return verdict not in ("violated", "undecided")


@check("overfitting: a hypothesis", "fails without it", "a hypothesis that is not needed would not be one")
def hypothesis_needed(fails: bool) -> bool:
    return fails


@check("overfitting: a fair bit", "Catoni's bound is tight", "a fair bit remembered is the textbook case of equality")
def tight_on_a_bit(verdict: str) -> bool:
    return verdict == "tight"


def random_part(found: Count) -> Table:
    rows = []
    for bound in tx.GAP_BOUNDS:
        factors = sorted(found.factors[bound.name])
        middle = factors[len(factors) // 2] if factors else None
        rows.append((bound.name, bound.statement, *(found.verdicts[bound.name][v] for v in VERDICTS), middle))
    heads = ("bound", "relation", *VERDICTS, "median of bound/|gap|")
    note = (
        "Medians are over worlds whose gap is not 0. The Gibbs identity applies to Gibbs rules alone, rare by chance."
    )
    return Table(f"{found.worlds:,} random exact worlds, N = 1, 2, 3", heads, tuple(rows), note)


def row_of(label: Any, told: tx.Generalization) -> tuple[Any, ...]:
    names = ("Xu-Raginsky", "Bu-Zou-Veeravalli", "Catoni, prior p(θ|φ)", "Catoni, given prior")
    return (
        label, float(told.gap), *(float(told[name].value) for name in names),
        float(told.I_data), float(told.I_process), float(told.I_excess),
    )  # fmt: skip


HEADS = (
    "gap (0-1 loss)", "Xu-Raginsky", "Bu-Zou-Veeravalli", "Catoni, prior p(θ|φ)", "Catoni, S",
    "I(Θ;T) (nats)", "I(Θ;Φ) (nats)", "I(Θ;T|Φ) (nats)",
)  # fmt: skip


def drawn(samples: tuple[int, ...], told: list[tx.Generalization]) -> Any:
    figure, (ax,) = plots.panels(1)
    ax.plot(samples, [t.gap for t in told], "k.-", label="gap")
    for name in ("Xu-Raginsky", "Bu-Zou-Veeravalli", "Catoni, given prior"):
        ax.plot(samples, [t[name].value for t in told], ".-", label=name)
    ax.set(xscale="log", yscale="log", xlabel="samples N", ylabel="0-1 loss", title="erm over four maps")
    ax.legend()
    return figure


def section(full: bool, folder: Path, start: Start) -> Section:
    """The generalisation gap beside its bounds: random worlds, hypotheses, curves, and the paper's sentences."""
    worlds, samples = WORLDS[full], SAMPLES[full]
    found = count(worlds, start("random worlds and losses", worlds))
    advance = start("curves", len(samples) + len(SIGMAS))
    erm, boltzmann = [], []
    for n in samples:
        erm.append(by_types("erm", n))
        advance()
    for sigma in SIGMAS:
        boltzmann.append(by_types("gibbs", samples[2], sigma))
        advance()
    useless, of_x, noisy, of_y = reversed_pair()
    exact = tx.generalization(tx.examples.fair_label(), MISS)
    needed = [(e.bound, e.hypothesis, e.world, *map(float, e.sides()), e.fails) for e in EXAMPLES]
    off = max(abs(float(t.I_data) - float(t.I_process) - float(t.I_excess)) for t in erm)
    share = float(erm[-1].I_process) / float(erm[-1].I_data)
    wrong = [text for t in (*erm, *boltzmann) for row in t.violated
             for text in bound_stands.failures(str(row), verdict=row.verdict)]  # fmt: skip
    given = sum(found.verdicts[b.name]["violated"] for b in tx.GAP_BOUNDS if "given prior" in b.name)
    failures = (
        *found.failures,
        *wrong,
        *(
            text
            for e in EXAMPLES
            for text in hypothesis_needed.failures(f"{e.bound} holds without: {e.hypothesis}", fails=e.fails)
        ),
        *tight_on_a_bit.failures("Catoni's bound on a fair bit", verdict=exact["Catoni, best prior"].verdict),
    )
    claims = (
        verdict_on_risk.claim(
            "Section 2.1.1",
            "S bounds the information between data and parameters, and so can measure the risk of overfitting",
            f"It bounds it: kl(training‖population) <= S/N, {given} violations in {worlds:,} exact worlds, tight for a "
            f"fair bit remembered. It does not order it: a rule that keeps a useless bit has S = {of_x} and gap "
            f"{useless.gap}, one that keeps the label with noise 1/4 has S = {float(of_y):.4f} and gap {noisy.gap}.",
            violated=given,
            worlds=worlds,
            smaller_s=float(of_x - of_y),
            larger_gap=float(noisy.gap - useless.gap),
        ),
        verdict_on_information.claim(
            "Section 2",
            "I(Θ;X^N,Y^N) should be minimised, which prevents overfitting",
            "What can overfit is I(Θ;T|Φ) = I(Θ;T) - I(Θ;Φ) alone, by the bound of Xu and Raginsky for each process. "
            f"Of what erm keeps at N = {samples[-1]}, {100 * share:.1f}% is about the process.",
            off=off,
            share=share,
        ),
    )
    return Section(
        "Generalisation: what S is for",
        "The generalisation gap of a learning rule on a finite world is an exact number, and so is every bound that "
        "the literature has for it: hypotheses and proofs stand at the head of bounds/gap_bounds.py.\n\n"
        "For the paper's own Boltzmann rule at temperature sigma the gap of its loss is exactly "
        "sigma (I(Θ;T|Φ) + L(Θ;T|Φ))/N, L the lautum information: hot rules keep little and have small gaps.",
        (
            random_part(found),
            Table(
                "Without a hypothesis", ("bound", "hypothesis that is dropped", "world", "left", "right", "fails"),
                tuple(needed), "The sides of the bound as it would read; exact numbers, shown as floats.",
            ),
            Table("erm over the four maps, along N", ("N", *HEADS), tuple(map(row_of, samples, erm))),
            Table(
                f"Gibbs rule over the four maps, N = {samples[2]}, along sigma", ("sigma", *HEADS, "(I + L) sigma/N"),
                tuple((*row_of(s, t), t["Gibbs identity"].value) for s, t in zip(SIGMAS, boltzmann, strict=True)),
            ),
        ),
        (picture("The gap and its bounds", drawn(samples, erm), "All fall with N; the bounds stay above the gap."),),
        claims,
        failures=failures,
    )  # fmt: skip


if __name__ == "__main__":
    alone(section)
