"""Checkpoints: a file of optima that grows as they are found, one JSON object a line.

    {"format": "therml-exact/checkpoint", "version": 1, "package": "0.1.0", "problem": {...}, "settings": {...},
     "sha256": ...}
    {"multipliers": {...}, "value": ..., "lower_bound": ..., "point": {...}, "encoder": [...], "certificate": {...}}

Each line ends with the digest of its own content and is written and synchronised before the work goes on. A process
that is killed while it writes leaves an unfinished last line, which is dropped; any other damage is refused.

One run at a time: an open journal holds the lock of its file (locks.py).
Errors: ValueError for a file that is no checkpoint, is damaged, belongs to another problem, other settings or another
version of the package, or is in use by another run.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import IO, Any

import numpy as np

from therml_exact._version import __version__
from therml_exact.files import Path, check_writable
from therml_exact.frontier.budget import REASONS
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.locks import hold

FORMAT = "therml-exact/checkpoint"


def to_json(optimum: Optimum) -> dict[str, Any]:
    """An optimum as plain data; floats keep all their digits."""
    return {
        "multipliers": {name: value.hex() for name, value in optimum.multipliers.items()},
        "value": optimum.value,
        "lower_bound": optimum.lower_bound,
        "status": optimum.status,
        "reason": optimum.reason,
        "tol": optimum.tol,
        "point": optimum.point,
        "encoder": optimum.encoder.tolist(),
        "certificate": optimum.certificate,
    }


def from_json(problem: Problem, content: Mapping[str, Any]) -> Optimum:
    """The optimum from what `to_json` wrote; nothing is verified here."""
    multipliers = {name: float.fromhex(text) for name, text in content["multipliers"].items()}
    optimum = Optimum(
        problem,
        multipliers,
        float(content["value"]),
        float(content["lower_bound"]),
        float(content["tol"]),
        {name: float(v) for name, v in content["point"].items()},
        np.array(content["encoder"]),
        {name: Fraction(value) if math.isfinite(value) else value for name, value in multipliers.items()},
        (),
    )
    # Cached properties, here without what made them.
    optimum.__dict__["certificate"] = content["certificate"]
    if content.get("reason") in REASONS:  # files of earlier versions say none
        optimum.__dict__["reason"] = content["reason"]
    return optimum


class Journal:
    """The optima of one problem under one set of settings, kept in a file.

    path      the file
    problem   the problem
    limits    (max_cells, time_limit in seconds) of an optimum: open optima of smaller limits are solved again
    write     (optimum) -> plain data; read is its inverse, (problem, plain data) -> optimum
    optima    the optima that the file holds
    """

    def __init__(
        self,
        path: Path,
        problem: Any,
        settings: Mapping[str, Any],
        limits: tuple[float, float] = (0, 0),
        write: Callable[[Any], dict[str, Any]] = to_json,
        read: Callable[[Any, Any], Any] = from_json,
    ) -> None:
        self.limits = limits  # max_cells and time_limit of an optimum
        self.write, self.read = write, read
        self.path = os.fspath(path)
        self.problem = problem
        check_writable(path)
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise ValueError(f"{self.path}: a checkpoint is a regular file; name another")
        head = {
            "format": FORMAT,
            "version": 1,
            "package": __version__,
            "problem": problem.describe(),
            "settings": dict(settings),
        }
        self.optima: list[Any] = []
        self._lock = hold(
            self.path,
            f"{self.path}: another run is at work on this checkpoint; wait until it ends, or name another file",
        )
        try:
            keep = self._read(head) if os.path.getsize(self.path) else 0
            # Not replaced at the end of the run but grown, so that a kill at any time costs the line at hand at most.
            self._file: IO[bytes] = open(self.path, "r+b" if keep else "wb")  # noqa: SIM115
            self._file.truncate(keep)
            self._file.seek(keep)
            if not keep:
                self._write(head)
        except BaseException:
            self._lock.close()
            raise

    def add(self, optima: Sequence[Any]) -> None:
        """Write these optima to the file; OSError where that fails."""
        for optimum in optima:
            self._write({**self.write(optimum), "limits": list(self.limits)})
        self.optima += optima

    def close(self) -> None:
        """Close the file and let go of its lock."""
        self._file.close()
        self._lock.close()

    def _write(self, content: Mapping[str, Any]) -> None:
        """Append one line and have it on the disk before going on."""
        try:
            self._file.write(_line_of(content))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:  # a full disk names no file
            told = f"{error.strerror}; what was finished before is kept, and the same call goes on from it"
            raise OSError(error.errno, told, self.path) from None

    def _read(self, head: Mapping[str, Any]) -> int:
        """Take over the optima that the file holds; returns the number of bytes that are whole lines."""
        keep = 0
        first = _line_of(head)
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):  # the line at hand when the process was killed
                    if number == 1 and not first.startswith(line):
                        raise ValueError(f"{self.path}: no checkpoint of a frontier; name another file")
                    break
                content = self._line(line, number)
                if number == 1:
                    if content.get("format") != FORMAT:
                        raise ValueError(f"{self.path}: no checkpoint of a frontier; name another file")
                    if content.get("package") != __version__:
                        wrote = content.get("package", "of an earlier time")
                        raise ValueError(
                            f"{self.path}: the checkpoint of therml_exact {wrote!s:.40}, and this is {__version__}; "
                            "go on with that version, name another file, or delete it to start anew"
                        )
                    for name in ("problem", "settings"):
                        if content.get(name) != json.loads(json.dumps(head[name])):
                            what = (
                                "another problem" if name == "problem" else _difference(content.get(name), head[name])
                            )
                            raise ValueError(
                                f"{self.path}: the checkpoint of {what}; name another file, or delete it to start anew"
                            )
                else:
                    optimum = self.read(self.problem, content)
                    # What a smaller budget left open is done again.
                    if optimum.status == "certified" or tuple(content["limits"]) >= self.limits:
                        self.optima.append(optimum)
                keep += len(line)
        return keep

    def _line(self, line: bytes, number: int) -> dict[str, Any]:
        """The content of a line, less its digest, which is checked."""
        damaged = f"{self.path}: line {number} is damaged; restore the file, or delete it to start anew"
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            if number == 1:
                raise ValueError(f"{self.path}: no checkpoint of a frontier; name another file") from None
            raise ValueError(damaged) from None
        if number == 1 and (not isinstance(content, dict) or content.get("format") != FORMAT):
            raise ValueError(f"{self.path}: no checkpoint of a frontier; name another file")
        if not isinstance(content, dict) or content.pop("sha256", None) != digest(content):
            raise ValueError(damaged)
        return content


def _line_of(content: Mapping[str, Any]) -> bytes:
    """The line of a content, with its digest."""
    return json.dumps({**content, "sha256": digest(dict(content))}, separators=(",", ":")).encode() + b"\n"


def _difference(theirs: Any, ours: Mapping[str, Any]) -> str:
    """The names of the settings that differ, in words."""
    if not isinstance(theirs, dict):
        return "other settings"
    differ = [name for name in ours if theirs.get(name) != json.loads(json.dumps(ours[name]))]
    return f"other settings ({', '.join(differ)})"
