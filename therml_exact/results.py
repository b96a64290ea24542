"""What problems and results have in common: they are equal where what they hold is equal, and their text is short.

    @problem    equal by content; `repr` is Python that makes it again; a copy is made from its fields, and so checked
    @result     equal by content; `repr` is the first line of `str` in angle brackets; in a notebook, all of `str`
    @by_content equality alone

They decorate frozen dataclasses with eq=False and repr=False; a text that a class has itself is left to it. What a
field whose name begins with _ holds, such as the tree of a search, does not count: it follows from the others or proves
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from therml_exact import show

T = TypeVar("T")


def same(a: Any, b: Any) -> bool:
    """Whether two values hold the same: tables cell by cell, mappings and sequences item by item, nan like nan.

    >>> same({"R": np.array([0.5, np.nan])}, {"R": np.array([0.5, np.nan])}), same((1.0, 2.0), (1.0, 2.5))
    (True, False)
    """
    if a is b:
        return True
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype.kind == b.dtype.kind and bool(np.all((a == b) | (a != a) & (b != b)))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)) and type(a) is type(b):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or bool(a != a and b != b)


def _content(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(value) if f.init and not f.name.startswith("_")}


def _equal(self: Any, other: object) -> bool:
    return same(_content(self), _content(other)) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    plain = (v for v in _content(self).values() if isinstance(v, (str, int, float)))
    return hash((type(self).__name__, *plain))


def _make_again(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(_content(self).values())


def _as_python(self: Any) -> str:
    content = _content(self)
    if sum(value.size for value in content.values() if isinstance(value, np.ndarray)) > show.MOST_CELLS:
        shapes = (f"{k}: {'x'.join(map(str, v.shape)) if isinstance(v, np.ndarray) else v}" for k, v in content.items())
        return f"<{type(self).__name__} of {', '.join(shapes)}>"
    return show.call(type(self).__name__, (f"{k}={show.source(v)}" for k, v in content.items()))


def _in_brackets(self: Any) -> str:
    first, _, more = str(self).partition("\n")
    return f"<{type(self).__name__}: {first}{' ...' if more else ''}>"


def _pretty(self: Any, printer: Any, cycle: bool) -> None:
    printer.text(repr(self))  # Hypothesis and IPython would list the fields


def _html(self: Any) -> str:
    return show.html_lines(str(self))


def by_content(cls: type[T]) -> type[T]:
    """Give a dataclass equality by content."""
    for name, method in (("__eq__", _equal), ("__hash__", _hash)):
        setattr(cls, name, method)
    return cls


def problem(cls: type[T]) -> type[T]:
    """Give a dataclass of tables equality by content, a text that makes it again, and copies that are checked."""
    for name, method in (("__repr__", _as_python), ("__reduce__", _make_again), ("_repr_pretty_", _pretty)):
        setattr(cls, name, method)
    return by_content(cls)


def result(cls: type[T]) -> type[T]:
    """Give a dataclass of results equality by content, a short text, and the whole text in notebooks."""
    for name, method in (("__repr__", _in_brackets), ("_repr_pretty_", _pretty), ("_repr_html_", _html)):
        if name not in vars(cls):
            setattr(cls, name, method)
    return by_content(cls)
