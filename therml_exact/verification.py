"""verify: is a certificate true? One door for all kinds; none of the checkers imports a solver, or numba.

    format                      what is claimed                                   checked by
    therml-frontier-2           value >= min >= lower bound of a mixture problem  frontier/mixture/check.py
    therml-exact/frontier       all points of a saved frontier                    frontier/verify_frontier.py
    therml-exact/audit          the impossibility, or possibility, of a point     frontier/verify_audit.py
    therml-rule-1               the same for learning rules, caps, excesses       frontier/rules/check.py
    therml-exact/rule-frontier  all rows of a saved frontier of learning rules    frontier/learning/check.py
    therml-exact/joint-bound    the same where rule and encoder are free          frontier/joint/check_relaxations.py
    therml-joint-2              the same by cells of p(z,y) and p(z,x)            frontier/joint/check.py
    therml-joint-capped-1       the same under caps, or the excess over a point   frontier/joint/check_caps.py
    therml-exact/rate-distortion, capacity, wyner      the classical problems        frontier/classical/check_*.py
    therml-exact/proof          an inequality of entropies: proved, refuted       shannon/verify.py

The content is hostile until it is checked. It is copied into plain data first (files.plain), numbers are read in one
fixed form (numbers/text.py), sizes are compared with budgets before the work that they ask for, and a clock ends what
takes too long. A checker says what it proved (Proven) or refuses (RefusedError); it never returns "false".

Three verdicts: "valid", every claim was proved; "not valid", a claim is false, unproved or malformed; "not checked",
the time ran out, the memory was not enough, or another thread kept changing the precision. `valid` is true for the
first only. `verify` never raises.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from json import dumps
from typing import Any, Literal, NamedTuple, cast

from therml_exact.files import plain, read_json
from therml_exact.numbers.text import is_hexadecimal, read_hexadecimal, shown
from therml_exact.results import result

BITS = 128  # of the balls in which claims are judged
PATIENCE = 600.0  # seconds
ATTEMPTS = 5  # where other threads may disturb
LONGEST_REASON = 400  # characters
SHOWN_CELLS = 24  # of a table, when it is told what was verified

CHECKERS = {
    "therml-frontier-2": ("therml_exact.frontier.mixture.check", "check_optimum"),
    "therml-exact/frontier": ("therml_exact.frontier.curve.check", "check_frontier"),
    "therml-exact/audit": ("therml_exact.frontier.curve.check_claim", "check_audit"),
    "therml-rule-1": ("therml_exact.frontier.rules.check", "check_rule"),
    "therml-exact/rule-frontier": ("therml_exact.frontier.learning.check", "check_rule_frontier"),
    "therml-exact/joint-bound": ("therml_exact.frontier.joint.check_relaxations", "check_joint"),
    "therml-joint-2": ("therml_exact.frontier.joint.check", "check_free"),
    "therml-joint-capped-1": ("therml_exact.frontier.joint.check_caps", "check_capped"),
    "therml-exact/rate-distortion": ("therml_exact.frontier.classical.check_reproduction", "check_rate_distortion"),
    "therml-exact/capacity": ("therml_exact.frontier.classical.check_channel", "check_capacity"),
    "therml-exact/wyner": ("therml_exact.frontier.classical.check_wyner", "check_wyner"),
    "therml-exact/proof": ("therml_exact.shannon.verify", "check_proof"),
}


@result
@dataclass(frozen=True, eq=False, repr=False)
class Verification:
    """What became of a certificate. It counts as true if it is valid.

    valid        whether every claim was proved
    value        the value that a witness achieves, nats; None where none is claimed
    lower_bound  the lower bound that was proved, nats; None where none is claimed
    reason       what was proved, or why not, in one sentence
    verdict      "valid", "not valid", or "not checked" where the check did not come to its end
    claim        what the proved claims are about: the problem, the multipliers, the statement; empty unless valid

    >>> import therml_exact as tx
    >>> answer = tx.verify(tx.prove("H(A) <= H(B)").certificate)
    >>> answer.valid, answer.verdict, answer.value
    (True, 'valid', None)
    >>> print(answer.reason)
    refuted: 'H(A) <= H(B)' in free variables A, B: right - left is -log 2
    """

    valid: bool
    value: float | None
    lower_bound: float | None
    reason: str
    verdict: Literal["valid", "not valid", "not checked"] = "not valid"
    claim: str = ""

    def __bool__(self) -> bool:
        return self.valid

    def __str__(self) -> str:
        """The verdict and its reason, the bounds that were proved, and what they are about."""
        low = "" if self.lower_bound is None else f"{self.lower_bound!r} nats <= minimum"
        bounds = low if self.value is None else f"{self.lower_bound!r} <= minimum <= {self.value!r} nats"
        head = f"{self.verdict}: {self.reason}" + (f"; {bounds}" if bounds else "")
        return "\n".join([head, self.claim] if self.claim else [head])


class Proven(NamedTuple):
    """What a checker has proved: value and lower bound in nats (None: not claimed), in a sentence, and about what."""

    value: float | None
    lower_bound: float | None
    reason: str
    claim: str


class RefusedError(Exception):
    """A claim does not hold, or is not proved."""


class UnfinishedError(Exception):
    """The check did not come to its end."""


class Clock:
    """The time that a check may take, in seconds; None: any."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def tick(self) -> None:
        """UnfinishedError once the time is over."""
        if self._end is not None and time.monotonic() > self._end:
            raise UnfinishedError(f"not checked: too long, {self.seconds:g} seconds were not enough (time_limit)")


