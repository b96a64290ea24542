"""verify for rate-distortion: value >= min over q of -sum_x p_x log m_x >= lower bound, in ball arithmetic (nats).

    m_x = sum_z q_z exp(-beta d(x,z)),   c_z = sum_x p_x exp(-beta d(x,z)) / m_x
    F(q) - log max_z c_z <= min <= F(q) = -sum_x p_x log m_x

The certificate holds the problem's tables, beta, q (any numbers that are positive somewhere for every x; they are
divided by their sum), and the bounds claimed. The cost is |X| |Z| exponentials; tables of more than MOST_CELLS cells
are refused before any work.

Errors: RefusedError for a claim that is not proved; what is malformed raises and is refused by the door.
Source: Csiszar, IEEE Trans. Inf. Theory 20 (1974) 122.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from flint import arb

from therml_exact.frontier.classical.check import BOUNDS, check_head, read_beta
from therml_exact.frontier.problems.tables import distribution, read_exact_table
from therml_exact.numbers.balls import ZERO, ball
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact
from therml_exact.verification import Clock, Proven, bracketed, finite, require, told

FORMAT = "therml-exact/rate-distortion"
FIELDS = {"multipliers", "q", *BOUNDS}
MOST_CELLS = 4_000_000


class Likelihoods(NamedTuple):
    """p_x, m_x and c_z as balls."""

    p: list[arb]
    m: list[arb]
    c: list[arb]


def likelihoods(p: Array, d: Array, beta: Fraction, q: Sequence[Fraction], clock: Clock | None = None) -> Likelihoods:
    """The balls of p_x and m_x, for letters with p_x > 0, and of c_z; all is exact, and q is divided by its sum."""
    total = sum(q, Fraction(0))
    weights = [ball(v / total) for v in q]
    masses, m, c = [], [], [ZERO] * len(q)
    for x, mass in enumerate(p.tolist()):
        if clock is not None:
            clock.tick()
        if mass == 0:
            continue
        row = [(-ball(beta * v)).exp() for v in d[x].tolist()]
        reached = sum((w * a for w, a in zip(weights, row, strict=True) if w != 0), ZERO)
        masses.append(ball(mass))
        m.append(reached)
        c = [old + masses[-1] * a / reached for old, a in zip(c, row, strict=True)]
    return Likelihoods(masses, m, c)


def bounds(at: Likelihoods) -> tuple[arb, arb]:
    """The lower and the upper bound of the minimum, as balls that enclose them."""
    high = -sum((p * m.log() for p, m in zip(at.p, at.m, strict=True)), ZERO)
    largest = at.c[0]
    for c in at.c[1:]:
        largest = largest.max(c)
    return high - largest.log(), high


def check_rate_distortion(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """What a certificate of rate-distortion proves."""
    described = check_head(content, FIELDS, "rate distortion", ("p_x", "distortion"), problem, lambda p: p.describe())
    multipliers = content["multipliers"]
    p, d = read_exact_table(described["p_x"]), read_exact_table(described["distortion"])
    require(p.ndim == 1 and d.ndim == 2 and d.shape[0] == len(p), "the tables do not fit each other")
    require(d.size <= MOST_CELLS, f"the table has more than {MOST_CELLS:,} cells")
    require(all(v >= 0 for v in p.tolist()) and sum(p.tolist()) > 0, "p_x has a negative entry, or none")
    require(all(v >= 0 for v in d.reshape(-1).tolist()), "the distortion has a negative entry")
    beta = read_beta(multipliers)
    q = [read_exact(text) for text in content["q"]]
    require(len(q) == d.shape[1] and all(v >= 0 for v in q) and sum(q) > 0, "q is no distribution of the reproductions")
    low, high = bounds(likelihoods(distribution(p), d, beta, q, clock))
    value, lower, tol = finite(content["value"]), finite(content["lower_bound"]), finite(content["tol"])
    require(bool(arb(value) >= high), f"the value {value!r} is not reached by q")
    require(lower <= 0 or bool(arb(lower) <= low), f"the lower bound {lower!r} is not proved by q")
    bracketed(value, lower, content["status"], tol)
    return Proven(value, lower, "rate-distortion: bounded from both sides by the reproductions' distribution",
                  told(described, multipliers))  # fmt: skip
