"""The registry on 1,220 rational worlds P and more: no bound fails, identities are exact; and the checks can fail."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from depth import examples
from hypothesis import HealthCheck, Phase, given, settings
from oracle import Logs
from support import of_world, random_variational, random_worlds, same

import therml_exact as tx
from therml_exact import PrimeLog
from therml_exact.testing import variationals, worlds

F = Fraction
log = PrimeLog.log
KINDS = ("P", "bayes", "discriminative")

IDENTITIES = {
    *((number, "") for number in (5, 6, 7, 9, 40, 17, 43, 51, 56, 57, 58, 59, *range(62, 67), *range(70, 74), 77)),
    *((18, "b"), (18, "c"), (60, "a"), (74, "a")),
}
NUMBERS = {
    "P": {*range(5, 21), 40, 42, *range(56, 69), *range(70, 78), "sharp floor"},
    "bayes": {5, 6, 43, 44, 45, 46, 56, 60, 62, *range(70, 78)},
    "discriminative": {5, 6, 51, 52, 53, 54, 56, 60, 62, 63, 64, *range(70, 78)},
}


def key(row):
    return row.equation, row.part


def infinities(v):
    return any((table == 0).any() for table in v.given().values())


def check(world, v, finite=True):
    """Every row of an exact world holds, and identities are tight."""
    report = tx.check_bounds(world, v)
    for row in report:
        assert row.verdict in ("holds", "tight", *(() if finite else ("infinite",))), str(row)
        assert row.error == 0
        if row.verdict == "infinite":
            assert row.slack is None
            assert math.inf in (row.lhs, row.rhs)
            if key(row) in IDENTITIES:
                assert row.lhs == row.rhs == math.inf
            continue
        assert (row.slack == 0) is (row.verdict == "tight")
        assert row.slack >= 0
        if key(row) in IDENTITIES:
            assert row.verdict == "tight"
            assert row.lhs == row.rhs
    assert not report.violated
    return report


def q_of(k, world):
    """Optimal, shared and arbitrary q's in turn."""
    if k % 4 < 2:
        return tx.optimal_variational(world, shared=bool(k % 4))
    return random_variational(np.random.default_rng(k), world, per_sample=k % 4 == 3)


# ---- 1,000 worlds with N = 1, 200 with N = 2, 20 with N = 3


@pytest.mark.parametrize(("n", "count"), [(1, examples(700)), (2, examples(140)), (3, 14)])
def test_worlds_from_seeds(n, count):
    verdicts = set()
    for seed in range(count):
        sizes = np.random.default_rng([n, seed]).integers(1, 4, size=5)
        if n == 3:
            sizes = np.minimum(sizes, [3, 2, 2, 3, 3])
        world = tx.random_world(seed, n=n, sizes=sizes)
        verdicts |= {(row.equation, row.verdict) for row in check(world, q_of(seed, world))}
    # the strict inequalities do hold strictly somewhere: they are not vacuous
    strict = {equation for equation, verdict in verdicts if verdict == "holds"}
    assert (8 in strict) is (n > 1)  # one sample's (8) is the chain rule
    assert strict >= {10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 42, 61, 67, 68, "sharp floor", 75}


@pytest.mark.parametrize(("n", "count"), [(1, examples(300)), (2, examples(60)), (3, 6)])
def test_worlds_from_strategies(n, count):
    seen = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds(n=n, max_size=3 if n == 1 else 2))
    def run(world):
        seen.append(world)
        check(world, q_of(len(seen), world))

    run()
    assert len(seen) == count


@pytest.mark.parametrize("kind", ["bayes", "discriminative"])
@pytest.mark.parametrize(("n", "count"), [(1, examples(60)), (2, examples(30)), (3, 4)])
def test_the_appendices_worlds(kind, n, count):
    for k, world in enumerate(random_worlds(range(count), n, kind, 3 if n < 3 else 2)):
        report = check(world, q_of(k, world))
        assert {row.equation for row in report} == NUMBERS[kind]
        assert report.skipped == ()


@settings(derandomize=True, deadline=None, max_examples=examples(40))
@given(worlds(n=None, kind="P").flatmap(lambda w: variationals(w, positive=False).map(lambda v: (w, v))))
def test_zeros_in_the_tables_give_infinity_at_most(pair):
    world, v = pair
    check(world, v, finite=False)


