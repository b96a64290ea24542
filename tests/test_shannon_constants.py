"""Constants in statements: nats and logarithms, decided exactly, in proofs, counterexamples and certificates."""

import pytest

import therml_exact as tx
from therml_exact.shannon.constant_cone import neighbours
from therml_exact.shannon.constants import amount


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
