"""The lower side: each rule against dense sampling of G and against the other arithmetic; edits; sparse joints."""

from __future__ import annotations

import copy
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from flint import arb, ctx
from hypothesis import example, given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.minimize import minimize
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.ellipsoids import contacts
from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient, halve, root_cell
from therml_exact.frontier.mixture.tables import Tables
from therml_exact.frontier.problems.mixture import Block, Mixture, pairs
from therml_exact.verification import verify

ROUNDING = 1e-12


@st.composite
def mixtures(draw, blocks=(1, 2), one_sum=False):
    """Small mixtures with zeros in their exponents, in one group or more, and multipliers lam."""
    letters = draw(st.integers(1, 5))
    made = []
    for _ in range(draw(st.integers(*blocks))):
        width = 2 if one_sum else draw(st.integers(2, 3))
        if one_sum:
            rows = [(n := draw(st.integers(0, 6)), 6 - n) for _ in range(letters)]
        else:
            rows = [draw(st.tuples(*[st.integers(0, 4)] * width)) for _ in range(letters)]
        exact = tuple(tuple(Fraction(v, 3) for v in row) for row in rows)
        identity = tuple(tuple(Fraction(int(i == j)) for j in range(width)) for i in range(width))
        made.append(Block(exact, identity, exact))
    delta = Fraction(0) if one_sum else draw(st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(4, 5)]))
    groups = sorted(draw(st.integers(0, 1)) for _ in range(letters))
    groups = [g - groups[0] for g in groups]
    mixture = Mixture((Fraction(1, letters),) * letters, tuple(made), Fraction(draw(st.integers(1, 12)), 2),
                      tuple(groups), delta)  # fmt: skip
    lam = [draw(st.integers(-6, 6)) / 2.0 for _ in range(letters)]
    return mixture, lam


def descend(mixture, rng, depth):
    """A cell after some random halvings."""
    cell = root_cell(mixture)
    edges = [(i, p, q) for i, b in enumerate(mixture.blocks) for p, q in pairs(len(b.root))]
    for _ in range(depth):
        which, p, q = edges[rng.integers(len(edges))]
        cell[which] = halve(cell[which], *((p, q) if rng.random() < 0.5 else (q, p)))
    return cell


def samples(cell, rng, count=200):
    """Points of a cell: its vertices' mixtures, near the corners too."""
    parts = []
    for block in cell:
        t = np.array([[float(v) for v in row] for row in block[1]])
        parts.append(rng.dirichlet(np.full(len(t), 0.4), size=count) @ t)
    return np.hstack(parts)


@pytest.mark.parametrize("name", ["quadratic", "series", "ellipsoid"])
@settings(deadline=None, max_examples=examples(60))
@given(data=st.data())
def test_rules_bound_what_is_sampled(name, data):
    """No rule accepts a level below a sampled G: the least level it accepts is at least the largest sample."""
    mixture, lam = data.draw(mixtures(blocks=(1, 1) if name == "series" else (1, 2), one_sum=name == "series"))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    gradient, tables = Gradient(mixture, lam), Tables(mixture)
    cell = descend(mixture, rng, data.draw(st.integers(0, 14)))
    points = samples(cell, rng)
    heights = tables.gradient(np.array(lam), points)[0]
    top = float(heights.max())
    if name == "ellipsoid":
        code = np.concatenate([np.mean([[float(v) for v in row[:-1]] for row in b[0]], axis=0) for b in cell])

        def rule(c, level):
            return any(Ellipsoid(gradient, code, 0.7**k, level).holds(c) for k in range(8))

    else:
        rule = getattr(gradient, name)
    # Far below the samples, the rule must refuse; by bisection in between.
    for below in (3.0, 0.3, 1e-2, 1e-4, 1e-7, ROUNDING):
        assert not rule(cell, arb(top - below))


