"""The toy data of Appendix H, infinite p(x, y) and finite samples of it, and how exactly I(x; bit) = 0.5 nats is met.

    bit ~ Bernoulli(0.7),   h | bit ~ N(-m or +m, 1),   x = the bin of h,   y = bit

The paper fixes I(x; bit) = 0.5 nats and 30 equal bins, and leaves the means, the widths and the range of the bins open.
Here (tx.examples.appendix_h) both widths are 1, the means are -m and +m, and the bins divide [-4, 4], the outer two
taking the tails; m is what the condition then fixes. Its achieved value is enclosed by `information`, in ball
arithmetic on the exact binary values of the table's floats. Finite: 50 draws with a seed, as counts/50.

Errors: none of its own.
"""

from __future__ import annotations

import numpy as np
from flint import arb, ctx

import therml_exact as tx

EXAMPLES = 50
TARGET = 0.5  # nats


def infinite() -> np.ndarray:
    """p(x, y), floats of sum 1 up to rounding."""
    table = tx.examples.appendix_h(30, TARGET).table
    return np.asarray(table / table.sum())


def finite(seed: int) -> np.ndarray:
    """The empirical p(x, y) of 50 examples."""
    p = infinite()
    draws = np.random.default_rng([2018, seed]).multinomial(EXAMPLES, p.ravel())
    return draws.reshape(p.shape) / EXAMPLES


def information(p: np.ndarray, bits: int = 200) -> tuple[float, float]:
    """I(x; y) - 0.5 of the table divided by its exact sum: the middle and the radius of a ball, nats."""
    before = ctx.prec
    ctx.prec = bits
    try:
        cells = [[arb(float(v)) for v in row] for row in p]
        total = sum((v for row in cells for v in row), arb(0))
        x = [sum(row, arb(0)) for row in cells]
        y = [sum(column, arb(0)) for column in zip(*cells, strict=True)]
        terms = [v * (v * total / (x[i] * y[j])).log() for i, row in enumerate(cells) for j, v in enumerate(row)]
        ball = sum(terms, arb(0)) / total - arb(TARGET)
        return float(ball.mid()), float(ball.rad())
    finally:
        ctx.prec = before
