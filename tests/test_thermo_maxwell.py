"""Potentials, Maxwell relations, first law and susceptibilities on a smooth family of equilibria."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy

from therml_exact.thermo import family as fam
from therml_exact.thermo.bordered import NotSmoothError
from therml_exact.thermo.branch import branch_end, default_family, find_state, sample_states
from therml_exact.thermo.family import EquilibriumFamily
from therml_exact.thermo.maxwell import AGREEMENT, measure_maxwell, measure_misprints
from therml_exact.thermo.potentials import PAIRS, Derivative, maxwell_relations, potentials
from therml_exact.thermo.susceptibility import first_law, mixed_difference, rate_hessian, slopes, susceptibilities

FAMILY, MIDDLE = default_family()
COPY, FLIP = [[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]]
SYMMETRIC = EquilibriumFamily([0.5, 0.5], [[0.5, 0.5]] * 2, [COPY, FLIP], 2, [COPY, FLIP])


def test_there_are_8_potentials_and_24_relations_of_which_12_are_printed():
    assert [p.name for p in potentials()] == list("RFHGABEJ")
    relations = maxwell_relations()
    assert len(relations) == len({r.statement for r in relations}) == 24
    printed = [r for r in relations if r.printed]
    assert sum(len(set(r.printed) - {80}) for r in printed) == 12
    # without the third variable the paper has 11 different texts: (84) and (95) read alike
    texts = {(r.left.of, r.left.wrt, r.left.held[0], r.right.of) for r in printed}
    assert len(texts) == 11
    for r in relations:
        assert r.third in r.left.held
        assert r.third in r.right.held
    assert str(relations[5]) == "F: (∂γ/∂σ)_{C,D} = -(∂S/∂C)_{σ,D}, (80), (84)"


def test_differentials_are_those_of_the_appendix():
    """(29), (79), (86) with the missing d, (89), (91), (94)."""
    text = {p.name: str(p).rpartition("= ")[2] for p in potentials()}
    assert text["R"] == "- δ dD - γ dC - σ dS"
    assert text["F"] == "- δ dD - γ dC + S dσ"
    assert text["H"] == "- δ dD + C dγ - σ dS"
    assert text["G"] == "- δ dD + C dγ + S dσ"
    assert text["A"] == "D dδ - γ dC - σ dS"
    assert text["B"] == "D dδ - γ dC + S dσ"


def test_every_relation_is_an_identity_of_a_general_quadratic_rate():
    """An independent derivation: R = x'Ax/2 with symbols for A; solve for each experiment's response."""
    a = sympy.symbols("a:6")
    matrix = sympy.Matrix(3, 3, lambda i, j: a[(0, 1, 2, 1, 3, 4, 2, 4, 5)[3 * i + j]])
    rows = {name: sympy.eye(3).row(k) for k, name in enumerate(PAIRS)}
    rows |= {name: -matrix.row(k) for k, name in enumerate(PAIRS.values())}

    def response(e: Derivative):
        system = sympy.Matrix.vstack(rows[e.wrt], *(rows[name] for name in e.held))
        return (rows[e.of] * system.LUsolve(sympy.Matrix([1, 0, 0])))[0]

    for r in maxwell_relations():
        assert sympy.cancel(response(r.left) - r.sign * response(r.right)) == 0, r.statement


def test_family_values_are_the_functionals_of_the_world():
    """R, D, C, S of the family against tx.functionals of the world with this rule and its optimal shared q's."""
    import therml_exact as tx

    rule = np.empty((2, 2, 2, 2, 3))
    types = FAMILY.types.tolist()
    for data in itertools.product(range(2), repeat=4):
        counts = [0] * 4
        for x, y in (data[:2], data[2:]):
            counts[2 * x + y] += 1
        rule[data] = MIDDLE.rule[types.index(counts)]
    world = tx.WorldP(FAMILY.phi, FAMILY.x_given_phi, FAMILY.y_given_x_phi, rule, tx.encoders.table(FAMILY.encoders))
    f = tx.functionals(world, tx.optimal_variational(world, shared=True))
    for name in "RDCS":
        assert abs(getattr(f, name) - getattr(MIDDLE, name)) < 1e-13


