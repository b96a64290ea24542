"""What the command line prints in windows of any width, through pipes, and in bits; its exit codes."""

import io
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.cli.terminal import gap_in_unit, in_unit, outwards, print_table

HAIR = str(Path(tx.__file__).parent / "data" / "hair_eye_color.csv")
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
ROWS = [["1", "0", "4.91787", "0.404759", "1.39347", "certified"], ["1", "0", "1e+06", "-1.2e-300", "0", "open"]]
HEADINGS = ("rho", "delta", "gamma", "R (nats)", "the world's own value (nats)", "status")


def run(*arguments, width=None):
    env = {"COLUMNS": str(width)} if width else {}
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False, env=env)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2)).save(folder / "w.json")
    tx.examples.hair_eye().marginal("Hair", "Eye").save(folder / "joint.txt")
    (folder / "d.txt").write_text("a,b\nu,0\nu,1\nv,1\nv,1\nw,0\n")
    return folder


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_a_table_shortens_no_number_at_any_width(width):
    console = Console(width=width, record=True, file=io.StringIO())
    print_table(console, "A title", HEADINGS, ROWS, texts=[5])
    text = console.export_text()
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    words = set(re.split(r"[\s│]+", text))
    assert {cell for row in ROWS for cell in row} <= words


def test_long_texts_wrap_before_a_table_becomes_records():
    console = Console(width=80, record=True, file=io.StringIO())
    print_table(console, "A title", ("eq", "relation", "slack"), [["(1)", "word " * 30, "0.125"]], texts=[1], lead=2)
    lines = console.export_text().splitlines()
    assert any(line.split("│")[-2:] == [" 0.125 ", ""] for line in lines) and len(lines) > 5


