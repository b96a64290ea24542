"""Audits: are the numbers right, and how far are they from the best that is possible? (nats)

    point(problem, R=, C=, ...)      a claimed point: impossible by how much, or feasible and suboptimal by [low, high]
    model(world, tables, reported=)  the exact functionals of a model's own tables beside what its training loop said
    estimator(fn, joint, n, ...)     bias and variance of an estimator from samples, and whether its claimed bound holds

An estimator that claims E[estimate] <= I is `broken` if its mean lies above I by more than SIGMAS standard errors of
the mean (with a Student-like allowance left out: take many trials), `holds` if it lies below by as much, else
`undecided`: sampling decides nothing beyond that. A single estimate above I breaks no bound on the mean.

Errors: ValueError for claims and tables that do not fit, naming them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from therml_exact.doors import PROBLEM, wrong_type
from therml_exact.frontier.curve.claim import Classification, locate
from therml_exact.frontier.curve.crew import counter
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.information import entropy, multi_information, mutual_information
from therml_exact.joint import Joint
from therml_exact.model_audit import ModelAudit, ModelRow, model
from therml_exact.numbers.tables import whole
from therml_exact.results import result

__all__ = ["EstimatorAudit", "ModelAudit", "ModelRow", "estimator", "model", "point"]

Array = np.ndarray[Any, Any]
SIGMAS = 5.0


def point(
    problem: Problem | Joint,
    R: float | None = None,
    C: float | None = None,
    D: float | None = None,
    S: float | None = None,
    U: float | None = None,
    tol: float = 1e-9,
    time_limit: float = 60.0,
    refining: int | None = None,
    progress: bool = True,
) -> Classification:
    """Where a claimed point lies: impossible by how much, or feasible and suboptimal by how much.

    problem: an EncoderProblem, BayesProblem or DiscriminativeProblem; a Joint p(x, y) stands for its EncoderProblem.
    R, C, D, S, U: the claimed coordinates in nats, those of the problem's plane; what is left out is free. tol: the
    gap, in nats, at which a search for the evidence ends.
    time_limit: seconds of the whole call. refining: how many cells a search may make once the verdict is known; by
    default as many as before. Closed forms and data processing come first, and often decide; with a small number the
    call then ends soon, with a wider `distance`. progress: whether a line on standard error, if that is a terminal,
    tells how far the search is.
    Returns a Classification: its `verdict`, by how much, in nats, and the evidence, which `tx.verify` rechecks.
    Raises ValueError for a coordinate that the problem does not have, or that is no number.

    >>> import therml_exact as tx
    >>> problem = tx.EncoderProblem(tx.examples.binary_symmetric())
    >>> print(tx.audit.point(problem, R=0.1, C=0.2).verdict, tx.audit.point(problem, R=0.1, C=0.7).verdict)
    impossible feasible
    """
    if isinstance(problem, Joint):
        problem = EncoderProblem(problem)
    if not hasattr(problem, "functionals"):
        raise wrong_type(problem, "problem", PROBLEM)
    claim = {"R": R, "C": C, "D": D, "S": S, "U": U}
    with counter(progress, "audit") as show:
        return locate(problem, claim, tol=tol, time_limit=time_limit, refining=refining, show=show)


@result
@dataclass(frozen=True, eq=False, repr=False)
class EstimatorAudit:
    """An estimator against the exact value. All values are in nats, the variance in nats^2.

    exact           the value that is estimated
    mean            the mean of the estimates
    bias            mean - exact
    variance        the variance of a single estimate, unbiased
    standard_error  the standard error of the mean
    rmse            the root of the mean squared error
    n               the number of samples in each trial
    trials          the number of trials
    claim           the bound on the mean that the estimator claims: "lower", "upper" or None
    verdict         "holds", "broken" or "undecided"; None without a claim
    estimates       the estimates, [trial]

    >>> import numpy as np
    >>> import therml_exact as tx
    >>> def plug_in(x):
    ...     p = np.bincount(x) / len(x)
    ...     return -sum(float(v * np.log(v)) for v in p if v)
    >>> audit = tx.audit.estimator(plug_in, tx.Joint(["1/2", "1/2"], ("X",)), n=5, trials=500, claim="lower")
    >>> round(audit.exact, 6), audit.bias < 0, audit.estimates.shape
    (0.693147, True, (500,))
    """

    exact: float
    mean: float
    bias: float
    variance: float
    standard_error: float
    rmse: float
    n: int
    trials: int
    claim: Literal["lower", "upper"] | None
    verdict: Literal["holds", "broken", "undecided"] | None
    estimates: Array

    def __str__(self) -> str:
        text = (
            f"exact {self.exact:.6g} nats, mean {self.mean:.6g}, bias {self.bias:+.3g} ± {self.standard_error:.2g} "
            f"(one standard error), standard deviation {math.sqrt(self.variance):.3g}, "
            f"{self.trials} trials of n = {self.n}"
        )
        return text if self.claim is None else f"{text}; the claimed {self.claim} bound: {self.verdict}"


def draw(p: Array, n: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Return n samples of a float table p, one array of letters 0, 1, ... for each axis.

    >>> [column.tolist() for column in draw(np.array([[0.0, 1.0]]), 2, np.random.default_rng(0))]
    [[0, 0], [1, 1]]
    """
    flat = rng.choice(p.size, size=n, p=p.reshape(-1) / p.sum())
    return np.unravel_index(flat, p.shape)


