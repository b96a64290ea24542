"""Entropies and informations: exact values, the oracle, and the laws; floats against 50 digits."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import mpmath
import numpy as np
import oracle
import pytest
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import close, same

import therml_exact as tx
from therml_exact import PrimeLog
from therml_exact.numbers.approximate import Approximate
from therml_exact.testing import joints

F = Fraction
log = PrimeLog.log
ABC = ("A", "B", "C")
EXACT = settings(derandomize=True, deadline=None, max_examples=examples(60))
subsets = st.lists(st.sampled_from(ABC), max_size=3)
TINY = tx.Joint([[[F(1)]]], ABC)

# ---- a table of exact values


@pytest.mark.parametrize(
    ("table", "h_x", "h_xy", "information"),
    [
        ([["1/4", "1/4"], ["1/4", "1/4"]], log(2), log(4), PrimeLog()),
        ([["1/2", 0], [0, "1/2"]], log(2), log(2), log(2)),
        ([[1]], PrimeLog(), PrimeLog(), PrimeLog()),
        ([["1/3", "2/3"]], PrimeLog(), log(3) - log(2) * F(2, 3), PrimeLog()),
        ([["1/2", 0], ["1/4", "1/4"]], log(2), log(2) * F(3, 2), log(2) * F(3, 2) - log(3) * F(3, 4)),
        (
            [["2/5", "1/10"], ["1/10", "2/5"]],  # a binary symmetric channel, crossover 1/5
            log(2),
            log(5) + log(2) - log(4) * F(4, 5),
            log(2) - log(5) + log(4) * F(4, 5),
        ),
    ],
)
def test_values(table, h_x, h_xy, information):
    j = tx.Joint(table, ("X", "Y"))
    assert tx.entropy(j, "X") == h_x
    assert tx.entropy(j, ["X", "Y"]) == h_xy
    assert tx.mutual_information(j, "X", "Y") == information == tx.multi_information(j)
    assert tx.entropy(j, "Y", given="X") == h_xy - h_x
    f = j.to_float()
    assert tx.entropy(f, "X") == pytest.approx(float(h_x), abs=1e-15)
    assert tx.mutual_information(f, "X", "Y") == pytest.approx(float(information), abs=1e-15)


def test_the_exclusive_or():
    cells = np.zeros((2, 2, 2), dtype=object)
    for a, b in np.ndindex(2, 2):
        cells[a, b, a ^ b] = F(1, 4)
    j = tx.Joint(cells, ABC)
    assert tx.mutual_information(j, "A", "B") == 0
    assert tx.mutual_information(j, "A", "B", given="C") == log(2)
    assert tx.multi_information(j) == log(2)
    assert tx.mutual_information(j, ("A", "B"), "C") == log(2)
    assert tx.mutual_information(j.to_float(), "A", "B") == 0.0


# ---- the oracle


@EXACT
@given(joints(ABC), subsets, subsets, subsets)
@example(TINY, ["A"], ["A"], ["A"])
def test_against_the_oracle(j, a, b, c):
    slow = oracle.Table.of(j.table, ABC)
    assert same(tx.entropy(j, a, given=c), slow.H(a, c))
    assert same(tx.mutual_information(j, a, b, given=c), slow.I(a, b, c))
    assert same(tx.multi_information(j, a), slow.multi_information(tuple(dict.fromkeys(a))))
    assert same(tx.multi_information(j), slow.multi_information())


@EXACT
@given(joints(ABC), subsets, subsets, subsets)
def test_floats_against_fifty_digits(j, a, b, c):
    f = j.to_float()
    slow = oracle.Table.of(j.table, ABC)
    # e = u for each cell, n <= 27 cells: 4 (u + 45 u)(|value| + 1) < 2.1e-14 for each entropy of the difference
    assert close(tx.entropy(f, a, given=c), slow.H(a, c), 4.2e-14)
    value = tx.mutual_information(f, a, b, given=c)
    assert close(value, slow.I(a, b, c), 4.2e-14)
    assert close(tx.multi_information(f), slow.multi_information(), 4.2e-14)
    assert tx.multi_information(f) >= 0
    if not set(a) & set(b) - set(c):
        assert value >= 0


@EXACT
@given(joints(("A", "B", "C", "D"), max_size=2))
def test_entropy_vector(j):
    slow = oracle.Table.of(j.table, j.axes)
    exact, floats = tx.entropy_vector(j), tx.entropy_vector(j.to_float())
    assert exact.shape == floats.shape == (16,)
    assert exact[0] == 0
    assert floats[0] == 0.0
    for mask in range(16):
        names = [name for k, name in enumerate(j.axes) if mask >> k & 1]
        assert same(exact[mask], slow.H(names))
        assert exact[mask] == tx.entropy(j, names)
        assert close(float(floats[mask]), slow.H(names), 4e-14)
        assert floats[mask] >= 0
    # elemental inequalities: a polymatroid
    for a, b in combinations(range(4), 2):
        for rest in range(16):
            if not rest & (1 << a | 1 << b):
                assert exact[rest | 1 << a] + exact[rest | 1 << b] >= exact[rest | 1 << a | 1 << b] + exact[rest]


def test_entropy_vector_refuses_too_many():
    with pytest.raises(ValueError, match="25 variables"):
        tx.entropy_vector(tx.Joint(np.ones((1,) * 25), [f"V{k}" for k in range(25)]))


# ---- divergences


@EXACT
@given(joints(("A", "B"), max_size=2), joints(("A", "B"), max_size=2))
def test_divergence(p, q):
    if p.shape != q.shape:
        with pytest.raises(ValueError, match="same shape"):
            tx.kl_divergence(p, q)
        return
    expected = oracle.kl(oracle.Table.of(p.table, p.axes), oracle.Table.of(q.table, q.axes))
    value = tx.kl_divergence(p, q)
    assert same(value, expected)
    assert value >= 0
    assert (value == 0) == (p == q)
    assert same(tx.kl_divergence(p.table, q.table), expected)
    turned = tx.kl_divergence(p.marginal("B", "A"), q)
    assert same(turned, expected)
    near = tx.kl_divergence(p.to_float(), q.to_float())
    assert near >= 0
    assert close(near, expected, 4e-14)
    assert tx.kl_divergence(p, p) == 0


def test_infinite_divergence():
    for p, q in ((["1/2", "1/2"], [1, 0]), ([0.5, 0.5], [1.0, 0.0]), ([0.5, 0.5], [1, 0])):
        assert tx.kl_divergence(p, q) == math.inf
        assert isinstance(tx.kl_divergence(p, q), float)
    assert tx.kl_divergence([1, 0], ["1/2", "1/2"]) == log(2)
    assert tx.kl_divergence([1, 0], [0.5, 0.5]) == pytest.approx(math.log(2), rel=1e-15)
    assert tx.kl_divergence([0, 1], [0, 1]) == 0


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.5], ["1/2", "1/2"], "holds floats"),
        (["1/2", "1/2"], ["1/3", "1/3", "1/3"], "same shape"),
        ([1, 1], [1, 0], "sums to 2"),
        (tx.Joint([1], ("X",)), [1], "one of each"),
        (tx.Joint([1], ("X",)), tx.Joint([1], ("Y",)), "same variables"),
    ],
)
def test_divergence_refusals(p, q, message):
    with pytest.raises(ValueError, match=message):
        tx.kl_divergence(p, q)


# ---- laws


@EXACT
@given(joints(ABC))
def test_laws(j):
    h, i = tx.entropy, tx.mutual_information
    assert h(j, ABC) == h(j, "A") + h(j, "B", given="A") + h(j, "C", given=("A", "B"))
    assert i(j, ("A", "B"), "C") == i(j, "A", "C") + i(j, "B", "C", given="A")
    assert i(j, "A", "B") == i(j, "B", "A") == h(j, "A") + h(j, "B") - h(j, ("A", "B"))
    assert i(j, "A", "A") == h(j, "A")
    assert i(j, "A", ("A", "B")) == h(j, "A")
    assert i(j, "A", "B", given="B") == 0
    assert 0 <= i(j, "A", "B", given="C") <= min(h(j, "A"), h(j, "B"))
    assert h(j, "A", given=("B", "C")) <= h(j, "A", given="B") <= h(j, "A") <= log(j.shape[0])
    p, q = (
        j,
        tx.Joint(
            np.multiply.outer(np.multiply.outer(*(j.marginal(v).table for v in "AB")), j.marginal("C").table), ABC
        ),
    )
    assert tx.multi_information(j) == tx.kl_divergence(p, q)
    assert tx.multi_information(j) == i(j, "A", "B") + i(j, ("A", "B"), "C")


@EXACT
@given(joints(ABC), st.permutations(ABC), st.randoms(use_true_random=False))
def test_permuted_axes_and_letters_change_nothing(j, order, random):
    turned = j.marginal(*order)
    cells = j.table
    for axis, size in enumerate(cells.shape):
        letters = list(range(size))
        random.shuffle(letters)
        cells = np.take(cells, letters, axis=axis)
    shuffled = tx.Joint(cells, ABC)
    for other in (turned, shuffled):
        assert tx.entropy(other, "A", given="C") == tx.entropy(j, "A", given="C")
        assert tx.mutual_information(other, "B", "C", given="A") == tx.mutual_information(j, "B", "C", given="A")
        assert tx.multi_information(other) == tx.multi_information(j)
        assert close(tx.multi_information(other.to_float()), oracle.Table.of(j.table, ABC).multi_information(), 4e-14)


@EXACT
@given(joints(("A", "B")), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_data_processing(j, image):
    # C = f(B)
    cells = np.full((*j.shape, 3), F(0), dtype=object)
    for (a, b), value in np.ndenumerate(j.table):
        cells[a, b, image[b]] = value
    k = tx.Joint(cells, ABC)
    assert tx.mutual_information(k, "A", "C") <= tx.mutual_information(k, "A", "B")
    assert tx.mutual_information(k, "A", "C", given="B") == 0
    assert tx.entropy(k, "C", given="B") == 0
    injective = len({image[b] for b in range(j.shape[1])}) == j.shape[1]
    if injective:
        assert tx.mutual_information(k, "A", "C") == tx.mutual_information(k, "A", "B")


@EXACT
@given(joints(("A", "B")), joints(("C",)))
def test_independent_parts_add_up(j, k):
    both = tx.Joint(np.multiply.outer(j.table, k.table), ABC)
    assert tx.entropy(both, ABC) == tx.entropy(j, ("A", "B")) + tx.entropy(k, "C")
    assert tx.mutual_information(both, ("A", "B"), "C") == 0
    f = both.to_float()
    assert 0 <= tx.mutual_information(f, ("A", "B"), "C") <= 1e-28


# ---- near independence: relative accuracy


@pytest.mark.parametrize("exponent", [1, 3, 5, 7, 9, 11])
def test_near_independence_keeps_its_digits(exponent):
    e = 10.0**-exponent
    base = np.outer([0.3, 0.7], [0.2, 0.5, 0.3])
    table = base + e * 0.01 * np.array([[1, -1, 0], [-1, 1, 0]])
    table /= table.sum()
    cells = {k: F(float(v)) for k, v in np.ndenumerate(table)}
    total = sum(cells.values())
    with mpmath.workdps(80):
        slow = oracle.Table(("X", "Y"), {k: v / total for k, v in cells.items()}).I("X", "Y").mp(60)
        j = tx.Joint(table, ("X", "Y"))
        value = tx.mutual_information(j, "X", "Y")
        many = tx.multi_information(j)
        # p - m keeps u p of error where it is about e p: twice that relatively, with a few roundings of m
        tolerance = 2 * 16 * 2.0**-53 / (e * 0.01) + 1e-14
        assert abs(value / slow - 1) <= tolerance
        assert abs(many / slow - 1) <= tolerance


def test_divergence_of_near_twins_keeps_its_digits():
    for e in (1e-3, 1e-6, 1e-8):
        p, q = [0.5, 0.5], [0.5 - e, 0.5 + e]
        with mpmath.workdps(60):
            a, b = (mpmath.mpf(v) for v in q)
            total = a + b
            slow = -(mpmath.log(4 * a * b / total**2)) / 2
            assert abs(tx.kl_divergence(p, q) / slow - 1) <= 8 * 2.0**-53 / e + 1e-14


@pytest.mark.parametrize("exponent", [1, 5, 20, 100])
def test_small_probabilities(exponent):
    e = 10.0**-exponent
    j = tx.Joint([e, 1 - e], ("X",))
    total = F(e) + F(1 - e)
    slow = oracle.Table(("X",), {(0,): F(e) / total, (1,): F(1 - e) / total}).H("X")
    assert close(tx.entropy(j, "X"), slow, 2e-14)


# ---- what theory says is >= 0


@settings(derandomize=True, deadline=None, max_examples=examples(100))
@given(st.lists(st.floats(0, 1), min_size=9, max_size=9))
@example([1.0] * 9)
@example([0.0] * 8 + [1.0])
@example([1e-12] * 8 + [1.0])
@example([5e-324] * 3 + [1.0] * 6)
def test_float_informations_are_never_negative(weights):
    total = math.fsum(weights)
    table = np.array(weights) / total if total > 1e-3 else np.full(9, 1 / 9)
    table[table < 1e-140] = 0
    j = tx.Joint((table / table.sum()).reshape(3, 3), ("X", "Y"))
    assert tx.mutual_information(j, "X", "Y") >= 0
    assert tx.multi_information(j) >= 0
    assert tx.entropy(j, "X") >= 0
    assert tx.kl_divergence(j.table, np.full((3, 3), 1 / 9)) >= 0


def test_entropy_of_certainty_is_zero():
    for total in (1.0, 1 - 9e-13, 1 + 9e-13, 1 - 1e-15):
        for cells in ([total], [0.0, total], [total, 0.0, 0.0]):
            value = tx.entropy(tx.Joint(cells, ("X",)), "X")
            assert value == 0.0
            assert tx.mutual_information(tx.Joint([cells], ("W", "X")), "W", "X") >= 0


def test_float_conditional_entropy_is_never_negative():
    rng = np.random.default_rng(0)
    least = 0.0
    for _ in range(50):
        cells = np.zeros((5, 5))
        cells[np.arange(5), rng.integers(5, size=5)] = rng.dirichlet(np.ones(5))
        least = min(least, tx.entropy(tx.Joint(cells, ("X", "Y")), "Y", given="X"))  # Y = f(X)
    assert least >= 0


@pytest.mark.parametrize(
    "measure",
    [
        lambda j: tx.mutual_information(j, "X", "Y"),
        tx.multi_information,
        lambda j: tx.mutual_information(j.marginal("Y", "X"), "X", "Y"),
    ],
)
def test_informations_of_very_rare_pairs(measure):
    value = measure(tx.Joint([[1e-200, 0.0], [0.0, 1.0]], ("X", "Y")))
    # The product of the marginals underflows; what is left of its logarithm has lost its size, not its sign.
    assert 0 < value < 1e-190


def test_divergence_from_a_subnormal():
    value = tx.kl_divergence([0.5, 0.5], [5e-324, 1.0])
    assert value == pytest.approx(0.5 * (math.log(0.5) - math.log(5e-324)) + 0.5 * math.log(0.5), rel=1e-12)


# ---- names


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda j: tx.entropy(j, "Z"), KeyError),
        (lambda j: tx.entropy(j, "A", given="Z"), KeyError),
        (lambda j: tx.mutual_information(j, "A", "Z"), KeyError),
        (lambda j: tx.mutual_information(j, "Z", "Z"), KeyError),
        (lambda j: tx.mutual_information(j, "A", [], given="Z"), KeyError),
        (lambda j: tx.mutual_information(j, [], "Z"), KeyError),
        (lambda j: tx.mutual_information(j, "Z", []), KeyError),
        (lambda j: tx.entropy(j, "Z", given="Z"), KeyError),
        (lambda j: tx.entropy(j, [], given="Z"), KeyError),
        (lambda j: tx.multi_information(j, ["A", "Z"]), KeyError),
    ],
)
def test_unknown_names(attempt, error):
    j = tx.Joint([[["1/2", "1/2"]]], ABC)
    for world in (j, j.to_float()):
        with pytest.raises(error, match="unknown variable 'Z'"):
            attempt(world)


def test_empty_and_repeated_names():
    j = tx.Joint([["1/2", 0], ["1/4", "1/4"]], ("X", "Y"))
    for k in (j, j.to_float()):
        assert tx.entropy(k, []) == 0
        assert tx.entropy(k, ["X", "X"]) == tx.entropy(k, "X")
        assert tx.entropy(k, "X", given="X") == 0
        assert tx.entropy(k, "X", given=[]) == tx.entropy(k, "X")
        assert tx.mutual_information(k, [], "X") == 0
        assert tx.mutual_information(k, ["X", "X"], "Y") == tx.mutual_information(k, "X", "Y")
        assert tx.multi_information(k, "X") == 0
        assert tx.multi_information(k, []) == 0


def test_nothing_has_no_information_at_all_not_even_rounding():
    """A set that is empty, or all given, has exactly none: of floats too, and without an error."""
    from therml_exact.information import entropy_number, information_number

    rng = np.random.default_rng(0)
    for _ in range(20):
        f = tx.Joint(rng.dirichlet(np.ones(27)).reshape(3, 3, 3), ABC)
        for a, b, c in (([], ["B"], ["C"]), (["A"], [], ["C"]), (["A"], ["B"], ["A", "C"]), (["A"], ["B"], ["C", "B"])):
            assert information_number(f, a, b, c) == Approximate(0.0, 0.0)
        assert entropy_number(f, ["A"], ["A", "B"]) == Approximate(0.0, 0.0) == entropy_number(f, [], ["B"])


def test_shared_variables_and_what_is_left_of_both_sides():
    """I(A,C;B,C) = H(C) + I(A;B|C), neither of which is 0 here."""
    j = tx.Joint([[["1/4", "1/16"], ["1/16", "1/8"]], [["1/16", "1/16"], ["1/8", "1/4"]]], ABC)
    assert tx.mutual_information(j, "A", "B", given="C").sign() > 0
    for k in (j, j.to_float()):
        both = tx.mutual_information(k, ["A", "C"], ["B", "C"])
        parts = tx.entropy(k, "C") + tx.mutual_information(k, "A", "B", given="C")
        assert both == parts if k.is_exact else both == pytest.approx(parts, abs=1e-15)


def test_entropy_vectors_of_as_many_variables_as_are_taken():
    with pytest.raises(ValueError, match="entropy_vector: 25 variables"):
        tx.entropy_vector(tx.Joint(np.ones((1,) * 25), [f"X{k}" for k in range(25)]))


def test_a_world_is_measured_without_its_joint():
    w = tx.random_world(5, n=2)
    j = w.joint()
    assert tx.entropy(w, ("Z1", "Theta"), given="Phi") == tx.entropy(j, ("Z1", "Theta"), given="Phi")
    assert tx.mutual_information(w, "X1", "Z2") == tx.mutual_information(j, "X1", "Z2")
    assert tx.multi_information(w) == tx.multi_information(j) == w.multi_information()
    assert (
        tx.entropy_vector(w.marginal("X1", "Y2", "Theta")) == tx.entropy_vector(j.marginal("X1", "Y2", "Theta"))
    ).all()
