"""refute: an exact world of a setting in which a claim is negative. Searched for, so that failing means nothing.

Linear worlds first (linear_worlds.py), then small tables (table_worlds.py). Whatever a search proposes is built as a
world and decided exactly: claim < 0 as a PrimeLog in nats, hypotheses too.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from therml_exact.joint import Joint
from therml_exact.shannon import dice, linear_worlds, table_worlds
from therml_exact.shannon.constants import Amount
from therml_exact.shannon.constants import keys as keys_of
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.witness import build, skeleton, value
from therml_exact.worlds import World

Witness = tuple[World | Joint, Amount]


def refute(
    setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], thorough: bool, deadline: float = inf
) -> Witness | None:
    """A world with claim < 0 and its value; linear worlds only, or with `thorough` tables of all kinds.

    The search ends at `deadline`, a time of time.monotonic.
    """
    used = 0
    for form in (claim, *(form for form, _ in given)):
        for mask in form:
            used |= max(mask, 0)
    graph, keys = skeleton(setting)
    needed = graph.ancestors(setting.members(used))
    if not thorough and keys_of([claim, *(form for form, _ in given)]):
        return _dice(setting, claim, given)  # ranks know nothing of constants
    if not thorough:
        tables = linear_worlds.search(graph, keys, setting.names, claim, given, sorted(needed), deadline)
        return None if tables is None else _decided(setting, claim, given, tables)
    problem = table_worlds.Search(graph, keys, setting.names, claim, given, frozenset(needed))
    found = table_worlds.search(problem, lambda tables: _decided(setting, claim, given, tables) is not None, deadline)
    return None if found is None else _decided(setting, claim, given, found)


def _dice(setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]]) -> Witness | None:
    if setting.graph is not None:
        return None
    for tables in dice.proposals(setting.names, [claim, *(form for form, _ in given)]):
        if dice.value(setting.names, tables, claim) < 0:
            found = _decided(setting, claim, given, tables)
            if found is not None:
                return found
    return None


def _decided(
    setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], tables: linear_worlds.Tables
) -> Witness | None:
    """The world, if it breaks the claim exactly."""
    world = build(setting, tables)
    for form, equality in given:
        amount = value(form, setting, world)
        if amount.sign() < 0 or (equality and amount.sign()):
            return None
    slack = value(claim, setting, world)
    return (world, slack) if slack.sign() < 0 else None
