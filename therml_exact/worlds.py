"""Worlds: the paper's graphical models with their tables. What training is (P), held against what is wanted (Q).

    WorldP                p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N) prod_i p(z_i|x_i,theta)
    BayesWorld            p(phi) prod_i p(x_i|phi) p(theta|x^N)
    DiscriminativeWorld   p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N)

(equation 2 and Figure 1; Appendix B and Figure 3; Appendix C and Figure 4). Information in nats:

    I_P = sum_i I(g_i; Pa_P(g_i)),   I_Q = sum_i I(g_i; Pa_Q(g_i)),   J = min_{q in Q} D_KL[p; q] = I_P - I_Q   (5)-(7)

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y], z_given_x_theta[x, theta, z] and
theta_given_data[x1, y1, ..., xN, yN, theta] (BayesWorld: [x1, ..., xN, theta]), off which N is read. Rows sum to 1.
An ExchangeableWorld is a world P whose rule takes the type of the samples, so that N runs to the hundreds.
Memory: the tables, and the marginals asked for (network.py); only `joint()` and small worlds build the dense joint.
Errors: ValueError naming the table, the entry, its value and the remedy.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, replace
from typing import Any, ClassVar

import numpy as np

from therml_exact import graph, show, supersample
from therml_exact.containers import unlabelled
from therml_exact.doors import JOINT, check_type
from therml_exact.files import save_result
from therml_exact.graph import Graph
from therml_exact.histograms import number, places, types
from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array, check_size, read_table, whole
from therml_exact.numbers.weights import Weights
from therml_exact.type_network import TypeNetwork
from therml_exact.world import AXES, World, check_axes

__all__ = [
    "WORLDS", "BayesWorld", "DiscriminativeWorld", "ExchangeableWorld", "World", "WorldP", "data_tables",
]  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class WorldP(World):
    """World P of the paper: data, a learning rule and an encoder (equation 2, Figure 1).

        p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N) prod_i p(z_i|x_i,theta)

    phi               p(phi) as [phi]; this and all other tables are without unit, and their rows sum to 1
    x_given_phi       p(x|phi) as [phi, x]
    y_given_x_phi     p(y|x,phi) as [phi, x, y]
    theta_given_data  the learning rule p(theta|x^N,y^N) as [x1, y1, ..., xN, yN, theta], off which N is read
    z_given_x_theta   the encoder p(z|x,theta) as [x, theta, z]
    normalize         whether to divide each row by its sum, such as rows of single precision, or of counts

    Raises ValueError where a table has a wrong shape, or a row that does not sum to 1; the entry and the remedy are
    named.

    >>> w = WorldP([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], [[[1], [1]], [[1], [1]]], [[[1, 0]], [[0, 1]]])
    >>> w.n, w.axes
    (1, ('Phi', 'X1', 'Y1', 'Theta', 'Z1'))
    >>> print(w.multi_information(), "|", w.desired_information(), "|", w.mismatch())
    2 log 2 | 2 log 2 | 0
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    theta_given_data: Any
    z_given_x_theta: Any
    _: KW_ONLY
    normalize: InitVar[bool] = False

    kind: ClassVar[str] = "P"
    families: ClassVar[tuple[str, ...]] = ("theta", "z", "x_given_z", "y_given_z", "z_given_x")
    projection: ClassVar[tuple[str, ...]] = ("z", "x_given_z", "y_given_z")
    _p: ClassVar[Callable[[int], Graph]] = graph.world_p
    _q: ClassVar[Callable[[int], Graph]] = graph.world_q

    def __post_init__(self, normalize: bool) -> None:
        self._build(normalize)

    @property
    def n(self) -> int:
        """The number of samples N."""
        return (self.theta_given_data.ndim - 1) // 2

    @classmethod
    def from_joint(cls, data: Joint, theta_given_data: Any, z_given_x_theta: Any) -> WorldP:
        """The world of a joint over three variables (Phi, X, Y, in this order), a learning rule and an encoder.

        >>> import therml_exact as tx
        >>> data = tx.examples.berkeley()
        >>> WorldP.from_joint(data, tx.learners.constant(2, 2, 1), [[[1, 0]], [[0, 1]]]).summary()
        'WorldP with N = 1, |Phi| = 6, |X| = 2, |Y| = 2, |Theta| = 1, |Z| = 2; exact'
        """
        return cls(*data_tables(data), theta_given_data, z_given_x_theta)

    @staticmethod
    def exchangeable(
        phi: Any, x_given_phi: Any, y_given_x_phi: Any, n: int, rule: Any, encoders: Any, *, normalize: bool = False
    ) -> ExchangeableWorld:
        """The world of N exchangeable samples and a rule that takes their type: N runs to the hundreds.

        phi, x_given_phi, y_given_x_phi: the process, as for `WorldP`. n: the number of samples N.
        rule: p(theta|type) as [type, theta], the types in the order of `tx.types(n, (|X|, |Y|))`.
        encoders: a dictionary p(z|x) as encoders[theta, x, z]. normalize: whether to divide rows by their sums.
        Returns an ExchangeableWorld, exact where the tables are; floats serve for large N. Raises ValueError for tables
        that do not fit each other.

        >>> import numpy as np
        >>> import therml_exact as tx
        >>> ones = tx.types(100, (2, 1))[:, 1, 0]  # how often x = 1
        >>> rule = np.eye(2)[(ones > 50).astype(int)]
        >>> process = [0.5, 0.5], [[0.6, 0.4], [0.4, 0.6]], [[[1], [1]], [[1], [1]]]
        >>> coins = tx.WorldP.exchangeable(*process, 100, rule, tx.encoders.deterministic(2, 2)[:2])
        >>> coins.summary()
        'ExchangeableWorld with N = 100, 101 types, |Phi| = 2, |X| = 2, |Y| = 1, |Theta| = 2, |Z| = 2; float64'
        >>> print(f"{tx.mutual_information(coins, 'Theta', 'Phi'):.4f} nats of {np.log(2):.4f}")
        0.5883 nats of 0.6931
        """
        table = read_table(unlabelled(encoders, "encoders"), "encoders")
        if table.ndim != 3:
            raise ValueError(f"encoders has shape {table.shape}; it is encoders[theta, x, z]")
        if table.dtype == object and all(value == int(value) for value in table.reshape(-1)):
            table = table.astype(int)  # maps X -> Z join floats too
        z_given_x_theta = np.ascontiguousarray(table.transpose(1, 0, 2))
        return ExchangeableWorld(phi, x_given_phi, y_given_x_phi, n, rule, z_given_x_theta, normalize=normalize)


