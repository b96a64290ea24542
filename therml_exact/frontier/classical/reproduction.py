r"""Rate-distortion for finite reproductions: the least I(X;Z) + beta E d(X,Z) over channels p(z|x) (nats).

    min_q  F(q) = -sum_x p_x log m_x,    m_x = sum_z q_z exp(-beta d(x,z))

A q gives the channel p(z|x) = q_z exp(-beta d(x,z)) / m_x, for which I + beta E d <= F(q). For any other q' the
concavity of the logarithm gives F(q') >= F(q) - log max_z c_z with c_z = sum_x p_x exp(-beta d(x,z)) / m_x, so that

    F(q) - log max_z c_z <= min <= F(q).

It is Lindsay's condition with finitely many atoms, a check of |Z| numbers (Csiszar 1974). The curve R(D) is the upper
hull of these lines: R(D) >= min_beta - beta D.

Shapes: p_x[x], distortion[x, z], channel[x, z]. beta has the unit 1/distortion; informations are nats.
Errors: ValueError for tables that do not fit, rows that are no distribution, a beta that is negative or not finite.
Source: Blahut, IEEE Trans. Inf. Theory 18 (1972) 460; Csiszar, ibid. 20 (1974) 122; Lindsay, Ann. Statist. 11
(1983) 86.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier import answers
from therml_exact.frontier.budget import Budget, Reason
from therml_exact.frontier.classical.check_reproduction import FORMAT, bounds, likelihoods
from therml_exact.frontier.classical.simplex import Local, minimize_on_simplex
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.frontier.problems.tables import distribution, write_cells, write_table
from therml_exact.numbers.balls import precision, rounded
from therml_exact.numbers.tables import Array, check_rows, freeze, read_table
from therml_exact.results import problem, result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BITS = 128
ULP = 2.0**-52
EXACT_FROM = 1e-11  # nats of the exponents beta d that rounding may cost; beyond, they are computed exactly first
ALTERNATIONS = 12  # steps of alternating minimisation before Newton's, which need a start with the right support
START = 16  # letters of q to start with, at most


@problem
@dataclass(frozen=True, eq=False, repr=False)
class RateDistortionProblem:
    """The least I(X;Z) + beta E d(X,Z) over channels p(z|x).

    p_x           probabilities of the source's letters [x]: they are nonnegative and sum to 1
    distortion    the cost of each reproduction [x, z], nonnegative, in any unit; rationals or floats

    ValueError is raised for tables of other shapes or entries.

    >>> import therml_exact as tx
    >>> tx.RateDistortionProblem(["1/2", "1/2"], [[0, 1], [1, 0]]).shape
    (2, 2)
    """

    p_x: Any
    distortion: Any

    kind = "rate distortion"
    multipliers = ("beta",)
    functionals = ("R", "D")

    def __post_init__(self) -> None:
        p, d = read_table(self.p_x, "p_x"), read_table(self.distortion, "distortion")
        if p.ndim != 1:
            raise ValueError(f"p_x has shape {p.shape}; give the probabilities of the source's letters, one axis")
        if d.ndim != 2 or d.shape[0] != len(p):
            raise ValueError(f"distortion has shape {d.shape}; give {len(p)} rows, a row for each letter of p_x")
        check_rows(p, "p_x")
        object.__setattr__(self, "p_x", freeze(p))
        object.__setattr__(self, "distortion", freeze(d))

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of source letters and of reproductions."""
        return self.distortion.shape[0], self.distortion.shape[1]

    @cached_property
    def exact(self) -> tuple[Array, Array]:
        """Both tables as Fractions; a float is its exact binary value, and p_x is divided by its exact sum."""
        d = np.empty(self.shape, dtype=object)
        d.reshape(-1)[:] = [Fraction(v) for v in self.distortion.reshape(-1).tolist()]
        return distribution(self.p_x), d

    def describe(self) -> dict[str, Any]:
        """The problem as plain data."""
        return {"kind": self.kind, "p_x": write_table(self.p_x), "distortion": write_table(self.distortion)}