def verify(certificate: Any, problem: Any = None, *, time_limit: float | None = PATIENCE) -> Verification:
    """Check a certificate, and that it is about `problem` if one is given.

    certificate: a mapping of plain data, such as `optimum.certificate`, or the path of a JSON file.
    problem: the problem that it must be about; None takes the one that it names (`claim` says which).
    time_limit: seconds; where they are not enough the verdict is "not checked". None: no limit.

    >>> import therml_exact as tx
    >>> proof = tx.prove("H(X) <= H(X,Y)")
    >>> tx.verify(proof.certificate).verdict
    'valid'
    """

    def check(clock: Clock) -> Proven:
        content = read(certificate)
        kind = content.get("format")
        if not isinstance(kind, str) or kind not in CHECKERS:
            raise RefusedError(f"the format is {shown(kind)}; a certificate's is {', '.join(CHECKERS)}")
        module, name = CHECKERS[kind]
        checker = cast(Callable[[Mapping[str, Any], Any, Clock], Proven], getattr(import_module(module), name))
        return checker(content, problem, clock)

    return judge(check, time_limit)


def read(certificate: Any) -> dict[str, Any]:
    """The content of a certificate as plain data of our own; RefusedError if it is none."""
    try:
        if isinstance(certificate, Mapping):
            return cast(dict[str, Any], plain(certificate))
        if not isinstance(certificate, (str, os.PathLike)):
            raise ValueError(
                f"a certificate is a mapping, or the path of a JSON file, not a {type(certificate).__name__}"
            )
        return read_json(certificate)
    except (ValueError, OSError) as error:
        raise RefusedError(f"not readable as a certificate: {error}") from None


def require(holds: bool, reason: str) -> None:
    """Refuse the certificate for a reason."""
    if holds is not True:
        raise RefusedError(reason)


def finite(text: Any) -> float:
    """A float of a certificate, which is text in hexadecimal."""
    try:
        return read_hexadecimal(text)
    except ValueError as error:
        raise RefusedError(str(error)) from None


def number(value: Any, name: str) -> float:
    """A finite float of a saved result, which is a JSON number."""
    require(type(value) in (int, float) and abs(value) <= 1.7e308, f"{name} is {shown(value)}, which is no number")
    return float(value)


