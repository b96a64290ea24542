"""From optimal q's to arbitrary ones: each functional is its optimum plus a divergence, and a divergence is >= 0.

    S = I(Theta;T) + KL(theta),   R_i = I(Z_i;X_i,Theta) + KL(z),   C_i = H(Y_i|Z_i) + KL(y|z),  ...

A functional is a linear combination of expectations <log p(A)> and <log q(table)>; so are its optimum and its
divergence. The identity is checked as one between formal sums, symbol by symbol: it holds for every p and every q,
for all N.

Lemma (Gibbs).  KL(p;q) = sum p log(p/q) >= sum over p > 0 of (p - q) >= 0,  since log t >= 1 - 1/t;  0 only if p = q.

A bound whose greater side adds functionals therefore holds for all q's once it is proved at the optimal ones, where
the prover's certificates are about informations alone. Where both sides are then one expression (no term in the
certificate), the lemma is all that the bound says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from validation.verdicts import check

Sum = dict[tuple[str, frozenset[str]], int]


def logs(**terms: int) -> Sum:
    """Coefficients of <log p(names)>, the names joined by _, and of <log q>."""
    return {(name[0], frozenset(name[2:].split("_")) - {""}): c for name, c in terms.items()}


@dataclass(frozen=True)
class Functional:
    """A functional, its optimum over q and its q's divergence, each a formal sum; the words for the latter two."""

    whole: Sum
    optimum: Sum
    divergence: Sum
    words: tuple[str, str]


FUNCTIONALS = {
    "S": Functional(logs(p_Theta_T=1, p_T=-1, q=-1), logs(p_Theta_T=1, p_Theta=-1, p_T=-1), logs(p_Theta=1, q=-1),
                    ("I(Θ;Xᴺ,Yᴺ)", "KL(p(θ);q(θ))")),
    "R": Functional(logs(p_Z_X_Theta=1, p_X_Theta=-1, q=-1), logs(p_Z_X_Theta=1, p_X_Theta=-1, p_Z=-1),
                    logs(p_Z=1, q=-1), ("I(Z;X,Θ)", "KL(p(z);q(z))")),
    "C": Functional(logs(q=-1), logs(p_Y_Z=-1, p_Z=1), logs(p_Y_Z=1, p_Z=-1, q=-1), ("H(Y|Z)", "KL(p(y|z);q(y|z))")),
    "D": Functional(logs(q=-1), logs(p_X_Z=-1, p_Z=1), logs(p_X_Z=1, p_Z=-1, q=-1), ("H(X|Z)", "KL(p(x|z);q(x|z))")),
    "V": Functional(logs(p_Z_X_Theta=1, p_X_Theta=-1, q=-1), logs(p_Z_X_Theta=1, p_X_Theta=-1, p_Z_X=-1, p_X=1),
                    logs(p_Z_X=1, p_X=-1, q=-1), ("I(Z;Θ|X)", "KL(p(z|x);q(z|x))")),
    "U": Functional(logs(q=-1), logs(p_X_Theta=-1, p_Theta=1), logs(p_X_Theta=1, p_Theta=-1, q=-1),
                    ("H(X|Θ)", "KL(p(x|θ);q(x|θ))")),
    "U, discriminative": Functional(
        logs(q=-1), logs(p_Y_X_Theta=-1, p_X_Theta=1), logs(p_Y_X_Theta=1, p_X_Theta=-1, q=-1),
        ("H(Y|X,Θ)", "KL(p(y|x,θ);q(y|x,θ))")),
}  # fmt: skip

BOUNDS: dict[int, tuple[str, ...]] = {
    10: ("S",), 11: ("R",), 12: ("C",), 13: ("D",), 14: ("S", "R", "C", "D"), 15: ("S", "R", "C", "D"), 16: ("R", "D"),
    18: ("R",), 19: ("S",), 42: ("C", "S", "V"), 44: ("S",), 45: ("U",), 46: ("U", "S"), 53: ("U, discriminative",),
    54: ("U, discriminative", "S"), 67: ("S", "R", "C", "D"), 68: ("S", "R", "C", "D"),
}  # fmt: skip
"""The functionals on the greater side of each bound, each once."""
FORMAL = {
    10: "S",
    11: "R",
    12: "C",
    13: "D",
    44: "S",
    45: "U",
    53: "U, discriminative",
    56: "S",
    57: "D",
    58: "C",
    59: "R",
}
"""What the lemma and one formal identity prove alone."""


def left_over(f: Functional) -> int:
    """How many symbols do not cancel in functional - optimum - divergence."""
    total: Counter[tuple[str, frozenset[str]]] = Counter(f.whole)
    total.subtract(f.optimum)
    total.subtract(f.divergence)
    return sum(c != 0 for c in total.values())


@check("general q's: a functional", "functional - optimum - divergence cancels, symbol by symbol", "a formal identity")
def cancels(symbols: int) -> bool:
    return symbols == 0
