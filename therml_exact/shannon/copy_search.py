"""A proof with copies: which ones to make, and the multipliers.

    c.h >= 0 on the cone of V and its copies,   H(B',E) = H(B,E),   I(A';V-C|C) = 0,   hypotheses

Copies of one or two variables, one step after the other, those over more variables first; steps that a permutation of
the variables maps to each other, without a change of claim and hypotheses, are tried once. For each a linear program
in floats; where its minimum is 0 the multipliers are found exactly (program.py).
About 40 programs are solved for one step of four variables, 2,000 for two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations
from math import inf
from time import monotonic
from typing import Any

import numpy as np
from scipy import sparse

from therml_exact.shannon.cone import Cone, cone
from therml_exact.shannon.constant_cone import with_constants
from therml_exact.shannon.constants import keys
from therml_exact.shannon.copies import Copy, made, subsets
from therml_exact.shannon.derivation import Derivation, derive, form_of, ordered
from therml_exact.shannon.grammar import Form, add
from therml_exact.shannon.program import decide
from therml_exact.shannon.setting import Setting, free

_MOST_VARIABLES = 8  # with their copies
_MOST_PERMUTED = 6
_NOTHING = 1e-8

Given = Sequence[tuple[Form, bool]]


def search(
    setting: Setting, claim: Form, given: Given, steps: int, deadline: float = inf
) -> tuple[tuple[Copy, ...], Derivation] | None:
    """Copies with which the claim is proved, and the derivation over the variables and them."""
    symmetries = _symmetries(setting, claim, given)
    tried = set()
    for number in range(steps + 1):
        for copies in _choices(setting.names, number) if number else _towers(setting.names, steps):
            if monotonic() > deadline:
                return None
            key = min(_key(copies, image) for image in symmetries)
            if key in tried or len(copies[-1].after) > _MOST_VARIABLES:
                continue
            tried.add(key)
            found = _proof(setting, copies, claim, given, deadline)
            if found is not None:
                return copies, found
    return None


def _proof(setting: Setting, copies: tuple[Copy, ...], claim: Form, given: Given, deadline: float) -> Derivation | None:
    whole = free(copies[-1].after)
    known = [*given, *((form, True) for form in equations(whole, copies))]
    space = with_constants(cone(whole, whole.names, ()), keys([claim, *(form for form, _ in given)]))
    if _least(space, claim, known) < -_NOTHING:
        return None
    answer = decide(space, space.reduce(claim), [(space.reduce(form), e) for form, e in known], deadline)
    if answer.rows is None:
        return None
    return derive(whole, space, (), claim, [form for form, _ in known], answer).apart(len(given))


def _least(space: Cone, claim: Form, known: Given) -> float:
    """The minimum of the claim over the cone cut by 0 <= h <= 1, in floats."""
    from scipy.optimize import linprog

    def rows(forms: Sequence[Form]) -> Any:
        matrix = sparse.lil_matrix((len(forms), space.rows.shape[1]))
        for k, form in enumerate(forms):
            for column, c in space.reduce(form).items():
                matrix[k, column] = float(c)
        return matrix.tocsr()

    cost = rows([claim]).toarray()[0]
    loose, tight = rows([f for f, e in known if not e]), rows([f for f, e in known if e])
    found = linprog(
        cost,
        A_ub=-sparse.vstack([space.rows, loose], format="csr"),
        b_ub=np.zeros(space.rows.shape[0] + loose.shape[0]),
        A_eq=tight,
        b_eq=np.zeros(tight.shape[0]),
        bounds=(0, 1),
        method="highs-ds",
    )
    return float(found.fun) if found.status == 0 else -inf


def equations(setting: Setting, copies: Sequence[Copy]) -> list[Form]:
    """What is 0 by the copies, in the order of `labels`."""
    found = []
    for k, names in labels(copies):
        copy = copies[k]
        if names is None:
            a, b, c = setting.mask(copy.names), setting.mask(copy.rest), setting.mask(copy.over)
            found.append(form_of(ordered(a, b, c)))
        else:
            one = Fraction(1)
            found.append(add({setting.mask(copy.copied(names)): one}, {setting.mask(names): one}, -one))
    return found


def labels(copies: Sequence[Copy]) -> Iterator[tuple[int, tuple[str, ...] | None]]:
    """Of each copy, by number, its independence (None) and the sets that have the entropy of what they copy."""
    for k, copy in enumerate(copies):
        yield k, None
        for names in subsets((*copy.of, *copy.over)):
            if set(names) & set(copy.of):
                yield k, names


def _towers(names: tuple[str, ...], steps: int) -> Iterator[tuple[Copy, ...]]:
    """Copies of one variable over the same others and its copies before: what Matus' inequalities take."""
    for number in range(1, steps + 1):
        for of in names:
            for over in combinations([name for name in names if name != of], 2):
                copies: list[Copy] = []
                for _ in range(number):
                    before = copies[-1].after if copies else names
                    copies.append(made(before, (of,), (*over, *before[len(names) :])))
                yield tuple(copies)


def _choices(names: tuple[str, ...], steps: int) -> Iterator[tuple[Copy, ...]]:
    """Sequences of copies, likely ones first."""
    if steps == 0:
        yield ()
        return
    for of_most in (1, 2):
        for before in _choices(names, steps - 1):
            present = before[-1].after if before else names
            for of in combinations(present, of_most):
                others = [name for name in present if name not in of]
                for size in range(len(others) - 1, 1, -1):
                    for over in combinations(others, size):
                        yield (*before, made(present, of, over))


def _symmetries(setting: Setting, claim: Form, given: Given) -> list[dict[str, str]]:
    """Permutations of the variables that change neither claim nor hypotheses."""
    names = setting.names
    identity = {name: name for name in names}
    if len(names) > _MOST_PERMUTED:
        return [identity]

    def image(form: Form, of: dict[str, str]) -> tuple[tuple[int, Fraction], ...]:
        moved = {mask: setting.mask([of[v] for v in setting.members(mask)]) for mask in form if mask > 0}
        return tuple(sorted((moved.get(mask, mask), c) for mask, c in form.items()))

    target = image(claim, identity), {(image(f, identity), e) for f, e in given}
    found = []
    for order in permutations(names):
        of = dict(zip(names, order, strict=True))
        if (image(claim, of), {(image(f, of), e) for f, e in given}) == target:
            found.append(of)
    return found


def _key(copies: Sequence[Copy], image: dict[str, str]) -> tuple[Any, ...]:
    """The copies after a permutation, names of copies following what they copy."""
    of = dict(image)
    found = []
    for copy in copies:
        renamed = made([of[name] for name in copy.before], [of[name] for name in copy.of], [of[n] for n in copy.over])
        of |= dict(zip(copy.names, renamed.names, strict=True))
        found.append((tuple(sorted(renamed.of)), tuple(sorted(renamed.over))))
    return tuple(found)
