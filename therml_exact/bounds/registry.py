"""The registry of relations, and their verdicts on a world.

Equations (5)-(20), (40), (42)-(46), (51)-(54), (56)-(68), (70)-(77) and the sharp floor, one object each.
`check_bounds` evaluates those that belong to the world's kind and whose variational tables are given; all quantities
are shared.
"""

from __future__ import annotations

import copyreg
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from therml_exact import show
from therml_exact.bounds import appendices, decomposition, identities, world_p
from therml_exact.bounds.quantities import Quantities
from therml_exact.bounds.relation import BoundCheck, Relation
from therml_exact.doors import WORLD, check_type
from therml_exact.files import save_result
from therml_exact.results import result
from therml_exact.variational import Variational, optimal_variational
from therml_exact.worlds import World

RELATIONS: tuple[Relation, ...] = tuple(
    sorted(
        world_p.RELATIONS + appendices.RELATIONS + decomposition.RELATIONS + identities.RELATIONS,
        key=lambda r: r.equation if isinstance(r.equation, int) else 99,
    )
)


DENSE_CELLS = 2**21
"""Relations that are defined by a sum over the dense joint are left out of larger worlds, and said to be."""


@result
@dataclass(frozen=True, eq=False, repr=False)
class BoundsReport:
    """The relations of a world with their verdicts: a sequence of BoundCheck, whose numbers are in nats.

    rows      the BoundChecks, in the order of the paper's equations
    skipped   the relations that were left out, a text with the reason for each
    counts    how many rows have each verdict
    violated  the rows that fail

    >>> import therml_exact as tx
    >>> report = tx.check_bounds(tx.examples.fair_label())
    >>> len(report), report.counts, report.violated
    (52, {'holds': 8, 'tight': 44}, ())
    """

    rows: tuple[BoundCheck, ...]
    skipped: tuple[str, ...]  # relations left out, each with the reason

    def __iter__(self) -> Iterator[BoundCheck]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, k: int) -> BoundCheck:
        return self.rows[k]

    @property
    def counts(self) -> dict[str, int]:
        """How many relations have each verdict."""
        verdicts = [row.verdict for row in self.rows]
        return {v: verdicts.count(v) for v in ("holds", "tight", "violated", "undecided", "infinite") if v in verdicts}

    @property
    def violated(self) -> tuple[BoundCheck, ...]:
        """The rows that fail."""
        return tuple(row for row in self.rows if row.verdict == "violated")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all rows as JSON, in nats; exact numbers as coefficients of logarithms beside their floats."""
        save_result("bounds", self.to_json(), path)

    def to_json(self) -> dict[str, object]:
        """Plain data for JSON."""
        names = ("equation", "part", "sample", "statement", "lhs", "rhs", "slack", "verdict", "error")
        return {
            "units": "nats",
            "rows": [{name: getattr(row, name) for name in names} for row in self.rows],
            "skipped": list(self.skipped),
        }

    def summary(self) -> str:
        """One line: how many relations have each verdict."""
        return f"{len(self.rows)} relations: " + ", ".join(f"{k} {verdict}" for verdict, k in self.counts.items())

    def __str__(self) -> str:
        """The summary, then a line for each relation."""
        left = f"; {len(self.skipped)} left out" if self.skipped else ""
        return "\n".join([self.summary() + left, *map(str, self.rows)])

    def _repr_html_(self) -> str:
        head = ("equation", "relation", "left (nats)", "right (nats)", "slack (nats)", "verdict")
        rows = [
            (r.label, r.statement, *(show.number(v) for v in (r.lhs, r.rhs)),
             "" if r.slack is None else show.number(r.slack), r.verdict)
            for r in self.rows
        ]  # fmt: skip
        return show.html_rows([head, *rows], self.summary(), "; ".join(self.skipped))


def _cells(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"some 10^{int(count.bit_length() * math.log10(2))}"


def _registered(key: tuple[object, ...]) -> Relation:
    return next(r for r in RELATIONS if _key(r) == key)


def _key(relation: Relation) -> tuple[object, ...]:
    return relation.equation, relation.part, relation.worlds, relation.statement


def _by_name(relation: Relation) -> tuple[Callable[[tuple[object, ...]], Relation], tuple[tuple[object, ...]]]:
    """How a copy finds a relation again: its sides are functions, which have no text."""
    return _registered, (_key(relation),)


copyreg.pickle(Relation, _by_name)


def check_bounds(world: World, variational: Variational | None = None) -> BoundsReport:
    """Every relation of the registry that applies to the world, evaluated and decided (equations 5-20, 40-77).

    world: any world. variational: its q's, by default `optimal_variational(world)`.
    Returns a BoundsReport. On an exact world each verdict is decided in exact arithmetic; on floats a slack within its
    error bound is "undecided". Relations that need a table which is not given, or a dense joint that is too large, are
    listed in `.skipped` with the reason. Raises ValueError where a q does not fit the world.

    >>> import therml_exact as tx
    >>> report = tx.check_bounds(tx.examples.fair_label(), tx.Variational(theta=["1/4", "3/4"]))
    >>> print(next(row for row in report if row.equation == 10))
    (10)  S >= I(Θ;X^N,Y^N): holds, slack 0.143841 nats
    >>> report.skipped[0]
    '(11) needs z'
    """
    check_type(world, World, "world", WORLD)
    q = optimal_variational(world) if variational is None else variational
    t = Quantities(world, q)
    given = set(q.given())
    rows: list[BoundCheck] = []
    skipped: list[str] = []
    for relation in RELATIONS:
        if world.kind not in relation.worlds:
            continue
        missing = set(relation.needs) - given
        if missing:
            skipped.append(f"({relation.equation}{relation.part}) needs {', '.join(sorted(missing))}")
            continue
        if relation.dense and not (world.has_joint and world.network.cells <= DENSE_CELLS):
            skipped.append(
                f"({relation.equation}{relation.part}) needs the dense joint of {_cells(world.network.cells)} cells"
            )
            continue
        rows.extend(relation.evaluate(t, i) for i in (world.samples if relation.each else (None,)))
    return BoundsReport(tuple(rows), tuple(skipped))
