"""Hard-encoder frontier: three algorithms, an oracle of 60 digits, and what ties, zeros and sizes must do."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import therml_exact as tx
from therml_exact.frontier.hard import METHODS, HardFrontier, bell_number


def deterministic_frontier(rows, **kw):
    """The frontier of a matrix of counts (exact) or of floats."""
    if isinstance(rows, list) and all(isinstance(v, int) for row in rows for v in row):
        return tx.deterministic_frontier(tx.Joint.from_counts(rows, ("X", "Y")), **kw)
    table = np.asarray(rows, dtype=float)
    return tx.deterministic_frontier(tx.Joint(table / table.sum(), ("X", "Y")), **kw)


def partitions(n):
    """Restricted growth strings of n symbols, in dictionary order."""
    if n == 1:
        yield (0,)
        return
    for head in partitions(n - 1):
        for z in range(max(head) + 2):
            yield (*head, z)


def oracle(rows):
    """The frontier by 60-digit logarithms and plain comparison; differences below 1e-45 are ties."""
    with mpmath.workdps(60):
        total = sum(map(sum, rows))
        tiny = mpmath.mpf(10) ** -45

        def phi(q):
            return (
                -mpmath.mpf(q.numerator) / q.denominator * mpmath.log(mpmath.mpf(q.numerator) / q.denominator)
                if q
                else mpmath.mpf(0)
            )

        h_y = sum(phi(Fraction(sum(c), total)) for c in zip(*rows, strict=True))
        scored = []
        for z in partitions(len(rows)):
            blocks = {}
            for label, row in zip(z, rows, strict=True):
                blocks[label] = [s + v for s, v in zip(blocks.get(label, [0] * len(row)), row, strict=True)]
            h_z = sum(phi(Fraction(sum(b), total)) for b in blocks.values())
            h_zy = sum(phi(Fraction(v, total)) for b in blocks.values() for v in b)
            scored.append((h_z, h_z + h_y - h_zy, z))
        out = []
        for h, i, z in scored:
            beaten = False
            for g, j, w in scored:
                no_worse = g <= h + tiny and j >= i - tiny
                better = g < h - tiny or j > i + tiny
                if no_worse and (better or w < z):
                    beaten = True
                    break
            if not beaten:
                out.append((h, i, z))
        return sorted(out)


def same(f: HardFrontier, g: HardFrontier):
    assert f.complete and g.complete
    assert [z for *_, z in f.points] == [z for *_, z in g.points]
    assert f.points == g.points


def all_methods(rows, **kw):
    first = deterministic_frontier(rows, method="enumeration", **kw)
    for m in METHODS[1:]:
        same(first, deterministic_frontier(rows, method=m, **kw))
    return first


def world(kind, n, n_y, seed):
    rng = np.random.default_rng([seed, n, n_y])
    if kind == "small counts":
        rows = rng.integers(0, 4, (n, n_y))
        rows[0, 0] += 1
        return rows.tolist()
    if kind == "big counts":
        return rng.integers(1, 10**6, (n, n_y)).tolist()
    if kind == "huge counts":
        return [[int(v) ** 5 + 1 for v in row] for row in rng.integers(0, 10**6, (n, n_y))]
    if kind == "uniform p(x)":
        cells = rng.multinomial(12, np.ones(n_y) / n_y, size=n)
        return cells.tolist()
    if kind == "near independence":
        return (10**6 + rng.integers(0, 50, (n, n_y))).tolist()
    if kind == "duplicated rows":
        rows = rng.integers(0, 5, (max(2, n // 2), n_y))
        rows[:, 0] += 1
        return [(rows[rng.integers(len(rows))] * rng.integers(1, 4)).tolist() for _ in range(n)]
    if kind == "zeros":
        rows = rng.integers(0, 3, (n, n_y)) * rng.integers(0, 2, (n, n_y))
        rows[rng.integers(n)] = 0
        rows[rng.integers(n), 0] += 1
        return rows.tolist()
    if kind == "y = f(x)":
        rows = np.zeros((n, n_y), int)
        rows[np.arange(n), rng.integers(n_y, size=n)] = rng.integers(1, 3, n)
        return rows.tolist()
    if kind == "float":
        return rng.dirichlet(np.ones(n_y), size=n) * rng.dirichlet(np.ones(n))[:, None]
    if kind == "float uniform":
        return rng.dirichlet(np.ones(n_y), size=n) / n
    raise AssertionError(kind)


RATIONAL = (
    "small counts",
    "big counts",
    "huge counts",
    "uniform p(x)",
    "near independence",
    "duplicated rows",
    "zeros",
    "y = f(x)",
)
FLOAT = ("float", "float uniform")


@pytest.mark.parametrize("kind", RATIONAL)
def test_oracle_of_sixty_digits(kind):
    for n, n_y, seed in [(1, 2, 0), (2, 2, 0), (3, 3, 0), (4, 2, 0), (5, 2, 1), (5, 3, 2), (6, 2, 3)]:
        rows = world(kind, n, n_y, seed)
        want = oracle(rows)
        for m in METHODS:
            got = deterministic_frontier(rows, method=m)
            assert got.exact and got.complete and got.method == m
            assert [z for *_, z in got.points] == [z for *_, z in want], (rows, m)
            for (h, i, _), (g, j, _) in zip(got.points, want, strict=True):
                assert abs(h - g) <= got.error[0] and abs(i - j) <= got.error[1]


@pytest.mark.parametrize("kind", RATIONAL + FLOAT)
@pytest.mark.parametrize("n_y", [2, 3, 8])
def test_three_algorithms_agree(kind, n_y):
    for n in (3, 5, 7, 8, 9, 10):
        for seed in range(2):
            all_methods(world(kind, n, n_y, seed))


@pytest.mark.deep
@pytest.mark.parametrize("kind", RATIONAL + FLOAT)
@pytest.mark.parametrize(
    ("n", "n_y", "seeds"), [(11, 4, 8), (12, 3, 8), (12, 8, 4), (13, 2, 4), (14, 2, 1), (16, 4, 1)]
)
def test_dynamic_programming_and_branch_and_bound_agree(kind, n, n_y, seeds):
    if kind == "y = f(x)" and n > 12:
        pytest.skip("every partition of a class is a tie: the front of ties is too large to list")
    for seed in range(5, 5 + seeds):
        rows = world(kind, n, n_y, seed)
        same(
            deterministic_frontier(rows, method="dynamic programming"),
            deterministic_frontier(rows, method="branch and bound"),
        )


def test_points_are_sorted_distinct_and_undominated():
    f = deterministic_frontier(world("big counts", 10, 3, 0))
    h = [p[0] for p in f.points]
    i = [p[1] for p in f.points]
    assert h == sorted(set(h)) and i == sorted(set(i))
    assert f.points[0] == (0.0, 0.0, (0,) * 10)


def test_the_front_of_binary_y_is_not_contiguous():
    found = 0
    for seed in range(6):
        rows = world("big counts", 8, 2, seed)
        order = sorted(range(8), key=lambda x: Fraction(rows[x][0], sum(rows[x])))
        for *_, z in deterministic_frontier(rows).points:
            found += sum(z[s] != z[t] for s, t in itertools.pairwise(order)) > max(z)
    assert found > 0


def test_independence_is_one_point():
    f = all_methods([[a * b for b in (1, 2, 3)] for a in (1, 4, 2, 7, 3, 3)])
    assert f.points == ((0.0, 0.0, (0,) * 6),)
    g = all_methods(np.outer([0.1, 0.2, 0.3, 0.15, 0.25], [0.3, 0.7]))
    assert g.points == ((0.0, 0.0, (0,) * 5),) and not g.exact and min(g.tolerance) > 0


def test_ties_of_integers_beyond_62_bits():
    big = [3**60 + 7 * x * x for x in range(9)]
    assert all_methods([[w] for w in big]).points == ((0.0, 0.0, (0,) * 9),)
    rows = [[w * a for a in ((1, 2), (3, 1), (1, 1))[x % 3]] for x, w in enumerate(big)]
    all_methods(rows)
    equal = [[3**60 + 1, 5**30 + x // 3] for x in range(9)]
    all_methods(equal)


def test_one_letter_alphabets():
    assert all_methods([[3], [1], [2]]).points == ((0.0, 0.0, (0, 0, 0)),)
    assert all_methods([[3, 1, 2]]).points == ((0.0, 0.0, (0,)),)
    assert all_methods([[0, 0], [3, 1], [0, 0]]).points == ((0.0, 0.0, (0, 0, 0)),)


def test_identity_of_uniform_letters_keeps_one_partition_a_type():
    n = 8
    f = all_methods(np.eye(n, dtype=int))

    # H(Z) = I(Y;Z): every type is optimal; {4,1,1,1,1} and {2,2,2,2} tie through 4 log 4 = 4 (2 log 2), and so on.
    def types(total, most):
        if total == 0:
            yield ()
        for k in range(min(total, most), 0, -1):
            for rest in types(total - k, k):
                yield (k, *rest)

    def key(t):
        return math.prod(k**k for k in t)

    assert len(f.points) == len({key(t) for t in types(n, n)})
    for h, i, _ in f.points:
        assert abs(h - i) <= sum(f.error)


def test_ties_take_the_first_string_and_accidental_ties_are_seen():
    # Equal rows and weights: (0, 0, 1), (0, 1, 0), (0, 1, 1) tie exactly when the rows are cyclic.
    f = all_methods([[2, 1, 1], [1, 2, 1], [1, 1, 2]])
    assert [z for *_, z in f.points] == [(0, 0, 0), (0, 0, 1), (0, 1, 2)]
    # Floats of thirds: the same points.
    g = all_methods(np.array([[2, 1, 1], [1, 2, 1], [1, 1, 2]]) / 12)
    assert [z for *_, z in g.points] == [z for *_, z in f.points]


def test_near_tie_is_decided_by_integers():
    # p(x) differs in the eighteenth digit: far below float resolution, not a tie.
    big = 10**18
    rows = [[big, 0], [0, big], [big + 1, 0], [0, big - 1]]
    want = oracle(rows)
    f = all_methods(rows)
    assert [z for *_, z in f.points] == [z for *_, z in want]


def test_zero_rows_get_label_zero_and_zero_columns_do_not_matter():
    rows = [[0, 0, 0], [3, 0, 1], [1, 0, 5], [0, 0, 0], [2, 0, 2]]
    f = all_methods(rows)
    g = all_methods([[3, 1], [1, 5], [2, 2]])
    assert [(h, i) for h, i, _ in f.points] == [(h, i) for h, i, _ in g.points]
    for (*_, z), (*_, w) in zip(f.points, g.points, strict=True):
        assert z[0] == z[3] == 0 and (z[1], z[2], z[4]) == w
    assert [z for *_, z in f.points] == [z for *_, z in oracle(rows)]


def test_scaling_counts_changes_nothing():
    rows = world("small counts", 8, 3, 4)
    f = deterministic_frontier(rows)
    g = deterministic_frontier([[v * 10**30 for v in row] for row in rows])
    assert f.points == g.points


def test_relabelling_x_keeps_the_pairs():
    rows = world("small counts", 9, 3, 7)
    f = deterministic_frontier(rows)
    g = deterministic_frontier(rows[::-1])
    assert len(f.points) == len(g.points)
    for (h, i, _), (k, j, _) in zip(f.points, g.points, strict=True):
        assert abs(h - k) <= f.error[0] and abs(i - j) <= f.error[1]


@pytest.mark.parametrize("method", METHODS)
def test_budget(method):
    f = deterministic_frontier(world("big counts", 10, 3, 0), method=method, max_nodes=40)
    assert not f.complete and f.points[0][:2] == (0.0, 0.0)


def test_budget_that_just_suffices():
    f = deterministic_frontier(world("big counts", 6, 3, 0), method="enumeration", max_nodes=bell_number(6))
    assert f.complete and f.nodes == bell_number(6)


@pytest.mark.parametrize(
    ("table", "kw", "text"),
    [
        ([[1, 0]], {"method": "magic"}, "method is 'magic'; it is one of enumeration"),
        ([[1, 0]], {"max_nodes": 0}, "max_nodes is 0"),
        (np.full((40, 2), 1 / 80), {}, r"2\^40 subsets, .* GiB"),
        (np.full((20, 2), 1 / 40), {"method": "dynamic programming"}, "dynamic programming on 20"),
        (np.full((18, 2), 1 / 36), {"method": "enumeration"}, "6.82e.11 partitions"),
        ([1, 0], {}, "axes has 2 names"),
    ],
)
def test_bad_input(table, kw, text):
    with pytest.raises(ValueError, match=text):
        tx.deterministic_frontier(table, **kw)


def test_a_joint_of_three_variables_is_refused():
    with pytest.raises(ValueError, match="p_xy is over Dept, Gender, Admit; give a joint of two"):
        tx.deterministic_frontier(tx.examples.berkeley())


def test_points_are_what_their_partitions_give_exactly():
    f = tx.deterministic_frontier(tx.examples.berkeley().marginal("Dept", "Admit"))
    assert f.complete
    assert f.exact
    for k, (h, i, _) in enumerate(f.points):
        exact_h, exact_i = f.values(k)
        assert abs(float(exact_h) - h) <= f.error[0]
        assert abs(float(exact_i) - i) <= f.error[1]
    assert f.blocks(0) == (("A", "B", "C", "D", "E", "F"),)
    assert "complete, ties decided exactly" in str(f)


def test_results_are_saved(tmp_path):
    import json

    f = tx.deterministic_frontier([[0.25, 0.25], [0.5, 0.0]])
    f.save(tmp_path / "f.json")
    content = json.loads((tmp_path / "f.json").read_text())
    assert content["units"] == "nats"
    assert len(content["points"]) == len(f.points)
    assert not f.exact


@pytest.mark.parametrize("table", [[[0.25, 0.25], [0.5, 0.0]], [["1/4", "1/4"], ["1/2", "0"]]])
def test_a_saved_frontier_is_read_back(table, tmp_path):
    f = tx.deterministic_frontier(tx.Joint(table, ("Colour", "Y"), {"Colour": ["red", "blue"]}))
    f.save(tmp_path / "f.json")
    again = tx.load(tmp_path / "f.json")
    assert again == f and again.blocks(1) == f.blocks(1)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("method", "guess", '"method" is'),
        ("complete", 1, '"complete" is'),
        ("exact", "no", '"exact" is'),
        ("nodes", -1, '"nodes" is'),
        ("nodes", True, '"nodes" is'),
        ("error", [0, -1], '"error" holds'),
        ("tolerance", [0, "inf"], '"tolerance" holds'),
        ("units", "bits", '"units" is'),
        ("joint", [], '"joint" is'),
        ("points", [[0, 0, [0]]], "which is none of X"),
        ("points", [[0, 0, [0, 2]]], "which is none of X"),
        ("points", [[0, 0, [0, True]]], "which is none of X"),
        ("points", [[-1, 0, [0, 1]]], '"points"[0] holds'),
        ("blocks", [[["0", "1"]], [["1"], ["0"]]], '"blocks" are not'),
    ],
)
def test_a_file_that_is_no_frontier_is_refused(field, value, text, tmp_path):
    import json

    tx.deterministic_frontier([[0.25, 0.25], [0.5, 0.0]]).save(tmp_path / "f.json")
    content = json.loads((tmp_path / "f.json").read_text())
    (tmp_path / "f.json").write_text(json.dumps({**content, field: value}))
    with pytest.raises(ValueError, match=re.escape(text)):
        tx.load(tmp_path / "f.json")


def test_input_is_not_touched():
    w = np.array([[0.0, 0.0], [0.25, 0.25], [0.5, 0.0]])
    before = w.copy()
    tx.deterministic_frontier(w)
    assert (w == before).all()
