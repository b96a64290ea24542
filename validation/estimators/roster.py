"""The joints and the estimators that are held against each other.

Every estimator is a function of samples (x, y) made for one joint p[x, y]. Those from counts and those with a trained
critic know the alphabets only; a best critic is made of p; bounds with known tables know what their authors say is
known: H(Y), or p(y|x). What is trained sees the first half of the sample and is evaluated on the second, but for the
one on its own sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

import therml_exact as tx
from validation.estimators import (
    barber_agakov,
    chao_shen,
    critic,
    donsker_varadhan,
    grassberger,
    info_nce,
    jackknife,
    leave_one_out,
    miller_madow,
    nsb,
    nwj,
    plug_in,
)
from validation.estimators.contingency import Counts, Estimate, Samples, Table, count, halves, information

Claim = Literal["lower", "upper"] | None
Family = Literal["counts", "critic", "tables", "trained"]
BATCH = 8
OWN = "DV, on its own sample"


def sparse(letters: int = 24, stray: Fraction = Fraction(1, 10)) -> tx.Joint:
    """X uniform, Y = X or, with probability `stray`, the next letter: I = log 24 - h(1/10), most pairs impossible."""
    cells = np.full((letters, letters), Fraction(0), dtype=object)
    for x in range(letters):
        cells[x, x] = (1 - stray) / letters
        cells[x, (x + 1) % letters] = stray / letters
    return tx.Joint(cells, ("X", "Y"))


def joints() -> dict[str, tx.Joint]:
    return {
        "independent, 4 x 4": tx.Joint(np.full((4, 4), Fraction(1, 16), dtype=object), ("X", "Y")),
        "binary symmetric, 1/10": tx.examples.binary_symmetric(),
        "hair and eye, 4 x 4": tx.examples.hair_eye().marginal(["Hair", "Eye"]),
        "Appendix H, 30 x 2": tx.examples.appendix_h(),
        "sparse, 24 x 24": sparse(),
    }


@dataclass(frozen=True)
class Estimator:
    """A name, a family (one picture each), the bound claimed for its mean, and how it is made for p[x, y]."""

    name: str
    family: Family
    claim: Claim
    make: Callable[[Table], Estimate]


def _entropies(name: str, entropy: Callable[[Counts], float]) -> Estimator:
    """Three entropies of the sample."""
    return Estimator(name, "counts", None, lambda p: lambda x, y: information(entropy, count(x, y, p.shape)))


def _known(
    name: str, family: Family, claim: Claim, known: Callable[[Table], Table], value: Callable[[Table, Counts], float]
) -> Estimator:
    """Something known of p, and the counts of the sample."""

    def make(p: Table) -> Estimate:
        table = known(p)
        return lambda x, y: value(table, count(x, y, p.shape))

    return Estimator(name, family, claim, make)


def _fitted(
    name: str, claim: Claim, known: Callable[[Table], Table], value: Callable[[Table, Counts, Counts], float]
) -> Estimator:
    """Something known of p, something fitted to the training half, and the counts of the test half."""

    def make(p: Table) -> Estimate:
        table = known(p)
        return lambda x, y: value(table, *halves(x, y, p.shape))

    return Estimator(name, "tables", claim, make)


def _trained(name: str, fit: Callable[[Counts], Table], value: Callable[[Table, Counts], float]) -> Estimator:
    """A critic of the training half on the test half."""

    def make(p: Table) -> Estimate:
        def estimate(x: Samples, y: Samples) -> float:
            train, test = halves(x, y, p.shape)
            return value(fit(train), test)

        return estimate

    return Estimator(name, "trained", "lower", make)


def conditional(p: Table) -> Table:
    """p(y|x), the encoder that some methods know."""
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _shuffled(p: Table) -> Estimate:
    t = critic.best(p)
    return lambda x, y: donsker_varadhan.one_shuffle(t, x, y)


def _batches(p: Table) -> Estimate:
    t = critic.best(p)
    return lambda x, y: info_nce.in_batches(t, x, y, BATCH)


ESTIMATORS: tuple[Estimator, ...] = (
    _entropies("plug-in", plug_in.entropy),
    _entropies("Miller-Madow", miller_madow.entropy),
    _entropies("Chao-Shen", chao_shen.entropy),
    _entropies("Grassberger", grassberger.entropy),
    _entropies("jackknife", jackknife.entropy),
    _entropies("NSB", nsb.entropy),
    _known("DV, best critic, all pairs", "critic", "lower", critic.best, donsker_varadhan.held_out),
    Estimator("DV, best critic, one shuffle", "critic", "lower", _shuffled),
    _known("NWJ, best critic, all pairs", "critic", "lower", lambda p: 1 + critic.best(p), nwj.held_out),
    _known("InfoNCE, best critic, K = n", "critic", "lower", critic.best, info_nce.of_counts),
    Estimator(f"InfoNCE, best critic, K = {BATCH}", "critic", "lower", _batches),
    _fitted("Barber-Agakov: H(Y) - C", "lower", lambda p: p.sum(axis=0), barber_agakov.lower),
    _fitted("Barber-Agakov: R", "upper", conditional, barber_agakov.upper),
    _known("leave-one-out", "tables", "upper", conditional, leave_one_out.of_counts),
    _trained("MINE", partial(donsker_varadhan.mine, keep=0.0), donsker_varadhan.held_out),
    _trained("MINE, moving average", partial(donsker_varadhan.mine, keep=0.9), donsker_varadhan.held_out),
    _trained("NWJ", nwj.fit, nwj.held_out),
    _trained("InfoNCE", info_nce.fit, info_nce.of_counts),
    Estimator(OWN, "trained", "lower", lambda p: lambda x, y: donsker_varadhan.own_sample(count(x, y, p.shape))),
)
