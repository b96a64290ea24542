"""Parallel tempering and population annealing as exact Markov kernels on product spaces. No units.

Parallel tempering: replicas (theta_1, ..., theta_K), one for each temperature, with target prod_k pi_k. A step moves
each replica by its own kernel and then, for k = 1, ..., K - 1, swaps replicas k and k + 1 with probability
min(1, pi_k(b) pi_{k+1}(a) / (pi_k(a) pi_{k+1}(b))). The product target is kept, so the second law holds for the joint
law of the replicas; the divergence of one replica alone need not fall step by step.

Population annealing: M members start from pi_0 and pass through stages k. At each stage they are resampled with
weights w_k = W_k(theta) (the ratio of unnormalised targets; members are drawn independently in proportion), then moved
by a kernel that keeps pi_k. On Theta^M this is a Markov chain. The mean of the product of the mean weights is the
ratio of partition functions for every M (unbiased), while the law of a member is biased by O(1/M).

States are tuples in lexicographic order: |Theta|^K or |Theta|^M of them, refused up front beyond 4096. Exact where the
laws are rational. Source: Machta and Ellis, arXiv:1104.1138.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array, check_rows, read_table, to_fractions, unify, whole
from therml_exact.results import by_content
from therml_exact.thermo.markov import check_preserves

_STATES = 4096


@by_content
@dataclass(frozen=True, eq=False)
class Tempering:
    """One step of parallel tempering on the joint states of K replicas, which are numbered in lexicographic order.

    kernel  the step as [state, state'], |Theta|^K states
    target  the product law that it keeps, [state]
    laws    the law of each replica, [replica, theta]
    """

    kernel: Array = field(repr=False)
    target: Array = field(repr=False)
    laws: Array

    def marginal(self, law: Array, replica: int) -> Array:
        """The law of one replica, of a joint law."""
        count, size = self.laws.shape
        axes = tuple(k for k in range(count) if k != replica)
        return np.asarray(law.reshape((size,) * count).sum(axis=axes))


def parallel_tempering(laws: Any, kernel: Callable[[Array], Array]) -> Tempering:
    """One step of parallel tempering as an exact Markov kernel: each replica moves, then neighbours are swapped.

    laws: the laws pi_k as [replica, theta], coldest first; without unit.
    kernel: a function of one law that returns a kernel [theta, theta'] which keeps it, such as `tx.markov.metropolis`.
    Returns a Tempering, exact for rational laws. Raises ValueError for rows that are no laws, for a kernel that does
    not keep its law, and for more than 4,096 states.

    >>> import therml_exact as tx
    >>> step = tx.parallel_tempering([["1/4", "3/4"], ["1/2", "1/2"]], tx.markov.metropolis)
    >>> step.kernel.shape, bool((step.target @ step.kernel == step.target).all())
    ((4, 4), True)
    >>> [str(p) for p in step.marginal(step.target, 0)]
    ['1/4', '3/4']
    """
    pi = _laws(laws)
    count, size = pi.shape
    _check_states(size, count, "replicas")
    moves = [np.asarray(kernel(row)) for row in pi]
    for row, move in zip(pi, moves, strict=True):
        check_preserves(move, row)
    step = reduce(np.kron, moves)
    target = reduce(np.kron, pi)
    for k in range(count - 1):
        step = step @ _swap(pi, k)
    return Tempering(step, target, pi)


def _swap(pi: Array, k: int) -> Array:
    """Exchange of replicas k and k + 1 by Metropolis' rule."""
    count, size = pi.shape
    one: Any = Fraction(1) if pi.dtype == object else 1.0
    states = list(np.ndindex(*(size,) * count))
    place = {state: i for i, state in enumerate(states)}
    kernel = np.full((len(states), len(states)), 0 * one, dtype=pi.dtype)
    for i, state in enumerate(states):
        a, b = state[k], state[k + 1]
        here, there = pi[k, a] * pi[k + 1, b], pi[k, b] * pi[k + 1, a]
        accept = one if there >= here else there / here
        other = place[(*state[:k], b, a, *state[k + 2 :])]
        kernel[i, other] += accept
        kernel[i, i] += 1 - accept
    return kernel


@by_content
@dataclass(frozen=True, eq=False)
class PopulationAnnealing:
    """Population annealing on Theta^M, whose states are numbered in lexicographic order. No units.

    kernels    the kernel of each stage, [state, state']
    law        the law of the last population, [state]
    member     the law of one member of it, [theta]
    partition  the mean of the estimate of Z_K/Z_0, a number: it is the true ratio for every M
    """

    kernels: tuple[Array, ...] = field(repr=False)
    law: Array = field(repr=False)
    member: Array
    partition: Any  # the mean of the estimate of Z_K/Z_0


def population_annealing(prior: Any, weights: Any, kernel: Callable[[Array], Array], size: int) -> PopulationAnnealing:
    """Population annealing as an exact Markov chain: at each stage members are resampled by their weights, then moved.

    prior: the law of each member at the start, [theta]. weights: the weights of each stage, [stage, theta], all > 0.
    kernel: a function of one law that returns a kernel [theta, theta'] which keeps it. size: the number of members M.
    Nothing has a unit. Returns a PopulationAnnealing, exact for rational tables. Raises ValueError for tables that do
    not fit, for a kernel that does not keep its law, and for more than 4,096 states.

    >>> import therml_exact as tx
    >>> weights = [["1/2", "3/2"], ["1/2", "3/2"]]
    >>> run = tx.population_annealing(["1/2", "1/2"], weights, tx.markov.metropolis, size=2)
    >>> print(run.partition, run.member[0])
    5/4 185/1296
    """
    tables = unify({"prior": _laws([prior])[0], "weights": read_table(weights, "weights")})
    start, w = tables["prior"], tables["weights"]
    if w.ndim != 2 or w.shape[1] != len(start):
        raise ValueError(f"weights has shape {w.shape}; it is [stage, theta] with |theta| = {len(start)}")
    if (w <= 0).any():
        raise ValueError(f"weights has an entry {w.min()}; every weight is > 0")
    members = whole("size", size)
    _check_states(len(start), members, "members")
    states = np.array(list(np.ndindex(*(len(start),) * members)))
    law = reduce(np.kron, [start] * members)
    carried = law  # law times the product of mean weights so far
    target = start
    kernels = []
    for row in w:
        target = target * row
        target = target / target.sum()
        move = np.asarray(kernel(target))
        check_preserves(move, target)
        of = row[states]  # [population, member]
        total = of.sum(axis=1)
        # Each new member draws a parent, then moves: the same law for all members, independently.
        child = np.stack([(of[:, m] / total)[:, None] * move[states[:, m]] for m in range(members)]).sum(axis=0)
        step = child[:, states[:, 0]]
        for m in range(1, members):
            step = step * child[:, states[:, m]]
        kernels.append(step)
        law = law @ step
        carried = (carried * total / members) @ step
    member = np.array([law[states[:, 0] == theta].sum() for theta in range(len(start))])
    return PopulationAnnealing(tuple(kernels), law, member, carried.sum())


def _laws(laws: Any) -> Array:
    table = read_table(laws, "laws")
    if table.ndim != 2:
        raise ValueError(f"laws has shape {table.shape}; it is [replica, theta]")
    check_rows(table, "laws")
    return to_fractions(table) if table.dtype == object else table


def _check_states(size: int, count: int, what: str) -> None:
    if size**count > _STATES:
        raise ValueError(f"{count} {what} of {size} parameters have {size}^{count} states; up to {_STATES} are held")
