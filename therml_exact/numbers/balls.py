"""Ball arithmetic with a precision of our own: the one place that touches python-flint's global settings.

python-flint keeps its working precision (`ctx.prec`, in bits) in one object for the whole process. Whoever sets it,
sets it for every thread, so that a computation of ours could meet a precision that another thread has chosen. A ball
computed with few bits is still an enclosure, only a wide one: a true statement may then look undecided, but no false
one looks true. (The other setting, `ctx.cap`, cuts power series and would be unsound; no series of flint's is used.)

`precision(bits)` holds one lock while it is open, sets the precision, and restores on leaving what it found.
`settled(compute, ...)` evaluates inside it and looks at the precision afterwards: where code that does not take our
lock has moved it meanwhile, the precision is set back and the value computed again.

Errors: MovedError where the precision is moved again and again.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from flint import arb, ctx

TRIES = 1000  # evaluations of one value, each spoilt by another thread

P = ParamSpec("P")
T = TypeVar("T")


class MovedError(RuntimeError):
    """Another thread keeps changing python-flint's precision."""


class _Held:
    """What an open `precision` asked for, and what it will restore."""

    def __init__(self, bits: int, before: int) -> None:
        self.bits = bits
        self.before = before

    def kept(self) -> bool:
        """Whether the precision is still ours; if not, theirs is what will be restored, and ours is set again."""
        if ctx.prec == self.bits:
            return True
        self.before, ctx.prec = ctx.prec, self.bits
        return False


_lock = threading.RLock()
_open: list[_Held] = []  # by the thread that has the lock


def _renew_lock() -> None:
    """A forked process has one thread; a lock that another one held would never be released."""
    global _lock
    _lock = threading.RLock()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Hold the lock and compute with `bits` bits inside; other threads of ours wait until it is left.

    >>> from flint import arb
    >>> with precision(200):
    ...     settled(arb(2).log).rel_accuracy_bits() > 190
    True
    """
    lock = _lock
    with lock:
        held = _Held(bits, ctx.prec)
        ctx.prec = bits
        _open.append(held)
        try:
            yield
        finally:
            _open.pop()
            held.kept()
            ctx.prec = held.before


def settled(compute: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """compute(*args, **named), evaluated at the precision of the innermost `precision` from beginning to end."""
    if not _open:
        return compute(*args, **named)
    held = _open[-1]
    for _ in range(TRIES):
        held.kept()
        value = compute(*args, **named)
        if held.kept():
            return value
    raise MovedError("another thread keeps changing python-flint's precision (flint.ctx.prec); stop it and try again")


# ---- what every checker computes with

ZERO, ONE = arb(0), arb(1)


def ball(value: Any) -> arb:
    """The ball of a Fraction."""
    return arb(value.numerator) / value.denominator  # a rational of FLINT's would look for common divisors again


def plogp(t: arb) -> arb:
    """-t log t, and 0 at an exact 0."""
    return ZERO if t == 0 else -t * t.log()


def dot(x: Sequence[arb], y: Sequence[arb]) -> arb:
    """The scalar product."""
    return sum((a * b for a, b in zip(x, y, strict=True)), ZERO)


def rounded(value: arb, up: bool) -> float:
    """A float not below (or not above) a finite ball."""
    edge = float((value.upper() if up else value.lower()).mid())
    while not (arb(edge) >= value if up else arb(edge) <= value):
        edge = math.nextafter(edge, math.inf if up else -math.inf)
    return edge


def within(reached: arb, claimed: float, margin: float) -> bool:
    """Whether a functional is proved to differ from a claimed float by no more than the margin."""
    return bool(abs(reached - arb(claimed)) <= arb(margin))
