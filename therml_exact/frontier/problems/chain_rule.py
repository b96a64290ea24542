"""The chain rule of a mixture: a bound by one with coarse letters Y' = f(Y), and one for each letter of Y' (nats).

Let Z depend on the letter W alone, and X be W's group. The problem of a block with rows of sum 1 is the least value of

    J = R + delta D + g C,      R = I(W;Z),  D = H(X|Z),  C = H(Y|Z)

and I(W;Z) = I(Y';Z) + I(W;Z|Y'), H(Y|Z) = H(Y'|Z) + H(Y|Z,Y'), I(X;Z) <= I(Y';Z) + I(X;Z|Y'). Write s for the share of
R + delta D that is left with Y', 0 < s < 1, and e = 1 - s. Then J is at least

    s [R + delta D + g' H(Y'|Z)]  +  e sum_y' p(y') [R + delta D + (g/e) C, given y']
    +  e [(1 - delta) H(Y') + delta I(X;Y')]

where s g' = g - e (1 - delta). Each bracket with a Z in it is again such a problem, and bounded by its own least value:
one for Y', with the same letters W and merged columns, and one within each letter y', with the weights p(w|y') and the
rows p(y|w,y'). Within a y' of one letter the least value is delta H(X|y').

At s = 1 it would be the data processing inequality, J >= min [R + delta D + g H(Y'|Z)] + g H(Y|W,Y').

All numbers here are rational.
Errors: none.
Source: T. Cover and J. Thomas, Elements of Information Theory (2006), theorem 2.5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from therml_exact.frontier.problems.mixture import Letter, Mixture, part


class Chain(NamedTuple):
    """The pieces of the bound s min J' + sum_k shares[k] min J_k + sum of coefficient * log(ratio).

    coarse    the mixture of Y'
    shares    e p(y') of the letters y' that stand for more than one letter of Y, in order
    within    the mixtures within these letters
    terms     the pairs (coefficient, ratio)
    """

    coarse: Mixture
    shares: list[Fraction]
    within: list[Mixture]
    terms: list[tuple[Fraction, Fraction]]


def chain(m: Mixture, of: Sequence[int], share: Fraction) -> Chain:
    """Return the pieces of the bound for Y' = of[j] and the share s; g' must be positive.

    >>> from therml_exact.frontier.problems.mixture import block
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> m = Mixture((half, half), (block(((third, third, third), (half, half, Fraction(0)))),), Fraction(4), (0, 0))
    >>> pieces = chain(m, (0, 1, 1), half)
    >>> str(pieces.coarse.multiplier), [str(v) for v in pieces.shares], len(pieces.within[0].weights)
    ('7', ['7/24'], 2)
    """
    e = 1 - share
    coarse = replace(coarsened(m, of), multiplier=(m.multiplier - e * (1 - m.delta)) / share)
    shares, within, terms = [], [], []
    of_group: dict[int, Fraction] = {}
    for p, group in zip(m.weights, m.groups, strict=True):
        of_group[group] = of_group.get(group, Fraction(0)) + p
    for label in sorted(set(of)):
        columns = [j for j, k in enumerate(of) if k == label]
        letters = _within(m, columns)
        mass = sum((p for p, *_ in letters), Fraction(0))
        terms.append((e * (1 - m.delta) * mass, 1 / mass))
        if m.delta:
            joint: dict[int, Fraction] = {}
            for p, _, group, _ in letters:
                joint[group] = joint.get(group, Fraction(0)) + p
            terms += [(e * m.delta * p, p / (of_group[x] * mass)) for x, p in joint.items()]
            if len(columns) == 1:
                terms += [(e * m.delta * p, mass / p) for p in joint.values()]
        if len(columns) > 1:
            place = {x: k for k, x in enumerate(sorted({group for _, _, group, _ in letters}))}
            given: list[Letter] = [(p / mass, row, place[group], w) for p, row, group, w in letters]
            shares.append(e * mass)
            within.append(part(Fraction(1), given, m.multiplier / e, m.delta).mixture)
    return Chain(coarse, shares, within, terms)


def _within(m: Mixture, columns: Sequence[int]) -> list[Letter]:
    """Return the letters (p(w,y'), p(y|w,y'), x_w, (w,)) with p(w,y') > 0, where the columns are those of y'."""
    letters: list[Letter] = []
    for w, (p, row, group) in enumerate(zip(m.weights, m.blocks[0].rows, m.groups, strict=True)):
        total = sum((row[j] for j in columns), Fraction(0))
        if total:
            letters.append((p * total, tuple(row[j] / total for j in columns), group, (w,)))
    return letters


def coarsened(m: Mixture, of: Sequence[int]) -> Mixture:
    """Return the mixture of one block whose columns j with the same of[j] are added up.

    >>> from therml_exact.frontier.problems.mixture import block
    >>> third = Fraction(1, 3)
    >>> rows = ((third, third, third), (third, Fraction(0), 2 * third))
    >>> fine = Mixture((third, 2 * third), (block(rows),), Fraction(4), (0, 0))
    >>> [[str(v) for v in row] for row in coarsened(fine, (0, 0, 1)).blocks[0].rows]
    [['2/3', '1/3'], ['1/3', '2/3']]
    """
    letters = []
    for w, (mass, row, group) in enumerate(zip(m.weights, m.blocks[0].rows, m.groups, strict=True)):
        sums = [Fraction(0)] * (max(of) + 1)
        for k, v in zip(of, row, strict=True):
            sums[k] += v
        letters.append((mass, tuple(sums), group, (w,)))
    return part(Fraction(1), letters, m.multiplier, m.delta).mixture
