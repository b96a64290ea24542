"""Audits: every word of a saved verdict is proved again."""

import copy
import json
import math
import subprocess
import sys

import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.frontier.mixture.certificate import digest

P = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))
THETA = tx.EncoderProblem(tx.random_world(3, n=1).joint().marginal("X1", "Theta", "Y1").rename({"X1": "X", "Y1": "Y"}))
BAYES = tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 2)


def saved(problem, **claim):
    content = {"format": "therml-exact/audit", "version": 2, **tx.audit.point(problem, **claim).content(problem)}
    return json.loads(json.dumps(content))


IMPOSSIBLE = saved(P, R=0.01, C=0.3)
FEASIBLE = saved(P, R=0.5, C=0.68)


@pytest.mark.parametrize(
    ("problem", "claim", "verdict"),
    [
        (P, {"R": 0.01, "C": 0.3}, "impossible"),
        (P, {"C": 0.3}, "impossible"),
        (P, {"R": 0.5, "C": 0.68}, "feasible"),
        (THETA, {"R": 0.0, "D": 0.0, "C": 0.0}, "impossible"),
        (THETA, {"R": 9.0, "D": 9.0, "C": 9.0}, "feasible"),
        (BAYES, {"S": 0.0, "U": 0.1}, "impossible"),
        (BAYES, {"S": 2.0, "U": 9.0}, "feasible"),
    ],
)
def test_true_verdicts_are_valid(problem, claim, verdict):
    content = saved(problem, **claim)
    assert content["verdict"] == verdict
    found = tx.verify(content, problem)
    assert found.valid, found.reason
    assert verdict in found.reason and "claimed" in found.claim


def test_an_undecided_audit_proves_nothing(monkeypatch):
    content = {**IMPOSSIBLE, "verdict": "undecided", "by": None, "certificate": None}
    found = tx.verify(content)
    assert not found.valid and "undecided" in found.reason


def up(value):
    return math.nextafter(value, math.inf)


def other_problem():
    return saved(tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["1/4", "1/4"]], ("X", "Y"))), R=0.01, C=0.3)


FORGERIES = {
    "a claim that the bound does not exclude": ({**IMPOSSIBLE, "claimed": {"R": 5.0, "C": 5.0, "D": 5.0}}, "exclude"),
    "a claim just on the bound": (
        {**IMPOSSIBLE, "claimed": {"R": 0.01 + IMPOSSIBLE["by"] * 1.01, "C": 0.5}},
        "nats are",
    ),
    "farther than is proved": ({**IMPOSSIBLE, "by": up(up(IMPOSSIBLE["by"]))}, "are proved"),
    "no distance": ({**IMPOSSIBLE, "by": 0.0}, "are proved"),
    "a negative distance": ({**IMPOSSIBLE, "by": -1.0}, "are proved"),
    "a weighed functional left out": ({**IMPOSSIBLE, "claimed": {"R": 0.01}}, "not claimed"),
    "nothing claimed": ({**IMPOSSIBLE, "claimed": {}}, "nothing is claimed"),
    "a foreign functional": ({**IMPOSSIBLE, "claimed": {**IMPOSSIBLE["claimed"], "Q": 1.0}}, "no functional"),
    "no number": ({**IMPOSSIBLE, "claimed": {"R": "0.01", "C": 0.3}}, "no number"),
    "true as a number": ({**IMPOSSIBLE, "claimed": {"R": 0.01, "C": True}}, "no number"),
    "other units": ({**IMPOSSIBLE, "units": "bits"}, "nats"),
    "version true": ({**IMPOSSIBLE, "version": True}, "version"),
    "a foreign field": ({**IMPOSSIBLE, "proved": True}, "not those of an audit"),
    "another verdict": ({**IMPOSSIBLE, "verdict": "proved"}, "the verdict is"),
    "no certificate": ({**IMPOSSIBLE, "certificate": None}, "no certificate"),
    "a certificate of another problem": (
        {**IMPOSSIBLE, "certificate": other_problem()["certificate"]},
        "about another problem",
    ),
    "the opposite verdict": ({**IMPOSSIBLE, "verdict": "feasible"}, "no witness"),
    "feasible far below": ({**FEASIBLE, "claimed": {"R": 0.4, "C": 0.68}}, "above the claimed"),
    "feasible a little below": ({**FEASIBLE, "claimed": {"R": 0.5, "C": 0.57}}, "above the claimed"),
    "a witness of another size": ({**FEASIBLE, "witness": {"z_given_x": [[1.0, 0.0]]}}, "shape"),
    "a witness that is no table": ({**FEASIBLE, "witness": {"z": [1.0]}}, "it is one of them"),
    "a witness with negative entries": ({**FEASIBLE, "witness": {"z_given_x": [[2.0, -1.0], [0.5, 0.5]]}}, "shape"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    content, reason = FORGERIES[name]
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_the_certificate_of_an_audit_is_checked_like_any_other():
    content = copy.deepcopy(IMPOSSIBLE)
    c = content["certificate"]
    c["lower_bound"] = (float.fromhex(c["lower_bound"]) + 1e-6).hex()
    c["sha256"] = digest(c)
    assert not tx.verify(content).valid


def test_files_of_version_1_are_read_and_held_to_what_they_claim():
    """They held a distance [low, high] and no problem; the low end is checked, the high end is not read."""
    one = {k: v for k, v in IMPOSSIBLE.items() if k not in ("by", "problem")}
    one |= {"version": 1, "distance": [IMPOSSIBLE["by"], 1e9]}
    assert tx.verify(one, P).valid
    assert not tx.verify({**one, "distance": [IMPOSSIBLE["by"] * 2, 1e9]}).valid
    assert not tx.verify({**one, "claimed": {"R": 5, "C": 5, "D": 5}}).valid


def test_the_command_line_writes_what_verify_reads(tmp_path):
    path = tmp_path / "audit.json"
    run = CliRunner()
    for claim in (["-R", "0.01", "-C", "0.3"], ["-R", "1.2", "-C", "1.3"]):
        done = run.invoke(main, ["audit", "--example", "hair-eye", *claim, "--json", str(path)])
        assert done.exit_code == 0, done.output
        done = run.invoke(main, ["verify", str(path)])
        assert done.exit_code == 0, done.output
        assert "claimed (nats): R = " in done.output and "p(Hair, Eye)" in done.output


def test_no_check_that_matters_is_an_assertion():
    """Python without assertions (-O) refuses the same: also a problem of another kind with the same tables."""
    script = """
import json, sys
import therml_exact as tx
class Lookalike:
    phi, x_given_phi, n = ["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 2
bayes = tx.BayesProblem(Lookalike.phi, Lookalike.x_given_phi, 2)
y = [[["1/10", "9/10"], ["3/5", "2/5"]]] * 2
discriminative = tx.DiscriminativeProblem(Lookalike.phi, Lookalike.x_given_phi, y, 2)
one, two = tx.minimize(bayes, beta=2).certificate, tx.minimize(discriminative, beta=2, tol=1e-6).certificate
rule = tx.LearningRuleProblem(Lookalike.phi, Lookalike.x_given_phi, y, 2, tx.encoders.deterministic(2, 2))
found = [tx.verify(c, p).valid for c in (one, two) for p in (bayes, discriminative, rule, Lookalike(), "text", 3)]
sys.exit(found != [True] + [False] * 6 + [True] + [False] * 4)
"""
    subprocess.run([sys.executable, "-O", "-c", script], check=True, timeout=600)
