"""Supersamples: two candidates for each sample, a fair coin U_i choosing between them (Steinke and Zakynthinou 2020).

    w~ = ((w_1^0, w_1^1), ..., (w_N^0, w_N^1)) iid given phi,    the rule sees w_i^{u_i},    u in {0,1}^N uniform
    p(theta|w~) = 2^-N sum_u p(theta | (w_i^{u_i})_i)

and I(Theta; U|w~) = H(Theta|w~) - H(Theta|data), because the data (w~ at u) have the law of the data. Phi makes no
difference: given w~, theta depends on u alone. The order within a pair does not matter, so that a pair is one of
K = k(k+1)/2 kinds {a, b}, k letters. For a rule by type the counts of the kinds are enough; with m pairs {a, b}, a < b,

    p(theta|counts) = half of it with one {a, b} made {a, a}, and half with one made {b, b},

down to counts without mixed pairs, whose type is known. Exact worlds give integers, others floats.
Shapes: letters are the weights p(phi, w) as [phi, letter]; a rule is [data..., theta] or [type, theta].
Size: K^N |Theta| or C(N+K-1, K-1) |Theta| numbers; ValueError beyond _MOST of them.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from therml_exact.histograms import exact_law, float_law, number, places, types
from therml_exact.numbers.approximate import ROUND
from therml_exact.numbers.tables import Array, common_denominator, to_fractions
from therml_exact.numbers.weights import Weights

_MOST = {False: 4_000_000, True: 20_000}  # floats, integers


def of_tables(letters: Weights, rule: Array, n: int) -> Weights:
    """p(w~, theta) of a rule over data sets, as weights [w~, theta]."""
    k = letters.array.shape[1]
    pairs = _pairs(k)
    _check(len(pairs) ** n * rule.shape[-1], letters.exact)
    first, second = (list(side) for side in zip(*pairs, strict=True))
    tops, bottom = common_denominator(rule) if letters.exact else (rule, 1)
    chosen: Array = tops.reshape(*(k,) * n, -1)
    for axis in range(n):
        chosen = chosen.take(first, axis) + chosen.take(second, axis)
    prior, kinds = _law_of_pairs(letters, pairs)
    law = prior
    for _ in range(n):
        law = law[..., None] * kinds.reshape(len(kinds), *(1,) * (law.ndim - 1), -1)
    law = law.sum(axis=0).reshape(-1, 1)
    return _weights(law * chosen.reshape(len(law), -1), letters, bottom * 2**n, n)


def of_types(letters: Weights, rule: Array, n: int) -> Weights:
    """p(w~, theta) of a rule by type, as weights [counts of the kinds of pairs, theta]."""
    flat = Weights(letters.array.reshape(len(letters.array), -1), letters.total, letters.rounding)
    k = flat.array.shape[1]
    pairs = _pairs(k)
    _check(number(n, len(pairs)) * rule.shape[-1], letters.exact)
    counts = types(n, len(pairs))
    tops, bottom = common_denominator(rule) if flat.exact else (rule, 1)
    chosen = _means(counts, pairs, tops, k)
    prior, kinds = _law_of_pairs(flat, pairs)
    if flat.exact:
        law, of_law = exact_law(kinds, counts)
        return _weights((law * prior).sum(axis=1, keepdims=True) * chosen, flat, of_law * bottom * 2**n, n)
    exact = to_fractions(kinds)
    law = float_law(exact / exact.sum(axis=1, keepdims=True), counts)
    return _weights((law * prior).sum(axis=1, keepdims=True) * chosen, flat, bottom, n)


def _pairs(k: int) -> list[tuple[int, int]]:
    """The kinds of pairs of k letters."""
    return list(combinations_with_replacement(range(k), 2))


def _check(cells: int, exact: bool) -> None:
    if cells > _MOST[exact]:
        raise ValueError(f"supersamples need {cells:,} numbers; at most {_MOST[exact]:,} are computed")


def _law_of_pairs(letters: Weights, pairs: list[tuple[int, int]]) -> tuple[Array, Array]:
    """p(phi), and p(kind|phi) as [phi, kind]: Fractions, or floats."""
    cells = (to_fractions(letters.array) if letters.exact else letters.array) / letters.total
    prior = np.asarray(cells.sum(axis=1))
    kept = prior > 0
    prior, given = prior[kept], cells[kept] / prior[kept][:, None]
    columns: list[Any] = [given[:, a] * given[:, b] * (1 if a == b else 2) for a, b in pairs]
    return prior, np.stack(columns, axis=1)


def _means(counts: npt.NDArray[np.int64], pairs: list[tuple[int, int]], rule: Array, k: int) -> Array:
    """p(theta|counts of pairs): floats; of an integer rule 2^N times that."""
    mixed = [c for c, (a, b) in enumerate(pairs) if a != b]
    number_mixed = counts[:, mixed].sum(axis=1)
    n = int(counts[0].sum())
    found = np.zeros((len(counts), rule.shape[1]), dtype=rule.dtype)
    kinds = np.zeros((len(pairs), k), dtype=np.int64)
    for c, (a, b) in enumerate(pairs):
        if a == b:
            kinds[c, a] = 1
    plain = np.flatnonzero(number_mixed == 0)
    found[plain] = rule[places(counts[plain] @ kinds)] * (2**n if rule.dtype == object else 1)
    for level in range(1, n + 1):
        here = np.flatnonzero(number_mixed == level)
        if not len(here):
            continue
        which = np.asarray(mixed)[(counts[here][:, mixed] > 0).argmax(axis=1)]
        halves = []
        for side in (0, 1):
            moved = counts[here].copy()
            rows = np.arange(len(here))
            moved[rows, which] -= 1
            same = np.array([pairs.index((pairs[c][side], pairs[c][side])) for c in range(len(pairs))])
            moved[rows, same[which]] += 1
            halves.append(found[places(moved)])
        total = halves[0] + halves[1]
        found[here] = total // 2 if rule.dtype == object else total / 2
    return found


def _weights(cells: Array, letters: Weights, bottom: int, n: int) -> Weights:
    """Fractions as integer weights; floats with the error that their factors have."""
    if letters.exact:
        tops, denominator = common_denominator(to_fractions(cells))
        return Weights(tops, denominator * bottom)
    rounding = 2 * (n + 1) * (letters.rounding + 8 * ROUND) + (8 * n + 40) * ROUND
    return Weights(cells, float(cells.sum()), rounding)
