"""JointProblem: learning rule, encoder and q's all free (nats).

    min rho R + delta D + gamma C + sigma S    over p(theta|x^N,y^N), p(z|x,theta) and q(z), q(x|z), q(y|z), q(theta)

(equations (21), (22)); R, D, C are sums over the N samples, which share the q's. With shared q's permutation-invariant
rules lose nothing: data are types t = (n_xy), counts of the letters (x, y), and a rule is p(theta|t).
With X, Y, Z those of a sample drawn uniformly, p(x,y,theta) = sum_t p(t) n_xy/N p(theta|t), and

    R = N I(Z;X,Theta),   D = N H(X|Z),   C = N H(Y|Z),   S = I(Theta;T).

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y]; rule[t, theta], encoder[x, theta, z].
theta_size and z_size are the largest alphabets of the tables sought.
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

from therml_exact.frontier.certificate import check_types, read_cells
from therml_exact.frontier.problems import DiscriminativeProblem
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import shown


@dataclass(frozen=True, eq=False)
class JointProblem:
    """min rho R + delta D + gamma C + sigma S over rules, encoders and q's, for n samples.

    >>> problem = JointProblem([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], n=1, theta_size=2, z_size=2)
    >>> len(problem.types), problem.shape
    (2, (2, 2))
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int
    theta_size: int
    z_size: int

    multipliers = ("rho", "delta", "gamma", "sigma")

    def __post_init__(self) -> None:
        for name in ("n", "theta_size", "z_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is {value!r}; it is an integer >= 1")
        shapes = [np.asarray(t, dtype=object).shape for t in (self.phi, self.x_given_phi, self.y_given_x_phi)]
        if [len(s) for s in shapes] != [1, 2, 3] or shapes[1] != shapes[2][:2] or shapes[0] != shapes[1][:1]:
            raise ValueError(
                f"phi, x_given_phi and y_given_x_phi have shapes {shapes[0]}, {shapes[1]}, {shapes[2]}; "
                "they are [phi], [phi, x] and [phi, x, y] with the same sizes"
            )
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
    def floats(self) -> tuple[Array, Array]:
        """Counts n[t, x, y] and probabilities of the types, as floats."""
        counts = np.array([counts for counts, _ in self.types], dtype=float)
        return counts.reshape(-1, *self.shape), np.array([float(mass) for _, mass in self.types])

    def describe(self) -> dict[str, Any]:
        """Plain data from which `read` makes it again."""
        tables = {name: _plain(getattr(self, name)) for name in ("phi", "x_given_phi", "y_given_x_phi")}
        return {"kind": "joint", **tables, "n": self.n, "theta_size": self.theta_size, "z_size": self.z_size}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> JointProblem:
        """The inverse of `describe`; ValueError, KeyError or TypeError if it is malformed."""
        if content["kind"] != "joint":
            raise ValueError(f"the kind {shown(content['kind'])} is unknown")
        names = ("phi", "x_given_phi", "y_given_x_phi")
        if set(content) != {"kind", *names, "n", "theta_size", "z_size"}:
            raise ValueError(f"the problem has the fields {shown(sorted(content))}")
        phi, x, y = (read_cells(content[name]) for name in names)
        if type(content["n"]) is int and content["n"] > 0:
            check_types(content["n"], (phi, x, y))
        return cls(phi, x, y, content["n"], content["theta_size"], content["z_size"])


def _plain(values: Any) -> dict[str, Any]:
    """A table of exact values as plain data."""
    array = np.asarray(values, dtype=object)
    return {"shape": list(array.shape), "cells": [str(Fraction(v)) for v in array.reshape(-1).tolist()]}
