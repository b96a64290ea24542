"""Audits: the tables of models against their functionals, and estimators that are known to be biased."""

from __future__ import annotations

import math

import numpy as np
import pytest

import therml_exact as tx

P = tx.examples.binary_symmetric(0.1)
TRUTH = 0.368064  # I(X;Y), log 2 - h(0.1)


def plug_in(x, y):
    counts = np.zeros((2, 2))
    np.add.at(counts, (x, y), 1)
    p = counts / counts.sum()
    product = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    return float(sum(a * math.log(a / b) for a, b in zip(p.ravel(), product.ravel(), strict=True) if a > 0))


def tables(dtype=np.float64):
    return {
        "z_given_x": np.array([[0.9, 0.1], [0.2, 0.8]], dtype=dtype),
        "z": np.array([0.55, 0.45], dtype=dtype),
        "y_given_z": np.array([[0.8, 0.2], [0.3, 0.7]], dtype=dtype),
    }


def by_hand():
    """R = <KL(p(z|x)||q(z))> and C = -<log q(y|z)> of the tables above, cell by cell."""
    t = tables()
    r = c = 0.0
    for x in range(2):
        for z in range(2):
            p = t["z_given_x"][x, z]
            r += 0.5 * p * math.log(p / t["z"][z])
            for y in range(2):
                c -= 0.5 * (0.9 if x == y else 0.1) * p * math.log(t["y_given_z"][z, y])
    return r, c


def test_a_model_beside_what_it_reported():
    r, c = by_hand()
    audit = tx.audit.model(P, tables(), reported={"R": r + 0.2, "C": c / math.log(2)})
    rows = {row.name: row for row in audit.rows}
    assert rows["R"].exact == pytest.approx(r, abs=1e-14) and rows["C"].exact == pytest.approx(c, abs=1e-14)
    assert rows["R"].difference == pytest.approx(0.2) and rows["R"].note == "differs"
    assert rows["C"].note == "looks like bits"
    assert audit.location.verdict == "feasible" and audit.location.suboptimal[0] > 0.005
    assert audit.rescaled == {}
    assert "nats" in str(audit)


def test_single_precision_is_rescaled_and_said():
    audit = tx.audit.model(P, tables(np.float32), reported={"R": by_hand()[0]})
    assert 0 < max(audit.rescaled.values()) < 1e-7
    assert audit.rows[0].note == "" and abs(audit.rows[0].difference) < 1e-6
    assert "were rescaled by up to" in str(audit)
    broken = tables()
    broken["z"] = np.array([0.5, 0.4])
    with pytest.raises(ValueError, match=r"z sums to 0\.9"):
        tx.audit.model(P, broken)


def test_sums_against_means_over_samples():
    world = tx.random_world(3, n=2)
    v = tx.optimal_variational(world, shared=True)
    exact = tx.functionals(world, v)
    audit = tx.audit.model(world, v, reported={"R": float(exact.R) / 2, "D": float(exact.D)})
    notes = {row.name: row.note for row in audit.rows}
    assert notes["R"].startswith("looks like a mean over the 2 samples") and notes["D"] == ""
    assert {row.name for row in audit.rows} == {"R", "C", "D", "S", "V"}
    assert audit.location.verdict == "feasible"


@pytest.mark.parametrize("seed", range(8))
def test_no_model_of_a_world_is_impossible(seed):
    world = tx.random_world(seed, n=1 + seed % 2)
    audit = tx.audit.model(world, tx.optimal_variational(world, shared=True))
    assert audit.location.verdict in ("feasible", "undecided")
    assert audit.location.distance[1] < 1e-10


def test_exact_tables_and_tensors_are_read():
    class Tensor:
        def __init__(self, values):
            self.values = values

        def detach(self):
            return self

        def numpy(self):
            return self.values

    plain = tx.audit.model(P, tables())
    wrapped = tx.audit.model(P, {name: Tensor(table) for name, table in tables().items()})
    assert [r.exact for r in plain.rows] == [r.exact for r in wrapped.rows]
    exact = tx.audit.model(P, {"z_given_x": [["9/10", "1/10"], ["1/5", "4/5"]], "z": ["11/20", "9/20"]})
    assert exact.rows[0].exact == pytest.approx(plain.rows[0].exact)


