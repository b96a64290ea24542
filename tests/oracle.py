"""A slow oracle: distributions as dictionaries {outcome: Fraction}, every quantity by its definition.

Numbers are sums of logarithms sum_k r_k log n_k kept as {n: r} (`Logs`); primes() factors them by trial division,
mp() evaluates them to 50 digits. Nothing of the library is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import mpmath

DIGITS = 50
Names = str | Sequence[str]


class Logs:
    """sum_k r_k log n_k with rational r_k and positive integers n_k; or infinity."""

    def __init__(self, terms: dict[int, Fraction] | None = None, infinite: bool = False) -> None:
        self.terms = {n: r for n, r in (terms or {}).items() if r and n != 1}
        self.infinite = infinite

    @classmethod
    def log(cls, value: Fraction, weight: Fraction = Fraction(1)) -> Logs:
        return cls({value.numerator: weight}) + cls({value.denominator: -weight})

    def __add__(self, other: Logs) -> Logs:
        terms = dict(self.terms)
        for n, r in other.terms.items():
            terms[n] = terms.get(n, Fraction(0)) + r
        return Logs(terms, self.infinite or other.infinite)

    def __neg__(self) -> Logs:
        assert not self.infinite
        return Logs({n: -r for n, r in self.terms.items()})

    def __sub__(self, other: Logs) -> Logs:
        return self + (-other)

    def __mul__(self, factor: Fraction | int) -> Logs:
        return Logs({n: r * factor for n, r in self.terms.items()}, self.infinite)

    def primes(self) -> dict[int, Fraction]:
        """{prime: coefficient}; for arguments below 2^32."""
        found: dict[int, Fraction] = {}
        for n, r in self.terms.items():
            for p, v in factor(n):
                found[p] = found.get(p, Fraction(0)) + r * v
        return {p: r for p, r in sorted(found.items()) if r}

    def small(self) -> bool:
        return all(n < 2**32 for n in self.terms)

    def mp(self, digits: int = DIGITS) -> Any:
        if self.infinite:
            return mpmath.inf
        with mpmath.workdps(digits + 20):
            parts = (mpmath.mpf(r.numerator) / r.denominator * mpmath.log(n) for n, r in self.terms.items())
            return mpmath.fsum(parts)


@cache
def factor(n: int) -> tuple[tuple[int, int], ...]:
    """Prime factors and exponents, by trial division."""
    found = []
    p = 2
    while p * p <= n:
        count = 0
        while n % p == 0:
            n //= p
            count += 1
        if count:
            found.append((p, count))
        p += 1 if p == 2 else 2
    return (*found, (n, 1)) if n > 1 else tuple(found)


class Table:
    """p over named variables as {outcome: Fraction}; outcomes of probability 0 are left out."""

    def __init__(self, names: Sequence[str], p: dict[tuple[int, ...], Fraction]) -> None:
        self.names = tuple(names)
        self.p = {outcome: Fraction(value) for outcome, value in p.items() if value}
        self._marginals: dict[tuple[str, ...], dict[tuple[int, ...], Fraction]] = {}
        self._entropies: dict[tuple[str, ...], Logs] = {}

    @classmethod
    def of(cls, array: Any, names: Sequence[str]) -> Table:
        """Of anything with .shape that is indexed by tuples."""
        return cls(names, {k: Fraction(array[k]) for k in product(*map(range, array.shape))})

    def marginal(self, names: Names) -> dict[tuple[int, ...], Fraction]:
        names = (names,) if isinstance(names, str) else tuple(names)
        if names not in self._marginals:
            where = [self.names.index(name) for name in names]
            sums: dict[tuple[int, ...], Fraction] = {}
            for outcome, value in self.p.items():
                key = tuple(outcome[k] for k in where)
                sums[key] = sums.get(key, Fraction(0)) + value
            self._marginals[names] = sums
        return self._marginals[names]

    def mean_minus_log(self, names: Names, q: Any) -> Logs:
        """-<log q(outcome)>, infinite where q = 0 < p."""
        total = Logs()
        for outcome, value in self.marginal(names).items():
            level = Fraction(q(*outcome))
            total = total + (Logs(infinite=True) if level == 0 else Logs.log(level, -value))
        return total

    def H(self, names: Names, given: Names = ()) -> Logs:
        names, given = _tuple(names), _tuple(given)
        if given:
            return self.H(_union(names, given)) - self.H(given)
        key = tuple(sorted(set(names)))
        if not key:
            return Logs()
        if key not in self._entropies:
            total: dict[int, Fraction] = {}
            for value in self.marginal(key).values():
                for n, sign in ((value.numerator, -1), (value.denominator, 1)):
                    total[n] = total.get(n, Fraction(0)) + sign * value
            self._entropies[key] = Logs(total)
        return self._entropies[key]

    def I(self, a: Names, b: Names, given: Names = ()) -> Logs:  # noqa: E743
        """sum p(a,b,c) log [p(a,b,c) p(c) / p(a,c) p(b,c)], over outcomes; the sets may overlap."""
        a, b, c = _union(_tuple(a)), _union(_tuple(b)), _union(_tuple(given))
        every = _union(a, b, c)
        where = [[every.index(v) for v in part] for part in (_union(a, c), _union(b, c), c)]
        sides = [self.marginal(part) for part in (_union(a, c), _union(b, c))]
        base = self.marginal(c) if c else {(): Fraction(1)}
        total = Logs()
        terms: dict[int, Fraction] = {}
        for outcome, value in self.marginal(every).items():
            ac, bc, cc = (tuple(outcome[k] for k in part) for part in where)
            ratio = value * base[cc] / (sides[0][ac] * sides[1][bc])
            for n, sign in ((ratio.numerator, 1), (ratio.denominator, -1)):
                terms[n] = terms.get(n, Fraction(0)) + sign * value
        return total + Logs(terms)

    def multi_information(self, names: Sequence[str] | None = None) -> Logs:
        names = self.names if names is None else tuple(names)
        alone = [self.marginal(name) for name in names]
        total = Logs()
        for outcome, value in self.marginal(names).items():
            ratio = value
            for p, letter in zip(alone, outcome, strict=True):
                ratio /= p[(letter,)]
            total = total + Logs.log(ratio, value)
        return total

    def conditional(self, what: str, given: Names) -> Any:
        """p(what|given) as a function of (what, *given)."""
        given = _tuple(given)
        both, alone = self.marginal((what, *given)), self.marginal(given) if given else {(): Fraction(1)}
        return lambda a, *c: both.get((a, *c), Fraction(0)) / alone[tuple(c)]

    def independent(self, a: Names, b: Names, given: Names = ()) -> bool:
        """p(a,b,c) p(c) = p(a,c) p(b,c) for all letters, by brute force."""
        a, b, c = _tuple(a), _tuple(b), _tuple(given)
        abc, ac, bc = self.marginal((*a, *b, *c)), self.marginal((*a, *c)), self.marginal((*b, *c))
        base = self.marginal(c) if c else {(): Fraction(1)}
        for left, right in product(ac, bc):
            if left[len(a) :] == right[len(b) :]:
                cc = left[len(a) :]
                if abc.get((*left[: len(a)], *right[: len(b)], *cc), 0) * base[cc] != ac[left] * bc[right]:
                    return False
        return True


def kl(p: Table, q: Table) -> Logs:
    total = Logs()
    for outcome, value in p.p.items():
        level = q.p.get(outcome, Fraction(0))
        total = total + (Logs.log(value / level, value) if level else Logs(infinite=True))
    return total


def _tuple(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _union(*names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in names for name in part))


def letters(*sizes: int) -> Iterator[tuple[int, ...]]:
    return product(*map(range, sizes))


# ---- the worlds, by loops over all outcomes


def world_p(phi: Any, x: Any, y: Any, theta: Any, z: Any) -> Table:
    n = (len(theta.shape) - 1) // 2
    sizes = (x.shape[1], y.shape[2])
    names = ["Phi", *(f"{v}{i + 1}" for i in range(n) for v in "XY"), "Theta", *(f"Z{i + 1}" for i in range(n))]
    p: dict[tuple[int, ...], Fraction] = {}
    for f, *data in letters(len(phi), *sizes * n):
        weight = Fraction(phi[f])
        for i in range(n):
            weight *= Fraction(x[f, data[2 * i]]) * Fraction(y[(f, *data[2 * i : 2 * i + 2])])
        if weight:
            for t, *codes in letters(theta.shape[-1], *[z.shape[-1]] * n):
                value = weight * Fraction(theta[(*data, t)])
                for i in range(n):
                    value *= Fraction(z[data[2 * i], t, codes[i]])
                p[(f, *data, t, *codes)] = value
    return Table(names, p)


def bayes(phi: Any, x: Any, theta: Any) -> Table:
    n = len(theta.shape) - 1
    p: dict[tuple[int, ...], Fraction] = {}
    for f, *data in letters(len(phi), *[x.shape[1]] * n):
        for t in range(theta.shape[-1]):
            value = Fraction(phi[f]) * Fraction(theta[(*data, t)])
            for letter in data:
                value *= Fraction(x[f, letter])
            p[(f, *data, t)] = value
    return Table(["Phi", *(f"X{i + 1}" for i in range(n)), "Theta"], p)


def discriminative(phi: Any, x: Any, y: Any, theta: Any) -> Table:
    n = (len(theta.shape) - 1) // 2
    p: dict[tuple[int, ...], Fraction] = {}
    for f, *data in letters(len(phi), *(x.shape[1], y.shape[2]) * n):
        for t in range(theta.shape[-1]):
            value = Fraction(phi[f]) * Fraction(theta[(*data, t)])
            for i in range(n):
                value *= Fraction(x[f, data[2 * i]]) * Fraction(y[(f, *data[2 * i : 2 * i + 2])])
            p[(f, *data, t)] = value
    return Table(["Phi", *(f"{v}{i + 1}" for i in range(n) for v in "XY"), "Theta"], p)


BUILD = {"P": world_p, "bayes": bayes, "discriminative": discriminative}

# given, distributed; without the sample's number
FAMILIES = {
    "theta": ((), "Theta"),
    "z": ((), "Z"),
    "x_given_z": (("Z",), "X"),
    "y_given_z": (("Z",), "Y"),
    "z_given_x": (("X",), "Z"),
    "x_given_theta": (("Theta",), "X"),
    "y_given_x_theta": (("X", "Theta"), "Y"),
}
WORLD_Q = {"P": ("z", "x_given_z", "y_given_z"), "bayes": ("x_given_theta",), "discriminative": ("y_given_x_theta",)}


class World:
    """A world's outcomes and its q's (functions of the letters, conditioning ones first)."""

    def __init__(self, kind: str, tables: Sequence[Any], q: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.p = BUILD[kind](*tables)
        self.n = sum(name[0] == "X" for name in self.p.names)
        self.q = q or {}
        self.data = tuple(name for name in self.p.names if name[0] in "XY")

    def axes(self, name: str, i: int) -> tuple[str, ...]:
        given, what = FAMILIES[name]
        return tuple(v if v == "Theta" else f"{v}{i}" for v in (*given, what))

    def row(self, name: str, i: int) -> Any:
        """q as a function of its letters; one table for all samples, or one for each."""
        table = self.q[name]
        extra = len(table.shape) > len(FAMILIES[name][0]) + 1
        return lambda *index: table[(i - 1, *index)] if extra else table[index]

    def cross(self, name: str, i: int = 1) -> Logs:
        return self.p.mean_minus_log(self.axes(name, i), self.row(name, i))

    def KL(self, name: str, i: int = 1) -> Logs:
        """<log p(a|c)/q(a|c)>."""
        *given, what = self.axes(name, i)
        p, q = self.p.conditional(what, given), self.row(name, i)
        total = Logs()
        for outcome, value in self.p.marginal((*given, what)).items():
            level = Fraction(q(*outcome))
            ratio = p(outcome[-1], *outcome[:-1])
            total = total + (Logs.log(ratio / level, value) if level else Logs(infinite=True))
        return total

    def _mean(self, name: str, i: int, what: str, given: tuple[str, ...]) -> Logs:
        """<log p(what|given) / q>."""
        p, q = self.p.conditional(what, given), self.row(name, i)
        axes = self.axes(name, i)
        every = _union((what,), given)
        where = [every.index(v) for v in axes]
        total = Logs()
        for outcome, value in self.p.marginal(every).items():
            level = Fraction(q(*(outcome[k] for k in where)))
            if level == 0:
                return Logs(infinite=True)
            total = total + Logs.log(p(*outcome) / level, value)
        return total

    def S(self) -> Logs:
        return self._mean("theta", 1, "Theta", self.data)

    def R(self, i: int) -> Logs:
        return self._mean("z", i, f"Z{i}", (f"X{i}", "Theta"))

    def V(self, i: int) -> Logs:
        return self._mean("z_given_x", i, f"Z{i}", (f"X{i}", "Theta"))

    def C(self, i: int) -> Logs:
        return self.cross("y_given_z", i)

    def D(self, i: int) -> Logs:
        return self.cross("x_given_z", i)

    def U(self, i: int) -> Logs:
        return self.cross(WORLD_Q[self.kind][0], i)

    def sum(self, term: Any) -> Logs:
        total = Logs()
        for i in range(1, self.n + 1):
            total = total + term(i)
        return total

    def KL_sum(self) -> Logs:
        return self.KL("theta") + self.sum(lambda i: sum((self.KL(v, i) for v in WORLD_Q[self.kind]), start=Logs()))

    def optimal(self, name: str, i: int, shared: bool = False) -> Any:
        """The best q of world Q as a function; of the mixture over samples if shared."""
        samples = range(1, self.n + 1) if shared and name != "theta" else (i,)
        both: dict[tuple[int, ...], Fraction] = {}
        for k in samples:
            for outcome, value in self.p.marginal(self.axes(name, k)).items():
                both[outcome] = both.get(outcome, Fraction(0)) + value
        alone: dict[tuple[int, ...], Fraction] = {}
        for outcome, value in both.items():
            alone[outcome[:-1]] = alone.get(outcome[:-1], Fraction(0)) + value
        return lambda *index: both.get(index, Fraction(0)) / alone[index[:-1]]

    def J(self, shared: bool = False) -> Logs:
        """D_KL[p; q*], summed outcome by outcome."""
        names = self.p.names
        factors: list[tuple[tuple[str, ...], Any]] = [
            (("Phi",), self.p.conditional("Phi", ())),
            (("Theta",), self.p.conditional("Theta", ())),
        ]
        for i in range(1, self.n + 1):
            factors += [(self.axes(v, i), self.optimal(v, i, shared)) for v in WORLD_Q[self.kind]]
            if self.kind == "discriminative":
                factors.append(((f"X{i}",), self.p.conditional(f"X{i}", ())))
        places = [([names.index(v) for v in axes], q) for axes, q in factors]
        terms: dict[int, Fraction] = {}
        for outcome, value in self.p.p.items():
            ratio = value
            for where, q in places:
                ratio /= q(*(outcome[k] for k in where))
            for n, sign in ((ratio.numerator, 1), (ratio.denominator, -1)):
                terms[n] = terms.get(n, Fraction(0)) + sign * value
        return Logs(terms)

    def parents(self, graph: dict[str, Sequence[str]]) -> Logs:
        """sum_g I(g; Pa(g))."""
        return sum((self.p.I(node, above) for node, above in graph.items() if above), start=Logs())