def test_the_default_is_the_optimum():
    w = tx.random_world(9, n=2)
    assert tx.check_bounds(w).to_json()["rows"] == tx.check_bounds(w, tx.optimal_variational(w)).to_json()["rows"]


@pytest.mark.parametrize("shared", [True, False])
def test_at_the_optimum_the_variational_bounds_are_tight(shared):
    for n in (1, 2):
        for w in random_worlds(range(12), n, "P", 2):
            report = tx.check_bounds(w, tx.optimal_variational(w, shared=shared))
            tight = {row.equation for row in report if row.verdict == "tight"}
            if not shared:
                assert {row.verdict for row in report if row.equation in (10, 11, 12, 13, 14, 67)} == {"tight"}
            assert 10 in tight


# ---- which relations there are


@pytest.mark.parametrize("kind", KINDS)
def test_every_equation_has_its_rows(kind):
    for n in (1, 2):
        w = random_worlds(range(1), n, kind, 2)[0]
        report = tx.check_bounds(w)
        assert {row.equation for row in report} == NUMBERS[kind]
        each = {relation.equation for relation in tx.RELATIONS if relation.each}
        for row in report:
            assert (row.sample is not None) is (row.equation in each)
        assert {row.sample for row in report if row.equation == (57 if kind == "P" else 62)} == set(w.samples)
        assert len(report) == len(report.rows) == sum(report.counts.values())
        assert report[0] is report.rows[0]


def test_registry_senses():
    for relation in tx.RELATIONS:
        identity = (relation.equation, relation.part) in IDENTITIES
        assert (relation.sense == "=") is identity, relation
        assert relation.statement
        assert relation.latex


def test_missing_tables_are_skipped():
    w = tx.random_world(2)
    report = tx.check_bounds(w, tx.Variational(z=["1/2", "1/2"]))
    assert {row.equation for row in report} >= {5, 6, 7, 8, 9, 11, 18, 59}
    assert not {row.equation for row in report} & {10, 12, 13, 14, 16, 66}
    assert any("(10)" in text and "theta" in text for text in report.skipped)
    none = tx.check_bounds(w, tx.Variational())
    assert {row.equation for row in none} & {10, 11, 12, 13} == set()


# ---- both sides again, by the oracle


