"""Budget: the tolerance of an optimum, and the cells and seconds that it may cost; read and checked once, at the door.

Errors: ValueError naming the argument, its value and what it should be; MemoryError where the solvers' libraries have
no room (numbers/memory.py).
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, replace
from typing import Any, Literal

from therml_exact.clock import now
from therml_exact.numbers.memory import check_libraries

Reason = Literal["closed", "cells", "time", "memory", "rounding", "bounds"]
"""Why a search stopped: the bounds met within the tolerance, or the cells, the time, the memory or the digits ended.

"bounds" is said of a joint problem with few thetas alone: what is left no search of ours closes.
"""

USUAL_CELLS = 2_000_000  # of a search whose cells take little memory each

REASONS = ("closed", "cells", "time", "memory", "rounding", "bounds")
REMEDIES = {
    "cells": "raise max_cells",
    "time": "raise time_limit",
    "memory": "take smaller alphabets, or a larger tol",
    "rounding": "take a larger tol: floats tell no more",
    "bounds": "leave out theta_size: no search closes the rest for so few thetas",
}


@dataclass(frozen=True)
class Budget:
    """What one optimum may cost.

    tol       nats: the largest gap that counts as closed
    cells     how many cells a search may make; None: time and memory decide
    seconds   how long the call may take, preparation included
    rtol      a gap also counts as closed if it is at most this share of the value
    """

    tol: float
    cells: int | None
    seconds: float
    rtol: float = 0.0

    @classmethod
    def read(cls, tol: Any, max_cells: Any, time_limit: Any, rtol: Any = 0.0) -> Budget:
        """The budget of the caller's numbers, which are checked: ValueError where one is out of range.

        >>> Budget.read(1e-9, 1000, 60)
        Budget(tol=1e-09, cells=1000, seconds=60.0, rtol=0.0)
        """
        check_libraries()
        if not _real(rtol) or not 0 <= rtol < 1:
            raise ValueError(f"rtol is {rtol!r}; it is a share of the value, at least 0 and below 1")
        if not _real(tol) or not 0 < tol < math.inf:
            raise ValueError(f"tol is {tol!r}; a tolerance is a positive number of nats")
        whole = isinstance(max_cells, numbers.Integral) and not isinstance(max_cells, bool)
        if max_cells is not None and not (whole and max_cells >= 1):
            raise ValueError(f"max_cells is {max_cells!r}; it is a whole number, at least 1")
        if not _real(time_limit) or not time_limit > 0:
            raise ValueError(f"time_limit is {time_limit!r}; it is a positive number of seconds")
        cells = None if max_cells is None else int(max_cells)
        return cls(float(tol), cells, float(time_limit), float(rtol))

    @property
    def count(self) -> int:
        """How many cells a search may make whose memory nothing else limits."""
        return USUAL_CELLS if self.cells is None else self.cells

    def tolerance(self, value: float) -> float:
        """The largest gap that counts as closed about a value, in nats.

        >>> Budget(1e-9, None, 60.0, 1e-12).tolerance(1e6)
        1e-06
        """
        return max(self.tol, self.rtol * abs(value))

    @property
    def deadline(self) -> float:
        """When the time ends if it begins now, seconds of the monotonic clock."""
        return now() + self.seconds

    def within(self, tol: float) -> Budget:
        """The same budget with a tolerance of at most `tol` nats."""
        return replace(self, tol=min(self.tol, tol))

    def until(self, deadline: float) -> Budget:
        """The same budget, ending at the deadline at the latest; a hundredth of a second is always left."""
        return replace(self, seconds=min(self.seconds, max(deadline - now(), 0.01)))


def reason_of(status: str, told: Any) -> str:
    """The reason that a file tells for an optimum of this status; files of earlier versions tell none.

    ValueError is raised for a reason that is unknown.
    """
    if told is None:
        return "closed" if status == "certified" else "unknown"
    if told not in (*REASONS, "bounds", "unknown") or (told == "closed" and status != "certified"):
        raise ValueError(f"the reason {told!r:.40} of an optimum that is {status!r:.40} is unknown")
    return str(told)


def _real(value: Any) -> bool:
    """Whether the value is a real number, and no bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
