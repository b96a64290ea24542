"""The README's code runs and prints what it says; its test command is the one that `.ci/run` calls."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_code_blocks_run(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), names)
    for name, value in names.items():
        if name.startswith("test_"):
            settings(derandomize=True, deadline=None, max_examples=10)(value)()
    printed = capsys.readouterr().out
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
