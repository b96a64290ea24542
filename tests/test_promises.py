"""What the package promises of the places where it is imported from, and of what it is imported without."""

import subprocess
import sys
import tomllib
import typing
import zipfile
from pathlib import Path

import pytest

import therml_exact as tx

ROOT = Path(__file__).parents[1]


def python(code, *paths):
    start = f"import sys\nsys.path[:0] = {[str(p) for p in paths]}\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, cwd="/")


def last(done):
    return done.stderr.strip().splitlines()[-1]


def test_an_import_from_a_zip_file_says_why_not(tmp_path):
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as file:
        for path in Path(tx.__file__).parent.glob("*.py*"):
            file.write(path, f"therml_exact/{path.name}")
    done = python("import therml_exact", tmp_path / "package.zip")
    assert last(done).startswith("ImportError: therml_exact needs files on a disk") and "unpack it" in last(done)


def test_the_strategies_without_hypothesis_name_their_extra():
    done = python("sys.modules['hypothesis'] = None\nimport therml_exact.testing", ROOT)
    assert last(done) == "ImportError: therml_exact.testing needs Hypothesis: pip install 'therml_exact[hypothesis]'"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "hypothesis" in project["optional-dependencies"]


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="an sdist has no .ci: only a clone is checked as a whole")
def test_the_oldest_versions_that_are_tried_are_those_that_are_promised():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = dict(text.partition(";")[0].split(">=") for text in project["dependencies"])
    lines = (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    tried = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert promised.keys() == tried.keys()
    for name, version in promised.items():
        assert f"{tried[name]}.".startswith(f"{version}."), name


NUMBERS = {
    "minimize": ("gamma", "delta", "sigma", "beta", "rho"),
    "jump": ("gamma", "delta", "rho"),
    "shannon_outer_bound": ("gamma", "delta", "sigma", "rho"),
    "classify_rule": ("R", "C", "D", "S"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_in_signatures_are_typed_as_numbers(name):
    from therml_exact.numbers.given import Number

    function = getattr(tx, name)
    module = sys.modules[function.__module__]
    for argument in NUMBERS[name]:
        kind = eval(function.__annotations__[argument], vars(module))
        assert kind in (Number, Number | None) and typing.Any not in typing.get_args(kind)


@pytest.mark.parametrize("kind", ["int", "float", "Fraction", "Decimal", "text", "numpy"])
def test_every_kind_of_number_is_read(kind):
    from decimal import Decimal
    from fractions import Fraction

    import numpy as np

    half = {"int": 1, "float": 0.5, "Fraction": Fraction(1, 2), "Decimal": Decimal("0.5"), "text": "1/2",
            "numpy": np.float32(0.5)}[kind]  # fmt: skip
    rules = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])
    assert tx.minimize(rules, gamma=half, tol=1e-6).multipliers["gamma"] == float(Fraction(str(half)))
    assert tx.classify_rule(rules, R=half, C=half, tol=1e-3).verdict in ("impossible", "feasible")
