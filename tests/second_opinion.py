"""A second opinion on encoder certificates: slow, in plain intervals, and without a line of the library (nats).

    value >= min over p(z|x,theta) of rho R + delta D + gamma C >= lower bound

`valid(certificate)` follows the statements of DESIGN.md 6.1 and of the format, on other ways than the library's
verifier where there are others: intervals of mpmath instead of FLINT's balls; cells in exact rational barycentric
coordinates, so that the interpolation of entropy is the solution of a linear system instead of a running sum;
determinants instead of eliminations; recurrences instead of a library's power series; Bernstein's coefficients instead
of a search by expansions. Only the rules of the leaves are the same, because a certificate names them.

A mixture has letters w of probability p_w and exponents a_w = g p(y|w) on the simplex of the decoder's row of Y, and
groups of letters with one x, whose row of X, to the power delta, is eliminated. With s = 1/(1 - delta),

    G(t) = (sum_x B_x^s)^(1/s),     B_x = sum over the w of x of exp(lam_w) prod_y t_y^a_wy.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

from mpmath import iv

PRECISION = 180
TERMS = 32  # of the power series
DEEPEST = 40  # halvings of the polynomial's interval
SMALLEST = Fraction(1, 2**900)
NEAR_ZERO = 2.0**-20

Interval = Any
Row = tuple[Fraction, ...]


class UnprovenError(Exception):
    """A claim that does not follow."""


def valid(certificate: Any) -> bool:
    """Whether every claim of the certificate of an encoder problem is proven."""
    before, iv.prec = iv.prec, PRECISION
    try:
        _check(certificate)
    except (UnprovenError, ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, AttributeError,
            OverflowError, AssertionError):  # fmt: skip
        return False
    finally:
        iv.prec = before
    return True


def demand(holds: Any) -> None:
    """Comparisons of intervals are True, False or None (undecided): only True proves."""
    if holds is not True:
        raise UnprovenError


# ---- intervals


def exact(value: Fraction | int) -> Interval:
    return iv.mpf(value.numerator) / iv.mpf(value.denominator)


def number(text: str) -> Fraction:
    """What the text of a float or a rational stands for, exactly."""
    return Fraction(float.fromhex(text)) if "0x" in text else Fraction(text)


def binary(text: str) -> Fraction:
    """A float in hexadecimal."""
    value = float.fromhex(text)
    demand(math.isfinite(value))
    return Fraction(value)


def total(values: Iterable[Any]) -> Any:
    return sum(values, iv.mpf(0))


def larger(*values: Interval) -> Interval:
    """The maximum of intervals."""
    return iv.mpf([max(v.a for v in values), max(v.b for v in values)])


def entropy_term(t: Fraction) -> Interval:
    return -exact(t) * iv.log(exact(t)) if t else iv.mpf(0)


def upper_root(x: Interval) -> Interval:
    """The root of the upper end of what is >= 0 but for rounding."""
    return iv.sqrt(iv.mpf(x.b)) if x.b > 0 else iv.mpf(0)


def phi(z: Interval) -> Interval:
    """2 (exp z - 1 - z)/z^2 = sum_k 2 z^k/(k + 2)!."""
    if (abs(z) < NEAR_ZERO) is not True:
        return 2 * (iv.exp(z) - 1 - z) / (z * z)
    return _alternately(z, lambda k: Fraction(2, math.factorial(k + 2)))


def psi(z: Interval) -> Interval:
    """2 (z - log(1 + z))/z^2 = sum_k 2 (-z)^k/(k + 2)."""
    if (abs(z) < NEAR_ZERO) is not True:
        return 2 * (z - iv.log(1 + z)) / (z * z)
    return _alternately(-z, lambda k: Fraction(2, k + 2))


def _alternately(z: Interval, coefficient: Callable[[int], Fraction]) -> Interval:
    """A power series with coefficients in [0, 1] at |z| < 2^-20: twelve terms, and a geometric remainder."""
    rest = abs(z) ** 12 * 2
    return total(exact(coefficient(k)) * z**k for k in range(12)) + iv.mpf([-rest.b, rest.b])


def determinant(matrix: Sequence[Sequence[Any]]) -> Any:
    """By the first row; matrices here have at most a few rows."""
    if not matrix:
        return 1
    minors = ([row[:j] + row[j + 1 :] for row in matrix[1:]] for j in range(len(matrix)))
    return sum((-1) ** j * v * determinant(m) for j, (v, m) in enumerate(zip(matrix[0], minors, strict=True)))


def positive(matrix: list[list[Interval]]) -> bool:
    """Sylvester: all leading minors are positive."""
    return all((determinant([row[:k] for row in matrix[:k]]) > 0) is True for k in range(1, len(matrix) + 1))


def cramer(matrix: list[list[Any]], right: Sequence[Any]) -> list[Any]:
    """The solution of matrix x = right."""
    bottom = determinant(matrix)
    return [determinant([[*row[:j], b, *row[j + 1 :]] for row, b in zip(matrix, right, strict=True)]) / bottom
            for j in range(len(matrix))]  # fmt: skip


def form_at(form: list[list[Any]], x: Sequence[Any]) -> Any:
    return sum(form[i][j] * x[i] * x[j] for i, j in product(range(len(x)), repeat=2))


# ---- the problem


@dataclass(frozen=True)
class Mixture:
    """Probabilities p_w, rows p(y|w), the group of each letter (none at delta = 0), g and delta."""

    p: Row
    rows: tuple[Row, ...]
    group: tuple[int, ...]
    g: Fraction
    delta: Fraction

    @property
    def groups(self) -> list[list[int]]:
        if not self.delta:
            return [list(range(len(self.p)))]
        return [[w for w, x in enumerate(self.group) if x == k] for k in sorted(set(self.group))]

    @property
    def root(self) -> list[Row]:
        """Vertices of the simplex that is searched: the rows if they are few, a binary Y's extremes, or all of it."""
        width = len(self.rows[0])
        distinct = list(dict.fromkeys(self.rows))
        if len(distinct) <= width:
            return distinct
        if width == 2:
            ends = [max(r[0] for r in self.rows), min(r[0] for r in self.rows)]
            return [(v, 1 - v) for v in ends]
        return [tuple(Fraction(i == j) for j in range(width)) for i in range(width)]

    def coordinates(self) -> list[Row]:
        """The letters' rows in barycentric coordinates of the root."""
        root = self.root
        out: list[Row] = []
        for row in self.rows:
            if row in root:
                out.append(tuple(Fraction(row == v) for v in root))
            elif len(row) == 2:
                share = (row[0] - root[1][0]) / (root[0][0] - root[1][0])
                out.append((share, 1 - share))
            else:
                out.append(row)
        return out


