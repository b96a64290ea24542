"""verify for Wyner's common information: value >= C >= lower bound, in exact and in ball arithmetic (nats).

Upper bound: products s_k (x) t_k with weights q_k >= 0. The largest c <= 1 with c sum_k q_k s_k (x) t_k <= p in every
cell is found exactly; what is left of p is a mixture of pairs of letters. So W exists, and

    C <= H(X,Y) - c sum_k q_k (H(s_k) + H(t_k)).

Lower bound: a table lam, a level L, and a tree of cells of the simplex of t. On a leaf with vertices v_k and centre c

    -log sum_x exp(-(lam v_k)_x) + sum_y v_ky log c_y >= -L    for every k,

so that H(s) + H(t) <= lam(s, t) + L for all s, t, and C >= H(X,Y) - sum_xy p_xy lam_xy - L (wyner.py has the proof).

The tree is text in preorder: "." is a leaf; a digit is the edge (i, j), i < j, in lexicographical order, at whose
middle the cell is halved: vertex j is moved there first, then vertex i. Vertices are dyadic, so that they are exact.

Errors: RefusedError for a claim that is not proved; what is malformed raises and is refused by the door.
Source: Wyner, IEEE Trans. Inf. Theory 21 (1975) 163.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from therml_exact.frontier.classical.check import BOUNDS, check_head
from therml_exact.frontier.problems.tables import distribution, read_exact_table, write_table
from therml_exact.joint import Joint
from therml_exact.numbers.balls import ZERO, ball, dot, plogp
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact
from therml_exact.verification import Clock, Proven, RefusedError, bracketed, finite, require, told

FORMAT = "therml-exact/wyner"
FIELDS = {*BOUNDS, "weights", "s", "t", "lam", "level", "tree"}
MOST_LETTERS = 4
MOST_CELLS = 10_000
MOST_PRODUCTS = 10_000

Rows = Sequence[Sequence[Fraction]]


class Achieved(NamedTuple):
    """What a mixture achieves: a ball of its I(X,Y;W), and its exact tables as floats, pairs of letters included."""

    value: arb
    weights: Array
    s: Array
    t: Array


def described(p_xy: Joint) -> dict[str, Any]:
    """The problem as plain data."""
    return {"kind": "wyner", "p_xy": write_table(p_xy.weights(p_xy.axes).array)}


def achieved(p: Array, weights: Sequence[Fraction], s: Rows, t: Rows) -> Achieved:
    """What the mixture achieves once it is scaled below p and filled up with pairs of letters; all is exact."""
    used = [k for k, w in enumerate(weights) if w > 0]
    first = {k: [v / sum(s[k], Fraction(0)) for v in s[k]] for k in used}
    second = {k: [v / sum(t[k], Fraction(0)) for v in t[k]] for k in used}
    reached = np.full(p.shape, Fraction(0), dtype=object)
    for k in used:
        reached = reached + weights[k] * np.outer(np.array(first[k], dtype=object), np.array(second[k], dtype=object))
    if np.any((reached > 0) & (p == 0)):
        raise RefusedError("the mixture has mass where p(x,y) is 0")
    ratios = [v / m for v, m in zip(p.reshape(-1).tolist(), reached.reshape(-1).tolist(), strict=True) if m > 0]
    scale = min([Fraction(1), *ratios])
    left = p - scale * reached
    value = sum((plogp(ball(v)) for v in p.reshape(-1).tolist()), ZERO)
    for k in used:
        inside = sum((plogp(ball(v)) for v in (*first[k], *second[k])), ZERO)
        value = value - ball(scale * weights[k]) * inside
    pairs = [(x, y) for x in range(p.shape[0]) for y in range(p.shape[1]) if left[x, y] > 0]
    mass = [float(scale * weights[k]) for k in used] + [float(left[at]) for at in pairs]
    rows = [[float(v) for v in first[k]] for k in used] + [np.eye(p.shape[0])[x].tolist() for x, _ in pairs]
    columns = [[float(v) for v in second[k]] for k in used] + [np.eye(p.shape[1])[y].tolist() for _, y in pairs]
    return Achieved(value, np.array(mass), np.array(rows), np.array(columns))


def check_wyner(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """What a certificate of Wyner's common information proves."""
    problem_told = check_head(content, FIELDS, "wyner", ("p_xy",), problem, described)
    p = read_exact_table(problem_told["p_xy"])
    require(p.ndim == 2 and p.size <= MOST_CELLS, "p_xy has not two axes, or too many cells")
    require(all(v >= 0 for v in p.reshape(-1).tolist()) and sum(p.reshape(-1).tolist()) > 0, "p_xy is no distribution")
    p = distribution(p)
    p = p.T if p.shape[0] < p.shape[1] else p
    require(p.shape[1] <= MOST_LETTERS, f"the smaller alphabet has more than {MOST_LETTERS} letters")
    value, lower, tol = finite(content["value"]), finite(content["lower_bound"]), finite(content["tol"])
    require(bool(arb(value) >= _upper(content, p)), f"the value {value!r} is not achieved by the mixture")
    require(lower <= 0 or bool(arb(lower) <= _lower(content, p, clock)), f"the lower bound {lower!r} is not proved")
    bracketed(value, lower, content["status"], tol)
    return Proven(value, lower, "common information: a mixture of products, and a table that no product exceeds",
                  told(problem_told, {}))  # fmt: skip


