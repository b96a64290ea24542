"""A panel of a lesson's picture: one pair of axes, which depends on the controls that its function names.

    draw(ax, gamma, sigma)   depends on the controls gamma and sigma, and on nothing else

So a page that has no Python can hold the panel for each position of these controls alone. Panels stand side by side
where there is room and below each other on a telephone; letters keep their size. Widths and heights are in inches,
of which one is 100 pixels.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from therml_exact.figures.style import COLOURS, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "LETTERS", "Panel", "depends_on", "said", "together"]

LETTERS = 13  # points: 18 pixels high
PIXELS = 100  # an inch


def depends_on(function: Callable[..., Any], besides: int = 0) -> tuple[str, ...]:
    """The names of a function's parameters, without the first `besides`."""
    return tuple(inspect.signature(function).parameters)[besides:]


def said(tell: Callable[..., str], values: Mapping[str, Any]) -> str:
    """What a teller of numbers says, in Markdown; it depends on the values that it names."""
    return inspect.cleandoc(tell(**{name: values[name] for name in depends_on(tell)}))


@dataclass(frozen=True)
class Panel:
    """What is drawn on one pair of axes.

    draw     draw(ax, name, ...) draws; the names are those of controls, or of what else the lesson hands over
    width    of the panel with its labels, inches
    height   likewise
    alt      what is seen, for those who hear the page
    """

    draw: Callable[..., None]
    width: float
    alt: str
    height: float = 4.2

    @property
    def by(self) -> tuple[str, ...]:
        """The names of what the panel depends on."""
        return depends_on(self.draw, besides=1)

    def figure(self, values: Mapping[str, Any]) -> Figure:
        """The panel as a figure of its own."""
        return together([self], values)

    def png(self, values: Mapping[str, Any]) -> bytes:
        """The panel as PNG, two pixels for each of the page's, so that it is sharp."""
        out = io.BytesIO()
        self.figure(values).savefig(out, format="png", dpi=2 * PIXELS)
        return out.getvalue()

    def svg(self, values: Mapping[str, Any]) -> str:
        """The panel as SVG, the same text for the same values; letters are outlines, so that no font is needed."""
        import matplotlib as mpl

        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with mpl.rc_context({"svg.hashsalt": "lesson", "svg.fonttype": "path"}):
            self.figure(values).savefig(out, format="svg", metadata=nothing)
        text = out.getvalue()
        return text[text.index("<svg") :]


def together(panels: Sequence[Panel], values: Mapping[str, Any]) -> Figure:
    """The panels side by side in one figure, with letters for the last row of a lecture hall."""
    from matplotlib.figure import Figure

    widths = [panel.width for panel in panels]
    with style():
        figure = Figure(figsize=(sum(widths), max(panel.height for panel in panels)), layout="constrained")
        axes = figure.subplots(1, len(panels), width_ratios=widths, squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            _big_letters(ax)
            panel.draw(ax, **{name: values[name] for name in panel.by})
    return figure


def _big_letters(ax: Axes) -> None:
    ax.tick_params(labelsize=LETTERS - 1)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_fontsize(LETTERS)
