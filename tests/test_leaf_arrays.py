"""The rules for many cells at once against those in FLINT's balls, cell by cell; and the two passes over a tree."""

import copy
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dual import mixtures
from test_leaf_rules import MIXTURES
from test_mixture_check import CERTIFICATES, FORGERIES, PART, edited

import therml_exact as tx
from therml_exact.frontier.mixture import check_tree
from therml_exact.frontier.mixture import leaf_arrays as module
from therml_exact.frontier.mixture.leaf_arrays import Leaves
from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient, halve, root_cell
from therml_exact.frontier.problems.kinds import read_problem
from therml_exact.frontier.problems.mixture import pairs
from therml_exact.numbers.ball_arrays import EPS, Balls, exact
from therml_exact.numbers.balls import precision
from therml_exact.verification import Clock, RefusedError, verify

CLOSE = 1e-11  # how far above the least level of FLINT's balls floats may need the level, times 1 + |level|
NO_CLOCK = Clock(None)


@pytest.fixture(autouse=True)
def silent():
    """As the caller does: what overflows proves nothing."""
    with np.errstate(all="ignore"), precision(128):
        yield


def walks(m, rng, depth):
    """A random cell in both arithmetics: FLINT's, and (numbers, b) of one row."""
    leaves = Leaves(m, Gradient(m, [0.0] * len(m.weights)), [], 0.0)
    edges = [(i, p, q) for i, b in enumerate(m.blocks) for p, q in pairs(len(b.root))]
    cell, (numbers, b) = root_cell(m), leaves.root()
    for _ in range(depth if edges else 0):
        number, side = int(rng.integers(len(edges))), int(rng.integers(2))
        which, first, second = edges[number]
        gone, kept = ((second, first), (first, second))[side]
        cell[which] = halve(cell[which], gone, kept)
        made = leaves.split(numbers, np.array([number]))
        gap = exact([0.0])
        for i, (cells, one, two) in enumerate(made.ends):
            if cells.size:
                gap = leaves.gaps(i, one, two)
        numbers, b = made.numbers[side : side + 1], leaves.moved(b, made, gap).at(slice(side, side + 1))
    return cell, numbers, b


def least(accepts, low, high, steps=44):
    """The least level that a rule accepts, by bisection; inf if not even `high`, -inf if even `low`."""
    if not accepts(high):
        return math.inf
    if accepts(low):
        return -math.inf
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if accepts(middle) else (middle, high)
    return high


@settings(deadline=None, max_examples=25)
@given(mixtures(blocks=(1, 2)), st.integers(0, 1000), st.integers(0, 30))
def test_cells_are_those_of_flint(made, seed, depth):
    """u and beta are equal, and each ball b holds that of FLINT within some last digits."""
    cell, numbers, b = walks(made[0], np.random.default_rng(seed), depth)
    leaves = Leaves(made[0], Gradient(*made), [], 0.0)
    at = 0
    for i, (u, _, beta, _, values) in enumerate(cell):
        assert leaves.shapes.u(numbers, i)[0].tolist() == [[float(v) for v in row] for row in u]
        assert leaves.shapes.beta(numbers, i)[0].tolist() == [[float(v) for v in row] for row in beta]
        for v in values:
            assert abs(v - arb(b.mid[0, at])) <= arb(b.rad[0, at])
            assert b.rad[0, at] <= 1e-9 * (1 + np.abs(b.mid).max())
            at += 1


def compared(m, lam, rng, depth, rule, high=40.0):
    """The least levels by floats and by FLINT's balls of a rule on one random cell."""
    cell, numbers, b = walks(m, rng, depth)
    gradient = Gradient(m, lam)
    of = Leaves(m, gradient, [], 0.0)

    def floats(level):
        of.level = level
        return bool(of.chord(b)[0] if rule == "chord" else of.quadratic(numbers)[0])

    slow = least(lambda level: getattr(gradient, rule)(cell, arb(level)), -60.0, high)
    # Two levels, one on each side, tell as much as a bisection.
    if math.isinf(slow):
        return slow, floats(high), floats(-60.0)
    room = CLOSE * (1 + abs(slow))
    return slow, floats(slow + room), floats(slow - room)


@pytest.mark.parametrize("rule", ["chord", "quadratic"])
@settings(deadline=None, max_examples=25)
@given(made=mixtures(blocks=(1, 2)), seed=st.integers(0, 1000), depth=st.integers(0, 14))
def test_rules_accept_what_flint_accepts(rule, made, seed, depth):
    """The least levels agree within rounding, for groups, two blocks, and zeros in the exponents."""
    slow, above, below = compared(*made, np.random.default_rng(seed), depth, rule)
    assert above == (slow < math.inf) and below == (slow == -math.inf)


