"""Certificates: plain data that prove value >= min >= lower_bound of a frontier problem (nats).

    {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts": [...], "sha256"}

    problem        its tables, as rationals "n/d" or floats in hexadecimal
    multipliers    rationals by name, or "inf"
    value, lower_bound, tol    floats in hexadecimal
    status         "certified" if value - lower_bound <= tol, else "open"
    parts          a list with one entry for each mixture of the problem's plan:
        rule       what gives the lower bound: "cells", or a rule of closed_form.py, which needs nothing of what follows
        weights    the witness's weights q_z of the codes
        codes      the witness's codes t_z, each the entries of all its blocks
        lam        the dual variables log c_w, one for each letter
        level      the claimed bound of log G over all codes
        contacts   the ellipsoids {code, radius} in which log G <= level is known (ellipsoids.py)
        tree       how the root cell is split and by which rule each leaf holds, in preorder, a character for each node
    sha256         the digest of the canonical JSON of everything else

A leaf of the tree is "." if it holds by its chord, "+" if it lies in an ellipsoid, "-" by its quadratic, "~" by its
series (leaf_rules.py). A split at edge e is chr(48 + e). The edges (i, j), i < j, between vertices of a block are
numbered in lexicographical order, block after block.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.tables import write_cells

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.solve import Solution

FORMAT = "therml-frontier-2"
SYMBOLS = ".+-~"  # a leaf that holds by its chord, an ellipsoid, its quadratic, its series
MOST_MULTIPLIER = 10**18  # and its inverse the least; `minimize` takes 1e12, but bounds of joint problems add some up
ROUNDING = 2e-13  # the most by which a float value differs from its witness's exact value, relative to |value| + 1


def rounded_up(value: float, multipliers: Mapping[str, Fraction | float]) -> float:
    """Return a witness's value in nats plus the most that rounding may have taken from it; infinite multipliers are
    left out.

    >>> rounded_up(1.0, {"gamma": 3.0}) - 1.0 < 1e-12
    True
    """
    finite = [float(m) for m in multipliers.values() if m != math.inf]
    return value + ROUNDING * (abs(value) + 1 + 0.02 * math.fsum(finite))


def status(value: float, lower_bound: float, tol: float, multipliers: Mapping[str, Fraction | float]) -> str:
    """Return "certified" if the gap between the rounded value and the lower bound is within tol, else "open"."""
    return "certified" if rounded_up(value, multipliers) - lower_bound <= tol else "open"


def build(problem: Problem, multipliers: Mapping[str, Fraction | float], solutions: Sequence[Solution], value: float,
          lower_bound: float, tol: float) -> dict[str, Any]:  # fmt: skip
    """Return the certificate of an optimum, as plain data; its value is rounded up.

    problem        the problem, which writes itself
    multipliers    the exact multipliers by name; beta may be infinite
    solutions      one for each mixture of the plan, none where nothing was searched
    value, lower_bound, tol    floats in nats
    """
    claim = rounded_up(value, multipliers)
    content = {
        "format": FORMAT,
        "problem": problem.describe(),
        "multipliers": {name: str(m) for name, m in sorted(multipliers.items())},
        "value": claim.hex(),
        "lower_bound": lower_bound.hex(),
        "tol": float(tol).hex(),
        "status": status(value, lower_bound, tol, multipliers),
        "parts": [_part(s) for s in solutions],
    }
    return {**content, "sha256": digest(content)}


def digest(content: dict[str, Any]) -> str:
    """Return the sha256, in hexadecimal, of the canonical JSON of a certificate without its field sha256."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _part(solution: Solution) -> dict[str, Any]:
    """Return the entry of one mixture."""
    near = solution.contacts
    return {
        "rule": solution.rule,
        "weights": write_cells(solution.weights),
        "codes": [write_cells(code) for code in solution.codes],
        "lam": write_cells(solution.lam),
        "level": float(solution.level).hex(),
        "contacts": [
            {"code": write_cells(c), "radius": float(r).hex()} for c, r in zip(near.centre, near.radius, strict=True)
        ],
        "tree": "".join(SYMBOLS[node] if node < 4 else chr(44 + node) for node in solution.tree.tolist()),
    }
