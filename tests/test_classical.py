"""Rate-distortion, capacity, common information: closed forms, slow algorithms, laws, and forged certificates."""

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings

import therml_exact as tx
from therml_exact.frontier.mixture.certificate import digest

PAIR = ["1/2", "1/2"]
HAMMING = [[0, 1], [1, 0]]


def h(*p):
    return -sum(v * math.log(v) for v in p if v > 0)


# ---- closed forms


@pytest.mark.parametrize("beta", [0, 0.3, 1, 3, 30, 1e4])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_uniform_letters_and_hamming_distortion(size, beta):
    """R(D) = log k - h(D) - D log(k - 1) at D = (k - 1) / (k - 1 + e^beta)."""
    o = tx.rate_distortion([f"1/{size}"] * size, 1 - np.eye(size), beta)
    d = (size - 1) / (size - 1 + math.exp(beta)) if beta < 700 else 0.0
    rate = math.log(size) - h(d, 1 - d) - d * math.log(size - 1)
    assert o.status == "certified"
    assert o.lower_bound <= rate + beta * d + 1e-11 and rate + beta * d <= o.value + 1e-11
    assert o.point == pytest.approx({"R": rate, "D": d}, abs=1e-9) or beta == 0  # where R = 0, D is free


@pytest.mark.parametrize("p", ["1/10", "1/3"])
@pytest.mark.parametrize("beta", [0.1, 1, 2.5, 6])
def test_a_lopsided_bit(p, beta):
    """R(D) = h(p) - h(D) for D < p."""
    q = float(Fraction(p))
    o = tx.rate_distortion([p, str(1 - Fraction(p))], HAMMING, beta)
    d = min(1 / (1 + math.exp(beta)), q)
    assert o.status == "certified" and o.value == pytest.approx(h(q, 1 - q) - h(d, 1 - d) + beta * d, abs=2e-9)


