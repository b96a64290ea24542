"""Where learning ends with everything free: falls of S, certified by three optima."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

import therml_exact as tx
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.descents import FreeDescents
from therml_exact.frontier.learning.frontier import RuleFrontier
from therml_exact.frontier.problems.multipliers import read_multipliers

HALF = "1/2"
ONE = ([1], [[HALF, HALF]], [[["1/4", "3/4"], ["2/3", "1/3"]]])


def h(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


H_Y, H_Y_GIVEN_X = h(11 / 24), (h(1 / 4) + h(1 / 3)) / 2


@pytest.fixture(scope="module")
def found() -> Any:
    return tx.jump(tx.JointProblem(*ONE, 1), 0.9, 1.4, gamma=2, tol=1e-4)


def test_learning_ends_where_theory_says(found: Any) -> None:
    """N = 1: theta is a map x -> y with Y = theta(X), Z = Y: R = H(Y), C = 0, S = H(Y|X); or nothing: C = H(Y).

    Their values H(Y) + sigma H(Y|X) and gamma H(Y) cross at sigma = (gamma - 1) H(Y)/H(Y|X).
    """
    (j,) = found
    assert j.sigma == pytest.approx(H_Y / H_Y_GIVEN_X, abs=1e-7) and j.low < j.sigma < j.high <= j.low + 1.1e-4
    assert H_Y_GIVEN_X - 0.05 < j.before <= H_Y_GIVEN_X + 1e-9 and 0 <= j.after < 0.05
    assert j.points[0]["S"] == pytest.approx(H_Y_GIVEN_X, abs=1e-6) and j.points[1]["S"] == pytest.approx(0, abs=1e-9)
    assert found.status == "complete" and [p.status for p in found.pieces] == ["smooth"] * 2
    for o in j.optima:
        assert tx.verify(o.certificate, found.checks[0].problem).valid


def test_a_jump_is_saved_verified_and_loaded(found: Any, tmp_path: Any) -> None:
    problem = tx.JointProblem(*ONE, 1)
    path = tmp_path / "f.json"
    RuleFrontier(problem, (tx.minimize(problem, gamma=2, sigma=0.5, tol=1e-2),), 1e-2, found.jumps).save(path)
    assert tx.verify(path, problem).reason.endswith("1 jump of S proved")
    loaded = tx.load(path).jumps[0]
    assert (loaded.low, loaded.sigma, loaded.high) == (found.jumps[0].low, found.jumps[0].sigma, found.jumps[0].high)
    content = json.loads(path.read_text())
    jump = content["jumps"][0]
    one, two, three = jump["certificates"]
    other = tx.minimize(problem, gamma=3, sigma=0.5, tol=1e-2).certificate
    forgery = copy.deepcopy(two)
    forgery["lower_bound"] = (float.fromhex(two["lower_bound"]) + 1e-5).hex()
    for reason, change in {
        "digest": {"certificates": [one, forgery, three]},
        "less is proved": {"before": jump["before"] + 1e-9},
        "after; less is proved": {"after": jump["after"] - 1e-9},
        "in order": {"certificates": [two, one, three]},
        "more than sigma": {"certificates": [other, two, three]},
    }.items():
        forged = copy.deepcopy(content)
        forged["jumps"][0] |= change
        answer = tx.verify(forged)
        assert not answer.valid and reason in answer.reason, answer.reason


def test_descents_are_local_optima_with_their_own_functionals() -> None:
    problem = tx.JointProblem(*ONE, 2)
    at = read_multipliers(problem, {"rho": 1, "gamma": 4, "delta": "1/2", "sigma": 1})
    descents = FreeDescents(problem, at)
    for start in list(descents.starts())[:3]:
        known = descents.descend(0.7, start)
        p = known.point
        assert known.value == pytest.approx(p["R"] + 0.5 * p["D"] + 4 * p["C"] + 0.7 * p["S"], abs=1e-9)
        assert descents.descend(0.7, known.start).value == pytest.approx(known.value, abs=1e-9)
    o = tx.minimize(problem, gamma=4, delta="1/2", sigma=0.7, tol=1e-2)
    again = descents.descend(0.7, descents.start_of(o))
    assert again.value <= float(alternation.objective(problem, o.multipliers, o.rule, o.encoder)) + 1e-9


def test_refusals() -> None:
    with pytest.raises(ValueError, match="theta_size is 2"):
        tx.jump(tx.JointProblem(*ONE, 1, theta_size=2), 1, 2)
    with pytest.raises(TypeError, match="JointProblem"):
        tx.jump(None, 1, 2)  # type: ignore[call-overload, arg-type, unused-ignore]
    with pytest.raises(ValueError, match="low < high"):
        tx.jump(tx.JointProblem(*ONE, 1), 2, 1)


@pytest.mark.deep
def test_two_jumps_to_a_millionth() -> None:
    """N = 2, gamma = 4: a small fall of S before the end of learning."""
    found = tx.jump(tx.JointProblem(*ONE, 2), 0.02, 8, gamma=4)
    assert [round(j.sigma, 4) for j in found] == [1.9578, 2.4409] and found.status == "complete"
    assert all(j.high - j.low <= 1.1e-6 and j.drop > 0.03 for j in found)
