"""Certificates: plain data that prove value >= min >= lower_bound of a frontier problem (nats).

    {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts": [...], "sha256"}

problem: its tables, as rationals "n/d" or floats in hexadecimal; multipliers: rationals. A part holds the rule of its
lower bound ("cells", or one of closed_form.py, which needs nothing else), the witness (weights, codes), lam (log
c_w), level (the claimed bound of log G), contacts ({code, radius} of an ellipsoid, contacts.py) and tree, in preorder:
a leaf by its chord ".", an ellipsoid "+", its quadratic "-", its series "~" (leaves.py), or chr(48 + e), a split at
edge e; edges (i, j), i < j, are numbered lexicographically within a block and from block to block.
sha256 is that of the canonical JSON of everything else.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.problems import BayesProblem, DiscriminativeProblem, EncoderProblem, Problem
from therml_exact.joint import Joint

if TYPE_CHECKING:
    from therml_exact.frontier.solve import Solution

FORMAT = "therml-frontier-2"
SYMBOLS = ".+-~"  # leaves: by chord, ellipsoid, quadratic, series
LONGEST = 100_000  # samples of a problem that is read
ROUNDING = 2e-13  # between a float value and the exact value of its witness, relative to |value| + 1


def describe(problem: Problem) -> dict[str, Any]:
    """The content of a problem."""
    if isinstance(problem, EncoderProblem):
        array = problem.p_xy.weights(problem.p_xy.axes).array
        return {"kind": "encoder", "axes": list(problem.p_xy.axes), "shape": list(array.shape), "cells": _text(array)}
    tables = {"phi": _table(problem.phi), "x_given_phi": _table(problem.x_given_phi), "n": problem.n}
    if isinstance(problem, BayesProblem):
        return {"kind": "bayes", **tables}
    assert isinstance(problem, DiscriminativeProblem)
    return {"kind": "discriminative", **tables, "y_given_x_phi": _table(problem.y_given_x_phi)}


def rounded_up(value: float, multipliers: Mapping[str, Fraction | float]) -> float:
    """A float value of a witness, and what its rounding may have lost."""
    finite = [float(m) for m in multipliers.values() if m != math.inf]
    return value + ROUNDING * (abs(value) + 1 + 0.02 * math.fsum(finite))


def status(value: float, lower_bound: float, tol: float, multipliers: Mapping[str, Fraction | float]) -> str:
    """Whether it is "certified" (the gap, rounding included, is within the tolerance) or "open"."""
    return "certified" if rounded_up(value, multipliers) - lower_bound <= tol else "open"


def build(problem: Problem, multipliers: Mapping[str, Fraction | float], solutions: Sequence[Solution], value: float,
          lower_bound: float, tol: float) -> dict[str, Any]:  # fmt: skip
    """The certificate of an optimum; its value is rounded up."""
    claim = rounded_up(value, multipliers)
    content = {
        "format": FORMAT,
        "problem": describe(problem),
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
        "weights": _text(solution.weights),
        "codes": [_text(code) for code in solution.codes],
        "lam": _text(solution.lam),
        "level": float(solution.level).hex(),
        "contacts": [
            {"code": _text(c), "radius": float(r).hex()} for c, r in zip(near.centre, near.radius, strict=True)
        ],
        "tree": "".join(SYMBOLS[node] if node < 4 else chr(44 + node) for node in solution.tree.tolist()),
    }


def _text(values: Any) -> list[str]:
    return [v.hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]


def _table(values: Any) -> dict[str, Any]:
    array = np.asarray(values)
    return {"shape": list(array.shape), "cells": _text(array)}


def read_problem(content: Mapping[str, Any]) -> Problem:
    """What `describe` wrote; ValueError, KeyError or TypeError if it is malformed."""
    kind = content["kind"]
    if kind == "encoder":
        return EncoderProblem(Joint(_scaled(content), content["axes"]))
    phi, x_given_phi = read_cells(content["phi"]), read_cells(content["x_given_phi"])
    n = content["n"]
    _check(type(n) is int and n <= LONGEST, f"n is no integer up to {LONGEST:,}")
    if kind == "bayes":
        return BayesProblem(phi, x_given_phi, n)
    _check(kind == "discriminative", f"the kind {kind!r} is unknown")
    return DiscriminativeProblem(phi, x_given_phi, read_cells(content["y_given_x_phi"]), n)


def read_cells(content: Mapping[str, Any]) -> np.ndarray:
    """A table: float64 where all entries are hexadecimal, else Fractions."""
    if all("0x" in text for text in content["cells"]):
        return np.array([float.fromhex(text) for text in content["cells"]]).reshape(content["shape"])
    values = np.empty(len(content["cells"]), dtype=object)
    values[:] = [read_number(text) for text in content["cells"]]
    return values.reshape(content["shape"])


def _scaled(content: Mapping[str, Any]) -> np.ndarray:
    cells = np.empty(len(content["cells"]), dtype=object)
    cells[:] = [read_number(text) for text in content["cells"]]
    cells = cells.reshape(content["shape"])
    _check(min(cells.reshape(-1)) >= 0, "a probability is negative")
    return np.asarray(cells / cells.sum())


def read_number(text: str) -> Fraction:
    """A rational "n/d", or a float in hexadecimal; exponents of ten could stand for numbers that fill the memory."""
    if "0x" in text:
        value = float.fromhex(text)
        _check(math.isfinite(value), "a number is not finite")
        return Fraction(value)
    _check("e" not in text.lower() and "_" not in text, f"{text[:40]!r} is no rational")
    return Fraction(text)


def _check(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
