"""verify: is a certificate true? Ball arithmetic throughout; no solver is imported (nats).

With p_w, exponents a and reductions rebuilt from the problem's exact content (problems.py), for each part:

    value        L(q) = - sum_w p_w log sum_z q_z prod t_z^a[w]           of the witness, bounded from above
    lower bound  sum_w p_w (lam_w - log p_w) - level,                     where log G <= level for every posterior

The tree is followed from the roots; a split halves an edge, so that the leaves cover by construction. Each leaf passes
if G(b) <= exp(level), b the linear interpolation of entropy at its vertices, or if all its vertices lie in one
ellipsoid (contacts.py has the proof) whose bound is at most level.

A Verification never raises: whatever is malformed or false is not valid, with the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from therml_exact.frontier.certificate import FORMAT, describe, digest
from therml_exact.frontier.closed_form import RULES
from therml_exact.frontier.problems import (
    BayesProblem,
    DiscriminativeProblem,
    EncoderProblem,
    Mixture,
    Plan,
    Problem,
    pairs,
)
from therml_exact.joint import Joint

BITS = 160
MOST = 100_000_000  # bytes of a file


@dataclass(frozen=True)
class Verification:
    """Whether all claims hold; value and lower_bound are the verifier's own proven bounds in nats (None if invalid)."""

    valid: bool
    value: float | None
    lower_bound: float | None
    reason: str

    def __bool__(self) -> bool:
        return self.valid


class _RefusedError(Exception):
    """A claim does not hold."""


def verify(certificate: Any, problem: Problem | None = None) -> Verification:
    """Check a certificate (a mapping, or the path of a JSON file), and that it is about `problem` if one is given."""
    before = ctx.prec
    ctx.prec = BITS
    try:
        value, lower = _verify(_load(certificate), problem)
        return Verification(True, value, lower, "every claim holds")
    except _RefusedError as reason:
        return Verification(False, None, None, str(reason))
    except RecursionError:
        return Verification(False, None, None, "malformed: nested too deeply")
    except Exception as error:  # whatever is malformed is no proof
        return Verification(False, None, None, f"malformed: {type(error).__name__}: {error}")
    finally:
        ctx.prec = before


def _load(certificate: Any) -> Mapping[str, Any]:
    if isinstance(certificate, Mapping):
        return certificate
    _require(isinstance(certificate, (str, os.PathLike)), "a certificate is a mapping, or the path of a JSON file")
    if os.path.getsize(certificate) > MOST:
        raise _RefusedError(f"the file is larger than {MOST:,} bytes")
    with open(certificate, encoding="utf-8") as file:
        return json.load(file)


def _verify(c: Mapping[str, Any], problem: Problem | None) -> tuple[float, float]:
    _require(isinstance(c, Mapping) and c["format"] == FORMAT, f"the format is not {FORMAT}")
    _require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    if problem is not None:
        _require(describe(problem) == c["problem"], "the certificate is about another problem")
    claimed, bound, tol = (float.fromhex(c[name]) for name in ("value", "lower_bound", "tol"))
    multipliers = {name: Fraction(text) for name, text in c["multipliers"].items()}
    about = _problem(c["problem"])
    _require(set(multipliers) == set(about.multipliers), "multipliers are missing or foreign")
    _require(all(m >= 0 for m in multipliers.values()), "a multiplier is negative")
    if isinstance(about, EncoderProblem) and multipliers["rho"] == 0:
        value = lower = _ball(multipliers["gamma"]) * _conditional_entropy(about.cells)
        _require(c["parts"] == [], "rho = 0 needs no parts")
    else:
        plan: Plan = about.plan(**multipliers)
        _require(len(plan.parts) == len(c["parts"]), "the number of parts is wrong")
        value = lower = _ball(plan.kappa) * sum((_plogp(_ball(m)) for m in plan.masses), arb(0))
        for part, claim in zip(plan.parts, c["parts"], strict=True):
            value += _ball(part.share) * _primal(part.mixture, claim)
            lower += _ball(part.share) * _dual(part.mixture, claim)
        value, lower = _ball(plan.scale) * value, _ball(plan.scale) * lower
    _require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    _require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    _require(c["status"] in ("certified", "open"), f"the status {c['status']!r} is unknown")
    if c["status"] == "certified":
        _require(arb(claimed) - arb(bound) <= arb(tol), "certified, but the gap exceeds the tolerance")
    return claimed, bound


