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


def lines(printed):
    return printed.strip().splitlines()


FACTS = {
    "all maps X -> Z, [theta, x, z]": lambda n, out: n["maps"].shape == (4, 2, 2),
    "empirical risk minimisation on N = 2 pairs": lambda n, out: n["world"].n == 2,
    "J, exactly, in nats": lambda n, out: isinstance(n["world"].mismatch(), tx.PrimeLog) and "log" in lines(out)[0],
    "every relation of the paper": lambda n, out: {r.equation for r in n["report"]} >= {5, 20, 56, 77},
    "{'holds': 18, 'tight': 51}": lambda n, out: (
        str(n["report"].counts) == "{'holds': 18, 'tight': 51}" == lines(out)[2]
    ),
    "then: therml check world.json": lambda n, out: (n["folder"] / "world.json").exists(),
    "592 students; or any Joint p(x, y)": lambda n, out: all(
        (592 * p).denominator == 1 for p in tx.examples.hair_eye().table.ravel()
    ),
    "min R + 8 C over all encoders, any |Z|": lambda n, out: (
        abs(n["best"].point["R"] + 8 * n["best"].point["C"] - n["best"].value) < 1e-9
    ),
    "R, C, D in nats; gap < 1e-9; 'certified'": lambda n, out: (
        set(n["best"].point) >= {"R", "C", "D"} and n["best"].gap < 1e-9 and n["best"].status == "certified"
    ),
    "ball arithmetic, without the solver": lambda n, out: lines(out)[1] == "True",
    "the whole curve, inner and outer polygon within 1e-3 nats": lambda n, out: n["frontier"].gap <= 1e-3,
    "3.788...: below it no code pays": lambda n, out: (
        lines(out)[2].startswith("3.788")
        and tx.minimize(n["p"], gamma=0.999 * n["frontier"].gamma_c).point["R"] < 1e-9
        and tx.minimize(n["p"], gamma=1.01 * n["frontier"].gamma_c).point["R"] > 1e-3
    ),
    "a claimed point: impossible by at least 0.0148 nats": lambda n, out: (
        "impossible by at least 0.0148" in lines(out)[3]
    ),
    'or Joint.from_csv("t.csv", ["Hair", "Eye"], count="n", sep=";")': lambda n, out: callable(tx.Joint.from_csv),
    "letters: 47/296": lambda n, out: lines(out)[0] == "47/296",
    "a dict is an event; a name or a list of names is variables": lambda n, out: float(lines(out)[1]) < 2,
    "any linear expression, exactly": lambda n, out: isinstance(
        tx.evaluate("I(Hair;Eye|Sex) - I(Hair;Eye)", n["j"]), tx.PrimeLog
    ),
    "also from_counts(Counter | crosstab), from_dataframe(df)": lambda n, out: (
        callable(tx.Joint.from_counts) and callable(tx.Joint.from_dataframe)
    ),
    "single precision sums to 1 within 1e-7, not 1e-12": lambda n, out: (
        1e-12 < abs(n["w"].astype(float).sum() - 1) < 1e-7
    ),
    "so: on request, divided by its sum": lambda n, out: (
        abs(tx.Joint(n["w"], ("X", "Y"), normalize=True).table.sum() - 1) < 1e-15
    ),
    "axes of Matplotlib, in its style; ax= draws on yours": lambda n, out: n["ax"].figure is not None,
    "the data, p(x, y)": lambda n, out: n["joint"].axes == ("Hair", "Eye"),
    "the model: encoder, marginal, decoder": lambda n, out: (
        list(n["tables"](n["w"])) == ["z_given_x", "z", "y_given_z"]
    ),
    "R + 8 C": lambda n, out: (
        abs(float(n["loss"](n["w"])[0]) - float(n["loss"](n["w"])[1]["R"]) - 8 * float(n["loss"](n["w"])[1]["C"]))
        < 1e-4
    ),
    "R = ... nats, reported ...; a sample: feasible, suboptimal by ...": lambda n, out: all(
        text in out for text in ("R = ", "nats, reported", "a sample: ", ": feasible, suboptimal by")
    ),
    "for every distribution of world P": lambda n, out: n["proof"].verdict == "proved",
    "proved True: an exact sum, rechecked": lambda n, out: lines(out)[0] == "proved True",
    "refuted, by a world": lambda n, out: lines(out)[1] == "refuted",
    "min R + 4 C + 0.2 S over p(theta|data)": lambda n, out: (
        abs(n["rule"].point["R"] + 4 * n["rule"].point["C"] + 0.2 * n["rule"].point["S"] - n["rule"].value) < 1e-9
    ),
    "what the best rule keeps of the data": lambda n, out: float(lines(out)[2].split()[0]) >= 0 and "certified" in out,
    "its table": lambda n, out: "1/2" in out,
    "log 2": lambda n, out: lines(out)[-1] == "log 2",
}


def comments(block):
    return re.findall(r"\s{2,}# (.*)$", block, re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_comment_is_so(block, ran):
    """What a comment says of a value, a size or a verdict is asserted, and a comment without an assertion is none."""
    names, printed = ran(block)
    for comment in comments(block):
        assert FACTS[comment](names, printed), comment


def test_no_assertion_is_of_a_comment_that_is_gone():
    assert set(FACTS) == {comment for block in BLOCKS for comment in comments(block)}


def test_the_first_block_takes_ten_lines():
    assert len(BLOCKS[0].strip().splitlines()) <= 12


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="an sdist has no .ci: only a clone is checked as a whole")
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
