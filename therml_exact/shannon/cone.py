"""Cone: the polymatroids of a setting in as few unknowns as its independences and symmetries leave.

    h in R^(2^m):   h(i|rest) >= 0,   h(i;j|K) >= 0    (the elemental inequalities: Yeung 1997, they generate all)
                    h(i;j|K) = 0  where the graph d-separates i and j given K,      h(S) = h(gS)  for exchangeable data

Reduction. In S join i and j unless they are separated given S - ij. Where some pair is not joined,
    h(S) = h(S - i) + h(S - j) - h(S - ij)
expresses h(S) by smaller sets; the sets that are cliques remain as unknowns. Whatever these equations do not use up
(none in the paper's worlds) stays as equations of the linear program.
Symmetry. If statement and hypotheses do not change when samples are permuted, the average of h over these permutations
satisfies all that h does: sets that a permutation maps to each other share an unknown.
Rows equal after reduction are kept once, the one with the smallest condition K.

A Cone depends on the graph alone; it is kept for the next statement. N = 4: 16,384 sets, 372,750 rows.
Sets are bit masks over `ground`, the chosen variables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from therml_exact.graph import Graph
from therml_exact.numbers.tables import Array
from therml_exact.shannon.setting import Setting

_KEPT = 24  # cones remembered
MOST_GROUND = 14
_MEMBERS = np.array([k.bit_count() for k in range(1 << 10)])  # by half a mask of 20 variables, the most


def members(sets: Array) -> Array:
    """How many variables each bit mask holds (NumPy counts bits from 2.0 on only)."""
    return np.asarray(_MEMBERS[sets & 1023] + _MEMBERS[sets >> 10])


@dataclass(frozen=True, eq=False)
class Cone:
    """normal[S] are the coefficients of h(S) in the unknowns; rows >= 0 and equations = 0 bound these.

    The last rows, one for each unknown in order, are h(S) >= 0: sums of elemental ones that spare the program many.
    """

    ground: tuple[str, ...]
    normal: Any  # csr (2^m, unknowns), integers
    rows: Any  # csr (rows, unknowns), float
    equations: Any
    row_sets: Array  # (rows, 3): the masks A, B, C of h(A;B|C), or A, A, C of h(A|C)
    equation_sets: Array
    split: Array  # (2^m, 2): the pair i, j at which h(S) is reduced, or -1
    canonical: Array  # (2^m,): what S is replaced by where the data are exchangeable
    constants: Mapping[int, int] = field(default_factory=dict)  # the unknowns of constants, by their (negative) keys

    def reduce(self, form: dict[int, Any]) -> dict[int, Any]:
        """A form over sets as a form over unknowns, exactly."""
        total: dict[int, Any] = {}
        indptr, indices, data = self.normal.indptr, self.normal.indices, self.normal.data
        for mask, c in form.items():
            if mask < 0:
                total[self.constants[mask]] = c
                continue
            for k in range(indptr[mask], indptr[mask + 1]):
                column = int(indices[k])
                total[column] = total.get(column, 0) + c * int(data[k])
        return {column: c for column, c in total.items() if c}

    def spread(self, point: Sequence[Any]) -> list[Any]:
        """H(S) for all S from values of the unknowns, exactly."""
        indptr, indices, data = self.normal.indptr.tolist(), self.normal.indices.tolist(), self.normal.data.tolist()
        return [
            sum((point[indices[k]] * data[k] for k in range(indptr[s], indptr[s + 1])), start=0)
            for s in range(len(indptr) - 1)
        ]


_cones: OrderedDict[Any, Cone] = OrderedDict()


def cone(setting: Setting, ground: tuple[str, ...], classes: tuple[tuple[int, ...], ...]) -> Cone:
    """The cone of the variables in `ground`; `classes` are the sets of samples (from 1) that may be permuted."""
    classes = tuple(c for c in classes if len(c) > 1)
    key = (setting.names, setting.graph, setting.kind, ground, classes)
    if key not in _cones:
        _cones[key] = build(setting, ground, classes)
        while len(_cones) > _KEPT:
            _cones.popitem(last=False)
    _cones.move_to_end(key)
    return _cones[key]


def build(
    setting: Setting, ground: tuple[str, ...], classes: tuple[tuple[int, ...], ...], joined: Array | None = None
) -> Cone:
    """A cone anew; `joined` says of free variables what hypotheses leave dependent (closure.py)."""
    m = len(ground)
    sets = np.arange(2**m, dtype=np.int64)
    if joined is None:
        joined = _joined(setting.graph, ground) if setting.graph is not None else _all_joined(m)
    split = _splits(joined, m)
    canonical = sets.copy()
    if setting.shared:
        inside = sum(1 << k for k, name in enumerate(ground) if name in setting.data)
        whole = _canonical(setting, ground, (tuple(range(1, len(setting.samples) + 1)),), setting.data)
        canonical = np.where((sets & ~inside) == 0, whole, sets)
    atoms = np.flatnonzero((split[:, 0] < 0) & (canonical == sets) & (sets > 0))
    orbit = _canonical(setting, ground, classes, None)[atoms]
    unknowns, column = np.unique(orbit, return_inverse=True)
    normal = _normal_forms(m, split, canonical, atoms, column, len(unknowns))
    a, b, k, separated = _elementals(joined, m)
    one, two = k | a, np.where(a == b, 0, k | b)
    joint, below = np.where(a == b, k, k | a | b), np.where(a == b, 0, k)
    found = []
    for chosen in (np.flatnonzero(~separated), np.flatnonzero(separated)):
        matrix = normal[one[chosen]] + normal[two[chosen]] - normal[joint[chosen]] - normal[below[chosen]]
        first = _distinct(matrix)
        which = chosen[first]
        found.append((matrix[first].astype(np.float64).tocsr(), np.stack([a[which], b[which], k[which]], axis=1)))
    (rows, row_sets), (equations, equation_sets) = found
    rows = sparse.vstack([rows, sparse.identity(len(unknowns))], format="csr")
    row_sets = np.concatenate([row_sets, np.stack([unknowns, unknowns, 0 * unknowns], axis=1)])
    return Cone(ground, normal, rows, equations, row_sets, equation_sets, split, canonical)


def _joined(graph: Graph, ground: tuple[str, ...]) -> Array:
    """joined[S, i]: the j in S that are connected to i given S - ij, in the moral graph of the ancestors of S."""
    nodes = graph.nodes
    place = {name: k for k, name in enumerate(nodes)}
    parents = [sum(1 << place[p] for p in graph.parents(name)) for name in nodes]
    m, n = len(ground), len(nodes)
    sets = np.arange(2**m, dtype=np.int64)
    inside = np.zeros(2**m, dtype=np.int64)
    for k, name in enumerate(ground):
        inside |= (sets >> k & 1) << place[name]
    above = inside.copy()
    for v in reversed(range(n)):  # nodes are in order, parents first
        above |= np.where(above >> v & 1, parents[v], 0)
    near = np.zeros((n, 2**m), dtype=np.int64)
    for v in range(n):
        near[v] |= parents[v]
        for c in range(n):
            if parents[c] >> v & 1:
                near[v] |= np.where(above >> c & 1, (1 << c) | parents[c], 0)
    found = np.zeros((2**m, m), dtype=np.int64)
    for i, name in enumerate(ground):
        reach = near[place[name]].copy()
        while True:
            before = reach.copy()
            for v in range(n):
                reach |= np.where((reach & ~inside) >> v & 1, near[v], 0)
            if np.array_equal(before, reach):
                break
        for j, other in enumerate(ground):
            if j != i:
                found[:, i] |= (reach >> place[other] & sets >> j & 1) << j
    return found


def _all_joined(m: int) -> Array:
    sets = np.arange(2**m, dtype=np.int64)
    return np.stack([sets & ~(1 << i) for i in range(m)], axis=1)


def _splits(joined: Array, m: int) -> Array:
    sets = np.arange(2**m, dtype=np.int64)
    split = np.full((2**m, 2), -1, dtype=np.int64)
    for i in range(m):
        for j in range(i + 1, m):
            apart = (sets >> i & 1 == 1) & (sets >> j & 1 == 1) & (joined[:, i] >> j & 1 == 0)
            new = apart & (split[:, 0] < 0)
            split[new] = i, j
    return split


def _canonical(
    setting: Setting, ground: tuple[str, ...], classes: tuple[tuple[int, ...], ...], within: frozenset[str] | None
) -> Array:
    """The least image of every set when the samples of each class are permuted."""
    sets = np.arange(2 ** len(ground), dtype=np.int64)
    place = {name: k for k, name in enumerate(ground)}
    for bits in _alike(setting, place, classes, within):
        codes = np.stack([sum((sets >> b & 1) << k for k, b in enumerate(own)) + 0 * sets for own in bits], axis=1)
        codes.sort(axis=1)
        sets = sets & ~np.int64(sum(1 << b for own in bits for b in own))
        for column, own in enumerate(bits):
            for k, b in enumerate(own):
                sets = sets | (codes[:, column] >> k & 1) << b
    return sets


def _alike(
    setting: Setting, place: dict[str, int], classes: tuple[tuple[int, ...], ...], within: frozenset[str] | None
) -> list[list[list[int]]]:
    """The bits of the samples of each class, those together that have the same variables in the ground."""
    found = []
    for members in classes:
        by_kind: dict[str, list[list[int]]] = {}
        for s in members:
            own = [v for v in setting.samples[s - 1] if v in place and (within is None or v in within)]
            by_kind.setdefault("".join(v[0] for v in own), []).append([place[v] for v in own])
        found += [bits for kind, bits in by_kind.items() if kind and len(bits) > 1]
    return found


def _normal_forms(m: int, split: Array, canonical: Array, atoms: Array, column: Array, unknowns: int) -> Any:
    """The coefficients of every h(S), from small sets to large ones."""
    sets = np.arange(2**m, dtype=np.int64)
    size = members(sets)
    identity = sparse.csr_matrix(
        (np.ones(len(atoms), dtype=np.int64), (atoms, column)), shape=(2**m, unknowns), dtype=np.int64
    )
    normal = identity
    for level in range(2, m + 1):
        here = np.flatnonzero((size == level) & (split[:, 0] >= 0) & (canonical == sets))
        if not len(here):
            continue
        i, j = 1 << split[here, 0], 1 << split[here, 1]
        part = _take(normal, canonical, here & ~i) + _take(normal, canonical, here & ~j)
        part = (part - _take(normal, canonical, here & ~(i | j))).tocoo()
        normal = (normal + sparse.csr_matrix((part.data, (here[part.row], part.col)), shape=normal.shape)).tocsr()
    normal = normal[canonical]
    normal.eliminate_zeros()
    return normal


def _take(normal: Any, canonical: Array, sets: Array) -> Any:
    return normal[canonical[sets]]


def _elementals(joined: Array, m: int) -> tuple[Array, Array, Array, Array]:
    """A, B, C of all elemental inequalities, small K first, and whether the graph makes them equalities."""
    sets = np.arange(2**m, dtype=np.int64)
    full = 2**m - 1
    single = 1 << np.arange(m)
    parts = [(single, single, full & ~single, np.zeros(m, dtype=bool))]
    for first in range(m):
        for second in range(first + 1, m):
            k = sets[(sets >> first & 1 == 0) & (sets >> second & 1 == 0)]
            apart = joined[k | 1 << first | 1 << second, first] >> second & 1 == 0
            parts.append((np.full(len(k), 1 << first), np.full(len(k), 1 << second), k, apart))
    a, b, c, separated = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(members(c), kind="stable")
    return a[order], b[order], c[order], separated[order]


def _distinct(matrix: Any) -> Array:
    """The first of each kind of nonzero row, told apart by a 64-bit hash (a collision loses a row, never soundness)."""
    matrix.eliminate_zeros()
    draw = np.random.default_rng(0).integers(-(2**62), 2**62, size=matrix.shape[1], dtype=np.int64)
    nonzero = np.flatnonzero(np.diff(matrix.indptr))
    _, first = np.unique((matrix @ draw)[nonzero], return_index=True)
    return np.sort(nonzero[first])
