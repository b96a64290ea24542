"""The lessons: each runs as a script, its picture follows its sliders, and its exercises know their answers."""

import io
import math
import os
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path

import hypothesis.strategies as st
import interruptible
import pytest
from click.testing import CliRunner
from depth import mostly_deep
from hypothesis import given

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.demos import LESSONS, lecture
from therml_exact.demos.exercise import Exercise, read_number

NAMES = [lesson.name for lesson in LESSONS]
each_lesson = pytest.mark.parametrize("name", NAMES)
pytest.importorskip("marimo", reason="the lessons need marimo: pip install 'therml_exact[demo]'")


@cache
def run(name):
    """The lesson run to the end in this process: its module, and the names that its cells define."""
    module = import_module(f"therml_exact.demos.{name}")
    _, definitions = module.app.run()
    return module, definitions


def pixels(figure):
    out = io.BytesIO()
    figure.savefig(out, format="raw", dpi=40)
    return out.getvalue()


@pytest.mark.parametrize("name", mostly_deep(1, NAMES))
def test_a_lesson_is_a_script_and_a_tidy_notebook(name):
    done = subprocess.run([sys.executable, "-m", f"therml_exact.demos.{name}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    file = import_module(f"therml_exact.demos.{name}").__file__
    check = subprocess.run([sys.executable, "-m", "marimo", "check", "--strict", file], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", mostly_deep(3, NAMES))
def test_the_picture_follows_the_sliders_and_nothing_else(name):
    module, definitions = run(name)
    controls = definitions["controls"]
    values = {key: element.value for key, element in controls.items()}
    first = pixels(module.picture(**values))
    assert pixels(module.picture(**values)) == first  # the same numbers, the same picture
    moved = {}
    for key, element in controls.items():
        steps = getattr(element, "steps", None) or [getattr(element, "start", None), getattr(element, "stop", None)]
        moved |= {(key, step): {**values, key: step} for step in (steps[0], steps[-1]) if step is not None}
    assert moved, "no slider"
    assert any(pixels(module.picture(**other)) != first for other in moved.values())


@pytest.mark.parametrize("sliders", [(1, 8, 1, 0), (1, 0, 0, 10), (2, 10, 0, 3), (2, 3, 10, 10)])
def test_both_equalities_of_two_worlds_hold_and_are_not_made_to(sliders):
    module, _ = run("two_worlds")
    found = module.terms(*sliders)
    assert found["J"] == found["I_P"] - found["I_Q"] and found["KL"] >= 0
    assert sum(found[name] for name in "SRCD") == found["J"] + found["ΣH(X,Y|Φ)"] + found["KL"]


@each_lesson
def test_three_exercises_know_right_from_wrong(name):
    _, definitions = run(name)
    exercises = definitions["exercises"]
    assert len(exercises) == 3
    for exercise in exercises:
        right = float(exercise.answer())
        assert math.isfinite(right) and exercise.tolerance > 0 and exercise.hint and exercise.question
        assert exercise.check(repr(right)).startswith("✅")
        assert exercise.check(f"{right + 0.9 * exercise.tolerance!r}").startswith("✅")
        for wrong in (right + 2 * exercise.tolerance, -right - 1, 1e9):
            assert not exercise.check(repr(wrong)).startswith("✅")
            assert exercise.hint in exercise.check(repr(wrong)) or "bits" in exercise.check(repr(wrong))
        if exercise.unit == "nats" and abs(right / math.log(2) - right) > exercise.tolerance:
            assert "bits" in exercise.check(repr(right / math.log(2)))
        assert exercise.check("what?").startswith("🟡") and exercise.check(" ") == ""


def test_an_exercise_computes_its_answer_when_it_is_asked():
    asked = []
    exercise = Exercise("?", lambda: asked.append(1) or 0.5, 0.01, "", "a half")
    assert not asked and exercise.check("1/2") == "✅ Right: 0.5." and asked
    assert exercise.check("2/3") == "❌ Not 0.666667. Hint: a half"


numbers = st.integers(0, 10**6).map(str) | st.floats(0, 1e6).map(repr)
positive = st.integers(1, 10**6).map(str) | st.floats(1e-6, 1e6).map(repr)


@given(st.floats(-1e300, 1e300))
def test_what_python_prints_can_be_typed(value):
    assert read_number(repr(value)) == value


@given(numbers, positive, st.sampled_from(["", "-", "+", "−"]))
def test_a_fraction_is_read(top, bottom, sign):
    value = float(top) / float(bottom)
    assert read_number(f" {sign}{top} / {bottom}") == (-value if sign in ("-", "−") else value)


@given(numbers, positive, positive, positive, st.sampled_from(["log", "ln"]), st.sampled_from("*·"))
def test_a_multiple_of_a_logarithm_is_read(top, bottom, of, over, log, times):
    expected = float(top) / float(bottom) * math.log(float(of) / float(over))
    typed = f"{top}/{bottom}{times}{log}({of}/{over})"
    if len(typed) <= 60:
        assert read_number(typed) == pytest.approx(expected, rel=1e-12)


@given(st.text(max_size=80))
def test_whatever_is_typed_gives_a_number_or_a_value_error(text):
    try:
        value = read_number(text)
    except ValueError:
        value = 0.0
    assert math.isfinite(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log(0)",
        "1/0",
        "1e999",
        "log(1)/0",
        "1+1",
        "__import__('os')",
        "2**9",
        "log(-1)",
        "0,69",
        "1,000",
        "1 2/3",
        "1 000",
        "log(2",
        "log 2)",
        "*log(2)",
        "nan",
        "inf",
        "1_0",
        "1e400/1e400",
        "1" * 61,
        "1" * 10**6,
        "1.5 bits",
    ],
)
def test_what_is_refused(text):
    with pytest.raises(ValueError):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ln2/2", math.log(2) / 2),
        ("3ln2/2", 1.5 * math.log(2)),
        ("log 2/3", math.log(2) / 3),
        ("٣", 3),
        ("2 log 2", math.log(4)),
    ],
)
def test_a_logarithm_without_brackets_is_of_its_number_alone(text, value):
    # ln2/2 was once read as ln(2/2) = 0.
    assert read_number(text) == pytest.approx(value)


