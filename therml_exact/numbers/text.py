"""Numbers as files write them: ASCII digits in one fixed form, of bounded length.

    rational        -?digits or -?digits/digits         "3", "-7/12"
    hexadecimal     what float.hex() writes              "0x1.8000000000000p+1"

Python's own readers take more than was ever written: float.fromhex("0.8") is 1/2, Fraction("1e999999999") is a number
that fills the memory, and both take digits of other scripts. What is read here is what `str(Fraction)` and `float.hex`
write, nothing else.

Errors: ValueError naming the text (shortened).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

MOST_DIGITS = 4_300  # of a numerator or denominator: what Python converts without being asked
_RATIONAL = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}(?:/[0-9]{{1,{MOST_DIGITS}}})?")
_HEXADECIMAL = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHOWN = 60


def has_control(text: str) -> bool:
    """Whether a text holds control characters or halves of characters, which no terminal or file should be given."""
    return _CONTROL.search(text) is not None


def shown(value: Any) -> str:
    """A value in a message: its repr, shortened, without control characters."""
    # The repr of a long text is as long as the text: cut first.
    if isinstance(value, int) and value.bit_length() > 4 * _SHOWN:
        return f"an integer of {value.bit_length():,} bits"  # Python writes none of more than 4,300 digits
    text = repr(value[: 2 * _SHOWN] if isinstance(value, (str, bytes, list, tuple)) else value)
    text = text if isinstance(value, str) else "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def is_hexadecimal(text: Any) -> bool:
    """Whether a text is a float as float.hex() writes it."""
    return isinstance(text, str) and _HEXADECIMAL.fullmatch(text) is not None


def read_hexadecimal(text: Any) -> float:
    """A finite float from its hexadecimal text.

    >>> read_hexadecimal("0x1.8000000000000p+1")
    3.0
    """
    if not is_hexadecimal(text):
        raise ValueError(f"{shown(text)} is no float in hexadecimal, such as '0x1.8000000000000p+1'")
    try:
        value = float.fromhex(text)
    except OverflowError:
        raise ValueError(f"{shown(text)} is beyond the range of floats") from None
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is not finite")
    return value


def read_rational(text: Any) -> Fraction:
    """A rational from "n" or "n/d".

    >>> read_rational("-7/12")
    Fraction(-7, 12)
    """
    if not isinstance(text, str) or _RATIONAL.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is no rational number, such as '-3/7' (at most {MOST_DIGITS:,} digits)")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError(f"{shown(text)} divides by zero") from None


def read_exact(text: Any) -> Fraction:
    """A rational, or the exact value of a float in hexadecimal."""
    return Fraction(read_hexadecimal(text)) if is_hexadecimal(text) else read_rational(text)


def listed(items: Sequence[str], most: int = 10) -> str:
    """Texts in a message, separated by commas: the first few, and how many more there are.

    >>> listed(["a", "b", "c"], most=2)
    'a, b, ... (1 more)'
    """
    texts = [text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..." for text in map(printable, items[:most])]
    more = len(items) - most
    return ", ".join(texts) + (f", ... ({more:,} more)" if more > 0 else "")


def printable(text: str) -> str:
    """A text for a terminal: what is no printable character becomes a question mark."""
    return "".join(c if c.isprintable() else "?" for c in text)
