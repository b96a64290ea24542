"""Bounds in closed form: where they apply and where they just do not, against exact values and against the optimum."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from therml_exact.frontier.mixture import closed_form
from therml_exact.frontier.mixture.closed_form import evaluate, labels, likelihood, processing, supports
from therml_exact.frontier.problems.mixture import Block, Mixture

F = Fraction
TINY = F(1, 10**30)


def made(rows, multiplier, weights=None, groups=None, delta=0, *more):
    """A mixture of the rows of one block, or of more."""
    blocks = []
    for table in (rows, *more):
        exact = tuple(tuple(F(v) for v in row) for row in table)
        k = len(exact[0])
        blocks.append(Block(exact, tuple(tuple(F(int(i == j)) for j in range(k)) for i in range(k)), exact))
    n = len(rows)
    weights = tuple(F(w) for w in weights) if weights else (F(1, n),) * n
    return Mixture(weights, tuple(blocks), F(multiplier), tuple(groups or (0,) * n), F(delta))


def total(terms):
    """The sum as {ratio: coefficient}, exact: ratios of 1 vanish, inverses are one."""
    found: dict[Fraction, Fraction] = {}
    for c, r in terms:
        if r != 1:
            key, sign = (r, 1) if r > 1 else (1 / r, -1)
            found[key] = found.get(key, F(0)) + sign * c
    return {r: c for r, c in found.items() if c}


ROWS = (("1/4", "3/4"), ("3/4", "1/4"))
UNEVEN = (("1/4", "3/4"), ("3/4", "1/2"))


def test_processing_is_the_value_of_a_single_code():
    """g H(Y) + delta H(X): weights 1/3 and 2/3 make p(y) = (7/12, 5/12)."""
    m = made(ROWS, "1/2", ("1/3", "2/3"))
    assert total(processing(m)) == total([(F(7, 24), F(12, 7)), (F(5, 24), F(12, 5))])
    grouped = made(ROWS, "1/2", ("1/3", "2/3"), (0, 1), "1/4")
    x = [(F(1, 12), F(3)), (F(1, 6), F(3, 2))]
    assert total(processing(grouped)) == total([(F(7, 24), F(12, 7)), (F(5, 24), F(12, 5)), *x])
    one = made(ROWS, "1/2", ("1/3", "2/3"), (0, 0), "1/4")
    assert total(processing(one)) == total(processing(m))
    unused = made((("1/4", "3/4", 0), ("3/4", "1/4", 0)), "1/2", ("1/3", "2/3"))
    assert total(processing(unused)) == total(processing(m))


def test_processing_applies_up_to_one():
    assert processing(made(ROWS, 1)) is not None and processing(made(ROWS, 1 + TINY)) is None
    assert processing(made(ROWS, "2/3", None, (0, 1), "1/3")) is not None
    assert processing(made(ROWS, "2/3", None, (0, 1), F(1, 3) + TINY)) is None
    assert processing(made(UNEVEN, "1/2")) is None
    assert processing(made((("1/4", F(3, 4) + TINY), ("3/4", "1/4")), "1/2")) is None
    assert processing(made(ROWS, "1/2", None, None, 0, ROWS)) is None


def test_likelihood_is_exact_where_there_is_a_true_model():
    """Two flips of coins: types (2, 0), (1, 1), (0, 2) with M = 1, 2, 1, so that L >= H(types) - p log 2."""
    flips = ((1, 0), ("1/2", "1/2"), (0, 1))
    p = (F(1, 6), F(1, 3), F(1, 2))
    found = likelihood(made(flips, 2, p))
    assert total(found) == total([(F(1, 6), F(6)), (F(1, 3), F(6)), (F(1, 2), F(2))])
    # Letters with other sums are conditioned on: here each stands alone but for the first two.
    mixed = likelihood(made(((1, 0), (0, 1), (2, 0)), 1, p))
    assert total(mixed) == total([(F(1, 6), F(3)), (F(1, 3), F(3, 2)), (F(1, 2), F(1))])
    # The factors of blocks multiply: (2, 1) has 3 orders, (1, 1) has 2; sums are told apart block by block.
    blocks = likelihood(made(((2, 1), (3, 0)), 1, ("1/4", "3/4"), None, 0, ((1, 1), (0, 2))))
    assert total(blocks) == total([(F(1, 4), F(24)), (F(3, 4), F(4, 3))])
    apart = likelihood(made(((1, 0), (0, 1)), 1, ("1/4", "3/4"), None, 0, ((0, 1), (1, 1))))
    assert total(apart) == {F(2): F(3, 4)}


def test_likelihood_applies_to_integers_without_groups(monkeypatch):
    assert likelihood(made(ROWS, 4)) is not None and likelihood(made(ROWS, 2)) is None
    assert likelihood(made(ROWS, 4 + TINY)) is None
    assert likelihood(made(ROWS, 4, None, (0, 1), TINY)) is None
    monkeypatch.setattr(closed_form, "LARGEST", 4)
    assert likelihood(made(ROWS, 4)) is not None and likelihood(made(ROWS, 8)) is None


def test_supports_are_exact_where_rows_of_a_part_are_equal():
    """Parts {0}, {1, 2} of coordinates: H(part) + g sum p H(row)."""
    rows = ((1, 0, 0), (0, "1/3", "2/3"), (0, "1/3", "2/3"))
    p = (F(1, 2), F(1, 3), F(1, 6))
    energy = [(2 * F(1, 2) * F(1, 3), F(3)), (2 * F(1, 2) * F(2, 3), F(3, 2))]
    assert labels(made(rows, 2)) == [0, 1, 1]
    assert total(supports(made(rows, 2, p))) == total([*energy, (F(1), F(2))])
    grouped = supports(made(rows, 2, p, (0, 0, 1), "1/4"))
    inside = [(F(1, 4) * F(1, 3), F(3, 2)), (F(1, 4) * F(1, 6), F(3))]
    assert total(grouped) == total([*energy, (F(1), F(2)), *inside])
    together = supports(made(rows, F(1) - TINY, p, (0, 0, 1), "1/4"))
    x = [(F(1, 4) * F(5, 6), F(6, 5)), (F(1, 4) * F(1, 6), F(6))]
    assert total(together) == total([(c * (1 - TINY) / 2, r) for c, r in energy] + x)
    # Rows of any sum, relative to it.
    assert total(supports(made((("1/2", "1/2"), (2, 1)), 1, ("1/3", "2/3")))) == total(
        [(F(1, 3), F(2)), (F(4, 3), F(3, 2)), (F(2, 3), F(3))]
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (((1, 0), (0, 1)), [0, 1]),
        (((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)), [0, 1, 2, 3]),
        (((1, 0, 0), (0, 1, 0), ("1/2", 0, "1/2")), [0, 1, 0]),
        (((1, 0, 0), (0, 0, 1), (0, "1/2", "1/2")), [0, 1, 1]),
        (((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, "1/2", "1/2")), [1, 1, 0, 1]),
        (((1, 0), ("1/2", "1/2")), [0, 0]),
        (((1, 0), (0, "1/2")), [0, 0]),  # no row of sum 1
        (((1, 0), (0, 0)), [0, 0]),
    ],
)
def test_parts_have_no_coordinate_in_common(rows, expected):
    assert labels(made(rows, 1)) == expected
    assert labels(made(rows, 1 - TINY)) == [0] * len(rows)
    assert labels(made(rows, 5, None, None, 0, rows)) == [0] * len(rows)


def value(m, q, codes, rows_of_x):
    """L(q) in floats."""
    out = 0.0
    for w, p in enumerate(m.weights):
        mass = 0.0
        for share, code, x in zip(q, codes, rows_of_x, strict=True):
            power = sum(float(m.multiplier * a) * math.log(t) for b, t_of in zip(m.blocks, code, strict=True)
                        for a, t in zip(b.rows[w], t_of, strict=True) if a)  # fmt: skip
            mass += share * math.exp(power + float(m.delta) * math.log(x[m.groups[w]]))
        out -= float(p) * math.log(mass)
    return out


@settings(deadline=None, max_examples=examples(150), derandomize=True)
@given(data=st.data())
def test_no_rule_is_above_any_value(data):
    """Mixtures of one or two blocks, with multipliers at the edges of the rules, against witnesses of every kind."""
    letters = data.draw(st.integers(1, 4))
    kind = data.draw(st.sampled_from(["rows", "counts", "disjoint"]))
    blocks = data.draw(st.integers(1, 2)) if kind == "counts" else 1
    tables = []
    for _ in range(blocks):
        if kind == "counts":
            table = [tuple(data.draw(st.integers(0, 3)) for _ in range(2)) for _ in range(letters)]
        else:
            choices = [(4, 0, 0), (0, 4, 0), (0, 1, 3), (0, 2, 2), (0, 0, 4)]
            choices += [] if kind == "disjoint" else [(1, 1, 2), (3, 1, 0)]
            table = [tuple(F(v, 4) for v in data.draw(st.sampled_from(choices))) for _ in range(letters)]
        tables.append(table)
    # Equal letters are one letter, as in problems.
    groups = [data.draw(st.integers(0, 1)) for _ in range(letters)]
    delta = data.draw(st.sampled_from([F(0), F(1, 3)]))
    keys = {(tuple(t[w] for t in tables), groups[w] if delta else 0): w for w in range(letters)}
    kept = sorted(keys.values())
    groups = [groups[w] for w in kept]
    groups = [sorted(set(groups)).index(g) for g in groups]
    tables = [[t[w] for w in kept] for t in tables]
    raw = [data.draw(st.integers(1, 5)) for _ in kept]
    g = data.draw(st.sampled_from([F(1, 3), F(2, 3), F(1), F(2), F(4)]))
    m = made(tables[0], g, [F(v, sum(raw)) for v in raw], groups, delta, *tables[1:])
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    least = math.inf
    for trial, share in itertools.product(range(6), (0.05, 1.0)):
        k = int(rng.integers(1, 4))
        q = rng.dirichlet(np.full(k, share))
        codes = [[np.maximum(rng.dirichlet(np.full(len(t[0]), share)), 1e-12) for t in tables] for _ in range(k)]
        x = [np.maximum(rng.dirichlet(np.full(max(groups) + 1, share)), 1e-12) for _ in range(k)]
        for _ in range(40 if trial else 0):  # towards the optimum
            q, codes, x = improved(m, q, codes, x)
        least = min(least, value(m, q / q.sum(), normal(codes), [row / row.sum() for row in x]))
    for rule in (processing, likelihood, supports):
        terms = rule(m)
        if terms is not None:
            assert evaluate(terms) <= least + 1e-9, rule.__name__


def normal(codes):
    return [[t / t.sum() for t in code] for code in codes]


def improved(m, q, codes, x):
    """A step of expectation and maximisation."""
    codes, x = normal(codes), [row / row.sum() for row in x]
    e = np.zeros((len(m.weights), len(q)))
    for w in range(len(m.weights)):
        for z, code in enumerate(codes):
            power = sum(float(m.multiplier * a) * math.log(t) for b, t_of in zip(m.blocks, code, strict=True)
                        for a, t in zip(b.rows[w], t_of, strict=True) if a)  # fmt: skip
            e[w, z] = math.log(max(q[z], 1e-300)) + power + float(m.delta) * math.log(x[z][m.groups[w]])
    e = np.exp(e - e.max(axis=1, keepdims=True))
    e *= np.array([float(p) for p in m.weights])[:, None] / e.sum(axis=1, keepdims=True)
    tables = [np.array([[float(v) for v in row] for row in b.rows]) for b in m.blocks]
    new = [[np.maximum(e[:, z] @ t, 1e-12) for t in tables] for z in range(len(q))]
    of = np.eye(max(m.groups) + 1)[list(m.groups)]
    return np.maximum(e.sum(axis=0), 1e-15), new, [np.maximum(e[:, z] @ of, 1e-12) for z in range(len(q))]


def test_logarithms_of_ratios_that_no_float_holds():
    for n in (1, 300, 301, 400, 5000):
        for r in (F(10) ** n, F(1, 10**n), F(3, 10**n), F(10**n + 1, 7)):
            expected = math.log(r.numerator) - math.log(r.denominator)
            assert closed_form.log(r) == pytest.approx(expected, rel=1e-15)
    assert closed_form.log(F(1)) == 0 and evaluate([(F(1, 2), F(4)), (F(-1), F(2))]) == 0
