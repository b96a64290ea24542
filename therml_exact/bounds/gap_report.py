"""generalization: the gap of a learning rule, exactly, beside every bound of the registry (gap_bounds.py).

    gap = E[L_phi(theta)] - E[(1/N) sum_i loss(theta, x_i, y_i)],     L_phi(theta) = sum_xy p(x,y|phi) loss(theta, x, y)

Errors: ValueError for a loss or a prior that does not fit the world.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from therml_exact import show
from therml_exact.bounds.gap import Gap, LeftOutError, read_loss
from therml_exact.bounds.gap_bounds import GAP_BOUNDS, GapBound, Sides
from therml_exact.bounds.relation import Verdict
from therml_exact.doors import WORLD, check_type
from therml_exact.files import save_result
from therml_exact.information import Information, plain
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.enclosed import Real, minus, order, size
from therml_exact.results import result
from therml_exact.world import World

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@result
@dataclass(frozen=True, eq=False, repr=False)
class GapCheck:
    """A bound on the gap of one world, and its verdict.

    name       the bound's name in `tx.GAP_BOUNDS`
    statement  the relation that is decided, in plain text
    lhs, rhs   its two sides, squared where that makes them exact: Fractions or PrimeLogs, else floats that remember
               their enclosures (`.ball(bits)`); the first two bounds in the unit of the loss squared, others in nats
    value      the bound on |gap|, in the unit of the loss; the gap itself where the bound is tight
    slack      value - |gap|, in the unit of the loss; None where the bound is infinite
    factor     value/|gap|, by how much the bound is too large; math.inf where the gap is 0 and the bound is not, and 1
               where it is tight
    verdict    "holds", "tight", "violated", "undecided" or "infinite", about lhs and rhs
    bound      the GapBound, with its hypotheses and its source

    >>> import therml_exact as tx
    >>> print(tx.generalization(tx.examples.fair_label(), [[[0, 1]], [[1, 0]]]).bounds[0])
    Xu-Raginsky: |gap| <= 0.588705 (1.17741 times the gap): holds
    """

    name: str
    statement: str
    lhs: Any
    rhs: Any
    value: Any
    slack: Any
    factor: float
    verdict: Verdict
    bound: GapBound

    def __str__(self) -> str:
        sign = "=" if self.bound.sense == "=" else "<="
        by = f" ({self.factor:.6g} times the gap)" if math.isfinite(self.factor) else ""
        return f"{self.name}: |gap| {sign} {float(self.value):.6g}{by}: {self.verdict}"


@result
@dataclass(frozen=True, eq=False, repr=False)
class Generalization:
    """The generalisation gap of a world's learning rule, and what bounds it.

    n           the number of samples N
    gap         population - training, in the unit of the loss: a Fraction or a PrimeLog in an exact world, else a float
    population  the mean loss on a fresh sample of the process that made the data
    training    the mean loss on the samples that were seen
    error       a bound of the error of each of these three; 0 where they are exact
    range       (a, b), the least and the largest entry of the loss
    I_data      I(Θ;T) in nats: all that the rule keeps of its data T = (X^N, Y^N)
    I_process   I(Θ;Φ) in nats: what of it is about the process
    I_excess    I(Θ;T|Φ) = I(Θ;T) - I(Θ;Φ) in nats: what of it is not, and so can overfit
    bounds      a GapCheck for each bound that applies
    skipped     the bounds that were left out, a text with the reason for each

    >>> import therml_exact as tx
    >>> told = tx.generalization(tx.examples.fair_label(), [[[0, 1]], [[1, 0]]])
    >>> told.gap, str(told.I_excess), told.violated
    (Fraction(1, 2), 'log 2', ())
    """

    n: int
    gap: Any
    population: Any
    training: Any
    error: float
    range: tuple[Any, Any]
    I_data: Information
    I_process: Information
    I_excess: Information
    bounds: tuple[GapCheck, ...]
    skipped: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many bounds have each verdict."""
        verdicts = [row.verdict for row in self.bounds]
        return {v: verdicts.count(v) for v in ("holds", "tight", "violated", "undecided", "infinite") if v in verdicts}

    @property
    def violated(self) -> tuple[GapCheck, ...]:
        """The bounds that fail: theorems, so that there are none where their hypotheses hold."""
        return tuple(row for row in self.bounds if row.verdict == "violated")

    def __getitem__(self, name: str) -> GapCheck:
        """The row of a bound by its name."""
        for row in self.bounds:
            if row.name == name:
                return row
        raise KeyError(f"{name!r} is no bound here; there are {', '.join(row.name for row in self.bounds)}")

    __iter__ = None  # rows are those of .bounds

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap and its bounds as bars, in the unit of the loss; returns the axes."""
        from therml_exact.figures.generalization import draw_gap

        return draw_gap(self, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all numbers and verdicts as JSON; informations in nats, the gap in the unit of the loss."""
        save_result("generalization", self.to_json(), path)

    def to_json(self) -> dict[str, object]:
        """Plain data for JSON."""
        names = ("name", "statement", "lhs", "rhs", "value", "slack", "factor", "verdict")
        content = {name: value for name, value in vars(self).items() if name != "bounds"}
        return {
            "units": "nats, and the unit of the loss",
            **content,
            "bounds": [{name: getattr(row, name) for name in names} for row in self.bounds],
        }

    def __str__(self) -> str:
        """The gap, what the rule keeps, and a line for each bound."""
        head = (
            f"gap = {float(self.gap):.6g} (population {float(self.population):.6g}, "
            f"training {float(self.training):.6g}; unit of the loss), N = {self.n}"
        )
        kept = (
            f"I(Θ;T|Φ) = I(Θ;T) - I(Θ;Φ) = {float(self.I_data):.6g} - {float(self.I_process):.6g} = "
            f"{float(self.I_excess):.6g} nats"
        )
        return "\n".join([head, kept, *map(str, self.bounds), *(f"left out: {text}" for text in self.skipped)])

    def _repr_html_(self) -> str:
        head = ("bound", "relation", "bound on |gap|", "times the gap", "verdict")
        rows = [(r.name, r.statement, f"{float(r.value):.6g}", f"{r.factor:.6g}", r.verdict) for r in self.bounds]
        first, second, *_ = str(self).split("\n")
        return show.html_rows([head, *rows], first, "; ".join([second, *self.skipped]))


