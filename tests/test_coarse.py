"""Bounds that need no search over all letters: contraction, coarse letters; and tolerances relative to the value."""

import copy
import math
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.mixture import coarse, solve
from therml_exact.frontier.mixture.alternation import alternate
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.closed_form import contraction, evaluate, overlap, share_of, supports
from therml_exact.frontier.mixture.path import Ready
from therml_exact.frontier.mixture.primal import start, witness
from therml_exact.frontier.mixture.tables import Tables
from therml_exact.frontier.problems.chain_rule import chain

F = Fraction


def joint(table, axes=("X", "Y")):
    return tx.Joint(np.asarray(table), axes)


def tables_of(problem, gamma, delta=0):
    return Ready.of(problem, {"rho": F(1), "delta": F(delta), "gamma": F(gamma)}).tables[0]


def drawn(seed, *shape):
    return np.random.default_rng(seed).dirichlet(np.full(math.prod(shape), 0.7)).reshape(shape)


# ---- contraction


def test_two_flips_contract_by_their_overlap():
    """Rows (1-e, e), (e, 1-e): b^2 = 4 e (1-e), and (1 - 2 e)^2 = 1 - b^2 is what a binary symmetric channel keeps."""
    rows = ((F(9, 10), F(1, 10)), (F(1, 10), F(9, 10)))
    assert abs(float(overlap(rows)) ** 2 - 0.36) < 1e-8 and float(overlap(rows)) ** 2 <= 0.36
    assert abs(float(share_of(F(5), F(0), overlap(rows))) - 1 / 0.64) < 1e-8
    assert share_of(F(1), F(0), overlap(rows)) == 1 and share_of(F(5), F(1, 2), F(0)) == F(1, 2)
    assert overlap(rows[:1]) == 1 and share_of(F(7), F(0), F(1)) == 7
    assert overlap(((F(1), F(0)), (F(0), F(1)))) == 0


def test_up_to_its_critical_gamma_a_symmetric_channel_is_certified_by_contraction():
    problem = tx.EncoderProblem(tx.examples.binary_symmetric(0.1))
    below = tx.minimize(problem, gamma=1.5624)
    assert below.bound_by == "contraction" and below.status == "certified" and below.point["R"] == 0
    assert abs(below.value - 1.5624 * math.log(2)) < 1e-9 and tx.verify(below.certificate, problem).valid
    assert tx.minimize(problem, gamma=1.6).bound_by != "contraction"


def test_contraction_by_hand():
    """Two parts: y in {0, 1} with rows (3/4, 1/4), (1/4, 3/4), and y = 2 alone, each of mass 1/2; g = 2."""
    table = [["3/16", "1/16", 0], ["1/16", "3/16", 0], [0, 0, "1/2"]]
    m = tables_of(tx.EncoderProblem(joint(table)), 2).mixture
    h = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    s = 1 / (1 - 4 * 3 / 16)  # of the first part: b = 2 sqrt(3)/4
    s = min(s, 2)
    assert abs(evaluate(contraction(m)) - (math.log(2) + 0.5 * (s * math.log(2) + (2 - s) * h))) < 1e-7


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([0, F(1, 3)]), st.integers(1, 40))
def test_no_bound_exceeds_the_minimum(seed, delta, tenths):
    """The value of any measure is above every bound; contraction is at least supports, and its floats agree."""
    rng = np.random.default_rng(seed)
    table = drawn(seed, 3, 2, 4) if delta else drawn(seed, 5, 4)
    table[rng.random(table.shape) < 0.2] = 0
    table /= table.sum()
    axes = ("X", "Theta", "Y") if delta else ("X", "Y")
    tables = tables_of(tx.EncoderProblem(joint(table, axes)), F(tenths, 5), delta)
    value = solve.solve(tables, 1e-8, 30_000, math.inf).value
    bounds = {"contraction": evaluate(contraction(tables.mixture)), "supports": evaluate(supports(tables.mixture))}
    assert bounds["supports"] <= bounds["contraction"] + 1e-9 <= value + 2e-9
    assert 0 <= bounds["contraction"] - tables.closed_bound("contraction") < 1e-9
    share, of = F(int(rng.integers(1, 8)), 8), rng.integers(0, 3, size=tables.a.shape[1]).tolist()
    if tables.mixture.multiplier > (1 - share) * (1 - delta):
        assert chained(tables, of, share) <= value + 1e-9


