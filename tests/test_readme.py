"""The README's code runs and prints what it says; its test command is the one that `.ci/run` calls."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import pytest
from depth import examples
from hypothesis import HealthCheck, Phase, given, settings

import therml_exact as tx
from therml_exact.testing import joints, worlds

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What a block defines and prints, in a folder of its own that holds what it writes; each is run once."""

    @cache
    def run(block):
        names = {"__name__": "readme", "folder": tmp_path_factory.mktemp("readme")}
        printed = io.StringIO()
        with contextlib.chdir(names["folder"]), contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), names)
        return names, printed.getvalue()

    return run


@pytest.mark.parametrize("block", BLOCKS)
def test_code_blocks_run(block, ran):
    names, printed = ran(block)
    for name, value in names.items():
        if name.startswith("test_"):
            settings(derandomize=True, deadline=None, max_examples=examples(10))(value)()
    for shown in re.findall(r"# (\{.*\})$", block, re.MULTILINE):
        assert shown in printed


def test_the_first_block_takes_ten_lines():
    assert len(BLOCKS[0].strip().splitlines()) <= 12


def test_ci_runs_the_readmes_test_command():
    pattern = re.search(r"grep -E \"(.*)\" README.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern
    assert len(re.findall(pattern[1], README, re.MULTILINE)) == 1


def test_the_gallery_is_what_its_script_draws():
    from validation.gallery import FIGURES, HERE

    shown = re.findall(r"!\[[^\]]+\]\(validation/gallery/(\w+)\.png\)", README)
    assert sorted(shown) == sorted(FIGURES) == sorted(p.stem for p in HERE.iterdir())


@pytest.mark.parametrize("name", ["frontier", "teaching", "jump", "second_law"])
def test_figures_of_the_gallery_are_drawn(name):
    from validation.gallery import FIGURES

    axes = FIGURES[name]().axes
    assert axes and all("nats" in ax.get_ylabel() or "/" in ax.get_ylabel() for ax in axes)


def block(text):
    (found,) = [b for b in BLOCKS if text in b]
    return found


def test_an_audited_model_is_what_its_loop_reports_and_near_the_frontier(ran):
    names, printed = ran(block("audit.model"))
    audit = names["audit"]
    assert {row.name for row in audit.rows if row.reported is not None} == {"R", "C"}
    # The loop reports before its last step, and in single precision.
    assert all(abs(row.difference) < 1e-4 for row in audit.rows if row.reported is not None)
    assert audit.location.verdict == "feasible" and audit.location.suboptimal[1] < 1e-3
    assert "suboptimal by" in printed
    assert len(block("audit.model").strip().splitlines()) <= 30


def test_a_lecture_figure_takes_three_lines(ran):
    text = block("frontier.plot")
    names, _ = ran(text)
    assert len([line for line in text.splitlines() if line.strip() and not line.startswith("import")]) == 3
    assert (names["folder"] / "frontier.pdf").read_bytes().startswith(b"%PDF")
    assert names["ax"].get_xlabel().endswith("(bits)")


def falsified(test, name):
    """The source of an argument that Hypothesis shows for a test that fails."""
    with pytest.raises(AssertionError) as caught:
        test()
    notes = "\n".join(caught.value.__notes__)
    return re.search(rf"{name}=(.*?\)),\n\)", notes, re.DOTALL)[1]


STRICT = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
                  phases=[Phase.generate, Phase.shrink])  # fmt: skip


def test_the_failure_of_a_property_test_can_be_pasted_back():
    seen = []

    @STRICT
    @given(joints(("X", "Y")))
    def independent(j):
        seen.append(j)
        assert tx.mutual_information(j, "X", "Y") == 0

    source = falsified(independent, "j")
    pasted = eval(source, {"Joint": tx.Joint})
    assert pasted == seen[-1] and source == 'Joint([[0, "1/2"], ["1/2", 0]], axes=("X", "Y"))'
    assert source in README and str(tx.mutual_information(pasted, "X", "Y")) == "log 2"

    @STRICT
    @given(worlds())
    def learns_nothing(w):
        seen.append(w)
        assert tx.mutual_information(w, "Theta", "Phi") == 0

    source = falsified(learns_nothing, "w")
    assert eval(source, {"WorldP": tx.WorldP}) == seen[-1]
