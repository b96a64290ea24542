"""A table that a learner brings to a lesson: a small CSV file, read by the package's own reader, or the shipped one.

    Hair,Eye,count          the first column is X, the second Y; a third one is named count, n, frequency, weight or p
    black,brown,68          without it each row is one sample

A file is hostile until parsed: its size is bounded before it is read, and its table before anything is computed of it.
Errors: ValueError that names the file, what is wrong and what to do.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.demos.panel import COLOURS

__all__ = ["SHIPPED", "Table", "draw_curve", "frontier", "problem", "read", "show_table", "show_upload"]

BYTES = 1_000_000
CELLS = 400
SECONDS = 20.0  # of one trace of a table that may be anything
COUNTS = ("count", "counts", "n", "freq", "frequency")
WEIGHTS = ("weight", "weights", "p", "probability")

Table = tuple[str, bytes]  # a file's name and its contents
SHIPPED: Table = ("", b"")  # hair and eye colour of 592 students


@cache
def read(table: Table) -> tx.Joint:
    """The joint of X and Y in a file, or the shipped one."""
    name, contents = table
    if table == SHIPPED:
        return tx.examples.hair_eye().marginal(["Hair", "Eye"])
    if len(contents) > BYTES:
        raise ValueError(f"{name}: {len(contents):,} bytes; a lesson reads {BYTES:,}: aggregate it to counts first")
    first = contents.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    sep = next((mark for mark in (",", ";", "\t") if mark in first), ",")
    header = [text.strip() for text in next(csv.reader([first], delimiter=sep, skipinitialspace=True), [])]
    if len(header) < 2:
        raise ValueError(f"{name}: its first line is {first[:60]!r}; it names two columns or more, parted by , or ;")
    kind = header[2].lower() if len(header) == 3 else ""
    if len(header) > 2 and kind not in COUNTS + WEIGHTS:
        raise ValueError(
            f"{name}: it has {len(header)} columns; keep two, X and Y, and perhaps a third named count or weight"
        )
    file = io.BytesIO(contents)
    file.name = name
    joint = tx.Joint.from_csv(
        file, header[:2], header[2] if kind in COUNTS else None, header[2] if kind in WEIGHTS else None, sep
    )
    if joint.table.size > CELLS:
        letters = " x ".join(map(str, joint.table.shape))
        raise ValueError(f"{name}: {letters} letters; a lesson takes up to {CELLS} cells: merge rare letters first")
    return joint


@cache
def problem(table: Table) -> tx.EncoderProblem:
    """All encoders of X, for what they tell of Y."""
    return tx.EncoderProblem(read(table))


@cache
def frontier(tol: float, table: Table) -> tx.Frontier:
    """The curve of all optima: inner and outer polygon within tol nats, or as near as the time allows."""
    return tx.trace(problem(table), tol=tol, progress=False, time_limit=None if table == SHIPPED else SECONDS)


def show_upload() -> Any:
    """The button that brings a file."""
    import marimo as mo

    label = "your own table (CSV: X, Y, count)"
    return mo.ui.file(filetypes=[".csv"], max_size=BYTES, label=label)


def show_table(button: Any) -> tuple[Table, Any]:
    """The table to work with, and what to say of it: which one it is, or why the file cannot be used."""
    import marimo as mo

    if not button.value:
        return SHIPPED, None
    table = (button.value[0].name, bytes(button.value[0].contents))
    try:
        joint = read(table)
    except ValueError as error:
        return SHIPPED, mo.callout(mo.md(f"{_plain(str(error))}. Shown is the lesson's own table."), kind="danger")
    (x, y), (rows, columns) = joint.axes, joint.table.shape
    said = f"{_plain(table[0])}: X is {_plain(x)} ({rows} letters), Y is {_plain(y)} ({columns})."
    return table, mo.callout(mo.md(said), kind="success")


def _plain(text: str) -> str:
    """A text that Markdown and HTML leave as it is: what a file holds becomes neither a link nor a script."""
    return "`" + text.replace("`", "'").replace("\n", " ")[:400] + "`"


def draw_curve(ax: Any, curve: tx.Frontier, critical: float | None) -> np.ndarray:
    """Inner and outer polygon, what is impossible, and the slope at the first code; where R is looked at."""
    inner = np.array([[o.point["R"], o.point["C"]] for o in curve])
    inner = inner[np.lexsort((-inner[:, 1], inner[:, 0]))]
    top, bottom, right = inner[0, 1], inner[-1, 1], max(inner[-1, 0], 1e-3)
    margin = 0.06 * max(top - bottom, 1e-3)
    rate = np.linspace(0, 1.08 * right, 800)
    outer = np.max([(o.lower_bound - o.multipliers["rho"] * rate) / o.multipliers["gamma"]
                    for o in curve if o.multipliers["gamma"] > 0], axis=0)  # fmt: skip
    ax.fill_between(rate, outer, bottom - 9, color="0.9", linewidth=0)
    ax.plot(rate, outer, "--", color=COLOURS["red"], linewidth=1.5, label="outer: proved")
    ax.plot(*inner.T, ".-", color=COLOURS["blue"], linewidth=1.5, markersize=8, label="inner: achieved")
    if critical is not None and np.isfinite(critical) and critical > 0:
        label = rf"slope $-1/\gamma_c$, $\gamma_c$ = {critical:.3f}"
        ax.plot(rate, top - rate / critical, ":", color="black", label=label)
    page = {"facecolor": "0.9", "edgecolor": "none", "pad": 1.0}
    ax.text(0.04, 0.05, "impossible", transform=ax.transAxes, fontsize=13, color="0.3", bbox=page, zorder=4)
    ax.set_xlim(-0.03 * right, 1.08 * right)
    ax.set_ylim(bottom - 3 * margin, top + margin)
    ax.set_xlabel("R (nats)")
    ax.set_ylabel("C (nats)")
    return rate
