"""benchmark-mi (import bmi): the informations that its samplers state against ours; its estimators on finite worlds.

A continuous pair is cut into cells, whose probabilities are exact or nearly so; information only falls (data
processing), and rises to the stated one as cells shrink.

    discrete uniform mixture   X uniform on m letters, Y|X uniform on (X, X + 2): unit cells of Y lose nothing, ours is
                               exact
    additive uniform           X uniform on (0, 1), Y = X + N, N uniform on (-e, e): squares of side h, of probability
                               h^2/(2e) inside |y - x| < e, half of that on its edge: rational
    bivariate normal           rectangles, by Gauss and Legendre's quadrature in x
    zero-inflated Poisson      X exponential, Y = B Poisson(X), B = 0 with probability p: quantiles of X. bmi states
                               (1 - p) I(X;Poisson(X)) = I(X;Y,B), but B is not seen: Y = 0 does not tell. By data
                               processing I(X;Y) is smaller, and ours, by quadrature, says how much.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import poisson

import therml_exact as tx
from validation.estimators import plug_in
from validation.estimators.contingency import count, information
from validation.section import Cell

INFLATED = 0.15
ZERO_INFLATED = f"zero-inflated Poisson, p = {INFLATED}"
TRUTHS = (
    "sampler",
    "stated (nats)",
    "cells",
    "ours, of the cells (nats)",
    "ours - stated (nats)",
    "why",
)
ESTIMATES = (
    "estimator",
    "joint",
    "n",
    "bias (nats)",
    "standard error (nats)",
    "its plug-in - ours, at most (nats)",
    "note",
)


def mixture(letters: int) -> tx.Joint:
    cells = np.full((letters, letters + 1), Fraction(0), dtype=object)
    for x in range(letters):
        cells[x, x] = cells[x, x + 1] = Fraction(1, 2 * letters)
    return tx.Joint(cells, ("X", "Y"))


def additive_uniform(epsilon: Fraction, bins: int) -> tx.Joint:
    """Squares of side 1/bins; epsilon is a multiple of it."""
    reach = epsilon * bins
    assert reach.denominator == 1
    cells = np.full((bins, bins + 2 * int(reach)), Fraction(0), dtype=object)
    full = 1 / (2 * epsilon * bins**2)
    for x in range(bins):
        for y in range(bins + 2 * int(reach)):
            # Sides of the square in units of 1/bins: x..x+1, and y - reach..y + 1 - reach.
            offset = y - int(reach) - x
            if abs(offset) <= int(reach):
                cells[x, y] = full if abs(offset) < int(reach) else full / 2
    return tx.Joint(cells, ("X", "Y"))


def bivariate_normal(correlation: float, bins: int) -> tx.Joint:
    edges = np.linspace(-5, 5, bins - 1)
    sides = np.concatenate([[-9.0], edges, [9.0]])
    node, weight = np.polynomial.legendre.leggauss(24)
    half = np.diff(sides)[:, None] / 2
    x = (sides[:-1] + sides[1:])[:, None] / 2 + half * node
    density = half * weight * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    upper = np.concatenate([edges, [np.inf]])
    lower = np.concatenate([[-np.inf], edges])
    noise = math.sqrt(1 - correlation**2)
    between = ndtr((upper - correlation * x[..., None]) / noise) - ndtr((lower - correlation * x[..., None]) / noise)
    cells = (density[..., None] * between).sum(axis=1)
    return tx.Joint(cells / cells.sum(), ("X", "Y"))


def zero_inflated(p: float, bins: int, most: int = 60) -> tx.Joint:
    """Cells of X of equal probability, Y up to `most` (beyond: less than 2^-most)."""
    node, weight = np.polynomial.legendre.leggauss(24)
    # u = 1 - exp(-x) is uniform.
    u = (np.arange(bins)[:, None] + (node + 1) / 2) / bins
    y = poisson.pmf(np.arange(most), -np.log1p(-u)[..., None])
    cells = (1 - p) * (weight[:, None] / 2 * y).sum(axis=1)
    cells[:, 0] += p
    return tx.Joint(cells / cells.sum(), ("X", "Y"))


def zero_inflated_information(p: float) -> float:
    """H(Y) - E[H(Y|X)] by adaptive quadrature, to 1e-10."""
    k = np.arange(400)
    marginal = (1 - p) * 0.5 ** (k + 1.0)
    marginal[0] += p

    def given(x: float) -> float:
        q = (1 - p) * poisson.pmf(k, x)
        q[0] += p
        return math.exp(-x) * _entropy(q)

    return _entropy(marginal) - quad(given, 0, 60, epsabs=1e-11, limit=500)[0]


def _entropy(q: np.ndarray) -> float:
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


def cut(bmi: ModuleType) -> Iterator[tuple[str, float, tx.Joint, str]]:
    """The sampler's name, the information that it states, the joint of the cells, and what to expect."""
    for letters in (5, 10):
        stated = bmi.samplers.DiscreteUniformMixtureSampler(n_discrete=letters).mutual_information()
        why = "equal up to its single precision; ours is an exact sum of logarithms"
        yield f"discrete uniform mixture, m = {letters}", stated, mixture(letters), why
    for epsilon in (Fraction(3, 4), Fraction(1, 4)):
        stated = bmi.samplers.AdditiveUniformSampler(epsilon=float(epsilon)).mutual_information()
        for bins in (8, 32, 64):
            why = "cells lose what falls like their side"
            yield f"additive uniform, e = {float(epsilon)}", stated, additive_uniform(epsilon, bins), why
    stated = bmi.samplers.BivariateNormalSampler(correlation=0.75).mutual_information()
    for bins in (20, 80, 320):
        why = "cells lose what falls like their area"
        yield "bivariate normal, correlation 0.75", stated, bivariate_normal(0.75, bins), why
    stated = bmi.samplers.ZeroInflatedPoissonizationSampler(p=INFLATED).mutual_information()
    for bins in (10, 100, 1000):
        why = "it states I(X;Y,B), the inflation B seen; I(X;Y) is smaller, by data processing"
        yield ZERO_INFLATED, stated, zero_inflated(INFLATED, bins), why


