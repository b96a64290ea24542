"""Certificates of mixture problems: each requirement has a forgery that fails this one alone, and names it.

The forger knows the mathematics: what is forged is as little as can be, an ulp where that is enough.
"""

import copy
import math
from fractions import Fraction

import pytest
import second_opinion
from flint import arb
from true_certificates import CERTIFICATES, down, edited, up

import therml_exact as tx
from therml_exact.frontier.mixture import certificate as written
from therml_exact.frontier.mixture import check as module
from therml_exact.frontier.mixture import check_tree
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems import types as reading
from therml_exact.frontier.problems.kinds import read_problem
from therml_exact.frontier.rounding import rounded_up, status
from therml_exact.numbers.balls import ball, precision
from therml_exact.numbers.text import has_control
from therml_exact.verification import Clock, RefusedError, UnfinishedError, verify

PART = ("parts", 0)
ONE, ZERO = (1.0).hex(), (0.0).hex()
HUGE = "0x1.fffffffffffffp+1023"


@pytest.mark.parametrize("name", CERTIFICATES)
def test_true_certificates_are_valid(name):
    c = CERTIFICATES[name]
    for problem in (None, read_problem(c["problem"])):
        found = verify(c, problem)
        assert found.valid, found.reason
        assert found.value == float.fromhex(c["value"]) and found.lower_bound == float.fromhex(c["lower_bound"])
        assert found.reason == "every claim holds"
        assert all(f"{m} = {text}" in found.claim for m, text in c["multipliers"].items())


@pytest.mark.parametrize("name", CERTIFICATES)
def test_an_ulp_more_is_refused(name):
    """A value one float below the witness's, a bound one float above the proved one, a tolerance one below the gap."""
    low = verify(edited(name, (("value",), down), (("lower_bound",), "-0x1.0000000000000p+20"), (("status",), "open")))
    assert "above the claimed" in low.reason, low.reason
    high = verify(edited(name, (("lower_bound",), up), (("value",), HUGE), (("status",), "open")))
    assert "below the claimed" in high.reason, high.reason
    if float.fromhex(CERTIFICATES[name]["tol"]) > 0:
        assert "the gap exceeds" in verify(edited(name, (("tol",), down))).reason
    assert verify(edited(name, (("tol",), down), (("tol",), ZERO), (("status",), "open"))).valid


@pytest.mark.parametrize("name", [n for n, c in CERTIFICATES.items() if c["problem"]["kind"] == "encoder"])
def test_the_second_opinion_agrees_to_the_ulp(name):
    c = CERTIFICATES[name]
    assert second_opinion.valid(c)
    if len(c["parts"]) and len(c["parts"][0]["tree"]) < 20:
        assert not second_opinion.valid(edited(name, (("value",), down), (("status",), "open")))
        assert not second_opinion.valid(edited(name, (("lower_bound",), up), (("status",), "open")))


def test_an_open_certificate_is_valid_and_says_so():
    found = verify(edited("series", (("status",), "open")))
    assert found.valid and "'open'" in found.reason


def cells(*values):
    return (("problem", "cells"), list(values))


