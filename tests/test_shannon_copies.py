"""The copy lemma: non-Shannon inequalities proved with it, or given by name; a forgery for each requirement."""

import json
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.shannon import copies, copy_search, known
from therml_exact.shannon import verify as checker
from therml_exact.shannon.copy_search import equations
from therml_exact.shannon.lean import to_lean
from therml_exact.shannon.rocq import to_rocq
from therml_exact.shannon.setting import free
from therml_exact.shannon.statements import parse

LEFT, RIGHT = "left - right", "right - left"
DEEP_CASES = [("dfz-6", 2), ("matus-1", 1)]


def checked(result):
    copied = json.loads(json.dumps(result.certificate))
    found = tx.verify(copied)
    assert found.valid, found.reason
    return result.verdict


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("zhang-yeung", 1),
        ("dfz-4", 2),
        pytest.param("dfz-6", 2, marks=pytest.mark.deep),
        pytest.param("matus-1", 1, marks=pytest.mark.deep),
    ],
)
def test_the_copies_are_found(name, steps):
    text = known.TEXTS[name]
    result = tx.prove(text, copies=steps)
    assert checked(result) == "proved"
    (part,) = result.certificate["parts"]
    assert len(part["copies"]) == steps
    assert "a copy of" in tx.verify(result.certificate).reason
    assert "a copy of" in result.explain() and "has the law of" in result.explain()


def test_too_few_copies_are_none_to_prove_with():
    claim = parse(known.TEXTS["dfz-4"], free("ABCD")).sides[0]
    assert copy_search.search(free("ABCD"), claim, (), 1) is None


@pytest.mark.deep
def test_too_few_copies_prove_nothing():
    result = tx.prove(known.TEXTS["dfz-4"], copies=1)
    assert checked(result) == "undecided"
    assert "copies=1 or copies=2" in str(result)


@pytest.mark.parametrize("name", known.TEXTS)
def test_every_known_inequality_has_a_stored_proof(name):
    stored = known.proof(name)
    assert stored["statement"] == known.TEXTS[name]
    assert tx.verify(stored).valid
    steps = {"zhang-yeung": 1, "matus-1": 1, "matus-3": 3}.get(name, 2)
    assert len(stored["parts"][0]["copies"]) == steps


@pytest.mark.parametrize("name", known.TEXTS)
def test_known_inequalities_hold_in_random_distributions(name):
    """By entropies of floats: a wrong coefficient, or a variable in another's place, would fail somewhere."""
    rng = np.random.default_rng(1)
    left, right = known.TEXTS[name].split("<=")
    for _ in range(20):
        table = rng.dirichlet(np.full(16, 0.15)).reshape(2, 2, 2, 2)
        p = tx.Joint(table, ("A", "B", "C", "D"))
        assert float(tx.evaluate(right, p)) - float(tx.evaluate(left, p)) > -1e-12


def test_equations_of_copies_hold_where_copies_are_made():
    """p(v) p(a'|c) has all that a copy promises, exactly."""
    p = tx.Joint([[["1/8", "1/4"], ["1/16", "1/16"]], [["1/4", 0], ["1/8", "1/8"]]], ("A", "B", "C"))
    copy = copies.made(p.axes, ("A",), ("B",))
    given = p.marginal("A", "B").table / p.marginal("B").table
    table = p.table[..., None] * np.moveaxis(given, 0, 1)[None, :, None, :]
    joint = tx.Joint(table, copy.after)
    setting = free(copy.after)
    for form in equations(setting, [copy]):
        value = sum((tx.entropy(joint, setting.members(mask)) * c for mask, c in form.items()), tx.PrimeLog())
        assert value == 0


def test_known_inequalities_by_name():
    text = known.TEXTS["zhang-yeung"] + " + H(E)"
    result = tx.prove(text, given="zhang-yeung(A,B,C,D)")
    assert checked(result) == "proved"
    assert result.certificate["given"] == ["zhang-yeung(A,B,C,D)"]
    assert "zhang-yeung proved again" in tx.verify(result.certificate).reason
    assert "under the hypothesis zhang-yeung(A,B,C,D)" in str(result)
    sets = "2 I(C;D) <= I(A,E;B) + I(A,E;C,D) + 3 I(C;D|A,E) + I(C;D|B)"
    assert checked(tx.prove(sets, given="zhang-yeung(A,E; B; C; D)")) == "proved"
    assert checked(tx.prove("H(A) <= H(B)", given="matus-2(A,B,C,D)")) == "refuted"


