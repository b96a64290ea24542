"""The page of scores is what its script writes: a few of its cells are computed again."""

import pytest

import therml_exact as tx
from validation import scores
from validation.estimators.roster import ESTIMATORS

PAGE = scores.PAGE.read_text(encoding="utf-8")


def row(name, after):
    """The cells of a row of the table below a heading."""
    part = PAGE.split(f"\n## {after}\n")[1].split("\n## ")[0]
    (line,) = [line for line in part.splitlines() if line.startswith(f"| {name} ")]
    return line.strip("| ").split(" | ")


@pytest.mark.parametrize("name", ["symmetric-10", "erasure", "zipf"])
@pytest.mark.parametrize("place", [0, 3])
def test_a_score_of_two_variables(name, place):
    bias, error = (row(name, f"{what}, entry by entry") for what in ("Bias", "Error"))
    assert bias[0] == error[0] == f"{name} {float(tx.atlas.load(name).truth['I(X;Y)']):.3f}"
    found = scores.score(ESTIMATORS[place], name)
    assert (bias[1 + place], error[1 + place]) == (f"{found.bias:+.3f}", f"{found.rmse:.3f}")


@pytest.mark.parametrize("name", ["xor", "berkeley"])
def test_a_score_of_a_conditional_information(name):
    found = scores.score_conditional(scores.ENTROPIES["Miller-Madow"], name)
    assert row(name, "Conditional information: bias")[2] == f"{found.bias:+.3f}"
    assert row(name, "Conditional information: error")[2] == f"{found.rmse:.3f}"


def test_columns_are_the_estimators_from_counts():
    assert list(scores.ENTROPIES) == [e.name for e in ESTIMATORS if e.family == "counts"]


def test_every_entry_and_estimator_has_its_row():
    for what in ("bias", "error"):
        assert all(row(name, f"{what.title()}, entry by entry") for name in scores.of_two())
        assert all(row(name, f"Conditional information: {what}") for name in scores.conditional())
    assert all(row(f"{e.name} |", "All estimators") for e in ESTIMATORS)
    assert set(scores.of_two()).isdisjoint(scores.conditional()) and len(scores.conditional()) >= 5


def test_a_broken_bound_is_told_by_side_and_standard_errors():
    (own,) = [e for e in ESTIMATORS if e.name == "DV, on its own sample"]
    plain = ESTIMATORS[0]
    above = tx.atlas.load("zipf").score(lambda x, y: 1.0 + 0.01 * (x[0] + y[0]), n=10, trials=20)
    below = tx.atlas.load("copy").score(lambda x, y: 0.01 * (x[0] + y[0]), n=10, trials=20)
    assert scores.beyond(own, above) and not scores.beyond(own, below) and not scores.beyond(plain, above)
    (upper,) = [e for e in ESTIMATORS if e.name == "leave-one-out"]
    assert scores.beyond(upper, below) and not scores.beyond(upper, above)
