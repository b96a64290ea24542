"""trace of a LearningRuleProblem: crossed lists, rows, files, verdicts."""

from __future__ import annotations

import itertools
import json
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from learning_rules import functionals, random_problem, value

import therml_exact as tx
from therml_exact.figures.frontier import draw_unseen
from therml_exact.frontier.rules.bent import MIDPOINT, bent
from therml_exact.verification import verify as verify_rule


@pytest.fixture(scope="module")
def frontier():
    return tx.trace(random_problem(3), gammas=[3, 1], sigmas=[1, 0.1, 0.1], deltas=[0])


def test_lists_are_crossed_and_every_optimum_certified(frontier):
    rows = frontier.rows()
    assert [(r["gamma"], r["sigma"]) for r in rows] == [(1, 0.1), (1, 1), (3, 0.1), (3, 1)]
    assert frontier.status == "certified" and 0 <= frontier.gap <= 1e-6 and len(frontier) == 4
    assert "4 optima of learning rules, certified" in str(frontier)
    for o in frontier:
        assert verify_rule(o.certificate, frontier.problem).valid
        rule = o.witness["theta_given_type"]
        assert o.value == pytest.approx(value(frontier.problem, rule, **o.multipliers), abs=1e-10)
    with ThreadPoolExecutor(2) as pool:
        again = tx.trace(random_problem(3), gammas=[3, 1], sigmas=[1, 0.1], deltas=[0], executor=pool)
    assert again.rows() == rows


def test_what_is_left_out_has_a_grid():
    found = tx.trace(random_problem(0), gammas=[2])
    assert [o.multipliers["sigma"] for o in found] == [0, 0.05, 0.1, 0.2, 0.5, 1]
    s = [o.point["S"] for o in found]
    assert all(a >= b - 1e-5 for a, b in itertools.pairwise(s))


def test_files_and_tables(frontier, tmp_path):
    pandas = pytest.importorskip("pandas")
    frontier.save(tmp_path / "f.json")
    content = json.loads((tmp_path / "f.json").read_text())
    # A file's gap is the difference of its numbers, which anyone can redo; an optimum's includes its value's rounding.
    for row, told in zip(content["rows"], frontier.rows(), strict=True):
        assert row["gap"] == row["value"] - row["lower_bound"] <= told["gap"] <= row["gap"] + 1e-11
        assert {**row, "gap": 0} == {**told, "gap": 0}
    assert all(tx.verify(c).valid for c in content["certificates"])
    assert isinstance(frontier.to_dataframe(), pandas.DataFrame) and len(frontier.to_dataframe()) == 4


def test_verdicts(frontier):
    o = frontier.points[0]
    inside = frontier.classify(**{name: v + 0.01 for name, v in o.point.items()})
    assert inside.verdict == "feasible" and inside.by == 0 and inside.suboptimal[0] == pytest.approx(0.01)
    f = functionals(frontier.problem, inside.evidence["theta_given_type"])
    assert all(f[name] <= v + 0.01 + 1e-12 for name, v in o.point.items())
    # Below in all: by a half-space, with its certificate.
    below = frontier.classify(**{name: v - 0.01 for name, v in o.point.items()})
    assert below.verdict == "impossible" and below.by == pytest.approx(0.01, abs=1e-6)
    assert below.evidence["kind"] == "lagrangian" and verify_rule(below.evidence, frontier.problem).valid
    rng = np.random.default_rng(0)
    for _ in range(50):
        g = functionals(frontier.problem, rng.dirichlet(np.full(4, 0.2), size=len(frontier.problem.types)))
        assert max(g[name] - (v - 0.01) for name, v in o.point.items()) >= below.by - 1e-10


def test_the_midpoint_of_the_bent_example_needs_cells():
    problem = bent(5)
    found = tx.trace(problem, gammas=[1, 2, 3], sigmas=[0.5, 1])
    c = found.classify(**MIDPOINT, tol=1e-2)
    assert c.verdict == "impossible" and c.by > 1 / 80
    assert c.evidence["kind"] == "excess" and verify_rule(c.evidence, problem).valid


def test_refusals():
    problem = random_problem(0)
    with pytest.raises(ValueError, match="sigmas is empty"):
        tx.trace(problem, sigmas=[])
    with pytest.raises(ValueError, match="max_points"):
        tx.trace(problem, gammas=range(10), max_points=9)
    with pytest.raises(TypeError, match="betas"):
        tx.trace(problem, betas=[1])
    with pytest.raises(ValueError, match="sigma"):
        tx.trace(problem, sigmas=[-1])


def test_what_no_lagrangian_sees_is_drawn():
    problem = random_problem(0)
    capped = [tx.minimize_capped(problem, "C", {"R": cap, "S": cap}, tol=1e-3) for cap in (0.4, 0.6)]
    found = [tx.minimize(problem, gamma=2, sigma=sigma, tol=1e-6) for sigma in (0.1, 5)]
    ax = draw_unseen(capped, found, "bits")
    lines = {line.get_label(): line for line in ax.get_lines()}
    bits = 1 / np.log(2)
    assert np.allclose(lines["least C, achieved"].get_ydata(), [c.value * bits for c in capped])
    hull = np.array(lines["convex hull of the optima"].get_ydata())
    assert np.isfinite(hull).all() and ax.get_xlabel() == "cap of R and S (bits)"


def test_a_saved_frontier_is_verified_as_one_file(tmp_path):
    problem = random_problem(1)
    found = tx.trace(problem, gammas=[1, 3], sigmas=[0, 0.2])
    place = tmp_path / "rules.json"
    found.save(place)
    checked = tx.verify(place, problem)
    assert checked.valid and checked.reason.startswith("4 certificates")
    assert not tx.verify(place, random_problem(2)).valid
    content = json.loads(place.read_text())
    for name, change in (
        ("R", 0.01), ("S", -0.01), ("C", 1e-8), ("value", -1e-4), ("lower_bound", 1e-6), ("gamma", 1), ("sigma", 1e-9),
        ("gap", -1e-5), ("lower_bound", -1), ("value", 1), ("value", math.inf),
    ):  # fmt: skip
        rows = [dict(row) for row in content["rows"]]
        rows[2][name] += change
        assert not tx.verify({**content, "rows": rows}).valid, name
    for edited in (
        {**content, "rows": []}, {**content, "rows": [], "certificates": []},
        {**content, "rows": content["rows"][::-1]}, {**content, "certificates": content["certificates"][1:]},
        {**content, "rows": [{**row, "status": "open"} for row in content["rows"]]}, {"format": content["format"]},
        {**content, "units": "bits"}, {**content, "rows": [{**row, "V": 0.0} for row in content["rows"]]},
    ):  # fmt: skip
        assert not tx.verify(edited).valid
