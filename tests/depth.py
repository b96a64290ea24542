"""How deep the tests look: quick by default, deep where THERML_TESTS=deep is set (as `.ci/run` does).

A random law draws fewer examples when quick. A test marked `deep` has a smaller kin that always runs, or asks for a
browser or for training. A test named in slow.txt took half a second of CPU time or more when all were measured on a
quiet machine (`--durations=0` tells): the quick profile, which has five minutes with its installation and compiling,
leaves it out. Both depths are the same from run to run, whatever the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

DEEP = {"": False, "quick": False, "deep": True}[os.environ.get("THERML_TESTS", "")]
SLOW = frozenset(Path(__file__).with_name("slow.txt").read_text(encoding="utf-8").splitlines())
"""The tests, as pytest names them, that the quick profile leaves out for their time alone."""


def examples(deep: int) -> int:
    """How many examples a random law draws: `deep` of them when deep; a fifth, at least five, when quick."""
    return deep if DEEP else min(deep, max(5, deep // 5))


def seeds(deep: int) -> range:
    """The seeds of a test that runs once for each: `deep` of them when deep; a fifth, at least three, when quick."""
    return range(deep if DEEP else min(deep, max(3, deep // 5)))


def mostly_deep(quick: int, values: Iterable[Any]) -> list[Any]:
    """The values of a parametrised test, all but the first `quick` of them marked deep."""
    return [v if k < quick else pytest.param(v, marks=pytest.mark.deep) for k, v in enumerate(values)]
