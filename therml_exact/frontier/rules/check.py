"""check_rule: is a certificate of a learning-rule problem true? Ball arithmetic; no solver, no numba (nats).

Everything is rebuilt from the problem's exact content: p(type), m[type, theta] and l[type, theta] (problem.py).

    value        the witness's R, C, D, S in balls; the caps hold strictly in balls
    lower bound  "vertices": f at every candidate of the exact enumeration (vertices.py)
                 "cells": the tree is followed from the root box; a halving is exact, boxes are integers over 2^80,
                 tightened outwards. A leaf passes if its rate-distortion bound is at least the claimed one, for the
                 multipliers and q(theta) that it names; any such numbers give a valid bound (the inequalities are in
                 kernels/rules/cells.py)

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from therml_exact.frontier.mixture.certificate import digest, edge_of
from therml_exact.frontier.mixture.check_tree import DEEPEST
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules.certificate import FORMAT
from therml_exact.frontier.rules.problem import NAMES, LearningRuleProblem
from therml_exact.frontier.rules.vertices import rules
from therml_exact.numbers.balls import settled
from therml_exact.numbers.text import read_exact, shown
from therml_exact.verification import (
    Clock,
    Proven,
    RefusedError,
    UnfinishedError,
    bracketed,
    finite,
    require,
    told,
)

SHIFT = 80
MOST_PLACES = 20_000_000
LARGE = 10**18  # of a multiplier; `minimize` takes 1e12
COMMON = {
    "format",
    "kind",
    "problem",
    "value",
    "lower_bound",
    "tol",
    "status",
    "rule",
    "witness",
    "tree",
    "leaves",
    "sha256",
}
OWN = {"lagrangian": {"multipliers"}, "capped": {"minimise", "caps"}, "excess": {"point"}}
OF = {"R": "rho", "C": "gamma", "D": "delta", "S": "sigma"}


def check_rule(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Check every claim of one certificate."""
    value, lower = _check(content, problem, clock)
    status = content["status"]
    what = "every claim holds" + ("; the certificate itself says 'open'" if status == "open" else "")
    names = {"lagrangian": ("multipliers",), "capped": ("minimise", "caps"), "excess": ("point",)}[content["kind"]]
    about = {"claim": content["kind"], **{name: content[name] for name in names}}
    return Proven(value, lower, what, told(content["problem"], about))


class Rows:
    """The checker of the certificates of one problem, as learning/check.py wants it."""

    def __init__(self, stated: Mapping[str, Any], problem: Any, clock: Clock) -> None:
        self.problem, self.clock = problem, clock
        self.world = _World(LearningRuleProblem.read(stated), clock)

    def prove(self, c: Mapping[str, Any], where: str) -> tuple[float | None, float]:
        """The value (None where no rule is named) and the lower bound that the certificate of `where` proves."""
        value, lower = _check(c, self.problem, self.clock)
        require(c["kind"] == "lagrangian", f"the certificate of {where} is of another kind")
        return value, lower

    def reached(self, c: Mapping[str, Any]) -> dict[str, arb]:
        """R, C, D, S of a certificate's witness."""
        return self.world.functionals(c["witness"])

    def claim(self, value: float, exact: Mapping[str, Fraction]) -> float:
        """What a certificate claims where a row says `value`: rounded up."""
        return rounded_up_by(value, float(sum(exact.values())))


