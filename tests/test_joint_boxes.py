"""The search over cells of encoders and tilts against G itself, summed type by type."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.special import logsumexp

import therml_exact as tx
from therml_exact.frontier.joint.instance import Instance, instance
from therml_exact.kernels.joint.boxes import DONE, FOUND, MANY, Cost, cover, reference

ONE = ([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
SURE = (["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]],
        [[[1, 0], ["1/5", "4/5"]], [["1/10", "9/10"], ["1/2", "1/2"]]])  # fmt: skip
THREE = ([1], [["1/4", "1/4", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"], ["1/2", "1/2"]]])
CONSTANT = ([1], [[1]], [[["1/4", "3/4"]]])


def log_g(inst: Instance, cost: Cost, e: np.ndarray) -> np.ndarray:
    """log G of encoders e[s, x, z]."""
    letters = (cost.rho * e * np.log(np.maximum(e, 1e-300))).sum(axis=2)[:, :, None]
    letters = letters + np.einsum("sxz,xyz->sxy", e, cost.beta)
    total = letters.reshape(len(e), -1) @ inst.counts.T
    return np.asarray(logsumexp(cost.logw - total / cost.sigma, axis=1))


def corner_of(inst: Instance, nz: int) -> np.ndarray:
    if nz == 1:
        return np.repeat(np.array([[[0.0], [3.0]]]), inst.nx, axis=0)
    return np.repeat(np.eye(nz)[None], inst.nx, axis=0)


@pytest.mark.parametrize("tables", [ONE, SURE, THREE, CONSTANT])
@pytest.mark.parametrize("nz", [1, 2, 3])
@pytest.mark.parametrize("sigma", [1.0, 0.05, 0.001])  # the last leaves nothing of products of scaled terms
def test_what_is_covered_is_nowhere_above_and_what_is_found_is(tables: tuple, nz: int, sigma: float) -> None:
    problem = tx.JointProblem(*tables, 3, z_size=max(nz, 2))
    inst = instance(problem, {name: Fraction(name != "delta") for name in problem.multipliers})
    rng = np.random.default_rng(7)
    corner = corner_of(inst, nz)
    verdicts = set()
    for _ in range(4):
        beta = rng.normal(size=(inst.nx, inst.ny, nz))
        logw = np.log(inst.mass) + rng.normal(size=len(inst.mass)) / sigma
        cost = Cost(logw, beta, 1.0, sigma)
        share = rng.dirichlet(np.full(corner.shape[1], 0.7), size=(3000, inst.nx))
        points = np.einsum("sxv,xvz->sxz", share, corner)
        highest = log_g(inst, cost, points).max()
        # A little above the largest value that random encoders have, and below it.
        for level in (highest + 0.5 * abs(highest) + 0.5, highest - 1.0):
            symbols, above = np.empty(20_000, dtype=np.uint8), np.empty((5, inst.nx, nz))
            status, used = cover(inst.rows, cost, corner, level, symbols.size, symbols, above)
            verdicts.add(status)
            if status == DONE:
                assert level >= highest
                assert symbols[:used].max() <= inst.nx * len(corner[0]) * (len(corner[0]) - 1) // 2
                leaves = int((symbols[:used] == 0).sum())
                assert used == 2 * leaves - 1
            elif status == FOUND:
                assert used and (log_g(inst, cost, above[:used]) > level).all()
            else:
                assert status == MANY
    assert {DONE, FOUND} <= verdicts


def test_a_simplex_of_one_code_has_one_vertex_and_nothing_beyond_it_is_touched() -> None:
    room, a = np.array([7.0, 7.0, 7.0]), np.zeros(1)
    reference(np.ones((1, 1)), a, room[:1])
    assert a.tolist() == [1.0] and room.tolist() == [0.0, 7.0, 7.0]
