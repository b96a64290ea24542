"""DiscriminativeProblem: what parameters to learn from N pairs, to tell Y from X (Appendix C; nats).

    min over p(theta|data) and p(y|x,theta) of S + beta U,     S = I(Theta;data),   U = - sum_i log p(y_i|x_i,theta)

As a mixture (mixture.py): w is a type of (x, y)^N, with a block for each x whose rows are n_xy, and the multiplier
beta; codes are values of Theta. At beta = inf every type has a Theta of its own.

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y]; rules [type, theta].
Errors: ValueError for tables that are no distributions, and for more types than are enumerated.
Source: Alemi and Fischer, TherML (2018), Appendix C.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.problems import samples
from therml_exact.frontier.problems.mixture import Block, Mixture, Part, Plan, identity, part
from therml_exact.frontier.problems.tables import check_fields, read_table, scaled_rows, write_table
from therml_exact.frontier.problems.types import Types, check_types, enumerate_types, floats_of, read_count
from therml_exact.numbers.tables import Array, freeze, whole
from therml_exact.process import read_process

_TABLES = ("phi", "x_given_phi", "y_given_x_phi")


@dataclass(frozen=True, eq=False)
class DiscriminativeProblem:
    """The least S + beta U over learning rules p(theta|data) and models p(y|x,theta).

    phi[phi]: the prior of the process. x_given_phi[phi, x], y_given_x_phi[phi, x, y]: what it gives. n: the number N of
    samples.

    >>> y = [[["1/10", "9/10"], ["3/5", "2/5"]]]
    >>> DiscriminativeProblem([1], [["1/2", "1/2"]], y, 2).shape
    (2, 2)
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int

    kind = "discriminative"
    multipliers = ("beta",)
    functionals = ("S", "U")

    def __post_init__(self) -> None:
        phi, x_given_phi, y = read_process(self.phi, self.x_given_phi, self.y_given_x_phi)
        if y is None:
            raise ValueError("y_given_x_phi is None; a discriminative problem has labels, y_given_x_phi[phi, x, y]")
        for name, table in zip(_TABLES, (phi, x_given_phi, y), strict=True):
            object.__setattr__(self, name, freeze(table))
        object.__setattr__(self, "n", whole("n", self.n))

    @cached_property
    def types(self) -> Types:
        """Counts n_xy, flat, and probability of each type that occurs."""
        prior, rows, last = (scaled_rows(getattr(self, name)) for name in _TABLES)
        cells = [(rows[f][:, None] * last[f]).reshape(-1) for f in range(len(prior))]
        return tuple(enumerate_types(prior, cells, self.n))

    @property
    def shape(self) -> tuple[int, int]:
        """Alphabets of X and Y."""
        sizes = np.asarray(self.y_given_x_phi).shape
        return sizes[1], sizes[2]

    @cached_property
    def floats(self) -> tuple[Array, Array]:
        """The types' counts [type, letter] and probabilities, as floats."""
        return floats_of(self.types)

    @property
    def letters(self) -> int:
        """How many types there are."""
        return len(self.types)

    @property
    def blocks(self) -> int:
        """How many distributions a value of Theta stands for: one of Y for each x."""
        return self.shape[0]

    # ---- the multiplier as a direction in the plane of (S, U)

    def weights(self, multipliers: Mapping[str, Any]) -> tuple[Any, ...]:
        """The weights of S and U."""
        return samples.weights(multipliers)

    def direction(self, weights: Sequence[float] | Array) -> dict[str, float]:
        """What `minimize` takes for weights of S and U."""
        return samples.direction(weights)

    # ---- plans and closed forms

    def plan(self, beta: Fraction) -> Plan:
        """One part: a block of Y for each x."""
        nx, ny = self.shape
        one = Fraction(1)
        if beta == 0:
            letters = [(mass, (one,), 0, (i,)) for i, (_, mass) in enumerate(self.types)]
            return Plan(one, Fraction(0), (one,), (part(one, letters, beta, Fraction(0)),))
        weights = tuple(mass for _, mass in self.types)
        blocks = []
        for x in range(nx):
            rows = tuple(tuple(Fraction(c) for c in counts[x * ny : (x + 1) * ny]) for counts, _ in self.types)
            blocks.append(Block(rows, identity(ny), rows))
        mixture = Mixture(weights, tuple(blocks), beta, (0,) * len(weights))
        return Plan(one, Fraction(0), (one,), (Part(one, mixture, tuple((i,) for i in range(len(weights)))),))

    def unsearched(self, multipliers: Mapping[str, Any]) -> bool:
        """Whether beta is infinite, so that every type has its own Theta and nothing is searched."""
        return math.isinf(multipliers["beta"])

    def unsearched_table(self, multipliers: Mapping[str, Any]) -> Array:
        """The rule [type, theta] that is optimal at beta = inf."""
        return np.eye(self.letters)

    def unsearched_value(self, multipliers: Mapping[str, Any]) -> arb:
        """The least U, as a ball."""
        return samples.least_energy(self.types, self.blocks)

    def unsearched_size(self, multipliers: Mapping[str, Any]) -> float:
        """The size of the terms of that value, which bounds their rounding."""
        return float(self.n)

    def unit_plan(self, delta: float) -> Plan | None:
        """The plan at beta = 1, to which the critical beta refers."""
        return self.plan(Fraction(1))

    def pays_at_once(self, delta: float) -> bool:
        """Never: there is no delta here."""
        return False

    # ---- what a rule achieves

    def arranged(self, rows: Array) -> Array:
        """Rows p(theta|type), as they are."""
        return rows

    def point(self, rule: Array) -> dict[str, float]:
        """S and U of a rule [type, theta]."""
        return self.tables(rule)[0]

    def tables(self, rule: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """S and U of a rule [type, theta], and its tables without idle values of Theta."""
        rule, theta, r = samples.reached(self.floats, rule)
        witness = {"theta": theta, "theta_given_type": rule, "types": self.floats[0]}
        r = r.reshape(len(theta), *self.shape)
        sums = r.sum(axis=2, keepdims=True)
        rows = np.where(sums > 0, r / np.where(sums > 0, sums, 1.0), 1 / r.shape[2])
        witness["y_given_x_theta"] = rows
        return samples.point(self.floats, rule, theta, r, rows), witness

    def witness_table(self, witness: Mapping[str, Any]) -> Any:
        """The rule [type, theta] among saved tables; KeyError where there is none."""
        return witness["theta_given_type"]

    def achieved(self, rule: Any) -> dict[str, arb]:
        """S and U of a rule [type, theta] as balls; its rows are divided by their sums."""
        return samples.achieved(self.types, self.blocks, rule)

    def hard_codes(self, rule: Array, most: float) -> Array | None:
        """The value of Theta of each type [type, theta], if each has one with probability >= most."""
        return samples.hard_values(rule, most)

    def excluded(self, codes: Array, multipliers: Mapping[str, float]) -> bool:
        """Whether each type is excluded by a decoder's 0 from every value of Theta but its own."""
        return samples.excluded(self.types, codes, self.blocks)

    def input_entropy(self) -> float:
        """0: there is no volume V here."""
        return 0.0

    # ---- on paper

    def describe(self) -> dict[str, Any]:
        """The content, as plain data."""
        tables = {name: write_table(getattr(self, name)) for name in _TABLES}
        return {"kind": self.kind, **tables, "n": self.n}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> DiscriminativeProblem:
        """What `describe` wrote; ValueError, KeyError or TypeError if it is malformed."""
        check_fields(content, (*_TABLES, "n"))
        n, tables = read_count(content["n"]), [read_table(content[name]) for name in _TABLES]
        check_types(n, tables)
        return cls(tables[0], tables[1], tables[2], n)
