"""The functionals of a witness's tables in ball arithmetic: what a saved point claims to have achieved (nats).

    R = sum p e log(e/q),   D = H(X|Z),   C = H(Y|Z)           of an encoder e = p(z|x,theta), q its marginal
    S = sum p e log(e/q),   U = -sum log p(x|theta) (Bayes), -sum log p(y|x,theta) (discriminative)   of a rule e

Rows are divided by their sums, in balls.
Errors: ValueError for tables that are no rows of the problem's letters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.leaves import ball, plogp
from therml_exact.frontier.problems import BayesProblem, EncoderProblem, Problem


def functionals_in_balls(problem: Problem, encoder: Any) -> dict[str, arb]:
    """R, D, C or S, U of an encoder [x, theta, z] or a rule [type, theta]."""
    table = np.asarray(encoder, dtype=float)
    if isinstance(problem, EncoderProblem):
        letters = problem.cells.reshape(-1, problem.cells.shape[2])
        masses = [ball(v) for v in letters.sum(axis=1).tolist()]
        shape = problem.cells.shape[:2]
    else:
        masses = [ball(p) for _, p in problem.types]
        shape = (len(masses),)
    if table.shape[:-1] != shape or not table.size or not (np.isfinite(table).all() and (table >= 0).all()):
        raise ValueError(f"the encoder has shape {table.shape}; its rows are distributions for the letters {shape}")
    rows = [_scaled(row) for row in table.reshape(-1, table.shape[-1]).tolist()]
    codes = range(table.shape[-1])
    weighted = [[m * e for e in row] for m, row in zip(masses, rows, strict=True)]
    q = [sum((row[z] for row in weighted), arb(0)) for z in codes]
    rate = sum((plogp(v) for v in q), arb(0))
    for m, row in zip(masses, rows, strict=True):
        rate -= m * sum((plogp(e) for e in row), arb(0))
    if isinstance(problem, EncoderProblem):
        group = np.repeat(np.arange(shape[0]), shape[1])
        y = [
            [ball(v / m) if m else arb(0) for v in row]
            for row, m in zip(letters.tolist(), letters.sum(axis=1), strict=True)
        ]
        distortion = classification = arb(0)
        for z in codes:
            xs = [arb(0)] * shape[0]
            ys = [arb(0)] * letters.shape[1]
            for w, row in enumerate(weighted):
                xs[group[w]] += row[z]
                ys = [a + row[z] * b for a, b in zip(ys, y[w], strict=True)]
            distortion += sum((plogp(v) for v in xs), arb(0)) - plogp(q[z])
            classification += sum((plogp(v) for v in ys), arb(0)) - plogp(q[z])
        return {"R": rate, "D": distortion, "C": classification}
    blocks = 1 if isinstance(problem, BayesProblem) else problem.shape[0]
    energy = arb(0)
    for z in codes:
        counts = [arb(0)] * len(problem.types[0][0])
        for (n, _), row in zip(problem.types, weighted, strict=True):
            counts = [c + k * row[z] if k else c for c, k in zip(counts, n, strict=True)]
        width = len(counts) // blocks
        for b in range(blocks):
            part = counts[b * width : (b + 1) * width]
            energy += sum((plogp(v) for v in part), arb(0)) - plogp(sum(part, arb(0)))
    return {"S": rate, "U": energy}


def within(reached: arb, claimed: float, margin: float) -> bool:
    """Whether a functional is proved to differ from a claimed float by no more than the margin."""
    return bool(abs(reached - arb(claimed)) <= arb(margin))


def _scaled(row: list[float]) -> list[arb]:
    total = sum((arb(v) for v in row), arb(0))
    if not abs(total - 1) < arb("1e-9"):
        raise ValueError("a row of the encoder does not sum to 1")
    return [arb(v) / total for v in row]
