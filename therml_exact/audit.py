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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from therml_exact.frontier.curve.claim import Classification, locate
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.functional import functionals
from therml_exact.information import entropy, multi_information, mutual_information
from therml_exact.joint import Joint
from therml_exact.numbers.tables import check_rows, read_table, whole
from therml_exact.results import result
from therml_exact.variational import Variational
from therml_exact.worlds import World, WorldP

__all__ = ["EstimatorAudit", "ModelAudit", "ModelRow", "estimator", "model", "point"]

Array = np.ndarray[Any, Any]
SIGMAS = 5.0
FLOAT32 = 1e-5  # rows of single-precision softmaxes are off by less


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
) -> Classification:
    """Where a claimed point lies: impossible by how much, or feasible and suboptimal by how much.

    problem: an EncoderProblem, BayesProblem or DiscriminativeProblem; a Joint p(x, y) stands for its EncoderProblem.
    R, C, D, S, U: the claimed coordinates in nats, those of the problem's plane; what is left out is free. tol: the
    gap, in nats, at which a search for the evidence ends.
    time_limit: seconds of the whole call. refining: how many cells a search may make once the verdict is known; by
    default as many as before. Closed forms and data processing come first, and often decide; with a small number the
    call then ends soon, with a wider `distance`.
    Returns a Classification: its `verdict`, by how much, in nats, and the evidence, which `tx.verify` rechecks.
    Raises ValueError for a coordinate that the problem does not have, or that is no number.

    >>> import therml_exact as tx
    >>> problem = tx.EncoderProblem(tx.examples.binary_symmetric())
    >>> print(tx.audit.point(problem, R=0.1, C=0.2).verdict, tx.audit.point(problem, R=0.1, C=0.7).verdict)
    impossible feasible
    """
    if isinstance(problem, Joint):
        problem = EncoderProblem(problem)
    return locate(problem, {"R": R, "C": C, "D": D, "S": S, "U": U}, tol=tol, time_limit=time_limit, refining=refining)


@dataclass(frozen=True)
class ModelRow:
    """One functional of a model, exact and as it was reported.

    name        the functional: R, C, D, S, V or U
    exact       its exact value, nats
    reported    what was reported, nats; None where nothing was
    difference  reported - exact, nats; None where nothing was reported
    note        what the difference looks like, such as "looks like bits"; empty where there is none

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> tables = {"theta": ["1/2", "1/2"], "x_given_theta": [["3/4", "1/4"], ["1/4", "3/4"]]}
    >>> row = tx.audit.model(world, tables, reported={"S": 1.0}).rows[0]
    >>> row.name, round(row.exact, 6), row.reported, row.note
    ('S', 0.693147, 1.0, 'looks like bits')
    """

    name: str
    exact: float
    reported: float | None
    difference: float | None
    note: str


@result
@dataclass(frozen=True, eq=False, repr=False)
class ModelAudit:
    """What the audit of a model found.

    rows      a ModelRow for each functional that the tables define
    rescaled  by how much the rows of tables of floats missed 1, by the table's name; those were rescaled. No unit
    location  where the model lies in the plane of (R, C, D), per sample, as a Classification; None where that is not
              known

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> tables = {"theta": ["1/2", "1/2"], "x_given_theta": [["3/4", "1/4"], ["1/4", "3/4"]]}
    >>> audit = tx.audit.model(world, tables, reported={"S": 1.0})
    >>> len(audit.rows), audit.rescaled, audit.location
    (2, {}, None)
    """

    rows: tuple[ModelRow, ...]
    rescaled: dict[str, float]
    location: Classification | None

    def __str__(self) -> str:
        lines = []
        for r in self.rows:
            told = "not reported" if r.difference is None else f"reported {r.reported:.9g}, off by {r.difference:+.3g}"
            lines.append(f"{r.name} = {r.exact:.9g} nats, {told}" + (f" ({r.note})" if r.note else ""))
        lines += [f"rows of {name} were rescaled by up to {by:.2g}" for name, by in self.rescaled.items()]
        if self.location is not None:
            lines.append(f"a sample: {self.location}")
        return "\n".join(lines)


