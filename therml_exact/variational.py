"""Variational: the q's that a modeller chooses, and the ones that are optimal for a world.

    q(theta) [theta],  q(z) [z],  q(x|z) [z, x],  q(y|z) [z, y],
    q(z|x) [x, z]  (Appendix A),  q(x|theta) [theta, x]  (Appendix B),  q(y|x,theta) [x, theta, y]  (Appendix C)

Shared over the samples, or with one extra leading axis of length N: one for each sample. The optimal q is the moment
projection: each conditional is that of world P (of the mixture over samples, if shared); where the conditioning
letter has probability 0 any row is optimal, and the uniform one is given. No units.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field, fields
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import numpy as np

from therml_exact import show
from therml_exact.containers import unlabelled
from therml_exact.doors import WORLD, check_type
from therml_exact.files import save_result
from therml_exact.numbers.tables import (
    NORMALIZE,
    Array,
    all_integers,
    check_rows,
    freeze,
    normalized,
    read_table,
    unify,
)
from therml_exact.numbers.weights import Weights

_NDIM = {"theta": 1, "z": 1, "x_given_z": 2, "y_given_z": 2, "z_given_x": 2, "x_given_theta": 2, "y_given_x_theta": 3}


@runtime_checkable
class Sampled(Protocol):
    """What the best q's need of a world: N samples, the q's that make sense, and the weights of any marginal."""

    @property
    def families(self) -> tuple[str, ...]:
        """The variational tables that make sense here."""

    @property
    def projection(self) -> tuple[str, ...]:
        """Those of world Q, whose optimum gives J."""

    @property
    def n(self) -> int:
        """The number N of samples."""

    @property
    def samples(self) -> range:
        """1, ..., N."""

    @property
    def is_exact(self) -> bool:
        """Rationals, not floats."""

    def weights(self, names: Sequence[str]) -> Weights:
        """Weights of the marginal on the names, in their order."""


@dataclass(frozen=True, eq=False)
class Variational:
    """The variational distributions q that a modeller chooses; those left None are not used.

    Every table but theta may have one more leading axis of length N, with an entry for each sample; without it the
    samples share the table. All are without unit, and their rows sum to 1.

    theta            q(theta) as [theta]
    z                q(z) as [z]
    x_given_z        q(x|z) as [z, x]
    y_given_z        q(y|z) as [z, y]
    z_given_x        q(z|x) as [x, z] (Appendix A)
    x_given_theta    q(x|theta) as [theta, x] (Appendix B)
    y_given_x_theta  q(y|x,theta) as [x, theta, y] (Appendix C)
    normalize        whether to divide each row by its sum, such as rows of single precision, or of counts
    deviations       how far the rows of each table of floats are from summing to 1, at most
    whole            whether all entries are integers, which join either kind of number

    Raises ValueError for a table of a wrong number of axes, or with a row that does not sum to 1.

    >>> v = Variational(theta=[1], z=["1/2", "1/2"])
    >>> v.is_exact, v.per_sample("z"), v.y_given_z is None
    (True, False, True)
    """

    theta: Any = None
    z: Any = None
    x_given_z: Any = None
    y_given_z: Any = None
    z_given_x: Any = None
    x_given_theta: Any = None
    y_given_x_theta: Any = None
    _: KW_ONLY
    normalize: InitVar[bool] = False

    deviations: dict[str, float] = field(init=False)
    whole: bool = field(init=False)  # all entries are integers, which join either kind of number

    def __post_init__(self, normalize: bool) -> None:
        tables = {}
        for name, value in self.given().items():
            tables[name] = read_table(unlabelled(value, name), name)
            shapes = (_NDIM[name],) if name == "theta" else (_NDIM[name], _NDIM[name] + 1)
            if tables[name].ndim not in shapes:
                raise ValueError(
                    f"{name} has {tables[name].ndim} axes; it has {_NDIM[name]}"
                    + ("" if name == "theta" else ", or one more leading axis with an entry for each sample")
                )
        if normalize:
            tables = {name: normalized(table, name, 1) for name, table in tables.items()}
        # How far float rows are from summing to 1, at most: it counts towards the error of what is computed with them.
        object.__setattr__(
            self, "deviations", {name: check_rows(table, name, remedy=NORMALIZE) for name, table in tables.items()}
        )
        object.__setattr__(self, "whole", all(all_integers(table) for table in tables.values()))
        for name, table in unify(tables).items():
            object.__setattr__(self, name, freeze(table))

    def given(self) -> dict[str, Any]:
        """The tables that are given, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init and getattr(self, f.name) is not None}

    @property
    def is_exact(self) -> bool:
        """Rationals, not floats."""
        return all(table.dtype == object for table in self.given().values())

    def per_sample(self, name: str) -> bool:
        """Whether a table has the leading axis over samples."""
        return bool(getattr(self, name).ndim > _NDIM[name])

    def table(self, name: str, sample: int) -> Array | None:
        """The table that serves a sample (1, ..., N); None where none is given."""
        table = getattr(self, name)
        return None if table is None else table[sample - 1] if self.per_sample(name) else table

    def to_float(self) -> Variational:
        """The same tables in float64."""
        return Variational(**{name: table.astype(np.float64) for name, table in self.given().items()})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tables as JSON; `tx.load` reads them."""
        save_result("variational", self.given(), path)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.given(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Variational):
            return NotImplemented
        mine, theirs = self.given(), other.given()
        return mine.keys() == theirs.keys() and all(
            table.dtype == theirs[name].dtype and np.array_equal(table, theirs[name]) for name, table in mine.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def summary(self) -> str:
        """One line: the tables' shapes, the kind of numbers."""
        shapes = ", ".join(f"{name}: {'x'.join(map(str, table.shape))}" for name, table in self.given().items())
        return f"Variational tables {shapes or 'none'}; {'exact' if self.is_exact else 'float64'}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis and IPython would list the fields of a dataclass

    def __repr__(self) -> str:
        """Python that makes the tables again; large ones are shown by their shapes, in angle brackets."""
        if sum(table.size for table in self.given().values()) > show.MOST_CELLS:
            return f"<{self.summary()}>"
        return show.call("Variational", (f"{name}={show.source(table)}" for name, table in self.given().items()))


