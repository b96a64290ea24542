"""Lower bounds of a mixture's likelihood L that need no search (nats), each a sum of coefficient * log(ratio).

Processing. This rule applies to one block with rows of sum 1 and a multiplier g with g + delta <= 1. The data
processing inequality says R >= I(X;Z) and R >= I(Y;Z). These two, weighted with delta and g, give
    R + delta D + g C >= delta H(X) + g H(Y),
which is the value of a single code.

Likelihood. This rule applies if all exponents n_wj are integers and delta = 0. Let M_w be the product of the blocks'
multinomial coefficients; then M_w prod t^n is the probability of w among the letters with the same block sums. Let P_w
be the total of p over those letters. Gibbs's inequality gives
    L >= sum_w p_w log(M_w P_w / p_w),
with equality at the true model if there is one (Bayes and discriminative problems at beta = 1, where G is flat).

Supports. This rule always applies. It divides the letters into parts such that rows of different parts have no
coordinate in common; all letters are one part unless there is one block with rows of sum 1, and g >= 1. If a code has
the mass s_k on the coordinates of part k, then its prod t^a is s_k^g prod (t/s_k)^a <= s_k prod (t/s_k)^a for the
letters of that part, so that a code can be split into codes of one part each without loss. Within a part, prod t^a_w is
at most its value where t is w's own row, and the mean over z of r_z[x]^delta is at most (the mean of r_z[x])^delta:
    L >= H(part) + delta H(X|part) + sum_w p_w sum_blocks sum_j a_wj log (sum_j a_wj / a_wj),
with equality if all rows of a part are equal. With one part it says R + delta D + g C >= delta H(X) + g H(Y|X,Theta).

Contraction. This rule applies to one block with rows of sum 1. By the strong data processing inequality,
I(Z;Y) <= eta I(Z;W) for every Z that depends on W alone; eta is the largest over pairs of letters (Ordentlich and
Polyanskiy), and that of a pair with rows p, q is at most 1 - b^2, where b = sum_j sqrt(p_j q_j). For the mixture of p
and q with shares s, 1 - s that is Cauchy's inequality, sum p q/(s p + (1 - s) q) >= b^2, in the chi-squared divergence,
whose eta is that of Kullback and Leibler's. So with s = min(g, (1 - delta)/eta)
    R + delta D + g C >= delta H(X) + s H(Y) + (g - s) H(Y|W),
since R + D >= H(X) and C >= H(Y|W). It holds within each part of the rule of supports, with the eta of that part, and
is at least what that rule says. eta <= 1 makes it the line H(Y) + (g - 1) H(Y|W) at delta = 0. Where g is at most
(1 - delta)/eta it is the value of a single code. b is taken from below, from roots of 30 binary digits.

A rule returns a list of (coefficient, ratio), all rational, or None where it does not apply. No error is raised here.
Source: O. Ordentlich and Y. Polyanskiy, Strong data processing constant is achieved by binary inputs (2021);
Y. Polyanskiy and Y. Wu, Strong data-processing inequalities for channels and Bayesian networks (2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from therml_exact.frontier.problems.mixture import Mixture

FLOOR = 1e-300  # a ratio below it has a float that is too coarse for its logarithm
DIGITS = 30  # binary digits of the roots of probabilities
LARGEST = 5_000  # the largest exponent whose factorial is taken

Terms = list[tuple[Fraction, Fraction]]
"""A sum of coefficient * log(ratio), as pairs (coefficient, ratio > 0)."""


def processing(m: Mixture) -> Terms | None:
    """Return the terms of delta H(X) + g H(Y), or None unless g + delta <= 1 and one block has rows of sum 1."""
    if len(m.blocks) > 1 or m.multiplier + m.delta > 1 or not m.blocks[0].sums_to_one:
        return None
    terms = []
    for column in zip(*m.blocks[0].rows, strict=True):
        p = sum((w * v for w, v in zip(m.weights, column, strict=True)), Fraction(0))
        if p:
            terms.append((m.multiplier * p, 1 / p))
    if m.delta:
        for group in sorted(set(m.groups)):
            p = sum((w for w, g in zip(m.weights, m.groups, strict=True) if g == group), Fraction(0))
            terms.append((m.delta * p, 1 / p))
    return terms


def likelihood(m: Mixture) -> Terms | None:
    """Return the terms of sum_w p_w log(M_w P_w/p_w), or None unless delta = 0 and all exponents are integers."""
    if m.delta:
        return None
    counts = [[m.multiplier * v for block in m.blocks for v in block.rows[w]] for w in range(len(m.weights))]
    if max(sum(row) for row in counts) > LARGEST:
        return None
    if any(v.denominator != 1 for row in counts for v in row):
        return None
    profiles = [tuple(m.multiplier * sum(block.rows[w]) for block in m.blocks) for w in range(len(m.weights))]
    totals = {profiles[0]: Fraction(1)}
    if any(profile != profiles[0] for profile in profiles):  # else sums of large rationals would be slow
        totals = dict.fromkeys(profiles, Fraction(0))
        for p, profile in zip(m.weights, profiles, strict=True):
            totals[profile] += p
    terms = []
    for p, row, profile in zip(m.weights, counts, profiles, strict=True):
        many = math.prod(math.factorial(int(n)) for n in profile)
        for n in row:
            many //= math.factorial(int(n))
        terms.append((p, many * totals[profile] / p))
    return terms


def supports(m: Mixture) -> Terms:
    """Return the terms of H(part) + delta H(X|part) + the least energy, the third term of the module's formula."""
    terms = []
    masses: dict[int, Fraction] = {}
    cells: dict[tuple[int, int], Fraction] = {}
    for w, (p, part) in enumerate(zip(m.weights, labels(m), strict=True)):
        masses[part] = masses.get(part, Fraction(0)) + p
        cells[part, m.groups[w]] = cells.get((part, m.groups[w]), Fraction(0)) + p
        for block in m.blocks:
            total = sum(block.rows[w])
            terms += [(m.multiplier * p * v, total / v) for v in block.rows[w] if v]
    terms += [(p, 1 / p) for p in masses.values()]
    if m.delta:
        terms += [(m.delta * p, masses[part] / p) for (part, _), p in cells.items()]
    return terms


