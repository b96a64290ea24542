"""check_audit: is the verdict on a claimed point true? Balls and exact sums; no solver is imported (nats).

    impossible    the certificate proves w.v >= bound for all achievable v, with weights on claimed coordinates only,
                  and every claimed coordinate must rise by at least `by` to reach that half-space (exclusion.py)
    feasible      the witness's functionals are at most the claimed ones, but for RESOLUTION nats
    undecided     claims nothing, so that there is nothing to verify: refused

Version 1 of the file holds `distance` = [low, high] in place of `by`; low must be proved, high is not read.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb

from therml_exact.frontier.curve.exclusion import missing
from therml_exact.frontier.mixture.check import check_bounds_of, described, read_multiplier
from therml_exact.frontier.problems.kinds import read_problem
from therml_exact.numbers.balls import settled
from therml_exact.numbers.text import shown
from therml_exact.verification import Clock, Proven, RefusedError, number, require, told

RESOLUTION = 1e-12  # nats: what a witness may exceed the claimed coordinates by
TABLES = ("z_given_x", "z_given_x_theta", "theta_given_type")
FIELDS = {
    1: {"format", "version", "units", "claimed", "verdict", "distance", "certificate", "witness"},
    2: {"format", "version", "units", "claimed", "verdict", "by", "problem", "certificate", "witness"},
}


def check_audit(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Check the verdict of one audit."""
    version = content.get("version")
    if type(version) is not int or version not in FIELDS:
        raise RefusedError(f"the version is {shown(version)}; 1 and 2 are read")
    require(set(content) == FIELDS[version], f"the fields {shown(sorted(content))} are not those of an audit")
    require(content["units"] == "nats", f"the units are {shown(content['units'])}; an audit is in nats")
    claimed = {name: number(value, f"claimed[{shown(name)}]") for name, value in content["claimed"].items()}
    require(bool(claimed), "nothing is claimed")
    verdict = content["verdict"]
    if verdict == "undecided":
        raise RefusedError("nothing to verify: the verdict is 'undecided', which proves neither")
    require(verdict in ("impossible", "feasible"), f"the verdict is {shown(verdict)}")
    stated = content["problem"] if version == 2 else _problem_of(content["certificate"])
    require(problem is None or described(problem) == stated, "the audit is about another problem")
    about = read_problem(stated)
    foreign = set(claimed) - set(about.functionals)
    require(not foreign, f"claimed has {shown(min(foreign, default=''))}, which is no functional of the problem")
    if verdict == "feasible":
        reason = _feasible(about, content["witness"], claimed)
    else:
        by = content["distance"][0] if version == 1 else content["by"]
        reason = _impossible(content["certificate"], stated, claimed, number(by, "by"), clock)
    items = ", ".join(f"{name} = {value!r}" for name, value in claimed.items())
    return Proven(None, None, reason, told(stated, {"claimed (nats)": items}))


def _problem_of(certificate: Any) -> Mapping[str, Any]:
    """The problem that the certificate of a file of version 1 names."""
    require(isinstance(certificate, Mapping), "the audit holds no certificate")
    found = certificate.get("problem")
    if not isinstance(found, Mapping):
        raise RefusedError("the certificate names no problem")
    return found


def _impossible(c: Any, stated: Mapping[str, Any], claimed: Mapping[str, float], by: float, clock: Clock) -> str:
    """Check that the certificate excludes the claimed point by at least `by` nats; returns the reason in words."""
    require(isinstance(c, Mapping), "the audit holds no certificate")
    require(c.get("problem") == stated, "the certificate is about another problem")
    _, bound = check_bounds_of(c, None, clock)
    multipliers = {name: read_multiplier(text) for name, text in c["multipliers"].items()}
    t = missing(multipliers, bound, claimed)
    if t is None:
        raise RefusedError("the certificate weighs a functional that is not claimed")
    require(t > 0, f"the bound does not exclude the claimed point: {float(t):.6g} nats are missing")
    require(0 < by <= t, f"by = {by!r}; {float(t):.17g} nats are proved")
    return f"impossible: every claimed coordinate must rise by at least {by:.9g} nats"


def _feasible(about: Any, witness: Any, claimed: Mapping[str, float]) -> str:
    """Check that the witness reaches every claimed coordinate within RESOLUTION; returns the reason in words."""
    require(isinstance(witness, Mapping), "the audit holds no witness")
    tables = [witness[name] for name in TABLES if name in witness]
    require(len(tables) == 1, f"the witness holds {len(tables)} of {', '.join(TABLES)}; it is one of them")
    reached = settled(about.achieved, about.witness_table(witness))
    for name, value in claimed.items():
        met = settled(lambda r, v: bool(r <= arb(v) + arb(RESOLUTION)), reached[name], value)
        require(met, f"the witness has {name} = {reached[name].str(17)}, above the claimed {value!r}")
    return f"feasible: the witness reaches every claimed coordinate within {RESOLUTION:g} nats"