def bracketed(value: float | None, lower: float, status: Any, tol: float) -> None:
    """Value >= lower bound, and "certified" only where they meet within the tolerance, all three exactly."""
    from fractions import Fraction

    require(tol >= 0, f"the tolerance {tol!r} is negative")
    require(value is None or lower <= value, f"the lower bound {lower!r} lies above the value {value!r}")
    if status == "certified":
        closed = value is not None and Fraction(value) - Fraction(lower) <= Fraction(tol)
        require(closed, "certified, but the gap exceeds the tolerance")


def judge(check: Callable[[Clock], Proven], time_limit: float | None = PATIENCE) -> Verification:
    """What `check` proves, in balls of BITS; whatever it raises is a refusal, or says that it was not finished."""
    from therml_exact.numbers.balls import MovedError, precision

    verdict: Literal["not valid", "not checked"] = "not valid"
    try:
        clock = Clock(time_limit)
        with precision(BITS):
            proven = _patiently(check, clock)
        return Verification(True, proven.value, proven.lower_bound, _short(proven.reason), "valid", proven.claim)
    except RefusedError as error:
        reason = str(error)
    except UnfinishedError as error:
        verdict, reason = "not checked", str(error)
    except MovedError as error:
        verdict, reason = "not checked", f"not checked: {error}"
    except MemoryError:
        verdict, reason = "not checked", "not checked: too large for the memory"
    except RecursionError:
        reason = "malformed: nested too deeply"
    except Exception as error:  # whatever is malformed is no proof
        reason = f"malformed: {type(error).__name__}: {_text(error)}"
    return Verification(False, None, None, _short(reason), verdict)


def _patiently(check: Callable[[Clock], Proven], clock: Clock) -> Proven:
    """What `check` proves; a refusal in a process of several threads is asked for again.

    A thread that moves the precision down and up again between two looks at it leaves no trace but a wide ball, which
    refuses what is true. It cannot prove what is false, so that any attempt that proves the claims has proved them.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return check(clock)
        except RefusedError:
            if threading.active_count() == 1:
                raise
    return check(clock)


def _text(error: Exception) -> str:
    """The message of an error, without the quotes that a KeyError puts around it."""
    return f"{error.args[0]!s:.{LONGEST_REASON}}" if error.args else ""


def _short(reason: str) -> str:
    """A sentence of bounded length without control characters."""
    cut = reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in cut)


# ---- what was verified, for people


def told(problem: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The problem of a certificate and its multipliers (or caps), one item a line.

    Tables of more than SHOWN_CELLS cells are cut; the digest at the end is that of the whole problem, so that two
    problems which look alike here are told apart.
    """
    lines = [f"problem: {problem.get('kind')}"]
    for name, item in problem.items():
        if isinstance(item, Mapping) and "cells" in item:
            lines.append(f"{name}: {_table(item)}")
        elif name == "cells":
            lines.append(f"p({', '.join(map(str, problem.get('axes', ())))}): {_table(problem)}")
        elif name not in ("kind", "shape", "axes"):
            lines.append(f"{name}: {item}")
    canonical = dumps(problem, sort_keys=True, separators=(",", ":")).encode()
    lines.append(f"sha256 of the problem: {sha256(canonical).hexdigest()[:16]}")
    lines += [f"{name}: {_items(item) if isinstance(item, Mapping) else _cell(item)}" for name, item in given.items()]
    return "\n".join(lines)


def _items(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_cell(value)}" for name, value in values.items())


def _table(content: Mapping[str, Any]) -> str:
    cells = content["cells"]
    text = ", ".join(_cell(v) for v in cells[:SHOWN_CELLS])
    more = f", ... ({len(cells):,} cells)" if len(cells) > SHOWN_CELLS else ""
    return f"{' x '.join(map(str, content['shape']))}: {text}{more}"


def _cell(value: Any) -> str:
    if is_hexadecimal(value):
        return repr(float.fromhex(value))
    text = str(value)
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."