@result
@dataclass(frozen=True, eq=False, repr=False)
class RateDistortion:
    """A two-sided optimum of I(X;Z) + beta E d(X,Z).

    problem       the problem
    multipliers   {"beta": beta}, 1/distortion
    value         what the channel achieves at most, nats: an upper bound of the minimum
    lower_bound   a lower bound of the minimum, nats, with a margin for rounding; `verify` proves it in ball arithmetic
    tol           nats: the gap up to which the optimum counts as certified
    reason        why the search stopped: "closed", "time" or "rounding"
    point         {"R": I(X;Z) in nats, "D": E d in the distortion's unit} of the channel
    channel       p(z|x) [x, z]
    q             the reproductions' probabilities that make the channel [z]

    >>> import therml_exact as tx
    >>> o = tx.rate_distortion(["1/2", "1/2"], [[0, 1], [1, 0]], beta=2)
    >>> o.status, round(o.point["D"], 6)  # 1 / (1 + e^2)
    ('certified', 0.119203)
    """

    problem: RateDistortionProblem
    multipliers: dict[str, float]
    value: float
    lower_bound: float
    tol: float
    reason: Reason
    point: dict[str, float]
    channel: Array = field(repr=False)
    q: Array = field(repr=False)
    _beta: Fraction = field(repr=False)

    @property
    def gap(self) -> float:
        """The difference value - lower_bound in nats."""
        return max(self.value - self.lower_bound, 0.0)

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
            "lower_bound": self.lower_bound.hex(),
            "tol": self.tol.hex(),
            "status": self.status,
            "q": write_cells(self.q),
        }
        return {**content, "sha256": digest(content)}

    def __str__(self) -> str:
        """One line: the bounds, the point, and where it is open why, and what would help."""
        return answers.line(self)

    def _repr_html_(self) -> str:
        return answers.html(self, self.multipliers)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the channel p(z|x), a row for each letter of the source; returns the axes.

        ax: axes of Matplotlib; None: a new figure. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes
        from therml_exact.figures.tables import draw_conditional

        rows = [str(x) for x in range(len(self.channel))]
        title = str(self).replace("; ", "\n")
        return draw_conditional(self.channel, rows, "z", "x", title, shown_axes() if ax is None else ax)


def rate_distortion(
    p_x: Any, distortion: Any, beta: Any, *, tol: float = 1e-9, time_limit: float = 60.0
) -> RateDistortion:
    """The least I(X;Z) + beta E d(X,Z) over channels p(z|x), with a lower bound that is proved.

    p_x           probabilities of the source's letters [x]
    distortion    the cost of each reproduction [x, z], nonnegative
    beta          the price of distortion, nats per unit of distortion; 0 <= beta <= 1e12
    tol           nats: the optimum is "certified" when its gap is at most this
    time_limit    seconds of the search

    Returns a RateDistortion: value >= minimum >= lower_bound in nats, gap, status, reason, point {"R", "D"}, channel,
    certificate (for `verify`). `tx.trace(tx.RateDistortionProblem(p_x, distortion))` gives the curve.
    Errors: ValueError for tables that do not fit or a beta, tol or time_limit out of range.
    Source: Blahut (1972), Csiszar (1974).

    >>> import therml_exact as tx
    >>> o = tx.rate_distortion(["1/2", "1/2"], [[0, 1], [1, 0]], beta=2)
    >>> o.status, o.gap <= 1e-9, tx.verify(o.certificate).valid
    ('certified', True, True)
    """
    budget = Budget.read(tol, 1, time_limit)
    return minimize_rate_distortion(RateDistortionProblem(p_x, distortion), {"beta": beta}, budget)


