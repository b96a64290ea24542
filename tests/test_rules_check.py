"""Certificates of learning rules: every leaf's bound against a slow float oracle, and a forgery for each requirement.

The oracle states the inequalities of kernels/rule_cells.py again, in plain Python: tightened boxes, affine minorants,
the dual of a rate-distortion problem. A claim a little below its bound holds, a little above it is refused.
"""

import itertools
import json
import math
from fractions import Fraction
from itertools import chain

import numpy as np
import pytest
from hostile import edited, sealed
from learning_rules import functionals

import therml_exact as tx
from therml_exact.frontier.learning import check as saved_verify
from therml_exact.frontier.problems import types
from therml_exact.frontier.rounding import rounded_up_by
from therml_exact.frontier.rules import check as rule_verify
from therml_exact.verification import Clock

LITTLE = 1e-9
MULTIPLIER = {"R": "rho", "C": "gamma", "D": "delta", "S": "sigma"}

MAPS = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1,
                              tx.encoders.deterministic(2, 2))  # fmt: skip
NOISY = tx.LearningRuleProblem(
    ["1/3", "2/3"], [["1/5", "4/5"], ["3/5", "2/5"]],
    [[["1/4", "3/4"], ["2/3", "1/3"]], [["1/2", "1/2"], ["1/7", "6/7"]]], 2,
    [[["1/2", "1/2"], [1, 0]], [["1/5", "4/5"], ["2/3", "1/3"]], [["9/10", "1/10"], ["1/9", "8/9"]]],
)  # fmt: skip
WIDE = tx.LearningRuleProblem(
    [1], [["1/5", "1/2", "3/10"]], [[["1/4", "1/2", "1/4"], ["2/3", "1/6", "1/6"], ["1/7", "1/7", "5/7"]]], 1,
    [[["1/2", "1/4", "1/4"], [1, 0, 0], ["1/3", "1/3", "1/3"]], [[0, 0, 1], [0, 1, 0], ["2/3", "1/3", 0]]],
)  # fmt: skip
COPY = tx.LearningRuleProblem([1], [["1/4", "3/4"]], [[[1, 0], [0, 1]]], 2, tx.encoders.deterministic(2, 2))
ONE = tx.LearningRuleProblem([1], [["1/3", "2/3"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 2,
                             [[["3/4", "1/4", 0], ["1/5", "4/5", 0]]])  # fmt: skip
LETTER = tx.LearningRuleProblem([1], [[1]], [[["1/4", "3/4"]]], 1, [[["1/2", "1/2"]], [[1, 0]], [["1/8", "7/8"]]])
# p(z) is a half exactly, and the third code is never used.
DYADIC = tx.LearningRuleProblem([1], [[1]], [[["1/4", "1/4", "1/2"]]], 1, [[["1/2", "1/2", 0]]])
PROBLEMS = {
    "dyadic": DYADIC,
    "maps": MAPS,
    "noisy": NOISY,
    "wide": WIDE,
    "copy": COPY,
    "one encoder": ONE,
    "one letter": LETTER,
}


# ---- the oracle


def eta(v):
    return -v * math.log(v) if v > 0 else 0.0


class Oracle:
    """m[t, theta] and H(Z|X, theta) of a type, by definition, in floats."""

    def __init__(self, problem):
        self.n, (self.nx, self.ny, self.thetas, self.nz) = problem.n, problem.shape
        self.p = [float(p) for _, p in problem.types]
        e = np.array(problem.dictionary, dtype=float)
        counts = np.array([c for c, _ in problem.types], dtype=float).reshape(-1, self.nx, self.ny) / self.n
        xs, ys, zs = range(self.nx), range(self.ny), range(self.nz)
        self.m, self.noise = [], []
        for n in counts:
            zy = [[[sum(n[x, y] * e[a, x, z] for x in xs) for y in ys] for z in zs] for a in range(self.thetas)]
            zx = [[[n[x].sum() * e[a, x, z] for x in xs] for z in zs] for a in range(self.thetas)]
            self.m.append([[*chain(*zy[a]), *chain(*zx[a]), *map(sum, zx[a])] for a in range(self.thetas)])
            self.noise.append([sum(n[x].sum() * eta(e[a, x, z]) for x in xs for z in zs) for a in range(self.thetas)])
        self.groups = []  # (coordinates, their sum) and, for each code, (coordinates, their sum's coordinate)
        mean = np.einsum("t,txy->xy", self.p, counts)
        zx, zp = self.nz * self.ny, self.nz * (self.ny + self.nx)
        self.blocks = {
            "C": ([([z * self.ny + y for z in zs], mean[:, y].sum()) for y in ys],
                  [([z * self.ny + y for y in ys], zp + z) for z in zs]),
            "D": ([([zx + z * self.nx + x for z in zs], mean[x].sum()) for x in xs],
                  [([zx + z * self.nx + x for x in xs], zp + z) for z in zs]),
            "": ([([zp + z for z in zs], 1.0)], []),
        }  # fmt: skip

    def root(self):
        """The box of all rules."""
        low = [
            sum(p * min(row[k] for row in rows) for p, rows in zip(self.p, self.m, strict=True))
            for k in range(self.width)
        ]
        high = [
            sum(p * max(row[k] for row in rows) for p, rows in zip(self.p, self.m, strict=True))
            for k in range(self.width)
        ]
        return low, high

    @property
    def width(self):
        return self.nz * (self.ny + self.nx + 1)

    def tighten(self, low, high, names):
        """Two rounds of what the margins say, of the blocks whose functionals enter."""

        def share(ks, least, most):
            for k in ks:
                others = [j for j in ks if j != k]
                low[k], high[k] = (max(low[k], least - sum(high[j] for j in others)),
                                   min(high[k], most - sum(low[j] for j in others)))  # fmt: skip

        for _ in range(2):
            for name in [v for v in ("C", "D", "") if v in names or not v]:
                whole, codes = self.blocks[name]
                for ks, total in whole:
                    share(ks, total, total)
                for ks, k in codes:
                    low[k], high[k] = max(low[k], sum(low[j] for j in ks)), min(high[k], sum(high[j] for j in ks))
                    share(ks, low[k], high[k])
        worst = max(a - b for a, b in zip(low, high, strict=True))
        assert worst < 1e-14 or worst > 1e-6, "too near to tell"
        return worst < 1e-14

    def minorant(self, low, high, lam, lowered):
        """Coefficients and constant of an affine function below lam_R H(Z) + lam_C H(Y|Z) + lam_D H(X|Z)."""
        out, constant, zp = [0.0] * self.width, 0.0, self.nz * (self.ny + self.nx)
        for z in range(self.nz):
            a, b = low[zp + z], high[zp + z]
            if b - a > 1e-6:
                slope = (eta(b) - eta(a)) / (b - a)
                constant += lam["R"] * (eta(a) - slope * a)
            else:  # a point: the tangent
                slope = -math.log(max((a + b) / 2, 2.0**-80)) - 1
                constant += lam["R"] * (eta(b) - slope * b)
            out[zp + z] += lam["R"] * slope
            for name in "CD":
                ks = self.blocks[name][1][z][0]
                if not lam[name]:
                    continue
                r = self.reference([low[k] for k in ks], [high[k] for k in ks])
                far = 0.0
                for v in itertools.product(*[(low[k], high[k]) for k in ks]):
                    if sum(v) > 1e-15:
                        far = max(
                            far, sum(u / sum(v) * math.log(u / sum(v) / s) for u, s in zip(v, r, strict=True) if u > 0)
                        )
                for k, s in zip(ks, r, strict=True):
                    out[k] -= lam[name] * (math.log(s) + (0 if lowered else far))
                constant -= lam[name] * far * b if lowered else 0
        return out, constant

    @staticmethod
    def reference(low, high):
        """The row at which the minorant is taken: for two letters where its slope is the chord's."""
        if sum(low) + sum(high) < 1e-15:
            return [1 / len(low)] * len(low)
        if len(low) != 2:
            return [max((a + b) / (sum(low) + sum(high)), 1e-12) for a, b in zip(low, high, strict=True)]
        least = low[0] / (low[0] + high[1]) if high[1] > 1e-15 else 1.0
        most = high[0] / (high[0] + low[1]) if high[0] > 1e-15 else 0.0
        if most - least > 1e-7:
            slope = (eta(most) + eta(1 - most) - eta(least) - eta(1 - least)) / (most - least)
            first = 1 / (1 + math.exp(slope))
        else:
            first = min(max((least + most) / 2, 1e-12), 1 - 1e-12)
        return [first, 1 - first]

    def dual(self, c, sigma, q):
        """The value of q and its best multiple: a lower bound of min <c> + sigma I."""
        if not sigma:
            return sum(p * min(row) for p, row in zip(self.p, c, strict=True))
        best = [min(row) for row in c]
        e = [[math.exp((b - v) / sigma) for v in row] for b, row in zip(best, c, strict=True)]
        z = [sum(a * v for a, v in zip(q, row, strict=True)) for row in e]
        most = max(sum(p * row[a] / m for p, row, m in zip(self.p, e, z, strict=True)) for a in range(self.thetas))
        return sum(p * (b - sigma * math.log(m)) for p, b, m in zip(self.p, best, z, strict=True)) - sigma * math.log(
            most
        )

    def leaf(self, low, high, lam, q):
        """The better of both forms."""
        best = -math.inf
        for lowered in (False, True):
            out, constant = self.minorant(low, high, lam, lowered)
            c = [[self.n * (float(np.dot(out, row)) - lam["R"] * h) for row, h in zip(rows, quiet, strict=True)]
                 for rows, quiet in zip(self.m, self.noise, strict=True)]  # fmt: skip
            best = max(best, self.n * constant + self.dual(c, lam["S"], q))
        return best


def grown(oracle, depth, names, rng, leaf):
    """A tree of random halvings and its leaves: text, numbers, and the least of leaf(low, high) = (bound, numbers)."""
    text, leaves, least = [], [], math.inf

    def visit(low, high, depth):
        nonlocal least
        low, high = list(low), list(high)
        if not oracle.tighten(low, high, names):
            text.append("-")
            return
        wide = [k for k in range(oracle.width) if high[k] - low[k] > 1e-3]
        if depth == 0 or not wide:
            text.append(".")
            bound, numbers = leaf(low, high)
            least = min(least, bound)
            leaves.append([float(v).hex() for v in numbers])
            return
        k = int(rng.choice(wide))
        text.append(chr(48 + k))
        middle = (low[k] + high[k]) / 2
        visit(low, [*high[:k], middle, *high[k + 1 :]], depth - 1)
        visit([*low[:k], middle, *low[k + 1 :]], high, depth - 1)

    visit(*oracle.root(), depth)
    return "".join(text), leaves, least


GIVEN = {
    "lagrangian": {"multipliers": {"rho": "1", "gamma": "3", "delta": "1/2", "sigma": "1/4"}},
    "capped": {"minimise": "C", "caps": {"R": "1/5", "D": "1/2", "S": "1/9"}},
    "excess": {"point": {"R": "1/5", "C": "1/3", "D": "1/2", "S": "1/9"}},
}


def claim(problem, kind="lagrangian", lower=-1e3, value=None, witness=None, given=None, **more):
    """A certificate that claims a lower bound, by a tree of one leaf if none is given."""
    given = GIVEN[kind] if given is None else given
    thetas = problem.shape[2]
    numbers = [float(name == "C").hex() for name in "RCDS" if kind != "lagrangian"]
    leaf = [*numbers, *[(1 / thetas).hex()] * thetas]
    content = {
        "format": "therml-rule-1", "kind": kind, "problem": problem.describe(), **given,
        "value": None if value is None else float(value).hex(), "lower_bound": float(lower).hex(), "tol": (1e-6).hex(),
        "status": "open", "rule": "cells",
        "witness": None if witness is None else [[float(v).hex() for v in row] for row in witness],
        "tree": ".", "leaves": [leaf], **more,
    }  # fmt: skip
    return sealed(json.loads(json.dumps(content)))


def holds_up_to(bound, make):
    """make(claim) is valid a little below the bound and refused a little above; the reason of the refusal."""
    found = tx.verify(make(bound - LITTLE))
    assert found.valid, found.reason
    found = tx.verify(make(bound + LITTLE))
    assert not found.valid
    return found.reason


# ---- lower bounds


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("names", ["CD", "C", "D", ""])
def test_boxes_are_tightened_as_far_as_the_margins_say_and_no_farther(name, names):
    """Down random paths of halvings, against the oracle: two rounds, C before D before p(z)."""
    problem, rng = PROBLEMS[name], np.random.default_rng(len(name))
    oracle, world, one = Oracle(problem), rule_verify._World(problem, Clock(None)), 2**rule_verify.SHIFT
    world.follow(".", [[(1.0).hex()] * oracle.thetas], -1e3, {"R": Fraction(0)}, dict.fromkeys("RCDS", Fraction(0)))
    for _ in range(20):
        low, high = oracle.root()
        for _ in range(6):
            ours = [math.floor((v - 1e-13) * one) for v in low], [math.ceil((v + 1e-13) * one) for v in high]
            assert world._tighten(*ours, ("C" in names, "D" in names)) and oracle.tighten(low, high, names)
            assert np.allclose([v / one for v in ours[0]], low, rtol=0, atol=1e-11)
            assert np.allclose([v / one for v in ours[1]], high, rtol=0, atol=1e-11)
            wide = [k for k in range(oracle.width) if high[k] - low[k] > 1e-3]
            if not wide:
                break
            k = rng.choice(wide)
            (low if rng.random() < 0.5 else high)[k] = (low[k] + high[k]) / 2
    # Of one code alone more than all: empty, though every other coordinate has room; a point is not.
    if oracle.nz > 1 and not names:
        low, high = [0] * oracle.width, [one] * oracle.width
        low[-1] = one
        assert world._tighten(low, high, (False, False))
        low, high = [0] * oracle.width, [one] * oracle.width
        low[-1] = low[-2] = one // 2 + 1
        assert not world._tighten(low, high, (False, False))


LAGRANGIANS = [
    {"rho": "1", "gamma": "3", "delta": "1/2", "sigma": "1/4"},
    {"rho": "1/3", "gamma": "0", "delta": "2", "sigma": "1"},
    {"rho": "0", "gamma": "2", "delta": "0", "sigma": "1/10"}, {"rho": "1", "gamma": "2", "delta": "1/3", "sigma": "0"},
    {"rho": "1", "gamma": "0", "delta": "0", "sigma": "0"},
]  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("k", range(len(LAGRANGIANS)))
def test_leaves_of_lagrangians_prove_their_bound_and_no_more(name, k):
    problem, given, rng = PROBLEMS[name], LAGRANGIANS[k], np.random.default_rng(k)
    oracle = Oracle(problem)
    lam = {functional: float(Fraction(given[m])) for functional, m in MULTIPLIER.items()}
    for depth in (0, 2, 4):

        def leaf(low, high):
            q = rng.dirichlet(np.ones(oracle.thetas))
            return oracle.leaf(low, high, lam, q), q

        tree, leaves, bound = grown(oracle, depth, {v for v in "RCDS" if lam[v]}, rng, leaf)
        more = {"given": {"multipliers": given}, "tree": tree, "leaves": leaves}
        reason = holds_up_to(bound, lambda lower, more=more: claim(problem, lower=lower, **more))
        assert reason == "a leaf's bound is below the claimed one"
        for _ in range(20):  # the law: no rule is below
            f = functionals(problem, rng.dirichlet(np.full(oracle.thetas, 0.3), size=len(problem.types)))
            assert sum(lam[v] * f[v] for v in f) >= bound - 1e-12


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("kind", ["capped", "excess"])
@pytest.mark.parametrize("names", ["RCDS", "CS", "CR", "CD"])
def test_leaves_of_caps_and_excesses_prove_their_bound_and_no_more(name, kind, names):
    problem, rng = PROBLEMS[name], np.random.default_rng(len(name))
    oracle = Oracle(problem)
    limits = {v: GIVEN["excess"]["point"][v] for v in names}
    caps = {v: limits[v] for v in names if v != "C"}
    given = {"point": limits} if kind == "excess" else {"minimise": "C", "caps": caps}
    for depth in (0, 3):

        def leaf(low, high):
            q = rng.dirichlet(np.ones(oracle.thetas))
            lam = {v: rng.exponential() if v in names else 0.0 for v in "RCDS"} | (
                {"C": 1.0} if kind == "capped" else {}
            )
            cost = sum(lam[v] * float(Fraction(limit)) for v, limit in (limits if kind == "excess" else caps).items())
            bound = oracle.leaf(low, high, lam, q) - cost
            return bound / sum(lam.values()) if kind == "excess" else bound, [*lam.values(), *q]

        tree, leaves, bound = grown(oracle, depth, set(names), rng, leaf)

        def make(lower, t=tree, ls=leaves):
            return claim(problem, kind, lower, given=given, tree=t, leaves=ls)

        assert holds_up_to(bound, make) == "a leaf's bound is below the claimed one"


def test_what_costs_nothing_is_proved_to_cost_nothing():
    """One letter of everything: the bound is 0, a ball without a radius, and equal to the claim."""
    nothing = tx.LearningRuleProblem([1], [[1]], [[[1]]], 1, [[[1]]])
    given = {"multipliers": {"rho": "1", "gamma": "2", "delta": "1/2", "sigma": "0"}}
    for more in ({}, {"rule": "vertices", "tree": "", "leaves": []}):
        made = claim(nothing, lower=0.0, value=0.0, witness=[[1.0]], given=given, status="certified", **more)
        assert tx.verify(made, nothing).reason == "every claim holds"


@pytest.mark.parametrize("multipliers", [(1, 3, 0), (1, 2, 1), (0, 1, 2), (1, 0, 3), (2, 0, 0)])
def test_vertices_prove_the_least_value_and_no_more(multipliers):
    names = dict(zip(("rho", "gamma", "delta"), multipliers, strict=True))
    given = {"multipliers": {**{name: str(m) for name, m in names.items()}, "sigma": "0"}}
    noisy = tx.LearningRuleProblem(MAPS.phi, MAPS.x_given_phi, MAPS.y_given_x_phi, 1, NOISY.encoders)
    for problem in (MAPS, noisy):
        choices = itertools.product(np.eye(problem.shape[2]), repeat=len(problem.types))
        least = min(sum(names[MULTIPLIER[v]] * f for v, f in functionals(problem, np.array(rule)).items() if v != "S")
                    for rule in choices)  # fmt: skip

        def make(lower, p=problem):
            return claim(p, lower=lower, given=given, rule="vertices", tree="", leaves=[])

        if problem is MAPS or not names["rho"]:
            assert "below the claimed" in holds_up_to(least, make)
        else:
            assert "do not apply" in tx.verify(make(least - LITTLE)).reason


# ---- values


def rules():
    rng = np.random.default_rng(0)
    for name, problem in PROBLEMS.items():
        types, thetas = len(problem.types), problem.shape[2]
        yield pytest.param(problem, rng.dirichlet(np.ones(thetas), size=types), id=f"{name}, mixed")
        yield pytest.param(problem, np.eye(thetas)[rng.integers(0, thetas, types)], id=f"{name}, a map")


@pytest.mark.parametrize(("problem", "rule"), list(rules()))
def test_a_witness_proves_its_value_and_no_less(problem, rule):
    f = functionals(problem, rule)
    scaled = rule * np.linspace(1, 3, len(rule))[:, None]  # rows are divided by their sums
    for given in LAGRANGIANS:
        value = sum(float(Fraction(given[MULTIPLIER[v]])) * f[v] for v in f)
        reason = holds_up_to(
            -value, lambda v, g=given: claim(problem, value=-v, witness=scaled, given={"multipliers": g})
        )
        assert "above the claimed" in reason
    for name in f:
        near = {v: str(Fraction(f[v] + LITTLE)) for v in f if v != name}

        def make(v, n=name, caps=near):
            return claim(problem, "capped", value=-v, witness=rule, given={"minimise": n, "caps": caps},
                                                          leaves=leaf(problem, n))  # fmt: skip

        assert "above the claimed" in holds_up_to(-f[name], make)
        for other in near:
            caps = {**near, other: str(Fraction(f[other] - LITTLE))}
            assert f"{other} = " in tx.verify(make(-f[name] - LITTLE, caps=caps)).reason
    point = {"R": "1/5", "C": "1/3", "D": "1/2", "S": "1/9"}
    for names in ("RCDS", "R", "C", "D", "S"):
        given = {"point": {v: point[v] for v in names}}
        worst = max(f[v] - float(Fraction(point[v])) for v in names)
        assert "above the claimed" in holds_up_to(-worst, lambda v, g=given, n=names: claim(
            problem, "excess", value=-v, witness=rule, given=g, leaves=leaf(problem, n[0])))  # fmt: skip


def leaf(problem, name):
    thetas = problem.shape[2]
    return [[float(v).hex() for v in (*(float(n == name) for n in "RCDS"), *[1 / thetas] * thetas)]]


def test_a_cap_of_zero_is_kept_by_what_is_zero_by_its_supports():
    rule = [[0, 1, 0, 0]] * len(COPY.types)  # Z = X = Y whatever the data
    caps = {"C": "0", "D": "0", "S": "0"}
    made = claim(COPY, "capped", value=2, witness=rule, given={"minimise": "R", "caps": caps}, leaves=leaf(COPY, "R"))
    assert tx.verify(made, COPY).valid
    assert "above its cap" in tx.verify(edited(made, ("witness", 0, 2), (1e-300).hex())).reason


# ---- forgeries

BASE = {kind: claim(MAPS, kind) for kind in GIVEN}
WITNESS = [[1.0, 0.0, 0.0, 0.0]] * 4  # R = S = 0, C = H(Y), D = log 2
SEEN = {kind: claim(MAPS, kind, value=9, witness=WITNESS) for kind in ("lagrangian", "excess")}
SEEN["capped"] = claim(MAPS, "capped", value=9, witness=WITNESS, given={"minimise": "C", "caps": {"D": "1"}})
CUT = claim(MAPS, tree="0..", leaves=[[(1 / 4).hex()] * 4] * 2)
EXACT = claim(MAPS, given={"multipliers": LAGRANGIANS[3]}, rule="vertices", tree="", leaves=[])
TWO, HALF, ZERO = (2.0).hex(), (0.5).hex(), (0.0).hex()
LARGE = 10**18


def at(content, *changes):
    for path, value in changes:
        content = edited(content, path, value)
    return content


TRUE = {
    **{f"a bound, {kind}": c for kind, c in BASE.items()}, **{f"a value, {kind}": c for kind, c in SEEN.items()},
    "a tree": CUT, "vertices": EXACT,
    "certified, as close as is said": at(SEEN["lagrangian"], (("tol",), (1009.0).hex()),
                                         (("status",), "certified")),
    "the smallest and the largest multiplier": at(
        BASE["lagrangian"], (("multipliers", "rho"), (1e-18).hex()), (("multipliers", "gamma"), f"{LARGE}"),
        (("lower_bound",), (-1e30).hex())),
    "a tolerance of 0": at(BASE["lagrangian"], (("tol",), ZERO)),
    "an excess proved": at(claim(MAPS, "excess", 0.01, given={"point": {"C": "-9"}}), (("status",), "infeasible")),
    "a cap of another": claim(MAPS, "capped", given={"minimise": "C", "caps": {}}),
    "q of zeros and any sum": at(BASE["lagrangian"], (("leaves", 0), [TWO, ZERO, ZERO, HALF])),
}  # fmt: skip

FORGERIES = {
    # the header
    "another format": (at(BASE["lagrangian"], (("format",), "therml-rule-2")), "the format is"),
    "another kind": (at(BASE["lagrangian"], (("kind",), "magic")), "the kind 'magic' is unknown"),
    "a kind with the fields of another": (at(BASE["capped"], (("kind",), "excess")), "are not those of this kind"),
    "a foreign field": (sealed({**BASE["capped"], "proved": True}), "are not those of this kind"),
    "no tolerance": (sealed({k: v for k, v in BASE["capped"].items() if k != "tol"}), "are not those of this kind"),
    "another digest": ({**BASE["capped"], "sha256": "0" * 64}, "digest"),
    "another status": (at(BASE["lagrangian"], (("status",), "proved")), "the status 'proved' is unknown"),
    "a lower bound above the value": (at(SEEN["lagrangian"], (("value",), (-2000.0).hex())), "lies above the value"),
    "a negative tolerance": (at(BASE["lagrangian"], (("tol",), "-" + HALF)), "tolerance -0.5 is negative"),
    "certified with a gap": (at(SEEN["lagrangian"], (("status",), "certified")), "the gap exceeds the tolerance"),
    "certified without a value": (at(BASE["lagrangian"], (("status",), "certified")), "the gap exceeds"),
    "infeasible by an excess of 0": (
        at(claim(MAPS, "excess", 0.0, given={"point": {"C": "-9"}}), (("status",), "infeasible")), "not proved"),
    "infeasible by no excess": (at(claim(MAPS, lower=0.01), (("status",), "infeasible")), "not proved positive"),
    "a witness without a value": (at(SEEN["lagrangian"], (("value",), None)), "a witness without a value"),
    "a value without a witness": (at(SEEN["lagrangian"], (("witness",), None)), "the witness is no table"),
    "a value below the witness's": (at(SEEN["lagrangian"], (("value",), (2.3).hex())), "above the claimed 2.3"),
    # what is given
    "a multiplier missing": (at(BASE["lagrangian"], (("multipliers",), {"rho": "1"})), "missing or foreign"),
    "a foreign multiplier": (at(BASE["lagrangian"], (("multipliers", "beta"), "1")), "missing or foreign"),
    "a negative multiplier": (at(BASE["lagrangian"], (("multipliers", "rho"), "-1")), "out of range"),
    "a multiplier that is too large": (at(BASE["lagrangian"], (("multipliers", "rho"), f"{LARGE + 1}")), "of range"),
    "a multiplier that is too small": (at(BASE["lagrangian"], (("multipliers", "rho"), f"1/{LARGE + 1}")), "of range"),
    "a foreign cap": (at(BASE["capped"], (("caps", "V"), "1")), "caps are foreign"),
    "a cap of what is minimised": (at(BASE["capped"], (("caps", "C"), "1")), "caps are foreign"),
    "a foreign objective": (at(BASE["capped"], (("minimise",), "V")), "caps are foreign"),
    "an empty point": (at(BASE["excess"], (("point",), {})), "the point is foreign"),
    "a foreign point": (at(BASE["excess"], (("point", "V"), "1")), "the point is foreign"),
    # the witness
    "a witness of text": (at(SEEN["lagrangian"], (("witness",), "x")), "the witness is no table"),
    "a row of text": (at(SEEN["lagrangian"], (("witness", 1), "x")), "the witness is no table"),
    "a row missing": (at(SEEN["lagrangian"], (("witness",), SEEN["lagrangian"]["witness"][1:])), "no such shape"),
    "a row that is too short": (at(SEEN["lagrangian"], (("witness", 0), [TWO] * 3)), "no such shape"),
    "a negative entry": (at(SEEN["lagrangian"], (("witness", 0), [TWO, "-" + HALF, ZERO, ZERO])), "no distributions"),
    "a row of zeros": (at(SEEN["lagrangian"], (("witness", 0), [ZERO] * 4)), "no distributions"),
    "a cap that is exceeded": (at(SEEN["capped"], (("caps", "D"), "69/100")), "above its cap"),
    # the rule of the lower bound
    "another rule": (at(BASE["lagrangian"], (("rule",), "magic")), "the rule 'magic' is unknown"),
    "vertices with a tree": (at(EXACT, (("tree",), ".")), "need no tree"),
    "vertices with leaves": (at(EXACT, (("leaves",), [[]])), "need no tree"),
    "vertices of a capped problem": (
        at(claim(MAPS, "capped", rule="vertices", tree="", leaves=[])), "are for a sum with multipliers"),
    "vertices at sigma > 0": (at(EXACT, (("multipliers", "sigma"), "1/9")), "do not apply"),
    # the tree
    "a tree that is no text": (at(CUT, (("tree",), ["0", ".", "."])), "the tree is no text"),
    "leaves that are no list": (at(CUT, (("leaves",), "..")), "its leaves are no list"),
    "more leaves than symbols": (at(CUT, (("leaves",), [[TWO] * 4] * 4)), "more leaves than the tree"),
    "a leaf too many": (at(CUT, (("leaves",), [[TWO] * 4] * 3)), "goes on after its end"),
    "a leaf too few": (at(CUT, (("leaves",), [[TWO] * 4])), "a leaf has no numbers"),
    "an empty tree": (at(CUT, (("tree",), ""), (("leaves",), [])), "ends before its leaves cover"),
    "half of a tree": (at(CUT, (("tree",), "0.")), "ends before its leaves cover"),
    "a symbol too many": (at(CUT, (("tree",), "0...")), "goes on after its end"),
    "a box said to be empty": (at(CUT, (("tree",), "0.-"), (("leaves",), [[TWO] * 4])), "said to be empty is not"),
    "a coordinate from the end": (at(CUT, (("tree",), "/..")), "unknown symbol '/'"),
    "a coordinate beyond the last": (at(CUT, (("tree",), chr(48 + 10) + "..")), "unknown symbol ':'"),
    # the leaves
    "a leaf of text": (at(CUT, (("leaves", 0), "x")), "a leaf is no list of numbers"),
    "a leaf that is nothing": (at(CUT, (("leaves", 0), None)), "a leaf has no numbers"),
    "a short q": (at(CUT, (("leaves", 0), [TWO] * 3)), "wrong length"),
    "a long q": (at(CUT, (("leaves", 0), [TWO] * 5)), "wrong length"),
    "a negative q": (at(CUT, (("leaves", 0), [TWO, TWO, TWO, "-" + HALF])), "or is negative"),
    "a negative multiplier of a leaf": (at(BASE["capped"], (("leaves", 0, 0), "-" + HALF)), "multiplier is negative"),
    "a multiplier of what has no cap": (
        at(BASE["capped"], (("caps",), {"D": "1/2"}), (("leaves", 0, 0), HALF)), "that is not limited"),
    "the objective counted twice": (at(BASE["capped"], (("leaves", 0, 1), TWO)), "the objective's multiplier is not 1"),
    "the objective left out": (at(BASE["capped"], (("leaves", 0, 1), ZERO)), "the objective's multiplier is not 1"),
    "no multipliers": (at(BASE["excess"], (("leaves", 0, 1), ZERO)), "multipliers are all 0"),
    # the problem
    "a problem of another kind": (
        at(BASE["capped"], (("problem", "kind"), "encoder")), "the kind is 'encoder', not learning rule"),
    "a foreign field of the problem": (
        at(BASE["capped"], (("problem", "m"), 1)), "of this kind has the fields"),
    "a problem without n": (
        at(BASE["capped"], (("problem",), {k: v for k, v in BASE["capped"]["problem"].items() if k != "n"})), "fields"),
    "no samples": (at(BASE["capped"], (("problem", "n"), 0)), "n is no integer"),
    "half a sample": (at(BASE["capped"], (("problem", "n"), 0.5)), "n is no integer"),
    "true samples": (at(BASE["capped"], (("problem", "n"), True)), "n is no integer"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_true_certificates_are_valid(name):
    found = tx.verify(TRUE[name], MAPS)
    assert found.valid, found.reason
    assert (found.value is None) == (TRUE[name]["value"] is None)
    assert found.lower_bound == float.fromhex(TRUE[name]["lower_bound"])
    assert ("itself says 'open'" in found.reason) == (TRUE[name]["status"] == "open")
    assert f"claim: {TRUE[name]['kind']}" in found.claim


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    content, reason = FORGERIES[name]
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_what_is_given_is_told():
    assert "gamma = 3" in tx.verify(BASE["lagrangian"]).claim
    told = tx.verify(BASE["capped"]).claim
    assert "minimise: C" in told and "caps: R = 1/5" in told
    assert "point: R = 1/5" in tx.verify(BASE["excess"]).claim


def test_another_problem_is_refused():
    assert "about another problem" in tx.verify(BASE["capped"], NOISY).reason
    assert "about another problem" in tx.verify(BASE["capped"], "MAPS").reason


def test_budgets_are_the_largest_that_is_read(monkeypatch):
    deep = claim(MAPS, tree="00...", leaves=[[HALF] * 4] * 3)
    longest = at(BASE["lagrangian"], (("problem", "n"), 2))
    places = math.comb(1 + 4 - 1, 1) * 4 * 2 * (2 + 2 + 1)
    for name, most, content, reason in (
        ("DEEPEST", 2, deep, "deeper than 1 splits"),
        ("DEEPEST", 2, at(deep, (("tree",), "0.0..")), "deeper than 1 splits"),
        ("MOST_PLACES", places, BASE["lagrangian"], f"too large, {places} places"),
        ("LONGEST", 2, longest, "n is no integer from 1 to 1"),
    ):
        monkeypatch.setattr(types if name == "LONGEST" else rule_verify, name, most)
        assert tx.verify(content).valid
        monkeypatch.setattr(types if name == "LONGEST" else rule_verify, name, most - 1)
        assert reason in tx.verify(content).reason
        monkeypatch.undo()


# ---- saved frontiers


def frontier():
    """Four optima: at sigma = 0 by the vertices, at sigma > 0 with a bound that leaves a gap."""
    rows, certificates = [], []
    for gamma, sigma in itertools.product((1.0, 3.0), (0.0, 0.25)):
        multipliers = {"rho": 1.0, "gamma": gamma, "delta": 0.0, "sigma": sigma}
        given = {"multipliers": {name: str(Fraction(m)) for name, m in multipliers.items()}}
        f = {name: max(v, 0.0) for name, v in functionals(MAPS, np.array(WITNESS)).items()}
        value, lower = sum(multipliers[MULTIPLIER[v]] * f[v] for v in f), 0.0 if sigma == 0 else -1e3
        how = {"rule": "cells"} if sigma else {"rule": "vertices", "tree": "", "leaves": []}
        stated = rounded_up_by(value, sum(multipliers.values()))
        certificates.append(claim(MAPS, lower=lower, value=stated, witness=WITNESS, given=given, **how))
        rows.append({**multipliers, **f, "value": value, "lower_bound": lower, "gap": value - lower, "status": "open"})
    return {"format": "therml-exact/rule-frontier", "version": 1, "units": "nats", "rows": rows,
            "certificates": certificates}  # fmt: skip


@pytest.fixture
def saved():
    return json.loads(json.dumps(frontier()))


ROWS = {
    "version true": (("version",), True, "the version is True"),
    "a later version": (("version",), 2, "the version is 2"),
    "bits": (("units",), "bits", "the units are 'bits'"),
    "rows that are no list": (("rows",), "x", "are no lists"),
    "certificates that are no list": (("certificates",), "xxxx", "are no lists"),
    "no rows": (("rows",), [], "has no rows, or not a certificate for each"),
    "no certificate for the last": (("certificates",), slice(3), "or not a certificate for each"),
    "a certificate that is none": (("certificates", 1), None, "row 1 is about another problem"),
    "a certificate of another problem": (("certificates", 1), claim(NOISY), "row 1 is about another problem"),
    "a certificate of another kind": (("certificates", 1), BASE["capped"], "row 1 is of another kind"),
    "a certificate without a value": (("certificates", 2, "value"), None, "row 2 claims a value"),
    "a foreign field": (("rows", 1, "V"), 1.0, "row 1 has other fields"),
    "a row that is none": (("rows", 1), None, "row 1 has other fields"),
    "no number": (("rows", 1, "R"), "1", "R of row 1 is '1'"),
    "another multiplier": (("rows", 1, "gamma"), 2.0, "row 1 names other multipliers"),
    "a lower bound above the proved one": (("rows", 1, "lower_bound"), 1e-13, "row 1 claims a lower bound"),
    "a lower bound far below": (("rows", 1, "lower_bound"), -1e-8, "row 1 claims a lower bound"),
    "a value below the witness's": (("rows", 1, "value"), -1e-11, "row 1 claims a value"),
    "a value far above": (("rows", 1, "value"), 1e-8, "row 1 claims a value"),
    "a gap": (("rows", 1, "gap"), 1e-9, "row 1 claims a gap"),
    "a status": (("rows", 1, "status"), "certified", "row 1 claims the status 'certified'"),
    **{f"{v} above": (("rows", 1, v), 1.5e-9, f"row 1 claims {v} = ") for v in "RCDS"},
    **{f"{v} below": (("rows", 1, v), -1.5e-9, f"row 1 claims {v} = ") for v in "RCDS"},
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_each_requirement_of_a_saved_frontier_refuses_what_fails_it(saved, name):
    path, value, reason = ROWS[name]
    here = saved
    for step in path[:-1]:
        here = here[step]
    old = here[path[-1]] if isinstance(here, list) else here.get(path[-1])
    if isinstance(value, slice):
        value = old[value]
    elif type(value) is float and type(old) is float:  # an amount by which it is changed
        value = old + value
    forged = edited(saved, path, value)
    if path[0] == "certificates" and len(path) > 2:
        forged["certificates"][path[1]] |= {"witness": None, "status": "open"}
        forged["certificates"][path[1]] = sealed(forged["certificates"][path[1]])
        forged["rows"][path[1]]["status"] = "open"
    elif reason.endswith(("a lower bound", "a value")):  # so that the gap is theirs
        row = forged["rows"][path[1]]
        row["gap"] = max(row["value"] - row["lower_bound"], 0.0)
    found = tx.verify(forged)
    assert not found.valid and reason in found.reason, found.reason


def test_a_saved_frontier_says_what_it_proves(saved):
    found = tx.verify(saved, MAPS)
    assert found.valid and found.reason.startswith("4 certificates hold") and "rows: 4" in found.claim
    assert "the fields are" in tx.verify({**saved, "gap": 0.0}).reason
    assert "the fields are" in tx.verify({k: v for k, v in saved.items() if k != "units"}).reason
    noted = edited(saved, ("rows", 0, "reason"), "cells")
    assert tx.verify(noted).valid
    assert "reason" in tx.verify(edited(saved, ("rows", 0, "reason"), "done")).reason
    assert "about another problem" in tx.verify(saved, NOISY).reason


def test_a_row_may_lie_as_far_from_its_certificate_as_rounding_goes(saved):
    """The lower bound of a row may be a little lower; its value is the certificate's before it was rounded up."""
    row, near = saved["rows"][0], saved_verify.NEAR
    assert near == 1e-9 and float.fromhex(saved["certificates"][0]["lower_bound"]) == 0.0
    lowered = edited(edited(saved, ("rows", 0, "lower_bound"), -near), ("rows", 0, "gap"), row["value"] + near)
    assert tx.verify(lowered).valid
    raised = row["value"] + 2 * near
    claimed = rounded_up_by(raised, 2.0)  # rho = gamma = 1
    stated = claimed - near
    while stated + near > claimed:
        stated = math.nextafter(stated, 0)
    while stated + near < claimed:
        stated = math.nextafter(stated, 9)
    assert stated + near == claimed
    forged = edited(edited(saved, ("rows", 0, "value"), raised), ("rows", 0, "gap"), raised)
    forged["certificates"][0] = edited(forged["certificates"][0], ("value",), stated.hex())
    assert tx.verify(forged).valid
    forged["certificates"][0] = edited(forged["certificates"][0], ("value",), math.nextafter(stated, 0).hex())
    assert "row 0 claims a value" in tx.verify(forged).reason


def test_the_entropy_of_a_ball_that_touches_zero():
    """-v log v of [0, 2e-20] lies from 0 to its value at the end; of 0 and of what is not positive it is 0."""
    from flint import arb

    touching = rule_verify._eta(arb(1e-20, 1e-20))
    assert touching.contains(0) and touching.contains(arb(eta(2e-20))) and touching < 1e-18
    assert rule_verify._eta(arb(0)) == 0 == rule_verify._eta(arb(-1))
