"""Small files that would hang or fill the memory are refused, or said to be unfinished, before the work is done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import RULE, SYMMETRIC

import therml_exact as tx
from therml_exact.files import plain, read_json

MOST = 300 * 1024  # KiB that verifying may add to the process


def test_every_hostile_file_is_answered_in_bounded_memory(tmp_path):
    """None is valid, every message is short; a hang ends in the timeout, which is not a measure of speed."""
    script = Path(__file__).with_name("hostile.py")
    subprocess.run([sys.executable, script, "write", tmp_path], check=True, timeout=600)
    run = [sys.executable, script, "check", tmp_path]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["valid"] == [], done.stderr
    assert told["after"] - told["before"] < MOST, done.stderr


def test_a_check_that_takes_too_long_has_a_verdict_of_its_own():
    certificate = tx.minimize(SYMMETRIC, gamma=5).certificate
    found = tx.verify(certificate, time_limit=0)
    assert not found.valid and found.verdict == "not checked" and "too long" in found.reason
    assert tx.verify(certificate, time_limit=None).verdict == "valid"
    rule = tx.minimize(RULE, gamma=3, sigma=0.1, tol=1e-6).certificate
    assert tx.verify(rule, time_limit=0).verdict == "not checked"
    proof = tx.prove("I(X;Y) <= H(X)").certificate
    assert tx.verify(proof, time_limit=0).verdict == "not checked"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_or_a_device_is_not_read(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ValueError, match="no regular file"):
            read_json(path)
        with pytest.raises(ValueError, match="no regular file"):
            tx.load(path)
        with pytest.raises(ValueError, match="no regular file"):
            tx.Joint.from_csv(path, ["X", "Y"])
        assert "no regular file" in tx.verify(path).reason


STRICT = {
    "twice": '{"a": 1, "a": 1}',
    "infinite": '{"a": 1e400}',
    "constant": '{"a": Infinity}',
    "nul": '{"a": "x\\u0000"}',
    "escape": '{"a\\u001b": 1}',
    "half a character": '{"a": "\\ud800"}',
    "long integer": '{"a": ' + "1" * 5000 + "}",
    "a list": "[1]",
    "deep": '{"a": ' + "[" * 100 + "]" * 100 + "}",
}


@pytest.mark.parametrize("kind", STRICT)
def test_one_strict_reader_for_all(kind, tmp_path):
    path = tmp_path / "file.json"
    path.write_text(STRICT[kind])
    with pytest.raises(ValueError, match=r"file\.json"):
        read_json(path)
    assert not tx.verify(path).valid


def test_a_certificate_with_a_field_twice_is_refused_whichever_is_true(tmp_path):
    """Readers that take the last of two equal names would verify one number and print another."""
    certificate = tx.minimize(SYMMETRIC, gamma=5).certificate
    text = json.dumps(certificate)
    path = tmp_path / "twice.json"
    path.write_text('{"value": "0x0.0p+0", ' + text[1:])
    assert "twice" in tx.verify(path).reason


@pytest.mark.parametrize("value", [Path("x"), iter([1]), {1: 2}, {"a": float("nan")}, {"a": {1, 2}}, {"a": 1j}, b"x"])
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(ValueError):
        plain({"certificate": value} if not isinstance(value, dict) else value)


def test_a_structure_that_contains_itself_ends():
    loop: dict[str, object] = {}
    loop["a"] = loop
    with pytest.raises(ValueError, match="levels deep"):
        plain(loop)
    assert not tx.verify(loop).valid


def test_a_path_inside_a_certificate_is_not_followed(tmp_path):
    """An audit whose certificate is the name of a file: what is verified must be in the data themselves."""
    inner = tmp_path / "c.json"
    inner.write_text(json.dumps(tx.minimize(SYMMETRIC, gamma=5).certificate))
    audit = tx.audit.point(SYMMETRIC, R=0.0, C=0.0).content(SYMMETRIC)
    content = {"format": "therml-exact/audit", "version": 2, **audit}
    assert tx.verify(json.loads(json.dumps(content))).valid
    assert not tx.verify({**content, "certificate": str(inner)}).valid
    assert not tx.verify({**content, "certificate": inner}).valid
