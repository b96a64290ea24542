"""Witness: a world of a setting made of exact tables, and the exact value of a form in it.

    world P, bayes, discriminative    a tx.WorldP, BayesWorld, DiscriminativeWorld
    Q, a graph, free variables        a tx.Joint that factorises on the graph

value(form) = sum_S c_S H(S), a PrimeLog in nats.
Errors: ValueError for tables that are no distribution of the setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from therml_exact.files import jsonable
from therml_exact.graph import Graph
from therml_exact.information import entropy_number
from therml_exact.joint import Joint
from therml_exact.network import Network
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array
from therml_exact.projection import projection
from therml_exact.shannon import constants
from therml_exact.shannon.setting import Setting
from therml_exact.worlds import BayesWorld, DiscriminativeWorld, World, WorldP

SEED = "(seed)"
_CLASSES: dict[str, type[World]] = {"P": WorldP, "bayes": BayesWorld, "discriminative": DiscriminativeWorld}
_TABLES = {"Phi": "phi", "X": "x_given_phi", "Y": "y_given_x_phi", "Theta": "theta_given_data", "Z": "z_given_x_theta"}


def skeleton(setting: Setting) -> tuple[Graph, dict[str, str]]:
    """The graph to put tables on, and the table of each node; samples share theirs where the setting says so.

    Free variables are noisy functions of a common seed, which is summed out.
    """
    if setting.graph is None:
        graph = Graph({SEED: []} | {name: [SEED] for name in setting.names})
        return graph, {name: name for name in graph.nodes}
    if not setting.shared:
        return setting.graph, {name: name for name in setting.names}
    return setting.graph, {name: _TABLES.get(name, _TABLES.get(name[0], "")) for name in setting.names}


def build(setting: Setting, tables: Mapping[str, Array]) -> World | Joint:
    """The world with these exact tables."""
    if setting.shared:
        assert setting.kind is not None
        cls = _CLASSES[setting.kind]
        return cls(**dict(tables))
    graph, keys = skeleton(setting)
    network = Network(graph, {name: tables[keys[name]] for name in graph.nodes}, {})
    return Joint.from_weights(network.weights(setting.names), setting.names)


def value(form: Mapping[int, Any], setting: Setting, world: World | Joint) -> constants.Amount:
    """sum_S c_S H(S) and the constants, exactly."""
    total = PrimeLog()
    for mask, c in form.items():
        if mask < 0:
            continue
        number = entropy_number(world, setting.members(mask))
        assert isinstance(number, PrimeLog)
        total = total + number * c
    return constants.total(total, form)


def to_json(world: World | Joint) -> dict[str, Any]:
    """The tables as plain data."""
    if isinstance(world, Joint):
        return {"joint": jsonable({"axes": list(world.axes), "table": world.table})}
    return {"tables": jsonable(world.tables)}


def read_witness(setting: Setting, content: Mapping[str, Any]) -> World | Joint:
    """The world of a certificate, checked to be one of the setting's."""
    world: World | Joint
    if setting.shared:
        assert setting.kind is not None
        world = _CLASSES[setting.kind](**content["tables"])
        if world.n != setting.n:
            raise ValueError(f"the tables have N = {world.n}")
    else:
        world = Joint(content["joint"]["table"], content["joint"]["axes"])
        if world.axes != setting.names:
            raise ValueError(f"the joint is over {', '.join(world.axes)}")
        if setting.graph is not None and projection(world, setting.graph) != world:
            raise ValueError("the joint does not factorise on the graph")
    if not world.is_exact:
        raise ValueError("the tables are floats; a refutation is exact")
    return world
