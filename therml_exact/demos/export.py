"""A lesson as one file of HTML that needs neither Python nor a network: `therml demo NAME --export page.html`.

The lesson is run once; its outputs say how they are shown here (lecture.py), so that text, pictures and exercises
have one source. A picture's panel and a paragraph of numbers depend on the controls that they name: they are computed
for every combination of these controls' positions, and a few lines of script choose among them.

Where the combinations for a panel are more than `most`, the control with the most positions has fewer, spread evenly
with both ends and the initial one, until they are not; positions that the lesson states itself stay. The page
says which positions it has.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from therml_exact._version import __version__
from therml_exact.demos.exercise import FORM, IN_BITS, MOST_LETTERS, PARTED, READABLE, Exercise
from therml_exact.demos.formulas import with_mathml
from therml_exact.demos.panel import PIXELS, Panel, depends_on, said
from therml_exact.files import check_writable, write_text

__all__ = ["MOST", "Page", "write"]

MOST = 100
"""For how many combinations of the controls a panel is drawn, at most, where nothing else is said."""

Track = Callable[[int], Callable[[], None]]
"""Is called with how many pictures there will be; what it returns is called after each."""


def write(name: str, path: str | os.PathLike[str], most: int = MOST, track: Track | None = None) -> None:
    """Write the lesson `name` as a page; the file is there whole, or not at all.

    most: for how many combinations of the controls a panel is drawn. track: tells how far it is.
    """
    check_writable(path)
    lesson = import_module(f"therml_exact.demos.{name}")
    outputs, _ = lesson.app.run()
    page = Page(most)
    for output in outputs:
        getattr(output, "exported", page.text_of(output))(page)
    title = re.sub(r"^Lesson: (.*?)\. `therml demo.*", r"\1", (lesson.__doc__ or name).splitlines()[0])
    write_text(page.assemble(name, title, track), path)


@dataclass(frozen=True)
class Control:
    """A slider or a list: its positions as (what is shown, what Python gets), of how many, and where it begins."""

    name: str
    label: str
    is_slider: bool
    positions: list[tuple[str, Any]]
    initial: int
    of: int
    stated: bool

    def shortened(self, count: int) -> Control:
        """Two positions or more, spread evenly: both ends, and the initial one in the place of its neighbour."""
        last = len(self.positions) - 1
        kept = {round(k * last / (count - 1)) for k in range(count)}
        if self.initial not in kept:
            between = kept - {0, last} or kept
            kept = kept - {min(between, key=lambda k: abs(k - self.initial))} | {self.initial}
        order = sorted(kept)
        positions = [self.positions[k] for k in order]
        return Control(self.name, self.label, self.is_slider, positions, order.index(self.initial), self.of, False)


@dataclass(frozen=True)
class Block:
    """What changes with the controls `by`: `make(values)` for each combination, a panel's SVG or a paragraph."""

    by: tuple[str, ...]
    make: Callable[[Mapping[str, Any]], str]
    values: Mapping[str, Any]
    alt: str | None  # of a panel; None for a paragraph
    size: tuple[float, float] = (0.0, 0.0)