COMMANDS = {
    "frontier": ["frontier", "--example", "hair-eye", "--gamma", "4", "--gamma", "8"],
    "encoders": ["encoders", "--example", "hair-eye"],
    "relax": ["relax", "w.json", "--sigma", "1/2"],
    "check": ["check", "w.json"],
    "audit": ["audit", "--example", "hair-eye", "-R", "0.3", "-C", "1.1"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_number_is_lost_in_a_narrow_window(files, monkeypatch, name):
    monkeypatch.chdir(files)
    # A narrow window drops the two sides of a relation, and keeps its slack.
    wide = run(*COMMANDS[name], width=109 if name == "check" else 200).output
    numbers = set(NUMBER.findall(wide))
    assert numbers and "…" not in wide
    for width in (60, 80, 109 if name == "check" else 120):
        text = run(*COMMANDS[name], width=width).output
        assert max(map(len, text.splitlines())) <= width
        assert set(NUMBER.findall(text)) == numbers and "…" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_bits_are_nats_divided_by_log_2_and_named_once(files, monkeypatch, name):
    monkeypatch.chdir(files)
    in_nats, in_bits = COMMANDS[name], [*COMMANDS[name], "--unit", "bits"]
    if name == "audit":
        in_bits = ["audit", "--example", "hair-eye", "-R", 0.3 / math.log(2), "-C", 1.1 / math.log(2), "--unit", "bits"]
    nats, bits = run(*in_nats).output, run(*in_bits).output
    assert "nats" in nats and "bits" not in nats
    assert "bits" in bits and "nats" not in bits
    heads = [line for line in bits.splitlines() if "(bits)" in line]
    assert not any("in bits" in line for line in bits.splitlines()) or not heads or name == "relax"


def test_prove_and_verify_speak_bits(tmp_path):
    assert "-log 2 = -0.693147 nats" in run("prove", "H(A) <= H(B)").output
    assert "-log 2 = -1 bits" in run("prove", "H(A) <= H(B)", "--unit", "bits").output
    o = tx.minimize(tx.EncoderProblem(tx.examples.binary_symmetric(0.1)), gamma=4)
    (tmp_path / "c.json").write_text(json.dumps(o.certificate))
    low, high = map(
        float,
        re.findall(
            r"valid: (\S+) <= minimum <= (\S+) bits", run("verify", tmp_path / "c.json", "--unit", "bits").output
        )[0],
    )
    assert low * math.log(2) <= o.value and o.lower_bound <= high * math.log(2) and high - low < 2e-8


def test_one_format_of_numbers():
    assert in_unit(1 / 3, "nats") == "0.333333" and in_unit(math.log(2), "bits") == "1" and in_unit(0.0, "bits") == "0"
    assert gap_in_unit(0.0, "nats") == "0"
    for gap in (1.01e-9, 0.1, 0.123, 1e-300, 7.77):
        assert gap <= float(gap_in_unit(gap, "nats")) <= 1.1 * gap
    for value in (0.1, 1 / 3, 1e-12, 1234.5678901234, 0.0):
        for unit, scale in (("nats", 1.0), ("bits", math.log(2))):
            low, high = outwards(value, value, unit)
            assert float(low) * scale <= value * (1 + 1e-15) and value * (1 - 1e-15) <= float(high) * scale
            assert len(low.strip("-").replace(".", "").lstrip("0").partition("e")[0]) <= 10


def test_a_result_goes_through_a_pipe(files):
    """--json - is standard output, and what is told goes to standard error."""
    command = [sys.executable, "-m", "therml_exact"]
    made = subprocess.run([*command, "prove", "H(A) <= H(A,B)", "--json", "-"], capture_output=True, check=True)
    assert json.loads(made.stdout)["format"] == "therml-exact/proof" and b"proved" in made.stderr
    read = subprocess.run([*command, "verify", "-"], input=made.stdout, capture_output=True, check=True)
    assert read.stdout.startswith(b"valid")
    broken = subprocess.run([*command, "verify", "-"], input=b'{"a": 1}', capture_output=True)
    assert broken.returncode == 1 and b"Traceback" not in broken.stderr


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["encoders", "--example", "hair-eye"], "hard_frontier"),
        (["frontier", "--example", "hair-eye", "--gamma", "4"], "frontier"),
        (["audit", "--example", "hair-eye", "-R", "0.6", "-C", "2"], "audit"),
        (["check", "w.json"], "bounds"),
        (["relax", "w.json"], "relaxation"),
    ],
)
def test_every_result_can_go_to_standard_output(files, monkeypatch, arguments, kind):
    monkeypatch.chdir(files)
    done = run(*arguments, "--json", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["format"] == f"therml-exact/{kind}"
    assert done.stderr and "wrote" not in done.stderr


def test_a_file_is_read_by_what_it_holds_not_by_its_name(files):
    """encoders took d.txt for a table, and audit for a joint."""
    for command in ("encoders", "frontier", "audit"):
        more = {"audit": ["-C", "2"], "frontier": ["--gamma", "2"]}.get(command, [])
        done = run(command, files / "d.txt", "--x", "a", "--y", "b", *more)
        assert done.exit_code == 0, done.output
        assert run(command, files / "joint.txt", *more).exit_code == 0
        assert "name its columns with --x, --y" in run(command, files / "d.txt", *more).output
        refused = run(command, files / "joint.txt", "--x", "a", *more)
        assert refused.exit_code == 2 and "--x belongs to CSV files" in refused.output
        same = run(command, files / "d.txt", "--x", "a", "--y", "a", *more)
        assert same.exit_code == 2 and "each takes a column of its own" in same.output


def test_a_place_that_cannot_be_written_is_refused_before_the_search(monkeypatch):
    def never(*_):
        raise AssertionError("it searched")

    monkeypatch.setattr("therml_exact.frontier.hard.deterministic_frontier", never)
    done = run("encoders", "--example", "hair-eye", "--json", "/no/such/folder/f.json")
    assert done.exit_code == 2 and "does not exist" in done.output


def test_exit_codes(files, tmp_path):
    for claim, code in (({"-R": 0.3, "-C": 1.1}, 1), ({"-R": 0.6, "-C": 2}, 0)):
        assert run("audit", "--example", "hair-eye", *(x for pair in claim.items() for x in pair)).exit_code == code
    assert run("prove", "I(A;B) >= 0").exit_code == 0
    assert run("prove", "H(A) <= 0").exit_code == 1
    assert run("prove", "I(A;B) <= I(A;B|C) + H(C)", "--time-limit", "1e-9").exit_code == 3
    assert run("prove", "H(A) >= 0", "--out", tmp_path / "a", "--json", tmp_path / "b").exit_code == 2


def test_open_optima_are_called_open(tmp_path):
    path = tmp_path / "f.json"
    done = run("frontier", "--example", "hair-eye", "--gamma", 5, "--tol", "1e-15", "--json", path)
    assert "Certified" not in done.output and "1 point, 1 of them open" in done.output
    assert "1 of 1 are open: rounding; take a larger tol" in done.output
    verified = run("verify", path)
    assert (
        verified.exit_code == 0 and "1 certificates hold" in verified.output and "1 of them is open" in verified.output
    )


def test_the_package_runs_as_a_module_and_tells_of_completion():
    done = subprocess.run([sys.executable, "-m", "therml_exact", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: python -m therml_exact") and "_THERML_COMPLETE=bash_source" in done.stdout
    env = os.environ | {"_THERML_COMPLETE": "bash_source"}
    made = subprocess.run(
        [sys.executable, "-c", "from therml_exact.cli import main; main(prog_name='therml')"],
        capture_output=True, text=True, env=env, check=True,
    )  # fmt: skip
    assert "_therml_completion" in made.stdout


def test_a_volume_that_is_nothing_is_refused():
    """It drew one dot."""
    done = run("frontier", "--example", "hair-eye", "--volume")
    assert done.exit_code == 2 and "V = R + D - H(X) is 0 for every encoder" in " ".join(done.output.split())


def test_an_audit_tells_its_distance_as_tightly_as_asked():
    claim = ["audit", "--example", "hair-eye", "-R", "0.6", "-C", "1.3"]
    low, high = map(float, re.findall(r"suboptimal by \[(\S+), (\S+)\]", run(*claim, "--tol", "1e-8").output)[0])
    assert 0 < high - low + 1e-7 < 2e-7
    assert run(*claim, "--tol", "0").exit_code == 2
