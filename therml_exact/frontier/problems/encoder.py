"""EncoderProblem: which encoder of X tells of Y at what rate (nats).

    min over p(z|x,theta) of rho R + delta D + gamma C,     R = I(Z;X,Theta),   D = H(X|Z),   C = H(Y|Z)

The problem is solved as one or more mixtures (mixture.py). Their letters w are the pairs (x, theta), those of one x
with equal p(y|w) merged, and their rows are p(y|w). With d = delta/rho and g = gamma/rho the value is

    rho (kappa H(X) + sum over parts of share * L(part)),

where three cases give kappa and the parts:
    d < 1, one letter for each x    R + D = H(X), so that kappa = d; one part with share 1 - d and multiplier g/(1 - d).
                                    The case d = 0 is solved likewise, also with more letters for an x.
    d >= 1                          To replace Z by (Z, X) costs nothing, so that kappa = 1; each x is a part of its
                                    own, with share p(x) and multiplier g.
    0 < d < 1 otherwise             kappa = 0; one part with share 1 and multiplier g, in which the letters of one x are
                                    a group and the row p(x|z) has the exponent d. The best p(x|z) has a closed form.
At rho = 0 no code costs anything: Z = (X, Theta) is optimal, with value gamma H(Y|X,Theta).

Shapes: p_xy over (X, Y) or (X, Theta, Y); encoders [x, theta, z].
Errors: TypeError for what is no Joint, ValueError for one over other axes.
Source: Alemi and Fischer, TherML (2018), equation (22); N. Tishby, F. Pereira, W. Bialek (1999).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb

from therml_exact.containers import contents
from therml_exact.frontier.problems.mixture import Part, Plan, Row, merge, part
from therml_exact.frontier.problems.sums import divergences, rate_in_balls, spread_in_balls
from therml_exact.frontier.problems.tables import check_fields, distribution, read_exact_table, write_cells
from therml_exact.joint import Joint
from therml_exact.numbers.balls import ball, plogp
from therml_exact.numbers.tables import Array
from therml_exact.results import problem


def as_joint(p_xy: Any) -> Joint:
    """A Joint as it is; a table of two or three axes as one over (X, Y) or (X, Theta, Y)."""
    if isinstance(p_xy, Joint):
        return p_xy
    held = contents(p_xy, "p_xy")
    if held is not None and held.axes(None) is not None:
        return Joint(p_xy)
    axes = {2: ("X", "Y"), 3: ("X", "Theta", "Y")}.get(np.ndim(p_xy if held is None else held.cells))
    if axes is None:
        raise TypeError(f"p_xy is a {type(p_xy).__name__}; give a Joint over (X, Y) or (X, Theta, Y), or its table")
    return Joint(p_xy, axes)


@problem
@dataclass(frozen=True, eq=False, repr=False)
class EncoderProblem:
    """The least rho R + delta D + gamma C over encoders p(z|x,theta), for one sample (equation 22).

    p_xy    a Joint over (X, Y), or over (X, Theta, Y) where the encoder sees Theta beside X; or its table

    TypeError is raised for what is no table, ValueError for one that has not two or three axes.

    The letters of the mixture are the pairs (x, theta); here there are four hair colours and no Theta:

    >>> import therml_exact as tx
    >>> EncoderProblem(tx.examples.hair_eye().marginal(["Hair", "Eye"])).letters
    4
    """

    p_xy: Joint

    kind = "encoder"
    multipliers = ("rho", "delta", "gamma")
    functionals = ("R", "D", "C")

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_xy", as_joint(self.p_xy))
        if len(self.p_xy.axes) not in (2, 3):
            raise ValueError(f"p_xy has axes {self.p_xy.axes}; give a Joint over (X, Y) or (X, Theta, Y)")

    @cached_property
    def cells(self) -> Array:
        """The cells p(x, theta, y) as Fractions that sum to 1; a Theta that is absent has an axis of one letter."""
        array = self.p_xy.weights(self.p_xy.axes).array
        if array.ndim == 2:
            array = array[:, None, :]
        return distribution(array)

    @cached_property
    def floats(self) -> Array:
        """The cells p(x, theta, y) as floats."""
        return self.cells.astype(float)

    @property
    def letters(self) -> int:
        """The number of pairs (x, theta), those of probability 0 included."""
        return self.cells.shape[0] * self.cells.shape[1]

    def conditions(self) -> tuple[list[str], str, str]:
        """The names of the pairs (x, theta), what the letters of an encoder are called, and what the pairs are."""
        axes, shape = self.p_xy.axes[:-1], self.p_xy.shape[:-1]
        names = [self.p_xy.labels.get(name, range(size)) for name, size in zip(axes, shape, strict=True)]
        return [", ".join(map(str, pair)) for pair in itertools.product(*names)], "z", ", ".join(axes)

    # ---- the multipliers as a direction in the space of (R, D, C)

    def weights(self, multipliers: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the weights (rho, delta, gamma) of R, D and C."""
        return tuple(multipliers[name] for name in self.multipliers)

    def direction(self, weights: Sequence[float] | Array) -> dict[str, float]:
        """Return the arguments of `minimize` for weights >= 0 of R, D and C.

        rho is 1 and the others are divided by R's weight; where that is 0, rho is 0 and the others stay.
        """
        first = float(weights[0])
        rest = [float(w) / first if first > 0 else float(w) for w in weights[1:]]
        return {"rho": float(first > 0), "delta": rest[0], "gamma": rest[1]}

    # ---- plans and closed forms

    def plan(self, rho: Fraction, delta: Fraction, gamma: Fraction) -> Plan:
        """Return the plan of the mixtures to solve, for rho > 0; the module says which they are."""
        d, g = delta / rho, gamma / rho
        per_letter = self._letters(g > 0)
        masses = tuple(sum((w for w, _, _ in group), Fraction(0)) for group in per_letter)
        if d >= 1:
            return Plan(rho, Fraction(1), masses, _parts_of_letters(masses, per_letter, g))
        grouped = [(w, row, x, of) for x, group in enumerate(per_letter) for w, row, of in group]
        if d == 0 or len(grouped) == len(per_letter):
            alike = [(w, row, 0, of) for w, row, _, of in grouped]
            return Plan(rho, d, masses, (part(1 - d, alike, g / (1 - d), Fraction(0)),))
        return Plan(rho, Fraction(0), masses, (part(Fraction(1), grouped, g, d),))

    def _letters(self, tell: bool) -> list[list[tuple[Fraction, Row, tuple[int, ...]]]]:
        """Return, for each x that occurs, its letters as triples (p_w, row of w, its pairs as x * |Theta| + theta).

        The row is p(y|w), or (1,) for every letter if `tell` is False (gamma = 0, where Y does not matter). Letters of
        one x with equal rows are merged.
        """
        cells = self.cells
        out = []
        for x in range(cells.shape[0]):
            group: list[tuple[Fraction, Row, tuple[int, ...]]] = []
            for theta in range(cells.shape[1]):
                row = cells[x, theta].tolist()
                mass = sum(row, Fraction(0))
                if mass:
                    conditional = tuple(v / mass for v in row) if tell else (Fraction(1),)
                    group.append((mass, conditional, (x * cells.shape[1] + theta,)))
            if group:
                out.append(merge(group))
        return out

    def unsearched(self, multipliers: Mapping[str, Any]) -> bool:
        """Return whether rho = 0. A hard encoder is then optimal, and nothing is searched."""
        return bool(multipliers["rho"] == 0)

    def unsearched_table(self, multipliers: Mapping[str, Any]) -> Array:
        """Return the encoder [x, theta, z] that is optimal at rho = 0; it has a code for each letter."""
        nx, ntheta, _ = self.cells.shape
        letters = np.eye(nx * ntheta)
        if multipliers["delta"] == 0:  # letters with equal rows need no codes of their own
            (only,) = self.plan(Fraction(1), Fraction(0), Fraction(1)).parts
            for members in only.members:
                letters[list(members)] = letters[members[0]]
        return letters.reshape(nx, ntheta, -1)

    def unsearched_value(self, multipliers: Mapping[str, Any]) -> arb:
        """Return the least value at rho = 0, gamma H(Y|X,Theta) in nats, as a ball that encloses it."""
        joint = sum((plogp(ball(v)) for v in self.cells.reshape(-1).tolist()), arb(0))
        letters = sum((plogp(ball(v)) for v in self.cells.sum(axis=2).reshape(-1).tolist()), arb(0))
        return ball(multipliers["gamma"]) * (joint - letters)

    def unsearched_size(self, multipliers: Mapping[str, Any]) -> float:
        """Return the size of the terms whose sum is that value; the error of that sum in floats scales with it."""
        return float(multipliers["gamma"]) + float(multipliers["delta"])

    def unit_plan(self, delta: float) -> Plan | None:
        """Return the plan at gamma = 1, in whose multiples the critical gamma is measured.

        The result is None for delta > 1, where Z = X pays at every gamma and there is no critical one.
        """
        return None if delta > 1 else self.plan(Fraction(1), Fraction(delta), Fraction(1))

    def pays_at_once(self, delta: float) -> bool:
        """Return whether a code pays at every gamma > 0, which is so at delta = 1 if X and Y are dependent."""
        table = self.cells.sum(axis=1)
        product = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
        return delta == 1 and bool((table != product).any())

    # ---- what an encoder achieves

    def arranged(self, rows: Array) -> Array:
        """Return rows p(z|letter) [letter, z] as an encoder [x, theta, z]."""
        return rows.reshape(*self.cells.shape[:2], -1)

    def point(self, encoder: Array) -> dict[str, float]:
        """Return R, D and C, in nats, of an encoder [x, theta, z], by a compiled kernel."""
        from therml_exact.kernels.mixture.functionals import encoder_functionals

        return dict(zip("RDC", encoder_functionals(self.floats, encoder), strict=True))

    def tables(self, encoder: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """Return R, C and D, in nats, of an encoder [x, theta, z], and its tables by name, without codes of mass 0.

        Rows of pairs (x, theta) of probability 0 are overwritten in `encoder` with the marginal p(z).
        """
        cells = self.floats
        p = cells.sum(axis=2)
        z = np.einsum("xt,xtz->z", p, encoder)
        encoder, z = encoder[:, :, z > 0], z[z > 0]
        encoder[p == 0] = z
        xz = np.einsum("xt,xtz->zx", p, encoder)
        yz = np.einsum("xty,xtz->zy", cells, encoder)
        point = {
            "R": math.fsum(divergences(p[:, :, None] * encoder, encoder, z)),
            "C": -math.fsum(divergences(yz, yz, z[:, None])),
            "D": -math.fsum(divergences(xz, xz, z[:, None])),
        }
        witness = {"z": z, "x_given_z": xz / z[:, None], "y_given_z": yz / z[:, None]}
        if len(self.p_xy.axes) == 2:
            witness = {"z_given_x": encoder[:, 0], **witness}
        else:
            witness = {"z_given_x_theta": encoder, **witness}
        return {name: value + 0.0 for name, value in point.items()}, witness

    def witness_table(self, witness: Mapping[str, Any]) -> Any:
        """Return the encoder [x, theta, z] among saved tables; a KeyError says that there is none."""
        return [[row] for row in witness["z_given_x"]] if "z_given_x" in witness else witness["z_given_x_theta"]

    def achieved(self, encoder: Any) -> dict[str, arb]:
        """Return R, D and C, in nats, of an encoder [x, theta, z] as balls; rows are divided by their sums first."""
        letters = self.cells.reshape(-1, self.cells.shape[2])
        masses = [ball(v) for v in letters.sum(axis=1).tolist()]
        nx, ntheta = self.cells.shape[:2]
        weighted, q, rate = rate_in_balls(masses, encoder, (nx, ntheta))
        y = [[ball(v / m) if m else arb(0) for v in row]
             for row, m in zip(letters.tolist(), letters.sum(axis=1), strict=True)]  # fmt: skip
        distortion = classification = arb(0)
        for z in range(len(q)):
            xs = [arb(0)] * nx
            ys = [arb(0)] * letters.shape[1]
            for w, row in enumerate(weighted):
                xs[w // ntheta] += row[z]
                ys = [a + row[z] * b for a, b in zip(ys, y[w], strict=True)]
            distortion += spread_in_balls(xs) - plogp(q[z])
            classification += spread_in_balls(ys) - plogp(q[z])
        return {"R": rate, "D": distortion, "C": classification}

    def hard_codes(self, encoder: Array, most: float) -> Array | None:
        """Return which code each letter that occurs has, as booleans [x, theta, z].

        The result is None unless every such letter has one code with probability >= most.
        """
        met: Array = self.floats.sum(axis=2) > 0
        if (encoder.max(axis=2)[met] < most).any():
            return None
        codes: Array = np.eye(encoder.shape[2], dtype=bool)[encoder.argmax(axis=2)]
        return np.asarray(codes & met[:, :, None])

    def excluded(self, codes: Array, multipliers: Mapping[str, float]) -> bool:
        """Return whether a hard encoder is a vertex that no letter can leave.

        codes[x, theta, z] says which code each letter has. A letter is excluded from a code where that code's p(y|z) is
        0 at a y of the letter, or its p(x|z) is 0 at the letter's x and delta > 0. The result is True if each letter
        that occurs is excluded from every code but its own.
        """
        used: Array = self.floats > 0
        met: Array = self.floats.sum(axis=2) > 0
        y_of_z: Array = np.einsum("xtz,xty->zy", codes, used)
        excluded: Array = np.einsum("xty,zy->xtz", used, ~y_of_z)
        if multipliers["delta"] > 0:
            in_use: Array = np.asarray(codes.any(axis=1))
            excluded |= ~in_use[:, None, :]
        return bool((excluded | codes | ~met[:, :, None]).all())

    @property
    def trivial(self) -> bool:
        """Whether every x that occurs has only one theta, so that R + D = H(X)."""
        return bool(((self.cells.sum(axis=2) > 0).sum(axis=1) <= 1).all())

    def input_entropy(self) -> float:
        """Return H(X) in nats, which the volume V = R + D - H(X) needs."""
        p = self.cells.sum(axis=(1, 2)).astype(float)
        return -math.fsum(x * math.log(x) for x in p.tolist() if x > 0)

    # ---- on paper

    def describe(self) -> dict[str, Any]:
        """Return the problem as plain data, which JSON can hold and `read` understands."""
        array = self.p_xy.weights(self.p_xy.axes).array
        return {
            "kind": self.kind,
            "axes": list(self.p_xy.axes),
            "shape": list(array.shape),
            "cells": write_cells(array),
        }

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> EncoderProblem:
        """Return the problem that `describe` wrote; ValueError, KeyError or TypeError say that it is malformed."""
        check_fields(content, ("axes", "shape", "cells"))
        if type(content["axes"]) is not list:
            raise ValueError("axes is no list of names")
        cells = read_exact_table(content)
        if min(cells.reshape(-1)) < 0:
            raise ValueError("a probability is negative")
        if max(cells.reshape(-1)) == 0:
            raise ValueError("all probabilities are 0")
        return cls(Joint(np.asarray(cells / cells.sum()), content["axes"]))


def _parts_of_letters(masses: Row, groups: Any, multiplier: Fraction) -> tuple[Part, ...]:
    """Return a part for each x, whose letters (x, theta) have the probabilities p(theta|x) and form one group."""
    return tuple(
        part(mass, [(w / mass, row, 0, of) for w, row, of in group], multiplier, Fraction(0))
        for mass, group in zip(masses, groups, strict=True)
    )
