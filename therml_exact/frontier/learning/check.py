"""check_rule_frontier: is a saved frontier of learning rules true? Balls; no solver and no numba is imported (nats).

Every certificate is checked by the checker of its kind of problem, and each row may say no more than its own proves. A
jump of S rests on three certificates that differ in sigma alone (slopes.py); nothing else of it is believed.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from importlib import import_module
from typing import Any

from flint import arb

from therml_exact.frontier.budget import reason_of
from therml_exact.frontier.learning.slopes import proved_slopes
from therml_exact.numbers.balls import settled, within
from therml_exact.numbers.text import read_exact, shown
from therml_exact.verification import Clock, Proven, number, require, told

CHECKERS = {
    "learning rule": ("therml_exact.frontier.rules.check", "Rows"),
    "joint": ("therml_exact.frontier.joint.check_rows", "Rows"),
}
NAMES = ("R", "C", "D", "S")
SAVED = {"format", "version", "units", "rows", "certificates"}
NEAR = 1e-9  # nats; a row's coordinates are floats


def check_rule_frontier(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Check every certificate of a saved RuleFrontier, and that each row claims no more than its own proves."""
    version = content.get("version")
    require(type(version) is int and version == 1, f"the version is {shown(version)}; 1 is read")
    right = SAVED <= set(content) <= SAVED | {"jumps"}
    require(right, f"the fields are {shown(sorted(content))}; they are {', '.join(sorted(SAVED))}")
    rows, certificates = content["rows"], content["certificates"]
    require(type(rows) is list and type(certificates) is list, "rows and certificates are no lists")
    require(len(rows) == len(certificates) > 0, "the frontier has no rows, or not a certificate for each")
    require(content["units"] == "nats", f"the units are {shown(content['units'])}; a saved frontier is in nats")
    stated = certificates[0]["problem"]
    kind = stated["kind"]
    require(isinstance(kind, str) and kind in CHECKERS, f"the kind {shown(kind)} is unknown")
    module, name = CHECKERS[kind]
    checker = getattr(import_module(module), name)(stated, problem, clock)
    for k, (row, c) in enumerate(zip(rows, certificates, strict=True)):
        same = isinstance(c, Mapping) and c.get("problem") == stated
        require(same, f"the certificate of row {k} is about another problem")
        value, lower = checker.prove(c, f"row {k}")
        _check_row(checker, row, c, value, lower, k)
    jumps = content.get("jumps", [])
    require(type(jumps) is list, "jumps is no list")
    for k, jump in enumerate(jumps):
        _check_jump(checker, jump, stated, k)
    reason = f"{len(rows)} certificates hold, and the rows say what they prove"
    left = sum(row["status"] == "open" for row in rows)
    if left:
        reason += f"; {left} of them {'is' if left == 1 else 'are'} open"
    if jumps:
        reason += f"; {len(jumps)} jump{'s' if len(jumps) > 1 else ''} of S proved"
    return Proven(None, None, reason, told(stated, {"rows": str(len(rows))}))


def _check_jump(checker: Any, jump: Any, stated: Any, k: int) -> None:
    """Check a jump of S: three certificates that differ in sigma alone must prove its fall from `before` to `after`."""
    fields = {"before", "after", "certificates"}
    require(isinstance(jump, Mapping) and set(jump) == fields, f"jump {k} has other fields")
    three = jump["certificates"]
    require(type(three) is list and len(three) == 3, f"jump {k} does not rest on three certificates")
    for c in three:
        require(isinstance(c, Mapping) and c.get("problem") == stated, f"jump {k} is about another problem")
    others = [{name: read_exact(m) for name, m in c["multipliers"].items() if name != "sigma"} for c in three]
    require(others[0] == others[1] == others[2], f"the certificates of jump {k} differ in more than sigma")
    at = [read_exact(c["multipliers"]["sigma"]) for c in three]
    require(at[0] < at[1] < at[2], f"the certificates of jump {k} are not in order of sigma")
    before, after = proved_slopes(three)
    claimed = number(jump["before"], "before"), number(jump["after"], "after")
    proved = claimed[0] <= before and after <= claimed[1]
    require(proved, f"jump {k} claims S >= {claimed[0]!r} before and <= {claimed[1]!r} after; less is proved")
    require(claimed[0] > claimed[1], f"jump {k} claims no fall of S")
    for c in three:  # this takes time
        value, _ = checker.prove(c, f"jump {k}")
        require(value is not None, f"a certificate of jump {k} names no rule")


def _check_row(checker: Any, row: Any, c: Mapping[str, Any], value: float | None, lower: float, k: int) -> None:
    """Check a row of a saved frontier against its certificate."""
    exact: dict[str, Fraction] = {name: read_exact(text) for name, text in c["multipliers"].items()}
    given = {name: float(m) for name, m in exact.items()}
    fields = {*given, *NAMES, "value", "lower_bound", "gap", "status"}
    require(isinstance(row, Mapping) and fields <= set(row) <= {*fields, "reason"}, f"row {k} has other fields")
    numbers = {name: number(row[name], f"{name} of row {k}") for name in fields - {"status"}}
    require(given == {name: numbers[name] for name in given}, f"row {k} names other multipliers")
    bound = numbers["lower_bound"]
    require(lower - NEAR <= bound <= lower, f"row {k} claims a lower bound of {bound!r}")
    claim = checker.claim(numbers["value"], exact)
    require(value is not None and value <= claim <= value + NEAR, f"row {k} claims a value of {numbers['value']!r}")
    gap = max(numbers["value"] - bound, 0.0)
    require(numbers["gap"] == gap, f"row {k} claims a gap of {numbers['gap']!r}")
    require(row["status"] == c["status"], f"row {k} claims the status {shown(row['status'])}")
    reason_of(c["status"], row.get("reason"))
    reached: dict[str, arb] = checker.reached(c)
    for name in NAMES:
        near = settled(within, reached[name], numbers[name], NEAR)
        require(near, f"row {k} claims {name} = {numbers[name]!r}; its tables have {reached[name].str(17)}")
