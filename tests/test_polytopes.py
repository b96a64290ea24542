"""Facets of inner polytopes, against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from therml_exact.frontier.curve.polytopes import facets

coordinates = st.integers(0, 12)


def inside(points, v):
    """Whether some mixture of the points is <= v, by a linear program."""
    found = linprog(
        np.zeros(len(points)), A_ub=points.T, b_ub=v + 1e-9, A_eq=np.ones((1, len(points))), b_eq=[1], bounds=(0, None)
    )
    return found.status == 0


@pytest.mark.parametrize("dim", [2, 3])
@given(data=st.data())
def test_the_facets_describe_the_inner_set(dim, data):
    points = np.array(data.draw(st.lists(st.tuples(*[coordinates] * dim), min_size=2, max_size=7, unique=True)), float)
    v = np.array(data.draw(st.tuples(*[st.integers(0, 14)] * dim)), float) + 0.25
    found = facets(points)
    for f in found:
        assert np.isclose(sum(f.normal), 1) and min(f.normal) >= 0
        assert (points @ np.array(f.normal) >= f.offset - 1e-7).all()
        for k in f.vertices:
            assert np.isclose(points[k] @ np.array(f.normal), f.offset, atol=1e-7)
    if dim == 2:  # with the coordinates' own half-spaces they are the whole description
        low = points.min(axis=0)
        told = (v >= low - 1e-9).all() and all(v @ np.array(f.normal) >= f.offset - 1e-9 for f in found)
        assert told == inside(points, v)
    elif not all(v @ np.array(f.normal) >= f.offset - 1e-6 for f in found):
        assert not inside(points, v - 2e-6)


@given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=6, unique=True))
def test_chords_in_the_plane_by_brute_force(points):
    points = np.array(points, float)
    expected = set()
    for i, j in itertools.combinations(range(len(points)), 2):
        (a, b), (c, d) = sorted((points[i].tolist(), points[j].tolist()))
        if a < c and b > d:
            normal = np.array([b - d, c - a]) / (b - d + c - a)
            if (points @ normal >= normal @ points[i] - 1e-9).all():
                expected.add(tuple(np.round(normal, 9)))
    assert {tuple(np.round(f.normal, 9)) for f in facets(points)} == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_lowest_points_are_all_that_the_hull_needs(seed):
    """Points on a convex surface with copies and with points above them: the facets are those of the surface alone."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(3), size=20)
    low = np.sqrt(weights).sum(axis=1, keepdims=True) / np.sqrt(weights)
    more = np.concatenate([low, low[:5], low[5:10] + 1e-13, low + rng.random((20, 3)) * (rng.random((20, 3)) < 0.7)])
    expected, found = ({tuple(np.round(f.normal, 7)) for f in facets(p)} for p in (low, more))
    assert found == expected and len(found) > 10