# requirement: (certificate, edits, what the refusal says)
NO_PARTS = "where nothing is searched there are no parts"
FORGERIES = {
    "all fields": ("series", [(("more",), 1)], "the fields are"),
    "the digest's hex": ("series", [], "the digest does not match"),
    "a float in decimal": ("series", [(("value",), "3.5")], "no float in hexadecimal"),
    "a float as a number": ("series", [(("lower_bound",), 1.0)], "no float in hexadecimal"),
    "a finite tolerance": ("series", [(("tol",), "inf")], "no float in hexadecimal"),
    "a tolerance beyond floats": ("series", [(("tol",), "0x1.0000000000000p+1024")], "beyond the range"),
    "a status that is known": ("series", [(("status",), "closed")], "the status"),
    "a status of text": ("series", [(("status",), ["open"])], "the status"),
    "a tolerance that is not negative": ("series", [(("tol",), "-0x1.0000000000000p-1022"), (("status",), "open")],
                                         "negative"),
    "a bound up to the value": ("processing", [(("lower_bound",), lambda v: up(up(v))), (("status",), "open")],
                                "above the value"),
    "certified gaps": ("beta 0", [(("value",), up)], "the gap exceeds"),
    "a large multiplier": ("beta 0", [(("multipliers", "beta"), str(10**18 + 1))], "out of range"),
    "a small multiplier": ("beta 0", [(("multipliers", "beta"), f"1/{10**18 + 1}")], "out of range"),
    "a multiplier below 0": ("beta 0", [(("multipliers", "beta"), "-1")], "out of range"),
    "a multiplier as a number": ("beta 0", [(("multipliers", "beta"), 0)], "no rational"),
    "every multiplier": ("series", [(("multipliers",), {"rho": "1", "gamma": "7/2"})], "missing or foreign"),
    "no foreign multiplier": ("beta 0", [(("multipliers", "rho"), "1")], "missing or foreign"),
    "finite multipliers of encoders": ("series", [(("multipliers", "gamma"), "inf")], "is infinite"),
    "infinite rho": ("no rate", [(("multipliers", "rho"), "inf")], "is infinite"),
    "no parts without rate": ("no rate", [(("parts",), CERTIFICATES["groups"]["parts"])], NO_PARTS),
    "no parts at infinite beta": ("beta infinite", [(("parts",), CERTIFICATES["bayes"]["parts"])],
                                  NO_PARTS),
    "as many parts": ("apart", [(("parts",), lambda p: p[:1])], "the number of parts"),
    "no more parts": ("series", [(("parts",), lambda p: p * 2)], "the number of parts"),
    "parts in a list": ("series", [(("parts",), {"0": CERTIFICATES["series"]["parts"][0]})], "the number of parts"),
    "a lam for each letter": ("series", [((*PART, "lam"), lambda v: [*v, ZERO])], "lam has the wrong length"),
    "some codes": ("series", [((*PART, "weights"), []), ((*PART, "codes"), [])], "0 codes"),
    "weights that are not negative": ("apart", [((*PART, "weights"), [(1.5).hex(), (-0.5).hex()])], "no distribution"),
    "weights that are not all 0": ("apart", [((*PART, "weights"), [ZERO, "-0x0.0p+0"])], "no distribution"),
    "weights of a finite sum": ("apart", [((*PART, "weights"), [HUGE, HUGE])], "no distribution"),
    "a code for each weight": ("apart", [((*PART, "codes"), lambda v: v[:1])], "a weight without a code"),
    "a weight for each code": ("apart", [((*PART, "codes"), lambda v: [*v, v[0]])], "a weight without a code"),
    "rows of the right length": ("series", [((*PART, "codes", 0), lambda v: [*v, ONE])], "no list of positive rows"),
    "rows of groups": ("groups", [((*PART, "codes", 0), lambda v: v[:2])], "no list of positive rows"),
    "rows without 0": ("series", [((*PART, "codes", 0), [ZERO, ONE])], "no list of positive rows"),
    "rows without negative entries": ("series", [((*PART, "codes", 0), [(-1.0).hex()] * 2)],
                                      "no list of positive rows"),
    "lists of numbers": ("series", [((*PART, "lam"), {"a": ONE, "b": ONE})], "no list of numbers"),
    "codes in lists": ("series", [((*PART, "codes", 0), "ab")], "no list of numbers"),
    "a rule that is known": ("series", [((*PART, "rule"), "convexity")], "the rule"),
    "rules where they hold: processing": ("series", [((*PART, "rule"), "processing")], "does not apply"),
    "rules where they hold: likelihood": ("series", [((*PART, "rule"), "likelihood")], "does not apply"),
    "a level in hexadecimal": ("series", [((*PART, "level"), "1/2")], "no float in hexadecimal"),
    "a tree of text": ("series", [((*PART, "tree"), ["0", "~", "~"])], "the tree is no text"),
    "a tree that ends": ("series", [((*PART, "tree"), "0~")], "the tree ends before"),
    "a tree at all": ("series", [((*PART, "tree"), "")], "the tree ends before"),
    "a tree to its end": ("series", [((*PART, "tree"), "0~~~")], "goes on after its end"),
    "edges of the root": ("series", [((*PART, "tree"), "1~~")], "unknown symbol '1'"),
    "edges from 0": ("series", [((*PART, "tree"), "/~~")], "unknown symbol '/'"),
    "edges of all blocks": ("blocks", [((*PART, "tree"), lambda v: "2" + v[1:])], "unknown symbol '2'"),
    "leaves by chord": ("series", [((*PART, "tree"), "0.~")], "by its chord"),
    "leaves in ellipsoids": ("series", [((*PART, "tree"), "0+~")], "in no ellipsoid"),
    "leaves by quadratic": ("series", [((*PART, "tree"), "0-~")], "by its quadratic"),
    "leaves by series": ("series", [((*PART, "tree"), "~")], "by its series"),
    "a radius in hexadecimal": ("ellipsoids", [((*PART, "contacts", 0, "radius"), "1")], "no float in hexadecimal"),
    "a level as high as G": ("series", [((*PART, "level"), ZERO)], "by its series"),
    "ellipsoids as large as their cells": (
        "ellipsoids", [((*PART, "contacts", k, "radius"), "0x1.0000000000000p-20") for k in range(3)], "no ellipsoid"),
    # the problem
    "a kind that is known": ("beta 0", [(("problem", "kind"), "bayesian")], "the kind"),
    "the fields of a kind": ("beta 0", [(("problem", "y_given_x_phi"), {"shape": [1], "cells": ["1"]})], "the fields"),
    "axes in a list": ("series", [(("problem", "axes"), "XY")], "no list of names"),
    "n from 1": ("beta 0", [(("problem", "n"), 0)], "no integer from 1"),
    "n up to a limit": ("beta 0", [(("problem", "n"), 100_001)], "no integer from 1"),
    "n as an integer": ("beta 0", [(("problem", "n"), True)], "no integer from 1"),
    "n as no float": ("beta 0", [(("problem", "n"), 2.0)], "no integer from 1"),
    "cells that fill the shape": ("series", [cells("1", "1", "1")], "do not fill"),
    "a shape in a list": ("series", [(("problem", "shape"), "22")], "do not fill"),
    "a shape of integers": ("series", [(("problem", "shape"), [2.0, 2.0])], "do not fill"),
    "a shape without 0": ("series", [(("problem", "shape"), [0, 2]), cells()], "do not fill"),
    "a shape without negative sizes": ("series", [(("problem", "shape"), [-2, -2])], "do not fill"),
    "cells in a list": ("series", [(("problem", "cells"), "1234")], "do not fill"),
    "tables of types too": ("beta 0", [(("problem", "phi", "shape"), [3])], "do not fill"),
    "no negative probability": ("series", [cells("1", "3", "-1", "3")], "negative"),
    "some probability": ("series", [cells("0", "0", "0", "0")], "all probabilities are 0"),
    "rational cells": ("series", [cells("1", "3", "1.5", "3")], "no rational"),
    "no division by 0": ("series", [cells("1", "3", "1/0", "3")], "divides by zero"),
    "the problem is the one that was solved": ("series", [cells("1", "3", "3", "1")], "a leaf has G above"),
}  # fmt: skip