@settings(deadline=None, max_examples=examples(60))
@given(mixtures(), st.integers(0, 1000), st.integers(4, 16))
def test_the_chord_bounds_the_posteriors_of_the_cell(made, seed, depth):
    """KL(r||c) + sum A h(image) is never below -level for an r with its image in the cell."""
    mixture, lam = made
    rng = np.random.default_rng(seed)
    gradient, tables = Gradient(mixture, lam), Tables(mixture)
    r = rng.dirichlet(np.full(len(lam), 0.5), size=2000)
    image = tables.image(r.T)
    cell = descend(mixture, rng, depth % 5)
    held = np.ones(len(r), dtype=bool)
    for lo, block in zip(tables.jstart, cell, strict=False):
        t = np.array([[float(v) for v in row] for row in block[1]])
        u = np.linalg.solve(t.T, image[:, lo : lo + len(t)].T)
        held &= u.min(axis=0) > -1e-12
    entropy = np.zeros(len(r))
    for lo, hi, rows in zip(tables.jstart, tables.jstart[1:], tables.rows, strict=False):
        part = image[:, lo:hi]
        mass = tables.multiplier * (r @ rows).sum(axis=1)
        entropy -= mass * (part * np.log(np.where(part > 0, part, 1))).sum(axis=1)
    joint = (r * np.log(np.where(r > 0, r, 1))).sum(axis=1) - r @ np.array(lam)
    by_group = r @ np.eye(tables.groups)[tables.group]
    rows_of_x = float(mixture.delta) * (by_group * np.log(np.where(by_group > 0, by_group, 1))).sum(axis=1)
    objective = joint - rows_of_x + entropy
    if held.any():
        assert not gradient.chord(cell, arb(-float(objective[held].min()) - 1e-9))


@settings(deadline=None, max_examples=examples(40))
@given(mixtures(blocks=(1, 1), one_sum=True), st.integers(0, 1000), st.integers(3, 10))
def test_series_and_kernel_agree(made, seed, depth):
    """Where the kernel accepts an interval, ball arithmetic does, with next to no more room."""
    from therml_exact.kernels.mixture.series import on_interval

    mixture, lam = made
    rng = np.random.default_rng(seed)
    tables, gradient = Tables(mixture), Gradient(mixture, lam)
    cell = descend(mixture, rng, depth)
    ends = sorted(float(row[0]) for row in cell[0][1])
    top = float(tables.gradient(np.array(lam), samples(cell, rng))[0].max())
    for room in (1e-9, 1e-6, 1e-3):
        if on_interval(ends[0], ends[1], np.array(lam), tables.a, top + room):
            assert gradient.series(cell, arb(top + room + 1e-13))


@settings(deadline=None, max_examples=examples(40))
@given(mixtures(), st.integers(0, 1000))
def test_ellipsoids_and_kernel_agree(made, seed):
    mixture, lam = made
    tables, gradient = Tables(mixture), Gradient(mixture, lam)
    rng = np.random.default_rng(seed)
    codes = samples(root_cell(mixture), rng, 4)
    for _ in range(100):
        codes = tables.image(tables.gradient(np.array(lam), codes)[1])
    threshold = float(tables.gradient(np.array(lam), codes)[0].max()) + 1e-9
    near = contacts(tables, np.array(lam), codes, threshold)
    for centre, radius in zip(near.centre, near.radius, strict=True):
        assert Ellipsoid(gradient, centre, float(radius), arb(threshold + 1e-12)).holds_any


def test_a_known_contact_has_an_ellipsoid_and_a_flat_one_has_none():
    """exp(lam) t (1 - t) has its strict maximum 1 at 1/2; t + (1 - t) = 1 is flat."""
    half = Fraction(1, 2)
    identity = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(1)))
    strict = Mixture((Fraction(1),), (Block(((half, half),), identity, ((half, half),)),), Fraction(2), (0,))
    lam = np.array([2 * math.log(2)])
    near = contacts(Tables(strict), lam, np.array([[0.5, 0.5]]), 1e-12)
    assert len(near.radius) == 1 and abs(near.bounds[0]) < 1e-12
    flat = Mixture((half, half), (Block(identity, identity, identity),), Fraction(1), (0, 0))
    assert not len(contacts(Tables(flat), np.zeros(2), np.array([[0.5, 0.5]]), 1e-12).radius)


def test_one_group_with_delta_is_no_power():
    """Found: with one x and 0 < delta < 1, log G was divided by s = 1/(1 - delta), and too low a level passed."""
    third, half = Fraction(1, 3), Fraction(1, 2)
    identity = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(1)))
    zero = Block(((Fraction(0), Fraction(0)),), identity, ((Fraction(0), Fraction(0)),))
    mixture = Mixture((Fraction(1),), (zero,), half, (0,), third)
    assert not Gradient(mixture, [0.5]).quadratic(root_cell(mixture), arb(0.49))
    assert Gradient(mixture, [0.5]).quadratic(root_cell(mixture), arb(0.51))


