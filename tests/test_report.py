"""The report: sections as plain data, a page that fetches nothing and escapes what it is given, runs that resume."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import interruptible
import pytest
from depth import mostly_deep
from matplotlib.figure import Figure

import therml_exact as tx
from therml_exact import functional
from therml_exact.files import jsonable
from validation import beside as together
from validation import child, equations, random_worlds, text_claims
from validation import run as running
from validation.page import render
from validation.run import PARTS, Journal
from validation.section import Claim, Section, Table, cell_text, picture

pytest.importorskip("jinja2", reason="the report needs jinja2: pip install 'therml_exact[validation]'")
ROOT = Path(__file__).parents[1]


def no_progress(what, total):
    return lambda: None


def example():
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, 1], [0, 1])
    return Section(
        "A title & more",
        "First <script>alert(1)</script> paragraph.\n\nSecond.",
        (
            Table(
                "Numbers",
                ("name", "value, nats"),
                (("<b>", 0.5), ("n", 12_345), ("yes", True), ("none", None)),
                "a note",
            ),
        ),
        (picture("A line", figure, "It rises."),),
        (Claim("(1)", "1 < 2", "proved", "certificate"),),
        missing=("a peer: not installed",),
    )


@contextmanager
def opened(place, chosen, full=False, fresh=False):
    """A journal as one process has it: its lock ends with it."""
    journal = Journal.open(place, full, chosen, fresh)
    with journal.lock:
        yield journal


def page(tmp_path, section):
    with opened(tmp_path / "parts", ["one"]) as journal:
        journal.sections["one"], journal.seconds["one"] = section, 1.0
        return render(journal.summary(), journal.sections)


def test_sections_survive_json():
    section = example()
    assert Section.of(json.loads(json.dumps(jsonable(asdict(section))))) == section


def test_pictures_are_the_same_bytes_twice():
    assert example().pictures == example().pictures


def test_bad_tables_and_verdicts_are_refused():
    with pytest.raises(ValueError, match="1 cells under 2 headings"):
        Table("t", ("a", "b"), ((1,),))
    with pytest.raises(ValueError, match="'surely'"):
        Claim("(1)", "says", "surely", "")


@pytest.mark.parametrize(
    ("cell", "text"), [(None, "–"), (True, "yes"), (12_345, "12,345"), (0.123456789, "0.12346"), ("a", "a")]
)
def test_cells(cell, text):
    assert cell_text(cell) == text


def test_the_page_fetches_nothing_and_escapes_everything(tmp_path):
    html = page(tmp_path, example())
    assert "<script" not in html and "&lt;script&gt;" in html and "&lt;b&gt;" in html
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#|data:)""", html) and "@import" not in html
    assert "Every check of this run passed." in html and "a peer: not installed" in html
    assert "12,345" in html and "1 &lt; 2" in html


def test_failures_are_shown_first(tmp_path):
    html = page(tmp_path, Section("t", "text", failures=("a bound is broken",)))
    assert "Something contradicts" in html and "a bound is broken" in html and "Every check" not in html


@pytest.fixture
def parts(monkeypatch):
    """Two parts that are quick: one counts its calls, the other breaks when it is told to."""
    calls = []

    class Module:
        @staticmethod
        def section(full, folder, start):
            calls.append(folder.name)
            if folder.name == "breaks" and len(calls) == 1:
                raise RuntimeError("no luck")
            return Section(folder.name, f"text of {folder.name}")

    monkeypatch.setattr(running, "PARTS", {"counts": "counts", "breaks": "breaks"})
    monkeypatch.setattr(running, "import_module", lambda name: Module)
    return calls


def test_an_interrupted_run_goes_on_and_another_one_does_not(tmp_path, parts):
    place, chosen = tmp_path / "parts", ["counts", "breaks"]
    with opened(place, chosen) as first:
        first.compute("counts", no_progress)
    with opened(place, chosen) as again:
        assert again.resumed == 1 and list(again.sections) == ["counts"] and again.started == first.started
    with opened(place, chosen, full=True) as other:
        assert other.sections == {}, "another mode starts anew"
    assert not (place / "counts.json").exists()