def labels(m: Mixture) -> list[int]:
    """Return the part of each letter for `supports`, named by its least coordinate; 0 for all if there is one part."""
    one = [0] * len(m.weights)
    if len(m.blocks) > 1 or m.multiplier < 1:
        return one
    rows = m.blocks[0].rows
    of = list(range(len(rows[0])))  # the part of each coordinate
    first = []
    for row in rows:
        used = [j for j, v in enumerate(row) if v]
        if not used:
            return one
        first.append(used[0])
        joined = {of[j] for j in used}
        if len(joined) > 1:
            of = [min(joined) if part in joined else part for part in of]
    return [of[j] for j in first] if m.blocks[0].sums_to_one else one


def contraction(m: Mixture) -> Terms | None:
    """Return the terms of H(part) + delta H(X|part) + s H(Y|part) + (g - s) H(Y|W), or None if rows do not sum to 1."""
    rows = m.blocks[0].rows
    if len(m.blocks) > 1 or not m.blocks[0].sums_to_one:
        return None
    parts: dict[int, list[int]] = {}
    for w, name in enumerate(labels(m)):
        parts.setdefault(name, []).append(w)
    terms = []
    for of in parts.values():
        mass = sum((m.weights[w] for w in of), Fraction(0))
        s = share_of(m.multiplier, m.delta, overlap([rows[w] for w in of]))
        terms.append((mass, 1 / mass))
        for j in range(len(rows[0])):
            p = sum((m.weights[w] * rows[w][j] for w in of), Fraction(0))
            if p:
                terms.append((s * p, mass / p))
        if m.multiplier > s:
            terms += [((m.multiplier - s) * m.weights[w] * v, 1 / v) for w in of for v in rows[w] if v]
        if m.delta:
            groups: dict[int, Fraction] = {}
            for w in of:
                groups[m.groups[w]] = groups.get(m.groups[w], Fraction(0)) + m.weights[w]
            terms += [(m.delta * p, mass / p) for p in groups.values()]
    return terms


def overlap(rows: Sequence[Sequence[Fraction]]) -> Fraction:
    """Return at most sum_j sqrt(p_j q_j), the least over all pairs p, q of rows; 1 if there is one row.

    >>> half = Fraction(1, 2)
    >>> round(float(overlap([(half, half, Fraction(0)), (Fraction(0), half, half)])), 6)
    0.5
    """
    if len(rows) == 1:
        return Fraction(1)
    scale = 4**DIGITS
    roots = np.array([[math.isqrt(v.numerator * scale // v.denominator) for v in row] for row in rows], dtype=np.int64)
    # The squares of a row sum to at most 4^DIGITS, and so do the products of two.
    return Fraction(int((roots @ roots.T).min()), scale)


def share_of(multiplier: Fraction, delta: Fraction, b: Fraction) -> Fraction:
    """Return s = min(g, (1 - delta)/(1 - b^2))."""
    return multiplier if b == 1 else min(multiplier, (1 - delta) / (1 - b * b))


RULES = {"processing": processing, "likelihood": likelihood, "supports": supports, "contraction": contraction}


def evaluate(terms: Terms) -> float:
    """Return the sum of the terms in floats.

    >>> round(evaluate([(Fraction(1, 2), Fraction(4)), (Fraction(1), Fraction(1, 2))]), 12)
    0.0
    """
    return math.fsum(float(c) * log(r) for c, r in terms)


def log(r: Fraction) -> float:
    """Return the natural logarithm of a ratio > 0, also of one that no float holds.

    >>> round(log(Fraction(1, 10**400)), 6) == round(-400 * math.log(10), 6)
    True
    """
    try:
        near = float(r)
    except OverflowError:
        near = 0.0
    return math.log(near) if near > FLOOR else math.log(r.numerator) - math.log(r.denominator)
