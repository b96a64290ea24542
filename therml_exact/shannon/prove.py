"""prove: is a linear (in)equality of entropies true of every distribution of a world?

    claim c.h >= 0      1. a Shannon proof over the variables it names, then over all that matter (program.py)
                        2. an exact world that breaks it (refute.py)
                        3. neither: Undecided, with an entropy-like function that breaks it

Shannon's inequalities and d-separation do not imply everything true, so a claim without a proof may hold.
Units: forms are homogeneous, slacks in nats. Source: R. Yeung, A framework for linear information inequalities (1997).
Errors: ValueError, for a text with a caret below the offending character.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from time import monotonic
from typing import Any

from therml_exact.graph import Graph
from therml_exact.shannon import certificate as certificates
from therml_exact.shannon import copy_search, known
from therml_exact.shannon.chain import chain_cone
from therml_exact.shannon.closure import Closure, closure
from therml_exact.shannon.cone import MOST_GROUND, Cone, build, cone
from therml_exact.shannon.constant_cone import with_constants
from therml_exact.shannon.constants import keys
from therml_exact.shannon.copies import Copy
from therml_exact.shannon.derivation import Derivation, derive, moved, narrowed, relabellings
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import Answer, decide
from therml_exact.shannon.refute import by_codes, by_dice, by_linear_worlds, by_tables
from therml_exact.shannon.results import Proved, Refuted, Undecided
from therml_exact.shannon.setting import Setting, free, of_graph, of_world
from therml_exact.shannon.shorten import shortened, with_hypotheses
from therml_exact.shannon.statements import Statement, free_names, parse_all
from therml_exact.shannon.uniform import MODEL, follow
from therml_exact.shannon.witness import to_json

_MOST_SHORTENED = 11  # variables
_MANY = 7  # free variables from which chain rules are tried first
_MOST_COPIES = 3
_LONG = 40  # terms of a proof for which a shorter one is sought by chain rules
_QUICK = 8  # variables up to which the whole program takes less time than a search for counterexamples

Classes = tuple[tuple[int, ...], ...]
Point = tuple[tuple[str, ...], list[Fraction]]


def prove(
    statement: str,
    *,
    world: str | None = None,
    n: int | None = None,
    graph: Graph | Mapping[str, Sequence[str]] | None = None,
    given: str | Sequence[str] = (),
    copies: int = 0,
    time_limit: float = 60.0,
) -> Proved | Refuted | Undecided:
    """Decide a linear statement about entropies, such as "I(Z1;Phi) <= I(Z1;X1,Theta)" (18), over all distributions.

    statement: text with rational coefficients, `H(A,B|C)`, `I(A;B|C)`, and `<=`, `>=`, `=`, also in chains
    `a <= b <= c`; `min` and `max` where they mean "and"; constants in nats, such as `1`, `log 2`, `1 bit`. Also
    `X -> Y -> Z`, `X _||_ Y | Z` and `Y = f(X)` (statements.py, grammar.py and names.py have the grammar).
    world: "P", "Q", "bayes" or "discriminative", with n samples (1 unless said). graph: a Graph instead of a world, or
    the parents of each node as a dict. With neither, the variables in the text are free. given: a text of one or
    several statements, or a list of such texts, that are assumed of the distribution; also a known inequality by name,
    "zhang-yeung(A,B,C,D)" (known.py).
    copies: how many steps of the copy lemma a proof may take (0 to 3; free variables only): what Shannon's inequalities
    say of the variables and of conditionally independent copies of them. Two steps may take a minute.
    time_limit: seconds after which the search stops, with an Undecided that says so.
    Returns Proved (with a certificate), Refuted (with an exact distribution and its slack in nats) or Undecided.
    Raises ValueError for a text that cannot be read, with a caret below the offending character.

    >>> print(prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P").verdict, prove("H(A) <= H(B)").verdict)
    proved refuted
    """
    if isinstance(time_limit, bool) or not isinstance(time_limit, (int, float)) or not time_limit > 0:
        raise ValueError(f"time_limit is {time_limit!r}; it is a number of seconds > 0")
    deadline = monotonic() + time_limit
    texts = _texts(given)
    setting = _setting(statement, world, n, graph, texts)
    _check_copies(copies, setting)
    claims = parse_all(statement, setting)
    hypotheses = known.hypotheses(texts, setting)
    # Every form with its largest coefficient 1: what floats see does not depend on anyone's unit.
    scales = [_largest(h.form) for h in hypotheses]
    assumed = [(_divided(h.sides[0], s), h.relation == "=") for h, s in zip(hypotheses, scales, strict=True)]
    parts = []
    whole_sides = [side for claim in claims for side in claim.sides]
    for whole_side, name in zip(whole_sides, certificates.claims(claims), strict=True):
        scale = _largest(whole_side)
        side = _divided(whole_side, scale)
        few = len(_relevant(setting, _used(side, assumed))) <= _QUICK
        facts = None if setting.graph is not None else closure(len(setting.names), assumed)
        derivation, point = _implied(setting, side, assumed, facts, deadline)
        if derivation is None and not texts:
            derivation = _followed(setting, side, statement, name, deadline)
        world_found = None
        if derivation is None and point is None:
            derivation = _chain(setting, side, assumed, deadline)
        if derivation is None and point is None and (few or setting.graph is not None):
            derivation, point = _shannon(setting, side, assumed, True, deadline)
            if derivation is None and few and setting.graph is not None:
                derivation, point = _shannon(setting, side, assumed, False, deadline)
        if derivation is None:
            ground = _relevant(setting, _used(side, assumed))
            search = setting, ground, side, assumed, deadline
            world_found = by_codes(*search, facts) or by_linear_worlds(*search) or by_dice(*search)
            if world_found is None and not few and point is None:
                derivation, point = _shannon(setting, side, assumed, False, deadline)
            if derivation is None and world_found is None and copies:
                found = copy_search.search(setting, side, assumed, copies, deadline)
                if found is not None:
                    parts.append(_part(name, *found, scale, scales))
                    continue
            if derivation is None and world_found is None:
                world_found = by_tables(*search)
            if world_found is not None:
                broken, slack = world_found[0], world_found[1] * scale
                content = certificates.header(setting, statement, texts, "refuted") | {"side": name} | to_json(broken)
                return Refuted(statement, str(setting), content, broken, slack)
        if derivation is None:
            stopped = float(time_limit) if point is None and monotonic() > deadline else None
            open_ = _undecided(setting, statement, texts, name, point, stopped)
            return replace(open_, note=_note(hypotheses), limit=_limit(ground))
        parts.append({"claim": name, "sum": certificates.terms(setting, _multiplied(derivation, scale, scales))})
    content = certificates.header(setting, statement, texts, "proved") | {"parts": parts}
    return Proved(statement, str(setting), content)


def _check_copies(copies: Any, setting: Setting) -> None:
    if isinstance(copies, bool) or not isinstance(copies, int) or not 0 <= copies <= _MOST_COPIES:
        raise ValueError(
            f"copies is {copies!r}; it is how many copies a proof may make, an integer from 0 to {_MOST_COPIES}"
        )
    if copies and setting.graph is not None:
        raise ValueError(f"copies = {copies} is for free variables; give what {setting} implies as hypotheses (given=)")


def _part(
    name: str, copies: Sequence[Copy], derivation: Derivation, scale: Fraction, scales: Sequence[Fraction]
) -> dict[str, Any]:
    """A side of a proof that makes copies."""
    whole = free(copies[-1].after)
    sum_ = certificates.terms(whole, _multiplied(derivation, scale, scales), list(copy_search.labels(copies)))
    return {"claim": name, "sum": sum_, "copies": [copy.to_json() for copy in copies]}


def _texts(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Sequence):
        raise TypeError(f"given is a {type(given).__name__}; it is a statement or a list of statements")
    return tuple(given)


def _largest(form: Mapping[int, Fraction]) -> Fraction:
    return max((abs(c) for c in form.values()), default=Fraction(1))


def _divided(form: Form, scale: Fraction) -> Form:
    return {mask: c / scale for mask, c in form.items()}


def _multiplied(found: Derivation, scale: Fraction, scales: Sequence[Fraction]) -> Derivation:
    """The derivation of a form divided by `scale` from hypotheses divided by theirs, as one of the whole form."""
    return Derivation(
        {triple: m * scale for triple, m in found.informations.items()},
        {triple: m * scale for triple, m in found.independences.items()},
        {pair: m * scale for pair, m in found.exchanges.items()},
        {k: m * scale / scales[k] for k, m in found.hypotheses.items()},
        {key: c * scale for key, c in found.number.items()},
        {k: m * scale for k, m in found.copied.items()},
    )


def _setting(
    text: str,
    world: str | None,
    n: int | None,
    graph: Graph | Mapping[str, Sequence[str]] | None,
    given: Sequence[str],
) -> Setting:
    if graph is not None:
        if world is not None or n is not None:
            raise ValueError("give either graph or world and n, not both")
        if not isinstance(graph, (Graph, Mapping)):
            raise TypeError(f"graph is a {type(graph).__name__}; give a tx.Graph, or the parents of each node")
        return of_graph(graph if isinstance(graph, Graph) else Graph(graph))
    if world is not None:
        return of_world(world, 1 if n is None else n)
    if n is not None:
        raise ValueError(f"n = {n!r} counts the samples of a world; give world= as well")
    places = [(text, "statement"), *((known.expanded(t, f"given[{k}]"), f"given[{k}]") for k, t in enumerate(given))]
    return free(free_names(places) or ("X",))


def _implied(
    setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], facts: Closure | None, deadline: float
) -> tuple[Derivation | None, Point | None]:
    """A derivation, or a point, over the cone without what hypotheses make 0 (closure.py)."""
    if facts is None:
        return None, None
    space = build(setting, setting.names, (), facts.joined(len(setting.names)))
    space = with_constants(space, _constants(claim, given))
    answer = _decide(setting, space, claim, given, deadline)
    if answer.rows is not None:
        found = derive(setting, space, (), claim, [form for form, _ in given], answer, facts)
        if space.constants:
            return found, None
        found = with_hypotheses(claim, given, found) or found
        other = _chain(setting, claim, given, deadline) if found.size > _LONG else None
        return min(found, other or found, key=lambda proof: proof.size), None
    if answer.point is None or space.constants:  # the point's constants are not in the proportions of the true ones
        return None, None
    return None, (setting.names, space.spread(answer.point))


def _followed(setting: Setting, side: Form, text: str, name: str, deadline: float) -> Derivation | None:
    """A derivation along one for fewer samples, where all variables are too many (uniform.py)."""
    if not side or keys([side]) or (setting.n or 0) <= MODEL or len(_relevant(setting, _used(side, ()))) <= MOST_GROUND:
        return None
    model = of_world(str(setting.kind), MODEL)
    try:
        claims = parse_all(text, model)
    except ValueError:  # it names a sample that the model has not
        return None
    sides = [own for claim in claims for own in claim.sides]
    form = dict(zip(certificates.claims(claims), sides, strict=True)).get(name, {})
    form = _divided(form, _largest(form))
    found, _ = _shannon(model, form, [], False, deadline) if form else (None, None)
    return None if found is None else follow(setting, side, model, found, deadline - monotonic())


def _limit(ground: tuple[str, ...]) -> str:
    """What keeps proofs and functions from being searched for among all variables, in words."""
    if len(ground) <= MOST_GROUND:
        return ""
    return f"{len(ground)} variables matter here, and proofs and functions are searched for among at most {MOST_GROUND}"


def _chain(setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float) -> Derivation | None:
    """A derivation by chain rules, where free variables are many."""
    if not claim:
        return Derivation({}, {}, {}, {})
    ground = setting.members(_used(claim, given))
    if setting.graph is not None or len(ground) < _MANY or _constants(claim, given):
        return None
    place = [setting.names.index(name) for name in ground]
    space = chain_cone(ground, (mask for form, _ in [(claim, False), *given] for mask in narrowed(form, place)))
    if space is None:
        return None
    answer = _decide(setting, space, claim, given, deadline)
    return None if answer.rows is None else derive(setting, space, (), claim, [form for form, _ in given], answer)


def _shannon(
    setting: Setting, claim: Form, given: Sequence[tuple[Form, bool]], small: bool, deadline: float
) -> tuple[Derivation | None, Point | None]:
    """A derivation; or where there is none, a point of the cone that breaks the claim (over all that matter)."""
    used = _used(claim, given)
    ground = (setting.members(used) if small else _relevant(setting, used)) or setting.names[:1]
    if len(ground) > MOST_GROUND or monotonic() > deadline:
        return None, None
    classes = _classes(setting, claim, given)
    space = with_constants(cone(setting, ground, classes), _constants(claim, given))
    answer = _decide(setting, space, claim, given, deadline)
    if answer.rows is not None:
        long = derive(setting, space, classes, claim, [form for form, _ in given], answer)
        alone = not answer.hypotheses and not space.constants
        if any(len(c) > 1 for c in classes) and len(ground) <= _MOST_SHORTENED and alone:
            short = shortened(setting, cone(setting, ground, ()), claim, dict(long.informations))
            return short or long, None
        return long, None
    if answer.point is None or space.constants:  # as in `_implied`
        return None, None
    return None, (ground, space.spread(answer.point))


def _used(claim: Form, given: Sequence[tuple[Form, bool]]) -> int:
    """The variables that claim and hypotheses name."""
    used = 0
    for form in (claim, *(form for form, _ in given)):
        for mask in form:
            used |= max(mask, 0)
    return used


def _constants(claim: Form, given: Sequence[tuple[Form, bool]]) -> tuple[int, ...]:
    return keys([claim, *(form for form, _ in given)])


def _decide(setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float) -> Answer:
    place = [setting.names.index(name) for name in space.ground]
    assumed = [(space.reduce(narrowed(form, place)), equality) for form, equality in given]
    return decide(space, space.reduce(narrowed(claim, place)), assumed, deadline)


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
    setting: Setting, statement: str, given: Sequence[str], side: str, point: Point | None, stopped: float | None
) -> Undecided:
    content = certificates.header(setting, statement, given, "undecided") | {"side": side}
    if point is None:
        return Undecided(statement, str(setting), content, None, stopped)
    ground, entropies = point
    content["polymatroid"] = certificates.polymatroid(ground, entropies)
    named = {
        tuple(name for k, name in enumerate(ground) if mask >> k & 1): h for mask, h in enumerate(entropies) if mask
    }
    return Undecided(statement, str(setting), content, named)


def _note(hypotheses: Sequence[Statement]) -> str | None:
    """What makes a search for counterexamples hopeless."""
    if any(h.relation == "=" and -1 in h.form for h in hypotheses):
        return (
            "a number without a unit is in nats, and no rational distribution has an entropy of so many nats, so that "
            "no exact counterexample exists; write H(W) = log 2 or H(W) = 1 bit for bits"
        )
    return None
