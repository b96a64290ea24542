"""The problems that are mixtures, by the name of their kind.

Errors: ValueError for content of no kind that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from therml_exact.frontier.problems.bayes import BayesProblem
from therml_exact.frontier.problems.discriminative import DiscriminativeProblem
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.numbers.text import shown

Problem = EncoderProblem | BayesProblem | DiscriminativeProblem
KINDS: dict[str, type[Problem]] = {kind.kind: kind for kind in (EncoderProblem, BayesProblem, DiscriminativeProblem)}


def read_problem(content: Mapping[str, Any]) -> Problem:
    """What `describe` wrote; ValueError, KeyError or TypeError if it is malformed."""
    kind = content["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"the kind {shown(kind)} is unknown")
    return KINDS[kind].read(content)