def chained(tables, of, share):
    """The bound of the chain rule, each piece solved for itself."""
    pieces = chain(tables.mixture, of, share)
    mixtures = zip((share, *pieces.shares), (pieces.coarse, *pieces.within), strict=True)
    return evaluate(pieces.terms) + sum(
        float(c) * solve.solve(Tables(m), 1e-8, 30_000, math.inf).lower_bound for c, m in mixtures
    )


@pytest.mark.parametrize("share", [F(1, 64), F(1, 2), F(63, 64)])
def test_two_bits_apart_by_hand(share):
    """W = Y is two uniform bits, Y' the first, g = 3: Z = W is best in each piece, with R = log 2 and C = 0.

    The coarse piece has s log 2, those within e log 2 together, and the term is e H(Y') = e log 2. J is 2 log 2.
    """
    tables = tables_of(tx.EncoderProblem(joint(np.eye(4) / 4)), 3)
    s = float(share)
    assert abs(chained(tables, (0, 0, 1, 1), share) - (s + 2 * (1 - s)) * math.log(2)) < 1e-7


def test_the_pieces_by_hand():
    """Two letters of mass 1/2 with rows (1/2, 1/4, 1/4) and (0, 1/2, 1/2): within {1, 2} all rows are (1/2, 1/2)."""
    m = tables_of(tx.EncoderProblem(joint([["1/4", "1/8", "1/8"], [0, "1/4", "1/4"]])), 4).mixture
    pieces = chain(m, (0, 1, 1), F(1, 4))
    assert [list(row) for row in pieces.coarse.blocks[0].rows] == [[F(1, 2), F(1, 2)], [0, 1]]
    assert pieces.coarse.multiplier == (4 - F(3, 4)) * 4 and pieces.shares == [F(3, 4) * F(3, 4)]
    (within,) = pieces.within
    assert within.multiplier == F(16, 3) and within.weights == (1,) and within.blocks[0].rows == ((F(1, 2), F(1, 2)),)
    assert pieces.terms == [(F(3, 4) * F(1, 4), 4), (F(3, 4) * F(3, 4), F(4, 3))]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([0, F(1, 3)]))
def test_estimates_are_the_objective_at_a_z(seed, delta):
    """Without a round to improve it, each piece's estimate is above its least value, and near it after many."""
    rng = np.random.default_rng(seed)
    table = drawn(seed, 3, 2, 5) if delta else drawn(seed, 6, 5)
    tables = tables_of(tx.EncoderProblem(joint(table, ("X", "Theta", "Y") if delta else ("X", "Y"))), 3, delta)
    labels = np.array([0, 0, 1, 2, 1])
    share = F(int(rng.integers(2, 8)), 8)
    estimates = coarse.Estimates(tables, np.full((len(tables.p), 1), 1.0))
    estimate, bound = estimates.bound(labels, float(share)), chained(tables, labels.tolist(), share)
    assert bound - 1e-9 <= estimate <= bound + 0.05


def test_exchange_raises_the_estimate_and_keeps_every_letter():
    tables = tables_of(tx.EncoderProblem(joint(drawn(4, 8, 8))), 6)
    posterior, of = np.eye(8), (0, 1, 2, 0, 1, 2, 0, 1)
    begun = coarse.Estimates(tables, posterior).bound(np.array(of), 0.5)
    found = coarse.exchanged(tables, posterior, of, math.inf)
    assert found.estimate >= begun and set(found.of) == {0, 1, 2} and 0 < found.share < 1
    assert found == coarse.exchanged(tables, posterior, of, math.inf)
    late = coarse.exchanged(tables, posterior, of, -math.inf)
    assert late.of == of and late.share == F(1, 2)


# ---- coarse letters


