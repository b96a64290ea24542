"""Proofs, refutations and open cases written by hand: for each requirement of the checker a forgery that fails it.

Each forgery differs from a certificate that holds in what its name says, and would be believed if the checker did not
ask: its sums add up, its functions break the claim.
"""

import pytest

import therml_exact as tx
from therml_exact.shannon import verify as checker

FREE, CHAIN = {"free": ["A", "B", "C"]}, {"graph": {"A": [], "B": ["A"], "C": ["B"]}}
P, Q = {"world": "P", "n": 2}, {"world": "Q", "n": 2}
LEFT, RIGHT = "left - right", "right - left"


def certificate(verdict, statement, setting, given=(), **more):
    head = {"format": "therml-exact/proof", "version": 1, "verdict": verdict, "statement": statement}
    return {**head, "given": list(given), **setting, **more}


def proof(statement, *terms, setting=FREE, given=()):
    """The terms are the sum of the only claim; of "=" they are that of the first, and negated that of the second."""
    if "<=" in statement or ">=" in statement:
        parts = [{"claim": LEFT if ">=" in statement else RIGHT, "sum": list(terms)}]
    else:
        minus = [[t[0][1:] if t[0][0] == "-" else "-" + t[0], *t[1:]] for t in terms]
        parts = [{"claim": LEFT, "sum": list(terms)}, {"claim": RIGHT, "sum": minus}]
    return certificate("proved", statement, setting, given, parts=parts)


def function(statement, ground, h, setting=FREE, given=()):
    """An entropy-like function: h is a list by bit mask, or a function of the set of names."""
    if callable(h):
        h = [h({v for k, v in enumerate(ground) if mask >> k & 1}) for mask in range(2 ** len(ground))]
    polymatroid = {"ground": ground, "entropies": [str(v) for v in h]}
    side = LEFT if ">=" in statement else RIGHT
    return certificate("undecided", statement, setting, given, polymatroid=polymatroid, side=side)


def world(statement, table, given=()):
    joint = {"axes": ["A", "B"], "table": table}
    side = LEFT if ">=" in statement else RIGHT
    return certificate("refuted", statement, {"free": ["A", "B"]}, given, joint=joint, side=side)


def bits(*classes):
    """The entropy, in bits, of independent fair coins: every class is the names of those that show one coin."""
    return lambda names: sum(1 for shown in classes if names & set(shown.split()))


DATA = ["Phi", "X1", "Y1", "X2", "Y2"]
COPIES, COINS = [["1/2", 0], [0, "1/2"]], [["1/4", "1/4"], ["1/4", "1/4"]]
GIVEN = ["H(A) <= H(B)", "H(B) = H(C)"]

