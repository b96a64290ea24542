"""Is a certificate of the program (21) with everything free true? Balls; no solver and no numba is imported (nats).

    value        the functional of the tables, whose caps hold in balls; or the largest F_i - point_i
    lower bound  the least bound of a leaf of the tree of cells of m

caps.py has the statement. A leaf names rho', sigma', lam_C, lam_D >= 0 and weights w_k >= 0 of cuts. The multipliers
of R and S are rho' + sum w r and sigma' + sum w s, in balls, so that nothing has to match. A cut with r_k > 0 where R
is not limited is used without its part in L. Every functional with a multiplier must be limited, or the objective.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb

from therml_exact.frontier.joint.check import Places, least_of_leaves, table
from therml_exact.frontier.joint.check_cuts import Process, Proven, prove_cut
from therml_exact.frontier.joint.functionals import exact_zeros, functionals_in_balls
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.check import described
from therml_exact.numbers.balls import ball, settled
from therml_exact.numbers.text import read_exact, shown
from therml_exact.verification import Clock, RefusedError, bracketed, finite, require, told
from therml_exact.verification import Proven as Verified

NAMES = ("R", "C", "D", "S")
COMMON = {"format", "kind", "problem", "value", "lower_bound", "tol", "status", "rule", "encoder", "bound", "sha256"}
OWN = {"capped": {"minimise", "caps"}, "excess": {"point"}}


def check_capped(c: Mapping[str, Any], problem: Any, clock: Clock) -> Verified:
    """Every claim of one certificate."""
    kind = c["kind"]
    require(isinstance(kind, str) and kind in OWN, f"the kind {shown(kind)} is unknown")
    require(set(c) == COMMON | OWN[kind], f"the fields {shown(sorted(c))} are not those of this kind")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(problem is None or described(problem) == c["problem"], "the certificate is about another problem")
    require(c["status"] in ("certified", "open", "infeasible"), f"the status {shown(c['status'])} is unknown")
    about = JointProblem.read(c["problem"])
    require(about.theta_size is None, "caps are for problems without a limit on Theta")
    minimise = c["minimise"] if kind == "capped" else None
    limits = {name: read_exact(text) for name, text in c["caps" if kind == "capped" else "point"].items()}
    require(set(limits) <= set(NAMES), "a limit is foreign")
    if minimise is None:
        require(bool(limits), "the point is empty")
    else:
        require(minimise in NAMES and minimise not in limits, "the objective is foreign, or capped")
    lower, tol = finite(c["lower_bound"]), finite(c["tol"])
    value = None if c["value"] is None else finite(c["value"])
    bracketed(value, lower, c["status"], tol)
    if c["status"] == "infeasible":
        require(kind == "excess" and lower > 0, "infeasible, but the excess is not proved positive")
    if value is None:
        require(c["rule"] is None and c["encoder"] is None, "tables without a value")
    else:
        found = settled(_value, about, c, minimise, limits)
        require(found <= arb(value), f"the tables have value {found.str(20)}, above the claimed {value!r}")
    proven = Leaves(about, minimise, limits, c["bound"], clock).least()
    require(proven >= arb(lower), f"the lower bound proven is {proven.str(20)}, below the claimed {lower!r}")
    what = "every claim holds" + ("; the certificate itself says 'open'" if c["status"] == "open" else "")
    given = {name: c[name] for name in sorted(OWN[kind], reverse=True)}
    return Verified(value, lower, what, told(c["problem"], {"claim": kind, **given}))


def _value(about: JointProblem, c: Mapping[str, Any], minimise: Any, limits: Mapping[str, Fraction]) -> arb:
    """The value of a certificate's tables; caps must hold."""
    rule, encoder = table(c["rule"]), table(c["encoder"])
    found = functionals_in_balls(about, rule, encoder)
    # What supports decide is exact; a ball around 0 would not tell that a cap of 0 is kept.
    found |= dict.fromkeys(exact_zeros(about, rule, encoder), arb(0))
    if minimise is None:
        worst = arb("-inf")
        for name, limit in limits.items():
            worst = worst.max(found[name] - ball(limit))
        return worst
    for name, cap in limits.items():
        require(bool(found[name] <= ball(cap)), f"the tables have {name} = {found[name].str(20)}, above its cap")
    return found[minimise]