def test_letters_alike_are_merged_first_and_cost_nothing(monkeypatch):
    """Y and a coin: 2 x 3 letters, of which pairs are proportional; the bound loses e I(W;Z|Y') <= e log 5 at most."""
    monkeypatch.setattr(coarse, "SIZES", (2, 3, 5))
    base = drawn(1, 5, 3)
    table = np.concatenate([base * 0.25, base * 0.75], axis=1)
    tables = tables_of(tx.EncoderProblem(joint(table)), 4)
    maps = coarse.merged(tables, np.eye(5), math.inf)
    assert [max(of) + 1 for of in maps] == [2, 3, 5]
    of = coarse.merged(tables, np.full((5, 1), 1.0), math.inf)[1]
    assert all(of[j] == of[j + 3] for j in range(3)) and len(set(of)) == 3
    assert coarse.merged(tables, np.eye(5), -math.inf) == []
    fine = solve.solve(tables, 1e-9, None, math.inf)
    assert -2e-8 < fine.value - chained(tables, of, F(63, 64)) < 2e-8 + math.log(5) / 64


@pytest.fixture(scope="module")
def coarsely():
    """An open optimum whose bound is that of coarse letters."""
    found = tx.minimize(tx.EncoderProblem(joint(drawn(2, 10, 9))), gamma=12, max_cells=300)
    assert found.certificate["parts"][0]["rule"] == "coarse" and found.status == "open"
    return found


def test_coarse_letters_are_named_and_checked(coarsely):
    assert "coarse letters of 9" in coarsely.bound_by and coarsely.bound_by in str(coarsely)
    assert tx.verify(coarsely.certificate, coarsely.problem).valid
    best = tx.minimize(coarsely.problem, gamma=12)
    assert best.status == "certified" and coarsely.lower_bound <= best.lower_bound
    assert best.value <= coarsely.value + 1e-9


def edited(c, *edits):
    c = copy.deepcopy(c)
    for path, value in edits:
        at = c["parts"][0]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value(at[path[-1]]) if callable(value) else value
    c["sha256"] = digest(c)
    return c


FORGERIES = {
    "a map of all letters": ([(("map",), lambda v: v[:-1])], "not as many entries"),
    "a map in a list": ([(("map",), "012340123")], "not as many entries"),
    "letters from 0": ([(("map", 0), -1)], "names a letter"),
    "letters below their number": ([(("map", 0), 9)], "names a letter"),
    "letters as integers": ([(("map", 0), 0.0)], "names a letter"),
    "no bools": ([(("map", 0), True)], "names a letter"),
    "one step": ([(("part", "rule"), "coarse")], "still coarser"),
    "one step within": ([(("within", 0, "rule"), "coarse")], "still coarser"),
    "a share above 0": ([(("share",), "0")], "between 0 and 1"),
    "a share below 1": ([(("share",), "1")], "between 0 and 1"),
    "a share in text": ([(("share",), 0.5)], "'share'|0.5"),
    "the share that was solved": ([(("share",), "1/3")], "a leaf|above|below"),
    "an entry for each letter of several": ([(("within",), lambda v: v[:-1])], "not as many as the letters"),
    "no more entries": ([(("within",), lambda v: [*v, v[0]])], "not as many as the letters"),
    "entries in a list": ([(("within",), "x")], "not as many as the letters"),
    "the lam within": ([(("within", 0, "lam"), lambda v: v[:-1])], "wrong length"),
    "the rules within": ([(("within", 0, "rule"), "hearsay")], "is unknown"),
    "the coarse letters' lam": ([(("part", "lam"), lambda v: v[:-1])], "wrong length"),
    "the coarse letters' bound": ([(("part", "level"), lambda v: (float.fromhex(v) - 1.0).hex())], "a leaf"),
    "the map that was solved": ([(("map",), lambda v: [4 - k if k < 5 else k for k in reversed(v)])], "a leaf"),
}


