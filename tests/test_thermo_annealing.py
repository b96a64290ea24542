"""Parallel tempering and population annealing as exact kernels."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.thermo import markov
from therml_exact.thermo.annealing import parallel_tempering, population_annealing
from therml_exact.thermo.second_law import divergences

# Weights exp(-E beta) for whole beta: E = -log base.
PRIOR = np.array([Fraction(1, 3)] * 3)
BASE = np.array([Fraction(1, 2), Fraction(1, 8), Fraction(3, 4)])  # a barrier in the middle of the line


def law(beta):
    weight = PRIOR * BASE**beta
    return weight / weight.sum()


@pytest.mark.parametrize("kernel", [markov.metropolis, markov.heat_bath, markov.sweep, markov.langevin])
def test_parallel_tempering_keeps_the_product_law(kernel):
    t = parallel_tempering([law(3), law(1), law(0)], kernel)
    markov.check_preserves(t.kernel, t.target)
    for k in range(3):
        assert t.marginal(t.target, k).tolist() == t.laws[k].tolist()
    start = np.zeros(27, dtype=object) + Fraction(0)
    start[0] = Fraction(1)
    found = divergences(t.kernel, start, t.target, 3)
    assert all(a > b for a, b in itertools.pairwise(found))


def test_swaps_reach_the_cold_replica_over_a_barrier():
    """From one side of a barrier, tempering comes nearer to the cold law than the cold chain alone."""
    cold, hot = law(6), law(0)
    t = parallel_tempering([cold, hot], markov.langevin)
    alone, joint = np.array([1, 0, 0], dtype=object), np.zeros(9, dtype=object)
    joint[:3] = hot  # the cold replica at 0, the hot one in equilibrium
    kernel = markov.langevin(cold)
    for _ in range(8):
        alone, joint = markov.advance(alone, kernel), markov.advance(joint, t.kernel)
    near = [tx.kl_divergence(p, cold) for p in (t.marginal(joint, 0), alone)]
    assert near[0] < near[1]


def test_one_replica_alone_need_not_fall():
    """The cold replica starts in equilibrium and is disturbed by a hot one that does not."""
    cold, hot = law(2), law(1)
    t = parallel_tempering([cold, hot], markov.heat_bath)
    start = np.kron(cold, np.array([0, 1, 0], dtype=object))
    after = t.marginal(markov.advance(start, t.kernel), 0)
    assert tx.kl_divergence(t.marginal(start, 0), cold) == 0
    assert tx.kl_divergence(after, cold) > 0
    assert all(a >= b for a, b in itertools.pairwise(divergences(t.kernel, start, t.target, 2)))


def test_population_annealing_is_unbiased_for_z_and_biased_by_order_1_over_m_for_a_member():
    weights = [BASE, BASE, BASE]
    z = (PRIOR * BASE**3).sum()
    off = []
    for size in (1, 2, 4):
        run = population_annealing(PRIOR, weights, markov.metropolis, size)
        assert run.partition == z  # exactly, for every M
        assert run.law.sum() == run.member.sum() == 1
        for kernel in run.kernels:
            assert all(total == 1 for total in kernel.sum(axis=1))
        off.append(tx.kl_divergence(law(3), run.member))
    assert off[0] > off[1] > off[2] > 0


def test_population_members_are_exchangeable_and_follow_the_definition():
    """M = 2 and one stage, by enumeration: each new member draws a parent in proportion, then moves."""
    run = population_annealing(PRIOR, [BASE], markov.heat_bath, 2)
    move = markov.heat_bath(law(1))
    expected = np.zeros((3, 3), dtype=object)
    for a, b, u, v in itertools.product(range(3), repeat=4):
        total = BASE[a] + BASE[b]
        child = [(BASE[a] * move[a, k] + BASE[b] * move[b, k]) / total for k in (u, v)]
        expected[u, v] += PRIOR[a] * PRIOR[b] * child[0] * child[1]
    assert run.law.tolist() == expected.reshape(-1).tolist()
    assert (expected == expected.T).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="4096 are held"):
        parallel_tempering([law(k) for k in range(8)], markov.metropolis)
    with pytest.raises(ValueError, match="every weight is > 0"):
        population_annealing(PRIOR, [[1, 0, 1]], markov.metropolis, 2)
    with pytest.raises(ValueError, match="does not keep"):
        parallel_tempering([law(1), law(0)], lambda pi: markov.metropolis(law(2)))
