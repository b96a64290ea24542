"""Files: what is written and read, as JSON; everything read is hostile until parsed.

    {"format": "therml-exact/world", "version": 1, "kind": "P", "phi": [...], "x_given_phi": [[...]], ...}

Numbers are JSON numbers in float tables and text "p/q" in exact ones; integers go with either. Nothing is evaluated.
Files are written beside their place and renamed into it, so that none is ever half there.
Errors: ValueError for what is no readable JSON, naming the file and what is wrong.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog, rational_text

VERSION = 1
_BYTES = 256 * 2**20

Path = str | os.PathLike[str]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file: bounded size, no NaN, no deep nesting, no duplicate fields."""
    where = os.fspath(path)
    size = os.path.getsize(path)
    if size > _BYTES:
        raise ValueError(f"{where} has {size / 2**20:,.0f} MiB; files of up to {_BYTES // 2**20} MiB are read")

    def refuse(constant: str) -> Any:
        raise ValueError(f"the number {constant} is not valid JSON; tables hold finite numbers")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for k, name in enumerate(names):
            if name in names[:k]:
                raise ValueError(f'the field "{name[:40]}" stands twice')
        return dict(pairs)

    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise ValueError(f"{where}: nested too deeply for a table") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{where}: not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f'{where}: holds a {type(content).__name__}; expected an object with a field "format"')
    return content


def save_result(kind: str, content: Mapping[str, Any], path: Path) -> None:
    """Write a result as {"format": "therml-exact/<kind>", "version": 1, ...}."""
    write_text(json.dumps(jsonable({"format": f"therml-exact/{kind}", "version": VERSION, **content}), indent=1), path)


def jsonable(value: Any) -> Any:
    """Plain JSON data: Fractions as "p/q", exact numbers as coefficients of logarithms beside floats, "inf" as text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, PrimeLog):
        return {"nats": float(value), "exact": value.to_json()["primelog"]}
    if isinstance(value, Fraction):
        return rational_text(value)
    if isinstance(value, Approximate):
        return value.value
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(vars(value))
    return value


def write_text(text: str, path: Path) -> None:
    """Write a file and rename it into its place: it is there whole, or not at all."""
    write_with(lambda temporary: _write(temporary, text), path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        if os.path.isfile(path):  # a pipe or a device has nothing to be synchronised
            os.fsync(file.fileno())


def write_with(writer: Callable[[str], object], path: Path) -> None:
    """Call writer(temporary path) in the target's folder, then rename; nothing is left behind by a failure.

    A link is followed, and what is no regular file (a device, a pipe) is written to as it is.
    """
    shown, target = os.fspath(path), os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    check_writable(path)
    if os.path.exists(target) and not os.path.isfile(target):
        writer(target)
        return
    try:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix="-" + name, dir=folder)
    except OSError as error:
        raise ValueError(f"{shown}: cannot be written ({error.strerror})") from None
    os.close(handle)
    try:
        writer(temporary)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def check_writable(path: Path) -> None:
    """Refuse a place that cannot be written to, before anything is computed for it."""
    shown, target = os.fspath(path), os.path.realpath(os.fspath(path))
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise ValueError(f"{shown} is a folder; name a file in it")
    if not os.path.isdir(folder):
        raise ValueError(f"{shown}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK) and not (os.path.exists(target) and os.access(target, os.W_OK)):
        raise ValueError(f"{shown}: the folder {folder} is not writable")
