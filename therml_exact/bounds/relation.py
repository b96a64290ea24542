"""Relation: one equation or inequality of the paper, and its verdict on a world.

    slack = lhs - rhs for "=" and ">=",   rhs - lhs for "<="        (nats)

On exact worlds the verdict is exact: `tight` (slack is 0), `holds` (slack > 0, for an inequality), `violated`. On float
worlds the sign is decided outside the stated error bound only, and is `undecided` inside it. A side that is infinite
gives the verdict `infinite` and no slack.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from therml_exact.bounds.quantities import Quantities
from therml_exact.information import Information, plain
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.weights import Number
from therml_exact.results import result
from therml_exact.variational import Variational
from therml_exact.worlds import World

Verdict = Literal["holds", "tight", "violated", "undecided", "infinite"]
Side = Callable[[Quantities], Number] | Callable[[Quantities, int], Number]


@result
@dataclass(frozen=True, eq=False, repr=False)
class BoundCheck:
    """A relation evaluated on a world: both sides in nats (PrimeLogs or floats), and the verdict.

    equation   the equation's number, or the name of a relation that has none
    part       the letter that tells apart the parts of one equation; may be empty
    sample     the sample 1, ..., N that it is about; None where it is about all of them
    statement  the relation in plain text
    lhs, rhs   the left and the right side, nats
    slack      by how much the relation holds, nats: lhs - rhs, or rhs - lhs for "<="; None where a side is infinite
    verdict    "holds", "tight", "violated", "undecided" or "infinite"
    error      a bound of the error of the slack, nats; 0 where it is exact
    relation   the Relation that was evaluated

    >>> import therml_exact as tx
    >>> row = tx.check_bounds(tx.examples.fair_label())[5]
    >>> print(row)
    (10)  S >= I(Θ;X^N,Y^N): tight, slack 0 nats
    >>> print(row.lhs, row.rhs, row.verdict)
    log 2 log 2 tight
    """

    equation: int | str
    part: str
    sample: int | None
    statement: str
    lhs: Information
    rhs: Information
    slack: Information | None
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
    """An equation or inequality of the paper, as it is checked on worlds.

    equation    the equation's number, or the name of a relation that has none
    statement   the relation in plain text
    latex       the same in LaTeX
    sense       "=", ">=" or "<="
    left        a function of the world's Quantities (and of the sample, if `each`) that gives the left side in nats
    right       the same for the right side
    worlds      the kinds of worlds it is about: "P", "bayes", "discriminative"
    hypotheses  what it assumes, in words; may be empty
    needs       the names of the variational tables that it reads
    each        whether there is one relation for each sample
    part        the letter that tells apart the parts of one equation
    dense       whether it is defined by a sum over the dense joint, and so is left to small worlds

    `lhs`, `rhs` and `check` raise ValueError for a world of another kind, an unknown sample, or a missing table.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> relation = next(r for r in tx.RELATIONS if r.equation == 11)
    >>> print(relation.statement, "|", relation.rhs(world, tx.optimal_variational(world)))
    R_i >= I(Z_i;X_i,Θ) | log 2
    >>> print(relation.check(world, tx.Variational(z=["1/4", "3/4"])))
    (11), i = 1  R_1 >= I(Z_1;X_1,Θ): holds, slack 0.143841 nats
    """

    equation: int | str
    statement: str
    latex: str
    sense: Literal["=", ">=", "<="]
    left: Side = field(repr=False)
    right: Side = field(repr=False)
    worlds: tuple[str, ...] = ("P",)
    hypotheses: str = ""
    needs: tuple[str, ...] = ()  # the variational tables it reads
    each: bool = False  # one relation for each sample
    part: str = ""
    dense: bool = False  # it is defined by a sum over the dense joint

    def __str__(self) -> str:
        number = f"({self.equation}{self.part})" if isinstance(self.equation, int) else f"{self.equation}{self.part}"
        return f"{number}  {self.statement}"

    def _repr_latex_(self) -> str:
        return f"${self.latex}$"

    def lhs(self, world: World, variational: Variational, sample: int = 1) -> Information:
        """The left side on a world and its q's, in nats."""
        return plain(self._side(self.left, self._quantities(world, variational, sample), sample))

    def rhs(self, world: World, variational: Variational, sample: int = 1) -> Information:
        """The right side on a world and its q's, in nats."""
        return plain(self._side(self.right, self._quantities(world, variational, sample), sample))

    def check(self, world: World, variational: Variational, sample: int = 1) -> BoundCheck:
        """Both sides, their slack and the verdict on a world and its q's."""
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
