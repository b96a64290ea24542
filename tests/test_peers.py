"""Peers: what can be imported, what is impossible, and why answers differ. Absent peers are skipped and say so."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import asdict
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import therml_exact as tx
import validation.peers as study
from validation.estimators.contingency import Counts
from validation.peers import bottleneck, of_bmi, of_dit, of_infomeasure, of_psitip
from validation.peers.bottleneck import quietly
from validation.peers.cpu import alternate
from validation.peers.installed import PEERS, Peer, load
from validation.section import Section

STEPS = []


def start(what, total):
    assert total == len(PEERS)
    return lambda: STEPS.append(what)


def peer(name):
    module, told = load(next(p for p in PEERS if p.distribution == name))
    if module is None:
        pytest.skip(told)
    return module


# ---- what is usable


def test_a_peer_that_is_not_installed_or_breaks_is_named(tmp_path, monkeypatch):
    assert load(Peer("no-such-peer-at-all", "x", "do this")) == (None, "no-such-peer-at-all: not installed; do this")
    (tmp_path / "breaks_when_imported.py").write_text("raise AttributeError('gone\\n  in 2.0')")
    monkeypatch.syspath_prepend(tmp_path)
    module, told = load(Peer("numpy", "breaks_when_imported", "do that"))
    assert module is None
    assert told == f"numpy {np.__version__}: not usable here: AttributeError: gone in 2.0; do that"


def test_our_own_exceptions_are_not_swallowed(tmp_path, monkeypatch):
    def fails(*arguments):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(study, "load", lambda p: (sys, "1.0"))
    monkeypatch.setattr(study, "COMPARED", dict.fromkeys(study.COMPARED, fails))
    with pytest.raises(ZeroDivisionError, match="ours"):
        study.section(False, tmp_path, start)


def test_without_peers_the_section_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "load", lambda p: (None, f"{p.distribution}: not installed"))
    section = study.section(False, tmp_path, start)
    assert section.tables == () and section.pictures == ()
    assert section.missing == tuple(f"{p.distribution}: not installed" for p in PEERS)


def test_the_section_goes_through_json(tmp_path, monkeypatch):
    """One row a table, for every peer that is here."""
    monkeypatch.setattr(study, "QUICK", 0.0)
    STEPS.clear()
    section = study.section(False, tmp_path, start)
    assert len(STEPS) == len(PEERS)
    monkeypatch.setattr(study, "COMPARED", {})  # what is finished is not done again
    assert study.section(False, tmp_path, start) == section
    assert all(len(table.rows) == 1 for table in section.tables)
    assert Section.of(json.loads(json.dumps(asdict(section), allow_nan=False))) == section
    usable = [p.distribution for p in PEERS if load(p)[0] is not None]
    for p in PEERS:
        told = [line for line in section.missing if line.startswith(p.distribution)]
        assert told and all(("used up" in line) == (p.distribution in usable) for line in told)
    for table in section.tables:
        assert table.title.split()[0] in usable and table.title.split()[1][0].isdigit()


def test_a_budget_stops_between_rows():
    budget = study.Budget("peer 1.0", 1e9)
    assert budget.table("t", ("a",), iter([(1,), (2,)])).rows == ((1,), (2,)) and not budget.missing
    budget = study.Budget("peer 1.0", -1.0)
    assert budget.table("t", ("a",), iter([(1,), (2,)])).rows == ((1,),)
    assert budget.missing == ["peer 1.0, t: what comes after row 1: its -1 CPU seconds were used up"]
    budget = study.Budget("peer 1.0", -1.0)
    assert budget.table("t", ("a",), iter([(1,)])).rows == ((1,),) and not budget.missing


def test_calls_alternate():
    calls = []
    ours, theirs = alternate(lambda: calls.append(0), lambda: calls.append(1), budget=0.0, rounds=3)
    assert ours >= 0 and theirs >= 0 and abs(calls.count(0) / calls.count(1) - 1) < 5 and calls[:4] == [0, 0, 1, 1]


# ---- the bottleneck


def test_impossible_points_are_rejected():
    problem = bottleneck.problem_of((2, 2))
    best = tx.minimize(problem, gamma=20.0).point
    h_x, h_y, i = (
        tx.entropy(problem.p_xy, "X"),
        tx.entropy(problem.p_xy, "Y"),
        tx.mutual_information(problem.p_xy, "X", "Y"),
    )
    column = {name: k for k, name in enumerate(bottleneck.COLUMNS)}

    def judged(*points):
        row = bottleneck.judged("someone", (2, 2), points, None, "")
        return row[column["impossible"]], row[column["by up to (nats)"]], row[column["suboptimal by up to (nats)"]]

    assert judged((h_x, h_y - i)) == (0, None, pytest.approx(0.0, abs=1e-9))
    count, by, off = judged((0.0, h_y - i))
    assert count == 1 and by > 0.01 and off is None
    count, by, off = judged(
        (best["R"] + 0.1, best["C"] + 0.1), (best["R"] - 0.01, best["C"] - 0.01), (best["R"], best["C"])
    )
    assert count == 1 and by == pytest.approx(0.01, abs=1e-3) and off == pytest.approx(0.1, abs=1e-3)


def test_dits_points_and_why(monkeypatch):
    dit = peer("dit")
    if dit.__version__ != "2.3":
        pytest.skip(f"what is explained is dit 2.3; here is {dit.__version__}")
    monkeypatch.setattr(bottleneck, "SHAPES", ((3, 3),) * 4)
    monkeypatch.setattr(bottleneck, "BETAS", (6.0,))
    points: bottleneck.Points = {}
    stated = quietly(next, bottleneck.of_dit(points))
    assert stated[3] == 1 and stated[4] > 0.05
    assert stated[-1].startswith("1 of 1 are its second start")
    # That start, by hand: ones for the first x.
    p = bottleneck.joint_of((3, 3))
    q = np.zeros((3, 3))
    q[0] = p[0].sum()
    ratio = q[0] / (q.sum(axis=0) * q.sum())
    (rate, _), *_ = points["dit, stated (3, 3)"]
    assert rate == pytest.approx(float((q[0] * np.log(ratio)).sum()), abs=1e-12)


def test_embos_beta_is_off_by_log_two(monkeypatch):
    embo = peer("embo")
    monkeypatch.setattr(bottleneck, "SHAPES", ((3, 3),))
    (row,) = quietly(list, bottleneck.of_embo(embo, 20, {}))
    found = re.search(r"by up to (\S+) at gamma = its beta, by (\S+) at beta/ln 2", row[-1])
    at_beta, at_beta_over_log_two = map(float, found.groups())
    assert row[3] == 0 and at_beta > 5 * at_beta_over_log_two


def test_dits_numbers():
    dit = peer("dit")
    rows = quietly(list, of_dit.entropies(dit))
    assert len(rows) == 4 + 4 + 3
    assert all(abs(ours) <= 1e-15 * (1 + truth) for _, _, truth, ours, *_ in rows)
    assert all(abs(theirs) < 1e-13 for _, _, _, _, theirs, *_ in rows)
    near = next(row for row in rows if row[0] == "I(X;Y)")
    assert near[2] == pytest.approx(8e-18, rel=1e-9) and abs(near[3]) < 1e-6 * near[2] and abs(near[4]) > 0.5 * near[2]
    for _, _, truth, ours, theirs, *_ in quietly(list, of_dit.rate_distortions()):
        assert -1e-9 < ours <= 1e-14 * truth and -1e-12 < theirs < 1e-6


# ---- estimators and inequalities


def test_infomeasures_answers_are_what_is_said_of_them():
    infomeasure = peer("infomeasure")
    rows = quietly(list, of_infomeasure.estimates(infomeasure))
    column = {name: k for k, name in enumerate(of_infomeasure.COLUMNS)}
    compared = [row for row in rows if row[column["ours (nats)"]] is not None]
    assert len(compared) == 2 * 2 * len(of_infomeasure.SAME)
    for row in compared:
        assert abs(row[column["its formula, by us - peer (nats)"]]) < 1e-9, row
        agrees = abs(row[column["peer - ours (nats)"]]) < 1e-12
        assert agrees == (row[0] in ("discrete", "miller_madow", "chao_shen")) == (row[-1] == "equal")


def test_the_exact_bias_beside_grassbergers():
    """Against the sum over all samples of two letters."""
    exact = tx.Joint([["1/2", 0], [0, "1/2"]], ("X", "Y"))
    told = of_infomeasure.grassberger_bias(exact, 2, "H(X)")
    gamma = float(mpmath.euler)
    # Counts (2, 0) and (1, 1), half of the time each; psi(1) = -gamma, psi(2) = 1 - gamma.
    one, two = -gamma - 1 / 2, 1 - gamma + 1 / 3
    assert told.startswith(f"exact bias {math.log(2) - (one + two) / 2 - math.log(2):+.2g} with its")


@pytest.mark.parametrize("counts", [[3, 1], [4, 2, 1, 1], [1, 1]])
def test_the_formula_that_is_said_to_be_theirs(counts):
    infomeasure = peer("infomeasure")
    x = np.repeat(np.arange(len(counts)), counts)
    c: Counts = np.array(counts)
    for name in ("grassberger", "nsb"):
        theirs = quietly(of_infomeasure.theirs, infomeasure, name, "H(X)", x, x)
        assert of_infomeasure.SAME[name][1](c) == pytest.approx(theirs, abs=1e-9, nan_ok=True)


def test_psitip_agrees_where_floats_suffice():
    psitip = peer("psitip")
    rows = quietly(list, of_psitip.proofs(psitip, 1))
    assert len(rows) > 30
    assert all(row[of_psitip.COLUMNS.index("agree")] for row in rows)
    leaks = quietly(list, of_psitip.leaks(psitip))
    assert {row[1] for row in leaks} == {"refuted"}
    said = {row[0].split(" - ")[1].split(")")[0]: row[2] for row in leaks}
    assert said["1e-3"] == said["1e-9"] == "not proved"
    assert said["1e-12"] == "proved", "psitip no longer accepts it: say so in the section and in DESIGN"


# ---- cells of continuous pairs


def test_cells_are_exact():
    mixture = of_bmi.mixture(5)
    log_two, log_five = tx.PrimeLog({2: Fraction(1)}), tx.PrimeLog({5: Fraction(1)})
    assert tx.mutual_information(mixture, "X", "Y") == log_five - Fraction(4, 5) * log_two
    gaps = []
    for bins in (8, 16):
        joint = of_bmi.additive_uniform(Fraction(1, 4), bins)
        assert sum(joint.table.reshape(-1)) == 1 and set(joint.marginal("X").table) == {Fraction(1, bins)}
        gaps.append(0.25 - math.log(0.5) - float(tx.mutual_information(joint, "X", "Y")))
    assert 1.7 < gaps[0] / gaps[1] < 2.1
    # One bin of x against two of y on each side: the trapezium's area, cell by cell.
    assert of_bmi.additive_uniform(Fraction(1), 1).table.tolist() == [[Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]]


def test_cells_by_quadrature():
    joint = of_bmi.bivariate_normal(0.75, 60)
    assert joint.marginal("X").table == pytest.approx(joint.marginal("Y").table, abs=1e-9)
    truth = -math.log(1 - 0.75**2) / 2
    assert 0 < truth - tx.mutual_information(joint, "X", "Y") < 0.005
    # Without inflation: 2 log 2 - gamma - sum over k of 2^-k log k.
    series = 2 * math.log(2) - np.euler_gamma - sum(math.log(k) / 2**k for k in range(2, 80))
    assert of_bmi.zero_inflated_information(0.0) == pytest.approx(series, abs=1e-9)
    inflated = of_bmi.zero_inflated_information(0.15)
    assert inflated < 0.85 * series - 0.02
    assert 0 < inflated - tx.mutual_information(of_bmi.zero_inflated(0.15, 400), "X", "Y") < 2e-4


def test_benchmark_mis_numbers():
    bmi = peer("benchmark-mi")
    rows = quietly(list, of_bmi.truths(bmi))
    for name, _, _, _, apart, _ in rows:
        if name.startswith("discrete"):
            assert abs(apart) < 1e-6
        elif name.endswith("seen"):
            assert abs(apart) < 1e-4
        else:
            assert apart < 0
    histogram = [row for row in quietly(list, of_bmi.estimates(bmi, 4)) if row[0].startswith("histogram")]
    assert histogram and all(row[5] < 1e-13 for row in histogram)
