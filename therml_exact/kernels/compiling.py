"""Compile a kernel, or find its machine code in numba's cache; an interruption ends it at once.

Numba and LLVM call Python from C, where an exception is printed and lost, and numba catches exceptions to try the next
typing of an expression. So a Control-C that arrives while a kernel is compiled may be swallowed. While compiling, the
signal is therefore noted as well as raised, and each of numba's events (several for every pass of the compiler) raises
it again until it has come through.
"""

from __future__ import annotations

import functools
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from numba.core import event


class _NotAtHandError(Exception):
    """The machine code would have to be compiled."""


class _Refuse(event.Listener):
    """Ends compilation before it begins, in this thread."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def on_start(self, event: Any) -> None:
        if threading.get_ident() == self._thread:
            raise _NotAtHandError

    def on_end(self, event: Any) -> None:
        pass


def is_at_hand(machine: Any, args: tuple[Any, ...]) -> bool:
    """Return whether there is machine code for these arguments, in memory or on disk, and load it."""
    signature = tuple(machine.typeof_pyval(arg) for arg in args)
    try:
        with event.install_listener("numba:compile", _Refuse()):
            machine.compile(signature)
    except _NotAtHandError:
        return False
    return True


def compile_for(machine: Any, args: tuple[Any, ...]) -> None:
    """Compile the kernel for these arguments."""
    signature = tuple(machine.typeof_pyval(arg) for arg in args)
    with interruptible():
        try:
            machine.compile(signature)
        except OSError:  # the cache's disk is full; numba keeps what it compiled before it writes it
            if not is_at_hand(machine, args):
                raise
            tell_uncached()


@functools.cache
def tell_uncached() -> None:
    """Warn, once, that machine code is not kept."""
    told = "nothing that is compiled can be kept: no cache folder can be written to, so each process compiles anew. "
    warnings.warn(told + "Set NUMBA_CACHE_DIR to a folder that can be written to.", RuntimeWarning, stacklevel=2)


class _Interruption(event.Listener):
    """Notes SIGINT, and raises KeyboardInterrupt at every event from then on."""

    def __init__(self) -> None:
        self.arrived = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        self.arrived = True
        raise KeyboardInterrupt

    def on_start(self, event: Any) -> None:
        if self.arrived:
            raise KeyboardInterrupt

    on_end = on_start


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT through, where Python's own handler would raise KeyboardInterrupt in this thread."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    interruption = _Interruption()
    signal.signal(signal.SIGINT, interruption.handle)
    try:
        with event.install_listener("numba:run_pass", interruption):
            yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interruption.arrived:
        raise KeyboardInterrupt
