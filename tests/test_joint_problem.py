"""JointProblem against worlds of exact tables, plain enumeration, an unreduced linear program, and closed forms."""

from __future__ import annotations

import copy
import itertools
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from support import rational_rows

import therml_exact as tx
from therml_exact.frontier.joint import alternation, shannon_bound
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest

SLACK = 1e-12  # of float functionals of a dozen cells


def rows(counts: list[int], shape: tuple[int, ...]) -> np.ndarray:
    """Exact rows from integers, uniform where all are 0."""
    cells = np.array(counts, dtype=object).reshape(-1, shape[-1])
    cells = np.array([[Fraction(int(v) + (not any(row)), sum(row) or len(row)) for v in row] for row in cells])
    return cells.reshape(shape)


@st.composite
def problems(draw: st.DrawFn, n: int = 1, top: int = 2, theta: int = 4, z: int = 4) -> JointProblem:
    phi, x, y = (draw(st.integers(1, top)) for _ in range(3))

    def table(*shape: int) -> np.ndarray:
        size = math.prod(shape)
        return rows(draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)), shape)

    return JointProblem(table(phi), table(phi, x), table(phi, x, y), n, theta, z)


MULTIPLIERS = st.fixed_dictionaries({name: st.sampled_from([0, 0.3, 0.7, 1, 2]) for name in JointProblem.multipliers})


def random_problem(seed: int, n: int, phi: int, theta: int = 4, z: int = 4) -> JointProblem:
    rng = np.random.default_rng(seed)
    tables = [rational_rows(rng, shape, zeros=False) for shape in ((phi,), (phi, 2), (phi, 2, 2))]
    return JointProblem(*tables, n, theta, z)


def world_of(problem: JointProblem, rule: np.ndarray, encoder: np.ndarray) -> tx.WorldP:
    """The world of the paper whose rule looks at the type of its data."""
    nx, ny = problem.shape
    place = {counts: t for t, (counts, _) in enumerate(problem.types)}
    table = np.empty((nx, ny) * problem.n + (rule.shape[1],), dtype=object)
    for data in np.ndindex(*table.shape[:-1]):
        counts = [0] * (nx * ny)
        for i in range(problem.n):
            counts[data[2 * i] * ny + data[2 * i + 1]] += 1
        t = place.get(tuple(counts))
        table[data] = rule[t] if t is not None else [Fraction(1, rule.shape[1])] * rule.shape[1]
    return tx.WorldP(problem.phi, problem.x_given_phi, problem.y_given_x_phi, table, encoder)


def exact_value(problem: JointProblem, at: dict[str, float], rule: np.ndarray, encoder: np.ndarray) -> float:
    world = world_of(problem, rule, encoder)
    f = tx.functionals(world, tx.optimal_variational(world))
    return float(
        at["rho"] * float(f.R) + at["delta"] * float(f.D) + at["gamma"] * float(f.C) + at["sigma"] * float(f.S)
    )


def entropy(*p: float) -> float:
    return -sum(v * math.log(v) for v in p if v)


def cells(problem: JointProblem) -> tx.Joint:
    """p(x, y) of one sample."""
    return tx.Joint(problem.cells.sum(axis=1), ("X", "Y"))


# ---- between


@settings(max_examples=examples(25), deadline=None)
@given(problems(), MULTIPLIERS, st.integers(0, 10**6))
def test_every_bound_is_below_random_tables_of_exact_worlds(problem: JointProblem, at: dict, seed: int) -> None:
    found = tx.minimize(problem, **at)
    assert max(found.bounds.values()) == found.lower_bound
    assert found.lower_bound <= found.value
    rng = np.random.default_rng(seed)
    for _ in range(3):
        rule = rational_rows(rng, (len(problem.types), 3))
        encoder = rational_rows(rng, (problem.shape[0], 3, 3))
        value = exact_value(problem, at, rule, encoder)
        floats = rule.astype(float), encoder.astype(float)
        assert alternation.objective(problem, at, *floats) == pytest.approx(value, abs=SLACK)
        assert found.lower_bound <= value + SLACK


