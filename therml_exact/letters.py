"""Letters: the names of a variable's values, events, and how two distributions meet over the same ones.

An axis with labels has those letters, one for each position; without labels its letters are its positions 0, ..., n-1.
A letter is a text or a number. An event gives some variables a letter, or several: {"Class": "1st", "Sex": ["m", "f"]}.

Two distributions over one variable are aligned by letter, not by position: over the union of their letters, where the
one that a side lacks has probability 0 there. Letters that are texts never meet positions.

Errors: KeyError for an unknown variable or letter, naming the nearest; ValueError, TypeError for labels that are none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Any

import numpy as np

from therml_exact.numbers.approximate import ROUND
from therml_exact.numbers.tables import Array, check_size
from therml_exact.numbers.text import has_control, listed, shown
from therml_exact.numbers.weights import Weights, exact_sum

Letter = str | int | float
Event = Mapping[str, Any]
Names = str | Sequence[str]
Given = str | Event | Sequence[str | Event]


def find_name(name: str, known: Sequence[str]) -> int:
    """The position of a name; a KeyError suggests the nearest ones."""
    try:
        return known.index(name)
    except ValueError:
        near = get_close_matches(str(name)[:200], known, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise KeyError(f"unknown variable {shown(name)}{hint}; known are {listed(known)}") from None


def read_sequence(values: Any, what: str) -> tuple[Any, ...]:
    """The entries of a list, a tuple or a 1-D array. A text, a set or a dict has no order that is its own."""
    if isinstance(values, (list, tuple)):
        return tuple(values)
    if getattr(values, "ndim", None) == 1 and hasattr(values, "tolist"):  # an array, an Index, a Series
        return tuple(values.tolist())
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        return tuple(values)
    why = "has no order" if isinstance(values, (set, frozenset)) else "is no sequence"
    raise TypeError(f"{what} is {shown(values)} ({type(values).__name__}), which {why}; give a list or a tuple")


def flatten_names(groups: Iterable[Any]) -> tuple[str, ...]:
    """Names given as texts or sequences of texts, each kept once."""
    flat: list[str] = []
    for group in groups:
        names = (group,) if isinstance(group, str) else read_sequence(group, "names")
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"{shown(name)} ({type(name).__name__}) names no variable; give a text")
        flat.extend(names)
    return tuple(dict.fromkeys(flat))


def name_set(names: Names | Set[str]) -> set[str]:
    """Names whose order does not matter, so that they may be a set too."""
    return set(flatten_names((sorted(names) if isinstance(names, (set, frozenset)) else names,)))


def read_given(given: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A condition as the variables in it, and the event: a dict is an event, a text names a variable."""
    if given is None:
        return (), {}
    groups = (given,) if isinstance(given, (str, Mapping)) else read_sequence(given, "given")
    names: list[str] = []
    event: dict[str, Any] = {}
    for group in groups:
        if isinstance(group, Mapping):
            again = [name for name in group if name in event]
            if again:
                raise ValueError(f"given: {shown(again[0])} stands in two events; give each variable once")
            event |= group
        else:
            names += flatten_names((group,))
    return tuple(dict.fromkeys(names)), event


def read_letter(value: Any, where: str) -> Letter:
    """A letter as a text or a number; what is neither (a date, an interval) is named by its text."""
    if isinstance(value, np.generic):
        value = value.item()
    missing = value is None or type(value).__name__ in ("NAType", "NaTType")
    if missing or (isinstance(value, float) and math.isnan(value)):
        raise ValueError(f"{where} is {value}, a missing value; drop it, or name it as a letter of its own")
    if isinstance(value, float) and math.isinf(value):
        raise ValueError(f"{where} is {value}; a letter is a text or a finite number")
    letter = value if isinstance(value, (str, int, float)) else str(value)
    if isinstance(letter, str) and has_control(letter):
        raise ValueError(f"{where} is {shown(letter)}, which holds control characters; remove them")
    return letter


def check_labels(
    labels: Mapping[str, Sequence[Letter]] | None, axes: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, tuple[Letter, ...]]:
    """The letters of each variable that has labels: as many as it has positions, and distinct."""
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise TypeError(
            f"labels is a {type(labels).__name__}; give a dict of the letters by variable, "
            f'such as {{"{axes[0]}": ["a", "b"]}}'
        )
    found = {}
    for name, given in labels.items():
        size = shape[find_name(name, axes)]
        letters = tuple(
            read_letter(letter, f"labels[{name!r}][{k}]")
            for k, letter in enumerate(read_sequence(given, f"labels[{name!r}]"))
        )
        if len(letters) != size:
            raise ValueError(f"labels[{name!r}] has {len(letters)} entries; {name} has {size} letters")
        check_distinct(letters, f"labels[{name!r}]")
        found[name] = letters
    return found


