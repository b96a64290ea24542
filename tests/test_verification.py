"""One door for all certificates: every kind passes through it, and nothing hostile gets further."""

import json

import numpy as np
import pytest

import therml_exact as tx

MAPS = tx.encoders.deterministic(2, 2)
RULE = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1, MAPS)
JOINT = tx.JointProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], n=1, theta_size=2, z_size=2)
ENCODER = tx.EncoderProblem(tx.examples.binary_symmetric(0.1))


def certificates():
    return {
        "optimum": tx.minimize(ENCODER, gamma=3).certificate,
        "rule": tx.minimize(RULE, gamma=3, sigma=0.1, tol=1e-6).certificate,
        "joint": tx.minimize(JOINT, gamma=3, delta=0.5).certificate,
        "proof": tx.prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P", n=1).certificate,
    }


@pytest.mark.parametrize("kind", ["optimum", "rule", "joint", "proof"])
def test_every_kind_passes_from_memory_and_from_a_file(kind, tmp_path):
    certificate = certificates()[kind]
    path = tmp_path / "c.json"
    path.write_text(json.dumps(certificate))
    for given in (certificate, path, str(path)):
        assert tx.verify(given).valid, tx.verify(given).reason


def test_a_certificate_is_held_against_the_problem_that_is_asked_for():
    c = certificates()
    assert tx.verify(c["optimum"], ENCODER).valid and tx.verify(c["rule"], RULE).valid
    assert not tx.verify(c["optimum"], tx.EncoderProblem(tx.examples.binary_symmetric(0.2))).valid
    assert not tx.verify(c["optimum"], RULE).valid
    assert not tx.verify(c["rule"], ENCODER).valid
    assert not tx.verify(c["proof"], ENCODER).valid


@pytest.mark.parametrize(
    "given",
    [None, 3, [], {}, {"format": None}, {"format": ["therml-rule-1"]}, "no such file.json", np.zeros(3), b"bytes"],
)
def test_what_is_no_certificate_is_not_valid(given):
    found = tx.verify(given)
    assert not found.valid and found.reason and found.value is None


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", "[" * 100_000, '{"format": "therml-frontier-2"}', '{"format": NaN}', "\xff"]
)
def test_files_that_are_no_certificates(text, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(text, encoding="latin-1")
    assert not tx.verify(path).valid