def joint(content: Mapping[str, Any]) -> list[list[Row]]:
    """p(x, theta, y), of sum 1, with one theta if there is none."""
    shape = content["shape"]
    demand(content["kind"] == "encoder" and len(shape) in (2, 3) and len(shape) == len(set(content["axes"])))
    cells = [number(text) for text in content["cells"]]
    demand(len(cells) == math.prod(shape) and min(cells) >= 0)
    nx, ntheta, ny = (shape[0], 1, shape[1]) if len(shape) == 2 else shape
    mass = sum(cells)
    return [[tuple(cells[(x * ntheta + t) * ny + y] / mass for y in range(ny)) for t in range(ntheta)]
            for x in range(nx)]  # fmt: skip


def reduced(table: list[list[Row]], rho: Fraction, delta: Fraction,
            gamma: Fraction) -> tuple[Interval, list[tuple[Fraction, Mixture]]]:  # fmt: skip
    """A constant, and (share, mixture)s: value = rho (constant + sum share L(mixture))."""
    d, g = delta / rho, gamma / rho
    letters = []  # x, p_w, p(y|w); equal rows of one x are one letter
    for x, thetas in enumerate(table):
        of: dict[Row, Fraction] = {}
        for row in thetas:
            if mass := sum(row):
                key = tuple(v / mass for v in row) if g else (Fraction(1),)
                of[key] = of.get(key, Fraction(0)) + mass
        letters += [(x, mass, key) for key, mass in of.items()]
    occurring = list(dict.fromkeys(x for x, _, _ in letters))
    masses = [sum(m for k, m, _ in letters if k == x) for x in occurring]
    entropy = total(entropy_term(m) for m in masses)
    if d >= 1:  # Z may as well hold X: H(X), and each x for itself
        apart = [[(0, m / mass, row) for k, m, row in letters if k == x]
                 for x, mass in zip(occurring, masses, strict=True)]  # fmt: skip
        return entropy, [(mass, mixture(of, g, Fraction(0))) for mass, of in zip(masses, apart, strict=True)]
    if d == 0 or len(letters) == len(occurring):  # R + D = H(X)
        alike = [(0, m, row) for _, m, row in letters]
        return exact(d) * entropy, [(1 - d, mixture(alike, g / (1 - d), Fraction(0)))]
    numbered = [(occurring.index(x), m, row) for x, m, row in letters]
    return iv.mpf(0), [(Fraction(1), mixture(numbered, g, d))]


