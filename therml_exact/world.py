"""World: what all worlds share, whatever their graph: tables tied to a network, informations, text, files.

    I_P = sum_i I(g_i; Pa_P(g_i)),   I_Q = sum_i I(g_i; Pa_Q(g_i)),   J = min_{q in Q} D_KL[p; q] = I_P - I_Q   (5)-(7)

in nats (worlds.py has the worlds). `data` names the variables that stand for all the data, and `alike` says which
samples have the same law, so that what is computed for one serves for all of them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar

import numpy as np

from therml_exact import show, supersample
from therml_exact.containers import unlabelled
from therml_exact.files import save_result
from therml_exact.graph import Graph
from therml_exact.information import Information, plain
from therml_exact.joint import Joint
from therml_exact.letters import Letter, Names, flatten_names
from therml_exact.network import Network
from therml_exact.numbers.tables import NORMALIZE, Array, check_rows, freeze, normalized, read_table, unify
from therml_exact.numbers.weights import Number, Weights
from therml_exact.projection import graph_information, shared_excess
from therml_exact.type_network import TypeNetwork

AXES = {
    "phi": ("phi",),
    "x_given_phi": ("phi", "x"),
    "y_given_x_phi": ("phi", "x", "y"),
    "z_given_x_theta": ("x", "theta", "z"),
}


class World(ABC):
    """What the worlds share: a network of tables, and the mismatch between its graph P and the wanted graph Q.

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
    data       the variables that stand for all the data: X1, Y1, ..., or their type T
    rule       the table of the learning rule

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

    network: Network | TypeNetwork

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
    def data(self) -> tuple[str, ...]:
        """The variables that stand for all the data; the learning rule depends on them alone."""
        return tuple(name for name in self.axes if name[0] in "XY")

    @property
    def alike(self) -> tuple[tuple[int, int], ...]:
        """Samples that stand for all: (i, how many samples have the same law as i, with Phi, Theta and Z_i)."""
        return tuple((i, 1) for i in self.samples)

    @property
    def has_joint(self) -> bool:
        """Whether the dense joint can be asked for, where it fits."""
        return True

    @property
    def rule(self) -> Array:
        """The learning rule p(theta|data), its last axis theta."""
        return self.tables["theta_given_data"]

    def with_rule(self, rule: Any) -> World:
        """The same world with another learning rule."""
        return replace(self, theta_given_data=rule)  # type: ignore[type-var]

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

    def on_graph(self, graph: Graph) -> Number:
        """The sum of node-parent informations of a graph (6), with its error bound."""
        return graph_information(self, self.told_by(graph))

    def told_by(self, graph: Graph) -> Graph:
        """The nodes of a graph that are the paper's: all of them."""
        return graph

    def over_data(
        self, factors: Sequence[Array], combine: Callable[[Any, Any], Any], repeat: Callable[[Any, Any], Any]
    ) -> Array:
        """Tables [letters of a sample..., theta], one for each sample, combined into one [data..., theta].

        combine: what makes one of two, such as a + b. repeat: what makes one of k equal ones, such as a * k.
        """
        total = factors[0]
        for factor in factors[1:]:
            letters = factor.ndim - 1
            wide = total.reshape(*total.shape[:-1], *(1,) * letters, total.shape[-1])
            total = combine(wide, factor)
        return np.asarray(total)

    def supersample(self) -> Weights:
        """p(two candidates for each sample, theta), coins choosing between them, as weights [candidates, theta]."""
        law = self.weights(("Phi", *self.data[: len(self.data) // self.n]))
        letters = Weights(law.array.reshape(len(law.array), -1), law.total, law.rounding)
        return supersample.of_tables(letters, self.rule, self.n)

    def multi_information(self) -> Information:
        """I_P, the multi-information: a sum of node-parent informations (6)."""
        return plain(self.on_graph(self.graph))

    def desired_information(self, shared: bool = False) -> Information:
        """I_Q, the information that world Q can express, in P (5); with `shared`, with one q for all samples."""
        wanted = self.on_graph(self.graph_q)
        return plain(wanted - shared_excess(self) if shared else wanted)

    def mismatch(self, shared: bool = False) -> Information:
        """J = I_P - I_Q, the least D_KL[p; q] over world Q (5); with `shared`, over q's that the samples share."""
        excess = self.on_graph(self.graph) - self.on_graph(self.graph_q)
        return plain(excess + shared_excess(self) if shared else excess)

    def to_float(self) -> World:
        """The same world in float64."""
        return replace(self, **{name: table.astype(np.float64) for name, table in self.tables.items()})  # type: ignore[type-var]

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
        return AXES[name]

    def _build(self, normalize: bool) -> None:
        """Read, check and unify the tables, and tie them to the graph."""
        read = {name: read_table(unlabelled(value, name), name) for name, value in self.tables.items()}
        self._check(read)
        if normalize:
            read = {name: normalized(table, name, 1) for name, table in read.items()}
        deviations = {name: check_rows(table, name, remedy=NORMALIZE) for name, table in read.items()}
        for name, table in unify(read).items():
            object.__setattr__(self, name, freeze(table))
        object.__setattr__(self, "network", self._tied(deviations))

    def _check(self, read: dict[str, Array]) -> None:
        """Refuse tables whose shapes do not fit each other."""
        labels = "y_given_x_phi" in read
        _check_shapes(read, _samples(read["theta_given_data"], labels), labels)

    def _tied(self, deviations: Mapping[str, float]) -> Network | TypeNetwork:
        """The network of the tables."""
        nodes = {"Phi": "phi", "Theta": "theta_given_data"}
        for i in self.samples:
            nodes |= {f"X{i}": "x_given_phi", f"Y{i}": "y_given_x_phi", f"Z{i}": "z_given_x_theta"}
        p = type(self)._p(self.n)
        tables = {node: self.tables[nodes[node]] for node in p.nodes}
        return Network(p, tables, {node: deviations[nodes[node]] for node in p.nodes})


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
    check_axes(tables, {**AXES, "theta_given_data": (*data, "theta")})


def check_axes(tables: Mapping[str, Array], names: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse tables without the axes of these names, or with different sizes for one of them."""
    known: dict[str, tuple[int, str]] = {}
    for name, table in tables.items():
        axes = names[name]
        if table.ndim != len(axes):
            raise ValueError(f"{name} has shape {table.shape}; it is {name}[{', '.join(axes)}]")
        for axis, size in zip(axes, table.shape, strict=True):
            expected, source = known.setdefault(axis, (size, name))
            if size != expected:
                raise ValueError(
                    f"{name} has shape {table.shape} for [{', '.join(axes)}], so |{axis}| = {size}; "
                    f"{source} has |{axis}| = {expected}. Conditioning axes come first, the distributed one last."
                )