def _primal(m: Mixture, claim: Mapping[str, Any]) -> arb:
    """L(q) of the witness; weights and rows are divided by their sums."""
    weights = _floats(claim["weights"])
    _require(len(weights) > 0 and min(weights) >= 0 and sum(weights) > 0, "the witness's weights are no distribution")
    spans, rows = [], [block.rows for block in m.blocks]
    at = 0
    for width in (*(len(block.rows[0]) for block in m.blocks), *([max(m.groups) + 1] if m.delta else [])):
        spans.append((at, at + width))
        at += width
    likelihood = [arb(0)] * len(m.weights)
    total = sum((arb(q) for q in weights), arb(0))
    _require(len(claim["codes"]) == len(weights), "the witness has a weight without a code")
    for q, text in zip(weights, claim["codes"], strict=True):
        code = _floats(text)
        _require(len(code) == at and min(code) > 0, "a code is no list of positive rows")
        logs: list[arb] = []
        for lo, hi in spans:
            norm = sum((arb(t) for t in code[lo:hi]), arb(0))
            logs += [(arb(t) / norm).log() for t in code[lo:hi]]
        for w in range(len(m.weights)):
            exponent = arb(0)
            for (lo, _), table in zip(spans, rows, strict=False):
                for j, a in enumerate(table[w]):
                    if a:
                        exponent += _ball(a) * logs[lo + j]
            exponent *= _ball(m.multiplier)
            if m.delta:
                exponent += _ball(m.delta) * logs[spans[-1][0] + m.groups[w]]
            likelihood[w] += arb(q) / total * exponent.exp()
    return -sum((_ball(p) * x.log() for p, x in zip(m.weights, likelihood, strict=True)), arb(0))


class _Gradient:
    """G of a part: (sum_x (sum_{w of x} exp(lam_w - a_w.e))^s)^(1/s)."""

    def __init__(self, m: Mixture, lam: list[float]) -> None:
        self.lam = [arb(v) for v in lam]
        self.groups = m.groups if m.delta else (0,) * len(lam)
        self.power = _ball(1 / (1 - m.delta)) if m.delta else None

    def terms(self, a: list[list[tuple[int, arb]]], e: list[arb]) -> list[arb]:
        out = []
        for value, row in zip(self.lam, a, strict=True):
            for k, weight in row:
                value = value - weight * e[k]
            out.append(value.exp())
        return out

    def total(self, terms: list[arb]) -> arb:
        """G^s."""
        if self.power is None:
            return sum(terms, arb(0))
        return sum((b**self.power for b in self.sums(terms)), arb(0))

    def sums(self, terms: list[arb]) -> list[arb]:
        out = [arb(0)] * (max(self.groups) + 1)
        for group, term in zip(self.groups, terms, strict=True):
            out[group] += term
        return out

    def posterior(self, terms: list[arb]) -> list[arb]:
        total = self.total(terms)
        if self.power is None:
            return [t / total for t in terms]
        sums = self.sums(terms)
        return [t / sums[g] * sums[g] ** self.power / total for t, g in zip(terms, self.groups, strict=True)]


def _dual(m: Mixture, claim: Mapping[str, Any]) -> arb:
    """The lower bound of a part: in closed form, or after its tree has been followed to the end."""
    if claim["rule"] != "cells":
        terms = RULES[claim["rule"]](m)
        _require(terms is not None, f"the rule {claim['rule']!r} does not apply")
        return sum((_ball(c) * _ball(r).log() for c, r in terms or ()), arb(0))
    lam = _floats(claim["lam"])
    _require(len(lam) == len(m.weights), "lam has the wrong length")
    level = arb(_float(claim["level"]))
    gradient = _Gradient(m, lam)
    most = (level * gradient.power).exp() if gradient.power is not None else level.exp()
    near = [_Ellipsoid(m, gradient, contact, level) for contact in claim["contacts"]]
    a = _exponents(m, [b.coordinates for b in m.blocks])
    edges = [(i, p, q) for i, b in enumerate(m.blocks) for p, q in pairs(len(b.root))]
    root = []
    for block in m.blocks:
        k = len(block.root)
        t = [[_ball(v) for v in row] for row in block.root]
        identity = [[int(i == j) for j in range(k)] for i in range(k)]
        # u and t of the vertices, the barycentric functions, entropies of the vertices, b.
        entropies = [_entropy(row) for row in t]
        root.append(([[arb(v) for v in row] for row in identity], t, identity, entropies, list(entropies)))
    tree = iter(claim["tree"])
    stack = [root]
    while stack:
        cell = stack.pop()
        symbol = next(tree, None)
        _require(symbol is not None, "the tree ends before its leaves cover everything")
        if symbol == ".":
            e = [v for block in cell for v in block[4]]
            if not gradient.total(gradient.terms(a, e)) <= most:
                _require(any(n.holds(cell[0][0]) for n in near), "a leaf has G above the level")
            continue
        number = ord(str(symbol)) - 48
        _require(0 <= number < len(edges), f"the tree has an unknown symbol {symbol!r}")
        which, first, second = edges[number]
        # Preorder: the child that keeps `first` comes first, so it is pushed last.
        for gone, kept in ((first, second), (second, first)):
            child = list(cell)
            child[which] = _halve(cell[which], gone, kept)
            stack.append(child)
    _require(next(tree, None) is None, "the tree goes on after its end")
    each = (_ball(p) * (value - _ball(p).log()) for p, value in zip(m.weights, gradient.lam, strict=True))
    return sum(each, arb(0)) - level


