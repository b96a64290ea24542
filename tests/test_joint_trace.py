"""trace of everything free: crossed lists, shared cuts and witnesses, executors, checkpoints, files, forgeries."""

from __future__ import annotations

import copy
import itertools
import json
import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from learning_rules import random_problem

import therml_exact as tx
from therml_exact.frontier.joint import trace as joint_trace
from therml_exact.frontier.joint.optimum import reached, value_at
from therml_exact.frontier.learning.frontier import RuleFrontier
from therml_exact.frontier.learning.trace import Work, pieces_of
from therml_exact.frontier.mixture.certificate import digest

HALF = "1/2"
ONE = ([1], [[HALF, HALF]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
LISTS: dict[str, Any] = {"gammas": [10, 2, 4], "deltas": [0], "sigmas": [0, 0.3, 1]}


def problem(n: int = 1, **sizes: int) -> tx.JointProblem:
    return tx.JointProblem(*ONE, n, **sizes)


@pytest.fixture(scope="module")
def frontier() -> RuleFrontier:
    return tx.trace(problem(), **LISTS, progress=False)


@pytest.fixture(scope="module")
def saved(frontier: RuleFrontier, tmp_path_factory: Any) -> Any:
    path = tmp_path_factory.mktemp("joint") / "f.json"
    frontier.save(path)
    return path


def test_lists_are_crossed_and_every_optimum_is_that_of_minimize(frontier: RuleFrontier) -> None:
    at = [(o.multipliers["gamma"], o.multipliers["sigma"]) for o in frontier]
    assert at == list(itertools.product([2, 4, 10], [0, 0.3, 1]))
    assert frontier.status == "certified" and frontier.gap <= 1e-6
    assert "9 optima of learning rules and free encoders, certified" in str(frontier)
    for o in frontier:
        alone = tx.minimize(problem(), gamma=o.multipliers["gamma"], sigma=o.multipliers["sigma"], tol=1e-6)
        assert alone.lower_bound <= o.value and o.lower_bound <= alone.value
    assert [row["S"] for row in frontier.rows()] == [o.point["S"] for o in frontier]
    assert set(frontier.rows()[0]) >= {"rho", "gamma", "delta", "sigma", "R", "C", "D", "S", "gap", "reason"}


def test_no_witness_is_beaten_by_a_neighbours(frontier: RuleFrontier) -> None:
    for o, other in itertools.product(frontier, repeat=2):
        assert o.value <= value_at(reached(problem(), other.rule, other.encoder), o._exact)


def test_a_bad_witness_is_replaced_by_its_neighbours(frontier: RuleFrontier) -> None:
    """N = 3, sigma = 1 once had a witness that the one of sigma = 0.5 beat."""
    good, first = frontier.points[-1], frontier.points[0]
    bad = good.with_witness(first)
    assert bad.value > good.value + 0.1 and bad.status == "open"
    mended = joint_trace.exchanged([first, bad, good])
    assert mended[1].value == good.value and mended[1].status == "certified" and mended[1].reason == "closed"
    assert tx.verify(mended[1].certificate, problem()).valid
    assert mended[0] is first and mended[2] is good


def test_cuts_are_shared_within_a_sigma_and_change_no_truth() -> None:
    """The second optimum of a piece starts from the cuts of the first, and needs fewer cells."""
    found = tx.trace(problem(), gammas=[4, 10], sigmas=[0.3], progress=False)
    alone = tx.minimize(problem(), gamma=10, sigma=0.3, tol=1e-6)
    assert found.points[1].cells < alone.cells
    assert all(tx.verify(o.certificate, problem()).valid for o in found)


def test_delta_has_a_piece_of_its_own_and_given_thetas_too() -> None:
    found = tx.trace(problem(), gammas=[2], deltas=[0, 0.5], sigmas=[0.5], tol=1e-6, progress=False)
    assert [o.status for o in found] == ["certified"] * 2
    held = tx.trace(problem(theta_size=1), gammas=[2], sigmas=[0, 0.5], progress=False)
    assert held.status == "certified" and all(o.rule.shape[1] == 1 for o in held)


def test_the_result_depends_on_no_executor(frontier: RuleFrontier) -> None:
    # A new process, not a fork: this one may have threads of other libraries.
    for executor in (ThreadPoolExecutor(1), ProcessPoolExecutor(2, mp_context=get_context("spawn"))):
        with executor as pool:
            again = tx.trace(problem(), **LISTS, executor=pool, progress=False)
        assert same(again, frontier)


def test_pieces_are_told_by_the_lists_alone() -> None:
    """No more than two optima of a sigma, in order; delta = 0 is apart from the others."""
    ats = [{"gamma": g, "sigma": s, "delta": d} for g, d, s in itertools.product((0, 1, 2), (0, 1, 2), (0.5, 1))]
    pieces = pieces_of(ats, Work(joint_trace._run, *[None] * 3))
    assert sorted(map(str, ats)) == sorted(str(at) for piece in pieces for at in piece)
    assert all(len({(at["sigma"], at["delta"] > 0) for at in piece}) == 1 for piece in pieces)
    assert sorted(map(len, pieces)) == [1] * 2 + [2] * 8
    assert all(ats.index(piece[0]) < ats.index(piece[1]) for piece in pieces if len(piece) == 2)


def same(one: RuleFrontier, two: RuleFrontier) -> bool:
    return one.rows() == two.rows() and [o.certificate for o in one] == [o.certificate for o in two]


def test_a_checkpoint_resumes_bit_for_bit(frontier: RuleFrontier, tmp_path: Any, monkeypatch: Any) -> None:
    path = tmp_path / "run.checkpoint"
    solve = joint_trace.search_cells

    def killed(*arguments: Any) -> Any:
        if arguments[1]["sigma"] == 1 and arguments[1]["gamma"] == 4:
            raise KeyboardInterrupt
        return solve(*arguments)

    monkeypatch.setattr(joint_trace, "search_cells", killed)
    with pytest.raises(KeyboardInterrupt):
        tx.trace(problem(), **LISTS, checkpoint=path, progress=False)
    kept = path.read_text()
    assert kept.count("\n") == 1 + 6  # two sigmas
    monkeypatch.setattr(joint_trace, "search_cells", solve)
    assert same(tx.trace(problem(), **LISTS, checkpoint=path, progress=False), frontier)
    assert path.read_text().startswith(kept)
    # Half of a piece is solved again with the whole.
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:6]))
    assert same(tx.trace(problem(), **LISTS, checkpoint=path, progress=False), frontier)
    monkeypatch.setattr(joint_trace, "search_cells", None)  # now nothing is left to do
    assert same(tx.trace(problem(), **LISTS, checkpoint=path, progress=False), frontier)
    with pytest.raises(ValueError, match="another problem"):
        tx.trace(problem(2), **LISTS, checkpoint=path, progress=False)
    with pytest.raises(ValueError, match="other settings"):
        tx.trace(problem(), gammas=[1], checkpoint=path, progress=False)


