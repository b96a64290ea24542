"""verify: is a certificate true? One door for all kinds; none of the verifiers imports a solver, or numba.

    format                      what is claimed                                   checked by
    therml-frontier-2           value >= min >= lower bound of a mixture problem  frontier/verify.py
    therml-exact/frontier       all points of a saved frontier                    frontier/verify.py
    therml-exact/audit          the impossibility of a claimed point              frontier/verify.py
    therml-rule-1               the same for learning rules, caps, excesses       frontier/rule_verify.py
    therml-exact/rule-frontier  all rows of a saved frontier of learning rules    frontier/rule_verify.py
    therml-exact/joint-bound    the same where rule and encoder are free          frontier/joint_verify.py
    therml-joint-2              the same by cells of p(z,y) and p(z,x)            frontier/joint/check.py
    therml-exact/proof          an inequality of entropies: proved, refuted       shannon/verify.py

A Verification never raises: whatever is malformed or false is not valid, with the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 100_000_000  # bytes of a file
BITS = 128  # of the balls in which claims are judged
KINDS = (
    "therml-frontier-2",
    "therml-rule-1",
    "therml-exact/frontier",
    "therml-exact/rule-frontier",
    "therml-exact/audit",
    "therml-exact/joint-bound",
    "therml-joint-2",
    "therml-exact/proof",
)


@dataclass(frozen=True)
class Verification:
    """Whether all claims hold; value and lower_bound are what was proven, in nats (None where none is claimed)."""

    valid: bool
    value: float | None
    lower_bound: float | None
    reason: str

    def __bool__(self) -> bool:
        return self.valid


def verify(certificate: Any, problem: Any = None) -> Verification:
    """Check a certificate (a mapping, or the path of a JSON file), and that it is about `problem` if one is given."""
    try:
        content = read(certificate)
        kind = content.get("format")
    except RecursionError:
        return Verification(False, None, None, "malformed: nested too deeply")
    except Exception as error:  # whatever is malformed is no proof
        return Verification(False, None, None, f"not readable as a certificate: {error}")
    if kind == "therml-exact/proof":
        from therml_exact.shannon.verify import verify_proof

        if problem is not None:
            return Verification(False, None, None, "a proof is about a statement, not about a problem")
        return verify_proof(content)
    if kind == "therml-exact/joint-bound":
        from therml_exact.frontier.joint_verify import verify_joint

        return verify_joint(content, problem)
    if kind == "therml-joint-2":
        from therml_exact.frontier.joint.check import verify_free

        return verify_free(content, problem)
    if kind == "therml-rule-1":
        from therml_exact.frontier.rule_verify import verify_rule

        return verify_rule(content, problem)
    if kind == "therml-exact/rule-frontier":
        from therml_exact.frontier.rule_verify import verify_rule_frontier

        return verify_rule_frontier(content, problem)
    from therml_exact.frontier.verify import verify as verify_optimum

    if kind == "therml-exact/audit":
        if content.get("certificate") is None:
            return Verification(False, None, None, "the audit holds no certificate: only an impossible point has one")
        return verify_optimum(content["certificate"], problem)
    if kind not in KINDS:
        return Verification(False, None, None, f"the format is {kind!r:.60}; a certificate's is {', '.join(KINDS)}")
    return verify_optimum(content, problem)


def read(certificate: Any) -> Mapping[str, Any]:
    """The content of a certificate; ValueError if it is none."""
    if isinstance(certificate, Mapping):
        return certificate
    if not isinstance(certificate, (str, os.PathLike)):
        raise ValueError(f"a certificate is a mapping, or the path of a JSON file, not a {type(certificate).__name__}")
    if not os.path.isfile(certificate):
        raise ValueError(f"{os.fspath(certificate)!r} is no regular file")
    size = os.path.getsize(certificate)
    if size > MOST:
        raise ValueError(f"the file has {size:,} bytes; certificates have up to {MOST:,}")
    with open(certificate, encoding="utf-8") as file:
        content = json.load(file)
    if not isinstance(content, dict):
        raise ValueError(f"the file holds a {type(content).__name__}; a certificate is an object")
    return content


class RefusedError(Exception):
    """A claim does not hold."""


def require(holds: bool, reason: str) -> None:
    """Refuse the certificate for a reason."""
    if not holds:
        raise RefusedError(reason)


def finite(text: Any) -> float:
    """A float in hexadecimal."""
    value = float.fromhex(text)
    require(value - value == 0, "a number is not finite")
    return value


def judge(check: Callable[[], tuple[float | None, float | None, str]]) -> Verification:
    """What `check` proves, (value, lower bound, reason), in balls of BITS; whatever it raises is a refusal."""
    from flint import ctx

    before, ctx.prec = ctx.prec, BITS
    try:
        return Verification(True, *check())
    except RefusedError as reason:
        return Verification(False, None, None, str(reason))
    except RecursionError:
        return Verification(False, None, None, "malformed: nested too deeply")
    except Exception as error:  # whatever is malformed is no proof
        return Verification(False, None, None, f"malformed: {type(error).__name__}: {error}")
    finally:
        ctx.prec = before
