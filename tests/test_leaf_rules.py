"""The rules of a certificate's leaves: each with one cell just true and one just false, at several precisions.

Where the maximum of log G over a cell is known, here by the construction of `peak`, a rule must refuse every level
below it, however little, and accept every level above it once the cell is small. Where a rule has room to spare, the
least level that it accepts is that of the second opinion, which shares no code with it.
"""

import math
from fractions import Fraction
from itertools import combinations

import mpmath
import pytest
import second_opinion
from flint import arb, arb_poly, ctx
from mpmath import iv

from therml_exact.frontier.mixture import leaf_rules as leaves
from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient, halve, root_cell
from therml_exact.frontier.problems.mixture import Block, Mixture
from therml_exact.numbers.balls import precision

F = Fraction
LONG = 700  # bits of lam, where it must be all but exact


def block(rows, root=None):
    """A block with the whole simplex as its root, or a binary one between two extremes."""
    rows = tuple(tuple(F(v) for v in row) for row in rows)
    if root is None:
        k = len(rows[0])
        return Block(rows, tuple(tuple(F(int(i == j)) for j in range(k)) for i in range(k)), rows)
    root = tuple(tuple(F(v) for v in row) for row in root)
    (a, _), (b, _) = root
    shares = [(row[0] - b) / (a - b) for row in rows]
    return Block(rows, root, tuple((s, 1 - s) for s in shares))


BINARY = (("1/4", "3/4"), ("1/2", "1/2"), ("2/3", "1/3"))
TERNARY = (("1/2", "1/4", "1/4"), ("1/3", "1/3", "1/3"), ("1/6", "1/3", "1/2"))
THIRD = (F(1, 3),) * 3
MIXTURES = {
    "one block": Mixture(THIRD, (block(BINARY),), F(2), (0, 0, 0)),
    "between extremes": Mixture(THIRD, (block(BINARY, (("2/3", "1/3"), ("1/4", "3/4"))),), F(5, 2), (0, 0, 0)),
    "three letters": Mixture(THIRD, (block(TERNARY),), F(3), (0, 0, 0)),
    "groups": Mixture(THIRD, (block(BINARY),), F(2), (0, 0, 1), F(1, 3)),
    "three letters in groups": Mixture(THIRD, (block(TERNARY),), F(5, 2), (0, 1, 1), F(1, 2)),
    "one group": Mixture(THIRD, (block(BINARY),), F(2), (0, 0, 0), F(1, 3)),
    "two blocks": Mixture(THIRD, (block(BINARY), block((("2/5", "1/5"), ("1/2", "2/3"), (1, "1/3")))), F(3, 2),
                          (0, 0, 0)),
}  # fmt: skip
SINGLE = [name for name in MIXTURES if name != "two blocks"]
SERIES = ("one block", "between extremes", "one group")
INNER = (F(2, 5), F(1, 4), F(7, 20))  # r of the letters before they are divided by those of their group
OUTER = {1: (F(1),), 2: (F(3, 7), F(4, 7))}


def peak(m):
    """Lam with which log G has a stationary point at a rational t, where it is 0; t's coordinates in each root.

    With posteriors r_{w|x} and R_x, t is stationary if t_j is proportional to the mean of a_wj in each block, and
    lam_w = log r_{w|x} + log(R_x)/s - a_w.log t makes G(t) = (sum R_x)^(1/s) = 1.
    """
    groups = m.groups if m.delta else (0,) * len(m.weights)
    outer = OUTER[max(groups) + 1]
    inner = [r / sum(q for q, h in zip(INNER, groups, strict=True) if h == g)
             for r, g in zip(INNER, groups, strict=True)]  # fmt: skip
    weights = [r * outer[g] for r, g in zip(inner, groups, strict=True)]
    code, logs, places = [], [], []
    for b in m.blocks:
        mean = [sum(w * row[j] for w, row in zip(weights, b.rows, strict=True)) for j in range(len(b.rows[0]))]
        t = [v / sum(mean) for v in mean]
        if len(b.root) == len(t) and b.root[0][0] == 1:
            places.append(t)
        else:
            (high, _), (low, _) = b.root
            places.append([(t[0] - low) / (high - low), (high - t[0]) / (high - low)])
        code.append(t)
        logs.append([leaves.ball(v).log() for v in t])
    s = 1 / (1 - m.delta) if len(outer) > 1 else F(1)
    lam = []
    for w, (r, g) in enumerate(zip(inner, groups, strict=True)):
        total = leaves.ball(r).log() + leaves.ball(outer[g]).log() / leaves.ball(s)
        for b, log in zip(m.blocks, logs, strict=True):
            total -= leaves.ball(m.multiplier) * leaves.dot([leaves.ball(v) for v in b.rows[w]], log)
        lam.append(total)
    return lam, places


