"""The README's test command is that of `.ci/run`; the gallery's figures are drawn; a failure shown on a page is so."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import therml_exact as tx
from therml_exact.docs import __main__ as docs
from therml_exact.testing import joints, worlds

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="an sdist has no .ci: only a clone is checked as a whole")
def test_ci_runs_the_readmes_test_command():
    pattern = re.search(r"grep -E \"(.*)\" README.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern
    assert len(re.findall(pattern[1], README, re.MULTILINE)) == 1


def test_on_the_package_index_no_link_leads_nowhere():
    """What pyproject.toml makes of the README for the index: no relative link is left, and no code is changed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = README
    for change in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text, count = re.subn(change["pattern"], change["replacement"], text)
        assert count
    code = r"^```.*?^```"
    assert re.findall(code, text, re.DOTALL | re.MULTILINE) == re.findall(code, README, re.DOTALL | re.MULTILINE)
    assert all(link.startswith("https:") for link in re.findall(r"\]\(([^)]*)\)", text))
    assert "hair and eye colour (592 students), every hard" in README and "every hard encoder, and" not in text


def test_the_gallery_is_what_its_script_draws():
    from validation.gallery import FIGURES, HERE

    shown = re.findall(r"!\[[^\]]+\]\((\w+)\.png\)", (HERE / "README.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(FIGURES) == sorted(p.stem for p in HERE.glob("*.png"))


@pytest.mark.parametrize("name", ["frontier", "teaching", "jump", "second_law"])
def test_figures_of_the_gallery_are_drawn(name):
    from validation.gallery import FIGURES

    axes = FIGURES[name]().axes
    assert axes and all("nats" in ax.get_ylabel() or "/" in ax.get_ylabel() for ax in axes)


def falsified(test, name):
    """The source of an argument that Hypothesis shows for a test that fails."""
    with pytest.raises(AssertionError) as caught:
        test()
    notes = "\n".join(caught.value.__notes__)
    return re.search(rf"{name}=(.*?\)),\n\)", notes, re.DOTALL)[1]


STRICT = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
                  phases=[Phase.generate, Phase.shrink])  # fmt: skip


def test_the_failure_of_a_property_test_can_be_pasted_back():
    page = (Path(docs.__file__).parent / "pages" / "property-tests.md").read_text(encoding="utf-8")
    seen = []

    @STRICT
    @given(joints(("X", "Y")))
    def independent(j):
        seen.append(j)
        assert tx.mutual_information(j, "X", "Y") == 0

    source = falsified(independent, "j")
    pasted = eval(source, {"Joint": tx.Joint})
    assert pasted == seen[-1] and source == 'Joint([[0, "1/2"], ["1/2", 0]], axes=("X", "Y"))'
    assert source in page and str(tx.mutual_information(pasted, "X", "Y")) == "log 2"

    @STRICT
    @given(worlds())
    def learns_nothing(w):
        seen.append(w)
        assert tx.mutual_information(w, "Theta", "Phi") == 0

    source = falsified(learns_nothing, "w")
    assert eval(source, {"WorldP": tx.WorldP}) == seen[-1]