def test_what_is_typed_is_shown_as_code():
    said = Exercise("?", lambda: 0.5, 0.01, "", "a half").check("<b>`$x$*y*")
    assert "`'<b>'$x$*y*'`" in said


def test_a_question_without_an_answer_blames_nobody():
    assert Exercise("?", lambda: math.nan, 0.01, "", "").check("1").startswith("🟡")


def test_demo_cannot_copy_into_a_folder_that_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("therml_exact.cli.lessons.Path.cwd", lambda: tmp_path / "gone")
    refused = therml("two_worlds", "--edit")
    assert refused.exit_code == 2 and "cannot be written" in refused.output


def therml(*arguments):
    return CliRunner().invoke(main, ["demo", *arguments])


def test_demo_lists_the_lessons():
    listed = therml()
    assert listed.exit_code == 0 and all(name in listed.output for name in NAMES)
    unknown = therml("no_such_lesson")
    assert unknown.exit_code == 2 and all(name in unknown.output for name in NAMES)


def test_demo_without_marimo_says_what_to_install(monkeypatch):
    monkeypatch.setattr("therml_exact.cli.lessons.find_spec", lambda name: None)
    refused = therml(NAMES[0])
    assert refused.exit_code == 2 and "pip install 'therml_exact[demo]'" in refused.output


def test_demo_edits_a_copy_and_never_overwrites(tmp_path, monkeypatch):
    served = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("therml_exact.cli.lessons.serve", lambda file, *rest: served.append(file) or 0)
    shipped = Path(lecture.__file__).with_name("two_worlds.py").read_text()
    assert therml("two_worlds", "--edit").exit_code == 0
    assert served == [tmp_path / "two_worlds.py"] and served[0].read_text() == shipped
    served[0].write_text("mine")
    refused = therml("two_worlds", "--edit")
    assert refused.exit_code == 2 and "exists here" in refused.output
    assert served[0].read_text() == "mine" and len(served) == 1
    assert therml("two_worlds").exit_code == 0
    assert served[1].read_text() == shipped


