"""Boltzmann equilibria: the best learning rule for given q's, its partition function and its distance from any rule.

For each data set d = (x^N, y^N), with given q's, encoder and sigma > 0,

    p*(theta|d) = q(theta) exp(-E(theta, d)/sigma)/Z(d),   Z(d) = sum_theta q(theta) exp(-E(theta, d)/sigma)  (24), (25)

minimises J = <E> + sigma S over all rules, E = R + delta D + gamma C of that theta and data set:

    min J = -sigma <log Z>,   <KL(p; p*)> = (J(p) - min J)/sigma for every rule p,   <.> over data sets  (33)-(36), (39)

(33) and (39) print -sigma log Z; Z differs between data sets, and -sigma log <Z> is too small. (34) prints marginals
p(theta), for which only <= holds. The tempered posteriors of Appendices B and C are the case E = beta U, sigma = 1:

    p*(theta|x^N) = q(theta) prod_i q(x_i|theta)^beta / Z        min S + beta U = -<log Z>               (47)-(50)
    p*(theta|x^N,y^N) = q(theta) prod_i q(y_i|x_i,theta)^beta / Z                                        (55)

exp(-E/sigma) is a product of powers prod_z (q/e)^(e/sigma): where every exponent is a whole number (deterministic
encoders with whole 1/sigma, gamma/sigma, delta/sigma; whole beta) and the tables are exact, the rule and Z are
rational and all these identities are decided. Their digits grow like 1/sigma: beyond _DIGITS they are refused, and the
world's floats serve. Otherwise floats, by logarithms throughout (log_law.py): a rule whose entries underflow keeps its
ratios and its divergence, and J = <E> + sigma S is summed from E and from S as a divergence, at any sigma.
Shapes: rule[x1, y1, ..., xN, yN, theta] (BayesWorld: [x1, ..., xN, theta]). Nats.
Errors: ValueError for bad multipliers or missing q's, where a data set that occurs has infinite cost for all theta, and
for exact weights of too many digits.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from therml_exact.functional import Value, fitted, functionals
from therml_exact.information import kl_divergence
from therml_exact.learners import sample_cost
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, freeze, read_table
from therml_exact.results import result
from therml_exact.thermo.log_law import divergence_terms, law, log_mean, logs_of
from therml_exact.variational import Variational
from therml_exact.worlds import BayesWorld, DiscriminativeWorld, ExchangeableWorld, World, WorldP

Scalar = int | float | Fraction
_DIGITS = 20_000  # of an exact weight: a few seconds for a few data sets, growing like the square


@result
@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium:
    """The Boltzmann rule of a world and its q's at given multipliers (24), (48), (55).

    world        the world, with the Boltzmann rule as its learning rule
    variational  the q's that are held fixed
    multipliers  gamma, delta and sigma, or beta, by name; without unit
    log_weight   floats -E/sigma as [x1, y1, ..., xN, yN, theta] ([x1, ..., xN, theta] in a BayesWorld); without unit
    z            the partition function Z (25) of each data set as Fractions; None where it is irrational
    log_z        <log Z>, the mean over data sets: a PrimeLog or a float, nats
    rule         p*(theta|data), in the shape of log_weight
    value        the least J = -sigma <log Z> (33), nats

    The methods `objective`, `excess` and `divergence` take any other rule of the same shape and give nats.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> equilibrium = tx.boltzmann(world, q, sigma=1, gamma=2)
    >>> print(equilibrium.value, "|", equilibrium.z[0, 0], "|", equilibrium.rule[0, 0, 0])
    5 log 2 - log 5 | 5/32 | 9/10
    >>> equilibrium.excess(world.theta_given_data) == equilibrium.divergence(world.theta_given_data)
    True
    """

    world: World
    variational: Variational = field(repr=False)
    multipliers: dict[str, Scalar]
    log_weight: Array = field(repr=False)  # -E/sigma of [data..., theta], floats
    z: Array | None = field(repr=False)  # Z of each data set as Fractions; None where it is irrational
    log_z: Value  # <log Z> over data sets

    @property
    def rule(self) -> Array:
        """p*(theta|data)."""
        return self.world.rule

    @property
    def is_exact(self) -> bool:
        """Whether the rule is rational, so that everything is decided."""
        return self.world.is_exact

    @cached_property
    def law(self) -> Array:
        """The rule as kernels take it: exact, or floats that know their logarithms even where they underflow."""
        if self.is_exact:
            return self.rule
        prior = self.variational.theta
        logs = logs_of(prior) + self.log_weight
        log_z = log_mean(prior, self.log_weight)[..., None]
        empty = ~np.isfinite(log_z)  # data sets of probability 0 that no theta explains
        return law(np.where(empty, logs_of(prior), logs - np.where(empty, 0.0, log_z)))

    @property
    def sigma(self) -> Scalar:
        """The temperature; 1 for tempered posteriors, whose cost is beta U."""
        return self.multipliers.get("sigma", 1)

    @property
    def data(self) -> Array:
        """p(x^N, y^N), or p(x^N)."""
        return self.world.marginal(self.world.data).table

    @property
    def value(self) -> Value:
        """The least J: -sigma <log Z> over data sets (33)."""
        return times(-self.sigma, self.log_z)

    def objective(self, rule: Any) -> Value:
        """J of any learning rule with the same q's (32), (36); a float where rule or equilibrium is."""
        here, world = self.alike(rule)
        if here.is_exact:
            return objective(world, here.variational, **self.multipliers)
        table, weight = world.rule, here.data[..., None]
        with np.errstate(invalid="ignore"):
            cost = np.where(table > 0, -float(self.sigma) * table * here.log_weight, 0.0)
        entropy = divergence_terms(table, np.broadcast_to(logs_of(here.variational.theta), table.shape))
        return _mean(weight, cost) + float(self.sigma) * _mean(weight, entropy)

    def excess(self, rule: Any) -> Value:
        """J of a rule less the least J (35)."""
        return self.objective(rule) - self.alike(rule)[0].value

    def divergence(self, rule: Any) -> Value:
        """<KL(p(theta|data); p*(theta|data))> over data sets: the excess over sigma (34)."""
        here, world = self.alike(rule)
        table, weight = world.rule, here.data[..., None]
        if here.is_exact:
            return kl_divergence(weight * table, weight * here.rule)
        return _mean(weight, divergence_terms(table, logs_of(here.law)))

    def to_float(self) -> Equilibrium:
        """The same in float64."""
        world, v = self.world.to_float(), self.variational.to_float()
        return Equilibrium(world, v, self.multipliers, self.log_weight, None, float(self.log_z))

    def alike(self, rule: Any) -> tuple[Equilibrium, World]:
        """The equilibrium and its world with another rule, both in floats if one of them is."""
        table = read_table(rule, "rule")
        here = self if table.dtype == object else self.to_float()
        return here, here.world.with_rule(table if here.is_exact else table.astype(np.float64))

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value}" for name, value in self.multipliers.items())
        kind = "exact" if self.is_exact else "float64"
        f = functionals(self.world, self.variational)
        return f"Boltzmann rule at {given} ({kind}): least J = {float(self.value):.9g} nats; {f}"


