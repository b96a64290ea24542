"""JointProblem: learning rule, encoder and q's all free (nats).

    min rho R + delta D + gamma C + sigma S    over p(theta|x^N,y^N), p(z|x,theta) and q(z), q(x|z), q(y|z), q(theta)

(equations (21), (22)); R, D, C are sums over the N samples, which share the q's. With shared q's permutation-invariant
rules lose nothing: data are types t = (n_xy), counts of the letters (x, y), and a rule is p(theta|t).
With X, Y, Z those of a sample drawn uniformly, p(x,y,theta) = sum_t p(t) n_xy/N p(theta|t), and

    R = N I(Z;X,Theta),   D = N H(X|Z),   C = N H(Y|Z),   S = I(Theta;T).

*Some optimum has few thetas.* R and the place m = (p(z,y), p(z,x)) are means over theta of functions of (p(t|theta),
p(z|x,theta)), up to functions of m, and so is S. By Caratheodory's theorem types + dim m thetas reach whatever more
of them do.

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y]; rule[t, theta], encoder[x, theta, z].
theta_size (None: no limit) and z_size are the largest alphabets of the tables sought. A float means its exact binary
value; rows are divided by their exact sums.
Errors: ValueError naming the table or size.
Source: Alemi and Fischer, TherML (2018), equations (10)-(13), (21), (22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.problems.discriminative import DiscriminativeProblem
from therml_exact.frontier.problems.tables import check_fields, read_table, scaled_rows, write_table
from therml_exact.frontier.problems.types import check_types, read_count
from therml_exact.numbers.tables import Array, freeze, whole
from therml_exact.numbers.text import shown
from therml_exact.process import read_process
from therml_exact.results import problem

_TABLES = ("phi", "x_given_phi", "y_given_x_phi")


@problem
@dataclass(frozen=True, eq=False, repr=False)
class JointProblem:
    """min rho R + delta D + gamma C + sigma S over rules, encoders and q's, for n samples.

    >>> problem = JointProblem([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], n=1)
    >>> len(problem.types), problem.shape
    (2, (2, 2))
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int
    theta_size: int | None = None
    z_size: int = 2

    kind = "joint"
    multipliers = ("rho", "delta", "gamma", "sigma")
    functionals = ("R", "D", "C", "S")

    def __post_init__(self) -> None:
        phi, x, y = read_process(self.phi, self.x_given_phi, self.y_given_x_phi)
        if y is None:
            raise ValueError("y_given_x_phi is None; a joint problem has labels, y_given_x_phi[phi, x, y]")
        for name, table in (("phi", phi), ("x_given_phi", x), ("y_given_x_phi", y)):
            object.__setattr__(self, name, freeze(table))
        object.__setattr__(self, "n", whole("n", self.n))
        object.__setattr__(self, "z_size", whole("z_size", self.z_size))
        if self.theta_size is not None:
            object.__setattr__(self, "theta_size", whole("theta_size", self.theta_size))
        _ = self.types

    @cached_property
    def types(self) -> tuple[tuple[tuple[int, ...], Fraction], ...]:
        """Counts n_xy, flat, and probability of each type that occurs."""
        return DiscriminativeProblem(self.phi, self.x_given_phi, self.y_given_x_phi, self.n).types

    @property
    def shape(self) -> tuple[int, int]:
        """Alphabets of X and Y."""
        sizes = np.asarray(self.y_given_x_phi, dtype=object).shape
        return sizes[1], sizes[2]

    @property
    def thetas(self) -> int:
        """How many thetas a rule may use: theta_size, or as many as some optimum needs."""
        if self.theta_size is not None:
            return self.theta_size
        return len(self.types) + (self.z_size - 1) * (sum(self.shape) - 1)

    @cached_property
    def cells(self) -> Array:
        """p(x, t, y) of a sample drawn uniformly and the type it belongs to, as Fractions."""
        nx, ny = self.shape
        cells = np.empty((nx, len(self.types), ny), dtype=object)
        for t, (counts, mass) in enumerate(self.types):
            for k, count in enumerate(counts):
                cells[k // ny, t, k % ny] = mass * Fraction(count, self.n)
        return cells

    @cached_property
    def pairs(self) -> Array:
        """p(x, y) of a sample drawn uniformly, as Fractions."""
        prior, rows, last = (scaled_rows(t) for t in (self.phi, self.x_given_phi, self.y_given_x_phi))
        return np.asarray((prior[:, None, None] * rows[:, :, None] * last).sum(axis=0))

    @cached_property
    def floats(self) -> tuple[Array, Array]:
        """Counts n[t, x, y] and probabilities of the types, as floats."""
        counts = np.array([counts for counts, _ in self.types], dtype=float)
        return counts.reshape(-1, *self.shape), np.array([float(mass) for _, mass in self.types])

    def describe(self) -> dict[str, Any]:
        """Plain data from which `read` makes it again."""
        tables = {name: write_table(getattr(self, name)) for name in _TABLES}
        return {"kind": self.kind, **tables, "n": self.n, "theta_size": self.theta_size, "z_size": self.z_size}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> JointProblem:
        """The inverse of `describe`; ValueError, KeyError or TypeError if it is malformed."""
        if content["kind"] != cls.kind:
            raise ValueError(f"the kind is {shown(content['kind'])}, not {cls.kind}")
        check_fields(content, (*_TABLES, "n", "theta_size", "z_size"))
        n, tables = read_count(content["n"]), [read_table(content[name]) for name in _TABLES]
        check_types(n, tables)
        return cls(tables[0], tables[1], tables[2], n, content["theta_size"], content["z_size"])