SPARSE = (
    ([[3, 0, 2, 4], [7, 3, 0, 0], [0, 4, 2, 7], [1, 3, 0, 0], [7, 0, 0, 0]], 5, 0),
    ([[[0, 3, 2, 2], [0, 0, 3, 1]], [[4, 8, 0, 0], [3, 2, 0, 0]], [[4, 9, 5, 0], [0, 0, 0, 0]]], 12, 0),
    ([[[0, 3, 0, 5], [3, 0, 5, 0]], [[3, 0, 1, 0], [7, 0, 0, 0]], [[8, 2, 4, 0], [0, 0, 0, 7]]], 12, "3/10"),
    ([[[0, 5, 0, 0], [2, 4, 0, 0]], [[8, 3, 0, 0], [5, 0, 5, 5]], [[0, 0, 0, 6], [0, 0, 8, 0]]], 20, 0),
    ([[[1, 1, 0, 0], [6, 0, 3, 9]], [[8, 1, 0, 0], [0, 9, 0, 8]], [[2, 4, 0, 0], [0, 1, 0, 7]]], 8, 0),
)


@pytest.mark.parametrize(("table", "gamma", "delta"), SPARSE)
def test_sparse_joints_whose_cells_shrank_on_a_face(table, gamma, delta):
    counts = np.array(table)
    problem = tx.EncoderProblem(tx.Joint.from_counts(counts, ("X", "Y") if counts.ndim == 2 else ("X", "Theta", "Y")))
    o = minimize(problem, gamma=gamma, delta=delta)
    assert o.status == "certified"
    assert verify(o.certificate, problem).valid


@example([[0, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 1]], 1.05)  # the solver took a flat form for negative definite
@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.lists(st.sampled_from([0, 0, 1, 2, 5]), min_size=4, max_size=4), min_size=3, max_size=4),
       st.sampled_from([0.5, 1, 1.05, 2, 5, 20]))  # fmt: skip
def test_sparse_joints(counts, gamma):
    if not any(map(any, counts)):
        counts[0][0] = 1
    o = minimize(tx.EncoderProblem(tx.Joint.from_counts(np.array(counts), ("X", "Y"))), gamma=gamma)
    assert o.status == "certified"
    v = verify(o.certificate)
    assert v.valid, v.reason


@pytest.mark.parametrize("beta", [2, 4])
def test_many_flat_codes(beta):
    """Fifty flips of a coin: G lies within 1e-9 of 1 on much of the interval, and few series cover it."""
    o = minimize(tx.BayesProblem([0.3, 0.7], [[0.2, 0.8], [0.6, 0.4]], 50), beta=beta)
    v = verify(o.certificate)
    assert v.valid, v.reason
    if o.status == "certified":
        assert len(o.certificate["parts"][0]["tree"]) < 300


def test_out_of_time_the_bound_holds():
    table = np.random.default_rng(1).dirichlet(np.ones(81)).reshape(9, 9)
    o = minimize(tx.EncoderProblem(tx.Joint(table, ("X", "Y"))), gamma=10, time_limit=1e-9, max_cells=10**9)
    assert o.status == "open" and o.lower_bound <= o.value
    assert verify(o.certificate).valid


# ---- edits


def _certificates():
    rng = np.random.default_rng(7)
    yield minimize(tx.EncoderProblem(tx.Joint(rng.dirichlet(np.ones(6)).reshape(3, 2), ("X", "Y"))), gamma=6)
    yield minimize(tx.EncoderProblem(tx.Joint(rng.dirichlet(np.ones(12)).reshape(4, 3), ("X", "Y"))), gamma=4)
    theta = tx.Joint(rng.dirichlet(np.ones(8)).reshape(2, 2, 2), ("X", "Theta", "Y"))
    yield minimize(tx.EncoderProblem(theta), gamma=5, delta=0.4)
    yield minimize(tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 4), beta=3)
    y = [[["1/10", "9/10"], ["3/5", "2/5"]], [["7/10", "3/10"], ["1/5", "4/5"]]]
    yield minimize(
        tx.DiscriminativeProblem(["2/5", "3/5"], [["1/2", "1/2"], ["3/10", "7/10"]], y, 2), beta=1.5, tol=1e-8
    )


def _leaves(data, path=()):
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, (dict, list)) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key)


def _edit(rng, old):
    junk = (None, "", "nan", "inf", -1, [], {}, "-0x1p+0", "0x1p-900", "0x0p+0", "1/0", "7/3", True, ".", "~", "-", "+")
    if not isinstance(old, str) or not old or rng.random() < 0.2:
        return junk[rng.integers(len(junk))]
    if "0x" in old:
        return (float.fromhex(old) * (1 + rng.normal() * 10.0 ** -rng.integers(0, 15))).hex()
    symbols = list(old)
    at = int(rng.integers(len(symbols)))
    kind = rng.integers(3)
    symbols[at : at + int(kind > 0)] = [] if kind == 1 else [str(rng.choice(list(".+-~0123")))]
    return "".join(symbols)