def minimize_rate_distortion(
    problem: RateDistortionProblem, given: Mapping[str, Any], budget: Budget
) -> RateDistortion:
    """The optimum at the multipliers given, {"beta": ...}; the door has read the budget."""
    beta = read_multipliers(problem, given)["beta"]
    p, costs, least = _in_floats(problem, beta)
    seen = p > 0
    atoms = np.exp(-costs[seen])
    q, reason = _solve(p[seen], atoms, budget)
    m = atoms @ q
    terms = least[seen] - np.log(m)
    value, size = float(p[seen] @ terms), float(p[seen] @ (np.abs(least[seen]) - np.log(m)))
    margin = 4 * (ULP * (sum(problem.shape) + 16) * (1 + size) + _lost(problem, beta))
    low, high = value - float(np.log((atoms.T @ (p[seen] / m)).max())) - margin, value + margin
    if margin > budget.tol / 10:
        p_exact, d_exact = problem.exact
        with precision(BITS):
            balls = bounds(likelihoods(p_exact, d_exact, beta, [Fraction(v) for v in q.tolist()]))
            low, high = rounded(balls[0], False), rounded(balls[1], True)
    low = max(low, 0.0)
    weights = q * np.exp(-costs)
    channel = weights / weights.sum(axis=1, keepdims=True)
    marginal = p @ channel
    used = channel > 0
    ratio = np.divide(channel, marginal, out=np.ones_like(channel), where=used & (marginal > 0))
    point = {"R": max(float(p @ (channel * np.log(ratio)).sum(axis=1)), 0.0),
             "D": float(p @ (channel * problem.distortion.astype(float)).sum(axis=1))}  # fmt: skip
    closed: Reason = "closed" if high - low <= budget.tol else "rounding" if reason == "closed" else reason
    return RateDistortion(problem, {"beta": float(beta)}, high, low, budget.tol, closed, point, freeze(channel),
                          freeze(q), beta)  # fmt: skip


def _in_floats(problem: RateDistortionProblem, beta: Fraction) -> tuple[Array, Array, Array]:
    """p_x, beta d(x,z) without its least in each row, and these least costs; exact until the last rounding if large."""
    p = problem.p_x.astype(float)
    d = problem.distortion
    if _lost(problem, beta) > EXACT_FROM:
        d = problem.exact[1]
        least = d.min(axis=1, keepdims=True)
        return p / p.sum(), (beta * (d - least)).astype(float), (beta * least[:, 0]).astype(float)
    d = d.astype(float)
    least = d.min(axis=1, keepdims=True)
    return p / p.sum(), float(beta) * (d - least), float(beta) * least[:, 0]


def _lost(problem: RateDistortionProblem, beta: Fraction) -> float:
    """What the exponents beta d may have lost by rounding d, the difference, beta and the products, nats."""
    return 8 * ULP * float(beta) * float(problem.distortion.max())


def _solve(p: Array, atoms: Array, budget: Budget) -> tuple[Array, Reason]:
    """The best q, within a quarter of the tolerance where floats reach it."""
    q = np.full(atoms.shape[1], 1 / atoms.shape[1])
    for _ in range(ALTERNATIONS):
        q = q * (atoms.T @ (p / (atoms @ q)))
    most = min(len(q), len(p), START)  # an optimum needs no more than len(p); others join one by one
    q[np.argsort(q)[:-most]] = 0.0
    q /= q.sum()

    def value(q: Array) -> float:
        m = atoms @ q
        return float(-(p @ np.log(m))) if m.min() > 0 else np.inf

    def look(q: Array) -> Local:
        m = atoms @ q
        root = atoms * (np.sqrt(p) / m)[:, None]
        return Local(float(-(p @ np.log(m))), -(atoms.T @ (p / m)), root.T @ root)

    def gap(q: Array, at: Local) -> float:
        return float(np.log(-at.slopes.min()))

    return minimize_on_simplex(look, value, gap, q, max(budget.tol / 4, 4e-16), budget.deadline)
