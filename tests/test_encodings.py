"""Standard output in encodings that lack Greek and boxes, and where nothing can be written to it."""

import errno
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.cli.encodings import spell

COMMANDS = {
    "tour": ["tour", "--out", "tour"],
    "equations": ["equations"],
    "equation": ["equations", "5"],
    "maxwell": ["maxwell", "--json", "maxwell.json"],
    "check": ["check", "w.json", "--json", "check.json"],
    "relax": ["relax", "w.json", "--sigma", "1/2", "--json", "relax.json"],
    "learn": ["learn", "w.json", "--sigma", "1", "--json", "learn.json"],
    "encoders": ["encoders", "--example", "hair-eye", "--json", "encoders.json"],
    "frontier": ["frontier", "--example", "hair-eye", "--gamma", "4", "--json", "frontier.json"],
    "audit": ["audit", "--example", "hair-eye", "-R", "0.9", "-C", "1.2", "--json", "audit.json"],
    "prove": ["prove", "I(X;Y) >= 0", "--json", "prove.json"],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2)).save(tmp_path / "w.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


CASES = [(name, "ascii") for name in COMMANDS] + [
    (name, encoding) for name in ("equations", "check") for encoding in ("latin-1", "cp1252")
]


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_every_command_prints_in_every_encoding(folder, name, encoding):
    runner = CliRunner(charset=encoding)
    result = runner.invoke(main, COMMANDS[name])
    assert result.exit_code == 0, result.stderr
    text = result.stdout_bytes.decode(encoding)
    assert text and "?" not in text  # every character has a name, none is only replaced
    rows = [line for line in text.splitlines() if line.startswith("|")]
    tables = {line for line in text.splitlines() if line.startswith("+")}
    assert {len(line) for line in rows} <= {len(line) for line in tables}  # a name is measured before it is set


def test_characters_have_names_or_likenesses():
    assert spell("I(Θ;Φᵢ) ≤ −∞ … Xᴺ é", "ascii") == "I(Theta;Phi_i) <= -inf ... X^N e"
    assert spell("é ±Θ", "latin-1") == "é ±Theta"
    assert spell("\ud800 \U0001f600", "utf-8") == "? \U0001f600"


def test_the_locale_c_without_utf8_mode(folder):
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "therml_exact", "equations"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "Theta" in done.stdout.decode("ascii")


def broken(stream):
    """Whether a write to this device fails, as the tests below need it."""
    try:
        with open(stream, "w") as file:
            file.write("x")
    except OSError as error:
        return error.errno == errno.ENOSPC
    return False


@pytest.mark.skipif(not broken("/dev/full"), reason="no /dev/full here: the device that is always full")
@pytest.mark.parametrize("name", ["encoders", "frontier", "audit", "prove", "equation"])
def test_a_full_disk_behind_standard_output_costs_no_result(folder, name):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "therml_exact", *COMMANDS[name]]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert (
        done.stderr.startswith("Error: standard output cannot be written: No space left") and "Usage" not in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1
    if "--json" in COMMANDS[name]:
        assert json.loads((folder / COMMANDS[name][-1]).read_text())["format"].startswith("therml-exact/")


@pytest.mark.parametrize("name", [name for name in COMMANDS if "--json" in COMMANDS[name]])
def test_files_are_there_before_anything_is_printed(folder, monkeypatch, name):
    """A console that fails at its first word."""
    from rich.console import Console

    def fail(self, *words, **settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Console, "print", fail)
    monkeypatch.setattr(os, "dup2", lambda *handles: None)
    result = CliRunner().invoke(main, COMMANDS[name])
    assert result.exit_code == 1 and "standard output" in result.stderr
    assert json.loads((folder / COMMANDS[name][-1]).read_text())["format"].startswith("therml-exact/")


def test_a_character_that_cannot_be_written_is_no_bad_input(folder, monkeypatch):
    from rich.console import Console

    monkeypatch.setattr(Console, "print", lambda *words, **settings: "\u0398".encode("ascii"))
    result = CliRunner().invoke(main, ["check", "w.json"])
    assert result.exit_code == 1 and "PYTHONIOENCODING" in result.stderr and "Usage" not in result.stderr