def test_names_and_notation_are_read_alike_by_all_readers():
    """The third hypothesis is the second statement of the second text."""
    proof = tx.prove(known.TEXTS["zhang-yeung"] + " + H(E|B)", given=["zhang-yeung(A,B,C,D)", "A -> B -> E; E = f(B)"])
    assert checked(proof) == "proved"
    assert "(zhang-yeung(A,B,C,D))" in proof.explain()
    assert "zhang-yeung(A,B,C,D)" in proof.to_rocq()
    function = tx.prove("I(A;E) <= I(A;B) - H(E)", given=["zhang-yeung(A,B,C,D)", "A -> B -> E; E = f(B)"])
    assert checked(function) == "refuted"


def test_proofs_with_copies_are_not_exported():
    for export in (to_rocq, to_lean):
        with pytest.raises(ValueError, match="copies of variables, which are not exported"):
            export(known.proof("zhang-yeung"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("zhang-yeung(A,B,C)", "takes four variables"),
        ("zhang-yeung(A;B;C,D)", "takes four variables"),
        ("zhang-yeung(A,B,,D)", "takes four variables"),
        ("zhang-young(A,B,C,D)", "did you mean zhang-yeung"),
        ("matus-4(A,B,C,D)", "Known are zhang-yeung"),
        ("ingleton(A,B,C,D)", "does not hold of all distributions"),
    ],
)
def test_unknown_names_are_asked_back(text, why):
    with pytest.raises(ValueError, match=why):
        tx.prove("H(A) >= 0", given=text)
    forged = tx.prove("H(A) >= 0").certificate | {"given": [text]}
    assert not tx.verify(forged).valid


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"copies": -1}, "copies is -1"),
        ({"copies": 4}, "copies is 4"),
        ({"copies": True}, "copies is True"),
        ({"copies": 1.0}, "copies is 1.0"),
        ({"copies": 1, "world": "P"}, "free variables"),
    ],
)
def test_bad_copies(more, why):
    text = "H(X1) >= 0" if "world" in more else "H(A) >= 0"
    with pytest.raises(ValueError, match=why):
        tx.prove(text, **more)


# ---- forgeries: each would be believed if its requirement were not asked for


def proof(statement, made, *terms, setting=None, given=(), **more):
    part = {"claim": LEFT if ">=" in statement else RIGHT, "sum": list(terms), "copies": made, **more}
    setting = setting or {"free": ["A", "B", "C"]}
    return {"format": "therml-exact/proof", "version": 1, "verdict": "proved", "statement": statement,
            "given": list(given), **setting, "parts": [part]}  # fmt: skip


def copy(of="A", over="B", names="A'"):
    return {"of": of.split(), "over": over.split(), "names": names.split()}


# H(A) = H(A') and I(A';A,C|B) = 0 with I(A';A|B) >= 0: nothing false follows, but 0 = 0 in two ways.
SAME = ["1", "copy", 0, ["A"]], ["-1", "copy", 0, ["A"]]
TRUE = {
    "a copy": proof("0 H(A) >= 0", [copy()], *SAME),
    "a copy of two": proof("0 H(A) >= 0", [copy("A C", "B", "A' C'")], ["1", "copy", 0, ["A", "C", "B"]],
                           ["-1", "copy", 0, ["C", "A", "B"]]),
    "a copy over nothing": proof("0 H(A) >= 0", [copy("A", "", "A'")], *SAME),
    "a copy of a copy": proof("0 H(A) >= 0", [copy(), copy("A'", "C", "A''")], ["2", "copy", 1, ["A'"]],
                              ["-2", "copy", 1, ["A'"]]),
    "apart": proof("0 H(A) >= 0", [copy()], ["1", "apart", 0], ["-1", "apart", 0]),
    "apart as an information": proof("0 H(A) >= 0", [copy()], ["-1", "apart", 0],
                                     ["1", "information", ["A'"], ["A", "C"], ["B"]]),
    "an entropy through its copy": proof(
        "H(A) >= 0", [copy()], ["1", "entropy", ["A'"], []], ["-1", "copy", 0, ["A"]]),
}  # fmt: skip

