"""The zeroth law: two models of the same data, coupled, and when their temperatures agree (nats).

Coupling: Theta_C = (Theta_A, Theta_B), Z_C = (Z_A, Z_B), rules and encoders multiplied. With product q's

    R_C = R_A + R_B,    S_C = S_A + S_B,

and with the optimal q's, one for each sample,

    R_C = R_A + R_B - sum_i I(Z_A,i; Z_B,i),    S_C = S_A + S_B - I(Theta_A; Theta_B).

Equilibrium at fixed total rate (97) is p*(theta|d) = q exp(-R_C/sigma_C)/Z. The paper compares exponents (98), with a
misprinted sigma for sigma_A, as one scalar equation

    R_A/sigma_A + R_B/sigma_B = (R_A + R_B)/sigma_C    =>    sigma_A = sigma_B = sigma_C

which does not follow: R_A = R_B and 2/sigma_C = 1/sigma_A + 1/sigma_B satisfy it. What is true: the coupled equilibrium
is the product of the two if and only if, on each data set, R_A(theta_A) (1/sigma_A - 1/sigma_C) and R_B likewise are
constant over the parameters; where neither rate is constant on some data set, all three temperatures are equal.

Two models at different temperatures, coupled at constant <R_A + R_B>, meet at a temperature between: rate flows to
the colder one, since <R> grows with sigma, d<R>/d sigma = <Var R>/sigma^2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array, unify
from therml_exact.thermo.boltzmann import Equilibrium
from therml_exact.variational import Variational
from therml_exact.worlds import WorldP


def couple(a: WorldP, b: WorldP) -> WorldP:
    """Two models of the same data as one with Theta_C = (Theta_A, Theta_B) and Z_C = (Z_A, Z_B).

    a, b: two WorldP of the same process and number of samples. Returns a WorldP whose parameter is
    theta_a |Theta_B| + theta_b, and its representation likewise. Raises ValueError where the processes or N differ.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> print(tx.couple(world, world).summary())
    WorldP with N = 1, |Phi| = 1, |X| = 1, |Y| = 2, |Theta| = 4, |Z| = 4; exact
    """
    for name, world in (("a", a), ("b", b)):
        if not isinstance(world, WorldP):
            raise TypeError(f"{name} is a {type(world).__name__}; give a WorldP")
    for name in ("phi", "x_given_phi", "y_given_x_phi"):
        one, other = a.tables[name], b.tables[name]
        if one.shape != other.shape or not np.all(one == other):
            raise ValueError(f"{name} differs; coupled models see the same process")
    if a.n != b.n:
        raise ValueError(f"the models have N = {a.n} and N = {b.n} samples; coupled models see the same data")
    rule = _outer(a.theta_given_data, b.theta_given_data)
    encoder = a.z_given_x_theta[:, :, None, :, None] * b.z_given_x_theta[:, None, :, None, :]
    x, ta, tb, za, zb = encoder.shape
    return WorldP(a.phi, a.x_given_phi, a.y_given_x_phi, rule, encoder.reshape(x, ta * tb, za * zb))


def couple_priors(a: Variational, b: Variational) -> Variational:
    """The product q's of theta and z of two models."""
    tables = unify({"a": a.theta, "b": b.theta, "za": a.z, "zb": b.z})
    return Variational(theta=_outer(tables["a"], tables["b"]), z=_outer(tables["za"], tables["zb"]))


def same_temperature(a: Equilibrium, b: Equilibrium, c: Equilibrium) -> bool:
    """Whether the coupled equilibrium c is the product of a and b as functions of theta and data: the corrected (98).

    Decided for exact equilibria, within 1e-12 for floats; data sets of probability 0 do not count.
    """
    product, coupled = _outer(a.rule, b.rule), c.rule
    if product.shape != coupled.shape:
        raise ValueError(f"c has a rule of shape {coupled.shape}; that of the coupled model is {product.shape}")
    off = abs(product - coupled)[c.data > 0]
    return bool((off <= (0 if off.dtype == object else 1e-12)).all())


