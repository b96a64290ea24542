"""check_proof: is a certificate of certificate.py true? Exact sums of fractions; no linear program is imported.

    proved      claim - sum m term = 0 as a form in joint entropies, every term nonnegative or zero as its kind says
    refuted     the tables are a distribution on the graph; the claim, summed from its cells, has the wrong sign
    undecided   the function satisfies every elemental inequality, independence, exchange and hypothesis, and breaks
                the claim: no proof from these exists (which leaves the truth of the claim open)

The statement is read from its text again, d-separation is asked of the graph itself.
Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

from therml_exact.numbers.text import read_rational, shown
from therml_exact.shannon import constants
from therml_exact.shannon.certificate import FORMAT, VERSION, claims, under
from therml_exact.shannon.copies import Copy
from therml_exact.shannon.copies import read as copied
from therml_exact.shannon.grammar import Form, add
from therml_exact.shannon.known import TEXTS, hypotheses, named, proof
from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import Statement, parse_all
from therml_exact.verification import Clock, Proven, RefusedError, Verification, judge, read, require

_MOST_TERMS = 200_000
_MOST_GROUND = 14
_MOST_CONSTANTS = 100
_MOST_PRIME = 10**9
_MOST_BITS = 30_000  # of a denominator, which forged terms could make grow without end


def verify_proof(certificate: Any) -> Verification:
    """Whether a certificate of `prove` is true, by exact sums of fractions alone.

    certificate: the mapping `result.certificate`, or the path of a JSON file. (`verify` takes certificates of all
    kinds.) Returns a Verification whose `claim` says what was proved of what. It never raises on a false certificate.

    >>> import therml_exact as tx
    >>> certificate = tx.prove("H(A,B) <= H(A) + H(B)").certificate
    >>> tx.verify_proof(certificate).valid
    True
    >>> tx.verify_proof(certificate | {"statement": "H(A) + H(B) <= H(A,B)"}).valid
    False
    """

    def check(clock: Clock) -> Proven:
        return check_proof(read(certificate), None, clock)

    return judge(check)


def check_proof(content: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """The claim of one certificate."""
    require(problem is None, "a proof is about a statement, not about a problem")
    known = content.get("format") == FORMAT and type(content.get("version")) is int and content["version"] == VERSION
    require(known, f"format {shown(content.get('format'))}, version {shown(content.get('version'))}: "
                   f"not {FORMAT}, {VERSION}")  # fmt: skip
    setting = Setting.from_json(content)
    foreign = set(content) - {"format", "version", "verdict", "statement", "given", *setting.to_json(), *_PARTS}
    require(not foreign, f"the field {shown(min(foreign, default=''))} is none of a proof's")
    require(type(content["statement"]) is str, "the statement is no text")
    statements = parse_all(content["statement"], setting)
    require(type(content["given"]) is list, f"given is a {type(content['given']).__name__}; it is a list of statements")
    given = hypotheses(content["given"], setting)
    verdict = content["verdict"]
    if verdict == "proved":
        reason = _check_parts(setting, statements, given, content, clock) + _check_known(content["given"], clock)
    elif verdict == "refuted":
        reason = _check_world(setting, statements, given, content)
    elif verdict == "undecided":
        reason = _check_polymatroid(setting, statements, given, content, clock)
    else:
        raise RefusedError(f"verdict {shown(verdict)} is none of proved, refuted, undecided")
    lines = [f"statement: {content['statement']}", f"of: {setting}", *(f"given: {text}" for text in content["given"])]
    return Proven(None, None, reason, "\n".join((*lines, f"verdict: {verdict}")))


_PARTS = ("parts", "tables", "joint", "side", "polymatroid")


def _check_parts(
    setting: Setting,
    statements: Sequence[Statement],
    given: Sequence[Statement],
    content: Mapping[str, Any],
    clock: Clock,
) -> str:
    """Each side of the statement as an exact sum."""
    parts = content["parts"]
    told = [part["claim"] for part in parts]
    needed = claims(statements)
    require(tuple(told) == needed, f"the parts prove {shown(told)}; {content['statement']!r} needs {needed}")
    made: list[Copy] = []
    for part, claim in zip(parts, _sides(statements), strict=True):
        foreign = set(part) - {"claim", "sum", "copies"}
        require(not foreign, f"the field {shown(min(foreign, default=''))} is none of a part's")
        copies = copied(part["copies"], setting.names) if "copies" in part else []
        require(not copies or setting.graph is None, "copies are read for free variables only")
        _check_sum(setting, claim, given, part["sum"], copies, clock)
        made += copies
    where = f"every distribution of {setting}{under(content['given'])}"
    with_copies = f", with {'; '.join(map(str, made))}" if made else ""
    return f"proved: {content['statement']!r} in {where}: every sum is exact{with_copies}"


def _check_known(given: Sequence[str], clock: Clock) -> str:
    """The inequalities given by name, each proved again from its stored certificate."""
    names = sorted({name for name in map(named, given) if name is not None})
    for name in names:
        stored = proof(name)
        require(stored["statement"] == TEXTS[name] and stored["verdict"] == "proved" and not stored["given"],
                f"the stored proof of {name} proves something else")  # fmt: skip
        require(check_proof(stored, None, clock).claim is not None, f"the stored proof of {name} fails")
    return f"; {', '.join(names)} proved again" if names else ""


def _sides(statements: Sequence[Statement]) -> list[Form]:
    """What is to be nonnegative, in the order of `claims`."""
    return [side for statement in statements for side in statement.sides]


def _refuse(reason: str) -> None:
    raise RefusedError(reason)


def _number(text: Any) -> Fraction:
    return read_rational(text)


# ---- proved


def _check_sum(
    setting: Setting, claim: Form, given: Sequence[Statement], sum_: Any, copies: Sequence[Copy], clock: Clock
) -> None:
    if type(sum_) is not list or not all(type(term) is list for term in sum_):
        raise RefusedError("a sum is no list of terms")
    if len(sum_) > _MOST_TERMS:
        _refuse(f"{len(sum_):,} terms; at most {_MOST_TERMS:,} are read")
    total: dict[int, Fraction] = {}
    bits = {name: 1 << k for k, name in enumerate(copies[-1].after if copies else setting.names)}
    for term in sum_:
        clock.tick()
        m, kind, rest = _number(term[0]), term[1], term[2:]
        if kind == "hypothesis":
            (k,) = rest
            if type(k) is not int or not 0 <= k < len(given):
                _refuse(f"there is no hypothesis {k!r}")
            if m < 0 and given[k].relation != "=":
                _refuse(f"the inequality given[{k}] has the negative multiplier {m}")
            form = given[k].sides[0]
        elif kind in ("copy", "apart"):
            form = _copied(copies, rest, kind, bits)
        elif kind == "number":
            form = _amount(m, *rest)
        else:
            sets = [_set(names, bits) for names in rest]
            form = _term(setting, kind, m, sets, rest)
        for mask, c in form.items():
            total[mask] = total.get(mask, Fraction(0)) + m * c
            if total[mask].denominator.bit_length() > _MOST_BITS:
                _refuse("the denominators of the sum grow beyond all bounds")
    if {mask: c for mask, c in total.items() if c} != claim:
        _refuse("the terms do not add up to the claim")


def _copied(copies: Sequence[Copy], rest: list[Any], kind: str, bits: Mapping[str, int]) -> Form:
    """What is 0 because copies are made: [k, S] or [k]."""
    k, *sets = rest
    if type(k) is not int or not 0 <= k < len(copies):
        _refuse(f"there is no copy {k!r}")
    copy, one = copies[k], Fraction(1)
    if kind == "copy":
        (names,) = sets
        if not isinstance(names, list) or not set(names) <= {*copy.of, *copy.over}:
            _refuse(f"H({names}) is not that of its copy: {copy}")
        return add({_set(list(copy.copied(names)), bits): one}, {_set(names, bits): one}, -one)
    require(not sets, f"the independence of a copy is said without sets, not with {shown(sets)}")
    a, b, c = (_set(list(names), bits) for names in (copy.names, copy.rest, copy.over))
    return add(add({a | c: one}, {b | c: one}, one), add({a | b | c: one}, {c: one}, one), -one)


def _term(setting: Setting, kind: str, m: Fraction, sets: list[int], names: list[list[str]]) -> Form:
    """A term's joint entropies, once its kind's condition is checked."""
    one = Fraction(1)
    if kind in ("information", "entropy") and m < 0:
        _refuse(f"{kind} of {names} has the negative multiplier {m}")
    if kind == "entropy":
        a, c = sets
        return add({a | c: one}, {c: one}, -one)
    if kind == "exchange":
        s, t = names
        if not _exchangeable(setting, s, t):
            _refuse(f"H({', '.join(s)}) = H({', '.join(t)}) does not follow from exchangeable data")
        return add({sets[0]: one}, {sets[1]: one}, -one)
    if kind not in ("information", "independence"):
        _refuse(f"unknown kind of term {kind!r}")
    a, b, c = sets
    if kind == "independence" and (
        setting.graph is None or a & b or (a | b) & c or not setting.graph.separated(*(tuple(n) for n in names))
    ):
        _refuse(f"the graph does not separate {names[0]} and {names[1]} given {names[2]}")
    return add(add({a | c: one}, {b | c: one}, one), add({a | b | c: one}, {c: one}, one), -one)


def _amount(m: Fraction, sum_: Any) -> Form:
    """A nonnegative combination of nats and logarithms of primes."""
    form: Form = {}
    for text, name in sum_:
        key = -1 if name == "nat" else -int(name.removeprefix("log "))
        if constants.name(key) != name or key in form or not (key == -1 or _prime(-key)):
            _refuse(f"{shown(name)} is no constant: nat, or log of a prime, each once")
        form[key] = _number(text)
        if form[key].denominator.bit_length() > _MOST_BITS or len(form) > _MOST_CONSTANTS:
            _refuse("the constants of the sum grow beyond all bounds")
    if m < 0 or constants.amount(form).sign() < 0:
        _refuse(f"the number {shown(sum_)} is negative")
    return form


def _prime(p: int) -> bool:
    return 1 < p <= _MOST_PRIME and all(p % d for d in range(2, isqrt(p) + 1))


def _set(names: Sequence[str], bits: Mapping[str, int]) -> int:
    if not isinstance(names, list):
        _refuse(f"{names!r} is no list of names")
    mask = 0
    for name in names:
        mask |= bits[name]
    return mask


def _exchangeable(setting: Setting, s: Sequence[str], t: Sequence[str]) -> bool:
    """Whether a permutation of the samples maps S to T, both of data and Phi."""
    if not setting.shared or not set(s) | set(t) <= setting.data:
        return False

    def kinds(names: Sequence[str]) -> tuple[bool, list[list[str]]]:
        return "Phi" in names, sorted(sorted(v[0] for v in own if v in names) for own in setting.samples)

    return kinds(s) == kinds(t)


# ---- refuted


def _check_world(
    setting: Setting, statements: Sequence[Statement], given: Sequence[Statement], content: Mapping[str, Any]
) -> str:
    from therml_exact.shannon.witness import read_witness, value

    world = read_witness(setting, content)
    for hypothesis in given:
        amount = value(hypothesis.sides[0], setting, world)
        if amount.sign() < 0 or (amount.sign() and hypothesis.relation == "="):
            _refuse(f"the world breaks the hypothesis {hypothesis.text!r}")
    side = _sides(statements)[claims(statements).index(content["side"])]
    slack = value(side, setting, world)
    if slack.sign() >= 0:
        _refuse("the world does not break the claim")
    return f"refuted: {content['statement']!r} in {setting}{under(content['given'])}: {content['side']} is {slack}"


# ---- undecided


def _check_polymatroid(
    setting: Setting,
    statements: Sequence[Statement],
    given: Sequence[Statement],
    content: Mapping[str, Any],
    clock: Clock,
) -> str:
    if "polymatroid" not in content:
        _refuse("undecided, without an entropy-like function: nothing is claimed")
    claim = _sides(statements)[claims(statements).index(content["side"])]
    named = {key for form in (claim, *(s.form for s in given)) for key in form if key < 0}
    require(not named, "entropy-like functions know no constants")
    ground = content["polymatroid"]["ground"]
    h = [_number(v) for v in content["polymatroid"]["entropies"]]
    if len(set(ground)) != len(ground) or len(ground) > _MOST_GROUND or len(h) != 2 ** len(ground) or h[0] != 0:
        _refuse(f"{len(h)} entropies of {len(ground)} variables")
    if setting.graph is not None and setting.graph.ancestors(ground) != set(ground):
        _refuse("the variables are not closed under parents")
    place = {name: k for k, name in enumerate(ground)}
    whole = {1 << k: 1 << place[name] if name in place else 0 for k, name in enumerate(setting.names)}
    if setting.shared and set(ground) & setting.data and not setting.data <= set(ground):
        _refuse("some of the exchangeable data are left out")

    def at(form: Mapping[int, Fraction]) -> Fraction:
        # A variable left out is constant.
        return sum((c * h[sum(v for k, v in whole.items() if mask & k)] for mask, c in form.items()), start=Fraction(0))

    full = len(h) - 1
    for i in range(len(ground)):
        clock.tick()
        if h[full] < h[full & ~(1 << i)]:
            _refuse(f"H({ground[i]}|rest) < 0")
        for j in range(i + 1, len(ground)):
            both = 1 << i | 1 << j
            for k in range(len(h)):
                if k & both:
                    continue
                information = h[k | 1 << i] + h[k | 1 << j] - h[k | both] - h[k]
                if information < 0:
                    _refuse(f"I({ground[i]};{ground[j]}|...) < 0")
    if setting.graph is not None:  # the local Markov properties imply all independences
        for name in ground:
            above = set(setting.graph.parents(name))
            below = {v for v in ground if name in setting.graph.ancestors(v)}
            others = sum(1 << place[v] for v in ground if v not in above | below)
            a, c = 1 << place[name], sum(1 << place[v] for v in above)
            if h[a | c] + h[others | c] != h[a | others | c] + h[c]:
                _refuse(f"{name} depends on what its parents separate it from")
    if setting.shared and len(setting.samples) > 1 and set(ground) & setting.data:
        for mask in range(len(h)):
            names = [v for v in ground if mask >> place[v] & 1]
            if set(names) <= setting.data:
                for one in range(len(setting.samples) - 1):
                    swap = dict(zip(setting.samples[one], setting.samples[one + 1], strict=True))
                    swap |= {b: a for a, b in swap.items()}
                    if h[mask] != h[sum(1 << place[swap.get(v, v)] for v in names)]:
                        _refuse(f"H({', '.join(names)}) changes when samples are exchanged")
    for hypothesis in given:
        amount = at(hypothesis.sides[0])
        if amount < 0 or (amount and hypothesis.relation == "="):
            _refuse(f"the function breaks the hypothesis {hypothesis.text!r}")
    slack = at(claim)
    if slack >= 0:
        _refuse("the function does not break the claim")
    where = f"{setting}{under(content['given'])}"
    return (
        f"undecided: {content['statement']!r} in {where}: no Shannon proof exists; an entropy-like function has "
        f"{content['side']} = {slack}"
    )
