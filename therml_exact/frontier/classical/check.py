"""What the checkers of the classical problems ask of every certificate, before they look at its own claims.

Errors: RefusedError for what does not hold; ValueError for fields of a problem that are not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from fractions import Fraction
from typing import Any

from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.multipliers import LARGE
from therml_exact.frontier.problems.tables import check_fields
from therml_exact.numbers.text import read_rational
from therml_exact.verification import require

BOUNDS = {"value", "lower_bound", "tol", "status"}


def check_head(
    content: Mapping[str, Any],
    fields: Set[str],
    kind: str,
    tables: tuple[str, ...],
    problem: Any,
    describe: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """The written problem of a certificate whose fields, digest, kind and status are right, about `problem`.

    fields     the certificate's fields beside "format", "problem", "status" and "sha256"
    kind       the problem's kind, in words
    tables     the fields of the written problem beside "kind"
    problem    what the certificate must be about; None: what it names
    describe   how such a problem is written
    """
    wanted = {"format", "problem", "status", "sha256", *fields}
    require(set(content) == wanted, f"the fields are not those of a certificate of {kind}")
    require(content["sha256"] == digest(dict(content)), "the digest does not match the content")
    described: dict[str, Any] = content["problem"]
    check_fields(described, tables)
    require(described["kind"] == kind, "the problem is of another kind")
    if problem is not None:
        require(describe(problem) == described, "the certificate is about another problem")
    require(content["status"] in ("certified", "open"), "the status is unknown")
    return described


def read_beta(multipliers: Mapping[str, Any]) -> Fraction:
    """The one multiplier of rate-distortion and of capacity."""
    require(set(multipliers) == {"beta"}, "the multiplier is beta")
    beta = read_rational(multipliers["beta"])
    require(0 <= beta <= LARGE, "beta is out of range")
    return beta