def test_gradients_and_hessians_are_those_of_the_values():
    rng = np.random.default_rng(1)
    rule = rng.dirichlet(np.ones(3), size=len(FAMILY.p))
    move = rng.normal(size=rule.shape)
    move -= move.mean(axis=1, keepdims=True)
    h = 1e-5
    up, down = FAMILY.evaluate(rule + h * move), FAMILY.evaluate(rule - h * move)
    _, gradients, hessians = FAMILY.evaluate(rule)
    assert np.allclose((up[0] - down[0]) / (2 * h), gradients @ move.reshape(-1), atol=1e-8)
    assert np.allclose((up[1] - down[1]) / (2 * h), hessians @ move.reshape(-1), rtol=1e-5, atol=1e-7)


def test_middle_is_below_every_smaller_dictionary():
    """The branch is the best known: no rule on fewer encoders, from any of many starts, has a smaller objective."""
    lam = np.array([1.0, *MIDDLE.multipliers.values()])
    rng = np.random.default_rng(0)
    for size in (1, 2):
        for kept in itertools.combinations(range(3), size):
            part = FAMILY.encoders[list(kept)] if size > 1 else FAMILY.encoders[list(kept) * 2]
            smaller = EquilibriumFamily(FAMILY.phi, FAMILY.x_given_phi, FAMILY.y_given_x_phi, 2, part)
            for _ in range(5):
                start = rng.dirichlet(np.ones(len(part)), size=len(smaller.p))
                rule = smaller.relax(start, MIDDLE.multipliers, 300).clip(1e-300)
                assert lam @ smaller.evaluate(rule)[0] > MIDDLE.J + 0.05
    assert MIDDLE.residual < fam.RESIDUAL
    assert MIDDLE.curvature > 0.1


def check(states):
    worst = 0.0
    for state in states:
        assert state.residual < fam.RESIDUAL
        report = measure_maxwell(state)
        assert len(report) == 24
        assert all(row.verdict == "agrees" for row in report), str(report)
        worst = max(worst, report.worst)
    return worst


def test_maxwell_relations_agree_at_five_points():
    assert check(sample_states(FAMILY, MIDDLE, 5, seed=1)) < AGREEMENT


@pytest.mark.deep
def test_maxwell_relations_agree_at_a_hundred_points():
    """Both sides, by implicit derivatives and by re-solved differences: measured 5.9e-7 at worst."""
    states = sample_states(FAMILY, MIDDLE, 100)
    assert check(states) < AGREEMENT
    for state in states:  # D, C and S vary independently: R's Hessian is finite and regular
        eigenvalues = np.linalg.eigvalsh(rate_hessian(state))
        assert 1 < eigenvalues[0] < eigenvalues[2] < 1e4


def test_printed_85_and_93_fail_where_the_corrected_ones_hold():
    for state in sample_states(FAMILY, MIDDLE, 3, seed=2):
        for left, right in measure_misprints(state).values():
            assert abs(left - right) > 0.5 * max(abs(left), abs(right))


def test_84_and_95_are_two_statements():
    """The same text, with D held and with delta held: 6.046 and 6.052."""
    values = [MIDDLE.derivative(Derivative("gamma", "sigma", ("C", third))) for third in ("D", "delta")]
    assert abs(values[0] - values[1]) > 1e-3


def test_first_law_defect_is_of_third_order():
    defects = []
    for h in (2e-2, 1e-2, 5e-3):
        near = FAMILY.solve(MIDDLE, delta=0.5 * (1 + h), gamma=2.1 * (1 - h), sigma=0.3 * (1 + h))
        law = first_law(MIDDLE, near)
        defects.append(abs(law.defect))
        assert abs(law.defect) < 0.05 * abs(law.change)
    assert all(6 < a / b < 10 for a, b in itertools.pairwise(defects))


