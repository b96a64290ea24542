"""Quantities: every term that the relations are written in, for one world and its q's, each computed once.

Names follow the paper: t.H(A, given=C), t.I(A, B, given=C), t.J, t.S, t.R(i), t.KL("z", i). All in nats, with their
error bounds where they are floats.

An identity says something only if its two sides are computed apart. So each kind of term is a sum of its own:

    H(A)                 -sum p(a) log p(a)
    H(A|C)               -sum p(a,c) log p(a|c)                                 over the cells of the conditional table
    I(A;B|C)             sum p(a,b,c) log p(a,b|c)/p(a|c)p(b|c)                 over the cells
    by_entropies         H(A,C) + H(B,C) - H(A,B,C) - H(C)                      the same information, from entropies
    mean_entropy         sum p(c) H(A|C=c)                                      the same H(A|C), slice by slice
    S, R, C, D, V, U     expectations of -log q, less conditional tables (functional.py)
    KL                   sum p log(p/q), as it stands in (61)
    J                    informations over cells; least_divergence is J from slices and the optimal q's

tests/test_paths.py falsifies each of them in turn, and every relation that mentions it breaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from therml_exact import functional as f
from therml_exact.graph import Graph
from therml_exact.information import entropy_number, zero
from therml_exact.letters import flatten_names
from therml_exact.numbers.approximate import ROUND, Approximate
from therml_exact.numbers.weights import Number, Weights
from therml_exact.variational import Variational, family, optimal_variational, ratio
from therml_exact.worlds import World

Names = str | Sequence[str]


class Quantities:
    """The terms of one world and its variational distributions; nothing is computed twice."""

    def __init__(self, world: World, variational: Variational) -> None:
        self.world = world
        self.q = f.fitted(world, variational)
        self._known: dict[Any, Number] = {}

    def _asked(self, what: str, names: tuple[Names, ...], compute: Callable[[], Number]) -> Number:
        """A quantity by the names as they were written: the same question is not even taken apart twice."""
        return self._once((what, *(part if isinstance(part, str) else tuple(part) for part in names)), compute)

    def _once(self, key: Any, compute: Callable[[], Number]) -> Number:
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]

    # ---- information in world P

    def H(self, names: Names, given: Names = ()) -> Number:
        """The entropy of names given others."""
        return self._asked("H", (names, given), lambda: self._entropy(names, given))

    def _entropy(self, names: Names, given: Names) -> Number:
        a, c = flatten_names((names,)), flatten_names((given,))
        if not c:
            return self._once(frozenset(a), lambda: entropy_number(self.world, a))
        if not self.world.is_exact:
            return entropy_number(self.world, a, c)
        both = self._grouped(c, a)
        return both.conditional_entropy(both.array.sum(axis=1, keepdims=True))

    def mean_entropy(self, names: Names, given: Names) -> Number:
        """H(names|given) as the mean of the entropies of the slices p(names|given = c)."""
        return self._asked("mean", (names, given), lambda: self._slices(names, given))

    def _slices(self, names: Names, given: Names) -> Number:
        both = self._grouped(flatten_names((given,)), flatten_names((names,)))
        total = self.zero
        for row in both.array:
            weight = row.sum()
            if weight:
                share = Fraction(weight, both.total) if both.exact else weight / both.total
                total = total + Weights(row, weight, both.rounding).entropy() * share
        if isinstance(total, Approximate):  # the slices' own weights are rounded too
            return Approximate(total.value, total.error + 2 * (both.rounding + ROUND * both.array.size) * total.value)
        return total

    def I(self, a: Names, b: Names, given: Names = ()) -> Number:  # noqa: E743
        """The mutual information of a and b given others, as a sum over cells."""
        return self._asked("I", (a, b, given), lambda: self._information(a, b, given))

    def _information(self, a: Names, b: Names, given: Names) -> Number:
        left, right, on = (flatten_names((names,)) for names in (a, b, given))
        return self._once((frozenset((frozenset(left), frozenset(right))), frozenset(on)),
                          lambda: self._over_cells(left, right, on))  # fmt: skip

    def _over_cells(self, left: tuple[str, ...], right: tuple[str, ...], on: tuple[str, ...]) -> Number:
        return self._grouped(left, right, on).information()

    def _grouped(self, *groups: tuple[str, ...]) -> Weights:
        """The weights with one axis for each group of names."""
        w = self.world.weights([name for group in groups for name in group])
        sizes, shape = list(w.array.shape), []
        for group in groups:
            shape.append(math.prod(sizes[: len(group)]))
            del sizes[: len(group)]
        return Weights(w.array.reshape(shape), w.total, w.rounding)

    def by_entropies(self, a: Names, b: Names, given: Names = ()) -> Number:
        """The mutual information of a and b given others, from the entropies of their marginals (72)."""
        left, right, on = (flatten_names((names,)) for names in (a, b, given))
        h = self.H
        found = h((*left, *on)) + h((*right, *on)) - h((*left, *right, *on))
        return found - h(on) if on else found

    @property
    def zero(self) -> Number:
        """No information."""
        return zero(self.world.is_exact)

    @property
    def data(self) -> tuple[str, ...]:
        """X^N, Y^N (X^N alone in BayesWorld), or their type."""
        return self.world.data

    def sum(self, term: Callable[[int], Number]) -> Number:
        """The sum over samples."""
        return sum((term(i) for i in self.world.samples), start=self.zero)

    @cached_property
    def I_P(self) -> Number:
        """The multi-information of world P as its node-parent sum (6)."""
        return self._node_parent_sum(self.world.graph)

    @cached_property
    def I_Q(self) -> Number:
        """The information that world Q expresses."""
        return self._node_parent_sum(self.world.graph_q)

    def _node_parent_sum(self, graph: Graph) -> Number:
        nodes = self.world.told_by(graph)
        return sum((self.I(node, parents) for node, parents in nodes if parents), start=self.zero)

    @property
    def J(self) -> Number:
        """The least mismatch, I_P - I_Q (5)."""
        return self.I_P - self.I_Q

    @cached_property
    def multi_information(self) -> Number:
        """The multi-information by its definition, from the dense joint."""
        everything = self.world.weights(self.world.axes)
        return everything.multi_information()

    @cached_property
    def least_divergence(self) -> Number:
        """D_KL[p; q*] by its definition: -H(all but Phi|Phi) - <log q*>, q* the optimal tables of each sample."""
        best = optimal_variational(self.world)
        total = -self.mean_entropy([name for name in self.world.axes if name != "Phi"], "Phi")
        for name, above in self.world.graph_q:
            if not above and name[0] == "X":
                alone = self.world.weights([name])
                total = total + alone.cross_entropy(alone.array, alone.total)
        for name in ("theta", *self.world.projection):
            for i in self.world.samples if name != "theta" else (1,):
                table = best.table(name, i)
                assert table is not None
                total = total + family(self.world, name, i).cross_entropy(*ratio(table))
        return total

    # ---- functionals of the q's

    @cached_property
    def S(self) -> Number:
        """The entropy functional (10)."""
        return f.entropy_functional(self.world, self.q)

    def R(self, i: int) -> Number:
        """The rate of sample i (11)."""
        return self._once(("R", i), lambda: f.rate(self.world, self.q, i))

    def C(self, i: int) -> Number:
        """The classification error of sample i (12)."""
        return self._once(("C", i), lambda: f.classification_error(self.world, self.q, i))

    def D(self, i: int) -> Number:
        """The distortion of sample i (13)."""
        return self._once(("D", i), lambda: f.distortion(self.world, self.q, i))

    def V(self, i: int) -> Number:
        """The volume of sample i (Appendix A)."""
        return self._once(("V", i), lambda: f.volume(self.world, self.q, i))

    def U(self, i: int) -> Number:
        """The energy of sample i (45), (53)."""
        return self._once(("U", i), lambda: f.energy(self.world, self.q, i))

    def KL(self, name: str, i: int = 1) -> Number:
        """The divergence of a variational table from world P's (61)."""
        return self._once(("KL", name, i), lambda: f.divergence(self.world, self.q, name, i))

    @property
    def KL_sum(self) -> Number:
        """All divergences of world Q's tables (61)."""
        each = self.sum(lambda i: sum((self.KL(name, i) for name in self.world.projection), start=self.zero))
        return self.KL("theta") + each
