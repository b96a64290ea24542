"""Learning rules at given multipliers: enumeration, alternating minimisation, laws, certificates."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_rules import alternate, enumerate_halves, functionals, random_problem, spread, value

import therml_exact as tx
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.rules.vertices import choices, directions, points, rules
from therml_exact.kernels.rules.rate_distortion import rate_distortion
from therml_exact.verification import verify as verify_rule

ROUNDING = 1e-11


def certified(problem, tol=1e-6, **multipliers):
    o = tx.minimize(problem, tol=tol, **multipliers)
    assert o.status == "certified" and 0 <= o.gap <= tol
    assert o.value == pytest.approx(value(problem, o.witness["theta_given_type"], **multipliers), abs=ROUNDING)
    v = verify_rule(json.loads(json.dumps(o.certificate)), problem)
    assert v.valid, v.reason
    # Functionals are never negative: where rounding takes more than that from the cells' bound, 0 is told.
    assert max(v.lower_bound, 0.0) == o.lower_bound and o.value <= v.value <= o.value + 1e-11
    assert o.reason == "closed"
    return o


# sigma = 0


@pytest.mark.parametrize("delta", [0, 0.7, 2])
@pytest.mark.parametrize(("seed", "gamma", "rho"), [(0, 2, 1), (1, 5, 1), (2, 1, 0), (3, 0, 1), (4, 1.5, 1)])
def test_enumeration_of_all_rules(seed, gamma, rho, delta):
    problem = random_problem(seed)
    best, number = enumerate_halves(problem, rho=rho, gamma=gamma, delta=delta)
    o = certified(problem, 1e-9, gamma=gamma, delta=delta, rho=rho)
    assert number == 4 ** len(problem.types) == 1_048_576
    assert abs(o.value - best) <= 1e-12 * (1 + abs(best))
    assert o.cells * 1000 <= number


def test_more_letters_against_enumeration():
    problem = random_problem(5, n=1, x=2, y=3, z=3)
    for multipliers in ({"gamma": 3}, {"gamma": 2, "delta": Fraction(1, 2)}):
        floats = {name: float(v) for name, v in multipliers.items()}
        best, number = enumerate_halves(problem, **floats)
        o = tx.minimize(problem, tol=1e-6, **multipliers)
        assert o.lower_bound <= best + ROUNDING and o.value >= best - ROUNDING and o.gap <= 1e-6
        assert o.cells < number


@given(
    st.lists(
        st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    st.tuples(*[st.integers(-50, 50)] * 3),
)
@settings(max_examples=examples(60), deadline=None)
def test_every_linear_function_is_least_at_a_candidate(sets, w):
    most = max(map(len, sets))
    cells = np.array([rows + [rows[0]] * (most - len(rows)) for rows in sets], dtype=object)
    chosen = choices(cells, directions(cells))
    sums = cells[np.arange(len(cells)), chosen].sum(axis=1)
    least = sum(min(sum(a * b for a, b in zip(w, p, strict=True)) for p in rows) for rows in sets)
    assert min(int(np.dot(s, w)) for s in sums) == least


def test_candidates_are_polynomially_many():
    problem = random_problem(0, n=10)
    multipliers = {name: Fraction(v) for name, v in (("rho", 1), ("gamma", 2), ("delta", 0), ("sigma", 0))}
    assert len(problem.types) == 286
    assert len(rules(problem, multipliers)) < 286
    assert points(problem, True, False).shape == (286, 4, 2)


def test_vertices_and_cells_agree():
    problem = random_problem(6)
    noisy = tx.LearningRuleProblem(
        problem.phi, problem.x_given_phi, problem.y_given_x_phi, 2, [[["1/2", "1/2"], [1, 0]], [[0, 1], ["1/3", "2/3"]]]
    )
    exact = certified(noisy, 1e-9, rho=0, gamma=2, delta=0.5)  # rho = 0: l does not enter, vertices
    near = certified(noisy, 1e-6, rho=1e-9, gamma=2, delta=0.5)  # cells
    assert exact.certificate["rule"] == "vertices" and near.certificate["rule"] == "cells"
    assert near.value == pytest.approx(exact.value, abs=1e-6)


# sigma > 0


@pytest.mark.parametrize("sigma", [0.05, 0.2, 0.5, 1])
@pytest.mark.parametrize(
    ("seed", "gamma", "delta", "rho"), [(0, 2, 0, 1), (1, 5, 0.3, 1), (2, 1, 0, 0), (3, 3, 1.5, 1)]
)
def test_alternating_minimisation_is_never_below(seed, gamma, delta, rho, sigma):
    problem = random_problem(seed)
    multipliers = {"rho": rho, "gamma": gamma, "delta": delta, "sigma": sigma}
    o = certified(problem, 1e-6, **multipliers)
    rng = np.random.default_rng(seed)
    runs = [alternate(problem, rng, **multipliers) for _ in range(20)]
    assert min(runs) >= o.lower_bound - ROUNDING
    assert o.value <= min(runs) + 1e-6


@given(seed=st.integers(0, 30), n=st.integers(1, 3), gamma=st.integers(0, 6), delta=st.integers(0, 3),
       sigma=st.integers(0, 4), rho=st.integers(0, 1))  # fmt: skip
@settings(max_examples=examples(25), deadline=None)
def test_laws(seed, n, gamma, delta, sigma, rho):
    problem = random_problem(seed, n=n)
    multipliers = {
        "gamma": Fraction(gamma, 2),
        "delta": Fraction(delta, 2),
        "sigma": Fraction(sigma, 5),
        "rho": rho,
    }
    o = certified(problem, 1e-5, **multipliers)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        rule = rng.dirichlet(np.full(4, 0.2), size=len(problem.types))
        assert value(problem, rule, **multipliers) >= o.lower_bound - ROUNDING
    for name in multipliers:
        more = certified(problem, 1e-5, **{**multipliers, name: multipliers[name] + Fraction(1, 3)})
        assert more.value >= o.lower_bound - ROUNDING
        letter = {"rho": "R", "gamma": "C", "delta": "D", "sigma": "S"}[name]
        # Slopes: the value is concave in a multiplier.
        assert more.lower_bound <= o.value + o.point[letter] / 3 + ROUNDING


@pytest.mark.parametrize(("n", "z", "delta", "sigma"), [(1, 3, 0.5, 0.2), (2, 3, 0, 0.1), (3, 2, 0.5, 0.1)])
def test_larger_problems(n, z, delta, sigma):
    certified(random_problem(7, n=n, z=z), 1e-4, gamma=2, delta=delta, sigma=sigma)


def test_functionals_are_those_of_the_world():
    problem = random_problem(8)
    o = certified(problem, 1e-6, gamma=4, delta=0.4, sigma=0.1)
    world = tx.WorldP(
        *(np.array(t, dtype=float) for t in (problem.phi, problem.x_given_phi, problem.y_given_x_phi)),
        spread(problem, o.witness["theta_given_type"]),
        np.array(tx.encoders.table(problem.encoders), dtype=float),
    )
    f = tx.functionals(world, tx.optimal_variational(world, shared=True))
    for name in "RCDS":
        assert o.point[name] == pytest.approx(getattr(f, name), abs=1e-10)
    for name, table in (("z", "z"), ("x_given_z", "x_given_z"), ("y_given_z", "y_given_z"), ("theta", "theta")):
        assert np.allclose(o.witness[name], getattr(tx.optimal_variational(world, shared=True), table), atol=1e-10)


def test_the_optimum_is_a_fixed_point_of_the_boltzmann_rule():
    problem = random_problem(9)
    o = certified(problem, 1e-10, gamma=3, sigma=0.3)
    q = tx.Variational(**{k: o.witness[k] for k in ("theta", "z", "x_given_z", "y_given_z")})
    rule = tx.learners.gibbs(0.3, problem.encoders, q, 2, 2, 2, gamma=3)
    assert np.allclose(rule, spread(problem, o.witness["theta_given_type"]), atol=1e-6)


def test_one_encoder_leaves_nothing_to_choose():
    encoder = [[["3/4", "1/4"], ["1/5", "4/5"]]]
    problem = random_problem(10, n=3, dictionary=encoder)
    phi, x, y = (np.array(t, dtype=object) for t in (problem.phi, problem.x_given_phi, problem.y_given_x_phi))
    joint = (phi[:, None, None] * x[:, :, None] * y).sum(axis=0)
    best = tx.minimize(tx.EncoderProblem(tx.Joint(joint, ("X", "Y"))), gamma=2, delta=0.5)
    for sigma in (0, 1):
        o = certified(problem, 1e-6, gamma=2, delta=0.5, sigma=sigma)
        assert o.point["S"] == 0
        assert o.value >= 3 * best.lower_bound
        assert o.value == pytest.approx(
            value(problem, np.ones((len(problem.types), 1)), gamma=2, delta=0.5), abs=ROUNDING
        )


def test_invariant_rules_lose_nothing():
    # theta = x1 and its average over permutations of the two samples: S falls, the rest stays.
    problem = random_problem(11)
    x, y, _, _ = problem.shape
    rule = np.array([[0.0, c[2] + c[3], c[0] + c[1], 0.0] for c, _ in problem.types]) / 2
    assert (x, y) == (2, 2)
    first = functionals(problem, rule)
    world = [np.array(t, dtype=float) for t in (problem.phi, problem.x_given_phi, problem.y_given_x_phi)]
    by_first = np.zeros((2, 2, 2, 2, 4))
    by_first[0, :, :, :, 2] = by_first[1, :, :, :, 1] = 1
    w = tx.WorldP(*world, by_first, np.array(tx.encoders.table(problem.encoders), dtype=float))
    f = tx.functionals(w, tx.optimal_variational(w, shared=True))
    for name in "RCD":
        assert getattr(f, name) == pytest.approx(first[name], abs=1e-10)
    assert first["S"] < f.S - 0.01


@pytest.mark.parametrize(
    "tables",
    [
        ([1], [[1]], [[[1]]], 1, [[[1]]]),  # one letter of everything
        ([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], 2, tx.encoders.deterministic(2, 2)),  # Y = X
        (["1/2", "1/2"], [[1, 0], [0, 1]], [[[1, 0], [1, 0]], [[0, 1], [0, 1]]], 2, tx.encoders.deterministic(2, 2)),
        pytest.param(
            ([1], [["1/3", "2/3"]], [[["1/2", "1/2"], ["1/2", "1/2"]]], 2, tx.encoders.deterministic(2, 3)),
            marks=pytest.mark.deep,
        ),  # Y independent
        ([1], [["1/3", "2/3"]], [[["1/2", "1/2"], ["1/2", "1/2"]]], 1, tx.encoders.deterministic(2, 2)),
        ([1.0], [[0.3, 0.7]], [[[0.1, 0.9], [1.0, 0.0]]], 2, [[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.1, 0.9]]]),
    ],
)
@pytest.mark.parametrize("sigma", [0, 0.3])
@pytest.mark.parametrize("delta", [0, 1])
def test_degenerate(tables, sigma, delta):
    certified(tx.LearningRuleProblem(*tables), 1e-5, gamma=2, delta=delta, sigma=sigma)


def test_an_open_gap_is_said():
    problem = random_problem(12)
    o = tx.minimize(problem, gamma=2, delta=0.5, sigma=0.1, tol=1e-9, max_cells=20)
    assert o.status == "open" and o.gap > 1e-9 and o.reason == "cells"
    v = verify_rule(o.certificate)
    assert v.valid and v.lower_bound == o.lower_bound


def lopsided():
    """A process with a certain and a rare letter, and all maps from 2 letters to 3 codes."""
    process = [
        ["1/4", "3/4"],
        [["1/2", "1/2"], ["2/5", "3/5"]],
        [[[1, 0], ["4/7", "3/7"]], [["6/7", "1/7"], [0, 1]]],
    ]
    return tx.LearningRuleProblem(*process, 2, tx.encoders.deterministic(2, 3))


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.2])
@pytest.mark.parametrize(("rho", "gamma"), [(0.5, 3), (0.5, 10), (2, 3), (0.5, 1)])
def test_a_small_temperature_is_no_harder(rho, gamma, sigma):
    # One stalled dual put the bound of a cell 10.7 nats below its parent's, and that ended the search.
    o = certified(lopsided(), 1e-6, rho=rho, gamma=gamma, sigma=sigma)
    assert o.cells < 20_000


@pytest.mark.parametrize("most", [1, 3, 15, 63, 255])
@pytest.mark.parametrize(("rho", "sigma"), [(0, 0.05), (0, 5), (0.5, 0.05)])
def test_more_cells_never_prove_less(rho, sigma, most):
    # A child's own bound may lie below its parent's: what holds for a box holds for its parts.
    problem, bounds = lopsided(), []
    for cells in (most, 2 * most + 1):
        o = tx.minimize(problem, rho=rho, gamma=3, sigma=sigma, tol=1e-9, max_cells=cells)
        assert o.status == "open" and o.reason == "cells" and o.lower_bound >= 0
        v = verify_rule(json.loads(json.dumps(o.certificate)), problem)
        assert v.valid and v.lower_bound <= o.lower_bound == max(v.lower_bound, 0.0)
        bounds.append(v.lower_bound)
    assert bounds[0] <= bounds[1]


def test_the_reason_says_what_ended_the_search():
    problem = lopsided()
    hurried = tx.minimize(problem, rho=0, gamma=1, sigma=5, tol=1e-9, time_limit=1e-9)
    assert (hurried.status, hurried.reason) == ("open", "time")
    fine = tx.minimize(random_problem(12), gamma=2, sigma=0.1, tol=1e-15)
    assert (fine.status, fine.reason) == ("open", "rounding") and fine.gap < 1e-11
    vertices = tx.minimize(random_problem(12), gamma=2, tol=1e-15)
    assert (vertices.status, vertices.reason) == ("open", "rounding") and vertices.gap < 1e-11


@pytest.mark.xfail(strict=False, reason="a known defect: this dual ends 1e-7 low, a valid bound that is not closed")
def test_a_dual_of_rate_distortion_that_is_left_open():
    """Found at random: one of some 20,000; the bound is never above the value, which the test below asserts too."""
    closed_from(28381)


@given(st.integers(0, 10**6))
@settings(max_examples=examples(200), deadline=None, derandomize=True)
def test_the_dual_of_rate_distortion_is_closed_from_any_start(seed):
    """Against the value of its own rule: costs far above and below sigma, rare types, starts without mass."""
    closed_from(seed)


def closed_from(seed):
    rng = np.random.default_rng(seed)
    types, thetas = rng.integers(1, 21), rng.integers(1, 28)
    mass = rng.dirichlet(np.full(types, rng.choice([0.1, 1, 10]))) + 1e-30
    costs = rng.normal(size=(types, thetas)) * 10 ** rng.uniform(-2, 1.5)
    costs = np.round(costs, 1) if rng.random() < 0.5 else costs
    costs[:, rng.integers(thetas)] = costs[:, 0]
    sigma = 10 ** rng.uniform(-3, 1)
    q, rule = rng.dirichlet(np.full(thetas, 0.02)), np.empty_like(costs)
    lower = rate_distortion(mass, costs, sigma, q, rule)
    joint = mass[:, None] * rule
    used = joint > 0
    ratio = np.where(used, rule, 1) / np.where(used, joint.sum(axis=0), 1)
    value = (joint * costs).sum() + sigma * (joint[used] * np.log(ratio[used])).sum()
    assert np.allclose(rule.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert -1e-13 <= (value - lower) / (abs(value) + sigma + np.abs(costs).max()) <= 1e-10


# certificates


@pytest.fixture(scope="module")
def certificate():
    return tx.minimize(random_problem(0), gamma=2, sigma=0.2, tol=1e-6).certificate


@pytest.mark.parametrize("name", ["value", "lower_bound", "tol", "status", "multipliers", "problem", "tree", "kind"])
def test_an_edit_fails_the_digest(certificate, name):
    edited = copy.deepcopy(certificate)
    edited[name] = "-" if isinstance(edited[name], str) else {}
    v = verify_rule(edited)
    assert not v.valid and "digest" in v.reason


def forge(certificate, **changes):
    edited = {**copy.deepcopy(certificate), **changes}
    return {**edited, "sha256": digest(edited)}


def test_false_claims_are_rejected(certificate):
    value, lower = (float.fromhex(certificate[name]) for name in ("value", "lower_bound"))
    leaves = certificate["leaves"]
    worse = [[(0.25).hex()] * 4] * len(leaves)
    for changes in (
        {"value": (value - 1e-9).hex()},
        {"lower_bound": (lower + 1e-9).hex(), "tol": (1.0).hex()},
        {"lower_bound": "inf"},
        {"lower_bound": "nan"},
        {"tree": "."},
        {"tree": "-"},
        {"tree": certificate["tree"][:-1]},
        {"tree": certificate["tree"] + "."},
        {"leaves": leaves[1:]},
        {"leaves": worse},
        {"leaves": [["-0x1p-1", *leaf[1:]] for leaf in leaves]},
        {"witness": certificate["witness"][1:]},
        {"witness": [["nan", *row[1:]] for row in certificate["witness"]]},
        {"rule": "vertices"},
        {"rule": "magic"},
        {"kind": "excess"},
        {"kind": "capped"},
        {"status": "infeasible"},
        {"multipliers": {**certificate["multipliers"], "sigma": "1/4"}},
        {"multipliers": {"rho": "1"}},
        {"problem": random_problem(1).describe()},
        {"problem": {}},
    ):
        v = verify_rule(forge(certificate, **changes))
        assert not v.valid and v.reason, changes


def test_random_edits_never_prove_more(certificate):
    value, lower = (float.fromhex(certificate[name]) for name in ("value", "lower_bound"))
    rng = np.random.default_rng(0)
    text = json.dumps({k: v for k, v in certificate.items() if k != "sha256"})
    for _ in range(150):
        at = int(rng.integers(len(text)))
        edited = text[:at] + str(rng.choice(list("0123456789abcdef.-+xp[]"))) + text[at + 1 :]
        try:
            content = json.loads(edited)
        except json.JSONDecodeError:
            continue
        v = verify_rule({**content, "sha256": digest(content)})
        if (
            v.valid
            and content["problem"] == certificate["problem"]
            and content["multipliers"] == certificate["multipliers"]
        ):
            assert v.lower_bound <= value and v.value >= lower


@pytest.mark.parametrize("bad", [None, 3, [], {}, {"format": "therml-rule-1"}, "no/such/file"])
def test_whatever_is_malformed_is_no_proof(bad):
    assert not verify_rule(bad).valid


def test_it_is_about_the_problem(certificate):
    assert verify_rule(certificate, random_problem(0)).valid
    assert not verify_rule(certificate, random_problem(1)).valid


def test_the_verifier_needs_no_solver(certificate, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(certificate))
    code = (
        "import sys; from therml_exact.verification import verify as verify_rule\n"
        f"assert verify_rule({str(path)!r}).valid\n"
        "rules, mixture = 'therml_exact.frontier.rules.cells', 'therml_exact.frontier.mixture.solve'\n"
        "assert not {'numba', rules, mixture} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# the door


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoders": [[[1, 0]]]}, "letters of x"),
        ({"encoders": [[[1, 1], [1, 0]]]}, "sums to 2"),
        ({"n": 0}, "n is 0"),
        ({"phi": [["1/2", "1/2"]]}, "phi has shape"),
        ({"x_given_phi": [["1/2", "1/2"]]}, "x_given_phi has shape"),
        ({"n": 80}, "types"),
    ],
)
def test_bad_problems(change, message):
    p = random_problem(0)
    tables = {name: getattr(p, name) for name in ("phi", "x_given_phi", "y_given_x_phi", "n", "encoders")}
    with pytest.raises(ValueError, match=message):
        tx.minimize(tx.LearningRuleProblem(**{**tables, **change}), gamma=1)


def test_bad_multipliers():
    p = random_problem(0)
    with pytest.raises(TypeError, match="beta"):
        tx.minimize(p, beta=1)
    with pytest.raises(ValueError, match="sigma"):
        tx.minimize(p, sigma=-1)
    with pytest.raises(ValueError, match="tol"):
        tx.minimize(p, tol=math.nan)


def test_all_maps_go_with_a_process_of_floats():
    """The dictionary of encoders.deterministic is exact; the process may be floats or not."""
    process = ([0.5, 0.5], [[0.75, 0.25], [0.25, 0.75]], [[[0.5, 0.5], [0.25, 0.75]]] * 2)
    maps = tx.encoders.deterministic(2, 2)
    floats = tx.minimize(tx.LearningRuleProblem(*process, 1, maps), gamma=3, sigma=0.1, tol=1e-6)
    exact = [np.vectorize(Fraction, otypes=[object])(np.array(table)) for table in process]
    same = tx.minimize(tx.LearningRuleProblem(*exact, 1, maps), gamma=3, sigma=0.1, tol=1e-6)
    assert floats.value == pytest.approx(same.value, abs=1e-12)
    assert tx.verify(floats.certificate).valid and tx.verify(same.certificate).valid
