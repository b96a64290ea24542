"""Caps and points with everything free: impossible, feasible, undecided; also what no Lagrangian sees."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.frontier.joint import alternation
from therml_exact.frontier.joint.caps import Cells, claim, proved, search
from therml_exact.frontier.joint.functionals import exact_zeros
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.rules.bent import MIDPOINT

HALF, L = "1/2", math.log(2)
ONE = ([1], [[HALF, HALF]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
BENT = tx.JointProblem([1], [[1]], [[[HALF, HALF]]], 1)
H_Y = -(11 / 24 * math.log(11 / 24) + 13 / 24 * math.log(13 / 24))


def problem(n: int = 1) -> tx.JointProblem:
    return tx.JointProblem(*ONE, n)


def check(result: Any) -> Any:
    v = tx.verify(json.loads(json.dumps(result.certificate)), result.problem)
    assert v.valid, v.reason
    return v


def random_points(about: tx.JointProblem, count: int, seed: int) -> np.ndarray:
    """R, C, D, S of random tables, soft and nearly hard."""
    rng = np.random.default_rng(seed)
    spread = np.where(np.arange(count) % 2, 0.1, 1.0)[:, None, None]
    rule = rng.gamma(spread, size=(count, len(about.types), 4)) + 1e-12
    encoder = rng.gamma(spread[..., None], size=(count, about.shape[0], 4, about.z_size)) + 1e-12
    rule, encoder = rule / rule.sum(axis=-1, keepdims=True), encoder / encoder.sum(axis=-1, keepdims=True)
    return alternation.functionals(about, rule, encoder)[:, [0, 2, 1, 3]]


# ---- the bent example


def test_its_ends_are_achieved_and_its_midpoint_is_not() -> None:
    """(R, C, S) <= log(2)/2 + 1/80 is impossible for every rule and every encoder, and no half-space says so."""
    for end in ({"R": 0, "C": L, "S": 0}, {"R": L, "C": 0, "S": L}):
        assert tx.classify_rule(BENT, **end).verdict == "feasible"
    found = tx.classify_rule(BENT, **{name: v + 1 / 80 for name, v in MIDPOINT.items()}, tol=5e-3)
    assert found.verdict == "impossible" and found.by > 0.04
    assert tx.verify(found.evidence, BENT).valid
    for gamma, sigma in ((1, 0.5), (2, 1), (0.5, 0.2)):
        o = tx.minimize(BENT, gamma=gamma, sigma=sigma, tol=1e-4)
        assert o.lower_bound <= MIDPOINT["R"] + gamma * MIDPOINT["C"] + sigma * MIDPOINT["S"] + 1e-9


def test_the_least_excess_is_bracketed() -> None:
    """The proof for all alphabets gives 0.0136, an explicit rule 0.06356; with two codes it is the latter."""
    e = tx.excess(BENT, MIDPOINT, tol=1e-3)
    assert e.reason == "closed" and e.value == pytest.approx(0.063564, abs=2e-6) and e.lower_bound > 0.0625
    assert check(e).lower_bound == e._proved
    assert tx.classify_rule(BENT, **{name: v + 0.0636 for name, v in MIDPOINT.items()}).verdict == "feasible"


def test_caps_see_it() -> None:
    c = tx.minimize_capped(BENT, "C", {"R": MIDPOINT["R"], "S": MIDPOINT["S"]}, tol=5e-3)
    assert c.status == "certified" and c.lower_bound > MIDPOINT["C"] + 0.12
    check(c)


# ---- against other answers


@pytest.mark.parametrize(("minimise", "caps"), [("C", {"R": 0.3, "S": 0.3}), ("D", {"C": 0.5})])
def test_it_closes_and_nothing_that_keeps_the_caps_is_below(minimise: str, caps: dict[str, float]) -> None:
    c = tx.minimize_capped(problem(), minimise, caps, tol=2e-2)
    assert c.status == "certified" and c.gap <= 2e-2 and c.reason == "closed"
    assert all(c.point[name] <= cap for name, cap in caps.items())
    check(c)
    places = ("R", "C", "D", "S")
    points = random_points(problem(), 20_000, 1)
    kept = np.all([points[:, places.index(name)] <= cap for name, cap in caps.items()], axis=0)
    assert kept.any() and points[kept][:, places.index(minimise)].min() >= c.lower_bound


def test_without_s_it_is_the_encoder_problem() -> None:
    """theta = the data, at no cost: the frontier of (R, C) of the encoder problem of ((X, T), Y) is convex."""
    o = tx.minimize(problem(2), gamma=2, sigma=0, tol=1e-6)
    c = tx.minimize_capped(problem(2), "C", {"R": o.point["R"]}, tol=2e-2)
    assert c.lower_bound <= o.point["C"] + 1e-9 and c.value >= o.point["C"] - 1e-6 and c.status == "certified"


def test_points_of_optima_are_feasible_and_less_is_impossible() -> None:
    for n in (1, 2):
        o = tx.minimize(problem(n), gamma=4, sigma=1, tol=1e-4)
        at = {name: o.point[name] for name in ("R", "C", "S")}
        assert tx.classify_rule(problem(n), **{k: v + 5e-3 for k, v in at.items()}).verdict == "feasible"
        less = tx.classify_rule(problem(n), **{k: v - 0.05 for k, v in at.items()}, tol=2e-2)
        assert less.verdict == "impossible" and tx.verify(less.evidence, problem(n)).valid


def test_a_frontier_asks_cells_where_its_points_do_not_decide() -> None:
    found = tx.trace(BENT, gammas=[1, 2, 3], sigmas=[0.5], progress=False)
    c = found.classify(**MIDPOINT, tol=1e-2)
    assert c.verdict == "impossible" and c.by > 1 / 80 and c.evidence["kind"] == "excess"


# ---- ends


def test_caps_of_zero_and_below() -> None:
    nothing = tx.minimize_capped(problem(), "C", {"R": 0, "S": 0}, tol=1e-2, max_cells=12)
    assert nothing.value == pytest.approx(H_Y, abs=1e-12) and nothing.point["R"] == nothing.point["S"] == 0
    check(nothing)
    none = tx.minimize_capped(problem(), "C", {"R": -1})
    assert (none.status, none.value, none.witness) == ("infeasible", math.inf, {})
    check(none)
    sure = tx.minimize_capped(problem(), "R", {"C": 0}, tol=1e-3)
    assert sure.status == "certified" and sure.value == pytest.approx(H_Y, abs=1e-9) and sure.point["C"] == 0
    check(sure)
    two = tx.minimize_capped(problem(2), "R", {"C": 0})  # one code for two samples with unlike labels of one x
    assert two.status == "infeasible"
    check(two)


def test_a_search_that_stops_says_why_and_stays_undecided() -> None:
    few = tx.minimize_capped(BENT, "C", {"R": 0.3, "S": 0.3}, tol=1e-6, max_cells=4)
    assert (few.status, few.reason) == ("open", "cells") and few.lower_bound <= few.value
    check(few)
    edge = {name: v + 0.0635 for name, v in MIDPOINT.items()}  # by 6e-5 impossible
    found = tx.classify_rule(BENT, **edge, max_cells=6)
    assert (
        found.verdict == "undecided"
        and found.by == 0
        and found.distance[0] <= 0 <= found.distance[1]
        and found.evidence["reason"] == "cells"
    )
    soon = tx.classify_rule(BENT, **edge, time_limit=1e-9)
    assert soon.verdict == "undecided" and soon.evidence["reason"] == "time"


def test_refusals() -> None:
    for arguments, message in (
        ((tx.JointProblem(*ONE, 1, theta_size=2), "C", {"R": 1}), "theta_size is 2"),
        ((problem(), "C", {"R": math.nan}), "finite number"),
    ):
        with pytest.raises(ValueError, match=message):
            tx.minimize_capped(*arguments)
    with pytest.raises(TypeError, match="which is minimised"):
        tx.minimize_capped(problem(), "C", {"C": 1})
    with pytest.raises(TypeError, match="JointProblem"):
        tx.excess(None, {"R": 1})  # type: ignore[arg-type]


def test_zeros_are_told_by_supports_alone() -> None:
    about = problem()
    one, codes = np.ones((4, 1)), np.eye(2)
    assert exact_zeros(about, one, codes[[0, 0]][:, None, :]) == ["S", "R"]
    assert exact_zeros(about, one, codes[:, None, :]) == ["S", "D"]
    rule = np.eye(4)
    of_label = codes[np.array([[0, 1, 0, 1]] * 2)]  # Z = Y of the only sample
    assert exact_zeros(about, rule, of_label) == ["C"]
    nearly = of_label * (1 - 1e-15) + 1e-15
    assert exact_zeros(about, rule, nearly) == []


# ---- certificates


@pytest.fixture(scope="module")
def certificates() -> dict[str, Any]:
    capped = tx.minimize_capped(BENT, "C", {"R": MIDPOINT["R"], "S": MIDPOINT["S"]}, tol=2e-2)
    reach = tx.excess(BENT, MIDPOINT, tol=2e-2)
    found = {"capped": capped.certificate, "excess": reach.certificate}
    for c in found.values():
        assert tx.verify(c, BENT).valid
    return json.loads(json.dumps(found))


def forged(c: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    out = copy.deepcopy(c)
    at: Any = out
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value(at[path[-1]]) if callable(value) else value
    out["sha256"] = digest(out)
    return out


def up(by: float) -> Any:
    return lambda text: (float.fromhex(text) + by).hex()


def used(c: dict[str, Any]) -> tuple[int, int]:
    """A leaf with a cut, and its place among the leaf's numbers."""
    return next((k, 4) for k, leaf in enumerate(c["bound"]["leaves"]) if len(leaf) > 4)