@pytest.mark.parametrize("requirement", FORGERIES)
def test_each_requirement_refuses_what_fails_it(requirement):
    name, edits, reason = FORGERIES[requirement]
    forged = edited(name, *edits)
    if not edits:
        forged["sha256"] = digest({**forged, "tol": ZERO})
    found = verify(forged)
    assert found.verdict == "not valid" and found.value is None and reason in found.reason, found.reason


def test_a_certificate_is_about_the_problem_that_is_asked_for():
    for name, c in CERTIFICATES.items():
        for other in ("series", "apart", "bayes", "blocks"):
            problem = read_problem(CERTIFICATES[other]["problem"])
            same = c["problem"] == CERTIFICATES[other]["problem"]
            found = verify(c, problem)
            assert found.valid == same, (name, other, found.reason)
            assert same or "about another problem" in found.reason


def test_inside_other_files_the_format_is_asked_for_too():
    clock = Clock(None)
    assert module.check_bounds_of(CERTIFICATES["beta 0"], None, clock) == (0.0, 0.0)
    for content in ({**CERTIFICATES["beta 0"], "format": "therml-rule-1"}, [], "text", None):
        with pytest.raises(RefusedError, match="the format is not"):
            module.check_bounds_of(content, None, clock)


def test_multipliers_up_to_the_limits_are_read():
    for text in ("0", "1000000000000000000", (1e-18).hex(), "0x0.0p+0"):
        module.read_multiplier(text)
    assert module.read_multiplier("inf") == math.inf
    assert module.read_multiplier("3/7") * 7 == 3


