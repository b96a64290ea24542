"""The atlas: truths are computed again by another path, certificates checked; the file is what its script writes."""

import math
from fractions import Fraction

import numpy as np
import oracle
import pytest
from support import same

import therml_exact as tx
from validation import atlas as script

ENTRIES = [tx.atlas.load(name) for name in tx.atlas.names()]
each = pytest.mark.parametrize("entry", ENTRIES, ids=tx.atlas.names())


@each
def test_truths_are_those_of_the_grammar(entry):
    """Statements are evaluated by the prover's grammar, a path of its own; exact values agree exactly."""
    for statement, value in entry.truth.items():
        if statement == "TC":
            singles = " + ".join(f"H({a})" for a in entry.joint.axes)
            statement = f"{singles} - H({','.join(entry.joint.axes)})"
        again = tx.evaluate(statement, entry.joint)
        if entry.joint.is_exact:
            assert isinstance(value, tx.PrimeLog) and again == value, statement
        else:
            assert float(again) == pytest.approx(value, abs=1e-13), statement
    assert entry.quantity in entry.truth


def test_entropies_are_those_of_the_oracle():
    """The oracle of the tests knows nothing of the library."""
    for name in ("erasure", "xor", "dyadic", "sparse", "hair-eye"):
        entry = tx.atlas.load(name)
        table = oracle.Table(entry.joint.axes, {at: p for at, p in np.ndenumerate(entry.joint.table) if p})
        for axes in (entry.joint.axes, entry.joint.axes[:1]):
            assert same(entry.truth[f"H({','.join(axes)})"], table.H(axes))


@pytest.mark.parametrize(
    ("name", "statement", "known"),
    [
        ("copy", "I(X;Y)", tx.PrimeLog({2: 2})),
        ("erasure", "I(X;Y)", tx.PrimeLog({2: Fraction(2, 3)})),
        ("noisy-typewriter", "I(X;Y)", tx.PrimeLog({2: 2})),
        ("independent", "I(X;Y)", tx.PrimeLog()),
        ("xor", "I(X;Y|Z)", tx.PrimeLog({2: 1})),
        ("xor", "I(X;Y)", tx.PrimeLog()),
        ("parity-of-four", "TC", tx.PrimeLog({2: 1})),
        ("giant-bit", "TC", tx.PrimeLog({2: 2})),
        ("triadic", "I(X;Y|Z)", tx.PrimeLog({2: 1})),
        ("dyadic", "I(X;Y|Z)", tx.PrimeLog({2: 1})),
    ],
)
def test_truths_that_textbooks_have(name, statement, known):
    assert tx.atlas.load(name).truth[statement] == known


@each
def test_frontier_points_carry_certificates_that_hold(entry):
    for point in entry.frontier:
        assert point["status"] == "certified" and point["value"] - point["lower_bound"] <= max(
            1e-9, 1e-12 * point["gamma"]
        )
        if point["certificate"] is not None:
            found = tx.verify(point["certificate"], tx.EncoderProblem(entry.joint))
            assert found.valid and found.lower_bound == point["lower_bound"]
    if entry.gamma_c is not None:
        assert entry.gamma_c[0] <= entry.gamma_c[1]
    for learnt in entry.process.get("learning", ()):
        if learnt["certificate"] is not None:
            assert tx.verify(learnt["certificate"]).valid
    taught = [value for _, value, _ in entry.process.get("I_pred", ())]
    assert taught == sorted(taught)  # more samples teach no less


def test_critical_gammas_are_the_known_ones():
    """1 / (1 - 2 e)^2 for the symmetric channel; infinite, so none, where nothing is learnt."""
    for percent in (1, 10, 25, 45):
        low, high = tx.atlas.load(f"symmetric-{percent}").gamma_c
        known = 1 / (1 - percent / 50) ** 2
        assert low <= known * (1 + 1e-9) and known <= high * (1 + 1e-9)
    assert tx.atlas.load("independent").gamma_c is None


def test_samples_have_the_letters_frequencies_and_the_seed_decides():
    entry = tx.atlas.load("z-channel")
    drawn = entry.sample(4000, rng=1)
    assert drawn.shape == (4000, 2) and np.array_equal(drawn, entry.sample(4000, rng=1))
    counts = np.zeros(entry.joint.shape)
    np.add.at(counts, tuple(drawn.T), 1)
    expected = entry.joint.table.astype(float)
    assert not counts[expected == 0].any()
    assert abs(counts / 4000 - expected).max() < 5 * math.sqrt(0.25 / 4000)


def test_an_estimator_is_scored_against_the_truth():
    def plug_in(x, y):
        joint = np.zeros((x.max() + 1, y.max() + 1))
        np.add.at(joint, (x, y), 1 / len(x))
        product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        return float((joint[joint > 0] * np.log(joint[joint > 0] / product[joint > 0])).sum())

    entry = tx.atlas.load("independent")
    score = entry.score(plug_in, n=50, trials=100, rng=3)
    assert score == entry.score(plug_in, n=50, trials=100, rng=3)
    assert 0 < score.bias < 0.1  # about (2 - 1)(3 - 1) / (2 n)
    assert tx.atlas.load("xor").score(lambda x, y, z: 0.0, n=5, trials=3).bias == -math.log(2)
    assert tx.atlas.load("xor").score(lambda x, y, z: 0.0, n=5, trials=3, quantity="I(X;Y)").bias == 0


def test_unknown_names_and_quantities_are_answered():
    with pytest.raises(KeyError, match="erasure"):
        tx.atlas.load("erasures")
    with pytest.raises(ValueError, match=r"I\(X;Y\)"):
        tx.atlas.load("copy").score(lambda x, y: 0.0, n=5, trials=3, quantity="I(X;Z)")
    with pytest.raises(ValueError, match="n is 0"):
        tx.atlas.load("copy").sample(0)


def test_the_script_makes_what_the_file_holds():
    """The cheap entries, bit for bit but for what a search found."""
    held = {entry.name: entry for entry in ENTRIES}
    made = list(script.channels()) + list(script.logical()) + list(script.uneven()) + list(script.tables())
    for source in made:
        entry = held[source.name]
        assert (entry.about, entry.source, entry.quantity) == (source.about, source.source, source.quantity)
        assert entry.joint.axes == source.joint.axes and np.array_equal(entry.joint.table, source.joint.table)
        assert dict(entry.truth) == script.truth(source.joint) or not entry.joint.is_exact
    assert {s.name for s in made} < set(held) and len(held) >= 40
