"""Every Pareto-optimal hard encoder of p(x, y), certified complete.

A hard encoder z = f(x) is a partition of the symbols of X. In nats, over its blocks S,

    H(Z)   = sum_S phi(p(S)),                                        smaller is better,
    I(Y;Z) = H(Y) + sum_S [ phi(p(S)) - sum_y phi(p(S, y)) ],        larger is better,     phi(t) = -t log t.

The frontier is the set of pairs (H(Z), I(Y;Z)) that no partition weakly improves in both and strictly in one, each with
the partition attaining exactly that pair whose label string (restricted growth string: labels numbered by first
appearance) comes first in the dictionary. Symbols of probability zero move no pair: they get label 0, which is what the
dictionary order asks for. For binary Y the hull of the frontier is met by partitions contiguous in p(y|x), the frontier
is not: nothing here assumes contiguity.

Three algorithms give one answer (each is explained in its file of kernels/partitions):
    "enumeration"          all Bell(n) partitions, restricted growth strings, a table look-up each: the oracle
    "dynamic programming"  fronts of all subsets, (3^n + 1)/2 merges
    "branch and bound"     exact covers under the dual of the set-partition linear program

Numbers. The kernels work on integers that are H(Z) and I(X;Y) - I(Y;Z) within a proved rounding bound E; they drop a
partition only when it is surely beaten, or when the equality this needs is proved on integers. Exact joints: what is
left within 2 E is compared exactly, as PrimeLogs; the frontier is then a theorem about the joint. Float joints, each
cell uncertain by a relative 2^-52: values within `tolerance` = 2 E count as equal (of two partitions equal in both
coordinates the first string stays; of two equal in one the better in the other), and `exact` is False. The numbers H_Z,
I_YZ are off by at most `error`, which for I_YZ shrinks with I(X;Y).

Memory: 2^n tables of 160 + 16 |Y| bytes an entry, at most MAX_BYTES; refused up front where that does not fit.
Errors: ValueError for a joint that is not over two variables, an unknown method, sizes that cannot fit (with the size).
`max_nodes` (partitions seen, merges, or blocks placed) that runs out gives complete=False and the points found so far.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from therml_exact.files import save_result
from therml_exact.information import Information, entropy, mutual_information
from therml_exact.joint import Joint
from therml_exact.numbers.memory import most
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.text import shown
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Method = Literal["enumeration", "dynamic programming", "branch and bound"]
Point = tuple[float, float, tuple[int, ...]]

METHODS: tuple[Method, ...] = ("enumeration", "dynamic programming", "branch and bound")
ENUMERATION_BELOW = 9
MAX_SYMBOLS = {"enumeration": 24, "dynamic programming": 18, "branch and bound": 24}
MAX_BYTES = 4 << 30
FRONT_CAPACITY = 1 << 16
_NO_LIMIT = 1 << 62
_FITS = 1 << 62
_SAVED = ("method", "complete", "exact", "tolerance", "error", "nodes", "points")
_KINDS = {"complete": "true or false", "exact": "true or false", "nodes": "a whole number >= 0"}


@result
@dataclass(frozen=True, eq=False, repr=False)
class HardFrontier:
    """All Pareto-optimal hard encoders of a joint p(x, y).

    points      (H(Z), I(Y;Z), partition) in order of H(Z); informations in nats; partition[x] is the label z of x
    method      the algorithm: "enumeration", "dynamic programming" or "branch and bound"
    complete    False if max_nodes ran out: the points are then achievable, but others may beat or join them
    exact       True where ties were decided on rationals; otherwise values within `tolerance` count as equal
    tolerance   of H(Z) and of I(Y;Z), nats; (0, 0) where exact
    error       bounds of the rounding of the numbers H(Z) and I(Y;Z) in `points`, nats
    nodes       the work done: partitions seen, merges, or blocks placed, by the method
    joint       p(x, y)

    >>> joint = Joint.from_counts([[2, 0], [1, 1]], ("X", "Y"))
    >>> points = ((0.0, 0.0, (0, 0)), (0.6931, 0.2158, (0, 1)))
    >>> f = HardFrontier(points, "enumeration", True, True, (0.0, 0.0), (0.0, 0.0), 2, joint)
    >>> f.blocks(1)
    (('0',), ('1',))
    >>> print(f.values(0)[0])
    0
    """

    points: tuple[Point, ...]
    method: Method
    complete: bool
    exact: bool
    tolerance: tuple[float, float]
    error: tuple[float, float]
    nodes: int
    joint: Joint = field(repr=False)

    def values(self, k: int) -> tuple[Information, Information]:
        """The pair (H(Z), I(Y;Z)) of the k-th point in nats, from its partition: exact for an exact joint."""
        coded = encode(self.joint, self.points[k][2])
        return entropy(coded, "Z"), mutual_information(coded, "Y", "Z")

    def blocks(self, k: int) -> tuple[tuple[str, ...], ...]:
        """The k-th partition as blocks of letters, by the joint's labels where it has them."""
        letters = tuple(map(str, self.joint.labels.get(self.joint.axes[0]) or range(self.joint.shape[0])))
        partition = self.points[k][2]
        return tuple(
            tuple(letter for letter, z in zip(letters, partition, strict=True) if z == block)
            for block in range(max(partition) + 1)
        )

    def plot(self, ax: Axes | None = None, unit: str = "nats") -> Axes:
        """Draw the hard encoders as a staircase: the most I(Y;Z) that H(Z) or less can buy.

        ax: axes of Matplotlib; None: a new figure. unit: "nats" or "bits". Returns the axes.
        """
        from therml_exact.figures.frontier import draw_hard_frontier
        from therml_exact.figures.style import shown_axes

        return draw_hard_frontier(self, unit, shown_axes() if ax is None else ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the frontier and its joint as JSON, in nats, also as blocks of letters; `tx.load` reads the file."""
        content = {name: getattr(self, name) for name in _SAVED}
        content["blocks"] = [self.blocks(k) for k in range(len(self.points))]
        labels = {name: list(letters) for name, letters in self.joint.labels.items()}
        joint = {"axes": list(self.joint.axes), "labels": labels, "table": self.joint.table}
        save_result("hard_frontier", {"units": "nats", "joint": joint, **content}, path)

    @staticmethod
    def from_json(joint: Joint, content: Mapping[str, Any]) -> HardFrontier:
        """The frontier of a joint from what `save` wrote beside it; its claims are read, not proved again."""
        if content["method"] not in METHODS:
            raise ValueError(f'"method" is {shown(content["method"])}; it is one of {", ".join(METHODS)}')
        points = []
        for k, (h, i, partition) in enumerate(content["points"]):
            labels = tuple(partition)
            grown = all(type(z) is int and 0 <= z <= max(labels[:x], default=-1) + 1 for x, z in enumerate(labels))
            if len(labels) != joint.shape[0] or not grown:
                raise ValueError(
                    f'"points"[{k}] has the partition {shown(partition)}, which is none of {joint.axes[0]}'
                )
            points.append((_amount(h, f'"points"[{k}]'), _amount(i, f'"points"[{k}]'), labels))
        pairs = {name: tuple(_amount(v, f'"{name}"') for v in content[name]) for name in ("tolerance", "error")}
        for name, kind in (("complete", bool), ("exact", bool), ("nodes", int)):
            if type(content[name]) is not kind or content[name] < 0:
                raise ValueError(f'"{name}" is {shown(content[name])}; it is {_KINDS[name]}')
        (a, b), (c, d) = pairs["tolerance"], pairs["error"]
        found = HardFrontier(tuple(points), content["method"], content["complete"], content["exact"], (a, b), (c, d),
                             content["nodes"], joint)  # fmt: skip
        blocks = [[list(block) for block in found.blocks(k)] for k in range(len(points))]
        if content.get("blocks", blocks) != blocks:
            raise ValueError('"blocks" are not those of the partitions in "points"')
        return found

    def __str__(self) -> str:
        state = "complete" if self.complete else "incomplete: the node budget ran out"
        ties = "ties decided exactly" if self.exact else "ties within the rounding bound"
        lines = [f"H(Z) = {h:.6g}, I(Y;Z) = {i:.6g} nats  {z}" for h, i, z in self.points]
        return "\n".join([f"{len(self.points)} hard encoders by {self.method}, {state}, {ties}", *lines])


def _amount(value: Any, where: str) -> float:
    """A number of nats from a file."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise ValueError(f"{where} holds {shown(value)}, which is no number of nats >= 0")
    return float(value)


def encode(joint: Joint, partition: Sequence[int]) -> Joint:
    """The joint p(z, y) of a joint over (X, Y) under z = partition[x]."""
    w = joint.weights(joint.axes)
    blocks = np.zeros((max(partition) + 1, joint.shape[1]), dtype=w.array.dtype)
    for x, z in enumerate(partition):
        blocks[z] += w.array[x]
    from therml_exact.numbers.weights import Weights

    return Joint.from_weights(Weights(blocks, w.total, w.rounding), ("Z", "Y"))


def bell_number(n: int) -> int:
    """The number of partitions of n symbols.

    >>> [bell_number(n) for n in range(1, 6)]
    [1, 2, 5, 15, 52]
    """
    row = [1]
    for _ in range(n):
        nxt = [row[-1]]
        for v in row:
            nxt.append(nxt[-1] + v)
        row = nxt
    return row[0]


@dataclass(frozen=True)
class _Problem:
    """A joint without its zero rows and columns, and the integers that prove equalities.

    p             p(x, y), [x, y], no unit
    e             p(x, y) - p(x) p(y), [x, y], no unit, each correctly rounded
    q             p(y), [y], no unit
    cells_exact   integers in proportion to p(x, y), [x][y]
    exact         whether the joint is exact
    kept          which symbols of X have positive probability; n_symbols: how many symbols X has
    proof         which argument proves equalities in the kernels (kernels/partitions/front.py): 1, 2 or 3
    weight        integers [x] whose sums over blocks prove equal H(Z)
    cells         integers [x, y], or (class, kind) for each x, that prove equal I(Y;Z)
    """

    p: NDArray[np.float64]
    e: NDArray[np.float64]
    q: NDArray[np.float64]
    cells_exact: list[list[int]]
    exact: bool
    kept: tuple[int, ...]
    n_symbols: int
    proof: int
    weight: NDArray[np.int64]
    cells: NDArray[np.int64]


def _read(joint: Joint) -> _Problem:
    """The problem of a joint; the cells of a float joint enter as the dyadic rationals that they are."""
    w = joint.weights(joint.axes)
    rows = w.array.tolist()
    if w.exact:
        return _reduce(rows, exact=True)
    # A float is a dyadic rational: on a common denominator the sums below are exact.
    ratios = [[v.as_integer_ratio() for v in row] for row in rows]
    common = max(d for row in ratios for _, d in row)
    return _reduce([[v * (common // d) for v, d in row] for row in ratios], exact=False)


def _reduce(rows: list[list[int]], exact: bool) -> _Problem:
    """The problem of a table of integers [x][y]."""
    kept = tuple(x for x, row in enumerate(rows) if any(row))
    columns = [y for y in range(len(rows[0])) if any(row[y] for row in rows)]
    common = math.gcd(*(v for row in rows for v in row))
    cells = [[rows[x][y] // common for y in columns] for x in kept]
    marginal = [sum(row) for row in cells]
    of_y = [sum(column) for column in zip(*cells, strict=True)]
    mass = sum(marginal)
    square = mass * mass
    # int / int is correctly rounded in Python, whatever the sizes.
    p = np.array([[v / mass for v in row] for row in cells])
    e = np.array(
        [
            [(v * mass - w * c) / square for v, c in zip(row, of_y, strict=True)]
            for row, w in zip(cells, marginal, strict=True)
        ]
    )
    q = np.array([c / mass for c in of_y])
    proof, weight, held = _proof_integers(cells, marginal, mass) if exact else (3, [0] * len(kept), [[0]] * len(kept))
    return _Problem(
        p, e, q, cells, exact, kept, len(rows), proof, np.array(weight, dtype=np.int64), np.array(held, dtype=np.int64)
    )


def _proof_integers(cells: list[list[int]], marginal: list[int], mass: int) -> tuple[int, list[int], list[list[int]]]:
    """What the kernels prove equalities with: (proof, weight, cells) of a _Problem."""
    n = len(cells)
    shared = math.gcd(*marginal)
    weight = [v // shared for v in marginal]
    if sum(weight) >= _FITS:
        # Stand-ins whose sums are equal only for equal multisets of weights, or only for equal blocks.
        values = sorted(set(weight))
        few = (n + 1) ** len(values) < _FITS
        weight = [(n + 1) ** values.index(v) if few else 1 << x for x, v in enumerate(weight)]
    if mass < _FITS:
        return 1, weight, cells
    classes: dict[tuple[int, ...], int] = {}
    kinds: dict[tuple[int, ...], int] = {}
    held = []
    for row in cells:
        g = math.gcd(*row)
        held.append(
            [classes.setdefault(tuple(v // g for v in row), len(classes)), kinds.setdefault(tuple(row), len(kinds))]
        )
    return 2, weight, held


class _ExactOrder:
    """A three-way comparison of candidates by H(Z), then I(Y;Z), then labels, each decided exactly.

    a, d     the integers of the kernels for H(Z) and for the loss of I(Y;Z), [candidate]
    labels   the label strings, [candidate]
    band     differences of a and d above these are sure; below them exact logarithms decide
    """

    def __init__(
        self, problem: _Problem, a: list[int], d: list[int], labels: list[tuple[int, ...]], band: tuple[int, int]
    ) -> None:
        self.cells = problem.cells_exact
        self.a, self.d, self.labels, self.band = a, d, labels, band
        self._sums: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def sums(self, i: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Sorted block weights and sorted cell weights of candidate i."""
        if i not in self._sums:
            blocks = [[0] * len(self.cells[0]) for _ in range(max(self.labels[i]) + 1)]
            for x, z in enumerate(self.labels[i]):
                blocks[z] = [s + v for s, v in zip(blocks[z], self.cells[x], strict=True)]
            self._sums[i] = (tuple(sorted(map(sum, blocks))), tuple(sorted(v for b in blocks for v in b if v)))
        return self._sums[i]

    def by_entropy(self, i: int, j: int) -> int:
        """The sign of H(Z) of candidate i less H(Z) of candidate j."""
        if abs(self.a[i] - self.a[j]) > self.band[0]:
            return 1 if self.a[i] > self.a[j] else -1
        return _sign_of_difference(self.sums(j)[0], self.sums(i)[0], (), ())

    def by_loss(self, i: int, j: int) -> int:
        """The sign of I(Y;Z) of candidate j less I(Y;Z) of candidate i."""
        if abs(self.d[i] - self.d[j]) > self.band[1]:
            return 1 if self.d[i] > self.d[j] else -1
        (bi, ci), (bj, cj) = self.sums(i), self.sums(j)
        return _sign_of_difference(bi, bj, cj, ci)

    def __call__(self, i: int, j: int) -> int:
        return (
            self.by_entropy(i, j)
            or self.by_loss(i, j)
            or (self.labels[i] > self.labels[j]) - (self.labels[i] < self.labels[j])
        )


def _sign_of_difference(plus: Sequence[int], minus: Sequence[int], plus2: Sequence[int], minus2: Sequence[int]) -> int:
    """The sign of the sum of w log w over `plus` and `plus2` less that over `minus` and `minus2`, exact."""
    count: dict[int, int] = {}
    for group, sign in ((plus, 1), (plus2, 1), (minus, -1), (minus2, -1)):
        for w in group:
            count[w] = count.get(w, 0) + sign
    return PrimeLog.from_terms({w: w * k for w, k in count.items() if w}).sign()


def _settle(
    problem: _Problem, front: NDArray[np.int64], band: tuple[int, int]
) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """The frontier among the candidates of a kernel: their integers A and D, and label strings."""
    n = len(problem.kept)
    shifts = np.array([5 * (11 - x) if x < 12 else 5 * (23 - x) for x in range(n)])
    words = np.where(np.arange(n) < 12, front[:, 2:3], front[:, 3:4])
    labels = list(map(tuple, ((words >> shifts) & 31).tolist()))
    a = front[:, 0].tolist()
    d = front[:, 1].tolist()
    clear = bool(np.all(np.diff(front[:, 0]) > band[0]) and np.all(np.diff(front[:, 1]) < -band[1]))
    if clear or not problem.exact:
        return a, d, labels
    order = _ExactOrder(problem, a, d, labels, band)
    kept: list[int] = []
    for i in sorted(range(len(a)), key=cmp_to_key(order)):
        if not kept or order.by_loss(i, kept[-1]) < 0:
            kept.append(i)
    return [a[i] for i in kept], [d[i] for i in kept], [labels[i] for i in kept]


def deterministic_frontier(
    p_xy: Joint | Any, method: Method | None = None, max_nodes: int | None = None
) -> HardFrontier:
    """Every Pareto-optimal hard encoder of a joint over (X, Y): the pairs (H(Z), I(Y;Z)) that no other one beats.

    p_xy        a Joint over two variables, X and Y in this order, or its table [x, y]
    method      "enumeration", "dynamic programming" or "branch and bound"; None chooses by size
    max_nodes   how many partitions, merges or blocks the method may go through; None for no limit

    Returns a HardFrontier, informations in nats.
    Errors: ValueError for a joint that is not over two variables, an unknown method, max_nodes < 1, too many symbols.

    >>> f = deterministic_frontier(Joint.from_counts([[2, 0], [1, 1], [0, 2]], ("X", "Y")))
    >>> [(round(h, 4), round(i, 4), z) for h, i, z in f.points]
    [(0.0, 0.0, (0, 0, 0)), (0.6365, 0.3183, (0, 0, 1)), (1.0986, 0.4621, (0, 1, 2))]
    >>> print(f.values(1)[0])
    -2/3 log 2 + log 3
    """
    joint = p_xy if isinstance(p_xy, Joint) else Joint(p_xy, ("X", "Y"))
    if len(joint.axes) != 2:
        raise ValueError(f"p_xy is over {', '.join(joint.axes)}; give a joint of two variables, X and Y in this order")
    problem = _read(joint)
    n, n_y = problem.p.shape
    if method is None:
        # Where y tells x, H(Z) = I(Y;Z) and nothing can be bounded away; merging equal fronts early is all that helps.
        told = bool((np.count_nonzero(problem.p, axis=0) == 1).all()) and n <= MAX_SYMBOLS["dynamic programming"]
        method = "enumeration" if n < ENUMERATION_BELOW else "dynamic programming" if told else "branch and bound"
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; it is one of {', '.join(METHODS)}, or None")
    if max_nodes is not None and max_nodes < 1:
        raise ValueError(f"max_nodes is {max_nodes}; it is at least 1, or None for no limit")
    _refuse_sizes(n, n_y, method, max_nodes)
    # numba costs a third of a second to import: only those who come this far pay.
    from therml_exact.kernels.partitions.tables import SHIFT_A, partition_tables, reorder, rounding_bounds

    units_a, shift_d, units_d = rounding_bounds(problem.p, problem.e, problem.q, not problem.exact)
    band = (2 * units_a, 2 * units_d)
    limit = _NO_LIMIT if max_nodes is None else min(int(max_nodes), _NO_LIMIT)
    a, d = partition_tables(problem.p, problem.e, problem.q, shift_d)
    whole = int(d[-1])
    if method == "branch and bound":
        # Heavy symbols first: the covers of the rest are many but share what is learned about them.
        rank = np.argsort(-problem.p.sum(axis=1), kind="stable")
        place = np.empty(n, np.int64)
        place[rank] = np.arange(n)
        a, d = reorder(a, rank), reorder(d, rank)
    capacity = 4096
    while True:
        front = np.zeros((capacity, 5), np.int64)
        arguments = (n, a, d, front, *band, problem.proof, problem.weight, problem.cells, limit)
        if method == "enumeration":
            from therml_exact.kernels.partitions.enumeration import enumerate_partitions

            count, nodes, outcome = enumerate_partitions(*arguments)
        elif method == "dynamic programming":
            from therml_exact.kernels.partitions.subsets import subset_fronts

            count, nodes, outcome = subset_fronts(*arguments, MAX_BYTES // 64)
        else:
            from therml_exact.kernels.partitions.branch import branch_and_bound

            count, nodes, outcome = branch_and_bound(*arguments, place)
        if outcome != 2 or capacity >= FRONT_CAPACITY:
            break
        capacity *= 4
    unit_a, unit_d = 2.0**-SHIFT_A, 2.0**-shift_d
    a_end, d_end, labels = _settle(problem, front[:count], band)
    # I(Y;Z) of one block is exactly 0: D is measured from the full set's own.
    points = tuple(
        (h * unit_a, (whole - loss) * unit_d, _with_zeros(z, problem))
        for h, loss, z in zip(a_end, d_end, labels, strict=True)
    )
    return HardFrontier(
        points,
        method,
        outcome == 0,
        problem.exact,
        (0.0, 0.0) if problem.exact else (band[0] * unit_a, band[1] * unit_d),
        (units_a * unit_a, 2 * units_d * unit_d),
        int(nodes),
        joint,
    )


def _with_zeros(labels: tuple[int, ...], problem: _Problem) -> tuple[int, ...]:
    """The label string with the symbols of probability zero put back, which get label 0."""
    if len(labels) == problem.n_symbols:
        return labels
    full = [0] * problem.n_symbols
    for x, z in zip(problem.kept, labels, strict=True):
        full[x] = z
    return tuple(full)


def _refuse_sizes(n: int, n_y: int, method: Method, max_nodes: int | None) -> None:
    """Raise a ValueError where the tables cannot fit, or an enumeration would not end."""
    # Tables, their scratch rows p(S, y) and e(S, y), and what branch and bound learns about each subset.
    size = (160 + 16 * n_y) << n
    room, told = min((MAX_BYTES, f"{MAX_BYTES / 2**30:.3g} GiB"), most())
    if n > MAX_SYMBOLS[method] or size > room:
        raise ValueError(
            f"{method} on {n} symbols needs tables over 2^{n} subsets, {size / 2**30:.3g} GiB with |Y| = {n_y}; "
            f"the limits are {MAX_SYMBOLS[method]} symbols and {told}: merge symbols of X first"
        )
    if method == "enumeration" and max_nodes is None and n > 16:
        raise ValueError(
            f"enumeration of {n} symbols is {bell_number(n):.3g} partitions; "
            "give max_nodes or use method='branch and bound'"
        )
