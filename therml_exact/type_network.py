"""TypeNetwork: the marginals of world P with a permutation-invariant rule, summed over types instead of data sets.

    p(phi, t, theta) = p(phi) p(t|phi) p(theta|t),     t the type of (x^N, y^N) (histograms.py)
    p(phi, w_1..w_s, theta) = sum_t p(phi, t, theta) n_{w_1} (n_{w_2} - [w_2 = w_1]) .../(N (N-1) ...),   w = (x, y)

because, given the type, the samples are drawn from it without replacement; any s of the N samples have this law, so
that marginals are computed for the first s and kept. Each Z_i is joined by p(z_i|x_i, theta). A marginal of T together
with single samples is refused: it would be a table over types and letters.

Shapes: rule[type, theta], encoder[x, theta, z]. Memory: |Phi| |T| |Theta| numbers, and (|X||Y|)^s |T| for s samples.
Floats: the rule's rows are divided by their sums; sums over types run over blocks, so that a cell's relative error is
at most the (2k + |Theta| + 520 + |T|/512) 2^-53 that `Weights.rounding` says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from therml_exact import graph
from therml_exact.histograms import exact_law, float_law, number, types
from therml_exact.joint import Joint
from therml_exact.letters import Letter, find_name
from therml_exact.numbers.approximate import ROUND
from therml_exact.numbers.tables import Array, check_size, common_denominator, freeze
from therml_exact.numbers.weights import Weights
from therml_exact.process import read_letters

_BLOCK = 512  # types that are summed at once


class TypeNetwork:
    """p of an exchangeable world. Its tables are valid and of one kind: whoever builds it has checked them.

    axes: Phi, X1, Y1, ..., XN, YN, T, Theta, Z1, ..., ZN, with T the type of all samples. letters: p(x, y|phi) as
    Fractions [phi, letter]. counts: the types [type, letter].
    """

    def __init__(self, n: int, phi: Array, x: Array, y: Array, rule: Array, encoder: Array) -> None:
        self.n = n
        self.graph = graph.exchangeable_p(n)
        self.axes = self.graph.nodes
        self.is_exact = phi.dtype == object
        _, nx, ny = y.shape
        k = nx * ny
        self.sizes = {"Phi": len(phi)}
        for i in range(1, n + 1):
            self.sizes |= {f"X{i}": nx, f"Y{i}": ny}
        self.sizes |= {"T": number(n, k), "Theta": rule.shape[1]}
        self.sizes |= {f"Z{i}": encoder.shape[2] for i in range(1, n + 1)}
        check_size(self.sizes["T"] * (len(phi) * rule.shape[1] + k), 3, self.is_exact, "the table of types")
        self.prior, self.letters, _, _ = read_letters(phi, x, y)
        self.counts = types(n, k)
        self._rule, self._encoder = rule, encoder
        self.rounding = 0.0 if self.is_exact else (2 * k + rule.shape[1] + 8) * ROUND
        self._known: dict[tuple[str, ...], Weights] = {}

    @property
    def labels(self) -> Mapping[str, tuple[Letter, ...]]:
        """The letters are positions in the tables."""
        return {}

    @property
    def cells(self) -> int:
        """The size of the dense joint over Phi, the samples, Theta and the codes."""
        return math.prod(size for name, size in self.sizes.items() if name != "T")

    def weights(self, names: Sequence[str]) -> Weights:
        """Weights of the marginal on the names, in their order."""
        for name in names:
            find_name(name, self.axes)
        renamed: dict[str, str] = {}
        first = tuple(_renamed(name, renamed) for name in names)
        if first not in self._known:
            self._known[first] = self._marginal(first, len(renamed))
        return self._known[first]

    def joint(self) -> Joint:
        """The dense joint is what this network avoids."""
        raise ValueError(
            f"the joint of {self.n} samples is not built here; ask for marginals, such as world.marginal('X1', 'Theta')"
            " or world.marginal('T', 'Phi'), or take world.dense()"
        )

    def _marginal(self, names: tuple[str, ...], samples: int) -> Weights:
        if "T" in names and samples:
            raise ValueError(
                f"{', '.join(names)}: T is the type of all samples, and is not tabulated with single samples; "
                "ask for T with Phi and Theta, or for samples without T"
            )
        if "T" in names:
            order: tuple[str, ...] = ("Phi", "T", "Theta")
            found = self._by_type()
        else:
            data = [f"{v}{i}" for i in range(1, samples + 1) for v in "XY"]
            order, found = ("Phi", *data, "Theta"), self._of_samples(samples)
            for i in range(1, samples + 1):
                if f"Z{i}" in names:
                    order, found = (*order, f"Z{i}"), self._with_code(order, found, i)
        kept = found.keep([order.index(name) for name in names])
        return Weights(freeze(np.ascontiguousarray(kept.array)), kept.total, kept.rounding)

    def _by_type(self) -> Weights:
        """p(phi, t, theta)."""
        if not self.is_exact:
            rule = self._rule / self._rule.sum(axis=-1, keepdims=True)
            weight = self.prior.astype(float)[:, None, None] * float_law(self.letters, self.counts).T[..., None] * rule
            return Weights(weight, float(weight.sum()), self.rounding)
        prior, of_prior = common_denominator(self.prior)
        rule, of_rule = common_denominator(self._rule)
        law, of_law = exact_law(self.letters, self.counts)
        return Weights(prior[:, None, None] * law.T[..., None] * rule, of_prior * of_law * of_rule)

    def _of_samples(self, samples: int) -> Weights:
        """p(phi, x1, y1, ..., xs, ys, theta) of the first s samples."""
        everything = self._by_type()
        phis, count, thetas = everything.array.shape
        nx, ny = self.sizes.get("X1", 1), self.sizes.get("Y1", 1)
        check_size((nx * ny) ** samples * count, 2, self.is_exact, f"a table over types and {samples} samples")
        draws = self._draws(samples)
        by_type = np.ascontiguousarray(everything.array.transpose(1, 0, 2)).reshape(count, -1)
        sums: Any = 0
        for low in range(0, count, _BLOCK):
            sums = sums + by_type[low : low + _BLOCK].T @ draws[low : low + _BLOCK]
        array = sums.reshape(phis, thetas, *(nx, ny) * samples)
        array = np.moveaxis(array, 1, -1)
        if self.is_exact:
            return Weights(array, everything.total * math.perm(self.n, samples))
        rounding = self.rounding + ROUND * (min(_BLOCK, count) + count / _BLOCK + samples)
        return Weights(array, float(array.sum()), rounding)

    def _draws(self, samples: int) -> Array:
        """How many ordered ways a type gives s samples with these letters: [type, letters of s samples]."""
        kind = object if self.is_exact else np.float64
        counts = self.counts.astype(kind)
        found = np.ones((len(counts), 1), dtype=kind)
        drawn = np.zeros((1, counts.shape[1]), dtype=np.int64)  # how often each letter was drawn, by sequence
        for _ in range(samples):
            found = (found[:, :, None] * (counts[:, None, :] - drawn)).reshape(len(counts), -1)
            drawn = (drawn[:, None, :] + np.eye(counts.shape[1], dtype=np.int64)).reshape(-1, counts.shape[1])
        return found if self.is_exact else found / math.perm(self.n, samples)

    def _with_code(self, order: tuple[str, ...], given: Weights, i: int) -> Weights:
        """The weights with one more axis Z_i at the end."""
        shape = [1] * len(order)
        shape[order.index(f"X{i}")], shape[order.index("Theta")] = self._encoder.shape[:2]
        if self.is_exact:
            encoder, bottom = common_denominator(self._encoder)
            return Weights(given.array[..., None] * encoder.reshape(*shape, -1), given.total * bottom)
        encoder = self._encoder / self._encoder.sum(axis=-1, keepdims=True)
        array = given.array[..., None] * encoder.reshape(*shape, -1)
        return Weights(array, float(array.sum()), given.rounding + (self._encoder.shape[2] + 3) * ROUND)


def _renamed(name: str, known: dict[str, str]) -> str:
    """X7 as X1 where 7 is the first sample that is named: all sets of s samples have the same law."""
    if name in ("Phi", "T", "Theta"):
        return name
    sample = known.setdefault(name[1:], str(len(known) + 1))
    return name[0] + sample