@pytest.mark.parametrize("index", range(5))
def test_edits_never_prove_what_is_false(index):
    """What is accepted after an edit, the digest made anew, is true of the problem that the edited data state."""
    o = list(_certificates())[index]
    assert o.status == "certified" and verify(o.certificate).valid
    rng = np.random.default_rng(index)
    paths = list(_leaves(o.certificate))
    # Long lists of numbers do not crowd out the other fields.
    fields: dict[tuple, list] = {}
    for path in paths:
        fields.setdefault(tuple(k for k in path if isinstance(k, str)), []).append(path)
    names = list(fields)
    refused = 0
    for trial in range(260):
        c = copy.deepcopy(o.certificate)
        for _ in range(1 + int(rng.random() < 0.3)):
            choices = fields[names[(trial if _ == 0 else int(rng.integers(len(names)))) % len(names)]]
            path = choices[rng.integers(len(choices))]
            at = c
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = _edit(rng, at[path[-1]])
        c["sha256"] = digest(c)
        v = verify(json.loads(json.dumps(c)))
        refused += not v.valid
        if v.valid:
            assert v.lower_bound <= v.value
            if c["problem"] == o.certificate["problem"] and c["multipliers"] == o.certificate["multipliers"]:
                assert v.lower_bound <= o.value + ROUNDING and v.value >= o.lower_bound - ROUNDING
                assert c["status"] == "open" or v.value - v.lower_bound <= float.fromhex(c["tol"])
    assert refused > 100


def test_leaves_are_held_to_the_rule_they_name():
    """Every leaf's symbol exchanged for every other: valid only if that rule holds there too, and the claim is true."""
    o = minimize(tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 6), beta=3)
    tree = o.certificate["parts"][0]["tree"]
    for at, symbol in enumerate(tree):
        for other in ".+-~":
            if symbol in ".+-~" and other != symbol:
                c = copy.deepcopy(o.certificate)
                c["parts"][0]["tree"] = tree[:at] + other + tree[at + 1 :]
                c["sha256"] = digest(c)
                v = verify(c)
                assert not v.valid or v.lower_bound <= o.value
    # Without subdivision no rule covers everything.
    for symbol in ".+-~":
        c = copy.deepcopy(o.certificate)
        c["parts"][0]["tree"] = symbol
        c["sha256"] = digest(c)
        assert not verify(c).valid


def test_precision_is_given_back():
    before = ctx.prec, ctx.cap
    verify(minimize(tx.BayesProblem([1], [["1/3", "2/3"]], 5), beta=2).certificate)
    assert (ctx.prec, ctx.cap) == before


TINY = (
    ([[1.6237675624830717e-07, 0.49447085836724347], [0.35541103286235687, 0.03621027656891962],
      [0.1138995419382391, 8.127886484681328e-06]], {"rho": 0.001, "delta": 1, "gamma": 1.5}),
    ([[1 - 1e-10, 1e-10]], {"rho": 0.001, "gamma": 20}),
    ([[2.055850449464604e-15, 0.9999999999999979]], {"gamma": 1000, "delta": 0.3}),
    ([[1 - 1e-8, 1e-8 / 3], [0, 2e-8 / 3]], {"rho": 0, "gamma": 10000}),
    ([[[0.9999999993638008]], [[2.959930892457058e-10]], [[3.398187847483079e-10]], [[3.8730433339331817e-13]]],
     {"delta": 0.9999, "gamma": 2}),
    # Neither letters alone nor few enough cells: the level itself had to be rounded by the exponents.
    ([[0.023596953384625422, 1.6393514517239212e-25, 7.296666765300888e-13],
      [0.13455227676100176, 2.4239415963134296e-06, 0.8418400730677242],
      [1.262968987236256e-10, 1.3974227448064582e-14, 8.272718011702957e-06]],
     {"gamma": 20, "rho": 0.001, "delta": 0.0015}),
    ([[7.506636366920467e-14, 5.461502920704825e-05], [0.9999453437997926, 4.1170925248386136e-08]],
     {"gamma": 0.5, "delta": 0.9999}),
)  # fmt: skip


