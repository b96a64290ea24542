"""Realise: functions that break a claim, simple ones first, and codes that have them as entropies.

    min w.h   over the cone and the hypotheses,  claim.h <= -1       (HiGHS; w > 0)

w = 1 gives few variables and small ranks: what need not vary is constant. A vertex is rational; scaled to integers it
is given to codes.py. Not every vertex is the entropies of a code. Those of all codes satisfy Ingleton's inequality,
    I(a;b) <= I(a;b|c) + I(a;b|d) + I(c;d),
which cuts other vertices off, and random w give other vertices. Floats only propose: what is found is decided exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import gcd, inf, lcm, prod
from time import monotonic
from typing import Any

import numpy as np
from scipy import sparse

from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array, freeze
from therml_exact.numbers.weights import Weights
from therml_exact.shannon import codes
from therml_exact.shannon.cone import Cone
from therml_exact.shannon.derivation import form_of, narrowed
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.setting import Setting

_MOST_CELLS = 2**16  # of a table
_DRAWS = 12
_MOST_ROWS = 20_000
_DENOMINATOR = 5040
_MOST_RANK = 10


def search(
    setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float = inf
) -> Iterator[Joint]:
    """Distributions of the setting whose entropies may break the claim; `space` is a cone without symmetrisation."""
    tried = set()
    for point in points(setting, space, claim, given, deadline):
        h = whole(space.spread(point))
        if h is None or tuple(h) in tried:
            continue
        tried.add(tuple(h))
        found = joint(setting, space.ground, h, deadline)
        if found is not None:
            yield found


def support(
    setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float = inf
) -> tuple[str, ...]:
    """The variables that vary in the simplest function that breaks the claim."""
    point = next(points(setting, space, claim, given, deadline), None)
    if point is None:
        return ()
    h = space.spread(point)
    return tuple(name for k, name in enumerate(space.ground) if h[1 << k])


def edge(
    setting: Setting, space: Cone, claim: Form, given: Sequence[tuple[Form, bool]], deadline: float = inf
) -> Iterator[Joint]:
    """Codes at which the claim holds with equality, nearly, and the hypotheses hold: vertices, and sums of two."""
    corners = [whole(space.spread(p)) for p in points(setting, space, claim, given, deadline, broken=False)]
    distinct = list(dict.fromkeys(tuple(h) for h in corners if h is not None))
    for h in (*distinct, *(tuple(map(sum, zip(*pair, strict=True))) for pair in combinations(distinct, 2))):
        found = joint(setting, space.ground, h, deadline)
        if found is not None:
            yield found


def points(
    setting: Setting,
    space: Cone,
    claim: Form,
    given: Sequence[tuple[Form, bool]],
    deadline: float = inf,
    broken: bool = True,
) -> Iterator[list[Fraction]]:
    """Values of the cone's unknowns where the claim is -1, nearly; or, not `broken`, where it is 0 or less, up to 1."""
    from scipy.optimize import linprog

    place = [setting.names.index(name) for name in space.ground]

    def row(form: Form) -> Array:
        dense = np.zeros(space.rows.shape[1])
        for column, c in space.reduce(form).items():
            dense[column] = float(c)
        return dense

    assumed = [(row(narrowed(form, place)), equality) for form, equality in given]
    loose = [r for r, equality in assumed if not equality]
    tight = [r for r, equality in assumed if equality]
    above = (
        sparse.vstack([space.rows, sparse.csr_matrix(np.array(loose).reshape(len(loose), -1))]) if loose else space.rows
    )
    equal = (
        sparse.vstack([space.equations, sparse.csr_matrix(np.array(tight).reshape(len(tight), -1))])
        if tight
        else space.equations
    )
    if above.shape[0] > _MOST_ROWS:
        return
    target = row(narrowed(claim, place))
    linear = sparse.csr_matrix(np.array([row(form) for form in ingleton(len(place))]).reshape(-1, len(target)))
    rng = np.random.default_rng(0)
    for draw in range(_DRAWS):
        if monotonic() > deadline:
            return
        cost = np.ones(len(target)) if draw < 2 else rng.exponential(size=len(target))
        rows = sparse.vstack([above, linear]) if draw else above
        upper = sparse.vstack([-rows, target[None]], format="csr")
        right = np.zeros(upper.shape[0])
        right[-1] = -1 if broken else 0
        equations = {"A_eq": equal, "b_eq": np.zeros(equal.shape[0])} if equal.shape[0] else {}
        found = linprog(
            cost if broken else rng.normal(size=len(target)),
            A_ub=upper,
            b_ub=right,
            bounds=(0, None if broken else 1),
            method="highs-ds",
            **equations,
        )
        if found.status == 0:
            yield [Fraction(float(v)).limit_denominator(_DENOMINATOR) for v in found.x]
        elif draw == 1:
            return


def ingleton(m: int) -> Iterator[Form]:
    """Ingleton's inequality for all fours of m variables."""
    for four in combinations(range(m), 4):
        for a, b in combinations(four, 2):
            c, d = (v for v in four if v not in (a, b))
            form: Form = {}
            for triple, sign in (
                ((1 << a, 1 << b, 1 << c), 1), ((1 << a, 1 << b, 1 << d), 1),
                ((1 << c, 1 << d, 0), 1), ((1 << a, 1 << b, 0), -1),
            ):  # fmt: skip
                for mask, v in form_of(triple).items():
                    form[mask] = form.get(mask, Fraction(0)) + sign * v
            yield form


def whole(h: Sequence[Any]) -> list[int] | None:
    """The function as integers without a common divisor."""
    scale = lcm(*(Fraction(v).denominator for v in h))
    values = [int(v * scale) for v in h]
    divisor = gcd(*values)
    return [v // divisor for v in values] if divisor else None


def joint(setting: Setting, ground: Sequence[str], h: Sequence[int], deadline: float = inf) -> Joint | None:
    """A distribution whose entropies are a multiple of h, other variables constant."""
    for multiple in (1, 2):
        if multiple * h[-1] > _MOST_RANK:
            return None
        for q in codes.FIELDS:
            code = codes.realise([multiple * v for v in h], q, deadline)
            if code is not None:
                return tabulated(setting, ground, code, q)
    return None


def tabulated(setting: Setting, ground: Sequence[str], code: codes.Code, q: int) -> Joint | None:
    """The joint of a code's variables."""
    letters, sizes = codes.letters(code, q)
    if prod(sizes) > _MOST_CELLS:
        return None
    shape: Mapping[str, int] = dict(zip(ground, sizes, strict=True))
    cells = np.zeros(tuple(shape.get(name, 1) for name in setting.names), dtype=np.int64)
    columns = dict(zip(ground, letters.T, strict=True))
    np.add.at(cells, tuple(columns.get(name, 0 * letters[:, 0]) for name in setting.names), 1)
    return Joint.from_weights(Weights(freeze(cells.astype(object)), len(letters)), setting.names)