def test_reported_names_must_exist():
    with pytest.raises(ValueError, match="reported has 'D', which these tables do not define; they give R, C"):
        tx.audit.model(P, tables(), reported={"D": 1.0})
    with pytest.raises(ValueError, match="tables has 'foo'; the q's are theta, z"):
        tx.audit.model(P, {**tables(), "foo": [1.0]})
    with pytest.raises(ValueError, match=r"z_given_x has shape \(2,\); it is \[x, z\] with 2 letters"):
        tx.audit.model(P, {**tables(), "z_given_x": [0.5, 0.5]})
    with pytest.raises(ValueError, match='tables has no "z_given_x"'):
        tx.audit.model(P, {"z": [0.5, 0.5]})


def test_the_plug_in_estimator_is_biased_upwards():
    audit = tx.audit.estimator(plug_in, P, 20, 2000, rng=1, claim="lower")
    assert audit.exact == pytest.approx(TRUTH, abs=1e-6)
    assert audit.verdict == "broken" and audit.bias > 0
    assert audit.bias == pytest.approx(audit.mean - audit.exact)
    assert audit.rmse**2 == pytest.approx(audit.bias**2 + audit.variance * 1999 / 2000)
    again = tx.audit.estimator(plug_in, P, 20, 2000, rng=1, claim="lower")
    assert (again.estimates == audit.estimates).all()


@pytest.mark.parametrize(
    ("fn", "claim", "verdict"),
    [
        (lambda x, y: 0.3, "lower", "holds"),
        (lambda x, y: 0.3, "upper", "broken"),
        (lambda x, y: 0.5, "upper", "holds"),
        (lambda x, y: 0.3, None, None),
    ],
)
def test_claims(fn, claim, verdict):
    assert tx.audit.estimator(fn, P, 5, 10, claim=claim).verdict == verdict


def test_an_unbiased_estimator_is_undecided():
    # The density ratio is known here: its mean is I(X;Y) for every n.
    ratio = np.log(np.array([[1.8, 0.2], [0.2, 1.8]]))
    audit = tx.audit.estimator(lambda x, y: ratio[x, y].mean(), P, 30, 500, rng=3, claim="lower")
    assert audit.verdict == "undecided" and abs(audit.bias) < 4 * audit.standard_error


def test_one_argument_gets_the_table_of_samples():
    seen = []
    tx.audit.estimator(lambda samples: seen.append(samples.shape) or 0.0, P, 7, 2)
    assert seen == [(7, 2), (7, 2)]
    three = tx.Joint(np.full((2, 2, 2), 1 / 8), ("A", "B", "C"))
    audit = tx.audit.estimator(lambda a, b, c: 0.0, three, 4, 3)
    assert audit.exact == 0
    single = tx.Joint([0.25, 0.75], ("A",))
    assert tx.audit.estimator(lambda a: 0.0, single, 4, 3).exact == pytest.approx(0.5623351446)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n": 0}, "n is 0"),
        ({"trials": 1}, "trials is 1"),
        ({"fn": lambda x, y: None}, "fn returned a NoneType on trial 0"),
        ({"fn": lambda x, y: math.inf}, "fn returned inf on trial 0"),
        ({"target": math.nan}, "target is nan"),
        ({"claim": "both"}, "claim is 'both'"),
        ({"fn": lambda x, y: math.nan}, "fn returned nan on trial 0"),
    ],
)
def test_bad_estimators(kwargs, message):
    given = {"fn": plug_in, "joint": P, "n": 5, "trials": 3, **kwargs}
    with pytest.raises(ValueError, match=message):
        tx.audit.estimator(**given)
