"""A mixture's likelihood as exact tables of exponents, and the plan that makes a problem of such parts (nats).

    L(q) = - sum_w p_w log sum_z q_z prod_j t_z[j]^a[w,j],       a[w, j] = multiplier * rows[w, j]
    value of a problem = scale (kappa H(masses) + sum_parts share L_part)

Letters w of one group and equal rows are one letter: L does not tell them apart.

A block is searched in barycentric coordinates u of a root simplex, t = u root, rows = coordinates root: the letters'
rows themselves where they are few, the two extremes for a binary block, the whole simplex otherwise.

Everything here is rational.
Errors: none.
Source: Kiefer and Wolfowitz (1956); B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

Row = tuple[Fraction, ...]
Letter = tuple[Fraction, Row, int, tuple[int, ...]]
"""One letter w: its probability, its row of exponents, its group, and the original letters that it stands for."""


@dataclass(frozen=True)
class Block:
    """One simplex of a code, with what the letters ask of it.

    rows[w, j]         the exponents of the letters, before the multiplier
    root[k, j]         the vertices of the simplex that is searched
    coordinates[w, k]  barycentric coordinates of the rows: rows[w, j] = sum_k coordinates[w, k] root[k, j]
    """

    rows: tuple[Row, ...]
    root: tuple[Row, ...]
    coordinates: tuple[Row, ...]


@dataclass(frozen=True)
class Mixture:
    """One likelihood problem: minimise - sum_w weights[w] log sum_z q_z prod_j t_z[j]^(multiplier rows[w, j]).

    weights     p_w > 0, which sum to 1
    blocks      the simplices that make up a code t
    multiplier  the factor of all rows
    groups[w]   the x of letter w, which matters for delta > 0 only
    delta       in [0, 1): the exponent of the code's row over X, whose optimum is known in closed form and is therefore
                not searched
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
    """What a problem comes to: value = scale (kappa H(masses) + sum share L(part))."""

    scale: Fraction
    kappa: Fraction
    masses: Row
    parts: tuple[Part, ...]


def part(share: Fraction, letters: Sequence[Letter], multiplier: Fraction, delta: Fraction) -> Part:
    """A part of one block from its letters; alike letters are merged, unused coordinates are dropped."""
    merged: dict[tuple[int, Row], tuple[Fraction, tuple[int, ...]]] = {}
    for mass, row, group, of in letters:
        before, members = merged.get((group, row), (Fraction(0), ()))
        merged[group, row] = (before + mass, members + of)
    # Columns that no letter uses would only make the search wider.
    used = [j for j in range(len(letters[0][1])) if any(row[j] for _, row in merged)]
    rows = tuple(tuple(row[j] for j in used) for _, row in merged)
    mixture = Mixture(
        tuple(mass for mass, _ in merged.values()),
        (block(rows),),
        multiplier,
        tuple(group for group, _ in merged),
        delta,
    )
    return Part(share, mixture, tuple(members for _, members in merged.values()))


def merge(letters: Sequence[tuple[Fraction, Row, tuple[int, ...]]]) -> list[tuple[Fraction, Row, tuple[int, ...]]]:
    """The same letters, those of equal rows as one."""
    merged: dict[Row, tuple[Fraction, tuple[int, ...]]] = {}
    for mass, row, of in letters:
        before, members = merged.get(row, (Fraction(0), ()))
        merged[row] = (before + mass, members + of)
    return [(mass, row, of) for row, (mass, of) in merged.items()]


def block(rows: tuple[Row, ...]) -> Block:
    """The block of these rows, in the smallest root simplex that is known."""
    width = len(rows[0])
    distinct = tuple(dict.fromkeys(rows))
    if len(distinct) <= width:
        place = {row: k for k, row in enumerate(distinct)}
        corners = identity(len(distinct))
        return Block(rows, distinct, tuple(corners[place[row]] for row in rows))
    if width == 2:
        low, high = min(row[0] for row in rows), max(row[0] for row in rows)
        shares = [(row[0] - low) / (high - low) for row in rows]
        return Block(rows, ((high, 1 - high), (low, 1 - low)), tuple((s, 1 - s) for s in shares))
    return Block(rows, identity(width), rows)


def identity(size: int) -> tuple[Row, ...]:
    """The vertices of a simplex."""
    return tuple(tuple(Fraction(int(i == j)) for j in range(size)) for i in range(size))


def pairs(k: int) -> tuple[tuple[int, int], ...]:
    """The edges of a simplex of k vertices, in the order of a certificate."""
    return tuple((i, j) for i, j in product(range(k), repeat=2) if i < j)
