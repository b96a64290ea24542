"""How the lessons draw and ask: figures with big letters and a fixed size, and the exercises with their inputs.

Colours are those of Okabe and Ito, told apart by the colour-blind. marimo is imported by what shows the exercises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from therml_exact.demos.exercise import Exercise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "exercise_inputs", "lecture_figure", "show_exercises"]

COLOURS: Mapping[str, str] = {
    "blue": "#0072b2",
    "orange": "#e69f00",
    "green": "#009e73",
    "red": "#d55e00",
    "purple": "#cc79a7",
    "sky": "#56b4e9",
    "yellow": "#f0e442",
    "grey": "#7f7f7f",
}
LETTERS = 13  # points; marimo shows an inch as 100 pixels, so that this is 18 pixels high


def lecture_figure(widths: Sequence[float], height: float = 4.2) -> tuple[Figure, list[Axes]]:
    """A figure 10.6 inches wide with panels of these relative widths, letters for the last row of a lecture hall."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(10.6, height), layout="constrained")
    # marimo crops a figure to what is drawn: a white page keeps its size while sliders move.
    figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, color="white", zorder=-10))
    axes = list(figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0])
    for ax in axes:
        ax.tick_params(labelsize=LETTERS - 1)
        ax.spines[["top", "right"]].set_visible(False)
        for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
            text.set_fontsize(LETTERS)
    return figure, axes


def exercise_inputs(exercises: Sequence[Exercise]) -> Any:
    """A text input for each exercise, as one marimo array whose value is what was typed."""
    import marimo as mo

    return mo.ui.array([mo.ui.text(label=f"answer in {e.unit}" if e.unit else "answer") for e in exercises])


def show_exercises(exercises: Sequence[Exercise], inputs: Any) -> Any:
    """The questions, their inputs, and what the library says of the answers typed so far."""
    import marimo as mo

    heading = "## Exercises\nType a number, a fraction, or a multiple of a logarithm: 0.69, 2/3, 3/2*log(2)."
    rows = [
        mo.vstack([
            mo.md(f"**{k}.** {exercise.question}"),
            mo.hstack([field, mo.md(exercise.check(typed))], justify="start", align="center"),
        ], gap=0.25)
        for k, (exercise, field, typed) in enumerate(zip(exercises, inputs.elements, inputs.value, strict=True), 1)
    ]  # fmt: skip
    return mo.vstack([mo.md(heading), *rows], gap=1.25)
