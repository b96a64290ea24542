"""Jumps of S: all of them in an interval, smooth told from lost."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from learning_rules import alternate, bisect, random_problem

import therml_exact as tx
from therml_exact.frontier.rules import descents as phase
from therml_exact.frontier.rules.optimum import minimize_rule
from therml_exact.verification import verify as verify_rule


@pytest.mark.parametrize("delta", [0, 0.5])
def test_the_jump_of_s(delta):
    problem = random_problem(3)
    found = tx.jump(problem, 0.02, 2, gamma=3, delta=delta)
    j = found.largest
    assert len(found) == 2 and j.high - j.low <= 1.1e-6 and j.low < j.sigma < j.high
    assert j.drop > 0.01
    for o in j.optima:
        assert o.status == "certified" and verify_rule(o.certificate, problem).valid
    # On either side the textbook iteration finds no better rule, and the better branch has its S.
    for sigma, of in ((j.low - 1e-3, j.before), (j.high + 1e-3, j.after)):
        o = tx.minimize(problem, gamma=3, delta=delta, sigma=sigma, tol=1e-8)
        assert (o.point["S"] >= of - 1e-3) if sigma < j.sigma else (o.point["S"] <= of + 1e-3)
        rng = np.random.default_rng(0)
        assert (
            min(alternate(problem, rng, gamma=3, delta=delta, sigma=sigma) for _ in range(5)) >= o.lower_bound - 1e-11
        )


@pytest.mark.parametrize("high", [0.32, 2, 3, 4, 50])
def test_a_generous_end_loses_no_jump(high):
    # With high = 3 the search once ended where the left branch did, and said that there was none.
    (j,) = tx.jump(random_problem(21), 0.02, high, gamma=2)
    assert j.sigma == pytest.approx(0.3075537, abs=1e-6) and j.drop > 0.5


def test_two_jumps_are_both_found():
    problem = random_problem(105)
    found = tx.jump(problem, 0.02, 4, gamma=4)
    assert [round(j.sigma, 4) for j in found] == [1.7907, 1.9170] and found.status == "complete"
    assert found.largest is found.jumps[1] and len(found) == 2
    # The rest is told piece by piece, from end to end; what S falls by adds up.
    ends = [0.02, *(v for j in found for v in (j.low, j.high)), 4]
    assert [(p.low, p.high) for p in found.pieces] == list(zip(ends[::2], ends[1::2], strict=True))
    first, last = (tx.minimize(problem, gamma=4, sigma=s, tol=1e-8).point["S"] for s in (0.02, 4))
    total = sum(j.drop for j in found) + sum(p.fall for p in found.pieces)
    assert total == pytest.approx(first - last, abs=2e-3)
    assert "S jumps at sigma = 1.79066" in str(found) and "smooth" in str(found)


@pytest.mark.parametrize("seed", [*range(20), 109])
def test_every_jump_that_bisection_finds(seed):
    problem, gamma = random_problem(seed), 2 + 2 * (seed % 2)
    found = tx.jump(problem, 0.02, 4, gamma=gamma)
    assert found.status == "complete"
    low, high, left, right = bisect(problem, 0.02, 4, gamma, 1e-3, 1e-7)
    if left - right > 0.02:
        assert any(j.low <= high and j.high >= low and j.drop > 0.5 * (left - right) for j in found)
    else:
        assert all(j.drop < 0.3 for j in found)
    for j in found:
        assert j.low < j.sigma < j.high <= j.low + 1.1e-6 and j.before > j.after >= 0


def test_smooth_is_not_lost(monkeypatch):
    found = tx.jump(random_problem(3), 5, 6, gamma=1)
    (piece,) = found.pieces
    assert found.jumps == () and found.status == "complete"
    assert (piece.low, piece.high, piece.status) == (5, 6, "smooth")
    with pytest.raises(ValueError, match="no jump"):
        found.largest  # noqa: B018

    # Where an optimum stays open, a jump may be hidden: it is said, with what ended the search.
    def hurried(problem, exact, budget):
        return minimize_rule(problem, exact, replace(budget, cells=3))

    monkeypatch.setattr(phase, "minimize_rule", hurried)
    lost = tx.jump(random_problem(3), 0.02, 2, gamma=3)
    assert lost.status == "lost" and lost.jumps == ()
    assert all(piece.status == "lost" and "stayed open (cells)" in piece.reason for piece in lost.pieces)


def test_a_rule_that_no_descent_found_is_taken_up(monkeypatch):
    # Descents from constant rules only: the certified optima bring in the others.
    monkeypatch.setattr(
        phase.Arrays, "starts", lambda self: iter([np.full((self.types, self.thetas), 1 / self.thetas)])
    )
    found = tx.jump(random_problem(105), 0.02, 4, gamma=4)
    assert [round(j.sigma, 4) for j in found] == [1.7907, 1.9170]


def test_bad_intervals():
    problem = random_problem(3)
    for arguments, message in (
        ((1, 1), "low < high"), ((0, 1), "low < high"), ((1, math.inf), "low < high"),
        ((1, 2, 0, 0, 1, 1e-9), "tol is"), ((1, 2, 0, 0, 1, 1.5), "tol is"),
        ((1, 2, 0, 0, 1, 1e-6, 60.0, 1e-9), "least is"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            tx.jump(problem, *arguments)
    with pytest.raises(TypeError, match="LearningRuleProblem"):
        tx.jump(None, 1, 2)
