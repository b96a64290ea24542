"""Names: which variables of a setting a name in a text stands for, and which names of a text look too much alike.

    X1                 the name itself
    X_1, X_{1}, X₁     X1, or X_1 where that is the name;   X_i, X_{i+1} below sum_i;   X_N, X_{N-1}: the last samples
    X^N, X^2, X^{i-1}  all samples, the first two, those before i;   X_{2:N}, X_{<i}, X_{>i}, X_{!=i} likewise
    Θ, Theta, theta    the same name

Where the variables are free, a text itself says which there are. There XY beside X, and Θ beside Theta, are asked back.
Errors: LookupError with the reason and a notation that works; the reader adds the text and a caret.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from therml_exact.shannon.setting import Setting

_GREEK = {"φ": "phi", "ϕ": "phi", "θ": "theta", "ϑ": "theta"}
_FREE = re.compile(r"[\w'′]+")
_INDEXED = re.compile(r"(?P<base>[^_^{}]+?)\s*(?P<mark>[_^])(?:\{(?P<inside>[^{}]+)\}|(?P<bare>\w+))")
_POINT = re.compile(r"(?P<start>\d{1,9}|[A-Za-z])\s*(?:(?P<sign>[+−-])\s*(?P<more>\d{1,9}))?")
_TOKEN = re.compile(r"[^\W\d_](?:_?\d+)?['′]*")
_RELATIVE = re.compile(r"(<=|>=|!=|\\ne|[<>≤≥≠⩽⩾-])\s*(.+)")
_MOST_SAMPLES = 1000


def point(text: str, indices: Mapping[str, int], n: int | None) -> int | None:
    """The number that an index such as 2, i, i+1, N or N-1 stands for; None for a text that is no index."""
    found = _POINT.fullmatch(text.strip())
    if found is None:
        return None
    start = found["start"]
    if start.isdigit():
        value = int(start)
    elif start in indices:
        value = indices[start]
    elif start == "N" and n is not None:
        value = n
    else:
        return None
    more = int(found["more"] or 0)
    return value + more if found["sign"] == "+" else value - more


def samples(mark: str, inside: str, indices: Mapping[str, int], n: int | None) -> list[int] | None:
    """The samples that what stands after _ or ^ names; None where it names none."""
    span = re.split(r":|\.\.\.?|…", inside)
    if len(span) == 2:
        ends = [point(end, indices, n) for end in span]
        return None if None in ends else list(range(ends[0], ends[1] + 1))  # type: ignore[arg-type, operator]
    relative = _RELATIVE.fullmatch(inside.strip())
    if relative is not None:
        to = point(relative[2], indices, n)
        if to is None or n is None:
            return None
        sign = {"≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">="}.get(relative[1], relative[1])
        kept = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}.get(sign, int.__ne__)
        return [i for i in range(1, n + 1) if kept(i, to)]
    to = point(inside, indices, n)
    if to is None or to > _MOST_SAMPLES:
        return None
    return [to] if mark == "_" else list(range(1, to + 1))


def find(name: str, setting: Setting, indices: Mapping[str, int]) -> int:
    """The bit mask of the setting's variables that a name stands for."""
    known = setting.names
    if name in known:
        return 1 << known.index(name)
    for candidates in _readings(name, setting, indices):
        if all(c in known for c in candidates):
            return setting.mask(candidates)
    alike = [k for k in known if key(k) == key(name)]
    if len(alike) == 1:
        return 1 << known.index(alike[0])
    raise LookupError(_unknown(name, setting, indices))