def truths(bmi: ModuleType) -> Iterator[tuple[Cell, ...]]:
    for name, stated, joint, why in cut(bmi):
        found = float(tx.mutual_information(joint, "X", "Y"))
        yield name, float(stated), f"{joint.shape[0]} x {joint.shape[1]}", found, found - float(stated), why
    stated = float(bmi.samplers.ZeroInflatedPoissonizationSampler(p=INFLATED).mutual_information())
    found = zero_inflated_information(INFLATED)
    yield ZERO_INFLATED, stated, "none: quadrature", found, found - stated, "H(Y) - H(Y|X) without cells"
    seen = (1 - INFLATED) * zero_inflated_information(0.0)
    why = "(1 - p) times the information without inflation: what it states, rounded to 0.3012 (1 - p)"
    yield ZERO_INFLATED + ", B seen", stated, "none: quadrature", seen, seen - stated, why


def estimates(bmi: ModuleType, trials: int) -> Iterator[tuple[Cell, ...]]:
    """Its histogram with one bin a letter is the plug-in; nearest neighbours on letters meet ties."""
    joints = {"hair and eye, 4 x 4": tx.examples.hair_eye().marginal(["Hair", "Eye"]).to_float()}
    joints["binary symmetric, 1/10"] = tx.examples.binary_symmetric().to_float()
    for name, joint in joints.items():
        histogram = bmi.estimators.HistogramEstimator(*joint.shape, standardize=False)
        apart = [0.0]

        def of_letters(x: np.ndarray, y: np.ndarray, h=histogram, apart=apart, shape=joint.shape) -> float:  # type: ignore[no-untyped-def]
            found = float(h.estimate(x[:, None], y[:, None]))
            apart[0] = max(apart[0], abs(found - information(plug_in.entropy, count(x, y, shape))))
            return found

        for n in (100, 1000):
            audit = tx.audit.estimator(of_letters, joint, n, trials, 0)
            cells = ("histogram, a bin a letter", name, n, audit.bias, audit.standard_error, apart[0])
            yield *cells, "the plug-in"
        neighbours = bmi.estimators.KSGEnsembleFirstEstimator(neighborhoods=(5,))

        def of_neighbours(x: np.ndarray, y: np.ndarray, ksg=neighbours) -> float:  # type: ignore[no-untyped-def]
            return float(ksg.estimate(x[:, None].astype(float), y[:, None].astype(float)))

        x, y = np.unravel_index(
            np.random.default_rng(0).choice(joint.table.size, 100, p=joint.table.ravel()), joint.shape
        )
        on_letters = of_neighbours(x, y)
        note = f"on letters it says {on_letters}: all distances tie at 0"
        yield "nearest neighbours (KSG), k = 5", name, 100, None, None, None, note

        def spread(x: np.ndarray, y: np.ndarray, ksg=of_neighbours) -> float:  # type: ignore[no-untyped-def]
            noise = np.random.default_rng(0).random((2, len(x))) / 2
            return ksg(x + noise[0], y + noise[1])

        audit = tx.audit.estimator(spread, joint, 300, max(2, trials // 3), 0)
        cells = ("nearest neighbours (KSG), k = 5", name, 300, audit.bias, audit.standard_error, None)
        yield *cells, "letters spread by independent uniform noise of width 1/2, which changes no information"
