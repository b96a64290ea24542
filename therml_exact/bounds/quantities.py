"""Quantities: every term that the relations are written in, for one world and its q's, each computed once.

Names follow the paper: t.H(A, given=C), t.I(A, B, given=C), t.J, t.S, t.R(i), t.KL("z", i). All in nats, with their
error bounds where they are floats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from therml_exact import functional as f
from therml_exact.information import entropy_number, information_number, zero
from therml_exact.letters import flatten_names
from therml_exact.numbers.weights import Number
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
        return self.H((*a, *c)) - self.H(c)

    def I(self, a: Names, b: Names, given: Names = ()) -> Number:  # noqa: E743
        """The mutual information of a and b given others."""
        return self._asked("I", (a, b, given), lambda: self._information(a, b, given))

    def _information(self, a: Names, b: Names, given: Names) -> Number:
        left, right, on = (flatten_names((names,)) for names in (a, b, given))
        if self.world.is_exact:
            # The four entropies are shared by many relations.
            h = self.H
            return h((*left, *on)) + h((*right, *on)) - h((*left, *right, *on)) - (h(on) if on else 0)
        key = frozenset((frozenset(left), frozenset(right))), frozenset(on)
        return self._once(key, lambda: information_number(self.world, left, right, on))

    def direct(self, a: str, b: str) -> Number:
        """I(a;b) as its definition's sum of p log p(a,b)/p(a)p(b), for the identities that rewrite it."""
        both, alone = self.world.weights([a, b]), self.world.weights([b])
        return both.divergence_of_rows(alone.array, alone.total)

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
        return self.world.on_graph(self.world.graph)

    @cached_property
    def I_Q(self) -> Number:
        """The information that world Q expresses."""
        return self.world.on_graph(self.world.graph_q)

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
        """D_KL[p; q*] by its definition: -H(everything) - <log q*>, q* the optimal tables of each sample."""
        best = optimal_variational(self.world)
        total = self.H("Phi") - entropy_number(self.world, self.world.axes)
        alone = [name for name, above in self.world.graph_q if not above and name[0] == "X"]
        total = total + sum((self.H(name) for name in alone), start=self.zero)
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
