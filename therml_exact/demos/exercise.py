"""An exercise: a question whose answer is a number that the library computes when it is asked.

Learners type a number, a fraction such as 2/3, or a multiple of a logarithm such as 3/2*log(2); nothing is evaluated.
An answer is right within the tolerance that the question states.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import SupportsFloat

__all__ = ["FORM", "IN_BITS", "MOST_LETTERS", "PARTED", "READABLE", "Exercise", "read_number"]

_NUMBER = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
FORM = re.compile(
    rf"(?P<sign>[+\-−])?(?:(?P<top>{_NUMBER})(?:/(?P<bottom>{_NUMBER}))?)?"
    rf"(?:(?P<times>[*·])?(?:log|ln)(?:\((?P<of>{_NUMBER})(?:/(?P<over>{_NUMBER}))?\)|(?P<alone>{_NUMBER}))"
    rf"(?:/(?P<by>{_NUMBER}))?)?"
)
"""What can be typed, without spaces; the page without Python reads by the same expression."""
PARTED = re.compile(r"[\d.] +[\d.]")
MOST_LETTERS = 60
READABLE = "type a number such as 0.69, 2/3 or 3/2*log(2)"
IN_BITS = "🟡 That is the answer in bits; here every number is in nats."


def read_number(text: str) -> float:
    """The number that was typed: 0.69, 2/3, log(2), 3/2*log(2), log(4/3)/2. ValueError says what can be read.

    ln2/2 is half of ln 2. Digits that a space parts, such as 1 2/3, and commas are refused: they are read in many ways.
    """
    bare = text.replace(" ", "")
    shown = "`" + repr(text[:60]).replace("`", "'") + "`"  # as code: nothing that is typed becomes HTML or a formula
    form = FORM.fullmatch(bare) if len(bare) <= MOST_LETTERS and not PARTED.search(text) else None
    of = (form["of"] or form["alone"]) if form else None
    if form is None or (form["top"] is None and (of is None or form["times"])):
        raise ValueError(f"cannot read {shown}; {READABLE}")
    try:
        value = float(form["top"] or 1) / float(form["bottom"] or 1)
        if of is not None:
            value *= math.log(float(of) / float(form["over"] or 1)) / float(form["by"] or 1)
    except (ZeroDivisionError, ValueError):
        raise ValueError(f"{shown} is no number: it divides by zero or takes a logarithm of zero") from None
    if not math.isfinite(value):
        raise ValueError(f"{shown} is too large a number")
    return -value if form["sign"] in ("-", "−") else value


@dataclass(frozen=True)
class Exercise:
    """The question (Markdown), the function that computes its answer, how close is right, the unit, and a hint."""

    question: str
    answer: Callable[[], SupportsFloat]
    tolerance: float
    unit: str
    hint: str

    @property
    def label(self) -> str:
        """What stands before the input."""
        return f"answer in {self.unit}" if self.unit else "answer"

    def check(self, typed: str) -> str:
        """What to tell the learner, as Markdown; the right number is said once the answer is right."""
        if not typed.strip():
            return ""
        try:
            given = read_number(typed)
        except ValueError as error:
            return f"🟡 {error}"
        right = float(self.answer())
        if not math.isfinite(right):
            return "🟡 The library finds no number here; the question is at fault, not you."
        unit = f" {self.unit}" if self.unit else ""
        if abs(given - right) <= self.tolerance:
            return f"✅ Right: {right:.6g}{unit}."
        if self.unit == "nats" and abs(given * math.log(2) - right) <= self.tolerance:
            return IN_BITS
        return f"❌ Not {given:.6g}{unit}. Hint: {self.hint}"
