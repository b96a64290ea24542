"""What does a prior fitted by bootstrap or jackknife cost? Against the exact best prior (26), over all data sets.

A coin of two kinds, Theta the tempered posterior for the process's own likelihood and the prior 1/2. For N = 2, 3, ...
the excess of S over its least value, KL(p(theta); q(theta)) (56), averaged over data sets in exact sums, for q(theta)
    uniform     the modeller's prior before any data
    posterior   the posterior of the data set itself, used as its prior
    bootstrap   mean of the posteriors over all resampled data sets
    jackknife   mean of the posteriors over the data sets with one sample left out
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np

import therml_exact as tx
from therml_exact.thermo.prior import prior_excess
from validation.alone import alone
from validation.by_hand import information, outcomes, same
from validation.section import Section, Start, Table
from validation.verdicts import check

LARGEST = {False: 5, True: 8}  # samples

PHI, X = ["1/3", "2/3"], [["1/5", "4/5"], ["3/5", "2/5"]]
UNIFORM = np.array([Fraction(1, 2)] * 2)
Q = tx.Variational(theta=UNIFORM, x_given_theta=X)


@check("priors: the marginal is best", "no prior has a smaller S than p(theta)", "(26), (56): exact sums")
def best(least: float) -> bool:
    return least >= 0


def equilibrium(n: int, beta: int) -> tx.Equilibrium:
    rule = np.full((2,) * n + (2,), Fraction(1, 2), dtype=object)
    return tx.tempered_posterior(tx.BayesWorld(PHI, X, rule), Q, beta)


def section(full: bool, folder: Path, start: Start) -> Section:
    """What a prior costs that was fitted by bootstrap or jackknife."""
    rows, off = [], 0.0
    sizes = range(2, LARGEST[full] + 1)
    advance = start("resampled priors", 2 * len(sizes))
    for beta in (1, 3):
        for n in sizes:
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
            names, p = outcomes(e.world)
            off = max(off, abs(float(learnt) - information(names, p, ["Theta"], [f"X{i}" for i in e.world.samples])))
            rows.append((beta, n, float(learnt), *cost.values()))
            advance()
    return Section(
        "Priors fitted to one data set",
        "S is least for q(theta) = p(theta) (26), which needs all data sets. What a prior costs that is made from "
        "one: the modeller's own, the posterior itself, its bootstrap mean, its jackknife mean. A coin of two "
        "kinds, exact sums.",
        (
            Table(
                "Mean excess of S over I(Theta; X^N), nats",
                ("beta", "N", "I(Theta;X^N), nats", "uniform", "posterior", "bootstrap", "jackknife"),
                tuple(rows),
            ),
        ),
        failures=(
            *same.failures(f"I(Theta;X^N) is off by {off:.2g} nats from the sum over outcomes", difference=off),
            *(
                text
                for beta, n, _, *costs in rows
                for text in best.failures(
                    f"beta = {beta}, N = {n}: a prior has a smaller S than p(theta), by {-min(costs):.1g} nats",
                    least=min(costs),
                )
            ),
        ),
    )


if __name__ == "__main__":
    alone(section)
