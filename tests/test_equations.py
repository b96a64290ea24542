"""The registry of the 98 equations: complete, honest, and every `done` entry executed."""

import ast
import importlib
import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support import of_world, same

import therml_exact as tx
from therml_exact import graph

SPECIFIED = {*range(5, 21), 40, *range(42, 47), *range(51, 55), *range(56, 69), *range(70, 78)}
HALF = Fraction(1, 2)


def test_there_are_98_equations_in_order():
    assert [e.number for e in tx.EQUATIONS] == list(range(1, 99))


def test_status_and_state_are_of_the_declared_kinds():
    for e in tx.EQUATIONS:
        assert e.status in {"as printed", "corrected", "false as printed", "empty"}
        assert e.state in {"done", "planned", "empty"}
        assert (e.corrected is not None) == (e.status in {"corrected", "false as printed"})
        assert e.reading
    assert [e.number for e in tx.EQUATIONS if e.state == "empty"] == [69]


def test_what_later_work_executes_is_planned_and_never_done():
    assert {e.number for e in tx.EQUATIONS if e.state == "planned"} == set()


def test_every_done_entry_names_a_public_function_and_an_existing_test():
    for e in tx.EQUATIONS:
        if e.state == "done":
            assert e.function
            assert e.test
        if e.function:
            module, _, name = e.function.rpartition(".")
            assert callable(getattr(importlib.import_module(module), name)), e.number
        if e.test:
            file, _, name = e.test.partition("::")
            name, _, parameter = name.partition("[")
            tree = ast.parse((Path(__file__).parent.parent / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, e.number
            if parameter:
                assert name == "test_relation"
                assert int(parameter.rstrip("]")) in SPECIFIED


def test_registry_of_relations_has_exactly_the_specified_equations():
    numbers = {r.equation for r in tx.RELATIONS}
    assert numbers == SPECIFIED | {"sharp floor"}


WORLDS = [
    tx.random_world(1, n=1),
    tx.random_world(2, n=2, sizes=(2, 2, 3, 2, 2)),
    tx.examples.shared_excess(),
    tx.BayesWorld(["1/3", "2/3"], [["1/4", "3/4"], ["1/2", "1/2"]], [[[1, 0], [HALF, HALF]], [[HALF, HALF], [0, 1]]]),
    tx.DiscriminativeWorld([1], [[1]], [[[HALF, HALF]]], [[[1, 0], [0, 1]]]),
]


def named(function, world):
    """The function that the registry names, on the world, against explicit sums over all outcomes."""
    s = of_world(world, tx.optimal_variational(world))
    if function == "therml_exact.mutual_information":
        assert same(tx.mutual_information(world, "Theta", "X1"), s.p.I("Theta", "X1"))
        assert same(tx.mutual_information(world, "Theta", "X1", given="Phi"), s.p.I("Theta", "X1", "Phi"))
    elif function == "therml_exact.entropy":
        assert same(tx.entropy(world, "X1", given="Phi"), s.p.H("X1", "Phi"))
    elif function == "therml_exact.mismatch":
        j, _ = tx.mismatch(world.joint(), world.graph, world.graph_q)
        assert same(j, s.J()) and j == world.mismatch()
    elif function == "therml_exact.multi_information":
        assert same(tx.multi_information(world), s.p.multi_information())
    elif function == "therml_exact.functionals":
        f = tx.functionals(world, tx.optimal_variational(world))
        assert same(f.S, s.S())
        for name in "RCD" if world.kind == "P" else "U":
            assert same(getattr(f, name), s.sum(getattr(s, name)))


@pytest.mark.parametrize("number", sorted(SPECIFIED))
def test_relation(number):
    """Each relation is evaluated on at least one world, holds there, and is an equality where it is printed as one."""
    checked = 0
    for world in WORLDS:
        named(tx.EQUATIONS[number - 1].function, world)
        for row in tx.check_bounds(world):
            if row.equation == number:
                checked += 1
                assert row.verdict in ("holds", "tight")
                if row.relation.sense == "=":
                    assert row.lhs == row.rhs
                    assert row.verdict == "tight"
    assert checked


def test_1_2_data_sets_are_exchangeable():
    """p(x^N, y^N) is the mixture of products over phi, and is symmetric under permutations of the samples."""
    w = tx.random_world(5, n=2, sizes=(3, 2, 2, 2, 2))
    table = w.marginal(["X1", "Y1", "X2", "Y2"]).table
    for a, b, c, d in itertools.product(range(2), repeat=4):
        mixture = sum(
            w.phi[f] * w.x_given_phi[f, a] * w.y_given_x_phi[f, a, b] * w.x_given_phi[f, c] * w.y_given_x_phi[f, c, d]
            for f in range(3)
        )
        assert table[a, b, c, d] == mixture == table[c, d, a, b]


def test_3_predictive_information_is_the_limit():
    """I(T_N; T'_M) rises with M to I(T_N; Phi), also where two values of phi cannot be told apart."""
    phi, x = [Fraction(1, 3)] * 3, [["1/4", "3/4"], ["1/4", "3/4"], ["3/4", "1/4"]]
    limit = tx.predictive_information(phi, x, None, n=2).I_pred
    values = [tx.predictive_information(phi, x, None, n=2, m=m).I_pred for m in (0, 1, 2, 5, 30, 60)]
    assert values == sorted(values)
    assert values[0] == 0
    assert all(value < limit for value in values)
    assert float(limit - values[-1]) < 1e-4


def test_4_ratio_vanishes_iff_data_are_noisy():
    noisy = [
        tx.predictive_information([HALF, HALF], [["1/4", "3/4"], ["3/4", "1/4"]], None, n).ratio for n in (1, 10, 100)
    ]
    assert noisy[0] > noisy[1] > noisy[2]
    assert noisy[2] < 0.02
    same = [[1, 0], [0, 1]]
    for n in (1, 2, 7):
        exact = tx.predictive_information([HALF, HALF], same, [[[1, 0], [1, 0]], [[0, 1], [0, 1]]], n)
        assert exact.I_pred == exact.H
        assert exact.ratio == 1
    assert math.isnan(tx.predictive_information([1], [[1]], [[[1]]], 3).ratio)


def test_5_shared_q_costs_the_documented_excess():
    """The closed form of the example: 0.21576 nats, of which q(z) has 2 h(3/8) - h(1/2) - h(1/4)."""
    w = tx.examples.shared_excess()
    excess = w.mismatch(shared=True) - w.mismatch()

    def h(p):
        return tx.entropy(tx.Joint([p, 1 - p], ("B",)), "B")

    q_z = 2 * h(Fraction(3, 8)) - h(HALF) - h(Fraction(1, 4))
    # q(x|z): the mixture has Z = 1 only with X = 1; given Z = 0, X is 1 with weight (0 + 1)/(2 + 3) over both samples.
    h_x_given_z = 2 * Fraction(5, 8) * h(Fraction(1, 5)) - Fraction(1, 2) * h(0) - Fraction(3, 4) * h(Fraction(1, 3))
    assert excess == q_z + h_x_given_z
    assert round(float(excess), 5) == 0.21576


def test_6_multi_information_of_p_is_not_the_sum_over_graph_q():
    """For G = Q the sum is I_Q; the definition's left side, taken in p, is I_P."""
    w = tx.random_world(3, n=1)
    assert tx.multi_information(w.joint()) == w.multi_information()
    assert tx.multi_information(w.joint()) != w.desired_information()
    _, q = tx.mismatch(w.joint(), w.graph, w.graph_q)
    assert tx.multi_information(q) == w.desired_information()


def test_15_floor_is_tight_only_if_phi_tells_nothing():
    loose = tx.random_world(4, n=1)
    assert tx.mutual_information(loose, "Phi", ["X1", "Y1"]) > 0
    (row,) = [row for row in tx.check_bounds(loose) if (row.equation, row.part) == (15, "a")]
    assert row.verdict == "holds"
    # Phi trivial, one parameter, Z = X and Y = X: nothing is wasted.
    tight = tx.WorldP([1], [[HALF, HALF]], [[[1, 0], [0, 1]]], tx.learners.constant(2, 2, 1), [[[1, 0]], [[0, 1]]])
    (row,) = [row for row in tx.check_bounds(tight) if (row.equation, row.part) == (15, "a")]
    assert row.verdict == "tight"


def test_one_rule_for_all():
    """What is the same statement, or true in the same way, has the same status."""
    status = {e.number: e.status for e in tx.EQUATIONS}
    for alike in ((30, 81), (27, 28, 29, 79, 89, 91, 94), (24, 25, 33, 34, 35, 39, 48, 49, 50, 55, 97), (5, 7, 43, 51),
                 (80, 81, 82, 83, 84, 87, 88, 90, 92, 95, 96), (9, 40), (14, 67), (15, 68), (21, 22, 23)):  # fmt: skip
        assert {status[k] for k in alike} == {"as printed"}
    assert {k for k, v in status.items() if v == "corrected"} == {4, 6, 31, 54}
    assert {k for k, v in status.items() if v == "false as printed"} == {41, 52, 85, 86, 93, 98}


ROWS = {"phi": [1], "x": [["1/2", "1/2"]], "y": [[["1/4", "3/4"], ["2/3", "1/3"]]]}


def test_22_the_least_objective_over_all_five_distributions():
    """No rule, encoder and q's have R + delta D + gamma C + sigma S below the certified least; some come near."""
    problem = tx.JointProblem(*ROWS.values(), 1, z_size=2)
    at = {"gamma": 4.0, "delta": 0.25, "sigma": 0.1}
    best = tx.minimize(problem, **at, tol=1e-4)
    rng = np.random.default_rng(0)

    def value(world, q):
        f = tx.functionals(world, q)
        return f.R + at["delta"] * f.D + at["gamma"] * f.C + at["sigma"] * f.S, f

    for sharp in np.geomspace(0.05, 5, 40):
        rule, encoder = rng.dirichlet(np.full(3, sharp), (2, 2)), rng.dirichlet(np.full(2, sharp), (2, 3))
        world = tx.WorldP([1.0], [[0.5, 0.5]], [[[0.25, 0.75], [2 / 3, 1 / 3]]], rule, encoder)
        optimal = tx.optimal_variational(world)
        free = tx.Variational(**{name: (q + 0.1) / (q + 0.1).sum(axis=-1, keepdims=True)
                                 for name, q in optimal.given().items()})  # fmt: skip
        least, f = value(world, optimal)
        assert best.lower_bound <= least + 1e-12 and least <= value(world, free)[0] + 1e-12
        # What spends no more of D, C and S has no smaller R: the constrained problem (21) at its own point.
        spends = {name: float(getattr(f, name)) - best.point[name] for name in "RDCS"}
        if max(spends["D"], spends["C"], spends["S"]) <= 0:
            assert spends["R"] >= -(best.value - best.lower_bound) - 1e-12
    constant = sum(w * v for w, v in ((at["delta"], math.log(2)), (at["gamma"], float(_h_y()))))
    assert best.lower_bound <= best.value <= constant + 1e-12


def _h_y():
    return tx.entropy(tx.Joint([["1/8", "3/8"], ["1/3", "1/6"]], ("X", "Y")), "Y")


def test_23_the_least_entropy_under_caps():
    """Y a fair bit, Z = Theta one of two codes: a fine grid over all rules p(theta|y), by hand."""
    problem = tx.LearningRuleProblem([1], [[1]], [[[HALF, HALF]]], 1, [[[1, 0]], [[0, 1]]])
    a, b = np.meshgrid(*[np.linspace(1e-9, 1 - 1e-9, 801)] * 2)

    def h(p):
        return -p * np.log(p) - (1 - p) * np.log(1 - p)

    rate = h((a + b) / 2)  # R = H(Z|.) of a code that tells Theta: H(Z) = H(Theta)
    entropy = rate - (h(a) + h(b)) / 2  # S = I(Theta;Y), C = log 2 - S
    for c, r, feasible in ((0.5, 0.69, True), (0.6, 0.5, True), (0.6, 0.3, False)):
        best = tx.minimize_capped(problem, "S", {"C": c, "R": r}, tol=1e-4)
        kept = (math.log(2) - entropy <= c) & (rate <= r)
        assert kept.any() == feasible and best.status == ("certified" if feasible else "infeasible")
        if not feasible:
            continue
        assert best.lower_bound <= entropy[kept].min() <= best.value + 5e-3
        assert best.point["C"] <= c + 1e-9 and best.point["R"] <= r + 1e-9


def _equilibrium(gamma, delta):
    maps = tx.encoders.deterministic(2, 2)
    world = tx.WorldP(*ROWS.values(), tx.learners.erm(2, 2, 1, maps), tx.encoders.table(maps))
    q = tx.Variational(theta=["1/2", "1/6", "1/6", "1/6"], z=["1/3", "2/3"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]],
                       x_given_z=[["2/3", "1/3"], ["1/2", "1/2"]])  # fmt: skip
    return tx.boltzmann(world, q, 1, gamma=gamma, delta=delta)


def random_rules(e, number=30):
    """Rational rules, near the equilibrium and far from it."""
    rng = np.random.default_rng(1)
    for k in range(number):
        other = tx.examples.random_rows(rng, e.rule.shape, exact=True)
        yield (e.rule * k + other) / (k + 1)


def test_24_no_rule_is_better_than_the_boltzmann_rule():
    """For given q's, J(rule) - J(p*) = sigma <KL(rule; p*)> >= 0, and 0 at p* alone: exactly."""
    e = _equilibrium(2, 1)
    for rule in random_rules(e):
        excess = e.objective(rule) - e.value
        divergence = sum((p * tx.kl_divergence(rule[data], e.rule[data]) for data, p in np.ndenumerate(e.data) if p),
                         start=tx.PrimeLog())  # fmt: skip
        assert excess == divergence and (excess > 0) == bool((rule != e.rule)[e.data > 0].any())
    assert e.objective(e.rule) == e.value


def test_97_no_rule_of_the_same_rate_keeps_less():
    """gamma = delta = 0: S(rule) >= S(p*) + (R(p*) - R(rule))/sigma, so at the same rate or less S is not smaller."""
    e = _equilibrium(0, 0)

    def point(rule):
        w = tx.WorldP(e.world.phi, e.world.x_given_phi, e.world.y_given_x_phi, rule, e.world.z_given_x_theta)
        f = tx.functionals(w, tx.Variational(theta=["1/2", "1/6", "1/6", "1/6"], z=["1/3", "2/3"]))
        return f.R, f.S

    rate, entropy = point(e.rule)
    for rule in random_rules(e, 12):
        r, s = point(rule)
        assert s >= entropy + (rate - r)
        assert r > rate or s >= entropy


def test_41_world_q_of_appendix_a():
    """With the missing factor q(x_i) the projection has the same J; without it nothing is normalised."""
    w = tx.random_world(6, n=2)
    corrected, q = tx.mismatch(w.joint(), w.graph, graph.world_q_predictive(2))
    assert corrected == w.mismatch()
    x = q.marginal("X1", "X2").table
    printed = sum(q.table[index] / x[index[1], index[3]] for index in np.ndindex(*q.shape) if x[index[1], index[3]])
    assert q.axes[1::2][:2] == ("X1", "X2")
    assert printed == 4  # one for each (x1, x2), where a distribution has one in all


def test_42_right_side_is_never_negative_but_its_constant_can_be():
    """J + sum [H(X,Y|Phi) - H(X)] = I(Theta;X^N,Y^N) + sum [H(Y|Z) + I(Z;Theta|X)] >= 0."""
    for seed in range(20):
        w = tx.random_world(seed, n=1, sizes=(3, 2, 2, 2, 2))
        (row,) = [row for row in tx.check_bounds(w) if row.equation == 42]
        h, i = tx.entropy, tx.mutual_information
        assert row.rhs == i(w, "Theta", ["X1", "Y1"]) + h(w, "Y1", "Z1") + i(w, "Z1", "Theta", "X1")
        assert row.rhs >= 0
    same = tx.examples.identical()
    assert tx.entropy(same, ["X1", "Y1"], "Phi") - tx.entropy(same, "X1") == -tx.PrimeLog.log(2)


def test_52_as_printed_breaks_54():
    """X constant, Y a fair bit, Theta = Y: with p(theta|x^N) in S, U + S = 0 falls below the right side, log 2."""
    w = tx.DiscriminativeWorld([1], [[1]], [[[HALF, HALF]]], [[[1, 0], [0, 1]]])
    (row,) = [row for row in tx.check_bounds(w) if row.equation == 54]
    u = tx.functionals(w, tx.optimal_variational(w)).U
    printed_s = tx.mutual_information(w, "Theta", "X1")  # the least value of the printed S
    assert printed_s + u == 0
    assert row.rhs == tx.PrimeLog.log(2)
    assert row.lhs == row.rhs


def test_convexity_in_s_is_false_at_its_two_corners():
    """(R, C, S)/log 2 = (1, 0, 1) and (0, 1, 0) are achievable on the fair label."""
    one = tx.PrimeLog.log(2)
    for answer, point in ((True, (one, 0, one)), (False, (0, one, 0))):
        w = tx.examples.fair_label(answer)
        f = tx.functionals(w, tx.optimal_variational(w))
        assert point == (f.R, f.C, f.S)


def test_equations_of_the_paper_are_readable_in_latex():
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    for relation in tx.RELATIONS:
        parser.parse(f"${relation.latex}$")