@dataclass(frozen=True, eq=False, repr=False)
class BayesWorld(World):
    """World P of Appendix B (Figure 3): unlabelled data and one global representation Theta.

        p(phi) prod_i p(x_i|phi) p(theta|x^N)

    phi               p(phi) as [phi]; this and the other tables are without unit, and their rows sum to 1
    x_given_phi       p(x|phi) as [phi, x]
    theta_given_data  the learning rule p(theta|x^N) as [x1, ..., xN, theta], off which N is read
    normalize         whether to divide each row by its sum, such as rows of single precision, or of counts

    Raises ValueError where a table has a wrong shape, or a row that does not sum to 1.

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [["3/4", "1/4"], ["1/4", "3/4"]])
    >>> world == eval(repr(world))
    True
    >>> print(world.mismatch())
    log 2
    """

    phi: Any
    x_given_phi: Any
    theta_given_data: Any
    _: KW_ONLY
    normalize: InitVar[bool] = False

    kind: ClassVar[str] = "bayes"
    families: ClassVar[tuple[str, ...]] = ("theta", "x_given_theta")
    projection: ClassVar[tuple[str, ...]] = ("x_given_theta",)
    _p: ClassVar[Callable[[int], Graph]] = graph.bayes_p
    _q: ClassVar[Callable[[int], Graph]] = graph.bayes_q

    def __post_init__(self, normalize: bool) -> None:
        self._build(normalize)

    @property
    def n(self) -> int:
        """The number of samples N."""
        return int(self.theta_given_data.ndim - 1)