@dataclass
class Page:
    """A page in the making: what the lesson's outputs put on it, in order."""

    most: int
    parts: list[str | Block] = field(default_factory=list)
    known: dict[str, Control] = field(default_factory=dict)
    asked: list[Exercise] = field(default_factory=list)

    # what outputs call

    def text_of(self, output: Any) -> Callable[[Page], None]:
        """How text is shown, which depends on no control; nothing for cells that only define."""
        return lambda page: page.parts.append(with_mathml(output.text)) if output is not None else None

    def controls(self, controls: Any, stated: Mapping[str, Sequence[Any]]) -> None:
        """The lesson's controls, a marimo dictionary; `stated` positions where a control has not all of them."""
        for name, element in controls.elements.items():
            full = list(element.options.items()) if hasattr(element, "options") else _steps(element)
            kept = [(label, value) for label, value in full if value in stated.get(name, [value])]
            values = [value for _, value in kept]
            if missing := [value for value in stated.get(name, []) if value not in values]:
                raise ValueError(f"the control {name} of the lesson has no positions {missing}")
            label, is_slider = _label(element) or html.escape(name), not hasattr(element, "options")
            self.known[name] = Control(
                name, label, is_slider, kept, values.index(element.value), len(full), name in stated
            )
        self.parts.append("{{controls}}")

    def pictures(self, panels: Sequence[Panel], values: Mapping[str, Any]) -> None:
        """Panels side by side."""
        self.parts.append('<div class="panels">')
        for panel in panels:
            self.parts.append(Block(self._by(panel.by), panel.svg, values, panel.alt, (panel.width, panel.height)))
        self.parts.append("</div>")

    def numbers(self, tellers: Sequence[Callable[..., str]], values: Mapping[str, Any]) -> None:
        """Paragraphs."""
        self.parts.append('<div class="numbers" aria-live="polite">')
        for tell in tellers:
            self.parts.append(Block(self._by(depends_on(tell)), _teller(tell), values, None))
        self.parts.append("</div>")

    def exercises(self, exercises: Sequence[Exercise], introduction: str) -> None:
        """Questions with an input each; what is typed is checked by the page's script."""
        self.parts.append(markdown(introduction))
        for exercise in exercises:
            k = len(self.asked) + 1
            self.parts.append(
                f'<div class="exercise">{markdown(f"**{k}.** {exercise.question}")}'
                f'<label>{exercise.label} <input type="text" id="answer-{k}" autocomplete="off" size="14"></label> '
                f'<output id="reply-{k}" for="answer-{k}" aria-live="polite"></output></div>'
            )
            self.asked.append(exercise)

    def note(self, text: str) -> None:
        """A remark in Markdown, in the place of what only the live lesson can show."""
        self.parts.append(markdown(text))

    def _by(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in self.known if name in names)

    # what makes the file

    def assemble(self, name: str, title: str, track: Track | None) -> str:
        """The page, once all is on it: everything is computed here."""
        blocks = [part for part in self.parts if isinstance(part, Block)]
        controls = within(self.known, [block.by for block in blocks], self.most)
        total = sum(math.prod(len(controls[name].positions) for name in block.by) for block in blocks)
        tick = track(total) if track else lambda: None
        store, made = Store(), []
        for block in blocks:
            states = []
            for values in combinations(controls, block.by):
                states.append(block.make({**block.values, **values}))
                tick()
            made.append((block, states))
        body: list[str] = []
        packed: list[dict[str, Any]] = []
        parts = iter(made)
        for part in self.parts:
            if isinstance(part, str):
                body.append(part)
                continue
            block, states = next(parts)
            start = 0
            for at in block.by:
                start = start * len(controls[at].positions) + controls[at].initial
            body.append(_shown(block, states[start], len(packed)))
            packed.append({"by": list(block.by), "alt": block.alt, "states": [store.add(state) for state in states]})
        data = {
            "controls": [{"name": c.name, "shown": [label for label, _ in c.positions]} for c in controls.values()],
            "blocks": packed,
            "lines": store.lines,
        }
        template = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
        filled = {
            "title": html.escape(title),
            "body": "\n".join(body).replace("{{controls}}", _controls(controls)),
            "data": base64.b64encode(gzip.compress(json.dumps(data).encode(), 9, mtime=0)).decode(),
            "exercises": json.dumps(_answers(self.asked)).replace("<", "\\u003c"),
            "version": __version__,
            "name": name,
        }
        return re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match[1]], template)


@dataclass
class Store:
    """Texts that have most lines in common: each different line once, and a text as runs of line numbers."""

    lines: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> list[int]:
        """The text as [first line, how many, first line, how many, ...]."""
        runs: list[int] = []
        for line in text.split("\n"):
            number = self.numbers.setdefault(line, len(self.numbers))
            if number == len(self.lines):
                self.lines.append(line)
            if runs and number == runs[-2] + runs[-1]:
                runs[-1] += 1
            else:
                runs += [number, 1]
        return runs