@pytest.mark.parametrize("name", MIXTURES)
@pytest.mark.parametrize("rule", ["chord", "quadratic"])
@pytest.mark.parametrize("depth", [0, 3, 9, 22])
def test_rules_of_known_mixtures(name, rule, depth):
    """As above with rational roots and exponents that floats round."""
    m = MIXTURES[name]
    for seed in range(2):
        slow, above, below = compared(m, [0.3, -0.7, 1.1], np.random.default_rng(seed), depth, rule)
        assert math.isfinite(slow) and above and not below


@settings(deadline=None, max_examples=25)
@given(mixtures(blocks=(1, 2)), st.integers(0, 1000), st.integers(2, 14))
def test_ellipsoids_hold_the_same_cells(made, seed, depth):
    """About the middle of a cell, with radii just large enough and just too small."""
    m, lam = made
    cell, numbers, _ = walks(m, np.random.default_rng(seed), depth)
    gradient, level = Gradient(m, lam), 100.0
    code = np.concatenate([np.mean([[float(v) for v in row[:-1]] for row in b[0]], axis=0) for b in cell])
    small = Ellipsoid(gradient, code, 1e-9, arb(level))
    if not small.holds_any:
        return
    form = np.array([[float(v) for v in row] for row in small.form])
    corners = itertools.product(*([[float(v) for v in row[:-1]] for row in b[0]] for b in cell))
    size = max((x := np.concatenate(corner) - code) @ form @ x for corner in corners)
    for factor, held in ((1 + 1e-9, True), (1 - 1e-9, False)):
        near = [copy.copy(small)]
        near[0].radius = arb(size * factor)
        other = copy.copy(small)
        other.radius = arb(size * 1e-3)
        if size > 1e-12:
            for those in (near, [other, *near]):
                assert Leaves(m, gradient, those, level).ellipsoid(numbers).tolist() == [held] == [
                    any(n.holds(cell) for n in those)]  # fmt: skip
    near[0].holds_any = False
    near[0].radius = arb(size * 2 + 1)
    assert not Leaves(m, gradient, near, level).ellipsoid(numbers).any()


def test_numbers_that_floats_do_not_hold_prove_nothing():
    """After more halvings than a float has digits b is unknown, and so it stays."""
    m = MIXTURES["three letters"]
    leaves = Leaves(m, Gradient(m, [0.0] * 3), [], 100.0)
    numbers, b = leaves.root()
    depth = 0
    while np.isfinite(b.rad).all():
        made = leaves.split(numbers, np.array([depth % 3]))
        b = leaves.moved(b, made, leaves.gaps(0, *made.ends[0][1:])).at([1])
        numbers = made.numbers[[1]]
        depth += 1
        # A multiple of 2^-47, three of which make a sum of 53 bits at most.
        u = leaves.shapes.u(numbers, 0)
        if np.isfinite(b.rad).all():
            assert (u * 2.0**47 == np.rint(u * 2.0**47)).all()
            assert np.abs(leaves.shapes.beta(numbers, 0)).max() <= 2 * module.LARGEST
    assert 40 < depth < 200
    assert not leaves.chord(b).any()
    made = leaves.split(numbers, np.array([0]))
    assert np.isinf(leaves.moved(b, made, leaves.gaps(0, *made.ends[0][1:])).rad).all()


def test_gaps_of_entropy():
    """Short and long edges, some at zeros: held, and with a radius of some last digits of the gap, and no less."""
    m = MIXTURES["three letters"]
    leaves, rng = Leaves(m, Gradient(m, [0.0] * 3), [], 0.0), np.random.default_rng(0)
    one, two = rng.integers(0, 2**10, size=(2, 90, 3)) * 2.0**-12
    one[:30] = two[:30] + rng.integers(-1, 2, size=(30, 3)) * 2.0**-30 * (two[:30] > 0)
    one[30:50, 0] = two[30:50, 0] = one[50:60, 1] = 0.0
    found = leaves.gaps(0, one, two)

    def h(row):
        return sum((-arb(v) * arb(v).log() for v in row if v), arb(0))

    for k, (p, q) in enumerate(zip(one.tolist(), two.tolist(), strict=True)):
        if p == q:
            assert found.mid[k] == 0
            continue
        middle = [(v + w) / 2 for v, w in zip(p, q, strict=True)]
        true = h(middle) - (h(p) + h(q)) / 2  # sums below 1: the gap has the same formula
        assert abs(true - arb(found.mid[k])) <= arb(found.rad[k])
        assert 4 * EPS * found.mid[k] <= found.rad[k] <= 1e-13 * (found.mid[k] + np.abs(one[k] - two[k]).max())


