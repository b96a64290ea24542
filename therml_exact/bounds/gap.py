"""Gap: the terms of generalisation bounds, for one world and one loss, each computed once.

    population = sum_phi p(phi) sum_theta p(theta|phi) sum_w p(w|phi) loss(theta, w)     fresh samples of the same phi
    training   = (1/N) sum_i sum_{theta, w} p(theta, w_i = w) loss(theta, w)             the samples that were seen
    gap        = population - training = sum_{theta, w} loss(theta, w) [fresh(theta, w) - seen(theta, w)]

w = (x, y), or x alone in a BayesWorld. The gap is that of each process phi, averaged over phi: the fresh sample is of
the process that made the data. A loss of rationals gives rationals, one of PrimeLogs PrimeLogs; floats have error
bounds. The loss is in a unit of its own, informations are in nats.
Errors: ValueError for a loss that does not fit the world, naming the entry, its value and the remedy.
"""

from __future__ import annotations

import math
import numbers
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.bounds import gibbs_rule
from therml_exact.containers import unlabelled
from therml_exact.functional import entropy_functional, fitted
from therml_exact.information import entropy_number, information_number
from therml_exact.numbers.approximate import ROUND, Approximate
from therml_exact.numbers.enclosed import Real, minus, times
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, entry, freeze, parse_rational, to_fractions
from therml_exact.numbers.weights import Number
from therml_exact.variational import Variational
from therml_exact.world import World


class LeftOutError(ValueError):
    """A bound cannot be evaluated here; its text is the reason."""


class Gap:
    """The terms of one world, loss and prior.

    world: any world. loss: a table [theta, x, y] ([theta, x] in a BayesWorld) as `read_loss` returns it.
    prior: q(theta) as [theta], in the world's kind of number; None where none is given.
    """

    def __init__(self, world: World, loss: Array, prior: Any = None) -> None:
        self.world = world
        self.loss = loss.reshape(len(loss), -1)  # [theta, letter]
        self.prior = prior
        self.n = world.n
        self.letters = world.axes[1 : 1 + loss.ndim - 1]  # X1, Y1
        self.low, self.high = (_number(pick(self.loss.reshape(-1).tolist())) for pick in (min, max))
        self.span = minus(self.high, self.low)

    # ---- the losses

    @cached_property
    def fresh(self) -> tuple[Array, float]:
        """p(theta, w) of a fresh sample w of the same process, [theta, letter], and the relative error of its cells."""
        theta, process = self.world.weights(("Phi", "Theta")), self.world.weights(("Phi", *self.letters))
        given, law = (_cells(w.array, w.total) for w in (theta, process))
        law = law.reshape(len(law), -1)
        sums = law.sum(axis=1, keepdims=True)
        law = law / np.where(sums == 0, 1, sums)
        return given.T @ law, theta.rounding + 2 * process.rounding + (2 * sum(law.shape) + 8) * ROUND

    @cached_property
    def seen(self) -> tuple[Array, float]:
        """p(theta, w_i = w) averaged over the samples, [theta, letter], and the relative error of its cells."""
        total: Any = 0
        rounding = 0.0
        for i, many in self.world.alike:
            here = self.world.weights(("Theta", *(f"{name[0]}{i}" for name in self.letters)))
            total = total + _cells(here.array, here.total).reshape(self.loss.shape) * many
            rounding = max(rounding, here.rounding)
        return total / self.n, rounding + (self.n + 8) * ROUND

    @cached_property
    def population(self) -> Real:
        """The mean loss on fresh samples."""
        return self._mean(*self.fresh)

    @cached_property
    def training(self) -> Real:
        """The mean loss on the samples that were seen."""
        return self._mean(*self.seen)

    @cached_property
    def gap(self) -> Real:
        """Population less training loss, summed as one sum."""
        (fresh, first), (seen, second) = self.fresh, self.seen
        found = self._mean(fresh - seen, 0.0)
        if not isinstance(found, Approximate):
            return found
        return Approximate(found.value, found.error + float(abs(self.loss).max()) * (first + second))

    def _mean(self, law: Array, rounding: float) -> Real:
        terms = self.loss * law
        if self.loss.dtype == object:
            return _number(terms.sum())
        error = float(abs(terms).sum()) * (rounding + (terms.size + 4) * ROUND)
        return Approximate(float(terms.sum()), error)

    @property
    def scaled(self) -> tuple[Real, Real]:
        """Training and population loss in units in which the loss runs from 0 to 1."""
        if self.span == 0:
            return Fraction(0), Fraction(0)
        return tuple(_ratio(minus(value, self.low), self.span) for value in (self.training, self.population))  # type: ignore[return-value]

    # ---- informations

    @cached_property
    def kept(self) -> Number:
        """I(Theta; T), all that the rule keeps of the data."""
        return information_number(self.world, ["Theta"], self.world.data)

    @cached_property
    def about(self) -> Number:
        """I(Theta; Phi), what of it is about the process."""
        return information_number(self.world, ["Theta"], ["Phi"])

    @cached_property
    def excess(self) -> Number:
        """I(Theta; T|Phi), what of it is not: what can overfit."""
        return information_number(self.world, ["Theta"], self.world.data, ["Phi"])

    @cached_property
    def each(self) -> tuple[tuple[Number, int], ...]:
        """I(Theta; X_i, Y_i|Phi), and for how many samples it stands."""
        return tuple(
            (information_number(self.world, ["Theta"], [f"{name[0]}{i}" for name in self.letters], ["Phi"]), many)
            for i, many in self.world.alike
        )

    @cached_property
    def supersample(self) -> Number:
        """I(Theta; U|supersample)."""
        try:
            law = self.world.supersample()
        except ValueError as error:
            raise LeftOutError(str(error)) from None
        with_coin = law.conditional_entropy(np.asarray(law.array.sum(axis=1, keepdims=True)))
        return with_coin - entropy_number(self.world, ["Theta"], self.world.data)

    @cached_property
    def S(self) -> Number:
        """S (10) of the prior: the mean divergence of the rule from q(theta)."""
        if self.prior is None:
            raise LeftOutError("it needs prior=, the q(theta) that S is measured from")
        return entropy_functional(self.world, fitted(self.world, Variational(theta=self.prior)))

    @cached_property
    def log_xi(self) -> Number:
        """The logarithm of Maurer's xi(N) = sum_k C(N,k) (k/N)^k (1 - k/N)^(N-k), at most 2 sqrt(N) from N = 8 on."""
        n = self.n
        xi = sum(math.comb(n, k) * Fraction(k, n) ** k * (1 - Fraction(k, n)) ** (n - k) for k in range(n + 1))
        if self.world.is_exact:
            return PrimeLog.log(xi)
        value = math.log(xi.numerator) - math.log(xi.denominator)
        return Approximate(value, 4 * ROUND * math.log(xi.numerator))

    @cached_property
    def gibbs(self) -> gibbs_rule.GibbsRule:
        """The inverse temperature at which the rule is the Gibbs rule of this loss."""
        found = gibbs_rule.fit(self.world, self.loss)
        if isinstance(found, str):
            raise LeftOutError(found)
        return found

    @cached_property
    def lautum(self) -> Number:
        """L(Theta; T|Phi) = KL(p(theta|phi) p(t|phi) || p(theta,t|phi)), averaged over phi."""
        return gibbs_rule.lautum(self.world)


