"""A number that both can compute: the truth, both errors, both times, and why they differ."""

from __future__ import annotations

from validation.benchmarks.timing import Call
from validation.peers.cpu import alternate
from validation.section import Cell

COLUMNS = (
    "quantity",
    "input",
    "truth (nats)",
    "ours - truth (nats)",
    "peer - truth (nats)",
    "ours, CPU ms",
    "peer, CPU ms",
    "peer / ours",
    "why they differ",
)


def compared(quantity: str, given: str, truth: float, ours: Call, theirs: Call, why: str = "") -> tuple[Cell, ...]:
    """A row; both calls return nats."""
    mine, other = float(ours()), float(theirs())
    a, b = alternate(ours, theirs, budget=0.25)
    return quantity, given, truth, mine - truth, other - truth, a, b, b / a, why
