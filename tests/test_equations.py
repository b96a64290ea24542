"""The registry of the 98 equations: complete, honest, and every `done` entry executed."""

import ast
import importlib
import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize("number", sorted(SPECIFIED))
def test_relation(number):
    """Each relation is evaluated on at least one world, holds there, and is an equality where it is printed as one."""
    checked = 0
    for world in WORLDS:
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
