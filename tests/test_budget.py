"""Budgets are read at one door; an optimum that stays open says why, and what would help."""

import math

import pytest

import therml_exact as tx
from therml_exact.frontier.budget import REASONS, REMEDIES, Budget

P = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))
MANY = tx.EncoderProblem(tx.Joint.from_counts([[3, 1, 2, 5], [1, 4, 2, 1], [2, 2, 7, 1], [5, 1, 1, 3]], ("X", "Y")))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("tol", v) for v in (0, -1, math.inf, math.nan, "x", True, None)]
    + [("max_cells", v) for v in (0, -1, 1.5, "3", True)]
    + [("time_limit", v) for v in (0, -1, math.nan, "x", True)],
)
def test_what_is_no_budget_is_refused_by_name_at_every_door(argument, value):
    for call in (
        lambda: tx.minimize(P, gamma=3, **{argument: value}),
        lambda: tx.trace(P, gammas=[3], progress=False, **{argument: value}),
    ):
        with pytest.raises(ValueError, match=argument):
            call()


def test_numbers_of_numpy_are_numbers():
    import numpy as np

    assert Budget.read(np.float64(1e-6), np.int64(10), np.float32(2)) == Budget(1e-6, 10, 2.0)
    assert Budget.read(1e-6, None, 2).count == 2_000_000 and Budget.read(1e-6, 7, 2).count == 7


def test_an_open_optimum_says_why_and_what_would_help():
    assert tx.minimize(P, gamma=5).reason == "closed"
    found = tx.minimize(MANY, gamma=20, max_cells=1)
    assert found.status == "open" and found.reason == "cells" and "raise max_cells" in str(found)
    assert set(REMEDIES) == set(REASONS) - {"closed"}


def test_a_trace_returns_what_it_has_when_the_time_is_over():
    """However little time there is, something is known, and its gap says what is open."""
    found = tx.trace(MANY, tol=1e-6, time_limit=1e-9, progress=False)
    assert len(found) >= 1 and not found.complete and found.gap > 1e-6
    claim = found.classify(R=0.1, C=1.0, time_limit=1e-9)
    assert claim.verdict in ("impossible", "feasible", "undecided")