def _check(c: Mapping[str, Any], problem: Any, clock: Clock) -> tuple[float | None, float]:
    """The value (None where no rule is claimed) and the lower bound that a certificate proves."""
    require(isinstance(c, Mapping) and c.get("format") == FORMAT, f"the format is not {FORMAT}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(c["kind"] in OWN, f"the kind {shown(c['kind'])} is unknown")
    require(set(c) == COMMON | OWN[c["kind"]], f"the fields {shown(sorted(c))} are not those of this kind")
    if problem is not None:
        ours = problem.describe() if isinstance(problem, LearningRuleProblem) else None
        require(ours == c["problem"], "the certificate is about another problem")
    require(c["status"] in ("certified", "open", "infeasible"), f"the status {shown(c['status'])} is unknown")
    lower, tol = finite(c["lower_bound"]), finite(c["tol"])
    value = None if c["value"] is None else finite(c["value"])
    bracketed(value, lower, c["status"], tol)
    given, limits, fixed = _claims(c)
    if c["status"] == "infeasible":
        require(c["kind"] == "excess" and lower > 0, "infeasible, but the excess is not proved positive")
    world = _World(LearningRuleProblem.read(c["problem"]), clock)
    if value is None:
        require(c["witness"] is None, "a witness without a value")
    else:
        found = settled(lambda: _value(c, given, world.functionals(c["witness"])))
        require(found <= arb(value), f"the witness has value {found.str(20)}, above the claimed {value!r}")
    if c["rule"] == "vertices":
        require(c["kind"] == "lagrangian", "vertices are for a sum with multipliers")
        require(c["tree"] == "" and c["leaves"] == [], "vertices need no tree")
        bound = world.vertices(given)
        require(bound >= arb(lower), f"the lower bound proven is {bound.str(20)}, below the claimed {lower!r}")
    else:
        require(c["rule"] == "cells", f"the rule {shown(c['rule'])} is unknown")
        world.follow(c["tree"], c["leaves"], lower, limits, fixed)
    return value, lower


def _claims(c: Mapping[str, Any]) -> tuple[dict[str, Fraction], dict[str, Fraction], dict[str, Fraction] | str]:
    """What a certificate is about: (given, limits, fixed).

    given    its multipliers, caps or point, by name
    limits   for each functional that enters, what is subtracted from it: its cap or coordinate, else 0
    fixed    what the multipliers of a leaf must be: the given ones, by functional (lagrangian); the letter of the
             functional whose multiplier is 1 (capped); "" where the bound is divided by their sum (excess)
    """
    if c["kind"] == "lagrangian":
        given = {name: read_exact(text) for name, text in c["multipliers"].items()}
        require(set(given) == set(OF.values()), "multipliers are missing or foreign")
        require(all(m == 0 or 1 / LARGE <= m <= LARGE for m in given.values()), "a multiplier is out of range")
        fixed = {name: given[m] for name, m in OF.items()}
        return given, {name: Fraction(0) for name in NAMES if fixed[name]}, fixed
    if c["kind"] == "capped":
        caps = {name: read_exact(text) for name, text in c["caps"].items()}
        require(c["minimise"] in NAMES and set(caps) <= set(NAMES) - {c["minimise"]}, "caps are foreign")
        return caps, {**caps, c["minimise"]: Fraction(0)}, str(c["minimise"])
    point = {name: read_exact(text) for name, text in c["point"].items()}
    require(bool(point) and set(point) <= set(NAMES), "the point is foreign")
    return point, point, ""


def _value(c: Mapping[str, Any], given: dict[str, Fraction], found: dict[str, arb]) -> arb:
    """The value of a rule with these functionals, a ball in nats; caps must hold."""
    if c["kind"] == "lagrangian":
        return sum((_ball(given[m]) * found[name] for name, m in OF.items()), arb(0))
    if c["kind"] == "capped":
        for name, cap in given.items():
            require(bool(found[name] <= _ball(cap)), f"the witness has {name} = {found[name].str(20)}, above its cap")
        return found[c["minimise"]]
    worst = arb("-inf")
    for name, limit in given.items():
        worst = worst.max(found[name] - _ball(limit))
    return worst


class _World:
    """The exact tables of a problem, and what is proved from them.

    mass, balls   p(type), exact and as balls
    m             m[type][theta][k] of the problem's module, exact: p(z,y), then p(z,x), then p(z), z-major
    quiet         l[type][theta] of that module, balls in nats
    zx, zp        where p(z,x) and p(z) begin among the k; width: how many k there are
    """

    def __init__(self, problem: LearningRuleProblem, clock: Clock) -> None:
        self.problem, self.clock = problem, clock
        self.nx, self.ny, self.thetas, self.nz = problem.shape
        self.n = problem.n
        places = math.comb(self.n + self.nx * self.ny - 1, self.n) * self.thetas * self.nz * (self.nx + self.ny + 1)
        if places > MOST_PLACES:
            raise UnfinishedError(f"not checked: too large, {places:,} places m[type, theta]; {MOST_PLACES:,} are held")
        self.mass = [p for _, p in problem.types]
        self.balls = [_ball(p) for p in self.mass]
        e = problem.dictionary.tolist()
        self.m: list[list[list[Fraction]]] = []
        self.quiet: list[list[arb]] = []
        # H(Z|x, theta), in balls
        entropy = [[sum((_eta(_ball(v)) for v in row), arb(0)) for row in rows] for rows in e]
        for counts in problem.counts.tolist():
            clock.tick()
            nx = [sum(row) for row in counts]
            zs, xs, ys = range(self.nz), range(self.nx), range(self.ny)
            of_type = []
            for a in range(self.thetas):
                zy = [sum((counts[x][y] * e[a][x][z] for x in xs), Fraction(0)) / self.n for z in zs for y in ys]
                zx = [nx[x] * e[a][x][z] / self.n for z in zs for x in xs]
                zp = [sum((nx[x] * e[a][x][z] for x in xs), Fraction(0)) / self.n for z in zs]
                of_type.append([*zy, *zx, *zp])
            self.m.append(of_type)
            self.quiet.append([sum((arb(nx[x]) * entropy[a][x] for x in xs), arb(0)) / self.n
                               for a in range(self.thetas)])  # fmt: skip
        self.zx, self.zp = self.nz * self.ny, self.nz * (self.ny + self.nx)
        self.width = self.zp + self.nz

    def f(self, m: list[arb]) -> dict[str, arb]:
        """N H(Z), N H(Y|Z) and N H(X|Z) at m, by R, C, D, balls in nats."""
        h = sum((_eta(v) for v in m[self.zp :]), arb(0))
        hy = sum((_eta(v) for v in m[: self.zx]), arb(0))
        hx = sum((_eta(v) for v in m[self.zx : self.zp]), arb(0))
        return {"R": self.n * h, "C": self.n * (hy - h), "D": self.n * (hx - h)}

    def functionals(self, witness: Any) -> dict[str, arb]:
        """R, C, D, S of a rule, balls in nats; the witness's rows are divided by their sums."""
        require(type(witness) is list and all(type(row) is list for row in witness), "the witness is no table")
        rows = [[finite(v) for v in row] for row in witness]
        require(
            len(rows) == len(self.mass) and all(len(r) == self.thetas for r in rows), "the witness has no such shape"
        )
        require(all(min(row) >= 0 and sum(row) > 0 for row in rows), "the witness's rows are no distributions")
        theta = [arb(0)] * self.thetas
        m, quiet, s = [arb(0)] * self.width, arb(0), arb(0)
        for p, row, places, noise in zip(self.balls, rows, self.m, self.quiet, strict=True):
            total = sum((arb(v) for v in row), arb(0))
            for a, v in enumerate(row):
                if v:
                    joint = p * arb(v) / total
                    theta[a] += joint
                    quiet += joint * noise[a]
                    s += joint * (arb(v) / total).log()
                    m = [x + joint * _ball(k) for x, k in zip(m, places[a], strict=True)]
        found = self.f(m)
        found["R"] -= self.n * quiet
        found["S"] = s + sum((_eta(v) for v in theta), arb(0))
        # What supports decide is exact; a ball around 0 would not tell that a cap of 0 is kept.
        return found | dict.fromkeys(self.problem.zeros(np.array(rows)), arb(0))

    def vertices(self, given: dict[str, Fraction]) -> arb:
        """The least value over the candidates of the exact enumeration at sigma = 0, a ball in nats."""
        candidates = rules(self.problem, given)
        if candidates is None:
            raise RefusedError("the vertices do not apply here")
        common = math.lcm(*(p.denominator for p in self.mass))
        scale = math.lcm(*(v.denominator for rows in self.m for row in rows for v in row))
        mass = [int(p * common) for p in self.mass]
        table = np.array([[[int(v * scale) for v in row] for row in rows] for rows in self.m], dtype=object)
        table = table * np.array(mass, dtype=object)[:, None, None]
        best = arb("inf")
        index = np.arange(len(mass))
        for choice in candidates:
            self.clock.tick()
            best = best.min(settled(self._at, table[index, choice].sum(axis=0), common * scale, given))
        return best

    def _at(self, m: Any, scale: int, given: dict[str, Fraction]) -> arb:
        """The objective at m/scale for sigma = 0 and l = 0, a ball in nats."""
        found = self.f([arb(int(v)) / scale for v in m])
        return sum((_ball(given[OF[name]]) * found[name] for name in ("R", "C", "D")), arb(0))

    def follow(self, tree: Any, leaves: Any, lower: float, limits: dict[str, Fraction],
               fixed: dict[str, Fraction] | str) -> None:  # fmt: skip
        """Check that every leaf of the tree has a bound of at least `lower` nats; limits and fixed as of `_claims`."""
        require(type(tree) is str and type(leaves) is list, "the tree is no text, or its leaves are no list")
        require(len(leaves) <= len(tree), "there are more leaves than the tree has")
        rows = [row for rows in self.m for row in rows]
        self.matrix = arb_mat([[_ball(v) for v in row] for row in rows])
        low, high = [], []
        for k in range(self.width):
            # Python ints over 2^SHIFT: floor of the least, ceiling of the largest.
            least = sum(
                (p * min(row[k] for row in rows) for p, rows in zip(self.mass, self.m, strict=True)), Fraction(0)
            )
            most = sum(
                (p * max(row[k] for row in rows) for p, rows in zip(self.mass, self.m, strict=True)), Fraction(0)
            )
            low.append(math.floor(least * 2**SHIFT))
            high.append(math.ceil(most * 2**SHIFT))
        total = [sum((p * v for p, v in zip(self.mass, column, strict=True)), Fraction(0))
                 for column in zip(*(self._margins(rows[0]) for rows in self.m), strict=True)]  # fmt: skip
        self.margins = [(math.floor(v * 2**SHIFT), math.ceil(v * 2**SHIFT)) for v in total]
        used = ("C" in limits, "D" in limits)
        symbols, data = iter(tree), iter(leaves)
        stack = [(low, high, 0)]
        while stack:
            self.clock.tick()
            low, high, depth = stack.pop()
            low, high = list(low), list(high)
            empty = not self._tighten(low, high, used)
            symbol = next(symbols, None)
            require(symbol is not None, "the tree ends before its leaves cover everything")
            if symbol == "-":
                require(empty, "a box said to be empty is not")
            elif symbol == ".":
                entry = next(data, None)
                require(entry is not None, "a leaf has no numbers")
                require(type(entry) is list, "a leaf is no list of numbers")
                numbers = [finite(v) for v in entry or ()]
                if not empty:
                    either = (settled(self._leaf, low, high, numbers, limits, fixed, form) for form in (False, True))
                    require(any(v >= arb(lower) for v in either), "a leaf's bound is below the claimed one")
            else:
                k = edge_of(str(symbol))
                require(0 <= k < self.width, f"the tree has an unknown symbol {symbol!r}")
                require(depth < DEEPEST, f"the tree is deeper than {DEEPEST:,} splits")
                middle = (low[k] + high[k]) // 2
                stack.append(([*low[:k], middle, *low[k + 1 :]], high, depth + 1))
                stack.append((low, [*high[:k], middle, *high[k + 1 :]], depth + 1))
        require(next(symbols, None) is None and next(data, None) is None, "the tree goes on after its end")

    def _margins(self, row: list[Fraction]) -> list[Fraction]:
        """The sums of m over z, which are the same for every theta: p(y), then p(x), then 1."""
        zs = range(self.nz)
        ys = [sum((row[z * self.ny + y] for z in zs), Fraction(0)) for y in range(self.ny)]
        xs = [sum((row[self.zx + z * self.nx + x] for z in zs), Fraction(0)) for x in range(self.nx)]
        return [*ys, *xs, Fraction(1)]

    def _tighten(self, low: list[int], high: list[int], used: tuple[bool, bool]) -> bool:
        """Tighten a box in place by what the margins imply; False where it is empty."""
        blocks = [(2, self.zp, 1, self.ny + self.nx)]
        if used[1]:
            blocks.insert(0, (1, self.zx, self.nx, self.ny))
        if used[0]:
            blocks.insert(0, (0, 0, self.ny, 0))
        for _ in range(2):
            for block, start, width, at in blocks:
                for j in range(width):
                    ks = [start + z * width + j for z in range(self.nz)]
                    _share(low, high, ks, *self.margins[at + j])
                for z in range(self.nz if block < 2 else 0):
                    ks, k = [start + z * width + j for j in range(width)], self.zp + z
                    low[k] = max(low[k], sum(low[i] for i in ks))
                    high[k] = min(high[k], sum(high[i] for i in ks))
                    _share(low, high, ks, low[k], high[k])
        return all(a <= b for a, b in zip(low, high, strict=True))

    def _leaf(self, low: list[int], high: list[int], numbers: list[float], limits: dict[str, Fraction],
              fixed: dict[str, Fraction] | str, lowered: bool) -> arb:  # fmt: skip
        """The bound of a box, a ball in nats, by one of the two forms of the minorants (`lowered`: with -k hi_z)."""
        if isinstance(fixed, dict):
            lam = {name: _ball(v) for name, v in fixed.items()}
            q = numbers
        else:
            lam = {name: arb(v) for name, v in zip(NAMES, numbers[:4], strict=True)}
            q = numbers[4:]
            require(min(numbers[:4]) >= 0, "a leaf's multiplier is negative")
            known = all(v == 0 or name in limits for name, v in zip(NAMES, numbers[:4], strict=True))
            require(known, "a leaf has a multiplier of a functional that is not limited")
            require(not fixed or numbers[NAMES.index(fixed)] == 1.0, "the objective's multiplier is not 1")
        require(len(q) == self.thetas and min(q) >= 0, "a leaf's q has the wrong length, or is negative")
        coefficients, constant = self._minorant(low, high, lam, lowered)
        costs = self.matrix * arb_mat([[self.n * v] for v in coefficients])
        shift = self.n * lam["R"]
        least = alpha = None
        value = self.n * constant  # of all three
        sigma = lam["S"]
        top = [arb(0)] * self.thetas
        prior = [arb(v) for v in q]
        for t, (p, quiet) in enumerate(zip(self.balls, self.quiet, strict=True)):
            c = [costs[t * self.thetas + a, 0] - shift * quiet[a] for a in range(self.thetas)]
            if sigma == 0:
                least = c[0]
                for v in c[1:]:
                    least = least.min(v)
                value += p * least
                continue
            base = arb(min(float(v.mid()) for v in c))
            e = [((base - v) / sigma).exp() for v in c]
            m = sum((a * b for a, b in zip(prior, e, strict=True)), arb(0))
            value += p * (base - sigma * m.log())
            top = [a + p * b / m for a, b in zip(top, e, strict=True)]
        if sigma != 0:
            alpha = top[0]
            for v in top[1:]:
                alpha = alpha.max(v)
            value -= sigma * alpha.log()
        for name, limit in limits.items():
            value -= lam[name] * _ball(limit)
        if fixed == "":
            total = sum((lam[name] for name in limits), arb(0))
            require(bool(total > 0), "a leaf's multipliers are all 0")
            value /= total
        return value

    def _minorant(self, low: list[int], high: list[int], lam: dict[str, arb], lowered: bool) -> tuple[list[arb], arb]:
        """Coefficients of m and a constant: a minorant of lam_R H(Z) + lam_C H(Y|Z) + lam_D H(X|Z) on the box."""
        out, constant = [arb(0)] * self.width, arb(0)
        for z in range(self.nz):
            k = self.zp + z
            a, b = _dyadic(low[k]), _dyadic(high[k])
            if high[k] > 2 * low[k] or high[k] - low[k] > 2**50:
                slope = (_eta(b) - _eta(a)) / (b - a)
            else:
                slope = -_dyadic(max((low[k] + high[k]) // 2, 1)).log() - 1
            out[k] += lam["R"] * slope
            constant += lam["R"] * (_eta(a) - slope * a).min(_eta(b) - slope * b)
            for name, start, width in (("C", z * self.ny, self.ny), ("D", self.zx + z * self.nx, self.nx)):
                if lam[name] == 0:
                    continue
                lo, hi = low[start : start + width], high[start : start + width]
                r = _reference([v / 2**SHIFT for v in lo], [v / 2**SHIFT for v in hi])
                logs = [arb(v).log() for v in r]
                worst = arb(0)
                for corner in range(1, 1 << width):
                    self.clock.tick()
                    v = [_dyadic(hi[j] if corner >> j & 1 else lo[j]) for j in range(width)]
                    total = sum(v, arb(0))
                    if total > 0:
                        value = -sum((_eta(x) + x * g for x, g in zip(v, logs, strict=True)), arb(0))
                        worst = worst.max(value / total - total.log())
                for j in range(width):
                    out[start + j] += lam[name] * (-logs[j] - (0 if lowered else worst))
                if lowered:
                    constant -= lam[name] * worst * b
        return out, constant


def _share(low: list[int], high: list[int], ks: list[int], least: int, most: int) -> None:
    """Tighten low and high in place by what least <= (sum over ks) <= most says of each k."""
    a, b = sum(low[k] for k in ks), sum(high[k] for k in ks)
    for k in ks:
        new_high = min(high[k], most - (a - low[k]))
        new_low = max(low[k], least - (b - high[k]))
        a, b = a + new_low - low[k], b + new_high - high[k]
        low[k], high[k] = new_low, new_high


def _reference(lo: list[float], hi: list[float]) -> list[float]:
    """A row near the conditionals of the box; any positive numbers are valid."""
    total = sum(lo) + sum(hi)
    if not total > 0:
        return [1.0 / len(lo)] * len(lo)
    if len(lo) == 2:
        a = lo[0] / (lo[0] + hi[1]) if hi[1] > 0 else 1.0
        b = hi[0] / (hi[0] + lo[1]) if hi[0] > 0 else 0.0
        if b - a > 1e-7:
            slope = (_h(b) - _h(a)) / (b - a)
            r = 1.0 / (1.0 + math.exp(slope))
        else:
            r = min(max(0.5 * (a + b), 1e-12), 1.0 - 1e-12)
        return [r, 1.0 - r]
    return [max((a + b) / total, 1e-12) for a, b in zip(lo, hi, strict=True)]


def _h(p: float) -> float:
    """The binary entropy, nats."""
    return -sum(v * math.log(v) for v in (p, 1.0 - p) if v > 0)


def _eta(v: arb) -> arb:
    """Minus v log v; 0 at 0, and an enclosure for balls that touch 0."""
    if v > 0:
        return -v * v.log()
    high = v.upper()
    return arb(0) if high <= 0 else arb(0).union(-high * high.log())


def _dyadic(v: int) -> arb:
    """The number v / 2^SHIFT as a ball."""
    return arb(v) / 2**SHIFT


def _ball(v: Fraction) -> arb:
    """A rational as a ball."""
    return arb(fmpq(v.numerator, v.denominator))
