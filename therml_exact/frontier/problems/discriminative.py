"""DiscriminativeProblem: what parameters to learn from N pairs, to tell Y from X (Appendix C; nats).

    min over p(theta|data) and p(y|x,theta) of S + beta U,     S = I(Theta;data),   U = - sum_i log p(y_i|x_i,theta)

The data enter only through their type, the histogram n_xy of the pairs. As a mixture (mixture.py), the letters w are
the types and the codes are the values of Theta. A code has one block for each x, its p(y|x,theta); the rows of that
block are the n_xy, and the multiplier is beta. At beta = inf every type has a Theta of its own.

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
from therml_exact.results import problem

_TABLES = ("phi", "x_given_phi", "y_given_x_phi")


@problem
@dataclass(frozen=True, eq=False, repr=False)
class DiscriminativeProblem:
    """The least S + beta U over learning rules p(theta|data) and models p(y|x,theta) (Appendix C).

    phi[phi]                    the prior p(phi) of the process; a distribution
    x_given_phi[phi, x]         the rows p(x|phi) of one sample; each is a distribution
    y_given_x_phi[phi, x, y]    the rows p(y|x,phi) of its label; each is a distribution
    n                           the number N of pairs, at least 1

    Tables are floats, or exact numbers (integers, Fractions, texts "1/3"). ValueError is raised for tables that are no
    distributions; also, once types are needed, for more types than are enumerated.

    >>> y = [[["1/10", "9/10"], ["3/5", "2/5"]]]
    >>> problem = DiscriminativeProblem([1], [["1/2", "1/2"]], y, 2)
    >>> problem.shape, len(problem.types)  # two pairs of four letters have ten histograms
    ((2, 2), 10)
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

    def conditions(self) -> tuple[list[str], str, str]:
        """The types by their counts, what the letters of a rule are called, and what the types are."""
        return [" ".join(map(str, counts)) for counts, _ in self.types], "theta", "type"

    @cached_property
    def types(self) -> Types:
        """The types that occur: for each, the counts n_xy (y runs fastest), of sum N, and its exact probability."""
        prior, rows, last = (scaled_rows(getattr(self, name)) for name in _TABLES)
        cells = [(rows[f][:, None] * last[f]).reshape(-1) for f in range(len(prior))]
        return tuple(enumerate_types(prior, cells, self.n))

    @property
    def shape(self) -> tuple[int, int]:
        """The sizes of the alphabets of X and of Y."""
        sizes = np.asarray(self.y_given_x_phi).shape
        return sizes[1], sizes[2]

    @cached_property
    def floats(self) -> tuple[Array, Array]:
        """Return the types' counts [type, letter] and probabilities [type] as floats."""
        return floats_of(self.types)

    @property
    def letters(self) -> int:
        """The number of types that occur; each is one letter of the mixture."""
        return len(self.types)

    @property
    def blocks(self) -> int:
        """The number of distributions that a value of Theta stands for: p(y|x,theta) for each x."""
        return self.shape[0]

    # ---- the multiplier as a direction in the plane of (S, U)

    def weights(self, multipliers: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the weights (1, beta) of S and U, or (0, 1) for an infinite beta."""
        return samples.weights(multipliers)

    def direction(self, weights: Sequence[float] | Array) -> dict[str, float]:
        """Return the argument of `minimize`, {"beta": U's weight / S's weight}, for two weights >= 0 of S and U."""
        return samples.direction(weights)

    # ---- plans and closed forms

    def plan(self, beta: Fraction) -> Plan:
        """Return the plan of one part at a finite beta; its letters are the types, and each x has a block of Y."""
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
        """Return whether beta is infinite. Every type then has its own Theta, and nothing is searched."""
        return math.isinf(multipliers["beta"])

    def unsearched_table(self, multipliers: Mapping[str, Any]) -> Array:
        """Return the rule [type, theta] that is optimal at beta = inf: the identity."""
        return np.eye(self.letters)

    def unsearched_value(self, multipliers: Mapping[str, Any]) -> arb:
        """Return the least U over all rules, in nats, as a ball that encloses it."""
        return samples.least_energy(self.types, self.blocks)

    def unsearched_size(self, multipliers: Mapping[str, Any]) -> float:
        """Return the size, in nats, of the terms whose sum is the least U; its rounding is proportional to it."""
        return float(self.n)

    def unit_plan(self, delta: float) -> Plan | None:
        """Return the plan at beta = 1; the critical beta is a multiple of it. `delta` is 0 for this problem."""
        return self.plan(Fraction(1))

    def pays_at_once(self, delta: float) -> bool:
        """Return False: only an encoder problem can pay at every multiplier, and it does so at delta = 1."""
        return False

    # ---- what a rule achieves

    def arranged(self, rows: Array) -> Array:
        """Return the rows p(theta|type) as the rule [type, theta], which they already are."""
        return rows

    def point(self, rule: Array) -> dict[str, float]:
        """Return S and U, in nats, of a rule [type, theta]."""
        return self.tables(rule)[0]

    def tables(self, rule: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """Return S and U, in nats, of a rule [type, theta], and its tables by name, without any theta of mass 0."""
        rule, theta, r = samples.reached(self.floats, rule)
        witness = {"theta": theta, "theta_given_type": rule, "types": self.floats[0]}
        r = r.reshape(len(theta), *self.shape)
        sums = r.sum(axis=2, keepdims=True)
        rows = np.where(sums > 0, r / np.where(sums > 0, sums, 1.0), 1 / r.shape[2])
        witness["y_given_x_theta"] = rows
        return samples.point(self.floats, rule, theta, r, rows), witness

    def witness_table(self, witness: Mapping[str, Any]) -> Any:
        """Return the rule [type, theta] among saved tables; a KeyError says that there is none."""
        return witness["theta_given_type"]

    def achieved(self, rule: Any) -> dict[str, arb]:
        """Return S and U, in nats, of a rule [type, theta] as balls; the rows are divided by their sums first."""
        return samples.achieved(self.types, self.blocks, rule)

    def hard_codes(self, rule: Array, most: float) -> Array | None:
        """Return which theta each type has, as booleans [type, theta].

        The result is None unless every type has one theta with probability >= most.
        """
        return samples.hard_values(rule, most)

    def excluded(self, codes: Array, multipliers: Mapping[str, float]) -> bool:
        """Return whether a hard rule is a vertex that no type can leave.

        codes[type, theta] says which theta each type has. A type is excluded from a theta where that theta's decoder
        gives probability 0 to a letter of the type. The result is True if each type is excluded from every theta but
        its own.
        """
        return samples.excluded(self.types, codes, self.blocks)

    def input_entropy(self) -> float:
        """Return 0: only an encoder problem has the volume V, for which this entropy is needed."""
        return 0.0

    # ---- on paper

    def describe(self) -> dict[str, Any]:
        """Return the problem as plain data, which JSON can hold and `read` understands."""
        tables = {name: write_table(getattr(self, name)) for name in _TABLES}
        return {"kind": self.kind, **tables, "n": self.n}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> DiscriminativeProblem:
        """Return the problem that `describe` wrote; ValueError, KeyError or TypeError say that it is malformed."""
        check_fields(content, (*_TABLES, "n"))
        n, tables = read_count(content["n"]), [read_table(content[name]) for name in _TABLES]
        check_types(n, tables)
        return cls(tables[0], tables[1], tables[2], n)
