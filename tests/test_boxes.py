"""Boxes: bounds of log G that hold at every code, against samples and simplices; and forged certificates of them."""

import copy
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.mixture import box_tree, boxes, check_boxes
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.ellipsoids import contacts
from therml_exact.frontier.mixture.path import Ready
from therml_exact.frontier.mixture.primal import multipliers, start
from therml_exact.frontier.mixture.tables import Tables
from therml_exact.kernels.mixture import boxes as kernel

PART = ("parts", 0)


def world(seed, nx, ny):
    table = np.random.default_rng(seed).dirichlet(np.ones(nx * ny)).reshape(nx, ny)
    return tx.EncoderProblem(tx.Joint(table, ("X", "Y")))


def tables_of(problem, gamma, delta=0):
    exact = {"rho": Fraction(1), "delta": Fraction(delta), "gamma": Fraction(gamma)}
    return Ready.of(problem, exact).tables[0]


def test_the_kernel_and_the_text_have_the_same_numbers():
    assert kernel.CUTS == box_tree.CUTS and kernel.UP == 2 * box_tree.POWERS
    assert kernel.DEEPEST == check_boxes.DEEPEST and kernel.SLOP == check_boxes.SLOP
    decoded = [kernel.decoded(code) for code in range(len(box_tree.TURNS))]
    assert decoded == box_tree.TURNS.tolist()
    assert [kernel.encoded(x) for x in decoded] == list(range(len(decoded)))
    assert kernel.encoded(1e300) == kernel.UP and kernel.encoded(-1e300) == 2 * kernel.UP
    assert kernel.encoded(0.0) == kernel.encoded(1e-9) == kernel.encoded(math.nan) == 0
    symbols = [chr(c) for c in (*box_tree.cut_symbols(40), *map(ord, box_tree.RULES))]
    assert len(set(symbols)) == len(symbols)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.integers(2, 7))
def test_tightened_boxes_are_those_of_the_checker_and_lose_no_distribution(seed, width):
    rng = np.random.default_rng(seed)
    t = rng.dirichlet(np.full(width, 0.5))
    lo = t * rng.random(width)
    hi = np.minimum(t + (1 - t) * rng.random(width) ** 3, 1.0)
    ends, others = (lo.copy(), hi.copy()), (lo[None, :].copy(), hi[None, :].copy())
    assert not kernel.tighten(*ends)
    check_boxes._tighten(*others)
    assert (ends[0] == others[0][0]).all() and (ends[1] == others[1][0]).all()
    assert (ends[0] <= t).all() and (t <= ends[1]).all()
    low = np.full(width, 1.1 / width)
    assert kernel.tighten(low, low + 0.1) and check_boxes._empty(low[None, :], low[None, :] + 0.1).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([0, Fraction(1, 3)]), st.sampled_from([1, 7, 60]))
