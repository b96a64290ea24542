"""Caps and points: the part of the frontier that no multipliers see."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from learning_rules import functionals, random_problem

import therml_exact as tx
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.rules.bent import MIDPOINT, bent
from therml_exact.verification import verify as verify_rule

L = math.log(2)


def check(result):
    v = verify_rule(json.loads(json.dumps(result.certificate)), result.problem)
    assert v.valid, v.reason
    return v


# the bent example


@pytest.mark.parametrize(("size", "tol"), [(5, 1e-2), pytest.param(17, 1e-4, marks=pytest.mark.deep)])
def test_its_ends_are_achieved_and_its_midpoint_is_not(size, tol):
    problem = bent(size)
    for end in ({"R": 0, "C": L, "S": 0}, {"R": L, "C": 0, "S": L}):
        assert tx.classify_rule(problem, **end).verdict == "feasible"
    found = tx.excess(problem, MIDPOINT, tol=tol)
    # Finer grids come closer: 0.0637 at 17 encoders.
    assert found.gap <= tol and found.lower_bound > 0.0637 - tol > 1 / 80
    assert check(found).lower_bound == found.lower_bound
    assert tx.classify_rule(problem, **MIDPOINT, tol=tol).verdict == "impossible"


@pytest.mark.parametrize(("size", "tol"), [(5, 2e-2), pytest.param(9, 1e-5, marks=pytest.mark.deep)])
def test_no_multipliers_see_it(size, tol):
    # rho R + gamma C + sigma S is never larger at both ends than at the midpoint: a half-space cannot separate it.
    problem = bent(size)
    for gamma, sigma in ((1, 0.5), (2, 1), (3, 1), (1.5, 0.5), (0.5, 0.2)):
        o = tx.minimize(problem, gamma=gamma, sigma=sigma, tol=1e-6)
        assert o.lower_bound <= MIDPOINT["R"] + gamma * MIDPOINT["C"] + sigma * MIDPOINT["S"] + 1e-9
    # Caps do: with R, S <= log(2)/2 the least C is well above log(2)/2.
    c = tx.minimize_capped(problem, "C", {"R": MIDPOINT["R"], "S": MIDPOINT["S"]}, tol=tol)
    assert c.status == "certified" and c.lower_bound > MIDPOINT["C"] + 0.1
    check(c)


@pytest.mark.parametrize("caps", [{"R": 0, "S": 0}, {"S": 0}, {"R": 0}])
def test_caps_of_zero_are_met_exactly(caps):
    # Nothing learnt, nothing encoded: C = H(Y), by a rule that meets the caps and not within rounding only.
    c = tx.minimize_capped(bent(5), "C", caps, tol=2e-2)
    assert c.status == "certified" and c.value == pytest.approx(L, abs=1e-12) and c.lower_bound <= L
    assert all(c.point[name] == 0 for name in caps)
    check(c)


@pytest.mark.parametrize(
    ("minimise", "caps"), [("R", {"C": 0}), ("R", {"D": 0}), ("R", {"D": 0, "S": 0}), ("D", {"C": 0, "S": 0})]
)
def test_no_error_at_all_can_be_asked_for(minimise, caps):
    # Y = X, a fair bit: Z = X has C = D = 0. With R, {"D": 0, "S": 0} the multipliers once grew to 1e61, and the
    # certificate was refused by its own verifier.
    problem = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], 1, tx.encoders.deterministic(2, 2))
    c = tx.minimize_capped(problem, minimise, caps, tol=1e-3)
    assert c.status == "certified" and all(c.point[name] == 0 for name in caps)
    assert c.value == pytest.approx(L if minimise == "R" else 0, abs=1e-12)
    check(c)


def test_a_cap_below_zero_is_not_met_by_zero():
    # -1e-400 is -0.0 as a float.
    c = tx.minimize_capped(bent(5), "C", {"S": Fraction(-1, 10**400)}, tol=2e-2, max_cells=50)
    assert c.status == "open" and c.witness == {}
    check(c)


@pytest.mark.parametrize("by", [5e-324, 1e-17, 1e-3])
def test_what_is_not_quite_zero_is_refused(by):
    c = json.loads(json.dumps(tx.minimize_capped(bent(5), "C", {"R": 0, "S": 0}, tol=2e-2).certificate))
    rows = [[float.fromhex(v) for v in row] for row in c["witness"]]
    other = rows[0].index(0.0)
    for changed in ([0], [0, 1]):  # S > 0 and R > 0; R > 0 alone
        forged = [[v + by * (t in changed and a == other) for a, v in enumerate(row)] for t, row in enumerate(rows)]
        edited = {**c, "witness": [[v.hex() for v in row] for row in forged], "value": (1.0).hex(), "status": "open"}
        v = verify_rule({**edited, "sha256": digest(edited)})
        assert not v.valid and "above its cap" in v.reason


@st.composite
def problems_with_zeros(draw):
    def rows(*shape):
        count = math.prod(shape)
        flat = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
        table = np.array(flat).reshape(shape)
        table[..., 0] += table.sum(axis=-1) == 0
        return [[Fraction(int(v), int(row.sum())) for v in row] for row in table.reshape(-1, shape[-1])]

    phis, x, y, thetas, z = draw(st.tuples(st.integers(1, 2), *[st.integers(1, 3)] * 4))
    labels = np.array(rows(phis, x, y), dtype=object).reshape(phis, x, y)
    encoders = np.array(rows(thetas, x, z), dtype=object).reshape(thetas, x, z)
    problem = tx.LearningRuleProblem(rows(phis)[0], rows(phis, x), labels, draw(st.integers(1, 2)), encoders)
    return problem, np.array(rows(len(problem.types), thetas), dtype=object)


@given(problems_with_zeros())
@settings(deadline=None, max_examples=examples(200))
def test_zeros_are_all_exact_zeros_and_no_other(drawn):
    """Against the exact joint of type, theta, x, y, z: unseen letters, unused encoders, soft and unequal rows."""
    problem, rule = drawn
    mass = np.array([p for _, p in problem.types], dtype=object)
    counts = problem.counts.astype(object) * Fraction(1, problem.n)
    j = tx.Joint(np.einsum("t,ta,txy,axz->taxyz", mass, rule, counts, problem.dictionary), tuple("TAXYZ"))
    exact = {
        "R": tx.mutual_information(j, "Z", ("X", "A")),
        "C": tx.entropy(j, "Y", given="Z"),
        "D": tx.entropy(j, "X", given="Z"),
        "S": tx.mutual_information(j, "T", "A"),
    }
    told = problem.zeros(rule.astype(float))
    assert set(told) == {name for name, value in exact.items() if value == 0}
    point, _ = problem.evaluate(rule.astype(float))
    assert all(point[name] == 0 for name in told)


def test_the_numbers_of_the_proof():
    def h(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    e = 1 / 80
    angle = math.acos(math.sqrt(0.5 + e / L))
    assert angle > 0.76735 and h(0.104) < L / 2 - e
    assert angle**2 * 0.104 * 0.896 > 0.0548 > 4 * e
    # Concavity of h in v = u (1 - u): its derivative 2 artanh(x)/x grows with x = 1 - 2u.
    x = np.linspace(1e-3, 1 - 1e-6, 1000)
    assert (np.diff(np.arctanh(x) / x) > 0).all()


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 4))
@settings(max_examples=examples(60), deadline=None)
def test_random_alphabets_keep_away_from_the_midpoint(seed, thetas, codes):
    rng = np.random.default_rng(seed)
    rule = rng.dirichlet(np.full(thetas, 0.3), size=2)
    encoder = rng.dirichlet(np.full(codes, 0.3), size=thetas)
    problem = tx.LearningRuleProblem([1.0], [[1.0]], [[[0.5, 0.5]]], 1, encoder[:, None, :])
    f = functionals(problem, rule)
    assert max(f[name] - MIDPOINT[name] for name in "RCS") > 1 / 80


# caps


@pytest.mark.parametrize(
    ("minimise", "caps"),
    [
        ("C", {"S": 0.3, "R": 0.5}),
        ("C", {"R": 0.5}),
        ("C", {"S": "3/10"}),
        ("S", {"C": 0.8}),
        ("R", {"C": 0.8, "S": 0.7}),
        ("D", {"R": 0.4, "S": 0.1}),
        # A cap of D that minorants keep and D does not, with the multiplier 0: its pieces must be halved too.
        ("C", {"S": 0.9, "R": 1.2, "D": 1.3}),
        ("C", {}),
    ],
)
def test_caps(minimise, caps):
    problem = random_problem(0)
    o = tx.minimize_capped(problem, minimise, caps, tol=1e-5)
    assert o.status == "certified" and o.gap <= 1e-5
    check(o)
    f = functionals(problem, o.witness["theta_given_type"])
    assert f[minimise] == pytest.approx(o.value, abs=1e-10)
    for name, cap in caps.items():
        assert f[name] <= float(Fraction(cap)) + 1e-12
    # Random rules that keep the caps are not below, nor are the textbook iteration's.
    rng = np.random.default_rng(1)
    for _ in range(200):
        g = functionals(problem, rng.dirichlet(np.full(4, 0.1), size=len(problem.types)))
        if all(g[name] <= float(Fraction(cap)) for name, cap in caps.items()):
            assert g[minimise] >= o.lower_bound - 1e-10


@pytest.mark.parametrize(("gamma", "delta", "sigma"), [(3, 0, 0.2), (2, 0.5, 0.1), (5, 0.5, 0.5)])
def test_a_point_of_the_lagrangian_is_found_again(gamma, delta, sigma):
    problem = random_problem(1)
    o = tx.minimize(problem, gamma=gamma, delta=delta, sigma=sigma, tol=1e-8)
    # Minimising C under its R, D, S cannot be below by more than the gap over gamma.
    caps = {name: o.point[name] + 1e-6 for name in "RDS"}
    c = tx.minimize_capped(problem, "C", caps, tol=1e-5)
    assert c.status == "certified"
    loose = (1 + delta + sigma) * 1e-6 / gamma
    assert o.point["C"] - (o.gap + 1e-9) / gamma - loose - 1e-5 <= c.value <= o.point["C"] + 1e-5


def test_caps_that_nothing_meets():
    problem = random_problem(0)
    c = tx.minimize_capped(problem, "C", {"R": 0.2, "D": 0.01})
    assert c.status == "infeasible" and c.value == math.inf and c.witness == {} and c.gap == 0
    v = check(c)
    assert v.lower_bound > 0.1


def test_bad_caps():
    problem = random_problem(0)
    with pytest.raises(TypeError, match="minimise"):
        tx.minimize_capped(problem, "Q", {})
    with pytest.raises(TypeError, match="cap the others"):
        tx.minimize_capped(problem, "C", {"C": 1})
    with pytest.raises(TypeError, match="functionals are"):
        tx.minimize_capped(problem, "C", {"V": 1})
    with pytest.raises(ValueError, match="finite"):
        tx.minimize_capped(problem, "C", {"R": math.nan})
    with pytest.raises(ValueError, match="empty"):
        tx.excess(problem, {})
    with pytest.raises(TypeError, match="LearningRuleProblem"):
        tx.excess(None, {"R": 1})


# points


@given(st.integers(0, 20), st.lists(st.integers(0, 12), min_size=4, max_size=4))
@example(4, [8, 4, 6, 2])
@settings(max_examples=examples(25), deadline=None)
def test_verdicts(seed, where):
    problem = random_problem(seed)
    point = {name: k / 8 for name, k in zip("RCDS", where, strict=True)}
    rng = np.random.default_rng(seed)
    rules = [rng.dirichlet(np.full(4, 0.2), size=len(problem.types)) for _ in range(20)]
    found = tx.excess(problem, point, tol=1e-4, max_cells=20_000)
    assert 0 <= found.gap <= 1e-4
    for rule in rules:
        f = functionals(problem, rule)
        assert max(f[name] - point[name] for name in point) >= found.lower_bound - 1e-10
    # Clearly below or above what can be reached is decided, both ways, from the two-sided excess.
    for shift, verdict in ((found.lower_bound - 2e-3, "impossible"), (found.value + 2e-3, "feasible")):
        moved = {name: v + shift for name, v in point.items()}
        c = tx.classify_rule(problem, **moved, tol=1e-3, max_cells=20_000)
        assert c.verdict == verdict
        if verdict == "impossible":
            assert 0 < c.by <= 2e-3 + 2e-4 and verify_rule(c.evidence, problem).valid
        else:
            f = functionals(problem, c.evidence["theta_given_type"])
            assert all(f[name] <= moved[name] + 1e-11 for name in moved)


def test_a_false_impossibility_is_rejected():
    problem = random_problem(0)
    c = tx.classify_rule(problem, R=0.2, C=1.3, S=0.1).evidence
    assert verify_rule(c, problem).valid
    for changes in (
        {"point": {**c["point"], "R": "2"}},
        {"lower_bound": (float.fromhex(c["lower_bound"]) * 2 + 0.1).hex()},
        {"leaves": [["0x0p+0"] * 4 + leaf[4:] for leaf in c["leaves"]]},
        {"leaves": [[*leaf[:3], "-0x1p-1", *leaf[4:]] for leaf in c["leaves"]]},
        {"kind": "capped", "minimise": "C", "caps": {}},
    ):
        edited = {**c, **changes}
        assert not verify_rule({**edited, "sha256": digest(edited)}).valid
