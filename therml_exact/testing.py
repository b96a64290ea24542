"""Hypothesis strategies for property tests of information inequalities: rational joints, worlds and q's.

Every row is a ratio of small integer weights, so that examples are exact and shrink to readable fractions (a weight
towards 0, an alphabet towards one letter). Zeros, deterministic rows and one-letter alphabets occur by
construction; nothing is filtered. A property test is five lines:

    @given(joints(("X", "Y", "Z")))
    def test_conditioning_reduces_entropy(j):
        assert tx.entropy(j, "X", given=("Y", "Z")) <= tx.entropy(j, "X", given="Y")

Needs Hypothesis: the extra `hypothesis`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError("therml_exact.testing needs Hypothesis: pip install 'therml_exact[hypothesis]'") from None

from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array
from therml_exact.variational import FAMILIES, Variational
from therml_exact.worlds import WORLDS, World

__all__ = ["joints", "rows", "variationals", "worlds"]

_ORDER = ("phi", "x", "y", "theta", "z")


@st.composite
def rows(draw: st.DrawFn, shape: tuple[int, ...], max_weight: int = 5, positive: bool = False) -> Array:
    """A conditional table of Fractions: weights in 0..max_weight (from 1 if positive), the last axis normalised.

    Rows whose weights are all 0 are uniform: no draw is thrown away.
    """
    return _normalised(draw(_weights(shape, max_weight, positive)))


@st.composite
def joints(
    draw: st.DrawFn,
    axes: Sequence[str] = ("X", "Y"),
    max_size: int = 3,
    max_weight: int = 5,
    positive: bool = False,
) -> Joint:
    """An exact joint over the axes, each of 1 to max_size letters; `positive` excludes zeros."""
    largest = tuple(max_size for _ in axes)
    sizes = draw(_sizes(largest))
    weights = draw(_weights(largest, max_weight, positive))[tuple(slice(size) for size in sizes)]
    return Joint(_normalised(weights.reshape(-1)).reshape(sizes), axes)


def _sizes(largest: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*(st.integers(1, size) for size in largest))


def _weights(shape: tuple[int, ...], max_weight: int, positive: bool) -> st.SearchStrategy[Array]:
    """Integer weights for the largest alphabets; callers cut them, so that a smaller alphabet shifts no other draw."""
    count = math.prod(shape)
    numbers = st.integers(1 if positive else 0, max_weight)
    return st.lists(numbers, min_size=count, max_size=count).map(lambda w: np.array(w, dtype=object).reshape(shape))


def _normalised(weights: Array) -> Array:
    cells = np.empty(weights.shape, dtype=object)
    for index in np.ndindex(*weights.shape[:-1]):
        row = weights[index] if any(weights[index]) else [1] * weights.shape[-1]
        total = sum(row)
        cells[index] = [Fraction(weight, total) for weight in row]
    return cells


@st.composite
def worlds(
    draw: st.DrawFn,
    n: int | None = 1,
    kind: str = "P",
    max_size: int = 2,
    max_weight: int = 5,
    positive: bool = False,
) -> World:
    """An exact world of kind "P", "bayes" or "discriminative" with N = n samples (1 or 2 if None)."""
    kinds = {world.kind: world for world in WORLDS}
    if kind not in kinds:
        raise ValueError(f"kind is {kind!r}; it is one of {', '.join(kinds)}")
    samples = draw(st.integers(1, 2)) if n is None else n
    letters = ("x",) if kind == "bayes" else ("x", "y")
    axes = {
        "phi": ("phi",),
        "x_given_phi": ("phi", "x"),
        "y_given_x_phi": ("phi", "x", "y"),
        "theta_given_data": (*letters * samples, "theta"),
        "z_given_x_theta": ("x", "theta", "z"),
    }
    sizes = dict(zip(_ORDER, draw(_sizes((max_size,) * len(_ORDER))), strict=True))
    tables = {}
    for name in (f.name for f in fields(kinds[kind])):  # type: ignore[arg-type]
        weights = draw(_weights((max_size,) * len(axes[name]), max_weight, positive))
        tables[name] = _normalised(weights[tuple(slice(sizes[axis]) for axis in axes[name])])
    return kinds[kind](**tables)


@st.composite
def variationals(
    draw: st.DrawFn, world: World, per_sample: bool = False, max_weight: int = 5, positive: bool = True
) -> Variational:
    """Exact q's of every kind that the world has; positive by default, so that no functional is infinite."""
    tables: dict[str, Any] = {}
    for name in world.families:
        given, what = FAMILIES[name]
        sizes = world.network.sizes
        shape = tuple(sizes[v] if v == "Theta" else sizes[f"{v}1"] for v in (*given, what))
        lead = (world.n,) if per_sample and name != "theta" else ()
        tables[name] = draw(rows((*lead, *shape), max_weight, positive))
    return Variational(**tables)
