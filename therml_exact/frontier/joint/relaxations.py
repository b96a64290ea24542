"""Encoder problems that relax a joint problem, and the tree of deterministic rules at sigma = 0 (nats).

With T the type of the data and X, Y, Z those of a sample drawn uniformly:

    types       S >= I(Theta;T|X) >= I(Z;T|X) and R >= N I(Z;X,T), as Theta - T - X and Z - (X,Theta) - T:
                the encoder problem of (X, T, Y) at (N rho + sigma, N delta + sigma, N gamma), less sigma H(X)
    samples     data independent and alike: S >= N I(Theta;X,Y) >= N I(Z;Y|X), R >= N I(Z;X,Y):
                N times the encoder problem of (X, Y, Y) at (rho + sigma, delta + sigma, gamma), less N sigma H(X)
    constant    theta_size = 1: N times the encoder problem of (X, Y) at (rho, delta, gamma)
    partitions  sigma = 0: given encoder and q's the objective is linear in the rule, so some deterministic rule, a
                partition of the types, is optimal. Where only the first types' blocks are decided, to know the others
                apart costs nothing: N times the encoder problem of (X, block, Y) bounds all rules that follow

For (rho + sigma) I(Z;X,T) + (delta + sigma) H(X|Z) = rho I(Z;X,T) + delta H(X|Z) + sigma [H(X) + I(Z;T|X)].
`types` at sigma = 0 is exact where theta_size reaches the number of types. The solver and the checker both build their
encoder problems here.
Errors: RefusedError for a kind that does not apply.
Source: Alemi and Fischer, TherML (2018), (21), (22).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from therml_exact.frontier.joint.entropies import exact_tables
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.joint import Joint
from therml_exact.verification import require

Multipliers = Mapping[str, Fraction]


def decisions(problem: JointProblem, decided: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The blocks that the next type may join: those before it, or a new one."""
    blocks = max(decided, default=-1) + 1
    return [(*decided, block) for block in range(min(blocks + 1, problem.thetas))]


def decided_problem(problem: JointProblem, decided: tuple[int, ...]) -> EncoderProblem:
    """(X, block, Y) where the most probable types have the blocks decided, and each other type one of its own."""
    order = by_mass(problem)
    blocks = max(decided, default=-1) + 1
    cells = np.full((problem.shape[0], blocks + len(order) - len(decided), problem.shape[1]), Fraction(0), dtype=object)
    for k, t in enumerate(order):
        cells[:, decided[k] if k < len(decided) else blocks + k - len(decided)] += problem.cells[:, t]
    return EncoderProblem(Joint(cells, ("X", "T", "Y")))


def by_mass(problem: JointProblem) -> list[int]:
    """The types, the most probable first."""
    return sorted(range(len(problem.types)), key=lambda t: (-problem.types[t][1], t))


def relaxation(
    problem: JointProblem, multipliers: Multipliers, kind: str
) -> tuple[EncoderProblem, dict[str, Fraction], Fraction, Fraction]:
    """The encoder problem of a kind of bound, its multipliers, its factor and the multiple of H(X) to subtract."""
    rho, delta, gamma, sigma = (multipliers[name] for name in ("rho", "delta", "gamma", "sigma"))
    n, one = Fraction(problem.n), Fraction(1)
    cells = problem.cells
    if kind == "types":
        at = {"rho": n * rho + sigma, "delta": n * delta + sigma, "gamma": n * gamma}
        return EncoderProblem(Joint(cells, ("X", "T", "Y"))), at, one, sigma
    pairs = cells.sum(axis=1)
    if kind == "samples":
        require(independent(problem), "the samples depend on each other")
        diagonal = np.full((*pairs.shape, pairs.shape[1]), Fraction(0), dtype=object)
        for y in range(pairs.shape[1]):
            diagonal[:, y, y] = pairs[:, y]
        at = {"rho": rho + sigma, "delta": delta + sigma, "gamma": gamma}
        return EncoderProblem(Joint(diagonal, ("X", "T", "Y"))), at, n, n * sigma
    require(kind == "constant" and problem.theta_size == 1, f"the bound {kind!r} does not apply")
    return EncoderProblem(Joint(pairs, ("X", "Y"))), {"rho": rho, "delta": delta, "gamma": gamma}, n, Fraction(0)


def independent(problem: JointProblem) -> bool:
    """Whether p(x,y|phi) is the same for every phi that occurs."""
    prior, tables = exact_tables(problem)
    used = [table for p, table in zip(prior, tables, strict=True) if p]
    return all((table == used[0]).all() for table in used)