def test_the_checkpoint_of_learning_rules_too(tmp_path: Any) -> None:
    path, rules = tmp_path / "run.checkpoint", random_problem(3)
    whole = tx.trace(rules, gammas=[1, 3], sigmas=[0.1, 1], checkpoint=path, progress=False)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3]))
    again = tx.trace(rules, gammas=[1, 3], sigmas=[0.1, 1], checkpoint=path, progress=False)
    assert same(again, whole) and [o.cells for o in again] == [o.cells for o in whole]


def test_the_time_of_the_call_ends_it_with_what_is_there(tmp_path: Any) -> None:
    path = tmp_path / "run.checkpoint"
    short = tx.trace(problem(), **LISTS, time_limit=1e-9, checkpoint=path, progress=False)
    assert 1 <= len(short) < 9
    assert path.read_text().count("\n") == 1  # what the deadline cut short is not kept


def test_a_piece_that_ends_late_keeps_what_was_finished_in_time(monkeypatch: Any) -> None:
    """The deadline passes while the third of four optima is sought: three are known, two are kept for a later call."""
    from types import SimpleNamespace

    from therml_exact.frontier.learning import trace as pieces

    def solve(_problem: Any, piece: Any, _budget: Any, _deadline: float) -> Any:
        for k, at in enumerate(piece):
            monkeypatch.setattr(pieces, "now", lambda k=k: 100.0 if k == 2 else 0.0)
            yield at["gamma"]

    monkeypatch.setattr(pieces, "now", lambda: 0.0)
    kept: list[Any] = []
    journal: Any = SimpleNamespace(optima=[], add=kept.extend)
    piece = [{"rho": 1, "gamma": gamma, "delta": 0, "sigma": 0} for gamma in range(4)]
    work: Any = SimpleNamespace(solve=solve)
    team = pieces.Team(None, None, 50.0, work, journal, lambda _text: None)  # type: ignore[arg-type]
    team.alone([piece])  # type: ignore[list-item]
    assert list(team.known.values()) == [0, 1, 2] and kept == [0, 1]


