"""Lower bounds of a mixture's likelihood that need no search (nats), each a sum of coefficient * log(ratio).

Processing. One block with rows of sum 1, multiplier g, g + delta <= 1: R >= I(X;Z) and R >= I(Y;Z), so
    R + delta D + g C >= delta H(X) + g H(Y),
the value of a single code.

Likelihood. All exponents n_wj integers, delta = 0: prod t^n times M_w, the product of the blocks' multinomial
coefficients, is the probability of w among the letters with the same block sums. With P_w the total of p over those
letters, Gibbs gives
    L >= sum_w p_w log(M_w P_w / p_w),
with equality at the true model if there is one (Bayes and discriminative problems at beta = 1, where G is flat).

Supports. Parts of the letters such that rows of different parts have no coordinate in common; all letters are one
part unless there is one block with rows of sum 1, and g >= 1. With a code's mass s_k on the coordinates of part k, its
prod t^a is s_k^g prod (t/s_k)^a <= s_k prod (t/s_k)^a, so that codes are split into codes of one part without loss.
In a part, prod t^a_w is at most its value at its own row, the mean of r_z[x]^delta at most (the mean of r_z[x])^delta:
    L >= H(part) + delta H(X|part) + sum_w p_w sum_blocks sum_j a_wj log (sum_j a_wj / a_wj),
with equality if all rows of a part are equal; in one part it says R + delta D + g C >= delta H(X) + g H(Y|X,Theta).
"""

from __future__ import annotations

import math
from fractions import Fraction

from therml_exact.frontier.problems.mixture import Mixture

FLOOR = 1e-300
LARGEST = 5_000  # exponents whose factorials are taken

Terms = list[tuple[Fraction, Fraction]]


def processing(m: Mixture) -> Terms | None:
    """The terms of delta H(X) + g H(Y), if g + delta <= 1."""
    if len(m.blocks) > 1 or m.multiplier + m.delta > 1 or any(sum(row) != 1 for row in m.blocks[0].rows):
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
    """The terms of sum p log(M P/p), if all exponents are integers."""
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
    """The terms of H(part) + delta H(X|part) + the least energy."""
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
    """The part of each letter."""
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
    return [of[j] for j in first] if all(sum(row) == 1 for row in rows) else one


RULES = {"processing": processing, "likelihood": likelihood, "supports": supports}


def evaluate(terms: Terms) -> float:
    """The sum in floats."""
    return math.fsum(float(c) * log(r) for c, r in terms)


def log(r: Fraction) -> float:
    """The logarithm of a ratio: that of its float, or the difference of two where no float holds it."""
    try:
        near = float(r)
    except OverflowError:
        near = 0.0
    return math.log(near) if near > FLOOR else math.log(r.numerator) - math.log(r.denominator)