CHANNELS = {
    "symmetric": ([["9/10", "1/10"], ["1/10", "9/10"]], math.log(2) - h(0.1, 0.9)),
    "erasure": ([["2/3", "1/3", 0], [0, "1/3", "2/3"]], 2 / 3 * math.log(2)),
    "Z": ([[1, 0], ["1/2", "1/2"]], math.log(5 / 4)),
    "typewriter": (tx.normalize([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]]), math.log(2)),
    "useless": ([["1/3", "2/3"], ["1/3", "2/3"]], 0.0),
    "noiseless": (np.eye(4, dtype=int), math.log(4)),
    "one letter": ([[1]], 0.0),
    "one input": ([["1/3", "2/3"]], 0.0),
    "duplicated": ([[1, 0], [1, 0], [0, 1]], math.log(2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANNELS)
def test_channels_of_known_capacity(name):
    rows, known = CHANNELS[name]
    c = tx.capacity(rows)
    assert c.status == "certified" and c.reason == "closed"
    assert c.value <= known + 1e-12 and known - 1e-12 <= c.upper_bound
    assert tx.verify(c.certificate).valid


def test_a_letter_that_costs_too_much_is_not_sent():
    c = tx.capacity([[1, 0], [0, 1]], cost=[0, 1], beta=1e6)
    assert c.status == "certified" and c.value == pytest.approx(0, abs=1e-12)
    free = tx.capacity([[1, 0], [0, 1]], cost=[0, 1], beta=1)  # log(1 + 1/e)
    assert free.value == pytest.approx(math.log1p(math.exp(-1)), abs=1e-9)


@pytest.mark.parametrize("a", [0.05, 0.11, 0.3, 0.45])
def test_wyner_of_the_doubly_symmetric_source(a):
    b = (1 - math.sqrt(1 - 2 * a)) / 2
    known = math.log(2) + h(a, 1 - a) - 2 * h(b, 1 - b)
    c = tx.wyner_information(tx.examples.binary_symmetric(a))
    assert c.status == "certified" and c.lower_bound <= known + 1e-12 and known - 1e-12 <= c.value
    assert tx.verify(c.certificate, c.p_xy).valid


@pytest.mark.parametrize("rows", [[["1/4", 0], [0, "3/4"]], [["1/6", "1/3"], ["1/6", "1/3"]], [["1/2", "1/2"]], [[1]]])
def test_common_informations_that_are_equal(rows):
    """X = Y or independent: Gacs and Koerner's, mutual and Wyner's agree; so they do for one letter."""
    c = tx.wyner_information(rows)
    common = tx.gacs_koerner_information(rows)
    assert common == tx.mutual_information(c.p_xy, "X", "Y")
    assert c.status == "certified" and c.lower_bound - 1e-12 <= float(common) <= c.value + 1e-12


def test_gacs_koerner_counts_components():
    p = [["1/8", "1/8", 0, 0], [0, 0, "1/4", 0], [0, 0, "1/4", 0], [0, 0, 0, "1/4"]]
    assert str(tx.gacs_koerner_information(p)) == str(tx.entropy(tx.Joint(["1/4", "1/2", "1/4"], ("W",)), "W"))
    assert tx.gacs_koerner_information([["1/2", "1/4"], [0, "1/4"]]) == 0


# ---- slow algorithms


def blahut(p, d, beta, steps=3000):
    atoms, q = np.exp(-beta * d), np.full(d.shape[1], 1 / d.shape[1])
    for _ in range(steps):
        q = q * (atoms.T @ (p / (atoms @ q)))
    return -float(p @ np.log(atoms @ q)), math.log(float((atoms.T @ (p / (atoms @ q))).max()))


def gain(rows, p):
    """D(W_x || q) for each x."""
    q = np.where(rows.max(axis=0) > 0, p @ rows, 1.0)
    return np.where(rows > 0, rows * np.log(np.where(rows > 0, rows, 1) / q), 0).sum(axis=1)


def arimoto(rows, price, steps=3000):
    p = np.full(len(rows), 1 / len(rows))
    for _ in range(steps):
        gains = gain(rows, p) - price
        p = np.maximum(p * np.exp(gains - gains.max()), 1e-290)
        p /= p.sum()
    gains = gain(rows, p) - price
    return float(p @ gains), float(gains.max())


@st.composite
def sources(draw):
    nx, nz = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    weights = draw(st.lists(st.integers(1, 9), min_size=nx, max_size=nx))
    d = draw(st.lists(st.lists(st.integers(0, 6), min_size=nz, max_size=nz), min_size=nx, max_size=nx))
    return np.array(weights) / sum(weights), np.array(d) / 2, draw(st.sampled_from([0, 0.2, 1.0, 5.0]))


@settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(sources())
def test_alternating_minimisation_agrees(source):
    p, d, beta = source
    o = tx.rate_distortion(p, d, beta)
    high, gap = blahut(p, d, beta)
    assert o.status == "certified" and tx.verify(o.certificate, o.problem).valid
    assert o.lower_bound <= high + 1e-12 and high - gap - 1e-12 <= o.value
    assert o.point["R"] + beta * o.point["D"] <= o.value + 1e-12


@st.composite
def channels(draw):
    nx, ny = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(st.integers(0, 5), min_size=ny, max_size=ny).filter(any), min_size=nx, max_size=nx))
    cost = draw(st.lists(st.integers(0, 4), min_size=nx, max_size=nx))
    return tx.normalize(rows), cost, draw(st.sampled_from([0, 0.3, 2.0, 40.0]))


@settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(channels())
def test_alternating_maximisation_agrees(channel):
    rows, cost, beta = channel
    c = tx.capacity(rows, cost, beta)
    low, high = arimoto(rows.astype(float), beta * np.array(cost, dtype=float))
    assert c.status == "certified" and tx.verify(c.certificate, c.problem).valid
    assert c.value <= high + 1e-12 and low - 1e-12 <= c.upper_bound
    assert c.point["I"] - beta * c.point["cost"] == pytest.approx(c.value, abs=1e-9)


