"""Problems whose frontier is the likelihood of a mixture, as exact tables of exponents (nats).

    minimise  L(q) = - sum_w p_w log sum_z q_z prod_j t_z[j]^a[w,j],       a[w, j] = multiplier * rows[w, j]

| problem                     | w             | rows                          | multiplier | blocks          |
|-----------------------------|---------------|-------------------------------|------------|-----------------|
| encoder, rho R + gamma C    | x             | p(y|x)                        | gamma/rho  | Y               |
| encoder, with delta D       | (x, theta)    | p(y|x,theta), and 1[x] for X  | gamma/rho  | Y (X eliminated)|
| Bayes, S + beta U           | type of x^N   | n_x / N                       | beta N     | X               |
| discriminative, S + beta U  | type (x,y)^N  | n_xy                          | beta       | Y, one for each x|

Reductions of the encoder, with d = delta/rho and g = gamma/rho; value = rho (kappa H(X) + sum_parts share * L_part):
    every theta of an x alike (Theta trivial):  R + D = H(X), so d < 1 is kappa = d, share 1 - d, multiplier g/(1 - d);
    d >= 1: replacing Z by (Z, X) never hurts, so kappa = 1 and each x is a part of its own, with share p(x);
    otherwise one part, whose rows of X are eliminated: groups of w with one x, 0 < d < 1 (mixture.py).
Letters w of one group and equal rows are one letter: L does not tell them apart.

A block is searched in barycentric coordinates u of a root simplex, t = u root, rows = coordinates root: the letters'
rows themselves where they are few, the two extremes for a binary block, the whole simplex otherwise.

Everything here is rational; a float means its exact binary value, divided by the exact sum of its table.
Errors: ValueError for tables that are no distributions, TypeError for multipliers foreign to a problem.
Source: Kiefer and Wolfowitz (1956); B. Lindsay, The geometry of mixture likelihoods (1983); Alemi and Fischer,
TherML (2018), equations (22), App. B and C.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from therml_exact.joint import Joint

Row = tuple[Fraction, ...]
LARGEST = 20_000  # letters w


@dataclass(frozen=True)
class Block:
    """One simplex: rows[w, j] = sum_k coordinates[w, k] root[k, j]."""

    rows: tuple[Row, ...]
    root: tuple[Row, ...]
    coordinates: tuple[Row, ...]


@dataclass(frozen=True)
class Mixture:
    """p_w, the blocks, the multiplier of their rows, and the groups (x of w) whose rows of X, to the power delta,
    are eliminated; 0 <= delta < 1, and groups mean nothing at delta = 0.
    """

    weights: Row
    blocks: tuple[Block, ...]
    multiplier: Fraction
    groups: tuple[int, ...]
    delta: Fraction = Fraction(0)


@dataclass(frozen=True)
class Part:
    """A mixture, its share of the value, and for each letter w of the mixture the original letters."""

    share: Fraction
    mixture: Mixture
    members: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Plan:
    """value = scale (kappa H(masses) + sum share L(part))."""

    scale: Fraction
    kappa: Fraction
    masses: Row
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class EncoderProblem:
    """min over p(z|x,theta) of rho R + delta D + gamma C for one sample; p_xy is over (X, Y) or (X, Theta, Y)."""

    p_xy: Joint

    def __post_init__(self) -> None:
        if not isinstance(self.p_xy, Joint):
            raise TypeError(f"p_xy is a {type(self.p_xy).__name__}; give a Joint over (X, Y) or (X, Theta, Y)")
        if len(self.p_xy.axes) not in (2, 3):
            raise ValueError(f"p_xy has axes {self.p_xy.axes}; give a Joint over (X, Y) or (X, Theta, Y)")

    multipliers = ("rho", "delta", "gamma")

    @cached_property
    def cells(self) -> np.ndarray:
        """p(x, theta, y) as Fractions, with an axis of one letter for a Theta that is not there."""
        array = self.p_xy.weights(self.p_xy.axes).array
        if array.ndim == 2:
            array = array[:, None, :]
        return _distribution(array)

    @cached_property
    def floats(self) -> np.ndarray:
        """The cells as floats."""
        return self.cells.astype(float)

    def plan(self, rho: Fraction, delta: Fraction, gamma: Fraction) -> Plan:
        """The parts to solve; rho > 0."""
        d, g = delta / rho, gamma / rho
        per_letter = self._letters(g > 0)
        masses = tuple(sum((w for w, _, _ in group), Fraction(0)) for group in per_letter)
        if d >= 1:
            parts = tuple(
                _part(mass, [(w / mass, row, 0, of) for w, row, of in group], g, Fraction(0))
                for mass, group in zip(masses, per_letter, strict=True)
            )
            return Plan(rho, Fraction(1), masses, parts)
        grouped = [(w, row, x, of) for x, group in enumerate(per_letter) for w, row, of in group]
        if d == 0 or len(grouped) == len(per_letter):
            alike = [(w, row, 0, of) for w, row, _, of in grouped]
            return Plan(rho, d, masses, (_part(1 - d, alike, g / (1 - d), Fraction(0)),))
        return Plan(rho, Fraction(0), masses, (_part(Fraction(1), grouped, g, d),))

    def _letters(self, tell: bool) -> list[list[tuple[Fraction, Row, tuple[int, ...]]]]:
        """For each x that occurs, the (p_w, p(y|w), original (x, theta)); all rows are alike unless `tell`."""
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
                out.append(_merge(group))
        return out


@dataclass(frozen=True, eq=False)
class BayesProblem:
    """min S + beta U for n samples of p(x|phi): phi[phi], x_given_phi[phi, x]. Codes are values of Theta."""

    phi: Any
    x_given_phi: Any
    n: int

    multipliers = ("beta",)

    @cached_property
    def types(self) -> tuple[tuple[tuple[int, ...], Fraction], ...]:
        """Counts n_x and probability of each type that occurs."""
        prior, rows = _table(self.phi, 1, "phi"), _table(self.x_given_phi, 2, "x_given_phi")
        return tuple(_types(prior, [row.reshape(-1) for row in rows], _size(self.n)))

    @cached_property
    def floats(self) -> tuple[np.ndarray, np.ndarray]:
        """The types' counts [type, x] and probabilities, as floats."""
        return _floats(self.types)

    def plan(self, beta: Fraction) -> Plan:
        """One part, over the types."""
        letters = []
        for index, (counts, mass) in enumerate(self.types):
            row = tuple(Fraction(c, self.n) for c in counts) if beta else (Fraction(1),)
            letters.append((mass, row, 0, (index,)))
        one = Fraction(1)
        return Plan(one, Fraction(0), (one,), (_part(one, letters, beta * self.n, Fraction(0)),))