# ---- trees


def tree_of(rng, nodes, edges, rules=".+-~"):
    """A random tree's text."""
    text, waiting = [], 1
    while waiting:
        if len(text) + waiting < nodes and rng.random() < 0.7:
            text.append(chr(48 + int(rng.integers(edges))))
            waiting += 1
        else:
            text.append(rules[int(rng.integers(len(rules)))])
            waiting -= 1
    return "".join(text)


def slow_ends(text):
    """The ends of all nodes by recursion."""
    end = [0] * len(text)

    def walk(at):
        after = at + 1
        if text[at] not in ".+-~":
            after = walk(walk(after))
        end[at] = after
        return after

    assert walk(0) == len(text)
    return end


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_trees_are_read(seed, nodes):
    text = tree_of(np.random.default_rng(seed), nodes, 3)
    found = check_tree.read_tree(text, 3)
    assert found.end.tolist() == slow_ends(text)
    assert found.edge.tolist() == [-1 if c in ".+-~" else ord(c) - 48 for c in text]
    assert [chr(rule) for rule in found.rule] == [c if c in ".+-~" else "\0" for c in text]
    for wrong, told in ((text[:-1], "ends before"), (text + ".", "goes on after"), (text[:-1] + "3.", "unknown"),
                        (text[:-1] + "/", "unknown"), (text[:-1] + "\ud800", "unknown")):  # fmt: skip
        with pytest.raises(RefusedError, match=told):
            check_tree.read_tree(wrong, 3)


def test_symbols_beyond_the_first_plane():
    text = chr(65536 + 78) + ".."
    assert check_tree.read_tree(text, 79).edge.tolist() == [78, -1, -1]
    with pytest.raises(RefusedError, match="unknown"):
        check_tree.read_tree(text, 78)
    assert check_tree.read_tree(chr(48 + 77) + "..", 78).edge.tolist() == [77, -1, -1]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(0, 4))
def test_what_reaches_a_node(seed, nodes, many):
    rng = np.random.default_rng(seed)
    text = tree_of(rng, nodes, 3)
    read = check_tree.read_tree(text, 3)
    some = np.unique(rng.integers(len(text), size=many)).astype(np.int64)
    end = slow_ends(text)
    expected = [any(a <= n < end[a] or n <= a < end[n] for a in some.tolist()) for n in range(len(text))]
    assert check_tree.reaching(read, some).tolist() == expected


@pytest.fixture(scope="module")
def problem():
    """A certificate with some hundred nodes, of all rules but series."""
    joint = tx.Joint.from_counts([[68, 119, 26, 7], [20, 84, 17, 94], [15, 54, 14, 10], [5, 29, 14, 16]], ("X", "Y"))
    content = tx.minimize(tx.EncoderProblem(joint), gamma=5).certificate
    assert set(".+-") <= set(content["parts"][0]["tree"]) and len(content["parts"][0]["tree"]) > 500
    return content


def parts_of(content):
    """What check_tree is given for a certificate of one part."""
    claim = content["parts"][0]
    given = {name: Fraction(text) for name, text in content["multipliers"].items()}
    m = read_problem(content["problem"]).plan(**given).parts[0].mixture
    lam = [float.fromhex(v) for v in claim["lam"]]
    level = float.fromhex(claim["level"])
    gradient = Gradient(m, lam)
    near = [Ellipsoid(gradient, [float.fromhex(v) for v in c["code"]], float.fromhex(c["radius"]), arb(level))
            for c in claim["contacts"]]  # fmt: skip
    return m, gradient, near, level, claim["tree"]


def test_nothing_is_left_of_a_usual_certificate(problem):
    m, gradient, near, level, tree = parts_of(problem)
    nodes = check_tree.read_tree(tree, 6 * len(m.blocks))
    assert check_tree.undecided(Leaves(m, gradient, near, level), nodes, NO_CLOCK).size == 0


@pytest.mark.parametrize(("together", "held"), [(1, 2e8), (7, 2e8), (10**6, 2e8), (1, 600)])
def test_what_is_taken_together_makes_no_difference(problem, together, held, monkeypatch):
    """Where many leaves fail the same are found, whatever is taken at once; with less memory more are left."""
    m, gradient, near, level, tree = parts_of(problem)
    nodes = check_tree.read_tree(tree, 6 * len(m.blocks))
    leaves = Leaves(m, gradient, near, level - 1e-4)
    whole = set(check_tree.undecided(leaves, nodes, NO_CLOCK).tolist())
    assert 3 < len(whole) < len(tree) / 4
    monkeypatch.setattr(check_tree, "TOGETHER", together)
    monkeypatch.setattr(check_tree, "MOST_HELD", int(held))
    monkeypatch.setattr(module, "PIECE", 64)
    some = check_tree.undecided(leaves, nodes, NO_CLOCK).tolist()
    assert len(some) == len(set(some))
    covered = {n for a in some for n in range(a, int(nodes.end[a]))}
    assert whole <= covered and (held < 1e8 or whole == set(some))
    assert held > 1e8 or covered > whole


