"""check_joint: is the certificate of a joint problem with few thetas true? Balls and exact sums (nats).

    value        rho R + delta D + gamma C + sigma S of the witness's tables, bounded from above (functionals.py)
    lower bound  by one of these:

    shannon     an exact proof of    objective + u H(Theta) + v sum_i H(Z_i) >= sum_S m_S H(S)    for world P;
                the entropies of data S are known, H(Theta) <= log theta_size, H(Z_i) <= log z_size (entropies.py)
    types, samples, constant, partitions
                certificates of encoder problems that relax this one (relaxations.py)
    zero        nothing: R, D, C and S are never negative
    chord       bounds at several sigma_k with weights w_k, sum w_k = 1 and sum w_k sigma_k <= sigma: the objective is
                linear in sigma, so that its minimum is concave, and S >= 0

No solver is imported.
Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.joint.entropies import known_in_balls, objective_form
from therml_exact.frontier.joint.functionals import functionals_in_balls, objective_of
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.joint.relaxations import decided_problem, decisions, relaxation
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.check import check_bounds_of
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.numbers.balls import ball, plogp, settled
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact, shown
from therml_exact.shannon.grammar import add
from therml_exact.shannon.setting import of_world
from therml_exact.shannon.statements import parse
from therml_exact.verification import Clock, Proven, bracketed, finite, require, told

FORMAT = "therml-exact/joint-bound"
VERSION = 1
LARGE = 10**18  # of a multiplier; `minimize` takes 1e12
MOST_PARTS = 100  # of a chord
Multipliers = Mapping[str, Fraction]


FIELDS = {
    "format",
    "version",
    "problem",
    "multipliers",
    "value",
    "lower_bound",
    "tol",
    "status",
    "rule",
    "encoder",
    "bound",
    "sha256",
}


def check_joint(c: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Every claim of one certificate."""
    require(type(c.get("version")) is int and c["version"] == VERSION, f"the version is {shown(c.get('version'))}")
    require(set(c) == FIELDS, f"the fields are {shown(sorted(c))}; they are {', '.join(sorted(FIELDS))}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    if problem is not None:
        ours = problem.describe() if isinstance(problem, JointProblem) else None
        require(ours == c["problem"], "the certificate is about another problem")
    require(c["status"] in ("certified", "open"), f"the status {shown(c['status'])} is unknown")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    bracketed(claimed, bound, c["status"], tol)
    about = JointProblem.read(c["problem"])
    multipliers = {name: read_exact(text) for name, text in c["multipliers"].items()}
    require(set(multipliers) == set(JointProblem.multipliers), "multipliers are missing or foreign")
    require(all(m == 0 or 1 / LARGE <= m <= LARGE for m in multipliers.values()), "a multiplier is out of range")
    rule, encoder = (_table(c[name]) for name in ("rule", "encoder"))
    value = settled(lambda: objective_of(functionals_in_balls(about, rule, encoder), multipliers))
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    lower = bound_in_balls(about, multipliers, c["bound"], clock)
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    what = "every claim holds" + ("; the certificate itself says 'open'" if c["status"] == "open" else "")
    return Proven(claimed, bound, what, told(c["problem"], {"multipliers": c["multipliers"]}))


def _table(content: Mapping[str, Any]) -> Array:
    """A table of floats in hexadecimal."""
    return np.array([finite(v) for v in content["cells"]]).reshape(content["shape"])


def bound_in_balls(problem: JointProblem, multipliers: Multipliers, claim: Mapping[str, Any], clock: Clock) -> arb:
    """The lower bound that a claim proves."""
    clock.tick()
    kind = claim["kind"]
    if kind == "zero":
        return arb(0)
    if kind == "shannon":
        return shannon_in_balls(problem, multipliers, claim["proof"], clock)
    if kind == "chord":
        parts = [(read_exact(p["weight"]), read_exact(p["sigma"]), p["bound"]) for p in claim["parts"]]
        require(len(parts) <= MOST_PARTS, f"a chord of {len(parts)} parts; at most {MOST_PARTS} are followed")
        require(all(w >= 0 and s >= 0 for w, s, _ in parts), "a weight or a sigma is negative")
        require(sum(w for w, _, _ in parts) == 1, "the weights do not sum to 1")
        require(sum(w * s for w, s, _ in parts) <= multipliers["sigma"], "the chord lies at a larger sigma")
        require(all(p["kind"] != "chord" for _, _, p in parts), "a chord of chords")
        bounds = [(w, bound_in_balls(problem, {**multipliers, "sigma": s}, p, clock)) for w, s, p in parts]
        return settled(lambda: sum((ball(w) * bound for w, bound in bounds), arb(0)))
    if kind == "partitions":
        least = _least_of_partitions(problem, multipliers, claim["leaves"], clock)
        return settled(lambda: ball(Fraction(problem.n)) * arb(least))
    relaxed, at, scale, loss = relaxation(problem, multipliers, kind)
    lower = _encoder_bound(relaxed, at, claim["certificate"], clock)
    masses = problem.cells.sum(axis=(1, 2)).tolist()
    return settled(lambda: ball(scale) * arb(lower) - ball(loss) * sum((plogp(ball(v)) for v in masses), arb(0)))


def _encoder_bound(relaxed: EncoderProblem, at: Multipliers, inner: Any, clock: Clock) -> float:
    """The lower bound of the certificate of an encoder problem, at these multipliers."""
    given = {name: read_exact(text) for name, text in inner["multipliers"].items()}
    require(given == at, "the encoder problem's certificate has other multipliers")
    return check_bounds_of(inner, relaxed, clock)[1]


def _least_of_partitions(problem: JointProblem, multipliers: Multipliers, leaves: Any, clock: Clock) -> float:
    require(multipliers["sigma"] == 0, "partitions bound the problem at sigma = 0 only")
    at = {name: multipliers[name] for name in ("rho", "delta", "gamma")}
    certificates = {tuple(leaf["decided"]): leaf["certificate"] for leaf in leaves}
    least = math.inf
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        clock.tick()
        decided = waiting.pop()
        if decided in certificates:
            bound = _encoder_bound(decided_problem(problem, decided), at, certificates[decided], clock)
            least = min(least, bound)
        else:
            require(len(decided) < min(len(problem.types), max(map(len, certificates))), "a rule is not covered")
            waiting += decisions(problem, decided)
    return least


def shannon_in_balls(problem: JointProblem, multipliers: Multipliers, proof: Mapping[str, Any], clock: Clock) -> arb:
    """sum_S m_S H(S) - u log theta_size - v N log z_size of a proof about the problem's world P."""
    from therml_exact.shannon.verify import check_proof  # loads SciPy's sparse matrices, which no other bound needs

    check_proof(proof, None, clock)
    require(proof["verdict"] == "proved", f"the proof's verdict is {shown(proof['verdict'])}")
    require((proof.get("world"), proof.get("n"), proof["given"]) == ("P", problem.n, []), "a proof of another world")
    setting = of_world("P", problem.n)
    statement = parse(proof["statement"], setting)
    require(statement.relation == ">=", "the proof's statement is no lower bound")
    require(not statement.constants, "the proof's statement names constants, which no relaxation does")
    rest = add(dict(statement.form), objective_form(setting, multipliers)[1], Fraction(-1))
    return settled(lambda: known_in_balls(problem, setting, rest))