def test_each_requirement_refuses_what_fails_it(certificates: dict[str, Any]) -> None:
    one, other = certificates["capped"], certificates["excess"]
    k, at = used(one)
    zero, five = (0.0).hex(), (5.0).hex()
    idle = [zero, zero, *one["bound"]["leaves"][k][2:4]]
    cases: list[tuple[dict[str, Any], tuple[Any, ...], Any, str]] = [
        (one, ("kind",), "lagrangian", "is unknown"),
        (one, ("own",), 1, "are not those of this kind"),
        (one, ("status",), "sure", "is unknown"),
        (one, ("status",), "infeasible", "infeasible, but"),
        (one, ("problem", "theta_size"), 2, "without a limit"),
        (one, ("caps", "Q"), "1", "a limit is foreign"),
        (one, ("minimise",), "R", "the objective is foreign, or capped"),
        (one, ("minimise",), "Q", "the objective is foreign, or capped"),
        (one, ("lower_bound",), up(1.0), "lies above the value"),
        (one, ("value",), up(1e-1), "the gap exceeds"),
        (one, ("value",), up(-1e-6), "above the claimed"),
        (one, ("caps", "R"), "1/4", "above its cap"),
        (one, ("rule",), None, "malformed"),
        (one, ("bound", "own"), 1, "other fields"),
        (one, ("bound", "tree"), 1, "no text"),
        (one, ("bound", "cuts", 0, "rho"), (-1.0).hex(), "negative multiplier"),
        (one, ("bound", "cuts", 0, "kind"), "zero", "unknown kind"),
        (one, ("bound", "leaves", k), idle[:3], "too few"),
        (one, ("bound", "leaves", k, at), 10_000, "no cut"),
        (one, ("bound", "leaves", k, at + 1), (-1e-3).hex(), "negative number"),
        (one, ("bound", "leaves", k, 3), five, "not limited"),
        (one, ("bound", "leaves", k), [five, zero, zero, zero], "do not count"),
        (one, ("bound", "leaves", k), idle, "below the claimed"),
        (one, ("bound", "tree"), lambda t: t[:-1], "before its cells cover"),
        (one, ("bound", "tree"), lambda t: t + ".", "goes on after its end"),
        (one, ("bound", "cuts", one["bound"]["leaves"][k][at], "b", 0), up(-0.5), "below the claimed"),
        (other, ("point",), {}, "the point is empty"),
        (other, ("point", "S"), "1/2", "below the claimed"),
        (other, ("value",), None, "tables without a value"),
    ]
    for base, path, value, reason in cases:
        answer = tx.verify(forged(base, path, value))
        assert not answer.valid and reason in answer.reason, (path, value, answer.reason)
    half = forged(forged(other, ("value",), None), ("rule",), None)
    assert "tables without a value" in tx.verify(half).reason  # the encoder is left
    assert "digest" in tx.verify({**one, "lower_bound": other["lower_bound"]}).reason
    assert "another problem" in tx.verify(one, problem()).reason