def _upper(content: Mapping[str, Any], p: Array) -> arb:
    """What the mixture of the certificate achieves."""
    weights = [read_exact(text) for text in content["weights"]]
    s, t = read_exact_table(content["s"]), read_exact_table(content["t"])
    require(len(weights) <= MOST_PRODUCTS, f"there are more than {MOST_PRODUCTS:,} products")
    require(s.shape == (len(weights), p.shape[0]) and t.shape == (len(weights), p.shape[1]), "the products do not fit")
    numbers = [*weights, *s.reshape(-1).tolist(), *t.reshape(-1).tolist()]
    require(all(v >= 0 for v in numbers), "a weight or a probability is negative")
    require(all(sum(row) > 0 for row in (*s.tolist(), *t.tolist())), "a product is empty")
    return achieved(p, weights, s.tolist(), t.tolist()).value


def _lower(content: Mapping[str, Any], p: Array, clock: Clock) -> arb:
    """The lower bound that lam, the level and the tree prove."""
    lam, level = read_exact_table(content["lam"]), finite(content["level"])
    require(lam.shape == p.shape, "lam does not fit p(x,y)")
    require(type(content["tree"]) is str, "the tree is no text")
    balls = [[ball(v) for v in row] for row in lam.tolist()]
    _check_tree(content["tree"], balls, -arb(level), p.shape[1], clock)
    masses = [ball(v) for v in p.reshape(-1).tolist()]
    price = dot(masses, [v for row in balls for v in row])
    return sum(map(plogp, masses), ZERO) - price - arb(level)


def _check_tree(tree: str, lam: list[list[arb]], least: arb, letters: int, clock: Clock) -> None:
    """Walk the tree in preorder; every leaf's bound is at least `least`."""
    pairs = [(i, j) for i in range(letters) for j in range(i + 1, letters)]
    corner = tuple(tuple(Fraction(int(i == j)) for j in range(letters)) for i in range(letters))
    concave: dict[tuple[Fraction, ...], arb] = {}
    stack = [corner]
    for symbol in tree:
        clock.tick()
        require(bool(stack), "the tree has more nodes than its splits make")
        cell = stack.pop()
        if symbol == ".":
            logs = [ball(sum(column, Fraction(0)) / letters).log() for column in zip(*cell, strict=True)]
            for vertex in cell:
                if vertex not in concave:
                    point = [ball(v) for v in vertex]
                    concave[vertex] = -sum(((-dot(row, point)).exp() for row in lam), ZERO).log()
                tangent = sum((ball(v) * log for v, log in zip(vertex, logs, strict=True) if v), ZERO)
                require(bool(concave[vertex] + tangent >= least), "a cell of the tree is not proved")
            continue
        require(symbol.isascii() and symbol.isdigit() and int(symbol) < len(pairs), "a symbol of the tree is unknown")
        i, j = pairs[int(symbol)]
        middle = tuple((a + b) / 2 for a, b in zip(cell[i], cell[j], strict=True))
        stack.append(tuple(middle if k == i else v for k, v in enumerate(cell)))
        stack.append(tuple(middle if k == j else v for k, v in enumerate(cell)))
    require(not stack, "the tree ends before its splits do")
