"""The information measures of a distribution over named variables (nats).

    H(A|C)   = H(A,C) - H(C),                       H = -sum p log p
    I(A;B|C) = H(A,C) + H(B,C) - H(A,B,C) - H(C)    (equations 70-77)
    multi-information (total correlation)  I(X_1;...;X_n) = sum_i H(X_i) - H(X_1,...,X_n)    (equation 6)
    D(p||q)  = sum p log p/q, +inf where q = 0 < p

Each takes a `Joint`, or a world (whose dense joint is then not built). Exact distributions give a PrimeLog, float ones
a float (Nats); both answer to `.nats` and `.bits`. Informations of floats are summed as divergences, so they are >= 0
and lose nothing near independence.
The last 53 bits: |error| <= 4 (e + (40 + log2 n) 2^-53)(|value| + 1), e the relative error of a cell, n the cells.
Errors: KeyError for an unknown variable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from therml_exact import containers
from therml_exact.doors import DISTRIBUTION, wrong_type
from therml_exact.joint import Joint
from therml_exact.letters import Given, Letter, Names, flatten_names, positions, read_given, restricted
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.nats import Nats
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, check_rows, read_table, unify
from therml_exact.numbers.weights import Number, Weights


class Distribution(Protocol):
    """What the measures need: named variables and the weights of any marginal."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The variables' names."""

    @property
    def is_exact(self) -> bool:
        """Rationals, not floats."""

    @property
    def labels(self) -> Mapping[str, tuple[Letter, ...]]:
        """The letters of the variables that have names for them."""

    def weights(self, names: Sequence[str]) -> Weights:
        """Weights of the marginal on the names, in their order."""


Information = PrimeLog | Nats
"""An information as users see it: both kinds answer to `.nats` and `.bits`."""


def check_distribution(p: Any) -> None:
    """Refuse what is no distribution; isinstance of a protocol would cost as much as a small entropy."""
    if not (hasattr(p, "axes") and hasattr(p, "weights") and hasattr(p, "labels")):
        raise wrong_type(p, "p", DISTRIBUTION)


def plain(number: Number) -> Information:
    """A number as users see it: a PrimeLog, or a float without its error bound."""
    if isinstance(number, PrimeLog):
        return number
    return Nats(number.value if isinstance(number, Approximate) else number)


def zero(exact: bool) -> Number:
    """No information, in the distribution's kind of number."""
    return PrimeLog() if exact else Approximate(0.0, 0.0)


def entropy_number(p: Distribution, names: Sequence[str], given: Sequence[str] = ()) -> Number:
    """H(names|given) with its error bound."""
    check_distribution(p)
    rest = [name for name in names if name not in given]
    if not rest or not given:
        total = p.weights(tuple(dict.fromkeys(names))).entropy() if rest else zero(p.is_exact)
        if not rest and (names or given):
            p.weights((*given,))  # unknown names are refused all the same
        return total
    if p.is_exact:
        return p.weights((*given, *rest)).entropy() - p.weights(tuple(given)).entropy()
    both = p.weights((*given, *rest))
    lead = len(tuple(dict.fromkeys(given)))
    return both.conditional_entropy(both.array.sum(axis=tuple(range(lead, both.array.ndim)), keepdims=True))


def information_number(p: Distribution, a: Sequence[str], b: Sequence[str], given: Sequence[str] = ()) -> Number:
    """I(a;b|given) with its error bound."""
    check_distribution(p)
    a = [name for name in a if name not in given]
    b = [name for name in b if name not in given]
    shared = [name for name in a if name in b]
    if not a or not b:
        p.weights((*a, *b, *given)) if (a or b or given) else None  # unknown names are refused all the same
        return zero(p.is_exact)
    if shared:
        # I(A;B|C) = H(S|C) + I(A-S;B-S|C,S) for the shared variables S
        rest = information_number(
            p, [n for n in a if n not in shared], [n for n in b if n not in shared], (*given, *shared)
        )
        return entropy_number(p, shared, given) + rest
    if p.is_exact:
        h = entropy_number
        return h(p, [*a, *given]) + h(p, [*b, *given]) - h(p, [*a, *b, *given]) - h(p, given)
    w = p.weights((*a, *b, *given))
    sizes = w.array.shape
    shape = [math.prod(sizes[lo:hi]) for lo, hi in _spans(len(a), len(b), len(given))]
    return Weights(w.array.reshape(shape), w.total, w.rounding).information()


def _spans(a: int, b: int, c: int) -> tuple[tuple[int, int], ...]:
    return (0, a), (a, a + b), (a + b, a + b + c)


def entropy(p: Distribution, names: Names, given: Given | None = None) -> Information:
    """The entropy H(names|given) in nats.

    p: a Joint or a world. names: the name of a variable, or a sequence of names. given: likewise; a dict in it is an
    event: given={"X": 0} asks for H(names|X = 0), the entropy in p(.|X = 0), and given=["W", {"X": 0}] for
    H(names|W, X = 0).
    Returns a PrimeLog for an exact distribution, else a float. Raises KeyError for an unknown variable or letter, and
    ValueError for an event of probability 0.

    >>> print(entropy(Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y")), "Y", given="X"))
    1/2 log 2
    >>> print(entropy(Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y")), "Y", given={"X": 1}))
    log 2
    """
    what = flatten_names((names,))
    on, event = read_given(given)
    return plain(entropy_number(_on_event(p, (*what, *on), event), what, on))