def halvings(b, u, rounds):
    """(gone, kept) of a block's halvings, longest edges first, that keep the point u; the vertices in the end."""
    vertices, u, steps = [list(row) for row in b.root], list(u), []
    edges = list(combinations(range(len(u)), 2))
    for _ in range(rounds * len(edges)):
        p, q = max(edges, key=lambda e: sum((x - y) ** 2 for x, y in zip(vertices[e[0]], vertices[e[1]], strict=True)))
        gone, kept = (p, q) if u[p] <= u[q] else (q, p)
        u[kept] -= u[gone]
        u[gone] *= 2
        vertices[gone] = [(x + y) / 2 for x, y in zip(vertices[gone], vertices[kept], strict=True)]
        steps.append((gone, kept))
    assert min(u) >= 0 and sum(u) == 1
    return steps, vertices


def around(m, places, rounds):
    """The cell that holds the places after so many halvings for each edge."""
    cell = root_cell(m)
    for i, (b, u) in enumerate(zip(m.blocks, places, strict=True)):
        for gone, kept in halvings(b, u, rounds)[0]:
            cell[i] = halve(cell[i], gone, kept)
    return cell


RULES = [(name, rule) for name in MIXTURES for rule in ("chord", "quadratic")] + [(name, "series") for name in SERIES]
# Halvings, and the exponent of two of the level above or below 0. A chord's excess is of the second order in the cell's
# size and it loses as many bits as there are halvings, so that it tells a third of the bits less apart.
HALVINGS = {"chord": {64: 16, 128: 36, 256: 76}, "quadratic": {64: 22, 128: 44, 256: 80},
            "series": {64: 8, 128: 12, 256: 40}}  # fmt: skip
EXPONENT = {"chord": {64: -24, 128: -62, 256: -140}, "quadratic": {64: -42, 128: -84, 256: -160},
            "series": {64: -46, 128: -92, 256: -200}, "ellipsoid": {64: -42, 128: -92, 256: -200}}  # fmt: skip


