"""Worlds of small tables, searched for one that breaks a claim: rows at random, then downhill, then rounded.

    F(tables) = sum_S c_S H(S),     dF/dp(x) = -sum_S c_S (log p(x_S) + 1),     pulled back to each table's rows

1. Batches of random tables, rows deterministic, uniform or small integer weights.
2. L-BFGS on the logarithms of the rows from random starts, hypotheses that are inequalities as penalties; rows rounded
   to the smallest denominator at which the claim stays broken.
3. The world found is simplified: variables made constant, rows deterministic or uniform, while the claim stays broken.
Floats only propose; refute.py decides exactly. Equations among the hypotheses are met by step 1 or not at all.
Shapes: a table is [parents ..., own letters], a batch of tables [world, parents ..., own letters].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, prod
from time import monotonic

import numpy as np

from therml_exact.graph import Graph
from therml_exact.numbers.tables import Array
from therml_exact.shannon import constants

Tables = dict[str, Array]
_WORK = 3e7  # cells times sets, over all batches
_BATCH = 64
_STARTS = (24, 8)  # for the smallest alphabets, for larger ones
_STEPS = 120
_MOST_CELLS = 2**13
_CLEAR = 1e-9  # below, floats see no violation
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 50, 64, 100, 200, 1000, 10_000)


@dataclass(frozen=True)
class Search:
    """What is searched: a graph whose nodes share tables by key; masks of forms are over `names`."""

    graph: Graph
    keys: Mapping[str, str]
    names: Sequence[str]
    claim: Mapping[int, Fraction]
    given: Sequence[tuple[Mapping[int, Fraction], bool]]
    needed: frozenset[str]  # the others are constant

    def shape(self, key: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """A table's shape for these alphabets."""
        node = next(node for node in self.graph.nodes if self.keys[node] == key)
        return tuple(sizes[self.keys[v]] for v in (*self.graph.parents(node), node))

    def alphabets(self) -> Iterator[dict[str, int]]:
        """Alphabets to try, small ones first."""
        wanted = {self.keys[name] for name in self.needed}
        keys = list(dict.fromkeys(self.keys[node] for node in self.graph.nodes))
        many = {self.keys[node] for node in self.graph.nodes if len(self.graph.parents(node)) > 2}
        for size, large, seed in ((2, 2, 4), (2, 4, 4), (3, 3, 6)):
            letters = {key: seed if key == "(seed)" else large if key in many else size for key in keys}
            sizes = {key: letters[key] if key in wanted else 1 for key in keys}
            if large != size and not many:
                continue
            if prod(sizes[self.keys[node]] for node in self.graph.nodes) <= _MOST_CELLS:
                yield sizes

    def values(self, tables: Tables) -> tuple[Array, list[Array]]:
        """The claim and the hypotheses in every world of a batch."""
        p, axis = self._joint(tables)
        entropies: dict[int, Array] = {}

        def of(form: Mapping[int, Fraction]) -> Array:
            total = np.zeros(len(p))
            for mask, c in form.items():
                if mask < 0:
                    total += float(c) * constants.size(mask)
                    continue
                if mask not in entropies:
                    out = tuple(a for name, a in axis.items() if name not in self._members(mask))
                    q = p.sum(axis=out) if out else p
                    entropies[mask] = -(q * np.log(np.maximum(q, 1e-300))).reshape(len(p), -1).sum(axis=1)
                total += float(c) * entropies[mask]
            return total

        return of(self.claim), [of(form) for form, _ in self.given]

    def gradient(self, tables: Tables, form: Mapping[int, Fraction]) -> tuple[float, Tables]:
        """The form in a single world (a batch of one), and its derivative by every cell times the cell."""
        p, axis = self._joint(tables)
        total, slope = 0.0, np.zeros_like(p)
        for mask, c in form.items():
            if mask < 0:
                total += float(c) * constants.size(mask)
                continue
            out = tuple(a for name, a in axis.items() if name not in self._members(mask))
            q = p.sum(axis=out, keepdims=True) if out else p
            log = np.log(np.maximum(q, 1e-300))
            total -= float(c) * float((q * log).sum())
            slope -= float(c) * (log + 1)
        weighted = p * slope
        pulled = {key: np.zeros_like(table) for key, table in tables.items()}
        for node in self.graph.nodes:
            family = (*self.graph.parents(node), node)
            kept = [axis[v] for v in family]
            rest = tuple(a for a in range(1, p.ndim) if a not in kept)
            ordered = sorted(kept)
            part = weighted.sum(axis=rest).transpose(0, *(1 + ordered.index(a) for a in kept))
            pulled[self.keys[node]] += part
        return total, pulled

    def _members(self, mask: int) -> set[str]:
        return {name for k, name in enumerate(self.names) if mask >> k & 1}

    def _joint(self, tables: Tables) -> tuple[Array, dict[str, int]]:
        axis = {node: k + 1 for k, node in enumerate(self.graph.nodes)}
        p = np.ones((1,) * (len(axis) + 1))
        for node in self.graph.nodes:
            table = tables[self.keys[node]]
            family = [axis[v] for v in (*self.graph.parents(node), node)]
            order = sorted(range(len(family)), key=lambda k: family[k])
            shape = [len(table)] + [1] * len(axis)
            for k, a in enumerate(family):
                shape[a] = table.shape[k + 1]
            p = p * table.transpose(0, *(1 + k for k in order)).reshape(shape)
        return p, axis


