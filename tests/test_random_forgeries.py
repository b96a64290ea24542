"""Ten thousand random edits of certificates, digests made anew: what is accepted is true of the problem it states.

The truth is not asked of the verifier. For the same problem and multipliers it is the frozen certificate, whose value
is that of a witness and whose bound is proved; for others, a new optimum, whose value is that of a witness too.
"""

import copy
import json
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from true_certificates import CERTIFICATES

import therml_exact as tx
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.kinds import read_problem
from therml_exact.numbers.text import read_exact
from therml_exact.verification import verify

RATIONAL = re.compile("[0-9]+(/[1-9][0-9]*)?")
TRIALS = 10_000 // len(CERTIFICATES) + 1
ROUNDING = 1e-12  # of a fresh optimum's float value, relative
JUNK = (None, "", "nan", "inf", -1, 0, 1e300, [], {}, "-0x1.0000000000000p+0", "0x1.0000000000000p-900",
        "0x0.0p+0", "1/0", "7/3", True, ".", "~", "-", "+", "certified", "open", "cells", "supports", "likelihood",
        "processing")  # fmt: skip


def leaves(data, path=()):
    """The paths of everything that is no structure, and of every list."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, list):
            yield (*path, key)
        if isinstance(value, (dict, list)) and value:
            yield from leaves(value, (*path, key))
        elif not isinstance(value, list):
            yield (*path, key)


def edit(rng, old):
    """Something else in place of `old`: near it, most of the time."""
    if isinstance(old, list) and old and rng.random() < 0.8:
        new, at = list(old), int(rng.integers(len(old)))
        kind = rng.integers(4)
        if kind == 0:
            return new[::-1]
        if kind == 1:
            del new[at]
        elif kind == 2:
            new.insert(at, new[int(rng.integers(len(new)))])
        else:
            new[at] = new[int(rng.integers(len(new)))]
        return new
    if type(old) is int:
        return old + int(rng.integers(-2, 3))
    if not isinstance(old, str) or not old or rng.random() < 0.1:
        return JUNK[rng.integers(len(JUNK))]
    if "0x" in old:
        value = float.fromhex(old)
        kind = rng.integers(4)
        if kind == 0:
            return math.nextafter(value, math.inf if rng.random() < 0.5 else -math.inf).hex()
        if kind == 1:
            return (-value).hex()
        return (value * (1 + rng.normal() * 10.0 ** -rng.integers(0, 15))).hex()
    if RATIONAL.fullmatch(old):
        value = Fraction(old)
        return str(rng.choice([str(value + 1), str(value / 2), str(1 - value), str(value * Fraction(1001, 1000)), "0"]))
    symbols = list(old)
    at, kind = int(rng.integers(len(symbols))), rng.integers(3)
    symbols[at : at + int(kind > 0)] = [] if kind == 1 else [str(rng.choice(list(".+-~0123")))]
    return "".join(symbols)


def forged(rng, c):
    """One to three edits, of every field as often."""
    c = copy.deepcopy(c)
    for _ in range(1 + int(rng.integers(3))):
        fields: dict[tuple, list] = {}
        for path in leaves(c):
            fields.setdefault(tuple(k for k in path if isinstance(k, str)), []).append(path)
        names = list(fields)
        paths = fields[names[int(rng.integers(len(names)))]]
        path = paths[int(rng.integers(len(paths)))]
        at = c
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = edit(rng, at[path[-1]])
    c["sha256"] = digest(c)
    return c


def hold(name, seeds):
    """How many edits were accepted; every one is true."""
    original = CERTIFICATES[name]
    accepted = 0
    for seed in seeds:
        c = forged(np.random.default_rng([seed, len(name)]), original)
        found = verify(json.loads(json.dumps(c)))
        if not found.valid:
            continue
        accepted += 1
        assert found.lower_bound <= found.value == float.fromhex(c["value"])
        assert found.lower_bound == float.fromhex(c["lower_bound"])
        gap = Fraction(found.value) - Fraction(found.lower_bound)
        assert c["status"] == "open" or gap <= Fraction(float.fromhex(c["tol"])), seed
        if c["problem"] == original["problem"] and c["multipliers"] == original["multipliers"]:
            assert found.lower_bound <= float.fromhex(original["value"]), seed
            assert found.value >= float.fromhex(original["lower_bound"]), seed
            continue
        given = {m: math.inf if text == "inf" else read_exact(text)
                 for m, text in c["multipliers"].items()}  # fmt: skip
        truth = tx.minimize(read_problem(c["problem"]), tol=1e-6, **given)
        room = ROUNDING * (1 + abs(truth.value))
        assert found.lower_bound <= truth.value + room and found.value >= truth.lower_bound - room, seed
    return accepted


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_tenth_of_ten_thousand_edits(name):
    hold(name, range(TRIALS // 10 + 1))


@pytest.mark.deep
@pytest.mark.parametrize("name", CERTIFICATES)
def test_ten_thousand_edits(name):
    assert hold(name, range(TRIALS)) < TRIALS // 2