@pytest.mark.parametrize("phi", [1, 2])
@pytest.mark.parametrize("sigma", [0, 0.1, 1])
def test_bounds_for_two_samples_are_below_random_tables(phi: int, sigma: float) -> None:
    problem = random_problem(phi, 2, phi)
    at = {"rho": 1, "delta": 0.5, "gamma": 3, "sigma": sigma}
    found = tx.minimize(problem, **at)
    assert {"types", "shannon"} <= set(found.bounds)
    assert ("samples" in found.bounds) == (phi == 1 and sigma > 0)
    rng = np.random.default_rng(1)
    for _ in range(5):
        tables = rational_rows(rng, (len(problem.types), 4)), rational_rows(rng, (2, 4, 4))
        value = exact_value(problem, at, *tables)
        assert alternation.objective(problem, at, *(t.astype(float) for t in tables)) == pytest.approx(value, abs=SLACK)
        assert found.lower_bound <= found.value <= value + SLACK


@settings(max_examples=examples(10), deadline=None)
@given(problems(theta=2, z=2), MULTIPLIERS)
def test_the_value_is_never_above_plain_enumeration(problem: JointProblem, at: dict) -> None:
    nx, letters = problem.shape[0], len(problem.types)
    least = math.inf
    unit = np.eye(2)
    for rule in itertools.product(range(2), repeat=letters):
        for codes in itertools.product(range(2), repeat=2 * nx):
            value = alternation.objective(problem, at, unit[list(rule)], unit[np.array(codes).reshape(nx, 2)])
            least = min(least, float(value))
    assert tx.minimize(problem, **at).value <= least + SLACK


def test_partitions_are_counted() -> None:
    for size in range(6):
        for most in range(1, 4):
            strings = list(alternation.partitions(size, most))
            maps = itertools.product(range(most), repeat=size)
            distinct = {tuple(sorted(tuple(i for i in range(size) if m[i] == k) for k in set(m))) for m in maps}
            assert len(strings) == len(set(strings)) == len(distinct)
            assert sum(alternation.stirling(size, k) for k in range(most + 1)) == len(distinct)


def test_the_witness_has_the_point_and_value_claimed() -> None:
    problem = random_problem(3, 2, 2)
    found = tx.minimize(problem, gamma=2, delta=0.4, sigma=0.2)
    w = found.witness
    at = found.multipliers
    again = alternation.functionals(problem, w["theta_given_type"], w["z_given_x_theta"])
    assert dict(zip("RDCS", again, strict=True)) == pytest.approx(found.point, abs=SLACK)
    total = sum(at[name] * found.point[f] for name, f in zip(("rho", "delta", "gamma", "sigma"), "RDCS", strict=True))
    assert total == pytest.approx(found.value, abs=SLACK)
    for name in ("theta", "z", "x_given_z", "y_given_z", "theta_given_type", "z_given_x_theta"):
        assert w[name].sum(axis=-1) == pytest.approx(np.ones(w[name].shape[:-1]))
    assert found.status in str(found)


# ---- laws


@settings(max_examples=examples(8), deadline=None)
@given(problems(), MULTIPLIERS, st.randoms(use_true_random=False))
def test_names_of_letters_do_not_matter(problem: JointProblem, at: dict, random: Any) -> None:
    phi, x, y = np.asarray(problem.phi), np.asarray(problem.x_given_phi), np.asarray(problem.y_given_x_phi)
    a, b, c = (random.sample(range(size), size) for size in y.shape)
    other = JointProblem(phi[a], x[a][:, b], y[a][:, b][:, :, c], 1, problem.theta_size, problem.z_size)
    one, two = tx.minimize(problem, **at), tx.minimize(other, **at)
    assert one.lower_bound == pytest.approx(two.lower_bound, abs=2e-9)
    for kind in one.bounds:
        assert one.bounds[kind] == pytest.approx(two.bounds[kind], abs=2e-9)
    assert two.lower_bound <= one.value
    assert one.lower_bound <= two.value


