"""Time sharing: with probability mu_k use encoder k, and say in Z which one it was, K = k (nats).

K is independent of X and Theta, so that telling it costs nothing: I(Z, K; X, Theta) = sum_k mu_k I_k. D and C are
averages too, and so are S and U of a learning rule. Hence the achievable points are a convex set, and a mixture of
achieved points is achieved by the tables that are built here.

Errors: none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from therml_exact.frontier.mixture.optimum import Optimum
from therml_exact.frontier.problems.kinds import Problem

Array = np.ndarray[Any, Any]


def share(
    problem: Problem, weights: Sequence[float] | Array, optima: Sequence[Optimum]
) -> tuple[dict[str, float], dict[str, Array]]:
    """The functionals (by name, nats) and the tables (by name) of a mixture of the optima's witnesses.

    weights   mu[k] >= 0 of sum 1, one for each optimum
    """
    table = np.concatenate([w * o.encoder for w, o in zip(weights, optima, strict=True)], axis=-1)
    return problem.tables(table)