def _again(tables: dict[str, Any]) -> Variational:
    return Variational(**tables)


def optimal_variational(world: Sampled, shared: bool = False) -> Variational:
    """The q's that minimise D_KL[p; q] over world Q (equation 5): every conditional is that of world P.

    world: any world. shared: whether all samples share one table, which is then that of the mixture over the samples;
    by default each sample has its own. Returns a Variational with the tables of `world.families`, exact where the world
    is. Where the conditioning letter has probability 0 any row is optimal, and the uniform one is given.

    >>> import therml_exact as tx
    >>> q = tx.optimal_variational(tx.examples.fair_label())
    >>> q.summary()
    'Variational tables theta: 2, z: 1x2, x_given_z: 1x2x1, y_given_z: 1x2x2, z_given_x: 1x1x2; exact'
    >>> [str(p) for p in q.table("y_given_z", 1)[0]]
    ['1', '0']
    """
    check_type(world, Sampled, "world", WORLD)
    tables: dict[str, Any] = {}
    for name in world.families:
        samples = [family(world, name, i) for i in world.samples]
        if name == "theta":
            tables[name] = conditional(samples[0])
        elif shared:
            tables[name] = conditional(_mixture(samples))
        else:
            tables[name] = np.stack([conditional(w) for w in samples])
    return Variational(**tables)


# conditioning variables and the distributed one, without the sample's number
FAMILIES: dict[str, tuple[tuple[str, ...], str]] = {
    "theta": ((), "Theta"),
    "z": ((), "Z"),
    "x_given_z": (("Z",), "X"),
    "y_given_z": (("Z",), "Y"),
    "z_given_x": (("X",), "Z"),
    "x_given_theta": (("Theta",), "X"),
    "y_given_x_theta": (("X", "Theta"), "Y"),
}


def family(world: Sampled, name: str, sample: int) -> Weights:
    """Weights of world P on the variables of a variational table, conditioning ones first."""
    given, what = FAMILIES[name]
    return world.weights([v if v == "Theta" else f"{v}{sample}" for v in (*given, what)])


def _mixture(samples: list[Weights]) -> Weights:
    if not samples[0].exact:
        return Weights(np.sum([w.array / w.total for w in samples], axis=0), float(len(samples)))
    total = math.lcm(*(int(w.total) for w in samples))
    return Weights(np.sum([w.array * (total // int(w.total)) for w in samples], axis=0), total * len(samples))


def ratio(table: Array) -> tuple[Array, Array | int]:
    """Numerators and denominators of a table: integers of Fractions, or the floats themselves over 1."""
    if table.dtype != object:
        return table, 1
    flat = list(table.reshape(-1))
    parts = [np.empty(table.shape, dtype=object) for _ in range(2)]
    parts[0].reshape(-1)[:] = [value.numerator for value in flat]
    parts[1].reshape(-1)[:] = [value.denominator for value in flat]
    return parts[0], parts[1]


def conditional(weights: Weights) -> Array:
    """p(last | others) of weights; the uniform row where the others have weight 0."""
    array = weights.array
    sums = np.asarray(array.sum(axis=-1, keepdims=True))
    size = array.shape[-1]
    if weights.exact:
        cells = np.empty(array.shape, dtype=object)
        bottom = np.broadcast_to(sums, array.shape).reshape(-1)
        cells.reshape(-1)[:] = [
            Fraction(n, d) if d else Fraction(1, size) for n, d in zip(array.reshape(-1), bottom, strict=True)
        ]
        return cells
    return np.divide(array, sums, out=np.full(array.shape, 1 / size), where=sums > 0)
