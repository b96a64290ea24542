"""verify: is a certificate true? Ball arithmetic throughout; no solver is imported (nats).

With p_w, exponents a and reductions rebuilt from the problem's exact content (problems.py), for each part:

    value        L(q) = - sum_w p_w log sum_z q_z prod t_z^a[w]           of the witness, bounded from above
    lower bound  sum_w p_w (lam_w - log p_w) - level,                     where log G <= level for every posterior

The tree is followed from the roots; a split halves an edge, so that the leaves cover by construction. Each leaf
names the rule (leaves.py) by which log G <= level there.

A saved frontier is valid if all its certificates are, and if each point claims no more than its certificate proves and
its encoder achieves; the gap, corners and critical multiplier are computed from these and not checked.

A Verification never raises: whatever is malformed or false is not valid, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.certificate import FORMAT, describe, digest, read_number, read_problem, rounded_up
from therml_exact.frontier.closed_form import RULES
from therml_exact.frontier.leaves import Ellipsoid, Gradient, ball, halve, plogp, root_cell
from therml_exact.frontier.problems import (
    BayesProblem,
    DiscriminativeProblem,
    EncoderProblem,
    Mixture,
    Plan,
    Problem,
    pairs,
)
from therml_exact.frontier.witness import functionals_in_balls
from therml_exact.verification import Verification, finite, judge, read, require

MOST = 5_000  # codes or contacts of a part, each of which takes a while
FRONTIER = "therml-exact/frontier"


def verify(certificate: Any, problem: Any = None) -> Verification:
    """Check a certificate or a saved frontier (a mapping, or a path), and that it is about `problem` if given."""
    return judge(lambda: _claims(read(certificate), problem))


def _claims(content: Mapping[str, Any], problem: Problem | None) -> tuple[float | None, float | None, str]:
    if content.get("format") == FRONTIER:
        count = _frontier(content, problem)
        return None, None, f"{count} certificates hold, and the points say what they prove"
    return (*_verify(content, problem), "every claim holds")


def _frontier(content: Mapping[str, Any], problem: Problem | None) -> int:
    """Every certificate of a saved frontier, and that each point claims no more than its own; their number."""
    about = read_problem(content["problem"])
    points = [point for sheet in content["sheets"] for point in sheet["points"]]
    require(len(points) > 0, "the frontier has no points")
    require(content["units"] == "nats", f"the units are {content['units']!r}; a saved frontier is in nats")
    for k, point in enumerate(points):
        c = point["certificate"]
        require(c["problem"] == content["problem"], f"the certificate of point {k} is about another problem")
        value, lower = _verify(c, problem)
        given = {name: float.fromhex(text) for name, text in point["multipliers"].items()}
        exact = {name: _multiplier(text) for name, text in c["multipliers"].items()}
        require(given == {name: float(m) for name, m in exact.items()}, f"point {k} names other multipliers")
        require(point["lower_bound"] <= lower, f"point {k} claims a lower bound of {point['lower_bound']!r}")
        require(rounded_up(point["value"], exact) >= value, f"point {k} claims a value of {point['value']!r}")
        require(point["status"] == c["status"], f"point {k} claims the status {point['status']!r}")
        reached = functionals_in_balls(about, point["encoder"])
        require(set(reached) == set(point["point"]), f"point {k} has other coordinates")
        for name, claimed in point["point"].items():
            near = abs(reached[name] - arb(claimed)) <= arb(rounded_up(abs(claimed), {}) - abs(claimed))
            require(near, f"point {k} claims {name} = {claimed!r}; its encoder has {reached[name].str(17)}")
        if "beta" in given:
            far = given["beta"] == math.inf
            weights = {"S": 0.0 if far else 1.0, "U": 1.0 if far else given["beta"]}
        else:
            weights = {"R": given["rho"], "D": given["delta"], "C": given["gamma"]}
        total = math.fsum(w * point["point"][name] for name, w in weights.items())
        margin = rounded_up(abs(total), exact) - abs(total)
        require(abs(total - point["value"]) <= margin, f"the coordinates of point {k} miss its value")
    return len(points)


def _multiplier(text: str) -> Any:
    return math.inf if text == "inf" else read_number(text)


def _verify(c: Mapping[str, Any], problem: Problem | None) -> tuple[float, float]:
    require(isinstance(c, Mapping) and c["format"] == FORMAT, f"the format is not {FORMAT}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    if problem is not None:
        require(describe(problem) == c["problem"], "the certificate is about another problem")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    require(tol > 0, "the tolerance is not positive")
    multipliers = {name: _multiplier(text) for name, text in c["multipliers"].items()}
    about = read_problem(c["problem"])
    require(set(multipliers) == set(about.multipliers), "multipliers are missing or foreign")
    require(all(m >= 0 for m in multipliers.values()), "a multiplier is negative")
    if isinstance(about, EncoderProblem) and multipliers["rho"] == 0:
        value = lower = ball(multipliers["gamma"]) * _conditional_entropy(about.cells)
        require(c["parts"] == [], "rho = 0 needs no parts")
    elif not isinstance(about, EncoderProblem) and multipliers["beta"] == math.inf:
        value = lower = _least_energy(about)
        require(c["parts"] == [], "beta = inf needs no parts")
    else:
        plan: Plan = about.plan(**multipliers)
        require(len(plan.parts) == len(c["parts"]), "the number of parts is wrong")
        value = lower = ball(plan.kappa) * sum((plogp(ball(m)) for m in plan.masses), arb(0))
        for part, claim in zip(plan.parts, c["parts"], strict=True):  # lengths first, work later
            require(len(claim["lam"]) == len(part.mixture.weights), "lam has the wrong length")
        for part, claim in zip(plan.parts, c["parts"], strict=True):
            value += ball(part.share) * _primal(part.mixture, claim)
            lower += ball(part.share) * _dual(part.mixture, claim)
        value, lower = ball(plan.scale) * value, ball(plan.scale) * lower
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    require(c["status"] in ("certified", "open"), f"the status {c['status']!r} is unknown")
    if c["status"] == "certified":
        require(arb(claimed) - arb(bound) <= arb(tol), "certified, but the gap exceeds the tolerance")
    return claimed, bound


def _primal(m: Mixture, claim: Mapping[str, Any]) -> arb:
    """L(q) of the witness; weights and rows are divided by their sums."""
    weights = _floats(claim["weights"])
    require(len(weights) <= MOST, f"more than {MOST:,} codes")
    require(len(weights) > 0 and min(weights) >= 0 and sum(weights) > 0, "the witness's weights are no distribution")
    spans, rows = [], [block.rows for block in m.blocks]
    at = 0
    for width in (*(len(block.rows[0]) for block in m.blocks), *([max(m.groups) + 1] if m.delta else [])):
        spans.append((at, at + width))
        at += width
    likelihood = [arb(0)] * len(m.weights)
    total = sum((arb(q) for q in weights), arb(0))
    require(len(claim["codes"]) == len(weights), "the witness has a weight without a code")
    for q, text in zip(weights, claim["codes"], strict=True):
        code = _floats(text)
        require(len(code) == at and min(code) > 0, "a code is no list of positive rows")
        logs: list[arb] = []
        for lo, hi in spans:
            norm = sum((arb(t) for t in code[lo:hi]), arb(0))
            logs += [(arb(t) / norm).log() for t in code[lo:hi]]
        for w in range(len(m.weights)):
            exponent = arb(0)
            for (lo, _), table in zip(spans, rows, strict=False):
                for j, a in enumerate(table[w]):
                    if a:
                        exponent += ball(a) * logs[lo + j]
            exponent *= ball(m.multiplier)
            if m.delta:
                exponent += ball(m.delta) * logs[spans[-1][0] + m.groups[w]]
            likelihood[w] += arb(q) / total * exponent.exp()
    return -sum((ball(p) * x.log() for p, x in zip(m.weights, likelihood, strict=True)), arb(0))


def _dual(m: Mixture, claim: Mapping[str, Any]) -> arb:
    """The lower bound of a part: in closed form, or after its tree has been followed to the end."""
    if claim["rule"] != "cells":
        terms = RULES[claim["rule"]](m)
        require(terms is not None, f"the rule {claim['rule']!r} does not apply")
        return sum((ball(c) * ball(r).log() for c, r in terms or ()), arb(0))
    lam = _floats(claim["lam"])
    level = arb(finite(claim["level"]))
    require(len(claim["contacts"]) <= MOST, f"more than {MOST:,} contacts")
    gradient = Gradient(m, lam)
    near = [Ellipsoid(gradient, _floats(c["code"]), finite(c["radius"]), level) for c in claim["contacts"]]
    edges = [(i, p, q) for i, b in enumerate(m.blocks) for p, q in pairs(len(b.root))]
    tree = iter(claim["tree"])
    stack = [root_cell(m)]
    while stack:
        cell = stack.pop()
        symbol = next(tree, None)
        if symbol == ".":
            require(gradient.chord(cell, level), "a leaf has G above the level by its chord")
        elif symbol == "+":
            require(any(n.holds(cell) for n in near), "a leaf lies in no ellipsoid")
        elif symbol == "-":
            require(gradient.quadratic(cell, level), "a leaf has G above the level by its quadratic")
        elif symbol == "~":
            require(gradient.series(cell, level), "a leaf has G above the level by its series")
        else:
            require(symbol is not None, "the tree ends before its leaves cover everything")
            number = ord(str(symbol)) - 48
            require(0 <= number < len(edges), f"the tree has an unknown symbol {symbol!r}")
            which, first, second = edges[number]
            # Preorder: the child that keeps `first` comes first, so it is pushed last.
            for gone, kept in ((first, second), (second, first)):
                child = list(cell)
                child[which] = halve(cell[which], gone, kept)
                stack.append(child)
    require(next(tree, None) is None, "the tree goes on after its end")
    each = (ball(p) * (arb(value) - ball(p).log()) for p, value in zip(m.weights, lam, strict=True))
    return sum(each, arb(0)) - level


def _conditional_entropy(cells: np.ndarray) -> arb:
    """H(Y|X,Theta)."""
    joint = sum((plogp(ball(v)) for v in cells.reshape(-1).tolist()), arb(0))
    return joint - sum((plogp(ball(v)) for v in cells.sum(axis=2).reshape(-1).tolist()), arb(0))


def _least_energy(about: BayesProblem | DiscriminativeProblem) -> arb:
    """U where every type has its own Theta: sum p sum over blocks of n log(sum n / n)."""
    width = 1 if isinstance(about, BayesProblem) else about.shape[0]
    total = arb(0)
    for counts, p in about.types:
        block = len(counts) // width
        for k in range(width):
            part = [n for n in counts[k * block : (k + 1) * block] if n]
            total += ball(p) * sum((n * ball(Fraction(sum(part), n)).log() for n in part), arb(0))
    return total


def _floats(texts: Any) -> list[float]:
    return [finite(text) for text in texts]