def test_differentials_hold_between_neighbours():
    """(29), (78), (79), (86) corrected, (89), (91), (94): the trapezoid rule gives the change of each potential."""
    errors = {}
    for h in (2e-2, 1e-2):
        near = FAMILY.solve(MIDDLE, delta=0.5 * (1 - h), gamma=2.1 * (1 + h), sigma=0.3 * (1 + h))
        for p in potentials():
            traded = [name for name, multiplier in PAIRS.items() if multiplier in p.variables]
            values = [
                s.R + sum(s.multipliers[PAIRS[name]] * getattr(s, name) for name in traded) for s in (MIDDLE, near)
            ]
            work = sum(
                sign * (getattr(MIDDLE, c) + getattr(near, c)) / 2 * (getattr(near, v) - getattr(MIDDLE, v))
                for v, (sign, c) in p.differential.items()
            )
            errors.setdefault(p.name, []).append(values[1] - values[0] - work)
    for wide, narrow in errors.values():
        assert 6 < wide / narrow < 10  # third order
        assert abs(narrow) < 1e-6


def test_86_needs_its_missing_d():
    """Between neighbours dH is C dγ − δ dD − σ dS; with −δ D as printed it would not even vanish."""
    near = FAMILY.solve(MIDDLE, delta=0.5, gamma=2.1 * (1 + 1e-3), sigma=0.3)
    h = [state.R + state.gamma * state.C for state in (MIDDLE, near)]
    change = {name: getattr(near, name) - getattr(MIDDLE, name) for name in ("gamma", "D", "S")}
    true = MIDDLE.C * change["gamma"] - MIDDLE.delta * change["D"] - MIDDLE.sigma * change["S"]
    printed = MIDDLE.C * change["gamma"] - MIDDLE.delta * MIDDLE.D - MIDDLE.sigma * change["S"]
    assert abs(h[1] - h[0] - true) < 1e-4 * abs(h[1] - h[0])
    assert abs(h[1] - h[0] - printed) > 0.5


def test_multipliers_are_minus_the_slopes_of_the_rate():
    found = slopes(MIDDLE)
    for name, value in MIDDLE.multipliers.items():
        assert value > 0
        assert abs(found[name] / value - 1) < 1e-4
    half = slopes(MIDDLE, 5e-4)
    assert abs(half["gamma"] - 2.1) < 0.3 * abs(found["gamma"] - 2.1)  # second order in the distance


def test_mixed_second_derivatives_of_the_tabulated_rate():
    hessian = rate_hessian(MIDDLE)
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        assert abs(mixed_difference(MIDDLE, "DCS"[i], "DCS"[j]) / hessian[i, j] - 1) < 1e-5
        assert abs(hessian[i, j] / hessian[j, i] - 1) < 1e-9


def test_susceptibility_is_sigma_over_curvature_and_needs_two_variables_held():
    k = susceptibilities(MIDDLE)
    assert abs(k.values["D", "C"] / k.sigma_over_curvature - 1) < 1e-10
    redone = MIDDLE.redone(Derivative("R", "sigma", ("D", "C")))
    assert abs(redone / k.values["D", "C"] - 1) < 1e-6
    assert abs(k.values["D", "gamma"] / k.values["D", "C"] - 1) > 0.3


@pytest.mark.parametrize(("multiplier", "toward"), [("sigma", 3.0), ("gamma", 0.1)])
def test_a_kink_is_refused_with_the_reason(multiplier, toward):
    """The branch ends where J's Hessian becomes singular: sigma = 0.978..., and gamma_c on the symmetric family."""
    start = MIDDLE if multiplier == "sigma" else SYMMETRIC.solve(delta=0.2, gamma=2.0, sigma=0.3)
    end, beyond = branch_end(start, multiplier, toward)
    assert abs(end.multipliers[multiplier] - beyond) <= 1e-12
    assert 0 < end.curvature < fam.FLAT
    report = measure_maxwell(end)
    assert {row.verdict for row in report} == {"refused"}
    assert all("kink" in row.refused and "Hessian is singular" in row.refused for row in report)
    assert report.worst is None
    before = measure_maxwell(start, maxwell_relations()[-1:])  # smooth a little earlier
    if multiplier == "sigma":
        assert before.rows[0].verdict == "agrees"