def sides(s):
    """{(equation, part): (lhs, rhs) for the sample i} by explicit sums over outcomes; s an oracle.World."""
    H, I, total = s.p.H, s.p.I, s.sum
    data, nothing = s.data, Logs()
    chance = lambda: total(lambda i: H((f"X{i}", f"Y{i}"), "Phi"))  # noqa: E731
    rcds = lambda: s.S() + total(lambda i: s.R(i) + s.C(i) + s.D(i))  # noqa: E731
    a, b, c = {"P": ("X1", "Z1", "Y1"), "bayes": ("X1", "Theta", "Phi"), "discriminative": ("X1", "Y1", "Theta")}[
        s.kind
    ]
    graph = {
        "P": {"X": ("Phi",), "Y": ("X", "Phi"), "Z": ("X", "Theta")},
        "bayes": {"X": ("Phi",)},
        "discriminative": {"X": ("Phi",), "Y": ("X", "Phi")},
    }[s.kind]

    def node(v, above, i):
        return I(f"{v}{i}", [u if u in ("Phi", "Theta") else f"{u}{i}" for u in above])

    def i_p(_):
        return I("Theta", data) + total(lambda i: sum((node(v, u, i) for v, u in graph.items()), start=Logs()))

    def written(i):
        return (
            I(f"X{i}", "Phi") + I(f"Y{i}", (f"X{i}", "Phi")) + I(f"Z{i}", (f"X{i}", "Theta"))
            - I(f"X{i}", f"Z{i}") - I(f"Y{i}", f"Z{i}")
        )  # fmt: skip

    def constants(i):
        return H(f"X{i}") + H(f"Y{i}") - I(f"X{i}", "Phi") - I(f"Y{i}", (f"X{i}", "Phi"))

    common = {
        (6, ""): (lambda i: s.p.multi_information(), i_p),
        (56, ""): (lambda i: s.S(), lambda i: I("Theta", data) + s.KL("theta")),
        (60, "b"): (lambda i: s.J(), lambda i: nothing),
        (62, ""): (lambda i: H(f"X{i}") - I(f"X{i}", "Phi"), lambda i: H(f"X{i}", "Phi")),
        (70, ""): (lambda i: I(a, b), lambda i: H(a) - H(a, b)),
        (71, ""): (lambda i: I(a, b), lambda i: H(b) - H(b, a)),
        (72, ""): (lambda i: I(a, b), lambda i: H(a) + H(b) - H((a, b))),
        (73, ""): (lambda i: I(a, b), lambda i: H((a, b)) - H(a, b) - H(b, a)),
        (74, "a"): (lambda i: I((a, b), c), lambda i: I(a, c) + I(b, c, a)),
        (74, "b"): (lambda i: I((a, b), c), lambda i: nothing),
        (75, ""): (lambda i: I(a, b), lambda i: nothing),
        (76, ""): (lambda i: I(a, b, c), lambda i: nothing),
        (77, ""): (lambda i: H(b, a), lambda i: H((a, b)) - H(a)),
    }
    labels = {
        (63, ""): (lambda i: H(f"Y{i}") - I(f"Y{i}", (f"X{i}", "Phi")), lambda i: H(f"Y{i}", (f"X{i}", "Phi"))),
        (64, ""): (
            lambda i: H(f"Y{i}", (f"X{i}", "Phi")) + H(f"X{i}", "Phi"),
            lambda i: H((f"X{i}", f"Y{i}"), "Phi"),
        ),
    }
    if s.kind == "bayes":

        def j_bayes(_):
            return I("Theta", data) + total(lambda i: I(f"X{i}", "Phi") - I(f"X{i}", "Theta"))

        return common | {
            (5, ""): (lambda i: s.J(), j_bayes),
            (43, ""): (lambda i: s.J(), j_bayes),
            (44, ""): (lambda i: s.S(), lambda i: I("Theta", data)),
            (45, ""): (s.U, lambda i: H(f"X{i}", "Theta")),
            (46, ""): (lambda i: s.S() + total(s.U), lambda i: s.J() + total(lambda i: H(f"X{i}", "Phi"))),
        }
    if s.kind == "discriminative":

        def term(i):
            return I(f"X{i}", "Phi") + I(f"Y{i}", (f"X{i}", "Phi")) - I(f"Y{i}", (f"X{i}", "Theta"))

        def j_d(_):
            return I("Theta", data) + total(term)

        return common | labels | {
            (5, ""): (lambda i: s.J(), j_d),
            (51, ""): (lambda i: s.J(), j_d),
            (52, ""): (lambda i: s.S(), lambda i: I("Theta", data)),
            (53, ""): (s.U, lambda i: H(f"Y{i}", (f"X{i}", "Theta"))),
            (54, ""): (
                lambda i: s.S() + total(s.U),
                lambda i: s.J() + total(lambda i: H(f"Y{i}", (f"X{i}", "Phi")) - I(f"X{i}", "Phi")),
            ),
        }  # fmt: skip
    every = {
        (5, ""): (lambda i: s.J(), lambda i: I("Theta", data) + total(written)),
        (7, ""): (lambda i: s.J(), lambda i: I("Theta", data) + total(written)),
        (8, ""): (
            lambda i: total(lambda i: I(f"X{i}", "Phi") + I(f"Y{i}", (f"X{i}", "Phi"))),
            lambda i: total(lambda i: I(f"Y{i}", f"X{i}")) + I(data, "Phi"),
        ),
        (10, ""): (lambda i: s.S(), lambda i: I("Theta", data)),
        (11, ""): (s.R, lambda i: I(f"Z{i}", (f"X{i}", "Theta"))),
        (12, ""): (s.C, lambda i: H(f"Y{i}", f"Z{i}")),
        (13, ""): (s.D, lambda i: H(f"X{i}", f"Z{i}")),
        (14, ""): (lambda i: rcds(), lambda i: s.J() + chance()),
        (15, "a"): (lambda i: rcds(), lambda i: chance()),
        (15, "b"): (lambda i: total(s.R), lambda i: nothing),
        (15, "c"): (lambda i: s.S(), lambda i: nothing),
        (15, "d"): (lambda i: total(s.D), lambda i: nothing),
        (15, "e"): (lambda i: total(s.C), lambda i: nothing),
        (16, ""): (lambda i: s.R(i) + s.D(i), lambda i: H(f"X{i}") + I(f"Z{i}", "Theta", f"X{i}")),
        (17, ""): (lambda i: I(f"Z{i}", "Phi", (f"X{i}", f"Y{i}", "Theta")), lambda i: nothing),
        (18, "a"): (lambda i: I(f"Z{i}", "Phi"), lambda i: I(f"Z{i}", ("Theta", f"X{i}", f"Y{i}"))),
        (18, "b"): (
            lambda i: I(f"Z{i}", ("Theta", f"X{i}", f"Y{i}")),
            lambda i: I(f"Z{i}", (f"X{i}", "Theta")) + I(f"Z{i}", f"Y{i}", (f"X{i}", "Theta")),
        ),
        (18, "c"): (lambda i: I(f"Z{i}", f"Y{i}", (f"X{i}", "Theta")), lambda i: nothing),
        (18, "d"): (lambda i: I(f"Z{i}", ("Theta", f"X{i}", f"Y{i}")), s.R),
        (19, "a"): (lambda i: I("Theta", "Phi"), lambda i: I("Theta", data)),
        (19, "b"): (lambda i: I("Theta", data), lambda i: s.S()),
        (20, "a"): (lambda i: I("Theta", "Phi"), lambda i: I(data, "Phi")),
        (20, "b"): (lambda i: I(data, "Phi"), lambda i: total(lambda i: I((f"X{i}", f"Y{i}"), "Phi"))),
        (42, ""): (
            lambda i: s.S() + total(lambda i: s.C(i) + s.V(i)),
            lambda i: s.J() + chance() - total(lambda i: H(f"X{i}")),
        ),
        (57, ""): (s.D, lambda i: H(f"X{i}") - I(f"X{i}", f"Z{i}") + s.KL("x_given_z", i)),
        (58, ""): (s.C, lambda i: H(f"Y{i}") - I(f"Y{i}", f"Z{i}") + s.KL("y_given_z", i)),
        (59, ""): (s.R, lambda i: I(f"Z{i}", (f"X{i}", "Theta")) + s.KL("z", i)),
        (60, "a"): (lambda i: rcds(), lambda i: s.J() + s.KL_sum() + total(constants)),
        (61, ""): (lambda i: s.KL_sum(), lambda i: nothing),
        (65, ""): (lambda i: rcds(), lambda i: s.J() + s.KL_sum() + chance()),
        (66, ""): (lambda i: rcds(), lambda i: s.J() + s.KL_sum() + chance()),
        (67, ""): (lambda i: rcds(), lambda i: s.J() + chance()),
        (68, ""): (lambda i: rcds(), lambda i: chance()),
        ("sharp floor", " a"): (
            lambda i: total(lambda i: s.R(i) + s.C(i) + s.D(i)),
            lambda i: total(lambda i: H((f"X{i}", f"Y{i}"))),
        ),
        ("sharp floor", " b"): (
            lambda i: s.J(),
            lambda i: I("Theta", data) + total(lambda i: I((f"X{i}", f"Y{i}"), "Phi")),
        ),
    }
    chain = (lambda i: I(f"Z{i}", (f"X{i}", "Theta")), lambda i: I(f"Z{i}", f"X{i}") + I(f"Z{i}", "Theta", f"X{i}"))
    return common | labels | every | {(9, ""): chain, (40, ""): chain}


