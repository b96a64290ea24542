"""The least over outer polytopes, for many facets at once, against linear programs one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from therml_exact.frontier.curve import outer
from therml_exact.frontier.curve.polytopes import Facet, facets

coordinates = st.integers(0, 12)
entries = st.integers(0, 9)


def oracle(normal, a, b):
    found = linprog(np.array(normal), A_ub=-a, b_ub=-b, bounds=(0, None))
    assert found.status == 0
    return found.fun


@pytest.mark.parametrize("dim", [2, 3])
@given(data=st.data())
def test_the_least_is_that_of_a_linear_program(dim, data):
    """Any half-spaces and normals, with zeros; the vertices name half-spaces that may be a bad start, or none."""
    rows = data.draw(st.lists(st.tuples(*[coordinates] * dim, st.integers(0, 20)), min_size=1, max_size=8))
    rows = [row for row in rows if any(row[:dim])] or [(1,) * dim + (3,)]
    a, b = np.array([row[:dim] for row in rows], float), np.array([row[dim] for row in rows], float)
    normals = data.draw(st.lists(st.tuples(*[entries] * dim).filter(any), min_size=1, max_size=4))
    picks = st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=dim)
    found = [Facet(tuple((np.array(n) / sum(n)).tolist()), 0.0, tuple(sorted(data.draw(picks)))) for n in normals]
    for f, least in zip(found, outer.least(found, a, b), strict=True):
        assert least == pytest.approx(oracle(f.normal, a, b), abs=1e-9)


@pytest.mark.parametrize("noise", [1e-6, 1e-2])
@pytest.mark.parametrize("dim", [2, 3])
def test_the_least_of_a_sheets_facets(dim, noise):
    """Tangents of a convex surface, their bounds a little below it."""
    weights, points, bounds = tangents(dim, noise)
    found = facets(points)
    told = outer.least(found, weights, bounds)
    best = [oracle(f.normal, weights, bounds) for f in found]
    assert len(found) > 20
    np.testing.assert_allclose(told, best, atol=1e-7)  # the tolerance of the linear programs


def test_what_is_enough_ends_the_steps_and_stays_a_bound():
    weights, points, bounds = tangents(3, 1e-2)
    found = facets(points)
    best, told = outer.least(found, weights, bounds), outer.least(found, weights, bounds, 0.5)
    offsets = np.array([f.offset for f in found])
    assert (told <= best).all() and (told < best - 1e-6).any()
    assert ((offsets - told <= 0.5) == (offsets - best <= 0.5)).all()


def test_blocks_change_nothing(monkeypatch):
    weights, points, bounds = tangents(3, 1e-2)
    found = facets(points)
    whole = outer.least(found, weights, bounds)
    monkeypatch.setattr(outer, "_BLOCK", 1000)
    np.testing.assert_allclose(outer.least(found, weights, bounds), whole, rtol=1e-12)
    assert outer.least([], weights, bounds).tolist() == []


def tangents(dim, noise):
    """Directions, where sum_k 1/v_k <= 1 is touched, and bounds up to `noise` below the least."""
    rng = np.random.default_rng(dim)
    weights = np.maximum(np.vstack([np.eye(dim), rng.dirichlet(np.ones(dim), size=25)]), 1e-3)
    points = np.sqrt(weights).sum(axis=1, keepdims=True) / np.sqrt(weights)
    return weights, points, (weights * points).sum(axis=1) - rng.uniform(0, noise, size=len(weights))
