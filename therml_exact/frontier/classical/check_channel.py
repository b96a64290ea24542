"""verify for capacity: value <= max over p of I(X;Y) - beta E cost <= upper bound, in ball arithmetic (nats).

    sum_x p_x (D(W_x || q) - beta cost_x) <= max <= max_x (D(W_x || q) - beta cost_x),    q_y = sum_x p_x W_xy

The certificate holds the channel, the costs, beta, an input p (nonnegative numbers, divided by their sum) and the
bounds claimed. Tables of more than MOST_CELLS cells are refused before any work.

Errors: RefusedError for a claim that is not proved; what is malformed raises and is refused by the door.
Source: Gallager, Information Theory and Reliable Communication (1968), theorem 4.5.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from therml_exact.frontier.classical.check import check_head, read_beta
from therml_exact.frontier.problems.tables import read_exact_table, scaled_rows
from therml_exact.numbers.balls import ZERO, ball
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact
from therml_exact.verification import Clock, Proven, RefusedError, finite, require, told

FORMAT = "therml-exact/capacity"
FIELDS = {"multipliers", "value", "upper_bound", "tol", "input"}
MOST_CELLS = 4_000_000


def bounds(
    rows: Array, cost: Array, beta: Fraction, p: Sequence[Fraction], clock: Clock | None = None
) -> tuple[arb, arb]:
    """What the input achieves, and the bound of the maximum, as balls; all is exact, and p is divided by its sum.

    RefusedError is raised where a row that the input leaves out has a letter that the others never produce: the bound
    is then infinite.
    """
    total = sum(p, Fraction(0))
    weights = [ball(v / total) for v in p]
    columns = rows.T.tolist()
    reached = [sum((w * ball(v) for w, v in zip(weights, column, strict=True) if v != 0 and w != 0), ZERO)
               for column in columns]  # fmt: skip
    logs = [None if m == 0 else m.log() for m in reached]
    low, high = ZERO, None
    for x, row in enumerate(rows.tolist()):
        if clock is not None:
            clock.tick()
        gain = -ball(beta * cost[x])
        for v, log in zip(row, logs, strict=True):
            if v != 0:
                if log is None:
                    raise RefusedError(f"the input never produces a letter of row {x}; the bound is infinite")
                gain += ball(v) * (ball(v).log() - log)
        low += weights[x] * gain
        high = gain if high is None else high.max(gain)
    assert high is not None
    return low, high


def check_capacity(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """What a certificate of capacity proves."""
    described = check_head(content, FIELDS, "capacity", ("p_y_given_x", "cost"), problem, lambda p: p.describe())
    multipliers = content["multipliers"]
    rows, cost = read_exact_table(described["p_y_given_x"]), read_exact_table(described["cost"])
    require(rows.ndim == 2 and cost.shape == (len(rows),), "the tables do not fit each other")
    require(rows.size <= MOST_CELLS, f"the table has more than {MOST_CELLS:,} cells")
    require(all(v >= 0 for v in rows.reshape(-1).tolist()), "the channel has a negative entry")
    require(all(sum(row) > 0 for row in rows.tolist()), "a row of the channel is empty")
    require(all(v >= 0 for v in cost.tolist()), "a cost is negative")
    beta = read_beta(multipliers)
    p = [read_exact(text) for text in content["input"]]
    require(len(p) == len(rows) and all(v >= 0 for v in p) and sum(p) > 0, "the input is no distribution")
    low, high = bounds(scaled_rows(rows), cost, beta, p, clock)
    value, upper, tol = finite(content["value"]), finite(content["upper_bound"]), finite(content["tol"])
    require(bool(arb(value) <= low), f"the value {value!r} is not reached by the input")
    require(bool(arb(upper) >= high), f"the upper bound {upper!r} is not proved by the input")
    require(tol >= 0, f"the tolerance {tol!r} is negative")
    require(content["status"] == "open" or Fraction(upper) - Fraction(value) <= Fraction(tol),
            "certified, but the gap exceeds the tolerance")  # fmt: skip
    return Proven(None, None, f"capacity: {value!r} nats <= maximum <= {upper!r} nats", told(described, multipliers))
