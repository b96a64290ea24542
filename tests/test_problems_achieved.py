"""The functionals of a saved witness in balls, against exact values and a float computation from their definitions."""

import math

import numpy as np
import pytest
from flint import arb
from true_certificates import CERTIFICATES

from therml_exact.frontier.problems.kinds import read_problem
from therml_exact.numbers.balls import precision, within

ENCODER = read_problem(CERTIFICATES["series"]["problem"])
THETA = read_problem(CERTIFICATES["groups"]["problem"])
BAYES = read_problem(CERTIFICATES["bayes"]["problem"])
LABELS = read_problem(CERTIFICATES["blocks2"]["problem"])


def entropy(table):
    return -sum(v * math.log(v) for v in np.asarray(table, dtype=float).reshape(-1).tolist() if v)


def expected(problem, rows):
    """R, D, C from entropies of the joint p(x, theta, z, y); S, U from the joint of types and codes."""
    rows = np.asarray(rows, dtype=float)
    if "gamma" in problem.multipliers:
        joint = np.einsum("aty,atz->atzy", problem.floats, rows)
        x_theta_z, z = joint.sum(axis=3), joint.sum(axis=(0, 1, 3))
        return {
            "R": entropy(x_theta_z.sum(axis=2)) + entropy(z) - entropy(x_theta_z),
            "D": entropy(x_theta_z.sum(axis=1)) - entropy(z),
            "C": entropy(joint.sum(axis=(0, 1))) - entropy(z),
        }
    counts, p = problem.floats
    joint = p[:, None] * rows
    rate = entropy(p) + entropy(joint.sum(axis=0)) - entropy(joint)
    blocks = problem.shape[0] if hasattr(problem, "shape") else 1
    energy = 0.0
    for z in range(rows.shape[1]):
        mean = (joint[:, z] @ counts).reshape(blocks, -1)
        energy += sum(entropy(part) + part.sum() * math.log(max(part.sum(), 1e-300)) for part in mean)
    return {"S": rate, "U": energy}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("problem", [ENCODER, THETA, BAYES, LABELS], ids=["encoder", "theta", "bayes", "labels"])
def test_functionals_are_those_of_the_joint(problem, seed):
    rng = np.random.default_rng(seed)
    shape = problem.floats.shape[:2] if "gamma" in problem.multipliers else (len(problem.types),)
    rows = rng.dirichlet(np.full(3, 0.7), size=shape)
    if seed == 2:  # some rows are certain
        rows[...] = np.eye(3)[rng.integers(3, size=shape)]
    with precision(128):
        found = problem.achieved(rows.tolist())
        told = expected(problem, rows)
        assert set(found) == set(told)
        for name, value in told.items():
            assert abs(found[name] - arb(value)) < 1e-12, name
            assert found[name].rad() < 1e-30


def test_exact_values_of_a_symmetric_channel():
    """Z = X of a fair coin: R = log 2, D = 0, C = H(Y|X)."""
    problem = read_problem({"kind": "encoder", "axes": ["X", "Y"], "shape": [2, 2], "cells": ["1", "3", "3", "1"]})
    with precision(128):
        found = problem.achieved([[[1, 0]], [[0, 1]]])
        quarter = arb(1) / 4
        assert abs(found["R"] - arb(2).log()) < 1e-35 and abs(found["D"]) < 1e-35
        assert abs(found["C"] + quarter * quarter.log() + 3 * quarter * (3 * quarter).log()) < 1e-35
        one = problem.achieved([[[1.0]], [[1.0]]])
        assert abs(one["R"]) < 1e-35 and abs(one["D"] - arb(2).log()) < 1e-35
        assert abs(one["C"] - arb(2).log()) < 1e-35


def test_letters_of_probability_0_have_rows_that_count_for_nothing():
    problem = read_problem({"kind": "encoder", "axes": ["X", "Y"], "shape": [3, 2],
                            "cells": ["1", "3", "0", "0", "3", "1"]})  # fmt: skip
    with precision(128):
        one = problem.achieved([[[1, 0]], [[0, 1]], [[0, 1]]])
        two = problem.achieved([[[1, 0]], [[1, 0]], [[0, 1]]])
        assert all(abs(one[name] - two[name]) < 1e-35 for name in "RDC")
        assert abs(one["R"] - arb(2).log()) < 1e-35


def test_rows_are_divided_by_their_sums_within_a_billionth():
    with precision(128):
        exact = ENCODER.achieved([[[0.25, 0.75]], [[0.5, 0.5]]])
        scale = 1 + 2.0**-31
        near = ENCODER.achieved([[[0.25 * scale, 0.75 * scale]], [[0.5, 0.5]]])
        assert all(exact[name].overlaps(near[name]) for name in "RDC")
        for factor in (1 + 1.1e-9, 1 - 1.1e-9, 2.0):
            with pytest.raises(ValueError, match="does not sum to 1"):
                ENCODER.achieved([[[0.25, 0.75]], [[0.5 * factor, 0.5 * factor]]])
        ENCODER.achieved([[[0.25, 0.75]], [[0.5 * (1 + 0.9e-9), 0.5 * (1 + 0.9e-9)]]])


@pytest.mark.parametrize(
    ("problem", "table"),
    [
        (ENCODER, [[[1.0]]]),
        (ENCODER, [[1.0], [1.0]]),
        (ENCODER, [[[1.0], [1.0]], [[1.0], [1.0]]]),
        (ENCODER, [[[1.5, -0.5]], [[0.5, 0.5]]]),
        (ENCODER, [[[math.nan, 1.0]], [[0.5, 0.5]]]),
        (ENCODER, [[[math.inf, 1.0]], [[0.5, 0.5]]]),
        (ENCODER, [[[]], [[]]]),
        (THETA, [[[1.0]], [[1.0]]]),
        (BAYES, [[1.0]] * 2),
        (BAYES, [[[1.0]]] * 3),
        (LABELS, [[1.0]] * 3),
    ],
)
def test_tables_of_another_shape_are_refused(problem, table):
    with pytest.raises(ValueError, match="the encoder has shape"):
        problem.achieved(table)


def test_within_is_decided_by_the_margin():
    with precision(128):
        e = 2.0**-60
        assert within(arb(1), 1.0, 0.0) and within(arb(1), 1 + 2 * 2.0**-52, 2 * 2.0**-52)
        assert not within(arb(1), 1 + 2 * 2.0**-52, 2.0**-52)
        assert within(arb(1) - e, 1.0, e) and not within(arb(1) - 2 * arb(e), 1.0, e)
        assert within(arb(1) + e, 1.0, e) and not within(arb(1) + 2 * arb(e), 1.0, e)
        assert not within(arb(1, 1e-3), 1.0, 1e-4)
