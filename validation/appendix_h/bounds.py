"""The objectives with S, from both sides: at least this, at most that, for every rule and encoder (nats per sample).

    rho R + delta D + gamma C + sigma S / N,       data independent from one p(x, y)

*At least.* The process is fixed, so the samples are independent and S = I(Theta;X^N,Y^N) >= N I(Theta;X,Y), with X, Y a
sample drawn uniformly: the one-sample problem bounds every N. There I(Theta;X,Y) >= I(Theta;Y|X) >= I(Z;Y|X), as
Z - (X,Theta) - Y, and R >= I(Z;X,Y). With I(Z;X,Y) = I(Z;X) + I(Z;Y|X) and (rho + sigma) I(Z;X,Y) + (delta + sigma)
H(X|Z) = rho I(Z;X,Y) + delta H(X|Z) + sigma [H(X) + I(Z;Y|X)], that is the encoder problem of (X, Y, Y) at
(rho + sigma, delta + sigma, gamma), less sigma H(X).

*At most.* A rule that looks at no data has S = 0: the best encoder of p(x, y) at (rho, delta, gamma).

Both are certified optima; between them lies what the best learning rule of any N achieves. Where the two meet, no rule
that learns is better than the best encoder without one.
Source: Alemi and Fischer, TherML (2018), (22), App. H.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import therml_exact as tx
from validation.appendix_h.objectives import Objective


@dataclass(frozen=True, eq=False)
class Between:
    """What the best rule achieves, per sample, in nats: at least `low` (proved), at most `high` (a witness's)."""

    low: float
    high: float
    optima: tuple[tx.Optimum, tx.Optimum]  # that prove the two


def between(p: np.ndarray, objective: Objective) -> Between:
    """Bounds of the least rho R + delta D + gamma C + sigma S/N over N, rules and encoders; data are from p[x, y]."""
    rho, delta, gamma, sigma = objective.weights
    told = np.zeros((*p.shape, p.shape[1]))
    for y in range(p.shape[1]):
        told[:, y, y] = p[:, y]
    joint = tx.Joint(told, ("X", "Theta", "Y"))
    below = tx.minimize(tx.EncoderProblem(joint), rho=rho + sigma, delta=delta + sigma, gamma=gamma)
    above = tx.minimize(tx.EncoderProblem(tx.Joint(p, ("X", "Y"))), rho=rho, delta=delta, gamma=gamma)
    # No functional is negative. The entropy's own rounding goes below.
    h_x = float(tx.entropy(joint, "X"))
    return Between(max(below.lower_bound - sigma * h_x * (1 + 1e-12), 0.0), above.value, (below, above))
