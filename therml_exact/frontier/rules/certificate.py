"""Certificates of learning-rule problems: plain data that prove value >= min >= lower_bound (nats).

    {"format", "kind", "problem", "multipliers" | "minimise", "caps" | "point", "value", "lower_bound", "tol", "status",
     "rule", "witness", "tree", "leaves", "sha256"}

| kind       | the minimum of                                    | given                                      |
|------------|---------------------------------------------------|--------------------------------------------|
| lagrangian | rho R + delta D + gamma C + sigma S               | multipliers, rationals                     |
| capped     | one functional, caps on others                    | minimise, its letter; caps, rationals      |
| excess     | max over the letters given of functional - point  | point, rationals                           |

rule is "vertices", where the enumeration of vertices.py proves the bound and nothing else is needed, or "cells". For
"cells" tree holds the shape of the tree (cells.py), and leaves holds, for each leaf that is not "-", its multipliers of
R, C, D, S (none if lagrangian) and then q(theta), floats in hexadecimal. witness holds the rows theta_given_type; it is
null where no rule is claimed, and so is value. Numbers are written as in mixture/certificate.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.curve.exclusion import rounded_down
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.tables import write_table
from therml_exact.frontier.rules.problem import LearningRuleProblem
from therml_exact.numbers.text import read_exact, read_hexadecimal

if TYPE_CHECKING:
    from therml_exact.frontier.rules.cells import Tree

FORMAT = "therml-rule-1"


def describe(problem: LearningRuleProblem) -> dict[str, Any]:
    """The content of a problem as plain data, numbers as text."""
    names = ("phi", "x_given_phi", "y_given_x_phi", "encoders")
    return {"kind": "learning rule", "n": problem.n, **{name: write_table(getattr(problem, name)) for name in names}}


def build(
    problem: LearningRuleProblem,
    kind: str,
    given: Mapping[str, Any],
    value: float | None,
    lower_bound: float,
    tol: float,
    status: str,
    rule: str,
    witness: Any,
    tree: Tree | None,
) -> dict[str, Any]:
    """The certificate; `value` is rounded up already, and `given` holds the entries that the kind asks for."""
    content = {
        "format": FORMAT,
        "kind": kind,
        "problem": describe(problem),
        **given,
        "value": None if value is None else float(value).hex(),
        "lower_bound": float(lower_bound).hex(),
        "tol": float(tol).hex(),
        "status": status,
        "rule": rule,
        "witness": None if witness is None else [_text(row) for row in witness],
        "tree": tree.text() if tree else "",
        "leaves": [_text([*(() if n.lam is None else n.lam), *n.q]) for n in tree.leaves()] if tree else [],  # type: ignore[misc]
    }
    return {**content, "sha256": digest(content)}


def proved_slopes(certificates: Sequence[Mapping[str, Any]]) -> tuple[Fraction, Fraction]:
    """What three certificates prove of S: (at least up to sigma_1, at most from sigma_3 on), nats.

    They are at sigma_1 < sigma_2 < sigma_3, with all other multipliers alike.

    The minimum F is concave in sigma with slope S: every rule that is optimal at sigma <= sigma_1 has
    S >= (F_2 - F_1)/(sigma_2 - sigma_1), and at sigma >= sigma_3 S <= (F_3 - F_2)/(sigma_3 - sigma_2). F_2 is at least
    its lower bound, F_1 and F_3 at most their values.
    """
    at = [read_exact(c["multipliers"]["sigma"]) for c in certificates]
    first, bound, last = (
        Fraction(read_hexadecimal(c[name]))
        for c, name in zip(certificates, ("value", "lower_bound", "value"), strict=True)
    )
    return (bound - first) / (at[1] - at[0]), (last - bound) / (at[2] - at[1])


def jump_content(certificates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A jump of S as plain data: S is at least `before` up to the first sigma, at most `after` from the last on."""
    before, after = proved_slopes(certificates)
    return {"before": rounded_down(before), "after": -rounded_down(-after), "certificates": list(certificates)}


def rationals(values: Mapping[str, Fraction]) -> dict[str, str]:
    """Rationals as text, by name."""
    return {name: str(value) for name, value in sorted(values.items())}


def _text(values: Any) -> list[str]:
    """Numbers as text: floats in hexadecimal, rationals as they are."""
    return [float(v).hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]
