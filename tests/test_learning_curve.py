"""The learning curve: bounds of S from the minimum's concavity, and verdicts that either number could turn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import therml_exact as tx
from validation import learning_curve as curve

POINT = curve.Point("two coins", 1, 4.0, 1.0, 1.0, 1.0, 0.5, 0.2, (0.4, 0.6), 0.3, 0.3)


@pytest.mark.parametrize(("slopes", "verdict"), [((0.4, 0.6), "no"), ((0.1, 0.3), "yes"), ((0.1, 0.4), "undecided")])
def test_the_verdict_is_about_every_optimal_rule(slopes, verdict):
    assert replace(POINT, slopes=slopes).verdict == verdict
    told = curve.answer([replace(POINT, slopes=slopes)])
    assert told.verdict == {"no": "refuted", "yes": "measured", "undecided": "undecided"}[verdict]


def test_slopes_enclose_those_of_a_concave_function():
    sigmas = (0.5, 1.0, 2.0)
    value = [math.sqrt(s) for s in sigmas]
    lower = [v - 1e-3 for v in value]
    low, high = curve.between(lower, value, sigmas, 1)
    assert low <= 0.5 <= high
    assert curve.between(lower, value, sigmas, 0)[1] == math.inf
    assert curve.between(lower, value, sigmas, 2)[0] == 0


def test_laws_that_are_broken_are_told():
    assert curve.broken([POINT]) == []
    for wrong in ({"about": 0.31}, {"about": 0.51, "predictive": 1.0, "samples": 1.0}, {"predictive": 0.4},
                  {"lower": 1.1}, {"slopes": (0.6, 0.4)}):  # fmt: skip
        assert len(curve.broken([replace(POINT, **wrong)])) == 1


def masses_by_process(problem: tx.JointProblem) -> np.ndarray:
    """p(type|phi) [phi, type]: multinomial probabilities of the counts."""
    x, y = (np.array(t, dtype=object) for t in (problem.x_given_phi, problem.y_given_x_phi))
    pairs = (x[:, :, None] * y).astype(float).reshape(len(x), -1)
    counts = np.array([counts for counts, _ in problem.types])
    ways = [math.factorial(problem.n) // math.prod(math.factorial(int(c)) for c in row) for row in counts]
    return np.asarray(np.prod(pairs[:, None, :] ** counts[None], axis=2) * np.array(ways, dtype=float))


def information(table: np.ndarray) -> float:
    """I of a joint table p(a, b), as a divergence."""
    one = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    used = table > 0
    return float((table[used] * np.log(table[used] / one[used])).sum())


@pytest.mark.parametrize("process", curve.PROCESSES)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_types_by_process_are_those_of_the_problem(process, n):
    """Their mixture is the problem's p(type), and what they tell of phi is the predictive information."""
    problem = tx.JointProblem(*curve.PROCESSES[process], n)
    phi = np.array(problem.phi, dtype=float)
    masses = masses_by_process(problem)
    assert phi @ masses == pytest.approx(problem.floats[1], abs=1e-12)
    told = information(phi[:, None] * masses)
    o = tx.minimize(problem, gamma=4, sigma=1, tol=1, time_limit=5)  # any rule does
    about = information(phi[:, None] * masses @ o.rule)
    assert o.learned.I_theta_phi == pytest.approx(about, abs=1e-12) and o.learned.I_pred == pytest.approx(
        told, abs=1e-12
    )
    assert told == pytest.approx(float(tx.predictive_information(*curve.PROCESSES[process], n).I_pred), abs=1e-12)


def test_a_short_curve(monkeypatch):
    monkeypatch.setattr(curve, "SIGMAS", (0.5, 1.0, 3.0))
    points = curve.curve("two maps", 1, 4.0, 60, lambda: None)
    assert curve.broken(points) == []
    assert points[0].verdict == "no" and all(p.value - p.lower < 1e-5 for p in points)
    # Memory: at N = 1 the rule that tells the answer keeps H(Y|X), of which nothing is about the process.
    entropy = -0.45 * math.log(0.45) - 0.55 * math.log(0.55)
    assert abs(points[0].S - entropy) < 1e-5


def test_a_phase_diagram_is_certified_and_drawn(monkeypatch):
    monkeypatch.setattr(curve, "GRID", ((2.0, 4.0), (0.5, 8.0)))
    ticks = []
    found = curve.diagram(1, 60, lambda: ticks.append(1))
    assert len(ticks) == len(found) == 4 and found.status == "certified"
    kept = {(o.multipliers["gamma"], o.multipliers["sigma"]): o.point["S"] for o in found}
    assert kept[4.0, 0.5] > 0.6 and kept[4.0, 8.0] < 1e-6
    axes = curve.draw_phase_diagram(found)
    assert [ax.get_title() for ax in axes] == ["S of the best rule", "R of the best rule", "C of the best rule"]