def test_a_level_too_low_is_refused_by_the_second_pass(problem):
    m, gradient, near, level, tree = parts_of(problem)
    check_tree.check_tree(m, gradient, near, level, tree, NO_CLOCK)
    for lower in (1e-3, 1e-9):
        with pytest.raises(RefusedError, match="a leaf"):
            check_tree.check_tree(m, gradient, near, level - lower, tree, NO_CLOCK)


def test_rules_that_do_not_hold_are_refused_in_large_trees_too(problem):
    """Every twentieth leaf under another rule than its own: refused exactly if FLINT's balls refuse it alone."""
    m, gradient, near, level, tree = parts_of(problem)
    edges = [(i, p, q) for i, b in enumerate(m.blocks) for p, q in pairs(len(b.root))]
    nodes = check_tree.read_tree(tree, len(edges))
    leaves = np.flatnonzero(nodes.edge < 0)[::20]
    verdicts = []
    for n, symbol in zip(leaves.tolist(), itertools.cycle("+-.~"), strict=False):
        text = tree[:n] + symbol + tree[n + 1 :]
        one = check_tree.read_tree(text, len(edges))

        def verdict(check, one=one, text=text, n=n):
            try:
                check(one, text, n)
            except RefusedError as error:
                return str(error)
            return "proved"

        slow = verdict(lambda one, _, n: check_tree._follow(
            m, gradient, near, arb(level), one, check_tree.reaching(one, np.array([n])), edges, NO_CLOCK))  # fmt: skip
        fast = verdict(lambda _, text, __: check_tree.check_tree(m, gradient, near, level, text, NO_CLOCK))
        assert fast == slow
        verdicts.append(fast)
    assert {"proved", *(f"a leaf {told}" for told in check_tree.RULES_OF_LEAVES.values())} >= set(verdicts)
    assert len(set(verdicts)) >= 4


@pytest.mark.parametrize("fewest", [1, 10**9])
def test_small_trees_by_either_pass(fewest, monkeypatch):
    """All certificates and forgeries of the checker's own tests: the same reasons with the first pass and without."""
    monkeypatch.setattr(check_tree, "FEWEST", fewest)
    for name in ("ellipsoids", "series", "groups", "blocks", "bayes"):
        assert verify(CERTIFICATES[name]).valid, name
    for name, (of, edits, told) in FORGERIES.items():
        if edits and "leaf" in str(told):
            found = verify(edited(of, *edits))
            assert not found.valid and str(told) in found.reason, name
    assert PART


def test_what_floats_cannot_tell_is_left_to_balls(problem):
    """At a level that the worst leaf just meets, floats leave it, and FLINT's balls prove it."""
    m, gradient, near, level, tree = parts_of(problem)
    nodes = check_tree.read_tree(tree, 6 * len(m.blocks))
    low, high = level - 1.0, level
    for _ in range(52):
        middle = (low + high) / 2
        left = check_tree.undecided(Leaves(m, gradient, near, middle), nodes, NO_CLOCK)
        low, high = (low, middle) if left.size == 0 else (middle, high)
    just = np.nextafter(low, -np.inf)
    left = check_tree.undecided(Leaves(m, gradient, near, just), nodes, NO_CLOCK)
    assert 0 < left.size < 5
    check_tree.check_tree(m, gradient, near, float(just), tree, NO_CLOCK)


def test_summits():
    """slope.c + c.form.c/2 with form = -2 has the maximum slope^2/4; without a definite form there is none."""
    form = Balls(np.array([[[-2.0, 1.0], [1.0, -2.0]]]), np.zeros((1, 2, 2)))
    slope = exact([[1.0, 0.0]])  # the maximum is slope.(minus form)^-1.slope/2 = (2/3)/2
    for room, proved in ((1 / 3 + 1e-12, True), (1 / 3 - 1e-12, False)):
        assert module.below_summit(slope, form, exact([room])).tolist() == [proved]
    for other in ([[2.0, 0.0], [0.0, -2.0]], [[-1.0, 2.0], [2.0, -1.0]], [[-1.0, 0.0], [0.0, 0.0]]):
        assert not module.below_summit(slope, exact([other]), exact([100.0])).any()
    wide = Balls(form.mid, np.full((1, 2, 2), 2.1))
    assert not module.below_summit(slope, wide, exact([100.0])).any()
