"""The 24 Maxwell relations, each measured as the two experiments that it equates.

At an equilibrium of a family (family.py) each side of a relation is a derivative with its own variables held. It is
obtained twice: by implicit differentiation (one bordered linear system a side: the symmetry that makes the relation
true is not used), and by re-solving the equilibrium at shifted values and taking extrapolated central differences,
the step halved until two of them agree.
A relation `agrees` if all four numbers lie within AGREEMENT of each other, relative to the largest of them.
Kinks, variables that cannot vary, quotients that do not settle and what the time limit leaves over are refused with the
reason: "differs" is said of settled numbers only. D, C, S, R in nats, multipliers without unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from therml_exact.clock import now
from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.family import State
from therml_exact.thermo.potentials import MISPRINTS, MaxwellRelation, maxwell_relations

AGREEMENT = 1e-5


@dataclass(frozen=True)
class Measurement:
    """Both sides of a Maxwell relation, each measured in two ways; nats, or without unit.

    relation      the MaxwellRelation; its sign is in the right side
    left          the left side by implicit differentiation; None where it was refused
    right         the right side by implicit differentiation
    left_redone   the left side by re-solving the equilibrium at shifted values
    right_redone  the right side by re-solving
    refused       why nothing was measured; None where it was
    """

    relation: MaxwellRelation
    left: float | None = None
    right: float | None = None
    left_redone: float | None = None
    right_redone: float | None = None
    refused: str | None = None

    @property
    def difference(self) -> float | None:
        """Largest disagreement among the four numbers, relative to the largest of them."""
        found = [v for v in (self.left, self.right, self.left_redone, self.right_redone) if v is not None]
        return (max(found) - min(found)) / max(1e-300, *map(abs, found)) if found else None

    @property
    def verdict(self) -> str:
        """Whether the relation "agrees", "differs" or was "refused"."""
        if self.difference is None:
            return "refused"
        return "agrees" if self.difference <= AGREEMENT else "differs"

    def __str__(self) -> str:
        if self.refused:
            return f"{self.relation.potential}: {self.relation.statement}: refused, {self.refused}"
        return (
            f"{self.relation.potential}: {self.relation.statement}: {self.left:.9g} and {self.right:.9g}, "
            f"{self.verdict} within {self.difference:.1e}"
        )


@dataclass(frozen=True)
class MaxwellReport:
    """Maxwell relations measured at one equilibrium: a sequence of Measurement.

    state  the state at which they were measured
    rows   the Measurements, in the order asked for
    worst  the largest relative difference among the four numbers of a relation; None where none was measured
    """

    state: State
    rows: tuple[Measurement, ...]

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def worst(self) -> float | None:
        """The largest relative difference of the relations that were measured."""
        return max((row.difference for row in self.rows if row.difference is not None), default=None)

    def __str__(self) -> str:
        return "\n".join([str(self.state), *map(str, self.rows)])


def measure_maxwell(
    state: State,
    relations: Iterable[MaxwellRelation] | None = None,
    time_limit: float = 60.0,
    advance: Callable[[], None] = lambda: None,
) -> MaxwellReport:
    """Measure Maxwell relations (81)-(96) at an equilibrium: both sides, by differentiation and by re-solving.

    state: a state of an EquilibriumFamily. relations: those to measure, all 24 of `maxwell_relations()` by default.
    time_limit: seconds, looked at between relations; what is left then is refused. advance: called after each relation.
    Returns a MaxwellReport. Kinks, variables that cannot vary and quotients that do not settle are refused with the
    reason. Raises TypeError for what is no state.

    >>> import therml_exact as tx
    >>> x, y = [[0.7, 0.3], [0.2, 0.8]], [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.1, 0.9]]]
    >>> encoders = [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]], [[0.15, 0.85], [0.7, 0.3]]]
    >>> family = tx.EquilibriumFamily([0.4, 0.6], x, y, 2, encoders)
    >>> state = family.solve(delta=0.5, gamma=4, sigma=0.3)
    >>> (row,) = tx.measure_maxwell(state, tx.maxwell_relations()[-1:])
    >>> print(row.relation.statement, row.verdict, round(row.left, 6))
    (∂C/∂σ)_{γ,δ} = (∂S/∂γ)_{σ,δ} agrees 0.101023
    """
    if not isinstance(state, State):
        raise TypeError(f"state is a {type(state).__name__}; give what EquilibriumFamily.solve returns")
    chosen = maxwell_relations() if relations is None else tuple(relations)
    deadline = now() + time_limit
    rows = []
    for relation in chosen:
        if now() > deadline:
            rows.append(Measurement(relation, refused=f"the time of {time_limit:g} s was up"))
        else:
            rows.append(_measure(state, relation))
        advance()
    return MaxwellReport(state, tuple(rows))


def _measure(state: State, relation: MaxwellRelation) -> Measurement:
    try:
        return Measurement(
            relation,
            state.derivative(relation.left),
            relation.sign * state.derivative(relation.right),
            state.redone(relation.left),
            relation.sign * state.redone(relation.right),
        )
    except NotSmoothError as error:
        return Measurement(relation, refused=str(error))


def measure_misprints(state: State) -> dict[int, tuple[float, float]]:
    """The left side as printed and the right side of (85) and (93) at an equilibrium: they differ."""
    found = {}
    for relation in maxwell_relations():
        for number in relation.printed:
            if number in MISPRINTS:
                found[number] = (state.derivative(MISPRINTS[number]), relation.sign * state.derivative(relation.right))
    return found