@st.composite
def joints(draw):
    shape = draw(st.sampled_from([(1, 2), (2, 2), (2, 3), (3, 2), (3, 3)]))
    cells = draw(st.lists(st.integers(0, 5), min_size=math.prod(shape), max_size=math.prod(shape)).filter(any))
    return tx.Joint.from_counts(np.array(cells).reshape(shape), ("X", "Y"))


@settings(derandomize=True, deadline=None, max_examples=examples(25))
@given(joints(), st.integers(0, 10**6))
def test_wyner_lies_between_the_other_informations_and_no_mixture_is_below(p, seed):
    c = tx.wyner_information(p, tol=1e-4)
    assert c.status == "certified" and tx.verify(c.certificate).valid
    mutual = float(tx.mutual_information(p, "X", "Y"))
    assert float(tx.gacs_koerner_information(p)) <= mutual + 1e-12 <= c.value + 2e-12
    assert c.lower_bound <= min(float(tx.entropy(p, "X")), float(tx.entropy(p, "Y"))) + 1e-12  # W = X, or W = Y
    w = c.witness
    table = np.einsum("w,wx,wy->xy", w["w"], w["x_given_w"], w["y_given_w"])
    assert table == pytest.approx(p.table.astype(float), abs=1e-12)
    inside = sum(m * (h(*s) + h(*t)) for m, s, t in zip(w["w"], w["x_given_w"], w["y_given_w"], strict=True))
    assert float(tx.entropy(p, ("X", "Y"))) - inside == pytest.approx(c.value, abs=1e-9)
    rng = np.random.default_rng(seed)
    x = rng.permutation(p.shape[0])
    turned = tx.wyner_information(tx.Joint(p.table[x], ("X", "Y")), tol=1e-4)
    assert turned.lower_bound <= c.value and c.lower_bound <= turned.value


# ---- curves


def test_a_curve_is_convex_and_its_lines_are_below_its_points():
    problem = tx.RateDistortionProblem(["1/3", "1/3", "1/3"], [[0, 1, 2], [1, 0, 1], [4, 1, 0]])
    curve = tx.trace(problem, progress=False)
    assert curve.status == "certified"
    for d, r in curve.points:
        assert curve.bound(d) <= r + 1e-11
    assert curve.bound(0) == pytest.approx(math.log(3), abs=1e-6)  # each letter has its own reproduction
    with ThreadPoolExecutor(2) as pool:
        assert tx.trace(problem, executor=pool, progress=False) == curve


def test_a_capacity_cost_curve_is_concave_and_ends_at_the_capacity():
    problem = tx.CapacityProblem([["9/10", "1/10"], ["1/10", "9/10"]], [0, 1])
    curve = tx.trace(problem, progress=False)
    assert curve.status == "certified"
    for cost, i in curve.points:
        assert i <= curve.bound(cost) + 1e-11
    assert curve.bound(1) <= tx.capacity(problem.p_y_given_x).upper_bound + problem.cost[1] / 16


def test_the_protocols_doors():
    problem = tx.RateDistortionProblem(PAIR, HAMMING)
    assert tx.minimize(problem, beta=2) == tx.rate_distortion(PAIR, HAMMING, 2)
    with pytest.raises(TypeError, match="gamma"):
        tx.minimize(problem, gamma=2)
    with pytest.raises(TypeError, match="gammas is foreign"):
        tx.trace(problem, gammas=[1])
    with pytest.raises(ValueError, match="betas is empty"):
        tx.trace(problem, betas=[])
    with pytest.raises(ValueError, match="max_points"):
        tx.trace(problem, betas=[1, 2, 3], max_points=2)