def test_paragraphs_and_pictures_are_read_back(tmp_path, monkeypatch):
    """Texts with ends of lines once were refused as control characters, and such parts computed again."""
    module = type("Module", (), {"section": staticmethod(lambda full, folder, start: example())})
    monkeypatch.setattr(running, "import_module", lambda name: module)
    with opened(tmp_path / "p", ["equations"]) as journal:
        journal.compute("equations", no_progress)
    with opened(tmp_path / "p", ["equations"]) as again:
        assert again.sections == {"equations": example()}


def test_a_part_is_claimed_once_and_claims_end_with_the_run(tmp_path, parts):
    place, chosen = tmp_path / "p", ["counts"]
    with opened(place, chosen) as journal:
        assert journal.claim("counts") and not journal.claim("counts")
    with opened(place, chosen) as again:
        assert again.resumed and again.claim("counts")


def test_two_processes_share_the_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    told = []

    def start(what, total):
        told.append(what)
        return lambda: told.append(f"{what}: on")

    chosen = ["resampled_priors", "mutants", "benchmarks"]
    with opened(tmp_path / "p", chosen) as journal:
        assert journal.claim("mutants")
        with together.beside(journal, start) as wait:
            wait()
        journal.read("resampled_priors")
        assert list(journal.sections) == ["resampled_priors"] and not journal.broken
        assert not (tmp_path / "p" / "benchmarks.json").exists(), "times are measured by the first process, alone"
        assert told[0] == "resampled priors" and f"{told[0]}: on" in told


def test_an_error_of_the_second_process_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with opened(tmp_path / "p", ["resampled_priors", "mutants"]) as journal:
        assert journal.claim("mutants")
        (tmp_path / "p" / "resampled_priors").touch()  # where its folder should be
        with together.beside(journal, no_progress) as wait:
            wait()
        journal.read("resampled_priors")
        assert journal.sections == {}


def test_fresh_forgets(tmp_path, parts):
    with opened(tmp_path / "p", ["counts"]) as journal:
        journal.compute("counts", no_progress)
    with opened(tmp_path / "p", ["counts"], fresh=True) as journal:
        assert journal.sections == {}


def test_a_broken_part_is_named_and_does_not_stop_the_others(tmp_path, parts):
    with opened(tmp_path / "p", ["breaks", "counts"]) as journal:
        journal.compute("breaks", no_progress)
        journal.compute("counts", no_progress)
        assert journal.broken == {"breaks": "RuntimeError: no luck"} and list(journal.sections) == ["counts"]
        assert "no luck" in render(journal.summary(), journal.sections)


