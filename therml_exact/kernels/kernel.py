"""A kernel is one Python function, which is interpreted until compiling it pays (ski rental).

Compiling takes seconds, and a small problem takes less than that without. Let c be what compiling a kernel costs, in
seconds. A kernel whose machine code is in numba's cache on disk is used compiled. Otherwise its Python function runs,
until the time spent in it reaches c; then it is compiled. So a kernel never costs more than about twice the better of
the two choices, however long it turns out to be needed (the rule of R. Karp, On-line algorithms versus off-line
algorithms, 1992, for renting skis or buying them).

Starting. To load machine code, numba has to be imported, which takes STARTING seconds once in a process. The same rule
holds for them: until all kernels together have been interpreted for that long, what is in the cache is left there.
Whether a kernel is in the cache at all is seen from the name of its file, without numba.

Calls. What counts is the outermost call: kernels that it calls are interpreted with it and compiled with it. A call
may be long, and returns nothing before its end; therefore each inner kernel looks at the clock, and when the time is up
it ends the whole call. The arrays that the call was given get back what was in them, and the call is made again,
compiled. So a call is interpreted or compiled, never both. A loop that is long and calls no kernel calls `breathe`.

Costs. c is SECONDS_A_BYTE for each byte of bytecode (CPython 3.11) of the kernel and of those it calls. On a quiet
machine numba 0.68 needed 0.6 to 1.4 ms a byte when it compiled every kernel by itself. As parts (parts.py) they need
0.37 (hard encoders) to 0.65 (encoders) of that, 0.52 for learning rules and informations, timed on one busy machine
before and after: 0.25 to 0.75 ms. Of that LLVM takes two fifths, and numba's types and lowering the rest, which is not
done again for what another kernel has called already.

Arithmetic. Machine code divides by zero, takes log 0 and overflows without a word; Python raises. While a kernel is
interpreted NumPy is silent, and `math` is replaced by functions that return infinities too (quiet_math.py). Where
Python raises nevertheless (a division of two Python floats), the call is made again, compiled.

Modes. THERML_KERNELS=compiled, or =interpreted, pins one of them; interpreted kernels never import numba, which need
not be installed. The last bits of floats may differ between the modes: the compiler fuses and reorders sums.
"""

from __future__ import annotations

import functools
import glob
import math
import os
import re
import sys
import threading
import time
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from therml_exact import clock
from therml_exact.kernels import quiet_math

VARIABLE = "THERML_KERNELS"
MODES = ("compiled", "interpreted")
SECONDS_A_BYTE = 5e-4  # of bytecode, to compile a kernel
KNOWN = 0.4  # of it for a kernel that has been typed and lowered
STARTING = 1.0  # seconds: numba's import and its first look into the cache on a quiet machine (numba 0.68: 0.9 to 1.2)


class _TimeIsUp(BaseException):
    """The outermost call has been interpreted for as long as compiling takes."""


class _Thread(threading.local):
    """deadline: until when the outermost call of this thread may be interpreted; None where none is."""

    deadline: float | None = None


class _Process:
    """spent: seconds for which kernels were interpreted before numba was started; started: whether it has been."""

    spent = 0.0
    started = False


_thread = _Thread()
_process = _Process()
_NOTHING = object()  # what an interpreted call returns that did not come to its end


def mode() -> str:
    """Return "compiled" or "interpreted", as THERML_KERNELS pins it, or "automatic"; anything else is a ValueError."""
    value = os.environ.get(VARIABLE, "")
    if value and value not in MODES:
        raise ValueError(
            f"{VARIABLE} is {value!r}; it must be 'compiled' or 'interpreted', or not be set: then a kernel is "
            "interpreted until compiling it pays"
        )
    return value or "automatic"


def kernel(**options: Any) -> Callable[[types.FunctionType], Kernel]:
    """Make a function of scalars, arrays and tuples of them a kernel; the options are those of numba.njit."""
    return lambda function: Kernel(function, options)