def test_a_file_is_loaded_and_verified_as_it_was(frontier: RuleFrontier, saved: Any) -> None:
    checked = tx.verify(saved, problem())
    assert checked.valid and checked.reason.startswith("9 certificates")
    assert not tx.verify(saved, problem(2)).valid
    loaded = tx.load(saved)
    assert isinstance(loaded, RuleFrontier) and same(loaded, frontier)
    assert loaded.tol == frontier.tol and loaded.problem.describe() == problem().describe()


def test_a_loaded_frontier_of_learning_rules_is_the_saved_one(tmp_path: Any) -> None:
    rules = random_problem(21)
    found = tx.jump(rules, 0.02, 3, gamma=2)
    maps = tx.LearningRuleProblem(*ONE, 2, tx.encoders.deterministic(2, 2))
    for asked, jumps in ((rules, found.jumps), (maps, ())):
        points = tx.trace(asked, gammas=[2], sigmas=[0, 0.2], progress=False).points
        RuleFrontier(asked, points, 1e-6, jumps).save(tmp_path / "f.json")
        loaded = tx.load(tmp_path / "f.json")
        assert same(loaded, RuleFrontier(asked, points, 1e-6))
        assert len(loaded.jumps) == len(jumps)
        for j, k in zip(loaded.jumps, jumps, strict=True):
            assert (j.low, j.sigma, j.high) == (k.low, k.sigma, k.high)
            assert 0 <= k.before - j.before < 1e-6 and 0 <= j.after - k.after < 1e-6
        loaded.save(tmp_path / "again.json")
        assert (tmp_path / "again.json").read_text() == (tmp_path / "f.json").read_text()
        assert loaded.classify(**{k: v + 0.01 for k, v in points[0].point.items()}).verdict == "feasible"


def test_files_that_are_malformed_are_refused(saved: Any, tmp_path: Any) -> None:
    content = json.loads(saved.read_text())
    first = content["certificates"][0]
    for change, message in (
        ({"rows": []}, "no lists of one length"),
        ({"units": "bits"}, "is in nats"),
        ({"own": 1}, "is in nats"),
        ({"version": 2}, "version"),
        ({"certificates": [{**first, "problem": {"kind": "encoder"}}, *content["certificates"][1:]]}, "kind"),
        ({"certificates": [{**first, "rule": {"shape": [3], "cells": []}}, *content["certificates"][1:]]}, "cells"),
        ({"certificates": [{}, *content["certificates"][1:]]}, "missing"),
        ({"rows": [{**row, "reason": "luck"} for row in content["rows"]]}, "reason"),
    ):
        (tmp_path / "bad.json").write_text(json.dumps({**content, **change}))
        with pytest.raises(ValueError, match=message):
            tx.load(tmp_path / "bad.json")


