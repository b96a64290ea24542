"""infomeasure: its discrete estimators against ours on the same samples, and both against the truth.

What differs, and why (each shown by a row that computes its formula anew):

- grassberger adds (-1)^c/(c + 1) to psi(c); the bias for Poisson counts is smaller with (-1)^c/(c (c + 1)), and smaller
  still with ours, of 2003. The exact biases of all three stand beside it (sums over binomial counts).
- nsb differs from the definition in two places of its file estimators/entropy/nsb.py: the evidence weights
  log Gamma(c_k + b)/Gamma(b) by c_k once more, and the integral over the concentration b ends at log K, which is
  the end of the range of xi(b), not of b. The definition with these two changes gives its numbers.
- nsb and ours count different alphabets: it takes the letters seen for K, ours those that could occur; the same
  K is used for both here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
from scipy.integrate import quad
from scipy.special import digamma, entr, gammaln, polygamma
from scipy.stats import binom

import therml_exact as tx
from validation.estimators import chao_shen, grassberger, miller_madow, nsb, plug_in
from validation.estimators.contingency import Counts, count, information
from validation.estimators.roster import sparse
from validation.peers.cpu import alternate
from validation.section import Cell

COLUMNS = (
    "estimator",
    "of",
    "sample",
    "truth (nats)",
    "ours (nats)",
    "peer (nats)",
    "peer - ours (nats)",
    "its formula, by us - peer (nats)",
    "ours, CPU ms",
    "peer, CPU ms",
    "peer / ours",
    "why they differ",
)
SIZE = 100
OTHERS = ("ansb", "bonachela", "chao_wang_jost", "shrink", "zhang")


def seen(entropy: Callable[[Counts], float]) -> Callable[[Counts], float]:
    """With the letters seen as the alphabet."""
    return lambda c: entropy(c[c > 0])


def grassberger_as_theirs(counts: Counts) -> float:
    c = counts[counts > 0]
    return float((c * (np.log(c.sum()) - digamma(c) - (-1.0) ** c / (c + 1))).sum() / c.sum())


def grassberger_bias(exact: tx.Joint, n: int, what: str) -> str:
    """Exact biases of H(X) or I(X;Y) with its term, with the term divided by c, and with ours."""
    c = np.arange(1, n + 1)
    sign = (-1.0) ** c
    terms = (
        digamma(c) + sign / (c + 1),
        digamma(c) + sign / (c * (c + 1)),
        digamma(c) + sign * (digamma((c + 1) / 2) - digamma(c / 2)) / 2,
    )
    p = exact.to_float().table

    def bias(q: np.ndarray, g: np.ndarray) -> float:
        q = q.reshape(-1)
        return float(np.log(n) - (binom.pmf(c, n, q[:, None]) @ (c * g)).sum() / n - entr(q).sum())

    found = [bias(p.sum(axis=1), g) if what == "H(X)" else information(lambda q, g=g: bias(q, g), p) for g in terms]
    return f"exact bias {found[0]:+.2g} with its (-1)^c/(c + 1), {found[1]:+.2g} with that over c, {found[2]:+.2g} ours"


def nsb_as_theirs(counts: Counts) -> float:
    """The two changes: c_k times each logarithm, and 0 < b < log K."""
    c = counts[counts > 0]
    k, n = len(c), int(c.sum())
    if n == k:
        return math.nan

    def log_rho(b: float) -> float:
        return float(gammaln(k * b) - gammaln(n + k * b) + (c * (gammaln(c + b) - gammaln(b))).sum())

    def mean(b: float) -> float:
        return float(digamma(n + k * b + 1) - ((c + b) / (n + k * b) * digamma(c + b + 1)).sum())

    top = max(log_rho(b) for b in np.linspace(1e-3, math.log(k), 200))

    def weight(b: float) -> float:
        return math.exp(log_rho(b) - top) * float(k * polygamma(1, 1 + k * b) - polygamma(1, 1 + b))

    above, _ = quad(lambda b: weight(b) * mean(b), 0, math.log(k), limit=200)
    below, _ = quad(weight, 0, math.log(k), limit=200)
    return above / below


SAME: dict[str, tuple[Callable[[Counts], float], Callable[[Counts], float], str]] = {
    "discrete": (plug_in.entropy, plug_in.entropy, "rounding"),
    "miller_madow": (miller_madow.entropy, miller_madow.entropy, "rounding"),
    "chao_shen": (chao_shen.entropy, chao_shen.entropy, "rounding"),
    "grassberger": (grassberger.entropy, grassberger_as_theirs, "another alternating term"),
    "nsb": (
        seen(nsb.entropy),
        nsb_as_theirs,
        "its evidence counts each letter c_k times more and its integral ends at b = log K: not the definition",
    ),
}


def samples(n: int) -> dict[str, tuple[tx.Joint, np.ndarray, np.ndarray]]:
    """The joint, x and y of each sample."""
    joints = {"hair, eye": tx.examples.hair_eye().marginal(["Hair", "Eye"]), "sparse": sparse()}
    found = {}
    for name, exact in joints.items():
        p = exact.to_float().table
        drawn = np.random.default_rng(3).choice(p.size, size=n, p=p.reshape(-1) / p.sum())
        found[f"{name}, n = {n}"] = (exact, *np.unravel_index(drawn, p.shape))
    return found


def estimates(infomeasure: ModuleType) -> Iterator[tuple[Cell, ...]]:
    for where, sample in samples(SIZE).items():
        for name in SAME:
            for what in ("H(X)", "I(X;Y)"):
                yield same(infomeasure, name, what, where, *sample)
        for name in OTHERS:
            for what in ("H(X)", "I(X;Y)"):
                _, x, y = sample
                with warned() as said:
                    found = theirs(infomeasure, name, what, x, y)
                cells = (name, what, where, truth(sample[0], what), None, found if math.isfinite(found) else None)
                why = "none of ours" + (f"; it warns: {said[0]}" if said else "")
                yield *cells, None, None, None, None, None, why


@contextmanager
def warned() -> Iterator[list[str]]:
    """What infomeasure warns of meanwhile, such as an estimator outside its stated range; not printed, but told."""
    said: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split())[:160])

    logger, handler = logging.getLogger("infomeasure"), Kept(logging.WARNING)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def truth(exact: tx.Joint, what: str) -> float:
    a, b = exact.axes
    return float(tx.entropy(exact, a) if what == "H(X)" else tx.mutual_information(exact, a, b))


def theirs(infomeasure: ModuleType, name: str, what: str, x: np.ndarray, y: np.ndarray) -> float:
    if what == "H(X)":
        return float(infomeasure.entropy(x, approach=name, base="e"))
    return float(infomeasure.mutual_information(x, y, approach=name, base="e"))


def same(
    infomeasure: ModuleType, name: str, what: str, where: str, exact: tx.Joint, x: np.ndarray, y: np.ndarray
) -> tuple[Cell, ...]:
    """A row of an estimator that both have."""
    mine, formula, why = SAME[name]

    def ours(f: Callable[[Counts], float] = mine) -> float:
        c = count(x, y, exact.shape)
        return f(c.sum(axis=1)) if what == "H(X)" else information(f, c)

    value, other = ours(), theirs(infomeasure, name, what, x, y)
    times = alternate(ours, lambda: theirs(infomeasure, name, what, x, y), budget=0.15)
    if abs(other - value) <= 1e-12:
        why = "equal"
    elif name == "grassberger":
        why = grassberger_bias(exact, SIZE, what)
    cells = (name, what, where, truth(exact, what), value, other, other - value, ours(formula) - other)
    return *cells, *times, times[1] / times[0], why