def _halve(block: Any, gone: int, kept: int) -> Any:
    """The simplex with the vertex `gone` moved to the middle of its edge to `kept`."""
    u, t, beta, entropies, b = block
    u, t, beta, entropies = list(u), list(t), [list(row) for row in beta], list(entropies)
    u[gone] = [(x + y) / 2 for x, y in zip(u[gone], u[kept], strict=True)]
    t[gone] = [(x + y) / 2 for x, y in zip(t[gone], t[kept], strict=True)]
    middle = _entropy(t[gone])
    gap = middle - (entropies[gone] + entropies[kept]) / 2
    entropies[gone] = middle
    for row in beta:
        row[kept] -= row[gone]
        row[gone] *= 2
    return u, t, beta, entropies, [x + row[gone] * gap for x, row in zip(b, beta, strict=True)]


class _Ellipsoid:
    """Where log G <= level by concavity; contacts.py has the statement and its proof."""

    def __init__(self, m: Mixture, gradient: _Gradient, contact: Mapping[str, Any], level: arb) -> None:
        _require(len(m.blocks) == 1, "ellipsoids are for a single block")
        block = m.blocks[0]
        _require(all(sum(row) == 1 for row in block.rows), "ellipsoids are for rows that sum to 1")
        t0, k = _floats(contact["code"]), arb(_float(contact["tilt"]))
        d, width = len(block.root) - 1, len(block.root[0])
        _require(len(t0) == width and min(t0) > 0 and k > 0 and d > 0, "a contact is malformed")
        log0 = [arb(t).log() for t in t0]
        terms = gradient.terms(_exponents(m, [block.rows]), [-v for v in log0])
        r = gradient.posterior(terms)
        height = gradient.total(terms).log()
        if gradient.power is not None:
            height /= gradient.power
        root = [[_ball(v) for v in row] for row in block.root]
        coordinates = [[_ball(v) for v in row] for row in block.coordinates]
        u = [_dot(r, column) for column in zip(*coordinates, strict=True)]
        t1 = [_dot(u, column) for column in zip(*root, strict=True)]
        centred = [[x - y for x, y in zip(row[:d], u[:d], strict=True)] for row in coordinates]
        cov = [[sum((p * row[i] * row[j] for p, row in zip(r, centred, strict=True)), arb(0)) for j in range(d)]
               for i in range(d)]  # fmt: skip
        jacobian = [[x - y for x, y in zip(root[i], root[d], strict=True)] for i in range(d)]
        self.centre, self.form = u[:d], arb_mat(cov).inv().tolist()
        size = arb(0)
        for row in centred:
            size = size.max(_root(_quadratic(self.form, row)))
        rho = k * (-2 * size * k).exp()
        columns = list(zip(*jacobian, strict=True))
        e = arb(0)
        for column, t in zip(columns, t1, strict=True):
            e = e.max(rho * _root(_quadratic(cov, column)) / t)
        _require(e < 1 and all(t > 0 for t in t1), "an ellipsoid reaches the boundary")
        strength = _ball(m.multiplier / (1 - m.delta))
        c = (1 - e) * (-size * k).exp()
        for i in range(d):
            for j in range(d):
                _require(bool(self.form[i][j].is_finite()), "an ellipsoid is flat")
        rest = [[c * self.form[i][j] - strength * sum((x * y / t for x, y, t in zip(jacobian[i], jacobian[j], t1,
                strict=True)), arb(0)) for j in range(d)] for i in range(d)]  # fmt: skip
        _require(_positive(rest), "an ellipsoid is not certified concave")
        self.radius = rho * rho
        v = [t.log() - x for t, x in zip(t1, log0, strict=True)]
        slope = [_dot(row, v) for row in jacobian]
        tangent = _root(_quadratic(cov, slope))
        bound = height + _ball(m.multiplier) * (_dot(t1, v) + rho * tangent)
        _require(bound <= level, "an ellipsoid's bound is above the level")

    def holds(self, vertices: list[list[arb]]) -> bool:
        """Whether all vertices lie inside."""
        d = len(self.centre)
        return all(
            _quadratic(self.form, [x - y for x, y in zip(vertex[:d], self.centre, strict=True)]) <= self.radius
            for vertex in vertices
        )


