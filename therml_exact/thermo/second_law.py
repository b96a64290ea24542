"""The second law of learning: the objective along a relaxation (nats).

A rule p_t(theta|data) moves by kernels that keep p*(theta|data), with all q's and the encoder frozen. For any kernel
KL(p_t K; p* K) <= KL(p_t; p*), reversible or not, and by (34) J_t = min J + sigma <KL(p_t; p*)>:

    J_0 >= J_t >= J_{t+1} >= J_inf,    J_0 = <R + delta D + gamma C>_q(theta),   J_inf = -sigma <log Z>    (37)-(39)

starting from the prior, where S = 0. The decrease needs the frozen q(theta): with q(theta) refitted to each p_t the
objective is J_t - sigma KL(p_t(theta); q(theta)), by (56), and can rise. Starting from the prior is no remedy in
general; the counterexample starts at p_0 ~ exp(-E/sigma).

More generally the divergence of any two laws under one kernel never grows; with a uniform stationary law that is
an entropy that never falls (footnote 14 says "strictly increasing": false for a permutation, whose entropy stays).
Exact worlds give PrimeLogs, each comparison decided; after t steps their integers have O(t) digits (300 steps of a rule
with 16 data sets and 4 parameters take 7 s; for longer relaxations take `world.to_float()`).
Source: Cover and Thomas, Elements of Information Theory, section 4.4.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from therml_exact.functional import Value
from therml_exact.information import kl_divergence
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, read_table, whole
from therml_exact.thermo.boltzmann import Equilibrium, check_equilibrium, times
from therml_exact.thermo.markov import advance, check_preserves

Kernel = Callable[[Array], Array] | Array
_ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Relaxation:
    """J_t, S_t, <E>_t and the divergence from equilibrium along a relaxation, t = 0, 1, ..., steps."""

    equilibrium: Equilibrium
    rules: tuple[Array, ...] = field(repr=False)
    J: tuple[Value, ...]
    divergence: tuple[Value, ...]
    refitted: tuple[Value, ...]  # J_t with q(theta) refitted to p_t(theta) at every step

    @property
    def limit(self) -> Value:
        """J at equilibrium, -sigma <log Z> (39)."""
        return self.equilibrium.value

    @property
    def verdict(self) -> str:
        """Whether (37) holds: "falls" at every step, "never rises" (some steps keep J), or "rises"."""
        return trend(self.J)

    @property
    def refitted_verdict(self) -> str:
        """The same of the objective whose q(theta) is refitted."""
        return trend(self.refitted)

    def __str__(self) -> str:
        shown = [f"{float(j):.6g}" for j in self.J]
        middle = [*shown[:4], "...", shown[-1]] if len(shown) > 6 else shown
        return (
            f"J_t = {', '.join(middle)} -> {float(self.limit):.6g} (nats): {self.verdict}; "
            f"with q(theta) refitted: {self.refitted_verdict}"
        )


def second_law(equilibrium: Equilibrium, kernel: Kernel, steps: int, start: Any = None) -> Relaxation:
    """Relax from the prior q(theta), or from the rule `start`, by a kernel that keeps the equilibrium.

    `kernel` is a function of the rule (markov.metropolis and kin) or a table [data..., theta, theta']. A kernel that
    does not keep p*(theta|data) is refused.
    """
    check_equilibrium(equilibrium)
    steps = whole("steps", steps)
    first = equilibrium.variational.theta if start is None else read_table(start, "start")
    first = np.broadcast_to(first, equilibrium.rule.shape) if start is None else first
    equilibrium, world = equilibrium.alike(first)
    target = equilibrium.rule
    table = np.asarray(kernel(target) if callable(kernel) else kernel)
    if table.ndim < 2:
        raise TypeError(f"kernel is a {type(kernel).__name__}; give a function of the rule, or a table of kernels")
    check_preserves(table, target)
    rule = world.tables["theta_given_data"]
    rules = [rule]
    for _ in range(steps):
        rule = advance(rule, table)
        if rule.dtype != object:
            rule = rule / rule.sum(axis=-1, keepdims=True)
        rules.append(rule)
    values = tuple(equilibrium.objective(r) for r in rules)
    return Relaxation(
        equilibrium,
        tuple(rules),
        values,
        tuple(equilibrium.divergence(r) for r in rules),
        tuple(_refit(equilibrium, r, j) for r, j in zip(rules, values, strict=True)),
    )


def _refit(equilibrium: Equilibrium, rule: Array, value: Value) -> Value:
    """J with q(theta) = p_t(theta): less by sigma KL(p_t(theta); q(theta)) (56)."""
    marginal = (equilibrium.data[..., None] * rule).reshape(-1, rule.shape[-1]).sum(axis=0)
    if marginal.dtype != object:
        marginal = marginal / marginal.sum()
    return value - times(equilibrium.sigma, kl_divergence(marginal, equilibrium.variational.theta))


def divergences(kernel: Array, p: Any, q: Any, steps: int) -> tuple[Value, ...]:
    """KL(p_t; q_t) of two laws that evolve under one kernel: never grows."""
    found = [kl_divergence(p, q)]
    p, q = (np.asarray(law) for law in (p, q))
    for _ in range(whole("steps", steps)):
        p, q = advance(p, kernel), advance(q, kernel)
        found.append(kl_divergence(p, q))
    return tuple(found)


def trend(values: tuple[Value, ...]) -> str:
    """Whether a sequence "falls" at every step, "never rises" or "rises": decided, or beyond rounding for floats."""
    exact = all(isinstance(v, PrimeLog) for v in values)
    slack: Any = 0 if exact else _ROUNDING * (1 + max(abs(float(v)) for v in values))
    pairs = list(itertools.pairwise(values))
    if any(b - a > slack for a, b in pairs):
        return "rises"
    return "falls" if all(a > b for a, b in pairs) else "never rises"