def test_demo_refuses_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = therml("two_worlds", "--port", str(taken.getsockname()[1]))
    assert refused.exit_code == 2 and "in use" in refused.output


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as SIGINT to a process group")
def test_demo_serves_until_it_is_interrupted():
    command = interruptible.running_module(["therml_exact.cli", "demo", "two_worlds", "--no-browser"])
    with interruptible.child(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as server:
        said = ""
        while "access_token=" not in said:
            line = server.stdout.readline()
            assert line, said
            said += line
        time.sleep(0.5)
        os.killpg(server.pid, signal.SIGINT)  # what a terminal does
        rest, _ = server.communicate(timeout=30)
    assert server.returncode in (0, 130) and "Traceback" not in said + rest


# ---- what the lessons say in words


def test_two_worlds_the_best_learner_learns_nothing():
    lesson, _ = run("two_worlds")
    settings = [(n, listens, noise) for n in (1, 2) for listens in (0, 5, 10) for noise in (0, 3, 10)]
    for n in (1, 2):
        mismatches = {s: lesson.world(*s).mismatch() for s in settings if s[0] == n}
        floor = sum(tx.mutual_information(lesson.world(n, 0, 0), [f"X{i}", f"Y{i}"], "Phi") for i in range(1, n + 1))
        assert min(mismatches.values()) == floor  # the sharp floor (DESIGN 9), decided exactly
        assert all((value == floor) == (listens == 0) for (_, listens, _), value in mismatches.items())
        grey = {lesson.terms(*s, 0)["ΣH(X,Y|Φ)"] for s in settings if s[0] == n}
        assert len(grey) == 1
    assert all(lesson.terms(*s, 0)["KL"] == 0 < lesson.terms(*s, 10)["KL"] for s in settings if s[2] != 10)


def test_exact_bounds_only_what_is_misprinted_is_violated():
    lesson, _ = run("exact_bounds")
    for name in lesson.relations():
        verdicts = {lesson.decided(name, "listening", k, off).verdict for k in (0, 3, 5, 10) for off in (0, 5)}
        assert ("violated" in verdicts) == ("as printed" in name), name
        assert verdicts <= {"holds", "tight", "violated"}


def test_phase_transition_codes_are_born_at_gamma_c_and_s_jumps():
    lesson, _ = run("phase_transition")
    for delta in (0.0, 0.5, 0.9):
        at = lesson.critical() * (1 - delta)
        codes = [len(tx.minimize(lesson.students(), gamma=g * at, delta=delta).witness["z"]) for g in (0.99, 1.01)]
        assert codes == [1, 2]
    jump = lesson.jump()
    assert lesson.best_rule(3.2).point["S"] > jump.before > 0.7 > 1e-3 > jump.after >= lesson.best_rule(3.4).point["S"]
    assert 3.2 < jump.low < jump.high < 3.4


def test_objectives_nobody_enters_the_grey():
    lesson, _ = run("objectives")
    for name in lesson.ZOO:
        for m in (0.0, 1.0, 2.0, 6.0):
            found = lesson.optimum(name, m)
            assert found.status == "certified" and found.gap <= 1e-5
            for first, second in (("R", "C"), ("R", "D"), ("S", "C")):
                for a, b, bound in lesson.proved(first, second):
                    assert a * found.point[first] + b * found.point[second] >= bound - 1e-12
    ends = [lesson.optimum("β-VAE", m).point for m in (0.9, 1.1)]
    assert ends[0]["R"] < 1e-9 < 1.27 < ends[1]["R"] and ends[1]["D"] < 1e-9


def test_overfitting_no_bound_is_crossed_and_the_gap_is_known():
    lesson, _ = run("overfitting")
    for sigma, bias in ((0.05, 0.0), (1, 0.1), (5, 0.4)):
        for n in (1, 10, 100):
            told = lesson.told(n, sigma, bias)
            assert not told.violated and told.gap > 0 and told.I_process <= told.I_data + 1e-12
            if "Gibbs identity" in [row.name for row in told.bounds]:
                assert float(told["Gibbs identity"].value) == pytest.approx(told.gap, rel=1e-6, abs=1e-12)
    assert lesson.told(10, 1, 0.0).I_process == pytest.approx(0, abs=1e-12)  # a fair coin: nothing to learn
    biased = lesson.told(100, 0.2, 0.4)
    assert (
        float(biased.I_data) == pytest.approx(math.log(2), abs=1e-6)
        and biased.gap < 1e-6 < biased["Catoni, given prior"].value
    )
