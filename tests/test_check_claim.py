"""Audits: every word of a saved verdict is proved again."""

import copy
import json
import math
import subprocess
import sys
from fractions import Fraction

import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.frontier.curve import exclusion as half_space
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
    "a version of text": ({**IMPOSSIBLE, "version": "2"}, "version"),
    "a version that is none": ({**IMPOSSIBLE, "version": 3}, "version"),
    "a field left out": ({k: v for k, v in IMPOSSIBLE.items() if k != "witness"}, "not those of an audit"),
    "a field of version 1": ({**IMPOSSIBLE, "distance": [0.1, 0.2]}, "not those of an audit"),
    "a distance of text": ({**IMPOSSIBLE, "by": "0.01"}, "by is"),
    "a bound that is met exactly": (
        {**IMPOSSIBLE, "claimed": {"R": float.fromhex(IMPOSSIBLE["certificate"]["lower_bound"]) + 1.0, "C": 1.0}},
        "does not exclude",
    ),
    "a problem in place of the certificate's": (
        {**IMPOSSIBLE, "problem": other_problem()["problem"]},
        "the certificate is about another problem",
    ),
    "samples of an encoder": (
        {**IMPOSSIBLE, "claimed": {"S": 0.0, "R": 0.01, "C": 0.3}},
        "'S', which is no functional",
    ),
    "a coordinate of text": ({**IMPOSSIBLE, "certificate": "c.json"}, "no certificate"),
    "feasible in D": ({**FEASIBLE, "claimed": {"R": 0.5, "C": 0.68, "D": 0.0}}, "the witness has D"),
    "two witnesses": ({**FEASIBLE, "witness": {**FEASIBLE["witness"], "theta_given_type": [[1.0]]}}, "holds 2 of"),
    "a witness that is a list": ({**FEASIBLE, "witness": [[[1.0, 0.0]]]}, "no witness"),
    "a witness with negative entries": ({**FEASIBLE, "witness": {"z_given_x": [[2.0, -1.0], [0.5, 0.5]]}}, "shape"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    content, reason = FORGERIES[name]
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_the_problem_of_an_audit_is_the_one_that_is_asked_for():
    for content in (IMPOSSIBLE, FEASIBLE):
        assert tx.verify(content, P).valid
        for other in (THETA, BAYES):
            assert "the audit is about another problem" in tx.verify(content, other).reason


def test_a_witness_may_exceed_the_claim_by_the_resolution_and_no_more():
    """R = log 2 and C = H(Y|X) of the code that tells X, claimed a little too low."""
    whole = {"R": math.log(2), "C": -0.25 * math.log(0.25) - 0.75 * math.log(0.75)}
    code = {"z_given_x": [[1.0, 0.0], [0.0, 1.0]]}
    for by, valid in ((0.0, True), (0.9e-12, True), (1.1e-12, False)):
        for name in whole:
            claimed = {**whole, name: whole[name] - by}
            assert tx.verify({**FEASIBLE, "claimed": claimed, "witness": code}).valid == valid
    assert tx.verify({**FEASIBLE, "claimed": whole, "witness": {"z_given_x_theta": [[[1, 0]], [[0, 1]]]}}).valid
    # A table p(z|x) is no rule of types, whatever its size.
    content = saved(BAYES, S=2.0, U=9.0)
    types = content["witness"]["theta_given_type"]
    assert tx.verify(content).valid
    assert not tx.verify({**content, "witness": {"z_given_x": types}}).valid


def certificate_like(edges):
    """An audit whose certificate is edited, its digest made anew."""
    content = copy.deepcopy(IMPOSSIBLE)
    content["certificate"] |= edges
    content["certificate"]["sha256"] = digest(content["certificate"])
    return content


def test_version_1_names_its_problem_in_the_certificate():
    one = {k: v for k, v in IMPOSSIBLE.items() if k not in ("by", "problem")}
    one |= {"version": 1, "distance": [IMPOSSIBLE["by"], 1.0]}
    assert "no certificate" in tx.verify({**one, "certificate": "text"}).reason
    assert (
        "names no problem"
        in tx.verify({**one, "certificate": certificate_like({"problem": "P"})["certificate"]}).reason
    )
    assert "about another problem" in tx.verify(one, THETA).reason
    assert not tx.verify({**one, "version": 2}).valid and not tx.verify({**IMPOSSIBLE, "version": 1}).valid


def test_what_is_missing_is_exact():
    """t = (bound - w.u)/|w|, for multipliers that are rationals and beta that may be infinite."""
    half = Fraction(1, 2)
    given = {"rho": Fraction(1), "delta": half, "gamma": Fraction(0)}
    assert half_space.weights(given) == {"R": 1, "D": half, "C": 0}
    assert half_space.missing(given, 2.0, {"R": 0.5, "D": 1.0}) == Fraction(2, 3)
    assert half_space.missing(given, 1.0, {"R": 0.5, "D": 1.0, "C": 7.0}) == 0
    assert half_space.missing(given, 0.0, {"R": 0.5, "D": 1.0}) == Fraction(-2, 3)
    assert half_space.missing(given, 2.0, {"R": 0.5, "C": 1.0}) is None
    assert half_space.missing({"rho": 0, "delta": 0, "gamma": 0}, 2.0, {"R": 0.5, "D": 1.0, "C": 1.0}) is None
    assert half_space.weights({"beta": math.inf}) == {"S": 0, "U": 1}
    assert half_space.weights({"beta": half}) == {"S": 1, "U": half}
    assert half_space.missing({"beta": math.inf}, 3.0, {"U": 1.0}) == 2
    assert half_space.missing({"beta": half}, 3.0, {"U": 1.0}) is None
    assert half_space.missing({"beta": half}, 4.0, {"S": 0.5, "U": 1.0}) == 2
    third = Fraction(1, 3)
    near = half_space.rounded_down(third)
    assert Fraction(near) <= third < Fraction(math.nextafter(near, 1))
    above = Fraction(2, 3) if Fraction(2 / 3) > Fraction(2, 3) else Fraction(1, 10)
    assert Fraction(half_space.rounded_down(above)) < above and half_space.rounded_down(half) == 0.5


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
    for claim, code in ((["-R", "0.01", "-C", "0.3"], 1), (["-R", "1.2", "-C", "1.3"], 0)):
        done = run.invoke(main, ["audit", "--example", "hair-eye", *claim, "--json", str(path)])
        assert done.exit_code == code, done.output
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