def estimator(
    fn: Callable[..., float],
    joint: Joint,
    n: int,
    trials: int = 200,
    rng: np.random.Generator | int = 0,
    claim: Literal["lower", "upper"] | None = None,
    target: Callable[[Joint], Any] | float | None = None,
) -> EstimatorAudit:
    """The bias and variance of an estimator from samples, and what becomes of the bound that it claims.

    fn: takes one array of letters (0, 1, ...) for each axis, fn(x, y), or one table samples[n, axis] if it takes a
    single argument, and returns nats. joint: the Joint that is sampled. n: the number of samples. trials: the number of
    data sets.
    rng: a seed or a NumPy Generator. claim: "lower" or "upper" if the mean of fn is claimed to be such a bound.
    target: what fn estimates, a number or a function of the joint; by default the entropy of one axis, the mutual
    information of two, the multi-information of more; nats.
    Returns an EstimatorAudit. A claim is broken, or holds, where the mean is off by more than five standard errors.
    Raises TypeError for what is no Joint or no function; ValueError for a bad claim, and for estimates that are no
    number.

    >>> import numpy as np
    >>> import therml_exact as tx
    >>> def plug_in(x):
    ...     p = np.bincount(x) / len(x)
    ...     return -sum(float(v * np.log(v)) for v in p if v)
    >>> audit = tx.audit.estimator(plug_in, tx.Joint(["1/2", "1/2"], ("X",)), n=5, trials=500, claim="lower")
    >>> audit.verdict, tx.audit.estimator(plug_in, tx.Joint([1], ("X",)), n=5, trials=10).bias
    ('holds', 0.0)
    """
    if not isinstance(joint, Joint):
        raise TypeError(f"joint is a {type(joint).__name__}; give a Joint")
    n, trials = whole("n", n), whole("trials", trials, 2)
    if claim not in (None, "lower", "upper"):
        raise ValueError(f'claim is {claim!r}; it is "lower", "upper" or None')
    if target is None:
        axes = joint.axes
        exact = float(
            entropy(joint, axes[0])
            if len(axes) == 1
            else mutual_information(joint, axes[0], axes[1])
            if len(axes) == 2
            else multi_information(joint)
        )
    else:
        exact = float(target(joint) if callable(target) else target)
    if not math.isfinite(exact):
        raise ValueError(f"target is {exact}; it is a finite number of nats")
    if not callable(fn):
        raise TypeError(f"fn is a {type(fn).__name__}; give a function of samples")
    generator = np.random.default_rng(rng)
    p = joint.to_float().table
    together = _single(fn) and p.ndim > 1
    estimates = np.empty(trials)
    for k in range(trials):
        columns = draw(p, n, generator)
        answer = fn(np.stack(columns, axis=1)) if together else fn(*columns)
        try:
            estimates[k] = float(answer)
        except (TypeError, ValueError):
            raise ValueError(f"fn returned a {type(answer).__name__} on trial {k}; an estimate is one number") from None
        if not math.isfinite(estimates[k]):
            raise ValueError(f"fn returned {estimates[k]} on trial {k}; an estimate is a finite number of nats")
    mean = math.fsum(estimates) / trials
    variance = math.fsum((estimates - mean) ** 2) / (trials - 1)
    error = math.sqrt(variance / trials)
    verdict: Literal["holds", "broken", "undecided"] | None = None
    if claim is not None:
        above = (mean - exact) * (1 if claim == "lower" else -1)
        verdict = "broken" if above > SIGMAS * error + 1e-12 else "holds" if above < -SIGMAS * error else "undecided"
    rmse = math.sqrt(math.fsum((estimates - exact) ** 2) / trials)
    return EstimatorAudit(exact, mean, mean - exact, variance, error, rmse, n, trials, claim, verdict, estimates)


def _single(fn: Callable[..., Any]) -> bool:
    """Whether fn takes one positional argument only."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    return not any(p.kind is p.VAR_POSITIONAL for p in parameters) and (len(required) == 1 or len(positional) == 1)
