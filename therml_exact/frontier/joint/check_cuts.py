"""Cuts of a certificate, proved in balls: values of V by trees of cells of encoders, or of tilts (nats).

cuts.py and cones.py have the statements. On a cell the exponents are affine, exp of them is a product of powers,

    G = sum_t w_t prod_x prod_y u_xy^n_xy(t),        u_xy = exp(-c_xy/sigma) at a vertex,

so that the types are summed as a form in the monomials of each x: M_0^T W M_1 for two letters x. Monomials are kept
for each simplex of an x, since neighbouring cells share them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from flint import arb, arb_mat

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.balls import ball
from therml_exact.verification import Clock, RefusedError, finite, require

Balls = list[arb]
Vertices = tuple[tuple[arb, ...], ...]  # of one simplex


@dataclass(frozen=True)
class Process:
    """Types, margins and multipliers in balls.

    counts[t]: n_xy, flat. mass[t]: p_t. mean[x][y]: N p(x, y). kinds[x]: the rows (n_xy)_y of x that occur; which[t]:
    their index for each x.
    """

    counts: tuple[tuple[int, ...], ...]
    mass: Balls
    n: int
    nx: int
    ny: int
    nz: int
    mean: list[Balls]
    kinds: list[list[tuple[int, ...]]]
    which: list[tuple[int, ...]]
    rho: arb
    sigma: arb
    wide: bool  # whether m has a part p(z, x)

    @classmethod
    def of(cls, problem: JointProblem, multipliers: Mapping[str, Fraction]) -> Process:
        """The process of a problem."""
        nx, ny = problem.shape
        counts = tuple(c for c, _ in problem.types)
        kinds = [sorted({c[x * ny : (x + 1) * ny] for c in counts}) for x in range(nx)]
        index = [{row: i for i, row in enumerate(rows)} for rows in kinds]
        which = [tuple(index[x][c[x * ny : (x + 1) * ny]] for x in range(nx)) for c in counts]
        mean = [[ball(problem.n * v) for v in row] for row in problem.pairs.tolist()]
        mass = [ball(p) for _, p in problem.types]
        rho, sigma = ball(multipliers["rho"]), ball(multipliers["sigma"])
        return cls(
            counts, mass, problem.n, nx, ny, problem.z_size, mean, kinds, which, rho, sigma, bool(multipliers["delta"])
        )

    def beta(self, b: Balls) -> list[list[Balls]]:
        """beta[x][y][z] = b_zx + b_zy."""
        require(len(b) == self.nz * (self.ny + (self.nx if self.wide else 0)), "a slope has the wrong length")
        zx = self.nz * self.ny
        return [
            [
                [
                    b[z * self.ny + y] + (b[zx + z * self.nx + x] if self.wide else arb(0))
                    for z in range(self.nz)
                ]
                for y in range(self.ny)
            ]
            for x in range(self.nx)
        ]  # fmt: skip


@dataclass(frozen=True)
class Proven:
    """W(m) >= value - N slope.m; homogeneous: the least objective itself is >= N (Psi - slope.m)."""

    slope: Balls
    value: arb
    homogeneous: bool


def prove_cut(process: Process, cut: Mapping[str, Any], clock: Clock) -> Proven:
    """What a cut proves."""
    if cut["kind"] == "zero":
        return Proven([arb(0)] * (process.nz * (process.ny + (process.nx if process.wide else 0))), arb(0), True)
    if cut["kind"] == "slope":
        b = _balls(cut["b"])
        if "lam" not in cut:  # S >= 0: what holds at sigma = 0 holds at every sigma
            return Proven(b, _least_costs(process, process.beta(b)), False)
        return Proven(b, _of_slope(process, process.beta(b), cut, clock), False)
    require(cut["kind"] == "cone", f"a cut has the unknown kind {cut['kind']!r}")
    c = _balls(cut["c"])
    if "nu" not in cut:
        values = _least_of_codes(process, process.beta(c), _balls(cut["u"]))
    else:
        values = _of_cone(process, process.beta(c), cut, clock)
    slope = list(c)
    for z, value in enumerate(values):
        for y in range(process.ny):
            slope[z * process.ny + y] -= value / process.n
    return Proven(slope, arb(0), True)


# ---- sigma > 0: trees


class Sum:
    """The form sum_t w_t prod_xy u_xy^n_xy(t) at vertices of cells; costs(x, simplex) gives c_xy at its vertices."""

    def __init__(self, process: Process, weights: Balls, costs: Callable[[int, Vertices], list[Balls]]) -> None:
        self.process, self.costs = process, costs
        first = len(process.kinds[0])
        rest = math.prod(len(rows) for rows in process.kinds[1:])
        table = [[arb(0)] * rest for _ in range(first)]
        for w, places in zip(weights, process.which, strict=True):
            column = 0
            for x in range(1, process.nx):
                column = column * len(process.kinds[x]) + places[x]
            table[places[0]][column] += w
        self.table = arb_mat(table)
        self._monomials: dict[tuple[int, Any], arb_mat] = {}
        self._partial: dict[Any, list[arb_mat]] = {}

    def monomials(self, x: int, key: Any, simplex: Vertices) -> arb_mat:
        """prod_y u_xy^n_y of all rows of counts of x, [row, vertex]."""
        found = self._monomials.get((x, key))
        if found is None:
            columns = []
            for row in self.costs(x, simplex):
                powers = []
                for c in row:
                    u, own = (-c / self.process.sigma).exp(), [arb(1)]
                    for _ in range(self.process.n):
                        own.append(own[-1] * u)
                    powers.append(own)
                columns.append(
                    [_product([p[n] for p, n in zip(powers, kind, strict=True)]) for kind in self.process.kinds[x]]
                )
            found = self._monomials[x, key] = arb_mat([list(row) for row in zip(*columns, strict=True)])
        return found

    def largest(self, cell: Sequence[tuple[Any, Vertices]]) -> arb:
        """The largest value at the vertices of a cell; each x has a key that names its simplex."""
        keys = tuple(key for key, _ in cell[1:])
        forms = self._partial.get(keys)
        if forms is None:
            forms = self._partial[keys] = self._contracted(cell)
        left = self.monomials(0, *cell[0]).transpose()
        best = None
        for form in forms:
            for value in (left * form).entries():
                best = value if best is None else best.max(value)
        assert best is not None
        return best

    def _contracted(self, cell: Sequence[tuple[Any, Vertices]]) -> list[arb_mat]:
        """The table summed over the rows of all x but the first: matrices [row of x = 0, combination of vertices]."""
        forms = [self.table]
        for x in range(self.process.nx - 1, 0, -1):
            monomials = self.monomials(x, *cell[x])
            size, after = len(self.process.kinds[x]), []
            for form in forms:
                first, columns = form.nrows(), form.ncols() // size
                flat = form.entries()
                tall = arb_mat(first * columns, size, flat) * monomials
                entries, vertices = tall.entries(), tall.ncols()
                after += [arb_mat(first, columns, entries[v::vertices]) for v in range(vertices)]
            forms = after
        return forms


def _of_slope(process: Process, beta: list[list[Balls]], cut: Mapping[str, Any], clock: Clock) -> arb:
    """The bound sum p lambda - sigma log max G, by a tree of cells of encoders."""
    lam = _balls(cut["lam"])
    require(bool(process.sigma > 0), "a cut has multipliers, but sigma is 0")
    require(len(lam) == len(process.mass), "lam has the wrong length")

    def costs(x: int, simplex: Vertices) -> list[Balls]:
        logs = [a.log() for a in _reference(simplex)] if process.rho != 0 else [arb(0)] * process.nz
        terms = [[process.rho * log + b for log, b in zip(logs, row, strict=True)] for row in beta[x]]
        return [[_dot(vertex, row) for row in terms] for vertex in simplex]

    form = Sum(process, [p * (v / process.sigma).exp() for p, v in zip(process.mass, lam, strict=True)], costs)
    nz, pairs = process.nz, list(combinations(range(process.nz), 2))
    corner: Vertices = tuple(tuple(arb(int(i == j)) for j in range(nz)) for i in range(nz))
    waiting: list[tuple[tuple[str, Vertices], ...]] = [(("", corner),) * process.nx]
    largest = _walk(cut["tree"], waiting, form, lambda cell, k: _halved(cell, k, pairs), clock)
    return _dot(process.mass, lam) - process.sigma * largest.log()


def _of_cone(process: Process, beta: list[list[Balls]], cut: Mapping[str, Any], clock: Clock) -> Balls:
    """V_z of every code, by trees of boxes of tilts."""
    types, nx, ny = len(process.mass), process.nx, process.ny
    require(bool(process.sigma > 0), "a cut has multipliers, but sigma is 0")
    flat, lam, tops = _balls(cut["nu"]), _balls(cut["lam"]), _balls(cut["tops"])
    require(len(flat) == nx * ny and len(lam) == process.nz * types, "nu or lam has the wrong length")
    require(len(tops) == process.nz * nx and len(cut["trees"]) == process.nz, "tops or trees have the wrong length")
    nu = [flat[x * ny : (x + 1) * ny] for x in range(nx)]
    values = []
    for z in range(process.nz):
        d = [[beta[x][y][z] - nu[x][y] for y in range(ny)] for x in range(nx)]
        own, top = lam[z * types : (z + 1) * types], tops[z * nx : (z + 1) * nx]
        for x in range(nx):
            require(bool(top[x] > 0), "a top is not positive")
            falls = all(process.rho * (top[x].log() + 1) + v >= 0 for v in d[x])
            require(falls, "beyond the top of a tilt an exponent still grows")

        def costs(x: int, simplex: Vertices, d: list[Balls] = d) -> list[Balls]:
            a = arb(_tangent(*(float(v.mid()) for (v,) in simplex)))
            slope = process.rho * (a.log() + 1)
            return [[eps * (slope + v) - process.rho * a for v in d[x]] for (eps,) in simplex]

        form = Sum(process, [p * (v / process.sigma).exp() for p, v in zip(process.mass, own, strict=True)], costs)
        cell = tuple(("", ((arb(0),), (top[x],))) for x in range(nx))
        largest = _walk(cut["trees"][z], [cell], form, _lower_first, clock)
        known = sum((_dot(process.mean[x], nu[x]) for x in range(nx)), arb(0))
        values.append(_dot(process.mass, own) + known - process.sigma * largest.log())
    return values


Cell = tuple[tuple[str, Vertices], ...]


def _walk(tree: str, waiting: list[Cell], form: Sum, split: Callable[[Cell, int], tuple[Cell, Cell]],
          clock: Clock) -> arb:  # fmt: skip
    """The largest value of the form on the leaves of a tree."""
    symbols, largest = iter(tree), None
    while waiting:
        clock.tick()
        cell = waiting.pop()
        symbol = next(symbols, None)
        require(symbol is not None, "a cut's tree ends before its cells cover everything")
        if symbol == ".":
            value = form.largest(cell)
            largest = value if largest is None else largest.max(value)
        else:
            first, second = split(cell, ord(str(symbol)) - 48)
            waiting += [second, first]
    require(next(symbols, None) is None, "a cut's tree goes on after its end")
    if largest is None:
        raise RefusedError("a cut's tree has no leaf")
    return largest


def _halved(cell: Cell, k: int, pairs: list[tuple[int, int]]) -> tuple[Cell, Cell]:
    """The two halves of a cell of encoders."""
    require(0 <= k < len(cell) * len(pairs), "a cut's tree has an unknown symbol")
    x, edge = divmod(k, len(pairs))
    i, j = pairs[edge]
    key, simplex = cell[x]
    middle = tuple((a + b) / 2 for a, b in zip(simplex[i], simplex[j], strict=True))

    def half(gone: int) -> Cell:
        new = (f"{key}{edge},{gone};", (*simplex[:gone], middle, *simplex[gone + 1 :]))
        return (*cell[:x], new, *cell[x + 1 :])

    return half(j), half(i)


def _lower_first(cell: Cell, x: int) -> tuple[Cell, Cell]:
    """The two halves of a box of tilts."""
    require(0 <= x < len(cell), "a cut's tree has an unknown symbol")
    key, ((low,), (high,)) = cell[x]
    middle = (low + high) / 2
    lower, upper = (key + "-", ((low,), (middle,))), (key + "+", ((middle,), (high,)))
    return (*cell[:x], lower, *cell[x + 1 :]), (*cell[:x], upper, *cell[x + 1 :])


def _reference(simplex: Vertices) -> Balls:
    """A row of positive numbers that sum to 1, near the simplex; any such row is valid."""
    rows = [[float(v.mid()) for v in vertex] for vertex in simplex]
    if len(rows) == 2:
        low, high = sorted((rows[0][0], rows[1][0]))
        if high - low > 1e-7 * high:
            slope = (_h(high) - _h(low)) / (high - low)
            first = 1.0 / (1.0 + math.exp(min(slope, 700.0)))
        else:
            first = 0.5 * (low + high)
        first = min(max(first, 1e-300), 1.0 - 2.0**-53)
        return [arb(first), 1 - arb(first)]
    means = [arb(max(sum(row[z] for row in rows), 1e-300)) for z in range(len(rows))]
    total = sum(means, arb(0))
    return [v / total for v in means]


def _h(p: float) -> float:
    return -sum(v * math.log(v) for v in (p, 1.0 - p) if v > 0)


def _tangent(low: float, high: float) -> float:
    """A positive number in the interval; any is valid."""
    if high - low > 1e-6 * high:
        start = low * math.log(low) if low > 0 else 0.0
        return math.exp((high * math.log(high) - start) / (high - low) - 1.0)
    return 0.5 * (low + high)


# ---- closed forms, with sigma S >= 0


def _least_costs(process: Process, beta: list[list[Balls]]) -> arb:
    """sum_t p_t min_e cost(e, t)."""
    total = arb(0)
    for x, rows in enumerate(process.kinds):
        costs = [_soft_minimum(process, row, beta[x]) for row in rows]
        total += sum((p * costs[places[x]] for p, places in zip(process.mass, process.which, strict=True)), arb(0))
    return total


def _soft_minimum(process: Process, row: tuple[int, ...], beta: list[Balls]) -> arb:
    """The least rho n_x sum e log e + sum_z e_z sum_y n_xy beta_yz over rows e."""
    n_x = sum(row)
    if not n_x:
        return arb(0)
    slopes = [sum((n * beta[y][z] for y, n in enumerate(row) if n), arb(0)) for z in range(process.nz)]
    if process.rho == 0:
        least = slopes[0]
        for v in slopes[1:]:
            least = least.min(v)
        return least
    scale = process.rho * n_x
    return -scale * sum(((-v / scale).exp() for v in slopes), arb(0)).log()


def _least_of_codes(process: Process, beta: list[list[Balls]], u: Balls) -> Balls:
    """V_z where every type has an encoder of its own (cones.py)."""
    require(len(u) == process.nz and all(v > 0 for v in u), "u is no distribution of codes")
    total = sum(u, arb(0))
    u = [v / total for v in u]
    values = [arb(0)] * process.nz
    for x, rows in enumerate(process.kinds):
        middle = [_dot(row, u) for row in beta[x]]
        of_rows = [_codes_of_row(process, row, beta[x], middle, u) for row in rows]
        for p, places in zip(process.mass, process.which, strict=True):
            values = [v + p * w for v, w in zip(values, of_rows[places[x]], strict=True)]
    return values


def _codes_of_row(process: Process, row: tuple[int, ...], beta: list[Balls], middle: Balls, u: Balls) -> Balls:
    n_x = sum(row)
    if not n_x:
        return [arb(0)] * process.nz
    used = [(y, n) for y, n in enumerate(row) if n]
    tilts = [sum((n * (beta[y][z] - middle[y]) for y, n in used), arb(0)) / n_x for z in range(process.nz)]
    soft = [(-v / process.rho).exp() for v in tilts]
    total = _dot(soft, u)
    own = process.rho * (1 - total.log())
    known = n_x * own + sum((n * middle[y] for y, n in used), arb(0))
    return [known - process.rho * n_x * v / total for v in soft]


def _balls(texts: Any) -> Balls:
    return [arb(finite(text)) for text in texts]


def _dot(x: Sequence[arb], y: Sequence[arb]) -> arb:
    return sum((a * b for a, b in zip(x, y, strict=True)), arb(0))


def _product(values: Sequence[arb]) -> arb:
    total = values[0]
    for v in values[1:]:
        total = total * v
    return total