@dataclass(frozen=True)
class Contact:
    """Two models that were brought into contact at constant total rate (97); rates in nats, temperatures without unit.

    sigma_a  the temperature of A before
    sigma_b  the temperature of B before
    sigma    the common temperature after
    before   the mean rates (R_A, R_B) before
    after    the mean rates (R_A, R_B) after; their sum is that before
    flow     the rate that A gains from B
    """

    sigma_a: float
    sigma_b: float
    sigma: float
    before: tuple[float, float]
    after: tuple[float, float]

    @property
    def flow(self) -> float:
        """The rate that model A gains from B."""
        return self.after[0] - self.before[0]

    def __str__(self) -> str:
        return (
            f"σ_A = {self.sigma_a:.6g}, σ_B = {self.sigma_b:.6g} -> σ = {self.sigma:.6g}; "
            f"R_A {self.before[0]:.6g} -> {self.after[0]:.6g}, R_B {self.before[1]:.6g} -> {self.after[1]:.6g} (nats)"
        )


def contact(
    a: Callable[[float], Equilibrium], b: Callable[[float], Equilibrium], sigma_a: float, sigma_b: float
) -> Contact:
    """Contact of two models at constant total rate <R_A + R_B> (97): rate flows until their temperatures are one.

    a, b: functions of sigma that return an Equilibrium with gamma = delta = 0. sigma_a, sigma_b: their temperatures
    before, > 0, without unit. Returns a Contact in floats: rates in nats, and the common temperature, which lies
    between. Raises TypeError for what is no function; ValueError where the total rate does not vary between the two
    temperatures.

    >>> import therml_exact as tx
    >>> def model(flip):
    ...     rule, encoder = [[[1.0, 0.0], [0.0, 1.0]]], [[[1 - flip, flip], [0.5, 0.5]]]
    ...     world = tx.WorldP([1.0], [[1.0]], [[[0.5, 0.5]]], rule, encoder)
    ...     q = tx.Variational(theta=[0.5, 0.5], z=[0.5, 0.5])
    ...     return lambda sigma: tx.boltzmann(world, q, sigma)
    >>> met = tx.contact(model(0.1), model(0.3), sigma_a=0.2, sigma_b=2.0)
    >>> round(met.sigma, 4), round(met.flow, 4)
    (0.2176, 0.0068)
    """
    from scipy.optimize import brentq

    for name, model in (("a", a), ("b", b)):
        if not callable(model):
            raise TypeError(f"{name} is a {type(model).__name__}; give a function of sigma that returns an Equilibrium")
    before = mean_rate(a(sigma_a)), mean_rate(b(sigma_b))
    if sigma_a == sigma_b:
        return Contact(sigma_a, sigma_b, sigma_a, before, before)

    def excess(sigma: float) -> float:
        return mean_rate(a(sigma)) + mean_rate(b(sigma)) - sum(before)

    low, high = sorted((sigma_a, sigma_b))
    if excess(low) >= 0 or excess(high) <= 0:
        raise ValueError("the total rate does not vary between the two temperatures: nothing can flow")
    sigma = float(brentq(excess, low, high, xtol=1e-14, rtol=1e-14))
    return Contact(sigma_a, sigma_b, sigma, before, (mean_rate(a(sigma)), mean_rate(b(sigma))))


def mean_rate(equilibrium: Equilibrium) -> float:
    """<R> of an equilibrium whose cost is R alone."""
    if any(equilibrium.multipliers.get(name) for name in ("gamma", "delta")):
        raise ValueError("(97) holds the rate alone: gamma and delta are 0")
    data = equilibrium.data.astype(np.float64)[..., None]
    with np.errstate(invalid="ignore"):
        cost = np.where(equilibrium.rule > 0, -equilibrium.log_weight * float(equilibrium.sigma), 0.0)
    return float((data * equilibrium.rule.astype(np.float64) * cost).sum())


def _outer(a: Any, b: Any) -> Array:
    """Products over the last axis, flattened: [..., i |b| + j]."""
    product = np.asarray(a)[..., :, None] * np.asarray(b)[..., None, :]
    return np.asarray(product.reshape(*product.shape[:-2], -1))
