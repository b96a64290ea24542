"""Curves of rate-distortion and capacities, certified to 1e-9, against plain alternating minimisation to 1e-6.

The peers are written here as a textbook has them (Arimoto 1972; Blahut 1972), in NumPy, stopped by the same bound of
the gap. Tables are random; the betas of a curve run from 2^-3 to 2^6 over the largest distortion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

import therml_exact as tx
from therml_exact.numbers.tables import Array
from validation.benchmarks.timing import Row, alternate, judge

PLAIN = 1e-6  # nats
STEPS = 1_000_000
BETAS = [2.0**k for k in range(-3, 7)]


def rows(short: bool = False) -> Iterator[Row]:
    """One row for each size."""
    for size in ((3, 3), (10, 10)) if short else ((3, 3), (10, 10), (30, 30)):
        rng = np.random.default_rng(size)
        p, d = rng.dirichlet(np.ones(size[0])), rng.random(size)

        def ours(p: Array = p, d: Array = d) -> None:
            for beta in BETAS:
                assert tx.rate_distortion(p, d, beta).status == "certified"

        def plain(p: Array = p, d: Array = d) -> None:
            for beta in BETAS:
                blahut(p, d, beta)

        rounds = 3 if short else 2001
        yield _row("rate-distortion curve", size, ours, plain, rounds)
        channel = rng.dirichlet(np.ones(size[1]), size=size[0])
        yield _row("capacity", size, lambda w=channel: tx.capacity(w), lambda w=channel: arimoto(w), rounds)


def _row(kernel: str, size: tuple[int, int], ours, plain, rounds: int) -> Row:  # type: ignore[no-untyped-def]
    mine, other = alternate(ours, plain, rounds=rounds)
    return judge(
        kernel, "x".join(map(str, size)), "alternating minimisation to 1e-6", mine, other, other / mine, ">=", 1
    )


def blahut(p: Array, d: Array, beta: float) -> Array:
    """Blahut's algorithm, until the bound of its gap is at most PLAIN."""
    atoms, q = np.exp(-beta * d), np.full(d.shape[1], 1 / d.shape[1])
    for _ in range(STEPS):
        c = atoms.T @ (p / (atoms @ q))
        if math.log(c.max()) <= PLAIN:
            break
        q = q * c
    return q


def arimoto(w: Array) -> Array:
    """Arimoto's algorithm, until the bound of its gap is at most PLAIN."""
    p = np.full(len(w), 1 / len(w))
    own = np.where(w > 0, w * np.log(np.where(w > 0, w, 1)), 0).sum(axis=1)
    for _ in range(STEPS):
        gains = own - w @ np.log(p @ w)
        if gains.max() - p @ gains <= PLAIN:
            break
        p = p * np.exp(gains)
        p = p / p.sum()
    return p