@pytest.mark.parametrize(("n", "phi"), [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("delta", [0, 0.5])
def test_a_large_sigma_makes_theta_constant(n: int, phi: int, delta: float) -> None:
    problem = random_problem(5, n, phi)
    single = tx.minimize(tx.EncoderProblem(cells(problem)), gamma=3, delta=delta)
    found = tx.minimize(problem, gamma=3, delta=delta, sigma=50)
    assert found.status == "certified"
    assert found.point["S"] < 1e-9
    assert found.value == pytest.approx(n * single.value, abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_theta_of_one_letter_is_the_encoder_problem(n: int) -> None:
    problem = random_problem(7, n, 2, theta=1)
    single = tx.minimize(tx.EncoderProblem(cells(problem)), gamma=4, delta=0.3)
    for sigma in (0, 2):
        found = tx.minimize(problem, gamma=4, delta=0.3, sigma=sigma)
        assert found.status == "certified"
        assert found.value == pytest.approx(n * single.value, abs=1e-8)


@settings(max_examples=examples(12), deadline=None)
@given(problems(theta=4, z=6), st.sampled_from([0, 0.4, 0.8, 1, 1.5]), st.sampled_from([0, 0.5, 0.9, 1, 3]))
def test_sigma_zero_with_one_sample_closes(problem: JointProblem, delta: float, gamma: float) -> None:
    found = tx.minimize(problem, delta=delta, gamma=gamma)
    assert found.status == "certified"


@pytest.mark.parametrize("theta", [2, 3])
@pytest.mark.parametrize(("gamma", "delta"), [(2, 0), (3, 0.5), (0.8, 0.6), (1, 1.5)])
def test_sigma_zero_closes_for_few_thetas_too(theta: int, gamma: float, delta: float) -> None:
    """Against every deterministic rule with its certified encoder problem: 3 letters (x, y), 6 types of 2 samples."""
    p = JointProblem([1], [["1/3", "2/3"]], [[[1, 0], ["2/5", "3/5"]]], 2, theta, 6)
    found = tx.minimize(p, gamma=gamma, delta=delta)
    assert found.status == "certified"
    least = math.inf
    for rule in alternation.partitions(len(p.types), theta):
        merged = np.full((2, theta, 2), Fraction(0), dtype=object)
        for t, k in enumerate(rule):
            merged[:, k] += p.cells[:, t]
        single = tx.minimize(tx.EncoderProblem(tx.Joint(merged, ("X", "Theta", "Y"))), gamma=gamma, delta=delta)
        least = min(least, 2 * single.value)
    assert found.value == pytest.approx(least, abs=1e-8)


@settings(max_examples=examples(10), deadline=None)
@given(problems(theta=2, z=2), st.sampled_from([0, 0.5, 1, 1.5, 4]))
def test_one_sample_without_sigma_and_delta_has_the_value_min_of_one_and_gamma_times_the_entropy_of_y(
    problem: JointProblem, gamma: float
) -> None:
    """Theta = Y, Z = Theta has R = H(Y) and C = 0; R + C >= H(Y) for all."""
    p_y = [float(v) for v in problem.cells.sum(axis=(0, 1))]
    found = tx.minimize(problem, gamma=gamma)
    assert found.status == "certified"
    assert found.value == pytest.approx(min(1, gamma) * entropy(*p_y), abs=1e-12)
    shannon = tx.shannon_outer_bound(problem, gamma=gamma).lower_bound
    assert shannon == pytest.approx(found.value, abs=1e-12)


def test_without_gamma_and_delta_nothing_is_worth_a_code() -> None:
    found = tx.minimize(random_problem(2, 2, 2), sigma=1)
    assert (found.value, found.lower_bound, found.status) == (pytest.approx(0, abs=1e-15), 0, "certified")


def test_the_optimum_grows_and_bends_down_in_sigma() -> None:
    problem = random_problem(4, 1, 2)
    sigmas = [0, 0.5, 1.0, 1.5, 2.0]
    found = [tx.minimize(problem, gamma=3, delta=0.5, sigma=s) for s in sigmas]
    for one, two in itertools.pairwise(found):
        assert one.lower_bound <= two.value
        assert one.bounds["types"] <= two.bounds["types"] + 1e-9
        assert one.value <= two.value + 1e-9
    for low, mid, high in zip(found, found[1:], found[2:], strict=False):
        assert (low.bounds["types"] + high.bounds["types"]) / 2 <= mid.bounds["types"] + 1e-9


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_sharp_floor_follows_from_shannons_inequalities(n: int) -> None:
    problem = random_problem(n, n, 2)
    floor = n * entropy(*(float(v) for v in problem.cells.sum(axis=1).reshape(-1)))
    bound = tx.shannon_outer_bound(problem, gamma=1, delta=1)
    assert bound.lower_bound == pytest.approx(floor, abs=1e-12)
    assert tx.verify_proof(bound.proof).valid
    if n < 3:
        found = tx.minimize(problem, gamma=1, delta=1, sigma=0.7)
        assert found.status == "certified"
        assert found.value == pytest.approx(floor, abs=1e-12)


def test_sizes_of_one() -> None:
    nothing = JointProblem([1], [[1]], [[[1]]], 1, 1, 1)
    assert tx.minimize(nothing, gamma=2, delta=2, sigma=1).value == 0
    problem = random_problem(9, 2, 2, theta=3, z=1)
    found = tx.minimize(problem, gamma=2, delta=3, sigma=1)
    p = problem.cells.sum(axis=1)
    h_x, h_y = (entropy(*(float(v) for v in p.sum(axis=k))) for k in (1, 0))
    assert found.status == "certified"
    assert found.value == pytest.approx(2 * (3 * h_x + 2 * h_y), abs=1e-12)
    free = tx.minimize(random_problem(9, 1, 2), rho=0, gamma=1, delta=1)
    assert free.value == pytest.approx(0, abs=1e-12)


# ---- Shannon's bound


def plain_program(problem: JointProblem, at: dict[str, float]) -> float:
    """The linear program over all 32 entropies of one sample's world, elementals and local independences in full."""
    names = ["Phi", "X", "Y", "Theta", "Z"]
    bit = {name: 1 << k for k, name in enumerate(names)}
    world = np.einsum("f,fx,fxy->fxy", *(np.asarray(t, float) for t in (problem.phi, problem.x_given_phi)),
                      np.asarray(problem.y_given_x_phi, float))  # fmt: skip

    def h(*which: str) -> np.ndarray:
        row = np.zeros(32)
        row[sum(bit[v] for v in set(which))] = 1
        row[0] = 0
        return row

    def info(a: tuple, b: tuple, c: tuple = ()) -> np.ndarray:
        return h(*a, *c) + h(*b, *c) - h(*a, *b, *c) - h(*c)

    least = [h(*names) - h(*(v for v in names if v != name)) for name in names]
    for a, b in itertools.combinations(names, 2):
        others = [v for v in names if v not in (a, b)]
        least += [info((a,), (b,), c) for r in range(4) for c in itertools.combinations(others, r)]
    equal = [info(("Theta",), ("Phi",), ("X", "Y")), info(("Z",), ("Phi", "Y"), ("X", "Theta")), np.eye(32)[0]]
    right = [0.0, 0.0, 0.0]
    for r in (1, 2, 3):
        for kept in itertools.combinations(range(3), r):
            equal.append(h(*(names[k] for k in kept)))
            p = world.sum(axis=tuple(k for k in range(3) if k not in kept))
            right.append(entropy(*p.reshape(-1)))
    cost = (
        at["rho"] * info(("Z",), ("X", "Theta"))
        + at["delta"] * (h("X", "Z") - h("Z"))
        + at["gamma"] * (h("Y", "Z") - h("Z"))
        + at["sigma"] * info(("Theta",), ("X", "Y"))
    )
    fine = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(
        cost, A_ub=-np.array(least), b_ub=np.zeros(len(least)), A_eq=np.array(equal), b_eq=right, options=fine
    )
    assert found.status == 0
    return float(found.fun)


@settings(max_examples=examples(40), deadline=None)
@given(problems(top=3), MULTIPLIERS)
def test_shannons_bound_is_the_plain_linear_program(problem: JointProblem, at: dict) -> None:
    bound = tx.shannon_outer_bound(problem, **at)
    assert bound.lower_bound == pytest.approx(plain_program(problem, at), abs=1e-8)
    assert tx.verify_proof(bound.proof).valid


def test_shannons_bound_is_loose_where_common_information_counts() -> None:
    """delta and gamma below rho and together above it: between, the data's law matters, not its entropies alone."""
    p = JointProblem([1], [["3/10", "7/10"]], [[["1/5", "4/5"], ["3/4", "1/4"]]], 1, 4, 4)
    found = tx.minimize(p, gamma=0.7, delta=0.6)
    assert found.status == "certified"
    assert found.bounds["shannon"] < found.value - 0.02


def test_without_delta_one_sample_has_no_gap_to_shannons_bound() -> None:
    """Shannon's 0.662 = H(3/8) is achieved by Theta = Y, Z = Theta; log 2 = 0.693 is not the best."""
    p = JointProblem([1], [["1/2", "1/2"]], [[["1/2", "1/2"], ["1/4", "3/4"]]], 1, 2, 2)
    found = tx.minimize(p, gamma=2)
    assert found.value == pytest.approx(entropy(3 / 8, 5 / 8), abs=1e-12)
    assert round(found.bounds["shannon"], 3) == 0.662
    assert found.status == "certified"


# ---- certificates


def signed(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "sha256": digest(content)}


@pytest.mark.parametrize(
    ("problem", "at", "kind"),
    [
        (random_problem(1, 2, 2), {"gamma": 2, "delta": 0.5, "sigma": 0.1}, "types"),
        (random_problem(1, 2, 1), {"gamma": 3, "delta": 0.5, "sigma": 3}, "samples"),
        (random_problem(1, 2, 2, theta=1), {"gamma": 4, "delta": 0.3, "sigma": 1}, "constant"),
        (random_problem(1, 2, 2), {"gamma": 1, "delta": 1, "sigma": 1}, "shannon"),
        (random_problem(1, 1, 2), {"gamma": 0}, "zero"),
        (random_problem(1, 2, 2, theta=2), {"gamma": 2}, "partitions"),
    ],
)
def test_certificates_are_checked(problem: JointProblem, at: dict, kind: str) -> None:
    found = tx.minimize(problem, **at)
    c = found.certificate
    assert c["bound"]["kind"] == kind
    checked = tx.verify(c, problem)
    assert checked.valid, checked.reason
    assert (checked.value, checked.lower_bound) == (found.value, found.lower_bound)
    assert not tx.verify({**c, "value": (found.value - 1e-6).hex()}, problem).valid  # the digest
    edits: list[dict[str, Any]] = [
        {"value": (found.value - 1e-9).hex()},
        {"lower_bound": (found.lower_bound + 1e-9).hex()},
        {"multipliers": {**c["multipliers"], "gamma": "9"}},
        {"problem": {**c["problem"], "n": c["problem"]["n"] + 1}},
        {"status": "certified", "tol": (0.0).hex(), "lower_bound": (found.lower_bound - 1e-9).hex()},
        {"bound": {**c["bound"], "kind": "samples" if kind != "samples" else "types"}},
        {"rule": {**c["rule"], "cells": c["rule"]["cells"][1:]}},
        {"version": 2},
    ]
    for edit in edits:
        assert not tx.verify(signed({**c, **edit})).valid, edit
    assert not tx.verify(c, random_problem(2, 1, 1)).valid
    assert not tx.verify("no such file").valid
    assert not tx.verify(None).valid  # type: ignore[arg-type]


def test_a_tree_of_rules_with_a_gap_is_refused() -> None:
    problem = random_problem(1, 2, 2, theta=2)
    c = tx.minimize(problem, gamma=2).certificate
    leaves = c["bound"]["leaves"]
    for k in range(0, len(leaves), 7):
        rest = leaves[:k] + leaves[k + 1 :]
        assert not tx.verify(signed({**c, "bound": {"kind": "partitions", "leaves": rest}})).valid
    moved = [{"decided": leaves[0]["decided"], "certificate": leaves[1]["certificate"]}, *leaves[1:]]
    assert not tx.verify(signed({**c, "bound": {"kind": "partitions", "leaves": moved}})).valid
    assert not tx.verify(signed({**c, "bound": {"kind": "partitions", "leaves": []}})).valid


def test_a_chord_below_a_smaller_sigma_is_checked() -> None:
    problem = random_problem(1, 2, 1, theta=2)
    found = tx.minimize(problem, gamma=3, delta=0.5, sigma=0.05)
    c = found.certificate
    assert c["bound"]["kind"] == "chord"
    assert found.lower_bound > max(v for kind, v in found.bounds.items() if kind != "chord") + 0.01
    assert tx.verify(c, problem).valid
    low, high = c["bound"]["parts"]
    for parts in (
        [low, {**high, "weight": "1"}],
        [high],
        [{**high, "weight": "1"}],
        [{**low, "weight": "-1"}, {**high, "weight": "2"}],
        [low, {**high, "bound": c["bound"]}],
    ):
        assert not tx.verify(signed({**c, "bound": {"kind": "chord", "parts": parts}})).valid


def test_a_proof_of_something_else_is_refused() -> None:
    problem = random_problem(1, 1, 2)
    c = tx.minimize(problem, gamma=1, delta=1, sigma=1).certificate
    for statement, reason in (
        ("I(Z1;X1,Theta) >= 0", "not known"),
        ("0 <= I(Z1;X1,Theta)", "no lower bound"),
        ("I(Z1;X1,Theta) + H(X1|Z1) + H(Y1|Z1) + I(Theta;X1,Y1) + H(X1,Z1) >= H(Phi)", "proof"),
    ):
        proof = getattr(tx.prove(statement, world="P", n=1), "certificate", None)
        edited = copy.deepcopy(c)
        edited["bound"]["proof"] = proof
        checked = tx.verify(signed(edited), problem)
        assert not checked.valid
        assert reason in checked.reason or "malformed" in checked.reason
    free = tx.prove("H(A) >= 0")
    edited = copy.deepcopy(c)
    edited["bound"]["proof"] = free.certificate
    assert not tx.verify(signed(edited), problem).valid


def test_the_verifier_imports_no_solver(tmp_path: Path) -> None:
    problem = random_problem(1, 2, 2, theta=2)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(tx.minimize(problem, gamma=2).certificate))
    code = (
        "import sys; from therml_exact.verification import verify as verify_joint\n"
        f"print(verify_joint({str(path)!r}).valid)\n"
        "solver = ['minimize', 'below', 'shannon_bound', 'alternation', 'limited', 'cells']\n"
        "solver = ['therml_exact.frontier.joint.' + name for name in solver]\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('numba', 'scipy') or m in solver])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["True", "[]"]


# ---- the door


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"n": 0}, "n is 0"),
        ({"theta_size": True}, "theta_size is True"),
        ({"z_size": 1.5}, "z_size is 1.5"),
        ({"phi": [1, 0]}, "x_given_phi has shape"),
        ({"x_given_phi": [[0.5, 0.4]]}, "x_given_phi"),
        ({"y_given_x_phi": [[[2, -1], [0, 1]]]}, "y_given_x_phi"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], text: str) -> None:
    good = {"phi": [1], "x_given_phi": [[0.5, 0.5]], "y_given_x_phi": [[[1, 0], [0, 1]]], "n": 1}
    with pytest.raises(ValueError, match=text):
        JointProblem(**{**good, "theta_size": 2, "z_size": 2, **change})