@pytest.mark.parametrize("requirement", FORGERIES)
def test_each_requirement_refuses_what_fails_it(coarsely, requirement):
    edits, reason = FORGERIES[requirement]
    found = tx.verify(edited(coarsely.certificate, *edits))
    assert found.verdict == "not valid" and re.search(reason, found.reason), found.reason


def test_a_coarse_bound_is_no_more_than_is_proved(coarsely):
    c = copy.deepcopy(coarsely.certificate)
    c["lower_bound"] = (coarsely.lower_bound + 1e-9).hex()
    c["sha256"] = digest(c)
    assert "below the claimed" in tx.verify(c).reason


def test_coarse_letters_are_for_one_block():
    y = [[["1/10", "9/10"], ["3/5", "2/5"]], [["7/10", "3/10"], ["1/5", "4/5"]]]
    problem = tx.DiscriminativeProblem(["2/5", "3/5"], [["1/2", "1/2"], ["3/10", "7/10"]], y, 2)
    c = tx.minimize(problem, beta=1.5, tol=1e-6).certificate
    part = copy.deepcopy(c["parts"][0])
    edits = ((("rule",), "coarse"), (("map",), [0, 0]), (("share",), "1/2"), (("within",), []), (("part",), part))
    assert "'coarse' does not apply" in tx.verify(edited(c, *edits)).reason


# ---- relative tolerances


EXACT = {
    "a symmetric channel": tx.examples.binary_symmetric(0.1),
    "the identity": tx.Joint(np.eye(3) / 3, ("X", "Y")),
    "Y = f(X)": tx.Joint([["1/4", 0], ["1/4", 0], [0, "1/2"]], ("X", "Y")),
    "five by three": joint(drawn(3, 5, 3)),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("gamma", [1e4, 1e8, 1e12])
def test_huge_multipliers_are_certified_relative_to_the_value(name, gamma):
    problem = tx.EncoderProblem(EXACT[name])
    found = tx.minimize(problem, gamma=gamma, rtol=1e-12)
    assert found.status == "certified" and found.gap <= found.tol == max(1e-9, 1e-12 * abs(found.value))
    assert ("the tolerance is" in str(found)) == (found.tol > 1e-2)
    checked = tx.verify(found.certificate, problem)
    assert checked.valid and checked.value - checked.lower_bound <= found.tol


def test_without_a_relative_tolerance_it_stays_open():
    problem = tx.EncoderProblem(EXACT["a symmetric channel"])
    found = tx.minimize(problem, gamma=1e8, rtol=0)
    assert found.status == "open" and found.reason == "rounding" and found.tol == 1e-9
    assert tx.minimize(problem, gamma=1e8, rtol=1e-3).tol == 1e-3 * found.value
    for wrong in (-1e-9, 1, math.nan, "x", True, None):
        with pytest.raises(ValueError, match="rtol"):
            tx.minimize(problem, gamma=3, rtol=wrong)


# ---- alternation


def test_alternation_reaches_what_newton_reaches():
    tables = tables_of(tx.EncoderProblem(joint(drawn(5, 12, 6))), 9)
    best = solve.solve(tables, 1e-9, None, math.inf).value
    reached = witness(tables, alternate(tables, math.inf))[3]
    assert best - 1e-9 <= reached <= best + 1e-5


def test_alternation_without_time_is_still_a_measure():
    tables = tables_of(tx.EncoderProblem(joint(drawn(6, 12, 6))), 9)
    found = alternate(tables, -math.inf)
    assert abs(found.q.sum() - 1) < 1e-12 and abs(found.codes.sum(axis=1) - 1).max() < 1e-12
    assert witness(tables, found)[3] <= witness(tables, start(tables))[3]


def test_many_letters_begin_with_alternation(monkeypatch):
    """The same minimum, from codes that alternation has found."""
    problem = tx.EncoderProblem(joint(drawn(7, 6, 5)))
    usual = tx.minimize(problem, gamma=9)
    monkeypatch.setattr(solve, "ALTERNATE", 1)
    other = tx.minimize(problem, gamma=9)
    assert other.status == usual.status == "certified" and abs(other.value - usual.value) < 2e-9
    assert replace(other, tol=1.0).status == "certified"