def test_budgets_take_what_they_allow_and_no_more(monkeypatch):
    """Three codes and three contacts; a tree of four levels; a kilobyte and a half of waiting cells."""
    three = CERTIFICATES["ellipsoids"]
    assert len(three["parts"][0]["codes"]) == len(three["parts"][0]["contacts"]) == 3
    monkeypatch.setattr(module, "MOST", 3)
    assert verify(three).valid
    monkeypatch.setattr(module, "MOST", 2)
    assert "3 codes" in verify(three).reason
    two = edited("ellipsoids", ((*PART, "weights"), lambda v: v[:1]), ((*PART, "codes"), lambda v: v[:1]))
    assert "more than 2 contacts" in verify(two).reason
    monkeypatch.undo()
    deepest = {"bayes": 4, "series": 1, "groups": 3}
    for name, depth in deepest.items():
        monkeypatch.setattr(check_tree, "DEEPEST", depth)
        assert verify(CERTIFICATES[name]).valid
        monkeypatch.setattr(check_tree, "DEEPEST", depth - 1)
        assert "deeper than" in verify(CERTIFICATES[name]).reason
    monkeypatch.undo()
    # Cells of 2 vertices with 2 + 2 * 2 numbers each, 8 bytes a number; 3 wait when another one is split.
    monkeypatch.setattr(check_tree, "MOST_HELD", 3 * 96)
    assert verify(CERTIFICATES["bayes"]).valid
    monkeypatch.setattr(check_tree, "MOST_HELD", 3 * 96 - 1)
    assert verify(CERTIFICATES["bayes"]).verdict == "not checked"
    # Two blocks: twice as much; three letters: 3 vertices with 3 + 2 * 3 numbers each.
    for name, most in (("blocks", 192), ("ellipsoids", 5 * 216)):
        monkeypatch.setattr(check_tree, "MOST_HELD", most)
        assert verify(CERTIFICATES[name]).valid, name
        monkeypatch.setattr(check_tree, "MOST_HELD", most - 1)
        assert "too deep" in verify(CERTIFICATES[name]).reason


def test_work_is_counted_before_it_is_done(monkeypatch):
    """Two samples of a binary letter: 3 types of 2 samples, 2 components of 3 bits, and factorials of 2 * 4 bits."""
    bayes = CERTIFICATES["beta 0"]
    work = 3 * 2 * (3 * 2 + 4 * 2)
    monkeypatch.setattr(reading, "MOST_WORK", work)
    assert verify(bayes).valid
    monkeypatch.setattr(reading, "MOST_WORK", work - 1)
    found = verify(bayes)
    assert found.verdict == "not checked" and "too long" in found.reason
    monkeypatch.undo()
    monkeypatch.setattr(reading, "LONGEST", 2)
    assert verify(bayes).valid
    monkeypatch.setattr(reading, "LONGEST", 1)
    assert "no integer from 1" in verify(bayes).reason


def test_the_work_of_floats_and_of_labels(monkeypatch):
    """Floats have 53 bits; with labels there are four letters, and both tables have bits."""
    tables = read_problem(CERTIFICATES["blocks2"]["problem"])
    given = [tables.phi, tables.x_given_phi, tables.y_given_x_phi]
    letters, types = 4, 10  # types of 2 samples over 4 letters
    bits = (10).bit_length() + (10).bit_length()  # denominators of both tables
    work = types * 2 * (bits * 2 + 4 * 2)
    assert given[-1][0].size == letters
    monkeypatch.setattr(reading, "MOST_WORK", work)
    reading.check_types(2, given)
    monkeypatch.setattr(reading, "MOST_WORK", work - 1)
    with pytest.raises(UnfinishedError, match="too long"):
        reading.check_types(2, given)
    floats = [given[0].astype(float), given[1].astype(float)]
    work = 3 * 2 * (53 * 2 + 4 * 2)
    monkeypatch.setattr(reading, "MOST_WORK", work)
    reading.check_types(2, floats)
    monkeypatch.setattr(reading, "MOST_WORK", work - 1)
    with pytest.raises(UnfinishedError, match="too long"):
        reading.check_types(2, floats)