def _mean(weight: Array, terms: Array) -> float:
    """Over data sets; terms of data sets that do not occur count nothing, were they infinite."""
    return float(np.where(weight > 0, weight * np.where(weight > 0, terms, 0.0), 0.0).sum())


def objective(world: World, variational: Variational, **multipliers: Scalar) -> Value:
    """The objective R + delta D + gamma C + sigma S (32) of a WorldP, or S + beta U (47) of the others, in nats.

    world: any world; its own learning rule counts. variational: the q's.
    multipliers: delta, gamma and sigma, or beta, as numbers without unit; those left out are 0.
    Returns a PrimeLog in an exact world, else a float; math.inf where a q is 0 and p is not. Raises ValueError where a
    multiplier is not 0 and no q for its functional is given.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> print(tx.objective(world, q, gamma=2, sigma=1))
    6 log 2 - 2 log 3
    """
    f = functionals(world, variational)
    beta = world.kind != "P"
    terms = {"S": 1, "U": multipliers.get("beta", 0)} if beta else {
        "R": 1, "D": multipliers.get("delta", 0), "C": multipliers.get("gamma", 0), "S": multipliers.get("sigma", 0)
    }  # fmt: skip
    total: Any = PrimeLog() if world.is_exact else 0.0
    for name, factor in terms.items():
        if factor:
            value = getattr(f, name)
            if value is None:
                raise ValueError(f"the multiplier of {name} is {factor} and no q for it is given")
            total = total + times(factor, value)
    return total


