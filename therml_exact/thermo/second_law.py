"""The second law of learning: the objective along a relaxation (nats).

A rule p_t(theta|data) moves by kernels that keep p*(theta|data), with all q's and the encoder frozen. For any kernel
KL(p_t K; p* K) <= KL(p_t; p*), reversible or not, and by (34) J_t = min J + sigma <KL(p_t; p*)>:

    J_0 >= J_t >= J_{t+1} >= J_inf,    J_0 = <R + delta D + gamma C>_q(theta),   J_inf = -sigma <log Z>    (37)-(39)

starting from the prior, where S = 0. The decrease needs the frozen q(theta): with q(theta) refitted to each p_t the
objective is J_t - sigma KL(p_t(theta); q(theta)), by (56), and can rise. Starting from the prior is no remedy in
general; the counterexample starts at p_0 ~ exp(-E/sigma).

More generally the divergence of any two laws under one kernel never grows; with a uniform stationary law that is
an entropy that never falls (footnote 14 says "strictly increasing": false for a permutation, whose entropy stays).
Exact worlds give PrimeLogs, each comparison decided; after t steps their integers have O(t) digits. The digits are
estimated first, and what would take minutes is refused: floats (`world.to_float()`) serve at any sigma and any length.

*When floats raise an alarm.* (37) is a theorem, so a rise of the computed J_t is an error only where it is beyond what
rounding can do. Let u = 2^-53, n = |Theta|, and for one data set pi the law whose logarithms are kept, p the rule, K
the kernel as computed, s its row sums, d = log((pi K)/pi), p' = p K. D(p, pi) = sum p log(p/pi) - p + pi is jointly
convex and homogeneous, so

    D(p', pi K) <= max(s) D(p, pi)      and      D(p', pi) = D(p', pi K) + sum_b p'_b d_b - pi_b (exp(d_b) - 1),

which holds for any K >= 0: whether K keeps pi enters by d alone, which is measured. Rounding of p' is (n + 4) u p'_b in
entry b and moves D(p', pi) by at most (n + 4) u sum p' |log(p'/pi)|; log pi and d are off by at most
e_b = (n + 8) u (1 + |log q_b| + |E_b|/sigma + |log Z|), a change of the target that moves the difference of two D's by
sum_b (|p'_b - p_b| + |p'_b - pi_b|) e_b. J = <E> + sigma S itself, at m cells, is off by (8 + log2 m) u times the sum
of its terms' sizes, <|E|> + sigma <|log(p/q)|>. So J_{t+1} - J_t is at most

    sigma <(max(s) - 1)+ D(p, pi) + sum_b (p'_b d_b - pi_b (exp(d_b) - 1)) + sum_b (|p'_b - p_b| + |p'_b - pi_b|) e_b
    + (n + 4) u sum_b p'_b |log(p'_b/pi_b)|>  +  the rounding of J_t and J_{t+1}

(`slack`): it grows with sigma and with the size of the terms, and shrinks near equilibrium. An alarm lies beyond it.
Source: Cover and Thomas, Elements of Information Theory, section 4.4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from therml_exact.functional import Value
from therml_exact.information import kl_divergence
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, read_table, whole
from therml_exact.results import result
from therml_exact.thermo.boltzmann import Equilibrium, check_equilibrium, times
from therml_exact.thermo.log_law import divergence_terms, logs_of
from therml_exact.thermo.markov import advance, check_preserves

Kernel = Callable[[Array], Array] | Array
_ROUNDING = 1e-13
_UNIT = 2.0**-53
_KEPT = 1e-9  # (pi K)/pi - 1 of float kernels, entry by entry
_WORK = 2e11  # cells times steps times the square of the last digits: about half a minute


@result
@dataclass(frozen=True, eq=False, repr=False)
class Relaxation:
    """What a relaxation goes through, at t = 0, 1, ..., steps: PrimeLogs in an exact world, else floats; nats.

    equilibrium     the Equilibrium that the kernel keeps
    rules           the rules p_t(theta|data), each [data..., theta], without unit
    J               the objective J_t of each rule, with all q's frozen
    divergence      <KL(p_t; p*)>, the mean divergence from equilibrium over data sets
    refitted        J_t with q(theta) refitted to p_t(theta) at every step
    slack           how much J_t may rise in each step by rounding alone, nats; 0 where it is exact
    refitted_slack  the rounding of the refitted J_t and J_{t+1}, nats
    limit           J at equilibrium (39), nats
    verdict         whether (37) holds: "falls", "never rises", "rises" or "stays infinite"

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> path = tx.second_law(tx.boltzmann(world, q, sigma=1, gamma=2), tx.markov.metropolis, steps=3)
    >>> print(path.J[0], "->", path.limit, path.verdict)
    5 log 2 - log 3 -> 5 log 2 - log 5 falls
    """

    equilibrium: Equilibrium
    rules: tuple[Array, ...] = field(repr=False)
    J: tuple[Value, ...]
    divergence: tuple[Value, ...]
    refitted: tuple[Value, ...]  # J_t with q(theta) refitted to p_t(theta) at every step
    slack: tuple[float, ...]  # how much J_t may rise in each step by rounding alone; 0 where it is exact
    refitted_slack: tuple[float, ...]  # the rounding of the refitted J_t and J_{t+1}

    @property
    def limit(self) -> Value:
        """J at equilibrium, -sigma <log Z> (39)."""
        return self.equilibrium.value

    @property
    def verdict(self) -> str:
        """Whether (37) holds: "falls" at every step, "never rises" (some steps keep J), "rises", "stays infinite"."""
        return trend(self.J, self.slack)

    @property
    def refitted_verdict(self) -> str:
        """The same of the objective whose q(theta) is refitted."""
        return trend(self.refitted, self.refitted_slack)

    def __str__(self) -> str:
        shown = [f"{float(j):.6g}" for j in self.J]
        middle = [*shown[:4], "...", shown[-1]] if len(shown) > 6 else shown
        return (
            f"J_t = {', '.join(middle)} -> {float(self.limit):.6g} (nats): {self.verdict}; "
            f"with q(theta) refitted: {self.refitted_verdict}"
        )


def second_law(equilibrium: Equilibrium, kernel: Kernel, steps: int, start: Any = None) -> Relaxation:
    """The objective along a relaxation by a kernel that keeps the equilibrium: it never rises (37)-(39).

    equilibrium: an Equilibrium, whose q's are frozen. kernel: a function of the rule (`tx.markov.metropolis` and its
    kin), or a table [data..., theta, theta'] without unit. steps: the number of steps.
    start: the first rule [data..., theta]; by default the prior q(theta) for every data set.
    Returns a Relaxation in nats. Raises ValueError for a kernel that does not keep p*(theta|data), and for an exact
    relaxation whose numbers would have too many digits.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> print(tx.second_law(tx.boltzmann(world, q, sigma=1, gamma=2), tx.markov.metropolis, steps=3))
    J_t = 2.36712, 1.98116, 1.8851, 1.86254 -> 1.8563 (nats): falls; with q(theta) refitted: falls
    """
    check_equilibrium(equilibrium)
    steps = whole("steps", steps)
    first = equilibrium.variational.theta if start is None else read_table(start, "start")
    first = np.broadcast_to(first, equilibrium.rule.shape) if start is None else first
    equilibrium, world = equilibrium.alike(first)
    target = equilibrium.law
    table = np.asarray(kernel(target) if callable(kernel) else kernel)
    if table.ndim < 2:
        raise TypeError(f"kernel is a {type(kernel).__name__}; give a function of the rule, or a table of kernels")
    check_preserves(table, target)
    rule = world.rule
    rules = [rule]
    drift = np.zeros(0)
    if equilibrium.is_exact:
        _check_work(table, rule, steps)
    else:
        drift = _drift(table, target)
    for _ in range(steps):
        rule = advance(rule, table)
        if rule.dtype != object:
            rule = rule / rule.sum(axis=-1, keepdims=True)
        rules.append(rule)
    values = tuple(equilibrium.objective(r) for r in rules)
    divergence = tuple(equilibrium.divergence(r) for r in rules)
    refitted = tuple(_refit(equilibrium, r, j) for r, j in zip(rules, values, strict=True))
    slack = refitted_slack = (0.0,) * steps
    if not equilibrium.is_exact:
        rounding = [_rounding(equilibrium, r) for r in rules]
        sums = float(max(0.0, (table.sum(axis=-1) - 1).max()))
        pairs = list(itertools.pairwise(rules))
        slack = tuple(
            a + b + float(equilibrium.sigma) * (sums * d + _step_error(equilibrium, drift, p, after))
            for (a, b), d, (p, after) in zip(itertools.pairwise(rounding), divergence, pairs, strict=False)
        )
        # With q(theta) = p_t(theta) no theorem is at stake: what is computed is compared within its own rounding.
        refitted_slack = tuple(2 * (a + b) for a, b in itertools.pairwise(rounding))
    return Relaxation(equilibrium, tuple(rules), values, divergence, refitted, slack, refitted_slack)


def _check_work(kernel: Array, rule: Array, steps: int) -> None:
    """Refuse an exact relaxation that would take minutes: a step lengthens the rule's numbers by the kernel's."""
    digits = max(value.denominator.bit_length() for value in kernel.reshape(-1)) * math.log10(2) * steps
    if rule.size * steps * digits**2 > _WORK:
        raise ValueError(
            f"exact numbers would have some {int(digits):,} digits after {steps} steps, {rule.size:,} of them at each; "
            "take fewer steps, or floats: world.to_float() (therml relax --floats)"
        )


def _drift(kernel: Array, target: Array) -> Array:
    """log((pi K)/pi), by logarithms; refuses a kernel that pushes an entry beyond what rounding does, however small."""
    logs = logs_of(target)
    with np.errstate(divide="ignore", invalid="ignore"):
        # What flows from parameter to parameter, relative to the law at the end; -inf - -inf is no flow.
        flow = np.where(kernel > 0, logs[..., :, None] + np.log(kernel) - logs[..., None, :], -np.inf)
        top = np.nan_to_num(flow.max(axis=-2), nan=-np.inf)
        drift = np.log(np.exp(flow - np.where(np.isfinite(top), top, 0.0)[..., None, :]).sum(axis=-2)) + top
    drift = np.where(np.isnan(drift) | (top == -np.inf), -np.inf, drift)
    drift = np.where((logs == -np.inf) & (target == 0) & (drift == -np.inf), 0.0, drift)
    if drift.max() > _KEPT:
        where = [int(i) for i in np.unravel_index(int(np.argmax(drift)), drift.shape)]
        raise ValueError(
            f"the kernel does not keep the law: at {where} it multiplies exp({logs[tuple(where)]:.6g}) by "
            f"exp({drift.max():.3g}); give a function of the rule, which sees ratios that floats do not hold"
        )
    return np.asarray(drift)


def _step_error(equilibrium: Equilibrium, drift: Array, p: Array, after: Array) -> float:
    """How much D may rise in a step from p to `after`, by what K and rounding change: the bracket of the docstring."""
    target, size = equilibrium.law, p.shape[-1]
    pi, logs = np.asarray(target), logs_of(target)
    log_q = np.broadcast_to(logs_of(equilibrium.variational.theta), p.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = logs - log_q  # -E/sigma - log Z
        known = np.where(np.isfinite(log_q), abs(log_q), 0.0) + np.where(np.isfinite(shift), abs(shift), 0.0)
        target_error = (size + 8) * _UNIT * (1 + known)
        pushed = np.where(after > 0, after * drift, 0.0) - pi * np.expm1(drift)
        own = np.where(after > 0, after * abs(np.log(after) - logs), 0.0)
    terms = pushed + (abs(after - p) + abs(after - pi)) * target_error + (size + 4) * _UNIT * own
    by_data = np.maximum(terms.sum(axis=-1), 0.0)
    data = equilibrium.data
    return float((data * np.where(data > 0, by_data, 0.0)).sum())


def _rounding(equilibrium: Equilibrium, rule: Array) -> float:
    """Of J at a rule: (8 + log2 cells) u times the sizes of its terms."""
    sigma, data = float(equilibrium.sigma), equilibrium.data[..., None]
    log_q = np.broadcast_to(logs_of(equilibrium.variational.theta), rule.shape)
    used = (rule > 0) & (data > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = abs(equilibrium.log_weight) + abs(np.log(rule) - log_q)
    total = float(np.where(used, data * rule * np.where(used, sizes, 0.0), 0.0).sum())
    spread = float((data * abs(rule - np.exp(log_q))).sum())
    return (8 + math.log2(rule.size)) * _UNIT * sigma * (total + spread)


def _refit(equilibrium: Equilibrium, rule: Array, value: Value) -> Value:
    """J with q(theta) = p_t(theta): less by sigma KL(p_t(theta); q(theta)) (56)."""
    marginal = (equilibrium.data[..., None] * rule).reshape(-1, rule.shape[-1]).sum(axis=0)
    if marginal.dtype == object:
        return value - times(equilibrium.sigma, kl_divergence(marginal, equilibrium.variational.theta))
    gain = divergence_terms(marginal / marginal.sum(), logs_of(equilibrium.variational.theta)).sum()
    return value - float(equilibrium.sigma) * float(gain)


def divergences(kernel: Array, p: Any, q: Any, steps: int) -> tuple[Value, ...]:
    """KL(p_t; q_t) of two laws that evolve under one kernel: never grows."""
    found = [kl_divergence(p, q)]
    p, q = (np.asarray(law) for law in (p, q))
    for _ in range(whole("steps", steps)):
        p, q = advance(p, kernel), advance(q, kernel)
        found.append(kl_divergence(p, q))
    return tuple(found)


def trend(values: Sequence[Value], slack: Sequence[float] | None = None) -> str:
    """Whether a sequence "falls" at every step, "never rises", or "rises" at some step by more than its slack.

    Exact values are decided. `slack` is what rounding may add in each step, by default 1e-13 of the largest finite
    value. Two infinite neighbours compare as nothing, and one that is no number neither: then "stays infinite" is said.
    """
    if slack is None:
        exact = all(isinstance(v, PrimeLog) for v in values)
        finite = [abs(float(v)) for v in values if math.isfinite(float(v))]
        slack = [0.0 if exact else _ROUNDING * (1 + max(finite, default=0.0))] * (len(values) - 1)
    pairs = list(zip(itertools.pairwise(values), slack, strict=True))
    if any(b > a and (by == 0 or b - a > by) for (a, b), by in pairs):
        return "rises"
    if any(not (math.isfinite(float(a)) or math.isfinite(float(b))) or math.isnan(float(a - b)) for (a, b), _ in pairs):
        return "stays infinite"
    return "falls" if all(a > b for (a, b), _ in pairs) else "never rises"