class Leaves:
    """The bounds of leaves; cuts are proved first."""

    def __init__(self, about: JointProblem, minimise: Any, limits: Mapping[str, Fraction], claim: Any,
                 clock: Clock) -> None:  # fmt: skip
        require(set(claim) == {"cuts", "tree", "leaves"}, "the bound has other fields")
        require(type(claim["tree"]) is str and type(claim["cuts"]) is list, "the tree is no text, or the cuts no list")
        self.minimise, self.limits, self.claim, self.clock = minimise, limits, claim, clock
        self.names = set(limits) | ({minimise} if minimise else set())
        one = Fraction(1)
        at = {"rho": one, "gamma": one, "delta": Fraction("D" in self.names), "sigma": one}
        self.places = settled(Places, about, at)
        self.n = about.n
        process = settled(Process.of, about, at)
        self.cuts = []
        for cut in claim["cuts"]:
            clock.tick()
            self.cuts.append(settled(self._prove, process, cut))
        self._heights: dict[tuple[int, int], arb] = {}
        self._entropies: dict[int, tuple[arb, arb, arb]] = {}

    def _prove(self, process: Process, cut: Mapping[str, Any]) -> tuple[arb, arb, Proven]:
        """Its r and s, and what it proves."""
        r, s = arb(finite(cut["rho"])), arb(finite(cut["sigma"]))
        require(bool(r >= 0) and bool(s >= 0), "a cut has a negative multiplier")
        require(cut["kind"] == "slope", f"a cut has the unknown kind {shown(cut['kind'])}")
        return r, s, prove_cut(replace(process, rho=r, sigma=s), cut, self.clock)

    def least(self) -> arb:
        """The least bound of a leaf."""
        return least_of_leaves(self.places, self.claim["tree"], self.claim["leaves"], self.leaf, self.clock)

    def leaf(self, vertices: tuple[int, ...], parts: list[Any]) -> arb:
        """The bound of a cell by its numbers."""
        require(len(parts) >= 4 and len(parts) % 2 == 0, "a leaf has too few numbers")
        return settled(self._leaf, vertices, parts)

    def _leaf(self, vertices: tuple[int, ...], parts: list[Any]) -> arb:
        rho, sigma, of_y, of_x = (arb(finite(v)) for v in parts[:4])
        weights = []
        for k, w in zip(parts[4::2], parts[5::2], strict=True):
            require(type(k) is int and 0 <= k < len(self.cuts), f"there is no cut {shown(k)}")
            weights.append((k, arb(finite(w))))
        numbers = [rho, sigma, of_y, of_x, *(w for _, w in weights)]
        require(all(bool(v >= 0) for v in numbers), "a leaf has a negative number")
        silent = sum((w * self.cuts[k][0] for k, w in weights), arb(0)) if "R" in self.names else arb(0)
        learnt = sum((w * self.cuts[k][1] for k, w in weights), arb(0))
        lam = {"R": rho + silent, "C": of_y, "D": of_x, "S": sigma + learnt}
        require(
            all(lam[name] == 0 for name in NAMES if name not in self.names), "a multiplier is of what is not limited"
        )
        norm = lam[self.minimise] if self.minimise else sum(lam.values(), arb(0))
        require(bool(norm > 0), "a leaf's multipliers do not count what is bounded")
        least = arb("inf")
        for v in vertices:
            h_z, h_y, h_x = self._entropy(v)
            height = self.n * (silent * h_z + of_y * h_y + of_x * h_x)
            least = least.min(height + sum((w * self._height(k, v) for k, w in weights), arb(0)))
        return (least - sum((lam[name] * ball(limit) for name, limit in self.limits.items()), arb(0))) / norm

    def _entropy(self, v: int) -> tuple[arb, arb, arb]:
        if v not in self._entropies:
            self._entropies[v] = self.places.entropies(v)
        return self._entropies[v]

    def _height(self, k: int, v: int) -> arb:
        """V_k - N b_k.m at a vertex."""
        if (k, v) not in self._heights:
            proven, m = self.cuts[k][2], self.places.places[v]
            if proven.homogeneous:
                raise RefusedError("a cut is no slope")
            self._heights[k, v] = proven.value - self.n * sum(
                (a * b for a, b in zip(proven.slope, m, strict=True)), arb(0)
            )
        return self._heights[k, v]
