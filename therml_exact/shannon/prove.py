"""prove: is a linear (in)equality of entropies true of every distribution of a world?

    claim c.h >= 0      1. a Shannon proof over the variables it names, then over all that matter (program.py)
                        2. an exact world that breaks it (refute.py)
                        3. neither: Undecided, with an entropy-like function that breaks it

Shannon's inequalities and d-separation do not imply everything true, so a claim without a proof may hold.
Units: forms are homogeneous, slacks in nats. Source: R. Yeung, A framework for linear information inequalities (1997).
Errors: ValueError, for a text with a caret below the offending character.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from therml_exact.graph import Graph
from therml_exact.shannon import certificate as certificates
from therml_exact.shannon.cone import MOST_GROUND, Cone, cone
from therml_exact.shannon.derivation import Derivation, derive, moved, narrowed, relabellings
from therml_exact.shannon.grammar import Form, Statement, names_in, parse
from therml_exact.shannon.program import Answer, decide
from therml_exact.shannon.refute import refute
from therml_exact.shannon.results import Proved, Refuted, Undecided
from therml_exact.shannon.setting import Setting, free, of_graph, of_world
from therml_exact.shannon.shorten import shortened
from therml_exact.shannon.witness import to_json

_MOST_SHORTENED = 11  # variables
_QUICK = 8  # variables up to which the whole program takes less time than a search for counterexamples

Classes = tuple[tuple[int, ...], ...]
Point = tuple[tuple[str, ...], list[Fraction]]


def prove(
    statement: str,
    *,
    world: str | None = None,
    n: int | None = None,
    graph: Graph | None = None,
    given: str | Sequence[str] = (),
) -> Proved | Refuted | Undecided:
    """Decide a statement such as "I(Z1;Phi) <= I(Z1;X1,Theta)" (grammar.py) over all distributions.

    world: "P", "Q", "bayes" or "discriminative" with n samples (1 unless said); or any graph; or neither: the
    variables in the text are free. given: statements assumed of the distribution, in the same grammar.

    >>> print(prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P").verdict, prove("H(A) <= H(B)").verdict)
    proved refuted
    """
    texts = (given,) if isinstance(given, str) else tuple(given)
    setting = _setting(statement, world, n, graph, texts)
    claim = parse(statement, setting)
    hypotheses = [parse(text, setting, f"given[{k}]") for k, text in enumerate(texts)]
    assumed = [(h.sides[0], h.relation == "=") for h in hypotheses]
    parts = []
    for side, name in zip(claim.sides, certificates.claims(claim), strict=True):
        derivation, point = _shannon(setting, side, assumed, small=True)
        world_found, last = None, not derivation and len(_relevant(setting, _used(side, assumed))) <= _QUICK
        if last:
            derivation, point = _shannon(setting, side, assumed, small=False)
        if derivation is None:
            world_found = refute(setting, side, assumed, thorough=False)
            if world_found is None and not last:
                derivation, point = _shannon(setting, side, assumed, small=False)
            if derivation is None and world_found is None:
                world_found = refute(setting, side, assumed, thorough=True)
            if world_found is not None:
                found, slack = world_found
                content = certificates.header(setting, claim, hypotheses, "refuted") | {"side": name} | to_json(found)
                return Refuted(claim.text, str(setting), content, found, slack)
        if derivation is None:
            return _undecided(setting, claim, hypotheses, name, point)
        parts.append({"claim": name, "sum": certificates.terms(setting, derivation)})
    content = certificates.header(setting, claim, hypotheses, "proved") | {"parts": parts}
    return Proved(claim.text, str(setting), content)


def _setting(text: str, world: str | None, n: int | None, graph: Graph | None, given: Sequence[str]) -> Setting:
    if graph is not None:
        if world is not None or n is not None:
            raise ValueError("give either graph or world and n, not both")
        if not isinstance(graph, Graph):
            raise ValueError(f"graph is a {type(graph).__name__}; give a tx.Graph")
        return of_graph(graph)
    if world is not None:
        return of_world(world, 1 if n is None else n)
    if n is not None:
        raise ValueError(f"n = {n!r} counts the samples of a world; give world= as well")
    names = tuple(dict.fromkeys(name for t in (text, *given) for name in names_in(t)))
    return free(names or ("X",))


def _shannon(
    setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], small: bool
) -> tuple[Derivation | None, Point | None]:
    """A derivation; or where there is none, a point of the cone that breaks the claim (over all that matter)."""
    used = _used(claim, given)
    ground = setting.members(used) if small else _relevant(setting, used)
    if not claim:
        return Derivation({}, {}, {}, {}), None
    if len(ground) > MOST_GROUND:
        return None, None
    classes = _classes(setting, claim, given)
    space = cone(setting, ground, classes)
    answer = _decide(setting, space, claim, given)
    if answer.rows is not None:
        long = derive(setting, space, classes, claim, [form for form, _ in given], answer)
        if any(len(c) > 1 for c in classes) and len(ground) <= _MOST_SHORTENED and not answer.hypotheses:
            short = shortened(setting, cone(setting, ground, ()), claim, dict(long.informations))
            return short or long, None
        return long, None
    if answer.point is None:
        return None, None
    return None, (ground, space.spread(answer.point))


def _used(claim: Form, given: Sequence[tuple[Form, bool]]) -> int:
    """The variables that claim and hypotheses name."""
    used = 0
    for form in (claim, *(form for form, _ in given)):
        for mask in form:
            used |= mask
    return used


def _decide(setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]]) -> Answer:
    place = [setting.names.index(name) for name in space.ground]
    assumed = [(space.reduce(narrowed(form, place)), equality) for form, equality in given]
    return decide(space, space.reduce(narrowed(claim, place)), assumed)


def _relevant(setting: Setting, used: int) -> tuple[str, ...]:
    """What can matter: the ancestors of the variables named, and with data their exchangeable companions.

    A variable outside may be constant: every function on these that satisfies what is known extends.
    """
    names = set(setting.members(used))
    if setting.graph is None:
        return setting.members(used)
    names = setting.graph.ancestors(sorted(names))
    if names & setting.data:
        names |= setting.graph.ancestors(sorted(setting.data))
    return tuple(name for name in setting.names if name in names)


def _classes(setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]]) -> Classes:
    """Samples that can be exchanged without a change of claim and hypotheses."""
    known = {(tuple(sorted(form.items())), equality) for form, equality in given}
    classes: list[list[int]] = []
    for s in range(1, len(setting.samples) + 1):
        for members in classes:
            swap = list(relabellings(setting, ((members[0], s),)))[1]
            same = _image(claim, swap) == claim
            if same and {(tuple(sorted(_image(dict(f), swap).items())), e) for f, e in known} == known:
                members.append(s)
                break
        else:
            classes.append([s])
    return tuple(tuple(members) for members in classes)


def _image(form: Form, swap: Sequence[int]) -> Form:
    return {moved(mask, swap): c for mask, c in form.items()}


def _undecided(
    setting: Setting, claim: Statement, given: Sequence[Statement], side: str, point: Point | None
) -> Undecided:
    content = certificates.header(setting, claim, given, "undecided") | {"side": side}
    if point is None:
        return Undecided(claim.text, str(setting), content, None)
    ground, entropies = point
    content["polymatroid"] = certificates.polymatroid(ground, entropies)
    named = {
        tuple(name for k, name in enumerate(ground) if mask >> k & 1): h for mask, h in enumerate(entropies) if mask
    }
    return Undecided(claim.text, str(setting), content, named)