@pytest.mark.parametrize(("table", "multipliers"), TINY)
def test_tiny_probabilities_and_large_exponents(table, multipliers):
    """Found: levels and bounds short of their rounding, which the exponents multiply."""
    cells = np.array(table, dtype=float)
    axes = ("X", "Y") if cells.ndim == 2 else ("X", "Theta", "Y")
    o = minimize(tx.EncoderProblem(tx.Joint(cells / cells.sum(), axes)), **multipliers)
    v = verify(o.certificate)
    assert o.status == "certified" and v.valid, v.reason


@pytest.mark.parametrize(
    ("table", "gamma", "delta"),
    [
        ([[[0.49, 1e-9, 1e-4], [1e-10, 1e-6, 1e-10], [1e-13, 1e-14, 0.36]],
          [[1e-3, 1e-7, 0.15], [1e-21, 1e-7, 1e-6], [1e-5, 1e-12, 0.001]]], 5, 0.7),
        ([[[0.034, 1e-10, 1e-10], [5e-34, 3e-8, 1e-9]], [[1e-10, 1e-14, 1e-13], [0.966, 1e-5, 6e-14]]], 5, 0.9999),
    ],
)  # fmt: skip
def test_rare_letters_keep_their_codes(table, gamma, delta):
    """Found: a rare letter's code lost its weight in the first step of Newton and could not get it back."""
    cells = np.array(table)
    o = minimize(tx.EncoderProblem(tx.Joint(cells / cells.sum(), ("X", "Theta", "Y"))), gamma=gamma, delta=delta)
    assert o.status == "certified" and verify(o.certificate).valid


BELOW = [
    [0.1157551484319363, 0.10765707932796993, 7.300856115623083e-05],
    [3.501655641846639e-11, 1.2980756852112178e-10, 0.7685490714495394],
    [0.0005294294532198342, 2.7219370582543584e-19, 5.650800169374766e-11],
    [0.007429574831402578, 5.042958836431965e-06, 1.6447646070150676e-06],
]


def test_a_posterior_too_small_for_a_float_meets_a_large_factor():
    """Found: r = 0 times any factor was 0 in the quadratic, and a leaf passed that ball arithmetic refused."""
    cells = np.array(BELOW)
    o = minimize(tx.EncoderProblem(tx.Joint(cells / cells.sum(), ("X", "Y"))), rho=0.1, gamma=10000)
    v = verify(o.certificate)
    assert v.valid, v.reason


@pytest.mark.parametrize("given", [{"gamma": 1e12}, {"gamma": 1, "rho": 1e-12}, {"gamma": 1, "delta": 1e12}])
def test_extreme_multipliers_have_an_answer(given):
    cells = np.random.default_rng(0).dirichlet(np.ones(15)).reshape(5, 3)
    o = minimize(tx.EncoderProblem(tx.Joint(cells / cells.sum(), ("X", "Y"))), time_limit=1, **given)
    assert verify(o.certificate).valid


def test_more_than_floats_tell_apart_is_refused():
    problem = tx.EncoderProblem(tx.Joint([[0.5, 0.25], [0, 0.25]], ("X", "Y")))
    with pytest.raises(ValueError, match="times rho"):
        minimize(problem, gamma=1e12, rho=1e-12)


def test_disjoint_supports_have_a_closed_form():
    """Y = f(X): above gamma = 1, Z = Y; and with Theta, delta H(X|Y) is left."""
    table = np.array([[[2, 0], [0, 1]], [[3, 0], [0, 0]], [[0, 1], [0, 3]]])
    problem = tx.EncoderProblem(tx.Joint.from_counts(table, ("X", "Theta", "Y")))
    o = minimize(problem, gamma=3, delta=0.5)
    p = np.array([[2, 3, 0], [1, 0, 4]]) / 10
    each = [-(row[row > 0] * np.log(row[row > 0] / row.sum())).sum() for row in p]
    expected = 2 * math.log(2) / 2 + 0.5 * sum(each)
    assert o.certificate["parts"][0]["rule"] == "supports"
    assert abs(o.value - expected) < 1e-12 and o.lower_bound <= expected and verify(o.certificate).valid


def test_contacts_have_a_limit():
    cells = np.random.default_rng(0).dirichlet(np.ones(15)).reshape(5, 3)
    c = copy.deepcopy(minimize(tx.EncoderProblem(tx.Joint(cells / cells.sum(), ("X", "Y"))), gamma=8).certificate)
    assert c["parts"][0]["contacts"]
    c["parts"][0]["contacts"] *= 20_000
    c["sha256"] = digest(c)
    assert "contacts" in verify(c).reason