@dataclass(frozen=True, eq=False)
class DiscriminativeProblem:
    """min S + beta U for n samples, U = -sum log q(y|x,theta): y_given_x_phi[phi, x, y]."""

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int

    multipliers = ("beta",)

    @cached_property
    def types(self) -> tuple[tuple[tuple[int, ...], Fraction], ...]:
        """Counts n_xy, flat, and probability of each type that occurs."""
        prior, rows = _table(self.phi, 1, "phi"), _table(self.x_given_phi, 2, "x_given_phi")
        last = _table(self.y_given_x_phi, 3, "y_given_x_phi")
        cells = [(rows[f][:, None] * last[f]).reshape(-1) for f in range(len(prior))]
        return tuple(_types(prior, cells, _size(self.n)))

    @cached_property
    def floats(self) -> tuple[np.ndarray, np.ndarray]:
        """The types' counts [type, xy] and probabilities, as floats."""
        return _floats(self.types)

    @property
    def shape(self) -> tuple[int, int]:
        """Alphabets of X and Y."""
        sizes = np.asarray(self.y_given_x_phi).shape
        return sizes[1], sizes[2]

    def plan(self, beta: Fraction) -> Plan:
        """One part: a block of Y for each x."""
        nx, ny = self.shape
        one = Fraction(1)
        if beta == 0:
            letters = [(mass, (one,), 0, (i,)) for i, (_, mass) in enumerate(self.types)]
            return Plan(one, Fraction(0), (one,), (_part(one, letters, beta, Fraction(0)),))
        weights = tuple(mass for _, mass in self.types)
        blocks = []
        for x in range(nx):
            rows = tuple(tuple(Fraction(c) for c in counts[x * ny : (x + 1) * ny]) for counts, _ in self.types)
            blocks.append(Block(rows, _identity(ny), rows))
        mixture = Mixture(weights, tuple(blocks), beta, (0,) * len(weights))
        return Plan(one, Fraction(0), (one,), (Part(one, mixture, tuple((i,) for i in range(len(weights)))),))


Problem = EncoderProblem | BayesProblem | DiscriminativeProblem


