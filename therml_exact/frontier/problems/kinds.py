"""The problems that are solved as mixtures: encoder, Bayes, discriminative, by the name of their kind.

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
    """Return the problem whose `describe` wrote the content.

    ValueError, KeyError or TypeError is raised for content that is malformed or of no known kind.

    >>> import therml_exact as tx
    >>> read_problem(tx.BayesProblem([1], [["1/2", "1/2"]], 3).describe()).n
    3
    """
    kind = content["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"the kind {shown(kind)} is unknown")
    return KINDS[kind].read(content)
