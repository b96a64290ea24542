"""Time sharing: with probability mu_k use encoder k, and say which in Z (nats).

The flag costs nothing: I(Z, K; X, Theta) = sum_k mu_k I_k, and D, C (S, U for a learning rule) are averages too. So
the achievable points are a convex set, and a point between two of them has this witness.

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
    """The functionals and the tables of a mixture of witnesses."""
    table = np.concatenate([w * o.encoder for w, o in zip(weights, optima, strict=True)], axis=-1)
    return problem.tables(table)