def check_distinct(letters: Sequence[Letter], what: str) -> None:
    """Refuse letters that occur twice."""
    if len(set(letters)) < len(letters):
        again = next(letter for k, letter in enumerate(letters) if letter in letters[:k])
        raise ValueError(f"{what} has the letter {shown(again)} twice; letters are distinct")


def find_letter(letter: Any, name: str, letters: Sequence[Letter] | None, size: int) -> int:
    """The position of a letter of a variable."""
    if isinstance(letter, np.generic):
        letter = letter.item()
    if letters is None:
        if isinstance(letter, int) and 0 <= letter < size:
            return int(letter)
        raise KeyError(f"{name} has no letter {shown(letter)}; it has no labels, so its letters are 0 to {size - 1}")
    try:
        return letters.index(letter)
    except ValueError:
        near = get_close_matches(str(letter)[:200], [str(known) for known in letters], n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        known = listed([shown(known) for known in letters])
        raise KeyError(f"{name} has no letter {shown(letter)}{hint}; its letters are {known}") from None


def positions(event: Event, sizes: Mapping[str, int], labels: Mapping[str, Sequence[Letter]]) -> dict[str, list[int]]:
    """The positions of the letters that an event allows, by variable."""
    found = {}
    for name, value in event.items():
        find_name(name, tuple(sizes))
        several = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        if not several:
            raise ValueError(f"given: the event leaves {name} no letter")
        found[name] = sorted({find_letter(letter, name, labels.get(name), sizes[name]) for letter in several})
    return found


def restricted(w: Weights, allowed: Mapping[int, Sequence[int]], event: Event) -> Weights:
    """The weights on the letters that an event allows, axis by axis: the distribution given the event."""
    array = w.array
    for axis, kept in allowed.items():
        array = np.take(array, kept, axis=axis)
    total = sum(array.reshape(-1).tolist()) if w.exact else exact_sum(array)
    if total == 0:
        where = ", ".join(f"{name}={shown(value)}" for name, value in event.items())
        raise ValueError(f"the event {where} has probability 0, so nothing can be conditioned on it")
    return Weights(array, total, 0.0 if w.exact else 2 * w.rounding + ROUND)


def aligned(
    p: Array,
    q: Array,
    names: Sequence[str],
    p_labels: Mapping[str, tuple[Letter, ...]],
    q_labels: Mapping[str, tuple[Letter, ...]],
) -> tuple[Array, Array]:
    """Two arrays over the same variables, brought to the union of their letters, in the order of the first one's.

    Raises ValueError where the letters of one are texts and the other has none, or where the positions differ.
    """
    ours: list[list[int]] = []
    theirs: list[list[int]] = []
    shape: list[int] = []
    for axis, name in enumerate(names):
        left, right = (
            _letters(labels.get(name), other.get(name), array.shape[axis], against.shape[axis], name)
            for labels, other, array, against in ((p_labels, q_labels, p, q), (q_labels, p_labels, q, p))
        )
        place = {letter: k for k, letter in enumerate(dict.fromkeys((*left, *right)))}
        ours.append([place[letter] for letter in left])
        theirs.append([place[letter] for letter in right])
        shape.append(len(place))
    check_size(math.prod(shape), len(shape), p.dtype == object, f"the table of {', '.join(names)} over all letters")
    return _spread(p, ours, shape), _spread(q, theirs, shape)


def _letters(
    mine: tuple[Letter, ...] | None, other: tuple[Letter, ...] | None, size: int, other_size: int, name: str
) -> Sequence[Letter]:
    if mine is not None:
        return mine
    if other is None:
        if size != other_size:
            raise ValueError(
                f"one side has {size} letters of {name} and the other {other_size}; give the same shape, or labels"
            )
        return range(size)
    if all(isinstance(letter, int) and 0 <= letter < size for letter in other):
        return range(size)
    raise ValueError(
        f"{name} has the letters {listed([shown(k) for k in other])} on one side and no labels on the other; give both "
        "labels: Joint(table, axes, labels={...})"
    )


def _spread(array: Array, places: list[list[int]], shape: list[int]) -> Array:
    if all(place == list(range(size)) for place, size in zip(places, shape, strict=True)):
        return array
    wide = np.zeros(shape, dtype=array.dtype)
    wide[np.ix_(*places)] = array
    return wide


__all__ = ["Event", "Given", "Letter", "Names", "aligned", "check_labels", "find_letter", "find_name", "flatten_names"]