# ---- bad input


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tx.rate_distortion([0.5, 0.6], HAMMING, 1), "p_x"),
        (lambda: tx.rate_distortion(PAIR, [[0, 1]], 1), "2 rows"),
        (lambda: tx.rate_distortion(PAIR, [[0, -1], [1, 0]], 1), r"distortion\[0, 1\]"),
        (lambda: tx.rate_distortion(PAIR, HAMMING, -1), "beta is -1"),
        (lambda: tx.rate_distortion(PAIR, HAMMING, math.inf), "beta is inf"),
        (lambda: tx.rate_distortion([PAIR], HAMMING, 1), "one axis"),
        (lambda: tx.rate_distortion(PAIR, HAMMING, 1, tol=0), "tol is 0"),
        (lambda: tx.capacity([[0.5, 0.6]]), "p_y_given_x"),
        (lambda: tx.capacity(PAIR), "a row of"),
        (lambda: tx.capacity([PAIR], cost=[1, 2]), "1 numbers"),
        (lambda: tx.capacity([PAIR], beta="x"), "beta is 'x'"),
        (lambda: tx.wyner_information(np.full((5, 5), 0.04)), "4 letters"),
        (lambda: tx.wyner_information(np.full((2, 2, 2), 0.125)), "two variables"),
        (lambda: tx.gacs_koerner_information(np.full((2, 2, 2), 0.125)), "two variables"),
    ],
)
def test_bad_input_names_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ---- certificates


def forged(certificate, **edits):
    content = json.loads(json.dumps(certificate))
    for name, value in edits.items():
        content[name] = value
    return {**content, "sha256": digest(content)}


def moved(text, by):
    return (float.fromhex(text) + by).hex()


RATE = tx.rate_distortion(["1/3", "2/3"], [[0, 1], [2, 0]], 2).certificate
CAPACITY = tx.capacity([["9/10", "1/10", 0], ["1/5", "1/5", "3/5"]], [0, 1], "1/4").certificate
WYNER = tx.wyner_information([["3/10", "1/10"], ["1/5", "2/5"]], tol=1e-3).certificate


def turned(problem, name):
    table = problem[name]
    return {**problem, name: {**table, "cells": table["cells"][::-1]}}


