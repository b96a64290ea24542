"""Verdicts as functions of numbers, each with its threshold and the reason for it.

    @rule("text: a claim", "measured if by <= 1e-8 nats", "why that number")
    def a_claim(by): return "measured" if by <= 1e-8 else "undecided"

No verdict of the report is written by hand: a claim of the paper is made by `Rule.claim`, a check by `Rule.failures`,
and both call the function with the numbers of the run. A comparison is written so that what is not a number does not
pass it. Every rule is in RULES; tests/test_verdicts.py holds for each the numbers that turn it.

A check answers HOLDS or FAILS. On a claim of the paper the answers are those of section.VERDICTS: what was trained is
measured, or undecided where the numbers do not bear the claim out; it is never refuted. Where the quick mode computes
no numbers for a claim, `not_run` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from validation.section import NOT_RUN, Claim

HOLDS, FAILS = "holds", "fails"


@dataclass(frozen=True)
class Rule:
    """What decides a verdict: its name (chapter: what), the threshold in words, its reason, and the function."""

    name: str
    threshold: str
    reason: str
    decide: Callable[..., str]

    def __call__(self, **numbers: Any) -> str:
        """The verdict on these numbers."""
        return self.decide(**numbers)

    def claim(self, where: str, says: str, evidence: str, /, **numbers: Any) -> Claim:
        """A claim of the paper with its verdict on these numbers."""
        return Claim(where, says, self(**numbers), evidence, self.name, f"{self.threshold}: {self.reason}")

    def not_run(self, where: str, says: str, /) -> Claim:
        """A claim of the paper that the quick mode has no numbers for."""
        return Claim(where, says, NOT_RUN, "The full mode decides it.", self.name, f"{self.threshold}: {self.reason}")

    def failures(self, told: str, /, **numbers: Any) -> tuple[str, ...]:
        """Nothing, or one sentence for the report where the check fails."""
        return () if self(**numbers) == HOLDS else (f"{told} ({self.threshold})",)


RULES: dict[str, Rule] = {}


def rule(name: str, threshold: str, reason: str) -> Callable[[Callable[..., str]], Rule]:
    """Make a function of numbers a rule, and list it."""

    def made(decide: Callable[..., str]) -> Rule:
        if name in RULES and RULES[name].decide.__module__ != decide.__module__:
            raise ValueError(f"two rules are named {name!r}")
        RULES[name] = Rule(name, threshold, reason, decide)
        return RULES[name]

    return made


def check(name: str, threshold: str, reason: str) -> Callable[[Callable[..., bool]], Rule]:
    """A rule that answers HOLDS or FAILS, of a function that answers yes or no."""

    def made(holds: Callable[..., bool]) -> Rule:
        def decide(**numbers: Any) -> str:
            return HOLDS if holds(**numbers) else FAILS

        decide.__module__ = holds.__module__
        return rule(name, threshold, reason)(decide)

    return made