def within(known: Mapping[str, Control], groups: Sequence[Sequence[str]], most: int) -> dict[str, Control]:
    """The controls with so few positions that those of no group have more than `most` combinations (two at least)."""
    controls = dict(known)
    while True:
        worst = max(groups, key=lambda group: math.prod(len(controls[name].positions) for name in group), default=())
        free = [name for name in worst if not controls[name].stated]
        longest = max(free, key=lambda name: len(controls[name].positions), default=None)
        count = math.prod(len(controls[name].positions) for name in worst)
        if longest is None or count <= most or len(controls[longest].positions) <= 2:
            return controls
        fewer = len(controls[longest].positions) - 1
        controls[longest] = known[longest].shortened(fewer)


def combinations(controls: Mapping[str, Control], by: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The values of each combination of positions, the last control fastest."""
    for values in product(*([value for _, value in controls[name].positions] for name in by)):
        yield dict(zip(by, values, strict=True))


@cache
def markdown(text: str) -> str:
    """HTML of Markdown, as in the live lesson, formulas as MathML."""
    import marimo as mo

    return with_mathml(mo.md(text).text)


def _teller(tell: Callable[..., str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: markdown(said(tell, values))


def _steps(slider: Any) -> list[tuple[str, Any]]:
    """The positions of a marimo slider."""
    if slider.steps:
        values = list(slider.steps)
    else:
        step = slider.step or 1
        values = [round(slider.start + k * step, 10) for k in range(round((slider.stop - slider.start) / step) + 1)]
    return [(f"{value:g}", value) for value in values]


def _label(element: Any) -> str:
    """The label of a marimo element, which is Markdown, as HTML; nothing where it has none."""
    match = re.search(r"data-label='([^']*)'", element.text)
    return with_mathml(json.loads(html.unescape(match[1])) or "") if match else ""


def _shown(block: Block, state: str, number: int) -> str:
    """A block at the initial positions, seen before the script runs, and where there is none."""
    if block.alt is None:
        return f'<div id="block-{number}">{state}</div>'
    source = base64.b64encode(state.encode()).decode()
    width, height = (round(length * PIXELS) for length in block.size)
    return (
        f'<img id="block-{number}" alt="{html.escape(block.alt)}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{source}">'
    )


def _controls(controls: Mapping[str, Control]) -> str:
    """The inputs, and which positions they have."""
    rows, told = [], []
    for c in controls.values():
        if c.is_slider:
            last, shown = len(c.positions) - 1, html.escape(c.positions[c.initial][0])
            given = (
                f'<span class="given"><input type="range" id="control-{c.name}" min="0" max="{last}" step="1" '
                f'value="{c.initial}"><output id="at-{c.name}">{shown}</output></span>'
            )
        else:
            options = "".join(
                f"<option{' selected' if k == c.initial else ''}>{html.escape(label)}</option>"
                for k, (label, _) in enumerate(c.positions)
            )
            given = f'<select id="control-{c.name}">{options}</select>'
        rows.append(f'<div class="control"><label for="control-{c.name}">{c.label}</label> {given}</div>')
        if len(c.positions) < c.of:
            these = ", ".join(html.escape(label) for label, _ in c.positions) if c.is_slider else "those in the list"
            told.append(f"<li>{c.label}: {len(c.positions)} of {c.of} ({these})</li>")
    positions = (
        f"<details><summary>Not every position is in this file.</summary><p>The live lesson has all of them.</p>"
        f"<ul>{''.join(told)}</ul></details>"
        if told
        else '<p class="small">Every position of the live lesson is in this file.</p>'
    )
    return f'<div class="controls">{"".join(rows)}</div>{positions}'


def _answers(exercises: Sequence[Exercise]) -> dict[str, Any]:
    """What the script needs to check answers: the grammar of numbers, and each exercise with its replies."""
    asked = []
    for exercise in exercises:
        right = float(exercise.answer())
        asked.append({
            "answer": right if math.isfinite(right) else None,
            "tolerance": exercise.tolerance,
            "unit": exercise.unit,
            "right": markdown(exercise.check(repr(right))),
            "hint": markdown(exercise.hint),
        })  # fmt: skip
    return {
        "form": f"^(?:{FORM.pattern.replace('(?P<', '(?<')})$",
        "parted": PARTED.pattern,
        "letters": MOST_LETTERS,
        "readable": READABLE,
        "bits": IN_BITS,
        "asked": asked,
    }
