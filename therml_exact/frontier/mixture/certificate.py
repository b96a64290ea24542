"""Certificates: plain data that prove value >= min >= lower_bound of a frontier problem (nats).

    {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts": [...], "sha256"}

    problem        its tables, as rationals "n/d" or floats in hexadecimal
    multipliers    rationals by name, or "inf"
    value, lower_bound, tol    floats in hexadecimal
    status         "certified" if value - lower_bound <= tol, else "open"
    parts          a list with one entry for each mixture of the problem's plan:
        rule       what gives the lower bound: "cells", "boxes" or "coarse", or a rule of closed_form.py, which needs
                   nothing of what follows
        weights    the witness's weights q_z of the codes
        codes      the witness's codes t_z, each the entries of all its blocks
        lam        the dual variables log c_w, one for each letter
        level      the claimed bound of log G over all codes
        contacts   the ellipsoids {code, radius} in which log G <= level is known (ellipsoids.py)
        tree       how the root cell is split and by which rule each leaf holds, in preorder, a character for each node
        map, share, part, within
                   for "coarse" (problems/chain_rule.py): the letter Y' of each letter Y that occurs, the share s, the
                   entry of the mixture of Y', and a list with those within the letters y'; their witnesses are not read
        turns      for boxes: how the lines of leaves are turned (box_tree.py has both texts)
    sha256         the digest of the canonical JSON of everything else

A leaf of the tree is "." if it holds by its chord, "+" if it lies in an ellipsoid, "-" by its quadratic, "~" by its
series (leaf_rules.py). A split at edge e is chr(48 + e), or chr(65536 + e) where the first is "~" or no character that
text should hold. The edges (i, j), i < j, between vertices of a block are numbered in lexicographical order, block
after block.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.tables import write_cells
from therml_exact.numbers.text import has_control

if TYPE_CHECKING:
    from therml_exact.frontier.mixture.solve import Solution

Array = np.ndarray[Any, Any]

FORMAT = "therml-frontier-2"
SYMBOLS = ".+-~"  # a leaf that holds by its chord, an ellipsoid, its quadratic, its series
FIRST, BEYOND = 48, 65_536  # of the symbols of edges
MOST_MULTIPLIER = 10**18  # and its inverse the least; `minimize` takes 1e12, but bounds of joint problems add some up


def build(problem: Problem, multipliers: Mapping[str, Fraction | float], solutions: Sequence[Solution], value: float,
          lower_bound: float, tol: float) -> dict[str, Any]:  # fmt: skip
    """Return the certificate of an optimum, as plain data.

    problem        the problem, which writes itself
    multipliers    the exact multipliers by name; beta may be infinite
    solutions      one for each mixture of the plan, none where nothing was searched
    value, lower_bound, tol    floats in nats; the value is rounded up
    """
    content = {
        "format": FORMAT,
        "problem": problem.describe(),
        "multipliers": {name: str(m) for name, m in sorted(multipliers.items())},
        "value": value.hex(),
        "lower_bound": lower_bound.hex(),
        "tol": float(tol).hex(),
        "status": "certified" if value - lower_bound <= tol else "open",
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
    more: dict[str, Any] = {} if solution.turns is None else {"turns": text_of(solution.turns)}
    if solution.coarse is not None:
        coarse = solution.coarse
        more = {"map": list(coarse.of), "share": str(coarse.share), "part": _part(coarse.part),
                "within": [_part(s) for s in coarse.within]}  # fmt: skip
    return {
        "rule": solution.rule,
        "weights": write_cells(solution.weights),
        "codes": [write_cells(code) for code in solution.codes],
        "lam": write_cells(solution.lam),
        "level": float(solution.level).hex(),
        "contacts": [
            {"code": write_cells(c), "radius": float(r).hex()} for c, r in zip(near.centre, near.radius, strict=True)
        ],
        "tree": _tree(solution),
        **more,
    }


def _tree(solution: Solution) -> str:
    """Return the text of the tree, in the symbols of cells or of boxes."""
    if solution.rule == "boxes":
        return text_of(solution.tree)
    return "".join(SYMBOLS[node] if node < 4 else symbol_of(node - 4) for node in solution.tree.tolist())


def text_of(points: Array) -> str:
    """Return the text of an array of code points."""
    return points.astype("<u4").tobytes().decode("utf-32-le")


def symbol_of(edge: int) -> str:
    """How a tree writes a split at an edge."""
    symbol = chr(FIRST + edge)
    return chr(BEYOND + edge) if symbol in SYMBOLS or has_control(symbol) or FIRST + edge >= BEYOND else symbol


def edge_of(symbol: str) -> int:
    """The edge that a symbol writes; a number that is none, such as a negative one, for other symbols."""
    return ord(symbol) - (FIRST if ord(symbol) < BEYOND else BEYOND)