def _cells(array: Array, total: Any) -> Array:
    """Probabilities of weights: Fractions, or floats."""
    return to_fractions(array) / total if array.dtype == object else array / total


def _number(value: Any) -> Real:
    """A cell, or an exact sum of cells, as a number; floats of a table are what they are."""
    return Approximate(value, 0.0) if isinstance(value, float) else Fraction(value) if isinstance(value, int) else value


def _ratio(a: Real, b: Real) -> Real:
    """a/b for b > 0."""
    from therml_exact.numbers.enclosed import formula

    if isinstance(b, Fraction):
        return times(1 / b, a)
    return Fraction(0) if a == 0 else formula(lambda x, y: x / y, a, b)


def read_loss(loss: Any, world: World) -> Array:
    """The loss [theta, x, y] ([theta, x] in a BayesWorld) as Fractions, PrimeLogs or floats, checked."""
    sizes = world.network.sizes
    roles = ("Theta", "X1") if world.kind == "bayes" else ("Theta", "X1", "Y1")
    expected = tuple(sizes[name] for name in roles)
    cells = np.array(unlabelled(loss, "loss"), dtype=object)
    if cells.shape != expected:
        letters = ", ".join(name.rstrip("1").lower() for name in roles)
        raise ValueError(f"loss has shape {cells.shape}; it is loss[{letters}], {expected} in this world")
    flat = cells.reshape(-1)
    kinds: dict[str, int] = {}
    for k, value in enumerate(flat):
        flat[k], kind = _read_cell(value, entry("loss", tuple(map(int, np.unravel_index(k, expected)))))
        kinds.setdefault(kind, k)
    kinds.pop("whole", None)
    if kinds and (("float" in kinds) == world.is_exact or ("float" in kinds and len(kinds) > 1)):
        held = " and ".join({"float": "floats"}.get(kind, "exact numbers") for kind in kinds)
        raise ValueError(
            f"loss holds {held} and the world is {'exact' if world.is_exact else 'float64'}; make both exact "
            "(Fractions, text, PrimeLogs) or both floats (world.to_float(), np.asarray(loss, dtype=float))"
        )
    if not world.is_exact:
        return freeze(cells.astype(np.float64))
    if "logarithm" in kinds:
        if "rational" in kinds or any(isinstance(value, Fraction) and value for value in flat):
            raise ValueError("loss holds logarithms beside rationals that are not 0; give one or the other, or floats")
        flat[:] = [value or PrimeLog() for value in flat]
    return freeze(cells)


def _read_cell(value: Any, where: str) -> tuple[Any, str]:
    """A cell and its kind."""
    if isinstance(value, PrimeLog):
        return value, "logarithm"
    if isinstance(value, (bool, np.bool_, numbers.Integral)):
        return Fraction(int(value)), "whole"
    if isinstance(value, str):
        return parse_rational(value, where), "rational"
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator)), "rational"
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value), "float"
    raise ValueError(f"{where} is {value!r}; a loss is finite: a number, a Fraction, text such as 1/3, or a PrimeLog")