def search(problem: Search, accept: Callable[[Tables], object], deadline: float = inf) -> Tables | None:
    """Exact tables that `accept` (the exact decision) takes."""
    for sizes in problem.alphabets():
        for found in _random(problem, sizes, deadline):
            if accept(found):
                return _simplified(problem, found, accept)
    if any(equality for _, equality in problem.given):
        return None
    for k, sizes in enumerate(problem.alphabets()):
        for found in _downhill(problem, sizes, _STARTS[min(k, 1)], deadline):
            if accept(found):
                return _simplified(problem, found, accept)
    return None


def _random(problem: Search, sizes: Mapping[str, int], deadline: float) -> Iterator[Tables]:
    """Worlds of random rows in which floats see the claim broken."""
    rng = np.random.default_rng(1)
    cells = prod(sizes[problem.keys[node]] for node in problem.graph.nodes)
    batches = max(2, min(60, int(_WORK / (cells * max(1, len(problem.claim)) * _BATCH))))
    for _ in range(batches):
        if monotonic() > deadline:
            return
        weights = {key: _weights(rng, (_BATCH, *problem.shape(key, sizes))) for key in sizes}
        claim, given = problem.values({key: w / w.sum(axis=-1, keepdims=True) for key, w in weights.items()})
        fine = claim < -_CLEAR
        for value, (_, equality) in zip(given, problem.given, strict=True):
            fine &= abs(value) < _CLEAR if equality else value > -_CLEAR
        for k in np.flatnonzero(fine)[:3]:
            yield {key: _rows(w[k]) for key, w in weights.items()}


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Integer weights of rows: one letter, all letters alike, or anything small."""
    chance = rng.random((shape[0], *(1,) * (len(shape) - 2)))
    kind = rng.random(shape[:-1]) < chance
    single = np.eye(shape[-1], dtype=np.int64)[rng.integers(0, shape[-1], shape[:-1])]
    other = rng.integers(0, 4, shape) if rng.random() < 0.5 else np.ones(shape, dtype=np.int64)
    chosen = np.where(kind[..., None], single, other)
    return np.where(chosen.sum(axis=-1, keepdims=True) == 0, 1, chosen)


def _rows(weights: Array) -> Array:
    """Rows of integer weights as fractions."""
    table = np.empty(weights.shape, dtype=object)
    for index in np.ndindex(*weights.shape[:-1]):
        total = int(weights[index].sum())
        table[index] = [Fraction(int(w), total) for w in weights[index]]
    return table


def _downhill(problem: Search, sizes: Mapping[str, int], starts: int, deadline: float) -> Iterator[Tables]:
    """Worlds from local minima, rounded to the smallest denominators at which the claim is broken."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(2)
    shapes = {key: problem.shape(key, sizes) for key in sizes}
    ends = np.cumsum([prod(shape) for shape in shapes.values()])

    def tables(x: Array) -> Tables:
        found = {}
        for (key, shape), part in zip(shapes.items(), np.split(x, ends[:-1]), strict=True):
            e = np.exp(part.reshape(1, *shape) - part.reshape(1, *shape).max(axis=-1, keepdims=True))
            found[key] = e / e.sum(axis=-1, keepdims=True)
        return found

    def objective(x: Array) -> tuple[float, Array]:
        here = tables(x)
        value, pulled = problem.gradient(here, problem.claim)
        for form, _ in problem.given:
            amount, slope = problem.gradient(here, form)
            if amount < 0:
                value += 100 * amount**2
                pulled = {key: pulled[key] + 200 * amount * slope[key] for key in pulled}
        rows = [(g - here[key] * g.sum(axis=-1, keepdims=True)).reshape(-1) for key, g in pulled.items()]
        return value, np.concatenate(rows)

    for start in range(starts):
        if monotonic() > deadline:
            return
        x = rng.normal(scale=(0.5, 2, 4)[start % 3], size=int(ends[-1]))
        found = minimize(
            objective, x, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}, bounds=[(-30, 30)] * len(x)
        )
        if found.fun < -_CLEAR:
            here = tables(found.x)
            for d in _DENOMINATORS:
                rounded = {key: _rounded(table[0], d) for key, table in here.items()}
                if _broken(problem, rounded):
                    yield {key: _rows(w) for key, w in rounded.items()}
                    break


