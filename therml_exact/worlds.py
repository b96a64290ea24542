"""Worlds: the paper's graphical models with their tables. What training is (P), held against what is wanted (Q).

    WorldP                p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N) prod_i p(z_i|x_i,theta)
    BayesWorld            p(phi) prod_i p(x_i|phi) p(theta|x^N)
    DiscriminativeWorld   p(phi) prod_i p(x_i|phi) p(y_i|x_i,phi) p(theta|x^N,y^N)

(equation 2 and Figure 1; Appendix B and Figure 3; Appendix C and Figure 4). Information in nats:

    I_P = sum_i I(g_i; Pa_P(g_i)),   I_Q = sum_i I(g_i; Pa_Q(g_i)),   J = min_{q in Q} D_KL[p; q] = I_P - I_Q   (5)-(7)

Shapes: phi[phi], x_given_phi[phi, x], y_given_x_phi[phi, x, y], z_given_x_theta[x, theta, z] and
theta_given_data[x1, y1, ..., xN, yN, theta] (BayesWorld: [x1, ..., xN, theta]), off which N is read. Rows sum to 1.
Memory: the tables, and the marginals asked for (network.py); only `joint()` and small worlds build the dense joint.
Errors: ValueError naming the table, the entry, its value and the remedy.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from therml_exact import graph, show
from therml_exact.containers import unlabelled
from therml_exact.doors import JOINT, check_type
from therml_exact.files import save_result
from therml_exact.graph import Graph
from therml_exact.information import Information, plain
from therml_exact.joint import Joint
from therml_exact.letters import Letter, Names, flatten_names
from therml_exact.network import Network
from therml_exact.numbers.tables import NORMALIZE, Array, check_rows, freeze, normalized, read_table, unify
from therml_exact.numbers.weights import Weights
from therml_exact.projection import graph_information, shared_excess

_AXES = {
    "phi": ("phi",),
    "x_given_phi": ("phi", "x"),
    "y_given_x_phi": ("phi", "x", "y"),
    "z_given_x_theta": ("x", "theta", "z"),
}


class World(ABC):
    """What the three worlds share: a network of tables, and the mismatch between its graph P and the wanted graph Q.

    It is abstract: make a WorldP, a BayesWorld or a DiscriminativeWorld. Worlds are immutable and their tables
    read-only.

    n          the number of samples N
    axes       the names of the joint's variables, in order: Phi, X1, Y1, ..., Theta, Z1, ...
    is_exact   whether the tables are rationals, so that informations are PrimeLogs; else they are floats
    tables     the tables by name, without unit
    graph      the graph of world P; graph_q is that of world Q
    kind       "P", "bayes" or "discriminative"
    families   the names of the variational tables that make sense here; `projection` has those of world Q
    network    the tables tied to the graph, from which marginals are summed

    >>> import therml_exact as tx
    >>> world = tx.examples.fair_label()
    >>> isinstance(world, tx.World), world.kind, world.n, world.is_exact
    (True, 'P', 1, True)
    >>> print(world.multi_information(), "-", world.desired_information(), "=", world.mismatch())
    2 log 2 - log 2 = log 2
    """

    kind: ClassVar[str]
    families: ClassVar[tuple[str, ...]]  # the variational tables that make sense here
    projection: ClassVar[tuple[str, ...]]  # those of world Q, whose optimum gives J
    _p: ClassVar[Callable[[int], Graph]]
    _q: ClassVar[Callable[[int], Graph]]

    network: Network

    @property
    @abstractmethod
    def n(self) -> int:
        """The number of samples N."""

    @property
    def samples(self) -> range:
        """1, ..., N."""
        return range(1, self.n + 1)

    @property
    def axes(self) -> tuple[str, ...]:
        """The joint's variables, in order."""
        return self.network.axes

    @property
    def is_exact(self) -> bool:
        """Rationals, not floats."""
        return self.network.is_exact

    @property
    def graph(self) -> Graph:
        """World P's graph."""
        return self.network.graph

    @property
    def graph_q(self) -> Graph:
        """World Q's graph, what is wanted."""
        return type(self)._q(self.n)

    @property
    def tables(self) -> dict[str, Array]:
        """The tables by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}  # type: ignore[arg-type]

    @property
    def labels(self) -> Mapping[str, tuple[Letter, ...]]:
        """A world's letters have no names: they are positions in its tables."""
        return {}

    def weights(self, names: Sequence[str]) -> Weights:
        """The weights of the marginal on the names, in their order; the dense joint is not built for them."""
        return self.network.weights(names)

    def marginal(self, *names: Names) -> Joint:
        """The joint of the named variables."""
        kept = flatten_names(names)
        if not kept:
            raise ValueError(f"marginal: name at least one of {', '.join(self.axes)}")
        return Joint.from_weights(self.weights(kept), kept)

    def joint(self) -> Joint:
        """The dense joint of all variables."""
        return self.network.joint()

    def multi_information(self) -> Information:
        """I_P, the multi-information: a sum of node-parent informations (6)."""
        return plain(graph_information(self, self.graph))

    def desired_information(self, shared: bool = False) -> Information:
        """I_Q, the information that world Q can express, in P (5); with `shared`, with one q for all samples."""
        wanted = graph_information(self, self.graph_q)
        return plain(wanted - shared_excess(self) if shared else wanted)

    def mismatch(self, shared: bool = False) -> Information:
        """J = I_P - I_Q, the least D_KL[p; q] over world Q (5); with `shared`, over q's that the samples share."""
        excess = graph_information(self, self.graph) - graph_information(self, self.graph_q)
        return plain(excess + shared_excess(self) if shared else excess)

    def to_float(self) -> World:
        """The same world in float64."""
        return type(self)(**{name: table.astype(np.float64) for name, table in self.tables.items()})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the world as JSON; `tx.load` reads it."""
        save_result("world", {"kind": self.kind, **self.tables}, path)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is built from its tables, so that it is checked and read-only like the first.
        return type(self), tuple(self.tables.values())

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, World):
            return NotImplemented
        mine, theirs = self.tables, other.tables
        return self.is_exact == other.is_exact and all(
            table.shape == theirs[name].shape and bool(np.all(table == theirs[name])) for name, table in mine.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def summary(self) -> str:
        """One line: the number of samples, the sizes of the variables, the kind of numbers."""
        sizes = self.network.sizes
        shown = {name.rstrip("1"): size for name, size in sizes.items() if name in ("Phi", "X1", "Y1", "Theta", "Z1")}
        letters = ", ".join(f"|{name}| = {size}" for name, size in shown.items())
        return f"{type(self).__name__} with N = {self.n}, {letters}; {'exact' if self.is_exact else 'float64'}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis and IPython would list the fields of a dataclass

    def __repr__(self) -> str:
        """Python that makes the world again; a large one is shown by its sizes, in angle brackets."""
        if sum(table.size for table in self.tables.values()) > show.MOST_CELLS:
            return f"<{self.summary()}>"
        return show.call(type(self).__name__, (f"{k}={show.source(table)}" for k, table in self.tables.items()))

    def __str__(self) -> str:
        """The sizes, then each table with its name."""
        parts = [self.summary()]
        for name, table in self.tables.items():
            parts += [f"\n{name}", show.text_table(table, self._axes(name), {})]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        tables = self.tables.items()
        return "".join(show.html_table(table, self._axes(name), {}, name) for name, table in tables)

    def _axes(self, name: str) -> tuple[str, ...]:
        """What the axes of a table are called."""
        if name == "theta_given_data":
            return tuple(axis for axis in self.axes if axis.startswith(("X", "Y", "Theta")))
        return _AXES[name]

    def _build(self, normalize: bool) -> None:
        """Read, check and unify the tables, and tie them to the graph."""
        read = {name: read_table(unlabelled(value, name), name) for name, value in self.tables.items()}
        labels = "y_given_x_phi" in read
        n = _samples(read["theta_given_data"], labels)
        _check_shapes(read, n, labels)
        if normalize:
            read = {name: normalized(table, name, 1) for name, table in read.items()}
        deviations = {name: check_rows(table, name, remedy=NORMALIZE) for name, table in read.items()}
        unified = {name: freeze(table) for name, table in unify(read).items()}
        for name, table in unified.items():
            object.__setattr__(self, name, table)
        nodes = {"Phi": "phi", "Theta": "theta_given_data"}
        for i in range(1, n + 1):
            nodes |= {f"X{i}": "x_given_phi", f"Y{i}": "y_given_x_phi", f"Z{i}": "z_given_x_theta"}
        p = type(self)._p(n)
        tables = {node: unified[nodes[node]] for node in p.nodes}
        network = Network(p, tables, {node: deviations[nodes[node]] for node in p.nodes})
        object.__setattr__(self, "network", network)


def _samples(theta_given_data: Array, labels: bool) -> int:
    step = 2 if labels else 1
    n, rest = divmod(theta_given_data.ndim - 1, step)
    if n < 1 or rest:
        shape = "[x1, y1, ..., xN, yN, theta]" if labels else "[x1, ..., xN, theta]"
        raise ValueError(
            f"theta_given_data has {theta_given_data.ndim} axes, shape {theta_given_data.shape}; it is {shape}, N >= 1"
        )
    return n


def _check_shapes(tables: dict[str, Array], n: int, labels: bool) -> None:
    """Every table's axes, and the same size for the same variable everywhere."""
    data = tuple(v for _ in range(n) for v in (("x", "y") if labels else ("x",)))
    known: dict[str, tuple[int, str]] = {}
    for name, table in tables.items():
        axes = (*data, "theta") if name == "theta_given_data" else _AXES[name]
        if table.ndim != len(axes):
            raise ValueError(f"{name} has shape {table.shape}; it is {name}[{', '.join(axes)}]")
        for axis, size in zip(axes, table.shape, strict=True):
            expected, source = known.setdefault(axis, (size, name))
            if size != expected:
                raise ValueError(
                    f"{name} has shape {table.shape} for [{', '.join(axes)}], so |{axis}| = {size}; "
                    f"{source} has |{axis}| = {expected}. Conditioning axes come first, the distributed one last."
                )


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
