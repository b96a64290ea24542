"""A lesson as slides: marimo's layout of that name, written into the notebook's text.

Each text is a slide, and so are the controls; the picture and its numbers are uncovered on the slide of the controls
that move them, one at each press of the arrow to the right.
"""

from __future__ import annotations

import ast
import base64
import json

__all__ = ["with_slides"]

UNCOVERED = {"show_pictures", "show_numbers", "show_own", "show_table"}


def with_slides(source: str) -> str:
    """The text of a notebook that marimo shows as slides."""
    cells = [node for node in ast.parse(source).body if _is_cell(node)]
    kinds = [{"type": "fragment" if UNCOVERED & _called(node) else "slide"} for node in cells]
    layout = {"type": "slides", "data": {"cells": kinds, "deck": {"transition": "none", "verticalAlign": "top"}}}
    data = base64.b64encode(json.dumps(layout).encode()).decode()
    return source.replace("marimo.App(", f'marimo.App(layout_file="data:application/json;base64,{data}", ', 1)


def _is_cell(node: ast.stmt) -> bool:
    """Whether a statement is a cell: `with app.setup`, or what is decorated by app.cell or app.function."""
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    heads = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
    return any(ast.unparse(mark).startswith("app.") for mark in (*marks, *heads))


def _called(node: ast.stmt) -> set[str]:
    """The names of the functions that a cell calls."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)}
