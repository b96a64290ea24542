"""Multipliers as the user gives them, read into exact rationals within bounds that exact arithmetic can bear.

A problem says which multipliers it takes (`multipliers`); one that is foreign to it must be left at its default, 1 for
rho and 0 for the others.
Errors: ValueError for one that is negative, infinite, or no number; TypeError for one that is foreign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.numbers.tables import parse_rational

LARGE = 10**12  # the largest multiplier; its inverse is the smallest that is not 0
LONGEST = 400  # characters of one that is text


def read_multipliers(problem: Any, given: Mapping[str, Any]) -> dict[str, Fraction]:
    """Return the multipliers that the problem takes, as Fractions.

    given maps names to floats, integers, Fractions or texts; a float means its exact binary value. ValueError is raised
    for a value that is no number, negative, infinite or beyond LARGE; TypeError for one that is foreign to the problem
    and not at its default.

    >>> import therml_exact as tx
    >>> problem = tx.BayesProblem([1], [["1/2", "1/2"]], 3)
    >>> read_multipliers(problem, {"rho": 1, "beta": "3/4"})
    {'beta': Fraction(3, 4)}
    """
    read = {}
    for name, value in given.items():
        exact = _read(name, value)
        if name in problem.multipliers:
            read[name] = exact
        elif exact != (1 if name == "rho" else 0):
            known = ", ".join(problem.multipliers)
            raise TypeError(f"{name} = {value!r} is foreign to {type(problem).__name__}, which takes {known}")
    return read


def _read(name: str, value: Any) -> Fraction:
    """Return one multiplier as a Fraction, or raise a ValueError that names it."""
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) and value.size == 1 else value
    try:
        if isinstance(plain, str) and len(plain) > LONGEST:
            raise ValueError
        exact = parse_rational(plain, name) if isinstance(plain, str) else Fraction(plain)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is {value!r:.80}; a multiplier is a finite number >= 0") from None
    if exact < 0:
        raise ValueError(f"{name} is {value!r}; a multiplier is a finite number >= 0")
    if exact and not 1 / LARGE <= exact <= LARGE:
        raise ValueError(f"{name} is {value!r}; a multiplier is 0, or between 1e-12 and 1e12 (rho scales the others)")
    return exact


def is_infinite(value: Any) -> bool:
    """Return whether a multiplier is the float infinity, which only `beta` may be."""
    return isinstance(value, (float, np.floating)) and value == math.inf
