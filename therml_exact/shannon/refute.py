"""refute: an exact world of a setting in which a claim is negative. Searched for, so that failing means nothing.

1. Codes that have the simplest functions that break the claim as entropies (realise.py), where tables are not shared;
   under inequalities worlds a little off a code (bent.py).
2. Linear worlds at random (linear_worlds.py). Where statements name constants, dice instead of both (dice.py).
3. Small tables at random and downhill (table_worlds.py).
A world of fewer samples lifts: the learning rule may ignore the last ones. So may variables be constant.
Whatever a search proposes is built as a world and decided exactly: claim < 0 as a PrimeLog in nats, hypotheses too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from time import monotonic

import numpy as np

from therml_exact.graph import Graph
from therml_exact.joint import Joint
from therml_exact.shannon import bent, dice, linear_worlds, realise, table_worlds
from therml_exact.shannon.closure import Closure
from therml_exact.shannon.cone import MOST_GROUND, cone
from therml_exact.shannon.cone import build as build_cone
from therml_exact.shannon.constants import Amount
from therml_exact.shannon.constants import keys as constants_of
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.witness import build, skeleton, value
from therml_exact.worlds import World

_MOST_BENT = 2000  # worlds a little off a code

Witness = tuple[World | Joint, Amount]
Given = Sequence[tuple[Form, bool]]


def by_codes(
    setting: Setting,
    ground: tuple[str, ...],
    claim: Form,
    given: Given,
    deadline: float = inf,
    facts: Closure | None = None,
) -> Witness | None:
    """A code on the variables of `ground` with claim < 0, and its value. None where a form names constants, as ranks
    know nothing of them: `by_dice` is for these.
    """
    if setting.shared or len(ground) > MOST_GROUND or _constants(claim, given):
        return None
    if facts is not None and ground == setting.names:
        space = build_cone(setting, ground, (), facts.joined(len(ground)))
    else:
        space = cone(setting, ground, ())
    found = next(_broken(setting, claim, given, realise.search(setting, space, claim, given, deadline)), None)
    if found is None and any(not equality for _, equality in given):
        near = islice(bent.search(setting, space, claim, given, deadline), _MOST_BENT)
        found = next(_broken(setting, claim, given, near), None)
    return found


def by_dice(
    setting: Setting, ground: tuple[str, ...], claim: Form, given: Given, deadline: float = inf
) -> Witness | None:
    """Free variables that show a die (dice.py) with claim < 0, and its value, where a form names constants."""
    if setting.graph is not None or not _constants(claim, given):
        return None
    tables = dice.proposals(setting.names, [claim, *(form for form, _ in given)])
    worlds = (build(setting, t) for t in tables if monotonic() < deadline and dice.value(setting.names, t, claim) < 0)
    return next(_broken(setting, claim, given, worlds), None)


def _constants(claim: Form, given: Given) -> tuple[int, ...]:
    return constants_of([claim, *(form for form, _ in given)])


def _broken(setting: Setting, claim: Form, given: Given, worlds: Iterable[World | Joint]) -> Iterator[Witness]:
    for world in worlds:
        found = decided(setting, claim, given, world)
        if found is not None:
            yield found


def by_linear_worlds(
    setting: Setting, ground: tuple[str, ...], claim: Form, given: Given, deadline: float = inf
) -> Witness | None:
    """A linear world drawn at random with claim < 0, and its value. The search ends at `deadline` (time.monotonic).

    None where a form names constants, as for `by_codes`.
    """
    if _constants(claim, given):
        return None
    whole, keys = skeleton(setting)
    for graph, constant in _forgetful(setting, whole):
        needed = sorted(whole.ancestors(ground) - constant)
        tables = linear_worlds.search(graph, keys, setting.names, claim, given, needed, deadline)
        if tables is not None:
            return decided(setting, claim, given, build(setting, _remembered(whole, graph, keys, tables)))
    return None


def by_tables(
    setting: Setting, ground: tuple[str, ...], claim: Form, given: Given, deadline: float = inf
) -> Witness | None:
    """A world of small tables with claim < 0, and its value: few variables that vary first."""
    whole, keys = skeleton(setting)
    live: tuple[str, ...] = ()
    if not setting.shared and len(ground) <= MOST_GROUND and not _constants(claim, given):
        live = realise.support(setting, cone(setting, ground, ()), claim, given, deadline)
    for names in (live, ground) if live and live != ground else (ground,):
        for graph, constant in _forgetful(setting, whole):

            def witness(tables: linear_worlds.Tables, graph: Graph = graph) -> Witness | None:
                return decided(setting, claim, given, build(setting, _remembered(whole, graph, keys, tables)))

            needed = frozenset(whole.ancestors(names) - constant)
            problem = table_worlds.Search(graph, keys, setting.names, claim, given, needed)
            tables = table_worlds.search(problem, witness, deadline)
            if tables is not None:
                return witness(tables)
    return None


def decided(setting: Setting, claim: Form, given: Given, world: World | Joint) -> Witness | None:
    """The world, if it breaks the claim exactly."""
    for form, equality in given:
        amount = value(form, setting, world)
        if amount.sign() < 0 or (equality and amount.sign()):
            return None
    slack = value(claim, setting, world)
    return (world, slack) if slack.sign() < 0 else None


def _forgetful(setting: Setting, graph: Graph) -> Iterator[tuple[Graph, set[str]]]:
    """The graph, and from three samples on simpler ones first, with the names that are constant: no rule and no labels,
    no labels and a rule that looks at the first sample only, and such a rule.
    """
    n = len(setting.samples) if setting.shared else 1
    labels, rule = {name for name in graph.nodes if name[0] == "Y"}, {"Theta"}
    simple = ((n, labels | rule), (1, labels), (1, set())) if n > 2 else ()
    for k, constant in (*simple, (n, set())):
        later = {name for own in setting.samples[k:] for name in own}
        parents = {v: [w for w in graph.parents(v) if v != "Theta" or w not in later] for v in graph.nodes}
        yield Graph(parents), constant if setting.shared else set()


def _remembered(
    whole: Graph, graph: Graph, keys: Mapping[str, str], tables: linear_worlds.Tables
) -> linear_worlds.Tables:
    """The tables with that of the rule over all samples, constant in those that it ignores."""
    if "Theta" not in whole.nodes or whole.parents("Theta") == graph.parents("Theta"):
        return dict(tables)
    table = tables[keys["Theta"]]
    sizes = [tables[keys[v]].shape[-1] for v in whole.parents("Theta")]
    seen = graph.parents("Theta")
    for axis, v in enumerate(whole.parents("Theta")):
        if v not in seen:
            table = np.expand_dims(table, axis)
    return dict(tables) | {keys["Theta"]: np.broadcast_to(table, (*sizes, table.shape[-1])).copy()}
