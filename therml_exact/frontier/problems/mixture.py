"""A mixture's likelihood as exact tables of exponents, and the plan that makes a problem of such parts (nats).

    L(q) = - sum_w p_w log sum_z q_z prod_j t_z[j]^a[w,j],       a[w, j] = multiplier * rows[w, j]
    value of a problem = scale (kappa H(masses) + sum_parts share L_part)

The minimum is over all distributions q on codes t; a code is a point of a product of simplices, the blocks. Letters w
of one group with equal rows are one letter, since L does not tell them apart.

An optimal code's block is a mean of the letters' rows. It is searched within a root simplex that contains them all, in
barycentric coordinates u, t = u root, and the rows have coordinates there too, rows = coordinates root. The vertices of
the root are the letters' rows themselves where these are few, the two extreme rows for a binary block, and the vertices
of the whole simplex otherwise.

All numbers here are rational.
Errors: none.
Source: Kiefer and Wolfowitz (1956); B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

Row = tuple[Fraction, ...]
Key = tuple[tuple[int, int], ...]
Letter = tuple[Fraction, Row, int, tuple[int, ...]]
"""One letter w: its probability, its row of exponents, its group, and the original letters that it stands for."""


@dataclass(frozen=True)
class Block:
    """One simplex of a code, with the exponents that the letters give to its coordinates.

    rows[w, j]         the exponents of the letters, before the multiplier
    root[k, j]         the vertices of the simplex that is searched
    coordinates[w, k]  barycentric coordinates of the rows: rows[w, j] = sum_k coordinates[w, k] root[k, j]
    """

    rows: tuple[Row, ...]
    root: tuple[Row, ...]
    coordinates: tuple[Row, ...]

    @cached_property
    def sums_to_one(self) -> bool:
        """Whether every row sums to 1."""
        return all(sum(row) == 1 for row in self.rows)


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
    """One mixture of a plan, with its place in the problem.

    share      the factor of the mixture's L in the problem's value
    mixture    the likelihood problem
    members    for each letter w of the mixture, the numbers of the problem's letters that it stands for
    """

    share: Fraction
    mixture: Mixture
    members: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Plan:
    """What a problem comes to: its least value is scale (kappa H(masses) + sum over parts of share L(part)).

    scale     a factor > 0, such as rho
    kappa     the weight >= 0 of an entropy that no code changes
    masses    the distribution of that entropy, such as p(x)
    parts     the mixtures to solve; they share no codes
    """

    scale: Fraction
    kappa: Fraction
    masses: Row
    parts: tuple[Part, ...]


def part(share: Fraction, letters: Sequence[Letter], multiplier: Fraction, delta: Fraction) -> Part:
    """Return the part of one block that these letters make.

    share, multiplier, delta are those of `Part` and `Mixture`. Letters of one group with equal rows are merged, and
    coordinates that no letter uses are left out.

    >>> half = Fraction(1, 2)
    >>> letters = [(half, (half, half), 0, (0,)), (half, (half, half), 0, (1,))]
    >>> part(Fraction(1), letters, Fraction(2), Fraction(0)).members
    ((0, 1),)
    """
    merged: dict[tuple[int, Key], Letter] = {}
    for mass, row, group, of in letters:
        name = group, key(row)
        before, _, _, members = merged.get(name, (Fraction(0), row, group, ()))
        merged[name] = (before + mass, row, group, members + of)
    masses, kept, groups, members_of = zip(*merged.values(), strict=True)
    # Columns that no letter uses would only make the search wider.
    used = [j for j in range(len(kept[0])) if any(row[j] for row in kept)]
    rows = tuple(tuple(row[j] for j in used) for row in kept)
    return Part(share, Mixture(masses, (block(rows),), multiplier, groups, delta), members_of)


def key(row: Row) -> Key:
    """Return what tells a row from others: numerators and denominators, as the hash of a fraction takes a power."""
    return tuple((v.numerator, v.denominator) for v in row)


def merge(letters: Sequence[tuple[Fraction, Row, tuple[int, ...]]]) -> list[tuple[Fraction, Row, tuple[int, ...]]]:
    """Return the letters (probability, row, original letters) with those of equal rows merged into one."""
    merged: dict[Key, tuple[Fraction, Row, tuple[int, ...]]] = {}
    for mass, row, of in letters:
        name = key(row)
        before, _, members = merged.get(name, (Fraction(0), row, ()))
        merged[name] = (before + mass, row, members + of)
    return list(merged.values())


def block(rows: tuple[Row, ...]) -> Block:
    """Return the block of these rows, in the smallest root simplex that the module's three choices offer.

    >>> rows = ((Fraction(1, 4), Fraction(3, 4)), (Fraction(1, 2), Fraction(1, 2)), (Fraction(1), Fraction(0)))
    >>> [[str(v) for v in row] for row in block(rows).root]
    [['1', '0'], ['1/4', '3/4']]
    """
    width = len(rows[0])
    keys = [key(row) for row in rows]
    place = {name: k for k, name in enumerate(dict.fromkeys(keys))}
    if len(place) <= width:
        distinct = dict(zip(reversed(keys), reversed(rows), strict=True))
        corners = identity(len(place))
        return Block(rows, tuple(distinct[name] for name in place), tuple(corners[place[name]] for name in keys))
    if width == 2:
        low, high = min(row[0] for row in rows), max(row[0] for row in rows)
        shares = [(row[0] - low) / (high - low) for row in rows]
        return Block(rows, ((high, 1 - high), (low, 1 - low)), tuple((s, 1 - s) for s in shares))
    return Block(rows, identity(width), rows)


def identity(size: int) -> tuple[Row, ...]:
    """Return the rows of the identity matrix, which are the vertices of the whole simplex of `size` coordinates."""
    return tuple(tuple(Fraction(int(i == j)) for j in range(size)) for i in range(size))


def pairs(k: int) -> tuple[tuple[int, int], ...]:
    """Return the edges (i, j), i < j, of a simplex of k vertices, in the order in which certificates number them.

    >>> pairs(3)
    ((0, 1), (0, 2), (1, 2))
    """
    return tuple((i, j) for i, j in product(range(k), repeat=2) if i < j)