def test_time_ends_codes_contacts_and_cells():
    """The clock is looked at for each: a check that has no time left stops at the first."""

    class Ends(Clock):
        def __init__(self, ticks):
            super().__init__(None)
            self.left = ticks

        def tick(self):
            self.left -= 1
            if self.left < 0:
                raise UnfinishedError("not checked: too long")

    c = CERTIFICATES["ellipsoids"]
    needed = 3 + 3 + len(c["parts"][0]["tree"])
    with precision(128):
        module.check_bounds_of(c, None, Ends(needed))
        with pytest.raises(UnfinishedError):
            module.check_bounds_of(c, None, Ends(needed - 1))


def test_every_symbol_of_every_tree_matters():
    """A leaf for a split, or another edge, moves all that follows: refused, or true all the same (tight claims)."""
    for name in ("series", "bayes", "groups", "blocks"):
        tree = CERTIFICATES[name]["parts"][0]["tree"]
        for at in range(len(tree)):
            shorter = verify(edited(name, ((*PART, "tree"), tree[:at] + tree[at + 1 :])))
            assert not shorter.valid, (name, at)


@pytest.mark.parametrize("name", ["series", "quadratic", "groups", "apart", "bayes", "blocks"])
def test_a_level_below_the_maximum_of_g_is_refused(name):
    """With its bound raised as much, the claim would be above the optimum."""
    by = 2.0**-6
    c = edited(name, ((*PART, "level"), lambda v: (float.fromhex(v) - by).hex()), (("status",), "open"))
    assert "a leaf" in verify(c).reason