def _readings(name: str, setting: Setting, indices: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """What a short form may stand for."""
    found = _INDEXED.fullmatch(name)
    if found is not None:
        chosen = samples(found["mark"], found["inside"] or found["bare"], indices, setting.n)
        if chosen is not None:
            base = found["base"].strip()
            for between in ("", "_"):
                yield tuple(f"{base}{between}{i}" for i in chosen)
    if setting.n == 1:
        yield (f"{name}1",)


def _unknown(name: str, setting: Setting, indices: Mapping[str, int]) -> str:
    known = setting.names
    shown = f"unknown variable {name[:40]!r}"
    found = _INDEXED.fullmatch(name)
    if found is not None and any(f"{found['base']}{between}1" in known for between in ("", "_")):
        inside = found["inside"] or found["bare"]
        chosen = samples(found["mark"], inside, indices, setting.n)
        if chosen is not None:
            return f"{shown}: the samples are 1 to {setting.n}"
        letter = next((c for c in inside if c.isalpha() and c not in indices and c != "N"), None)
        if letter is not None:
            return f"the index {letter} of {name[:40]} belongs below sum_{letter}; write sum_{letter} before"
    pieces = concatenation(name, known)
    if pieces:
        return f"{shown}; several variables are written with commas: {','.join(pieces)}"
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    if setting.n is not None and f"{name}1" in known:
        near = [f"{name}1", f"{name}^N"]
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    return f"{shown}{hint} Known are {', '.join(known)}"


# ---- free variables


def word(name: str, indices: Mapping[str, int], plain: bool) -> tuple[str, ...]:
    """The free variables that a name in a text stands for: X_{1} is X_1, and X_i below sum_i is X1 (or X_1)."""
    found = _INDEXED.fullmatch(name)
    if found is not None:
        inside = found["inside"] or found["bare"]
        digits = inside.strip().isdigit()
        chosen = samples(found["mark"], inside, indices, None)
        base = found["base"].strip()
        if chosen is not None and _FREE.fullmatch(base):
            between = "_" if (digits and found["mark"] == "_") or not plain else ""
            return tuple(f"{base}{between}{i}" for i in chosen)
        if found["inside"] and found["mark"] == "_" and _FREE.fullmatch(base + inside.strip()):
            return (f"{base}_{inside.strip()}",)
    if not _FREE.fullmatch(name):
        more = "; X^N is all samples of a world, give world= for it" if "^" in name else ""
        raise LookupError(f"{name[:40]!r} is no name: letters, digits, _ and '; two variables are written H(X,Y){more}")
    return (name,)


def key(name: str) -> str:
    """What names that look alike have in common: X_1, X_{1} and X₁; Θ, Theta and theta."""
    text = unicodedata.normalize("NFKC", name).replace("′", "'")
    text = "".join(_GREEK.get(c.lower(), c) for c in text)
    text = re.sub(r"[\s_{}]", "", text)
    return text.lower() if len(re.sub(r"\W|\d", "", text)) > 1 else text


def concatenation(name: str, others: Sequence[str]) -> tuple[str, ...]:
    """The other names that a name is put together from, in order; empty where it is not."""
    others = sorted({o for o in others if o != name and o in name}, key=lambda o: -len(o))
    ends: dict[int, tuple[str, ...]] = {0: ()}
    for at in range(len(name)):
        if at in ends:
            for other in others:
                if name.startswith(other, at):
                    ends.setdefault(at + len(other), (*ends[at], other))
    return ends.get(len(name), ())


def doubtful(names: Sequence[str]) -> tuple[str, str] | None:
    """The first of some free names that is doubtful beside the others, and what to ask."""
    for k, name in enumerate(names):
        for other in names[:k]:
            if key(name) == key(other):
                return name, (
                    f"are {other} and {name} the same variable? Write one of them everywhere, or two names that differ "
                    "in more than that"
                )
    spelled = {name: _letters(name) for name in names}
    for name in names:
        others = [n for n in names if n != name]
        pieces = concatenation(name, others)
        shared = {t for o in others for t in spelled[o] or (o,)} & set(spelled[name])
        covered = _covered(name, others)
        if pieces or shared or covered:
            apart = pieces or spelled[name] or tuple(name)
            return name, (
                f"is {name} one variable, or {' and '.join(apart)}? Several variables are written with commas, "
                f"H({','.join(apart)}); one variable needs a name that is not put together from the others'"
            )
    return None


def _letters(name: str) -> tuple[str, ...]:
    """The variables XY, X1Y1 and ΘX may stand for: capital letters, each with its number; empty for other names."""
    tokens = tuple(_TOKEN.findall(name))
    whole = len(tokens) > 1 and "".join(tokens) == name and all(not t[0].islower() for t in tokens)
    return tokens if whole else ()


def _covered(name: str, others: Sequence[str]) -> bool:
    """Whether names of two letters or more that overlap cover this one, as xy and yz cover xyz."""
    marks = [False] * len(name)
    for other in others:
        at = name.find(other)
        while len(other) > 1 and at >= 0:
            marks[at : at + len(other)] = [True] * len(other)
            at = name.find(other, at + 1)
    return all(marks)
