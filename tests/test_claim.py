"""Claimed points: closed forms, random encoders from above, certificates from below."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.curve.claim import RESOLUTION, locate
from therml_exact.testing import joints

BSC = tx.EncoderProblem(tx.examples.binary_symmetric(Fraction(1, 10)))


def h(p):
    return 0.0 if p in (0, 1) else -p * math.log(p) - (1 - p) * math.log(1 - p)


def bsc_point(flip, crossover=0.1):
    """A point of the binary symmetric frontier (Mrs. Gerber): Z is X flipped with probability `flip`."""
    return {"R": math.log(2) - h(flip), "C": h(flip * (1 - crossover) + (1 - flip) * crossover)}


def of_encoder(cells, encoder):
    """R, D, C of an encoder p(z|x,theta), from entropies of the tables: slow and independent."""
    joint = cells[..., None] * encoder[:, :, None, :]  # x, theta, y, z

    def entropy(*keep):
        p = joint.sum(axis=tuple(k for k in range(4) if k not in keep)).reshape(-1)
        return -math.fsum(v * math.log(v) for v in p.tolist() if v > 0)

    return {
        "R": entropy(3) + entropy(0, 1) - entropy(0, 1, 3),
        "D": entropy(0, 3) - entropy(3),
        "C": entropy(2, 3) - entropy(3),
    }


@pytest.mark.parametrize("flip", [0.02, 0.1, 0.3, 0.45])
@pytest.mark.parametrize("step", [1e-3, 1e-6, 1e-8])
def test_both_sides_of_the_closed_form(flip, step):
    on = bsc_point(flip)
    above = locate(BSC, {name: v + step for name, v in on.items()})
    below = locate(BSC, {name: v - step for name, v in on.items()})
    assert above.verdict == "feasible" and below.verdict == "impossible"
    assert below.by == pytest.approx(step, abs=3e-9) and below.by <= step + 1e-12
    low, high = above.suboptimal
    assert low - 1e-12 <= step <= high + 1e-12 and high - low < 3e-9


def test_the_evidence_of_an_impossible_point_separates_it():
    claim = {name: v - 0.01 for name, v in bsc_point(0.2).items()}
    found = locate(BSC, claim)
    proof = found.evidence
    checked = tx.verify(proof.certificate, BSC)
    assert checked.valid
    weights = proof.multipliers
    total = weights["rho"] * claim["R"] + weights["gamma"] * claim["C"]
    assert total < checked.lower_bound
    assert found.by == pytest.approx((checked.lower_bound - total) / (weights["rho"] + weights["gamma"]), abs=1e-12)


@settings(max_examples=examples(40), deadline=None)
@given(joints(("X", "Theta", "Y"), max_size=3), st.integers(0, 10**6))
def test_no_encoder_is_impossible_and_witnesses_reach_what_is_claimed(joint, seed):
    rng = np.random.default_rng(seed)
    problem = tx.EncoderProblem(joint)
    cells = problem.cells.astype(float)
    encoder = rng.dirichlet(np.full(3, 0.3), size=cells.shape[:2])
    claim = of_encoder(cells, encoder)
    some = {name: claim[name] + 1e-9 for name in rng.permutation(["R", "D", "C"])[: rng.integers(1, 4)]}
    found = locate(problem, some)
    assert found.verdict == "feasible", found
    assert found.distance[0] <= found.distance[1] <= 0
    table = found.evidence.witness.get("z_given_x_theta", found.evidence.witness.get("z_given_x"))
    assert table.sum(axis=-1) == pytest.approx(1, abs=1e-12)
    reached = of_encoder(cells, table.reshape(*cells.shape[:2], -1))
    for name, value in some.items():
        assert reached[name] <= value + RESOLUTION


@settings(max_examples=examples(25), deadline=None)
@given(joints(max_size=4), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_verdicts_grow_with_the_claim(joint, r, c):
    problem = tx.EncoderProblem(joint)
    order = {"impossible": 0, "undecided": 1, "feasible": 2}
    here = locate(problem, {"R": r, "C": c})
    more = locate(problem, {"R": r + 0.1, "C": c + 0.1})
    assert order[here.verdict] <= order[more.verdict]
    assert here.distance[0] - 0.1 <= more.distance[1] + 1e-9
    assert more.distance[0] <= here.distance[1] - 0.1 + 2e-8


def test_coordinates_left_out_are_free():
    assert locate(BSC, {"R": 0.0}).verdict == "feasible"
    assert locate(BSC, {"D": 0.0}).verdict == "feasible"
    assert locate(BSC, {"C": h(0.1) + 1e-9}).verdict == "feasible"
    assert locate(BSC, {"C": h(0.1) - 1e-6}).verdict == "impossible"
    assert locate(BSC, {"R": 0.3, "D": math.log(2) - 0.3 - 1e-6}).verdict == "impossible"  # R + D >= H(X)
    assert locate(BSC, {"R": -1e-6}).verdict == "impossible"


@pytest.mark.parametrize("far", [1e6, 1e15, 1e300])
def test_a_huge_coordinate_does_not_hide_an_impossible_one(far):
    found = locate(BSC, {"R": far, "C": 0.1})
    assert found.verdict == "impossible" and found.by == pytest.approx(h(0.1) - 0.1, abs=1e-9)
    assert locate(BSC, {"R": far, "C": 0.4}).verdict == "feasible"
    assert locate(BSC, {"R": -far, "C": 0.4}).verdict == "impossible"


def test_bayes_points():
    problem = tx.BayesProblem([0.3, 0.7], [[0.2, 0.8], [0.6, 0.4]], 4)
    optimum = tx.minimize(problem, beta=1.5)
    s, u = optimum.point["S"], optimum.point["U"]
    assert locate(problem, {"S": s, "U": u}, [optimum]).verdict == "feasible"
    assert locate(problem, {"S": s - 1e-4, "U": u - 1e-4}).verdict == "impossible"
    least = tx.minimize(problem, beta=math.inf).value
    assert locate(problem, {"U": least + 1e-9}).verdict == "feasible"
    assert locate(problem, {"U": least - 1e-6}).verdict == "impossible"


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({}, "no coordinate is given; name some of R, D, C"),
        ({"R": None}, "no coordinate is given"),
        ({"S": 1.0}, "S is foreign to EncoderProblem; its coordinates are R, D, C"),
        ({"R": math.nan}, "R is nan; a coordinate is a finite number of nats"),
        ({"R": math.inf, "C": 1.0}, "R is inf; a coordinate is a finite number of nats"),
    ],
)
def test_bad_claims(claim, message):
    with pytest.raises(ValueError, match=message):
        locate(BSC, claim)


def test_a_verdict_prints_its_unit():
    assert str(locate(BSC, {"R": 0.1, "C": 0.1})).endswith("nats")
    assert "feasible, suboptimal by [" in str(locate(BSC, {"R": 0.5, "C": 0.6}))


def test_closed_forms_and_data_processing_decide_before_any_search(monkeypatch):
    """A claim below H(Y|X) on a table of 50 x 5 took half a minute; so did one with R + C < H(Y)."""
    from therml_exact.frontier.curve import claim

    solved = []
    solve_all = claim.solve_all
    monkeypatch.setattr(claim, "solve_all", lambda p, ms, b: solved.append((ms, b.cells)) or solve_all(p, ms, b))
    table = tx.Joint.from_counts(np.random.default_rng(0).integers(0, 40, size=(50, 5)), ("X", "Y"))
    problem = tx.EncoderProblem(table)
    least, total = float(tx.entropy(table, "Y", given="X")), float(tx.entropy(table, "Y"))
    for point, by in (({"R": 0.3, "C": least - 0.1}, 0.1), ({"R": 0.001, "C": total - 0.05}, (0.05 - 0.001) / 2)):
        solved.clear()
        found = tx.audit.point(problem, **point, refining=10)
        assert found.verdict == "impossible" and found.by >= by - 1e-9
        assert found.distance[0] <= found.distance[1]
        assert tx.verify(found.content(problem)["certificate"]).valid
        assert [ms for ms, _ in solved[:3]] == [[problem.direction(w)] for w in ((1, 0, 0), (0, 0, 1), (1, 0, 1))]
        assert all(cells == 10 for _, cells in solved[3:]) and len(solved) <= 5
    feasible = tx.audit.point(problem, R=2.0, C=total, refining=10)
    assert feasible.verdict == "feasible" and feasible.distance[0] <= feasible.distance[1] <= 0
