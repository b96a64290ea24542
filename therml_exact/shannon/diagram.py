"""Information diagrams: the atoms of the I-measure, signed.

    mu(T) = I(T_1;...;T_k | all other variables)      for every nonempty set T of the variables, H for k = 1

H(S) is the sum of the atoms of all T that meet S, and every I(A;B|C) a sum of atoms: 2^n - 1 numbers say all that
Shannon measures can say. Those of three variables or more may be negative.
Errors: ValueError for no variable and for too many; KeyError for an unknown variable.
Source: R. Yeung, A new outlook on Shannon's information measures (1991).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from therml_exact.information import (
    Information,
    check_distribution,
    entropy_number,
    information_number,
    plain,
    zero,
)
from therml_exact.letters import Names, flatten_names
from therml_exact.results import result
from therml_exact.shannon.measures import MEASURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMES = 10


@result
@dataclass(frozen=True, eq=False, repr=False)
class InformationDiagram:
    """The atoms of the I-measure of some variables.

    names  the variables, in order
    atoms  the amount of each atom by the frozenset of its variables, in nats: what exactly these share, given all the
           others; a PrimeLog for an exact distribution, else a float; of either sign from three variables on

    `print` gives the table, `plot` the picture for two to four variables.

    >>> import therml_exact as tx
    >>> print(tx.information_diagram(tx.Joint([["1/4", "1/4"], [0, "1/2"]], ("X", "Y"))))
    information diagram of X, Y: 3 atoms
      H(X|Y)    0.477386 nats = -1/2 log 2 + 3/4 log 3
      H(Y|X)    0.346574 nats = 1/2 log 2
      I(X;Y)    0.215762 nats = 3/2 log 2 - 3/4 log 3
    """

    names: tuple[str, ...]
    atoms: Mapping[frozenset[str], Information]

    def label(self, atom: frozenset[str]) -> str:
        """An atom in words: I(X;Y|Z)."""
        inside = [name for name in self.names if name in atom]
        outside = [name for name in self.names if name not in atom]
        given = f"|{','.join(outside)}" if outside else ""
        return f"{'I' if len(inside) > 1 else 'H'}({';'.join(inside)}{given})"

    def plot(self, ax: Axes | None = None, unit: str = "nats") -> Axes:
        """Draw circles (ellipses for four variables) with the atoms in them: blue above zero, red below.

        ax: Matplotlib's axes, new ones by default. unit: "nats" or "bits". Returns the axes. Raises ValueError for one
        variable and for more than four.
        """
        from therml_exact.figures.diagram import draw_diagram
        from therml_exact.figures.style import shown_axes

        if not 2 <= len(self.names) <= 4:
            raise ValueError(f"{len(self.names)} variables; two to four can be drawn, and all are in .atoms")
        amounts = {atom: float(amount) for atom, amount in self.atoms.items()}
        return draw_diagram(self.names, amounts, unit, shown_axes() if ax is None else ax)

    def __str__(self) -> str:
        labels = {atom: self.label(atom) for atom in self.atoms}
        width = max(map(len, labels.values()))
        rows = [
            f"  {labels[atom]:<{width}}  {float(amount):10.6f} nats"
            + ("" if isinstance(amount, float) or not amount else f" = {amount}")
            for atom, amount in self.atoms.items()
        ]
        return f"information diagram of {', '.join(self.names)}: {len(rows)} atoms\n" + "\n".join(rows)


def information_diagram(p: Any, names: Names | None = None) -> InformationDiagram:
    """The signed atoms of the I-measure of some variables, in nats.

    p: a Joint or a world. names: the variables, all of p's by default; at most 10.
    Returns an InformationDiagram: `.atoms` maps the frozenset of an atom's variables to its amount, a PrimeLog for an
    exact distribution, else a float; `.plot(ax=None)` draws it for two to four variables.

    >>> import therml_exact as tx
    >>> parity = tx.Joint([[["1/4", 0], [0, "1/4"]], [[0, "1/4"], ["1/4", 0]]], ("X", "Y", "Z"))
    >>> diagram = tx.information_diagram(parity, ["X", "Y", "Z"])
    >>> print(diagram.atoms[frozenset("XYZ")], diagram.atoms[frozenset("XY")], diagram.atoms[frozenset("X")])
    -log 2 log 2 0
    """
    check_distribution(p)
    chosen: Sequence[str] = p.axes if names is None else flatten_names((names,))
    if not 1 <= len(chosen) <= MOST_NAMES:
        raise ValueError(f"names: {len(chosen)} variables have 2^{len(chosen)} - 1 atoms; name 1 to {MOST_NAMES}")
    atoms = {}
    for size in range(1, len(chosen) + 1):
        for inside in combinations(range(len(chosen)), size):
            atoms[frozenset(chosen[k] for k in inside)] = _atom(p, chosen, inside)
    return InformationDiagram(tuple(chosen), atoms)


def _atom(p: Any, names: Sequence[str], inside: Sequence[int]) -> Information:
    def members(mask: int) -> list[str]:
        return [name for k, name in enumerate(names) if mask >> k & 1]

    sets = [1 << k for k in inside]
    rest = (1 << len(names)) - 1 - sum(sets)
    total = zero(p.is_exact)
    for sign, (a, b, given) in MEASURES["H" if len(sets) == 1 else "I"][1](sets, rest):
        on = members(given)
        part = entropy_number(p, members(a), on) if b is None else information_number(p, members(a), members(b), on)
        total = total + part * sign
    return plain(total)
