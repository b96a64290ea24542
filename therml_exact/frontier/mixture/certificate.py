"""Certificates: plain data that prove value >= min >= lower_bound of a frontier problem (nats).

    {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts": [...], "sha256"}

problem: its tables, as rationals "n/d" or floats in hexadecimal; multipliers: rationals. A part holds the rule of its
lower bound ("cells", or one of closed_form.py, which needs nothing else), the witness (weights, codes), lam (log c_w),
level (the claimed bound of log G), contacts ({code, radius} of an ellipsoid, ellipsoids.py) and the tree, in preorder:
a leaf by its chord ".", an ellipsoid "+", its quadratic "-", its series "~" (leaf_rules.py), or the symbol of
an edge e, a split: chr(48 + e), or chr(65536 + e) where the first is "~" or no character that text should hold. Edges
(i, j), i < j, are numbered lexicographically within a block and from block to block.
sha256 is that of the canonical JSON of everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.tables import write_cells
from therml_exact.frontier.rounding import rounded_up, status
from therml_exact.numbers.text import has_control

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.solve import Solution

FORMAT = "therml-frontier-2"
SYMBOLS = ".+-~"  # leaves: by chord, ellipsoid, quadratic, series
FIRST, BEYOND = 48, 65_536  # of the symbols of edges
MOST_MULTIPLIER = 10**18  # or its inverse; `minimize` takes 1e12, and bounds of joint problems add some up


def build(problem: Problem, multipliers: Mapping[str, Fraction | float], solutions: Sequence[Solution], value: float,
          lower_bound: float, tol: float) -> dict[str, Any]:  # fmt: skip
    """The certificate of an optimum; its value is rounded up."""
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
    """sha256 of the canonical JSON of a certificate without its digest."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _part(solution: Solution) -> dict[str, Any]:
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
        "tree": "".join(SYMBOLS[node] if node < 4 else symbol_of(node - 4) for node in solution.tree.tolist()),
    }


def symbol_of(edge: int) -> str:
    """How a tree writes a split at an edge."""
    symbol = chr(FIRST + edge)
    return chr(BEYOND + edge) if symbol in SYMBOLS or has_control(symbol) or FIRST + edge >= BEYOND else symbol


def edge_of(symbol: str) -> int:
    """The edge that a symbol writes; a number that is none, such as a negative one, for other symbols."""
    return ord(symbol) - (FIRST if ord(symbol) < BEYOND else BEYOND)
