"""The check of a type at a door: what was given, and what is wanted instead.

Errors: TypeError naming the argument, its type and the remedy.
"""

from __future__ import annotations

from typing import Any

_TABLE = "a table becomes one by tx.Joint(table, axes)"
JOINT = f"a Joint: {_TABLE}"
DISTRIBUTION = f"a Joint or a world: {_TABLE}"
WORLD = "a WorldP, a BayesWorld or a DiscriminativeWorld; tx.WorldP.from_joint makes one of a joint"
PROBLEM = "an EncoderProblem, BayesProblem or another problem; tx.EncoderProblem(joint) makes one of p(x, y)"


def check_type(value: Any, kind: Any, name: str, wanted: str) -> None:
    """Refuse a value of another type.

    >>> check_type([0.5, 0.5], dict, "tables", "the tables by name")
    Traceback (most recent call last):
    TypeError: tables is a list; give the tables by name
    """
    if not isinstance(value, kind):
        raise wrong_type(value, name, wanted)


def wrong_type(value: Any, name: str, wanted: str) -> TypeError:
    """The refusal of a value by its type."""
    what = "None" if value is None else f"{_article(type(value).__name__)} {type(value).__name__}"
    return TypeError(f"{name} is {what}; give {wanted}")


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"