TRUE = {
    "a conditional entropy": proof("H(A) <= H(A,B)", ["1", "entropy", ["B"], ["A"]]),
    "nothing": proof("0 H(A) >= 0"),
    "a term of no weight": proof("H(A) >= 0", ["1", "entropy", ["A"], []], ["0", "entropy", ["B"], []],
                                 ["0", "information", ["A"], ["B"], []]),
    "halves of an information": proof("I(A;B|C) >= 0", *[["1/2", "information", ["A"], ["B"], ["C"]]] * 2),
    "an independence": proof("I(A;C|B) = 0", ["1", "independence", ["A"], ["C"], ["B"]], setting=CHAIN),
    "independent roots": proof("I(A;B) = 0", ["1", "independence", ["A"], ["B"], []],
                               setting={"graph": {"A": [], "B": [], "C": ["A", "B"]}}),
    "an exchange": proof("H(X1,Y2) = H(Y1,X2)", ["1", "exchange", ["X1", "Y2"], ["Y1", "X2"]], setting=P),
    "an exchange with Phi": proof("H(Phi,X1) = H(Phi,X2)", ["1", "exchange", ["X1", "Phi"], ["Phi", "X2"]], setting=P),
    "hypotheses": proof("H(A) <= H(C)", ["1", "hypothesis", 0], ["-1", "hypothesis", 1], given=GIVEN),
    "half a hypothesis": proof("1/2 H(A) <= 1/2 H(B)", ["1/2", "hypothesis", 0], given=GIVEN),
    "half of a hypothesis of twice": proof("H(A) <= H(B)", ["1/2", "hypothesis", 0], given=["2 H(A) <= 2 H(B)"]),
    "an exchange of all data": proof("H(Phi,X1,Y2) = H(Phi,X2,Y1)",
                                     ["1", "exchange", ["Phi", "X1", "Y2"], ["Phi", "X2", "Y1"]], setting=P),
    "a hypothesis of no weight": proof("H(A) >= 0", ["1", "entropy", ["A"], []], ["0", "hypothesis", 0], given=GIVEN),
    "a world": world("I(A;B) <= 0", COPIES),
    "a world by the other side": world("H(A) >= H(A,B)", COINS),
    "a world on the edge of its hypotheses": world("I(A;B) <= 0", COPIES, ["H(A) = H(B)", "H(A|B) <= 0", "H(A) >= 0"]),
    "a function": function("H(A) <= H(B)", ["A", "B"], bits("A")),
    "a function by the other side": function("H(A) >= H(A,B)", ["A", "B"], bits("A", "B")),
    "a function of one variable": function("H(A) <= 1/2 H(A)", ["A"], bits("A")),
    "a function on the edge of its hypotheses": function(
        "H(A) <= H(C)", ["C", "B", "A"], bits("A B"), given=["H(A) = H(B)", "H(B) >= H(A)", "H(A) >= H(C)"]),
    "a function on a chain": function("I(A;C) <= 0", ["A", "B", "C"], bits("A B C"), CHAIN),
    "a function on a chain, otherwise ordered": function("I(A;C) <= 0", ["C", "A", "B"], bits("A B C"), CHAIN),
    "a function on a part of a chain": function("I(A;B) <= 0", ["B", "A"], bits("A B"), CHAIN),
    "a function on a collider": function("I(A;C) <= 0", ["A", "B", "C"], bits("A C", "B C"),
                                         {"graph": {"A": [], "B": [], "C": ["A", "B"]}}),
    "a function of alike samples": function("I(X1;X2) <= 0", DATA, bits("Phi X1 Y1 X2 Y2"), P),
    "a function of one sample": function("I(X1;Phi) <= 0", DATA[:3], bits("Phi X1 Y1"), {"world": "P", "n": 1}),
    "a rule that looks at one sample": function("H(Theta) <= 0", [*DATA, "Theta"], bits("X1 Theta", "X2"), P),
    "samples of world Q": function("H(X1) <= H(X2)", ["Phi", "Theta", "Z1", "X1"], bits("X1"), Q),
}  # fmt: skip


def broken_chain(ground):
    """C is A, and B is constant: the data processing inequality would be undecided."""
    return function("I(A;C) <= I(A;B)", ground, bits("A C"), CHAIN)


