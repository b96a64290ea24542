"""What does a prior fitted by bootstrap or jackknife cost? Against the exact best prior (26), over all data sets.

    python validation/resampled_priors.py [--samples 8]

A coin of two kinds, Theta the tempered posterior for the process's own likelihood and the prior 1/2. For N = 2, 3, ...
the excess of S over its least value, KL(p(theta); q(theta)) (56), averaged over data sets in exact sums, for q(theta)
    uniform     the modeller's prior before any data
    posterior   the posterior of the data set itself, used as its prior
    bootstrap   mean of the posteriors over all resampled data sets
    jackknife   mean of the posteriors over the data sets with one sample left out
"""

from __future__ import annotations

import argparse
import itertools
from fractions import Fraction

import numpy as np
from rich.console import Console
from rich.table import Table

import therml_exact as tx
from therml_exact.thermo.prior import prior_excess

PHI, X = ["1/3", "2/3"], [["1/5", "4/5"], ["3/5", "2/5"]]
UNIFORM = np.array([Fraction(1, 2)] * 2)
Q = tx.Variational(theta=UNIFORM, x_given_theta=X)


def equilibrium(n: int, beta: int) -> tx.Equilibrium:
    rule = np.full((2,) * n + (2,), Fraction(1, 2), dtype=object)
    return tx.tempered_posterior(tx.BayesWorld(PHI, X, rule), Q, beta)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=8)
    arguments = parser.parse_args()
    console = Console(width=100)
    table = Table(title="Mean excess of S, nats")
    for heading in ("beta", "N", "I(Theta;X^N)", "uniform", "posterior", "bootstrap", "jackknife"):
        table.add_column(heading, justify="right")
    for beta in (1, 3):
        for n in range(2, arguments.samples + 1):
            e, smaller = equilibrium(n, beta), equilibrium(n - 1, beta).rule
            cost = dict.fromkeys(("uniform", "posterior", "bootstrap", "jackknife"), 0.0)
            for data in itertools.product(range(2), repeat=n):
                estimates = {
                    "uniform": UNIFORM,
                    "posterior": e.rule[data],
                    "bootstrap": tx.bootstrap_prior(e.rule, data),
                    "jackknife": tx.jackknife_prior(smaller, data),
                }
                for name, prior in estimates.items():
                    cost[name] += float(e.data[data]) * float(prior_excess(e.world, prior))
            learnt = tx.mutual_information(e.world, "Theta", [f"X{i}" for i in e.world.samples])
            table.add_row(str(beta), str(n), f"{float(learnt):.5f}", *(f"{value:.5f}" for value in cost.values()))
    console.print(table)


if __name__ == "__main__":
    main()