@pytest.mark.parametrize("how", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_against_the_oracle(kind, n, how):
    # the definitions of (5) and (43), (51) may be written in either order; their sides are equal, so both are the same
    for seed, w in enumerate(random_worlds(range(80, 83 if n == 1 else 81), n, kind, 2)):
        v = q_of(4 * seed + how, w)
        expected = sides(of_world(w, v))
        report = tx.check_bounds(w, v)
        assert {key(row) for row in report} == set(expected)
        for row in report:
            if row.equation in (62, 63, 70, 71, 72, 73, 77):
                # how an identity is split between its sides is free; its truth is not
                left, right = (side(row.sample or 1) for side in expected[key(row)])
                assert (left - right).primes() == {}
                continue
            left, right = (side(row.sample or 1) for side in expected[key(row)])
            assert same(row.lhs, left), str(row)
            assert same(row.rhs, right), str(row)


def test_sides_of_a_relation_alone():
    w = tx.random_world(4, n=2)
    v = random_variational(np.random.default_rng(0), w)
    rows = {(row.equation, row.part, row.sample): row for row in tx.check_bounds(w, v)}
    for relation in tx.RELATIONS:
        if "P" in relation.worlds:
            for i in w.samples if relation.each else (None,):
                row = rows[relation.equation, relation.part, i]
                assert relation.lhs(w, v, i or 1) == row.lhs
                assert relation.rhs(w, v, i or 1) == row.rhs
                again = relation.check(w, v, i or 1)
                assert (again.verdict, again.slack, again.sample) == (row.verdict, row.slack, row.sample)
                sign = -1 if relation.sense == "<=" else 1
                assert row.slack == sign * (row.lhs - row.rhs)
                assert row.relation is relation


# ---- the checks can fail

TINY = log(2) * F(1, 10**12)


def shifted(side, by):
    """A side of a relation with a constant added."""
    return lambda *arguments: side(*arguments) + by


def test_broken_relations_are_violated():
    w = tx.random_world(12, n=2)
    v = random_variational(np.random.default_rng(5), w)
    verdicts = []
    for relation in tx.RELATIONS:
        if "P" not in relation.worlds:
            continue
        row = relation.check(w, v)
        if relation.sense == "=":
            wrong = [shifted(relation.left, by) for by in (TINY, -TINY)]
            for left in wrong:
                assert dataclasses.replace(relation, left=left).check(w, v).verdict == "violated"
            loose = dataclasses.replace(relation, sense=">=", left=wrong[0]).check(w, v)
            assert (loose.verdict, loose.slack) == ("holds", TINY)
        else:
            flipped = dataclasses.replace(relation, sense={"<=": ">=", ">=": "<="}[relation.sense]).check(w, v)
            assert flipped.verdict == ("violated" if row.verdict == "holds" else "tight")
            assert flipped.slack == -row.slack
            # just beyond the slack the bound is broken
            side = {"<=": "left", ">=": "right"}[relation.sense]
            gap = row.slack
            beyond, exactly = (shifted(getattr(relation, side), gap + more) for more in (TINY, 0))
            assert dataclasses.replace(relation, **{side: beyond}).check(w, v).verdict == "violated"
            assert dataclasses.replace(relation, **{side: exactly}).check(w, v).verdict == "tight"
        verdicts.append(row.verdict)
    assert {"holds", "tight"} == set(verdicts)


def test_a_false_claim_is_violated():
    # (15) without Phi's share: S + R + C + D >= sum H(X_i, Y_i) + J is too strong
    (relation,) = (r for r in tx.RELATIONS if r.equation == 67)
    false = dataclasses.replace(relation, right=lambda t: t.J + t.sum(lambda i: t.H([f"X{i}", f"Y{i}"])))
    w = next(w for w in map(tx.random_world, range(20)) if tx.mutual_information(w, ("X1", "Y1"), "Phi") > 0)
    assert false.check(w, tx.optimal_variational(w)).verdict == "violated"
    assert false.check(w.to_float(), tx.optimal_variational(w.to_float())).verdict == "violated"


def test_52_as_printed_breaks_54():
    # X constant, Y a fair bit, Theta = Y: with S = <log p(theta|x)/q(theta)> = 0, U + S = 0 < log 2
    w = tx.DiscriminativeWorld([1], [[1]], [[["1/2", "1/2"]]], [[[1, 0], [0, 1]]])
    f = tx.functionals(w, tx.optimal_variational(w))
    assert (0, log(2)) == (f.U, f.S)
    (relation,) = (r for r in tx.RELATIONS if r.equation == 54)
    printed = dataclasses.replace(relation, left=lambda t: t.sum(t.U) + t.I("Theta", "X1"))
    row = printed.check(w, tx.optimal_variational(w))
    assert row.verdict == "violated"
    assert row.slack == -log(2)


# ---- floats


def exact_twin(world, v):
    """The world of the floats' own binary fractions, each row divided by its exact sum."""

    def twin(table):
        cells = np.empty(table.shape, dtype=object)
        cells.reshape(-1)[:] = [Fraction(float(c)) for c in table.reshape(-1)]
        return cells / cells.sum(axis=-1, keepdims=True)

    exact = type(world)(**{k: twin(t) for k, t in world.tables.items()})
    return exact, tx.Variational(**{k: twin(t) for k, t in v.given().items()})


def compare_floats(near, far):
    """A float report against an exact one: verdicts, and the true error within the stated one."""
    with mpmath.workdps(40):
        for a, b in zip(near, far, strict=True):
            assert (a.equation, a.part, a.sample) == (b.equation, b.part, b.sample)
            assert a.verdict != "violated", str(a)
            if b.slack is None:
                assert a.slack is None
                assert a.verdict == "infinite"
                continue
            assert a.error > 0 or a.slack == 0
            assert a.error < 1e-10
            truth = mpmath.fsum(
                mpmath.mpf(r.numerator) / r.denominator * mpmath.log(n) for n, r in b.slack.coefficients().items()
            )
            assert abs(mpmath.mpf(a.slack) - truth) <= a.error, str(a)
            if b.relation.sense == "=":
                assert a.verdict == "undecided"
            elif b.slack > 2 * a.error:
                assert a.verdict == "holds"
            elif b.slack == 0:
                assert a.verdict == "undecided"
            assert isinstance(a.lhs, float)
            assert float(b.lhs) == pytest.approx(a.lhs, abs=1e-11)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_float_worlds(kind, n):
    for k, w in enumerate(random_worlds(range(100, 100 + 16 // n**2), n, kind, 3 if n == 1 else 2)):
        v = q_of(k, w)
        f = w.to_float()
        g = tx.Variational(**{name: t.astype(float) for name, t in v.given().items()})
        compare_floats(tx.check_bounds(f, g), tx.check_bounds(w, v))
        compare_floats(tx.check_bounds(f, tx.optimal_variational(f)), tx.check_bounds(w, tx.optimal_variational(w)))


def test_float_worlds_of_large_alphabets():
    for seed in range(3):
        f = tx.random_world(seed, n=1, sizes=(4, 12, 8, 6, 9), exact=False)
        v = tx.optimal_variational(f)
        report = tx.check_bounds(f, v)
        assert not report.violated
        assert {row.verdict for row in report if row.relation.sense == "="} == {"undecided"}
        assert max(row.error for row in report) < 1e-10


def test_float_tables_of_every_size_are_within_their_error():
    # probabilities from 1e-12 to 1: the floats' own values are the truth
    rng = np.random.default_rng(0)
    for _ in range(4):
        shapes = ((2,), (2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2))
        tables = [10.0 ** rng.uniform(-12, 0, size=shape) for shape in shapes]
        f = tx.WorldP(*[t / t.sum(axis=-1, keepdims=True) for t in tables])
        v = tx.optimal_variational(f)
        w, u = exact_twin(f, v)
        near, far = tx.check_bounds(f, v), tx.check_bounds(w, u)
        with mpmath.workdps(40):
            for a, b in zip(near, far, strict=True):
                assert a.verdict != "violated", str(a)
                truth = float(b.slack)
                assert abs(a.slack - truth) <= a.error + 1e-16 * abs(truth), str(a)


@pytest.mark.parametrize("scale", [1 + 9e-13, 1 - 9e-13])
def test_worlds_whose_rows_are_off_by_the_tolerance(scale):
    for seed in range(5):
        f = tx.random_world(seed, n=2, exact=False)
        off = tx.WorldP(*[t * scale for t in f.tables.values()])
        assert not tx.check_bounds(off).violated


@pytest.mark.parametrize("scale", [1 + 9e-13, 1 - 9e-13])
def test_tables_whose_rows_are_off_by_the_tolerance(scale):
    f = tx.random_world(3, exact=False)
    v = tx.optimal_variational(f)
    off = tx.Variational(**{name: t * scale for name, t in v.given().items()})
    assert not tx.check_bounds(f, off).violated


def test_float_worlds_with_very_rare_letters():
    rare = [[1e-200, 1.0]]
    w = tx.WorldP([1.0], rare, [[[1e-200, 1.0], [1.0, 0.0]]], [[[1.0], [1.0]]] * 2, [[[1.0, 0.0]], [[1e-150, 1.0]]])
    assert not tx.check_bounds(w).violated


@pytest.mark.parametrize("exponent", [3, 6, 9, 12])
def test_near_equality_is_undecided_or_right(exponent):
    # q(z) off by e: R - I = KL is about e^2/2, below the error from e = 1e-8 on
    e = 10.0**-exponent
    w = tx.WorldP([1.0], [[0.5, 0.5]], [[[1.0], [1.0]]], [[[1.0]]] * 2, [[[0.5, 0.5]], [[0.25, 0.75]]])
    z = np.array([0.375 + e, 0.625 - e])
    row = next(r for r in tx.check_bounds(w, tx.Variational(z=z)) if r.equation == 11)
    assert row.verdict == ("holds" if exponent <= 6 else "undecided")


# ---- unnumbered truths


def test_the_sharp_floor_and_where_it_is_attained():
    for seed in range(30):
        w = tx.random_world(seed, n=1 + seed % 2, sizes=(2, 2, 2, 2, 2))
        f = tx.functionals(w, tx.optimal_variational(w))
        pairs = [(f"X{i}", f"Y{i}") for i in w.samples]
        floor = sum((tx.entropy(w, p) for p in pairs), start=PrimeLog())
        assert floor <= f.R + f.C + f.D
        least = sum((tx.mutual_information(w, p, "Phi") for p in pairs), start=PrimeLog())
        assert w.mismatch() >= least + f.S >= least
        # attained: Theta independent of the data, Z = X
        rule = np.empty_like(w.theta_given_data)
        rule[...] = [F(1, 3), F(2, 3)]
        best = tx.WorldP(w.phi, w.x_given_phi, w.y_given_x_phi, rule, [[[1, 0]] * 2, [[0, 1]] * 2])
        g = tx.functionals(best, tx.optimal_variational(best))
        assert best.mismatch() == least
        assert floor == g.R + g.C + g.D
        assert g.S == 0


def test_15_is_tight_only_if_phi_is_independent():
    tight = loose = 0
    for seed in range(60):
        w = tx.random_world(seed, sizes=(1 + seed % 2, 2, 2, 1 + seed // 2 % 2, 2))
        if seed % 3 == 0:
            rule = np.full((2, 2, 1), F(1), dtype=object)
            w = tx.WorldP(w.phi, w.x_given_phi, w.y_given_x_phi, rule, [[[1, 0]], [[0, 1]]])
        row = next(r for r in tx.check_bounds(w) if key(r) == (15, "a"))
        dependence = tx.mutual_information(w, ("X1", "Y1"), "Phi")
        if row.verdict == "tight":
            assert dependence == 0
            tight += 1
        elif dependence > 0:
            assert row.slack >= dependence
            loose += 1
    assert tight > 3
    assert loose > 3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_parameter_makes_rate_plus_distortion_constant(n):
    for seed in range(6):
        w = tx.random_world(seed, n=n, sizes=(2, 3 if n < 3 else 2, 2, 1, 2))
        for shared in (False, True):
            f = tx.functionals(w, tx.optimal_variational(w, shared=shared))
            assert sum((tx.entropy(w, f"X{i}") for i in w.samples), start=PrimeLog()) == f.R + f.D
            assert f.S == 0
            assert f.V == 0 if not shared or n == 1 else f.V >= 0


def test_a_symmetric_rule_loses_nothing_by_sharing():
    for seed in range(10):
        w = tx.random_world(seed, n=2)
        rule = (w.theta_given_data + w.theta_given_data.transpose(2, 3, 0, 1, 4)) / 2
        s = tx.WorldP(w.phi, w.x_given_phi, w.y_given_x_phi, rule, w.z_given_x_theta)
        one, two = (tx.check_bounds(s, tx.optimal_variational(s, shared=k)) for k in (True, False))
        assert [(r.lhs, r.rhs, r.verdict) for r in one] == [(r.lhs, r.rhs, r.verdict) for r in two]
        assert s.mismatch(shared=True) == s.mismatch()


def test_the_feasible_set_is_not_convex_in_s():
    points = []
    for answer in (True, False):
        f = tx.functionals(tx.examples.fair_label(answer), tx.optimal_variational(tx.examples.fair_label(answer)))
        points.append((f.R, f.C, f.S))
    assert points == [(log(2), 0, log(2)), (0, log(2), 0)]


def test_text_of_a_report():
    report = tx.check_bounds(tx.random_world(1, n=2))
    text = str(report)
    assert f"{len(report)} relations" in text
    assert "(57), i = 2" in text
    assert "violated" not in text
    assert "nats" in str(report[0])
