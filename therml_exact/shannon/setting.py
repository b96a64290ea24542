"""Setting: the variables that a statement speaks of, and what holds of all their distributions.

    world P, Q, bayes, discriminative    the paper's graphs for N samples: independences by d-separation (Figures 1-4)
    a graph                              the same for any directed acyclic graph
    neither                              free variables: any joint distribution of the names in the text

In P, bayes and discriminative the samples share their tables, so the data are exchangeable (2): for every permutation
g of the samples and every S of data variables and Phi, H(S) = H(gS). The learning rule need not be symmetric: nothing
of the kind is assumed of Theta or Z_i.
Sets of variables are bit masks, bit k for names[k].
Errors: ValueError for an unknown world, for a number of samples that is none, and for too many variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from therml_exact import graph as graphs
from therml_exact.graph import Graph

_WORLDS = {
    "P": graphs.world_p,
    "Q": graphs.world_q,
    "bayes": graphs.bayes_p,
    "discriminative": graphs.discriminative_p,
}
_SHARED = ("P", "bayes", "discriminative")
MOST_VARIABLES = 20
MOST_SAMPLES = 6


@dataclass(frozen=True)
class Setting:
    """Names in order, the graph (None: free variables), and the world's kind and N where it is one of the paper's."""

    names: tuple[str, ...]
    graph: Graph | None
    kind: str | None = None
    n: int | None = None

    @property
    def shared(self) -> bool:
        """Whether the samples share their tables, so that the data are exchangeable."""
        return self.kind in _SHARED

    @cached_property
    def samples(self) -> tuple[tuple[str, ...], ...]:
        """The variables of each sample, in one order: (("X1", "Y1", "Z1"), ("X2", "Y2", "Z2"))."""
        return tuple(tuple(f"{v}{i}" for v in "XYZ" if f"{v}{i}" in self.names) for i in range(1, (self.n or 0) + 1))

    @cached_property
    def data(self) -> frozenset[str]:
        """Phi and the data: what the exchange of samples leaves unchanged in law."""
        if not self.shared:
            return frozenset()
        return frozenset(name for name in self.names if name[0] in "XYP")

    def mask(self, names: Sequence[str]) -> int:
        """The bit mask of some names."""
        return sum(1 << self.names.index(name) for name in set(names))

    def members(self, mask: int) -> tuple[str, ...]:
        """The names in a bit mask."""
        return tuple(name for k, name in enumerate(self.names) if mask >> k & 1)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` makes it again."""
        if self.kind is not None:
            return {"world": self.kind, "n": self.n}
        if self.graph is not None:
            return {"graph": {name: list(above) for name, above in self.graph}}
        return {"free": list(self.names)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Setting:
        """The inverse of `to_json`."""
        kinds = [key for key in ("world", "graph", "free") if key in content]
        if len(kinds) != 1 or ("n" in content and kinds != ["world"]):
            raise ValueError(f"the setting is {', '.join(kinds) or 'missing'}: it is world and n, or graph, or free")
        if "world" in content:
            return of_world(content["world"], content["n"])
        if "graph" in content:
            return of_graph(Graph(content["graph"]))
        return free(content["free"])

    def __str__(self) -> str:
        if self.kind is not None:
            names = {
                "P": "world P",
                "Q": "world Q",
                "bayes": "the Bayes world",
                "discriminative": "the discriminative world",
            }
            return f"{names[self.kind]} with N = {self.n}"
        return f"the graph {self.graph}" if self.graph is not None else f"free variables {', '.join(self.names)}"


def of_world(kind: str, n: int) -> Setting:
    """One of the paper's worlds for n samples."""
    if not isinstance(kind, str):
        raise TypeError(f"world is a {type(kind).__name__}; it is one of {', '.join(_WORLDS)}, or give graph=")
    if kind not in _WORLDS:
        raise ValueError(f"world is {kind!r}; it is one of {', '.join(_WORLDS)}, or give graph=")
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST_SAMPLES:
        raise ValueError(f"n is {n!r}; the number of samples is an integer from 1 to {MOST_SAMPLES}")
    return Setting(_sized(_WORLDS[kind](n).nodes), _WORLDS[kind](n), kind, n)


def of_graph(graph: Graph) -> Setting:
    """All distributions that factorise on a graph."""
    return Setting(_sized(graph.nodes), graph)


def free(names: Sequence[str]) -> Setting:
    """All distributions of the named variables."""
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"{name!r} is no name of a variable")
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"free variables {list(names)}: name at least one, and each once")
    return Setting(_sized(tuple(names)), None)


def _sized(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_VARIABLES:
        raise ValueError(
            f"{len(names)} variables have 2^{len(names)} entropies; at most {MOST_VARIABLES} variables are handled"
        )
    return names
