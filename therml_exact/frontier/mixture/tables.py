"""The floats of one likelihood problem: the best mixing measure for a finite table of exponents (nats).

    minimise  L(q) = - sum_w p_w log m_w,     m_w = sum_z q_z prod_j t_z[j]^a[w, j],

which is convex in the mixing measure q, the weights q_z on codes t_z. With G(t) = sum_w (p_w/m_w) prod_j t[j]^a[w, j],
q is optimal if and only if G <= 1 for every code. For any c_w > 0, with G made of the c_w instead of p_w/m_w,

    min L >= sum_w p_w log(c_w/p_w) - log max_t G(t)                        (weak duality)

If delta > 0, a code also has a row over X, whose entry at the group x_w of a letter has the exponent delta < 1. The
best row is known and is not searched: with s = 1/(1 - delta) and B_x the sum of (p_w/m_w) prod t^a over the letters w
of group x, it is proportional to B_x^s, and G = (sum_x B_x^s)^(1/s).

primal.py is the upper side; dual.py, ellipsoids.py and kernels/mixture/cells.py are the lower side; solve.py goes
between the two.

Shapes: a[w, j] over the coordinates of all blocks (and of X's row, if there is one, last); codes t[z, j]; posteriors
r[w, t].
No error is raised here.
Source: J. Kiefer and J. Wolfowitz (1956); B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.frontier.mixture.closed_form import RULES, Terms, evaluate, labels, overlap, share_of
from therml_exact.frontier.problems.mixture import Mixture

FLOOR = 1e-300  # a code's entry is at least this: it stands for 0 at a cost of no digit
SLACK = 2e-14  # rounding of the dual's sums, relative to the sum of absolute values plus 1

Array = np.ndarray[Any, Any]


class Tables:
    """The floats of a mixture; `at` gives those of another multiplier without reading it again.

    mixture          the exact likelihood problem
    p, log_p         p_w and its logarithm, [w]
    rows             for each block the exponents before the multiplier, [w, j]
    roots            for each block the vertices of the root simplex, [k, j]
    coordinates      for each block the barycentric coordinates of the rows, [w, k]
    delta, power     the exponent of X's row, and s = 1/(1 - delta)
    group, groups    the group x_w of each letter, [w], and how many there are
    jstart           the first coordinate j of each block, and the end of the last
    kstart           the same for the vertices k of the roots
    ends             `jstart`, with X's row as one more block if delta > 0
    multiplier       the factor of all rows
    a                the exponents of all blocks, [w, j]
    a_root           the exponents in barycentric coordinates of the roots, [w, k]
    full             `a`, with the exponents of X's row as more columns if delta > 0
    sums             the sum of a letter's exponents in each block of `ends`, [w, block]
    own              log of an exponent's share of its block's sum, [w, j]: log t of the code that suits letter w best
    heaviest         the largest sum of a letter's exponents
    width            twice the width of a letter's likelihood prod t^a as a function of sqrt(t), a point of a sphere
    rare             log m_w of one code at each letter, [w], once it was needed (`primal.multipliers`)
    """

    def __init__(self, mixture: Mixture) -> None:
        self.mixture = mixture
        # A probability that floats do not hold is as good as FLOOR: its share of any sum is below all rounding.
        self.p = np.maximum(np.array([float(w) for w in mixture.weights]), FLOOR)
        self.log_p = np.log(self.p)
        self.rows = [np.array(b.rows, dtype=float) for b in mixture.blocks]
        self.coordinates = [np.array(b.coordinates, dtype=float) for b in mixture.blocks]
        self.roots = [np.array(b.root, dtype=float) for b in mixture.blocks]
        self.delta = float(mixture.delta)
        self.power = float(1 / (1 - mixture.delta))
        self.group = np.array(mixture.groups if self.delta else (0,) * len(self.p), dtype=np.int64)
        self.groups = int(self.group.max()) + 1
        sizes = [r.shape[1] for r in self.rows]
        self.jstart = np.cumsum([0, *sizes])
        self.kstart = np.cumsum([0, *(r.shape[0] for r in self.roots)])
        # X's row is one more block for the primal, which does move it.
        self.ends = np.append(self.jstart, self.jstart[-1] + self.groups) if self.delta else self.jstart
        self._side_by_side = np.hstack(self.rows), np.hstack(self.coordinates)
        self._set(mixture)

    def _set(self, mixture: Mixture) -> None:
        """Set everything that depends on the multiplier."""
        self.multiplier = float(mixture.multiplier)
        rows, coordinates = self._side_by_side
        self.a = rows * self.multiplier
        self.a_root = coordinates * self.multiplier
        self.full = self.a
        if self.delta:
            self.full = np.hstack([self.a, self.delta * np.eye(self.groups)[self.group]])
        self.sums = np.add.reduceat(self.full, self.ends[:-1], axis=1)
        block = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        self.own = np.log(np.where(self.full > 0, self.full / np.maximum(self.sums[:, block], FLOOR), 1.0))
        self.heaviest = float(self.full.sum(axis=1).max())
        # With n the sum of a letter's exponents, prod t^a is nearly exp(-2 n d^2), where d is the distance between the
        # points sqrt(t) of the sphere and that of the letter's best code. Its standard deviation is 1/(2 sqrt(n)); the
        # width is twice that.
        self.width = 1 / math.sqrt(max(self.heaviest, 1.0))
        self.rare: Array | None = None
        self._closed: dict[str, Terms] | None = None
        self._bounds: dict[str, float] = {}

    def at(self, multiplier: Fraction) -> Tables:
        """Return the floats of the same mixture with another multiplier."""
        other = copy.copy(self)
        other.mixture = replace(self.mixture, multiplier=multiplier)
        other._set(other.mixture)
        return other

    @property
    def closed(self) -> dict[str, Terms]:
        """The terms of the lower bounds in closed form that apply here, by the rule's name."""
        if self._closed is None:
            # The likelihood's rule wants integer exponents.
            whole = _whole(self.mixture)
            # The rules of supports and of contraction are taken from these floats.
            left_out = {"supports", "contraction"} | (set() if whole else {"likelihood"})
            rules = {name: rule for name, rule in RULES.items() if name not in left_out}
            self._closed = {name: terms for name, rule in rules.items() if (terms := rule(self.mixture)) is not None}
        return self._closed

    def closed_bound(self, rule: str) -> float:
        """Return the lower bound of L by that rule, in nats, less the most that rounding may have added."""
        if rule == "contraction" and rule not in self._bounds:
            self._bounds[rule] = self._contraction()
        if rule == "supports" and rule not in self._bounds:
            terms = -self.p * (self.full * self.own).sum(axis=1)
            masses: dict[int, float] = {}
            cells: dict[tuple[int, int], float] = {}
            for part, group, p in zip(labels(self.mixture), self.group.tolist(), self.p.tolist(), strict=True):
                masses[part] = masses.get(part, 0.0) + p
                cells[part, group] = cells.get((part, group), 0.0) + p
            more = [-p * math.log(p) for p in masses.values()]
            if self.delta:
                more += [self.delta * p * math.log(masses[part] / p) for (part, _), p in cells.items()]
            size = float(np.abs(terms).sum()) + math.fsum(abs(v) for v in more)
            self._bounds[rule] = math.fsum([*terms, *more]) - SLACK * (size + self.heaviest + 1)
        if rule not in self._bounds:
            logs = [float(c) * evaluate([(Fraction(1), r)]) for c, r in self.closed[rule]]
            bound = math.fsum(logs)
            self._bounds[rule] = bound - SLACK * (abs(bound) + math.fsum(abs(v) for v in logs) + 1)
        return self._bounds[rule]

    @cached_property
    def contracts(self) -> bool:
        """Whether the rule of contraction applies: one block, with rows of sum 1."""
        return len(self.roots) == 1 and self.mixture.blocks[0].sums_to_one

    @cached_property
    def _overlaps(self) -> dict[tuple[int, ...], Fraction]:
        """The overlaps of the parts' rows that were asked for, by the parts' letters; other multipliers share them."""
        return {}

    def _contraction(self) -> float:
        """Return the lower bound of L by contraction, in nats, less the most that rounding may have added."""
        rows, terms = self.rows[0], [0.0]
        names = np.array(labels(self.mixture))
        for name in np.unique(names):
            of = np.flatnonzero(names == name)
            key = tuple(of.tolist())
            if key not in self._overlaps:
                self._overlaps[key] = overlap([self.mixture.blocks[0].rows[w] for w in key])
            s = float(share_of(self.mixture.multiplier, self.mixture.delta, self._overlaps[key]))
            p = self.p[of]
            mass, y = float(p.sum()), p @ rows[of]
            terms += [-mass * math.log(mass), *(s * plogp(y / mass) * mass).tolist()]
            terms += ((self.multiplier - s) * (p[:, None] * plogp(rows[of])).sum(axis=1)).tolist()
            if self.delta:
                x = np.bincount(self.group[of], p) / mass
                terms += (self.delta * mass * plogp(x)).tolist()
        return math.fsum(terms) - SLACK * (math.fsum(abs(v) for v in terms) + self.heaviest + 1)

    @property
    def apart(self) -> bool:
        """Whether any two letters have equal rows or disjoint supports, so that a code for each row is optimal."""
        if len(self.roots) > 1 or self.mixture.multiplier < 1:
            return False
        return bool((self.coordinates[0].max(axis=1) == 1).all() and ((self.roots[0] > 0).sum(axis=0) <= 1).all())

    def gradient(self, lam: Array, t: Array) -> tuple[Array, Array, Array]:
        """Return log G, the posteriors and the best rows over X at the codes t.

        lam     the dual variables log c_w, [w]
        t       codes [t, j] without X's row

        log G is an array [t], in nats. The posteriors r[w, t] are the letters' shares of G. The best rows over X are an
        array [t, x], of no columns at delta = 0.
        """
        x = lam[:, None] + np.einsum("wj,tj->wt", self.a, np.log(np.maximum(t, FLOOR)))
        if not self.delta:
            top = x.max(axis=0)
            r = np.exp(x - top)
            total = r.sum(axis=0)
            return top + np.log(total), r / total, np.empty((len(t), 0))
        top = np.full((self.groups, len(t)), -np.inf)
        np.maximum.at(top, self.group, x)
        b = np.zeros_like(top)
        r = np.exp(x - top[self.group])
        np.add.at(b, self.group, r)
        r /= b[self.group]
        b = self.power * (top + np.log(b))
        peak = b.max(axis=0)
        b = np.exp(b - peak)
        total = b.sum(axis=0)
        b /= total
        return (peak + np.log(total)) / self.power, r * b[self.group], b.T

    def image(self, r: Array) -> Array:
        """Return the best codes [t, j], without X's row, for posteriors r[w, t]: the mean rows, block by block."""
        out = np.empty((r.shape[1], self.jstart[-1]))
        for rows, lo, hi in zip(self.rows, self.jstart[:-1], self.jstart[1:], strict=True):
            part = np.einsum("wt,wj->tj", r, rows)  # BLAS would wake its threads
            total = part.sum(axis=1, keepdims=True)
            out[:, lo:hi] = np.where(total > 0, part / np.maximum(total, FLOOR), 1 / (hi - lo))
        return out


def plogp(x: Array) -> Array:
    """Return -x log x."""
    return np.asarray(-x * np.log(np.where(x > 0, x, 1.0)))


def _whole(mixture: Mixture) -> bool:
    """Return whether all exponents, the multiplier times the entries of the rows, are whole numbers."""
    over, under = mixture.multiplier.numerator, mixture.multiplier.denominator
    entries = (v for block in mixture.blocks for row in block.rows for v in row)
    # Up to the first that is not: a common denominator of many floats would have millions of digits.
    return all(over * v.numerator % (under * v.denominator) == 0 for v in entries)