def test_a_variable_that_cannot_vary_is_refused():
    """On the symmetric family D = H(X) whatever the multipliers: no experiment changes it."""
    state = SYMMETRIC.solve(delta=0.2, gamma=3.0, sigma=0.3)
    with pytest.raises(NotSmoothError, match="degenerate: D cannot vary"):
        state.derivative(Derivative("R", "D", ("gamma", "sigma")))
    with pytest.raises(NotSmoothError, match="smooth up to sigma"):
        branch_end(MIDDLE, "sigma", 0.31)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="all entries > 0"):
        EquilibriumFamily([1], [[0.5, 0.5]], [[[1, 0], [0, 1]]], 1, [[[1, 0], [0, 1]], COPY])
    with pytest.raises(ValueError, match="nothing is learnt"):
        EquilibriumFamily([1], [[0.5, 0.5]], [[[1, 0], [0, 1]]], 1, [COPY])
    with pytest.raises(ValueError, match="give one of D, delta"):
        FAMILY.solve(MIDDLE, D=1.0, delta=0.5, gamma=2.0)
    with pytest.raises(ValueError, match="sigma is nan"):
        FAMILY.solve(MIDDLE, delta=0.5, gamma=2.0, sigma=float("nan"))
    with pytest.raises(ValueError, match="prescribe delta, gamma and sigma"):
        FAMILY.solve(D=1.0, gamma=2.0, sigma=0.3)


COLD = EquilibriumFamily(
    [0.4, 0.6],
    [[0.7, 0.3], [0.2, 0.8]],
    [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.1, 0.9]]],
    2,
    [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]], [[0.15, 0.85], [0.7, 0.3]]],
)


def test_steps_shrink_until_the_experiment_settles():
    """At sigma = 0.02 one step for all reported 12 of the 24 true relations as different."""
    report = measure_maxwell(COLD.solve(delta=1.3, gamma=2.0, sigma=0.02))
    assert [row.verdict for row in report] == ["agrees"] * 24


def test_experiments_that_do_not_settle_are_refused(monkeypatch):
    state = MIDDLE
    rng = np.random.default_rng(0)

    class Noisy:
        def __init__(self, state):
            self.state = state

        def __getattr__(self, name):
            return getattr(self.state, name) + 1e-3 * rng.normal()

    monkeypatch.setattr(EquilibriumFamily, "solve", lambda self, start, **aim: Noisy(state))
    row = measure_maxwell(state, maxwell_relations()[:1]).rows[0]
    assert row.verdict == "refused"
    assert "does not settle" in row.refused


@pytest.mark.parametrize(
    ("start", "error"),
    [(5, ValueError), ("x", TypeError), (np.ones((10, 3)), ValueError), (np.full((10, 3), np.nan), ValueError)],
)
def test_a_start_is_a_rule(start, error):
    with pytest.raises(error, match="start"):
        COLD.solve(start, delta=1.3, gamma=2.0, sigma=0.2)
    with pytest.raises(TypeError, match="state is a int"):
        measure_maxwell(5)
    with pytest.raises(TypeError, match="state is a int"):
        susceptibilities(5)
    with pytest.raises(TypeError, match="b is a int"):
        first_law(MIDDLE, 5)


def random_family(seed):
    """Random process and encoders: |Phi|, |X|, |Y|, |Z| 2 or 3, |Theta| 2 to 4, N 1 to 3."""
    rng = np.random.default_rng(seed)
    phi, x, y, z = (int(k) for k in rng.integers(2, 4, size=4))
    theta, n = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    shapes = [(1, phi), (phi, x), (phi, x, y), (theta, x, z)]
    prior, xs, ys, encoders = (rng.dirichlet(np.ones(s[-1]), size=s[:-1]) for s in shapes)
    return EquilibriumFamily(prior[0], xs, ys, n, encoders)


@pytest.mark.parametrize("seed", [0, 2, 16, 20])
def test_random_worlds_have_a_measurable_family(seed):
    """Most were refused: encoders that do not pay are left out (16), sigma is made smaller (2), steps larger (20)."""
    state = find_state(random_family(seed))
    relations = maxwell_relations()[:: 1 if seed == 20 else 4]
    report = measure_maxwell(state, relations)
    assert [row.verdict for row in report] == ["agrees"] * len(relations), str(report)


