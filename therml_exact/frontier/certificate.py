"""Certificates: plain data that prove value >= min >= lower_bound of a frontier problem (nats).

    {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts": [...], "sha256"}

problem: its tables, as rationals "n/d" or floats in hexadecimal; multipliers: rationals. A part holds the rule of its
lower bound ("cells", or one of closed_form.py, which needs nothing else), the witness (weights, codes), lam (log
c_w), level (the claimed bound of log G), contacts ({code, radius} of an ellipsoid, contacts.py) and tree, in preorder:
a leaf by its chord ".", an ellipsoid "+", its quadratic "-", its series "~" (leaves.py), or the symbol of an edge e, a
split: chr(48 + e), or chr(65536 + e) where the first is "~" or no character that text should hold. Edges (i, j), i < j,
are numbered lexicographically within a block and from block to block.
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
from therml_exact.numbers.text import has_control, is_hexadecimal, read_exact, read_hexadecimal, shown
from therml_exact.verification import UnfinishedError

if TYPE_CHECKING:
    from therml_exact.frontier.solve import Solution

FORMAT = "therml-frontier-2"
SYMBOLS = ".+-~"  # leaves: by chord, ellipsoid, quadratic, series
FIRST, BEYOND = 48, 65_536  # of the symbols of edges
LONGEST = 100_000  # samples of a problem that is read
MOST_WORK = 1_000_000_000  # bits of the types' exact probabilities, in a problem that is read: some seconds
MOST_MULTIPLIER = 10**18  # or its inverse; `minimize` takes 1e12, and bounds of joint problems add some up
ROUNDING = 2e-13  # between a float value and the exact value of its witness, relative to |value| + 1


def describe(problem: Problem) -> dict[str, Any]:
    """The content of a problem."""
    if isinstance(problem, EncoderProblem):
        array = problem.p_xy.weights(problem.p_xy.axes).array
        return {"kind": "encoder", "axes": list(problem.p_xy.axes), "shape": list(array.shape), "cells": _text(array)}
    if not isinstance(problem, (BayesProblem, DiscriminativeProblem)):
        raise TypeError(f"a {type(problem).__name__} has no certificates of the format {FORMAT}")
    tables = {"phi": _table(problem.phi), "x_given_phi": _table(problem.x_given_phi), "n": problem.n}
    if isinstance(problem, BayesProblem):
        return {"kind": "bayes", **tables}
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
        "tree": "".join(SYMBOLS[node] if node < 4 else symbol_of(node - 4) for node in solution.tree.tolist()),
    }


def symbol_of(edge: int) -> str:
    """How a tree writes a split at an edge."""
    symbol = chr(FIRST + edge)
    return chr(BEYOND + edge) if symbol in SYMBOLS or has_control(symbol) or FIRST + edge >= BEYOND else symbol


def edge_of(symbol: str) -> int:
    """The edge that a symbol writes; a number that is none, such as a negative one, for other symbols."""
    return ord(symbol) - (FIRST if ord(symbol) < BEYOND else BEYOND)


def _text(values: Any) -> list[str]:
    return [v.hex() if isinstance(v, float) else str(v) for v in np.asarray(values).reshape(-1).tolist()]


def _table(values: Any) -> dict[str, Any]:
    array = np.asarray(values)
    return {"shape": list(array.shape), "cells": _text(array)}


def read_problem(content: Mapping[str, Any]) -> Problem:
    """What `describe` wrote; ValueError, KeyError or TypeError if it is malformed."""
    kind = content["kind"]
    _check(kind in _NAMES, f"the kind {shown(kind)} is unknown")
    _check(set(content) == {"kind", *_NAMES[kind]}, f"a problem of this kind has the fields {', '.join(_NAMES[kind])}")
    if kind == "encoder":
        _check(type(content["axes"]) is list, "axes is no list of names")
        return EncoderProblem(Joint(_scaled(content), content["axes"]))
    n, tables = content["n"], [read_cells(content[name]) for name in _NAMES[kind] if name != "n"]
    _check(type(n) is int and 1 <= n <= LONGEST, f"n is no integer from 1 to {LONGEST:,}")
    check_types(n, tables)
    if kind == "bayes":
        return BayesProblem(tables[0], tables[1], n)
    return DiscriminativeProblem(tables[0], tables[1], tables[2], n)


_NAMES = {
    "encoder": ("axes", "shape", "cells"),
    "bayes": ("phi", "x_given_phi", "n"),
    "discriminative": ("phi", "x_given_phi", "y_given_x_phi", "n"),
}


def check_types(n: int, tables: Sequence[np.ndarray]) -> None:
    """UnfinishedError, before any type is enumerated, where their exact probabilities are more work than MOST_WORK.

    tables: phi[phi], x_given_phi[phi, x] and possibly y_given_x_phi[phi, x, y]. A type is a histogram of n letters. Its
    probability is a sum over phi of numbers with about n times the bits of the tables' common denominators, times a
    multinomial coefficient made of factorials of some n log n bits.
    """
    letters = math.prod(tables[-1].shape[1:])
    bits = sum(53 if table.dtype != object else _bits_of(table) for table in tables[1:])
    work = math.comb(n + letters - 1, letters - 1) * n * (bits * len(tables[0]) + 4 * n.bit_length())
    if work > MOST_WORK:
        raise UnfinishedError(
            f"not checked: too long, n = {n} over {letters} letters asks for about {float(work):.1g} bits of exact "
            f"probabilities; at most {MOST_WORK:.1g} are computed"
        )


def _bits_of(table: np.ndarray) -> int:
    """The bits of the common denominator of an exact table."""
    return max(math.lcm(*(v.denominator for v in table.reshape(-1).tolist())).bit_length(), 1)


def read_cells(content: Mapping[str, Any]) -> np.ndarray:
    """A table: float64 where all entries are hexadecimal, else Fractions."""
    cells, shape = content["cells"], content["shape"]
    _check_shape(cells, shape)
    if all(is_hexadecimal(text) for text in cells):
        return np.array([read_hexadecimal(text) for text in cells]).reshape(shape)
    values = np.empty(len(cells), dtype=object)
    values[:] = [read_number(text) for text in cells]
    return values.reshape(shape)


def _check_shape(cells: Any, shape: Any) -> None:
    whole = type(shape) is list and all(type(k) is int and k > 0 for k in shape)
    _check(whole and type(cells) is list and math.prod(shape) == len(cells), "the cells do not fill the shape")


def _scaled(content: Mapping[str, Any]) -> np.ndarray:
    _check_shape(content["cells"], content["shape"])
    cells = np.empty(len(content["cells"]), dtype=object)
    cells[:] = [read_number(text) for text in content["cells"]]
    cells = cells.reshape(content["shape"])
    _check(min(cells.reshape(-1)) >= 0, "a probability is negative")
    _check(max(cells.reshape(-1)) > 0, "all probabilities are 0")
    return np.asarray(cells / cells.sum())


def read_number(text: Any) -> Fraction:
    """A rational "n/d", or a float in hexadecimal (numbers/text.py)."""
    return read_exact(text)


def _check(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