@pytest.mark.parametrize("bits", [64, 128, 256])
@pytest.mark.parametrize(("name", "rule"), RULES)
def test_just_true_and_just_false(name, rule, bits):
    m = MIXTURES[name]
    with precision(LONG):
        lam, places = peak(m)
    with precision(bits):
        gradient = Gradient(m, lam)
        flat = rule == "chord" and "three" in name  # halved triangles get flat, which costs half of the rest
        least = arb(2) ** (EXPONENT[rule][bits] // (2 if flat else 1))
        small = around(m, places, HALVINGS[rule][bits])
        assert getattr(gradient, rule)(small, least)
        for cell in (small, around(m, places, 0), around(m, places, 3)):
            for level in (-least, arb(0) - least / 4, arb(-1)):
                assert not getattr(gradient, rule)(cell, level)


@pytest.mark.parametrize("bits", [64, 128, 256])
@pytest.mark.parametrize("name", MIXTURES)
def test_ellipsoids_just_true_and_just_false(name, bits):
    """About the maximum with a level just above and below it, and with a radius that just holds a cell, or not."""
    m = MIXTURES[name]
    with precision(LONG):
        lam, places = peak(m)
        centre = [leaves.ball(v) for u in places for v in u[:-1]]
    with precision(bits):
        gradient = Gradient(m, lam)
        least = arb(2) ** EXPONENT["ellipsoid"][bits]
        cell = around(m, places, 8)
        # The form is sum_j abar_j x_j^2 with x = t/t0 - 1, where abar = s t0 in each block, s its mean sum.
        exact, worst = [], F(0)
        outer = OUTER[max(m.groups) + 1 if m.delta else 1]
        groups = m.groups if m.delta else (0,) * 3
        of = [sum(q for q, h in zip(INNER, groups, strict=True) if h == g) for g in groups]
        weights = [r / z * outer[g] for r, z, g in zip(INNER, of, groups, strict=True)]
        for b, u in zip(m.blocks, places, strict=True):
            t0 = [sum(c * v for c, v in zip(u, column, strict=True)) for column in zip(*b.root, strict=True)]
            mass = m.multiplier * sum(w * sum(row) for w, row in zip(weights, b.rows, strict=True))
            _, vertices = halvings(b, u, 8)
            exact.append(max(sum(mass * t * (v / t - 1) ** 2 for v, t in zip(vertex, t0, strict=True))
                             for vertex in vertices))  # fmt: skip
        worst = sum(exact)
        for scale, holds in ((1 + F(1, 2**40), True), (1 - F(1, 2**40), False)):
            found = Ellipsoid(gradient, centre, leaves.ball(worst * scale), least)
            assert found.holds_any and found.holds(cell) == holds
        assert not Ellipsoid(gradient, centre, leaves.ball(worst), -least).holds_any
        assert not Ellipsoid(gradient, centre, arb(0), arb(1)).holds_any
        assert not Ellipsoid(gradient, centre, arb(-1), arb(1)).holds_any
        assert not Ellipsoid(gradient, centre, arb(1000), arb(1000)).holds_any
        assert not Ellipsoid(gradient, [*centre, arb(0)], leaves.ball(worst), least).holds_any
        assert not Ellipsoid(gradient, [v - 2 for v in centre], leaves.ball(worst), arb(1000)).holds_any


# ---- the least level that a rule accepts


def opinion(m, lam):
    """The same mixture for the second opinion."""
    (b,) = m.blocks
    groups = m.groups if m.delta else (0,) * len(m.weights)
    other = second_opinion.Mixture(m.weights, b.rows, tuple(groups), m.multiplier, m.delta)
    return second_opinion.Search(other, [F(v) for v in lam], F(0))


def least_level(accepts):
    """By bisection, within 2^-40."""
    low, high = -8.0, 64.0
    if not accepts(high):
        return math.inf
    assert not accepts(low)
    while high - low > 2.0**-40:
        middle = (low + high) / 2
        low, high = (low, middle) if accepts(middle) else (middle, high)
    return high


PATHS = ((), (0,), (1,), (0, 1, 1), (1, 1, 0, 1, 0), (0, 0, 1, 1, 0, 1, 1, 0, 0))
LAM = (0.5, -0.25, 1.0)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SINGLE)
def test_the_least_level_is_that_of_the_second_opinion(name, path):
    m = MIXTURES[name]
    (b,) = m.blocks
    if name == "between extremes":  # the other opinion chooses its root itself, which is this one
        assert opinion(m, LAM).root == list(b.root)
    else:
        b = Block(b.rows, tuple(tuple(row) for row in opinion(m, LAM).root), ())
        coordinates = tuple(tuple(u) for u in second_opinion.Mixture(
            m.weights, b.rows, m.groups, m.multiplier, m.delta).coordinates())  # fmt: skip
        m = Mixture(m.weights, (Block(b.rows, b.root, coordinates),), m.multiplier, m.groups, m.delta)
    before, iv.prec = iv.prec, second_opinion.PRECISION
    try:
        with precision(128):
            search, gradient = opinion(m, LAM), Gradient(m, LAM)
            k = len(b.root)
            edges = list(combinations(range(k), 2))
            cell, other = root_cell(m), [tuple(F(i == j) for j in range(k)) for i in range(k)]
            for step, turn in enumerate(path):
                p, q = edges[step % len(edges)]
                gone, kept = (p, q) if turn else (q, p)
                cell[0] = halve(cell[0], gone, kept)
                other[gone] = tuple((x + y) / 2 for x, y in zip(other[gone], other[kept], strict=True))
            centre = [sum(column) / k for column in zip(*other, strict=True)][:-1]
            for rule in ("chord", "quadratic", "series", "ellipsoid"):
                if rule == "ellipsoid":
                    for radius in (F(1, 4), F(1, 64), F(1, 4096)):
                        compare(
                            lambda v, r=radius: (
                                Ellipsoid(gradient, [leaves.ball(c) for c in centre], leaves.ball(r), arb(v)).holds_any
                            ),
                            lambda v, r=radius: at(search, v).ellipsoid(centre, r) is not None,
                        )
                    continue
                compare(
                    lambda v, rule=rule: getattr(gradient, rule)(cell, arb(v)),
                    lambda v, rule=rule: getattr(at(search, v), rule)(other),
                )
    finally:
        iv.prec = before


def at(search, level):
    search.level = second_opinion.exact(F(level))
    return search


