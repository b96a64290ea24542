"""How a tree of boxes is written, and where its cuts are: what the search and its checker have in common.

A tree's text names its nodes in preorder, a character each. A cut of the coordinate j at the place x/8 of its interval,
x = 2, ..., 6, has the number 5 j + x - 2 and is chr(48 + number), or chr(19968 + number) beyond "~"; its lower half
comes first. A leaf is

    "."    log G <= level by the chords of its intervals
    ","    the same by lines that are turned from the chords
    "+"    it lies in one of the ellipsoids
    "!"    it is empty: no code sums to 1 there

The turns have a text of their own, a character for each coordinate, leaf after leaf of those with ",". A turn is
chr(33 + code): no turn for 0; 2^-8, 1.5 2^-8, 2^-7, ... upwards for 1, 2, 3, ...; the same downwards after
these 44. Its unit is 1/m nats, where m is the sum of a letter's exponents.

The root is the box of the letters' rows, rounded outwards. Ends are floats: both halves of a cut have the same float
there, so that they cover what was cut, whatever its rounding. `tighten` then moves ends inwards, by what the sum 1
allows less a margin for all rounding.

No error is raised here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from therml_exact.frontier.problems.mixture import Mixture

RULES = ".,+!"
CUTS, FIRST_PLACE = 5, 2  # an interval is cut at 2, 3, 4, 5 or 6 eighths
FIRST, LAST, BEYOND = 48, 126, 19_968  # of the symbols of cuts
FIRST_TURN = 33
LEAST, POWERS = -8, 22  # the exponents of turns
MOST_LETTERS = 2_000  # coordinates of a code: the symbols of cuts end

Array = np.ndarray[Any, Any]

_SIZES = [0.0, *((1 + 0.5 * (n % 2)) * 2.0 ** (n // 2 + LEAST) for n in range(2 * POWERS))]
TURNS = np.array(_SIZES + [-x for x in _SIZES[1:]])  # by their codes


def takes(m: Mixture) -> bool:
    """Return whether boxes are for this mixture: one block with exponents of one sum, not too many coordinates."""
    return len(m.blocks) == 1 and len(m.blocks[0].rows[0]) <= MOST_LETTERS and m.blocks[0].sums_to_one


def root_box(m: Mixture) -> tuple[Array, Array]:
    """Return the ends lo[j], hi[j] of the smallest box of floats that holds all rows."""
    columns = np.array(m.blocks[0].rows, dtype=float)  # rounding keeps the order
    lo = np.array([_below(x) for x in columns.min(axis=0).tolist()])
    hi = np.array([math.nextafter(x, math.inf) for x in columns.max(axis=0).tolist()])
    return lo, np.minimum(hi, 1.0)


def _below(x: float) -> float:
    """Return the float before, but not one below 0."""
    return max(math.nextafter(x, -math.inf), 0.0)


def cut_symbols(width: int) -> Array:
    """Return the code points of the cuts of so many coordinates.

    >>> "".join(map(chr, cut_symbols(2)))
    '0123456789'
    """
    number = np.arange(CUTS * width)
    return np.where(FIRST + number <= LAST, FIRST, BEYOND) + number


def turn_symbols() -> Array:
    """Return the code points of the turns, by their codes."""
    return FIRST_TURN + np.arange(len(TURNS))
