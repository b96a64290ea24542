"""Facets and the largest step between inner and outer polytopes, against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from therml_exact.frontier.curve.polytopes import facets, least, own_bounds

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


@given(
    st.lists(st.tuples(coordinates, coordinates, coordinates, st.integers(0, 20)), min_size=1, max_size=6),
    st.tuples(*[st.integers(1, 9)] * 3),
)
def test_least_is_a_lower_bound_and_the_best(rows, normal):
    a = np.array([row[:3] for row in rows if any(row[:3])] + [[1, 0, 0]], float)
    b = np.array([row[3] for row in rows if any(row[:3])] + [0], float)
    direct = linprog(np.array(normal, float), A_ub=-a, b_ub=-b, bounds=(0, None))
    assert least(np.array(normal, float), a, b) == pytest.approx(direct.fun, abs=1e-7)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_of_a_facets_own_half_spaces_is_below_the_least_and_may_meet_it(dim, seed):
    """Tangents of a convex surface; what a linear program tells of all half-spaces is the oracle."""
    rng = np.random.default_rng(seed)
    weights = np.maximum(np.vstack([np.eye(dim), rng.dirichlet(np.ones(dim), size=25)]), 1e-3)
    points = np.sqrt(weights).sum(axis=1, keepdims=True) / np.sqrt(weights)  # the least of w.v where sum 1/v <= 1
    bounds = (weights * points).sum(axis=1) - rng.uniform(0, 1e-6, size=len(weights))
    found = facets(points)
    quick = own_bounds(found, weights, bounds)
    best = [least(np.array(f.normal), weights, bounds) for f in found]
    assert all(q <= b + 1e-9 for q, b in zip(quick, best, strict=True))
    assert any(q > b - 1e-9 for q, b in zip(quick, best, strict=True))