def damaged(whole):
    """Files that a part can be found as: cut off, of other types, edited by hand, of another part."""
    content = json.loads(whole)
    yield from (b"", b"\xff\xfe", whole[: len(whole) // 2].encode(), b"null", b"[]", b"{}")
    section = content["section"]
    for change in (
        {"section": None}, {"section": {**section, "text": 2}}, {"section": {**section, "tables": [[]]}},
        {"seconds": "<b>"}, {"section": {**section, "failures": []}, "sha256": "0" * 64},
    ):  # fmt: skip
        yield json.dumps({**content, **change}).encode()


def test_a_damaged_part_is_computed_again(tmp_path, parts):
    place = tmp_path / "p"
    with opened(place, ["counts"]) as journal:
        journal.compute("counts", no_progress)
    whole = (place / "counts.json").read_text()
    for content in damaged(whole):
        (place / "counts.json").write_bytes(content)
        with opened(place, ["counts"]) as again:
            assert again.sections == {} and again.resumed
    (place / "counts.json").unlink()
    (place / "counts.json").mkdir()
    with opened(place, ["counts"]) as again:
        assert again.sections == {}


def test_a_part_of_another_version_is_not_read(tmp_path, parts, monkeypatch):
    # Behind a link the folder cannot be removed: old parts once came back under a new fingerprint.
    (tmp_path / "real").mkdir()
    (tmp_path / "p").symlink_to(tmp_path / "real")
    with opened(tmp_path / "p", ["counts"]) as journal:
        journal.compute("counts", no_progress)
    old = (tmp_path / "real" / "counts.json").read_text()
    with opened(tmp_path / "p", ["counts"], full=True) as other:
        assert other.sections == {} and not (tmp_path / "real" / "counts.json").exists()
    (tmp_path / "real" / "counts.json").write_text(old)
    with opened(tmp_path / "p", ["counts"], full=True) as other:
        assert other.resumed and other.sections == {}


@pytest.mark.skipif(os.name != "posix", reason="locks are those of POSIX")
def test_two_runs_do_not_share_a_journal(tmp_path):
    with opened(tmp_path / "p", []), pytest.raises(ValueError, match="another run is at work"):
        Journal.open(tmp_path / "p", False, [], False)
    with opened(tmp_path / "p", []) as journal:
        assert journal.resumed


def test_data_and_templates_are_part_of_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "ROOT", tmp_path)
    (tmp_path / "therml_exact" / "__pycache__").mkdir(parents=True)
    prints = [running.fingerprint(False, [])]
    for name, changes in (("data.csv", True), ("__pycache__/kernel.nbi", False), ("page.html.jinja", True)):
        (tmp_path / "therml_exact" / name).write_text("1")
        prints.append(running.fingerprint(False, []))
        assert (prints[-1] != prints[-2]) == changes


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    place = tmp_path / "r.html.parts"
    place.mkdir()
    (place / "mine.txt").write_text("precious")
    with pytest.raises(ValueError, match="no journal"):
        Journal.open(place, False, [], False)
    assert (place / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("content", ['{"key": ', "[]", "{}", '{"key": "KEY", "started": "now", "resumed": "x"}'])
def test_a_damaged_journal_is_refused_by_its_text(tmp_path, content):
    place = tmp_path / "p"
    place.mkdir()
    (place / "run.json").write_text(content.replace("KEY", running.fingerprint(False, [])))
    with pytest.raises(ValueError, match=r"is damaged .* --fresh starts anew"):
        Journal.open(place, False, [], False)
    with opened(place, [], fresh=True) as journal:
        assert not journal.resumed


def test_tests_that_do_not_run_are_an_error(tmp_path, monkeypatch):
    (tmp_path / "tests.xml").write_text("<testsuites/>")  # of an interrupted run
    monkeypatch.setattr(child.sys, "executable", "/bin/false" if os.name == "posix" else "false")
    with pytest.raises(RuntimeError, match="the tests did not run"):
        equations.outcomes_of_tests(tmp_path)


def test_a_place_without_tests_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(equations, "ROOT", tmp_path)
    with pytest.raises(RuntimeError, match="not found: tests/"):
        equations.outcomes_of_tests(tmp_path)


def test_tests_run_from_any_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    (first,) = (e for e in tx.EQUATIONS if e.number == 1)
    monkeypatch.setattr(equations.tx, "EQUATIONS", (first,))
    passed, ran = equations.outcomes_of_tests(Path("parts"))[first.test]
    assert passed == ran > 0 and not (ROOT / "parts").exists()


def run(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "validation", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_command_writes_a_page(tmp_path):
    done = run("--only", "resampled_priors", "--only", "inequalities", "--out", "r.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "r.html").read_text()
    assert "Priors fitted to one data set" in html and "proofs and refutations" in html
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"], "the journal is gone"


def test_bad_arguments(tmp_path):
    done = run("--only", "nonsense", cwd=tmp_path)
    assert done.returncode == 2 and "nonsense" in done.stderr
    done = run("--out", "no/such/folder/r.html", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_folder_that_vanishes_is_no_traceback(tmp_path):
    place = tmp_path / "gone"
    place.mkdir()
    command = [sys.executable, "-m", "validation", "--only", "inequalities", "--out", str(place / "r.html")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    stop = time.monotonic() + 600
    while not (place / "r.html.parts" / "inequalities").exists() and process.poll() is None and time.monotonic() < stop:
        time.sleep(0.02)
    shutil.rmtree(place)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 1 and "cannot go on" in said and "Traceback" not in said


QUICK_PARTS = ["text_claims", "frontiers", "predictive_information", "resampled_priors"]


@pytest.mark.parametrize("name", mostly_deep(4, [*QUICK_PARTS, "inequalities", "maxwell_relations"]))
def test_parts_stand(name, tmp_path):
    section = __import__(PARTS[name], fromlist=["section"]).section(False, tmp_path, no_progress)
    assert section.failures == () and (section.claims or section.tables)


def test_a_broken_relation_turns_its_claims_and_the_run(tmp_path, monkeypatch):
    """A library whose D is too small by a thousandth: (13) and what rests on it are not said to hold."""
    monkeypatch.setattr(
        functional, "distortion", lambda *given, true=functional.distortion: true(*given) * Fraction(999, 1000)
    )
    monkeypatch.setattr(random_worlds, "WORLDS", {False: 30})
    monkeypatch.setattr(equations, "WORLDS", 30)
    monkeypatch.setattr(equations, "answers", lambda largest: ())
    monkeypatch.setattr(equations, "outcomes_of_tests", lambda folder: {e.test: (1, 1) for e in tx.EQUATIONS})
    assert random_worlds.section(False, tmp_path, no_progress).failures
    section = equations.section(False, tmp_path, no_progress)
    verdicts = {claim.where: claim.verdict for claim in section.claims}
    assert section.failures and verdicts["(13)"] == verdicts["(60)"] == "undecided" and verdicts["(56)"] == "proved"


def test_a_failed_test_turns_its_claim(tmp_path, monkeypatch):
    outcomes = {e.test: (1, 1) for e in tx.EQUATIONS} | {tx.EQUATIONS[3].test: (0, 1)}
    monkeypatch.setattr(equations, "WORLDS", 1)
    monkeypatch.setattr(equations, "answers", lambda largest: ())
    monkeypatch.setattr(equations, "outcomes_of_tests", lambda folder: outcomes)
    section = equations.section(False, tmp_path, no_progress)
    assert section.claims[3].verdict == "undecided" and any(text.startswith("(4): 0 of 1") for text in section.failures)


def test_a_claim_that_does_not_stand_is_undecided(tmp_path, monkeypatch):
    monkeypatch.setattr(text_claims, "PARTS", (lambda full: text_claims.agree.claim("3", "so", "no", difference=1.0),))
    section = text_claims.section(False, tmp_path, no_progress)
    assert [c.verdict for c in section.claims] == ["undecided"] and section.failures


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are read from /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_tests_of_a_part_end_with_the_run(tmp_path, how):
    command = interruptible.running_module(["validation", "--only", "equations"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def of_pytest(pid):
        place = Path(f"/proc/{pid}/cmdline")
        return place.exists() and b"pytest" in place.read_bytes()

    with interruptible.child(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        children, stop = Path(f"/proc/{process.pid}/task/{process.pid}/children"), time.monotonic() + 60
        found = []
        while not found and process.poll() is None and time.monotonic() < stop:
            found = [pid for pid in children.read_text().split() if of_pytest(pid)]
            time.sleep(0.05)
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    assert found and process.returncode in (1, 143) and "Traceback" not in said
    assert not any(of_pytest(pid) for pid in found)
    assert not list((tmp_path / "therml-report.html.parts" / "equations").iterdir())


def test_control_c_keeps_what_is_done(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = interruptible.running_module(["validation", "--only", "resampled_priors", "--only", "random_worlds"])
    kept = tmp_path / "therml-report.html.parts"
    stop = time.monotonic() + 120
    with interruptible.child(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not (kept / "resampled_priors.json").exists() and process.poll() is None and time.monotonic() < stop:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "the same command goes on" in said and "Traceback" not in said
    assert not (tmp_path / "therml-report.html").exists()
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "resuming: 1 of 2" in done.stderr
    assert "resumed (1&times;)" in (tmp_path / "therml-report.html").read_text()
