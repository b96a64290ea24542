"""check_frontier: is everything that a saved frontier claims true? Ball arithmetic; no solver is imported (nats).

A saved frontier claims its problem, the view of each sheet, and for each point: its multipliers, a value, a lower
bound, a tolerance, a status, the functionals of its encoder, and the certificate that proves them. Each certificate
must hold, and each point may claim no more than its certificate proves and its encoder achieves.

What follows from these (the gap, the critical multiplier, corners, straight parts) is not stored: `tx.load` computes it
again. Files of version 1 hold such numbers; they are not claims, nothing reads them, and the reason says so.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from therml_exact.frontier.budget import REASONS
from therml_exact.frontier.curve.views import Shape, shapes
from therml_exact.frontier.mixture.check import check_bounds_of, described, read_multiplier
from therml_exact.frontier.problems.kinds import Problem, read_problem
from therml_exact.frontier.rounding import rounded_up
from therml_exact.numbers.balls import settled, within
from therml_exact.numbers.text import read_hexadecimal, shown
from therml_exact.verification import Clock, Proven, number, require, told

FIELDS = {"format", "version", "units", "tol", "volume", "problem", "sheets"}
DERIVED = {"gap", "status", "constant"}  # of version 1, besides DERIVED_OF_SHEETS
SHEET = {"names", "view", "fixed", "adaptive", "points"}
DERIVED_OF_SHEETS = {"gap", "critical", "segments", "kinks"}
POINT = {"multipliers", "value", "lower_bound", "status", "tol", "point", "encoder", "certificate"}
VERSIONS = (1, 2)


def check_frontier(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Check every certificate of a saved frontier, and that each point claims no more than its own proves."""
    version = content.get("version")
    require(type(version) is int and version in VERSIONS, f"the version is {shown(version)}; 1 and 2 are read")
    old = version == 1
    _fields(content, FIELDS, DERIVED if old else set(), "the frontier")
    require(content["units"] == "nats", f"the units are {shown(content['units'])}; a saved frontier is in nats")
    require(number(content["tol"], "the tolerance") > 0, "the tolerance is not positive")
    require(type(content["volume"]) is bool, "volume is neither true nor false")
    require(problem is None or described(problem) == content["problem"], "the frontier is about another problem")
    about = read_problem(content["problem"])
    require(isinstance(content["sheets"], list) and content["sheets"] != [], "the frontier has no sheets")
    count, left = 0, 0
    for sheet in content["sheets"]:
        _fields(sheet, SHEET, DERIVED_OF_SHEETS | {"adaptive"} if old else set(), "a sheet")
        require(type(sheet.get("adaptive", True)) is bool, "adaptive is neither true nor false")
        shape = _shape(about, sheet, content["volume"])
        require(isinstance(sheet["points"], list) and sheet["points"] != [], "a sheet has no points")
        for point in sheet["points"]:
            clock.tick()
            _check_point(about, content["problem"], point, shape, count, clock)
            count += 1
            left += point["status"] == "open"
    reason = f"{count} certificates hold, and the points say what they prove"
    if left:
        reason += f"; {left} of them {'is' if left == 1 else 'are'} open"
    if old:
        reason += " (gap, corners, straight parts and the critical multiplier of version 1 are not checked, nor read)"
    return Proven(None, None, reason, told(content["problem"], {"points": str(count)}))


def _fields(content: Any, needed: set[str], allowed: set[str], what: str) -> None:
    """Refuse an object that lacks a needed field or has one that is neither needed nor allowed."""
    require(isinstance(content, Mapping), f"{what} is no object")
    missing, foreign = needed - allowed - set(content), set(content) - needed - allowed
    require(not missing, f"{what} lacks the field {shown(min(missing, default=''))}")
    require(not foreign, f"{what} has the field {shown(min(foreign, default=''))}, which is none of this format")


def _shape(about: Problem, sheet: Mapping[str, Any], volume: bool) -> Shape:
    """The coordinates of a sheet, found among those of its problem by its fixed multipliers."""
    fixed = {name: number(value, f"fixed[{name}]") for name, value in sheet["fixed"].items()}
    require(min(fixed.values(), default=0.0) >= 0, f"a sheet is fixed at {shown(sheet['fixed'])}, which is negative")
    for shape in shapes(about, fixed, volume):
        if list(shape.names) == sheet["names"] and [list(row) for row in shape.view] == sheet["view"]:
            return shape
    require(False, f"a sheet in {shown(sheet['names'])} at {shown(sheet['fixed'])} is none of this problem")
    raise AssertionError


def _check_point(
    about: Problem, stated: Mapping[str, Any], point: Mapping[str, Any], shape: Shape, k: int, clock: Clock
) -> None:
    """Check one point of a sheet against its certificate."""
    _fields(point, POINT, {"gap", "reason"}, f"point {k}")
    c = point["certificate"]
    require(isinstance(c, Mapping), f"the certificate of point {k} is no object")
    require(c.get("problem") == stated, f"the certificate of point {k} is about another problem")
    value, lower = check_bounds_of(c, None, clock)
    given = {name: math.inf if text == "inf" else read_hexadecimal(text) for name, text in point["multipliers"].items()}
    exact = {name: read_multiplier(text) for name, text in c["multipliers"].items()}
    require(given == {name: float(m) for name, m in exact.items()}, f"point {k} names other multipliers")
    require(shape.holds(given), f"the multipliers of point {k} are no direction of its sheet")
    claimed, bound = number(point["value"], "a value"), number(point["lower_bound"], "a lower bound")
    require(bound <= lower, f"point {k} claims a lower bound of {bound!r}")
    require(rounded_up(claimed, exact) >= value, f"point {k} claims a value of {claimed!r}")
    require(bound <= rounded_up(claimed, exact), f"point {k} claims a lower bound above its value")
    require(point["status"] == c["status"], f"point {k} claims the status {shown(point['status'])}")
    if "reason" in point:
        closed = point["reason"] == "closed"
        right = point["reason"] in REASONS and closed == (point["status"] == "certified")
        require(right, f"point {k} says {shown(point['reason'])} and {shown(point['status'])}")
    require(number(point["tol"], "a tolerance").hex() == c["tol"], f"point {k} claims the tolerance {point['tol']!r}")
    if "gap" in point:  # version 1
        gap = number(point["gap"], "a gap")
        require(gap >= rounded_up(claimed, exact) - bound - 1e-300, f"point {k} claims a gap of {gap!r}")
    reached = settled(about.achieved, point["encoder"])
    require(set(reached) == set(point["point"]), f"point {k} has other coordinates")
    for name, told_value in point["point"].items():
        coordinate = number(told_value, name)
        margin = rounded_up(abs(coordinate), {}) - abs(coordinate)
        near = settled(within, reached[name], coordinate, margin)
        require(near, f"point {k} claims {name} = {coordinate!r}; its encoder has {reached[name].str(17)}")
    weights = zip(about.weights(given), about.functionals, strict=True)
    total = math.fsum(w * point["point"][name] for w, name in weights)
    margin = rounded_up(abs(total), exact) - abs(total)
    require(abs(total - claimed) <= margin, f"the coordinates of point {k} miss its value")