def boltzmann(
    world: WorldP | ExchangeableWorld, variational: Variational, sigma: Scalar, gamma: Scalar = 0, delta: Scalar = 0
) -> Equilibrium:
    """The equilibrium (24) of a world's process and encoder for given q's: its best learning rule.

    It minimises J = R + delta D + gamma C + sigma S (32) over all rules.

    world: a WorldP, also an exchangeable one; its own learning rule plays no part. variational: the q's theta and z,
    with y_given_z for gamma > 0 and x_given_z for delta > 0. sigma: the temperature, > 0. gamma, delta: the
    multipliers, >= 0; without unit.
    Returns an Equilibrium, exact where the tables are and every exponent is a whole number, else in floats.
    Raises TypeError for another kind of world; ValueError for bad multipliers, missing q's, a data set that occurs and
    has infinite cost for every theta, and exact weights of too many digits.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> equilibrium = tx.boltzmann(world, q, sigma=1, gamma=2)
    >>> [str(p) for p in equilibrium.rule[0, 0]], str(equilibrium.value)
    (['9/10', '1/10'], '5 log 2 - log 5')
    """
    if not isinstance(world, (WorldP, ExchangeableWorld)):
        raise TypeError(f"world is a {type(world).__name__}; boltzmann takes a WorldP, tempered_posterior the others")
    sigma, gamma, delta = (
        _multiplier(name, value) for name, value in (("sigma", sigma), ("gamma", gamma), ("delta", delta))
    )
    if sigma == 0:
        raise ValueError("sigma is 0; Boltzmann's rule needs sigma > 0 (for sigma = 0 use learners.erm)")
    tables = {"theta": 1, "z": 1, "x_given_z": delta, "y_given_z": gamma}
    v = _needed(world, variational, [name for name, factor in tables.items() if factor])
    encoder = world.z_given_x_theta  # [x, theta, z]
    ny = world.y_given_x_phi.shape[2]
    powers = [(name, Fraction(factor) / Fraction(sigma)) for name, factor in list(tables.items())[1:] if factor]

    def exact(i: int) -> Array | None:
        if any((power * e).denominator != 1 for _, power in powers for e in encoder.reshape(-1)):
            return None
        used = [(v.table(name, i), power) for name, power in powers]
        _check_digits(world.n * sum(int(power) * _digits(t) for t, power in used if t is not None), "sigma", sigma)
        nx, theta, nz = encoder.shape
        weight = np.full((nx, ny, theta), Fraction(1))
        ones = {"x_given_z": np.ones((nz, nx), dtype=object), "y_given_z": np.ones((nz, ny), dtype=object)}
        q: dict[str, Any] = ones | {name: v.table(name, i) for name, _ in powers}
        for x, y, t, k in np.ndindex(nx, ny, theta, nz):
            e = encoder[x, t, k]
            if e:
                bases = {"z": q["z"][k] / e, "x_given_z": q["x_given_z"][k, x], "y_given_z": q["y_given_z"][k, y]}
                for name, power in powers:
                    weight[x, y, t] *= bases[name] ** int(power * e)
        return weight

    def log(i: int) -> Array:
        e = encoder.astype(np.float64).transpose(1, 0, 2)
        cost = sample_cost(e, v.to_float(), i, ny, float(gamma), float(delta))
        return np.asarray(-cost / float(sigma)).reshape(len(encoder), ny, -1)

    return _equilibrium(world, v, {"gamma": gamma, "delta": delta, "sigma": sigma}, exact, log)


def tempered_posterior(world: BayesWorld | DiscriminativeWorld, variational: Variational, beta: Scalar) -> Equilibrium:
    """The tempered posterior (48), (50) or (55) for given q(theta) and likelihood: the rule of least S + beta U.

    world: a BayesWorld or DiscriminativeWorld; its own rule plays no part. variational: the q's theta and
    x_given_theta, or theta and y_given_x_theta. beta: the inverse temperature, >= 0, without unit. Returns an
    Equilibrium, exact where the tables are and beta is a whole number, else in floats. Raises TypeError for a WorldP;
    ValueError for a bad beta, missing q's, and a data set that no theta explains.

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [["1/2", "1/2"], ["1/2", "1/2"]])
    >>> q = tx.Variational(theta=["1/2", "1/2"], x_given_theta=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> equilibrium = tx.tempered_posterior(world, q, beta=2)
    >>> [str(p) for p in equilibrium.rule[0]], str(equilibrium.value)
    (['9/10', '1/10'], '4 log 2 - log 5')
    """
    if not isinstance(world, (BayesWorld, DiscriminativeWorld)):
        raise TypeError(f"world is a {type(world).__name__}; tempered_posterior takes a Bayes or Discriminative world")
    beta = _multiplier("beta", beta)
    name = world.projection[0]
    v = _needed(world, variational, ["theta", name])

    def likelihood(i: int) -> Array:
        table = v.table(name, i)
        assert table is not None
        # [theta, x] as [x, theta], and [x, theta, y] as [x, y, theta]
        return np.asarray(np.moveaxis(table, 0, -1) if table.ndim == 2 else table.transpose(0, 2, 1))

    def exact(i: int) -> Array | None:
        if Fraction(beta).denominator != 1:
            return None
        _check_digits(world.n * int(beta) * _digits(likelihood(i)), "beta", beta)
        return likelihood(i) ** int(beta)

    def log(i: int) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(beta == 0, 0.0, float(beta) * np.log(likelihood(i).astype(np.float64)))

    return _equilibrium(world, v, {"beta": beta}, exact, log)