FORGERIES = {
    "copied within the condition": (proof("0 H(A) >= 0", [copy("A", "A B")], *SAME), "stands in the condition"),
    "copied before it is there": (
        proof("0 H(A) >= 0", [copy("A''", "B", "A'''"), copy("A", "B", "A''")], *SAME), "before it is there"),
    "copied over what is not there": (proof("0 H(A) >= 0", [copy("A", "D")], *SAME), "before it is there"),
    "copied over itself": (proof("0 H(A) >= 0", [copy("A", "A'")], *SAME), "before it is there"),
    "a copy named as a variable": (
        proof("H(B) >= H(A)", [copy("A", "C", "B")], ["1", "copy", 0, ["A"]]), "has the name of a variable"),
    "a copy named as another copy": (
        proof("0 H(A) >= 0", [copy(), copy("C", "B", "A'")], *SAME), "has the name of a variable"),
    "two copies of one name": (proof("0 H(A) >= 0", [copy("A C", "B", "A' A'")], *SAME), "a variable twice"),
    "a variable copied twice at once": (
        proof("0 H(A) >= 0", [copy("A A", "B", "A' A''")], *SAME), "a variable twice"),
    "a name more": (proof("0 H(A) >= 0", [copy("A", "B", "A' C'")], *SAME), "2 names for a copy of 1"),
    "a copy of nothing": (proof("0 H(A) >= 0", [copy("", "B", "")]), "names nothing"),
    "a copy without its condition": (
        proof("0 H(A) >= 0", [{"of": ["A"], "names": ["A'"]}], *SAME), "the fields of, over and names"),
    "a copy with more": (
        proof("0 H(A) >= 0", [copy() | {"law": "any"}], *SAME), "the fields of, over and names"),
    "names that are no list": (proof("0 H(A) >= 0", [copy() | {"names": "X"}], *SAME), "no list of names"),
    "a name that is no text": (proof("0 H(A) >= 0", [copy() | {"names": [1]}], *SAME), "no list of names"),
    "copies that are no list": (proof("0 H(A) >= 0", {"0": copy()}), "copies is no list"),
    "more copies than are read": (
        proof("0 H(A) >= 0", [copy(names=f"A{k}") for k in range(7)], *SAME), "at most 6"),
    "the law of more than was copied": (
        proof("0 H(A) >= 0", [copy()], ["1", "copy", 0, ["A", "C"]], ["-1", "copy", 0, ["A", "C"]]), "not that of its"),
    "a law of no list": (
        proof("0 H(A) >= 0", [copy()], ["1", "copy", 0, "A"], ["-1", "copy", 0, "A"]), "not that of its"),
    "not independent given the condition": (
        proof("0 H(A) >= 0", [copy()], ["1", "independence", ["A'"], ["C"], []],
              ["-1", "independence", ["A'"], ["C"], []]), "does not separate"),
    "independent of sets of one's own": (
        proof("0 H(A) >= 0", [copy()], ["1", "apart", 0, ["C"]], ["-1", "apart", 0, ["C"]]), "without sets"),
    "no such copy": (proof("0 H(A) >= 0", [copy()], ["1", "apart", 1], ["-1", "apart", 1]), "there is no copy 1"),
    "a copy from the end": (proof("0 H(A) >= 0", [copy()], ["1", "apart", -1], ["-1", "apart", -1]), "no copy -1"),
    "a copy called false": (
        proof("0 H(A) >= 0", [copy()], ["1", "apart", False], ["-1", "apart", False]), "no copy False"),
    "copies of a graph's variables": (
        proof("0 H(A) >= 0", [copy()], *SAME, setting={"graph": {"A": [], "B": [], "C": []}}), "free variables only"),
    "a field of a part": (proof("0 H(A) >= 0", [copy()], *SAME, law="any"), "'law' is none of a part's"),
    "a sum of something else": (proof("H(A) <= 0", [copy()], ["1", "copy", 0, ["A"]]), "do not add up"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_true_certificates_with_copies_are_valid(name):
    found = tx.verify(TRUE[name])
    assert found.valid, found.reason


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    content, reason = FORGERIES[name]
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_each_term_of_a_proof_with_copies_counts():
    certificate = known.proof("zhang-yeung")
    terms = certificate["parts"][0]["sum"]
    for k, term in enumerate(terms):
        for other in ([], [["1/7", *term[1:]]], [[str(-Fraction(term[0])), *term[1:]]]):
            part = certificate["parts"][0] | {"sum": [*terms[:k], *other, *terms[k + 1 :]]}
            assert not tx.verify(certificate | {"parts": [part]}).valid


def test_a_stored_proof_that_fails_is_not_believed(monkeypatch):
    certificate = tx.prove(known.TEXTS["dfz-1"], given="dfz-1(A,B,C,D)").certificate
    assert tx.verify(certificate).valid
    stored = known.proof("dfz-1")
    (part,) = stored["parts"]
    for other, why in (
        (stored | {"statement": known.TEXTS["dfz-2"]}, "proves something else"),
        (stored | {"given": [known.TEXTS["dfz-1"]]}, "proves something else"),
        (stored | {"parts": [part | {"sum": part["sum"][1:]}]}, "do not add up"),
    ):
        monkeypatch.setattr(checker, "proof", lambda name, other=other: other)
        assert why in tx.verify(certificate).reason
