r"""Capacity of a channel with a cost: the greatest I(X;Y) - beta E cost(X) over inputs p(x) (nats).

    max_p  sum_x p_x (D(W_x || q) - beta cost_x),    q_y = sum_x p_x W_xy

For every q, and so for the one that p makes (Kuhn-Tucker; Gallager 1968, theorem 4.5.1),

    max_p <= max_x (D(W_x || q) - beta cost_x).

At beta = 0 this is the capacity; along beta the pairs (E cost, I) are the
capacity-cost curve: C(cost) <= max + beta cost.

Shapes: p_y_given_x[x, y], cost[x], input[x]. Units: nats; beta is in nats per unit of cost.
Errors: ValueError for tables that do not fit, rows that are no distribution, a beta that is negative or not finite.
Source: Arimoto, IEEE Trans. Inf. Theory 18 (1972) 14; Blahut, ibid. 460.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact import show
from therml_exact.frontier.answers import amounts, told
from therml_exact.frontier.budget import Budget, Reason
from therml_exact.frontier.classical.check_channel import FORMAT, bounds
from therml_exact.frontier.classical.simplex import Local, minimize_on_simplex
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.problems.tables import scaled_rows, write_cells, write_table
from therml_exact.numbers.balls import precision, rounded
from therml_exact.numbers.tables import Array, check_rows, freeze, read_table
from therml_exact.results import problem, result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BITS = 128
ULP = 2.0**-52
TRACE = 1e-290  # of probability
ALTERNATIONS = 20  # steps of Arimoto's and Blahut's before Newton's


@problem
@dataclass(frozen=True, eq=False, repr=False)
class CapacityProblem:
    """The greatest I(X;Y) - beta E cost(X) over inputs of a channel.

    p_y_given_x   the channel [x, y]: each row is nonnegative and sums to 1
    cost          what each input letter costs [x], nonnegative, in any unit; None: nothing

    ValueError is raised for tables of other shapes or entries.

    >>> import therml_exact as tx
    >>> tx.CapacityProblem([["9/10", "1/10"], ["1/10", "9/10"]]).shape
    (2, 2)
    """

    p_y_given_x: Any
    cost: Any = None

    kind = "capacity"
    multipliers = ("beta",)
    functionals = ("I", "cost")

    def __post_init__(self) -> None:
        rows = read_table(self.p_y_given_x, "p_y_given_x")
        if rows.ndim != 2:
            raise ValueError(f"p_y_given_x has shape {rows.shape}; give a row of p(y|x) for each x")
        check_rows(rows, "p_y_given_x")
        cost = read_table([0] * len(rows) if self.cost is None else self.cost, "cost")
        if cost.shape != (len(rows),):
            raise ValueError(f"cost has shape {cost.shape}; give {len(rows)} numbers, one for each x")
        object.__setattr__(self, "p_y_given_x", freeze(rows))
        object.__setattr__(self, "cost", freeze(cost))

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of input and output letters."""
        return self.p_y_given_x.shape[0], self.p_y_given_x.shape[1]

    @cached_property
    def exact(self) -> tuple[Array, Array]:
        """Both tables as Fractions; a float is its exact binary value, and each row is divided by its exact sum."""
        cost = np.empty(len(self.cost), dtype=object)
        cost[:] = [Fraction(v) for v in self.cost.tolist()]
        return scaled_rows(self.p_y_given_x), cost

    def describe(self) -> dict[str, Any]:
        """The problem as plain data."""
        return {"kind": self.kind, "p_y_given_x": write_table(self.p_y_given_x), "cost": write_table(self.cost)}


@result
@dataclass(frozen=True, eq=False, repr=False)
class Capacity:
    """A two-sided optimum of I(X;Y) - beta E cost.

    problem       the problem
    multipliers   {"beta": beta}, nats per unit of cost
    value         what the input achieves at least, nats: a lower bound of the maximum
    upper_bound   an upper bound of the maximum, nats, by Kuhn and Tucker's condition
    tol           nats: the gap up to which the optimum counts as certified
    reason        why the search stopped: "closed", "time" or "rounding"
    point         {"I": I(X;Y) in nats, "cost": E cost} of the input
    input         the probabilities of the input letters [x]

    >>> import therml_exact as tx
    >>> c = tx.capacity([["1/2", "1/2", 0], [0, "1/2", "1/2"]])  # erased half of the time: log(2) / 2
    >>> c.status, round(c.value, 9), c.input.tolist()
    ('certified', 0.34657359, [0.5, 0.5])
    """

    problem: CapacityProblem
    multipliers: dict[str, float]
    value: float
    upper_bound: float
    tol: float
    reason: Reason
    point: dict[str, float]
    input: Array = field(repr=False)
    _beta: Fraction = field(repr=False)

    @property
    def gap(self) -> float:
        """The difference upper_bound - value in nats."""
        return max(self.upper_bound - self.value, 0.0)

    @property
    def status(self) -> str:
        """The text "certified" if the gap is within the tolerance, else "open"."""
        return "certified" if self.gap <= self.tol else "open"

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """The certificate: plain data that `verify` checks."""
        content = {
            "format": FORMAT,
            "problem": self.problem.describe(),
            "multipliers": {"beta": str(self._beta)},
            "value": self.value.hex(),
            "upper_bound": self.upper_bound.hex(),
            "tol": self.tol.hex(),
            "status": self.status,
            "input": write_cells(self.input),
        }
        return {**content, "sha256": digest(content)}

    def __str__(self) -> str:
        """One line: the bounds, the point, and where it is open why, and what would help."""
        return (f"{self.value:.9g} <= max <= {self.upper_bound:.9g} nats, gap {self.gap:.2g} ({told(self)}); "
                f"{amounts(self.point)}")  # fmt: skip

    def _repr_html_(self) -> str:
        return show.html_lines(str(self))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the best input's probabilities; returns the axes.

        ax: axes of Matplotlib; None: a new figure. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes, style

        drawn = shown_axes() if ax is None else ax
        with style():
            drawn.bar(np.arange(len(self.input)), self.input)
            drawn.set(xlabel="x", ylabel="p(x) (no unit)", title=str(self).replace("; ", "\n"))
            drawn.set_xticks(range(len(self.input)))
        return drawn