def generalization(world: World, loss: Any, prior: Any = None) -> Generalization:
    """The generalisation gap of a world's learning rule for a loss, and every bound on it, decided.

    gap = E[L_phi(theta) - (1/N) sum_i loss(theta, x_i, y_i)], L_phi(theta) = sum_xy p(x,y|phi) loss(theta, x, y): what
    the rule's parameter costs on fresh samples of the same process, less what it costs on those it has seen.

    world: any world; an exchangeable one goes to hundreds of samples. loss: loss[theta, x, y] (loss[theta, x] in a
    BayesWorld), in any unit: numbers, Fractions, texts such as "1/3" or, for a log-loss, PrimeLogs; floats in a world
    of floats. It is bounded by its least and its largest entry. prior: q(theta) as [theta], for the bounds that take
    S; None leaves them out.
    Returns a Generalization. On an exact world with a loss of rationals every verdict is exact. Bounds that do not
    apply (no prior given, no Gibbs rule, supersamples too many) are named in `.skipped`. Raises ValueError for a loss
    or a prior that does not fit the world.

    >>> import therml_exact as tx
    >>> maps = tx.encoders.deterministic(2, 2)
    >>> errors = [[[int(z[x][y] == 0) for y in range(2)] for x in range(2)] for z in maps]
    >>> process = ["1/2", "1/2"], [["1/2", "1/2"]] * 2, [[["3/4", "1/4"], ["1/4", "3/4"]], [["1/4", "3/4"]] * 2]
    >>> rule = tx.learners.erm(2, 2, 2, maps)
    >>> told = tx.generalization(tx.WorldP(*process, rule, tx.encoders.table(maps)), errors, prior=["1/4"] * 4)
    >>> told.gap, told.training, str(told.I_data - told.I_process - told.I_excess), told.counts
    (Fraction(5, 16), Fraction(3, 32), '0', {'holds': 8})
    >>> print(told["Xu-Raginsky"].lhs, "<=", told["Xu-Raginsky"].rhs)
    25/64 <= 69/16 log 2 - 9/16 log 3 - 15/32 log 5 - 7/16 log 7
    >>> print(told["Bu-Zou-Veeravalli"])
    Bu-Zou-Veeravalli: |gap| <= 0.37944 (1.21421 times the gap): holds
    """
    check_type(world, World, "world", WORLD)
    terms = Gap(world, read_loss(loss, world), prior)
    rows: list[GapCheck] = []
    skipped: list[str] = []
    for bound in GAP_BOUNDS:
        try:
            rows.append(_decided(bound, bound.sides(terms), terms.gap))
        except LeftOutError as reason:
            skipped.append(f"{bound.name}: {reason}")
    error = max(
        (v.error for v in (terms.gap, terms.population, terms.training) if isinstance(v, Approximate)), default=0.0
    )
    gap, population, training, low, high = map(
        _shown, (terms.gap, terms.population, terms.training, terms.low, terms.high)
    )
    kept, about, excess = (plain(value) for value in (terms.kept, terms.about, terms.excess))
    return Generalization(
        world.n, gap, population, training, error, (low, high), kept, about, excess, tuple(rows), tuple(skipped)
    )


def _decided(bound: GapBound, sides: Sides, gap: Real) -> GapCheck:
    """The verdict on two sides, and what the bound is beside the gap."""
    left, right, value = sides
    there = size(gap)
    head = (bound.name, bound.statement, _shown(left), _shown(right))
    if math.isinf(float(right)):
        return GapCheck(*head, math.inf, None, math.inf, "infinite", bound)
    verdict = _verdict(order(left, right), bound.sense)
    if verdict == "tight":
        return GapCheck(*head, _shown(there), _shown(minus(there, there)), 1.0, verdict, bound)
    far = float(there) == 0
    factor = math.inf if far else float(value) / float(there)
    return GapCheck(*head, _shown(value), _shown(minus(value, there)), factor, verdict, bound)


def _verdict(comparison: str, sense: str) -> Verdict:
    if comparison == "undecided":
        return "undecided"
    if comparison == "equal":
        return "tight"
    return "holds" if comparison == "less" and sense == "<=" else "violated"


def _shown(value: Real) -> Any:
    """A number as users see it: exact, or a float without its error bound."""
    return value.value if isinstance(value, Approximate) else value