def mixture(letters: list[tuple[int, Fraction, Row]], g: Fraction, delta: Fraction) -> Mixture:
    """Letters of one group with one row are one; a y that never occurs is left out."""
    merged: dict[tuple[int, Row], Fraction] = {}
    for x, mass, row in letters:
        merged[x, row] = merged.get((x, row), Fraction(0)) + mass
    used = [y for y in range(len(letters[0][2])) if any(row[y] for _, row in merged)]
    rows = tuple(tuple(row[y] for y in used) for _, row in merged)
    return Mixture(tuple(merged.values()), rows, tuple(x for x, _ in merged), g, delta)


# ---- the claims


def _check(c: Mapping[str, Any]) -> None:
    demand(c["format"] == "therml-frontier-2")
    rest = {name: value for name, value in c.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    demand(c["sha256"] == hashlib.sha256(text.encode()).hexdigest())
    value, lower, tol = (binary(c[name]) for name in ("value", "lower_bound", "tol"))
    demand(tol >= 0 and c["status"] in ("certified", "open"))
    demand(lower <= value)
    demand(c["status"] == "open" or value - lower <= tol)
    table = joint(c["problem"])
    demand(set(c["multipliers"]) == {"rho", "delta", "gamma"})
    rho, delta, gamma = (number(c["multipliers"][name]) for name in ("rho", "delta", "gamma"))
    demand(min(rho, delta, gamma) >= 0)
    if rho == 0:  # Z = (X, Theta) costs nothing: gamma H(Y|X,Theta)
        demand(c["parts"] == [])
        left = [row for thetas in table for row in thetas]
        optimum = exact(gamma) * total(entropy_term(v) for row in left for v in row)
        optimum -= exact(gamma) * total(entropy_term(sum(row)) for row in left)
        above = below = optimum
    else:
        constant, parts = reduced(table, rho, delta, gamma)
        demand(len(parts) == len(c["parts"]))
        above = constant + total(exact(s) * likelihood(m, part) for (s, m), part in zip(parts, c["parts"], strict=True))
        below = constant + total(exact(s) * bound(m, part) for (s, m), part in zip(parts, c["parts"], strict=True))
        above, below = exact(rho) * above, exact(rho) * below
    demand(above <= exact(value))
    demand(below >= exact(lower))


def likelihood(m: Mixture, part: Mapping[str, Any]) -> Interval:
    """- sum_w p_w log sum_z q_z prod t_z^a_w of the witness, whose q and rows are divided by their sums."""
    weights = [binary(text) for text in part["weights"]]
    demand(len(weights) == len(part["codes"]) and min(weights) >= 0 and sum(weights) > 0)
    width, groups = len(m.rows[0]), max(m.group) + 1 if m.delta else 0
    sums = [iv.mpf(0)] * len(m.p)
    for q, texts in zip(weights, part["codes"], strict=True):
        code = [binary(text) for text in texts]
        demand(len(code) == width + groups and min(code) > 0)
        y, x = code[:width], code[width:]
        log_y = [iv.log(exact(t / sum(y))) for t in y]
        log_x = [iv.log(exact(t / sum(x))) for t in x]
        for w, row in enumerate(m.rows):
            power = total(exact(m.g * v) * log for v, log in zip(row, log_y, strict=True) if v)
            if m.delta:
                power += exact(m.delta) * log_x[m.group[w]]
            sums[w] += exact(q / sum(weights)) * iv.exp(power)
    demand(all((v > 0) is True for v in sums))
    return -total(exact(p) * iv.log(v) for p, v in zip(m.p, sums, strict=True))


def bound(m: Mixture, part: Mapping[str, Any]) -> Interval:
    """The lower bound that the part's rule proves."""
    demand(len(part["lam"]) == len(m.p))
    if part["rule"] != "cells":
        rules = {"processing": by_processing, "likelihood": by_likelihood, "supports": by_supports,
                 "contraction": by_contraction}  # fmt: skip
        return rules[part["rule"]](m)
    lam, level = [binary(text) for text in part["lam"]], binary(part["level"])
    search = Search(m, lam, level)
    ellipsoids = [search.ellipsoid([binary(v) for v in c["code"]], binary(c["radius"])) for c in part["contacts"]]
    search.cover(part["tree"], [e for e in ellipsoids if e is not None])
    return total(exact(p) * (exact(v) - iv.log(exact(p))) for p, v in zip(m.p, lam, strict=True)) - exact(level)


def entropy(masses: Iterable[Fraction]) -> Interval:
    """H of masses, divided by their sum, times that sum."""
    found = list(masses)
    return total(entropy_term(v) for v in found) - entropy_term(sum(found))


def by_processing(m: Mixture) -> Interval:
    """R >= I(X;Z) and R >= I(Y;Z): L >= delta H(X) + g H(Y) if g + delta <= 1."""
    demand(m.g + m.delta <= 1)
    of_y = entropy(sum(p * row[y] for p, row in zip(m.p, m.rows, strict=True)) for y in range(len(m.rows[0])))
    of_x = entropy(sum(p for p, x in zip(m.p, m.group, strict=True) if x == k) for k in set(m.group))
    return exact(m.g) * of_y + exact(m.delta) * of_x


def by_likelihood(m: Mixture) -> Interval:
    """Multinomial probabilities M_w prod t^n add up to at most 1: L >= sum p log (M_w/p_w)."""
    counts = [[m.g * v for v in row] for row in m.rows]
    demand(not m.delta and all(n.denominator == 1 for row in counts for n in row) and m.g <= 5_000)
    return total(exact(p) * iv.log(exact(Fraction(multinomial(row)) / p)) for p, row in zip(m.p, counts, strict=True))


def multinomial(counts: Sequence[Fraction]) -> int:
    """The product of binomial coefficients."""
    left, found = int(sum(counts)), 1
    for n in counts:
        found *= math.comb(left, int(n))
        left -= int(n)
    return found


def parts_of(m: Mixture) -> list[set[int]]:
    """The letters in parts that have no y in common; one part unless g >= 1."""
    if m.g < 1:
        return [set(range(len(m.p)))]
    parts: list[tuple[set[int], set[int]]] = []
    for w, row in enumerate(m.rows):
        ys = {y for y, v in enumerate(row) if v}
        touched = [part for part in parts if part[1] & ys]
        parts = [part for part in parts if not part[1] & ys]
        parts.append(({w}.union(*(of for of, _ in touched)), ys.union(*(seen for _, seen in touched))))
    return [of for of, _ in parts]


def by_supports(m: Mixture) -> Interval:
    """L >= H(part) + delta H(X|part) + g H(Y|w); parts have no y in common, and there is one unless g >= 1."""
    letters = parts_of(m)
    found = entropy(sum(m.p[w] for w in of) for of in letters)
    for of in letters:
        found += exact(m.delta) * entropy(sum(m.p[w] for w in of if m.group[w] == x) for x in {m.group[w] for w in of})
    return found + exact(m.g) * total(exact(p) * entropy(row) for p, row in zip(m.p, m.rows, strict=True))


def by_contraction(m: Mixture) -> Interval:
    """The same with s H(Y|part) + (g - s) H(Y|w): I(Z;Y) <= eta I(Z;W), s = min(g, (1 - delta)/eta), in each part.

    eta is at most the largest 1 - b^2 over pairs of letters, b the sum over y of sqrt(p(y|w) p(y|w')).
    """
    letters = parts_of(m)
    found = entropy(sum(m.p[w] for w in of) for of in letters)
    for of in letters:
        found += exact(m.delta) * entropy(sum(m.p[w] for w in of if m.group[w] == x) for x in {m.group[w] for w in of})
        apart = iv.mpf(0)
        for v, w in combinations(sorted(of), 2):
            b = total(iv.sqrt(exact(x * y)) for x, y in zip(m.rows[v], m.rows[w], strict=True) if x * y)
            apart = larger(apart, 1 - b * b)
        s = exact(m.g)
        if (s * apart <= exact(1 - m.delta)) is not True:
            s = exact(1 - m.delta) / iv.mpf(apart.b)
        within = total(exact(m.p[w]) * entropy(m.rows[w]) for w in of)
        of_y = entropy(sum(m.p[w] * m.rows[w][y] for w in of) for y in range(len(m.rows[0])))
        found += s * of_y + (exact(m.g) - s) * within
    return found


# ---- the search


@dataclass(frozen=True)
class Ellipsoid:
    """Where (u - centre) form (u - centre) <= radius in the free barycentric coordinates of the root."""

    centre: list[Fraction]
    form: list[list[Interval]]
    radius: Fraction

    def holds(self, cell: list[Row]) -> bool:
        """All vertices, and so all of a cell."""
        away = [[exact(v - c) for v, c in zip(u[:-1], self.centre, strict=True)] for u in cell]
        return all((form_at(self.form, x) <= exact(self.radius)) is True for x in away)


@dataclass(frozen=True)
class Posterior:
    """At a point: log G, r_{w|x} of each group, R_x, the mean exponents of each group, and of all."""

    height: Interval
    inner: list[list[Interval]]
    outer: list[Interval]
    means: list[list[Interval]]
    mean: list[Interval]


class Search:
    """Whether log G <= level everywhere, for G with weights exp(lam_w)."""

    def __init__(self, m: Mixture, lam: Sequence[Fraction], level: Fraction) -> None:
        self.m, self.lam, self.level = m, [exact(v) for v in lam], exact(level)
        self.root, self.groups = m.root, m.groups
        self.a = [[exact(m.g * v) for v in row] for row in m.rows]
        self.s = exact(1 / (1 - m.delta)) if len(self.groups) > 1 else iv.mpf(1)

    def cover(self, tree: str, ellipsoids: list[Ellipsoid]) -> None:
        """The tree in preorder; cells are tuples of vertices in barycentric coordinates of the root."""
        k = len(self.root)
        edges = list(combinations(range(k), 2))
        waiting = [[tuple(Fraction(i == j) for j in range(k)) for i in range(k)]]
        for symbol in tree:
            demand(bool(waiting))
            cell = waiting.pop()
            if symbol == "+":
                demand(any(e.holds(cell) for e in ellipsoids))
            elif symbol in ".-~":
                demand({".": self.chord, "-": self.quadratic, "~": self.series}[symbol](cell))
            else:
                at = ord(symbol) - ord("0")
                demand(0 <= at < len(edges))
                i, j = edges[at]
                middle = tuple((x + y) / 2 for x, y in zip(cell[i], cell[j], strict=True))
                # The half that keeps the first vertex is looked at first.
                waiting += [[middle if q == moved else u for q, u in enumerate(cell)] for moved in (i, j)]
        demand(not waiting)

    def points(self, cell: list[Row]) -> list[Row]:
        """The vertices as rows of Y."""
        columns = list(zip(*self.root, strict=True))
        return [tuple(sum(c * v for c, v in zip(u, column, strict=True)) for column in columns) for u in cell]

    def chord(self, cell: list[Row]) -> bool:
        """G at exp(-b) is at most exp(level), b.u the linear function with the vertices' entropies."""
        heights = [total(entropy_term(v) for v in t) for t in self.points(cell)]
        inverse = inverted(cell)
        b = [total(exact(v) * h for v, h in zip(row, heights, strict=True)) for row in inverse]
        terms = []
        for w, u in enumerate(self.m.coordinates()):
            terms.append(iv.exp(self.lam[w] - total(exact(self.m.g * v) * x for v, x in zip(u, b, strict=True))))
        sums = [total(terms[w] for w in of) for of in self.groups]
        top = total(v if len(sums) == 1 else iv.exp(self.s * iv.log(v)) for v in sums)
        return (top <= iv.exp(self.s * self.level)) is True

    def posterior(self, log: list[Interval]) -> Posterior:
        """At a point, given by the logarithms of its row."""
        terms = [iv.exp(v + total(x * y for x, y in zip(a, log, strict=True)))
                 for v, a in zip(self.lam, self.a, strict=True)]  # fmt: skip
        sums = [total(terms[w] for w in of) for of in self.groups]
        inner = [[terms[w] / v for w in of] for of, v in zip(self.groups, sums, strict=True)]
        powers = [iv.exp(self.s * iv.log(v)) for v in sums]
        outer = [v / total(powers) for v in powers]
        width = range(len(log))
        means = [[total(r * self.a[w][j] for r, w in zip(rs, of, strict=True)) for j in width]
                 for rs, of in zip(inner, self.groups, strict=True)]  # fmt: skip
        mean = [total(q * row[j] for q, row in zip(outer, means, strict=True)) for j in width]
        return Posterior(iv.log(total(powers)) / self.s, inner, outer, means, mean)

    def above(self, at: Posterior, x: list[list[Interval]], lo: list[Interval], hi: list[Interval],
              most: Callable[[list[Interval]], Interval]) -> list[list[Interval]]:  # fmt: skip
        """The form of a quadratic: log G <= height + mean.x + x form x/2 where lo <= x <= hi.

        It collects weighted squares (c.v)^2 of v = log(1 + x) = x - y, 0 <= y = psi x^2/2, for rows c: within the
        groups and between them. most(c.x) is the largest c.x.
        """
        width = range(len(lo))
        low = [psi(v) / 2 for v in lo]
        y_most = [larger(p - iv.log(1 + p), q - iv.log(1 + q)) for p, q in zip(lo, hi, strict=True)]
        eps = larger(exact(SMALLEST), *(v * larger(-p, q) for v, p, q in zip(low, lo, hi, strict=True)))
        n = range(len(x))
        form = [[iv.mpf(0)] * len(x) for _ in n]
        curve = [-v * psi(z) for v, z in zip(at.mean, hi, strict=True)]  # times x_j^2/2

        def along(c: list[Interval]) -> list[Interval]:
            return [total(c[j] * x[p][j] for j in width) for p in n]

        def top(c: list[Interval]) -> Interval:
            """c.v <= max c.x + (negative part of c).ymax."""
            return most(along(c)) + total((abs(v) - v) / 2 * y for v, y in zip(c, y_most, strict=True))

        def add(weight: Interval, c: list[Interval]) -> None:
            """weight (c.v)^2, by (p + q)^2 <= (1 + eps) p^2 + (1 + 1/eps) q^2 and Cauchy-Schwarz."""
            row = along(c)
            size = total(abs(v) * y for v, y in zip(c, y_most, strict=True))
            for p in n:
                for q in n:
                    form[p][q] += weight * (1 + eps) * row[p] * row[q]
            for j in width:
                curve[j] += weight * (1 + 1 / eps) * size * abs(c[j]) * low[j]

        several = len(self.groups) > 1
        for of, r, share, mean in zip(self.groups, at.inner, at.outer, at.means, strict=True):
            rows = [[v - z for v, z in zip(self.a[w], mean, strict=True)] for w in of]
            factor = share
            if several:
                between = [v - z for v, z in zip(mean, at.mean, strict=True)]
                add(self.s * share * phi(self.s * top(between)), between)
                grown = total(v * iv.exp(top(c)) for v, c in zip(r, rows, strict=True))
                factor = share * iv.exp(self.s * (iv.log(grown) + top(between)))
            for v, c in zip(r, rows, strict=True):
                add(factor * v * phi(top(c)), c)
        for p in n:
            for q in n:
                form[p][q] += total(curve[j] * x[p][j] * x[q][j] for j in width)
        return form

    def quadratic(self, cell: list[Row]) -> bool:
        """By the quadratic about the middle of the cell; a coordinate that is 0 at a vertex stays at its largest."""
        points = self.points(cell)
        k = len(points)
        columns = list(zip(*points, strict=True))
        if any(max(column) == 0 for column in columns):
            return False
        frozen = [min(column) == 0 for column in columns]
        at = [max(column) if f else sum(column) / k for column, f in zip(columns, frozen, strict=True)]
        ratios = [[Fraction(0) if f else v / t - 1 for v, t, f in zip(point, at, frozen, strict=True)]
                  for point in points]  # fmt: skip
        x = [[exact(v) for v in row] for row in ratios]
        lo = [exact(min(0, *column)) for column in zip(*ratios, strict=True)]
        hi = [exact(max(0, *column)) for column in zip(*ratios, strict=True)]
        about = self.posterior([iv.log(exact(t)) for t in at])
        form = self.above(about, x, lo, hi, lambda row: larger(*row))
        slope = [total(v * m for v, m in zip(row, about.mean, strict=True)) for row in x]
        room = self.level - about.height
        # Bernstein's coefficients of the quadratic on the simplex.
        if all((slope[p] + slope[q] + form[p][q] <= 2 * room) is True for p in range(k) for q in range(p + 1)):
            return True
        last = k - 1
        return under([slope[p] - slope[last] for p in range(last)],
                     [[form[p][q] - form[p][last] - form[last][q] + form[last][last] for q in range(last)]
                      for p in range(last)], room)  # fmt: skip

    def ellipsoid(self, code: list[Fraction], radius: Fraction) -> Ellipsoid | None:
        """The ellipsoid if log G <= level on it, by concavity."""
        free = len(self.root) - 1
        demand(len(code) >= free)
        if len(code) > free or free == 0 or radius <= 0:
            return None
        u = [*code, 1 - sum(code)]
        (t,) = self.points([tuple(u)])
        if min(t) <= 0:
            return None
        x = [[exact((v - z) / y) for v, z, y in zip(row, self.root[-1], t, strict=True)] for row in self.root[:-1]]
        about = self.posterior([iv.log(exact(v)) for v in t])
        fisher = [[total(m * p * q for m, p, q in zip(about.mean, one, two, strict=True)) for two in x] for one in x]
        if not positive(fisher):
            return None
        rho = iv.sqrt(exact(radius))

        def reach(row: list[Interval]) -> Interval:
            """The largest c.row over the ellipsoid: rho sqrt(row fisher^-1 row)."""
            return rho * upper_root(total(p * q for p, q in zip(row, cramer(fisher, row), strict=True)))

        most = [reach(list(column)) for column in zip(*x, strict=True)]
        if not all((v < 1) is True for v in most):
            return None
        form = self.above(about, x, [-v for v in most], most, reach)
        slope = [total(v * m for v, m in zip(row, about.mean, strict=True)) for row in x]
        return Ellipsoid(code, fisher, radius) if under(slope, form, self.level - about.height) else None

    def series(self, cell: list[Row]) -> bool:
        """By the power series in the logit of t about the middle: for a binary Y and one group.

        G(z)/G(0) = sum_w r_w exp(a_w z) e(z)^-m with e(z) = 1 + t0 (exp z - 1), and Cauchy's remainder on |z| <= rho.
        """
        if len(self.root) != 2 or len(self.root[0]) != 2 or len(self.groups) > 1:
            return False
        ends = [t[0] for t in self.points(cell)]
        if min(ends) <= 0 or max(ends) >= 1:
            return False
        low, high = sorted(ends)
        logit = [iv.log(exact(v / (1 - v))) for v in (low, high)]
        h, t0 = (logit[1] - logit[0]) / 2, 1 / (1 + iv.exp(-(logit[0] + logit[1]) / 2))
        m, v = exact(self.m.g), t0 * (1 - t0)
        rho = 4 / iv.sqrt(m * v)
        rho = iv.mpf([min(rho.a, iv.mpf(1.2).a), min(rho.b, iv.mpf(1.2).b)])
        about = self.posterior([iv.log(t0), iv.log(1 - t0)])
        (r,), mean = about.inner, about.mean[0]
        base = 1 - v * rho**2 * phi(rho) / 2
        if (h < rho) is not True or (base > 0) is not True:
            return False
        most = total(q * iv.exp(abs(a[0] - mean) * rho) for q, a in zip(r, self.a, strict=True))
        most *= iv.exp(abs(mean - m * t0) * rho - m * iv.log(base))
        rest = most * (h / rho) ** TERMS / (1 - h / rho)
        # In z = h y: sum_w r_w exp((a_w - mean) h y), and exp(mean h y) e^-m by the recurrence of powers.
        first = [total(q * ((a[0] - mean) * h) ** k for q, a in zip(r, self.a, strict=True)) / math.factorial(k)
                 for k in range(TERMS)]  # fmt: skip
        grow = [h**k / math.factorial(k) for k in range(TERMS)]
        e = [iv.mpf(1), *(t0 * v for v in grow[1:])]
        power = [iv.mpf(1)]
        for k in range(1, TERMS):
            power.append(total((-m * j - (k - j)) * e[j] * power[k - j] for j in range(1, k + 1)) / k)
        second = convolved([mean**k * v for k, v in enumerate(grow)], power)
        return below(convolved(first, second), iv.exp(self.level - about.height) - rest)


def inverted(matrix: list[Row]) -> list[list[Fraction]]:
    """The exact inverse."""
    k = len(matrix)
    columns = [cramer([list(row) for row in matrix], [Fraction(i == j) for i in range(k)]) for j in range(k)]
    return [list(row) for row in zip(*columns, strict=True)]


def under(slope: list[Interval], form: list[list[Interval]], room: Interval) -> bool:
    """slope.c + c form c/2 <= room for all c, form negative definite."""
    minus = [[-v for v in row] for row in form]
    if not positive(minus):
        return False
    return (total(p * q for p, q in zip(slope, cramer(minus, slope), strict=True)) <= 2 * room) is True


def convolved(f: Sequence[Interval], g: Sequence[Interval]) -> list[Interval]:
    """The product of power series."""
    return [total(f[j] * g[k - j] for j in range(k + 1)) for k in range(len(f))]


def below(coefficients: list[Interval], most: Interval) -> bool:
    """Whether sum c_k y^k <= most on [-1, 1]: Bernstein's coefficients are above, the ends are values."""
    n = len(coefficients) - 1
    # y = 2 x - 1, then b_j = sum_k c_k C(j, k)/C(n, k).
    shifted = [iv.mpf(0)] * (n + 1)
    for k, c in enumerate(coefficients):
        for j in range(k + 1):
            shifted[j] += c * (math.comb(k, j) * 2**j * (-1) ** (k - j))
    bernstein = [total(shifted[k] * math.comb(j, k) / math.comb(n, k) for k in range(j + 1)) for j in range(n + 1)]
    waiting = [(bernstein, 0)]
    while waiting:
        b, depth = waiting.pop()
        if all((v <= most) is True for v in b):
            continue
        if depth > DEEPEST or any((v <= most) is not True for v in (b[0], b[-1])):
            return False
        left, right, row = [b[0]], [b[-1]], b
        while len(row) > 1:
            row = [(p + q) / 2 for p, q in pairwise(row)]
            left.append(row[0])
            right.append(row[-1])
        waiting += [(left, depth + 1), (right[::-1], depth + 1)]
    return True