FORGERIES = [
    (RATE, {"value": moved(RATE["value"], -1e-6)}, "not reached"),
    (RATE, {"lower_bound": moved(RATE["lower_bound"], 1e-6), "value": moved(RATE["value"], 2e-6)}, "not proved"),
    (RATE, {"lower_bound": moved(RATE["value"], 1e-3)}, "not proved"),
    (RATE, {"value": moved(RATE["value"], 1)}, "gap exceeds"),
    (RATE, {"status": "closed"}, "status"),
    (RATE, {"tol": (-1.0).hex(), "status": "open"}, "negative"),
    (RATE, {"q": RATE["q"][:1]}, "no distribution"),
    (RATE, {"q": ["-1/2", "3/2"]}, "no distribution"),
    (RATE, {"q": ["0", "0"]}, "no distribution"),
    (RATE, {"q": ["1", "0"]}, "not reached"),
    (RATE, {"multipliers": {"beta": "3"}}, "not"),
    (RATE, {"multipliers": {"beta": "-2"}}, "out of range"),
    (RATE, {"multipliers": {"gamma": "2"}}, "beta"),
    (RATE, {"problem": turned(RATE["problem"], "p_x")}, "not"),
    (RATE, {"problem": {**RATE["problem"], "kind": "capacity"}}, "another kind"),
    (RATE, {"problem": {**RATE["problem"], "p_x": {"shape": [2], "cells": ["-1/3", "4/3"]}}}, "negative"),
    (RATE, {"problem": {**RATE["problem"], "p_x": {"shape": [1], "cells": ["1"]}}}, "fit"),
    (RATE, {"problem": {**RATE["problem"], "distortion":
        {"shape": [2, 2], "cells": ["0", "-1", "2", "0"]}}}, "negative"),
    (RATE, {"more": 1}, "fields"),
    (CAPACITY, {"value": moved(CAPACITY["value"], 1e-6),
        "upper_bound": moved(CAPACITY["upper_bound"], 1e-6)}, "reached"),
    (CAPACITY, {"upper_bound": moved(CAPACITY["upper_bound"], -1e-6)}, "not proved"),
    (CAPACITY, {"value": moved(CAPACITY["value"], -1)}, "gap exceeds"),
    (CAPACITY, {"status": "closed"}, "status"),
    (CAPACITY, {"tol": (-1.0).hex(), "status": "open"}, "negative"),
    (CAPACITY, {"input": ["1", "0"]}, "infinite"),
    (CAPACITY, {"input": ["-1", "2"]}, "no distribution"),
    (CAPACITY, {"input": ["1"]}, "no distribution"),
    (CAPACITY, {"multipliers": {"beta": "0"}}, "not"),
    (CAPACITY, {"multipliers": {"beta": "1/8", "rho": "1"}}, "beta"),
    (CAPACITY, {"multipliers": {"beta": "-1/8"}}, "out of range"),
    (CAPACITY, {"problem": turned(CAPACITY["problem"], "cost")}, "not"),
    (CAPACITY, {"problem": {**CAPACITY["problem"], "kind": "rate distortion"}}, "another kind"),
    (CAPACITY, {"problem": {**CAPACITY["problem"], "cost": {"shape": [1], "cells": ["0"]}}}, "fit"),
    (CAPACITY, {"problem": {**CAPACITY["problem"], "cost": {"shape": [2], "cells": ["0", "-1"]}}}, "negative"),
    (CAPACITY, {"problem": {**CAPACITY["problem"], "p_y_given_x":
        {"shape": [2, 3], "cells": ["0", "0", "0", "1", "0", "0"]}}}, "empty"),
    (CAPACITY, {"problem": {**CAPACITY["problem"], "p_y_given_x":
        {"shape": [2, 3], "cells": ["2", "-1", "0", "1", "0", "0"]}}}, "negative"),
    (WYNER, {"value": moved(WYNER["lower_bound"], 1e-9)}, "not achieved"),
    (WYNER, {"lower_bound": moved(WYNER["lower_bound"], 5e-4), "value": moved(WYNER["value"], 1e-3)}, "not proved"),
    (WYNER, {"value": moved(WYNER["value"], 1)}, "gap exceeds"),
    (WYNER, {"level": (0.0).hex()}, "cell of the tree"),
    (WYNER, {"level": (1.0).hex()}, "not proved"),
    (WYNER, {"tree": "."}, "cell of the tree"),
    (WYNER, {"tree": WYNER["tree"][:-1]}, "ends before"),
    (WYNER, {"tree": WYNER["tree"] + "."}, "more nodes"),
    (WYNER, {"tree": "1.."}, "symbol"),
    (WYNER, {"tree": "\u0660.."}, "symbol"),
    (WYNER, {"tree": ["."]}, "no text"),
    (WYNER, {"lam": {**WYNER["lam"], "cells": ["0"] * 4}}, "not proved"),
    (WYNER, {"lam": {"shape": [1, 4], "cells": ["0"] * 4}}, "fit"),
    (WYNER, {"weights": ["-1", *WYNER["weights"][1:]]}, "negative"),
    (WYNER, {"weights": WYNER["weights"][1:]}, "fit"),
    (WYNER, {"s": {**WYNER["s"], "cells": ["0"] * len(WYNER["s"]["cells"])}}, "empty"),
    (WYNER, {"problem": turned(WYNER["problem"], "p_xy")}, "not"),
    (WYNER, {"problem": {"kind": "wyner", "p_xy":
        {"shape": [2, 2], "cells": ["1/2", "0", "0", "1/2"]}}}, "p\\(x,y\\) is 0"),
    (WYNER, {"problem": {"kind": "wyner", "p_xy":
        {"shape": [2, 2], "cells": ["1", "-1", "0", "1"]}}}, "no distribution"),
    (WYNER, {"problem": {"kind": "wyner", "p_xy": {"shape": [4], "cells": ["1/4"] * 4}}}, "two axes"),
    (WYNER, {"problem": {**WYNER["problem"], "kind": "capacity"}}, "another kind"),
    (WYNER, {"status": "closed"}, "status"),
    (WYNER, {"more": 1}, "fields"),
]  # fmt: skip


