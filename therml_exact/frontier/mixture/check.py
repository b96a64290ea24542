"""check_optimum decides in ball arithmetic whether a mixture problem's certificate is true; it imports no solver
(nats).

With p_w, exponents a and reductions rebuilt from the problem's exact content (problems/), for each part:

    value        L(q) = - sum_w p_w log sum_z q_z prod t_z^a[w]           of the witness, bounded from above
    lower bound  sum_w p_w (lam_w - log p_w) - level,                     where log G <= level for every code t

The tree is followed from the product of the root simplices (check_tree.py). A split halves an edge, so that the leaves
of the tree cover the product by construction. Each leaf names the rule (leaf_rules.py) by which log G <= level there.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time or the memory ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flint import arb

from therml_exact.frontier.mixture.certificate import FORMAT, MOST_MULTIPLIER, digest
from therml_exact.frontier.mixture.check_boxes import check_boxes
from therml_exact.frontier.mixture.check_tree import check_tree
from therml_exact.frontier.mixture.closed_form import RULES
from therml_exact.frontier.mixture.leaf_rules import Ellipsoid, Gradient
from therml_exact.frontier.problems.chain_rule import chain
from therml_exact.frontier.problems.kinds import Problem, read_problem
from therml_exact.frontier.problems.mixture import Mixture, Plan
from therml_exact.numbers.balls import ball, plogp, settled
from therml_exact.numbers.text import read_exact, shown
from therml_exact.verification import (
    Clock,
    Proven,
    RefusedError,
    bracketed,
    finite,
    require,
    told,
)

MOST = 5_000  # the most codes or contacts of a part, each of which takes a while
FIELDS = {"format", "problem", "multipliers", "value", "lower_bound", "tol", "status", "parts", "sha256"}


def check_optimum(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Return what a certificate proves, after every one of its claims has been checked; `problem` may be None."""
    value, lower = check_bounds_of(content, problem, clock)
    status = content["status"]
    what = "every claim holds" + ("" if status == "certified" else f"; the certificate itself says {status!r}")
    return Proven(value, lower, what, told(content["problem"], {"multipliers": content["multipliers"]}))