def _positive(matrix: list[list[arb]]) -> bool:
    """Whether a symmetric matrix of balls is positive definite: all pivots of its elimination are."""
    rows = [list(row) for row in matrix]
    for i in range(len(rows)):
        if not rows[i][i] > 0:
            return False
        for j in range(i + 1, len(rows)):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    return True


def _exponents(m: Mixture, tables: list[Any]) -> list[list[tuple[int, arb]]]:
    """For each w its nonzero (column, multiplier * entry), the blocks side by side."""
    out: list[list[tuple[int, arb]]] = [[] for _ in m.weights]
    at = 0
    for table in tables:
        for w, row in enumerate(table):
            out[w] += [(at + k, _ball(m.multiplier * v)) for k, v in enumerate(row) if v]
        at += len(table[0])
    return out


def _quadratic(form: Any, x: Any) -> arb:
    return sum((form[i][j] * x[i] * x[j] for i in range(len(x)) for j in range(len(x))), arb(0))


def _root(x: arb) -> arb:
    """The root of the upper end of a number that is >= 0 but for its ball."""
    upper = x.upper()
    return arb(0) if upper <= 0 else upper.sqrt()


def _dot(x: Any, y: Any) -> arb:
    return sum((a * b for a, b in zip(x, y, strict=True)), arb(0))


def _entropy(row: list[arb]) -> arb:
    return sum((_plogp(t) for t in row), arb(0))


def _plogp(t: arb) -> arb:
    """-t log t, and 0 at an exact 0."""
    return arb(0) if t == 0 else -t * t.log()


def _conditional_entropy(cells: np.ndarray) -> arb:
    """H(Y|X,Theta)."""
    joint = sum((_plogp(_ball(v)) for v in cells.reshape(-1).tolist()), arb(0))
    return joint - sum((_plogp(_ball(v)) for v in cells.sum(axis=2).reshape(-1).tolist()), arb(0))


def _ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def _float(text: Any) -> float:
    value = float.fromhex(text)
    _require(value - value == 0, "a number is not finite")
    return value


def _floats(texts: Any) -> list[float]:
    return [_float(text) for text in texts]


def _problem(content: Mapping[str, Any]) -> Problem:
    kind = content["kind"]
    if kind == "encoder":
        return EncoderProblem(Joint(_scaled(content), content["axes"]))
    phi, x_given_phi = _cells(content["phi"]), _cells(content["x_given_phi"])
    n = content["n"]
    _require(type(n) is int, "n is no integer")
    if kind == "bayes":
        return BayesProblem(phi, x_given_phi, n)
    _require(kind == "discriminative", f"the kind {kind!r} is unknown")
    return DiscriminativeProblem(phi, x_given_phi, _cells(content["y_given_x_phi"]), n)


def _cells(content: Mapping[str, Any]) -> np.ndarray:
    values = np.empty(len(content["cells"]), dtype=object)
    values[:] = [_number(text) for text in content["cells"]]
    return values.reshape(content["shape"])


def _scaled(content: Mapping[str, Any]) -> np.ndarray:
    cells = _cells(content)
    _require(min(cells.reshape(-1)) >= 0, "a probability is negative")
    return np.asarray(cells / cells.sum())


def _number(text: str) -> Fraction:
    return Fraction(_float(text)) if "0x" in text else Fraction(text)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise _RefusedError(reason)