FORGERIES = {
    # proved
    "a term of no known kind": (proof("H(A) <= 0", ["-1", "free", ["A"], ["A"], []]), "unknown kind of term 'free'"),
    "a negative entropy": (proof("H(A) <= 0", ["-1", "entropy", ["A"], []]), "entropy of [['A'], []] has the negative"),
    "a negative information": (proof("I(A;B) <= 0", ["-1/9", "information", ["A"], ["B"], []]), "the negative"),
    "no list of names": (proof("H(A) <= H(A,B)", ["1", "entropy", "B", ["A"]]), "'B' is no list of names"),
    "no list of terms": (proof("H(A) >= 0") | {"parts": [{"claim": LEFT, "sum": "1"}]}, "no list of terms"),
    "a term that is no list": (proof("0 H(A) >= 0", "1"), "no list of terms"),
    "independent, without a graph": (proof("I(A;B) <= 0", ["-1", "independence", ["A"], ["B"], []]), "not separate"),
    "dependent on the graph": (
        proof("I(A;C) <= 0", ["-1", "independence", ["A"], ["C"], []], setting=CHAIN), "not separate"),
    "independent of itself": (
        proof("H(A) <= 0", ["-1", "independence", ["A"], ["A"], []], setting=CHAIN), "does not separate ['A'] and"),
    "a cause that is its own condition": (
        proof("0 H(A) <= 0", ["-1", "independence", ["A"], ["C"], ["B", "A"]], setting=CHAIN), "not separate"),
    "an effect that is its own condition": (
        proof("0 H(A) <= 0", ["-1", "independence", ["A"], ["C"], ["B", "C"]], setting=CHAIN), "not separate"),
    "exchanged codes": (proof("H(Z1) >= H(Z2)", ["1", "exchange", ["Z1"], ["Z2"]], setting=P), "exchangeable"),
    "a code among the data": (
        proof("H(X1) >= H(X2,Z1)", ["1", "exchange", ["X1"], ["X2", "Z1"]], setting=P), "exchangeable"),
    "an exchange of world Q": (proof("H(X1) >= H(X2)", ["1", "exchange", ["X1"], ["X2"]], setting=Q), "exchangeable"),
    "an exchange of free variables": (proof("H(A) >= H(B)", ["1", "exchange", ["A"], ["B"]]), "exchangeable"),
    "X for Y": (proof("H(X1) >= H(Y2)", ["1", "exchange", ["X1"], ["Y2"]], setting=P), "exchangeable"),
    "two of one sample for one of each": (
        proof("H(X1,Y1) >= H(X1,Y2)", ["1", "exchange", ["X1", "Y1"], ["X1", "Y2"]], setting=P), "exchangeable"),
    "Phi lost in an exchange": (
        proof("H(X1) >= H(Phi,X2)", ["1", "exchange", ["X1"], ["Phi", "X2"]], setting=P), "exchangeable"),
    "no such hypothesis": (proof("H(A) <= H(B)", ["1", "hypothesis", 2], given=GIVEN), "no hypothesis 2"),
    "a hypothesis from the end": (proof("H(A) <= H(B)", ["1", "hypothesis", -2], given=GIVEN), "no hypothesis -2"),
    "a hypothesis called false": (proof("H(A) <= H(B)", ["1", "hypothesis", False], given=GIVEN), "hypothesis False"),
    "a hypothesis turned around": (proof("H(A) >= H(B)", ["-1", "hypothesis", 0], given=GIVEN), "negative multiplier"),
    "a sum of something else": (proof("H(A) <= H(B)", ["1", "entropy", ["B"], ["A"]]), "do not add up"),
    "a sum that is too large": (proof("H(A) >= 0", ["2", "entropy", ["A"], []]), "do not add up"),
    "an empty sum": (proof("H(A) <= 0"), "do not add up"),
    "half of an equation": (
        proof("H(A) >= 0", ["1", "entropy", ["A"], []]) | {"statement": "H(A) = 0"}, "needs ('left - right', 'right"),
    "the other half": (
        proof("H(A) >= 0", ["1", "entropy", ["A"], []]) | {"statement": "H(A) <= 0"}, "needs ('right - left',)"),
    # refuted
    "a world where the claim holds with equality": (world("I(A;B) <= 0", COINS), "does not break the claim"),
    "a world where the claim holds": (world("I(A;B) >= 0", COPIES), "does not break the claim"),
    "a world that breaks an inequality": (world("I(A;B) <= 0", COPIES, ["H(A) <= 0"]), "breaks the hypothesis 'H(A) <"),
    "a world that breaks an equation from above": (world("I(A;B) <= 0", COPIES, ["H(A) = 0"]), "breaks the hypothesis"),
    "a world that breaks an equation from below": (world("I(A;B) <= 0", COPIES, ["0 = H(A)"]), "breaks the hypothesis"),
    "a world of floats": (world("I(A;B) <= 0", [[0.5, 0.0], [0.0, 0.5]]), "the tables are floats"),
    # undecided
    "no function": (certificate("undecided", "H(A) <= 0", FREE, side=RIGHT), "nothing is claimed"),
    "a function below zero": (function("I(A;B) >= 0", ["A"], [-5, -5]), "entropies of 1 variables"),
    "a function with more values": (function("H(A) <= H(B)", ["A", "B"], [0, 1, 0, 1, 0]), "5 entropies of 2"),
    "a function with less values": (function("H(A) <= 0", ["A", "B"], [0, 1]), "2 entropies of 2"),
    "a name twice": (function("H(A) <= H(B)", ["A", "A"], bits("A")), "4 entropies of 2"),
    "more variables than are read": (
        function("H(A0) <= 0", [f"A{k}" for k in range(15)], bits("A0"), {"free": ["A0"]}), "of 15 variables"),
    "parents left out": (function("H(B) <= 0", ["B"], bits("B"), CHAIN), "not closed under parents"),
    "a sample left out": (function("H(X1) <= H(X2)", DATA[:3], bits("X1"), P), "data are left out"),
    "no variable at all": (function("H(X1) <= 0", [], bits(), P), "does not break the claim"),
    "a negative entropy given the rest": (
        function("H(A,B) >= H(B)", ["A", "B"], [0, "1/2", 1, "3/4"]), "H(A|rest) < 0"),
    "a negative entropy of the last": (
        function("H(A,B) >= H(A)", ["A", "B"], [0, 1, "1/2", "3/4"]), "H(B|rest) < 0"),
    "a negative information of coins": (function("H(A,B) <= H(A) + H(B)", ["A", "B"], [0, 1, 1, 3]), "I(A;B|...) < 0"),
    "a negative information of the last two": (
        function("H(B,C) <= H(B) + H(C)", ["A", "B", "C"], [0, 2, 1, 3, 1, 3, 3, 3]), "I(B;C|...) < 0"),
    "a negative information of the ends": (
        function("H(A,C) <= H(A) + H(C)", ["A", "B", "C"], [0, 1, 2, 3, 1, 3, 3, 3]), "I(A;C|...) < 0"),
    "a negative information given the third": (
        function("I(A;B|C) >= 0", ["A", "B", "C"], [0, 1, 1, 1, 1, 1, 1, "3/2"]), "I(A;B|...) < 0"),
    "an effect without its cause": (broken_chain(["A", "B", "C"]), "C depends on what its parents"),
    "an effect without its cause, backwards": (broken_chain(["C", "B", "A"]), "C depends on what its parents"),
    "an effect without its cause, the cause last": (broken_chain(["B", "C", "A"]), "C depends on what its parents"),
    "dependent roots": (
        function("I(A;B) <= 0", ["A", "B"], bits("A B"), {"graph": {"A": [], "B": [], "C": ["A", "B"]}}), "depends on"),
    "a sample unlike the other": (function("H(X1) <= H(X2)", DATA, bits("Phi X1"), P), "H(X1) changes when samples"),
    "a pair unlike the other": (
        function("I(X1;Y1) <= I(X2;Y2)", DATA, bits("Phi X1 Y1", "Phi X2", "Phi Y2"), P), "changes when samples"),
    "a third sample unlike the others": (
        function("H(X2) <= H(X3)", [*DATA, "X3", "Y3"], bits("Phi X1", "Phi X2"), {"world": "P", "n": 3}), "H(X2) ch"),
    "a function that breaks an inequality": (
        function("H(A) <= H(B)", ["A", "B"], bits("A"), given=["H(A) <= H(B)"]), "breaks the hypothesis 'H(A) <"),
    "a function that breaks an equation from above": (
        function("H(A) <= H(B)", ["A", "B"], bits("A"), given=["H(A) = H(B)"]), "breaks the hypothesis"),
    "a function that breaks an equation from below": (
        function("H(A) <= H(B)", ["A", "B"], bits("A"), given=["H(B) = H(A)"]), "breaks the hypothesis"),
    "a function where the claim holds with equality": (
        function("H(A) <= H(B)", ["A", "B"], bits("A", "B")), "does not break the claim"),
    "a function where the claim holds": (function("H(A) >= H(B)", ["A", "B"], bits("A")), "does not break the claim"),
    # what every certificate has
    "a later version": (TRUE["a world"] | {"version": 2}, "version 2"),
    "version true": (TRUE["a world"] | {"version": True}, "version True"),
    "a foreign field": (TRUE["a world"] | {"proved": True}, "'proved' is none of a proof's"),
    "n of free variables": (TRUE["a world"] | {"n": 2}, "the setting is free"),
    "a statement that is no text": (TRUE["a world"] | {"statement": ["H(A) <= 0"]}, "the statement is no text"),
    "hypotheses that are no list": (TRUE["a world"] | {"given": "H(A) >= 0"}, "given is a str"),
    "another verdict": (TRUE["a world"] | {"verdict": "true"}, "'true' is none of proved"),
    "a side that the statement has not": (TRUE["a world"] | {"side": LEFT}, "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_true_certificates_are_valid(name):
    content = TRUE[name]
    found = tx.verify(content)
    assert found.valid, found.reason
    assert found.reason.startswith(f"{content['verdict']}: {content['statement']!r} in ")
    assert f"statement: {content['statement']}\n" in found.claim
    assert tx.verify_proof(content) == found


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    content, reason = FORGERIES[name]
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_the_side_that_is_broken_and_by_how_much_is_said():
    for name, told in (
        ("a function", "right - left = -1"), ("a function by the other side", "left - right = -1"),
        ("a world", "right - left is -log 2"), ("a world by the other side", "left - right is -log 2"),
    ):  # fmt: skip
        assert tx.verify(TRUE[name]).reason.endswith(told)


def test_a_proof_is_about_no_problem():
    assert "not about a problem" in tx.verify(TRUE["a world"], tx.examples.binary_symmetric(0.1)).reason
    assert tx.verify_proof({**TRUE["a world"], "format": "therml-exact/audit"}).reason.startswith("format")


@pytest.mark.parametrize(
    ("budget", "most", "name", "reason"),
    [
        ("_MOST_TERMS", 2, "halves of an information", "2 terms; at most 1"),
        ("_MOST_BITS", 2, "halves of an information", "grow beyond all bounds"),
        ("_MOST_GROUND", 2, "a function", "of 2 variables"),
    ],
)
def test_budgets_are_the_largest_that_is_read(monkeypatch, budget, most, name, reason):
    monkeypatch.setattr(checker, budget, most)
    assert tx.verify(TRUE[name]).valid
    monkeypatch.setattr(checker, budget, most - 1)
    assert reason in tx.verify(TRUE[name]).reason
