"""The paper's functionals of a world and its variational distributions (nats), <.> the mean in world P.

    S   = <log p(theta|x^N,y^N)/q(theta)>  >= I(Theta; X^N, Y^N)     entropy              (10), (44), (52 corrected)
    R_i = <log p(z_i|x_i,theta)/q(z_i)>    >= I(Z_i; X_i, Theta)     rate                 (11)
    C_i = -<log q(y_i|z_i)>                >= H(Y_i|Z_i)             classification error (12)
    D_i = -<log q(x_i|z_i)>                >= H(X_i|Z_i)             distortion           (13)
    V_i = <log p(z_i|x_i,theta)/q(z_i|x_i)> >= I(Z_i; Theta|X_i)     volume               (Appendix A)
    U_i = -<log q(x_i|theta)> or -<log q(y_i|x_i,theta)>             energy               (45), (53)

R, C, D, V, U are the sums over i. (52) prints p(theta|X^n); (54) needs the labels too.
Footnote 8: with measures m(x), m(y), D_i = -<log q(x_i|z_i)/m(x_i)> and likewise C_i.
Each is infinite (math.inf) where a q is 0 and p is not. Exact worlds give PrimeLog, float worlds float.
Errors: ValueError where a q's shape or kind of number does not fit the world.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.doors import WORLD, check_type
from therml_exact.files import save_result
from therml_exact.information import Information, plain, zero
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, entry, read_table
from therml_exact.numbers.weights import Number
from therml_exact.variational import FAMILIES, Variational, family, ratio
from therml_exact.worlds import World

Value = PrimeLog | float


@dataclass(frozen=True)
class Functionals:
    """The functionals of a world and its q's in nats, each a PrimeLog or a float; None where no q for it is given.

    R  the rate (11), summed over the samples
    C  the classification error (12), summed over the samples
    D  the distortion (13), summed over the samples
    S  the entropy of the learning rule (10), (44), (52); there is one for all samples
    V  the volume (Appendix A), summed over the samples
    U  the energy (45), (53) of a BayesWorld or DiscriminativeWorld, summed over the samples
    R_i, C_i, D_i, V_i, U_i  the terms of these sums, a tuple with an entry for each sample

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> f = tx.functionals(world, tx.Variational(z=["1/4", "3/4"]))
    >>> print(f.R, "|", f.C)
    2 log 2 - 1/2 log 3 | None
    >>> print(f)
    R = 0.836988 (nats)
    """

    R: Information | None = None
    C: Information | None = None
    D: Information | None = None
    S: Information | None = None
    V: Information | None = None
    U: Information | None = None
    R_i: tuple[Information, ...] | None = None
    C_i: tuple[Information, ...] | None = None
    D_i: tuple[Information, ...] | None = None
    V_i: tuple[Information, ...] | None = None
    U_i: tuple[Information, ...] | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the values as JSON, in nats."""
        save_result("functionals", {"units": "nats", **vars(self)}, path)

    def __str__(self) -> str:
        given = {name: getattr(self, name) for name in "RCDSVU" if getattr(self, name) is not None}
        return ", ".join(f"{name} = {float(value):.6g}" for name, value in given.items()) + " (nats)"


def functionals(world: World, variational: Variational, measure_x: Any = None, measure_y: Any = None) -> Functionals:
    """The functionals R, C, D, S, V, U of a world with the given q's, in nats (equations 10-13, 44, 45, 52, 53).

    world: any world. variational: the q's, in the world's alphabets and its kind of number.
    measure_x: positive weights [x], against which D is taken (footnote 8), D_i = -<log q(x_i|z_i)/m(x_i)>; 1 by
    default.
    measure_y: positive weights [y], against which C is taken likewise.
    Returns Functionals: PrimeLogs in an exact world, floats in one of floats; math.inf where a q is 0 and p is not.
    Raises ValueError where a q's shape or kind of number does not fit the world.

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> print(tx.functionals(world, tx.optimal_variational(world)))
    R = 0.693147, C = 0, D = 0, S = 0.693147, V = 0.693147 (nats)
    """
    check_type(world, World, "world", WORLD)
    variational = fitted(world, variational)
    measures = {
        "x_given_z": _measure(world, "measure_x", measure_x, "X1"),
        "y_given_z": _measure(world, "measure_y", measure_y, "Y1"),
    }

    def per_sample(name: str, of: Callable[[World, Variational, int], Number]) -> tuple[Number, ...] | None:
        if getattr(variational, name) is None:
            return None
        measure = measures.get(name)
        if measure is not None:
            return tuple(cross(world, variational, name, i, measure) for i in world.samples)
        return tuple(of(world, variational, i) for i in world.samples)

    parts = {
        "R": per_sample("z", rate),
        "C": per_sample("y_given_z", classification_error),
        "D": per_sample("x_given_z", distortion),
        "V": per_sample("z_given_x", volume),
        "U": per_sample(world.projection[0], energy) if world.kind != "P" else None,
    }
    sums = {name: plain(sum(values, start=zero(world.is_exact))) for name, values in parts.items() if values}
    each = {f"{name}_i": tuple(plain(value) for value in values) for name, values in parts.items() if values}
    s = plain(entropy_functional(world, variational)) if variational.theta is not None else None
    return Functionals(S=s, **sums, **each)  # type: ignore[arg-type]


