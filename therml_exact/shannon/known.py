"""Known inequalities that Shannon's do not imply, by name: "zhang-yeung(A,B,C,D)" stands for its text.

    zhang-yeung    2 I(C;D) <= I(A;B) + I(A;C,D) + 3 I(C;D|A) + I(C;D|B)
    dfz-1 ... dfz-6    the six of Dougherty, Freiling and Zeger
    matus-1, matus-2, matus-3    s = 1, 2, 3 of  s ingleton + I(B;C|A) + s(s+1)/2 (I(A;B|C) + I(A;C|B)) >= 0,
                                 ingleton = I(A;B|C) + I(A;B|D) + I(C;D) - I(A;B)

Arguments are variables, or with ';' between them sets of variables: "zhang-yeung(A,E; B; C; D)". Each name has a proof
with copies in data/known_inequalities.json. The checker checks it again wherever the name is used, so that nothing
rests on this table but what a text means.
Errors: ValueError for a name that is not known, or for arguments that are not four.
Sources: Z. Zhang, R. Yeung, On characterization of entropy function (1998); R. Dougherty, C. Freiling, K. Zeger, Six
new non-Shannon information inequalities (2006); F. Matus, Infinitely many information inequalities (2007).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib import resources
from typing import Any

from therml_exact.shannon.setting import Setting
from therml_exact.shannon.statements import Statement, parse_all

_INGLETON = "I(A;B|C) + I(A;B|D) + I(C;D)"

TEXTS: Mapping[str, str] = {
    "zhang-yeung": "2 I(C;D) <= I(A;B) + I(A;C,D) + 3 I(C;D|A) + I(C;D|B)",
    "dfz-1": "2 I(A;B) <= 3 I(A;B|C) + 3 I(A;C|B) + 3 I(B;C|A) + 2 I(A;D) + 2 I(B;C|D)",
    "dfz-2": "2 I(A;B) <= 4 I(A;B|C) + I(A;C|B) + 2 I(B;C|A) + 3 I(A;B|D) + I(B;D|A) + 2 I(C;D)",
    "dfz-3": "2 I(A;B) <= 3 I(A;B|C) + 2 I(A;C|B) + 4 I(B;C|A) + 2 I(A;C|D) + I(A;D|C) + 2 I(B;D) + I(C;D|A)",
    "dfz-4": "2 I(A;B) <= 5 I(A;B|C) + 3 I(A;C|B) + I(B;C|A) + 2 I(A;D) + 2 I(B;C|D)",
    "dfz-5": "2 I(A;B) <= 4 I(A;B|C) + 4 I(A;C|B) + I(B;C|A) + 2 I(A;D) + 3 I(B;C|D) + I(C;D|B)",
    "dfz-6": "2 I(A;B) <= 3 I(A;B|C) + 2 I(A;C|B) + 2 I(B;C|A) + 2 I(A;B|D) + I(A;D|B) + I(B;D|A) + 2 I(C;D)",
    **{
        f"matus-{s}": f"{s} I(A;B) <= {s} [{_INGLETON}] + I(B;C|A) + {s * (s + 1) // 2} [I(A;B|C) + I(A;C|B)]"
        for s in (1, 2, 3)
    },
}

_CALL = re.compile(r"\s*([A-Za-z]+-[A-Za-z0-9]+|ingleton)\s*\(([^()]*)\)\s*", re.IGNORECASE)


def named(text: Any) -> str | None:
    """The name of the known inequality that a text stands for; None for a statement written out."""
    found = _CALL.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else found[1].lower()


def expanded(text: str, where: str = "given") -> str:
    """A statement for the parser: what the name stands for, other texts as they are.

    >>> expanded("matus-1(X,Y,U,V)")
    '1 I(X;Y) <= 1 [I(X;Y|U) + I(X;Y|V) + I(U;V)] + I(Y;U|X) + 1 [I(X;Y|U) + I(X;U|Y)]'
    """
    name = named(text)
    if name is None:
        return text
    if name not in TEXTS:
        if name == "ingleton":
            raise ValueError(f"{where} is {text!r}: Ingleton's inequality does not hold of all distributions; write "
                             f"it out to assume it: I(A;B) <= {_INGLETON}")  # fmt: skip
        near = get_close_matches(name, TEXTS, n=3, cutoff=0.3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "."
        raise ValueError(f"{where} is {text!r}: {name} is no known inequality{hint} Known are {', '.join(TEXTS)}")
    match = _CALL.fullmatch(text)
    inside = match[2] if match is not None else ""
    arguments = [part.strip() for part in inside.split(";" if ";" in inside else ",")]
    if len(arguments) != 4 or not all(arguments):
        raise ValueError(
            f"{where} is {text!r}: {name} takes four variables, {name}(A,B,C,D), or sets, {name}(A,E; B; C; D)"
        )
    return re.sub(r"\b[ABCD]\b", lambda m: arguments["ABCD".index(m[0])], TEXTS[name])


def hypotheses(texts: Sequence[Any], setting: Setting) -> list[Statement]:
    """All statements of the texts given, in order; a known inequality goes by the name that it was given by."""
    found: list[Statement] = []
    for k, text in enumerate(texts):
        read = parse_all(expanded(text, f"given[{k}]"), setting, f"given[{k}]")
        found += read if named(text) is None else [replace(statement, text=text) for statement in read]
    return found


def proof(name: str) -> dict[str, Any]:
    """The stored certificate of a known inequality, about A, B, C and D."""
    from therml_exact.files import read_json

    with resources.as_file(resources.files("therml_exact") / "data" / "known_inequalities.json") as path:
        found = read_json(path)[name]
    if not isinstance(found, dict):
        raise ValueError(f"the stored proof of {name} is no certificate")
    return found
