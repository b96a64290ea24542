"""Entropies of a joint problem's data in balls, and its objective as a form over entropies (nats).

    objective = sum_i [rho I(Z_i;X_i,Theta) + delta H(X_i|Z_i) + gamma H(Y_i|Z_i)] + sigma I(Theta;X^N,Y^N)

The entropies of Phi, X^N, Y^N are known; samples are exchangeable, so that only how many of each kind are observed
matters. H(Theta) and H(Z_i) are at most the logarithms of their alphabets' sizes.
Errors: RefusedError for a form that speaks of other entropies.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.balls import ball, plogp
from therml_exact.numbers.tables import Array
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import parse
from therml_exact.verification import require

Multipliers = Mapping[str, Fraction]


def exact_tables(problem: JointProblem) -> tuple[list[Fraction], list[Array]]:
    """p(phi), and p(x,y|phi) for each phi, as Fractions."""
    phi, x, y = (_rows(t) for t in (problem.phi, problem.x_given_phi, problem.y_given_x_phi))
    return phi.tolist(), [x[f][:, None] * y[f] for f in range(len(phi))]


def _rows(table: Any) -> Array:
    given = np.asarray(table, dtype=object)
    cells = np.array([Fraction(v) for v in given.reshape(-1).tolist()], dtype=object).reshape(given.shape)
    return np.asarray(cells / cells.sum(axis=-1, keepdims=True))


def objective_form(setting: Setting, multipliers: Multipliers) -> tuple[str, Form]:
    """The objective with the best q of each sample, a lower bound of that with shared q's: as text and as a form."""
    parts = {
        "rho": "sum_i I(Z_i;X_i,Theta)",
        "delta": "sum_i H(X_i|Z_i)",
        "gamma": "sum_i H(Y_i|Z_i)",
        "sigma": "I(Theta;X^N,Y^N)",
    }
    text = " + ".join(f"{multipliers[name]} {part}" for name, part in parts.items() if multipliers[name]) or "0"
    return text, dict(parse(f"{text} >= 0", setting).form)


def known_in_balls(problem: JointProblem, setting: Setting, rest: Mapping[int, Fraction]) -> arb:
    """The lower bound of -rest, for rest in entropies of data (known), and H(Theta) and H(Z_i) (at most log sizes)."""
    prior, tables = exact_tables(problem)
    inside = {name: k for k, name in enumerate(v for v in setting.names if v in setting.data)}
    total = arb(0)
    entropies: dict[tuple[Any, ...], arb] = {}
    for mask, c in rest.items():
        names = setting.members(mask)
        if set(names) <= set(inside):
            # Samples are exchangeable: only how many of each kind matters.
            kinds = sorted("".join(v[0] for v in own if v in names) for own in setting.samples)
            key = ("Phi" in names, *kinds)
            if key not in entropies:
                entropies[key] = _entropy(prior, tables, "Phi" in names, kinds)
            total -= ball(c) * entropies[key]
        else:
            require(len(names) == 1 and c >= 0, f"the proof speaks of H({', '.join(names)}), which is not known")
            size = problem.thetas if names[0] == "Theta" else problem.z_size
            total -= ball(c) * arb(size).log()
    return total


def _entropy(prior: list[Fraction], tables: list[Array], phi: bool, kinds: list[str]) -> arb:
    """H of Phi (if asked) and of samples observed as "X", "Y", "XY" or "" (not at all)."""
    rows = []
    for p, table in zip(prior, tables, strict=True):
        row = [p]
        for kind in kinds:
            if kind:
                seen = table if kind == "XY" else table.sum(axis=1) if kind == "X" else table.sum(axis=0)
                row = [v * q for v in row for q in seen.reshape(-1).tolist()]
        rows.append(row)
    cells = (
        [v for row in rows for v in row] if phi else [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]
    )
    return sum((plogp(ball(v)) for v in cells), arb(0))
