"""The paper's inequalities as statements for prove: those that hold, and printed forms that do not.

Variational functionals stand with their optimal q's, where they are informations (nats):
    S = I(Θ;X^N,Y^N),   R = sum_i I(Z_i;X_i,Θ),   C = sum_i H(Y_i|Z_i),   D = sum_i H(X_i|Z_i),   V = sum_i I(Z_i;Θ|X_i)
    J = I_P - I_Q of (7), (43), (51);   other q's only add divergences (56)-(59).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from therml_exact.graph import Graph

_S = "I(Θ;X^N,Y^N)"
_R = "sum_i I(Z_i;X_i,Θ)"
_C = "sum_i H(Y_i|Z_i)"
_D = "sum_i H(X_i|Z_i)"
_V = "sum_i I(Z_i;Θ|X_i)"
_J = f"({_S} + sum_i [I(X_i;Φ) + I(Y_i;X_i,Φ) + I(Z_i;X_i,Θ) - I(X_i;Z_i) - I(Y_i;Z_i)])"
_J_BAYES = "(sum_i I(X_i;Φ) + I(Θ;X^N) - sum_i I(X_i;Θ))"
_J_DISCRIMINATIVE = f"({_S} + sum_i [I(X_i;Φ) + I(Y_i;X_i,Φ) - I(Y_i;X_i,Θ)])"
_U_S = f"sum_i H(Y_i|X_i,Θ) + {_S}"
COUPLED = Graph({"T": [], "TA": ["T"], "TB": ["T"], "X": ["T"], "ZA": ["X", "TA"], "ZB": ["X", "TB"]})
"""Two models A and B learnt from the same data T (the zeroth law)."""


@dataclass(frozen=True)
class Inequality:
    """A statement, where it lives (a world, the graph COUPLED, or free variables), and from which N on it is meant."""

    label: str
    text: str
    world: Literal["P", "bayes", "discriminative"] | None = "P"
    verdict: Literal["proved", "refuted"] = "proved"
    coupled: bool = False
    least_n: int = 1


INEQUALITIES: tuple[Inequality, ...] = (
    Inequality("8", "sum_i [I(X_i;Φ) + I(Y_i;X_i,Φ)] >= sum_i I(Y_i;X_i) + I(X^N,Y^N;Φ)"),
    Inequality("9", f"{_R} = sum_i [I(Z_i;X_i) + I(Z_i;Θ|X_i)]"),
    Inequality("14", f"{_S} + {_R} + {_C} + {_D} >= {_J} + sum_i H(X_i,Y_i|Φ)"),
    Inequality("15a", f"{_S} + {_R} + {_C} + {_D} >= sum_i H(X_i,Y_i|Φ)"),
    Inequality("15b", f"{_R} >= 0"),
    Inequality("15c", f"{_S} >= 0"),
    Inequality("15d", f"{_D} >= 0"),
    Inequality("15e", f"{_C} >= 0"),
    Inequality("16", "sum_i [I(Z_i;X_i,Θ) + H(X_i|Z_i)] >= sum_i [H(X_i) + I(Z_i;Θ|X_i)]"),
    Inequality("17", "I(Z1;Φ|X1,Y1,Θ) = 0"),
    Inequality("18a", "I(Z1;Φ) <= I(Z1;Θ,X1,Y1)"),
    Inequality("18b", "I(Z1;Θ,X1,Y1) = I(Z1;X1,Θ) + I(Z1;Y1|X1,Θ)"),
    Inequality("18c", "I(Z1;Y1|X1,Θ) = 0"),
    Inequality("18d", "sum_i I(Z_i;Φ) <= sum_i I(Z_i;X_i,Θ)"),
    Inequality("19", "I(Θ;Φ) <= I(Θ;X^N,Y^N)"),
    Inequality("20a", "I(Θ;Φ) <= I(X^N,Y^N;Φ)"),
    Inequality("20b", "I(X^N,Y^N;Φ) <= sum_i I(X_i,Y_i;Φ)"),
    Inequality("42", f"{_C} + {_S} + {_V} >= {_J} + sum_i [H(X_i,Y_i|Φ) - H(X_i)]"),
    Inequality("42, right side", f"{_J} + sum_i [H(X_i,Y_i|Φ) - H(X_i)] >= 0"),
    Inequality("46", f"sum_i H(X_i|Θ) + I(Θ;X^N) >= {_J_BAYES} + sum_i H(X_i|Φ)", "bayes"),
    Inequality("54", f"{_U_S} >= {_J_DISCRIMINATIVE} + sum_i [H(Y_i|X_i,Φ) - I(X_i;Φ)]", "discriminative"),
    Inequality("sharp floor a", f"{_R} + {_C} + {_D} >= sum_i H(X_i,Y_i)"),
    Inequality("sharp floor b", f"{_J} >= {_S} + sum_i I(X_i,Y_i;Φ)"),
    Inequality("70", "I(A;B) = H(A) - H(A|B)", None),
    Inequality("71", "I(A;B) = H(B) - H(B|A)", None),
    Inequality("72", "I(A;B) = H(A) + H(B) - H(A,B)", None),
    Inequality("73", "I(A;B) = H(A,B) - H(A|B) - H(B|A)", None),
    Inequality("74a", "I(A,B;C) = I(A;C) + I(B;C|A)", None),
    Inequality("74b", "I(A,B;C) >= 0", None),
    Inequality("75", "I(A;B) >= 0", None),
    Inequality("76", "I(A;B|C) >= 0", None),
    Inequality("77", "H(B|A) = H(A,B) - H(A)", None),
    Inequality("98, R", "I(ZA,ZB;X,TA,TB) = I(ZA;X,TA) + I(ZB;X,TB) - I(ZA;ZB)", None, coupled=True),
    Inequality("98, S", "I(TA,TB;T) = I(TA;T) + I(TB;T) - I(TA;TB)", None, coupled=True),
    Inequality(
        "6 for Q",
        "H(Φ) + H(Θ) + sum_i [H(X_i) + H(Y_i) + H(Z_i)] - H(Φ,Θ,X^N,Y^N,Z^N) = sum_i [I(X_i;Z_i) + I(Y_i;Z_i)]",
        verdict="refuted",
    ),
    Inequality("42, constant", "sum_i [H(X_i,Y_i|Φ) - H(X_i)] >= 0", verdict="refuted"),
    Inequality(
        "52 into 54",
        f"sum_i H(Y_i|X_i,Θ) + I(Θ;X^N) >= {_J_DISCRIMINATIVE} + sum_i [H(Y_i|X_i,Φ) - I(X_i;Φ)]",
        "discriminative",
        "refuted",
    ),
    Inequality(
        "54, sum over one term",
        f"{_U_S} >= {_J_DISCRIMINATIVE} + sum_i H(Y_i|X_i,Φ) - I(X_1;Φ)",
        "discriminative",
        "refuted",
        least_n=2,
    ),
    Inequality("98, R as printed", "I(ZA,ZB;X,TA,TB) = I(ZA;X,TA) + I(ZB;X,TB)", None, "refuted", coupled=True),
    Inequality("98, S as printed", "I(TA,TB;T) = I(TA;T) + I(TB;T)", None, "refuted", coupled=True),
)


def arguments(inequality: Inequality, n: int) -> dict[str, object]:
    """What prove takes besides the text."""
    if inequality.coupled:
        return {"graph": COUPLED}
    return {} if inequality.world is None else {"world": inequality.world, "n": n}