def test_however_the_search_ends_its_bound_holds_at_every_code(seed, delta, most):
    """G is looked at in codes at and between the letters' rows, and where climbs from them end."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(30, 0.7)).reshape(2, 3, 5) if delta else rng.dirichlet(np.full(30, 0.7)).reshape(6, 5)
    axes = ("X", "Theta", "Y") if delta else ("X", "Y")
    tables = tables_of(tx.EncoderProblem(tx.Joint(table, axes)), Fraction(1 + rng.integers(1, 40), 2), delta)
    lam = multipliers(tables, start(tables))
    threshold = 1e-3
    near = contacts(tables, lam, start(tables).codes, threshold)
    found = boxes.search(tables, lam, near, threshold, 2 * most + 1, math.inf)
    t = np.vstack([tables.rows[0], tables.image(rng.dirichlet(np.full(len(lam), 0.3), size=50).T)])
    for _ in range(20):
        height, posterior, _ = tables.gradient(lam, t)
        assert height.max() <= max(found.bound, threshold if len(near.radius) else -math.inf) + 1e-9
        t = tables.image(posterior)


@pytest.mark.parametrize(("seed", "shape", "gamma"), [(0, (6, 5), 9), (1, (5, 5), 4), (2, (7, 5), 30), (3, (8, 6), 25)])
def test_boxes_and_simplices_find_the_same_minimum(monkeypatch, seed, shape, gamma):
    problem = world(seed, *shape)
    found = tx.minimize(problem, gamma=gamma)
    assert found.status == "certified" and found.certificate["parts"][0]["rule"] == "boxes"
    assert found.bound_by == "boxes" and tx.verify(found.certificate, problem).valid
    monkeypatch.setattr(boxes, "FEWEST", 99)
    other = tx.minimize(problem, gamma=gamma)
    assert other.bound_by == "cells" and abs(other.value - found.value) <= 2e-9


@pytest.mark.parametrize("delta", ["1/3", 0])
def test_groups_are_searched_and_checked_too(delta):
    table = np.random.default_rng(4).dirichlet(np.ones(30)).reshape(3, 2, 5)
    problem = tx.EncoderProblem(tx.Joint(table, ("X", "Theta", "Y")))
    found = tx.minimize(problem, gamma=12, delta=delta)
    assert found.status == "certified" and found.bound_by == "boxes"
    assert tx.verify(found.certificate, problem).valid


def test_the_memory_of_a_tree_is_a_limit_that_the_answer_names(monkeypatch):
    monkeypatch.setattr(boxes, "MEMORY", 2_000)
    found = tx.minimize(world(0, 6, 5), gamma=9)
    assert found.status == "open" and found.reason == "memory"
    assert "lower bound by" in str(found) and tx.verify(found.certificate).valid


def test_more_cells_never_prove_less():
    problem = world(5, 9, 7)
    bounds = [tx.minimize(problem, gamma=14, max_cells=n).lower_bound for n in (1, 30, 300, 3000)]
    assert bounds == sorted(bounds) and bounds[0] < bounds[-1]


# ---- forgeries


@pytest.fixture(scope="module")
def true():
    found = tx.minimize(world(0, 6, 5), gamma=24)
    part = found.certificate["parts"][0]
    assert part["rule"] == "boxes" and set(part["tree"]) >= set(".,+") and part["contacts"]
    return found.certificate


def edited(certificate, *edits):
    c = copy.deepcopy(certificate)
    for path, value in edits:
        at = c
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value(at[path[-1]]) if callable(value) else value
    c["sha256"] = digest(c)
    return c


def replaced(text, old, new):
    at = text.index(old)
    return text[:at] + new + text[at + len(old) :]


def lower(text):
    return (float.fromhex(text) - 2.0**-8).hex()


FORGERIES = {
    "a tree of text": ([("tree", list)], "no text"),
    "turns of text": ([("turns", list)], "no text"),
    "a tree that ends": ([("tree", lambda t: t[:-1])], "ends before"),
    "a tree at all": ([("tree", ""), ("turns", "")], "ends before"),
    "a tree to its end": ([("tree", lambda t: t + ".")], "goes on"),
    "cuts of the coordinates": ([("tree", lambda t: chr(48 + 25) + t[1:])], "unknown symbol"),
    "cuts from 0": ([("tree", lambda t: "/" + t[1:])], "unknown symbol"),
    "turns for every leaf": ([("turns", lambda t: t[:-1])], "not as many"),
    "turns for no more": ([("turns", lambda t: t + "!")], "not as many"),
    "turns that are known": ([("turns", lambda t: "z" + t[1:])], "a turn is an unknown symbol"),
    "leaves by their lines": ([("tree", "."), ("turns", "")], "by its lines"),
    "leaves by turned lines": ([("tree", ","), ("turns", "!!!!!")], "by its lines"),
    "leaves in ellipsoids": ([("tree", "+"), ("turns", "")], "in no ellipsoid"),
    "leaves that are empty": ([("tree", "!"), ("turns", "")], "is not empty"),
    "a level as high as G": ([("level", lower)], "a leaf"),
    "turns of their own leaves": ([("turns", lambda t: t[::-1])], "by its lines"),
    "ellipsoids that are proved": ([("contacts", lambda c: [{**e, "radius": (1e3).hex()} for e in c])], "no ellipsoid"),
    "ellipsoids that are named": ([("contacts", [])], "no ellipsoid"),
    "a mixture of many letters": ([("lam", lambda v: v[:-1])], "wrong length"),
}


@pytest.mark.parametrize("requirement", FORGERIES)
def test_each_requirement_refuses_what_fails_it(true, requirement):
    edits, reason = FORGERIES[requirement]
    found = tx.verify(edited(true, (("status",), "open"), *(((*PART, name), value) for name, value in edits)))
    assert found.verdict == "not valid" and reason in found.reason, found.reason


def test_a_leaf_is_held_to_its_rule(true):
    tree = true["parts"][0]["tree"]
    assert tx.verify(true).valid
    edits = (("+", ".", "lines"), ("+", "!", "empty"), (".", "!", "empty"), (".", "+", "ellipsoid"))
    for old, new, reason in edits:
        found = tx.verify(edited(true, ((*PART, "tree"), replaced(tree, old, new))))
        assert not found.valid and reason in found.reason, (old, new, found.reason)


def test_boxes_are_for_one_block(true):
    """Two samples of a process with labels: two blocks."""
    y = [[["1/10", "9/10"], ["3/5", "2/5"]], [["7/10", "3/10"], ["1/5", "4/5"]]]
    problem = tx.DiscriminativeProblem(["2/5", "3/5"], [["1/2", "1/2"], ["3/10", "7/10"]], y, 2)
    c = tx.minimize(problem, beta=1.5, tol=1e-6).certificate
    assert "'boxes' does not apply" in tx.verify(edited(c, ((*PART, "rule"), "boxes"), ((*PART, "turns"), ""))).reason


def test_leaves_that_floats_leave_open_are_judged_in_balls(true, monkeypatch):
    """Without the floats' verdict the balls prove every leaf; at a lower level they refuse."""
    monkeypatch.setattr(check_boxes._Rules, "_below", lambda self, lo, hi, slopes: np.zeros(len(lo), dtype=bool))
    assert tx.verify(true).valid
    assert "by its lines" in tx.verify(edited(true, (("status",), "open"), ((*PART, "level"), "-0x1.0p-4"))).reason


def test_a_deep_tree_is_refused(true, monkeypatch):
    monkeypatch.setattr(check_boxes, "DEEPEST", 2)
    assert "deeper than 2 cuts" in tx.verify(true).reason


def test_roots_hold_all_rows():
    m = Tables(tables_of(world(6, 8, 6), 5).mixture).mixture
    lo, hi = box_tree.root_box(m)
    for row in m.blocks[0].rows:
        assert all(Fraction(a) <= v <= Fraction(b) for a, v, b in zip(lo.tolist(), row, hi.tolist(), strict=True))


def test_codes_of_turns_mean_the_same_where_kernels_are_interpreted():
    """A code is a byte: its differences would wrap around in Python, and not in compiled code."""
    for code in range(256):
        byte = np.uint8(code)
        assert float(kernel.decoded._python(byte)) == float(kernel.decoded(byte)) == float(kernel.decoded(code))
