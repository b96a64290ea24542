"""The pages of the documentation: code runs, links lead somewhere, and the reference has every public name."""

import re
from pathlib import Path

import pytest

import therml_exact as tx
from therml_exact.demos import LESSONS
from therml_exact.docs import __main__ as docs

PAGES = sorted((Path(docs.__file__).parent / "pages").glob("*.md"))
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{k}")
    for page in PAGES
    for k, block in enumerate(re.findall(r"```python[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_code_of_a_page_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "a page", "exec"), {"__name__": "page"})
    import matplotlib.pyplot as plt

    plt.close("all")


def test_links_between_pages_lead_to_pages_of_the_menu():
    menu = (Path(docs.__file__).parent / "mkdocs.yml").read_text(encoding="utf-8")
    made = {"false-in-print.md"}
    listed = {name for name in re.findall(r"([\w/-]+\.md)$", menu, re.MULTILINE) if not name.startswith("reference/")}
    assert listed == {page.name for page in PAGES} | made
    for page in PAGES:
        for target in re.findall(r"\]\(([\w-]+\.md)\)", page.read_text(encoding="utf-8")):
            assert target in listed, (page.name, target)
    pages = {f"reference/{name}.md" for name in docs.reference()}
    assert pages == set(re.findall(r"(reference/[\w-]+\.md)$", menu, re.MULTILINE))


def test_the_reference_has_every_public_name_once():
    told = [name for text in docs.reference().values() for name in re.findall(r"^::: therml_exact\.(\w+)$", text, re.M)]
    assert sorted(told) == sorted(tx.__all__)


def test_what_is_false_in_print_is_what_the_registry_says():
    page = docs.false_in_print()
    wrong = [e for e in tx.EQUATIONS if e.status in ("corrected", "refuted")]
    assert page.count("\n## (") == len(wrong) > 0
    assert all(f"## ({e.number}) {e.status}" in page for e in wrong)


@pytest.mark.deep
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="the site needs mkdocs: pip install 'therml_exact[docs]'")
    pytest.importorskip("material")
    docs.build(tmp_path / "site", states=2)
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "therml_exact" in home and (tmp_path / "site" / "figures" / "frontier.png").exists()
    listed = (tmp_path / "site" / "lessons.html").read_text(encoding="utf-8")
    for lesson in LESSONS:
        assert (
            tmp_path / "site" / "lessons" / f"{lesson.name}.html"
        ).exists() and f"lessons/{lesson.name}.html" in listed
    outside = re.findall(r'(?:src|href)="(https?://[^"]+)"', home)
    assert not [link for link in outside if "squidfunk" not in link], outside