def mutual_information(p: Distribution, a: Names, b: Names, given: Given | None = None) -> Information:
    """The mutual information I(a;b|given) in nats (equations 70-76).

    p: a Joint or a world. a, b: the name of a variable, or a sequence of names; they may share variables. given:
    likewise; a dict in it is an event, such as {"Sex": "Female"}.
    Returns a PrimeLog for an exact distribution, else a float >= 0. Raises KeyError for an unknown variable or letter,
    and ValueError for an event of probability 0.

    >>> import therml_exact as tx
    >>> print(tx.mutual_information(tx.Joint([["1/2", 0], [0, "1/2"]], ("X", "Y")), "X", "Y"))
    log 2
    >>> round(float(tx.mutual_information(tx.examples.hair_eye(), "Hair", "Eye", given="Sex")), 4)
    0.1323
    """
    left, right = flatten_names((a,)), flatten_names((b,))
    on, event = read_given(given)
    return plain(information_number(_on_event(p, (*left, *right, *on), event), left, right, on))


def multi_information(p: Distribution, axes: Names | None = None) -> Information:
    """The multi-information (total correlation) sum_i H(X_i) - H(X_1, ..., X_n) in nats (equation 6).

    p: a Joint or a world. axes: the names of the variables that count, all by default.
    Returns a PrimeLog for an exact distribution, else a float >= 0. Raises KeyError for an unknown variable.

    >>> import therml_exact as tx
    >>> parity = tx.Joint([[["1/4", 0], [0, "1/4"]], [[0, "1/4"], ["1/4", 0]]], ("X", "Y", "Z"))
    >>> print(tx.multi_information(parity), tx.multi_information(parity, ["X", "Y"]))
    log 2 0
    """
    check_distribution(p)
    names = p.axes if axes is None else flatten_names((axes,))
    return plain(p.weights(names).multi_information()) if names else plain(zero(p.is_exact))


def entropy_vector(p: Distribution) -> Array:
    """The joint entropies of all 2^n subsets of n variables, in nats.

    p: a Joint or a world with at most 24 variables.
    Returns an array [2^n] indexed by bit mask: bit k stands for axis k, and entry 0 is 0. Exact distributions give an
    object array of PrimeLogs. Each marginal is summed out of one that is a single axis larger, so that the work is the
    sum of the marginals' sizes, prod(1 + k_i). Raises ValueError for more than 24 variables.

    >>> import therml_exact as tx
    >>> vector = tx.entropy_vector(tx.Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y")))
    >>> [str(h) for h in vector]
    ['0', 'log 2', '2 log 2 - 3/4 log 3', '3/2 log 2']
    """
    check_distribution(p)
    n = len(p.axes)
    if n > 24:
        raise ValueError(f"entropy_vector: {n} variables have 2^{n} subsets; take a marginal of at most 24")
    return p.weights(p.axes).entropy_vector()


def kl_divergence(p: Any, q: Any) -> Information:
    """The relative entropy D(p||q) = sum p log(p/q) in nats; math.inf where q = 0 < p.

    p, q: two joints over the same variables, or two tables of one shape whose entries sum to 1. Joints with labels, and
    tables that have letters (Series and DataFrames of pandas, DataArrays, dicts), are matched by letter; one that q
    lacks has probability 0 there.
    Returns a PrimeLog for exact tables, else a float. Raises ValueError for one joint and one table, for different
    variables or shapes, for letters on one side only, and where one is exact and the other holds floats.

    >>> print(kl_divergence(["1/2", "1/2"], ["1/4", "3/4"]))
    log 2 - 1/2 log 3
    >>> print(kl_divergence({"a": "1/2", "b": "1/2"}, {"b": "3/4", "a": "1/4"}))
    log 2 - 1/2 log 3
    """
    if isinstance(p, Joint) and isinstance(q, Joint):
        try:
            left, right = p.aligned(q)
        except ValueError as error:
            raise ValueError(f"kl_divergence: {error}") from None
        return plain(left.divergence(np.asarray(left.total), right.array, right.total))
    if isinstance(p, Joint) or isinstance(q, Joint):
        raise ValueError("kl_divergence: give two joints or two tables, not one of each")
    held = [containers.contents(p, "p"), containers.contents(q, "q")]
    if any(one is not None and one.is_labelled for one in held):
        return kl_divergence(*(_joint(table, one) for table, one in zip((p, q), held, strict=True)))
    tables = unify({"p": read_table(p, "p"), "q": read_table(q, "q")})
    for name, table in tables.items():
        check_rows(table, name, table.ndim, "divide by their sum")
    if tables["p"].shape != tables["q"].shape:
        raise ValueError(
            f"kl_divergence: p has shape {tables['p'].shape} and q {tables['q'].shape}; give the same shape"
        )
    left, right = (Joint(t.reshape(-1), ("X",)).weights(("X",)) for t in (tables["p"], tables["q"]))
    return plain(left.divergence(np.asarray(left.total), right.array, right.total))


def _joint(table: Any, held: containers.Contents | None) -> Joint:
    """A table with letters as a joint; its axes are named by their order where they have no names."""
    if held is None:
        return Joint(table, [f"axis {k}" for k in range(np.ndim(table))])
    return Joint(table, held.axes(None) or [name or f"axis {k}" for k, name in enumerate(held.names)])


def _on_event(p: Distribution, names: Sequence[str], event: Mapping[str, Any]) -> Distribution:
    """The distribution of the names given the event: p itself where there is none."""
    check_distribution(p)
    if not event:
        return p
    kept = tuple(dict.fromkeys((*names, *event)))
    weights = p.weights(kept)
    allowed = positions(event, dict(zip(kept, weights.array.shape, strict=True)), p.labels)
    return Joint.from_weights(
        restricted(weights, {kept.index(name): letters for name, letters in allowed.items()}, event), kept
    )
