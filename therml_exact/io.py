"""Files: worlds, joints, variational tables and results as JSON; everything read is hostile until parsed.

    {"format": "therml-exact/world", "version": 1, "kind": "P", "phi": [...], "x_given_phi": [[...]], ...}

Numbers are JSON numbers in float tables and text "p/q" in exact ones; integers go with either. Nothing is evaluated.
Files are written beside their place and renamed into it, so that none is ever half there.
Errors: ValueError for what is no valid file of ours, naming the file, the field, its value and the remedy.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.joint import Joint
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.variational import Variational
from therml_exact.worlds import WORLDS, World

VERSION = 1
_BYTES = 256 * 2**20
_KINDS = {world.kind: world for world in WORLDS}

Path = str | os.PathLike[str]


def save(thing: World | Joint | Variational, path: Path) -> None:
    """Write a world, a joint or variational tables as JSON."""
    if isinstance(thing, World):
        content = {"format": "therml-exact/world", "version": VERSION, "kind": thing.kind, **thing.tables}
    elif isinstance(thing, Joint):
        labels = {name: list(letters) for name, letters in thing.labels.items()}
        content = {
            "format": "therml-exact/joint",
            "version": VERSION,
            "axes": list(thing.axes),
            "labels": labels,
            "table": thing.table,
        }
    else:
        content = {"format": "therml-exact/variational", "version": VERSION, **thing.given()}
    write_text(json.dumps(jsonable(content), indent=1), path)


def load(path: Path) -> World | Joint | Variational:
    """Read what `save` wrote."""
    where = os.fspath(path)
    content = read_json(path)
    kind = content.pop("format", None)
    if not isinstance(kind, str) or not kind.startswith("therml-exact/"):
        raise ValueError(f'{where}: "format" is {kind!r}; expected "therml-exact/world", "/joint" or "/variational"')
    version = content.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise ValueError(f'{where}: "version" is {version!r}; this release reads version {VERSION}')
    readers: dict[str, Callable[[dict[str, Any]], World | Joint | Variational]] = {
        "therml-exact/world": _world,
        "therml-exact/joint": _joint,
        "therml-exact/variational": _variational,
    }
    if kind not in readers:
        raise ValueError(f'{where}: "format" is {kind!r}; load reads {", ".join(readers)}')
    try:
        return readers[kind](content)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: {error.args[0] if error.args else error}") from None


def _world(content: dict[str, Any]) -> World:
    kind = content.pop("kind", None)
    if kind is None:  # told by the tables that it has
        kind = "P" if "z_given_x_theta" in content else "discriminative" if "y_given_x_phi" in content else "bayes"
    if kind not in _KINDS:
        raise ValueError(f'"kind" is {kind!r}; it is one of {", ".join(_KINDS)}')
    cls = _KINDS[kind]
    _check_fields(content, required=_fields(cls), optional=())
    return cls(**content)


def _joint(content: dict[str, Any]) -> Joint:
    _check_fields(content, required=("axes", "table"), optional=("labels",))
    labels = content.get("labels") or {}
    texts = isinstance(labels, dict) and all(
        isinstance(v, list) and all(isinstance(s, str) for s in v) for v in labels.values()
    )
    if not texts:
        raise ValueError('"labels" is not an object of lists of texts')
    if not isinstance(content["axes"], list):
        raise ValueError(f'"axes" is {content["axes"]!r}; it is a list of names')
    return Joint(content["table"], content["axes"], labels)


def _variational(content: dict[str, Any]) -> Variational:
    _check_fields(content, required=(), optional=_fields(Variational))
    return Variational(**content)


def _fields(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls) if f.init)


def _check_fields(content: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    missing = [name for name in required if name not in content]
    foreign = [name for name in content if name not in (*required, *optional)]
    if missing:
        raise ValueError(f'"{missing[0]}" is missing; the file has {", ".join(content) or "no tables"}')
    if foreign:
        raise ValueError(
            f'"{foreign[0][:40]}" is not a field of this format; its fields are {", ".join((*required, *optional))}'
        )


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
        return str(value)
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
        os.fsync(file.fileno())


def write_with(writer: Any, path: Path) -> None:
    """Call writer(temporary path) in the target's folder, then rename; nothing is left behind by a failure."""
    target = os.path.abspath(os.fspath(path))
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise ValueError(f"{os.fspath(path)}: the folder {folder} does not exist; create it first")
    handle, temporary = tempfile.mkstemp(prefix=".", suffix="-" + name, dir=folder)
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
