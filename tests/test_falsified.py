"""A library that is wrong by a thousandth is not certified: the chapter that states the quantity turns red.

Each of H, I, KL, J, R, C, D, S, I_pred and gamma_c is made wrong by 1e-3 of itself as an edit of its source would make
it, in every module that uses it; then the chapters that state it run in short form. One falsified copy is also run as
a user would, as a process, by its exit code.
"""

import dataclasses
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import therml_exact as tx
from therml_exact import functional, information, predictive
from therml_exact.frontier.curve.frontier import Frontier
from therml_exact.numbers.nats import Nats
from therml_exact.worlds import World
from validation import (
    equations,
    frontiers,
    learning_curve,
    predictive_information,
    random_worlds,
    resampled_priors,
    text_claims,
)

ROOT = Path(__file__).parents[1]
WRONG = Fraction(1001, 1000)


def no_progress(what, total):
    return lambda: None


def more(value):
    """A thousandth more, in the same kind of number; results of several numbers have a larger I_pred."""
    if isinstance(value, predictive.PredictiveInformation):
        return dataclasses.replace(value, I_pred=more(value.I_pred))
    if isinstance(value, float):
        return type(value)(value * 1.001) if isinstance(value, Nats) else value * 1.001
    return value if value is None else value * WRONG


def falsify(patch, function):
    """The function made wrong in every module that has it."""

    def wrong(*given, **named):
        return more(function(*given, **named))

    for name, module in list(sys.modules.items()):
        if name.startswith(("therml_exact", "validation")):
            for attribute, value in list(vars(module).items()):
                if value is function:
                    patch.setattr(module, attribute, wrong)


FUNCTIONS = {
    "H": (information.entropy_number, information.entropy),
    "I": (information.information_number, information.mutual_information),
    "KL": (functional.divergence, information.kl_divergence),
    "R": (functional.rate,),
    "C": (functional.classification_error,),
    "D": (functional.distortion,),
    "S": (functional.entropy_functional,),
    "I_pred": (predictive.predictive_information,),
}
CASES = [(name, f) for name, functions in FUNCTIONS.items() for f in functions]


def short(patch):
    """The chapters with a few worlds."""
    patch.setattr(random_worlds, "WORLDS", {False: 30})
    patch.setattr(equations, "WORLDS", 30)
    patch.setattr(equations, "answers", lambda largest: ())
    patch.setattr(equations, "outcomes_of_tests", lambda folder: {e.test: (1, 1) for e in tx.EQUATIONS})
    patch.setattr(predictive_information, "LONGEST", {False: 5})
    patch.setattr(frontiers, "problems", lambda full: {})
    patch.setattr(resampled_priors, "LARGEST", {False: 2})


CHAPTERS = {
    "H": (random_worlds, equations), "I": (random_worlds, equations), "KL": (random_worlds, equations),
    "J": (random_worlds, equations), "R": (random_worlds, equations), "C": (random_worlds, equations),
    "D": (random_worlds, equations), "S": (random_worlds, equations), "I_pred": (predictive_information,),
    "gamma_c": (frontiers,),
}  # fmt: skip


def red(name, folder):
    """Which of the chapters that state a quantity turn red."""
    return [bool(chapter.section(False, folder, no_progress).failures) for chapter in CHAPTERS[name]]


def test_in_short_form_the_chapters_are_green(tmp_path, monkeypatch):
    short(monkeypatch)
    for chapter in {chapter for chapters in CHAPTERS.values() for chapter in chapters}:
        assert chapter.section(False, tmp_path, no_progress).failures == (), chapter


@pytest.mark.parametrize(("name", "function"), CASES, ids=[f"{name}, {f.__name__}" for name, f in CASES])
def test_a_wrong_function_turns_its_chapters(name, function, tmp_path, monkeypatch):
    short(monkeypatch)
    falsify(monkeypatch, function)
    assert all(red(name, tmp_path))


def test_a_wrong_mismatch_turns_its_chapters(tmp_path, monkeypatch):
    short(monkeypatch)
    true = World.mismatch
    monkeypatch.setattr(World, "mismatch", lambda self, shared=False: more(true(self, shared)))
    assert all(red("J", tmp_path))


def test_a_wrong_gamma_c_turns_its_chapters(tmp_path, monkeypatch):
    short(monkeypatch)
    true = Frontier.gamma_c.fget
    monkeypatch.setattr(Frontier, "gamma_c", property(lambda self: more(true(self))))
    assert all(red("gamma_c", tmp_path))
    assert text_claims.smooth(False).verdict == "undecided"


def test_the_learning_curve_states_i_pred_too():
    phi, x, y = learning_curve.PROCESSES["three maps"]
    stated = float(tx.predictive_information(phi, x, y, 2).I_pred)
    point = learning_curve.Point("three maps", 2, 2.0, 1.0, 0, 0, 0, 0, (0, 0), stated, 1)
    assert learning_curve.off_by_hand([point]) < 1e-12
    assert learning_curve.off_by_hand([dataclasses.replace(point, predictive=stated * 1.001)]) > 1e-5


def test_a_falsified_copy_ends_with_exit_code_1(tmp_path):
    for folder in ("therml_exact", "validation"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    source = tmp_path / "therml_exact" / "information.py"
    text = source.read_text(encoding="utf-8")
    old = "return plain(information_number(_on_event"
    assert text.count(old) == 1
    source.write_text(text.replace(old, f"return 1.001 * {old[7:]}"), encoding="utf-8")
    command = [sys.executable, "-m", "validation", "--only", "resampled_priors", "--out", "r.html"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "failed: resampled_priors" in done.stderr
    assert "is off by" in (tmp_path / "r.html").read_text(encoding="utf-8")