def test_rows_that_claim_more_than_is_proved_are_refused(tmp_path: Any) -> None:
    points = tuple(tx.minimize(problem(), gamma=4, sigma=s, tol=1e-2) for s in (0, 0.5))
    RuleFrontier(problem(), points, 1e-2).save(tmp_path / "f.json")
    assert tx.verify(tmp_path / "f.json").valid
    content = json.loads((tmp_path / "f.json").read_text())
    for name, change in (
        ("R", 0.01), ("S", -0.01), ("C", 1e-8), ("value", -1e-4), ("lower_bound", 1e-6), ("gamma", 1), ("sigma", 1e-9),
        ("gap", -1e-5), ("lower_bound", -1), ("value", 1), ("value", -1e-13), ("value", math.inf),
    ):  # fmt: skip
        rows = [dict(row) for row in content["rows"]]
        rows[1][name] += change
        assert not tx.verify({**content, "rows": rows}).valid, (name, change)
    other = tx.minimize(problem(2), gamma=4, sigma=2, tol=1e-2).certificate
    forged = copy.deepcopy(content["certificates"])
    forged[1]["lower_bound"] = (float.fromhex(forged[1]["lower_bound"]) + 1e-2).hex()
    forged[1]["sha256"] = digest(forged[1])
    rule = random_problem(0)
    foreign = tx.minimize(rule, gamma=1, sigma=0.1, tol=1e-6).certificate
    foreign = {**foreign, "problem": content["certificates"][0]["problem"]}
    for edited in (
        {**content, "rows": []}, {**content, "rows": content["rows"][::-1]}, {**content, "units": "bits"},
        {**content, "certificates": content["certificates"][1:]}, {**content, "certificates": forged},
        {**content, "certificates": [*content["certificates"][:-1], other]},
        {**content, "certificates": [*content["certificates"][:-1], {**foreign, "sha256": digest(foreign)}]},
        {**content, "rows": [{**row, "status": "open"} for row in content["rows"]]},
        {**content, "rows": [{**row, "reason": "luck"} for row in content["rows"]]},
    ):  # fmt: skip
        assert not tx.verify(edited).valid


def test_points_and_half_spaces_decide(frontier: RuleFrontier) -> None:
    o = frontier.points[4]
    inside = frontier.classify(**{name: v + 0.01 for name, v in o.point.items()})
    assert inside.verdict == "feasible" and inside.by == 0 and inside.suboptimal[0] == pytest.approx(0.01)
    below = frontier.classify(**{name: v - 0.01 for name, v in o.point.items()})
    assert below.verdict == "impossible" and below.by == pytest.approx(0.01, abs=1e-6)
    assert tx.verify(below.evidence, problem()).valid


def test_refusals() -> None:
    for arguments, message in (
        ({"sigmas": []}, "sigmas is empty"), ({"gammas": range(10), "max_points": 9}, "max_points"),
        ({"sigmas": [-1]}, "sigma"), ({"gammas": 3}, "give a list"), ({"gammas": "12"}, "give a list"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            tx.trace(problem(), **arguments)
    for name in ("betas", "volume"):
        with pytest.raises(TypeError, match=f"{name} is foreign to JointProblem"):
            tx.trace(problem(), **{name: [1]})


def test_a_saved_frontier_is_of_one_kind_and_version(frontier: RuleFrontier, tmp_path: Any) -> None:
    """Forgeries that only these requirements of learning/check.py and joint/check_rows.py refuse."""
    path = tmp_path / "f.json"
    frontier.save(path)
    content = json.loads(path.read_text())
    capped = tx.minimize_capped(problem(), "C", {"R": 10}, tol=0.5, time_limit=5).certificate
    other = {**content, "certificates": [{**capped, "problem": content["certificates"][0]["problem"]},
                                         *content["certificates"][1:]]}  # fmt: skip
    rows = content["rows"]
    for forged, reason in (
        (other, "of another kind"),
        ({**content, "version": 2}, "the version is"),
        ({**content, "version": True}, "the version is"),
        (
            {**content, "rows": [{k: v for k, v in row.items() if k != "gap"} for row in content["rows"]]},
            "other fields",
        ),
        (
            {**content, "rows": [{**row, "lower_bound": row["value"] + 1} for row in content["rows"]]},
            "a lower bound of",
        ),
    ):
        answer = tx.verify(forged)
        assert not answer.valid and reason in answer.reason, (reason, answer.reason)
    without = {**content, "rows": [{k: v for k, v in row.items() if k != "reason"} for row in rows]}
    assert tx.verify(without).valid  # as files were before rows had a reason
    strange = json.loads(json.dumps(content).replace('"kind": "joint"', '"kind": "jointly"'))
    assert "the kind" in tx.verify(strange).reason