def entropy_functional(world: World, v: Variational) -> Number:
    """S (10): the divergence of the learning rule from the prior q(theta)."""
    return _excess(world, v, "theta", 1, list(world.data), "Theta")


def rate(world: World, v: Variational, i: int) -> Number:
    """R_i (11): the divergence of the encoder from the marginal q(z)."""
    return _excess(world, v, "z", i, [f"X{i}", "Theta"], f"Z{i}")


def classification_error(world: World, v: Variational, i: int) -> Number:
    """C_i (12)."""
    return cross(world, v, "y_given_z", i)


def distortion(world: World, v: Variational, i: int) -> Number:
    """D_i (13)."""
    return cross(world, v, "x_given_z", i)


def volume(world: World, v: Variational, i: int) -> Number:
    """V_i (Appendix A): the divergence of the encoder from q(z|x)."""
    return _excess(world, v, "z_given_x", i, [f"X{i}", "Theta"], f"Z{i}")


def energy(world: World, v: Variational, i: int) -> Number:
    """U_i (45), (53)."""
    return cross(world, v, world.projection[0], i)


def cross(world: World, v: Variational, name: str, i: int, measure: Array | None = None) -> Number:
    """-<log q/m> for a variational table and sample, m = 1 by default."""
    table = v.table(name, i)
    assert table is not None  # callers ask for given tables only
    top, bottom = ratio(table)
    if measure is not None:
        m_top, m_bottom = ratio(measure)
        top, bottom = top * m_bottom, bottom * m_top
    return _widened(family(world, name, i).cross_entropy(top, bottom), v, name)


def _excess(world: World, v: Variational, name: str, i: int, given: list[str], what: str) -> Number:
    """<log p(what|given)/q>, for a q that is conditioned on the first few of `given`.

    Of floats it is summed as a divergence: it is never negative, and loses no digits where p is near q. Exactly it is
    -<log q> less the conditional entropy: another sum than that of the divergences (61) that it is compared with.
    """
    if world.is_exact:
        own = world.weights([*given, what])
        return cross(world, v, name, i) - own.conditional_entropy(own.array.sum(axis=-1, keepdims=True))
    table = v.table(name, i)
    assert table is not None  # callers ask for given tables only
    weights = world.weights([*given, what])
    rows = table.reshape(*table.shape[:-1], *(1,) * (weights.array.ndim - table.ndim), table.shape[-1])
    return _widened(weights.divergence_of_rows(rows, 1), v, name)


def divergence(world: World, v: Variational, name: str, i: int) -> Number:
    """D_KL[p(a|b); q(a|b)] averaged over b, for a variational table and sample (61)."""
    table = v.table(name, i)
    assert table is not None
    return _widened(family(world, name, i).divergence_of_rows(*ratio(table)), v, name)


def _widened(number: Number, v: Variational, name: str) -> Number:
    """A float with an error that covers what the rows of the table lack to 1."""
    off = v.deviations[name]
    return Approximate(number.value, number.error + 2 * off) if isinstance(number, Approximate) else number


def fitted(world: World, v: Variational) -> Variational:
    """The q's, checked to have the world's alphabets and samples, in its kind of number."""
    if not isinstance(v, Variational):
        raise TypeError(f"the q's are a {type(v).__name__}; give a Variational")
    check_type(world, World, "world", WORLD)
    tables = v.given()
    if tables and v.whole and not world.is_exact:
        return fitted(world, v.to_float())
    if tables and v.is_exact != world.is_exact:
        one, other = ("exact", "float64") if v.is_exact else ("float64", "exact")
        raise ValueError(f"the variational tables are {one} and the world is {other}; use .to_float() on the exact one")
    sizes = {
        name.rstrip("1"): size
        for name, size in world.network.sizes.items()
        if not name[-1].isdigit() or name[1:] == "1"
    }
    for name, table in tables.items():
        if name not in world.families:
            raise ValueError(
                f"{name} has no meaning in {type(world).__name__}; its q's are {', '.join(world.families)}"
            )
        given, what = FAMILIES[name]
        expected = tuple(sizes[variable] for variable in (*given, what))
        shape = table.shape[1:] if v.per_sample(name) else table.shape
        letters = ", ".join(variable.lower() for variable in (*given, what))
        if shape != expected:
            raise ValueError(f"{name} has shape {table.shape}; the world's [{letters}] needs {expected}")
        if v.per_sample(name) and len(table) != world.n:
            raise ValueError(
                f"{name} has {len(table)} entries on its leading axis; the world has N = {world.n} samples"
            )
    return v


def _measure(world: World, name: str, values: Any, variable: str) -> Array | None:
    if values is None:
        return None
    if world.kind != "P":
        raise ValueError(f"{name} belongs to D and C, which {type(world).__name__} does not have")
    measure = read_table(values, name)
    expected = (world.network.sizes[variable],)
    if measure.shape != expected:
        raise ValueError(f"{name} has shape {measure.shape}; it has one positive weight for each letter, {expected}")
    zero = np.flatnonzero([value <= 0 for value in measure])
    if len(zero):
        raise ValueError(f"{entry(name, (int(zero[0]),))} is {measure[zero[0]]}; a measure is positive")
    if world.is_exact and measure.dtype != object:
        raise ValueError(f"{name} holds floats and the world is exact; give Fractions, or use world.to_float()")
    return measure if world.is_exact else measure.astype(np.float64)