def compare(ours, theirs):
    """The same least level, but for what different bisections of polynomials lose."""
    level = least_level(ours)
    if level == math.inf:
        assert not theirs(64.0)
        return
    assert theirs(level + 1e-9) and not theirs(level - 1e-9)


@pytest.mark.parametrize("rounds", [1, 2, 4, 7])
def test_the_least_level_of_two_blocks(rounds):
    """A chord's from its definition; a quadratic's is the maximum, but for terms of third order."""
    m = MIXTURES["two blocks"]
    with precision(128):
        gradient = Gradient(m, LAM)
        cell = around(m, [[F(1, 3), F(2, 3)], [F(3, 5), F(2, 5)]], rounds)
        chord = least_level(lambda v: gradient.chord(cell, arb(v)))
        quadratic = least_level(lambda v: gradient.quadratic(cell, arb(v)))
    b = []
    for _, t, *_ in cell:
        vertices = [[float(v) for v in row] for row in t]
        heights = [-sum(v * math.log(v) for v in row if v) for row in vertices]
        (p, q), (r, s) = vertices
        det = p * s - q * r
        b.append(((heights[0] * s - heights[1] * q) / det, (p * heights[1] - r * heights[0]) / det))
    expected = math.log(sum(math.exp(v - sum(float(m.multiplier * x) * y for o, code in zip(m.blocks, b, strict=True)
                                             for x, y in zip(o.rows[w], code, strict=True)))
                            for w, v in enumerate(LAM)))  # fmt: skip
    assert abs(chord - expected) < 1e-11
    if rounds > 1:
        highest = max(log_g(m, LAM, point) for point in grid(cell))
        assert highest <= quadratic + 1e-11
        assert quadratic - highest < 8.0 * 2.0 ** (-2.7 * rounds)


def log_g(m, lam, point):
    """Log G by its definition, in floats; one group."""
    return math.log(sum(math.exp(v + sum(float(m.multiplier * a) * math.log(t)
                                         for b, code in zip(m.blocks, point, strict=True)
                                         for a, t in zip(b.rows[w], code, strict=True) if a))
                        for w, v in enumerate(lam)))  # fmt: skip


def grid(cell, steps=40):
    """Points of a product of intervals, away from 0."""
    ends = [[[float(v) for v in t] for t in b[1]] for b in cell]
    for i in range(steps + 1):
        for j in range(steps + 1):
            point = []
            for share, (one, two) in zip((i / steps, j / steps), ends, strict=True):
                point.append([max(share * x + (1 - share) * y, 1e-300) for x, y in zip(one, two, strict=True)])
            yield point


# ---- the parts of the rules, against mpmath


@pytest.mark.parametrize("bits", [64, 128, 256])
def test_functions_enclose_their_values(bits):
    with precision(bits), mpmath.workdps(120):
        for text in ("1e-5", "-1e-5", "0.5", "-0.5", "0.999", "-0.999", "3", "1e-8", "-1e-8", "1e-10", "-1e-10",
                     "7e-10", "-7e-10", "9.99e-10", "0"):  # fmt: skip
            z = float(text)
            x = mpmath.mpf(z)
            phi = 2 * (mpmath.exp(x) - 1 - x) / x**2 if x else mpmath.mpf(1)
            inside(leaves._phi(arb(z)), phi, 3e-9)
            if z > -1:
                psi = 2 * (x - mpmath.log(1 + x)) / x**2 if x else mpmath.mpf(1)
                inside(leaves._psi(arb(z)), psi, 3e-9)
                inside(leaves._excess(arb(z)), x - mpmath.log(1 + x), 1e-15)
            if z >= 0:
                inside(leaves._root(arb(z)), mpmath.sqrt(x), 1e-15)
        assert leaves._root(arb(-1)) == 0 and 2 <= leaves._root(arb(0, 4)) < 2.001
        assert leaves._root(arb(-1, 1e-30)) == 0


def inside(found, value, width):
    """The ball holds the value, and is narrow where there are bits enough."""
    text = mpmath.nstr(value, 100)
    assert found.overlaps(arb(text)), (found, text)
    if ctx.prec > 64:
        assert abs(found - arb(text)) <= arb(width)


def test_the_remainders_near_0_are_second_order():
    """At 9e-10 the linear terms are 3e-10 and 6e-10, the rest below 1e-18: balls of that width, about them."""
    with precision(128):
        for z in (9e-10, -9e-10):
            assert abs(leaves._phi(arb(z)) - 1 - arb(z) / 3) <= 2e-19
            assert abs(leaves._psi(arb(z)) - 1 + 2 * arb(z) / 3) <= 1e-18