def _rounded(table: Array, d: int) -> Array:
    """Rows as integer weights of sum d, the largest remainders rounded up."""
    scaled = table * d
    weights = np.floor(scaled).astype(np.int64)
    for index in np.ndindex(*table.shape[:-1]):
        missing = d - int(weights[index].sum())
        order = np.argsort(-(scaled[index] - weights[index]), kind="stable")
        weights[index][order[:missing]] += 1
    return weights


def _broken(problem: Search, weights: Tables) -> bool:
    """Whether floats see the claim broken and no inequality of the hypotheses."""
    claim, given = problem.values(
        {key: np.asarray(w / w.sum(axis=-1, keepdims=True), dtype=float)[None] for key, w in weights.items()}
    )
    fine = bool(claim[0] < -_CLEAR)
    return fine and all(
        abs(v[0]) < _CLEAR if equality else v[0] > -_CLEAR
        for v, (_, equality) in zip(given, problem.given, strict=True)
    )


def _simplified(problem: Search, tables: Tables, accept: Callable[[Tables], object]) -> Tables:
    best = tables
    again = True
    while again:
        again = False
        for simpler in _simpler(problem, best):
            if _broken(problem, simpler) and accept(simpler):
                best, again = simpler, True
                break
    return best


def _simpler(problem: Search, tables: Tables) -> Iterator[Tables]:
    for key, table in tables.items():
        if table.shape[-1] > 1:
            for letter in range(table.shape[-1]):
                yield _without(problem, tables, key, letter)
    for key, table in tables.items():
        size = table.shape[-1]
        uniform = [Fraction(1, size)] * size
        for index in np.ndindex(*table.shape[:-1]):
            row = list(table[index])
            if max(row) == 1:
                continue
            for one in [[Fraction(int(k == j)) for k in range(size)] for j in range(size)] + [uniform]:
                if row != one:
                    changed = table.copy()
                    changed[index] = one
                    yield tables | {key: changed}


def _without(problem: Search, tables: Tables, key: str, letter: int) -> Tables:
    """A letter taken away: its mass goes to the first one left."""
    left = [k for k in range(tables[key].shape[-1]) if k != letter]
    merged = tables[key][..., left].copy()
    merged[..., 0] = merged[..., 0] + tables[key][..., letter]
    found = tables | {key: merged}
    done = set()
    for node in problem.graph.nodes:
        own = problem.keys[node]
        if own in done:
            continue
        done.add(own)
        for axis, parent in enumerate(problem.graph.parents(node)):
            if problem.keys[parent] == key:
                found[own] = np.take(found[own], left, axis=axis)
    return found