class Kernel:
    """One kernel: its function, and its machine code once there is any."""

    def __init__(self, function: types.FunctionType, options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options
        self._ready: Callable[..., Any] | None = None  # the compiled function
        self._spent = 0.0  # seconds of outermost calls that were interpreted
        self._looked = False  # whether its machine code has been looked for on disk

    def __reduce__(self) -> str:
        return self.function.__qualname__

    def __call__(self, *args: Any) -> Any:
        """Call the kernel."""
        deadline = _thread.deadline
        if deadline is None:
            return self._ready(*args) if self._ready else self._outermost(args)
        if time.perf_counter() > deadline:
            raise _TimeIsUp
        return self._python(*args)

    def _outermost(self, args: tuple[Any, ...]) -> Any:
        pinned = mode()
        if pinned == "interpreted" or not numba_is_there():
            return self._interpret(args, math.inf)
        if pinned == "automatic":
            result = self._rent(args, self._until_look)
            if result is _NOTHING and not self._is_at_hand(args):
                result = self._rent(args, self.cost - self._spent)
            if result is not _NOTHING:
                return result
        return self.compiled(args, aloud=pinned == "automatic")(*args)

    @property
    def _until_look(self) -> float:
        """For how many seconds this kernel may still be interpreted before its machine code is looked for."""
        if _process.started or not self._is_kept:
            return 0.0
        return STARTING - _process.spent

    def _rent(self, args: tuple[Any, ...], seconds: float) -> Any:
        """Interpret a call for at most so many seconds; where that is not enough, restore its arrays: _NOTHING."""
        if seconds <= 0.0:
            return _NOTHING
        before = _arrays(args, [])
        begun = time.perf_counter()
        try:
            return self._interpret(args, begun + seconds)
        except (_TimeIsUp, ArithmeticError):
            for array, content in before:
                array[...] = content
            return _NOTHING
        finally:
            self._account(time.perf_counter() - begun)

    def _account(self, seconds: float) -> None:
        self._spent += seconds
        if not _process.started:
            _process.spent += seconds

    def either(self, other: Callable[..., Any], seconds: float, *args: Any) -> Any:
        """Call the kernel where it is compiled or has to be; otherwise `other`, which takes about `seconds` instead.

        For kernels that NumPy can stand in for, quicker than the interpreter: the time that `other` takes is counted.
        """
        if self._ready:
            return self._ready(*args)
        pinned = mode()
        if pinned == "interpreted" or not numba_is_there():
            return other(*args)
        if pinned == "automatic":
            early = seconds < self._until_look
            if early or (not self._is_at_hand(args) and self._spent + seconds < self.cost):
                self._account(seconds)
                return other(*args)
        return self.compiled(args, aloud=pinned == "automatic")(*args)

    def _is_at_hand(self, args: tuple[Any, ...]) -> bool:
        """Return whether there is machine code; what is on disk is looked for once."""
        if self._looked or not self._is_kept:
            return self.is_compiled
        from therml_exact.kernels.compiling import is_at_hand

        self._looked = _process.started = True
        with clock.stop():
            return is_at_hand(self.machine, args)

    @functools.cached_property
    def _is_kept(self) -> bool:
        """Whether numba's cache may hold machine code of this kernel, as the names of its files tell."""
        source = Path(self.function.__code__.co_filename)
        chosen = os.environ.get("NUMBA_CACHE_DIR")
        folder = source.parent / "__pycache__"
        if not chosen and not os.access(folder, os.W_OK):
            return True  # numba then keeps it in the user's folder
        bare = re.sub("[<>]", "", self.function.__qualname__)
        name = f"*.{glob.escape(bare)}-{self.function.__code__.co_firstlineno}.*.nbi"
        folders = Path(chosen).glob(f"{glob.escape(source.parent.name)}_*") if chosen else [folder]
        return any(any(at.glob(name)) for at in folders)

    def _interpret(self, args: tuple[Any, ...], deadline: float) -> Any:
        _thread.deadline = deadline
        try:
            with np.errstate(all="ignore"):
                return self._python(*args)
        finally:
            _thread.deadline = None

    def compiled(self, args: tuple[Any, ...], aloud: bool = False) -> Callable[..., Any]:
        """Return the machine code for these arguments, compiled now if it has to be; `aloud` says so."""
        from therml_exact.kernels.compiling import compile_for, is_at_hand

        _process.started = True
        if not is_at_hand(self.machine, args):
            if aloud:
                print(  # noqa: T201
                    f"therml_exact: compiling {self.function.__name__}, once, for about {max(self.cost, 1.0):.0f} s "
                    "(`therml warmup` compiles everything in advance)",
                    file=sys.stderr,
                    flush=True,
                )
            with clock.stop():
                compile_for(self.machine, args)
        self._ready = self.machine
        return self.machine

    @functools.cached_property
    def _python(self) -> Callable[..., Any]:
        """The function, with mathematics that is as silent as machine code."""
        names = self.function.__globals__
        if names.get("math") is not math:
            return self.function
        return types.FunctionType(self.function.__code__, {**names, "math": quiet_math})

    @functools.cached_property
    def machine(self) -> Any:
        """Numba's dispatcher for this function, as Python calls it; other threads run beside it."""
        with clock.stop():  # numba's import
            return _dispatcher(self.function, {"nogil": True, **self.options})

    @functools.cached_property
    def inner(self) -> Any:
        """The same as another kernel calls it: a part of the machine code of its callers (parts.py)."""
        from numba import njit

        from therml_exact.kernels.parts import pipeline

        f = self.function
        bare = types.FunctionType(f.__code__, f.__globals__, f.__name__)
        bare.__module__ = f.__module__
        inner = njit(**{"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **pipeline, **self.options})(bare)
        typed = inner.get_call_template
        # One for all integers: numba would compile it for each way to mix literals and variables, f(0, n) and f(n, 0).
        inner.get_call_template = lambda args, names: typed(_unliteral(args), names)
        return inner

    @property
    def _numba_type_(self) -> Any:
        return self.inner._numba_type_

    @property
    def cost(self) -> float:
        """What compiling costs now, in seconds, with all kernels that this one calls."""
        if self.is_compiled:
            return 0.0
        others = (k.own * (KNOWN if _is_compiled(k, "inner") else 1.0) for k in self.callees if k is not self)
        return self.own + sum(others)

    @property
    def own(self) -> float:
        """What compiling this function alone costs, in seconds."""
        return SECONDS_A_BYTE * len(self.function.__code__.co_code)

    @property
    def is_compiled(self) -> bool:
        """Whether there is machine code in this process."""
        return _is_compiled(self, "machine")

    @functools.cached_property
    def callees(self) -> set[Kernel]:
        """Return this kernel, and all that it calls."""
        found: set[Kernel] = set()
        waiting = [self]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                named = (at.function.__globals__.get(name) for name in at.function.__code__.co_names)
                waiting += [k for k in named if isinstance(k, Kernel)]
        return found


@functools.cache
def numba_is_there() -> bool:
    """Return whether numba can be imported."""
    try:
        return find_spec("numba") is not None
    except (ImportError, ValueError):  # a finder refuses it, or None stands in its place: somebody hides it
        return False


def _dispatcher(function: types.FunctionType, options: dict[str, Any]) -> Any:
    """Numba's dispatcher, whose machine code is kept on disk where that can be written to."""
    from numba import njit

    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that numba can write to: neither this package's nor the user's
        from therml_exact.kernels.compiling import tell_uncached

        tell_uncached()
        return njit(**options)(function)


def _unliteral(args: tuple[Any, ...]) -> tuple[Any, ...]:
    from numba.core.types import unliteral

    return tuple(unliteral(arg) for arg in args)


def _is_compiled(k: Kernel, how: str) -> bool:
    return how in k.__dict__ and bool(k.__dict__[how].overloads)


def _arrays(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return the arrays of an argument that a kernel may write to, each with a copy of what is in it."""
    if isinstance(value, np.ndarray):
        if value.flags.writeable:
            found.append((value, value.copy()))
    elif isinstance(value, tuple):
        for part in value:
            _arrays(part, found)
    return found


@kernel(fastmath=False, error_model="numpy", forceinline=True)
def breathe() -> None:
    """Nothing, compiled; interpreted, it is where a long loop that calls no kernel looks at the clock."""