@pytest.mark.parametrize(("certificate", "edits", "reason"), FORGERIES)
def test_forgeries_are_refused(certificate, edits, reason):
    found = tx.verify(forged(certificate, **edits))
    assert found.verdict == "not valid"
    assert re.search(reason, found.reason), found.reason


@pytest.mark.parametrize("certificate", [RATE, CAPACITY, WYNER])
def test_true_certificates_and_broken_digests(certificate):
    assert tx.verify(json.loads(json.dumps(certificate))).valid
    assert not tx.verify({**certificate, "sha256": "0" * 64}).valid
    assert tx.verify(certificate, time_limit=0).verdict == "not checked"


def test_a_certificate_is_about_its_problem():
    assert not tx.verify(RATE, tx.RateDistortionProblem(PAIR, HAMMING)).valid
    assert not tx.verify(CAPACITY, tx.CapacityProblem([PAIR])).valid
    assert not tx.verify(WYNER, tx.examples.binary_symmetric(0.1)).valid


def test_random_edits_prove_nothing_false():
    """A digit of a number or of the tree is changed; what is still accepted is still true."""
    rng = np.random.default_rng(3)
    true = {id(c): tx.verify(c) for c in (RATE, CAPACITY, WYNER)}
    assert all(v.valid for v in true.values())
    for certificate in (RATE, CAPACITY, WYNER):
        places = [k for k in certificate if k not in ("format", "problem", "multipliers", "sha256", "status", "tol")]
        for _ in range(examples(100)):
            name = places[rng.integers(len(places))]
            text = json.dumps(certificate[name])
            at = int(rng.integers(len(text)))
            changed = text[:at] + "0123456789abcdef"[rng.integers(16)] + text[at + 1 :]
            try:
                content = forged(certificate, **{name: json.loads(changed)})
            except ValueError:
                continue
            found = tx.verify(content)
            if found.valid and found.lower_bound is not None:
                assert found.lower_bound <= float.fromhex(certificate["value"])
                assert found.value >= float.fromhex(certificate["lower_bound"])
            if found.valid and name == "upper_bound":
                assert float.fromhex(content["upper_bound"]) >= float.fromhex(certificate["value"])


def test_time_and_cells_are_said():
    o = tx.wyner_information([["3/10", "1/10"], ["1/5", "2/5"]], max_cells=3)
    assert (o.status, o.reason) == ("open", "cells") and tx.verify(o.certificate).valid
    late = tx.wyner_information([["3/10", "1/10"], ["1/5", "2/5"]], time_limit=1e-9)
    assert (late.status, late.reason) == ("open", "time") and tx.verify(late.certificate).valid
    assert late.lower_bound <= o.value and o.lower_bound <= late.value


def test_results_read_well_and_draw():
    o = tx.rate_distortion(PAIR, HAMMING, 2)
    c = tx.capacity([["9/10", "1/10"], ["1/10", "9/10"]])
    w = tx.wyner_information(tx.examples.binary_symmetric(0.1), tol=1e-3)
    for found in (o, c, w, tx.trace(o.problem, betas=[1, 2], progress=False)):
        assert "nats" in str(found) and "certified" in str(found)
        assert found.plot(ax=None).get_figure() is not None
    import matplotlib.pyplot as plt

    plt.close("all")