def read_multipliers(problem: Any, given: dict[str, Any]) -> dict[str, Fraction]:
    """The multipliers as the exact values of floats or rationals; those foreign to the problem must be untouched."""
    read = {}
    for name, value in given.items():
        try:
            exact = Fraction(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{name} is {value!r}; a multiplier is a finite number >= 0") from None
        if exact < 0:
            raise ValueError(f"{name} is {value!r}; a multiplier is a finite number >= 0")
        if name in problem.multipliers:
            read[name] = exact
        elif exact != (1 if name == "rho" else 0):
            known = ", ".join(problem.multipliers)
            raise TypeError(f"{name} = {value!r} is foreign to {type(problem).__name__}, which takes {known}")
    return read


def _part(share: Fraction, letters: Sequence[tuple[Fraction, Row, int, tuple[int, ...]]], multiplier: Fraction,
          delta: Fraction) -> Part:  # fmt: skip
    merged: dict[tuple[int, Row], tuple[Fraction, tuple[int, ...]]] = {}
    for mass, row, group, of in letters:
        before, members = merged.get((group, row), (Fraction(0), ()))
        merged[group, row] = (before + mass, members + of)
    # Columns that no letter uses would only make the search wider.
    used = [j for j in range(len(letters[0][1])) if any(row[j] for _, row in merged)]
    rows = tuple(tuple(row[j] for j in used) for _, row in merged)
    mixture = Mixture(
        tuple(mass for mass, _ in merged.values()),
        (_block(rows),),
        multiplier,
        tuple(group for group, _ in merged),
        delta,
    )
    return Part(share, mixture, tuple(members for _, members in merged.values()))


def _merge(letters: list[tuple[Fraction, Row, tuple[int, ...]]]) -> list[tuple[Fraction, Row, tuple[int, ...]]]:
    merged: dict[Row, tuple[Fraction, tuple[int, ...]]] = {}
    for mass, row, of in letters:
        before, members = merged.get(row, (Fraction(0), ()))
        merged[row] = (before + mass, members + of)
    return [(mass, row, of) for row, (mass, of) in merged.items()]


def _block(rows: tuple[Row, ...]) -> Block:
    width = len(rows[0])
    distinct = tuple(dict.fromkeys(rows))
    if len(distinct) <= width:
        place = {row: k for k, row in enumerate(distinct)}
        identity = _identity(len(distinct))
        return Block(rows, distinct, tuple(identity[place[row]] for row in rows))
    if width == 2:
        low, high = min(row[0] for row in rows), max(row[0] for row in rows)
        shares = [(row[0] - low) / (high - low) for row in rows]
        return Block(rows, ((high, 1 - high), (low, 1 - low)), tuple((s, 1 - s) for s in shares))
    return Block(rows, _identity(width), rows)


def _identity(size: int) -> tuple[Row, ...]:
    return tuple(tuple(Fraction(int(i == j)) for j in range(size)) for i in range(size))


def _distribution(array: np.ndarray) -> np.ndarray:
    cells = np.empty(array.shape, dtype=object)
    cells.reshape(-1)[:] = [Fraction(v) for v in array.reshape(-1).tolist()]
    return np.asarray(cells / cells.sum())


def _table(values: Any, ndim: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != ndim or not array.size:
        raise ValueError(f"{name} has shape {array.shape}; it has {ndim} axes")
    try:
        cells = np.empty(array.shape, dtype=object)
        cells.reshape(-1)[:] = [Fraction(v) for v in array.reshape(-1).tolist()]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} holds an entry that is no finite number") from None
    sums = np.asarray(cells.sum(axis=-1, keepdims=True))
    if min(cells.reshape(-1)) < 0 or max(abs(s - 1) for s in sums.reshape(-1)) > Fraction(1, 10**9):
        raise ValueError(f"{name} has rows that are no distributions; entries are >= 0 and each row sums to 1")
    return np.asarray(cells / sums)


def _floats(types: Sequence[tuple[tuple[int, ...], Fraction]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([counts for counts, _ in types]), np.array([float(mass) for _, mass in types])


def _size(n: Any) -> int:
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"n is {n!r}; the number of samples is an integer >= 1")
    return n


def _types(prior: np.ndarray, rows: list[np.ndarray], n: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    width = len(rows[0])
    if math.comb(n + width - 1, width - 1) > LARGEST:
        raise ValueError(f"n = {n} over {width} letters has {math.comb(n + width - 1, width - 1):,} types; "
                         f"at most {LARGEST:,}")  # fmt: skip
    # Powers once for each count; integers over one denominator keep the sums of large rationals cheap.
    common = math.lcm(*(v.denominator for row in rows for v in row.tolist()))
    prior_common = math.lcm(*(v.denominator for v in prior.tolist()))
    powers = [[_powers(int(v * common), n) for v in row.tolist()] for row in rows]
    total = prior_common * common**n
    for counts in _compositions(n, width):
        many = math.factorial(n)
        for c in counts:
            many //= math.factorial(c)
        mass = 0
        for f, table in zip(prior.tolist(), powers, strict=True):
            term = int(f * prior_common)
            for power, c in zip(table, counts, strict=True):
                term *= power[c]
            mass += term
        if mass:
            yield counts, Fraction(many * mass, total)


def _powers(base: int, n: int) -> list[int]:
    out = [1]
    for _ in range(n):
        out.append(out[-1] * base)
    return out


def _compositions(n: int, width: int) -> Iterator[tuple[int, ...]]:
    if width == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _compositions(n - first, width - 1):
            yield (first, *rest)


def pairs(k: int) -> tuple[tuple[int, int], ...]:
    """The edges of a simplex of k vertices, in the order of a certificate."""
    return tuple((i, j) for i, j in product(range(k), repeat=2) if i < j)
