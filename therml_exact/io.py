"""Loading what the classes save: worlds, joints, variational tables, frontiers.

The format's name and version are checked first, then the fields, then the tables as any other input.
Errors: ValueError for what is no valid file of ours, naming the file, the field, its value and the remedy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeAlias

from therml_exact.files import VERSION, Path, read_json
from therml_exact.joint import Joint
from therml_exact.variational import Variational
from therml_exact.worlds import WORLDS, ExchangeableWorld, World

if TYPE_CHECKING:
    from therml_exact.frontier.curve.frontier import Frontier
    from therml_exact.frontier.hard import HardFrontier
    from therml_exact.frontier.learning.frontier import RuleFrontier

    Saved: TypeAlias = World | Joint | Variational | Frontier | HardFrontier | RuleFrontier

_KINDS: dict[str, type[World]] = {**{world.kind: world for world in WORLDS}, "exchangeable": ExchangeableWorld}


def load(path: Path) -> Saved:
    """What the `save` of a world, a joint, variational tables or a frontier wrote to a JSON file.

    path: the path of the file. Returns the object that was saved: a WorldP, BayesWorld, DiscriminativeWorld, Joint,
    Variational, Frontier, HardFrontier or RuleFrontier, equal to the first. A frontier is read, not checked:
    `tx.verify(path)` checks
    it.
    Raises ValueError for what is no valid file of ours; the message names the file, the field, its value and the
    remedy.

    >>> import tempfile
    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     world.save(f"{folder}/world.json")
    ...     tx.load(f"{folder}/world.json") == world
    True
    """
    where = os.fspath(path)
    content = read_json(path)
    kind = content.pop("format", None)
    if not isinstance(kind, str) or not kind.startswith("therml-exact/"):
        raise ValueError(
            f'{where}: "format" is {kind!r}; expected "therml-exact/world", "/joint", "/variational", "/frontier" or '
            '"/rule-frontier"'
        )
    version = content.pop("version", None)
    readable = (1, 2) if kind == "therml-exact/frontier" else (VERSION,)
    if type(version) is not int or version not in readable:
        known = " and ".join(map(str, readable))
        raise ValueError(f'{where}: "version" is {version!r}; this release reads version {known}')
    readers: dict[str, Callable[[dict[str, Any]], Saved]] = {
        "therml-exact/world": _world,
        "therml-exact/joint": _joint,
        "therml-exact/variational": _variational,
        "therml-exact/frontier": _frontier,
        "therml-exact/hard_frontier": _hard_frontier,
        "therml-exact/rule-frontier": _rule_frontier,
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
    letters = isinstance(labels, dict) and all(
        isinstance(v, list) and all(isinstance(letter, (str, int, float)) for letter in v) for v in labels.values()
    )
    if not letters:
        raise ValueError('"labels" is not an object of lists of texts or numbers')
    if not isinstance(content["axes"], list):
        raise ValueError(f'"axes" is {content["axes"]!r}; it is a list of names')
    return Joint(content["table"], content["axes"], labels)


def _variational(content: dict[str, Any]) -> Variational:
    _check_fields(content, required=(), optional=_fields(Variational))
    return Variational(**content)


def _frontier(content: dict[str, Any]) -> Frontier:
    from therml_exact.frontier.curve.frontier import Frontier

    try:
        return Frontier.from_json(content)
    except KeyError as missing:
        raise ValueError(f'"{missing.args[0]}" is missing from the frontier') from None
    except AttributeError as error:
        raise ValueError(f"malformed frontier ({error})") from None


def _hard_frontier(content: dict[str, Any]) -> HardFrontier:
    from therml_exact.frontier.hard import HardFrontier

    _check_fields(content, required=("units", "joint", "points", "method", "complete", "exact", "tolerance", "error",
                                     "nodes"), optional=("blocks",))  # fmt: skip
    if content["units"] != "nats":
        raise ValueError(f'"units" is {content["units"]!r}; a frontier is saved in nats')
    if not isinstance(content["joint"], dict):
        raise ValueError('"joint" is no object with axes, labels and a table')
    return HardFrontier.from_json(_joint(content["joint"]), content)


def _rule_frontier(content: dict[str, Any]) -> RuleFrontier:
    from therml_exact.frontier.learning.frontier import RuleFrontier
    from therml_exact.verification import UnfinishedError

    try:
        return RuleFrontier.read(content)
    except KeyError as missing:
        raise ValueError(f'"{missing.args[0]}" is missing from the frontier') from None
    except (AttributeError, IndexError, UnfinishedError) as error:
        raise ValueError(f"malformed frontier ({error})") from None


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
