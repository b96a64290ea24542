"""The module `math` for kernels that are interpreted: infinities and nan as in machine code, where Python raises."""

import math
from math import *  # noqa: F403

__all__ = ["exp", "expm1", "log", "log1p", "sqrt"]


def exp(x: float) -> float:
    """Return e^x, infinite where that is beyond all floats."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def expm1(x: float) -> float:
    """Return e^x - 1, infinite where that is beyond all floats."""
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """Return log x, -inf at 0 and nan below."""
    return math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def log1p(x: float) -> float:
    """Return log(1 + x), -inf at -1 and nan below."""
    return math.log1p(x) if x > -1.0 else (-math.inf if x == -1.0 else math.nan)


def sqrt(x: float) -> float:
    """Return the square root of x, nan below 0."""
    return math.sqrt(x) if x >= 0.0 else math.nan
