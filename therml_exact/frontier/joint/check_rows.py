"""What a saved frontier of a joint problem is checked with: its certificates, of either format (nats).

Errors: those of check.py and check_relaxations.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flint import arb

from therml_exact.frontier.joint import check, check_relaxations
from therml_exact.frontier.joint.functionals import functionals_in_balls
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.numbers.balls import settled
from therml_exact.numbers.text import shown
from therml_exact.verification import Clock, require

CHECKERS = {check.FORMAT: check.check_free, check_relaxations.FORMAT: check_relaxations.check_joint}


class Rows:
    """The checker of the certificates of one problem, as learning/check.py wants it."""

    def __init__(self, stated: Mapping[str, Any], problem: Any, clock: Clock) -> None:
        self.problem, self.clock = problem, clock
        self.about = JointProblem.read(stated)

    def prove(self, c: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
        """The value and the lower bound that the certificate of `where` proves."""
        kind = c.get("format")
        known = isinstance(kind, str) and kind in CHECKERS
        require(known, f"the certificate of {where} is of another kind, {shown(kind)}")
        proven = CHECKERS[str(kind)](c, self.problem, self.clock)
        return proven.value, proven.lower_bound

    def reached(self, c: Mapping[str, Any]) -> dict[str, arb]:
        """R, D, C, S of a certificate's tables."""
        return settled(functionals_in_balls, self.about, check.table(c["rule"]), check.table(c["encoder"]))

    def claim(self, value: float, exact: Mapping[str, Fraction]) -> float:
        """What a certificate claims where a row says `value`: a joint optimum's is rounded up already."""
        return value
