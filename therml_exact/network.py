"""Network: a graph with its conditional tables, and the weights of any marginal without the dense joint.

    p(x_1, ..., x_n) = prod_i p(x_i | Pa(x_i)),     tables[x_i] of shape (sizes of Pa(x_i) ..., size of x_i)

Small joints are built once and summed. Larger ones never are: a marginal is found by eliminating, from the product of
its ancestors' tables, the other variables one by one, each time the one with the smallest product (Zhang & Poole
1994). A marginal that has been asked for is kept, and smaller ones are summed out of it.
Memory: a marginal's own cells, and the largest intermediate product; refused up front where that cannot fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from therml_exact.graph import Graph
from therml_exact.joint import Joint
from therml_exact.letters import find_name
from therml_exact.numbers.approximate import ROUND
from therml_exact.numbers.tables import Array, check_size, common_denominator, freeze
from therml_exact.numbers.weights import Weights

_DENSE_CELLS = 2**15


class Network:
    """p(x) on a graph. Tables are valid and of one kind: whoever builds a network has checked them."""

    __slots__ = ("_cache", "_factors", "_ordered", "axes", "graph", "is_exact", "sizes")

    def __init__(self, graph: Graph, tables: Mapping[str, Array], deviations: Mapping[str, float]) -> None:
        self.graph = graph
        self.axes = graph.nodes  # parents before children
        self.sizes = {node: tables[node].shape[-1] for node in graph.nodes}
        self.is_exact = all(table.dtype == object for table in tables.values())
        self._factors = {node: _factor(tables[node], deviations.get(node, 0.0)) for node in graph.nodes}
        self._cache: dict[frozenset[str], tuple[tuple[str, ...], Weights]] = {}
        self._ordered: dict[tuple[str, ...], Weights] = {}  # the same marginals as they were asked for

    @property
    def cells(self) -> int:
        """The size of the dense joint."""
        return math.prod(self.sizes.values())

    def weights(self, names: Sequence[str]) -> Weights:
        """Weights of the marginal on the names, in their order."""
        asked = tuple(names)
        if asked not in self._ordered:
            self._ordered[asked] = self._arranged(asked)
        return self._ordered[asked]

    def _arranged(self, names: tuple[str, ...]) -> Weights:
        for name in names:
            find_name(name, self.axes)
        wanted = frozenset(names)
        if wanted not in self._cache:
            ordered = tuple(node for node in self.axes if node in wanted)
            self._cache[wanted] = ordered, self._marginal(ordered)
        order, weights = self._cache[wanted]
        if order == names:
            return weights
        return Weights(weights.array.transpose([order.index(name) for name in names]), weights.total, weights.rounding)

    def joint(self) -> Joint:
        """The dense joint over all variables."""
        check_size(self.cells, len(self.axes), self.is_exact, "the dense joint")
        return Joint.from_weights(self.weights(self.axes), self.axes)

    def _marginal(self, names: tuple[str, ...]) -> Weights:
        if self.cells <= _DENSE_CELLS and len(names) < len(self.axes):
            self.weights(self.axes)
        larger = [(order, w) for key, (order, w) in self._cache.items() if key.issuperset(names)]
        if larger:
            order, weights = min(larger, key=lambda item: item[1].array.size)
            smaller = weights.keep([order.index(name) for name in names])
            return Weights(freeze(smaller.array), smaller.total, smaller.rounding)
        return self._eliminate(names)

    def _eliminate(self, names: tuple[str, ...]) -> Weights:
        relevant = self.graph.ancestors(names)
        factors = [((*self.graph.parents(node), node), self._factors[node]) for node in self.axes if node in relevant]
        hidden = relevant - set(names)
        while hidden:
            touched = {v: frozenset(a for axes, _ in factors if v in axes for a in axes) for v in hidden}
            # Ties go to the first name, so that the same input sums in the same order.
            v = min(sorted(hidden), key=lambda name: math.prod(self.sizes[a] for a in touched[name]))
            inside = [factor for factor in factors if v in factor[0]]
            factors = [factor for factor in factors if v not in factor[0]]
            axes, weights = self._product(inside)
            rest = tuple(a for a in axes if a != v)
            factors.append((rest, weights.keep([axes.index(a) for a in rest])))
            hidden.remove(v)
        axes, weights = self._product(factors)
        return _lowest_terms(weights.keep([axes.index(name) for name in names]))

    def _product(self, factors: Sequence[tuple[tuple[str, ...], Weights]]) -> tuple[tuple[str, ...], Weights]:
        everything = {a for axes, _ in factors for a in axes}
        axes = tuple(node for node in self.axes if node in everything)
        size = math.prod(self.sizes[a] for a in axes)
        check_size(size, len(axes), self.is_exact, f"a table over {', '.join(axes)}")
        order = {a: k for k, a in enumerate(axes)}
        array, total, rounding = np.asarray(1, dtype=object if self.is_exact else np.float64), 1, 0.0
        for names, w in sorted(factors, key=lambda factor: len(factor[0])):
            positions = sorted(range(len(names)), key=lambda k: order[names[k]])
            shape = [self.sizes[a] if a in names else 1 for a in axes]
            part = w.array.transpose(positions).reshape(shape)
            array = part if array.ndim == 0 else array * part
            total *= w.total
            rounding += w.rounding + ROUND
        return axes, Weights(freeze(np.asarray(array)), total, rounding)


def _factor(table: Array, deviation: float) -> Weights:
    if table.dtype == object:
        return Weights(*common_denominator(table))
    return Weights(table, 1.0, deviation + ROUND)


def _lowest_terms(weights: Weights) -> Weights:
    """Small integers keep exact arithmetic quick. A float total is the sum of its cells."""
    if not weights.exact:
        return Weights(freeze(weights.array), float(weights.array.sum()), weights.rounding)
    common = math.gcd(int(weights.total), *weights.array.reshape(-1).tolist())
    return Weights(freeze(weights.array // common), int(weights.total) // common)
