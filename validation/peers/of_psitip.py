"""psitip: the paper's inequalities, proved by its linear program in floats and by ours in exact sums.

A statement goes over as its coefficients of joint entropies, a world as its graph's local independences: each variable,
in an order of the graph, from those before it given its parents. psitip answers True or False; False means not proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from therml_exact.shannon.inequalities import COUPLED, INEQUALITIES, Inequality, arguments
from therml_exact.shannon.prove import prove
from therml_exact.shannon.setting import Setting, free, of_graph, of_world
from therml_exact.shannon.statements import free_names, parse
from validation.peers.cpu import alternate
from validation.section import Cell

COLUMNS = (
    "equation",
    "where",
    "N",
    "ours",
    "psitip",
    "agree",
    "ours, CPU ms",
    "psitip, CPU ms",
    "psitip / ours",
    "statement",
)


LEAKS = ("statement", "ours", "psitip", "why")


def setting_of(inequality: Inequality, n: int) -> Setting:
    if inequality.coupled:
        return of_graph(COUPLED)
    return of_world(inequality.world, n) if inequality.world else free(free_names([(inequality.text, "statement")]))


def asked(psitip: ModuleType, text: str, setting: Setting) -> bool:
    """Whether psitip proves the statement in the setting."""
    variables = {name: psitip.rv(name) for name in setting.names}

    def together(names: list[str]) -> Any:
        return sum((variables[name] for name in names[1:]), variables[names[0]])

    world = psitip.universe()
    if setting.graph is not None:
        parents = {name: list(above) for name, above in setting.graph}
        order: list[str] = []
        while len(order) < len(parents):
            order += [v for v in parents if v not in order and all(p in order for p in parents[v])]
        for place, name in enumerate(order):
            others = [v for v in order[:place] if v not in parents[name]]
            if others:
                pair = variables[name] & together(others)
                world &= psitip.I(pair | together(parents[name]) if parents[name] else pair) == 0
    for side in parse(text, setting).sides:
        terms = [psitip.H(together(list(setting.members(mask)))) * float(c) for mask, c in side.items() if mask]
        if terms and not bool(world >> (sum(terms[1:], terms[0]) >= 0)):
            return False
    return True


def proofs(psitip: ModuleType, largest: int) -> Iterator[tuple[Cell, ...]]:
    for n in range(1, largest + 1):
        for inequality in INEQUALITIES:
            if n < inequality.least_n or (n > 1 and inequality.world is None):
                continue
            setting, more = setting_of(inequality, n), arguments(inequality, n)
            mine = prove(inequality.text, **more).verdict
            theirs = asked(psitip, inequality.text, setting)
            times = alternate(
                lambda i=inequality, m=more: prove(i.text, **m),
                lambda i=inequality, s=setting: asked(psitip, i.text, s),
                budget=0.05,
            )
            where = "coupled models" if inequality.coupled else inequality.world or "free"
            said = "proved" if theirs else "not proved"
            agree = (mine == "proved") == theirs
            yield inequality.label, where, n, mine, said, agree, *times, times[1] / times[0], inequality.text


def leaks(psitip: ModuleType) -> Iterator[tuple[Cell, ...]]:
    """H(X)(1 - e) >= I(X;Y) is false for every e > 0: Y = X."""
    x, y = psitip.rv("X"), psitip.rv("Y")
    for exponent in (3, 6, 9, 10, 11, 12, 15):
        text = f"H(X) - 1e-{exponent} H(X) >= I(X;Y)"
        theirs = bool(psitip.H(x) * (1 - 10.0**-exponent) >= psitip.I(x & y))
        mine = prove(text).verdict
        eps = psitip.PsiOpts.settings["eps"]
        why = f"Y = X refutes it; psitip drops coefficients below its eps = {eps:.0e}" if theirs else ""
        yield f"H(X)(1 - 1e-{exponent}) >= I(X;Y)", mine, "proved" if theirs else "not proved", why
