"""One door for all certificates: every kind passes through it, and nothing hostile gets further."""

import hashlib
import json
import math

import numpy as np
import pytest
from flint import ctx

import therml_exact as tx
from therml_exact.numbers.balls import MovedError
from therml_exact.verification import (
    Clock,
    Proven,
    RefusedError,
    UnfinishedError,
    Verification,
    bracketed,
    judge,
    number,
    require,
    told,
)

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


# ---- what a check raises, and what is told


def ends_with(error):
    def check(clock):
        raise error

    return judge(check)


def test_whatever_a_check_raises_has_a_verdict():
    told = {
        RefusedError("no"): ("not valid", "no"),
        UnfinishedError("not checked: too long"): ("not checked", "not checked: too long"),
        MovedError("moved"): ("not checked", "not checked: moved"),
        MemoryError(): ("not checked", "not checked: too large for the memory"),
        RecursionError(): ("not valid", "malformed: nested too deeply"),
        KeyError("value"): ("not valid", "malformed: KeyError: value"),
        ZeroDivisionError(): ("not valid", "malformed: ZeroDivisionError: "),
    }
    for error, (verdict, reason) in told.items():
        found = ends_with(error)
        assert (found.valid, found.verdict, found.reason) == (False, verdict, reason)
        assert found.value is None and found.lower_bound is None and found.claim == "" and not found


def test_reasons_are_short_and_printable():
    for length in (399, 400, 401, 10_000):
        reason = ends_with(RefusedError("x" * length)).reason
        assert len(reason) == min(length, 400) and reason.endswith("..." if length > 400 else "x")
        assert len(ends_with(ValueError("x" * length)).reason) <= 400
    assert ends_with(RefusedError("a\x1b[31m\nb")).reason == "a?[31m?b"


def test_what_is_proved_is_passed_on():
    found = judge(lambda clock: Proven(2.0, 1.0, "it holds", "a problem"))
    assert found == Verification(True, 2.0, 1.0, "it holds", "valid", "a problem") and found


def test_a_check_computes_in_balls_of_128_bits():
    seen = []
    judge(lambda clock: seen.append(ctx.prec) or Proven(None, None, "", ""))
    assert seen == [128]


def test_time():
    Clock(None).tick()
    Clock(1e6).tick()
    with pytest.raises(UnfinishedError, match="-1 seconds were not enough"):
        Clock(-1).tick()
    assert judge(lambda clock: Proven(clock.seconds, None, "", "")).value == 600.0


def test_the_time_is_over_when_more_than_it_has_passed(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    clock = Clock(2.0)
    for now, over in ((5.0, False), (7.0, False), (7.5, True)):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        if not over:
            clock.tick()
            continue
        with pytest.raises(UnfinishedError):
            clock.tick()


def test_requirements_hold_only_where_they_are_true():
    require(True, "")
    for value in (False, None, 1, "true", [1]):
        with pytest.raises(RefusedError, match="why"):
            require(value, "why")


def test_numbers_are_numbers():
    for value in (0, -3, 1.5, 1.7e308):
        assert number(value, "x") == value and type(number(value, "x")) is float
    for value in (True, "1", None, 10**400, [1.0], 1.75e308, -1.75e308):
        with pytest.raises(RefusedError, match="which is no number"):
            number(value, "x")


def test_values_and_bounds_are_bracketed_exactly():
    """1 + 2^-52 - 1 = 2^-52: the gap is decided without rounding, also where floats would lose it."""
    ulp = 2.0**-52
    bracketed(1.0 + ulp, 1.0, "certified", ulp)
    bracketed(1.0, 1.0, "certified", 0.0)
    bracketed(None, 1.0, "open", 0.0)
    bracketed(2.0, 1.0, "open", 0.0)
    bracketed(1.0, -1e-30, "certified", 1.0 + ulp)
    refused = {
        (1.0 + ulp, 1.0, "certified", math.nextafter(ulp, 0)): "the gap exceeds",
        (1.0, -1e-30, "certified", 1.0): "the gap exceeds",  # 1 + 1e-30 is 1 in floats
        (1.0, 1.0 + ulp, "open", 1.0): "above the value",
        (None, 1.0, "certified", 1e300): "the gap exceeds",
        (1.0, 1.0, "certified", -5e-324): "is negative",
    }
    for given, reason in refused.items():
        with pytest.raises(RefusedError, match=reason):
            bracketed(*given)


def test_the_claim_tells_the_whole_problem_but_for_long_tables():
    cells = [str(k) for k in range(1, 25)]
    short = {"kind": "encoder", "axes": ["X", "Y"], "shape": [4, 6], "cells": cells}
    text = told(short, {"multipliers": {"rho": "1", "gamma": (2.5).hex()}, "points": "3"})
    assert text.splitlines()[0] == "problem: encoder"
    assert text.splitlines()[1] == f"p(X, Y): 4 x 6: {', '.join(cells)}"
    assert text.splitlines()[2].startswith("sha256 of the problem: ") and len(text.splitlines()[2]) == 39
    assert text.splitlines()[3:] == ["multipliers: rho = 1, gamma = 2.5", "points: 3"]
    long = {**short, "shape": [5, 5], "cells": [*cells, "25"]}
    assert f"p(X, Y): 5 x 5: {', '.join(cells)}, ... (25 cells)" in told(long, {})
    other = {**long, "cells": [*cells, "26"]}
    assert told(long, {}).splitlines()[:2] == told(other, {}).splitlines()[:2] and told(long, {}) != told(other, {})
    bayes = {"kind": "bayes", "phi": {"shape": [2], "cells": ["1/2", "1/2"]}, "n": 3}
    assert told(bayes, {}).splitlines()[:3] == ["problem: bayes", "phi: 2: 1/2, 1/2", "n: 3"]
    for length in (400, 401):
        line = told(bayes, {"note": "n" * length}).splitlines()[-1]
        assert len(line) == len("note: ") + 400 and line.endswith("..." if length > 400 else "n")
    assert hashlib.sha256(json.dumps(bayes, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16] in told(
        bayes, {}
    )
