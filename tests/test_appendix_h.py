"""Appendix H: the toy, the model, S in closed form, resumption, and that no trained model lies below the frontier."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from depth import mostly_deep

import therml_exact as tx
from validation.appendix_h import section
from validation.appendix_h.data import EXAMPLES, finite, infinite, information
from validation.appendix_h.objectives import OBJECTIVES
from validation.section import NOT_RUN, Section

jax = pytest.importorskip("jax", reason="jax is not installed: pip install 'therml_exact[validation]'")
pytest.importorskip("optax", reason="optax is not installed: pip install 'therml_exact[validation]'")

from validation.appendix_h import assessment, claims, experiment, free, handcrafted, model, noise, training  # noqa: E402

FAMILIES = [(model.AS_PRINTED, model.initial), (model.BY_LETTER, model.initial), (free.FREE, free.initial)]


def quiet(*arguments):
    return lambda: None


def batch(names, restarts, sample=None):
    chosen = [o for o in OBJECTIVES if o.name in names]
    starts = [model.initial(r) for r in range(restarts)]
    start = {k: np.concatenate([[s[k] for s in starts]] * len(chosen)) for k in starts[0]}
    data = np.repeat([infinite() if sample is None else finite(sample)], restarts * len(chosen), axis=0)
    return chosen, start, data, np.repeat([o.weights for o in chosen], restarts, axis=0)


def test_the_bit_has_half_a_nat():
    p = infinite()
    middle, radius = information(p)
    assert abs(middle) + radius < 2**-52
    # The independent way: 40 digits, entropy by entropy.
    with mpmath.workdps(40):
        cells = [[mpmath.mpf(v) for v in row] for row in p.tolist()]
        total = mpmath.fsum(v for row in cells for v in row)

        def h(values):
            return -mpmath.fsum(v / total * mpmath.log(v / total) for v in values)

        columns = list(zip(*cells, strict=True))
        i = h(map(mpmath.fsum, cells)) + h(map(mpmath.fsum, columns)) - h(v for row in cells for v in row)
        assert abs(i - mpmath.mpf("0.5") - mpmath.mpf(middle)) < 1e-30
    assert math.isclose(p[:, 1].sum(), 0.7, abs_tol=1e-15)


def test_samples_are_fifty_and_repeatable():
    for seed in range(3):
        counts = finite(seed) * EXAMPLES
        assert np.abs(counts - np.round(counts)).max() < 1e-13
        assert np.round(counts).sum() == EXAMPLES
        assert np.array_equal(finite(seed), finite(seed))
    assert not np.array_equal(finite(0), finite(1))


def test_184_parameters():
    parts = {name: value.size for name, value in model.initial(0).items()}
    assert parts == {"encoder": 60, "decoder": 60, "classifier": 4, "marginal": 30, "noise": 30}
    assert model.count(model.initial(3)) == 184


@pytest.mark.parametrize(("family", "initial"), FAMILIES, ids=lambda f: getattr(f, "name", ""))
def test_tables_are_rows_and_functionals_are_those_of_the_library(family, initial):
    p, draws, parameters = infinite(), noise.finite_rule(4, 1), initial(0)
    if "noise" in parameters:
        parameters["noise"] = np.linspace(-6.0, -2.0, 30)
    with jax.enable_x64(True):
        logs = family.tables(parameters, draws)
        loop = np.asarray(training.functionals(family, parameters, p, draws))
    for log in logs:
        assert np.abs(np.exp(np.asarray(log)).sum(axis=-1) - 1).max() < 1e-13
    found = assessment.tables(family, parameters, draws)
    everything = dataclasses.replace(OBJECTIVES[0], rho=1.0, delta=1.0, gamma=1.0)
    exact = assessment.functionals(found, p, everything)
    for name, value in zip("RDC", loop, strict=False):
        assert abs(exact[name] - value) <= 1e-12 * max(1.0, abs(value)), name


def test_decoder_and_classifier_as_they_are_read():
    parameters = model.initial(2)
    x = np.arange(1, 31) / 15
    w, b = parameters["decoder"]
    printed = np.exp(-((w[:, None] * x[None, :] - b[:, None]) ** 2))
    letter = np.exp(-((w[None, :] * x[:, None] - b[None, :]) ** 2))
    v, c = parameters["classifier"]
    label = np.exp(-((v[None, :] * x[:, None] - c[None, :]) ** 2))
    encoder = np.exp(-((np.exp(parameters["encoder"][0]) * x[:, None] - np.exp(parameters["encoder"][1])) ** 2))
    parameters["noise"] = np.full(30, -200.0)
    for family, decoder in ((model.AS_PRINTED, printed), (model.BY_LETTER, letter)):
        found = assessment.tables(family, parameters, np.zeros((1, 2, 30)))
        for table, rows in ((found.decoder, decoder), (found.classifier, label), (found.encoder[0], encoder)):
            assert np.allclose(table, rows / rows.sum(axis=1, keepdims=True), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("log_w", mostly_deep(1, [0.0, -3.0, 2.5]))
@pytest.mark.parametrize("a", mostly_deep(2, [1e-4, 4.0, 0.1, 1.0]))
def test_entropy_closed_form_is_the_integral(log_w, a):
    with jax.enable_x64(True):
        whole = {"noise": np.array([math.log(a)]), "encoder": np.array([[log_w], [-0.5 + a / 2]])}
        rest = {"noise": np.array([math.log(a)]), "encoder": np.array([[-0.5 + a / 2], [-0.5 + a / 2]])}
        base = float(noise.entropy(rest)) / 2  # the second weight's own term
        closed = float(noise.entropy(whole)) - base
    integral, finer = (noise.entropy_by_quadrature(log_w, a, points) for points in (200, 400))
    assert abs(integral - finer) < 1e-11 * max(1.0, abs(integral))
    assert abs(closed - finer) < 1e-11 * max(1.0, abs(finer))
    assert closed >= 0


def test_entropy_is_zero_at_the_prior_only():
    with jax.enable_x64(True):
        prior = {"noise": np.zeros(30), "encoder": np.zeros((2, 30))}
        assert float(noise.entropy(prior)) == 0
        assert float(noise.entropy({**prior, "noise": np.full(30, -0.1)})) > 0
        assert float(noise.entropy({**prior, "encoder": np.full((2, 30), 0.1)})) > 0


def test_noise_has_mean_one_and_none_to_notice_at_the_start():
    a, draws = np.full(30, 0.3), noise.finite_rule(4096, 0)
    factors = np.exp(-a / 2 + np.sqrt(a) * draws)
    assert np.abs(factors.mean(axis=0) - 1).max() < 1e-2
    for r in range(4):
        for o in OBJECTIVES:
            if o.sigma == 0:
                assert abs(assessment.effect(model.AS_PRINTED, model.initial(r), o, infinite())) < 5e-3


def test_handcrafted_is_on_the_edge_of_r_and_d():
    p = infinite()
    f = assessment.functionals(handcrafted.optimum(p), p, None)
    joint = tx.Joint(p, ("X", "Y"))
    assert abs(f["R"] - 0.5) < 1e-14
    assert abs(f["R"] + f["D"] - tx.entropy(joint, "X")) < 1e-13
    assert f["C"] > 0.2


@pytest.mark.deep
def test_interrupted_training_gives_the_same_bits(tmp_path):
    _, start, data, weights = batch(("R + 10 C + S", "D"), 2)
    whole = training.train(model.AS_PRINTED, start, data, weights, None, 40)

    class Stop(Exception):
        pass

    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls == 7:
            raise Stop

    place = tmp_path / "state.npz"
    with pytest.raises(Stop):
        training.train(model.AS_PRINTED, start, data, weights, place, 40, stop)
    assert list(tmp_path.iterdir()) == [place]
    with np.load(place) as saved:
        assert len(saved["estimates"]) == 7
    resumed = training.train(model.AS_PRINTED, start, data, weights, place, 40)
    assert np.array_equal(whole.estimates, resumed.estimates)
    for name, value in whole.parameters.items():
        assert np.array_equal(value, resumed.parameters[name]), name


@pytest.mark.deep
def test_a_state_of_other_settings_is_not_continued(tmp_path):
    _, start, data, weights = batch(("D",), 1)
    place = tmp_path / "state.npz"
    training.train(model.AS_PRINTED, start, data, weights, place, 20)
    other = training.train(model.AS_PRINTED, start, data, weights * 2, place, 20)
    place.write_bytes(place.read_bytes()[:100])
    assert training._load(place, "") is None
    with pytest.raises(ValueError, match="steps is 30"):
        training.train(model.AS_PRINTED, start, data, weights, None, 30)
    alone = training.train(model.AS_PRINTED, start, data, weights * 2, None, 20)
    assert np.array_equal(other.estimates, alone.estimates)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # smaller rules of the noise: as exact, with a greater error
        patch.setattr(assessment, "DRAWS", 4)
        patch.setattr(assessment, "SCRAMBLES", 2)
        return experiment.run(range(1), 2, tmp_path_factory.mktemp("apph"), quiet, steps=200)


@pytest.mark.deep
def test_training_lowers_the_objective_and_nobody_is_below_the_frontier(results):
    for models in results.models:
        for a in models:
            assert a.possible, a.objective.name
            assert a.location.verdict == "feasible", a.objective.name
            assert a.excess[0] <= a.excess[1] < a.excess[0] + 1e-6
            assert a.train_excess[1] >= -1e-12
    o = next(o for o in OBJECTIVES if o.name == "R + 10 C")
    start = assessment.tables(model.AS_PRINTED, model.initial(0), np.zeros((1, 2, 30)))
    before = assessment.cost(o, assessment.functionals(start, results.truth, o))
    after = next(a for a in results.models[0] if a.objective is o)
    assert assessment.cost(o, after.true) < before


@pytest.mark.deep
def test_a_point_below_the_frontier_would_be_seen(results):
    a = results.models[0][4]
    low = {name: a.true[name] - 2 * a.location.suboptimal[1] - 1e-3 for name in "RC"}
    lower = dataclasses.replace(a, location=results.frontier.classify(**low))
    assert not lower.possible
    assert not dataclasses.replace(a, excess=(-1e-3, -1e-6)).possible


@pytest.mark.deep
def test_the_loop_says_what_is_so(results):
    """Without noise in the objective the loop's estimates end near the exact values of the training data."""
    for models in results.models:
        for a in models:
            if a.objective.sigma == 0:
                for name, weight in zip("RDC", a.objective.weights, strict=False):
                    if weight:
                        assert abs(a.loop[name] - a.train[name]) < 0.02 * max(1.0, abs(a.train[name]))


