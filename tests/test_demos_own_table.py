"""A table of one's own in a lesson, and lessons as slides."""

import ast
import base64
import html
import json
import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.demos import LESSONS

pytest.importorskip("marimo", reason="the lessons need marimo: pip install 'therml_exact[demo]'")

from therml_exact.demos import own_table
from therml_exact.demos.slides import with_slides


def text_of(callout):
    """The HTML that a callout shows."""
    return json.loads(html.unescape(re.search(r"data-html='([^']*)'", callout.text)[1]))


GOOD = b"Weather,Play,count\nsunny,yes,2\nsunny,no,3\novercast,yes,4\nrainy,yes,3\nrainy,no,2\n"


def button(name, contents):
    return SimpleNamespace(value=[SimpleNamespace(name=name, contents=contents)])


@pytest.mark.parametrize(
    ("contents", "table"),
    [
        (GOOD, [[2, 3], [4, 0], [3, 2]]),
        (b"\xef\xbb\xbf" + GOOD.replace(b",", b";"), [[2, 3], [4, 0], [3, 2]]),
        (b"A,B\nx,1\nx,2\ny,1\n", [[1, 1], [1, 0]]),  # a row a sample
        (b"A,B,p\nx,1,1/3\nx,2,1/3\ny,1,1/3\n", [[1, 1], [1, 0]]),
    ],
)
def test_a_csv_file_is_read(contents, table):
    joint = own_table.read(("mine.csv", contents))
    assert np.asarray(joint.table, dtype=float) == pytest.approx(np.array(table) / np.sum(table))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "names two columns or more"),
        (b"A\n1\n", "names two columns or more"),
        (b"A,B,C\n1,2,3\n", "keep two, X and Y"),
        (b"A,B\nx,\n", "is empty"),
        (b"A,B,count\nx,y,-1\n", "count"),
        (b"A,B\n" + b"x,y\n" * 300_000, "aggregate it to counts"),
        (b"A,B\n" + b"".join(b"%d,%d\n" % (k, k) for k in range(30)), "merge rare letters"),
        (b"A,B\n\xff\xfe,\x00\n", "not readable"),
        (b'A,B\n"x,y\n', "not a readable CSV"),
        (b"A,A\nx,y\n", "A"),
        (b"PK\x03\x04" + bytes(range(256)), ""),
    ],
)
def test_what_cannot_be_used_is_told_kindly_and_the_shipped_table_stays(contents, said):
    table, callout = own_table.show_table(button("mine.csv", contents))
    assert table == own_table.SHIPPED and said in html.unescape(text_of(callout)) and "own table" in text_of(callout)


def test_what_a_file_holds_is_text_and_nothing_else():
    for name, contents in (
        ("<img src=x onerror=alert(1)>.csv", b"A,B\nx,\n"),
        ("`<b>`.csv", b"[a](javascript:1),<script>\nx,y\n"),
    ):
        _, callout = own_table.show_table(button(name, contents))
        shown = text_of(callout)
        assert "<img" not in shown and "<script" not in shown and "<b>" not in shown and "<a" not in shown


def test_without_a_file_the_lesson_has_its_own():
    assert own_table.show_table(SimpleNamespace(value=[])) == (own_table.SHIPPED, None)


@pytest.mark.parametrize(
    "contents", [GOOD, b"A,B\nx,1\nx,2\ny,1\ny,2\n", b"A,B\nx,1\n"], ids=["told", "independent", "one"]
)
@pytest.mark.parametrize("name", ["phase_transition", "audit"])
def test_a_lesson_draws_a_table_that_is_brought(name, contents):
    lesson = import_module(f"therml_exact.demos.{name}")
    values = {"gamma": 6.0, "delta": 0.0, "tol": 0.01, "noise": 0.3, "low": 20, "table": ("mine.csv", contents)}
    for panel in lesson.panels()[:2]:
        assert panel.svg(values).startswith("<svg")


def test_the_model_of_the_audit_is_what_it_says():
    lesson = import_module("therml_exact.demos.audit")
    joint = own_table.read(own_table.SHIPPED)
    rate, error = lesson.point(0.0, own_table.SHIPPED)
    assert rate == pytest.approx(float(tx.entropy(joint, "Hair")))
    assert error == pytest.approx(float(tx.entropy(joint, "Eye", given="Hair")))
    assert lesson.point(1.0, own_table.SHIPPED)[0] == pytest.approx(0, abs=1e-12)
    assert all(lesson.excess(k, 6, own_table.SHIPPED) > 0 for k in lesson.NOISES)


@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])
def test_slides_keep_the_picture_with_its_controls(name):
    source = Path(import_module(f"therml_exact.demos.{name}").__file__).read_text(encoding="utf-8")
    made = with_slides(source)
    (call,) = [node for node in ast.walk(ast.parse(made)) if isinstance(node, ast.Call) and
               ast.unparse(node.func) == "marimo.App"]  # fmt: skip
    (layout,) = [word.value.value for word in call.keywords if word.arg == "layout_file"]
    data = json.loads(base64.b64decode(layout.partition(",")[2]))
    cells = [node for node in ast.parse(source).body if ast.unparse(node).startswith(("@app.", "with app."))]
    kinds = [cell["type"] for cell in data["data"]["cells"]]
    assert data["type"] == "slides" and len(kinds) == len(cells)
    for node, kind in zip(cells, kinds, strict=True):
        text = ast.unparse(node)
        assert (kind == "fragment") == any(
            f"{call}(" in text for call in ("show_pictures", "show_numbers", "show_own", "show_table")
        )
    # Nothing else has changed.
    assert ast.unparse(ast.parse(made)).replace(f"layout_file='{layout}', ", "") == ast.unparse(ast.parse(source))
