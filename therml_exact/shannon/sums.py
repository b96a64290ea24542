"""Sums: the values of the letters below a sum sign.

    sum_i, sum_{i}                      i = 1, ..., N
    sum_{i=2}^N, sum_{i=1}^{N-1}        from and to;  also sum_{i=1..3}
    sum_{i,j}                           all pairs
    sum_{i<j}, sum_{i<=j}, sum_{i!=j}, sum_{1<=i<j<=N}

Errors: LookupError with the reason; the reader adds the text and a caret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise, product

from therml_exact.shannon.names import point

SUM = re.compile(
    r"(?:\\?sum|Σ|∑)\s*_\s*(?:(?P<letter>[A-Za-z])(?![A-Za-z0-9_])|\{(?P<inside>[^{}]*)\})"
    r"(?:\s*\^\s*(?:(?P<to>[A-Za-z0-9])|\{(?P<last>[^{}]*)\}))?"
)
_FROM = re.compile(r"([A-Za-z])=([^.:]+?)(?:(?:\.\.\.?|:|…)(.+))?")
_SIGN = re.compile(r"<=|>=|!=|\\leq?|\\neq?|[<>≤⩽≠]")
_SAME = {"≤": "<=", "⩽": "<=", "\\le": "<=", "\\leq": "<=", "≠": "!=", "\\ne": "!=", "\\neq": "!="}
_HOLDS = {"<": int.__lt__, "<=": int.__le__, "!=": int.__ne__}
_MOST = 10_000  # terms of one sum


def values(found: re.Match[str], indices: Mapping[str, int], n: int | None) -> list[dict[str, int]]:
    """The values of the letters, term by term, of what SUM has matched."""
    inside = re.sub(r"\s", "", found["letter"] or found["inside"])
    to = found["to"] or found["last"]
    start = _FROM.fullmatch(inside)
    if start is not None:
        letter, first, last = start[1], _bound(start[2], indices, n), start[3] or to
        if last is None:
            raise LookupError(f"where does the sum end? Write sum_{{{letter}={start[2]}}}^N")
        return _terms([letter], [range(first, _bound(last, indices, n) + 1)], indices)
    letters = inside.split(",")
    if all(re.fullmatch("[A-Za-z]", c) for c in letters):
        everything = range(1, _bound(to or "N", indices, n) + 1)
        return _terms(letters, [everything] * len(letters), indices)
    signs = [_SAME.get(sign, sign) for sign in _SIGN.findall(inside)]
    items = _SIGN.split(inside)
    if not signs or not set(signs) <= set(_HOLDS):
        raise LookupError("not understood below the sum; write sum_i, sum_{i<j} or sum_{i=2}^N")
    letters = [c for c in items if re.fullmatch("[A-Za-z]", c) and c != "N" and c not in indices]
    top = _bound(to or (items[-1] if items[-1] not in letters else "N"), indices, n)
    wanted = list(zip(pairwise(items), signs, strict=True))

    def holds(chosen: Mapping[str, int]) -> bool:
        inner = {**indices, **chosen}
        return all(_HOLDS[sign](_bound(a, inner, n), _bound(b, inner, n)) for (a, b), sign in wanted)

    return [one for one in _terms(letters, [range(1, top + 1)] * len(letters), indices) if holds(one)]


def _bound(text: str, indices: Mapping[str, int], n: int | None) -> int:
    value = point(text, indices, n)
    if value is None and "N" in text and n is None:
        raise LookupError("sum over samples, but no world is given: N is the number of samples of a world")
    if value is None:
        raise LookupError(f"{text[:20]!r} is no bound of a sum; write a number, N, or a letter of a sum outside")
    return value


def _terms(letters: list[str], ranges: list[range], indices: Mapping[str, int]) -> list[dict[str, int]]:
    for k, letter in enumerate(letters):
        if letter in indices or letter in letters[:k]:
            raise LookupError(f"the index {letter} is in use already; take another letter")
    terms = 1
    for one in ranges:
        terms *= len(one)
    if terms > _MOST or not letters:
        raise LookupError(f"a sum of {terms:,} terms; at most {_MOST:,} are written out")
    return [dict(zip(letters, chosen, strict=True)) for chosen in product(*ranges)]