def model(
    world: World | Joint, tables: Variational | Mapping[str, Any], reported: Mapping[str, float] | None = None
) -> ModelAudit:
    """The exact functionals R, C, D, S, ... (10)-(13) of a model's own tables, beside those that were reported.

    world: a World with the model's own encoder and learning rule; or a Joint p(x, y), whose encoder is then
    tables["z_given_x"][x, z]. tables: the q's by name (theta, z, x_given_z, y_given_z, ...), or a Variational; whatever
    NumPy can read. reported: the reported values by name, in nats.
    Rows of floats that are off by no more than single precision are rescaled, and `rescaled` says by how much.
    Returns a ModelAudit in nats; for a WorldP it also has the model's distance to the true frontier.
    Raises TypeError for a world of another type; ValueError for tables and reports that do not fit, naming them.

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> tables = {"theta": ["1/2", "1/2"], "x_given_theta": [["3/4", "1/4"], ["1/4", "3/4"]]}
    >>> print(tx.audit.model(world, tables, reported={"S": 1.0, "U": 0.3}))
    S = 0.693147181 nats, reported 1, off by +0.307 (looks like bits)
    U = 0.287682072 nats, reported 0.3, off by +0.0123 (differs)
    """
    if not isinstance(world, (World, Joint)):
        raise TypeError(f"world is a {type(world).__name__}; give a World, or a Joint p(x, y)")
    given = dict(tables.given()) if isinstance(tables, Variational) else dict(tables)
    rescaled: dict[str, float] = {}
    if isinstance(world, Joint):
        if "z_given_x" not in given:
            raise ValueError('tables has no "z_given_x": a Joint needs the model\'s encoder z_given_x[x, z]')
        encoder = read_table(_rows("z_given_x", given.pop("z_given_x"), rescaled), "z_given_x")
        check_rows(encoder, "z_given_x")
        if encoder.ndim != 2 or len(encoder) != world.shape[0]:
            raise ValueError(f"z_given_x has shape {encoder.shape}; it is [x, z] with {world.shape[0]} letters of x")
        world = _world(world, encoder)
    foreign = [name for name in given if name not in {f.name for f in fields(Variational) if f.init}]
    if foreign:
        known = [f.name for f in fields(Variational) if f.init]
        raise ValueError(f"tables has {foreign[0]!r}; the q's are {', '.join(known)}")
    q = Variational(**{name: _rows(name, table, rescaled) for name, table in given.items()})
    if q.given() and q.is_exact != world.is_exact and not q.whole:
        world, q = world.to_float(), q.to_float()
    exact = functionals(world, q)
    values = {name: float(getattr(exact, name)) for name in "RCDSVU" if getattr(exact, name) is not None}
    claims = {} if reported is None else {name: float(value) for name, value in reported.items()}
    for name, value in claims.items():
        if math.isnan(value):
            raise ValueError(f"reported[{name!r}] is nan; report a number of nats, or leave it out")
    foreign = [name for name in claims if name not in values]
    if foreign:
        raise ValueError(
            f"reported has {foreign[0]!r}, which these tables do not define; they give {', '.join(values) or 'nothing'}"
        )
    rows = []
    for name, value in values.items():
        claim = claims.get(name)
        note = "" if claim is None else _note(value, claim, world.n)
        rows.append(ModelRow(name, value, claim, None if claim is None else claim - value, note))
    location = None
    here = {name: values[name] / world.n for name in "RCD" if name in values and math.isfinite(values[name])}
    if isinstance(world, WorldP) and here:
        location = locate(_problem(world), here)
    return ModelAudit(tuple(rows), rescaled, location)


def _rows(name: str, table: Any, rescaled: dict[str, float]) -> Any:
    """The table as NumPy reads it; rows of floats that miss 1 by single precision are divided by their sums."""
    for step in ("detach", "cpu", "numpy"):  # tensors of torch, and whatever calls itself alike
        if not isinstance(table, np.ndarray) and hasattr(table, step):
            table = getattr(table, step)()
    array = np.asarray(table)
    if array.dtype.kind != "f":
        return table
    array = array.astype(np.float64)
    sums = array.sum(axis=-1, keepdims=True)
    off = float(np.abs(sums - 1).max(initial=0.0))
    if 1e-12 < off <= FLOAT32:
        rescaled[name] = off
        return array / sums
    return array


def _world(p_xy: Joint, encoder: Any) -> WorldP:
    """One process, a learning rule that learns nothing, and the encoder."""
    if len(p_xy.axes) != 2:
        raise ValueError(f"the joint has axes {p_xy.axes}; give p(x, y), or a World")
    p = p_xy.to_float().table
    x = p.sum(axis=1)
    y_given_x = np.where(x[:, None] > 0, p / np.where(x > 0, x, 1.0)[:, None], 1 / p.shape[1])
    rule = np.ones((*p.shape, 1))
    return WorldP([1.0], x[None, :] / x.sum(), y_given_x[None], rule, np.asarray(encoder, dtype=float)[:, None, :])


def _problem(world: WorldP) -> EncoderProblem:
    """The mixture over the samples, which is what shared q's see."""
    weights = [world.marginal([f"X{i}", "Theta", f"Y{i}"]) for i in world.samples]
    total = sum(w.table for w in weights[1:]) + weights[0].table
    table = total / total.sum() if not world.is_exact else total * (1 / sum(total.reshape(-1)))
    return EncoderProblem(Joint(table, ("X", "Theta", "Y")))


def _note(exact: float, claim: float, n: int) -> str:
    def close(value: float) -> bool:
        return abs(claim - value) <= 2e-3 * max(abs(value), 1e-3)

    if close(exact):
        return ""
    if close(exact / math.log(2)):
        return "looks like bits"
    if n > 1 and close(exact / n):
        return f"looks like a mean over the {n} samples; functionals are sums"
    return "differs"


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
        flat = generator.choice(p.size, size=n, p=p.reshape(-1) / p.sum())
        columns = np.unravel_index(flat, p.shape)
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
