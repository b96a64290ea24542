"""Two-sided optima: closed forms, Blahut-Arimoto from above, degenerate input, certificates that survive no edit."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.frontier.minimize import minimize
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.problems.bayes import BayesProblem
from therml_exact.frontier.problems.discriminative import DiscriminativeProblem
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.verification import verify

TOL = 1e-9
ROUNDING = 1e-12
GAMMAS = (1.2, 2, 5, 20, 100)
DELTAS = (0, 0.3, 0.7, 1, 1.5, 4)


def encoder(table, axes=None):
    table = np.asarray(table)
    if table.dtype == float:
        table = table / table.sum()
    return EncoderProblem(tx.Joint(table, axes or (("X", "Y") if table.ndim == 2 else ("X", "Theta", "Y"))))


def random_joint(*shape, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(math.prod(shape))).reshape(shape)


def blahut_arimoto(cells, delta, gamma, rng, codes, steps=400):
    """The textbook iteration on p(z|x,theta); its best value is the oracle from above."""
    p = cells.sum(axis=2)
    enc = rng.dirichlet(np.ones(codes), size=p.shape)
    for _ in range(steps):
        z = np.einsum("xt,xtz->z", p, enc)
        xz = np.einsum("xt,xtz->zx", p, enc) / z[:, None]
        yz = np.einsum("xty,xtz->zy", cells, enc) / z[:, None]
        logs = np.log(z + 1e-300) + gamma * np.einsum("xty,zy->xtz", cells / p[..., None], np.log(yz + 1e-300))
        logs += delta * np.log(xz + 1e-300).T[:, None, :]
        top = logs.max(axis=2, keepdims=True)
        total = np.exp(logs - top).sum(axis=2, keepdims=True)
        enc = np.exp(logs - top) / total
    return -float((p * (top + np.log(total))[..., 0]).sum())


def certified(problem, **kwargs):
    o = minimize(problem, **kwargs)
    assert o.status == "certified" and 0 <= o.gap <= o.tol
    v = verify(json.loads(json.dumps(o.certificate)), problem)
    assert v.valid, v.reason
    assert (
        abs(v.value - o.value) <= ROUNDING * (1 + abs(o.value) + 0.02 * sum(o.multipliers.values()))
        and v.lower_bound == o.lower_bound
    )
    return o


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("shape", [(2, 2), (5, 3), (8, 3), (30, 2), (4, 4)])
def test_theta_trivial(shape, gamma):
    p = random_joint(*shape, seed=sum(shape))
    o = certified(encoder(p), gamma=gamma)
    rng = np.random.default_rng(1)
    best = min(blahut_arimoto(p[:, None, :], 0, gamma, rng, shape[0]) for _ in range(3))
    assert best >= o.lower_bound - ROUNDING
    assert o.value <= best + TOL
    enc, z = o.witness["z_given_x"], o.witness["z"]
    assert np.allclose(enc.sum(axis=1), 1, atol=1e-13) and np.allclose(p.sum(axis=1) @ enc, z, atol=1e-13)
    assert o.value == pytest.approx(o.point["R"] + gamma * o.point["C"], abs=ROUNDING * (1 + gamma))


@pytest.mark.parametrize("gamma", [0, 0.4, 2, 10])
@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 2, 3), (4, 2, 2)])
def test_binary_theta(shape, delta, gamma):
    p = random_joint(*shape, seed=3)
    o = certified(encoder(p), gamma=gamma, delta=delta)
    rng = np.random.default_rng(1)
    best = min(blahut_arimoto(p, delta, gamma, rng, 6) for _ in range(3))
    assert best >= o.lower_bound - ROUNDING


@pytest.mark.parametrize("eps", [Fraction(1, 20), Fraction(1, 10), Fraction(3, 10)])
@pytest.mark.parametrize("gamma", [1.1, 1.7, 3, 8, 50])
def test_binary_symmetric_is_mrs_gerber(eps, gamma):
    o = certified(encoder([[(1 - eps) / 2, eps / 2], [eps / 2, (1 - eps) / 2]]), gamma=gamma)

    def h(a):
        return -sum(t * math.log(t) for t in (a, 1 - a) if t > 0)

    def objective(a):  # Z = X through a binary symmetric channel of crossover a
        return math.log(2) - h(a) + gamma * h(a * (1 - float(eps)) + (1 - a) * float(eps))

    grid = np.linspace(0, 0.5, 4001)
    a = min(grid, key=objective)
    low, high = max(a - 1.25e-4, 0.0), min(a + 1.25e-4, 0.5)
    for _ in range(200):
        third = (high - low) / 3
        if objective(low + third) <= objective(high - third):
            high -= third
        else:
            low += third
    exact = objective(0.5 * (low + high))
    assert o.lower_bound <= exact + 1e-13 and exact <= o.value + 1e-13


def test_trivial_theta_moves_the_multiplier():
    p = random_joint(5, 3, seed=8)
    o = certified(encoder(p), gamma=3, delta=0.4)
    other = certified(encoder(p), gamma=3, rho=0.6)
    entropy = -float((p.sum(axis=1) * np.log(p.sum(axis=1))).sum())
    assert o.value == pytest.approx(other.value + 0.4 * entropy, abs=2 * TOL)
    assert o.point["R"] + o.point["D"] == pytest.approx(entropy, abs=1e-12)


def test_large_delta_needs_no_more():
    p = random_joint(3, 2, 2, seed=5)
    values = [certified(encoder(p), gamma=4, delta=d).value for d in (1, 1.5, 40)]
    assert max(values) - min(values) < 1e-12
    assert certified(encoder(p), gamma=4, delta=1 - 1e-12).value <= values[0] + TOL


DEGENERATE = {
    "independent": [["1/4", "1/4"], ["1/4", "1/4"]],
    "independent floats": np.outer([0.2, 0.3, 0.5], [0.7, 0.3]),
    "y is x": np.diag([1, 1, 1]) * Fraction(1, 3),
    "y is f(x)": [["1/4", 0], [0, "1/4"], ["1/2", 0]],
    "empty row": [["1/4", 0], ["1/8", "1/8"], ["1/2", 0], [0, 0]],
    "empty column": [["1/4", 0, "1/4"], ["3/8", 0, "1/8"]],
    "one x": [["1/4", "3/4"]],
    "one y": [["1/4"], ["3/4"]],
    "one cell": [[1]],
    "zeros": [[0.1, 0.9, 0], [0.5, 0, 0.5], [0, 0.2, 0.8], [0.3, 0.3, 0.4]],
    "a hard letter": [[0.9, 0, 0], [0, 0.81, 0.09], [0, 0.09, 0.81]],
    "theta tells y": [[["3/10", 0], [0, "2/10"]], [[0, "4/10"], [0, "1/10"]]],
    "theta missing": [[["3/10", "1/10"], [0, 0]], [["1/10", "2/10"], ["1/10", "2/10"]]],
}


@pytest.mark.parametrize("delta", [0, 0.3, 1, 2])
@pytest.mark.parametrize("gamma", [0, 0.5, 1, 1.0001, 1.5, 30, 1000])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate(name, gamma, delta):
    o = certified(encoder(DEGENERATE[name]), gamma=gamma, delta=delta)
    assert all(np.isfinite(table).all() for table in o.witness.values())
    assert all(np.isfinite(v) for v in o.point.values())


def test_closed_forms():
    entropy = math.log(3)
    diagonal = encoder(DEGENERATE["y is x"])
    for gamma in (0.5, 1, 3):  # R + gamma C with R + C >= H(Y)
        assert certified(diagonal, gamma=gamma).value == pytest.approx(min(gamma, 1) * entropy, abs=TOL)
    assert certified(encoder(DEGENERATE["independent"]), gamma=7).value == pytest.approx(7 * math.log(2), abs=1e-12)
    hard = certified(encoder(DEGENERATE["zeros"]), gamma=2, rho=0)
    assert hard.point["D"] == 0 and hard.value == 2 * hard.point["C"]
    assert hard.point["R"] == pytest.approx(math.log(4))


def test_at_the_critical_point():
    eps = Fraction(1, 10)
    problem = encoder([[(1 - eps) / 2, eps / 2], [eps / 2, (1 - eps) / 2]])
    critical = 1 / (1 - 2 * eps) ** 2
    for gamma in (critical, critical - Fraction(1, 10**6), critical + Fraction(1, 10**6)):
        certified(problem, gamma=gamma)


def test_refuses_foreign_and_bad():
    problem = encoder(random_joint(2, 2))
    for bad in ({"beta": 1}, {"sigma": 1}):
        with pytest.raises(TypeError, match="foreign"):
            minimize(problem, **bad)
    with pytest.raises(TypeError, match="foreign"):
        minimize(BayesProblem([1], [[1]], 2), beta=1, gamma=1)
    for bad in ({"gamma": -1}, {"gamma": math.nan}, {"delta": math.inf}, {"tol": 0}):
        with pytest.raises(ValueError):
            minimize(problem, **bad)


def test_open_when_it_runs_out():
    o = minimize(encoder(random_joint(6, 5, seed=2)), gamma=10, max_cells=50)
    assert o.status == "open" and o.gap > o.tol
    v = verify(o.certificate)
    assert v.valid, v.reason
    full = certified(encoder(random_joint(4, 4, seed=2)), gamma=20)
    short = minimize(encoder(random_joint(4, 4, seed=2)), gamma=20, max_cells=300)
    assert short.lower_bound <= full.value and short.value >= full.lower_bound


@pytest.mark.parametrize("beta", [0.3, 0.5, 1, 2, 4])
@pytest.mark.parametrize("n", [2, 10])
def test_bayes(n, beta):
    certified(BayesProblem([0.5, 0.5], [[0.3, 0.7], [0.8, 0.2]], n), beta=beta)


def test_bayes_at_one_is_the_entropy_of_the_data():
    o = certified(BayesProblem(["1/2", "1/2"], [["3/10", "7/10"], ["8/10", "2/10"]], 2), beta=1)
    p = 0.5 * np.outer([0.3, 0.7], [0.3, 0.7]) + 0.5 * np.outer([0.8, 0.2], [0.8, 0.2])
    assert o.value == pytest.approx(-(p * np.log(p)).sum(), abs=TOL)


@pytest.mark.parametrize("beta", [0.5, 0.9, 1.5, 2, 4])
def test_discriminative(beta):
    y = [[[0.1, 0.9], [0.6, 0.4]], [[0.7, 0.3], [0.2, 0.8]]]
    certified(DiscriminativeProblem([0.4, 0.6], [[0.5, 0.5], [0.3, 0.7]], y, 2), beta=beta, tol=1e-8)


# ---- certificates


def sealed(c):
    c["sha256"] = digest(c)
    return c


def bumped(text, factor, shift=0.0):
    return (float.fromhex(text) * factor + shift).hex()


@pytest.fixture(scope="module", params=["5x3", "theta", "by x", "hard", "single"])
def certificate(request):
    kind = request.param
    if kind == "5x3":
        o = minimize(encoder(random_joint(5, 3, seed=4)), gamma=5)
    elif kind == "theta":
        o = minimize(encoder(random_joint(3, 2, 2, seed=4)), gamma=5, delta=0.3)
    elif kind == "by x":
        o = minimize(encoder(random_joint(3, 2, 2, seed=4)), gamma=5, delta=1.5)
    elif kind == "hard":
        o = minimize(encoder(random_joint(3, 2, 2, seed=4)), gamma=5, rho=0)
    else:
        o = minimize(encoder(random_joint(3, 2, seed=4)), gamma=0.5)
    return o.certificate


def test_every_unsealed_edit_fails(certificate):
    c = copy.deepcopy(certificate)
    c["value"] = bumped(c["value"], 1 + 1e-12)
    assert "digest" in verify(c).reason


def test_claims_that_are_false(certificate):
    assert verify(certificate).valid
    edits = {
        "value": lambda t: bumped(t, 1, -3e-9),
        "lower_bound": lambda t: bumped(t, 1, 3e-9),
        "tol": lambda t: (1e-18).hex(),
        "status": lambda t: "proven",
        "format": lambda t: "other",
        "multipliers": lambda m: {**m, "gamma": str(Fraction(m["gamma"]) * Fraction(1001, 1000))},
    }
    for name, edit in edits.items():
        c = copy.deepcopy(certificate)
        c[name] = edit(c[name])
        assert not verify(sealed(c)).valid, name


def test_trees_and_witnesses_that_are_false(certificate):
    rng = np.random.default_rng(0)
    refused = 0
    for index, part in enumerate(certificate["parts"]):
        if part["rule"] != "cells":
            continue
        for _ in range(40):
            c = copy.deepcopy(certificate)
            tree = list(part["tree"])
            at = int(rng.integers(len(tree)))
            tree[at] = "0" if tree[at] == "." else "."
            c["parts"][index]["tree"] = "".join(tree)
            if tree != list(part["tree"]):
                assert not verify(sealed(c)).valid
                refused += 1
        for field in ("lam", "weights"):
            c = copy.deepcopy(certificate)
            c["parts"][index][field][0] = bumped(part[field][0], 1.01, 0.01)
            if len(part[field]) > 1:
                assert not verify(sealed(c)).valid, field
        c = copy.deepcopy(certificate)
        c["parts"][index]["level"] = bumped(part["level"], 1, -1e-8)
        assert not verify(sealed(c)).valid
        for at, contact in enumerate(part["contacts"]):
            c = copy.deepcopy(certificate)
            c["parts"][index]["contacts"][at]["radius"] = bumped(contact["radius"], 1e3)
            assert not verify(sealed(c)).valid


def test_random_edits_never_prove_what_is_false(certificate):
    """Any leaf of the data is replaced; what is accepted must be true of the problem it then states."""
    rng = np.random.default_rng(5)
    truth = (float.fromhex(certificate["value"]), float.fromhex(certificate["lower_bound"]))
    paths = list(_leaves(certificate))
    for _ in range(300):
        c = copy.deepcopy(certificate)
        path = paths[rng.integers(len(paths))]
        at = c
        for step in path[:-1]:
            at = at[step]
        old = at[path[-1]]
        junk = [None, "", "nan", "inf", "x" * 5, -1, [], {}, "-0x1p+0", "0x1p-900", "1/0", "7/3", True]
        if isinstance(old, str) and "0x" in old and rng.random() < 0.6:
            at[path[-1]] = bumped(old, 1 + rng.normal() * 10.0 ** -rng.integers(1, 12))
        else:
            at[path[-1]] = junk[rng.integers(len(junk))]
        v = verify(sealed(c))
        if v.valid and path[0] not in ("problem", "multipliers"):
            assert v.lower_bound <= truth[0] and v.value >= truth[1]


def _leaves(data, path=()):
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key)


def test_malformed_is_refused_without_raising(tmp_path):
    (tmp_path / "bad.json").write_text("{")
    nested = {}
    nested["parts"] = nested
    for bad in (
        None,
        3,
        [],
        {},
        {"format": "therml-frontier-1"},
        tmp_path / "bad.json",
        tmp_path / "none.json",
        nested,
    ):
        assert not verify(bad).valid


def test_from_file_and_about_another_problem(tmp_path):
    problem = encoder(random_joint(3, 2, seed=9))
    path = tmp_path / "c.json"
    path.write_text(json.dumps(minimize(problem, gamma=5).certificate))
    assert verify(path, problem).valid and verify(str(path)).valid
    assert "another" in verify(path, encoder(random_joint(3, 2, seed=10))).reason


def test_verify_loads_no_solver():
    code = (
        "import sys, therml_exact.frontier.mixture.check\n"
        "names = ('frontier.solve', 'frontier.path', 'frontier.optimum', 'frontier.minimize', 'kernels.cells')\n"
        "solver = tuple('therml_exact.' + name for name in names)\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('numba', 'scipy') or m in solver])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
