"""Five and six samples: proofs that follow those for three."""

import pytest

import therml_exact as tx
from therml_exact.shannon.inequalities import INEQUALITIES, arguments

LABELS = ("15a", "42, right side", "sharp floor a", "sharp floor b")


@pytest.mark.parametrize("n", [5, 6])
@pytest.mark.parametrize("inequality", [i for i in INEQUALITIES if i.label in LABELS], ids=lambda i: i.label)
def test_inequalities_of_more_variables_than_a_cone_holds(inequality, n):
    """Stopped after any time limit: 17 variables have 131,072 entropies."""
    result = tx.prove(inequality.text, **arguments(inequality, n))
    assert result.verdict == "proved"
    found = tx.verify(result.certificate)
    assert found.valid, found.reason


def test_a_limit_that_remains_is_named():
    result = tx.prove("2 I(Theta;X1,Y1,Z2,Z3) <= I(Z^N;Phi)", world="P", n=5, time_limit=1e-3)
    assert result.verdict == "undecided"
    assert "17 variables matter here" in str(result)
    assert not tx.prove("H(A) <= H(B)", time_limit=1e-9).limit
