"""Constants in statements: nats and logarithms, decided exactly, in proofs, counterexamples and certificates."""

import json
from fractions import Fraction

import pytest

import therml_exact as tx
from therml_exact.shannon import refute
from therml_exact.shannon.constant_cone import neighbours
from therml_exact.shannon.constants import amount
from therml_exact.shannon.setting import free


@pytest.mark.parametrize(
    ("text", "given", "verdict"),
    [
        ("H(X) <= 1", ["H(X) <= H(W)", "H(W) = 1"], "proved"),
        ("H(X,Y) <= 2", "H(X) = 1; H(Y) = 1", "proved"),
        ("H(X) <= log 2", "H(X) <= 1/2 log 4", "proved"),
        ("H(X) <= log 3", "H(X) <= log 2", "proved"),
        ("H(X) <= log 2", "H(X) <= log 3", "refuted"),
        ("H(X) <= 1", "H(X) <= 1 bit", "proved"),  # log 2 < 1
        ("H(X) <= 1 bit", "H(X) <= 1", "refuted"),
        ("H(X) <= 1.584963 log 2", "H(X) <= log 3", "proved"),  # log_2 3 = 1.58496250...
        ("H(X) <= 1.584962 log 2", "H(X) <= log 3", "refuted"),
        ("H(K) >= 2 log 3", "H(M) = log 9; M = f(C,K); M _||_ C", "proved"),  # Shannon's perfect secrecy
        ("H(X) <= 2", (), "refuted"),
        ("H(X) <= log 5", (), "refuted"),
        ("log 8 >= log 5", (), "proved"),
        ("H(X,Y) <= 1.9", "H(X) = 1; H(Y) = 1", "undecided"),
    ],
)
def test_verdicts(text, given, verdict):
    result = tx.prove(text, given=given, time_limit=20)
    assert result.verdict == verdict
    assert tx.verify_proof(result.certificate).valid or verdict == "undecided"


def test_a_number_of_nats_is_said_to_be_none_of_bits():
    assert "log 2" in tx.prove("H(X,Y) <= 1.9", given="H(X) = 1; H(Y) = 1").text()


def test_slacks_with_nats_are_exact():
    answer = tx.prove("H(X) <= 2")
    assert str(answer.slack) == "-3 log 2 + 2 nats"
    assert float(answer.slack) == pytest.approx(2 - 3 * 0.6931471805599453)


@pytest.mark.parametrize(
    "number",
    [
        [["-1", "log 3"], ["1", "log 2"]],  # negative
        [["1", "log 4"]],  # no prime
        [["1", "log 2"], ["1", "log 2"]],  # twice
        [["1", "log 02"]],
        [["1", "bit"]],
        [],
    ],
)
def test_forged_constants_are_refused(number):
    certificate = tx.prove("H(X) <= log 3", given="H(X) <= log 2").certificate
    (part,) = certificate["parts"]
    assert part["sum"][-1] == ["1", "number", [["1", "log 3"], ["-1", "log 2"]]]
    forged = certificate | {"parts": [part | {"sum": [*part["sum"][:-1], ["1", "number", number]]}]}
    assert tx.verify_proof(certificate).valid
    assert not tx.verify_proof(forged).valid


def test_neighbours_enclose():
    low, high = neighbours(1.584962500721156)
    assert float(low) < 1.584962500721156 < float(high)
    assert high - low < 1e-6
    assert amount({-3: low.denominator, -2: -low.numerator}).sign() == 1
    assert amount({-3: high.denominator, -2: -high.numerator}).sign() == -1


def test_values_with_constants():
    fair = tx.Joint(["1/2", "1/2"], ("X",))
    assert tx.evaluate("H(X) - log 3", fair) == tx.entropy(fair, "X") - tx.PrimeLog.log(3)
    with pytest.raises(ValueError, match="write log 2 for one bit"):
        tx.evaluate("H(X) - 1", fair)
    assert float(tx.evaluate("H(X) - 1", tx.Joint([0.5, 0.5], ("X",)))) == pytest.approx(0.6931471805599453 - 1)


@pytest.mark.parametrize(
    ("text", "given", "copies", "verdict"),
    [
        ("I(A;E) <= 1 bit", "A -> B -> C -> D -> E; H(C) <= 1 bit", 0, "proved"),
        ("I(A;E) <= 0.5 bit", "A -> B -> C -> D -> E; H(C) <= 1 bit", 0, "refuted"),
        ("2 I(C;D) <= 1 + 3 I(C;D|A) + I(C;D|B)", "I(A;B) + I(A;C,D) <= 1", 1, "proved"),
        ("2 I(C;D) <= log 3 + 3 I(C;D|A) + I(C;D|B)", ["zhang-yeung(A,B,C,D)", "I(A;B) + I(A;C,D) <= 1"], 0, "proved"),
    ],
)
def test_constants_beside_closure_copies_and_names(text, given, copies, verdict):
    """Codes and closures speak of sets of variables only: what names a constant passes them by."""
    result = tx.prove(text, given=given, copies=copies)
    assert result.verdict == verdict
    found = tx.verify(json.loads(json.dumps(result.certificate)))
    assert found.valid, found.reason
    assert result.explain()
    for part in result.certificate.get("parts", ()):
        for k in range(len(part["sum"])):
            less = part | {"sum": part["sum"][:k] + part["sum"][k + 1 :]}
            assert not tx.verify(result.certificate | {"parts": [less]}).valid


def test_codes_and_linear_worlds_leave_constants_to_dice():
    setting, claim = free("AB"), {1: Fraction(-1), -2: Fraction(1)}  # H(A) <= log 2
    search = setting, setting.names, claim, ()
    assert refute.by_codes(*search) is None
    assert refute.by_linear_worlds(*search) is None
    world, slack = refute.by_dice(*search)
    assert slack.sign() < 0
    assert world.marginal("A").shape == (3,)


def test_a_function_needs_to_know_the_constants_of_its_own_statement_only():
    """It breaks H(A) <= H(B), whatever the other statement says."""
    stopped = tx.prove("H(A) <= H(B); H(A) <= H(A) + 1", time_limit=1e-9).certificate
    function = {"polymatroid": {"ground": ["A", "B"], "entropies": ["0", "1", "0", "1"]}}
    assert stopped["side"] == "right - left of statement 1"
    assert tx.verify_proof(stopped | function).valid
    for other in ({"side": "right - left of statement 2"}, {"given": ["H(B) <= 1"]}):
        assert "know no constants" in tx.verify_proof(stopped | function | other).reason
