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

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.rules.problem import LearningRuleProblem

if TYPE_CHECKING:
    from therml_exact.frontier.rules.cells import Tree

FORMAT = "therml-rule-1"


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
        "problem": problem.describe(),
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


def rationals(values: Mapping[str, Fraction]) -> dict[str, str]:
    """Rationals as text, by name."""
    return {name: str(value) for name, value in sorted(values.items())}


def _text(values: Any) -> list[str]:
    """Numbers as text: floats in hexadecimal, rationals as they are."""
    return [float(v).hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]