def test_a_world_without_a_smooth_equilibrium_says_why_in_one_sentence():
    with pytest.raises(NotSmoothError) as refused:
        random_family(1).solve(delta=0.5, gamma=2.1, sigma=0.3)
    assert "takes all data sets" in str(refused.value)
    useless = EquilibriumFamily([1.0], [[0.5, 0.5]], [[[0.5, 0.5]] * 2], 1, [COPY, COPY])
    with pytest.raises(NotSmoothError, match=r"at none of 15 multipliers tried.*: \w+"):
        find_state(useless)


def test_an_encoder_left_out_stays_out_until_it_would_pay():
    """KKT by hand: giving it a little weight raises J while entering < 0."""
    family = random_family(16)
    state = family.solve(delta=0.5, gamma=2.1, sigma=0.3)
    out = np.flatnonzero(state.family.p @ state.rule == 0)
    assert len(out) == 1 and state.entering < 0
    weights = np.array([1.0, *state.multipliers.values()])
    floor = 1e-300 * np.eye(family.encoders.shape[0])[out[0]]
    base = weights @ family.evaluate(state.rule + floor)[0]
    assert abs(base - state.J) < 1e-12
    logs = np.log(np.where(state.rule > 0, state.rule, 1.0))
    share = 1e-6
    # The rule of alpha: weight in proportion to exp(-cost/sigma)/Z, by Boltzmann's rule for a small P.
    _, gradients, _ = family.evaluate(state.rule + floor)
    cost = (weights[:3] @ gradients[:3]).reshape(state.rule.shape) / family.p[:, None]
    inside = int(np.argmax(family.p @ state.rule))
    log_z = np.log((family.p @ state.rule)[inside]) - cost[:, inside] / 0.3 - logs[:, inside]
    gain = np.exp(-cost[:, out[0]] / 0.3 - log_z)
    assert abs(np.log(family.p @ gain) - state.entering) < 1e-9
    moved = state.rule * (1 - share * gain[:, None])
    moved[:, out[0]] = share * gain
    assert weights @ family.evaluate(moved)[0] > state.J


def test_a_branch_goes_on_where_entries_of_the_rule_underflow():
    """Ends were invented where conditional entries fell below 1e-35: at sigma = 0.0005 most are 0 in floats."""
    state = COLD.solve(delta=1.3, gamma=2.0, sigma=0.02)
    with pytest.raises(NotSmoothError, match="smooth up to sigma"):
        branch_end(state, "sigma", 5e-4)
    cold = COLD.solve(state, delta=1.3, gamma=2.0, sigma=5e-4)
    assert (cold.rule < 1e-100).any() and cold.curvature > 0.1
    relaxed = COLD.relax(cold.rule, cold.multipliers, 50)
    assert np.abs(relaxed - cold.rule).max() < 1e-8


def test_any_real_number_is_a_multiplier_and_states_of_two_families_do_not_mix():
    half = FAMILY.solve(delta=Fraction(1, 2), gamma=2.1, sigma=Fraction(3, 10))
    assert abs(half.J - MIDDLE.J) < 1e-12
    with pytest.raises(ValueError, match="different families"):
        first_law(MIDDLE, COLD.solve(delta=1.3, gamma=2.0, sigma=0.02))
    with pytest.raises(ValueError, match="state of another family"):
        COLD.solve(MIDDLE, delta=1.3, gamma=2.0, sigma=0.2)


def test_limits_are_kept_and_progress_is_told():
    ticks = []
    report = measure_maxwell(MIDDLE, maxwell_relations()[:3], time_limit=0, advance=lambda: ticks.append(1))
    assert len(ticks) == 3
    assert all("time of 0 s was up" in row.refused for row in report.rows)
    with pytest.raises(NotSmoothError, match="time was up after 0 of 8 starts"):
        FAMILY.solve(time_limit=-1, delta=0.5, gamma=2.1, sigma=0.3)
    with pytest.raises(ValueError, match="a family has up to 20,000"):
        EquilibriumFamily(FAMILY.phi, FAMILY.x_given_phi, FAMILY.y_given_x_phi, 60, FAMILY.encoders)
