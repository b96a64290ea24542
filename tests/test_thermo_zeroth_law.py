"""The zeroth law: coupled models, and what equal temperatures mean."""

from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.figures.thermo import draw_contact
from therml_exact.thermo.boltzmann import boltzmann
from therml_exact.thermo.zeroth_law import contact, couple, couple_priors, mean_rate, same_temperature

HALF = Fraction(1, 2)
MAPS = tx.encoders.deterministic(2, 2)
PROCESS = (["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]], [[["1/2", "1/2"]] * 2, [["1/5", "4/5"]] * 2])


def model(maps, n=1):
    rule = np.full((2, 2) * n + (len(maps),), Fraction(1, len(maps)), dtype=object)
    return tx.WorldP(*PROCESS, rule, tx.encoders.table(np.array(maps)))


# A copies x or is constant; its rate is -log q(z), which differs between parameters. B likewise, with other q's.
A, B = model([MAPS[0], MAPS[1]]), model([MAPS[1], MAPS[3], MAPS[2]])
QA = tx.Variational(theta=[HALF, HALF], z=["1/4", "3/4"])
QB = tx.Variational(theta=["1/3"] * 3, z=["2/3", "1/3"])


def test_coupled_functionals_add_up_with_product_qs():
    """R_C = R_A + R_B and S_C = S_A + S_B, exactly."""
    for seed in range(3):
        a, b = tx.random_world(seed, n=2), tx.random_world(seed + 50, n=2)
        b = tx.WorldP(a.phi, a.x_given_phi, a.y_given_x_phi, b.theta_given_data, b.z_given_x_theta)
        qa = tx.Variational(theta=["1/3", "2/3"], z=["1/5", "4/5"])
        qb = tx.Variational(theta=["1/2", "1/2"], z=["3/4", "1/4"])
        fa, fb = tx.functionals(a, qa), tx.functionals(b, qb)
        fc = tx.functionals(couple(a, b), couple_priors(qa, qb))
        assert fc.R == fa.R + fb.R
        assert fc.S == fa.S + fb.S


def test_with_optimal_qs_the_coupled_model_needs_less():
    """R_C = R_A + R_B - sum I(Z_A;Z_B), S_C = S_A + S_B - I(Theta_A;Theta_B)."""
    a, b = tx.random_world(3, n=2), tx.random_world(4, n=2)
    b = tx.WorldP(a.phi, a.x_given_phi, a.y_given_x_phi, b.theta_given_data, b.z_given_x_theta)
    c = couple(a, b)
    fa, fb, fc = (tx.functionals(w, tx.optimal_variational(w)) for w in (a, b, c))

    def information(name):
        return tx.mutual_information(tx.Joint(c.marginal(name).table.reshape(2, 2), ("A", "B")), "A", "B")

    shared = [information(name) for name in ("Z1", "Z2", "Theta")]
    assert shared[0] + shared[1] == fa.R + fb.R - fc.R
    assert shared[2] == fa.S + fb.S - fc.S
    assert shared[2] > 0


def test_equal_temperatures_are_equilibrium_of_the_coupled_model():
    """(97), exactly: at one sigma the coupled Boltzmann rule is the product of the two."""
    c, q = couple(A, B), couple_priors(QA, QB)
    for sigma in (1, HALF):
        assert same_temperature(boltzmann(A, QA, sigma), boltzmann(B, QB, sigma), boltzmann(c, q, sigma))
    for three in ((1, HALF, 1), (1, HALF, HALF), (1, HALF, Fraction(1, 3)), (HALF, HALF, 1)):
        sa, sb, sc = three
        assert not same_temperature(boltzmann(A, QA, sa), boltzmann(B, QB, sb), boltzmann(c, q, sc))


def test_98_as_printed_does_not_imply_equal_temperatures():
    """Two copies of one model: R_A = R_B on average, sigma's (1, 1/3, 1/2) fit the scalar equation, not the rules."""
    rate, (sa, sb, sc) = Fraction(7, 5), (Fraction(1), Fraction(1, 3), HALF)
    assert -rate / sa - rate / sb == -2 * rate / sc
    a, b = boltzmann(A, QA, sa), boltzmann(A, QA, sb)
    assert not same_temperature(a, b, boltzmann(couple(A, A), couple_priors(QA, QA), sc))


def test_a_constant_rate_feels_no_temperature():
    """With q(z) uniform every map has rate log 2: any three temperatures are in equilibrium."""
    q = tx.Variational(theta=[HALF, HALF], z=[HALF, HALF])
    three = boltzmann(A, q, 1), boltzmann(A, q, Fraction(1, 3)), boltzmann(couple(A, A), couple_priors(q, q), HALF)
    assert same_temperature(*three)


def test_contact_moves_rate_to_the_colder_model():
    """Total rate constant, a common temperature between the two, and <R> grows with sigma."""
    a, b = A.to_float(), B.to_float()
    qa, qb = QA.to_float(), QB.to_float()
    result = contact(lambda s: boltzmann(a, qa, s), lambda s: boltzmann(b, qb, s), 0.2, 2.0)
    assert 0.2 < result.sigma < 2.0
    assert result.flow > 1e-3
    assert abs(sum(result.before) - sum(result.after)) < 1e-12
    rates = [mean_rate(boltzmann(a, qa, s)) for s in (0.1, 0.3, 1.0, 3.0)]
    assert rates == sorted(rates)
    e = boltzmann(a, qa, 0.3)
    assert abs(mean_rate(e) - tx.functionals(e.world, qa).R) < 1e-14
    curves = {
        "A": [(s, mean_rate(boltzmann(a, qa, s))) for s in (0.1, 0.3, 1.0, 3.0)],
        "B": [(s, mean_rate(boltzmann(b, qb, s))) for s in (0.1, 0.3, 1.0, 3.0)],
    }
    ax = draw_contact(result, curves, "bits")
    assert ax.get_ylabel() == "mean rate R (bits)"
    assert np.allclose(ax.lines[0].get_ydata() * np.log(2), rates)
    same = contact(lambda s: boltzmann(a, qa, s), lambda s: boltzmann(b, qb, s), 1.0, 1.0)
    assert same.flow == 0


def test_bad_input_is_refused():
    other = tx.random_world(0)
    with pytest.raises(ValueError, match="see the same process"):
        couple(A, other)
    with pytest.raises(ValueError, match="see the same data"):
        couple(A, model([MAPS[0], MAPS[1]], n=2))
    q = tx.Variational(theta=[HALF, HALF], z=[HALF, HALF], y_given_z=[[HALF, HALF]] * 2)
    labelled = boltzmann(A, q, 1, gamma=1)
    with pytest.raises(ValueError, match="gamma and delta are 0"):
        mean_rate(labelled)