@pytest.mark.deep
def test_overfitting_has_no_luck_in_it(results):
    """A model that is its own reference does not overfit, whatever the sample."""
    same = [results.models[0][0].tables] * (1 + len(results.samples))
    found = claims._overfit(OBJECTIVES[0], "as printed", same, results, "C")
    assert found.by == 0
    assert found.error == 0
    assert found.verdict == "does not"


def test_one_discretised_normal():
    p = infinite().sum(axis=1)
    found = claims.discretised_normal(p)
    j = np.arange(30)
    for mean, width in ((18.0, 8.0), (19.0, 8.0), (18.5, 9.0)):
        q = np.exp(-(((j - mean) / width) ** 2) / 2)
        assert found <= np.sum(p * np.log(p * q.sum() / q)) + 1e-9
    exact = np.exp(-0.01 * (j - 11.3) ** 2)
    assert abs(claims.discretised_normal(exact / exact.sum())) < 1e-9


@pytest.mark.deep
def test_section_round_trips(results):
    from validation.appendix_h.section import report

    made = report(results, False)
    assert Section.of(json.loads(json.dumps(dataclasses.asdict(made)))) == made
    assert len(made.pictures) >= 8
    assert all(len(picture.svg) < 300_000 for picture in made.pictures)
    assert {c.verdict for c in made.claims} <= {"proved", "corrected", "refuted", "measured", "undecided"}
    assert all("nan" not in c.evidence for c in made.claims)


@pytest.mark.deep
def test_without_samples_their_claims_are_not_run(results):
    from validation.appendix_h.section import report

    alone = dataclasses.replace(
        results, samples=(), models=results.models[:1], by_letter={name: t[:1] for name, t in results.by_letter.items()}
    )
    made = report(alone, False)
    left = [c for c in made.claims if c.verdict == NOT_RUN]
    assert [c.says for c in left] == [says for _, says in claims.ON_SAMPLES]
    assert not any("50 examples" in picture.caption for picture in made.pictures)
    assert len(made.claims) == len(report(results, False).claims)


def test_section_says_what_is_missing(monkeypatch, tmp_path: Path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    made = section(False, tmp_path, quiet)
    assert not made.tables
    assert "jax" in made.missing[0]


def test_multipliers_of_figure_10():
    full = next(o for o in OBJECTIVES if o.name == "0.9 R + D + 1000 C + S/2")
    assert full.weights == (0.9, 1, 1000, 0.5)
    assert len({o.name for o in OBJECTIVES}) == len({o.weights for o in OBJECTIVES}) == len(OBJECTIVES)
