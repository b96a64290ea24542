"""What tables of a joint problem achieve: R, D, C and S of a rule and an encoder in balls (nats).

    R = N I(Z;X,Theta),   D = N H(X|Z),   C = N H(Y|Z),   S = I(Theta;T),     T the type of the data,
    X, Y, Z those of a sample drawn uniformly, with the best q's; objective = rho R + delta D + gamma C + sigma S.

Solver and checkers both read values off here. Errors: RefusedError for tables of other shapes and rows that are no
distributions.
Source: Alemi and Fischer, TherML (2018), (21), (22).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import numpy as np
from flint import arb

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.balls import ball, plogp
from therml_exact.numbers.tables import Array
from therml_exact.verification import require

Multipliers = Mapping[str, Fraction]


def functionals_in_balls(problem: JointProblem, rule: Array, encoder: Array) -> dict[str, arb]:
    """R, D, C, S with the best q's; rows are divided by their sums."""
    (nx, ny), letters = problem.shape, len(problem.types)
    require(rule.shape[:1] == (letters,) and rule.ndim == 2, f"the rule has shape {rule.shape}: {letters} rows")
    thetas = rule.shape[1]
    shape = (nx, thetas, problem.z_size)
    most = problem.theta_size or thetas
    require(1 <= thetas <= most, f"{thetas} values of theta; at most {most}")
    require(encoder.shape[:2] == shape[:2] and encoder.ndim == 3, f"the encoder has shape {encoder.shape}: {shape}")
    require(1 <= encoder.shape[2] <= problem.z_size, f"{encoder.shape[2]} values of z; at most {problem.z_size}")
    masses = [ball(mass) for _, mass in problem.types]
    rows = [_scaled(row) for row in rule.tolist()]
    s = _information(masses, rows)
    share = [[arb(0)] * (nx * ny) for _ in range(thetas)]  # N p(x, y, theta)
    for (counts, _), mass, row in zip(problem.types, masses, rows, strict=True):
        for k, r in enumerate(row):
            if r != 0:
                share[k] = [v + n * mass * r if n else v for v, n in zip(share[k], counts, strict=True)]
    pairs, codes = [], []
    z_size = encoder.shape[2]
    xz = [[arb(0)] * nx for _ in range(z_size)]
    yz = [[arb(0)] * ny for _ in range(z_size)]
    for x, k in product(range(nx), range(thetas)):
        cell = share[k][x * ny : (x + 1) * ny]
        row = _scaled(encoder[x, k].tolist())
        pairs.append(sum(cell, arb(0)) / problem.n)
        codes.append(row)
        for z, e in enumerate(row):
            xz[z][x] += sum(cell, arb(0)) * e / problem.n
            yz[z] = [v + p * e / problem.n for v, p in zip(yz[z], cell, strict=True)]
    n = problem.n
    return {"R": n * _information(pairs, codes), "D": n * _conditional(xz), "C": n * _conditional(yz), "S": s}


def exact_zeros(problem: JointProblem, rule: Array, encoder: Array) -> list[str]:
    """The names of the functionals that are exactly 0, told by supports and equal rows alone: no rounding enters.

    S where all types have one row, R where all encoders in use are one row, C (D) where each z has one y (x).
    """
    nx, ny = problem.shape
    counts = np.array([c for c, _ in problem.types]).reshape(-1, nx, ny) > 0
    used = np.einsum("ta,txy->axy", rule > 0, counts) > 0
    codes = encoder.transpose(1, 0, 2)
    rows = codes[used.any(axis=2)]
    zxy = np.einsum("axy,axz->zxy", used, codes > 0) > 0
    holds = {
        "S": bool((rule == rule[0]).all()),
        "R": bool((rows == rows[0]).all()),
        "C": bool((zxy.any(axis=1).sum(axis=1) <= 1).all()),
        "D": bool((zxy.any(axis=2).sum(axis=1) <= 1).all()),
    }
    return [name for name, zero in holds.items() if zero]


def objective_of(point: Mapping[str, arb], multipliers: Multipliers) -> arb:
    """The Lagrangian rho R + delta D + gamma C + sigma S."""
    names = {"R": "rho", "D": "delta", "C": "gamma", "S": "sigma"}
    return sum((ball(multipliers[names[name]]) * value for name, value in point.items()), arb(0))


def _information(masses: list[arb], rows: list[list[arb]]) -> arb:
    """I of a channel: sum p e log(e/q)."""
    total = arb(0)
    for column in zip(*rows, strict=True):
        q = sum((p * e for p, e in zip(masses, column, strict=True)), arb(0))
        total += plogp(q) - sum((p * plogp(e) for p, e in zip(masses, column, strict=True)), arb(0))
    return total


def _conditional(rows: list[list[arb]]) -> arb:
    """H(A|Z) of the table [z][a]."""
    total = arb(0)
    for row in rows:
        total += sum((plogp(v) for v in row), arb(0)) - plogp(sum(row, arb(0)))
    return total


def _scaled(row: list[float]) -> list[arb]:
    total = sum((arb(v) for v in row), arb(0))
    require(min(row) >= 0 and bool(abs(total - 1) < arb("1e-9")), "a row is no distribution")
    return [arb(v) / total for v in row]
