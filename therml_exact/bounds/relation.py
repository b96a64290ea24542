"""Relation: one equation or inequality of the paper, and its verdict on a world.

    slack = lhs - rhs for "=" and ">=",   rhs - lhs for "<="        (nats)

On exact worlds the verdict is exact: `tight` (slack is 0), `holds` (slack > 0, for an inequality), `violated`. On float
worlds the sign is decided outside the stated error bound only, and is `undecided` inside it. A side that is infinite
gives the verdict `infinite` and no slack.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from therml_exact.bounds.quantities import Quantities
from therml_exact.information import plain
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.weights import Number
from therml_exact.variational import Variational
from therml_exact.worlds import World

Verdict = Literal["holds", "tight", "violated", "undecided", "infinite"]
Side = Callable[[Quantities], Number] | Callable[[Quantities, int], Number]


@dataclass(frozen=True)
class BoundCheck:
    """A relation evaluated on a world: numbers in nats, and the verdict."""

    equation: int | str
    part: str
    sample: int | None
    statement: str
    lhs: PrimeLog | float
    rhs: PrimeLog | float
    slack: PrimeLog | float | None
    verdict: Verdict
    error: float
    relation: Relation

    @property
    def label(self) -> str:
        """The equation's number with its part and sample: (18b), i = 2."""
        number = f"({self.equation}{self.part})" if isinstance(self.equation, int) else f"{self.equation}{self.part}"
        return number + (f", i = {self.sample}" if self.sample is not None else "")

    def __str__(self) -> str:
        slack = "" if self.slack is None else f", slack {float(self.slack):.6g} nats"
        return f"{self.label}  {self.statement}: {self.verdict}{slack}"


@dataclass(frozen=True)
class Relation:
    """An equation of the paper as it is checked; `left` and `right` take the quantities (and the sample, if `each`)."""

    equation: int | str
    statement: str
    latex: str
    sense: Literal["=", ">=", "<="]
    left: Side
    right: Side
    worlds: tuple[str, ...] = ("P",)
    hypotheses: str = ""
    needs: tuple[str, ...] = ()  # the variational tables it reads
    each: bool = False  # one relation for each sample
    part: str = ""
    dense: bool = False  # it is defined by a sum over the dense joint

    def lhs(self, world: World, variational: Variational, sample: int = 1) -> PrimeLog | float:
        """The left side in nats."""
        return plain(self._side(self.left, self._quantities(world, variational, sample), sample))

    def rhs(self, world: World, variational: Variational, sample: int = 1) -> PrimeLog | float:
        """The right side in nats."""
        return plain(self._side(self.right, self._quantities(world, variational, sample), sample))

    def check(self, world: World, variational: Variational, sample: int = 1) -> BoundCheck:
        """Both sides, their slack and the verdict."""
        return self.evaluate(self._quantities(world, variational, sample), sample if self.each else None)

    def _quantities(self, world: World, variational: Variational, sample: int) -> Quantities:
        if world.kind not in self.worlds:
            kinds = ", ".join(self.worlds)
            raise ValueError(f"equation {self.equation} is about worlds of kind {kinds}; this one is {world.kind!r}")
        if sample not in world.samples:
            raise ValueError(f"sample is {sample!r}; the world has samples 1 to {world.n}")
        missing = [name for name in self.needs if getattr(variational, name) is None]
        if missing:
            raise ValueError(f"equation {self.equation} needs variational.{missing[0]}, which is None")
        return Quantities(world, variational)

    def _side(self, side: Side, t: Quantities, sample: int) -> Number:
        return side(t, sample) if self.each else side(t)  # type: ignore[call-arg]

    def evaluate(self, t: Quantities, sample: int | None) -> BoundCheck:
        """Both sides on quantities that other relations share."""
        left, right = (self._side(side, t, 1 if sample is None else sample) for side in (self.left, self.right))
        statement = self.statement.replace("_i", f"_{sample}") if sample is not None else self.statement
        head = (self.equation, self.part, sample, statement, plain(left), plain(right))
        if _infinite(left) or _infinite(right):
            return BoundCheck(*head, None, "infinite", 0.0, self)
        slack = right - left if self.sense == "<=" else left - right
        error = slack.error if isinstance(slack, Approximate) else 0.0
        return BoundCheck(*head, plain(slack), _verdict(slack, self.sense), error, self)


def _infinite(number: Number) -> bool:
    return isinstance(number, float) and math.isinf(number)


def _verdict(slack: Number, sense: str) -> Verdict:
    sign = slack.sign()  # type: ignore[union-attr]
    if sign is None:
        return "undecided"
    if sign == 0:
        return "tight"
    return "holds" if sign > 0 and sense != "=" else "violated"
