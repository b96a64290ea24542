"""The objectives of Appendix H with S: no rule over any data lies below what is proved, and some reach it."""

from __future__ import annotations

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.frontier.joint.alternation import alternate, objective
from validation.appendix_h.bounds import between
from validation.appendix_h.data import infinite
from validation.appendix_h.objectives import OBJECTIVES, Objective

P = np.array([[0.3, 0.1], [0.05, 0.35], [0.15, 0.05]])
MANY = [Objective(0, "C + S/4", gamma=1, sigma=0.25), Objective(0, "R + 4 C + S/2", rho=1, gamma=4, sigma=0.5),
        Objective(0, "D/2 + R + 3 C + S/3", rho=1, delta=0.5, gamma=3, sigma=1 / 3)]  # fmt: skip


def joint(n: int) -> tx.JointProblem:
    x = P.sum(axis=1)
    return tx.JointProblem([1.0], [x / x.sum()], [P / x[:, None]], n, z_size=2)


@pytest.mark.parametrize("o", MANY, ids=lambda o: o.name)
@pytest.mark.parametrize("n", [1, 2])
def test_no_rule_is_below_it(o: Objective, n: int) -> None:
    problem, found = joint(n), between(P, o)
    rng = np.random.default_rng(n)
    rule = rng.dirichlet(np.full(4, 0.4), (300, len(problem.types)))
    encoder = rng.dirichlet(np.full(2, 0.4), (300, 3, 4))
    # S/N of the report's objective is sigma S of the problem's, whose R, D, C are sums over N.
    at = {"rho": o.rho, "delta": o.delta, "gamma": o.gamma, "sigma": o.sigma}
    assert objective(problem, at, rule, encoder).min() / n >= found.low
    rule, encoder = alternate(problem, at, rule[:60], encoder[:60], 300)
    assert objective(problem, at, rule, encoder).min() / n >= found.low - 1e-12


def test_at_one_sample_memory_reaches_it() -> None:
    """C + sigma S at N = 1, sigma < 1: Theta tells Y wholly, S = I(Theta;Y|X) = H(Y|X), and nothing is lower."""
    p = np.array([[0.25, 0.25], [0.25, 0.25]])
    found = between(p, MANY[0])
    assert found.low == pytest.approx(0.25 * np.log(2), abs=1e-9)  # Theta = Y, Z = Theta: C = 0, S = log 2
    assert found.high == pytest.approx(np.log(2), abs=1e-9)


@pytest.mark.parametrize("o", [o for o in OBJECTIVES if o.sigma], ids=lambda o: o.name)
def test_the_papers_objectives_are_bracketed(o: Objective) -> None:
    found = between(infinite(), o)
    assert all(best.status == "certified" and tx.verify(best.certificate).valid for best in found.optima)
    assert 0 <= found.low <= found.high
    # To pay for S never makes it easier.
    assert found.high <= between(infinite(), Objective(0, "more", o.rho, o.delta, o.gamma, 2 * o.sigma)).high
    assert found.low <= between(infinite(), Objective(0, "more", o.rho, o.delta, o.gamma, 2 * o.sigma)).low + 1e-9


def test_with_c_plus_s_no_learning_pays() -> None:
    found = between(infinite(), next(o for o in OBJECTIVES if o.name == "C + S"))
    assert found.high - found.low < 1e-8
