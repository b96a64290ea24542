"""The library's verifier against the second opinion: 200 certificates that are true, 200 that somebody has edited.

An edit is what one would try who knows the mathematics: a bound a little too high, with lam and level moved so that the
sums agree; another rule; a tree cut short; a larger ellipsoid. The digest is always made anew. Most are false, some
leave every claim true (a witness scaled, a bound lowered). Both must judge alike, and as the edit says if it does.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from fractions import Fraction
from functools import cache
from itertools import permutations

import numpy as np
import pytest
import second_opinion
import true_certificates
from mpmath import iv

import therml_exact as tx

COUNT = 200
LONGEST = 40  # symbols of a certificate's trees: intervals in Python are slow
GAMMAS = ("1/2", "1", "3/2", "2", "3", "17/4", "7")
DELTAS = ("0", "0", "0", "2/5", "3/5", "4/5", "1", "2")
RHOS = ("1", "1", "1", "2", "1/3", "0")


@cache
def certificates():
    """Small true certificates of every reduction, rule and symbol of a leaf."""
    rng = np.random.default_rng(2018)
    # Two flips of a coin with any bias are p(y|x) to the power 2: there the likelihood's rule is tight.
    flips = [
        tx.Joint.from_counts(np.array(v), ("X", "Y")) for v in ([[2, 0], [6, 6], [0, 18]], [[4, 0], [4, 4], [0, 4]])
    ]
    found = [tx.minimize(tx.EncoderProblem(joint), gamma=2, tol=1e-4).certificate for joint in flips]
    while len(found) < COUNT:
        shape = tuple(int(v) for v in rng.integers(2, 4, size=2))
        if rng.random() < 0.6:
            shape = (shape[0], 2, shape[1])
        counts = rng.integers(0, 6, size=shape)
        counts.reshape(-1)[0] += 1
        table = counts / counts.sum() if rng.random() < 0.3 else counts
        axes = ("X", "Y") if len(shape) == 2 else ("X", "Theta", "Y")
        joint = tx.Joint(table, axes) if table.dtype == float else tx.Joint.from_counts(counts, axes)
        rho, delta, gamma = (Fraction(str(rng.choice(v))) for v in (RHOS, DELTAS, GAMMAS))
        o = tx.minimize(tx.EncoderProblem(joint), rho=rho, delta=delta, gamma=gamma, tol=1e-4)
        if sum(len(part["tree"]) for part in o.certificate["parts"]) <= LONGEST:
            found.append(o.certificate)
    # Contraction says at least what the rule of supports says, so that the solver no longer names it; files do.
    found += [c for c in true_certificates.CERTIFICATES.values() if c["problem"]["kind"] == "encoder"
              and any(part["rule"] == "supports" for part in c["parts"])]  # fmt: skip
    return found


def sealed(c):
    rest = {name: value for name, value in c.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": hashlib.sha256(text.encode()).hexdigest()}


# (name, whether it leaves every claim true: True, False, or None for "it depends", the edit of a copy and a generator,
# which returns None where it does not apply)
EDITS = []


def edit(expected):
    def register(function):
        EDITS.append((function.__name__, expected, function))
        return function

    return register


def moved(text, by):
    return (float.fromhex(text) + by).hex()


def times(text, by):
    return (float.fromhex(text) * by).hex()


def some(rng, items):
    return items[int(rng.integers(len(items)))]


def searched(c, rng):
    """A part whose bound a tree proves."""
    parts = [part for part in c["parts"] if part["rule"] == "cells"]
    return some(rng, parts) if parts else None


def with_tree(change):
    """An edit of a tree; None leaves it."""

    def apply(c, rng):
        part = searched(c, rng)
        tree = change(part["tree"], rng) if part else None
        if tree is None or tree == part["tree"]:
            return None
        part["tree"] = tree
        return c

    return apply


def at_symbol(symbols, new):
    """One symbol out of `symbols` becomes another."""

    def change(tree, rng):
        places = [k for k, symbol in enumerate(tree) if symbol in symbols]
        if not places:
            return None
        k = some(rng, places)
        return tree[:k] + new + tree[k + 1 :]

    return with_tree(change)


def weights_of_letters(c):
    """The share of each part in the value, and its p_w in the order of lam."""
    rho, delta, gamma = (Fraction(c["multipliers"][name]) for name in ("rho", "delta", "gamma"))
    table = second_opinion.joint(c["problem"])
    _, parts = second_opinion.reduced(table, rho, delta, gamma)
    return [(float(share * rho), m.p) for share, m in parts]


@edit(False)
def value_lowered(c, rng):
    c["value"] = moved(c["value"], -1e-9)
    return c


@edit(False)
def value_lowered_to_the_bound(c, rng):
    if float.fromhex(c["value"]) - float.fromhex(c["lower_bound"]) < 1e-9:
        return None
    c["value"] = moved(c["lower_bound"], 1e-11)
    return c


@edit(True)
def value_raised(c, rng):
    c["value"], c["status"] = moved(c["value"], 0.01), "open"
    return c


@edit(False)
def value_raised_and_still_certified(c, rng):
    c["value"] = moved(c["value"], 0.01)
    return c if c["status"] == "certified" else None


@edit(False)
def bound_raised(c, rng):
    c["lower_bound"] = moved(c["lower_bound"], 1e-9)
    return c


@edit(False)
def bound_raised_above_the_value(c, rng):
    c["lower_bound"] = moved(c["value"], 1e-6)
    return c


@edit(False)
def bound_raised_to_the_value(c, rng):
    if float.fromhex(c["value"]) - float.fromhex(c["lower_bound"]) < 1e-9:
        return None
    c["lower_bound"] = c["value"]
    return c


@edit(True)
def bound_lowered(c, rng):
    c["lower_bound"], c["status"] = moved(c["lower_bound"], -0.01), "open"
    return c


@edit(False)
def bound_lowered_and_still_certified(c, rng):
    c["lower_bound"] = moved(c["lower_bound"], -0.01)
    return c if c["status"] == "certified" else None


@edit(False)
def tolerance_below_the_gap(c, rng):
    gap = float.fromhex(c["value"]) - float.fromhex(c["lower_bound"])
    c["tol"] = (gap * 0.99).hex()
    return c if c["status"] == "certified" else None


@edit(False)
def tolerance_below_zero(c, rng):
    c["tol"], c["status"] = (-1e-9).hex(), "open"
    return c


@edit(True)
def tolerance_just_above_the_gap(c, rng):
    c["tol"] = (float.fromhex(c["value"]) - float.fromhex(c["lower_bound"]) + 1e-15).hex()
    return c


@edit(False)
def status_of_its_own(c, rng):
    c["status"] = "proven"
    return c


@edit(True)
def status_opened(c, rng):
    c["status"] = "open"
    return c


@edit(None)
def a_multiplier_changed(c, rng):
    name = some(rng, ["rho", "delta", "gamma"])
    c["multipliers"][name] = str(Fraction(c["multipliers"][name]) * Fraction(1001, 1000))
    return c


@edit(None)
def gamma_halved(c, rng):
    c["multipliers"]["gamma"] = str(Fraction(c["multipliers"]["gamma"]) / 2)
    return c


@edit(None)
def rho_and_gamma_swapped(c, rng):
    m = c["multipliers"]
    m["rho"], m["gamma"] = m["gamma"], m["rho"]
    return c


@edit(None)
def delta_from_none_to_some(c, rng):
    if c["multipliers"]["delta"] != "0":
        return None
    c["multipliers"]["delta"] = "1/1000"
    return c


@edit(None)
def delta_of_one(c, rng):
    c["multipliers"]["delta"] = c["multipliers"]["rho"]
    return c


@edit(False)
def a_multiplier_is_negative(c, rng):
    c["multipliers"]["gamma"] = "-1/2"
    return c


@edit(None)
def a_probability_moved(c, rng):
    cells = c["problem"]["cells"]
    cells[int(rng.integers(len(cells)))] = "1/7"
    return c


@edit(None)
def two_probabilities_swapped(c, rng):
    cells = c["problem"]["cells"]
    i, j = rng.choice(len(cells), size=2, replace=False)
    cells[i], cells[j] = cells[j], cells[i]
    return c


@edit(True)
def all_probabilities_doubled(c, rng):
    cells = c["problem"]["cells"]
    if any("0x" in v for v in cells):
        return None
    c["problem"]["cells"] = [str(2 * Fraction(v)) for v in cells]
    return c


@edit(None)
def x_and_theta_exchanged(c, rng):
    if len(c["problem"]["shape"]) == 2:
        return None
    shape = c["problem"]["shape"]
    c["problem"]["shape"] = [shape[1], shape[0], shape[2]]
    return c


@edit(False)
def a_part_left_out(c, rng):
    if not c["parts"]:
        return None
    c["parts"].pop(int(rng.integers(len(c["parts"]))))
    return c


@edit(False)
def a_part_twice(c, rng):
    if not c["parts"]:
        return None
    c["parts"].append(c["parts"][-1])
    return c


@edit(None)
def parts_exchanged(c, rng):
    if len(c["parts"]) < 2:
        return None
    c["parts"].reverse()
    return c


def to_rule(rule):
    def apply(c, rng):
        parts = [part for part in c["parts"] if part["rule"] != rule]
        if not parts:
            return None
        some(rng, parts)["rule"] = rule
        return c

    return apply


EDITS += [(f"the_rule_of_{rule}", None, to_rule(rule)) for rule in ("processing", "likelihood", "supports", "cells")]


@edit(None)
def rule_supports_and_its_bound_at_the_value(c, rng):
    if to_rule("supports")(c, rng) is None:
        return None
    c["lower_bound"] = c["value"]
    return c


def shifted_level(by, bound):
    def apply(c, rng):
        part = searched(c, rng)
        if part is None or len(c["parts"]) > 1:
            return None
        ((share, _),) = weights_of_letters(c)
        part["level"] = moved(part["level"], by)
        c["lower_bound"] = moved(c["lower_bound"], bound * by * share - (1e-10 if bound else 0))
        c["status"] = "open"
        return c

    return apply


# Below the contacts' height nothing holds; above, the bound follows it down.
EDITS.append(("level_lowered_with_the_bound_above", False, shifted_level(-1e-2, -1)))
EDITS.append(("level_lowered_alone", None, shifted_level(-1e-5, 0)))
EDITS.append(("level_raised_alone", False, shifted_level(1e-6, 0)))
EDITS.append(("level_raised_with_the_bound_below", True, shifted_level(1e-3, -1)))


def shifted_lam(by, rare):
    def apply(c, rng):
        part = searched(c, rng)
        if part is None or len(c["parts"]) > 1 or len(part["lam"]) < 2:
            return None
        ((share, p),) = weights_of_letters(c)
        w = min(range(len(p)), key=p.__getitem__) if rare else int(rng.integers(len(p)))
        part["lam"][w] = moved(part["lam"][w], by)
        c["lower_bound"] = moved(c["lower_bound"], by * share * float(p[w]) - 1e-10)
        c["status"] = "open"
        return c

    return apply


EDITS.append(("lam_raised_with_the_bound", False, shifted_lam(0.05, False)))
EDITS.append(("lam_raised_a_little_with_the_bound", None, shifted_lam(1e-5, False)))
EDITS.append(("lam_of_a_rare_letter_raised_with_the_bound", False, shifted_lam(0.05, True)))
EDITS.append(("lam_lowered_with_the_bound", True, shifted_lam(-1e-7, False)))


@edit(True)
def lam_and_level_moved_alike(c, rng):
    part = searched(c, rng)
    if part is None:
        return None
    part["lam"] = [moved(v, 0.25) for v in part["lam"]]
    part["level"] = moved(part["level"], 0.25 + 1e-9)
    c["lower_bound"], c["status"] = moved(c["lower_bound"], -1e-8), "open"
    return c


@edit(False)
def lam_too_short(c, rng):
    part = searched(c, rng)
    if part is None:
        return None
    part["lam"].pop()
    return c


@edit(None)
def lam_reversed(c, rng):
    part = searched(c, rng)
    if part is None or part["lam"] == part["lam"][::-1]:
        return None
    part["lam"].reverse()
    return c


LEAVES = {"chord": ".", "ellipsoid": "+", "quadratic": "-", "series": "~"}
EDITS += [
    (f"a_leaf_by_{old}_becomes_one_by_{new}", None, at_symbol(LEAVES[old], LEAVES[new]))
    for old, new in permutations(LEAVES, 2)
]
EDITS += [
    ("a_leaf_is_split", False, at_symbol(".+-~", "0")),
    ("a_split_becomes_a_leaf", False, at_symbol("012", ".")),
    ("an_edge_that_is_not_there", False, at_symbol("012", "3")),
    ("another_edge", None, at_symbol("0", "1")),
    ("a_foreign_symbol", False, at_symbol(".+-~012", "*")),
    ("the_tree_is_cut", False, with_tree(lambda tree, rng: tree[:-1] or None)),
    ("the_tree_goes_on", False, with_tree(lambda tree, rng: tree + ".")),
    ("the_tree_is_reversed", None, with_tree(lambda tree, rng: tree[::-1])),
    ("no_tree", False, with_tree(lambda tree, rng: "")),
    ("one_chord_for_all", None, with_tree(lambda tree, rng: ".")),
    ("one_quadratic_for_all", None, with_tree(lambda tree, rng: "-")),
    ("one_series_for_all", None, with_tree(lambda tree, rng: "~")),
    ("one_ellipsoid_for_all", None, with_tree(lambda tree, rng: "+")),
]


@edit(True)
def a_chord_is_split_into_chords(c, rng):
    part = searched(c, rng)
    k = part["tree"].find(".") if part and set("012") & set(part["tree"]) else -1
    if k < 0:
        return None
    part["tree"] = part["tree"][:k] + "0.." + part["tree"][k + 1 :]
    return c


def contact(change):
    def apply(c, rng):
        part = searched(c, rng)
        if part is None or not part["contacts"] or "+" not in part["tree"]:
            return None
        return c if change(part["contacts"], rng) is None else None

    return apply


def radius_times(by):
    def change(contacts, rng):
        for each in contacts:
            each["radius"] = times(each["radius"], by)

    return contact(change)


def centre_moved(by):
    def change(contacts, rng):
        for each in contacts:
            each["code"][0] = moved(each["code"][0], by)

    return contact(change)


EDITS += [
    ("ellipsoids_ten_times_as_large", None, radius_times(10)),
    ("ellipsoids_a_thousand_times_as_large", False, radius_times(1000)),
    ("ellipsoids_half_as_large", None, radius_times(0.5)),
    ("ellipsoids_a_millionth_as_large", None, radius_times(1e-6)),
    ("ellipsoids_of_no_radius", False, radius_times(0)),
    ("ellipsoids_inside_out", False, radius_times(-1)),
    ("ellipsoids_moved_a_little", None, centre_moved(1e-4)),
    ("ellipsoids_moved_far", None, centre_moved(0.1)),
    ("ellipsoids_outside", False, centre_moved(3.0)),
    ("no_ellipsoids", False, contact(lambda contacts, rng: contacts.clear())),
    ("a_centre_of_one_coordinate_more", None, contact(lambda contacts, rng: contacts[0]["code"].append((0.5).hex()))),
    ("a_centre_of_no_coordinates", None, contact(lambda contacts, rng: contacts[0]["code"].clear())),
]


def witness(expected):
    def register(function):
        def apply(c, rng):
            return None if not c["parts"] or function(some(rng, c["parts"]), rng) is False else c

        EDITS.append((function.__name__, expected, apply))
        return function

    return register


@witness(True)
def weights_doubled(part, rng):
    part["weights"] = [times(q, 2) for q in part["weights"]]


@witness(None)
def a_weight_changed(part, rng):
    part["weights"][0] = times(part["weights"][0], 1.01)


@witness(False)
def a_weight_is_negative(part, rng):
    part["weights"].append((-0.01).hex())
    part["codes"].append(part["codes"][0])


@witness(True)
def a_code_in_two_halves(part, rng):
    part["weights"][0] = times(part["weights"][0], 0.5)
    part["weights"].append(part["weights"][0])
    part["codes"].append(part["codes"][0])


@witness(None)
def weights_exchanged(part, rng):
    part["weights"].reverse()


@witness(True)
def codes_and_weights_exchanged(part, rng):
    part["weights"].reverse()
    part["codes"].reverse()


@witness(False)
def a_weight_without_a_code(part, rng):
    part["weights"].append((0.1).hex())


@witness(False)
def weights_of_no_sum(part, rng):
    part["weights"] = [(0.0).hex()] * len(part["weights"])


@witness(True)
def a_code_of_no_weight(part, rng):
    part["weights"].append((0.0).hex())
    part["codes"].append(part["codes"][0])


@witness(None)
def a_code_changed(part, rng):
    code = part["codes"][0]
    code[0] = times(code[0], 1.05)


@witness(False)
def a_code_of_zero(part, rng):
    part["codes"][0][0] = (0.0).hex()


@edit(True)
def a_code_is_scaled(c, rng):
    if not c["parts"] or c["multipliers"]["delta"] != "0":  # with delta, rows of X follow those of Y
        return None
    codes = some(rng, c["parts"])["codes"]
    codes[0] = [times(t, 4) for t in codes[0]]
    return c


@witness(False)
def a_code_too_short(part, rng):
    part["codes"][0].pop()


@edit(False)
def an_old_digest(c, rng):
    return {**c, "value": moved(c["value"], 1.0), "status": "open", "sha256": c["sha256"]}


@cache
def edited():
    """(name, expected, certificate) of 200 edits, each kind as often as every other."""
    rng = np.random.default_rng(1)
    originals = certificates()
    found = []
    while len(found) < COUNT:
        for name, expected, change in EDITS:
            for _ in range(2 * COUNT):
                c = change(copy.deepcopy(some(rng, originals)), rng)
                if c is not None:
                    break
            assert c is not None, f"no certificate to which {name} applies"
            found.append((name, expected, c if name == "an_old_digest" else sealed(c)))
    return found[:COUNT]


def agree(certificate, expected, name):
    ours, theirs = tx.verify(certificate), second_opinion.valid(certificate)
    assert ours.valid == theirs, f"{name}: the library says {ours.reason!r}, the second opinion {theirs}"
    if expected is not None:
        assert ours.valid == expected, f"{name}: {ours.reason}"


def test_true_certificates():
    """A sample; all of them are the slow test."""
    for c in certificates()[::5]:
        agree(c, True, "unedited")


def test_every_kind_of_edit():
    for name, expected, c in edited()[: len(EDITS)]:
        agree(c, expected, name)


@pytest.mark.deep
def test_all_certificates_and_edits():
    for c in certificates():
        agree(c, True, "unedited")
    for name, expected, c in edited():
        agree(c, expected, name)


def test_the_examples_hold_every_rule_and_reduction():
    """So that agreement says something: each rule, leaf and reduction occurs, and most edits are refused."""
    parts = [part for c in certificates() for part in c["parts"]]
    assert {part["rule"] for part in parts} == {"cells", "processing", "likelihood", "supports", "contraction"}
    assert {symbol for part in parts for symbol in part["tree"]} == set(".+-~012")
    assert {len(c["parts"]) for c in certificates()} == {0, 1, 2, 3}
    assert sum(not tx.verify(c).valid for _, _, c in edited()) > COUNT // 2


def test_the_second_opinion_imports_nothing_of_the_library():
    with open(second_opinion.__file__, encoding="utf-8") as file:
        lines = [line.split() for line in file]
    imported = {words[1].split(".")[0] for words in lines if words[:1] in (["import"], ["from"])}
    assert imported == {"__future__", "collections", "dataclasses", "fractions", "hashlib", "itertools", "json",
                        "math", "mpmath", "typing"}  # fmt: skip


@pytest.mark.parametrize("z", [1e-9, -1e-9, 2.0**-19, 2.0**-21, -(2.0**-21), 0.5, -0.5])
def test_its_functions_at_small_arguments(z, monkeypatch):
    """phi and psi where they are series and where they are not, against exact partial sums of 60 terms."""
    x = Fraction(z)
    phi = sum(2 * x**k / math.factorial(k + 2) for k in range(60))
    psi = sum(2 * (-x) ** k / Fraction(k + 2) for k in range(60))
    monkeypatch.setattr(iv, "prec", second_opinion.PRECISION)
    for function, series in ((second_opinion.phi, phi), (second_opinion.psi, psi)):
        assert (abs(function(iv.mpf(z)) - second_opinion.exact(series)) < 1e-17) is True


def test_its_polynomials_are_bounded_at_their_maximum():
    """1 - y^2 has its maximum 1 inside, y - y^3 its maximum 2/sqrt(27)."""
    for coefficients, top in (([1, 0, -1], 1.0), ([0, 1, 0, -1], 2 / math.sqrt(27))):
        polynomial = [iv.mpf(v) for v in coefficients]
        assert second_opinion.below(polynomial, iv.mpf(top + 1e-6))
        assert not second_opinion.below(polynomial, iv.mpf(top - 1e-6))
