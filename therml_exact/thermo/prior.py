"""The best prior (26), exactly, and as one data set lets it be estimated by bootstrap and jackknife (nats).

For a rule p(theta|d) the q(theta) of least S is the marginal p(theta) = <p(theta|d)>, and any other costs
KL(p(theta); q(theta)) more (56). With the rule at its equilibrium too it is the likelihood of a mixture, convex in q:

    min J = -sigma <log Z>,  Z = sum_theta q(theta) L_theta(d),  L = exp(-E/sigma),
    alpha_theta = <L_theta(d)/Z(d)>,     min J >= J(q) - sigma log max_theta alpha_theta

Alternating rule and marginal (q' = q alpha) is its EM, with steps proportional to 1/sigma: 100,000 at sigma = 1,000.
`fit_prior` takes the constrained Newton steps of the mixture core instead (kernels/mixing.py). With A = L/Z - 1, whose
mean over q is 0, the gradient of -<log Z> is -<A> and its Hessian <A A^T>; both are summed from exp(l) - 1, so that
they keep their digits where all L are nearly 1 (sigma large). The step is the least of the quadratic model on x >= 0,
the gradient scaled to 1; 1/2 (sum x - 1)^2, which the exact minimum leaves at 0, holds the sum.

Whoever has one data set d of N samples estimates the mean over data sets from it:

    bootstrap   the mean of p(theta|d*) over data sets d* of N draws with replacement from d, here all N^N of them
    jackknife   the mean of p(theta|d without i) over i = 1, ..., N, with a rule for N - 1 samples

both exact sums, rational for rational rules. What such a prior costs on fresh data sets of the process is
KL(p(theta); q(theta)). One data set has seen one phi only, so that its resamples miss the mean over phi: on a coin of
two kinds both cost less than the data set's own posterior as the prior, but more than a uniform prior
(validation/resampled_priors.py).
Shapes: rule[x1, y1, ..., xN, yN, theta] (BayesWorld: [x1, ..., xN, theta]); samples are letters of that table.
Source: the paper, section 3.1 and Appendix B; Efron, The Jackknife, the Bootstrap (1982).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.functional import Value
from therml_exact.information import kl_divergence
from therml_exact.numbers.tables import Array, check_rows, read_table, to_fractions, whole
from therml_exact.results import result
from therml_exact.thermo.boltzmann import Equilibrium, check_equilibrium, with_prior
from therml_exact.thermo.log_law import log_mean
from therml_exact.worlds import World

_DRAWS = 10**7


@result
@dataclass(frozen=True, eq=False, repr=False)
class FittedPrior:
    """The best prior for given encoder, decoders and sigma, with a two-sided answer: value >= min J >= lower_bound.

    prior        q(theta) as floats [theta], without unit
    equilibrium  the Equilibrium of the same costs with this prior
    value        J of this prior and its equilibrium, nats
    lower_bound  a lower bound of the least J over all priors and rules, nats
    steps        the number of Newton steps taken
    """

    prior: Array
    equilibrium: Equilibrium
    value: float
    lower_bound: float
    steps: int

    @property
    def gap(self) -> float:
        """Value less lower bound."""
        return max(0.0, self.value - self.lower_bound)

    def __str__(self) -> str:
        shown = ", ".join(f"{p:.6g}" for p in self.prior)
        return f"q(theta) = ({shown}): J in [{self.lower_bound:.12g}, {self.value:.12g}] nats after {self.steps} steps"


def fit_prior(equilibrium: Equilibrium, tol: float = 1e-10, steps: int = 1_000) -> FittedPrior:
    """The prior q(theta) of least J for the costs of an equilibrium (26), by constrained Newton steps.

    equilibrium: an Equilibrium whose prior is positive everywhere. tol: nats; steps end when the gap is within it.
    steps: the largest number of steps.
    Returns a FittedPrior, in floats. A gap that rounding does not let close is left, and told by `gap`.
    Raises TypeError for what is no equilibrium; ValueError for a bad tol, and for a prior with a 0, which cannot leave
    it.

    >>> import therml_exact as tx
    >>> q = tx.Variational(theta=["1/4", "3/4"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> fitted = tx.fit_prior(tx.boltzmann(tx.examples.fair_label(), q, sigma=1, gamma=2))
    >>> fitted.prior.round(6).tolist(), round(fitted.value, 6), fitted.gap < 1e-10
    ([0.5, 0.5], 1.856298, True)
    """
    check_equilibrium(equilibrium)
    if isinstance(tol, bool) or not isinstance(tol, (int, float)) or not 0 <= tol < math.inf:
        raise ValueError(f"tol is {tol!r}; it is a finite number >= 0 (nats)")
    steps = whole("steps", steps, 0)
    sigma = float(equilibrium.sigma)
    size = equilibrium.rule.shape[-1]
    logs = equilibrium.log_weight.reshape(-1, size)
    data = equilibrium.data.astype(np.float64).reshape(-1)
    logs, data = logs[data > 0], data[data > 0]
    q = equilibrium.variational.theta.astype(np.float64)
    if not (q > 0).all():
        raise ValueError(
            f"q(theta) is 0 at theta = {int(np.argmin(q))}, a parameter that is excluded and cannot leave 0: start "
            "positive, or take it out of the world"
        )
    mixture = _Mixture(logs, data)
    step, gap = 0, mixture.gap(q)
    while step < steps and sigma * gap > tol:
        moved = mixture.newton(q)
        nearer = mixture.gap(moved)
        if np.array_equal(moved, q):
            break  # rounding: no step lowers the value
        q, gap, step = moved, nearer, step + 1
    value = sigma * mixture.value(q)
    return FittedPrior(q, with_prior(equilibrium, q), value, value - sigma * gap, step)


class _Mixture:
    """-<log Z> of a mixture with terms L = exp(logs[d, theta]) and weights data[d]; no units."""

    def __init__(self, logs: Array, data: Array) -> None:
        self.data = data
        self.top = logs.max(axis=1)
        self.logs = logs - self.top[:, None]
        self.like, self.less = np.exp(self.logs), np.expm1(self.logs)  # L and L - 1, relative to the largest L

    def value(self, q: Array) -> float:
        """-<log Z>."""
        return -float(self.data @ (log_mean(q, self.logs) + self.top))

    def relative(self, q: Array) -> Array:
        """L/Z - 1, [d, theta]."""
        below = self.less @ q
        z = np.where(below > -0.5, 1 + below, self.like @ q)[:, None]
        return np.asarray(np.where(z > 0.5, self.less - below[:, None], self.like - z) / z)

    def gap(self, q: Array) -> float:
        """The logarithm of max alpha, an upper bound of the distance to the minimum."""
        return math.log1p(max(0.0, float((self.data @ self.relative(q)).max())))

    def newton(self, q: Array) -> Array:
        """One constrained Newton step with backtracking; q itself where none lowers the value."""
        from therml_exact.kernels.mixture.mixing import nonnegative

        apart = self.relative(q)
        slope = self.data @ apart
        scale = float(abs(slope).max())
        if not scale > 0:
            return q
        hessian = (apart.T * self.data) @ apart / scale
        x = q.copy()
        nonnegative(hessian + 1.0, slope / scale + hessian @ q + 1.0, x, 3 * len(q) + 20)
        move = x / x.sum() - q
        gain = float(slope @ move)
        length = 1.0
        while gain > 0 and length > 1e-12:
            trial = np.maximum(q + length * move, 0.0)
            trial /= trial.sum()
            if self.fall(q, trial) >= 0.1 * length * gain:
                return np.asarray(trial)
            length /= 2
        return q

    def fall(self, q: Array, trial: Array) -> float:
        """How much lower the value is at `trial`: <log Z'/Z>, with the digits of the change."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.data @ np.log1p(self.relative(q) @ (trial - q)))


def exact_prior(world: World) -> Array:
    """p(theta), the best prior of a world's rule (26)."""
    return world.marginal("Theta").table


def bootstrap_prior(rule: Any, samples: Sequence[Any]) -> Array:
    """The bootstrap estimate of the best prior: the rule's mean over all N^N data sets drawn with replacement from one.

    rule: p(theta|data) as [x1, y1, ..., xN, yN, theta], or [x1, ..., xN, theta] of a BayesWorld.
    samples: the letters of the data set, [(x1, y1), ...] or [x1, ...].
    Returns q(theta) as [theta], without unit, exact for an exact rule. Raises ValueError for samples that do not fit
    the rule, and for too many resampled data sets.

    >>> import therml_exact as tx
    >>> rule = [[[1, 0], ["1/2", "1/2"]], [["1/2", "1/2"], [0, 1]]]
    >>> [str(q) for q in tx.bootstrap_prior(rule, [0, 1])], [str(q) for q in tx.bootstrap_prior(rule, [0, 0])]
    (['1/2', '1/2'], ['1', '0'])
    """
    table, letters = _read(rule, samples, 0)
    distinct = Counter(letters)  # equal samples are drawn as one letter, with the product of their numbers as weight
    n = len(letters)
    if len(distinct) ** min(n, 64) > _DRAWS:
        raise ValueError(
            f"{n} samples of {len(distinct)} kinds have {len(distinct)}^{n} resampled data sets; the exact bootstrap "
            f"sums up to {_DRAWS:,} of them"
        )
    chosen = itertools.product(distinct, repeat=n)
    return _mean(table, ((draw, math.prod(distinct[sample] for sample in draw)) for draw in chosen))


def jackknife_prior(rule: Any, samples: Sequence[Any]) -> Array:
    """The jackknife estimate of the best prior: the mean of a rule for N - 1 samples over the data without the i-th.

    rule: p(theta|data) of N - 1 samples as [x1, y1, ..., theta], or [x1, ..., theta] of a BayesWorld.
    samples: the letters of the N >= 2 samples, [(x1, y1), ...] or [x1, ...].
    Returns q(theta) as [theta], without unit, exact for an exact rule. Raises ValueError for samples that do not fit.

    >>> import therml_exact as tx
    >>> [str(q) for q in tx.jackknife_prior([["3/4", "1/4"], ["1/4", "3/4"]], [0, 0, 1])]
    Traceback (most recent call last):
    ValueError: rule has 1 axes of data; for 3 samples give the rule of 2
    >>> [str(q) for q in tx.jackknife_prior([["3/4", "1/4"], ["1/4", "3/4"]], [0, 1])]
    ['1/2', '1/2']
    """
    table, letters = _read(rule, samples, 1)
    return _mean(table, ((letters[:i] + letters[i + 1 :], 1) for i in range(len(letters))))


def _mean(table: Array, weighted: Iterable[tuple[Sequence[tuple[int, ...]], int]]) -> Array:
    total, size = np.asarray(0 * table[(0,) * (table.ndim - 1)]), 0
    for samples, weight in weighted:
        total = total + weight * table[tuple(itertools.chain.from_iterable(samples))]
        size += weight
    return np.asarray(total / (Fraction(size) if table.dtype == object else size))


def prior_excess(world: World, prior: Any) -> Value:
    """What a prior costs in S beyond the best one: KL(p(theta); q(theta)) (56)."""
    return kl_divergence(exact_prior(world), prior)


def _read(rule: Any, samples: Sequence[Any], left_out: int) -> tuple[Array, list[tuple[int, ...]]]:
    """The rule's table, and the samples as tuples of letters that index it."""
    table = read_table(rule, "rule")
    check_rows(table, "rule")
    if isinstance(samples, str) or not isinstance(samples, (Sequence, np.ndarray)):
        raise TypeError(f"samples is a {type(samples).__name__}; give a list [(x1, y1), ...] or [x1, ...]")
    letters = [tuple(s) if isinstance(s, Sequence) else (s,) for s in samples]
    kept = len(letters) - left_out
    if kept < 1 or any(len(sample) * kept != table.ndim - 1 for sample in letters):
        raise ValueError(f"rule has {table.ndim - 1} axes of data; for {len(letters)} samples give the rule of {kept}")
    for i, sample in enumerate(letters):
        for letter, size in zip(sample, table.shape, strict=False):
            if isinstance(letter, bool) or not isinstance(letter, (int, np.integer)) or not 0 <= letter < size:
                raise ValueError(f"samples[{i}] is {sample}; its letters are numbers from 0 to {size - 1}")
    return (to_fractions(table) if table.dtype == object else table), letters
