"""Appendix E: the identities that everything rests on (nats). Equations (70)-(77), on variables of each world.

(A, B, C) is (X_1, Z_1, Y_1) in world P, (X_1, Theta, Phi) in BayesWorld and (X_1, Y_1, Theta) in DiscriminativeWorld.
I(A;B) is summed from its definition, p log p(a,b)/p(a)p(b), entropies from theirs, and H(B|A) of (77) as the mean of
the slices' entropies, so that each identity compares two computations.
"""

from __future__ import annotations

from therml_exact.bounds.quantities import Quantities
from therml_exact.bounds.relation import Relation
from therml_exact.numbers.weights import Number

_ALL = ("P", "bayes", "discriminative")
_ABC = {"P": ("X1", "Z1", "Y1"), "bayes": ("X1", "Theta", "Phi"), "discriminative": ("X1", "Y1", "Theta")}


def _abc(t: Quantities) -> tuple[str, str, str]:
    return _ABC[t.world.kind]


def _direct(t: Quantities) -> Number:
    a, b, _ = _abc(t)
    return t.I(a, b)


def _h(t: Quantities, what: str, given: str = "") -> Number:
    names = dict(zip("ABC", _abc(t), strict=True))
    return t.H([names[v] for v in what], [names[v] for v in given])


def _i(t: Quantities, a: str, b: str, given: str = "") -> Number:
    names = dict(zip("ABC", _abc(t), strict=True))
    return t.I([names[v] for v in a], [names[v] for v in b], [names[v] for v in given])


def _by_entropies(t: Quantities, a: str, b: str, given: str = "") -> Number:
    names = dict(zip("ABC", _abc(t), strict=True))
    return t.by_entropies([names[v] for v in a], [names[v] for v in b], [names[v] for v in given])


RELATIONS: tuple[Relation, ...] = tuple(
    Relation(number, statement, latex, sense, left, right, worlds=_ALL, part=part)  # type: ignore[arg-type]
    for number, part, statement, latex, sense, left, right in (
        (
            70,
            "",
            "I(A;B) = H(A) - H(A|B)",
            r"I(A;B) = H(A) - H(A|B)",
            "=",
            _direct,
            lambda t: _h(t, "A") - _h(t, "A", "B"),
        ),
        (
            71,
            "",
            "I(A;B) = H(B) - H(B|A)",
            r"I(A;B) = H(B) - H(B|A)",
            "=",
            _direct,
            lambda t: _h(t, "B") - _h(t, "B", "A"),
        ),
        (
            72,
            "",
            "I(A;B) = H(A) + H(B) - H(A,B)",
            r"I(A;B) = H(A) + H(B) - H(A,B)",
            "=",
            _direct,
            lambda t: _h(t, "A") + _h(t, "B") - _h(t, "AB"),
        ),
        (
            73,
            "",
            "I(A;B) = H(A,B) - H(A|B) - H(B|A)",
            r"I(A;B) = H(A,B) - H(A|B) - H(B|A)",
            "=",
            _direct,
            lambda t: _h(t, "AB") - _h(t, "A", "B") - _h(t, "B", "A"),
        ),
        (
            74,
            "a",
            "I(A,B;C) = I(A;C) + I(B;C|A)",
            r"I(A,B;C) = I(A;C) + I(B;C|A)",
            "=",
            lambda t: _by_entropies(t, "AB", "C"),
            lambda t: _i(t, "A", "C") + _i(t, "B", "C", "A"),
        ),
        (74, "b", "I(A,B;C) >= 0", r"I(A,B;C) \geq 0", ">=", lambda t: _i(t, "AB", "C"), lambda t: t.zero),
        (75, "", "I(A;B) >= 0", r"I(A;B) \geq 0", ">=", lambda t: _i(t, "A", "B"), lambda t: t.zero),
        (76, "", "I(A;B|C) >= 0", r"I(A;B|C) \geq 0", ">=", lambda t: _i(t, "A", "B", "C"), lambda t: t.zero),
        (
            77,
            "",
            "H(B|A) = H(A,B) - H(A)",
            r"H(B|A) = H(A,B) - H(A)",
            "=",
            lambda t: t.mean_entropy(*reversed(_abc(t)[:2])),
            lambda t: _h(t, "AB") - _h(t, "A"),
        ),
    )
)
