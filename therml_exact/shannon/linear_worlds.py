"""Linear worlds: every variable some bits, each bit a sum modulo 2 of its parents' bits and perhaps a fresh fair bit.

    H(S) = rank(S) log 2,   the rank over GF(2) of the bits in S as combinations of fresh bits

so that a form is an exact rational times log 2, without a logarithm. Most false inequalities fail in one of these.
A variable's rule is a tuple with one entry a bit: (mask over the parents' bits, in order; fresh or not). Samples share
their rules where they share their tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import inf
from time import monotonic
from typing import Any

import numpy as np

from therml_exact.graph import Graph
from therml_exact.numbers.tables import Array

Rule = tuple[tuple[int, bool], ...]
Rules = dict[str, Rule]
Tables = dict[str, Array]

_DRAWS = ((1, 700), (2, 1500))  # bits a variable, worlds tried


def search(
    graph: Graph,
    keys: Mapping[str, str],
    names: Sequence[str],
    claim: Mapping[int, Fraction],
    given: Sequence[tuple[Mapping[int, Fraction], bool]],
    needed: Sequence[str],
    deadline: float = inf,
) -> dict[str, Array] | None:
    """Tables of a linear world with claim < 0 in which the hypotheses hold, made as simple as it goes."""

    def breaks(rules: Rules) -> bool:
        bits = _bits(graph, keys, rules, names)
        ranks: dict[int, int] = {}
        if _value(claim, bits, ranks) >= 0:
            return False
        values = [(_value(form, bits, ranks), equality) for form, equality in given]
        return all(v == 0 if equality else v >= 0 for v, equality in values)

    for rules in _draws(graph, keys, needed):
        if monotonic() > deadline:
            break
        if breaks(rules):
            return _tables(graph, keys, _simplified(rules, breaks))
    return None


def _draws(graph: Graph, keys: Mapping[str, str], needed: Sequence[str]) -> Iterator[Rules]:
    """Random rules, sparse ones and small alphabets first; variables that cannot matter are constant."""
    rng = np.random.default_rng(0)
    wanted = {keys[name] for name in needed}
    for bits, number in _DRAWS:
        for draw in range(number):
            density, fresh = rng.uniform(0.1, 0.9), rng.uniform(0, 1)
            rules: Rules = {}
            for name in graph.nodes:
                key = keys[name]
                if key in rules:
                    continue
                width = sum(len(rules[keys[p]]) for p in graph.parents(name))
                own = 0 if key not in wanted else bits if draw % 3 else int(rng.integers(0, bits + 1))
                own = min(own, 6) if width or bits > 1 else own
                if name == "(seed)":
                    own = 2 * bits + 1
                rules[key] = tuple(
                    (
                        sum(1 << k for k in range(width) if rng.random() < density),
                        not width or bool(rng.random() < fresh),
                    )
                    for _ in range(own)
                )
            yield rules


def _bits(graph: Graph, keys: Mapping[str, str], rules: Rules, names: Sequence[str]) -> list[list[int]]:
    """The bits of each variable as masks of fresh bits."""
    found: dict[str, list[int]] = {}
    fresh = 0
    for node in graph.nodes:
        above = [bit for p in graph.parents(node) for bit in found[p]]
        own = []
        for mask, new in rules[keys[node]]:
            value = 0
            for k, bit in enumerate(above):
                if mask >> k & 1:
                    value ^= bit
            if new:
                value ^= 1 << fresh
                fresh += 1
            own.append(value)
        found[node] = own
    return [found[name] for name in names]


def _value(form: Mapping[int, Fraction], bits: Sequence[Sequence[int]], ranks: dict[int, int]) -> Fraction:
    total = Fraction(0)
    for mask, c in form.items():
        if mask not in ranks:
            ranks[mask] = _rank([b for k, own in enumerate(bits) if mask >> k & 1 for b in own])
        total += c * ranks[mask]
    return total


def _rank(vectors: Sequence[int]) -> int:
    basis: list[int] = []
    for vector in vectors:
        for b in basis:
            vector = min(vector, vector ^ b)
        if vector:
            basis.append(vector)
    return len(basis)


def _simplified(rules: Rules, breaks: Any) -> Rules:
    """Fewer bits, fewer dependences, less noise, as long as the claim stays broken."""
    again = True
    while again:
        again = False
        for simpler in _simpler(rules):
            if breaks(simpler):
                rules, again = simpler, True
                break
    return rules


def _simpler(rules: Rules) -> Iterator[Rules]:
    for key, rule in rules.items():
        for k in range(len(rule)):
            # The bit stays in place, constant, so that masks over it keep their meaning; _tables drops it.
            if rule[k] != (0, False):
                yield rules | {key: (*rule[:k], (0, False), *rule[k + 1 :])}
    for key, rule in rules.items():
        for k, (mask, new) in enumerate(rule):
            for bit in range(mask.bit_length()):
                if mask >> bit & 1:
                    yield rules | {key: (*rule[:k], (mask & ~(1 << bit), new), *rule[k + 1 :])}
            if new and mask:
                yield rules | {key: (*rule[:k], (mask, False), *rule[k + 1 :])}


def _tables(graph: Graph, keys: Mapping[str, str], rules: Rules) -> dict[str, Array]:
    """The conditional tables, a letter for each value of a variable's bits that are not constant."""
    kept = {key: [k for k, bit in enumerate(rule) if bit != (0, False)] for key, rule in rules.items()}
    tables: dict[str, Array] = {}
    for node in graph.nodes:
        key = keys[node]
        if key in tables:
            continue
        above = [(p, k) for p in graph.parents(node) for k in range(len(rules[keys[p]]))]
        sizes = [2 ** len(kept[keys[p]]) for p in graph.parents(node)]
        own = [rules[key][k] for k in kept[key]]
        noisy = [k for k, (_, new) in enumerate(own) if new]
        table = np.full((*sizes, 2 ** len(own)), Fraction(0), dtype=object)
        for index in np.ndindex(*sizes):
            letters = dict(zip(graph.parents(node), index, strict=True))
            values = [letters[p] >> kept[keys[p]].index(k) & 1 if k in kept[keys[p]] else 0 for p, k in above]
            base = sum(
                (sum(v for b, v in enumerate(values) if mask >> b & 1) & 1) << k for k, (mask, _) in enumerate(own)
            )
            for noise in range(2 ** len(noisy)):
                letter = base ^ sum((noise >> b & 1) << k for b, k in enumerate(noisy))
                table[(*index, letter)] += Fraction(1, 2 ** len(noisy))
        tables[key] = table
    return tables
