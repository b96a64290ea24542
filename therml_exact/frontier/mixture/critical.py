"""The critical multiplier, above which a code that says something pays (informations in nats).

Take one mixture. A posterior r over its letters w is compared with the prior p. Let n_j(r) = sum_w r_w row[w, j], and
let t(r) be n(r) divided by its sum in each block, which is the best code for r. Then

    m_c = inf over r of [KL(r||p) - delta KL(r_X||p_X)] / K(r),     K(r) = sum_j n_j(r) log (t_j(r)/t_j(p)),

since Z = constant is optimal at the multiplier m if and only if KL - delta KL_X - m K >= 0 for all r.

From above, the ratio at any r is a bound, and so is its limit as r -> p, which is 1/lambda_max (at delta = 0,
lambda_max is the squared maximal correlation). Dinkelbach's and quasi-Newton steps go down from there. From below,
branch and bound proves Lindsay's condition of the constant code at a multiplier slightly smaller. In the problem's own
units,

    encoder, Theta trivial  gamma_c = (1 - delta) m_c;  encoder  gamma_c = m_c;  Bayes  m_c / N;  discriminative  m_c

For an encoder problem at delta = 1 the numerator is 0 at r = r_X p(theta|x). If I(X;Y) > 0, then gamma_c = 0; if not,
it is the least of the values of each x. Beyond delta = 1 the code Z = X always pays; there is no gamma_c, and the
result is None. It is inf if nothing ever pays.

No error is raised here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture.dual import End, search
from therml_exact.frontier.mixture.ellipsoids import contacts
from therml_exact.frontier.mixture.primal import seeds
from therml_exact.frontier.mixture.tables import FLOOR, Tables
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.mixture import Mixture

Array = np.ndarray[Any, Any]

MARGINS = (1e-4, 1e-3, 1e-2, 1e-1)  # the proof is tried this far below the estimate, relative to it
ROUNDS = 20  # Dinkelbach's steps
CLIMB = 50  # climbing steps within each of them
DIRECTIONS = 3  # quasi-Newton steps start from so many directions of each kind
TRIED = 4  # and only from so many, the best
SIZES = (0.02, 0.3)  # the largest |r/p - 1| of a start near p
LEAST = 1e-12  # an r/p that stands for 0
NEAR = 1e-13  # nats; where K is at most this, floats cannot tell r from p
ZERO = 1e-13  # nats; log G of the constant code is 0 but for rounding, which is at most this
ROUNDING = 1e-15  # nats for each unit of a code's exponents, which takes ZERO's place where these are large


@dataclass(frozen=True)
class Critical:
    """The critical multiplier, between two bounds.

    value    an upper bound: at any multiplier above it a code pays
    low      a lower bound: below it no code pays, which cells prove in floats; 0 if there is no proof

    >>> float(Critical(3.75, 3.5))
    3.75
    """

    value: float
    low: float

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        """Return the digits that both ends share, or the interval, rounded outwards, where they share fewer than three.

        >>> for value, low in ((3.7881034, 3.7880921), (5.12, 4.61), (5.12, 0.0)):
        ...     print(Critical(value, low))
        = 3.7881
        between 4.61 and 5.12
        at most 5.12
        """
        for digits in range(9, 2, -1):
            text = f"{self.value:.{digits}g}"
            if text == f"{self.low:.{digits}g}":
                return f"= {text}"
        high = Context(4, ROUND_CEILING).create_decimal(f"{self.value:.12g}")
        if self.low <= 0:
            return f"at most {high}"
        low = Context(4, ROUND_FLOOR).create_decimal(f"{self.low:.12g}")
        return f"between {low} and {high}"


def critical(problem: Problem, delta: float = 0.0, time_limit: float = 10.0) -> Critical | None:
    """Return the critical gamma of an encoder problem at a delta, or the critical beta of the others.

    problem       an encoder, Bayes or discriminative problem
    delta         the multiplier of D, for an encoder problem; 0 for the others
    time_limit    seconds, after which there may be no proof of a lower bound

    The result is None if delta > 1. If X tells nothing of Y, nothing ever pays:

    >>> import therml_exact as tx
    >>> float(critical(tx.EncoderProblem(tx.Joint([["1/4", "1/4"], ["1/4", "1/4"]], ("X", "Y")))))
    inf
    """
    deadline = now() + time_limit
    plan = problem.unit_plan(delta)
    if plan is None:
        return None
    if problem.pays_at_once(delta):
        return Critical(0.0, 0.0)
    found = [_mixture(part.mixture, deadline) for part in plan.parts]
    units = [float(part.mixture.multiplier) for part in plan.parts]
    return Critical(
        min(c.value / unit for c, unit in zip(found, units, strict=True)),
        min(c.low / unit for c, unit in zip(found, units, strict=True)),
    )


def _mixture(mixture: Mixture, deadline: float) -> Critical:
    """Return m_c of one mixture, in multiples of its rows; its own multiplier does not matter."""
    tables = Tables(replace(mixture, multiplier=Fraction(1)))
    value = _nearby(tables)[0]
    if math.isinf(value):  # all letters alike: nothing to tell
        return Critical(math.inf, math.inf)
    start = seeds(tables)
    for _ in range(20):
        value = _descend(tables, value, start)
        low, point = _proved(mixture, value, deadline)
        if point is None:
            return Critical(value, low)
        start = point[None, :]
    return Critical(value, 0.0)


def _nearby(tables: Tables) -> tuple[float, Array]:
    """Return the limit 1/lambda_max of the ratio as r -> p, and the directions in which r approaches p there.

    lambda_max is the largest eigenvalue of the rows' covariance against the Hessian of K. The directions r/p - 1, an
    array [direction, w] of largest entry 1, belong to the largest eigenvalues. The limit is inf if all letters are
    alike.
    """
    rows = np.hstack(tables.rows)
    mean = tables.p @ rows
    centred = rows - mean
    raised = centred
    if tables.delta:
        masses = np.bincount(tables.group, tables.p)
        means = np.stack([np.bincount(tables.group, tables.p * c) for c in centred.T], axis=1) / masses[:, None]
        raised = centred + tables.delta / (1 - tables.delta) * means[tables.group]
    cov = (centred.T * tables.p) @ raised
    hessian = np.zeros_like(cov)
    for lo, hi in zip(tables.jstart[:-1], tables.jstart[1:], strict=True):
        part = mean[lo:hi]
        hessian[lo:hi, lo:hi] = np.diag(1 / part) - 1 / part.sum()
    # The Hessian is positive semidefinite, so its root makes the product symmetric.
    values, vectors = np.linalg.eigh(hessian)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    values, vectors = np.linalg.eigh(root @ cov @ root)
    largest = float(values[-1])
    ways = (raised @ root @ vectors[:, values > 0.9 * largest][:, -DIRECTIONS:]).T
    ways /= np.maximum(abs(ways).max(axis=1, keepdims=True), FLOOR)
    return (1 / largest, ways) if largest > 1e-14 else (math.inf, ways)


def _descend(tables: Tables, value: float, start: Array) -> float:
    """Return the least ratio found, at most `value`, by climbs of log G from the points start[t, j] and by polishing.

    The climbs are those of the constant code. Quasi-Newton steps start from their best ends. Climbs are slow where the
    least ratio is at an r near p, so that the steps also start on both sides of p, in the directions of `_nearby`.
    """
    t = start
    for _ in range(ROUNDS):  # Dinkelbach: the best ratio met is the next multiplier; climbs go on where they were
        scaled, lam = _scaled(tables, value), _constant(tables, value)
        for _ in range(CLIMB):
            t = scaled.image(scaled.gradient(lam, t)[1])
        ends = scaled.gradient(lam, t)[1].T / tables.p - 1
        ratios = np.array([_ratio(tables, y)[0] for y in ends])
        before, value = value, min(value, float(ratios.min()))
        if not value < before * (1 - 1e-6):
            break
    best = ends[np.argsort(ratios, kind="stable")]
    _, first = np.unique(np.round(best * tables.p, 3), axis=0, return_index=True)
    tries = [*best[np.sort(first)[:DIRECTIONS]]]
    tries += [sign * size * way for way in _nearby(tables)[1] for sign in (-1, 1) for size in SIZES]
    tries.sort(key=lambda y: _ratio(tables, y)[0])
    return min(value, *(_polished(tables, y) for y in tries[:TRIED]))


def _polished(tables: Tables, y: Array) -> float:
    """Return the least ratio that quasi-Newton steps find from r = p (1 + y).

    They move in r = p (1 + e)^2 / sum over free e, so that r = 0 is no boundary.
    """
    from scipy.optimize import minimize

    def ratio(e: Array) -> tuple[float, Array]:
        square = 2 * e + e * e
        more = float(tables.p @ square)
        value, slope = _ratio(tables, (square - more) / (1 + more))
        slope = slope - tables.p @ ((1 + square) * slope) / (1 + more)
        return value, 2 * (1 + e) * tables.p / (1 + more) * slope

    options = {"maxiter": 1000, "maxfun": 2000, "ftol": 1e-16, "gtol": 1e-13}
    found = minimize(ratio, np.sqrt(np.maximum(1 + y, LEAST)) - 1, jac=True, method="L-BFGS-B", options=options)
    r = tables.p * (1 + found.x) ** 2
    r = np.where(r < LEAST * r.sum(), 0.0, r)  # a letter that is on its way out
    return min(float(found.fun), _ratio(tables, r / r.sum() / tables.p - 1)[0])


def _scaled(tables: Tables, multiplier: float) -> Tables:
    """Return tables of multiplier 1 with the exponents of another one; only `gradient` and `image` may be used."""
    out = object.__new__(Tables)
    out.__dict__.update(tables.__dict__)
    out.a = tables.a * multiplier
    out.a_root = tables.a_root * multiplier
    out.multiplier = multiplier
    return out


def _ratio(tables: Tables, y: Array) -> tuple[float, Array]:
    """Return the ratio of the module at r = p (1 + y), sum p y = 0, and its derivatives in r_w up to a constant.

    The ratio is inf where K is so small that y is rounding. There r is p, and `_nearby` knows the limit.
    """
    p, rows = tables.p, np.hstack(tables.rows)
    x = (p * y) @ rows / (p @ rows)
    above, up, below, down = float(p @ _excess(y)), _log(y), 0.0, np.zeros_like(p)
    for part, lo, hi in zip(tables.rows, tables.jstart[:-1], tables.jstart[1:], strict=True):
        base = p @ part
        whole = np.array(base @ x[lo:hi] / base.sum())
        below += float(base @ _excess(x[lo:hi]) - base.sum() * _excess(whole))
        down += part @ (_log(x[lo:hi]) - _log(whole))
    if tables.delta:
        masses = np.bincount(tables.group, p)
        group = np.bincount(tables.group, p * y) / masses
        above -= tables.delta * float(masses @ _excess(group))
        up = up - tables.delta * _log(group)[tables.group]
    if not below > NEAR:
        return math.inf, np.zeros_like(p)
    return above / below, (up - above / below * down) / below


def _log(x: Array) -> Array:
    """Return log(1 + x), where 1 + x is at least LEAST."""
    return np.log1p(np.maximum(x, LEAST - 1))


def _excess(x: Array) -> Array:
    """Return (1 + x) log(1 + x) - x, to all digits also near 0.

    For p' = p (1 + x), p times it is p' log(p'/p) - p' + p, the cell of a divergence.
    """
    small = np.clip(x, -5e-3, 5e-3)
    series = (
        small * small * (1 / 2 - small * (1 / 6 - small * (1 / 12 - small * (1 / 20 - small * (1 / 30 - small / 42)))))
    )
    return np.where(small == x, series, (1 + x) * _log(x) - x)


def _constant(tables: Tables, multiplier: float) -> Array:
    """Return the dual variables log(p_w/m_w) of the constant code, [w]."""
    r = tables.p[:, None]
    t = np.maximum(tables.image(r)[0], FLOOR)
    lam = np.log(tables.p) - multiplier * (np.hstack(tables.rows) @ np.log(t))
    if tables.delta:
        lam -= tables.delta * np.log(np.bincount(tables.group, tables.p))[tables.group]
    return np.asarray(lam)


def _proved(mixture: Mixture, value: float, deadline: float) -> tuple[float, Array | None]:
    """Return a multiplier below `value` up to which the constant code is proved optimal (0: none), and None.

    If instead G > 1 at a point whose ratio is less than `value` by a margin, the result is (0, that point [j]).
    """
    for margin in MARGINS:
        tables = Tables(replace(mixture, multiplier=Fraction(value * (1 - margin))))
        if "processing" in tables.closed:
            return value * (1 - margin), None
        lam = _constant(tables, tables.multiplier)
        code = tables.image(tables.p[:, None])
        zero = max(ZERO, ROUNDING * tables.heaviest)
        near = contacts(tables, lam, code, zero)
        found = search(tables, lam, near, zero, 1_000_000, deadline)
        if found.end is End.PROVED:
            return value * (1 - margin), None
        if found.end is End.ABOVE:
            posterior = tables.gradient(lam, found.point[None, :])[1][:, 0]
            if _ratio(tables, posterior / tables.p - 1)[0] < value * (1 - margin / 2):
                return 0.0, found.point
    return 0.0, None
