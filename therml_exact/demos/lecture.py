"""What the lessons show: controls, pictures, numbers, exercises and an upload, as outputs of marimo's cells.

Each output has an attribute `exported`, a function of a Page (export.py): how the page without Python shows the same.
An output without it is text, and is copied.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import marimo as mo

from therml_exact.demos.exercise import Exercise
from therml_exact.demos.panel import PIXELS, Panel, said

__all__ = ["exercise_inputs", "show_controls", "show_exercises", "show_numbers", "show_own", "show_pictures"]

# Where the window is too narrow for a formula, the formula scrolls and not the page.
NARROW = "<style>.katex-display { overflow: auto hidden; max-width: 88vw; }</style>"
INTRODUCTION = "## Exercises\nType a number, a fraction, or a multiple of a logarithm: 0.69, 2/3, 3/2*log(2)."


def show_controls(controls: Any, exported: Mapping[str, Sequence[Any]] | None = None) -> Any:
    """The controls side by side. exported: the positions that a page without Python has, where not all of them."""
    shown = mo.hstack(list(controls.elements.values()), justify="start", wrap=True, gap=1.25)
    return _with(shown, lambda page: page.controls(controls, exported or {}))


def show_pictures(panels: Sequence[Panel], values: Mapping[str, Any]) -> Any:
    """The panels at these values: side by side, or below each other where the window is narrow."""
    images = []
    for panel in panels:
        data = _drawn(panel, tuple((name, values[name]) for name in panel.by))
        width = round(panel.width * PIXELS)
        images.append(
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(panel.alt)}" '
            f'style="width:{width}px;max-width:100%;height:auto;margin:0">'
        )
    row = "display:flex;flex-wrap:wrap;align-items:flex-start;background:white"
    shown = mo.Html(f'{NARROW}<div style="{row}">{"".join(images)}</div>')
    return _with(shown, lambda page: page.pictures(panels, values))


@lru_cache(maxsize=256)
def _drawn(panel: Panel, values: tuple[tuple[str, Any], ...]) -> str:
    """A panel as base64 of PNG; one that does not depend on what was moved is not drawn again."""
    return base64.b64encode(panel.png(dict(values))).decode()


def show_numbers(tellers: Sequence[Callable[..., str]], values: Mapping[str, Any]) -> Any:
    """What the tellers say at these values, a paragraph each; each depends on the values that it names."""
    paragraphs = (said(tell, values) for tell in tellers)
    return _with(mo.md("\n\n".join(paragraphs)), lambda page: page.numbers(tellers, values))


def exercise_inputs(exercises: Sequence[Exercise]) -> Any:
    """A text input for each exercise, as one marimo array whose value is what was typed."""
    return mo.ui.array([mo.ui.text(label=e.label) for e in exercises])


def show_own(button: Any) -> Any:
    """The button that brings a table of one's own; a page without Python says where that works."""
    remark = "*Your own table:* the live lesson reads a CSV file of yours in the place of this one."
    return _with(mo.hstack([button], justify="start"), lambda page: page.note(remark))


def show_exercises(exercises: Sequence[Exercise], inputs: Any) -> Any:
    """The questions, their inputs, and what the library says of the answers typed so far."""
    rows = [
        mo.vstack([
            mo.md(f"**{k}.** {exercise.question}"),
            mo.hstack([field, mo.md(exercise.check(typed))], justify="start", align="center", wrap=True),
        ], gap=0.25)
        for k, (exercise, field, typed) in enumerate(zip(exercises, inputs.elements, inputs.value, strict=True), 1)
    ]  # fmt: skip
    shown = mo.vstack([mo.md(INTRODUCTION), *rows], gap=1.25)
    return _with(shown, lambda page: page.exercises(exercises, INTRODUCTION))


def _with(shown: Any, exported: Callable[[Any], None]) -> Any:
    shown.exported = exported
    return shown