def test_foreign_multipliers_are_named() -> None:
    problem = random_problem(1, 1, 1)
    with pytest.raises(TypeError, match="beta"):
        tx.minimize(problem, beta=1)
    with pytest.raises(ValueError, match="gamma"):
        tx.shannon_outer_bound(problem, gamma=-1)
    with pytest.raises(TypeError, match="JointProblem"):
        tx.shannon_outer_bound(tx.EncoderProblem(cells(problem)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 3"):
        tx.shannon_outer_bound(random_problem(1, 4, 1))


HALF = Fraction(1, 2)


def uneven(n: int) -> JointProblem:
    """The smallest world where floats miss the exact multipliers of delta = .3, gamma = .7, a sum below 1."""
    y = [[[HALF, HALF], [HALF, HALF]], [[HALF, HALF], [0, 1]]]
    return JointProblem([HALF, HALF], [[HALF, HALF], [HALF, HALF]], y, n=n, theta_size=4, z_size=4)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "at",
    [
        {"delta": 0.3, "gamma": 0.7},  # of sum 1 - 2^-54
        {"delta": 0.7, "gamma": 0.3, "sigma": 0.3},
        {"delta": 0.1, "gamma": 0.9, "sigma": 1 - 2**-53},
        {"rho": 1e12, "delta": 1e12, "gamma": 1e12 * (1 - 2**-52), "sigma": 1e-12},
        {"rho": 0, "delta": 1e-12, "gamma": 1, "sigma": 1},
        {"rho": "2/3", "delta": "1/3", "gamma": 1 / 3, "sigma": "1/3"},
    ],
)
@pytest.mark.parametrize("sized", [False, True])
def test_shannons_bound_where_the_program_is_degenerate(n: int, at: dict, sized: bool) -> None:
    problem = uneven(n)
    bound = tx.shannon_outer_bound(problem, **at, sized=sized)
    assert tx.verify_proof(bound.proof).valid
    if n == 1 and not sized:
        floats = {name: float(Fraction(at.get(name, name == "rho"))) for name in JointProblem.multipliers}
        top = max(floats.values())
        assert bound.lower_bound / top == pytest.approx(
            plain_program(problem, {name: v / top for name, v in floats.items()}), abs=1e-9
        )


def test_a_tie_is_decided_by_digits_beyond_floats() -> None:
    """delta + gamma = 1 - 2^-54: the bound is delta H(X) + gamma H(Y), that of a constant Z, with both multipliers."""
    bound = tx.shannon_outer_bound(uneven(1), delta=0.3, gamma=0.7)
    assert bound.multipliers == {"X1": Fraction(0.3), "Y1": Fraction(0.7)}


@settings(max_examples=examples(20), deadline=None)
@given(problems(top=3), MULTIPLIERS, st.integers(0, 2), st.booleans())
def test_without_exact_multipliers_nearby_ones_still_prove_a_bound(
    problem: JointProblem, at: dict, levels: int, sized: bool
) -> None:
    """With none found at all, multipliers rounded down stand in; with none there either, 0."""
    best = tx.shannon_outer_bound(problem, **at, sized=sized)
    solved = shannon_bound.exact_multipliers
    calls = iter(range(levels))

    def fails_at_first(*args: Any) -> Any:
        return None if next(calls, None) is not None else solved(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shannon_bound, "exact_multipliers", fails_at_first)
        bound = tx.shannon_outer_bound(problem, **at, sized=sized)
        loss = (0, 1e-5, 0.1)[levels]  # none, parts in 10^6 and in 100 of the largest multiplier
        assert best.lower_bound - loss <= bound.lower_bound <= best.lower_bound + 1e-9
        patch.setattr(shannon_bound, "exact_multipliers", lambda *_: None)
        zero = tx.shannon_outer_bound(problem, **at, sized=sized)
    assert zero.lower_bound == 0
    assert tx.verify_proof(bound.proof).valid
    assert tx.verify_proof(zero.proof).valid
