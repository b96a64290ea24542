"""The eight potentials of R(D, C, S) and their 24 Maxwell relations, derived by computer algebra.

On a smooth frontier (29), dR = -delta dD - gamma dC - sigma dS. Adding any of the products delta D, gamma C, sigma S
trades a functional for its multiplier as the variable to hold (a Legendre transform), which gives 2^3 potentials:

    R(D,C,S)   F(D,C,sigma)   H(D,gamma,S)   G(D,gamma,sigma)   A(delta,C,S)   B(delta,C,sigma)   (27), (78)-(94)
    E(delta,gamma,S) = R + delta D + gamma C, the exponent of (24);   J(delta,gamma,sigma), the objective (32)

and each has three pairs of equal mixed second derivatives. The paper prints 12 relations, 11 different texts; two are
misprints (85), (93), and none names the third variable held, without which (84) and (95) read alike and differ.
Everything is in nats. Source: the paper, section 4 and Appendix F.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

PAIRS = {"D": "delta", "C": "gamma", "S": "sigma"}  # functional and multiplier
MULTIPLIERS = {multiplier: functional for functional, multiplier in PAIRS.items()}
VARIABLES = (*PAIRS, *MULTIPLIERS)

_SYMBOL = {"delta": "δ", "gamma": "γ", "sigma": "σ"}
_TEX = {"delta": r"\delta", "gamma": r"\gamma", "sigma": r"\sigma"}
_NAMES = {"": "R", "S": "F", "C": "H", "CS": "G", "D": "A", "DS": "B", "DC": "E", "DCS": "J"}
_PAPER = {
    ("R", "D", "C"): (81,),
    ("R", "D", "S"): (82,),
    ("R", "C", "S"): (83,),
    ("F", "C", "S"): (80, 84),
    ("F", "D", "S"): (85,),
    ("H", "D", "C"): (87,),
    ("H", "C", "S"): (88,),
    ("G", "C", "S"): (90,),
    ("A", "D", "C"): (92,),
    ("A", "D", "S"): (93,),
    ("B", "C", "S"): (95,),
    ("B", "D", "S"): (96,),
}


@dataclass(frozen=True)
class Derivative:
    """An experiment: change one variable, keep two others, and see how a third responds.

    of    the variable that responds: R, D, C, S, delta, gamma or sigma
    wrt   the variable that is changed
    held  the two variables that are kept
    """

    of: str
    wrt: str
    held: tuple[str, str]

    def __str__(self) -> str:
        held = ",".join(_SYMBOL.get(name, name) for name in self.held)
        return f"(∂{_SYMBOL.get(self.of, self.of)}/∂{_SYMBOL.get(self.wrt, self.wrt)})_{{{held}}}"

    @property
    def latex(self) -> str:
        """The derivative in LaTeX."""
        of, wrt, *held = (_TEX.get(name, name) for name in (self.of, self.wrt, *self.held))
        return rf"\left(\frac{{\partial {of}}}{{\partial {wrt}}}\right)_{{{', '.join(held)}}}"


# The left sides that (85) and (93) print, with the third variable that would suit the right side.
MISPRINTS = {85: Derivative("delta", "S", ("D", "C")), 93: Derivative("D", "sigma", ("delta", "C"))}


@dataclass(frozen=True)
class Potential:
    """R plus the products that trade functionals for multipliers as variables (27), in nats.

    name          the letter of the potential: R, F, H, G, A, B, E or J
    variables     its three natural variables, one of each of (D, delta), (C, gamma), (S, sigma)
    definition    the sum that defines it, as text
    differential  the sign and the conjugate variable of each of its variables
    """

    name: str
    variables: tuple[str, str, str]
    definition: str
    differential: Mapping[str, tuple[int, str]]

    def __str__(self) -> str:
        terms = [
            f"{'+' if sign > 0 else '-'} {_SYMBOL.get(conjugate, conjugate)} d{_SYMBOL.get(variable, variable)}"
            for variable, (sign, conjugate) in self.differential.items()
        ]
        arguments = ",".join(_SYMBOL.get(name, name) for name in self.variables)
        return f"{self.name}({arguments}) = {self.definition},  d{self.name} = {' '.join(terms).removeprefix('+ ')}"


@dataclass(frozen=True)
class MaxwellRelation:
    """left = sign * right: two experiments with the same third variable held.

    potential  the letter of the potential whose mixed second derivatives these are
    left       the experiment on the left side
    sign       1 or -1
    right      the experiment on the right side
    third      the name of the variable that both hold besides
    printed    the numbers of the paper's equations that print it; empty where none does
    """

    potential: str
    left: Derivative
    sign: int
    right: Derivative
    third: str
    printed: tuple[int, ...]

    @property
    def statement(self) -> str:
        """The relation as text."""
        return f"{self.left} = {'-' if self.sign < 0 else ''}{self.right}"

    @property
    def latex(self) -> str:
        """The relation in LaTeX."""
        return f"{self.left.latex} = {'-' if self.sign < 0 else ''}{self.right.latex}"

    @property
    def note(self) -> str:
        """What the paper prints in its place, where that is false; else empty."""
        return "".join(f"({k}) prints {MISPRINTS[k]} on the left: false" for k in self.printed if k in MISPRINTS)

    def __str__(self) -> str:
        where = ", ".join(f"({number})" for number in self.printed) or "not printed"
        return f"{self.potential}: {self.statement}, {where}" + (f"; {self.note}" if self.note else "")


def potentials() -> tuple[Potential, ...]:
    """The eight potentials of R(D, C, S) with their differentials, derived from dR (29) by sympy (27), (78)-(94).

    Returns a tuple of Potential, in nats, in the order in which the paper goes through them.

    >>> import therml_exact as tx
    >>> for potential in tx.potentials()[:2]:
    ...     print(potential)
    R(D,C,S) = R,  dR = - δ dD - γ dC - σ dS
    F(D,C,σ) = R + σS,  dF = - δ dD - γ dC + S dσ
    """
    import sympy

    functionals = {name: sympy.Symbol(name) for name in PAIRS}
    multipliers = {name: sympy.Symbol(PAIRS[name]) for name in PAIRS}
    d = {symbol: sympy.Symbol(f"d{symbol}") for symbol in (*functionals.values(), *multipliers.values())}
    rate = sympy.Function("R")(*functionals.values())
    # (28): each multiplier is minus the rate's slope.
    slopes = {sympy.diff(rate, functionals[name]): -multipliers[name] for name in PAIRS}

    def differential(expression: Any) -> Any:
        return sum(sympy.diff(expression, symbol) * d[symbol] for symbol in d).subs(slopes)

    found = []
    for traded in _subsets():
        expression = rate + sum(multipliers[name] * functionals[name] for name in traded)
        total = sympy.expand(differential(expression))
        variables = tuple(PAIRS[name] if name in traded else name for name in PAIRS)
        terms = {name: total.coeff(sympy.Symbol(f"d{name}")) for name in variables}
        if sympy.expand(total - sum(terms[name] * sympy.Symbol(f"d{name}") for name in variables)) != 0:
            raise ArithmeticError("the differential of the potential is not that of its terms")
        signed = {
            name: (-1, str(-term)) if term.could_extract_minus_sign() else (1, str(term))
            for name, term in terms.items()
        }
        definition = " + ".join(["R", *(f"{_SYMBOL[PAIRS[name]]}{name}" for name in traded)])
        found.append(Potential(_NAMES["".join(traded)], variables, definition, signed))  # type: ignore[arg-type]
    return tuple(found)


def _subsets() -> list[tuple[str, ...]]:
    order = ["", "S", "C", "CS", "D", "DS", "DC", "DCS"]  # as the paper goes through them
    return [tuple(names) for names in order]


def maxwell_relations() -> tuple[MaxwellRelation, ...]:
    """All 24 Maxwell relations: for each potential, its three equal mixed second derivatives (80)-(96).

    Returns a tuple of MaxwellRelation; each names the third variable held and the equations of the paper that print it.

    >>> import therml_exact as tx
    >>> len(tx.maxwell_relations())
    24
    >>> print(tx.maxwell_relations()[3])
    F: (∂γ/∂D)_{C,σ} = (∂δ/∂C)_{D,σ}, not printed
    """
    found = []
    for potential in potentials():
        slot = dict(zip(PAIRS, potential.variables, strict=True))
        for a, b in combinations(PAIRS, 2):
            (third,) = (slot[name] for name in PAIRS if name not in (a, b))
            printed = _PAPER.get((potential.name, a, b), ())
            # The paper differentiates C's conjugate in D and S, and D's in S; only (96) the other way.
            j, k = (b, a) if (a, b) == ("D", "C") or printed == (96,) else (a, b)
            sign_j, conjugate_j = potential.differential[slot[j]]
            sign_k, conjugate_k = potential.differential[slot[k]]
            left = Derivative(conjugate_j, slot[k], (slot[j], third))
            right = Derivative(conjugate_k, slot[j], (slot[k], third))
            found.append(MaxwellRelation(potential.name, left, sign_j * sign_k, right, third, printed))
    return tuple(found)
