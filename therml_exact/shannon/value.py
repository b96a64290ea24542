"""The value of a linear expression of entropies and informations in one distribution (nats).

    2 I(X;Y|Z) - 1/2 H(X,Y)        sum_i I(Z_i;Phi)        O(X;Y;Z|W) - log 2        grammar.py has the grammar

Each H and I is computed on its own, I as a divergence, and only then are they added: written out in joint entropies,
floats would lose near independence what the difference is about.
Errors: ValueError that shows the text with a caret below the offending character, for relations too.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from therml_exact.information import Information, check_distribution, entropy_number, information_number, plain, zero
from therml_exact.numbers.approximate import ROUND, Approximate
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.weights import Number
from therml_exact.shannon.constants import amount
from therml_exact.shannon.grammar import Form, parse_expression
from therml_exact.shannon.setting import Setting


def evaluate(expression: str, p: Any) -> Information:
    """The value of a linear expression of entropies and informations in a distribution, in nats.

    expression: a text such as "I(X;Y|Z) - I(X;Y)", in the grammar of `prove`, without a relation. p: a Joint or a
    world; a world's variables are X1, Y1, ..., and `sum_i` is the sum over its samples.
    Returns a PrimeLog for an exact distribution, else a float. Raises ValueError for a text that is no such expression,
    showing where, and TypeError for what is no distribution.

    >>> import therml_exact as tx
    >>> parity = tx.Joint([[["1/4", 0], [0, "1/4"]], [[0, "1/4"], ["1/4", 0]]], ("X", "Y", "Z"))
    >>> print(tx.evaluate("I(X;Y|Z) - I(X;Y)", parity))
    log 2
    """
    check_distribution(p)
    setting = Setting(p.axes, p.graph, p.kind, p.n) if hasattr(p, "kind") else Setting(p.axes, None)
    total = zero(p.is_exact)
    leaves, constants = parse_expression(expression, setting)
    for (a, b, given), coefficient in leaves.items():
        names, on = setting.members(a), setting.members(given)
        value = entropy_number(p, names, on) if b is None else information_number(p, names, setting.members(b), on)
        total = total + value * coefficient
    return plain(_plus(total, constants, expression))


def _plus(number: Number, constants: Form, expression: str) -> Number:
    """The number and the constants of the expression; a number of nats is no PrimeLog."""
    shift = constants.get(-1, Fraction(0))
    if shift and isinstance(number, PrimeLog):
        raise ValueError(f"expression {expression!r} adds {shift} nats to exact logarithms; write log 2 for one bit")
    logarithms = amount({key: c for key, c in constants.items() if key < -1})
    assert isinstance(logarithms, PrimeLog)
    if isinstance(number, PrimeLog):
        exact: PrimeLog = number + logarithms
        return exact
    value, size = float(logarithms) + float(shift), abs(float(logarithms)) + abs(float(shift))
    return number + Approximate(value, 4 * ROUND * size)