def capacity(
    p_y_given_x: Any, cost: Any = None, beta: Any = 0, *, tol: float = 1e-9, time_limit: float = 60.0
) -> Capacity:
    """The greatest I(X;Y) - beta E cost(X) over inputs of a channel, with an upper bound that is proved.

    p_y_given_x   the channel [x, y]
    cost          what each input letter costs [x], nonnegative; None: nothing
    beta          the price of cost, nats per unit of cost; 0 <= beta <= 1e12
    tol           nats: the optimum is "certified" when its gap is at most this
    time_limit    seconds of the search

    Returns a Capacity: value <= maximum <= upper_bound in nats, gap, status, reason, point {"I", "cost"}, input,
    certificate (for `verify`). `tx.trace(tx.CapacityProblem(p_y_given_x, cost))` gives the capacity-cost curve.
    Errors: ValueError for tables that do not fit or a beta, tol or time_limit out of range.
    Source: Arimoto (1972), Blahut (1972).

    >>> import therml_exact as tx
    >>> c = tx.capacity([["9/10", "1/10"], ["1/10", "9/10"]])
    >>> c.status, round(c.value, 9), tx.verify(c.certificate).valid
    ('certified', 0.368064207, True)
    """
    return maximize_capacity(CapacityProblem(p_y_given_x, cost), {"beta": beta}, Budget.read(tol, 1, time_limit))


def maximize_capacity(problem: CapacityProblem, given: Mapping[str, Any], budget: Budget) -> Capacity:
    """The optimum at the multipliers given, {"beta": ...}; the door has read the budget."""
    beta = read_multipliers(problem, given)["beta"]
    rows = problem.p_y_given_x.astype(float)
    rows = rows / rows.sum(axis=1, keepdims=True)
    price = float(beta) * problem.cost.astype(float)
    p, reason = _solve(rows, price, budget)
    divergences, size = _divergences(rows, p @ rows)
    gains, used = divergences - price, p > 0
    margin = 8 * ULP * (sum(problem.shape) + 8) * (1 + float((size + price).max()))
    value, upper = float(p[used] @ gains[used]) - margin, float(gains.max()) + margin
    if not margin <= budget.tol / 10:
        with precision(BITS):
            low, high = bounds(*problem.exact, beta, [Fraction(v) for v in p.tolist()])
            value, upper = rounded(low, False), rounded(high, True)
    closed: Reason = "closed" if upper - value <= budget.tol else "rounding" if reason == "closed" else reason
    point = {"I": max(float(p[used] @ divergences[used]), 0.0), "cost": float(p @ problem.cost.astype(float))}
    return Capacity(problem, {"beta": float(beta)}, value, upper, budget.tol, closed, point, freeze(p), beta)


def _divergences(rows: Array, q: Array) -> tuple[Array, Array]:
    """D(W_x || q) for each x, infinite where q misses a letter of the row, and the sums of its terms' sizes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = rows * np.log(rows / q)
    terms[rows == 0] = 0.0
    return np.asarray(terms.sum(axis=1)), np.asarray(np.abs(terms).sum(axis=1))


def _solve(rows: Array, price: Array, budget: Budget) -> tuple[Array, Reason]:
    """The best input, within a quarter of the tolerance where floats reach it."""
    p = np.full(len(rows), 1 / len(rows))
    for _ in range(ALTERNATIONS):
        gain = _divergences(rows, p @ rows)[0] - price
        p = np.maximum(p * np.exp(gain - gain.max()), 1e-20)
        p /= p.sum()

    def loss(p: Array) -> float:
        q = p @ rows
        return float(-(p[p > 0] @ (_divergences(rows, q)[0] - price)[p > 0]))

    def look(p: Array) -> Local:
        q = np.maximum(p @ rows, 1e-300)
        root = rows / np.sqrt(q)
        return Local(loss(p), price - np.minimum(_divergences(rows, q)[0], 1e300), root @ root.T)

    def gap(p: Array, at: Local) -> float:
        return float(at.value - at.slopes.min())

    p, reason = minimize_on_simplex(look, loss, gap, p, max(budget.tol / 4, 4e-16), budget.deadline)
    return _covering(rows, price, p), reason


def _covering(rows: Array, price: Array, p: Array) -> Array:
    """The input with a trace of the cheapest x for each letter y that it never produces: a bound needs every letter."""
    covered = p.copy()
    for y in np.flatnonzero((p @ rows == 0) & (rows.max(axis=0) > 0)):
        x = int(np.argmin(np.where(rows[:, y] > 0, price, np.inf)))
        covered[x] = max(covered[x], TRACE)
    return covered