def test_random_edits_never_prove_what_is_false(certificates: dict[str, Any]) -> None:
    """The least excess is at most 0.063565, and the least C at most 0.47884."""
    rng = np.random.default_rng(3)
    accepted = 0
    for turn in range(120):
        name = ("capped", "excess")[turn % 2]
        base = certificates[name]
        bound = base["bound"]
        part = int(rng.integers(4))
        if part == 0:
            at = int(rng.integers(len(bound["leaves"])))
            spots = [i for i, v in enumerate(bound["leaves"][at]) if isinstance(v, str)]
            path: tuple[Any, ...] = ("bound", "leaves", at, int(rng.choice(spots)))
            new = forged(base, path, lambda t: (float.fromhex(t) * float(rng.choice([0, 0.5, 1.01, 3.0, -1]))).hex())
        elif part == 1:
            at = int(rng.integers(len(bound["cuts"])))
            field = str(rng.choice([f for f in ("rho", "sigma", "b", "lam") if f in bound["cuts"][at]]))
            path = ("bound", "cuts", at, field)
            if field in ("b", "lam"):
                path = (*path, int(rng.integers(len(bound["cuts"][at][field]))))
            new = forged(base, path, lambda t: (float.fromhex(t) * float(rng.choice([0, 0.9, 1.1, -1]))).hex())
        elif part == 2:
            cut = int(rng.integers(len(bound["tree"])))
            new = forged(
                base, ("bound", "tree"), lambda t, cut=cut: t[:cut] + str(rng.choice([".", "-", "0"])) + t[cut + 1 :]
            )
        else:
            new = forged(base, ("lower_bound",), up(float(rng.normal()) * 1e-2))
        new = forged(new, ("status",), "open" if name == "capped" else new["status"])
        if part < 3:  # the claim that would be false
            new = forged(new, ("lower_bound",), (0.4790 if name == "capped" else 0.0636).hex())
            new = forged(new, ("value",), (1.0).hex())
            new = forged(new, ("tol",), (2.0).hex())
        answer = tx.verify(new)
        if answer.valid and answer.lower_bound is not None:
            accepted += 1
            assert part == 3 and answer.lower_bound <= (0.47884 if name == "capped" else 0.063565)
    assert accepted > 0


def test_a_proof_without_a_search_is_empty() -> None:
    state = Cells(problem(), None, {"R": 0.3, "C": 0.3}, 1e-2)
    state.above.begin(np.array(state.places))
    assert proved(state) == -math.inf and claim(state) == {"cuts": [], "tree": "", "leaves": []}
    assert search(state, 4, math.inf) == "cells" and math.isfinite(proved(state))