def test_matrices_are_positive_or_not_by_an_ulp():
    with precision(128):
        e = arb(2) ** -100
        assert leaves.positive([[arb(1), arb(2)], [arb(2), arb(4) + e]])
        assert not leaves.positive([[arb(1), arb(2)], [arb(2), arb(4) - e]])
        assert not leaves.positive([[arb(1), arb(2)], [arb(2), arb(4)]])
        assert not leaves.positive([[arb(0)]]) and not leaves.positive([[-e]]) and leaves.positive([[e]])
        three = [[arb(2), arb(1), arb(1)], [arb(1), arb(2), arb(1)], [arb(1), arb(1), arb(2)]]
        assert leaves.positive(three)
        three[2][2] = arb(2) / 3 + e
        assert leaves.positive(three)
        three[2][2] = arb(2) / 3 - e
        assert not leaves.positive(three)
        assert not leaves.positive([[arb(-1), arb(0)], [arb(0), arb(1)]])
        assert not leaves.positive([[arb(1), arb(0)], [arb(0), arb(-1)]])


def test_summits_by_an_ulp():
    """The maximum of c - c^2 is 1/4, of p + 2 q - p^2 - p q - q^2 it is 1."""
    with precision(128):
        e = arb(2) ** -100
        for slope, form, top in (
            ([arb(1)], [[arb(-2)]], arb(0.25)),
            ([arb(1), arb(2)], [[arb(-2), arb(-1)], [arb(-1), arb(-2)]], arb(1)),
        ):
            assert leaves.below_summit(slope, form, top + e)
            assert not leaves.below_summit(slope, form, top - e)
        assert not leaves.below_summit([arb(0)], [[arb(1)]], arb(9))
        assert not leaves.below_summit([arb(0)], [[arb(0)]], arb(9))


POLYNOMIALS = (
    [1.0], [0.0, 1.0], [0.0, -1.0], [0.5, 1.0, -2.0], [0.5, -1.0, -2.0], [0.25, 0.0, 1.0], [0.25, 0.125, -1.0],
    [0.0, 1.0, 0.0, -1.0], [0.0, -1.0, 0.0, 1.0], [0.1, 0.3, -0.2, 0.9, -1.1], [1.0, -2.0, 3.0, -4.0, 5.0, -6.0],
    [0.0, 0.0, 2.0, 0.0, -1.9], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [-0.3, 0.7, 0.5, -0.25, 0.125, 0.5],
    [0.0, 2.0, -1.0], [0.0, -2.0, -1.0], [0.0, 2.0, -1.0 - 2.0**-20], [0.0, 1.0, -0.25],
)  # fmt: skip


@pytest.mark.parametrize("coefficients", POLYNOMIALS)
def test_polynomials_just_below_and_just_above_their_maximum(coefficients):
    polynomial = coefficients[::-1]
    with mpmath.workdps(60):
        derivative = [c * k for k, c in list(enumerate(coefficients))[:0:-1]]
        while derivative and derivative[0] == 0:
            derivative.pop(0)
        ends = [mpmath.mpf(-1), mpmath.mpf(1)]
        if len(derivative) > 1:
            roots = mpmath.polyroots(derivative, maxsteps=500, extraprec=300)
            ends += [r.real for r in roots if abs(r.imag) < 1e-20 and abs(r.real) <= 1]
        top = max(mpmath.polyval(polynomial, x) for x in ends)
        text = mpmath.nstr(top, 50)
    with precision(128):
        g = arb_poly([arb(c) for c in coefficients])
        assert leaves._below(g, arb(text) + 1e-9)
        assert not leaves._below(g, arb(text) - 1e-12)


@pytest.mark.parametrize(
    ("mean", "m", "t0", "h"), [(0.5, 2.0, 0.25, 0.5), (0.0, 3.5, 0.6, 1.0), (-1.5, 0.5, 0.9, 0.25)]
)
def test_the_tilt_has_the_coefficients_of_its_series(mean, m, t0, h):
    with mpmath.workdps(120):
        expected = mpmath.taylor(
            lambda z: mpmath.exp(mean * h * z) * (1 + t0 * (mpmath.exp(h * z) - 1)) ** -m, 0, leaves.ORDER - 1
        )
        texts = [mpmath.nstr(c, 40) for c in expected]
    with precision(256):
        found = leaves._tilt(arb(mean), arb(m), arb(t0), arb(h))
        assert len(found) == len(texts) == leaves.ORDER
        for ours, text in zip(found, texts, strict=True):
            assert abs(ours - arb(text)) < 1e-25