def test_the_least_energy_has_a_block_for_each_x():
    """Two x and three y: each type's labels are divided by those of the same x, 3 at a time."""
    x, y = [["1/3", "2/3"]], [[["1/6", "1/3", "1/2"], ["1/5", "1/5", "3/5"]]]
    problem = tx.DiscriminativeProblem([1], x, y, 2)
    cells = [Fraction(1, 3) * Fraction(v) for v in y[0][0]] + [Fraction(2, 3) * Fraction(v) for v in y[0][1]]
    # Two samples: log 2 for each that has the other's x and not its y.
    pairs = sum(cells[i] * cells[j] for i in range(6) for j in range(6) if i // 3 == j // 3 and i != j)
    with precision(128):
        assert abs(problem.unsearched_value({}) - 2 * arb(2).log() * ball(pairs)) < 1e-30


def test_letters_are_not_interchangeable():
    """Lam of another order, codes of another order with other weights: other claims, which are refused."""
    assert not verify(edited("series", ((*PART, "lam"), lambda v: v[::-1]))).valid
    assert not verify(edited("apart", ((*PART, "weights"), lambda v: v[::-1]))).valid
    assert not verify(edited("apart", (("parts",), lambda v: v[::-1]))).valid


def test_rows_and_weights_are_divided_by_their_sums():
    """A witness may be written on any scale: powers of two change no digit."""
    doubled = [((*PART, "weights"), lambda v: [(2 * float.fromhex(q)).hex() for q in v]),
               ((*PART, "codes"), lambda v: [[(8 * float.fromhex(t)).hex() for t in code] for code in v])]  # fmt: skip
    for name in ("series", "groups", "bayes", "blocks"):
        assert verify(edited(name, *doubled)).valid
    # Rows of Y and of X each have their own scale; the blocks too.
    for name in ("groups", "blocks"):
        scaled = ((*PART, "codes"), lambda v: [[*code[:2], *((4 * float.fromhex(t)).hex() for t in code[2:])]
                                                for code in v])  # fmt: skip
        assert verify(edited(name, scaled)).valid


def test_a_code_without_weight_changes_nothing():
    c = edited("series", ((*PART, "weights"), lambda v: [*v, ZERO]), ((*PART, "codes"), lambda v: [*v, [ONE, ONE]]))
    assert verify(c).valid


def test_a_simplex_of_one_vertex_has_a_tree_of_one_leaf():
    level = "0x1.0000000000000p-60"
    edits = [((*PART, "rule"), "cells"), ((*PART, "lam"), [ZERO]), ((*PART, "level"), level), ((*PART, "tree"), "."),
             (("lower_bound",), "-" + level), (("status",), "open")]  # fmt: skip
    assert verify(edited("beta 0", *edits)).valid
    assert "by its chord" in verify(edited("beta 0", *edits, ((*PART, "level"), "-" + level))).reason
    assert "below the claimed" in verify(edited("beta 0", *edits, (("lower_bound",), ZERO))).reason
    contact = {"code": [], "radius": ONE}
    inside = [*edits, ((*PART, "tree"), "+"), ((*PART, "contacts"), [contact])]
    assert "no ellipsoid" in verify(edited("beta 0", *inside)).reason


def test_trees_of_wide_alphabets_are_read_as_they_are_written():
    """Found: of 14 vertices and more, edge 78 was the leaf "~", and those from 79 to 111 were control characters."""
    for edge in (*range(300), 55_000, 55_249, 57_000, 65_487, 65_488, 65_600, 200_000):
        symbol = written.symbol_of(edge)
        assert written.edge_of(symbol) == edge and symbol not in written.SYMBOLS and not has_control(symbol)
    assert [written.symbol_of(e) for e in (0, 77, 112)] == ["0", "}", chr(160)]
    # Fourteen codes that differ little: one level of halving, far below the claimed level.
    cells = [str(1 + (i == j)) for i in range(14) for j in range(14)]
    problem = {"kind": "encoder", "axes": ["X", "Y"], "shape": [14, 14], "cells": cells}
    part = {"rule": "cells", "weights": [ONE], "codes": [[ONE] * 14], "lam": [ZERO] * 14, "level": (9.0).hex(),
            "contacts": [], "tree": ""}  # fmt: skip
    for edge in (0, 77, 78, 79, 90):
        tree = written.symbol_of(edge) + ".."
        c = edited(
            "series",
            (("problem",), problem),
            (("multipliers", "gamma"), "3/2"),
            (("value",), (9.0).hex()),
            (("lower_bound",), (-9.0).hex()),
            (("status",), "open"),
            (("parts",), [{**part, "tree": tree}]),
        )
        assert verify(c).valid, verify(c).reason
    c["parts"][0]["tree"] = written.symbol_of(91) + ".."
    c["sha256"] = digest(c)
    assert "unknown symbol" in verify(c).reason


def test_values_are_rounded_up_by_a_share_of_all_that_is_added():
    """2e-13 of |value| + 1 + a fiftieth of the finite multipliers; certified where that much gap is within tol."""
    for value, multipliers, more in ((3.0, {}, 4.0), (-3.0, {}, 4.0), (0.0, {"beta": math.inf}, 1.0),
                                     (1.0, {"rho": 1, "gamma": 99}, 4.0)):  # fmt: skip
        assert rounded_up(value, multipliers) == value + 2e-13 * more
    edge = rounded_up(3.0, {}) - 2.0
    assert status(3.0, 2.0, edge, {}) == "certified"
    assert status(3.0, 2.0, math.nextafter(edge, 0), {}) == "open"


def test_the_format_is_written_as_it_is_read():
    """Certificates of today's solver are those of this format, symbol for symbol."""
    problem = read_problem(CERTIFICATES["series"]["problem"])
    fresh = tx.minimize(problem, gamma="7/2", tol=1e-3).certificate
    frozen = copy.deepcopy(CERTIFICATES["series"])
    assert set(fresh) == set(frozen) and fresh["problem"] == frozen["problem"]
    assert fresh["multipliers"] == frozen["multipliers"] and set(fresh["parts"][0]) == set(frozen["parts"][0])
