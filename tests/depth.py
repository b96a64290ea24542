"""How deep the tests look: quick by default, deep where THERML_TESTS=deep is set (as `.ci/run` does).

A random law draws fewer examples when quick. A test marked `deep` has a smaller kin that always runs, or asks for a
browser or for training. Both depths are the same from run to run, whatever the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

DEEP = {"": False, "quick": False, "deep": True}[os.environ.get("THERML_TESTS", "")]


def examples(deep: int) -> int:
    """How many examples a random law draws: `deep` of them when deep; a fifth, at least five, when quick."""
    return deep if DEEP else min(deep, max(5, deep // 5))


def seeds(deep: int) -> range:
    """The seeds of a test that runs once for each: `deep` of them when deep; a fifth, at least three, when quick."""
    return range(deep if DEEP else min(deep, max(3, deep // 5)))


def mostly_deep(quick: int, values: Iterable[Any]) -> list[Any]:
    """The values of a parametrised test, all but the first `quick` of them marked deep."""
    return [v if k < quick else pytest.param(v, marks=pytest.mark.deep) for k, v in enumerate(values)]