def check_bounds_of(c: Mapping[str, Any], problem: Any, clock: Clock) -> tuple[float, float]:
    """Return the value and the lower bound, in nats, that a certificate proves.

    c          the certificate, which may be hostile
    problem    the caller's problem, with which the certificate's must agree, or None
    clock      the time that is left; UnfinishedError is raised when it ends

    RefusedError is raised if a claim does not hold or is not proved.
    """
    require(isinstance(c, Mapping) and c.get("format") == FORMAT, f"the format is not {FORMAT}")
    require(set(c) == FIELDS, f"the fields are {shown(sorted(c))}; they are {', '.join(sorted(FIELDS))}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(problem is None or described(problem) == c["problem"], "the certificate is about another problem")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    require(c["status"] in ("certified", "open"), f"the status {shown(c['status'])} is unknown")
    bracketed(claimed, bound, c["status"], tol)
    multipliers = {name: read_multiplier(text) for name, text in c["multipliers"].items()}
    about = read_problem(c["problem"])
    require(set(multipliers) == set(about.multipliers), "multipliers are missing or foreign")
    value, lower = enclosures(about, multipliers, c["parts"], clock)
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    return claimed, bound


def described(problem: Any) -> Any:
    """Return the content of the caller's problem as plain data; RefusedError if it cannot describe itself."""
    try:
        return problem.describe()
    except AttributeError:
        raise RefusedError(f"problem is a {type(problem).__name__}; no certificate is about one") from None


def read_multiplier(text: Any) -> Any:
    """Return a multiplier as a Fraction or math.inf; RefusedError for one > 0 beyond MOST_MULTIPLIER or its inverse."""
    if text == "inf":
        return math.inf
    value = read_exact(text)
    within = value == 0 or 1 / MOST_MULTIPLIER <= value <= MOST_MULTIPLIER
    require(within, f"the multiplier {shown(text)} is out of range")
    return value


def enclosures(about: Problem, multipliers: Mapping[str, Any], parts: Any, clock: Clock) -> tuple[arb, arb]:
    """Return the value of the witness and the lower bound that the parts prove, as balls."""
    if about.unsearched(multipliers):
        require(parts == [], "where nothing is searched there are no parts")
        value = settled(about.unsearched_value, multipliers)
        return value, value
    require(math.inf not in multipliers.values(), "a multiplier is infinite")
    plan: Plan = about.plan(**multipliers)
    require(isinstance(parts, list) and len(plan.parts) == len(parts), "the number of parts is wrong")
    for part, claim in zip(plan.parts, parts, strict=True):  # lengths first, work later
        require(len(claim["lam"]) == len(part.mixture.weights), "lam has the wrong length")
    value = lower = settled(lambda: ball(plan.kappa) * sum((plogp(ball(m)) for m in plan.masses), arb(0)))
    for part, claim in zip(plan.parts, parts, strict=True):
        value = settled(_plus_share, value, part.share, _primal(part.mixture, claim, clock))
        lower = settled(_plus_share, lower, part.share, _dual(part.mixture, claim, clock))
    return settled(lambda: (ball(plan.scale) * value, ball(plan.scale) * lower))


def _plus_share(total: arb, share: Fraction, of_part: arb) -> arb:
    """Return the total with a part's value, times its share, added."""
    return total + ball(share) * of_part


def _primal(m: Mixture, claim: Mapping[str, Any], clock: Clock) -> arb:
    """Return L(q) of the witness as a ball; its weights and the rows of its codes are divided by their sums first."""
    weights = _floats(claim["weights"])
    require(0 < len(weights) <= MOST, f"{len(weights):,} codes: there are 1 to {MOST:,}")
    require(min(weights) >= 0 and 0 < sum(weights) < math.inf, "the witness's weights are no distribution")
    require(len(claim["codes"]) == len(weights), "the witness has a weight without a code")
    spans = []
    at = 0
    for width in (*(len(block.rows[0]) for block in m.blocks), *([max(m.groups) + 1] if m.delta else [])):
        spans.append((at, at + width))
        at += width
    total = settled(lambda: sum((arb(q) for q in weights), arb(0)))
    likelihood = [arb(0)] * len(m.weights)
    for q, text in zip(weights, claim["codes"], strict=True):
        clock.tick()
        code = _floats(text)
        require(len(code) == at and min(code) > 0, "a code is no list of positive rows")
        likelihood = settled(_with_code, m, likelihood, q, total, code, spans)
    return settled(lambda: -sum((ball(p) * x.log() for p, x in zip(m.weights, likelihood, strict=True)), arb(0)))


def _with_code(
    m: Mixture, before: list[arb], q: float, total: arb, code: list[float], spans: list[tuple[int, int]]
) -> list[arb]:
    """Return the likelihoods sum_z (q_z/total) prod t_z^a[w] of the letters, with one code added to those before.

    q is the code's weight and total that of all codes. spans are the places of the blocks in the code, X's row last.
    """
    share = arb(q) / total
    logs: list[arb] = []
    for lo, hi in spans:
        norm = sum((arb(t) for t in code[lo:hi]), arb(0))
        logs += [(arb(t) / norm).log() for t in code[lo:hi]]
    tables = [block.rows for block in m.blocks]
    out = []
    for w, old in enumerate(before):
        exponent = arb(0)
        for (lo, _), table in zip(spans, tables, strict=False):
            for j, a in enumerate(table[w]):
                if a:
                    exponent += ball(a) * logs[lo + j]
        exponent *= ball(m.multiplier)
        if m.delta:
            exponent += ball(m.delta) * logs[spans[-1][0] + m.groups[w]]
        out.append(old + share * exponent.exp())
    return out


def _dual(m: Mixture, claim: Mapping[str, Any], clock: Clock) -> arb:
    """Return the lower bound of a part, in closed form or after its tree has been followed to the end."""
    require(len(claim["lam"]) == len(m.weights), "lam has the wrong length")
    if claim["rule"] == "coarse":
        return _coarse(m, claim, clock)
    if claim["rule"] not in ("cells", "boxes"):
        require(claim["rule"] in RULES, f"the rule {shown(claim['rule'])} is unknown")
        terms = RULES[claim["rule"]](m)
        if terms is None:
            raise RefusedError(f"the rule {claim['rule']!r} does not apply")
        return settled(lambda: sum((ball(c) * ball(r).log() for c, r in terms), arb(0)))
    lam = _floats(claim["lam"])
    level = finite(claim["level"])
    require(len(claim["contacts"]) <= MOST, f"more than {MOST:,} contacts")
    gradient = settled(Gradient, m, lam)
    near = []
    for c in claim["contacts"]:
        clock.tick()
        code, radius = _floats(c["code"]), finite(c["radius"])
        near.append(settled(Ellipsoid, gradient, code, radius, arb(level)))
    if claim["rule"] == "boxes":
        check_boxes(m, gradient, near, level, claim["tree"], claim["turns"], clock)
    else:
        check_tree(m, gradient, near, level, claim["tree"], clock)
    return settled(
        lambda: (
            sum((ball(p) * (arb(v) - ball(p).log()) for p, v in zip(m.weights, lam, strict=True)), arb(0)) - arb(level)
        )
    )


def _coarse(m: Mixture, claim: Mapping[str, Any], clock: Clock) -> arb:
    """Return the lower bound of a part by the chain rule of coarse letters Y' (problems/chain_rule.py)."""
    of, share, width = claim["map"], read_exact(claim["share"]), len(m.blocks[0].rows[0])
    require(len(m.blocks) == 1 and m.blocks[0].sums_to_one, "the rule 'coarse' does not apply")
    require(isinstance(of, list) and len(of) == width, "the map has not as many entries as there are letters")
    require(all(type(k) is int and 0 <= k < width for k in of), "the map names a letter that is none")
    require(0 < share < 1, f"the share {shown(claim['share'])} is not between 0 and 1")
    require(m.multiplier > (1 - share) * (1 - m.delta), "the share leaves no multiplier to the coarse letters")
    pieces = chain(m, of, share)
    require(isinstance(claim["within"], list) and len(claim["within"]) == len(pieces.within),
            "the entries are not as many as the letters that stand for several")  # fmt: skip
    parts = [claim["part"], *claim["within"]]
    require(all(part["rule"] != "coarse" for part in parts), "the coarse letters have a bound by still coarser ones")
    bound = settled(lambda: sum((ball(c) * ball(r).log() for c, r in pieces.terms), arb(0)))
    mixtures = zip((share, *pieces.shares), (pieces.coarse, *pieces.within), parts, strict=True)
    for weight, mixture, part in mixtures:
        bound = settled(_plus_share, bound, weight, _dual(mixture, part, clock))
    return bound


def _floats(texts: Any) -> list[float]:
    """Return the finite floats that a list of texts holds."""
    require(isinstance(texts, list), f"{shown(texts)} is no list of numbers")
    return [finite(text) for text in texts]
