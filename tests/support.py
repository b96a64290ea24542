"""How results are held against the oracle."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import oracle

import therml_exact as tx


def same(value: Any, expected: oracle.Logs) -> bool:
    """Exact equality of a result with the oracle's sum of logarithms."""
    if expected.infinite:
        return value == math.inf
    if not isinstance(value, tx.PrimeLog):
        return False
    if value != tx.PrimeLog(expected.terms):
        return False
    if expected.small():
        # Coefficients on primes are unique; the library's coprime parts are primes where they are small.
        return value.coefficients() == expected.primes()
    with mpmath.workdps(40):
        return abs(mpmath.mpf(float(value)) - expected.mp()) <= 2.0**-52 * (abs(expected.mp()) + 2.0**-1000)


def close(value: Any, expected: oracle.Logs, tolerance: float = 1e-14) -> bool:
    """|value - expected| <= tolerance (|expected| + 1), against 50 digits."""
    assert isinstance(value, float)
    if expected.infinite:
        return value == math.inf
    with mpmath.workdps(40):
        return abs(mpmath.mpf(value) - expected.mp()) <= tolerance * (abs(expected.mp()) + 1)


def rational_rows(rng: np.random.Generator, shape: tuple[int, ...], high: int = 6, zeros: bool = True) -> np.ndarray:
    """Random exact rows on the last axis, zeros included."""
    cells = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape[:-1]):
        counts = [int(c) for c in rng.integers(0 if zeros else 1, high, size=shape[-1])]
        counts = counts if any(counts) else [1] * shape[-1]
        for k, count in enumerate(counts):
            cells[(*index, k)] = Fraction(count, sum(counts))
    return cells


def of_world(world: tx.World, v: tx.Variational | None = None) -> oracle.World:
    """The oracle's world with the same tables."""
    return oracle.World(world.kind, list(world.tables.values()), v.given() if v is not None else None)


def random_worlds(seeds: range, n: int, kind: str = "P", top: int = 3) -> list[tx.World]:
    """Exact worlds of every kind with alphabets 1..top."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        phi, x, y, theta, z = (int(k) for k in rng.integers(1, top + 1, size=5))
        tables = {
            "phi": rational_rows(rng, (phi,)),
            "x_given_phi": rational_rows(rng, (phi, x)),
            "y_given_x_phi": rational_rows(rng, (phi, x, y)),
        }
        if kind == "bayes":
            tables.pop("y_given_x_phi")
        tables["theta_given_data"] = rational_rows(rng, (*((x,) if kind == "bayes" else (x, y)) * n, theta))
        if kind == "P":
            tables["z_given_x_theta"] = rational_rows(rng, (x, theta, z))
        found.append({"P": tx.WorldP, "bayes": tx.BayesWorld, "discriminative": tx.DiscriminativeWorld}[kind](**tables))
    return found


def random_variational(
    rng: np.random.Generator, world: tx.World, per_sample: bool = False, zeros: bool = False
) -> tx.Variational:
    """Arbitrary exact q's."""
    sizes = {name.rstrip("1"): size for name, size in world.network.sizes.items()}
    tables = {}
    for name in world.families:
        given, what = oracle.FAMILIES[name]
        shape = tuple(sizes[v] for v in (*given, what))
        lead = (world.n,) if per_sample and name != "theta" else ()
        tables[name] = rational_rows(rng, (*lead, *shape), zeros=zeros)
    return tx.Variational(**tables)
