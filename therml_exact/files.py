"""Files: what is written and read, as JSON; everything read is hostile until parsed.

    {"format": "therml-exact/world", "version": 1, "kind": "P", "phi": [...], "x_given_phi": [[...]], ...}

Numbers are JSON numbers in float tables and text "p/q" in exact ones; integers go with either. Nothing is evaluated.
Files are written beside their place and renamed into it, so that none is ever half there.
Errors: ValueError for what is no readable JSON, naming the file and what is wrong.
"""

from __future__ import annotations

import errno
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog, rational_text
from therml_exact.numbers.text import MOST_DIGITS, has_control, shown

if TYPE_CHECKING:
    import pandas

VERSION = 1
_BYTES = 256 * 2**20
_MOST_VALUES = 20_000_000  # numbers, texts, lists and objects of one file
_DEEPEST = 80  # levels; a table of 64 axes is the deepest that is written

Path = str | os.PathLike[str]


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, read strictly: everything else is refused with a ValueError that names the file.

    A regular file of bounded size; finite numbers; no field twice in one object; then the budgets of `plain`.
    """
    where = os.fspath(path)
    try:
        content = json.loads(
            read_text(path),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
            object_pairs_hook=_once,
        )
        if not isinstance(content, dict):
            raise ValueError(f'it holds a {type(content).__name__}; expected an object with a field "format"')
        return cast(dict[str, Any], plain(content))
    except RecursionError:
        raise ValueError(f"{where}: nested too deeply for a table") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: not readable as JSON ({error})") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def read_text(path: Path, most: int = _BYTES) -> str:
    """The text of a regular file of at most `most` bytes, as UTF-8."""
    where = os.fspath(path)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), where)
    if not os.path.isfile(path):  # a pipe or a device may have no end
        raise ValueError(f"{where} is no regular file; save what it gives to a file first, and name that")
    size = os.path.getsize(path)
    if size > most:
        raise ValueError(f"{where} has {size / 2**20:,.0f} MiB; files of up to {most // 2**20} MiB are read")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(most + 1)
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: not readable as UTF-8 text ({error})") from None
    if len(text) > most:  # it grew meanwhile, or says that it has no size, as files of /proc do
        raise ValueError(f"{where} has more than {most // 2**20} MiB; files of up to {most // 2**20} MiB are read")
    return text


def _no_constant(constant: str) -> Any:
    raise ValueError(f"the number {constant} is not valid JSON; tables hold finite numbers")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is beyond the range of floats")
    return value


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"an integer has {len(text):,} digits; at most {MOST_DIGITS:,} are read")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the field {shown(name)} stands twice")
    return found


def plain(content: Any) -> Any:
    """A copy of plain data, in dicts and lists: what JSON can hold, of bounded depth and size.

    Objects have texts as names. Numbers are ints or finite floats. Texts hold no control characters. ValueError for
    anything else, such as a path, a generator, an array, or a structure that contains itself.
    """
    count = 0

    def copy(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values")
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} levels deep")
        if value is None or type(value) in (bool, int):
            return value
        if type(value) is str:
            if has_control(value):
                raise ValueError(f"the text {shown(value)} holds control characters")
            return value
        if type(value) is float:
            if not math.isfinite(value):
                raise ValueError(f"the number {value} is not finite")
            return value
        if isinstance(value, Mapping):
            return {_name(name): copy(item, depth + 1) for name, item in value.items()}
        if type(value) in (list, tuple):
            return [copy(item, depth + 1) for item in value]
        raise ValueError(f"a {type(value).__name__} is no plain data")

    def _name(name: Any) -> str:
        if type(name) is not str:
            raise ValueError(f"the name of a field is {shown(name)}, which is no text")
        return cast(str, copy(name, 0))

    return copy(content, 0)


def save_result(kind: str, content: Mapping[str, Any], path: Path, version: int = VERSION) -> None:
    """Write a result as {"format": "therml-exact/<kind>", "version": 1, ...}."""
    write_text(json.dumps(jsonable({"format": f"therml-exact/{kind}", "version": version, **content}), indent=1), path)


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
    except BaseException as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename in (None, temporary):  # a full disk names no file of its own
            raise OSError(error.errno, f"{error.strerror}; nothing was written", shown) from None
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


def data_frame(rows: list[dict[str, Any]]) -> pandas.DataFrame:
    """Rows as a pandas DataFrame whose `attrs` say that informations are in nats; ImportError names the extra."""
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas: pip install 'therml_exact[dataframe]'") from None
    frame = pandas.DataFrame(rows)
    frame.attrs["units"] = "nats"
    return frame