def check_equilibrium(equilibrium: Any) -> None:
    """TypeError unless it is one."""
    if not isinstance(equilibrium, Equilibrium):
        raise TypeError(
            f"equilibrium is a {type(equilibrium).__name__}; give what boltzmann or tempered_posterior returns"
        )


def with_prior(equilibrium: Equilibrium, prior: Array) -> Equilibrium:
    """The equilibrium of the same costs with another q(theta); floats."""
    world, v = equilibrium.world.to_float(), equilibrium.variational.to_float()
    return _float_equilibrium(world, replace_prior(v, prior), equilibrium.multipliers, equilibrium.log_weight)


def replace_prior(v: Variational, prior: Any) -> Variational:
    """The same q's with another q(theta)."""
    return Variational(**(v.given() | {"theta": prior}))


def times(factor: Scalar, value: Value) -> Any:
    """A multiple, exact where both are."""
    if isinstance(value, PrimeLog):
        return value * Fraction(factor)
    return float(factor) * value if factor else 0.0


def _equilibrium(
    world: World,
    v: Variational,
    multipliers: dict[str, Scalar],
    exact: Callable[[int], Array | None],
    log: Callable[[int], Array],
) -> Equilibrium:
    samples = list(world.samples)
    with np.errstate(divide="ignore"):
        logs = world.over_data([log(i) for i in samples], operator.add, operator.mul)
    rational = world.is_exact and v.is_exact and not any(isinstance(value, float) for value in multipliers.values())
    factors = [exact(i) for i in samples] if rational else [None]
    if any(factor is None for factor in factors):
        return _float_equilibrium(world.to_float(), v.to_float(), multipliers, logs)
    weight = v.theta * world.over_data(factors, operator.mul, operator.pow)  # type: ignore[arg-type]
    z = np.asarray(weight.sum(axis=-1))
    data = world.marginal(world.data).table
    _check_z(z == 0, data)
    empty = (z == 0)[..., None]
    rule = np.where(empty, v.theta, weight) / np.where(empty[..., 0], 1, z)[..., None]
    mean = sum(
        (PrimeLog.log(value) * p for value, p in zip(z.reshape(-1), data.reshape(-1), strict=True) if p), PrimeLog()
    )
    return Equilibrium(world.with_rule(rule), v, multipliers, freeze(logs), freeze(z), mean)


def _float_equilibrium(world: World, v: Variational, multipliers: dict[str, Scalar], logs: Array) -> Equilibrium:
    log = logs_of(v.theta) + logs
    data = world.marginal(world.data).table
    top = log.max(axis=-1, keepdims=True)
    _check_z(~np.isfinite(top[..., 0]), data)
    empty = ~np.isfinite(top)
    weight = np.where(empty, v.theta, np.exp(log - np.where(empty, 0.0, top)))
    total = weight.sum(axis=-1, keepdims=True)
    log_z = np.where(empty[..., 0], 0.0, log_mean(v.theta, logs))
    return Equilibrium(
        world.with_rule(weight / total), v, multipliers, freeze(np.array(logs)), None, float((data * log_z).sum())
    )


def _digits(table: Array) -> int:
    """Of the longest entry of an exact table, numerator and denominator."""
    bits = max(value.numerator.bit_length() + value.denominator.bit_length() for value in table.reshape(-1))
    return int(bits * math.log10(2)) + 1


def _check_digits(digits: int, name: str, value: Scalar) -> None:
    if digits > _DIGITS:
        raise ValueError(
            f"at {name} = {value} exact weights have some {digits:,} digits, and up to {_DIGITS:,} are computed with; "
            "take floats: world.to_float() (therml relax --floats)"
        )


def _check_z(empty: Array, data: Array) -> None:
    bad = np.argwhere(empty & (data > 0))
    if len(bad):
        where = tuple(int(k) for k in bad[0])
        raise ValueError(f"data set {where} has infinite cost for every theta: some q is 0 where the data need it")


def _needed(world: World, v: Variational, names: list[str]) -> Variational:
    """The q's, checked: they fit the world, and those that the multipliers need are there."""
    v = fitted(world, v)
    for name in names:
        if getattr(v, name) is None:
            raise ValueError(f"variational.{name} is None; these multipliers need it")
    return v


def _multiplier(name: str, value: Any) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= float(value) < float("inf"):
        raise ValueError(f"{name} is {value!r}; it is a finite number >= 0")
    return Fraction(value) if isinstance(value, numbers.Rational) else float(value)
