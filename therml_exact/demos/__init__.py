"""Lessons: reactive notebooks (marimo, extra `demo`), opened by `therml demo NAME`; a file for each.

A lesson has text, the formula, one picture that moves with sliders, and three exercises whose answers the library
computes (exercise.py). It is a plain Python file: `python -m therml_exact.demos.NAME` runs it from top to bottom.
`export.write(NAME, path)` makes a page of it that needs neither Python nor a network.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LESSONS", "Lesson"]


@dataclass(frozen=True)
class Lesson:
    """A notebook's name (its module) and what it shows."""

    name: str
    shows: str


LESSONS = (
    Lesson("two_worlds", "worlds P and Q, and the mismatch J between them"),
    Lesson("exact_bounds", "inequalities of the paper decided exactly: true, tight, misprinted"),
    Lesson("phase_transition", "the certified frontier, and where learning begins: gamma, delta, sigma"),
    Lesson("audit", "how good a model is, and whether its report can be true; on your own table too"),
    Lesson("learning", "everything free: the phase diagram of learning, the best rule and its encoders"),
    Lesson("objectives", "VIB, beta-VAE, supervised, Bayesian: a zoo of objectives on one surface"),
    Lesson("laws", "laws of learning: two experiments, one number"),
    Lesson("learning_forever", "why learning data forever teaches so little: predictive information"),
    Lesson("overfitting", "what S is for: the generalisation gap and its bounds, exactly"),
    Lesson("geometry", "where the paper's geometry fails: no polytope, no convexity, no smoothness"),
)