def test_wide_balls_of_coefficients_are_not_below_what_they_may_reach():
    """z^2 times anything in [-1, 1] may be 1, times anything below 0 it is at most 0."""
    with precision(128):
        assert not leaves._below(arb_poly([arb(0), arb(0), arb(0, 1)]), arb(0.5))
        assert leaves._below(arb_poly([arb(0), arb(0), arb(0, 1)]), arb(1.01))
        assert not leaves._below(arb_poly([arb(0), arb(0, 1)]), arb(0.5))
        assert leaves._below(arb_poly([arb(0), arb(0), arb(-1, 0.5)]), arb(1e-9))


def test_products_end_before_the_order():
    with precision(128):
        f = arb_poly([1] * leaves.ORDER)
        assert list(leaves._truncated(f, f)) == [arb(k + 1) for k in range(leaves.ORDER)]


def test_series_are_for_what_they_are_made_for():
    """One binary block with exponents of one sum, in one group; ends inside the interval; a nearby middle."""
    half = F(1, 2)
    uneven = Mixture((half, half), (block(((1, 0), (1, 1))),), F(2), (0, 0))
    with precision(128):
        for m in (*(MIXTURES[n] for n in ("three letters", "groups", "two blocks")), uneven):
            cell = around(m, peak_places(m), 8)
            assert not Gradient(m, [0.0] * len(m.weights)).series(cell, arb(1000))
        m = MIXTURES["one block"]
        gradient = Gradient(m, LAM)
        assert not gradient.series(root_cell(m), arb(1000))
        low = halve(root_cell(m)[0], 1, 0)
        assert not gradient.series([low], arb(1000))  # one end is 1
        high = halve(root_cell(m)[0], 0, 1)
        assert not gradient.series([high], arb(1000))  # one end is 0
        assert gradient.series([halve(low, 0, 1)], arb(1000))


def peak_places(m):
    return [[F(1, len(b.root))] * len(b.root) for b in m.blocks]


def test_coordinates_that_are_0_at_a_vertex_stay_at_their_largest():
    """G increases in every coordinate: at the root G(1, 1) = sum exp(lam); where t_0 <= 1/2, G(1/2, 1)."""
    with precision(128):
        for name, power in (("one block", 1.0), ("groups", 1.5)):
            m = MIXTURES[name]
            gradient = Gradient(m, LAM)
            for scale, cell in ((1.0, root_cell(m)), (0.5, [halve(root_cell(m)[0], 0, 1)])):
                terms = [math.exp(v + float(m.multiplier * row[0]) * math.log(scale))
                         for v, row in zip(LAM, m.blocks[0].rows, strict=True)]  # fmt: skip
                sums = [sum(t for t, g in zip(terms, m.groups, strict=True) if g == x) for x in sorted(set(m.groups))]
                top = math.log(sum(v**power for v in sums)) / power
                level = least_level(lambda v, g=gradient, c=cell: g.quadratic(c, arb(v)))
                assert top - 1e-11 <= level < top + (1e-11 if scale == 1 else 1.0)


def test_halves_keep_entropies_and_functions():
    """b is the linear function with the vertices' entropies, in whatever order edges were halved."""
    with precision(128):
        m = MIXTURES["three letters"]
        (one,) = root_cell(m)
        for gone, kept in ((0, 1), (2, 0), (1, 2), (0, 2), (1, 0)):
            one = halve(one, gone, kept)
        u, t, beta, entropies, b = one
        for p in range(3):
            assert all(x.overlaps(y) for x, y in zip(u[p], t[p], strict=True))  # the root is the simplex
            assert abs(entropies[p] - sum(leaves.plogp(v) for v in t[p])) < 1e-30
            assert abs(leaves.dot(u[p], b) - entropies[p]) < 1e-30
            for k in range(3):
                assert leaves.dot(u[p], [arb(row[k]) for row in beta]) == int(p == k)


def test_plogp():
    with precision(128):
        assert leaves.plogp(arb(0)) == 0 and leaves.plogp(arb(1)) == 0
        assert abs(leaves.plogp(arb(0.5)) - arb(2).log() / 2) < 1e-30
        assert leaves.ball(F(-3, 7)).overlaps(arb(-3) / 7)