@dataclass(frozen=True, eq=False, repr=False)
class DiscriminativeWorld(World):
    """World P of Appendix C (Figure 4): labelled data and one global representation Theta.

        p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N)

    phi               p(phi) as [phi]; this and the other tables are without unit, and their rows sum to 1
    x_given_phi       p(x|phi) as [phi, x]
    y_given_x_phi     p(y|x,phi) as [phi, x, y]
    theta_given_data  the learning rule p(theta|x^N,y^N) as [x1, y1, ..., xN, yN, theta], off which N is read
    normalize         whether to divide each row by its sum, such as rows of single precision, or of counts

    Raises ValueError where a table has a wrong shape, or a row that does not sum to 1.

    >>> import therml_exact as tx
    >>> rule = tx.learners.memorize(1, 2, 1)
    >>> world = tx.DiscriminativeWorld([1], [[1]], [[["1/2", "1/2"]]], rule)
    >>> world
    DiscriminativeWorld(
        phi=[1],
        x_given_phi=[[1]],
        y_given_x_phi=[[["1/2", "1/2"]]],
        theta_given_data=[[[1, 0], [0, 1]]],
    )
    >>> print(world.multi_information(), "-", world.desired_information(), "=", world.mismatch())
    log 2 - log 2 = 0
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    theta_given_data: Any
    _: KW_ONLY
    normalize: InitVar[bool] = False

    kind: ClassVar[str] = "discriminative"
    families: ClassVar[tuple[str, ...]] = ("theta", "y_given_x_theta")
    projection: ClassVar[tuple[str, ...]] = ("y_given_x_theta",)
    _p: ClassVar[Callable[[int], Graph]] = graph.discriminative_p
    _q: ClassVar[Callable[[int], Graph]] = graph.discriminative_q

    def __post_init__(self, normalize: bool) -> None:
        self._build(normalize)

    @property
    def n(self) -> int:
        """The number of samples N."""
        return (self.theta_given_data.ndim - 1) // 2


@dataclass(frozen=True, eq=False, repr=False)
class ExchangeableWorld(World):
    """World P with a rule that takes the type of the samples: N exchangeable samples, to the hundreds.

        p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|t) prod_i p(z_i|x_i,theta),    t the type of (x^N, y^N)

    `WorldP.exchangeable` makes one. It has the variables of a WorldP and one more, "T", the type. All that depends on
    the data depends on them through T, so that I(Theta; X^N, Y^N) = I(Theta; T); one sample stands for all.
    Functionals, the mismatch J, `check_bounds`, `boltzmann`, `second_law` and `generalization` take it.

    phi               p(phi) as [phi]; this and all other tables are without unit, and their rows sum to 1
    x_given_phi       p(x|phi) as [phi, x]
    y_given_x_phi     p(y|x,phi) as [phi, x, y]
    count             the number of samples N, which `.n` gives too
    theta_given_type  the learning rule p(theta|t) as [type, theta], the types in the order of `tx.types(n, (|X|, |Y|))`
    z_given_x_theta   the encoder p(z|x,theta) as [x, theta, z]
    normalize         whether to divide each row by its sum

    Exact tables give exact numbers, whose digits grow like N for each of the C(N+k-1, k-1) types, k = |X||Y|; floats
    (`to_float()`) give floats with error bounds. Raises ValueError where a table has a wrong shape, or a row that does
    not sum to 1, or where the types are too many.

    >>> import therml_exact as tx
    >>> rule = [[0, 1], ["1/2", "1/2"], [1, 0]]
    >>> world = tx.WorldP.exchangeable([1], [[1]], [[["1/2", "1/2"]]], 2, rule, [[[1]], [[1]]])
    >>> print(tx.mutual_information(world, "Theta", "T"), "|", world.mismatch())
    1/2 log 2 | 1/2 log 2
    >>> world.dense().mismatch() == world.mismatch()
    True
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    count: Any
    theta_given_type: Any
    z_given_x_theta: Any
    _: KW_ONLY
    normalize: InitVar[bool] = False

    kind: ClassVar[str] = "P"
    families: ClassVar[tuple[str, ...]] = WorldP.families
    projection: ClassVar[tuple[str, ...]] = WorldP.projection
    _p: ClassVar[Callable[[int], Graph]] = graph.exchangeable_p
    _q: ClassVar[Callable[[int], Graph]] = graph.world_q

    def __post_init__(self, normalize: bool) -> None:
        object.__setattr__(self, "count", whole("n", self.count))
        self._build(normalize)

    @property
    def n(self) -> int:
        """The number of samples N."""
        return int(self.count)

    @property
    def tables(self) -> dict[str, Array]:
        """The tables by name."""
        return {name: table for name, table in super().tables.items() if name != "count"}

    @property
    def data(self) -> tuple[str, ...]:
        """The type, which is all that the rule takes."""
        return ("T",)

    @property
    def alike(self) -> tuple[tuple[int, int], ...]:
        """One sample stands for all."""
        return ((1, self.n),)

    @property
    def has_joint(self) -> bool:
        """The dense joint is what sums over types avoid; `dense()` has it."""
        return False

    @property
    def rule(self) -> Array:
        """The learning rule as [type, theta]."""
        return np.asarray(self.theta_given_type)

    def with_rule(self, rule: Any) -> World:
        """The same world with another rule by type."""
        return replace(self, theta_given_type=rule)

    def told_by(self, graph: Graph) -> Graph:
        """The nodes of a graph without the type: it is a function of the samples, and no node of the paper's."""
        return Graph({node: above for node, above in graph if node != "T"})

    def over_data(
        self, factors: Sequence[Array], combine: Callable[[Any, Any], Any], repeat: Callable[[Any, Any], Any]
    ) -> Array:
        """A table [x, y, theta], the same for each sample, combined over the samples of each type: [type, theta]."""
        first = factors[0].reshape(-1, factors[0].shape[-1])
        if any(factor is not factors[0] and not np.array_equal(factor, factors[0]) for factor in factors):
            raise ValueError("the samples of an exchangeable world share their q's; give one table for all of them")
        counts = types(self.n, self.y_given_x_phi.shape[1] * self.y_given_x_phi.shape[2])
        total = repeat(first[0], counts[:, 0, None])
        for letter in range(1, len(first)):
            total = combine(total, repeat(first[letter], counts[:, letter, None]))
        return np.asarray(total)

    def supersample(self) -> Weights:
        """p(two candidates for each sample, theta), a fair coin choosing between them, by types of pairs."""
        return supersample.of_types(self.weights(("Phi", "X1", "Y1")), self.rule, self.n)

    def dense(self) -> WorldP:
        """The same world with its rule as a table over data sets, where that fits."""
        nx, ny = self.y_given_x_phi.shape[1:]
        k = nx * ny
        check_size(
            k**self.n * self.rule.shape[1], 2 * self.n + 1, self.is_exact, f"the rule over {k}^{self.n} data sets"
        )
        letters = np.stack(np.unravel_index(np.arange(k**self.n), (k,) * self.n), axis=-1)
        counts = (letters[..., None] == np.arange(k)).sum(axis=1)
        rule = self.rule[places(counts)].reshape(*(nx, ny) * self.n, -1)
        return WorldP(self.phi, self.x_given_phi, self.y_given_x_phi, rule, self.z_given_x_theta)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the world as JSON; `tx.load` reads it."""
        save_result("world", {"kind": "exchangeable", "count": self.n, **self.tables}, path)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in _EXCHANGEABLE)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) if not isinstance(other, ExchangeableWorld) or other.n == self.n else False

    __hash__ = None

    def summary(self) -> str:
        """One line: the number of samples and of types, the sizes of the variables, the kind of numbers."""
        head, _, rest = super().summary().partition(",")
        return f"{head}, {len(self.rule):,} types,{rest}"

    def __repr__(self) -> str:
        """Python that makes the world again; a large one is shown by its sizes, in angle brackets."""
        if sum(table.size for table in self.tables.values()) > show.MOST_CELLS:
            return f"<{self.summary()}>"
        given = self.tables | {"count": self.n}
        return show.call("ExchangeableWorld", (f"{name}={show.source(given[name])}" for name in _EXCHANGEABLE))

    def _axes(self, name: str) -> tuple[str, ...]:
        return ("type", "theta") if name == "theta_given_type" else AXES[name]

    def _check(self, read: dict[str, Array]) -> None:
        check_axes(read, {**AXES, "theta_given_type": ("type", "theta")})
        nx, ny = read["y_given_x_phi"].shape[1:]
        expected = number(self.n, nx * ny)
        if len(read["theta_given_type"]) != expected:
            raise ValueError(
                f"theta_given_type has {len(read['theta_given_type'])} rows; {self.n} samples of {nx} x {ny} letters "
                f"have {expected:,} types, in the order of tx.types({self.n}, ({nx}, {ny}))"
            )

    def _tied(self, deviations: Mapping[str, float]) -> TypeNetwork:
        given = (self.tables[name] for name in _EXCHANGEABLE if name != "count")
        return TypeNetwork(self.n, *given)


_EXCHANGEABLE = ("phi", "x_given_phi", "y_given_x_phi", "count", "theta_given_type", "z_given_x_theta")


WORLDS: tuple[type[World], ...] = (WorldP, BayesWorld, DiscriminativeWorld)


def data_tables(data: Joint) -> tuple[Array, Array, Array]:
    """The process of a joint over three variables in the roles Phi, X, Y: p(phi), p(x|phi), p(y|x,phi).

    data: a Joint with three axes; their names are free, their order is Phi, X, Y.
    Returns phi[phi], x_given_phi[phi, x] and y_given_x_phi[phi, x, y], without unit, exact where the joint is. Where
    (phi, x) has probability 0 its row of y is the uniform one: it has weight 0 in every quantity.
    Raises ValueError for a joint of another number of axes, or with a letter of Phi of probability 0.

    >>> import therml_exact as tx
    >>> phi, x, y = tx.data_tables(tx.Joint.from_counts([[[1, 1], [2, 0]]], ("Phi", "X", "Y")))
    >>> [str(p) for p in x[0]], [str(p) for p in y[0, 0]], [str(p) for p in y[0, 1]]
    (['1/2', '1/2'], ['1/2', '1/2'], ['1', '0'])
    """
    check_type(data, Joint, "data", JOINT)
    if len(data.axes) != 3:
        raise ValueError(f"the joint is over {', '.join(data.axes)}; give three variables, in the roles Phi, X, Y")
    phi, x, _ = data.axes
    pairs = data.marginal(phi, x).table
    rows = np.array(np.broadcast_to(pairs[..., None], data.shape))
    table = np.array(data.table)
    empty = pairs == 0
    table[empty], rows[empty] = 1, math.prod(data.shape[2:])
    if data.is_exact:
        from fractions import Fraction

        table[empty], rows[empty] = Fraction(1), Fraction(data.shape[2])
    return np.asarray(data.marginal(phi).table), data.condition(x, given=phi), table / rows
