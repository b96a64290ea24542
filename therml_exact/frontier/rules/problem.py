"""Learning rules over a finite dictionary of encoders: which theta for which data (nats).

    minimise over p(theta|data)      rho R + delta D + gamma C + sigma S                                   (21), (22)

the encoders p(z|x,theta) given, q(z), q(x|z), q(y|z) shared by the N samples, q(theta) free, all four optimal. With
the mixture over samples p(z,x,y) = (1/N) sum_i P(Z_i = z, X_i = x, Y_i = y) and l = (1/N) sum_i H(Z_i|X_i,Theta),

    R = N (H(Z) - l),     C = N H(Y|Z),     D = N H(X|Z),     S = I(Theta; data).

R, C, D are concave functions of m = (p(z), p(z,y), p(z,x)) less a linear one; m and l are linear in the rule; S is
convex in the rule. vertices.py, cells.py and caps.py use nothing else of the problem.

*Types suffice.* Let a rule p(theta|d) be given with its q's. For a permutation s of the samples put
p_s(theta|d) = p(theta|s d). Data sets are exchangeable, p(s d) = p(d), so p_s has the same R, C, D, S for the same q's,
which are shared by the samples: the cost of (theta, d) is a sum over the samples of one function of (theta, x_i, y_i).
Take the average rule over all s and keep the q's. R, C, D are linear in the rule and stay; S, a mean of KL(p(.|d)||q),
is convex in it and does not grow; refitting the q's lowers all four. So for every rule there is one, invariant under
permutations, with no larger R, C, D and S: theta may be drawn given the type alone, the histogram n_xy of the data.

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y], encoders[theta, x, z]; theta_given_type[type, theta].
A float means its exact binary value; rows are divided by their exact sums.
Errors: ValueError for tables that are no distributions, for encoders of another X, for more than 20,000 types.
Source: Alemi and Fischer, TherML (2018), equations (10)-(13), (21), (22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.problems import tables as written
from therml_exact.frontier.problems.tables import check_fields, scaled_rows, write_table
from therml_exact.frontier.problems.types import check_types, enumerate_types, read_count
from therml_exact.numbers.tables import check_rows, freeze, read_table, whole
from therml_exact.numbers.text import shown
from therml_exact.process import read_process
from therml_exact.results import problem

Array = np.ndarray[Any, Any]
NAMES = ("R", "C", "D", "S")
_TABLES = ("phi", "x_given_phi", "y_given_x_phi", "encoders")


@problem
@dataclass(frozen=True, eq=False, repr=False)
class LearningRuleProblem:
    """A world, a number of samples and a dictionary of encoders: which theta should which data choose?

    phi             p(phi), [phi], no unit; as all tables: Fractions, integers, texts such as "1/3", or floats
    x_given_phi     p(x|phi), [phi, x], no unit
    y_given_x_phi   p(y|x, phi), [phi, x, y], no unit
    n               how many samples a data set has, N >= 1
    encoders        p(z|x, theta), [theta, x, z], no unit

    `minimize`, `trace`, `minimize_capped`, `excess`, `classify_rule` and `jump` take it. Derived tables: `types` and
    `counts` (the histograms of data sets), `mass` (their probabilities), `places` and `noise` (m and l of the module).
    Errors: ValueError for tables that are no distributions, for encoders of another X, and for n < 1.
    Source: Alemi and Fischer, TherML (2018), equations (10)-(13), (21), (22).

    >>> p = LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one fair bit, or not
    >>> p.shape, len(p.types), p.deterministic  # letters of X, Y, Theta, Z
    ((1, 2, 2, 2), 2, True)
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int
    encoders: Any

    kind = "learning rule"
    multipliers = ("rho", "delta", "gamma", "sigma")
    functionals = ("R", "D", "C", "S")

    def __post_init__(self) -> None:
        phi, x_given_phi, y = read_process(self.phi, self.x_given_phi, self.y_given_x_phi)
        dictionary = read_table(self.encoders, "encoders")
        check_rows(dictionary, "encoders")
        if y is None or dictionary.ndim != 3 or dictionary.shape[1] != x_given_phi.shape[1]:
            raise ValueError(
                f"encoders has shape {dictionary.shape}; it is [theta, x, z] with {x_given_phi.shape[1]} letters of x"
            )
        tables = {"phi": phi, "x_given_phi": x_given_phi, "y_given_x_phi": y, "encoders": dictionary}
        # The dictionary may be exact beside a process of floats: all of them enter as exact numbers.
        for name, table in tables.items():
            object.__setattr__(self, name, freeze(table))
        object.__setattr__(self, "n", whole("n", self.n))

    @cached_property
    def dictionary(self) -> Array:
        """The encoders p(z|x, theta) as exact Fractions, [theta, x, z]."""
        return scaled_rows(self.encoders)

    @cached_property
    def types(self) -> tuple[tuple[tuple[int, ...], Fraction], ...]:
        """For each type that occurs its counts n_xy, flat and x-major, and its exact probability."""
        prior, rows, last = (scaled_rows(t) for t in (self.phi, self.x_given_phi, self.y_given_x_phi))
        cells = [(rows[f][:, None] * last[f]).reshape(-1) for f in range(len(prior))]
        return tuple(enumerate_types(prior, cells, self.n))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The numbers of letters of X, Y, Theta and Z."""
        theta, _, z = np.asarray(self.encoders).shape
        _, x, y = np.asarray(self.y_given_x_phi).shape
        return x, y, theta, z

    @cached_property
    def mass(self) -> Array:
        """p(type) in floats, [type]."""
        return np.array([float(p) for _, p in self.types])

    @cached_property
    def counts(self) -> Array:
        """The histograms n[type, x, y], whole numbers of sum N."""
        x, y, _, _ = self.shape
        return np.array([c for c, _ in self.types]).reshape(-1, x, y)

    @cached_property
    def places(self) -> Array:
        """m[type, theta, k] in floats: p(z,y), then p(z,x), then p(z) of each type and theta, z-major."""
        e = self.dictionary.astype(float)
        n = self.counts / self.n
        blocks = (np.einsum("txy,axz->tazy", n, e), np.einsum("txy,axz->tazx", n, e), np.einsum("txy,axz->taz", n, e))
        return np.ascontiguousarray(np.concatenate([b.reshape(*b.shape[:2], -1) for b in blocks], axis=2))

    @cached_property
    def noise(self) -> Array:
        """l[type, theta] = H(Z|X, theta) under the letters of a type, in nats per sample."""
        e = self.dictionary.astype(float)
        entropy = -(e * np.log(np.where(e > 0, e, 1.0))).sum(axis=2) + 0.0
        return np.ascontiguousarray(np.einsum("txy,ax->ta", self.counts / self.n, entropy))

    @property
    def deterministic(self) -> bool:
        """Whether every encoder is a map."""
        return bool(all(v in (0, 1) for v in self.dictionary.reshape(-1)))

    def describe(self) -> dict[str, Any]:
        """Plain data from which `read` makes the problem again, numbers as text."""
        return {"kind": self.kind, "n": self.n, **{name: write_table(getattr(self, name)) for name in _TABLES}}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> LearningRuleProblem:
        """The inverse of `describe`; ValueError, KeyError or TypeError if the content is malformed or too large."""
        if content["kind"] != cls.kind:
            raise ValueError(f"the kind is {shown(content['kind'])}, not {cls.kind}")
        check_fields(content, (*_TABLES, "n"))
        n = read_count(content["n"])
        phi, x, y, encoders = (written.read_table(content[name]) for name in _TABLES)
        check_types(n, (phi, x, y))
        return cls(phi, x, y, n, encoders)

    def evaluate(self, rule: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """R, C, D, S of a rule by name (nats), with the q's that are optimal for it, and all tables by name.

        rule   p(theta|type), [type, theta], rows of sum 1
        """
        e = self.dictionary.astype(float)
        joint = self.mass[:, None] * rule
        theta = joint.sum(axis=0)
        weight = np.einsum("ta,txy->axy", joint, self.counts / self.n)
        xa = weight.sum(axis=2)
        zx, zy = np.einsum("ax,axz->zx", xa, e), np.einsum("axy,axz->zy", weight, e)
        z = zx.sum(axis=1)
        point = {
            "R": self.n * _kl(xa[:, :, None] * e, e, z),
            "C": -self.n * _kl(zy, zy, z[:, None]),
            "D": -self.n * _kl(zx, zx, z[:, None]),
            "S": _kl(joint, rule, theta),
        }
        safe = np.where(z > 0, z, 1.0)[:, None]
        witness = {
            "theta_given_type": rule,
            "types": self.counts.reshape(len(rule), -1),
            "theta": theta,
            "z": z,
            "x_given_z": np.where(z[:, None] > 0, zx / safe, xa.sum(axis=0)),
            "y_given_z": np.where(z[:, None] > 0, zy / safe, weight.sum(axis=(0, 1))),
        }
        point |= dict.fromkeys(self.zeros(rule), 0.0)
        return {name: max(value, 0.0) + 0.0 for name, value in point.items()}, witness

    def zeros(self, rule: Array) -> list[str]:
        """The names of the functionals that are exactly 0, told by supports alone, so that no rounding enters.

        S where no data set changes the rule, R where all codes in use are one, C (D) where each z has one y (x).
        """
        used = np.einsum("ta,txy->axy", rule > 0, self.counts > 0) > 0
        codes = self.dictionary[used.any(axis=2)]
        zxy = np.einsum("axy,axz->zxy", used, self.dictionary > 0) > 0
        holds = {
            "S": (rule == rule[0]).all(),
            "R": (codes == codes[0]).all(),
            "C": (zxy.any(axis=1).sum(axis=1) <= 1).all(),
            "D": (zxy.any(axis=2).sum(axis=1) <= 1).all(),
        }
        return [name for name, zero in holds.items() if zero]


def _kl(weight: Array, top: Array, bottom: Array) -> float:
    """The sum of weight log(top/bottom), 0 where the weight is 0, in nats.

    R, C, D and S are such sums, and never a difference of two entropies, which would lose digits.
    """
    bottom = np.broadcast_to(bottom, top.shape)
    used = weight > 0
    return float((weight[used] * (np.log(top[used]) - np.log(bottom[used]))).sum())
