"""The README and the pages of the documentation: all code runs, and what a comment says of a value is asserted.

Links lead to pages and to their headings; the reference has every public name.
"""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from depth import examples
from hypothesis import settings

import therml_exact as tx
from therml_exact.docs import __main__ as docs

ROOT = Path(__file__).parent.parent
FOLDER = Path(docs.__file__).parent / "pages"
PAGES = sorted(FOLDER.glob("*.md"))
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *PAGES)}
BLOCKS = {
    f"{name}-{k}": block
    for name, text in SOURCES.items()
    for k, block in enumerate(re.findall(r"```python[^\n]*\n(.*?)```", text, re.DOTALL))
}
OPTIONAL = {"jax": "pip install 'therml_exact[validation]'", "torch": "PyTorch is no dependency of ours"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What a block defines and prints, in a folder of its own that holds what it writes; each is run once."""

    @cache
    def run(name):
        for module in re.findall(r"^import (\w+)$", BLOCKS[name], re.MULTILINE):
            if module in OPTIONAL:
                pytest.importorskip(module, reason=f"{module} is not installed: {OPTIONAL[module]}")
        names = {"__name__": "page", "folder": tmp_path_factory.mktemp("page")}
        printed = io.StringIO()
        with contextlib.chdir(names["folder"]), contextlib.redirect_stdout(printed):
            exec(compile(BLOCKS[name], name, "exec"), names)
        import matplotlib.pyplot as plt

        plt.close("all")
        return names, printed.getvalue()

    return run


@pytest.mark.parametrize("name", BLOCKS)
def test_code_blocks_run(name, ran):
    names, printed = ran(name)
    for found, value in names.items():
        if found.startswith("test_"):
            settings(derandomize=True, deadline=None, max_examples=examples(10))(value)()
    for shown in re.findall(r"# (\{.*\})$", BLOCKS[name], re.MULTILINE):
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
    "the data, p(x, y); or Joint.from_csv, from_samples, ...": lambda n, out: (
        n["joint"].axes == ("Hair", "Eye") and callable(tx.Joint.from_csv) and callable(tx.Joint.from_samples)
    ),
    "the model: encoder, marginal, decoder": lambda n, out: (
        list(n["tables"](n["w"]) if "w" in n else n["tables"]) == ["z_given_x", "z", "y_given_z"]
    ),
    "each reported number is judged, and the point": lambda n, out: (
        "reported 0.4, off by" in out and "reported 1.6, off by" in out and "feasible, suboptimal by" in out
    ),
    "impossible: no encoder reaches it": lambda n, out: lines(out)[-1].endswith("impossible by at least 0.0148 nats"),
    "p(z|x), from your model": lambda n, out: np.allclose(n["encoder"].sum(axis=1), 1),
    "R and C exactly, and the interval of what is lost": lambda n, out: (
        n["audit"].location.verdict == "feasible" and n["audit"].location.suboptimal[0] > 0.01
    ),
    "certified optima to compare with, nats": lambda n, out: all(
        point["status"] == "certified" for point in n["entry"].frontier[:3]
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
    "what the best rule keeps of the data": lambda n, out: float(lines(out)[0].split()[0]) >= 0 and "certified" in out,
    "nats: above 0": lambda n, out: float(out) > 1e-3,
    "every rule misses the midpoint by at least so much": lambda n, out: (
        tx.excess(n["bent"](5), n["MIDPOINT"], tol=1e-2).lower_bound > 1e-3
    ),
    "one point for a whole interval of gamma": lambda n, out: all(k.low < k.high for k in n["frontier"].kinks) and out,
    "True, exactly": lambda n, out: out == "True\n",
    "1.0": lambda n, out: out == "1.0\n",
    "0, where (54) asks for log 2": lambda n, out: lines(out)[0] == "0",
    "to anybody, by any way": lambda n, out: isinstance(n["text"], str),
    "True, and two bounds in nats": lambda n, out: (
        n["answer"].valid and n["answer"].lower_bound <= n["answer"].value and lines(out)[0].startswith("True ")
    ),
    "the problem that it is about: read it": lambda n, out: "p(X, Y): 2 x 2: 0.45, 0.05, 0.05, 0.45" in out,
    "1.5625 = 1 / (1 - 2/10)^2": lambda n, out: (
        abs(n["frontier"].gamma_c - 1 / 0.8**2) < 1e-9 and lines(out)[0] == "1.5625"
    ),
    "rule and encoder are found together": lambda n, out: {"S", "R", "C"} <= set(n["best"].point),
    "nats, nats, 'certified'": lambda n, out: 0 <= n["best"].gap <= 1e-3 and n["best"].status == "certified",
    "its table, in fractions": lambda n, out: re.search(r"\d/\d", out),
    "a common belief": lambda n, out: n["answer"].verdict == "refuted",
    "refuted, with a world to write down": lambda n, out: out.startswith("refuted") and "in a Joint over" in out,
    "proved": lambda n, out: lines(out)[0] == "proved",
    "refuted": lambda n, out: lines(out)[1] == "refuted",
    "proved, from a hypothesis": lambda n, out: lines(out)[2] == "proved",
    "a file that coqc checks by itself": lambda n, out: "Theorem" in n["text"] and "Qed." in n["text"],
    "refuted: data are dependent": lambda n, out: lines(out)[0] == "refuted",
    "proved, with logarithms": lambda n, out: lines(out)[1] == "proved",
    "proved, by the copy lemma": lambda n, out: lines(out)[2] == "proved",
    "its table": lambda n, out: "1/2" in out,
    "log 2": lambda n, out: lines(out)[-1] == "log 2",
}


def comments(name):
    return re.findall(r"\s{2,}# (.*)$", BLOCKS[name], re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in BLOCKS if comments(name)])
def test_every_comment_is_so(name, ran):
    """What a comment says of a value, a size or a verdict is asserted, and a comment without an assertion is none."""
    names, printed = ran(name)
    for comment in comments(name):
        assert FACTS[comment](names, printed), comment


def test_no_assertion_is_of_a_comment_that_is_gone():
    assert set(FACTS) == {comment for name in BLOCKS for comment in comments(name)}


def test_first_blocks_take_ten_lines():
    assert all(len(BLOCKS[name].strip().splitlines()) <= 12 for name in ("README-0", "index-0"))


def block(text):
    (found,) = [name for name in BLOCKS if text in BLOCKS[name]]
    return found


def test_an_audited_model_is_what_its_loop_reports_and_near_the_frontier(ran):
    name = block("value_and_grad")
    names, printed = ran(name)
    audit = names["audit"]
    assert {row.name for row in audit.rows if row.reported is not None} == {"R", "C"}
    # The loop reports before its last step, and in single precision.
    assert all(abs(row.difference) < 1e-4 for row in audit.rows if row.reported is not None)
    assert audit.location.verdict == "feasible" and audit.location.suboptimal[1] < 1e-3
    assert "suboptimal by" in printed
    assert len(BLOCKS[name].strip().splitlines()) <= 30


def test_a_lecture_figure_takes_three_lines(ran):
    name = block("savefig")
    names, _ = ran(name)
    assert len([line for line in BLOCKS[name].splitlines() if line.strip() and not line.startswith("import")]) == 3
    assert (names["folder"] / "frontier.pdf").read_bytes().startswith(b"%PDF")
    assert names["ax"].get_xlabel().endswith("(bits)")


def made():
    """The pages that the build makes, by their addresses."""
    reference = {f"reference/{name}.md": text for name, text in docs.reference().items()}
    return {"changelog.md": docs.changelog(), **reference}


def anchors(text):
    """The headings of a page as MkDocs names them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


def test_pages_are_those_of_the_menu():
    menu = (Path(docs.__file__).parent / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"([\w/-]+\.md)$", menu, re.MULTILINE)
    assert sorted(listed) == sorted({page.name for page in PAGES} | set(made()))


def test_links_lead_to_pages_and_headings():
    texts = {page.name: SOURCES[page.stem] for page in PAGES} | made()
    for name, text in texts.items():
        for page, anchor in re.findall(r"\]\(([\w/-]*(?:\.md)?)(#[\w-]+)?\)", text):
            if name == "changelog.md" and not page:
                continue
            assert (page or name) in texts, (name, page)
            assert not anchor or anchor[1:] in anchors(texts[page or name]), (name, page, anchor)


def test_links_of_the_readme_lead_to_files():
    for text, folder in ((SOURCES["README"], ROOT), (gallery(), ROOT / "validation" / "gallery")):
        targets = re.findall(r"\]\(([^)]+)\)", text)
        assert targets
        # An sdist has no folder beside the package but tests/ and validation/; a clone has all.
        missing = [t for t in targets if not (folder / t).exists()]
        assert not missing or not (ROOT / ".ci").exists(), missing


def gallery():
    return (ROOT / "validation" / "gallery" / "README.md").read_text(encoding="utf-8")


def test_the_reference_has_every_public_name_once():
    told = [name for text in docs.reference().values() for name in re.findall(r"^::: therml_exact\.(\w+)$", text, re.M)]
    assert sorted(told) == sorted(tx.__all__)


def test_the_overview_names_what_is_public():
    for name in re.findall(r"`([\w.]+)`", "".join(re.findall(r"^\| (`.*?) \|", SOURCES["names"], re.MULTILINE))):
        found = tx
        for part in name.split("."):
            found = getattr(found, part) if hasattr(found, part) else __import__(f"therml_exact.{part}", fromlist=["x"])


@pytest.mark.parametrize(
    ("docstring", "page"),
    [
        (
            "x, y    numbers\n        of `y`\nlong_name_here\n        below",
            "- `x, y`: numbers of `y`\n- `long_name_here`: below",
        ),
        ("a  b  c", "```text\na  b  c\n```"),
        ("  x_1 = 2", "```text\n  x_1 = 2\n```"),
        ("x_i of `x_i`", "x\\_i of `x_i`"),
        (">>> 1 + 1\n2", "```pycon\n>>> 1 + 1\n2\n```"),
        ("a  b\nprose that is no entry\nand goes on", "```text\na  b\nprose that is no entry\nand goes on\n```"),
    ],
)
def test_docstrings_become_lists_text_and_examples(docstring, page):
    pytest.importorskip("griffe", reason="the reference needs griffe: pip install 'therml_exact[docs]'")
    from therml_exact.docs.docstrings import markdown

    assert markdown(docstring) == page


def test_what_is_false_in_print_is_what_the_registry_says():
    page = docs.false_in_print()
    wrong = [e for e in tx.EQUATIONS if e.status in ("corrected", "refuted", "false as printed")]
    assert page.count("\n### (") == len(wrong) > 0
    assert all(f"### ({e.number}) {e.status}\n" in page for e in wrong)


def test_the_changelog_is_the_projects():
    assert docs.changelog().splitlines()[0] == "# Changelog" and tx.__version__ in docs.changelog()


@pytest.mark.deep
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="the site needs mkdocs: pip install 'therml_exact[docs]'")
    pytest.importorskip("material")
    docs.build(tmp_path / "site")
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "therml_exact" in home and (tmp_path / "site" / "figures" / "frontier.png").exists()
    outside = re.findall(r'(?:src|href)="(https?://[^"]+)"', home)
    assert not [link for link in outside if "squidfunk" not in link], outside
