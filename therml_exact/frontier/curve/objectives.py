"""The objectives of the literature as points of one frontier (the paper's section 3; nats).

All are rho R + delta D + gamma C with sigma = 0:

    supervised          rho = 0, C alone              autoencoder       rho = 0, D alone
    VIB                 R + gamma C                   ELBO (VAE)        R + D
    beta-VAE            R + delta D, delta = 1/beta   semi-supervised   R + D + alpha C

With Theta trivial R + D >= H(X), attained by every encoder: the ELBO prefers none, a beta-VAE below delta = 1 is best
with a constant code, and above it with Z = X.

Errors: those of minimize.
"""

from __future__ import annotations

from dataclasses import dataclass

from therml_exact.frontier.minimize import minimize
from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.encoder import EncoderProblem


@dataclass(frozen=True)
class Named:
    """An objective of the literature at its optimum.

    name      what it is called, such as "VIB"
    formula   the weighted functionals, such as "R + 2 C"
    optimum   its optimum, with value and lower bound in nats
    """

    name: str
    formula: str
    optimum: Optimum


def named_objectives(
    problem: EncoderProblem, gamma: float, delta: float = 0.5, alpha: float = 1.0
) -> tuple[Named, ...]:
    """The optima of the named objectives of section 3, in the order of the module's table of formulas.

    problem   the encoder problem
    gamma     the multiplier of C in VIB, no unit
    delta     the multiplier of D in the beta-VAE (1/beta), no unit
    alpha     the multiplier of C in the semi-supervised objective, no unit
    """
    table = (
        ("VIB", f"R + {gamma:.3g} C", {"gamma": gamma}),
        ("β-VAE", f"R + {delta:.3g} D", {"delta": delta}),
        ("ELBO", "R + D", {"delta": 1.0}),
        ("semi-supervised", f"R + D + {alpha:.3g} C", {"delta": 1.0, "gamma": alpha}),
        ("supervised", "C", {"rho": 0.0, "gamma": 1.0}),
        ("autoencoder", "D", {"rho": 0.0, "delta": 1.0}),
    )
    ones = {"rho": 1.0, "delta": 0.0, "gamma": 0.0}

    def best(given: dict[str, float]) -> Optimum:
        """The optimum at these multipliers, the others being those of R alone."""
        m = {**ones, **given}
        return minimize(problem, gamma=m["gamma"], delta=m["delta"], rho=m["rho"])

    return tuple(Named(name, formula, best(m)) for name, formula, m in table)
